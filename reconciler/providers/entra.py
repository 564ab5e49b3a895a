"""Signing in at Microsoft Entra, for every provider of Microsoft's: the slots of the environment to a source of tokens.

The only place of azure-identity, which is imported once somebody signs in. No token, secret or answer of the vendor's
is ever part of a message: of an error only its number is told (`AADSTS7000215`).
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from reconciler.errors import ExtraMissing, ProviderTrouble, SignInFailed, Unreachable
from reconciler.ports import Opening
from reconciler.secret import Secret

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

SLOTS: Mapping[str, str] = {
    "client_id": "the application that signs in",
    "client_secret": "its secret",
    "certificate_file": "the path of its certificate with the private key, PEM or PKCS #12, instead of a secret",
    "token": "a ready token, for an endpoint on loopback only",
}
"""The slots of the secrets that signing in may ask for."""

SANDBOX_TOKEN = "sandbox"  # noqa: S105  # what our emulators know their owner by; no vendor takes it
_TRUSTED = {"disable_instance_discovery": True}
"""The authority is Microsoft's, or the operator's own (AZURE_AUTHORITY_HOST): no other directory is asked of it."""
_OURS: Mapping[str, Any] = {**_TRUSTED, "retry_total": 0, "connection_timeout": 10, "read_timeout": 30}
"""What every credential of our own making is made with."""
_AHEAD = 300.0
"""A token is renewed so many seconds before it expires: a write must not begin with one that is about to."""
_SPOILT = re.compile(r"[^!-~]")
"""What no header can hold."""
_NUMBER = re.compile(r"\bAADSTS\d{4,9}\b")
_ADVICE = {
    "AADSTS7000215": "the client secret is wrong: give its value, not its id",
    "AADSTS7000222": "the client secret has expired: make a new one",
    "AADSTS700016": "the tenant does not know this application: check client_id and tenant, or consent to it there",
    "AADSTS90002": "there is no such tenant: check `tenant` in the settings",
    "AADSTS50076": "this person must sign in with a second factor: sign in anew",
    "AADSTS50079": "this person must set up a second factor: sign in anew",
    "AADSTS53003": "a conditional access policy of the tenant bars this sign-in",
    "AADSTS700082": "the sign-in is too old: sign in anew",
    "AADSTS70043": "the sign-in is too old: sign in anew",
}


class TokenSource(Protocol):
    """Hands out tokens for one account; safe to ask from several threads at once."""

    def token(self, scope: str) -> Secret:
        """A token that is good for some minutes more; raises SignInFailed or Unreachable. Asks anew when it must."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


@dataclass(frozen=True, slots=True)
class Claims:
    """Who a token was made for, as far as it tells; read without judging its signature, so for showing and pinning."""

    tenant: str | None = None
    name: str | None = None
    """A user's sign-in name, or an application's id."""
    object: str | None = None
    """The id of the user or service principal in the tenant, which roles are given to."""


def credential(opening: Opening, tenant: str) -> TokenSource:
    """Whoever the environment says may sign in at that tenant; asks nobody yet.

    A loopback endpoint gets the `token` slot or the sandbox's fixed token, and never a real one. Elsewhere, in this
    order: the application of `client_id` with its certificate or secret; a person, where `sign_in` says how; the
    default chain of azure-identity (its AZURE_ variables, workload identity, managed identity, `az login`, ...).
    Raises ExtraMissing, and SignInFailed where the slots make no sense.
    """
    ready = opening.secret("token")
    if ready is not None and _SPOILT.search(ready.reveal()):
        hint = "give the token alone, on one line"
        raise SignInFailed("sign-in-failed", "the slot token holds what no token is made of", hint)
    if opening.endpoint is not None and is_loopback(opening.endpoint):
        return _Fixed(ready or Secret(SANDBOX_TOKEN))
    if ready is not None:
        hint = "remove it; to sign in, set client_id and client_secret, or use the default chain"
        raise SignInFailed("sign-in-failed", "a ready token is for an endpoint on loopback only", hint)
    try:
        made = _credential(opening, tenant)
    except ImportError as error:
        extra = f"pip install 'subscription-reconciler[{opening.account.provider}]'"
        raise ExtraMissing("extra-missing", "signing in at Microsoft needs azure-identity", extra) from error
    except ValueError as error:  # a tenant, an authority or a certificate that azure-identity cannot take
        raise SignInFailed(
            "sign-in-failed", f"tenant {tenant}: these credentials cannot be used", _SLOT_HINT
        ) from error
    except OSError as error:
        detail = f"the certificate file cannot be read: {error.strerror}"
        raise SignInFailed("sign-in-failed", detail, "check the path in the slot certificate_file") from error
    return _Entra(made, tenant)


_SLOT_HINT = (
    "check the tenant in the settings, the certificate (PEM or PKCS #12, with its key) and AZURE_AUTHORITY_HOST"
)


