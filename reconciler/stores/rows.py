"""The way between the store's rows and the model's values, both ways. Pure: must not know a driver or a statement.

Reading is the hot path of a dry run: values of which there are few (days, terms, words) are parsed once and shared.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from datetime import datetime
from typing import Any, Generic, TypeVar

import orjson

from reconciler.changes import Kind, Risk
from reconciler.consequences import Impact
from reconciler.diagnostics import Location
from reconciler.events import Event
from reconciler.journal import Entry, Freeze, FreezeEntry, HistoryEntry, Holder, OpenIntent, OutcomeKind, Run
from reconciler.model import (
    Cancel,
    Money,
    Recurring,
    Status,
    StoredSubscription,
    SubscriptionKey,
    Term,
    TermLength,
    stored_with,
)
from reconciler.stored import RecentChange
from reconciler.stores.tables import Row, day, day_text, instant, instant_text, json_text

Raw = TypeVar("Raw", bound=Hashable)
Value = TypeVar("Value")


class _Once(dict[Raw, Value], Generic[Raw, Value]):
    """Reads each raw value once and answers the same object from then on: quick, and one object for many rows."""

    def __init__(self, read: Callable[[Raw], Value]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, raw: Raw) -> Value:
        value = self[raw] = self._read(raw)
        return value


_Filled = stored_with.filled
"""A StoredSubscription that is not frozen yet, and becomes one once it is filled. A frozen one is filled by a call for
each field, which takes as long as all the rest of reading a row."""


def subscriptions(rows: Iterable[Row]) -> dict[SubscriptionKey, StoredSubscription]:
    """The records that rows of `subscriptions` hold, in their order; ValueError names the first that is none."""
    texts, words, days = _Once(_text), _Once(_optional_text), _Once(day)
    instants, terms, labels = _Once(_optional_instant), _Once(_term), _Once(_labels)
    numbers, prices = _Once(_number), _Once(_price)
    found: dict[SubscriptionKey, StoredSubscription] = {}
    account = name = ""
    made = tuple.__new__  # what SubscriptionKey(…) comes to, without a call of Python on the way
    try:
        for (
            account, name, product, length, billing, start, anchor, term_start, term_end, status, recurring,
            cancellation, requested_at, effective_at, id, provider_status, seats, minor, currency, owner, label,
            protected, declared, extended, charge_minor, charge_currency,
        ) in rows:  # fmt: skip
            key = made(SubscriptionKey, (texts[account], _text(name)))
            record = _Filled(
                key, texts[product], _LENGTHS[length], _LENGTHS[billing], days[start], days[anchor],
                terms[term_start, term_end], _STATUSES[status], _RECURRING[recurring], _CANCELLATIONS[cancellation],
                instants[requested_at], instants[effective_at], _optional_text(id), words[provider_status],
                numbers[seats], prices[minor, currency], words[owner], labels[label],
                _FLAGS[protected], _FLAGS[declared], _FLAGS[extended],
                None if charge_minor is charge_currency is None else prices[charge_minor, charge_currency],
            )  # fmt: skip
            record.__class__ = StoredSubscription
            found[key] = record
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{account}/{name}: {error}") from error
    return found


def stored_row(row: StoredSubscription) -> Row:
    """The row of `subscriptions` that holds a record."""
    price, charge = row.price, row.last_charge
    return (
        row.key.account,
        row.key.name,
        row.product,
        str(row.length),
        str(row.billing),
        day_text(row.start),
        day_text(row.anchor),
        instant_text(row.term.start),
        instant_text(row.term.end),
        str(row.status),
        str(row.recurring),
        str(row.cancellation),
        row.requested_at and instant_text(row.requested_at),
        row.effective_at and instant_text(row.effective_at),
        row.id,
        row.provider_status,
        row.seats,
        price and price.minor,
        price and price.currency,
        row.owner,
        json_text(row.labels) if row.labels else "{}",
        int(row.protected),
        int(row.declared),
        int(row.extended),
        charge and charge.minor,
        charge and charge.currency,
    )


def run_row(run: Run) -> Row:
    """The row of `runs` for a run that starts, but for its number."""
    return (
        clean(run.id),
        clean(run.command),
        instant_text(run.started_at),
        instant_text(run.as_of),
        clean(run.actor),
        clean(run.host),
        run.pid,
        clean(run.ci_run),
        clean(run.commit),
        clean(run.commit_author),
        run.fingerprint,
        run.specs_digest,
        run.planned,
        clean(run.reason),
        json_text([clean(flag) for flag in run.allowed]),
        None,
        None,
    )


def journal_row(entry: Entry, run: int, serial: int | None, at: str, closes: int | None) -> Row:
    """The row of `journal` for an entry; its number is the database's to give."""
    change = entry.change
    external_id = reason = None
    source = _NOWHERE
    consequences: Row
    if isinstance(change, Event):
        consequences = (instant_text(change.at), None, None, None, None)
    else:
        external_id, reason, source = change.external_id, change.reason, change.place.location
        consequences = (None, str(change.risk), *_impact(change.impact))
    outcome = entry.outcome
    return (
        None,
        run,
        serial,
        at,
        entry.operation_id,
        closes,
        change.key.account,
        change.key.name,
        str(change.kind),
        str(outcome.kind),
        entry.previous and entry.previous.name,
        external_id,
        json_text(change.before) if change.before else "{}",
        json_text(change.after) if change.after else "{}",
        reason,
        clean(outcome.error),
        source.file,
        source.line,
        source.column,
        *consequences,
        outcome.token if outcome.kind is OutcomeKind.ACCEPTED else None,  # of what is over, nobody asks any more
        clean(outcome.note),
    )


