"""The words of `--where`, `--sort` and `--columns`: which rows, in which order, and what of them.

Raises UsageError for what means nothing, before anything is read.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Sequence

from reconciler.diagnostics import did_you_mean
from reconciler.errors import UsageError
from reconciler.model import Cancel, Recurring, Status, TermLength
from reconciler.selection import glob
from reconciler.views.status import StatusRow
from reconciler.views.status_columns import COLUMNS

Matches = Callable[[StatusRow], bool]

LABEL = "label:"
DAYS = "days"
_FILTER = re.compile(r"(?P<field>[^=<>!]*)(?P<sign><=|>=|!=|=|<|>)(?P<value>.*)", re.DOTALL)
_DAYS = re.compile(r"\d{1,7}", re.ASCII)
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TEXTS: dict[str, Callable[[StatusRow], tuple[str, ...]]] = {
    "status": lambda row: (row.record.status.value,),
    "recurring": lambda row: (row.record.recurring.value,),
    "cancellation": lambda row: (row.record.cancellation.value,),
    "product": lambda row: (row.record.product, row.product_name),
    "owner": lambda row: (row.record.owner or "",),
    "account": lambda row: (row.record.key.account,),
    "managed": lambda row: ("yes" if row.managed else "no",),
    "term": lambda row: (row.record.length.value,),
}
_VALUES: dict[str, tuple[str, ...]] = {
    "status": tuple(Status),
    "recurring": tuple(Recurring),
    "cancellation": tuple(Cancel),
    "managed": ("yes", "no"),
    "term": tuple(TermLength),
}
"""Where a value that none of these matches is a slip of the pen."""
_ALSO = {"subscription": "name", "next": "date"}
"""Columns by their headings, where those are other words."""


def matching(filters: Iterable[str]) -> Matches:
    """Whether a row is as every one of these filters asks."""
    every = [_filter(text) for text in filters]
    return lambda row: all(matches(row) for matches in every)


def _filter(text: str) -> Matches:
    """`FIELD=VALUE`, `FIELD!=VALUE`, or with days `<`, `<=`, `>`, `>=`."""
    found = _FILTER.fullmatch(text)
    if found is None:
        raise _bad_where(text, "write FIELD=VALUE, such as status=expired or 'days<30'")
    field, sign, value = (part.strip() for part in found.group("field", "sign", "value"))
    if field == DAYS:
        return _days(text, _COMPARE[sign], value)
    if field != LABEL and field.startswith(LABEL):
        name = field.removeprefix(LABEL)
        return _texts(text, sign, value, lambda row: (row.record.labels.get(name, ""),))
    if field not in _TEXTS:
        known = [*_TEXTS, DAYS, f"{LABEL}NAME"]
        raise _bad_where(text, did_you_mean(field, known) or f"fields are: {', '.join(known)}")
    values = _VALUES.get(field)
    if values is not None and not any(map(glob([value]), values)):
        raise _bad_where(text, did_you_mean(value, values) or f"{field} is one of: {', '.join(values)}")
    return _texts(text, sign, value, _TEXTS[field])


def _days(text: str, compare: Callable[[int, int], bool], value: str) -> Matches:
    if _DAYS.fullmatch(value) is None:
        raise _bad_where(text, "days is a whole number: 'days<30'")
    number = int(value)
    return lambda row: row.days_left is not None and compare(row.days_left, number)


def _texts(text: str, sign: str, value: str, texts: Callable[[StatusRow], tuple[str, ...]]) -> Matches:
    if sign not in ("=", "!="):
        raise _bad_where(text, f"only days have an order; write = or != instead of {sign}")
    matches, wished = glob([value]), sign == "="
    return lambda row: any(map(matches, texts(row))) is wished


def _bad_where(text: str, hint: str) -> UsageError:
    return UsageError("bad-where", f"--where {text} asks for nothing that there is", hint)


def sorting(text: str | None) -> tuple[tuple[str, bool], ...]:
    """The columns to sort by, the first of them first; True: downwards."""
    words = [] if text is None else [word.strip() for word in text.split(",")]
    names = _columns("--sort", [word.removeprefix("-") for word in words])
    return tuple((name, word.startswith("-")) for name, word in zip(names, words, strict=True))


def chosen_columns(text: str | None) -> tuple[str, ...] | None:
    """The columns to show, each once; None: the usual ones."""
    return None if text is None else tuple(dict.fromkeys(_columns("--columns", text.split(","))))


def _columns(option: str, words: Sequence[str]) -> list[str]:
    found = []
    for word in words:
        name = _ALSO.get(word.strip(), word.strip())
        if name not in COLUMNS:
            hint = did_you_mean(name, COLUMNS) or f"columns are: {', '.join(COLUMNS)}"
            raise UsageError("unknown-column", f"{option}: there is no column {word.strip()!r}", hint)
        found.append(name)
    return found
