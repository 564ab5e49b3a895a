"""The figures of one run as values and as JSON: what was measured, what is missing and why, where and with what."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from tests.benchmarks.peers.contender import Case


@dataclass(frozen=True, slots=True)
class Measured:
    """One process."""

    contender: str
    size: int
    case: Case
    round: int
    seconds: float
    processor: float
    mebibytes: float


@dataclass(frozen=True, slots=True)
class Missing:
    """What was not measured, and why."""

    contender: str
    size: int
    case: Case
    why: str
    over: float | None = None
    """Where it was begun and ended: it takes longer than these seconds."""


@dataclass(frozen=True, slots=True)
class Figures:
    """All of a run; contenders and sizes stand in the order of measuring, ours first."""

    date: str
    machine: dict[str, str]
    versions: dict[str, str]
    measured: tuple[Measured, ...]
    missing: tuple[Missing, ...]

    @property
    def contenders(self) -> tuple[str, ...]:
        """Every name, in the order of their first figures, and of their first gaps after those."""
        return tuple(
            dict.fromkeys([item.contender for item in self.measured] + [gap.contender for gap in self.missing])
        )

    @property
    def sizes(self) -> tuple[int, ...]:
        """Every size, from small to large."""
        return tuple(sorted({item.size for item in self.measured} | {gap.size for gap in self.missing}))

    def of(self, contender: str, size: int, case: Case | None = None) -> Iterator[Measured]:
        """What was measured of one, in the order of the rounds; without a case, of all."""
        for item in self.measured:
            if (item.contender, item.size) == (contender, size) and case in {None, item.case}:
                yield item

    def rounds(self, contender: str, size: int) -> int:
        """How often it was measured."""
        return len({item.round for item in self.of(contender, size)})

    def seconds(self, contender: str, size: int, case: Case) -> float | None:
        """The median."""
        found = [item.seconds for item in self.of(contender, size, case)]
        return statistics.median(found) if found else None

    def peak(self, contender: str, size: int) -> float | None:
        """The most memory that a process of it held, in any case and round."""
        return max((item.mebibytes for item in self.of(contender, size)), default=None)

    def times(self, contender: str, other: str, size: int, case: Case) -> float | None:
        """How many times as long as the other it took: the median of what each round says in which both ran."""
        theirs = {item.round: item.seconds for item in self.of(other, size, case)}
        found = [item.seconds / theirs[item.round] for item in self.of(contender, size, case) if item.round in theirs]
        return statistics.median(found) if found else None

    def over(self, contender: str, size: int, case: Case) -> float | None:
        """The seconds after which it was ended, where it never came to its end."""
        if self.seconds(contender, size, case) is not None:
            return None
        found = [gap.over for gap in self.missing if (gap.contender, gap.size, gap.case) == (contender, size, case)]
        return found[0] if found else None

    def growth(self, contender: str, size: int, case: Case) -> float | None:
        """How many times as long as at the size before."""
        before = max((smaller for smaller in self.sizes if smaller < size), default=None)
        now, then = self.seconds(contender, size, case), None
        if before is not None:
            then = self.seconds(contender, before, case)
        return None if now is None or then is None else now / then

    def to_json(self) -> str:
        """For a file: one line for each process, so that two runs can be compared by eye."""
        head = {"date": self.date, "machine": self.machine, "versions": self.versions}
        parts = [
            f"  {json.dumps(key)}: {json.dumps(value, indent=2)}".replace("\n", "\n  ") for key, value in head.items()
        ]
        for key, items in (("measured", self.measured), ("missing", self.missing)):
            lines = ",\n".join(f"    {json.dumps(_rounded(asdict(item)))}" for item in items)
            parts.append(f'  "{key}": [\n{lines}\n  ]' if items else f'  "{key}": []')
        return "{\n" + ",\n".join(parts) + "\n}\n"

    @classmethod
    def from_json(cls, text: str) -> Figures:
        """What `to_json` wrote."""
        read = json.loads(text)
        measured = tuple(Measured(**_cased(item)) for item in read["measured"])
        missing = tuple(Missing(**_cased(item)) for item in read["missing"])
        return cls(read["date"], read["machine"], read["versions"], measured, missing)


def _rounded(item: dict[str, Any]) -> dict[str, Any]:
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in item.items()}


def _cased(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "case": Case(item["case"])}
