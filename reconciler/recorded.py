"""Which brakes hold: the declared ones, or those that the last apply recorded, whichever are the stricter.

Pure. A pull request cannot loosen its own brakes: what it declares holds only once an apply that nothing refused has
recorded it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import Any, cast

from reconciler.model import Money, money_text
from reconciler.policy import Lifecycle
from reconciler.settings import IN_MONEY, Amounts, Limit, LimitName, Override, Safety, ValueLimit, amount_of


def as_recorded(safety: Safety) -> dict[str, object]:
    """Limits and overrides as the store keeps them: JSON-ready, the same for the same settings.

    What is not set is not written, so that settings which do without it are recorded as ever.
    """
    found: dict[str, object] = {
        "limits": {
            name.value: {"count": limit.count, "percent": limit.percent, "at_least": limit.at_least, **_per(limit.days)}
            for name, limit in sorted(safety.limits.items())
        },
        "allow_empty": safety.allow_empty,
        "overrides": sorted(map(_recorded_override, safety.overrides), key=lambda item: tuple(map(str, item.values()))),
    }
    if safety.values:
        found["values"] = {
            name.value: {"amounts": _recorded_amounts(limit.amounts), **_per(limit.days)}
            for name, limit in sorted(safety.values.items())
        }
    return found


def _per(days: int | None) -> dict[str, object]:
    return {} if days is None else {"days": days}


def _recorded_amounts(amounts: Amounts) -> dict[str, int]:
    return {money.currency: money.minor for money in amounts}


def _recorded_override(item: Override) -> dict[str, object]:
    found: dict[str, object] = {
        "limit": item.limit.value,
        "match": item.match,
        "count": item.count,
        "until": item.until.isoformat(),
        "reason": item.reason,
    }
    return {**found, "amounts": _recorded_amounts(item.amounts)} if item.amounts else found


def from_recorded(recorded: Mapping[str, object]) -> Safety:
    """The brakes that `as_recorded` kept, now or in an earlier version, which knew no money and no days."""
    limits = cast("Mapping[str, Mapping[str, int]]", recorded["limits"])
    values = cast("Mapping[str, Mapping[str, Any]]", recorded.get("values", {}))
    return Safety(
        limits={LimitName(name): Limit(**limit) for name, limit in limits.items()},
        allow_empty=bool(recorded["allow_empty"]),
        overrides=tuple(map(_override_from, cast("list[Mapping[str, Any]]", recorded["overrides"]))),
        values={
            LimitName(name): ValueLimit(_amounts_from(limit["amounts"]), limit.get("days"))
            for name, limit in values.items()
        },
    )


def _override_from(item: Mapping[str, Any]) -> Override:
    return Override(
        LimitName(str(item["limit"])),
        str(item["match"]),
        item["count"],
        date.fromisoformat(str(item["until"])),
        str(item["reason"]),
        _amounts_from(item.get("amounts", {})),
    )


def _amounts_from(recorded: Mapping[str, int]) -> Amounts:
    return tuple(Money(minor, currency) for currency, minor in sorted(recorded.items()))


def stricter(declared: Safety, recorded: Mapping[str, object] | None) -> Safety:
    """The recorded limits, with what both sides permit: empty specs and overrides only where declared and recorded.

    With nothing recorded yet, the declared ones. Limits are compared where the numbers are known: see `brakes`.
    """
    if recorded is None:
        return declared
    before = from_recorded(recorded)
    return Safety(
        limits={**declared.limits, **before.limits},
        allow_empty=declared.allow_empty and before.allow_empty,
        overrides=tuple(
            replace(
                now,
                count=min(now.count, then.count),
                until=min(now.until, then.until),
                amounts=tuple(_lesser(now.amounts, then.amounts)),
            )
            for now in declared.overrides
            for then in before.overrides
            if (now.limit, now.match) == (then.limit, then.match)
        ),
        caps=declared.caps,
        values={**declared.values, **before.values},
        value_caps=declared.value_caps,
    )


def _lesser(these: Amounts, others: Amounts) -> Iterator[Money]:
    """Of each currency the lesser amount; one that either does not name is left out, for it is nothing there."""
    named = {money.currency for money in others}
    for money in these:
        if money.currency in named:
            yield replace(money, minor=min(money.minor, amount_of(others, money.currency)))


def with_lifecycles(recorded: Mapping[str, object], lifecycles: Mapping[str, Lifecycle]) -> dict[str, object]:
    """What is recorded of the brakes, and by which rules each account's records live: a digest for each account."""
    digests = {name: sha256(repr(item).encode()).hexdigest()[:16] for name, item in sorted(lifecycles.items())}
    return {**recorded, LIFECYCLES: digests}


