"""The brakes: every refusal with its numbers and its way out, and what may pass beside it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.changes import ENDING, INTENTS, SPENDING, Change, Kind, Refusal
from reconciler.desired import DesiredState
from reconciler.journal import Freeze
from reconciler.model import Recurring, Status
from reconciler.plan import Plan, Verdict
from reconciler.recorded import as_recorded
from reconciler.safety import ALLOWABLE, COUNTED, Allow, Circumstances, review
from reconciler.settings import DEFAULT_LIMITS, AccountSettings, Limit, LimitName, Override, Safety
from tests.builders import NOW, a_change, a_desired, a_stored
from tests.estates import BINDINGS, LINEAGE, a_desired_state, a_stored_state

CHANGES, ENDINGS, CANCEL_NOW, SPENDINGS = LimitName
NONE = Limit(0, 0, 0)
UNLIMITED = dict.fromkeys(LimitName, Limit(10**6, 100, 10**6))


def names(account: str, count: int, start: int = 0) -> list[str]:
    return [f"{account}/s{number:03}" for number in range(start, start + count)]


def changes(kind: Kind, keys: Iterable[str]) -> list[Change]:
    return [a_change(kind, key) for key in keys]


def verdict(
    planned: Iterable[Change],
    stored: Iterable[str] = (),
    safety: Safety | None = None,
    *,
    recorded: Safety | None = None,
    allow: tuple[Allow, ...] = (),
    now: datetime = NOW,
) -> Verdict:
    """What the brakes say of these changes over an estate of active records, all of them declared."""
    rows = a_stored_state(*map(a_stored, stored), safety=as_recorded(recorded) if recorded else None)
    desired = a_desired_state(*map(a_desired, {*stored, *(str(change.key) for change in planned)}))
    plan = Plan(now, BINDINGS, tuple(planned))
    return review(plan, desired, rows, Circumstances(safety or Safety(), now, allow))


def only(name: LimitName, limit: Limit, **fields: object) -> Safety:
    """One limit; the others let everything pass."""
    return Safety(limits={**UNLIMITED, name: limit}, **fields)  # type: ignore[arg-type]


def numbers(found: Verdict) -> list[tuple[str, str, int | None, int | None]]:
    return [(item.limit, item.scope, item.count, item.allowed) for item in found.refused]


class TestCounting:
    def test_each_limit_counts_its_own_verbs(self) -> None:
        assert COUNTED[ENDINGS] == ENDING
        assert COUNTED[SPENDINGS] == SPENDING
        assert COUNTED[CANCEL_NOW] == {Kind.CANCEL_NOW}
        assert COUNTED[CHANGES] == INTENTS | {Kind.CORRECT}

    @pytest.mark.parametrize("kind", [Kind.REGISTER, Kind.ADOPT, Kind.RENAME, Kind.UPDATE, Kind.FORGET])
    def test_what_does_not_count_passes_the_tightest_limits(self, kind: Kind) -> None:
        planned = changes(kind, names("contoso", 50))
        found = verdict(planned, safety=Safety(limits=dict.fromkeys(LimitName, NONE)))
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
        found = verdict(changes(kind, names("contoso", 1)), safety=Safety(limits=dict.fromkeys(LimitName, NONE)))
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


class TestAccountsThenRun:
    A, B = names("contoso", 100), names("fabrikam", 100)

    def test_an_account_over_its_limit_is_refused_whole_and_the_others_go_on(self) -> None:
        planned = [
            *changes(Kind.TURN_OFF, self.A[:11]),
            a_change(Kind.UPDATE, self.A[50]),
            *changes(Kind.TURN_OFF, self.B[:2]),
        ]
        found = verdict(planned, [*self.A, *self.B])
        assert numbers(found) == [("max-endings", "contoso", 11, 10)]
        assert found.allowed == tuple(planned[-2:])
        assert not found.clear

    def test_the_run_is_judged_on_what_remains(self) -> None:
        planned = changes(Kind.TURN_OFF, [*self.A[:21], *self.B[:20]])
        safety = only(ENDINGS, Limit(20, 100, 0))
        found = verdict(planned, [*self.A, *self.B], safety)
        assert numbers(found) == [("max-endings", "contoso", 21, 20)]
        assert found.allowed == tuple(planned[21:])

    def test_accounts_within_their_limits_may_exceed_the_runs(self) -> None:
        planned = changes(Kind.TURN_OFF, [*self.A[:11], *self.B[:10]])
        found = verdict(planned, [*self.A, *self.B], only(ENDINGS, Limit(20, 50, 0)))
        assert (numbers(found), found.allowed) == ([("max-endings", "run", 21, 20)], ())

    def test_a_run_is_measured_by_all_that_is_stored_the_refused_accounts_too(self) -> None:
        planned = changes(Kind.TURN_OFF, [*self.A[:100], *self.B[:10]])
        found = verdict(planned, [*self.A, *self.B], only(ENDINGS, Limit(99, 10, 0)))
        assert numbers(found) == [("max-endings", "contoso", 100, 10)]
        assert len(found.allowed) == 10

    def test_every_limit_that_is_exceeded_is_named_in_order(self) -> None:
        found = verdict(changes(Kind.CANCEL_NOW, self.A[:40]), self.A)
        assert numbers(found) == [
            ("max-changes", "contoso", 40, 30),
            ("max-endings", "contoso", 40, 10),
            ("max-cancel-now", "contoso", 40, 2),
        ]


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


def flag_in(refusal: Refusal) -> Allow:
    """The `--allow` that a refusal tells, as a shell would read it."""
    words = shlex.split(refusal.hint.partition(";")[0])
    limit, _, pattern = words[words.index("--allow") + 1].partition("=")
    return Allow(limit, pattern)


def override_in(refusal: Refusal) -> Override:
    """The override that a refusal tells, as YAML."""
    found = re.search(r"overrides: \[\{.*\}\]", refusal.hint)
    assert found is not None
    (item,) = yaml.safe_load(found.group())["overrides"]
    name = LimitName(item["limit"].replace("_", "-"))
    return Override(name, item["match"], item["count"], item["until"], item["reason"])


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

    def test_what_may_be_allowed_is_named_in_the_contract(self) -> None:
        assert ALLOWABLE == ("max-changes", "max-endings", "max-cancel-now", "max-spending", "empty", "new-store")


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


def gate(
    desired: DesiredState,
    *,
    safety: Safety | None = None,
    allow: tuple[Allow, ...] = (),
    pinned: str | None = None,
    planned: tuple[Change, ...] = (),
    rows: Iterable[str] = (),
    recorded: Mapping[str, object] | None = None,
    **stored: object,
) -> Verdict:
    """What the brakes say around the changes; the rest names fields of the stored state."""
    around = Circumstances(safety or Safety(), NOW, allow, pinned)
    state = a_stored_state(*map(a_stored, rows), safety=recorded, **stored)
    return review(Plan(NOW, BINDINGS, planned), desired, state, around)


ONE = a_desired_state(a_desired("contoso/a"))
TURN_OFF = a_change(Kind.TURN_OFF, "contoso/a")


class TestEmpty:
    def test_specs_without_a_subscription_refuse_the_run(self) -> None:
        found = gate(DesiredState(), rows=names("contoso", 3))
        (refusal,) = found.refused
        assert (refusal.limit, refusal.scope, found.allowed) == ("empty", "run", ())
        assert refusal.detail == "the specs declare no subscription at all; 3 are stored"
        assert refusal.hint == (
            "is this the right folder? If it is meant: --allow empty, or "
            "`safety: {allow_empty: true}` in reconcile.yaml, applied before"
        )

    def test_so_they_do_where_nothing_is_stored(self) -> None:
        assert [item.limit for item in gate(DesiredState()).refused] == ["empty"]

    @pytest.mark.parametrize(
        ("declared", "recorded", "allow", "passes"),
        [
            pytest.param(False, None, (Allow("empty"),), True, id="allowed by flag"),
            pytest.param(
                False, None, (Allow("empty", "contoso"),), False, id="a flag for one account is not the run's"
            ),
            pytest.param(False, None, (Allow("max-endings"),), False, id="another flag"),
            pytest.param(True, None, (), True, id="declared, nothing recorded yet"),
            pytest.param(True, False, (), False, id="declared, but not recorded"),
            pytest.param(True, True, (), True, id="declared and recorded"),
        ],
    )
    def test_they_may_be_meant(
        self, declared: bool, recorded: bool | None, allow: tuple[Allow, ...], passes: bool
    ) -> None:
        before = None if recorded is None else as_recorded(Safety(allow_empty=recorded))
        found = gate(DesiredState(), safety=Safety(allow_empty=declared), allow=allow, recorded=before)
        assert found.clear is passes

    def test_an_account_that_lost_its_specs_is_refused_and_the_others_go_on(self) -> None:
        found = gate(ONE, rows=["contoso/a", "fabrikam/a", "fabrikam/b"], planned=(TURN_OFF,))
        (refusal,) = found.refused
        assert (refusal.limit, refusal.scope, found.allowed) == ("empty", "fabrikam", (TURN_OFF,))
        assert refusal.detail == "no file declares a subscription of fabrikam, and 2 stored ones have not ended"
        assert refusal.hint.startswith("were its specs lost? If it is meant: --allow empty=fabrikam, or ")

    @pytest.mark.parametrize(
        ("allow", "passes"),
        [
            (Allow("empty"), True),
            (Allow("empty", "fabrikam"), True),
            (Allow("empty", "fab*"), True),
            (Allow("empty", "contoso"), False),
            (Allow("empty", ""), False),
        ],
    )
    def test_it_may_be_meant_for_one_account(self, allow: Allow, passes: bool) -> None:
        assert gate(ONE, rows=["contoso/a", "fabrikam/a"], allow=(allow,)).clear is passes

    def test_an_account_where_all_has_ended_may_lose_its_specs(self) -> None:
        stored = a_stored_state(a_stored("contoso/a"), a_stored("fabrikam/a", status=Status.DELETED))
        assert review(Plan(NOW, BINDINGS), ONE, stored, Circumstances(Safety(), NOW)).clear


class TestStore:
    def test_a_pinned_store_that_is_missing_refuses(self) -> None:
        found = gate(ONE, pinned=LINEAGE, exists=False, planned=(TURN_OFF,))
        (refusal,) = found.refused
        assert (refusal.limit, refusal.scope, found.allowed) == ("new-store", "run", ())
        assert refusal.detail == f"the settings pin the store {LINEAGE}, and there is no store here"
        assert refusal.hint == (
            "restore it (reconcile store import FILE); to begin anew with that lineage: --allow new-store"
        )

    def test_it_may_be_begun_anew(self) -> None:
        assert gate(ONE, pinned=LINEAGE, exists=False, allow=(Allow("new-store"),)).clear

    def test_another_store_refuses_and_nothing_overrides_that(self) -> None:
        found = gate(ONE, pinned="another", planned=(TURN_OFF,), allow=tuple(map(Allow, ALLOWABLE)))
        (refusal,) = found.refused
        assert (refusal.limit, refusal.scope, found.allowed) == ("other-store", "run", ())
        assert refusal.detail == f"the settings pin the store another, this one is {LINEAGE}"
        assert refusal.hint == "point `store.url` at the pinned store; nothing overrides this"

    @pytest.mark.parametrize(
        ("pinned", "exists"),
        [(None, False), (None, True), (LINEAGE, True)],
        ids=["unpinned, new", "unpinned", "pinned"],
    )
    def test_the_right_store_and_an_unpinned_one_pass(self, pinned: str | None, exists: bool) -> None:
        assert gate(ONE, pinned=pinned, exists=exists).clear


class TestFreeze:
    SINCE = NOW - timedelta(days=1)

    def test_while_frozen_nothing_passes(self) -> None:
        freeze = Freeze("audit season", self.SINCE, "ada", NOW + timedelta(hours=2))
        found = gate(ONE, freeze=freeze, planned=(TURN_OFF,), allow=tuple(map(Allow, ALLOWABLE)))
        (refusal,) = found.refused
        assert (refusal.limit, refusal.scope, found.allowed) == ("frozen", "run", ())
        assert refusal.detail == (
            "frozen since 2026-11-22T12:00:00Z until 2026-11-23T14:00:00Z by ada: audit season"
        )  # fmt: skip
        assert refusal.hint == "to end it: reconcile thaw"

    def test_a_freeze_without_an_end_says_none(self) -> None:
        (refusal,) = gate(ONE, freeze=Freeze("audit season", self.SINCE, "ada")).refused
        assert refusal.detail == "frozen since 2026-11-22T12:00:00Z by ada: audit season"

    def test_a_freeze_that_is_over_holds_nothing(self) -> None:
        assert gate(ONE, freeze=Freeze("audit season", self.SINCE, "ada", NOW), planned=(TURN_OFF,)).clear


class TestWrongAccount:
    @pytest.mark.parametrize(
        ("recorded", "words"),
        [
            pytest.param(("stripe", None), "stripe without a tenant", id="another provider"),
            pytest.param(("ledger", "t-2"), "ledger, tenant t-2", id="another tenant"),
            pytest.param(("ledger", None), "ledger without a tenant", id="no tenant then"),
        ],
    )
    def test_it_is_refused_and_the_others_go_on(self, recorded: tuple[str, str | None], words: str) -> None:
        accounts: Mapping[str, AccountSettings] = {
            "contoso": AccountSettings("contoso", tenant="t-1"),
            "fabrikam": AccountSettings("fabrikam"),
        }
        desired = a_desired_state(a_desired("contoso/a"), a_desired("fabrikam/a"), accounts=accounts)
        other = a_change(Kind.TURN_OFF, "fabrikam/a")
        found = gate(
            desired,
            accounts={"contoso": recorded, "fabrikam": ("ledger", None)},
            planned=(TURN_OFF, other),
            allow=tuple(map(Allow, ALLOWABLE)),
        )
        (refusal,) = found.refused
        assert (refusal.limit, refusal.scope, found.allowed) == ("wrong-account", "contoso", (other,))
        assert refusal.detail == f"contoso was recorded as {words}, the settings say ledger, tenant t-1"
        assert refusal.hint == "use another account name for it; nothing overrides this"

    def test_an_account_that_is_not_recorded_yet_is_not_wrong(self) -> None:
        assert gate(ONE, accounts={"fabrikam": ("stripe", None)}).clear

    def test_it_is_not_judged_by_limits_as_well(self) -> None:
        found = gate(
            ONE, accounts={"contoso": ("stripe", None)}, planned=(TURN_OFF,), safety=only(ENDINGS, NONE)
        )  # fmt: skip
        assert [item.limit for item in found.refused] == ["wrong-account"]


def test_every_gate_that_is_shut_is_named() -> None:
    found = gate(DesiredState(), pinned="another", freeze=Freeze("r", NOW, "ada"))
    assert [item.limit for item in found.refused] == ["other-store", "frozen", "empty"]


def test_nothing_to_do_passes_the_tightest_limits() -> None:
    found = verdict([], names("contoso", 3), Safety(limits=dict.fromkeys(LimitName, NONE)))
    assert (found.clear, found.allowed, found.refused) == (True, (), ())


def test_a_pull_request_that_loosens_its_brakes_and_turns_all_off_is_refused() -> None:
    keys = names("contoso", 30)
    desired = a_desired_state(*(a_desired(key, recurring=Recurring.OFF) for key in keys))
    rows = a_stored_state(*map(a_stored, keys), safety=as_recorded(Safety()))
    loosened = Safety(
        limits=UNLIMITED, allow_empty=True, overrides=(Override(ENDINGS, "*", 30, date(2026, 12, 31), "trust me"),)
    )
    plan = Plan(NOW, BINDINGS, tuple(changes(Kind.TURN_OFF, keys)))
    found = review(plan, desired, rows, Circumstances(loosened, NOW))
    assert numbers(found) == [("max-changes", "contoso", 30, 10), ("max-endings", "contoso", 30, 5)]
