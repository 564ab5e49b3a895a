"""A file that has changed, read only where it did, says what it says when it is read anew."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.desired import DesiredState, SpecText
from reconciler.gist import Asked, gist_of
from reconciler.spec.load import Chosen
from reconciler.spec.marks import Marks, read_again
from reconciler.spec.parts import Parts
from reconciler.spec.sketch import SIZE, Sketch, Sort
from tests.spec.layouts import mutated
from tests.spec.test_blocks import HEAD, subscription
from tests.spec.test_parts import ORIGIN, RULES, SEEDS, around, new

ASKED = Asked(0, "on", None, True, None, False)
MARKS = Marks(
    b"h" * SIZE,
    b"0123456789abcdef" * 2,
    b"o" * SIZE,
    array("H", [0, 1]),
    (Sort(ASKED, "SPB", (("specs/_defaults.yaml", 1, "product *"),)), Sort(ASKED, "VISIO", ())),
)


def blocks(random: Random, count: int, odd: float = 0.02) -> list[str]:
    """The texts of that many subscriptions."""
    return ["\n".join(subscription(random, f"sub-{number}", odd)) + "\n" for number in range(count)]


def kept(parts: Parts, text: str, before: bytes = b"") -> bytes:
    return parts.kept(SpecText(ORIGIN, text), before)


def sketch_in(data: bytes) -> Sketch | None:
    return Sketch.beginning(data)[0] if data else None


def edited(random: Random, every: list[str]) -> list[str]:
    """The same blocks but for a few: changed, gone, doubled, moved, or new."""
    every = list(every)
    at = random.randrange(len(every))
    match random.randrange(6):
        case 0:
            every[at] = "\n".join(subscription(random, f"sub-{at}", 0.1)) + "\n"
        case 1:
            del every[at]
        case 2:
            every.append(every[at])
        case 3:
            every.insert(0, every.pop(at))
        case 4:
            every.insert(at, "\n".join(subscription(random, f"new-{random.randrange(99)}", 0.05)) + "\n")
        case _:
            every[at] = mutated(random, every[at])
    return every


@given(SEEDS, st.sampled_from(list(RULES)))
def test_what_changed_and_what_is_kept_are_the_whole(seed: int, rules: str) -> None:
    random = Random(seed)
    parts, anew = new(around(rules), cut=True), new(around(rules), cut=True)
    every = blocks(random, 8)
    last = kept(parts, HEAD + "".join(every))
    for _ in range(4):
        every = edited(random, every) or every
        head = HEAD if random.random() < 0.9 else mutated(random, HEAD)
        text = head + "".join(every)
        last, expected = kept(parts, text, last), kept(anew, text)
        assert sketch_in(last) == sketch_in(expected)
        every = every if len(every) > 3 else blocks(random, 8)


@given(SEEDS)
def test_any_text_at_all_after_a_file_that_is_known(seed: int) -> None:
    random = Random(seed)
    parts, anew = new(around("by name"), cut=True), new(around("by name"), cut=True)
    text = HEAD + "".join(blocks(random, 6))
    last, text = kept(parts, text), mutated(random, text)
    assert sketch_in(kept(parts, text, last)) == sketch_in(kept(anew, text))


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many blocks were read, file by file."""
    seen: list[int] = []
    from reconciler.spec.blocks import Cut, Cutter

    cut = Cutter.cut

    def counting(self: Cutter, text: str) -> Cut | None:
        found = cut(self, text)
        seen.append(0 if found is None else len(found.rows))
        return found

    monkeypatch.setattr(Cutter, "cut", counting)
    return seen


def plain(number: int, seats: int = 3) -> str:
    return f"  sub-{number}:\n    facts: {{product: SPB, term: annual, start: 2021-02-03, seats: {seats}}}\n"


TEN = [plain(number) for number in range(10)]


@pytest.mark.parametrize(
    ("change", "read"),
    [
        (lambda every: [*every[:4], plain(4, 9), *every[5:]], [1]),
        (lambda every: every[::-1], []),
        (lambda every: every[3:], []),
        (lambda every: [every[0], "\n  # a comment\n", *every[1:]], [1]),
        (lambda every: [*every, plain(10), plain(11)], [2]),
        (lambda every: [plain(number, 9) for number in range(6)] + every[6:], [10]),
    ],
    ids=["one changed", "turned round", "some gone", "a comment", "two new", "most changed"],
)
def test_only_the_blocks_that_changed_are_read(
    counted: list[int], change: Callable[[list[str]], list[str]], read: list[int]
) -> None:
    parts = new(around("by product"), cut=True)
    last = kept(parts, HEAD + "".join(TEN))
    counted.clear()
    text = HEAD + "".join(change(TEN))
    assert kept(parts, text, last)
    assert counted == read


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\naccount: contoso\ndefaults: {protect: true}\nsubscriptions:\n" + "".join(TEN),
        HEAD + "".join(TEN).replace("\n ", "\n  ").replace("  sub-0", "   sub-0", 1),
    ],
    ids=["another head", "another column"],
)
def test_a_file_that_begins_otherwise_is_read_whole(counted: list[int], text: str) -> None:
    parts = new(around(), cut=True)
    last = kept(parts, HEAD + "".join(TEN))
    counted.clear()
    assert kept(parts, text, last)
    assert counted == [10]


