"""A watch runs whole passes: at the start, on changed content, on the period, and after a failure with back-off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from reconciler.watch import RETRIED, Schedule, watch

_SCHEDULE = Schedule(period=300, look=30, first_retry=5, longest_retry=60)


@dataclass
class _World:
    """Time, content and passes, all in the test's hand; a tick is (seconds that pass, event, new content or None)."""

    script: list[tuple[float, bool, str | None]]
    codes: list[int] = field(default_factory=list)
    time: float = 0.0
    text: str = "a"
    passes: list[tuple[float, str]] = field(default_factory=list)
    looks: int = 0

    def ticks(self) -> Iterator[bool]:
        for seconds, moved, text in self.script:
            self.time += seconds
            self.text = self.text if text is None else text
            yield moved

    def content(self) -> str:
        self.looks += 1
        return self.text

    def once(self) -> int:
        self.passes.append((self.time, self.text))
        return self.codes.pop(0) if self.codes else 0

    def run(self) -> list[float]:
        count = watch(self.ticks(), self.content, self.once, _SCHEDULE, lambda: self.time)
        assert count == len(self.passes)
        return [at for at, _ in self.passes]


def test_the_first_tick_runs_a_pass_at_once() -> None:
    assert _World([(0, False, None)]).run() == [0]


def test_changed_content_wakes_a_pass_and_a_mere_touch_does_not() -> None:
    assert _World([(0, True, None), (1, True, None), (1, True, "b"), (1, True, None)]).run() == [0, 2]


def test_a_change_without_an_event_is_seen_at_the_next_look() -> None:
    quiet = [(1.0, False, None)] * 40
    assert _World([(0, True, None), (1, False, "b"), *quiet]).run() == [0, 30]


def test_ticks_without_an_event_read_no_content_between_looks() -> None:
    world = _World([(0, True, None), *[(1.0, False, None)] * 20])
    world.run()
    assert world.looks == 1


def test_the_period_brings_a_whole_pass_though_nothing_changed() -> None:
    assert _World([(0, True, None), *[(10.0, False, None)] * 61]).run() == [0, 300, 600]


def test_a_failing_pass_is_tried_again_with_doubling_pauses() -> None:
    world = _World([(0, True, None), *[(1.0, False, None)] * 160], codes=[1] * 9)
    assert world.run() == [0, 5, 15, 35, 75, 135]


def test_success_after_failures_returns_to_the_period() -> None:
    world = _World([(0, True, None), *[(1.0, False, None)] * 310], codes=[4, 4, 0])
    assert world.run() == [0, 5, 15]


def test_a_changed_spec_does_not_wait_for_the_retry() -> None:
    assert _World([(0, True, None), (1, True, "b")], codes=[1, 0]).run() == [0, 1]


def test_an_edit_that_comes_during_a_pass_wakes_the_next_one() -> None:
    world = _World([(0, True, None), (0, True, None)])

    def once() -> int:
        world.passes.append((world.time, world.text))
        world.text = "edited meanwhile"
        return 0

    watch(world.ticks(), world.content, once, _SCHEDULE, lambda: world.time)
    assert [text for _, text in world.passes] == ["a", "edited meanwhile"]


@pytest.mark.parametrize("code", [0, 2, 3, 5, 130])
def test_a_refusal_or_a_block_waits_for_the_period(code: int) -> None:
    assert code not in RETRIED
    assert _World([(0, True, None), *[(1.0, False, None)] * 299], codes=[code]).run() == [0]


def test_retries_never_wait_longer_than_the_longest_or_the_period() -> None:
    assert Schedule(period=20, longest_retry=300).retry_after(10_000) == 20
    assert Schedule(period=900, longest_retry=60).retry_after(10_000) == 60
