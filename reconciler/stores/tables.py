"""The store's tables as data: their columns, and what may stand in each. One description for every SQL dialect.

Export, import and check are folds over it. Must not know a driver, nor hold a statement of one dialect.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import partial
from typing import Any

import orjson

from reconciler.changes import Kind, Risk
from reconciler.events import EventKind
from reconciler.journal import OutcomeKind
from reconciler.model import Cancel, Recurring, Status, TermLength

Row = tuple[Any, ...]
"""What a driver hands out: one value per column, in the table's order."""


class Unstorable(ValueError):
    """A value that JSON in UTF-8 cannot say, and no column can hold."""


class Form(StrEnum):
    """How a column's value is written in the database."""

    TEXT = "text"
    NUMBER = "number"
    """Never negative."""
    FLAG = "flag"
    """0 or 1."""
    DAY = "day"
    """ISO 8601, `2026-11-23`."""
    INSTANT = "instant"
    """ISO 8601 in UTC, `2026-11-23T00:00:00Z`, with microseconds only where there are any."""
    JSON = "json"
    """Text: canonical JSON, sorted by key and without spaces."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, how its values are written, which values it takes, and whether there may be none."""

    name: str
    form: Form
    fits: Callable[[object], bool]
    optional: bool = False
    since: int = 1
    """The format version of exports in which it came."""


class Table:
    """One table; the first `keys` columns are its key, and the order of its export."""

    def __init__(self, name: str, columns: Sequence[Column], keys: int = 1, since: int = 1) -> None:
        self.name = name
        self.columns = tuple(columns)
        self.keys = keys
        self.since = since
        """The format version of exports in which it came."""
        self.names = tuple(column.name for column in columns)
        self._flags = tuple(column.name for column in columns if column.form is Form.FLAG)
        self._documents = tuple(column.name for column in columns if column.form is Form.JSON)

    @property
    def select(self) -> str:
        """The statement that reads all of it, in the order of its key."""
        order = ", ".join(self.names[: self.keys])
        return f"SELECT {', '.join(self.names)} FROM {self.name} ORDER BY {order}"  # noqa: S608 - names from this page

    @property
    def insert(self) -> str:
        """The statement that adds one row, every column given."""
        marks = ", ".join("?" * len(self.columns))
        return f"INSERT INTO {self.name} ({', '.join(self.names)}) VALUES ({marks})"  # noqa: S608 - as above

    @property
    def upsert(self) -> str:
        """The statement that adds one row, or replaces the one with the same key."""
        keys, rest = self.names[: self.keys], self.names[self.keys :]
        moves = ", ".join(f"{name} = excluded.{name}" for name in rest)
        return f"{self.insert} ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {moves}"

    def of(self, version: int) -> Table:
        """The table as exports of that format version have it; what came later, the database fills as a migration."""
        return Table(self.name, [column for column in self.columns if column.since <= version], self.keys, self.since)

    def problem(self, row: Sequence[object]) -> str | None:
        """Why a row cannot be one of this table, or None where it can."""
        for column, value in zip(self.columns, row, strict=True):
            if not (column.optional if value is None else column.fits(value)):
                return f"{column.name} cannot be {str(value)[:60]!r}"
        return None

    def to_json(self, row: Row) -> dict[str, object]:
        """The row as an export writes it."""
        values: dict[str, object] = dict(zip(self.names, row, strict=True))
        for name in self._flags:
            values[name] = bool(values[name])
        for name in self._documents:
            text = values[name]
            values[name] = orjson.Fragment(text) if isinstance(text, str) else None
        return values

    def from_json(self, values: dict[str, object]) -> Row:
        """The row that an export wrote; ValueError for one that cannot be of this table."""
        if values.keys() != set(self.names):
            odd = sorted(values.keys() ^ set(self.names))
            raise ValueError(f"wrong keys: {', '.join(odd)[:100]}")
        for name in self._flags:
            if not isinstance(values[name], bool):
                raise ValueError(f"{name} cannot be {str(values[name])[:60]!r}")  # noqa: TRY004 - wrong, like any value
            values[name] = int(values[name] is True)
        for name in self._documents:
            values[name] = None if values[name] is None else json_text(values[name])
        row = tuple(values[name] for name in self.names)
        problem = self.problem(row)
        if problem:
            raise ValueError(problem)
        return row


def with_nul(table: Table, row: Row) -> str | None:
    """The first column of the row with a NUL in its text."""
    odd = (name for name, value in zip(table.names, row, strict=True) if type(value) is str and "\0" in value)
    return next(odd, None)


def day_text(value: date) -> str:
    """A calendar day as the database holds it."""
    return value.isoformat()


def instant_text(value: datetime) -> str:
    """An instant as the database holds it, always in UTC."""
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)[1:-1].decode()  # a third of the time of isoformat()


def instant(text: str) -> datetime:
    """The instant that such a text says; ValueError for another spelling."""
    value = datetime.fromisoformat(text)
    if value.tzinfo is not UTC or instant_text(value) != text:
        raise ValueError(f"no instant: {text!r}")
    return value


def day(text: str) -> date:
    """The day that such a text says; ValueError for another spelling."""
    value = date.fromisoformat(text)
    if value.isoformat() != text:
        raise ValueError(f"no day: {text!r}")
    return value


def json_text(value: object) -> str:
    """Canonical JSON: equal values make equal text. Raises Unstorable."""
    try:
        return orjson.dumps(value, default=dict, option=orjson.OPT_SORT_KEYS).decode()
    except orjson.JSONEncodeError as error:
        raise Unstorable(str(error)) from error


def _is_text(value: object) -> bool:
    return type(value) is str


