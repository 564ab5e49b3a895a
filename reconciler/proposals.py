"""What each change that a comparison finds says: its before and after, its place and reason. Decides none of them.

Pure. `build` asks for them in the order in which one subscription's changes are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconciler.changes import Change, JsonValue, Kind, Listed
from reconciler.diagnostics import Place
from reconciler.impact import risk
from reconciler.model import (
    Cancel,
    DesiredSubscription,
    Intent,
    Recurring,
    Status,
    StoredSubscription,
    money_text,
)
from reconciler.wishes import Move, last_day


def registration(wanted: DesiredSubscription) -> Change:
    """The change that records it for the first time."""
    facts, intent = wanted.facts, wanted.intent
    if facts.product is None or facts.term is None or facts.start is None:
        raise ValueError(f"{wanted.key} lacks a fact that the specs must have given")
    cancel = Cancel.AT_RENEWAL if intent is not None and intent.cancel is Cancel.AT_RENEWAL else Cancel.NONE
    off = intent is not None and (intent.recurring is Recurring.OFF or cancel is Cancel.AT_RENEWAL)
    after: dict[str, JsonValue] = {
        "product": facts.product,
        "term": facts.term.value,
        "billing": (facts.billing or facts.term).value,
        "start": facts.start.isoformat(),
        "recurring": (Recurring.OFF if off else Recurring.ON).value,
        "cancellation": cancel.value,
    }
    after |= _updatable(wanted)
    return Change(
        wanted.key,
        Kind.REGISTER,
        {},
        after,
        wanted.place,
        reason=intent.reason if intent else None,
        external_id=wanted.id,
        product=facts.product,
        declares=intent is not None,
    )


def adoption(wanted: DesiredSubscription, live: StoredSubscription) -> Change:
    """The change that takes an outside subscription's first record over from what its provider shows."""
    after: dict[str, JsonValue] = {
        "product": live.product,
        "term": live.length.value,
        "billing": live.billing.value,
        "start": live.start.isoformat(),
        "status": live.status.value,
        "recurring": live.recurring.value,
        "cancellation": live.cancellation.value,
    }
    if live.seats is not None:
        after["seats"] = live.seats
    after |= _declared(wanted)
    return Change(
        wanted.key, Kind.ADOPT, {}, after, wanted.place, external_id=wanted.id, product=live.product,
        declares=wanted.intent is not None,
    )  # fmt: skip


def adopted(wanted: DesiredSubscription, live: StoredSubscription) -> StoredSubscription:
    """The record that `adoption` leaves."""
    return replace(
        live,
        owner=wanted.owner,
        labels=_in_order(wanted.labels or {}),
        protected=bool(wanted.protect),
        declared=wanted.intent is not None,
    )


def _updatable(wanted: DesiredSubscription) -> dict[str, JsonValue]:
    """What an `update` of a record of ours may set, as far as the specs declare it."""
    facts = wanted.facts
    declared: dict[str, JsonValue] = {}
    if facts.seats is not None:
        declared["seats"] = facts.seats
    if facts.price is not None:
        declared["price"] = money_text(facts.price)
    if facts.last_charge is not None:
        declared["last_charge"] = money_text(facts.last_charge)
    return declared | _declared(wanted)


def _declared(wanted: DesiredSubscription) -> dict[str, JsonValue]:
    """What is ours to say of any subscription, whoever keeps it."""
    declared: dict[str, JsonValue] = {}
    if wanted.owner is not None:
        declared["owner"] = wanted.owner
    if wanted.labels:
        declared["labels"] = _in_order(wanted.labels)
    if wanted.protect:
        declared["protected"] = True
    return declared


def _in_order(labels: Mapping[str, str]) -> dict[str, str]:
    """By name. Where they are so already it is the very same value: copies for a hundred thousand changes are large."""
    names = list(labels)
    return labels if isinstance(labels, dict) and names == sorted(names) else dict(sorted(labels.items()))


def rename(wanted: DesiredSubscription, former: StoredSubscription) -> Change:
    """The record takes its new name, with its history and protection."""
    return Change(
        wanted.key,
        Kind.RENAME,
        {"name": former.key.name},
        {"name": wanted.key.name},
        wanted.fields.get("previously", wanted.place),
        external_id=former.id,
        product=former.product,
    )


