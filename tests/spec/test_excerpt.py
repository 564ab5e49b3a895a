"""Excerpts of spec files: they say of what is asked for just what the whole file says, and where."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.spec.excerpt import excerpt
from reconciler.spec.parse import parse
from reconciler.spec.positions import Document
from reconciler.spec.scalars import PlainScalars
from tests.spec.reference import composed, places

HEAD = "# of the whole file\nversion: 1\naccount: contoso\n"
TAIL = "rules:\n  first: {a: b}\n"
FIRST = """\
  first:
    facts: {product: SPB, start: 2020-01-01, seats: 12}  # mailed

    labels: {team: 'a: b', other: "x # y"}
    # beside it
"""
SECOND = """\
  # before it
  second:   # opens
      facts:
            product: "Visio: #1"
            second:
              third: 1

      recurring: off
"""
THIRD = "  third:\n    # nothing\n    a: 1\n  fourth: {}\n"
FILE = f"{HEAD}subscriptions:\n\n{FIRST}{SECOND}{THIRD}\n{TAIL}"
_PIECES = (
    *(HEAD, TAIL, FIRST, SECOND, THIRD, "subscriptions:\n", "subscriptions: # all\n", "subscriptions: {}\n"),
    *("\n", "  \n", "# remark\n", "  # remark\n", "    # remark\n", "  fifth:\n", "    sixth: x\n", "  sixth: x\n"),
    *(
        "  - item\n",
        "  fifth: |\n    text\n",
        "  fifth: 'a\n  third: b'\n",
        "  'quoted': 1\n",
        "    third: 1\n",
        "---\n",
    ),
    *(
        "first:\n",
        "  fifth: [a,\n  third, b]\n",
        "  fifth: a\n    third: b\n",
        "  fifth: &x 1\n",
        "  third: *x\n",
        "\r\n",
    ),
)
_NAMES = ("first", "second", "third", "fourth", "fifth", "sixth")


def read(document: Document) -> Any:
    """What it says; None where there is a complaint about it."""
    parsed = parse(document, PlainScalars())
    return None if parsed.diagnostics else parsed.data


def same(text: str, names: frozenset[str]) -> int:
    """Compares an excerpt with the whole; answers how many places were compared."""
    whole = read(Document("a.yaml", text))
    made = excerpt("a.yaml", text, names)
    if not isinstance(whole, dict) or made is None:
        return 0
    said = read(made)
    left = {name: value for name, value in whole["subscriptions"].items() if name in names}
    assert said == {**whole, "subscriptions": left}
    assert list(said["subscriptions"]) == list(left)
    count = 0
    for path, is_key, line, column in places(composed(text)):
        if path[:1] != ("subscriptions",) or (path[1:2] and path[1] in names):
            if path == ("subscriptions",) and not is_key:
                continue  # it begins with the first one that is left
            location = (made.key(*path) if is_key else made.at(*path)).location
            assert (location.file, location.line, location.column) == ("a.yaml", line, column), (path, is_key)
            count += 1
    return count


@pytest.mark.parametrize(
    ("names", "count"),
    [
        ({"first"}, 27),
        ({"second"}, 23),
        ({"third"}, 15),
        ({"fourth"}, 13),
        ({"first", "third"}, 31),
        (set(_NAMES[:4]), 45),
    ],
    ids=["the first", "one in the middle", "one that says nothing", "the last", "two", "all"],
)
def test_what_is_asked_for_says_the_same_and_stands_where_it_stood(names: set[str], count: int) -> None:
    assert same(FILE, frozenset(names)) == count


def test_what_nobody_asked_for_is_let_go() -> None:
    made = excerpt("a.yaml", FILE, {"third"})
    assert made is not None
    assert made.text == f"{HEAD}subscriptions:\n\n  third:\n    # nothing\n    a: 1\n{TAIL}"


@given(st.lists(st.sampled_from(_PIECES), max_size=9).map("".join), st.frozensets(st.sampled_from(_NAMES), min_size=1))
@example("subscriptions:\n  first: 1\n  third:\n    first: 2\n", frozenset({"first"}))
@example("subscriptions:\n  third:\n    first: 2\n", frozenset({"first"}))
@example(
    "first:\n  first: 1\nsubscriptions:\n  third: 1\n  first: 2\nthird:\n  third: 1\n", frozenset({"first", "third"})
)
def test_of_any_mixture_of_lines_it_says_the_same_or_nothing(text: str, names: frozenset[str]) -> None:
    same(text, names)


@given(st.data())
def test_one_odd_character_changes_nothing_of_that(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(FILE)))
    odd = data.draw(st.sampled_from([*":#-{}[],&*!|>'\"%@` \n\t\r\\~?", "\x85", "\u2028", "é", "\ufeff", "\x00", "a"]))
    dropped = data.draw(st.integers(0, 2))
    names = data.draw(st.frozensets(st.sampled_from(_NAMES[:4]), min_size=1))
    same(FILE[:at] + odd + FILE[at + dropped :], names)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("version: 1\n", id="no subscriptions"),
        pytest.param("subscriptions: {first: {}}\n", id="subscriptions in brackets"),
        pytest.param("subscriptions:\n  other: 1\n", id="not that one"),
        pytest.param("subscriptions:\n  other:\n    first: 1\n", id="a deeper key of that name"),
        pytest.param("subscriptions:\n  other: 1\nnext:\n  first: 1\n", id="one that stands elsewhere"),
        pytest.param("subscriptions:\n  'first': 1\n", id="a name in quotes"),
        pytest.param("subscriptions:\n  other: 'a\n  first: b'\n", id="a text over several lines"),
        pytest.param("subscriptions:\r\n  first: 1\r\n", id="other line breaks"),
    ],
)
def test_of_other_layouts_it_says_nothing(text: str) -> None:
    assert excerpt("a.yaml", text, {"first"}) is None


def test_a_text_that_would_make_a_careless_expression_slow_is_read_at_once() -> None:
    assert excerpt("a.yaml", f"a: {'b ' * 200_000}\x00\n", {"a"}) is None
    assert excerpt("a.yaml", f"a: [{'b, ' * 200_000}\n", {"a"}) is None
    assert excerpt("a.yaml", f"subscriptions:\n{'  # b' * 100_000}\n" + "\n  \n" * 100_000, {"a"}) is None


def test_places_in_a_list_are_those_of_the_whole() -> None:
    text = (
        "version: 1\nsubscriptions:\n  a:\n    facts: {product: SPB}\n"
        "  b:\n    schedule:\n    - from: 2027-01-01\n      reason: later\n"
    )
    few, path = excerpt("f", text, ["b"], plain=True), ("subscriptions", "b", "schedule", 0, "reason")
    assert few is not None
    assert few.locate(path, False) == Document("f", text).locate(path, False)
