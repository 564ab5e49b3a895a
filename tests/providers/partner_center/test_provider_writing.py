"""The writing half, against the emulator, whose own ledger is the judge of what was done, and how often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from reconciler.answers import Accepted, Ambiguous, Answer, Done, Order, Rejected
from reconciler.changes import Kind
from reconciler.errors import Unreachable
from reconciler.model import Cancel, Recurring, Status
from reconciler.providers.partner_center.api import Lost, Reply
from reconciler.providers.partner_center.provider import PartnerCenterProvider, PartnerCenterWriter
from reconciler.testing.emulators.faults import Fault
from reconciler.testing.emulators.partner_center import PartnerCenterEmulator
from reconciler.testing.emulators.wire import Request
from tests.builders import NOW
from tests.providers.partner_center.partner import ID, OPERATION, TENANT, Customer, a_customer, an_order

CANCEL = [{"scheduleType": "TermEnd", "actionType": "Cancel"}]
EXTEND = [{"scheduleType": "TermEnd", "actionType": "RenewToExtendedServiceTerm"}]
OFF, ON = {"autoRenewEnabled": False}, {"autoRenewEnabled": True}
NEXT_TERM = {"product": {"productId": "A", "skuId": "B", "termDuration": "P1Y"}, "quantity": 20}
OLD: dict[str, Any] = {"effectiveStartDate": "2025-03-01T09:30:00Z", "termDuration": "P3Y"}
"""A term of before the paid extension: off alone ends it."""

VERBS: dict[Kind, Callable[[PartnerCenterWriter, Order], Answer]] = {
    Kind.TURN_ON: PartnerCenterWriter.turn_on_recurring,
    Kind.TURN_OFF: PartnerCenterWriter.turn_off_recurring,
    Kind.CANCEL_AT_RENEWAL: PartnerCenterWriter.cancel_at_renewal,
    Kind.UNDO_CANCEL: PartnerCenterWriter.undo_cancel,
    Kind.CANCEL_NOW: PartnerCenterWriter.cancel_now,
    Kind.REACTIVATE: PartnerCenterWriter.reactivate,
}


def pair(recurring: str, cancellation: str, **more: str) -> dict[str, Any]:
    return {"recurring": recurring, "cancellation": cancellation, **more}


def send(writer: PartnerCenterWriter, kind: Kind, after: dict[str, Any] | None = None, **order: Any) -> Answer:
    """Read it, order, and answer what was answered."""
    return VERBS[kind](writer, an_order(writer.get(ID), kind, after, **order))


def sent(customer: Customer) -> list[dict[str, Any]]:
    """What each update changed, by the emulator's own ledger."""
    return [dict(effect.values) for effect in customer.emulator.effects]


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """Every request as the emulators got it."""
    got: list[Request] = []
    handle = PartnerCenterEmulator.handle

    def kept(self: PartnerCenterEmulator, request: Request) -> Any:
        got.append(request)
        return handle(self, request)

    monkeypatch.setattr(PartnerCenterEmulator, "handle", kept)
    return got


