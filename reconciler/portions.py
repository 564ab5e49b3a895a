"""A recorded estate of which much differs, in portions: what a plan must look at, and never all of it alive at once.

All effects go through what is handed in. The law: the plans of the portions together are the plan of the whole. Where
something in one portion touches what is not in it, the answer is None, and the caller makes the whole pass.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import NamedTuple

from reconciler.balance import Balance
from reconciler.desired import DesiredState, SpecText
from reconciler.journal import OpenIntent
from reconciler.model import DesiredSubscription, StoredSubscription, SubscriptionKey
from reconciler.ports import StateReader
from reconciler.spec.groups import Groups, Library
from reconciler.spec.load import Chosen
from reconciler.spec.parts import Survey
from reconciler.spec.sketch import RuleCount
from reconciler.stored import Settled, StoredState


@dataclass(frozen=True, slots=True)
class Names(Mapping[str, Chosen]):
    """By file what of it is to be read in full; made when it is asked for, since it may be a million of names."""

    odd: Mapping[str, Collection[str]]
    """What its sketch does not speak of."""
    plain: Mapping[str, Collection[str]]
    """What it does."""
    in_blocks: Callable[[str], bool]

    def __getitem__(self, file: str) -> Chosen:
        if file not in self.odd and file not in self.plain:
            raise KeyError(file)
        return Chosen(frozenset(self.odd.get(file, ())), frozenset(self.plain.get(file, ())), self.in_blocks(file))

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self.odd, *self.plain)))

    def __len__(self) -> int:
        return len(self.odd.keys() | self.plain.keys())


class Narrowed(NamedTuple):
    """What of the spec files is to be read in full."""

    files: list[str]
    """By path as shown, in path order."""
    chosen: Mapping[str, Chosen]
    """Of these just some subscriptions."""
    counts: list[RuleCount]
    """What rules matched in files with a sketch."""


class Portion(NamedTuple):
    """Some subscriptions with their records: what one says of another is said within."""

    desired: DesiredState
    stored: StoredState


@dataclass(slots=True)
class Portions:
    """What a plan must look at, on its way."""

    survey: Survey
    reader: StateReader
    ledgers: Collection[str]
    balance: Balance
    head: StoredState
    """Of the records, those of accounts that are not ours."""
    narrowed: Narrowed
    standing: Mapping[SubscriptionKey, DesiredSubscription]
    """Of what time may have moved: those of which nothing is to be decided even so."""
    moved: Mapping[SubscriptionKey, StoredSubscription]
    """The records of all of these."""
    settled: Settled
    library: Library = field(init=False)
    groups: Groups = field(init=False)
    _unclaimed: dict[str, set[str]] = field(init=False)
    """By account, the names of records that no portion has yet: as keys they would need twice the memory."""
    _others: dict[SubscriptionKey, StoredSubscription] = field(init=False)
    """Of these, the ones of accounts that are not ours."""
    _begun: dict[SubscriptionKey, OpenIntent] = field(init=False)
    """What was begun and no portion has yet: tasks of people."""
    _everyone: set[str] = field(init=False)
    """The accounts of all records."""
    _doubtful: bool = False

    def __post_init__(self) -> None:
        self.library = Library(self._text)
        self.groups = self.survey.parts.groups(self.library)
        self._others, self._begun = dict(self.head.subscriptions), dict(self.head.open_intents)
        self._unclaimed = {}
        for key in chain(self.balance.rows, self.moved.keys() - self.standing.keys(), self._others):
            self._unclaimed.setdefault(key.account, set()).add(key.name)
        self.balance.rows = []  # nobody keeps it any more: from now on they are told here alone
        self._everyone = {*self.ledgers, *self.groups.accounts, *self.head.accounts}
        self._everyone.update(key.account for key in self._others)

    def read(self, at_once: int, told: Callable[[], None]) -> Iterator[Portion]:
        """One after the other, of about so many subscriptions; none after the first doubt.

        One is to be let go of before the next one is asked for. `told` is called for each file.
        """
        for desired in self.groups.read(self._texts(told), at_once, self.narrowed.chosen):
            stored = self._records(desired)
            if stored is None:
                self._doubtful = True
                return
            yield Portion(desired, stored)
        yield from self._rest(at_once)

    def whole(self) -> DesiredState | None:
        """What there is to say of all that was read, but for the subscriptions; None where there is a doubt."""
        if self._doubtful:
            return None
        self.groups.count(self.narrowed.counts)
        return self.groups.whole(self.survey.digest)

    def _texts(self, told: Callable[[], None]) -> Iterator[SpecText]:
        for file in self.narrowed.files:
            text = self.survey.text_of(file)
            if text is None:
                self._doubtful = True
                return
            yield text
            told()

    def _text(self, file: str) -> str:
        text = self.survey.text_of(file)
        return "" if text is None else text.text

    def _records(self, desired: DesiredState) -> StoredState | None:
        """The records of a portion; None where one is not its own alone, or the store says something else by now."""
        keys = {*desired.subscriptions, *_formers(desired)}
        rows = self._some([key for key in keys if key.account in self.ledgers])
        if rows is None or self._taken(desired, keys, rows):
            return None
        found = {key: self._others.pop(key) for key in keys & self._others.keys()}
        if not all(key.name in self._unclaimed.get(key.account, ()) for key in rows):
            return None
        for key in keys:
            self._unclaimed.get(key.account, set()).discard(key.name)
        return self._stored({**rows, **found}, keys)

    def _taken(
        self,
        desired: DesiredState,
        keys: Collection[SubscriptionKey],
        rows: Mapping[SubscriptionKey, StoredSubscription],
    ) -> bool:
        """Whether a record outside of this portion may have the id of a subscription in it."""
        asked = {(key.account, item.id) for key, item in desired.subscriptions.items() if item.id}
        named = {id for _, id in asked}
        if any(row.id in named for key, row in self.head.subscriptions.items() if key not in keys):
            return True
        ours = {pair for pair in asked if pair[0] in self.ledgers}
        known = {(key.account, row.id) for key, row in rows.items()}
        # Where no two records have one id, what a record of its own has no other one needs to be asked for.
        if ours & known and not self.balance.without_twins(self.reader.has_twins):
            return True
        ids = {id for _, id in ours - known}
        more = self._some((), ids) if ids else {}
        return more is None or not more.keys() <= set(keys)  # an id may be another one's also in another account

    def _some(
        self, keys: Collection[SubscriptionKey], ids: Collection[str] = ()
    ) -> Mapping[SubscriptionKey, StoredSubscription] | None:
        """Records of our accounts; None where the store is not the one that was looked at any more."""
        found = self.reader.some(keys, self._everyone, ids)
        return found.subscriptions if (found.branch, found.serial) == (self.head.branch, self.head.serial) else None

    def _rest(self, at_once: int) -> Iterator[Portion]:
        """What no file that was read in full declares: last what is as it was asked for."""
        accounts, unclaimed = self.groups.accounts, sorted(self._unclaimed.items())
        left = (SubscriptionKey(account, name) for account, names in unclaimed for name in sorted(names))
        while keys := list(islice(left, at_once)):
            rows = self._some([key for key in keys if key not in self._others])
            if rows is None:
                self._doubtful = True
                return
            others = {key: self._others[key] for key in keys if key in self._others}
            yield Portion(DesiredState({}, accounts), self._stored({**rows, **others}, keys))
        # Renewals of what is settled are many, and only counted: who puts the portions together adds them.
        standing = self._stored({key: self.moved[key] for key in self.standing}, tuple(self._begun))
        yield Portion(
            DesiredState(dict(self.standing), accounts), replace(standing, settled=replace(self.settled, due=()))
        )

    def _stored(
        self, rows: Mapping[SubscriptionKey, StoredSubscription], keys: Collection[SubscriptionKey]
    ) -> StoredState:
        begun = {key: self._begun.pop(key) for key in keys if key in self._begun}
        return replace(self.head, subscriptions=dict(sorted(rows.items())), open_intents=begun)


def _formers(desired: DesiredState) -> Iterator[SubscriptionKey]:
    for key, wanted in desired.subscriptions.items():
        if wanted.previously is not None:
            yield SubscriptionKey(key.account, wanted.previously)
