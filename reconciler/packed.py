"""Changes of a plan that has very many of them, kept as bytes: made into values while somebody looks, and let go again.

Pure. What is unpacked equals what was packed. Must not decide anything: a plan of few changes is a plain tuple.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, tzinfo
from heapq import merge
from itertools import islice
from operator import attrgetter
from typing import Any, overload

import orjson

from reconciler.changes import Change, Kind, Many, Risk, Trait, change_with
from reconciler.consequences import Amount, Basis, Charge, Impact, Refund
from reconciler.diagnostics import Location, Place
from reconciler.model import Money, SubscriptionKey, TermLength
from reconciler.remake import Remake
from reconciler.spec.positions import Document, SpecPlace

_AT_ONCE = 64
"""Changes in one piece: so many are values at once while somebody looks."""
_QUICK = 1
"""zlib's level."""

Piece = bytes | tuple[Change, ...]
"""Some changes; as values where JSON cannot say them, as with a sum of more than 64 bits."""


@dataclass(slots=True)
class Run:
    """The changes of some subscriptions, by key and in the order in which each one's are made."""

    first: SubscriptionKey
    last: SubscriptionKey
    pieces: list[Piece] = field(default_factory=list)
    traits: Counter[Trait] = field(default_factory=Counter)

    @classmethod
    def of(cls, changes: Sequence[Change], *, located: bool = False) -> Run:
        """These changes, at least one, in plan order; `located`: their places are looked up now, and never again."""
        pieces = [_packed(tuple(changes[at : at + _AT_ONCE]), located) for at in range(0, len(changes), _AT_ONCE)]
        return cls(changes[0].key, changes[-1].key, pieces, Counter(change.trait for change in changes))


@dataclass(slots=True)
class Unpacking:
    """What is needed to make values again."""

    document: Callable[[str], Document]
    """A spec file by its path as shown; asked for each place anew."""
    zone: tzinfo | None = None
    """The admin's: what local instants are in."""


class Packed(Many):
    """Changes by key, packed. Iterating makes some at a time into values; to take one by its number walks up to it."""

    def __init__(self, runs: Iterable[Run], unpacking: Unpacking, fits: Callable[[Trait], bool] | None = None) -> None:
        kept = [run for run in runs if fits is None or any(map(fits, run.traits))]
        self._runs = sorted(kept, key=lambda run: run.first)
        self._unpacking = unpacking
        self._fits = fits
        self._traits: Counter[Trait] = Counter()
        for run in self._runs:
            self._traits.update({trait: number for trait, number in run.traits.items() if fits is None or fits(trait)})
        self._count = self._traits.total()

    @property
    def traits(self) -> Counter[Trait]:
        """How many there are of each trait."""
        return self._traits

    def picked(self, fits: Callable[[Trait], bool]) -> Packed:
        """Those of them whose trait fits, in the same order."""
        before = self._fits
        return Packed(
            self._runs, self._unpacking, fits if before is None else lambda trait: before(trait) and fits(trait)
        )

    @overload
    def __getitem__(self, index: int) -> Change: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Change]: ...
    def __getitem__(self, index: int | slice) -> Change | Sequence[Change]:
        if isinstance(index, slice):
            begin, end, step = index.indices(len(self))
            if step < 0:
                return tuple(self)[index]
            return tuple(islice(self, begin, max(begin, end), step))
        at = range(len(self))[index]
        return next(islice(self, at, None))

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Change]:
        return self._walk(bare=False)

    def bare(self) -> Iterator[Change]:
        """All of them, but for what follows from them."""
        return self._walk(bare=True)

    def _walk(self, *, bare: bool) -> Iterator[Change]:
        for runs in self._overlapping():
            if len(runs) == 1:
                yield from self._unpacked(runs[0], bare)
            else:
                yield from merge(*(self._unpacked(run, bare) for run in runs), key=_key_of)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(self) != len(other):
            return False
        return all(one == two for one, two in zip(self, other, strict=True))

    def __hash__(self) -> int:
        return hash((self._count, self._runs[0].first if self._runs else None))

    def _overlapping(self) -> Iterator[list[Run]]:
        """The runs in the order of their keys; together those of which no one comes before the other."""
        together: list[Run] = []
        last: SubscriptionKey | None = None
        for run in self._runs:
            if last is not None and run.first > last:
                yield together
                together, last = [], None
            together.append(run)
            last = run.last if last is None else max(last, run.last)
        if together:
            yield together

    def _unpacked(self, run: Run, bare: bool) -> Iterator[Change]:
        fits = self._fits
        whole = fits is None or all(map(fits, run.traits))
        for piece in run.pieces:
            changes = piece if isinstance(piece, tuple) else self._values(piece, bare)
            yield from changes if whole or fits is None else (one for one in changes if fits(one.trait))

    def _values(self, piece: bytes, bare: bool) -> Iterator[Change]:
        return (_change(item, self._unpacking, bare) for item in orjson.loads(zlib.decompress(piece)))