@pytest.mark.parametrize(
    ("kind", "before", "after", "change", "seen"),
    [
        pytest.param(
            Kind.TURN_OFF,
            OLD,
            pair("off", "none"),
            {"autoRenewEnabled": False},
            (Recurring.OFF, Cancel.NONE),
            id="off where nothing is extended",
        ),
        pytest.param(
            Kind.TURN_OFF,
            ON,
            pair("off", "none", extension="accepted"),
            {"autoRenewEnabled": False, "scheduledActions": EXTEND},
            (Recurring.OFF, Cancel.NONE),
            id="off that accepts the extension",
        ),
        pytest.param(
            Kind.CANCEL_AT_RENEWAL,
            ON,
            pair("off", "at-renewal"),
            {"autoRenewEnabled": False, "scheduledActions": CANCEL},
            (Recurring.OFF, Cancel.AT_RENEWAL),
            id="cancel at renewal",
        ),
        pytest.param(
            Kind.CANCEL_AT_RENEWAL,
            OFF,
            pair("off", "at-renewal"),
            {"scheduledActions": CANCEL},
            (Recurring.OFF, Cancel.AT_RENEWAL),
            id="cancel at renewal what is off",
        ),
        pytest.param(
            Kind.TURN_ON,
            OFF,
            pair("on", "none"),
            {"autoRenewEnabled": True},
            (Recurring.ON, Cancel.NONE),
            id="on",
        ),
        pytest.param(
            Kind.UNDO_CANCEL,
            {**OFF, "scheduledActions": CANCEL},
            pair("on", "none"),
            {"autoRenewEnabled": True, "scheduledActions": []},
            (Recurring.ON, Cancel.NONE),
            id="undo and on",
        ),
        pytest.param(
            Kind.UNDO_CANCEL,
            {**OFF, "scheduledActions": CANCEL},
            pair("off", "none", extension="accepted"),
            {"scheduledActions": EXTEND},
            (Recurring.OFF, Cancel.NONE),
            id="undo and stay off",
        ),
        pytest.param(
            Kind.UNDO_CANCEL,
            {**OFF, **OLD, "scheduledActions": CANCEL},
            pair("off", "none"),
            {"scheduledActions": []},
            (Recurring.OFF, Cancel.NONE),
            id="undo and stay off where nothing is extended",
        ),
    ],
)
def test_each_verb_changes_just_its_own(
    kind: Kind,
    before: dict[str, Any],
    after: dict[str, Any],
    change: dict[str, Any],
    seen: tuple[Recurring, Cancel],
) -> None:
    with a_customer(**before) as customer:
        writer = customer.writer()
        assert send(writer, kind, after) == Done()
        assert sent(customer) == [change]
        left = writer.get(ID)
        assert left is not None
        assert (left.recurring, left.cancellation, left.status) == (*seen, Status.ACTIVE)


def test_cancel_now_deletes_it_and_nothing_takes_that_back() -> None:
    with a_customer(days=3) as customer:
        writer = customer.writer()
        assert send(writer, Kind.CANCEL_NOW) == Done()
        left = writer.get(ID)
        assert left is not None
        assert (left.status, left.recurring) == (Status.DELETED, Recurring.OFF)
        assert [values["status"] for values in sent(customer)] == ["deleted"]
        for kind in (Kind.TURN_ON, Kind.REACTIVATE, Kind.CANCEL_NOW):
            refused = send(writer, kind)
            assert isinstance(refused, Rejected)
            assert refused.code == "terminal"
        assert len(sent(customer)) == 1


def test_a_change_needs_one_read_and_one_write_and_the_read_back(requests: list[Request]) -> None:
    with a_customer() as customer:
        writer = customer.writer()
        assert send(writer, Kind.CANCEL_AT_RENEWAL) == Done()
        writer.get(ID)
    assert [request.method for request in requests] == ["GET", "PATCH", "GET"]


def test_everything_is_sent_back_as_it_was_read(requests: list[Request]) -> None:
    strange: dict[str, Any] = {"somethingNew": {"of": [1, 2.5, None, "a later version"]}, "consumptionType": "overage"}
    with a_customer(scheduledNextTermInstructions=NEXT_TERM, **strange) as customer:
        before = customer.fields()
        assert send(customer.writer(), Kind.CANCEL_AT_RENEWAL) == Done()
    body = orjson.loads(requests[-1].body)
    assert body == {**before, "autoRenewEnabled": False, "scheduledActions": CANCEL}
    assert list(body)[:5] == list(before)[:5]


