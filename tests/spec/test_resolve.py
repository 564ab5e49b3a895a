"""What each subscription needs, and what must not stand between two of them."""

from __future__ import annotations

import pytest

from reconciler.diagnostics import Severity
from reconciler.settings import AccountSettings, Settings
from tests.spec.reading import FACTS, brief, codes, load, only


def ledger(*subscriptions: str) -> str:
    """A file of the ledger's account."""
    return "version: 1\naccount: contoso\nsubscriptions:\n" + "".join(f"  {text}\n" for text in subscriptions)


def outside(*subscriptions: str) -> str:
    """A file of the account outside."""
    return ledger(*subscriptions).replace("contoso", "acme")


def test_a_ledgers_subscription_needs_its_facts_and_no_id() -> None:
    assert only(ledger(f"a: {{{FACTS}}}")).id is None
    found = load(ledger("a: {}", "b: {facts: {product: SPB}}", f"c: {{{FACTS}}}")).diagnostics
    assert brief(found) == ["4:3 missing-fact", "5:3 missing-fact"]
    assert [item.detail for item in found] == ["'product', 'term', 'start'", "'term', 'start'"]


def test_facts_may_come_from_every_layer_of_defaults() -> None:
    files = {
        "specs/_defaults.yaml": "version: 1\ndefaults: {facts: {term: annual}}\n",
        "specs/a.yaml": ledger("a: {facts: {start: 2026-01-01}}") + "defaults: {facts: {product: SPB}}\n",
    }
    assert only(files).facts.product == "SPB"


def test_an_id_is_needed_outside_and_facts_are_not() -> None:
    assert only(outside("a: {id: sub_1}")).facts.product is None
    assert brief(load(outside(f"a: {{{FACTS}}}")).diagnostics) == ["4:3 missing-id"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (ledger("a: {facts: {product: [], term: annual, start: 2026-01-01}}"), "wrong-type"),
        (ledger("a: {facts: {product: A, term: yearly, start: 2026-01-01}}"), "unknown-value"),
        (ledger("a: {facts: {product: A, term: annual, start: 01.01.2026}}"), "bad-date"),
        (ledger("a: {facts: {product: A, term: annual, start: ~}}"), "null-value"),
        (ledger("a: {facts: [A]}"), "wrong-type"),
        (ledger("a: {}") + "defaults: {facts: {start: 1.1, term: annual, product: A}}\n", "bad-date"),
        (ledger("a: {}") + "defaults: [x]\n", "wrong-type"),
        (outside("a: {id: ~}"), "null-value"),
        (outside("a: {id: ''}"), "empty-text"),
    ],
)
def test_what_is_broken_is_not_missing_as_well(text: str, code: str) -> None:
    assert codes(load(text).diagnostics) == [code]


@pytest.mark.parametrize("defaults", ["a: [", "", "version: 1\ndefaults: {facts: {term: x}}\n", "version: 2\n"])
def test_below_broken_defaults_nothing_is_missing(defaults: str) -> None:
    found = load({"specs/_defaults.yaml": defaults, "specs/a.yaml": ledger("a: {facts: {product: A}}")}).diagnostics
    assert {item.place.file for item in found if item.place} == {"specs/_defaults.yaml"}


def test_one_broken_subscription_does_not_hide_what_another_lacks() -> None:
    found = load(ledger("a: {facts: {start: x}}", "b: {facts: {product: A, term: annual}}")).diagnostics
    assert brief(found) == ["4:3 missing-fact", "4:22 bad-date", "5:3 missing-fact"]
    assert found[0].detail == "'product', 'term'"


def test_a_name_twice_in_one_account_is_told_with_both_places() -> None:
    files = {"specs/a.yaml": ledger(f"a: {{{FACTS}}}"), "specs/b.yaml": ledger(f"b: {{{FACTS}}}", f"a: {{{FACTS}}}")}
    (finding,) = load(files).diagnostics
    assert (str(finding.location), finding.code) == ("specs/b.yaml:5:3", "duplicate-subscription")
    assert finding.detail == "'contoso/a', first at specs/a.yaml:4:3"


def test_one_name_in_two_accounts_is_two_subscriptions() -> None:
    found = load({"specs/a.yaml": ledger(f"a: {{{FACTS}}}"), "specs/b.yaml": outside("a: {id: x}")})
    assert not found.diagnostics
    assert len(found.subscriptions) == 2


def test_an_id_twice_at_one_provider_is_told_with_both_places() -> None:
    (finding,) = load(outside("a: {id: sub_1}", "b: {id: sub_2}", "c: {id: sub_1}")).diagnostics
    assert (brief([finding]), finding.detail) == (["6:11 duplicate-id"], "'sub_1', first at specs/contoso/a.yaml:4:11")


def test_one_id_at_two_providers_is_two_ids() -> None:
    files = {"specs/a.yaml": ledger(f"a: {{id: 1, {FACTS}}}"), "specs/b.yaml": outside("b: {id: '1'}")}
    assert not load(files).diagnostics


