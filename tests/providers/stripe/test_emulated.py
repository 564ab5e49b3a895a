"""The provider against the emulator of Stripe: its store of answers, its terminal state, its faults, its own ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from reconciler.answers import Ambiguous, Answer, Done, Order, Rejected
from reconciler.changes import Kind
from reconciler.errors import Malformed, ProviderTrouble, SignInFailed, Throttled, Unreachable, WrongTenant
from reconciler.model import Cancel, Recurring, Status
from reconciler.noticing import reached
from reconciler.observed import ObservedSubscription
from reconciler.ports import Opening
from reconciler.providers.stripe.convert import ENDED_BY_DATE
from reconciler.providers.stripe.provider import StripeReader, StripeWriter
from reconciler.secret import Secret
from reconciler.settings import AccountSettings
from reconciler.testing.emulators.faults import Fault
from reconciler.testing.emulators.server import serve
from reconciler.testing.emulators.stripe import ACCOUNT, StripeEmulator
from reconciler.testing.emulators.stripe_estate import sample_estate
from reconciler.testing.emulators.stripe_keys import EXPIRED, READER
from tests.builders import NOW, a_change
from tests.providers.stripe import shapes

SIZE = 230
"""Three pages."""

Estate = tuple[StripeEmulator, str]


@pytest.fixture
def estate() -> Iterator[Estate]:
    emulator = sample_estate(SIZE, now=NOW)
    with serve(emulator) as url:
        yield emulator, url


def an_opening(url: str, key: str | None = None, **options: str) -> Opening:
    account = AccountSettings("shop", "stripe", "plain", tenant=ACCOUNT, options=options)
    return Opening(account, {"key": None if key is None else Secret(key)}.get, url)


def everything(reader: StripeReader) -> list[ObservedSubscription]:
    """Every page; all must be readable."""
    found: list[ObservedSubscription] = []
    cursor = None
    while True:
        page = reader.observe(cursor)
        for item in page.items:
            assert isinstance(item, ObservedSubscription), item
            found.append(item)
        cursor = page.cursor
        if cursor is None:
            return found


def special(emulator: StripeEmulator, case: str) -> str:
    """The id of one of the estate's special cases."""
    bodies = emulator.table("subscriptions").values()
    return next(str(body["id"]) for body in bodies if body["metadata"].get("case") == case)


def now(writer: StripeReader, id: str) -> ObservedSubscription:
    """It, as it is read now."""
    found = writer.get(id)
    assert found is not None
    return found


def carry_out(writer: StripeWriter, kind: Kind, id: str, operation_id: str) -> Answer:
    """One order, on what is read just before."""
    verbs: dict[Kind, Callable[[Order], Answer]] = {
        Kind.TURN_ON: writer.turn_on_recurring,
        Kind.TURN_OFF: writer.turn_off_recurring,
        Kind.CANCEL_AT_RENEWAL: writer.cancel_at_renewal,
        Kind.UNDO_CANCEL: writer.undo_cancel,
        Kind.CANCEL_NOW: writer.cancel_now,
    }
    return verbs[kind](shapes.an_order(kind, now(writer, id), operation_id))


def test_every_subscription_of_every_status_is_seen_once(estate: Estate) -> None:
    emulator, url = estate
    reader = StripeReader(an_opening(url))
    found = everything(reader)
    assert sorted(item.id for item in found) == sorted(emulator.table("subscriptions"))
    words = {item.provider_status for item in found}
    assert words == {body["status"] for body in emulator.table("subscriptions").values()}
    assert len(words) == 8
    assert all(item.product_name and item.term for item in found)
    lists = [line for line in emulator.asked if line.startswith("GET /v1/subscriptions")]
    assert len(lists) == 3
    assert len(emulator.asked) <= 6  # and a request for the names that each page brings anew, at most


def test_one_read_by_its_id_is_as_it_is_on_its_page(estate: Estate) -> None:
    emulator, url = estate
    reader = StripeReader(an_opening(url))
    listed = {item.id: item for item in everything(reader)}
    for case in (
        "renews",
        "ends at its period",
        "canceled",
        "trialing",
        "unpaid",
        "two items with periods of their own",
    ):
        id = special(emulator, case)
        assert now(reader, id) == listed[id]


