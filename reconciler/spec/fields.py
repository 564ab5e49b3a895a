"""The kinds of value that spec files hold: what pydantic checks, and what a JSON Schema can say of the same.

Pure. A text field takes a number-like scalar as it was written (`0123` stays `0123`); dates and money are read later,
by `facts`, because only there can they be refused in our own words.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Discriminator, Field, Tag, WithJsonSchema

from reconciler.model import currencies, currency_digits

MOST_SEATS: Final = 10_000_000
NAME_PATTERN: Final = "^[a-z0-9][a-z0-9-]{0,99}$"
"""Of accounts and subscriptions."""
DATE_PATTERN: Final = "^(?:(?:19[7-9][0-9]|[2-8][0-9]{3})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])|9000-01-01)$"
"""A day from 1970-01-01 to 9000-01-01; whether the month has it, `format: date` says."""
CONFIRM_PATTERN: Final = "^[a-z0-9][a-z0-9-]{0,99}/[a-z0-9][a-z0-9-]{0,99}@[0-9]{4}-[0-9]{2}-[0-9]{2}$"
UUID_PATTERN: Final = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

# The same sets as in `characters`, in the words of ECMA 262, which JSON Schema speaks.
_CONTROLS: Final = r"\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufffe\uffff"
UNSAFE_PATTERN: Final = rf"[\u0000-\u001f{_CONTROLS}\u00ad\u061c\u180e\u200b-\u200f\u2060-\u2065\ufeff\ufff9-\ufffb]"
_UNSAFE_IN_PROSE: Final = rf"[\u0000-\u0008\u000b-\u001f{_CONTROLS}]"

SHORT: Final = "(short form)"
LONG: Final = "(long form)"
"""Tags of a union's two forms. pydantic puts them into the path of an error; no key is likely to be called so."""


def _text(longest: int, pattern: str = r"\S") -> Any:
    """A text in which something shows, from text or from a number as it was written."""
    return Field(strict=False, coerce_numbers_to_str=True, min_length=1, max_length=longest, pattern=pattern)


def _text_schema(longest: int, unsafe: str = UNSAFE_PATTERN, *, blank: bool = False) -> WithJsonSchema:
    text: dict[str, Any] = {"type": ["string", "number"], "maxLength": longest}
    shown = {} if blank else {"pattern": r"\S"}
    return WithJsonSchema({**text, **shown, "not": {"type": "string", "pattern": unsafe}})


def _price_pattern() -> str:
    """Every currency in use with its own number of decimals, so that an editor finds the wrong one too."""
    groups: dict[int, list[str]] = {}
    for currency in currencies():
        groups.setdefault(currency_digits(currency) or 0, []).append(currency)
    parts = [
        "[0-9]{1,12}" + (f"(?:\\.[0-9]{{1,{digits}}})?" if digits else "") + f" (?:{'|'.join(names)})"
        for digits, names in sorted(groups.items())
    ]
    return f"^(?:{'|'.join(parts)})$"


Version = Annotated[int, Field(ge=1, le=1), WithJsonSchema({"const": 1})]
Name = Annotated[
    str,
    _text(100, NAME_PATTERN),
    WithJsonSchema({"type": ["string", "integer"], "minimum": 0, "pattern": NAME_PATTERN}),
]
Text = Annotated[str, _text(200), _text_schema(200)]
Prose = Annotated[str, _text(2000), _text_schema(2000, _UNSAFE_IN_PROSE)]
LabelName = Annotated[str, _text(100), _text_schema(100)]
LabelValue = Annotated[
    str, Field(strict=False, coerce_numbers_to_str=True, max_length=200), _text_schema(200, blank=True)
]
Day = Annotated[str, _text(200), WithJsonSchema({"type": "string", "format": "date", "pattern": DATE_PATTERN})]
Price = Annotated[str, _text(200), WithJsonSchema({"type": "string", "pattern": _price_pattern()})]
Confirm = Annotated[str, _text(250, CONFIRM_PATTERN), WithJsonSchema({"type": "string", "pattern": CONFIRM_PATTERN})]
Lineage = Annotated[str, _text(36, UUID_PATTERN), WithJsonSchema({"type": "string", "pattern": UUID_PATTERN})]
Seats = Annotated[int, Field(ge=0, le=MOST_SEATS)]
Length = Literal["monthly", "annual", "triennial"]
Recurs = Literal["on", "off", "unmanaged"] | bool
Switched = Literal["on", "off"] | bool


def _form(value: object) -> str:
    return LONG if isinstance(value, dict | list) else SHORT


EITHER_FORM: Final = Discriminator(_form)
"""Chooses by whether a single value or a collection was written, so that only that form's errors are told."""

Patterns = Annotated[
    Annotated[Text, Tag(SHORT)] | Annotated[Annotated[list[Text], Field(min_length=1)], Tag(LONG)], EITHER_FORM
]
