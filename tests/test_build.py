"""The plan itself: registrations, corrections, updates, protection, what is released, unmanaged or left out."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from reconciler.build import build_plan
from reconciler.changes import ENDING, Change, Kind, Risk
from reconciler.desired import RuleUse
from reconciler.diagnostics import Location, warning
from reconciler.effects import confirmation
from reconciler.model import (
    Cancel,
    DesiredSubscription,
    Facts,
    Money,
    Recurring,
    Status,
    StoredSubscription,
    Term,
    TermLength,
)
from reconciler.selection import Selection
from reconciler.stored import Settled
from tests.builders import NAME, NOW, PLACE, START, a_desired, a_key, a_stored
from tests.estates import BINDINGS, Rows, a_desired_state, a_rulebook, a_stored_state, after, plan_of

MONTHLY, ANNUAL, TRIENNIAL = TermLength


def facts(**fields: object) -> Facts:
    """The facts of the builders' records, and these."""
    return Facts(**{"product": "CFQ7TTC0HD32", "term": ANNUAL, "start": START, **fields})  # type: ignore[arg-type]


def day(text: str) -> datetime:
    """Midnight UTC of `2026-01-31`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_row(text: str, **fields: Any) -> StoredSubscription:
    """A record in the term that starts on that day and lasts a year."""
    start = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return a_stored(start=start.date(), term=Term(start, start.replace(year=start.year + 1)), **fields)


def the_change(wanted: DesiredSubscription, *rows: StoredSubscription) -> Change:
    """The one change of a plan that holds no more."""
    plan = plan_of(wanted, rows)
    (change,) = plan.changes
    assert (plan.blocked, plan.unchanged) == ((), 0)
    return change


def told(change: Change, *names: str) -> dict[str, object]:
    """What the change's impact says of these."""
    return {name: getattr(change.impact, name) for name in names}


END = datetime(2027, 3, 1, tzinfo=UTC)
ENDS_WITH_ITS_TERM = {"reversible_until": END, "last_day": date(2027, 2, 28)}
FOR_GOOD = {"reversible_until": None}
AT_ONCE = {"last_day": NOW.date(), "access_ends": NOW, **FOR_GOOD}
GOES_ON = {"reversible_until": END, "renews": date(2027, 3, 1)}


