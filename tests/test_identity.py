"""Which record a declared subscription has: renames, provider ids, open intents."""

from __future__ import annotations

import pytest

from reconciler.changes import Kind
from reconciler.diagnostics import Location, Severity
from reconciler.model import Recurring
from tests.builders import a_desired, a_key, a_stored, an_open_intent
from tests.estates import plan_of

OLD, NEW = "contoso/visio", "contoso/visio-plan-2"
PREVIOUSLY = Location("specs/contoso.yaml", 9, 17)


class TestRename:
    def test_the_record_of_the_former_name_takes_the_new_one(self) -> None:
        wanted = a_desired(NEW, previously="visio", fields={"previously": PREVIOUSLY})
        plan = plan_of(wanted, a_stored(OLD, id="6f0d"))
        (change,) = plan.changes
        assert (change.kind, change.key) == (Kind.RENAME, a_key(NEW))
        assert (change.before, change.after) == ({"name": "visio"}, {"name": "visio-plan-2"})
        assert (change.external_id, change.place) == ("6f0d", PREVIOUSLY)
        assert plan.unmanaged == ()
        assert plan.unchanged == 0

    def test_it_stands_at_the_subscription_where_the_place_of_previously_is_not_known(self) -> None:
        wanted = a_desired(NEW, previously="visio")
        assert plan_of(wanted, a_stored(OLD)).changes[0].place == wanted.place

    def test_everything_else_is_judged_on_what_the_rename_leaves(self) -> None:
        wanted = a_desired(NEW, previously="visio", recurring=Recurring.OFF, owner="ada")
        kinds = [change.kind for change in plan_of(wanted, a_stored(OLD)).changes]
        assert kinds == [Kind.RENAME, Kind.UPDATE, Kind.TURN_OFF]

    def test_protection_goes_with_the_record(self) -> None:
        wanted = a_desired(NEW, previously="visio", recurring=Recurring.OFF)
        plan = plan_of(wanted, a_stored(OLD, protected=True))
        assert [change.kind for change in plan.changes] == [Kind.RENAME]
        assert [(item.key, item.code) for item in plan.blocked] == [(a_key(NEW), "protected")]

    def test_a_former_name_that_is_not_stored_is_ignored_with_a_warning(self) -> None:
        wanted = a_desired(NEW, previously="visio", fields={"previously": PREVIOUSLY})
        plan = plan_of(wanted, a_stored(NEW))
        assert (plan.changes, plan.blocked, plan.unchanged) == ((), (), 1)
        (said,) = plan.diagnostics
        assert (said.severity, said.code, said.detail) == (Severity.WARNING, "previously-not-stored", OLD)
        assert said.location == PREVIOUSLY
        assert said.hint == "remove the line once the rename has been applied everywhere"

    def test_with_neither_name_stored_it_is_registered(self) -> None:
        plan = plan_of(a_desired(NEW, previously="visio"))
        assert [change.kind for change in plan.changes] == [Kind.REGISTER]
        assert [said.code for said in plan.diagnostics] == ["previously-not-stored"]

    def test_the_former_name_is_looked_for_in_the_same_account(self) -> None:
        plan = plan_of(a_desired(NEW, previously="visio"), a_stored("fabrikam/visio"))
        assert [change.kind for change in plan.changes] == [Kind.REGISTER]
        assert plan.unmanaged == (a_key("fabrikam/visio"),)


class TestRenameClash:
    def test_both_names_stored(self) -> None:
        wanted = a_desired(NEW, previously="visio", recurring=Recurring.OFF)
        plan = plan_of(wanted, [a_stored(OLD), a_stored(NEW)])
        (block,) = plan.blocked
        assert (plan.changes, block.kind, block.code) == ((), Kind.RENAME, "rename-clash")
        assert block.detail == "both contoso/visio-plan-2 and contoso/visio are stored"
        assert block.hint == "remove `previously`, or drop one record: reconcile forget contoso/visio"

    def test_a_former_name_that_is_still_declared(self) -> None:
        wanted = [a_desired(OLD, owner="ada"), a_desired(NEW, previously="visio")]
        plan = plan_of(wanted, a_stored(OLD))
        assert [(change.key, change.kind) for change in plan.changes] == [(a_key(OLD), Kind.UPDATE)]
        (block,) = plan.blocked
        assert (block.key, block.code) == (a_key(NEW), "rename-clash")
        assert block.detail == "contoso/visio is declared by that name itself"
        assert block.hint == "remove `previously`, or the declaration under the former name"

    def test_a_former_name_that_is_given_to_another_one_in_the_same_run(self) -> None:
        wanted = [a_desired(OLD), a_desired(NEW, previously="visio", owner="ada")]
        plan = plan_of(wanted, a_stored(NEW))
        assert [(change.key, change.kind) for change in plan.changes] == [(a_key(OLD), Kind.REGISTER)]
        assert [(block.key, block.code) for block in plan.blocked] == [(a_key(NEW), "rename-clash")]
        assert plan.diagnostics == ()

    def test_its_own_name(self) -> None:
        plan = plan_of(a_desired(NEW, previously="visio-plan-2", owner="ada"), a_stored(NEW))
        assert (plan.changes, [block.code for block in plan.blocked]) == ((), ["rename-clash"])

    def test_two_that_claim_the_same_record(self) -> None:
        wanted = [a_desired("contoso/a", previously="visio"), a_desired("contoso/b", previously="visio")]
        plan = plan_of(wanted, a_stored(OLD))
        assert (plan.changes, plan.unmanaged) == ((), ())
        assert [(str(block.key), block.code) for block in plan.blocked] == [
            ("contoso/a", "rename-clash"),
            ("contoso/b", "rename-clash"),
        ]
        assert plan.blocked[0].detail == "2 subscriptions say that they were contoso/visio"
        assert "remove `previously` from the others" in plan.blocked[0].hint

    def test_the_same_former_name_in_two_accounts_is_no_clash(self) -> None:
        wanted = [a_desired("contoso/a", previously="visio"), a_desired("fabrikam/a", previously="visio")]
        plan = plan_of(wanted, [a_stored(OLD), a_stored("fabrikam/visio")])
        assert [change.kind for change in plan.changes] == [Kind.RENAME, Kind.RENAME]

    def test_names_that_change_places_are_blocked_both(self) -> None:
        wanted = [a_desired("contoso/a", previously="b"), a_desired("contoso/b", previously="a")]
        plan = plan_of(wanted, [a_stored("contoso/a"), a_stored("contoso/b")])
        assert (plan.changes, [block.code for block in plan.blocked]) == ((), ["rename-clash", "rename-clash"])

    def test_a_chain_of_renames_waits_for_one_to_be_applied_at_a_time(self) -> None:
        wanted = [a_desired("contoso/b", previously="a"), a_desired("contoso/c", previously="b")]
        plan = plan_of(wanted, [a_stored("contoso/a"), a_stored("contoso/b")])
        assert (plan.changes, [block.code for block in plan.blocked]) == ((), ["rename-clash", "rename-clash"])


