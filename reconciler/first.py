"""The first plan of a large estate, of which nothing is recorded yet: made group by group of its files.

Imported only where an estate is large. Where it answers None the estate is read whole, with the same result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from reconciler.build import built_plan
from reconciler.catalogue import Catalogue
from reconciler.desired import DesiredState, SpecText, SpecTexts
from reconciler.diagnostics import Diagnostic
from reconciler.gathered import Gathered
from reconciler.glance import Folder
from reconciler.packed import Unpacking
from reconciler.plan import Plan
from reconciler.progress import Progress
from reconciler.reconcile import Inputs, Pass, about_runs, bindings_of, headlines_of, instant_of, rulebook_of
from reconciler.safety import Standing, reviewed
from reconciler.settings import LEDGER
from reconciler.sources import digest_of, read_one
from reconciler.spec.groups import Groups, Library
from reconciler.spec.parts import AROUND
from reconciler.stored import StoredState

AT_ONCE = 5_000
"""Subscriptions of a group."""


@dataclass(slots=True)
class _Files:
    """The spec files of a folder, read one by one."""

    folder: Folder
    digests: dict[str, bytes] = field(default_factory=dict)
    _odd: bool = False

    def odd(self) -> bool:
        """Whether something is to be said of one of them: that is for a whole pass."""
        return self._odd

    def texts(self, *, around: bool) -> Iterator[SpecText]:
        """Those that others depend on, or the others, in path order."""
        for relative in sorted(self.folder.stamps):
            if (relative.rpartition("/")[2] in AROUND) is not around:
                continue
            self.digests[relative], text, found = read_one(self.folder.root, relative, self.folder.shown_as)
            if text is None or found:
                self._odd = True
                return
            yield text

    def text_of(self, shown: str) -> str:
        """One file's text once more; empty where it says something else by now."""
        relative = shown[len(self.folder.shown_as) + 1 :]
        digest, text, _ = read_one(self.folder.root, relative, self.folder.shown_as)
        return text.text if text is not None and digest == self.digests.get(relative) else ""

    @property
    def digest(self) -> str:
        """Of all of them."""
        return digest_of(sorted(self.digests.items()))


def first_plan(
    folder: Folder, inputs: Inputs, stored: StoredState, progress: Progress, at_once: int = AT_ONCE
) -> Pass | None:
    """The pass over an estate of which nothing is recorded. The inputs hold no texts.

    Of what is to be applied (`folder.whole`), the changes hold all that will be written of them: by then a file may
    say something else.
    """
    files = _Files(folder)
    around = SpecTexts(tuple(files.texts(around=True)), (), "")
    library = Library(files.text_of)
    groups = Groups(around, inputs.settings, inputs.providers, library)
    accounts, dated = groups.accounts.values(), folder.whole and inputs.as_of is not None
    # Which of its accounts may not be written to at another instant than now, a whole pass tells.
    if files.odd() or any(account.outside or (dated and account.provider != LEDGER) for account in accounts):
        return None
    progress.phase("Planning", len(folder.stamps) - len(around.files), "files")
    found = _Gathering(inputs, stored, groups, library, located=folder.whole)
    found.run(_told(files.texts(around=False), progress), at_once)
    desired = groups.whole(files.digest)
    # A selection that holds nothing is a mistake, too.
    if desired is None or files.odd() or not (inputs.selection.everything or found.standing.about):
        return None
    progress.done()
    return found.made(replace(desired, diagnostics=(*desired.diagnostics, *found.codes)))


class _Gathering:
    """The plans of the groups on their way into one."""

    def __init__(self, inputs: Inputs, stored: StoredState, groups: Groups, library: Library, *, located: bool) -> None:
        self.inputs = inputs
        self.stored = stored
        self.groups = groups
        self.rules = rulebook_of(inputs, DesiredState(accounts=groups.accounts))
        self.gathered = Gathered(Unpacking(library.document, inputs.zone), located)
        self.standing = Standing()
        self.codes: list[Diagnostic] = []

    def run(self, texts: Iterable[SpecText], at_once: int) -> None:
        """Plan every group."""
        now, bindings = instant_of(self.inputs, self.stored), bindings_of(self.inputs, "", self.stored)
        catalogue, hints = Catalogue(), dict[str, str]()
        for desired in self.groups.read(texts, at_once):
            built = built_plan(desired, self.stored, now, bindings, self.rules, self.inputs.selection)
            self.gathered.take(built)
            self.standing.add(built.plan, desired, self.stored)
            self.codes += catalogue.unknown_codes(desired, hints)

    def made(self, desired: DesiredState) -> Pass:
        """The pass, once what is to be said of all of it is known."""
        inputs, stored, gathered = self.inputs, self.stored, self.gathered
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
        verdict = reviewed(plan, self.standing, desired, stored, inputs.circumstances)
        return Pass(desired, stored, plan, verdict, self.rules)


def _told(texts: Iterable[SpecText], progress: Progress) -> Iterator[SpecText]:
    for text in texts:
        yield text
        progress.advance()
