"""Forecasts and comparisons as people and spreadsheets read them."""

from __future__ import annotations

from datetime import date

import pytest

from reconciler.forecast import Comparison
from reconciler.foresee import Estate, foresee
from reconciler.model import Recurring, TermLength
from reconciler.policy import Extension
from reconciler.rulebook import Rulebook
from reconciler.views.csv import csv_text
from reconciler.views.future import (
    COMPARISON_HEADING,
    FORECAST_HEADING,
    comparison_rows,
    comparison_sheet,
    forecast_rows,
    forecast_sheet,
    month_words,
)
from reconciler.views.sheet import sheet_markdown, sheet_text
from tests.builders import NOW, a_lifecycle, a_stored
from tests.views.futures import PREMIUM, TEAMS, a_comparison, a_forecast, hostile, names

BY_MONTH = """\
Forecast from 23 Nov 2026 to 31 Mar 2027

month     renew  end  deleted    CHF      EUR
Nov 2026           1
Dec 2026                        4.00   515.00
Jan 2027                        4.00   515.00
Feb 2027                        4.00   515.00
Mar 2027      2             1   4.00   515.00
total         2    1        1  16.00  2060.00

Renews (2)
on          subscription              product                                                 owner
1 Mar 2027  contoso/business-premium  Microsoft 365 Business Premium  6180.00 EUR for a year  sales@contoso.example
1 Mar 2027  fabrikam/unpriced         Product X                       not known for a year

Ends (1)
on           subscription   product
30 Nov 2026  contoso/visio  Product VISIO  last day 29 Nov 2026

Access ends (1)
on           subscription   product
30 Dec 2026  contoso/visio  Product VISIO

Data deleted (1)
on           subscription   product
30 Mar 2027  contoso/visio  Product VISIO

Monthly terms renew 4 times beside these.
What fabrikam/unpriced will be charged is not known and is in no sum: declare `price` or `last_charge`, or name a \
price list in the settings.
Nothing is foretold of fabrikam/suspended: suspended, or of a status not known.
Blocked: one.

5 subscriptions until 31 Mar 2027: 6 renewals, 1 end, 1 deleted, 16.00 CHF, 2060.00 EUR, 1 charge not known.
"""


def test_a_forecast_by_month() -> None:
    text = sheet_text(forecast_sheet(a_forecast(), names, ["Blocked: one."]))
    assert text == BY_MONTH


BY_ACCOUNT = """\
account   renew  end  deleted         2026     2027   in all
contoso       1    1        1  CHF    4.00    12.00    16.00
contoso                        EUR  515.00  1545.00  2060.00
fabrikam      1    0        0
total         2    1        1  CHF    4.00    12.00    16.00
total                          EUR  515.00  1545.00  2060.00
"""


def test_a_forecast_by_group_has_the_years_side_by_side() -> None:
    text = sheet_text(forecast_sheet(a_forecast(by="account"), names))
    assert BY_ACCOUNT in text


def test_what_has_no_value_of_a_label_is_a_group_of_its_own() -> None:
    lines = sheet_text(forecast_sheet(a_forecast(by="label:team"), names)).splitlines()
    assert lines[2].split()[0] == "team"
    assert [line.split()[0] for line in lines[3:6]] == ["(none)", "it", "total"]


def test_many_years_are_one_sum() -> None:
    found = a_forecast(PREMIUM, by="account", until=date(2036, 12, 31))
    assert sheet_text(forecast_sheet(found, names)).splitlines()[2].split() == [
        "account", "renew", "end", "deleted", "in", "all",
    ]  # fmt: skip


def test_months_of_an_extension_are_counted() -> None:
    lifecycle = a_lifecycle(extension=Extension(when_off=True))
    row = a_stored(recurring=Recurring.OFF)
    estate = Estate(NOW, {row.key: row}, {}, Rulebook({"contoso": lifecycle}))
    text = sheet_text(forecast_sheet(foresee(estate, date(2027, 5, 1)), names))
    assert "Paid extensions go on for 3 months." in text


@pytest.mark.parametrize(
    ("when_off", "note"),
    [
        (
            True,
            "the price list has no monthly price of it, or the rules no surcharge.",
        ),
        (None, "Whether 1 of these goes on as a paid extension is not known: contoso/a."),
    ],
    ids=["of no known price", "not known whether"],
)
def test_what_an_extension_leaves_open_is_no_matter_of_the_declared_price(when_off: bool | None, note: str) -> None:
    row = a_stored("contoso/a", recurring=Recurring.OFF)
    book = Rulebook({"contoso": a_lifecycle(extension=Extension(when_off))})
    sheet = forecast_sheet(foresee(Estate(NOW, {row.key: row}, {}, book), date(2027, 3, 31)), names)
    assert any(text.endswith(note) for text in sheet.notes)
    assert not any("declare `price`" in text for text in sheet.notes)


