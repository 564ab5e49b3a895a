"""Builders of the model's values: every default stands here once, and a test names only what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from reconciler.changes import Change, JsonValue, Kind
from reconciler.diagnostics import Location
from reconciler.effects import carried_out
from reconciler.journal import Entry, OpenIntent, Outcome, OutcomeKind, Run
from reconciler.model import (
    Cancel,
    DesiredSubscription,
    Facts,
    Intent,
    Recurring,
    StoredSubscription,
    SubscriptionKey,
    TermLength,
)
from reconciler.observed import ObservedSubscription
from reconciler.policy import (
    Dated,
    Extension,
    Lifecycle,
    Reactivation,
    RefundRule,
    Rule,
    SeatLimit,
    Since,
    Window,
)
from reconciler.terms import term_at

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
"""The instant at which every test happens, unless it says otherwise."""
START = date(2026, 3, 1)
"""The first day of every subscription that says no other."""
PLACE = Location("specs/contoso.yaml", 3, 5)
NAME = "contoso/visio-plan-2"


BEGINNING = date(1970, 1, 1)
"""Since when every rule holds that says nothing else."""


def dated(value: Any, *later: tuple[date, Any]) -> Dated[Any]:
    """A matter of a policy: one value from the beginning, and others from their days on."""
    rules = [Rule(BEGINNING, value, "a test"), *(Rule(day, other, "a test") for day, other in later)]
    return Dated(tuple(rules))


def a_lifecycle(**matters: Any) -> Lifecycle:
    """The numbers of `classic`, its window never closing; any matter by name, bare values for what always holds."""
    values: dict[str, Any] = {
        "expired": 30,
        "disabled": 90,
        "disabled_after_cancel_now": 90,
        "deletion": 0,
        "window": Window(None, Since.RENEWAL),
        "seats": SeatLimit(None),
        "refund": RefundRule.PRORATED,
        "reactivation": Reactivation(expired=True, disabled=True, cancelled=True),
        "extension": Extension(when_off=False),
    }
    name, effects = matters.pop("name", "classic"), matters.pop("side_effects", {})
    given = values | matters
    rules = {matter: value if isinstance(value, Dated) else dated(value) for matter, value in given.items()}
    return Lifecycle(name, "a test", **rules, side_effects=effects)


CLASSIC = a_lifecycle()


def a_key(text: str = NAME) -> SubscriptionKey:
    """The key that `account/name` says."""
    account, _, name = text.partition("/")
    return SubscriptionKey(account, name)


def a_stored(key: str = NAME, **fields: Any) -> StoredSubscription:
    """An active yearly record that renews, in the term that holds NOW; any field of StoredSubscription by name."""
    length = fields.setdefault("length", TermLength.ANNUAL)
    start = fields.setdefault("start", START)
    anchor = fields.setdefault("anchor", start)
    fields.setdefault("term", term_at(anchor, length, NOW))
    fields.setdefault("billing", length)
    return StoredSubscription(key=a_key(key), product=fields.pop("product", "CFQ7TTC0HD32"), **fields)


def a_desired(
    key: str = NAME,
    *,
    recurring: Recurring | None = None,
    cancel: Cancel | None = None,
    reason: str | None = None,
    confirm: str | None = None,
    own: bool = True,
    **fields: Any,
) -> DesiredSubscription:
    """A declared subscription with the facts of `a_stored`; the pair, if either half is given, is its intent."""
    fields.setdefault("place", PLACE)
    fields.setdefault("facts", Facts("CFQ7TTC0HD32", TermLength.ANNUAL, None, START))
    if recurring is not None or cancel is not None:
        fields.setdefault("intent", Intent(recurring, cancel, fields["place"], reason, confirm, own))
    return DesiredSubscription(key=a_key(key), **fields)


_ON: Mapping[str, JsonValue] = {"recurring": "on", "cancellation": "none"}
_OFF: Mapping[str, JsonValue] = {"recurring": "off", "cancellation": "none"}
_STOPPING: Mapping[str, JsonValue] = {"recurring": "off", "cancellation": "at-renewal"}
_STOPPED: Mapping[str, JsonValue] = {"recurring": "off", "cancellation": "immediately"}
_REGISTERED: Mapping[str, JsonValue] = {
    "product": "CFQ7TTC0HD32",
    "term": "annual",
    "billing": "annual",
    "start": START.isoformat(),
    **_ON,
}
_MOVES: Mapping[Kind, tuple[Mapping[str, JsonValue], Mapping[str, JsonValue]]] = {
    Kind.REGISTER: ({}, _REGISTERED),
    Kind.ADOPT: ({}, _REGISTERED),
    Kind.RENAME: ({"name": "visio"}, {"name": "visio-plan-2"}),
    Kind.CORRECT: ({"start": "2026-03-01"}, {"start": "2026-04-01"}),
    Kind.UPDATE: ({"seats": None}, {"seats": 7}),
    Kind.TURN_ON: (_OFF, _ON),
    Kind.TURN_OFF: (_ON, _OFF),
    Kind.CANCEL_AT_RENEWAL: (_ON, _STOPPING),
    Kind.UNDO_CANCEL: (_STOPPING, _ON),
    Kind.CANCEL_NOW: (_ON, _STOPPED),
    Kind.REACTIVATE: (_STOPPED, _ON),
    Kind.FORGET: ({"product": "CFQ7TTC0HD32"}, {}),
}


def a_change(kind: Kind = Kind.TURN_OFF, key: str = NAME, **fields: Any) -> Change:
    """A change of that kind with a usual before and after; any field of Change by name."""
    before, after = _MOVES[kind]
    fields.setdefault("before", before)
    fields.setdefault("after", after)
    fields.setdefault("place", PLACE)
    return Change(key=a_key(key), kind=kind, **fields)


def an_entry(
    change: Change | None = None,
    row: StoredSubscription | None = None,
    *,
    operation_id: str | None = None,
    kind: OutcomeKind = OutcomeKind.SUCCEEDED,
    error: str | None = None,
    previous: str | None = None,
) -> Entry:
    """The change on its way into the journal, by default as it succeeds on `row` (or on `a_stored`) at NOW."""
    change = change or a_change()
    left = None
    if kind is OutcomeKind.SUCCEEDED and change.kind is not Kind.FORGET:
        before = row or a_stored(previous or str(change.key))
        left = before if change.kind is Kind.ADOPT else carried_out(change, before, NOW)
    return Entry(
        operation_id or f"op:{change.key}:{change.kind}",
        change,
        Outcome(kind, left, error),
        a_key(previous) if previous else None,
    )


def a_run(id: str = "run-1", **fields: Any) -> Run:
    """An apply by `ada` at NOW; any field of Run by name."""
    run = Run(
        id,
        "apply",
        started_at=NOW,
        as_of=NOW,
        actor="ada",
        host="build-7",
        pid=4711,
        commit="c0ffee1",
        commit_author="Grace Hopper <grace@example.com>",
    )
    return replace(run, **fields)


def an_open_intent(key: SubscriptionKey | str = NAME, kind: Kind = Kind.TURN_OFF, **fields: Any) -> OpenIntent:
    """An intent whose outcome nobody knows; any field by name."""
    values: dict[str, Any] = {
        "operation_id": "0" * 32,
        "key": a_key(key) if type(key) is str else key,
        "kind": kind,
        "external_id": "sub-1",
        "before": {"recurring": "on", "cancellation": "none", "term_end": "2027-03-01"},
        "after": {"recurring": "off", "cancellation": "none"},
        "reason": None,
        "source": PLACE,
        "run": "a-run",
        "at": NOW,
    }
    return OpenIntent(**(values | fields))


def a_seen(id: str = "sub-1", **fields: Any) -> ObservedSubscription:
    """A subscription as an outside provider shows it: like `a_stored()`; any field by name."""
    row = a_stored()
    values: dict[str, Any] = {
        "id": id,
        "product": row.product,
        "status": row.status,
        "provider_status": "Active",
        "recurring": row.recurring,
        "cancellation": row.cancellation,
        "term": row.term,
        "length": row.length,
        "billing": row.billing,
        "started": row.start,
        "seats": row.seats,
        "price": row.price,
    }
    return ObservedSubscription(**(values | fields))