class TestRegister:
    def test_the_facts_make_the_record(self) -> None:
        change = the_change(a_desired(id="6f0d"))
        assert (change.kind, change.before, change.external_id) == (Kind.REGISTER, {}, "6f0d")
        assert change.after == {
            "product": "CFQ7TTC0HD32",
            "term": "annual",
            "billing": "annual",
            "start": "2026-03-01",
            "recurring": "on",
            "cancellation": "none",
        }
        assert (change.place, change.risk, change.product) == (PLACE, Risk.REVERSIBLE, "CFQ7TTC0HD32")
        assert told(change, "term_start", "term_end") == {"term_start": date(2026, 3, 1), "term_end": date(2027, 3, 1)}

    def test_all_that_is_declared_beside_them_is_in_it(self) -> None:
        wanted = a_desired(
            facts=facts(billing=MONTHLY, seats=25, price=Money(2060, "EUR")),
            owner="ada",
            labels={"b": "2", "a": "1"},
            protect=True,
        )
        change = the_change(wanted)
        assert change.after["billing"] == "monthly"
        assert {name: change.after[name] for name in ("seats", "price", "owner", "labels", "protected")} == {
            "seats": 25,
            "price": "20.60 EUR",
            "owner": "ada",
            "labels": {"a": "1", "b": "2"},
            "protected": True,
        }

    @pytest.mark.parametrize(("labels", "protect"), [({}, False), (None, None)])
    def test_what_is_declared_empty_is_not(self, labels: dict[str, str] | None, protect: bool | None) -> None:
        change = the_change(a_desired(labels=labels, protect=protect, protect_own=True))
        assert not {"labels", "protected"} & change.after.keys()

    @pytest.mark.parametrize(
        ("recurring", "cancel", "pair"),
        [
            pytest.param(None, None, ("on", "none"), id="no pair"),
            pytest.param(None, Cancel.NONE, ("on", "none"), id="none alone"),
            pytest.param(Recurring.ON, None, ("on", "none"), id="on"),
            pytest.param(Recurring.ON, Cancel.NONE, ("on", "none"), id="on and none"),
            pytest.param(Recurring.OFF, None, ("off", "none"), id="off"),
            pytest.param(Recurring.OFF, Cancel.NONE, ("off", "none"), id="off and none"),
            pytest.param(None, Cancel.AT_RENEWAL, ("off", "at-renewal"), id="at renewal"),
            pytest.param(Recurring.OFF, Cancel.AT_RENEWAL, ("off", "at-renewal"), id="off and at renewal"),
        ],
    )
    @pytest.mark.parametrize("start", ["2026-03-01", "2027-03-01"])
    def test_the_pair_starts_as_declared(
        self, recurring: Recurring | None, cancel: Cancel | None, pair: tuple[str, str], start: str
    ) -> None:
        wanted = a_desired(recurring=recurring, cancel=cancel, facts=facts(start=date.fromisoformat(start)), reason="r")
        change = the_change(wanted)
        assert (change.after["recurring"], change.after["cancellation"]) == pair
        declared = (recurring, cancel) != (None, None)
        assert (change.declares, change.reason) == (declared, "r" if declared else None)
        row = after([change], {}, NOW)[wanted.key]
        assert plan_of(wanted, row).unchanged == 1

    @pytest.mark.parametrize("recurring", [None, Recurring.OFF])
    def test_there_is_nothing_to_cancel_immediately(self, recurring: Recurring | None) -> None:
        plan = plan_of(a_desired(recurring=recurring, cancel=Cancel.IMMEDIATELY, confirm=f"{NAME}@2026-03-01"))
        (block,) = plan.blocked
        assert (plan.changes, block.kind, block.code) == ((), Kind.REGISTER, "nothing-to-cancel")
        assert block.detail == "it is not recorded, so there is nothing to cancel"
        assert block.hint == "register it without `cancel` first, or remove it"

    def test_a_missing_fact_is_a_bug_of_ours(self) -> None:
        with pytest.raises(ValueError, match="lacks a fact"):
            plan_of(a_desired(facts=Facts("SPB", ANNUAL)))


class TestCorrect:
    @pytest.mark.parametrize(
        ("stated", "before", "then"),
        [
            pytest.param({"product": "SPB"}, {"product": "CFQ7TTC0HD32"}, {"product": "SPB"}, id="product"),
            pytest.param({"billing": MONTHLY}, {"billing": "annual"}, {"billing": "monthly"}, id="billing"),
            pytest.param(
                {"start": date(2026, 3, 2)}, {"start": "2026-03-01"}, {"start": "2026-03-02"}, id="start"
            ),
            pytest.param(
                {"term": MONTHLY},
                {"term": "annual", "billing": "annual"},
                {"term": "monthly", "billing": "monthly"},
                id="term, and with it the billing that is not stated",
            ),
        ],
    )  # fmt: skip
    def test_a_fact_that_differs_is_corrected(
        self, stated: dict[str, object], before: dict[str, str], then: dict[str, str]
    ) -> None:
        change = the_change(a_desired(facts=facts(**stated)), a_stored())
        assert (change.kind, change.before, change.after) == (Kind.CORRECT, before, then)

    def test_the_dates_that_move_are_told(self) -> None:
        change = the_change(a_desired(facts=facts(start=date(2026, 4, 1))), a_stored())
        assert told(change, "term_start", "term_end") == {"term_start": date(2026, 4, 1), "term_end": date(2027, 4, 1)}
        product = the_change(a_desired(facts=facts(product="SPB")), a_stored())
        assert told(product, "term_start", "term_end") == {"term_start": None, "term_end": None}

    def test_billing_that_is_not_stated_is_the_terms_length(self) -> None:
        change = the_change(a_desired(), a_stored(billing=MONTHLY))
        assert (change.before, change.after) == ({"billing": "monthly"}, {"billing": "annual"})

    def test_facts_that_are_not_stated_stay(self) -> None:
        assert plan_of(a_desired(facts=Facts()), a_stored()).unchanged == 1

    def test_a_start_stays_corrected_after_a_reactivation(self) -> None:
        row = a_stored(status=Status.ACTIVE, start=START, anchor=date(2026, 6, 15))
        assert plan_of(a_desired(recurring=Recurring.ON), row).unchanged == 1

    def test_it_stands_at_the_first_fact_that_differs(self) -> None:
        place = Location("specs/contoso.yaml", 12, 9)
        wanted = a_desired(facts=facts(start=date(2026, 4, 1), seats=3), fields={"start": place})
        change, update = plan_of(wanted, a_stored()).changes
        assert (change.place, update.place) == (place, PLACE)

    def test_an_intent_is_judged_on_what_it_leaves(self) -> None:
        wanted = a_desired(recurring=Recurring.OFF, facts=facts(start=date(2027, 1, 1)))
        plan = plan_of(wanted, a_stored())
        assert [change.kind for change in plan.changes] == [Kind.CORRECT]
        assert [block.code for block in plan.blocked] == ["scheduled"]


