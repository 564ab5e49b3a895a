"""One subscription: its record with its history, and where each of its effective values comes from.

Pure values to text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler.endings import window_closes
from reconciler.journal import HistoryEntry
from reconciler.model import DesiredSubscription, Intent, ScheduledIntent, Status, money_text
from reconciler.policy import Lifecycle
from reconciler.schedule import to_come
from reconciler.views.consequences import sum_words
from reconciler.views.history import entry_lines
from reconciler.views.outside import age_words
from reconciler.views.paint import BLANK, Line, Piece, Style, column, padded, paint
from reconciler.views.status import StatusRow, next_words, price_words
from reconciler.views.words import PER, counted, day, moment, term_words, value_words

if TYPE_CHECKING:  # it imports pydantic and yaml, which a view has no use for
    from reconciler.spec.explain import Explanation, FieldLayers

_LABEL = 14
_DAY = "day"


@dataclass(frozen=True, slots=True)
class Shown:
    """One subscription, with what only its spec and its policy know."""

    row: StatusRow
    spec: DesiredSubscription | None = None
    """None: no file declares it."""
    window_closes: datetime | None = None
    """When it can no longer be cancelled at once, or since when; None: it has ended, always can, or nobody knows."""
    to_come: tuple[ScheduledIntent, ...] = ()
    """Dated intents whose day is still to come."""


def shown(row: StatusRow, spec: DesiredSubscription | None, lifecycle: Lifecycle | None, now: datetime) -> Shown:
    """All there is to show of a row that stands at now."""
    standing = row.record.status is Status.ACTIVE
    closes = window_closes(row.record, lifecycle) if standing and lifecycle is not None else None
    return Shown(row, spec, closes, () if spec is None else to_come(spec, now.astimezone(UTC).date()))


def show_text(found: Shown, entries: Sequence[HistoryEntry], *, now: datetime, colour: bool = False) -> str:
    """One subscription as it stands now, and all that was done to it, oldest first."""
    return paint(show_lines(found, entries, now), colour=colour)


def show_lines(found: Shown, entries: Sequence[HistoryEntry], now: datetime) -> list[Line]:
    """The same as styled lines."""
    row = found.row
    lines: list[Line] = [(Piece(str(row.record.key), Style.STRONG), Piece(f"    {row.product_name}"))]
    facts = [*_axes(row), *_observed(row), *_purchase(row), *_ahead(found, now), *_record(row, found.spec)]
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
    record = row.record
    word = f" ({record.provider_status})" if record.provider_status else ""
    length = "a month of a paid extension" if record.extended else record.length.value
    return [
        ("status", f"{record.status}{word}"),
        ("recurring", record.recurring.value),
        ("cancellation", record.cancellation.value),
        ("term", f"{term_words(record.term.start, record.term.end)} ({length})"),
        ("next", _next(row)),
    ]


def _next(row: StatusRow) -> str:
    """What time brings next, and how far off that is."""
    if row.days_left is None:
        return next_words(row)
    return f"{next_words(row)}, {f'in {counted(row.days_left, _DAY)}' if row.days_left else 'today'}"


def _observed(row: StatusRow) -> list[tuple[str, str]]:
    """How old it is, what is known of one that a provider keeps."""
    return [] if row.observed is None else [("observed", f"{moment(row.observed)}, {age_words(row.age)}")]


def _purchase(row: StatusRow) -> list[tuple[str, str]]:
    record = row.record
    last = "" if record.last_charge is None else f"{money_text(record.last_charge)} for one billing period"
    return [
        ("product", record.product),
        ("id", record.id or ""),
        ("seats", "" if record.seats is None else f"{record.seats:,}"),
        ("price", price_words(record)),
        ("last charge", last),
        ("cost", _cost(row)),
    ]


def _cost(row: StatusRow) -> str:
    """What a term costs, and how that was worked out; or why it is not known."""
    if row.cost is None:
        return ""
    how = f": {row.cost.detail}" if row.cost.detail else ""
    if row.cost.money is None:
        return f"not known{how}"
    return f"{sum_words(row.cost)} {PER[row.charged_for]}{how}"


def _ahead(found: Shown, now: datetime) -> list[tuple[str, str]]:
    """What was decided and scheduled beforehand, and how long it can still be cancelled at once."""
    lines = []
    closes = found.window_closes
    if closes is not None:
        word = "it can be cancelled at once until" if closes > now else "closed"
        lines.append(("window", f"{word} {moment(closes)}"))
    decided = None if found.spec is None else found.spec.decided
    if decided is not None:
        note = f": {decided.note}" if decided.note else ""
        lines.append(("decided", f"renewal of {day(decided.day)}, by {decided.by}{note}"))
    for entry in found.to_come:
        why = f": {entry.intent.reason}" if entry.intent.reason else ""
        lines.append(("scheduled", f"{day(entry.day)}, {_pair(entry.intent)}{why}"))
    return lines


def _pair(intent: Intent) -> str:
    pair = (("recurring", intent.recurring), ("cancel", intent.cancel))
    return " and ".join(f"{name} {value}" for name, value in pair if value is not None)


def _record(row: StatusRow, spec: DesiredSubscription | None) -> list[tuple[str, str]]:
    record = row.record
    managed = "no: no file declares it"
    if row.managed:
        managed = "declared" if spec is None else f"declared at {spec.place.location}"
    return [
        ("owner", record.owner or ""),
        ("protected", "yes" if record.protected else "no"),
        ("labels", ", ".join(f"{name}={value}" for name, value in sorted(record.labels.items()))),
        ("started", day(record.start)),
        ("reactivated", "" if record.anchor == record.start else day(record.anchor)),
        ("cancelled on", "" if record.requested_at is None else day(record.requested_at)),
        ("managed", managed),
    ]
