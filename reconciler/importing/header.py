"""The header of an imported file: which cell of a row belongs to which of our columns.

Pure. Nothing is guessed: a header that is none of ours must be mapped or left out by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.diagnostics import did_you_mean
from reconciler.errors import UsageError
from reconciler.importing.findings import Findings, excerpt
from reconciler.importing.records import Record
from reconciler.importing.rows import COLUMNS, REQUIRED


def mapping_of(pairs: Iterable[str]) -> dict[str, str]:
    """What the `--map THEIR=OURS` flags say, by their header; ours is empty for a column to be left out."""
    found: dict[str, str] = {}
    for pair in pairs:
        their, equals, ours = (part.strip() for part in pair.rpartition("="))
        if not equals or not their:
            hint = "such as --map 'Product code=product', or --map 'Remarks=' to leave a column out"
            raise UsageError("map-syntax", f"--map takes THEIR=OURS, not '{pair}'", hint)
        if ours and ours not in COLUMNS:
            hint = did_you_mean(ours, COLUMNS) or f"the columns are {', '.join(COLUMNS)}"
            raise UsageError("map-unknown-column", f"--map '{pair}': there is no column '{ours}'", hint)
        if found.get(their, ours) != ours:
            raise UsageError("map-twice", f"--map names the header '{their}' twice", "map each header once")
        found[their] = ours
    return found


def other_delimiter(header: Record, findings: Findings) -> bool:
    """Report a file whose cells are not parted by commas; whether it is one."""
    text = header.cells[0]
    if text.lower().startswith("sep="):
        _delimiter(
            findings, header, "the first line is a spreadsheet's own mark", "remove that line, and part cells by commas"
        )
        return True
    sign = next((sign for sign in _DELIMITERS if sign in text), None)
    if len(header.cells) > 1 or sign is None:
        return False
    hint = (
        'save it with commas, or: python3 -c "import csv, sys; csv.writer(sys.stdout).writerows('
        f'csv.reader(sys.stdin, delimiter={sign!r}))" < old.csv > new.csv'
    )
    _delimiter(findings, header, f"this file has {_DELIMITERS[sign]}", hint)
    return True


_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def _delimiter(findings: Findings, header: Record, detail: str, hint: str) -> None:
    findings.at_line(header.line, "csv-delimiter", "cells are parted by commas", detail=detail, hint=hint)


def columns_of(header: Record, mapping: Mapping[str, str], findings: Findings) -> dict[str, int]:
    """The index of each of our columns that the header has; everything wrong with it is reported."""
    found: dict[str, int] = {}
    headers = [cell.strip() for cell in header.cells]
    for index, their in enumerate(headers):
        ours = mapping.get(their, their)
        if ours in COLUMNS:
            _keep(found, ours, index, header, findings)
        elif their not in mapping:
            _unknown(their, index, header, findings)
    for their in mapping.keys() - set(headers):
        hint = did_you_mean(their, headers) or f"the headers are {', '.join(map(excerpt, headers))}"
        summary = "--map names a header that the file does not have"
        findings.at_line(header.line, "csv-unmatched-map", summary, detail=excerpt(their), hint=hint)
    for ours in REQUIRED:
        if ours not in found:
            hint = f"add it, or name the header that holds it: --map 'THEIRS={ours}'"
            findings.at_line(header.line, "csv-missing-column", "missing column", detail=f"'{ours}'", hint=hint)
    return found


def _keep(found: dict[str, int], ours: str, index: int, header: Record, findings: Findings) -> None:
    if ours not in found:
        found[ours] = index
        return
    first, second = (excerpt(header.cells[at].strip()) for at in (found[ours], index))
    detail = f"{ours} is given by column {found[ours] + 1}, {first}, and by column {index + 1}, {second}"
    hint = "keep one; a column is left out by --map 'THEIRS='"
    findings.at_cell(header, index, "csv-duplicate-column", "two columns say the same", detail=detail, hint=hint)


def _unknown(their: str, index: int, header: Record, findings: Findings) -> None:
    if not their:
        detail = f"column {index + 1} has no name"
        hint = "name it, or remove the column"
        findings.at_cell(header, index, "csv-unknown-column", _UNKNOWN, detail=detail, hint=hint)
        return
    near = did_you_mean(their, COLUMNS)
    hint = f"rename it by --map '{their}=OURS', or leave it out by --map '{their}='"
    hint = f"{near} If not: {hint}" if near else hint
    findings.at_cell(header, index, "csv-unknown-column", _UNKNOWN, detail=excerpt(their), hint=hint)


_UNKNOWN = "unknown column"