@pytest.mark.parametrize(
    "body",
    [
        "  \n",
        "  ",
        "  \n x: 1\n" + "".join(TEN),
        "  \n\t\n" + "".join(TEN),
        "  \n - x\n" + "".join(TEN),
        "  \nrules: []\n" + "".join(TEN),
        "  \naccount: fabrikam\n" + "".join(TEN),
        "  \n x:\n" + "".join(TEN),
        "",
    ],
    ids=[
        "nothing left", "no line end", "a key further out", "a tab", "a list", "rules", "an account", "wrapped", "empty"
    ],
)  # fmt: skip
def test_what_stands_before_the_first_name_is_read(body: str) -> None:
    parts = new(around(), cut=True)
    last = kept(parts, HEAD + "".join(TEN))
    assert sketch_in(kept(parts, HEAD + body, last)) == sketch_in(kept(new(around(), cut=True), HEAD + body))


def test_more_sorts_than_can_be_told_are_left_to_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = new(around(), cut=True)
    last = kept(parts, HEAD + "".join(TEN))
    monkeypatch.setattr("reconciler.spec.marks._SORTS_AT_MOST", 0)
    sketch, rest = Sketch.beginning(last)
    assert read_again(HEAD + "".join(TEN[1:]), sketch, Marks.unpacked(rest), lambda changed: None) is None


def test_a_file_with_rules_of_its_own_has_no_marks() -> None:
    parts = new(around(), cut=True)
    rules = "rules:\n  - match: {product: SPB}\n    set: {recurring: off}\n"
    data = kept(parts, (HEAD + "".join(TEN)).replace("subscriptions:", f"{rules}subscriptions:"))
    assert Sketch.unpacked(data).names


def test_a_name_that_comes_twice_is_left_to_the_whole() -> None:
    parts = new(around(), cut=True)
    last = kept(parts, HEAD + "".join(TEN))
    assert kept(parts, HEAD + "".join([*TEN, TEN[0]]), last) == b""


def test_what_was_kept_and_makes_no_sense_is_as_if_it_were_not_there() -> None:
    parts = new(around(), cut=True)
    text = HEAD + "".join(TEN)
    data = kept(parts, text)
    assert kept(parts, text, b"no sketch") == data
    assert kept(parts, text, data[:-1]) == data


def test_marks_that_do_not_fit_their_sketch_tell_nothing() -> None:
    parts = new(around(), cut=True)
    text = HEAD + "".join(TEN)
    sketch, rest = Sketch.beginning(kept(parts, text))
    marks = Marks.unpacked(rest)
    assert read_again(text, sketch, marks, lambda changed: None) is not None
    assert read_again(text, sketch._replace(odd=("sub-0",)), marks, lambda changed: None) is None


@given(SEEDS, st.sampled_from(list(RULES)))
def test_blocks_that_have_marks_say_alone_what_they_say_in_the_whole(seed: int, rules: str) -> None:
    random = Random(seed)
    parts = new(around(rules), cut=True)
    text = HEAD + random.choice(("", "# a\n\n", "    # b\n")) + "".join(blocks(random, 6))
    text = text.replace("\n", random.choice(("\n", "\n", "\r\n")))
    data = kept(parts, text)
    if not data or not Sketch.beginning(data)[1]:
        return
    names = frozenset(random.sample([f"sub-{number}" for number in range(6)], 2))
    whole, some = (
        parts.desired([SpecText(ORIGIN, text)], {ORIGIN: chosen}, (), "", lambda file: text)
        for chosen in (Chosen(names, frozenset()), Chosen(names, frozenset(), True))
    )
    assert whole is not None
    assert some is not None
    assert told(some) == told(whole)


def told(desired: DesiredState) -> list[str]:
    """All that is declared, as people see it, and all complaints."""
    every = [
        f"{item.place.location} {gist_of(item)} {item.facts} {item.intent and item.intent.place.location}"
        for item in desired.subscriptions.values()
    ]
    return [*every, *(f"{item.code} {item.location} {item.detail}" for item in desired.diagnostics)]


def test_marks_are_unpacked_as_they_were() -> None:
    assert Marks.unpacked(MARKS.packed()) == MARKS


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no number",
        b"00000002[]",
        MARKS.packed()[:-1],
        MARKS.packed() + b"x",
        MARKS._replace(which=array("H", [0, 2])).packed(),
        MARKS._replace(plain=b"").packed(),
        MARKS._replace(sorts=()).packed(),
        b'0000000a["zz",0,[]]'.replace(b"0a", b"0b"),
    ],
    ids=["nothing", "no number", "no parts", "short", "long", "no such sort", "no marks", "no sorts", "no digest"],
)
def test_what_are_no_marks_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Marks.unpacked(data)
