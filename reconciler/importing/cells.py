"""What the text of one cell says, column by column, or why it says nothing that we can take.

Pure. A cell arrives without surrounding blanks and is never empty: an empty one is not given.
"""

from __future__ import annotations

import re
from datetime import date

from reconciler.diagnostics import did_you_mean
from reconciler.model import Cancel, Money, Recurring, TermLength, currencies, currency_digits, money_from_text

TEXT_AT_MOST = 200
LABEL_AT_MOST = 100
SEATS_AT_MOST = 10_000_000
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(9000, 1, 1)
"""The bounds of the spec language, so that whatever is read here can be declared there."""

SUMMARIES = {
    "csv-bad-cancel": "not a cancellation that can be imported",
    "csv-bad-labels": "not a list of labels",
    "csv-bad-price": "not a price",
    "csv-bad-recurring": "neither on nor off",
    "csv-bad-seats": "not a number of seats",
    "csv-bad-start": "not a day as YYYY-MM-DD",
    "csv-bad-term": "not a length that is known",
    "csv-cell-too-long": "a cell is too long",
    "csv-line-break": "a line break or a tab in a value",
}


class Unfit(Exception):
    """A cell that cannot be taken: a code of SUMMARIES, and what to do. Caught where the cell's place is known."""

    def __init__(self, code: str, hint: str) -> None:
        super().__init__(code)
        self.code = code
        self.hint = hint


def display_name(text: str) -> str:
    """The name for people; line breaks and runs of blanks become one blank each."""
    return " ".join(text.split())


def value(text: str, longest: int = TEXT_AT_MOST) -> str:
    """The text as it stands, if it is short and stands in one line."""
    if "\n" in text or "\t" in text:
        raise Unfit("csv-line-break", "only `name` may hold one; write the value in one line")
    if len(text) > longest:
        raise Unfit("csv-cell-too-long", f"it may have {longest} characters")
    return text


_TERMS = {length.value: length for length in TermLength} | {length.iso: length for length in TermLength}


def term_length(text: str) -> TermLength:
    """A term or billing cycle, in our words or as an ISO 8601 duration."""
    length = _TERMS.get(text)
    if length is None:
        hint = did_you_mean(text, TermLength) or "write monthly, annual or triennial (or P1M, P1Y, P3Y)"
        raise Unfit("csv-bad-term", hint)
    return length


_RECURRING = {
    "on": Recurring.ON,
    "off": Recurring.OFF,
    # The spellings of YAML 1.2; the last is how spreadsheets save a check mark.
    **dict.fromkeys(("true", "True", "TRUE"), Recurring.ON),
    **dict.fromkeys(("false", "False", "FALSE"), Recurring.OFF),
}


def recurring(text: str) -> Recurring:
    """Recurring billing: on, off, true or false."""
    found = _RECURRING.get(text)
    if found is None:
        raise Unfit("csv-bad-recurring", "write on, off, true or false")
    return found


def cancellation(text: str) -> Cancel:
    """The cancellation that stands: none or at-renewal."""
    if text == Cancel.IMMEDIATELY.value:
        hint = "an import tells what stands; what was cancelled at once is over: leave its row out"
        raise Unfit("csv-bad-cancel", hint)
    if text not in (Cancel.NONE.value, Cancel.AT_RENEWAL.value):
        raise Unfit("csv-bad-cancel", did_you_mean(text, ["none", "at-renewal"]) or "write none or at-renewal")
    return Cancel(text)


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DAY_LAST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})(?!\d).*", re.ASCII | re.DOTALL)
_YEAR_FIRST = re.compile(r"(\d{4})[./-]?(\d{1,2})[./-]?(\d{1,2})(?!\d).*", re.ASCII | re.DOTALL)
_DAY_NUMBER = re.compile(r"\d{5}(\.\d+)?", re.ASCII)


def day(text: str) -> date:
    """A calendar day, written YYYY-MM-DD and no other way: 01/02/2026 is two days, depending on the reader."""
    if not _DAY.fullmatch(text):
        raise Unfit("csv-bad-start", _day_hint(text))
    found = _calendar_day(text[:4], text[5:7], text[8:])
    if found is None:
        raise Unfit("csv-bad-start", "there is no such day in the calendar")
    if not FIRST_DAY <= found <= LAST_DAY:
        raise Unfit("csv-bad-start", f"write a day from {FIRST_DAY} to {LAST_DAY}")
    return found


def _day_hint(text: str) -> str:
    if _DAY_NUMBER.fullmatch(text):
        return "this is a spreadsheet's day number: format the column as YYYY-MM-DD and save it again"
    meant: set[date | None] = set()
    if last := _DAY_LAST.fullmatch(text):
        first, second, year = last.groups()
        meant = {_calendar_day(year, second, first), _calendar_day(year, first, second)}
    elif leading := _YEAR_FIRST.fullmatch(text):
        meant = {_calendar_day(*leading.groups())}
    days = sorted(item.isoformat() for item in meant if item is not None)
    if len(days) > 1:
        return f"it may be {days[1]} or {days[0]}: write the one that is meant"
    return f"write {days[0]}" if days else "write the day as YYYY-MM-DD, such as 2026-01-31"


def _calendar_day(year: str, month: str, number: str) -> date | None:
    try:
        return date(int(year), int(month), int(number))
    except ValueError:
        return None


_WHOLE = re.compile(r"\d{1,12}", re.ASCII)


def seats(text: str) -> int:
    """A whole number of seats."""
    if not _WHOLE.fullmatch(text) or int(text) > SEATS_AT_MOST:
        hint = f"write digits alone, such as 1250; at most {SEATS_AT_MOST}"
        raise Unfit("csv-bad-seats", hint)
    return int(text)


def price(text: str) -> Money:
    """A non-negative amount with its currency: a price, or what was charged."""
    money = money_from_text(text)
    if money is None:
        raise Unfit("csv-bad-price", _price_hint(text))
    return money


_AMOUNT = re.compile(r"(?P<number>\d{1,12}(?P<point>[.,]\d{1,6})?)(?: (?P<currency>[A-Za-z]{3}))?", re.ASCII)


def _price_hint(text: str) -> str:
    usual = "write it like 20.60 EUR: a decimal point, no thousands separators, the currency's three letters"
    amount = _AMOUNT.fullmatch(text)
    if amount is None:
        return usual
    currency = amount["currency"]
    if currency is None:
        return f"add the currency, such as {amount['number'].replace(',', '.')} EUR"
    digits = currency_digits(currency)
    if digits is None:
        return did_you_mean(currency, currencies()) or f"{currency} is no currency in use (ISO 4217)"
    if len(amount["point"] or ".") - 1 > digits:
        return f"{currency} has {digits} decimals"
    return f"write {amount['number'].replace(',', '.')} {currency}"


def labels(text: str) -> dict[str, str]:
    """Labels such as `team=sales;env=prod`; a value cannot hold a semicolon."""
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, text = (piece.strip() for piece in part.partition("="))
        if not part.strip():
            continue
        if not (name and equals):
            raise Unfit("csv-bad-labels", "write them like team=sales;env=prod")
        if name in found:
            raise Unfit("csv-bad-labels", f"keep one value for {name}")
        found[value(name, LABEL_AT_MOST)] = value(text)
    if not found:
        raise Unfit("csv-bad-labels", "leave the cell empty where there are none")
    return found
