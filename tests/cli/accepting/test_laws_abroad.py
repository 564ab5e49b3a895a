"""The laws at an outside account, through the real command: what an attack on them once got past."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from reconciler.answers import Rejected
from reconciler.changes import Kind
from reconciler.model import Recurring, Status
from reconciler.observed import Capabilities, Obstacle
from reconciler.runtime import SystemClock
from tests.builders import NOW
from tests.cli.accepting.shop import TERM, VISIO, Shop, seen
from tests.outside.vendor import DROP_AFTER, DROP_BEFORE

ON, OFF = Recurring.ON, Recurring.OFF
WANTED_ON = f"{VISIO}    recurring: on\n"
WANTED_OFF = f"{VISIO}    recurring: off\n"
BOOKS = "  books: {provider: ledger}\n"


@pytest.fixture
def on(shop: Shop) -> Shop:
    """One that is wanted on, and is."""
    shop.sells("s1")
    shop.specs(WANTED_ON)
    shop.reconcile()
    return shop


def sent(shop: Shop) -> list[Kind]:
    return [kind for _, kind, _ in shop.vendor.ledger]


def lists(shop: Shop, *words: str) -> tuple[list[str], list[str]]:
    """The kinds of the changes, and the keys of what is held."""
    plan = shop.plan(*words)
    return [item["kind"] for item in plan["changes"]], [item["subscription"] for item in plan["held"]]


def later(shop: Shop, monkeypatch: pytest.MonkeyPatch, instant: datetime) -> None:
    shop.vendor.hours.passed = (instant - NOW).total_seconds()
    monkeypatch.setattr(SystemClock, "now", lambda self: instant)


def settings(shop: Shop, accounts: str, head: str = "") -> None:
    shop.world.write("reconcile.yaml", f"version: 1\n{head}accounts:\n{accounts}")


SHOP = "  shop: {provider: stripe, tenant: acct_1}\n"


class TestHeldStaysHeld:
    """Law 9: what only undoes drift waits for a person, whatever happens meanwhile."""

    BARRED = Capabilities(barred={Kind.TURN_ON: Obstacle("renewal-freeze", "the renewal runs")})

    @pytest.mark.parametrize(
        ("meanwhile", "afterwards"),
        [
            ({"status": Status.SUSPENDED}, {"status": Status.ACTIVE}),
            ({"capabilities": BARRED}, {"capabilities": Capabilities()}),
            ({"status": Status.UNKNOWN, "provider_status": "Odd"}, {"status": Status.ACTIVE}),
            ({"busy": "an operation runs"}, {"busy": None}),
        ],
        ids=["suspended", "barred", "unknown", "busy"],
    )
    def test_through_a_block(self, on: Shop, meanwhile: dict[str, Any], afterwards: dict[str, Any]) -> None:
        on.click("s1", recurring=OFF, **meanwhile)
        on.run()
        on.click("s1", **afterwards)
        assert lists(on) == ([], ["shop/visio"])
        on.run()
        assert sent(on) == []

    @pytest.mark.parametrize("status", [Status.EXPIRED, Status.DISABLED])
    def test_through_the_end_of_its_term(self, on: Shop, monkeypatch: pytest.MonkeyPatch, status: Status) -> None:
        on.click("s1", recurring=OFF)
        on.run()
        later(on, monkeypatch, TERM.end + timedelta(days=1))
        on.click("s1", status=status)
        assert lists(on) == ([], ["shop/visio"])
        on.run()
        assert (lists(on), sent(on)) == (([], ["shop/visio"]), [])

    @pytest.mark.parametrize("flag", [ON, OFF])
    def test_where_it_was_ended_outside(self, on: Shop, monkeypatch: pytest.MonkeyPatch, flag: Recurring) -> None:
        on.click("s1", recurring=flag, status=Status.DISABLED)
        for _ in range(2):
            on.run()
            assert (lists(on), sent(on)) == (([], ["shop/visio"]), [])
        later(on, monkeypatch, TERM.end + timedelta(days=1))
        on.run()
        assert (lists(on), sent(on)) == (([], ["shop/visio"]), [])

    def test_through_a_correction_that_failed(self, on: Shop) -> None:
        on.click("s1", recurring=OFF)
        on.vendor.plays["turn_on_recurring"] = [Rejected("provider-refused", "not today")]
        assert on.run("--correct-drift", "shop/visio").code == 1
        assert lists(on) == ([], ["shop/visio"])
        on.reconcile("--correct-drift", "shop/visio")
        assert (lists(on), sent(on)) == (([], []), [Kind.TURN_ON])


class TestUnknownOutcome:
    """Nothing is sent twice on a guess, and nothing else while an order may still take effect."""

    def unknown(self, shop: Shop) -> None:
        shop.specs(WANTED_OFF)
        shop.vendor.plays["turn_off_recurring"] = [DROP_BEFORE, DROP_BEFORE]
        assert shop.run().code == 6

    @pytest.mark.parametrize("refused", [False, True])
    def test_another_order_waits_whatever_is_refused_elsewhere(self, on: Shop, refused: bool) -> None:
        settings(on, SHOP + BOOKS)
        book = "  x{0}:\n    facts: {{product: p, term: annual, start: 2026-01-01}}\n    recurring: {1}\n"
        head = "version: 1\naccount: books\nsubscriptions:\n"
        on.world.write("specs/books.yaml", head + "".join(book.format(number, "on") for number in range(40)))
        on.run()
        self.unknown(on)
        if refused:
            on.world.write("specs/books.yaml", head + "".join(book.format(number, "off") for number in range(40)))
        on.specs(f"{VISIO}    cancel: at-renewal\n")
        done = on.run()
        assert ("Refused" in done.out) is refused
        assert Kind.CANCEL_AT_RENEWAL not in sent(on)
        assert "outcome-unknown" in done.out

    def test_a_saved_plan_settles_what_it_does_not_hold_and_the_next_one_goes_on(
        self, on: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.unknown(on)
        file = on.world.root / "plan.json"
        later(on, monkeypatch, NOW + timedelta(hours=1))
        for _ in range(2):
            on.run("--dry-run", "--quiet", "--out", f"json={file}")
            done = on.run("apply", str(file))
            assert done.code in (0, 5, 6), done.err
        assert sent(on) == [Kind.TURN_OFF]
        assert lists(on) == ([], [])

    def test_another_tenant_is_not_asked_about_it(self, on: Shop) -> None:
        self.unknown(on)
        settings(on, "  shop: {provider: stripe, tenant: acct_2}\n")
        on.vendor.subscriptions["s1"] = seen("s1", recurring=OFF)
        assert on.run().code == 3
        entries = on.run("history", "shop/visio", "--format", "json").document["entries"]
        assert [entry["outcome"] for entry in entries] == ["succeeded", "intended"]

    def test_another_store_is_not_told_of_it(self, on: Shop) -> None:
        self.unknown(on)
        settings(on, SHOP, "store: {lineage: 00000000-0000-4000-8000-000000000000}\n")
        assert on.run().code == 6, "refused, and an outcome is still unknown"
        entries = on.run("history", "shop/visio", "--format", "json", "--store", "sqlite:///.reconcile/state.db")
        assert "failed" not in entries.out

    def test_what_was_settled_is_looked_at_anew(self, on: Shop) -> None:
        on.specs(WANTED_OFF)
        on.vendor.idempotent = False
        on.vendor.lag = 50
        on.vendor.plays["turn_off_recurring"] = [DROP_AFTER]
        assert on.run().code == 6
        on.vendor.lag = 0
        on.vendor._old.clear()
        on.specs(WANTED_ON)
        on.reconcile("--refresh", "changed")
        assert sent(on) == [Kind.TURN_OFF, Kind.TURN_ON]
        assert on.vendor.subscriptions["s1"].recurring is ON


def test_changed_looks_where_the_kept_picture_differs_from_the_record(on: Shop) -> None:
    on.click("s1", seats=3)
    on.vendor.hours.wait(1)  # what was read within the second in which a look begins counts as newer
    on.run("refresh")
    on.click("s1", seats=5)
    on.reconcile("--refresh", "changed")
    noticed = on.run("history", "shop/visio", "--format", "json").document["entries"][-1]
    assert noticed["after"] == {"seats": "5"}


def test_a_ledger_ahead_of_time_fires_nothing_outside(shop: Shop) -> None:
    """Law 4, in its spirit: a ledger's own time is not the vendor's."""
    settings(shop, SHOP + BOOKS)
    shop.world.write(
        "specs/books.yaml",
        "version: 1\naccount: books\nsubscriptions:\n  a:\n"
        "    facts: {product: p, term: annual, start: 2026-01-01}\n    recurring: on\n",
    )
    shop.sells("s1")
    shop.specs(f"{VISIO}    recurring: on\n    schedule:\n      - {{from: 2027-09-01, recurring: off}}\n")
    shop.reconcile()
    ahead = shop.world.run("--select", "books/*", as_of="2027-09-10")
    assert ahead.code == 0, ahead.err
    shop.run()
    assert sent(shop) == []


def test_two_things_noticed_at_once_are_both_in_the_history(on: Shop) -> None:
    term = type(TERM)(TERM.start, TERM.end + timedelta(days=30))
    on.click("s1", seats=5, term=term)
    on.reconcile()
    entries = on.run("history", "shop/visio", "--format", "json").document["entries"]
    assert {name for entry in entries if entry["kind"] == "noticed" for name in entry["after"]} == {
        "seats",
        "term_end",
        "term_start",
    }


def test_limits_count_what_still_lives_there(shop: Shop) -> None:
    ids = [f"s{number}" for number in range(100)]
    shop.sells(*ids)
    spec = "".join(f"  a{id}:\n    id: {id}\n" for id in ids)
    shop.specs(spec)
    shop.reconcile()
    for id in ids[:85]:
        shop.click(id, status=Status.EXPIRED, recurring=OFF)
    shop.specs(
        "".join(f"  a{id}:\n    id: {id}\n" for id in ids[:90])
        + "".join(f"  a{id}:\n    id: {id}\n    recurring: off\n" for id in ids[90:])
    )
    assert [item["limit"] for item in shop.plan()["refused"]] == ["max-endings"]


def test_a_refused_account_leaves_what_is_kept_as_it_was(on: Shop) -> None:
    settings(on, "  shop: {provider: stripe, tenant: acct_2}\n")
    del on.vendor.subscriptions["s1"]
    assert on.run().code == 3
    settings(on, SHOP)
    assert on.plan("--refresh", "none")["blocked"] == []


def test_what_else_moves_during_a_write_is_noticed_afterwards(on: Shop) -> None:
    on.specs(WANTED_OFF)
    before = on.vendor.on

    def meanwhile(hop: str) -> None:
        before(hop)
        if sent(on) and on.vendor.subscriptions["s1"].seats != 50:
            on.click("s1", seats=50)

    on.vendor.on = meanwhile
    on.reconcile()
    assert [item["field"] for item in on.plan()["drift"]] == ["seats"]


def test_of_a_wrong_account_nothing_is_said_but_that(on: Shop) -> None:
    """What another tenant shows must advise nobody to take anything out."""
    settings(on, "  shop: {provider: stripe, tenant: acct_2}\n")
    del on.vendor.subscriptions["s1"]
    plan = on.plan()
    assert [item["limit"] for item in plan["refused"]] == ["wrong-account"]
    assert (plan["blocked"], plan["changes"], plan["sightings"]) == ([], [], [])


class TestLookingAhead:
    """A forecast takes what is kept, and asks nobody unless it is told to."""

    def test_it_knows_what_is_kept(self, on: Shop) -> None:
        opened = on.vendor.opened
        done = on.run("forecast")
        assert (done.code, on.vendor.opened) == (0, opened)
        assert "Blocked" not in done.out

    def test_told_to_it_looks_and_counts_what_is_not_stored_yet(self, shop: Shop) -> None:
        shop.sells("s1")
        shop.specs(WANTED_OFF)
        shop.reconcile()
        shop.sells("s2")
        shop.specs(f"{WANTED_OFF}  new:\n    id: s2\n")
        done = shop.run("forecast", "--refresh", "all", "--format", "json")
        assert done.code == 0, done.err
        assert "shop/new" in done.out
        assert shop.run("report", "-o", "report.html").code == 0
