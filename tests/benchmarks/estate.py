"""Writes an estate of a given size: a repository with settings and specs, the same bytes for the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

_PRODUCTS = ("SPB", "VISIOCLIENT", "PROJECTPREMIUM", "ENTERPRISEPACK", "POWER_BI_PRO", "INTUNE_A", "EXCHANGESTANDARD")
_TERMS = ("annual", "monthly", "annual", "triennial")
TENTH_MONTHLY = ("monthly", *("annual",) * 8, "triennial")
"""Terms of an estate of which a tenth renews every month."""
_PER_FILE = 100

_SETTINGS = """\
version: 1
accounts:
  contoso: {provider: ledger}
"""

_DEFAULTS = """\
version: 1
defaults:
  owner: it@contoso.example
  recurring: on
"""


def write_estate(root: Path, subscriptions: int, *, off_every: int = 0, terms: Sequence[str] = _TERMS) -> None:
    """`subscriptions` in files of 100, several layouts mixed; every `off_every`-th own `recurring: off` (0: none)."""
    (root / "specs").mkdir(parents=True, exist_ok=True)
    (root / "reconcile.yaml").write_text(_SETTINGS, encoding="utf-8")
    (root / "specs" / "_defaults.yaml").write_text(_DEFAULTS, encoding="utf-8")
    for first in range(0, subscriptions, _PER_FILE):
        numbers = range(first, min(first + _PER_FILE, subscriptions))
        text = "".join(_subscription(number, off_every, terms) for number in numbers)
        name = root / "specs" / f"part-{first // _PER_FILE:05d}.yaml"
        name.write_text(f"version: 1\naccount: contoso\nsubscriptions:\n{text}", encoding="utf-8")


def _subscription(number: int, off_every: int, terms: Sequence[str]) -> str:
    product, term = _PRODUCTS[number % len(_PRODUCTS)], terms[number % len(terms)]
    start = f"202{number % 6}-{number % 12 + 1:02d}-{number % 28 + 1:02d}"
    off = "    recurring: off\n" if off_every and number % off_every == 0 else ""
    if number % 5 == 0:
        facts = f"    facts: {{product: {product}, term: {term}, start: {start}, seats: {number % 300}}}  # mailed\n"
    else:
        facts = (
            f'    facts:\n      product: "{product}"\n      term: {term}\n      start: {start}\n'
            f"      seats: {number % 300}\n      price: {number % 90}.{number % 100:02d} EUR\n"
        )
    return f"  subscription-{number:07d}:\n{facts}    labels: {{team: team-{number % 17}}}\n{off}"
