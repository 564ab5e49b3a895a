"""Lifecycle policies as values: what a vendor's rules say of the time after a term, of cancelling, refunds and return.

Frozen vocabulary: the data stands in `data/lifecycles/*.yaml`, each value dated and with its source; reading it is the
spec package's work. None always means: looked for, and not known. Nothing here ever guesses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rule(Generic[T]):
    """One dated value of a policy, with where it was read."""

    effective_from: date
    """The first UTC day on which it holds: of the event that it governs, such as a term's end or its start; 1970-01-01
    where the source knows no day, and so for as far back as anybody asks."""
    value: T | None
    """None: the sources leave it open."""
    source: str
    """A page's title, address and date; or what the sources do not say."""
    terms_from: date | None = None
    """It holds only for terms that start on or after this day; older ones keep the rule before it."""


@dataclass(frozen=True, slots=True)
class Dated(Generic[T]):
    """What a policy says of one matter over the years: at least one rule, sorted by their dates, each date once."""

    rules: tuple[Rule[T], ...]

    def at(self, day: date, term_start: date | None = None) -> T | None:
        """The value in force on that day, for a term that started then; None where it is not known."""
        for rule in reversed(self.rules):  # as `rule_at`; asked so often that the call would count
            if rule.effective_from <= day and (
                rule.terms_from is None or term_start is None or term_start >= rule.terms_from
            ):
                return rule.value
        return None

    def rule_at(self, day: date, term_start: date | None = None) -> Rule[T] | None:
        """The rule in force on that day, with its source; None before the first one."""
        for rule in reversed(self.rules):
            if rule.effective_from <= day and (
                rule.terms_from is None or term_start is None or term_start >= rule.terms_from
            ):
                return rule
        return None


class Since(StrEnum):
    """What opens a cancellation window."""

    START = "start"
    """The start of the first term alone."""
    RENEWAL = "start-or-renewal"
    """The start of every term."""


@dataclass(frozen=True, slots=True)
class Window:
    """How long after a term has begun it can be cancelled at once."""

    length: timedelta | None
    """None: at any time. Zero: never."""
    since: Since = Since.RENEWAL


class RefundRule(StrEnum):
    """What is paid back after a cancellation at once."""

    PRORATED = "prorated"
    """The days of the paid billing cycle that are left, the day of the cancellation counting as used."""
    FULL = "full"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class SeatLimit:
    """With how many seats at most it can be cancelled at once."""

    most: int | None
    """None: with any number."""


@dataclass(frozen=True, slots=True)
class Reactivation:
    """What can be brought back. A deleted subscription never can. None: not known."""

    expired: bool | None
    disabled: bool | None
    """Disabled after its expired stage."""
    cancelled: bool | None
    """Disabled because it was cancelled, at the renewal; one cancelled immediately never comes back."""
    same_id: bool | None = None
    """Whether it keeps the vendor's id, or a new subscription is made."""


@dataclass(frozen=True, slots=True)
class Extension:
    """A paid extension, month by month, that recurring billing off alone leads into."""

    when_off: bool | None
    """Whether it does. None: not known."""
    surcharge_percent: int | None = None
    """On the monthly price, where there is a monthly plan."""
    otherwise_percent: int | None = None
    """Where there is none."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The rules of one channel. Day counts are whole days of 24 hours after the instant that begins a stage."""

    name: str
    summary: str
    expired: Dated[int]
    """Days of `expired` after a term that was not cancelled; 0: no such stage. Dated by the term's end."""
    disabled: Dated[int]
    """Days of `disabled` after that, or after a cancellation at renewal; 0: no such stage. Dated by the term's end."""
    disabled_after_cancel_now: Dated[int]
    """Days of `disabled` after an immediate cancellation. Dated by the cancellation."""
    deletion: Dated[int]
    """By how many days after access ended for good (disabled) all data is gone at the latest. What is no later than
    `deleted`, as 0 is, adds nothing to it. Dated like the stage before it."""
    window: Dated[Window]
    """The cancellation window. Dated by the start of the term."""
    seats: Dated[SeatLimit]
    """Dated by the cancellation."""
    refund: Dated[RefundRule]
    """Dated by the cancellation."""
    reactivation: Dated[Reactivation]
    """Dated by the reactivation."""
    extension: Dated[Extension]
    """Dated by the term's end, and by `terms_from`."""
    side_effects: Mapping[str, Dated[tuple[str, ...]]]
    """By verb (`turn-off-recurring`, …): what else a change does or needs, in words. Dated by the change."""

    def window_closes(self, term_start: datetime, first_start: datetime) -> datetime | None:
        """When the window of that term closes; None for a window that never does or is not known (see `window`)."""
        window = self.window.at(term_start.date())
        if window is None or window.length is None:
            return None
        opened = term_start if window.since is Since.RENEWAL else first_start
        return opened + window.length