def is_loopback(url: str) -> bool:
    """Whether that address stays on this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def claims_of(token: Secret) -> Claims:
    """What the token tells of its bearer; nothing, where it is none that can be read."""
    parts = token.reveal().split(".")
    if len(parts) != 3:
        return Claims()
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        told = json.loads(base64.urlsafe_b64decode(padded))
    except (binascii.Error, ValueError):
        return Claims()
    if not isinstance(told, dict):
        return Claims()
    person = _first(told, "upn", "unique_name", "preferred_username")
    return Claims(
        tenant=_first(told, "tid"),
        name=person or _first(told, "appid", "azp"),
        object=_first(told, "oid"),
    )


def _first(told: Mapping[str, object], *names: str) -> str | None:
    found = (told.get(name) for name in names)
    return next((value for value in found if isinstance(value, str) and value), None)


@dataclass(frozen=True, slots=True)
class _Fixed:
    """One ready token, for loopback."""

    secret: Secret

    def token(self, scope: str) -> Secret:
        return self.secret

    def close(self) -> None:
        """Nothing is open."""


class _Entra:
    """Tokens by azure-identity. Not every credential of its chain keeps what it got, so they are kept here."""

    def __init__(self, made: TokenCredential, tenant: str, now: Callable[[], float] = time.time) -> None:
        self._made = made
        self._tenant = tenant
        self._now = now
        self._kept: dict[str, tuple[Secret, float]] = {}
        self._one = threading.Lock()  # eight threads must not ask one person to sign in eight times

    def token(self, scope: str) -> Secret:
        with self._one:
            kept = self._kept.get(scope)
            if kept is None or kept[1] - _AHEAD <= self._now():
                kept = self._kept[scope] = self._asked(scope)
            return kept[0]

    def close(self) -> None:
        if (close := getattr(self._made, "close", None)) is not None:
            close()

    def _asked(self, scope: str) -> tuple[Secret, float]:
        from azure.core.exceptions import AzureError  # imported already by whoever made the credential

        try:
            got = self._made.get_token(scope, tenant_id=self._tenant)
        except AzureError as error:
            raise _trouble(error, self._tenant) from None  # its text may quote what the vendor answered
        except ValueError:
            raise SignInFailed("sign-in-failed", f"tenant {self._tenant}: signing in failed", _SLOT_HINT) from None
        return Secret(got.token), float(got.expires_on)


def _credential(opening: Opening, tenant: str) -> TokenCredential:
    from azure import identity  # slow: 0.2 s, and not installed without the extra

    for noisy in ("azure", "msal"):  # without a handler of theirs, Python prints their warnings on stderr
        logging.getLogger(noisy).addHandler(logging.NullHandler())
    client, secret, certificate = (opening.secret(slot) for slot in ("client_id", "client_secret", "certificate_file"))
    if secret is not None or certificate is not None:
        if client is None:
            raise _unfit("a client secret or a certificate is set, and no client_id", "set client_id as well")
        if certificate is not None and secret is not None:
            raise _unfit("both a client secret and a certificate are set", "remove one of them")
        if certificate is not None:
            _readable(Path(certificate.reveal()))
            return identity.CertificateCredential(tenant, client.reveal(), certificate.reveal(), **_OURS)
        assert secret is not None  # noqa: S101  # one of the two is set
        return identity.ClientSecretCredential(tenant, client.reveal(), secret.reveal(), **_OURS)
    app: dict[str, Any] = {} if client is None else {"client_id": client.reveal()}
    match opening.sign_in:
        case None:
            known = {} if client is None else {"managed_identity_client_id": client.reveal()}
            chain = {"additionally_allowed_tenants": [tenant], "workload_identity_tenant_id": tenant}
            return identity.DefaultAzureCredential(process_timeout=30, **known, **chain, **_TRUSTED)
        case "device-code":
            return identity.DeviceCodeCredential(tenant_id=tenant, prompt_callback=_prompt, **app, **_OURS)
        case "browser":
            return identity.InteractiveBrowserCredential(tenant_id=tenant, timeout=300, **app, **_OURS)
        case other:
            raise _unfit(f"there is no way to sign in named {other}", "use device-code or browser, or unset it")


def _unfit(detail: str, hint: str) -> SignInFailed:
    return SignInFailed("credentials-missing", detail, hint)


def _readable(path: Path) -> None:
    """Raise OSError with a plain reason: azure-identity names the path in its own."""
    with path.open("rb"):
        pass


def _prompt(address: str, code: str, until: datetime) -> None:
    sys.stderr.write(f"To sign in, open {address} and enter the code {code} (until {until:%H:%M} UTC)\n")
    sys.stderr.flush()


def _trouble(error: BaseException, tenant: str) -> ProviderTrouble:
    """What failed, in our words; the vendor's number is all that is taken of theirs."""
    from azure.core.exceptions import ServiceRequestError, ServiceResponseError  # imported already, as above
    from azure.identity import CredentialUnavailableError  # as above

    text = str(error)
    if (number := _NUMBER.search(text)) is not None:
        hint = _ADVICE.get(
            number[0], f"https://login.microsoftonline.com/error?code={number[0][6:]} says what it means"
        )
        return SignInFailed("sign-in-failed", f"tenant {tenant}: signing in was refused ({number[0]})", hint)
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, (ServiceRequestError, ServiceResponseError)):
            detail = f"tenant {tenant}: the sign-in service cannot be reached"
            return Unreachable("unreachable", detail, "check the network, a proxy, and AZURE_AUTHORITY_HOST")
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, CredentialUnavailableError) or "Attempted credentials" in text:
        hint = "set client_id with client_secret or certificate_file, run in a workload identity, or `az login`"
        return SignInFailed("credentials-missing", f"tenant {tenant}: nobody is signed in", hint)
    return SignInFailed("sign-in-failed", f"tenant {tenant}: signing in failed", "check the credentials")
