"""Impacts at the edges: outside providers, time zones, the end of the calendar, records that are missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from reconciler.changes import INTENTS, Kind
from reconciler.impact import assess
from reconciler.model import StoredSubscription, Term
from reconciler.rulebook import Rulebook
from tests.builders import NOW, a_change
from tests.impacts import (
    ANNUAL,
    ENDS,
    LIST,
    MONTHLY,
    ON,
    YEAR,
    a_book,
    a_row,
    assessed,
    day,
    instant,
    renewal,
    told,
)


class TestOutside:
    """An account that no ledger serves: its provider's own dates are all there is."""

    BOOK = Rulebook(prices=LIST)

    def test_what_follows_its_term_is_not_known(self) -> None:
        unknown = ("extension", "expired_days", "access_ends", "data_deleted")
        found = assessed(Kind.TURN_OFF, a_row(), self.BOOK)
        assert told(found) == {**ENDS, "charge": renewal(incurred=False), "value": YEAR, "unknown": unknown}

    def test_its_billing_dates_are_not_reckoned(self) -> None:
        found = assessed(Kind.CANCEL_NOW, a_row(), self.BOOK)
        assert found.charge is None
        assert found.unknown == ("data_deleted", "data_gone_by", "window_closes", "charge")
        assert (found.refund and found.refund.rule) == "not-known"

    def test_its_renewal_is_the_end_of_its_term(self) -> None:
        found = assessed(Kind.CANCEL_NOW, a_row(billing=ANNUAL), self.BOOK)
        assert found.charge == renewal(incurred=False, per=ANNUAL)


class TestTimeZones:
    def test_the_end_of_access_is_told_on_the_admins_clock(self) -> None:
        found = assessed(Kind.TURN_OFF, a_row(), a_book(zone=ZoneInfo("Europe/Riga")))
        assert found.access_ends == instant("2027-03-31")
        assert found.access_ends_local is not None
        # Three days before, the clocks there went forward.
        assert found.access_ends_local.isoformat() == "2027-03-31T03:00:00+03:00"

    @pytest.mark.parametrize(
        ("zone", "row", "local"),
        [
            pytest.param("Europe/Riga", a_row(), "2027-03-01T02:00:00+02:00", id="in winter"),
            pytest.param("America/New_York", a_row(), "2027-02-28T19:00:00-05:00", id="the evening before"),
            pytest.param(
                "America/New_York",
                a_row(start=day("2026-11-01"), length=MONTHLY),
                "2026-11-30T19:00:00-05:00",
                id="the month in which its clocks go back",
            ),
            pytest.param("Pacific/Kiritimati", a_row(), "2027-03-01T14:00:00+14:00", id="far ahead"),
        ],
    )
    def test_each_zone_has_its_own(self, zone: str, row: StoredSubscription, local: str) -> None:
        found = assessed(Kind.CANCEL_AT_RENEWAL, row, a_book(zone=ZoneInfo(zone)))
        assert found.access_ends_local is not None
        assert found.access_ends_local.isoformat() == local
        assert found.access_ends_local == found.access_ends

    def test_a_cancellation_now_is_told_there_too(self) -> None:
        found = assessed(Kind.CANCEL_NOW, a_row(), a_book(zone=timezone(timedelta(hours=14))))
        assert found.last_day == day("2026-11-23")
        assert found.access_ends_local is not None
        assert found.access_ends_local.isoformat() == "2026-11-24T02:00:00+14:00"

    def test_a_clock_beyond_the_calendar_shows_nothing(self) -> None:
        row = a_row(recurring=ON, start=day("9998-12-31"), term=Term(instant("9998-12-31"), instant("9999-12-31")))
        book = a_book(zone=timezone(timedelta(hours=14)))
        at_renewal = Term(instant("9998-12-31T23:00"), datetime(9999, 12, 31, 23, tzinfo=UTC))
        found = assessed(Kind.CANCEL_AT_RENEWAL, replace(row, term=at_renewal), book, instant("9999-01-01"))
        assert (found.access_ends, found.access_ends_local) == (at_renewal.end, None)

    @pytest.mark.parametrize("kind", [Kind.TURN_OFF, Kind.CANCEL_NOW, Kind.REACTIVATE])
    @pytest.mark.parametrize("hours", [-12, -5, 9, 14])
    def test_now_may_be_told_in_any_zone(self, kind: Kind, hours: int) -> None:
        elsewhere = NOW.astimezone(timezone(timedelta(hours=hours)))
        assert assessed(kind, a_row(), now=elsewhere) == assessed(kind, a_row())


class TestBeyondTheCalendar:
    ROW = a_row(start=day("9998-12-15"), term=Term(instant("9998-12-15"), instant("9999-12-15")))

    def test_dates_past_it_are_not_known(self) -> None:
        found = assessed(Kind.TURN_OFF, self.ROW, now=instant("9999-01-01"))
        assert (found.last_day, found.access_ends, found.data_deleted) == (day("9999-12-14"), None, None)
        assert found.unknown == ("access_ends", "data_deleted")

    def test_a_deletion_past_it_is_not_known(self) -> None:
        found = assessed(Kind.CANCEL_NOW, self.ROW, now=instant("9999-12-01"))
        assert (found.data_deleted, found.unknown) == (None, ("data_deleted",))
        assert found.charge == renewal(incurred=False, on="9999-12-15")


class TestRecordsAreNeeded:
    @pytest.mark.parametrize("kind", [*sorted(INTENTS), Kind.REGISTER, Kind.CORRECT])
    def test_a_verb_without_its_records_is_a_mistake_of_ours(self, kind: Kind) -> None:
        with pytest.raises(ValueError, match=f"{kind} of contoso/visio-plan-2 needs its records"):
            assess(a_change(kind), None, None, a_book(), NOW)
