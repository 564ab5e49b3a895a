"""What a mistake in a spec file is called, and what to do about it: pydantic's findings in our own words.

Pure. Nothing here quotes a value of free form: a password may have been written in the wrong place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from reconciler.diagnostics import Diagnostic, did_you_mean, error
from reconciler.spec.characters import escaped
from reconciler.spec.fields import CONFIRM_PATTERN, NAME_PATTERN, UUID_PATTERN
from reconciler.spec.models import FactsBlock, OwnCancelBlock
from reconciler.spec.options import BUILT_IN, TELLING_NAME_PATTERN
from reconciler.spec.positions import Document, Path, SpecPlace


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that a model does not take: where, which kind by pydantic's name, and what was written."""

    path: Path
    kind: str
    value: object
    context: Mapping[str, Any]
    is_key: bool = False
    missing: str | None = None
    """The key that is not there; then it ends the path."""

    @property
    def key(self) -> str:
        """The nearest key, for messages."""
        return next((escaped(step) for step in reversed(self.path) if isinstance(step, str)), "the file")


def told(document: Document, model: type[BaseModel], mistake: Mistake) -> Diagnostic:
    """The mistake as a located diagnostic with a hint."""
    kind, key = mistake.kind, mistake.key
    value = document.at(*mistake.path)
    if kind == "extra_forbidden":
        return _unknown_key(document, model, mistake)
    if mistake.missing is not None:
        place = document.at(*mistake.path[:-1])
        return error("missing-key", "missing key", place, detail=f"'{key}'", hint=_missing_hint(mistake))
    if mistake.path == ("version",):
        hint = "this program reads version 1 of the spec language: write version: 1"
        return error("unknown-version", "unknown version of the spec language", value, hint=hint)
    if kind == "literal_error":
        return _unknown_value(document, mistake)
    if kind == "string_pattern_mismatch":
        return _misshapen(document, mistake)
    if kind == "string_too_short":
        return error("empty-text", "empty text", value, detail=f"for '{key}'", hint="write something, or leave it out")
    if kind == "string_too_long":
        place = document.key(*mistake.path) if mistake.is_key else value
        limit = mistake.context.get("max_length")
        return error("text-too-long", "text too long", place, detail=f"more than {limit} characters for '{key}'")
    if kind in ("too_short", "too_long") and mistake.path[-1] == "schedule":
        return _schedule_of_another_length(value, mistake)
    if kind == "too_short":
        hint = "write at least one pattern, or leave it out"
        return error("empty-match", "a rule that matches on nothing", value, detail=f"'{key}' is empty", hint=hint)
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = f"at least {mistake.context['ge']}" if "ge" in mistake.context else f"at most {mistake.context['le']}"
        return error("out-of-range", "number out of range", value, detail=f"for '{key}', which is {bound}")
    return _wrong_type(document, mistake)


def _missing_hint(mistake: Mistake) -> str:
    return "write version: 1" if mistake.key == "version" else f"add '{mistake.key}'"


def _unknown_key(document: Document, model: type[BaseModel], mistake: Mistake) -> Diagnostic:
    place, key = document.key(*mistake.path), mistake.key
    by_rule = mistake.path[:1] == ("rules",) and mistake.path[2:3] == ("set",)
    if (key in _OWN_ONLY and (by_rule or mistake.path[0] == "defaults")) or (key == "facts" and by_rule):
        return not_inheritable(place, f"'{key}'", by_rule=by_rule)
    known = list(known_keys(model, mistake.path[:-1]))
    if key in FactsBlock.model_fields and "facts" in known:
        hint = "what was bought stands under 'facts'"
    elif "options" in known and re.search(TELLING_NAME_PATTERN, key):
        hint = "no secret stands in the settings: it comes from the environment, RECONCILE_…"
    elif key in BUILT_IN and "options" in known:
        hint = "it stands under 'options'"
    elif key in OwnCancelBlock.model_fields and "schedule" in known:
        hint = f"it stands within 'cancel': {{when: immediately, {key}: …}}"
    else:
        hint = did_you_mean(key, known) or f"known here: {', '.join(known)}"
    return error("unknown-key", "unknown key", place, detail=f"'{key}'", hint=hint)


_OWN_ONLY: Final = ("id", "previously", "schedule", "decided", "confirm", "on_blocked")


def not_inheritable(place: Any, what: str, *, by_rule: bool) -> Diagnostic:
    """What only a subscription's own keys may say stands in a layer above it."""
    by = "a rule" if by_rule else "defaults"
    hint = "write it under the subscription itself"
    return error("not-inheritable", "this cannot be inherited", place, detail=f"{what} in {by}", hint=hint)


def _unknown_value(document: Document, mistake: Mistake) -> Diagnostic:
    place, key = document.at(*mistake.path), mistake.key
    word = _word(mistake.value)
    if word in _UNSCHEDULED and mistake.path[2:3] == ("schedule",):
        detail, hint = f"'{key}: {word}'", _UNSCHEDULED[word]
        return error("not-schedulable", "this cannot be scheduled", place, detail=detail, hint=hint)
    if mistake.value == "immediately" and key in ("cancel", "when"):
        return not_inheritable(place, "'immediately'", by_rule=mistake.path[0] == "rules")
    expected = str(mistake.context["expected"])
    allowed = re.findall("'([^']*)'", expected)
    meant = _MEANT.get(word.lower().strip())
    near = f"did you mean '{meant}'?" if meant in allowed else did_you_mean(word, allowed)
    detail = f"'{word}' for '{key}'" if word else f"for '{key}'"
    return error("unknown-value", "unknown value", place, detail=detail, hint=near or f"write {expected}")


