"""The proof that what was written says what the rows say: read back by the very reader that every later run uses.

Pure. A difference is our bug, whoever's cells brought it out, and nothing may be stored then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from reconciler.desired import DesiredState
from reconciler.diagnostics import Diagnostic, Severity
from reconciler.errors import SpecError
from reconciler.importing.rows import ImportedRow
from reconciler.model import DesiredSubscription, Intent, SubscriptionKey


class WrittenWrongly(Exception):
    """Our bug: the specs that we wrote do not say what the rows say."""


def prove(
    loaded: DesiredState,
    rows: Mapping[SubscriptionKey, ImportedRow],
    files: Collection[str],
    declare: frozenset[str],
    held: Collection[SubscriptionKey],
) -> None:
    """Compare the loaded specs field by field with the rows that stand in these new files.

    Raises WrittenWrongly for a difference, and SpecError where a new file is in another account's folder, or
    brings out an error in a file that was there.
    """
    prove_sound(loaded, files)
    for key, row in rows.items():
        found = loaded.subscriptions.get(key)
        if found is None or found.place.file not in files:
            raise WrittenWrongly(f"{key}, of {row.place}, was not found again")
        wrong = next(_differences(row, found, _written_pair(row, declare, held=key in held)), None)
        if wrong is not None:
            raise WrittenWrongly(f"{key}, of {row.place}: {wrong}")
    added = {key for key, item in loaded.subscriptions.items() if item.place.file in files}
    if added != rows.keys():
        raise WrittenWrongly(f"{min(added - rows.keys())} is in no row")


def prove_sound(loaded: DesiredState, files: Collection[str]) -> None:
    """Raise as `prove` for any error in the loaded specs."""
    errors = [item for item in loaded.diagnostics if item.severity is Severity.ERROR]
    elsewhere = [item for item in errors if _others_fault(item, files)]
    if elsewhere:
        raise SpecError(elsewhere)
    if errors:
        raise WrittenWrongly(f"{errors[0].location}: {errors[0].summary} {errors[0].detail}")


_MISPLACED = frozenset({"account-mismatch", "unknown-account"})
"""Errors of the folder that was chosen for the files, not of what stands in them."""


def _others_fault(item: Diagnostic, files: Collection[str]) -> bool:
    return item.code in _MISPLACED or item.location is None or item.location.file not in files


_Pair = tuple[object, object]


def _written_pair(row: ImportedRow, declare: frozenset[str], *, held: bool) -> _Pair | None:
    """The pair among the row's own keys; None where there is none, or an inherited one is taken back."""
    recurring = row.recurring if "recurring" in declare else None
    cancel = row.cancel if "cancel" in declare else None
    return None if held or (recurring is None and cancel is None) else (recurring, cancel)


def _differences(row: ImportedRow, found: DesiredSubscription, pair: _Pair | None) -> Iterator[str]:
    """What the row states and the spec says otherwise; what the row does not state may be inherited."""
    facts = found.facts
    stated = {
        "product": (row.product, facts.product),
        "term": (row.term, facts.term),
        "start": (row.start, facts.start),
        "billing": (row.billing, facts.billing),
        "seats": (row.seats, facts.seats),
        "price": (row.price, facts.price),
        "last_charge": (row.last_charge, facts.last_charge),
        "owner": (row.owner, found.owner),
        "id": (row.id, found.id),
        **{f"label {name}": (value, (found.labels or {}).get(name)) for name, value in (row.labels or {}).items()},
    }
    for name, (written, read) in stated.items():
        if written is not None and written != read:
            yield f"{name} was written as {written!r} and read as {read!r}"
    if row.id is None and found.id is not None:
        yield f"an id was read that was never written: {found.id!r}"
    own = found.intent if found.intent is not None and found.intent.own else None
    if pair != _pair(own):
        yield f"recurring and cancel were written as {pair} and read as {_pair(own)}"


def _pair(intent: Intent | None) -> _Pair | None:
    return None if intent is None else (intent.recurring, intent.cancel)
