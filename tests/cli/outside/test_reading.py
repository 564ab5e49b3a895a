"""Lists that are halved, endless, doubled, cut, huge, empty or never come: nobody takes them for what is there."""

from __future__ import annotations

import pytest

from tests.cli.outside.world import LARGE, Outside, barred, impatient, outcomes, wary
from tests.cli.world import kinds

BENT = ["half-page", "cursor-loop", "duplicate-id", "invalid-json", "huge-body", "empty-list"]
"""What is wrong with a list that comes."""
LOST = ["status", "drop-before-commit", "hang", "reset-mid-body", "throttle"]
"""What becomes of one that does not."""


def _switch_on(place: Outside, monkeypatch: pytest.MonkeyPatch, kind: str, match: str, times: int | None) -> None:
    if kind == "huge-body":
        wary(monkeypatch)
    if kind == "hang":
        impatient(monkeypatch)
    place.fault(kind, match, times, {"huge-body": LARGE, "status": 503}.get(kind))


@pytest.mark.parametrize("kind", [*BENT, "status", "drop-before-commit", "reset-mid-body"])
def test_a_list_that_cannot_be_trusted_ends_nothing_and_creates_nothing(
    place: Outside, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    place.adopt()
    place.declare({1: place.house.ending}, count=2)  # the third one is stored, and declared no more
    _switch_on(place, monkeypatch, kind, place.house.listing, None)
    planned = place.plan("--detailed-exitcode")
    assert (planned.code, len(planned.document["changes"])) == (2, 1)
    assert (barred(planned.document), planned.document["unmanaged"]) == ([], ["cloud/s3"])
    done = place.apply()
    assert (done.code, [found[0::2] for found in outcomes(done.document)]) == (0, [("s1", "succeeded")])
    assert (place.effects, [place.house.renews(number) for number in (1, 2, 3)]) == (["s1"], [False, True, True])
    assert [place.house.alive(number) for number in (1, 2, 3)] == [True] * 3
    place.house.emulator.faults.clear()
    place.converged()
    stored = place.run("status", "--format", "json").document["subscriptions"]
    assert [row["status"] for row in stored] == ["active"] * 3


@pytest.mark.parametrize("kind", LOST)
def test_a_list_that_comes_at_the_second_asking_is_as_good(
    place: Outside, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    place.adopt()
    place.end(1)
    _switch_on(place, monkeypatch, kind, place.house.listing, 1)
    done = place.apply()
    assert (done.code, place.effects) == (0, ["s1"])
    assert done.document["sightings"][0]["trouble"] is None
    place.converged()


def test_a_first_plan_from_an_empty_list_adopts_what_is_there_and_nothing_else(place: Outside) -> None:
    place.fault("empty-list", place.house.listing, None)
    done = place.apply()
    assert (done.code, kinds(done.document)) == (0, [(f"cloud/s{number}", "adopt") for number in (1, 2, 3)])
    assert place.written == []


@pytest.mark.parametrize(
    ("kind", "code"),
    [("drop-before-commit", "unreachable"), ("status", "unreachable"), ("invalid-json", "malformed-answer")],
)
def test_where_nothing_can_be_read_nothing_is_done_and_the_next_run_does_it(
    place: Outside, monkeypatch: pytest.MonkeyPatch, kind: str, code: str
) -> None:
    place.adopt()
    place.end(1)
    _switch_on(place, monkeypatch, kind, "GET ", None)
    planned = place.plan("--detailed-exitcode")
    assert (planned.code, planned.document["changes"]) == (1, [])
    assert {code for _, code in barred(planned.document)} == {code}
    assert all(block["detail"] and block["hint"] for block in planned.document["blocked"])
    done = place.apply()
    assert (done.code, done.document["changes"], place.written) == (1, [], [])
    place.house.emulator.faults.clear()
    assert place.apply().code == 0
    assert place.effects == ["s1"]
    place.converged()


def test_one_that_cannot_be_read_blocks_itself_alone(place: Outside) -> None:
    place.adopt()
    place.end(1, 2)
    place.fault("empty-list", place.house.listing, None)
    place.fault("invalid-json", f"GET .*/{place.house.id(1)}", None)
    done = place.apply()
    assert (done.code, barred(done.document)) == (5, [("s1", "malformed-answer")])
    assert place.effects == ["s2"]
    place.house.emulator.faults.clear()
    assert place.apply().code == 0
    assert sorted(place.effects) == ["s1", "s2"]


def test_who_is_turned_away_for_good_is_left_alone_within_bounds(place: Outside) -> None:
    place.adopt()
    place.end(1)
    place.fault("throttle", "GET ", None, 50)
    before, asked = place.hours.passed, len(place.house.emulator.asked)
    planned = place.plan()
    assert (planned.code, {code for _, code in barred(planned.document)}) == (1, {"rate-limited"})
    assert "run again later" in planned.document["blocked"][0]["hint"]
    assert place.hours.passed - before <= 240
    assert len(place.house.emulator.asked) - asked <= 10
    done = place.apply()
    assert (done.code, place.written) == (1, [])


def test_reads_that_are_late_double_nothing(place: Outside) -> None:
    place.end(1, 2)
    place.fault("delayed-reads", place.house.reading, 12, 3)
    before = place.hours.passed
    done = place.apply()
    assert (done.code, place.hours.passed - before >= 0.9) == (0, True), "it was looked at again"
    place.house.emulator.faults.clear()
    place.later()
    assert place.apply().code == 0
    assert sorted(place.effects) == ["s1", "s2"]
    place.converged()
