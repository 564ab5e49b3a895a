"""An account that people work by hand, in a world whose clock a test sets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.runtime import SystemClock
from tests.cli.world import Done, World

SETTINGS = """
version: 1
accounts:
  kiosk: {provider: manual, options: {agreement: microsoft-customer-agreement}}
"""
VISIO = "visio:\n  facts: {product: VISIOCLIENT, term: annual, start: 2026-03-01, price: 10.00 EUR, seats: 1}\n"
OFF = VISIO + "  recurring: off\n  reason: moved to another tool\n  owner: it@contoso.example\n"
OPEN = "kiosk/visio"
HEADER = "name,product,term,start,recurring,cancel,seats\n"


@dataclass
class Office:
    """A world whose clock a test sets; every command runs at that instant."""

    world: World
    now: datetime

    def on(self, day: str) -> None:
        """It is noon of this day."""
        self.now = datetime.fromisoformat(f"{day}T12:00:00+00:00")

    def run(self, *words: str) -> Done:
        """Run a command now."""
        return self.world.run(*words, as_of=None)

    def document(self, *words: str) -> dict[str, Any]:
        """What it says to machines."""
        return self.run(*words, "--format", "json").document

    def specs(self, text: str) -> None:
        """What the account declares."""
        self.world.specs(text, account="kiosk", file="specs/kiosk.yaml")

    def apply(self) -> dict[str, Any]:
        """Apply now."""
        return self.document()

    def plan(self) -> dict[str, Any]:
        """Plan now."""
        return self.document("--dry-run")

    def row(self, name: str = "visio") -> dict[str, Any]:
        """One line of status."""
        lines = self.document("status")["subscriptions"]
        return next(line for line in lines if line["subscription"] == f"kiosk/{name}")

    def pair(self, name: str = "visio") -> tuple[str, str, str]:
        """Status, recurring and cancellation of one record."""
        line = self.row(name)
        return line["status"], line["recurring"], line["cancellation"]

    def open(self) -> list[tuple[str, str, bool, bool]]:
        """Each open task: its subscription and verb, whether it is overdue, and whether it is withdrawn."""
        found = self.document("tasks")["tasks"]
        return [(item["subscription"], item["kind"], item["overdue"], item["withdrawn"]) for item in found]

    def told(self, key: str = OPEN) -> list[tuple[str, str, str | None]]:
        """The history of one record: verb or event, outcome, and how it became known or why it failed."""
        entries = self.document("history", key)["entries"]
        return [(item["kind"], item["outcome"], item["note"] or item["error"]) for item in entries]

    def export(self, rows: str, *words: str) -> Done:
        """Import a newer export of this account."""
        self.world.write("export.csv", HEADER + rows)
        return self.run("import", "export.csv", "--account", "kiosk", *words)


@pytest.fixture
def office(world: World, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An account that people work by hand, with one record that renews; the day is 23 Nov 2026."""
    made = Office(world, datetime(2026, 11, 23, 12, tzinfo=UTC))

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return made.now

    monkeypatch.setattr(SystemClock, "now", lambda self: made.now)
    monkeypatch.setattr("reconciler.stores.sqlite.datetime", Clock)
    world.write("reconcile.yaml", SETTINGS)
    made.specs(VISIO)
    assert made.run().code == 0
    return made


@pytest.fixture
def asked(office: Office) -> Office:
    """The same, and somebody was asked to turn it off."""
    office.specs(OFF)
    office.apply()
    return office
