"""One look at a large estate that sees only what a plan needs. What is planned of it is what a whole pass would plan.

All effects go through what is handed in. Where there is any doubt the answer is None, and the caller makes the whole
pass, which also says what is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.balance import Balance
from reconciler.build import DUE_WITHIN
from reconciler.catalogue import MICROSOFT, Catalogue
from reconciler.comparing import Comparing, Shares, renewals
from reconciler.consequences import DueList
from reconciler.desired import DesiredState
from reconciler.diagnostics import Place
from reconciler.draft import Draft
from reconciler.elapsed import elapse
from reconciler.gist import Asked, gaps_of, gist_of, line_of, stand_in, without
from reconciler.lifecycle import may_extend
from reconciler.model import DesiredSubscription, Recurring, Status, StoredSubscription, SubscriptionKey, TermLength
from reconciler.portions import Names, Narrowed, Portions
from reconciler.ports import StateReader
from reconciler.progress import Progress, Untold
from reconciler.reconcile import Inputs, instant_of, rulebook_of
from reconciler.settings import LEDGER
from reconciler.sift import Match, Renewing, Sieve
from reconciler.spec.parts import Survey
from reconciler.spec.sketch import RuleCount, Sketch
from reconciler.stored import Settled, StoredState


@dataclass(frozen=True, slots=True)
class Part:
    """What a plan has to be made of."""

    desired: DesiredState
    stored: StoredState
    balance: Balance
    """For the next look."""


MUCH = 50_000
"""Subscriptions to be looked at from which on that is done in portions: as values, so many would need more than a
hundred megabytes.
"""
_IN_FULL = 100
"""Subscriptions that a file is taken to have which is to be read in full."""


def looked_at(
    inputs: Inputs,
    survey: Survey,
    reader: StateReader,
    share: Shares | None = None,
    progress: Progress | None = None,
    much: int = MUCH,
) -> Part | Portions | None:
    """The part of the estate that a plan must look at, and how much else there is; in portions where it is `much`."""
    return _Look(inputs, survey, reader, share, progress or Untold(), much).run()


class _Look:
    """One look under way."""

    def __init__(
        self, inputs: Inputs, survey: Survey, reader: StateReader, share: Shares | None, progress: Progress, much: int
    ) -> None:
        self.inputs = inputs
        self.survey = survey
        self.reader = reader
        self.share = share
        self.progress = progress
        self.much = much
        self.accounts = survey.parts.accounts
        self.ledgers = [name for name, account in self.accounts.items() if account.provider == LEDGER]
        self.rulebook = rulebook_of(inputs, DesiredState(accounts=self.accounts))
        self.with_names = {name for name, account in self.accounts.items() if account.catalogue == MICROSOFT}
        self.catalogue = Catalogue()

    def run(self) -> Part | Portions | None:
        head = self.reader.some((), self.ledgers)
        if head.lineage is None or any(key.account in self.ledgers for key in head.open_intents):
            return None
        now = instant_of(self.inputs, head)
        # What was carried on may stumble over what only all of it together can tell.
        return self._planned(self._moved_on(head, now), head, now) or self._planned(self._weighed(head, now), head, now)

    def _planned(self, balance: Balance | None, head: StoredState, now: datetime) -> Part | Portions | None:
        if balance is None:
            return None
        if self._is_much(balance):
            return self._portions(balance, head, now)
        picture = self.reader.some([*(match.key for match in balance.moved), *balance.rows], self.ledgers)
        if (picture.branch, picture.serial) != (head.branch, head.serial):
            return None
        return self._joined(balance, picture, now)

    def _is_much(self, balance: Balance) -> bool:
        # What is outside is looked at in full, and what may be written to at no other instant, an apply asks of values.
        dated = self.inputs.as_of is not None
        if any(item.outside or (dated and item.provider != LEDGER) for item in self.accounts.values()):
            return False
        names = sum(map(len, balance.left.values())) + sum(map(len, balance.odd.values()))
        # What time has moved is alive at once in any case, as events are.
        return names + len(balance.rows) + _IN_FULL * len(balance.full) > self.much and len(balance.moved) <= MUCH

    def _portions(self, balance: Balance, head: StoredState, now: datetime) -> Portions | None:
        """What is to be planned portion by portion; None where the store says something else by now."""
        moved = self.reader.some([match.key for match in balance.moved], self.ledgers)
        chosen = self._chosen(balance)
        if (moved.branch, moved.serial) != (head.branch, head.serial) or chosen is None:
            return None
        standing = self._tried(balance.moved, moved, now)
        narrowed = self._narrowed(balance, (match for match in balance.moved if match.key not in standing))
        keys = {match.key for match in balance.moved}
        rows = {key: row for key, row in moved.subscriptions.items() if key in keys}
        settled = Settled(+balance.settled, chosen, self._due(balance))
        return Portions(self.survey, self.reader, self.ledgers, balance, head, narrowed, standing, rows, settled)

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
        if not balance.holds(head.branch, head.serial, now):
            return None
        for file in {*self.survey.before, *self.survey.new}:
            before = self.survey.before.get(file)
            sketch = self._sketch(file) if file in self.survey.sketches else None
            if file in balance.full:
                balance.full.remove(file)
                before = None
            elif file in self.survey.before and before is None:
                return None
            balance.move(file, before, sketch, there=file in self.survey.sketches)
        return balance

    def _weighed(self, head: StoredState, now: datetime) -> Balance | None:
        """A balance made of everything."""
        balance = Balance(head.branch, head.serial, now, None)
        sketches = {file: sketch for file in self.survey.sketches if (sketch := self._sketch(file)) is not None}
        balance.full = [file for file in self.survey.sketches if file not in sketches]
        sieve = Sieve(sketches, self._look_at(sketches.values()))
        found = Comparing(sieve, self.ledgers, self.rulebook, now, self.progress).run(self.reader, self.share)
        if found is None or found.twins or sieve.doubled:
            return None
        balance.no_twins = sieve.ids
        for file, sketch in sketches.items():
            balance.count(sketch, 1)
            if sketch.odd:
                balance.odd[file] = list(sketch.odd)
        balance.settled, balance.moved, balance.rows = found.settled, found.moved, found.rows
        balance.left, balance.renewing, balance.until = sieve.left(), found.renewing, found.until
        return balance

    def _look_at(self, sketches: Iterable[Sketch]) -> dict[str, frozenset[Asked]]:
        """By account, what may want a decision even where a record is as it was asked for."""
        every = {asked for sketch in sketches for asked in sketch.asked}
        alone = frozenset(asked for asked in every if asked.recurring == Recurring.OFF and asked.cancel is None)
        extending = [name for name in self.ledgers if may_extend(self.rulebook.ruling(name))]
        return dict.fromkeys(extending, alone) if alone else {}

    def _standing(self, match: Match, picture: StoredState) -> DesiredSubscription:
        place = self.survey.parts.place(match.file, match.key.name, self._text)
        return stand_in(picture.subscriptions[match.key], match.asked, place)

    def _text(self, file: str) -> str:
        text = self.survey.text_of(file)
        return "" if text is None else text.text

    def _tried(
        self, moved: Sequence[Match], picture: StoredState, now: datetime
    ) -> dict[SubscriptionKey, DesiredSubscription]:
        """Of what time may have moved: those of which nothing is to be decided even so."""
        wanted = {match.key: self._standing(match, picture) for match in moved if match.key in picture.subscriptions}
        rows = {key: picture.subscriptions[key] for key in wanted}
        stored, _ = elapse(replace(picture, subscriptions=rows, open_intents={}), self.rulebook, now, lambda key: False)
        draft = Draft(now, DesiredState(wanted, self.accounts), stored, self.rulebook)
        standing = {}
        for key, item in wanted.items():
            before = draft.unchanged
            draft.consider(item)
            if draft.unchanged > before:
                standing[key] = item
        return standing

    def _narrowed(self, balance: Balance, failing: Iterable[Match]) -> Narrowed:
        """What is to be read in full."""
        plain: dict[str, Collection[str]] = dict(balance.left)
        for match in failing:
            plain[match.file] = [*plain.get(match.file, ()), match.key.name]
        chosen = Names(balance.odd, plain, self.survey.in_blocks)
        counts = [
            RuleCount(origin, number, tuple(sorted(item for item in products.items() if item[1])), summary)
            for (origin, number), (products, summary) in balance.rules.items()
        ]
        return Narrowed(sorted({*balance.full, *chosen}), chosen, counts)

    def _desired(self, narrowed: Narrowed) -> DesiredState | None:
        """What is to be read in full; None where something is wrong with it, or has changed meanwhile."""
        texts = map(self.survey.text_of, narrowed.files)  # one by one: together they may be large
        desired = self.survey.parts.desired(texts, narrowed.chosen, narrowed.counts, self.survey.digest, self._text)
        if desired is None or desired.has_errors:
            return None
        extra = self.catalogue.unknown_codes(desired)
        return replace(desired, diagnostics=(*desired.diagnostics, *extra)) if extra else desired

    def _joined(self, balance: Balance, picture: StoredState, now: datetime) -> Part | None:
        """All of it together; None where something that is looked at touches what is not."""
        standing = self._tried(balance.moved, picture, now)
        failing = (match for match in balance.moved if match.key not in standing)
        desired = self._desired(self._narrowed(balance, failing))
        if desired is None:
            return None
        declared = desired.subscriptions
        former = [
            SubscriptionKey(key.account, wanted.previously)
            for key, wanted in declared.items()
            if wanted.previously is not None
        ]
        more = self.reader.some([*declared, *former], self.ledgers)
        # Where no two records have one id, what a record of its own has no other one needs to be asked for.
        known = {(key.account, row.id) for key, row in more.subscriptions.items()}
        asked = {(key.account, item.id) for key, item in declared.items() if item.id and key.account in self.ledgers}
        if asked & known and not balance.without_twins(self.reader.has_twins):
            return None
        ids = {id for _, id in asked - known}
        if ids:
            more = self.reader.some([*declared, *former], self.ledgers, ids)
        looked_at = {*balance.rows, *(match.key for match in balance.moved)} - standing.keys()
        touched = {key for key in more.subscriptions if key.account in self.ledgers} - looked_at
        chosen = self._chosen(balance)
        if more.serial != picture.serial or touched or declared.keys() & standing.keys() or chosen is None:
            return None
        settled = Settled(+balance.settled, chosen, self._due(balance))
        rows = dict(sorted({**picture.subscriptions, **more.subscriptions}.items()))
        self._promote(balance, declared, rows, now)
        return Part(
            replace(desired, subscriptions={**declared, **standing}),
            replace(more, subscriptions=rows, settled=settled),
            balance,
        )

    def _promote(
        self,
        balance: Balance,
        declared: Mapping[SubscriptionKey, DesiredSubscription],
        rows: Mapping[SubscriptionKey, StoredSubscription],
        now: datetime,
    ) -> None:
        """What was looked at and is just as it is asked for needs no look next time."""
        unmatched = set(balance.rows)
        for file, names in list(balance.left.items()):
            sketch = self._sketch(file)
            account = "" if sketch is None else sketch.account
            staying, renewing = [], []
            for name in names:
                key = SubscriptionKey(account, name)
                wanted, row = declared.get(key), rows.get(key)
                if wanted is None or row is None or key not in unmatched or not self._rests(wanted, row, now):
                    staying.append(name)
                    continue
                unmatched.discard(key)
                balance.settled[account] += 1
                balance.until = _sooner(balance.until, row, now)
                if row.recurring is Recurring.ON and row.length is not TermLength.MONTHLY:
                    renewing.append(Renewing(file, line_of(row), row.term.end.isoformat()))
            if len(staying) < len(names):
                balance.left[file] = staying
                for items in renewals(renewing, now, self.rulebook).values():
                    balance.renewing.more(file, items)
        balance.left = {file: names for file, names in balance.left.items() if names}
        balance.rows = [key for key in balance.rows if key in unmatched]

    def _rests(self, wanted: DesiredSubscription, row: StoredSubscription, now: datetime) -> bool:
        """Whether the record is a plain active one, at rest, and just as it is asked for."""
        gist = gist_of(wanted)
        if gist is None or row.status is not Status.ACTIVE or row.extended or row.term.end <= now:
            return False
        line, asked = gist
        alone = asked.recurring == Recurring.OFF and asked.cancel is None
        return not alone and without(line_of(row), gaps_of(asked.unsaid)) == line

    def _chosen(self, balance: Balance) -> Counter[str] | None:
        """How much of what is settled the run is about; None where what was kept of a file is damaged."""
        selection = self.inputs.selection
        if selection.everything:
            return +balance.settled
        found: Counter[str] = Counter()
        keys, may = selection.keys(), selection.names()
        moved, full = {(match.file, match.key.name) for match in balance.moved}, set(balance.full)
        for file in self.survey.sketches:
            if file in full or not selection.holds_file(file):
                continue
            sketch = self._sketch(file)
            if sketch is None:
                return None
            if not (sketch.names and may(sketch.account, sketch.names)):
                continue
            left: Container[str] = set(balance.left.get(file, ()))
            for name in sketch.names.split("\n"):
                if name not in left and (file, name) not in moved and keys(SubscriptionKey(sketch.account, name)):
                    found[sketch.account] += 1
        return +found

    def _due(self, balance: Balance) -> DueList:
        selection = self.inputs.selection
        keys = selection.keys()

        def place(file: str, name: str) -> Place:
            return self.survey.parts.place(file, name, self._text)

        def chosen(file: str, key: SubscriptionKey) -> bool:
            return keys(key) and selection.holds_file(file)

        return balance.renewing.listed(place, None if selection.everything else chosen)


def _sooner(until: datetime | None, row: StoredSubscription, now: datetime) -> datetime:
    """Before when time moves neither what was settled nor this record, nor brings its renewal within the horizon."""
    end = row.term.end
    comes = end if row.length is TermLength.MONTHLY or end - DUE_WITHIN <= now else end - DUE_WITHIN
    return comes if until is None else min(until, comes)
