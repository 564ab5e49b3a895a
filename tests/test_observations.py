"""What was seen goes to JSON and comes back the same; whatever else is read is refused, and never taken for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.changes import Kind
from reconciler.model import Cancel, Money, Recurring, Status, Term, TermLength
from reconciler.observations import from_values, obstacle_from_values, obstacle_to_values, to_values
from reconciler.observed import BOTH_ENDS, Capabilities, ObservedSubscription, Obstacle
from tests.builders import NOW

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
whole = st.integers(-(1 << 63), (1 << 63) - 1)
zones = st.just(UTC) | st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=zones)  # noqa: DTZ001 - the zone follows
days = st.dates()
terms = st.builds(Term, instants, instants)
amounts = st.builds(Money, whole, texts)
obstacles = st.builds(Obstacle, texts, texts, texts)
kinds = st.sampled_from(Kind)
capabilities = st.builds(
    Capabilities,
    st.just(BOTH_ENDS) | st.frozensets(kinds, max_size=3),
    st.dictionaries(kinds, obstacles, max_size=2),
)


@st.composite
def observations(draw: st.DrawFn, id: st.SearchStrategy[str] = texts) -> ObservedSubscription:
    """Anything that a provider may show."""
    return ObservedSubscription(
        id=draw(id),
        product=draw(texts),
        status=draw(st.sampled_from(Status)),
        provider_status=draw(texts),
        recurring=draw(st.sampled_from(Recurring)),
        cancellation=draw(st.sampled_from(Cancel)),
        term=draw(st.none() | terms),
        length=draw(st.none() | st.sampled_from(TermLength)),
        billing=draw(st.none() | st.sampled_from(TermLength)),
        started=draw(st.none() | days),
        product_name=draw(texts),
        display_name=draw(texts),
        seats=draw(st.none() | whole),
        price=draw(st.none() | amounts),
        last_charge=draw(st.none() | amounts),
        requested_at=draw(st.none() | instants),
        effective_at=draw(st.none() | instants),
        cancel_now_until=draw(st.none() | instants),
        revision=draw(st.none() | texts),
        busy=draw(st.none() | texts),
        capabilities=draw(capabilities),
        notes=tuple(draw(st.lists(texts, max_size=2))),
    )


BARE = ObservedSubscription("6f0d", "CFQ7TTC0HD32", Status.ACTIVE, "Active", Recurring.ON, Cancel.NONE)
"""What a provider must say, and nothing more."""
FULL = replace(
    BARE,
    term=Term(NOW, NOW + timedelta(days=365, microseconds=5)),
    length=TermLength.ANNUAL,
    billing=TermLength.MONTHLY,
    started=date(2026, 3, 1),
    product_name="Visio Plan 2",
    display_name="Visio of sales",
    seats=7,
    price=Money(2060, "EUR"),
    last_charge=Money(-14420, "EUR"),
    requested_at=NOW,
    effective_at=NOW,
    cancel_now_until=NOW,
    revision="",
    busy="locked",
    capabilities=Capabilities(
        frozenset({Kind.TURN_OFF}),
        {
            Kind.CANCEL_NOW: Obstacle("past-cancellation-window", "closed", "cancel at renewal"),
            Kind.FORGET: Obstacle("x", "y"),
        },
    ),
    notes=("collection is paused", ""),
)
WRITTEN: dict[str, Any] = {
    "id": "6f0d",
    "product": "CFQ7TTC0HD32",
    "status": "active",
    "provider_status": "Active",
    "recurring": "on",
    "cancellation": "none",
    "term": {"start": "2026-11-23T12:00:00Z", "end": "2027-11-23T12:00:00.000005Z"},
    "length": "annual",
    "billing": "monthly",
    "started": "2026-03-01",
    "product_name": "Visio Plan 2",
    "display_name": "Visio of sales",
    "seats": 7,
    "price": {"minor": 2060, "currency": "EUR"},
    "last_charge": {"minor": -14420, "currency": "EUR"},
    "requested_at": "2026-11-23T12:00:00Z",
    "effective_at": "2026-11-23T12:00:00Z",
    "cancel_now_until": "2026-11-23T12:00:00Z",
    "revision": "",
    "busy": "locked",
    "capabilities": {
        "ends": ["turn-off-recurring"],
        "barred": {
            "cancel-now": {"code": "past-cancellation-window", "detail": "closed", "hint": "cancel at renewal"},
            "forget": {"code": "x", "detail": "y"},
        },
    },
    "notes": ["collection is paused", ""],
}


@given(observations())
def test_whatever_was_seen_is_read_back_the_same_and_spelled_in_one_way(seen: ObservedSubscription) -> None:
    values = orjson.loads(orjson.dumps(to_values(seen)))
    back = from_values(values)
    assert back == seen
    assert to_values(back) == values == to_values(seen)


def test_every_field_is_written_under_its_own_name() -> None:
    assert to_values(FULL) == WRITTEN
    assert WRITTEN.keys() == {field.name for field in fields(ObservedSubscription)}
    assert from_values(WRITTEN) == FULL


def test_what_is_as_usual_is_not_written() -> None:
    required = ("id", "product", "status", "provider_status", "recurring", "cancellation")
    assert to_values(BARE) == {name: WRITTEN[name] for name in required}


def test_instants_come_back_in_utc() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=12, minutes=45)))
    (back,) = {from_values(to_values(replace(BARE, requested_at=moment))).requested_at for moment in (NOW, there)}
    assert back is not None
    assert (back, back.tzinfo) == (NOW, UTC)


class Theirs(StrEnum):
    """An SDK's own kind of text."""

    ACTIVE = "Active"


