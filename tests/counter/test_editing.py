"""Edits on one subscription's text: what they write, what they leave, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import pytest

from reconciler.counter.editing import Draft, Unsafe


def edited(text: str, edit: Callable[[Draft], None], newline: str = "\n") -> str:
    """The text after the edit."""
    draft = Draft(text, "visio", newline)
    edit(draft)
    return draft.text


def block(text: str) -> str:
    """A text without the indentation that it has here."""
    return dedent(text).lstrip("\n")


SETS = [
    pytest.param(
        "visio:\n  recurring: off  # why\n", "visio:\n  recurring: on  # why\n", id="a plain value, its comment kept"
    ),
    pytest.param("visio:\n  recurring: 'off'\n", "visio:\n  recurring: 'on'\n", id="a value in quotes keeps them"),
    pytest.param("visio: {recurring: off}\n", "visio: {recurring: on}\n", id="in braces"),
    pytest.param("visio: {}\n", "visio: {recurring: on}\n", id="in empty braces"),
    pytest.param('visio: {"facts":{}}', 'visio: {"facts":{}, "recurring": "on"}', id="in braces of JSON"),
    pytest.param('visio: {"recurring":"off"}', 'visio: {"recurring":"on"}', id="a value of JSON"),
    pytest.param("visio: {owner: it}\n", "visio: {recurring: on, owner: it}\n", id="before what comes after it"),
    pytest.param("visio:\n  owner: it", "visio:\n  recurring: on\n  owner: it", id="on a line before the first"),
    pytest.param("visio:\n  facts: {}", "visio:\n  facts: {}\n  recurring: on", id="at the end without a break"),
    pytest.param(
        "visio:\n    facts: {} # f\n      # deep\n    # own\n    owner: it\n",
        "visio:\n    facts: {} # f\n      # deep\n    recurring: on\n    # own\n    owner: it\n",
        id="behind a value and the deeper comments below it",
    ),
    pytest.param(
        "visio:\n  facts:\n    a: b\n  owner: it\n",
        "visio:\n  facts:\n    a: b\n  recurring: on\n  owner: it\n",
        id="behind a block",
    ),
    pytest.param(
        "visio:\n  recurring: |\n    off\n\n  owner: it\n",
        "visio:\n  recurring: on\n\n  owner: it\n",
        id="for a block of lines",
    ),
]


@pytest.mark.parametrize(("before", "after"), SETS)
def test_a_key_is_set(before: str, after: str) -> None:
    assert edited(before, lambda draft: draft.put((), "recurring", "on")) == after


def test_what_is_said_already_is_left_as_it_is() -> None:
    text = 'visio: {recurring: "on", labels: {a: b}}'
    assert edited(text, lambda draft: draft.put((), "recurring", "on")) == text
    assert edited(text, lambda draft: draft.put((), "labels", {"a": "b"})) == text


def test_breaks_are_those_of_the_file() -> None:
    text = "visio:\r\n  facts: {}\r\n"
    assert edited(text, lambda draft: draft.put((), "recurring", "on"), "\r\n") == f"{text}  recurring: on\r\n"


def test_a_block_becomes_one_line_and_its_comments_stay() -> None:
    text = block("""
        visio:
          cancel:  # not any more
            # decided in March
            when: at-renewal
            reason: 'ticket #12'   # says Ada
          owner: it
    """)
    assert edited(text, lambda draft: draft.put((), "cancel", "none")) == block("""
        visio:
          # decided in March
          cancel: none  # not any more   # says Ada
          owner: it
    """)


def test_braces_over_lines_become_one_value() -> None:
    text = 'visio:\n  cancel: {when: none,\n    reason: "a #1"} # b\n'
    assert edited(text, lambda draft: draft.put((), "cancel", "none")) == "visio:\n  cancel: none # b\n"


def test_a_list_is_replaced_whole_but_not_with_a_comment_in_it() -> None:
    assert (
        edited("visio: {facts: ['#', b]}", lambda d: d.put((), "facts", {"seats": 5})) == "visio: {facts: {seats: 5}}"
    )
    with pytest.raises(Unsafe):
        edited("visio: {facts: [a, # why\n  b]}", lambda draft: draft.put((), "facts", {"seats": 5}))


def test_keys_within_keys_are_set_in_their_own_order() -> None:
    text = "visio:\n  facts:\n    product: SPB\n    price: 5.00 EUR\n"
    expected = "visio:\n  facts:\n    product: SPB\n    seats: 5\n    price: 5.00 EUR\n"
    assert edited(text, lambda draft: draft.put(("facts",), "seats", 5)) == expected


def test_labels_stand_behind_each_other() -> None:
    text = "visio:\n  labels: {b: x}\n"
    assert edited(text, lambda draft: draft.put(("labels",), "a", "y, z")) == 'visio:\n  labels: {b: x, a: "y, z"}\n'
    assert edited("visio: {labels: {}}", lambda d: d.put(("labels",), "a", "z")) == "visio: {labels: {a: z}}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("visio:\n  cancel: at-renewal # x\n", "visio:\n  recurring: on # x\n", id="line by line"),
        pytest.param('visio: {"cancel": "none"}', 'visio: {"recurring": "on"}', id="in JSON"),
        pytest.param(
            "visio:\n  cancel:\n    when: none\n    reason: x\n  owner: it\n",
            "visio:\n  recurring: on\n  owner: it\n",
            id="for a block",
        ),
    ],
)
def test_one_key_takes_the_place_of_another(before: str, after: str) -> None:
    assert edited(before, lambda draft: draft.swap((), "cancel", "recurring", "on")) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("visio:\n  a: b\n  reason: x # y\n  # z\n", "visio:\n  a: b\n  # z\n", id="the last line"),
        pytest.param("visio:\n  reason: x\n  a: b\n", "visio:\n  a: b\n", id="the first line"),
        pytest.param("visio:\n  a: b\n  reason: x", "visio:\n  a: b\n", id="the end of a file"),
        pytest.param(
            "visio:\n  a: b\n  reason:\n    # kept\n    c: d # not\n", "visio:\n  a: b\n  # kept\n", id="a block"
        ),
        pytest.param("visio: {a: b, reason: x, c: d}", "visio: {a: b, c: d}", id="in the middle of braces"),
        pytest.param("visio: {a: b, reason: x, }", "visio: {a: b, }", id="at the end of braces"),
        pytest.param("visio: {a: b,\n  reason: 'x #1'\n  }", "visio: {a: b\n  }", id="braces over lines"),
        pytest.param("visio: {reason: x}", "visio: {}", id="all that is in braces"),
        pytest.param("visio: {a: b}", "visio: {a: b}", id="what is not there"),
    ],
)
def test_a_key_is_taken_out(before: str, after: str) -> None:
    assert edited(before, lambda draft: draft.drop((), "reason")) == after


def test_a_key_behind_a_dash_leaves_its_place_to_the_next() -> None:
    text = "visio:\n  schedule:\n  - reason: x\n    from: 2026-01-01\n  - from: 2026-02-02\n    reason: y\n"
    expected = "visio:\n  schedule:\n  - from: 2026-01-01\n  - from: 2026-02-02\n    reason: y\n"
    assert edited(text, lambda draft: draft.drop(("schedule", 0), "reason")) == expected


def test_a_key_is_set_within_an_entry_behind_a_dash() -> None:
    text = "visio:\n  schedule:\n    - from: 2026-01-01\n      recurring: off\n"
    found = edited(text, lambda draft: draft.put(("schedule", 0), "cancel", "none"))
    assert found == f"{text}      cancel: none\n"
    text = (
        "visio:\n  schedule:\n  - reason: x\n    recurring: off\n"  # no `from`: the edit cannot know that it is wrong
    )
    assert "- reason: x\n    from: 2026-01-01\n" in edited(text, lambda d: d.put(("schedule", 0), "from", "2026-01-01"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("visio: {}", "teams: {}"),
        ("'visio': {}", "'teams': {}"),
        ('  "visio":  # x\n    a: b\n', '  "teams":  # x\n    a: b\n'),
    ],
)
def test_a_subscription_gets_another_name(before: str, after: str) -> None:
    assert edited(before, lambda draft: draft.rename("teams")) == after


def test_a_renamed_subscription_is_edited_under_its_new_name() -> None:
    draft = Draft("visio: {}", "visio")
    draft.rename("teams")
    draft.put((), "recurring", "on")
    assert draft.text == "teams: {recurring: on}"


def test_a_name_that_looks_like_a_number_is_quoted() -> None:
    assert edited("visio: {}", lambda draft: draft.rename("365")) == '"365": {}'


REFUSED: list[object] = [
    pytest.param("visio: {cancel: {when: none, # why\n  reason: x}}", lambda d: d.put((), "cancel", "none"), id="set"),
    pytest.param("visio: { # none\n  }", lambda d: d.put((), "recurring", "on"), id="empty braces with a comment"),
    pytest.param("visio: {a: b, # why\n  reason: x}", lambda d: d.drop((), "reason"), id="a comment of another key"),
    pytest.param("visio:\n  reason: x\n", lambda d: d.drop((), "reason"), id="nothing would be left"),
    pytest.param(
        "visio:\n  schedule:\n  - from: 1\n  - reason: x # y\n    from: 2\n",
        lambda d: d.drop(("schedule", 1), "reason"),
        id="a comment behind a dash",
    ),
    pytest.param(
        "visio:\n  l:\n  - cancel:\n      when: x\n",
        lambda d: d.put(("l", 0), "cancel", "y"),
        id="a block behind a dash",
    ),
    pytest.param("visio:\n  ? facts\n  : {}\n", lambda d: d.put((), "recurring", "on"), id="an explicit key"),
    pytest.param(
        "visio:\n  a: b\n  ? cancel\n  :\n    when: none\n", lambda d: d.put((), "cancel", "none"), id="its value"
    ),
    pytest.param("visio:\n  facts: []\n", lambda d: d.put(("facts",), "seats", 5), id="a list for keys"),
    pytest.param("visio: {}", lambda d: d.swap((), "cancel", "recurring", "on"), id="nothing to be replaced"),
    pytest.param("visio:\n  reason: |\n    x", lambda d: d.put((), "owner", "it"), id="a text that would grow"),
    pytest.param('"visio": {}', lambda d: d.rename("a\\tb"), id="a name that would be read as another"),
    pytest.param(
        "visio:\n  a: b", lambda d: d.put((), "recurring", "on # x"), id="a value that would be read as another"
    ),
    pytest.param("visio: {facts: {a: b}}", lambda d: d.put((), "recurring", "on, facts: {}"), id="a value that adds"),
    pytest.param("- visio", lambda d: d.put((), "owner", "it"), id="a list"),
    pytest.param("visio: [", lambda d: d.put((), "owner", "it"), id="no YAML"),
]


@pytest.mark.parametrize(("text", "edit"), REFUSED)
def test_what_cannot_be_done_without_doubt_is_refused(text: str, edit: Callable[[Draft], None]) -> None:
    draft = Draft(text, "visio")
    with pytest.raises(Unsafe):
        edit(draft)
    assert draft.text == text
