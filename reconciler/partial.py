"""One look at a large estate that sees only what a plan needs. What is planned of it is what a whole pass would plan.

All effects go through what is handed in. Where there is any doubt the answer is None, and the caller makes the whole
pass, which also says what is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from reconciler.balance import Balance, Renewal, kept_of
from reconciler.build import DUE_WITHIN
from reconciler.catalogue import MICROSOFT, Catalogue
from reconciler.consequences import Due
from reconciler.desired import DesiredState
from reconciler.draft import Draft
from reconciler.due import renewals_due
from reconciler.elapsed import elapse
from reconciler.gist import Asked, stand_in
from reconciler.model import DesiredSubscription, Recurring, SubscriptionKey
from reconciler.policy import Lifecycle
from reconciler.ports import StateReader
from reconciler.reconcile import Inputs, instant_of, rulebook_of
from reconciler.settings import LEDGER
from reconciler.sift import Match, Sieve
from reconciler.spec.gists import RuleCount, Sketch
from reconciler.spec.load import Chosen
from reconciler.spec.parts import Survey
from reconciler.stored import Settled, StoredState

_STEP = 10_000


@dataclass(frozen=True, slots=True)
class Part:
    """What a plan has to be made of."""

    desired: DesiredState
    stored: StoredState
    balance: Balance
    """For the next look."""


class Names(NamedTuple):
    """Of one file, the names that are to be read in full."""

    odd: set[str]
    """What its sketch does not speak of."""
    plain: set[str]
    """What it does."""


def looked_at(
    inputs: Inputs, survey: Survey, reader: StateReader, progress: Callable[[int], None] = lambda records: None
) -> Part | None:
    """The part of the estate that a plan must look at, and how much else there is.

    `progress` is told every so often how many more records are behind us.
    """
    return _Look(inputs, survey, reader, progress).run()


def may_extend(lifecycle: Lifecycle | None) -> bool:
    """Whether recurring off alone may lead into a paid extension, at whatever time."""
    return lifecycle is not None and any(rule.value and rule.value.when_off for rule in lifecycle.extension.rules)


class _Look:
    """One look under way."""

    def __init__(self, inputs: Inputs, survey: Survey, reader: StateReader, progress: Callable[[int], None]) -> None:
        self.inputs = inputs
        self.survey = survey
        self.reader = reader
        self.progress = progress
        self.accounts = survey.parts.accounts
        self.ledgers = [name for name, account in self.accounts.items() if account.provider == LEDGER]
        self.rulebook = rulebook_of(inputs, DesiredState(accounts=self.accounts))
        self.with_names = {name for name, account in self.accounts.items() if account.catalogue == MICROSOFT}
        self.catalogue = Catalogue()

    def run(self) -> Part | None:
        head = self.reader.some((), self.ledgers)
        if head.lineage is None or any(key.account in self.ledgers for key in head.open_intents):
            return None
        now = instant_of(self.inputs, head)
        balance = self._moved_on(head, now) or self._weighed(head.lineage, head.serial, now)
        if balance is None:
            return None
        state = self.reader.some([*(match.key for match in balance.moved), *balance.rows], self.ledgers)
        if state.serial != head.serial:
            return None
        return self._joined(balance, state, now)

    def _sketch(self, file: str) -> Sketch | None:
        """The sketch of a file; none of one that names a product which nobody knows: that is told of in full."""
        sketch = self.survey.sketches.get(file)
        if sketch is None or sketch.account not in self.with_names:
            return sketch
        return sketch if all(self.catalogue.name(product) is not None for product in sketch.products) else None

    def _moved_on(self, head: StoredState, now: datetime) -> Balance | None:
        """The last balance, brought to what the files say now; None where it does not hold any more."""
        if self.survey.kept is None:
            return None
        try:
            balance = Balance.unpacked(self.survey.kept)
        except ValueError:
            return None
        if not balance.holds(head.lineage, head.serial, now):
            return None
        for file in {*self.survey.before, *self.survey.new}:
            before = self.survey.before.get(file)
            sketch = self._sketch(file) if file in self.survey.sketches else None
            if file in balance.full:
                balance.full.remove(file)
                before = None
            elif file in self.survey.before and before is None:
                return None
            kept = frozenset() if before is None or sketch is None else kept_of(before, sketch)
            if before is not None:
                balance.forget(file, before, kept)
            if file in self.survey.sketches:
                balance.take(file, sketch, kept)
        return balance

    def _weighed(self, lineage: str, serial: int, now: datetime) -> Balance | None:
        """A balance made of everything."""
        balance = Balance(lineage, serial, now, self._until(now))
        sketches = {file: sketch for file in self.survey.sketches if (sketch := self._sketch(file)) is not None}
        balance.full = [file for file in self.survey.sketches if file not in sketches]
        sieve = Sieve(sketches, self._look_at(sketches.values()))
        if sieve.doubled:
            return None
        lines = self.reader.lines(self.ledgers, now, now + DUE_WITHIN)
        found = sieve.sift(_counted(lines, self.progress))
        if sieve.ids and self.reader.has_twins():
            return None
        for file, sketch in sketches.items():
            balance.count(sketch, 1)
            if sketch.odd:
                balance.odd[file] = list(sketch.odd)
        balance.left = sieve.left(sketches)
        balance.settled, balance.moved, balance.rows = found.settled, found.moved, found.rows
        balance.renewing = self._renewing(found.renewing, now)
        return balance

    def _until(self, now: datetime) -> datetime | None:
        """Before when time moves nothing that is at rest now, and brings no renewal within the horizon."""
        end, renewal = self.reader.next_ends(now, now + DUE_WITHIN)
        found = (end, None if renewal is None else renewal - DUE_WITHIN)
        return min((item for item in found if item is not None), default=None)

    def _look_at(self, sketches: Iterable[Sketch]) -> dict[str, frozenset[Asked]]:
        """By account, what may want a decision even where a record is as it was asked for."""
        every = {asked for sketch in sketches for asked in sketch.asked}
        alone = frozenset(asked for asked in every if asked.recurring == Recurring.OFF and asked.cancel is None)
        extending = [name for name in self.ledgers if may_extend(self.rulebook.ruling(name))]
        return dict.fromkeys(extending, alone) if alone else {}

    def _renewing(self, matches: Sequence[Match], now: datetime) -> list[Renewal]:
        state = self.reader.some([match.key for match in matches], self.ledgers)
        files = {match.key: match.file for match in matches}
        rows = {key: row for key, row in state.subscriptions.items() if key in files}
        wanted = {match.key: self._standing(match, state) for match in matches if match.key in rows}
        due = renewals_due(rows, DesiredState(wanted, self.accounts), self.rulebook, now, DUE_WITHIN, monthly=False)
        return [Renewal(item, files[item.key]) for item in due]

    def _standing(self, match: Match, state: StoredState) -> DesiredSubscription:
        place = self.survey.parts.place(match.file, match.key.name, self._text)
        return stand_in(state.subscriptions[match.key], match.asked, place)

    def _text(self, file: str) -> str:
        text = self.survey.text_of(file)
        return "" if text is None else text.text

    def _tried(
        self, moved: Sequence[Match], state: StoredState, now: datetime
    ) -> dict[SubscriptionKey, DesiredSubscription]:
        """Of what time may have moved: those of which nothing is to be decided even so."""
        wanted = {match.key: self._standing(match, state) for match in moved if match.key in state.subscriptions}
        rows = {key: state.subscriptions[key] for key in wanted}
        stored, _ = elapse(replace(state, subscriptions=rows, open_intents={}), self.rulebook, now, lambda key: False)
        draft = Draft(now, DesiredState(wanted, self.accounts), stored, self.rulebook)
        standing = {}
        for key, item in wanted.items():
            before = draft.unchanged
            draft.consider(item)
            if draft.unchanged > before:
                standing[key] = item
        return standing

    def _desired(self, balance: Balance, failing: Iterable[Match]) -> DesiredState | None:
        """What is to be read in full; None where something is wrong with it, or has changed meanwhile."""
        chosen: dict[str, Names] = {}
        for file, names in balance.odd.items():
            chosen.setdefault(file, Names(set(), set())).odd.update(names)
        for file, names in balance.left.items():
            chosen.setdefault(file, Names(set(), set())).plain.update(names)
        for match in failing:
            chosen.setdefault(match.file, Names(set(), set())).plain.add(match.key.name)
        texts = [self.survey.text_of(file) for file in sorted({*balance.full, *chosen})]
        known = [text for text in texts if text is not None]
        if len(known) < len(texts):
            return None
        counts = [
            RuleCount(origin, number, tuple(sorted(item for item in products.items() if item[1])), summary)
            for (origin, number), (products, summary) in balance.rules.items()
        ]
        narrowed = {file: Chosen(frozenset(names.odd), frozenset(names.plain)) for file, names in chosen.items()}
        desired = self.survey.parts.desired(known, narrowed, counts, self.survey.digest, self._text)
        if desired.has_errors:
            return None
        extra = self.catalogue.unknown_codes(desired)
        return replace(desired, diagnostics=(*desired.diagnostics, *extra)) if extra else desired

    def _joined(self, balance: Balance, state: StoredState, now: datetime) -> Part | None:
        """All of it together; None where something that is looked at touches what is not."""
        standing = self._tried(balance.moved, state, now)
        desired = self._desired(balance, (match for match in balance.moved if match.key not in standing))
        if desired is None:
            return None
        declared = desired.subscriptions
        former = [
            SubscriptionKey(key.account, wanted.previously)
            for key, wanted in declared.items()
            if wanted.previously is not None
        ]
        ids = {wanted.id for wanted in declared.values() if wanted.id is not None}
        more = self.reader.some([*declared, *former], self.ledgers, ids)
        looked_at = {*balance.rows, *(match.key for match in balance.moved)} - standing.keys()
        touched = {key for key in more.subscriptions if key.account in self.ledgers} - looked_at
        if more.serial != state.serial or touched or declared.keys() & standing.keys():
            return None
        settled = Settled(+balance.settled, self._chosen(balance), self._due(balance))
        rows = dict(sorted({**state.subscriptions, **more.subscriptions}.items()))
        return Part(
            replace(desired, subscriptions={**declared, **standing}),
            replace(more, subscriptions=rows, settled=settled),
            balance,
        )

    def _chosen(self, balance: Balance) -> Counter[str]:
        """How much of what is settled the run is about."""
        selection = self.inputs.selection
        if selection.everything:
            return +balance.settled
        found: Counter[str] = Counter()
        keys, may = selection.keys(), selection.names()
        moved = {(match.file, match.key.name) for match in balance.moved}
        for file in self.survey.sketches:
            sketch = self._sketch(file) if selection.holds_file(file) else None
            if sketch is None or not may(sketch.account, sketch.names):
                continue
            left: Container[str] = set(balance.left.get(file, ()))
            for name in sketch.names.split("\n"):
                if name not in left and (file, name) not in moved and keys(SubscriptionKey(sketch.account, name)):
                    found[sketch.account] += 1
        return +found

    def _due(self, balance: Balance) -> tuple[Due, ...]:
        selection, place = self.inputs.selection, self.survey.parts.place
        keys = selection.keys()
        return tuple(
            replace(item.due, place=place(item.file, item.due.key.name, self._text))
            for item in balance.renewing
            if selection.everything or (keys(item.due.key) and selection.holds_file(item.file))
        )


def _counted(lines: Iterable[tuple[int, str]], progress: Callable[[int], None]) -> Iterator[tuple[int, str]]:
    """The same lines; every so often it is told how many more there were."""
    number = 0
    for number, line in enumerate(lines, 1):
        yield line
        if not number % _STEP:
            progress(_STEP)
    progress(number % _STEP)
