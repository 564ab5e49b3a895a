"""What helps to decide: the renewals that are due, and one subscription four ways; as sheets and as rows for CSV.

Pure values to words, not escaped: that is for the sheet's and the CSV's own writers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

from reconciler.consequences import Amount, Due
from reconciler.model import StoredSubscription
from reconciler.views.consequences import refund_words, sum_words
from reconciler.views.csv import Cell, Number, decimal_text, sum_cell
from reconciler.views.future import brief_sum
from reconciler.views.sheet import Grid, Sheet
from reconciler.views.timeline import period_words
from reconciler.views.words import VERBS, NameOf, counted, day, moment, term_words
from reconciler.what_if import MONTHS, Outlook


def due_sheet(due: Sequence[Due], names: NameOf, last: date, more: Sequence[str] = ()) -> Sheet:
    """Every renewal up to that day which nobody has decided, by day, and what they commit to."""
    rows = [
        (
            day(item.on),
            str(item.key),
            names(item.key.account, item.product),
            brief_sum(item.amount),
            period_words(item.length),
            item.owner or "",
            "" if item.managed else "unmanaged",
        )
        for item in due
    ]
    grid = Grid(("renews", "subscription", "product", "commits to", "for", "owner", ""), rows, most=None)
    notes = []
    if due:
        own = due[0].on.isoformat() if len(due) == 1 else "ITS-DAY"
        notes.append(
            "To let one renew, say who wants it among its own keys: "
            f"`decided: {{for: {own}, by: NAME}}`. To stop one, write `cancel: at-renewal`, and apply before its day."
        )
    return Sheet(
        f"Renewals until {day(last)} that nobody has decided", due_summary(due, last), (grid,), [*notes, *more]
    )


def due_summary(due: Sequence[Due], last: date) -> str:
    """How many, and the sums by currency."""
    if not due:
        return f"Nothing renews undecided until {day(last)}."
    known = Counter[str]()
    for item in due:
        if item.amount.money is not None:
            known[item.amount.money.currency] += item.amount.money.minor
    unknown = sum(1 for item in due if item.amount.money is None)
    sums = [f"{decimal_text(known[currency], currency)} {currency}" for currency in sorted(known)]
    sums += [f"{counted(unknown, 'sum')} not known"] if unknown else []
    return f"Renew until {day(last)}, undecided: {', '.join([f'{len(due):,}', *sums])}."


DUE_HEADING = "subscription product product_name renews term commits_to currency basis owner managed".split()


def due_rows(due: Sequence[Due], names: NameOf) -> Iterator[Sequence[Cell]]:
    """A row for each renewal."""
    for item in due:
        yield (
            str(item.key),
            item.product,
            names(item.key.account, item.product),
            item.on.isoformat(),
            item.length.iso,
            *_sum_cells(item.amount),
            item.amount.basis.value,
            item.owner,
            item.managed,
        )


def _sum_cells(amount: Amount | None) -> tuple[Number | None, str | None]:
    money = None if amount is None else amount.money
    return (None, None) if money is None else (sum_cell(money.minor, money.currency), money.currency)


# One subscription four ways


def what_if_sheet(row: StoredSubscription, ways: Sequence[Outlook], names: NameOf) -> Sheet:
    """The four ways side by side, then why some are barred."""
    lines = {
        "now in the specs": ["yes" if item.wished else "" for item in ways],
        "change": [_change(item) for item in ways],
        "renews": [_day(item.renews) for item in ways],
        "last day": [_day(item.ending and item.ending.last_day) for item in ways],
        "access ends": [_access(item) for item in ways],
        "data deleted": [_deleted(item) for item in ways],
        "all of it gone by": [_day(item.ending and item.ending.data_gone_by) for item in ways],
        "refund": [_refund(item) for item in ways],
        "paid extension": [_monthly(item.extension) for item in ways],
        f"next {MONTHS} months": [_cash(item) for item in ways],
        "can be undone": [_undo(item) for item in ways],
    }
    rows = [(title, *cells) for title, cells in lines.items() if any(cells)]
    notes = [
        f"{item.way}: {item.barred.code}: {item.barred.detail}; {item.barred.hint}" for item in ways if item.barred
    ]
    notes += [f"{item.way}: {refund_words(item.refund)}" for item in ways if item.refund is not None]
    title = f"{row.key}: {names(row.key.account, row.product)}"
    return Sheet(title, _standing(row), (Grid(("", *(str(item.way) for item in ways)), rows),), notes)


def _standing(row: StoredSubscription) -> str:
    seats = [] if row.seats is None else [counted(row.seats, "seat")]
    term = f"term {term_words(row.term.start, row.term.end)}"
    return f"It is {row.status}, {', '.join([f'recurring {row.recurring}', *seats, term])}."


def _change(item: Outlook) -> str:
    if item.barred is not None:
        return f"blocked: {item.barred.code}"
    return VERBS[item.change.kind] if item.change is not None else "none, it is so"


def _day(value: date | None) -> str:
    return "" if value is None else day(value)


def _access(item: Outlook) -> str:
    ending = item.ending
    if ending is None:
        return ""
    if ending.access_ends is not None:
        return moment(ending.access_ends)
    return "not known" if "access_ends" in ending.unknown else ""


def _deleted(item: Outlook) -> str:
    ending = item.ending
    if ending is None:
        return ""
    if ending.data_deleted is None:
        return "not known" if "data_deleted" in ending.unknown else ""
    return day(ending.data_deleted)


def _refund(item: Outlook) -> str:
    if item.refund is None:
        return ""
    money = item.refund.amount.money
    return "not known" if money is None else f"{decimal_text(money.minor, money.currency)} {money.currency}"


def _cash(item: Outlook) -> str:
    if item.barred is not None:
        return ""
    sums = [f"{decimal_text(minor, currency)} {currency}" for currency, minor in item.cash.items()]
    sums += [f"{counted(item.unknown, 'sum')} not known"] if item.unknown else []
    return ", ".join(sums) or "nothing"


def _undo(item: Outlook) -> str:
    if item.change is None:
        return ""
    return "never" if item.reversible_until is None else f"until {moment(item.reversible_until)}"


WHAT_IF_HEADING = (
    "way wished change blocked renews last_day access_ends data_deleted reversible_until "
    "refund next_12_months currency sums_not_known"
).split()


def what_if_rows(ways: Sequence[Outlook]) -> Iterator[Sequence[Cell]]:
    """A row for each way; for each of its currencies, where there are several."""
    for item in ways:
        ending = item.ending
        refund, back = _sum_cells(None if item.refund is None else item.refund.amount)
        for currency in item.cash or [back]:
            yield (
                item.way.value,
                item.wished,
                None if item.change is None else item.change.kind.value,
                None if item.barred is None else item.barred.code,
                _iso(item.renews),
                _iso(ending and ending.last_day),
                None if ending is None or ending.access_ends is None else f"{ending.access_ends:%Y-%m-%dT%H:%M:%SZ}",
                _iso(ending and ending.data_deleted),
                None if item.reversible_until is None else f"{item.reversible_until:%Y-%m-%dT%H:%M:%SZ}",
                refund if back == currency else None,
                None if currency is None else sum_cell(item.cash.get(currency, 0), currency),
                currency,
                item.unknown,
            )


def _iso(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def _monthly(extension: Amount | None) -> str:
    if extension is None:
        return ""
    return sum_words(extension) + (" a month" if extension.money is not None else "")
