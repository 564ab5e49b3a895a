"""Inherited pairs that do not fit what is imported: taken back with a reason, told once for each place."""

from __future__ import annotations

import pytest

from reconciler.changes import Blocked, Kind
from reconciler.diagnostics import Location
from reconciler.importing.inherited import held_back, inherited, why
from reconciler.importing.proof import WrittenWrongly
from reconciler.model import Cancel, Intent, Recurring
from tests.builders import PLACE, a_change, a_desired, a_key
from tests.estates import a_desired_state

ABOVE = Location("specs/_defaults.yaml", 3, 5)
OFF = Intent(Recurring.OFF, None, ABOVE, own=False)
CANCEL = Intent(None, Cancel.AT_RENEWAL, PLACE, own=False)


def test_the_pair_behind_a_change_or_a_block_is_found() -> None:
    desired = a_desired_state(a_desired(intent=OFF), a_desired("contoso/b", intent=CANCEL))
    blocked = Blocked(a_key("contoso/b"), Kind.CANCEL_AT_RENEWAL, "unsupported", "", "", PLACE, "")
    assert dict(inherited(desired, [a_change(), blocked])) == {a_key(): OFF, a_key("contoso/b"): CANCEL}


@pytest.mark.parametrize(
    ("kind", "intent"),
    [(Kind.UPDATE, OFF), (Kind.TURN_OFF, None), (Kind.TURN_OFF, Intent(Recurring.OFF, None, PLACE))],
    ids=["no change of the pair", "no pair", "a pair of its own"],
)
def test_anything_else_that_is_left_to_do_is_our_bug(kind: Kind, intent: Intent | None) -> None:
    with pytest.raises(WrittenWrongly, match=f"{kind} would be left to do"):
        list(inherited(a_desired_state(a_desired(intent=intent)), [a_change(kind)]))


def test_a_reason_names_the_place_and_the_pair() -> None:
    assert why(OFF) == "specs/_defaults.yaml:3:5 asks for recurring: off; remove this line to let it"
    assert why(CANCEL) == "specs/contoso.yaml:3:5 asks for cancel: at-renewal; remove this line to let it"


def test_each_place_is_told_once_with_how_many_it_reached() -> None:
    held = {a_key(): OFF, a_key("contoso/a"): OFF, a_key("contoso/c"): CANCEL}
    first, second = held_back(held, "the file")
    assert first.detail == "`recurring: off` against what the file says of contoso/a and 1 more"
    assert second.detail == "`cancel: at-renewal` against what the file says of contoso/c"
    assert {first.code, second.code} == {"import-holds-back"}
