"""How an update, a correction or a rename goes back: field by field, as far as a spec can say the former value again.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.changes import JsonValue, Kind
from reconciler.counter.atoms import NAME
from reconciler.counter.cases import Case
from reconciler.counter.replies import Answer, Candidate, Reply
from reconciler.counter.rewriting import Rewrite
from reconciler.counter.spelling import LABELS, line_of
from reconciler.model import DesiredSubscription, StoredSubscription, money_text
from reconciler.spec.layers import FieldPlaces, merged_labels

_OWN_KEYS = {"id": "id", "owner": "owner", "protected": "protect"}
"""What stands among the own keys, by its name in a change; labels apart, the rest are facts."""


def rename_reply(case: Case) -> Reply | Candidate:
    """The subscription takes its former name again, and says what it is called now."""
    former, now = str(case.entry.before["name"]), case.row.key.name
    later = [entry for entry in case.trace.later if entry.kind == Kind.RENAME]
    if later:
        return case.moved_since(later, back=now == former)
    rewrite = Rewrite(name=former, keys={"previously": now})
    return case.tried((f"{former}:", f"previously: {now}"), rewrite, {NAME: now})


def field_replies(case: Case) -> Iterator[Reply | Candidate]:
    """What is to be said of the fields that it moved, or tried; those of which the same is to be said, together."""
    told: dict[tuple[Answer, str, str], list[str]] = {}
    former: dict[str, JsonValue] = {}
    for name, value in case.entry.before.items():
        reply = _final(case, name, value)
        if reply is None:
            former[name] = value
        else:
            told.setdefault((reply.answer, reply.why, reply.instead), []).append(name)
    if former:
        yield _written(case, former)
    for (answer, why, instead), names in told.items():
        yield replace(case.base, answer=answer, why=why, instead=instead, fields=tuple(names))


def _final(case: Case, name: str, former: JsonValue) -> Reply | None:
    """What is to be said of a field that no patch moves; None where one may."""
    row, stands = case.row, stored_values(case.row)[name]
    later = [e for e in case.trace.later if e.kind in (Kind.CORRECT, Kind.UPDATE) and name in e.after]
    if later:
        return case.moved_since(later, back=stands == former)
    if stands != case.entry.after.get(name):
        return case.moved_otherwise()
    if former is None:
        why = "it had none before, and no spec can say that again"
        return case.no(why, "take the key out: what is not declared stays as it is stored")
    if name == "start" and (case.trace.moved_anchor or row.anchor != row.start):
        return case.no("its terms counted from another day than its start, and no spec can say which")
    return None


def _written(case: Case, former: Mapping[str, JsonValue]) -> Reply | Candidate:
    """The former values, among its own keys and its facts."""
    keys = {own: _single(former[name]) for name, own in _OWN_KEYS.items() if name in former}
    facts = {name: _single(value) for name, value in former.items() if name not in _OWN_KEYS and name != LABELS}
    if case.wanted is not None and case.wanted.facts.billing is None and ("term" in facts or "billing" in facts):
        # Not stated, it is the term's length, and so it moves with it.
        billing = facts.pop("billing", case.row.billing.value)
        facts |= {} if billing == facts.get("term", case.row.length.value) else {"billing": billing}
    labels = _own_labels(former[LABELS], case.wanted) if LABELS in former else None
    lines = [line_of(key, value) for key, value in keys.items()]
    lines += [line_of("facts", facts)] if facts else []
    lines += [] if labels is None else [line_of(LABELS, labels)]
    return case.tried(lines, Rewrite(keys=keys, facts=facts, labels=labels), former)


def _single(value: JsonValue) -> str | int | bool:
    return value if isinstance(value, bool | int | str) else str(value)


def _own_labels(former: JsonValue, wanted: DesiredSubscription | None) -> dict[str, str] | None:
    """What its own labels are to be, so that with the inherited ones they are the former; None: none are needed."""
    target = dict(former) if isinstance(former, Mapping) else {}
    places = None if wanted is None else wanted.fields
    if not isinstance(places, FieldPlaces):
        return target
    inherited: Mapping[str, str] | None = None
    for layer in places.inherited:
        inherited = merged_labels(inherited, layer.labels)
    own = {name: value for name, value in sorted(target.items()) if (inherited or {}).get(name) != value}
    return None if not own and places.own.labels is None and inherited is not None else own


def stored_values(row: StoredSubscription) -> Mapping[str, JsonValue]:
    """What an update or a correction may have moved, as it stands, in the words of a change."""
    return {
        "product": row.product,
        "term": row.length.value,
        "billing": row.billing.value,
        "start": row.start.isoformat(),
        "id": row.id,
        "seats": row.seats,
        "price": None if row.price is None else money_text(row.price),
        "last_charge": None if row.last_charge is None else money_text(row.last_charge),
        "owner": row.owner,
        "labels": dict(row.labels),
        "protected": row.protected,
    }
