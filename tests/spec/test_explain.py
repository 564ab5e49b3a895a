"""Where values come from: the stack behind every field is the one that the load used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import given

from reconciler.model import money_text
from reconciler.spec import Explanation, explain
from reconciler.spec.explain import PAIR, SCHEDULE
from tests.spec.reading import ACCOUNTS, FACTS, key, load, texts, word_at
from tests.spec.test_layers import FILES as LAYERED
from tests.spec.test_layers import LAYERS, flow, written

FILES = {
    "specs/_defaults.yaml": "version: 1\n"
    "defaults: {recurring: on, reason: r0, labels: {a: 1, b: 1}, facts: {price: 2 EUR}}\n"
    "rules: [{match: {key: '*'}, set: {owner: rule, reason: r1}}]\n",
    "specs/contoso/a.yaml": "version: 1\naccount: contoso\ndefaults: {owner: file, facts: {seats: 5}}\n"
    f"subscriptions: {{a: {{{FACTS}, id: x, previously: y, labels: {{b: 2}}, protect: true, reason: r2}}}}\n"
    "rules: [{match: {key: '*'}, set: {recurring: off}}]\n",
}


NOW = datetime(2026, 11, 23, tzinfo=UTC)


def explained(files: dict[str, str], now: datetime = NOW) -> Explanation:
    """The explanation of contoso/a."""
    found = explain(texts(files), ACCOUNTS, key("contoso/a"), now)
    assert found is not None
    return found


def stacks(found: Explanation) -> dict[str, list[str]]:
    """Each field's layers in short: `kind value`, with a star where it holds."""
    shown = "{0.layer} {0.value}{1}"
    fields = ((field.field, field.layers) for field in found.fields)
    return {name: [shown.format(layer, "*" * layer.holds) for layer in layers] for name, layers in fields}


def test_every_field_has_its_layers_weakest_first() -> None:
    assert stacks(explained(FILES)) == {
        PAIR: [
            "folder defaults {'recurring': 'on', 'reason': 'r0'}",
            "folder rule {'reason': 'r1'}",
            "file rule {'recurring': 'off'}*",
            "own keys {'reason': 'r2'}*",
        ],
        "product": ["own keys SPB*"],
        "term": ["own keys annual*"],
        "start": ["own keys 2026-02-14*"],
        "seats": ["file defaults 5*"],
        "price": ["folder defaults 2.00 EUR*"],
        "owner": ["folder rule rule", "file defaults file*"],
        "protect": ["own keys True*"],
        "id": ["own keys x*"],
        "previously": ["own keys y*"],
        "labels.a": ["folder defaults 1*"],
        "labels.b": ["folder defaults 1", "own keys 2*"],
    }


def test_every_layer_is_clickable() -> None:
    places = {
        field.field: [word_at(FILES[layer.location.file], layer.location) for layer in field.layers]
        for field in explained(FILES).fields
    }
    assert places[PAIR] == ["on", "r1", "off", "r2"]
    assert places["labels.b"] == ["1", "2"]
    assert (places["price"], places["owner"], places["previously"]) == (["2"], ["rule", "file"], ["y"])
    assert word_at(FILES["specs/contoso/a.yaml"], explained(FILES).location) == "a:"


def of_one_file(own: str, defaults: str, now: datetime = NOW) -> dict[str, list[str]]:
    """The stacks of a subscription of these own keys below these defaults."""
    text = f"version: 1\naccount: contoso\ndefaults: {{{defaults}}}\nsubscriptions: {{a: {{{FACTS}, {own}}}}}\n"
    return stacks(explained({"specs/a.yaml": text}, now))


def of_pair(own: str, defaults: str) -> list[str]:
    """The layers of the pair of one file."""
    return of_one_file(own, defaults).get(PAIR, [])


def test_a_pair_that_is_taken_back_holds_as_such() -> None:
    back = "{'recurring + cancel': 'unmanaged'}*"
    assert of_pair("recurring: unmanaged", "recurring: on") == ["file defaults {'recurring': 'on'}", f"own keys {back}"]
    assert of_pair("cancel: unmanaged", "owner: x") == [f"own keys {back}"]


def test_a_reason_over_nothing_holds_nothing() -> None:
    assert of_pair("reason: x", "cancel: unmanaged") == [
        "file defaults {'recurring + cancel': 'unmanaged'}*",
        "own keys {'reason': 'x'}",
    ]
    assert of_pair("reason: x", "owner: x") == ["own keys {'reason': 'x'}"]
    assert of_pair("owner: x", "owner: y") == []


def test_a_cancellation_is_shown_with_all_its_keys() -> None:
    own = (
        "recurring: off, cancel: {when: immediately, reason: z, confirm: contoso/a@2026-02-14, on_blocked: at-renewal}"
    )
    more = "'confirm': 'contoso/a@2026-02-14', 'on_blocked': 'at-renewal'"
    assert of_pair(own, "owner: x") == [
        f"own keys {{'recurring': 'off', 'cancel': 'immediately', 'reason': 'z', {more}}}*"
    ]


def test_what_no_file_declares_has_no_explanation() -> None:
    assert explain(texts(FILES), ACCOUNTS, key("contoso/b"), NOW) is None


TO_COME = "schedule, to come {'from': '2027-03-01', 'cancel': 'at-renewal', 'reason': 'moved'}"
SWITCHED = (
    "recurring: on, schedule: [{from: 2027-03-01, cancel: at-renewal, reason: moved}, {from: 2026-11-23, "
    "recurring: off}, {from: 2026-01-01, recurring: on, cancel: none}]"
)


