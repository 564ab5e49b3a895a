"""YAML text to plain values: equal to a slow reader within the dialect, and unshaken by any text beyond it."""

from __future__ import annotations

import gc
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.diagnostics import Severity
from reconciler.spec.dialect import MOST_ERRORS, Limits
from reconciler.spec.parse import parse
from reconciler.spec.positions import Document
from reconciler.spec.scalars import BROKEN, FloatText, IntText, PlainScalars
from tests.spec.reading import brief, codes, parsed
from tests.spec.reference import composed, documents, value_of

HOSTILE = st.text("ab:-?[]{}&*!|>%@`'\"#,\\ \n\t\r~<=0.e\ufeff\u2028\x85\ud800\x00\u202eä", max_size=60)


def nulls_as_broken(value: Any) -> Any:
    """The reference's null is our BROKEN."""
    if isinstance(value, dict):
        return {key: nulls_as_broken(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [nulls_as_broken(inner) for inner in value]
    return BROKEN if value is None else value


@given(documents())
def test_a_document_of_the_dialect_says_what_a_slow_reader_reads(text: str) -> None:
    found = parsed(text)
    assert found.data == nulls_as_broken(value_of(composed(text)))
    assert set(codes(found.diagnostics)) <= {"unsafe-character"}  # a line break within a name


@given(documents(), st.data())
def test_a_cut_document_never_raises(text: str, data: st.DataObject) -> None:
    cut = text[: data.draw(st.integers(0, len(text)))]
    found = parsed(cut)
    assert found.data is not None or found.diagnostics or not cut.strip("\r\n- {")


@given(HOSTILE | HOSTILE.map(lambda text: f"a: {text}\nb: [{text}"))
def test_no_text_raises_and_every_finding_stands_in_it(text: str) -> None:
    for item in parsed(text).diagnostics:
        assert item.severity is Severity.ERROR
        assert item.location is not None
        assert 1 <= item.location.line <= len(text.splitlines()) + 1
        assert item.location.column >= 1


@given(st.binary(max_size=80))
def test_no_bytes_raise(data: bytes) -> None:
    parsed(data.decode("utf-8", "surrogateescape"))
    parsed(data.decode("latin-1"))


def test_numbers_keep_their_text_and_quoted_ones_are_text() -> None:
    data = parsed("{a: 0123, b: '0123', c: 1.10, d: true, e: 'true', f: no}").data
    assert data == {"a": 123, "b": "0123", "c": 1.1, "d": True, "e": "true", "f": "no"}
    assert isinstance(data, dict)
    assert isinstance(data["a"], IntText)
    assert isinstance(data["c"], FloatText)
    assert [str(data["a"]), str(data["c"])] == ["0123", "1.10"]


def test_fit_keys_are_remembered_without_end_only_in_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.spec.parse.MEMO_SIZE", 2)
    plain = PlainScalars()
    assert parse(Document("a.yaml", "{a: 1, b: 2, c: 3}"), plain).data == {"a": 1, "b": 2, "c": 3}
    assert plain.good_keys == {"a", "b"}


def test_keys_are_always_the_text_they_were_written_as() -> None:
    assert parsed("{0123: a, true: b, 1.10: c, 2026-01-01: d, ~: e}").data == {
        "0123": "a",
        "true": "b",
        "1.10": "c",
        "2026-01-01": "d",
        "~": "e",
    }


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "---\n", "--- ~\n", "---\n...\n", "null"])
def test_a_file_in_which_nothing_stands_has_no_data_and_no_complaint(text: str) -> None:
    found = parsed(text)
    assert found.data is None
    assert not found.diagnostics
    assert not found.unread


def test_a_text_that_is_no_yaml_is_unread() -> None:
    found = parsed("a: [1")
    assert found.data is None
    assert found.unread


def limited(text: str, **limits: int) -> list[str]:
    """The findings with these limits."""
    return brief(parse(Document("a.yaml", text), PlainScalars(), Limits(**limits)).diagnostics)


