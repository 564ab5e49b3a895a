"""The writing half against the emulator: what is sent, what is surely refused, and what may have been carried out."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.answers import Accepted, Ambiguous, Answer, Done, Order, Rejected
from reconciler.changes import Kind
from reconciler.errors import RoleTooWeak, SignInFailed, Throttled, Unreachable
from reconciler.model import Cancel, Recurring, Status
from reconciler.observed import Obstacle
from reconciler.providers.microsoft import MicrosoftProvider, api
from reconciler.providers.microsoft.writing import MicrosoftWriter
from reconciler.testing.emulators.microsoft import OrderFailure
from reconciler.testing.emulators.microsoft_roles import Principal
from reconciler.testing.emulators.wire import Request, Response
from tests.providers.microsoft.wire import ACCOUNT, NOW, Wire, a_wire, an_id, an_opening

WRITES = "^(PATCH|DELETE|POST)"


@pytest.fixture
def wire() -> Iterator[Wire]:
    """One account with one subscription in its window."""
    with a_wire() as made:
        yield made


def carried_out(writer: MicrosoftWriter, order: Order) -> Answer:
    """By the method of the order's own verb."""
    verbs = {
        Kind.TURN_ON: writer.turn_on_recurring,
        Kind.TURN_OFF: writer.turn_off_recurring,
        Kind.CANCEL_NOW: writer.cancel_now,
    }
    return verbs[order.change.kind](order)


def refused(answer: Answer) -> Rejected:
    """It was surely not carried out."""
    assert isinstance(answer, Rejected), answer
    return answer


def finished(writer: MicrosoftWriter, answer: Answer) -> Answer:
    """What becomes of what was accepted, asked for in another process."""
    for _ in range(10):
        if not isinstance(answer, Accepted):
            return answer
        answer = writer.poll(answer.token)
    raise AssertionError("it never ends")


def test_turning_off_is_one_patch_of_the_product(wire: Wire) -> None:
    writer = wire.writer()
    order = wire.order(writer, Kind.TURN_OFF)
    before = len(wire.emulator.asked)
    assert writer.turn_off_recurring(order) == Done()
    assert len(wire.emulator.asked) == before + 1
    assert wire.effects() == [("PATCH products", an_id(), {"autoRenew": "Off"})]
    after = writer.get(an_id())
    assert after is not None
    assert (after.recurring, after.cancellation) == (Recurring.OFF, Cancel.NONE)


def test_turning_on_again_is_the_same_call(wire: Wire) -> None:
    writer = wire.writer()
    for kind, value in ((Kind.TURN_OFF, "Off"), (Kind.TURN_ON, "On"), (Kind.TURN_OFF, "Off")):
        assert carried_out(writer, wire.order(writer, kind)) == Done()
        assert wire.effects()[-1][2] == {"autoRenew": value}
    assert len(wire.effects()) == 3


def test_the_body_on_the_wire_is_the_documented_one(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Request] = []
    answer = wire.emulator.handle

    def handle(request: Request) -> Response:
        sent.append(request)
        return answer(request)

    monkeypatch.setattr(wire.emulator, "handle", handle)
    writer = wire.writer()
    writer.turn_off_recurring(wire.order(writer, Kind.TURN_OFF))
    patch = sent[-1]
    assert (patch.method, patch.path) == (
        "PATCH",
        f"/providers/Microsoft.Billing/billingAccounts/{ACCOUNT}/products/{an_id()}",
    )
    assert json.loads(patch.body) == {"properties": {"autoRenew": "Off"}}
    assert patch.query == {"api-version": "2024-04-01"}
    assert patch.headers["content-type"] == "application/json"
    assert patch.headers["x-ms-client-request-id"] == "01234567-89ab-cdef-0123-456789abcdef"


def test_cancelling_at_once_is_a_deletion_that_is_polled(wire: Wire) -> None:
    writer = wire.writer()
    answer = writer.cancel_now(wire.order(writer, Kind.CANCEL_NOW))
    assert isinstance(answer, Accepted)
    assert answer.retry_after == 1.0
    assert answer.token.startswith("/providers/Microsoft.Billing/")
    assert "sandbox" not in answer.token
    under_way = writer.get(an_id())
    assert under_way is not None
    assert under_way.busy is not None
    assert finished(wire.writer(), answer) == Done()
    assert wire.effects() == [("DELETE billingSubscriptions", an_id(), {})]
    after = writer.get(an_id())
    assert after is not None
    assert (after.status, after.recurring, after.cancellation) == (
        Status.DISABLED,
        Recurring.OFF,
        Cancel.IMMEDIATELY,
    )


