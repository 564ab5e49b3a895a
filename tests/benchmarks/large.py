"""Writes estates of up to a million subscriptions, with a store as a first apply would have left it.

`uniform`: every subscription laid out alike. `mixed`: comments, quotes, several layouts, rules and defaults of folders.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from reconciler.desired import SpecText, SpecTexts
from reconciler.effects import carried_out
from reconciler.proposals import registration
from reconciler.runtime import Options, Runtime
from reconciler.spec import load_specs
from reconciler.stores.rows import stored_row
from reconciler.stores.sqlite import open_store
from reconciler.stores.tables import SUBSCRIPTIONS, Row

LINEAGE = "6d1f0a52-3c8b-4b57-9d0e-8f1f2f6b7a10"
AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
"""When the store was filled: renewals up to then are behind it."""
_PRODUCTS = ("SPB", "VISIOCLIENT", "PROJECTPREMIUM", "ENTERPRISEPACK", "POWER_BI_PRO", "INTUNE_A", "EXCHANGESTANDARD")
_TERMS = ("annual", "annual", "annual", "triennial")
_PER_FILE, _PER_FOLDER = 100, 100

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
_RULES = """\
version: 1
defaults:
  labels: {region: region-%d}
rules:
  - match: {product: VISIOCLIENT}
    set: {labels: {reviewed: "2026"}}
"""


def write_large(root: Path, subscriptions: int, kind: str) -> None:
    """The specs and settings of an estate; nothing where they are there already."""
    if (root / "reconcile.yaml").exists():
        return
    (root / "specs").mkdir(parents=True)
    (root / "specs" / "_defaults.yaml").write_text(_DEFAULTS, encoding="utf-8")
    layout = _uniform if kind == "uniform" else _mixed
    for first in range(0, subscriptions, _PER_FILE):
        number = first // _PER_FILE
        folder = root / "specs" / f"tenant-{number // _PER_FOLDER:03d}"
        if not folder.exists():
            folder.mkdir()
            if kind == "mixed":
                (folder / "_defaults.yaml").write_text(_RULES % (number // _PER_FOLDER % 9), encoding="utf-8")
        numbers = range(first, min(first + _PER_FILE, subscriptions))
        text = "".join(map(layout, numbers))
        head = "# Maintained by the buyers.\n" if kind == "mixed" and number % 3 == 0 else ""
        path = folder / f"part-{number:05d}.yaml"
        path.write_text(f"{head}version: 1\naccount: contoso\nsubscriptions:\n{text}", encoding="utf-8")
    (root / "reconcile.yaml").write_text(_SETTINGS, encoding="utf-8")


def fill(root: Path) -> None:
    """The store that a first apply of these specs leaves, but for its journal; nothing where it is there already."""
    path = root / ".reconcile" / "state.db"
    if path.exists():
        return
    path.parent.mkdir(exist_ok=True)
    with open_store(path, 10.0, create=LINEAGE):
        pass
    connection = sqlite3.connect(path)
    with connection:
        connection.executemany(SUBSCRIPTIONS.insert, rows(root))
        connection.execute("UPDATE store SET serial = 1, last_as_of = ?", (f"{AS_OF:%Y-%m-%dT%H:%M:%SZ}",))
        connection.execute("INSERT INTO accounts (name, provider) VALUES ('contoso', 'ledger')")
    connection.close()


def rows(root: Path) -> Iterator[Row]:
    """The records of all that is declared, as they are registered, folder by folder."""
    inputs = Runtime(Options(directory=root)).inputs(commit=False, texts=SpecTexts((), (), ""))
    specs = root / "specs"
    top = [_text(root, specs / "_defaults.yaml")]
    for folder in sorted(path for path in specs.iterdir() if path.is_dir()):
        texts = [*top, *(_text(root, path) for path in sorted(folder.iterdir()))]
        desired = load_specs(SpecTexts(tuple(texts), (), ""), inputs.settings, inputs.providers)
        if desired.has_errors:
            raise RuntimeError(f"{folder}: {desired.diagnostics[:3]}")
        for wanted in desired.subscriptions.values():
            made = carried_out(registration(wanted), None, AS_OF)
            if made is None:
                raise RuntimeError(f"{wanted.key}: nothing was registered")
            yield stored_row(made)


def _text(root: Path, path: Path) -> SpecText:
    return SpecText(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))


def _start(number: int) -> str:
    return f"202{number % 6}-{number // 6 % 12 + 1:02d}-{number % 28 + 1:02d}"


def _uniform(number: int) -> str:
    product, term = _PRODUCTS[number % len(_PRODUCTS)], _TERMS[number % len(_TERMS)]
    return (
        f"  subscription-{number:07d}:\n"
        f"    id: 7f3a{number:08x}\n"
        f"    recurring: on\n"
        f"    labels:\n"
        f"      team: team-{number % 17}\n"
        f"    facts:\n"
        f"      product: {product}\n"
        f"      term: {term}\n"
        f"      billing: monthly\n"
        f"      start: {_start(number)}\n"
        f"      seats: {number % 300 + 1}\n"
        f"      price: {number % 90}.{number % 100:02d} EUR\n"
    )


def _mixed(number: int) -> str:
    """One of ten layouts."""
    product, term, start = _PRODUCTS[number % len(_PRODUCTS)], _TERMS[number % len(_TERMS)], _start(number)
    seats, price, team = number % 300 + 1, f"{number % 90}.{number % 100:02d} EUR", f"team-{number % 17}"
    name = f"  subscription-{number:07d}:"
    match number % 10:
        case 0:
            return f"{name}  # asked for by {team}\n    facts: {{product: {product}, term: {term}, start: {start}}}\n"
        case 1:
            return (
                f"{name}\n    recurring: off\n    cancel: none\n"
                f"    facts:\n      product: \"{product}\"\n      term: '{term}'\n      start: {start}\n"
            )
        case 2:
            return (
                f"{name}\n    id: 7f3a{number:08x}\n    labels: {{team: {team}}}\n"
                f"    facts: {{product: {product}, term: {term}, start: {start}, seats: {seats}, price: {price}}}\n"
            )
        case 3:
            return (
                f"\n{name}\n    # The buyers look at this one every spring.\n    owner: buyers@contoso.example\n"
                f"    facts:\n        product: {product}\n        term: {term}\n        start: {start}\n"
                f"        seats: {seats}   # counted by hand\n"
            )
        case 4:
            return (
                f"{name}\n    cancel:\n      when: at-renewal\n      reason: the team {team} has left\n"
                f"    facts:\n      product: {product}\n      term: {term}\n      start: {start}\n"
            )
        case _:
            return _uniform(number).replace("    recurring: on\n", "")