def correction(wanted: DesiredSubscription, row: StoredSubscription) -> Change | None:
    """Facts of the record that the specs state otherwise. Billing not stated means the term's length."""
    facts = wanted.facts
    length = facts.term or row.length
    stated: dict[str, tuple[JsonValue, JsonValue]] = {
        "product": (row.product, facts.product or row.product),
        "term": (row.length.value, length.value),
        "billing": (row.billing.value, (facts.billing or length).value),
        "start": (row.start.isoformat(), (facts.start or row.start).isoformat()),
    }
    return _moved(wanted, row, Kind.CORRECT, stated)


def update(wanted: DesiredSubscription, row: StoredSubscription, *, outside: bool = False) -> Change | None:
    """What the specs declare beside the facts that identify a purchase; what they do not declare stays as stored.

    Of one that an outside provider keeps just what is ours: its facts are only expected.
    """
    stored: dict[str, JsonValue] = {
        "id": row.id,
        "seats": row.seats,
        "price": None if row.price is None else money_text(row.price),
        "last_charge": None if row.last_charge is None else money_text(row.last_charge),
        "owner": row.owner,
        "labels": _in_order(row.labels),
        "protected": row.protected,
    }
    declared = _declared(wanted) if outside else _updatable(wanted)
    if wanted.labels is not None:
        declared["labels"] = _in_order(wanted.labels)
    if wanted.protect is False and wanted.protect_own:
        declared["protected"] = False
    if wanted.id is not None:
        declared["id"] = wanted.id
    return _moved(wanted, row, Kind.UPDATE, {name: (stored[name], value) for name, value in declared.items()})


def _moved(
    wanted: DesiredSubscription,
    row: StoredSubscription,
    kind: Kind,
    stated: Mapping[str, tuple[JsonValue, JsonValue]],
) -> Change | None:
    differing = {name: pair for name, pair in stated.items() if pair[0] != pair[1]}
    if not differing:
        return None
    return Change(
        wanted.key,
        kind,
        {name: old for name, (old, _) in differing.items()},
        {name: new for name, (_, new) in differing.items()},
        _first_place(wanted, differing),
        external_id=row.id,
        product=row.product,
    )


def _first_place(wanted: DesiredSubscription, names: Iterable[str]) -> Place:
    for name in names:
        place = wanted.fields.get("protect" if name == "protected" else name)
        if place is not None:
            return place
    return wanted.place


def intent_change(
    wanted: DesiredSubscription, intent: Intent, move: Move, row: StoredSubscription, *, gone: bool
) -> Change:
    """The change of the whole pair. `gone`: an end at once leaves nothing, not even for admins."""
    # The term it acts on is part of what is approved: after a renewal the same words would mean another year.
    before: dict[str, JsonValue] = {
        "recurring": row.recurring.value,
        "cancellation": row.cancellation.value,
        "term_end": row.term.end.date().isoformat(),
    }
    after: dict[str, JsonValue] = {"recurring": move.recurring.value, "cancellation": move.cancellation.value}
    if move.kind is Kind.CANCEL_NOW or move.kind is Kind.REACTIVATE:
        before["status"] = row.status.value
        left = (Status.DELETED if gone else Status.DISABLED) if move.kind is Kind.CANCEL_NOW else Status.ACTIVE
        after["status"] = left.value
    return Change(
        wanted.key,
        move.kind,
        before,
        after,
        intent.place,
        risk=risk(move.kind),
        reason=intent.reason,
        external_id=row.id,
        product=row.product,
        declares=True,
        scheduled=any(entry.intent is intent for entry in wanted.schedule),
    )


def released(wanted: DesiredSubscription, row: StoredSubscription) -> Listed:
    """A pair that no layer declares any more: what was set before stays, and what will happen."""
    end, last = row.term.end.date().isoformat(), last_day(row.term.end)
    if row.cancellation is Cancel.AT_RENEWAL:
        stays, other = f"it stays cancelled at renewal; its last day is {last}", "cancel: none"
    elif row.recurring is Recurring.OFF:
        stays, other = f"recurring stays off; its last day is {last}", "recurring: on"
    else:
        stays, other = f"recurring stays on; it renews {end}", "recurring: off"
    hint = f"to change that, write `{other}` among its own keys"
    return Listed(wanted.key, f"no file declares its renewal any more: {stays}", hint, wanted.place, row.product)
