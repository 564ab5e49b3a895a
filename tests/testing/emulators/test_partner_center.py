"""The emulator of Partner Center: its answers beside the published ones, and what a client must survive."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from reconciler.testing.emulators import sample_estate
from reconciler.testing.emulators.faults import Fault
from reconciler.testing.emulators.partner_center import PartnerCenterEmulator
from reconciler.testing.emulators.partner_center_estate import seats
from reconciler.testing.emulators.wire import Request, Response
from tests.builders import NOW

PUBLISHED = Path(__file__).resolve().parents[2] / "data" / "partner-center"
TENANT = "5f0c7c3e-8a51-4c62-9f1b-0d8f5f2f7a10"
ID = "a4c1340d-6911-4758-bba3-0c4c6007d161"
OTHER = "00000000-1111-4222-8333-444444444444"
CUSTOMER = f"/v1/customers/{TENANT}"
ONE = f"{CUSTOMER}/subscriptions/{ID}"
NEXT_TERM = {"product": {"productId": "A"}, "quantity": 3}
DOCUMENTED = {
    "commitmentEndDateTime",
    "cancellationAllowedUntilDate",
    "suspensionReasons",
    "nextChargeInstructions",
    "scheduledActions",
}
"""Fields that stand in the documentation's tables and in none of its samples, and the one of the extended terms."""


def published(name: str) -> Any:
    return json.loads((PUBLISHED / f"{name}.json").read_text("utf-8"))


def an_emulator(**fields: Any) -> PartnerCenterEmulator:
    """One customer with one subscription, bought three days ago."""
    emulator = PartnerCenterEmulator(now=NOW)
    emulator.add_customer(TENANT, "Contoso")
    emulator.add(TENANT, {"id": ID, **seats(NOW, **{"days": 3} | fields)})
    return emulator


