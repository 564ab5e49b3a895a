"""What billing periods, terms and extensions cost, when the next charge falls, what comes back: exact, or not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from math import ceil, floor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.consequences import Amount, Basis
from reconciler.model import (
    Cancel,
    Money,
    Recurring,
    Status,
    StoredSubscription,
    Term,
    TermLength,
    currency_digits,
    money_text,
)
from reconciler.money import (
    MOST,
    amount_of_cycle,
    amount_of_term,
    cycle_at,
    cycles_of_term,
    extension_amount,
    next_charge_day,
    prorated,
    refund_of,
)
from reconciler.policy import Extension, RefundRule
from reconciler.rulebook import PriceList, Rulebook
from reconciler.terms import midnight, term_at
from tests.builders import CLASSIC, NOW, a_lifecycle, a_stored, dated

MONTHLY, ANNUAL, TRIENNIAL = TermLength
PRICE = Money(2060, "EUR")
LIST = PriceList(
    {
        ("SPB", ANNUAL, MONTHLY, "EUR"): Money(2060, "EUR"),
        ("SPB", ANNUAL, ANNUAL, "EUR"): Money(24720, "EUR"),
        ("SPB", MONTHLY, MONTHLY, "EUR"): Money(2470, "EUR"),
        ("VISIO", ANNUAL, ANNUAL, "EUR"): Money(15720, "EUR"),
        ("VISIO", TRIENNIAL, TRIENNIAL, "EUR"): Money(40000, "EUR"),
        ("TEAMS", ANNUAL, ANNUAL, "EUR"): Money(1000, "EUR"),
        ("TEAMS", MONTHLY, MONTHLY, "USD"): Money(100, "USD"),
        ("POWER", ANNUAL, ANNUAL, "EUR"): Money(900, "EUR"),
        ("POWER", ANNUAL, ANNUAL, "USD"): Money(950, "USD"),
    },
    "prices.csv",
)
BOOK = Rulebook({"contoso": CLASSIC}, {"contoso": "EUR"}, LIST)


def a_row(**fields: Any) -> StoredSubscription:
    return a_stored(**{"product": "SPB", "billing": MONTHLY, "seats": 25, **fields})


def known(minor: int, currency: str = "EUR", basis: Basis = Basis.DECLARED, detail: str = "") -> Amount:
    return Amount(Money(minor, currency), basis, detail)


def unknown(why: str) -> Amount:
    return Amount(None, Basis.UNKNOWN, why)


class TestAmounts:
    @pytest.mark.parametrize(
        ("row", "cycle", "term"),
        [
            pytest.param(
                a_row(price=PRICE),
                known(51500, detail="25 x 20.60 EUR"),
                known(618000, detail="25 x 20.60 EUR x 12"),
                id="declared, a year billed monthly",
            ),
            pytest.param(
                a_row(price=PRICE, billing=ANNUAL),
                known(51500, detail="25 x 20.60 EUR"),
                known(51500, detail="25 x 20.60 EUR"),
                id="declared, a year paid at once",
            ),
            pytest.param(
                a_row(price=PRICE, length=TRIENNIAL, billing=ANNUAL),
                known(51500, detail="25 x 20.60 EUR"),
                known(154500, detail="25 x 20.60 EUR x 3"),
                id="declared, three years billed yearly",
            ),
            pytest.param(
                a_row(price=PRICE, length=TRIENNIAL),
                known(51500, detail="25 x 20.60 EUR"),
                known(1854000, detail="25 x 20.60 EUR x 36"),
                id="declared, three years billed monthly",
            ),
            pytest.param(
                a_row(price=PRICE, length=MONTHLY),
                known(51500, detail="25 x 20.60 EUR"),
                known(51500, detail="25 x 20.60 EUR"),
                id="declared, monthly",
            ),
            pytest.param(
                a_row(price=PRICE, seats=None),
                known(2060, detail="1 x 20.60 EUR"),
                known(24720, detail="1 x 20.60 EUR x 12"),
                id="no seats count as one",
            ),
            pytest.param(
                a_row(price=PRICE, seats=0),
                known(0, detail="0 x 20.60 EUR"),
                known(0, detail="0 x 20.60 EUR x 12"),
                id="zero seats cost nothing",
            ),
            pytest.param(
                a_row(price=Money(500, "JPY")),
                known(12500, "JPY", detail="25 x 500 JPY"),
                known(150000, "JPY", detail="25 x 500 JPY x 12"),
                id="a currency without decimals",
            ),
            pytest.param(
                a_row(price=Money(1234, "KWD")),
                known(30850, "KWD", detail="25 x 1.234 KWD"),
                known(370200, "KWD", detail="25 x 1.234 KWD x 12"),
                id="a currency with three decimals",
            ),
            pytest.param(
                a_row(price=Money(10001, "CLF")),
                known(250025, "CLF", detail="25 x 1.0001 CLF"),
                known(3000300, "CLF", detail="25 x 1.0001 CLF x 12"),
                id="a currency with four decimals",
            ),
            pytest.param(
                a_row(price=PRICE, last_charge=Money(1, "EUR"), product="VISIO", billing=ANNUAL),
                known(51500, detail="25 x 20.60 EUR"),
                known(51500, detail="25 x 20.60 EUR"),
                id="a declared price goes before a listed one and the last charge",
            ),
            pytest.param(
                a_row(last_charge=Money(1, "EUR")),
                known(51500, basis=Basis.PRICE_LIST, detail="25 x 20.60 EUR"),
                known(618000, basis=Basis.PRICE_LIST, detail="25 x 20.60 EUR x 12"),
                id="a listed price goes before the last charge",
            ),
            pytest.param(
                a_row(product="OTHER", last_charge=Money(49900, "EUR")),
                known(49900, basis=Basis.LAST_CHARGE, detail="499.00 EUR"),
                known(598800, basis=Basis.LAST_CHARGE, detail="499.00 EUR x 12"),
                id="the last charge is for all seats together",
            ),
            pytest.param(
                a_row(product="OTHER"),
                unknown("no price is declared, and prices.csv has none of OTHER, annual billed monthly in EUR"),
                unknown("no price is declared, and prices.csv has none of OTHER, annual billed monthly in EUR"),
                id="nothing is known",
            ),
        ],
    )
    def test_a_billing_period_and_a_term_cost(self, row: StoredSubscription, cycle: Amount, term: Amount) -> None:
        assert amount_of_cycle(row, BOOK) == cycle
        assert amount_of_term(row, BOOK) == term

    @pytest.mark.parametrize(
        ("book", "product", "why"),
        [
            pytest.param(Rulebook(), "SPB", "there is no price list", id="no list"),
            pytest.param(
                Rulebook(prices=LIST),
                "POWER",
                "prices.csv has several of POWER, annual billed annual: the account names no currency",
                id="several currencies and no word which",
            ),
            pytest.param(
                Rulebook(prices=LIST),
                "WORD",
                "prices.csv has none of WORD, annual billed annual",
                id="not listed in any currency",
            ),
            pytest.param(
                Rulebook(prices=replace(LIST, origin="")),
                "WORD",
                "the price list has none of WORD, annual billed annual",
                id="a list without a name",
            ),
            pytest.param(
                Rulebook(currencies={"contoso": "CHF"}, prices=LIST),
                "POWER",
                "prices.csv has none of POWER, annual billed annual in CHF",
                id="not in the account's currency",
            ),
        ],
    )
    def test_what_is_not_known_says_why(self, book: Rulebook, product: str, why: str) -> None:
        row = a_row(product=product, billing=ANNUAL)
        assert amount_of_cycle(row, book) == amount_of_term(row, book) == unknown(f"no price is declared, and {why}")

    def test_a_huge_sum_is_exact(self) -> None:
        row = a_row(seats=9_999_999, price=Money(2_777_777, "CLF"), length=TRIENNIAL)
        assert amount_of_term(row, BOOK).money == Money(9_999_999 * 2_777_777 * 36, "CLF")

    @given(
        st.integers(0, 10**7),
        st.integers(0, MOST // (36 * 10**7)),
        st.sampled_from(["JPY", "EUR", "KWD", "CLF"]),
        st.sampled_from(
            [(length, billing) for length in TermLength for billing in TermLength if billing.months <= length.months]
        ),
    )
    def test_a_term_is_its_cycles_as_fractions_have_it(
        self, seats: int, minor: int, currency: str, plan: tuple[TermLength, TermLength]
    ) -> None:
        length, billing = plan
        row = a_row(seats=seats, price=Money(minor, currency), length=length, billing=billing)
        price = Fraction(minor, 10 ** (currency_digits(currency) or 0))
        whole = price * seats * Fraction(length.months, billing.months)
        found = amount_of_term(row, Rulebook()).money
        assert found is not None
        assert Fraction(money_text(found).removesuffix(f" {currency}")) == whole


def extending(**fields: Any) -> Rulebook:
    rule = Extension(**{"when_off": True, "surcharge_percent": 3, "otherwise_percent": 23, **fields})
    return replace(BOOK, lifecycles={"contoso": a_lifecycle(extension=rule)})


class TestExtension:
    @pytest.mark.parametrize(
        ("row", "amount"),
        [
            pytest.param(
                a_row(price=PRICE),
                known(63603, basis=Basis.PRICE_LIST, detail="25 x 24.70 EUR + 3 %, rounded up"),
                id="the monthly plan is listed: whatever its own plan's price is",
            ),
            pytest.param(
                a_row(seats=None),
                known(2545, basis=Basis.PRICE_LIST, detail="1 x 24.70 EUR + 3 %, rounded up"),
                id="rounded up to whole minor units",
            ),
            pytest.param(
                a_row(length=MONTHLY, price=PRICE),
                known(53045, detail="25 x 20.60 EUR + 3 %, rounded up"),
                id="it is the monthly plan itself: its declared price",
            ),
            pytest.param(
                a_row(length=MONTHLY, product="OTHER", last_charge=Money(50000, "EUR")),
                known(51500, basis=Basis.LAST_CHARGE, detail="500.00 EUR + 3 %, rounded up"),
                id="it is the monthly plan itself: its last charge",
            ),
            pytest.param(
                a_row(length=MONTHLY, product="OTHER", last_charge=Money(50000, "EUR"), extended=True),
                unknown("no price is declared, and prices.csv has none of OTHER, monthly billed monthly in EUR"),
                id="within an extension, the last charge may hold the surcharge",
            ),
            pytest.param(
                a_row(product="VISIO", billing=ANNUAL),
                known(40283, basis=Basis.PRICE_LIST, detail="25 x 157.20 EUR / 12 + 23 %, rounded up"),
                id="listed, but under no monthly plan: a month of its own plan",
            ),
            pytest.param(
                a_row(product="VISIO", length=TRIENNIAL, billing=TRIENNIAL, seats=1),
                known(1367, basis=Basis.PRICE_LIST, detail="1 x 400.00 EUR / 36 + 23 %, rounded up"),
                id="a month of three years",
            ),
            pytest.param(
                a_row(product="VISIO", price=Money(1400, "EUR")),
                known(43050, detail="25 x 14.00 EUR + 23 %, rounded up"),
                id="a declared monthly price of a product under no monthly plan",
            ),
            pytest.param(
                a_row(product="VISIO", last_charge=Money(1, "EUR")),
                unknown("no price is declared, and prices.csv has none of VISIO, annual billed monthly in EUR"),
                id="the last charge says nothing of a plan that there is not",
            ),
            pytest.param(
                a_row(product="OTHER", price=PRICE),
                unknown("no price of a monthly plan: prices.csv has none of OTHER, monthly billed monthly in EUR"),
                id="whether there is a monthly plan is not known",
            ),
            pytest.param(
                a_row(product="TEAMS", billing=ANNUAL),
                unknown("no price of a monthly plan: prices.csv has none of TEAMS, monthly billed monthly in EUR"),
                id="there is a monthly plan, in another currency",
            ),
        ],
    )
    def test_a_month_of_it_costs(self, row: StoredSubscription, amount: Amount) -> None:
        assert extension_amount(row, extending()) == amount

    @pytest.mark.parametrize(
        ("book", "product", "why"),
        [
            pytest.param(extending(when_off=False), "SPB", "no paid extension follows", id="there is none"),
            pytest.param(
                extending(when_off=None), "SPB", "whether a paid extension follows is not known", id="not known"
            ),
            pytest.param(Rulebook(), "SPB", "whether a paid extension follows is not known", id="no policy"),
            pytest.param(
                extending(surcharge_percent=None),
                "SPB",
                "the surcharge of the paid extension is not known",
                id="the surcharge is not known",
            ),
            pytest.param(
                extending(otherwise_percent=None),
                "VISIO",
                "the surcharge of the paid extension is not known",
                id="the other surcharge is not known",
            ),
        ],
    )
    def test_a_rule_that_is_open_gives_no_sum(self, book: Rulebook, product: str, why: str) -> None:
        assert extension_amount(a_row(product=product, billing=ANNUAL), book) == unknown(why)

    def test_a_record_within_it_costs_a_month_of_it_each_term(self) -> None:
        row = a_row(price=PRICE, recurring=Recurring.OFF, extended=True)
        month = known(63603, basis=Basis.PRICE_LIST, detail="25 x 24.70 EUR + 3 %, rounded up")
        assert amount_of_cycle(row, extending()) == amount_of_term(row, extending()) == month
        assert cycles_of_term(row) == 1

    def test_a_record_within_it_stays_there_whatever_a_newer_rule_says(self) -> None:
        book = replace(BOOK, lifecycles={"contoso": CLASSIC})
        row = a_row(recurring=Recurring.OFF, extended=True)
        assert extension_amount(row, book) == unknown("the surcharge of the paid extension is not known")
        assert extension_amount(row, Rulebook({"contoso": a_lifecycle(extension=None)}, {"contoso": "EUR"}, LIST)) == (
            unknown("the surcharge of the paid extension is not known")
        )

    def test_the_rule_of_the_day_on_which_the_term_ends_holds(self) -> None:
        rule = dated(Extension(when_off=False), (date(2027, 3, 1), Extension(when_off=True, surcharge_percent=10)))
        book = replace(BOOK, lifecycles={"contoso": a_lifecycle(extension=rule)})
        assert extension_amount(a_row(seats=1), book).money == Money(2717, "EUR")
        early = a_row(
            seats=1, start=date(2026, 2, 28), term=Term(midnight(date(2026, 2, 28)), midnight(date(2027, 2, 28)))
        )
        assert extension_amount(early, book) == unknown("no paid extension follows")

    @given(st.integers(0, 10**6), st.integers(0, 10**12), st.integers(0, 200), st.sampled_from(TermLength))
    def test_its_price_is_the_fraction_rounded_up(
        self, seats: int, minor: int, percent: int, billing: TermLength
    ) -> None:
        listed = PriceList({("VISIO", TRIENNIAL, billing, "EUR"): Money(minor, "EUR")})
        book = replace(extending(otherwise_percent=percent), prices=listed)
        row = a_row(product="VISIO", length=TRIENNIAL, billing=billing, seats=seats)
        exact = Fraction(seats * minor, billing.months) * (1 + Fraction(percent, 100))
        assert extension_amount(row, book).money == Money(ceil(exact), "EUR")


def slow_cycles(anchor: date, months: int, until: date) -> list[date]:
    """The first days of cycles from the anchor on, counted month by month; each clamped to the month that it is in."""
    found, steps = [anchor], 0
    while found[-1] <= until:
        steps += months
        year, month = anchor.year, anchor.month
        for _ in range(steps):
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        day = anchor.day
        while True:
            try:
                found.append(date(year, month, day))
                break
            except ValueError:
                day -= 1
    return found


PLANS = st.sampled_from(
    [(length, billing) for length in TermLength for billing in TermLength if billing.months <= length.months]
)
ANCHORS = st.dates(date(2019, 1, 1), date(2032, 12, 31))


def a_billed_row(
    anchor: date, plan: tuple[TermLength, TermLength], day: date, recurring: Recurring = Recurring.ON
) -> StoredSubscription:
    length, billing = plan
    term = term_at(anchor, length, midnight(day))
    return a_row(start=anchor, length=length, billing=billing, term=term, recurring=recurring)


class TestCycles:
    @pytest.mark.parametrize(
        ("anchor", "plan", "day", "cycle"),
        [
            pytest.param("2026-01-31", (ANNUAL, MONTHLY), "2026-02-27", "2026-01-31 2026-02-28", id="a clamped end"),
            pytest.param("2026-01-31", (ANNUAL, MONTHLY), "2026-02-28", "2026-02-28 2026-03-31", id="the 31st sticks"),
            pytest.param("2026-01-31", (ANNUAL, MONTHLY), "2027-01-30", "2026-12-31 2027-01-31", id="the last cycle"),
            pytest.param("2024-02-29", (ANNUAL, ANNUAL), "2026-02-28", "2026-02-28 2027-02-28", id="a leap day"),
            pytest.param(
                "2024-02-29", (TRIENNIAL, ANNUAL), "2029-03-01", "2029-02-28 2030-02-28", id="a year of three"
            ),
            pytest.param(
                "2024-02-29", (TRIENNIAL, MONTHLY), "2029-03-01", "2029-02-28 2029-03-29", id="a month of three years"
            ),
            pytest.param("2026-12-31", (MONTHLY, MONTHLY), "2027-02-28", "2027-02-28 2027-03-31", id="monthly terms"),
            pytest.param("2027-05-01", (ANNUAL, MONTHLY), "2026-11-23", "2027-05-01 2027-06-01", id="not begun yet"),
        ],
    )
    def test_a_cycle_is_counted_from_the_anchor(
        self, anchor: str, plan: tuple[TermLength, TermLength], day: str, cycle: str
    ) -> None:
        row = a_billed_row(date.fromisoformat(anchor), plan, date.fromisoformat(day))
        first, following = map(date.fromisoformat, cycle.split())
        assert cycle_at(row, date.fromisoformat(day)) == (first, following)

    def test_after_the_term_its_last_cycle_is_meant(self) -> None:
        row = a_billed_row(date(2026, 1, 31), (ANNUAL, MONTHLY), date(2026, 5, 1))
        assert cycle_at(row, date(2027, 9, 1)) == (date(2026, 12, 31), date(2027, 1, 31))

    def test_in_an_extension_the_cycle_is_the_term(self) -> None:
        term = Term(midnight(date(2026, 11, 5)), midnight(date(2026, 12, 1)))
        row = a_row(extended=True, billing=ANNUAL, recurring=Recurring.OFF, term=term)
        assert cycle_at(row, date(2026, 11, 23)) == (date(2026, 11, 5), date(2026, 12, 1))
        assert next_charge_day(row, date(2026, 11, 23)) is None

    def test_a_term_off_the_anchors_series_bounds_its_cycles(self) -> None:
        term = Term(midnight(date(2026, 3, 10)), midnight(date(2027, 1, 20)))
        row = a_row(start=date(2026, 3, 1), term=term)
        assert cycle_at(row, date(2026, 3, 12)) == (date(2026, 3, 10), date(2026, 4, 1))
        assert cycle_at(row, date(2027, 1, 5)) == (date(2027, 1, 1), date(2027, 1, 20))

    @given(ANCHORS, PLANS, st.integers(0, 1500))
    def test_a_cycle_is_the_one_found_day_by_day(
        self, anchor: date, plan: tuple[TermLength, TermLength], days: int
    ) -> None:
        today = anchor + timedelta(days=days)
        starts = slow_cycles(anchor, plan[1].months, today)
        row = a_billed_row(anchor, plan, today)
        first, following = cycle_at(row, today)
        assert (first, following) == (starts[-2], starts[-1])
        assert row.term.start <= midnight(first) < midnight(following) <= row.term.end

    @given(ANCHORS, PLANS, st.integers(0, 400), st.sampled_from(Recurring))
    def test_the_next_charge_is_the_one_found_day_by_day(
        self, anchor: date, plan: tuple[TermLength, TermLength], days: int, recurring: Recurring
    ) -> None:
        today = anchor + timedelta(days=days)
        row = a_billed_row(anchor, plan, today, recurring)
        starts = set(slow_cycles(anchor, plan[1].months, row.term.end.date() + timedelta(days=1)))
        day = today + timedelta(days=1)
        while day not in starts:
            day += timedelta(days=1)
        comes = midnight(day) < row.term.end or recurring is Recurring.ON
        assert next_charge_day(row, today) == (day if comes else None)

    def test_a_term_that_has_not_begun_is_charged_when_it_does(self) -> None:
        row = a_row(
            start=date(2027, 5, 1), status=Status.SCHEDULED, recurring=Recurring.OFF, cancellation=Cancel.AT_RENEWAL
        )
        assert next_charge_day(row, NOW.date()) == date(2027, 5, 1)

    @pytest.mark.parametrize("offset", [-11, 0, 14])
    def test_a_cycle_changes_at_midnight_utc_wherever_the_machine_is(self, in_time_zone: Any, offset: int) -> None:
        row = a_billed_row(date(2026, 1, 31), (ANNUAL, MONTHLY), date(2026, 2, 28))
        before = cycle_at(row, datetime(2026, 2, 27, 23, 59, tzinfo=UTC).date())
        in_time_zone(f"ZONE{-offset:+d}")
        assert cycle_at(row, datetime(2026, 2, 27, 23, 59, tzinfo=UTC).date()) == before
        assert before == (date(2026, 1, 31), date(2026, 2, 28))


class TestRefund:
    @pytest.mark.parametrize(
        ("day", "minor", "detail"),
        [
            pytest.param("2026-11-01", 49783, "29 of 30 days left, rounded down", id="the first day is used already"),
            pytest.param("2026-11-23", 12016, "7 of 30 days left, rounded down", id="in the middle"),
            pytest.param("2026-11-29", 1716, "1 of 30 days left, rounded down", id="on the last but one day"),
            pytest.param("2026-11-30", 0, "0 of 30 days left, rounded down", id="on the last day nothing is left"),
        ],
    )
    def test_what_is_left_of_the_paid_cycle_comes_back(self, day: str, minor: int, detail: str) -> None:
        refund = refund_of(a_row(price=PRICE), RefundRule.PRORATED, date.fromisoformat(day), BOOK)
        left = detail.split(maxsplit=1)[0]
        assert refund.amount == known(minor, detail=f"25 x 20.60 EUR x {left} / 30")
        assert (refund.rule, refund.detail) == ("prorated", detail)

    def test_it_is_the_sum_of_microsofts_own_example(self) -> None:
        # "Cancel your subscription", docs.microsoft.com, 2022: of 20.00 for February, 18.57 come back after two days.
        row = a_row(price=Money(2000, "USD"), seats=1, length=MONTHLY, start=date(2022, 2, 1))
        row = replace(row, term=term_at(date(2022, 2, 1), MONTHLY, datetime(2022, 2, 2, tzinfo=UTC)))
        refund = refund_of(row, RefundRule.PRORATED, date(2022, 2, 2), BOOK)
        assert refund.amount.money == Money(1857, "USD")
        assert refund.detail == "26 of 28 days left, rounded down"

    def test_a_year_paid_at_once_is_prorated_over_its_days(self) -> None:
        row = a_row(price=Money(36500, "EUR"), seats=1, billing=ANNUAL)
        refund = refund_of(row, RefundRule.PRORATED, date(2026, 3, 7), BOOK)
        assert refund.amount.money == Money(35800, "EUR")
        assert refund.detail == "358 of 365 days left, rounded down"

    def test_a_leap_year_has_a_day_more(self) -> None:
        row = a_row(price=Money(36600, "EUR"), seats=1, billing=ANNUAL, start=date(2027, 3, 1))
        refund = refund_of(row, RefundRule.PRORATED, date(2027, 3, 1), BOOK)
        assert refund.detail == "365 of 366 days left, rounded down"
        assert refund.amount.money == Money(36500, "EUR")

    def test_before_the_term_nothing_is_used(self) -> None:
        row = a_row(price=PRICE, start=date(2027, 5, 1), status=Status.SCHEDULED)
        refund = refund_of(row, RefundRule.PRORATED, NOW.date(), BOOK)
        assert refund.amount.money == Money(51500, "EUR")
        assert refund.detail == "31 of 31 days left, rounded down"

    def test_after_the_term_nothing_is_left(self) -> None:
        row = a_row(price=PRICE, recurring=Recurring.OFF)
        assert refund_of(row, RefundRule.PRORATED, date(2028, 1, 1), BOOK).amount.money == Money(0, "EUR")

    def test_all_of_it_comes_back_where_the_rule_says_so(self) -> None:
        refund = refund_of(a_row(price=PRICE), RefundRule.FULL, NOW.date(), BOOK)
        assert refund.amount == known(51500, detail="25 x 20.60 EUR")
        assert (refund.rule, refund.detail) == ("full", "the whole charge of the paid billing cycle")

    @pytest.mark.parametrize(
        ("price", "amount"),
        [
            pytest.param(PRICE, known(0, detail="25 x 20.60 EUR"), id="in a known currency"),
            pytest.param(
                None, unknown("no price is declared, and there is no price list"), id="in a currency that is not known"
            ),
        ],
    )
    def test_nothing_comes_back_where_the_rule_says_so(self, price: Money | None, amount: Amount) -> None:
        refund = refund_of(a_row(price=price), RefundRule.NONE, NOW.date(), Rulebook())
        assert (refund.amount, refund.rule, refund.detail) == (amount, "none", "nothing is paid back")

    def test_without_a_rule_it_is_not_known(self) -> None:
        refund = refund_of(a_row(price=PRICE), None, NOW.date(), BOOK)
        assert refund.amount == unknown("the refund rule is not known")
        assert (refund.rule, refund.detail) == ("not-known", "")

    def test_a_part_of_what_is_not_known_is_not_known(self) -> None:
        refund = refund_of(a_row(), RefundRule.PRORATED, NOW.date(), Rulebook())
        assert refund.amount == unknown("no price is declared, and there is no price list")
        assert (refund.rule, refund.detail) == ("prorated", "7 of 30 days left, rounded down")

    @given(
        ANCHORS,
        PLANS,
        st.integers(0, 1500),
        st.integers(0, 10**12),
        st.integers(0, 10**5),
    )
    def test_it_is_the_fraction_rounded_down_and_never_more_than_was_paid(
        self, anchor: date, plan: tuple[TermLength, TermLength], days: int, minor: int, seats: int
    ) -> None:
        today = anchor + timedelta(days=days)
        row = replace(a_billed_row(anchor, plan, today), price=Money(minor, "EUR"), seats=seats)
        starts = slow_cycles(anchor, plan[1].months, today)
        # Day by day: what comes after today, and before the next cycle.
        left = sum(1 for number in range(1, 1200) if today + timedelta(days=number) < starts[-1])
        exact = Fraction(seats * minor * left, (starts[-1] - starts[-2]).days)
        found = refund_of(row, RefundRule.PRORATED, today, BOOK).amount.money
        assert found == Money(floor(exact), "EUR")
        assert 0 <= floor(exact) <= seats * minor

    @given(st.integers(0, 10**15), st.integers(1, 1100), st.integers(0, 1100), st.integers(0, 1100))
    def test_more_days_left_are_never_worth_less(self, minor: int, days: int, one: int, other: int) -> None:
        fewer, more = sorted((min(one, days), min(other, days)))
        assert prorated(minor, fewer, days) <= prorated(minor, more, days) <= minor
        assert prorated(minor, days, days) == minor
        assert prorated(minor, 0, days) == 0


def test_a_sum_that_nobody_can_mean_is_not_known() -> None:
    row = a_stored("contoso/a", seats=10_000_000, price=Money(99_999_999_999_999, "EUR"))
    for amount in (amount_of_cycle(row, Rulebook()), amount_of_term(row, Rulebook())):
        assert (amount.money, amount.basis) == (None, Basis.UNKNOWN)
        assert amount.detail.endswith("is more than can be counted: check seats and price")
    largest = a_stored("contoso/a", seats=1, price=Money(MOST, "EUR"))
    assert amount_of_cycle(largest, Rulebook()).money == Money(MOST, "EUR")
    monthly = a_stored("contoso/a", seats=1, price=Money(MOST, "EUR"), billing=TermLength.MONTHLY)
    assert amount_of_term(monthly, Rulebook()).money is None