class TestProviderId:
    def test_an_id_that_the_record_lacks_is_taken_over(self) -> None:
        (change,) = plan_of(a_desired(id="6f0d"), a_stored()).changes
        assert (change.kind, change.before, change.after) == (Kind.UPDATE, {"id": None}, {"id": "6f0d"})

    def test_an_id_that_no_spec_says_stays(self) -> None:
        assert plan_of(a_desired(), a_stored(id="6f0d")).unchanged == 1

    def test_the_same_id_is_no_change(self) -> None:
        assert plan_of(a_desired(id="6f0d"), a_stored(id="6f0d")).unchanged == 1

    def test_another_id_is_another_subscription(self) -> None:
        plan = plan_of(a_desired(id="other", recurring=Recurring.OFF), a_stored(id="6f0d"))
        (block,) = plan.blocked
        assert (plan.changes, block.kind, block.code) == ((), Kind.CORRECT, "id-mismatch")
        assert block.detail == "the record's id is 6f0d, the spec says other"
        assert block.hint == "another id is another subscription: give it a name of its own"

    @pytest.mark.parametrize(
        ("rows", "kind"),
        [
            pytest.param([a_stored(OLD, id="6f0d")], Kind.REGISTER, id="a new one"),
            pytest.param([a_stored(OLD, id="6f0d"), a_stored(NEW)], Kind.CORRECT, id="one without an id"),
        ],
    )
    def test_an_id_that_another_record_has_is_taken(self, rows: list[object], kind: Kind) -> None:
        plan = plan_of(a_desired(NEW, id="6f0d"), rows)  # type: ignore[arg-type]
        (block,) = plan.blocked
        assert (plan.changes, block.kind, block.code) == ((), kind, "id-taken")
        assert block.detail == "contoso/visio has the id 6f0d"
        assert block.hint == "if this is a rename, write `previously: visio`"

    def test_the_same_id_in_another_account_is_another_subscription(self) -> None:
        plan = plan_of(a_desired(NEW, id="6f0d"), a_stored("fabrikam/visio", id="6f0d"))
        assert [(change.kind, change.external_id) for change in plan.changes] == [(Kind.REGISTER, "6f0d")]

    def test_a_renamed_record_keeps_its_id(self) -> None:
        plan = plan_of(a_desired(NEW, previously="visio", id="6f0d"), a_stored(OLD, id="6f0d"))
        assert [change.kind for change in plan.changes] == [Kind.RENAME]


class TestOpenIntent:
    def test_what_has_an_unknown_outcome_is_left_alone(self) -> None:
        wanted = a_desired(recurring=Recurring.OFF, owner="ada")
        plan = plan_of(wanted, a_stored(), open_intents={wanted.key: an_open_intent(wanted.key)})
        (block,) = plan.blocked
        assert (plan.changes, block.kind, block.code) == ((), Kind.TURN_OFF, "outcome-unknown")
        since = "turn-off-recurring was begun on 2026-11-23 at 12:00 UTC"
        assert block.detail == f"{since}, and what became of it is not known"
        assert block.hint == "the next apply asks the provider, and settles it"

    def test_a_registration_with_an_unknown_outcome_is_not_repeated(self) -> None:
        plan = plan_of(a_desired(), open_intents={a_key(): an_open_intent(a_key())})
        assert (plan.changes, [block.code for block in plan.blocked]) == ((), ["outcome-unknown"])

    def test_a_rename_does_not_get_around_it(self) -> None:
        wanted = a_desired(NEW, previously="visio", recurring=Recurring.OFF)
        plan = plan_of(wanted, a_stored(OLD), open_intents={a_key(OLD): an_open_intent(a_key(OLD))})
        assert (plan.changes, [block.code for block in plan.blocked]) == ((), ["outcome-unknown"])

    def test_another_ones_intent_holds_nothing_up(self) -> None:
        plan = plan_of(
            a_desired(recurring=Recurring.OFF), a_stored(), open_intents={a_key(OLD): an_open_intent(a_key(OLD))}
        )
        assert [change.kind for change in plan.changes] == [Kind.TURN_OFF]