def test_what_is_cancelled_already_is_done(wire: Wire) -> None:
    writer = wire.writer()
    order = wire.order(writer, Kind.CANCEL_NOW)
    finished(writer, writer.cancel_now(order))
    assert writer.cancel_now(order) == Done()
    assert len(wire.effects()) == 1


def test_ends_that_have_no_call_of_their_own_are_refused_unsent(wire: Wire) -> None:
    writer = wire.writer()
    order = wire.order(writer, Kind.TURN_OFF)
    before = len(wire.emulator.asked)
    for answer in (writer.cancel_at_renewal(order), writer.undo_cancel(order), writer.reactivate(order)):
        assert refused(answer).code == "unsupported"
    assert len(wire.emulator.asked) == before


def test_the_window_is_judged_again_at_the_last_moment(wire: Wire) -> None:
    writer = wire.writer()
    order = wire.order(writer, Kind.CANCEL_NOW)
    late = replace(order, now=NOW + timedelta(days=5))
    assert refused(writer.cancel_now(late)).code == "past-cancellation-window"
    assert wire.effects() == []


def test_a_window_that_closed_meanwhile_is_refused_by_the_provider(wire: Wire) -> None:
    writer = wire.writer()
    order = wire.order(writer, Kind.CANCEL_NOW)
    shut = {"cancellation": "NotAllowed", "cancellationAllowedEndDate": "2026-11-22T00:00:00.0000000Z"}
    wire.emulator.change(ACCOUNT, an_id(), systemOverrides=shut)
    assert refused(writer.cancel_now(order)).code == "provider-refused"
    assert refused(writer.cancel_now(wire.order(writer, Kind.CANCEL_NOW))).code == "past-cancellation-window"
    assert wire.effects() == []


@pytest.mark.parametrize("kind", [Kind.TURN_ON, Kind.TURN_OFF, Kind.CANCEL_NOW])
def test_what_is_barred_is_not_sent(wire: Wire, kind: Kind) -> None:
    writer = wire.writer()
    order = wire.order(writer, kind)
    capabilities = replace(order.seen.capabilities, barred={kind: Obstacle("managed-elsewhere", "theirs", "ask")})
    barred = replace(order, seen=replace(order.seen, capabilities=capabilities))
    before = len(wire.emulator.asked)
    assert carried_out(writer, barred) == Rejected("managed-elsewhere", "theirs", "ask")
    assert len(wire.emulator.asked) == before


@pytest.mark.parametrize("kind", [Kind.TURN_OFF, Kind.CANCEL_NOW])
def test_what_is_locked_is_not_sent_and_may_be_tried_later(wire: Wire, kind: Kind) -> None:
    writer = wire.writer()
    wire.emulator.change(ACCOUNT, an_id(), operationStatus="LockedForUpdate")
    before_locked = wire.order(writer, kind)
    answer = refused(carried_out(writer, before_locked))
    assert (answer.code, answer.retry_after) == ("busy", 30.0)
    assert wire.emulator.requests.keys() == {"GET"}


@pytest.mark.parametrize("id", ["..", "../../x", "a/b", ""], ids=repr)
@pytest.mark.parametrize("kind", [Kind.TURN_OFF, Kind.CANCEL_NOW])
def test_what_is_no_id_is_never_written_to(wire: Wire, id: str, kind: Kind) -> None:
    writer = wire.writer()
    order = wire.order(writer, kind)
    hostile = replace(order, seen=replace(order.seen, id=id))
    assert refused(carried_out(writer, hostile)).code == "not-found"
    assert wire.emulator.requests.keys() == {"GET"}


def test_a_partner_agreement_cancels_and_does_not_switch() -> None:
    with a_wire(agreement="MicrosoftPartnerAgreement") as wire:
        writer = wire.writer()
        off = refused(writer.turn_off_recurring(wire.order(writer, Kind.TURN_OFF)))
        assert (off.code, "partner-center" in off.hint) == ("unsupported", True)
        assert finished(writer, writer.cancel_now(wire.order(writer, Kind.CANCEL_NOW))) == Done()


