"""A subscription that vanished, ended, moved or was changed by somebody between the plan and the write."""

from __future__ import annotations

import pytest

from tests.cli.outside.world import Outside, barred, outcomes, told


def test_what_vanished_meanwhile_is_not_written_and_the_others_go_on(place: Outside) -> None:
    place.adopt()
    place.end(1, 2)
    place.between(place.house.reading, lambda: place.house.vanish(1))
    done = place.apply()
    assert done.code == 5
    assert [found[::2] for found in outcomes(done.document)] == [("s1", "failed"), ("s2", "succeeded")]
    assert outcomes(done.document)[0][3] == "vanished"
    assert "was it moved" in told(done.document)
    assert place.effects == ["s2"]
    for again in (place.plan("--detailed-exitcode"), place.apply()):
        assert (again.document["changes"], barred(again.document)) == ([], [("s1", "vanished")])
        assert "reconcile forget cloud/s1" in again.document["blocked"][0]["hint"]
    assert len(place.written) == 1


@pytest.mark.parametrize("how", ["ended", "turned off"])
def test_what_stands_already_is_not_written(place: Outside, how: str) -> None:
    place.adopt()
    place.end(1, 2)
    act = (lambda: place.house.end(1)) if how == "ended" else (lambda: place.house.turn(1, on=False))
    place.between(place.house.reading, act)
    done = place.apply()
    assert (done.code, [found[2] for found in outcomes(done.document)]) == (0, ["succeeded"] * 2)
    assert done.document["changes"][0]["note"] == "it stood already: nothing was sent"
    assert (place.effects, len(place.written)) == (["s2"], 1)
    place.converged()


def test_what_somebody_changed_meanwhile_is_planned_anew_and_never_ended_on_an_old_approval(place: Outside) -> None:
    place.adopt()
    place.kill(1)
    place.between(place.house.reading, lambda: place.house.turn(1, on=False))
    done = place.apply()
    assert (done.code, outcomes(done.document)) == (1, [("s1", "cancel-now", "failed", "moved-since-plan")])
    assert "recurring was on, is off" in told(done.document)
    assert "run again" in told(done.document)
    assert (place.written, place.house.alive(1)) == ([], True)
    assert place.apply().code == 0
    assert (place.effects, place.house.alive(1)) == (["s1"], False)
    place.converged()


def test_a_saved_plan_that_no_longer_fits_is_refused_and_says_what_moved(place: Outside) -> None:
    place.adopt()
    place.end(1, 2)
    assert place.run("plan", "-o", "plan.json").code == 0
    place.house.vanish(1)
    place.house.turn(2, on=False)
    done = place.run("apply", "plan.json")
    assert (done.code, place.written) == (5, []), done.out + done.err
    assert "vanished" in done.out


def test_of_a_saved_plan_what_somebody_undid_meanwhile_is_held(place: Outside) -> None:
    place.adopt()
    place.house.turn(2, on=False)
    assert place.apply().code == 0
    place.end(1, 2)
    assert place.run("plan", "-o", "plan.json").code == 0
    place.house.turn(2, on=True)
    done = place.run("apply", "plan.json", "--format", "json")
    assert (done.code, place.effects) == (5, ["s1"])
    assert [item["subscription"] for item in done.document["held"]] == ["cloud/s2"]


def test_what_somebody_undid_is_held_for_a_person_to_decide(place: Outside) -> None:
    place.end(1)
    assert place.apply().code == 0
    place.house.turn(1, on=True)
    held = place.apply()
    assert (held.code, held.document["changes"], len(place.effects)) == (5, [], 1)
    assert "reconcile accept cloud/s1" in held.document["held"][0]["hint"]
    assert place.apply("--correct-drift", "cloud/s1").code == 0
    assert (place.effects, place.house.renews(1)) == (["s1", "s1"], False)
    place.converged()


def test_what_is_in_another_account_is_not_found_and_never_created(place: Outside) -> None:
    place.house.vanish(1)
    place.end(1)
    planned = place.plan("--detailed-exitcode")
    assert (planned.code, barred(planned.document)) == (2, [("s1", "not-found")])
    done = place.apply()
    assert (done.code, barred(done.document), place.written) == (5, [("s1", "not-found")], [])
