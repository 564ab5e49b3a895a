"""The document of `undo`. Pure values to UTF-8 bytes; `documents.counter` models it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from reconciler.counter.compose import CounterSpec
from reconciler.counter.replies import Reply
from reconciler.diagnostics import Diagnostic
from reconciler.views.json import document_json
from reconciler.views.json_values import Document, instant, source


def counter_json(found: CounterSpec, *, as_of: datetime, diagnostics: Iterable[Diagnostic] = ()) -> bytes:
    """What is said of each change of the run, and the patch as one text."""
    entry = found.replies[0].entry
    body: Document = {
        "run": found.run,
        "run_at": instant(entry.at),
        "actor": entry.actor,
        "patch": found.patch,
        "files": list(found.files),
        "changes": [_reply(reply) for reply in found.replies],
        "events": found.elapsed,
    }
    return document_json("undo", as_of, body, diagnostics)


def _reply(reply: Reply) -> Document:
    return {
        "subscription": str(reply.key),
        "kind": reply.entry.kind,
        "fields": list(reply.fields),
        "before": dict(reply.entry.before),
        "after": dict(reply.entry.after),
        "answer": reply.answer.value,
        "lines": list(reply.lines),
        "until": None if reply.until is None else instant(reply.until),
        "why": reply.why,
        "instead": reply.instead,
        "source": source(reply.place),
    }