def lifecycles_moved(lifecycles: Mapping[str, Lifecycle], recorded: Mapping[str, object] | None) -> tuple[str, ...]:
    """One headline for each account whose records live by other rules than the last apply recorded.

    Other days are not just other words: what time did is told by them, and a stage that has come stays.
    """
    known = cast("Mapping[str, str]", (recorded or {}).get(LIFECYCLES, {}))
    now = cast("Mapping[str, str]", with_lifecycles({}, lifecycles)[LIFECYCLES])
    return tuple(
        f"settings changed: {name} lives by other rules than recorded ({lifecycles[name].name}); see what has elapsed"
        for name in now
        if known.get(name, now[name]) != now[name]
    )


LIFECYCLES = "lifecycles"
PENDING = "until an apply that nothing refuses records them, the stricter of old and new settings holds"
"""The headline below those of changed settings."""
RECORDED = "this run recorded them: they hold from the next one on"
"""What stands there once that is done."""


def settings_moved(declared: Safety, recorded: Mapping[str, object] | None) -> tuple[str, ...]:
    """One headline for each brake that is declared otherwise than recorded."""
    if recorded is None:
        return ()
    before, after = from_recorded(recorded), from_recorded(as_recorded(declared))
    found = [
        f"settings changed: safety.{name.setting} from {_limit(before.limits[name])} to {_limit(after.limits[name])}"
        for name in LimitName
        if name in before.limits and before.limits[name] != after.limits[name]
    ]
    found += [
        f"settings changed: safety.{name.setting} from {_value(before.values.get(name))}"
        f" to {_value(after.values.get(name))}"
        for name in IN_MONEY
        if before.values.get(name) != after.values.get(name)
    ]
    if before.allow_empty != after.allow_empty:
        found.append(f"settings changed: safety.allow_empty from {before.allow_empty} to {after.allow_empty}".lower())
    found += [f"settings changed: override removed: {_override(item)}" for item in _only(before, after)]
    found += [f"settings changed: override added: {_override(item)}" for item in _only(after, before)]
    if found:
        found.append(PENDING)
    return tuple(found)


def _only(these: Safety, others: Safety) -> list[Override]:
    return [item for item in these.overrides if item not in others.overrides]


def _limit(limit: Limit) -> str:
    per = "" if limit.days is None else f", per: {limit.days}d"
    return f"{{count: {limit.count}, percent: {limit.percent}, at_least: {limit.at_least}{per}}}"


def _value(limit: ValueLimit | None) -> str:
    if limit is None:
        return "no limit"
    per = "" if limit.days is None else f", per: {limit.days}d"
    return f"{{amounts: [{amounts_text(limit.amounts)}]{per}}}"


def amounts_text(amounts: Iterable[Money]) -> str:
    """Amounts of several currencies as people write them, `5000.00 EUR, 900 JPY`."""
    return ", ".join(map(money_text, amounts))


def _override(item: Override) -> str:
    much = amounts_text(item.amounts) if item.limit in IN_MONEY else str(item.count)
    return f"{item.limit.setting} for {item.match}, {much} until {item.until.isoformat()} ({item.reason})"
