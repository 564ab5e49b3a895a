"""`reconcile.yaml` as a model, but for lifecycles of its own: what may stand where.

Its docstrings are the words of the published JSON Schema. Must not resolve anything: `settings` does.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, WithJsonSchema

from reconciler.model import currencies
from reconciler.spec.fields import NAME_PATTERN, UNSAFE_PATTERN, Lineage, Name, Text, Version
from reconciler.spec.limits import OverrideBlock, SafetyBlock
from reconciler.spec.models import Block, OptionsMap, Tenant
from reconciler.spec.options import IDENTITY_PATTERN
from reconciler.spec.trusted import SHIPPED

CREDENTIALS_PATTERN: Final = "^(?!sqlite:)[^:]+://[^@]*:[^@]*@|[?&](?:password|passfile|sslpassword)="
URL_PATTERN: Final = "^(?:sqlite:///[^?#]+|postgresql://.+)$"
FOLDER_PATTERN: Final = r"^(?=.*\S)(?!/)(?!(?:.*/)?\.{1,2}(?:/|$))[^\\]+$"
FILE_PATTERN: Final = r"^(?=.*\S)(?!/)(?!(?:.*/)?\.{1,2}(?:/|$))[^\\]*[^\\/]$"

StoreUrl = Annotated[
    str,
    Field(max_length=2000),
    WithJsonSchema(
        {
            "type": "string",
            "maxLength": 2000,
            "pattern": URL_PATTERN,
            "not": {"anyOf": [{"pattern": CREDENTIALS_PATTERN}, {"pattern": UNSAFE_PATTERN}]},
        }
    ),
]


def _path_schema(pattern: str) -> WithJsonSchema:
    return WithJsonSchema(
        {
            "type": ["string", "number"],
            "maxLength": 200,
            "pattern": pattern,
            "not": {"type": "string", "pattern": UNSAFE_PATTERN},
        }
    )


Folder = Annotated[Text, _path_schema(FOLDER_PATTERN)]
File = Annotated[Text, _path_schema(FILE_PATTERN)]
Currency = Annotated[Text, WithJsonSchema({"enum": currencies()})]
# An editor offers those that ship; whether another one is declared, no schema can see.
LifecycleName = Annotated[
    Name,
    WithJsonSchema({"anyOf": [{"enum": list(SHIPPED)}, {"type": ["string", "integer"], "pattern": NAME_PATTERN}]}),
]
IdentityName = Annotated[Text, WithJsonSchema({"type": "string", "pattern": IDENTITY_PATTERN})]


class StoreBlock(Block):
    """Where the store is, and which one it must be."""

    url: StoreUrl = "sqlite:///.reconcile/state.db"
    """sqlite:///path (relative to this file) or sqlite:////path, or postgresql://host/database. Never a password."""
    lineage: Lineage | None = None
    """The store's identity, as the first apply prints it: a missing store, or another one, then refuses."""


class AccountBlock(Block):
    """One account: who serves it, and by which rules its subscriptions live."""

    provider: Text = "ledger"
    """Who serves it: `ledger` keeps the records in our own store, for `manual` people make the changes; `microsoft`,
    `partner-center`, `stripe` or an installed provider tells its own."""
    lifecycle: LifecycleName | None = None
    """By which dated rules its subscriptions live and end: one that ships, or one of `lifecycles`. Not given: `classic`
    for `ledger` and `manual`, the provider's own for others."""
    tenant: Tenant | None = None
    """The provider's own id of this customer: who is signed in must be of it."""
    options: OptionsMap | None = None
    """What the provider needs beside the tenant. Never a secret, and never where to ask: both are the environment's."""
    plan_as: IdentityName | None = None
    """The identity that planning signs in with: the environment has its secrets by this name. Not given: the
    provider's name."""
    apply_as: IdentityName | None = None
    """The one that an apply writes with. Not given: the same."""
    on_drift: Literal["hold", "correct"] = "hold"
    """What becomes of a change that only undoes what somebody did outside: `hold` leaves it for a person to decide."""
    catalogue: Literal["microsoft", "none"] | None = None
    """Whose product codes these are: `microsoft` warns of unknown ones, `none` shows no names."""
    currency: Currency | None = None
    """The currency that the price list is asked for, such as EUR, where a subscription declares no price."""


class SettingsFile(Block):
    """`reconcile.yaml`, but for lifecycles of its own: see `own_lifecycles`."""

    model_config = ConfigDict(title="Settings", json_schema_extra={"required": ["version", "accounts"]})

    version: Version
    """The version of the spec language."""
    specs: Folder = "specs"
    """The folder of the specs, relative to this file and below it."""
    store: StoreBlock | None = None
    """Where the store is."""
    accounts: Annotated[dict[Name, AccountBlock], Field(default_factory=dict, json_schema_extra={"minProperties": 1})]
    """The accounts by name."""
    prices: File | None = None
    """The price list, relative to this file and below it: a CSV file with product, term, currency and price."""
    timezone: Text | None = None
    """Your time zone by its IANA name, such as Europe/Berlin: dates are shown in it beside UTC."""
    safety: SafetyBlock | None = None
    """The brakes."""
    overrides: list[OverrideBlock] | None = None
    """Scoped exceptions from the brakes, which expire."""
