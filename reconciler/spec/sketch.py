"""What is kept of one spec file: a sketch of it, as a value and as bytes.

Pure. How a sketch is made, `gists` knows.
"""

from __future__ import annotations

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
        try:
            length = int(data[:8], 16)
            head, rest = orjson.loads(data[8 : 8 + length]), data[8 + length :]
            account, names, asked, odd, products, rules = head
            count = len(names.splitlines())
            made = cls(
                account,
                names,
                rest[count:],
                rest[:count],
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
        if len(rest) != count * (SIZE + 1) or (made.which and max(made.which) >= len(asked)):
            raise ValueError("a sketch whose parts do not fit")
        return made