def test_the_entry_in_force_is_the_strongest_layer_of_the_pair_and_shadows_the_rest() -> None:
    found = of_one_file(SWITCHED, "cancel: at-renewal")
    assert found[PAIR] == [
        "file defaults {'cancel': 'at-renewal'}",
        "own keys {'recurring': 'on'}",
        "schedule {'from': '2026-11-23', 'recurring': 'off'}*",
    ]
    assert found[SCHEDULE] == [
        "schedule {'from': '2026-01-01', 'recurring': 'on', 'cancel': 'none'}",
        "schedule {'from': '2026-11-23', 'recurring': 'off'}*",
        TO_COME,
    ]


def test_an_entry_is_in_force_from_the_first_instant_of_its_day_in_utc() -> None:
    midnight = datetime(2027, 3, 1, tzinfo=UTC)
    first = of_one_file(SWITCHED, "owner: x", midnight)[SCHEDULE][-1]
    assert first == "schedule {'from': '2027-03-01', 'cancel': 'at-renewal', 'reason': 'moved'}*"
    assert of_one_file(SWITCHED, "owner: x", midnight - timedelta(microseconds=1))[SCHEDULE][-1] == TO_COME
    far_east = midnight.astimezone(timezone(timedelta(hours=13))) - timedelta(hours=1)
    assert (far_east.day, of_one_file(SWITCHED, "owner: x", far_east)[SCHEDULE][-1]) == (1, TO_COME)


def test_while_all_entries_are_to_come_the_own_keys_hold() -> None:
    found = of_one_file("recurring: on, schedule: [{from: 2027-03-01, recurring: off}]", "owner: x")
    assert found[PAIR] == ["own keys {'recurring': 'on'}*"]
    assert found[SCHEDULE] == ["schedule, to come {'from': '2027-03-01', 'recurring': 'off'}"]
    alone = of_one_file("schedule: [{from: 2027-03-01, recurring: off}]", "owner: x")
    assert PAIR not in alone


def test_an_entry_in_force_is_a_pair_where_no_layer_has_one() -> None:
    found = of_one_file("schedule: [{from: 2026-03-01, recurring: off}]", "owner: x")
    assert found[PAIR] == found[SCHEDULE] == ["schedule {'from': '2026-03-01', 'recurring': 'off'}*"]


def test_a_decision_is_shown_with_who_took_it() -> None:
    own = "decided: {for: 2027-02-14, by: finance@contoso.example, note: 'keep\n\n it'}"
    said = "{'for': '2027-02-14', 'by': 'finance@contoso.example', 'note': 'keep it'}"
    assert of_one_file(own, "owner: x")["decided"] == [f"own keys {said}*"]
    own = "decided: {for: 2027-02-14, by: finance}"
    assert of_one_file(own, "owner: x")["decided"] == ["own keys {'for': '2027-02-14', 'by': 'finance'}*"]


def test_entries_and_decisions_are_clickable() -> None:
    text = (
        f"version: 1\naccount: contoso\nsubscriptions:\n  a:\n    {FACTS}\n    decided:\n      for: 2027-02-14\n"
        "      by: me\n    schedule:\n    - from: 2026-01-01\n      recurring: off\n      cancel: none\n"
        "    - {cancel: at-renewal, from: 2025-01-01}\n"
    )
    fields = {field.field: field.layers for field in explained({"specs/a.yaml": text}).fields}
    words = [word_at(text, layer.location) for layer in fields[SCHEDULE]]
    assert words == ["at-renewal", "off"]
    assert [word_at(text, layer.location) for layer in fields["decided"]] == ["for:"]
    assert [word_at(text, layer.location) for layer in fields[PAIR]] == ["off"]


def test_the_last_charge_is_explained_like_a_price() -> None:
    text = f"version: 1\naccount: contoso\nsubscriptions: {{a: {{{FACTS[:-1]}, last_charge: 240 EUR}}}}}}\n"
    assert stacks(explained({"specs/a.yaml": text}))["last_charge"] == ["own keys 240.00 EUR*"]


@given(LAYERED, LAYERED, LAYERS)
def test_what_is_explained_to_hold_is_what_the_load_came_to(folder: Any, file: Any, own: dict[str, Any]) -> None:
    block = {**own, "facts": {"product": "SPB", "term": "annual", "start": "2026-01-01", "price": "3 EUR"}}
    files = {
        "specs/contoso/_defaults.yaml": written(*folder),
        "specs/contoso/a.yaml": f"{written(*file)}account: contoso\nsubscriptions: {{a: {flow(block)}}}\n",
    }
    (wanted,) = load(files).subscriptions.values()
    holding = {field.field: [layer.value for layer in field.layers if layer.holds] for field in explained(files).fields}
    assert holding["price"] == [money_text(wanted.facts.price) if wanted.facts.price else ""]
    assert holding.get("owner", [None]) == [wanted.owner]
    assert holding.get("protect", [None]) == [wanted.protect]
    labels = {name: values for name, values in holding.items() if name.startswith("labels.")}
    assert labels == {f"labels.{name}": [value] for name, value in (wanted.labels or {}).items()}
    pair = holding.get(PAIR, [])
    if wanted.intent is None:
        assert pair in ([], [{PAIR: "unmanaged"}])
    else:
        expected = {name: getattr(wanted.intent, name) for name in ("recurring", "cancel", "reason")}
        merged: dict[str, Any] = {}
        for value in pair:
            assert isinstance(value, dict)
            merged |= value
        assert merged == {name: value for name, value in expected.items() if value is not None}
