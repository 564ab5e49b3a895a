"""Which row is which subscription that the store or the specs know already; what is left over is new, or gone.

Pure. A row is known by its id, else by what was bought under which name. Where that fits several, a person decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from reconciler.desired import DesiredState
from reconciler.diagnostics import Diagnostic, error
from reconciler.importing.findings import excerpt
from reconciler.importing.names import base_name, bears, marks_of
from reconciler.importing.rows import ImportedRow
from reconciler.model import StoredSubscription, SubscriptionKey, TermLength


@dataclass(frozen=True, slots=True)
class Matched:
    """Every row in its place."""

    known: Mapping[SubscriptionKey, ImportedRow]
    """Rows of subscriptions that are stored or declared."""
    new: tuple[ImportedRow, ...]
    gone: tuple[SubscriptionKey, ...]
    """Stored, not ended, and in no row: listed, never removed."""
    diagnostics: tuple[Diagnostic, ...]
    """Rows that might be more than one subscription."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What a row may turn out to be."""

    key: SubscriptionKey
    id: str | None
    bought: tuple[str | None, TermLength | None, date | None]


def matched(
    account: str, rows: Sequence[ImportedRow], stored: Iterable[StoredSubscription], desired: DesiredState
) -> Matched:
    """The rows of one account against what is known of it; the order of the rows does not matter."""
    records = {row.key: row for row in stored if row.key.account == account}
    known = list(_known(account, records, desired))
    found = _by_id(rows, known)
    taken = set(found.values())
    likes = _likes(item for item in known if item.key not in taken)
    found |= _by_purchase(rows, found.keys(), likes)
    taken |= set(found.values())
    new = tuple(row for at, row in enumerate(rows) if at not in found)
    return Matched(
        known={key: rows[at] for at, key in sorted(found.items(), key=lambda pair: pair[1])},
        new=new,
        gone=tuple(sorted(key for key, row in records.items() if key not in taken and not row.status.ended)),
        diagnostics=tuple(_unclear(new, likes, taken)),
    )


def _known(
    account: str, records: Mapping[SubscriptionKey, StoredSubscription], desired: DesiredState
) -> Iterator[_Known]:
    """Records as they stand, and what is declared but not recorded yet, under this name or a former one."""
    for row in records.values():
        yield _Known(row.key, row.id, (row.product, row.length, row.start))
    for key, item in desired.subscriptions.items():
        former = SubscriptionKey(account, item.previously or "")
        if key.account == account and key not in records and former not in records:
            yield _Known(key, item.id, (item.facts.product, item.facts.term, item.facts.start))


_Likes = Mapping[tuple[str | None, TermLength | None, date | None], Sequence[_Known]]


def _likes(known: Iterable[_Known]) -> _Likes:
    likes: dict[tuple[str | None, TermLength | None, date | None], list[_Known]] = defaultdict(list)
    for item in known:
        likes[item.bought].append(item)
    return likes


def _bought(row: ImportedRow) -> tuple[str, TermLength, date]:
    return (row.product, row.term, row.start)


def _by_id(rows: Sequence[ImportedRow], known: Iterable[_Known]) -> dict[int, SubscriptionKey]:
    ids = {item.id: item.key for item in known if item.id is not None}
    return {at: ids[row.id] for at, row in enumerate(rows) if row.id in ids}


def _by_purchase(rows: Sequence[ImportedRow], found: Container[int], likes: _Likes) -> dict[int, SubscriptionKey]:
    """Rows of the same product, term and start as something known that bears their name."""
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        if at not in found and _bought(row) in likes:
            groups[(*_bought(row), base_name(row))].append(at)
    marks = marks_of(rows) if groups else []
    settled: dict[int, SubscriptionKey] = {}
    for members in groups.values():
        settled |= _settled(members, rows, likes[_bought(rows[members[0]])], marks)
    return settled


def _settled(
    members: Sequence[int], rows: Sequence[ImportedRow], likes: Sequence[_Known], marks: Sequence[str]
) -> dict[int, SubscriptionKey]:
    """Rows of one name and purchase: by the suffix each would be given, then the last row to the last one known."""
    settled: dict[int, SubscriptionKey] = {}
    for at in members:
        own = [item.key for item in likes if _may_be(rows[at], item) and bears(item.key.name, rows[at], marks[at])]
        if len(own) == 1:
            settled[at] = own[0]
    left = [at for at in members if at not in settled]
    taken = set(settled.values())
    free = [
        item
        for item in likes
        if item.key not in taken and any(_may_be(rows[at], item) and bears(item.key.name, rows[at]) for at in left)
    ]
    if len(left) == len(free) == 1:
        settled[left[0]] = free[0].key
    return settled


def _may_be(row: ImportedRow, known: _Known) -> bool:
    """Whether their ids leave room for it: two different ids are two subscriptions."""
    return row.id is None or known.id is None


def _unclear(new: Iterable[ImportedRow], likes: _Likes, taken: Container[SubscriptionKey]) -> Iterator[Diagnostic]:
    for row in new:
        # With an id of its own and another name, nothing but the purchase speaks for it: it is new.
        near = [
            item.key
            for item in likes.get(_bought(row), ())
            if item.key not in taken and _may_be(row, item) and (row.id is None or bears(item.key.name, row))
        ]
        if near:
            known = " or ".join(map(str, near))
            detail = f"the row of {excerpt(row.name)} may be {known}: product, term and start are the same"
            hint = f"if it is, write '{near[0].name}' as its name; if it is another one, give it its id"
            if row.id is not None:
                hint = "write the right id in the spec of that one, and apply it first"
            summary = "a row may be a subscription that is known already"
            yield error("import-unclear-row", summary, row.place, detail=detail, hint=hint)
