"""Charts and their tables: every number is the forecast's own, and small parts are put together without loss."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from reconciler.forecast import Occasion
from reconciler.model import Money, TermLength
from reconciler.views.report.charts import Chart
from reconciler.views.report.figures import figures
from reconciler.views.report.pictures import cost_charts, estate, timeline
from reconciler.views.report.sums import in_sum, money
from tests.views.report.cases import Sample, a_report, empty, full


def minor(text: str) -> int:
    """The minor units that a cell of a table says, for a currency of two decimals; `0` is nothing at all."""
    whole, _, part = text.replace(",", "").partition(".")
    return int(whole + (part or "00"))


def column(chart: Chart, name: str) -> list[str]:
    """One column of a chart's table, its total last."""
    index = chart.table.columns.index(name)
    return [row[index] for row in (*chart.table.rows, chart.table.total)]


def charts(report_charts: Iterable[Chart]) -> dict[str, Chart]:
    """Charts by currency."""
    return {re.findall(r" in ([A-Z]{3}),", chart.title)[0]: chart for chart in report_charts}


def estate_of(accounts: int) -> list[Sample]:
    """One subscription in each of so many accounts, each dearer than the last."""
    return [
        Sample(f"customer-{number:02}/a", "SPB", date(2026, 2, 14), price=Money(100 * number, "EUR"))
        for number in range(1, accounts + 1)
    ]


# Charges


def test_the_charges_of_each_account_and_month_are_the_forecasts() -> None:
    ahead = full().forecast
    found = charts(cost_charts(ahead).shown)
    assert set(found) == {"EUR", "USD"}
    for currency, chart in found.items():
        assert len(chart.table.rows) == len(ahead.months) == 19
        for part in ahead.slices:
            if any(part.cash.get(currency, ())):
                cells = [minor(cell) for cell in column(chart, part.group)]
                assert cells == [*part.cash[currency], part.sums()[currency]]
        for series in chart.series:
            part = next(part for part in ahead.slices if part.group == series.label)
            assert series.values == part.cash[currency]
            assert series.sum == money(part.sums()[currency], currency)


def test_all_accounts_together_are_the_forecasts_total() -> None:
    ahead = full().forecast
    chart = charts(cost_charts(ahead).shown)["EUR"]
    assert [minor(cell) for cell in column(chart, "all accounts")] == [
        *ahead.total.cash["EUR"],
        ahead.total.sums()["EUR"],
    ]
    peak = max(ahead.total.cash["EUR"])
    assert money(ahead.total.sums()["EUR"], "EUR") in chart.summary
    assert chart.summary.endswith(f": {money(peak, 'EUR')}.")


def test_one_account_alone_is_not_told_twice() -> None:
    chart = charts(cost_charts(full().forecast).shown)["USD"]
    assert chart.table.columns == ("month", "northwind")


def test_many_accounts_are_the_dearest_and_all_others_as_one() -> None:
    ahead = a_report(estate_of(9)).forecast
    (chart,) = cost_charts(ahead).shown
    assert [series.label for series in chart.series] == [f"customer-0{n}" for n in (9, 8, 7, 6, 5, 4)] + [
        "3 other accounts"
    ]
    assert [series.tone for series in chart.series] == [f"tone-{n}" for n in range(6)] + ["other"]
    others = [part for part in ahead.slices if part.group in ("customer-01", "customer-02", "customer-03")]
    assert chart.series[-1].values == tuple(map(sum, zip(*(part.cash["EUR"] for part in others), strict=True)))
    assert chart.table.total[-1] == chart.table.total[-1]
    assert sum(minor(cell) for cell in chart.table.total[1:-1]) == ahead.total.sums()["EUR"]


def test_the_last_account_is_no_group_of_its_own() -> None:
    (chart,) = cost_charts(a_report(estate_of(7)).forecast).shown
    assert [series.label for series in chart.series] == [f"customer-0{n}" for n in (7, 6, 5, 4, 3, 2, 1)]


def test_currencies_beyond_the_fourth_are_counted() -> None:
    samples = [
        Sample(f"contoso/{code.lower()}", "SPB", date(2026, 2, 14), price=Money(100, code))
        for code in ("CHF", "EUR", "GBP", "JPY", "SEK", "USD")
    ]
    report = a_report(samples)
    found, cash = cost_charts(report.forecast), figures(report)[1].value
    assert (list(charts(found.shown)), found.missing) == (["CHF", "EUR", "GBP", "JPY"], 2)
    assert [line.rpartition(" ")[2] for line in cash] == ["CHF", "EUR", "GBP", "JPY", "more"]
    assert cash[-1] == "and 2 more"


def test_an_estate_without_a_known_price_has_no_chart_of_charges() -> None:
    found = cost_charts(a_report([Sample("contoso/a", "SPB", date(2026, 2, 14), price=None)]).forecast)
    assert (found.shown, found.missing) == ((), 0)


# Renewals and ends


def test_the_timeline_counts_what_the_forecast_counts() -> None:
    ahead = full().forecast
    chart = timeline(ahead)
    assert chart is not None
    labels = {"renew": Occasion.RENEWS, "end": Occasion.ENDS, "are deleted": Occasion.DELETED}
    assert {series.label for series in chart.series} == set(labels)
    for label, occasion in labels.items():
        assert [int(cell) for cell in column(chart, label)] == [
            *ahead.total.counts[occasion],
            ahead.total.count(occasion),
        ]


def test_the_timeline_says_what_renewals_commit_to() -> None:
    ahead = full().forecast
    chart = timeline(ahead)
    assert chart is not None
    renewing = [
        ahead.subjects[item.key].amount
        for item in ahead.occurrences
        if item.occasion is Occasion.RENEWS and ahead.subjects[item.key].length is not TermLength.MONTHLY
    ]
    assert column(chart, "renewals commit to")[-1] == in_sum(renewing)
    assert column(chart, "renewals commit to")[3] == "6,180.00 EUR"


def test_where_nothing_renews_and_nothing_ends_there_is_no_timeline() -> None:
    assert timeline(empty().forecast) is None
    monthly = a_report([Sample("contoso/a", "SPB", date(2026, 2, 14), TermLength.MONTHLY)])
    assert timeline(monthly.forecast) is None


# The estate


def test_each_status_is_counted() -> None:
    chart = estate(full())
    assert chart is not None
    assert chart.table.columns == ("status", "subscriptions", "recurring on", "recurring off", "unmanaged")
    assert chart.table.rows == (
        ("active", "11", "10", "1", "1"),
        ("expired", "1", "0", "1", "0"),
        ("deleted", "1", "0", "1", "0"),
    )
    assert chart.table.total == ("all", "13", "10", "3", "1")
    assert [(series.label, series.values) for series in chart.series] == [
        ("active", (11,)),
        ("expired", (1,)),
        ("deleted", (1,)),
    ]
    assert chart.summary == "13 subscriptions in 3 accounts; 1 declared by no spec."


def test_an_empty_estate_has_no_chart() -> None:
    assert estate(empty()) is None
