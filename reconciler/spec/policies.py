"""Lifecycle policies as models: the files that ship, and the `lifecycles:` of reconcile.yaml.

What may stand where, one rule by itself; what rules say together is `lifecycles`' to judge.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag, WithJsonSchema

from reconciler.spec.fields import Day, Name, Prose, Text, Version
from reconciler.spec.models import Block

UNKNOWN: Final = "unknown"
"""What a policy says where its sources leave a value open."""
WINDOW_PATTERN: Final = "^[1-9][0-9]{0,3}[hd]$"
"""Hours or days."""

_OPEN: Final = "(unknown)"
_STATED: Final = "(stated)"


def _form(value: object) -> str:
    return _OPEN if _begins(value, "u") else _STATED


def _form_of_seats(value: object) -> str:
    return _OPEN if _begins(value, "a", "u") else _STATED


def _begins(value: object, *letters: str) -> bool:
    return isinstance(value, str) and value[:1].lower() in letters


# By what was meant, so that a mistyped number is told of as a number, and a mistyped word as a word.
_EITHER: Final = Discriminator(_form)
_Unknown = Annotated[Literal["unknown"], Tag(_OPEN)]
Days = Annotated[Annotated[Annotated[int, Field(ge=0, le=3650)], Tag(_STATED)] | _Unknown, _EITHER]
Percent = Annotated[Annotated[Annotated[int, Field(ge=0, le=1000)], Tag(_STATED)] | _Unknown, _EITHER]
Flag = Annotated[Annotated[bool, Tag(_STATED)] | _Unknown, _EITHER]
AtMost = Annotated[
    Annotated[Annotated[int, Field(ge=1, le=10_000_000)], Tag(_STATED)]
    | Annotated[Literal["any", "unknown"], Tag(_OPEN)],
    Discriminator(_form_of_seats),
]
WindowLength = Annotated[
    Text,
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": ["any-time", "never", UNKNOWN]},
                {"type": "string", "pattern": WINDOW_PATTERN},
            ]
        }
    ),
]

# What `lifecycles` says of one rule, in the words of JSON Schema.
_SINCE_NEEDS_A_LENGTH: Final[dict[str, Any]] = {
    "if": {"required": ["since"]},
    "then": {"properties": {"length": {"type": "string", "pattern": WINDOW_PATTERN}}},
}
_EXTENSION_HAS_A_PRICE: Final[dict[str, Any]] = {
    "if": {"properties": {"when_off": {"not": {"const": False}}}},
    "then": {"required": ["surcharge_percent", "otherwise_percent"]},
}


class DatedBlock(Block):
    """What every rule of a policy says: from when on, for which terms, and where that was read."""

    effective_from: Day
    """The first day (UTC) on which it holds, as YYYY-MM-DD; 1970-01-01 for as far back as anybody asks."""
    terms_from: Day | None = None
    """It holds only for terms that start on this day or later; older ones keep the rule before it."""
    source: Prose
    """Where it was read, with the date; or where it was looked for, and what the sources leave open."""


class DaysRule(DatedBlock):
    """How many days something lasts, from one day on."""

    days: Days
    """Whole days of 24 hours, or `unknown`."""


class WindowRule(DatedBlock):
    """How long after its beginning a term can be cancelled at once."""

    model_config = ConfigDict(json_schema_extra=_SINCE_NEEDS_A_LENGTH)

    length: WindowLength
    """Such as 7d or 72h; or any-time, never, unknown."""
    since: Literal["start", "start-or-renewal"] | None = None
    """From the start of the first term alone, or of every term, which is the default."""


class SeatsRule(DatedBlock):
    """With how many seats at most it can be cancelled at once."""

    at_most: AtMost
    """A number; or any, unknown."""


class RefundRule(DatedBlock):
    """What is paid back after a cancellation at once."""

    rule: Literal["prorated", "full", "none", "unknown"]
    """`prorated`: the days of the paid billing period that are left."""


class ReactivationRule(DatedBlock):
    """What can be brought back. What is deleted never can."""

    expired: Flag
    """Whether an expired one can."""
    disabled: Flag
    """Whether one can that is disabled after its expired stage."""
    cancelled: Flag
    """Whether one can that is disabled because it was cancelled at the renewal."""
    same_id: Flag
    """Whether it keeps the vendor's id then; if not, a new subscription is made."""


