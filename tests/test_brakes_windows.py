"""Limits over days: many small runs cannot pass what one may not, and what was excused is held against nobody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.brakes import window_start
from reconciler.changes import Change, Kind
from reconciler.desired import DesiredState
from reconciler.model import Money
from reconciler.plan import Plan, Verdict
from reconciler.recorded import as_recorded
from reconciler.safety import Allow, Circumstances, review
from reconciler.settings import DEFAULT_LIMITS, IN_NUMBERS, Limit, LimitName, Override, Safety, ValueLimit
from reconciler.stored import RecentChange, StoredState
from tests.builders import NOW, a_change, a_key, a_stored
from tests.estates import BINDINGS, a_stored_state
from tests.verdicts import (
    CANCEL_NOW,
    CANCELLED,
    CHANGES,
    ENDINGS,
    SPENDINGS,
    SPENT,
    UNLIMITED,
    changes,
    earlier,
    eur,
    euros,
    flag_in,
    names,
    numbers,
    only,
    override_in,
    verdict,
    worth,
)

KEYS = names("contoso", 59)
FIVE = only(ENDINGS, Limit(20, 10, 5, 30))
"""Of 59 subscriptions 5 may end in 30 days."""
DAY = timedelta(days=1)


def before(count: int, days: float = 3, **fields: object) -> list[RecentChange]:
    """As many endings of an earlier run."""
    return [earlier(key, NOW - days * DAY, **fields) for key in KEYS[-count:]]  # type: ignore[arg-type]


def turned_off(count: int) -> list[Change]:
    return changes(Kind.TURN_OFF, KEYS[:count])


class TestCounting:
    def test_what_earlier_runs_ended_counts_beside_the_plan(self) -> None:
        assert verdict(turned_off(2), KEYS, FIVE, recent=before(3)).clear
        found = verdict(turned_off(3), KEYS, FIVE, recent=before(3))
        assert numbers(found) == [("max-endings", "contoso", 6, 5)]

    def test_a_refusal_says_how_many_are_of_earlier_runs(self) -> None:
        (refusal,) = verdict(turned_off(2), KEYS, FIVE, recent=before(5)).refused
        assert refusal.detail == (
            "7 ending changes in contoso (5 of them in the last 30 days before this run), 5 allowed "
            "(safety.max_endings: count 20, percent 10, at_least 5, per 30d, of 59 not ended)"
        )
        (alone,) = verdict(turned_off(6), KEYS, FIVE).refused
        assert alone.detail.startswith("6 ending changes in contoso, 5 allowed (")

    def test_of_one_day_it_says_so(self) -> None:
        daily = only(ENDINGS, Limit(20, 10, 5, 1))
        (refusal,) = verdict(turned_off(2), KEYS, daily, recent=before(5, 0.5)).refused
        assert "(5 of them in the last day before this run)" in refusal.detail

    @pytest.mark.parametrize(
        ("ago", "counts"),
        [
            pytest.param(timedelta(0), True, id="this very second"),
            pytest.param(30 * DAY, True, id="30 days to the second"),
            pytest.param(30 * DAY + timedelta(seconds=1), False, id="a second more"),
            pytest.param(-DAY, True, id="tomorrow, by a clock that was wrong"),
        ],
    )
    def test_the_window_ends_where_the_days_do(self, ago: timedelta, counts: bool) -> None:
        recent = [earlier(key, NOW - ago) for key in KEYS[-5:]]
        assert verdict(turned_off(1), KEYS, FIVE, recent=recent).clear is not counts

    def test_days_are_of_real_time_whatever_instant_the_plan_is_for(self) -> None:
        rows = a_stored_state(*map(a_stored, KEYS), recent=tuple(before(5)))
        plan = Plan(NOW + 300 * DAY, BINDINGS, tuple(turned_off(1)))
        desired = DesiredState()
        around = Circumstances(replace(FIVE, allow_empty=True), NOW)
        assert not review(plan, desired, rows, around).clear
        assert review(plan, desired, rows, replace(around, now=NOW + 300 * DAY)).clear

    @pytest.mark.parametrize("name", IN_NUMBERS)
    def test_each_limit_counts_its_own_verbs_of_earlier_runs(self, name: LimitName) -> None:
        kinds = {CHANGES: Kind.CORRECT, ENDINGS: Kind.TURN_OFF, CANCEL_NOW: Kind.CANCEL_NOW, SPENDINGS: Kind.TURN_ON}
        one = only(name, Limit(1, 100, 1, 7))
        planned = [a_change(kinds[name], KEYS[0])]
        assert verdict(planned, KEYS, one, recent=[earlier(KEYS[1], NOW, Kind.UPDATE)]).clear
        found = verdict(planned, KEYS, one, recent=[earlier(KEYS[1], NOW, kinds[name])])
        assert numbers(found) == [(name.value, "contoso", 2, 1)]

    def test_a_limit_without_days_counts_the_plan_alone(self) -> None:
        both = {**UNLIMITED, ENDINGS: Limit(20, 10, 5), CHANGES: Limit(9, 100, 0, 30)}
        found = verdict(turned_off(5), KEYS, Safety(limits=both), recent=before(5))
        assert numbers(found) == [("max-changes", "contoso", 10, 9)]

    def test_a_run_that_ends_nothing_is_not_refused_for_what_is_done(self) -> None:
        planned = [a_change(Kind.TURN_ON, KEYS[0])]
        assert verdict(planned, KEYS, FIVE, recent=before(9)).clear

    def test_other_accounts_count_for_the_run_and_not_for_the_account(self) -> None:
        others = names("fabrikam", 59)
        recent = [earlier(key, NOW - DAY) for key in others[:5]]
        assert numbers(verdict(turned_off(1), [*KEYS, *others], FIVE, recent=recent)) == []
        seven = only(ENDINGS, Limit(7, 100, 0, 30))
        assert numbers(verdict(turned_off(3), [*KEYS, *others], seven, recent=recent)) == [("max-endings", "run", 8, 7)]

    def test_where_nobody_has_read_the_earlier_changes_nothing_is_judged(self) -> None:
        stored = StoredState(lineage=BINDINGS.store_lineage)
        around = Circumstances(replace(FIVE, allow_empty=True), NOW)
        with pytest.raises(ValueError, match="were not read"):
            review(Plan(NOW, BINDINGS), DesiredState(), stored, around)
        assert review(Plan(NOW, BINDINGS), DesiredState(), replace(stored, exists=False), around).clear
        assert review(
            Plan(NOW, BINDINGS), DesiredState(), stored, replace(around, safety=Safety(allow_empty=True))
        ).clear


class TestExcused:
    def test_what_the_flag_of_its_own_run_excused_does_not_count(self) -> None:
        for flags in ("max-endings", "max-endings=contoso/*", "max-changes max-endings=*"):
            assert verdict(turned_off(5), KEYS, FIVE, recent=before(5, allowed=tuple(flags.split()))).clear
        for flags in ("", "max-changes", "max-endings=fabrikam/*", "max-endings=", "empty"):
            assert not verdict(turned_off(5), KEYS, FIVE, recent=before(5, allowed=tuple(flags.split()))).clear

    def test_a_flag_of_this_run_is_about_this_run(self) -> None:
        planned = turned_off(2)
        some = verdict(planned, KEYS, FIVE, recent=before(5), allow=(Allow("max-endings", KEYS[0]),))
        assert numbers(some) == [("max-endings", "contoso", 6, 5)]
        assert verdict(planned, KEYS, FIVE, recent=before(5), allow=(Allow("max-endings", "contoso/s00[01]"),)).clear

    def test_an_override_counts_what_matches_of_earlier_runs_and_of_the_plan(self) -> None:
        def found(count: int, match: str = "contoso/*") -> Verdict:
            override = Override(ENDINGS, match, count, date(2026, 12, 31), "Visio retired")
            return verdict(turned_off(3), KEYS, replace(FIVE, overrides=(override,)), recent=before(5))

        assert found(8).clear
        assert numbers(found(7)) == [("max-endings", "contoso", 8, 5)]
        assert found(5, "contoso/s05?").clear
        assert numbers(found(4, "contoso/s05?")) == [("max-endings", "contoso", 8, 5)]

    def test_what_a_flag_excused_uses_up_no_override(self) -> None:
        override = Override(ENDINGS, "contoso/*", 3, date(2026, 12, 31), "r")
        safety = replace(only(ENDINGS, Limit(0, 0, 0, 30)), overrides=(override,))
        assert verdict(turned_off(3), KEYS, safety, recent=before(5, allowed=("max-endings",))).clear
        assert not verdict(turned_off(3), KEYS, safety, recent=before(1)).clear

    def test_an_override_that_is_over_still_excuses_what_was_done_while_it_held(self) -> None:
        def found(until: date, count: int = 5) -> Verdict:
            override = Override(ENDINGS, "contoso/*", count, until, "Visio retired")
            return verdict(turned_off(5), KEYS, replace(FIVE, overrides=(override,)), recent=before(5, 3))

        assert found(date(2026, 11, 20)).clear
        assert not found(date(2026, 11, 19)).clear
        assert not found(date(2026, 11, 20), 4).clear

    def test_what_was_done_after_its_end_uses_up_nothing_of_it(self) -> None:
        override = Override(ENDINGS, "contoso/*", 5, date(2026, 11, 20), "Visio retired")
        recent = [*before(5, 3), *(earlier(key, NOW - DAY) for key in KEYS[20:22])]
        safety = replace(FIVE, overrides=(override,))
        assert verdict(turned_off(3), KEYS, safety, recent=recent).clear
        assert numbers(verdict(turned_off(4), KEYS, safety, recent=recent)) == [("max-endings", "contoso", 6, 5)]


class TestStricter:
    @pytest.mark.parametrize(
        ("declared", "recorded", "clear"),
        [
            pytest.param(30, 30, False, id="both"),
            pytest.param(None, 30, False, id="taken out in the pull request"),
            pytest.param(30, None, False, id="added in the pull request"),
            pytest.param(2, 30, False, id="shortened in the pull request"),
            pytest.param(30, 2, False, id="lengthened in the pull request"),
            pytest.param(2, 2, True, id="both short"),
            pytest.param(None, None, True, id="none"),
        ],
    )
    def test_days_hold_where_either_side_sets_them(
        self, declared: int | None, recorded: int | None, clear: bool
    ) -> None:
        now, then = (only(ENDINGS, Limit(20, 10, 5, days)) for days in (declared, recorded))
        assert verdict(turned_off(1), KEYS, now, recorded=then, recent=before(5)).clear is clear

    def test_the_limit_that_decides_is_named_with_its_days(self) -> None:
        now, then = only(ENDINGS, Limit(20, 10, 5)), only(ENDINGS, Limit(20, 10, 5, 30))
        (refusal,) = verdict(turned_off(1), KEYS, now, recorded=then, recent=before(5)).refused
        assert "(recorded by the last apply; safety.max_endings: count 20, percent 10, at_least 5, per 30d, of" in (
            refusal.detail
        )

    @pytest.mark.parametrize(
        ("declared", "recorded", "said"),
        [
            pytest.param(Limit(7, 100, 0, 30), Limit(2, 100, 0), (9, 7), id="by 2 with earlier runs, by 1 without"),
            pytest.param(Limit(2, 100, 0), Limit(7, 100, 0, 30), (9, 7), id="the same, the other way round"),
            pytest.param(Limit(8, 100, 0, 30), Limit(1, 100, 0), (3, 1), id="by 1 with earlier runs, by 2 without"),
            pytest.param(Limit(1, 100, 0), Limit(8, 100, 0, 30), (3, 1), id="that, the other way round"),
        ],
    )
    def test_of_two_limits_the_one_that_is_exceeded_by_more_is_told(
        self, declared: Limit, recorded: Limit, said: tuple[int, int]
    ) -> None:
        now, then = only(ENDINGS, declared), only(ENDINGS, recorded)
        (refusal,) = verdict(turned_off(3), KEYS, now, recorded=then, recent=before(6)).refused
        assert (refusal.count, refusal.allowed) == said

    def test_the_environments_ceiling_counts_over_the_longest_days_in_force(self) -> None:
        capped = only(ENDINGS, Limit(20, 50, 5, 2), caps={ENDINGS: 4})
        assert verdict(turned_off(1), KEYS, capped, recent=before(4)).clear
        (refusal,) = verdict(
            turned_off(1), KEYS, capped, recorded=only(ENDINGS, Limit(20, 50, 5, 30)), recent=before(4)
        ).refused
        assert (refusal.count, refusal.allowed) == (5, 4)
        assert "(RECONCILE_MAX_ENDINGS=4 per 30d)" in refusal.detail
        (alone,) = verdict(turned_off(2), KEYS, only(ENDINGS, DEFAULT_LIMITS[ENDINGS], caps={ENDINGS: 1})).refused
        assert alone.detail.endswith("1 allowed (RECONCILE_MAX_ENDINGS=1)")

    def test_how_far_back_is_needed(self) -> None:
        assert window_start(Safety(), None, NOW) is None
        assert window_start(Safety(), as_recorded(Safety()), NOW) is None
        week, month = only(ENDINGS, Limit(1, 1, 1, 7)), Safety(values={SPENT: ValueLimit(euros(1), 30)})
        assert window_start(week, None, NOW) == NOW - 7 * DAY
        assert window_start(week, as_recorded(month), NOW) == NOW - 30 * DAY
        assert window_start(month, as_recorded(week), NOW) == NOW - 30 * DAY
        assert window_start(Safety(), as_recorded(week), NOW) == NOW - 7 * DAY


class TestWaysOut:
    @pytest.mark.parametrize(
        ("planned", "recent"),
        [
            pytest.param(turned_off(3), before(5), id="earlier runs ended as many as may"),
            pytest.param(changes(Kind.CANCEL_NOW, KEYS[:7]), before(9), id="three limits"),
            pytest.param(turned_off(3), before(5, 45), id="earlier runs within the recorded days alone"),
            pytest.param(turned_off(1), before(9, allowed=("max-cancel-now",)), id="flags of another limit"),
            pytest.param(turned_off(8), before(4, allowed=("max-endings",)), id="earlier ones were excused"),
        ],
    )
    def test_what_a_refusal_tells_lets_the_run_pass(self, planned: list[Change], recent: list[RecentChange]) -> None:
        limits = {name: replace(limit, days=30) for name, limit in DEFAULT_LIMITS.items()}
        safety, before_it = Safety(limits), Safety({**limits, ENDINGS: Limit(20, 10, 5, 60)})
        found = verdict(planned, KEYS, safety, recorded=before_it, recent=recent)
        assert not found.clear
        flags = tuple(map(flag_in, found.refused))
        assert verdict(planned, KEYS, safety, recorded=before_it, recent=recent, allow=flags).clear
        told = tuple(map(override_in, found.refused))
        now, then = (replace(item, overrides=told) for item in (safety, before_it))
        assert verdict(planned, KEYS, now, recorded=then, recent=recent).clear


# Properties

ACCOUNTS = ("contoso", "fabrikam", "globex")
ESTATE = [key for account in ACCOUNTS for key in names(account, 20)]
ROWS = [a_stored(key) for key in ESTATE]
MONEY = st.none() | st.builds(Money, st.integers(0, 900), st.sampled_from(["EUR", "JPY", "USD"]))
PLANNED = st.dictionaries(
    st.sampled_from(ESTATE),
    st.tuples(st.sampled_from([Kind.TURN_OFF, Kind.CANCEL_NOW, Kind.TURN_ON]), MONEY),
    max_size=12,
)
LIMITS = st.builds(Limit, st.integers(0, 8), st.sampled_from([0, 10, 25, 50, 100]), st.integers(0, 3))
AMOUNTS = st.builds(
    lambda euro, yen: (Money(euro, "EUR"), *(() if yen is None else (Money(yen, "JPY"),))),
    st.integers(0, 2_000),
    st.none() | st.integers(0, 2_000),
)
VALUES = st.builds(ValueLimit, AMOUNTS)
BRAKES = st.builds(
    Safety,
    limits=st.fixed_dictionaries(dict.fromkeys(IN_NUMBERS, LIMITS)),
    allow_empty=st.just(True),
    values=st.dictionaries(st.sampled_from([CANCELLED, SPENT]), VALUES),
)


def over(safety: Safety, days: int | None) -> Safety:
    """The same limits over so many days."""
    return replace(
        safety,
        limits={name: replace(limit, days=days) for name, limit in safety.limits.items()},
        values={name: replace(limit, days=days) for name, limit in safety.values.items()},
    )


def made(planned: Iterable[tuple[str, tuple[Kind, Money | None]]]) -> list[Change]:
    return [worth(money, key, kind) for key, (kind, money) in planned]


def judged(
    planned: list[Change],
    safety: Safety,
    recent: Iterable[RecentChange] = (),
    now: datetime = NOW,
    recorded: Safety | None = None,
) -> Verdict:
    rows = a_stored_state(*ROWS, recent=tuple(recent), safety=as_recorded(recorded) if recorded else None)
    return review(Plan(now, BINDINGS, tuple(planned)), DesiredState(), rows, Circumstances(safety, now))


def kept(found: Verdict, at: datetime) -> list[RecentChange]:
    """What a run that carries a verdict out leaves in the journal."""
    return [RecentChange(change.key, change.kind, at, value_of(change), ()) for change in found.allowed]


def value_of(change: Change) -> Money | None:
    value = change.impact.value if change.impact else None
    return value.money if value else None


@given(PLANNED, BRAKES, st.lists(st.integers(0, 12), max_size=5), st.integers(1, 60), st.randoms(use_true_random=False))
def test_many_small_runs_pass_nothing_that_one_may_not(
    planned: dict[str, tuple[Kind, Money | None]], safety: Safety, cuts: list[int], days: int, random: Random
) -> None:
    wanted = made(planned.items())
    bounds = [0, *sorted(min(cut, len(wanted)) for cut in cuts), len(wanted)]
    hours = sorted(random.randrange(days * 24 + 1) for _ in bounds[1:])
    start = NOW - days * DAY
    journal: list[RecentChange] = []
    passed: list[Change] = []
    for begin, end, hour in zip(bounds, bounds[1:], hours, strict=False):
        now = start + timedelta(hours=hour)
        found = judged(wanted[begin:end], over(safety, days), journal, now)
        journal += kept(found, now)
        passed += found.allowed
    assert judged(passed, over(safety, None)).clear


@given(PLANNED, PLANNED, BRAKES, st.randoms(use_true_random=False))
def test_the_order_of_accounts_does_not_matter(
    planned: dict[str, tuple[Kind, Money | None]],
    done: dict[str, tuple[Kind, Money | None]],
    safety: Safety,
    random: Random,
) -> None:
    wanted = made(planned.items())
    recent = [earlier(key, NOW - DAY, kind, value=money) for key, (kind, money) in done.items()]
    one = judged(wanted, over(safety, 30), recent)
    shuffled, journal = random.sample(wanted, len(wanted)), random.sample(recent, len(recent))
    other = judged(shuffled, over(safety, 30), journal)
    assert {change.key for change in one.allowed} == {change.key for change in other.allowed}
    assert sorted(numbers(one), key=repr) == sorted(numbers(other), key=repr)


def tightened(safety: Safety, random: Random) -> Safety:
    """Every limit as it was, or stricter in one way or several."""

    def less(number: int) -> int:
        return random.choice([number, random.randint(0, number)])

    days = random.choice([10, 20, 40])
    return replace(
        safety,
        limits={
            name: Limit(less(limit.count), less(limit.percent), less(limit.at_least), days)
            for name, limit in safety.limits.items()
        },
        values={
            name: ValueLimit(
                tuple(replace(money, minor=less(money.minor)) for money in limit.amounts[: random.choice([1, 2])]), days
            )
            for name, limit in safety.values.items()
        }
        or random.choice([{}, {CANCELLED: ValueLimit(euros(1), days)}]),
    )


OF_ONE = PLANNED.map(lambda found: {key: item for key, item in found.items() if key.startswith("contoso/")})


@given(OF_ONE, PLANNED, BRAKES, st.randoms(use_true_random=False))
def test_what_a_limit_refuses_a_stricter_one_refuses_too(
    planned: dict[str, tuple[Kind, Money | None]],
    done: dict[str, tuple[Kind, Money | None]],
    safety: Safety,
    random: Random,
) -> None:
    wanted = made(planned.items())
    recent = [earlier(key, NOW - random.randrange(50) * DAY, kind, value=money) for key, (kind, money) in done.items()]
    loose = over(safety, 10)
    if not judged(wanted, loose, recent).clear:
        assert not judged(wanted, tightened(loose, random), recent).clear


@given(OF_ONE, PLANNED, BRAKES, BRAKES, st.none() | st.integers(1, 60), st.none() | st.integers(1, 60))
def test_what_passes_both_the_declared_and_the_recorded_passes_and_nothing_else(
    planned: dict[str, tuple[Kind, Money | None]],
    done: dict[str, tuple[Kind, Money | None]],
    declared: Safety,
    recorded: Safety,
    days: int | None,
    other_days: int | None,
) -> None:
    wanted = made(planned.items())
    recent = [earlier(key, NOW - 20 * DAY, kind, value=money) for key, (kind, money) in done.items()]
    now, then = over(declared, days), over(recorded, other_days)
    both = judged(wanted, now, recent, recorded=then)
    assert both.clear is (judged(wanted, now, recent).clear and judged(wanted, then, recent).clear)


@given(st.integers(0, 9), st.lists(st.integers(1, 6), max_size=6), st.integers(0, 3))
def test_an_override_lets_no_more_than_its_number_pass_however_it_is_split(
    count: int, sizes: list[int], allowed: int
) -> None:
    override = Override(ENDINGS, "contoso/*", count, date(2026, 12, 31), "r")
    safety = replace(only(ENDINGS, Limit(allowed, 100, 0, 30)), overrides=(override,), allow_empty=True)
    journal: list[RecentChange] = []
    for number, size in enumerate(sizes):
        planned = changes(Kind.TURN_OFF, names("contoso", size, len(journal)))
        rows = a_stored_state(*(a_stored(key) for key in names("contoso", 40)), recent=tuple(journal))
        at = datetime(2026, 11, 1, number, tzinfo=UTC)
        found = review(Plan(at, BINDINGS, tuple(planned)), DesiredState(), rows, Circumstances(safety, at))
        journal += kept(found, at)
    assert len(journal) <= max(count, allowed)


def test_a_key_of_an_earlier_change_counts_under_its_account() -> None:
    assert earlier("contoso/old-name", NOW).key == a_key("contoso/old-name")
    recent = [earlier(f"contoso/old-{number}", NOW - DAY, value=eur(1)) for number in range(5)]
    assert not verdict(turned_off(1), KEYS, FIVE, recent=recent).clear
