"""However a file is laid out: what is written is wanted as it stands, and nothing else moves, not even a blank."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from hypothesis import assume, event, given
from hypothesis import strategies as st

from reconciler.accepting.compose import MARK, Files, acceptance
from reconciler.accepting.replies import Answer
from reconciler.changes import INTENTS
from reconciler.desired import DesiredState
from reconciler.spec.outline import Keys, at_path, outline, same
from tests.accepting.estate import CANCELLED, FILE, HEAD, RENEWS, STOPS, Estate, key_of, loaded
from tests.counter.layouts import Writer, declared
from tests.counter.patcher import patched

TWO = f"{HEAD}  visio: {{id: s1, recurring: on}}   # one\n  other:  {{ id: s2, recurring: on }}\n"


def two() -> Estate:
    """Two that were turned off outside."""
    return Estate({FILE: TWO}).has("visio", "s1", RENEWS, STOPS).has("other", "s2", RENEWS, STOPS)


def test_both_are_written_into_one_file() -> None:
    found = two().accepted("visio", "other")
    assert found.files == {FILE: (TWO, TWO.replace("recurring: on", "recurring: off"))}
    assert patched({FILE: TWO}, found.patch) == {FILE: found.files[FILE][1]}


def test_what_is_written_is_shown_where_it_will_stand() -> None:
    estate = Estate({FILE: f"{HEAD}  visio:\n    id: s1\n  other:\n    id: s2\n    recurring: on\n"})
    estate.texts[FILE] = estate.texts[FILE].replace("subscriptions", "defaults: {recurring: on}\nsubscriptions")
    estate.has("visio", "s1", RENEWS, STOPS).has("other", "s2", RENEWS, STOPS)
    places = [str(reply.place.location) for reply in estate.accepted("visio", "other").replies if reply.place]
    assert places == [f"{FILE}:7:16", f"{FILE}:10:16"]


def test_one_alone_leaves_the_other() -> None:
    found = two().accepted("other")
    assert found.files[FILE][1] == TWO.replace("s2, recurring: on", "s2, recurring: off")


def test_a_mark_stays_where_it_is() -> None:
    found = two().accepted("visio", marked={FILE})
    was, text = found.files[FILE]
    assert (was, text) == (MARK + TWO, MARK + TWO.replace("s1, recurring: on", "s1, recurring: off"))
    assert patched({FILE: was}, found.patch)[FILE] == text


def refusals(found: Any) -> dict[str, tuple[str, str]]:
    """Code and reason of each that was refused."""
    replies = (reply for reply in found.replies if reply.answer is Answer.REFUSED)
    return {reply.key.name: (reply.code, reply.why) for reply in replies}


UNSAFE = "its text cannot be edited without doubt: "


def test_a_file_that_is_read_twice_is_for_a_person() -> None:
    found = two().accepted("visio", shared={FILE})
    assert (found.files, found.patch) == ({}, "")
    assert refusals(found) == {"visio": ("unsafe-edit", f"{UNSAFE}its file is read under another path, too")}
    assert found.replies[0].instead == f"write it by hand: `recurring: off` at {FILE}:4:3"


def test_a_layout_that_cannot_be_edited_hinders_no_other() -> None:
    odd = TWO.replace("id: s1, recurring: on", "id: s1, recurring: on, reason:\n    # why\n    x")
    estate = two()
    estate.texts = {FILE: odd}
    found = estate.accepted("visio", "other")
    assert refusals(found) == {"visio": ("unsafe-edit", f"{UNSAFE}a comment stands within the braces")}
    assert found.files[FILE][1] == odd.replace("s2, recurring: on", "s2, recurring: off")


def test_the_entry_to_be_written_by_hand_is_named() -> None:
    text = f"{HEAD}  visio: {{id: s1, schedule: [{{from: 2026-01-05, recurring: on}}]}}\n"
    estate = Estate({FILE: text}).has("visio", "s1", RENEWS, STOPS)
    (reply,) = estate.accepted("visio", shared={FILE}).replies
    assert reply.instead.endswith("in the entry of 2026-01-05 of its `schedule`")


def test_what_the_proof_does_not_bear_out_is_not_written_and_the_rest_is() -> None:
    """As if the loading took one edit for something else."""

    def load(texts: Mapping[str, str]) -> DesiredState:
        return loaded({FILE: texts[FILE].replace("s1, recurring: off", "s1, cancel: at-renewal")})

    found = two().accepted("visio", "other", load=load)
    assert refusals(found) == {"visio": ("unsafe-edit", "contoso/visio would be read otherwise than it is meant")}
    assert found.files[FILE][1] == TWO.replace("s2, recurring: on", "s2, recurring: off")


def test_a_text_that_is_not_at_hand_is_told() -> None:
    estate = two()
    around = estate.around()
    found = acceptance([key_of("visio")], around, Files({}), loaded)
    assert refusals(found) == {"visio": ("unsafe-edit", f"{UNSAFE}its file is not at hand")}


NAMES = ("first", "second", "third")
DEFAULTS = ("", "", "defaults: {recurring: on}\n", "defaults: {labels: {label a: z}, owner: d@x}\n")
RULES = ("", 'rules: [{match: {owner: "a@*"}, set: {recurring: off}}]\n')
PAIRS = (RENEWS, STOPS, CANCELLED)


@given(st.randoms(use_true_random=False))
def test_whatever_the_layout(chance: Random) -> None:
    writer = Writer(chance)
    subscriptions = {name: {"id": f"s-{name}", **declared(chance)} for name in NAMES}
    text = writer.file(subscriptions, writer.pick(DEFAULTS) + writer.pick(RULES))
    assume(not loaded({FILE: text}).has_errors)
    estate = Estate({FILE: text})
    for name in NAMES:
        before = wanted_already(estate, name) if writer.odds(2) else writer.pick(PAIRS)
        estate.has(name, f"s-{name}", before, writer.pick(PAIRS))
    held = {item.key.name for item in estate.plan().held}
    found = estate.accepted(*NAMES)
    answers = {reply.key.name: reply.answer for reply in found.replies}
    for reply in found.replies:
        event(f"{reply.answer}: {reply.code or reply.lines}")
    assert held <= {name for name, said in answers.items() if said is Answer.WRITE} | refusals(found).keys()
    if found.patch:
        assert patched(estate.texts, found.patch)[FILE] == found.files[FILE][1]
    estate.write(found)
    kept(text, estate.texts[FILE], {name for name, said in answers.items() if said is Answer.WRITE})
    plan = estate.plan()
    left = {item.key.name for item in plan.held}
    left |= {item.key.name for item in plan.changes if item.kind in INTENTS}
    left |= {item.key.name for item in plan.blocked if item.kind in INTENTS}
    assert not left & {name for name, said in answers.items() if said is Answer.WRITE}


def wanted_already(estate: Estate, name: str) -> Mapping[str, Any]:
    """A pair of which its spec asks nothing."""
    for pair in PAIRS:
        estate.has(name, f"s-{name}", pair, pair)
        plan = estate.plan()
        if key_of(name) not in {*(item.key for item in plan.changes), *(item.key for item in plan.blocked)}:
            return pair
    return RENEWS


def kept(before: str, after: str, written: set[str]) -> None:
    """Breaks are as they were, and so is, to the byte, every subscription that is not written."""
    assert after.count("\r\n") == (after.count("\n") if "\r\n" in before else 0)
    mine, its = (at_path(outline(text), ("subscriptions",)) for text in (before, after))
    assert isinstance(mine, Keys)
    assert isinstance(its, Keys)
    for one, other in zip(mine.entries, its.entries, strict=True):
        if one.key.value not in written:
            assert same(one.value, other.value)
            assert before[one.key.start : one.value.end] == after[other.key.start : other.value.end]
