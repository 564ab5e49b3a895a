"""What YAML can say and this dialect does not take, each as a located complaint with its way out.

Works on single parser events while `parse` goes on; knows nothing of models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from yaml.error import MarkedYAMLError

from reconciler.diagnostics import Diagnostic, Location, Place, error
from reconciler.spec.characters import UNSAFE_IN_NAMES, UNSAFE_IN_TEXT, escaped, located
from reconciler.spec.positions import Document, Path
from reconciler.spec.scalars import BROKEN, LONG, Scalar, core

Frame = tuple[Any, bool, Any, Any]
"""A container around the present one: itself, whether it is a mapping, the key in it, and the key to go on with."""

MANGLED: Final = "\udc00"
"""Begins every stand-in for a key that was refused; no YAML text can hold this character."""

FREE_TEXT: Final = ("reason", "note")
"""The keys whose values are prose: they may hold what a name may not, such as a joined emoji."""


MOST_ERRORS: Final = 1_000
"""Told of one file; it is not read on after them."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may hold, checked on the events before anything is built from them."""

    size: int = 16 * 1024 * 1024
    """Bytes of UTF-8."""
    depth: int = 64
    nodes: int = 2_000_000
    """Keys and values, containers among them."""
    scalar: int = 64 * 1024
    """Bytes of UTF-8 in one scalar."""


LIMITS: Final = Limits()


class Stop(Exception):
    """Reading this file ends here; the complaint is made."""


