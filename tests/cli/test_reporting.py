"""`report`: one page in a file or on stdout, made from what a dry run reads, and nothing else written."""

from __future__ import annotations

import pytest

from tests.cli.world import SETTINGS, World
from tests.views.report.markup import read_html

SPECS = """
premium:
  facts: {product: SPB, term: annual, billing: monthly, start: 2026-02-14, seats: 25, price: 20.60 EUR}
  owner: finance@contoso.example
  recurring: on
visio:
  facts: {product: VISIOCLIENT, term: annual, start: 2026-03-31}
  recurring: on
"""


@pytest.fixture
def recorded(world: World) -> World:
    """Two subscriptions, both in the store."""
    world.specs(SPECS)
    assert world.apply().code == 0
    return world


def test_the_page_is_put_into_a_file_and_one_line_says_so(recorded: World) -> None:
    done = recorded.run("report", "-o", "report.html", as_of="2026-12-01")
    page = (recorded.root / "report.html").read_text("utf-8")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"A report of 2 subscriptions is in report.html, {len(page.encode()) // 1000} kB.\n"
    assert page.startswith("<!DOCTYPE html>\n")
    for said in (
        "as of 1 Dec 2026 00:00 UTC",
        "14 Feb 2027",
        "6,180.00 EUR",
        "finance@contoso.example",
        "contoso/visio",
    ):
        assert said in page


def test_the_numbers_are_those_of_forecast_and_due(recorded: World) -> None:
    page = read_html(recorded.run("report", "-o", "-").out)
    ahead = recorded.run("forecast", "--by", "account", "--until", "2028-05-31", "--format", "json").document
    (group,) = ahead["groups"]
    table = page.one("section", id="cost").one("table")
    told = {row.one("th").text: row.one("td").text.replace(",", "") for row in table.all("tr")[1:]}
    assert told.pop("all months") == group["cash"][0]["amount"].removesuffix(" EUR")
    assert [cell for cell in told.values() if cell != "0"] == [
        cash["amount"].removesuffix(" EUR") for month in group["months"] for cash in month["cash"] if cash["minor"]
    ]
    due = recorded.run("due", "--within", "90d", "--format", "json").document["due"]
    shown = page.one("section", id="decisions").all("span", class_="sum")
    assert [node.text.replace(",", "") for node in shown] == [item["value"]["amount"] for item in due]


def test_a_dash_prints_the_page_itself(recorded: World) -> None:
    done = recorded.run("report", "-o", "-")
    assert done.code == 0
    assert done.out.startswith("<!DOCTYPE html>\n")
    assert done.out.endswith("</html>\n")


def test_the_same_store_and_day_make_the_same_page(recorded: World) -> None:
    first, second = (recorded.run("report", "-o", "-").out for _ in range(2))
    assert first == second


def test_machines_are_told_where_the_page_is(recorded: World) -> None:
    document = recorded.run("report", "-o", "report.html", "--format", "json").document
    size = (recorded.root / "report.html").stat().st_size
    assert {name: document[name] for name in ("command", "file", "bytes", "subscriptions")} == {
        "command": "report",
        "file": "report.html",
        "bytes": size,
        "subscriptions": 2,
    }


def test_the_page_and_a_document_cannot_share_stdout(recorded: World) -> None:
    for words in (("--format", "json"), ("--out", f"json={recorded.root}/told.json")):
        done = recorded.run("report", "-o", "-", *words)
        assert done.code == 64
        assert "name a file: -o report.html" in done.err + done.out
    assert recorded.run("report", "-o", "-", "--format", "json").document["error"]["code"] == "no-report-file"


def test_a_report_needs_to_know_where_it_goes(recorded: World) -> None:
    assert recorded.run("report").code == 64


def test_a_report_changes_nothing_and_creates_no_store(world: World) -> None:
    world.specs(SPECS)
    done = world.run("report", "-o", "report.html")
    page = (world.root / "report.html").read_text("utf-8")
    assert done.code == 0
    assert not world.store.exists()
    assert "new store: there is none yet" in page
    assert "<li>register 2 in <code>contoso</code></li>" in page


def test_pending_and_refused_changes_are_shown_and_are_no_failure(recorded: World) -> None:
    recorded.specs(SPECS.replace("recurring: on", "recurring: off"))
    before = recorded.store.read_bytes()
    recorded.write("reconcile.yaml", f"{SETTINGS}\nsafety:\n  max_endings: {{count: 0, percent: 0, at_least: 0}}\n")
    done = recorded.run("report", "-o", "-", "--detailed-exitcode")
    assert done.code == 0
    assert "Would be refused" in done.out
    assert "max-endings" in done.out
    assert ">turn off</span>" in done.out
    assert recorded.store.read_bytes() == before


def test_a_narrowed_report_is_of_what_was_selected_alone(recorded: World) -> None:
    done = recorded.run("report", "-o", "-", "--select", "contoso/premium")
    assert "contoso/premium" in done.out
    assert "contoso/visio" not in done.out
    assert "<dt>Narrowed to</dt><dd>contoso/premium</dd>" in done.out


def test_a_place_that_takes_no_file_is_said(recorded: World) -> None:
    done = recorded.run("report", "-o", "nowhere/report.html")
    assert done.code == 1
    assert "nowhere/report.html could not be written" in done.err


def test_a_store_that_is_pinned_and_missing_is_no_empty_estate(world: World) -> None:
    world.specs(SPECS)
    lineage = "0b9e4a54-2f6e-4a53-8f0c-2f1f4e0b7c11"
    world.write("reconcile.yaml", f"{SETTINGS}\nstore: {{lineage: {lineage}}}\n")
    done = world.run("report", "-o", "-")
    assert done.code == 1
    assert f"the pinned store {lineage} is not at" in done.err
