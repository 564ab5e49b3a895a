"""A ledger in memory: specs are applied to records by the real loading and planning, and each change is journaled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from reconciler.build import build_plan
from reconciler.changes import Change, Kind
from reconciler.counter.compose import CounterSpec, Standing, counter_spec
from reconciler.counter.replies import Answer
from reconciler.counter.trail import run_of, trail
from reconciler.desired import DesiredState, SpecText, SpecTexts
from reconciler.effects import carried_out
from reconciler.elapsed import elapse
from reconciler.events import Event
from reconciler.journal import HistoryEntry, OutcomeKind
from reconciler.model import StoredSubscription, SubscriptionKey
from reconciler.plan import Bindings, Plan
from reconciler.policy import Lifecycle
from reconciler.rulebook import Rulebook
from reconciler.settings import AccountSettings, Settings
from reconciler.spec import load_specs
from reconciler.stored import StoredState
from tests.builders import CLASSIC, NOW
from tests.counter.patcher import patched

FILE = "specs/contoso.yaml"
HEAD = "version: 1\naccount: contoso\nsubscriptions:\n"
FACTS = "    facts: {product: SPB, term: annual, start: 2026-03-01}\n"
SETTINGS = Settings(accounts={"contoso": AccountSettings("contoso")})
PROVIDERS = frozenset({"ledger"})


def loaded(texts: Mapping[str, str]) -> DesiredState:
    """The specs that these files hold."""
    files = tuple(SpecText(origin, text) for origin, text in texts.items())
    return load_specs(SpecTexts(files, (), ""), SETTINGS, PROVIDERS)


def spec(own: str, name: str = "visio", facts: str = FACTS) -> str:
    """A file with one subscription of these own keys, indented as they are to stand."""
    return f"{HEAD}  {name}:\n{facts}{own}"


def journaled(
    run: str, change: Change, at: datetime = NOW, outcome: OutcomeKind = OutcomeKind.SUCCEEDED
) -> HistoryEntry:
    """A change as the journal tells of it."""
    before, after = change.before, change.after
    return HistoryEntry(
        run, at, str(change.key), change.kind.value, outcome, before, after, change.reason, None, "ada", None, None,
        None, None, as_of=at,
    )  # fmt: skip


def happened(run: str, event: Event, at: datetime = NOW) -> HistoryEntry:
    """What time did, as the journal tells of it."""
    return HistoryEntry(
        run, at, str(event.key), event.kind.value, OutcomeKind.SUCCEEDED, event.before, event.after, None, None, "ada",
        None, None, None, None, as_of=at, happened_at=event.at,
    )  # fmt: skip


@dataclass
class Ledger:
    """Records, journal and specs."""

    texts: dict[str, str] = field(default_factory=dict)
    lifecycle: Lifecycle = CLASSIC
    now: datetime = NOW
    rows: dict[SubscriptionKey, StoredSubscription] = field(default_factory=dict)
    history: list[HistoryEntry] = field(default_factory=list)
    runs: int = 0

    @property
    def rulebook(self) -> Rulebook:
        """The one policy there is."""
        return Rulebook({"contoso": self.lifecycle})

    def planned(self) -> tuple[DesiredState, StoredState, Plan]:
        """What an apply would do now."""
        desired = loaded(self.texts)
        assert not desired.has_errors, desired.diagnostics
        stored, events = elapse(StoredState("lineage", 1, self.rows), self.rulebook, self.now, lambda key: True)
        plan = build_plan(desired, stored, self.now, Bindings("", "", "lineage", 1), self.rulebook)
        return desired, stored, replace(plan, elapsed=events)

    def apply(self, text: str | None = None) -> Plan:
        """Apply the specs; with a text, after it was written over the one file."""
        if text is not None:
            self.texts[FILE] = text
        _, stored, plan = self.planned()
        self.runs += 1
        self.rows = dict(stored.subscriptions)
        self.history += [happened(f"run-{self.runs}", event, self.now) for event in plan.elapsed]
        for change in plan.changes:
            former = SubscriptionKey(change.key.account, str(change.before.get("name")))
            row = self.rows.pop(former if change.kind is Kind.RENAME else change.key, None)
            self.rows[change.key] = carried_out(change, row, self.now)
            self.history.append(journaled(f"run-{self.runs}", change, self.now))
        return plan

    def forget(self, name: str) -> None:
        """Drop a record, as a run of its own."""
        key = SubscriptionKey("contoso", name)
        self.runs += 1
        place = loaded(self.texts).subscriptions[key].place
        del self.rows[key]
        self.history.append(journaled(f"run-{self.runs}", Change(key, Kind.FORGET, {}, {}, place), self.now))

    def pass_by(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)

    def undo(self, name: str = "last") -> CounterSpec:
        """The counter-spec of a run."""
        found = trail(self.history, run_of(self.history, name))
        desired, stored, plan = self.planned()
        standing = Standing(plan, stored, desired, self.rulebook, self.texts)
        return counter_spec(found, standing, lambda texts: loaded({**self.texts, **texts}))

    def patch(self, found: CounterSpec) -> None:
        """Apply a patch to the specs."""
        self.texts = patched(self.texts, found.patch)

    def row(self, name: str = "visio") -> StoredSubscription:
        """A record, but for what a change cannot bring back: when it was asked for, and that it was declared once."""
        return replace(self.rows[SubscriptionKey("contoso", name)], requested_at=None, declared=True)


def answers(found: CounterSpec) -> list[tuple[str, Answer]]:
    """The verb of each reply, and whether it is taken back."""
    return [(reply.entry.kind, reply.answer) for reply in found.replies]
