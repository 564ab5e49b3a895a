"""Where things stand in a spec file: cheap places now, line and column only when somebody asks.

Pure. Parsing keeps no positions: a file is read a second time, once, when the first of its places is asked. Line by
line where its layout is plain, and else by the parser's events.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple, TypeAlias

from yaml.error import YAMLError
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from reconciler.diagnostics import Location
from reconciler.spec.collector import at_rest
from reconciler.spec.libyaml import CParser
from reconciler.spec.lines import Block, Marks, blocks_of, find

Path = tuple[str | int, ...]
"""From the root of a document: keys of mappings, and indexes into sequences."""


_Branch: TypeAlias = tuple[int, "dict[str, _Entry] | list[_Entry]"]
_Entry: TypeAlias = int | _Branch
"""Of one value: where its key and where itself stands, packed into a number; and for a container what is in it.

Numbers cost a third of anything else, and nothing at all when garbage is looked for."""

_COLUMN = 25  # bits: a file holds at most 2**24 characters
_MARK = 2 * _COLUMN  # bits of one position: its line and its column


class Document:
    """One spec file: its path as shown, its text, and the positions in it once they are needed."""

    __slots__ = ("_blocks", "_root", "origin", "text")

    def __init__(self, origin: str, text: str) -> None:
        self.origin = origin
        self.text = text
        self._blocks: dict[str, Block] | None = None
        """Of a text of plain layout, once a place was asked; empty: it has another one."""
        self._root: _Entry | None = None

    @property
    def folder(self) -> str:
        """The path of the folder that holds it, as shown; empty at the top."""
        return self.origin.rpartition("/")[0]

    @property
    def name(self) -> str:
        """Its file name."""
        return self.origin.rpartition("/")[2]

    def at(self, *path: str | int) -> SpecPlace:
        """The place of the value at this path."""
        return SpecPlace(self, path, False)

    def key(self, *path: str | int) -> SpecPlace:
        """The place of the key that this path ends with."""
        return SpecPlace(self, path, True)

    def locate(self, path: Path, key: bool) -> Location:
        """Line and column of a value or its key; of the nearest thing around it where there is no such path."""
        blocks = self.blocks(path)
        marks = find(self.text, blocks, path, key, _within) if blocks else None
        if marks is None:
            if self._root is None:
                self._root = _positions(self.text)
            marks = _found(self._root, path, key)
        return Location(self.origin, self.line(marks[0]) + 1, marks[1] + 1)

    def blocks(self, path: Path) -> dict[str, Block]:
        """The blocks in which to look for this path; empty: the text has another layout."""
        if self._blocks is None:
            self._blocks = blocks_of(self.text) or {}
        return self._blocks

    def line(self, number: int) -> int:
        """Which line of the file that one of the text is; both from 0."""
        return number


class SpecPlace(NamedTuple):
    """A Place: the value at a path of a document, or the key that the path ends with."""

    document: Document
    path: Path
    is_key: bool

    @property
    def file(self) -> str:
        """The file's path as shown; costs nothing."""
        return self.document.origin

    @property
    def location(self) -> Location:
        """File, line and column, found when first asked for."""
        return self.document.locate(self.path, self.is_key)


def _within(text: str, path: Path, key: bool) -> Marks:
    return _found(_positions(text), path, key)


def _found(entry: _Entry, path: Path, key: bool) -> Marks:
    for step in path:
        inner = _inner(entry, step)
        if inner is None:
            key = False
            break
        entry = inner
    marks = entry if isinstance(entry, int) else entry[0]
    mark = marks >> _MARK if key else marks & (1 << _MARK) - 1
    return mark >> _COLUMN, mark & (1 << _COLUMN) - 1


def _inner(entry: _Entry, step: str | int) -> _Entry | None:
    match entry:
        case (_, dict() as children) if isinstance(step, str):
            return children.get(step)
        case (_, list() as items) if isinstance(step, int) and step < len(items):
            found: _Entry = items[step]
            return found
        case _:
            return None


def _positions(text: str) -> _Entry:
    """The tree of positions, as far as the text can be read. Of two equal keys the first one counts, as in `parse`."""
    top: list[_Entry] = []
    with at_rest(), suppress(YAMLError, UnicodeError):  # `parse` reported it; what stands before it still has its place
        _collect(CParser(text).get_event, top)
    return top[0] if top else 0


def _collect(get_event: Any, top: list[_Entry]) -> None:
    # A key waits with its packed position; that of a key which is no text is -1, and its value is let go.
    box: Any = top
    key, key_at, in_mapping = None, -1, False
    outer: list[tuple[Any, bool, bool]] = []
    while (event := get_event()) is not None:
        kind = event.__class__
        if kind is ScalarEvent:
            mark = event.start_mark
            at = (mark.line << _COLUMN) + mark.column
            if not in_mapping:
                box.append(at)
            elif key is None:
                key, key_at = event.value, at
            else:
                if key_at >= 0:
                    box.setdefault(key, (key_at << _MARK) + at)
                key = None
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            box, in_mapping, was_key = outer.pop()
            key, key_at = ("" if was_key else None), -1
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            mark = event.start_mark
            at = (mark.line << _COLUMN) + mark.column
            children: Any = {} if kind is MappingStartEvent else []
            if not in_mapping:
                box.append((at, children))
            elif key is not None and key_at >= 0:
                box.setdefault(key, ((key_at << _MARK) + at, children))
            outer.append((box, in_mapping, in_mapping and key is None))
            box, in_mapping, key = children, kind is MappingStartEvent, None
        elif kind is AliasEvent:
            key, key_at = ("", -1) if in_mapping and key is None else _alias(event, box, key, key_at)


def _alias(event: Any, box: Any, key: str | None, key_at: int) -> tuple[None, int]:
    """An alias standing as a value has a place, for it is complained about."""
    at = (event.start_mark.line << _COLUMN) + event.start_mark.column
    if key is None:
        box.append(at)
    elif key_at >= 0:
        box.setdefault(key, (key_at << _MARK) + at)
    return None, -1
