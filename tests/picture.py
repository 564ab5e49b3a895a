"""Draws the picture of a plan that the README shows: the real command on a small estate, in the colours of a terminal.

`make picture` writes docs/plan.svg, the same bytes each time; a test holds that it is what would be drawn today.
"""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from tests.conftest import REPOSITORY
from tests.console import surroundings

PICTURE: Final = REPOSITORY / "docs" / "plan.svg"

_SETTINGS: Final = """\
version: 1
accounts:
  contoso: {provider: ledger, catalogue: microsoft}
timezone: Europe/Berlin
"""

_BEFORE: Final = """\
version: 1
account: contoso
subscriptions:
  business-premium:
    facts: {product: SPB, term: annual, start: 2026-02-14, seats: 25, price: 247.20 EUR}
    protect: true
  copilot:
    facts: {product: Microsoft_365_Copilot, term: annual, start: 2026-06-15, seats: 5, price: 337.20 EUR}
  copilot-duplicate:
    facts: {product: Microsoft_365_Copilot, term: annual, start: 2026-11-20, seats: 5, price: 337.20 EUR}
  exchange-mailboxes:
    facts: {product: EXCHANGESTANDARD, term: monthly, start: 2026-01-31, seats: 8, price: 3.70 EUR}
  intune:
    facts: {product: INTUNE_A, term: monthly, start: 2026-07-31, seats: 40, price: 7.50 EUR}
    recurring: off
  power-bi:
    facts: {product: POWER_BI_PRO, term: annual, start: 2025-12-15, seats: 6, price: 112.80 EUR}
  project-plan-5:
    facts: {product: PROJECTPREMIUM, term: annual, start: 2026-05-01, seats: 2, price: 618.00 EUR}
  visio-plan-2:
    facts: {product: VISIOCLIENT, term: monthly, start: 2026-03-31, seats: 1, price: 13.10 EUR}
"""

_EDITS: Final = (
    ("    protect: true\n", "    recurring: off\n    reason: costs too much\n"),
    (
        "2026-11-20, seats: 5, price: 337.20 EUR}\n",
        """2026-11-20, seats: 5, price: 337.20 EUR}
    cancel:
      when: immediately
      reason: duplicate of copilot
      confirm: contoso/copilot-duplicate@2026-11-20
""",
    ),
    ("    recurring: off\n  power-bi", "    recurring: on\n    reason: the new laptops need it\n  power-bi"),
    (
        "2026-05-01, seats: 2, price: 618.00 EUR}\n",
        (
            "2026-05-01, seats: 2, price: 618.00 EUR}\n"
            "    cancel: at-renewal\n    reason: the last project ends in spring\n"
        ),
    ),
    (
        "seats: 1, price: 13.10 EUR}\n",
        "seats: 1, price: 13.10 EUR}\n    recurring: off\n    reason: team moved to another tool\n",
    ),
    (
        "  power-bi:",
        "  office-e3:\n    facts: {product: ENTERPRISEPACK, term: annual, start: 2026-09-01}\n  power-bi:",
    ),
)
"""What is changed in the specs: each first text, which must stand there once, for the second."""

_COLUMNS: Final = 118
_INK, _PAPER, _DIM = (205, 211, 222), (24, 27, 33), (92, 99, 112)
_RED, _GREEN, _YELLOW = (240, 113, 120), (152, 195, 121), (229, 192, 123)
_BLUE, _PURPLE, _CYAN = (97, 175, 239), (198, 140, 232), (86, 182, 194)
_THEME: Final = TerminalTheme(
    _PAPER,
    _INK,
    [_PAPER, _RED, _GREEN, _YELLOW, _BLUE, _PURPLE, _CYAN, _INK],
    [_DIM, _RED, _GREEN, _YELLOW, _BLUE, _PURPLE, _CYAN, (255, 255, 255)],
)
# rich's own form loads a font from elsewhere; a picture in a repository must be whole by itself.
_FORM: Final = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
    <title>A plan of reconcile in a terminal</title>
    <style>
    .{unique_id}-matrix {{
        font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace;
        font-size: {char_height}px;
    }}
    .{unique_id}-title {{
        font-family: system-ui, sans-serif;
        font-size: 16px;
    }}
{styles}
    </style>
    <defs>
    <clipPath id="{unique_id}-clip-terminal">
      <rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
    </clipPath>
{lines}
    </defs>
    {chrome}
    <g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
    <g class="{unique_id}-matrix">
{matrix}
    </g>
    </g>
</svg>
"""


def drawn() -> str:
    """The picture as it is today."""
    console = Console(record=True, file=io.StringIO(), width=_COLUMNS, color_system="truecolor", force_terminal=True)
    console.print(Text.from_ansi("$ reconcile --dry-run\n" + _plan()))
    picture = console.export_svg(title="~/subscriptions", theme=_THEME, code_format=_FORM, unique_id="plan")
    return _TEXT.sub(_trimmed, picture)


_TEXT: Final = re.compile(
    r'<text class="(?P<style>[\w-]+)" x="(?P<x>[\d.]+)" y="(?P<y>[\d.]+)" textLength="(?P<length>[\d.]+)" '
    r"(?P<clip>[^>]*)>"
    r"(?P<before>(?:&#160;)*)(?P<text>.*?)(?P<after>(?:&#160;)*)</text>",
    re.DOTALL,
)
_CELL: Final = 12.2
"""How wide rich draws a column."""


def _trimmed(found: re.Match[str]) -> str:
    """A piece of text without the blanks around it, which not every viewer draws; nothing for a mere line end."""
    if not found["text"].strip():
        return ""
    before, after = (found[side].count(";") * _CELL for side in ("before", "after"))
    x, length = float(found["x"]) + before, float(found["length"]) - before - after
    place = f'x="{x:.1f}" y="{found["y"]}" textLength="{length:.1f}"'
    return f'<text class="{found["style"]}" {place} {found["clip"]}>{found["text"]}</text>'


def _plan() -> str:
    """What the command prints on a terminal for the edited estate."""
    with tempfile.TemporaryDirectory() as name:
        root, around = Path(name) / "subscriptions", Path(name) / "around"
        (root / "specs" / "contoso").mkdir(parents=True)
        around.mkdir()
        (root / "reconcile.yaml").write_text(_SETTINGS, "utf-8")
        specs = root / "specs" / "contoso" / "licences.yaml"
        specs.write_text(_BEFORE, "utf-8")
        environment = {**surroundings(around), "TERM": "xterm-256color"}
        subprocess.run(["reconcile", "--yes"], cwd=root, env=environment, check=True, capture_output=True)
        specs.write_text(_after(), "utf-8")
        return _on_terminal(["reconcile", "--dry-run"], root, environment)


def _after() -> str:
    text = _BEFORE
    for old, new in _EDITS:
        if text.count(old) != 1:
            raise ValueError(f"{old!r} must stand once in the specs")
        text = text.replace(old, new)
    return text


def _on_terminal(words: list[str], cwd: Path, environment: dict[str, str]) -> str:
    """What a command prints where its standard output is a terminal."""
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(words, cwd=cwd, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    finally:
        os.close(theirs)
    data = b""
    try:
        while part := _read(ours):
            data += part
    finally:
        os.close(ours)
    if process.wait() != 0:
        raise RuntimeError(data.decode())
    return data.decode().replace("\r\n", "\n")


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 65_536)
    except OSError:  # Linux says so once the other side is closed
        return b""


if __name__ == "__main__":
    PICTURE.write_text(drawn(), "utf-8")
