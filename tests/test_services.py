"""Who serves the accounts of a run, and what an earlier run left open is settled before anything else is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from reconciler.apply import Ordered, Served
from reconciler.changes import Change, Kind
from reconciler.environment import Environment, read_environment
from reconciler.errors import InputError, ProviderTrouble
from reconciler.events import Event, EventKind
from reconciler.hand import Hand, Instruction
from reconciler.journal import Entry, OpenIntent, Outcome, OutcomeKind
from reconciler.model import Recurring
from reconciler.outside.settling import Settled
from reconciler.ports import Bookkeeping, Opening, Reader, Writer
from reconciler.registry import Registry
from reconciler.services import Services, timing_of
from reconciler.settings import AccountSettings
from tests.builders import NOW, a_change, a_desired, a_key, a_run, a_stored
from tests.estates import a_desired_state, a_stored_state
from tests.fakes import FixedClock, MemoryStore
from tests.outside.vendor import DROP_AFTER, Hours, Vendor, shown

ACCOUNTS = {
    "cloud": AccountSettings("cloud", "elsewhere", tenant="t-1", plan_as="reader", apply_as="writer"),
    "paper": AccountSettings("paper", "manual"),
    "books": AccountSettings("books"),
}


@dataclass
class Elsewhere:
    """ports.Provider that opens one vendor, and notes with which secret."""

    vendor: Vendor
    api_version: int = 1
    name: str = "elsewhere"
    lifecycle: str = "plain"
    options: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ("key",)
    seen: list[str | None] = field(default_factory=list)

    def reader(self, opening: Opening) -> Reader:
        return self._open(opening)

    def writer(self, opening: Opening) -> Writer:
        return self._open(opening)

    def _open(self, opening: Opening) -> Vendor:
        secret = opening.secret("key")
        self.seen.append(None if secret is None else secret.reveal())
        return self.vendor.open()


class World:
    """Services over one vendor, and a store of memory."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, environment: Environment | None = None) -> None:
        self.vendor = Vendor({"s1": shown("s1")})
        self.elsewhere = Elsewhere(self.vendor)
        monkeypatch.setattr(Registry, "provider", lambda registry, name: self.elsewhere)
        self.services = Services(Registry(), environment or Environment(), Hours().timing())
        self.store = MemoryStore({a_key("cloud/a"): a_stored("cloud/a", id="s1")})

    def hand(self, served: Served) -> Hand:
        instruction = Instruction(a_run(), (), Bookkeeping(), "lineage", 7)
        stop, progress = (lambda: False), (lambda done, total: None)
        return Hand(instruction, dict(self.store.rows), self.store, served, FixedClock(), stop, progress)

    def left_open(self, **fields: Any) -> OpenIntent:
        """An intent that a run which was cut off left in the store."""
        self.store.intend("run-0", [Entry("f" * 32, OFF, Outcome(OutcomeKind.INTENDED))], NOW)
        values: dict[str, Any] = {
            "operation_id": "f" * 32,
            "key": OFF.key,
            "kind": OFF.kind,
            "external_id": OFF.external_id,
            "before": OFF.before,
            "after": OFF.after,
            "reason": None,
            "source": None,
            "run": "run-0",
            "at": NOW,
        }
        return OpenIntent(**(values | fields))

    def settle(self, intent: OpenIntent) -> Settled:
        desired = a_desired_state(a_desired("cloud/a", id="s1"), accounts=ACCOUNTS)
        return self.services.settle([intent], desired, a_stored_state(*self.store.rows.values()), self.store, a_run())


BEFORE = {"recurring": "on", "cancellation": "none", "term_end": "2027-03-01"}
OFF = a_change(Kind.TURN_OFF, "cloud/a", external_id="s1", before=BEFORE)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_planning_and_applying_sign_in_as_who_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = read_environment({"RECONCILE_READER_KEY": "read", "RECONCILE_WRITER_KEY": "write", "USER": "ada"})
    world = World(monkeypatch, environment)
    world.services.reader(ACCOUNTS["cloud"])
    assert world.elsewhere.seen == ["read"]
    world.services.writer(ACCOUNTS["cloud"])
    assert world.elsewhere.seen == ["read", "write"]


