"""The rules of one matter of a lifecycle policy, from their models: dates read, values made, in the order of days.

Pure. Each rule is judged by itself here, and against the others of its matter; `lifecycles` judges matters together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple, TypeVar, assert_never

from reconciler.diagnostics import Diagnostic, Diagnostics, Place, error
from reconciler.policy import Extension, Reactivation, RefundRule, Rule, SeatLimit, Since, Window
from reconciler.spec import policies
from reconciler.spec.characters import escaped
from reconciler.spec.facts import bad_date, day_from_text
from reconciler.spec.policies import UNKNOWN, AnyRule
from reconciler.spec.positions import SpecPlace

ValueT = TypeVar("ValueT", bool, int, int | None)

NEVER: Final = Window(timedelta(0))
"""The window of what cannot be cancelled at once."""
_WINDOWS: Final[dict[str, Window | None]] = {"any-time": Window(None), "never": NEVER, UNKNOWN: None}


class Placed(NamedTuple):
    """A rule, and where it stands; of one that was taken over: where the policy stands that took it over."""

    rule: Rule[Any]
    place: SpecPlace


def placed_rules(blocks: Sequence[AnyRule], matter: SpecPlace, found: Diagnostics) -> tuple[Placed, ...]:
    """The rules of one matter in the order of their days; nothing where one of them holds a mistake."""
    name = matter.path[-1]
    if not blocks:
        hint = "add a rule, or leave it out and take the rules over with 'like'"
        found.add(gap(matter, f"'{name}' has no rule", hint))
    rules: dict[date, Placed] = {}
    sound = True
    for index, item in enumerate(blocks):
        place = _within(matter, index)
        rule = _rule(item, place, found)
        if rule is None:
            sound = False
        elif rule.effective_from in rules:
            detail = f"two rules of '{name}' from {rule.effective_from}"
            found.add(clash(_within(place, "effective_from"), detail, "keep one of them"))
            sound = False
        else:
            rules[rule.effective_from] = Placed(rule, place)
    return tuple(rules[day] for day in sorted(rules)) if sound else ()


def _rule(item: AnyRule, place: SpecPlace, found: Diagnostics) -> Rule[Any] | None:
    """One rule; None where it holds a mistake."""
    before = len(found)
    effective_from = _day(item.effective_from, place, "effective_from", found)
    terms_from = None if item.terms_from is None else _day(item.terms_from, place, "terms_from", found)
    value = _value(item, place, found)
    if len(found) > before or effective_from is None:
        return None
    return Rule(effective_from, value, " ".join(item.source.split()), terms_from)


def _day(text: str, place: SpecPlace, key: str, found: Diagnostics) -> date | None:
    day = day_from_text(text)
    if day is None:
        found.add(bad_date(_within(place, key), text))
    return day


def _value(item: AnyRule, place: SpecPlace, found: Diagnostics) -> object:
    """What a rule says; None for `unknown`."""
    match item:
        case policies.DaysRule():
            return _known(item.days)
        case policies.WindowRule():
            return _window(item, place, found)
        case policies.SeatsRule():
            return _seats(item)
        case policies.RefundRule():
            return None if item.rule == UNKNOWN else RefundRule(item.rule)
        case policies.ReactivationRule():
            return Reactivation(*map(_known, (item.expired, item.disabled, item.cancelled, item.same_id)))
        case policies.ExtensionRule():
            return _extension(item, place, found)
        case policies.EffectsRule():
            return tuple(" ".join(text.split()) for text in item.texts)
        case _:  # pragma: no cover - mypy proves it unreachable
            assert_never(item)


def _known(value: ValueT | str) -> ValueT | None:
    return None if isinstance(value, str) else value


def _seats(item: policies.SeatsRule) -> SeatLimit | None:
    if item.at_most == "any":
        return SeatLimit(None)
    return None if item.at_most == UNKNOWN else SeatLimit(item.at_most)


def _window(item: policies.WindowRule, place: SpecPlace, found: Diagnostics) -> Window | None:
    since = Since.RENEWAL if item.since is None else Since(item.since)
    at = _within(place, "length")
    if re.fullmatch(policies.WINDOW_PATTERN, item.length):
        number = int(item.length[:-1])
        return Window(timedelta(days=number) if item.length[-1] == "d" else timedelta(hours=number), since)
    if item.length not in _WINDOWS:
        hint = "write a number of days or hours, such as 7d or 72h; or any-time, never, unknown"
        found.add(error("bad-window", "not a window", at, detail=f"'{escaped(item.length)}'", hint=hint))
    elif item.since is not None:
        found.add(clash(at, f"'since' of a window that is {item.length}", "take 'since' out, or write how long"))
    return _WINDOWS.get(item.length)


def _extension(item: policies.ExtensionRule, place: SpecPlace, found: Diagnostics) -> Extension:
    for key, percent in (("surcharge_percent", item.surcharge_percent), ("otherwise_percent", item.otherwise_percent)):
        if percent is None and item.when_off is not False:
            hint = f"write how many percent, or '{UNKNOWN}'"
            found.add(gap(place, f"an extension without '{key}'", hint))
    return Extension(_known(item.when_off), _known(item.surcharge_percent), _known(item.otherwise_percent))


def _within(place: SpecPlace, step: str | int) -> SpecPlace:
    return place.document.at(*place.path, step)


def gap(place: Place, detail: str, hint: str) -> Diagnostic:
    """The complaint about what a policy leaves open without saying so."""
    return error("lifecycle-gap", "a lifecycle with a gap", place, detail=detail, hint=hint)


def clash(place: Place, detail: str, hint: str) -> Diagnostic:
    """The complaint about rules that cannot hold together."""
    summary = "a lifecycle that contradicts itself"
    return error("lifecycle-contradiction", summary, place, detail=detail, hint=hint)
