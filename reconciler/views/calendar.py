"""An agenda as an iCalendar file (RFC 5545): all-day events with alarms ahead, the same bytes for the same agenda.

Pure; the only place that knows icalendar. Times are UTC days: a renewal at 00:00 UTC is an event of that day.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from reconciler.agenda import Appointment, Matter
from reconciler.consequences import Amount
from reconciler.views.consequences import sum_words
from reconciler.views.escape import terminal
from reconciler.views.future import brief_sum
from reconciler.views.timeline import period_words
from reconciler.views.words import NameOf, counted, day

_AHEAD = {Matter.RENEWAL: (30, 7), Matter.LAST_DAY: (30, 7), Matter.EXTENSION: (30, 7), Matter.WINDOW: (7, 1)}
"""Days before the event on which a calendar reminds of it; a window opens but some days before it closes."""


def calendar_bytes(agenda: Iterable[Appointment], names: NameOf, *, lineage: str | None, as_of: datetime) -> bytes:
    """The calendar. An event's UID comes from the store, the key, the matter and the day alone: it stays the same."""
    # start-up: a package of its own weight that only this command has a use for
    from icalendar import Alarm, Calendar, Event

    calendar = Calendar()
    calendar.add("prodid", "-//subscription-reconciler//calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", "Subscriptions")
    for item in agenda:
        event = Event()
        event.add("uid", _uid(item, lineage))
        event.add("dtstamp", as_of.astimezone(UTC))
        event.add("dtstart", item.day)
        event.add("dtend", item.day + timedelta(days=1))
        summary = _safe(_summary(item, names))
        event.add("summary", summary)
        event.add("description", "\n".join(map(_safe, _description(item, names))))
        event.add("categories", [item.matter.value])
        event.add("transp", "TRANSPARENT")
        for days in _AHEAD[item.matter]:
            alarm = Alarm()
            alarm.add("action", "DISPLAY")
            alarm.add("description", f"In {counted(days, 'day')}: {summary}")
            alarm.add("trigger", timedelta(days=-days))
            event.add_component(alarm)
        calendar.add_component(event)
    found: bytes = calendar.to_ical()
    return found


def _safe(text: str) -> str:
    """Nothing hidden; and where the file is printed, folding may begin a line anywhere: no command to a CI runner."""
    return terminal(text).replace("::", "\\x3a:")


def _uid(item: Appointment, lineage: str | None) -> str:
    parts = (lineage or "", str(item.key), item.matter.value, item.day.isoformat())
    digest = sha256("\0".join(parts).encode(errors="backslashreplace")).hexdigest()
    return f"{digest[:40]}@subscription-reconciler"


def _summary(item: Appointment, names: NameOf) -> str:
    subject = item.subject
    seats = "" if subject.seats is None else f" ({counted(subject.seats, 'seat')})"
    product = f"{names(item.key.account, subject.product)}{seats}"
    match item.matter:
        case Matter.RENEWAL:
            undecided = "" if item.decided is not None else "Decide: "
            return f"{undecided}{product} renews for {period_words(subject.length)}: {brief_sum(subject.amount)}"
        case Matter.LAST_DAY:
            perhaps = ", or the start of a paid extension (not known)" if item.perhaps_extended else ""
            return f"Last day of {product}{perhaps}"
        case Matter.EXTENSION:
            goes = "goes on in its paid extension" if item.under_way else "goes on as a paid extension"
            return f"{product} {goes}: {_month_words(item.month)}"
        case Matter.WINDOW:
            return f"Last day to cancel {product} at once"


def _month_words(month: Amount | None) -> str:
    return "its price is not known" if month is None or month.money is None else f"{sum_words(month)} a month"


def _description(item: Appointment, names: NameOf) -> list[str]:
    subject = item.subject
    owner = f", owner {subject.owner}" if subject.owner else ""
    managed = "" if subject.managed else ", declared in no spec"
    place = [] if item.place is None else [str(item.place.location)]
    return [f"{item.key}{owner}{managed}", *_what_to_do(item), *place]


def _what_to_do(item: Appointment) -> list[str]:
    when = day(item.day)
    write = "write {} among its own keys" if item.subject.managed else "declare it with {}"
    match item.matter:
        case Matter.RENEWAL if item.decided is not None:
            note = f": {item.decided.note}" if item.decided.note else ""
            stop = f"To stop it after all, {write.format('`recurring: off`')} and apply before {when} 00:00 UTC."
            return [f"Decided by {item.decided.by}{note}.", stop]
        case Matter.RENEWAL:
            decided = f"`decided: {{for: {item.day.isoformat()}, by: NAME}}`"
            return [
                "Nobody has decided this renewal.",
                f"To stop it, {write.format('`recurring: off`')} and apply before {when} 00:00 UTC.",
                f"To let it renew, {write.format(decided)}.",
            ]
        case Matter.EXTENSION:
            stop, renew = write.format("`cancel: at-renewal`"), write.format("`recurring: on`")
            return [
                "It is charged by the month until somebody ends it.",
                f"To stop it, {stop} and apply before {when} 00:00 UTC.",
                f"To renew it for {period_words(item.subject.length)} instead, {renew} and apply before then.",
            ]
        case Matter.LAST_DAY:
            perhaps = ["Whether a paid extension follows is not known."] if item.perhaps_extended else []
            return [*perhaps, f"To go on, {write.format('`recurring: on`')} and apply before the end of {when} (UTC)."]
        case Matter.WINDOW:
            return ["From the next day on it can only be cancelled for the end of its term."]