class TestUpdate:
    ROW = a_stored(seats=3, price=Money(100, "EUR"), owner="ada", labels={"a": "1"}, protected=True)

    def test_what_is_not_declared_stays_as_stored(self) -> None:
        assert plan_of(a_desired(), self.ROW).unchanged == 1

    def test_what_is_declared_alike_is_no_change(self) -> None:
        wanted = a_desired(
            facts=facts(seats=3, price=Money(100, "EUR")), owner="ada", labels={"a": "1"}, protect=True
        )  # fmt: skip
        assert plan_of(wanted, self.ROW).unchanged == 1

    def test_what_is_declared_otherwise_is_updated(self) -> None:
        wanted = a_desired(facts=facts(seats=4, price=Money(5, "JPY")), owner="bob", labels={"b": "2"})
        change = the_change(wanted, self.ROW)
        assert change.kind is Kind.UPDATE
        assert change.before == {"seats": 3, "price": "1.00 EUR", "owner": "ada", "labels": {"a": "1"}}
        assert change.after == {"seats": 4, "price": "5 JPY", "owner": "bob", "labels": {"b": "2"}}

    def test_labels_once_declared_are_the_whole_set(self) -> None:
        assert the_change(a_desired(labels={}), self.ROW).after == {"labels": {}}
        assert plan_of(a_desired(labels={}), a_stored()).unchanged == 1

    def test_it_stands_where_its_first_value_stands(self) -> None:
        place = Location("specs/contoso.yaml", 15, 12)
        wanted = a_desired(protect=True, fields={"protect": place})
        assert the_change(wanted, a_stored()).place == place


class TestIntent:
    @pytest.mark.parametrize(
        ("recurring", "cancel", "row", "risk", "impact"),
        [
            pytest.param(
                Recurring.OFF, None, a_stored(), Risk.REVERSIBLE_UNTIL,
                ENDS_WITH_ITS_TERM, id="turn off",
            ),
            pytest.param(
                None, Cancel.AT_RENEWAL, a_stored(), Risk.REVERSIBLE_UNTIL,
                ENDS_WITH_ITS_TERM, id="cancel at renewal",
            ),
            pytest.param(
                Recurring.ON, None, a_stored(recurring=Recurring.OFF), Risk.REVERSIBLE_UNTIL,
                GOES_ON, id="turn on",
            ),
            pytest.param(
                None, Cancel.NONE, a_stored(recurring=Recurring.OFF, cancellation=Cancel.AT_RENEWAL),
                Risk.REVERSIBLE_UNTIL, ENDS_WITH_ITS_TERM, id="undo a cancellation",
            ),
            pytest.param(
                None, Cancel.IMMEDIATELY, a_stored(), Risk.IRREVERSIBLE, AT_ONCE, id="cancel now",
            ),
            pytest.param(
                Recurring.ON, None, a_stored(status=Status.EXPIRED), Risk.IRREVERSIBLE, FOR_GOOD, id="reactivate"
            ),
        ],
    )  # fmt: skip
    def test_each_change_tells_its_risk_and_dates(
        self,
        recurring: Recurring | None,
        cancel: Cancel | None,
        row: StoredSubscription,
        risk: Risk,
        impact: dict[str, object],
    ) -> None:
        wanted = a_desired(recurring=recurring, cancel=cancel, confirm=confirmation(row), reason="as decided")
        change = the_change(wanted, row)
        assert change.risk is risk
        assert told(change, *impact) == impact
        assert (change.reason, change.declares) == ("as decided", True)

    def test_cancelling_now_and_reactivating_say_which_status_they_leave(self) -> None:
        now = the_change(a_desired(cancel=Cancel.IMMEDIATELY, confirm=f"{NAME}@2026-03-01"), a_stored())
        back = the_change(a_desired(recurring=Recurring.ON), a_stored(status=Status.DISABLED))
        assert (now.before["status"], now.after["status"]) == ("active", "disabled")
        assert (back.before["status"], back.after["status"]) == ("disabled", "active")


