"""Stacks: what stands above a file, in order, folded once for all that match the same rules."""

from __future__ import annotations

from reconciler.spec.stacks import Folders
from tests.spec.reading import FACTS, load, only


def files(**texts: str) -> dict[str, str]:
    """Files of one account, with `__` for `/` in their names."""
    return {f"{name.replace('__', '/')}.yaml": f"version: 1\n{text}" for name, text in texts.items()}


def test_nearer_folders_win_over_farther_ones_and_a_rule_over_its_own_folders_defaults() -> None:
    wanted = only(
        files(
            specs___defaults="defaults: {owner: root, protect: true}\n"
            "rules: [{match: {key: '*'}, set: {labels: {a: root}}}]",
            specs__contoso___defaults="defaults: {labels: {a: folder, b: folder}}\n"
            "rules: [{match: {key: '*'}, set: {owner: rule, recurring: off}}]",
            specs__contoso__deep__a="account: contoso\ndefaults: {labels: {b: file}}\n"
            f"subscriptions: {{a: {{{FACTS}}}}}",
        )
    )
    assert (wanted.owner, wanted.protect, wanted.labels) == ("rule", True, {"a": "folder", "b": "file"})
    assert wanted.intent is not None
    assert str(wanted.intent.place.location) == "specs/contoso/_defaults.yaml:3:59"


def test_a_farther_folders_rule_is_weaker_than_a_nearer_folders_defaults() -> None:
    wanted = only(
        files(
            specs___defaults="rules: [{match: {key: '*'}, set: {owner: far, recurring: off}}]",
            specs__contoso___defaults="defaults: {owner: near, recurring: on}",
            specs__contoso__a=f"account: contoso\nsubscriptions: {{a: {{{FACTS}}}}}",
        )
    )
    assert wanted.owner == "near"
    assert wanted.intent is not None
    assert wanted.intent.recurring == "on"


def test_a_sibling_folders_defaults_do_not_hold() -> None:
    wanted = only(
        files(
            specs__fabrikam___defaults="defaults: {owner: other}",
            specs__contoso__a=f"account: contoso\nsubscriptions: {{a: {{{FACTS}}}}}",
        )
    )
    assert wanted.owner is None


def test_a_folder_whose_name_begins_like_another_is_not_within_it() -> None:
    wanted = only(
        files(
            specs__contoso___defaults="defaults: {owner: other}",
            **{"specs__contoso-2__a": f"account: contoso\nsubscriptions: {{a: {{{FACTS}}}}}"},
        )
    )
    assert wanted.owner is None


def test_later_rules_win_over_earlier_ones_each_for_what_it_matches() -> None:
    rules = "".join(
        f"- {{match: {{key: '{glob}'}}, set: {{owner: {owner}}}}}\n"
        for glob, owner in [("*", "all"), ("*/b*", "b"), ("*/bb", "bb")]
    )
    blocks = "".join(f"  {name}: {{{FACTS}}}\n" for name in ("a", "b", "bb", "bc"))
    found = load(f"version: 1\naccount: contoso\nrules:\n{rules}subscriptions:\n{blocks}")
    assert [wanted.owner for wanted in found.subscriptions.values()] == ["all", "b", "bb", "b"]


def test_a_folder_has_the_stack_of_the_folders_around_it() -> None:
    folders = Folders()
    folders.broken("specs/contoso")
    assert folders.stack("specs").sure
    assert not folders.stack("specs/contoso/deep").sure
    assert folders.stack("specs/contoso/deep") is folders.stack("specs/contoso/deep")
    assert folders.stack("").steps == ()
