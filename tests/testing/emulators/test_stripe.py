from __future__ import annotations

import base64
import http.client
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from reconciler.testing.emulators import Fault
from reconciler.testing.emulators.stripe import ACCOUNT, Plan, StripeEmulator, Terms
from reconciler.testing.emulators.stripe_wire import epoch
from tests.testing.emulators.asking import Answer, Client, asking
from tests.testing.emulators.toy import NOW

MONTH, YEAR = Plan("prod_1", "Desk", "price_m"), Plan("prod_1", "Desk", "price_y", 20000, interval="year")
START, END = NOW.replace(day=1, hour=0), NOW.replace(month=12, day=1, hour=0)
HERE = "/v1/subscriptions/sub_1"


def terms(id: str = "sub_1", **values: Any) -> Terms:
    return Terms(id, values.pop("plans", (MONTH,)), values.pop("started", START), (START, END), **values)


@pytest.fixture
def emulator() -> StripeEmulator:
    emulator = StripeEmulator(now=NOW)
    emulator.add_account()
    emulator.add_subscription(terms())
    return emulator


@pytest.fixture
def client(emulator: StripeEmulator) -> Iterator[Client]:
    with asking(emulator, Authorization="Bearer sk_test_sandbox") as client:
        yield client


def post(client: Client, key: str | None = None, id: str = "sub_1", **values: object) -> Answer:
    return client.form("POST", f"/v1/subscriptions/{id}", {"Idempotency-Key": key} if key else None, **values)


def basic(user: str) -> str:
    return "Basic " + base64.b64encode(user.encode()).decode()


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [
        pytest.param("", 401, None, id="none"),
        pytest.param("Bearer sk_test_expired", 401, "api_key_expired", id="expired"),
        pytest.param("Bearer sk_test_guess", 401, None, id="unknown"),
        pytest.param("Basic ***", 401, None, id="no base64"),
        pytest.param(basic("sk_test_sandbox:"), 200, None, id="as a basic user"),
        pytest.param("Bearer rk_test_reader", 403, "more_permissions_required", id="restricted"),
    ],
)
def test_who_asks_decides(client: Client, header: str, status: int, code: str | None) -> None:
    answer = client.ask("GET", "/v1/account", None, {"Authorization": header})
    assert answer.status == status
    assert answer.body.get("error", {}).get("code") == code
    assert status == 200 or "_guess" not in answer.body["error"]["message"]


def test_a_restricted_key_reads_and_its_refusal_names_the_account(emulator: StripeEmulator, client: Client) -> None:
    reader = {"Authorization": "Bearer rk_test_reader"}
    assert client.ask("GET", HERE, None, reader).status == 200
    answer = client.form("POST", HERE, reader, cancel_at_period_end="true")
    assert (answer.status, ACCOUNT in answer.body["error"]["message"]) == (403, True)
    assert client.ask("DELETE", HERE, None, reader).status == 403
    assert emulator.effects == []


def test_the_account_tells_who_it_is(client: Client) -> None:
    body = client.ask("GET", "/v1/account").body
    assert (body["id"], body["object"]) == (ACCOUNT, "account")


def test_only_its_own_version_is_spoken(client: Client) -> None:
    assert client.ask("GET", HERE, None, {"Stripe-Version": "2020-08-27"}).status == 400
    answer = client.ask("GET", HERE, None, {"Stripe-Version": "2026-10-28.endive"})
    assert (answer.status, answer.headers["stripe-version"]) == (200, "2026-10-28.endive")
    assert answer.headers["request-id"].startswith("req_")


def test_ending_at_the_period_and_its_undo(emulator: StripeEmulator, client: Client) -> None:
    body = post(client, cancel_at_period_end="true").body
    assert (body["cancel_at_period_end"], body["cancel_at"], body["canceled_at"]) == (True, epoch(END), epoch(NOW))
    assert (body["status"], body["cancellation_details"]["reason"]) == ("active", "cancellation_requested")
    body = post(client, cancel_at_period_end="false").body
    assert (body["cancel_at_period_end"], body["cancel_at"], body["canceled_at"]) == (False, None, None)
    assert body["cancellation_details"]["reason"] is None
    assert [dict(effect.values) for effect in emulator.effects] == [
        {"cancel_at_period_end": "true"},
        {"cancel_at_period_end": "false"},
    ]