class TestConfirmation:
    """An immediate cancellation is confirmed for one name and one term."""

    @staticmethod
    def codes(confirm: str, row: StoredSubscription, now: datetime = NOW, **fields: Any) -> list[str]:
        wanted = a_desired(cancel=Cancel.IMMEDIATELY, confirm=confirm, **fields)
        plan = plan_of(wanted, row, now)
        return [block.code for block in plan.blocked] + [str(change.kind) for change in plan.changes]

    def test_it_fits_the_term_that_holds_now(self) -> None:
        assert self.codes(f"{NAME}@2026-03-01", a_stored()) == ["cancel-now"]
        assert self.codes(f"{NAME}@2026-03-01", a_row("2024-03-01"), facts=facts(start=date(2024, 3, 1))) == [
            "cancel-now"
        ]

    def test_a_block_left_in_git_does_not_fire_after_a_renewal(self) -> None:
        a_year_on = NOW.replace(year=2027)
        assert self.codes(f"{NAME}@2026-03-01", a_stored(), a_year_on) == ["confirmation-spent"]

    def test_a_renamed_one_needs_a_new_one(self) -> None:
        row = a_stored("contoso/visio")
        assert self.codes("contoso/visio@2026-03-01", row, previously="visio") == ["confirmation-spent", "rename"]
        assert self.codes(f"{NAME}@2026-03-01", row, previously="visio") == ["rename", "cancel-now"]

    def test_it_is_judged_on_the_corrected_term(self) -> None:
        corrected = facts(start=date(2026, 4, 1))
        assert self.codes(f"{NAME}@2026-03-01", a_stored(), facts=corrected) == ["confirmation-spent", "correct"]
        assert self.codes(f"{NAME}@2026-04-01", a_stored(), facts=corrected) == ["correct", "cancel-now"]

    def test_a_reactivated_one_needs_a_new_one(self) -> None:
        row = a_stored(status=Status.EXPIRED, recurring=Recurring.OFF)
        back = after(plan_of(a_desired(recurring=Recurring.ON), row).changes, {row.key: row}, NOW)[row.key]
        assert self.codes(f"{NAME}@2026-03-01", back) == ["confirmation-spent"]
        assert self.codes(f"{NAME}@2026-11-23", back) == ["cancel-now"]

    @pytest.mark.parametrize("confirm", [f"{NAME}@2026-03-1", f"{NAME.upper()}@2026-03-01", f" {NAME}@2026-03-01", ""])
    def test_it_must_be_that_very_line(self, confirm: str) -> None:
        assert self.codes(confirm, a_stored()) == ["confirmation-spent"]


