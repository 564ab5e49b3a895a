"""What a provider's author hands to the suite: the provider, who may sign in, and the controls of a vendor's emulator.

Values and a Protocol. What an emulator cannot do is said with `NotOffered`: the tests that need it are then skipped,
each with that reason, and never in silence.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from reconciler.ports import Opening, Provider
from reconciler.settings import AccountSettings

RETRY_AFTER = 7
"""Seconds that a vendor which throttles asks to be left alone."""


class NotOffered(Exception):
    """The vendor has no such thing, or its emulator cannot show it: the reason, for whoever reads the skipped tests."""


class Who(StrEnum):
    """Who signs in."""

    WRITER = "writer"
    """May do all that a provider does."""
    READER = "reader"
    """May read, and nothing else: what planning should be given."""
    EXPIRED = "expired"
    """Was somebody once."""
    NOBODY = "nobody"
    """No credentials at all."""
    STRANGER = "stranger"
    """Somebody, and not of the tenant that the account pins."""


class Case(StrEnum):
    """How a subscription stands."""

    RENEWING = "renewing"
    """Active, in the middle of its term, renews, can be ended at term, and at once where the vendor has that."""
    OFF = "off"
    """The same, with recurring billing off and nothing cancelled."""
    STOPPING = "stopping"
    """The same, cancelled at its renewal."""
    ENDED = "ended"
    """Over."""
    SUSPENDED = "suspended"
    """Held up, by an unpaid bill for one."""
    BUSY = "busy"
    """The vendor is at work on it, and takes no write."""
    ELSEWHERE = "decided elsewhere"
    """Somebody else decides: a schedule, a reseller."""
    UNKNOWN = "of unknown status"
    """Its status is a word that the vendor's documents do not know."""
    UNREADABLE = "unreadable"
    """It is there, and its document is not what the vendor's own pages say."""


class Requests(StrEnum):
    """Which requests a mishap meets."""

    LIST = "list"
    """A page of the list of subscriptions."""
    GET = "get"
    """One subscription."""
    WRITE = "write"
    """A change of one."""


class Mishap(StrEnum):
    """What goes wrong, by the names that our emulators have for it."""

    UNAVAILABLE = "unavailable"
    """503, and nothing was done."""
    DROP_BEFORE_COMMIT = "drop-before-commit"
    """The connection ends without an answer, and nothing was done."""
    DROP_AFTER_COMMIT = "drop-after-commit"
    """The same, and it was done."""
    STATUS_AFTER_COMMIT = "status-after-commit"
    """500, and it was done."""
    RESET_MID_BODY = "reset-mid-body"
    """The connection breaks in the middle of the answer; it was done."""
    INVALID_JSON = "invalid-json"
    """The answer is no JSON; it was done."""
    HUGE_BODY = "huge-body"
    """The answer does not end: of some hundred MB."""
    THROTTLE = "throttle"
    """429 with a Retry-After of `RETRY_AFTER` seconds; nothing was done."""
    BUSY = "busy"
    """The vendor's word for something else being at work on it; nothing was done."""
    LIE = "lie"
    """The answer says that it was done, and it was not."""
    DELAYED_READS = "delayed-reads"
    """A read shows what stood one request ago."""
    HALF_PAGE = "half-page"
    """A page has half of its subscriptions, and looks whole."""
    CURSOR_LOOP = "cursor-loop"
    """A page says that the next one is itself."""
    DUPLICATE_ID = "duplicate-id"
    """A page has one subscription twice."""
    EMPTY_LIST = "empty-list"
    """The list has nothing, and no next page."""
    FOREIGN_404 = "foreign-404"
    """404 of somebody in between, which is not the vendor's own word."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One change that the vendor has carried out for a client, by its own ledger."""

    subscription: str
    """The id that `get` takes."""
    what: str
    """In the vendor's words; shown where a test fails."""


class Bench(Protocol):
    """A provider beside an emulator of its vendor. A fresh one for each test: nothing is seeded in it yet."""

    @property
    def provider(self) -> Provider:
        """As an installed package offers it; its class can be made without words."""
        ...

    @property
    def account(self) -> AccountSettings:
        """The account that is opened, with the tenant and options that the provider requires."""
        ...

    @property
    def absent(self) -> str:
        """An id as the vendor makes them, that it has not given to anything."""
        ...

    def opening(self, who: Who) -> Opening:
        """What the provider is opened with for somebody, always at the emulator's address; may raise NotOffered."""
        ...

    def marked(self, slot: str, mark: str) -> str:
        """A secret for that slot that is no valid one, holds the mark, and looks like one of the vendor's."""
        ...

    def seed(self, case: Case) -> str:
        """One more subscription of the account, standing like this; its id. May raise NotOffered."""
        ...

    def seed_many(self, count: int) -> Collection[str]:
        """So many that renew: their ids."""
        ...

    def change_outside(self, id: str) -> None:
        """Somebody changes something about it at the vendor's own site: no effect of a client. May raise NotOffered."""
        ...

    def effects(self) -> Sequence[Effect]:
        """Every change that clients have made so far, in order."""
        ...

    def meet(self, mishap: Mishap, requests: Requests, times: int | None = 1) -> None:
        """From now on the next so many such requests (None: all) meet this. May raise NotOffered."""
        ...

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        ...

    def now(self) -> datetime:
        """The vendor's time, aware and in UTC."""
        ...

    def advance(self, span: timedelta) -> None:
        """Let the vendor's time pass. May raise NotOffered."""
        ...
