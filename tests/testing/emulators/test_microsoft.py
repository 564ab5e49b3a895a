from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from reconciler.testing.emulators import Fault
from reconciler.testing.emulators.microsoft import MicrosoftEmulator, OrderFailure, Principal, Seats
from tests.testing.emulators.asking import Answer, Client, asking
from tests.testing.emulators.toy import NOW

ACCOUNT = "30000000-0000-0000-0000-000000000001:40000000-0000-0000-0000-000000000001_2019-05-31"
BASE = "/providers/Microsoft.Billing/billingAccounts"
S1, S2 = "90000000-0000-0000-0000-000000000001", "90000000-0000-0000-0000-000000000002"
OFF = {"properties": {"autoRenew": "Off"}}


def prepared(agreement: str = "MicrosoftCustomerAgreement") -> MicrosoftEmulator:
    """An account with one subscription in its window to cancel, and one past it."""
    emulator = MicrosoftEmulator(now=NOW)
    emulator.add_account(ACCOUNT, agreement)
    emulator.add_seats(ACCOUNT, Seats(S1, "Fresh", NOW - timedelta(days=1)))
    emulator.add_seats(ACCOUNT, Seats(S2, "Old", NOW - timedelta(days=60)))
    emulator.advance(timedelta())
    return emulator


@pytest.fixture
def emulator() -> MicrosoftEmulator:
    return prepared()


@pytest.fixture
def client(emulator: MicrosoftEmulator) -> Iterator[Client]:
    with asking(emulator, Authorization="Bearer sandbox") as client:
        yield client


def ask(client: Client, method: str, path: str, body: Any = None, token: str | None = None, **query: object) -> Answer:
    headers = {} if token is None else {"Authorization": f"Bearer {token}" if token else ""}
    where = f"{BASE}{quote(path, safe='/:')}"
    return client.ask(method, where, body, headers, **{"api-version": "2024-04-01", **query})


def subscription(client: Client, name: str = S1) -> Any:
    return ask(client, "GET", f"/{ACCOUNT}/billingSubscriptions/{name}").body["properties"]


def order(client: Client, method: str, tail: str = f"/billingSubscriptions/{S1}", body: Any = None) -> Answer:
    return ask(client, method, f"/{ACCOUNT}{tail}", body)


@pytest.mark.parametrize(
    ("token", "status", "code"),
    [
        pytest.param("", 401, "AuthenticationFailed", id="none"),
        pytest.param("sandbox-expired", 401, "ExpiredAuthenticationToken", id="expired"),
        pytest.param("guess", 401, "InvalidAuthenticationToken", id="unknown"),
    ],
)
def test_a_token_that_is_no_good_opens_nothing(client: Client, token: str, status: int, code: str) -> None:
    answer = ask(client, "GET", "", token=token)
    assert (answer.status, answer.code) == (status, code)


def test_a_reader_reads_and_writes_nothing(emulator: MicrosoftEmulator, client: Client) -> None:
    assert ask(client, "GET", f"/{ACCOUNT}/products/{S1}", token="sandbox-reader").status == 200
    for method, path, body in (("PATCH", f"/products/{S1}", OFF), ("DELETE", f"/billingSubscriptions/{S1}", None)):
        answer = ask(client, method, f"/{ACCOUNT}{path}", body, token="sandbox-reader")
        assert (answer.status, answer.code) == (403, "AuthorizationFailed")
    assert emulator.effects == []


def test_a_principal_of_another_tenant_sees_no_account(emulator: MicrosoftEmulator, client: Client) -> None:
    emulator.principals["elsewhere"] = Principal("Eve", "owner", "7", "another tenant")
    assert ask(client, "GET", "", token="elsewhere").body == {"value": []}
    assert ask(client, "GET", f"/{ACCOUNT}/products", token="elsewhere").status == 403


@pytest.mark.parametrize(
    ("version", "code"), [(None, "MissingApiVersionParameter"), ("2021-10-01", "InvalidApiVersionParameter")]
)
def test_only_its_own_version_is_spoken(client: Client, version: str | None, code: str) -> None:
    query: dict[str, Any] = {} if version is None else {"api-version": version}
    assert client.ask("GET", BASE, **query).code == code


def test_a_list_goes_on_by_its_links() -> None:
    emulator = MicrosoftEmulator(now=NOW)
    emulator.add_account(ACCOUNT)
    for number in range(120):
        emulator.add_seats(ACCOUNT, Seats(f"{number:08d}-0000-0000-0000-000000000000", f"S{number}", NOW))
    with asking(emulator, Authorization="Bearer sandbox") as client:
        answer, seen, asked = ask(client, "GET", f"/{ACCOUNT}/billingSubscriptions"), [], 1
        while True:
            seen += [one["name"] for one in answer.body["value"]]
            if "nextLink" not in answer.body:
                break
            answer, asked = client.ask("GET", answer.body["nextLink"]), asked + 1
    assert (len(seen), len(set(seen)), asked) == (120, 120, 3)


