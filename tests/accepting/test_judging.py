"""What each subscription's spec would have to say, and why nothing is written where it does not help."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.accepting.judging import said_of
from reconciler.accepting.replies import Answer, Candidate
from reconciler.changes import Kind
from reconciler.model import Cancel, Status, SubscriptionKey
from reconciler.observed import Capabilities, ObservedState, Obstacle
from tests.accepting.estate import CANCELLED, OFF, ON, RENEWS, STOPS, Estate, an_estate, key_of
from tests.builders import a_stored, an_open_intent

UNDECIDED = Capabilities(barred={Kind.TURN_OFF: Obstacle("end-undecided", "it is extended")})


@pytest.mark.parametrize(
    ("own", "before", "after", "pair"),
    [
        ("    recurring: on\n", RENEWS, STOPS, {"recurring": "off"}),
        ("    recurring: on\n", RENEWS, CANCELLED, {"cancel": "at-renewal"}),
        ("    recurring: off\n", STOPS, RENEWS, {"recurring": "on"}),
        ("    cancel: at-renewal\n", CANCELLED, STOPS, {"recurring": "off"}),
        ("    cancel: none\n    recurring: off\n", STOPS, CANCELLED, {"cancel": "at-renewal"}),
        (
            "    recurring: on\n",
            RENEWS,
            {**STOPS, "capabilities": UNDECIDED},
            {"recurring": "off", "cancel": "none"},
        ),
        (
            "    recurring: on\n",
            RENEWS,
            {"recurring": ON, "cancellation": Cancel.AT_RENEWAL},
            {"cancel": "at-renewal"},
        ),
    ],
    ids=["off", "cancelled", "on", "undone", "cancelled though none was wished", "extended", "on, and cancelled"],
)
def test_the_words_for_what_stands_there(own: str, before: Any, after: Any, pair: dict[str, str]) -> None:
    estate = an_estate(own, before, after)
    said = said_of(key_of("visio"), estate.around())
    assert isinstance(said, Candidate)
    assert (dict(said.rewrite.pair), said.reply.answer, said.rewrite.entry) == (pair, Answer.WRITE, None)
    assert said.reply.lines == tuple(f"{key}: {value}" for key, value in pair.items())


REFUSED: list[Any] = [
    pytest.param({"status": Status.EXPIRED}, "ended-outside", "it is expired", id="ended"),
    pytest.param(
        {**STOPS, "cancellation": Cancel.IMMEDIATELY},
        "ended-outside",
        "it is cancelled at once",
        id="and yet to follow",
    ),
    pytest.param({**STOPS, "busy": "it is locked"}, "busy", "it is locked", id="in flux"),
    pytest.param({**STOPS, "status": Status.UNKNOWN, "provider_status": "Odd"}, "status-unknown", "(Odd)", id="odd"),
    pytest.param(
        {**STOPS, "status": Status.UNKNOWN, "provider_status": ""}, "status-unknown", "its status is not", id="?"
    ),
    pytest.param(
        {**STOPS, "capabilities": Capabilities(ends=frozenset({Kind.CANCEL_AT_RENEWAL}))},
        "no-words",
        "no spec says just this: recurring off, cancellation none",
        id="a state that the provider itself says it cannot tell",
    ),
]


@pytest.mark.parametrize(("after", "code", "why"), REFUSED)
def test_what_is_not_for_a_program_to_write(after: Any, code: str, why: str) -> None:
    reply = an_estate("    recurring: on\n", RENEWS, after).said("visio")
    assert (reply.answer, reply.code) == (Answer.REFUSED, code)
    assert why in reply.why


def test_a_wish_of_its_own_is_not_overruled() -> None:
    reply = an_estate("    cancel: at-renewal\n", RENEWS, STOPS).said("visio")
    assert (reply.answer, reply.code) == (Answer.REFUSED, "wanted-otherwise")


def test_what_is_barred_besides_is_drift_all_the_same() -> None:
    """A protected one is turned on outside: nothing would be turned off again, and the spec can give in."""
    reply = an_estate("    recurring: off\n    protect: true\n", STOPS, RENEWS).said("visio")
    assert (reply.answer, reply.notes) == (Answer.WRITE, ())


def test_what_was_not_looked_at_is_not_known() -> None:
    estate = an_estate("    recurring: on\n")
    around = replace(estate.around(), observed=ObservedState())
    said = said_of(key_of("visio"), around)
    assert not isinstance(said, Candidate)
    assert (said.code, said.seen) == ("unreadable", None)


def test_what_is_under_way_may_be_our_own_work() -> None:
    estate = an_estate("    recurring: on\n")
    estate.stored = {"open_intents": {key_of("visio"): an_open_intent("contoso/visio")}}
    reply = estate.said("visio")
    assert (reply.code, "turn-off-recurring, was begun" in reply.why) == ("outcome-unknown", True)


def test_a_record_of_another_id_is_no_record_of_it() -> None:
    estate = an_estate("    recurring: on\n")
    estate.rows["visio"] = replace(estate.rows["visio"], id="s2")
    assert estate.said("visio").code == "id-mismatch"


@pytest.mark.parametrize(
    ("rows", "answer", "code"),
    [
        ({}, Answer.REFUSED, "not-found"),
        ({"status": Status.ACTIVE}, Answer.REFUSED, "vanished"),
        ({"status": Status.DELETED}, Answer.NONE, ""),
    ],
    ids=["never there", "gone", "gone after its end"],
)
def test_what_the_provider_does_not_have(rows: Any, answer: Answer, code: str) -> None:
    estate = an_estate("    recurring: on\n")
    estate.known = {"subscriptions": {}, "absent": frozenset({"s1"})}
    estate.rows = {"visio": a_stored("contoso/visio", id="s1", **rows)} if rows else {}
    reply = estate.said("visio")
    assert (reply.answer, reply.code) == (answer, code)


def test_a_renamed_one_has_its_record_under_the_former_name() -> None:
    estate = an_estate("    previously: project\n    recurring: on\n")
    estate.rows = {"project": replace(estate.rows["visio"], key=key_of("project"))}
    reply = estate.said("visio")
    assert (reply.answer, reply.lines) == (Answer.WRITE, ("recurring: off",))


def test_where_nothing_is_declared_nothing_is_held() -> None:
    estate = an_estate("")
    assert "its spec says nothing about it" in estate.said("visio").why
    assert "no file declares it" in estate.said("gone").why
    estate.texts["specs/own.yaml"] = (
        "version: 1\naccount: own\nsubscriptions:\n  a: {facts: {product: X, term: annual, start: 2026-03-01}}\n"
    )
    said = said_of(SubscriptionKey("own", "a"), estate.around())
    assert not isinstance(said, Candidate)
    assert said.why.startswith("own is no outside account")


def test_the_entry_that_holds_is_the_one_to_be_written() -> None:
    entries = "    schedule:\n    - {from: 2031-01-01, recurring: on}\n    - {from: 2026-01-05, recurring: on}\n"
    said = said_of(key_of("visio"), an_estate(entries).around())
    assert isinstance(said, Candidate)
    assert (said.rewrite.entry, str(said.reply.entry)) == (1, "2026-01-05")
    assert said.reply.notes == ("from 2031-01-01 on its schedule sets `recurring: on`",)


def test_what_is_inherited_is_named() -> None:
    (note,) = an_estate("", head="defaults: {recurring: on}\n").said("visio").notes
    assert note.startswith("it inherits `recurring: on` from specs/contoso.yaml:3:23")


def test_an_end_against_its_protection_is_told() -> None:
    notes = an_estate("    recurring: on\n    protect: true\n").said("visio").notes
    assert notes == ("it is protected, and it ends all the same: protection holds back what we do, and nobody else",)


def test_what_an_inherited_wish_leaves_ended_is_not_held() -> None:
    estate = an_estate("", RENEWS, {"status": Status.DISABLED, "recurring": OFF}, head="defaults: {recurring: on}\n")
    reply = estate.said("visio")
    assert (reply.answer, "does not bring it back" in reply.why) == (Answer.NONE, True)


def test_one_without_a_record_has_not_drifted() -> None:
    estate = Estate(an_estate("    recurring: on\n").texts, shown=an_estate("").shown)
    assert "not adopted yet" in estate.said("visio").why
