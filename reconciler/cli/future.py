"""Looking ahead: `forecast`, `what-if`, `due` and `calendar`. The store is opened read-only throughout."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import click

from reconciler.catalogue import Catalogue, Names
from reconciler.cli.app import Given, shared, tabular
from reconciler.cli.future_rendering import comparison_renders, due_renders, forecast_renders, what_if_renders
from reconciler.cli.output import emit, put, write_file
from reconciler.cli.rendering import note_renders
from reconciler.cli.session import as_kept, parse_key, runtime_for, warn_of_clock, whole
from reconciler.desired import SpecTexts
from reconciler.diagnostics import Diagnostic
from reconciler.due import renewals_due
from reconciler.errors import InputError, UsageError
from reconciler.forecast import MONTH, MOST_YEARS, Comparison
from reconciler.foresee import GROUPINGS, LABEL, Estate, estate_after, foresee
from reconciler.reconcile import Inputs, Pass, picture, plan_pass, read_specs
from reconciler.runtime import Runtime
from reconciler.selection import Selection, glob
from reconciler.terms import add_months
from reconciler.views.words import sentence
from reconciler.what_if import outlooks, record_of

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SPAN = re.compile(r"(\d{1,4})([dw])", re.ASCII)
_MOST_DAYS = 3660
EXIT_DUE = 2


@dataclass(frozen=True, slots=True)
class _Ahead:
    """What every look ahead starts from."""

    inputs: Inputs
    found: Pass
    estate: Estate
    names: Names
    notes: tuple[str, ...]
    """What a reader must know of how the records came to stand as they do."""

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What was found in specs and settings."""
        return self.found.plan.diagnostics


def _ahead(given: Given, runtime: Runtime, other: SpecTexts | None = None) -> _Ahead:
    """Read, plan, and carry the plan out on values: the estate as an apply now would leave it, and nothing written."""
    inputs = runtime.inputs(commit=False)
    if other is not None:
        inputs = replace(inputs, texts=other)
    desired = read_specs(inputs)
    with runtime.looking() as reader:
        stored = picture(inputs, reader)
        observed = as_kept(given, runtime).observed(inputs, desired, stored, reader)
    found = plan_pass(inputs, desired, stored, observed)
    warn_of_clock(given, found.plan.diagnostics)
    chosen = Selection(given.select, given.exclude).keys()
    estate = estate_after(found.plan, found.stored, desired, found.rulebook).only(chosen)
    return _Ahead(
        inputs, found, estate, Catalogue().names_for(desired.accounts, observed.accounts), tuple(_notes(found))
    )


def _notes(found: Pass) -> list[str]:
    notes = []
    refused = len(found.plan.changes) - len(found.verdict.allowed)
    if refused:
        notes.append(f"An apply would refuse {refused:,} changes now; they count as made: `reconcile --dry-run`.")
    if found.plan.blocked:
        notes.append(f"Blocked, and therefore as stored: {len(found.plan.blocked):,}; see `reconcile --dry-run`.")
    return notes


@click.command()
@click.option("--until", metavar="DATE", help="The last day to look at; without it, 12 months ahead.")
@click.option("--by", metavar="WHAT", default=MONTH, help="month, account, owner, product or label:NAME.")
@click.option("--compare", metavar="FOLDER", type=click.Path(path_type=Path), help="Also with the specs there.")
@click.option("--without", metavar="PATTERN", multiple=True, help="Also without the keys that match; repeatable.")
@tabular
def forecast(given: Given, until: str | None, by: str, compare: Path | None, without: tuple[str, ...]) -> int:
    """What is ahead: renewals, ends, deletions, and the cash by month."""
    _check_grouping(by)
    if compare is not None and without:
        raise UsageError("two-comparisons", "--compare and --without are two comparisons", "give one of them")
    runtime = runtime_for(given)
    ahead = _ahead(given, runtime)
    last = _last_day(until, ahead.estate.as_of)
    base = foresee(ahead.estate, last, by)
    if compare is None and not without:
        emit(given, forecast_renders(base, ahead.names, ahead.notes, ahead.diagnostics))
        return 0
    if compare is not None:
        other = _ahead(given, runtime, runtime.other_specs(compare))
        comparison = Comparison(base, foresee(other.estate, last, by), f"with {compare.as_posix()}")
        names, diagnostics = other.names, (*ahead.diagnostics, *other.diagnostics)
    else:
        left = _without(ahead.estate, without)
        comparison = Comparison(base, foresee(left, last, by), f"without {', '.join(without)}")
        names, diagnostics = ahead.names, ahead.diagnostics
    emit(given, comparison_renders(comparison, names, ahead.notes, diagnostics))
    return 0


def _check_grouping(by: str) -> None:
    if by not in GROUPINGS and not (by.startswith(LABEL) and by != LABEL):
        known = ", ".join([*GROUPINGS, f"{LABEL}NAME"])
        raise UsageError("bad-grouping", f"a forecast goes by none of these: {by}", f"known are: {known}")


def _without(estate: Estate, patterns: Sequence[str]) -> Estate:
    matches = [glob([pattern]) for pattern in patterns]
    for pattern, match in zip(patterns, matches, strict=True):
        if not any(match(str(key)) for key in estate.rows):
            raise UsageError(
                "nothing-selected", f"no subscription is selected by: {pattern}", "keys look like account/name"
            )
    return estate.only(lambda key: not any(match(str(key)) for match in matches))