def test_deleted_and_failed_ones_are_listed_when_asked_for(emulator: MicrosoftEmulator, client: Client) -> None:
    emulator.change(ACCOUNT, S1, status="Deleted")
    emulator.change(ACCOUNT, S2, status="Failed")

    def listed(**query: Any) -> list[str]:
        return [one["name"] for one in ask(client, "GET", f"/{ACCOUNT}/billingSubscriptions", **query).body["value"]]

    assert listed() == []
    assert listed(includeDeleted="true") == [S1]
    assert listed(includeDeleted="true", includeFailed="true") == [S1, S2]


def test_a_list_shows_what_changed_since_the_last_page(emulator: MicrosoftEmulator, client: Client) -> None:
    path = f"/{ACCOUNT}/products"
    assert ask(client, "GET", path).body["value"][0]["properties"]["autoRenew"] == "On"
    ask(client, "PATCH", f"{path}/{S1}", OFF)
    assert ask(client, "GET", path).body["value"][0]["properties"]["autoRenew"] == "Off"


def test_auto_renew_is_written_at_once_to_product_and_subscription(emulator: MicrosoftEmulator, client: Client) -> None:
    answer = order(client, "PATCH", f"/products/{S1}", OFF)
    assert (answer.status, answer.body["properties"]["autoRenew"]) == (200, "Off")
    assert subscription(client)["autoRenew"] == "Off"
    assert "renewalTermDetails" not in subscription(client)
    order(client, "PATCH", f"/products/{S1}", {"properties": {"autoRenew": "On"}})
    assert subscription(client)["renewalTermDetails"]["termDuration"] == "P1Y"
    assert [(effect.verb, effect.subscription, effect.values["autoRenew"]) for effect in emulator.effects] == [
        ("PATCH products", S1, "Off"),
        ("PATCH products", S1, "On"),
    ]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        pytest.param(f"/products/{S1}", {"autoRenew": "Off"}, 400, id="the wrong level"),
        pytest.param(f"/products/{S1}", {"properties": {}}, 400, id="nothing in it"),
        pytest.param(f"/products/{S1}", {"properties": {"autoRenew": "Never"}}, 400, id="no such word"),
        pytest.param(
            f"/products/{S1}", {"properties": {"autoRenew": "Off", "quantity": 1}}, 400, id="more than it takes"
        ),
        pytest.param(f"/products/{S1}", b"{", 400, id="no JSON"),
        pytest.param(f"/billingSubscriptions/{S1}", OFF, 400, id="auto renew by the other call"),
        pytest.param("/products/none", OFF, 404, id="no such product"),
        pytest.param("/things/none", OFF, 404, id="no such kind"),
    ],
)
def test_a_wrong_write_is_refused(
    emulator: MicrosoftEmulator, client: Client, path: str, body: Any, status: int
) -> None:
    headers = {"Content-Type": "application/json"}
    where = f"{BASE}/{quote(ACCOUNT, safe=':')}{path}"
    assert client.ask("PATCH", where, body, headers, **{"api-version": "2024-04-01"}).status == status
    assert emulator.effects == []


@pytest.mark.parametrize("status", ["Suspended", "Expired", "Disabled", "Deleted"])
def test_auto_renew_is_refused_where_nothing_renews(emulator: MicrosoftEmulator, client: Client, status: str) -> None:
    emulator.change(ACCOUNT, S1, status=status)
    assert order(client, "PATCH", f"/products/{S1}", OFF).status == 400


def test_a_cancellation_is_accepted_locks_and_is_carried_out(emulator: MicrosoftEmulator, client: Client) -> None:
    emulator.polls = 2
    answer = order(client, "DELETE")
    assert (answer.status, answer.headers["retry-after"]) == (202, "1")
    assert len(emulator.effects) == 1
    locked = emulator.table("subscriptions")[f"{ACCOUNT}/{S1}"]["properties"]
    assert (locked["operationStatus"], locked["status"]) == ("LockedForUpdate", "Active")
    for method, path, body in (("DELETE", f"/billingSubscriptions/{S1}", None), ("PATCH", f"/products/{S1}", OFF)):
        assert (order(client, method, path, body).status, order(client, method, path, body).code) == (409, "Conflict")
    where = answer.headers["location"]
    assert [client.ask("GET", where).status for _ in range(4)] == [202, 202, 204, 204]
    ended = subscription(client)
    assert (ended["status"], ended["operationStatus"], ended["suspensionReasons"]) == (
        "Disabled",
        "None",
        ["Cancelled"],
    )
    assert ended["autoRenew"] == "On"  # as customers report of the real one
    assert ask(client, "GET", f"/{ACCOUNT}/products/{S1}").body["properties"]["status"] == "Disabled"
    assert order(client, "DELETE").status == 204
    assert len(emulator.effects) == 1


