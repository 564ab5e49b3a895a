"""What a subscription's own keys are to say instead, and the texts of the files in which they say so.

Pure text work. A subscription is cut out of its file, edited on its own, and put back where it stood.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.counter.editing import Draft, Unsafe, below
from reconciler.counter.spelling import LABELS, Steps, Value
from reconciler.spec.outline import Entry, Keys, NoOutline, at_path, outline

_PAIR = ("recurring", "cancel")


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What is to be written into one subscription; what is empty stays as it is."""

    pair: Mapping[str, str] = field(default_factory=dict)
    """`recurring`, `cancel` or both: all that is left of the pair, its reason and its confirmation."""
    entry: int | None = None
    """The pair goes into this entry of its schedule, which is stronger than its own keys."""
    keys: Mapping[str, Value] = field(default_factory=dict)
    facts: Mapping[str, str | int] = field(default_factory=dict)
    labels: Mapping[str, str] | None = None
    """All that its own labels are to be."""
    name: str | None = None
    """Its own name."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The text of one subscription within its file, from its key on."""

    start: int
    end: int
    column: int
    """How far in its key stands; its text is read with as many spaces before it."""
    name: str


class Layout:
    """One spec file, to be edited."""

    def __init__(self, text: str) -> None:
        """The file's text, with its breaks as they are."""
        self.text = text
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self._odd = "\r" in text.replace("\r\n", "")
        self._entries: dict[str, Entry] | None = None
        self._flow = False

    def cut(self, name: str) -> Cut:
        """Where a subscription stands; Unsafe where that cannot be told."""
        entry = self._subscriptions().get(name)
        if entry is None or self._odd:
            raise Unsafe("its file is laid out in an odd way")
        column = entry.key.start - (self.text.rfind("\n", 0, entry.key.start) + 1)
        end = entry.value.end
        if not self._flow:
            end = below(self.text, end, column)
        return Cut(entry.key.start, end, column, name)

    def _subscriptions(self) -> dict[str, Entry]:
        if self._entries is None:
            try:
                found = at_path(outline(self.text), ("subscriptions",))
            except NoOutline as failure:  # pragma: no cover - it was loaded
                raise Unsafe("its file cannot be read") from failure
            entries = found.entries if isinstance(found, Keys) else []
            self._flow = isinstance(found, Keys) and found.flow
            self._entries = {entry.key.value: entry for entry in reversed(entries)}
        return self._entries


def rewritten(layout: Layout, cut: Cut, rewrites: Iterable[Rewrite]) -> str:
    """The subscription's text as these leave it; Unsafe where one of them cannot be carried out without doubt."""
    draft = Draft(" " * cut.column + layout.text[cut.start : cut.end], cut.name, layout.newline)
    for rewrite in rewrites:
        _carry_out(rewrite, draft)
    return draft.text[cut.column :]


def _carry_out(rewrite: Rewrite, draft: Draft) -> None:
    if rewrite.name is not None:
        draft.rename(rewrite.name)
    for key, value in rewrite.keys.items():
        draft.put((), key, value)
    if rewrite.facts:
        _merge(draft, "facts", rewrite.facts)
    if rewrite.labels is not None:
        _set_labels(draft, rewrite.labels)
    if rewrite.pair:
        _set_pair(draft, () if rewrite.entry is None else ("schedule", rewrite.entry), rewrite.pair)


def _merge(draft: Draft, within: str, values: Mapping[str, str | int]) -> None:
    if draft.keys_at(()).entry(within) is None:
        draft.put((), within, values)
        return
    for key, value in values.items():
        draft.put((within,), key, value)


def _set_labels(draft: Draft, labels: Mapping[str, str]) -> None:
    found = draft.keys_at(()).entry(LABELS)
    there: Sequence[Entry] = found.value.entries if found is not None and isinstance(found.value, Keys) else ()
    if found is None or not labels:
        draft.put((), LABELS, labels)
        return
    for name, value in labels.items():
        draft.put((LABELS,), name, value)
    for entry in there:
        if entry.key.value not in labels:
            draft.drop((LABELS,), entry.key.value)


def _set_pair(draft: Draft, path: Steps, pair: Mapping[str, str]) -> None:
    """Its keys take the places of those that they replace; the reason of the former pair goes with it."""
    there = [key for key in _PAIR if draft.keys_at(path).entry(key) is not None]
    spare = [key for key in there if key not in pair]
    for key, value in pair.items():
        if key in there or not spare:
            draft.put(path, key, value)
        else:
            draft.swap(path, spare.pop(), key, value)
    for key in spare:
        draft.drop(path, key)
    draft.drop(path, "reason")
