"""The lifecycle policies that ship with the package, read without their models: quick, for every run needs one.

Pure. Only for files of our own, whose faults a test finds and not a run: it holds that what is read here is what the
models read, for each of them. Whatever a user writes is judged by `lifecycles`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final

from reconciler.desired import SpecText
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
from reconciler.spec.parse import parse
from reconciler.spec.positions import Document
from reconciler.spec.scalars import PlainScalars

SHIPPED: Final = (
    "classic",
    "microsoft-customer-agreement",
    "microsoft-online-services",
    "microsoft-partner",
    "microsoft-enterprise-multi-year",
    "microsoft-trial",
    "plain",
)
"""The lifecycles that ship with the package."""
Shipped = Callable[[str], SpecText]
"""Reads the file of one of SHIPPED: `reconciler.shipped.lifecycle_text`."""
_UNKNOWN: Final = "unknown"
_Given = Mapping[str, Any]


def shipped_lifecycles(names: Iterable[str], shipped: Shipped) -> dict[str, Lifecycle]:
    """These lifecycles, all of SHIPPED, each read once."""
    return {name: _lifecycle(name, shipped(name)) for name in dict.fromkeys(names)}


def _lifecycle(name: str, text: SpecText) -> Lifecycle:
    data: Any = parse(Document(text.origin, text.text), PlainScalars()).data
    matters = {matter: _dated(data[matter], value) for matter, value in _VALUES.items()}
    effects = {verb: _dated(rules, _texts) for verb, rules in data.get("side_effects", {}).items()}
    return Lifecycle(name, " ".join(data["summary"].split()), **matters, side_effects=effects)


def _dated(rules: Iterable[_Given], value: Callable[[_Given], Any]) -> Dated[Any]:
    found = [
        Rule(_day(rule["effective_from"]), value(rule), " ".join(rule["source"].split()), _day(rule.get("terms_from")))
        for rule in rules
    ]
    return Dated(tuple(sorted(found, key=lambda rule: rule.effective_from)))


def _day(text: Any) -> Any:
    return None if text is None else date.fromisoformat(str(text))


def _known(value: Any) -> Any:
    return None if value == _UNKNOWN else value


def _days(rule: _Given) -> int | None:
    days: int | None = _known(rule["days"])
    return days


def _window(rule: _Given) -> Window | None:
    length, since = rule["length"], Since(rule.get("since", Since.RENEWAL))
    words = {"any-time": Window(None), "never": Window(timedelta(0)), _UNKNOWN: None}
    if length in words:
        return words[length]
    number = int(length[:-1])
    return Window(timedelta(days=number) if length[-1] == "d" else timedelta(hours=number), since)


def _seats(rule: _Given) -> SeatLimit | None:
    most = _known(rule["at_most"])
    return None if most is None else SeatLimit(None if most == "any" else most)


def _refund(rule: _Given) -> RefundRule | None:
    said = _known(rule["rule"])
    return None if said is None else RefundRule(said)


def _reactivation(rule: _Given) -> Reactivation:
    return Reactivation(*(_known(rule[name]) for name in ("expired", "disabled", "cancelled", "same_id")))


def _extension(rule: _Given) -> Extension:
    return Extension(*(_known(rule.get(name)) for name in ("when_off", "surcharge_percent", "otherwise_percent")))


def _texts(rule: _Given) -> tuple[str, ...]:
    return tuple(" ".join(text.split()) for text in rule["texts"])


_VALUES: Final[Mapping[str, Callable[[_Given], Any]]] = {
    "expired": _days,
    "disabled": _days,
    "disabled_after_cancel_now": _days,
    "deletion": _days,
    "window": _window,
    "seats": _seats,
    "refund": _refund,
    "reactivation": _reactivation,
    "extension": _extension,
}
"""How a rule of each matter is read."""
