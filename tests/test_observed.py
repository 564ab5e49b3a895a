"""What was observed answers for each id: as it was seen, why it could not be, or that there is none."""

from __future__ import annotations

import pytest

from reconciler.changes import Kind
from reconciler.observed import Capabilities, ObservedAccount, Obstacle, never_returns
from tests.builders import NOW, a_seen

WHY = Obstacle("malformed-answer", "half of it is missing")
KNOWN = ObservedAccount("cloud", NOW, {"sub-1": a_seen()}, unreadable={"sub-2": WHY}, absent=frozenset({"sub-3"}))


def test_one_that_was_seen() -> None:
    assert KNOWN.of("sub-1") == a_seen()


def test_one_that_could_not_be_read() -> None:
    assert KNOWN.of("sub-2") is WHY


def test_only_what_the_provider_says_it_does_not_have_is_absent() -> None:
    assert KNOWN.of("sub-3") is None


def test_what_nobody_asked_about_is_not_known() -> None:
    found = KNOWN.of("sub-4")
    assert isinstance(found, Obstacle)
    assert (found.code, found.hint) == ("unreadable", "run again; a failed read is never absence")


def test_of_what_was_kept_it_says_how_to_look_again() -> None:
    kept = ObservedAccount("cloud", NOW, fresh=False).of("sub-4")
    assert isinstance(kept, Obstacle)
    assert kept.hint == "observe it: reconcile refresh"


def test_trouble_with_the_account_is_trouble_with_all_of_it() -> None:
    trouble = Obstacle("sign-in-failed", "expired")
    assert ObservedAccount("cloud", NOW, {"sub-1": a_seen()}, trouble=trouble).of("sub-1") is trouble


@pytest.mark.parametrize(("code", "never"), [("unsupported", True), ("terminal", True), ("busy", False), (None, False)])
def test_only_what_a_provider_never_does_keeps_an_ended_one_ended(code: str | None, never: bool) -> None:
    barred = {} if code is None else {Kind.REACTIVATE: Obstacle(code, "why")}
    assert never_returns(a_seen(capabilities=Capabilities(barred=barred))) is never
