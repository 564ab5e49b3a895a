#!/usr/bin/env python3
"""Writes the specs of this example: forty invented customers, the same on every machine.

    python3 generate.py

It only ever writes below `specs/`, next to itself. Edit the lists, not the files that it wrote.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid5

REGIONS = {
    "north": "amber birch cedar dune elder fjord grove heath inlet juniper kelp larch maple",
    "south": "olive poplar quarry reed sorrel thistle umber vale willow yarrow almond basil clover",
    "west": "delta ember flint garnet harbour iris jasper knoll lagoon marble nettle opal pebble quartz",
}
OWNERS = {"north": "nora", "south": "silvia", "west": "wim"}

# Name, product code, term, price, and of how many customers one has it.
PRODUCTS = (
    ("business-premium", "SPB", "annual", "247.20 EUR", 1),
    ("business-basic", "O365_BUSINESS_ESSENTIALS", "annual", "72.00 EUR", 2),
    ("exchange-kiosk", "EXCHANGEDESKLESS", "monthly", "1.90 EUR", 3),
    ("visio-plan-2", "VISIOCLIENT", "monthly", "13.10 EUR", 2),
    ("project-plan-3", "PROJECTPROFESSIONAL", "annual", "319.20 EUR", 5),
    ("power-bi", "POWER_BI_PRO", "monthly", "13.10 EUR", 4),
    ("teams-essentials", "Teams_Ess", "annual", "44.40 EUR", 7),
)
ARCHITECTS = frozenset({"grove", "reed", "jasper"})
"""They draw for a living: their own Visio is declared to stay."""

_TENANTS = UUID("6f1d2a44-5b0e-4f57-9d1c-2f6f3a1e8c50")
_SCHEMAS = "# yaml-language-server: $schema="


def files() -> dict[str, str]:
    """Every spec file by its path below `specs/`."""
    customers = [(region, name) for region, names in REGIONS.items() for name in names.split()]
    written = {"_defaults.yaml": _everywhere()}
    written |= {f"{region}/_defaults.yaml": _of_region(region) for region in REGIONS}
    for number, (region, name) in enumerate(customers):
        written[f"{region}/{name}/_account.yaml"] = _account(name)
        written[f"{region}/{name}/licences.yaml"] = "".join(f"{line}\n" for line in _licences(number, name))
    return written


def _everywhere() -> str:
    return f"""\
{_SCHEMAS}../../../schemas/defaults.v1.schema.json
# What holds for every customer.
version: 1
defaults:
  recurring: on
rules:
  - match: {{product: SPB}}
    set: {{protect: true}}         # nobody's mail ends by a slip of the pen
"""


def _of_region(region: str) -> str:
    return f"""\
{_SCHEMAS}../../../../schemas/defaults.v1.schema.json
version: 1
defaults:
  owner: {OWNERS[region]}@partner.example
  labels: {{region: {region}}}
"""


def _account(name: str) -> str:
    return f"""\
{_SCHEMAS}../../../../../schemas/account.v1.schema.json
version: 1
account: {name}
like: partner
tenant: {uuid5(_TENANTS, name)}
"""


def _licences(number: int, name: str) -> Iterator[str]:
    yield f"{_SCHEMAS}../../../../../schemas/specs.v1.schema.json"
    yield "version: 1"
    yield "subscriptions:"
    for rank, (product, code, term, price, one_in) in enumerate(PRODUCTS):
        if product == "visio-plan-2" and name in ARCHITECTS:
            yield from _subscription(product, code, term, price, number, rank)
            yield "    recurring: on"
            yield "    reason: architects, who draw for a living"
        elif (number + rank) % one_in == 0:
            yield from _subscription(product, code, term, price, number, rank)


def _subscription(product: str, code: str, term: str, price: str, number: int, rank: int) -> Iterator[str]:
    month, day = (number * 5 + rank * 3) % 10 + 1, (number * 7 + rank * 11) % 28 + 1
    seats = (number * 13 + rank * 17) % 40 + 1
    start = f"2026-{month:02}-{day:02}"
    yield f"  {product}:"
    yield f"    facts: {{product: {code}, term: {term}, start: {start}, seats: {seats}, price: {price}}}"


def main() -> None:
    """Write them all."""
    specs = Path(__file__).resolve().parent / "specs"
    for path, text in files().items():
        file = specs / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
