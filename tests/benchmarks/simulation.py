"""Workers against the limits of providers: the simulation first repeats what was measured, then looks ahead.

python -m tests.benchmarks.simulation prints both tables of docs/scaling.md. Nothing is fitted to the rates that it is
compared with; what each cost is taken from, that page says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from tests.benchmarks.simulated import Cost, Found, Setting, simulated


@dataclass(frozen=True, slots=True)
class Point:
    """Something that was measured, by what, and the same for the simulation."""

    what: str
    source: str
    measured: float
    """Changes a second."""
    setting: Setting

    def line(self) -> str:
        """A row of the table."""
        found = simulated(self.setting)
        error = (found.rate / self.measured - 1) * 100
        sums = f"{found.lost}, {found.doubled}"
        cells = (self.what, self.source, f"{self.setting.others:.2f}", f"{self.measured:.1f}", f"{found.rate:.1f}")
        return f"| {' | '.join(cells)} | {error:+.0f} % | {sums} |"


_BARE: Final = Cost(worker=0.001, server=0.0, vendor=0.0, commit=0.0006, turn=0.0006, start=0.0)
"""The engine alone, in one process, with a provider that only waits, and SQLite: one write to disk for each commit."""
_SDK: Final = replace(_BARE, worker=0.008)
"""With Stripe's SDK: 7 to 9 s of the processor for 1,000 changes."""
_FREE: Final = 100_000.0
_WORKERS, _CHANGING = "`workers`", "`changing`"
POINTS: Final = (
    Point("1 worker, 20 ms, 2 requests at once", _WORKERS, 28.5, Setting(200, others=1.0)),
    Point("2 workers", _WORKERS, 57.8, Setting(400, 2, others=0.87)),
    Point("4 workers", _WORKERS, 108.3, Setting(800, 4, others=0.73)),
    Point("4 workers, 50 writes a second allowed", _WORKERS, 47.6, Setting(500, 4, writes=50.0, others=1.2)),
    Point("4 workers, one killed every 3 s", _WORKERS, 73.9, Setting(1600, 4, killed_every=3.0, others=0.73)),
    Point(
        "the engine alone, 20 ms, 8 requests at once", "performance.md", 0.95 * 1000 / 7.5,
        Setting(1000, reads=_FREE, writes=_FREE, threads=8, cost=_BARE),
    ),
    Point(
        "the same with Stripe's SDK and emulator", _CHANGING, 0.77 * 1000 / 7.5,
        Setting(1000, reads=_FREE, writes=_FREE, threads=8, cost=_SDK),
    ),
    Point(
        "50 writes a second allowed", _CHANGING, 50 * 1.008,
        Setting(500, reads=_FREE, writes=50.0, threads=8, latency=0.0, cost=_SDK),
    ),
    Point(
        "10 writes a second allowed", _CHANGING, 10 * 0.996,
        Setting(100, reads=_FREE, writes=10.0, threads=8, latency=0.0, cost=_SDK),
    ),
)  # fmt: skip
"""docs/scaling.md says when and where; `others` was measured beside each."""

LATENCY: Final = 0.2
"""Seconds that a vendor on the internet takes for a request. Assumed: nobody could ask one."""
LIVE: Final = Setting(1, latency=LATENCY, threads=8, cores=0, cost=Cost(worker=0.012))
"""Workers and server with processors of their own; the SDK's processor time beside ours."""
PACES: Final = {"Stripe": (25.0, 25.0), "Microsoft": (25.0, 10.0), "Partner Center": (5.4, 2.7)}
"""Reads and writes a second, as the providers here keep to them."""
CROWDS: Final = ((1, 1), (1, 4), (10, 1), (10, 10), (10, 40), (100, 100))
"""Sign-ins, workers."""
_EACH, _SHARD = 300, 100
"""Changes that are simulated for each sign-in, and in a shard: the rate is steady by then."""


def ahead(provider: str, sign_ins: int, workers: int, *, in_turns: bool = True) -> Found:
    """So many workers at a provider on the internet; one sign-in has shards for all of them."""
    reads, writes = PACES[provider]
    shard, each = (_SHARD, max(_EACH, _SHARD * workers // sign_ins)) if in_turns else (25, 100 * workers)
    changes = each * sign_ins
    crowd = replace(LIVE, changes=changes, workers=workers, sign_ins=sign_ins, shard=shard, in_turns=in_turns)
    return simulated(replace(crowd, reads=reads, writes=writes))


def hours(changes: int, rate: float) -> str:
    """As people say it."""
    found = changes / rate / 3600
    if found < 48:
        return f"{found:.1f} h"
    return f"{found / 24:.1f} days" if found < 480 else f"{found / 24:,.0f} days"


def repeated() -> Iterator[str]:
    """The lines of the table that compares."""
    yield "| what | by | processors that others had | changes a second | simulated | error | lost, doubled |"
    yield "|---|---|--:|--:|--:|--:|--:|"
    yield from (point.line() for point in POINTS)


def looking_ahead() -> Iterator[str]:
    """The lines of the table that extrapolates."""
    yield "| provider | sign-ins | workers | changes a second | 1 million | 10 million | 100 million |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for provider in PACES:
        for sign_ins, workers in CROWDS:
            yield row(provider, sign_ins, str(workers), ahead(provider, sign_ins, workers).steady)
    rate = ahead("Stripe", 10, 10, in_turns=False).steady
    yield row("Stripe", 10, "10, all at one sign-in", rate)


def row(provider: str, sign_ins: int, workers: str, rate: float) -> str:
    """One line of the table that extrapolates."""
    cells = " | ".join(hours(changes, rate) for changes in (10**6, 10**7, 10**8))
    return f"| {provider} | {sign_ins} | {workers} | {rate:,.1f} | {cells} |"


def main() -> None:
    """Print both."""
    for line in (*repeated(), "", *looking_ahead()):
        print(line, flush=True)


if __name__ == "__main__":
    main()
