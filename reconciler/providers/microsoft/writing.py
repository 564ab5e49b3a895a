"""The writing half: the two calls that Microsoft.Billing documents for subscriptions, and what became of them.

Each order is sent once. What was refused is told apart from what may have been carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from reconciler.answers import Accepted, Ambiguous, Answer, Done, Order, Rejected
from reconciler.changes import Kind
from reconciler.errors import Malformed
from reconciler.model import Recurring
from reconciler.providers.entra import TokenSource
from reconciler.providers.microsoft import convert
from reconciler.providers.microsoft.capabilities import MANUAL
from reconciler.providers.microsoft.failures import BUSY_FOR, Lost, NotSent, Reply, read_trouble, write_refused
from reconciler.providers.microsoft.reading import MicrosoftReader
from reconciler.settings import AccountSettings

if TYPE_CHECKING:
    from reconciler.providers.microsoft.api import Billing

SETTLES_WITHIN = 60.0
"""Seconds. Not published: a decision, from the ten that the service's own examples wait between two polls."""
_POLL_AGAIN = 10.0
"""Seconds, as the published example of a deletion has it."""
_ENDED_BADLY = frozenset({"failed", "canceled", "cancelled"})
_UNDER_WAY = frozenset({"inprogress", "running", "accepted", "pending", "updating", "deleting"})


class MicrosoftWriter(MicrosoftReader):
    """ports.Writer for one billing account."""

    idempotent = False
    """No key and no condition can be sent with a write: what became of one is read."""

    def __init__(
        self, settings: AccountSettings, billing: Billing, tokens: TokenSource, settles_within: float = SETTLES_WITHIN
    ) -> None:
        super().__init__(settings, billing, tokens)
        self.settles_within = settles_within

    def turn_on_recurring(self, order: Order) -> Answer:
        """As ports.Writer says."""
        return self._auto_renew(order, Kind.TURN_ON, Recurring.ON)

    def turn_off_recurring(self, order: Order) -> Answer:
        """As ports.Writer says."""
        return self._auto_renew(order, Kind.TURN_OFF, Recurring.OFF)

    def cancel_at_renewal(self, order: Order) -> Answer:
        """As ports.Writer says: there is no call for it, beside turning recurring billing off."""
        detail = "Microsoft.Billing has no cancellation at the renewal beside recurring billing off"
        return Rejected("unsupported", detail, "write `recurring: off`")

    def undo_cancel(self, order: Order) -> Answer:
        """As ports.Writer says: there is none that could stand."""
        return Rejected("unsupported", "Microsoft.Billing has no cancellation that could be taken back", MANUAL)

    def reactivate(self, order: Order) -> Answer:
        """As ports.Writer says."""
        return Rejected("unsupported", "Microsoft.Billing has no call that brings an ended subscription back", MANUAL)

    def cancel_now(self, order: Order) -> Answer:
        """As ports.Writer says, within the window that the subscription shows."""
        if (held := _held(order, Kind.CANCEL_NOW)) is not None:
            return held
        until = order.seen.cancel_now_until
        if until is not None and order.now >= until:
            detail = f"it could be cancelled at once until {until:%Y-%m-%d %H:%M} UTC"
            return Rejected("past-cancellation-window", detail, "write `cancel: at-renewal` instead")
        sent = _sent(
            lambda: self._billing.delete_subscription(self._account, order.seen.id, order.operation_id),
        )
        return self._answer(sent) if isinstance(sent, Reply) else sent

    def poll(self, token: str) -> Answer:
        """As ports.Writer says. A question that gets no answer is raised, as of a read: nothing is known to be over."""
        doing = "asking what became of it"
        if self._billing.within(token) != token:
            return Ambiguous("what was to be asked for is none of this endpoint")
        reply = self._asked(lambda: self._billing.follow(token), doing)
        match reply.status:
            case 404:
                return Ambiguous("Microsoft does not know the operation any more")
            case status if status in {401, 403, 408, 429} or status >= 500:
                raise read_trouble(reply, doing)
            case 202:
                return Accepted(self._where(reply) or token, reply.retry_after or _POLL_AGAIN)
            case status if status >= 400:
                refused = write_refused(reply)
                return refused if isinstance(refused, Ambiguous) else Rejected(refused.code, refused.detail, MANUAL)
            case _:
                return _outcome(token, reply)

    def _auto_renew(self, order: Order, kind: Kind, wanted: Recurring) -> Answer:
        if (held := _held(order, kind)) is not None:
            return held
        value = "On" if wanted is Recurring.ON else "Off"
        sent = _sent(
            lambda: self._billing.set_auto_renew(self._account, order.seen.id, value, order.operation_id),
        )
        if not isinstance(sent, Reply):
            return sent
        if sent.status == 404:
            detail = (
                f"no product has the id of this subscription, so that which one renews it cannot be told: {sent.told}"
            )
            return Rejected("unsupported", detail, MANUAL)
        return self._confirmed(sent, order) if sent.status == 200 else self._answer(sent)

    def _confirmed(self, reply: Reply, order: Order) -> Answer:
        """Done, where the product that answered is the one that the subscription was bought as."""
        try:
            product = self._converted(convert.product, reply.body if isinstance(reply.body, Mapping) else {})
        except Malformed:
            return Ambiguous("Microsoft answered 200 with what is no product")
        if product.name.lower() != order.seen.id.lower() or product.code != order.seen.product:
            return Ambiguous("Microsoft answered with another product than that of the subscription")
        self._products[product.name.lower()] = product
        return Done()

    def _answer(self, reply: Reply) -> Answer:
        match reply.status:
            case 204:
                return Done()
            case 202:
                where = self._where(reply)
                if where is None:
                    return Ambiguous("Microsoft accepted it, and does not say where to ask what becomes of it")
                return Accepted(where, reply.retry_after)
            case _:
                return write_refused(reply)

    def _where(self, reply: Reply) -> str | None:
        """Where to ask: the header that the documents name, or the other one of Azure Resource Manager."""
        return self._billing.within(reply.headers.get("location") or reply.headers.get("azure-asyncoperation"))


def _held(order: Order, kind: Kind) -> Rejected | None:
    """Why it is not sent, as the subscription was just seen."""
    from reconciler.providers.microsoft.api import is_id  # with the SDK, which is there by now

    if not is_id(order.seen.id):
        return Rejected("not-found", "that is no id of a billing subscription", "check its `id`")
    if (barred := order.seen.capabilities.barred.get(kind)) is not None:
        return Rejected(barred.code, barred.detail, barred.hint)
    if order.seen.busy is not None:
        return Rejected("busy", order.seen.busy, "apply again later", BUSY_FOR)
    return None


def _sent(send: Callable[[], Reply]) -> Reply | Rejected | Ambiguous:
    try:
        return send()
    except NotSent as error:
        return Rejected("unreachable", f"it was not sent: {error}", "run again later")
    except Lost as error:
        return Ambiguous(str(error))


def _outcome(token: str, reply: Reply) -> Answer:
    """Of a poll that answered with success: a body may still say that it failed, or that it goes on."""
    status = reply.body.get("status") if isinstance(reply.body, Mapping) else None
    word = status.lower() if isinstance(status, str) else ""
    if word in _ENDED_BADLY:
        return Rejected("provider-refused", f"Microsoft began it and gave it up: {reply.told}", MANUAL)
    if word in _UNDER_WAY:
        return Accepted(token, reply.retry_after or _POLL_AGAIN)
    if not reply.readable:
        return Ambiguous("Microsoft answered with what is no JSON")
    return Done()
