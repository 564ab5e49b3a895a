"""Measures an apply at Stripe's emulator against its goals of docs/performance.md: the pace kept, and 20 ms well used.

All of it is the product: the real engine, store and provider. Only Stripe's pace is another than its own.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from reconciler.answers import Pace
from reconciler.apply import Served
from reconciler.environment import variable
from reconciler.journal import ChangeReport, OutcomeKind
from reconciler.ports import Opening, Reader, Writer
from reconciler.progress import Untold
from reconciler.providers.stripe.provider import StripeProvider, StripeReader, StripeWriter
from reconciler.registry import Registry
from reconciler.runtime import Options, Runtime
from reconciler.services import Services
from tests.benchmarks.vendors import Vendor, vendor

CHANGES = 1000
CALLS = 3
"""A look before, the order, and a look after it."""
LATENCY_MS = 20
FREE = Pace(reads=100_000.0, writes=100_000.0)
_SETTINGS = """\
version: 1
accounts:
  shop: {{provider: stripe, tenant: {tenant}}}
safety:
  max_endings: {{count: 1000000, percent: 100}}
  max_changes: {{count: 1000000, percent: 100}}
  max_spending: {{count: 1000000, percent: 100}}
"""


@dataclass
class Paced(StripeProvider):
    """Stripe, but for its pace."""

    own: Pace

    def reader(self, opening: Opening) -> Reader:
        """As it is, at this pace."""
        return _at(self.own, StripeReader)(opening)

    def writer(self, opening: Opening) -> Writer:
        """As it is, at this pace."""
        return _at(self.own, StripeWriter)(opening)


def _at(own: Pace, base: type[StripeReader]) -> type[StripeWriter]:
    return type("At", (base,), {"pace": own})  # it is a writer where one is asked for


class Paying(Registry):
    """Ours, with Stripe at another pace."""

    def __init__(self, own: Pace) -> None:
        super().__init__()
        self._made["stripe"] = Paced(own)


@dataclass
class Timed(Services):
    """The services of a command, with a watch on what goes to outside providers."""

    seconds: list[float] = field(default_factory=list)

    def served(self, *given: object, **named: object) -> Served:
        """As it is."""
        found = super().served(*given, **named)  # type: ignore[arg-type]
        carry_out = found.outside
        assert carry_out is not None

        def watched(*orders: object) -> Sequence[ChangeReport]:
            began = time.perf_counter()
            try:
                return carry_out(*orders)  # type: ignore[arg-type]
            finally:
                self.seconds.append(time.perf_counter() - began)

        return Served(found.recorders, found.desks, watched, found.abroad)


def applied(root: Path, shop: Vendor, pace: Pace, changes: int) -> float:
    """One whole apply, in which so many changes must succeed; the seconds that outside orders took."""
    runtime = Runtime(Options(directory=root), {variable("stripe", "endpoint"): shop.url})
    runtime.registry = Paying(pace)
    services = runtime.services
    runtime.services = timed = Timed(services.registry, services.environment, services.timing)
    _, report = runtime.apply(lambda found: True, lambda: False, Untold())
    done = [item for item in report.changes if item.outcome is OutcomeKind.SUCCEEDED] if report is not None else []
    if len(done) != changes:
        raise SystemExit(f"{len(done)} changes succeeded, of {changes}")
    return sum(timed.seconds)


def write(root: Path, shop: Vendor, ids: Sequence[str], recurring: str) -> None:
    """An estate of these."""
    (root / "specs").mkdir(parents=True, exist_ok=True)
    tenant = next(iter(shop.table("account")))
    (root / "reconcile.yaml").write_text(_SETTINGS.format(tenant=tenant), encoding="utf-8")
    text = "".join(f"  s{number:05}: {{id: {id}, recurring: {recurring}}}\n" for number, id in enumerate(ids))
    (root / "specs" / "shop.yaml").write_text(f"version: 1\naccount: shop\nsubscriptions:\n{text}", encoding="utf-8")


def renewing(shop: Vendor, count: int) -> list[str]:
    """So many that renew, and that nothing else decides about."""
    found = [
        id
        for id, body in shop.table("subscriptions").items()
        if body["status"] == "active" and body["cancel_at"] is None and body["schedule"] is None
    ]
    if len(found) < count:
        raise SystemExit(f"only {len(found)} renew")
    return found[:count]


def latency(folder: Path, runs: int) -> str:
    """A thousand changes at a vendor that answers after 20 ms, there and back again, against the ideal."""
    ideal = CHANGES * CALLS * LATENCY_MS / 1000 / FREE.threads
    root = folder / "latency"
    with vendor("stripe", CHANGES * 2) as shop:
        ids = renewing(shop, CHANGES)
        write(root, shop, ids, "on")
        applied(root, shop, FREE, CHANGES)
        shop.control("latency", {"ms": LATENCY_MS})
        taken = []
        for number in range(runs):
            write(root, shop, ids, "on" if number % 2 else "off")
            taken.append(applied(root, shop, FREE, CHANGES))
        effects = len(shop.control("effects")["effects"])
    if effects != runs * CHANGES:
        raise SystemExit(f"{effects} writes committed, of {runs * CHANGES}")
    what = f"{CHANGES:,} changes, {LATENCY_MS} ms, {FREE.threads} threads"
    seconds = statistics.median(taken)
    return f"| {what} | 0.80 of the ideal | {ideal / seconds:.2f} of it | {seconds:.2f} s | {ideal:.2f} s |"


def rate(folder: Path, per_second: float, seconds: float) -> str:
    """Writes against the rate that they are given, as the vendor counts them."""
    count, root = int(per_second * seconds), folder / f"rate-{per_second:g}"
    with vendor("stripe", count * 2) as shop:
        ids = renewing(shop, count)
        write(root, shop, ids, "on")
        applied(root, shop, FREE, count)
        write(root, shop, ids, "off")
        applied(root, shop, Pace(reads=100_000.0, writes=per_second), count)
        effects = shop.control("effects")["effects"]
    at = sorted(datetime.fromisoformat(effect["at"]).timestamp() for effect in effects)
    mean = (len(at) - 1) / (at[-1] - at[0])
    most = max(sum(1 for one in at if begin <= one < begin + 1) for begin in at)
    longest = max(later - earlier for earlier, later in pairwise(at))
    return (
        f"| {count} writes at {per_second:g} a second | within 5 % | {mean / per_second:.3f} of it "
        f"| at most {most} in any second | longest gap {longest * 1000:.0f} ms |"
    )


def changing(folder: Path, runs: int) -> Iterator[str]:
    """Lines of a table."""
    yield latency(folder, max(2, runs))
    for per_second in (10.0, 50.0):
        yield rate(folder, per_second, 10.0)