class TestProtection:
    """It holds until an own `protect: false` was applied in an earlier run."""

    OFF = a_desired(recurring=Recurring.OFF)
    FREED = a_desired(recurring=Recurring.OFF, protect=False, protect_own=True)

    def test_the_whole_story_over_three_runs(self) -> None:
        rows: Rows = {self.OFF.key: a_stored(protected=True)}
        first = plan_of(self.FREED, rows.values())
        assert [(change.kind, change.after) for change in first.changes] == [(Kind.UPDATE, {"protected": False})]
        assert [block.code for block in first.blocked] == ["protected"]
        rows = after(first.changes, rows, NOW)
        second = plan_of(self.FREED, rows.values())
        assert ([change.kind for change in second.changes], second.blocked) == ([Kind.TURN_OFF], ())
        rows = after(second.changes, rows, NOW)
        third = plan_of(self.FREED, rows.values())
        assert (third.changes, third.blocked, third.unchanged) == ((), (), 1)

    def test_removing_the_key_lifts_nothing(self) -> None:
        plan = plan_of(self.OFF, a_stored(protected=True))
        assert (plan.changes, [block.code for block in plan.blocked]) == ((), ["protected"])

    def test_an_inherited_false_lifts_nothing(self) -> None:
        wanted = a_desired(recurring=Recurring.OFF, protect=False, protect_own=False)
        plan = plan_of(wanted, a_stored(protected=True))
        assert (plan.changes, [block.code for block in plan.blocked]) == ((), ["protected"])

    def test_a_protection_that_is_only_now_declared_holds_at_once(self) -> None:
        wanted = a_desired(recurring=Recurring.OFF, protect=True)
        plan = plan_of(wanted, a_stored())
        assert [change.after for change in plan.changes] == [{"protected": True}]
        assert [block.code for block in plan.blocked] == ["protected"]

    @pytest.mark.parametrize("cancel", [Cancel.AT_RENEWAL, Cancel.IMMEDIATELY])
    def test_it_holds_back_a_confirmed_cancellation(self, cancel: Cancel) -> None:
        wanted = a_desired(cancel=cancel, confirm=f"{NAME}@2026-03-01")
        plan = plan_of(wanted, a_stored(protected=True))
        assert (plan.changes, [block.code for block in plan.blocked]) == ((), ["protected"])

    def test_it_holds_back_no_spending(self) -> None:
        change = the_change(a_desired(recurring=Recurring.ON), a_stored(recurring=Recurring.OFF, protected=True))
        assert change.kind not in ENDING


class TestReleased:
    def test_a_pair_that_no_layer_declares_any_more_is_listed(self) -> None:
        plan = plan_of(a_desired(), a_stored(declared=True))
        (listed,) = plan.released
        assert (plan.changes, plan.unchanged, listed.key, listed.place) == ((), 0, a_key(), PLACE)

    def test_a_pair_that_never_was_declared_is_not(self) -> None:
        plan = plan_of(a_desired(), a_stored())
        assert (plan.released, plan.unchanged) == ((), 1)

    def test_other_changes_go_on(self) -> None:
        plan = plan_of(a_desired(owner="ada"), a_stored(declared=True))
        assert ([change.kind for change in plan.changes], len(plan.released)) == ([Kind.UPDATE], 1)

    @pytest.mark.parametrize(
        ("row", "detail", "hint"),
        [
            pytest.param(
                a_stored(declared=True),
                "recurring stays on; it renews 2027-03-01",
                "to change that, write `recurring: off` among its own keys",
                id="renews",
            ),
            pytest.param(
                a_stored(declared=True, recurring=Recurring.OFF),
                "recurring stays off; its last day is 2027-02-28",
                "to change that, write `recurring: on` among its own keys",
                id="ends",
            ),
            pytest.param(
                a_stored(declared=True, recurring=Recurring.OFF, cancellation=Cancel.AT_RENEWAL),
                "it stays cancelled at renewal; its last day is 2027-02-28",
                "to change that, write `cancel: none` among its own keys",
                id="cancelled at renewal",
            ),
        ],
    )
    def test_it_says_what_will_happen_and_how_to_change_it(
        self, row: StoredSubscription, detail: str, hint: str
    ) -> None:
        (listed,) = plan_of(a_desired(facts=facts(start=row.start)), row).released
        assert listed.detail == f"no file declares its renewal any more: {detail}"
        assert listed.hint == hint

    def test_a_weaker_layers_pair_that_now_holds_is_declared_intent(self) -> None:
        place = Location("specs/_defaults.yaml", 3, 14)
        wanted = a_desired(recurring=Recurring.OFF, own=False, place=place)
        change = the_change(wanted, a_stored(declared=True))
        assert (change.kind, change.place) == (Kind.TURN_OFF, place)


class TestDeclared:
    def test_a_converged_pair_is_marked_once(self) -> None:
        wanted = a_desired(recurring=Recurring.ON)
        assert plan_of(wanted, a_stored()).declared == {a_key()}
        assert plan_of(wanted, a_stored(declared=True)).declared == frozenset()

    def test_no_pair_marks_nothing(self) -> None:
        assert plan_of(a_desired(), a_stored()).declared == frozenset()


