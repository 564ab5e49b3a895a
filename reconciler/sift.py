"""Finds what a plan must look at: compares the gists of all that is declared with the lines of all that is stored.

Pure: sketches and lines are handed in. The law: a plan made of what is left, with the rest counted as settled, is the
plan that would have been made of everything.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final, NamedTuple, Protocol

import orjson

from reconciler.gist import ID, SEPARATOR, Asked, gaps_of, without
from reconciler.model import SubscriptionKey

SIZE: Final = 16
MOVED: Final = "moved"
"""Flag of a record that time may have moved, or that is no plain active one."""
_WHICH: Final = 256
_UNKNOWN: Final = b""
_NOWHERE: Final = ("", Asked(0, None, None, False, None, False))
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


class Renewing(NamedTuple):
    """A settled record that renews soon."""

    file: str
    line: str
    end: str
    """Of its term, ISO 8601."""


@dataclass(slots=True)
class Sifted:
    """What came of comparing."""

    settled: Counter[str] = field(default_factory=Counter)
    """By account: records that are at rest and just as the specs ask, `renewing` ones included."""
    moved: list[Match] = field(default_factory=list)
    """As the specs ask, but time may have moved them, or something about them is to be looked at."""
    renewing: list[Renewing] = field(default_factory=list)
    """Settled, and they renew within the horizon."""
    rows: list[SubscriptionKey] = field(default_factory=list)
    """Records that nothing declares as they are."""
    matched: array[int] = field(default_factory=lambda: array("q"))
    """The hashes of the keys of all others."""


class Share(NamedTuple):
    """What came of comparing some of the records."""

    settled: Counter[str]
    moved: list[Match]
    rows: list[SubscriptionKey]
    matched: array[int]
    renewing: dict[str, list[list[Any]]]
    """By file, as `renewals` has them."""

    def packed(self) -> bytes:
        """As one message."""
        moved = [[*match.key, match.file, list(match.asked)] for match in self.moved]
        head = orjson.dumps([self.settled, moved, [list(key) for key in self.rows], self.renewing])
        return len(head).to_bytes(8, "big") + head + self.matched.tobytes()

    @classmethod
    def unpacked(cls, message: bytes) -> Share:
        """What such a message says."""
        end = 8 + int.from_bytes(message[:8], "big")
        settled, moved, rows, renewing = orjson.loads(message[8:end])
        matches = [Match(SubscriptionKey(account, name), file, Asked(*asked)) for account, name, file, asked in moved]
        keys = [SubscriptionKey(account, name) for account, name in rows]
        return cls(Counter(settled), matches, keys, array("q", message[end:]), renewing)


class Sieve:
    """All gists of an estate by the keys that they are of. Takes records one after the other, and keeps what is left.

    Keys are kept as Python hashes them, in a quarter of the room. Where two should be hashed alike, that looks like a
    key that is declared twice; and a record is known by its gist, never by a hash alone.
    """

    def __init__(self, sketches: Mapping[str, Outline], look_at: Mapping[str, frozenset[Asked]]) -> None:
        """`look_at` has, by account, the ways of asking whose records are to be looked at even where they match."""
        self._gists: dict[int, bytes] = {}
        self._codes: dict[bytes, tuple[str, Asked]] = {}
        self._look_at = look_at
        total = 0
        for number, (file, sketch) in enumerate(sketches.items()):
            codes = [(number * _WHICH + index).to_bytes(_CODE, "big") for index in range(len(sketch.asked))]
            self._codes.update((code, (file, asked)) for code, asked in zip(codes, sketch.asked, strict=True))
            gists, which, prefix = sketch.gists, sketch.which, f"{sketch.account}/"
            total += len(which)
            names = sketch.names.split("\n") if which else ()
            self._gists.update(
                {
                    hash(prefix + name): gists[at * SIZE : (at + 1) * SIZE] + codes[index]
                    for at, (name, index) in enumerate(zip(names, which, strict=True))
                }
            )
        self.doubled: Final = len(self._gists) != total
        """The same is declared twice: read everything in full, to say where."""
        self.ids: Final = any(not asked.unsaid & ID for _, asked in self._codes.values())
        """Some subscription says its provider's id."""

    def __len__(self) -> int:
        return len(self._gists)

    def sift(self, lines: Iterable[tuple[str, str]]) -> Sifted:
        """Compare every record: its flag, and its whole line."""
        found = Sifted()
        take, codes, settled, look_at = self._gists.pop, self._codes, found.settled, self._look_at
        matched, gaps = found.matched.append, {asked.unsaid: gaps_of(asked.unsaid) for _, asked in codes.values()}
        for flag, line in lines:
            key, _, _ = line.partition(SEPARATOR)
            known = take(hash(key), _UNKNOWN)
            file, asked = codes[known[SIZE:]] if known else _NOWHERE
            unsaid = asked.unsaid
            spoken = without(line, gaps[unsaid]) if unsaid else line
            if blake2b(spoken.encode(), digest_size=SIZE).digest() != known[:SIZE]:
                if known:
                    self._gists[hash(key)] = known
                found.rows.append(key_of(key))
                continue
            matched(hash(key))
            account, _, _ = key.partition("/")
            if flag == MOVED or (look_at and asked in look_at.get(account, ())):
                found.moved.append(Match(key_of(key), file, asked))
                continue
            settled[account] += 1
            if flag:
                found.renewing.append(Renewing(file, line, flag))
        return found

    def remove(self, matched: Iterable[int]) -> None:
        """Take out what other processes have found the records of."""
        for key in matched:
            self._gists.pop(key, None)

    def left(self, sketches: Mapping[str, Outline]) -> dict[str, list[str]]:
        """By file: the names that are declared as no record is."""
        left = self._gists
        found = {}
        for file in sorted({self._codes[known[SIZE:]][0] for known in left.values()}):
            prefix = f"{sketches[file].account}/"
            found[file] = [name for name in sketches[file].names.split("\n") if hash(prefix + name) in left]
        return found


def key_of(text: str) -> SubscriptionKey:
    """The key that a line begins with."""
    account, _, name = text.partition("/")
    return SubscriptionKey(account, name)