def ask(
    emulator: PartnerCenterEmulator,
    method: str = "GET",
    path: str = ONE,
    body: Any = None,
    *,
    token: str = "sandbox",  # the emulators' own
    query: Mapping[str, str] | None = None,
    **headers: Any,
) -> Response:
    """One request, as a client sends it; a header with `_` for its `-`."""
    sent = {
        "authorization": f"Bearer {token}",
        "ms-correlationid": str(uuid4()),
        "ms-requestid": str(uuid4()),
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    delivery = emulator.answer(Request(method, path, query or {}, sent, data, path))
    assert delivery.response is not None
    return delivery.response


def patch(emulator: PartnerCenterEmulator, body: Any = None, **headers: Any) -> Response:
    return ask(emulator, "PATCH", ONE, body, **headers)


def whole(emulator: PartnerCenterEmulator, **changes: Any) -> dict[str, Any]:
    """The whole subscription, changed; None takes a field away."""
    fields = {**emulator.shown(ID), **changes}
    return {name: value for name, value in fields.items() if value is not None}


def number(response: Response) -> tuple[int, str]:
    return response.status, response.body["code"]


@pytest.mark.parametrize("name", ["get-new-commerce", "get-add-on", "get-azure", "update-marketplace-response"])
def test_a_published_subscription_is_shown_as_it_is_published(name: str) -> None:
    emulator = PartnerCenterEmulator(now=NOW)
    emulator.add_customer(TENANT, "Contoso")
    fields = published(name)
    emulator.clock = None
    emulator.add(TENANT, fields)
    got = emulator.shown(fields["id"])
    for varying in ("links", "attributes"):
        assert got.pop(varying).keys() >= fields.pop(varying).keys() - {"etag"}
    assert got == fields


def test_the_published_update_is_taken_and_answered_with_the_subscription() -> None:
    emulator = PartnerCenterEmulator(now=NOW)
    emulator.add_customer(TENANT, "Contoso")
    sent = published("update-new-commerce-request")
    sent |= {"commitmentEndDate": "2027-01-13T00:00:00Z"}  # the published one ended years ago
    emulator.add(TENANT, {**sent, "autoRenewEnabled": True})
    answer = patch(emulator, sent)
    assert answer.status == 200
    assert {name: answer.body[name] for name in sent if name not in ("links", "attributes")} == {
        name: value for name, value in sent.items() if name not in ("links", "attributes")
    }


def test_every_field_that_is_shown_is_a_documented_one_of_its_kind() -> None:
    known: dict[str, set[type]] = {}
    for name in ("get-new-commerce", "get-add-on", "get-azure", "schedule-response", "update-marketplace-response"):
        for field, value in published(name).items():
            known.setdefault(field, set()).add(type(value))
    emulator = sample_estate("partner-center", 60, now=NOW)
    assert isinstance(emulator, PartnerCenterEmulator)
    for id in emulator.table("subscriptions"):
        shown = emulator.shown(id)
        assert shown.keys() - known.keys() <= DOCUMENTED
        assert all(type(value) in known[field] for field, value in shown.items() if field in known)


def test_a_list_and_a_customer_look_as_the_published_ones() -> None:
    emulator = an_emulator()
    listed, shown = ask(emulator, path=f"{CUSTOMER}/subscriptions").body, ask(emulator, path=CUSTOMER).body
    assert listed.keys() == published("list-software").keys()
    assert (listed["totalCount"], listed["attributes"]) == (1, {"objectType": "Collection"})
    assert shown.keys() <= published("get-customer").keys()
    assert (shown["id"], shown["relationshipToPartner"]) == (TENANT, "reseller")


def test_throttling_answers_as_published() -> None:
    emulator = an_emulator()
    emulator.faults.add(Fault("throttle", value=57))
    answer = ask(emulator)
    assert (answer.status, answer.body) == (429, published("throttled"))
    assert answer.headers["Retry-After"] == "57"


def test_the_published_limit_holds_for_reads_and_writes_together() -> None:
    emulator = an_emulator()
    emulator.limit(2)
    statuses = [ask(emulator).status, patch(emulator, whole(emulator)).status, ask(emulator).status]
    assert statuses == [200, 200, 429]


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (f"{CUSTOMER}/subscriptions/{OTHER}", (404, "20003")),
        (f"/v1/customers/{OTHER}/subscriptions/{ID}", (403, "20002")),
        (f"{CUSTOMER}/orders", (404, "1000")),
        ("/customers", (404, "1000")),
    ],
)
def test_what_is_not_there_is_answered_by_its_code(path: str, answer: tuple[int, str]) -> None:
    assert number(ask(an_emulator(), path=path)) == answer


@pytest.mark.parametrize(
    ("token", "status"), [("sandbox", 200), ("sandbox-reader", 200), ("sandbox-expired", 401), ("other", 401)]
)
def test_who_may_read(token: str, status: int) -> None:
    assert ask(an_emulator(), token=token).status == status


def test_who_may_not_write() -> None:
    emulator = an_emulator()
    assert number(patch(emulator, whole(emulator), token="sandbox-reader")) == (403, "900150")


@pytest.mark.parametrize(
    "headers", [{"ms_requestid": "1"}, {"ms_correlationid": "x"}, {"ms_contract_version": "v2"}, {"ms_requestid": ""}]
)
def test_headers_that_are_none_are_turned_away(headers: dict[str, Any]) -> None:
    assert number(ask(an_emulator(), **headers)) == (400, "800002")


def test_an_update_needs_its_correlation_id() -> None:
    emulator = an_emulator()
    sent = {"authorization": "Bearer sandbox"}
    delivery = emulator.answer(Request("PATCH", ONE, {}, sent, json.dumps(whole(emulator)).encode()))
    assert delivery.response is not None
    assert number(delivery.response) == (400, "800002")


@pytest.mark.parametrize(("method", "path"), [("DELETE", ONE), ("POST", CUSTOMER), ("PUT", "/v1/customers")])
def test_other_methods_are_not_allowed(method: str, path: str) -> None:
    assert ask(an_emulator(), method, path).status == 405


@pytest.mark.parametrize("body", [b"", b"{", b"[]"])
def test_a_body_that_is_no_object_is_turned_away(body: bytes) -> None:
    assert number(patch(an_emulator(), body)) == (400, "800002")


