"""`undo`: the counter-spec of a run, as a patch over the specs. Store, specs and providers are only read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import click

from reconciler.cli.app import Given, shared
from reconciler.cli.output import emit, say
from reconciler.cli.session import runtime_for
from reconciler.counter.compose import CounterSpec, Standing, counter_spec
from reconciler.counter.trail import LAST, Trail, run_of, trail
from reconciler.desired import DesiredState, SpecText
from reconciler.diagnostics import Diagnostic
from reconciler.errors import InputError, StoreError, UsageError
from reconciler.observed import Abroad, ObservedState
from reconciler.ports import StateReader
from reconciler.reconcile import Inputs, declared, picture, plan_pass, read_specs
from reconciler.runtime import Runtime
from reconciler.selection import Selection, glob
from reconciler.stored import StoredState

if TYPE_CHECKING:
    from reconciler.cli.output import Render
    from reconciler.counter.compose import Load

EXIT_IN_PART = 5
"""Some changes have no patch."""


@click.command()
@click.argument("run", metavar="RUN")
@shared
def undo(given: Given, run: str) -> int:
    """The counter-spec of a run, as a patch over the specs."""
    # The plan must be whole, whatever is to be undone: a patch may move what was not selected.
    runtime = runtime_for(replace(given, select=(), exclude=()))
    inputs = runtime.inputs(commit=False)
    desired = read_specs(inputs)
    found, stored, observed = _read(runtime, run, Selection(given.select, given.exclude), desired)
    passed = plan_pass(inputs, desired, stored, observed)
    plan = passed.plan
    texts = {file.origin: file.text for file in inputs.texts.files}
    # Just as `plan_pass` looks: the plans that are compared must differ by nothing but the specs.
    now = inputs.as_of or inputs.circumstances.now
    abroad = Abroad(observed=passed.observed, now=now, corrected=glob(inputs.correct))
    standing = Standing(plan, passed.stored, desired, passed.rulebook, texts, _marked(inputs), abroad)
    counter = counter_spec(found, standing, _loading(inputs))
    emit(given, _renders(counter, plan.as_of, plan.diagnostics))
    if given.format == "text":
        from reconciler.views.counter import counter_talk  # start-up: only once there is something to say

        say(given, counter_talk(counter).rstrip("\n"))
    return 0 if counter.whole else EXIT_IN_PART


def _read(
    runtime: Runtime, name: str, selection: Selection, desired: DesiredState
) -> tuple[Trail, StoredState, ObservedState]:
    """The run, narrowed to what is selected, the records, and what the outside accounts of that run show."""
    with runtime.looking() as reader:
        if reader is None:
            raise StoreError("no-store", f"there is no store at {runtime.place.name}", "the first apply creates it")
        inputs = runtime.inputs(commit=False)
        stored = picture(inputs, reader)
        _refuse_freeze(reader, name)
        found = _selected(trail(reader.history(), run_of(reader.history(), name)), selection)
        about = _accounts(found, desired, stored)
        observed = ObservedState()
        if about:
            narrowed = replace(inputs, selection=Selection(tuple(f"{account}/*" for account in about)))
            observed = runtime.observed(narrowed, desired, stored, reader)
    return found, stored, observed


def _accounts(found: Trail, desired: DesiredState, stored: StoredState) -> list[str]:
    """The outside accounts that the run is about; a patch moves nothing in any other one."""
    outside = {name for name, account in desired.accounts.items() if account.outside}
    there = {key.account for key in (*desired.subscriptions, *stored.subscriptions)}
    return sorted({trace.key.account for trace in found.traces if trace.key is not None} & outside & there)


def _selected(found: Trail, selection: Selection) -> Trail:
    """The run, narrowed."""
    chosen = selection.keys()
    traces = tuple(trace for trace in found.traces if trace.key is not None and chosen(trace.key))
    if selection.everything:
        traces = found.traces
    if not traces:
        hint = f"reconcile undo {found.run} tells of all of it"
        raise UsageError("nothing-selected", f"no change of the run {found.run} is selected", hint)
    return replace(found, traces=traces)


def _refuse_freeze(reader: StateReader, name: str) -> None:
    for entry in reader.freezes():
        if name != LAST and entry.run == name:
            hint = "reconcile thaw ends a freeze, and reconcile freeze begins one"
            raise InputError("nothing-to-undo", f"the run {name} changed no subscription: it is a {entry.kind}", hint)


def _marked(inputs: Inputs) -> frozenset[str]:
    """The files that begin with a byte order mark: their texts lack it, and a patch must not."""
    found = (item for item in inputs.texts.diagnostics if item.code == "byte-order-mark" and item.place is not None)
    return frozenset(item.place.file for item in found if item.place is not None)


def _loading(inputs: Inputs) -> Load:
    """Every spec with other texts for some files."""

    def load(texts: Mapping[str, str]) -> DesiredState:
        files = tuple(SpecText(file.origin, texts.get(file.origin, file.text)) for file in inputs.texts.files)
        return declared(replace(inputs, texts=replace(inputs.texts, files=files)))

    return load


def _renders(found: CounterSpec, as_of: datetime, diagnostics: tuple[Diagnostic, ...]) -> dict[str, Render]:
    def markdown(colour: bool) -> str:
        from reconciler.views.counter import counter_markdown

        return counter_markdown(found)

    def github(colour: bool) -> str:
        from reconciler.views.counter import counter_github

        return counter_github(found)

    def machine(colour: bool) -> bytes:
        from reconciler.views.counter_json import counter_json

        return counter_json(found, as_of=as_of, diagnostics=diagnostics)

    def text(colour: bool) -> Iterator[str]:
        if found.patch:  # without one nothing is printed: an empty line is no patch
            yield found.patch

    return {"text": text, "json": machine, "markdown": markdown, "github": github}
