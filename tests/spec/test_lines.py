"""Places in texts of plain layout: the same as the parser's events tell, or none at all."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.spec.lines import blocks_of, find
from reconciler.spec.positions import Document
from tests.spec.reference import composed, places

PLAIN = """\
# of the whole file
version: 1
account: contoso

subscriptions:
  first:
    facts: {product: SPB, term: annual, start: 2020-01-01, seats: 12}  # mailed

    labels: {team: 'a: b', other: "x # y"}
    # beside it
    schedule: [one, two words]
  second:   # opens
      facts:
            product: "Visio: #1"
            start: 2021-02-02T22:22
      recurring: off
  third:
last: {}
none: []
"""
_PIECES = (
    *PLAIN.splitlines(keepends=True),
    *(
        "  - item\n",
        "  - key: value\n",
        "- top\n",
        "  more text\n",
        "\tkey: 1\n",
        "key: |\n  block\n",
        "key: >-\n",
        "---\n",
    ),
    *(
        "key: 'open\n",
        "key: {a: [b]}\n",
        "key: {a: b\n",
        "key: &x 1\n",
        "key: *x\n",
        "key: !t 1\n",
        "'q': 1\n",
        "? a\n: b\n",
    ),
    *(
        "key: a: b\n",
        "key:value\n",
        "key: a #b\n",
        "key: a#b\n",
        "key: # c\n",
        "key:#c\n",
        "käse: größe\n",
        "key: a\r\n",
    ),
    *(
        "key: a\x85b: 1\n",
        "key: a\u2028  b: 1\n",
        "    deep: 1\n",
        "   odd: 1\n",
        "\n",
        "  \n",
        "key:  'it''s'\n",
        "...\n",
    ),
)


def same_everywhere(text: str) -> int:
    """Compares every place that a slow reader finds; answers how many."""
    if blocks_of(text) is None:
        return 0
    document, count = Document("a.yaml", text), 0
    for path, is_key, line, column in places(composed(text)):
        place = document.key(*path) if is_key else document.at(*path)
        assert (place.location.line, place.location.column) == (line, column), (path, is_key)
        count += 1
    return count


def test_every_place_of_a_plain_layout_is_where_a_slow_reader_finds_it() -> None:
    assert same_everywhere(PLAIN) == 45


@given(st.lists(st.sampled_from(_PIECES), max_size=9).map("".join))
@example("a:\n  b: 1\n c: 2\n")
@example("a: 1\n  b: 2\n")
@example("a: 1\na: 2\n")
def test_of_any_mixture_of_lines_it_tells_the_same_or_nothing(text: str) -> None:
    same_everywhere(text)


@given(st.data())
def test_one_odd_character_changes_nothing_of_that(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(PLAIN)))
    odd = data.draw(st.sampled_from([*":#-{}[],&*!|>'\"%@` \n\t\r\\~?", "\x85", "\u2028", "é", "\ufeff", "\x00", "a"]))
    dropped = data.draw(st.integers(0, 2))
    same_everywhere(PLAIN[:at] + odd + PLAIN[at + dropped :])


MISSES = [
    (("missing",), "2:1"),
    ((0,), "2:1"),
    (("version", "deeper"), "2:10"),
    (("subscriptions", "missing"), "6:3"),
    (("subscriptions", 4), "6:3"),
    (("subscriptions", "first", "missing"), "7:5"),
    (("subscriptions", "first", "facts", "missing"), "7:12"),
    (("subscriptions", "second", "facts", "missing"), "14:13"),
    (("subscriptions", "third", "missing"), "17:9"),
]


@pytest.mark.parametrize(("path", "place"), MISSES, ids=str)
def test_of_what_is_not_there_it_is_the_nearest_thing_around(path: tuple[str | int, ...], place: str) -> None:
    for found in (Document("a.yaml", PLAIN).at(*path), Document("a.yaml", PLAIN + "odd: &x 1\n").at(*path)):
        assert str(found.location) == f"a.yaml:{place}"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("# a remark\n", id="nothing but a remark"),
        pytest.param("a: 1\na: 2\n", id="two keys alike at the top"),
        pytest.param("a:\n  b: 1\n  b: 2\n", id="two keys alike below it"),
        pytest.param("a:\n  - 1\n", id="a list over several lines"),
        pytest.param("a: |\n  b: 1\n", id="a block of text"),
        pytest.param("a: 'b\n  c: 1'\n", id="a text over several lines"),
        pytest.param("a: b\n  c: 1\n", id="a value that has more below it"),
        pytest.param("a:\n    b: 1\n  c: 1\n", id="an indent between two others"),
        pytest.param("  a: 1\nb: 1\n", id="less indent than the first line"),
        pytest.param(f"{'a' * 300}: 1\n", id="a key that is too long"),
    ],
)
def test_of_other_layouts_it_says_nothing(text: str) -> None:
    assert blocks_of(text) is None


def test_a_long_block_is_left_to_the_parser_and_told_alike() -> None:
    text = "a:\n  b:\n    c:\n" + "".join(f"      k{number}: {number}\n" for number in range(300))
    blocks = blocks_of(text)
    assert blocks is not None
    assert find(text, blocks, ("a", "b", "c", "k250"), True, lambda *_: (0, 0)) is None
    assert str(Document("a.yaml", text).key("a", "b", "c", "k250").location) == "a.yaml:254:7"


def test_a_text_that_would_make_a_careless_expression_slow_is_read_at_once() -> None:
    assert blocks_of(f"a: {'b ' * 200_000}\x00\n") is None
    assert blocks_of(f"a: {'{' * 200_000}\n") is None
    assert blocks_of(f"a: [{'b, ' * 200_000}\n") is None