def test_the_word_for_what_was_cancelled_can_be_the_other_one(emulator: MicrosoftEmulator, client: Client) -> None:
    emulator.polls, emulator.cancelled_as = 0, "Cancelled"
    assert client.ask("GET", order(client, "DELETE").headers["location"]).status == 204
    assert subscription(client)["status"] == "Cancelled"
    assert ask(client, "GET", f"/{ACCOUNT}/products/{S1}").body["properties"]["status"] == "Canceled"


def test_an_order_ends_though_nobody_polls(emulator: MicrosoftEmulator, client: Client) -> None:
    order(client, "DELETE")
    assert [subscription(client)["operationStatus"] for _ in range(3)][-1] == "None"
    emulator.change(ACCOUNT, S2, systemOverrides={"cancellation": "Allowed"})
    order(client, "DELETE", f"/billingSubscriptions/{S2}")
    emulator.advance(timedelta(minutes=1))
    assert subscription(client, S2)["status"] == "Disabled"


def test_past_the_window_nothing_is_cancelled(emulator: MicrosoftEmulator, client: Client) -> None:
    assert order(client, "DELETE", f"/billingSubscriptions/{S2}").status == 400
    emulator.advance(timedelta(days=6))
    assert subscription(client)["systemOverrides"]["cancellation"] == "NotAllowed"
    assert order(client, "DELETE").status == 400
    assert emulator.effects == []


def test_an_order_that_fails_says_so_when_it_is_polled(emulator: MicrosoftEmulator, client: Client) -> None:
    emulator.order_failure = OrderFailure("CannotCancel", "It cannot be cancelled.", 409)
    where = order(client, "DELETE").headers["location"]
    assert client.ask("GET", where).status == 202
    answer = client.ask("GET", where)
    assert (answer.status, answer.code) == (409, "CannotCancel")
    assert (subscription(client)["status"], subscription(client)["operationStatus"]) == ("Active", "None")
    assert emulator.effects == []


def test_an_order_may_fail_in_arms_other_way(emulator: MicrosoftEmulator, client: Client) -> None:
    emulator.order_failure = OrderFailure(asynchronous=True)
    where = order(client, "DELETE").headers["azure-asyncoperation"]
    assert client.ask("GET", where).body["status"] == "InProgress"
    answer = client.ask("GET", where)
    assert (answer.status, answer.body["status"], answer.code) == (200, "Failed", "InternalServerError")


def test_other_properties_are_patched_by_an_order(emulator: MicrosoftEmulator, client: Client) -> None:
    answer = order(client, "PATCH", body={"properties": {"displayName": "New", "quantity": 7}})
    last = [client.ask("GET", answer.headers["location"]) for _ in range(2)][-1]
    assert (last.body["properties"]["displayName"], last.body["properties"]["quantity"]) == ("New", 7)
    product = ask(client, "GET", f"/{ACCOUNT}/products/{S1}").body["properties"]
    assert (product["displayName"], product["quantity"]) == ("New", 7)
    assert emulator.effects[0].verb == "PATCH billingSubscriptions"


def test_an_unknown_order_is_not_found(client: Client) -> None:
    assert ask(client, "GET", f"/{ACCOUNT}/operationResults/none").status == 404


@pytest.mark.parametrize(
    ("agreement", "allowed"),
    [
        (
            "MicrosoftCustomerAgreement",
            {"list": 200, "get": 200, "products": 200, "patch": 200, "delete": 202, "cancel": 400},
        ),
        (
            "MicrosoftPartnerAgreement",
            {"list": 200, "get": 200, "products": 200, "patch": 400, "delete": 202, "cancel": 400},
        ),
        ("EnterpriseAgreement", {"list": 200, "get": 200, "products": 400, "patch": 400, "delete": 400, "cancel": 400}),
        (
            "MicrosoftOnlineServicesProgram",
            {"list": 200, "get": 400, "products": 400, "patch": 400, "delete": 400, "cancel": 400},
        ),
    ],
)
def test_what_can_be_done_depends_on_the_agreement(agreement: str, allowed: dict[str, int]) -> None:
    emulator = prepared(agreement)
    with asking(emulator, Authorization="Bearer sandbox") as client:
        one = f"/{ACCOUNT}/billingSubscriptions/{S1}"
        found = {
            "list": ask(client, "GET", f"/{ACCOUNT}/billingSubscriptions").status,
            "get": ask(client, "GET", one).status,
            "products": ask(client, "GET", f"/{ACCOUNT}/products").status,
            "patch": ask(client, "PATCH", f"/{ACCOUNT}/products/{S1}", OFF).status,
            "cancel": ask(client, "POST", f"{one}/cancel", {"cancellationReason": "Other"}).status,
            "delete": ask(client, "DELETE", one).status,
        }
    assert found == allowed


