"""The calendar, read back by another library: days, alarms, words; and UIDs that stay as long as the day does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ical.calendar_stream import IcsCalendarStream
from ical.event import Event

from reconciler.agenda import Appointment, Matter, agenda
from reconciler.model import Decision, Money
from reconciler.policy import Extension, Window
from reconciler.rulebook import Rulebook
from reconciler.views.calendar import calendar_bytes
from tests.builders import NOW, PLACE, a_key, a_lifecycle
from tests.views.futures import PREMIUM, UNPRICED, VISIO, an_estate, hostile, names

UNTIL = date(2027, 11, 23)


def an_agenda() -> tuple[Appointment, ...]:
    """A renewal with its window, one of a price that is not known, and a last day."""
    estate = an_estate(PREMIUM, VISIO, UNPRICED)
    lifecycle = a_lifecycle(window=Window(timedelta(days=7)))
    return agenda(replace(estate, rulebook=Rulebook({"contoso": lifecycle, "fabrikam": a_lifecycle()})), UNTIL)


def rendered(items: tuple[Appointment, ...], lineage: str | None = "a-lineage") -> bytes:
    """The file."""
    return calendar_bytes(items, names, lineage=lineage, as_of=NOW)


def read_back(data: bytes) -> list[Event]:
    """The events as another library reads them."""
    return list(IcsCalendarStream.calendar_from_ics(data.decode()).events)


def test_every_day_is_an_all_day_event() -> None:
    found = read_back(rendered(an_agenda()))
    assert [(event.dtstart, event.dtend, event.categories) for event in found] == [
        (date(2026, 11, 29), date(2026, 11, 30), ["last-day"]),
        (date(2027, 3, 1), date(2027, 3, 2), ["renewal"]),
        (date(2027, 3, 1), date(2027, 3, 2), ["renewal"]),
        (date(2027, 3, 7), date(2027, 3, 8), ["window"]),
    ]
    assert {event.dtstamp for event in found} == {NOW.astimezone(UTC)}


def test_summaries_say_product_seats_and_sum() -> None:
    assert [event.summary for event in read_back(rendered(an_agenda()))] == [
        "Last day of Product VISIO",
        "Decide: Microsoft 365 Business Premium (25 seats) renews for a year: 6180.00 EUR",
        "Decide: Product X renews for a year: not known",
        "Last day to cancel Microsoft 365 Business Premium (25 seats) at once",
    ]


def test_descriptions_say_whose_it_is_and_what_to_do() -> None:
    last, first, *_ = (event.description or "" for event in read_back(rendered(an_agenda())))
    assert first.splitlines() == [
        "contoso/business-premium, owner sales@contoso.example, declared in no spec",
        "Nobody has decided this renewal.",
        "To stop it, declare it with `recurring: off` and apply before 1 Mar 2027 00:00 UTC.",
        "To let it renew, declare it with `decided: {for: 2027-03-01, by: NAME}`.",
    ]
    assert last.splitlines()[1] == (
        "To go on, declare it with `recurring: on` and apply before the end of 29 Nov 2026 (UTC)."
    )


@pytest.mark.parametrize(("note", "said"), [(None, "Decided by ada."), ("as ever", "Decided by ada: as ever.")])
def test_a_decided_renewal_says_by_whom(note: str | None, said: str) -> None:
    (item,) = (item for item in an_agenda() if item.matter is Matter.RENEWAL and item.key == PREMIUM.key)
    decided = Decision(item.day, "ada", note, PLACE)
    subject = replace(item.subject, managed=True, owner=None)
    (event,) = read_back(rendered((replace(item, subject=subject, decided=decided, place=PLACE),)))
    assert (event.summary or "").startswith("Microsoft 365 Business Premium (25 seats) renews")
    assert (event.description or "").splitlines() == [
        "contoso/business-premium",
        said,
        "To stop it after all, write `recurring: off` among its own keys and apply before 1 Mar 2027 00:00 UTC.",
        "specs/contoso.yaml:3:5",
    ]


def test_alarms_ring_ahead() -> None:
    found = read_back(rendered(an_agenda()))
    assert [[alarm.trigger for alarm in event.alarm] for event in found] == [
        *[[timedelta(days=-30), timedelta(days=-7)]] * 3,
        [timedelta(days=-7), timedelta(days=-1)],
    ]
    assert found[-1].alarm[-1].description == f"In 1 day: {found[-1].summary}"


def test_the_same_agenda_is_the_same_file() -> None:
    assert rendered(an_agenda()) == rendered(an_agenda())


def uids(items: tuple[Appointment, ...], lineage: str | None = "a-lineage") -> list[str]:
    """Each event's."""
    return [event.uid for event in read_back(rendered(items, lineage))]


