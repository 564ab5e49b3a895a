"""A file in blocks says exactly what the parser says of it, or nothing."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.spec import blocks, marks
from reconciler.spec.blocks import Cut, Cutter
from reconciler.spec.dialect import Limits
from reconciler.spec.scalars import IntText, PlainScalars
from tests.spec.corpus import single_files, text_of
from tests.spec.layouts import exact, layout, mutated, scalar, slowly

SEEDS = st.integers(0, 2**48)
ROOT = Path(__file__).parents[2]
HEAD = "# Licences\nversion: 1\naccount: contoso\nsubscriptions:\n"
FIRST = """\
  sub-1:
    id: 7f3a-1
    labels:
      team: team-1
    facts:
      product: SPB
      term: annual
      start: 2021-02-03
      seats: 12
      price: 20.60 EUR
"""
FLOW = "  sub-2:\n    facts: {product: 'SPB', term: annual, start: 2021-02-03, seats: 3, price: 1 EUR}\n"
FILE = HEAD + FIRST + FLOW
VALUES = (
    "SPB|annual|on|off|none|true|False|null|~|12|007|-5|1.5|1e3|0x1F|0o17|7e30|7e30a|7e-5|0e-5|12-3|2021-02-03|x"
    "|2021-02-30|22:22|a:b|12#x|a@b.example|team-1|nobody_uses_it|731000001|zq0x1x|20.60 EUR|a b|moved, it says|12 # x"
    '|it\'s|a "b"|a: b|a, b: c|büro||1 000|nullify|False-ish|e12|a {b}|a]|&a|- a|a,b'
).split("|")
VALUES += ["y " * 120 + "y", "123456789", "1234567890"]


def subscription(random: Random, name: str, odd: float) -> list[str]:
    """One in some layout, as like to the others as they are in an estate."""

    def value(text: str) -> str:
        if random.random() < odd:
            text = scalar(random, 0.3) if random.random() < 0.3 else random.choice(VALUES)
        if random.random() < odd:
            text = random.choice((f"'{text}'", f'"{text}"', f"{text}  ", f"{text} # why", f"{text} #", f"{text}#"))
        return text

    facts = {
        "product": value(random.choice(("SPB", "VISIO"))), "term": value("annual"), "start": value("2021-02-03"),
        "seats": value(str(random.randrange(300))), "price": value(f"{random.randrange(90)}.50 EUR"),
        "last_charge": value("5 EUR"),
    }  # fmt: skip
    for fact in random.sample(list(facts), random.choice((1, 2, 3))):
        del facts[fact]
    pairs = ", ".join(f"{key}: {said}" for key, said in facts.items())
    lines = [f"  {name}:" + random.choice(("", "", "", "  # asked for"))]
    if random.random() < 0.1:
        return [f"  {name}: {{facts: {{{pairs}}}, id: {value('b-1')}}}"]
    lines += random.choice(
        ([], [f"    id: {value(f'7f3a-{random.randrange(9999)}')}"], [f"    owner: {value('a@x.y')}"])
    )
    lines += random.choice(
        ([], [f"    labels: {{team: {value('sales')}}}"], ["    labels:", f"      start: {value('x')}"])
    )
    lines += random.choice(([], [], [f"    reason: {value('nobody uses it')}"], ["    # by hand, seats: 3"]))
    if random.random() < 0.5:
        lines.append(f"    facts: {{{pairs}}}")
    else:
        lines += ["    facts:", *(f"      {key}: {said}" for key, said in facts.items())]
    if random.random() < 0.1:
        lines += ["    schedule:", f"    - from: {value('2027-01-01')}", f"    - {{from: {value('2027-01-02')}}}"]
    return lines


def file(random: Random, odd: float = 0.05) -> str:
    """A file of some subscriptions."""
    lines = []
    for number in range(random.randrange(1, 7)):
        if random.random() < 0.1:
            lines.append(random.choice(("", "  # a", "# b", "    ", "  ")))
        lines += subscription(random, f"sub-{number}", odd)
    return HEAD + "\n".join(lines) + random.choice(("\n", "\n", "", "\n\n", "\n# end"))


def told(cut: Cut, cutter: Cutter) -> object:
    """All that a cut file says."""
    every: dict[str, Any] = {}
    for form, row in zip(cut.forms, cut.rows, strict=True):
        block = cutter.block(form, row)
        assert exact(filled(form.block, dict(zip(form.paths, row[2:], strict=True)), form.counts)) == exact(block)
        every[row[1]] = block
    return exact({**cut.head, "subscriptions": every})


def filled(value: Any, values: dict[Any, str], counts: frozenset[Any], path: tuple[str | int, ...] = ()) -> object:
    """The block of a form with these values at their paths."""
    if isinstance(value, dict):
        return {key: filled(inner, values, counts, (*path, key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, values, counts, (*path, index)) for index, inner in enumerate(value)]
    text = values.get(path)
    if text is None:
        return value
    return IntText(int(text), text) if path in counts else text


def agrees(text: str, cutter: Cutter | None = None) -> bool:
    """Whether the file was cut; all that was cut must be what the parser reads."""
    cutter = Cutter(PlainScalars()) if cutter is None else cutter
    cut = cutter.cut(text)
    if cut is not None:
        assert told(cut, cutter) == exact(slowly(text))
    return cut is not None


def test_the_layouts_of_an_estate_are_cut() -> None:
    cutter = Cutter(PlainScalars())
    cut = cutter.cut(FILE)
    assert cut is not None
    assert cut.head == {"version": 1, "account": "contoso"}
    first, second = cut.rows
    assert first[0] == "\n" + FIRST.rstrip()
    assert list(first[1:]) == ["sub-1", "7f3a-1", "team-1", "SPB", "annual", "2021-02-03", "12", "20.60 EUR"]
    assert list(second[1:]) == ["sub-2", "SPB", "annual", "2021-02-03", "3", "1 EUR"]
    assert cut.forms[0].paths[:3] == (("id",), ("labels", "team"), ("facts", "product"))
    assert cut.forms[0].counts == {("facts", "seats")}
    assert agrees(FILE)


def test_blocks_that_differ_in_simple_values_have_one_form() -> None:
    others = FIRST.replace("sub-1", "sub-3").replace("12", "7").replace("SPB", "VISIO").replace("team-1", "b c")
    cut = Cutter(PlainScalars()).cut(FILE + "\n  # a comment, and more\n" + others)
    assert cut is not None
    assert cut.forms[2] is cut.forms[0]
    assert cut.forms[1] is not cut.forms[0]


@given(SEEDS)
def test_files_are_read_in_blocks_as_the_parser_does_or_left_to_it(seed: int) -> None:
    random = Random(seed)
    agrees(file(random, random.choice((0.0, 0.05, 0.3))))


@given(SEEDS)
def test_mutated_files_are_read_as_the_parser_does_or_left_to_it(seed: int) -> None:
    random = Random(seed)
    agrees(mutated(random, file(random)))


@given(SEEDS, st.floats(0, 0.3))
def test_any_layout_below_the_names_is_read_as_the_parser_does_or_left_to_it(seed: int, odd: float) -> None:
    random = Random(seed)
    below = "".join(f"  n{n}:\n    " + layout(random, odd).replace("\n", "\n    ").rstrip(" ") for n in range(2))
    agrees(f"{HEAD}{below}")
    agrees(f"a: b\nsubscriptions:\n{below}{FIRST}")


def test_one_memo_for_many_files_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "OFTEN", 2)
    cutter = Cutter(PlainScalars())
    cut = 0
    for seed in range(400):
        random = Random(seed)
        cut += agrees(file(random, 0.02), cutter)
        agrees(mutated(random, file(random, 0.02)), cutter)
    assert cut > 150


def test_what_is_met_often_is_read_by_patterns_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "OFTEN", 1)
    cutter = Cutter(PlainScalars())
    assert agrees(FILE, cutter)
    cut = cutter.cut(FILE)
    assert cut is not None
    for value in VALUES:
        for old in ("7f3a-1", "team-1", "SPB", "annual", "2021-02-03", "12", "20.60 EUR", "'SPB'", "1 EUR"):
            agrees(FILE.replace(old, value), cutter)
            agrees(FILE.replace(old, f"{value}  # why"), cutter)
            agrees(FILE.replace(old, f"{value}\n\n"), cutter)
    assert agrees(FILE.replace("\n", "\r\n"), cutter)


def one_layout(random: Random, odd: float) -> str:
    """A file whose subscriptions are laid out alike, but for a few."""
    block = "\n".join(subscription(random, "NAME", 0.0))
    gap = random.choice(("\n", "\n", "\n\n", "\n\n\n"))
    every = []
    for number in range(random.randrange(1, 6)):
        made = block.replace("NAME", f"sub-{number}")
        for old in ("SPB", "VISIO", "annual", "2021-02-03", "sales", "7f3a", "a@x.y", "nobody uses it", "5 EUR"):
            if random.random() < odd:
                made = made.replace(old, random.choice(VALUES))
        every.append(made if random.random() > odd else mutated(random, made))
    return HEAD + gap.join(every) + random.choice(("\n", "", "\n\n"))


def test_files_of_one_layout_are_read_as_the_parser_does_or_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "OFTEN", 1)
    together, all_alike = [0], blocks._Layout.all_alike

    def counting(layout: blocks._Layout, body: str) -> list[blocks.Row] | None:
        found = all_alike(layout, body)
        together[0] += bool(found)
        return found

    monkeypatch.setattr(blocks._Layout, "all_alike", counting)
    for seed in range(150):
        cutter = Cutter(PlainScalars())
        for odd in (0.0, 0.0, 0.05, 0.0, 0.2):
            assert agrees(one_layout(Random(seed), odd), cutter) or odd
    assert together[0] > 200


def test_very_many_blank_lines_take_no_longer_than_other_text() -> None:
    blanks = "\n" * 1_000_000
    text = f"{HEAD}  a:\n    recurring: on\n{blanks}    cancel: none\n  b:\n    recurring: on\n"
    cutter = Cutter(PlainScalars())
    for _ in range(2):
        cut = cutter.cut(text)
        assert cut is not None
        assert [row[1] for row in cut.rows] == ["a", "b"]
    (first, _), (second, _) = marks._blocks(f"\n  a:{blanks}    x: y\n{blanks}  b: z", 2)
    assert first != second


def test_the_sample_specs_and_the_good_corpus_are_read_as_the_parser_does() -> None:
    paths = [path for folder in ("specs", "examples") for path in sorted((ROOT / folder).rglob("*.yaml"))]
    texts = [path.read_text(encoding="utf-8") for path in paths]
    texts += [text_of(quality, kind, name) for quality in ("good", "bad") for kind, name in single_files(quality)]
    cutter = Cutter(PlainScalars())
    assert sum([agrees(text, cutter) for text in texts]) > 5


HOSTILE = {
    "a plain scalar of two lines after a number": "  a:\n    facts:\n      seats: 12\n        13\n",
    "a plain scalar of two lines after a text": "  a:\n    reason: moved\n      seats: 3\n",
    "seats in a folded text": "  a:\n    reason: >-\n      seats: 12\n    facts: {seats: 3}\n",
    "seats in a literal text": "  a:\n    reason: |\n      seats: 12\n\n      seats: 13\n",
    "a quoted text of two lines": '  a:\n    reason: "it\n      seats: 12"\n',
    "a quoted text with a blank line": '  a:\n    reason: "it\n\n      is"\n',
    "a comment sign in quotes": '  a:\n    reason: "it # is"\n',
    "a comment sign in quotes over two lines": '  a:\n    reason: "it # is\n      so"\n',
    "pairs in quotes beside braces": '  a:\n    reason: "a, seats: 12, b: c"\n    facts: {seats: 12}\n',
    "a key twice": "  a:\n    id: x\n    id: y\n",
    "facts twice": "  a:\n    facts: {seats: 1}\n    facts: {seats: 2}\n",
    "a fact twice": "  a:\n    facts: {seats: 1, seats: 2}\n",
    "a name twice": "  a:\n    id: x\n  a:\n    id: y\n",
    "a deeper line after a shallower one": "  a:\n      id: x\n    owner: y\n",
    "a line between two columns": "  a:\n    id: x\n   owner: y\n",
    "a name in another column": "  a:\n    id: x\n b:\n    id: y\n",
    "a merge key": "  a:\n    <<: {id: x}\n",
    "an anchor": "  a: &a\n    id: x\n",
    "an alias": "  a:\n    id: *a\n",
    "a tag": "  a:\n    id: !!str 12\n",
    "a mapping after a value": "  a:\n    start: 2021-01-01: x\n",
    "a value after a mapping": "  a:\n    facts: {seats: 1} 2\n",
    "a text after a quoted one": "  a:\n    id: 'x' y\n",
    "a tab": "  a:\n\tid: x\n",
    "a tab behind a value": "  a:\n    id: x\t\n",
    "a carriage return": "  a:\n    id: x\ry\n",
    "a control character in a comment": "  a:\n    id: x # \x01\n",
    "a control character that stands for a value": "  a:\n    id: \x00\n",
    "the sign that is put between pieces": "  a:\n    id: x\x1e owner: y\n",
    "a line separator": "  a:\n    id: x\u2028y\n",
    "no value": "  a:\n    id:\n",
    "an empty block": "  a:\n  b:\n    id: x\n",
    "null": "  a:\n    id: null\n",
    "a number beyond all": "  a:\n    facts: {price: 1e999}\n",
    "another document": "  a:\n    id: x\n---\n  b:\n    id: y\n",
    "the end of the document": "  a:\n    id: x\n...\n",
    "a directive": "  a:\n    id: x\n%YAML 1.2\n",
    "a list": "  - a\n  - b\n",
    "names in brackets": "  {a: {id: x}}\n",
    "what is put in place of values": "  a:\n    id: x\n    owner: '%zq0x1x'\n",
    "a key after the subscriptions": "  a:\n    id: x\nrules: []\n",
    "the subscriptions twice": "  a:\n    id: x\nsubscriptions:\n  b:\n    id: y\n",
    "braces over two lines": "  a:\n    facts: {seats: 1,\n      start: 2021-01-01}\n",
    "half a pair of braces": "  a:\n    facts: {seats: 1\n    id: x\n",
    "a name in quotes": "  'a':\n    id: x\n",
    "a word for a name": "  a:\n    id: x\n  b: c: d\n",
    "a pair in a plain text": "  a:\n    reason: a, b: c\n",
}
"""Blocks that are no blocks, or of which no value can be put in the place of another."""


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_odd_is_left_to_the_parser(name: str) -> None:
    assert not agrees(HEAD + HOSTILE[name])
    assert not agrees(FILE + HOSTILE[name])


PLAIN = {
    "a comment and none": "  a:\n    facts: {seats: 12}\n    id: 12#x\n  b:\n    id: x #12\n",
    "a pair in quotes": '  a:\n    reason: "moved, start: 2020-01-01"\n',
    "the same fact in quotes and outside": '  a:\n    reason: "a, seats: 12"\n    facts: {term: x, seats: 12}\n',
    "words for names": "  null:\n    id: x\n  true:\n    id: y\n  12:\n    id: z\n",
    "comments at odd places": "# a\n  a:\n# b\n      # c\n    id: x\n      # d\n  # e\n  b:  # f # g\n    id: y # h\n#",
    "spaces at the end of lines": "  a:  \n    id: x  \n    facts:   \n      seats: 12 \n      \n",
    "long lines": f"  a:\n    reason: {'x ' * 90}x\n    owner: {'y ' * 300}y\n",
    "lists": "  a:\n    schedule:\n    - from: 2027-01-01\n    - {from: 2027-02-01, recurring: on}\n",
    "a label with the key of a fact": "  a:\n    labels:\n      seats: 12\n      id: x\n    facts: {seats: 12}\n",
    "numbers and texts": "  a:\n    facts: {seats: 12}\n  b:\n    facts: {seats: x}\n  c:\n    facts: {seats: 1.5}\n",
    "numbers with zeros": "  a:\n    facts: {seats: 007}\n    id: 0\n",
    "the same in two columns": "  a:\n      id: x\n  b:\n     id: x\n",
    "letters beyond ASCII": "  a:\n    reason: büro\n    owner: größer, viel\n    id: 日本\n",
    "a colon within": "  a:\n    id: a:b\n    owner: http://x/y\n    reason: a:b, c\n",
}
"""Blocks with which nothing is wrong."""


@pytest.mark.parametrize("name", PLAIN)
def test_what_only_looks_odd_is_read(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = HEAD + PLAIN[name]
    assert agrees(text), name
    monkeypatch.setattr(blocks, "OFTEN", 1)
    cutter = Cutter(PlainScalars())
    assert [agrees(text, cutter) for _ in range(3)] == [True] * 3


@pytest.mark.parametrize(
    "head",
    ["", "---\n", "a: b\n", "a:\n- b\n- c\n", "a: {b: c}\n# d\n\n"],
    ids=["nothing", "a beginning", "a key", "a list", "a mapping"],
)
def test_what_stands_before_is_read_with_it(head: str) -> None:
    assert agrees(f"{head}subscriptions:  # all\n\n{FIRST}{FLOW}")


@pytest.mark.parametrize(
    "head",
    [
        "a:\n",
        " a: b\n",
        "- a\n",
        "a: |\n  b\n",
        'a: "b\n',
        "subscriptions: {}\n",
        "a: b\na: c\n",
        "%YAML 1.2\n",
        "...\n",
    ],
    ids=["no value", "another column", "a list", "a text", "quotes", "them", "a key twice", "a directive", "an end"],
)
def test_a_beginning_that_is_not_plain_is_left_to_the_parser(head: str) -> None:
    assert not agrees(f"{head}subscriptions:\n{FIRST}")


@pytest.mark.parametrize("text", ["", "a: b\n", "subscriptions:", "subscriptions: {}\n", "subscriptions:\n  # a\n"])
def test_a_file_without_plain_subscriptions_is_left_to_the_parser(text: str) -> None:
    assert not agrees(text)


def test_a_text_near_a_limit_is_left_to_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.spec.swift.LIMITS", Limits(nodes=30))
    assert not agrees(FILE)


def test_forms_that_never_come_again_are_no_longer_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "TRUST", 3 * blocks.COST)
    cutter = Cutter(PlainScalars())
    cut = [agrees(f"{HEAD}  a:\n    k{number}: 1\n", cutter) for number in range(9)]
    assert cut == [True] * 4 + [False] * 5
    assert not agrees(FILE, cutter)


def test_files_that_are_refused_again_and_again_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "TRUST", 2 * blocks.COST)
    cutter = Cutter(PlainScalars())
    assert agrees(FILE, cutter)
    for _ in range(40):
        assert not agrees(f"{FILE}  b:\n    id:\n", cutter)
    assert not agrees(FILE, cutter)


def test_the_memos_do_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "PIECES_KEPT", 30)
    monkeypatch.setattr(blocks, "FORMS_KEPT", 5)
    monkeypatch.setattr(blocks, "OFTEN", 1)
    cutter = Cutter(PlainScalars())
    for number in range(60):
        assert agrees(f"{HEAD}  a:\n    k{number}: v{number}\n    id: 7f3a-{number}\n", cutter)
        assert len(cutter._signs) <= 30
        assert len(cutter._forms) <= 5
    assert sum(len(one.patterns) for one in cutter._layouts.values()) == blocks.PATTERNS
