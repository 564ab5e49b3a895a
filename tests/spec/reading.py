"""How the tests of the spec language read texts: one file or several, accounts of two kinds, and terse findings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from textwrap import dedent
from typing import ClassVar

from reconciler.desired import DesiredState, SpecText, SpecTexts
from reconciler.diagnostics import Diagnostic, Location
from reconciler.model import DesiredSubscription, SubscriptionKey
from reconciler.settings import AccountSettings, Settings
from reconciler.spec import load_specs
from reconciler.spec.parse import Parsed, parse
from reconciler.spec.positions import Document
from reconciler.spec.scalars import PlainScalars


@dataclass(frozen=True, slots=True)
class Traits:
    """What the settings ask of an outside provider."""

    lifecycle: str = "plain"
    options: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()


class Known(frozenset[str]):
    """Names of providers, and what the outside ones ask of their accounts."""

    TRAITS: ClassVar[Mapping[str, Traits]] = {
        "microsoft": Traits(
            "microsoft-customer-agreement", {"billing_account": "which billing account"}, ("tenant", "billing_account")
        ),
        "partner-center": Traits(
            "microsoft-partner", {"partner_tenant": "who signs in", "region": "where"}, ("tenant", "partner_tenant")
        ),
        "site": Traits("no-such-policy", {"site": "which site"}),
    }

    def provider(self, name: str) -> Traits:
        return self.TRAITS.get(name, Traits())


PROVIDERS = Known({"ledger", "manual", "stripe", *Known.TRAITS})
ACCOUNTS = Settings(
    accounts={name: AccountSettings(name, "stripe" if name == "acme" else "ledger") for name in ("contoso", "acme")}
)
"""`contoso` lives on the ledger, `acme` outside."""
FACTS = "facts: {product: SPB, term: annual, start: 2026-02-14}"
"""All that a ledger's subscription needs."""


def texts(files: Mapping[str, str]) -> SpecTexts:
    """Files as a source would hand them over."""
    return SpecTexts(tuple(SpecText(path, text) for path, text in files.items()), (), "digest")


def load(files: Mapping[str, str] | str, settings: Settings = ACCOUNTS) -> DesiredState:
    """What these files declare; a text alone is specs/contoso/a.yaml."""
    files = {"specs/contoso/a.yaml": files} if isinstance(files, str) else files
    return load_specs(texts({path: dedent(text) for path, text in files.items()}), settings, PROVIDERS)


def only(files: Mapping[str, str] | str, settings: Settings = ACCOUNTS) -> DesiredSubscription:
    """The one subscription of specs without any finding."""
    found = load(files, settings)
    assert list(brief(found.diagnostics)) == []
    (wanted,) = found.subscriptions.values()
    return wanted


def key(text: str) -> SubscriptionKey:
    """The key that `account/name` says."""
    account, _, name = text.partition("/")
    return SubscriptionKey(account, name)


def brief(found: Iterable[Diagnostic]) -> list[str]:
    """Each finding as `line:column code`, in the order given."""
    return [
        f"{item.location.line}:{item.location.column} {item.code}" if item.location else item.code for item in found
    ]


def codes(found: Iterable[Diagnostic]) -> list[str]:
    """Their codes alone."""
    return [item.code for item in found]


def parsed(text: str) -> Parsed:
    """The values of a text and what is wrong with it as YAML."""
    return parse(Document("a.yaml", text), PlainScalars())


def word_at(text: str, location: Location | None) -> str:
    """The word that begins at a place of a text."""
    assert location is not None
    found = re.match(r"[^\s,{}\[\]]*", text.split("\n")[location.line - 1][location.column - 1 :])
    assert found is not None
    return found[0]