def test_an_end_on_a_date_stands_apart_from_the_periods(client: Client) -> None:
    at = epoch(NOW + timedelta(days=100))
    body = post(client, cancel_at=at).body
    assert (body["cancel_at"], body["cancel_at_period_end"]) == (at, False)
    assert post(client, cancel_at_period_end="false").body["cancel_at"] == at
    assert post(client, cancel_at="").body["cancel_at"] is None


def test_an_end_may_be_named_by_its_period(emulator: StripeEmulator, client: Client) -> None:
    emulator.add_subscription(terms("sub_2", plans=(MONTH, YEAR)))
    first, second = emulator.table("subscriptions")["sub_2"]["items"]["data"]
    later = epoch(NOW + timedelta(days=300))
    items = {"object": "list", "has_more": False, "url": "/", "data": [first, {**second, "current_period_end": later}]}
    emulator.change("sub_2", items=items)
    for word, at in (("min_period_end", epoch(END)), ("max_period_end", later), ("max_billed_until", later)):
        assert post(client, id="sub_2", cancel_at=word).body["cancel_at"] == at


def test_cancelling_now_is_terminal(emulator: StripeEmulator, client: Client) -> None:
    body = client.ask("DELETE", HERE, invoice_now="false", prorate="true").body
    assert (body["status"], body["ended_at"], body["canceled_at"]) == ("canceled", epoch(NOW), epoch(NOW))
    again = client.ask("DELETE", HERE)
    assert (again.status, again.code, again.body["error"]["param"]) == (404, "resource_missing", "id")
    refused = post(client, cancel_at_period_end="true")
    assert (refused.status, refused.code) == (400, "invalid_canceled_subscription_fields")
    assert post(client, **{"metadata[why]": "late"}).status == 200
    assert client.ask("GET", HERE).body["status"] == "canceled"
    assert [effect.verb for effect in emulator.effects] == ["DELETE", "POST"]
    assert dict(emulator.effects[0].values) == {"invoice_now": "false", "prorate": "true"}


@pytest.mark.parametrize("values", [{"cancel_at_period_end": "true"}, {"cancel_at": "min_period_end"}])
def test_what_a_schedule_owns_is_the_schedules(
    emulator: StripeEmulator, client: Client, values: dict[str, str]
) -> None:
    emulator.change("sub_1", schedule="sub_sched_1")
    answer = post(client, **values)
    assert (answer.status, "managed by the subscription schedule `sub_sched_1`" in answer.data.decode()) == (400, True)
    assert client.ask("DELETE", HERE).status == 400
    assert post(client, **{"metadata[a]": "b"}).status == 200
    assert [effect.verb for effect in emulator.effects] == ["POST"]


def test_an_incomplete_one_takes_little(emulator: StripeEmulator, client: Client) -> None:
    emulator.add_subscription(terms("sub_2", started=NOW - timedelta(hours=1), status="incomplete"))
    assert post(client, id="sub_2", cancel_at_period_end="true").status == 400
    emulator.advance(timedelta(hours=22))
    assert emulator.table("subscriptions")["sub_2"]["status"] == "incomplete_expired"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        pytest.param({"cancel_at_period_end": "yes"}, None, id="no boolean"),
        pytest.param({"cancel_at": "soon"}, "parameter_invalid_integer", id="no moment"),
        pytest.param({"cancel_at": "1"}, None, id="in the past"),
        pytest.param({"cancel_at": "", "cancel_at_period_end": "false"}, None, id="both ends"),
        pytest.param({"cancel_on": "1"}, "parameter_unknown", id="an unknown name"),
        pytest.param({"cancel at": "1"}, "parameter_unknown", id="no name"),
        pytest.param({"metadata": "1"}, None, id="metadata without a name"),
        pytest.param({"metadata[a]": "1", "metadata[a][b]": "2"}, None, id="a text that is an object, too"),
        pytest.param({"proration_behavior": "some"}, None, id="no such word"),
        pytest.param({"cancellation_details": "x"}, None, id="details that are a text"),
        pytest.param({"cancellation_details[mood]": "x"}, "parameter_unknown", id="an unknown name below one"),
        pytest.param({"cancellation_details[feedback]": "x"}, None, id="no such feedback"),
        pytest.param({"cancellation_details[comment][a]": "x"}, None, id="a comment that is an object"),
        pytest.param({"pause_collection[resumes_at]": "1"}, "parameter_missing", id="a pause without its behaviour"),
        pytest.param({"items[0][id]": "si_none", "items[0][quantity]": "1"}, "resource_missing", id="another's item"),
        pytest.param({"items": "si_none"}, None, id="items that are a text"),
        pytest.param({"expand[]": "customer"}, None, id="what cannot be expanded"),
    ],
)
def test_a_wrong_update_is_refused(
    emulator: StripeEmulator, client: Client, values: dict[str, str], code: str | None
) -> None:
    answer = post(client, **values)
    assert (answer.status, answer.body["error"].get("code")) == (400, code)
    assert emulator.effects == []


