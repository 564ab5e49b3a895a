"""`report`: the estate on one page. The store is opened read-only throughout; nothing but the page is written."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from reconciler import __version__
from reconciler.catalogue import Catalogue
from reconciler.cli.app import Given, shared
from reconciler.cli.output import emit, put, write_file
from reconciler.cli.rendering import note_renders
from reconciler.cli.session import Signals, as_kept, runtime_for, warn_of_clock
from reconciler.due import renewals_within
from reconciler.errors import UsageError
from reconciler.foresee import estate_after, foresee
from reconciler.reconcile import picture, plan_pass, read_specs
from reconciler.runtime import Runtime
from reconciler.selection import Selection
from reconciler.views.report.page import report_page
from reconciler.views.report.values import DUE_DAYS, Report, horizon
from reconciler.views.words import counted

_STDOUT = Path("-")


@click.command()
@click.option(
    "-o", "--output", metavar="FILE", required=True, type=click.Path(path_type=Path), help="The page; - is stdout."
)
@shared
def report(given: Given, output: Path) -> int:
    """The estate, its cost, its renewals and the plan on one HTML page, with charts."""
    alone = output == _STDOUT
    if alone and (given.format != "text" or given.out):
        raise UsageError("no-report-file", "with -o - the page itself is printed", "name a file: -o report.html")
    with Signals():
        found = _report(given, runtime_for(given))
        page = report_page(found)
        if alone:
            put(page)
            return 0
        write_file(given.directory / output, page)
    number, size = len(found.stored), len(page.encode())
    line = f"A report of {counted(number, 'subscription')} is in {output.as_posix()}, {size // 1000:,} kB."
    emit(given, note_renders("report", [line], {"file": output.as_posix(), "bytes": size, "subscriptions": number}))
    return 0


def _report(given: Given, runtime: Runtime) -> Report:
    """Read and plan as a dry run does, carry the plan out on values, and look ahead from there."""
    inputs = runtime.inputs(commit=True)
    desired = read_specs(inputs)
    with runtime.looking() as reader:
        stored = picture(inputs, reader)
        observed = as_kept(given, runtime).observed(inputs, desired, stored, reader)
    found = plan_pass(inputs, desired, stored, observed)
    warn_of_clock(given, found.plan.diagnostics)
    plan, rules = found.plan, found.rulebook
    chosen = Selection(given.select, given.exclude).keys()
    estate = estate_after(plan, found.stored, desired, rules).only(chosen)
    return Report(
        plan=plan,
        verdict=found.verdict,
        stored=[row for key, row in sorted(found.stored.subscriptions.items()) if chosen(key)],
        declared=desired.subscriptions.keys(),
        forecast=foresee(estate, horizon(plan.as_of.date()), "account"),
        due=renewals_within(estate.rows, desired, rules, plan.as_of, timedelta(days=DUE_DAYS), monthly=False),
        names=Catalogue().names_for(desired.accounts, observed.accounts),
        settings=runtime.settings_path.name,
        version=__version__,
    )