@pytest.mark.parametrize(
    "text", ["[[[[a]]]]", "a: {b: {c: {d: 1}}}", "- - - - a", "a:\n  b:\n   c:\n    d: 1"], ids=repr
)
def test_a_depth_of_just_the_limit_passes_and_one_more_does_not(text: str) -> None:
    assert limited(text, depth=4) == []
    assert [finding.partition(" ")[2] for finding in limited(text, depth=3)] == ["too-deep"]


@pytest.mark.parametrize(
    ("text", "nodes"),
    [("[a, b, c]", 4), ("{a: 1, b: 2}", 5), ("[[], [], {}]", 4), ("{a: {b: [c]}}", 6), ("a", 1), ("- []\n- []", 3)],
)
def test_as_many_nodes_as_the_limit_pass_and_one_more_do_not(text: str, nodes: int) -> None:
    assert limited(text, nodes=nodes) == []
    assert [finding.partition(" ")[2] for finding in limited(text, nodes=nodes - 1)] == ["too-many-nodes"]


def test_aliases_count_as_nodes() -> None:
    assert limited("[*a, *a, *a]", nodes=2)[-1].endswith("too-many-nodes")


def test_a_file_of_just_the_size_passes_and_one_more_byte_does_not() -> None:
    text = "a: ääää"
    assert limited(text, size=11) == []
    assert limited(text, size=10) == ["1:1 file-too-large"]


def test_a_scalar_is_measured_in_bytes() -> None:
    long = "ä" * 20_000
    assert limited(f"a: {long}", scalar=40_000) == []
    assert limited(f"a: {long}\nb: 1", scalar=39_999) == ["1:4 scalar-too-long"]
    assert limited(f"a: '{long}'", scalar=39_999) == ["1:4 scalar-too-long"]
    assert limited(f"? {long}\n: 1", scalar=39_999) == ["1:3 scalar-too-long"]
    assert parsed(f"a: {long}").data == {"a": long}
    assert parsed(f"a: '{long}'").data == {"a": long}
    assert parsed(f"? {long}\n: 1").data == {long: 1}


def test_a_long_number_is_still_a_number_and_a_long_infinity_is_not_finite() -> None:
    assert parsed(f"a: {'9' * 20_000}").data == {"a": 10**300}
    assert brief(parsed(f"a: 1{'0' * 20_000}.0").diagnostics) == ["1:4 non-finite"]


def test_sixty_thousand_brackets_are_a_plain_error() -> None:
    assert brief(parsed("[" * 60_000).diagnostics) == ["1:65 too-deep"]
    assert brief(parsed("a: " + "{b: " * 30_000).diagnostics) == ["1:256 too-deep"]
    assert brief(parsed("- " * 30_000).diagnostics) == ["1:129 too-deep"]
    assert brief(parsed("? " * 30_000).diagnostics)[-1].endswith("too-deep")


def test_a_file_of_nothing_but_errors_is_not_read_to_its_end() -> None:
    found = parsed("[" + "~, " * 50_000 + "]")
    assert len(found.diagnostics) == MOST_ERRORS + 1
    assert found.diagnostics[-1].code == "too-many-errors"
    assert found.data is None


def test_a_hundred_thousand_keys_take_no_quadratic_time() -> None:
    def seconds(keys: int) -> float:
        text = "".join(f"k{number}: v\n" for number in range(keys))
        start = time.process_time()
        assert not parsed(text).diagnostics
        return time.process_time() - start

    gc.collect()
    assert seconds(100_000) < 40 * seconds(10_000)


def test_a_billion_laughs_are_refused_by_their_anchors() -> None:
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9))]
    assert set(codes(parsed("\n".join(lines)).diagnostics)) == {"anchor", "alias"}


def test_a_merge_bomb_is_refused_by_its_merge_keys() -> None:
    lines = ["a0: &a0 {x: 1}", *(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 7))]
    assert set(codes(parsed("\n".join(lines)).diagnostics)) == {"anchor", "alias", "merge-key"}
