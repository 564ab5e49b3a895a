"""YAML text to plain values by PyYAML's C parser events: limits first, then everything this dialect does not take.

Pure, and the hot path: one tight loop, no positions kept; plain layouts of large estates do without the events. Must
not know what the values mean; models judge that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from yaml.error import YAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from reconciler.diagnostics import Diagnostic
from reconciler.spec.characters import UNSAFE_IN_NAMES
from reconciler.spec.dialect import LIMITS, Complaints, Frame, Limits, Stop
from reconciler.spec.libyaml import CParser
from reconciler.spec.positions import Document, Path
from reconciler.spec.scalars import BROKEN, LONG, MEMO_SIZE, Broken, PlainScalars

SWIFT_FROM: Final = 64 * 1024
"""Characters read with one memo: before, swift reading has not paid for its patterns, which take a while to compile."""

Value = str | int | float | bool | Broken | list["Value"] | dict[str, "Value"]


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file's values and what is wrong with it as YAML. BROKEN stands wherever a value cannot be told."""

    data: Value | None
    """None: the file holds no document, or could not be read to its end (then a diagnostic says so)."""
    diagnostics: tuple[Diagnostic, ...] = ()
    broken: frozenset[Path] = field(default_factory=frozenset)
    """Paths of values that were complained about: whoever judges them need not repeat it."""
    bad_keys: frozenset[Path] = field(default_factory=frozenset)
    """Paths of keys that were."""

    @property
    def unread(self) -> bool:
        """Whether nothing is known of what the file says."""
        return self.data is None and bool(self.diagnostics)


def parse(document: Document, plain: PlainScalars, limits: Limits = LIMITS) -> Parsed:
    """The document's values, with every complaint about its YAML; never raises, whatever the text is."""
    plain.read += len(document.text)
    if plain.read >= SWIFT_FROM and limits is LIMITS:
        from reconciler.spec.swift import swiftly  # only large estates are worth its patterns

        found = swiftly(document.text, plain)
        if found is not None:
            return Parsed(found)
    complaints = Complaints(document, limits)
    data: Value | None = None
    text = document.text
    if len(text) * 4 > limits.size and len(text.encode("utf-8", "replace")) > limits.size:
        complaints.too_large()
    else:
        try:
            data = _Builder(text, plain, complaints, limits).build()
        except Stop:
            pass
        except (YAMLError, UnicodeError) as failure:
            complaints.syntax(failure)
    complaints.clear_mangled()
    broken, bad_keys = frozenset(complaints.broken), frozenset(complaints.bad_keys)
    return Parsed(None if data is BROKEN else data, tuple(complaints.diagnostics), broken, bad_keys)


class _Builder:
    """One pass over the events of one text."""

    def __init__(self, text: str, plain: PlainScalars, complaints: Complaints, limits: Limits) -> None:
        self.text = text
        self.plain = plain
        self.complaints = complaints
        self.limits = limits
        self.outer: list[Frame] = []
        # Without these signs there are no anchors and no tags, and only an escape or a character beyond ASCII can bring
        # in what no name may hold. Most files have neither, and are asked nothing more.
        self.marked = "&" in text or "!" in text
        self.careful = "\\" in text or not text.isascii()

    def build(self) -> Any:
        """The root value, BROKEN or nothing; raises Stop, YAMLError or UnicodeError. What is odd is left to others."""
        get_event, plain, good_keys, outer = CParser(self.text).get_event, self.plain, self.plain.good_keys, self.outer
        most, marked, complaints = self.limits.nodes, self.marked, self.complaints
        unsafe = UNSAFE_IN_NAMES.search if self.careful else None
        box: Any = []
        top, key, in_mapping, nodes = box, None, False, 0
        while True:
            event: Any = get_event()
            kind = event.__class__
            if kind is ScalarEvent:
                nodes += 1
                text = event.value
                odd = marked and (event.anchor or event.tag)
                if in_mapping and key is None:
                    key = self._new_key(event, box) if odd or text in box or text not in good_keys else text
                    continue
                value = (text if len(text) <= LONG else BROKEN) if event.style else plain[text]
                if odd or value is BROKEN or nodes > most or (unsafe and unsafe(text)):
                    value = complaints.odd_value(event, value, box, key, outer, nodes)
                if in_mapping:
                    box[key] = value
                    key = None
                else:
                    box.append(value)
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                box, in_mapping, _, key = outer.pop()
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                nodes += 1
                box = self._opened(event, box, key, in_mapping, nodes)
                in_mapping, key = kind is MappingStartEvent, None
            elif kind is AliasEvent:
                nodes += 1
                key = self._alias(event, box, key, in_mapping, nodes)
            elif kind is StreamEndEvent or (kind is DocumentStartEvent and complaints.document_start(event)):
                return top[0] if top else None

    def _new_key(self, event: Any, box: Any) -> str:
        """A key that was not met before, or that is odd: itself, or a stand-in."""
        text: str = event.value
        if text in box or text == "<<" or event.anchor or event.tag or len(text) > LONG or not text.isprintable():
            return self.complaints.odd_key(event, box, self.outer)
        if len(self.plain.good_keys) < MEMO_SIZE:
            self.plain.good_keys.add(text)
        return text

    def _opened(self, event: Any, box: Any, key: str | None, in_mapping: bool, nodes: int) -> Any:
        """The new container, put where it belongs, and a frame kept to come back to."""
        refused = self.complaints.complex_key(event, box) if in_mapping and key is None else None
        if event.anchor or event.tag:
            self.complaints.marked(event)
        if len(self.outer) >= self.limits.depth or nodes > self.limits.nodes:
            self.complaints.beyond(event, nodes)
        made: Any = {} if event.__class__ is MappingStartEvent else []
        if refused is None:
            _put(box, key, made)
        self.outer.append((box, in_mapping, key if refused is None else refused, refused))
        return made

    def _alias(self, event: Any, box: Any, key: str | None, in_mapping: bool, nodes: int) -> str | None:
        """An alias is refused wherever it stands; answers the key to go on with."""
        if nodes > self.limits.nodes:
            self.complaints.beyond(event, nodes)
        if in_mapping and key is None:
            return self.complaints.complex_key(event, box)
        _put(box, key, self.complaints.alias(event, box, key, self.outer))
        return None


def _put(box: Any, key: str | None, value: Any) -> None:
    if key is None:
        box.append(value)
    else:
        box[key] = value
