"""The emulator against the published documents: every body by the OpenAPI, the examples of what it serves replayed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from reconciler.testing.emulators import Fault, sample_estate
from reconciler.testing.emulators.microsoft import MicrosoftEmulator, Seats
from reconciler.testing.emulators.microsoft_estate import CONTOSO, FABRIKAM, NORTHWIND
from tests.testing.emulators.asking import Answer, Client, asking
from tests.testing.emulators.openapi import PUBLISHED, breaches, differences, document, example
from tests.testing.emulators.toy import NOW

SUBSCRIPTIONS, PRODUCTS = "billingSubscription.json", "product.json"
ERRORS = "common-types/resource-management/v5/types.json"
BASE = "/providers/Microsoft.Billing/billingAccounts"
ACCOUNT = "00000000-0000-0000-0000-000000000000:00000000-0000-0000-0000-000000000000_2019-05-31"
GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")

SERVED = {
    "billingAccountsGet",
    "billingAccountsList",
    "billingSubscriptionsCancel",
    "billingSubscriptionsDelete",
    "billingSubscriptionsGet",
    "billingSubscriptionsListByBillingAccount",
    "billingSubscriptionsUpdate",
    "productsGet",
    "productsListByBillingAccount",
    "productsUpdate",
}
NOT_SERVED = {
    "billingSubscriptionAliasCreateOrUpdate": "aliases buy: a reconciler never does",
    "billingSubscriptionAliasGet": "aliases",
    "billingSubscriptionGetByBillingProfile": "by account is enough",
    "billingSubscriptionsListByBillingProfile": "by account is enough",
    "billingSubscriptionsListByBillingProfileEA": "by account is enough",
    "billingSubscriptionsListByCustomer": "partners' customers are Partner Center's",
    "billingSubscriptionsListByCustomerAtBillingAccount": "partners' customers are Partner Center's",
    "billingSubscriptionsListByEnrollmentAccount": "by account is enough",
    "billingSubscriptionsListByInvoiceSection": "by account is enough",
    "billingSubscriptionsMove": "moving costs is no change of ours",
    "productsListByBillingProfile": "by account is enough",
    "productsListByCustomer": "partners' customers are Partner Center's",
    "productsListByInvoiceSection": "by account is enough",
}
UNDEFINED = {"subscriptionBillingStatus", "costCenter"}
"""What early examples show and the OpenAPI does not define."""


def ask(client: Client, method: str, path: str, body: Any = None, **query: object) -> Answer:
    return client.ask(method, quote(path, safe="/:"), body, **{"api-version": "2024-04-01", **query})


def pages(client: Client, path: str, **query: object) -> Iterator[Any]:
    answer = ask(client, "GET", path, **query)
    yield answer.body
    while link := answer.body.get("nextLink"):
        answer = client.ask("GET", link)
        yield answer.body


def real(value: Any) -> Any:
    """An example with ids for the templates of its early days."""
    if isinstance(value, dict):
        return {name: real(inner) for name, inner in value.items() if name not in UNDEFINED}
    if isinstance(value, list):
        return [real(inner) for inner in value]
    if isinstance(value, str):
        return value.replace("{billingAccountName}", ACCOUNT).replace(
            "{productName}", "11111111-1111-1111-1111-111111111111"
        )
    return value


def seeded(agreement: str = "MicrosoftCustomerAgreement", /, **tables: list[Any]) -> MicrosoftEmulator:
    emulator = MicrosoftEmulator(now=NOW - timedelta(days=5 * 365))
    emulator.add_account(ACCOUNT, agreement)
    for table, bodies in tables.items():
        for one in bodies:
            emulator.put(table, f"{ACCOUNT}/{one['name']}", one)
    return emulator


def shown(name: str, status: str = "200") -> Any:
    return real(example(name)["responses"][status]["body"])


def test_every_stored_example_is_replayed_or_left_out_with_a_reason() -> None:
    stored = {path.stem for path in (PUBLISHED / "examples").glob("*.json")}
    assert stored == SERVED | NOT_SERVED.keys()
    assert not SERVED & NOT_SERVED.keys()


@pytest.mark.parametrize(
    ("name", "table", "kind"),
    [
        ("billingSubscriptionsGet", "subscriptions", "billingSubscriptions"),
        ("productsGet", "products", "products"),
    ],
)
def test_a_read_is_answered_as_in_the_example(name: str, table: str, kind: str) -> None:
    there = shown(name)
    with asking(seeded(**{table: [there]}), Authorization="Bearer sandbox") as client:
        assert ask(client, "GET", f"{BASE}/{ACCOUNT}/{kind}/{there['name']}").body == there


@pytest.mark.parametrize(
    ("name", "table", "kind"),
    [
        ("billingSubscriptionsListByBillingAccount", "subscriptions", "billingSubscriptions"),
        ("productsListByBillingAccount", "products", "products"),
    ],
)
def test_a_list_is_answered_as_in_the_example(name: str, table: str, kind: str) -> None:
    there = shown(name)
    with asking(seeded(**{table: there["value"]}), Authorization="Bearer sandbox") as client:
        assert ask(client, "GET", f"{BASE}/{ACCOUNT}/{kind}").body == there
        counted = ask(client, "GET", f"{BASE}/{ACCOUNT}/{kind}", count="true", top=1).body
        assert (counted["totalCount"], len(counted["value"])) == (3, 1)


def test_accounts_are_answered_as_in_the_examples() -> None:
    one = real(example("billingAccountsGet")["responses"]["200"]["body"])
    listed = [body for body in shown("billingAccountsList")["value"] if "soldTo" not in body["properties"]]
    emulator = MicrosoftEmulator()
    for body in (one, *listed):
        emulator.put("accounts", body["name"], body)
    with asking(emulator, Authorization="Bearer sandbox") as client:
        assert ask(client, "GET", f"{BASE}/{one['name']}").body == one
        assert ask(client, "GET", BASE).body == {"value": [one, *listed]}


def test_our_own_accounts_look_like_the_example() -> None:
    emulator = MicrosoftEmulator()
    emulator.add_account(ACCOUNT)
    there = example("billingAccountsGet")["responses"]["200"]["body"]
    found = set(differences(there, emulator.table("accounts")[ACCOUNT]))
    assert found == {"$.systemData: only there", "$.properties.accountSubType: only there"}


def test_a_products_auto_renew_is_patched_as_in_the_example() -> None:
    there = shown("productsUpdate")
    given = example("productsUpdate")["parameters"]["parameters"]
    before = {**there, "properties": {**there["properties"], "autoRenew": "Off"}}
    emulator = seeded(products=[before])
    assert breaches(given, "ProductPatch", PRODUCTS, writing=True) == []
    with asking(emulator, Authorization="Bearer sandbox") as client:
        answer = ask(client, "PATCH", f"{BASE}/{ACCOUNT}/products/{there['name']}", given)
        assert (answer.status, answer.body) == (200, there)
    (effect,) = emulator.effects
    assert (effect.verb, effect.values) == ("PATCH products", {"autoRenew": "On"})


def test_a_subscription_is_patched_as_in_the_example() -> None:
    published = example("billingSubscriptionsUpdate")
    there, headers = real(published["responses"]["200"]["body"]), published["responses"]["202"]["headers"]
    given = published["parameters"]["parameters"]
    emulator = seeded(subscriptions=[there])
    assert breaches(given, "BillingSubscriptionPatch", SUBSCRIPTIONS, writing=True) == []
    with asking(emulator, Authorization="Bearer sandbox") as client:
        answer = ask(client, "PATCH", f"{BASE}/{ACCOUNT}/billingSubscriptions/{there['name']}", given)
        assert (answer.status, answer.data) == (202, b"")
        assert located(answer.headers["location"]) == located(headers["location"])
        assert answer.headers["retry-after"].isdigit()
        assert client.ask("GET", answer.headers["location"]).status == 202
        last = client.ask("GET", answer.headers["location"])
    # The example's answer does not show the field that it patched; and ours says that no operation is under way.
    added = {"$.properties.consumptionCostCenter: only here", "$.properties.operationStatus: only here"}
    assert (last.status, set(differences(there, last.body))) == (200, added)


def located(link: str) -> str:
    """A link without its host, and with a word for each id."""
    return GUID.sub("ID", link[link.index("/providers") :].replace("%3A", ":"))


@pytest.mark.parametrize(
    ("name", "method", "tail", "agreement"),
    [
        ("billingSubscriptionsDelete", "DELETE", "", "MicrosoftCustomerAgreement"),
        ("billingSubscriptionsCancel", "POST", "/cancel", "MicrosoftPartnerAgreement"),
    ],
)
def test_a_cancellation_is_accepted_as_in_the_example(name: str, method: str, tail: str, agreement: str) -> None:
    published = example(name)
    headers = published["responses"]["202"]["headers"]
    there = shown("billingSubscriptionsUpdate")
    properties = {**there["properties"], "productCategory": "UsageBased"}
    emulator = seeded(agreement, subscriptions=[{**there, "properties": properties}])
    given = published["parameters"].get("parameters")
    with asking(emulator, Authorization="Bearer sandbox") as client:
        path = f"{BASE}/{ACCOUNT}/billingSubscriptions/{there['name']}{tail}"
        answer = ask(client, method, path, given)
        assert (answer.status, located(answer.headers["location"])) == (202, located(headers["location"]))
        assert set(headers) <= set(answer.headers)
        if method == "DELETE":
            client.ask("GET", answer.headers["location"])
            last = client.ask("GET", answer.headers["location"])
            assert (last.status, last.data) == (204, b"")
            assert ask(client, method, path).status == 204  # the other answer that the example has
    assert len(emulator.effects) == 1


def test_our_own_subscriptions_and_products_show_what_the_examples_show() -> None:
    emulator = MicrosoftEmulator(now=NOW)
    emulator.add_account(ACCOUNT)
    emulator.add_seats(ACCOUNT, Seats("90000000-0000-0000-0000-000000000000", "My subscription", NOW))
    for table, name in (("subscriptions", "billingSubscriptionsGet"), ("products", "productsListByBillingAccount")):
        there = example(name)["responses"]["200"]["body"]
        there = there["value"][0] if "value" in there else there
        (ours,) = emulator.table(table).values()
        assert [found for found in differences(there, ours) if "only here" not in found] == []


def test_every_body_of_the_estate_and_of_its_future_follows_the_openapi() -> None:
    emulator = sample_estate("microsoft", 60, now=NOW)
    seen = set()
    with asking(emulator, Authorization="Bearer sandbox") as client:
        for days in (0, 20, 40, 200, 400):
            emulator.advance(timedelta(days=days))
            for account in (CONTOSO, FABRIKAM, NORTHWIND):
                for body in pages(
                    client, f"{BASE}/{account}/billingSubscriptions", includeDeleted="true", count="true"
                ):
                    assert breaches(body, "BillingSubscriptionListResult", SUBSCRIPTIONS) == []
                    seen |= {one["properties"].get("status") for one in body["value"]}
            for body in pages(client, f"{BASE}/{CONTOSO}/products"):
                assert breaches(body, "ProductListResult", PRODUCTS) == []
    assert seen == {"Active", "Cancelled", "Deleted", "Disabled", "Expired", "Expiring", "Suspended", "Warned", None}


def test_every_error_follows_the_common_types() -> None:
    emulator = sample_estate("microsoft", 15, now=NOW)
    names = [body["name"] for body in emulator.table("subscriptions").values()]
    subscription = f"{BASE}/{CONTOSO}/billingSubscriptions"
    asked: list[tuple[int, str, str, Any]] = [
        (404, "GET", "/providers/Microsoft.Other/things", None),
        (404, "GET", f"{BASE}/1", None),
        (400, "GET", f"{BASE}/a b", None),
        (404, "GET", f"{subscription}/{NORTHWIND}", None),
        (405, "PUT", f"{subscription}/{names[0]}", {}),
        (400, "DELETE", f"{subscription}/{names[1]}", None),
        (409, "DELETE", f"{subscription}/{names[3]}", None),
        (400, "GET", f"{BASE}/{FABRIKAM}/products", None),
        (400, "PATCH", f"{BASE}/{CONTOSO}/products/{names[0]}", {"autoRenew": "Off"}),
    ]
    with asking(emulator, Authorization="Bearer sandbox") as client:
        for status, method, path, body in asked:
            answer = ask(client, method, path, body)
            assert (answer.status, breaches(answer.body, "ErrorResponse", ERRORS)) == (status, []), path
        for kind in ("status", "throttle", "busy"):
            emulator.faults.add(Fault(kind))
            assert breaches(ask(client, "GET", BASE).body, "ErrorResponse", ERRORS) == []


def test_the_list_parameters_are_those_of_the_openapi() -> None:
    """Every documented parameter of a list is taken, and no other."""
    with asking(sample_estate("microsoft", 3, now=NOW), Authorization="Bearer sandbox") as client:
        for kind, home in (("billingSubscriptions", SUBSCRIPTIONS), ("products", PRODUCTS)):
            described = document(home)["paths"][f"{BASE}/{{billingAccountName}}/{kind}"]["get"]["parameters"]
            names = {one.get("name") or one["$ref"].rpartition("/")[2] for one in described}
            names -= {"billingAccountNameParameter", "billingAccountName", "apiVersionParameter"}
            fitting = {"top": 5, "skip": 0, "filter": "status eq 'Active'", "orderBy": "displayName"}
            for name in names:
                value = fitting.get(name, "false")
                assert ask(client, "GET", f"{BASE}/{CONTOSO}/{kind}", **{name: value}).status == 200, name
            assert ask(client, "GET", f"{BASE}/{CONTOSO}/{kind}", page="2").status == 400
