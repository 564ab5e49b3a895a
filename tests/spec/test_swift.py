"""Swift reading says exactly what the parser says of the layouts that people write, and nothing on any doubt."""

from __future__ import annotations

import json
import string
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.diagnostics import Diagnostic
from reconciler.spec import load_specs, swift
from reconciler.spec.dialect import Limits
from reconciler.spec.parse import SWIFT_FROM, parse
from reconciler.spec.positions import Document
from reconciler.spec.scalars import PlainScalars
from reconciler.spec.swift import LONGEST_LINE, swiftly
from tests.spec.corpus import estate, estates, findings, single_files, text_of
from tests.spec.layouts import exact, layout, mutated, slowly
from tests.spec.reading import ACCOUNTS, FACTS, PROVIDERS, load
from tests.spec.reference import documents

SURPRISES: dict[str, tuple[str, bool]] = json.loads(
    (Path(__file__).parent / "data" / "surprises.json").read_text(encoding="utf-8")
)
"""Texts that surprise readers of YAML, the examples of its specification (1.2.2) among them, and which are read."""
SEEDS = st.integers(0, 2**48)
ROOT = Path(__file__).parents[2]
FILE = """\
# Licences of contoso
version: 1
account: contoso

defaults:  # of all
  owner: "it@contoso.example"
  labels: {team: sales, 'cost centre': "0123"}
subscriptions:
  business-premium:
    facts: {product: SPB, term: annual, start: 2026-02-14}  # mailed
    labels:
      site: büro
    reason: 'it''s needed'
  visio:
    facts:
      product: "VISIO"
      seats: 12
    schedule:
    - from: 2027-01-01
      recurring: off
    -   from: 2027-02-01
        recurring: on
rules:
  - match: {product: ["VISIO*", "PROJECT*"]}
    set:
      recurring: off
"""
READ = {
    "version": 1,
    "account": "contoso",
    "defaults": {"owner": "it@contoso.example", "labels": {"team": "sales", "cost centre": "0123"}},
    "subscriptions": {
        "business-premium": {
            "facts": {"product": "SPB", "term": "annual", "start": "2026-02-14"},
            "labels": {"site": "büro"},
            "reason": "it's needed",
        },
        "visio": {
            "facts": {"product": "VISIO", "seats": 12},
            "schedule": [{"from": "2027-01-01", "recurring": "off"}, {"from": "2027-02-01", "recurring": "on"}],
        },
    },
    "rules": [{"match": {"product": ["VISIO*", "PROJECT*"]}, "set": {"recurring": "off"}}],
}


def agrees(text: str, plain: PlainScalars | None = None) -> bool:
    """Whether the text was read swiftly; what was read must be what the parser reads, to the last type."""
    found = swiftly(text, PlainScalars() if plain is None else plain)
    assert found is None or exact(found) == exact(slowly(text))
    return found is not None


def test_the_layouts_that_people_write_are_read() -> None:
    assert swiftly(FILE, PlainScalars()) == READ
    assert agrees(FILE)


@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("first", ["", "---\n", "# why\n\n---  \n"], ids=["bare", "begun", "begun after a comment"])
def test_line_ends_and_a_beginning_make_no_difference(first: str, ends: str) -> None:
    text = (first + FILE).replace("\n", ends)
    assert swiftly(text, PlainScalars()) == READ
    assert agrees(text)


@pytest.mark.parametrize("name", SURPRISES)
def test_a_surprising_text_is_read_as_the_parser_does_or_left_to_it(name: str) -> None:
    text, read = SURPRISES[name]
    assert agrees(text) is read


@given(SEEDS)
def test_plain_layouts_are_read_as_the_parser_does(seed: int) -> None:
    agrees(layout(Random(seed)))


@given(SEEDS)
def test_odd_layouts_are_read_as_the_parser_does_or_left_to_it(seed: int) -> None:
    random = Random(seed)
    agrees(layout(random, random.choice((0.02, 0.1, 0.5))))


@given(SEEDS, st.sampled_from(["layout", "file"]))
def test_mutated_texts_are_read_as_the_parser_does_or_left_to_it(seed: int, kind: str) -> None:
    random = Random(seed)
    agrees(mutated(random, FILE if kind == "file" else layout(random)))


@given(documents())
def test_documents_in_every_style_are_read_as_the_parser_does_or_left_to_it(text: str) -> None:
    agrees(text)


@given(st.text("ab:-?[]{}&*!|>%@`'\"#,\\ \n\t\r~<=0.e\ufeff\u2028\x85\ud800\x00\u202eä", max_size=60))
def test_signs_in_any_order_are_read_as_the_parser_does_or_left_to_it(text: str) -> None:
    agrees(text)
    agrees(f"a: {text}\nb: [{text}")


def test_most_plain_layouts_are_read() -> None:
    plain = [layout(Random(seed)) for seed in range(400)]
    valid = [text for text in plain if slowly(text) is not None]
    assert len(valid) > 300
    assert sum(agrees(text) for text in valid) > 0.8 * len(valid)


def test_the_sample_specs_and_the_good_corpus_are_read_as_the_parser_does() -> None:
    folders = (ROOT / "specs", ROOT / "examples", ROOT / "tests" / "corpus" / "good")
    texts = [path.read_bytes().decode() for folder in folders for path in sorted(folder.rglob("*.yaml"))]
    read = [agrees(text) for text in texts]
    assert sum(read) > len(read) / 2


def test_one_memo_for_many_texts_changes_nothing() -> None:
    plain = PlainScalars()
    for seed in range(300):
        random = Random(seed)
        agrees(mutated(random, layout(random, 0.05)), plain)
        agrees(FILE, plain)