def test_an_update_moves_the_etag_and_is_an_effect() -> None:
    emulator = an_emulator()
    before = emulator.shown(ID)["attributes"]["etag"]
    answer = patch(emulator, whole(emulator, autoRenewEnabled=False), if_match=f'"{before}"')
    assert answer.status == 200
    assert answer.body["attributes"]["etag"] != before
    (effect,) = emulator.effects
    assert (effect.verb, effect.subscription, effect.values) == ("PATCH", ID, {"autoRenewEnabled": False})


def test_an_old_etag_is_turned_away_and_none_is_let_pass() -> None:
    emulator = an_emulator()
    old = emulator.shown(ID)["attributes"]["etag"]
    emulator.alter(ID, friendlyName="somebody was here")
    assert number(patch(emulator, whole(emulator), if_match=f'"{old}"')) == (400, "2055")
    assert patch(emulator, whole(emulator)).status == 200


def test_less_than_everything_loses_what_it_leaves_out() -> None:
    emulator = an_emulator(scheduledNextTermInstructions=NEXT_TERM)
    assert patch(emulator, {"id": ID, "friendlyName": "nickname"}).status == 200
    left = emulator.shown(ID)
    assert (left["autoRenewEnabled"], left["friendlyName"]) == (False, "nickname")
    assert "scheduledNextTermInstructions" not in left


def test_everything_keeps_what_is_scheduled() -> None:
    emulator = an_emulator(scheduledNextTermInstructions=NEXT_TERM)
    assert patch(emulator, whole(emulator, friendlyName="nickname")).status == 200
    assert emulator.shown(ID)["scheduledNextTermInstructions"] == NEXT_TERM


def test_the_body_of_another_subscription_is_turned_away() -> None:
    emulator = an_emulator()
    assert number(patch(emulator, whole(emulator, id=OTHER))) == (400, "3000")


def test_the_same_request_id_is_answered_the_same_until_it_is_forgotten() -> None:
    emulator = an_emulator()
    key, body = str(uuid4()), whole(emulator, friendlyName="nickname")
    etag = body["attributes"]["etag"]
    first = patch(emulator, body, ms_requestid=key, if_match=f'"{etag}"')
    again = patch(emulator, body, ms_requestid=key, if_match=f'"{etag}"')
    assert (first.status, again.body) == (200, first.body)
    assert len(emulator.effects) == 1
    emulator.advance(timedelta(hours=24))
    assert number(patch(emulator, body, ms_requestid=key, if_match=f'"{etag}"')) == (400, "2055")


def test_a_refusal_is_remembered_too() -> None:
    emulator = an_emulator(status="suspended")
    key = str(uuid4())
    assert number(patch(emulator, whole(emulator), ms_requestid=key)) == (400, "800091")
    emulator.alter(ID, status="active")
    assert number(patch(emulator, whole(emulator), ms_requestid=key)) == (400, "800091")
    assert patch(emulator, whole(emulator)).status == 200


def test_an_answer_that_got_lost_is_given_again_and_has_no_second_effect() -> None:
    emulator = an_emulator()
    key, body = str(uuid4()), whole(emulator, friendlyName="nickname")
    emulator.faults.add(Fault("status-after-commit"))
    assert patch(emulator, body, ms_requestid=key).status == 500
    assert patch(emulator, body, ms_requestid=key).status == 200
    assert len(emulator.effects) == 1


def test_a_lie_leaves_everything_as_it_was() -> None:
    emulator = an_emulator()
    emulator.faults.add(Fault("lie"))
    assert patch(emulator, whole(emulator, autoRenewEnabled=False)).status == 200
    assert emulator.shown(ID)["autoRenewEnabled"] is True
    assert not emulator.effects


def test_a_busy_subscription_is_answered_as_published() -> None:
    emulator = an_emulator()
    emulator.faults.add(Fault("busy"))
    assert number(patch(emulator, whole(emulator))) == (409, "800082")


