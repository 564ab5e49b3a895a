"""A subscription as Partner Center shows it, in our words: status, pair, term, what bars a change.

Pure: now is handed in. What cannot be read is a value. The rules are those of "Subscription resources", "Create a new
subscription" and "Schedule changes" of the Partner Center documentation, and of "Extended service terms" (2026).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from reconciler.changes import INTENTS, Kind
from reconciler.model import Cancel, Recurring, Status, Term, TermLength
from reconciler.observed import BOTH_ENDS, Capabilities, ObservedSubscription, Obstacle, Unreadable
from reconciler.terms import add_months, midnight

END_UNDECIDED = "end-undecided"
"""The obstacle that a spec lifts with `cancel: none`: the core and the writer know it by its code."""
FREEZE = "renewal-freeze"
PAIR = frozenset({Kind.TURN_ON, Kind.TURN_OFF, Kind.CANCEL_AT_RENEWAL, Kind.UNDO_CANCEL})
"""The verbs that what happens at the end of the term is changed by."""

EXTENDS_FROM = date(2026, 5, 4)
"""Of a term that ends on this day or later, recurring off alone leads into the paid extended service term, …"""
EXTENDS_TERMS_FROM = date(2025, 4, 1)
"""… if it was bought or renewed on this day or later."""
_NEW_COMMERCE = "onlineservicesnce"
_LONGEST = timedelta(days=6 * 366)
"""Terms have three years at most; a date that lies further off stands for no end."""
_LENGTHS = {length.iso: length for length in TermLength}
_BILLING = {"monthly": TermLength.MONTHLY, "annual": TermLength.ANNUAL, "triennial": TermLength.TRIENNIAL}
_OFF_ALONE = frozenset({Kind.TURN_OFF})
_ENDED = Obstacle("terminal", "nothing that a partner sold comes back once it has ended", "declare a new purchase")
_UNDECIDED = Obstacle(
    "end-undecided",
    "recurring off alone leads into the paid extended service term, month by month, when the term ends",
    "write `cancel: at-renewal` to stop then, or `cancel: none` to accept the extension at its price",
)
_HAND = "change it in Partner Center by hand, or use `provider: manual` for it"


class _Unusable(Exception):
    """A field is not what the documents say."""


def subscription(
    fields: Mapping[str, Any], now: datetime, etag: str | None = None
) -> ObservedSubscription | Unreadable:
    """What one subscription's fields say; without an `id` there is nothing to call it by, and ValueError is raised."""
    id = fields.get("id")
    if not isinstance(id, str) or not id:
        raise ValueError("a subscription has no id")
    try:
        return _subscription(id, _Shown(fields), now, etag)
    except _Unusable as error:
        why = Obstacle("unreadable", f"Partner Center shows {error}", "look at it in Partner Center; run again")
        return Unreadable(id, why)


def status_of(word: str) -> Status:
    """Our word for the vendor's; one that we do not know is `unknown`, and never written to."""
    match word:
        case "active":
            return Status.ACTIVE
        case "pending":
            return Status.SCHEDULED
        case "suspended":
            return Status.SUSPENDED
        case "expired":
            return Status.EXPIRED
        case "disabled":
            return Status.DISABLED
        case "deleted":
            return Status.DELETED
        case _:  # `none`, which is documented and explained nowhere, and words of later versions
            return Status.UNKNOWN


def at_term_end(fields: Mapping[str, Any]) -> frozenset[str]:
    """What is scheduled for the end of the term, in lower case: `cancel`, `renewtoextendedserviceterm`, …"""
    return frozenset(kind for when, kind, _ in _scheduled(_Shown(fields)) if when == "termend")


def revision(fields: Mapping[str, Any], etag: str | None = None) -> str | None:
    """The etag of the fields, or else of the answer's header; None: it has none."""
    attributes = fields.get("attributes")
    own = attributes.get("etag") if isinstance(attributes, dict) else None
    return (own if isinstance(own, str) and own else etag) or None