class TestAroundThePlan:
    def test_what_no_file_declares_is_unmanaged_and_left_alone(self) -> None:
        rows = [a_stored("contoso/b"), a_stored("contoso/a"), a_stored()]
        plan = plan_of(a_desired(), rows)
        assert (plan.changes, plan.unmanaged) == ((), (a_key("contoso/a"), a_key("contoso/b")))

    def test_what_is_not_selected_is_neither_changed_nor_unmanaged(self) -> None:
        wanted = [a_desired("contoso/a", owner="x"), a_desired("contoso/b", owner="x")]
        rows = [a_stored(key) for key in ("contoso/a", "contoso/b", "contoso/ab", "contoso/c")]
        plan = plan_of(wanted, rows, selection=Selection(select=("*/a*",)))
        assert [str(change.key) for change in plan.changes] == ["contoso/a"]
        assert list(map(str, plan.unmanaged)) == ["contoso/ab"]
        assert plan.unchanged == 0

    def test_a_run_narrowed_to_paths_calls_nothing_unmanaged(self) -> None:
        other = Location("specs/fabrikam/a.yaml")
        wanted = [a_desired("contoso/a", owner="x"), a_desired("fabrikam/a", owner="x", place=other)]
        rows = [a_stored("contoso/a"), a_stored("fabrikam/a"), a_stored("fabrikam/b")]
        plan = plan_of(wanted, rows, selection=Selection(paths=("specs/fabrikam",)))
        assert [str(change.key) for change in plan.changes] == ["fabrikam/a"]
        assert plan.unmanaged == ()

    def test_a_date_past_the_calendar_blocks_that_one_alone(self) -> None:
        late = facts(start=date(9999, 6, 1))
        wanted = [
            a_desired("contoso/a", facts=late),
            a_desired("contoso/b", facts=late, previously="b0", owner="ada"),
            a_desired("contoso/c", owner="ada"),
        ]
        plan = plan_of(wanted, [a_stored("contoso/b0"), a_stored("contoso/c")])
        assert [(str(change.key), change.kind) for change in plan.changes] == [("contoso/c", Kind.UPDATE)]
        assert [(str(block.key), block.kind, block.code) for block in plan.blocked] == [
            ("contoso/a", Kind.REGISTER, "beyond-calendar"),
            ("contoso/b", Kind.CORRECT, "beyond-calendar"),
        ]
        assert plan.blocked[0].detail == "a term ends after the year 9999"
        assert plan.blocked[0].hint == "check its `start` and `term`"

    def test_changes_are_ordered_by_key_then_by_verb(self) -> None:
        moved: dict[str, Any] = {"facts": facts(product="SPB"), "owner": "x", "recurring": Recurring.OFF}
        wanted = [a_desired("b/a", **moved, previously="z"), a_desired("a/b", **moved), a_desired("a-b/a")]
        plan = plan_of(wanted, [a_stored("a/b"), a_stored("b/z")])
        assert [(str(change.key), change.kind) for change in plan.changes] == [
            ("a/b", Kind.CORRECT),
            ("a/b", Kind.UPDATE),
            ("a/b", Kind.TURN_OFF),
            ("a-b/a", Kind.REGISTER),
            ("b/a", Kind.RENAME),
            ("b/a", Kind.CORRECT),
            ("b/a", Kind.UPDATE),
            ("b/a", Kind.TURN_OFF),
        ]

    def test_what_was_said_on_the_way_is_kept(self) -> None:
        spec, store = warning("a", "of the specs"), warning("b", "of the store")
        rule = RuleUse(PLACE, 0)
        desired = a_desired_state(a_desired(previously="x"), rules=(rule,), diagnostics=(spec,))
        stored = a_stored_state(a_stored(), diagnostics=(store,))
        plan = build_plan(desired, stored, NOW, BINDINGS, a_rulebook("contoso"))
        assert [item.code for item in plan.diagnostics] == ["a", "b", "previously-not-stored"]
        assert (plan.rules, plan.bindings, plan.as_of) == ((rule,), BINDINGS, NOW)

    def test_a_blocked_one_is_shown_with_its_product_whether_stored_or_not(self) -> None:
        stored = plan_of(a_desired(recurring=Recurring.OFF), a_stored(protected=True)).blocked[0]
        fresh = plan_of(a_desired(cancel=Cancel.IMMEDIATELY)).blocked[0]
        bare = plan_of(a_desired(facts=Facts(), id="1"), a_stored(id="2")).blocked[0]
        assert [item.product for item in (stored, fresh, bare)] == ["CFQ7TTC0HD32", "CFQ7TTC0HD32", ""]


