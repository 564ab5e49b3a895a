"""Reads an exported CSV into rows, and finds everything that is wrong with it in one pass.

Pure: bytes in, rows or located diagnostics out. Must not guess: what can be read in two ways is an error with a hint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from reconciler.diagnostics import Diagnostic, Location
from reconciler.importing import cells
from reconciler.importing.findings import Findings, excerpt
from reconciler.importing.header import columns_of, other_delimiter
from reconciler.importing.records import Broken, Record, Undecodable, decoded, forbidden, lines_of, records
from reconciler.importing.rows import REQUIRED, ImportedRow, stated
from reconciler.model import Cancel, Recurring, TermLength

ROWS_AT_MOST = 1_000_000
CELL_AT_MOST = 64 * 1024
"""Bytes of one cell: what a scalar of a spec may hold."""

T = TypeVar("T")


def read_csv(
    data: bytes, shown_as: str, mapping: Mapping[str, str]
) -> tuple[tuple[ImportedRow, ...], tuple[Diagnostic, ...]]:
    """All rows in file order, or none and every error. `mapping` renames headers; an empty name leaves a column out."""
    try:
        text = decoded(data, shown_as)
    except Undecodable as fault:
        return (), (fault.found,)
    findings = Findings(shown_as, lines_of(text))
    findings.report(forbidden(text, findings.lines, shown_as))
    rows = _rows(mapping, findings)
    _duplicates(rows, findings)
    return (() if findings.any else tuple(rows)), findings.diagnostics()


def _rows(mapping: Mapping[str, str], findings: Findings) -> list[ImportedRow]:
    """Every row that can be read; all else is reported."""
    filled = _filled(findings)
    header = next(filled, None)
    if header is None:
        hint = f"the first line names the columns: {','.join(REQUIRED)}"
        findings.at_line(1, "csv-empty", "the file is empty", hint=hint)
        return []
    if isinstance(header, Broken):
        _broken(header, findings)
        return []
    if other_delimiter(header, findings):
        return []
    columns = columns_of(header, mapping, findings)
    rows: list[ImportedRow] = []
    number = 0
    for number, record in enumerate(filled, 1):
        if number > ROWS_AT_MOST:
            detail = f"more than {ROWS_AT_MOST:,}"
            findings.at_line(record.line, "csv-too-many-rows", "too many rows", detail=detail, hint="split the file")
            break
        row = _row(record, columns, len(header.cells), findings)
        if row is not None:
            rows.append(row)
    if not number:
        hint = "each line below the header states one subscription"
        findings.at_line(header.line, "csv-no-rows", "the file has a header and no row", hint=hint)
    return rows


def _filled(findings: Findings) -> Iterator[Record | Broken]:
    """The records but blank ones: spreadsheets leave lines of commas behind."""
    return (item for item in records(findings.lines) if isinstance(item, Broken) or any(map(str.strip, item.cells)))


def _broken(item: Broken, findings: Findings) -> None:
    if item.complaint.startswith("new-line character"):
        return  # a carriage return alone: reported as a forbidden character already
    if item.complaint.startswith("field larger"):
        hint = f"it may have {CELL_AT_MOST:,} bytes; or is the quote missing that should end it?"
        findings.at_line(item.line, "csv-cell-too-long", cells.SUMMARIES["csv-cell-too-long"], hint=hint)
        return
    detail = "behind the closing quote of a cell stands something other than a comma"
    if item.complaint.startswith("unexpected end"):
        detail = "a quoted cell is never closed"
    hint = 'a quote within a quoted cell is doubled: "5"" disk"'
    findings.at_line(item.line, "csv-quotes", "quotes that do not fit", detail=detail, hint=hint)


def _row(record: Record | Broken, columns: Mapping[str, int], width: int, findings: Findings) -> ImportedRow | None:
    if isinstance(record, Broken):
        _broken(record, findings)
        return None
    if len(record.cells) != width:
        detail = f"{len(record.cells)} cells, the header has {width}"
        hint = "a cell that holds a comma is quoted; a cell that holds nothing keeps its comma"
        findings.at_line(
            record.line, "csv-ragged-row", "a row of another length than the header", detail=detail, hint=hint
        )
        return None
    return _Cells(record, columns, findings).row()


@dataclass(slots=True)
class _Cells:
    """One record on its way to a row."""

    record: Record
    columns: Mapping[str, int]
    findings: Findings

    def row(self) -> ImportedRow | None:
        """The row, or None where something that it needs is missing or unfit; every cell is looked at."""
        name = self._take("name", cells.display_name)
        product = self._take("product", cells.value)
        term = self._take("term", cells.term_length)
        start = self._take("start", cells.day)
        recurring = self._take("recurring", cells.recurring)
        cancel = self._take("cancel", cells.cancellation)
        billing = self._take("billing", cells.term_length)
        seats = self._take("seats", cells.seats)
        price = self._take("price", cells.price)
        last_charge = self._take("last_charge", cells.price)
        owner = self._take("owner", cells.value)
        external_id = self._take("id", cells.value)
        labels = self._take("labels", cells.labels)
        self._judge(recurring, cancel, term, billing)
        if name is None or product is None or term is None or start is None:
            return None
        return ImportedRow(
            place=Location(self.findings.file, self.record.line),
            name=name,
            product=product,
            term=term,
            start=start,
            recurring=recurring,
            cancel=cancel,
            billing=billing,
            seats=seats,
            price=price,
            last_charge=last_charge,
            owner=owner,
            id=external_id,
            labels=labels,
        )

    def _judge(
        self, recurring: Recurring | None, cancel: Cancel | None, term: TermLength | None, billing: TermLength | None
    ) -> None:
        """Report cells that contradict each other."""
        if recurring is Recurring.ON and cancel is Cancel.AT_RENEWAL:
            hint = "what is cancelled at renewal does not renew: recurring is off, or cancel is none"
            self._fault("cancel", "csv-contradiction", "recurring on and cancelled at renewal at once", hint=hint)
        if term and billing and billing.months > term.months:
            detail, hint = f"billing {billing}, term {term}", "a term is charged at least once"
            self._fault(
                "billing", "csv-billing-too-long", "billed less often than once a term", detail=detail, hint=hint
            )

    def _take(self, column: str, read: Callable[[str], T]) -> T | None:
        """What the cell of that column says; None where it says nothing, or nothing that can be taken."""
        index = self.columns.get(column)
        text = "" if index is None else self.record.cells[index].strip()
        if not text:
            if column in REQUIRED and index is not None:
                hint = "every row states it" if column != "product" else "every row states the provider's product code"
                self._fault(column, "csv-missing-value", "a required cell is empty", detail=column, hint=hint)
            return None
        if len(text.encode()) > CELL_AT_MOST:
            hint = f"it may have {CELL_AT_MOST:,} bytes"
            self._fault(column, "csv-cell-too-long", cells.SUMMARIES["csv-cell-too-long"], detail=column, hint=hint)
            return None
        try:
            return read(text)
        except cells.Unfit as unfit:
            summary, detail = cells.SUMMARIES[unfit.code], f"{column} {excerpt(text)}"
            self._fault(column, unfit.code, summary, detail=detail, hint=unfit.hint)
            return None

    def _fault(self, column: str, code: str, summary: str, *, detail: str = "", hint: str = "") -> None:
        self.findings.at_cell(self.record, self.columns[column], code, summary, detail=detail, hint=hint)


def _duplicates(rows: Sequence[ImportedRow], findings: Findings) -> None:
    """Report rows that name one subscription twice: by id, or without one by saying the very same."""
    ids: dict[str, int] = {}
    seen: dict[tuple[str, ...], int] = {}
    for row in rows:
        line = row.place.line
        if row.id is not None:
            first = ids.setdefault(row.id, line)
            code, summary, what = "csv-duplicate-id", "two rows have the same id", f"{excerpt(row.id)} in "
            hint = "keep the row that is right"
        else:
            first = seen.setdefault(stated(row), line)
            code, summary, what = "csv-duplicate-row", "two rows say the very same", ""
            hint = "remove one; if there are two such subscriptions, give each its id in a column `id`"
        if first != line:
            findings.at_line(line, code, summary, detail=f"{what}lines {first} and {line}", hint=hint)
