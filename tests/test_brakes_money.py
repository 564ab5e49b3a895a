"""Limits in money: exact sums by currency, nothing of unknown value beside them, and the way out of each refusal."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.changes import Change, Kind
from reconciler.consequences import Amount, Basis, Impact
from reconciler.model import Money
from reconciler.safety import Allow
from reconciler.settings import Override, Safety, ValueLimit
from reconciler.stored import RecentChange
from tests.builders import NOW, a_change
from tests.verdicts import (
    CANCELLED,
    SPENT,
    UNLIMITED,
    changes,
    earlier,
    eur,
    euros,
    flag_in,
    names,
    numbers,
    override_in,
    sums,
    verdict,
    worth,
)

KEYS = names("contoso", 20)
YEN = Money(900, "JPY")
DAY = timedelta(days=1)


def limited(*amounts: Money, days: int | None = None, **fields: object) -> Safety:
    """A limit on what ends, and no other."""
    values = {CANCELLED: ValueLimit(amounts, days)}
    return Safety(limits=UNLIMITED, values=values, **fields)  # type: ignore[arg-type]


def ending(*values: Money | None) -> list[Change]:
    return [worth(money, key) for money, key in zip(values, KEYS, strict=False)]


class TestCounting:
    def test_the_charges_of_one_term_of_all_that_ends_are_added(self) -> None:
        assert verdict(ending(eur(3000), eur(2000)), KEYS, limited(eur(5000))).clear
        found = verdict(ending(eur(3000), eur(2000), Money(1, "EUR")), KEYS, limited(eur(5000)))
        assert sums(found) == [("max-cancelled-value", "contoso", "5000.01 EUR", "5000.00 EUR")]
        assert numbers(found) == [("max-cancelled-value", "contoso", None, None)]

    def test_none_is_set_by_default(self) -> None:
        assert verdict(ending(eur(10**9), None), KEYS, Safety(limits=UNLIMITED)).clear

    @pytest.mark.parametrize("kind", Kind)
    def test_each_limit_counts_its_own_verbs(self, kind: Kind) -> None:
        values = {CANCELLED: ValueLimit(euros(0)), SPENT: ValueLimit(euros(0))}
        found = verdict([worth(eur(1), KEYS[0], kind)], KEYS, Safety(limits=UNLIMITED, values=values))
        ends = kind in (Kind.TURN_OFF, Kind.CANCEL_AT_RENEWAL, Kind.CANCEL_NOW)
        spends = kind in (Kind.TURN_ON, Kind.UNDO_CANCEL, Kind.REACTIVATE)
        wanted = ["max-cancelled-value"] * ends + ["max-spent-value"] * spends
        assert [item.limit for item in found.refused] == wanted

    def test_each_currency_is_added_by_itself_and_each_that_exceeds_is_told(self) -> None:
        planned = ending(eur(3000), YEN, eur(3000), YEN)
        assert verdict(planned, KEYS, limited(eur(6000), Money(1800, "JPY"))).clear
        found = verdict(planned, KEYS, limited(eur(5999), Money(1799, "JPY")))
        assert sums(found) == [
            ("max-cancelled-value", "contoso", "6000.00 EUR", "5999.00 EUR"),
            ("max-cancelled-value", "contoso", "1800 JPY", "1799 JPY"),
        ]

    def test_of_a_currency_that_it_does_not_name_nothing_may_pass(self) -> None:
        found = verdict(ending(eur(1), YEN), KEYS, limited(eur(5000)))
        assert sums(found) == [("max-cancelled-value", "contoso", "900 JPY", "0 JPY")]
        (refusal,) = found.refused
        assert refusal.detail == (
            "ending changes worth 900 JPY in contoso, no JPY allowed (safety.max_cancelled_value: 5000.00 EUR)"
        )

    def test_what_costs_nothing_passes_in_any_currency(self) -> None:
        assert verdict(ending(Money(0, "JPY"), eur(0)), KEYS, limited(eur(0))).clear

    def test_accounts_are_judged_first_and_then_the_run_on_what_remains(self) -> None:
        others = names("fabrikam", 20)
        planned = [*ending(eur(3000)), worth(eur(3000), others[0]), worth(eur(6000), "globex/a")]
        found = verdict(planned, [*KEYS, *others], limited(eur(5000)))
        assert sums(found) == [
            ("max-cancelled-value", "globex", "6000.00 EUR", "5000.00 EUR"),
            ("max-cancelled-value", "run", "6000.00 EUR", "5000.00 EUR"),
        ]
        assert found.allowed == ()
        assert found.refused[1].detail.startswith("ending changes worth 6000.00 EUR in the whole run, 5000.00 EUR")

    @given(st.lists(st.integers(0, 10**15), min_size=1, max_size=20))
    def test_sums_are_exact(self, minors: list[int]) -> None:
        planned = ending(*(Money(minor, "EUR") for minor in minors))
        assert verdict(planned, KEYS, limited(Money(sum(minors), "EUR"))).clear
        assert verdict(planned, KEYS, limited(Money(sum(minors) - 1, "EUR"))).clear is (sum(minors) == 0)


class TestUnknown:
    def test_what_moves_no_money_is_not_of_unknown_value(self) -> None:
        assert verdict([a_change(Kind.CANCEL_AT_RENEWAL, KEYS[0], impact=Impact())], KEYS, limited(eur(1))).clear

    def test_a_price_that_the_same_plan_lowers_lets_nothing_pass(self) -> None:
        cheap = Amount(eur(1), Basis.DECLARED)
        dear = Amount(eur(6000), Basis.DECLARED)
        change = a_change(Kind.TURN_OFF, KEYS[0], impact=Impact(value=cheap, weighed=dear))
        assert sums(verdict([change], KEYS, limited(eur(5000)))) == [
            ("max-cancelled-value", "contoso", "6000.00 EUR", "5000.00 EUR")
        ]

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param(worth(None, KEYS[0]), id="a value that is not known"),
            pytest.param(
                a_change(Kind.TURN_OFF, KEYS[0], impact=Impact(unknown=("charge",))), id="an impact without a value"
            ),
            pytest.param(a_change(Kind.TURN_OFF, KEYS[0]), id="no impact"),
        ],
    )
    def test_nothing_of_unknown_value_slips_through(self, change: Change) -> None:
        found = verdict([change], KEYS, limited(eur(5000)))
        assert numbers(found) == [("max-cancelled-value", "contoso", 1, 0)]
        assert sums(found) == [("max-cancelled-value", "contoso", None, None)]
        (refusal,) = found.refused
        assert refusal.detail == (
            "1 ending change in contoso whose value is not known, none allowed beside a limit in money "
            "(safety.max_cancelled_value: 5000.00 EUR): contoso/s000"
        )
        assert refusal.hint == (
            "declare the price, such as facts: {price: 20.60 EUR}, or have it in the price list that reconcile.yaml "
            "names, such as prices: prices.csv; for this run: --allow max-cancelled-value='contoso/s000'"
        )

    def test_it_is_told_beside_what_is_known_and_too_much(self) -> None:
        found = verdict(ending(eur(5001), None, None), KEYS, limited(eur(5000)))
        assert sums(found)[0] == ("max-cancelled-value", "contoso", "5001.00 EUR", "5000.00 EUR")
        assert numbers(found)[1] == ("max-cancelled-value", "contoso", 2, 0)
        known, unknown = found.refused
        assert known.hint == "for this run: --allow max-cancelled-value='contoso/*'"
        assert unknown.hint.endswith("for this run: --allow max-cancelled-value='contoso/*'")

    def test_of_many_some_are_named(self) -> None:
        (refusal,) = verdict(ending(*[None] * 5), KEYS, limited(eur(5000))).refused
        assert refusal.detail.endswith(": contoso/s000, contoso/s001, contoso/s002 and 2 more")

    def test_what_is_excused_may_be_of_unknown_value(self) -> None:
        planned = ending(None, eur(1))
        assert verdict(planned, KEYS, limited(eur(1)), allow=(Allow("max-cancelled-value", KEYS[0]),)).clear

    def test_what_was_ended_before_anybody_set_a_limit_is_held_against_nobody(self) -> None:
        recent = [earlier(key, NOW - DAY) for key in KEYS[5:]]
        assert verdict(ending(eur(1)), KEYS, limited(eur(1), days=30), recent=recent).clear


class TestDays:
    RECENT = tuple(earlier(key, NOW - 3 * DAY, value=eur(1000)) for key in KEYS[-4:])

    def test_what_earlier_runs_ended_counts_beside_the_plan(self) -> None:
        month = limited(eur(5000), days=30)
        assert verdict(ending(eur(1000)), KEYS, month, recent=self.RECENT).clear
        (refusal,) = verdict(ending(eur(2180)), KEYS, month, recent=self.RECENT).refused
        assert refusal.detail == (
            "ending changes worth 6180.00 EUR in contoso (4000.00 EUR of it in the last 30 days before this run), "
            "5000.00 EUR allowed (safety.max_cancelled_value: 5000.00 EUR per 30d)"
        )
        assert (refusal.amount, refusal.allowed_amount) == ("6180.00 EUR", "5000.00 EUR")

    def test_a_run_that_adds_nothing_of_that_currency_is_not_refused_for_it(self) -> None:
        month = limited(eur(1), YEN, days=30)
        assert verdict(ending(YEN, eur(0)), KEYS, month, recent=self.RECENT).clear
        assert not verdict(ending(YEN, Money(1, "EUR")), KEYS, month, recent=self.RECENT).clear

    def test_days_that_are_over_do_not_count(self) -> None:
        assert verdict(ending(eur(2180)), KEYS, limited(eur(5000), days=2), recent=self.RECENT).clear
        assert verdict(ending(eur(2180)), KEYS, limited(eur(5000)), recent=self.RECENT).clear

    @pytest.mark.parametrize(
        ("declared", "recorded", "clear"),
        [
            pytest.param(ValueLimit(euros(5000), 30), None, False, id="declared only"),
            pytest.param(None, ValueLimit(euros(5000), 30), False, id="taken out in the pull request"),
            pytest.param(ValueLimit(euros(9000), 30), ValueLimit(euros(5000), 30), False, id="raised"),
            pytest.param(ValueLimit(euros(5000), 30), ValueLimit(euros(9000), 30), False, id="lowered"),
            pytest.param(ValueLimit(euros(5000)), ValueLimit(euros(5000), 30), False, id="days taken out"),
            pytest.param(ValueLimit((*euros(9000), YEN), 30), ValueLimit((YEN,), 30), False, id="a currency added"),
            pytest.param(ValueLimit((YEN,), 30), ValueLimit((*euros(9000), YEN), 30), False, id="one taken out"),
            pytest.param(ValueLimit(euros(6180), 30), ValueLimit(euros(9000), 30), True, id="enough in both"),
            pytest.param(None, None, True, id="none"),
        ],
    )
    def test_it_holds_where_either_side_sets_it(
        self, declared: ValueLimit | None, recorded: ValueLimit | None, clear: bool
    ) -> None:
        now, then = (
            Safety(limits=UNLIMITED, values={CANCELLED: limit} if limit else {}) for limit in (declared, recorded)
        )
        found = verdict(ending(eur(2180)), KEYS, now, recorded=then, recent=self.RECENT)
        assert found.clear is clear

    @pytest.mark.parametrize("other_way", [False, True])
    @pytest.mark.parametrize(
        ("month", "alone", "said"),
        [(5000, 2000, ("6180.00 EUR", "5000.00 EUR")), (6000, 1000, ("2180.00 EUR", "1000.00 EUR"))],
    )
    def test_of_two_limits_the_one_that_is_exceeded_by_more_is_told(
        self, month: int, alone: int, said: tuple[str, str], other_way: bool
    ) -> None:
        pair = (limited(eur(month), days=30), limited(eur(alone)))
        now, then = reversed(pair) if other_way else pair
        (refusal,) = verdict(ending(eur(2180)), KEYS, now, recorded=then, recent=self.RECENT).refused
        assert (refusal.amount, refusal.allowed_amount) == said

    def test_the_recorded_one_is_named_where_it_decides(self) -> None:
        safety = limited(eur(9000))
        (refusal,) = verdict(ending(eur(2000)), KEYS, safety, recorded=limited(eur(1000))).refused
        assert refusal.detail.endswith("(recorded by the last apply; safety.max_cancelled_value: 1000.00 EUR)")
        assert refusal.allowed_amount == "1000.00 EUR"


class TestCaps:
    def test_a_ceiling_is_a_limit_where_none_is_set(self) -> None:
        safety = Safety(limits=UNLIMITED, value_caps={CANCELLED: euros(1000)})
        assert verdict(ending(eur(1000)), KEYS, safety).clear
        (refusal,) = verdict(ending(eur(1001)), KEYS, safety).refused
        assert refusal.detail == (
            "ending changes worth 1001.00 EUR in contoso, 1000.00 EUR allowed "
            "(RECONCILE_MAX_CANCELLED_VALUE=1000.00 EUR)"
        )
        assert not verdict(ending(YEN), KEYS, safety).clear
        assert not verdict(ending(None), KEYS, safety).clear

    def test_it_can_only_tighten(self) -> None:
        loose = limited(eur(1000), value_caps={CANCELLED: (eur(9000), YEN)})
        assert sums(verdict(ending(eur(1001)), KEYS, loose)) == [
            ("max-cancelled-value", "contoso", "1001.00 EUR", "1000.00 EUR")
        ]
        assert not verdict(ending(YEN), KEYS, loose).clear

    def test_it_counts_over_the_days_of_the_limit(self) -> None:
        safety = limited(eur(9000), days=30, value_caps={CANCELLED: euros(4500)})
        (refusal,) = verdict(ending(eur(1000)), KEYS, safety, recent=TestDays.RECENT).refused
        assert refusal.allowed_amount == "4500.00 EUR"
        assert "(RECONCILE_MAX_CANCELLED_VALUE=4500.00 EUR per 30d)" in refusal.detail


class TestOverrides:
    PLANNED = ending(eur(3000), eur(3000), YEN)

    def found(self, *amounts: Money, match: str = "contoso/*", **fields: object) -> bool:
        override = Override(CANCELLED, match, 0, date(2026, 12, 31), "Visio retired", amounts)
        safety = limited(eur(0), overrides=(override,))
        return verdict(self.PLANNED, KEYS, safety, **fields).clear  # type: ignore[arg-type]

    def test_it_takes_what_matches_out_as_far_as_its_amounts_go(self) -> None:
        assert self.found(eur(6000), YEN)
        assert not self.found(Money(599_999, "EUR"), YEN)
        assert not self.found(eur(6000), Money(899, "JPY"))
        assert not self.found(eur(6000))

    def test_a_count_excuses_no_money(self) -> None:
        override = Override(CANCELLED, "contoso/*", 99, date(2026, 12, 31), "r")
        assert not verdict(self.PLANNED, KEYS, limited(eur(0), overrides=(override,))).clear

    def test_only_what_matches_leaves_the_sum(self) -> None:
        override = Override(CANCELLED, KEYS[0], 0, date(2026, 12, 31), "r", euros(3000))
        found = verdict(self.PLANNED, KEYS, limited(eur(2999), YEN, overrides=(override,)))
        assert sums(found) == [("max-cancelled-value", "contoso", "3000.00 EUR", "2999.00 EUR")]

    def test_with_one_of_unknown_value_among_the_matches_it_holds_for_none(self) -> None:
        override = Override(CANCELLED, "contoso/*", 9, date(2026, 12, 31), "r", euros(9000))
        found = verdict(ending(eur(3000), None), KEYS, limited(eur(2999), overrides=(override,)))
        assert [item.count for item in found.refused] == [None, 1]

    def test_it_counts_what_matches_of_earlier_runs(self) -> None:
        override = Override(CANCELLED, "contoso/*", 0, date(2026, 12, 31), "r", euros(6180))
        month = limited(eur(5000), days=30, overrides=(override,))
        assert verdict(ending(eur(2180)), KEYS, month, recent=TestDays.RECENT).clear
        assert not verdict(ending(eur(2181)), KEYS, month, recent=TestDays.RECENT).clear


class TestWaysOut:
    CASES = (
        pytest.param(ending(eur(6000)), (), id="one currency"),
        pytest.param(ending(eur(6000), YEN, eur(1), Money(5, "KWD")), (), id="three currencies"),
        pytest.param(ending(eur(6000)), TestDays.RECENT, id="earlier runs"),
        pytest.param([*ending(eur(3000)), worth(eur(3000), "fabrikam/a")], (), id="the run"),
    )

    @pytest.mark.parametrize(("planned", "recent"), CASES)
    def test_the_flags_and_the_overrides_that_are_told_let_the_run_pass(
        self, planned: list[Change], recent: tuple[RecentChange, ...]
    ) -> None:
        safety = limited(eur(5000), days=30)
        found = verdict(planned, KEYS, safety, recent=recent)
        assert not found.clear
        flags = tuple(map(flag_in, found.refused))
        assert verdict(planned, KEYS, safety, recent=recent, allow=flags).clear
        told = replace(safety, overrides=tuple(map(override_in, found.refused)))
        assert verdict(planned, KEYS, told, recorded=told, recent=recent).clear

    def test_the_override_is_told_with_exact_amounts(self) -> None:
        (refusal,) = verdict(ending(eur(2180)), KEYS, limited(eur(5000), days=30), recent=TestDays.RECENT).refused
        assert refusal.hint == (
            "for this run: --allow max-cancelled-value='contoso/*'; reviewed and expiring, in reconcile.yaml, "
            'applied before: overrides: [{limit: max_cancelled_value, match: "contoso/*", amounts: [6180.00 EUR], '
            "until: 2026-12-23, reason: ...}]"
        )

    @pytest.mark.parametrize("count", [1, 2, 5])
    def test_the_flag_for_what_is_of_unknown_value_lets_it_pass(self, count: int) -> None:
        planned = ending(*[None] * count)
        found = verdict(planned, KEYS, limited(eur(5000)))
        assert verdict(planned, KEYS, limited(eur(5000)), allow=tuple(map(flag_in, found.refused))).clear

    def test_a_flag_is_of_its_own_limit(self) -> None:
        planned = changes(Kind.TURN_ON, KEYS[:1])
        values = {SPENT: ValueLimit(euros(1))}
        safety = Safety(limits=UNLIMITED, values=values)
        assert not verdict(planned, KEYS, safety, allow=(Allow("max-cancelled-value"), Allow("max-spending"))).clear
        assert verdict(planned, KEYS, safety, allow=(Allow("max-spent-value"),)).clear
