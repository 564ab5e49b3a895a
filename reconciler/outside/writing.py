"""Carries out the changes of the pair of outside accounts: the one entrance for an apply.

Every change is journaled before its call, read back after it, and what is not sure stays open. Must not decide what is
to be changed, nor touch a store but through the scribe.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reconciler.changes import Change
from reconciler.journal import ChangeReport, Entry, OpenIntent, Outcome, OutcomeKind
from reconciler.model import StoredSubscription
from reconciler.outside.asking import Asker
from reconciler.outside.driving import Drive
from reconciler.outside.ending import Ending, Making
from reconciler.outside.errands import Errand, Scribe
from reconciler.outside.making import Maker
from reconciler.outside.pacing import Pacers
from reconciler.outside.timing import Timing
from reconciler.ports import Writer
from reconciler.settings import AccountSettings

DEADLINE = 600.0
"""Seconds that one run asks what became of something that a provider accepted."""


@dataclass(frozen=True, slots=True)
class Step:
    """One change to be carried out."""

    change: Change
    operation_id: str
    account: AccountSettings
    base: StoredSubscription | None
    """The record as it is stored, changes before this one included."""
    open: Callable[[], Writer]
    """Signed in for applying. Called once for each account; its methods are called from several threads at once."""
    resume: OpenIntent | None = None
    """It was begun under the same operation id by a run that was cut off, and settling says that it may be repeated."""


def carry_out(
    steps: Sequence[Step],
    scribe: Scribe,
    timing: Timing,
    stop: Callable[[], bool] = lambda: False,
    progress: Callable[[int, int], None] = lambda done, total: None,
    pacers: Pacers | None = None,
    deadline: float = DEADLINE,
) -> list[ChangeReport]:
    """What became of each step, in their order; one that fails does not stop the others.

    `scribe` and `progress` are called in the calling thread alone; `stop` from several, in every long wait, and only
    cuts waits short that a later run can take up again. Raises nothing that a provider or a store may raise.
    """
    errands = [_errand(step, deadline) for step in steps]
    endings = Drive(errands, scribe, timing, stop, progress, pacers or Pacers(timing)).run()
    return [_report(step, endings[number]) for number, step in enumerate(steps)]


def _errand(step: Step, deadline: float) -> Errand:
    def begin(writer: Writer, asker: Asker) -> Making:
        maker = Maker(step.change, step.operation_id, step.base, writer, asker, deadline)
        if step.resume is not None:
            maker.begun, maker.token = True, step.resume.token
        return maker.make()

    entry = Entry(step.operation_id, step.change, Outcome(OutcomeKind.INTENDED))
    subject = step.change.external_id or str(step.change.key)
    return Errand(step.account, subject, step.open, begin, entry, begun=step.resume is not None)


def _report(step: Step, ending: Ending) -> ChangeReport:
    outcome = ending.outcome
    return ChangeReport(step.change, outcome.kind, ending.told, outcome.code, outcome.note)
