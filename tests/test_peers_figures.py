"""The figures of a measurement against peers: their medians, their table and chart, and those that the docs show."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.benchmarks.peers import __main__ as command
from tests.benchmarks.peers import chart, table
from tests.benchmarks.peers.contender import Case
from tests.benchmarks.peers.figures import Figures, Measured, Missing
from tests.conftest import REPOSITORY

# The figures


def figures() -> Figures:
    """Of three contenders at two sizes; the peer was ended once, and not tried after that."""
    seconds = {"reconcile": (1.0, 2.0, 0.5), "reconcile (cold)": (2.0, 2.0, 2.0), "octoDNS": (10.0, 10.0, 4.0)}
    measured = [
        Measured(name, size, case, number, taken * size / 100, taken, 40.0 + number)
        for size in (100, 1000)
        for number in range(3)
        for name, found in seconds.items()
        for case, taken in ((case, found[number]) for case in Case)
        if (name, size) != ("octoDNS", 1000)
    ]
    missing = [Missing("octoDNS", 1000, Case.NOTHING, "ended after 300 s", 300.0)]
    missing += [Missing("octoDNS", 1000, case, "not begun: 300 s were used up") for case in (Case.PLAN, Case.APPLY)]
    missing += [Missing("Terraform", size, case, "it cannot be installed") for size in (100, 1000) for case in Case]
    return Figures("2026-11-23", {"processors": "2"}, {"reconcile": "1.0"}, tuple(measured), tuple(missing))


def test_figures_are_medians_and_peaks() -> None:
    found = figures()
    assert found.seconds("reconcile", 100, Case.PLAN) == 1.0
    assert found.peak("reconcile", 100) == 42.0
    assert found.rounds("reconcile", 100) == 3
    assert found.seconds("octoDNS", 1000, Case.PLAN) is None
    assert found.peak("octoDNS", 1000) is None


def test_a_ratio_is_the_median_of_the_rounds_and_not_of_the_seconds() -> None:
    found = figures()
    assert found.times("octoDNS", "reconcile", 100, Case.PLAN) == 8.0  # 10, 5 and 8; the medians would say 10
    assert found.times("octoDNS", "reconcile", 1000, Case.PLAN) is None


def test_growth_is_from_the_size_before() -> None:
    found = figures()
    assert found.growth("reconcile", 1000, Case.PLAN) == 10.0
    assert found.growth("reconcile", 100, Case.PLAN) is None
    assert found.growth("octoDNS", 1000, Case.PLAN) is None


def test_who_came_to_an_end_once_was_not_over_the_limit() -> None:
    found = figures()
    late = Missing("reconcile", 100, Case.PLAN, "ended after 300 s", 300.0)
    assert found.over("octoDNS", 1000, Case.NOTHING) == 300.0
    assert replace(found, missing=(late,)).over("reconcile", 100, Case.PLAN) is None


def test_figures_come_back_from_their_file() -> None:
    text = figures().to_json()
    assert Figures.from_json(text) == figures()
    assert Figures.from_json(replace(figures(), missing=()).to_json()).missing == ()
    assert len([line for line in text.splitlines() if '"seconds"' in line]) == len(figures().measured)


# The table


def test_the_table_holds_what_was_measured_and_says_what_was_not() -> None:
    lines = table.report(figures()).splitlines()
    assert "Measured 2026-11-23: reconcile 1.0. Machine: processors: 2." in lines
    assert "| 100 | reconcile | 1.00 s | 1.00 s | 1.00 s | - | 42 MiB | 3 |" in lines
    assert "| 1,000 | reconcile | 10.0 s | 10.0 s | 10.0 s | 10.0 | 42 MiB | 3 |" in lines
    assert "| 1,000 | octoDNS | over 300 s | - | - | - | - | - |" in lines
    assert "| 100 | octoDNS against reconcile | 8.00 | 8.00 | 8.00 |" in lines
    assert "| 1,000 | octoDNS against reconcile (cold) | over 15.0 | - | - |" in lines
    assert "- octoDNS, 1,000, no change: ended after 300 s." in lines
    assert "- octoDNS, 1,000, plan of 1 %, apply of 1 %: not begun: 300 s were used up." in lines
    assert "- Terraform, 100: it cannot be installed." in lines
    assert not [line for line in lines if line.startswith("| 100 | Terraform")]


def test_every_row_of_a_table_is_as_wide_as_its_head() -> None:
    tables = [part.splitlines() for part in table.report(figures()).split("\n\n") if part.startswith("|")]
    assert len(tables) == 2
    for rows in tables:
        assert {row.count("|") for row in rows} == {rows[0].count("|")}


def test_without_peers_there_is_nothing_to_compare() -> None:
    found = figures()
    alone = tuple(item for item in found.measured if item.contender != "octoDNS")
    assert "so many times" in table.report(found)
    assert "so many times" not in table.report(replace(found, measured=alone, missing=()))


def test_goals_stand_beside_what_was_measured_of_them() -> None:
    lines = table.goals(figures()).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert lines[2:] == ["| 1,000 | octoDNS against reconcile | 1 | over 30.0 | - | - | 42 MiB |"]


def test_a_page_is_written_between_its_markers_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n\n{table.BEGIN}\nold \\1\n{table.END}\n\nafter\n", "utf-8")
    table.write(page, figures())
    table.write(page, figures())
    assert page.read_text("utf-8") == f"before\n\n{table.BEGIN}\n{table.report(figures())}{table.END}\n\nafter\n"


def test_a_page_without_markers_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(table.BEGIN, "utf-8")
    with pytest.raises(ValueError, match="once each"):
        table.write(page, figures())
    assert page.read_text("utf-8") == table.BEGIN


# The chart

SVG = "{http://www.w3.org/2000/svg}"


def marks(drawing: ET.Element) -> list[str]:
    """What the marks tell, those of the legend left out."""
    found = [node.findtext(f"{SVG}title") or "" for node in drawing.iter(f"{SVG}path")]
    return [told for told in found if ":" in told]


def test_the_chart_has_a_mark_for_each_figure() -> None:
    told = marks(ET.fromstring(chart.drawn(figures())))
    assert len(told) == 3 * (2 + 2 + 1) + 1
    assert "reconcile, 100: 1.00 s" in told
    assert "octoDNS, 1,000: over 300 s" in told


def test_the_chart_can_be_read_without_being_seen() -> None:
    drawing = ET.fromstring(chart.drawn(figures()))
    title, words = drawing.findtext(f"{SVG}title"), drawing.findtext(f"{SVG}desc") or ""
    assert title
    assert "Plan of 1 %: reconcile 1.00 s at 100, 10.00 s at 1,000; reconcile (cold) 2.00 s at 100" in words
    assert "octoDNS 10.00 s at 100, over 300 s at 1,000" in words
    identities = {node.get("id") for node in drawing}
    assert set((drawing.get("aria-labelledby") or "").split()) <= identities


def test_the_chart_says_who_is_not_in_it() -> None:
    assert "Not measured: Terraform at 100, Terraform at 1,000." in chart.drawn(figures())


def test_the_chart_is_whole_by_itself_and_knows_the_dark() -> None:
    drawing = chart.drawn(figures())
    assert re.findall(r"https?://[^\"]+", drawing) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"<script|href|@import|url\(", drawing)
    assert "prefers-color-scheme: dark" in drawing
    assert chart.drawn(figures()) == drawing


def test_every_line_of_the_chart_has_its_own_style() -> None:
    drawing = chart.drawn(figures())
    style = ET.fromstring(drawing).findtext(f"{SVG}style") or ""
    used = {name for names in re.findall(r'class="([^"]+)"', drawing) for name in names.split()}
    assert {name for name in used if f".{name}" not in style} == set()


def test_everything_stands_inside_the_chart() -> None:
    drawing = ET.fromstring(chart.drawn(figures()))
    _, _, width, height = map(float, (drawing.get("viewBox") or "").split())
    places = [(float(node.get("x", 0)), float(node.get("y", 0))) for node in drawing.iter()]
    for path in drawing.iter(f"{SVG}path"):
        x, y = re.findall(r"^M([\d.]+) ([\d.]+)", path.get("d", ""))[0]
        places.append((float(x), float(y)))
    assert all(0 <= x <= width and 0 <= y <= height for x, y in places)


def test_ten_times_as_much_is_as_far_everywhere_on_a_scale() -> None:
    scale = chart.Scale(0.5, 500.0, 400.0, 100.0)
    assert list(scale.decades()) == [1.0, 10.0, 100.0]
    assert scale.at(0.5) == pytest.approx(400.0)
    assert scale.at(500.0) == pytest.approx(100.0)
    assert scale.at(1.0) - scale.at(10.0) == pytest.approx(scale.at(10.0) - scale.at(100.0))


def test_figures_that_were_kept_are_printed_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "figures.json"
    file.write_text(figures().to_json(), "utf-8")
    command.main(["--read", str(file), "--figures", str(tmp_path / "copy.json")])
    assert capsys.readouterr().out == f"{table.report(figures())}\n{table.goals(figures())}"
    assert (tmp_path / "copy.json").read_text("utf-8") == figures().to_json()


# What is kept

KEPT = sorted((REPOSITORY / "tests" / "benchmarks" / "peers" / "figures").glob("*.json"))


def test_the_chart_of_the_docs_is_drawn_from_the_newest_figures() -> None:
    newest = Figures.from_json(KEPT[-1].read_text("utf-8"))
    assert (REPOSITORY / "docs" / "peers.svg").read_text("utf-8") == chart.drawn(newest)


def test_the_table_of_the_docs_is_made_from_the_newest_figures() -> None:
    newest = Figures.from_json(KEPT[-1].read_text("utf-8"))
    assert table.report(newest) in (REPOSITORY / "docs" / "performance.md").read_text("utf-8")


def test_kept_figures_name_machine_and_versions() -> None:
    for file in KEPT:
        found = json.loads(file.read_text("utf-8"))
        assert {"processors", "memory", "system"} <= set(found["machine"])
        assert {"commit", "Python", "reconcile"} <= set(found["versions"])
        assert file.stem == found["date"]