def test_without_a_product_of_its_id_nothing_is_switched(wire: Wire) -> None:
    writer = wire.writer()
    wire.emulator.put("products", f"{ACCOUNT}/{an_id()}", None)
    assert refused(writer.turn_off_recurring(wire.order(writer, Kind.TURN_OFF))).code == "unsupported"


@pytest.mark.parametrize(
    "body",
    [
        {"name": an_id(2), "properties": {"productTypeId": "CFQ7TTC0LDPB", "skuId": "0001"}},
        {"name": an_id(), "properties": {"productTypeId": "OTHER", "skuId": "0001"}},
        {"properties": {}},
        "[]",
    ],
    ids=["another name", "another product", "no name", "no object"],
)
def test_another_product_in_the_answer_is_not_taken_for_done(wire: Wire, body: Any) -> None:
    writer = wire.writer()
    order = wire.order(writer, Kind.TURN_OFF)
    wire.fault("status-after-commit", WRITES, value={"status": 200, "body": body})
    assert isinstance(writer.turn_off_recurring(order), Ambiguous)


# Refusals and faults

STATUSES = [
    (400, "provider-refused", None),
    (401, "sign-in-failed", None),
    (403, "role-too-weak", None),
    (405, "provider-refused", None),
    (409, "busy", 30.0),
    (412, "revision-moved", None),
    (423, "busy", 30.0),
    (429, "rate-limited", 30.0),
]


@pytest.mark.parametrize("kind", [Kind.TURN_OFF, Kind.CANCEL_NOW])
@pytest.mark.parametrize(("status", "code", "wait"), STATUSES, ids=[str(status) for status, _, _ in STATUSES])
def test_a_refusal_is_surely_not_carried_out(
    wire: Wire, kind: Kind, status: int, code: str, wait: float | None
) -> None:
    writer = wire.writer()
    order = wire.order(writer, kind)
    wire.fault("status", WRITES, value=status)
    answer = refused(carried_out(writer, order))
    assert (answer.code, answer.retry_after) == (code, wait)
    assert wire.effects() == []
    assert len(wire.emulator.faults.met) == 1, "the SDK sent it again by itself"


def test_a_subscription_that_vanished_is_not_found(wire: Wire) -> None:
    writer = wire.writer()
    order = wire.order(writer, Kind.CANCEL_NOW)
    wire.emulator.remove(ACCOUNT, an_id())
    assert refused(writer.cancel_now(order)).code == "not-found"


def test_retry_after_is_handed_on(wire: Wire) -> None:
    writer = wire.writer()
    order = wire.order(writer, Kind.TURN_OFF)
    wire.fault("throttle", WRITES, value=17)
    assert refused(writer.turn_off_recurring(order)).retry_after == 17.0


def test_a_reader_may_not_write_and_is_told_which_role_may(wire: Wire) -> None:
    writer = wire.writer("sandbox-reader")
    answer = refused(writer.turn_off_recurring(wire.order(writer, Kind.TURN_OFF)))
    assert answer.code == "role-too-weak"
    assert "owner or contributor" in answer.hint


AMBIGUOUS: list[tuple[str, Any, int]] = [
    ("status", 500, 0),
    ("status", 503, 0),
    ("status", 504, 0),
    ("status", 408, 0),
    ("status", 307, 0),
    ("drop-before-commit", None, 0),
    ("status-after-commit", 500, 1),
    ("drop-after-commit", None, 1),
    ("reset-mid-body", None, 1),
]


@pytest.mark.parametrize(
    ("fault", "value", "effects"), AMBIGUOUS, ids=[f"{fault} {value}" for fault, value, _ in AMBIGUOUS]
)
@pytest.mark.parametrize("kind", [Kind.TURN_OFF, Kind.CANCEL_NOW])
def test_what_may_have_been_carried_out_is_ambiguous_and_sent_once(
    wire: Wire, fault: str, value: Any, effects: int, kind: Kind
) -> None:
    writer = wire.writer()
    order = wire.order(writer, kind)
    wire.fault(fault, WRITES, value=value)
    answer = carried_out(writer, order)
    assert isinstance(answer, Ambiguous), answer
    assert "127.0.0.1" not in answer.detail
    assert len(wire.effects()) == effects
    assert len(wire.emulator.faults.met) == 1


