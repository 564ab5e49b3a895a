"""A subscription taken apart, parsed or in pieces: how it is declared, and the values that are its own.

Pure, and hot. Whatever is not plainly declared is not taken apart. Must not know what the values come to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:  # start-up: only large estates are worth its patterns
    from reconciler.spec.blocks import Form, Path, Row

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
    """Where rows of one form hold what. None: they do not, or all of them say the same there."""

    key: Callable[[Row], object]
    """The values in which two blocks of one form must agree to have their class in common."""
    start: int | None
    seats: int | None
    price: int | None
    last_charge: int | None
    id: int | None
    product: int | None
    owner: int | None
    labels: Callable[[Row], object] | None


_VALUES_FROM: Final = 2
"""Where in a row (see `blocks`) its values begin."""
_COUNTED = ("facts", "seats")
_OWN: Final[dict[Path, str]] = {
    ("id",): "id",
    ("owner",): "owner",
    **{("facts", name): name for name in OWN_FACTS},
}
_UNHEARD = frozenset((("reason",), ("cancel", "reason")))
"""What no gist speaks of."""


def plan_of(form: Form, looks: Looks) -> Plan | None:
    """How blocks of this form are taken apart; None where each of them is to be read in full."""
    if taken_apart(form.block) is None:
        return None
    own: dict[str, int] = {}
    alike: list[int] = []
    labels: list[int] = []
    for at, path in enumerate(form.paths, _VALUES_FROM):
        if path[0] == "labels":
            labels.append(at)
        elif path in _OWN and (path in form.counts) is (path == _COUNTED):
            own[_OWN[path]] = at
        elif path not in _UNHEARD:
            alike.append(at)
    alike += [
        own[name] for name, looked in (("product", looks.product), ("owner", looks.owner)) if looked and name in own
    ]
    if looks.labels:
        alike += labels
    return Plan(
        itemgetter(*alike) if alike else _nothing,
        own.get("start"),
        own.get("seats"),
        own.get("price"),
        own.get("last_charge"),
        own.get("id"),
        own.get("product"),
        own.get("owner"),
        itemgetter(*labels) if labels else None,
    )


def labels_of(form: Form, row: Row) -> tuple[tuple[str, str], ...] | None:
    """The labels in a block of this form."""
    labels = form.block.get("labels")
    if labels is None:
        return None
    said = {path[1]: row[at] for at, path in enumerate(form.paths, _VALUES_FROM) if path[0] == "labels"}
    return tuple((name, said.get(name, value)) for name, value in labels.items())


def _nothing(row: Row) -> object:
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
