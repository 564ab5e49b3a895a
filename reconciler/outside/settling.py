"""What a run that was cut off left open at outside providers: asked, read, and closed where that tells enough.

Nothing is sent here. What was surely not carried out is closed, or handed back to be repeated under its operation id:
whether it is still wanted is for a plan to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

from reconciler.answers import Accepted, Ambiguous, Done, Rejected
from reconciler.diagnostics import Diagnostic, Severity
from reconciler.journal import Entry, OpenIntent, Outcome, OutcomeKind
from reconciler.model import StoredSubscription, SubscriptionKey
from reconciler.noticing import reached
from reconciler.observed import ObservedSubscription, Obstacle
from reconciler.outside.asking import Asker
from reconciler.outside.driving import Drive
from reconciler.outside.ending import Ending, Making, failed, skipped
from reconciler.outside.errands import Errand, Scribe
from reconciler.outside.making import SENT_WITHIN, Maker, shows
from reconciler.outside.pacing import Pacers
from reconciler.outside.timing import Timing
from reconciler.ports import Writer
from reconciler.settings import AccountSettings
from reconciler.shards import NOT_CARRIED_OUT

SETTLED = "settled by reading: the run that began it never learned what became of it"


class Verdict(StrEnum):
    """What reading says of an order whose answer nobody has."""

    REACHED = "reached"
    NOT_CARRIED_OUT = "not-carried-out"
    """Any order would show by now."""
    REPEATABLE = "repeatable"
    """It may still show; sent again under its operation id it has no second effect."""
    VANISHED = "vanished"
    OPEN = "open"
    """Nothing can be said yet."""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """One open intent of an outside account."""

    intent: OpenIntent
    account: AccountSettings
    base: StoredSubscription | None
    open: Callable[[], Writer]
    """As in a `Step`."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became known."""

    closed: tuple[Entry, ...] = ()
    """Recorded: succeeded, with the row as it was read, or failed."""
    repeatable: tuple[OpenIntent, ...] = ()
    """As these, and so young that it may yet show: where no plan wants it, it stays open."""
    still_open: Mapping[SubscriptionKey, Obstacle] = field(default_factory=dict)
    """And why; nothing else may be sent for these."""

    @property
    def notes(self) -> tuple[Diagnostic, ...]:
        """What was closed, for people to be told: no change of the plan says it."""
        said = "an earlier change is settled"
        return tuple(Diagnostic(Severity.NOTE, "settled", said, _became(entry)) for entry in self.closed)


def _became(entry: Entry) -> str:
    done = entry.outcome.kind is OutcomeKind.SUCCEEDED
    said = "was carried out" if done else f"was not carried out: {entry.outcome.error}"
    return f"{entry.change.key}: {entry.change.kind} {said}"


def lapsed(intent: OpenIntent) -> Entry:
    """How one that was not carried out, and is not wanted any more, is closed."""
    outcome = Outcome(OutcomeKind.FAILED, error=NOT_CARRIED_OUT, code="not-carried-out")
    return Entry(intent.operation_id, intent.change, outcome)


def verdict(
    intent: OpenIntent,
    seen: ObservedSubscription | Obstacle | None,
    age: float,
    *,
    idempotent: bool,
    settles_within: float,
) -> Verdict:
    """What one look says, `age` seconds after the intent was journaled: it may have been sent some time later. Pure."""
    old = age > SENT_WITHIN + settles_within
    if seen is None:
        return Verdict.VANISHED if old else Verdict.OPEN
    if isinstance(seen, Obstacle):
        return Verdict.OPEN
    if reached(intent.change, seen):
        return Verdict.REACHED
    if seen.busy is not None:
        return Verdict.OPEN
    if old:
        return Verdict.NOT_CARRIED_OUT
    return Verdict.REPEATABLE if idempotent else Verdict.OPEN