def test_less_than_everything_would_have_lost_what_is_scheduled() -> None:
    """The trap that the whole body is for: the emulator behaves as documented."""
    with a_customer(scheduledNextTermInstructions=NEXT_TERM) as customer:
        link = customer.writer()._link
        reply = link.exchange("PATCH", f"/customers/{TENANT}/subscriptions/{ID}", body={"friendlyName": "nickname"})
        assert isinstance(reply, Reply)
        assert reply.status == 200
        left = customer.fields()
        assert left["autoRenewEnabled"] is False
        assert "scheduledNextTermInstructions" not in left


def test_turning_on_what_has_something_scheduled_keeps_it() -> None:
    with a_customer(autoRenewEnabled=False, nextChargeInstructions={"quantity": 3}) as customer:
        assert send(customer.writer(), Kind.TURN_ON) == Done()
        assert customer.fields()["nextChargeInstructions"] == {"quantity": 3}


def test_a_write_goes_out_under_the_etag_and_the_operation_id(requests: list[Request]) -> None:
    with a_customer() as customer:
        etag = customer.fields()["attributes"]["etag"]
        send(customer.writer(), Kind.CANCEL_AT_RENEWAL)
    headers = requests[-1].headers
    assert headers["if-match"] == f'"{etag}"'
    assert UUID(headers["ms-requestid"]) == UUID(hex=OPERATION)
    assert len({request.headers["ms-correlationid"] for request in requests}) == len(requests)


def test_what_was_changed_between_the_look_and_the_write_is_refused() -> None:
    with a_customer() as customer:
        writer = customer.writer()
        order = an_order(writer.get(ID), Kind.CANCEL_AT_RENEWAL)
        customer.emulator.alter(ID, friendlyName="somebody was here")
        told = writer.cancel_at_renewal(order)
        assert isinstance(told, Rejected)
        assert told.code == "revision-moved"
        assert not sent(customer)


def test_what_was_changed_before_an_older_look_is_refused_without_a_write(requests: list[Request]) -> None:
    with a_customer() as customer:
        writer = customer.writer()
        order = an_order(writer.get(ID), Kind.CANCEL_AT_RENEWAL)
        customer.emulator.alter(ID, quantity=30)
        writer.get(ID)
        told = writer.cancel_at_renewal(order)
        assert isinstance(told, Rejected)
        assert told.code == "revision-moved"
    assert {request.method for request in requests} == {"GET"}


def test_an_order_that_another_process_repeats_reads_the_whole_of_it_first(requests: list[Request]) -> None:
    with a_customer() as customer:
        order = an_order(customer.writer().get(ID), Kind.CANCEL_AT_RENEWAL)
        assert customer.writer().cancel_at_renewal(order) == Done()
    assert [request.method for request in requests] == ["GET", "GET", "PATCH"]


def test_without_an_etag_it_is_compared_by_what_it_shows(requests: list[Request]) -> None:
    with a_customer() as customer:
        writer = customer.writer()
        bare = replace(an_order(writer.get(ID), Kind.CANCEL_AT_RENEWAL).seen, revision=None)
        fields = {**customer.fields(), "attributes": {"objectType": "Subscription"}}
        writer._kept[ID] = Reply(200, fields)
        assert writer.cancel_at_renewal(an_order(bare, Kind.CANCEL_AT_RENEWAL)) == Done()
    assert "if-match" not in requests[-1].headers


def test_an_order_sent_twice_has_one_effect() -> None:
    with a_customer() as customer:
        writer = customer.writer()
        order = an_order(writer.get(ID), Kind.CANCEL_AT_RENEWAL)
        assert [writer.cancel_at_renewal(order), writer.cancel_at_renewal(order)] == [Done(), Done()]
        assert len(sent(customer)) == 1
        assert writer.idempotent
        assert writer.settles_within > 0


