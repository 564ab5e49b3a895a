"""What people are asked to do where no API reaches: a list to work off, as text, check boxes, CSV and a document.

Pure values. Nothing here is done: who has done one says so with `reconcile done`. Overdue ones come first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from reconciler.diagnostics import Diagnostic
from reconciler.journal import OpenIntent
from reconciler.tasks import Task
from reconciler.views.budget import Block, fitted, size
from reconciler.views.cells import LONG, cut, key_cell, product_cell, stacked
from reconciler.views.csv import Cell, csv_lines
from reconciler.views.escape import markdown, markdown_code, markdown_prose
from reconciler.views.json import document_json
from reconciler.views.json_values import Document, instant, plain, product_values, source
from reconciler.views.layout import GAP, INDENT, wrapped
from reconciler.views.outside import overdue_words
from reconciler.views.paint import BLANK, Line, Piece, Style, column, padded, paint, shorten
from reconciler.views.words import VERBS, NameOf, counted, day

_ROOM = 65_000
"""Bytes of Markdown: what a comment may hold."""
_WITHDRAWN = "withdrawn: the specs do not ask for it any more; leave it, an apply takes it back"
_NONE = "No tasks: nobody is asked to do anything by hand."
_WHEN_DONE = "When one is done: reconcile done KEY --evidence TEXT"
_FIELDS = (
    "subscription",
    "change",
    "product",
    "product_name",
    "id",
    "deadline",
    "overdue",
    "withdrawn",
    "owner",
    "reason",
    "asked_on",
    "asked_by",
    "commit",
    "steps",
)


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One open task: the intent that stands in the journal, and what its token asks of a person."""

    intent: OpenIntent
    task: Task
    withdrawn: bool = False
    """The specs do not ask for it any more."""

    def overdue(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.task.deadline is not None and self.task.deadline < today

    @property
    def reason(self) -> str | None:
        """The spec's own."""
        return self.task.why or self.intent.reason


def in_turn(rows: Sequence[TaskRow]) -> list[TaskRow]:
    """Those with the earliest deadline first, the overdue ones thereby before all; those without any last; by key."""
    return sorted(rows, key=lambda row: (row.task.deadline or date.max, row.intent.key, row.intent.kind.rank))


def tasks_text(rows: Sequence[TaskRow], names: NameOf, *, today: date, colour: bool = False) -> str:
    """Every task with its clicks, and a line that counts them; `today` is a day in UTC."""
    return paint(tasks_lines(rows, names, today), colour=colour)


def tasks_lines(rows: Sequence[TaskRow], names: NameOf, today: date) -> list[Line]:
    """The same as styled lines."""
    verbs = column(VERBS[row.intent.kind] for row in rows)
    keys = column(str(row.intent.key) for row in rows)
    lines: list[Line] = []
    for row in in_turn(rows):
        name = _name(row, names)
        key = padded(str(row.intent.key), keys, least=GAP) if name else str(row.intent.key)
        sign, style = ("!", Style.DANGER) if row.overdue(today) else ("-", Style.NAME)
        verb = Piece(f"{sign} {padded(VERBS[row.intent.kind], verbs)}", style)
        lines += [(verb, Piece(key, Style.STRONG), Piece(name)), *_asked(row, today)]
        lines += [(Piece(f"{INDENT}{number}. {step}"),) for number, step in enumerate(row.task.steps, 1)]
        lines += [_why(row), BLANK]
    return [*lines, (Piece(tasks_summary(rows, today), Style.STRONG),)]


def _name(row: TaskRow, names: NameOf) -> str:
    return names(row.intent.key.account, row.intent.product) if row.intent.product else ""


def _asked(row: TaskRow, today: date) -> list[Line]:
    first, *others = task_phrases(row, today)
    return wrapped(others, mark=first) if row.overdue(today) else wrapped([first, *others])


def _why(row: TaskRow) -> Line:
    why = f"{INDENT}why: {row.reason}    " if row.reason else f"{INDENT}why: "
    return (Piece(why), Piece(str(row.intent.source or "not recorded"), Style.QUIET))


def task_phrases(row: TaskRow, today: date) -> list[str]:
    """Until when, whose it is, and who asked for it and when; that it is overdue comes first."""
    task, found = row.task, []
    if task.deadline is not None:
        late = row.overdue(today)
        found.append(overdue_words(task.deadline + timedelta(days=1)) if late else f"deadline {day(task.deadline)}")
    found += [_WITHDRAWN] if row.withdrawn else []
    found += [f"owner {task.owner}"] if task.owner else []
    by = f" by {task.asked_by}" if task.asked_by else ""
    return [*found, f"asked {day(row.intent.at.astimezone(UTC))}{by}", *_decided(task)]


def _decided(task: Task) -> list[str]:
    return [f"decided in {task.commit}"] if task.commit else []


def tasks_summary(rows: Sequence[TaskRow], today: date) -> str:
    """How many there are and how many are overdue, and what to say of one that is done."""
    if not rows:
        return _NONE
    overdue = sum(1 for row in rows if row.overdue(today))
    return f"{counted(len(rows), 'task')}{f', {overdue:,} overdue' if overdue else ''}. {_WHEN_DONE}"


def tasks_markdown(rows: Sequence[TaskRow], names: NameOf, *, today: date) -> str:
    """The same as check boxes; of tasks that do not fit into a comment it tells how many there are."""
    ordered = in_turn(rows)
    head = ("### Tasks",)
    tail = ("", f"**{markdown(tasks_summary(rows, today))}**")
    blocks = [Block((), (), len(ordered), lambda index: _box(ordered[index], names, today))] if ordered else []
    return "\n".join([*head, *fitted(blocks, _ROOM - size(*head, *tail)), *tail, ""])


def _box(row: TaskRow, names: NameOf, today: date) -> str:
    """One check box with its clicks as a numbered list below."""
    key, product = row.intent.key, row.intent.product
    first, *others = (markdown(cut(text)) for text in task_phrases(row, today))
    said = "; ".join([f"**{first}**" if row.overdue(today) else first, *others])
    about = " ".join(filter(None, (key_cell(key), product_cell(key, product, names))))
    place = "" if row.intent.source is None else markdown_code(cut(str(row.intent.source)))
    why = stacked(markdown(cut(row.reason or "")), place)
    lines = [f"- [ ] **{VERBS[row.intent.kind]}** {about}<br>{said}{f'<br>{why}' if why else ''}"]
    steps = (markdown_prose(shorten(step, LONG)) for step in row.task.steps)
    return "\n".join([*lines, *(f"  {number}. {step}" for number, step in enumerate(steps, 1))])


def tasks_csv(rows: Sequence[TaskRow], names: NameOf, *, today: date) -> Iterator[str]:
    """The same for a spreadsheet, a row for each task, its clicks in one cell."""
    return csv_lines(_FIELDS, (_cells(row, names, today) for row in in_turn(rows)))


def _cells(row: TaskRow, names: NameOf, today: date) -> tuple[Cell, ...]:
    intent, task = row.intent, row.task
    return (
        str(intent.key),
        intent.kind.value,
        intent.product,
        _name(row, names),
        intent.external_id,
        None if task.deadline is None else task.deadline.isoformat(),
        row.overdue(today),
        row.withdrawn,
        task.owner,
        row.reason,
        intent.at.astimezone(UTC).date().isoformat(),
        task.asked_by,
        task.commit,
        " ".join(f"{number}. {step}" for number, step in enumerate(task.steps, 1)),
    )


def tasks_json(
    rows: Sequence[TaskRow], names: NameOf, *, as_of: datetime, diagnostics: Sequence[Diagnostic] = ()
) -> bytes:
    """One document, which `documents.TasksDocument` models; overdue is what is so on the UTC day of `as_of`."""
    today = as_of.astimezone(UTC).date()
    return document_json("tasks", as_of, {"tasks": [_task(row, names, today) for row in in_turn(rows)]}, diagnostics)


def _task(row: TaskRow, names: NameOf, today: date) -> Document:
    intent, task = row.intent, row.task
    return {
        "subscription": str(intent.key),
        "kind": intent.kind.value,
        "external_id": intent.external_id,
        **product_values(intent.key, intent.product, names),
        "before": dict(intent.before),
        "after": dict(intent.after),
        "steps": list(task.steps),
        "deadline": plain(task.deadline),
        "overdue": row.overdue(today),
        "withdrawn": row.withdrawn,
        "owner": task.owner,
        "reason": row.reason,
        "asked_at": instant(intent.at),
        "asked_by": task.asked_by,
        "commit": task.commit,
        "run": intent.run,
        "source": source(intent.source),
    }