def test_an_enumeration_of_an_sdk_becomes_plain_text() -> None:
    values = to_values(replace(BARE, provider_status=Theirs.ACTIVE))
    assert type(values["provider_status"]) is str
    assert from_values(values) == BARE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("id", 7, id="a number for a text"),
        pytest.param("id", None, id="no id"),
        pytest.param("product_name", None, id="none for an empty text"),
        pytest.param("status", "aktiv", id="an unknown word"),
        pytest.param("status", ["active"], id="a list for a word"),
        pytest.param("term", NOW, id="an instant for a term"),
        pytest.param("term", Term(NOW, None), id="half a term"),  # type: ignore[arg-type]
        pytest.param("started", NOW, id="an instant for a day"),
        pytest.param("started", "2026-03-01", id="a text for a day"),
        pytest.param("seats", True, id="a flag for a number"),
        pytest.param("seats", 7.0, id="a fraction"),
        pytest.param("seats", 1 << 63, id="a number over 64 bits"),
        pytest.param("price", 2060, id="a number for money"),
        pytest.param("price", Money(2060, None), id="money of no currency"),  # type: ignore[arg-type]
        pytest.param("requested_at", NOW.replace(tzinfo=None), id="an instant of no time zone"),
        pytest.param("requested_at", date(2026, 3, 1), id="a day for an instant"),
        pytest.param(
            "requested_at", datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))), id="an instant before all days"
        ),
        pytest.param("capabilities", None, id="no capabilities"),
        pytest.param("capabilities", Capabilities(frozenset({"stop"})), id="an unknown end"),  # type: ignore[arg-type]
        pytest.param("capabilities", Capabilities(barred={Kind.TURN_ON: "no"}), id="a text for an obstacle"),  # type: ignore[dict-item]
        pytest.param("notes", "a text", id="a text for texts"),
        pytest.param("notes", ("a", None), id="a note that is none"),
    ],
)
def test_what_a_provider_must_not_hand_out_is_named_and_not_written(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{name}: "):
        to_values(replace(BARE, **{name: value}))


def in_values(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """What is written of FULL, changed."""
    values: dict[str, Any] = orjson.loads(orjson.dumps(WRITTEN))
    change(values)
    return values


@pytest.mark.parametrize(
    ("change", "name"),
    [
        pytest.param(lambda it: it.update(colour="red"), "colour", id="an unknown field"),
        pytest.param(lambda it: it.pop("status"), "status", id="a field too few"),
        pytest.param(lambda it: it.update(term=None), "term", id="what is none is not written"),
        pytest.param(lambda it: it.update(product_name=""), "product_name", id="nor is an empty name"),
        pytest.param(lambda it: it.update(display_name=""), "display_name", id="nor the other one"),
        pytest.param(lambda it: it.update(notes=[]), "notes", id="nor no notes"),
        pytest.param(lambda it: it.update(notes="ab"), "notes", id="a text for texts"),
        pytest.param(lambda it: it.update(notes=[1]), "notes", id="a number for a note"),
        pytest.param(lambda it: it.update(id=7), "id", id="a number for a text"),
        pytest.param(lambda it: it.update(status="aktiv"), "status", id="an unknown word"),
        pytest.param(lambda it: it.update(status=[]), "status", id="a list for a word"),
        pytest.param(lambda it: it.update(seats=True), "seats", id="a flag for a number"),
        pytest.param(lambda it: it.update(seats=1 << 63), "seats", id="a number over 64 bits"),
        pytest.param(lambda it: it.update(started="20260301"), "started", id="a day spelled otherwise"),
        pytest.param(lambda it: it.update(started="2026-02-30"), "started", id="no day"),
        pytest.param(lambda it: it.update(requested_at="2026-11-23"), "requested_at", id="a day for an instant"),
        pytest.param(
            lambda it: it.update(requested_at="2026-11-23T13:00:00+01:00"), "requested_at", id="another time zone"
        ),
        pytest.param(
            lambda it: it.update(requested_at="2026-11-23T12:00:00.000Z"), "requested_at", id="needless digits"
        ),
        pytest.param(lambda it: it.update(term=[]), "term", id="a list for a term"),
        pytest.param(lambda it: it["term"].update(x=1), "term", id="a term with more"),
        pytest.param(lambda it: it["price"].pop("minor"), "price", id="money of no amount"),
        pytest.param(lambda it: it["price"].update(minor=1.5), "price", id="half a cent"),
        pytest.param(lambda it: it.update(capabilities={}), "capabilities", id="capabilities as usual"),
        pytest.param(lambda it: it["capabilities"].update(x=1), "capabilities", id="capabilities with more"),
        pytest.param(lambda it: it["capabilities"].update(barred={}), "capabilities", id="nothing barred"),
        pytest.param(
            lambda it: it["capabilities"].update(barred={"stop": {"code": "", "detail": ""}}),
            "capabilities",
            id="an unknown verb barred",
        ),
        pytest.param(
            lambda it: it["capabilities"].update(ends=["turn-off-recurring", "cancel-at-renewal"]),
            "capabilities",
            id="the usual ends",
        ),
        pytest.param(
            lambda it: it["capabilities"].update(ends=["turn-off-recurring"] * 2), "capabilities", id="an end twice"
        ),
        pytest.param(lambda it: it["capabilities"].update(ends={}), "capabilities", id="no list of ends"),
        pytest.param(lambda it: it["capabilities"].update(ends=7), "capabilities", id="a number for ends"),
    ],
)
def test_what_was_not_written_by_this_is_refused_by_its_name(
    change: Callable[[dict[str, Any]], object], name: str
) -> None:
    with pytest.raises(ValueError, match=f"^{name}: "):
        from_values(in_values(change))


@pytest.mark.parametrize("values", [None, [], "text", 7])
def test_what_is_no_object_is_nothing_that_was_seen(values: object) -> None:
    with pytest.raises(ValueError, match="no JSON object"):
        from_values(values)


@given(obstacles)
def test_an_obstacle_is_read_back(why: Obstacle) -> None:
    assert obstacle_from_values(orjson.loads(orjson.dumps(obstacle_to_values(why)))) == why


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"code": "x"}, id="no detail"),
        pytest.param({"code": "x", "detail": "y", "hint": ""}, id="an empty hint"),
        pytest.param({"code": "x", "detail": "y", "hint": 7}, id="a number for a hint"),
        pytest.param({"code": "x", "detail": None}, id="none for a text"),
        pytest.param({"code": "x", "detail": "y", "more": "z"}, id="more than there is"),
        pytest.param({"code": "x", "detail": "y", "hint": "z", "more": "z"}, id="more beside a hint"),
        pytest.param([], id="no object"),
    ],
)
def test_what_is_no_obstacle_is_refused(values: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        obstacle_from_values(values)