@pytest.mark.parametrize(
    ("status", "code"), [(401, "400"), (403, "900150"), (404, "1000"), (409, "800082"), (500, "800003")]
)
def test_a_fault_answers_in_the_vendors_form(status: int, code: str) -> None:
    emulator = an_emulator()
    emulator.faults.add(Fault("status", value=status))
    answer = ask(emulator)
    assert number(answer) == (status, code)
    assert answer.body.keys() == {"code", "description", "data", "source"}


def test_too_many_updates_are_turned_away() -> None:
    emulator = an_emulator()
    emulator.updates_at_most = 1
    assert patch(emulator, whole(emulator)).status == 200
    assert number(patch(emulator, whole(emulator))) == (400, "900311")


def test_a_slow_update_is_accepted_and_takes_its_time() -> None:
    emulator = an_emulator()
    emulator.slow = timedelta(minutes=2)
    answer = patch(emulator, whole(emulator, autoRenewEnabled=False))
    assert (answer.status, answer.headers["Location"]) == (202, f"/customers/{TENANT}/subscriptions/{ID}")
    assert emulator.shown(ID)["autoRenewEnabled"] is True
    assert number(patch(emulator, whole(emulator))) == (409, "800082")
    emulator.advance(timedelta(minutes=2))
    assert emulator.shown(ID)["autoRenewEnabled"] is False
    assert len(emulator.effects) == 1


def test_lists_have_pages_where_they_are_asked_for() -> None:
    emulator = an_emulator()
    emulator.add(TENANT, {"id": OTHER, **seats(NOW)})
    emulator.page_size = 1
    first = ask(emulator, path=f"{CUSTOMER}/subscriptions").body
    (header,) = first["links"]["next"]["headers"]
    second = ask(emulator, path=f"{CUSTOMER}/subscriptions", ms_continuationtoken=header["value"]).body
    assert [first["items"][0]["id"], second["items"][0]["id"]] == [ID, OTHER]
    assert "next" not in second["links"]
    assert (first["totalCount"], second["totalCount"]) == (2, 2)


def test_customers_are_listed_by_size() -> None:
    emulator = an_emulator()
    emulator.add_customer(OTHER, "Fabrikam")
    listed = ask(emulator, path="/v1/customers", query={"size": "1"}).body
    assert (len(listed["items"]), listed["totalCount"]) == (1, 2)
    assert number(ask(emulator, path="/v1/customers", query={"size": "x"})) == (400, "800002")


def test_a_loop_leads_back_and_an_empty_list_is_at_its_end() -> None:
    emulator = an_emulator()
    emulator.faults.add(Fault("cursor-loop", times=2), Fault("empty-list"))
    path = f"{CUSTOMER}/subscriptions"
    first = ask(emulator, path=path).body
    token = first["links"]["next"]["headers"][0]["value"]
    assert ask(emulator, path=path, ms_continuationtoken=token).body == first
    empty = ask(emulator, path=path).body
    assert (empty["items"], empty["totalCount"], "next" in empty["links"]) == ([], 0, False)


def test_every_answer_echoes_its_ids() -> None:
    key = str(uuid4())
    assert ask(an_emulator(), ms_requestid=key).headers["MS-RequestId"] == key


def test_the_ledger_survives_and_remembers_requests(tmp_path: Path) -> None:
    file, key = tmp_path / "ledger", str(uuid4())
    emulator = sample_estate("partner-center", 5, ledger=file, now=NOW)
    assert isinstance(emulator, PartnerCenterEmulator)
    id, document = next(iter(emulator.table("subscriptions").items()))
    path = f"/v1/customers/{document['customer']}/subscriptions/{id}"
    body = {**emulator.shown(id), "friendlyName": "nickname"}
    first = ask(emulator, "PATCH", path, body, ms_requestid=key)
    emulator.close()
    again = sample_estate("partner-center", 5, ledger=file, now=NOW)
    assert isinstance(again, PartnerCenterEmulator)
    assert ask(again, "PATCH", path, body, ms_requestid=key).body == first.body
    assert len(again.effects) == 1
    again.close()
