"""A plan taken apart: what moves, and to what, so that two plans can be compared piece by piece.

Pure. What a change moves from is not compared: both plans start from the same records.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.changes import INTENTS, Change, Kind
from reconciler.model import SubscriptionKey
from reconciler.plan import Plan

PAIR = "pair"
NAME = "name"

Atom = tuple[SubscriptionKey, str]
"""A subscription, and what of it moves: a field, the pair, the name; for all else the verb."""


def atoms(plan: Plan) -> dict[Atom, object]:
    """Everything that a plan would move, and to what."""
    return {(change.key, matter): value for change in plan.changes for matter, value in _moves(change).items()}


def pair_to(kind: Kind, recurring: object, cancellation: object) -> tuple[object, ...]:
    """What a change of the pair moves it to."""
    return (kind, recurring, cancellation)


def _moves(change: Change) -> Mapping[str, object]:
    match change.kind:
        case Kind.RENAME:
            return {NAME: change.before["name"]}
        case Kind.CORRECT | Kind.UPDATE:
            return dict(change.after)
        case kind if kind in INTENTS:
            return {PAIR: pair_to(kind, change.after["recurring"], change.after["cancellation"])}
        case _:
            return {change.kind.value: dict(change.after)}


Bar = tuple[SubscriptionKey, str]
"""What is blocked: the subscription, and the code."""


def bars(plan: Plan) -> dict[Bar, tuple[Kind, str, str]]:
    """Everything that a plan holds back: the verb, why, and what to do."""
    return {(item.key, item.code): (item.kind, item.detail, item.hint) for item in plan.blocked}
