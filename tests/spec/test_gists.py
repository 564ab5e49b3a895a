"""Sketches: packed and unpacked without a loss, made alike whatever was learned before, and of plain files alone."""

from __future__ import annotations

import pytest

from reconciler.desired import SpecText
from reconciler.gist import Asked
from reconciler.spec import gists
from reconciler.spec.gists import RuleCount, Sketch, uncounted
from reconciler.spec.match import CompiledRule
from tests.spec.reading import FACTS
from tests.spec.test_blocks import FILE, HEAD
from tests.spec.test_parts import ORIGIN, around, new

SKETCH = Sketch(
    "contoso",
    "a\nb",
    b"0123456789abcdef" * 2,
    b"\x00\x01",
    (Asked(0, "on", None, True, None, False), Asked(8, None, "none", False, True, True)),
    ("c",),
    ("SPB", "VISIO"),
    (RuleCount("specs/_defaults.yaml", 1, (("SPB", 2), ("VISIO", 1)), "product *: recurring off"),),
)
CUT = pytest.mark.parametrize("cut", [True, False], ids=["in blocks", "whole"])


@pytest.mark.parametrize("sketch", [SKETCH, SKETCH._replace(names="", gists=b"", which=b"", asked=(), rules=())])
def test_a_sketch_is_unpacked_as_it_was(sketch: Sketch) -> None:
    assert Sketch.unpacked(sketch.packed()) == sketch


def test_a_rule_has_matched_what_it_matched_of_every_product() -> None:
    assert SKETCH.rules[0].matched == 3


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no number",
        SKETCH.packed()[:20],
        SKETCH.packed()[:-1],
        SKETCH.packed() + b"x",
        SKETCH._replace(which=b"\x00\x02").packed(),
        b"00000002[]",
        b"0000000f[1,1,1,1,1,1]",
        b'00000015["a",1,[],[],[],[]]  ',
    ],
    ids=["nothing", "no number", "half", "short", "long", "no such asked", "no parts", "numbers", "no names"],
)
def test_what_is_no_sketch_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Sketch.unpacked(data)


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
    monkeypatch.setattr(gists, "_ASKED_AT_MOST", 1)
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
