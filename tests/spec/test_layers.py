"""Layers and how they go over each other: the pair as one, labels and facts key by key, everything else replaced."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model import Cancel, Recurring, TermLength, money_text
from reconciler.spec.layers import LayerKind, one_line, with_reason
from tests.spec.reading import FACTS, brief, load, only, word_at

ON, OFF = Recurring.ON, Recurring.OFF
NONE, AT_RENEWAL, IMMEDIATELY = Cancel.NONE, Cancel.AT_RENEWAL, Cancel.IMMEDIATELY


def spec(own: str, defaults: str = "") -> str:
    """A file with one subscription of these own keys below these defaults."""
    above = f"defaults: {{{defaults}}}\n" if defaults else ""
    return f"version: 1\naccount: contoso\n{above}subscriptions:\n  a: {{{FACTS}{', ' * bool(own)}{own}}}\n"


def pair(own: str, defaults: str = "") -> tuple[object, ...] | None:
    """The pair that holds, with its reason."""
    intent = only(spec(own, defaults)).intent
    return None if intent is None else (intent.recurring, intent.cancel, intent.reason)


@pytest.mark.parametrize(
    ("own", "defaults", "expected"),
    [
        pytest.param("", "", None, id="nothing is declared"),
        pytest.param("recurring: on", "", (ON, None, None), id="on"),
        pytest.param("recurring: true", "", (ON, None, None), id="true is on"),
        pytest.param("recurring: 'off'", "", (OFF, None, None), id="off in quotes"),
        pytest.param("recurring: false", "", (OFF, None, None), id="false is off"),
        pytest.param("cancel: none", "", (None, NONE, None), id="no cancellation"),
        pytest.param("cancel: at-renewal, reason: x", "", (None, AT_RENEWAL, "x"), id="a reason beside the pair"),
        pytest.param("cancel: {when: none, reason: x}", "", (None, NONE, "x"), id="a reason within the cancellation"),
        pytest.param("cancel: {when: none, reason: x}, reason: y", "", (None, NONE, "x"), id="the reason within wins"),
        pytest.param("recurring: off, cancel: {when: none}, reason: y", "", (OFF, NONE, "y"), id="both keys"),
        pytest.param("", "recurring: on, reason: x", (ON, None, "x"), id="an inherited pair with its reason"),
        pytest.param("recurring: off", "recurring: on, reason: x", (OFF, None, None), id="its reason goes with a pair"),
        pytest.param("cancel: at-renewal", "recurring: on", (None, AT_RENEWAL, None), id="either replaces the pair"),
        pytest.param("recurring: on", "cancel: at-renewal", (ON, None, None), id="no contradiction across layers"),
        pytest.param("reason: y", "recurring: on, reason: x", (ON, None, "y"), id="a reason alone replaces the reason"),
        pytest.param("recurring: unmanaged", "recurring: on", None, id="unmanaged takes the pair back"),
        pytest.param("cancel: unmanaged", "recurring: on", None, id="unmanaged for the other key does too"),
        pytest.param("cancel: {when: unmanaged}", "cancel: none", None, id="unmanaged in the long form"),
        pytest.param("recurring: on, cancel: unmanaged", "cancel: none", (ON, None, None), id="on and unmanaged"),
        pytest.param(
            "recurring: unmanaged, cancel: none", "recurring: on", (None, NONE, None), id="taken back and none"
        ),
        pytest.param("cancel: {when: immediately, reason: x}", "", (None, IMMEDIATELY, "x"), id="an end at once"),
        pytest.param("cancel: immediately, reason: x", "", (None, IMMEDIATELY, "x"), id="at once, in the short form"),
    ],
)
def test_the_pair_resolves_as_one(own: str, defaults: str, expected: tuple[object, ...] | None) -> None:
    assert pair(own, defaults) == expected


@pytest.mark.parametrize(
    ("own", "key", "value"),
    [
        pytest.param("recurring: off", "recurring", "off", id="recurring"),
        pytest.param("cancel: at-renewal", "cancel", "at-renewal", id="cancel"),
        pytest.param("cancel: {when: at-renewal}", "when", "at-renewal", id="the long form"),
        pytest.param("recurring: off, cancel: none", "recurring", "off", id="recurring where the other says none"),
        pytest.param("recurring: off, cancel: at-renewal", "cancel", "at-renewal", id="cancel where both do"),
        pytest.param("recurring: unmanaged, cancel: none", "cancel", "none", id="cancel where recurring says nothing"),
        pytest.param("cancel: unmanaged, recurring: off", "recurring", "off", id="recurring where cancel says nothing"),
    ],
)
def test_a_pair_stands_where_its_deciding_value_stands(own: str, key: str, value: str) -> None:
    text = spec(own)
    intent = only(text).intent
    assert intent is not None
    location = intent.place.location
    assert word_at(text, location) == value
    assert text.split("\n")[location.line - 1][: location.column - 1].endswith(f"{key}: ")


@pytest.mark.parametrize(
    ("own", "defaults", "expected"),
    [("recurring: on", "", True), ("", "recurring: on", False), ("reason: x", "recurring: on", False)],
    ids=["own", "inherited", "inherited with a reason of its own"],
)
def test_a_pair_knows_whether_it_is_the_subscriptions_own(own: str, defaults: str, expected: bool) -> None:
    intent = only(spec(own, defaults)).intent
    assert intent is not None
    assert intent.own is expected


def test_the_confirmation_is_kept_as_written() -> None:
    intent = only(spec("cancel: {when: immediately, reason: x, confirm: contoso/a@2026-02-14}")).intent
    assert intent is not None
    assert intent.confirm == "contoso/a@2026-02-14"


def test_another_reason_leaves_the_rest_of_a_pair_as_it_is() -> None:
    intent = only(
        spec("cancel: {when: immediately, reason: x, confirm: contoso/a@2026-02-14, on_blocked: at-renewal}")
    ).intent
    assert intent is not None
    assert with_reason(intent, "y") == replace(intent, reason="y")


def test_a_reason_over_several_lines_is_one_line() -> None:
    wanted = only(spec("recurring: off").replace("recurring: off}", "recurring: off,\n    reason: 'one\n\n    two'}"))
    assert wanted.intent is not None
    assert wanted.intent.reason == "one two"


@pytest.mark.parametrize("when", ["at-renewal", "immediately", "{when: at-renewal}", "{when: immediately, reason: x}"])
@pytest.mark.parametrize("recurring", ["on", "true"])
def test_on_and_a_cancellation_in_one_layer_contradict_each_other(recurring: str, when: str) -> None:
    found = load(spec(f"recurring: {recurring}, cancel: {when}, reason: y"))
    assert [item.code for item in found.diagnostics] == ["contradiction"]


def test_a_contradiction_is_found_in_defaults_and_rules_too() -> None:
    rules = "rules: [{match: {key: '*'}, set: {cancel: at-renewal, recurring: on}}]\n"
    found = load(spec("recurring: off", "cancel: at-renewal, recurring: on") + rules)
    assert brief(found.diagnostics) == ["3:20 contradiction", "6:43 contradiction"]


@pytest.mark.parametrize("own", ["cancel: immediately", "cancel: {when: immediately}"])
def test_an_end_at_once_needs_its_reason(own: str) -> None:
    assert [item.code for item in load(spec(own)).diagnostics] == ["missing-reason"]


@pytest.mark.parametrize("reason", ["''", "[x]", "~", f"'{'x' * 2001}'"])
def test_a_broken_reason_is_not_missing_as_well(reason: str) -> None:
    for own in (f"cancel: immediately, reason: {reason}", f"cancel: {{when: immediately, reason: {reason}}}"):
        assert "missing-reason" not in [item.code for item in load(spec(own)).diagnostics]


def test_a_missing_confirmation_is_no_error_here() -> None:
    intent = only(spec("cancel: {when: immediately, reason: x}")).intent
    assert intent is not None
    assert intent.confirm is None


def test_what_cannot_be_inherited_is_refused_above() -> None:
    text = """\
