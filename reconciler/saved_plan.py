"""A plan that was saved to be applied later: read back, distrusted, and compared with what holds now.

Pure: bytes and values are handed in. Nothing of the file itself is ever carried out: a plan made anew is, where the
file covers it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.changes import Change
from reconciler.diagnostics import Location
from reconciler.errors import InputError
from reconciler.model import SubscriptionKey
from reconciler.plan import Plan, approval, canonical, fingerprint

if TYPE_CHECKING:  # it imports pydantic, which is slow, and only needed where a plan was saved
    from reconciler.documents import PlanDocument
    from reconciler.documents.plan import ChangePart

_MAJOR = 1
_SHOWN = 10
_AGAIN = "make it again: reconcile plan -o FILE"
_MADE_BY = "a plan's file comes from: reconcile plan -o FILE"


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """What of a saved plan matters when it is applied."""

    lineage: str | None
    specs_digest: str
    settings_digest: str
    serial: int
    as_of: datetime
    fingerprint: str
    select: tuple[str, ...]
    exclude: tuple[str, ...]
    paths: tuple[str, ...]
    """What it was narrowed to: `Bindings` has the same."""
    correct: tuple[str, ...]
    """Of what it undoes what was changed outside."""
    changes: tuple[Change, ...]
    """As saved, to be shown and compared; never carried out themselves."""
    approved: frozenset[bytes]
    """`approved_form` of every change."""


def read_saved_plan(data: bytes, shown_as: str) -> SavedPlan:
    """The plan in a file's bytes; `shown_as` names the file in messages.

    Raises InputError, each with its own code, for a file that is cut short, edited, newer, a failure's, or no plan.
    """
    text = data.removeprefix(b"\xef\xbb\xbf").strip()
    _recognised(_parsed(text, shown_as), shown_as)
    document = _shaped(text, shown_as)
    bindings, as_of = document.bindings, document.as_of
    if document.error is not None or bindings is None or as_of is None or document.fingerprint is None:
        raise _failed(document, shown_as)
    changes = tuple(map(_change, document.changes))
    if _fingerprint(bindings.store_lineage, changes) != document.fingerprint:
        raise InputError(
            "plan-file-edited",
            f"{shown_as}: the plan was changed after it was saved: its fingerprint does not fit its changes",
            f"a plan is approved as it was made; {_AGAIN}",
        )
    return SavedPlan(
        lineage=bindings.store_lineage,
        specs_digest=bindings.specs_digest,
        settings_digest=bindings.settings_digest,
        serial=bindings.store_serial,
        as_of=_instant(as_of, shown_as),
        fingerprint=document.fingerprint,
        select=tuple(bindings.selection.select),
        exclude=tuple(bindings.selection.exclude),
        paths=tuple(bindings.selection.paths),
        correct=tuple(bindings.correct),
        changes=changes,
        approved=frozenset(map(approved_form, changes)),
    )


def approved_form(change: Change) -> bytes:
    """What of a change is approved, in one canonical form: equal bytes are the same approval."""
    return canonical(approval(change))


def is_subset(plan: Plan, saved: SavedPlan) -> bool:
    """Whether everything that the plan would do was approved: that plan, or less."""
    return all(approved_form(change) in saved.approved for change in plan.changes)


def what_moved(plan: Plan, saved: SavedPlan, *, resuming: bool = False) -> list[str]:
    """Why the saved plan does not cover this one, a sentence each; nothing where it may be applied.

    `resuming` says that a run of this very plan was cut off: a plan made before there was a store then fits the store
    that this run created.
    """
    found = []
    lineage = plan.bindings.store_lineage
    created = resuming and saved.lineage is None
    if lineage != saved.lineage and not created:
        found.append(f"the store is another: it is {lineage or 'not there'}, the plan was made for {_store(saved)}")
    if plan.bindings.specs_digest != saved.specs_digest:
        found.append("the specs have changed since the plan was made")
    return [*found, *_not_approved(plan, saved)]


def _store(saved: SavedPlan) -> str:
    return saved.lineage or "none, before one was created"


def _not_approved(plan: Plan, saved: SavedPlan) -> list[str]:
    known = {(change.key, change.kind): change for change in saved.changes}
    beyond = [change for change in plan.changes if approved_form(change) not in saved.approved]
    found = [_difference(change, known.get((change.key, change.kind))) for change in beyond[:_SHOWN]]
    if len(beyond) > _SHOWN:
        found.append(f"{len(beyond) - _SHOWN:,} more changes are new or differ")
    return found


def _difference(now: Change, then: Change | None) -> str:
    if then is None:
        return f"{now.key}: {now.kind} is new: the saved plan does not hold it"
    if now.external_id != then.external_id:
        return f"{now.key}: {now.kind} is of another id: {now.external_id}, and {then.external_id} in the saved plan"
    moved = [
        f"{name} {_said(value)}, and {_said(getattr(then, side).get(name))} in the saved plan"
        for side in ("before", "after")
        for name, value in getattr(now, side).items()
        if value != getattr(then, side).get(name) and name != _TERM
    ]
    ends, ended = now.before.get(_TERM), then.before.get(_TERM)
    if ends != ended:
        moved.append(f"its term ends {_said(ends)} now, and {_said(ended)} in the saved plan")
    return f"{now.key}: {now.kind} differs: {'; '.join(moved) or 'it moves less now'}"


_TERM = "term_end"


def _said(value: object) -> str:
    return "nothing" if value is None else str(value)


def _parsed(text: bytes, shown_as: str) -> Mapping[str, object]:
    """The JSON object in the bytes."""
    import orjson  # only where a plan was saved

    if not text:
        raise InputError("plan-file-cut", f"{shown_as}: the file is empty", _AGAIN)
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _not_json(text, error, shown_as) from None
    if not isinstance(found, dict):
        raise InputError("not-a-plan", f"{shown_as}: this is JSON, but no document of ours", _MADE_BY)
    return found


def _not_json(text: bytes, error: ValueError, shown_as: str) -> InputError:
    if text.startswith(b"{") and _ends_early(text, error):
        message = f"{shown_as}: the plan is cut short after {len(text):,} bytes"
        return InputError("plan-file-cut", message, f"copy it again, or {_AGAIN}")
    if text.startswith((b"\xff\xfe", b"\xfe\xff")):
        message = f"{shown_as}: this is UTF-16 text, as a shell's redirection may write it; a plan is UTF-8"
        return InputError("not-a-plan", message, "let the command write the file: reconcile plan -o FILE")
    return InputError("not-a-plan", f"{shown_as}: this is not JSON: {error}", _MADE_BY)


def _ends_early(text: bytes, error: ValueError) -> bool:
    """Whether all is well up to the end and only the end is missing, be it in the middle of a character."""
    if "unexpected end of data" in str(error):
        return True
    try:
        text.decode()
    except UnicodeDecodeError as broken:
        return broken.reason == "unexpected end of data"
    return False


def _recognised(document: Mapping[str, object], shown_as: str) -> None:
    """Nothing, for a plan's document in a format that we know."""
    version, command = document.get("format_version"), document.get("command")
    major = version.partition(".")[0] if isinstance(version, str) else ""
    if not major.isdecimal() or not isinstance(command, str):
        raise InputError("not-a-plan", f"{shown_as}: this is JSON, but no document of ours", _MADE_BY)
    if int(major[:9]) > _MAJOR:
        message = f"{shown_as}: the plan has the format {version}, and this program reads {_MAJOR}.x"
        raise InputError("plan-file-newer", message, f"apply it with the version that made it, or {_AGAIN}")
    if command != "plan":
        raise InputError("not-a-plan", f"{shown_as}: this is the document of '{command}', not a saved plan", _MADE_BY)


