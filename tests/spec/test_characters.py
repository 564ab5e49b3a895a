"""Which characters may stand in a spec file, and bytes to text by those rules."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.spec.characters import UNSAFE_IN_NAMES, UNSAFE_IN_TEXT, decoded, escaped, located
from tests.spec.reading import brief


@pytest.mark.parametrize(
    ("data", "finding"),
    [
        pytest.param(b"a: 1\nb: \xe9\n", "2:4 encoding", id="Latin-1"),
        pytest.param("a: 1\r\nü: é".encode() + b"\xff", "2:5 encoding", id="a wrong byte after wide characters"),
        pytest.param("a: 1".encode("utf-16"), "1:1 encoding", id="UTF-16 with its mark"),
        pytest.param("a: ü".encode("utf-16-le"), "1:7 encoding", id="UTF-16 without a mark"),
        pytest.param("a: 1".encode("utf-16-le"), "1:2 control-character", id="UTF-16 that could be ASCII"),
        pytest.param(b"\xed\xa0\x80", "1:1 encoding", id="a lone surrogate"),
        pytest.param(b"a: \x00", "1:4 control-character", id="NUL"),
        pytest.param(b"a: 1\rb:\x1b[2J", "2:3 control-character", id="an escape sequence after a lone CR"),
        pytest.param(b"# \x7f", "1:3 control-character", id="DEL"),
        pytest.param("ü\n\u0085".encode(), "2:1 control-character", id="a C1 control"),
        pytest.param("a:\u2028b".encode(), "1:3 control-character", id="a line separator"),
        pytest.param("a:\u2029b".encode(), "1:3 control-character", id="a paragraph separator"),
        pytest.param("# \u202e gnp".encode(), "1:3 bidi-control", id="an override in a comment"),
        pytest.param("a: \u2066x\u2069".encode(), "1:4 bidi-control", id="an isolate"),
    ],
)
def test_bytes_that_are_no_clean_text_are_refused_where_they_stand(data: bytes, finding: str) -> None:
    text, found = decoded(data, "a.yaml")
    assert text is None
    assert brief(found) == [finding]


def test_one_finding_tells_of_all_of_its_kind() -> None:
    _, found = decoded("ü\x00\x01\u202e\x02".encode(), "a.yaml")
    assert [(item.code, item.detail) for item in found] == [
        ("control-character", "U+0000 at byte offset 2, and 2 more"),
        ("bidi-control", "U+202E at byte offset 4"),
    ]


def test_the_byte_offset_of_a_wrong_byte_is_told() -> None:
    _, (finding,) = decoded(b"ab\xc3", "a.yaml")
    assert finding.detail == "byte 0xc3 at offset 2"


def test_utf_16_is_named() -> None:
    _, (finding,) = decoded("a: 1".encode("utf-16"), "a.yaml")
    assert "UTF-16" in finding.hint


def test_a_byte_order_mark_is_dropped_with_a_warning() -> None:
    text, (finding,) = decoded("\ufeffa: 1".encode(), "a.yaml")
    assert text == "a: 1"
    assert (finding.severity, finding.code, str(finding.location)) == ("warning", "byte-order-mark", "a.yaml:1:1")


def test_a_byte_order_mark_does_not_hide_what_follows() -> None:
    text, found = decoded("\ufeff\u202e".encode(), "a.yaml")
    assert text is None
    assert brief(found) == ["1:1 byte-order-mark", "1:1 bidi-control"]


@pytest.mark.parametrize("text", ["", "a: 1\r\n\tb\r", "größe: 20 € 🎉", "family: 👨\u200d👩", "hebrew: \u200fא"])
def test_clean_text_passes_as_it_is(text: str) -> None:
    assert decoded(text.encode(), "a.yaml") == (text, ())


@given(st.binary(max_size=60))
def test_any_bytes_are_text_or_a_finding(data: bytes) -> None:
    text, found = decoded(data, "a.yaml")
    assert (text is None) == any(item.severity == "error" for item in found)
    assert text is None or text.encode() == data.removeprefix(b"\xef\xbb\xbf")


@given(st.text(max_size=20))
def test_nothing_unsafe_is_left_once_it_is_escaped(text: str) -> None:
    assert UNSAFE_IN_NAMES.search(escaped(text)) is None
    assert UNSAFE_IN_NAMES.search(text) is not None or escaped(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[m", "a\\x1b[m"),
        ("a\u202eb", "a\\u202eb"),
        ("\udcff", "\\xff"),
        ("\U000e0041", "\\U000e0041"),
        ("ä", "ä"),
    ],
)
def test_an_unsafe_character_is_shown_as_its_escape(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_every_control_and_format_character_that_can_mislead_is_unsafe_in_a_name() -> None:
    controls = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in ("Cc", "Cs", "Zl", "Zp")]
    assert [sign for sign in controls if not UNSAFE_IN_NAMES.match(sign)] == []


def test_prose_may_break_lines_and_join_emoji_but_not_reorder() -> None:
    assert [sign for sign in "\n\t\u200d\u200f\ufeff" if UNSAFE_IN_TEXT.match(sign)] == []
    assert [sign for sign in "\x00\x1b\u202e\u2066\u2028\x9b" if not UNSAFE_IN_TEXT.match(sign)] == []


def test_lines_break_as_yaml_breaks_them() -> None:
    text = "a\r\nb\rc\nd"
    assert [located(text, text.index(sign), "f").line for sign in "abcd"] == [1, 2, 3, 4]
    assert located(text, len(text), "f").column == 2