version: 1
account: contoso
defaults: {id: x, previously: y, cancel: {when: immediately, confirm: contoso/a@2026-01-01, reason: z}}
subscriptions: {a: {facts: {product: SPB, term: annual, start: 2026-02-14}}}
rules:
- {match: {key: "*"}, set: {id: x, facts: {seats: 1}, previously: y, cancel: immediately}}
- {match: {key: "*"}, set: {protect: false}}
"""
    found = load(text).diagnostics
    assert {item.code for item in found} == {"not-inheritable"}
    words = ["id:", "previously:", "immediately", "confirm:"]
    rules = ["id:", "facts:", "previously:", "immediately", "false"]
    assert [word_at(text, item.location) for item in found] == words + rules


def test_protection_knows_whether_it_is_the_subscriptions_own() -> None:
    own = only(spec("protect: false", "protect: true"))
    assert (own.protect, own.protect_own) == (False, True)
    inherited = only(spec("", "protect: true"))
    assert (inherited.protect, inherited.protect_own) == (True, False)
    assert only(spec("")).protect is None


def test_labels_and_facts_merge_and_an_owner_replaces() -> None:
    defaults = "labels: {a: 1, b: 2}, owner: it, facts: {seats: 5, term: monthly}"
    wanted = only(spec("labels: {b: 3, c: ''}, owner: me", defaults))
    assert wanted.labels == {"a": "1", "b": "3", "c": ""}
    assert wanted.owner == "me"
    assert (wanted.facts.seats, wanted.facts.term) == (5, TermLength.ANNUAL)


def test_labels_that_nobody_declares_are_none_and_an_empty_set_is_a_set() -> None:
    assert only(spec("")).labels is None
    assert only(spec("labels: {}")).labels == {}
    assert only(spec("labels: {}", "labels: {a: b}")).labels == {"a": "b"}


def test_every_field_knows_where_it_was_set() -> None:
    own = "id: x, previously: b, labels: {c: d}, decided: {for: 2027-02-14, by: z}, schedule: [{from: 2027-01-01, "
    defaults = "owner: it, protect: true, facts: {seats: 5, price: 1 EUR, last_charge: 7 EUR}"
    text = spec(own + "cancel: none}]", defaults)
    wanted = only(text)
    assert {name: word_at(text, place.location) for name, place in wanted.fields.items()} == {
        "owner": "it",
        "protect": "true",
        "seats": "5",
        "price": "1",
        "last_charge": "7",
        "product": "SPB",
        "term": "annual",
        "start": "2026-02-14",
        "id": "x",
        "previously": "b",
        "labels": "",
        "decided": "",
        "schedule": "",
    }
    assert len(wanted.fields) == 13
    assert "billing" not in wanted.fields
    assert "nonsense" not in wanted.fields
    assert "id" not in only(spec("")).fields


# A small model of layers: dictionaries, one after the other.

WORDS = st.sampled_from(["x", "y", "z"])
PAIRS = st.sampled_from(
    [
        *({}, {}, {"recurring": "on"}, {"recurring": "off"}, {"recurring": "unmanaged"}, {"cancel": "none"}),
        *({"cancel": "unmanaged"}, {"cancel": "at-renewal"}, {"recurring": "off", "cancel": "none"}),
        {"recurring": "on", "cancel": "unmanaged"},
    ]
)
LAYERS = st.builds(
    lambda pair, rest: {**pair, **rest},
    PAIRS,
    st.fixed_dictionaries(
        {},
        optional={
            "reason": WORDS,
            "owner": WORDS,
            "protect": st.just(True),
            "labels": st.dictionaries(WORDS, WORDS, max_size=3),
        },
    ),
)
KEYS = st.sampled_from(["contoso/a", "*", "contoso/b", "acme/*", "*/?"])
RULES = st.tuples(KEYS, LAYERS.filter(bool))
FILES = st.tuples(LAYERS, st.lists(RULES, max_size=3))


def flow(value: Any) -> str:
    """A value in YAML's flow style."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {flow(inner)}" for name, inner in value.items()) + "}"
    return str(value).lower() if isinstance(value, bool) else f"'{value}'"


