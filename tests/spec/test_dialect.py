"""What YAML can say and this dialect does not take: each is told where it stands, and the file is read on."""

from __future__ import annotations

import pytest

from reconciler.spec.scalars import BROKEN
from tests.spec.reading import brief, codes, parsed


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        pytest.param(
            "a: 1\nb: 2\na: 3\na: 4\n", ["3:1 duplicate-key", "4:1 duplicate-key"], id="a key that comes again"
        ),
        pytest.param("a: {b: 1, 'b': 2}", ["1:11 duplicate-key"], id="a key that comes again in quotes"),
        pytest.param("1: a\n'1': b\n", ["2:1 duplicate-key"], id="keys of equal text"),
        pytest.param("a: &x 1\nb: *x\n", ["1:4 anchor", "2:4 alias"], id="an anchor and its alias"),
        pytest.param("&k a: 1\n*k : 2\n", ["1:1 anchor", "2:1 complex-key"], id="an anchor and an alias as keys"),
        pytest.param(
            "a: &x [1, *y]\nb: &z {}\n", ["1:4 anchor", "1:11 alias", "2:4 anchor"], id="anchors on containers"
        ),
        pytest.param("<<: *x\na: 1\n", ["1:1 merge-key"], id="a merge key"),
        pytest.param("a: {<<: [*x, *y]}\n", ["1:5 merge-key", "1:10 alias", "1:14 alias"], id="a merge of several"),
        pytest.param("a: !!str 1\n", ["1:4 tag"], id="a core tag"),
        pytest.param("a: ! 12\nb: !x {}\nc: !<tag:x> [1]\n", ["1:4 tag", "2:4 tag", "3:4 tag"], id="other tags"),
        pytest.param("!!str a: 1\n", ["1:1 tag"], id="a tag on a key"),
        pytest.param(
            "a: !!binary aGk=\nb: !!set {x, y}\n",
            ["1:4 tag", "2:4 tag", "2:12 null-value", "2:15 null-value"],
            id="sets",
        ),
        pytest.param("!!python/object/apply:os.system ['id']\n", ["1:1 tag"], id="a tag of Python's"),
        pytest.param("? [a, b]\n: 1\n? {c: d}\n: 2\n", ["1:3 complex-key", "3:3 complex-key"], id="complex keys"),
        pytest.param("a: 1\n---\nb: 2\n", ["2:1 second-document"], id="a second document"),
        pytest.param("a: 1\n---\nb: [\n", ["2:1 second-document"], id="a broken second document"),
        pytest.param("%YAML 1.1\n---\na: 1\n", ["1:1 yaml-version"], id="YAML 1.1"),
        pytest.param("%YAML 1.3\n---\na: 1\n", ["1:1 yaml-version"], id="YAML 1.3"),
        pytest.param("%TAG ! tag:x,2000:\n---\na: 1\n", ["1:1 tag"], id="a tag directive"),
        pytest.param(
            "a:\nb: ~\nc: [null, ]\nd: {e}\n",
            ["1:3 null-value", "2:4 null-value", "3:5 null-value", "4:6 null-value"],
            id="null",
        ),
        pytest.param(
            "a: .inf\nb: [-1e999999, .NaN]\n", ["1:4 non-finite", "2:5 non-finite", "2:16 non-finite"], id="not finite"
        ),
        pytest.param('a: "x\\u202ey"\n"z\\u200b": 1\n', ["1:4 unsafe-character", "2:1 unsafe-character"], id="escaped"),
        pytest.param("a: x\u200by\n", ["1:4 unsafe-character"], id="zero width"),
        pytest.param('labels: {reason: "a\\nb"}\n', ["1:18 unsafe-character"], id="a label is no prose"),
        pytest.param('labels: {note: "a\\nb"}\n', ["1:16 unsafe-character"], id="nor is one called note"),
        pytest.param('decided: {by: "a\\nb", note: "a\\nb"}\n', ["1:15 unsafe-character"], id="a note is prose"),
        pytest.param('reason: "a\\nb\\tc \\u200d\\u200f"\n', [], id="prose with a line break and a joiner"),
        pytest.param(
            'reason: "\\u202e"\nx: {reason: "\\x1b"}\n', ["1:9 unsafe-character", "2:13 unsafe-character"], id="prose"
        ),
    ],
)
def test_each_is_told_at_its_place(text: str, findings: list[str]) -> None:
    assert brief(parsed(text).diagnostics) == findings


def test_a_version_of_1_2_passes() -> None:
    assert parsed("%YAML 1.2\n---\na: 1\n...\n").data == {"a": 1}


