"""Charts as inline SVG without any style of its own: classes that the page's one stylesheet colours, light and dark.

reportlab works the geometry out, from numbers and words of ours; of its drawing, only positions are taken over.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from types import ModuleType
from typing import Any
from xml.etree import ElementTree as ET

from markupsafe import Markup

from reconciler.views.escape import visible
from reconciler.views.report.values import Table

# Where reportlab cannot import these, it runs files of such names from the home directory; nor is it to look for fonts.
for _name in ("reportlab_mods", "reportlab_settings"):
    sys.modules[_name] = ModuleType(_name)
    vars(sys.modules[_name]).update(T1SearchPath=(), TTFSearchPath=(), CMapSearchPath=())

from reportlab.graphics.charts import barcharts  # type: ignore[import-untyped]  # noqa: E402
from reportlab.graphics.shapes import Group, Line, String, UserNode  # type: ignore[import-untyped]  # noqa: E402
from reportlab.pdfbase.pdfmetrics import stringWidth  # type: ignore[import-untyped]  # noqa: E402

OTHER = "other"
"""The colour of what was too small for one of its own; the others are `tone-0`, `tone-1` and so on."""


@dataclass(frozen=True, slots=True)
class Series:
    """One part of every column; its label is foreign text, and its tone a class of the stylesheet."""

    label: str
    tone: str
    values: tuple[int, ...]
    sum: str
    """Of all values, as people write it."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture, in one drawing for each width of a screen, and all that it shows in words and as a table."""

    id: str
    title: str
    summary: str
    series: tuple[Series, ...]
    drawings: tuple[Markup, ...]
    table: Table

    @property
    def summary_id(self) -> str:
        """What the drawings refer to for the summary."""
        return summary_of(self.id)


@dataclass(frozen=True, slots=True)
class Axis:
    """The columns: the label of each, and which labels there is room for, by drawing."""

    labels: tuple[str, ...]
    shown: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Size:
    name: str
    """A class: the stylesheet shows the drawing that fits the screen."""
    width: int
    height: int


SIZES = (_Size("narrow", 320, 210), _Size("medium", 660, 250), _Size("wide", 976, 290))
"""In CSS pixels, so that letters are as large as those around."""
_BAND = _Size("band", 976, 22)
_STEPS = 5
_ABOVE, _BELOW, _GAP = 9, 28, 5
"""Room above the columns and below them, and between a label and what it names."""
_FULL = 88
"""So many hundredths of its place are a column."""
_FONT, _LETTERS = "Helvetica", 12
_WIDER = 1.15
"""How much wider than Helvetica the letters of a screen may be."""


@dataclass(frozen=True, slots=True)
class Words:
    """How a value is written: briefly beside the columns, and in full where a mouse rests on one."""

    brief: Callable[[int], str]
    full: Callable[[int], str]


def columns(chart: str, title: str, axis: Axis, series: Sequence[Series], words: Words) -> list[Markup]:
    """Stacked columns, drawn for each size."""
    tips = [
        [f"{part.label}, {label}: {words.full(value)}" for label, value in zip(axis.labels, part.values, strict=True)]
        for part in series
    ]
    return [_svg(_columns(size, axis, series, words), chart, size, title, series, tips) for size in SIZES]


