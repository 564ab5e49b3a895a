"""Verdicts for tests: what the brakes say of changes over an estate, and the ways out that a refusal tells."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from datetime import datetime

import yaml

from reconciler.changes import Change, Kind, Refusal
from reconciler.consequences import Amount, Basis, Impact
from reconciler.model import Money
from reconciler.plan import Plan, Verdict
from reconciler.recorded import as_recorded
from reconciler.safety import Allow, Circumstances, review
from reconciler.settings import IN_NUMBERS, Amounts, Limit, LimitName, Override, Safety
from reconciler.stored import RecentChange
from tests.builders import NOW, a_change, a_desired, a_key, a_stored
from tests.estates import BINDINGS, a_desired_state, a_stored_state

CHANGES, ENDINGS, CANCEL_NOW, SPENDINGS, CANCELLED, SPENT = LimitName
NONE = Limit(0, 0, 0)
UNLIMITED = dict.fromkeys(IN_NUMBERS, Limit(10**6, 100, 10**6))


def names(account: str, count: int, start: int = 0) -> list[str]:
    """Keys of as many subscriptions of an account."""
    return [f"{account}/s{number:03}" for number in range(start, start + count)]


def changes(kind: Kind, keys: Iterable[str]) -> list[Change]:
    """A change of that kind for each key."""
    return [a_change(kind, key) for key in keys]


def worth(money: Money | None, key: str, kind: Kind = Kind.TURN_OFF) -> Change:
    """A change whose value is that; None: it is not known."""
    value = Amount(money, Basis.UNKNOWN if money is None else Basis.DECLARED)
    return a_change(kind, key, impact=Impact(value=value))


def eur(amount: int) -> Money:
    """So many euros."""
    return Money(amount * 100, "EUR")


def earlier(
    key: str,
    at: datetime,
    kind: Kind = Kind.TURN_OFF,
    *,
    value: Money | None = None,
    allowed: tuple[str, ...] = (),
) -> RecentChange:
    """A change of an earlier run."""
    return RecentChange(a_key(key), kind, at, value, allowed)


def verdict(
    planned: Iterable[Change],
    stored: Iterable[str] = (),
    safety: Safety | None = None,
    *,
    recorded: Safety | None = None,
    allow: tuple[Allow, ...] = (),
    now: datetime = NOW,
    recent: Iterable[RecentChange] = (),
) -> Verdict:
    """What the brakes say of these changes over an estate of active records, all of them declared."""
    rows = a_stored_state(
        *map(a_stored, stored), safety=as_recorded(recorded) if recorded else None, recent=tuple(recent)
    )
    desired = a_desired_state(*map(a_desired, {*stored, *(str(change.key) for change in planned)}))
    plan = Plan(now, BINDINGS, tuple(planned))
    return review(plan, desired, rows, Circumstances(safety or Safety(), now, allow))


def only(name: LimitName, limit: Limit, **fields: object) -> Safety:
    """One limit; the others let everything pass."""
    return Safety(limits={**UNLIMITED, name: limit}, **fields)  # type: ignore[arg-type]


def numbers(found: Verdict) -> list[tuple[str, str, int | None, int | None]]:
    """What is refused, by its numbers."""
    return [(item.limit, item.scope, item.count, item.allowed) for item in found.refused]


def sums(found: Verdict) -> list[tuple[str, str, str | None, str | None]]:
    """What is refused, by its amounts."""
    return [(item.limit, item.scope, item.amount, item.allowed_amount) for item in found.refused]


def flag_in(refusal: Refusal) -> Allow:
    """The `--allow` that a refusal tells, as a shell would read it."""
    words = shlex.split(refusal.hint.partition("; reviewed")[0].replace(";", " "))
    limit, _, pattern = words[words.index("--allow") + 1].partition("=")
    return Allow(limit, pattern)


def override_in(refusal: Refusal) -> Override:
    """The override that a refusal tells, as YAML."""
    found = re.search(r"overrides: \[\{.*\}\]", refusal.hint)
    assert found is not None
    (item,) = yaml.safe_load(found.group())["overrides"]
    name = LimitName(item["limit"].replace("_", "-"))
    amounts = tuple(map(_money, item.get("amounts", ())))
    return Override(name, item["match"], item.get("count", 0), item["until"], item["reason"], amounts)


def _money(text: str) -> Money:
    number, currency = text.split()
    return Money(int(number.replace(".", "")), currency)


def euros(amount: int) -> Amounts:
    """So many euros, as the amount of a limit."""
    return (eur(amount),)