def _last_day(text: str | None, as_of: datetime) -> date:
    """The day of `--until`: after now, and not so far that nothing said about it could hold."""
    today = as_of.date()
    if text is None:
        return add_months(today, 12)
    hint = "write a UTC day: 2028-12-31"
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise UsageError("bad-until", f"--until {text} is no day of the calendar", hint)
    if day <= today:
        raise UsageError("until-passed", f"--until {text} is not after {today.isoformat()}, which is now", hint)
    farthest = add_months(today, 12 * MOST_YEARS)
    if day > farthest:
        detail = f"--until {text} is more than {MOST_YEARS} years ahead"
        raise UsageError("until-too-far", detail, f"the farthest is {farthest.isoformat()}")
    return day


@click.command("what-if")
@click.argument("key")
@tabular
def what_if(given: Given, key: str) -> int:
    """One subscription turned on, off, cancelled at renewal or now, side by side."""
    whole(given)
    wanted = parse_key(key)
    ahead = _ahead(given, runtime_for(given))
    plan = ahead.found.plan
    row = record_of(wanted, plan, ahead.found.stored)
    if row is None:
        raise InputError("not-stored", f"{wanted} is not stored, and no change would record it", "reconcile --dry-run")
    ways = outlooks(row, ahead.estate.desired.get(wanted), ahead.estate.rulebook, plan.as_of)
    emit(given, what_if_renders(row, ways, ahead.names, ahead.diagnostics, as_of=plan.as_of))
    return 0


@click.command()
@click.option("--within", metavar="TIME", default="30d", help="How far to look: 90d, 12w (30d).")
@click.option("--monthly", is_flag=True, help="Monthly terms too.")
@click.option("--owner", metavar="PATTERN", multiple=True, help="Only what these owners answer for; repeatable.")
@tabular
def due(given: Given, within: str, monthly: bool, owner: tuple[str, ...]) -> int:
    """What renews soon, and nobody has decided it."""
    span = parse_span(within)
    ahead = _ahead(given, runtime_for(given))
    estate, desired = _owned(ahead.estate, owner), ahead.found.desired
    found = renewals_due(estate.rows, desired, estate.rulebook, estate.as_of, span, monthly=monthly)
    idle = [item for item in ahead.diagnostics if item.code == "decision-fits-nothing"]
    notes = [*ahead.notes, *(f"{item.location}: warning: {sentence(item)}; {item.hint}" for item in idle)]
    last = (estate.as_of + span).date()
    emit(given, due_renders(found, ahead.names, notes, ahead.diagnostics, as_of=estate.as_of, last=last))
    return EXIT_DUE if found and given.detailed_exitcode else 0


def parse_span(text: str) -> timedelta:
    """Whole days ahead, from `90d` or `12w`."""
    match = _SPAN.fullmatch(text)
    days = 0 if match is None else int(match[1]) * (7 if match[2] == "w" else 1)
    if not 1 <= days <= _MOST_DAYS:
        raise UsageError("bad-within", f"--within {text} is no time ahead", f"write 90d or 12w, up to {_MOST_DAYS}d")
    return timedelta(days=days)


def _owned(estate: Estate, owners: Sequence[str]) -> Estate:
    """What these owners answer for; a pattern that matches none of them is a slip of the pen."""
    if not owners:
        return estate
    match = glob(owners)
    chosen = {key for key, row in estate.rows.items() if match(row.owner or "")}
    if not chosen:
        known = sorted({row.owner for row in estate.rows.values() if row.owner})
        raise UsageError("no-such-owner", f"no owner is called {', '.join(owners)}", f"there are: {', '.join(known)}")
    return estate.only(chosen.__contains__)


@click.command()
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path), help="Write it there, not to stdout.")
@click.option("--until", metavar="DATE", help="The last day to look at; without it, 12 months ahead.")
@click.option("--monthly", is_flag=True, help="Renewals of monthly terms too.")
@click.option("--owner", metavar="PATTERN", multiple=True, help="Only what these owners answer for; repeatable.")
@shared
def calendar(given: Given, output: Path | None, until: str | None, monthly: bool, owner: tuple[str, ...]) -> int:
    """Renewals, ends and closing windows as an iCalendar file."""
    # start-up: neither is needed by the other commands of this module
    from reconciler.agenda import agenda
    from reconciler.views.calendar import calendar_bytes

    if output is None and (given.format != "text" or given.out):
        raise UsageError("no-calendar-file", "without a file the calendar itself is printed", "name one: -o FILE")
    ahead = _ahead(given, runtime_for(given))
    estate = _owned(ahead.estate, owner)
    last = _last_day(until, estate.as_of)
    found = agenda(estate, last, monthly=monthly)
    rendered = calendar_bytes(found, ahead.names, lineage=ahead.found.stored.lineage, as_of=estate.as_of)
    if output is None:
        put(rendered)
        return 0
    write_file(given.directory / output, rendered)
    line = f"{len(found):,} {'event' if len(found) == 1 else 'events'} until {last.isoformat()} in {output.as_posix()}."
    emit(given, note_renders("calendar", [line], {"file": output.as_posix(), "events": len(found), "until": last}))
    return 0
