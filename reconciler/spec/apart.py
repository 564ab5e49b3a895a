"""A subscription taken apart, parsed or in pieces: how it is declared, and the values that are its own.

Pure, and hot. Whatever is not plainly declared is not taken apart. Must not know what the values come to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:  # start-up: only large estates are worth its patterns
    from reconciler.spec.blocks import Form, Spot

OWN_VALUES: Final = frozenset(("id", "labels", "owner", "reason"))
"""Keys of a subscription that its shape speaks of, but not of what they say."""
OWN_FACTS: Final = {"product": 0, "start": 1, "seats": 2, "price": 3, "last_charge": 4}
"""The same of its facts."""
MOST_TEXT: Final = 200
_MOST_PROSE: Final = 2000
_Values = list[Any]
"""The facts of its own while they are looked for."""
Shape = tuple[object, ...]
"""How a subscription is declared, without the values that are its own."""


class Own(NamedTuple):
    """A subscription as it was taken apart: None stands for what is not among its own keys."""

    shape: Shape
    product: str | None
    owner: str | None
    labels: tuple[tuple[str, str], ...] | None
    start: Any
    seats: Any
    price: Any
    charge: Any
    number: Any
    """The provider's id."""


class Looks(NamedTuple):
    """What of a subscription's own values the rules above it look at."""

    product: bool
    owner: bool
    labels: bool


class Plan(NamedTuple):
    """Where blocks of one form hold what. None: they do not, or all of them say the same there."""

    key: Callable[[Sequence[str]], object]
    """The pieces in which two blocks of one form must agree to have their class in common."""
    facts: tuple[int | None, int | None, int | None, int | None]
    """Pieces of start, seats, price and last charge."""
    product: Spot | None
    owner: Spot | None
    number: Spot | None
    labels: Callable[[Sequence[str]], object] | None
    """The pieces with labels."""


def plan_of(form: Form, looks: Looks) -> Plan | None:
    """How blocks of this form are taken apart; None where each of them is to be read in full."""
    if taken_apart(form.block) is None:
        return None
    alike: list[int] = []
    labels: list[int] = []
    own: dict[str, Spot] = {}
    for path, spot in form.spots.items():
        match path:
            case ("labels", _):
                labels.append(spot.piece)
            case ("facts", str(name)) if name in OWN_FACTS:
                own[name] = spot
            case ("id" | "owner" as name,) if path not in form.counts:
                own[name] = spot
            case ("reason",) | ("cancel", "reason"):
                pass
            case _:
                alike.append(spot.piece)
    for name, looked in (("product", looks.product), ("owner", looks.owner)):
        if looked and name in own:
            alike.append(own[name].piece)
    if looks.labels:
        alike += labels
    start, seats, price, charge = (_piece(own.get(name)) for name in ("start", "seats", "price", "last_charge"))
    return Plan(
        itemgetter(*alike) if alike else _nothing,
        (start, seats, price, charge),
        own.get("product"),
        own.get("owner"),
        own.get("id"),
        itemgetter(*labels) if labels else None,
    )


def labels_of(form: Form, pieces: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The labels in a block of this form."""
    spots = ((name, value, form.spots.get(("labels", name))) for name, value in form.block["labels"].items())
    return tuple((name, value if spot is None else spot.of(pieces)) for name, value, spot in spots)


def _piece(spot: Spot | None) -> int | None:
    return None if spot is None else spot.piece


def _nothing(pieces: Sequence[str]) -> object:
    return None


def taken_apart(block: object) -> Own | None:
    """The subscription as its shape and its values of its own; None for what is to be read in full."""
    if not isinstance(block, dict):
        return None
    shape: list[object] = []
    facts: _Values = [None, None, None, None, None]
    for name, value in block.items():
        kind = value.__class__
        shape.append(name)
        if name in OWN_VALUES:
            pass
        elif kind is dict:
            if not (_take_facts(value, shape, facts) if name == "facts" else _take_cancel(name, value, shape)):
                return None
        elif kind is str:
            shape.append(value)
        elif kind is bool:
            shape.append((value,))  # it would be equal to a number
        else:
            return None
    labels, owner, reason = block.get("labels"), block.get("owner"), block.get("reason")
    if not (_are_texts(labels) and _may_be(facts[0], MOST_TEXT) and _may_be(owner, MOST_TEXT)):
        return None
    if not _may_be(reason, _MOST_PROSE):
        return None
    product, start, seats, price, charge = facts
    known = None if labels is None else tuple(labels.items())
    return Own(tuple(shape), product, owner, known, start, seats, price, charge, block.get("id"))


def _take_facts(facts: Mapping[str, Any], shape: list[object], own: _Values) -> bool:
    """Whether its facts could be taken apart."""
    for fact, said in facts.items():
        shape.append(fact)
        at = OWN_FACTS.get(fact)
        if at is not None:
            own[at] = said
        elif said.__class__ is str:
            shape.append(said)
        else:
            return False
    shape.append(None)
    return True


def _take_cancel(name: str, block: Mapping[str, Any], shape: list[object]) -> bool:
    """Whether this is the long form of a cancellation, and all of it texts."""
    if name != "cancel":
        return False
    for key, said in block.items():
        if said.__class__ is not str:
            return False
        shape.append(key)
        if key != "reason":
            shape.append(said)
        elif not is_text(said, _MOST_PROSE):
            return False
    shape.append(None)
    return True


def _are_texts(labels: Any) -> bool:
    """Whether these are labels that are texts, or none are given."""
    return labels is None or (labels.__class__ is dict and all(said.__class__ is str for said in labels.values()))


def _may_be(said: object, longest: int) -> bool:
    """Whether this is a text, or nothing is said."""
    return said is None or is_text(said, longest)


def is_text(said: object, longest: int) -> bool:
    """Whether this is a text in which something shows."""
    return isinstance(said, str) and 0 < len(said) <= longest and not said.isspace()
