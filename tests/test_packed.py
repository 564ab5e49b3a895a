"""What is unpacked equals what was packed, in the same order, whatever is asked of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.changes import Change, Kind, Risk, picked, traits_of
from reconciler.consequences import Amount, Basis, Charge, Impact, Refund
from reconciler.diagnostics import Location
from reconciler.model import Money, SubscriptionKey, TermLength
from reconciler.packed import Packed, Run, Unpacking
from reconciler.plan import Bindings, Plan, fingerprint
from reconciler.spec.positions import Document, SpecPlace

FILE = Document("specs/a.yaml", "subscriptions:\n  a: {}\n")
ZONE = ZoneInfo("Europe/Helsinki")
NOWHERE = Location("")

texts = st.text(st.characters(codec="utf-8"), max_size=8)
days = st.dates(date(1970, 1, 1), date(9000, 1, 1))
instants = st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
maybe = st.none
moneys = st.builds(Money, st.integers(-(2**62), 2**66), st.sampled_from(["EUR", "JPY"]))
amounts = st.builds(Amount, maybe() | moneys, st.sampled_from(Basis), texts)
charges = st.builds(Charge, amounts, days, st.sampled_from(TermLength), st.booleans())
refunds = st.builds(Refund, amounts, texts, texts)
values = texts | st.integers(0, 2**40) | st.booleans() | maybe() | st.dictionaries(texts, texts, max_size=2)
places = st.one_of(
    st.builds(Location, st.just("specs/b.yaml"), st.integers(1, 99), st.integers(1, 99)),
    st.builds(SpecPlace, st.just(FILE), st.tuples(texts, st.integers(0, 9)), st.booleans()),
)

_DAYS = ("term_start", "term_end", "renews", "last_day", "data_deleted", "data_gone_by")


@st.composite
def impacts(draw: st.DrawFn) -> Impact:
    ends = draw(maybe() | instants)
    fields: dict[str, Any] = {
        **{name: draw(maybe() | days) for name in _DAYS},
        **{name: draw(maybe() | instants) for name in ("reversible_until", "window_closes")},
        **{name: draw(maybe() | amounts) for name in ("value", "weighed", "extension")},
        **{name: tuple(draw(st.lists(texts, max_size=2))) for name in ("side_effects", "unknown")},
    }
    return Impact(
        access_ends=ends,
        access_ends_local=None if ends is None else draw(st.sampled_from([None, ends.astimezone(ZONE)])),
        expired_days=draw(maybe() | st.integers(0, 99)),
        charge=draw(maybe() | charges),
        refund=draw(maybe() | refunds),
        instead_of=draw(maybe() | texts),
        **fields,
    )


changes = st.builds(
    Change,
    st.builds(SubscriptionKey, st.sampled_from(["contoso", "fabrikam"]), texts),
    st.sampled_from(Kind),
    st.dictionaries(texts, values, max_size=3),
    st.dictionaries(texts, values, max_size=3),
    places,
    st.sampled_from(Risk),
    maybe() | texts,
    maybe() | texts,
    texts,
    st.booleans(),
    st.booleans(),
    maybe() | impacts(),
    maybe() | texts,
)


def packed(*runs: list[Change]) -> Packed:
    return Packed([Run.of(run) for run in runs if run], Unpacking({"specs/a.yaml": FILE}.__getitem__, ZONE))


def in_order(items: list[Change]) -> list[Change]:
    return sorted(items, key=lambda change: change.key)


def a_change(name: str, **fields: Any) -> Change:
    given = {"kind": Kind.UPDATE, "before": {}, "after": {"seats": 2}, "place": Location("specs/b.yaml", 2, 3)}
    return Change(SubscriptionKey("contoso", name), **{**given, **fields})


@given(st.lists(changes, max_size=6))
def test_it_holds_what_it_was_given(items: list[Change]) -> None:
    items = in_order(items)
    found = packed(items)
    assert list(found) == items
    assert found == tuple(items)
    assert len(found) == len(items)
    assert traits_of(found) == traits_of(items)
    assert fingerprint("lineage", found) == fingerprint("lineage", items)
    assert [change.impact and change.impact.access_ends_local for change in found] == [
        change.impact and change.impact.access_ends_local for change in items
    ]


@given(st.lists(st.lists(st.integers(0, 400), max_size=150), max_size=5), st.integers(1, 3))
def test_runs_that_overlap_come_in_the_order_of_the_keys(groups: list[list[int]], each: int) -> None:
    names = [[f"{number:03}-{at}" for number in sorted(set(group))] for at, group in enumerate(groups)]
    runs = [[a_change(name, reason=str(turn)) for name in sorted(group) for turn in range(each)] for group in names]
    assert list(packed(*runs)) == in_order([change for run in runs for change in run])


def test_some_of_them_are_picked_by_what_they_are_counted_by() -> None:
    items = [a_change(f"{number:04}", kind=Kind.CORRECT if number % 3 else Kind.UPDATE) for number in range(500)]
    found = packed(items[:200], items[200:])
    assert picked(found, lambda trait: trait.kind is Kind.UPDATE) == picked(items, lambda t: t.kind is Kind.UPDATE)
    some = picked(found, lambda trait: trait.kind is Kind.CORRECT)
    assert len(some) == len(list(some)) == sum(item.kind is Kind.CORRECT for item in items)
    assert not picked(some, lambda trait: trait.kind is Kind.UPDATE)
    assert len(picked(some, lambda trait: trait.account == "contoso")) == len(some)


def test_one_is_taken_by_its_number_and_several_by_a_slice() -> None:
    items = [a_change(f"{number:04}") for number in range(150)]
    found = packed(items)
    assert (found[0], found[-1], found[70]) == (items[0], items[-1], items[70])
    assert found[60:70] == tuple(items[60:70])
    assert found[::-7] == tuple(items[::-7])
    assert found[90:10] == ()
    with pytest.raises(IndexError):
        found[150]


def test_it_is_small_where_changes_are_alike() -> None:
    run = Run.of([a_change(f"subscription-{number:06}") for number in range(1_000)])
    assert sum(len(piece) for piece in run.pieces) < 60 * 1_000
    assert all(isinstance(piece, bytes) for piece in run.pieces)


def test_what_json_cannot_say_stays_a_value() -> None:
    large = Impact(value=Amount(Money(2**70, "EUR"), Basis.DECLARED))
    run = Run.of([a_change("a", impact=large)])
    assert run.pieces == [(a_change("a", impact=large),)]
    assert list(Packed([run], Unpacking(dict[str, Document]().__getitem__))) == [a_change("a", impact=large)]


def test_it_is_compared_like_any_sequence() -> None:
    items = [a_change("a"), a_change("b")]
    assert packed(items) == packed(items)
    assert hash(packed(items)) == hash(packed(items))
    assert packed(items) != tuple(items[:1])
    assert packed(items) != [items[0], items[0]]
    assert packed(items) != 7
    assert packed() == ()
    assert hash(packed()) == hash(packed())


def test_a_plan_of_them_counts_without_looking_at_any() -> None:
    found = packed([a_change("a"), a_change("b", kind=Kind.CORRECT)])
    plan = Plan(datetime(2026, 1, 1, tzinfo=UTC), Bindings("", "", None, 0), changes=found)
    assert plan.counts == {"update": 1, "correct": 1}


@given(st.lists(changes, max_size=9))
def test_a_bare_walk_leaves_out_what_follows_and_nothing_else(items: list[Change]) -> None:
    ordered = in_order(items)
    found = packed(ordered[::2], ordered[1::2])
    assert [replace(change, impact=None) for change in found.bare()] == [
        replace(change, impact=None) for change in found
    ]
    assert fingerprint("0b9a", found) == fingerprint("0b9a", tuple(found))


@given(st.lists(changes, min_size=1, max_size=9))
def test_located_ones_say_where_they_stood_whatever_the_file_says_now(items: list[Change]) -> None:
    ordered = in_order(items)
    found = Packed([Run.of(ordered, located=True)], Unpacking(dict[str, Document]().__getitem__, ZONE))
    assert [(change.place.location, replace(change, place=NOWHERE)) for change in found] == [
        (change.place.location, replace(change, place=NOWHERE)) for change in ordered
    ]


def test_located_ones_say_so_even_where_they_cannot_be_packed() -> None:
    place = SpecPlace(FILE, ("subscriptions", "a"), True)
    enormous = Impact(value=Amount(Money(10**30, "EUR"), Basis.LAST_CHARGE, ""))
    change = replace(a_change("a"), place=place, impact=enormous)
    (found,) = Packed([Run.of([change], located=True)], Unpacking(dict[str, Document]().__getitem__, ZONE))
    assert (found.place, found.impact) == (Location("specs/a.yaml", 2, 3), enormous)
