"""How a subscription ends by its policy's days: each stage, none of them, and what policy or calendar leave open."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.endings import NOTHING_KNOWN, Ending, ending_at_once, ending_of_term, window_closes
from reconciler.lifecycle import advance
from reconciler.model import Cancel, Recurring, Status, StoredSubscription, Term, TermLength
from reconciler.policy import Extension, Lifecycle, Since, Window
from reconciler.terms import midnight
from tests.builders import CLASSIC, NOW, a_lifecycle, a_stored, dated


def day(text: str) -> date:
    return date.fromisoformat(text)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


OFF = a_stored(recurring=Recurring.OFF)
"""Its last day is 28 February 2027."""
STOPPING = replace(OFF, cancellation=Cancel.AT_RENEWAL)
STOPPED = replace(OFF, cancellation=Cancel.IMMEDIATELY, status=Status.DISABLED, requested_at=NOW, effective_at=NOW)
LAST = day("2027-02-28")


class TestEndOfTerm:
    @pytest.mark.parametrize(
        ("row", "matters", "ending"),
        [
            pytest.param(
                OFF,
                {},
                Ending(LAST, instant("2027-03-31"), 30, day("2027-06-29")),
                id="off: expired, then disabled, then deleted",
            ),
            pytest.param(
                STOPPING,
                {},
                Ending(LAST, instant("2027-03-01"), 0, day("2027-05-30")),
                id="cancelled at renewal: no expired stage",
            ),
            pytest.param(
                OFF,
                {"expired": 0},
                Ending(LAST, instant("2027-03-01"), 0, day("2027-05-30")),
                id="a policy without an expired stage",
            ),
            pytest.param(
                OFF,
                {"disabled": 0},
                Ending(LAST, instant("2027-03-31"), 30, day("2027-03-31")),
                id="a policy without a disabled stage",
            ),
            pytest.param(
                OFF,
                {"deletion": 180},
                Ending(LAST, instant("2027-03-31"), 30, day("2027-06-29"), day("2027-09-27")),
                id="the vendor may take longer to wipe it",
            ),
            pytest.param(
                OFF,
                {"deletion": 90},
                Ending(LAST, instant("2027-03-31"), 30, day("2027-06-29")),
                id="no later than the deletion adds nothing",
            ),
            pytest.param(
                OFF,
                {"deletion": None},
                Ending(LAST, instant("2027-03-31"), 30, day("2027-06-29"), unknown=("data_gone_by",)),
                id="when it is wiped is not known",
            ),
            pytest.param(
                OFF,
                {"disabled": None, "deletion": 180},
                Ending(LAST, instant("2027-03-31"), 30, data_gone_by=day("2027-09-27"), unknown=("data_deleted",)),
                id="when it is deleted is not known, but by when it is gone",
            ),
            pytest.param(
                OFF,
                {"disabled": None, "deletion": 0},
                Ending(LAST, instant("2027-03-31"), 30, unknown=("data_deleted",)),
                id="wiped with a deletion that is not known",
            ),
            pytest.param(
                OFF,
                {"expired": None},
                Ending(LAST, unknown=("expired_days", "access_ends", "data_deleted")),
                id="how long it is expired is not known",
            ),
            pytest.param(
                STOPPING,
                {"expired": None, "extension": Extension(when_off=True)},
                Ending(LAST, instant("2027-03-01"), 0, day("2027-05-30")),
                id="cancelled at renewal: neither the expired stage nor an extension matters",
            ),
            pytest.param(
                OFF,
                {"extension": Extension(when_off=True)},
                Ending(LAST, extends=True),
                id="a paid extension follows instead of an end",
            ),
            pytest.param(
                replace(OFF, extended=True),
                {},
                Ending(LAST, extends=True),
                id="one in a paid extension goes on in it",
            ),
            pytest.param(
                OFF,
                {"extension": Extension(when_off=None)},
                Ending(LAST, extends=None, unknown=("extension", "expired_days", "access_ends", "data_deleted")),
                id="whether an extension follows is not known, and so nothing after it is",
            ),
        ],
    )
    def test_it_ends_by_the_policys_days(
        self, row: StoredSubscription, matters: dict[str, Any], ending: Ending
    ) -> None:
        assert ending_of_term(row, a_lifecycle(**matters)) == ending

    def test_the_rules_of_the_day_on_which_it_ends_hold(self) -> None:
        policy = a_lifecycle(expired=dated(30, (day("2027-03-01"), 0)))
        assert ending_of_term(OFF, policy).expired_days == 0
        earlier = replace(OFF, term=Term(instant("2026-02-28"), instant("2027-02-28")))
        assert ending_of_term(earlier, policy).expired_days == 30

    def test_a_term_that_ends_within_a_day_has_that_day_for_its_last(self) -> None:
        row = replace(OFF, term=Term(instant("2026-01-05T22:39:34"), instant("2027-01-05T22:39:34")))
        assert ending_of_term(row, CLASSIC).last_day == day("2027-01-05")

    @given(
        st.dates(date(2020, 1, 1), date(2030, 12, 31)),
        st.sampled_from(TermLength),
        st.sampled_from([Cancel.NONE, Cancel.AT_RENEWAL]),
        st.integers(0, 120),
        st.integers(0, 120),
    )
    def test_it_is_what_time_will_do_to_the_record(
        self, start: date, length: TermLength, cancellation: Cancel, expired: int, disabled: int
    ) -> None:
        policy = a_lifecycle(expired=expired, disabled=disabled)
        row = a_stored(start=start, length=length, recurring=Recurring.OFF, cancellation=cancellation)
        ending = ending_of_term(row, policy)
        events = {event.after["status"]: event.at for event in advance(row, policy, instant("2050-01-01")).events}
        assert ending.access_ends == events.get("disabled", events["deleted"])
        assert ending.data_deleted == events["deleted"].date()
        assert ending.last_day == row.term.end.date() - timedelta(days=1)


class TestAtOnce:
    @pytest.mark.parametrize(
        ("matters", "ending"),
        [
            pytest.param({}, Ending(NOW.date(), NOW, 0, day("2027-02-21")), id="disabled, then deleted"),
            pytest.param(
                {"disabled_after_cancel_now": 0, "deletion": 7},
                Ending(NOW.date(), NOW, 0, day("2026-11-23"), day("2026-11-30")),
                id="deleted at once, with days for a last copy",
            ),
            pytest.param(
                {"disabled_after_cancel_now": None},
                Ending(NOW.date(), NOW, 0, unknown=("data_deleted",)),
                id="when it is deleted is not known",
            ),
            pytest.param(
                {"disabled": 1, "expired": 1},
                Ending(NOW.date(), NOW, 0, day("2027-02-21")),
                id="the days after an end of term do not matter",
            ),
        ],
    )
    def test_it_ends_with_this_instant(self, matters: dict[str, Any], ending: Ending) -> None:
        assert ending_at_once(STOPPED, a_lifecycle(**matters), NOW) == ending

    def test_the_day_is_that_of_utc(self) -> None:
        told = instant("2026-11-23T23:30").astimezone(timezone(timedelta(hours=2)))
        assert ending_at_once(STOPPED, CLASSIC, told).last_day == day("2026-11-23")

    def test_the_rules_of_the_day_of_the_cancellation_hold(self) -> None:
        policy = a_lifecycle(deletion=dated(120, (day("2026-11-23"), 180)))
        assert ending_at_once(STOPPED, policy, NOW).data_gone_by == day("2027-05-22")
        assert ending_at_once(STOPPED, policy, NOW - timedelta(days=1)).data_gone_by == day("2027-03-22")


class TestNothingKnown:
    def test_the_last_day_is_all_there_is_to_say_of_a_term(self) -> None:
        found = ending_of_term(OFF, NOTHING_KNOWN)
        assert found == Ending(LAST, extends=None, unknown=("extension", "expired_days", "access_ends", "data_deleted"))

    def test_one_that_is_cancelled_at_renewal_ends_with_its_term(self) -> None:
        unknown = ("data_deleted", "data_gone_by")
        assert ending_of_term(STOPPING, NOTHING_KNOWN) == Ending(LAST, instant("2027-03-01"), 0, unknown=unknown)

    def test_after_a_cancellation_at_once_users_have_lost_access(self) -> None:
        unknown = ("data_deleted", "data_gone_by")
        assert ending_at_once(STOPPED, NOTHING_KNOWN, NOW) == Ending(NOW.date(), NOW, 0, unknown=unknown)


class TestBeyondTheCalendar:
    ROW = replace(
        OFF,
        start=day("9998-12-15"),
        anchor=day("9998-12-15"),
        term=Term(midnight(day("9998-12-15")), midnight(day("9999-12-15"))),
    )

    def test_access_that_ends_past_it_is_not_known(self) -> None:
        found = ending_of_term(self.ROW, CLASSIC)
        assert found == Ending(day("9999-12-14"), None, 30, unknown=("access_ends", "data_deleted"))

    def test_a_deletion_past_it_is_not_known(self) -> None:
        found = ending_of_term(replace(self.ROW, cancellation=Cancel.AT_RENEWAL), a_lifecycle(deletion=180))
        assert found.access_ends == midnight(day("9999-12-15"))
        assert (found.data_deleted, found.data_gone_by) == (None, None)
        assert found.unknown == ("data_deleted", "data_gone_by")

    def test_a_window_past_it_is_not_known(self) -> None:
        assert window_closes(self.ROW, a_lifecycle(window=Window(timedelta(days=10_000)))) is None


class TestWindow:
    @pytest.mark.parametrize(
        ("policy", "closes"),
        [
            pytest.param(
                a_lifecycle(window=Window(timedelta(days=7))), instant("2026-03-08"), id="from the start of the term"
            ),
            pytest.param(
                a_lifecycle(window=Window(timedelta(hours=72), Since.START)),
                instant("2024-03-04"),
                id="from the start of the first term alone",
            ),
            pytest.param(a_lifecycle(window=Window(None)), None, id="open at any time"),
            pytest.param(a_lifecycle(window=None), None, id="not known"),
            pytest.param(NOTHING_KNOWN, None, id="no policy"),
        ],
    )
    def test_it_closes_after_its_length(self, policy: Lifecycle, closes: datetime | None) -> None:
        row = a_stored(start=day("2024-03-01"))
        assert row.term.start == instant("2026-03-01")
        assert window_closes(row, policy) == closes

    def test_a_reactivation_begins_a_first_term_again(self) -> None:
        policy = a_lifecycle(window=Window(timedelta(days=7), Since.START))
        row = a_stored(start=day("2024-03-01"), anchor=day("2026-11-20"))
        assert window_closes(row, policy) == instant("2026-11-27")

    def test_a_paid_extension_can_be_cancelled_at_any_time(self) -> None:
        policy = a_lifecycle(window=Window(timedelta(days=7)))
        assert window_closes(OFF, policy) == instant("2026-03-08")
        assert window_closes(replace(OFF, extended=True), policy) is None
