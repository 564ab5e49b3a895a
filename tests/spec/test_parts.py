"""What is read of an estate in parts is what a whole load makes of the same subscriptions."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.desired import SpecText
from reconciler.diagnostics import Place
from reconciler.gist import digest, gist_of
from reconciler.model import SubscriptionKey
from reconciler.spec import blocks, load_specs
from reconciler.spec.load import Chosen
from reconciler.spec.parse import SWIFT_FROM
from reconciler.spec.parts import Parts
from reconciler.spec.positions import SpecPlace
from reconciler.spec.sketch import SIZE, Sketch
from tests.spec.layouts import mutated
from tests.spec.reading import ACCOUNTS, PROVIDERS, texts
from tests.spec.test_blocks import FILE, HEAD, file

SEEDS = st.integers(0, 2**48)
DEFAULTS = """\
version: 1
defaults:
  owner: it@contoso.example
  labels: {region: north, team: all}
  facts: {product: SPB, term: annual, start: 2020-01-01}
"""
RULES = {
    "none": "",
    "by product": "rules:\n  - match: {product: VISIO}\n    set: {labels: {reviewed: '2026'}}\n",
    "by owner": "rules:\n  - match: {owner: it@*}\n    set: {protect: true}\n",
    "by label": "rules:\n  - match: {labels: {team: sales}}\n    set: {recurring: off, labels: {x: y}}\n",
    "by name": "rules:\n  - match: {key: '*/sub-[13]', owner: it@*}\n    set: {reason: two of them, labels: {a: b}}\n",
}
ORIGIN = "specs/a/part.yaml"


def around(rules: str = "none", defaults: str = DEFAULTS) -> dict[str, str]:
    """The files above."""
    return {"specs/_defaults.yaml": defaults + RULES[rules]}


def new(files: dict[str, str], *, cut: bool) -> Parts:
    """The estate below these files; `cut`: as if much had been read already."""
    made = Parts(texts(files), ACCOUNTS, PROVIDERS)
    made._load.plain.read = SWIFT_FROM if cut else -(1 << 60)
    return made


def stands(sketch: Sketch, files: dict[str, str], text: str, origin: str = ORIGIN) -> None:
    """A sketch must say of each subscription what a whole load of just this file comes to."""
    loaded = load_specs(texts({**files, origin: text}), ACCOUNTS, PROVIDERS)
    names = sketch.names.split("\n") if sketch.names else []
    assert {key.name for key in loaded.subscriptions} == {*names, *sketch.odd} or loaded.has_errors
    for at, name in enumerate(names):
        gist = gist_of(loaded.subscriptions[SubscriptionKey(sketch.account, name)])
        assert gist is not None
        assert digest(gist[0]) == sketch.gists[at * SIZE : (at + 1) * SIZE]
        assert gist[1] == sketch.asked[sketch.which[at]]
    if not loaded.has_errors:
        uses = {rule_at(use.place): (use.matched, use.products) for use in loaded.rules if use.matched}
        counted = {
            (one.origin, one.number): (one.matched, tuple(code for code, _ in one.products)) for one in sketch.rules
        }
        assert counted.keys() <= uses.keys()
        if not sketch.odd:
            assert counted == uses


def rule_at(place: Place) -> tuple[str, object]:
    """The file of a rule, and its number there."""
    assert isinstance(place, SpecPlace)
    return place.file, place.path[1]


def both(files: dict[str, str], every: list[str]) -> int:
    """How many of these texts have a sketch; in blocks it must be the same, and that of a whole load."""
    cut, whole = new(files, cut=True), new(files, cut=False)
    found = 0
    for text in every:
        spec = SpecText(ORIGIN, text)
        expected, sketch = whole.sketch(spec), cut.sketch(spec)
        assert sketch is None or sketch == expected
        if sketch is not None:
            found += 1
            stands(sketch, files, text)
    return found


@given(SEEDS, st.sampled_from(list(RULES)))
def test_a_file_in_blocks_has_the_sketch_of_the_whole(seed: int, rules: str) -> None:
    random = Random(seed)
    every = [file(random, 0.02) for _ in range(3)]
    both(around(rules), [*every, mutated(random, every[0])])


@pytest.mark.parametrize("rules", RULES)
def test_one_memo_for_many_files_changes_nothing(rules: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "OFTEN", 3)
    random = Random(7)
    every = [file(random, random.choice((0.0, 0.01))) for _ in range(80)]
    assert both(around(rules), every) > 20


def test_a_file_with_defaults_and_rules_of_its_own_is_read_in_blocks() -> None:
    own = "defaults: {protect: true}\nrules:\n  - match: {product: SPB}\n    set: {recurring: off}\n"
    text = FILE.replace("subscriptions:", f"{own}subscriptions:")
    assert both(around(), [text, text, FILE]) == 3


def test_much_is_read_in_blocks_and_little_is_not() -> None:
    cut, whole = new(around(), cut=True), new(around(), cut=False)
    for parts_of in (cut, whole):
        assert parts_of.sketch(SpecText(ORIGIN, FILE)) is not None
    assert cut._cutter is not None
    assert whole._cutter is None


WRONG = {
    "no YAML": "version: [\n",
    "a list": "- a\n",
    "no subscriptions": "version: 1\naccount: contoso\n",
    "subscriptions that are none": "version: 1\naccount: contoso\nsubscriptions: [a]\n",
    "no version": "account: contoso\nsubscriptions:\n  a:\n    id: x\n",
    "an account that nobody knows": FILE.replace("contoso", "nobody"),
    "an account outside": FILE.replace("contoso", "acme"),
    "a rule that matches on nothing": FILE.replace(
        "subscriptions:", "rules:\n- {match: {}, set: {recurring: off}}\nsubscriptions:"
    ),
    "a rule of its own that matches nothing": FILE.replace(
        "subscriptions:", "rules:\n- {match: {product: NONE}, set: {recurring: off}}\nsubscriptions:"
    ),
    "a key that nobody knows": FILE + "    protekt: true\n",
    "a day that is none": HEAD + "  a:\n    facts: {start: 2026-02-30}\n",
}  # fmt: skip


@pytest.mark.parametrize("cut", [True, False], ids=["in blocks", "whole"])
@pytest.mark.parametrize("name", WRONG)
def test_a_file_of_which_something_is_to_be_told_has_no_sketch(name: str, cut: bool) -> None:
    estate = new(around(), cut=cut)
    assert estate.sketch(SpecText(ORIGIN, WRONG[name])) is None
    assert estate.sketch(SpecText(ORIGIN, FILE)) is not None


@pytest.mark.parametrize("cut", [True, False], ids=["in blocks", "whole"])
def test_what_is_not_plain_is_odd_and_the_rest_is_not(cut: bool) -> None:
    more = "  sub-3:\n    schedule:\n    - from: 2027-01-01\n      recurring: off\n  sub-4:\n    previously: sub-5\n"
    sketch = new(around(), cut=cut).sketch(SpecText(ORIGIN, FILE + more))
    assert sketch is not None
    assert sketch.names.split("\n") == ["sub-1", "sub-2"]
    assert sketch.odd == ("sub-3", "sub-4")


@pytest.mark.parametrize("cut", [True, False], ids=["in blocks", "whole"])
@pytest.mark.parametrize(
    ("old", "new_text"),
    [
        ("start: 2021-02-03\n", "start: 2021-02-30\n"),
        ("start: 2021-02-03\n", "start: 2021\n"),
        ("seats: 12", "seats: 10000001"),
        ("seats: 12", "seats: twelve"),
        ("price: 20.60 EUR", "price: 20.605 EUR"),
        ("price: 20.60 EUR", "price: 20"),
        ("id: 7f3a-1", "id: 12"),
        ("team: team-1", f"team: {'x' * 201}"),
    ],
    ids=[
        "no day",
        "a year",
        "too many seats",
        "seats in words",
        "too exact",
        "no currency",
        "an id that is a number",
        "a long label",
    ],
)
def test_a_value_that_does_not_fit_is_odd_once_others_of_its_kind_are_known(old: str, new_text: str, cut: bool) -> None:
    estate = new(around(), cut=cut)
    assert estate.sketch(SpecText(ORIGIN, FILE)) is not None
    sketch = estate.sketch(SpecText(ORIGIN, FILE.replace(old, new_text)))
    assert sketch is not None
    assert sketch.odd == ("sub-1",)


def test_an_estate_is_sound_as_long_as_nothing_is_wrong_above() -> None:
    assert new(around(), cut=True).sound
    assert not new(around(defaults="version: 1\ndefaults: {protekt: true}\n"), cut=True).sound
    assert list(new(around(), cut=True).accounts) == ["contoso", "acme"]


def test_a_place_is_found_once_somebody_asks() -> None:
    asked: list[str] = []

    def text_of(origin: str) -> str:
        asked.append(origin)
        return FILE

    place = new(around(), cut=True).place(ORIGIN, "sub-2", text_of)
    assert asked == []
    assert [str(place.location), str(place.location)] == [f"{ORIGIN}:15:3"] * 2
    assert asked == [ORIGIN]


def test_what_is_asked_for_is_read_in_full_and_the_rest_is_counted() -> None:
    files = around("by product")
    estate = new(files, cut=True)
    other = SpecText("specs/b.yaml", FILE.replace("SPB", "VISIO").replace("sub-", "other-"))
    text = SpecText(ORIGIN, FILE)
    sketches = [estate.sketch(one) for one in (text, other)]
    counts = [count for sketch in sketches if sketch is not None for count in sketch.rules]
    assert [count.matched for count in counts] == [2]
    chosen = {ORIGIN: Chosen(frozenset(("sub-1",)), frozenset())}
    found = estate.desired([text], chosen, counts, "digest", lambda origin: FILE)
    assert found is not None
    assert estate.desired([text, None], chosen, counts, "digest", lambda origin: FILE) is None, "a text that is gone"
    whole = load_specs(texts({**files, ORIGIN: FILE, other.origin: other.text}), ACCOUNTS, PROVIDERS)
    assert list(found.subscriptions) == [SubscriptionKey("contoso", "sub-1")]
    assert found.digest == "digest"
    assert [(use.matched, use.products) for use in found.rules] == [(use.matched, use.products) for use in whole.rules]


def test_a_rule_in_a_file_that_is_not_read_is_counted_where_it_stands() -> None:
    text = FILE.replace("subscriptions:", "rules:\n- {match: {product: SPB}, set: {recurring: off}}\nsubscriptions:")
    estate = new(around(), cut=True)
    sketch = estate.sketch(SpecText(ORIGIN, text))
    assert sketch is not None
    found = estate.desired([], {}, sketch.rules, "digest", lambda origin: text)
    assert found is not None
    assert [(str(use.place.location), use.matched) for use in found.rules] == [(f"{ORIGIN}:5:3", 2)]
