"""One subscription: its record with its history, and where each of its effective values comes from.

Pure values to text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from reconciler.diagnostics import Place
from reconciler.journal import HistoryEntry
from reconciler.model import StoredSubscription
from reconciler.views.history import entry_lines
from reconciler.views.paint import BLANK, Line, Piece, Style, column, padded, paint
from reconciler.views.status import StatusRow, price_words, upcoming
from reconciler.views.words import day, term_words, value_words

if TYPE_CHECKING:  # it imports pydantic and yaml, which a view has no use for
    from reconciler.spec.explain import Explanation, FieldLayers

_LABEL = 14


def show_text(
    row: StatusRow,
    entries: Sequence[HistoryEntry],
    *,
    stored: StoredSubscription | None = None,
    place: Place | None = None,
    colour: bool = False,
) -> str:
    """One subscription as it stands, and all that was done to it, oldest first; `place` is where its spec stands."""
    return paint(show_lines(row, entries, stored=stored, place=place), colour=colour)


def show_lines(
    row: StatusRow,
    entries: Sequence[HistoryEntry],
    *,
    stored: StoredSubscription | None = None,
    place: Place | None = None,
) -> list[Line]:
    """The same as styled lines."""
    lines: list[Line] = [(Piece(str(row.subscription), Style.STRONG), Piece(f"    {row.product_name}"))]
    facts = [*_axes(row), *_purchase(row), *_record(row, stored, place)]
    lines += [(Piece(f"  {padded(name, _LABEL)}", Style.QUIET), Piece(value)) for name, value in facts if value]
    lines += [BLANK, (Piece("History" if entries else "No history: nothing was applied to it yet.", Style.STRONG),)]
    return [*lines, *entry_lines(entries)]


def explain_text(explanation: Explanation, *, colour: bool = False) -> str:
    """Every field with its layers, strongest first; the marked one holds."""
    return paint(explain_lines(explanation), colour=colour)


def explain_lines(explanation: Explanation) -> list[Line]:
    """The same as styled lines."""
    lines: list[Line] = [
        (Piece(explanation.subscription, Style.STRONG), Piece(f"    {explanation.location}", Style.QUIET)),
    ]
    if not explanation.fields:
        return [*lines, (Piece("No layer says anything of it: it is listed, and left as it is."),)]
    values = column((_said(layer.value) for field in explanation.fields for layer in field.layers), gap=2)
    kinds = column((layer.layer for field in explanation.fields for layer in field.layers), gap=2)
    for field in explanation.fields:
        lines += [BLANK, (Piece(field.field, Style.NAME),), *_layers(field, values, kinds)]
    return [*lines, BLANK, (Piece("* holds; the layers below it are weaker, or were replaced.", Style.QUIET),)]


def _layers(field: FieldLayers, values: int, kinds: int) -> list[Line]:
    return [
        (
            Piece(f"  {'*' if layer.holds else ' '} "),
            Piece(padded(_said(layer.value), values, least=2), Style.STRONG if layer.holds else Style.QUIET),
            Piece(padded(layer.layer, kinds)),
            Piece(str(layer.location), Style.QUIET),
        )
        for layer in reversed(field.layers)
    ]


def _said(value: str | int | bool | Mapping[str, str]) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {text}" for name, text in value.items())
    return value_words(value)


def _axes(row: StatusRow) -> list[tuple[str, str]]:
    """The four axes, which are never folded into one."""
    word = f" ({row.provider_status})" if row.provider_status else ""
    return [
        ("status", f"{row.status}{word}"),
        ("recurring", row.recurring.value),
        ("cancellation", row.cancellation.value),
        ("term", f"{term_words(row.term.start, row.term.end)} ({row.length})"),
        ("next", upcoming(row)),
    ]


def _purchase(row: StatusRow) -> list[tuple[str, str]]:
    return [
        ("product", row.product),
        ("id", row.external_id or ""),
        ("seats", "" if row.seats is None else f"{row.seats:,}"),
        ("price", price_words(row)),
    ]


def _record(row: StatusRow, stored: StoredSubscription | None, place: Place | None) -> list[tuple[str, str]]:
    found = [("owner", row.owner or ""), ("protected", "yes" if row.protected else "no")]
    if stored is not None:
        found += [
            ("labels", ", ".join(f"{name}={value}" for name, value in sorted(stored.labels.items()))),
            ("started", day(stored.start)),
            ("reactivated", "" if stored.anchor == stored.start else day(stored.anchor)),
            ("cancelled on", "" if stored.requested_at is None else day(stored.requested_at)),
        ]
    managed = "declared" if place is None else f"declared at {place.location}"
    return [*found, ("managed", managed if row.managed else "no: no file declares it")]