class Complaints:
    """Everything wrong with one file as YAML, in the order in which it was met."""

    def __init__(self, document: Document, limits: Limits = LIMITS) -> None:
        self.document = document
        self.limits = limits
        self.diagnostics: list[Diagnostic] = []
        self.broken: set[Path] = set()
        self.bad_keys: set[Path] = set()
        self._documents = 0
        self._mangled: list[tuple[dict[str, Any], str]] = []

    def _add(self, code: str, summary: str, mark: Any, detail: str = "", hint: str = "") -> None:
        place = Location(self.document.origin, mark.line + 1, mark.column + 1)
        self.diagnostics.append(error(code, summary, place, detail=detail, hint=hint))
        if len(self.diagnostics) == MOST_ERRORS:
            self.diagnostics.append(too_many_errors(place))
            raise Stop

    def _mangle(self, box: dict[str, Any]) -> str:
        key = f"{MANGLED}{len(self._mangled)}"
        self._mangled.append((box, key))
        return key

    def clear_mangled(self) -> None:
        """Take out the values whose keys were refused: they were read only for the complaints within them."""
        for box, key in self._mangled:
            box.pop(key, None)

    def odd_key(self, event: Any, box: dict[str, Any], outer: list[Frame]) -> str:
        """Complain about a scalar key, if there is reason to; answers the key to go on with."""
        text: str = event.value
        self.marked(event)
        if self._too_long(event):
            return self._mangle(box)
        if text == "<<" and event.implicit[0]:
            self._add("merge-key", "a merge key", event.start_mark, hint="write shared values under 'defaults'")
            return self._mangle(box)
        path = _path(outer, text)
        if self._unsafe(event, text, is_prose=False):
            self.bad_keys.add(path)
        if text in box:
            first = self.document.key(*path).location
            detail = f"'{escaped(text)}', first at {first}"
            self._add("duplicate-key", "duplicate key", event.start_mark, detail, "keep one of them")
            return self._mangle(box)
        return text

    def odd_value(self, event: Any, value: Scalar, box: Any, key: str | None, outer: list[Frame], nodes: int) -> Scalar:
        """Complain about a scalar value, if there is reason to; answers what stands for it."""
        if nodes > self.limits.nodes:
            self.beyond(event, nodes)
        text: str = event.value
        meant: Scalar | None = value
        if value is BROKEN:  # or only too long to be looked up
            meant = core(text) if event.implicit[0] else text
        path = _path(outer, key if key is not None else len(box))
        tagged = self.marked(event)
        if self._too_long(event) or tagged:
            meant = BROKEN
        elif meant is None or meant is BROKEN:
            self._no_value(event, key, is_root=not outer)
            meant = BROKEN
        elif not self._unsafe(event, text, is_prose=key in FREE_TEXT and path[-2:-1] != ("labels",)):
            return meant
        self.broken.add(path)
        return meant

    def _no_value(self, event: Any, key: str | None, is_root: bool) -> None:
        name = "an item" if key is None else f"'{escaped(key)}'"
        if core(event.value) is None:
            hint = "quote it if it is meant as text" if event.value else "give it a value, or take it out"
            if not is_root:  # an empty document is judged by its reader
                self._add("null-value", "no value", event.start_mark, f"for {name}", hint)
        else:
            hint = "quote it if it is meant as text"
            self._add("non-finite", "a number that is not finite", event.start_mark, f"for {name}", hint)

    def alias(self, event: Any, box: Any, key: str | None, outer: list[Frame]) -> Scalar:
        """Complain about an alias standing as a value, unless its merge key was complained about."""
        if key is None or not key.startswith(MANGLED):
            self._alias(event)
        self.broken.add(_path(outer, key if key is not None else len(box)))
        return BROKEN

    def _alias(self, event: Any) -> None:
        hint = f"""quote a pattern: "*{escaped(event.anchor)}"; write shared values under 'defaults' or 'rules\'"""
        self._add("alias", "an alias", event.start_mark, f"'*{escaped(event.anchor)}'", hint)

    def complex_key(self, event: Any, box: dict[str, Any]) -> str:
        """Complain about a key that is no scalar; answers a stand-in for it."""
        hint = "a key is a single word; quote it if it begins with '*', '[' or '{'"
        self._add("complex-key", "a key that is not text", event.start_mark, hint=hint)
        return self._mangle(box)

    def marked(self, event: Any) -> bool:
        """Complain about an anchor and a tag on a node; whether there was a tag."""
        if event.anchor is not None:
            hint = "write shared values under 'defaults' or 'rules'; quote a text that begins with '&'"
            self._add("anchor", "an anchor", event.start_mark, f"'&{escaped(event.anchor)}'", hint)
        if event.tag is not None:
            hint = "take it out: quotes make a value text; quote a text that begins with '!'"
            self._add("tag", "a tag", event.start_mark, f"'{escaped(event.tag)}'", hint)
        return event.tag is not None

    def _unsafe(self, event: Any, text: str, is_prose: bool) -> bool:
        found = UNSAFE_IN_TEXT.search(text) if is_prose else UNSAFE_IN_NAMES.search(text)
        if found is None:
            return False
        detail = f"U+{ord(found[0]):04X} in '{escaped(text[:60])}'"
        hint = "remove it: it does not show, or changes how text around it shows"
        self._add("unsafe-character", "an unsafe character in a value", event.start_mark, detail, hint)
        return True

    def document_start(self, event: Any) -> bool:
        """Complain about directives; whether reading must end, because a second document begins."""
        self._documents += 1
        if self._documents > 1:
            hint = "write one document a file, without a second '---'"
            self._add("second-document", "a second document", event.start_mark, hint=hint)
            return True
        if event.version is not None and tuple(event.version) != (1, 2):
            self._version(event.start_mark)
        if event.tags:
            self._add("tag", "a tag directive", event.start_mark, hint="take the %TAG line out")
        return False

    def _version(self, mark: Any) -> None:
        self._add("yaml-version", "not YAML 1.2", mark, hint="write %YAML 1.2, or leave the line out")

    def beyond(self, event: Any, nodes: int) -> None:
        """Complain about the number of nodes, or else about the depth, and stop."""
        if nodes > self.limits.nodes:
            detail = f"more than {self.limits.nodes} keys and values"
            self._add("too-many-nodes", "the file holds too much", event.start_mark, detail, "split the file")
        else:
            detail = f"more than {self.limits.depth} levels"
            self._add("too-deep", "nested too deeply", event.start_mark, detail)
        raise Stop

    def too_large(self) -> None:
        """Complain about the size of the whole file."""
        self.diagnostics.append(too_large(Location(self.document.origin), self.limits.size))

    def _too_long(self, event: Any) -> bool:
        if len(event.value) <= LONG or len(event.value.encode()) <= self.limits.scalar:
            return False
        self._add("scalar-too-long", "a text is too long", event.start_mark, f"more than {self.limits.scalar} bytes")
        return True

    def syntax(self, failure: Exception) -> None:
        """The one complaint about a text that is no YAML. The parser's words are constant: they echo nothing."""
        summary = "not valid YAML"
        if isinstance(failure, MarkedYAMLError):
            mark = _within(failure.problem_mark or failure.context_mark, self.document.text)
            begun = failure.context_mark
            since = f" (begun at {begun.line + 1}:{begun.column + 1})" if begun is not None else ""
            context = f"{failure.context}{since}" if failure.context else ""
            problem = ", ".join(part for part in (context, failure.problem) if part)
            if "incompatible YAML" in problem:
                self._version(mark)
            else:
                self._add("yaml-syntax", summary, mark, problem, _syntax_hint(problem, self.document.text, mark))
            return
        # The reader met a character that no YAML may hold; sources find those first, other callers may not.
        text = self.document.text
        found = UNSAFE_IN_TEXT.search(text)
        index = found.start() if found else 0
        detail = f"unacceptable character U+{ord(text[index]):04X}"
        self.diagnostics.append(
            error("yaml-syntax", summary, located(text, index, self.document.origin), detail=detail)
        )