def written(defaults: dict[str, Any], rules: list[tuple[str, dict[str, Any]]]) -> str:
    """The keys of a file with these defaults and rules."""
    lines = [f"- {{match: {{key: '{glob}'}}, set: {flow(layer)}}}\n" for glob, layer in rules]
    return f"version: 1\ndefaults: {flow(defaults)}\n" + ("rules:\n" + "".join(lines) if lines else "")


def naive(layers: list[dict[str, Any]]) -> dict[str, Any]:
    """What layers come to, weakest first, in the plainest way."""
    result: dict[str, Any] = {}
    for layer in layers:
        if "recurring" in layer or "cancel" in layer:
            given = {
                name: layer[name] for name in ("recurring", "cancel") if layer.get(name, "unmanaged") != "unmanaged"
            }
            result["pair"] = {**given, "reason": layer.get("reason")} if given else None
        elif "reason" in layer and result.get("pair"):
            result["pair"] = {**result["pair"], "reason": layer["reason"]}
        if "labels" in layer:
            result["labels"] = {**result.get("labels", {}), **layer["labels"]}
        result.update({name: layer[name] for name in ("owner", "protect") if name in layer})
    return result


@given(FILES, FILES, FILES, LAYERS)
def test_layers_resolve_as_a_small_model_of_them_does(root: Any, folder: Any, file: Any, own: dict[str, Any]) -> None:
    block = {**own, "facts": {"product": "SPB", "term": "annual", "start": "2026-01-01"}}
    found = load(
        {
            "specs/_defaults.yaml": written(*root),
            "specs/contoso/_defaults.yaml": written(*folder),
            "specs/contoso/a.yaml": f"{written(*file)}account: contoso\nsubscriptions: {{a: {flow(block)}}}\n",
        }
    )
    assert not found.has_errors, found.diagnostics
    layers = []
    for defaults, rules in (root, folder, file):
        layers += [defaults, *(layer for glob, layer in rules if glob in ("contoso/a", "*", "*/?"))]
    expected = naive([*layers, own])
    (wanted,) = found.subscriptions.values()
    assert (wanted.owner, wanted.protect, wanted.labels) == tuple(map(expected.get, ("owner", "protect", "labels")))
    pair = expected.get("pair")
    if pair is None:
        assert wanted.intent is None
    else:
        assert wanted.intent is not None
        given_pair = (wanted.intent.recurring, wanted.intent.cancel, wanted.intent.reason)
        assert given_pair == tuple(map(pair.get, ("recurring", "cancel", "reason")))


def test_the_kinds_of_layers_know_which_of_them_are_rules() -> None:
    assert [kind for kind in LayerKind if kind.is_rule] == [LayerKind.FOLDER_RULE, LayerKind.FILE_RULE]


def test_a_text_of_several_lines_is_shown_in_one() -> None:
    assert one_line(" a\n\n b\tc ") == "a b c"
    assert one_line(None) is None


def test_a_price_is_read_exactly() -> None:
    price = only(spec("", "facts: {price: 20.60 EUR}")).facts.price
    assert price is not None
    assert (money_text(price), price.minor) == ("20.60 EUR", 2060)