@pytest.mark.parametrize("kind", ["drop-after-commit", "status-after-commit", "reset-mid-body", "hang-after-commit"])
def test_a_lost_answer_is_ambiguous_and_a_repeat_has_no_second_effect(kind: str) -> None:
    with a_customer(read_seconds=1.0) as customer:
        writer = customer.writer()
        order = an_order(writer.get(ID), Kind.CANCEL_AT_RENEWAL)
        customer.emulator.faults.add(Fault(kind, "PATCH"))
        assert isinstance(writer.cancel_at_renewal(order), Ambiguous)
        assert writer.cancel_at_renewal(order) == Done()
        assert sent(customer) == [{"autoRenewEnabled": False, "scheduledActions": CANCEL}]


@pytest.mark.parametrize("kind", ["drop-before-commit", "status", "hang"])
def test_what_was_not_carried_out_and_not_answered_is_ambiguous_too(kind: str, requests: list[Request]) -> None:
    with a_customer(read_seconds=1.0) as customer:
        writer = customer.writer()
        order = an_order(writer.get(ID), Kind.CANCEL_AT_RENEWAL)
        customer.emulator.faults.add(Fault(kind, "PATCH"))
        assert isinstance(writer.cancel_at_renewal(order), Ambiguous)
        assert not sent(customer)
        assert writer.cancel_at_renewal(order) == Done()
        assert [effect.key for effect in customer.emulator.effects] == [str(UUID(hex=OPERATION))]


def test_a_repeat_while_the_first_is_remembered_replays_its_answer() -> None:
    """The memory of MS-RequestId, with the etag of the first: what a repeat without a look would meet."""
    with a_customer() as customer:
        link = customer.writer()._link
        body = {**customer.fields(), "friendlyName": "nickname"}
        headers = {"MS-RequestId": str(UUID(hex=OPERATION)), "If-Match": f'"{body["attributes"]["etag"]}"'}
        path = f"/customers/{TENANT}/subscriptions/{ID}"
        first, again = (link.exchange("PATCH", path, body=body, headers=headers) for _ in range(2))
        assert first == again
        assert len(sent(customer)) == 1
        customer.emulator.advance(timedelta(hours=25))
        late = link.exchange("PATCH", path, body=body, headers=headers)
        assert isinstance(late, Reply)
        assert late.number == "2055"


def test_after_an_answer_the_next_try_has_another_request_id(requests: list[Request]) -> None:
    with a_customer() as customer:
        writer = customer.writer()
        customer.emulator.faults.add(Fault("status", "PATCH", value={"status": 409, "body": {"code": "800082"}}))
        first = send(writer, Kind.CANCEL_AT_RENEWAL)
        assert isinstance(first, Rejected)
        assert (first.code, first.retry_after) == ("busy", 120.0)
        assert send(writer, Kind.CANCEL_AT_RENEWAL) == Done()
        (effect,) = customer.emulator.effects
        assert effect.key is not None
        assert UUID(effect.key) != UUID(hex=OPERATION)


def test_true_false_true_is_three_writes() -> None:
    with a_customer(**OLD) as customer:
        writer = customer.writer()
        for number, kind in enumerate([Kind.TURN_OFF, Kind.TURN_ON, Kind.TURN_OFF]):
            after = pair("on" if kind is Kind.TURN_ON else "off", "none")
            assert send(writer, kind, after, operation_id=f"{number:032x}") == Done()
        assert [values["autoRenewEnabled"] for values in sent(customer)] == [False, True, False]


def test_a_throttled_write_says_when_to_come_back() -> None:
    with a_customer() as customer:
        customer.emulator.faults.add(Fault("throttle", "PATCH", value=57))
        told = send(customer.writer(), Kind.CANCEL_AT_RENEWAL)
        assert isinstance(told, Rejected)
        assert (told.code, told.retry_after) == ("rate-limited", 57.0)
        assert not sent(customer)


def test_what_could_not_be_sent_is_refused_and_not_ambiguous(monkeypatch: pytest.MonkeyPatch) -> None:
    with a_customer() as customer:
        writer = customer.writer()
        order = an_order(writer.get(ID), Kind.CANCEL_AT_RENEWAL)

        def nobody(*_: object, **__: object) -> Reply | Lost:
            raise Unreachable("unreachable", "nobody listens")

        monkeypatch.setattr(writer._link, "exchange", nobody)
        told = writer.cancel_at_renewal(order)
        assert isinstance(told, Rejected)
        assert (told.code, told.retry_after) == ("unreachable", 5.0)


