"""A whole stored state brought to now, and which events are told."""

from __future__ import annotations

from datetime import UTC, date, datetime

from reconciler.elapsed import elapse
from reconciler.events import EventKind
from reconciler.model import Recurring, Status, Term, TermLength
from reconciler.rulebook import Rulebook
from tests.builders import NOW, a_key, a_stored
from tests.estates import a_rulebook, a_stored_state

YEAR = Term(datetime(2025, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC))
RENEWING = a_stored("contoso/b", start=date(2025, 3, 1), term=YEAR)
ENDING = a_stored("contoso/a", start=date(2025, 3, 1), term=YEAR, recurring=Recurring.OFF)
AT_REST = a_stored("contoso/c")
OTHER = a_stored("fabrikam/a", start=date(2025, 3, 1), term=YEAR)


def test_every_record_stands_at_now_and_its_events_are_told_by_key_and_instant() -> None:
    stored, events = elapse(a_stored_state(RENEWING, ENDING, AT_REST), a_rulebook("contoso"), NOW, lambda key: True)
    assert [(event.key.name, event.kind) for event in events] == [
        ("a", EventKind.EXPIRED),
        ("a", EventKind.DISABLED),
        ("a", EventKind.DELETED),
        ("b", EventKind.RENEWED),
    ]
    rows = stored.subscriptions
    assert rows[ENDING.key].status is Status.DELETED
    assert rows[RENEWING.key].term.start == YEAR.end
    assert rows[AT_REST.key] is AT_REST


def test_what_is_not_to_be_told_stands_at_now_all_the_same() -> None:
    stored, events = elapse(a_stored_state(ENDING), a_rulebook("contoso"), NOW, lambda key: False)
    assert (events, stored.subscriptions[ENDING.key].status) == ((), Status.DELETED)


def test_a_state_in_which_nothing_happened_is_that_very_state() -> None:
    state = a_stored_state(AT_REST)
    assert elapse(state, a_rulebook("contoso"), NOW, lambda key: True) == (state, ())
    assert elapse(state, a_rulebook("contoso"), NOW, lambda key: True)[0] is state


def test_an_account_without_rules_is_left_as_it_was_recorded() -> None:
    state = a_stored_state(OTHER, AT_REST)
    assert elapse(state, a_rulebook("contoso"), NOW, lambda key: True) == (state, ())
    assert elapse(state, Rulebook(), NOW, lambda key: True)[0].subscriptions[a_key("fabrikam/a")] is OTHER


def test_events_of_one_record_stay_together_and_in_their_order() -> None:
    monthly = a_stored(
        "contoso/z",
        length=TermLength.MONTHLY,
        start=date(2026, 8, 31),
        term=Term(datetime(2026, 8, 31, tzinfo=UTC), datetime(2026, 9, 30, tzinfo=UTC)),
    )
    _, events = elapse(a_stored_state(monthly, RENEWING), a_rulebook("contoso"), NOW, lambda key: True)
    assert [(event.key.name, event.at.date().isoformat()) for event in events] == [
        ("b", "2026-03-01"),
        ("z", "2026-09-30"),
        ("z", "2026-10-31"),
    ]
