"""Every command that plans reads what a limit over several days counts."""

from __future__ import annotations

import pytest

from tests.cli.world import World

SETTINGS = """\
version: 1
accounts: {contoso: {provider: ledger}}
safety:
  max_endings: {count: 1, percent: 100, at_least: 1, per: 30d}
"""
TWO = """\
a:
  facts: {product: SPB, term: annual, start: 2026-03-01, price: 1.00 EUR}
b:
  facts: {product: SPB, term: annual, start: 2026-03-01, price: 1.00 EUR}
"""


@pytest.fixture
def counted(world: World) -> World:
    """A repository whose one ending of these days is spent."""
    world.write("reconcile.yaml", SETTINGS)
    world.specs(TWO)
    world.apply()
    world.specs(TWO.replace("b:\n", "  recurring: off\nb:\n"))
    assert world.apply().code == 0
    return world


@pytest.mark.parametrize(
    "words",
    [
        ("--dry-run",),
        ("forecast",),
        ("due",),
        ("what-if", "contoso/b"),
        ("calendar",),
        ("report", "-o", "-"),
        ("status",),
        ("show", "contoso/a"),
        ("undo", "last"),
    ],
    ids=lambda words: words[0],
)
def test_a_command_that_plans_or_looks_works_beside_such_a_limit(counted: World, words: tuple[str, ...]) -> None:
    done = counted.run(*words)
    assert done.code in (0, 5), done.err


def test_what_earlier_runs_did_is_counted(counted: World) -> None:
    counted.specs(TWO.replace("b:\n", "  recurring: off\nb:\n") + "  recurring: off\n")
    done = counted.apply()
    assert done.code == 3
    assert "max-endings" in done.out
