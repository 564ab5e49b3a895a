"""What the report is made from, and the shapes that its parts have on the page.

Values only. Text in them is foreign unless a docstring says otherwise: the page escapes all of it.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Generic, TypeVar

from reconciler.consequences import Due
from reconciler.forecast import Forecast
from reconciler.model import StoredSubscription, SubscriptionKey
from reconciler.plan import Plan, Verdict
from reconciler.terms import add_months
from reconciler.views.words import NameOf

T = TypeVar("T")

DUE_DAYS = 90
"""How far ahead the report looks for renewals that nobody has decided."""
MONTHS = 18
"""How many whole months the charts look ahead, beside what is left of the current one."""


def horizon(today: date) -> date:
    """The last day of the charts: what is left of this month, and 18 whole ones."""
    first = today if today.day == 1 else add_months(today.replace(day=1), 1)
    return add_months(first, MONTHS) - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the page shows, as of the plan's instant."""

    plan: Plan
    verdict: Verdict
    stored: Sequence[StoredSubscription]
    """Those that were selected, as they stand now."""
    declared: Container[SubscriptionKey]
    """Which of them have a spec."""
    forecast: Forecast
    """Up to `horizon`, by account, of the estate as the plan leaves it."""
    due: Sequence[Due]
    """Renewals within `DUE_DAYS`, the decided ones too; monthly terms left out."""
    names: NameOf
    settings: str = "reconcile.yaml"
    """The settings' file, as shown to people."""
    version: str = ""
    """Of the program."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number at the top of the page, what it counts, and the section that has more."""

    label: str
    value: tuple[str, ...]
    """Lines: sums in several currencies stand below each other."""
    detail: tuple[str, ...]
    section: str


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers as text in rows and columns; the first column names the row."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: tuple[str, ...] = ()
    """The last row, if there is one."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A subscription as every list of the page names it."""

    key: str
    product: str
    """Its name, or the code; empty where neither is known."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """A renewal that nobody has decided."""

    subject: Subject
    on: str
    day: str
    """The same as an ISO date, for machines."""
    left: str
    """How long until then, in words."""
    amount: str
    basis: str
    """How the amount was worked out, or why it is not known."""
    term: str
    owner: str
    unmanaged: bool


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is ahead, or that time did already."""

    subject: Subject
    on: str
    day: str
    what: str
    amount: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """A change, a wish that is blocked, or a dated intent: what, on what, what follows, and where it is asked for."""

    verb: str
    """Ours."""
    tone: str
    """Ours: which colour its verb has."""
    subject: Subject
    main: tuple[str, ...] = ()
    """What matters most."""
    more: tuple[str, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    """Title and text."""
    reason: str = ""
    place: str = ""
    held_back: bool = False
    """A brake would refuse it, while others pass."""


@dataclass(frozen=True, slots=True)
class Cut(Generic[T]):
    """The first of many, and how many more there are."""

    shown: tuple[T, ...]
    missing: int
    command: str
    """Which command shows all of them: ours."""

    @property
    def count(self) -> int:
        """All of them."""
        return len(self.shown) + self.missing
