"""A repository whose one outside account is a vendor of nothing but memory, in whose console somebody clicks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from reconciler.model import Recurring, Term
from reconciler.observed import ObservedSubscription
from reconciler.ports import Opening
from tests.builders import NOW
from tests.cli.world import Done, World
from tests.outside.vendor import Vendor, shown

FILE = "specs/shop.yaml"
TERM = Term(NOW - timedelta(days=30), NOW + timedelta(days=335))
ON, OFF = Recurring.ON, Recurring.OFF


@dataclass
class FakeProvider:
    """Opens the vendor that lives in memory."""

    vendor: Vendor
    api_version: int = 1
    name: str = "stripe"
    lifecycle: str = "plain"
    options: dict[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()

    def reader(self, opening: Opening) -> Vendor:
        return self.vendor.open()

    def writer(self, opening: Opening) -> Vendor:
        return self.vendor.open()


@dataclass
class Shop:
    """A repository whose one outside account a vendor in memory serves."""

    world: World
    vendor: Vendor

    def specs(self, text: str, **more: str) -> None:
        """The one spec file, its subscriptions as they are to stand."""
        self.world.write(FILE, f"version: 1\naccount: shop\n{more.get('head', '')}subscriptions:\n{text}")

    @property
    def text(self) -> str:
        """The spec file as it stands."""
        return (self.world.root / FILE).read_bytes().decode()

    def run(self, *words: str) -> Done:
        """Any command, at the one instant of these tests."""
        return self.world.run(*words, as_of=None)

    def reconcile(self, *words: str) -> Done:
        """Apply, and it must be wholly reached."""
        done = self.run(*words)
        assert done.code == 0, done.out + done.err
        return done

    def plan(self, *words: str) -> dict[str, Any]:
        """The dry run's document."""
        return self.run("--dry-run", "--format", "json", *words).document

    def accept(self, *words: str) -> dict[str, Any]:
        """What `accept` prints for machines."""
        return self.run("accept", "--format", "json", *words).document

    def click(self, id: str, **values: Any) -> None:
        """Somebody changes it in the vendor's own console."""
        self.vendor.subscriptions[id] = replace(self.vendor.subscriptions[id], **values)

    def sells(self, *ids: str, **values: Any) -> None:
        """The vendor has these."""
        for id in ids:
            self.vendor.subscriptions[id] = seen(id, **values)


def seen(id: str, **values: Any) -> ObservedSubscription:
    """A yearly subscription that renews."""
    return shown(id, term=values.pop("term", TERM), **values)


VISIO = "  visio:   # team\n    id: s1\n    # who pays\n    owner: 'it@x'\n"


def settled(shop: Shop) -> None:
    """Nothing is held and nothing is to change; the next apply takes note, and the one after that has nothing to do."""
    plan = shop.plan()
    assert (plan["held"], plan["changes"], plan["blocked"]) == ([], [], [])
    calls = len(shop.vendor.ledger)
    shop.reconcile()
    plan = shop.plan()
    assert (plan["held"], plan["changes"], plan["drift"], plan["elapsed"]) == ([], [], [], [])
    assert len(shop.vendor.ledger) == calls, "nothing was sent to the vendor"


def refused(shop: Shop, *words: str) -> dict[str, Any]:
    """The one reply, which refuses; nothing is written."""
    before = shop.text
    done = shop.run("accept", "--format", "json", *(words or ("shop/visio",)))
    (said,) = done.document["subscriptions"]
    assert (done.code, said["answer"], said["lines"], shop.text) == (1, "refused", [], before)
    assert "Not accepted (1)" in shop.run("accept", *(words or ("shop/visio",))).out
    found: dict[str, Any] = said
    return found
