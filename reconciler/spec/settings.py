"""`reconcile.yaml` to the settings that it declares.

Pure: neither the environment nor the flags are looked at. No message quotes the store's URL, which may hold a password.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from reconciler.desired import SpecText
from reconciler.diagnostics import Diagnostic, Diagnostics, did_you_mean, error
from reconciler.model import currencies, currency_digits
from reconciler.policy import Lifecycle
from reconciler.settings import OURS, AccountSettings, OnDrift, Settings
from reconciler.spec.accounts import unknown_provider
from reconciler.spec.characters import escaped
from reconciler.spec.limits import read_safety
from reconciler.spec.load import empty_file
from reconciler.spec.options import IDENTITY_PATTERN, judge_options, judge_tenant, outside
from reconciler.spec.parse import parse
from reconciler.spec.positions import Document
from reconciler.spec.scalars import PlainScalars
from reconciler.spec.settings_file import (
    CREDENTIALS_PATTERN,
    FILE_PATTERN,
    FOLDER_PATTERN,
    URL_PATTERN,
    AccountBlock,
    SettingsFile,
    StoreBlock,
)
from reconciler.spec.trusted import SHIPPED, Shipped, shipped_lifecycles
from reconciler.spec.validate import Checked, checked

_OURS: Final = "classic"
"""The lifecycle of an account of ours that names none."""


def load_settings(
    text: SpecText,
    providers: Container[str],
    shipped: Shipped | None = None,
    zones: Container[str] | None = None,
) -> tuple[Settings | None, tuple[Diagnostic, ...]]:
    """The settings that the text declares, with everything found in it; None where one of those is an error.

    `providers` may be bare names, and then nothing is known of the outside ones: neither their options nor their
    lifecycles. `shipped` reads a policy of the package; without it, lifecycles are neither read nor judged. `zones`
    holds the names of the time zones there are; without it, one is taken as it stands. Whoever plans hands in all.
    """
    document = Document(text.origin, text.text)
    parsed = parse(document, PlainScalars())
    if parsed.data is None:
        return None, parsed.diagnostics or (empty_file(document, of_subscriptions=False),)
    result = checked(document, parsed, _model_for(parsed.data))
    found = Diagnostics(list(result.diagnostics))
    if result.model is None:
        return None, tuple(found)
    settings = _Reader(document, result, result.model, found).settings(providers, shipped, zones)
    return None if found.has_errors else settings, tuple(found)


def _model_for(data: object) -> type[SettingsFile]:
    """The model that knows every key of the file. Of an unknown one, what it may have meant must be known, too."""
    if isinstance(data, Mapping) and data.keys() <= SettingsFile.model_fields.keys():
        return SettingsFile
    from reconciler.spec.own_lifecycles import WholeSettingsFile  # start-up: few repositories write a policy

    return WholeSettingsFile


@dataclass(frozen=True, slots=True)
class _Reader:
    """One file on its way from a model to settings; what is wrong is found beside."""

    document: Document
    result: Checked[SettingsFile]
    model: SettingsFile
    found: Diagnostics

    def settings(self, providers: Container[str], shipped: Shipped | None, zones: Container[str] | None) -> Settings:
        document, model = self.document, self.model
        store = model.store or StoreBlock()
        _check_url(document, store.url, self.found)
        if not re.search(FOLDER_PATTERN, model.specs):
            hint = "name a folder below this file, with '/' and without '.' or '..': such as specs"
            place = document.at("specs")
            self.found.add(error("bad-specs-folder", "not a folder of this repository", place, hint=hint))
        if model.prices is not None and not re.search(FILE_PATTERN, model.prices):
            hint = "name a file below this one, with '/' and without '.' or '..': such as prices.csv"
            place = document.at("prices")
            self.found.add(error("bad-prices-file", "not a file of this repository", place, hint=hint))
        if model.timezone is not None and zones is not None and model.timezone not in zones:
            self._unknown_zone(model.timezone, zones)
        accounts = self._accounts(providers)
        return Settings(
            model.specs.rstrip("/"),
            store.url,
            store.lineage,
            accounts,
            read_safety(document, self.result, model.safety, model.overrides, self.found),
            self._lifecycles(accounts, shipped),
            model.prices,
            model.timezone,
        )

    def _accounts(self, providers: Container[str]) -> dict[str, AccountSettings]:
        document, model, result = self.document, self.model, self.result
        if not model.accounts and not any(path[:1] == ("accounts",) for path in result.broken):
            place = document.key("accounts") if "accounts" in model.model_fields_set else document.at()
            hint = "add an account: accounts: {contoso: {provider: ledger}}"
            self.found.add(error("no-accounts", "no account is declared", place, hint=hint))
        accounts = {}
        for name, block in model.accounts.items():
            if block.currency is not None and currency_digits(block.currency) is None:
                self._unknown_currency(block.currency, name)
            accounts[name] = self._account(name, block, providers)
        return accounts

    def _account(self, name: str, block: AccountBlock, providers: Container[str]) -> AccountSettings:
        document, path = self.document, ("accounts", name)
        served = not self.result.is_broken(*path, "provider") and not unknown_provider(
            block.provider, document.at(*path, "provider"), providers, self.found
        )
        known = outside(block.provider, providers) if served and block.provider not in OURS else None
        account = AccountSettings(
            name,
            block.provider,
            block.lifecycle or (_OURS if known is None else known.lifecycle),
            block.tenant,
            block.catalogue,
            block.currency,
            options=dict(block.options or {}),
            plan_as=self._identity(block.plan_as, *path, "plan_as"),
            apply_as=self._identity(block.apply_as, *path, "apply_as"),
            on_drift=OnDrift(block.on_drift),
            shared=name,
            place=document.key(*path),
        )
        judge_tenant(block.tenant, document, (*path, "tenant"), account, self.found)
        if served:
            judge_options(account.options, document, (*path, "options"), account, self.found, known)
        return account

    def _identity(self, name: str | None, *path: str) -> str | None:
        """The name; what is no name is not shown, for it may be what the name stands for."""
        if name is not None and re.search(IDENTITY_PATTERN, name) is None:
            hint = "an identity is a-z, 0-9 and -, and begins with a letter: its secrets come from the environment"
            place = self.document.at(*path)
            self.found.add(error("bad-identity", "not the name of an identity", place, detail=path[-1], hint=hint))
        return name

    def _unknown_currency(self, currency: str, account: str) -> None:
        place = self.document.at("accounts", account, "currency")
        hint = did_you_mean(currency.upper(), currencies()) or "name a currency in use (ISO 4217), such as EUR"
        detail = f"'{escaped(currency[:40])}'"
        self.found.add(error("unknown-currency", "unknown currency", place, detail=detail, hint=hint))

    def _unknown_zone(self, name: str, zones: Container[str]) -> None:
        hint = _near_zone(name, list(zones) if isinstance(zones, Iterable) else [])
        hint = hint or "name one of the IANA database, such as Europe/Berlin"
        place, detail = self.document.at("timezone"), f"'{escaped(name)}'"
        self.found.add(error("unknown-timezone", "unknown time zone", place, detail=detail, hint=hint))

    def _lifecycles(self, accounts: Mapping[str, AccountSettings], shipped: Shipped | None) -> dict[str, Lifecycle]:
        if shipped is None:
            return {}
        own = getattr(self.model, "lifecycles", None) or {}
        if not own and all(account.lifecycle in SHIPPED for account in accounts.values()):
            return shipped_lifecycles((account.lifecycle for account in accounts.values()), shipped)
        from reconciler.spec.lifecycles import read_lifecycles  # start-up: as above

        at = self.document.at
        named = [(account.lifecycle, at("accounts", name, "lifecycle")) for name, account in accounts.items()]
        return read_lifecycles(named, own, shipped, self.document, self.result, self.found)


def _near_zone(name: str, zones: list[str]) -> str:
    """A hint with the nearest zone: people know a city, and write its blanks."""
    city = name.rpartition("/")[2].replace(" ", "_").casefold()
    same = sorted(zone for zone in zones if zone.rpartition("/")[2].casefold() == city)
    return f"did you mean '{same[0]}'?" if same else did_you_mean(name, zones)


def _check_url(document: Document, url: str, found: Diagnostics) -> None:
    place = document.at("store", "url")
    if re.search(CREDENTIALS_PATTERN, url):
        hint = "take it out, and change it, for Git remembers it; a password comes from the environment"
        found.add(error("password-in-url", "a password in the store's URL", place, hint=hint))
    elif not re.search(URL_PATTERN, url):
        hint = "write sqlite:///path, relative to this file, or sqlite:////path, or postgresql://host/database"
        found.add(error("bad-store-url", "not the URL of a store", place, hint=hint))
