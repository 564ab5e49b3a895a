"""The limits: what each counts, how much may pass, what is excused, and the way out that a refusal tells."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.brakes import COUNTED, Allow
from reconciler.changes import ENDING, INTENTS, SPENDING, Change, Kind
from reconciler.model import Status
from reconciler.plan import Plan, Verdict
from reconciler.safety import Circumstances, review
from reconciler.settings import DEFAULT_LIMITS, IN_NUMBERS, Limit, LimitName, Override, Safety
from tests.builders import NOW, a_desired, a_stored
from tests.estates import BINDINGS, a_desired_state, a_stored_state
from tests.verdicts import (
    CANCEL_NOW,
    CANCELLED,
    CHANGES,
    ENDINGS,
    NONE,
    SPENDINGS,
    SPENT,
    UNLIMITED,
    changes,
    flag_in,
    names,
    numbers,
    only,
    override_in,
    verdict,
)


class TestCounting:
    def test_each_limit_counts_its_own_verbs(self) -> None:
        assert COUNTED[ENDINGS] == ENDING
        assert COUNTED[SPENDINGS] == SPENDING
        assert COUNTED[CANCEL_NOW] == {Kind.CANCEL_NOW}
        assert COUNTED[CHANGES] == INTENTS | {Kind.CORRECT}
        assert (COUNTED[CANCELLED], COUNTED[SPENT]) == (ENDING, SPENDING)

    @pytest.mark.parametrize("kind", [Kind.REGISTER, Kind.ADOPT, Kind.RENAME, Kind.UPDATE, Kind.FORGET])
    def test_what_does_not_count_passes_the_tightest_limits(self, kind: Kind) -> None:
        planned = changes(kind, names("contoso", 50))
        found = verdict(planned, safety=Safety(limits=dict.fromkeys(IN_NUMBERS, NONE)))
        assert (found.clear, found.allowed) == (True, tuple(planned))

    @pytest.mark.parametrize(
        ("kind", "limits"),
        [
            (Kind.CORRECT, "max-changes"),
            (Kind.TURN_OFF, "max-changes max-endings"),
            (Kind.CANCEL_AT_RENEWAL, "max-changes max-endings"),
            (Kind.CANCEL_NOW, "max-changes max-endings max-cancel-now"),
            (Kind.TURN_ON, "max-changes max-spending"),
            (Kind.UNDO_CANCEL, "max-changes max-spending"),
            (Kind.REACTIVATE, "max-changes max-spending"),
        ],
    )
    def test_each_verb_meets_its_limits(self, kind: Kind, limits: str) -> None:
        found = verdict(changes(kind, names("contoso", 1)), safety=Safety(limits=dict.fromkeys(IN_NUMBERS, NONE)))
        assert [item.limit for item in found.refused] == limits.split()
        assert found.allowed == ()

    @pytest.mark.parametrize(
        ("ending", "of", "passes"),
        [(5, 50, True), (6, 59, False), (6, 60, True), (20, 200, True), (21, 200, False), (21, 5000, False)],
    )
    def test_the_default_limit_on_endings_at_its_edges(self, ending: int, of: int, passes: bool) -> None:
        stored = names("contoso", of)
        found = verdict(changes(Kind.TURN_OFF, stored[:ending]), stored)
        assert found.clear is passes

    @pytest.mark.parametrize("status", Status)
    def test_percent_is_of_all_stored_that_has_not_ended(self, status: Status) -> None:
        keys = names("contoso", 100)
        rows = a_stored_state(*(a_stored(key, status=status) for key in keys))
        plan = Plan(NOW, BINDINGS, tuple(changes(Kind.TURN_OFF, keys[:10])))
        found = review(plan, a_desired_state(a_desired(keys[0])), rows, Circumstances(Safety(), NOW))
        assert found.clear is not status.ended

    def test_unmanaged_records_count_too_whatever_was_selected(self) -> None:
        keys = names("contoso", 60)
        rows = a_stored_state(*map(a_stored, keys))
        plan = Plan(NOW, BINDINGS, tuple(changes(Kind.TURN_OFF, keys[:6])))
        assert review(plan, a_desired_state(a_desired(keys[0])), rows, Circumstances(Safety(), NOW)).clear


class TestWords:
    def test_a_refusal_names_limit_numbers_setting_and_the_exact_way_out(self) -> None:
        keys = names("contoso", 59)
        (refusal,) = verdict(changes(Kind.TURN_OFF, keys[:6]), keys).refused
        assert refusal.detail == (
            "6 ending changes in contoso, 5 allowed (safety.max_endings: count 20, percent 10, at_least 5,"
            " of 59 not ended)"
        )
        assert refusal.hint == (
            "for this run: --allow max-endings='contoso/*'; reviewed and expiring, in reconcile.yaml, applied before: "
            'overrides: [{limit: max_endings, match: "contoso/*", count: 6, until: 2026-12-23, reason: ...}]'
        )

    def test_the_recorded_limit_and_the_environment_are_named_where_they_decide(self) -> None:
        keys = names("contoso", 59)
        planned = changes(Kind.TURN_OFF, keys[:6])
        loose = Safety(limits=UNLIMITED)
        (recorded, *_) = verdict(planned, keys, loose, recorded=only(ENDINGS, Limit(1, 50, 2))).refused
        assert "2 allowed (recorded by the last apply; safety.max_endings: count 1, percent 50, at_least 2," in (
            recorded.detail
        )
        (capped, *_) = verdict(planned, keys, replace(loose, caps={ENDINGS: 3})).refused
        assert "3 allowed (RECONCILE_MAX_ENDINGS=3)" in capped.detail

    @pytest.mark.parametrize(
        ("kind", "limit", "words"),
        [
            (Kind.CORRECT, CHANGES, "1 changes"),
            (Kind.TURN_OFF, ENDINGS, "1 ending changes"),
            (Kind.CANCEL_NOW, CANCEL_NOW, "1 immediate cancellations"),
            (Kind.TURN_ON, SPENDINGS, "1 spending changes"),
        ],
    )
    def test_each_limit_says_what_it_counts(self, kind: Kind, limit: LimitName, words: str) -> None:
        (refusal,) = verdict(changes(kind, names("contoso", 1)), safety=only(limit, NONE)).refused
        assert refusal.detail.startswith(f"{words} in contoso, 0 allowed (safety.{limit.setting}: ")

    def test_the_run_is_called_the_whole_run(self) -> None:
        keys = ["contoso/a", "fabrikam/a"]
        found = verdict(changes(Kind.TURN_OFF, keys), keys, only(ENDINGS, Limit(1, 100, 0)))
        (refusal,) = found.refused
        assert refusal.detail.startswith("2 ending changes in the whole run, 1 allowed (")
        assert "--allow max-endings='*';" in refusal.hint
        assert 'match: "*", count: 2' in refusal.hint


class TestWaysOut:
    A, B = names("contoso", 40), names("fabrikam", 40)
    ALL = (*A, *B)
    CASES = (
        pytest.param(changes(Kind.TURN_OFF, A[:6]), id="one account"),
        pytest.param(changes(Kind.CANCEL_NOW, A[:13]), id="one account, three limits"),
        pytest.param(changes(Kind.TURN_OFF, [*A[:5], *B[:5]]), id="the run"),
        pytest.param(changes(Kind.TURN_ON, [*A[:9], *B[:8]]), id="two accounts"),
    )

    @pytest.mark.parametrize("planned", CASES)
    def test_the_flags_that_are_told_let_the_run_pass(self, planned: list[Change]) -> None:
        allow: tuple[Allow, ...] = ()
        found = verdict(planned, self.ALL)
        for _ in range(2):  # once the accounts pass, the run may still refuse
            allow = (*allow, *map(flag_in, found.refused))
            found = verdict(planned, self.ALL, allow=allow)
        assert found.clear
        assert found.allowed == tuple(planned)

    @pytest.mark.parametrize("planned", CASES)
    def test_the_overrides_that_are_told_let_the_run_pass(self, planned: list[Change]) -> None:
        overrides: tuple[Override, ...] = ()
        found = verdict(planned, self.ALL)
        for _ in range(2):
            overrides = (*overrides, *map(override_in, found.refused))
            safety = Safety(overrides=overrides)
            found = verdict(planned, self.ALL, safety, recorded=safety)
        assert found.clear

    def test_an_override_that_is_told_counts_what_another_one_excuses(self) -> None:
        planned = changes(Kind.TURN_OFF, self.A[:12])
        some = Override(ENDINGS, "contoso/s00[0-3]", 4, date(2026, 12, 31), "four of them")
        (refusal,) = verdict(planned, self.ALL, Safety(overrides=(some,))).refused
        assert refusal.count == 8
        told = override_in(refusal)
        assert verdict(planned, self.ALL, Safety(overrides=(some, told))).clear


class TestAllow:
    KEYS = names("contoso", 20)
    PLANNED = changes(Kind.CANCEL_NOW, KEYS[:4])

    def test_without_a_pattern_every_change_leaves_that_count_and_no_other(self) -> None:
        found = verdict(self.PLANNED, self.KEYS, allow=(Allow("max-cancel-now"),))
        assert found.clear
        other = verdict(self.PLANNED, self.KEYS, allow=(Allow("max-endings"),))
        assert numbers(other) == [("max-cancel-now", "contoso", 4, 1)]

    def test_with_a_pattern_the_matching_ones_do(self) -> None:
        found = verdict(self.PLANNED, self.KEYS, allow=(Allow("max-cancel-now", "contoso/s00[0-1]"),))
        assert numbers(found) == [("max-cancel-now", "contoso", 2, 1)]
        assert verdict(self.PLANNED, self.KEYS, allow=(Allow("max-cancel-now", "*/s00[0-2]"),)).clear

    def test_an_empty_pattern_allows_nothing(self) -> None:
        found = verdict(self.PLANNED, self.KEYS, allow=(Allow("max-cancel-now", ""),))
        assert numbers(found) == [("max-cancel-now", "contoso", 4, 1)]

    def test_it_passes_a_ceiling_of_the_environment_too(self) -> None:
        found = verdict(self.PLANNED, self.KEYS, Safety(caps={CANCEL_NOW: 0}), allow=(Allow("max-cancel-now"),))
        assert found.clear

    def test_it_reads_as_it_is_written(self) -> None:
        assert str(Allow("max-endings")) == "max-endings"
        assert str(Allow("max-endings", "contoso/*")) == "max-endings=contoso/*"


class TestCaps:
    KEYS = names("contoso", 200)

    def test_a_ceiling_holds_below_at_least(self) -> None:
        found = verdict(changes(Kind.TURN_OFF, self.KEYS[:2]), self.KEYS, Safety(caps={ENDINGS: 1}))
        assert numbers(found) == [("max-endings", "contoso", 2, 1)]

    def test_a_ceiling_above_the_limit_loosens_nothing(self) -> None:
        found = verdict(changes(Kind.TURN_OFF, self.KEYS[:21]), self.KEYS, Safety(caps={ENDINGS: 99}))
        assert numbers(found) == [("max-endings", "contoso", 21, 20)]


class TestOverrides:
    KEYS = names("contoso", 20)
    PLANNED = changes(Kind.TURN_OFF, KEYS[:8])

    def found(self, *overrides: Override, now: datetime = NOW) -> Verdict:
        return verdict(self.PLANNED, self.KEYS, Safety(overrides=overrides), now=now)

    def test_it_takes_up_to_count_matching_changes_out(self) -> None:
        assert self.found(Override(ENDINGS, "contoso/*", 8, date(2026, 12, 31), "r")).clear
        assert self.found(Override(ENDINGS, "contoso/s00[0-2]", 3, date(2026, 12, 31), "r")).clear

    def test_of_more_matches_than_count_none_is_taken_out(self) -> None:
        found = self.found(Override(ENDINGS, "contoso/*", 7, date(2026, 12, 31), "r"))
        assert numbers(found) == [("max-endings", "contoso", 8, 5)]

    def test_only_changes_that_the_limit_counts_are_matches(self) -> None:
        planned = [*self.PLANNED, *changes(Kind.UPDATE, self.KEYS[8:])]
        safety = Safety(overrides=(Override(ENDINGS, "contoso/*", 8, date(2026, 12, 31), "r"),))
        assert verdict(planned, self.KEYS, safety).clear

    def test_it_holds_for_its_own_limit_alone(self) -> None:
        found = self.found(Override(CHANGES, "contoso/*", 8, date(2026, 12, 31), "r"))
        assert numbers(found) == [("max-endings", "contoso", 8, 5)]

    def test_it_holds_through_its_last_day_in_utc(self) -> None:
        override = Override(ENDINGS, "contoso/*", 8, date(2026, 12, 31), "r")
        assert self.found(override, now=datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)).clear
        assert not self.found(override, now=datetime(2027, 1, 1, tzinfo=UTC)).clear

    def test_it_holds_for_account_and_run(self) -> None:
        keys = [*names("contoso", 20), *names("fabrikam", 20)]
        planned = changes(Kind.TURN_OFF, keys)
        each = [Override(ENDINGS, f"{name}/*", 20, date(2026, 12, 31), "r") for name in ("contoso", "fabrikam")]
        safety = only(ENDINGS, DEFAULT_LIMITS[ENDINGS], overrides=tuple(each))
        assert verdict(planned, keys, safety).clear

    def test_one_that_is_declared_but_not_recorded_does_not_hold_yet(self) -> None:
        override = Override(ENDINGS, "contoso/*", 8, date(2026, 12, 31), "r")
        found = verdict(self.PLANNED, self.KEYS, Safety(overrides=(override,)), recorded=Safety())
        assert numbers(found) == [("max-endings", "contoso", 8, 5)]
        both = Safety(overrides=(override,))
        assert verdict(self.PLANNED, self.KEYS, both, recorded=both).clear


class TestOwnBrakes:
    """The stricter of the declared and the recorded limits holds."""

    KEYS = names("contoso", 100)

    @pytest.mark.parametrize(
        ("declared", "recorded", "allowed"),
        [
            pytest.param(Limit(99, 99, 99), Limit(3, 100, 0), 3, id="loosened in the pull request"),
            pytest.param(Limit(3, 100, 0), Limit(99, 99, 99), 3, id="tightened in the pull request"),
            pytest.param(Limit(50, 10, 0), Limit(8, 50, 0), 8, id="each stricter in its own way"),
            pytest.param(Limit(50, 5, 0), Limit(8, 50, 0), 5, id="and the other way round"),
        ],
    )
    def test_which_one_holds(self, declared: Limit, recorded: Limit, allowed: int) -> None:
        before = only(ENDINGS, recorded)
        at_most = verdict(
            changes(Kind.TURN_OFF, self.KEYS[:allowed]), self.KEYS, only(ENDINGS, declared), recorded=before
        )
        one_more = verdict(
            changes(Kind.TURN_OFF, self.KEYS[: allowed + 1]), self.KEYS, only(ENDINGS, declared), recorded=before
        )
        assert at_most.clear
        assert numbers(one_more) == [("max-endings", "contoso", allowed + 1, allowed)]

    @given(
        st.builds(Limit, st.integers(0, 30), st.integers(0, 30), st.integers(0, 10)),
        st.builds(Limit, st.integers(0, 30), st.integers(0, 30), st.integers(0, 10)),
        st.integers(0, 35),
    )
    def test_what_passes_both_passes_and_nothing_else(self, declared: Limit, recorded: Limit, ending: int) -> None:
        planned = changes(Kind.TURN_OFF, self.KEYS[:ending])
        found = verdict(planned, self.KEYS, only(ENDINGS, declared), recorded=only(ENDINGS, recorded))
        assert found.clear is (ending <= min(declared.allowed(100), recorded.allowed(100)))
