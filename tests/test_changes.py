"""The verbs: their order, and which end and which spend."""

from __future__ import annotations

from reconciler.changes import ENDING, INTENTS, SPENDING, Kind


def test_verbs_rank_in_the_order_in_which_they_are_made() -> None:
    assert [kind.value for kind in sorted(Kind, key=lambda kind: kind.rank)] == [
        "register",
        "adopt",
        "rename",
        "correct",
        "update",
        "turn-on-recurring",
        "turn-off-recurring",
        "cancel-at-renewal",
        "undo-cancel",
        "cancel-now",
        "reactivate",
        "forget",
    ]


def test_ending_and_spending_are_what_the_domain_says() -> None:
    assert {kind.value for kind in ENDING} == {"turn-off-recurring", "cancel-at-renewal", "cancel-now"}
    assert {kind.value for kind in SPENDING} == {"turn-on-recurring", "undo-cancel", "reactivate"}
    assert INTENTS == ENDING | SPENDING
