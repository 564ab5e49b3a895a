"""What a watch compares before it wakes: settings, prices, specs, and the UTC day."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconciler.cli.app import Given
from reconciler.cli.watching import _content
from reconciler.runtime import SystemClock
from tests.cli.world import World

SPEC = "visio:\n  facts: {product: VISIO, term: monthly, start: 2026-03-31}\n"


def content(world: World) -> str:
    given = Given(
        directory=world.root,
        settings_file=None,
        store=None,
        as_of=None,
        select=(),
        exclude=(),
        allow=(),
        lock_timeout=None,
        format="text",
        out=(),
        detailed_exitcode=False,
        no_color=True,
        quiet=True,
    )
    return _content(given)


def test_equal_content_on_one_day_is_equal(world: World) -> None:
    world.specs(SPEC)
    before = content(world)
    world.specs(SPEC)
    assert content(world) == before


def test_specs_settings_and_prices_each_make_it_another(world: World) -> None:
    world.specs(SPEC)
    seen = {content(world)}
    world.specs(SPEC + "  recurring: off\n")
    seen.add(content(world))
    settings = (world.root / "reconcile.yaml").read_text("utf-8")
    world.write("prices.csv", "product,term,currency,price\nVISIO,monthly,EUR,13.10\n")
    world.write("reconcile.yaml", settings + "prices: prices.csv\n")
    seen.add(content(world))
    world.write("prices.csv", "product,term,currency,price\nVISIO,monthly,EUR,14.10\n")
    seen.add(content(world))
    assert len(seen) == 4


def test_a_new_utc_day_is_new_content_for_dated_intents_hold_from_its_first_instant(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.specs(SPEC)
    found = []
    for instant in ("2026-11-23T00:00:00", "2026-11-23T23:59:59", "2026-11-24T00:00:00"):
        now = datetime.fromisoformat(instant).replace(tzinfo=UTC)
        monkeypatch.setattr(SystemClock, "now", lambda self, now=now: now)
        found.append(content(world))
    assert found[0] == found[1] != found[2]