def test_a_usage_based_subscription_of_a_partner_is_cancelled_with_a_reason() -> None:
    emulator = prepared("MicrosoftPartnerAgreement")
    emulator.change(ACCOUNT, S1, productCategory="UsageBased")
    with asking(emulator, Authorization="Bearer sandbox") as client:
        path = f"/{ACCOUNT}/billingSubscriptions/{S1}/cancel"
        assert ask(client, "POST", path, {}).status == 400
        assert ask(client, "POST", path, {"cancellationReason": "Boredom"}).status == 400
        assert ask(client, "POST", path, {"cancellationReason": "Other", "why": "x"}).status == 400
        answer = ask(client, "POST", path, {"cancellationReason": "Other"})
        assert answer.status == 202
        assert [client.ask("GET", answer.headers["location"]).status for _ in range(2)] == [202, 204]
    assert [effect.verb for effect in emulator.effects] == ["POST cancel"]


def test_a_lie_accepts_an_order_that_nobody_carries_out(emulator: MicrosoftEmulator, client: Client) -> None:
    emulator.faults.add(Fault("lie"), Fault("lie"))
    assert order(client, "PATCH", f"/products/{S1}", OFF).body["properties"]["autoRenew"] == "Off"
    answer = order(client, "DELETE")
    assert [client.ask("GET", answer.headers["location"]).status for _ in range(2)] == [202, 204]
    assert (subscription(client)["autoRenew"], subscription(client)["status"]) == ("On", "Active")
    assert emulator.effects == []


def test_a_loop_of_pages_leads_to_itself(emulator: MicrosoftEmulator, client: Client) -> None:
    emulator.faults.add(Fault("cursor-loop", times=None))
    first = ask(client, "GET", f"/{ACCOUNT}/billingSubscriptions")
    assert client.ask("GET", first.body["nextLink"]).body["nextLink"] == first.body["nextLink"]


def test_polls_are_never_delayed(emulator: MicrosoftEmulator, client: Client) -> None:
    answer = order(client, "DELETE")
    emulator.faults.add(Fault("delayed-reads", times=None, value=50))
    assert [client.ask("GET", answer.headers["location"]).status for _ in range(2)] == [202, 204]
    assert subscription(client)["status"] == "Active"
    emulator.faults.clear()
    assert subscription(client)["status"] == "Disabled"


def test_a_delayed_read_does_not_bring_an_order_on(emulator: MicrosoftEmulator, client: Client) -> None:
    emulator.polls = 0
    order(client, "DELETE")
    emulator.faults.add(Fault("delayed-reads", value=0))
    subscription(client)
    assert emulator.table("subscriptions")[f"{ACCOUNT}/{S1}"]["properties"]["status"] == "Active"


def test_limits_are_told_and_can_be_enforced(emulator: MicrosoftEmulator, client: Client) -> None:
    header = "x-ms-ratelimit-remaining-tenant-{}".format
    assert ask(client, "GET", "").headers[header("reads")] == "249"
    assert order(client, "PATCH", f"/products/{S1}", OFF).headers[header("writes")] == "199"
    assert header("deletes") in order(client, "DELETE").headers
    emulator.enforce_limits(reads=(2, 0.1), writes=(1, 0.1))
    assert [ask(client, "GET", "").status for _ in range(3)] == [200, 200, 429]
    limited = ask(client, "GET", "")
    assert (limited.code, int(limited.headers["retry-after"]) > 0) == ("TooManyRequests", True)


def test_what_vanished_is_not_found(emulator: MicrosoftEmulator, client: Client) -> None:
    emulator.remove(ACCOUNT, S1)
    for kind in ("billingSubscriptions", "products"):
        assert ask(client, "GET", f"/{ACCOUNT}/{kind}/{S1}").code == "NotFound"


def test_roles_are_listed(client: Client) -> None:
    assignments = ask(client, "GET", f"/{ACCOUNT}/billingRoleAssignments").body["value"]
    definitions = ask(client, "GET", f"/{ACCOUNT}/billingRoleDefinitions").body["value"]
    named = {one["id"]: one["properties"]["roleName"] for one in definitions}
    assert [named[one["properties"]["roleDefinitionId"]] for one in assignments] == [
        "Billing account owner",
        "Billing account reader",
    ]
    path = f"/{ACCOUNT}/billingPermissions"
    may = [ask(client, "GET", path, token=token).body["value"][0] for token in ("sandbox", "sandbox-reader")]
    assert "Microsoft.Billing/billingAccounts/products/write" in may[0]["actions"]
    assert "Microsoft.Billing/billingAccounts/products/write" not in may[1]["actions"]
    assert ask(client, "POST", path, {}).status == 405
