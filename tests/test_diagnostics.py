"""Findings as values: places, order, and the nearest word."""

from __future__ import annotations

import pytest

from reconciler.diagnostics import Diagnostic, Diagnostics, Location, Severity, did_you_mean, error, in_order, warning


def test_a_location_is_clickable_and_its_own_place() -> None:
    place = Location("specs/contoso.yaml", 14, 5)
    assert str(place) == "specs/contoso.yaml:14:5"
    assert place.location is place
    assert str(Location("reconcile.yaml")) == "reconcile.yaml:1:1"


def test_an_error_and_a_warning_say_the_same_of_different_weight() -> None:
    place = Location("a.yaml")
    found = [make("code", "summary", place, detail="detail", hint="hint") for make in (error, warning)]
    assert found == [
        Diagnostic(Severity.ERROR, "code", "summary", "detail", "hint", place),
        Diagnostic(Severity.WARNING, "code", "summary", "detail", "hint", place),
    ]
    assert found[0].location == place
    assert error("code", "summary").location is None


ORDERED = (
    warning("w", "of the whole run"),
    error("b", "x", Location("a.yaml", 2, 3)),
    warning("a", "x", Location("a.yaml", 2, 3)),
    warning("b", "x", Location("a.yaml", 2, 3), detail="1"),
    warning("b", "x", Location("a.yaml", 2, 3), detail="2"),
    Diagnostic(Severity.NOTE, "a", "x", place=Location("a.yaml", 2, 3)),
    error("a", "x", Location("a.yaml", 2, 10)),
    error("a", "x", Location("a.yaml", 10, 1)),
    error("a", "x", Location("b.yaml", 1, 1)),
)


def test_findings_come_by_place_then_by_weight_then_by_code() -> None:
    for cut in range(len(ORDERED)):
        assert tuple(in_order(ORDERED[cut:] + ORDERED[:cut])) == ORDERED
    assert tuple(in_order(reversed(ORDERED))) == ORDERED


def test_a_collection_keeps_everything_and_iterates_in_order() -> None:
    found = Diagnostics()
    assert (len(found), found.has_errors) == (0, False)
    found.add(ORDERED[2], ORDERED[0])
    assert (len(found), found.has_errors) == (2, False)
    found.extend([ORDERED[1]])
    assert (list(found), found.has_errors) == (list(ORDERED[:3]), True)


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        pytest.param("recuring", "did you mean 'recurring'?", id="a letter left out"),
        pytest.param("cancle", "did you mean 'cancel'?", id="letters swapped"),
        pytest.param("ID", "did you mean 'id'?", id="other capitals"),
        pytest.param("zzz", "", id="nothing near"),
    ],
)
def test_the_nearest_known_word_is_suggested(word: str, hint: str) -> None:
    assert did_you_mean(word, {"recurring", "cancel", "id"}) == hint
