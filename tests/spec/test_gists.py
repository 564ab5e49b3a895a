"""Sketches: made alike whatever was learned before, and of plain files alone."""

from __future__ import annotations

from random import Random

import pytest

from reconciler.desired import SpecText
from reconciler.spec import gists
from reconciler.spec import sketch as sketches
from reconciler.spec.blocks import Cut
from reconciler.spec.match import CompiledRule
from reconciler.spec.sketch import Sketch
from reconciler.spec.stacks import uncounted
from tests.spec.reading import FACTS
from tests.spec.test_blocks import FILE, HEAD, one_layout
from tests.spec.test_parts import ORIGIN, RULES, around, new

CUT = pytest.mark.parametrize("cut", [True, False], ids=["in blocks", "whole"])


def sketch_of(text: str, *, cut: bool, rules: str = "none") -> Sketch | None:
    """The sketch of one file."""
    return new(around(rules), cut=cut).sketch(SpecText(ORIGIN, text))


@CUT
@pytest.mark.parametrize(
    ("block", "plain"),
    [
        ("    recurring: off\n", True),
        ("    recurring: off\n    cancel: {when: at-renewal, reason: nobody uses it}\n", True),
        ("    protect: true\n", True),
        ("    billing: monthly\n", None),
        ("    labels: {team: 12}\n", None),
        ("    decided: {for: 2027-01-02, by: ada}\n", False),
        ("    schedule: []\n", False),
        ("    labels: [a]\n", False),
        ("    facts: {term: [a]}\n", False),
        ("    cancel: {when: [a]}\n", False),
        ("    cancel: {when: at-renewal, reason: ' '}\n", False),
        ("    reason: ' '\n", False),
        ("    owner: 12\n", False),
    ],
)
def test_only_what_is_plainly_declared_is_taken_apart(block: str, plain: bool | None, cut: bool) -> None:
    sketch = sketch_of(f"{FILE}  sub-3:\n{block}", cut=cut)
    if sketch is None:
        assert plain is None
    else:
        assert ("sub-3" in sketch.names.split("\n"), "sub-3" in sketch.odd) == (plain is True, plain is not True)


@CUT
def test_a_block_that_is_no_mapping_is_odd(cut: bool) -> None:
    sketch = sketch_of(f"{FILE}  sub-3: x\n", cut=cut)
    assert sketch is not None
    assert sketch.odd == ("sub-3",)


@CUT
def test_more_ways_to_ask_than_can_be_told_apart_have_no_sketch(cut: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sketches, "_ASKED_AT_MOST", 1)
    assert sketch_of(FILE, cut=cut) is None
    assert sketch_of(f"{HEAD}  a:\n    {FACTS}\n", cut=cut) is not None


@CUT
@pytest.mark.parametrize("rules", ["none", "by name"])
def test_memos_that_are_full_are_begun_anew(cut: bool, rules: str, monkeypatch: pytest.MonkeyPatch) -> None:
    many = FILE + "".join(
        f"  n-{number}:\n    labels: {{team: t{number}}}\n    facts: {{start: 2021-01-{number + 1:02d}}}\n"
        for number in range(9)
    )
    expected = sketch_of(many, cut=False, rules=rules)
    for name in ("_KEPT_AT_MOST", "_COLUMNS_AT_MOST", "_TEXTS_AT_MOST"):
        monkeypatch.setattr(gists, name, 1)
    estate = new(around(rules), cut=cut)
    assert [estate.sketch(SpecText(ORIGIN, many)) for _ in range(3)] == [expected] * 3


@pytest.mark.parametrize("rules", list(RULES))
def test_files_of_one_layout_come_to_the_same_as_row_by_row(rules: str, monkeypatch: pytest.MonkeyPatch) -> None:
    by_columns, together = gists._Sketching._all_alike, [0]

    def counting(sketching: gists._Sketching, cut: Cut) -> object:
        found = by_columns(sketching, cut)
        together[0] += found is not None
        return found

    for seed in range(60):
        columns, rows = new(around(rules), cut=True), new(around(rules), cut=True)
        for odd in (0.0, 0.0, 0.1, 0.3):
            text = SpecText(ORIGIN, one_layout(Random(seed), odd))
            with monkeypatch.context() as patched:
                patched.setattr(gists._Sketching, "_all_alike", lambda self, cut: None)
                expected = rows.kept(text)
            with monkeypatch.context() as patched:
                patched.setattr(gists._Sketching, "_all_alike", counting)
                assert columns.kept(text) == expected
    assert (together[0] > 30) is (rules != "by name")


@CUT
def test_a_label_that_needs_a_second_look_is_odd(cut: bool) -> None:
    plain = f"{HEAD}  a:\n    labels:\n      team: x\n    {FACTS}\n"
    estate = new(around(), cut=cut)
    assert estate.sketch(SpecText(ORIGIN, plain)) is not None
    for label in (f"team: {'x' * 201}", f"{'x' * 101}: y", "team: ''"):
        sketch = estate.sketch(SpecText(ORIGIN, plain.replace("team: x", label)))
        assert sketch is not None
        assert (sketch.odd == ("a",)) is (label != "team: ''")


@CUT
def test_below_a_rule_on_names_each_name_is_asked_for(cut: bool) -> None:
    text = HEAD + "".join(f"  sub-{number}:\n    {FACTS}\n" for number in range(5))
    sketch = sketch_of(text, cut=cut, rules="by name")
    assert sketch is not None
    assert [(rule.matched, rule.products) for rule in sketch.rules] == [(2, (("SPB", 2),))]


def test_what_is_resolved_for_a_sketch_is_not_counted() -> None:
    estate = new(around("by product"), cut=True)
    stack = estate._load.folders.stack("specs/a")
    (rule,) = (step for step in stack.steps if isinstance(step, CompiledRule))
    with uncounted(stack):
        rule.count("VISIO")
    assert (rule.matched, rule.products) == (0, set())
