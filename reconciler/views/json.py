"""The documents that machines read: plan and apply, status, history, one subscription, an explanation, any failure.

Pure values to UTF-8 bytes. The fields and their order are the contract of `docs/command-line.md`; `documents` models
them, and tests hold the two together. Adding a field raises FORMAT_VERSION's minor number, changing a meaning, the
major one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from reconciler.diagnostics import Diagnostic
from reconciler.journal import ApplyReport, FreezeEntry, HistoryEntry
from reconciler.plan import Plan, Verdict
from reconciler.views.escape import json_bytes
from reconciler.views.json_plan import PlanValues
from reconciler.views.json_values import Document, diagnostics_values, instant, money_values, plain, source
from reconciler.views.undo_words import Undoing, by_no_policy
from reconciler.views.words import NameOf

FORMAT_VERSION = "1.2"


def plan_json(
    plan: Plan,
    verdict: Verdict,
    *,
    command: str,
    names: NameOf,
    report: ApplyReport | None = None,
    undoing: Undoing = by_no_policy,
    pretty: bool = True,
) -> bytes:
    """The plan, or with a report the apply of it, as one document."""
    parts = plan_json_parts(plan, verdict, command=command, names=names, report=report, undoing=undoing, pretty=pretty)
    return b"".join(parts)


def plan_json_parts(
    plan: Plan,
    verdict: Verdict,
    *,
    command: str,
    names: NameOf,
    report: ApplyReport | None = None,
    undoing: Undoing = by_no_policy,
    pretty: bool = True,
) -> Iterator[bytes]:
    """The same document in parts, each made when it is asked for: of a large plan the whole text is never held."""
    document = PlanValues(plan, verdict, names, report, undoing)
    opening = printed(head(command, plan.as_of) | document.fields(), pretty=pretty).rstrip()
    yield opening.removesuffix(b"}").rstrip()
    for name, _, items in document.lists():
        yield from _list(name, items, pretty=pretty)
    yield b"\n}\n" if pretty else b"}\n"


_AT_ONCE = 64
"""Items of a list that become text together: enough to be quick, and little to hold."""


def _list(name: str, items: Iterator[Document | str], *, pretty: bool) -> Iterator[bytes]:
    """One more field of a document: a list, in parts."""
    opening = (b',\n  "%b": [' if pretty else b',"%b":[') % name.encode()
    found = False
    while batch := list(islice(items, _AT_ONCE)):
        text = printed(batch, pretty=pretty).rstrip()[1:-1].rstrip()
        # No text holds a line break: JSON writes it as an escape.
        yield opening + (text.replace(b"\n", b"\n  ") if pretty else text)
        opening, found = b",", True
    yield (b"\n  ]" if pretty else b"]") if found else opening + b"]"


def failure_json(
    command: str,
    diagnostics: Iterable[Diagnostic],
    as_of: datetime | None,
    code: str,
    message: str,
    hint: str = "",
    *,
    pretty: bool = True,
) -> bytes:
    """What a command prints that could not do its work: its own document, empty, with what is wrong."""
    wrong = {"error": {"code": code, "message": message, "hint": hint}}
    body: Document
    match command:
        case "status":
            body = {"subscriptions": []}
        case "history":
            body = {"entries": [], "freezes": []}
        case "due":
            body = {"due": []}
        case "forecast":
            body = {"groups": [], "occurrences": []}
        case "what-if":
            body = {"ways": []}
        case _:
            lists = "changes blocked held pending drift released ended elapsed scheduled due unmanaged sightings rules"
            none: Document = {"bindings": None, "fingerprint": None, "headlines": [], "refused": [], "summary": {}}
            none |= {"totals": None, "first_irreversible": None}
            body = {**none, **{name: [] for name in lists.split()}}
    tail = {"diagnostics": diagnostics_values(diagnostics)}
    return printed({**head(command, as_of), **wrong, **body, **tail}, pretty=pretty)


def history_json(
    entries: Iterable[HistoryEntry],
    *,
    as_of: datetime,
    freezes: Iterable[FreezeEntry] = (),
    diagnostics: Iterable[Diagnostic] = (),
    pretty: bool = True,
) -> bytes:
    """The journal in the order given, oldest first; freezes and thaws apart."""
    body = {"entries": [history_values(entry) for entry in entries], "freezes": [plain(item) for item in freezes]}
    tail = {"diagnostics": diagnostics_values(diagnostics)}
    return printed({**head("history", as_of), **body, **tail}, pretty=pretty)


def explain_json(explanation: object, *, as_of: datetime, pretty: bool = True) -> bytes:
    """Where each effective value of a subscription comes from: the explanation's own fields, as they are."""
    values = plain(explanation)
    body = values if isinstance(values, dict) else {"explanation": values}
    return printed({**head("explain", as_of), **body}, pretty=pretty)


