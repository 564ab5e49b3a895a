"""Gists: all that a plainly declared subscription asks of its record, as one line, and the digest of that line.

Pure. A record whose own line, with the same columns left out, is the same has nothing left to be done (see `sift`).
Whatever is not plain has no gist: it is planned in full.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from typing import Final, NamedTuple

import orjson

from reconciler.diagnostics import Place
from reconciler.model import (
    Cancel,
    DesiredSubscription,
    Facts,
    Intent,
    Money,
    Recurring,
    StoredSubscription,
)
from reconciler.stored import Silence

SEPARATOR: Final = "\x1f"
UNSAID: Final = "\x1e"
"""Stands for a column that the specs say nothing about, and that therefore stays as it is stored. No value of a spec
can hold this character, nor the separator."""

NO_MONEY: Final = " "
"""Stands for an amount that a record does not have."""

OWNER: Final = 1
LABELS: Final = 2
PROTECTED: Final = 4
RECURRING: Final = 8
CANCELLATION: Final = 16
SEATS: Final = 32
PRICE: Final = 64
LAST_CHARGE: Final = 128
ID: Final = 256
"""Bits of the columns that a subscription need not speak of."""


class Asked(NamedTuple):
    """How a plain subscription asks, beside the values in its line: with these, its record tells the rest."""

    unsaid: int
    """Bits of the columns that it does not speak of."""
    recurring: str | None
    cancel: str | None
    """The pair as it is declared; both None: no layer declares one."""
    own: bool
    """The pair is set by own keys."""
    protect: bool | None
    protect_own: bool


def digest(line: str) -> bytes:
    """16 bytes that no other line of an estate has."""
    return blake2b(line.encode(), digest_size=16).digest()


def gist_of(wanted: DesiredSubscription) -> tuple[str, Asked] | None:
    """The line of a declared subscription whose record is ours, and how it asks; None where it is not plain."""
    facts, intent = wanted.facts, wanted.intent
    if wanted.previously is not None or wanted.schedule or wanted.decided is not None:
        return None
    if facts.product is None or facts.term is None or facts.start is None:
        return None
    pair = _expected(intent)
    if pair is None:
        return None
    recurring, cancellation = pair
    protected = _protected(wanted)
    columns: tuple[tuple[int, str | None], ...] = (
        (0, str(wanted.key)),
        (0, facts.product),
        (0, facts.term.value),
        (0, (facts.billing or facts.term).value),
        (OWNER, wanted.owner),
        (LABELS, None if wanted.labels is None else labels_text(wanted.labels)),
        (PROTECTED, None if protected is None else str(int(protected))),
        (0, str(int(intent is not None))),
        (RECURRING, recurring),
        (CANCELLATION, cancellation),
        (0, facts.start.isoformat()),
        (SEATS, None if facts.seats is None else str(facts.seats)),
        (PRICE, money_column(facts.price)),
        (LAST_CHARGE, money_column(facts.last_charge)),
        (ID, wanted.id),
    )
    unsaid = sum(bit for bit, value in columns if value is None)
    asked = Asked(
        unsaid,
        None if intent is None or intent.recurring is None else intent.recurring.value,
        None if intent is None or intent.cancel is None else intent.cancel.value,
        intent is not None and intent.own,
        wanted.protect,
        wanted.protect_own,
    )
    return SEPARATOR.join(UNSAID if value is None else value for _, value in columns), asked


def line_of(row: StoredSubscription) -> str:
    """The whole line of a record. Stores make the same in their own language."""
    columns = (
        str(row.key),
        row.product,
        row.length.value,
        row.billing.value,
        row.owner,
        labels_text(row.labels),
        str(int(row.protected)),
        str(int(row.declared)),
        row.recurring.value,
        row.cancellation.value,
        row.start.isoformat(),
        None if row.seats is None else str(row.seats),
        money_column(row.price) or NO_MONEY,
        money_column(row.last_charge) or NO_MONEY,
        row.id,
    )
    return SEPARATOR.join(value or "" for value in columns)


def without(line: str, gaps: tuple[int, ...]) -> str:
    """The whole line of a record as it is with the columns at these places left out."""
    columns = line.split(SEPARATOR)
    for at in gaps:
        columns[at] = UNSAID
    return SEPARATOR.join(columns)


@cache
def gaps_of(unsaid: int) -> tuple[int, ...]:
    """The places of these columns in a line."""
    return tuple(at for at, bit in _BITS if bit & unsaid)


_BITS: Final = (
    (4, OWNER), (5, LABELS), (6, PROTECTED), (8, RECURRING), (9, CANCELLATION), (11, SEATS), (12, PRICE),
    (13, LAST_CHARGE), (14, ID),
)  # fmt: skip


def said(line: str, silence: Silence) -> str:
    """The whole line of a record, without what is never spoken of, nor sometimes where there is nothing to be said."""
    columns = line.split(SEPARATOR)
    if len(columns) <= _LAST:
        return line
    if not silence.sometimes:
        for at in gaps_of(silence.always):
            columns[at] = UNSAID
        return SEPARATOR.join(columns)
    undeclared, ending = columns[_DECLARED] == "0", columns[_CANCELLATION] == Cancel.AT_RENEWAL
    nothing = {**_NOTHING, CANCELLATION: columns[_CANCELLATION] if undeclared else None}
    nothing[RECURRING] = columns[_RECURRING] if undeclared or ending else None
    for at, bit in _BITS:
        if bit & silence.always or (bit & silence.sometimes and columns[at] == nothing[bit]):
            columns[at] = UNSAID
    return SEPARATOR.join(columns)


def unsilenced(line: str, silence: Silence) -> str:
    """The whole line again, but for what is never spoken of, and for a pair that no subscription asks for."""
    columns = line.split(SEPARATOR)
    for at, bit in _BITS:
        if bit & silence.sometimes and columns[at:] and columns[at] == UNSAID:
            columns[at] = _NOTHING.get(bit) or ""
    return SEPARATOR.join(columns)


_DECLARED, _RECURRING, _CANCELLATION, _LAST = 7, 8, 9, 14
"""Places in a line."""
_NOTHING: Final[Mapping[int, str | None]] = {
    OWNER: "", LABELS: "{}", PROTECTED: "0", SEATS: "", PRICE: NO_MONEY, LAST_CHARGE: NO_MONEY, ID: "",
}  # fmt: skip
"""What a line has where a record has nothing. Its pair goes unsaid where none was declared; and of what is cancelled
at renewal the cancellation alone is asked for (see `_expected`)."""


def stand_in(row: StoredSubscription, asked: Asked, place: Place) -> DesiredSubscription:
    """What the specs declare of a record that has the gist of it: the same but for where it stands and its reasons."""
    unsaid = asked.unsaid
    intent = None
    if asked.recurring is not None or asked.cancel is not None:
        recurring = None if asked.recurring is None else Recurring(asked.recurring)
        intent = Intent(recurring, None if asked.cancel is None else Cancel(asked.cancel), place, own=asked.own)
    facts = Facts(
        row.product,
        row.length,
        row.billing,
        row.start,
        None if unsaid & SEATS else row.seats,
        None if unsaid & PRICE else row.price,
        None if unsaid & LAST_CHARGE else row.last_charge,
    )
    return DesiredSubscription(
        row.key,
        place,
        facts,
        intent,
        None if unsaid & ID else row.id,
        None,
        None if unsaid & OWNER else row.owner,
        None if unsaid & LABELS else row.labels,
        asked.protect,
        asked.protect_own,
    )


def labels_text(labels: object) -> str:
    """Labels as a store holds them: canonical JSON."""
    return orjson.dumps(labels, default=dict, option=orjson.OPT_SORT_KEYS).decode()


def money_column(money: Money | None) -> str | None:
    """An amount as a line has it."""
    return None if money is None else f"{money.minor} {money.currency}"


def _protected(wanted: DesiredSubscription) -> bool | None:
    """What is asked of the record's protection: inherited, `false` lifts nothing."""
    if wanted.protect:
        return True
    return False if wanted.protect is False and wanted.protect_own else None


def _expected(intent: Intent | None) -> tuple[str | None, str | None] | None:
    """Recurring and cancellation of a record that has what the pair asks for; None where no single one has.

    `recurring: off` alone is content with a pending cancellation as well: such a record is looked at in full.
    """
    if intent is None:
        return None, None
    if intent.confirm is not None or intent.on_blocked is not None:
        return None
    match intent.recurring, intent.cancel:
        case Recurring.ON, None | Cancel.NONE:
            return Recurring.ON.value, Cancel.NONE.value
        case Recurring.OFF, None | Cancel.NONE:
            return Recurring.OFF.value, Cancel.NONE.value
        case None, Cancel.NONE:
            return None, Cancel.NONE.value
        case None | Recurring.OFF, Cancel.AT_RENEWAL:
            return None, Cancel.AT_RENEWAL.value
        case _:
            return None