def _is_number(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 63


def _is_flag(value: object) -> bool:
    return type(value) is int and value in (0, 1)


def _is_day(value: object) -> bool:
    return _readable(day, value)


def _is_instant(value: object) -> bool:
    return _readable(instant, value)


def _is_canonical(value: object) -> bool:
    return _readable(lambda text: json_text(orjson.loads(text)) == text or None, value)


def _readable(read: Callable[[str], object], value: object) -> bool:
    try:
        return type(value) is str and read(value) is not None
    except ValueError:
        return False


_text = partial(Column, form=Form.TEXT, fits=_is_text)
_number = partial(Column, form=Form.NUMBER, fits=_is_number)
_flag = partial(Column, form=Form.FLAG, fits=_is_flag)
_day = partial(Column, form=Form.DAY, fits=_is_day)
_instant = partial(Column, form=Form.INSTANT, fits=_is_instant)
_json = partial(Column, form=Form.JSON, fits=_is_canonical)


def _word(name: str, *words: type[StrEnum], optional: bool = False, since: int = 1) -> Column:
    known = frozenset(str(word) for kind in words for word in kind)
    return Column(name, Form.TEXT, lambda value: type(value) is str and value in known, optional, since)


STORE = Table(
    "store",
    (
        _text("lineage"),
        _number("serial"),
        _instant("last_as_of", optional=True),
        _json("safety", optional=True),
        _text("freeze_reason", optional=True),
        _instant("freeze_since", optional=True),
        _text("freeze_actor", optional=True),
        _instant("freeze_until", optional=True),
    ),
)
"""One row: which store this is, and what holds for all of it."""

ACCOUNTS = Table("accounts", (_text("name"), _text("provider"), _text("tenant", optional=True)))
"""What an account was when it was first written to."""

SUBSCRIPTIONS = Table(
    "subscriptions",
    (
        _text("account"),
        _text("name"),
        _text("product"),
        _word("length", TermLength),
        _word("billing", TermLength),
        _day("start"),
        _day("anchor"),
        _instant("term_start"),
        _instant("term_end"),
        _word("status", Status),
        _word("recurring", Recurring),
        _word("cancellation", Cancel),
        _instant("requested_at", optional=True),
        _instant("effective_at", optional=True),
        _text("id", optional=True),
        _text("provider_status", optional=True),
        _number("seats", optional=True),
        _number("price_minor", optional=True),
        _text("price_currency", optional=True),
        _text("owner", optional=True),
        _json("labels"),
        _flag("protected"),
        _flag("declared"),
        _flag("extended", since=2),
        _number("last_charge_minor", optional=True, since=2),
        _text("last_charge_currency", optional=True, since=2),
    ),
    keys=2,
)

RUNS = Table(
    "runs",
    (
        _number("number"),
        _text("id"),
        _text("command"),
        _instant("started_at"),
        _instant("as_of"),
        _text("actor"),
        _text("host"),
        _number("pid"),
        _text("ci_run", optional=True),
        _text("commit_ref", optional=True),
        _text("commit_author", optional=True),
        _text("fingerprint", optional=True),
        _text("specs_digest", optional=True),
        _number("planned"),
        _text("reason", optional=True),
        _json("allowed"),
        _instant("finished_at", optional=True),
        _number("carried_on_by", optional=True),
    ),
)
"""Every writing run. One that was cut off has no `finished_at`; the run that carried it on is named."""

JOURNAL = Table(
    "journal",
    (
        _number("number"),
        _number("run"),
        _number("serial", optional=True),
        _instant("at"),
        _text("operation_id"),
        _number("closes", optional=True),
        _text("account"),
        _text("name"),
        _word("kind", Kind, EventKind),
        _word("outcome", OutcomeKind),
        _text("previous", optional=True),
        _text("external_id", optional=True),
        _json("before_values"),
        _json("after_values"),
        _text("reason", optional=True),
        _text("error", optional=True),
        _text("source_file"),
        _number("source_line"),
        _number("source_column"),
        _instant("happened_at", optional=True, since=2),
        _word("risk", Risk, optional=True, since=2),
        _instant("reversible_until", optional=True, since=2),
        _number("value_minor", optional=True, since=2),
        _text("value_currency", optional=True, since=2),
        _text("token", optional=True, since=3),
        _text("note", optional=True, since=3),
    ),
)
"""Append-only. An intent has no serial; an outcome has the serial that it made, and `closes` names its intent. Between
them may stand entries, also without a serial, that a provider accepted it: just those have a `token`.

Just events have `happened_at`; what no file of the specs asks for has an empty `source_file`.
"""

SIGHTINGS = Table(
    "sightings", (_text("account", since=3), _instant("at", since=3), _flag("complete", since=3)), since=3
)
"""Every outside account that was ever observed; `at` is the age of the oldest part of what is kept of it."""

OBSERVATIONS = Table(
    "observations",
    (
        _text("account", since=3),
        _text("id", since=3),
        _instant("at", since=3),
        _json("shown", optional=True, since=3),
        _json("obstacle", optional=True, since=3),
    ),
    keys=2,
    since=3,
)
"""What was last seen of each subscription by its provider's id: as it was shown, or why it could not be read; where
there is neither, the provider said that it has none of that id."""

HOLDER = Table(
    "holder",
    (_number("pid"), _text("host"), _instant("since"), _text("actor"), _text("ci_run", optional=True)),
)
"""One row, while a run holds the lease and says so; about a process, not the estate, and therefore not exported."""

EXPORTED = (STORE, ACCOUNTS, SUBSCRIPTIONS, RUNS, JOURNAL, SIGHTINGS, OBSERVATIONS)
"""In the order in which they are written, so that nothing refers to what comes later (but `carried_on_by`)."""
