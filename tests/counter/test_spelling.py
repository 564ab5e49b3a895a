"""Values as YAML: read back, they are what was meant, wherever they stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.counter.spelling import Value, line_of, says, spelled, spelled_key
from reconciler.spec.outline import Part, at_path, outline

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=12)


def read(text: str, *path: str) -> Part:
    """The part at a path of a text."""
    found = at_path(outline(text), path)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("recurring", "off", "recurring: off"),
        ("protect", False, "protect: false"),
        ("start", "2026-02-14", "start: 2026-02-14"),
        ("owner", "off", 'owner: "off"'),
        ("owner", "Team, Sales", "owner: Team, Sales"),
        ("product", "0123", 'product: "0123"'),
        ("facts", {"seats": 25, "price": "20.60 EUR"}, "facts: {seats: 25, price: 20.60 EUR}"),
        ("labels", {"a": "b, c", "no": "x"}, 'labels: {a: "b, c", "no": x}'),
        ("labels", {}, "labels: {}"),
    ],
)
def test_a_line_is_as_somebody_would_write_it(key: str, value: Value, line: str) -> None:
    assert line_of(key, value) == line


@given(TEXTS, st.booleans(), st.sampled_from(["", "'", '"']))
def test_any_text_is_read_back_as_it_is(text: str, flow: bool, quote: str) -> None:
    said = spelled("owner", text, (), flow=flow, quote=quote)
    assert says(read(f"{{owner: {said}}}" if flow else f"owner: {said}", "owner"), text)


@given(TEXTS, TEXTS, st.booleans(), st.sampled_from(["", '"']))
def test_any_label_is_read_back_as_it_is(name: str, text: str, flow: bool, quote: str) -> None:
    path = ("labels",)
    pair = f"{spelled_key(name, path, flow=flow, quote=quote)}: {spelled(name, text, path, flow=flow, quote=quote)}"
    assert says(read(f"labels: {{{pair}}}" if flow else f"labels:\n  {pair}", "labels"), {name: text})


def test_the_quotes_around_a_value_are_kept() -> None:
    assert spelled("recurring", "on", (), flow=False, quote='"') == '"on"'
    assert spelled("owner", "it", (), flow=False, quote="'") == "'it'"
    assert spelled("owner", "it's", (), flow=False, quote="'") == '"it\'s"'
    assert spelled("seats", 5, ("facts",), flow=False, quote='"') == "5"


def test_a_key_in_quotes_has_neighbours_in_quotes() -> None:
    assert spelled_key("cancel", (), flow=True, quote='"') == '"cancel"'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("a: '5'", 5, id="a text is no number"),
        pytest.param("a: 'true'", True, id="a text is no truth"),
        pytest.param("a: {b: c}", "b", id="keys are no text"),
        pytest.param("a: b", {"b": "c"}, id="a text is no keys"),
        pytest.param("a: {b: c, d: e}", {"b": "c"}, id="one key more"),
        pytest.param("a: {b: c}", {"b": "d"}, id="another value within"),
    ],
)
def test_what_is_said_otherwise_is_told(text: str, value: Value) -> None:
    assert not says(read(text, "a"), value)
