"""Plans a large estate part by part, and makes one pass of it, while no more than one part is ever alive.

Who reads the parts says what they are; nothing is read or written here. The law: the pass is the one over all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconciler.build import built_plan
from reconciler.catalogue import Catalogue
from reconciler.consequences import DueList
from reconciler.desired import DesiredState
from reconciler.diagnostics import Diagnostic
from reconciler.elapsed import elapse
from reconciler.gathered import Gathered
from reconciler.packed import Unpacking
from reconciler.plan import Plan
from reconciler.reconcile import (
    Inputs,
    Pass,
    about_runs,
    bindings_of,
    concerned,
    headlines_of,
    instant_of,
    rulebook_of,
)
from reconciler.safety import Standing, reviewed
from reconciler.settings import AccountSettings
from reconciler.spec.groups import Library
from reconciler.stored import StoredState

AT_ONCE = 5_000
"""Subscriptions of a part."""


class Gathering:
    """The plans of the parts on their way into one."""

    def __init__(
        self,
        inputs: Inputs,
        stored: StoredState,
        accounts: Mapping[str, AccountSettings],
        library: Library,
        *,
        located: bool,
    ) -> None:
        """`stored` is without the records of the parts; `located`: changes keep where they stand now."""
        self.inputs = inputs
        self.stored = stored
        self.rules = rulebook_of(inputs, DesiredState(accounts=accounts))
        self.gathered = Gathered(Unpacking(library.document, inputs.zone), located)
        self.standing = Standing()
        self.codes: list[Diagnostic] = []

    def run(self, parts: Iterable[tuple[DesiredState, StoredState]]) -> None:
        """Plan every part; each subscription is in one, with its record."""
        now, bindings = instant_of(self.inputs, self.stored), bindings_of(self.inputs, "", self.stored)
        catalogue, hints, chosen = Catalogue(), dict[str, str](), self.inputs.selection
        for desired, stored in parts:
            there, events = elapse(stored, self.rules, now, concerned(chosen, desired))
            built = built_plan(desired, there, now, bindings, self.rules, chosen)
            self.gathered.elapsed += events
            self.gathered.take(built)
            self.standing.add(built.plan, desired, there)
            self.codes += catalogue.unknown_codes(desired, hints)

    def made(self, desired: DesiredState) -> Pass | None:
        """The pass, once what is to be said of all of it is known; None where the run is about nothing at all."""
        if not (self.inputs.selection.everything or self.standing.about):
            return None
        inputs, stored, gathered = self.inputs, self.stored, self.gathered
        desired = replace(desired, diagnostics=(*desired.diagnostics, *self.codes))
        plan = gathered.plan(
            Plan(
                instant_of(inputs, stored),
                bindings_of(inputs, desired.digest, stored),
                rules=desired.rules,
                headlines=headlines_of(inputs, stored),
                diagnostics=(
                    *desired.diagnostics, *stored.diagnostics, *gathered.diagnostics, *about_runs(inputs, stored),
                ),
            )
        )  # fmt: skip
        if stored.settled.due:
            plan = replace(plan, due=DueList.of(stored.settled.due) + plan.due)
        verdict = reviewed(plan, self.standing, desired, stored, inputs.circumstances)
        return Pass(desired, stored, plan, verdict, self.rules)
