"""The changes of a shard as text, and back: all that the journal and a provider need of them, and no secret.

Must not speak to a database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any

import orjson

from reconciler.changes import Change, Kind, Risk
from reconciler.consequences import Amount, Basis, Impact
from reconciler.diagnostics import Location
from reconciler.model import Money, SubscriptionKey
from reconciler.settings import AccountSettings, OnDrift
from reconciler.shards import Piece
from reconciler.stores import rows
from reconciler.stores.tables import instant, instant_text, json_text

_PLACELESS = tuple(item.name for item in fields(AccountSettings) if item.name != "place")


def text_of(pieces: Iterable[Piece]) -> str:
    """All of them, each account once."""
    found = list(pieces)
    accounts = {piece.account.name: piece.account for piece in found}
    said = {name: account_values(item) for name, item in accounts.items()}
    return json_text({"accounts": said, "pieces": [_said(piece) for piece in found]})


def pieces_of(text: str) -> tuple[Piece, ...]:
    """What `text_of` wrote; ValueError for anything else."""
    try:
        document = orjson.loads(text)
        accounts = {name: account_of(item) for name, item in document["accounts"].items()}
        return tuple(_piece(item, accounts) for item in document["pieces"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"a shard cannot be read: {error}") from error


def account_values(account: AccountSettings) -> dict[str, object]:
    """All of an account but where it stands."""
    said = asdict(account)
    return {field: said[field] for field in _PLACELESS}


def account_of(item: Mapping[str, Any]) -> AccountSettings:
    """What `account_values` made; KeyError or TypeError for anything else."""
    return AccountSettings(**{**item, "on_drift": OnDrift(item["on_drift"])})


def _said(piece: Piece) -> dict[str, object]:
    change, impact = piece.change, piece.change.impact
    place = change.place.location
    money = impact and impact.counted and impact.counted.money
    return {
        "id": piece.operation_id,
        "key": list(change.key),
        "kind": str(change.kind),
        "before": dict(change.before),
        "after": dict(change.after),
        "place": [place.file, place.line, place.column],
        "risk": str(change.risk),
        "reason": change.reason,
        "external_id": change.external_id,
        "product": change.product,
        "reversible_until": impact and impact.reversible_until and instant_text(impact.reversible_until),
        "value": [money.minor, money.currency] if money else None,
        "row": list(rows.stored_row(piece.row)),
    }


def _piece(item: Mapping[str, Any], accounts: Mapping[str, AccountSettings]) -> Piece:
    key = SubscriptionKey(*item["key"])
    (row,) = rows.subscriptions([tuple(item["row"])]).values()
    change = Change(
        key,
        Kind(item["kind"]),
        item["before"],
        item["after"],
        Location(*item["place"]),
        Risk(item["risk"]),
        item["reason"],
        item["external_id"],
        item["product"],
        impact=_impact(item),
    )
    return Piece(accounts[key.account], change, item["id"], row)


def _impact(item: Mapping[str, Any]) -> Impact | None:
    """As much of it as the journal keeps."""
    until, value = item["reversible_until"], item["value"]
    if until is None and value is None:
        return None
    amount = None if value is None else Amount(Money(*value), Basis.DECLARED)
    return Impact(reversible_until=until and instant(until), value=amount)
