"""Forecasts, comparisons and renewals that are due, as sheets for people and as rows for CSV.

Pure values to words, not escaped: that is for the sheet's and the CSV's own writers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from reconciler.consequences import Amount
from reconciler.forecast import MONTH, Comparison, Forecast, Occasion, Occurrence, Slice, Subject
from reconciler.model import SubscriptionKey
from reconciler.views.consequences import sum_words
from reconciler.views.csv import Cell, decimal_text, sum_cell
from reconciler.views.sheet import Grid, Rows, Sheet
from reconciler.views.timeline import period_words
from reconciler.views.words import NameOf, counted, day, listed

_YEARS = 6
"""Of a forecast by groups, so many years have a column each; beyond, only their sum is shown."""
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_COUNTED = (Occasion.RENEWS, Occasion.ENDS, Occasion.DELETED)
"""Occasions with a column of their own."""
_LISTED = {
    Occasion.STARTS: "Starts",
    Occasion.RENEWS: "Renews",
    Occasion.ENDS: "Ends",
    Occasion.DISABLED: "Access ends",
    Occasion.DELETED: "Data deleted",
}
MEASURES: Mapping[Occasion, str] = {
    Occasion.RENEWS: "renewals",
    Occasion.STARTS: "starts",
    Occasion.EXTENDED: "extensions",
    Occasion.ENDS: "ends",
    Occasion.DISABLED: "disabled",
    Occasion.DELETED: "deleted",
}
"""What CSV and JSON call the number of each."""


def forecast_sheet(forecast: Forecast, names: NameOf, notes: Sequence[str] = ()) -> Sheet:
    """What is ahead: the cash by month or group, then what renews, ends and is deleted, each by day."""
    table = _by_month(forecast) if forecast.by == MONTH else _by_group(forecast)
    title = f"Forecast from {day(forecast.as_of)} to {day(forecast.until)}"
    return Sheet(
        title, _summary(forecast), (table, *_lists(forecast, told(forecast), names)), [*_notes(forecast), *notes]
    )


def _by_month(forecast: Forecast) -> Grid:
    whole = forecast.total
    currencies = sorted(whole.cash)
    rows = [
        (
            month_words(month),
            *(_number(whole.counts.get(occasion, ()), index) for occasion in _COUNTED),
            *(_sum(whole.cash[currency][index], currency) for currency in currencies),
        )
        for index, month in enumerate(forecast.months)
    ]
    counts = (f"{whole.count(occasion):,}" for occasion in _COUNTED)
    rows.append(("total", *counts, *(decimal_text(minor, currency) for currency, minor in whole.sums().items())))
    heading = ("month", "renew", "end", "deleted", *currencies)
    return Grid(heading, rows, right=_all_but_first(heading), last=True, most=None)


def _by_group(forecast: Forecast) -> Grid:
    """A row for each group and currency, the years side by side."""
    years = sorted({month.year for month in forecast.months})
    shown = years if len(years) <= _YEARS else []
    parts = [*forecast.slices, forecast.total]
    rows = []
    for number, part in enumerate(parts):
        name = "total" if number == len(parts) - 1 else part.group or "(none)"
        counts = [f"{part.count(occasion):,}" for occasion in _COUNTED]
        for at, currency in enumerate(sorted(part.cash) or [""]):
            cash = part.cash.get(currency, ())
            sums = [sum(_of_year(forecast, cash, year)) for year in shown]
            cells = [decimal_text(minor, currency) if currency else "" for minor in (*sums, sum(cash))]
            rows.append((name, *(counts if at == 0 else [""] * len(counts)), currency, *cells))
    heading = (forecast.by.removeprefix("label:"), "renew", "end", "deleted", "", *map(str, shown), "in all")
    return Grid(heading, rows, right=_all_but_first(heading) - {4}, last=len(forecast.slices) > 1)


def _of_year(forecast: Forecast, numbers: Sequence[int], year: int) -> Iterator[int]:
    return (number for month, number in zip(forecast.months, numbers, strict=False) if month.year == year)


def _lists(forecast: Forecast, occurrences: Iterable[Occurrence], names: NameOf, *, title: str = "") -> list[Grid]:
    """A table for each occasion."""
    found: dict[Occasion, list[Occurrence]] = {occasion: [] for occasion in _LISTED}
    for item in occurrences:
        found[item.occasion].append(item)

    def made(item: Occurrence) -> Sequence[str]:
        return _occurrence(item, forecast.subjects[item.key], names)

    heading = ("on", "subscription", "product", "", "owner")
    return [Grid(heading, Rows(found[occasion], made), title=f"{title}{word}") for occasion, word in _LISTED.items()]


def told(forecast: Forecast) -> Iterator[Occurrence]:
    """The occurrences that are told one by one: all but the months of an extension."""
    return (item for item in forecast.occurrences if item.occasion is not Occasion.EXTENDED)


def _occurrence(item: Occurrence, subject: Subject, names: NameOf) -> tuple[str, ...]:
    about = ""
    match item.occasion:
        case Occasion.RENEWS:
            about = f"{brief_sum(subject.amount)} for {period_words(subject.length)}"
        case Occasion.ENDS:
            about = f"last day {day(item.on - timedelta(days=1))}"
        case _:
            pass
    return (day(item.on), str(item.key), names(item.key.account, subject.product), about, subject.owner or "")


def brief_sum(amount: Amount) -> str:
    """A sum and where it comes from; why it is not known, a table has no room for."""
    return "not known" if amount.money is None else sum_words(amount)


def _notes(forecast: Forecast) -> list[str]:
    notes = []
    whole = forecast.total
    if any(whole.monthly):
        notes.append(f"Monthly terms renew {counted(sum(whole.monthly), 'time')} beside these.")
    extended = whole.count(Occasion.EXTENDED)
    if extended:
        notes.append(f"Paid extensions go on for {counted(extended, 'month')}.")
    if forecast.unknown:
        notes.append(
            f"What {_some(forecast.unknown)} will be charged is not known and is in no sum: "
            "declare `price` or `last_charge`, or name a price list in the settings."
        )
    if forecast.unpriced_extensions:
        notes.append(
            f"What the paid extension of {_some(forecast.unpriced_extensions)} will cost is not known and is in no "
            "sum: the price list has no monthly price of it, or the rules no surcharge."
        )
    if forecast.perhaps_extended:
        some = _some(forecast.perhaps_extended)
        count = len(forecast.perhaps_extended)
        verb = "goes" if count == 1 else "go"
        notes.append(f"Whether {count:,} of these {verb} on as a paid extension is not known: {some}.")
    if forecast.unforeseen:
        notes.append(f"Nothing is foretold of {_some(forecast.unforeseen)}: suspended, or of a status not known.")
    return notes


def _some(keys: Sequence[SubscriptionKey]) -> str:
    return listed([str(key) for key in keys], 4)


def _summary(forecast: Forecast) -> str:
    whole = forecast.total
    parts = [
        counted(whole.count(Occasion.RENEWS) + sum(whole.monthly), "renewal"),
        counted(whole.count(Occasion.ENDS), "end"),
        f"{whole.count(Occasion.DELETED):,} deleted",
        *_cash_words(whole),
    ]
    return f"{counted(len(forecast.subjects), 'subscription')} until {day(forecast.until)}: {', '.join(parts)}."


def _cash_words(part: Slice) -> list[str]:
    sums = [f"{decimal_text(minor, currency)} {currency}" for currency, minor in part.sums().items()]
    unknown = sum(part.unknown)
    return [*sums, *([f"{counted(unknown, 'charge')} not known"] if unknown else [])]


def _number(numbers: Sequence[int], index: int) -> str:
    """A count, with nothing for none."""
    return f"{numbers[index]:,}" if numbers and numbers[index] else ""


def _sum(minor: int, currency: str) -> str:
    return decimal_text(minor, currency) if minor else ""


def _all_but_first(heading: Sequence[str]) -> frozenset[int]:
    return frozenset(range(1, len(heading)))


def month_words(month: date) -> str:
    """A month as people write it: `Nov 2026`."""
    return f"{_MONTHS[month.month - 1]} {month.year}"


# Two futures


def comparison_sheet(comparison: Comparison, names: NameOf, notes: Sequence[str] = ()) -> Sheet:
    """What another future changes: the cash of both and the difference, and what is ahead in one of them alone."""
    base, other = comparison.base, comparison.other
    title = f"Forecast from {day(base.as_of)} to {day(base.until)}, and {comparison.what}"
    before, after = set(told(base)), set(told(other))
    gone = [item for item in told(base) if item not in after]
    new = [item for item in told(other) if item not in before]
    table = _differences(comparison)
    lists = [
        *_lists(base, gone, names, title="No more: "),
        *_lists(other, new, names, title="New: "),
    ]
    return Sheet(title, _difference_summary(comparison), (table, *lists), [*_notes(other), *notes])


def _differences(comparison: Comparison) -> Grid:
    """By month or group and currency: as it is, as it would be, and the difference; rows without one are left out."""
    base = comparison.base
    rows: list[Sequence[str]] = []
    if base.by == MONTH:
        whole = (base.total, comparison.other.total, comparison.total)
        for index, month in enumerate(base.months):
            rows += _changed(month_words(month), [_only(part, index) for part in whole])
    else:
        for group in comparison.groups:
            parts = (_slice(base, group), _slice(comparison.other, group), comparison.difference(group))
            rows += _changed(group or "(none)", [part.sums() for part in parts])
    rows += _all("total", [part.sums() for part in (base.total, comparison.other.total, comparison.total)])
    heading = (base.by.removeprefix("label:"), "", "as it is", comparison.what, "difference")
    return Grid(heading, rows, right=frozenset({2, 3, 4}), last=True, most=None)


def _only(part: Slice, index: int) -> dict[str, int]:
    return {currency: numbers[index] for currency, numbers in part.cash.items()}


def _changed(name: str, sums: Sequence[Mapping[str, int]]) -> list[Sequence[str]]:
    return _all(name, [{code: minor for code, minor in part.items() if sums[-1].get(code)} for part in sums])


def _all(name: str, sums: Sequence[Mapping[str, int]]) -> list[Sequence[str]]:
    """A row for each currency: as it is, as it would be, and the difference."""
    currencies = sorted({currency for part in sums for currency in part})
    return [(name, code, *(decimal_text(part.get(code, 0), code) for part in sums)) for code in currencies]


def _slice(forecast: Forecast, group: str) -> Slice:
    return next((part for part in forecast.slices if part.group == group), Slice(group))


def _difference_summary(comparison: Comparison) -> str:
    less = comparison.total
    sums = [_signed(minor, currency) for currency, minor in less.sums().items() if minor]
    unknown = sum(less.unknown)
    sums += [f"charges not known {unknown:+,}"] if unknown else []
    counts = [f"{MEASURES[occasion]} {less.count(occasion):+,}" for occasion in _COUNTED if less.count(occasion)]
    found = [*sums, *counts]
    return f"Difference until {day(comparison.base.until)}: {', '.join(found) or 'none'}."


def _signed(minor: int, currency: str) -> str:
    return f"{'+' if minor > 0 else ''}{decimal_text(minor, currency)} {currency}"


# CSV

FORECAST_HEADING = ("month", "group", "measure", "currency", "value")
COMPARISON_HEADING = ("month", "group", "measure", "currency", "base", "other", "difference")


def forecast_rows(forecast: Forecast) -> Iterator[Sequence[Cell]]:
    """One number a row, zeros left out: what a pivot table takes."""
    for part in forecast.slices:
        for month, measure, currency, values in _measured(forecast.months, (part,)):
            yield (month, part.group, measure, currency, *values)


def comparison_rows(comparison: Comparison) -> Iterator[Sequence[Cell]]:
    """The same with both futures and their difference."""
    for group in comparison.groups:
        parts = (_slice(comparison.base, group), _slice(comparison.other, group), comparison.difference(group))
        for month, measure, currency, values in _measured(comparison.base.months, parts):
            yield (month, group, measure, currency, *values)


def _measured(months: Sequence[date], parts: Sequence[Slice]) -> Iterator[tuple[str, str, str, tuple[Cell, ...]]]:
    none = (0,) * len(months)
    measures: list[tuple[str, str, list[Sequence[int]]]] = [
        ("cash", currency, [part.cash.get(currency, none) for part in parts])
        for currency in sorted({currency for part in parts for currency in part.cash})
    ]
    measures.append(("charges-not-known", "", [part.unknown or none for part in parts]))
    measures.append(("monthly-renewals", "", [part.monthly or none for part in parts]))
    measures += [(word, "", [part.counts.get(occasion, none) for part in parts]) for occasion, word in MEASURES.items()]
    for index, month in enumerate(months):
        for measure, currency, columns in measures:
            values = [column[index] for column in columns]
            if any(values):
                cells = tuple(sum_cell(value, currency) if currency else value for value in values)
                yield f"{month:%Y-%m}", measure, currency, cells
