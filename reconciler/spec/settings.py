"""`reconcile.yaml` as a model and as the settings that it declares.

Pure: neither the environment nor the flags are looked at. No message quotes the store's URL, which may hold a password.
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, WithJsonSchema

from reconciler.desired import SpecText
from reconciler.diagnostics import Diagnostic, Diagnostics, error
from reconciler.settings import DEFAULT_LIMITS, AccountSettings, Limit, LimitName, Override, Safety, Settings
from reconciler.spec.accounts import unknown_provider
from reconciler.spec.facts import bad_date, day_from_text
from reconciler.spec.fields import UNSAFE_PATTERN, Day, Lineage, Name, Prose, Text, Version
from reconciler.spec.load import empty_file
from reconciler.spec.models import Block
from reconciler.spec.parse import parse
from reconciler.spec.positions import Document
from reconciler.spec.scalars import PlainScalars
from reconciler.spec.validate import Checked, checked

_CREDENTIALS_PATTERN: Final = "^(?!sqlite:)[^:]+://[^@]*:[^@]*@|[?&](?:password|passfile|sslpassword)="
_URL_PATTERN: Final = "^(?:sqlite:///[^?#]+|postgresql://.+)$"
_FOLDER_PATTERN: Final = r"^(?!/)(?!(?:.*/)?\.{1,2}(?:/|$))[^\\]+$"

StoreUrl = Annotated[
    str,
    Field(max_length=2000),
    WithJsonSchema(
        {
            "type": "string",
            "maxLength": 2000,
            "pattern": _URL_PATTERN,
            "not": {"anyOf": [{"pattern": _CREDENTIALS_PATTERN}, {"pattern": UNSAFE_PATTERN}]},
        }
    ),
]
Folder = Annotated[
    Text,
    WithJsonSchema(
        {
            "type": ["string", "number"],
            "maxLength": 200,
            "pattern": _FOLDER_PATTERN,
            "not": {"type": "string", "pattern": UNSAFE_PATTERN},
        }
    ),
]
Lifecycle = Literal[
    "classic",
    "microsoft-customer-agreement",
    "microsoft-online-services",
    "microsoft-partner",
    "microsoft-enterprise-multi-year",
    "microsoft-trial",
    "plain",
]
Many = Annotated[int, Field(ge=0, le=1_000_000_000)]


class StoreBlock(Block):
    """Where the store is, and which one it must be."""

    url: StoreUrl = "sqlite:///.reconcile/state.db"
    """sqlite:///path (relative to this file) or sqlite:////path, or postgresql://host/database. Never a password."""
    lineage: Lineage | None = None
    """The store's identity, as the first apply prints it: a missing store, or another one, then refuses."""


class AccountBlock(Block):
    """One account: who serves it, and by which rules its subscriptions live."""

    provider: Text = "ledger"
    """Who serves it: `ledger` keeps the records in our own store."""
    lifecycle: Lifecycle = "classic"
    """By which dated rules a ledger's subscriptions expire."""
    tenant: Text | None = None
    """The provider's own id of this customer."""
    catalogue: Literal["microsoft", "none"] | None = None
    """Whose product codes these are: `microsoft` warns of unknown ones, `none` shows no names."""


class LimitBlock(Block):
    """A brake: the greater of `at_least` and the lesser of `count` and `percent` may pass."""

    count: Many | None = None
    """How many changes."""
    percent: Annotated[int, Field(ge=0, le=100)] | None = None
    """How many changes in a hundred subscriptions that have not ended."""
    at_least: Many | None = None
    """So many may pass however few subscriptions there are."""


class SafetyBlock(Block):
    """The brakes, each per account and for the run. What is not given keeps its default."""

    max_changes: LimitBlock | None = None
    """Over all changes but registrations, adoptions, renames and updates."""
    max_endings: LimitBlock | None = None
    """Over changes after which a subscription ends."""
    max_cancel_now: LimitBlock | None = None
    """Over cancellations at once, which cannot be undone."""
    max_spending: LimitBlock | None = None
    """Over changes after which money is charged again."""
    allow_empty: bool = False
    """Whether a run, or an account, may find no subscription at all."""


class OverrideBlock(Block):
    """A reviewed exception: up to `count` matching changes leave a limit's count until it expires."""

    limit: Literal["max_changes", "max_endings", "max_cancel_now", "max_spending"]
    """Which brake."""
    match: Text
    """A glob over subscription keys."""
    count: Many
    """How many; if more match, none leaves the count."""
    until: Day
    """The last day (UTC) on which it holds."""
    reason: Prose
    """Why."""


