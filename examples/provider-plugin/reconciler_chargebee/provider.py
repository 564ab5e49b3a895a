"""Chargebee as an outside provider: one site's subscriptions, read and changed with a key of that site.

Each method makes one request. Nothing here retries, sleeps or keeps pace: that is the engine's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from reconciler.answers import Ambiguous, Answer, Identity, Order, Pace, Rejected, Role
from reconciler.changes import Kind
from reconciler.errors import ExtraMissing, Malformed, ProviderTrouble, SignInFailed, Unreachable, WrongTenant
from reconciler.observed import ObservedSubscription, Page, Unreadable
from reconciler.ports import Opening, Reader, Writer
from reconciler_chargebee import failures
from reconciler_chargebee.convert import Garbled, converted

if TYPE_CHECKING:
    from reconciler_chargebee.api import Api, Reply

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,50}")
"""Chargebee's ids have at most fifty characters. Nothing else becomes part of a path."""
_SITE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")
_CREDIT: Final = ("none", "prorate", "full")
_LIMITS: Final = "apidocs.chargebee.com/docs/api/error-handling: 150 requests a minute for a test site"


class ChargebeeProvider:
    """ports.Provider of Chargebee."""

    api_version: int = 1
    name: str = "chargebee"
    lifecycle: str = "plain"
    options: Mapping[str, str] = MappingProxyType(
        {
            "credit": "none, prorate or full (without it, none): what is credited when it is cancelled at once",
            "requests_a_minute": "what your plan of Chargebee's allows: 150 (without it), 1000 or 3500",
        }
    )
    required: tuple[str, ...] = ("tenant",)
    secrets: tuple[str, ...] = ("key",)

    def reader(self, opening: Opening) -> Reader:
        """The reading half; asks nobody yet."""
        return ChargebeeReader(opening)

    def writer(self, opening: Opening) -> Writer:
        """Both halves; asks nobody yet."""
        return ChargebeeWriter(opening)


class ChargebeeReader:
    """ports.Reader of one site. Several threads may use it at once."""

    def __init__(self, opening: Opening) -> None:
        self._account = opening.account
        self._site = opening.account.tenant or ""
        if not _SITE.fullmatch(self._site):
            hint = "write `tenant:` with the name of the site, as in https://NAME.chargebee.com"
            raise WrongTenant("wrong-tenant", f"{self._account.name} names no site of Chargebee's", hint)
        key = opening.secret("key")
        if key is None:
            raise SignInFailed("credentials-missing", f"there is no key for {self._account.name}", failures.KEY)
        address = opening.endpoint or f"https://{self._site}.chargebee.com"
        self._minute = _number(opening, "requests_a_minute", 150)
        self._api: Api = _client().Api(address, key, threads=self.pace.threads)

    @property
    def pace(self) -> Pace:
        """The site's limit, which reads and writes share; a little is left for others."""
        second = self._minute / 60
        return Pace(reads=second * 0.6, writes=second * 0.3, threads=4, source=_LIMITS)

    def check(self) -> None:
        """Raise WrongTenant unless the key is of the site that the account pins."""
        body = self._read("/configurations")
        sites = body.get("configurations")
        domain = sites[0].get("domain") if isinstance(sites, list) and sites and isinstance(sites[0], dict) else None
        if domain != self._site:
            detail = f"the key is of another site than {self._site}, which {self._account.name} pins"
            raise WrongTenant("wrong-tenant", detail, f"{failures.KEY}; or mend `tenant` in the settings")

    def observe(self, cursor: str | None) -> Page:
        """A hundred subscriptions, cancelled ones too."""
        body = self._read("/subscriptions", limit="100", **({} if cursor is None else {"offset": cursor}))
        entries, following = body.get("list"), body.get("next_offset")
        if not isinstance(entries, list) or not isinstance(following, str | None):
            raise _malformed("a list that is none")
        return Page(tuple(_one(entry) for entry in entries), following)

    def get(self, id: str) -> ObservedSubscription | None:
        """One subscription; None only on Chargebee's own word that there is none."""
        if not _ID.fullmatch(id):
            return None
        reply = self._asked(f"/subscriptions/{id}")
        if reply.status == 404 and reply.code == "resource_not_found":
            return None
        found = _one(_good(reply))
        if isinstance(found, Unreadable):
            raise Malformed(found.why.code, f"{id}: {found.why.detail}", found.why.hint)
        if found.id != id:
            raise _malformed("another subscription than the one that was asked for")
        return found

    def whoami(self) -> Identity:
        """The site. Chargebee does not tell what a key may do."""
        self.check()
        note = "what a key may do cannot be asked; a refusal tells it"
        return Identity("an API key", self._site, ((self._site, ""),), (Role("key", self._site),), (note,))

    def close(self) -> None:
        """Let go of connections."""
        self._api.close()

    def _read(self, path: str, **query: str) -> Mapping[str, Any]:
        return _good(self._asked(path, **query))

    def _asked(self, path: str, **query: str) -> Reply:
        api = _client()
        try:
            return self._api.get(path, **query)
        except api.NotSent:
            raise Unreachable("unreachable", "Chargebee cannot be reached", "check the network; run again") from None
        except api.Lost:
            raise Unreachable("unreachable", "no whole answer came from Chargebee", "run again") from None