@dataclass(frozen=True, slots=True)
class _Shown:
    """The fields, each read as what it must be."""

    fields: Mapping[str, Any]

    def text(self, name: str) -> str:
        value = self.fields.get(name)
        if isinstance(value, str):
            return value
        if value is not None:
            raise _Unusable(f"a `{name}` that is no text")
        return ""

    def truth(self, name: str) -> bool:
        value = self.fields.get(name)
        if value is not None and not isinstance(value, bool):
            raise _Unusable(f"an `{name}` that is neither true nor false")
        return bool(value)

    def instant(self, name: str) -> datetime | None:
        """UTC; the first day of the calendar is what .NET writes for none."""
        text = self.text(name)
        if not text:
            return None
        try:
            found = datetime.fromisoformat(text)
            found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        except (ValueError, OverflowError):
            raise _Unusable(f"a `{name}` that is no date") from None
        return None if found.year == 1 else found

    def count(self, name: str) -> int | None:
        value = self.fields.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise _Unusable(f"a `{name}` that is no number")
        return value

    def objects(self, name: str) -> list[Mapping[str, Any]]:
        value = self.fields.get(name)
        if value is not None and not (isinstance(value, list) and all(isinstance(item, dict) for item in value)):
            raise _Unusable(f"`{name}` that are no list of objects")
        return value or []

    def words(self, name: str) -> frozenset[str] | None:
        value = self.fields.get(name)
        if value is not None and not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
            raise _Unusable(f"`{name}` that are no list of words")
        return None if value is None else frozenset(item.lower() for item in value)

    @property
    def kind(self) -> str:
        """What sort of product it is, in lower case."""
        kind = self.fields.get("productType")
        name = kind.get("id") if isinstance(kind, dict) else None
        return name.lower() if isinstance(name, str) else ""

    @property
    def modern(self) -> bool:
        """Not of the old licence-based offers: new commerce, software or the marketplace. Its offer has three parts."""
        return bool(self.kind) or ":" in self.text("offerId")


@dataclass(frozen=True, slots=True)
class _Standing:
    """What was read so far, for the rules that follow from it."""

    shown: _Shown
    status: Status
    recurring: Recurring
    cancellation: Cancel
    term: Term | None
    ends_on: datetime | None
    """A cancellation on a date of its own, not the term's end."""
    extends: bool
    """Recurring off alone would lead into the paid extended service term."""
    now: datetime


def _subscription(id: str, shown: _Shown, now: datetime, etag: str | None) -> ObservedSubscription:
    word = shown.text("status")
    status = status_of(word)
    length = _LENGTHS.get(shown.text("termDuration"))
    term, reckoned = _term(shown, length, now)
    on = shown.truth("autoRenewEnabled") and not status.ended  # a cancelled one may still be shown as renewing
    cancellation, ends_on = _cancellation(shown, on=on)
    recurring = Recurring.ON if on else Recurring.OFF
    standing = _Standing(shown, status, recurring, cancellation, term, ends_on, _extends(shown, term), now)
    started = shown.instant("creationDate") or shown.instant("effectiveStartDate")
    name, friendly = shown.text("offerName"), shown.text("friendlyName")
    licensed = shown.text("billingType").lower() not in ("usage", "benefit")
    return ObservedSubscription(
        id=id,
        product=_product(shown.text("offerId")),
        status=status,
        provider_status=word,
        recurring=recurring,
        cancellation=cancellation,
        term=term,
        length=length,
        billing=_BILLING.get(shown.text("billingCycle").lower()),
        started=started.date() if started else None,
        product_name=name,
        display_name=friendly if friendly != name else "",
        seats=shown.count("quantity") if licensed else None,
        effective_at=_effective(standing),
        cancel_now_until=_window(shown),
        revision=revision(shown.fields, etag),
        busy=_busy(standing),
        capabilities=Capabilities(_ends(standing), _barred(standing)),
        notes=tuple(_notes(standing, reckoned=reckoned)),
    )


def _product(offer: str) -> str:
    """Product and SKU; the availability behind them may change at any time, and says nothing of what was bought."""
    return ":".join(offer.split(":")[:2])