def _shaped(text: bytes, shown_as: str) -> PlanDocument:
    """The document as its model (and so its published schema) describes it."""
    from pydantic import ValidationError  # slow to import, and only needed where a plan was saved

    from reconciler.documents import PlanDocument  # imports pydantic

    try:
        return PlanDocument.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise _wrong(_path(first["loc"]), first["msg"], shown_as) from None


def _path(steps: Iterable[int | str]) -> str:
    """Where in the document, as people write it: `changes[3].kind`."""
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return path.removeprefix(".")


def _wrong(where: str, what: str, shown_as: str) -> InputError:
    at = f" at {where}" if where else ""
    return InputError("plan-file-wrong", f"{shown_as}: the plan is not as we write it{at}: {what}", _AGAIN)


def _failed(document: PlanDocument, shown_as: str) -> InputError:
    why = "" if document.error is None else f": {document.error.message}"
    message = f"{shown_as}: this plan could not be made, so there is nothing to apply{why}"
    return InputError("plan-file-failed", message, f"mend what it says, and {_AGAIN}")


def _change(item: ChangePart) -> Change:
    """The change as it was saved; what followed from it then is no part of what was approved, and is left out."""
    account, _, name = item.subscription.partition("/")
    return Change(
        key=SubscriptionKey(account, name),
        kind=item.kind,
        before=item.before,
        after=item.after,
        place=Location(item.source.file, item.source.line, item.source.column),
        risk=item.risk,
        reason=item.reason,
        external_id=item.external_id,
        product=item.product or "",
    )


def _fingerprint(lineage: str | None, changes: tuple[Change, ...]) -> str | None:
    """None where the file holds a number that no plan of ours can."""
    try:
        return fingerprint(lineage, changes)
    except TypeError:
        return None


def _instant(text: str, shown_as: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise _wrong("as_of", f"'{text}' is no instant", shown_as) from None