@pytest.mark.parametrize("values", [{"trial_end": "now"}, {"items[0][id]": "si_1", "items[0][price]": "price_y"}])
def test_what_it_does_not_do_it_says(client: Client, values: dict[str, str]) -> None:
    answer = post(client, **values)
    assert (answer.status, "emulator" in answer.body["error"]["message"].lower()) == (501, True)


@pytest.mark.parametrize("body", [pytest.param(b"{}", id="JSON"), pytest.param(b"a=%ff&=&b", id="no form")])
def test_a_body_that_is_no_form_is_refused(client: Client, body: bytes) -> None:
    kind = "application/json" if body == b"{}" else "application/x-www-form-urlencoded"
    assert client.ask("POST", HERE, body, {"Content-Type": kind}).status == 400


def test_other_fields_are_updated(client: Client) -> None:
    item = client.ask("GET", HERE).body["items"]["data"][0]["id"]
    values = {
        "metadata[a]": "1",
        "metadata[b]": "2",
        "description": "Ours",
        "pause_collection[behavior]": "void",
        "cancellation_details[comment]": "too dear",
        "items[0][id]": item,
        "items[0][quantity]": "7",
    }
    body = post(client, **values).body
    assert (body["metadata"], body["description"]) == ({"a": "1", "b": "2"}, "Ours")
    assert (body["pause_collection"], body["status"]) == ({"behavior": "void", "resumes_at": None}, "active")
    assert (body["cancellation_details"]["comment"], body["items"]["data"][0]["quantity"]) == ("too dear", 7)
    body = post(client, **{"metadata[a]": "", "description": "", "pause_collection": ""}).body
    assert (body["metadata"], body["description"], body["pause_collection"]) == ({"b": "2"}, None, None)
    assert post(client, metadata="").body["metadata"] == {}


def test_the_first_answer_to_a_key_is_the_answer(emulator: StripeEmulator, client: Client) -> None:
    first = post(client, "k1", cancel_at_period_end="true")
    post(client, "k2", cancel_at_period_end="false")
    again = post(client, "k1", cancel_at_period_end="true")
    assert (again.data, again.headers["idempotent-replayed"]) == (first.data, "true")
    assert client.ask("GET", HERE).body["cancel_at_period_end"] is False  # the trap of keys that say too little
    assert [effect.key for effect in emulator.effects] == ["k1", "k2"]


def test_a_key_with_other_parameters_is_an_error(emulator: StripeEmulator, client: Client) -> None:
    post(client, "k1", cancel_at_period_end="true")
    answer = post(client, "k1", cancel_at_period_end="false")
    assert (answer.status, answer.body["error"]["type"]) == (400, "idempotency_error")
    assert len(emulator.effects) == 1


def test_a_key_is_forgotten_after_a_day(emulator: StripeEmulator, client: Client) -> None:
    post(client, "k1", cancel_at_period_end="true")
    emulator.advance(timedelta(hours=23, minutes=59))
    assert "idempotent-replayed" in post(client, "k1", cancel_at_period_end="true").headers
    emulator.advance(timedelta(minutes=1))
    assert "idempotent-replayed" not in post(client, "k1", cancel_at_period_end="true").headers
    assert len(emulator.effects) == 2


@pytest.mark.parametrize(("kind", "effects"), [("status", 0), ("status-after-commit", 1)])
def test_a_500_is_replayed_too(emulator: StripeEmulator, client: Client, kind: str, effects: int) -> None:
    emulator.faults.add(Fault(kind))
    first = post(client, "k1", cancel_at_period_end="true")
    again = post(client, "k1", cancel_at_period_end="true")
    assert (first.status, again.status, again.data) == (500, 500, first.data)
    assert len(emulator.effects) == effects
    assert client.ask("GET", HERE).body["cancel_at_period_end"] is bool(effects)


def test_a_dropped_answer_is_replayed(emulator: StripeEmulator, client: Client) -> None:
    emulator.faults.add(Fault("drop-after-commit"))
    with pytest.raises(http.client.RemoteDisconnected):
        post(client, "k1", cancel_at_period_end="true")
    assert post(client, "k1", cancel_at_period_end="true").headers["idempotent-replayed"] == "true"
    assert len(emulator.effects) == 1


