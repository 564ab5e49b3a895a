"""Sketches for tests, made of declared subscriptions themselves: what a file that declares just these comes to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from reconciler.gist import Asked, digest, gist_of, line_of
from reconciler.model import DesiredSubscription, StoredSubscription
from reconciler.sift import Renewing, Sieve, Sifted
from reconciler.spec.sketch import RuleCount, Sketch
from tests.builders import NOW, a_desired
from tests.fakes import MemoryStore

HORIZON = NOW + timedelta(days=30)


def a_sketch(
    *wanted: DesiredSubscription | str,
    account: str = "contoso",
    odd: Iterable[str] = (),
    rules: Iterable[RuleCount] = (),
) -> Sketch:
    """The sketch of these, all of them plain; a text is a key."""
    items = [a_desired(item) if isinstance(item, str) else item for item in wanted]
    asked: dict[Asked, int] = {}
    gists, which = [], []
    for item in items:
        found = gist_of(item)
        assert found is not None, item
        gists.append(digest(found[0]))
        which.append(asked.setdefault(found[1], len(asked)))
    names = "\n".join(item.key.name for item in items)
    products = sorted({str(item.facts.product) for item in items})
    return Sketch(
        account, names, b"".join(gists), bytes(which), tuple(asked), tuple(odd), tuple(products), tuple(rules)
    )


def a_count(number: int = 0, **products: int) -> RuleCount:
    """What that rule of `_defaults.yaml` matched."""
    return RuleCount("specs/_defaults.yaml", number, tuple(sorted(products.items())), f"rule {number}")


def lines_of(*rows: StoredSubscription, now: datetime = NOW, horizon: datetime = HORIZON) -> Iterator[tuple[str, str]]:
    """These records as a store hands them over."""
    return MemoryStore({row.key: row for row in rows}).lines({row.key.account for row in rows}, now, horizon)


def sifted(sketch: Sketch, *rows: StoredSubscription) -> Sifted:
    """What comes of comparing one file with these records."""
    return Sieve({"a.yaml": sketch}, {}).sift(lines_of(*rows))


def a_renewing(row: StoredSubscription, file: str = "a.yaml") -> Renewing:
    """The record as a settled one that renews."""
    return Renewing(file, line_of(row), row.term.end.isoformat())
