"""Renewals of settled records: the very ones that a whole plan lists, counted and summed before any is made."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.consequences import DueList
from reconciler.diagnostics import Location, Place
from reconciler.due import renewals_due
from reconciler.gist import line_of
from reconciler.model import Money, Recurring, StoredSubscription, SubscriptionKey, TermLength
from reconciler.renewals import Item, Renewals, Renewer
from reconciler.rulebook import PriceList, Rulebook
from tests.builders import NOW, PLACE, a_desired, a_stored
from tests.estates import a_desired_state, a_rulebook
from tests.sketches import HORIZON

BOOK = a_rulebook("contoso", "fabrikam", currencies={"fabrikam": "USD"})
RENEWER = Renewer(NOW, HORIZON, BOOK)
EUR = Money(1050, "EUR")
amounts = st.builds(Money, st.integers(0, 10**15), st.sampled_from(["EUR", "JPY"]))


@st.composite
def plain_rows(draw: st.DrawFn) -> StoredSubscription:
    """A plain active record that is recurring, of a term of a year or more."""
    return a_stored(
        draw(st.sampled_from(["contoso/a", "contoso/b-2", "fabrikam/a"])),
        product=draw(st.sampled_from(["SPB", "a b"])),
        length=draw(st.sampled_from([TermLength.ANNUAL, TermLength.TRIENNIAL])),
        billing=draw(st.sampled_from(TermLength)),
        start=NOW.date() - timedelta(days=draw(st.integers(0, 2000))),
        owner=draw(st.none() | st.sampled_from(["ada", "it@contoso.example"])),
        seats=draw(st.none() | st.integers(0, 10**6)),
        price=draw(st.none() | amounts),
        last_charge=draw(st.none() | amounts),
        labels={"team": "sales"},
    )


def item_of(row: StoredSubscription, book: Rulebook = BOOK) -> Item | None:
    """What is made of its line."""
    return Renewer(NOW, HORIZON, book).renewal(line_of(row), row.term.end.isoformat())


def place(file: str, name: str) -> Place:
    """Every subscription of a test stands at the same line."""
    return Location(file, 3, 5)


def unpacked(found: Renewals) -> Renewals:
    """What comes back of what is kept."""
    data, items = found.packed()
    return Renewals.unpacked(json.loads(json.dumps(data)), items)


def in_files(**files: list[StoredSubscription]) -> Renewals:
    """Renewals of these records, by file."""
    made = Renewals()
    for file, rows in files.items():
        made.add(file, [item for row in rows if (item := item_of(row)) is not None])
    return made


def a_soon(key: str, days: int = 5, **fields: Any) -> StoredSubscription:
    """A record whose year ends in so many days."""
    end = NOW.date() + timedelta(days=days)
    return a_stored(key, start=end.replace(year=end.year - 1), **fields)


@given(plain_rows())
def test_a_renewal_is_the_one_that_a_whole_plan_lists(row: StoredSubscription) -> None:
    wanted = a_desired(str(row.key), place=Location("a.yaml", 3, 5))
    whole = renewals_due({row.key: row}, a_desired_state(wanted), BOOK, NOW, HORIZON - NOW, monthly=False)
    item = item_of(row)
    found = Renewals()
    found.add("a.yaml", [] if item is None else json.loads(json.dumps([item])))
    listed = found.listed(place, None)
    assert tuple(listed) == whole
    assert (listed.sums, listed.unknown, len(listed)) == (DueList.of(whole).sums, DueList.of(whole).unknown, len(whole))


@pytest.mark.parametrize(("product", "minor"), [("SPB", 3600), ("VISIO", None)])
def test_a_price_list_is_asked_as_a_whole_plan_asks_it(product: str, minor: int | None) -> None:
    prices = PriceList({("SPB", TermLength.ANNUAL, TermLength.MONTHLY, "USD"): Money(100, "USD")}, "prices.csv")
    row = a_soon("contoso/a", product=product, billing=TermLength.MONTHLY, seats=3)
    item = item_of(row, a_rulebook("contoso", prices=prices))
    assert item is not None
    assert item[5] == minor


@pytest.mark.parametrize(
    ("end", "renews"),
    [
        (NOW, False),
        (NOW + timedelta(microseconds=1), True),
        (HORIZON, True),
        (HORIZON + timedelta(microseconds=1), False),
    ],
    ids=["now", "just after now", "at the horizon", "just after the horizon"],
)
def test_only_what_comes_after_now_and_by_the_horizon_is_one(end: Any, renews: bool) -> None:
    row = a_stored("contoso/a")
    assert (RENEWER.renewal(line_of(row), end.isoformat()) is not None) is renews


def test_both_spellings_of_an_end_say_the_same() -> None:
    line, end = line_of(a_soon("contoso/a")), (NOW + timedelta(days=5)).isoformat()
    assert RENEWER.renewal(line, end) == RENEWER.renewal(line, end.replace("+00:00", "Z"))


def test_they_are_listed_by_day_and_key_whatever_their_files() -> None:
    found = in_files(
        b=[a_soon("contoso/z", 4), a_soon("contoso/a", 9)], a=[a_soon("contoso/m", 9), a_soon("fabrikam/a", 1)]
    )
    assert [str(due.key) for due in found.listed(place, None)] == [
        "fabrikam/a", "contoso/z", "contoso/a", "contoso/m",
    ]  # fmt: skip


def test_what_is_dropped_is_counted_no_more() -> None:
    found = in_files(a=[a_soon("contoso/a", price=EUR), a_soon("contoso/b", price=EUR), a_soon("contoso/c")])
    found.drop("a", {"a", "c", "unheard of"})
    found.drop("no such file", {"b"})
    assert (found.sums, found.unknown, found.counts) == ({"EUR": 1050}, 0, {"a": 1})
    assert [due.key.name for due in found.listed(place, None)] == ["b"]
    found.drop("a", {"b"})
    assert found.listed(place, None) == ()
    assert (found.files, found.counts) == ({}, {})


def test_what_is_taken_in_once_more_is_counted_once() -> None:
    found = in_files(a=[a_soon("contoso/a", price=EUR)])
    again = [item_of(a_soon("contoso/a", price=EUR)), item_of(a_soon("contoso/b", price=EUR))]
    found.more("a", [item for item in again[1:] if item])
    found.more("b", [])
    assert (found.sums, found.counts) == ({"EUR": 2100}, {"a": 2})


def test_a_narrowed_list_counts_and_sums_what_it_holds() -> None:
    found = in_files(a=[a_soon("contoso/a", price=EUR), a_soon("contoso/b")], b=[a_soon("fabrikam/a", price=EUR)])

    def chosen(file: str, key: SubscriptionKey) -> bool:
        return file == "a" and key.name != "b"

    listed = found.listed(place, chosen)
    assert (len(listed), listed.sums, listed.unknown) == (1, {"EUR": 1050}, 0)
    assert [str(due.key) for due in listed] == ["contoso/a"]


def test_a_list_that_was_made_stays_as_it_was() -> None:
    found = in_files(a=[a_soon("contoso/a", price=EUR)])
    listed = found.listed(place, None)
    found.drop("a", {"a"})
    found.add("b", [item for item in [item_of(a_soon("contoso/b", price=Money(1, "JPY")))] if item])
    assert [str(due.key) for due in listed] == ["contoso/a"]
    assert (listed.sums, len(listed)) == ({"EUR": 1050}, 1)


@given(st.lists(plain_rows(), max_size=4))
def test_they_are_the_same_after_packing(rows: list[StoredSubscription]) -> None:
    found = in_files(a=rows[:2], b=rows[2:])
    again = unpacked(found)
    assert again == found
    assert again.listed(place, None) == found.listed(place, None)


def test_a_sum_may_be_more_than_64_bits() -> None:
    found = Renewals()
    item = item_of(a_soon("contoso/a", seats=10**6, price=Money(10**9, "EUR")))
    assert item is not None
    assert item[5] == 10**15
    found.add("a", [[*item[:1], f"s{number}", *item[2:]] for number in range(20_000)])
    assert found.sums["EUR"] > 1 << 64
    assert unpacked(found) == found


def test_the_place_is_looked_for_only_where_somebody_looks() -> None:
    asked = []

    def looked(file: str, name: str) -> Place:
        asked.append((file, name))
        return PLACE

    listed = in_files(a=[a_soon("contoso/a", recurring=Recurring.ON)]).listed(looked, None)
    assert (len(listed), asked) == (1, [])
    assert listed[0].place == PLACE
    assert asked == [("a", "a")]


def test_the_day_of_a_renewal_is_that_of_utc() -> None:
    item = RENEWER.renewal(line_of(a_stored()), "2026-12-01T00:00:00Z")
    assert item is not None
    assert date.fromisoformat(item[3]) == date(2026, 12, 1)


@given(st.lists(st.sampled_from("abc"), max_size=4), st.lists(st.sampled_from("abc"), max_size=4))
def test_two_that_are_joined_are_as_if_all_had_been_added_to_one(first: list[str], second: list[str]) -> None:
    def renewals(files: list[str], begin: int) -> Renewals:
        made = Renewals()
        for number, file in enumerate(files, begin):
            item = item_of(a_soon(f"contoso/s-{number}", seats=number, price=Money(5, "EUR") if number % 2 else None))
            assert item is not None
            made.more(file, [item])
        return made

    joined, whole = renewals(first, 1), renewals([*first, *second], 1)
    joined.join(renewals(second, 1 + len(first)))
    assert {file: joined.items(file) for file in joined.files} == {file: whole.items(file) for file in whole.files}
    assert (joined.counts, +joined.sums, +joined.numbers, joined.unknown) == (
        whole.counts, +whole.sums, +whole.numbers, whole.unknown,
    )  # fmt: skip


def test_sums_are_told_anew_when_too_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.renewals._REMEMBERED", 2)
    teller = Renewer(NOW, HORIZON, BOOK)
    rows = [a_soon("contoso/a", seats=number, price=Money(7, "EUR")) for number in (1, 2, 3, 1)]
    assert [teller.renewal(line_of(row), row.term.end.isoformat()) for row in rows] == [*map(item_of, rows)]
