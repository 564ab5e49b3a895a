"""What follows from a change: money, dates, side effects. Values only; `impact` and `money` work them out.

Frozen vocabulary. None means `does not apply` or `not known`: which of the two, `Impact.unknown` and `Basis` say.
A sum has no upper bound: it may need more than 64 bits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import overload

from reconciler.diagnostics import Place
from reconciler.model import Decision, Money, SubscriptionKey, TermLength


class Basis(StrEnum):
    """Where a sum comes from."""

    DECLARED = "declared"
    """The price that the specs declare, or once declared, for each seat. It goes before all others."""
    PRICE_LIST = "price-list"
    """The price that the file has which the settings name, for each seat."""
    LAST_CHARGE = "last-charge"
    """What one billing period cost the last time, all seats together."""
    UNKNOWN = "not-known"


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum, and where it comes from; without money its basis is `not-known`."""

    money: Money | None
    basis: Basis
    detail: str = ""
    """How it was worked out, `25 x 20.60 EUR x 12`; or why it is not known."""


@dataclass(frozen=True, slots=True)
class Charge:
    """The next charge that a change avoids or incurs."""

    amount: Amount
    """Of one billing period, all seats together."""
    on: date
    """The UTC day on which it falls, or would fall."""
    per: TermLength
    """The billing period: it recurs so often."""
    incurred: bool
    """False: the change avoids it."""


@dataclass(frozen=True, slots=True)
class Refund:
    """What comes back after a cancellation at once, by the policy's rule."""

    amount: Amount
    """Nothing, where the rule is `none`, if the currency is known."""
    rule: str
    """`prorated`, `full`, `none`, or `not-known`: of the charge of the billing cycle that it falls in."""
    detail: str = ""
    """The days it was worked out from, and how it was rounded: `7 of 30 days left, rounded down`."""


@dataclass(frozen=True, slots=True)
class Impact:
    """Everything that follows from one change, as far as it is known."""

    term_start: date | None = None
    """Of the term that the change begins or moves: of `register`, `reactivate`, and a `correct` that moves it."""
    term_end: date | None = None
    """The day after its last one."""
    renews: date | None = None
    """The day on which the next term starts, where one will."""
    last_day: date | None = None
    """The last UTC day of the last term, or the day on which access is lost at once."""
    access_ends: datetime | None = None
    """The instant (UTC) at which users lose access: after the expired stage, where there is one; or at once."""
    access_ends_local: datetime | None = None
    """The same in the admin's zone, where the settings name one."""
    expired_days: int | None = None
    """Days after the last one on which users still have access; 0: none."""
    data_deleted: date | None = None
    """The UTC day on which it is deleted: from then on nothing brings it back."""
    data_gone_by: date | None = None
    """The day by which the vendor has wiped it, where that may be later."""
    reversible_until: datetime | None = None
    """The first instant (UTC) at which it can no longer be taken back; None: it always can, or never."""
    window_closes: datetime | None = None
    """When it can no longer be cancelled at once; for another change than that only if it is still to come."""
    charge: Charge | None = None
    """None: no charge falls due then, or is avoided."""
    refund: Refund | None = None
    """Of `cancel-now` alone."""
    value: Amount | None = None
    """The charges of one whole term: what a limit in money counts of an ending or spending change.

    Of one month, where it is only about a paid extension. None: no charge depends on it.
    Of `register` and `correct`: what a term costs; no money moves.
    """
    weighed: Amount | None = None
    """What limits in money count where it is more than `value`: a term as it was priced before this plan, for a price
    that the same plan lowers must not let an ending pass."""
    extension: Amount | None = None
    """What a month of the paid extension costs that the change leads into; then it does not end after its last day."""
    side_effects: tuple[str, ...] = ()
    """What else the change does or needs, in words, by the policy."""
    unknown: tuple[str, ...] = ()
    """Names of fields of this that apply and that the sources leave open, such as `data_deleted`; each is empty."""
    instead_of: str | None = None
    """What the spec wished first, and why that was barred: this is its `on_blocked`."""

    @property
    def counted(self) -> Amount | None:
        """What limits in money count; None: it moves no money."""
        return self.weighed or self.value


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of a plan by currency, in minor units."""

    avoided: Mapping[str, int] = field(default_factory=dict)
    """The values of everything that ends: the charges of one whole term of each."""
    incurred: Mapping[str, int] = field(default_factory=dict)
    """The values of everything that goes on, and a month of each paid extension that something leads into."""
    refunded: Mapping[str, int] = field(default_factory=dict)
    """What is paid back."""
    unknown: int = 0
    """Changes that move money whose sum is not known, or that may lead into a paid extension."""


@dataclass(frozen=True, slots=True)
class Due:
    """A renewal that is to come."""

    key: SubscriptionKey
    product: str
    on: date
    """The UTC day on which the next term starts."""
    length: TermLength
    amount: Amount
    """The charges of the whole term that it commits to."""
    owner: str | None
    managed: bool
    place: Place | None = None
    """Where it is declared."""
    decided: Decision | None = None
    """The decision for just this renewal; None: nobody has taken one."""


class DueList(Sequence[Due]):
    """Renewals by day and key, of which most are only counted: they are made once somebody looks at one."""

    def __init__(self, make: Callable[[], Iterable[Due]], sums: Mapping[str, int], unknown: int, count: int) -> None:
        self._make = make
        self._made: tuple[Due, ...] | None = None
        self._count = count
        self.sums = dict(sums)
        """Minor units by currency; what comes to nothing is a sum, too."""
        self.unknown = unknown
        """How many have no known sum."""

    @classmethod
    def of(cls, items: Sequence[Due]) -> DueList:
        """A list of values that there are already."""
        if isinstance(items, DueList):
            return items
        known = [item.amount.money for item in items if item.amount.money is not None]
        sums = Counter[str]()
        for money in known:
            sums[money.currency] += money.minor
        return cls(lambda: items, sums, len(items) - len(known), len(items))

    def __add__(self, others: Sequence[Due]) -> DueList:
        more = DueList.of(others)
        sums = {name: self.sums.get(name, 0) + more.sums.get(name, 0) for name in (*self.sums, *more.sums)}
        return DueList(lambda: (*self, *more), sums, self.unknown + more.unknown, len(self) + len(more))

    @overload
    def __getitem__(self, index: int) -> Due: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Due]: ...
    def __getitem__(self, index: int | slice) -> Due | Sequence[Due]:
        return self._all()[index]

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Due]:
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._all() == tuple(other)

    def __hash__(self) -> int:
        return hash(self._all())

    def _all(self) -> tuple[Due, ...]:
        if self._made is None:
            self._made = tuple(sorted(self._make(), key=lambda item: (item.on, item.key)))
        return self._made
