"""What follows from each change: by verb, policy and billing cycle; and what nobody knows is named, never made up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.changes import ENDING, INTENTS, Kind, Risk
from reconciler.consequences import Amount, Basis, Charge, Impact, Refund
from reconciler.effects import carried_out
from reconciler.impact import assess, risk
from reconciler.lifecycle import at
from reconciler.model import Cancel, Money, Recurring, Status, StoredSubscription, Term, TermLength
from reconciler.policy import Extension, Reactivation, RefundRule, Since, Window
from reconciler.rulebook import Rulebook
from reconciler.terms import midnight, term_at
from tests.builders import NOW, a_change, a_lifecycle, dated
from tests.impacts import (
    ANNUAL,
    ENDS,
    EXPIRES,
    EXTENDED,
    MONTH,
    MONTHLY,
    OFF,
    ON,
    PAID,
    PENDING,
    RENEWS,
    STOPS,
    TRIENNIAL,
    WEEK,
    YEAR,
    a_book,
    a_row,
    assessed,
    day,
    instant,
    renewal,
    told,
)


class TestAtRenewal:
    @pytest.mark.parametrize(
        ("kind", "row", "says"),
        [
            pytest.param(
                Kind.TURN_OFF,
                a_row(),
                {**ENDS, **EXPIRES, "charge": renewal(incurred=False), "value": YEAR},
                id="turned off: it expires, and the renewal is not charged",
            ),
            pytest.param(
                Kind.CANCEL_AT_RENEWAL,
                a_row(),
                {**ENDS, **STOPS, "charge": renewal(incurred=False), "value": YEAR},
                id="cancelled at renewal: users lose access with the term",
            ),
            pytest.param(
                Kind.CANCEL_AT_RENEWAL,
                a_row(recurring=OFF),
                {**ENDS, **STOPS},
                id="cancelled at renewal what was off: no charge is avoided, it would not have renewed",
            ),
            pytest.param(
                Kind.TURN_ON,
                a_row(recurring=OFF),
                {**RENEWS, "charge": renewal(incurred=True), "value": YEAR},
                id="turned on: the renewal is charged",
            ),
            pytest.param(
                Kind.UNDO_CANCEL,
                PENDING,
                {**RENEWS, "charge": renewal(incurred=True), "value": YEAR},
                id="cancellation undone: it renews",
            ),
        ],
    )
    def test_it_follows_the_term(self, kind: Kind, row: StoredSubscription, says: dict[str, Any]) -> None:
        assert told(assessed(kind, row)) == says

    def test_an_undone_cancellation_that_stays_off_expires_and_costs_nothing(self) -> None:
        found = assessed(Kind.UNDO_CANCEL, PENDING, after={"recurring": "off", "cancellation": "none"})
        assert told(found) == {**ENDS, **EXPIRES}

    @pytest.mark.parametrize(
        ("length", "billing", "minor", "whole"),
        [
            pytest.param(MONTHLY, MONTHLY, 51500, 51500, id="a month"),
            pytest.param(ANNUAL, ANNUAL, 51500, 51500, id="a year paid at once"),
            pytest.param(ANNUAL, MONTHLY, 51500, 618000, id="a year paid by the month"),
            pytest.param(TRIENNIAL, TRIENNIAL, 51500, 51500, id="three years paid at once"),
            pytest.param(TRIENNIAL, ANNUAL, 51500, 154500, id="three years paid by the year"),
            pytest.param(TRIENNIAL, MONTHLY, 51500, 1854000, id="three years paid by the month"),
        ],
    )
    @pytest.mark.parametrize("kind", [Kind.TURN_OFF, Kind.CANCEL_AT_RENEWAL, Kind.TURN_ON])
    def test_the_charge_is_of_a_cycle_and_the_value_of_a_term(
        self, kind: Kind, length: TermLength, billing: TermLength, minor: int, whole: int
    ) -> None:
        row = a_row(length=length, billing=billing, recurring=OFF if kind is Kind.TURN_ON else ON)
        found = assessed(kind, row)
        assert found.charge is not None
        assert (found.charge.amount.money, found.charge.per) == (Money(minor, "EUR"), billing)
        assert found.charge.on == row.term.end.date()
        assert found.value is not None
        assert found.value.money == Money(whole, "EUR")

    def test_an_open_window_is_named_where_something_ends(self) -> None:
        now = instant("2026-03-04T08:00")
        row = a_row(term=term_at(day("2026-03-01"), ANNUAL, now))
        assert assessed(Kind.TURN_OFF, row, now=now).window_closes == instant("2026-03-08")
        assert assessed(Kind.CANCEL_AT_RENEWAL, row, now=now).window_closes == instant("2026-03-08")
        assert assessed(Kind.TURN_ON, replace(row, recurring=OFF), now=now).window_closes is None
        assert assessed(Kind.TURN_OFF, row, now=instant("2026-03-08")).window_closes is None

    def test_a_price_that_nobody_knows_is_told_as_such(self) -> None:
        found = assessed(Kind.TURN_OFF, a_row(price=None, product="OTHER"))
        why = "no price is declared, and prices.csv has none of OTHER, annual billed monthly in EUR"
        assert found.value == Amount(None, Basis.UNKNOWN, why)
        assert found.charge == renewal(incurred=False, amount=Amount(None, Basis.UNKNOWN, why))
        assert found.unknown == ()


class TestExtension:
    BOOK = a_book(a_lifecycle(extension=PAID))

    def test_turning_off_leads_into_it(self) -> None:
        found = assessed(Kind.TURN_OFF, a_row(), self.BOOK)
        assert told(found) == {**ENDS, "charge": renewal(incurred=False), "value": YEAR, "extension": EXTENDED}

    def test_a_cancellation_at_renewal_keeps_out_of_it(self) -> None:
        found = assessed(Kind.CANCEL_AT_RENEWAL, a_row(recurring=OFF), self.BOOK)
        month = renewal(incurred=False, amount=EXTENDED)
        assert told(found) == {**ENDS, **STOPS, "charge": month, "value": EXTENDED}

    def test_an_undone_cancellation_that_stays_off_leads_into_it(self) -> None:
        found = assessed(Kind.UNDO_CANCEL, PENDING, self.BOOK, after={"recurring": "off", "cancellation": "none"})
        month = renewal(incurred=True, amount=EXTENDED)
        assert told(found) == {**ENDS, "charge": month, "value": EXTENDED, "extension": EXTENDED}

    def test_a_price_of_it_that_nobody_knows_is_told_as_such(self) -> None:
        found = assessed(Kind.TURN_OFF, a_row(product="OTHER"), self.BOOK)
        why = "no price of a monthly plan: prices.csv has none of OTHER, monthly billed monthly in EUR"
        assert found.extension == Amount(None, Basis.UNKNOWN, why)

    ROW = a_row(
        recurring=OFF, extended=True, start=day("2025-11-01"), term=Term(instant("2026-11-01"), instant("2026-12-01"))
    )

    def test_turning_on_within_it_is_charged_a_term_of_its_own_again(self) -> None:
        found = assessed(Kind.TURN_ON, self.ROW, self.BOOK)
        assert told(found) == {
            "renews": day("2026-12-01"),
            "reversible_until": instant("2026-12-01"),
            "charge": renewal(incurred=True, on="2026-12-01"),
            "value": YEAR,
        }

    def test_a_cancellation_at_renewal_ends_it_with_its_month(self) -> None:
        found = assessed(Kind.CANCEL_AT_RENEWAL, self.ROW, self.BOOK)
        assert told(found) == {
            "last_day": day("2026-11-30"),
            "access_ends": instant("2026-12-01"),
            "expired_days": 0,
            "data_deleted": day("2027-03-01"),
            "reversible_until": instant("2026-12-01"),
            "charge": renewal(incurred=False, on="2026-12-01", amount=EXTENDED),
            "value": EXTENDED,
        }

    def test_a_cancellation_now_pays_the_days_of_its_month_back(self) -> None:
        book = a_book(a_lifecycle(extension=PAID, window=None))
        found = assessed(Kind.CANCEL_NOW, self.ROW, book)
        part = Amount(Money(14840, "EUR"), Basis.PRICE_LIST, f"{EXTENDED.detail} x 7 / 30")
        assert found.refund == Refund(part, "prorated", "7 of 30 days left, rounded down")
        assert found.charge == renewal(incurred=False, on="2026-12-01", amount=EXTENDED)
        assert (found.value, found.window_closes, found.unknown) == (EXTENDED, None, ())

    def test_what_is_not_known_of_it_makes_what_follows_unknown(self) -> None:
        book = a_book(a_lifecycle(extension=Extension(when_off=None)))
        after_the_term = ("extension", "expired_days", "access_ends", "data_deleted")
        off = assessed(Kind.TURN_OFF, a_row(), book)
        assert told(off) == {**ENDS, "charge": renewal(incurred=False), "value": YEAR, "unknown": after_the_term}
        undone = assessed(Kind.UNDO_CANCEL, PENDING, book, after={"recurring": "off", "cancellation": "none"})
        assert told(undone) == {**ENDS, "unknown": ("charge", *after_the_term)}
        stopped = assessed(Kind.CANCEL_AT_RENEWAL, a_row(recurring=OFF), book)
        assert told(stopped) == {**ENDS, **STOPS, "unknown": ("charge",)}


class TestCancelNow:
    def test_access_is_lost_and_the_rest_of_the_cycle_comes_back(self) -> None:
        part = Amount(Money(12016, "EUR"), Basis.DECLARED, "25 x 20.60 EUR x 7 / 30")
        assert told(assessed(Kind.CANCEL_NOW, a_row())) == {
            "last_day": day("2026-11-23"),
            "access_ends": NOW,
            "expired_days": 0,
            "data_deleted": day("2027-02-21"),
            "window_closes": instant("2026-03-08"),
            "charge": renewal(incurred=False, on="2026-12-01"),
            "refund": Refund(part, "prorated", "7 of 30 days left, rounded down"),
            "value": YEAR,
        }

    @pytest.mark.parametrize(
        ("row", "charge"),
        [
            pytest.param(a_row(), renewal(incurred=False, on="2026-12-01"), id="the next month of its term"),
            pytest.param(
                a_row(billing=ANNUAL), renewal(incurred=False, per=ANNUAL), id="a year paid at once: its renewal"
            ),
            pytest.param(a_row(billing=ANNUAL, recurring=OFF), None, id="paid at once and not renewing: none"),
            pytest.param(
                a_row(recurring=OFF), renewal(incurred=False, on="2026-12-01"), id="not renewing, but paid by the month"
            ),
            pytest.param(
                a_row(recurring=OFF, start=day("2025-12-01")), None, id="not renewing, in the last month of its term"
            ),
            pytest.param(
                a_row(start=day("2025-12-01")),
                renewal(incurred=False, on="2026-12-01"),
                id="in the last month of its term: the renewal",
            ),
            pytest.param(
                a_row(length=TRIENNIAL, billing=ANNUAL, start=day("2024-02-29")),
                renewal(incurred=False, on="2027-02-28", per=ANNUAL),
                id="three years from a leap day, paid by the year: it is the end of them",
            ),
            pytest.param(
                a_row(length=TRIENNIAL, billing=ANNUAL, start=day("2024-12-31")),
                renewal(incurred=False, on="2026-12-31", per=ANNUAL),
                id="three years, paid by the year: the next year",
            ),
            pytest.param(
                a_row(start=day("2027-01-31"), status=Status.SCHEDULED),
                renewal(incurred=False, on="2027-01-31"),
                id="not begun yet: its first month",
            ),
            pytest.param(
                a_row(start=day("2026-01-31")), renewal(incurred=False, on="2026-11-30"), id="a sticky month end"
            ),
        ],
    )
    def test_the_next_charge_is_avoided(self, row: StoredSubscription, charge: Charge | None) -> None:
        assert assessed(Kind.CANCEL_NOW, row).charge == charge

    @pytest.mark.parametrize(
        ("recurring", "extension", "charge", "unknown"),
        [
            pytest.param(OFF, PAID, renewal(incurred=False, amount=EXTENDED), (), id="the month of an extension"),
            pytest.param(OFF, Extension(when_off=None), None, ("charge",), id="an extension that nobody knows of"),
            pytest.param(ON, Extension(when_off=None), renewal(incurred=False, per=ANNUAL), (), id="it would renew"),
        ],
    )
    def test_what_would_have_followed_its_term_is_avoided(
        self, recurring: Recurring, extension: Extension, charge: Charge | None, unknown: tuple[str, ...]
    ) -> None:
        found = assessed(
            Kind.CANCEL_NOW, a_row(billing=ANNUAL, recurring=recurring), a_book(a_lifecycle(extension=extension))
        )
        assert (found.charge, found.unknown) == (charge, unknown)

    def test_what_is_not_known_is_named(self) -> None:
        policy = a_lifecycle(disabled_after_cancel_now=None, deletion=None, window=None, refund=None)
        found = assessed(Kind.CANCEL_NOW, a_row(), a_book(policy))
        assert found.unknown == ("data_deleted", "data_gone_by", "window_closes")
        assert (found.refund and found.refund.rule, found.access_ends) == ("not-known", NOW)

    def test_the_rules_of_the_day_hold(self) -> None:
        policy = a_lifecycle(refund=dated(RefundRule.FULL, (day("2026-11-24"), RefundRule.NONE)))
        today, tomorrow = assessed(Kind.CANCEL_NOW, a_row(), a_book(policy)), NOW + timedelta(days=1)
        assert today.refund is not None
        assert today.refund.amount == MONTH
        later = assessed(Kind.CANCEL_NOW, a_row(), a_book(policy), tomorrow).refund
        assert later == Refund(replace(MONTH, money=Money(0, "EUR")), "none", "nothing is paid back")

    def test_the_window_counts_from_the_last_reactivation(self) -> None:
        policy = a_lifecycle(window=Window(timedelta(days=7), Since.START))
        row = a_row(start=day("2024-03-01"), anchor=day("2026-11-20"))
        assert assessed(Kind.CANCEL_NOW, row, a_book(policy)).window_closes == instant("2026-11-27")


class TestReactivate:
    ROW = a_row(
        status=Status.EXPIRED,
        recurring=OFF,
        start=day("2025-11-01"),
        term=Term(instant("2025-11-01"), instant("2026-11-01")),
    )

    def test_a_new_term_begins_and_is_charged_today(self) -> None:
        assert told(assessed(Kind.REACTIVATE, self.ROW)) == {
            "term_start": day("2026-11-23"),
            "term_end": day("2027-11-23"),
            "renews": day("2027-11-23"),
            "window_closes": instant("2026-11-30"),
            "charge": renewal(incurred=True, on="2026-11-23"),
            "value": YEAR,
        }

    @pytest.mark.parametrize(
        ("same_id", "words", "says"),
        [
            pytest.param(True, (), (), id="it keeps its id"),
            pytest.param(None, (), (), id="nobody knows"),
            pytest.param(False, (), ("A new subscription is made of it, with an id of its own.",), id="a new id"),
            pytest.param(False, ("It gets a new id.",), ("It gets a new id.",), id="in the policy's own words"),
        ],
    )
    def test_a_new_id_is_told(self, same_id: bool | None, words: tuple[str, ...], says: tuple[str, ...]) -> None:
        rule = Reactivation(expired=True, disabled=True, cancelled=True, same_id=same_id)
        effects = {"reactivate": dated(words)} if words else {}
        policy = a_lifecycle(reactivation=rule, side_effects=effects)
        assert assessed(Kind.REACTIVATE, self.ROW, a_book(policy)).side_effects == says

    def test_without_a_rule_it_says_no_more(self) -> None:
        assert assessed(Kind.REACTIVATE, self.ROW, Rulebook()).side_effects == ()


REGISTERED = {
    "product": "SPB",
    "term": "annual",
    "billing": "monthly",
    "start": "2026-03-01",
    "recurring": "on",
    "cancellation": "none",
    "seats": 25,
    "price": "20.60 EUR",
}
TERM = {"term_start": day("2026-03-01"), "term_end": day("2027-03-01"), "value": YEAR}


def registered(book: Rulebook | None = None, now: datetime = NOW, **facts: Any) -> Impact:
    change = a_change(Kind.REGISTER, before={}, after={**REGISTERED, **facts})
    return assess(change, None, carried_out(change, None, now), a_book() if book is None else book, now)


class TestRecorded:
    @pytest.mark.parametrize(
        ("facts", "says"),
        [
            pytest.param({}, {**TERM, "renews": day("2027-03-01")}, id="it renews"),
            pytest.param(
                {"recurring": "off"}, {**TERM, "last_day": day("2027-02-28"), **EXPIRES}, id="this term is its last"
            ),
            pytest.param(
                {"recurring": "off", "cancellation": "at-renewal"},
                {**TERM, "last_day": day("2027-02-28"), **STOPS},
                id="it is cancelled at renewal",
            ),
            pytest.param(
                {"start": "2027-05-31"},
                {
                    "term_start": day("2027-05-31"),
                    "term_end": day("2028-05-31"),
                    "renews": day("2028-05-31"),
                    "window_closes": instant("2027-06-07"),
                    "value": YEAR,
                },
                id="it starts one day",
            ),
            pytest.param(
                {"start": "2026-11-20"},
                {
                    "term_start": day("2026-11-20"),
                    "term_end": day("2027-11-20"),
                    "renews": day("2027-11-20"),
                    "window_closes": instant("2026-11-27"),
                    "value": YEAR,
                },
                id="it has just begun, and can still be cancelled",
            ),
        ],
    )
    def test_a_registration_costs_nothing_and_says_which_term_it_is_in(
        self, facts: dict[str, Any], says: dict[str, Any]
    ) -> None:
        assert told(registered(**facts)) == says

    def test_a_registration_that_is_off_tells_of_an_extension(self) -> None:
        found = registered(a_book(a_lifecycle(extension=PAID)), recurring="off")
        assert told(found) == {**TERM, "last_day": day("2027-02-28"), "extension": EXTENDED}

    def test_a_registration_that_is_off_tells_all_dates_of_its_end(self) -> None:
        book = a_book(a_lifecycle(deletion=180), zone=ZoneInfo("Europe/Riga"))
        found = registered(book, recurring="off", cancellation="at-renewal")
        assert found.data_gone_by == day("2027-08-28")
        assert found.access_ends_local is not None
        assert found.access_ends_local.isoformat() == "2027-03-01T02:00:00+02:00"

    def corrected(self, row: StoredSubscription, **facts: Any) -> Impact:
        change = a_change(Kind.CORRECT, before={}, after=facts)
        return assess(change, row, carried_out(change, row, NOW), a_book(), NOW)

    def test_a_correction_that_moves_the_term_says_where_to(self) -> None:
        assert told(self.corrected(a_row(), start="2026-04-01")) == {
            "term_start": day("2026-04-01"),
            "term_end": day("2027-04-01"),
            "renews": day("2027-04-01"),
            "value": YEAR,
        }

    def test_a_correction_that_moves_no_date_only_tells_what_a_term_costs(self) -> None:
        yearly = Amount(Money(51500, "EUR"), Basis.DECLARED, "25 x 20.60 EUR")
        assert told(self.corrected(a_row(), billing="annual")) == {"value": yearly}

    def test_a_correction_of_what_expires_moves_the_days_that_follow(self) -> None:
        row = a_row(
            status=Status.EXPIRED,
            recurring=OFF,
            start=day("2025-11-01"),
            term=Term(instant("2025-11-01"), instant("2026-11-01")),
        )
        found = self.corrected(row, start="2025-11-10")
        assert found.last_day == day("2026-11-09")
        assert (found.access_ends, found.data_deleted) == (instant("2026-12-10"), day("2027-03-10"))
        assert found.window_closes is None

    @pytest.mark.parametrize(
        "over",
        [
            pytest.param({"cancellation": Cancel.IMMEDIATELY, "status": Status.DISABLED}, id="cancelled immediately"),
            pytest.param({"status": Status.DELETED}, id="deleted"),
        ],
    )
    def test_a_correction_of_what_is_over_moves_no_end(self, over: dict[str, Any]) -> None:
        found = self.corrected(a_row(recurring=OFF, **over), start="2026-04-01")
        assert told(found) == {"term_start": day("2026-04-01"), "term_end": day("2027-04-01"), "value": YEAR}


class TestSideEffects:
    POLICY = a_lifecycle(side_effects={"turn-off-recurring": dated(("old",), (day("2026-11-24"), ("new", "more")))})

    def test_they_are_those_of_the_verb_and_the_day(self) -> None:
        assert assessed(Kind.TURN_OFF, a_row(), a_book(self.POLICY)).side_effects == ("old",)
        later = NOW + timedelta(days=1)
        assert assessed(Kind.TURN_OFF, a_row(), a_book(self.POLICY), later).side_effects == ("new", "more")
        assert assessed(Kind.CANCEL_NOW, a_row(), a_book(self.POLICY)).side_effects == ()

    def test_a_rule_for_newer_terms_alone_leaves_an_older_one(self) -> None:
        (old,) = dated(("old",)).rules
        newer = replace(old, effective_from=day("2026-05-04"), value=("new",), terms_from=day("2026-04-01"))
        matter = replace(dated(()), rules=(old, newer))
        book = a_book(a_lifecycle(side_effects={"turn-off-recurring": matter}))
        assert assessed(Kind.TURN_OFF, a_row(), book).side_effects == ("old",)
        assert assessed(Kind.TURN_OFF, a_row(start=day("2026-04-01")), book).side_effects == ("new",)

    def test_a_reactivation_has_those_of_its_new_term(self) -> None:
        (rule,) = dated(("new",)).rules
        matter = replace(dated(()), rules=(replace(rule, terms_from=day("2026-11-23")),))
        book = a_book(a_lifecycle(side_effects={"reactivate": matter}))
        assert assessed(Kind.REACTIVATE, a_row(recurring=OFF), book).side_effects == ("new",)

    def test_what_is_not_known_of_them_is_named(self) -> None:
        book = a_book(a_lifecycle(side_effects={"update": dated(None)}))
        assert told(assessed(Kind.UPDATE, a_row(), book)) == {"unknown": ("side_effects",)}

    @pytest.mark.parametrize("kind", [Kind.RENAME, Kind.UPDATE, Kind.ADOPT, Kind.FORGET])
    def test_bookkeeping_moves_no_money_and_no_date(self, kind: Kind) -> None:
        row = a_row()
        book = a_book(a_lifecycle(side_effects={str(kind): dated(("noted",))}))
        assert told(assess(a_change(kind), row, None, book, NOW)) == {"side_effects": ("noted",)}
        assert told(assess(a_change(kind), None, row, book, NOW)) == {"side_effects": ("noted",)}
        assert told(assess(a_change(kind), row, row, Rulebook(), NOW)) == {}


def test_every_kind_has_its_risk() -> None:
    never = {Kind.CANCEL_NOW, Kind.REACTIVATE, Kind.FORGET}
    assert {kind for kind in Kind if risk(kind) is Risk.IRREVERSIBLE} == never
    assert {kind for kind in Kind if risk(kind) is Risk.REVERSIBLE_UNTIL} == INTENTS - never


@pytest.mark.parametrize("kind", sorted(INTENTS - {Kind.REACTIVATE}))
def test_what_is_reversible_until_an_instant_names_it(kind: Kind) -> None:
    row = a_row(recurring=ON if kind in ENDING else OFF)
    named = assessed(kind, row).reversible_until is not None
    assert named == (risk(kind) is Risk.REVERSIBLE_UNTIL)


PARTS = {
    "expired": st.sampled_from([None, 0, 30]),
    "disabled": st.sampled_from([None, 0, 90]),
    "disabled_after_cancel_now": st.sampled_from([None, 0, 90]),
    "deletion": st.sampled_from([None, 0, 7, 180]),
    "window": st.sampled_from([None, WEEK, Window(None), Window(timedelta(0))]),
    "refund": st.sampled_from([None, *RefundRule]),
    "extension": st.sampled_from([Extension(when_off) for when_off in (None, True, False)]),
}


@given(
    st.fixed_dictionaries(PARTS),
    st.sampled_from(sorted(INTENTS)),
    st.sampled_from([MONTHLY, ANNUAL]),
    st.booleans(),
    st.dates(date(2020, 1, 31), date(2026, 11, 30)),
)
def test_what_is_not_known_is_empty_and_what_is_told_is_in_order(
    matters: dict[str, Any], kind: Kind, billing: TermLength, priced: bool, start: date
) -> None:
    row = a_row(billing=billing, price=Money(2060, "EUR") if priced else None, start=start, recurring=OFF)
    row = replace(row, recurring=ON) if kind in ENDING else row
    found = assessed(kind, row, a_book(a_lifecycle(**matters), zone=ZoneInfo("Asia/Kathmandu")))
    assert len(set(found.unknown)) == len(found.unknown)
    assert all(getattr(found, name) in (None, ()) for name in found.unknown)
    assert found.value is not None
    assert (found.value.money is None) == (not priced) == (found.value.basis is Basis.UNKNOWN)
    dates = [found.last_day, found.access_ends and found.access_ends.date(), found.data_deleted]
    assert [value for value in dates if value] == sorted(value for value in dates if value)
    if found.data_gone_by and found.data_deleted:
        assert found.data_gone_by > found.data_deleted
    if found.refund and found.refund.amount.money and found.charge and found.charge.amount.money:
        assert 0 <= found.refund.amount.money.minor <= found.charge.amount.money.minor
    assert (found.access_ends_local is None) == (found.access_ends is None)


@given(st.sampled_from([Cancel.NONE, Cancel.AT_RENEWAL]), st.integers(0, 90), st.integers(0, 90), st.integers(1, 400))
def test_the_dates_are_those_that_time_keeps(cancel: Cancel, expired: int, disabled: int, days: int) -> None:
    policy = a_lifecycle(expired=expired, disabled=disabled)
    kind = Kind.TURN_OFF if cancel is Cancel.NONE else Kind.CANCEL_AT_RENEWAL
    found = assessed(kind, a_row(), a_book(policy))
    row = carried_out(a_change(kind), a_row(), NOW)
    then = NOW + timedelta(days=days)
    standing = at(row, policy, then)
    assert found.access_ends is not None
    assert found.data_deleted is not None
    assert (standing.status in (Status.DISABLED, Status.DELETED)) == (then >= found.access_ends)
    assert (standing.status is Status.DELETED) == (then >= midnight(found.data_deleted))
