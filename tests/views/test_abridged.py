"""What is shown of very many: all of few, the worst of many, and what is final all but whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconciler.changes import Change, Kind
from reconciler.views.abridged import FEW, MANY, WHOLE, first_few, parted, rest_of, sums, tallied, where
from reconciler.views.words import Group
from tests.builders import a_change
from tests.views.cases import TURNED_OFF, cancel_now, key, one_of_each, turn_off


def many(count: int, account: str = "contoso") -> list[Change]:
    """So many that are turned off, the last of them the first that cannot be undone any more."""
    days = [datetime(2027, 1, 1 + (count - number) % 28, tzinfo=UTC) for number in range(count)]
    impacts = [replace(TURNED_OFF, reversible_until=day) for day in days]
    return [turn_off(f"{account}/n{number:05}", impact=impact) for number, impact in enumerate(impacts)]


def test_of_few_all_are_shown_by_key_in_the_order_of_the_groups() -> None:
    parts = parted(reversed(one_of_each()))
    assert [part.group for part in parts] == [group for group in Group if group in {part.group for part in parts}]
    for part in parts:
        assert list(part.shown) == sorted(part.shown, key=lambda change: (change.key, change.kind.rank))
        assert len(part.shown) + sum(count for _, _, count in part.counts) == len(part.members)
        assert part.left == 0


@pytest.mark.parametrize(("count", "shown"), [(MANY, MANY), (MANY + 1, FEW), (5_000, FEW)])
def test_of_very_many_the_few_are_shown_that_can_be_undone_the_shortest(count: int, shown: int) -> None:
    (part,) = parted(many(count))
    assert (len(part.shown), part.left) == (shown, count - shown)
    until = [change.impact.reversible_until for change in part.shown if change.impact is not None]
    if part.left:
        assert until == sorted(until, key=str)
        others = {change.key for change in part.shown}
        rest = [change.impact for change in part.members if change.key not in others]
        assert all(impact is not None and str(impact.reversible_until) >= str(until[-1]) for impact in rest)


def test_what_cannot_be_undone_is_shown_whole_where_a_person_can_read_it() -> None:
    (part,) = parted([cancel_now(f"contoso/n{number:04}") for number in range(WHOLE)])
    assert (len(part.shown), part.left) == (WHOLE, 0)


def test_beyond_that_immediate_cancellations_come_first() -> None:
    others = [a_change(Kind.FORGET, f"a/n{number:04}", risk=cancel_now().risk) for number in range(WHOLE)]
    (part,) = parted([*others, *(cancel_now(f"z/n{number}") for number in range(7))])
    assert [change.kind for change in part.shown[:8]] == [Kind.CANCEL_NOW] * 7 + [Kind.FORGET]
    assert (len(part.shown), part.left) == (WHOLE, 7)


def test_new_records_in_very_many_accounts_are_those_with_the_most() -> None:
    new = [a_change(Kind.REGISTER, f"t{number % 300:03}/n{number}") for number in range(310)]
    (part,) = parted(new)
    assert list(part.counts[:2]) == [(Kind.REGISTER, "t000", 2), (Kind.REGISTER, "t001", 2)]
    assert (len(part.counts), part.left) == (FEW, 310 - 10 * 2 - 10)
    assert part.shown == ()


def test_sums_say_how_many_of_each_verb_where_and_what_they_come_to() -> None:
    first, second = sums([*many(3), *many(2, "fabrikam"), cancel_now()])
    assert (first.kind, first.count, first.where) == (Kind.CANCEL_NOW, 1, "in contoso")
    assert (second.kind, second.count) == (Kind.TURN_OFF, 5)
    assert second.where == "in 2 accounts: 3 in contoso and 2 in fabrikam"
    assert second.money == "Avoided: 65.50 EUR for one term of each."
    assert [item.money for item in sums(many(3), money=False)] == [""]


def test_of_very_many_accounts_those_with_the_most_are_named() -> None:
    keys = [key(f"t{number % 9}/n{number}") for number in range(20)]
    assert where(keys) == "in 9 accounts: 3 in t0, 3 in t1, 2 in t2 and 6 more"
    assert where([]) == ""


def test_few_are_left_as_they_are() -> None:
    items = [3, 1, 2]
    assert first_few(items, lambda item: item) is items
    assert list(first_few(range(MANY + 1), lambda item: -item)) == list(range(MANY, MANY - FEW, -1))
    assert list(first_few(items, lambda item: item, most=2)) == [1, 2]


def test_what_is_left_out_is_counted() -> None:
    assert rest_of(range(1_020), range(20)) == "… and 1,000 more"
    assert rest_of(range(3), range(2), "rules") == "… and 1 more rules"
    assert rest_of([1], [1]) == ""
    assert tallied(["b", "a", "b"]) == [("b", 2), ("a", 1)]