def _term(shown: _Shown, length: TermLength | None, now: datetime) -> tuple[Term | None, bool]:
    """The current term, and whether its start had to be reckoned.

    A start that lies more than one length before the end is an earlier term's. A confirmation names the start of the
    current one, and must not fit after a renewal: so its start is that length before its end.
    """
    start, end = shown.instant("effectiveStartDate"), shown.instant("commitmentEndDateTime")
    end = end or shown.instant("commitmentEndDate")
    if start is None or end is None or end - max(start, now) > _LONGEST:
        return None, False
    if shown.modern:  # new commerce shows its last day, whole; the old offers show the instant itself
        end = midnight(end.date() + timedelta(days=1))
    reckoned = length is not None and end - start > timedelta(days=31 * length.months + 2)
    if reckoned and length is not None:
        start = midnight(add_months(end.date(), -length.months))
    return (Term(start, end), reckoned) if start < end else (None, False)


def _scheduled(shown: _Shown) -> Iterator[tuple[str, str, datetime | None]]:
    """When, what, and on which date, of everything that is scheduled."""
    for entry in shown.objects("scheduledActions"):
        each = _Shown(entry)
        yield each.text("scheduleType").lower(), each.text("actionType").lower(), each.instant("effectiveDate")


def _cancellation(shown: _Shown, *, on: bool) -> tuple[Cancel, datetime | None]:
    """A cancellation at the end of the term, and the date of its own on which it ends."""
    cancelled = [(when, day) for when, kind, day in _scheduled(shown) if kind == "cancel"]
    at_end = any(when == "termend" for when, _ in cancelled) and not on
    ends_on = next((day for when, day in cancelled if when != "termend"), None)
    return (Cancel.AT_RENEWAL if at_end else Cancel.NONE), ends_on


def _extends(shown: _Shown, term: Term | None) -> bool:
    if term is None or shown.kind != _NEW_COMMERCE or shown.truth("isTrial"):
        return False
    return _last_day(term) >= EXTENDS_FROM and term.start.date() >= EXTENDS_TERMS_FROM


def _last_day(term: Term) -> date:
    return (term.end - timedelta(microseconds=1)).date()


def _effective(standing: _Standing) -> datetime | None:
    if standing.cancellation is Cancel.AT_RENEWAL and standing.term is not None:
        return standing.term.end
    return standing.ends_on


def _window(shown: _Shown) -> datetime | None:
    """Until when it can be cancelled at once; of one that can be cancelled at any time, its term's end."""
    return shown.instant("cancellationAllowedUntilDate")


def _busy(standing: _Standing) -> str | None:
    """A renewal begins with the day behind the term, waits in a queue for up to 24 hours, and bars every update."""
    term = standing.term
    if term is None or standing.status is not Status.ACTIVE or standing.now < term.end:
        return None
    return f"{FREEZE}: its term ended {term.end.date()}, and what follows takes up to 24 hours to be worked off"


def _ends(standing: _Standing) -> frozenset[Kind]:
    """Off and a cancellation are told apart where something can be scheduled for the end of the term."""
    offered = "scheduledActions" in standing.shown.fields
    return BOTH_ENDS if offered or standing.extends else _OFF_ALONE


def _barred(standing: _Standing) -> dict[Kind, Obstacle]:
    """Everything that cannot be done to it as it stands; the reason that lasts longest wins."""
    shown = standing.shown
    if (closed := _closed(standing)) is not None:
        return dict.fromkeys(INTENTS, closed)
    barred = {Kind.REACTIVATE: _ENDED}
    if standing.term is None:
        why = Obstacle("unsupported", "it shows no end of a term, so that nothing renews", _HAND)
        barred |= dict.fromkeys(PAIR, why)
    if standing.ends_on is not None:
        detail = f"it is cancelled on {standing.ends_on.date()}, a date of its own"
        barred |= dict.fromkeys(PAIR, Obstacle("ends-on-date", detail, _HAND))
    allowed = shown.words("actions")
    if allowed is not None and "edit" not in allowed:
        barred |= dict.fromkeys(PAIR, Obstacle("unsupported", "Partner Center lets nobody edit it", _HAND))
    if (late := _no_cancellation(standing, allowed)) is not None:
        barred[Kind.CANCEL_NOW] = late
    if standing.extends and Kind.TURN_OFF not in barred:
        barred[Kind.TURN_OFF] = _UNDECIDED
    return barred


