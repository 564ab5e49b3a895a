"""Finds what a plan must look at: compares the gists of all that is declared with the lines of all that is stored.

Pure: sketches and lines are handed in. The law: a plan made of what is left, with the rest counted as settled, is the
plan that would have been made of everything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from reconciler.gist import ID, SEPARATOR, Asked, digest, without
from reconciler.model import SubscriptionKey

SIZE: Final = 16
MOVED: Final = 2
"""Flag of a record that time may have moved, or that is no plain active one."""
RENEWS: Final = 1
"""Flag of a record that renews within the horizon."""
_WHICH: Final = 256
_UNKNOWN: Final = b""
_NOT_ASKED: Final = Asked(0, None, None, False, None, False)
_CODE: Final = 5
"""Bytes of a file's number and a way of asking."""


class Outline(Protocol):
    """What of a file's sketch is needed to compare it."""

    @property
    def account(self) -> str:
        """Whose subscriptions they are."""
        ...

    @property
    def names(self) -> str:
        """A line each."""
        ...

    @property
    def gists(self) -> bytes:
        """The digests, one after the other."""
        ...

    @property
    def which(self) -> bytes:
        """For each of them the index into `asked`."""
        ...

    @property
    def asked(self) -> tuple[Asked, ...]:
        """The ways in which the file's subscriptions ask."""
        ...


class Match(NamedTuple):
    """A record that has the gist of a declared subscription."""

    key: SubscriptionKey
    file: str
    asked: Asked


@dataclass(slots=True)
class Sifted:
    """What came of comparing."""

    settled: Counter[str] = field(default_factory=Counter)
    """By account: records that are at rest and just as the specs ask, `renewing` ones included."""
    moved: list[Match] = field(default_factory=list)
    """As the specs ask, but time may have moved them, or something about them is to be looked at."""
    renewing: list[Match] = field(default_factory=list)
    """Settled, and they renew within the horizon."""
    rows: list[SubscriptionKey] = field(default_factory=list)
    """Records that nothing declares as they are."""


class Sieve:
    """All gists of an estate by the keys that they are of. Takes records one after the other, and keeps what is left.

    Keys are kept as Python hashes them, in a quarter of the room. Where two should be hashed alike, that looks like a
    key that is declared twice; and a record is known by its gist, never by a hash alone.
    """

    def __init__(self, sketches: Mapping[str, Outline], look_at: Mapping[str, frozenset[Asked]]) -> None:
        """`look_at` has, by account, the ways of asking whose records are to be looked at even where they match."""
        self._files = list(sketches)
        self._asked = [sketch.asked for sketch in sketches.values()]
        self._gists: dict[int, bytes] = {}
        self._look_at = look_at
        total = 0
        for number, sketch in enumerate(sketches.values()):
            codes = [(number * _WHICH + index).to_bytes(_CODE, "big") for index in range(len(sketch.asked))]
            gists, which, prefix = sketch.gists, sketch.which, f"{sketch.account}/"
            total += len(which)
            self._gists.update(
                {
                    hash(prefix + name): gists[at * SIZE : (at + 1) * SIZE] + codes[index]
                    for at, (name, index) in enumerate(zip(sketch.names.split("\n"), which, strict=True))
                }
                if which
                else {}
            )
        self.doubled: Final = len(self._gists) != total
        """The same is declared twice: read everything in full, to say where."""
        self.ids: Final = any(not item.unsaid & ID for asked in self._asked for item in asked)
        """Some subscription says its provider's id."""

    def sift(self, lines: Iterable[tuple[int, str]]) -> Sifted:
        """Compare every record: its flag, and its whole line."""
        found = Sifted()
        find, settled, look_at = self._gists.get, found.settled, self._look_at
        for flag, line in lines:
            key, _, _ = line.partition(SEPARATOR)
            account, _, name = key.partition("/")
            known = find(hash(key), _UNKNOWN)
            code = int.from_bytes(known[SIZE:], "big")
            asked = self._asked[code // _WHICH][code % _WHICH] if known else _NOT_ASKED
            spoken = without(line, asked.unsaid) if asked.unsaid else line
            if digest(spoken) != known[:SIZE]:
                found.rows.append(SubscriptionKey(account, name))
                continue
            del self._gists[hash(key)]
            if flag == MOVED or (look_at and asked in look_at.get(account, ())):
                found.moved.append(Match(SubscriptionKey(account, name), self._files[code // _WHICH], asked))
                continue
            settled[account] += 1
            if flag == RENEWS:
                found.renewing.append(Match(SubscriptionKey(account, name), self._files[code // _WHICH], asked))
        return found

    def left(self, sketches: Mapping[str, Outline]) -> dict[str, list[str]]:
        """By file: the names that are declared as no record is."""
        numbers = {int.from_bytes(known[SIZE:], "big") // _WHICH for known in self._gists.values()}
        left, found = self._gists, {}
        for number in sorted(numbers):
            file = self._files[number]
            sketch = sketches[file]
            prefix = f"{sketch.account}/"
            found[file] = [name for name in sketch.names.split("\n") if hash(prefix + name) in left]
        return found