def note_json(
    command: str,
    values: Mapping[str, object],
    diagnostics: Iterable[Diagnostic] = (),
    *,
    as_of: datetime | None = None,
    pretty: bool = True,
) -> bytes:
    """What a small command did, by name; `as_of` where an instant belongs to it."""
    named = {name: plain(value) for name, value in values.items()}
    tail = {"diagnostics": diagnostics_values(diagnostics)}
    return printed({**head(command, as_of), **named, **tail}, pretty=pretty)


def document_json(
    command: str, as_of: datetime, body: Document, diagnostics: Iterable[Diagnostic] = (), *, pretty: bool = True
) -> bytes:
    """A command's document from its own fields, which are JSON values already."""
    return printed({**head(command, as_of), **body, "diagnostics": diagnostics_values(diagnostics)}, pretty=pretty)


def history_values(entry: HistoryEntry) -> Document:
    """One change or event of `history`."""
    return {
        "run": entry.run,
        "at": instant(entry.at),
        "as_of": None if entry.as_of is None else instant(entry.as_of),
        "subscription": entry.subscription,
        "kind": entry.kind,
        "outcome": entry.outcome.value,
        "error": entry.error,
        "note": entry.note,
        "before": dict(entry.before),
        "after": dict(entry.after),
        "reason": entry.reason,
        "actor": entry.actor,
        "commit": entry.commit,
        "commit_author": entry.commit_author,
        "ci_run": entry.ci_run,
        "allowed": list(entry.allowed),
        "happened_at": plain(entry.happened_at),
        "risk": plain(entry.risk),
        "reversible_until": plain(entry.reversible_until),
        "value": None if entry.value is None else money_values(entry.value),
        "source": source(entry.source),
    }


def head(command: str, as_of: datetime | None) -> Document:
    """How every document begins."""
    at = None if as_of is None else instant(as_of)
    return {"format_version": FORMAT_VERSION, "command": command, "as_of": at}


def printed(document: Document | list[Document | str], *, pretty: bool) -> bytes:
    """The values as a JSON text that ends with a newline."""
    import orjson  # not needed before there is something to print, nor for the other formats

    option = orjson.OPT_APPEND_NEWLINE | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
    option |= orjson.OPT_INDENT_2 if pretty else 0
    try:
        return json_bytes(orjson.dumps(document, default=plain, option=option))
    except TypeError:
        # A file name may hold bytes that are no UTF-8 (unpaired surrogates here), which no JSON document can.
        return json_bytes(orjson.dumps(_clean(plain(document)), option=option))


def printed_lines(documents: Iterable[Document]) -> bytes:
    """Each document in a line of its own."""
    import orjson  # not needed before there is something to print, nor for the other formats

    option = orjson.OPT_APPEND_NEWLINE | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
    try:
        return json_bytes(b"".join([orjson.dumps(item, default=plain, option=option) for item in documents]))
    except TypeError:
        return b"".join([printed(item, pretty=False) for item in documents])


def _clean(value: Any) -> Any:
    """The same with unpaired surrogates spelled out."""
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {_clean(name): _clean(item) for name, item in value.items()}
        case list():
            return [_clean(item) for item in value]
        case _:
            return value
