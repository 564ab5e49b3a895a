"""`reconcile tasks` and `reconcile done`: what people are asked to do, and what they say of it.

Only what a person says, or an export shows, makes a task done. Must not decide what is asked: the specs do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

import click

from reconciler.apply import execute
from reconciler.build import build_plan
from reconciler.catalogue import Catalogue
from reconciler.changes import INTENTS, Change
from reconciler.cli.app import Given, shared, tabular
from reconciler.cli.output import emit, say
from reconciler.cli.rendering import note_renders
from reconciler.cli.session import named_account, parse_instant, parse_key, runtime_for, warn_of_clock, whole
from reconciler.deeds import Deed, Misplaced, Proof, Witness, deed, instant_on
from reconciler.desired import DesiredState
from reconciler.effects import carried_out
from reconciler.elapsed import elapse
from reconciler.errors import InputError, ReconcilerError, Refused, UsageError
from reconciler.hand import Closing, Instruction, Served
from reconciler.impact import assess, risk
from reconciler.journal import ApplyReport, OpenIntent, OutcomeKind, Run
from reconciler.model import StoredSubscription, SubscriptionKey
from reconciler.operation_ids import operation_id
from reconciler.plan import Bindings
from reconciler.ports import Bookkeeping
from reconciler.reconcile import about_time, declared, instant_of, rulebook_of
from reconciler.rulebook import Rulebook
from reconciler.runtime import Runtime, Session
from reconciler.selection import Selection
from reconciler.settings import MANUAL
from reconciler.stored import StoredState
from reconciler.tasks import said_done, task_of
from reconciler.views.tasks import TaskRow
from reconciler.views.words import VERBS, counted, day

if TYPE_CHECKING:
    from reconciler.catalogue import Names
    from reconciler.cli.output import Render
    from reconciler.diagnostics import Diagnostic


def open_tasks(stored: StoredState, desired: DesiredState) -> dict[SubscriptionKey, OpenIntent]:
    """What people have been asked and is not done, by key; an order that an outside provider works on is none."""
    recorded = {name for name, (provider, _) in stored.accounts.items() if provider == MANUAL}
    said = {name for name, account in desired.accounts.items() if account.provider == MANUAL}
    accounts = said | (recorded - desired.accounts.keys())
    found = stored.open_intents.items()
    return {key: task for key, task in found if task.token is not None and key.account in accounts}


@click.command()
@click.option("--account", metavar="ACCOUNT", help="Only the tasks of this account.")
@tabular
def tasks(given: Given, account: str | None) -> int:
    """What people are asked to do by hand, overdue first."""
    runtime = runtime_for(given)
    inputs = runtime.inputs(commit=False)
    with runtime.looking() as reader:
        stored = StoredState(exists=False) if reader is None else reader.snapshot()
    desired = declared(inputs)
    if desired.has_errors:
        say(given, "warning: the specs have errors (see reconcile validate): what is withdrawn may be told wrong")
    warn_of_clock(given, about_time(inputs, stored))
    if account is not None and account not in stored.accounts:
        named_account(account, desired.accounts)
    now, rules = instant_of(inputs, stored), rulebook_of(inputs, desired)
    chosen = Selection(given.select, given.exclude).keys()
    found = {
        key: task for key, task in open_tasks(stored, desired).items() if chosen(key) and account in (None, key.account)
    }
    withdrawn = set() if desired.has_errors else _withdrawn(found, desired, stored, now, rules)
    names = Catalogue().names_for(desired.accounts)
    rows = [
        TaskRow(task, task_of(task.token or "").named(names(key.account, task.product)), key in withdrawn)
        for key, task in found.items()
    ]
    emit(given, _tasks_renders(rows, names, now, desired.diagnostics if desired.has_errors else ()))
    return 0


def _withdrawn(
    found: Mapping[SubscriptionKey, OpenIntent],
    desired: DesiredState,
    stored: StoredState,
    now: datetime,
    rules: Rulebook,
) -> set[SubscriptionKey]:
    """What the specs do not ask for any more, as the plan of an apply would say."""
    standing, _ = elapse(stored, rules, now, found.__contains__)
    wanted = {key: item for key, item in desired.subscriptions.items() if key in found}
    rows = {key: row for key, row in standing.subscriptions.items() if key in found}
    bindings = Bindings(desired.digest, "", stored.lineage, stored.serial, None)
    plan = build_plan(
        replace(desired, subscriptions=wanted), replace(standing, subscriptions=rows), now, bindings, rules
    )
    return {item.key for item in plan.pending if item.withdrawn}


def _tasks_renders(
    rows: Sequence[TaskRow], names: Names, now: datetime, findings: Sequence[Diagnostic]
) -> dict[str, Render]:
    """The list in every format; a day is one in UTC."""
    from reconciler.views import tasks as view

    today = now.date()

    def text(colour: bool) -> str:
        return view.tasks_text(rows, names, today=today, colour=colour)

    def markdown(colour: bool) -> str:
        return view.tasks_markdown(rows, names, today=today)

    def table(colour: bool) -> Iterator[str]:
        return view.tasks_csv(rows, names, today=today)

    def machine(colour: bool) -> bytes:
        return view.tasks_json(rows, names, as_of=now, diagnostics=findings)

    return {"text": text, "github": text, "markdown": markdown, "csv": table, "json": machine}


@dataclass(frozen=True, slots=True)
class _Said:
    """What somebody says of tasks."""

    keys: tuple[SubscriptionKey, ...]
    day: date | None
    evidence: str | None
    failed: str | None


@click.command()
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@click.option("--evidence", metavar="TEXT", help="What shows it: a ticket, a link; kept in the history.")
@click.option("--on", "day", metavar="DATE", help="The UTC day on which it was done; today, if not given.")
@click.option("--failed", metavar="REASON", help="It could not be done, and why; the next apply asks for it again.")
@shared
def done(given: Given, keys: tuple[str, ...], evidence: str | None, day: str | None, failed: str | None) -> int:
    """Record that tasks are done, or that they could not be."""
    whole(given)
    said = _said(given, keys, evidence, day, failed)
    runtime = runtime_for(given)
    inputs = runtime.inputs(commit=True)
    desired = declared(inputs)  # specs with errors must not keep anybody from saying what was done
    with runtime.writing() as session:
        now = instant_of(inputs, session.stored)
        desk = _Desk(runtime, session, desired, rulebook_of(inputs, desired), now)
        deeds, report = desk.failed(said) if failed is not None else desk.done(said)
    emit(given, note_renders("done", *_told(said, deeds, report)))
    return 0


def _said(given: Given, keys: tuple[str, ...], evidence: str | None, day: str | None, failed: str | None) -> _Said:
    """The command line, checked as far as it can be without the store."""
    if given.as_of is not None:
        hint = "the day on which it was done is --on DATE"
        raise UsageError("as-of-outside", "--as-of cannot be applied to what people do", hint)
    if failed is not None and (evidence is not None or day is not None):
        raise UsageError("done-or-failed", "--failed goes with neither --evidence nor --on", "say all in the reason")
    for option, text in (("--failed", failed), ("--evidence", evidence)):
        if text is not None and not text.strip():
            raise UsageError("no-reason", f"{option} says nothing", "say it, for those who read the history")
    instant = None if day is None else parse_instant(day)
    if instant is not None and len(day or "") > len("2027-01-31"):
        raise UsageError("bad-instant", f"--on {day} is no day", "write a UTC day: 2027-01-31")
    named = tuple(dict.fromkeys(map(parse_key, keys)))
    on = None if instant is None else instant.date()
    return _Said(named, on, evidence.strip() if evidence else None, failed.strip() if failed else None)


@dataclass(frozen=True, slots=True)
class _Desk:
    """A store held under its lease, and the day on which people say something."""

    runtime: Runtime
    session: Session
    desired: DesiredState
    rulebook: Rulebook
    now: datetime

    def done(self, said: _Said) -> tuple[tuple[Deed, ...], ApplyReport]:
        """Record tasks as done, each under its own operation id, on the record as it stood on that day."""
        deeds = tuple(self._deed(task, said.day) for task in self._tasks(said))
        changes = tuple(self._change(item) for item in deeds)
        stored = self.session.stored
        lineage, serial = stored.lineage or "", stored.serial
        numbers = {operation_id(lineage, serial, change): item for change, item in zip(changes, deeds, strict=True)}
        proofs = {item.intent.key: Proof(item.at, said_done(item.at.date(), said.evidence)) for item in deeds}
        instruction = Instruction(
            self._run(),
            changes,
            Bookkeeping(as_of=self.now),
            lineage,
            serial,
            elapsed=tuple(event for item in sorted(deeds, key=_by_key) for event in item.events),
            repeated={number: item.intent.operation_id for number, item in numbers.items()},
        )
        rows = {item.intent.key: item.row for item in deeds}
        return deeds, self._carried_out(instruction, rows, Witness(proofs), [item.intent for item in deeds])

    def failed(self, said: _Said) -> tuple[tuple[Deed, ...], ApplyReport]:
        """Record that tasks could not be done: they are closed, and whatever the specs ask for still is asked anew."""
        found, stored = self._tasks(said), self.session.stored
        closing = tuple(Closing(task, f"not done: {said.failed}") for task in found)
        instruction = Instruction(
            self._run(),
            (),
            Bookkeeping(as_of=self.now),
            stored.lineage or "",
            stored.serial,
            closing=closing,
        )
        return (), self._carried_out(instruction, {}, Witness({}), found)

    def _run(self) -> Run:
        return self.runtime.run("done", as_of=self.now)

    def _tasks(self, said: _Said) -> list[OpenIntent]:
        """The open tasks of these keys; raises for all the others in one error, before anything is written."""
        stored = self.session.stored
        if stored.freeze is not None and stored.freeze.holds(self.runtime.clock.now()):
            raise Refused("frozen", f"frozen: {stored.freeze.reason}", "to end it: reconcile thaw")
        known = open_tasks(stored, self.desired)
        # Of a record that was forgotten, all that can be said is that nothing came of it.
        missing = [key for key in said.keys if key not in known or not (said.failed or key in stored.subscriptions)]
        if missing:
            why = "; ".join(f"{key}: {self._why_not(key)}" for key in missing)
            raise InputError("no-task", f"nothing was recorded: {why}", "reconcile tasks lists the open ones")
        return [known[key] for key in said.keys]

    def _why_not(self, key: SubscriptionKey) -> str:
        """What became of the last task of that subscription, where there was one."""
        if key not in self.session.stored.subscriptions:
            return "it is not stored"
        entries = [entry for entry in self.session.store.history(key) if entry.kind in INTENTS]
        last = entries[-1] if entries else None
        if last is None:
            return "there is no task for it"
        when = day(last.at.date())
        match last.outcome:
            case OutcomeKind.SUCCEEDED:
                return f"its last task is done already, recorded on {when} ({last.note or last.kind})"
            case OutcomeKind.FAILED:
                return f"its last task was closed on {when}: {last.error}"
            case _:
                return "there is no task for it"

    def _deed(self, task: OpenIntent, on: date | None) -> Deed:
        issued, today = task.at.date(), self.now.date()
        if on is not None and on > today:
            raise InputError("done-in-future", f"--on {on} is still to come: today is {today}", "give the day it was")
        if on is not None and on < issued:
            detail = f"{task.key}: the task was issued on {issued}, after --on {on}"
            hint = f"what was so before is a fact to import: reconcile import FILE.csv --account {task.key.account}"
            raise InputError("done-before-issued", detail, hint)
        row = self.session.stored.subscriptions[task.key]
        history = tuple(self.session.store.history(task.key))
        at = instant_on(on, task, self.now)
        found = deed(task, row, history, self.rulebook.ruling(task.key.account), at)
        if isinstance(found, Misplaced):
            detail = f"{task.key}: {task.kind} on {at.date()}: {found.detail}"
            hint = "say on which day it was done: --on DATE; or bring in what the vendor shows: reconcile import"
            raise InputError("done-misplaced", detail, hint)
        return found

    def _change(self, item: Deed) -> Change:
        """The change that the task was issued for, with what follows from it by now."""
        change = item.intent.change
        after = carried_out(change, item.row, item.at)
        impact = assess(change, item.row, after, self.rulebook, item.at)
        return replace(change, risk=risk(change.kind), impact=impact)

    def _carried_out(
        self,
        instruction: Instruction,
        rows: Mapping[SubscriptionKey, StoredSubscription],
        witness: Witness,
        tasks: Sequence[OpenIntent],
    ) -> ApplyReport:
        served = Served(dict.fromkeys((task.key.account for task in tasks), witness))
        standing = {**self.session.stored.subscriptions, **rows}
        clock = self.runtime.clock
        report = execute(instruction, standing, self.session.store, served, clock, lambda: False)
        undone = next((item for item in report.changes if item.outcome is not OutcomeKind.SUCCEEDED), None)
        if report.frozen is not None:
            raise Refused("frozen", f"frozen meanwhile: {report.frozen.reason}", "to end it: reconcile thaw")
        if undone is not None:
            raise ReconcilerError("failed", f"{undone.change.key} was not recorded: {undone.error}")
        return report


def _by_key(item: Deed) -> SubscriptionKey:
    return item.intent.key


def _told(said: _Said, deeds: Sequence[Deed], report: ApplyReport) -> tuple[list[str], dict[str, object]]:
    """Lines for people and fields for machines."""
    fields: dict[str, object] = {"run": report.run, "on": said.day, "evidence": said.evidence, "failed": said.failed}
    fields["subscriptions"] = [str(key) for key in said.keys]
    if said.failed is not None:
        lines = [f"  {key}    not done: {said.failed}" for key in said.keys]
        count = counted(len(said.keys), "task")
        return [
            *lines,
            f"Recorded: {count} could not be done. The next apply asks for what the specs still want.",
        ], fields
    fields["tasks"] = [
        {
            "subscription": str(item.intent.key),
            "kind": item.intent.kind,
            "done_at": item.at,
            "taken_back": [{"kind": event.kind, "at": event.at} for event in item.overtaken],
        }
        for item in deeds
    ]
    return [*_lines(deeds), f"Recorded as said: {counted(len(deeds), 'task')} done. Nobody asked the vendor."], fields


def _lines(deeds: Sequence[Deed]) -> Iterator[str]:
    for item in deeds:
        yield f"  {item.intent.key}    {VERBS[item.intent.kind]}    done {day(item.at)}"
        for event in item.overtaken:
            yield f"    taken back, for with that it did not happen: {event.kind} {day(event.at)}"
