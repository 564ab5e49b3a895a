"""The main job over a large estate: a dry run with nothing to do is said again, and any other is planned anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from reconciler.cli import reconciling, remembered, running
from tests.cli.world import SETTINGS, World

HOUR = 3_600_000_000_000
SPEC = "visio-{}: {{facts: {{product: SPB, term: annual, start: 2026-03-01}}, recurring: on}}\n"
COMMENT = "# a large estate\n" * (1 << 16)


class Planned:
    """Counts how often a dry run is planned."""

    def __init__(self) -> None:
        self.times = 0
        self._plan_all = reconciling.plan_all

    def __call__(self, *words: object) -> int:
        self.times += 1
        return self._plan_all(*words)  # type: ignore[arg-type]


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> Planned:
    found = Planned()
    monkeypatch.setattr(reconciling, "plan_all", found)
    return found


@pytest.fixture
def estate(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """More than a mebibyte of specs, all of them applied, as if long ago."""
    monkeypatch.setenv("RECONCILE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(remembered, "RACY", -HOUR)
    world.specs("".join(SPEC.format(number) for number in range(5)), more=COMMENT)
    assert world.apply().code == 0
    return world


def run(world: World, *words: str) -> tuple[int, str]:
    """A dry run for people."""
    done = world.run("--dry-run", *words)
    return done.code, done.out


def test_what_was_said_is_said_again_without_a_plan(estate: World, planned: Planned) -> None:
    first = run(estate)
    assert first[0] == 0
    assert "5 subscriptions match their specs" in first[1]
    assert (run(estate), run(estate)) == (first, first)
    assert planned.times == 1


@pytest.mark.parametrize(
    "words",
    [
        ("--format", "json"),
        ("--verify-content",),
        ("--out", "json={root}/plan.json"),
    ],
    ids=" ".join,
)
def test_what_is_not_for_people_alone_is_planned_each_time(
    estate: World, planned: Planned, words: tuple[str, ...]
) -> None:
    asked = [word.format(root=estate.root) for word in words]
    run(estate)
    for _ in range(2):
        assert run(estate, *asked)[0] == 0
    assert planned.times == 3


def test_other_words_are_another_question(estate: World, planned: Planned) -> None:
    said = {words: run(estate, *words) for words in [(), ("--select", "contoso/visio-1"), ("--detailed-exitcode",)]}
    assert planned.times == 3
    assert "1 subscription matches its spec" in said["--select", "contoso/visio-1"][1]
    for words, first in said.items():
        assert run(estate, *words) == first
    assert planned.times == 3


def _settings(world: World) -> None:
    world.write("reconcile.yaml", f"{SETTINGS}\n# a word more\n")


def _a_spec(world: World) -> None:
    world.specs(SPEC.format(9), file="specs/more.yaml")


def _an_apply(world: World) -> None:
    _a_spec(world)
    assert world.apply().code == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param(_settings, 0, id="the settings"),
        pytest.param(_a_spec, 2, id="a spec"),
        pytest.param(_an_apply, 0, id="an apply"),
        pytest.param(lambda world: world.run("freeze", "--reason", "year end", as_of=None), 3, id="a freeze"),
    ],
)
def test_after_a_change_it_is_planned_anew(
    estate: World, planned: Planned, change: Callable[[World], object], code: int
) -> None:
    assert run(estate, "--detailed-exitcode")[0] == 0
    change(estate)
    assert run(estate, "--detailed-exitcode")[0] == code
    assert planned.times == 2


def test_a_dry_run_with_something_to_do_is_planned_each_time(estate: World, planned: Planned) -> None:
    _a_spec(estate)
    first = run(estate)
    assert run(estate) == first
    assert planned.times == 2


def test_whether_colour_is_wanted_makes_another_question(
    estate: World, planned: Planned, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(estate)
    for module in ("output", "reconciling"):
        monkeypatch.setattr(f"reconciler.cli.{module}.colour_on", lambda given: True)
    first = run(estate)
    assert planned.times == 2
    assert (run(estate), planned.times) == (first, 2)


def test_tomorrow_it_is_planned_anew(estate: World, planned: Planned, monkeypatch: pytest.MonkeyPatch) -> None:
    run(estate)
    midnight = (datetime.now(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    instant = int(midnight.timestamp()) * 10**9
    monkeypatch.setattr(running, "time", SimpleNamespace(time_ns=lambda: instant))
    run(estate)
    assert planned.times == 2


def test_without_a_cache_it_is_planned_each_time(
    estate: World, planned: Planned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILE_CACHE", "off")
    assert run(estate) == run(estate)
    assert planned.times == 2


def test_a_small_estate_is_planned_each_time(
    world: World, planned: Planned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(remembered, "RACY", -HOUR)
    world.specs(SPEC.format(1))
    assert world.apply().code == 0
    assert run(world) == run(world)
    assert planned.times == 2
    assert not (tmp_path / "cache").exists()


def test_what_was_just_written_is_planned_each_time(
    estate: World, planned: Planned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "RACY", 2_000_000_000)
    assert run(estate) == run(estate)
    assert planned.times == 2