_UNSCHEDULED: Final = {
    "immediately": "an end at once is confirmed for the term it is in: write it as 'cancel' when the day has come, "
    "or schedule 'cancel: at-renewal'",
    "unmanaged": "nothing is taken back by date: take the older entries out when the day has come",
}


def _schedule_of_another_length(place: SpecPlace, mistake: Mistake) -> Diagnostic:
    if mistake.kind == "too_short":
        return error("empty-schedule", "an empty schedule", place, hint="add an entry, or leave 'schedule' out")
    detail = f"more than {mistake.context['max_length']}"
    hint = "take out entries that a later one has replaced: Git keeps them"
    return error("schedule-too-long", "too many entries in a schedule", place, detail=detail, hint=hint)


def _word(value: object) -> str:
    """A single value as it was written; empty for a collection."""
    if isinstance(value, bool):
        return str(value).lower()
    return escaped(str(value)[:60]) if isinstance(value, str | int | float) else ""


_MEANT: Final = {
    **dict.fromkeys("yes y true enabled enable active auto 1".split(), "on"),
    **dict.fromkeys("no n false disabled disable inactive never 0".split(), "off"),
    **dict.fromkeys("now immediate instantly at-once".split(), "immediately"),
    **dict.fromkeys("renewal at_renewal atrenewal end-of-term term-end".split(), "at-renewal"),
    **dict.fromkeys("month p1m 1m".split(), "monthly"),
    **dict.fromkeys("year yearly annually p1y 1y".split(), "annual"),
    **dict.fromkeys("p3y 3y three-year three-years 3-years".split(), "triennial"),
}


def _misshapen(document: Document, mistake: Mistake) -> Diagnostic:
    """A text that is not of the form that its key takes."""
    place = document.key(*mistake.path) if mistake.is_key else document.at(*mistake.path)
    shown = f"'{escaped(str(mistake.value)[:120])}'"
    match mistake.context.get("pattern"):
        case pattern if pattern == NAME_PATTERN:
            return error("bad-name", "not a name", place, detail=shown, hint=_name_hint(str(mistake.value)))
        case pattern if pattern == CONFIRM_PATTERN:
            hint = "write account/name@YYYY-MM-DD with the first day of the current term; the dry run prints the line"
            return error("bad-confirm", "not a confirmation", place, detail=shown, hint=hint)
        case pattern if pattern == UUID_PATTERN:
            hint = "write the line that the first apply printed: a UUID in lower case"
            return error("bad-lineage", "not a lineage", place, hint=hint)
        case _:
            detail = f"for '{mistake.key}'"
            return error("empty-text", "empty text", place, detail=detail, hint="write something, or leave it out")


def _name_hint(name: str) -> str:
    hint = "a name is a-z, 0-9 and -, begins with no -, and has at most 100 characters"
    odd = next((sign for sign in name if not sign.isascii()), None)
    if odd is not None:
        return f"{hint}; {escaped(odd)} is {unicodedata.name(odd, 'no plain letter')}"
    plain = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")[:100]
    return f"{hint}; how about '{plain}'?" if plain else hint


_TYPES: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "list_type": "a list",
}


def _wrong_type(document: Document, mistake: Mistake) -> Diagnostic:
    expected = _TYPES.get(mistake.kind, "something else")
    detail = f"{_kind_of(mistake.value)} for '{mistake.key}', which takes {expected}"
    place = document.at(*mistake.path)
    return error("wrong-type", "wrong type of value", place, detail=detail, hint=_type_hint(expected, mistake.value))


def _type_hint(expected: str, value: object) -> str:
    if expected == "text" and isinstance(value, bool):
        return f'quote it: "{str(value).lower()}"'
    if expected == "a whole number" and isinstance(value, str):
        return "write it without quotes" if value.isdecimal() else "write digits alone"
    if expected == "a list" and isinstance(value, dict):
        return "write a list: each item begins with '- '"
    if expected == "true or false" and isinstance(value, str):
        meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(value.lower().strip())
        return f"did you mean {meant}?" if meant else "write true or false, without quotes"
    return ""


def _kind_of(value: object) -> str:
    match value:
        case bool():
            return "true or false"
        case str():
            return "text"
        case int() | float():
            return "a number"
        case dict():
            return "a mapping"
        case _:
            return "a list"


def known_keys(model: Any, path: Path) -> list[str]:
    """The keys that may stand in the mapping at this path of a file."""
    kinds: Iterable[Any] = [model]
    for step in path:
        kinds = [inner for kind in kinds for inner in _within(kind, step)]
    names = {name: None for kind in kinds for found in _models(kind) for name in _keys(found)}
    return sorted(names)


def _models(kind: Any) -> Iterator[type[BaseModel]]:
    for member in _members(kind):
        if isinstance(member, type) and issubclass(member, BaseModel):
            yield member


def _keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The keys of a model as people write them, and what stands under each."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _within(kind: Any, step: str | int) -> Iterator[Any]:
    """The annotations of what stands at one step within a value of this annotation."""
    for member in _members(kind):
        if get_origin(member) in (dict, list):
            yield get_args(member)[-1]
        elif isinstance(member, type) and issubclass(member, BaseModel) and step in (keys := _keys(member)):
            yield keys[str(step)].annotation


def _members(kind: Any) -> Iterator[Any]:
    """The members of a union, whatever is annotated around them; a plain annotation is its own only member."""
    origin = get_origin(kind)
    if origin is Annotated:
        yield from _members(get_args(kind)[0])
    elif origin in (Union, UnionType):
        for member in get_args(kind):
            yield from _members(member)
    else:
        yield kind