@pytest.mark.parametrize(
    ("case", "pair", "code"),
    [
        ("renews", (Recurring.ON, Cancel.NONE), None),
        ("ends at its period", (Recurring.OFF, Cancel.AT_RENEWAL), None),
        ("ends on a date", (Recurring.ON, Cancel.NONE), "ends-on-date"),
        ("owned by a schedule", (Recurring.ON, Cancel.NONE), "managed-elsewhere"),
        ("collection is paused", (Recurring.ON, Cancel.NONE), None),
        ("trialing", (Recurring.ON, Cancel.NONE), None),
        ("past due", (Recurring.ON, Cancel.NONE), None),
        ("unpaid", (Recurring.ON, Cancel.NONE), "suspended"),
        ("paused", (Recurring.ON, Cancel.NONE), "suspended"),
        ("incomplete", (Recurring.ON, Cancel.NONE), "suspended"),
        ("canceled", (Recurring.OFF, Cancel.IMMEDIATELY), "terminal"),
    ],
)
def test_each_special_case_is_what_it_is(
    estate: Estate, case: str, pair: tuple[Recurring, Cancel], code: str | None
) -> None:
    emulator, url = estate
    seen = now(StripeReader(an_opening(url)), special(emulator, case))
    assert (seen.recurring, seen.cancellation) == pair
    found = seen.capabilities.barred.get(Kind.CANCEL_AT_RENEWAL)
    assert (found and found.code) == code


def test_what_is_barred_is_what_stripe_refuses_too(estate: Estate) -> None:
    emulator, url = estate
    writer = StripeWriter(an_opening(url))
    expected = {"owned by a schedule": "managed-elsewhere", "incomplete": "provider-refused", "canceled": "terminal"}
    for number, (case, code) in enumerate(expected.items()):
        answer = carry_out(writer, Kind.CANCEL_AT_RENEWAL, special(emulator, case), f"{number:032x}")
        assert isinstance(answer, Rejected)
        assert answer.code == code
    assert emulator.effects == []


def test_the_end_at_term_is_set_and_taken_back(estate: Estate) -> None:
    emulator, url = estate
    writer, id = StripeWriter(an_opening(url)), special(emulator, "renews")
    assert carry_out(writer, Kind.CANCEL_AT_RENEWAL, id, "1" * 32) == Done()
    seen = now(writer, id)
    assert seen.term is not None
    assert (seen.cancellation, seen.requested_at, seen.effective_at) == (Cancel.AT_RENEWAL, NOW, seen.term.end)
    assert carry_out(writer, Kind.UNDO_CANCEL, id, "2" * 32) == Done()
    assert now(writer, id).recurring is Recurring.ON
    assert [(effect.verb, effect.values, effect.key) for effect in emulator.effects] == [
        ("POST", {"cancel_at_period_end": "true"}, f"reconcile-{'1' * 32}"),
        ("POST", {"cancel_at_period_end": "false"}, f"reconcile-{'2' * 32}"),
    ]


def test_true_false_true_within_a_day_ends_as_true(estate: Estate) -> None:
    emulator, url = estate
    writer, id = StripeWriter(an_opening(url)), special(emulator, "renews")
    for number, kind in enumerate((Kind.TURN_OFF, Kind.TURN_ON, Kind.TURN_OFF)):
        assert carry_out(writer, kind, id, f"{number:032x}") == Done()
        emulator.advance(timedelta(hours=1))
    assert now(writer, id).cancellation is Cancel.AT_RENEWAL
    assert len(emulator.effects) == 3


def test_the_trap_is_there_for_a_key_that_names_no_more_than_the_wish(estate: Estate) -> None:
    emulator, url = estate
    writer, id = StripeWriter(an_opening(url)), special(emulator, "renews")
    for kind, key in ((Kind.TURN_OFF, "a" * 32), (Kind.TURN_ON, "b" * 32), (Kind.TURN_OFF, "a" * 32)):
        assert carry_out(writer, kind, id, key) == Done()  # the third says so, and it is not
    assert now(writer, id).cancellation is Cancel.NONE
    assert len(emulator.effects) == 2


