"""What a provider shows beside what is stored: time and rules elapse, the rest is drift, and dates are never ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from reconciler.changes import Kind
from reconciler.events import EventKind
from reconciler.model import Cancel, Money, Recurring, Status, Term, TermLength
from reconciler.noticing import compare, live_row, moved, reached, taken_note, term_of
from tests.builders import NOW, a_change, a_key, a_seen, a_stored

ROW = a_stored(id="sub-1", owner="ada", labels={"team": "sales"}, protected=True, declared=True)
NEXT = Term(ROW.term.end, ROW.term.end + timedelta(days=365))
AFTER = ROW.term.end + timedelta(days=1)


class TestLiveRow:
    def test_what_is_ours_stays_and_the_rest_is_the_providers(self) -> None:
        seen = a_seen(recurring=Recurring.OFF, seats=9, provider_status="Warned", last_charge=Money(100, "EUR"))
        live = live_row(ROW.key, seen, ROW)
        assert (live.owner, live.labels, live.protected, live.declared) == ("ada", {"team": "sales"}, True, True)
        assert (live.recurring, live.seats, live.provider_status) == (Recurring.OFF, 9, "Warned")
        assert (live.id, live.last_charge) == ("sub-1", Money(100, "EUR"))

    def test_a_last_charge_that_is_not_shown_this_time_stays(self) -> None:
        row = replace(ROW, last_charge=Money(100, "EUR"))
        assert live_row(ROW.key, a_seen(last_charge=None), row).last_charge == Money(100, "EUR")

    def test_a_first_record_has_nothing_of_ours_yet(self) -> None:
        live = live_row(a_key(), a_seen(started=None), None)
        assert (live.owner, live.labels, live.protected, live.declared) == (None, {}, False, False)
        assert live.start == ROW.term.start.date()

    def test_dates_are_the_providers_own(self) -> None:
        odd = Term(datetime(2026, 3, 1, 22, 39, 34, tzinfo=UTC), datetime(2027, 2, 14, 7, tzinfo=UTC))
        assert live_row(ROW.key, a_seen(term=odd), ROW).term == odd

    def test_where_it_reports_no_dates_those_it_last_reported_stand(self) -> None:
        assert live_row(ROW.key, a_seen(term=None), ROW).term == ROW.term

    def test_dates_that_nobody_knows_are_an_error(self) -> None:
        assert term_of(a_seen(term=None), None) is None
        with pytest.raises(ValueError, match="reports no term"):
            live_row(ROW.key, a_seen(term=None), None)

    @pytest.mark.parametrize(
        ("days", "length"),
        [(14, TermLength.MONTHLY), (92, TermLength.ANNUAL), (365, TermLength.ANNUAL), (730, TermLength.TRIENNIAL)],
    )
    def test_a_length_without_a_word_has_the_nearest_and_no_price(self, days: int, length: TermLength) -> None:
        term = Term(NOW, NOW + timedelta(days=days))
        seen = a_seen(term=term, length=None, billing=None, price=Money(1, "EUR"), last_charge=Money(1, "EUR"))
        live = live_row(ROW.key, seen, None)
        assert (live.length, live.billing, live.price, live.last_charge) == (length, length, None, None)

    def test_a_pending_cancellation_takes_effect_at_the_end_of_the_term(self) -> None:
        live = live_row(ROW.key, a_seen(recurring=Recurring.OFF, cancellation=Cancel.AT_RENEWAL), ROW)
        assert live.effective_at == ROW.term.end


ELAPSED: dict[str, tuple[dict[str, Any], dict[str, Any], datetime, EventKind, datetime]] = {
    "a renewal": ({}, {"term": NEXT}, AFTER, EventKind.RENEWED, NEXT.start),
    "dates that moved otherwise": (
        {},
        {"term": Term(ROW.term.start, ROW.term.end + timedelta(days=30))},
        NOW,
        EventKind.NOTICED,
        NOW,
    ),
    "a start": ({"status": Status.SCHEDULED}, {}, NOW, EventKind.STARTED, ROW.term.start),
    "an expiry after its term": (
        {"recurring": Recurring.OFF},
        {"recurring": Recurring.OFF, "status": Status.EXPIRED},
        AFTER,
        EventKind.EXPIRED,
        ROW.term.end,
    ),
    "an end at once that we ordered": (
        {"recurring": Recurring.OFF, "cancellation": Cancel.IMMEDIATELY},
        {"status": Status.DISABLED},
        NOW,
        EventKind.DISABLED,
        NOW,
    ),
    "a deletion after an expiry": (
        {"status": Status.EXPIRED},
        {"status": Status.DELETED},
        AFTER,
        EventKind.DELETED,
        AFTER,
    ),
    "a suspension": ({}, {"status": Status.SUSPENDED}, NOW, EventKind.SUSPENDED, NOW),
    "an end while suspended": (
        {"status": Status.SUSPENDED},
        {"status": Status.DISABLED},
        NOW,
        EventKind.DISABLED,
        ROW.term.end,
    ),
    "a return from suspension": ({"status": Status.SUSPENDED}, {}, NOW, EventKind.RESUMED, NOW),
    "a status that we do not know": ({}, {"status": Status.UNKNOWN}, NOW, EventKind.NOTICED, NOW),
    "a status that we know again": ({"status": Status.UNKNOWN}, {}, NOW, EventKind.NOTICED, NOW),
}


@pytest.mark.parametrize(("stored", "shown", "at", "kind", "when"), ELAPSED.values(), ids=ELAPSED.keys())
def test_what_time_and_rules_did_elapses(
    stored: dict[str, Any], shown: dict[str, Any], at: datetime, kind: EventKind, when: datetime
) -> None:
    noticed = compare(replace(ROW, **stored), a_seen(**shown), at)
    (event,) = noticed.elapsed
    assert (event.kind, event.at) == (kind, min(when, at))
    assert event.before != event.after
    assert noticed.drift == ()
    assert noticed.baseline == noticed.live


DRIFT: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, tuple[object, object]]]] = {
    "recurring": ({}, {"recurring": Recurring.OFF}, {"recurring": ("on", "off")}),
    "a cancellation": (
        {},
        {"recurring": Recurring.OFF, "cancellation": Cancel.AT_RENEWAL},
        {"recurring": ("on", "off"), "cancellation": ("none", "at-renewal")},
    ),
    "an end before its time": ({}, {"status": Status.DISABLED}, {"status": ("active", "disabled")}),
    "a return": ({"status": Status.DISABLED}, {}, {"status": ("disabled", "active")}),
    "seats": ({"seats": 5}, {"seats": 9}, {"seats": (5, 9)}),
    "a product": ({}, {"product": "OTHER"}, {"product": (ROW.product, "OTHER")}),
    "a price": ({"price": None}, {"price": Money(2060, "EUR")}, {"price": (None, "20.60 EUR")}),
}


@pytest.mark.parametrize(("stored", "shown", "drift"), DRIFT.values(), ids=DRIFT.keys())
def test_what_somebody_did_outside_is_drift(
    stored: dict[str, Any], shown: dict[str, Any], drift: dict[str, tuple[object, object]]
) -> None:
    noticed = compare(replace(ROW, **stored), a_seen(**shown), NOW)
    assert {item.field: (item.stored, item.observed) for item in noticed.drift} == drift
    assert noticed.elapsed == ()
    assert noticed.drifted_pair is bool(drift.keys() & {"recurring", "cancellation", "status"})


def test_nothing_that_moved_is_nothing() -> None:
    noticed = compare(ROW, a_seen(), NOW)
    assert (noticed.elapsed, noticed.drift) == ((), ())


def test_a_price_that_it_does_not_show_has_not_moved() -> None:
    assert compare(replace(ROW, price=Money(1, "EUR")), a_seen(price=None), NOW).drift == ()


def test_of_one_that_has_ended_the_flags_mean_nothing() -> None:
    row = replace(ROW, recurring=Recurring.OFF, status=Status.EXPIRED)
    assert compare(row, a_seen(recurring=Recurring.ON, status=Status.EXPIRED), NOW).drift == ()


class TestTakingNote:
    NOTICED = compare(replace(ROW, seats=5), a_seen(recurring=Recurring.OFF, seats=9, term=NEXT), AFTER)

    def test_what_is_held_goes_on_drifting(self) -> None:
        events, row = taken_note(self.NOTICED, AFTER, held=True)
        assert [event.kind for event in events] == [EventKind.RENEWED, EventKind.NOTICED]
        assert events[-1].after == {"seats": "9"}
        assert (row.recurring, row.seats, row.term) == (Recurring.ON, 9, NEXT)
        again = compare(row, a_seen(recurring=Recurring.OFF, seats=9, term=NEXT), AFTER)
        assert {item.field for item in again.drift} == {"recurring"}

    def test_what_is_not_held_is_known_from_now_on(self) -> None:
        events, row = taken_note(self.NOTICED, AFTER, held=False)
        assert events[-1].after == {"recurring": "off", "seats": "9"}
        assert compare(row, a_seen(recurring=Recurring.OFF, seats=9, term=NEXT), AFTER).drift == ()


REACHED: dict[str, tuple[Kind, dict[str, Any], bool]] = {
    "off stands": (Kind.TURN_OFF, {"recurring": Recurring.OFF}, True),
    "off does not stand": (Kind.TURN_OFF, {}, False),
    "off of an ended one": (Kind.TURN_OFF, {"status": Status.EXPIRED}, True),
    "off is no cancellation": (
        Kind.TURN_OFF,
        {"recurring": Recurring.OFF, "cancellation": Cancel.AT_RENEWAL},
        False,
    ),
    "on stands": (Kind.TURN_ON, {}, True),
    "on of an ended one": (Kind.TURN_ON, {"status": Status.EXPIRED}, False),
    "a cancellation stands": (
        Kind.CANCEL_AT_RENEWAL,
        {"recurring": Recurring.OFF, "cancellation": Cancel.AT_RENEWAL},
        True,
    ),
    "ended at once": (Kind.CANCEL_NOW, {"status": Status.DISABLED}, True),
    "an expired one is not ended at once": (Kind.CANCEL_NOW, {"status": Status.EXPIRED}, False),
    "back": (Kind.REACTIVATE, {}, True),
    "not back": (Kind.REACTIVATE, {"status": Status.DISABLED}, False),
}


@pytest.mark.parametrize(("kind", "shown", "expected"), REACHED.values(), ids=REACHED.keys())
def test_a_target_is_reached_once_it_is_shown(kind: Kind, shown: dict[str, Any], expected: bool) -> None:
    assert reached(a_change(kind), a_seen(**shown)) is expected


def test_what_is_only_recorded_has_no_target_at_a_provider() -> None:
    with pytest.raises(ValueError, match="asks nothing of a provider"):
        reached(a_change(Kind.UPDATE), a_seen())


class TestMoved:
    BEFORE = {"recurring": "on", "cancellation": "none", "term_end": ROW.term.end.date().isoformat()}  # noqa: RUF012

    def test_as_it_was_approved(self) -> None:
        assert moved(a_change(Kind.TURN_OFF, before=self.BEFORE), a_seen()) is None

    def test_after_a_renewal(self) -> None:
        said = moved(a_change(Kind.TURN_OFF, before=self.BEFORE), a_seen(term=NEXT))
        assert said == "term end was 2027-03-01, is 2028-02-29"

    def test_dates_that_are_not_shown_do_not_count(self) -> None:
        assert moved(a_change(Kind.TURN_OFF, before=self.BEFORE), a_seen(term=None)) is None

    def test_one_that_has_ended_meanwhile(self) -> None:
        assert moved(a_change(Kind.TURN_OFF, before=self.BEFORE), a_seen(status=Status.DELETED)) == "it is deleted"

    def test_a_status_that_was_approved(self) -> None:
        before = {**self.BEFORE, "status": "disabled"}
        assert moved(a_change(Kind.REACTIVATE, before=before), a_seen(status=Status.DISABLED)) is None
        assert moved(a_change(Kind.REACTIVATE, before=before), a_seen()) == "status was disabled, is active"


def test_the_builders_agree() -> None:
    assert ROW.term.end.date() == date(2027, 3, 1)
