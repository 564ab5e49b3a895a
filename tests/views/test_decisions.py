"""What is due, and one subscription four ways, as people and spreadsheets read them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from reconciler.model import Money, Recurring, Status
from reconciler.policy import Extension, RefundRule
from reconciler.rulebook import PriceList, Rulebook
from reconciler.views.csv import csv_text
from reconciler.views.decisions import (
    DUE_HEADING,
    WHAT_IF_HEADING,
    due_rows,
    due_sheet,
    due_summary,
    what_if_rows,
    what_if_sheet,
)
from reconciler.views.sheet import sheet_markdown, sheet_text
from tests.builders import a_lifecycle
from tests.views.futures import MONTHLY, PREMIUM, UNPRICED, a_due, hostile, names, ways

LAST = date(2027, 3, 23)
END = "2027-03-01T00:00:00Z"

DUE = """\
Renewals until 23 Mar 2027 that nobody has decided

renews      subscription              product  commits to   for     owner
1 Mar 2027  contoso/business-premium  SPB      6180.00 EUR  a year  sales@contoso.example  unmanaged
1 Mar 2027  fabrikam/unpriced         X        not known    a year                         unmanaged

To let one renew, say who wants it among its own keys: `decided: {for: ITS-DAY, by: NAME}`. To stop one, write \
`cancel: at-renewal`, and apply before its day.
A note.

Renew until 23 Mar 2027, undecided: 2, 6180.00 EUR, 1 sum not known.
"""


def test_what_is_due_by_day() -> None:
    assert sheet_text(due_sheet(a_due(), lambda account, code: code, LAST, ["A note."])) == DUE


def test_what_is_managed_says_nothing_of_it() -> None:
    found = [replace(item, managed=True) for item in a_due()]
    assert "unmanaged" not in sheet_text(due_sheet(found, names, LAST))


def test_nothing_due_is_said_so() -> None:
    assert due_summary((), LAST) == "Nothing renews undecided until 23 Mar 2027."
    assert sheet_text(due_sheet((), names, LAST)).splitlines() == [
        "Renewals until 23 Mar 2027 that nobody has decided",
        "",
        "Nothing renews undecided until 23 Mar 2027.",
    ]


def test_csv_of_what_is_due() -> None:
    assert csv_text(DUE_HEADING, due_rows(a_due(), names)).splitlines() == [
        "subscription,product,product_name,renews,term,commits_to,currency,basis,owner,managed",
        f"{PREMIUM.key},SPB,Microsoft 365 Business Premium,2027-03-01,P1Y,6180.00,EUR,declared,{PREMIUM.owner},false",
        "fabrikam/unpriced,X,Product X,2027-03-01,P1Y,,,not-known,,false",
    ]


# Four ways

FOUR_WAYS = """\
contoso/business-premium: Microsoft 365 Business Premium

                on              off                         at-renewal                  now
change          none, it is so  turn off                    cancel at renewal           cancel now
renews          1 Mar 2027
last day                        28 Feb 2027                 28 Feb 2027                 23 Nov 2026
access ends                     31 Mar 2027 00:00 UTC       1 Mar 2027 00:00 UTC        23 Nov 2026 12:00 UTC
data deleted                    29 Jun 2027                 30 May 2027                 21 Feb 2027
refund                                                                                  120.16 EUR
next 12 months  6180.00 EUR     1545.00 EUR                 1545.00 EUR                 -120.16 EUR
can be undone                   until 1 Mar 2027 00:00 UTC  until 1 Mar 2027 00:00 UTC  never

now: refund 120.16 EUR, prorated: 7 of 30 days left, rounded down