def _key_of(change: Change) -> SubscriptionKey:
    return change.key


_impact_values = attrgetter(*(item.name for item in fields(Impact)))
_ImpactFilled = Remake(Impact).filled


def _packed(changes: tuple[Change, ...], located: bool) -> Piece:
    try:
        return zlib.compress(orjson.dumps([_said(change, located) for change in changes]), _QUICK)
    except TypeError:
        return tuple(replace(change, place=change.place.location) for change in changes) if located else changes


def _said(change: Change, located: bool) -> list[object]:
    """A change as JSON has it; TypeError for what could not be had back."""
    impact, place = change.impact, change.place.location if located else change.place
    if impact is not None and impact.access_ends_local is not None and impact.access_ends is None:
        raise TypeError("a local instant of none")
    return [
        change.key.account, change.key.name, change.kind.value, dict(change.before), dict(change.after),
        _place_said(place), change.risk.value, change.reason, change.external_id, change.product,
        change.declares, change.scheduled, None if impact is None else _impact_values(impact), change.instead_of,
    ]  # fmt: skip


def _place_said(place: Place) -> list[object]:
    if isinstance(place, SpecPlace):
        return [place.file, place.path, place.is_key]
    if isinstance(place, Location):
        return [place.file, place.line, place.column]
    raise TypeError("a place of another kind")


def _change(item: list[Any], unpacking: Unpacking, bare: bool) -> Change:
    account, name, kind, before, after, place, risk, reason, external_id, product, *rest = item
    declares, scheduled, impact, instead_of = rest
    made: Any = change_with.filled(
        SubscriptionKey(account, name), _KINDS[kind], before, after, _place(place, unpacking), _RISKS[risk], reason,
        external_id, product, declares, scheduled,
        None if bare or impact is None else _impact(impact, unpacking), instead_of,
    )  # fmt: skip
    made.__class__ = Change
    change: Change = made
    return change


def _place(item: list[Any], unpacking: Unpacking) -> Place:
    file, path, rest = item
    return SpecPlace(unpacking.document(file), tuple(path), rest) if isinstance(path, list) else Location(*item)


def _impact(item: list[Any], unpacking: Unpacking) -> Impact:
    (
        term_start, term_end, renews, last_day, access_ends, local, expired_days, data_deleted, data_gone_by,
        reversible_until, window_closes, charge, refund, value, weighed, extension, side_effects, unknown, instead_of,
    ) = item  # fmt: skip
    ends = _instant(access_ends)
    made: Any = _ImpactFilled(
        _day(term_start), _day(term_end), _day(renews), _day(last_day), ends,
        None if local is None or ends is None else _local(local, ends, unpacking.zone),
        expired_days, _day(data_deleted), _day(data_gone_by), _instant(reversible_until), _instant(window_closes),
        charge and Charge(_sure(charge["amount"]), date.fromisoformat(charge["on"]), _LENGTHS[charge["per"]],
                          charge["incurred"]),
        refund and Refund(_sure(refund["amount"]), refund["rule"], refund["detail"]),
        _amount(value), _amount(weighed), _amount(extension), tuple(side_effects), tuple(unknown), instead_of,
    )  # fmt: skip
    made.__class__ = Impact
    impact: Impact = made
    return impact


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _local(text: str, instant: datetime, zone: tzinfo | None) -> datetime:
    return datetime.fromisoformat(text) if zone is None else instant.astimezone(zone)


def _amount(item: dict[str, Any] | None) -> Amount | None:
    return None if item is None else _sure(item)


def _sure(item: dict[str, Any]) -> Amount:
    money = item["money"]
    return Amount(
        None if money is None else Money(money["minor"], money["currency"]), _BASES[item["basis"]], item["detail"]
    )


_KINDS = {kind.value: kind for kind in Kind}
_RISKS = {risk.value: risk for risk in Risk}
_LENGTHS = {length.value: length for length in TermLength}
_BASES = {basis.value: basis for basis in Basis}
