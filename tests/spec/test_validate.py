"""Every mistake of a file is told once, at its place, and what is wrong never hides what else is wrong."""

from __future__ import annotations

import pytest

from reconciler.spec import models, validate
from reconciler.spec.parse import parse
from reconciler.spec.positions import Document
from reconciler.spec.scalars import PlainScalars
from reconciler.spec.validate import Checked, checked
from tests.spec.reading import brief, codes


def check(text: str) -> Checked[models.SpecsFile]:
    """A text as a file of subscriptions."""
    document = Document("a.yaml", text)
    return checked(document, parse(document, PlainScalars()), models.SpecsFile)


def test_a_good_file_is_its_model() -> None:
    found = check("version: 1\nsubscriptions:\n  a: {id: 0123, owner: 1.10}\n")
    assert found.diagnostics == ()
    assert found.model is not None
    assert (found.model.subscriptions["a"].id, found.model.subscriptions["a"].owner) == ("0123", "1.10")


def test_all_mistakes_of_a_file_are_told_in_one_pass() -> None:
    text = """\
version: 1
acount: contoso
defaults: {owner: true, recuring: on}
subscriptions:
  Foo: {}
  a:
    facts: {seats: "25", term: yearly}
    recurring: On
    protect: yes
    cancel: {wen: at-renewal}
  b: {labels: [x], owner: ""}
rules:
  - {match: {product: []}, set: {owner: a}}
  - {set: {recurring: off}}
"""
    assert sorted(brief(check(text).diagnostics)) == [
        "10:13 missing-key",
        "10:14 unknown-key",
        "11:15 wrong-type",
        "11:27 empty-text",
        "13:23 empty-match",
        "14:5 missing-key",
        "2:1 unknown-key",
        "3:19 wrong-type",
        "3:25 unknown-key",
        "5:3 bad-name",
        "7:20 wrong-type",
        "7:32 unknown-value",
        "8:16 unknown-value",
        "9:14 wrong-type",
    ]


def test_what_is_left_of_a_file_with_mistakes_is_still_a_model() -> None:
    found = check("version: 1\nx: 1\ndefaults: {owner: true}\nsubscriptions: {a: {id: [], previously: b}, B: {}}\n")
    assert found.model is not None
    assert found.model.defaults is not None
    assert found.model.defaults.owner is None
    assert found.model.subscriptions["a"].previously == "b"
    assert found.is_broken("subscriptions", "a", "id")
    assert found.is_broken("defaults", "owner")
    assert not found.is_broken("subscriptions", "a", "previously")


def test_what_was_complained_about_as_yaml_is_not_complained_about_again() -> None:
    text = 'version: 1\naccount: *x\nsubscriptions:\n  a: {owner: , "b\\u200b": 1, labels: {"c\\u200b": [1]}}\n'
    assert codes(check(text).diagnostics) == [
        *("alias", "null-value", "unsafe-character", "unsafe-character", "wrong-type")
    ]


def test_a_broken_rule_is_put_out_of_action_and_the_others_keep_their_places() -> None:
    text = "version: 1\nrules:\n- {match: {key: a}, set: {owner: [x]}}\n- ~\n- {match: {key: b}, set: {owner: x}}\n"
    found = check(text)
    assert brief(found.diagnostics) == ["4:3 null-value", "3:34 wrong-type"]
    assert found.model is not None
    assert found.model.rules is not None
    assert [rule.match.key for rule in found.model.rules] == ["-", "-", "b"]
    assert [found.is_broken("rules", index) for index in range(3)] == [True, True, False]


def test_a_broken_entry_is_put_out_of_action_and_the_others_keep_their_places() -> None:
    text = (
        "version: 1\nsubscriptions:\n  A: {schedule: [{from: [x]}, {}]}\n  a:\n"
        "    schedule:\n    - {from: [x]}\n    - ~\n"
        "    - {from: 2027-01-01, recurring: on}\n    - {recurring: on}\n"
    )
    found = check(text)
    assert sorted(brief(found.diagnostics)) == [
        "3:25 wrong-type",
        "3:3 bad-name",
        "3:31 missing-key",
        "6:14 wrong-type",
        "7:7 null-value",
        "9:7 missing-key",
    ]
    assert found.model is not None
    entries = found.model.subscriptions["a"].schedule
    assert entries is not None
    assert [entry.from_ for entry in entries] == ["9000-01-01", "9000-01-01", "2027-01-01", "9000-01-01"]
    broken = [found.is_broken("subscriptions", "a", "schedule", index) for index in range(4)]
    assert broken == [True, True, False, True]
    assert not found.is_broken("subscriptions", "a", "schedule")


