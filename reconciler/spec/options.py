"""What an account gives its outside provider beside the tenant: options that it knows, and nothing that is a secret.

Pure. No message quotes a value: a secret may have been written in the wrong place, and Git, too, would keep it.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from typing import Any, Final, Protocol, runtime_checkable

from reconciler.diagnostics import Diagnostics, did_you_mean, error
from reconciler.settings import MANUAL, AccountSettings
from reconciler.spec.characters import escaped
from reconciler.spec.fields import UNSAFE_PATTERN
from reconciler.spec.positions import Document, Path
from reconciler.tasks import AGREEMENT, AGREEMENTS
from reconciler.tasks import OPTIONS as BY_HAND

GIVEAWAY_PATTERN: Final = (
    r"(?:^|\s)(?:[sr]k_(?:live|test)_|rk_|whsec_|-----BEGIN |[Bb]earer |eyJ[A-Za-z0-9_-]+\.eyJ"
    r"|[A-Za-z0-9_.~-]{3}[0-9]Q~[A-Za-z0-9_.~-]{30,})"
)
"""Values that nobody writes but as a credential: keys of Stripe, JSON web tokens, private keys, secrets of Entra."""
TELLING_NAME_PATTERN: Final = "^(?:.*[_-])?(?:password|passwd|passphrase|secret|key|token|credentials?)$"
"""Names of options that can mean nothing else."""
ENDPOINT_NAME_PATTERN: Final = "^(?:.*[_-])?(?:endpoint|url|uri|host|authority)$"
"""Names that say where to ask: the operator's to say, never a repository's."""
IDENTITY_PATTERN: Final = "^[a-z][a-z0-9-]{0,99}$"
"""Of what signs in: the environment finds its secrets by this name."""

TENANT: Final = "tenant"
"""Among a provider's required options: the account's own key of that name."""

BUILT_IN: Final[Mapping[str, str]] = {
    "billing_account": "microsoft: the id of the billing account, as its properties in the admin center show it",
    "partner_tenant": "partner-center: the tenant of the partner, where everybody signs in; `tenant` is the customer's",
    "mode": "stripe: live or test; a key of the other mode, which has the same account id, is refused",
    "prorate": "stripe: true or false (the default); credit what is left of the term when it is cancelled at once",
    "invoice_now": "stripe: true or false (the default); invoice what is open when it is cancelled at once",
    **BY_HAND,
}
"""What an editor shows of the options that the built-in providers know; a test holds that it has all of them."""


class Outside(Protocol):
    """What the settings ask of an outside provider; a `ports.Provider` is one."""

    @property
    def lifecycle(self) -> str:
        """The policy of an account that names none."""
        ...

    @property
    def options(self) -> Mapping[str, str]:
        """Every option there is, and what it means."""
        ...

    @property
    def required(self) -> tuple[str, ...]:
        """Those that it cannot do without; `tenant` may be among them."""
        ...


@runtime_checkable
class Providers(Protocol):
    """The providers there are: their names, and what each outside one asks of its accounts."""

    def __contains__(self, name: object, /) -> bool: ...

    def __iter__(self) -> Iterator[str]: ...

    def provider(self, name: str) -> Outside:
        """The outside provider of a name that is contained."""
        ...


def outside(name: str, providers: Container[str]) -> Outside | None:
    """What is known of an outside provider; None where bare names are all there is, and then nothing is judged."""
    return providers.provider(name) if isinstance(providers, Providers) and name in providers else None


def public_schema() -> dict[str, Any]:
    """In the words of JSON Schema: a text that is no secret."""
    barred = {"anyOf": [{"type": "string", "pattern": UNSAFE_PATTERN}, {"type": "string", "pattern": GIVEAWAY_PATTERN}]}
    return {"type": ["string", "number"], "maxLength": 200, "pattern": r"\S", "not": barred}


def options_schema() -> dict[str, Any]:
    """The same of a whole mapping of options. An installed provider may know others than the built-in ones."""
    barred = [GIVEAWAY_PATTERN, TELLING_NAME_PATTERN, ENDPOINT_NAME_PATTERN, UNSAFE_PATTERN]
    return {
        "type": "object",
        "properties": {name: {"description": meaning} for name, meaning in BUILT_IN.items()},
        "patternProperties": {"": public_schema()},
        "propertyNames": {
            "maxLength": 100,
            "pattern": r"\S",
            "not": {"anyOf": [{"pattern": pattern} for pattern in barred]},
        },
    }


def judge_options(
    options: Mapping[str, str],
    document: Document,
    path: Path,
    account: AccountSettings,
    found: Diagnostics,
    known: Outside | None,
) -> bool:
    """Complain about options that nobody may write or that their provider does not know; whether all is well.

    `path` is that of the mapping. A ledger knows none; `known` None: an outside account may have any.
    """
    well = True
    for name, value in options.items():
        place = document.key(*path, name)
        if _is_secret(name) or re.search(TELLING_NAME_PATTERN, name) or _is_secret(value):
            _secret(document, (*path, name), account, found)
        elif re.search(ENDPOINT_NAME_PATTERN, name):
            detail = f"'{escaped(name)}' for {account.name}"
            hint = f"it is the operator's to say where to ask: {_variable(account.provider)}_ENDPOINT"
            found.add(error("endpoint-in-settings", "an endpoint in the settings", place, detail=detail, hint=hint))
        elif name not in (names := _names(account, known)) and not (account.outside and known is None):
            hint = did_you_mean(name, names) or _known_options(account.provider, names)
            found.add(error("unknown-option", "unknown option", place, detail=f"'{escaped(name)}'", hint=hint))
        elif account.provider == MANUAL and name == AGREEMENT and value not in AGREEMENTS:
            hint = did_you_mean(value, AGREEMENTS) or f"known are: {', '.join(AGREEMENTS)}"
            where, detail = document.at(*path, name), f"for {account.name}"
            found.add(error("unknown-agreement", "unknown agreement", where, detail=detail, hint=hint))
        else:
            continue
        well = False
    return well


def _names(account: AccountSettings, known: Outside | None) -> list[str]:
    """Every option that its provider knows."""
    if account.provider == MANUAL:
        return sorted(BY_HAND)
    return [] if known is None else sorted(known.options)


def judge_tenant(
    tenant: str | None, document: Document, path: Path, account: AccountSettings, found: Diagnostics
) -> None:
    """Complain about a tenant that is a secret."""
    if tenant is not None and _is_secret(tenant):
        _secret(document, path, account, found)


def missing_options(account: AccountSettings, known: Outside) -> list[str]:
    """What its provider cannot do without and the account does not say, the tenant among it."""
    given = {name for name, value in account.options.items() if value}
    return [name for name in known.required if name not in given and not (name == TENANT and account.tenant)]


def what_is_missing(account: AccountSettings, missing: list[str], known: Outside) -> tuple[str, str]:
    """Detail and hint of that, in words."""
    names = ", ".join(f"'{name}'" for name in missing)
    options = [name for name in missing if name != TENANT]
    meanings = [f"'{name}' is {meaning}" for name in options if (meaning := known.options.get(name))]
    tenant = ["'tenant' is the provider's own id of this customer"] if TENANT in missing else []
    where = f"add {'it' if len(missing) == 1 else 'them'}{' under options' if options else ''}"
    return f"{names} for {account.name}, by {account.provider}", "; ".join([where, *meanings, *tenant])


def _is_secret(text: str) -> bool:
    return re.search(GIVEAWAY_PATTERN, text) is not None


def _secret(document: Document, path: Path, account: AccountSettings, found: Diagnostics) -> None:
    by = _variable(account.plan_as or account.provider) if account.outside else "RECONCILE_"
    hint = f"take it out, and change it, for Git remembers it; secrets come from the environment: {by}_…"
    place = document.key(*path)
    found.add(error("secret-in-settings", "a secret in the settings", place, detail=f"for {account.name}", hint=hint))


def _variable(name: str) -> str:
    """How the variables of a provider or an identity begin."""
    return f"RECONCILE_{re.sub('[^A-Z0-9]', '_', escaped(name).upper())}"


def _known_options(provider: str, names: list[str]) -> str:
    return f"known for {provider}: {', '.join(names)}" if names else f"{escaped(provider)} knows none"
