"""Tables of Markdown that share a limited room: rows, and the cells that are made alike everywhere.

Pure values to text; everything foreign is escaped here or by whoever calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from reconciler.diagnostics import Place
from reconciler.model import SubscriptionKey
from reconciler.views.budget import Block
from reconciler.views.escape import markdown, markdown_code
from reconciler.views.paint import shorten
from reconciler.views.words import NameOf

LONG = 1000
"""Characters shown of a hint or a headline."""
_CELL = 300

_Item = TypeVar("_Item")


def cut(text: str) -> str:
    """A text that is no longer than a cell takes."""
    return shorten(text, _CELL)


def row(*cells: str) -> str:
    """One row of a table, its cells escaped already."""
    return f"| {' | '.join(cells)} |"


def table(
    title: str,
    columns: Sequence[str],
    items: Sequence[_Item],
    made: Callable[[_Item], str],
    *,
    folded: bool = False,
    count: int | None = None,
) -> list[Block]:
    """A titled table, or nothing at all for no items; folded, it opens on a click.

    `count`: how many they are, where an item stands for several.
    """
    if not items:
        return []
    heading = (row(*columns), row(*("---" for _ in columns)))
    title = f"{title} ({len(items) if count is None else count:,})"
    opening = f"<details><summary>{title}</summary>" if folded else f"#### {title}"
    tail = ("", "</details>") if folded else ()
    return [Block((opening, "", *heading), tail, len(items), lambda index: made(items[index]))]


def stacked(*cells: str) -> str:
    """Cells that are one, each in a line of its own."""
    return "<br>".join(filter(None, cells))


def phrases(texts: Sequence[str]) -> str:
    """Phrases in one cell, escaped, each in a line of its own."""
    return stacked(*(markdown(cut(text)) for text in texts))


def key_cell(key: SubscriptionKey | str) -> str:
    """A key or an account's name."""
    return markdown_code(cut(str(key)))


def product_cell(key: SubscriptionKey, code: str, names: NameOf) -> str:
    """What to call the product; empty where it is not known to the item."""
    return markdown(cut(names(key.account, code))) if code else ""


def with_place(cell: str, place: Place) -> str:
    """A cell with the place in the specs below."""
    return stacked(cell, markdown_code(cut(str(place.location))))
