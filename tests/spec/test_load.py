"""A whole load: every file in its turn, every finding of all, and the same result in whatever order files come."""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.desired import DesiredState
from reconciler.diagnostics import Location, error, warning
from reconciler.spec import load as load_module
from reconciler.spec import load_specs
from tests.spec.reading import ACCOUNTS, FACTS, PROVIDERS, brief, codes, load, texts

FILES = {
    "specs/_defaults.yaml": "version: 1\ndefaults: {owner: it}\nrules: [{match: {product: V*}, set: {owner: v}}]\n",
    "specs/f/_account.yaml": "version: 1\naccount: fabrikam\nlike: contoso\n",
    "specs/f/_defaults.yaml": "version: 1\nrules: [{match: {key: '*'}, set: {labels: {a: b}}}]\n",
    "specs/f/a.yaml": f"version: 1\nsubscriptions: {{a: {{{FACTS}}}}}\n",
    "specs/f/b.yaml": f"version: 1\nsubscriptions: {{b: {{{FACTS}, previously: x}}}}\n",
    "specs/c.yaml": f"version: 1\naccount: contoso\nsubscriptions: {{a: {{{FACTS}, previously: x}}}}\n",
    # From here on everything is wrong.
    "specs/d.yaml": f"version: 1\naccount: contoso\nsubscriptions: {{a: {{{FACTS}}}, b: {{{FACTS}, previously: x}}}}\n",
    "specs/e.yaml": "version: 1\naccount: contoso\nsubscriptions: {c: {owner: ~}}\n",
    "specs/g/_account.yaml": "version: 1\naccount: fabrikam\nlike: contoso\n",
    "specs/h.yaml": "a: [",
    "specs/i.yaml": "",
}


def comparable(found: DesiredState) -> Any:
    """Everything in a result, with places as texts."""
    subscriptions = {
        str(key): (
            wanted.facts,
            wanted.intent and (wanted.intent.recurring, wanted.intent.cancel, str(wanted.intent.place.location)),
            wanted.owner,
            wanted.labels,
            {name: str(place.location) for name, place in wanted.fields.items()},
        )
        for key, wanted in found.subscriptions.items()
    }
    rules = [(str(rule.place.location), rule.matched, rule.products) for rule in found.rules]
    findings = [(str(item.location), item.code, item.detail) for item in found.diagnostics]
    return subscriptions, found.accounts.keys(), rules, findings


@given(st.permutations(list(FILES)))
def test_the_order_in_which_files_come_does_not_matter(order: list[str]) -> None:
    assert comparable(load({path: FILES[path] for path in order})) == comparable(load(FILES))


def test_one_bad_file_hides_nothing_of_the_others() -> None:
    found = load(FILES)
    assert [(str(item.location), item.code) for item in found.diagnostics] == [
        ("specs/d.yaml:3:17", "duplicate-subscription"),
        ("specs/d.yaml:3:150", "duplicate-previously"),
        ("specs/e.yaml:3:17", "missing-fact"),
        ("specs/e.yaml:3:28", "null-value"),
        ("specs/g/_account.yaml:2:10", "duplicate-account"),
        ("specs/h.yaml:1:5", "yaml-syntax"),
        ("specs/i.yaml:1:1", "no-subscriptions"),
    ]
    assert {str(key) for key in found.subscriptions} >= {"fabrikam/a", "fabrikam/b", "contoso/a", "contoso/b"}


def test_what_was_good_is_loaded_with_its_layers() -> None:
    found = load({path: text for path, text in FILES.items() if path < "specs/d" or "/f/" in path})
    assert not [item for item in found.diagnostics if item.code != "rule-matches-nothing"]
    assert [(str(key), wanted.owner, wanted.labels) for key, wanted in sorted(found.subscriptions.items())] == [
        ("contoso/a", "it", None),
        ("fabrikam/a", "it", {"a": "b"}),
        ("fabrikam/b", "it", {"a": "b"}),
    ]
    assert found.digest == "digest"
    assert set(found.accounts) == {"contoso", "acme", "fabrikam"}


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("", "1:1 no-subscriptions"),
        ("# only a comment\n", "1:1 no-subscriptions"),
        ("---\n", "1:1 no-subscriptions"),
        ("version: 1\naccount: contoso\n", "1:1 no-subscriptions"),
        ("version: 1\naccount: contoso\nsubscriptions: {}\n", "3:16 no-subscriptions"),
        ("version: 1\naccount: contoso\nsubscriptions:\n", "3:15 null-value"),
        ("version: 1\naccount: contoso\nsubscriptions: []\n", "3:16 wrong-type"),
        ("version: 1\naccount: contoso\nsubscriptions: {a: ~}\n", "3:20 null-value"),
    ],
)
def test_a_file_with_no_subscription_is_one_error(text: str, finding: str) -> None:
    assert brief(load({"specs/a.yaml": text}).diagnostics) == [finding]


@pytest.mark.parametrize("name", ["_defaults.yaml", "_account.yaml"])
def test_an_empty_file_of_another_kind_is_an_error(name: str) -> None:
    assert brief(load({f"specs/{name}": "# later\n"}).diagnostics) == ["1:1 empty-file"]


def test_defaults_may_be_without_effect() -> None:
    assert not load({"specs/_defaults.yaml": "version: 1\n"}).diagnostics


def test_no_files_are_no_subscriptions_and_no_error() -> None:
    found = load({})
    assert (found.subscriptions, found.diagnostics) == ({}, ())


def with_findings(name: str) -> DesiredState:
    """A load of a file whose folder's other file could not be read by its source."""
    unread = error("unreadable", "this cannot be read", Location(f"specs/f/{name}"))
    files = texts({"specs/f/a.yaml": "version: 1\nsubscriptions: {a: {}}\n"})
    if name == "_defaults.yaml":
        files = texts({"specs/f/a.yaml": "version: 1\naccount: contoso\nsubscriptions: {a: {}}\n"})
    return load_specs(replace(files, diagnostics=(unread,)), ACCOUNTS, PROVIDERS)


@pytest.mark.parametrize("name", ["_account.yaml", "_defaults.yaml"])
def test_a_file_that_its_source_could_not_read_is_broken_and_not_absent(name: str) -> None:
    assert codes(with_findings(name).diagnostics) == ["unreadable"]


def test_other_findings_of_a_source_are_taken_over_and_change_nothing() -> None:
    of_the_source = (
        warning("byte-order-mark", "", Location("specs/_account.yaml")),
        error("other", ""),
        error("control-character", "", Location("specs/b.yaml")),
    )
    files = replace(texts({"specs/a.yaml": "version: 1\nsubscriptions: {a: {}}\n"}), diagnostics=of_the_source)
    found = load_specs(files, ACCOUNTS, PROVIDERS).diagnostics
    assert codes(found) == ["other", "byte-order-mark", "missing-account", "control-character"]


def test_the_garbage_collector_rests_during_a_load_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    monkeypatch.setattr(load_module.Load, "read", lambda self: seen.append(gc.isenabled()))
    load({})
    assert (seen, gc.isenabled()) == ([False], True)


@given(st.dictionaries(st.sampled_from(list(FILES)), st.sampled_from(list(FILES.values())) | st.text(max_size=40)))
def test_no_files_whatever_raise(files: dict[str, str]) -> None:
    found = load(files)
    assert all(item.location is not None for item in found.diagnostics)
