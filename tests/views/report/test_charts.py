"""Charts: classes instead of colours, known shapes alone, and every number where a mouse rests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from reconciler.views.report.charts import Axis, Series, Words, band, columns, ticks
from tests.conftest import REPOSITORY

LABELS = ("Nov 2026", "Dec 2026", "Jan 2027")
AXIS = Axis(LABELS, {"narrow": ("Jan 2027",), "medium": ("Jan 2027",), "wide": LABELS})
WORDS = Words(lambda value: f"~{value}" if value else "0", lambda value: f"{value:,} EUR")


def a_series(*values: int, label: str = "contoso", tone: str = "tone-0") -> Series:
    """One part of the columns."""
    return Series(label, tone, values, "")


def drawn(*series: Series) -> list[ET.Element]:
    """The drawings of these, narrow first."""
    return [ET.fromstring(text) for text in columns("cost", "Charges", AXIS, series, WORDS)]


def tips(drawing: ET.Element) -> list[str]:
    """What the mouse is told, by column."""
    return [bar.findtext("title") or "" for bar in drawing.iter("g") if bar.get("class") == "bar"]


def heights(drawing: ET.Element) -> list[float]:
    """How tall each rectangle is."""
    return [float(rectangle.attrib["height"]) for rectangle in drawing.iter("rect")]


def beside(drawing: ET.Element) -> ET.Element:
    """The marks of a drawing's height."""
    (found,) = [group for group in drawing.findall("g") if group.get("class") == "axis y"]
    return found


def level(path: ET.Element) -> float:
    """How far down a line is, which is level."""
    _, start, _, end = path.attrib["d"].removeprefix("M").replace("L", "").split()
    assert start == end
    return float(start)


WATCHED = """
import sys
touched = []
def watch(event, told):
    if event == "open" and not str(told[0]).endswith((".py", ".pyc")) or event.startswith(("socket.", "subprocess.")):
        touched.append((event, *told))
sys.addaudithook(watch)
from reconciler.views.report.charts import Axis, Series, Words, band, columns
one = [Series("contoso", "tone-0", (1, 2), "")]
columns("cost", "Charges", Axis(("a", "b"), dict.fromkeys(("narrow", "medium", "wide"), ("a",))), one, Words(str, str))
band("b", "Band", one)
print(touched)
"""


def test_a_chart_is_drawn_for_each_size_under_a_name_of_its_own() -> None:
    found = drawn(a_series(1, 2, 3))
    assert [drawing.get("class") for drawing in found] == ["drawing narrow", "drawing medium", "drawing wide"]
    assert [drawing.get("aria-labelledby") for drawing in found] == ["cost-narrow", "cost-medium", "cost-wide"]
    assert [drawing.findtext("title") for drawing in found] == ["Charges"] * 3
    assert [drawing.get("viewBox") for drawing in found] == ["0 0 320 210", "0 0 660 250", "0 0 976 290"]


def test_a_drawing_has_neither_colours_nor_anything_that_could_load_or_run() -> None:
    for drawing in [*drawn(a_series(1, 2, 3)), *map(ET.fromstring, band("b", "Band", [a_series(1)]))]:
        assert {node.tag for node in drawing.iter()} <= {"svg", "g", "path", "rect", "text", "title"}
        assert {name for node in drawing.iter() for name in node.keys()} <= {  # noqa: SIM118 - an element, no mapping
            *(
                "viewBox",
                "class",
                "role",
                "aria-labelledby",
                "aria-describedby",
                "id",
                "d",
                "x",
                "y",
                "width",
                "height",
            ),
            "preserveAspectRatio",
        }


def test_each_part_has_its_colour_as_a_class() -> None:
    wide = drawn(a_series(1, 2, 3), a_series(4, 5, 6, label="others", tone="other"))[2]
    assert [node.get("class") for node in wide.iter("g") if node.get("class") in ("tone-0", "other")] == [
        "tone-0",
        "other",
    ]


def test_every_number_is_said_to_the_last_digit_where_a_mouse_rests() -> None:
    assert tips(drawn(a_series(10**20 + 1, 0, 0))[0]) == ["contoso, Nov 2026: 100,000,000,000,000,000,001 EUR"]
    assert tips(drawn(a_series(100_000, 0, 300), a_series(1, 2, 3, label="a & b"))[2]) == [
        "contoso, Nov 2026: 100,000 EUR",
        "contoso, Jan 2027: 300 EUR",
        "a & b, Nov 2026: 1 EUR",
        "a & b, Dec 2026: 2 EUR",
        "a & b, Jan 2027: 3 EUR",
    ]


def test_columns_are_as_tall_as_their_numbers() -> None:
    one, two, four = heights(drawn(a_series(100, 200, 400))[0])
    assert (two, four) == pytest.approx((2 * one, 4 * one), abs=0.05)


def test_what_is_paid_back_stands_below_the_line() -> None:
    _, medium, _ = drawn(a_series(100, -300, 0))
    up, down = [rectangle.attrib for rectangle in medium.iter("rect")]
    assert float(up["y"]) + float(up["height"]) == pytest.approx(float(down["y"]), abs=0.05)
    assert float(down["height"]) == pytest.approx(3 * float(up["height"]), abs=0.05)


