"""An import from rows to records without files or a store: specs are read by the very reader of every run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.build import build_plan
from reconciler.desired import DesiredState, SpecText, SpecTexts
from reconciler.effects import carried_out
from reconciler.importing.estate import Import, Load, Request, prepared
from reconciler.importing.rows import ImportedRow
from reconciler.importing.write import Writing, WrittenSpec
from reconciler.plan import Bindings, Plan
from reconciler.settings import AccountSettings, Settings
from reconciler.spec import load_specs
from reconciler.stored import StoredState
from tests.builders import NOW
from tests.estates import a_rulebook

BINDINGS = Bindings("", "", "lineage", 1)
RULES = a_rulebook("contoso", "fabrikam")
SETTINGS = Settings(accounts={"contoso": AccountSettings("contoso"), "fabrikam": AccountSettings("fabrikam")})


@dataclass
class Estate:
    """Spec files by name, and a stored state: what an import finds and leaves."""

    files: dict[str, str] = field(default_factory=dict)
    stored: StoredState = field(default_factory=lambda: StoredState("lineage", 1))

    @property
    def load(self) -> Load:
        """Reads the files that are there with new ones."""

        def load(new: Sequence[WrittenSpec]) -> DesiredState:
            files = {**self.files, **{item.file: item.text for item in new}}
            texts = tuple(SpecText(name, text) for name, text in sorted(files.items()))
            return load_specs(SpecTexts(texts, (), "digest"), SETTINGS, {"ledger"})

        return load

    def prepare(
        self,
        rows: Sequence[ImportedRow],
        declare: str = "",
        *,
        update: bool = False,
        now: datetime = NOW,
        out: str | None = None,
        account: str = "contoso",
        at_most: int = 1000,
    ) -> Import:
        """Decide an import."""
        writing = Writing("estate.csv", frozenset(declare.split()), "../schema.json", at_most=at_most)
        request = Request(account, "specs", writing, now, BINDINGS, RULES, out, update)
        return prepared(rows, request, self.stored, self.load(()), self.files.keys(), self.load)

    def carry_out(self, decided: Import, now: datetime = NOW) -> None:
        """Write the files and record the changes."""
        self.files |= {item.file: item.text for item in decided.files}
        records = dict(self.stored.subscriptions)
        for change in decided.plan.changes:
            left = carried_out(change, records.get(change.key), now)
            assert left is not None
            records[change.key] = left
        self.stored = replace(self.stored, subscriptions=records)

    def take(self, rows: Sequence[ImportedRow], declare: str = "", *, update: bool = False) -> Import:
        """Decide an import and carry it out."""
        decided = self.prepare(rows, declare, update=update)
        self.carry_out(decided)
        return decided

    def plan(self, now: datetime = NOW) -> Plan:
        """The dry run."""
        desired = self.load(())
        assert not desired.has_errors, desired.diagnostics
        return build_plan(desired, self.stored, now, BINDINGS, RULES)


def named(decided: Import) -> Mapping[str, ImportedRow]:
    """The rows by spec name."""
    return {key.name: row for key, row in decided.named.items()}
