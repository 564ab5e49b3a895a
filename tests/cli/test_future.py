"""Looking ahead on the command line: what `forecast`, `what-if`, `due` and `calendar` print, leave and answer."""

from __future__ import annotations

import csv
import io
import json
from datetime import date

import pytest
from ical.calendar_stream import IcsCalendarStream

from reconciler.cli.future import parse_span
from reconciler.errors import UsageError
from tests.cli.world import World

SPEC = """
premium:
  facts: {product: SPB, term: annual, billing: monthly, start: 2026-02-14, seats: 25, price: 20.60 EUR}
  owner: sales@contoso.example
  labels: {team: sales}
visio:
  facts: {product: VISIOCLIENT, term: monthly, start: 2026-03-31, price: 13.10 EUR}
  owner: it@contoso.example
  recurring: off
soon:
  facts: {product: TEAMS, term: annual, start: 2025-12-01, price: 100.00 CHF}
"""


@pytest.fixture
def estate(world: World) -> World:
    """Three records, applied."""
    world.specs(SPEC)
    assert world.apply().code == 0
    return world


def table(text: str) -> list[dict[str, str]]:
    """The rows of a CSV by their heading."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


# forecast


def test_a_forecast_goes_twelve_months_ahead_by_itself(estate: World) -> None:
    found = estate.run("forecast", "--format", "json").document
    assert (found["command"], found["until"], found["by"]) == ("forecast", "2027-11-23", "month")
    assert len(found["total"]["months"]) == 13


def test_a_forecast_ends_with_what_it_comes_to(estate: World) -> None:
    done = estate.run("forecast", "--until", "2027-02-28")
    assert done.code == 0
    assert done.last == ("3 subscriptions until 28 Feb 2027: 2 renewals, 1 end, 0 deleted, 100.00 CHF, 1545.00 EUR.")


def test_a_forecast_writes_nothing(estate: World) -> None:
    before = estate.store.read_bytes()
    estate.run("forecast", "--until", "2036-01-01")
    assert estate.store.read_bytes() == before


def test_what_is_foretold_is_what_time_does_to_the_ledger(estate: World) -> None:
    foretold = estate.run("forecast", "--until", "2028-06-30", "--format", "json").document
    elapsed = estate.dry_run(as_of="2028-06-30T23:59:59Z").document["elapsed"]
    words = {"renewed": "renews", "expired": "ends"}
    happened = [(event["at"][:10], event["subscription"], words.get(event["kind"], event["kind"])) for event in elapsed]
    assert sorted(happened) == [
        (item["on"], item["subscription"], item["occasion"]) for item in foretold["occurrences"]
    ]
    assert len(happened) == 7


def test_the_specs_count_as_applied(estate: World) -> None:
    estate.specs(SPEC.replace("  labels: {team: sales}\n", "  recurring: off\n"))
    found = estate.run("forecast", "--until", "2027-12-31", "--format", "json").document
    ends = [item["on"] for item in found["occurrences"] if item["occasion"] == "ends"]
    assert ends == ["2026-11-30", "2027-02-14"]


def test_without_a_store_everything_is_as_it_would_be_registered(world: World) -> None:
    world.specs(SPEC)
    assert world.run("forecast", "--until", "2026-12-31").last.startswith("3 subscriptions until 31 Dec 2026")
    assert not world.store.exists()


def test_what_is_blocked_or_refused_is_told(estate: World) -> None:
    estate.specs(SPEC.replace("  recurring: off\n", "  cancel: {when: immediately, reason: x}\n"))
    assert "Blocked, and therefore as stored: 1" in estate.run("forecast").out
    estate.write(
        "reconcile.yaml",
        """
        version: 1
        accounts: {contoso: {provider: ledger}}
        safety: {max_endings: {count: 0, percent: 0, at_least: 0}}
        """,
    )
    estate.specs(SPEC.replace("  labels: {team: sales}\n", "  recurring: off\n"))
    assert "An apply would refuse 1 changes now; they count as made" in estate.run("forecast").out


def test_a_forecast_is_narrowed(estate: World) -> None:
    found = estate.run("forecast", "--select", "contoso/v*", "--format", "json").document
    assert [item["subscription"] for item in found["subscriptions"]] == ["contoso/visio"]


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("account", ["contoso"]),
        ("owner", [None, "it@contoso.example", "sales@contoso.example"]),
        ("product", ["SPB", "TEAMS", "VISIOCLIENT"]),
        ("label:team", [None, "sales"]),
    ],
)
def test_a_forecast_is_grouped(estate: World, by: str, groups: list[str | None]) -> None:
    found = estate.run("forecast", "--by", by, "--format", "json").document
    assert [part["group"] for part in found["groups"]] == groups


def test_csv_is_a_table_that_adds_up(estate: World) -> None:
    rows = table(estate.run("forecast", "--until", "2027-02-28", "--by", "account", "--format", "csv").out)
    cash = [row for row in rows if row["measure"] == "cash" and row["currency"] == "EUR"]
    assert [(row["month"], row["group"], row["value"]) for row in cash] == [
        ("2026-12", "contoso", "515.00"),
        ("2027-01", "contoso", "515.00"),
        ("2027-02", "contoso", "515.00"),
    ]


def test_every_format_can_be_written_beside_another(estate: World) -> None:
    files = {name: estate.root / f"forecast.{name}" for name in ("csv", "json", "markdown", "github")}
    words = [word for name, file in files.items() for word in ("--out", f"{name}={file}")]
    assert estate.run("forecast", *words).code == 0
    assert files["csv"].read_text().startswith("month,group,measure,currency,value")
    assert json.loads(files["json"].read_text())["command"] == "forecast"
    assert files["markdown"].read_text().startswith("### Forecast")
    assert files["github"].read_text().startswith("Forecast")


def test_other_specs_are_compared_against_the_same_store(estate: World) -> None:
    estate.write("other/contoso.yaml", f"version: 1\naccount: contoso\nsubscriptions:\n{indented(SPEC)}")
    same = estate.run("forecast", "--compare", "other")
    assert same.last == "Difference until 23 Nov 2027: none."
    other = SPEC.replace("  labels: {team: sales}\n", "  recurring: off\n")
    estate.write("other/contoso.yaml", f"version: 1\naccount: contoso\nsubscriptions:\n{indented(other)}")
    done = estate.run("forecast", "--compare", "other", "--format", "json")
    compared = done.document["compared"]
    assert compared["what"] == "with other"
    assert compared["difference"]["total"]["cash"] == [
        {"amount": "0.00 CHF", "minor": 0, "currency": "CHF"},
        {"amount": "-5150.00 EUR", "minor": -515000, "currency": "EUR"},
    ]


def indented(text: str) -> str:
    """Below a key."""
    return "".join(f"  {line}\n" for line in text.strip().splitlines())


def test_errors_of_other_specs_are_told_at_their_place(estate: World) -> None:
    estate.write("other/contoso.yaml", "version: 1\naccount: contoso\nsubscriptions:\n  a: {facts: {produkt: x}}\n")
    done = estate.run("forecast", "--compare", "other")
    assert done.code == 1
    assert "other/contoso.yaml:4:15: error: unknown key" in done.err


def test_some_can_be_thought_away(estate: World) -> None:
    done = estate.run("forecast", "--until", "2027-01-31", "--without", "contoso/pre*", "--without", "contoso/soon")
    assert done.last == "Difference until 31 Jan 2027: -100.00 CHF, -1030.00 EUR, renewals -1."
    rows = table(estate.run("forecast", "--without", "contoso/soon", "--format", "csv").out)
    assert {row["difference"] for row in rows if row["currency"] == "CHF"} == {"-100.00"}


# due


def test_what_renews_soon_undecided_is_due(estate: World) -> None:
    done = estate.run("due")
    assert (done.code, done.last) == (0, "Renew until 23 Dec 2026, undecided: 1, 100.00 CHF.")
    assert estate.run("due", "--detailed-exitcode").code == 2
    assert estate.run("due", "--within", "7d", "--detailed-exitcode").code == 0


def test_a_decision_is_one_line_in_the_specs(estate: World) -> None:
    decided = "    decided: {for: 2026-12-01, by: ada@contoso.example, note: as ever}"
    estate.specs(f"{SPEC}{decided[2:]}\n")
    assert estate.run("due", "--detailed-exitcode").code == 0
    estate.specs(f"{SPEC}{decided[2:]}\n".replace("2026-12-01, by", "2026-12-02, by"))
    done = estate.run("due")
    assert "warning: a decision for a day on which nothing renews: contoso/soon: 2026-12-02" in done.out
    found = estate.run("due", "--format", "json").document
    assert [item["code"] for item in found["diagnostics"]] == ["decision-fits-nothing"]


def test_unmanaged_ones_are_due_too(estate: World) -> None:
    estate.specs(SPEC.partition("soon:")[0])
    (item,) = estate.run("due", "--format", "json").document["due"]
    assert (item["subscription"], item["managed"], item["value"]["amount"]) == ("contoso/soon", False, "100.00 CHF")


def test_due_is_asked_by_owner_and_for_monthly_terms(estate: World) -> None:
    words = ("due", "--within", "13w", "--monthly", "--format", "csv")
    assert [row["subscription"] for row in table(estate.run(*words).out)] == ["contoso/soon", "contoso/premium"]
    rows = table(estate.run(*words, "--owner", "sales@*").out)
    assert [(row["subscription"], row["renews"], row["commits_to"]) for row in rows] == [
        ("contoso/premium", "2027-02-14", "6180.00")
    ]


@pytest.mark.parametrize(("text", "days"), [("1d", 1), ("90d", 90), ("12w", 84), ("3660d", 3660)])
def test_spans_are_days_or_weeks(text: str, days: int) -> None:
    assert parse_span(text).days == days


@pytest.mark.parametrize("text", ["", "0d", "90", "d", "-1d", "3661d", "1y", "9999w", "1.5d", "٣d"])
def test_no_other_span_is_taken(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_span(text)
    assert caught.value.code == "bad-within"


# what-if


def test_one_subscription_four_ways(estate: World) -> None:
    found = estate.run("what-if", "contoso/premium", "--format", "json").document
    by_way = {item["way"]: item for item in found["ways"]}
    assert by_way["on"]["cash"][0]["amount"] == "6180.00 EUR"
    assert by_way["off"]["cash"][0]["amount"] == "1030.00 EUR"
    assert by_way["now"]["blocked"]["code"] == "past-cancellation-window"
    assert estate.run("what-if", "contoso/visio").out.startswith("contoso/visio: ")
    assert table(estate.run("what-if", "contoso/visio", "--format", "csv").out)[1]["wished"] == "true"
    assert estate.run("what-if", "contoso/visio", "--format", "markdown").out.startswith("### ")


def test_what_is_not_recorded_yet_can_be_asked_for(estate: World) -> None:
    estate.specs(SPEC + "new:\n  facts: {product: SPB, term: annual, start: 2026-11-20, price: 1.00 EUR}\n")
    assert estate.run("what-if", "contoso/new").code == 0


# calendar


def test_a_calendar_is_written_and_read_back(estate: World) -> None:
    done = estate.run("calendar", "-o", "renewals.ics")
    assert done.out == "5 events until 2027-11-23 in renewals.ics.\n"
    data = (estate.root / "renewals.ics").read_bytes()
    found = IcsCalendarStream.calendar_from_ics(data.decode()).events
    assert [(str(event.dtstart), event.categories[0]) for event in found] == [
        ("2026-11-29", "last-day"),
        ("2026-12-01", "renewal"),
        ("2026-12-07", "window"),
        ("2027-02-14", "renewal"),
        ("2027-02-20", "window"),
    ]
    estate.run("calendar", "-o", "again.ics")
    assert (estate.root / "again.ics").read_bytes() == data


def test_a_calendar_may_be_printed(estate: World) -> None:
    done = estate.run("calendar", "--owner", "it@*", "--until", "2027-01-01")
    (event,) = IcsCalendarStream.calendar_from_ics(done.out).events
    assert event.dtstart == date(2026, 11, 29)


def test_monthly_renewals_are_in_it_on_request(estate: World) -> None:
    estate.specs(SPEC.replace("  recurring: off\n", "  recurring: on\n"))
    without, with_them = (
        len(IcsCalendarStream.calendar_from_ics(estate.run("calendar", *more).out).events)
        for more in ((), ("--monthly",))
    )
    assert with_them > without


def test_what_was_written_is_a_document_too(estate: World) -> None:
    found = estate.run("calendar", "-o", "renewals.ics", "--format", "json").document
    assert (found["command"], found["file"], found["until"]) == ("calendar", "renewals.ics", "2027-11-23")


# Formats


@pytest.mark.parametrize(
    "command", [(), ("plan",), ("history",), ("validate",), ("calendar",), ("show", "contoso/visio")]
)
def test_what_is_no_table_has_no_csv(estate: World, command: tuple[str, ...]) -> None:
    before = estate.store.read_bytes()
    done = estate.run(*command, "--format", "csv")
    assert (done.code, done.out) == (64, "")
    assert "'csv' is not one of" in done.err
    assert estate.run(*command, "--out", "csv=x.csv").code == 64
    assert estate.store.read_bytes() == before


def test_a_failure_leaves_no_table(estate: World) -> None:
    file = estate.root / "due.csv"
    done = estate.run("due", "--within", "soon", "--format", "csv", "--out", f"csv={file}")
    assert (done.code, done.out, file.exists()) == (64, "", False)
    assert done.err.startswith("error: --within soon is no time ahead")


@pytest.mark.parametrize("words", [("forecast",), ("due",), ("what-if", "contoso/nothing")])
def test_a_failure_is_a_document_of_its_command(world: World, words: tuple[str, ...]) -> None:
    world.specs("a: {facts: {produkt: x}}")
    found = world.run(*words, "--format", "json").document
    assert (found["command"], found["error"]["code"]) == (words[0], "spec-errors")


SLIPS = [
    ("bad-grouping", 64, "forecast --by week"),
    ("bad-grouping", 64, "forecast --by label:"),
    ("bad-until", 64, "forecast --until tomorrow"),
    ("bad-until", 64, "forecast --until 2027-02-30"),
    ("bad-within", 64, "due --within soon"),
    ("no-calendar-file", 64, "calendar --format json"),
    ("no-such-owner", 64, "due --owner nobody"),
    ("no-such-owner", 64, "calendar --owner nobody -o x.ics"),
    ("no-such-path", 64, "forecast --compare nowhere"),
    ("not-narrowed", 64, "what-if contoso/visio --select x"),
    ("not-stored", 1, "what-if contoso/nothing"),
    ("nothing-selected", 64, "forecast --without nothing/*"),
    ("nothing-selected", 64, "due --select nothing/*"),
    ("two-comparisons", 64, "forecast --compare specs --without contoso/*"),
    ("until-passed", 64, "forecast --until 2026-11-23"),
    ("until-passed", 64, "calendar --until 2020-01-01 -o x.ics"),
    ("until-too-far", 64, "forecast --until 2076-11-24"),
    ("cannot-write", 1, "calendar -o nowhere/x.ics"),
]


@pytest.mark.parametrize(("code", "ends", "words"), SLIPS, ids=[f"{code}: {words}" for code, _, words in SLIPS])
def test_each_slip_has_its_code(estate: World, code: str, ends: int, words: str) -> None:
    done = estate.run(*words.split(), *(() if "--format" in words else ("--format", "json")))
    assert (done.document["error"]["code"], done.code) == (code, ends)


def test_the_farthest_day_is_taken(estate: World) -> None:
    assert estate.run("forecast", "--until", "2076-11-23", "--format", "csv").code == 0
