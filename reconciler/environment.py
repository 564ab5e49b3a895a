"""What the surroundings say: environment variables, secrets, and who is running this, on a person's machine or in CI.

Reads the mapping that it is handed; only the runtime hands it the real one. A name that nothing can make sense of is an
error, so that a misspelt brake cannot be lost in silence. Secrets are wrapped at once, and no message quotes one.
"""

from __future__ import annotations

import os
import pwd
import re
import socket
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from reconciler.diagnostics import did_you_mean
from reconciler.errors import InputError, UsageError
from reconciler.model import Money, money_from_text
from reconciler.secret import Secret
from reconciler.settings import IN_MONEY, IN_NUMBERS, OURS, AccountSettings, Amounts, LimitName

_CAPS = {f"RECONCILE_{name.setting.upper()}": name for name in IN_NUMBERS}
_VALUE_CAPS = {f"RECONCILE_{name.setting.upper()}": name for name in IN_MONEY}
_TEXTS = (
    "RECONCILE_STORE", "RECONCILE_CONFIG", "RECONCILE_LOCK_TIMEOUT", "RECONCILE_ACTOR", "RECONCILE_CI_RUN",
    "RECONCILE_CACHE",
)  # fmt: skip
KNOWN = frozenset({*_CAPS, *_VALUE_CAPS, *_TEXTS})
"""Every environment variable of ours that has one name. Those of providers are called after identities and slots."""

LARGEST_SECRET = 64 * 1024
"""Bytes of a file that holds one."""
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_SIGN_INS = ("device-code", "browser")


@dataclass(frozen=True, slots=True)
class Environment:
    """Our variables, checked. The caps can only tighten; nothing in the environment loosens a brake."""

    store: str | None = None
    settings_file: str | None = None
    lock_timeout: str | None = None
    caps: Mapping[LimitName, int] = field(default_factory=dict)
    value_caps: Mapping[LimitName, Amounts] = field(default_factory=dict)
    actor: str = "unknown"
    host: str = ""
    ci_run: str | None = None
    others: Mapping[str, Secret] = field(default_factory=dict)
    """Every other variable that begins like ours: for providers, or for nothing at all (see `judge`)."""

    def secret(self, identity: str, slot: str) -> Secret | None:
        """What stands in an identity's slot, given as it is or by a file; None where neither is there.

        Raises UsageError where both are, InputError for a file that holds nothing that can be used. Line ends behind
        it are not part of it.
        """
        name = variable(identity, slot)
        file = f"{name}_FILE"
        given, path = self._given(name), self._given(file)
        if given is not None and path is not None:
            raise UsageError("given-twice", f"both {name} and {file} are set", "unset one of them")
        return _from_file(file, path.reveal()) if path is not None else given

    def _given(self, name: str) -> Secret | None:
        """An empty variable is one that is not set."""
        found = self.others.get(name)
        return found if found is not None and found.reveal() else None

    def endpoint(self, provider: str) -> str | None:
        """Where to ask a provider instead of at its own address: https, or http on this machine; None: there.

        Raises UsageError for what is neither.
        """
        name = variable(provider, "endpoint")
        given = self._given(name)
        if given is None:
            return None
        if not _is_endpoint(given.reveal()):
            hint = "write https://host, or http:// with 127.0.0.1, [::1] or localhost; no user, no ?, no #"
            raise UsageError("bad-endpoint", f"{name} is no endpoint", hint)
        return given.reveal().rstrip("/")

    def sign_in(self, provider: str) -> str | None:
        """How a person signs in at a provider; None: nobody said, and the default chain decides."""
        name = variable(provider, "sign-in")
        given = self._given(name)
        if given is not None and given.reveal() not in _SIGN_INS:
            raise UsageError("bad-variable", f"{name} is no way to sign in", f"write {' or '.join(_SIGN_INS)}")
        return None if given is None else given.reveal()

    def judge(
        self, accounts: Iterable[AccountSettings], slots: Callable[[str], Collection[str]], built_in: Iterable[str]
    ) -> None:
        """Raise UsageError for a variable of ours that nothing can make sense of. The settings tell which are such.

        `slots` answers those of an outside provider; it is asked only where there is something to judge. What belongs
        to a provider that is `built_in` may be set though no account names it.
        """
        if not self.others:
            return
        identities = {
            (identity, item.provider) for item in accounts if item.outside for identity in identities_of(item)
        }
        providers = {provider for _, provider in identities} | {
            name for name in built_in if name not in OURS and any(map(_begins(name), self.others))
        }
        known: dict[str, tuple[str, str]] = {}
        for identity, provider in sorted(identities | {(name, name) for name in providers}):
            for slot in slots(provider):
                name = variable(identity, slot)
                if known.setdefault(name, (identity, slot)) != (identity, slot):
                    other = known[name][0]
                    hint = "give one of the identities another name, so that neither gets what is the other's"
                    raise UsageError("ambiguous-variable", f"{name} is of {other} and of {identity}", hint)
        names = {*known, *(f"{name}_FILE" for name in known)}
        names |= {variable(name, word) for name in providers for word in ("endpoint", "sign-in")}
        for name in sorted(self.others):
            if name not in names:
                everything = {*names, *KNOWN}
                hint = did_you_mean(name, everything) or f"known are: {', '.join(sorted(everything))}"
                raise UsageError("unknown-variable", f"unknown environment variable {name}", hint)


