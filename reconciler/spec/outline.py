"""Where every value of a spec file begins and ends, and how it is written: what an edit of the text must know.

Pure. Slower than `positions`, which is enough for messages; made only where a file is to be edited. Judges nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from yaml.error import YAMLError
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from reconciler.spec.libyaml import CParser

_BLOCK_SCALARS = ("|", ">")


class NoOutline(Exception):
    """The text is no YAML of this dialect, so nothing can be said about its parts."""


@dataclass(frozen=True, slots=True)
class Word:
    """A single value; `start` and `end` count characters, and what follows the last visible one is no part of it."""

    start: int
    end: int
    value: str
    quote: str = ""
    """The sign it stands in, `"` or `'`; empty for what is plain or a block of lines."""
    block: bool = False
    """A block of lines, behind `|` or `>`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One key with its value."""

    key: Word
    value: Part


@dataclass(slots=True)
class Keys:
    """Keys with their values, in the order of the text."""

    start: int
    flow: bool
    """In braces; else line by line."""
    entries: list[Entry] = field(default_factory=list)
    end: int = 0

    def entry(self, name: str) -> Entry | None:
        """The first entry of that key."""
        return next((entry for entry in self.entries if entry.key.value == name), None)


@dataclass(slots=True)
class Items:
    """A list."""

    start: int
    flow: bool
    items: list[Part] = field(default_factory=list)
    end: int = 0


Part: TypeAlias = Word | Keys | Items


def outline(text: str) -> Part:
    """The parts of a document; NoOutline where it cannot be read, or holds what this dialect does not take."""
    try:
        return _read(CParser(text).get_event, text)
    except (YAMLError, UnicodeError) as failure:
        raise NoOutline(str(failure)) from failure


def at_path(root: Part, path: tuple[str | int, ...]) -> Part | None:
    """The part at a path of keys and indexes; None where there is none."""
    part: Part | None = root
    for step in path:
        match part:
            case Keys() if isinstance(step, str):
                entry = part.entry(step)
                part = None if entry is None else entry.value
            case Items() if isinstance(step, int) and step < len(part.items):
                part = part.items[step]
            case _:
                return None
    return part


def same(one: Part, other: Part) -> bool:
    """Whether two parts say the same, wherever and however they are laid out; `5` and `"5"` are not the same."""
    match one, other:
        case Word(), Word():
            bare = not one.quote and not one.block, not other.quote and not other.block
            return one.value == other.value and bare[0] == bare[1]
        case Keys(), Keys():
            mine = {entry.key.value: entry.value for entry in one.entries}
            its = {entry.key.value: entry.value for entry in other.entries}
            return mine.keys() == its.keys() and all(same(mine[name], its[name]) for name in mine)
        case Items(), Items():
            return len(one.items) == len(other.items) and all(map(same, one.items, other.items))
        case _:
            return False


@dataclass(slots=True)
class _Open:
    """A collection under way, with the key that waits for its value."""

    part: Keys | Items
    key: Word | None = None

    def take(self, part: Part) -> None:
        """The next key, value or item."""
        if isinstance(self.part, Items):
            self.part.items.append(part)
        elif self.key is not None:
            self.part.entries.append(Entry(self.key, part))
            self.key = None
        elif isinstance(part, Word):
            self.key = part
        else:
            raise NoOutline("a key that is no single word")

    def close(self, end: int) -> Keys | Items:
        """A collection in brackets ends with them, and any other with its last part: behind it come only comments."""
        part = self.part
        if part.flow:
            part.end = end
        elif isinstance(part, Keys):
            part.end = part.entries[-1].value.end
        else:
            part.end = part.items[-1].end
        return part


def _read(get_event: Callable[[], Any], text: str) -> Part:
    opened: list[_Open] = []
    while True:
        event = get_event()
        kind = event.__class__
        part: Part | None = None
        if kind is ScalarEvent:
            part = _word(event, text)
        elif kind is MappingStartEvent:
            opened.append(_Open(Keys(event.start_mark.index, bool(event.flow_style))))
        elif kind is SequenceStartEvent:
            opened.append(_Open(Items(event.start_mark.index, bool(event.flow_style))))
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            part = opened.pop().close(event.end_mark.index)
        elif kind is AliasEvent or kind is StreamEndEvent:
            raise NoOutline("an alias, or nothing at all")
        if part is None:
            continue
        if not opened:
            return part
        opened[-1].take(part)


def _word(event: Any, text: str) -> Word:
    start, end = event.start_mark.index, event.end_mark.index
    block = event.style in _BLOCK_SCALARS
    if block:  # its mark stands behind the blank lines that follow
        end = start + len(text[start:end].rstrip())
    return Word(start, end, event.value, "" if block else (event.style or ""), block)