class ChargebeeWriter(ChargebeeReader):
    """ports.Writer of one site."""

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        self._credit = opening.account.options.get("credit", "none")
        if self._credit not in _CREDIT:
            raise ProviderTrouble("bad-option", f"option credit of {self._account.name}", "write none, prorate or full")

    @property
    def idempotent(self) -> bool:
        """A repeat has its key, which Chargebee keeps for half an hour; later it finds that it stands already."""
        return True

    @property
    def settles_within(self) -> float:
        """A read shows at once what was answered; an order without an answer may be at work for a while."""
        return 30.0

    def turn_on_recurring(self, order: Order) -> Answer:
        """As undo_cancel: what does not end renews."""
        return self._ordered(order, Kind.TURN_ON, "remove_scheduled_cancellation")

    def turn_off_recurring(self, order: Order) -> Answer:
        """As cancel_at_renewal: there is one way to end at term."""
        return self._ordered(order, Kind.TURN_OFF, "cancel_for_items", cancel_option="end_of_term")

    def cancel_at_renewal(self, order: Order) -> Answer:
        """Always says when: without an option, Chargebee cancels at once."""
        return self._ordered(order, Kind.CANCEL_AT_RENEWAL, "cancel_for_items", cancel_option="end_of_term")

    def undo_cancel(self, order: Order) -> Answer:
        """Takes the scheduled cancellation out."""
        return self._ordered(order, Kind.UNDO_CANCEL, "remove_scheduled_cancellation")

    def cancel_now(self, order: Order) -> Answer:
        """Always says what becomes of the money: what Chargebee does without it, the site decides."""
        values = {"cancel_option": "immediately", "credit_option_for_current_term_charges": self._credit}
        return self._ordered(order, Kind.CANCEL_NOW, "cancel_for_items", **values)

    def reactivate(self, order: Order) -> Answer:
        """A cancelled one begins a new term."""
        return self._ordered(order, Kind.REACTIVATE, "reactivate")

    def poll(self, token: str) -> Answer:
        """Chargebee carries out at once, and hands out no token."""
        return Rejected("unsupported", "Chargebee gives no token to ask about", "look at the subscription itself")

    def _ordered(self, order: Order, kind: Kind, verb: str, **values: str) -> Answer:
        barred = order.seen.capabilities.barred.get(kind)
        if barred is not None:
            return Rejected(barred.code, barred.detail, barred.hint)
        if not _ID.fullmatch(order.seen.id):
            return Rejected("not-found", "that is no id of Chargebee's", "check its `id`")
        api = _client()
        try:
            reply = self._api.post(
                f"/subscriptions/{order.seen.id}/{verb}", f"reconcile-{order.operation_id}", **values
            )
        except api.NotSent:
            return Rejected("unreachable", "Chargebee cannot be reached: nothing was sent", "run again")
        except api.Lost:
            return Ambiguous("no whole answer came")
        return failures.answer(reply)


def _client() -> Any:
    """The module of the HTTP client."""
    try:
        from reconciler_chargebee import api  # start-up: only an account that is opened needs it
    except ImportError:
        raise ExtraMissing("extra-missing", "the provider chargebee needs urllib3", "pip install urllib3") from None
    return api


def _good(reply: Reply) -> Mapping[str, Any]:
    if reply.status != 200:
        raise failures.trouble(reply)
    if not isinstance(reply.body, dict):
        raise _malformed("what is no JSON object")
    return reply.body


def _one(entry: object) -> ObservedSubscription | Unreadable:
    raw = entry.get("subscription") if isinstance(entry, dict) else None
    if not isinstance(raw, dict):
        raise _malformed("something that is no subscription")
    try:
        return converted(raw)
    except Garbled as error:
        raise _malformed(str(error)) from None


def _malformed(what: str) -> Malformed:
    return Malformed("malformed-answer", f"Chargebee answered with {what}", "run again; if it stays so, report it")


def _number(opening: Opening, option: str, otherwise: int) -> int:
    text = opening.account.options.get(option, str(otherwise))
    if not (text.isascii() and text.isdecimal() and 0 < int(text) <= 100_000):
        raise ProviderTrouble("bad-option", f"option {option} of {opening.account.name}", "write a number, such as 150")
    return int(text)
