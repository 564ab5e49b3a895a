"""What time did, what is scheduled and what is due, in words."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from reconciler.changes import Kind, Scheduled
from reconciler.consequences import Amount, Due
from reconciler.events import EventKind
from reconciler.model import TermLength
from reconciler.views.timeline import (
    due_sentence,
    due_words,
    elapsed_about,
    elapsed_counts,
    elapsed_rows,
    of_time_alone,
    period_words,
    scheduled_verb,
)
from tests.views.cases import NO_PRICE, at, declared, due, event, key, timed
from tests.views.outside_cases import EVENTS


def test_what_happened_again_and_again_is_told_once() -> None:
    renewed = [event("contoso/b", EventKind.RENEWED, date(2025 + year, 3, 1)) for year in range(2)]
    monthly = [event("contoso/a", EventKind.RENEWED, date(2026, month, 1)) for month in range(1, 13)]
    ended = [
        event("contoso/a", EventKind.EXPIRED, date(2027, 1, 1), "SPB"),
        event("contoso/a", EventKind.DISABLED, date(2027, 1, 31), "SPB"),
    ]
    rows = elapsed_rows([*renewed, *ended, *reversed(monthly)])
    assert [(str(row.key), row.product, row.words) for row in rows] == [
        ("contoso/a", "SPB", "renewed 12 times, last 1 Dec 2026; expired 1 Jan 2027; disabled 31 Jan 2027"),
        ("contoso/b", "", "renewed 2 times, last 1 Mar 2026"),
    ]
    assert elapsed_rows(()) == []


def test_what_was_changed_outside_is_told_each_time_with_what_moved() -> None:
    rows = elapsed_rows(EVENTS)
    assert [row.words for row in rows] == [
        "noticed 20 Nov 2026: recurring on -> off, seats 5 -> 6, changed outside",
        "suspended 20 Nov 2026",
        "resumed 20 Nov 2026",
    ]
    twice = [EVENTS[0], EVENTS[0]._replace(at=datetime(2026, 11, 21, tzinfo=UTC), after={"recurring": "off"})]
    (row,) = elapsed_rows(twice)
    assert row.words.count("changed outside") == 2


def test_who_did_what_elapsed_is_told() -> None:
    of_time = [event("contoso/a", EventKind.EXPIRED, date(2026, 1, 1))]
    assert of_time_alone(of_time)
    assert elapsed_about(of_time) == elapsed_about(()) == "what time did"
    assert not of_time_alone([*of_time, *EVENTS])
    assert elapsed_about([*of_time, *EVENTS]) == "what time and others did"
    assert elapsed_counts(EVENTS) == "1 suspended, 1 resumed, 1 noticed"


def test_events_are_counted_in_the_order_of_a_life() -> None:
    kinds = [EventKind.DELETED, EventKind.RENEWED, EventKind.RENEWED, EventKind.STARTED]
    events = [event("contoso/a", kind, date(2026, 1, 1)) for kind in kinds]
    assert elapsed_counts(events) == "1 started, 2 renewed, 1 deleted"
    assert elapsed_counts(()) == ""


def test_a_dated_intent_has_a_verb_or_changes_nothing() -> None:
    verbs = [
        scheduled_verb(Scheduled(key("contoso/a"), date(2027, 3, 1), kind, "", at(1)))
        for kind in (Kind.CANCEL_AT_RENEWAL, None)
    ]
    assert verbs == ["cancel at renewal", "no change"]


def test_a_renewal_that_is_due_says_what_it_commits_to_and_whom_to_ask() -> None:
    assert due_words(due("contoso/a", declared("6180.00 EUR"), owner="it@contoso.example")) == (
        "renews 14 Dec 2026 for a year: 6180.00 EUR; owner it@contoso.example"
    )
    assert due_words(due("contoso/a", NO_PRICE, length=TermLength.TRIENNIAL)) == (
        "renews 14 Dec 2026 for 3 years: not known"
    )
    assert [period_words(length) for length in TermLength] == ["a month", "a year", "3 years"]


def of(*amounts: Amount) -> tuple[Due, ...]:
    """Renewals that commit to these sums."""
    return tuple(due(f"contoso/a{number}", amount) for number, amount in enumerate(amounts))


@pytest.mark.parametrize(
    ("items", "words"),
    [
        pytest.param((), "0", id="none"),
        pytest.param(
            of(declared("6000.00 EUR"), declared("90.00 EUR"), declared("90.00 EUR")),
            "3, 6180.00 EUR",
            id="one currency",
        ),
        pytest.param(
            of(declared("12.00 USD"), declared("6180.00 EUR")), "2, 6180.00 EUR and 12.00 USD", id="two currencies"
        ),
        pytest.param(of(declared("12.00 USD"), NO_PRICE), "2, 12.00 USD and 1 not known", id="one is not known"),
        pytest.param(of(NO_PRICE, NO_PRICE), "2, 2 not known", id="none is known"),
        pytest.param(timed()["due"], "3, 6180.00 EUR, 120.00 USD and 1 not known", id="everything"),
        pytest.param(of(declared("0.00 EUR")), "1, 0.00 EUR", id="nothing to pay"),
        pytest.param(of(*[declared("100.00 EUR")] * 1200), "1,200, 120000.00 EUR", id="very many"),
    ],
)
def test_the_last_line_of_every_plan(items: tuple[Due, ...], words: str) -> None:
    assert due_sentence(items) == f"Renew within 30 days, undecided: {words}."
