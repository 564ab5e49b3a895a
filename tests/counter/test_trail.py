"""Which run is meant, what it did, and what became of each record since."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.changes import Change, Kind
from reconciler.counter.trail import Trail, run_of, trail
from reconciler.errors import InputError, UsageError
from reconciler.events import Event, EventKind
from reconciler.journal import HistoryEntry, OutcomeKind
from tests.builders import NOW, a_change, a_key
from tests.counter.ledger import happened, journaled


def entry(run: str, kind: Kind = Kind.TURN_OFF, key: str = "contoso/visio", **fields: object) -> HistoryEntry:
    """One change of a run."""
    return journaled(run, a_change(kind, key, **fields))


def event(run: str, kind: EventKind = EventKind.RENEWED, key: str = "contoso/visio") -> HistoryEntry:
    """One thing that time did, recorded by a run."""
    return happened(run, Event(a_key(key), kind, NOW - timedelta(days=1), {}, {}))


def failed(run: str, outcome: OutcomeKind = OutcomeKind.FAILED) -> HistoryEntry:
    """A change that was not made, or of which nobody knows."""
    return replace(entry(run), outcome=outcome)


JOURNAL = [entry("20261101T-aa"), entry("20261102T-ab"), event("20261103T-ac"), failed("20261104T-ad")]


@pytest.mark.parametrize(
    ("name", "run"),
    [
        pytest.param("20261101T-aa", "20261101T-aa", id="its id"),
        pytest.param("20261102", "20261102T-ab", id="a beginning of its id"),
        pytest.param("last", "20261102T-ab", id="the last one that changed anything"),
    ],
)
def test_a_run_is_found(name: str, run: str) -> None:
    assert run_of(JOURNAL, name) == run


def test_an_id_that_others_begin_with_is_that_run() -> None:
    assert run_of([entry("run-12"), entry("run-1"), entry("run-13")], "run-1") == "run-1"


@pytest.mark.parametrize("name", ["2027", "", "LAST"])
def test_a_run_that_is_not_there_is_told(name: str) -> None:
    with pytest.raises(InputError) as caught:
        run_of(JOURNAL, name)
    assert (caught.value.code, caught.value.exit_code) == ("no-such-run", 1)


def test_without_any_change_there_is_no_last_run() -> None:
    with pytest.raises(InputError, match="no run has changed anything yet"):
        run_of(JOURNAL[2:], "last")


def test_a_beginning_of_several_is_wrong_usage_and_names_the_latest() -> None:
    with pytest.raises(UsageError) as caught:
        run_of(JOURNAL, "2026")
    assert caught.value.code == "ambiguous-run"
    assert caught.value.hint == "they are: 20261104T-ad, 20261103T-ac, 20261102T-ab, 20261101T-aa"
    with pytest.raises(UsageError) as caught:
        run_of([entry(f"run-{number}") for number in range(7)], "run")
    assert caught.value.hint.endswith("run-3, run-2, and 2 before them")


@pytest.mark.parametrize(
    ("run", "said"), [("20261103T-ac", "recorded only what time had done"), ("20261104T-ad", "changed nothing")]
)
def test_a_run_that_changed_nothing_is_told(run: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        trail(JOURNAL, run)
    assert caught.value.code == "nothing-to-undo"


def test_what_failed_or_was_skipped_is_left_out_and_what_nobody_knows_is_not() -> None:
    found = trail([failed("a"), failed("a", OutcomeKind.SKIPPED), failed("a", OutcomeKind.UNKNOWN), entry("a")], "a")
    assert [trace.made for trace in found.traces] == [False, True]


def keys(found: Trail) -> list[str]:
    """Where each record is now."""
    return [str(trace.key) for trace in found.traces]


def test_a_record_is_followed_through_its_renames() -> None:
    renamed = entry("b", Kind.RENAME, "contoso/teams", before={"name": "visio"}, after={"name": "teams"})
    again = entry("c", Kind.RENAME, "contoso/calls", before={"name": "teams"}, after={"name": "calls"})
    other = entry("d", Kind.REGISTER, "contoso/visio")
    found = trail(
        [entry("a"), entry("a", key="contoso/x"), renamed, again, other, entry("e", key="contoso/visio")], "a"
    )
    assert keys(found) == ["contoso/calls", "contoso/x"]
    assert [[later.run for later in trace.later] for trace in found.traces] == [["b", "c"], []]


def test_within_the_run_itself_a_rename_comes_first() -> None:
    renamed = entry("a", Kind.RENAME, "contoso/teams", before={"name": "visio"}, after={"name": "teams"})
    found = trail([renamed, entry("a", key="contoso/teams"), entry("b", key="contoso/teams")], "a")
    assert keys(found) == ["contoso/teams", "contoso/teams"]
    assert [len(trace.later) for trace in found.traces] == [1, 1]


def test_a_dropped_record_has_no_key_and_its_name_is_anothers() -> None:
    dropped, anew = entry("b", Kind.FORGET), entry("c", Kind.REGISTER)
    found = trail([entry("a"), dropped, anew, entry("d")], "a")
    assert (keys(found), [later.run for later in found.traces[0].later]) == (["None"], ["b"])


def test_what_others_did_is_told_apart_from_what_time_did() -> None:
    found = trail([event("a"), entry("a"), event("a", EventKind.NOTICED), event("a", EventKind.SUSPENDED)], "a")
    assert (found.elapsed, found.outside) == (3, 2)


@pytest.mark.parametrize(
    ("kinds", "who"),
    [
        ((EventKind.RENEWED,), "time"),
        ((EventKind.NOTICED, EventKind.RESUMED), "others"),
        ((EventKind.RENEWED, EventKind.SUSPENDED), "time and others"),
    ],
    ids=["time", "others", "both"],
)
def test_a_run_that_only_recorded_what_happened_has_nothing_to_undo(kinds: tuple[EventKind, ...], who: str) -> None:
    with pytest.raises(InputError, match=f"the run a recorded only what {who} had done"):
        trail([event("a", kind) for kind in kinds], "a")


def test_what_time_did_in_the_run_and_after_it_is_told_apart() -> None:
    found = trail([event("a"), entry("a"), event("b", EventKind.EXPIRED), event("b", key="contoso/x")], "a")
    assert (found.elapsed, found.outside) == (1, 0)
    assert [later.kind for later in found.traces[0].elapsed] == ["expired"]


@pytest.mark.parametrize(
    ("before", "moved"),
    [
        pytest.param([], False, id="a start is a start"),
        pytest.param([entry("x", Kind.REACTIVATE)], True, id="a reactivation"),
        pytest.param([event("x", EventKind.EXTENDED)], True, id="a paid extension"),
        pytest.param([entry("x", Kind.REACTIVATE), entry("y", Kind.CORRECT)], False, id="a corrected start"),
        pytest.param([entry("x", Kind.REACTIVATE), entry("y", Kind.REGISTER)], False, id="another record"),
        pytest.param(
            [
                entry("x", Kind.REACTIVATE, "contoso/old"),
                entry("y", Kind.RENAME, before={"name": "old"}, after={"name": "visio"}),
            ],
            True,
            id="under its former name",
        ),
        pytest.param(
            [entry("x", Kind.REACTIVATE), entry("y", Kind.CORRECT, before={"term": "a"}, after={"term": "b"})],
            True,
            id="another term",
        ),
        pytest.param([replace(entry("x", Kind.REACTIVATE), outcome=OutcomeKind.FAILED)], False, id="a failed one"),
    ],
)  # fmt: skip
def test_whose_terms_counted_from_another_day_is_known(before: list[HistoryEntry], moved: bool) -> None:
    found = trail([*before, entry("a", Kind.CORRECT)], "a")
    assert found.traces[0].moved_anchor is moved


def test_a_change_keeps_its_own_values() -> None:
    change = Change(a_key("contoso/visio"), Kind.UPDATE, {"seats": 1}, {"seats": 2}, a_change().place)
    assert trail([journaled("a", change)], "a").traces[0].entry.before == {"seats": 1}
