"""The charts of the page, each with its summary and its numbers as a table: charges, the timeline, the estate.

Pure values to values. The numbers are the forecast's own; small parts are put together as one that says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

from reconciler.consequences import Amount
from reconciler.forecast import Forecast, Occasion, Slice, together
from reconciler.model import Recurring, Status, currency_digits
from reconciler.views.paint import shorten
from reconciler.views.report.charts import OTHER, Axis, Chart, Series, Words, band, columns
from reconciler.views.report.figures import lasting
from reconciler.views.report.sums import in_sum, money
from reconciler.views.report.values import Cut, Report, Table
from reconciler.views.words import counted, day

MOST_ACCOUNTS = 6
"""Accounts with a colour of their own; the rest are one part."""
MOST_CURRENCIES = 4
_LABEL = 100

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def month(first: date) -> str:
    """A month as people write it."""
    return f"{_MONTHS[first.month - 1]} {first.year}"


def axis(months: Sequence[date]) -> Axis:
    """All months of a forecast, and which of them there is room to name."""
    steps = {"narrow": (1, 7), "medium": (1, 4, 7, 10), "wide": (1, 3, 5, 7, 9, 11)}
    shown = {size: tuple(month(first) for first in months if first.month in named) for size, named in steps.items()}
    return Axis(tuple(map(month, months)), shown)


def cost_charts(ahead: Forecast) -> Cut[Chart]:
    """What is charged in each month, by account: a chart for each currency."""
    used = sorted(currency for currency, units in ahead.total.cash.items() if any(units))
    shown = tuple(_cost_chart(index, currency, ahead) for index, currency in enumerate(used[:MOST_CURRENCIES]))
    return Cut(shown, len(used) - len(shown), "reconcile forecast")


def _cost_chart(index: int, currency: str, ahead: Forecast) -> Chart:
    parts = _largest(ahead.slices, currency)
    empty = (0,) * len(ahead.months)
    series = tuple(
        Series(
            shorten(part.group, _LABEL),
            OTHER if place == MOST_ACCOUNTS else f"tone-{place}",
            part.cash.get(currency, empty),
            money(part.sums().get(currency, 0), currency),
        )
        for place, part in enumerate(parts)
    )
    whole = ahead.total.cash[currency]
    title = f"Charges per month in {currency}, by account"
    peak = max(range(len(whole)), key=lambda place: (whole[place], -place))
    summary = f"{money(sum(whole), currency)} from {day(ahead.as_of)} to {day(ahead.until)}"
    summary += f"; the most in {month(ahead.months[peak])}: {money(whole[peak], currency)}."
    return Chart(
        id=f"cost-{index}",
        title=title,
        summary=summary,
        series=series,
        drawings=tuple(columns(f"cost-{index}", title, axis(ahead.months), series, _in(currency))),
        table=_cost_table(title, ahead.months, series, whole, currency),
    )


def _in(currency: str) -> Words:
    unit = 10 ** (currency_digits(currency) or 0)
    return Words(lambda minor: _brief(minor, unit), lambda minor: money(minor, currency))


def _brief(minor: int, unit: int) -> str:
    """A round sum without its currency: `5,000`, `1.5 M`, `0.2`."""
    million = 1_000_000 * unit
    if abs(minor) >= million:
        return f"{minor / million:,.10g} M"
    return f"{minor / unit:,.10g}"


def _largest(slices: Sequence[Slice], currency: str) -> list[Slice]:
    """The accounts with the highest sums in a currency, and all others as one."""
    used = [part for part in slices if any(part.cash.get(currency, ()))]
    ordered = sorted(used, key=lambda part: (-part.sums()[currency], part.group))
    if len(ordered) <= MOST_ACCOUNTS + 1:
        return ordered
    rest = ordered[MOST_ACCOUNTS:]
    other = together(rest)
    return [*ordered[:MOST_ACCOUNTS], Slice(counted(len(rest), "other account"), other.cash)]


def _cost_table(
    title: str, months: Sequence[date], series: Sequence[Series], whole: Sequence[int], currency: str
) -> Table:
    """The same numbers, without the currency, which the title names; one account alone is all of them."""
    parts = [(part.label, part.values) for part in series]
    if len(parts) > 1:
        parts.append(("all accounts", tuple(whole)))

    def cells(numbers: Iterable[int]) -> tuple[str, ...]:
        return tuple(money(minor, currency).partition(" ")[0] if minor else "0" for minor in numbers)

    rows = tuple((month(first), *cells(row[place] for _, row in parts)) for place, first in enumerate(months))
    total = ("all months", *cells(sum(row) for _, row in parts))
    return Table(title, ("month", *(label for label, _ in parts)), rows, total)


_AHEAD = {
    Occasion.RENEWS: ("renew", "tone-0"),
    Occasion.EXTENDED: ("go on in a paid extension", "tone-2"),
    Occasion.ENDS: ("end", "tone-4"),
    Occasion.DELETED: ("are deleted", OTHER),
}
"""What the timeline shows of what is ahead, in words and in a colour."""


def timeline(ahead: Forecast) -> Chart | None:
    """How much renews, ends and is deleted in each month; None where nothing does."""
    counts = ahead.total.counts
    series = tuple(
        Series(words, tone, counts[occasion], f"{sum(counts[occasion]):,}")
        for occasion, (words, tone) in _AHEAD.items()
        if any(counts.get(occasion, ()))
    )
    if not series:
        return None
    title = "Renewals and ends per month"
    said = [f"{part.sum} {part.label}" for part in series]
    return Chart(
        id="timeline",
        title=title,
        summary=f"Until {day(ahead.until)}: {', '.join(said)}.",
        series=series,
        drawings=tuple(columns("timeline", title, axis(ahead.months), series, Words(_count, _count))),
        table=_timeline_table(title, ahead, series),
    )


def _count(number: int) -> str:
    return f"{number:,}"


def _timeline_table(title: str, ahead: Forecast, series: Sequence[Series]) -> Table:
    committed: dict[tuple[int, int], list[Amount]] = {}
    for item in ahead.occurrences:
        if item.occasion is Occasion.RENEWS and lasting(item, ahead):
            amount = ahead.subjects[item.key].amount
            committed.setdefault((item.on.year, item.on.month), []).append(amount)
    rows = tuple(
        (
            month(first),
            *(f"{part.values[place]:,}" for part in series),
            in_sum(committed.get((first.year, first.month), ())) or "0",
        )
        for place, first in enumerate(ahead.months)
    )
    whole = in_sum(amount for amounts in committed.values() for amount in amounts) or "0"
    total = ("all months", *(part.sum for part in series), whole)
    return Table(title, ("month", *(part.label for part in series), "renewals commit to"), rows, total)


_STAGES = {
    Status.SCHEDULED: "tone-1",
    Status.ACTIVE: "tone-0",
    Status.EXPIRED: "tone-2",
    Status.DISABLED: "tone-4",
    Status.DELETED: OTHER,
    Status.SUSPENDED: "tone-5",
    Status.UNKNOWN: "tone-3",
}


def estate(report: Report) -> Chart | None:
    """How many subscriptions are in each stage; None where none is stored."""
    by_status = Counter(row.status for row in report.stored)
    if not by_status:
        return None
    on = Counter(row.status for row in report.stored if row.recurring is Recurring.ON)
    unmanaged = Counter(row.status for row in report.stored if row.key not in report.declared)
    series = tuple(
        Series(status.value, tone, (by_status[status],), f"{by_status[status]:,}")
        for status, tone in _STAGES.items()
        if by_status[status]
    )
    rows = tuple(
        (status.value, *(f"{count:,}" for count in (number, on[status], number - on[status], unmanaged[status])))
        for status, number in ((status, by_status[status]) for status in _STAGES)
        if number
    )
    everything = len(report.stored)
    renewing = on.total()
    totals = (everything, renewing, everything - renewing, unmanaged.total())
    beside = f"; {unmanaged.total():,} declared by no spec" if unmanaged else ""
    title = "Subscriptions by status"
    accounts = counted(len({row.key.account for row in report.stored}), "account")
    return Chart(
        id="statuses",
        title=title,
        summary=f"{counted(everything, 'subscription')} in {accounts}{beside}.",
        series=series,
        drawings=tuple(band("statuses", title, series)),
        table=Table(
            title,
            ("status", "subscriptions", "recurring on", "recurring off", "unmanaged"),
            rows,
            ("all", *(f"{count:,}" for count in totals)),
        ),
    )