def _columns(size: _Size, axis: Axis, series: Sequence[Series], words: Words) -> Any:
    marks = ticks([part.values for part in series])
    labels = [words.brief(mark) for mark in marks]
    left = round(max(stringWidth(label, _FONT, _LETTERS) for label in labels) * _WIDER) + _GAP
    plot = _stacked(barcharts.VerticalBarChart(), series)
    plot.x, plot.y, plot.width, plot.height = left, _BELOW, size.width - left, size.height - _BELOW - _ABOVE
    plot.barWidth, plot.groupSpacing = _FULL, 100 - _FULL
    _marked(plot.valueAxis, marks, labels)
    shown = [label if label in axis.shown[size.name] else "" for label in axis.labels]
    _named(plot.categoryAxis, shown, size.width // 50)
    return plot


def _stacked(plot: Any, series: Sequence[Series]) -> Any:
    plot.categoryAxis.style = "stacked"
    plot.data = [[value or None for value in part.values] for part in series]
    return plot


def _marked(axis: Any, marks: Sequence[int], labels: list[str]) -> None:
    """Guides across the columns, each with its label beside it."""
    axis.valueMin, axis.valueMax, axis.valueSteps = marks[0], max(marks[-1], marks[0] + 1), list(marks)
    axis.labelTextFormat = labels
    axis.visibleAxis = axis.visibleTicks = False
    axis.visibleGrid = True
    axis.labels.fontName, axis.labels.fontSize = _FONT, _LETTERS
    axis.labels.textAnchor, axis.labels.dx = "end", -_GAP


def _named(axis: Any, labels: list[str], margin: int) -> None:
    """The names of the columns, at the foot of the drawing also where some reach below zero."""
    axis.loPad = axis.hiPad = margin
    axis.categoryNames = labels
    axis.labelAxisMode = "low"
    axis.visibleTicks = False
    axis.labels.fontName, axis.labels.fontSize = _FONT, _LETTERS
    axis.labels.textAnchor, axis.labels.dy = "middle", -_GAP
    axis.labels.dx = margin  # reportlab moves the columns by it, and leaves their labels where they were


def ticks(rows: Sequence[Sequence[int]]) -> list[int]:
    """Round numbers from below the lowest stack to above the highest one, zero among them, at most six."""
    stacks = [[value for value in stack if value > 0] for stack in zip(*rows, strict=True)]
    wells = [[value for value in stack if value < 0] for stack in zip(*rows, strict=True)]
    top, bottom = max(map(sum, stacks), default=0), min(map(sum, wells), default=0)
    steps = (factor * 10**power for power in count() for factor in (1, 2, 5))
    step = next(step for step in steps if -(-top // step) - bottom // step <= _STEPS)
    return [step * index for index in range(bottom // step, -(-top // step) + 1)]


def band(chart: str, title: str, series: Sequence[Series]) -> list[Markup]:
    """One bar of all parts side by side, whole: what share each of them has; the same drawing for every size."""
    plot = _stacked(barcharts.HorizontalBarChart(), series)
    plot.x, plot.y, plot.width, plot.height = 0, 0, _BAND.width, _BAND.height
    plot.groupSpacing = 0
    plot.valueAxis.valueMin, plot.valueAxis.valueMax = 0, sum(value for part in series for value in part.values)
    plot.categoryAxis.visible = plot.valueAxis.visible = False
    tips = [[f"{part.label}: {value:,}" for value in part.values] for part in series]
    return [_svg(plot, chart, _BAND, title, series, tips)]


def summary_of(chart: str) -> str:
    """The identity of the words below the drawings of a chart, which tell what there is to see."""
    return f"{chart}-summary"


def _svg(
    plot: Any, chart: str, size: _Size, title: str, series: Sequence[Series], tips: Sequence[Sequence[str]]
) -> Markup:
    """The drawing as SVG that HTML can hold, named by its title for those who do not see it."""
    bars: list[tuple[Any, int, int]] = []
    plot.barRecord = lambda bar, **of: bars.append((bar, of["rowNo"], of["colNo"]))
    guides = [part for part in plot.draw().contents if isinstance(part, Line)]
    root = _framed(chart, size, title)
    beside, below = ET.SubElement(root, "g", {"class": "axis y"}), ET.SubElement(root, "g", {"class": "axis x"})
    for guide in guides:
        _line(beside, guide, size)
    for group, axis in ((beside, plot.valueAxis), (below, plot.categoryAxis)):
        for text, left, bottom in _found(axis, String):
            _text(group, text, left, bottom, size)
    parts = [ET.SubElement(root, "g", {"class": part.tone}) for part in series]
    for bar, row, column in bars:
        _bar(parts[row], bar, tips[row][column], size)
    # What columns stand on comes last: their borders would break it.
    for base, _, _ in _found(plot.categoryAxis, Line):
        _line(root, base, size).set("class", "axis")
    for group in [group for group in root.findall("g") if not len(group)]:
        root.remove(group)
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 - ElementTree has escaped it


def _framed(chart: str, size: _Size, title: str) -> ET.Element:
    """A drawing of that size with nothing in it yet but its name."""
    identity = f"{chart}-{size.name}"
    root = ET.Element("svg", {"viewBox": f"0 0 {size.width} {size.height}", "class": f"drawing {size.name}"})
    root.attrib |= {"role": "img", "aria-labelledby": identity, "aria-describedby": summary_of(chart)}
    if size is _BAND:
        root.set("preserveAspectRatio", "none")
    ET.SubElement(root, "title", {"id": identity}).text = visible(title)
    return root


def _found(node: Any, kind: type, left: float = 0, bottom: float = 0) -> Iterator[tuple[Any, float, float]]:
    """The shapes of a kind in a part of a drawing, and how far that part is from the drawing's corner."""
    if isinstance(node, UserNode):
        node = node.provideNode()
    if isinstance(node, Group):
        *_, right, up = node.transform
        for child in node.contents:
            yield from _found(child, kind, left + right, bottom + up)
    elif isinstance(node, kind):
        yield node, left, bottom


def _line(parent: ET.Element, line: Any, size: _Size) -> ET.Element:
    ends = [f"{_short(x)} {_short(size.height - y)}" for x, y in ((line.x1, line.y1), (line.x2, line.y2))]
    return ET.SubElement(parent, "path", {"d": f"M{ends[0]} L{ends[1]}"})


def _text(parent: ET.Element, text: Any, left: float, bottom: float, size: _Size) -> None:
    if text.text:
        place = {"x": _short(left + text.x), "y": _short(size.height - bottom - text.y)}
        ET.SubElement(parent, "text", place).text = visible(text.text)


def _bar(parent: ET.Element, bar: Any, tip: str, size: _Size) -> None:
    """A rectangle, with what a mouse that rests on it is told: `contoso, Feb 2027: 24,720.00 EUR`."""
    # What is below zero has a height below zero, too.
    top = size.height - max(bar.y, bar.y + bar.height)
    place = {"x": bar.x, "y": top, "width": bar.width, "height": abs(bar.height)}
    group = ET.SubElement(parent, "g", {"class": "bar"})
    ET.SubElement(group, "title").text = visible(tip)
    ET.SubElement(group, "rect", {name: _short(value) for name, value in place.items()})


def _short(value: float) -> str:
    """A number to a hundredth of a pixel, the same on every machine."""
    return f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")
