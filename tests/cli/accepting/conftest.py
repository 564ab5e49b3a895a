"""The shop of these tests, and the one thing that drifted in it."""

from __future__ import annotations

import pytest

from reconciler.registry import Registry
from reconciler.runtime import SystemClock
from tests.builders import NOW
from tests.cli.accepting.shop import OFF, VISIO, FakeProvider, Shop
from tests.cli.world import World
from tests.outside.vendor import Vendor


@pytest.fixture
def shop(world: World, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The account `shop`."""
    vendor = Vendor()
    made = FakeProvider(vendor)
    monkeypatch.setattr(Registry, "provider", lambda self, name: made)
    monkeypatch.setattr(SystemClock, "now", lambda self: NOW)
    monkeypatch.setattr("reconciler.services.timing_of", lambda clock: vendor.hours.timing())  # nobody waits
    world.write("reconcile.yaml", "version: 1\naccounts:\n  shop: {provider: stripe, tenant: acct_1}\n")
    return Shop(world, vendor)


@pytest.fixture
def drifted(shop: Shop) -> Shop:
    """One that the specs want on, and that somebody turned off outside."""
    shop.sells("s1")
    shop.specs(f"{VISIO}    recurring: on   # for now\n")
    shop.reconcile()
    shop.click("s1", recurring=OFF)
    assert [item["subscription"] for item in shop.plan()["held"]] == ["shop/visio"]
    return shop
