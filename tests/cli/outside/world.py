"""A repository whose one account lies at a billing system on loopback, and time that nobody waits for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import Any

import pytest

from reconciler.outside.timing import Timing
from reconciler.ports import Clock
from reconciler.providers.microsoft import api as microsoft_api
from reconciler.providers.partner_center import PartnerCenterProvider
from reconciler.providers.partner_center import api as partner_center_api
from reconciler.providers.stripe import api as stripe_api
from reconciler.testing.emulators import Fault, serve
from reconciler.testing.emulators.wire import Delivery, Request
from tests.builders import NOW
from tests.cli.outside.houses import COUNT, HOUSES, House
from tests.cli.world import Done, World

IMPATIENT = 0.4
"""Seconds that an impatient client waits for an answer."""
LATER = 600.0
"""Seconds after which any order shows, at every provider."""
LARGE = 256 * 1024
"""Bytes that no answer has where answers are kept short."""


@dataclass
class Hours:
    """Time that passes only where somebody waits."""

    start: datetime = NOW
    passed: float = 0.0
    lock: Any = field(default_factory=Lock)

    def now(self) -> datetime:
        """The instant, to the second."""
        return self.start + timedelta(seconds=int(self.passed))

    def wait(self, seconds: float) -> None:
        """They are over."""
        with self.lock:
            self.passed += seconds

    def timing(self, clock: Clock) -> Timing:
        """For `services.timing_of`."""
        return Timing(now=self.now, monotonic=lambda: 1000.0 + self.passed, wait=self.wait, chance=lambda: 0.5)

    def set_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Every command of this process lives in this time."""
        monkeypatch.setattr("reconciler.runtime.SystemClock.now", lambda _: self.now())
        monkeypatch.setattr("reconciler.services.timing_of", self.timing)
        monkeypatch.setattr("reconciler.stores.sqlite.datetime", SimpleNamespace(now=lambda _: self.now()))
        monkeypatch.setitem(_kept_by_partner_center(), "now", self.now)


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every client waits for no answer for long."""
    monkeypatch.setattr(stripe_api, "READ_SECONDS", IMPATIENT)
    monkeypatch.setattr(microsoft_api, "READ", IMPATIENT)
    monkeypatch.setitem(_kept_by_partner_center(), "read_seconds", IMPATIENT)


def wary(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every client takes answers for too long that are larger than some tens of kilobytes."""
    monkeypatch.setattr(stripe_api, "MOST_BYTES", LARGE // 2)
    monkeypatch.setattr(microsoft_api, "LARGEST", LARGE // 2)
    monkeypatch.setattr(partner_center_api, "BODY_AT_MOST", LARGE // 2)


def _kept_by_partner_center() -> dict[str, Any]:
    """What its provider is made with where nothing is said."""
    given = PartnerCenterProvider.__init__.__kwdefaults__
    assert given is not None
    return given


@dataclass
class Outside:
    """One account `cloud` at one billing system, with its subscriptions declared as s1, s2, ..."""

    world: World
    house: House
    url: str
    hours: Hours

    def account(self, account: str = "", more: str = "") -> None:
        """The settings; `account` in place of the house's own."""
        fields = f"provider: {self.house.provider}, {account or self.house.account}{more}"
        self.world.write("reconcile.yaml", f"version: 1\naccounts:\n  cloud: {{{fields}}}\n")

    def declare(self, wishes: Mapping[int, str] | None = None, count: int = COUNT) -> None:
        """The first so many subscriptions, each with what is wished of it; nothing where nothing is said."""
        lines = ["version: 1", "account: cloud", "subscriptions:"]
        for number in range(1, count + 1):
            lines += [f"  s{number}:", f"    id: {self.house.id(number)}"]
            wish = (wishes or {}).get(number)
            lines += [f"    {line}" for line in (wish.splitlines() if wish else ())]
        self.world.write("specs/cloud.yaml", "\n".join(lines) + "\n")

    def end(self, *numbers: int) -> None:
        """Declare that these are to end at their term."""
        self.declare(dict.fromkeys(numbers, self.house.ending))

    def kill(self, number: int = 1) -> None:
        """Declare that it is to end at once; it is confirmed as the dry run asks for."""
        block = "cancel:\n  when: immediately\n  reason: a duplicate\n  confirm: cloud/s{n}@{day}"
        self.declare({number: block.format(n=number, day=self.house.began(number).date())})

    def fault(self, kind: str, match: str = "", times: int | None = 1, value: Any = None) -> None:
        """Switch a fault on."""
        self.house.emulator.faults.add(Fault(kind, match, times, value))

    @property
    def effects(self) -> list[str]:
        """Whom each committed write met, as s1, s2, …: the emulator's own ledger is the judge."""
        names = {self.house.id(number): f"s{number}" for number in range(1, COUNT + 1)}
        return [names[effect.subscription] for effect in self.house.emulator.effects]

    def between(self, match: str, act: Callable[[], None]) -> None:
        """Let that happen just before the first request that looks like this."""
        answer = self.house.emulator.answer
        met: list[Request] = []

        def answered(request: Request, wait: Callable[[float], None] = lambda seconds: None) -> Delivery:
            if not met and re.search(match, request.line()):
                met.append(request)
                act()
            return answer(request, wait)

        setattr(self.house.emulator, "answer", answered)  # noqa: B010  # a method, as types have it

    def later(self) -> None:
        """Time passes, here and there: whatever was ordered shows by now."""
        self.hours.wait(LATER)
        self.house.emulator.advance(timedelta(seconds=LATER))

    @property
    def written(self) -> list[str]:
        """Every request that would change something, carried out or not."""
        return [line for line in self.house.emulator.asked if not line.startswith("GET ")]

    def plan(self, *words: str) -> Done:
        """The dry run, as a document."""
        return self.world.dry_run(*words, as_of=None)

    def apply(self, *words: str) -> Done:
        """The main job, as a document."""
        return self.world.apply("--format", "json", *words, as_of=None)

    def run(self, *words: str) -> Done:
        """Any command, in real time."""
        return self.world.run(*words, as_of=None)

    def adopt(self) -> None:
        """All of them are stored already."""
        self.declare()
        done = self.apply()
        assert done.code == 0, done

    def converged(self) -> None:
        """The next run finds nothing to do, and says so."""
        done = self.plan("--detailed-exitcode")
        assert (done.code, done.document["changes"], done.document["blocked"]) == (0, [], []), done.document


@contextmanager
def outside(
    provider: str, root: Path, capture: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Outside]:
    """A repository at an emulator that is served for as long as the test lasts."""
    hours, house = Hours(), HOUSES[provider]()
    hours.set_for(monkeypatch)
    with serve(house.emulator) as url:
        monkeypatch.setenv(house.endpoint, url)
        made = Outside(World(root, capture), house, url, hours)
        made.account()
        made.declare()
        yield made


def outcomes(document: Mapping[str, Any]) -> list[tuple[str, str, str, str | None]]:
    """Each change of an apply as (subscription, kind, outcome, code)."""
    return [
        (item["subscription"].removeprefix("cloud/"), item["kind"], item["outcome"], item.get("code"))
        for item in document["changes"]
    ]


def told(document: Mapping[str, Any]) -> str:
    """Everything that an apply says of what it did not do."""
    return " ".join(str(item["error"]) for item in document["changes"] if item["error"])


def barred(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each block of a document as (subscription, code)."""
    return [(item["subscription"].removeprefix("cloud/"), item["code"]) for item in document["blocked"]]
