"""A counter-spec for people: the patch as it is, and what is said of each change beside it.

Pure values to text. The patch itself is data and never escaped where a program is to take it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.changes import Kind
from reconciler.counter.compose import CounterSpec
from reconciler.counter.replies import Answer, Reply
from reconciler.views.budget import Block, block, fitted, size
from reconciler.views.cells import LONG, cut, key_cell, row, stacked
from reconciler.views.escape import markdown, markdown_code, markdown_prose, visible
from reconciler.views.history import verb_of
from reconciler.views.paint import BLANK, Line, Piece, Style, column, padded, paint, shorten
from reconciler.views.words import counted, moment

TITLES = {
    Answer.PATCH: "Taken back by the patch",
    Answer.ASKED: "Asked for already: the next apply takes it back",
    Answer.BACK: "As before already",
    Answer.NONE: "Not taken back",
}
_COUNTED = {
    Answer.PATCH: "by the patch",
    Answer.ASKED: "asked for already",
    Answer.BACK: "as before already",
    Answer.NONE: "not",
}
_STYLES = {Answer.PATCH: Style.GOOD, Answer.NONE: Style.ENDING}
_INDENT = "      "
_MOST = 50
_ROOM = 65_000
"""Bytes of Markdown: what a comment may hold."""


def counter_talk(found: CounterSpec, *, colour: bool = False) -> str:
    """What is said beside the patch, for a terminal."""
    lines: list[Line] = [(Piece(_heading(found), Style.STRONG),)]
    verbs = column(map(_change, found.replies))
    for answer, replies in _grouped(found):
        lines += [BLANK, (Piece(f"{TITLES[answer]} ({len(replies):,})", _STYLES.get(answer, Style.PLAIN)),)]
        for reply in replies[:_MOST]:
            where = "" if answer is not Answer.PATCH or reply.place is None else str(reply.place.location)
            lines.append((Piece(f"  {padded(_change(reply), verbs)}"), Piece(str(reply.key)), Piece(f"    {where}")))
            lines += [(Piece(f"{_INDENT}{phrase}"),) for phrase in _phrases(reply)]
        if len(replies) > _MOST:
            left = len(replies) - _MOST
            lines.append((Piece(f"  … and {left:,} more; --format json has them all", Style.QUIET),))
    return paint([*lines, BLANK, (Piece(_summary(found), Style.STRONG),)], colour=colour)


def counter_github(found: CounterSpec) -> str:
    """For the log of a CI job: the same with the patch above it, each line made harmless."""
    patch = [(Piece(line),) for line in found.patch.splitlines()]
    return paint([*patch, *([BLANK] if patch else [])], colour=False) + counter_talk(found)


def counter_markdown(found: CounterSpec) -> str:
    """For a comment: what is said of each change as a table, and the patch as a block that shows what differs."""
    head = (f"### {markdown(shorten(_heading(found), LONG))}",)
    tail = ("", f"**{markdown_prose(_summary(found))}**", "")
    blocks = [_table(answer, replies) for answer, replies in _grouped(found)]
    if found.patch:
        lines = [visible(line) for line in found.patch.splitlines()]
        ticks = max((len(line) - len(line.lstrip("`")) for part in lines for line in _runs(part)), default=0)
        fence = "`" * max(3, ticks + 1)
        blocks.insert(0, Block((f"{fence}diff",), (fence,), len(lines), lines.__getitem__))
    return "\n".join([*head, *fitted(blocks, _ROOM - size(*head, *tail)), *tail])


def _runs(line: str) -> Iterator[str]:
    """The text from each place on where a backtick stands."""
    return (line[index:] for index, sign in enumerate(line) if sign == "`")


def _table(answer: Answer, replies: Sequence[Reply]) -> Block:
    heading = (row("", "subscription", ""), row("---", "---", "---"))
    rows = [_row(reply) for reply in replies]
    return block((f"#### {TITLES[answer]} ({len(replies):,})", "", *heading), rows)


def _row(reply: Reply) -> str:
    phrases = (markdown_prose(cut(phrase)) for phrase in _phrases(reply, ticks="`"))
    where = "" if reply.place is None else markdown_code(cut(str(reply.place.location)))
    return row(markdown(_change(reply)), stacked(key_cell(reply.key), where), stacked(*phrases))


def _heading(found: CounterSpec) -> str:
    entry = found.replies[0].entry
    return f"Undo of {found.run}, {moment(entry.at)}, by {entry.actor}"


def _summary(found: CounterSpec) -> str:
    changes = len({(reply.entry.subscription, reply.entry.kind) for reply in found.replies})
    parts = [f"{len(replies):,} {_COUNTED[answer]}" for answer, replies in _grouped(found)]
    said = f"{counted(changes, 'change')}: {', '.join(parts)}."
    if found.elapsed:
        who = "time and others" if found.outside else "time"
        said = f"{said} What {who} did is never taken back: {counted(found.elapsed, 'event')}."
    if not found.patch:
        return f"{said} There is nothing to patch."
    return f"{said} Nothing is changed yet: `git apply` the patch, then `reconcile --dry-run`."


def _grouped(found: CounterSpec) -> Iterator[tuple[Answer, list[Reply]]]:
    for answer in Answer:
        replies = [reply for reply in found.replies if reply.answer is answer]
        if replies:
            yield answer, replies


def _change(reply: Reply) -> str:
    """What was done, with the fields that this is about."""
    verb = verb_of(reply.entry)
    if reply.entry.kind not in (Kind.UPDATE, Kind.CORRECT):
        return verb
    return f"{verb}: {', '.join(reply.fields)}"


def _phrases(reply: Reply, ticks: str = "") -> list[str]:
    found = []
    if reply.answer is Answer.PATCH:
        written = ", ".join(f"{ticks}{line}{ticks}" for line in reply.lines)
        found.append(f"{written}{'' if reply.until is None else f', until {moment(reply.until)}'}")
    return [*found, *filter(None, (reply.why, reply.instead))]
