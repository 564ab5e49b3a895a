"""The estate as a table: on a terminal of any width, in full, for a spreadsheet, as Markdown; made row by row."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest

from reconciler.model import Cancel, Money, Recurring, TermLength
from reconciler.views.paint import width
from reconciler.views.status import StatusRow
from reconciler.views.status_columns import SHOWN
from reconciler.views.status_table import Asked, none_words, status_csv, status_lines, status_markdown, status_text
from tests.views.cases import HOSTILE
from tests.views.test_status import RICH, a_row, ended

ROWS = [
    a_row("contoso/premium", **RICH),
    a_row("contoso/project", product="PROJECTPREMIUM", recurring=Recurring.OFF, cancellation=Cancel.AT_RENEWAL),
    a_row("contoso/visio", product="VISIOCLIENT", managed=False, last_charge=Money(500, "JPY")),
    a_row("contoso/xerox", **ended(40, owner="licensing-department@contoso.example")),
]
ASKED = Asked(stored=len(ROWS))


def text(rows: list[StatusRow], asked: Asked = ASKED, room: int | None = None) -> list[str]:
    """The table's lines."""
    return "".join(status_text(rows, asked, room=room)).splitlines()


def test_in_full_nothing_is_cut_and_words_say_it() -> None:
    assert text(ROWS) == [
        (
            "subscription     product                         status    recurring       next                 days"
            "           cost                   owner"
        ),
        (
            "contoso/premium  Microsoft 365 Business Premium  active    on              renews 1 Mar 2027      98"
            "  309000.00 EUR /yr               it@contoso.example"
        ),
        (
            "contoso/project  Project Online Premium          active    off, cancelled  ends 28 Feb 2027       98"
            "      not known"
        ),
        (
            "contoso/visio    Visio Plan 2                    active    on              renews 1 Mar 2027      98"
            "        500 JPY /yr, last charge                                        unmanaged"
        ),
        (
            "contoso/xerox    CFQ7TTC0HD32                    disabled  off             deleted 11 Feb 2027    80"
            "                                  licensing-department@contoso.example"
        ),
        "",
        (
            "4 subscriptions: 3 active, 1 disabled; 1 unmanaged; 309000.00 EUR and 500 JPY for one term of each, "
            "1 sum not known."
        ),
    ]


def test_on_a_terminal_names_are_cut_marks_stand_for_words_and_what_has_no_room_is_told() -> None:
    assert text(ROWS, room=100) == [
        "subscription     product      status    recurring  next                 days           cost",
        "contoso/premium  Microsoft …  active    on         renews 1 Mar 2027      98  309000.00 EUR /yr",
        "contoso/project  Project On…  active    cancelled  ends 28 Feb 2027       98      not known",
        "contoso/visio    Visio Plan…  active    on         renews 1 Mar 2027      98        500 JPY /yr ~  *",
        "contoso/xerox    CFQ7TTC0HD…  disabled  off        deleted 11 Feb 2027    80",
        "",
        "~ not by the declared price, but by the price list or the last charge.",
        "* unmanaged: no file declares it.",
        "No room for owner: a wider terminal has it, or --columns.",
        (
            "4 subscriptions: 3 active, 1 disabled; 1 unmanaged; 309000.00 EUR and 500 JPY for one term of each, "
            "1 sum not known."
        ),
    ]


@pytest.mark.parametrize("room", range(40, 200, 7))
def test_the_table_fits_every_terminal_on_which_the_rest_beside_the_keys_has_room(room: int) -> None:
    lines = text(ROWS, room=room)
    table = lines[: lines.index("")]
    assert max(map(width, table)) <= max(room, 65)
    for row, line in zip(ROWS, table[1:], strict=True):
        assert line.startswith(str(row.record.key)), "keys are never cut"
    left_out = [line for line in lines if line.startswith("No room for ")]
    assert bool(left_out) == (table[0].split() != text(ROWS)[0].split())


def test_what_nobody_fills_is_not_said_to_have_no_room() -> None:
    (line,) = (line for line in text([a_row()], room=60) if line.startswith("No room for "))
    assert line == "No room for recurring, product: a wider terminal has it, or --columns."


def test_a_wide_terminal_leaves_out_nothing() -> None:
    lines = text(ROWS, room=200)
    assert lines[0].split() == ["subscription", *"product status recurring next days cost owner".split()]
    assert not any("No room" in line for line in lines)


def test_marks_are_explained_only_where_they_stand() -> None:
    assert not any(line.startswith(("~", "*")) for line in text(ROWS[:2], room=200))
    named = Asked(("name", "status"))
    assert not any(line.startswith(("~", "*")) for line in text(ROWS, named, room=200))