def test_the_same_order_sent_again_has_no_second_effect(estate: Estate) -> None:
    emulator, url = estate
    writer, id = StripeWriter(an_opening(url)), special(emulator, "renews")
    order = shapes.an_order(Kind.CANCEL_AT_RENEWAL, now(writer, id))
    assert [writer.cancel_at_renewal(order) for _ in range(3)] == [Done()] * 3
    assert len(emulator.effects) == 1


@pytest.mark.parametrize("fault", ["drop-after-commit", "reset-mid-body", "invalid-json", "status-after-commit"])
def test_what_was_carried_out_unheard_is_settled_by_reading(estate: Estate, fault: str) -> None:
    emulator, url = estate
    writer, id = StripeWriter(an_opening(url)), special(emulator, "renews")
    for kind, change, key in (
        (Kind.CANCEL_AT_RENEWAL, a_change(Kind.CANCEL_AT_RENEWAL), "1" * 32),
        (Kind.CANCEL_NOW, a_change(Kind.CANCEL_NOW), "2" * 32),
    ):
        emulator.faults.add(Fault(fault, match="POST|DELETE"))
        assert isinstance(carry_out(writer, kind, id, key), Ambiguous)
        assert reached(change, now(writer, id))
    assert len(emulator.effects) == 2


def test_a_stored_500_stays_one_whatever_was_done(estate: Estate) -> None:
    emulator, url = estate
    writer, id = StripeWriter(an_opening(url)), special(emulator, "renews")
    emulator.faults.add(Fault("status", match="POST"))
    first = carry_out(writer, Kind.CANCEL_AT_RENEWAL, id, "1" * 32)
    again = carry_out(writer, Kind.CANCEL_AT_RENEWAL, id, "1" * 32)
    assert isinstance(first, Ambiguous)
    assert isinstance(again, Ambiguous)
    assert "stored from an earlier request" in again.detail
    assert emulator.effects == []
    assert carry_out(writer, Kind.CANCEL_AT_RENEWAL, id, "2" * 32) == Done()


def test_a_key_used_for_something_else_is_not_sure(estate: Estate) -> None:
    emulator, url = estate
    writer, id = StripeWriter(an_opening(url)), special(emulator, "renews")
    carry_out(writer, Kind.CANCEL_AT_RENEWAL, id, "1" * 32)
    assert isinstance(carry_out(writer, Kind.UNDO_CANCEL, id, "1" * 32), Ambiguous)


def test_cancelling_twice_is_cancelling_once(estate: Estate) -> None:
    emulator, url = estate
    writer, id = StripeWriter(an_opening(url, prorate="true")), special(emulator, "renews")
    order = shapes.an_order(Kind.CANCEL_NOW, now(writer, id))
    assert [writer.cancel_now(order), writer.cancel_now(order)] == [Done(), Done()]
    seen = now(writer, id)
    assert (seen.status, seen.cancellation, seen.effective_at) == (Status.DELETED, Cancel.IMMEDIATELY, NOW)
    assert [(effect.verb, effect.values) for effect in emulator.effects] == [
        ("DELETE", {"invoice_now": "false", "prorate": "true"})
    ]


def test_cancelling_what_vanished_finds_none(estate: Estate) -> None:
    emulator, url = estate
    writer, id = StripeWriter(an_opening(url)), special(emulator, "renews")
    order = shapes.an_order(Kind.CANCEL_NOW, now(writer, id))
    emulator.remove(id)
    answer = writer.cancel_now(order)
    assert isinstance(answer, Rejected)
    assert answer.code == "not-found"
    assert writer.get(id) is None


def test_an_end_by_date_is_taken_back(estate: Estate) -> None:
    emulator, url = estate
    writer, id = StripeWriter(an_opening(url)), special(emulator, "renews")
    seen = now(writer, id)
    assert seen.term is not None
    emulator.change(id, cancel_at=shapes.seconds(seen.term.end))
    assert ENDED_BY_DATE in now(writer, id).notes
    assert carry_out(writer, Kind.UNDO_CANCEL, id, "1" * 32) == Done()
    assert (now(writer, id).recurring, now(writer, id).notes) == (Recurring.ON, ())