def _impact(impact: Impact | None) -> Row:
    """What the journal keeps of it: until when it can be taken back, and its value."""
    if impact is None:
        return (None, None, None)
    until, money = impact.reversible_until, impact.counted and impact.counted.money
    return (until and instant_text(until), money and money.minor, money and money.currency)


def history_entry(row: Row) -> HistoryEntry:
    """One journaled change or event, from the columns of `history.COLUMNS`; ValueError for one that is none."""
    try:
        decided = row[20] is None  # what time did, no commit decided, whichever the run had that recorded it
        return HistoryEntry(
            run=_text(row[1]),
            at=instant(row[2]),
            subscription=f"{_text(row[3])}/{_text(row[4])}",
            kind=_text(row[5]),
            outcome=OutcomeKind(row[6]),
            before=_object(row[7]),
            after=_object(row[8]),
            reason=_optional_text(row[9]),
            error=_optional_text(row[10]),
            actor=_text(row[11]),
            ci_run=_optional_text(row[12]),
            commit=_optional_text(row[13]) if decided else None,
            commit_author=_optional_text(row[14]) if decided else None,
            source=_location(row[15:18]),
            as_of=instant(row[18]),
            allowed=_texts(row[19]),
            happened_at=_optional_instant(row[20]),
            risk=None if row[21] is None else Risk(row[21]),
            reversible_until=_optional_instant(row[22]),
            value=_price(row[23:25]),
            note=_optional_text(row[25]),
        )
    except (TypeError, ValueError) as error:
        raise ValueError(f"journal entry {row[0]}: {error}") from error


def open_intent(row: Row) -> tuple[int, OpenIntent]:
    """One open intent with its number, from the columns of `intents.OPEN`; ValueError for one that is none."""
    try:
        return _given(row[0]), OpenIntent(
            operation_id=_text(row[1]),
            key=SubscriptionKey(_text(row[2]), _text(row[3])),
            kind=Kind(row[4]),
            external_id=_optional_text(row[5]),
            before=_object(row[6]),
            after=_object(row[7]),
            reason=_optional_text(row[8]),
            source=_location(row[9:12]),
            run=_text(row[12]),
            at=instant(row[13]),
            token=_optional_text(row[14]),
        )
    except (TypeError, ValueError) as error:
        raise ValueError(f"journal entry {row[0]}: {error}") from error


def freeze_entry(row: Row) -> FreezeEntry:
    """One freeze or thaw, from these columns of its run; ValueError for one that is none."""
    try:
        run, at, kind, reason, actor, ci_run = row
        return FreezeEntry(
            _text(run), instant(at), _text(kind), _optional_text(reason), _text(actor), _optional_text(ci_run)
        )
    except (TypeError, ValueError) as error:
        raise ValueError(f"run {row[0]}: {error}") from error


