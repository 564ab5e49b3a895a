"""What was accepted of what somebody changed outside, for people and as a document.

Pure values to text. The patch itself is data and never escaped where a program is to take it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.accepting.replies import Answer, Reply
from reconciler.changes import Drift, JsonValue
from reconciler.views.json import document_json
from reconciler.views.json_values import Document, instant, source
from reconciler.views.paint import BLANK, Line, Piece, Style, column, padded, paint
from reconciler.views.words import counted

_INDENT = "      "
_MOST = 50
_STYLES = {Answer.WRITE: Style.GOOD, Answer.REFUSED: Style.ENDING}


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of one call."""

    replies: tuple[Reply, ...]
    others: int = 0
    """Subscriptions that were looked at and of which there is nothing to tell."""
    files: tuple[str, ...] = ()
    """What is to be written, or was."""
    patch: str = ""
    written: bool = False
    """The files were written; else the patch is all there is."""

    def of(self, answer: Answer) -> list[Reply]:
        """The replies with this answer."""
        return [reply for reply in self.replies if reply.answer is answer]


def accepting_text(told: Told, *, colour: bool = False) -> str:
    """What is said of each subscription, for a terminal."""
    lines: list[Line] = []
    for answer in Answer:
        found = told.of(answer)
        if found:
            lines += [*_group(_title(answer, told), found), BLANK]
    return paint([*lines, (Piece(_summary(told), Style.STRONG),)], colour=colour)


def accepting_log(told: Told) -> str:
    """For the log of a CI job: the same with the patch above it, each line made harmless."""
    patch = [] if told.written else [(Piece(line),) for line in told.patch.splitlines()]
    return paint([*patch, *([BLANK] if patch else [])], colour=False) + accepting_text(told)


def _title(answer: Answer, told: Told) -> str:
    match answer:
        case Answer.WRITE:
            return "Accepted into the specs" if told.written else "Accepted by the patch"
        case Answer.NONE:
            return "Nothing to accept"
        case _:
            return "Not accepted"


def _group(title: str, replies: Sequence[Reply]) -> Iterator[Line]:
    yield (Piece(f"{title} ({len(replies):,})", _STYLES.get(replies[0].answer, Style.PLAIN)),)
    keys = column(str(reply.key) for reply in replies[:_MOST])
    for reply in replies[:_MOST]:
        yield (Piece(f"  {padded(str(reply.key), keys)}", Style.NAME), Piece(_drift(reply.drift)))
        yield from ((Piece(f"{_INDENT}{phrase}"),) for phrase in _phrases(reply))
    if len(replies) > _MOST:
        yield (Piece(f"  … and {len(replies) - _MOST:,} more; --format json has them all", Style.QUIET),)


def _drift(drift: Sequence[Drift]) -> str:
    moved = ", ".join(f"{item.field} {_value(item.stored)} -> {_value(item.observed)}" for item in drift)
    return f"{moved} outside" if moved else ""


def _value(value: JsonValue) -> str:
    return "none" if value is None else str(value)


def _phrases(reply: Reply) -> Iterator[str]:
    if reply.answer is Answer.WRITE:
        written = " and ".join(f"`{line}`" for line in reply.lines)
        entry = "" if reply.entry is None else f" in the entry of {reply.entry.isoformat()} of its `schedule`"
        where = "" if reply.place is None else f"    {reply.place.location}"
        yield f"{written}{entry}{where}"
    elif reply.code:
        yield f"{reply.code}: {reply.why}"
    else:
        yield reply.why
    if reply.instead:
        yield f"hint: {reply.instead}"
    yield from reply.notes


def _summary(told: Told) -> str:
    written, refused = len(told.of(Answer.WRITE)), len(told.of(Answer.REFUSED))
    left = len(told.of(Answer.NONE)) + told.others
    parts = [f"{refused:,} not accepted"] if refused else []
    parts += [f"{left:,} with nothing to accept"] if left else []
    if not written:
        return f"Nothing was accepted{': ' if parts else ''}{', '.join(parts)}."
    said = ", ".join([f"{counted(written, 'subscription')} accepted into {counted(len(told.files), 'file')}", *parts])
    if told.written:
        return f"{said}. No provider was written to; look at it: reconcile --dry-run"
    return f"{said}, once the patch is taken. Nothing is written yet: `git apply` it, then `reconcile --dry-run`."


def accepting_json(told: Told, *, as_of: datetime) -> bytes:
    """One document with what is said of each subscription, and the patch as one text."""
    body: Document = {
        "written": told.written,
        "patch": told.patch,
        "files": list(told.files),
        "subscriptions": [_reply(reply) for reply in told.replies],
        "others": told.others,
    }
    return document_json("accept", as_of, body)


def _reply(reply: Reply) -> Document:
    return {
        "subscription": str(reply.key),
        "answer": reply.answer.value,
        "drift": [{"field": item.field, "stored": item.stored, "observed": item.observed} for item in reply.drift],
        "lines": list(reply.lines),
        "entry": None if reply.entry is None else reply.entry.isoformat(),
        "seen": None if reply.seen is None else instant(reply.seen),
        "code": reply.code or None,
        "why": reply.why,
        "instead": reply.instead,
        "notes": list(reply.notes),
        "source": source(reply.place),
    }
