"""What a look at a whole estate came to, so that the next one need look at no more than what has changed since.

Pure. It holds for one serial of a store, and until time moves the next record; nothing in it is believed beyond that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from operator import add
from struct import Struct
from typing import Any, Final, Protocol

import orjson

from reconciler.gist import Asked
from reconciler.model import SubscriptionKey
from reconciler.renewals import Renewals
from reconciler.sift import SIZE, Match, Outline

_GIST: Final = Struct(f"{SIZE}s")


class Counted(Protocol):
    """How often one rule matched in one file."""

    @property
    def origin(self) -> str:
        """The file of the rule."""
        ...

    @property
    def number(self) -> int:
        """Of the rule in that file."""
        ...

    @property
    def products(self) -> tuple[tuple[str, int], ...]:
        """Codes of what it matched, each with how often."""
        ...

    @property
    def summary(self) -> str:
        """The rule in one line."""
        ...


class Sketched(Outline, Protocol):
    """What of a file's sketch a balance moves by."""

    @property
    def odd(self) -> tuple[str, ...]:
        """What is to be read in full whatever the store holds."""
        ...

    @property
    def rules(self) -> Iterable[Counted]:
        """How often each rule matched."""
        ...


@dataclass(slots=True)
class Balance:
    """What is settled, by account, and all that is not."""

    branch: str
    """Of the store, as `stored.StoredState` tells it."""
    serial: int
    since: datetime
    """The instant that it was made for."""
    until: datetime | None
    """Before this instant time moves nothing that is settled; None: nothing at all."""
    settled: Counter[str] = field(default_factory=Counter)
    renewing: Renewals = field(default_factory=Renewals)
    """Of what is settled."""
    moved: list[Match] = field(default_factory=list)
    rows: list[SubscriptionKey] = field(default_factory=list)
    """Records that nothing declares as they are."""
    left: dict[str, list[str]] = field(default_factory=dict)
    """By file: names of what is plainly declared as no record is."""
    odd: dict[str, list[str]] = field(default_factory=dict)
    """By file: names of what no sketch speaks of."""
    full: list[str] = field(default_factory=list)
    """Files to be read in full."""
    rules: dict[tuple[str, int], tuple[Counter[str], str]] = field(default_factory=dict)
    """How often each rule matched each product in files with a sketch, and what it says."""
    no_twins: bool = False
    """It was looked, and no two records have one id of a provider; no run makes such."""

    def holds(self, branch: str, serial: int, now: datetime) -> bool:
        """Whether it still stands for that state of the store at that instant."""
        fits = (branch, serial) == (self.branch, self.serial)
        return fits and self.since <= now and (self.until is None or now < self.until)

    def count(self, sketch: Sketched, times: int) -> None:
        """Add what the rules matched in a file, or take it away with -1."""
        for item in sketch.rules:
            counts, _ = self.rules.setdefault((item.origin, item.number), (Counter(), item.summary))
            for code, count in item.products:
                counts[code] += times * count
            if not any(counts.values()):
                del self.rules[item.origin, item.number]

    def move(self, file: str, before: Sketched | None, now: Sketched | None, *, there: bool = True) -> None:
        """A file says something else than before, is new, or is not there any more. What both say alike stays as it is.

        `now`: None where it is to be read in full.
        """
        was, says = _said(before), _said(now)
        if before is not None:
            still = set(says)
            self._forget(file, before, {name for item, name in was.items() if item not in still})
        if there and now is None:
            self.full.append(file)
        elif now is not None:
            self._take(file, now, [name for item, name in says.items() if item not in was])

    def _forget(self, file: str, sketch: Sketched, gone: set[str]) -> None:
        """These names a file does not speak of any more, or otherwise: their records are looked at anew."""
        self.count(sketch, -1)
        self.odd.pop(file, None)
        left = set(self.left.pop(file, ()))
        moved = {match.key.name for match in self.moved if match.file == file}
        if staying := [name for name in left if name not in gone]:
            self.left[file] = staying
        self.rows += [SubscriptionKey(sketch.account, name) for name in gone - left]
        self.settled[sketch.account] -= len(gone - left - moved)
        if moved:
            self.moved = [match for match in self.moved if match.file != file or match.key.name not in gone]
        self.renewing.drop(file, gone)

    def _take(self, file: str, sketch: Sketched, new: list[str]) -> None:
        """These names a file did not speak of before, or otherwise."""
        self.count(sketch, 1)
        if sketch.odd:
            self.odd[file] = list(sketch.odd)
        if new:
            self.left[file] = [*self.left.get(file, ()), *new]

    def look_at(self, keys: Iterable[SubscriptionKey]) -> None:
        """Records that are to be looked at, whether they are there yet or not."""
        self.rows = list(dict.fromkeys((*self.rows, *keys)))

    def without_twins(self, twins: Callable[[], bool]) -> bool:
        """Whether no two records have one id. `twins` looks at every record, and is asked until there are none."""
        self.no_twins = self.no_twins or not twins()
        return self.no_twins

    def packed(self) -> bytes:
        """The balance as bytes."""
        renewing, items = self.renewing.packed()
        head = orjson.dumps(
            {
                "head": [self.branch, self.serial, self.since, self.until],
                "settled": dict(self.settled),
                "renewing": renewing,
                "moved": [[*match.key, match.file, list(match.asked)] for match in self.moved],
                "rows": [list(key) for key in self.rows],
                "left": self.left,
                "odd": self.odd,
                "full": self.full,
                "rules": [[*place, dict(counts), summary] for place, (counts, summary) in self.rules.items()],
                "no_twins": self.no_twins,
            }
        )
        return b"%08x" % len(head) + head + items

    @classmethod
    def unpacked(cls, data: bytes) -> Balance:
        """The balance that such bytes hold; ValueError for others."""
        try:
            begin = 8 + int(data[:8], 16)
            found: dict[str, Any] = orjson.loads(data[8:begin])
            branch, serial, since, until = found["head"]
            return cls(
                branch,
                serial,
                datetime.fromisoformat(since),
                None if until is None else datetime.fromisoformat(until),
                Counter(found["settled"]),
                Renewals.unpacked(found["renewing"], data[begin:]),
                [
                    Match(SubscriptionKey(account, name), file, Asked(*asked))
                    for account, name, file, asked in found["moved"]
                ],
                [SubscriptionKey(account, name) for account, name in found["rows"]],
                found["left"],
                found["odd"],
                found["full"],
                {(origin, number): (Counter(counts), summary) for origin, number, counts, summary in found["rules"]},
                found["no_twins"] is True,
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(str(error)) from error


def _said(sketch: Sketched | None) -> dict[bytes, str]:
    """What a file says of which name: the gist, and how it is asked for."""
    if sketch is None or not sketch.names:
        return {}
    codes = [orjson.dumps(list(asked)) for asked in sketch.asked]
    gists = (gist for (gist,) in _GIST.iter_unpack(sketch.gists))
    items = map(add, gists, map(codes.__getitem__, sketch.which))
    return dict(zip(items, sketch.names.split("\n"), strict=True))
