"""A pair at a provider that folds both ends into one: projected before it is compared, and told."""

from __future__ import annotations

import pytest

from reconciler.changes import Kind
from reconciler.model import Cancel, Intent, Recurring
from reconciler.observed import BOTH_ENDS
from reconciler.projection import folded, projected
from reconciler.wishes import Converged, Move
from tests.builders import PLACE

ON, OFF = Recurring.ON, Recurring.OFF
NONE, RENEWAL, NOW = Cancel.NONE, Cancel.AT_RENEWAL, Cancel.IMMEDIATELY
ONLY_CANCELLED = frozenset({Kind.CANCEL_AT_RENEWAL})
ONLY_OFF = frozenset({Kind.TURN_OFF})
Pair = tuple[Recurring | None, Cancel | None]

TABLE: dict[str, tuple[frozenset[Kind], Pair, Pair, bool]] = {
    "both are told apart": (BOTH_ENDS, (OFF, None), (OFF, None), False),
    "a cancellation only: off is one": (ONLY_CANCELLED, (OFF, None), (OFF, RENEWAL), True),
    "a cancellation only: off without one is one, too": (ONLY_CANCELLED, (OFF, NONE), (OFF, RENEWAL), True),
    "a cancellation only: a cancellation": (ONLY_CANCELLED, (None, RENEWAL), (None, RENEWAL), False),
    "a cancellation only: both words for it": (ONLY_CANCELLED, (OFF, RENEWAL), (OFF, RENEWAL), False),
    "a cancellation only: none means that it renews": (ONLY_CANCELLED, (None, NONE), (ON, NONE), False),
    "a cancellation only: on": (ONLY_CANCELLED, (ON, None), (ON, None), False),
    "a cancellation only: at once": (ONLY_CANCELLED, (None, NOW), (None, NOW), False),
    "off only: a cancellation is off": (ONLY_OFF, (None, RENEWAL), (OFF, None), True),
    "off only: off": (ONLY_OFF, (OFF, None), (OFF, None), False),
    "off only: off and none": (ONLY_OFF, (OFF, NONE), (OFF, NONE), False),
    "off only: at once": (ONLY_OFF, (OFF, NOW), (OFF, NOW), False),
}


@pytest.mark.parametrize(("ends", "declared", "expected", "told"), TABLE.values(), ids=TABLE.keys())
def test_a_pair_becomes_what_the_provider_can_hold(
    ends: frozenset[Kind], declared: Pair, expected: Pair, told: bool
) -> None:
    intent, said = projected(Intent(*declared, PLACE, reason="why"), ends, "stripe")
    assert (intent.recurring, intent.cancel, intent.reason) == (*expected, "why")
    assert (said is not None) is told
    assert projected(intent, ends, "stripe")[0] == intent


class TestFolded:
    CANCEL = Move(Kind.CANCEL_AT_RENEWAL, OFF, RENEWAL, "because")

    def test_a_fall_back_that_it_can_tell_stays(self) -> None:
        assert folded(self.CANCEL, BOTH_ENDS, ON) is self.CANCEL

    def test_one_that_it_cannot_tell_is_off(self) -> None:
        assert folded(self.CANCEL, ONLY_OFF, ON) == Move(Kind.TURN_OFF, OFF, NONE, "because")

    def test_and_nothing_where_it_is_off_already(self) -> None:
        assert folded(self.CANCEL, ONLY_OFF, OFF) == Converged()

    def test_nothing_else_is_touched(self) -> None:
        move = Move(Kind.TURN_ON, ON, NONE)
        assert folded(move, ONLY_OFF, OFF) is move
        assert folded(Converged(), ONLY_OFF, OFF) == Converged()
