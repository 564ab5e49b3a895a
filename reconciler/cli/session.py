"""From the options as given to a runtime, and from a pass to an exit code. Shared by every command."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any, Self

from reconciler.changes import Refusal
from reconciler.cli.app import Given
from reconciler.cli.output import check_outputs, say
from reconciler.diagnostics import Diagnostic, did_you_mean
from reconciler.errors import UsageError
from reconciler.fates import outcomes_of
from reconciler.journal import ApplyReport, OutcomeKind
from reconciler.model import SubscriptionKey
from reconciler.observed import ObservedState
from reconciler.reconcile import Pass
from reconciler.refresh import Mode, Refresh
from reconciler.runtime import Options, Runtime, parse_duration
from reconciler.safety import ALLOWABLE, Allow
from reconciler.settings import AccountSettings

_INSTANT = re.compile(r"(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2})?Z)?", re.ASCII)

_ABOUT_TIME = ("clock-behind", "as-of-before-last")
PRIORITY = (130, 70, 64, 6, 1, 4, 3, 5, 2, 0)
"""Where several exit codes hold, the first of these."""


def runtime_for(given: Given, paths: Iterable[str] = ()) -> Runtime:
    """The world of a command; raises for an option that means nothing, and for an output that could not be written."""
    check_outputs(given)
    return Runtime(
        Options(
            directory=given.directory,
            settings_file=given.settings_file,
            store=given.store,
            as_of=None if given.as_of is None else parse_instant(given.as_of),
            select=given.select,
            exclude=given.exclude,
            paths=tuple(paths),
            allow=tuple(map(parse_allow, given.allow)),
            lock_timeout=None if given.lock_timeout is None else parse_duration(given.lock_timeout),
            refresh=parse_refresh(given.refresh),
            correct=given.correct_drift,
            verify_content=given.verify_content,
        )
    )


def as_kept(given: Given, runtime: Runtime) -> Runtime:
    """The same for a look ahead: it asks no provider unless `--refresh` says so, and takes what is kept."""
    if given.refresh is None:
        runtime.options = replace(runtime.options, refresh=Refresh(Mode.NONE))
    return runtime


def parse_instant(text: str) -> datetime:
    """A UTC instant from `2027-01-31`, `2027-01-31T12:00Z` or `2027-01-31T12:00:00Z`."""
    hint = "write a UTC day or instant: 2027-01-31 or 2027-01-31T12:00:00Z"
    if _INSTANT.fullmatch(text) is None:
        raise UsageError("bad-instant", f"{text!r} is no instant", hint)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError("bad-instant", f"{text!r} is not in the calendar", hint) from None
    if not 1970 <= instant.year <= 9000:
        raise UsageError("bad-instant", f"{text!r} lies outside the years 1970 to 9000", hint)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def parse_refresh(text: str | None) -> Refresh:
    """`all`, `changed`, `none` or `older-than=6h`; all, where nothing is said."""
    if text is None:
        return Refresh()
    mode, separator, age = text.partition("=")
    known = [item.value for item in Mode]
    if mode not in known or (mode == Mode.OLDER_THAN) is not bool(separator and age) or (separator and not age):
        hint = did_you_mean(mode, known) or "write all, changed, none or older-than=6h"
        raise UsageError("bad-refresh", f"--refresh {text} says nothing", hint)
    return Refresh(Mode(mode), timedelta(seconds=parse_duration(age)) if age else None)


def parse_allow(text: str) -> Allow:
    """`LIMIT` or `LIMIT=PATTERN`."""
    limit, separator, pattern = text.partition("=")
    if limit not in ALLOWABLE or (separator and not pattern):
        hint = did_you_mean(limit, ALLOWABLE) if limit not in ALLOWABLE else "write a pattern of keys behind the ="
        raise UsageError("bad-allow", f"--allow {text} allows nothing", hint or f"known are: {', '.join(ALLOWABLE)}")
    if limit == "new-store" and separator:
        raise UsageError(
            "bad-allow", f"--allow {text} allows nothing", "new-store is of the whole run: it takes no pattern"
        )
    return Allow(limit, pattern if separator else None)


def whole(given: Given) -> None:
    """Raise UsageError where a command that is about everything, or about one thing by name, is narrowed."""
    if given.select or given.exclude:
        raise UsageError("not-narrowed", "--select and --exclude mean nothing here", "leave them out")


def waiting(*, distributed: bool, wait: bool) -> None:
    """Raise UsageError where it is to wait, and nothing is handed to anybody."""
    if wait and not distributed:
        raise UsageError("not-distributed", "--wait means nothing here", "give it with --distributed, or leave it out")


def named_account(name: str, accounts: Mapping[str, AccountSettings]) -> AccountSettings:
    """The account of that name; UsageError where there is none."""
    if name in accounts:
        return accounts[name]
    some = f"known are: {', '.join(sorted(accounts)[:20])}" if accounts else "define it in reconcile.yaml"
    raise UsageError("no-such-account", f"there is no account '{name}'", did_you_mean(name, accounts) or some)


def parse_key(text: str) -> SubscriptionKey:
    """`account/name`."""
    account, separator, name = text.partition("/")
    if not separator or not account or not name:
        raise UsageError("bad-key", f"{text!r} is no subscription key", "write account/name, as the plan shows it")
    return SubscriptionKey(account, name)


def worst(codes: Iterable[int]) -> int:
    """The exit code to end with where several hold."""
    found = {*codes, 0}
    return next(code for code in PRIORITY if code in found)


def dry_run_code(found: Pass, *, detailed: bool) -> int:
    """The exit code of a dry run that could be made."""
    if any(item.trouble is not None for item in found.observed.accounts.values()):
        return 1  # of that account no plan could be made: nobody may take this for a clean one
    if not detailed:
        return 0
    if found.verdict.refused:
        return 3
    plan = found.plan
    return 2 if plan.changes or plan.blocked or plan.held or plan.pending else 0


def apply_code(found: Pass, report: ApplyReport) -> int:
    """The exit code of an apply."""
    outcomes = outcomes_of(report.changes).keys()
    tried = outcomes - {OutcomeKind.SKIPPED}
    failed = OutcomeKind.FAILED in outcomes or OutcomeKind.SKIPPED in outcomes
    codes = [130 if report.interrupted else 0, 3 if refusal_holds(found.verdict.refused, report) else 0]
    if OutcomeKind.UNKNOWN in outcomes or any(item.code == "outcome-unknown" for item in found.plan.blocked):
        codes.append(6)
    achieved = not _DONE.isdisjoint(outcomes)
    if tried and not achieved:
        codes.append(1)
    codes.append(_unread_code(found.observed, achieved=achieved))
    waiting = OutcomeKind.ACCEPTED in outcomes or any(not item.withdrawn for item in found.plan.pending)
    if failed or waiting or found.plan.blocked or found.plan.held:
        codes.append(5)
    return worst(codes)


_DONE = frozenset({OutcomeKind.SUCCEEDED, OutcomeKind.ACCEPTED, OutcomeKind.UNKNOWN})


def _unread_code(observed: ObservedState, *, achieved: bool) -> int:
    """What an apply ends with for the accounts that could not be read, whatever else it came to."""
    troubles = [item.trouble for item in observed.accounts.values()]
    if any(trouble is not None and trouble.code == "wrong-tenant" for trouble in troubles):
        return 3  # it leads to another account than the one that is pinned
    if not any(troubles):
        return 0
    return 5 if achieved or None in troubles else 1


def refusal_holds(refused: tuple[Refusal, ...], report: ApplyReport) -> bool:
    """Whether a brake kept anything from being applied, a freeze that came meanwhile included."""
    return bool(refused) or report.frozen is not None


class Signals:
    """Ctrl-C and SIGTERM: they end the command at once, until it acts; from then on they ask to finish the batch."""

    def __init__(self) -> None:
        self._asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._before = {signal.SIGINT: signal.getsignal(signal.SIGINT)}
        self._before[signal.SIGTERM] = signal.signal(signal.SIGTERM, signal.default_int_handler)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def finish_batches(self) -> None:
        """From now on something is under way that must be finished."""
        for number in self._before:
            signal.signal(number, self._ask)

    def asked(self) -> bool:
        """Whether to go no further."""
        return self._asked

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        # A second Ctrl-C is meant: it ends the command at once, and the store's transaction with it.
        signal.signal(signal.SIGINT, signal.default_int_handler)


def warn_of_clock(given: Given, findings: Iterable[Diagnostic]) -> None:
    """Say at once that the clock, or `--as-of`, lies before what is recorded: else a look ahead would seem to lie."""
    for item in findings:
        if item.code in _ABOUT_TIME:
            say(given, f"warning: {item.summary}: {item.detail}")
