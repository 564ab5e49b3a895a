"""One pass: the plan that is shown is the plan that is applied, and what an apply leaves beside its rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from reconciler.apply import Served
from reconciler.changes import Kind, Refusal
from reconciler.desired import DesiredState, SpecText, SpecTexts
from reconciler.errors import ReconcilerError, SpecError, UsageError
from reconciler.events import Event, EventKind
from reconciler.journal import ApplyReport
from reconciler.model import Facts, Recurring, StoredSubscription, Term, TermLength
from reconciler.operation_ids import operation_id
from reconciler.plan import Verdict
from reconciler.ports import Bookkeeping
from reconciler.providers.ledger import LedgerProvider
from reconciler.reconcile import Hands, Inputs, Pass, apply_pass, plan_pass, read_specs, told_after
from reconciler.recorded import as_recorded, with_lifecycles
from reconciler.safety import Circumstances
from reconciler.selection import Selection
from reconciler.settings import AccountSettings, Limit, LimitName, Override, Safety, Settings
from reconciler.stored import StoredState
from tests.builders import CLASSIC, NOW, a_desired, a_key, a_run, a_stored
from tests.estates import LINEAGE, a_desired_state, a_stored_state
from tests.fakes import FixedClock, MemoryStore

SPEC = """\
version: 1
account: contoso
subscriptions:
  visio-plan-2:
    facts: {product: VISIOCLIENT, term: annual, start: 2026-03-01}
    recurring: off
