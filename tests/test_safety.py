"""The verdict: every gate with its way out, accounts before the run, and what may pass beside a refusal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest

from reconciler.changes import Change, Kind
from reconciler.desired import DesiredState
from reconciler.journal import Freeze
from reconciler.model import Recurring, Status
from reconciler.plan import Plan, Verdict
from reconciler.recorded import as_recorded
from reconciler.safety import ALLOWABLE, Allow, Circumstances, review
from reconciler.settings import IN_NUMBERS, AccountSettings, Limit, Override, Safety
from reconciler.stored import Settled
from tests.builders import NOW, a_change, a_desired, a_stored
from tests.estates import BINDINGS, LINEAGE, a_desired_state, a_stored_state
from tests.verdicts import ENDINGS, NONE, UNLIMITED, changes, names, numbers, only, verdict


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


class TestSettled:
    """Records that a plan was made without count as all others do."""

    TEN = Settled(counts={"contoso": 10}, chosen={"contoso": 10})

    @pytest.mark.parametrize("looked_at", [0, 1, 90, 100])
    def test_a_percentage_is_of_all_that_is_stored_however_much_of_it_was_looked_at(self, looked_at: int) -> None:
        planned = tuple(changes(Kind.TURN_OFF, names("contoso", 11)))
        rest = Settled(counts={"contoso": 100 - looked_at}, chosen={"contoso": 100 - looked_at})
        found = gate(
            ONE,
            safety=only(ENDINGS, Limit(10**6, 10, 0)),
            planned=planned,
            rows=names("contoso", looked_at),
            settled=rest,
        )
        assert numbers(found) == [("max-endings", "contoso", 11, 10)]
        assert gate(
            ONE,
            safety=only(ENDINGS, Limit(10**6, 11, 0)),
            planned=planned,
            rows=names("contoso", looked_at),
            settled=rest,
        ).clear

    def test_the_run_is_measured_by_the_settled_ones_of_every_account(self) -> None:
        planned = tuple(changes(Kind.TURN_OFF, ["contoso/a", "fabrikam/a"]))
        rest = Settled(counts={"contoso": 49, "fabrikam": 9, "adatum": 40})
        rows = ["contoso/a", "fabrikam/a"]
        desired = a_desired_state(a_desired("contoso/a"), a_desired("fabrikam/a"))
        for percent, clear in [(2, True), (1, False)]:
            safety = Safety(limits={**UNLIMITED, ENDINGS: Limit(10**6, percent, 1)})
            assert gate(desired, safety=safety, planned=planned, rows=rows, settled=rest).clear is clear

    def test_an_estate_of_nothing_but_settled_ones_is_not_empty(self) -> None:
        assert gate(DesiredState(), settled=self.TEN).clear
        assert [item.limit for item in gate(DesiredState(), settled=Settled()).refused] == ["empty"]

    def test_an_account_of_nothing_but_settled_ones_has_not_lost_its_specs(self) -> None:
        assert gate(DesiredState(), rows=["contoso/old"], settled=self.TEN).clear
        found = gate(DesiredState(), rows=["contoso/old", "fabrikam/a"], settled=self.TEN)
        assert [(item.limit, item.scope) for item in found.refused] == [("empty", "fabrikam")]

    @pytest.mark.parametrize(
        ("chosen", "judged"), [({"contoso": 1}, True), ({"contoso": 0}, False), ({}, False)], ids=str
    )
    def test_an_account_is_judged_where_the_run_is_about_some_of_them(
        self, chosen: dict[str, int], judged: bool
    ) -> None:
        bindings = replace(BINDINGS, select=("contoso/x",))
        desired = a_desired_state(accounts={"contoso": AccountSettings("contoso")})
        state = a_stored_state(accounts={"contoso": ("stripe", None)}, settled=Settled({"contoso": 10}, chosen))
        found = review(Plan(NOW, bindings), desired, state, Circumstances(Safety(), NOW))
        assert [item.limit for item in found.refused] == ["wrong-account"] * judged


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
        assert refusal.hint == "put the settings back, or use another account name for it; nothing overrides this"

    def test_an_account_that_is_not_recorded_yet_is_not_wrong(self) -> None:
        assert gate(ONE, accounts={"fabrikam": ("stripe", None)}).clear

    def test_it_is_not_judged_by_limits_as_well(self) -> None:
        found = gate(
            ONE, accounts={"contoso": ("stripe", None)}, planned=(TURN_OFF,), safety=only(ENDINGS, NONE)
        )  # fmt: skip
        assert [item.limit for item in found.refused] == ["wrong-account"]


def test_what_may_be_allowed_is_named_in_the_contract() -> None:
    assert (
        *("max-changes", "max-endings", "max-cancel-now", "max-spending", "max-cancelled-value", "max-spent-value"),
        *("empty", "new-store"),
    ) == ALLOWABLE


def test_every_gate_that_is_shut_is_named() -> None:
    found = gate(DesiredState(), pinned="another", freeze=Freeze("r", NOW, "ada"))
    assert [item.limit for item in found.refused] == ["other-store", "frozen", "empty"]


def test_nothing_to_do_passes_the_tightest_limits() -> None:
    found = verdict([], names("contoso", 3), Safety(limits=dict.fromkeys(IN_NUMBERS, NONE)))
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
