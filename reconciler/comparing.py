"""Compares all records of an estate with what is declared, by several processes where there are many.

All effects go through what is handed in; what comes back from a process are bytes. Decides nothing about what it finds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple

import orjson

from reconciler.build import DUE_WITHIN
from reconciler.gist import Asked
from reconciler.model import SubscriptionKey
from reconciler.ports import StateReader
from reconciler.progress import Progress
from reconciler.renewals import Item, Renewals, Renewer
from reconciler.rulebook import Rulebook
from reconciler.sift import Match, Renewing, Sieve

_STEP: Final = 10_000
_ALONE: Final = 50_000
"""Records that one process compares sooner than two could be started for."""
Within = tuple[SubscriptionKey | None, SubscriptionKey | None]
_EVERYTHING: Final[Within] = (None, None)
Look = Callable[[StateReader], bytes]
Shares = Callable[[Sequence[Callable[[], Iterable[bytes]]]], Iterable[tuple[int, bytes | None]]]
"""Has each task done by a process of its own, and hands on their messages."""


class Compared(NamedTuple):
    """What came of it."""

    settled: Counter[str]
    """By account."""
    moved: list[Match]
    rows: list[SubscriptionKey]
    renewing: Renewals
    until: datetime | None
    """Before when time moves nothing that is at rest now, and brings no renewal within the horizon."""
    twins: bool
    """Two records have the same id, and the specs say ids."""


class Share(NamedTuple):
    """What came of comparing some of the records."""

    settled: Counter[str]
    moved: list[Match]
    rows: list[SubscriptionKey]
    renewing: Renewals
    matched: bytes
    """As `sift.Sifted` has them."""

    def packed(self) -> bytes:
        """As one message."""
        moved = [[*match.key, match.file, list(match.asked)] for match in self.moved]
        renewing, items = self.renewing.packed()
        rows: dict[str, list[str]] = {}
        for key in self.rows:
            rows.setdefault(key.account, []).append(key.name)
        head = orjson.dumps([self.settled, moved, rows, renewing])
        return b"".join((*(len(part).to_bytes(8, "big") for part in (head, items)), head, items, self.matched))

    @classmethod
    def unpacked(cls, message: bytes) -> Share:
        """What such a message says."""
        end = 16 + int.from_bytes(message[:8], "big")
        last = end + int.from_bytes(message[8:16], "big")
        settled, moved, rows, renewing = orjson.loads(message[16:end])
        matches = [Match(SubscriptionKey(account, name), file, Asked(*asked)) for account, name, file, asked in moved]
        keys = [SubscriptionKey(account, name) for account, names in rows.items() for name in names]
        items = Renewals.unpacked(renewing, message[end:last])
        return cls(Counter(settled), matches, keys, items, message[last:])


@dataclass(frozen=True, slots=True)
class Comparing:
    """One comparison."""

    sieve: Sieve
    accounts: Collection[str]
    """Whose records are compared."""
    rulebook: Rulebook
    now: datetime
    progress: Progress

    def run(self, reader: StateReader, share: Shares | None) -> Compared | None:
        """What comes of it, the sieve left with what is not matched; None where another process has died."""
        self.progress.phase("Comparing", len(self.sieve), "records")
        if share is None or len(self.sieve) <= _ALONE or not _has_another(reader):
            lines = _counted(self._lines(reader, _EVERYTHING), self.progress.advance)
            return self._put_together([self._compared(lines)], *self._known(reader))
        middle = self.sieve.middle
        looks: list[Look] = [partial(self._portion, within=within) for within in ((None, middle), (middle, None))]
        looks.append(lambda another: orjson.dumps(self._known(another)))
        messages = share([partial(_by_another, reader, look) for look in looks])
        found = {number: message for number, message in messages if message is not None}
        self.progress.done()
        if len(found) < len(looks):
            return None
        *portions, known = (found[number] for number in range(len(looks)))
        parts = [Share.unpacked(message) for message in portions]
        for part in parts:
            self.sieve.remove(part.matched)
        until, twins = orjson.loads(known)
        return self._put_together(parts, None if until is None else datetime.fromisoformat(until), twins)

    def _put_together(self, parts: Iterable[Share], until: datetime | None, twins: bool) -> Compared:
        found = Compared(Counter(), [], [], Renewals(), until, twins)
        for part in parts:
            found.settled.update(part.settled)
            found.moved.extend(part.moved)
            found.rows.extend(part.rows)
            found.renewing.join(part.renewing)
        return found

    def _portion(self, reader: StateReader, within: Within) -> bytes:
        return self._compared(self._lines(reader, within)).packed()

    def _lines(self, reader: StateReader, within: Within) -> Iterator[tuple[str, str]]:
        return reader.lines(self.accounts, self.now, self.now + DUE_WITHIN, within, self.sieve.silence)

    def _compared(self, lines: Iterable[tuple[str, str]]) -> Share:
        found = self.sieve.sift(lines)
        renewing = Renewals()
        for file, items in renewals(found.renewing, self.now, self.rulebook).items():
            renewing.add(file, items)
        return Share(found.settled, found.moved, found.rows, renewing, bytes(found.matched))

    def _known(self, reader: StateReader) -> tuple[datetime | None, bool]:
        """Of all records together: `until`, and `twins`."""
        end, renewal = reader.next_ends(self.now, self.now + DUE_WITHIN)
        ends = (end, None if renewal is None else renewal - DUE_WITHIN)
        until = min((item for item in ends if item is not None), default=None)
        return until, self.sieve.ids and reader.has_twins()


def renewals(renewing: Iterable[Renewing], now: datetime, rulebook: Rulebook) -> dict[str, list[Item]]:
    """By file: the renewals of settled records within the horizon."""
    by_file: dict[str, list[Item]] = {}
    renewer = Renewer(now, now + DUE_WITHIN, rulebook)
    for file, line, end in renewing:
        item = renewer.renewal(line, end)
        if item is not None:
            by_file.setdefault(file, []).append(item)
    return by_file


def _has_another(reader: StateReader) -> bool:
    """Whether more than one process can read this store."""
    another = reader.another()
    if another is not None:
        another.close()
    return another is not None


def _by_another(reader: StateReader, look: Look) -> Iterator[bytes]:
    another = reader.another()  # a connection is never shared with another process
    if another is not None:
        with another:
            yield look(another)


def _counted(lines: Iterable[tuple[str, str]], progress: Callable[[int], None]) -> Iterator[tuple[str, str]]:
    """The same lines; every so often it is told how many more there were."""
    number = 0
    for number, line in enumerate(lines, 1):
        yield line
        if not number % _STEP:
            progress(_STEP)
    progress(number % _STEP)
