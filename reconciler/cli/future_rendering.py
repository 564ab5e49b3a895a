"""Which view renders a look ahead in which format. Decides nothing: it hands values on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from reconciler.catalogue import Names
from reconciler.consequences import Due
from reconciler.diagnostics import Diagnostic
from reconciler.forecast import Comparison, Forecast
from reconciler.model import StoredSubscription
from reconciler.what_if import Outlook

if TYPE_CHECKING:
    from reconciler.cli.output import Render
    from reconciler.views.sheet import Sheet


def forecast_renders(
    forecast: Forecast, names: Names, notes: Sequence[str], diagnostics: Sequence[Diagnostic]
) -> dict[str, Render]:
    """What is ahead."""

    def sheet() -> Sheet:
        from reconciler.views.future import forecast_sheet

        return forecast_sheet(forecast, names, notes)

    def table(colour: bool) -> str:
        from reconciler.views.csv import csv_text
        from reconciler.views.future import FORECAST_HEADING, forecast_rows

        return csv_text(FORECAST_HEADING, forecast_rows(forecast))

    def machine(colour: bool) -> bytes:
        from reconciler.views.future_json import forecast_json

        return forecast_json(forecast, names, diagnostics)

    return {**_people(sheet), "csv": table, "json": machine}


def comparison_renders(
    comparison: Comparison, names: Names, notes: Sequence[str], diagnostics: Sequence[Diagnostic]
) -> dict[str, Render]:
    """Two futures."""

    def sheet() -> Sheet:
        from reconciler.views.future import comparison_sheet

        return comparison_sheet(comparison, names, notes)

    def table(colour: bool) -> str:
        from reconciler.views.csv import csv_text
        from reconciler.views.future import COMPARISON_HEADING, comparison_rows

        return csv_text(COMPARISON_HEADING, comparison_rows(comparison))

    def machine(colour: bool) -> bytes:
        from reconciler.views.future_json import comparison_json

        return comparison_json(comparison, names, diagnostics)

    return {**_people(sheet), "csv": table, "json": machine}


def due_renders(
    due: Sequence[Due],
    names: Names,
    notes: Sequence[str],
    diagnostics: Sequence[Diagnostic],
    *,
    as_of: datetime,
    last: date,
) -> dict[str, Render]:
    """What renews soon."""

    def sheet() -> Sheet:
        from reconciler.views.decisions import due_sheet

        return due_sheet(due, names, last, notes)

    def table(colour: bool) -> str:
        from reconciler.views.csv import csv_text
        from reconciler.views.decisions import DUE_HEADING, due_rows

        return csv_text(DUE_HEADING, due_rows(due, names))

    def machine(colour: bool) -> bytes:
        from reconciler.views.future_json import due_json

        return due_json(due, names, as_of=as_of, last=last, diagnostics=diagnostics)

    return {**_people(sheet), "csv": table, "json": machine}


def what_if_renders(
    row: StoredSubscription,
    ways: Sequence[Outlook],
    names: Names,
    diagnostics: Sequence[Diagnostic],
    *,
    as_of: datetime,
) -> dict[str, Render]:
    """One subscription four ways."""

    def sheet() -> Sheet:
        from reconciler.views.decisions import what_if_sheet

        return what_if_sheet(row, ways, names)

    def table(colour: bool) -> str:
        from reconciler.views.csv import csv_text
        from reconciler.views.decisions import WHAT_IF_HEADING, what_if_rows

        return csv_text(WHAT_IF_HEADING, what_if_rows(ways))

    def machine(colour: bool) -> bytes:
        from reconciler.views.future_json import what_if_json

        return what_if_json(row, ways, names, as_of=as_of, diagnostics=diagnostics)

    return {**_people(sheet), "csv": table, "json": machine}


def _people(sheet: Callable[[], Sheet]) -> dict[str, Render]:
    """A sheet in the formats that people read."""

    def text(colour: bool) -> str:
        from reconciler.views.sheet import sheet_text

        return sheet_text(sheet(), colour=colour)

    def markdown(colour: bool) -> str:
        from reconciler.views.sheet import sheet_markdown

        return sheet_markdown(sheet())

    return {"text": text, "markdown": markdown, "github": lambda colour: text(False)}