TWO = Settings(
    accounts={
        name: AccountSettings(name, provider, tenant=tenant, options={"site": site} if site else {})
        for name, provider, tenant, site in (
            ("stripe-one", "stripe", "t1", ""),
            ("stripe-two", "stripe", "t2", ""),
            ("hand-one", "manual", "t1", ""),
            ("hand-two", "manual", "t2", ""),
            ("site-one", "site", None, "one"),
            ("site-two", "site", None, "two"),
            ("site-three", "site", None, "two"),
        )
    }
)


@pytest.mark.parametrize(
    ("one", "other", "twice"),
    [
        pytest.param("stripe-one", "stripe-two", True, id="an id of Stripe is never another customer's"),
        pytest.param("hand-one", "hand-two", True, id="nor one of ours"),
        pytest.param("site-one", "site-two", False, id="at an installed provider each place has its own ids"),
        pytest.param("site-two", "site-three", True, id="and two accounts of one place have the same"),
    ],
)
def test_within_what_an_id_is_one_subscription_the_provider_decides(one: str, other: str, twice: bool) -> None:
    files = {
        f"specs/{name}.yaml": f"version: 1\naccount: {name}\nsubscriptions:\n  a: {{id: '1', {FACTS}}}\n"
        for name in (one, other)
    }
    assert [item.code for item in load(files, TWO).diagnostics] == (["duplicate-id"] if twice else [])


def test_what_people_change_is_made_of_facts_like_a_ledgers_record_and_may_have_an_id() -> None:
    text = "version: 1\naccount: hand-one\nsubscriptions:\n  a: {}\n"
    (finding,) = load(text, TWO).diagnostics
    assert finding.code == "missing-fact"
    assert finding.hint.startswith("a manual account's record")
    assert only(text.replace("{}", f"{{id: x, {FACTS}}}"), TWO).id == "x"


def test_a_former_name_is_kept() -> None:
    assert only(ledger(f"a: {{{FACTS}, previously: 2024}}")).previously == "2024"


@pytest.mark.parametrize(
    ("subscriptions", "finding", "detail"),
    [
        (["a: {id: 1, previously: a}"], "4:26 previously-itself", ""),
        (
            ["a: {id: 1, previously: x}", "b: {id: 2, previously: x}"],
            "5:26 duplicate-previously",
            "'acme/x', first at specs/contoso/a.yaml:4:26",
        ),
        (
            ["a: {id: 1, previously: b}", "b: {id: 2}"],
            "4:26 previously-declared",
            "'acme/b' at specs/contoso/a.yaml:5:3",
        ),
    ],
    ids=["itself", "claimed twice", "still declared"],
)
def test_a_former_name_must_be_free(subscriptions: list[str], finding: str, detail: str) -> None:
    found = load(outside(*subscriptions)).diagnostics
    assert (brief(found), found[0].detail) == ([finding], detail)


def test_two_accounts_may_have_had_one_former_name_each() -> None:
    files = {
        "specs/a.yaml": ledger(f"a: {{{FACTS}, previously: x}}"),
        "specs/b.yaml": outside("a: {id: 1, previously: x}", "b: {id: 2}"),
    }
    assert not load(files).diagnostics


@pytest.mark.parametrize(
    ("term", "billing", "fits"),
    [
        ("monthly", "monthly", True),
        ("annual", "monthly", True),
        ("triennial", "annual", True),
        ("monthly", "annual", False),
        ("annual", "triennial", False),
    ],
)
def test_a_billing_cycle_fits_into_the_term(term: str, billing: str, fits: bool) -> None:
    text = ledger(f"a: {{facts: {{product: A, start: 2026-01-01, term: {term}, billing: {billing}}}}}")
    assert codes(load(text).diagnostics) == ([] if fits else ["billing-longer-than-term"])


def test_an_inherited_billing_cycle_is_told_of_once() -> None:
    facts = "facts: {product: A, start: 2026-01-01, term: monthly}"
    text = ledger(f"a: {{{facts}}}", f"b: {{{facts}}}") + "defaults: {facts: {billing: annual}}\n"
    assert brief(load(text).diagnostics) == ["6:29 billing-longer-than-term"]


def test_a_reason_for_nothing_is_a_warning() -> None:
    (finding,) = load(ledger(f"a: {{{FACTS}, reason: because}}")).diagnostics
    assert (finding.severity, brief([finding])) == (Severity.WARNING, ["4:71 unused-reason"])


def test_a_reason_for_letting_go_is_none_for_nothing() -> None:
    text = ledger(f"a: {{{FACTS}, recurring: unmanaged, reason: because}}") + "defaults: {recurring: on}\n"
    assert not load(text).diagnostics


def test_a_subscription_stands_where_its_name_stands() -> None:
    wanted = only(ledger(f"business-premium: {{{FACTS}}}"))
    assert str(wanted.place.location) == "specs/contoso/a.yaml:4:3"
    assert str(wanted.key) == "contoso/business-premium"
