"""How each change can be taken back, until when, and what is left to do afterwards.

Pure. The words hold no free text of a spec: what is to be written stands apart, as data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import assert_never

from reconciler.changes import Change, JsonValue, Kind
from reconciler.consequences import Impact
from reconciler.model import Cancel, Recurring
from reconciler.policy import Dated, Lifecycle, Reactivation, Rule

_NEW_TERM = "a new term has begun; `recurring: off` ends it with that term"
"""Where nothing takes a renewal back."""


@dataclass(frozen=True, slots=True)
class Undo:
    """How one change is taken back."""

    possible: bool
    """Whether all that it moved can be as it was before."""
    how: str
    """What to do, or why nothing does it; no full stop, and no date."""
    until: datetime | None = None
    """The first instant (UTC) at which that no longer does it; None: no instant, or not possible at all."""
    keys: Mapping[str, JsonValue] = field(default_factory=dict)
    """What to write among the subscription's own keys."""
    facts: Mapping[str, JsonValue] = field(default_factory=dict)
    """What to write under its `facts`."""
    lost: tuple[str, ...] = ()
    """What had no value before: no spec can say so again."""
    later: str = ""
    """What can be done after `until`, and what that means; empty without such an instant."""
    later_until: date | None = None
    """The UTC day from which that cannot be done any more, as far as it is known."""


def undo_of(change: Change, lifecycle: Lifecycle | None) -> Undo:
    """How a change that was made is taken back, by the dates of its impact and the policy of its account."""
    match change.kind:
        case Kind.REGISTER | Kind.ADOPT:
            lift = "lift its protection; " if change.after.get("protected") is True else ""
            return Undo(possible=True, how=f"{lift}remove it from the specs, then `reconcile forget {change.key}`")
        case Kind.RENAME:
            how = "give it its former name again, with `previously` naming this one"
            return Undo(possible=True, how=how, keys={"previously": change.key.name})
        case Kind.CORRECT | Kind.UPDATE:
            return _rewritten(change)
        case Kind.TURN_ON | Kind.TURN_OFF | Kind.CANCEL_AT_RENEWAL | Kind.UNDO_CANCEL:
            return _moved_back(change, change.impact or Impact(), lifecycle)
        case Kind.CANCEL_NOW:
            how = "a cancellation at once is final; what is bought anew is a subscription of its own"
            return Undo(possible=False, how=how)
        case Kind.REACTIVATE:
            return Undo(possible=False, how=_NEW_TERM)
        case Kind.FORGET:
            how = "the record is dropped; what is declared again is registered anew, as its spec has it"
            return Undo(possible=False, how=how)
        case _:  # pragma: no cover - mypy proves it unreachable
            assert_never(change.kind)


_KEYS = {"id": "id", "owner": "owner", "labels": "labels", "protected": "protect"}
"""What stands among the own keys, by its name in a change; the rest are facts."""


def _rewritten(change: Change) -> Undo:
    """Facts and bookkeeping: a spec declares the former values again, where there were any."""
    former = {name: value for name, value in change.before.items() if value is not None}
    keys = {_KEYS[name]: value for name, value in former.items() if name in _KEYS}
    facts = {name: value for name, value in former.items() if name not in _KEYS}
    lost = tuple(name for name in change.before if name not in former)
    said = []
    if keys:
        said.append(f"write the former {_listed(keys)} among its own keys")
    if facts:
        said.append(f"write the former {_listed(facts)} under its facts")
    if lost:
        said.append(f"it had no {_listed(lost)}, and no spec can say that again")
    return Undo(possible=not lost, how="; ".join(said), keys=keys, facts=facts, lost=lost)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _moved_back(change: Change, impact: Impact, lifecycle: Lifecycle | None) -> Undo:
    """The pair: until the term ends, a spec declares the former one again."""
    keys = _former_pair(change, impact, lifecycle)
    wished = " and ".join(f"`{name}: {value}`" for name, value in keys.items())
    later, later_until = _afterwards(change, impact, lifecycle)
    return Undo(
        possible=True,
        how=f"write {wished} {_where(change)}",
        until=impact.reversible_until,
        keys=keys,
        later=later,
        later_until=later_until,
    )


def _where(change: Change) -> str:
    """Where a pair is to be written so that it holds."""
    return "in the entry of its `schedule` that holds" if change.scheduled else "among its own keys"


def _former_pair(change: Change, impact: Impact, lifecycle: Lifecycle | None) -> dict[str, JsonValue]:
    if change.before["cancellation"] == Cancel.AT_RENEWAL.value:
        return {"cancel": Cancel.AT_RENEWAL.value}
    if change.before["recurring"] == Recurring.ON.value:
        return {"recurring": Recurring.ON.value}
    off: dict[str, JsonValue] = {"recurring": Recurring.OFF.value}
    # Off alone leaves a pending cancellation alone, and is blocked where a paid extension would follow.
    if change.kind is Kind.CANCEL_AT_RENEWAL or _extends(impact.reversible_until, lifecycle):
        off["cancel"] = Cancel.NONE.value
    return off


def without_return(lifecycle: Lifecycle) -> Lifecycle:
    """The same policy at a provider that brings no ended one back."""
    never = Reactivation(expired=False, disabled=False, cancelled=False)
    return replace(lifecycle, reactivation=Dated((Rule(date(1970, 1, 1), never, "its provider"),)))


def _extends(end: datetime | None, lifecycle: Lifecycle | None) -> bool:
    rule = None if lifecycle is None or end is None else lifecycle.extension.at(end.date())
    return rule is not None and rule.when_off is True


def _afterwards(change: Change, impact: Impact, lifecycle: Lifecycle | None) -> tuple[str, date | None]:
    """What is left to do once the term has ended, and until when."""
    if change.after["recurring"] == Recurring.ON.value:
        return f"after that {_NEW_TERM}", None
    if impact.extension is not None:
        return "after that `recurring: on` lets a whole term follow on the paid month that it is in by then", None
    end = impact.reversible_until
    rule = None if lifecycle is None or end is None else lifecycle.reactivation.at(end.date())
    allowed, until = _brought_back(change, impact, rule or Reactivation(None, None, None))
    if allowed is None:
        return "whether anything brings it back after that is not known", None
    if not allowed:
        return "after that nothing brings it back", None
    return f"after that `recurring: on` {_where(change)} brings it back, with a new term charged on that day", until


def _brought_back(change: Change, impact: Impact, rule: Reactivation) -> tuple[bool | None, date | None]:
    """Whether it can be reactivated in one of the stages that follow, and the day on which the last such one ends."""
    cancelled = change.after["cancellation"] == Cancel.AT_RENEWAL.value
    ends = None if impact.access_ends is None else impact.access_ends.date()
    stages: list[tuple[bool | None, date | None]] = []
    if not cancelled and impact.expired_days != 0:
        stages.append((rule.expired, ends))
    if ends is None or ends != impact.data_deleted:
        stages.append((rule.cancelled if cancelled else rule.disabled, impact.data_deleted))
    answers = [answer for answer, _ in stages]
    if True in answers:
        return True, [until for answer, until in stages if answer][-1]
    return None if None in answers else False, None
