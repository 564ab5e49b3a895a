from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.changes import Kind
from reconciler.events import Event, EventKind
from reconciler.journal import Entry, Outcome, OutcomeKind
from reconciler.testing.conformance import Case, Mishap, NotOffered, Requests
from reconciler.testing.conformance.rehearsal import Hours, Rehearsal, ends_of, observed
from reconciler.testing.conformance.trial import Trial
from tests.builders import NOW, a_key
from tests.testing.conformance.acme import a_bench


def test_time_passes_where_the_engine_waits_and_the_vendors_with_it() -> None:
    bench = a_bench()
    timing = Hours(bench).timing()
    before = timing.monotonic()
    timing.wait(90.0)
    assert timing.monotonic() - before == 90.0
    assert timing.now() == bench.now() == NOW + timedelta(seconds=90)


def test_where_the_vendors_clock_stands_the_engines_moves_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = a_bench()

    def no(span: timedelta) -> None:
        raise NotOffered("its clock is the real one")

    monkeypatch.setattr(bench, "advance", no)
    hours = Hours(bench)
    hours.wait(60.0)
    assert bench.now() == NOW
    assert hours.now() == NOW + timedelta(seconds=60)


def test_what_is_unknown_stays_open_and_is_settled_by_the_next_run() -> None:
    trial = Trial(a_bench())
    id = trial.seed(Case.RENEWING)
    rehearsal = ends_of(trial, [id])
    trial.meet(Mishap.DROP_AFTER_COMMIT, Requests.WRITE)
    trial.meet(Mishap.UNAVAILABLE, Requests.GET, 40)
    assert rehearsal.run() == {id: OutcomeKind.FAILED}  # it could not even be looked at
    trial.bench.clear()
    assert rehearsal.run() == {id: OutcomeKind.SUCCEEDED}
    assert [entry.outcome.kind for entry in rehearsal.journal.recorded] == [OutcomeKind.FAILED, OutcomeKind.SUCCEEDED]


def a_lost_order() -> tuple[Trial, Rehearsal, str, str]:
    trial = Trial(a_bench())
    id = trial.seed(Case.RENEWING)
    rehearsal = ends_of(trial, [id])
    trial.meet(Mishap.DROP_BEFORE_COMMIT, Requests.WRITE, 2)
    assert rehearsal.run() == {id: OutcomeKind.UNKNOWN}
    (operation_id,) = rehearsal.journal.open
    return trial, rehearsal, id, operation_id


def test_an_order_that_may_still_take_effect_is_repeated_under_its_operation_id() -> None:
    trial, rehearsal, id, operation_id = a_lost_order()
    assert rehearsal.run() == {id: OutcomeKind.SUCCEEDED}
    assert not rehearsal.journal.open
    assert [effect.key for effect in trial.bench.emulator.effects] == [operation_id]  # type: ignore[attr-defined]


def test_one_that_was_surely_not_carried_out_is_sent_under_another() -> None:
    trial, rehearsal, id, operation_id = a_lost_order()
    rehearsal.let_pass()
    assert rehearsal.run() == {id: OutcomeKind.SUCCEEDED}
    assert not rehearsal.journal.open
    (effect,) = trial.bench.emulator.effects  # type: ignore[attr-defined]
    assert effect.key != operation_id


def test_each_wish_is_carried_out_by_its_own_verb() -> None:
    trial = Trial(a_bench())
    wishes = {trial.seed(Case.OFF): Kind.TURN_ON, trial.seed(Case.RENEWING): Kind.CANCEL_NOW}
    rehearsal = Rehearsal(trial, wishes)
    assert set(rehearsal.run().values()) == {OutcomeKind.SUCCEEDED}
    assert sorted(effect.what.partition(" ")[0] for effect in trial.bench.effects()) == ["end", "renew"]


def test_an_account_is_read_as_the_engine_does() -> None:
    trial = Trial(a_bench())
    id = trial.seed(Case.RENEWING)
    account = observed(trial, [id, "acme-99999"])
    assert (set(account.subscriptions), set(account.absent)) == ({id}, {"acme-99999"})


def test_an_event_is_nothing_to_carry_out() -> None:
    trial = Trial(a_bench())
    rehearsal = ends_of(trial, [])
    event = Event(a_key(), EventKind.RENEWED, NOW, {}, {})
    rehearsal.journal.open["1"] = Entry("1", event, Outcome(OutcomeKind.INTENDED))
    with pytest.raises(TypeError, match="no intent"):
        rehearsal.run()


def test_the_rehearsal_never_halts() -> None:
    assert not ends_of(Trial(a_bench()), []).journal.halted()