def test_only_labels_that_have_room_are_shown() -> None:
    narrow, _, wide = drawn(a_series(100, 200, 400))
    assert [text.text for text in narrow.iter("text")] == ["0", "~100", "~200", "~300", "~400", "Jan 2027"]
    assert [text.text for text in wide.iter("text")][-3:] == list(LABELS)


def test_the_line_that_columns_stand_on_is_drawn_last() -> None:
    for drawing in drawn(a_series(1, 2, 3)):
        *_, last = [node for node in drawing.iter() if node.tag in ("path", "rect")]
        assert (last.tag, last.get("class")) == ("path", "axis")


def test_every_mark_has_its_guide_and_zero_the_line_that_columns_stand_on() -> None:
    for drawing in drawn(a_series(100, -300, 200)):
        assert [text.text for text in beside(drawing).iter("text")] == ["~-300", "~-200", "~-100", "0", "~100", "~200"]
        lines = [level(path) for path in beside(drawing).iter("path")]
        assert [above - below for below, above in pairwise(lines)] == pytest.approx([lines[1] - lines[0]] * 5, abs=0.05)
        (base,) = drawing.findall("path")
        assert level(base) == lines[3]
        assert [float(bar.attrib["y"]) for bar in drawing.iter("rect")][1] == lines[3]


def test_the_name_of_a_column_is_below_its_middle_at_the_foot_of_the_drawing() -> None:
    wide = drawn(a_series(100, -300, 200))[2]
    middles = [float(bar.attrib["x"]) + float(bar.attrib["width"]) / 2 for bar in wide.iter("rect")]
    names = [text.attrib for group in wide.findall("g") if group.get("class") == "axis x" for text in group]
    assert [float(name["x"]) for name in names] == pytest.approx(middles, abs=0.01)
    (foot,) = {float(name["y"]) for name in names}
    assert max(float(bar.attrib["y"]) + float(bar.attrib["height"]) for bar in wide.iter("rect")) + 12 < foot < 290


@pytest.mark.parametrize("values", [(1, 2, 3), (-5, 0, -1), (10**20, 10**20, -(10**20)), (0, 0, 0)])
def test_everything_is_inside_of_the_drawing(values: tuple[int, ...]) -> None:
    for drawing in drawn(a_series(*values), a_series(*values, label="others", tone="other")):
        width, height = map(float, drawing.attrib["viewBox"].split()[2:])
        for bar in drawing.iter("rect"):
            x, y, across, down = (float(bar.attrib[name]) for name in ("x", "y", "width", "height"))
            assert 0 <= x < x + across <= width
            assert 0 <= y <= y + down <= height
        assert all(0 < float(text.attrib["x"]) < width for text in drawing.iter("text"))
        assert all(9 <= float(text.attrib["y"]) < height for text in drawing.iter("text"))


def test_drawing_reads_and_runs_no_file_but_installed_code(tmp_path: Path) -> None:
    for name in (".reportlab_mods", ".reportlab_settings"):
        (tmp_path / name).write_text("raise SystemExit('a file of the home directory was run')", "utf-8")
    done = subprocess.run(
        [sys.executable, "-B", "-c", WATCHED],
        check=False,
        env={"HOME": str(tmp_path)},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def test_foreign_text_is_escaped_in_a_drawing() -> None:
    texts = columns("cost", "<b>", AXIS, [a_series(1, 2, 3, label='"<script>\x07')], WORDS)
    assert all("<script>" not in text and "<b>" not in text for text in texts)
    assert tips(ET.fromstring(texts[0]))[0] == '"<script>\\x07, Nov 2026: 1 EUR'


def test_a_band_shares_its_length_out_and_is_nothing_but_bars() -> None:
    (text,) = band("b", "Band", [a_series(3), a_series(0), a_series(1, label="others", tone="other")])
    drawing = ET.fromstring(text)
    left, _, length, _ = map(float, drawing.attrib["viewBox"].split())
    bars = [rectangle.attrib for rectangle in drawing.iter("rect")]
    assert [float(bar["width"]) / length for bar in bars] == pytest.approx([0.75, 0.25], abs=0.001)
    assert [float(bar["x"]) - left for bar in bars] == pytest.approx([0, 0.75 * length], abs=0.05)
    assert tips(drawing) == ["contoso: 3", "others: 1"]


@pytest.mark.parametrize(
    ("rows", "marks"),
    [
        pytest.param([[1, 2, 3]], [0, 1, 2, 3], id="small numbers one by one"),
        pytest.param([[7], [2]], [0, 2, 4, 6, 8, 10], id="stacks are summed"),
        pytest.param([[345_610]], [0, 100_000, 200_000, 300_000, 400_000], id="round steps"),
        pytest.param([[40], [-15]], [-20, 0, 20, 40], id="what is paid back goes below zero"),
        pytest.param([[-3]], [-3, -2, -1, 0], id="nothing but what is paid back"),
        pytest.param([[0]], [0], id="nothing at all"),
        pytest.param([[10**20]], [0, 2 * 10**19, 4 * 10**19, 6 * 10**19, 8 * 10**19, 10**20], id="beyond any budget"),
    ],
)
def test_an_axis_has_few_and_round_marks(rows: Sequence[Sequence[int]], marks: list[int]) -> None:
    assert ticks(rows) == marks
