"""Which brakes hold: the declared ones, or those that the last apply recorded, whichever are the stricter.

Pure. A pull request cannot loosen its own brakes: what it declares holds only once an apply that nothing refused has
recorded it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import cast

from reconciler.settings import Limit, LimitName, Override, Safety


def as_recorded(safety: Safety) -> dict[str, object]:
    """Limits and overrides as the store keeps them: JSON-ready, the same for the same settings."""
    return {
        "limits": {
            name.value: {"count": limit.count, "percent": limit.percent, "at_least": limit.at_least}
            for name, limit in sorted(safety.limits.items())
        },
        "allow_empty": safety.allow_empty,
        "overrides": sorted(
            (
                {
                    "limit": item.limit.value,
                    "match": item.match,
                    "count": item.count,
                    "until": item.until.isoformat(),
                    "reason": item.reason,
                }
                for item in safety.overrides
            ),
            key=lambda item: tuple(map(str, item.values())),
        ),
    }


def from_recorded(recorded: Mapping[str, object]) -> Safety:
    """The brakes that `as_recorded` kept."""
    limits = cast("Mapping[str, Mapping[str, int]]", recorded["limits"])
    overrides = cast("list[Mapping[str, object]]", recorded["overrides"])
    return Safety(
        limits={LimitName(name): Limit(**limit) for name, limit in limits.items()},
        allow_empty=bool(recorded["allow_empty"]),
        overrides=tuple(
            Override(
                LimitName(str(item["limit"])),
                str(item["match"]),
                cast("int", item["count"]),
                date.fromisoformat(str(item["until"])),
                str(item["reason"]),
            )
            for item in overrides
        ),
    )


def stricter(declared: Safety, recorded: Mapping[str, object] | None) -> Safety:
    """The recorded limits, with what both sides permit: empty specs and overrides only where declared and recorded.

    With nothing recorded yet, the declared ones. Limits are compared where the numbers are known: see `safety`.
    """
    if recorded is None:
        return declared
    before = from_recorded(recorded)
    return Safety(
        limits={**declared.limits, **before.limits},
        allow_empty=declared.allow_empty and before.allow_empty,
        overrides=tuple(
            replace(now, count=min(now.count, then.count), until=min(now.until, then.until))
            for now in declared.overrides
            for then in before.overrides
            if (now.limit, now.match) == (then.limit, then.match)
        ),
        caps=declared.caps,
    )


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
    return f"{{count: {limit.count}, percent: {limit.percent}, at_least: {limit.at_least}}}"


def _override(item: Override) -> str:
    return f"{item.limit.setting} for {item.match}, {item.count} until {item.until.isoformat()} ({item.reason})"
