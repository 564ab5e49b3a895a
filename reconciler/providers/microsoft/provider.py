"""Microsoft: billing accounts of direct customers, over Microsoft.Billing. Loading it imports no SDK; opening does."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from reconciler.errors import ExtraMissing, SignInFailed, WrongTenant
from reconciler.ports import Opening
from reconciler.providers.entra import SLOTS, TokenSource, credential, is_loopback
from reconciler.providers.microsoft.reading import MicrosoftReader
from reconciler.providers.microsoft.writing import SETTLES_WITHIN, MicrosoftWriter

if TYPE_CHECKING:
    from reconciler.providers.microsoft.api import Billing


class MicrosoftProvider:
    """ports.Provider for Microsoft.Billing."""

    api_version: int = 1
    name: str = "microsoft"
    lifecycle: str = "microsoft-customer-agreement"
    options: Mapping[str, str] = MappingProxyType(
        {"billing_account": "the id of the billing account, as its properties in the admin center show it"}
    )
    required: tuple[str, ...] = ("tenant", "billing_account")
    secrets: tuple[str, ...] = tuple(SLOTS)

    def __init__(self, settles_within: float = SETTLES_WITHIN) -> None:
        self._settles_within = settles_within

    def reader(self, opening: Opening) -> MicrosoftReader:
        """As ports.Provider says; asks nobody yet."""
        billing, tokens = _opened(opening)
        return MicrosoftReader(opening.account, billing, tokens)

    def writer(self, opening: Opening) -> MicrosoftWriter:
        """As ports.Provider says; asks nobody yet."""
        billing, tokens = _opened(opening)
        return MicrosoftWriter(opening.account, billing, tokens, self._settles_within)


def _opened(opening: Opening) -> tuple[Billing, TokenSource]:
    try:
        from reconciler.providers.microsoft import api  # the SDK takes 0.4 s, and may not be installed
    except ImportError as error:
        hint = "pip install 'subscription-reconciler[microsoft]'"
        raise ExtraMissing("extra-missing", "the provider microsoft needs azure-mgmt-billing", hint) from error
    settings = opening.account
    if not api.is_id(settings.options.get("billing_account", "")):
        detail = f"account {settings.name}: `billing_account` is no id of a billing account"
        raise WrongTenant("wrong-tenant", detail, "copy it from the billing account's properties in the admin center")
    endpoint = opening.endpoint or api.PUBLIC
    if not endpoint.startswith("https://") and not is_loopback(endpoint):
        detail = "a token is sent over https only, or to this machine"
        raise SignInFailed("sign-in-failed", detail, "give RECONCILE_MICROSOFT_ENDPOINT an https address")
    tokens = credential(opening, settings.tenant or "organizations")
    return api.Billing(endpoint, tokens), tokens
