"""`reconcile whoami`: who is signed in at each outside account, and what they may not do. Reads; needs no store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace

import click

from reconciler.answers import Identity
from reconciler.cli.app import Given, shared
from reconciler.cli.output import emit
from reconciler.cli.rendering import whoami_renders
from reconciler.cli.session import named_account, runtime_for, worst
from reconciler.diagnostics import Severity
from reconciler.errors import ReconcilerError, RoleTooWeak, SpecError, WrongTenant
from reconciler.observed import Obstacle
from reconciler.ports import Reader
from reconciler.registry import failed, reader_for
from reconciler.runtime import Runtime
from reconciler.settings import AccountSettings
from reconciler.views.whoami import WhoamiEntry

_KNOWS_WHO = (WrongTenant, RoleTooWeak)
"""What is wrong with somebody who is signed in all the same."""


@click.command()
@click.option("--account", "names", metavar="NAME", multiple=True, help="Only this one and those like it; repeatable.")
@shared
def whoami(given: Given, names: tuple[str, ...]) -> int:
    """Who is signed in at each outside account, and what they may not do."""
    runtime = runtime_for(given)
    runtime.registry.check_claims()
    chosen = _chosen(_accounts(runtime), names)
    asked = [_asked(account, runtime) for account in _once_each(chosen, runtime)]
    emit(given, whoami_renders([entry for entry, _ in asked], as_of=runtime.clock.now()))
    return worst(code for _, code in asked)


def _accounts(runtime: Runtime) -> dict[str, AccountSettings]:
    """Those of the settings and of every `_account.yaml`. No other spec file is looked into."""
    from reconciler.spec.load import ACCOUNT_FILE, load_specs  # start-up: a wrong option needs no models

    texts = runtime.texts
    files = tuple(file for file in texts.files if file.origin.rpartition("/")[2] == ACCOUNT_FILE)
    desired = load_specs(replace(texts, files=files), runtime.settings, runtime.registry)
    wrong = [
        item
        for item in desired.diagnostics
        # What an account lacks is its own trouble, and is told with it.
        if item.severity is Severity.ERROR and item.code != "missing-option"
        if item.place is None or item.place.file.rpartition("/")[2] == ACCOUNT_FILE
    ]
    if wrong:
        raise SpecError(wrong)
    return dict(desired.accounts)


def _chosen(accounts: Mapping[str, AccountSettings], names: Sequence[str]) -> list[AccountSettings]:
    """All, or those that are named, with the accounts of folders that are like one of them."""
    for name in names:
        named_account(name, accounts)
    wanted = set(names or accounts)
    return [item for _, item in sorted(accounts.items()) if item.name in wanted or item.group in wanted]


def _once_each(accounts: Sequence[AccountSettings], runtime: Runtime) -> Iterator[AccountSettings]:
    """Of those that share a sign-in and pin the same, the first; none that only lends its settings to others."""
    from reconciler.spec.options import missing_options  # start-up: as above

    lending = {item.group for item in accounts if item.group != item.name}
    seen = set()
    for account in accounts:
        pins = (account.provider, account.group, account.tenant, tuple(sorted(account.options.items())))
        lends = account.outside and account.name in lending
        if lends and missing_options(account, runtime.registry.provider(account.provider)):
            continue
        if not account.outside or pins not in seen:
            seen.add(pins)
            yield account


def _asked(account: AccountSettings, runtime: Runtime) -> tuple[WhoamiEntry, int]:
    """What one account's provider says, with the exit code of that; its trouble is no other account's."""
    if not account.outside:
        return WhoamiEntry(account.name, account.provider), 0
    try:
        with closing(reader_for(account, runtime.environment, runtime.registry)) as reader:
            identity, trouble = _identity(account, reader)
    except ReconcilerError as error:
        identity, trouble = None, error
    told = None if trouble is None else Obstacle(trouble.code, trouble.message, trouble.hint)
    code = 0 if trouble is None else 3 if isinstance(trouble, WrongTenant) else 1
    return WhoamiEntry(account.name, account.provider, identity, told, _pinned(account)), code


def _identity(account: AccountSettings, reader: Reader) -> tuple[Identity | None, ReconcilerError | None]:
    """Who is signed in, and what is wrong with that."""
    trouble: ReconcilerError | None = None
    try:
        try:
            reader.check()
        except _KNOWS_WHO as error:
            trouble = error
        return reader.whoami(), trouble
    except ReconcilerError as error:
        return None, trouble or error
    except Exception as error:  # noqa: BLE001 - whatever a provider does wrong, the other accounts are asked
        return None, trouble or failed(account, error, "while it was asked who is signed in")


def _pinned(account: AccountSettings) -> str | None:
    """Who must be signed in: of a customer, its partner."""
    return account.options.get("partner_tenant", account.tenant)
