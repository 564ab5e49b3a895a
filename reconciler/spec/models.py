"""The spec files as models: what may stand where. Their docstrings are the words of the published JSON Schemas.

Strict and closed: an unknown key is an error. Must not resolve anything: one file is judged by itself here.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, Tag, WithJsonSchema

from reconciler.spec.fields import (
    EITHER_FORM,
    LONG,
    SHORT,
    Confirm,
    Day,
    LabelName,
    LabelValue,
    Length,
    Name,
    Patterns,
    Price,
    Prose,
    Recurs,
    Seats,
    Switched,
    Text,
    Version,
)
from reconciler.spec.options import options_schema, public_schema

ENTRIES_AT_MOST: Final = 200
"""Of one schedule: those that are over stay in it as history."""

_ENDS: Final = ["at-renewal", "immediately"]
# What `resolve` says of one layer, in the words of JSON Schema: recurring on and a cancellation contradict each other.
_CONTRADICTION: Final[dict[str, Any]] = {
    "required": ["recurring", "cancel"],
    "properties": {
        "recurring": {"enum": ["on", True]},
        "cancel": {
            "anyOf": [
                {"enum": _ENDS},
                {"type": "object", "required": ["when"], "properties": {"when": {"enum": _ENDS}}},
            ]
        },
    },
}
# An end at once needs its reason, within the block or beside it.
_UNREASONED: Final[dict[str, Any]] = {
    "required": ["cancel"],
    "not": {"required": ["reason"]},
    "properties": {
        "cancel": {
            "anyOf": [
                {"const": "immediately"},
                {
                    "type": "object",
                    "required": ["when"],
                    "properties": {"when": {"const": "immediately"}},
                    "not": {"required": ["reason"]},
                },
            ]
        }
    },
}
# What is to follow a barred end belongs to nothing but an end at once.
_FALLBACK_FOR_NOTHING: Final[dict[str, Any]] = {
    "required": ["on_blocked", "when"],
    "properties": {"when": {"enum": ["none", "at-renewal", "unmanaged"]}},
}
Tenant = Annotated[Text, WithJsonSchema(public_schema())]
OptionsMap = Annotated[dict[LabelName, Text], WithJsonSchema(options_schema())]


class Block(BaseModel):
    """What every mapping of a spec file has in common."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        defer_build=True,  # start-up: only whole files are validated, and not each run meets every kind of file
    )


class FactsBlock(Block):
    """What was bought: never a lever. Of a ledger account it makes the record; outside it is an expectation."""

    product: Text | None = None
    """The provider's own product code."""
    term: Length | None = None
    """How long a term is."""
    billing: Length | None = None
    """How often it is charged; the term's length if not given, and never longer."""
    start: Day | None = None
    """The first day of the first term (UTC), as YYYY-MM-DD."""
    seats: Seats | None = None
    """How many seats or licences."""
    price: Price | None = None
    """Per seat and billing period, such as 20.60 EUR."""
    last_charge: Price | None = None
    """What one billing period cost the last time, for all seats together, such as 240.00 EUR."""


class CancelBlock(Block):
    """The long form of a cancellation that may be inherited."""

    when: Literal["none", "at-renewal", "unmanaged"]
    """When it is to end."""
    reason: Prose | None = None
    """Why; shown in plans and in the history."""


class OwnCancelBlock(Block):
    """The long form of a subscription's own cancellation."""

    model_config = ConfigDict(json_schema_extra={"not": _FALLBACK_FOR_NOTHING})

    when: Literal["none", "at-renewal", "immediately", "unmanaged"]
    """When it is to end. `immediately` cannot be undone."""
    reason: Prose | None = None
    """Why; shown in plans and in the history. `immediately` needs one, here or beside `cancel`."""
    confirm: Confirm | None = None
    """For `immediately`: account/name@YYYY-MM-DD, the first day of the current term; the dry run prints the line."""
    on_blocked: Literal["at-renewal"] | None = None
    """For `immediately`: what is to happen instead where the vendor's rules bar it."""


Cancellation = Annotated[
    Annotated[Literal["none", "at-renewal", "unmanaged"], Tag(SHORT)] | Annotated[CancelBlock, Tag(LONG)], EITHER_FORM
]
OwnCancellation = Annotated[
    Annotated[Literal["none", "at-renewal", "immediately", "unmanaged"], Tag(SHORT)]
    | Annotated[OwnCancelBlock, Tag(LONG)],
    EITHER_FORM,
]


class ScheduleEntry(Block):
    """What is to hold from a day on. An end at once cannot be scheduled, and nothing is taken back by date."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [{"not": _CONTRADICTION}, {"anyOf": [{"required": ["recurring"]}, {"required": ["cancel"]}]}]
        }
    )

    from_: Annotated[Day, Field(alias="from")]
    """The first day on which it holds, as YYYY-MM-DD: from 00:00 UTC."""
    recurring: Switched | None = None
    """Recurring billing: does it renew by itself when the term ends."""
    cancel: Literal["none", "at-renewal"] | None = None
    """A cancellation at the end of the term, or none."""
    reason: Prose | None = None
    """Why; shown in plans and in the history."""


class DecisionBlock(Block):
    """Somebody's word that one renewal is meant to happen."""

    for_: Annotated[Day, Field(alias="for")]
    """The day of that renewal (UTC), as YYYY-MM-DD: the first day of the next term."""
    by: Text
    """Who decided."""
    note: Prose | None = None
    """What else there is to say."""


