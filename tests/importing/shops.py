"""An outside account brought in without files, a store or a provider; specs are read by the reader of every run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from reconciler.build import build_plan
from reconciler.changes import Kind
from reconciler.desired import DesiredState, SpecText, SpecTexts
from reconciler.effects import carried_out
from reconciler.importing.from_provider import Adoption, Request, prepared
from reconciler.importing.write import WrittenSpec
from reconciler.observed import Abroad, ObservedAccount, ObservedState, ObservedSubscription, Obstacle
from reconciler.plan import Bindings, Plan
from reconciler.settings import AccountSettings, Settings
from reconciler.spec import load_specs
from reconciler.stored import StoredState
from tests.builders import NOW
from tests.estates import a_rulebook

ACCOUNTS = {
    "shop": AccountSettings("shop", "stripe"),
    "twin": AccountSettings("twin", "stripe"),
    "site": AccountSettings("site", "plugin"),
    "other": AccountSettings("other", "plugin", tenant="t2"),
    "books": AccountSettings("books"),
}
RULES = replace(a_rulebook(*ACCOUNTS), outside=frozenset(ACCOUNTS) - {"books"})


@dataclass
class Shop:
    """What an account shows, the spec files there are by name, and what is stored."""

    seen: Sequence[ObservedSubscription] = ()
    unreadable: dict[str, Obstacle] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    stored: StoredState = field(default_factory=lambda: StoredState("lineage", 1))
    account: str = "shop"

    @property
    def known(self) -> ObservedAccount:
        """The account as it was looked at."""
        return ObservedAccount(self.account, NOW, {item.id: item for item in self.seen}, self.unreadable)

    def load(self, new: Sequence[WrittenSpec] = ()) -> DesiredState:
        """Reads the files that are there with new ones."""
        files = {**self.files, **{item.file: item.text for item in new}}
        texts = tuple(SpecText(name, text) for name, text in sorted(files.items()))
        return load_specs(SpecTexts(texts, (), "digest"), Settings(accounts=ACCOUNTS), {"ledger", "stripe", "plugin"})

    def prepare(self, out: str | None = None) -> Adoption:
        """Decide an import."""
        bindings = Bindings("", "", "lineage", 1, select=(f"{self.account}/*",))
        request = Request(ACCOUNTS[self.account], "specs", "../schema.json", NOW, bindings, RULES, out)
        return prepared(self.known, request, self.stored, self.load(), self.files.keys(), self.load)

    def take(self) -> Adoption:
        """Decide an import, write its files and record its changes."""
        decided = self.prepare()
        self.files |= {item.file: item.text for item in decided.files}
        rows = {**self.stored.subscriptions, **decided.plan.settled}
        for change in decided.plan.changes:
            if change.kind is not Kind.ADOPT:
                left = carried_out(change, rows[change.key], NOW)
                assert left is not None
                rows[change.key] = left
        self.stored = replace(self.stored, subscriptions=rows)
        return decided

    def dry_run(self) -> Plan:
        """The plan of everything, with what is shown."""
        desired = self.load()
        assert not desired.has_errors, desired.diagnostics
        seen = Abroad(ObservedState({self.account: self.known}))
        return build_plan(desired, self.stored, NOW, Bindings("", "", "lineage", 1), RULES, abroad=seen)


def names(decided: Adoption) -> list[str]:
    """The names in the new files, in order."""
    return [key.name for key in sorted(decided.named)]


def left(plan: Plan) -> list[str]:
    """What a dry run has to do or to tell of, by key."""
    keys = [item.key for item in plan.changes]
    keys += [item.key for items in (plan.blocked, plan.held, plan.pending) for item in items]
    return [str(key) for key in keys]