class TestWhatAPlanMayNotHide:
    def test_a_price_that_the_same_plan_lowers_counts_as_it_was(self) -> None:
        row = a_stored(seats=100, price=Money(24000, "EUR"))
        cheap = facts(seats=100, price=Money(1, "EUR"))
        update, off = plan_of(a_desired(recurring=Recurring.OFF, facts=cheap), row).changes
        assert (update.kind, off.kind) == (Kind.UPDATE, Kind.TURN_OFF)
        assert off.impact is not None
        assert off.impact.value is not None
        assert off.impact.counted is not None
        assert (off.impact.value.money, off.impact.counted.money) == (Money(100, "EUR"), Money(2_400_000, "EUR"))

    def test_a_price_that_it_raises_counts_as_it_is(self) -> None:
        dear = facts(seats=1, price=Money(500, "EUR"))
        _, off = plan_of(a_desired(recurring=Recurring.OFF, facts=dear), a_stored(price=Money(100, "EUR"))).changes
        assert off.impact is not None
        assert off.impact.weighed is None

    def test_dates_of_what_will_not_renew_keep_it_in_the_term_it_is_in(self) -> None:
        earlier = a_desired(facts=facts(start=date(2026, 1, 20)))
        (change,) = plan_of(earlier, a_row("2026-02-14", recurring=Recurring.OFF), day("2027-01-05")).changes
        assert told(change, "term_start", "term_end") == {
            "term_start": date(2026, 1, 20),
            "term_end": date(2027, 1, 20),
        }

    @pytest.mark.parametrize(
        ("fields", "now"),
        [
            pytest.param({}, "2027-02-01", id="over by the corrected dates"),
            pytest.param({}, "2027-03-01", id="expired"),
            pytest.param({"extended": True}, "2026-12-01", id="extended"),
        ],
    )
    def test_dates_of_what_has_ended_are_blocked(self, fields: dict[str, Any], now: str) -> None:
        row = a_row("2026-02-14", recurring=Recurring.OFF, **fields)
        plan = plan_of(a_desired(facts=facts(start=date(2026, 1, 20)), owner="ada"), row, day(now))
        assert [(item.kind, item.code) for item in plan.blocked] == [(Kind.CORRECT, "dates-of-ended")]
        assert plan.changes == ()

    def test_its_product_can_be_corrected_all_the_same(self) -> None:
        row = a_row("2026-02-14", recurring=Recurring.OFF)
        plan = plan_of(a_desired(facts=facts(product="SPB", start=row.start)), row, day("2027-03-01"))
        assert [change.kind for change in plan.changes] == [Kind.CORRECT]


class TestSettled:
    """What a plan was made without is counted in it all the same."""

    def test_those_that_the_run_is_about_are_unchanged(self) -> None:
        settled = Settled(counts={"contoso": 9, "fabrikam": 5}, chosen={"contoso": 7})
        plan = plan_of(a_desired("contoso/a"), a_stored("contoso/a"), settled=settled)
        assert (plan.unchanged, plan.changes, plan.unmanaged) == (8, (), ())

    def test_their_renewals_stand_among_the_others_by_day_and_key(self) -> None:
        rows = [a_row("2025-12-01", key=f"contoso/{name}") for name in ("a", "z")]
        whole = plan_of([a_desired(str(row.key), facts=facts(start=row.start)) for row in rows], rows).due
        assert [item.key.name for item in whole] == ["a", "z"]
        for looked_at, rest in [(rows[:1], whole[1:]), (rows[1:], whole[:1]), (rows, ()), ([], whole)]:
            wanted = [a_desired(str(row.key), facts=facts(start=row.start)) for row in looked_at]
            settled = Settled({"contoso": len(rest)}, {"contoso": len(rest)}, rest)
            found = plan_of(wanted, looked_at, settled=settled)
            assert (tuple(found.due), len(found.due), found.unchanged) == (tuple(whole), 2, 2)