class LayerBlock(Block):
    """What every layer may set."""

    recurring: Recurs | None = None
    """Recurring billing: does it renew by itself when the term ends. `unmanaged` takes an inherited wish back."""
    reason: Prose | None = None
    """Why; shown in plans and in the history."""
    owner: Text | None = None
    """Who answers for it."""
    labels: dict[LabelName, LabelValue] | None = None
    """Your own marks; they merge with inherited ones, label by label."""


class DefaultsBlock(LayerBlock):
    """What every subscription below gets, where nothing stronger says otherwise."""

    model_config = ConfigDict(json_schema_extra={"not": _CONTRADICTION})

    cancel: Cancellation | None = None
    """A cancellation, which together with `recurring` replaces an inherited pair."""
    protect: bool | None = None
    """Refuses every ending change."""
    facts: FactsBlock | None = None
    """Facts that they share; they merge with weaker and stronger ones, fact by fact."""


class RuleBlock(LayerBlock):
    """What a rule sets: no `facts`, no `protect: false`, nothing that only own keys may say, such as `immediately`."""

    model_config = ConfigDict(json_schema_extra={"not": _CONTRADICTION, "minProperties": 1})

    cancel: Cancellation | None = None
    """A cancellation, which together with `recurring` replaces an inherited pair."""
    protect: Annotated[bool, WithJsonSchema({"const": True})] | None = None
    """Refuses every ending change; a rule can protect, and never lift it."""


class SubscriptionBlock(LayerBlock):
    """One subscription: its own keys, which are stronger than all that it inherits."""

    model_config = ConfigDict(json_schema_extra={"allOf": [{"not": _CONTRADICTION}, {"not": _UNREASONED}]})

    id: Text | None = None
    """The provider's own id; required outside the ledger."""
    previously: Name | None = None
    """The name it had before in this account: a rename that loses neither history nor protection."""
    cancel: OwnCancellation | None = None
    """A cancellation: none, at-renewal, immediately, or the long form with `when`, `reason` and `confirm`."""
    schedule: Annotated[list[ScheduleEntry], Field(min_length=1, max_length=ENTRIES_AT_MOST)] | None = None
    """What is to hold from a day on; once it has come, the latest entry replaces `recurring` and `cancel`."""
    decided: DecisionBlock | None = None
    """That one renewal is meant to happen."""
    protect: bool | None = None
    """Refuses every ending change; lifted only by an own `protect: false` that was applied in an earlier run."""
    facts: FactsBlock | None = None
    """What was bought. Of a ledger account `product`, `term` and `start` are required, here or inherited."""


class MatchBlock(Block):
    """Which subscriptions a rule is for: each key must match, a list matches with any of its globs. Case-sensitive."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    key: Patterns | None = None
    """Globs over account/name."""
    account: Patterns | None = None
    """Globs over the account's name."""
    product: Patterns | None = None
    """Globs over the product code."""
    labels: Annotated[dict[LabelName, Patterns], Field(min_length=1)] | None = None
    """Globs over the values of these labels, each of which must be there."""
    owner: Patterns | None = None
    """Globs over the owner."""


class Rule(Block):
    """One rule over many: it matches on own keys and defaults, never on what another rule set."""

    match: MatchBlock
    """Which subscriptions."""
    set: RuleBlock
    """What they get."""


class SpecsFile(Block):
    """A file of subscriptions: their desired state."""

    model_config = ConfigDict(title="Subscriptions", json_schema_extra={"required": ["version", "subscriptions"]})

    version: Version
    """The version of the spec language."""
    account: Name | None = None
    """An account of reconcile.yaml; optional below an _account.yaml, and then that one's."""
    defaults: DefaultsBlock | None = None
    """For every subscription of this file."""
    subscriptions: Annotated[
        dict[Name, SubscriptionBlock],
        Field(default_factory=dict, json_schema_extra={"minProperties": 1}),
    ]
    """The subscriptions by name. A name is [a-z0-9][a-z0-9-]*, and with the account before it the key for good."""
    rules: list[Rule] | None = None
    """One rule over many; later rules win over earlier ones."""


class DefaultsFile(Block):
    """`_defaults.yaml`: defaults and rules for every file of this folder and the folders in it."""

    model_config = ConfigDict(title="Defaults of a folder")

    version: Version
    """The version of the spec language."""
    defaults: DefaultsBlock | None = None
    """For every subscription below."""
    rules: list[Rule] | None = None
    """Rules over every subscription below; later rules win over earlier ones."""


class AccountFile(Block):
    """`_account.yaml`: the account of every file of this folder and the folders in it."""

    model_config = ConfigDict(title="Account of a folder")

    version: Version
    """The version of the spec language."""
    account: Name
    """The account's name: the first half of its subscriptions' keys."""
    like: Name | None = None
    """The account of reconcile.yaml whose provider, lifecycle and catalogue it shares; may be left out where
    reconcile.yaml has exactly one account."""
    tenant: Tenant | None = None
    """The provider's own id of this customer; never inherited."""
    options: OptionsMap | None = None
    """What the provider needs beside the tenant; over those of the account that it is `like`, option by option."""
