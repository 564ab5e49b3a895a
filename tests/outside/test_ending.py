"""What became of a change, as the one who drives many is told."""

from __future__ import annotations

from reconciler.journal import OutcomeKind
from reconciler.observed import Obstacle
from reconciler.outside.ending import failed, skipped, unknown


def test_a_failure_is_recorded_and_may_stop_its_account() -> None:
    why = Obstacle("sign-in-failed", "expired")
    ending = failed("sign-in-failed", "expired", why)
    assert (ending.outcome.kind, ending.journaled, ending.stops) == (OutcomeKind.FAILED, True, why)


def test_what_is_unknown_is_never_recorded_so_that_its_intent_stays_open() -> None:
    ending = unknown("still-under-way", "at work", "job")
    assert (ending.outcome.kind, ending.journaled, ending.outcome.token) == (OutcomeKind.UNKNOWN, False, "job")


def test_what_to_do_is_told_and_not_journaled() -> None:
    ending = failed("role-too-weak", "you may not", hint="ask the owner")
    assert (ending.told, ending.outcome.error) == ("you may not; ask the owner", "you may not")
    assert [failed("busy", "locked").told, skipped(None, None, hint="run again").told] == ["locked", None]
    assert unknown("outcome-unknown", "lost").told == (
        "lost; run again: the next apply asks the provider, and settles it"
    )


def test_what_was_not_tried_is_recorded_only_where_that_was_decided_of_it_alone() -> None:
    assert not skipped(None, None).journaled
    assert skipped("busy", "locked", journaled=True).journaled
