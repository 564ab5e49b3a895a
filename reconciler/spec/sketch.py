"""What is kept of one spec file: a sketch of it, as a value and as bytes.

Pure. How a sketch is made, `gists` knows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

import orjson

from reconciler.gist import Asked

SIZE: Final = 16
"""Bytes of a gist's digest."""


class RuleCount(NamedTuple):
    """How many subscriptions of a file one rule matched."""

    origin: str
    """The file of the rule."""
    number: int
    """Of the rule in that file, from 0."""
    products: tuple[tuple[str, int], ...]
    """Codes of what it matched, sorted, each with how often."""
    summary: str

    @property
    def matched(self) -> int:
        """How many it matched."""
        return sum(count for _, count in self.products)


class Sort(NamedTuple):
    """What is alike of some subscriptions of a file."""

    asked: Asked
    product: str
    rules: tuple[tuple[str, int, str], ...]
    """Those that match: the file of each, its number there, and what it says."""


class Sketch(NamedTuple):
    """What a plan needs to know of one spec file, as long as nothing in it has to be looked at."""

    account: str
    names: str
    """Of what is plainly declared, in the order of the file, a line each: as one text they take a third of the room."""
    gists: bytes
    """Theirs, one after the other."""
    which: bytes
    """For each of them the index into `asked`."""
    asked: tuple[Asked, ...]
    odd: tuple[str, ...]
    """What is to be read in full whatever the store holds."""
    products: tuple[str, ...]
    rules: tuple[RuleCount, ...]

    def packed(self) -> bytes:
        """The sketch as bytes."""
        asked, rules = list(map(tuple, self.asked)), list(map(tuple, self.rules))
        head = orjson.dumps([self.account, self.names, asked, self.odd, self.products, rules])
        return b"%08x" % len(head) + head + self.which + self.gists

    @classmethod
    def unpacked(cls, data: bytes) -> Sketch:
        """The sketch that such bytes hold; ValueError for others."""
        made, rest = cls.beginning(data)
        if rest:
            raise ValueError("more than a sketch")
        return made

    @classmethod
    def beginning(cls, data: bytes) -> tuple[Sketch, bytes]:
        """The sketch that such bytes begin with, and the rest of them; ValueError where they do not."""
        try:
            begin = 8 + int(data[:8], 16)
            account, names, asked, odd, products, rules = orjson.loads(data[8:begin])
            count = len(names.splitlines())
            gists = begin + count
            end = gists + count * SIZE
            made = cls(
                account,
                names,
                data[gists:end],
                data[begin:gists],
                tuple(Asked(*item) for item in asked),
                tuple(odd),
                tuple(products),
                tuple(
                    RuleCount(origin, number, tuple((code, count) for code, count in codes), summary)
                    for origin, number, codes, summary in rules
                ),
            )
        except (TypeError, AttributeError) as error:
            raise ValueError(str(error)) from error
        if len(data) < end or (made.which and max(made.which) >= len(asked)):
            raise ValueError("a sketch whose parts do not fit")
        return made, data[end:]


_ASKED_AT_MOST: Final = 256


def sketched(
    account: str, names: Sequence[str], gists: bytes, odd: Sequence[str], which: Sequence[int], sorts: Sequence[Sort]
) -> Sketch | None:
    """The sketch of a file; None where its subscriptions ask in more ways than one can tell.

    `which` has for each name the index into `sorts`, which are in the order in which they were met.
    """
    asked: dict[Asked, int] = {}
    counted: dict[tuple[str, int, str], Counter[str]] = {}
    each = Counter(which)
    for index, sort in enumerate(sorts):
        asked.setdefault(sort.asked, len(asked))
        for rule in sort.rules:
            counted.setdefault(rule, Counter())[sort.product] += each[index]
    if len(asked) > _ASKED_AT_MOST:
        return None
    places = [asked[sort.asked] for sort in sorts]
    return Sketch(
        account,
        "\n".join(names),
        gists,
        bytes(map(places.__getitem__, which)),
        tuple(asked),
        tuple(odd),
        tuple(sorted({sort.product for sort in sorts})),
        tuple(
            RuleCount(origin, number, tuple(sorted(products.items())), summary)
            for (origin, number, summary), products in counted.items()
        ),
    )
