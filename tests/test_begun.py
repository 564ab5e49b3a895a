"""What earlier runs began: asked about where it was begun, repeated only as it was, closed where it is over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.begun import Begun, closings, ours_to_ask, repeated_ids, with_open
from reconciler.changes import Change, Kind, Pending, Refusal
from reconciler.journal import Freeze
from reconciler.operation_ids import operation_id
from reconciler.plan import Plan, Verdict
from reconciler.safety import Circumstances
from reconciler.settings import AccountSettings, Safety
from tests.builders import NOW, PLACE, a_change, a_desired, a_key, an_open_intent
from tests.estates import BINDINGS, LINEAGE, a_desired_state, a_stored_state

KEY = "cloud/a"
OPEN = an_open_intent(KEY)
SAME = replace(a_change(Kind.TURN_OFF, KEY), before=OPEN.before, after=OPEN.after, external_id=OPEN.external_id)
OTHER = a_change(Kind.CANCEL_AT_RENEWAL, KEY)
STORED = a_stored_state(accounts={"cloud": ("stripe", "t-1")})
AROUND = Circumstances(Safety(), NOW)


def plan_of(*changes: Change, **fields: Any) -> Plan:
    return Plan(NOW, BINDINGS, changes=changes, **fields)


class TestAsking:
    DESIRED = a_desired_state(
        a_desired(KEY),
        accounts={
            "cloud": AccountSettings("cloud", "stripe", tenant="t-1"),
            "new": AccountSettings("new", "stripe", tenant="t-9"),
            "books": AccountSettings("books"),
        },
    )

    def test_outside_accounts_are_asked_as_whom_they_were_recorded(self) -> None:
        assert ours_to_ask(AROUND, None, self.DESIRED, STORED) == {"cloud", "new"}

    def test_another_tenant_is_not(self) -> None:
        stored = replace(STORED, accounts={"cloud": ("stripe", "t-2")})
        assert ours_to_ask(AROUND, None, self.DESIRED, stored) == {"new"}

    def test_nobody_is_asked_for_another_store(self) -> None:
        assert ours_to_ask(replace(AROUND, pinned="other"), None, self.DESIRED, STORED) == frozenset()
        assert ours_to_ask(replace(AROUND, pinned=LINEAGE), None, self.DESIRED, STORED)

    def test_nor_while_frozen(self) -> None:
        stored = replace(STORED, freeze=Freeze("stop", NOW, "bob"))
        assert ours_to_ask(AROUND, None, self.DESIRED, stored) == frozenset()

    def test_nor_at_another_instant(self) -> None:
        assert ours_to_ask(AROUND, NOW, self.DESIRED, STORED) == frozenset()


class TestRepeating:
    def test_the_very_same_change_keeps_its_id(self) -> None:
        assert repeated_ids(STORED, [SAME], [OPEN]) == {operation_id(LINEAGE, 7, SAME): OPEN.operation_id}

    @pytest.mark.parametrize(
        "change", [OTHER, replace(SAME, before={**SAME.before, "term_end": "2028-03-01"})], ids=["verb", "term"]
    )
    def test_another_one_does_not(self, change: Change) -> None:
        assert repeated_ids(STORED, [change], [OPEN]) == {}

    def test_what_is_late_and_not_asked_for_just_so_stays_open(self) -> None:
        begun = Begun(late=(OPEN,))
        assert begun.unlike(plan_of(SAME), STORED) == ()
        assert begun.unlike(plan_of(OTHER), STORED) == (OPEN,)
        assert begun.unlike(plan_of(), STORED) == (OPEN,)

    def test_what_nobody_approved_is_not_planned_again(self) -> None:
        begun = Begun(asked=(OPEN,))
        assert begun.beyond(plan_of(SAME), lambda change: False) == (OPEN,)
        assert begun.beyond(plan_of(SAME), lambda change: True) == ()
        assert begun.beyond(plan_of(a_change(Kind.UPDATE, KEY)), lambda change: False) == ()

    def test_open_again_it_blocks(self) -> None:
        assert with_open(STORED, [OPEN]).open_intents == {OPEN.key: OPEN}


class TestClosing:
    def test_a_task_that_nobody_asks_for_is_withdrawn(self) -> None:
        item = Pending(a_key(KEY), Kind.TURN_OFF, NOW.date(), "", "", PLACE, withdrawn=True)
        stored = with_open(STORED, [OPEN])
        (closing,) = closings(plan_of(pending=(item,)), Verdict(()), stored)
        assert (closing.intent, closing.error.partition(":")[0]) == (OPEN, "withdrawn")
        kept = replace(item, withdrawn=False)
        assert closings(plan_of(pending=(kept,)), Verdict(()), stored) == ()

    @pytest.mark.parametrize("scope", ["run", "cloud"])
    def test_nothing_is_withdrawn_where_a_brake_holds(self, scope: str) -> None:
        item = Pending(a_key(KEY), Kind.TURN_OFF, NOW.date(), "", "", PLACE, withdrawn=True)
        verdict = Verdict((), (Refusal("max-changes", scope, "", ""),))
        assert closings(plan_of(pending=(item,)), verdict, with_open(STORED, [OPEN])) == ()
