"""A write whose answer is wrong, late, lost or a lie: what became of it is read, and never guessed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.cli.outside.world import LARGE, Outside, barred, impatient, outcomes, told, wary

CAREFUL = "microsoft"
"""The one where no second order can be told from the first: nothing is ever sent twice."""


@dataclass(frozen=True)
class Mishap:
    """One fault of one write."""

    kind: str
    value: Any = None


COMMITTED = {
    "an error after it was carried out": Mishap("status-after-commit", 500),
    "the connection lost after it was carried out": Mishap("drop-after-commit"),
    "no answer in time, and it was carried out": Mishap("hang-after-commit"),
    "the connection reset within the answer": Mishap("reset-mid-body"),
    "an answer that is no JSON": Mishap("invalid-json"),
    "an answer that is far too large": Mishap("huge-body", LARGE),
}
NOT_COMMITTED = {
    "an error, and nothing was carried out": Mishap("status", 503),
    "the connection lost before anything was carried out": Mishap("drop-before-commit"),
    "no answer in time, and nothing was carried out": Mishap("hang"),
}
PASSING = {
    "too many requests": Mishap("throttle", 7),
    "something else at work on it": Mishap("busy"),
}
REFUSED = {
    "not allowed": (Mishap("status", 403), "role-too-weak"),
    "not signed in any more": (Mishap("status", 401), "sign-in-failed"),
    "refused for a reason of its own": (Mishap("status", 400), "provider-refused"),
}


def _switch_on(
    place: Outside, monkeypatch: pytest.MonkeyPatch, mishap: Mishap, match: str, times: int | None = 1
) -> None:
    if mishap.kind.startswith("hang"):
        impatient(monkeypatch)
    if mishap.kind == "huge-body":
        wary(monkeypatch)
    place.fault(mishap.kind, match, times, mishap.value)


@pytest.mark.parametrize("mishap", COMMITTED.values(), ids=COMMITTED)
def test_what_was_carried_out_is_found_by_reading_and_done_once(
    place: Outside, monkeypatch: pytest.MonkeyPatch, mishap: Mishap
) -> None:
    place.end(1, 2)
    _switch_on(place, monkeypatch, mishap, place.house.writing)
    done = place.apply()
    assert (done.code, {found[2] for found in outcomes(done.document)}) == (0, {"succeeded"})
    assert sorted(place.effects) == ["s1", "s2"]
    assert place.apply().document["changes"] == []
    assert sorted(place.effects) == ["s1", "s2"]
    place.converged()


@pytest.mark.parametrize("mishap", NOT_COMMITTED.values(), ids=NOT_COMMITTED)
def test_what_was_not_carried_out_is_never_lost_and_never_guessed(
    place: Outside, monkeypatch: pytest.MonkeyPatch, mishap: Mishap
) -> None:
    place.end(1, 2)
    _switch_on(place, monkeypatch, mishap, place.house.writing)
    done = place.apply()
    if place.house.provider == CAREFUL:
        assert done.code == 6
        assert [found[2:] for found in outcomes(done.document)].count(("unknown", "outcome-unknown")) == 1
        for words in ("it shows recurring on", "it may still take effect", "run again"):
            assert words in told(done.document)
        assert len(place.effects) == 1
        soon = place.apply()
        assert (soon.code, soon.document["changes"]) == (6, []), "what became of it is still not known"
        assert [code for _, code in barred(soon.document)] == ["outcome-unknown"]
        assert "an order may still take effect" in soon.document["blocked"][0]["detail"]
        assert len(place.written) == 2, "nothing is sent on a guess"
        place.later()
        assert place.apply().code == 0
    else:
        assert (done.code, {found[2] for found in outcomes(done.document)}) == (0, {"succeeded"})
    assert sorted(place.effects) == ["s1", "s2"]
    place.converged()


@pytest.mark.parametrize("mishap", PASSING.values(), ids=PASSING)
def test_what_passes_is_waited_for_and_what_does_not_is_told(
    place: Outside, monkeypatch: pytest.MonkeyPatch, mishap: Mishap
) -> None:
    place.end(1)
    _switch_on(place, monkeypatch, mishap, place.house.writing)
    before = place.hours.passed
    assert place.apply().code == 0
    assert place.hours.passed - before >= (7 if mishap.kind == "throttle" else 1)
    assert place.effects == ["s1"]
    place.end(1, 2)
    _switch_on(place, monkeypatch, mishap, place.house.writing, None)
    done = place.apply()
    code = "rate-limited" if mishap.kind == "throttle" else "busy"
    assert (done.code, outcomes(done.document)) == (1, [("s2", outcomes(done.document)[0][1], "failed", code)])
    assert "run again" in told(done.document) or "apply again" in told(done.document)
    place.house.emulator.faults.clear()
    place.later()
    assert place.apply().code == 0
    assert place.effects == ["s1", "s2"]
    place.converged()


@pytest.mark.parametrize(("mishap", "code"), REFUSED.values(), ids=REFUSED)
def test_what_was_refused_fails_with_its_reason_and_the_next_run_does_it(
    place: Outside, monkeypatch: pytest.MonkeyPatch, mishap: Mishap, code: str
) -> None:
    place.adopt()
    place.end(1)
    _switch_on(place, monkeypatch, mishap, place.house.writing)
    done = place.apply()
    assert (done.code, [found[2:] for found in outcomes(done.document)]) == (1, [("failed", code)])
    assert ("; " in told(done.document), place.effects) == (True, []), "what to do stands behind it"
    assert place.apply().code == 0
    assert place.effects == ["s1"]
    place.converged()


@pytest.mark.parametrize("match", ["writing", "killing"])
def test_a_provider_that_says_yes_and_does_nothing_is_found_out(place: Outside, match: str) -> None:
    place.adopt()
    if match == "writing":
        place.end(1)
    else:
        place.kill(1)
    place.fault("lie", getattr(place.house, match))
    done = place.apply()
    assert (done.code, [found[2:] for found in outcomes(done.document)]) == (1, [("failed", "still-differs")])
    for words in ("says that it is done", "still shows recurring on", "by hand"):
        assert words in told(done.document)
    assert place.house.alive(1)
    place.later()
    again = place.apply()
    assert (again.code, len(again.document["changes"])) == (0, 1)
    assert set(place.effects) == {"s1"}
    assert place.house.alive(1) is (match == "writing")
    place.converged()


@pytest.mark.parametrize("kind", ["status-after-commit", "drop-after-commit", "drop-before-commit"])
def test_an_end_at_once_is_never_sent_twice_on_a_guess(place: Outside, kind: str) -> None:
    place.adopt()
    place.kill(1)
    place.fault(kind, place.house.killing)
    done = place.apply()
    unsure = place.house.provider == CAREFUL and kind == "drop-before-commit"
    assert done.code == (6 if unsure else 0)
    place.later()
    assert place.apply().code == 0
    assert (place.effects, place.house.alive(1)) == (["s1"], False)
    assert [place.house.alive(number) for number in (2, 3)] == [True, True]
    place.converged()