def test_both_places_of_a_duplicate_are_told() -> None:
    (finding,) = parsed("x:\n  a: 1\n  b: 2\n  a: 3\n").diagnostics
    assert finding.detail == "'a', first at a.yaml:2:3"


def test_what_is_around_a_complaint_is_read_on() -> None:
    found = parsed("a: *x\nb: [*y, 2]\nc: 1\nc: 2\n<<: {d: 1}\n? [e]\n: f\ng: !!str h\ni: ~\nj: &k 5\nm: !n {o: p}\n")
    assert found.data == {"a": BROKEN, "b": [BROKEN, 2], "c": 1, "g": BROKEN, "i": BROKEN, "j": 5, "m": {"o": "p"}}
    assert {("a",), ("b", 0), ("g",), ("i",)} <= found.broken
    assert not found.broken & {("b",), ("b", 1), ("c",), ("j",), ("m",)}


def test_complaints_deep_within_carry_their_path() -> None:
    found = parsed("a:\n  - {b: 1}\n  - c: [1, {d: ~}]\n    e: ~\n")
    assert found.broken == {("a", 1, "c", 1, "d"), ("a", 1, "e")}


def test_a_complaint_within_a_refused_key_is_told_too() -> None:
    assert brief(parsed("? {a: ~}\n: {b: *x}\n").diagnostics) == ["1:3 complex-key", "1:7 null-value", "2:7 alias"]


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        pytest.param("a:\n\tb: 1", "2:1", "spaces, not with tabs", id="a tab"),
        pytest.param("a: *\n", "1:5", '"*VISIO"', id="a bare star"),
        pytest.param("a: *VISIO*\n", "1:10", '"*VISIO"', id="a glob with two stars"),
        pytest.param("a: & b\n", "1:5", "'&'", id="a bare ampersand"),
        pytest.param("a: @b\n", "1:4", "'@'", id="an at sign"),
        pytest.param("a: b: c\n", "1:5", "': '", id="a colon within a value"),
        pytest.param("a: 'b\n", "1:6", "not closed", id="an open quote"),
        pytest.param("a: [b\n", "1:6", "not closed", id="an open bracket"),
        pytest.param("a: 1\n  b: 2\n", "2:4", "': '", id="a key too far in"),
        pytest.param("a: 1\n b\nc: 2\nd\n", "4:2", "':' missing", id="a line without a colon"),
        pytest.param("  a: 1\n b: 2\n", "2:2", "one column", id="a key too far out"),
        pytest.param("- a\n-b\n", "2:3", "", id="an item without its space"),
        pytest.param("a:\n- b\n  - c\n", "", "", id="an item too far in is text"),
        pytest.param("- a\nb: 1\n", "2:1", "one column", id="a key among items"),
        pytest.param("a: [b c: d e, f\ng", "2:2", "not closed", id="a bracket not closed"),
        pytest.param("a: !x!y z\n", "1:4", "'!'", id="an unknown handle of a tag"),
        pytest.param("%FOO\n---\na: 1", "1:5", "", id="an unknown directive"),
        pytest.param('a: "\\ud800"', "1:7", "", id="half a character"),
        pytest.param('a: "\\q"', "1:5", "", id="an unknown escape"),
        pytest.param("ä: \x07", "1:4", "", id="a control character"),
        pytest.param("a: \ud800", "1:4", "", id="a lone surrogate"),
    ],
)
def test_a_text_that_is_no_yaml_is_one_located_error(text: str, place: str, hint: str) -> None:
    found = parsed(text)
    if not place:
        assert not found.diagnostics
        return
    (finding,) = found.diagnostics
    assert brief([finding]) == [f"{place} yaml-syntax"]
    assert finding.summary == "not valid YAML"
    assert hint in finding.hint


def test_complaints_before_the_break_of_a_text_are_kept() -> None:
    assert codes(parsed("a: ~\nb: [").diagnostics) == ["null-value", "yaml-syntax"]


def test_hints_name_the_key_and_the_way_out() -> None:
    null, empty, number, alias = parsed("owner: ~\nid:\nterm: .inf\nproduct: *VISIO\n").diagnostics
    assert (null.detail, empty.detail, number.detail) == ("for 'owner'", "for 'id'", "for 'term'")
    assert "quote it" in null.hint
    assert "give it a value" in empty.hint
    assert '"*VISIO"' in alias.hint


def test_nothing_unsafe_gets_into_a_message() -> None:
    for finding in parsed('"a\\u202e": &b\u200bc 1\n"a\\u202e": 2\n"\\x1b": ~\nx: !y\u200bz 1\n').diagnostics:
        assert "\u202e" not in finding.detail
        assert "\u200b" not in finding.detail + finding.hint
        assert "\x1b" not in finding.detail
