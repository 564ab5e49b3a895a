"""A provider under the engine: whatever goes wrong, nothing is lost and nothing is doubled.

The judge is the vendor's own ledger, and what reads show once nothing goes wrong any more.
"""

from __future__ import annotations

import pytest

from reconciler.changes import Kind
from reconciler.journal import OutcomeKind
from reconciler.noticing import reached
from reconciler.testing.conformance.bench import Case, Mishap, Requests
from reconciler.testing.conformance.rehearsal import PASSES, Rehearsal, ends_of
from reconciler.testing.conformance.trial import Trial, end_of, must

_MISHAPS = [
    pytest.param(mishap, id=mishap.value)
    for mishap in (
        Mishap.DROP_BEFORE_COMMIT,
        Mishap.DROP_AFTER_COMMIT,
        Mishap.UNAVAILABLE,
        Mishap.STATUS_AFTER_COMMIT,
        Mishap.RESET_MID_BODY,
        Mishap.INVALID_JSON,
        Mishap.HUGE_BODY,
        Mishap.THROTTLE,
        Mishap.BUSY,
    )
]
SEVERAL = 3


class Driven:
    """Facts about whole runs."""

    def test_a_run_ends_what_it_is_to_end(self, trial: Trial) -> None:
        """Each once, recorded as it was read back; a second run finds all done and sends nothing."""
        ids = [trial.seed(Case.RENEWING) for _ in range(SEVERAL)]
        rehearsal = ends_of(trial, ids)
        for _ in range(2):
            outcomes = rehearsal.run()
            must(set(outcomes.values()) == {OutcomeKind.SUCCEEDED}, _told(rehearsal))
        _once_each(trial, rehearsal)
        must(not rehearsal.journal.open, "something is still open")

    @pytest.mark.parametrize("times", [1, SEVERAL], ids=["one of them", "all of them"])
    @pytest.mark.parametrize("mishap", _MISHAPS)
    def test_nothing_is_lost_and_nothing_is_doubled(self, trial: Trial, mishap: Mishap, times: int) -> None:
        """Orders meet it; what a run reports is so, and runs that follow bring all to its end, each with one effect."""
        ids = [trial.seed(Case.RENEWING) for _ in range(SEVERAL)]
        rehearsal = ends_of(trial, ids)
        trial.meet(mishap, Requests.WRITE, times)
        rehearsal.run()
        trial.bench.clear()
        _true(trial, rehearsal)
        for _ in range(PASSES):
            rehearsal.let_pass()
            if set(rehearsal.run().values()) == {OutcomeKind.SUCCEEDED} and not rehearsal.journal.open:
                break
        else:
            raise AssertionError(f"after {PASSES} more runs it has not come to its end: {_told(rehearsal)}")
        _once_each(trial, rehearsal)

    def test_a_yes_that_changes_nothing_is_told(self, trial: Trial) -> None:
        """The vendor says that it is done, and it is not: the run fails as still-differs, and records no success. Where
        the vendor only says that it works on it, that is all the run says, too.
        """
        id = trial.seed(Case.RENEWING)
        rehearsal = ends_of(trial, [id])
        trial.meet(Mishap.LIE, Requests.WRITE, None)
        outcomes = rehearsal.run()
        told = {(report.outcome, report.code) for report in rehearsal.reports}
        open_yet = outcomes[id] is OutcomeKind.UNKNOWN and rehearsal.journal.open
        failed = told == {(OutcomeKind.FAILED, "still-differs")}
        must(failed or open_yet, f"it was not done, and the run says: {_told(rehearsal)}")
        must(not trial.effects(id), "the bench's lie carries orders out: `LIE` must not")

    def test_a_read_that_shows_the_past_is_waited_for(self, trial: Trial) -> None:
        """Right after the order a read shows it undone; within `settles_within` the engine looks again."""
        if not trial.writer().settles_within:
            pytest.skip("not offered: the writer says that reads show every order at once")
        id = trial.seed(Case.RENEWING)
        rehearsal = ends_of(trial, [id])
        trial.meet(Mishap.DELAYED_READS, Requests.GET, 2)
        outcomes = rehearsal.run()
        must(outcomes[id] is OutcomeKind.SUCCEEDED, f"a read was late, and the run says: {_told(rehearsal)}")
        _once_each(trial, rehearsal)

    def test_what_is_busy_is_left_for_later(self, trial: Trial) -> None:
        """Skipped, and no order is sent."""
        id = trial.seed(Case.BUSY)
        rehearsal = Rehearsal(trial, {id: _any_end(trial)})
        outcomes = rehearsal.run()
        must(outcomes[id] is OutcomeKind.SKIPPED, f"it is busy, and the run says: {_told(rehearsal)}")
        must(not trial.effects(id), "it is busy, and was changed")

    def test_what_is_of_unknown_status_is_never_written_to(self, trial: Trial) -> None:
        """Nobody knows what an order would do to it."""
        id = trial.seed(Case.UNKNOWN)
        rehearsal = Rehearsal(trial, {id: _any_end(trial)})
        rehearsal.run()
        codes = {report.code for report in rehearsal.reports}
        must(codes == {"status-unknown"}, f"its status is unknown, and the run says: {_told(rehearsal)}")
        must(not trial.effects(id), "its status is unknown, and it was changed")


def _any_end(trial: Trial) -> Kind:
    """The verb that ends one that renews."""
    return end_of(trial.get(trial.reader(), trial.seed(Case.RENEWING)))


def _true(trial: Trial, rehearsal: Rehearsal) -> None:
    """What a run reports is what stands: a success was carried out, a failure was not, the rest is still open."""
    reader = trial.reader()
    open_now = {str(entry.change.external_id) for entry in rehearsal.journal.open.values()}  # type: ignore[union-attr]
    for report in rehearsal.reports:
        id = str(report.change.external_id)
        stands = reached(report.change, trial.get(reader, id))
        match report.outcome:
            case OutcomeKind.SUCCEEDED:
                must(stands, f"reported as done, and it is not: {_told(rehearsal)}")
            case OutcomeKind.FAILED:
                must(not stands, f"reported as failed, and it was carried out: {_told(rehearsal)}")
            case OutcomeKind.UNKNOWN:
                must(id in open_now, f"its outcome is unknown, and its intent was closed: {_told(rehearsal)}")
            case _:
                must(not trial.effects(id), f"reported as {report.outcome}, and it was carried out")
        must(len(trial.effects(id)) <= 1, f"doubled: {trial.effects(id)}")


def _once_each(trial: Trial, rehearsal: Rehearsal) -> None:
    reader = trial.reader()
    for id, change in rehearsal.changes.items():
        must(reached(change, trial.get(reader, id)), f"{id} is reported as done, and does not show it")
        must(len(trial.effects(id)) == 1, f"{id} had {len(trial.effects(id))} effects: {trial.effects(id)}")


def _told(rehearsal: Rehearsal) -> str:
    return "; ".join(f"{report.outcome} ({report.code}): {report.error}" for report in rehearsal.reports)