def test_a_look_before_the_write_that_cannot_be_used_is_no_write() -> None:
    with a_customer() as customer:
        order = an_order(customer.writer().get(ID), Kind.CANCEL_AT_RENEWAL)
        customer.emulator.faults.add(Fault("invalid-json", "GET"))
        told = customer.writer().cancel_at_renewal(order)
        assert isinstance(told, Rejected)
        assert (told.code, told.retry_after) == ("malformed-answer", None)
        assert customer.emulator.requests["PATCH"] == 0


def test_one_that_cannot_be_read_any_more_is_not_written_to() -> None:
    with a_customer() as customer:
        order = an_order(customer.writer().get(ID), Kind.CANCEL_AT_RENEWAL)
        customer.emulator.alter(ID, quantity=-1)
        told = customer.writer().cancel_at_renewal(order)
        assert isinstance(told, Rejected)
        assert told.code == "revision-moved"
        assert not sent(customer)


def test_a_subscription_that_vanished_is_not_found() -> None:
    with a_customer() as customer:
        writer = customer.writer()
        order = an_order(writer.get(ID), Kind.CANCEL_AT_RENEWAL)
        customer.emulator.put("subscriptions", ID, None)
        assert writer.get(ID) is None
        told = writer.cancel_at_renewal(order)
        assert isinstance(told, Rejected)
        assert told.code == "not-found"


def test_an_ended_one_takes_nothing() -> None:
    with a_customer() as customer:
        writer = customer.writer()
        order = an_order(writer.get(ID), Kind.CANCEL_AT_RENEWAL)
        customer.emulator.alter(ID, status="expired")
        told = writer.cancel_at_renewal(order)
        assert isinstance(told, Rejected)
        assert told.code in ("revision-moved", "terminal")
        assert not sent(customer)


def test_a_role_that_may_only_read_is_told_so() -> None:
    with a_customer() as customer:
        told = send(customer.writer(token="sandbox-reader"), Kind.CANCEL_AT_RENEWAL)
        assert isinstance(told, Rejected)
        assert told.code == "role-too-weak"
        assert not sent(customer)


def test_off_alone_that_leads_into_the_extension_is_not_written() -> None:
    with a_customer() as customer:
        told = send(customer.writer(), Kind.TURN_OFF, {"recurring": "off"})
        assert isinstance(told, Rejected)
        assert told.code == "end-undecided"
        assert customer.emulator.requests["PATCH"] == 0


def test_past_the_window_nothing_is_sent() -> None:
    with a_customer(days=30) as customer:
        told = send(customer.writer(), Kind.CANCEL_NOW)
        assert isinstance(told, Rejected)
        assert told.code == "past-cancellation-window"
        assert customer.emulator.requests["PATCH"] == 0


def test_a_window_that_closes_on_the_way_is_refused_by_the_vendor() -> None:
    with a_customer(days=3) as customer:
        writer = customer.writer()
        order = an_order(writer.get(ID), Kind.CANCEL_NOW)
        customer.emulator.advance(timedelta(days=5))
        told = writer.cancel_now(order)
        assert isinstance(told, Rejected)
        assert told.code == "past-cancellation-window"
        assert "900117" in told.detail
        assert customer.fields()["status"] == "active"


def test_what_renews_just_now_is_busy() -> None:
    with a_customer() as customer:
        writer = customer.writer()
        order = an_order(writer.get(ID), Kind.CANCEL_AT_RENEWAL)
        assert order.seen.term is not None
        customer.emulator.clock = order.seen.term.end + timedelta(minutes=1)
        told = writer.cancel_at_renewal(order)
        assert isinstance(told, Rejected)
        assert (told.code, told.retry_after) == ("busy", None)
        assert "900278" in told.detail
        busy = writer.get(ID)
        assert busy is not None
        assert (busy.busy or "").startswith("renewal-freeze")