It is active, recurring on, 25 seats, term 1 Mar 2026 to 28 Feb 2027.
"""


def test_four_ways_stand_side_by_side() -> None:
    assert sheet_text(what_if_sheet(PREMIUM, ways(), names)) == FOUR_WAYS


def cells(text: str, title: str) -> str:
    """What a line says behind its title."""
    return next(line for line in text.splitlines() if line.startswith(title)).removeprefix(title).strip()


def test_what_is_barred_says_why_and_what_to_do() -> None:
    row = replace(PREMIUM, protected=True)
    text = sheet_text(what_if_sheet(row, ways(row), names))
    assert cells(text, "change").split("  ")[-1] == "blocked: protected"
    assert cells(text, "next 12 months") == "6180.00 EUR"
    assert "off: protected: it is protected, and protection refuses every ending change; write `protect" in text


def test_what_is_not_known_is_said_so() -> None:
    book = Rulebook({"fabrikam": a_lifecycle(expired=None, disabled=None, refund=None)})
    text = sheet_text(what_if_sheet(UNPRICED, ways(UNPRICED, book), names))
    assert cells(text, "access ends").startswith("not known")
    assert "not known" in cells(text, "data deleted")
    assert cells(text, "refund") == "not known"
    assert cells(text, "next 12 months").startswith("1 sum not known  nothing")
    assert text.endswith("It is active, recurring on, term 1 Mar 2026 to 28 Feb 2027.\n")


def test_data_that_linger_are_told_with_both_days() -> None:
    book = Rulebook({"contoso": a_lifecycle(deletion=180)})
    text = sheet_text(what_if_sheet(PREMIUM, ways(book=book), names))
    assert cells(text, "all of it gone by").split("  ")[0] == "27 Sep 2027"


def test_the_price_of_an_extension_stands_beside_what_it_bars() -> None:
    prices = PriceList({("SPB", MONTHLY, MONTHLY, "EUR"): Money(100, "EUR")}, "prices.csv")
    book = Rulebook({"contoso": a_lifecycle(extension=Extension(when_off=True, surcharge_percent=3))}, {}, prices)
    text = sheet_text(what_if_sheet(PREMIUM, ways(book=book), names))
    assert cells(text, "paid extension") == "25.75 EUR (price list) a month"


def test_of_what_is_gone_no_dates_are_told() -> None:
    row = replace(PREMIUM, status=Status.DELETED, recurring=Recurring.OFF)
    text = sheet_text(what_if_sheet(row, ways(row), names))
    assert "access ends" not in text
    assert cells(text, "next 12 months").split() == ["nothing"] * 3
    assert csv_text(WHAT_IF_HEADING, what_if_rows(ways(row))).splitlines()[2] == "off,false,,,,,,,,,,,0"


def test_what_the_specs_say_is_marked() -> None:
    marked = [replace(item, wished=item.way.value == "off") for item in ways()]
    assert cells(sheet_text(what_if_sheet(PREMIUM, marked, names)), "now in the specs") == "yes"


def test_csv_of_four_ways() -> None:
    assert csv_text(WHAT_IF_HEADING, what_if_rows(ways())).splitlines() == [
        ",".join(WHAT_IF_HEADING),
        "on,false,,,2027-03-01,,,,,,6180.00,EUR,0",
        f"off,false,turn-off-recurring,,,2027-02-28,2027-03-31T00:00:00Z,2027-06-29,{END},,1545.00,EUR,0",
        f"at-renewal,false,cancel-at-renewal,,,2027-02-28,{END},2027-05-30,{END},,1545.00,EUR,0",
        "now,false,cancel-now,,,2026-11-23,2026-11-23T12:00:00Z,2027-02-21,,120.16,-120.16,EUR,0",
    ]


def test_csv_tells_a_refund_where_nothing_else_is_charged() -> None:
    book = Rulebook({"contoso": a_lifecycle(refund=RefundRule.NONE)})
    last = csv_text(WHAT_IF_HEADING, what_if_rows(ways(book=book))).splitlines()[-1]
    assert last.endswith(",0.00,0.00,EUR,0")


def test_csv_names_what_bars_a_way() -> None:
    row = replace(PREMIUM, protected=True)
    assert csv_text(WHAT_IF_HEADING, what_if_rows(ways(row))).splitlines()[2].startswith("off,false,,protected,")


def test_hostile_texts_do_nothing() -> None:
    row = hostile()
    due = a_due(row)
    assert due
    for sheet in (due_sheet(due, names, LAST), what_if_sheet(row, ways(row), names)):
        assert "\x1b" not in sheet_text(sheet)
        assert "<script" not in sheet_markdown(sheet)
    assert ",=" not in csv_text(DUE_HEADING, due_rows(due, names))
