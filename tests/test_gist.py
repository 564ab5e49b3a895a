"""Gists: the one line of what is plainly declared, the line of its record, and what stands in for it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.draft import Draft
from reconciler.gist import (
    ID,
    LABELS,
    OWNER,
    PROTECTED,
    SEATS,
    SEPARATOR,
    UNSAID,
    Asked,
    digest,
    gaps_of,
    gist_of,
    line_of,
    said,
    stand_in,
    unsilenced,
    without,
)
from reconciler.model import (
    Cancel,
    Decision,
    DesiredSubscription,
    Facts,
    Intent,
    Money,
    Recurring,
    ScheduledIntent,
    StoredSubscription,
    TermLength,
)
from reconciler.stored import WHOLE, Silence
from tests.builders import NOW, PLACE, START, a_desired, a_key, a_stored
from tests.estates import a_desired_state, a_rulebook, a_stored_state

FACTS = Facts("CFQ7TTC0HD32", TermLength.ANNUAL, None, START)
ON, OFF, UNMANAGED = Recurring.ON, Recurring.OFF, None

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
amounts = st.builds(Money, st.integers(0, 10**9), st.sampled_from(["EUR", "JPY", "KWD"]))


@st.composite
def declarations(draw: st.DrawFn) -> DesiredSubscription:
    """Any plain declaration, and many that are not."""
    own = draw(st.booleans())
    pair = draw(st.sampled_from([None, *Recurring])), draw(st.sampled_from([None, *Cancel]))
    return a_desired(
        recurring=pair[0],
        cancel=pair[1],
        own=own,
        facts=Facts(
            draw(texts),
            draw(st.sampled_from(TermLength)),
            draw(st.none() | st.sampled_from(TermLength)),
            draw(st.dates(date(2025, 1, 1), date(2026, 11, 1))),
            draw(st.none() | st.integers(0, 10**6)),
            draw(st.none() | amounts),
            draw(st.none() | amounts),
        ),
        id=draw(st.none() | texts),
        owner=draw(st.none() | texts),
        labels=draw(st.none() | st.dictionaries(texts, texts, max_size=2)),
        protect=draw(st.sampled_from([None, False, True])),
        protect_own=draw(st.booleans()),
    )


def asked_for(wanted: DesiredSubscription, **others: Any) -> StoredSubscription:
    """The record that has all that is declared; what is not said is as given, or as a record has it first."""
    facts, intent = wanted.facts, wanted.intent
    fields: dict[str, Any] = {
        "product": facts.product,
        "length": facts.term,
        "billing": facts.billing or facts.term,
        "start": facts.start,
        "seats": facts.seats,
        "price": facts.price,
        "last_charge": facts.last_charge,
        "id": wanted.id,
        "owner": wanted.owner,
        "labels": wanted.labels,
        "protected": wanted.protect is True,
        "declared": intent is not None,
    }
    if intent is not None and intent.recurring is not None:
        fields["recurring"] = intent.recurring
    if intent is not None and intent.cancel is Cancel.AT_RENEWAL:
        fields |= {"cancellation": Cancel.AT_RENEWAL, "recurring": OFF}
    found = {name: value for name, value in fields.items() if value is not None}
    return a_stored(str(wanted.key), **(others | found))


def the_gist(wanted: DesiredSubscription) -> tuple[str, Asked]:
    """Of what is plain."""
    found = gist_of(wanted)
    assert found is not None
    return found


def matches(wanted: DesiredSubscription, row: StoredSubscription) -> bool:
    """Whether the record has the gist, as a sieve compares."""
    line, asked = the_gist(wanted)
    return without(line_of(row), gaps_of(asked.unsaid)) == line


@given(wanted=declarations(), owner=texts, seats=st.integers(1, 9))
def test_a_record_that_has_a_gist_needs_no_change(wanted: DesiredSubscription, owner: str, seats: int) -> None:
    assume(gist_of(wanted) is not None)
    row = asked_for(wanted, owner=owner, seats=seats, labels={"kept": "by hand"}, id="7f3a")
    assert matches(wanted, row)
    draft = Draft(NOW, a_desired_state(wanted), a_stored_state(row), a_rulebook("contoso"))
    draft.consider(wanted)
    assert (draft.unchanged, list(draft.diagnostics)) == (1, [])


@given(wanted=declarations(), owner=texts)
def test_what_stands_in_has_the_same_gist_and_says_the_same(wanted: DesiredSubscription, owner: str) -> None:
    found = gist_of(wanted)
    assume(found is not None)
    assert found is not None
    stands = stand_in(asked_for(wanted, owner=owner, seats=3, price=Money(5, "EUR")), found[1], PLACE)
    assert gist_of(stands) == found
    assert (stands.owner, stands.labels, stands.id) == (wanted.owner, wanted.labels, wanted.id)
    assert (stands.protect, stands.protect_own, stands.place) == (wanted.protect, wanted.protect_own, PLACE)
    assert (stands.facts.seats, stands.facts.price, stands.facts.last_charge) == (
        (wanted.facts.seats, wanted.facts.price, wanted.facts.last_charge)
    )


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"previously": "visio"}, id="it had another name"),
        pytest.param({"schedule": (ScheduledIntent(START, Intent(ON, None, PLACE)),)}, id="dated intents"),
        pytest.param({"decided": Decision(START, "ada", None, PLACE)}, id="a decision"),
        pytest.param({"recurring": ON, "confirm": "visio"}, id="a confirmation"),
        pytest.param({"cancel": Cancel.IMMEDIATELY}, id="cancelled at once"),
        pytest.param({"recurring": ON, "cancel": Cancel.AT_RENEWAL}, id="a pair that is at odds"),
        pytest.param({"facts": Facts(None, TermLength.ANNUAL, None, START)}, id="no product"),
        pytest.param({"facts": Facts("SPB", None, None, START)}, id="no term"),
        pytest.param({"facts": Facts("SPB", TermLength.ANNUAL, None, None)}, id="no start"),
        pytest.param({"intent": Intent(OFF, None, PLACE, on_blocked=Cancel.NONE)}, id="another way where barred"),
    ],
)
def test_what_is_not_plain_has_no_gist(fields: dict[str, Any]) -> None:
    assert gist_of(a_desired(**fields)) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"product": "SPB"}, {"length": TermLength.MONTHLY}, {"billing": TermLength.MONTHLY}, {"owner": "bob"},
        {"labels": {"team": "sales"}}, {"labels": {}}, {"protected": False}, {"declared": False}, {"recurring": OFF},
        {"cancellation": Cancel.AT_RENEWAL}, {"start": date(2026, 3, 2)}, {"seats": 6}, {"seats": None},
        {"price": Money(2060, "USD")}, {"price": Money(2061, "EUR")}, {"price": None}, {"last_charge": None},
        {"last_charge": Money(1, "JPY")}, {"id": "7f3b"}, {"id": None},
    ],
    ids=str,
)  # fmt: skip
def test_each_column_that_differs_makes_another_line(fields: dict[str, Any]) -> None:
    wanted = a_desired(
        recurring=ON,
        facts=Facts("CFQ7TTC0HD32", TermLength.ANNUAL, None, START, 7, Money(2060, "EUR"), Money(9, "EUR")),
        owner="ada",
        labels={"team": "law"},
        protect=True,
        id="7f3a",
    )
    row = asked_for(wanted)
    assert matches(wanted, row)
    assert not matches(wanted, a_stored(**{name: getattr(row, name) for name in _OF_A_LINE} | fields))


_OF_A_LINE = (
    "product length billing owner labels protected declared recurring cancellation start seats price last_charge id"
).split()


@pytest.mark.parametrize(
    ("fields", "bits"),
    [
        ({}, OWNER | LABELS | PROTECTED | ID | SEATS),
        ({"owner": "ada"}, LABELS | PROTECTED | ID | SEATS),
        ({"labels": {}}, OWNER | PROTECTED | ID | SEATS),
        ({"protect": True}, OWNER | LABELS | ID | SEATS),
        ({"protect": False, "protect_own": True}, OWNER | LABELS | ID | SEATS),
        ({"protect": False}, OWNER | LABELS | PROTECTED | ID | SEATS),
        ({"id": "7f3a"}, OWNER | LABELS | PROTECTED | SEATS),
        ({"facts": Facts("SPB", TermLength.ANNUAL, None, START, 0)}, OWNER | LABELS | PROTECTED | ID),
    ],
    ids=str,
)
def test_what_is_not_said_is_left_out(fields: dict[str, Any], bits: int) -> None:
    line, asked = the_gist(a_desired(**fields))
    assert asked.unsaid & (OWNER | LABELS | PROTECTED | ID | SEATS) == bits
    assert [at for at, value in enumerate(line.split(SEPARATOR)) if value == UNSAID] == list(gaps_of(asked.unsaid))


@pytest.mark.parametrize(
    ("recurring", "cancel", "row", "content"),
    [
        (ON, None, {"recurring": ON}, True),
        (ON, None, {"recurring": OFF}, False),
        (OFF, None, {"recurring": OFF}, True),
        (OFF, None, {"recurring": OFF, "cancellation": Cancel.AT_RENEWAL}, False),
        (None, Cancel.NONE, {"recurring": OFF}, True),
        (None, Cancel.NONE, {"recurring": ON}, True),
        (None, Cancel.NONE, {"recurring": OFF, "cancellation": Cancel.AT_RENEWAL}, False),
        (None, Cancel.AT_RENEWAL, {"recurring": OFF, "cancellation": Cancel.AT_RENEWAL}, True),
        (OFF, Cancel.AT_RENEWAL, {"recurring": OFF, "cancellation": Cancel.NONE}, False),
    ],
    ids=str,
)
def test_a_pair_is_compared_with_what_it_asks_for(
    recurring: Recurring | None, cancel: Cancel | None, row: dict[str, Any], content: bool
) -> None:
    assert matches(a_desired(recurring=recurring, cancel=cancel), a_stored(declared=True, **row)) is content


def test_without_a_pair_a_record_is_as_asked_for_whatever_it_does_unless_one_was_declared() -> None:
    for recurring in Recurring:
        assert matches(a_desired(), a_stored(recurring=recurring))
        assert not matches(a_desired(), a_stored(recurring=recurring, declared=True))


def test_two_keys_never_have_one_digest() -> None:
    lines = [line_of(a_stored(key)) for key in ("contoso/a", "contoso/b", "fabrikam/a")]
    assert len({digest(line) for line in lines}) == 3
    assert {len(digest(line)) for line in lines} == {16}


def test_a_value_that_holds_a_separator_is_never_taken_for_two() -> None:
    row = a_stored(owner=f"ada{SEPARATOR}{{}}{SEPARATOR}0")
    assert not matches(a_desired(owner="ada"), row)
    assert not matches(a_desired(), row)


def test_a_line_begins_with_its_key() -> None:
    assert line_of(a_stored("contoso/a")).split(SEPARATOR)[0] == str(a_key("contoso/a"))


few = st.fixed_dictionaries(
    {
        "owner": st.sampled_from([None, "ada"]),
        "id": st.sampled_from([None, "7f3a"]),
        "recurring": st.sampled_from([None, *Recurring]),
        "cancel": st.sampled_from([None, Cancel.NONE, Cancel.AT_RENEWAL]),
        "labels": st.sampled_from([None, {}, {"team": "sales"}]),
        "protect": st.sampled_from([None, True, False]),
        "seats": st.sampled_from([None, 0]),
        "price": st.sampled_from([None, Money(5, "EUR")]),
        "last_charge": st.sampled_from([None, Money(7, "EUR")]),
    }
)
"""What a subscription says, or its record: often the same."""


@given(few, few, st.integers(0, 511), st.booleans())
def test_a_line_told_in_silence_matches_just_what_the_whole_line_matches(
    wants: dict[str, Any], has: dict[str, Any], others: int, declared: bool
) -> None:
    facts = Facts(
        "SPB", TermLength.ANNUAL, None, START, *(wants.pop(name) for name in ("seats", "price", "last_charge"))
    )
    gist = gist_of(a_desired(facts=facts, own=True, protect_own=True, **wants))
    assume(gist is not None)
    assert gist is not None
    line, asked = gist
    row = a_stored(
        product="SPB", length=TermLength.ANNUAL, billing=TermLength.ANNUAL, declared=declared,
        recurring=has.pop("recurring") or Recurring.ON, cancellation=has.pop("cancel") or Cancel.NONE,
        protected=bool(has.pop("protect")), labels=has.pop("labels") or {}, **has,
    )  # fmt: skip
    silence = Silence(asked.unsaid & others, (asked.unsaid | others) & ~(asked.unsaid & others))
    told = said(line_of(row), silence)
    again = without(unsilenced(told, silence), gaps_of(asked.unsaid))
    assert (without(line_of(row), gaps_of(asked.unsaid)) == line) is (line in (told, again))
    assert said(told, silence) == told


def test_what_is_no_line_is_told_as_it_is() -> None:
    assert said("odd", Silence(OWNER, ID)) == unsilenced("odd", Silence(OWNER, ID)) == "odd"
    assert said(line_of(a_stored()), WHOLE) == line_of(a_stored())
