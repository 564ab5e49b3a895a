"""CSV bytes to records: decoding, forbidden characters, and splitting into cells, each with its place.

Pure. The rules are RFC 4180's, with `csv` of the standard library in its strict mode; only commas part cells.
"""

from __future__ import annotations

import csv
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import accumulate

from reconciler.diagnostics import Diagnostic, Location, error
from reconciler.spec.characters import UNSAFE_IN_NAMES

BYTES_AT_MOST = 256 * 1024 * 1024
"""A longer file is refused before it is looked at."""


class Undecodable(Exception):
    """The bytes are no CSV at all; holds the one diagnostic that says why."""

    def __init__(self, found: Diagnostic) -> None:
        super().__init__(found.summary)
        self.found = found


def decoded(data: bytes, shown_as: str) -> str:
    """The text of a UTF-8 file without its byte order mark; raises Undecodable for anything else."""
    start = Location(shown_as)
    if len(data) > BYTES_AT_MOST:
        detail = f"{len(data):,} bytes; at most {BYTES_AT_MOST:,}"
        raise Undecodable(error("csv-too-large", "the file is too large", start, detail=detail, hint="split it"))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:4]:
        hint = "save it as `CSV UTF-8`, or: iconv -f UTF-16 -t UTF-8 old.csv > new.csv"
        raise Undecodable(
            error("csv-not-utf8", "the file is not UTF-8", start, detail="it looks like UTF-16", hint=hint)
        )
    try:
        return data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as fault:
        raise Undecodable(_not_utf8(data, fault.start, shown_as)) from None


def _not_utf8(data: bytes, offset: int, shown_as: str) -> Diagnostic:
    begin = data.rfind(b"\n", 0, offset) + 1
    column = len(data[begin:offset].decode().removeprefix("\ufeff")) + 1
    place = Location(shown_as, data.count(b"\n", 0, offset) + 1, column)
    detail = f"byte 0x{data[offset]:02X} at offset {offset}"
    hint = "save it as `CSV UTF-8`; if it is Windows-1252 or Latin-1: iconv -f WINDOWS-1252 -t UTF-8 old.csv > new.csv"
    return error("csv-not-utf8", "the file is not UTF-8", place, detail=detail, hint=hint)


# What no name in a spec may hold can stand in no cell either, but for what makes lines and columns.
_FORBIDDEN = re.compile(rf"(?!\t|\n|\r\n){UNSAFE_IN_NAMES.pattern}")


def forbidden(text: str, lines: Sequence[str], shown_as: str) -> Iterator[Diagnostic]:
    """Every character that no cell may hold, with its place."""
    starts: list[int] = []
    for found in _FORBIDDEN.finditer(text):
        starts = starts or [0, *accumulate(map(len, lines))]
        line = bisect_right(starts, found.start())
        place = Location(shown_as, line, found.start() - starts[line - 1] + 1)
        hint = "remove it; where it came with a copied name, type the name anew"
        if found[0] == "\r":
            hint = "end lines with LF or CRLF: a carriage return alone is no line end"
        detail = f"U+{ord(found[0]):04X}"
        yield error("csv-forbidden-character", "a character that no value may hold", place, detail=detail, hint=hint)


def lines_of(text: str) -> list[str]:
    """The lines with their ends, parted at line feeds only."""
    return list(StringIO(text, newline="\n"))


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of one record, and the line (from 1) in which it begins; a blank line has no cells."""

    line: int
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class Broken:
    """A record whose quoting is wrong: the line in which it begins, and what the reader says of it."""

    line: int
    complaint: str


def records(lines: Sequence[str]) -> Iterator[Record | Broken]:
    """Every record in file order. After a broken one reading goes on in the line after the one in which it began."""
    first = 0
    while first < len(lines):
        reader = csv.reader(map(lines.__getitem__, range(first, len(lines))), strict=True)
        begun = first
        try:
            for cells in reader:
                yield Record(begun + 1, cells)
                begun = first + reader.line_num
        except csv.Error as fault:
            yield Broken(begun + 1, str(fault))
            first = begun + 1
        else:
            return


def cell_place(lines: Sequence[str], line: int, index: int, shown_as: str) -> Location:
    """Where the cell of that index begins, in the well-formed record that begins in that line."""
    text = "".join(lines[line - 1 : line - 1 + _LINES_LOOKED_AT])
    offset = 0
    for _ in range(index):
        ended = _CELL.match(text, offset)
        if ended is None:
            return Location(shown_as, line, 1)
        offset = ended.end()
    begin = text.rfind("\n", 0, offset) + 1
    return Location(shown_as, line + text.count("\n", 0, offset), offset - begin + 1)


_LINES_LOOKED_AT = 1_000
"""A record rarely spans more; the cells behind that are shown at the record's first column."""
_CELL = re.compile(r'(?:"[^"]*+(?:""[^"]*+)*+"|[^",\n][^,\n]*+|),')