@pytest.mark.parametrize("fault", ["hang", "hang-after-commit"])
def test_no_answer_in_time_is_ambiguous(wire: Wire, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    monkeypatch.setattr(api, "READ", 0.2)
    writer = wire.writer()
    order = wire.order(writer, Kind.TURN_OFF)
    wire.fault(fault, WRITES, value=20)
    assert isinstance(writer.turn_off_recurring(order), Ambiguous)


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize("body", ["{", "[" * 100_000, "\udcff\x00"], ids=["cut", "deep", "no text"])
def test_an_answer_that_cannot_be_read_is_ambiguous(wire: Wire, body: str) -> None:
    writer = wire.writer()
    order = wire.order(writer, Kind.TURN_OFF)
    data = body.encode("utf-8", "surrogateescape")
    wire.fault("status-after-commit", WRITES, value={"status": 200, "body": data})
    assert isinstance(writer.turn_off_recurring(order), Ambiguous)
    assert len(wire.effects()) == 1


def test_a_huge_answer_is_ambiguous(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "LARGEST", 100_000)
    writer = wire.writer()
    order = wire.order(writer, Kind.TURN_OFF)
    wire.fault("huge-body", WRITES, value=1_000_000)
    assert isinstance(writer.turn_off_recurring(order), Ambiguous)


@pytest.mark.parametrize("kind", [Kind.TURN_OFF, Kind.CANCEL_NOW])
def test_what_never_left_this_machine_is_surely_not_carried_out(kind: Kind) -> None:
    with a_wire() as gone:
        writer = gone.writer()
        order = gone.order(writer, kind)
    answer = refused(carried_out(gone.writer(), order))
    assert answer.code == "unreachable"
    assert "not sent" in answer.detail


@pytest.mark.parametrize("location", [None, "https://evil.example/providers/Microsoft.Billing/x", "/elsewhere"])
def test_accepted_without_a_place_to_ask_is_ambiguous(wire: Wire, location: str | None) -> None:
    writer = wire.writer()
    order = wire.order(writer, Kind.CANCEL_NOW)
    headers = {} if location is None else {"Location": location}
    wire.fault("status-after-commit", WRITES, value={"status": 202, "headers": headers})
    assert isinstance(writer.cancel_now(order), Ambiguous)


def test_the_other_header_of_the_resource_manager_will_do(wire: Wire) -> None:
    writer = wire.writer()
    order = wire.order(writer, Kind.CANCEL_NOW)
    headers = {"Azure-AsyncOperation": f"{wire.url}/providers/Microsoft.Billing/operationStatus/1?api-version=1"}
    wire.fault("status-after-commit", WRITES, value={"status": 202, "headers": headers})
    assert writer.cancel_now(order) == Accepted("/providers/Microsoft.Billing/operationStatus/1?api-version=1")


def test_a_yes_that_does_nothing_shows_when_it_is_read_back(wire: Wire) -> None:
    writer = wire.writer()
    order = wire.order(writer, Kind.TURN_OFF)
    wire.fault("lie", WRITES)
    assert writer.turn_off_recurring(order) == Done()
    after = writer.get(an_id())
    assert after is not None
    assert after.recurring is Recurring.ON


# Polling


def accepted(wire: Wire) -> tuple[MicrosoftWriter, str]:
    """A cancellation under way, and its token."""
    writer = wire.writer()
    answer = writer.cancel_now(wire.order(writer, Kind.CANCEL_NOW))
    assert isinstance(answer, Accepted)
    return writer, answer.token


@pytest.mark.parametrize("asynchronous", [False, True], ids=["by its status", "by its body"])
def test_an_order_that_the_provider_gives_up_is_refused(wire: Wire, asynchronous: bool) -> None:
    wire.emulator.order_failure = OrderFailure("Refused", "No.", asynchronous=asynchronous)
    writer, token = accepted(wire)
    if asynchronous:
        token = token.replace("operationResults", "operationStatus")
    answer = refused(finished(writer, Accepted(token)))
    assert answer.code == "provider-refused"
    assert answer.retry_after is None
    assert wire.effects() == []


@pytest.mark.parametrize(
    ("fault", "value", "trouble"),
    [
        ("status", 500, Unreachable),
        ("status", 401, SignInFailed),
        ("status", 403, RoleTooWeak),
        ("throttle", 5, Throttled),
        ("drop-before-commit", None, Unreachable),
        ("reset-mid-body", None, Unreachable),
    ],
    ids=["500", "401", "403", "429", "dropped", "reset"],
)
def test_a_poll_without_an_answer_may_be_asked_again(wire: Wire, fault: str, value: Any, trouble: Any) -> None:
    writer, token = accepted(wire)
    if fault == "reset-mid-body":
        wire.emulator.polls = 0
        token = token.replace("operationResults", "operationStatus")
    wire.fault(fault, "GET .*operation", value=value)
    with pytest.raises(trouble):
        writer.poll(token)
    assert finished(writer, Accepted(token)) == Done()


def test_an_operation_that_is_not_known_any_more_is_ambiguous(wire: Wire) -> None:
    writer, token = accepted(wire)
    assert isinstance(writer.poll(token.replace("cancel", "manage")), Ambiguous)


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"status": "Succeeded"}, Done),
        ({"status": "InProgress"}, Accepted),
        ({"status": "Canceled"}, Rejected),
        ({}, Done),
        ("{", Ambiguous),
    ],
    ids=repr,
)
def test_the_body_of_a_poll_is_read(wire: Wire, body: Any, answer: type) -> None:
    writer, token = accepted(wire)
    wire.fault("status", "GET .*operation", value={"status": 200, "body": body})
    assert isinstance(writer.poll(token), answer)