def test_what_is_left_of_an_entry_is_judged_on() -> None:
    text = (
        "version: 1\nsubscriptions:\n  a:\n    schedule:\n"
        "    - {from: 2027-01-01, recurring: on, cancel: immediately}\n"
        "    - {from: 2027-02-01, until: 2027-03-01, recurring: off}\n"
    )
    found = check(text)
    assert brief(found.diagnostics) == ["5:49 not-schedulable", "6:26 unknown-key"]
    assert found.model is not None
    entries = found.model.subscriptions["a"].schedule
    assert entries is not None
    said = [(entry.from_, entry.recurring, entry.cancel) for entry in entries]
    assert said == [("2027-01-01", "on", None), ("2027-02-01", "off", None)]
    assert found.is_broken("subscriptions", "a", "schedule", 0, "cancel")
    assert not found.is_broken("subscriptions", "a", "schedule", 0)


class Lists(models.Block):
    """A file of lists, for whose items nothing can stand in."""

    version: int
    kept: list[int] | None = None
    numbers: list[int] | None = None
    within: dict[str, dict[str, list[int]]] | None = None


def test_a_list_in_whose_items_something_is_wrong_says_nothing_at_all() -> None:
    text = "version: 1\nkept: [1]\nnumbers: [1, x, y]\nwithin: {a: {rules: [z], b: [2]}}\n"
    document = Document("a.yaml", text)
    found = checked(document, parse(document, PlainScalars()), Lists)
    assert brief(found.diagnostics) == ["3:14 wrong-type", "3:17 wrong-type", "4:22 wrong-type"]
    assert found.model is not None
    assert (found.model.kept, found.model.numbers, found.model.within) == ([1], None, {"a": {"b": [2]}})
    assert found.is_broken("numbers", 0)
    assert not found.is_broken("within", "a", "b")


@pytest.mark.parametrize("version", ["2", "'1'", "1.0", "true", "[1]", "1e0"])
def test_of_another_version_nothing_else_is_judged(version: str) -> None:
    found = check(f"version: {version}\nwhatever: 1\nsubscriptions: []\n")
    assert brief(found.diagnostics) == ["1:10 unknown-version"]
    assert found.model is None


def test_a_forgotten_version_is_told_and_the_file_is_judged_all_the_same() -> None:
    found = check("acount: contoso\nsubscriptions: {a: {}}\n")
    assert brief(found.diagnostics) == ["1:1 missing-key", "1:1 unknown-key"]
    assert found.model is not None


@pytest.mark.parametrize("text", ["- a\n", "text\n", "12\n", "true\n"])
def test_a_file_that_is_no_mapping_is_one_error(text: str) -> None:
    found = check(text)
    assert brief(found.diagnostics) == ["1:1 wrong-type"]
    assert found.model is None


def test_a_block_that_lacks_what_it_needs_says_nothing_at_all() -> None:
    found = check("version: 1\nsubscriptions: {a: {cancel: {reason: x}, recurring: off}}\n")
    assert brief(found.diagnostics) == ["2:29 missing-key"]
    assert found.model is not None
    assert found.model.subscriptions["a"].cancel is None
    assert found.is_broken("subscriptions", "a", "cancel", "when")


def test_keys_named_like_our_own_words_for_forms_do_no_harm() -> None:
    found = check('version: 1\nsubscriptions: {a: {cancel: {"(long form)": {when: x}, when: 5}}}\n')
    assert sorted(codes(found.diagnostics)) == ["unknown-key", "unknown-value"]


def test_a_file_is_not_tried_again_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validate, "_ROUNDS", 1)
    found = check("x: 1\nsubscriptions: {a: {}}\n")
    assert brief(found.diagnostics) == ["1:1 missing-key"]
    assert found.model is None


def test_a_file_of_nothing_but_mistakes_is_told_of_as_such() -> None:
    text = "version: 1\nsubscriptions: {a: {}}\n" + "".join(f"k{number}: 1\n" for number in range(20_000))
    found = check(text)
    assert brief(found.diagnostics)[-1] == "1:1 too-many-errors"
    assert len(found.diagnostics) <= 1_001