def test_what_is_wrong_with_one_accounts_secrets_is_trouble_of_that_account(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(opening: Opening) -> Reader:
        raise InputError("unusable-secret", "the file holds nothing", "fill it")

    monkeypatch.setattr(world.elsewhere, "reader", refuse)
    with pytest.raises(ProviderTrouble) as caught:
        world.services.reader(ACCOUNTS["cloud"])
    assert (caught.value.code, caught.value.hint) == ("unusable-secret", "fill it")


def test_what_reads_and_what_writes_keep_one_pace(world: World) -> None:
    assert world.services.eyes().pacers is world.services.pacers


def test_each_account_is_served_by_its_own_kind(world: World) -> None:
    served = world.services.served(ACCOUNTS, lambda: False)
    assert list(served.recorders) == list(ACCOUNTS)
    assert (list(served.desks), served.abroad) == (["paper"], frozenset({"cloud"}))
    task = served.desks["paper"](a_change(Kind.TURN_OFF, "paper/a"), a_stored("paper/a"), a_run())
    assert "reconcile done paper/a" in task.token


def test_an_order_goes_to_its_provider_and_into_the_journal(world: World) -> None:
    served = world.services.served(ACCOUNTS, lambda: False)
    hand = world.hand(served)
    order = Ordered(hand.entry(OFF), world.store.rows[OFF.key])
    assert served.outside is not None
    (report,) = served.outside([order], hand)
    assert report.outcome is OutcomeKind.SUCCEEDED
    assert [kind for _, kind, _ in world.vendor.ledger] == [Kind.TURN_OFF]
    assert hand.rows[OFF.key].recurring is Recurring.OFF
    assert world.store.rows[OFF.key].recurring is Recurring.OFF


def test_an_event_is_nothing_to_order(world: World) -> None:
    served = world.services.served(ACCOUNTS, lambda: False)
    event = Event(OFF.key, EventKind.RENEWED, NOW, {}, {})
    order = Ordered(Entry("0" * 32, event, Outcome(OutcomeKind.INTENDED)), world.store.rows[OFF.key])
    assert served.outside is not None
    with pytest.raises(TypeError):
        served.outside([order], world.hand(served))


class TestSettling:
    def test_what_was_carried_out_is_recorded_under_its_old_id(self, world: World) -> None:
        intent = world.left_open()
        world.vendor.subscriptions["s1"] = shown("s1", recurring=Recurring.OFF)
        settled = world.settle(intent)
        assert [entry.operation_id for entry in settled.closed] == ["f" * 32]
        assert world.store.rows[OFF.key].recurring is Recurring.OFF
        assert [line for line in world.store.log if line.startswith(("begin", "finish"))] == [
            "begin run-1",
            "finish run-1",
        ]
        assert world.vendor.ledger == [], "settling sends nothing"

    def test_what_may_be_repeated_is_handed_back(self, world: World) -> None:
        intent = world.left_open()
        assert world.settle(intent).repeatable == (intent,)

    def test_a_token_that_moved_on_is_journaled(self, world: World) -> None:
        world.vendor.plays["turn_off_recurring"] = [DROP_AFTER]
        settling = world.services
        assert settling.timing.now() == NOW
        intent = world.left_open(token="gone")
        assert world.settle(intent).still_open


def test_real_time_is_the_commands_clock() -> None:
    assert timing_of(FixedClock()).now() == NOW


def test_nothing_is_ever_begun_while_settling(world: World) -> None:
    from reconciler.services import _Settling

    journal = _Settling(world.store, a_run(), world.services.timing)
    assert not journal.halted()
    with pytest.raises(RuntimeError, match="sends nothing"):
        journal.intend([])


def test_a_change_is_what_is_ordered() -> None:
    assert isinstance(OFF, Change)
