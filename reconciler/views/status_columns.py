"""The columns of `status`: what each is called, says to people and gives to a spreadsheet, and how it is sorted.

Pure values to texts, not escaped: that is for the sink. Must not know how wide anything may be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from reconciler.consequences import Basis
from reconciler.model import Status, TermLength, money_text
from reconciler.views.csv import Cell, sum_cell
from reconciler.views.json_values import instant
from reconciler.views.status import StatusRow, next_words, observed_words, price_words, recurring_words
from reconciler.views.words import term_words


class Column(NamedTuple):
    """One column."""

    heading: str
    text: Callable[[StatusRow], str]
    fields: tuple[str, ...]
    """Its columns in a CSV file, where a cell holds one value."""
    cells: Callable[[StatusRow], tuple[Cell, ...]]
    order: Callable[[StatusRow], object]
    """What it is sorted by; None where there is nothing, or nothing is known: that stands last, either way."""
    right: bool = False
    """Of numbers."""
    least: int | None = None
    """How narrow it may be cut on a terminal; None: never."""


_STATUSES = list(Status)
_BASES = {Basis.PRICE_LIST: "price list", Basis.LAST_CHARGE: "last charge"}
_SHORT = {TermLength.MONTHLY: "/mo", TermLength.ANNUAL: "/yr", TermLength.TRIENNIAL: "/3yr"}


def _simple(heading: str, value: Callable[[StatusRow], str | None], *, least: int | None = None) -> Column:
    """A column of one text."""
    return Column(
        heading,
        lambda row: value(row) or "",
        (heading,),
        lambda row: (value(row),),
        value,
        least=least,
    )


def _cost_text(row: StatusRow) -> str:
    if row.cost is None:
        return ""
    return "not known" if row.cost.money is None else money_text(row.cost.money)


def _cost_cells(row: StatusRow) -> tuple[Cell, ...]:
    money = None if row.cost is None else row.cost.money
    return (None, None) if money is None else (sum_cell(money.minor, money.currency), money.currency)


def _per_text(row: StatusRow) -> str:
    """What the sum is for, with a word for where it comes from unless that is the declared price: `/yr, price list`."""
    if row.cost is None or row.cost.money is None:
        return ""
    basis = _BASES.get(row.cost.basis, "")
    return f"{_SHORT[row.charged_for]}{f', {basis}' if basis else ''}"


def per_mark(row: StatusRow) -> str:
    """The same with a mark instead of the word: `/yr ~`."""
    if row.cost is None or row.cost.money is None:
        return ""
    return f"{_SHORT[row.charged_for]}{' ~' if row.cost.basis in _BASES else ''}"


def _per_cells(row: StatusRow) -> tuple[Cell, ...]:
    return (None, None) if row.cost is None else (row.charged_for.iso, row.cost.basis.value)


def _cost_order(row: StatusRow) -> object:
    return None if row.cost is None or row.cost.money is None else row.cost.money.minor


def _date_cells(row: StatusRow) -> tuple[Cell, ...]:
    coming = row.upcoming
    return (None, None) if coming is None else (coming.occasion.value, coming.on.isoformat())


def _price_cells(row: StatusRow) -> tuple[Cell, ...]:
    price = row.record.price
    return (None, None) if price is None else (sum_cell(price.minor, price.currency), price.currency)


def _term_cells(row: StatusRow) -> tuple[Cell, ...]:
    term = row.record.term
    return row.record.length.value, term.start.date().isoformat(), term.end.date().isoformat()


def _labels(row: StatusRow) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(row.record.labels.items()))


COLUMNS: dict[str, Column] = {
    "name": Column(
        "subscription",
        lambda row: str(row.record.key),
        ("subscription",),
        lambda row: (str(row.record.key),),
        lambda row: row.record.key,
    ),
    "product": Column(
        "product",
        lambda row: row.product_name,
        ("product", "product_name"),
        lambda row: (row.record.product, row.product_name),
        lambda row: row.product_name.casefold(),
        least=10,
    ),
    "status": Column(
        "status",
        lambda row: row.record.status.value,
        ("status",),
        lambda row: (row.record.status.value,),
        lambda row: _STATUSES.index(row.record.status),
    ),
    "recurring": Column(
        "recurring",
        recurring_words,
        ("recurring", "cancellation"),
        lambda row: (row.record.recurring.value, row.record.cancellation.value),
        recurring_words,
    ),
    "date": Column("next", next_words, ("next", "next_on"), _date_cells, lambda row: row.upcoming and row.upcoming.on),
    "days": Column(
        "days",
        lambda row: "" if row.days_left is None else f"{row.days_left:,}",
        ("days_left",),
        lambda row: (row.days_left,),
        lambda row: row.days_left,
        right=True,
    ),
    "cost": Column("cost", _cost_text, ("cost", "currency"), _cost_cells, _cost_order, right=True),
    "per": Column("", _per_text, ("cost_per", "cost_basis"), _per_cells, lambda row: row.charged_for.months),
    "owner": _simple("owner", lambda row: row.record.owner, least=10),
    "managed": Column(
        "",
        lambda row: "" if row.managed else "unmanaged",
        ("managed",),
        lambda row: (row.managed,),
        lambda row: row.managed,
    ),
    "account": _simple("account", lambda row: row.record.key.account),
    "id": _simple("id", lambda row: row.record.id),
    "seats": Column(
        "seats",
        lambda row: "" if row.record.seats is None else f"{row.record.seats:,}",
        ("seats",),
        lambda row: (row.record.seats,),
        lambda row: row.record.seats,
        right=True,
    ),
    "price": Column(
        "price",
        lambda row: price_words(row.record),
        ("price", "price_currency"),
        _price_cells,
        lambda row: row.record.price and row.record.price.minor,
        right=True,
    ),
    "billing": _simple("billing", lambda row: row.record.billing.value),
    "term": Column(
        "term",
        lambda row: term_words(row.record.term.start, row.record.term.end),
        ("term", "term_start", "term_end"),
        _term_cells,
        lambda row: row.record.term.start,
    ),
    "labels": _simple("labels", _labels, least=10),
    "protected": Column(
        "protected",
        lambda row: "protected" if row.record.protected else "",
        ("protected",),
        lambda row: (row.record.protected,),
        lambda row: row.record.protected,
    ),
    "observed": Column(
        "observed",
        observed_words,
        ("observed_at",),
        lambda row: (None if row.observed is None else instant(row.observed),),
        lambda row: row.observed,
    ),
}
"""Each by the word that `--columns` and `--sort` know it by."""

SHOWN = ("name", "product", "status", "recurring", "date", "days", "cost", "per", "owner", "managed")
"""Those of whoever names none."""

SPARED = ("owner", "recurring", "product", "days", "status")
"""What is left out of these where a terminal has no room, the first of them first."""


def ordered(rows: Iterable[StatusRow], by: Sequence[tuple[str, bool]] = ()) -> list[StatusRow]:
    """The rows by these columns, each up or, if True, down; then by key. What is not known is last, either way.

    Sums of several currencies stand apart, as nothing compares them.
    """
    found = sorted(rows, key=lambda row: row.record.key)
    for name, down in reversed(by):
        order = COLUMNS[name].order
        known = [row for row in found if order(row) is not None]
        unknown = [row for row in found if order(row) is None]
        known.sort(key=order, reverse=down)  # type: ignore[arg-type] # within a column all are of one type
        if name in _IN_CURRENCIES:
            known.sort(key=_IN_CURRENCIES[name])
        found = [*known, *unknown]
    return found


_IN_CURRENCIES: dict[str, Callable[[StatusRow], str]] = {
    "cost": lambda row: row.cost.money.currency if row.cost and row.cost.money else "",
    "price": lambda row: row.record.price.currency if row.record.price else "",
}
