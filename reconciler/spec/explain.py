"""Where each effective value of a subscription comes from: the stack of layers behind every field.

Pure. It reads the layers that loading has kept, so that what is explained is what is planned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from reconciler.desired import SpecTexts
from reconciler.diagnostics import Location
from reconciler.model import Decision, DesiredSubscription, Intent, Money, SubscriptionKey, money_text
from reconciler.settings import Settings
from reconciler.spec.facts import NAMES
from reconciler.spec.layers import UNMANAGED, FieldPlaces, Layer, LayerKind
from reconciler.spec.load import load_specs

PAIR = "recurring + cancel"
"""The pair moves as one, and is explained as one."""
SCHEDULE = "schedule"
"""Every entry, by day; the one that is in force is the strongest layer of the pair too."""

LayerText = str | int | bool | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LayerValue:
    """What one layer says of one field."""

    layer: LayerKind
    location: Location
    value: LayerText
    """Of the pair: its keys as a mapping, with `reason` where one is given."""
    holds: bool
    """Whether this is the value that counts in the end; of a pair also the one whose reason does."""


@dataclass(frozen=True, slots=True)
class FieldLayers:
    """One field and every layer that says something of it, weakest first."""

    field: str
    layers: tuple[LayerValue, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """One subscription and where all of its values come from."""

    subscription: str
    """Its key."""
    location: Location
    """Where its name stands."""
    fields: tuple[FieldLayers, ...]


def explain(texts: SpecTexts, settings: Settings, key: SubscriptionKey, now: datetime) -> Explanation | None:
    """The layers behind every field of a declared subscription at an instant; None where no file declares it."""
    desired = load_specs(texts, settings, {account.provider for account in settings.accounts.values()})
    wanted = desired.subscriptions.get(key)
    if wanted is None or not isinstance(wanted.fields, FieldPlaces):
        return None
    layers = wanted.fields.layers
    entries = _entries(wanted, now)
    fields = [*_pair(layers, entries), *_schedule(entries), *_plain_fields(wanted, layers), *_labels(layers)]
    return Explanation(str(key), wanted.place.location, tuple(fields))


def _entries(wanted: DesiredSubscription, now: datetime) -> tuple[LayerValue, ...]:
    """The entries of its schedule, by day."""
    if not wanted.schedule:
        return ()
    from reconciler.schedule import in_force  # start-up: all of planning stands behind it

    today = now.astimezone(UTC).date()
    holding = in_force(wanted, today)
    return tuple(
        LayerValue(
            LayerKind.SCHEDULE if entry.day <= today else LayerKind.TO_COME,
            entry.intent.place.location,
            {"from": entry.day.isoformat(), **_intent_text(entry.intent)},
            entry is holding,
        )
        for entry in wanted.schedule
    )


def _schedule(entries: tuple[LayerValue, ...]) -> Iterator[FieldLayers]:
    if entries:
        yield FieldLayers(SCHEDULE, entries)


def _pair(layers: Sequence[Layer], entries: Sequence[LayerValue]) -> Iterator[FieldLayers]:
    saying = [layer for layer in layers if _says_pair(layer) or layer.reason is not None]
    over = [entry for entry in entries if entry.holds]
    if not saying and not over:
        return
    last = max((index for index, layer in enumerate(saying) if _says_pair(layer)), default=None)
    holding = {last}
    if last is not None and saying[last].pair is not None:
        holding.add(len(saying) - 1)  # the strongest reason over the pair, where there is one
    values = [
        LayerValue(layer.kind, _pair_location(layer), _pair_text(layer), index in holding and not over)
        for index, layer in enumerate(saying)
    ]
    yield FieldLayers(PAIR, (*values, *over))


def _says_pair(layer: Layer) -> bool:
    return layer.pair is not None or layer.taken_back_at is not None


def _pair_location(layer: Layer) -> Location:
    if layer.pair is not None:
        return layer.pair.place.location
    if layer.reason is not None:
        return layer.place_of("reason").location
    return (layer.taken_back_at or layer.place_of("recurring")).location


def _pair_text(layer: Layer) -> Mapping[str, str]:
    if layer.pair is None:
        return {"reason": layer.reason} if layer.reason is not None else {PAIR: UNMANAGED}
    return _intent_text(layer.pair)


def _intent_text(pair: Intent) -> Mapping[str, str]:
    parts = {
        "recurring": pair.recurring,
        "cancel": pair.cancel,
        "reason": pair.reason,
        "confirm": pair.confirm,
        "on_blocked": pair.on_blocked,
    }
    return {name: str(value) for name, value in parts.items() if value is not None}


def _plain_fields(wanted: DesiredSubscription, layers: Sequence[Layer]) -> Iterator[FieldLayers]:
    for name in (*NAMES, "owner", "protect"):
        saying = [layer for layer in layers if layer.says(name)]
        if saying:
            yield _stack(name, saying, partial(_text, name), name)
    said: dict[str, LayerText | None] = {
        "id": wanted.id,
        "previously": wanted.previously,
        "decided": None if wanted.decided is None else _decision_text(wanted.decided),
    }
    for name, value in said.items():
        if value is not None:
            location = wanted.fields[name].location
            yield FieldLayers(name, (LayerValue(LayerKind.OWN, location, value, holds=True),))


def _decision_text(decided: Decision) -> Mapping[str, str]:
    note = {} if decided.note is None else {"note": decided.note}
    return {"for": decided.day.isoformat(), "by": decided.by, **note}


def _labels(layers: Sequence[Layer]) -> Iterator[FieldLayers]:
    names = sorted({name for layer in layers for name in layer.labels or ()})
    for name in names:
        saying = [layer for layer in layers if name in (layer.labels or {})]
        yield _stack(f"labels.{name}", saying, partial(_label, name), "labels", name)


def _label(name: str, layer: Layer) -> str:
    return (layer.labels or {})[name]


def _stack(field: str, saying: Sequence[Layer], text: Callable[[Layer], LayerText], *path: str) -> FieldLayers:
    last = len(saying) - 1
    return FieldLayers(
        field,
        tuple(
            LayerValue(layer.kind, layer.place_of(*path).location, text(layer), index == last)
            for index, layer in enumerate(saying)
        ),
    )


def _text(name: str, layer: Layer) -> LayerText:
    value = getattr(layer.facts, name) if name in NAMES else getattr(layer, name)
    match value:
        case bool() | int():
            return value
        case Money():
            return money_text(value)
        case _:
            return str(value)