def test_columns_that_are_asked_for_are_never_left_out() -> None:
    asked = Asked(("name", "owner", "product", "seats"))
    lines = text(ROWS, asked, room=40)
    assert lines[0].split() == ["subscription", "owner", "product", "seats"]
    assert text([ROWS[3]], asked)[0].split() == ["subscription", "owner", "product", "seats"], "nor are empty ones"


def test_a_sum_that_is_asked_for_comes_with_its_period_once() -> None:
    assert Asked(("cost", "name", "per", "cost")).names == ("cost", "per", "name")
    assert Asked().names == SHOWN


def test_a_column_that_nobody_fills_is_left_out() -> None:
    assert text([a_row()])[0].split() == ["subscription", "product", "status", "recurring", "next", "days", "cost"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Asked(), "No subscriptions are stored."),
        (Asked(None, 45, ("status=expired", "days<30")), "None of 45 subscriptions matches: status=expired, days<30."),
    ],
    ids=["an empty store", "filters"],
)
def test_nothing_to_show_is_said(asked: Asked, words: str) -> None:
    assert none_words(asked) == words
    assert text([], asked) == [words]
    assert words in status_markdown([], asked).replace("&lt;", "<")
    assert len(list(status_csv([], asked))) == 1


@pytest.mark.parametrize("room", [None, 80])
def test_foreign_text_stays_in_its_cell(room: int | None) -> None:
    rows = [a_row(product=HOSTILE, owner=HOSTILE, labels={"a": HOSTILE}), a_row("contoso/wide", owner="漢字" * 40)]
    for asked in (Asked(), Asked(("name", "owner", "labels", "product"))):
        lines = text(rows, asked, room)
        assert "".join(lines).isprintable()
        table = lines[: lines.index("")]
        assert len(table) == 3
        if room is not None:
            assert max(map(width, table)) <= room
    assert all(line.count("\n") == 1 for line in status_csv(rows, Asked()))


def test_a_text_without_end_is_cut_even_in_full_and_a_key_is_not() -> None:
    key = f"{'a' * 120}/{'b' * 120}"
    lines = text([a_row(key, owner="x" * 5000)])
    assert lines[1].startswith(key)
    assert "x" * 199 + "…" in lines[1]
    assert "x" * 200 not in lines[1]


def test_colour_is_for_the_heading_and_the_summary() -> None:
    coloured = "".join(status_text(ROWS, ASKED, colour=True))
    assert coloured.count("\x1b[0m") == 2


def test_a_spreadsheet_takes_the_columns_that_are_asked_for_and_no_formula() -> None:
    rows = [a_row("contoso/a", owner="=1+1", length=TermLength.MONTHLY, price=Money(1310, "EUR"))]
    assert list(status_csv(rows, Asked(("name", "cost", "owner")))) == [
        "subscription,cost,currency,cost_per,cost_basis,owner\r\n",
        "contoso/a,13.10,EUR,P1M,declared,'=1+1\r\n",
    ]


def test_markdown_is_a_table_with_the_summary_below() -> None:
    lines = status_markdown(ROWS[2:3], ASKED).splitlines()
    assert lines == [
        "### Subscriptions",
        "",
        "| subscription | product | status | recurring | next | days | cost |  |  |",
        "| --- | --- | --- | --- | --- | ---: | ---: | --- | --- |",
        (
            "| contoso/visio | Visio Plan 2 | active | on | renews 1 Mar 2027 | 98 | 500 JPY | /yr, last charge "
            "| unmanaged |"
        ),
        "",
        "**1 subscription: 1 active; 1 unmanaged; 500 JPY for one term of each.**",
    ]
    named = status_markdown(ROWS[:1], Asked(("name", "id"))).splitlines()
    assert named[2] == "| subscription | id |"


def test_rows_are_made_when_they_are_asked_for() -> None:
    made = 0

    class Counting(list[StatusRow]):
        """Counts how often it has been gone through, and how far."""

        def __iter__(self) -> Iterator[StatusRow]:
            nonlocal made
            for item in super().__iter__():
                made += 1
                yield item

    rows = Counting(a_row(f"contoso/n{number}") for number in range(100))
    list(islice(status_csv(rows, ASKED), 4))
    assert made <= 5
    lines = status_lines(rows, Asked(("name",)))
    made = 0
    next(lines)
    assert made == 100, "the widths are known before the first line"
    next(lines)
    assert made == 101
