"""Nothing but the pairs that were meant may be read otherwise: each way to break that is found."""

from __future__ import annotations

import pytest

from reconciler.accepting.judging import said_of
from reconciler.accepting.proof import objection
from reconciler.accepting.replies import Candidate
from tests.accepting.estate import FILE, HEAD, RENEWS, STOPS, Estate, key_of, loaded

TEXT = (
    f"{HEAD}  visio:\n    id: s1\n    recurring: on\n    owner: a\n"
    "    schedule: [{from: 2031-01-01, recurring: on}]\n    decided: {for: 2027-03-01, by: ada}\n"
    "  other: {id: s2, recurring: on}\nrules: [{match: {owner: a}, set: {labels: {x: y}}}]\n"
)
RIGHT = TEXT.replace("recurring: on\n    owner", "recurring: off\n    owner")


def judged(after: str, before: str = TEXT) -> str | None:
    """What the proof has against this text."""
    estate = Estate({FILE: before}).has("visio", "s1", RENEWS, STOPS).has("other", "s2", RENEWS, RENEWS)
    around = estate.around()
    one = said_of(key_of("visio"), around)
    assert isinstance(one, Candidate)
    return objection(around.desired, loaded({FILE: after}), [one], around.today)


def test_just_what_was_meant_is_proved() -> None:
    assert judged(RIGHT) is None


MEANT = "contoso/visio would be read otherwise than it is meant"


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (RIGHT.replace("version: 1", "version: 2"), f"the specs would be wrong at {FILE}:1:10"),
        (TEXT, MEANT),
        (RIGHT.replace("off\n", "off\n    reason: x\n"), MEANT),
        (RIGHT.replace("off\n", "off\n    protect: true\n"), MEANT),
        (RIGHT.replace("off\n", "off\n    cancel: none\n"), MEANT),
        (RIGHT.replace("2031-01-01, recurring: on", "2031-01-01, recurring: off"), MEANT),
        (RIGHT.replace("by: ada", "by: eve"), MEANT),
        (RIGHT.replace("    schedule: [{from: 2031-01-01, recurring: on}]\n", ""), MEANT),
        (RIGHT.replace("{id: s2, recurring: on}", "{id: s2, recurring: off}"), "contoso/other would be read otherwise"),
        (RIGHT.replace("  other: {id: s2, recurring: on}\n", ""), "contoso/other would come or go"),
        (RIGHT.replace("owner: a}", "owner: b}"), "the specs would bring a finding that they do not bring now"),
        (RIGHT.replace("{owner: a}", "{key: contoso/*}"), "a rule would match more subscriptions, or fewer"),
    ],
)
def test_whatever_else_moves_is_found(after: str, why: str) -> None:
    assert str(judged(after)).startswith(why)


def test_the_entry_that_holds_must_be_the_one_that_moves() -> None:
    entries = "[{from: 2026-01-05, recurring: on}, {from: 2031-01-01, recurring: on}]"
    text = f"{HEAD}  visio:\n    id: s1\n    schedule: {entries}\n  other: {{id: s2}}\n"
    right = text.replace("01-05, recurring: on", "01-05, recurring: off")
    wrong = text.replace("2031-01-01, recurring: on", "2031-01-01, recurring: off")
    assert (judged(right, text), judged(wrong, text)) == (None, MEANT)


def test_a_pair_that_asks_for_more_is_found() -> None:
    """The words fit, and the provider has moved on to where they ask for a change."""
    estate = Estate({FILE: TEXT}).has("visio", "s1", RENEWS, STOPS).has("other", "s2", RENEWS, RENEWS)
    around = estate.around()
    one = said_of(key_of("visio"), around)
    estate.has("visio", "s1", STOPS, RENEWS)
    estate.texts = {FILE: RIGHT}
    later = said_of(key_of("visio"), estate.around())
    assert isinstance(one, Candidate)
    assert isinstance(later, Candidate)
    moved = Candidate(one.reply, one.rewrite, one.intent, later.case)
    why = objection(around.desired, loaded({FILE: RIGHT}), [moved], around.today)
    assert why == "contoso/visio would still be changed by the next apply"
