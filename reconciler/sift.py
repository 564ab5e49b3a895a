"""Finds what a plan must look at: compares the gists of all that is declared with the lines of all that is stored.

Pure: sketches and lines are handed in. The law: a plan made of what is left, with the rest counted as settled, is the
plan that would have been made of everything.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from hashlib import blake2b
from itertools import chain, count
from operator import and_, itemgetter, or_
from struct import Struct
from typing import Final, NamedTuple, Protocol

from reconciler.gist import ID, SEPARATOR, Asked, digest, gaps_of, said, unsilenced, without
from reconciler.model import SubscriptionKey
from reconciler.stored import Silence

SIZE: Final = 16
MOVED: Final = "moved"
"""Flag of a record that time may have moved, or that is no plain active one."""
_TOGETHER: Final = 20_000
"""Records that are looked for by their names in one go."""
_SAMPLE: Final = 100
"""Files, and names of each, of which the middle one is found."""
_GIST: Final = Struct(f"{SIZE}s")
_NEAR: Final = 64 * SIZE
"""Bytes of gists that are looked through for the next one: records come in the order of their names, and as a rule so
do the subscriptions of the files."""
_STRAYS: Final = 20
"""Gists that are searched for among all others before these are put into a table: of a million one takes 140 MB."""


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
    matched: bytearray = field(default_factory=bytearray)
    """For each gist in order: 1 where it is that of a record."""


class Sieve:
    """All gists of an estate, each with its number. Takes records one after the other, and keeps what is left.

    A gist is known by its digest, which speaks of the key too. It is looked for where the last one was, and elsewhere
    if it is not there. Where the record of a key says something that the specs leave unsaid, its gist is another one by
    the line that the store tells: such records are looked for by their keys.
    """

    def __init__(self, sketches: Mapping[str, Outline], look_at: Mapping[str, frozenset[Asked]]) -> None:
        """`look_at` has, by account, the ways of asking whose records are to be looked at even where they match."""
        self._places: list[tuple[int, str, Outline]] = []
        self._look_at = look_at
        total = 0
        for file, sketch in sketches.items():
            if sketch.which:
                self._places.append((total, file, sketch))
                total += len(sketch.which)
        self._gists = b"".join(sketch.gists for _, _, sketch in self._places)
        self._numbers: dict[bytes, int] = {}
        """The table, once there is one."""
        self._strays = 0
        self._starts = [first for first, _, _ in self._places]
        self._matched = bytearray(total)
        asked = {asked for _, _, sketch in self._places for asked in sketch.asked}
        self.ids: Final = any(not each.unsaid & ID for each in asked)
        """Some subscription says its provider's id."""
        unsaid = {each.unsaid for each in asked} or {0}
        always = reduce(and_, unsaid)
        self.silence: Final = Silence(always, reduce(or_, unsaid) & ~always)
        """In which lines records are to be told."""

    def __len__(self) -> int:
        return len(self._matched)

    @property
    def middle(self) -> SubscriptionKey:
        """A key with about as many of what is declared before it as behind it."""
        places = self._places[:: max(1, len(self._places) // _SAMPLE)]
        sample = sorted(
            SubscriptionKey(sketch.account, name)
            for _, _, sketch in places
            for name in sketch.names.split("\n")[:: max(1, len(sketch.which) // _SAMPLE)]
        )
        return sample[len(sample) // 2]

    @property
    def doubled(self) -> bool:
        """The same is declared twice: read everything in full, to say where. To be asked once records were compared."""
        left: dict[str, set[str]] = {}
        twice = False
        for sketch, names in ((sketch, names) for _, _, sketch, names in self._left()):
            known = left.setdefault(sketch.account, set())
            twice = twice or not known.isdisjoint(names)
            known.update(names)
        # Of one key there is one record, so that of two gists one is left.
        return twice or sum(len(names) for names in left.values()) < sum(
            len(left[sketch.account].intersection(sketch.names.split("\n")))
            for _, _, sketch in self._places
            if sketch.account in left
        )

    def sift(self, lines: Iterable[tuple[str, str]]) -> Sifted:
        """Compare every record: its flag, and its line as `silence` asks for it."""
        found = Sifted(matched=bytearray(len(self)))
        begun = blake2b(digest_size=SIZE).copy  # a copy is a third quicker than one made anew
        gists, matched, looks = self._gists, found.matched, bool(self._look_at)
        missed: list[tuple[str, str]] = []
        next_one = 0
        for flag, line in lines:
            spoken = said(line, self.silence) if flag else line
            made = begun()
            made.update(spoken.encode())
            gist = made.digest()
            number = next_one
            if gists[number * SIZE : (number + 1) * SIZE] != gist:
                number = self._number(gist, next_one)
                if number < 0:
                    missed.append((flag, line))
                    if len(missed) == _TOGETHER:
                        self._look_again(missed, found)
                        missed = []
                    continue
            next_one = number + 1
            matched[number] = 1
            if flag or looks:
                self._take(number, flag, line, found)
        self._look_again(missed, found)
        for first, _, sketch in self._places:
            found.settled[sketch.account] += matched.count(1, first, first + len(sketch.which))
        found.settled = +(found.settled - Counter(match.key.account for match in found.moved))
        self.remove(matched)
        return found

    def remove(self, matched: bytes | bytearray) -> None:
        """Take out what other processes have found the records of."""
        both = int.from_bytes(self._matched, "big") | int.from_bytes(matched, "big")
        self._matched[:] = both.to_bytes(len(self._matched), "big")

    def left(self) -> dict[str, list[str]]:
        """By file: the names that are declared as no record is."""
        return {file: names for _, file, _, names in sorted(self._left(), key=itemgetter(1))}

    def _left(self) -> Iterator[tuple[int, str, Outline, list[str]]]:
        for first, file, sketch in self._places:
            end = first + len(sketch.which)
            if self._matched.find(0, first, end) >= 0:
                names = zip(sketch.names.split("\n"), self._matched[first:end], strict=True)
                yield first, file, sketch, [name for name, matched in names if not matched]

    def _number(self, gist: bytes, next_one: int) -> int:
        """The number of a gist; -1 where there is no such gist."""
        first = next_one * SIZE
        at = self._gists.find(gist, first, first + _NEAR)
        if at >= 0 and not at % SIZE:
            return at // SIZE
        self._strays += 1
        if self._strays > _STRAYS:
            if not self._numbers:
                self._numbers = dict(zip(chain.from_iterable(_GIST.iter_unpack(self._gists)), count()))
            return self._numbers.get(gist, -1)
        at = self._gists.find(gist)
        while at % SIZE and at >= 0:  # the end of one and the beginning of another
            at = self._gists.find(gist, at + 1)
        return at // SIZE

    def _take(self, number: int, flag: str, line: str, found: Sifted) -> None:
        """A record that matches."""
        first, file, sketch = self._places[bisect_right(self._starts, number) - 1]
        asked = sketch.asked[sketch.which[number - first]]
        if flag == MOVED or asked in self._look_at.get(sketch.account, ()):
            key, _, _ = line.partition(SEPARATOR)
            found.moved.append(Match(key_of(key), file, asked))
        elif flag:
            found.renewing.append(Renewing(file, line, flag))

    def _look_again(self, missed: Iterable[tuple[str, str]], found: Sifted) -> None:
        """Compare records with what is declared of the same keys."""
        wanted: dict[str, dict[str, tuple[str, str]]] = {}
        for flag, line in missed:
            key = key_of(line.partition(SEPARATOR)[0])
            wanted.setdefault(key.account, {})[key.name] = flag, line
        for first, _, sketch in self._places if wanted else ():
            records = wanted.get(sketch.account)
            if not records or found.matched.find(0, first, first + len(sketch.which)) < 0:
                continue
            names = sketch.names.split("\n")
            for name in records.keys() & names:
                at = names.index(name)
                flag, line = records[name]
                whole = line if flag else unsilenced(line, self.silence)
                spoken = without(whole, gaps_of(sketch.asked[sketch.which[at]].unsaid))
                if digest(spoken) == sketch.gists[at * SIZE : (at + 1) * SIZE]:
                    del records[name]
                    found.matched[first + at] = 1
                    self._take(first + at, flag, line, found)
        found.rows += [SubscriptionKey(account, name) for account, records in wanted.items() for name in records]


def key_of(text: str) -> SubscriptionKey:
    """The key that a line begins with."""
    account, _, name = text.partition("/")
    return SubscriptionKey(account, name)
