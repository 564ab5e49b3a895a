"""Freezing, thawing and forgetting: commands that write to the store beside an apply."""

from __future__ import annotations

from datetime import datetime, timedelta

import click

from reconciler.apply import Instruction, Served, execute
from reconciler.changes import Change, Kind, Risk
from reconciler.cli.app import Given, shared
from reconciler.cli.output import emit
from reconciler.cli.rendering import note_renders
from reconciler.cli.session import parse_instant, parse_key, runtime_for, whole
from reconciler.consequences import Due
from reconciler.diagnostics import Location
from reconciler.due import renewals_within
from reconciler.elapsed import elapse
from reconciler.errors import InputError, ReconcilerError, Refused, UsageError
from reconciler.journal import Freeze
from reconciler.model import SubscriptionKey, money_text
from reconciler.ports import Bookkeeping
from reconciler.reconcile import declared, read_specs, rulebook_of
from reconciler.runtime import Runtime, Session
from reconciler.settings import LEDGER
from reconciler.stored import StoredState

_NOWHERE = Location("")
"""No spec asks for what the command line says."""
_AHEAD = timedelta(days=30)
"""How far an endless freeze looks ahead for renewals."""


class Blocked(ReconcilerError):
    """A wish that cannot be carried out as things stand."""

    exit_code = 5


@click.command()
@click.option("--reason", required=True, help="Why; shown by every plan while it lasts.")
@click.option("--until", metavar="INSTANT", help="It ends by itself then; otherwise with reconcile thaw.")
@shared
def freeze(given: Given, reason: str, until: str | None) -> int:
    """Apply nothing until thawed."""
    whole(given)
    runtime = runtime_for(given)
    now = runtime.clock.now()
    end = None if until is None else parse_instant(until)
    if end is not None and end <= now:
        raise UsageError("freeze-over", f"--until {until} has passed already", "give an instant to come")
    if not reason.strip():
        raise UsageError("no-reason", "--reason says nothing", "say why, for those who meet the freeze")
    placed = Freeze(reason, now, runtime.environment.actor, end)
    # A freeze must not wait for the very run that it is to stop.
    with runtime.writing_beside() as session:
        session.store.set_freeze(runtime.run("freeze", reason=reason), placed)
        stored = session.stored
    renewing = _renewing(runtime, stored, now, end or now + _AHEAD)
    lines = [f"Frozen until {_when(end)}: {reason}", *_meanwhile(renewing, end), "Frozen. To end it: reconcile thaw"]
    renews = [
        {
            "subscription": str(item.key),
            "on": item.on.isoformat(),
            "amount": None if item.amount.money is None else money_text(item.amount.money),
        }
        for item in renewing
    ]
    fields = {"reason": reason, "until": None if end is None else f"{end:%Y-%m-%dT%H:%M:%SZ}", "renews": renews}
    emit(given, note_renders("freeze", lines, fields))
    return 0


def _when(end: datetime | None) -> str:
    return "thawed" if end is None else f"{end:%Y-%m-%dT%H:%M:%SZ}"


def _renewing(runtime: Runtime, stored: StoredState, now: datetime, end: datetime) -> tuple[Due, ...]:
    """What renews by itself before the end: a freeze stops us, not the vendors."""
    inputs = runtime.inputs(commit=False)
    desired = declared(inputs)
    rules = rulebook_of(inputs, desired)
    standing, _ = elapse(stored, rules, now, lambda key: True)
    return renewals_within(standing.subscriptions, desired, rules, now, end - now, monthly=True)


def _meanwhile(renewing: tuple[Due, ...], end: datetime | None) -> list[str]:
    span = "while frozen" if end is not None else f"within {_AHEAD.days} days"
    if not renewing:
        return [f"Nothing renews {span}."]
    lines = []
    for item in renewing:
        money = item.amount.money
        lines.append(f"  {item.on.isoformat()}  {item.key}  {'sum not known' if money is None else money_text(money)}")
    return [f"Renews {span}, whatever the specs say by then:", *lines]


@click.command()
@shared
def thaw(given: Given) -> int:
    """End a freeze."""
    whole(given)
    runtime = runtime_for(given)
    with runtime.writing_beside() as session:
        standing = session.stored.freeze
        if standing is not None:
            session.store.set_freeze(runtime.run("thaw", reason=standing.reason), None)
    line = "Nothing was frozen." if standing is None else f"Thawed. It was frozen for: {standing.reason}"
    emit(given, note_renders("thaw", [line], {"was_frozen": standing is not None}))
    return 0


@click.command()
@click.argument("key")
@click.option("--reason", help="Why; kept in the history.")
@shared
def forget(given: Given, key: str, reason: str | None) -> int:
    """Drop our record of an unmanaged subscription."""
    whole(given)
    runtime = runtime_for(given)
    wanted = parse_key(key)
    declared = read_specs(runtime.inputs(commit=False)).subscriptions.get(wanted)
    if declared is not None:
        where = declared.place.location
        raise InputError(
            "still-declared", f"{wanted} is declared at {where}", "only an unmanaged record can be forgotten"
        )
    with runtime.writing() as session:
        _forget(runtime, session, wanted, reason)
    lines = [f"Forgotten: {wanted}. Nothing changed at a vendor; its history is kept."]
    emit(given, note_renders("forget", lines, {"subscription": str(wanted)}))
    return 0


def _forget(runtime: Runtime, session: Session, key: SubscriptionKey, reason: str | None) -> None:
    stored = session.stored
    row = stored.subscriptions.get(key)
    now = runtime.clock.now()
    if stored.freeze is not None and stored.freeze.holds(now):
        raise Refused("frozen", f"frozen: {stored.freeze.reason}", "to end it: reconcile thaw")
    if row is None:
        raise InputError("not-stored", f"{key} is not stored", "reconcile status lists what is")
    if row.protected:
        hint = "declare it with `protect: false` among its own keys and apply that; then remove it and forget it"
        raise Blocked("protected", f"{key} is protected", hint)
    begun = stored.open_intents.get(key)
    if begun is not None and begun.queued:
        hint = f"watch it: reconcile runs {begun.run}; forget it once that is over"
        raise Blocked("under-way", f"{key}: {begun.why}", hint)
    before = {"product": row.product, "recurring": row.recurring.value, "status": row.status.value}
    change = Change(key, Kind.FORGET, before, {}, _NOWHERE, Risk.IRREVERSIBLE, reason, row.id, row.product)
    instant = max(now, stored.last_as_of or now)
    run = runtime.run("forget", as_of=instant, reason=reason)
    instruction = Instruction(run, (change,), Bookkeeping(as_of=instant), stored.lineage or "", stored.serial)
    # Dropping our record is our own affair whoever provides the account: the ledger's hand does it.
    served = Served({key.account: runtime.registry.recorder(LEDGER)})
    execute(instruction, stored.subscriptions, session.store, served, runtime.clock, lambda: False)