def test_a_uid_stays_whatever_else_becomes_of_the_subscription() -> None:
    items = an_agenda()
    moved = tuple(replace(item, subject=replace(item.subject, seats=7, owner="new")) for item in items)
    later = calendar_bytes(moved, names, lineage="a-lineage", as_of=NOW + timedelta(days=1))
    assert [event.uid for event in read_back(later)] == uids(items)


def test_uids_tell_stores_keys_matters_and_days_apart() -> None:
    (item, *_) = an_agenda()
    others = (
        replace(item, key=a_key("contoso/other")),
        replace(item, matter=Matter.RENEWAL),
        replace(item, day=item.day + timedelta(days=1)),
    )
    found = [*uids((item, *others)), *uids((item,), "another"), *uids((item,), None)]
    assert len(set(found)) == len(found)


def unfolded(data: bytes) -> list[str]:
    """The content lines by the letter of RFC 5545, section 3.1."""
    assert data.endswith(b"\r\n")
    raw = data.split(b"\r\n")[:-1]
    assert all(b"\n" not in line and b"\r" not in line for line in raw)
    assert max(map(len, raw)) <= 75
    return data.replace(b"\r\n ", b"").decode().split("\r\n")


def test_long_lines_are_folded() -> None:
    assert any(len(line) > 75 for line in unfolded(rendered(an_agenda())))


def test_hostile_names_stay_in_their_place() -> None:
    data = rendered(agenda(an_estate(hostile()), UNTIL))
    lines = unfolded(data)
    assert sum(line == "BEGIN:VEVENT" for line in lines) == 1
    assert b"\x1b" not in data
    assert not any(line.lstrip().startswith(b"::") for line in data.split(b"\r\n"))
    (event,) = read_back(data)
    assert "\\x1b[31mred\\x07\\n\\x3a:error" in (event.summary or "")
    assert len((event.description or "").splitlines()) == 4


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=200), st.text(max_size=200))
def test_whatever_a_name_holds_the_calendar_stands(product: str, owner: str) -> None:
    row = replace(PREMIUM, product=product, owner=owner)
    data = calendar_bytes(agenda(an_estate(row), UNTIL), lambda account, code: code, lineage=None, as_of=NOW)
    lines = unfolded(data)
    assert sum(line == "BEGIN:VEVENT" for line in lines) == 1
    (event,) = read_back(data)
    assert (event.summary or "").startswith("Decide: ")
    assert (event.summary or "").endswith(" (25 seats) renews for a year: 6180.00 EUR")


def test_an_empty_agenda_is_an_empty_calendar() -> None:
    assert read_back(rendered(())) == []


@pytest.mark.parametrize(
    ("price", "under_way", "summary"),
    [
        (Money(1310, "EUR"), False, "Product VISIO goes on as a paid extension: 13.50 EUR a month"),
        (Money(1310, "EUR"), True, "Product VISIO goes on in its paid extension: 13.50 EUR a month"),
        (None, False, "Product VISIO goes on as a paid extension: its price is not known"),
    ],
    ids=["begins", "under way", "of no known price"],
)
def test_a_paid_extension_is_an_event_with_its_price(price: Money | None, under_way: bool, summary: str) -> None:
    row = replace(VISIO, price=price, extended=under_way)
    rules = a_lifecycle(extension=Extension(when_off=True, surcharge_percent=3))
    items = agenda(replace(an_estate(row), rulebook=Rulebook({"contoso": rules})), UNTIL)
    (event,) = read_back(rendered(items))
    assert (event.summary, event.categories) == (summary, ["extension"])
    assert (event.description or "").splitlines()[1:] == [
        "It is charged by the month until somebody ends it.",
        "To stop it, declare it with `cancel: at-renewal` and apply before 30 Nov 2026 00:00 UTC.",
        "To renew it for a month instead, declare it with `recurring: on` and apply before then.",
    ]


def test_a_last_day_on_which_an_extension_may_follow_says_so() -> None:
    rules = a_lifecycle(extension=Extension(when_off=None))
    items = agenda(replace(an_estate(VISIO), rulebook=Rulebook({"contoso": rules})), UNTIL)
    (event,) = read_back(rendered(items))
    assert event.summary == "Last day of Product VISIO, or the start of a paid extension (not known)"
    assert (event.description or "").splitlines()[1] == "Whether a paid extension follows is not known."