class SettingsFile(Block):
    """`reconcile.yaml`: the settings of a repository of specs."""

    model_config = ConfigDict(title="Settings", json_schema_extra={"required": ["version", "accounts"]})

    version: Version
    """The version of the spec language."""
    specs: Folder = "specs"
    """The folder of the specs, relative to this file and below it."""
    store: StoreBlock | None = None
    """Where the store is."""
    accounts: Annotated[dict[Name, AccountBlock], Field(default_factory=dict, json_schema_extra={"minProperties": 1})]
    """The accounts by name."""
    safety: SafetyBlock | None = None
    """The brakes."""
    overrides: list[OverrideBlock] | None = None
    """Scoped exceptions from the brakes, which expire."""


def load_settings(text: SpecText, providers: Container[str]) -> tuple[Settings | None, tuple[Diagnostic, ...]]:
    """The settings that the text declares, with everything found in it; None where one of those is an error."""
    document = Document(text.origin, text.text)
    parsed = parse(document, PlainScalars())
    if parsed.data is None:
        return None, parsed.diagnostics or (empty_file(document, of_subscriptions=False),)
    result = checked(document, parsed, SettingsFile)
    found = Diagnostics(list(result.diagnostics))
    settings = None if result.model is None else _settings(document, result, result.model, providers, found)
    return None if found.has_errors else settings, tuple(found)


def _settings(
    document: Document,
    result: Checked[SettingsFile],
    model: SettingsFile,
    providers: Container[str],
    found: Diagnostics,
) -> Settings:
    store = model.store or StoreBlock()
    _check_url(document, store.url, found)
    if not re.search(_FOLDER_PATTERN, model.specs):
        hint = "name a folder below this file, with '/' and without '.' or '..': such as specs"
        found.add(error("bad-specs-folder", "not a folder of this repository", document.at("specs"), hint=hint))
    if not model.accounts and not any(path[:1] == ("accounts",) for path in result.broken):
        place = document.key("accounts") if "accounts" in model.model_fields_set else document.at()
        hint = "add an account: accounts: {contoso: {provider: ledger}}"
        found.add(error("no-accounts", "no account is declared", place, hint=hint))
    accounts = {}
    for name, block in model.accounts.items():
        place = document.key("accounts", name)
        at = document.at("accounts", name, "provider")
        if not result.is_broken("accounts", name, "provider"):
            unknown_provider(block.provider, at, providers, found)
        accounts[name] = AccountSettings(name, block.provider, block.lifecycle, block.tenant, block.catalogue, place)
    safety = model.safety or SafetyBlock()
    limits = {name: _limit(getattr(safety, name.setting), DEFAULT_LIMITS[name]) for name in LimitName}
    overrides = _overrides(document, result, model, found)
    specs = model.specs.rstrip("/")
    return Settings(specs, store.url, store.lineage, accounts, Safety(limits, safety.allow_empty, overrides))


def _check_url(document: Document, url: str, found: Diagnostics) -> None:
    place = document.at("store", "url")
    if re.search(_CREDENTIALS_PATTERN, url):
        hint = "take it out, and change it, for Git remembers it; a password comes from the environment"
        found.add(error("password-in-url", "a password in the store's URL", place, hint=hint))
    elif not re.search(_URL_PATTERN, url):
        hint = "write sqlite:///path, relative to this file, or sqlite:////path, or postgresql://host/database"
        found.add(error("bad-store-url", "not the URL of a store", place, hint=hint))


def _limit(block: LimitBlock | None, default: Limit) -> Limit:
    if block is None:
        return default
    return Limit(
        default.count if block.count is None else block.count,
        default.percent if block.percent is None else block.percent,
        default.at_least if block.at_least is None else block.at_least,
    )


def _overrides(
    document: Document, result: Checked[SettingsFile], model: SettingsFile, found: Diagnostics
) -> tuple[Override, ...]:
    overrides = []
    for index, block in enumerate(model.overrides or ()):
        until = day_from_text(block.until)
        if until is None:
            found.add(bad_date(document.at("overrides", index, "until"), block.until))
        elif not result.is_broken("overrides", index):
            limit = LimitName(block.limit.replace("_", "-"))
            place = document.at("overrides", index)
            reason = " ".join(block.reason.split())
            overrides.append(Override(limit, block.match, block.count, until, reason, place))
    return tuple(overrides)
