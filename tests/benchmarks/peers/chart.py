"""The figures as one self-contained SVG: seconds against size, both axes logarithmic, a panel for each case. Pure.

It is embedded as an image, so it holds its own style, for light and dark; shapes tell the lines apart without colours.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from tests.benchmarks.peers.contender import Case
from tests.benchmarks.peers.figures import Figures

_WIDTH, _HEIGHT = 1080, 470
_LEFT, _RIGHT, _TOP, _BOTTOM, _GAP = 62, 24, 118, 78, 26
_LINES = ("ours", "cold", "peer-0", "peer-1", "peer-2")
"""Classes of the style, in the order of the contenders."""
_STYLE = """
    .ground { fill: #ffffff; stroke: #d0d7de; }
    .grid { stroke: #d8dee4; stroke-width: 1; fill: none; }
    .frame { stroke: #8c959f; stroke-width: 1; fill: none; }
    text { fill: #1f2328; font: 14px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
    .title { font-size: 18px; font-weight: 600; }
    .panel { font-size: 15px; font-weight: 600; text-anchor: middle; }
    .x { text-anchor: middle; } .y { text-anchor: end; } .soft { fill: #59636e; }
    .line { fill: none; stroke-width: 2.5; stroke-linejoin: round; }
    .bound { stroke-dasharray: 2 5; }
    .ours { stroke: #0969da; } .ours.mark { fill: #0969da; }
    .cold { stroke: #0969da; stroke-dasharray: 7 5; } .cold.mark { fill: #ffffff; stroke-dasharray: none; }
    .peer-0 { stroke: #bc4c00; } .peer-0.mark { fill: #bc4c00; }
    .peer-1 { stroke: #8250df; } .peer-1.mark { fill: #8250df; }
    .peer-2 { stroke: #1a7f37; } .peer-2.mark { fill: #1a7f37; }
    .mark { stroke-width: 2; }
    @media (prefers-color-scheme: dark) {
      .ground { fill: #0d1117; stroke: #3d444d; }
      .grid { stroke: #2a313c; } .frame { stroke: #656c76; }
      text { fill: #e6edf3; } .soft { fill: #9198a1; }
      .ours { stroke: #58a6ff; } .ours.mark { fill: #58a6ff; }
      .cold { stroke: #58a6ff; } .cold.mark { fill: #0d1117; }
      .peer-0 { stroke: #f0883e; } .peer-0.mark { fill: #f0883e; }
      .peer-1 { stroke: #a371f7; } .peer-1.mark { fill: #a371f7; }
      .peer-2 { stroke: #3fb950; } .peer-2.mark { fill: #3fb950; }
    }
  """


@dataclass(frozen=True, slots=True)
class Scale:
    """A logarithmic axis: where on the drawing a value is."""

    low: float
    high: float
    begin: float
    end: float

    def at(self, value: float) -> float:
        """The place of a value that is more than nothing."""
        share = (math.log10(value) - math.log10(self.low)) / (math.log10(self.high) - math.log10(self.low))
        return self.begin + share * (self.end - self.begin)

    def decades(self) -> Iterator[float]:
        """The powers of ten on it."""
        for power in range(math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9) + 1):
            yield 10.0**power


@dataclass(frozen=True, slots=True)
class _Panel:
    """One plot."""

    case: Case
    x: Scale
    y: Scale


def drawn(figures: Figures) -> str:
    """The whole drawing, the same bytes for the same figures."""
    root = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {_WIDTH} {_HEIGHT}"})
    root.attrib |= {"role": "img", "aria-labelledby": "peers-title peers-words"}
    ET.SubElement(root, "title", {"id": "peers-title"}).text = "Seconds by number of subscriptions, of us and of peers"
    ET.SubElement(root, "desc", {"id": "peers-words"}).text = words(figures)
    ET.SubElement(root, "style").text = _STYLE
    _add(root, "rect", "ground", x=0.5, y=0.5, width=_WIDTH - 1, height=_HEIGHT - 1, rx=8)
    _text(root, "title", _LEFT - 38, 36, "Equal work: seconds by number of subscriptions")
    _text(
        root,
        "soft",
        _LEFT - 38,
        58,
        "Whole processes, medians; both axes logarithmic; lower is better. Cold: nothing kept from earlier runs.",
    )
    _legend(root, figures.contenders)
    for panel in _panels(figures):
        _axes(root, panel, figures.sizes, first=panel.case is Case.NOTHING)
        for index, name in reversed(list(enumerate(figures.contenders))):  # ours on top
            _course(root, panel, figures, name, index)
    _text(root, "soft", _LEFT - 38, _HEIGHT - 18, _foot(figures))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def words(figures: Figures) -> str:
    """What there is to see, for those who do not see it."""
    found = []
    for case in Case:
        parts = []
        for name in figures.contenders:
            sizes = [size for size in figures.sizes if figures.seconds(name, size, case) is not None]
            told = [f"{figures.seconds(name, size, case):.2f} s at {size:,}" for size in sizes]
            told += [
                f"over {over:.0f} s at {size:,}" for size in figures.sizes if (over := figures.over(name, size, case))
            ]
            if told:
                parts.append(f"{name} {', '.join(told)}")
        found.append(f"{case.capitalize()}: {'; '.join(parts)}.")
    return " ".join(found)


def _foot(figures: Figures) -> str:
    """What is not in the drawing, and what its arrows mean."""
    without = [
        f"{name} at {size:,}"
        for name in figures.contenders
        for size in figures.sizes
        if not any(figures.seconds(name, size, case) or figures.over(name, size, case) for case in Case)
    ]
    arrows = any(gap.over for gap in figures.missing)
    parts = [
        "An arrow: ended there, unfinished." if arrows else "",
        f"Not measured: {', '.join(without)}." if without else "",
    ]
    return " ".join([f"Measured {figures.date}.", *filter(None, parts)])


def _panels(figures: Figures) -> Iterator[_Panel]:
    values = [item.seconds for item in figures.measured] + [gap.over for gap in figures.missing if gap.over]
    low, high = min(values, default=0.1) / 1.5, max(values, default=10.0) * 2.2
    width = (_WIDTH - _LEFT - _RIGHT - _GAP * (len(Case) - 1)) / len(Case)
    sizes = figures.sizes or (1, 10)
    for index, case in enumerate(Case):
        left = _LEFT + index * (width + _GAP)
        x = Scale(sizes[0] / 1.7, sizes[-1] * 1.7, left, left + width)
        yield _Panel(case, x, Scale(low, high, _HEIGHT - _BOTTOM, _TOP))


def _legend(root: ET.Element, names: Sequence[str]) -> None:
    x = float(_LEFT - 30)
    for index, name in enumerate(names):
        _add(root, "path", f"line {_LINES[index]}", d=f"M{x:g} 82 h34")
        _mark(root, index, x + 17, 82, name)
        _text(root, "", x + 42, 87, name)
        x += 78 + len(name) * 7.2


def _axes(root: ET.Element, panel: _Panel, sizes: Sequence[int], *, first: bool) -> None:
    x, y = panel.x, panel.y
    for value in y.decades():
        _add(root, "path", "grid", d=f"M{x.begin:.1f} {y.at(value):.1f} H{x.end:.1f}")
        if first:
            _text(root, "y", x.begin - 8, y.at(value) + 5, f"{value:g} s")
    for size in sizes:
        _add(root, "path", "grid", d=f"M{x.at(size):.1f} {y.begin:.1f} V{y.end:.1f}")
        _text(root, "x", x.at(size), y.begin + 20, f"{size:,}")
    _add(root, "rect", "frame", x=x.begin, y=y.end, width=x.end - x.begin, height=y.begin - y.end)
    _text(root, "panel", (x.begin + x.end) / 2, y.end - 8, panel.case)


def _course(root: ET.Element, panel: _Panel, figures: Figures, name: str, index: int) -> None:
    """One contender's line with its marks, and an arrow where it was ended."""
    group = ET.SubElement(root, "g")
    points = []
    for size in figures.sizes:
        seconds = figures.seconds(name, size, panel.case)
        if seconds is not None:
            points.append((panel.x.at(size), panel.y.at(seconds), f"{name}, {size:,}: {seconds:.2f} s"))
    if points:
        _add(group, "path", f"line {_LINES[index]}", d="M" + " L".join(f"{x:.1f} {y:.1f}" for x, y, _ in points))
    for size in figures.sizes:
        if over := figures.over(name, size, panel.case):
            x, y = panel.x.at(size), panel.y.at(over)
            if points:
                _add(
                    group,
                    "path",
                    f"line bound {_LINES[index]}",
                    d=f"M{points[-1][0]:.1f} {points[-1][1]:.1f} L{x:.1f} {y:.1f}",
                )
            _add(group, "path", f"line {_LINES[index]}", d=f"M{x:.1f} {y:.1f} v-14 m-5 6 l5 -7 l5 7")
            points.append((x, y, f"{name}, {size:,}: over {over:.0f} s"))
    for x, y, told in points:
        _mark(group, index, x, y, told)


def _mark(parent: ET.Element, index: int, x: float, y: float, told: str) -> None:
    """A shape of the contender's own, with what a mouse that rests on it is told."""
    shapes = (
        f"M{x - 5:.1f} {y:.1f} a5 5 0 1 0 10 0 a5 5 0 1 0 -10 0 Z",
        f"M{x - 5:.1f} {y:.1f} a5 5 0 1 0 10 0 a5 5 0 1 0 -10 0 Z",
        f"M{x - 4.5:.1f} {y - 4.5:.1f} h9 v9 h-9 Z",
        f"M{x:.1f} {y - 6:.1f} l6 10 h-12 Z",
        f"M{x:.1f} {y - 6:.1f} l6 6 l-6 6 l-6 -6 Z",
    )
    mark = _add(parent, "path", f"mark {_LINES[index]}", d=shapes[index])
    ET.SubElement(mark, "title").text = told


def _add(parent: ET.Element, tag: str, kind: str, **attributes: float | str) -> ET.Element:
    written = {name: value if isinstance(value, str) else f"{value:.1f}" for name, value in attributes.items()}
    return ET.SubElement(parent, tag, {"class": kind, **written})


def _text(parent: ET.Element, kind: str, x: float, y: float, text: str) -> None:
    ET.SubElement(parent, "text", {"x": f"{x:.1f}", "y": f"{y:.1f}"} | ({"class": kind} if kind else {})).text = text
