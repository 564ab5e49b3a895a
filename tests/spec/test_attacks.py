"""Texts and bytes made to break a reader, each with the plain, located error or the plain value that it ends in."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from reconciler.desired import SpecText, SpecTexts
from reconciler.diagnostics import Diagnostic
from reconciler.spec import load_specs
from reconciler.spec.characters import decoded
from tests.spec.reading import ACCOUNTS, FACTS, PROVIDERS, brief, codes, load, only

FILE = (
    "version: 1\naccount: contoso\nsubscriptions:\n  a:\n    facts: {product: SPB, term: annual, start: 2026-02-14}\n"
)


def read(data: bytes) -> tuple[Diagnostic, ...]:
    """What is found in a file of these bytes, from the bytes on."""
    text, found = decoded(data, "specs/contoso/a.yaml")
    files = (SpecText("specs/contoso/a.yaml", text),) if text is not None else ()
    return load_specs(SpecTexts(files, found, ""), ACCOUNTS, PROVIDERS).diagnostics


def own(line: str) -> list[str]:
    """What is found about a good subscription with one more line."""
    return codes(load(f"{FILE}    {line}\n").diagnostics)


@contextmanager
def soon(seconds: float) -> Iterator[None]:
    """The block needs no more processor time than this."""
    start = time.process_time()
    yield
    assert time.process_time() - start < seconds


@pytest.mark.parametrize("depth", [1_000, 30_000, 60_000])
@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "[{"])
def test_deep_nesting_neither_recurses_nor_crashes(opening: str, depth: int) -> None:
    with soon(20):
        found = load({"specs/a.yaml": opening * depth, "specs/b.yaml": FILE})
    assert "too-deep" in codes(found.diagnostics)
    assert len(found.subscriptions) == 1


def laughs(kind: str) -> str:
    """Nine levels of nine references each, as lists or as merges."""
    first, pattern = ("[x]", "[{}]") if kind == "list" else ("{x: 1}", "{{<<: [{}]}}")
    levels = [pattern.format(", ".join([f"*l{level - 1}"] * 9)) for level in range(1, 10)]
    return "".join(f"l{level}: &l{level} {value}\n" for level, value in enumerate([first, *levels]))


@pytest.mark.parametrize("kind", ["list", "merge"])
def test_bombs_of_references_are_refused_before_they_grow(kind: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with soon(10):
        found = codes(load({"specs/a.yaml": laughs(kind)}).diagnostics)
    assert {"anchor", "alias"} <= set(found)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_a_hundred_thousand_flat_keys_are_read_or_refused_soon() -> None:
    labels = "".join(f"      k{number}: v\n" for number in range(100_000))
    with soon(60):
        wanted = only(f"{FILE}    labels:\n{labels}")
    assert len(wanted.labels or {}) == 100_000


def test_keys_that_other_readers_let_collide_are_two_keys() -> None:
    assert only(f"{FILE}    labels: {{true: a, 1: b, 0x1: c, '': d}}\n".replace(", '': d", "")).labels == {
        "true": "a",
        "1": "b",
        "0x1": "c",
    }


@pytest.mark.parametrize("word", ["NO", "on", "0123", "1_000", "22:22", "1e3", "2026-02-30", "0x1F", "y", "1.10"])
def test_words_that_older_yaml_takes_for_something_else_stay_as_they_are(word: str) -> None:
    wanted = only(f"{FILE.replace('SPB', word)}    id: {word}\n    owner: {word}\n    labels: {{{word}: {word}}}\n")
    assert (wanted.facts.product, wanted.id, wanted.owner, wanted.labels) == (word, word, word, {word: word})


@pytest.mark.parametrize("word", ["true", "False", "TRUE"])
def test_booleans_are_no_text(word: str) -> None:
    assert own(f"owner: {word}") == ["wrong-type"]


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        pytest.param("owner: x\n    owner: y", "duplicate-key", id="a duplicate key"),
        pytest.param(f"id: {'9' * 5000}", "text-too-long", id="an integer of 5,000 digits as text"),
        pytest.param("id: 1.0e+999999", "non-finite", id="a number beyond all numbers"),
        pytest.param("id: .nan", "non-finite", id="no number"),
        pytest.param("id: -.inf", "non-finite", id="minus infinity"),
        pytest.param("id: !!python/object/apply:os.system ['true']", "tag", id="code"),
        pytest.param("id: !!python/name:os.system", "tag", id="a name of code"),
        pytest.param("id: !!binary aGVsbG8=", "tag", id="binary"),
        pytest.param("labels: !!set {x, y}", "tag", id="a set"),
        pytest.param("labels: {[a, b]: c}", "complex-key", id="a complex key"),
        pytest.param('id: "\\ud800"', "yaml-syntax", id="half a character"),
        pytest.param('id: "a\\u202eb"', "unsafe-character", id="an override, escaped"),
        pytest.param("id: a\u200bb", "unsafe-character", id="a space of no width"),
        pytest.param("<<: {id: x}", "merge-key", id="a merge key"),
        pytest.param("owner:\tx", "", id="a tab within a line"),
        pytest.param("\towner: x", "yaml-syntax", id="a tab before a key"),
    ],
)
def test_a_line_meant_to_mislead_is_told(line: str, finding: str) -> None:
    assert finding in own(line) if finding else own(line) == []


def test_a_date_that_the_calendar_lacks_is_told() -> None:
    assert codes(load(FILE.replace("2026-02-14", "2026-02-30")).diagnostics) == ["bad-date"]


def test_an_integer_of_5000_digits_where_a_number_is_due_is_out_of_range() -> None:
    assert codes(load(FILE.replace("start:", f"seats: {'9' * 5000}, start:")).diagnostics) == ["out-of-range"]


def test_a_name_of_look_alike_letters_is_no_name() -> None:
    (finding,) = load(FILE.replace("  a:", "  vis\u0456o:")).diagnostics
    assert finding.code == "bad-name"
    assert "CYRILLIC" in finding.hint


@pytest.mark.parametrize(
    ("data", "findings"),
    [
        pytest.param(FILE.encode("utf-8-sig"), ["1:1 byte-order-mark"], id="UTF-8 with a mark"),
        pytest.param(FILE.encode("utf-16"), ["1:1 encoding"], id="UTF-16"),
        pytest.param(FILE.encode() + "    owner: Müller\n".encode("latin-1"), ["6:13 encoding"], id="Latin-1"),
        pytest.param(FILE.encode() + b"    owner: \x00\n", ["6:12 control-character"], id="NUL"),
        pytest.param(FILE.encode() + b"    owner: \x7f\n", ["6:12 control-character"], id="DEL"),
        pytest.param(FILE.encode() + "    owner: \x85\n".encode(), ["6:12 control-character"], id="C1"),
        pytest.param(FILE.encode() + "# \u202e\n".encode(), ["6:3 bidi-control"], id="an override in a comment"),
        pytest.param(FILE.encode() + "    owner: a\u2028b\n".encode(), ["6:13 control-character"], id="U+2028"),
        pytest.param(FILE.replace("\n", "\r\n").encode(), [], id="CRLF"),
        pytest.param(b"", [], id="an empty file"),
        pytest.param(f"%YAML 1.2\n---\n{FILE}".encode(), [], id="the header of YAML 1.2"),
        pytest.param(f"%YAML 1.1\n---\n{FILE}".encode(), ["1:1 yaml-version"], id="the header of YAML 1.1"),
        pytest.param(f"---\n{FILE}---\n{FILE}".encode(), ["7:1 second-document"], id="two documents"),
        pytest.param(b"# nothing\n", ["1:1 no-subscriptions"], id="comments only"),
    ],
)
def test_bytes_end_in_a_value_or_a_located_finding(data: bytes, findings: list[str]) -> None:
    assert brief(read(data)) == (findings or (["1:1 no-subscriptions"] if not data else []))


def test_one_hostile_file_among_others_hides_none_of_them() -> None:
    hostile = ["[" * 60_000, laughs("list"), "\x00", "%YAML 9.9\n---\n", "? " * 100, "'", "a: *b", "!!x y"]
    files = {f"specs/h{number}.yaml": text for number, text in enumerate(hostile)}
    good = {
        f"specs/g{n}.yaml": f"version: 1\naccount: contoso\nsubscriptions: {{s{n}: {{{FACTS}}}}}\n" for n in range(3)
    }
    found = load({**files, **good})
    assert len(found.subscriptions) == 3
    assert {item.place.file for item in found.diagnostics if item.place} == set(files)