def settle(
    unsettled: Sequence[Unsettled],
    scribe: Scribe,
    timing: Timing,
    stop: Callable[[], bool] = lambda: False,
    progress: Callable[[int, int], None] = lambda done, total: None,
    pacers: Pacers | None = None,
) -> Settled:
    """Ask and read, many at once, and record what is known under the old operation ids.

    The scribe's `intend` is never called. Where it fails, or is halted, all that is not recorded stays open.
    """
    found: dict[int, Verdict] = {}
    errands = [_errand(number, item, timing, found) for number, item in enumerate(unsettled)]
    endings = Drive(errands, scribe, timing, stop, progress, pacers or Pacers(timing)).run()
    closed: list[Entry] = []
    still_open: dict[SubscriptionKey, Obstacle] = {}
    repeatable: list[OpenIntent] = []
    for number, item in enumerate(unsettled):
        ending = endings[number]
        if ending.journaled:
            closed.append(Entry(item.intent.operation_id, item.intent.change, ending.outcome))
        elif number in found and ending.outcome.error is None:
            repeatable.append(item.intent)
        else:
            still_open[item.intent.key] = _why(ending)
    return Settled(tuple(closed), tuple(repeatable), still_open)


def _why(ending: Ending) -> Obstacle:
    detail = ending.outcome.error or "the run was halted before it could be asked"
    return Obstacle(ending.outcome.code or "outcome-unknown", detail, "run again")


def _errand(number: int, item: Unsettled, timing: Timing, found: dict[int, Verdict]) -> Errand:
    intent, change = item.intent, item.intent.change

    def begin(writer: Writer, asker: Asker) -> Making:
        maker = Maker(change, intent.operation_id, item.base, writer, asker)
        return _settling(_Case(number, intent, maker, timing), found)

    entry = Entry(intent.operation_id, change, Outcome(OutcomeKind.INTENDED))
    return Errand(item.account, intent.external_id or str(intent.key), item.open, begin, entry, begun=True)


@dataclass(frozen=True, slots=True)
class _Case:
    number: int
    intent: OpenIntent
    maker: Maker
    timing: Timing


def _settling(case: _Case, found: dict[int, Verdict]) -> Making:
    """One open intent: by its token, or else by reading."""
    if case.intent.token is None:
        return _by_reading(case, found)
    answer = case.maker.poll(case.intent.token)
    match answer:
        case Accepted():
            return skipped("still-under-way", "the provider still works on it")
        case Done():
            return (yield from case.maker.read_back())
        case Rejected():
            return failed(answer.code, answer.detail)
        case Ambiguous():
            return case.maker.by_reading(answer.detail, case.intent.token)
        case _:  # pragma: no cover - mypy proves it unreachable
            assert_never(answer)


def _by_reading(case: _Case, found: dict[int, Verdict]) -> Ending:
    seen = case.maker.look()
    age = (case.timing.now() - case.intent.at).total_seconds()
    writer = case.maker.writer
    said = verdict(case.intent, seen, age, idempotent=writer.idempotent, settles_within=writer.settles_within)
    if said is Verdict.VANISHED:
        return failed("vanished", "the provider has none of that id any more")
    if said is Verdict.NOT_CARRIED_OUT:
        # Sent again under this intent, it would look as old as that is, and after a second crash be sent a third time;
        # and a provider that keeps its answers by operation id would repeat a failure for as long as it does.
        # It is closed, and planned anew with an intent of its own.
        return failed("not-carried-out", NOT_CARRIED_OUT)
    if said is Verdict.REPEATABLE:
        found[case.number] = said
        return skipped(None, None)
    if seen is None:
        return skipped("outcome-unknown", "it is not shown; that may still change")
    if isinstance(seen, Obstacle):
        return skipped(seen.code, seen.detail)
    if said is Verdict.REACHED:
        return case.maker.succeeded(seen, SETTLED)
    why = f"it is busy: {seen.busy}" if seen.busy is not None else "an order may still take effect"
    return skipped("outcome-unknown", f"it shows {shows(seen)}, and {why}")
