"""The provider `partner-center`: a customer's subscriptions as its partner sees and changes them.

Reads and writes one customer each; thousands of them share one sign-in and its connections. One request a question,
no retry, no sleep. A write sends the whole subscription back, under the etag that was read a moment ago.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid5

import orjson

from reconciler.answers import Accepted, Ambiguous, Answer, Done, Identity, Order, Pace, Rejected, Role
from reconciler.changes import EXTENSION, Kind
from reconciler.errors import Malformed, RoleTooWeak, Unreachable, WrongTenant
from reconciler.observed import ObservedSubscription, Page, Unreadable
from reconciler.ports import Opening
from reconciler.providers.entra import SLOTS, claims_of, credential
from reconciler.providers.partner_center import bodies, codes, convert, failures, paging
from reconciler.providers.partner_center.api import READ_SECONDS, SCOPE, Link, Lost, Reply

SETTLES_WITHIN = 120.0
"""Seconds: after these an update may be sent again to a subscription that was busy ("Create a new subscription")."""
AGAIN_AFTER = 5.0
"""Seconds after which an order is tried again that could not be sent."""
_LIMITS = "partner-center/developer/subscription-resources: 500 requests a minute for each tenant"
_RESELLERS = frozenset({"reseller", "syndication"})
_SELLING = ("turn recurring on or off", "cancel")


def _real_time() -> datetime:
    return datetime.now(UTC)


class PartnerCenterProvider:
    """ports.Provider. One of these keeps the sign-ins that its readers and writers share."""

    api_version: int = 1
    name: str = "partner-center"
    lifecycle: str = "microsoft-partner"
    options: Mapping[str, str] = MappingProxyType(
        {"partner_tenant": "the tenant of the partner, where everybody signs in"}
    )
    required: tuple[str, ...] = ("tenant", "partner_tenant")
    secrets: tuple[str, ...] = tuple(SLOTS)

    def __init__(self, *, read_seconds: float = READ_SECONDS, now: Callable[[], datetime] = _real_time) -> None:
        self._read_seconds = read_seconds
        self._now = now
        self._links: dict[tuple[str | None, ...], Link] = {}
        self._users: Counter[tuple[str | None, ...]] = Counter()
        self._one = threading.Lock()

    def reader(self, opening: Opening) -> PartnerCenterReader:
        """The reading half for one customer."""
        return PartnerCenterReader(opening, *self._link(opening, opening.account.plan_as), self._now)

    def writer(self, opening: Opening) -> PartnerCenterWriter:
        """Both halves for one customer."""
        identity = opening.account.apply_as or opening.account.plan_as
        return PartnerCenterWriter(opening, *self._link(opening, identity), self._now)

    def _link(self, opening: Opening, identity: str | None) -> tuple[Link, Callable[[], None]]:
        """The sign-in of that identity at that partner, and how to let go of it: the last who does so closes it."""
        tenant, partner = opening.account.tenant, opening.account.options["partner_tenant"]
        if not _is_guid(tenant or ""):
            detail = f"`{tenant or ''}` is no customer of Partner Center's"
            raise WrongTenant("wrong-tenant", detail, "write `tenant: …` with the customer's tenant id, a GUID")
        shared = (partner.lower(), identity, opening.endpoint, opening.sign_in)
        with self._one:
            if shared not in self._links:
                tokens = credential(opening, partner)
                self._links[shared] = Link(tokens, opening.endpoint, read_seconds=self._read_seconds)
            self._users[shared] += 1
            return self._links[shared], lambda: self._leave(shared)

    def _leave(self, shared: tuple[str | None, ...]) -> None:
        with self._one:
            self._users[shared] -= 1
            link = self._links.pop(shared) if not self._users[shared] else None
        if link is not None:
            link.close()


class PartnerCenterReader:
    """ports.Reader of one customer."""

    def __init__(
        self, opening: Opening, link: Link, leave: Callable[[], None], now: Callable[[], datetime] = _real_time
    ) -> None:
        self._tenant = opening.account.tenant or ""
        self._partner = opening.account.options["partner_tenant"]
        self._link = link
        self._leave: Callable[[], None] | None = leave
        self._now = now
        self._customer = f"/customers/{quote(self._tenant, safe='')}"

    @property
    def pace(self) -> Pace:
        """A little under 500 requests a minute, reads and writes together."""
        return Pace(reads=8.0, writes=2.7, threads=8, source=_LIMITS)

    def check(self) -> None:
        """The customer is who the account pins, and the partner sells to it."""
        claims = claims_of(self._link.tokens.token(SCOPE))
        if claims.tenant is not None and _is_guid(self._partner) and claims.tenant.lower() != self._partner.lower():
            detail = f"signed in at tenant {claims.tenant}, and the account names the partner {self._partner}"
            raise WrongTenant("wrong-tenant", detail, "sign in at the partner, or mend `partner_tenant`")
        relation = self._shown_customer().get("relationshipToPartner")
        if isinstance(relation, str) and relation.lower() not in _RESELLERS:
            detail = f"customer {self._tenant}: the partner is `{relation[:20]}` to it, and no reseller"
            raise RoleTooWeak("role-too-weak", detail, "have the customer accept the partner as its reseller")

    def observe(self, cursor: str | None) -> Page:
        """One page; the whole list, as far as it is documented."""
        path = f"{self._customer}/subscriptions"
        place = paging.first(path) if cursor is None else paging.parsed(cursor)
        fields = self._read(place.uri, headers=place.headers).fields or {}
        items, following = paging.page(fields, place, path)
        now = self._now()
        try:
            found = tuple(convert.subscription(item, now) for item in items)
        except ValueError as error:
            raise failures.malformed(str(error)) from None
        return Page(found, None if following is None else following.cursor())

    def get(self, id: str) -> ObservedSubscription | None:
        """One subscription; None only with the vendor's own word that the customer has none of that id."""
        reply = self._found(id)
        return None if reply is None else self._seen(id, reply)

    def whoami(self) -> Identity:
        """Who the token was made for, and how the customer stands to the partner."""
        claims = claims_of(self._link.tokens.token(SCOPE))
        customer = self._shown_customer()
        relation = str(customer.get("relationshipToPartner") or "unknown")
        profile = customer.get("companyProfile")
        name = str(profile.get("companyName") or "") if isinstance(profile, Mapping) else ""
        lacks = () if relation.lower() in _RESELLERS else _SELLING
        return Identity(
            claims.name or "unnamed",
            claims.tenant or self._partner,
            ((self._tenant, name),),
            (Role(relation, f"customer {self._tenant}", lacks),),
            ("Partner Center does not tell which role the sign-in has at the partner: Admin agent is needed to write",),
        )

    def close(self) -> None:
        """Let go of the sign-in; the last who shares it closes its connections."""
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()

    def _shown_customer(self) -> dict[str, Any]:
        fields = self._read(self._customer).fields or {}
        shown = fields.get("id")
        if not isinstance(shown, str) or shown.lower() != self._tenant.lower():
            raise WrongTenant(
                "wrong-tenant",
                f"asked for customer {self._tenant}, Partner Center answered with another",
                "check `tenant` of the account, and the address that it is asked at",
            )
        return fields

    def _found(self, id: str) -> Reply | None:
        reply = self._asked(f"{self._customer}/subscriptions/{quote(id, safe='')}")
        if reply.status == 404 and reply.number in codes.ABSENT:
            return None
        return self._good(reply)

    def _seen(self, id: str, reply: Reply) -> ObservedSubscription:
        fields = reply.fields or {}
        if str(fields.get("id")).lower() != id.lower():
            raise failures.malformed("asked for one subscription, it answered with another")
        seen = convert.subscription(fields, self._now(), reply.etag)
        if isinstance(seen, Unreadable):
            raise Malformed("malformed-answer", f"subscription {id}: {seen.why.detail}", seen.why.hint)
        return seen

    def _read(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        return self._good(self._asked(path, headers))

    def _asked(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        reply = self._link.exchange("GET", path, headers=headers)
        if isinstance(reply, Lost):
            raise Unreachable("unreachable", f"Partner Center: {reply.why}", "run again")
        return reply

    def _good(self, reply: Reply) -> Reply:
        if reply.status != 200:
            raise failures.trouble(reply, self._tenant)
        if reply.fields is None:
            raise failures.malformed(reply.flaw)
        return reply


class PartnerCenterWriter(PartnerCenterReader):
    """ports.Writer of one customer."""

    def __init__(
        self, opening: Opening, link: Link, leave: Callable[[], None], now: Callable[[], datetime] = _real_time
    ) -> None:
        super().__init__(opening, link, leave, now)
        self._kept: dict[str, Reply] = {}
        self._answered: Counter[str] = Counter()

    @property
    def pace(self) -> Pace:
        """A write goes with two reads: together a little under 500 requests a minute."""
        return Pace(reads=5.4, writes=2.7, threads=8, source=_LIMITS)

    @property
    def idempotent(self) -> bool:
        """A repeat carries the same MS-RequestId, is written under the etag of what was read, and says how it is to
        be, not what is to be done to it; what stands already is not sent at all.
        """
        return True

    @property
    def settles_within(self) -> float:
        """Two minutes."""
        return SETTLES_WITHIN

    def get(self, id: str) -> ObservedSubscription | None:
        """As the reader's; the answer is kept for the write that may follow, which sends all of it back."""
        reply = self._found(id)
        if reply is None:
            self._kept.pop(id, None)
            return None
        seen = self._seen(id, reply)
        self._kept[id] = reply
        return seen

    def turn_on_recurring(self, order: Order) -> Answer:
        """Sets autoRenewEnabled."""
        return self._written(order, Kind.TURN_ON, bodies.renewing)

    def turn_off_recurring(self, order: Order) -> Answer:
        """Unsets autoRenewEnabled; the paid extension is scheduled only where the change accepts it."""
        return self._written(order, Kind.TURN_OFF, lambda fields: bodies.ending(fields, extending=_extends(order)))

    def cancel_at_renewal(self, order: Order) -> Answer:
        """Unsets autoRenewEnabled, with a cancellation scheduled for the end of the term."""
        if Kind.CANCEL_AT_RENEWAL not in order.seen.capabilities.ends:
            detail = "Partner Center schedules no cancellation for it: recurring off is what ends it with its term"
            return Rejected("unsupported", detail, "write `recurring: off`")
        return self._written(order, Kind.CANCEL_AT_RENEWAL, bodies.cancelled_at_term_end)

    def undo_cancel(self, order: Order) -> Answer:
        """The scheduled cancellation is taken out; recurring as the change has it."""
        if order.change.after.get("recurring") == "on":
            return self._written(order, Kind.UNDO_CANCEL, bodies.renewing)
        return self._written(order, Kind.UNDO_CANCEL, lambda fields: bodies.ending(fields, extending=_extends(order)))

    def cancel_now(self, order: Order) -> Answer:
        """Status deleted, which nothing takes back."""
        return self._written(order, Kind.CANCEL_NOW, bodies.cancelled)

    def reactivate(self, order: Order) -> Answer:
        """Nothing that a partner sold comes back once it has ended."""
        return Rejected("terminal", "Partner Center brings back nothing that has ended", "declare a new purchase")

    def poll(self, token: str) -> Answer:
        """Reads what was accepted: done once it stands, or once something else has become of it."""
        try:
            asked = orjson.loads(token)
            id, wanted, before = str(asked["id"]), dict(asked["wanted"]), asked["revision"]
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return Ambiguous("what it was accepted under cannot be read")
        reply = self._found(id)
        if reply is None or not reply.fields:
            return Ambiguous("it was accepted, and the customer has no such subscription any more")
        stands = all(reply.fields.get(name) == value for name, value in wanted.items())
        moved = before is not None and convert.revision(reply.fields, reply.etag) != before
        return Done() if stands or moved else Accepted(token, reply.retry_after)

    def _written(self, order: Order, kind: Kind, edit: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Answer:
        barred = order.seen.capabilities.barred.get(kind)
        accepted = barred is not None and barred.code == convert.END_UNDECIDED and _extends(order)
        if barred is not None and not accepted:
            return Rejected(barred.code, barred.detail, barred.hint)
        try:
            return self._sent(order, edit)
        except (Unreachable, Malformed) as trouble:  # raised only where nothing was sent
            wait = AGAIN_AFTER if isinstance(trouble, Unreachable) else None
            return Rejected(trouble.code, f"nothing was sent: {trouble.message}", trouble.hint, wait)

    def _sent(self, order: Order, edit: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Answer:
        reply = self._current(order)
        if reply is None:
            return Rejected("not-found", "the customer has no such subscription any more", "plan again")
        fields = reply.fields or {}
        body = edit(fields)
        if body == fields:
            return Done()  # it stands already: an earlier sending was carried out, and its answer lost
        if not _same(convert.subscription(fields, order.now, reply.etag), order.seen):
            return Rejected("revision-moved", "it was changed since it was read", "plan again")
        revision = convert.revision(fields, reply.etag)
        headers = {"MS-RequestId": str(self._request_id(order.operation_id))}
        if revision is not None:
            headers["If-Match"] = f'"{revision}"'
        path = f"{self._customer}/subscriptions/{quote(order.seen.id, safe='')}"
        told = self._link.exchange("PATCH", path, body=body, headers=headers)
        if isinstance(told, Lost):
            return Ambiguous(told.why)
        answer = failures.answer(told, _token(order.seen.id, fields, body, revision))
        if not isinstance(answer, Ambiguous):
            self._answered[order.operation_id] += 1
        return answer

    def _current(self, order: Order) -> Reply | None:
        """The whole subscription that is sent back: what was read for this order, or else read anew."""
        kept = self._kept.pop(order.seen.id, None)
        if kept is not None and _same(convert.subscription(kept.fields or {}, order.now, kept.etag), order.seen):
            return kept
        return self._found(order.seen.id)

    def _request_id(self, operation_id: str) -> UUID:
        """The same for a repeat after a lost answer, another one after each answer that came ("REST headers")."""
        base, answered = UUID(hex=operation_id), self._answered[operation_id]
        return base if not answered else uuid5(base, str(answered))


def _token(id: str, fields: Mapping[str, Any], body: Mapping[str, Any], revision: str | None) -> str:
    """What was asked for, as far as one field can show it; no secret."""
    wanted = {
        name: value
        for name, value in body.items()
        if name in ("autoRenewEnabled", "status") and fields.get(name) != value
    }
    return orjson.dumps({"id": id, "wanted": wanted, "revision": revision}).decode()


def _extends(order: Order) -> bool:
    """Whether the change accepts the paid extension that off alone leads into."""
    barred = order.seen.capabilities.barred.get(Kind.TURN_OFF)
    undecided = barred is not None and barred.code == convert.END_UNDECIDED
    return undecided and EXTENSION in order.change.after


def _same(now: ObservedSubscription | Unreadable, seen: ObservedSubscription) -> bool:
    """Whether it still is what was read for the order."""
    if isinstance(now, Unreadable):
        return False
    return (now.revision, now.status, now.recurring, now.cancellation, now.term) == (
        seen.revision,
        seen.status,
        seen.recurring,
        seen.cancellation,
        seen.term,
    )


def _is_guid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