class ExtensionRule(DatedBlock):
    """A paid extension, month by month, after the last term."""

    model_config = ConfigDict(json_schema_extra=_EXTENSION_HAS_A_PRICE)

    when_off: Flag
    """Whether recurring billing off alone leads into it."""
    surcharge_percent: Percent | None = None
    """On the monthly price, where there is a monthly plan; required unless `when_off` is false."""
    otherwise_percent: Percent | None = None
    """Where there is no monthly plan; required unless `when_off` is false."""


class EffectsRule(DatedBlock):
    """What else a change does or needs."""

    texts: list[Prose]
    """In words, one effect each; empty for none."""


AnyRule = DaysRule | WindowRule | SeatsRule | RefundRule | ReactivationRule | ExtensionRule | EffectsRule

_AT_LEAST_ONE: Final[dict[str, Any]] = {"minItems": 1}
_DaysRules = Annotated[list[DaysRule], Field(json_schema_extra=_AT_LEAST_ONE)]
_Effects = Annotated[list[EffectsRule], Field(json_schema_extra=_AT_LEAST_ONE)]


class SideEffectsBlock(Block):
    """What else the changes of recurring billing and cancellation do or need, by verb."""

    turn_on_recurring: Annotated[_Effects | None, Field(alias="turn-on-recurring")] = None
    """Of turning recurring billing on."""
    turn_off_recurring: Annotated[_Effects | None, Field(alias="turn-off-recurring")] = None
    """Of turning recurring billing off."""
    cancel_at_renewal: Annotated[_Effects | None, Field(alias="cancel-at-renewal")] = None
    """Of a cancellation at the end of the term."""
    undo_cancel: Annotated[_Effects | None, Field(alias="undo-cancel")] = None
    """Of taking such a cancellation back."""
    cancel_now: Annotated[_Effects | None, Field(alias="cancel-now")] = None
    """Of a cancellation at once."""
    reactivate: _Effects | None = None
    """Of bringing an ended one back."""


class PolicyBlock(Block):
    """What a policy may say, matter by matter: each a list of dated rules."""

    expired: _DaysRules | None = None
    """Days in `expired` after a term that was not cancelled; 0: no such stage. Dated by the term's end."""
    disabled: _DaysRules | None = None
    """Days in `disabled` after that, or after a cancellation at renewal. Dated by the term's end."""
    disabled_after_cancel_now: _DaysRules | None = None
    """Days in `disabled` after a cancellation at once; 0: deleted at once. Dated by the cancellation."""
    deletion: _DaysRules | None = None
    """By how many days after access ended for good all data is gone, where that is later than the deletion."""
    window: Annotated[list[WindowRule], Field(json_schema_extra=_AT_LEAST_ONE)] | None = None
    """The cancellation window. Dated by the start of the term."""
    seats: Annotated[list[SeatsRule], Field(json_schema_extra=_AT_LEAST_ONE)] | None = None
    """The seats with which it can be cancelled at once. Dated by the cancellation."""
    refund: Annotated[list[RefundRule], Field(json_schema_extra=_AT_LEAST_ONE)] | None = None
    """The refund after a cancellation at once. Dated by the cancellation."""
    reactivation: Annotated[list[ReactivationRule], Field(json_schema_extra=_AT_LEAST_ONE)] | None = None
    """What can be brought back. Dated by the reactivation."""
    extension: Annotated[list[ExtensionRule], Field(json_schema_extra=_AT_LEAST_ONE)] | None = None
    """The paid extension after the last term. Dated by the term's end."""
    side_effects: SideEffectsBlock | None = None
    """What else a change does or needs, by verb. Dated by the change."""


MATTERS: Final = tuple(name for name in PolicyBlock.model_fields if name != "side_effects")
"""What every policy must say something of."""


class LifecycleBlock(PolicyBlock):
    """A lifecycle of your own. What it does not say is taken over from `like`; without that, it says everything."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["like"]}, {"required": list(MATTERS)}]})

    like: Name | None = None
    """The lifecycle whose rules hold where this one has none, and before the first day of its own rules."""
    summary: Prose | None = None
    """What it is for, in a sentence."""


class LifecycleFile(PolicyBlock):
    """A lifecycle policy: by which dated rules the subscriptions of one channel live and end."""

    model_config = ConfigDict(title="Lifecycle", json_schema_extra={"required": ["version", "summary", *MATTERS]})

    version: Version
    """The version of the spec language."""
    summary: Prose
    """What it is for, in a sentence."""
