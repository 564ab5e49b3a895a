"""Edits on the text of one subscription: values are set and taken out, and all else stays as somebody laid it out.

Pure text work. Each edit is read back at once: what it would break, it refuses, and a person writes it by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.counter.spelling import LABELS, Steps, Value, says, spelled, spelled_key
from reconciler.importing.scalars import quoted, scalar
from reconciler.spec.outline import Entry, Items, Keys, NoOutline, Part, Word, at_path, outline, same

_OWN = "id previously facts recurring cancel reason schedule decided owner labels protect".split()
_FACTS = "product term billing start seats price last_charge".split()
_ENTRY = "from recurring cancel reason".split()


class Unsafe(Exception):
    """The text is laid out in a way in which this cannot be edited without doubt; says why."""


@dataclass(slots=True)
class Draft:
    """The text of one subscription, its key first, as the edits so far have left it."""

    text: str
    name: str
    newline: str = "\n"
    _known: tuple[str, Keys] | None = None
    """A text, and what it was found to say."""

    def _root(self) -> Keys:
        if self._known is None or self._known[0] is not self.text:
            self._known = self.text, _read(self.text)
        return self._known[1]

    def keys_at(self, path: Steps) -> Keys:
        """The keys at a path; Unsafe where there are none."""
        found = at_path(self._root(), (self.name, *path))
        if not isinstance(found, Keys):
            raise Unsafe("there are no keys where they should be")
        return found

    def put(self, path: Steps, key: str, value: Value) -> None:
        """Give a key this value, whether it is there or not."""
        keys = self.keys_at(path)
        entry = keys.entry(key)
        if entry is None:
            self._take(self._inserted(keys, path, key, value), path, {key}, key, value)
        elif not says(entry.value, value):
            self._take(self._replaced(keys, entry, path, key, value), path, {key}, key, value)

    def swap(self, path: Steps, former: str, key: str, value: Value) -> None:
        """Put another key with its value in the place of one that is there."""
        entry = self.keys_at(path).entry(former)
        if entry is None:
            raise Unsafe(f"there is no `{former}`")
        name = quoted(key) if entry.key.quote else key
        self._take(self.text[: entry.key.start] + name + self.text[entry.key.end :], path, {former, key})
        self.put(path, key, value)

    def drop(self, path: Steps, key: str) -> None:
        """Take a key out, with its value and the comment behind it; nothing where it is not there."""
        keys = self.keys_at(path)
        if keys.entry(key) is not None:
            place = [entry.key.value for entry in keys.entries].index(key)
            text = self._without_item(keys, place) if keys.flow else self._without_lines(keys, place)
            self._take(text, path, {key}, key)

    def rename(self, name: str) -> None:
        """Give the subscription another name."""
        (entry,) = self._root().entries
        said = f"{entry.key.quote}{name}{entry.key.quote}" if entry.key.quote else scalar(name)
        text = self.text[: entry.key.start] + said + self.text[entry.key.end :]
        after = _read(text).entries
        if [item.key.value for item in after] != [name] or not same(entry.value, after[0].value):
            raise Unsafe("its name cannot be told from what stands around it")
        self.text, self.name = text, name

    def _take(self, text: str, path: Steps, touched: set[str], key: str = "", value: Value | None = None) -> None:
        """Keep the new text, if nothing but what was meant to be is other than before, and a key says what it should.

        No value: the key must be gone.
        """
        root = _read(text)
        before, after = at_path(self._root(), (self.name,)), at_path(root, (self.name,))
        if before is None or after is None or not _differ_only(before, after, path, touched):
            raise Unsafe("the edit would change more than it should")
        part = at_path(after, (*path, key))
        if part is not None if value is None else part is None or not says(part, value):
            raise Unsafe(f"`{key}` would not be read as it is meant")
        self.text, self._known = text, (text, root)

    def _replaced(self, keys: Keys, entry: Entry, path: Steps, key: str, value: Value) -> str:
        old = entry.value
        quote = old.quote if isinstance(old, Word) else ('"' if entry.key.quote else "")
        said = spelled(key, value, path, flow=keys.flow, quote=quote)
        if isinstance(old, Word) or old.flow:
            if "#" in self._gaps(old.start, old.end, old):
                raise Unsafe("a comment stands within the braces")
            return self.text[: old.start] + said + self.text[old.end :]
        colon = self._behind_colon(entry)
        line = self.text[colon : old.start].partition("\n")[0].rstrip()
        comment = line if "#" in line else ""
        start = self._line_start(entry.key.start)
        if self.text[start : entry.key.start].strip():
            raise Unsafe("it shares its line")
        kept = self._comments(colon, old.end, old, entry.key.start - start)
        return f"{self.text[:start]}{kept}{self.text[start:colon]} {said}{comment}{self.text[old.end :]}"

    def _behind_colon(self, entry: Entry) -> int:
        behind = self.text[entry.key.end : entry.value.start]
        blank = len(behind) - len(behind.lstrip(" "))
        if not behind[blank:].startswith(":"):
            raise Unsafe("a key and its value are parted in an odd way")
        return entry.key.end + blank + 1

    def _inserted(self, keys: Keys, path: Steps, key: str, value: Value) -> str:
        quote = '"' if keys.entries and keys.entries[0].key.quote else ""
        name = spelled_key(key, path, flow=keys.flow, quote=quote)
        said = f"{name}: {spelled(key, value, path, flow=keys.flow, quote=quote)}"
        anchor = _anchor(keys, path, key)
        if not keys.entries:
            if self.text[keys.start + 1 : keys.end - 1].strip():
                raise Unsafe("a comment stands within the braces")
            return f"{self.text[: keys.start]}{{{said}}}{self.text[keys.end :]}"
        if keys.flow:
            at = keys.entries[0].key.start if anchor is None else anchor.value.end
            said = f"{said}, " if anchor is None else f", {said}"
            return self.text[:at] + said + self.text[at:]
        return self._inserted_line(keys, anchor, said)

    def _inserted_line(self, keys: Keys, anchor: Entry | None, said: str) -> str:
        first = keys.entries[0].key
        line = self._line_start(first.start)
        before, indent = self.text[line : first.start], " " * (first.start - line)
        if anchor is None and not before.strip():
            return f"{self.text[:line]}{indent}{said}{self.newline}{self.text[line:]}"
        if before.strip(" -"):
            raise Unsafe("its keys do not begin their lines")
        at = below(self.text, (anchor or keys.entries[0]).value.end, len(indent))
        ended = self.text[at - 1] == "\n"
        said = f"{indent}{said}{self.newline}" if ended else f"{self.newline}{indent}{said}"
        return self.text[:at] + said + self.text[at:]

    def _line_start(self, index: int) -> int:
        return self.text.rfind("\n", 0, index) + 1

    def _without_lines(self, keys: Keys, place: int) -> str:
        entry = keys.entries[place]
        start = self._line_start(entry.key.start)
        if len(keys.entries) == 1:
            raise Unsafe("nothing would be left of its keys")
        if not self.text[start : entry.key.start].strip():
            kept = self._comments(entry.key.end, entry.value.end, entry.value, entry.key.start - start)
            return self.text[:start] + kept + self.text[line_end(self.text, entry.value.end) :]
        after = keys.entries[place + 1].key.start if place + 1 < len(keys.entries) else None
        if after is None or "#" in self.text[entry.value.end : after]:
            raise Unsafe("it shares its line")
        return self.text[: entry.key.start] + self.text[after:]

    def _without_item(self, keys: Keys, place: int) -> str:
        entry, entries = keys.entries[place], keys.entries
        start, end = entry.key.start, entry.value.end
        if place + 1 < len(entries):
            end = entries[place + 1].key.start
        elif place:
            start = entries[place - 1].value.end
        if "#" in self._gaps(start, end, entry.value):
            raise Unsafe("a comment stands within the braces")
        return self.text[:start] + self.text[end:]

    def _gaps(self, start: int, end: int, part: Part) -> str:
        """A piece of the text without the words of a part: a sign in it that begins a comment is one."""
        found: list[str] = []
        for word in _words(part):
            found.append(self.text[start : word.start])
            start = max(start, word.end)
        return "\0".join([*found, self.text[start:end]])

    def _comments(self, start: int, end: int, part: Part, column: int) -> str:
        """The lines within a piece that hold a comment and nothing else, at that column."""
        lines = (line.strip() for line in self._gaps(start, end, part).split("\n")[1:])
        return "".join(f"{' ' * column}{line}{self.newline}" for line in lines if line.startswith("#"))


def below(text: str, end: int, column: int) -> int:
    """Where the line after a value begins, with the deeper comments below it, which are its own."""
    at = line_end(text, end)
    while at < len(text):
        line = text[at : line_end(text, at)]
        if not line.lstrip(" ").startswith("#") or len(line) - len(line.lstrip(" ")) <= column:
            break
        at = line_end(text, at)
    return at


def line_end(text: str, index: int) -> int:
    """Behind the break that ends the line; the end of the text where there is none."""
    return text.find("\n", index) + 1 or len(text)


def _read(text: str) -> Keys:
    try:
        root = outline(text)
    except NoOutline as failure:
        raise Unsafe("the edit would leave no YAML") from failure
    if not isinstance(root, Keys):
        raise Unsafe("there are no keys where they should be")
    return root


def _words(part: Part) -> Iterator[Word]:
    if isinstance(part, Word):
        yield part
    elif isinstance(part, Items):
        for item in part.items:
            yield from _words(item)
    else:
        for entry in part.entries:
            yield entry.key
            yield from _words(entry.value)


def _differ_only(before: Part, after: Part, path: Steps, touched: set[str]) -> bool:
    """Whether these two say the same but for some keys at that path."""
    if not path:
        return isinstance(before, Keys) and isinstance(after, Keys) and _alike(before, after, touched)
    step = path[0]
    mine, its = at_path(before, (step,)), at_path(after, (step,))
    inner = mine is not None and its is not None and _differ_only(mine, its, path[1:], touched)
    if isinstance(before, Items) and isinstance(after, Items):
        pairs = enumerate(zip(before.items, after.items, strict=False))
        alike = len(before.items) == len(after.items) and all(at == step or same(*pair) for at, pair in pairs)
    else:
        alike = isinstance(before, Keys) and isinstance(after, Keys) and _alike(before, after, {str(step)})
    return inner and alike


def _alike(one: Keys, other: Keys, but: set[str]) -> bool:
    return same(_without(one, but), _without(other, but))


def _without(keys: Keys, names: set[str]) -> Keys:
    return Keys(keys.start, keys.flow, [entry for entry in keys.entries if entry.key.value not in names], keys.end)


def _anchor(keys: Keys, path: Steps, key: str) -> Entry | None:
    """The entry behind which a new key belongs; None where it goes first."""
    if path and path[-1] == LABELS:
        return keys.entries[-1] if keys.entries else None
    order: Mapping[str, int] = _RANKS[str(path[0]) if path else ""]
    before = [entry for entry in keys.entries if order.get(entry.key.value, 0) < order[key]]
    return max(before, key=lambda entry: order.get(entry.key.value, 0), default=None)


_RANKS = {
    within: {name: rank for rank, name in enumerate(order)}
    for within, order in (("", _OWN), ("facts", _FACTS), ("schedule", _ENTRY))
}
