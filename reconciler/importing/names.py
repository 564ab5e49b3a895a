"""Spec names for imported rows: readable, stable, and the same whatever the order of the rows or the locale.

Pure. Nothing here looks at the clock or draws lots: a suffix comes from what the row itself says.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from hashlib import sha256

from reconciler.errors import InputError
from reconciler.importing.rows import ImportedRow, purchase, stated

LENGTH_AT_MOST = 100
"""Of a spec name."""
_SUFFIX_AT_LEAST = 4
_SUFFIX_AT_MOST = 64

# Letters that Unicode does not decompose, and marks that would read as letters once decomposed.
_FOLDED = str.maketrans(
    {
        **dict(zip("øłđðħŧ\u0131", "olddhti", strict=True)),
        **dict.fromkeys("™℠", " "),
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
    }
)
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def slug(text: str) -> str:
    """The text in the letters of a spec name, `Büro Größe` as `buro-grosse`; empty where nothing of it is left."""
    folded = unicodedata.normalize("NFKD", text.translate(_FOLDED).casefold())
    letters = "".join(letter for letter in folded.casefold().translate(_FOLDED) if not unicodedata.combining(letter))
    return re.sub("[^a-z0-9]+", "-", letters).strip("-")[:LENGTH_AT_MOST].strip("-")


def base_name(row: ImportedRow) -> str:
    """The name that the row has where no other has it: from its own name, else from the product's code."""
    return slug(row.name) or slug(row.product) or "subscription"


def spec_names(rows: Sequence[ImportedRow], taken: Collection[str]) -> tuple[str, ...]:
    """A name for each row, different from each other and from those taken.

    Of rows that share a name none has the better claim, so each gets a suffix from its own identity, as short as can
    be: `visio-plan-2-6f0d`. Raises InputError where rows cannot be told apart.
    """
    bases = [base_name(row) for row in rows]
    names = distinct(bases, marks_of(rows), taken)
    free = [name for name in names if name is not None]
    if len(free) < len(rows):
        at = names.index(None)
        hint = "give the row another name, or its id"
        raise InputError("csv-no-free-name", f"{rows[at].place}: every name for '{bases[at]}' is taken", hint)
    return tuple(free)


def distinct(bases: Sequence[str], marks: Sequence[str], taken: Collection[str]) -> list[str | None]:
    """For each base a name that no other has and that is not taken, if need be with the beginning of its mark.

    None where even the whole mark does not tell it apart.
    """
    shared = Counter(bases)
    names = {at: base for at, base in enumerate(bases) if shared[base] == 1 and base not in taken}
    used = set(names.values()).union(taken)
    waiting = [at for at in range(len(bases)) if at not in names]
    for length in range(_SUFFIX_AT_LEAST, _SUFFIX_AT_MOST + 1):
        tried = {at: suffixed(bases[at], marks[at][:length]) for at in waiting}
        wishes = Counter(tried.values())
        settled = {at: name for at, name in tried.items() if wishes[name] == 1 and name not in used}
        names |= settled
        used.update(settled.values())
        waiting = [at for at in waiting if at not in names]
    return [names.get(at) for at in range(len(bases))]


def suffixed(base: str, suffix: str) -> str:
    """The name with a suffix, its own letters cut where the whole would be too long."""
    return f"{base[: LENGTH_AT_MOST - 1 - len(suffix)].rstrip('-')}-{suffix}"


def bears(name: str, row: ImportedRow, mark: str | None = None) -> bool:
    """Whether a spec name is one that `spec_names` gives to a row so called; with its mark, to this very row."""
    base = base_name(row)
    tail = name.rpartition("-")[2]
    if not _SUFFIX.fullmatch(tail) or name != suffixed(base, tail):
        return mark is None and name == base
    return mark is None or mark.startswith(tail)


_SUFFIX = re.compile(f"[0-9a-f]{{{_SUFFIX_AT_LEAST},{_SUFFIX_AT_MOST}}}", re.ASCII)


def marks_of(rows: Sequence[ImportedRow]) -> list[str]:
    """What tells each row apart, as hex digits: its id, else what was bought, else everything that it says."""
    alike = Counter(purchase(row) for row in rows if row.id is None)
    return [_mark(row, alone=alike[purchase(row)] == 1) for row in rows]


def _mark(row: ImportedRow, *, alone: bool) -> str:
    if row.id is None:
        return _digest(purchase(row) if alone else stated(row))
    return mark_of(row.id)


def mark_of(id: str) -> str:
    """What tells an id apart from others, as hex digits: its own, where it is a GUID."""
    digits = id.replace("-", "").lower() if _GUID.fullmatch(id) else ""
    return digits + _digest((id,))


def _digest(parts: tuple[str, ...]) -> str:
    return sha256("\n".join(parts).encode()).hexdigest()