def test_a_cancellation_that_nothing_can_schedule_is_not_folded_in_secret() -> None:
    with a_customer(**OLD) as customer:
        told = send(customer.writer(), Kind.CANCEL_AT_RENEWAL)
        assert isinstance(told, Rejected)
        assert told.code == "unsupported"
        assert customer.emulator.requests["PATCH"] == 0


def test_a_provider_that_says_yes_and_does_nothing_is_found_by_reading_back() -> None:
    with a_customer() as customer:
        customer.emulator.faults.add(Fault("lie", "PATCH"))
        writer = customer.writer()
        assert send(writer, Kind.CANCEL_AT_RENEWAL) == Done()
        left = writer.get(ID)
        assert left is not None
        assert left.cancellation is Cancel.NONE
        assert not sent(customer)


def test_a_slow_update_is_accepted_and_asked_after_in_any_process() -> None:
    with a_customer() as customer:
        customer.emulator.slow = timedelta(minutes=2)
        told = send(customer.writer(), Kind.CANCEL_AT_RENEWAL)
        assert isinstance(told, Accepted)
        assert "sandbox" not in told.token
        later = customer.writer()
        assert isinstance(later.poll(told.token), Accepted)
        customer.emulator.advance(timedelta(minutes=2))
        assert later.poll(told.token) == Done()
        left = later.get(ID)
        assert left is not None
        assert left.cancellation is Cancel.AT_RENEWAL


def test_a_slow_cancellation_is_done_once_it_is_deleted() -> None:
    with a_customer(days=3) as customer:
        customer.emulator.slow = timedelta(minutes=2)
        writer = customer.writer()
        told = send(writer, Kind.CANCEL_NOW)
        assert isinstance(told, Accepted)
        customer.emulator.advance(timedelta(minutes=3))
        assert writer.poll(told.token) == Done()


def test_what_was_accepted_and_is_gone_is_ambiguous() -> None:
    with a_customer() as customer:
        customer.emulator.slow = timedelta(minutes=2)
        writer = customer.writer()
        told = send(writer, Kind.CANCEL_AT_RENEWAL)
        assert isinstance(told, Accepted)
        customer.emulator.put("subscriptions", ID, None)
        assert isinstance(writer.poll(told.token), Ambiguous)


@pytest.mark.parametrize("token", ["", "[]", "{}", '{"id": 1, "wanted": 5, "revision": null}'])
def test_a_token_that_is_none_of_ours_tells_nothing(token: str) -> None:
    with a_customer() as customer:
        assert isinstance(customer.writer().poll(token), Ambiguous)


def test_what_stands_already_is_not_sent() -> None:
    with a_customer(autoRenewEnabled=False, scheduledActions=CANCEL) as customer:
        assert send(customer.writer(), Kind.CANCEL_AT_RENEWAL) == Done()
        assert customer.emulator.requests["PATCH"] == 0


def test_flapping_ends_at_the_vendors_limit() -> None:
    with a_customer(**OLD) as customer:
        customer.emulator.updates_at_most = 1
        writer = customer.writer()
        assert send(writer, Kind.TURN_OFF, pair("off", "none")) == Done()
        told = send(writer, Kind.TURN_ON, pair("on", "none"), operation_id="f" * 32)
        assert isinstance(told, Rejected)
        assert told.code == "too-many-updates"


def test_the_raw_answer_is_kept_for_the_write_alone() -> None:
    with a_customer() as customer:
        writer = customer.writer()
        send(writer, Kind.CANCEL_AT_RENEWAL)
        assert not writer._kept


def test_real_time_is_the_default() -> None:
    assert PartnerCenterProvider()._now() > NOW.replace(year=2025)
