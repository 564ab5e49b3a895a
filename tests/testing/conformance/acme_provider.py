"""The provider for Acme: right in everything, and made so that each thing can be done wrong by replacing one method."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from reconciler.answers import Accepted, Ambiguous, Answer, Done, Identity, Order, Pace, Rejected, Role
from reconciler.changes import INTENTS, Kind
from reconciler.errors import (
    Malformed,
    ProviderTrouble,
    RoleTooWeak,
    SignInFailed,
    Throttled,
    Unreachable,
    WrongTenant,
)
from reconciler.model import Cancel, Recurring, Status, Term
from reconciler.observed import Capabilities, ObservedSubscription, Obstacle, Page, Unreadable
from reconciler.ports import Opening
from reconciler.secret import Secret
from reconciler.testing.emulators.wire import Delivery, Request, Response

URL = "http://127.0.0.1:4"
"""Where Acme is; nobody listens there, and nobody has to."""
LARGEST = 1024 * 1024
STATUSES: Mapping[str, Status] = {"live": Status.ACTIVE, "over": Status.EXPIRED, "held": Status.SUSPENDED}
_ID = re.compile(r"acme-\d{5}")
Json = Mapping[str, Any]


class Refused(Exception):
    """Nobody is there: nothing was sent."""


class Dropped(Exception):
    """The connection ended without a whole answer."""


@dataclass
class Wire:
    """Acme's own address, without a socket."""

    answer: Callable[[Request], Delivery]

    def send(self, endpoint: str | None, request: Request) -> Response:
        """The answer; raises Refused or Dropped."""
        if endpoint != URL:
            raise Refused
        delivery = self.answer(request)
        if delivery.response is None or delivery.reset:
            raise Dropped
        return delivery.response