def test_what_was_read_is_nobody_elses() -> None:
    plain = PlainScalars()
    text = "a: {b: c}\nd: [e, {f: g}]\nh:\n- {i: j}\n- [k]\n- [l, [m]]\n"
    first = swiftly(text, plain)
    assert first is not None
    first["a"].clear()
    first["d"][1].clear()
    first["h"][0].clear()
    first["h"][1].clear()
    first["h"][2][1].clear()
    assert swiftly(text, plain) == slowly(text)


@pytest.mark.parametrize("lines", ["line", "pair"])
def test_the_memo_does_not_grow_for_ever(lines: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swift, "LINES_KEPT", 50)
    plain = PlainScalars()
    form = "  k{}: v\n" if lines == "line" else "  k: {{a{}: v}}\n"
    for number in range(200):
        assert agrees(f"a:\n{form.format(number)}b: {{c: {number}}}\n", plain)
        assert len(plain.lines) <= 50
        assert len(plain.pairs) <= 50


def test_a_line_of_just_the_length_is_read_and_one_more_character_is_not() -> None:
    assert agrees(f"a: {'x' * (LONGEST_LINE - 3)}\n")
    assert not agrees(f"a: {'x' * (LONGEST_LINE - 2)}\n")


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("a: {b: c}\n", {"size": 9}),
        ("a: ä\nb: c", {"size": 9}),
        ("a: b\nc: d\ne: f\n", {"nodes": 6}),
        ("a: {b: c, d: e}\n", {"nodes": 6}),
        ("a:\n- b: c\n- d: e\n", {"nodes": 8}),
        ("a: [[b], [c]]\n", {"nodes": 6}),
    ],
    ids=["bytes of one line", "bytes beyond ASCII", "lines", "pairs", "items", "lists"],
)
def test_a_text_near_a_limit_is_left_to_the_parser(
    text: str, limits: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert agrees(text)
    complained = parse(Document("a.yaml", text), PlainScalars(), Limits(**limits)).diagnostics
    assert complained
    monkeypatch.setattr(swift, "LIMITS", Limits(**limits))
    assert swiftly(text, PlainScalars()) is None


def test_thirty_thousand_brackets_and_dashes_are_left_to_the_parser_at_once() -> None:
    for text in ("[" * 30_000, "a: " + "{b: " * 30_000, "a:\n" + "- " * 30_000, "a: " + "[" * 400 + "]" * 400):
        assert not agrees(text)


def test_only_much_text_is_read_swiftly(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(swift, "swiftly", lambda text, _: asked.append(len(text)))
    plain = PlainScalars()
    half = Document("a.yaml", f"a: {'x ' * (SWIFT_FROM // 4)}y\n")
    for _ in range(3):
        assert parse(half, plain).data is not None
    assert len(asked) == 2
    assert parse(half, plain, Limits(depth=5)).data is not None
    assert len(asked) == 2


def test_a_text_read_swiftly_is_parsed_alike_and_keeps_its_places() -> None:
    plain = PlainScalars()
    plain.read = SWIFT_FROM
    document = Document("a.yaml", FILE)
    found = parse(document, plain)
    assert (found.data, found.diagnostics, found.broken, found.bad_keys) == (READ, (), frozenset(), frozenset())
    assert plain.lines
    assert str(document.at("rules", 0, "match", "product", 1).location) == "a.yaml:24:33"
    wrong = parse(Document("a.yaml", FILE + "rules: []\n"), plain)
    assert [item.code for item in wrong.diagnostics] == ["duplicate-key"]


def told(found: tuple[Diagnostic, ...]) -> list[tuple[object, ...]]:
    """Findings with all that is shown of them."""
    return [(item.severity, item.code, str(item.location), item.summary, item.detail, item.hint) for item in found]


@pytest.mark.parametrize("quality", ["good", "bad"])
def test_every_file_of_the_corpus_is_judged_alike(quality: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [(kind, text_of(quality, kind, name)) for kind, name in single_files(quality)]
    slow = [told(findings(kind, text)) for kind, text in files]
    monkeypatch.setattr("reconciler.spec.parse.SWIFT_FROM", 0)
    assert [told(findings(kind, text)) for kind, text in files] == slow


def test_every_estate_of_the_corpus_is_judged_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [estate(name)[0] for name in estates()]
    slow = [told(load_specs(each, ACCOUNTS, PROVIDERS).diagnostics) for each in texts]
    monkeypatch.setattr("reconciler.spec.parse.SWIFT_FROM", 0)
    assert [told(load_specs(each, ACCOUNTS, PROVIDERS).diagnostics) for each in texts] == slow


def test_a_mistake_taken_out_of_one_file_is_found_again_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.spec.parse.SWIFT_FROM", 0)
    head = "version: 1\naccount: contoso\nsubscriptions:\n"
    wrong = "{}  {}:\n    {}\n    labels: {{team: a, size: 1, sizes: {{}}}}\n"
    found = load({f"specs/{name}.yaml": wrong.format(head, name, FACTS) for name in "abc"})
    assert [str(item.location) for item in found.diagnostics] == [f"specs/{name}.yaml:6:39" for name in "abc"]


def test_simple_values_in_brackets_are_of_these_characters_and_all_beyond_ascii() -> None:
    letters = string.ascii_letters + string.digits
    within, first = {*letters, *"_./@+~$^;<=()-"}, {*letters, *"_./+~$^;<=("}
    for char in map(chr, [*range(0x80), 0x80, 0x85, 0xFFFF, 0x10000, 0x10FFFF]):
        found = swift._FLOW_VALUE_OF.fullmatch(f"a{char}")
        assert (found is not None) == (char in within or char > "\x7f"), char
        found = swift._FLOW_VALUE_OF.fullmatch(char)
        assert (found is not None) == (char in first or char > "\x7f"), char