def test_time_ends_what_was_to_end_and_renews_the_rest(estate: Estate) -> None:
    emulator, url = estate
    writer = StripeWriter(an_opening(url))
    ends, renews = special(emulator, "ends at its period"), special(emulator, "renews")
    before = now(writer, renews)
    emulator.advance(timedelta(days=800))
    over, after = now(writer, ends), now(writer, renews)
    assert (over.status, over.recurring, over.cancellation) == (Status.DELETED, Recurring.OFF, Cancel.AT_RENEWAL)
    assert over.term is not None
    assert over.effective_at == over.term.end
    assert before.term is not None
    assert after.term is not None
    assert after.term.start >= before.term.end


def test_a_yes_that_changes_nothing_shows_when_it_is_read(estate: Estate) -> None:
    emulator, url = estate
    writer, id = StripeWriter(an_opening(url)), special(emulator, "renews")
    emulator.faults.add(Fault("lie", match="POST"))
    assert carry_out(writer, Kind.CANCEL_AT_RENEWAL, id, "1" * 32) == Done()
    assert now(writer, id).cancellation is Cancel.NONE


def test_busy_and_throttled_may_be_sent_again(estate: Estate) -> None:
    emulator, url = estate
    writer, id = StripeWriter(an_opening(url)), special(emulator, "renews")
    for fault, code in (("busy", "busy"), ("throttle", "rate-limited")):
        emulator.faults.add(Fault(fault, match="POST"))
        answer = carry_out(writer, Kind.CANCEL_AT_RENEWAL, id, "1" * 32)
        assert isinstance(answer, Rejected)
        assert (answer.code, answer.retry_after) == (code, 1.0)
    assert carry_out(writer, Kind.CANCEL_AT_RENEWAL, id, "1" * 32) == Done()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("throttle", Throttled),
        ("status", Unreachable),
        ("drop-before-commit", Unreachable),
        ("reset-mid-body", Unreachable),
        ("invalid-json", Malformed),
        ("huge-body", Malformed),
        ("duplicate-id", Malformed),
    ],
)
def test_a_page_that_fails_is_no_short_page(estate: Estate, fault: str, kind: type[ProviderTrouble]) -> None:
    emulator, url = estate
    emulator.faults.add(Fault(fault, match="/v1/subscriptions"))
    with pytest.raises(kind):
        StripeReader(an_opening(url)).observe(None)


def test_half_a_page_is_gone_on_from_where_it_ends(estate: Estate) -> None:
    emulator, url = estate
    emulator.faults.add(Fault("half-page", match="/v1/subscriptions"))
    found = everything(StripeReader(an_opening(url)))
    assert sorted(item.id for item in found) == sorted(emulator.table("subscriptions"))


def test_a_cursor_that_leads_back_ends_the_reading(estate: Estate) -> None:
    emulator, url = estate
    emulator.faults.add(Fault("cursor-loop", match="starting_after"))
    with pytest.raises(Malformed):
        everything(StripeReader(an_opening(url)))


def test_the_account_and_the_mode_are_pinned(estate: Estate) -> None:
    emulator, url = estate
    StripeReader(an_opening(url)).check()
    StripeReader(an_opening(url, READER, mode="test")).check()
    emulator.put("account", ACCOUNT, None)
    emulator.add_account("acct_1Else")
    for key in (None, READER):
        with pytest.raises(WrongTenant):
            StripeReader(an_opening(url, key)).check()


def test_a_key_that_expired_says_so(estate: Estate) -> None:
    _, url = estate
    reader = StripeReader(an_opening(url, EXPIRED))
    for ask in (reader.check, lambda: reader.observe(None), lambda: reader.get("sub_1"), reader.whoami):
        with pytest.raises(SignInFailed) as failed:
            ask()
        assert EXPIRED not in failed.value.message


def test_a_restricted_key_reads_and_does_not_write(estate: Estate) -> None:
    emulator, url = estate
    writer, id = StripeWriter(an_opening(url, READER)), special(emulator, "renews")
    assert len(everything(writer)) == SIZE
    assert writer.whoami().tenant == ACCOUNT
    for kind in (Kind.CANCEL_AT_RENEWAL, Kind.CANCEL_NOW):
        answer = carry_out(writer, kind, id, "1" * 32)
        assert isinstance(answer, Rejected)
        assert answer.code == "role-too-weak"
    assert emulator.effects == []