def recent_change(row: Row) -> RecentChange:
    """One change that a rolling limit counts, from the columns of `history.RECENT`; ValueError for one that is none."""
    try:
        return RecentChange(
            key=SubscriptionKey(_text(row[1]), _text(row[2])),
            kind=Kind(row[3]),
            at=instant(row[4]),
            value=_price(row[5:7]),
            allowed=_texts(row[7]),
        )
    except (TypeError, ValueError) as error:
        raise ValueError(f"journal entry {row[0]}: {error}") from error


def _texts(value: Any) -> tuple[str, ...]:
    found = orjson.loads(_text(value))
    if not isinstance(found, list):
        raise ValueError("no list of flags")  # noqa: TRY004 - a damaged row, told like every other
    return tuple(_text(item) for item in found)


def freeze(reason: Any, since: Any, actor: Any, until: Any) -> Freeze | None:
    """The freeze that the store's row holds; ValueError for one that is none."""
    if since is None:
        return None
    return Freeze(_text(reason), instant(since), _text(actor), _optional_instant(until))


def freeze_row(value: Freeze | None) -> Row:
    """Those four columns of a freeze, or of none."""
    if value is None:
        return (None, None, None, None)
    until = value.until and instant_text(value.until)
    return (clean(value.reason), instant_text(value.since), clean(value.actor), until)


def holder(row: Row) -> Holder:
    """Who holds the lease, from a row of `holder`; ValueError for one that is none."""
    return Holder(_given(row[0]), _text(row[1]), instant(row[2]), _text(row[3]), _optional_text(row[4]))


def holder_row(value: Holder) -> Row:
    """The row of `holder` for one."""
    return (value.pid, clean(value.host), instant_text(value.since), clean(value.actor), clean(value.ci_run))


def safety(text: Any) -> dict[str, object] | None:
    """The recorded brakes; ValueError for what is no JSON object."""
    return None if text is None else _object(text)


def last_as_of(text: Any) -> datetime | None:
    """The latest instant of a recorded run; ValueError for what is none."""
    return _optional_instant(text)


def clean(text: str | None) -> str | None:
    """The text with `?` for what was no UTF-8 on the command line or in the environment: no database takes that."""
    return text and text.encode("utf-8", "replace").decode()


def _text(value: Any) -> str:
    # A damaged page can turn a text into bytes or a number, which would fail much later and far from here.
    if type(value) is not str:
        raise ValueError(f"no text: {str(value)[:60]!r}")
    return value


def _optional_text(value: Any) -> str | None:
    return None if value is None else _text(value)


def _optional_instant(value: str | None) -> datetime | None:
    return None if value is None else instant(value)


def _given(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"no number: {str(value)[:60]!r}")
    return value


def _number(value: Any) -> int | None:
    return None if value is None else _given(value)


def _price(raw: tuple[Any, Any]) -> Money | None:
    minor, currency = raw
    if minor is None and currency is None:
        return None
    return Money(_given(minor), _text(currency))  # not only those in use today: currencies are retired


def _location(raw: Row) -> Location | None:
    file, line, column = raw
    return Location(_text(file), _given(line), _given(column)) if file else None


def _term(raw: tuple[str, str]) -> Term:
    start, end = instant(raw[0]), instant(raw[1])
    if end <= start:
        raise ValueError(f"the term ends at {raw[1]}, which is not after its start")
    return Term(start, end)


def _labels(text: str) -> dict[str, str]:
    labels = _object(text)
    if not all(isinstance(value, str) for value in labels.values()):
        raise ValueError("a label is no text")
    return labels


def _object(text: str) -> dict[str, Any]:
    value = orjson.loads(_text(text))
    if not isinstance(value, dict):
        raise ValueError("no JSON object")  # noqa: TRY004 - found in a row, where every mistake is a ValueError
    return value


_NOWHERE = Location("")
"""No spec asks for what time does."""
_LENGTHS = {word.value: word for word in TermLength}
_STATUSES = {word.value: word for word in Status}
_RECURRING = {word.value: word for word in Recurring}
_CANCELLATIONS = {word.value: word for word in Cancel}
_FLAGS = {0: False, 1: True}
