"""What a provider showed of one subscription as JSON values, and back: whole, and spelled in one way only.

Pure. What is None, empty or as usual is not written, and must not be there when read.
Knows nothing of where it is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from reconciler.changes import Kind
from reconciler.model import Cancel, Money, Recurring, Status, Term, TermLength
from reconciler.observed import BOTH_ENDS, Capabilities, ObservedSubscription, Obstacle

Write = Callable[[Any], object]
Read = Callable[[Any], Any]


def to_values(seen: ObservedSubscription) -> dict[str, object]:
    """Everything that was seen; ValueError names the first field that holds what its type does not allow.

    A provider of somebody else's may hand out anything: what this writes, `from_values` reads.
    """
    values: dict[str, object] = {}
    name = ""
    try:
        for name, usual, write in _WRITTEN:
            value = getattr(seen, name)
            if value is usual or (usual is not None and value == usual):
                continue
            values[name] = write(value)
    except _WRONG as error:
        raise ValueError(f"{name}: {error}") from error
    return values


def from_values(values: object) -> ObservedSubscription:
    """What was seen; ValueError for anything that `to_values` did not write."""
    found: dict[str, Any] = {}
    name = ""
    given = _object(values)
    try:
        for name, value in given.items():
            found[name] = _READ[name](value)
    except _WRONG as error:
        raise ValueError(f"{name[:60]}: {error}") from error
    missing = _REQUIRED - found.keys()
    if missing:
        raise ValueError(f"{', '.join(sorted(missing))}: not there")
    return ObservedSubscription(**found)


def obstacle_to_values(why: Obstacle) -> dict[str, object]:
    """All of an obstacle; ValueError where it holds anything but texts."""
    values: dict[str, object] = {"code": _text(why.code), "detail": _text(why.detail)}
    if why.hint:
        values["hint"] = _text(why.hint)
    return values


def obstacle_from_values(values: object) -> Obstacle:
    """The obstacle; ValueError for anything that `obstacle_to_values` did not write."""
    found = _object(values)
    if "hint" in found:
        _only(found, {"code", "detail", "hint"})
        return Obstacle(_text(found["code"]), _text(found["detail"]), _said(found["hint"]))
    _only(found, {"code", "detail"})
    return Obstacle(_text(found["code"]), _text(found["detail"]))


_WRONG = (AttributeError, KeyError, OverflowError, TypeError, ValueError)
"""What the ways there and back raise for what is none of their kind."""


def _text(value: object) -> str:
    if type(value) is str:
        return value
    if not isinstance(value, str):
        raise ValueError("no text")  # noqa: TRY004 - what an answer or a column holds, not a mistake of our code
    return str.__str__(value)  # an SDK's own kind of text, such as its enumerations, becomes a plain one


def _said(value: object) -> str:
    if value == "":
        raise ValueError("an empty text")
    return _text(value)


def _number(value: object) -> int:
    if type(value) is not int or not -1 << 63 <= value < 1 << 63:
        raise ValueError("no number of 64 bits")
    return value


def _object(value: object) -> dict[str, Any]:
    if type(value) is not dict:
        raise ValueError("no JSON object")
    return value


def _only(values: dict[str, Any], names: set[str]) -> None:
    if values.keys() != names:
        raise ValueError(f"other than {', '.join(sorted(names))}")


def _day_text(value: date) -> str:
    if type(value) is not date:
        raise ValueError("no day")
    return value.isoformat()


def _day(value: object) -> date:
    found = date.fromisoformat(_text(value))
    if found.isoformat() != value:
        raise ValueError("no day as we write it")
    return found


def _instant_text(value: datetime) -> str:
    if value.tzinfo is not UTC:
        if value.tzinfo is None:
            raise ValueError("no instant, without a time zone")
        value = value.astimezone(UTC)
    return value.isoformat()[:-6] + "Z"


def _instant(value: object) -> datetime:
    found = datetime.fromisoformat(_text(value))
    if found.tzinfo is not UTC or found.isoformat()[:-6] + "Z" != value:
        raise ValueError("no instant as we write it")
    return found


def _money_values(value: Money) -> dict[str, object]:
    return {"currency": _text(value.currency), "minor": _number(value.minor)}


def _money(value: object) -> Money:
    found = _object(value)
    _only(found, {"currency", "minor"})
    return Money(_number(found["minor"]), _text(found["currency"]))


def _term_values(value: Term) -> dict[str, object]:
    return {"end": _instant_text(value.end), "start": _instant_text(value.start)}


def _term(value: object) -> Term:
    found = _object(value)
    _only(found, {"end", "start"})
    return Term(_instant(found["start"]), _instant(found["end"]))


def _list(value: object) -> list[str]:
    if not isinstance(value, tuple):
        raise ValueError("no texts")  # noqa: TRY004 - as above
    return [_text(item) for item in value]


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError("no texts")
    return tuple(_text(item) for item in value)


def _capability_values(value: Capabilities) -> dict[str, object]:
    values: dict[str, object] = {}
    if value.ends != BOTH_ENDS:
        values["ends"] = sorted(_KIND_TEXT[kind] for kind in value.ends)
    if value.barred:
        values["barred"] = {_KIND_TEXT[kind]: obstacle_to_values(why) for kind, why in value.barred.items()}
    return values


def _capabilities(value: object) -> Capabilities:
    found = _object(value)
    if not found or found.keys() - {"barred", "ends"}:
        raise ValueError("other than barred, ends")
    ends: frozenset[Kind] = BOTH_ENDS
    barred: dict[Kind, Obstacle] = {}
    if "ends" in found:
        words = [_text(word) for word in found["ends"]]
        ends = frozenset(_KIND[word] for word in words)
        if ends == BOTH_ENDS or words != sorted(ends) or type(found["ends"]) is not list:
            raise ValueError("no ends as we write them")
    if "barred" in found:
        barred = {_KIND[kind]: obstacle_from_values(why) for kind, why in _object(found["barred"]).items()}
        if not barred:
            raise ValueError("nothing is barred")
    return Capabilities(ends, barred)


def _word_texts(words: type[StrEnum]) -> Mapping[str, str]:
    return {word.value: word.value for word in words}


def _words(words: type[StrEnum]) -> Mapping[str, Any]:
    return {word.value: word for word in words}


_KIND_TEXT, _KIND = _word_texts(Kind), _words(Kind)
_LENGTH: tuple[Write, Read] = (_word_texts(TermLength).__getitem__, _words(TermLength).__getitem__)
_MONEY: tuple[Write, Read] = (_money_values, _money)
_INSTANT: tuple[Write, Read] = (_instant_text, _instant)
_WAYS: Mapping[str, tuple[Write, Read]] = {
    "id": (_text, _text),
    "product": (_text, _text),
    "status": (_word_texts(Status).__getitem__, _words(Status).__getitem__),
    "provider_status": (_text, _text),
    "recurring": (_word_texts(Recurring).__getitem__, _words(Recurring).__getitem__),
    "cancellation": (_word_texts(Cancel).__getitem__, _words(Cancel).__getitem__),
    "term": (_term_values, _term),
    "length": _LENGTH,
    "billing": _LENGTH,
    "started": (_day_text, _day),
    "product_name": (_text, _said),
    "display_name": (_text, _said),
    "seats": (_number, _number),
    "price": _MONEY,
    "last_charge": _MONEY,
    "requested_at": _INSTANT,
    "effective_at": _INSTANT,
    "cancel_now_until": _INSTANT,
    "revision": (_text, _text),
    "busy": (_text, _text),
    "capabilities": (_capability_values, _capabilities),
    "notes": (_list, _texts),
}
_WRITTEN = tuple((one.name, one.default, _WAYS[one.name][0]) for one in fields(ObservedSubscription))
"""Name, usual value, and how it is written; a field of which no way is known is found when this is imported."""
_READ = {name: read for name, (_, read) in _WAYS.items()}
_REQUIRED = frozenset(name for name, usual, _ in _WRITTEN if usual is MISSING)
