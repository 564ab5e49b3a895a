"""What the surroundings say: environment variables and who is running this, on a person's machine or in CI.

Reads the mapping that it is handed; only the runtime hands it the real one. A name it does not know is an error, so
that a misspelt brake cannot be lost in silence.
"""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.diagnostics import did_you_mean
from reconciler.errors import UsageError
from reconciler.model import Money, money_from_text
from reconciler.settings import IN_MONEY, IN_NUMBERS, Amounts, LimitName

_CAPS = {f"RECONCILE_{name.setting.upper()}": name for name in IN_NUMBERS}
_VALUE_CAPS = {f"RECONCILE_{name.setting.upper()}": name for name in IN_MONEY}
_TEXTS = ("RECONCILE_STORE", "RECONCILE_CONFIG", "RECONCILE_LOCK_TIMEOUT", "RECONCILE_ACTOR", "RECONCILE_CI_RUN")
KNOWN = frozenset({*_CAPS, *_VALUE_CAPS, *_TEXTS})
"""Every environment variable of ours."""


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


def read_environment(environ: Mapping[str, str]) -> Environment:
    """The surroundings as values; raises UsageError for a variable that means nothing."""
    for name in sorted(environ):
        if name.startswith("RECONCILE_") and name not in KNOWN:
            hint = did_you_mean(name, KNOWN) or f"known are: {', '.join(sorted(KNOWN))}"
            raise UsageError("unknown-variable", f"unknown environment variable {name}", hint)
    return Environment(
        store=environ.get("RECONCILE_STORE") or None,
        settings_file=environ.get("RECONCILE_CONFIG") or None,
        lock_timeout=environ.get("RECONCILE_LOCK_TIMEOUT") or None,
        caps={limit: _cap(name, environ[name]) for name, limit in _CAPS.items() if name in environ},
        value_caps={limit: _amounts(name, environ[name]) for name, limit in _VALUE_CAPS.items() if name in environ},
        actor=_actor(environ),
        host=socket.gethostname(),
        ci_run=_ci_run(environ),
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
