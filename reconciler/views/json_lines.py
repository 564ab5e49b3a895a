"""The plan, or the apply of it, as JSON lines: a head with what counts, then a line for each item of each list.

Pure values to UTF-8 bytes, some lines at a time: neither the whole text nor a whole list of values is ever held.
Whoever reads it needs no more memory than a line takes; the head says how many lines of each kind must follow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice

from reconciler.diagnostics import Diagnostic
from reconciler.journal import ApplyReport
from reconciler.plan import Plan, Verdict
from reconciler.views.json import head, printed_lines
from reconciler.views.json_plan import PlanValues
from reconciler.views.json_values import Document, diagnostics_values
from reconciler.views.undo_words import Undoing, by_no_policy
from reconciler.views.words import NameOf

_AT_ONCE = 64
"""Lines that are handed on together."""


def plan_json_lines(
    plan: Plan,
    verdict: Verdict,
    *,
    command: str,
    names: NameOf,
    report: ApplyReport | None = None,
    undoing: Undoing = by_no_policy,
) -> Iterator[bytes]:
    """The head first, then the refusals, then every list in the order of the JSON document, findings last.

    What a line holds beside `"line"` is the item as that document has it.
    """
    document = PlanValues(plan, verdict, names, report, undoing)
    fields = document.fields()
    refused: list[Document] = fields.pop("refused")
    lists = list(document.lists())
    counts = {"refused": len(refused)} | {name: count for name, count, _ in lists}
    yield printed_lines([{"line": "head", **head(command, plan.as_of), "error": None, **fields, "lines": counts}])
    for name, items in [("refused", iter(refused)), *((name, items) for name, _, items in lists)]:
        while some := list(islice(items, _AT_ONCE)):
            yield printed_lines([_line(name, item) for item in some])


def failure_json_lines(
    command: str, diagnostics: Iterable[Diagnostic], as_of: datetime | None, code: str, message: str, hint: str = ""
) -> bytes:
    """What a command prints that could not do its work: a head with what is wrong, then the findings."""
    found = diagnostics_values(diagnostics)
    nothing: Document = {"bindings": None, "fingerprint": None, "headlines": [], "summary": {}, "totals": None}
    nothing |= {"first_irreversible": None, "lines": {"diagnostics": len(found)}}
    wrong = {"error": {"code": code, "message": message, "hint": hint}}
    first = {"line": "head", **head(command, as_of), **wrong, **nothing}
    return printed_lines([first, *(_line("diagnostics", item) for item in found)])


def _line(name: str, item: Document | str) -> Document:
    """One item; a key alone, as the unmanaged ones are, is named as everywhere."""
    return {"line": name, "subscription": item} if isinstance(item, str) else {"line": name, **item}