class AcmeReader:
    """ports.Reader of one account."""

    pace = Pace(1000.0, 1000.0, threads=8, source="acme.example/limits")

    def __init__(self, opening: Opening, wire: Wire) -> None:
        self.opening, self.wire = opening, wire

    def token(self) -> Secret:
        found = self.opening.secret("token")
        if found is None:
            raise SignInFailed("credentials-missing", "there is no token", "set RECONCILE_ACME_TOKEN")
        return found

    def send(self, method: str, path: str, query: Mapping[str, str] | None = None, **headers: str) -> Response:
        target = path + ("?" + "&".join(f"{name}={value}" for name, value in query.items()) if query else "")
        sent = {"authorization": f"Bearer {self.token().reveal()}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.wire.send(self.opening.endpoint, Request(method, path, query or {}, sent, b"", target))

    def asked(self, path: str, query: Mapping[str, str] | None = None) -> Response:
        try:
            return self.send("GET", path, query)
        except Refused:
            raise self.away("nobody is there") from None
        except Dropped:
            raise self.away("no answer came") from None

    def away(self, why: str) -> ProviderTrouble:
        return Unreachable("unreachable", f"Acme: {why}", "run again")

    def good(self, answer: Response) -> Json:
        match answer.status:
            case 200:
                return self.parsed(answer)
            case 401:
                raise SignInFailed("sign-in-failed", "Acme does not take the token")
            case 403:
                raise RoleTooWeak("role-too-weak", "the token may not do this")
            case 429:
                raise self.throttled(answer)
            case status if status >= 500:
                raise self.away(f"it answered {status}")
            case status:
                raise Malformed("malformed-answer", f"Acme answered {status}")

    def throttled(self, answer: Response) -> Throttled:
        return Throttled("rate-limited", "Acme has had too much", "", float(answer.headers["Retry-After"]))

    def parsed(self, answer: Response) -> Json:
        data = answer.data()
        if len(data) > LARGEST:
            raise Malformed("malformed-answer", "Acme's answer does not end")
        try:
            body = json.loads(data)
        except ValueError:
            raise Malformed("malformed-answer", "Acme's answer is no JSON") from None
        if not isinstance(body, dict):
            raise Malformed("malformed-answer", "Acme's answer is no object")
        return body

    def check(self) -> None:
        owner = self.good(self.asked("/v1/account")).get("id")
        if owner != self.opening.account.tenant:
            raise WrongTenant("wrong-tenant", f"the token is of {owner}")

    def observe(self, cursor: str | None) -> Page:
        body = self.good(self.asked("/v1/subscriptions", None if cursor is None else {"after": cursor}))
        items, following = body.get("items"), body.get("next")
        if not isinstance(items, list):
            raise Malformed("malformed-answer", "Acme's list has no items")
        return Page(tuple(self.converted(item) for item in items), following)

    def get(self, id: str) -> ObservedSubscription | None:
        if not _ID.fullmatch(id):
            return None
        answer = self.asked(f"/v1/subscriptions/{id}")
        if answer.status == 404 and self.none(answer):
            return None
        found = self.converted(self.good(answer))
        if isinstance(found, Unreadable):
            raise Malformed("malformed-answer", found.why.detail)
        return found

    def none(self, answer: Response) -> bool:
        """Acme's own word."""
        return b"no-such-subscription" in answer.data()

    def converted(self, raw: Json) -> ObservedSubscription | Unreadable:
        id = str(raw["id"])
        if not isinstance(raw["renews"], bool):
            return Unreadable(id, Obstacle("unreadable", "a `renews` that is no truth"))
        status = self.status(str(raw["status"]))
        recurring, cancellation = self.pair(raw, status)
        term = Term(self.instant(raw["start"]), self.instant(raw["end"]))
        return ObservedSubscription(
            id,
            str(raw["plan"]),
            status,
            str(raw["status"]),
            recurring,
            cancellation,
            term,
            effective_at=term.end if cancellation is Cancel.AT_RENEWAL else None,
            revision=self.revision(raw),
            busy=self.busy(raw),
            capabilities=Capabilities(barred=self.barred(raw, status)),
        )

    def status(self, word: str) -> Status:
        return STATUSES.get(word, Status.UNKNOWN)

    def pair(self, raw: Json, status: Status) -> tuple[Recurring, Cancel]:
        if raw.get("ended_now"):
            return Recurring.OFF, Cancel.IMMEDIATELY
        stops = Cancel.AT_RENEWAL if raw["stops"] and not status.ended else Cancel.NONE
        return (Recurring.ON if raw["renews"] else Recurring.OFF), stops

    def instant(self, text: str) -> datetime:
        return datetime.fromisoformat(text)

    def revision(self, raw: Json) -> str | None:
        return str(raw["version"])

    def busy(self, raw: Json) -> str | None:
        return "a job is at work on it" if raw.get("locked") else None

    def barred(self, raw: Json, status: Status) -> Mapping[Kind, Obstacle]:
        if raw.get("owner"):
            return dict.fromkeys(INTENTS, Obstacle("managed-elsewhere", f"{raw['owner']} decides", "ask them"))
        if status.ended:
            return dict.fromkeys(INTENTS - {Kind.REACTIVATE}, Obstacle("terminal", "it is over", "revive it"))
        if status is Status.SUSPENDED:
            return dict.fromkeys(INTENTS, Obstacle("suspended", "it is held", "pay"))
        return {Kind.REACTIVATE: Obstacle("unsupported", "it lives")}

    def whoami(self) -> Identity:
        owner = str(self.good(self.asked("/v1/account")).get("id"))
        return Identity("a token", owner, ((owner, ""),), (Role("token", owner),))

    def close(self) -> None:
        """Nothing is open."""


class AcmeWriter(AcmeReader):
    """ports.Writer of one account."""

    idempotent: Any = True
    settles_within: Any = 10.0

    def turn_on_recurring(self, order: Order) -> Answer:
        return self.ordered(order, Kind.TURN_ON, "renew")

    def turn_off_recurring(self, order: Order) -> Answer:
        return self.ordered(order, Kind.TURN_OFF, "lapse")

    def cancel_at_renewal(self, order: Order) -> Answer:
        return self.ordered(order, Kind.CANCEL_AT_RENEWAL, "stop")

    def undo_cancel(self, order: Order) -> Answer:
        return self.ordered(order, Kind.UNDO_CANCEL, "unstop")

    def cancel_now(self, order: Order) -> Answer:
        return self.ordered(order, Kind.CANCEL_NOW, "end")

    def reactivate(self, order: Order) -> Answer:
        return self.ordered(order, Kind.REACTIVATE, "revive")

    def ordered(self, order: Order, kind: Kind, verb: str) -> Answer:
        barred = order.seen.capabilities.barred.get(kind)
        if barred is not None:
            return Rejected(barred.code, barred.detail, barred.hint)
        if not _ID.fullmatch(order.seen.id):
            return Rejected("not-found", "that is no id of Acme's")
        try:
            answer = self.post(order, verb)
        except Refused:
            return Rejected("unreachable", "nobody is there: nothing was sent")
        except Dropped:
            return self.lost("no answer came")
        return self.told(answer)

    def post(self, order: Order, verb: str) -> Response:
        path, key = f"/v1/subscriptions/{order.seen.id}/{verb}", self.key(order)
        if order.expected_revision is None:
            return self.send("POST", path, idempotency_key=key)
        return self.send("POST", path, if_match=order.expected_revision, idempotency_key=key)

    def key(self, order: Order) -> str:
        return order.operation_id

    def lost(self, why: str) -> Answer:
        return Ambiguous(why)

    def told(self, answer: Response) -> Answer:
        match answer.status:
            case 200 | 202:
                return self.succeeded(answer)
            case 401:
                return Rejected("sign-in-failed", "Acme does not take the token")
            case 403:
                return Rejected("role-too-weak", "the token may not write")
            case 404 if self.none(answer):
                return Rejected("not-found", "Acme has none of that id")
            case 409:
                return Rejected("busy", "something else is at work on it", "", 5.0)
            case 412:
                return Rejected("revision-moved", "it was changed meanwhile")
            case 429:
                return Rejected("rate-limited", "Acme has had too much", "", float(answer.headers["Retry-After"]))
            case status:
                return self.lost(f"Acme answered {status}")

    def succeeded(self, answer: Response) -> Answer:
        try:
            body = self.parsed(answer)
        except Malformed:
            return self.lost("its answer cannot be read")
        return Accepted(str(body["job"])) if answer.status == 202 else Done()

    def poll(self, token: str) -> Answer:
        if not token.isascii() or not token.isdecimal() or len(token) > 20:
            return Ambiguous("that is no job of Acme's")
        answer = self.asked(f"/v1/jobs/{token}")
        if answer.status == 404:
            return Ambiguous("Acme does not know that job")
        return Done() if self.good(answer).get("done") is True else Accepted(token)


class AcmeProvider:
    """ports.Provider of Acme. A broken one has other classes here, or other words."""

    api_version: int = 1
    name: str = "acme"
    lifecycle: str = "plain"
    options: Mapping[str, str] = {"region": "where the account is kept"}
    required: tuple[str, ...] = ("tenant", "region")
    secrets: tuple[str, ...] = ("token",)
    reader_type: ClassVar[type[AcmeReader]] = AcmeReader
    writer_type: ClassVar[type[AcmeWriter]] = AcmeWriter
    wire: Wire

    def reader(self, opening: Opening) -> AcmeReader:
        return self.reader_type(opening, self.wire)

    def writer(self, opening: Opening) -> AcmeWriter:
        return self.writer_type(opening, self.wire)