def _closed(standing: _Standing) -> Obstacle | None:
    """Why nothing at all can be done to it."""
    shown = standing.shown
    if standing.status is Status.SUSPENDED:
        reasons = ", ".join(sorted(shown.words("suspensionReasons") or ())) or "no reason is given"
        hint = "resume it in Partner Center first; that does not turn recurring billing on again"
        return Obstacle("suspended", f"it is suspended ({reasons}), and is charged for all the same", hint)
    if standing.status.ended:
        return Obstacle("terminal", f"it is {standing.status}, and nothing brings it back", "declare a new purchase")
    if (sort := shown.text("billingType").lower()) in ("usage", "benefit"):
        detail = "it is billed by its use, and has no term" if sort == "usage" else "it is a benefit of another one"
        return Obstacle("unsupported", detail, "end it where it is used, such as the Azure portal; remove the keys")
    contract = shown.text("contractType").lower()
    if contract in ("productkey", "redemptioncode"):
        return Obstacle("unsupported", "it was bought as a key, and does not renew", "remove the keys")
    return None


def _no_cancellation(standing: _Standing, allowed: frozenset[str] | None) -> Obstacle | None:
    """Why it cannot be cancelled at once."""
    until, term = _window(standing.shown), standing.term
    last = "" if term is None else f": its last day is then {_last_day(term)}"
    hint = f"write `cancel: at-renewal` instead{last}"
    if until is None and not standing.shown.modern:
        return Obstacle("unsupported", "an offer of the old kind can only be suspended, which is no end", hint)
    if until is None:
        return Obstacle("past-cancellation-window", "Partner Center shows no time in which it can be cancelled", hint)
    if standing.now >= until:
        return Obstacle("past-cancellation-window", f"its window closed {until:%Y-%m-%dT%H:%M:%SZ}", hint)
    if allowed is not None and "cancel" not in allowed:
        return Obstacle("unsupported", "Partner Center lets nobody cancel it", hint)
    return None


def _notes(standing: _Standing, *, reckoned: bool) -> Iterator[str]:
    """What is reported and never `mended`."""
    shown, term, off = standing.shown, standing.term, standing.recurring is Recurring.OFF
    if shown.truth("isTrial"):
        yield "a trial: with recurring billing on it becomes a paid subscription when it ends"
    if reckoned and term is not None:
        yield f"the start of its term, {term.start.date()}, is reckoned from its end; an earlier one is shown"
    if standing.status is Status.ACTIVE and term is not None:
        if off and standing.extends and standing.cancellation is Cancel.NONE and standing.ends_on is None:
            yield f"goes on as a paid extended service term, month by month, from {term.end.date()}"
        if not off and "cancel" in at_term_end(shown.fields):
            yield "shows recurring billing on and a cancellation at the end of the term: which of them holds is unknown"
    if standing.ends_on is not None:
        yield f"ends on {standing.ends_on.date()}, a date of its own"
    if shown.fields.get("scheduledNextTermInstructions") and not shown.truth("isTrial"):
        yield "changes are scheduled for its renewal; turning recurring billing off deletes them"
    for option in shown.objects("refundOptions"):
        each = _Shown(option)
        until = each.instant("expiresAt") or each.instant("expiresAfter")
        if until is None or until > standing.now:
            last = "at any time" if until is None else f"until {until:%Y-%m-%dT%H:%M:%SZ}"
            yield f"{each.text('type').lower() or 'some'} refund {last}"
    if shown.fields.get("isMicrosoftProduct") is False and (publisher := shown.text("publisherName")):
        yield f"sold by {publisher}, not by Microsoft"
    if parent := shown.text("parentSubscriptionId"):
        yield f"an add-on of {parent}"