@pytest.mark.parametrize(
    ("values", "replayed"),
    [
        pytest.param({"cancel_at_period_end": "yes"}, False, id="not where the parameters were wrong"),
        pytest.param({"cancel_at": "1"}, True, id="where the endpoint had begun"),
    ],
)
def test_a_refusal_is_kept_once_the_endpoint_has_begun(client: Client, values: dict[str, str], replayed: bool) -> None:
    answers = [post(client, "k1", **values) for _ in range(2)]
    assert [answer.status for answer in answers] == [400, 400]
    assert ("idempotent-replayed" in answers[1].headers) is replayed


def test_a_key_that_is_in_use_is_a_conflict(emulator: StripeEmulator, client: Client) -> None:
    emulator.latency = 200
    statuses: list[int] = []

    def write() -> None:
        with_own = Client(client.url, client.headers)
        statuses.append(post(with_own, "k1", cancel_at_period_end="true").status)
        with_own.http.close()

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 409]
    assert len(emulator.effects) == 1
    assert post(client, "k1", cancel_at_period_end="true").status == 200


def test_a_key_is_not_endless_and_has_no_effect_on_other_methods(emulator: StripeEmulator, client: Client) -> None:
    assert post(client, "k" * 256, cancel_at_period_end="true").status == 400
    key = {"Idempotency-Key": "k1"}
    assert client.ask("DELETE", HERE, None, key).status == 200
    assert client.ask("DELETE", HERE, None, key).status == 404
    assert emulator.effects[0].key is None


def listed(client: Client, **query: object) -> list[str]:
    return [one["id"] for one in client.ask("GET", "/v1/subscriptions", **query).body["data"]]


def test_lists_go_on_after_the_last_id_and_back(emulator: StripeEmulator, client: Client) -> None:
    for number in range(2, 8):
        emulator.add_subscription(terms(f"sub_{number}", started=START + timedelta(hours=number)))
    first = client.ask("GET", "/v1/subscriptions", limit=3).body
    assert ([one["id"] for one in first["data"]], first["has_more"]) == (["sub_7", "sub_6", "sub_5"], True)
    second = client.ask("GET", "/v1/subscriptions", limit=4, starting_after="sub_5").body
    assert ([one["id"] for one in second["data"]], second["has_more"]) == (["sub_4", "sub_3", "sub_2", "sub_1"], False)
    assert listed(client, limit=2, ending_before="sub_4") == ["sub_6", "sub_5"]
    assert len(listed(client)) == 7


def test_lists_are_told_which_statuses(emulator: StripeEmulator, client: Client) -> None:
    for status in ("canceled", "incomplete_expired", "past_due"):
        emulator.add_subscription(terms(f"sub_{status}", status=status))
    everything = {"sub_1", "sub_canceled", "sub_incomplete_expired", "sub_past_due"}
    assert set(listed(client)) == everything - {"sub_canceled"}
    assert set(listed(client, status="all")) == everything
    assert set(listed(client, status="ended")) == {"sub_canceled", "sub_incomplete_expired"}
    assert set(listed(client, status="past_due")) == {"sub_past_due"}


def test_lists_are_narrowed(emulator: StripeEmulator, client: Client) -> None:
    emulator.add_subscription(terms("sub_2", plans=(YEAR,), customer="cus_2"))
    assert listed(client, customer="cus_2") == ["sub_2"]
    assert listed(client, price="price_m") == ["sub_1"]
    assert listed(client, collection_method="send_invoice") == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"limit": 101}, 400),
        ({"limit": 0}, 400),
        ({"limit": "many"}, 400),
        ({"status": "unknown"}, 400),
        ({"starting_after": "sub_none"}, 400),
        ({"starting_after": "sub_1", "ending_before": "sub_1"}, 400),
        ({"page": 2}, 400),
        ({"created": 1}, 501),
        ({"expand[]": "data.customer"}, 400),
    ],
)
def test_a_wrong_list_is_refused(client: Client, query: dict[str, object], status: int) -> None:
    assert client.ask("GET", "/v1/subscriptions", **query).status == status