def test_a_later_address_of_the_same_operation_is_taken(wire: Wire) -> None:
    writer, token = accepted(wire)
    moved = "/providers/Microsoft.Billing/elsewhere/1"
    wire.fault("status", "GET .*operation", value={"status": 202, "headers": {"Location": wire.url + moved}})
    assert writer.poll(token) == Accepted(moved, 10.0)
    wire.fault("status", "GET .*operation", value={"status": 202, "headers": {"Retry-After": "7"}})
    assert writer.poll(token) == Accepted(token, 7.0)


@pytest.mark.parametrize("token", ["https://evil.example/x", "//evil.example/x", "/x", "", "\x00"], ids=repr)
def test_a_token_from_elsewhere_is_not_asked_for(wire: Wire, token: str) -> None:
    writer = wire.writer()
    assert isinstance(writer.poll(token), Ambiguous)
    assert not wire.emulator.asked


def test_a_poll_that_is_refused_for_now_is_refused_for_good(wire: Wire) -> None:
    writer, token = accepted(wire)
    wire.fault("status", "GET .*operation", value=409)
    assert refused(writer.poll(token)).retry_after is None


# Secrets, and what the port asks of it


def test_no_token_is_logged_or_told_by_a_write(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    wire.emulator.principals["canary-5f1d"] = Principal("Canary", "owner", "x")
    writer = wire.writer("canary-5f1d")
    with caplog.at_level(logging.DEBUG):
        order = wire.order(writer, Kind.TURN_OFF)
        wire.fault("status", WRITES, value=403)
        answers = [writer.turn_off_recurring(order), writer.turn_off_recurring(order)]
        answers.append(writer.cancel_now(wire.order(writer, Kind.CANCEL_NOW)))
    assert "canary-5f1d" not in caplog.text + repr(answers)


def test_an_error_text_is_told_cut_short_and_without_what_may_be_a_token(wire: Wire) -> None:
    writer = wire.writer()
    order = wire.order(writer, Kind.TURN_OFF)
    secret = "eyJ" + "a1" * 40
    error = {"error": {"code": "Bad\x1b[31m", "message": f"with {secret} in it " + "word " * 100}}
    wire.fault("status", WRITES, value={"status": 400, "body": error})
    detail = refused(writer.turn_off_recurring(order)).detail
    assert secret not in detail
    assert "\x1b" not in detail
    assert len(detail) < 300


def test_it_claims_no_idempotency_and_settles_within_a_minute() -> None:
    writer = MicrosoftProvider().writer(an_opening("http://127.0.0.1:9"))
    assert (writer.idempotent, writer.settles_within) == (False, 60.0)
    writer.close()


def test_an_operation_id_that_is_none_is_our_bug_and_sends_nothing(wire: Wire) -> None:
    writer = wire.writer()
    order = replace(wire.order(writer, Kind.TURN_OFF), operation_id="x")
    with pytest.raises(ValueError, match="badly formed"):
        writer.turn_off_recurring(order)
    assert wire.emulator.requests.keys() == {"GET"}


def test_a_write_never_needs_a_list(wire: Wire) -> None:
    writer = wire.writer()
    writer.turn_off_recurring(wire.order(writer, Kind.TURN_OFF))
    assert not any("top=" in line for line in wire.emulator.asked)