def too_large(place: Place, limit: int) -> Diagnostic:
    """The complaint about a file of too many bytes."""
    return error(
        "file-too-large", "the file is too large", place, detail=f"more than {limit} bytes", hint="split the file"
    )


def too_many_errors(place: Place) -> Diagnostic:
    """The complaint about a file with more errors than anybody reads."""
    detail = f"{MOST_ERRORS} or more; the rest of the file was not judged"
    return error("too-many-errors", "too many errors in one file", place, detail=detail, hint="mend the first ones")


def _path(outer: list[Frame], last: str | int) -> Path:
    """The path of the node at hand: the keys and indexes of the containers around it, without the list of the root."""
    steps: list[str | int] = [frame[2] if frame[1] else len(frame[0]) - 1 for frame in outer[1:]]
    return (*steps, last) if outer else ()


class _Mark(NamedTuple):
    line: int
    column: int


def _within(mark: Any, text: str) -> _Mark:
    """The mark, or the text's end for one behind it: the parser says line 2 of a text that ends in line 1."""
    lines = text.splitlines()
    if mark.line >= len(lines):
        return _Mark(len(lines) - 1, len(lines[-1]))
    return _Mark(mark.line, mark.column)


def _syntax_hint(problem: str, text: str, mark: _Mark) -> str:
    lines = text.splitlines()
    line = lines[mark.line]
    if "\t" in line and "cannot start any token" in problem:
        return "indent with spaces, not with tabs"
    return next((hint for words, hint in _SYNTAX_HINTS if words in problem), "")


_SYNTAX_HINTS = (
    ("an alias", "quote a pattern that begins with '*': \"*VISIO\""),
    ("an anchor", "quote a text that begins with '&'"),
    ("cannot start any token", "quote a text that begins with '@', '%' or '`'"),
    ("mapping values are not allowed", "quote a text that holds ': ', and look at the indentation"),
    ("could not find expected ':'", "is a ':' missing after the key, or a quote not closed?"),
    ("unexpected end of stream", "a quote or a bracket is not closed"),
    ("did not find expected key", "look at the indentation: the keys of one mapping stand in one column"),
    ("did not find expected '-'", "look at the indentation: the items of one list stand in one column"),
    ("did not find expected ',' or", "a bracket is not closed, or a comma is missing"),
    ("expected <document start>", "look at the indentation: the keys of one mapping stand in one column"),
    ("undefined tag handle", "quote a text that begins with '!'"),
)
