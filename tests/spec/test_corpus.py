"""The models and the published schemas judge the corpus alike, and every stated finding is the one that is told."""

from __future__ import annotations

from json import dumps
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reconciler.diagnostics import Severity
from reconciler.spec import load_specs
from reconciler.spec.scalars import Broken
from reconciler.spec.schema import FILES, spec_schema
from tests.spec.corpus import estate, estates, expected, findings, shown, single_files, text_of
from tests.spec.reading import ACCOUNTS, PROVIDERS, brief, parsed

VALIDATORS = {
    kind: Draft202012Validator(spec_schema(kind), format_checker=Draft202012Validator.FORMAT_CHECKER) for kind in FILES
}


def judged(kind: str, text: str) -> list[str]:
    """What a schema finds in a file, as an editor that knows YAML 1.2 would put it to it."""
    instance = as_json(parsed(text).data)
    return [error.message for error in VALIDATORS[kind].iter_errors(instance)]


def as_json(value: Any) -> Any:
    """The values with null where there is none."""
    if isinstance(value, dict):
        return {key: as_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_json(inner) for inner in value]
    return None if isinstance(value, Broken) else value


@pytest.mark.parametrize(("kind", "name"), single_files("good"))
def test_models_and_schema_find_nothing_in_a_good_file(kind: str, name: str) -> None:
    text = text_of("good", kind, name)
    assert [item for item in findings(kind, text) if item.severity is Severity.ERROR] == []
    assert judged(kind, text) == []


@pytest.mark.parametrize(("kind", "name"), single_files("bad"))
def test_models_and_schema_both_refuse_a_bad_file(kind: str, name: str) -> None:
    text = text_of("bad", kind, name)
    stated = expected("bad", kind, name)
    assert stated
    assert brief(findings(kind, text)) == stated
    assert judged(kind, text)


@pytest.mark.parametrize("name", estates())
def test_what_no_schema_can_see_is_found_all_the_same(name: str) -> None:
    files, stated = estate(name)
    assert stated
    assert list(shown(load_specs(files, ACCOUNTS, PROVIDERS).diagnostics)) == stated


BEYOND = frozenset(
    "account-mismatch billing-longer-than-term duplicate-account duplicate-id duplicate-previously missing-account "
    "missing-fact missing-id previously-declared previously-itself schedule-clash unknown-account "
    "duplicate-currency missing-option unknown-lifecycle unknown-option unknown-provider unknown-timezone".split()
)
"""Findings that need more than one file, or one value, to be seen."""
NO_YAML = frozenset("alias anchor complex-key duplicate-key merge-key tag yaml-syntax".split())
"""Findings about what a schema is never shown."""
# A number's spelling is lost on a schema: 1.0 is a version, 0x1F a name to it. They are in `text-beyond-numbers`.
SCALARS = [
    *(
        "on",
        "off",
        "true",
        "false",
        "yes",
        "On",
        "12",
        "-1",
        "0",
        "1",
        "1.5",
        "0123",
        "x",
        "X y",
        "''",
        "' '",
        "~",
        "'*'",
    ),
    *(
        "2026-02-14",
        "2026-02-30",
        "1969-12-31",
        "20 EUR",
        "20.601 EUR",
        "20.6 JPY",
        "none",
        "at-renewal",
        "immediately",
    ),
    *("unmanaged", "monthly", "annual", "contoso", "contoso/a@2026-02-14", "[]", "[x]", "[[x]]", "{}", "{a: b}"),
    *("{when: none}", "{when: immediately}", "{when: immediately, reason: x}", "{when: at-renewal, confirm: x}"),
    *("{when: immediately, reason: x, on_blocked: at-renewal}", "{when: none, on_blocked: at-renewal}", "240.00 EUR"),
    *("{from: 2027-03-01, recurring: off}", "[{from: 2027-03-01, cancel: none}]", "[{from: 2027-03-01}]"),
    *("[{from: 2028-01-01, recurring: on, cancel: at-renewal}]", "{for: 2027-02-14, by: x}", "{for: x, by: y}"),
    *("2027-03-01T00:00:00Z", "1000000000000 EUR", "-1 EUR"),
    *("30d", "0d", "[5000.00 EUR, 900 JPY]", "[5.001 EUR]", "EUR", "Europe/Berlin", "max_spent_value", "lists/a.csv"),
    *("sk_live_0123456789", "rk_0123", "hold", "correct", "reader", "{billing_account: x}", "{client_secret: x}"),
    *('"a\\u202eb"', '"a\\nb"', '"a\\u200db"', "9999999999999", "x" * 101, "y" * 201),
]
KEYS = (
    "recurring cancel reason owner labels protect facts id previously product term billing start seats price "
    "last_charge when confirm on_blocked schedule decided from for by note match set key account version defaults "
    "rules subscriptions like tenant Bad url limit count "
    "per amounts currency timezone prices options plan_as apply_as on_drift billing_account api_key endpoint".split()
)


def in_flow(value: Any) -> str:
    """A value as YAML in flow style; what was changed is in it as it was drawn."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {in_flow(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(in_flow, value)) + "]"
    return str(value)


def changeable(value: Any) -> Any:
    """A value of a file with its scalars and names as YAML texts."""
    if isinstance(value, dict):
        return {dumps(name): changeable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [changeable(inner) for inner in value]
    if isinstance(value, bool):
        return str(value).lower()
    return dumps(value) if type(value) is str else str(value)


def change(node: Any, random: Random) -> None:
    """One value somewhere within is replaced, taken out or added."""
    if not node:
        return
    at = random.choice(list(node)) if isinstance(node, dict) else random.randrange(len(node))
    if isinstance(node[at], dict | list) and node[at] and random.random() < 0.5:
        change(node[at], random)
    elif isinstance(node, list) or random.random() < 0.5:
        node[at] = random.choice(SCALARS)
    elif random.random() < 0.4:
        del node[at]
    else:
        node[random.choice(KEYS)] = random.choice(SCALARS)


@given(st.sampled_from(single_files("good")), st.randoms(use_true_random=False), st.integers(1, 3))
def test_models_and_schema_agree_on_files_with_changes(file: tuple[str, str], random: Random, changes: int) -> None:
    kind, name = file
    value = changeable(parsed(text_of("good", kind, name)).data)
    for _ in range(changes):
        change(value, random)
    text = in_flow(value)
    found = {(item.code, item.detail) for item in findings(kind, text) if item.severity is Severity.ERROR}
    assume(not NO_YAML & {code for code, _ in found})
    within = {code for code, detail in found if code not in BEYOND and (kind, detail) != ("account", "'like'")}
    assert bool(within) == bool(judged(kind, text)), (text, found)


def test_the_corpus_is_there() -> None:
    assert len(single_files("good")) >= 20
    assert len(single_files("bad")) >= 100
    assert len(estates()) >= 20
