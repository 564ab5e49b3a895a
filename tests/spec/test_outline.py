"""Where each part of a file begins and ends, in every way of writing it."""

from __future__ import annotations

import pytest

from reconciler.spec.outline import Items, Keys, NoOutline, Part, Word, at_path, outline, same


def piece(text: str, part: Part | None) -> str:
    """What a part says in the text."""
    assert part is not None
    return text[part.start : part.end]


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        pytest.param("a: b  # c\n", ("a",), "b", id="plain"),
        pytest.param('a: "b c"  # d', ("a",), '"b c"', id="in double quotes"),
        pytest.param("a: 'it''s'", ("a",), "'it''s'", id="in single quotes"),
        pytest.param("a: b\n  c\n# d\n", ("a",), "b\n  c", id="plain, over two lines"),
        pytest.param("a: |\n  b\n\n  c\n\n\nd: e", ("a",), "|\n  b\n\n  c", id="a block of lines"),
        pytest.param("ä😀: ü  # c\r\nb: x\r\n", ("b",), "x", id="behind letters of many bytes"),
        pytest.param("a:\n  b: c # d\n  # e\nf: g", ("a",), "b: c", id="keys line by line"),
        pytest.param("a: {b: c, d: e} # f", ("a",), "{b: c, d: e}", id="keys in braces"),
        pytest.param("a: {b: [c, d], }", ("a", "b", 1), "d", id="an item in brackets"),
        pytest.param("a:\n- b: c\n- d: e # f\n", ("a", 1, "d"), "e", id="an item behind a dash"),
        pytest.param("a:\n- b\n- c\nd: e", ("a",), "- b\n- c", id="items line by line"),
    ],
)
def test_a_part_ends_with_its_last_visible_character(text: str, path: tuple[str | int, ...], said: str) -> None:
    assert piece(text, at_path(outline(text), path)) == said


def test_a_key_has_its_place_and_its_quotes() -> None:
    text = "a:\n  'b': c\n  b: d\n"
    keys = at_path(outline(text), ("a",))
    assert isinstance(keys, Keys)
    found = keys.entry("b")
    assert found is not None
    assert (piece(text, found.key), found.key.quote, keys.flow) == ("'b'", "'", False)
    assert keys.entry("c") is None


@pytest.mark.parametrize("path", [("b",), ("a", 0), ("a", "c", "d"), ("l", 1), ("l", "x")])
def test_there_is_nothing_at_a_path_that_there_is_not(path: tuple[str | int, ...]) -> None:
    assert at_path(outline("a: {c: d}\nl: [1]"), path) is None


@pytest.mark.parametrize("text", ["", "# nothing", "a: *b", "{a: b}: c", "a: [", "a: b: c", "a: \ud800"])
def test_what_is_none_of_our_yaml_has_no_outline(text: str) -> None:
    with pytest.raises(NoOutline):
        outline(text)


def test_a_list_can_be_all_there_is() -> None:
    assert outline("[a, b]") == Items(0, True, [Word(1, 2, "a"), Word(4, 5, "b")], 6)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("a: {b: c, d: [e]}", "a:\n  d:\n  - e # f\n  b: c", id="in braces or line by line"),
        pytest.param("a: 'on'", 'a: "on"', id="in other quotes"),
        pytest.param("a: |-\n  b c", "a: 'b c'", id="a block or quotes"),
    ],
)
def test_two_layouts_can_say_the_same(one: str, other: str) -> None:
    assert same(outline(one), outline(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("a: 5", "a: '5'", id="a number and a text"),
        pytest.param("a: b", "a: c", id="another value"),
        pytest.param("a: b", "c: b", id="another key"),
        pytest.param("a: b", "a: b\nc: d", id="one key more"),
        pytest.param("a: [b]", "a: [b, c]", id="one item more"),
        pytest.param("a: [b]", "a: {b: c}", id="a list and keys"),
        pytest.param("a: [b]", "a: [c]", id="another item"),
    ],
)
def test_two_texts_that_differ_do_not_say_the_same(one: str, other: str) -> None:
    assert not same(outline(one), outline(other))