def test_nothing_ahead_is_said_so() -> None:
    found = foresee(Estate(NOW, {}, {}, Rulebook()), date(2026, 12, 31))
    assert sheet_text(forecast_sheet(found, names)).splitlines()[-1] == (
        "0 subscriptions until 31 Dec 2026: 0 renewals, 0 ends, 0 deleted."
    )


def test_hostile_texts_do_nothing() -> None:
    for by in ("month", "owner", "product", "label:team"):
        found = a_forecast(hostile(), by=by)
        sheet = forecast_sheet(found, names)
        assert "\x1b" not in sheet_text(sheet)
        assert "<script" not in sheet_markdown(sheet)
        assert "\x1b" not in csv_text(FORECAST_HEADING, forecast_rows(found))
        assert "\n=" not in csv_text(FORECAST_HEADING, forecast_rows(found))


def test_csv_has_one_number_a_row() -> None:
    rows = csv_text(FORECAST_HEADING, forecast_rows(a_forecast())).splitlines()
    assert rows[:5] == [
        "month,group,measure,currency,value",
        "2026-11,,ends,,1",
        "2026-12,,cash,CHF,4.00",
        "2026-12,,cash,EUR,515.00",
        "2026-12,,monthly-renewals,,1",
    ]
    assert "2027-03,,charges-not-known,,1" in rows
    assert "2027-03,,renewals,,2" in rows


# Two futures

COMPARED = """\
Forecast from 23 Nov 2026 to 31 Mar 2027, and with ../other

month          as it is  with ../other  difference
Mar 2027  EUR    515.00           0.00     -515.00
total     CHF     16.00          16.00        0.00
total     EUR   2060.00        1545.00     -515.00

No more: Renews (1)
on          subscription              product                                                 owner
1 Mar 2027  contoso/business-premium  Microsoft 365 Business Premium  6180.00 EUR for a year  sales@contoso.example

New: Ends (1)
on          subscription              product                                               owner
1 Mar 2027  contoso/business-premium  Microsoft 365 Business Premium  last day 28 Feb 2027  sales@contoso.example

New: Access ends (1)
on           subscription              product                         owner
31 Mar 2027  contoso/business-premium  Microsoft 365 Business Premium  sales@contoso.example
"""


def test_a_comparison_shows_what_differs() -> None:
    text = sheet_text(comparison_sheet(a_comparison(), names, ["A note."]))
    assert text.startswith(COMPARED)
    assert text.splitlines()[-1] == "Difference until 31 Mar 2027: -515.00 EUR, renewals -1, ends +1."
    assert "A note." in text


def test_a_comparison_by_group_leaves_out_what_stays() -> None:
    lines = sheet_text(comparison_sheet(a_comparison("account"), names)).splitlines()
    assert [line.split() for line in lines[3:6]] == [
        ["contoso", "EUR", "2060.00", "1545.00", "-515.00"],
        ["total", "CHF", "16.00", "16.00", "0.00"],
        ["total", "EUR", "2060.00", "1545.00", "-515.00"],
    ]


def test_no_difference_is_said_so() -> None:
    same = Comparison(a_forecast(TEAMS), a_forecast(TEAMS), "without nothing")
    assert sheet_text(comparison_sheet(same, names)).splitlines()[-1] == "Difference until 31 Mar 2027: none."


def test_charges_that_are_no_longer_known_are_told() -> None:
    unpriced = a_stored("contoso/teams", product="TEAMS", length=TermLength.MONTHLY)
    found = Comparison(a_forecast(TEAMS), a_forecast(unpriced), "with ../other")
    last = sheet_text(comparison_sheet(found, names)).splitlines()[-1]
    assert last == "Difference until 31 Mar 2027: -16.00 CHF, charges not known +4."
    more = Comparison(a_forecast(unpriced), a_forecast(TEAMS), "with ../other")
    assert "+16.00 CHF" in sheet_text(comparison_sheet(more, names))


def test_csv_of_a_comparison_has_both_and_the_difference() -> None:
    rows = csv_text(COMPARISON_HEADING, comparison_rows(a_comparison())).splitlines()
    assert rows[0] == "month,group,measure,currency,base,other,difference"
    assert "2027-03,,cash,EUR,515.00,0.00,-515.00" in rows
    assert "2027-03,,renewals,,2,1,-1" in rows


def test_months_are_written_alike_everywhere() -> None:
    assert month_words(date(2026, 5, 1)) == "May 2026"
