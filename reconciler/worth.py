"""What changes come to in money, as limits count it: one whole term of each.

Pure. Must not judge: that is `brakes`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from reconciler.changes import Change
from reconciler.model import Money

_NAMED: Final = 10
"""Keys that are kept of those without a value."""


@dataclass(slots=True)
class Unpriced:
    """Changes that move money, and nobody knows how much."""

    count: int = 0
    first: list[str] = field(default_factory=list)
    """The keys of the first few."""

    def among(self, changes: Iterable[Change]) -> Iterator[Change]:
        """The same changes, those that are unpriced counted on the way."""
        for change in changes:
            if is_unpriced(change):
                self.count += 1
                if self.count <= _NAMED:
                    self.first.append(str(change.key))
            yield change


def value_of(change: Change) -> Money | None:
    """What one whole term of it costs, where that is known."""
    value = None if change.impact is None else change.impact.counted
    return None if value is None else value.money


def is_unpriced(change: Change) -> bool:
    """Whether it moves money, and nobody knows how much."""
    impact = change.impact
    moves = impact is None or impact.counted is not None or "charge" in impact.unknown
    return moves and value_of(change) is None


def sums(values: Iterable[Money | None]) -> Counter[str]:
    """Minor units by currency; what is not known is left out."""
    found: Counter[str] = Counter()
    for money in values:
        if money is not None:
            found[money.currency] += money.minor
    return found
