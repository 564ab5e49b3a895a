"""Both exits over a real protocol: Stripe's, as its emulator speaks it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from reconciler.runtime import SystemClock
from reconciler.testing.emulators.server import serve
from reconciler.testing.emulators.stripe import ACCOUNT, StripeEmulator
from reconciler.testing.emulators.stripe_estate import sample_estate
from tests.builders import NOW
from tests.cli.accepting.shop import FILE
from tests.cli.world import World


@pytest.fixture
def stripe(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[World, StripeEmulator, str]]:
    """Stripe's emulator, and a subscription of it that renews."""
    emulator = sample_estate(20, now=NOW)
    id = next(str(body["id"]) for body in emulator.table("subscriptions").values() if _case(body) == "renews")
    monkeypatch.setattr(SystemClock, "now", lambda self: NOW)
    world.write("reconcile.yaml", f"version: 1\naccounts:\n  shop: {{provider: stripe, tenant: {ACCOUNT}}}\n")
    with serve(emulator) as url:
        monkeypatch.setenv("RECONCILE_STRIPE_ENDPOINT", url)
        monkeypatch.setenv("RECONCILE_STRIPE_KEY", "sk_test_sandbox")
        yield world, emulator, id


def _case(body: Mapping[str, Any]) -> object:
    return body["metadata"].get("case")


def test_what_somebody_cancelled_at_stripe_is_accepted(stripe: tuple[World, StripeEmulator, str]) -> None:
    world, emulator, id = stripe
    world.write(FILE, f"version: 1\naccount: shop\nsubscriptions:\n  desk: {{id: {id}, recurring: on}}  # theirs\n")
    done = world.apply(as_of=None)
    assert done.code == 0, done.out + done.err
    body = emulator.table("subscriptions")[id]
    end = body["items"]["data"][0]["current_period_end"]
    emulator.change(id, cancel_at_period_end=True, cancel_at=end, canceled_at=int(NOW.timestamp()))
    assert [item["subscription"] for item in world.dry_run(as_of=None).document["held"]] == ["shop/desk"]
    effects = len(emulator.effects)
    done = world.run("accept", "shop/desk", as_of=None)
    assert done.code == 0, done.out + done.err
    line = (world.root / FILE).read_text().splitlines()[-1]
    assert line in {
        f"  desk: {{id: {id}, recurring: off}}  # theirs",
        f"  desk: {{id: {id}, cancel: at-renewal}}  # theirs",
    }
    document = world.dry_run(as_of=None).document
    assert (document["held"], document["changes"], document["blocked"]) == ([], [], [])
    assert world.apply(as_of=None).code == 0
    assert world.dry_run(as_of=None).document["drift"] == []
    assert len(emulator.effects) == effects, "nothing was written at Stripe"


def test_or_undone_by_a_saved_plan(stripe: tuple[World, StripeEmulator, str]) -> None:
    world, emulator, id = stripe
    world.write(FILE, f"version: 1\naccount: shop\nsubscriptions:\n  desk: {{id: {id}, recurring: on}}\n")
    world.apply(as_of=None)
    end = emulator.table("subscriptions")[id]["items"]["data"][0]["current_period_end"]
    emulator.change(id, cancel_at_period_end=True, cancel_at=end, canceled_at=int(NOW.timestamp()))
    assert world.run("plan", "-o", "plan.json", "--correct-drift", "shop/desk", as_of=None).code == 0
    done = world.run("apply", "plan.json", as_of=None)
    assert done.code == 0, done.out + done.err
    assert emulator.table("subscriptions")[id]["cancel_at_period_end"] is False
