"""docs/providers.md tells what the providers say: verbs, options and slots are compared with the code."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import pytest

from reconciler.changes import INTENTS, Kind
from reconciler.environment import read_environment, variable
from reconciler.observed import ObservedSubscription
from reconciler.outside.reading import Ask, observe_accounts
from reconciler.outside.timing import Timing
from reconciler.ports import Provider
from reconciler.providers.manual import ManualProvider
from reconciler.registry import BUILT_IN, Registry, reader_for
from reconciler.settings import AccountSettings
from reconciler.testing.emulators import sample_estate, serve
from reconciler.testing.emulators.microsoft_estate import CONTOSO, TENANT
from reconciler.testing.emulators.partner_center_estate import PARTNER
from tests.console import CLOCK
from tests.pages import first_cells, section

PAGE: Final = "docs/providers.md"
OUTSIDE: Final = ("microsoft", "partner-center", "stripe")
AS: Final = {
    Kind.TURN_ON: Kind.UNDO_CANCEL,
    Kind.TURN_OFF: Kind.CANCEL_AT_RENEWAL,
    Kind.CANCEL_AT_RENEWAL: Kind.TURN_OFF,
    Kind.UNDO_CANCEL: Kind.TURN_ON,
}
"""What a verb becomes where its provider knows the other end alone."""


def table(title: str, opening: str) -> dict[str, dict[str, str]]:
    """Rows by their first cell, cells by their column, of the table whose first column is called so; no backticks."""
    lines = [line for line in section(PAGE, title).splitlines() if line.startswith("|")]
    rows = [[cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in lines]
    start = next(number for number, row in enumerate(rows) if row[0] == opening)
    head = rows[start]
    width = len(head)
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows[start + 2 :] if len(row) == width}


@pytest.fixture(scope="module", params=OUTSIDE)
def shown(request: pytest.FixtureRequest) -> tuple[str, list[ObservedSubscription]]:
    """What a provider says of its sample estate."""
    name, now = request.param, datetime.fromisoformat(CLOCK)
    emulator = sample_estate(name, now=now)
    match name:
        case "microsoft":
            tenants = {TENANT: {"billing_account": CONTOSO}}
        case "partner-center":
            tenants = {id: {"partner_tenant": PARTNER} for id in emulator.table("customers")}
        case _:
            tenants = {id: {} for id in emulator.table("account")}
    with serve(emulator) as url:
        environment, registry = read_environment({variable(name, "endpoint"): url}), Registry()
        asks = []
        for number, (tenant, options) in enumerate(tenants.items()):
            account = AccountSettings(f"a{number}", name, tenant=tenant, options=options)
            asks.append(Ask(account, frozenset(), lambda account=account: reader_for(account, environment, registry)))  # type: ignore[misc]
        found = observe_accounts(asks, Timing(lambda: now))
    assert all(account.trouble is None for account in found.values())
    return name, [item for account in found.values() for item in account.subscriptions.values()]


def best(kind: Kind, items: Iterable[ObservedSubscription]) -> str:
    """What can be done at best: yes, no, or as another verb."""
    able = [
        item
        for item in items
        if item.status.ended == (kind is Kind.REACTIVATE) and kind not in item.capabilities.barred
    ]
    if not able:
        return "no"
    end = kind if kind in (Kind.TURN_OFF, Kind.CANCEL_AT_RENEWAL) else _end_of(kind)
    if end is None or any(end in item.capabilities.ends for item in able):
        return "yes"
    return f"as {AS[kind]}"


def _end_of(kind: Kind) -> Kind | None:
    """The end that a verb takes back."""
    return {Kind.TURN_ON: Kind.TURN_OFF, Kind.UNDO_CANCEL: Kind.CANCEL_AT_RENEWAL}.get(kind)


def test_every_verb_and_every_provider_has_its_cell() -> None:
    rows = table("What each can do", "change")
    assert set(rows) == set(map(str, INTENTS))
    assert all(set(row) == set(BUILT_IN) for row in rows.values())
    assert {"microsoft", "partner-center", "stripe"} == set(OUTSIDE)


def test_the_page_says_of_each_verb_what_the_provider_says(shown: tuple[str, list[ObservedSubscription]]) -> None:
    name, items = shown
    said = {kind: row[name] for kind, row in table("What each can do", "change").items()}
    found = {str(kind): best(kind, items) for kind in INTENTS}
    assert {kind: text.partition(",")[0] for kind, text in said.items()} == found


def test_the_page_names_the_options_and_slots_of_every_provider() -> None:
    rows = table("What each needs", "provider")
    assert set(rows) == set(BUILT_IN)
    for name, row in rows.items():
        provider = None if name in ("ledger", "manual") else Registry().provider(name)
        options = ManualProvider.options if name == "manual" else _options(provider)
        assert set(_named(row["options"])) == set(options), name
        assert _named(row["secrets, by slot"]) == list(() if provider is None else provider.secrets), name
        required = provider is not None and "tenant" in provider.required
        assert row["tenant"] == ("required" if required else "optional"), name


def test_the_page_lists_the_kinds_that_are_built_in() -> None:
    assert first_cells(section(PAGE, "The five kinds")) == [f"`{name}`" for name in BUILT_IN]


def _options(provider: Provider | None) -> Iterable[str]:
    return () if provider is None else provider.options


def _named(cell: str) -> list[str]:
    return [] if cell == "none" else cell.split(", ")