"""


def inputs(
    text: str = SPEC,
    *,
    safety: Safety | None = None,
    accounts: dict[str, AccountSettings] | None = None,
    as_of: datetime | None = None,
    now: datetime = NOW,
    selection: Selection = Selection(),  # noqa: B008 - a frozen value
) -> Inputs:
    settings = Settings(
        safety=safety or Safety(),
        accounts=accounts or {"contoso": AccountSettings("contoso")},
        lifecycles={"classic": CLASSIC},
    )
    texts = SpecTexts((SpecText("specs/contoso.yaml", text),), (), "digest")
    around = Circumstances(settings.safety, now)
    return Inputs(settings, "settings digest", texts, around, frozenset({"ledger"}), selection, as_of, "c0ffee1")


OFF = a_desired_state(a_desired(recurring=Recurring.OFF))


class TestReadSpecs:
    def test_the_specs_are_resolved(self) -> None:
        desired = read_specs(inputs())
        (wanted,) = desired.subscriptions.values()
        assert (str(wanted.key), wanted.facts.product) == ("contoso/visio-plan-2", "VISIOCLIENT")
        assert desired.diagnostics == ()

    def test_any_error_stops_the_run_with_all_of_them(self) -> None:
        text = SPEC.replace("recurring: off", "recuring: off\n    colour: red")
        with pytest.raises(SpecError) as caught:
            read_specs(inputs(text))
        assert len(caught.value.diagnostics) == 2
        assert [item.location.line for item in caught.value.diagnostics if item.location] == [6, 7]

    def test_a_code_that_the_accounts_catalogue_does_not_hold_is_a_warning(self) -> None:
        accounts = {"contoso": AccountSettings("contoso", catalogue="microsoft")}
        desired = read_specs(inputs(SPEC.replace("VISIOCLIENT", "VISIOCLIENTT"), accounts=accounts))
        assert [item.code for item in desired.diagnostics] == ["unknown-product"]
        assert not desired.has_errors


class TestPlanPass:
    def test_a_plan_is_bound_to_what_it_was_made_from(self) -> None:
        selection = Selection(("contoso/*",), ("*/x",), ("specs/contoso.yaml",))
        found = plan_pass(inputs(selection=selection), replace(OFF, digest="specs digest"), a_stored_state(a_stored()))
        bindings = found.plan.bindings
        assert (bindings.specs_digest, bindings.settings_digest) == ("specs digest", "settings digest")
        assert (bindings.store_lineage, bindings.store_serial, bindings.commit) == (LINEAGE, 7, "c0ffee1")
        assert (bindings.select, bindings.exclude, bindings.paths) == (
            selection.select,
            selection.exclude,
            selection.paths,
        )
        assert (found.plan.as_of, [change.kind for change in found.plan.changes]) == (NOW, [Kind.TURN_OFF])
        assert found.verdict.allowed == found.plan.changes

    def test_as_of_is_the_instant_of_the_plan_and_not_of_its_review(self) -> None:
        then = NOW.replace(year=2028)
        override = Override(LimitName.MAX_ENDINGS, "*", 1, NOW.date(), "r")
        none = {**Safety().limits, LimitName.MAX_ENDINGS: Limit(0, 0, 0)}
        found = plan_pass(
            inputs(as_of=then, safety=Safety(none, overrides=(override,))), OFF, a_stored_state(a_stored())
        )  # fmt: skip
        assert found.plan.as_of == then
        impact = found.plan.changes[0].impact
        assert impact is not None
        assert impact.last_day == date(2029, 2, 28)
        assert found.verdict.clear

    def test_a_store_that_is_not_there_yet_is_a_headline(self) -> None:
        assert plan_pass(inputs(), OFF, StoredState(exists=False)).plan.headlines == (
            "new store: there is none yet, so everything is to register",
        )
        assert plan_pass(inputs(), OFF, a_stored_state()).plan.headlines == ()

    def test_a_pinned_store_that_is_missing_is_another(self) -> None:
        given = inputs()
        given = replace(given, circumstances=replace(given.circumstances, pinned=LINEAGE))
        found = plan_pass(given, OFF, StoredState(LINEAGE, exists=False))
        assert found.plan.headlines == (
            "new store: the pinned one is not here; with a new one, everything would be to register",
        )
        assert [refusal.limit for refusal in found.verdict.refused] == ["new-store"]

    def test_a_setting_that_moved_is_a_headline(self) -> None:
        stored = a_stored_state(a_stored(), safety=as_recorded(Safety(allow_empty=True)))
        headlines = plan_pass(inputs(), OFF, stored).plan.headlines
        assert headlines[0] == "settings changed: safety.allow_empty from true to false"

    def test_a_clock_behind_the_last_run_is_a_warning(self) -> None:
        stored = a_stored_state(a_stored(), last_as_of=NOW + timedelta(seconds=1))
        (said,) = plan_pass(inputs(), OFF, stored).plan.diagnostics
        assert said.code == "clock-behind"
        assert said.detail == (
            "the last run was recorded as of 2026-11-23T12:00:01Z, and this one is planned as of then, too"
        )
        assert said.hint == (
            "check the clock of this machine; nothing is undone because of it, and nothing happens twice"
        )
        (refusable,) = plan_pass(inputs(as_of=NOW), OFF, stored).plan.diagnostics
        assert refusable.code == "as-of-before-last"
        assert plan_pass(inputs(as_of=NOW + timedelta(seconds=1)), OFF, stored).plan.diagnostics == ()
        assert plan_pass(inputs(now=NOW + timedelta(seconds=1)), OFF, stored).plan.diagnostics == ()

    def test_a_run_that_was_cut_off_is_told(self) -> None:
        stored = a_stored_state(a_stored(), unfinished={"run-0": None})
        (said,) = plan_pass(inputs(), OFF, stored).plan.diagnostics
        assert (said.severity, said.code) == ("note", "run-cut-off")
        assert said.detail == "run run-0: what it recorded stands, and the rest is planned again here"


class TestToldAfter:
    """The headlines of a plan that was carried out are true then."""

    MOVED = plan_pass(inputs(), OFF, a_stored_state(a_stored(), safety=as_recorded(Safety(allow_empty=True)))).plan
    NEW = plan_pass(inputs(), OFF, StoredState(exists=False)).plan

    def test_settings_that_were_recorded_hold_from_the_next_run_on(self) -> None:
        told = told_after(self.MOVED, ApplyReport("run-1", settings_recorded=True))
        assert told.headlines == (self.MOVED.headlines[0], "this run recorded them: they hold from the next one on")

    def test_a_store_that_was_created_is_not_missing_any_more(self) -> None:
        assert told_after(self.NEW, ApplyReport("run-1", created_store=True)).headlines == ()

    def test_without_either_they_stand(self) -> None:
        for plan in (self.MOVED, self.NEW):
            assert told_after(plan, ApplyReport("run-1")) == plan


class TestSelection:
    STORED = a_stored_state(a_stored(), a_stored("contoso/unmanaged"))

    @pytest.mark.parametrize(
        "selection",
        [
            Selection(select=("*/visio*",)),
            Selection(select=("contoso/unmanaged",)),
            Selection(exclude=("contoso/visio*",)),
            Selection(paths=("specs",)),
            Selection(select=("*/visio*",), paths=("specs/contoso.yaml",)),
        ],
        ids=str,
    )
    def test_one_that_holds_something_is_planned(self, selection: Selection) -> None:
        assert plan_pass(inputs(selection=selection), OFF, self.STORED).verdict.clear

    @pytest.mark.parametrize(
        ("selection", "words"),
        [
            (Selection(select=("contoso/vissio*", "x")), "contoso/vissio*, x"),
            (Selection(exclude=("*",)), "not *"),
            (Selection(paths=("specs/fabrikam",)), "specs/fabrikam"),
            (Selection(select=("contoso/unmanaged",), paths=("specs",)), "contoso/unmanaged, specs"),
        ],
        ids=["no such key", "all taken out", "no such path", "a record lies in no file"],
    )
    def test_one_that_holds_nothing_is_a_slip_of_the_pen(self, selection: Selection, words: str) -> None:
        with pytest.raises(UsageError) as caught:
            plan_pass(inputs(selection=selection), OFF, self.STORED)
        assert (caught.value.code, caught.value.message) == (
            "nothing-selected",
            f"no subscription is selected by: {words}",
        )


def applied(given: Inputs, desired: DesiredState, stored: StoredState) -> tuple[Pass, ApplyReport, MemoryStore]:
    """Plan and carry out, on a store that holds just what was read."""
    found = plan_pass(given, desired, stored)
    store = MemoryStore(dict(stored.subscriptions))
    served = Served({name: LedgerProvider() for name in desired.accounts})
    run = a_run(as_of=found.plan.as_of)
    report = apply_pass(given, found, run, Hands(store, served, FixedClock()))
    return found, report, store


class TestApplyPass:
    def test_the_changes_of_the_plan_are_carried_out_and_nothing_is_left(self) -> None:
        found, report, store = applied(inputs(), OFF, a_stored_state(a_stored()))
        assert tuple(item.change for item in report.changes) == found.plan.changes
        assert (report.lineage, report.ledger_accounts, report.refused) == (LINEAGE, ("contoso",), ())
        assert [entry.operation_id for entry in store.journal] == [operation_id(LINEAGE, 7, found.plan.changes[0])]
        again = a_stored_state(
            *store.rows.values(), safety=as_recorded(Safety()), accounts={"contoso": ("ledger", None)}
        )
        _, second, untouched = applied(inputs(), OFF, again)
        assert (second.run, untouched.log) == (None, [])

    def test_what_it_leaves_beside_its_rows(self) -> None:
        on = a_desired("contoso/on", recurring=Recurring.ON)
        desired = a_desired_state(*OFF.subscriptions.values(), on)
        _, _, store = applied(inputs(), desired, a_stored_state(a_stored(), a_stored("contoso/on")))
        assert store.kept == Bookkeeping(
            safety=with_lifecycles(as_recorded(Safety()), {"contoso": CLASSIC}),
            accounts={"contoso": ("ledger", None)},
            declared=frozenset({a_key(), a_key("contoso/on")}),
            as_of=NOW,
        )

    def test_what_is_recorded_already_is_not_recorded_again(self) -> None:
        stored = a_stored_state(
            a_stored(declared=True), safety=as_recorded(Safety()), accounts={"contoso": ("ledger", None)}
        )
        _, report, store = applied(inputs(), a_desired_state(a_desired(recurring=Recurring.ON)), stored)
        assert (report.run, store.log) == (None, [])

    def test_an_empty_apply_that_nothing_refused_records_the_settings(self) -> None:
        stored = a_stored_state(a_stored(declared=True), accounts={"contoso": ("ledger", None)})
        _, report, store = applied(inputs(), a_desired_state(a_desired(recurring=Recurring.ON)), stored)
        assert (report.run, report.changes) == ("run-1", ())
        assert store.kept == Bookkeeping(safety=with_lifecycles(as_recorded(Safety()), {"contoso": CLASSIC}), as_of=NOW)

    def test_an_account_that_a_run_which_was_cut_off_left_unrecorded_is_recorded(self) -> None:
        stored = a_stored_state(a_stored(declared=True), safety=as_recorded(Safety()), unfinished={"run-0": None})
        _, report, store = applied(inputs(), a_desired_state(a_desired(recurring=Recurring.ON)), stored)
        assert report.run == "run-1"
        assert store.kept == Bookkeeping(accounts={"contoso": ("ledger", None)}, as_of=NOW)

    def test_a_run_that_was_cut_off_is_closed_even_if_nothing_is_left_to_do(self) -> None:
        stored = a_stored_state(
            a_stored(declared=True),
            safety=as_recorded(Safety()),
            accounts={"contoso": ("ledger", None)},
            unfinished={"run-0": None},
        )
        _, report, store = applied(inputs(), a_desired_state(a_desired(recurring=Recurring.ON)), stored)
        assert (report.run, store.log) == ("run-1", ["begin run-1", "finish run-1"])


NONE = Safety(limits={**Safety().limits, LimitName.MAX_ENDINGS: Limit(0, 0, 0)})


class TestRefusedApply:
    DESIRED = a_desired_state(
        a_desired("contoso/a", recurring=Recurring.OFF), a_desired("fabrikam/a", recurring=Recurring.ON)
    )
    STORED = a_stored_state(a_stored("contoso/a"), a_stored("fabrikam/a", recurring=Recurring.OFF))

    def test_the_account_that_is_refused_leaves_no_trace_and_no_settings_are_recorded(self) -> None:
        _, report, store = applied(inputs(safety=NONE), self.DESIRED, self.STORED)
        assert [str(item.change.key) for item in report.changes] == ["fabrikam/a"]
        assert [(item.limit, item.scope) for item in report.refused] == [("max-endings", "contoso")]
        assert store.rows[a_key("contoso/a")] == a_stored("contoso/a")
        assert store.kept == Bookkeeping(
            accounts={"fabrikam": ("ledger", None)}, declared=frozenset({a_key("fabrikam/a")}), as_of=NOW
        )

    @pytest.mark.parametrize("unfinished", [{}, {"run-0": None}], ids=["at once", "after one that was cut off"])
    def test_a_run_that_is_refused_leaves_no_trace_at_all(self, unfinished: dict[str, str | None]) -> None:
        stored = replace(self.STORED, unfinished=unfinished)
        _, report, store = applied(inputs(), DesiredState(accounts=self.DESIRED.accounts), stored)
        assert [(item.limit, item.scope) for item in report.refused] == [("empty", "run")]
        assert (report.run, report.changes, store.log) == (None, (), [])

    def test_a_brake_that_a_pull_request_loosens_is_not_recorded_by_the_run_it_refuses(self) -> None:
        stored = replace(self.STORED, safety=as_recorded(NONE))
        loosened, report, store = applied(inputs(), self.DESIRED, stored)
        assert [item.limit for item in report.refused] == ["max-endings"]
        assert loosened.plan.headlines
        assert store.kept is not None
        assert store.kept.safety is None


class TestAsOf:
    """An instant other than now is recorded in a ledger alone, and never before what is recorded already."""

    LATER = NOW + timedelta(days=40)

    def test_the_effects_have_that_instant_on_a_ledger(self) -> None:
        _, _, store = applied(inputs(as_of=self.LATER), OFF, a_stored_state(a_stored(), last_as_of=self.LATER))
        assert store.kept is not None
        assert store.kept.as_of == self.LATER

    def test_an_account_that_is_no_ledger_refuses_it(self) -> None:
        desired = replace(OFF, accounts={"contoso": AccountSettings("contoso", "stripe")})
        with pytest.raises(UsageError, match="--as-of cannot be applied to contoso") as caught:
            applied(inputs(as_of=self.LATER), desired, a_stored_state(a_stored()))
        assert caught.value.code == "as-of-outside"

    def test_one_that_is_not_selected_does_not(self) -> None:
        desired = a_desired_state(*OFF.subscriptions.values(), a_desired("outside/a"))
        desired = replace(desired, accounts={**desired.accounts, "outside": AccountSettings("outside", "stripe")})
        given = inputs(as_of=self.LATER, selection=Selection(select=("contoso/*",)))
        stored = a_stored_state(a_stored(), a_stored("outside/a"))
        _, report, _ = applied(given, desired, stored)
        assert len(report.changes) == 1

    def test_an_instant_before_the_last_recorded_one_is_refused(self) -> None:
        with pytest.raises(ReconcilerError) as caught:
            applied(inputs(as_of=NOW), OFF, a_stored_state(a_stored(), last_as_of=self.LATER))
        assert (caught.value.code, caught.value.message) == (
            "as-of-before-last",
            "--as-of lies before the last recorded run, 2027-01-02T12:00:00Z",
        )

    def test_without_it_a_clock_that_is_behind_still_applies(self) -> None:
        _, report, _ = applied(inputs(), OFF, a_stored_state(a_stored(), last_as_of=self.LATER))
        assert len(report.changes) == 1


YEAR = Term(datetime(2025, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC))


def of_2025(name: str, **fields: Any) -> StoredSubscription:
    return a_stored(name, start=date(2025, 3, 1), term=YEAR, **fields)


class TestTime:
    def test_what_time_did_is_listed_apart_and_the_plan_stands_on_it(self) -> None:
        facts = Facts("CFQ7TTC0HD32", TermLength.ANNUAL, None, date(2025, 3, 1))
        desired = a_desired_state(a_desired(recurring=Recurring.OFF, facts=facts))
        found = plan_pass(inputs(), desired, a_stored_state(of_2025("contoso/visio-plan-2")))
        assert [(event.kind, event.at) for event in found.plan.elapsed] == [(EventKind.RENEWED, YEAR.end)]
        (change,) = found.plan.changes
        assert change.before["term_end"] == "2027-03-01"
        assert found.stored.subscriptions[change.key].term.start == YEAR.end

    def test_unmanaged_records_live_in_time_too(self) -> None:
        found = plan_pass(inputs(), OFF, a_stored_state(a_stored(), of_2025("contoso/old", recurring=Recurring.OFF)))
        assert [event.kind for event in found.plan.elapsed] == [
            EventKind.EXPIRED,
            EventKind.DISABLED,
            EventKind.DELETED,
        ]

    def test_a_narrowed_run_tells_only_of_what_it_is_about(self) -> None:
        state = a_stored_state(a_stored(), of_2025("contoso/old"), of_2025("contoso/visio"))
        wanted = a_desired_state(a_desired("contoso/visio-plan-9", previously="visio"), a_desired())
        of_pattern = plan_pass(inputs(selection=Selection(("contoso/visio*",))), wanted, state).plan.elapsed
        assert [event.key.name for event in of_pattern] == ["visio"]
        of_path = plan_pass(inputs(selection=Selection(paths=("specs/contoso.yaml",))), wanted, state).plan.elapsed
        assert [event.key.name for event in of_path] == ["visio"]
        assert [event.key.name for event in plan_pass(inputs(), wanted, state).plan.elapsed] == ["old", "visio"]

    def test_an_account_of_another_provider_tells_its_own_dates(self) -> None:
        accounts = {"contoso": AccountSettings("contoso", provider="elsewhere")}
        desired = replace(OFF, accounts=accounts)
        assert plan_pass(inputs(accounts=accounts), desired, a_stored_state(of_2025("contoso/old"))).plan.elapsed == ()

    def test_a_clock_that_went_backwards_stands_where_time_was(self) -> None:
        last = NOW + timedelta(days=400)
        state = a_stored_state(a_stored(), last_as_of=last)
        found = plan_pass(inputs(), OFF, state)
        assert (found.plan.as_of, [item.code for item in found.plan.diagnostics]) == (last, ["clock-behind"])
        again = plan_pass(inputs(), OFF, replace(state, subscriptions=found.stored.subscriptions))
        assert again.plan.elapsed == ()

    def test_a_plan_made_before_a_renewal_is_stale_after_it(self) -> None:
        before = plan_pass(inputs(as_of=datetime(2027, 2, 28, tzinfo=UTC)), OFF, a_stored_state(a_stored())).plan
        after = plan_pass(inputs(as_of=datetime(2027, 3, 1, tzinfo=UTC)), OFF, a_stored_state(a_stored())).plan
        assert [change.kind for change in before.changes] == [change.kind for change in after.changes]
        assert before.fingerprint != after.fingerprint

    @pytest.mark.parametrize(
        ("scope", "left"),
        [("run", []), ("contoso", ["fabrikam"]), ("fabrikam", ["contoso"]), (None, ["contoso", "fabrikam"])],
    )
    def test_of_what_a_brake_holds_nothing_is_written(self, scope: str | None, left: list[str]) -> None:
        events = tuple(Event(a_key(f"{name}/a"), EventKind.RENEWED, NOW, {}, {}) for name in ("contoso", "fabrikam"))
        refused = () if scope is None else (Refusal("max-endings", scope, "", ""),)
        found = plan_pass(inputs(), OFF, a_stored_state(a_stored()))
        found = replace(found, plan=replace(found.plan, elapsed=events), verdict=Verdict((), refused))
        store = MemoryStore({a_key(f"{name}/a"): a_stored(f"{name}/a") for name in ("contoso", "fabrikam")})
        found = replace(found, stored=a_stored_state(*store.rows.values()))
        report = apply_pass(inputs(), found, a_run(), Hands(store, Served({}), FixedClock()))
        assert [event.key.account for event in report.elapsed] == left


@pytest.mark.parametrize(
    ("desired", "told"), [(OFF, True), (a_desired_state(a_desired(recurring=Recurring.ON)), False)]
)
def test_a_store_of_before_rules_were_kept_is_told_of_them_by_a_run_that_writes(
    desired: DesiredState, told: bool
) -> None:
    before = as_recorded(Safety())
    row = a_stored(declared=True)
    state = a_stored_state(row, safety=before, accounts={"contoso": ("ledger", None)})
    found = plan_pass(inputs(), desired, state)
    store = MemoryStore({row.key: row})
    apply_pass(inputs(), found, a_run(), Hands(store, Served({"contoso": LedgerProvider()}), FixedClock()))
    kept = None if store.kept is None else store.kept.safety
    assert kept == (with_lifecycles(before, {"contoso": CLASSIC}) if told else None)