def variable(identity: str, word: str) -> str:
    """The name of the variable for a slot of an identity, or for a word about a provider."""
    return f"RECONCILE_{_spelled(identity)}_{_spelled(word)}"


def identities_of(account: AccountSettings) -> tuple[str, str]:
    """As whom an account is read, and as whom it is written to."""
    plan_as = account.plan_as or account.provider
    return plan_as, account.apply_as or plan_as


def _spelled(name: str) -> str:
    return re.sub("[^A-Z0-9]", "_", name.upper())


def _begins(identity: str) -> Callable[[str], bool]:
    prefix = variable(identity, "")
    return lambda name: name.startswith(prefix)


def _is_endpoint(text: str) -> bool:
    if not text.isascii() or not text.isprintable() or set(text) & set(' \\?#@"<>'):
        return False  # where parsers disagree about who is meant, nobody is
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    return bool(host) and port != 0 and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK))


def _from_file(name: str, path: str) -> Secret:
    """The text of the file that a variable names. No message quotes the path: the secret itself may stand there."""
    hint = f"{name} names a text file of at most {LARGEST_SECRET // 1024} KiB that holds the secret and nothing else"
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a Path of a text with a NUL fails another way
            data = file.read(LARGEST_SECRET + 1)
        text = data.decode("utf-8").rstrip("\r\n")
    except OSError as error:
        raise InputError("unusable-secret", f"the file of {name} cannot be read: {error.strerror}", hint) from None
    except ValueError:
        raise InputError("unusable-secret", f"the file of {name} is no text", hint) from None
    if not text or len(data) > LARGEST_SECRET or "\0" in text:
        reason = "is empty" if not text else "holds more, or other, than a secret"
        raise InputError("unusable-secret", f"the file of {name} {reason}", hint)
    return Secret(text)


def read_environment(environ: Mapping[str, str]) -> Environment:
    """The surroundings as values; raises UsageError for a variable of one name whose value means nothing.

    Other variables that begin like ours are kept, for only the settings tell which of them mean something.
    """
    return Environment(
        store=environ.get("RECONCILE_STORE") or None,
        settings_file=environ.get("RECONCILE_CONFIG") or None,
        lock_timeout=environ.get("RECONCILE_LOCK_TIMEOUT") or None,
        caps={limit: _cap(name, environ[name]) for name, limit in _CAPS.items() if name in environ},
        value_caps={limit: _amounts(name, environ[name]) for name, limit in _VALUE_CAPS.items() if name in environ},
        actor=_actor(environ),
        host=socket.gethostname(),
        ci_run=_ci_run(environ),
        others={
            name: Secret(text) for name, text in environ.items() if name.startswith("RECONCILE_") and name not in KNOWN
        },
    )


def _cap(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise UsageError("bad-variable", f"{name} is {text!r}", "give the number of changes that may pass, such as 5")
    return int(text)


def _amounts(name: str, text: str) -> Amounts:
    found: dict[str, Money] = {}
    for part in text.split(","):
        money = money_from_text(part.strip())
        if money is None or money.currency in found:
            hint = "give an amount for each currency that may pass, once: such as 5000.00 EUR, 100000 JPY"
            raise UsageError("bad-variable", f"{name} is {text!r}", hint)
        found[money.currency] = money
    return tuple(money for _, money in sorted(found.items()))


def _actor(environ: Mapping[str, str]) -> str:
    for name in ("RECONCILE_ACTOR", "GITHUB_ACTOR", "GITLAB_USER_LOGIN", "USER", "LOGNAME"):
        if environ.get(name):
            return environ[name]
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run as a user that nobody named
        return f"uid {os.getuid()}"


def _ci_run(environ: Mapping[str, str]) -> str | None:
    if environ.get("RECONCILE_CI_RUN"):
        return environ["RECONCILE_CI_RUN"]
    if environ.get("GITHUB_ACTIONS") == "true":
        server, repository = environ.get("GITHUB_SERVER_URL", ""), environ.get("GITHUB_REPOSITORY", "")
        return f"{server}/{repository}/actions/runs/{environ.get('GITHUB_RUN_ID', '')}"
    return environ.get("CI_JOB_URL") or environ.get("BUILD_URL") or None