def test_products_of_prices_can_be_expanded(client: Client) -> None:
    body = client.ask("GET", "/v1/subscriptions", **{"expand[]": "data.items.data.price.product"}).body
    assert body["data"][0]["items"]["data"][0]["price"]["product"]["name"] == "Desk"
    one = client.ask("GET", HERE, **{"expand[]": "items.data.price.product"}).body
    assert one["items"]["data"][0]["price"]["product"]["id"] == "prod_1"
    price = client.ask("GET", "/v1/prices/price_m", **{"expand[]": "product"}).body
    assert (price["product"]["name"], client.ask("GET", "/v1/prices/price_m").body["product"]) == ("Desk", "prod_1")


def test_products_prices_and_items_are_listed(emulator: StripeEmulator, client: Client) -> None:
    emulator.add_subscription(terms("sub_2", plans=(Plan("prod_2", "Lamp", "price_2"), YEAR)))

    def ids(path: str, **query: object) -> set[str]:
        return {one["id"] for one in client.ask("GET", path, **query).body["data"]}

    assert ids("/v1/products") == {"prod_1", "prod_2"}
    assert ids("/v1/products", **{"ids[0]": "prod_2"}) == {"prod_2"}
    assert ids("/v1/products", active="false") == set()
    assert ids("/v1/prices", product="prod_1") == {"price_m", "price_y"}
    assert ids("/v1/subscription_items", subscription="sub_2") == {"si_21", "si_22"}
    assert client.ask("GET", "/v1/subscription_items").status == 400


@pytest.mark.parametrize(
    "path", ["/v1/subscriptions/sub_no", "/v1/products/no", "/v1/prices/no", "/v1/coupons", "/v2/x"]
)
def test_what_is_not_there_is_not_found(client: Client, path: str) -> None:
    assert client.ask("GET", path).status == 404


def test_what_vanished_is_not_found(emulator: StripeEmulator, client: Client) -> None:
    emulator.remove("sub_1")
    assert client.ask("GET", HERE).code == "resource_missing"


def test_time_renews_and_ends(emulator: StripeEmulator, client: Client) -> None:
    emulator.add_subscription(terms("sub_2"))
    post(client, id="sub_2", cancel_at_period_end="true")
    emulator.clock = END
    renewed, ended = (client.ask("GET", f"/v1/subscriptions/{id}").body for id in ("sub_1", "sub_2"))
    item = renewed["items"]["data"][0]
    assert (item["current_period_start"], item["current_period_end"]) == (epoch(END), epoch(datetime_of(2027, 1)))
    assert (ended["status"], ended["ended_at"], ended["cancel_at_period_end"]) == ("canceled", epoch(END), True)
    assert [effect.verb for effect in emulator.effects] == ["POST"]


def datetime_of(year: int, month: int) -> datetime:
    return END.replace(year=year, month=month)


def test_a_loop_of_pages_shows_the_first_one_again(emulator: StripeEmulator, client: Client) -> None:
    emulator.add_subscription(terms("sub_2", started=START + timedelta(hours=1)))
    emulator.faults.add(Fault("cursor-loop", times=None))
    for query in ({}, {"starting_after": "sub_2"}):
        body = client.ask("GET", "/v1/subscriptions", limit=1, **query).body
        assert ([one["id"] for one in body["data"]], body["has_more"]) == (["sub_2"], True)


def test_an_empty_list_says_that_there_is_no_more(emulator: StripeEmulator, client: Client) -> None:
    emulator.faults.add(Fault("empty-list"))
    body = client.ask("GET", "/v1/subscriptions").body
    assert (body["data"], body["has_more"]) == ([], False)


def test_limits_are_stripes(emulator: StripeEmulator, client: Client) -> None:
    emulator.faults.add(Fault("busy"), Fault("status", value=402))
    assert (busy := post(client, cancel_at_period_end="true")).code == "lock_timeout"
    assert (busy.status, client.ask("GET", HERE).status) == (429, 402)
    emulator.enforce_limits(1)
    assert client.ask("GET", HERE).status == 200
    limited = client.ask("GET", HERE)
    assert (limited.status, limited.code, limited.headers["stripe-rate-limited-reason"]) == (
        429,
        "rate_limit",
        "global-rate",
    )


def test_a_lie_keeps_its_answer_under_the_key(emulator: StripeEmulator, client: Client) -> None:
    emulator.faults.add(Fault("lie"))
    assert post(client, "k1", cancel_at_period_end="true").body["cancel_at_period_end"] is True
    assert client.ask("GET", HERE).body["cancel_at_period_end"] is False
    assert post(client, "k1", cancel_at_period_end="true").headers["idempotent-replayed"] == "true"
    assert emulator.effects == []
