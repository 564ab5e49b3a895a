"""A realistic estate for the emulator of Stripe, with one of each special case.

Deterministic: the same size, seed and day give the same estate.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from reconciler.testing.emulators.stripe import Plan, StripeEmulator, Terms
from reconciler.testing.emulators.stripe_life import period_after
from reconciler.testing.emulators.stripe_wire import epoch, instant, subscription_body

_DAY = timedelta(days=1)
_NAMES = (
    ("Analytics Team", 4900),
    ("Analytics Business", 19900),
    ("Support Desk", 2500),
    ("Design Studio", 1500),
    ("Status Page", 2900),
    ("Backup Vault", 9900),
    ("Newsletter", 3900),
    ("Payroll", 7900),
)
_TEAMS = "sales finance legal support research warehouse marketing design".split()
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789"


def sample_estate(
    size: int = 40, seed: int = 1, *, ledger: Path | None = None, now: datetime | None = None
) -> StripeEmulator:
    """An emulator with so many subscriptions, the special cases among them."""
    emulator = StripeEmulator(ledger=ledger, now=now)
    if not emulator.table("account"):
        with emulator.changing():
            _fill(emulator, size, Random(seed))  # noqa: S311  an estate, not a secret
    return emulator


def plans() -> list[Plan]:
    """The estate's products, each with a monthly and a yearly price."""
    found = []
    for number, (name, amount) in enumerate(_NAMES, start=1):
        product = f"prod_Sandbox{number:04d}"
        found.append(Plan(product, name, f"price_Sandbox{number:04d}Month", amount))
        found.append(Plan(product, name, f"price_Sandbox{number:04d}Year", amount * 10, interval="year"))
    return found


def _fill(emulator: StripeEmulator, size: int, chance: Random) -> None:
    emulator.add_account()
    today = emulator.now().replace(minute=0, second=0, microsecond=0)
    every = plans()
    special = _special(today, every)
    for index in range(size):
        terms = _terms(chance, every, index, today)
        if index < len(special):
            terms = _special_terms(terms, special[index], today)
        emulator.add_subscription(terms)


def _terms(chance: Random, every: list[Plan], index: int, today: datetime) -> Terms:
    plan = chance.choice(every)
    started = today - timedelta(days=chance.randrange(1, 700), hours=chance.randrange(24))
    id = "sub_1" + "".join(chance.choice(_LETTERS) for _ in range(23))
    values: dict[str, Any] = {}
    period = _period(plan, started, today)
    if chance.random() < 0.15:
        values = _ending(period[1], today - _DAY, at_period_end=True)
    return Terms(
        id,
        (plan,),
        started,
        period,
        quantity=chance.choice((1, 3, 5, 10, 25, 120)),
        customer=f"cus_Sandbox{index % 7:07d}",
        metadata={"team": _TEAMS[index % len(_TEAMS)]},
        values=values,
    )


def _period(plan: Plan, started: datetime, today: datetime) -> tuple[datetime, datetime]:
    """The period that contains today."""
    start = epoch(started)
    end = period_after(epoch(started), start, plan.interval, plan.interval_count)
    while end <= epoch(today):
        start, end = end, period_after(epoch(started), end, plan.interval, plan.interval_count)
    return instant(start), instant(end)


def _ending(at: datetime, asked: datetime, *, at_period_end: bool) -> dict[str, Any]:
    details = {"comment": None, "feedback": None, "reason": "cancellation_requested"}
    return {
        "cancel_at": epoch(at),
        "cancel_at_period_end": at_period_end,
        "canceled_at": epoch(asked),
        "cancellation_details": details,
    }


def _special(today: datetime, every: list[Plan]) -> list[dict[str, Any]]:
    """What stands first in the estate: status, values and plans that differ, one of each."""
    ended = {"canceled_at": epoch(today - 5 * _DAY), "ended_at": epoch(today - 5 * _DAY)}
    trial = {"trial_start": epoch(today - 3 * _DAY), "trial_end": epoch(today + 11 * _DAY)}
    paused = {"pause_collection": {"behavior": "void", "resumes_at": None}}
    return [
        {"case": "renews"},
        {"case": "ends at its period", "ends": True},
        {"case": "ends on a date", "values": _ending(today + 100 * _DAY, today - _DAY, at_period_end=False)},
        {"case": "owned by a schedule", "values": {"schedule": "sub_sched_1SandboxSchedule"}},
        {"case": "collection is paused", "values": paused},
        {"case": "canceled", "status": "canceled", "values": ended},
        {"case": "trialing", "status": "trialing", "values": trial, "period": (today - 3 * _DAY, today + 11 * _DAY)},
        {"case": "past due", "status": "past_due"},
        {"case": "unpaid", "status": "unpaid"},
        {"case": "paused", "status": "paused"},
        {"case": "incomplete", "status": "incomplete", "started": today - timedelta(hours=1)},
        {"case": "incomplete, and expired", "status": "incomplete_expired", "values": ended},
        {"case": "two items", "plans": (every[0], every[4])},
        {"case": "two items with periods of their own", "plans": (every[0], every[3])},
    ]


def _special_terms(terms: Terms, special: dict[str, Any], today: datetime) -> Terms:
    values = dict(special.get("values", {}))
    if special.get("ends"):
        values = _ending(terms.period[1], terms.period[0], at_period_end=True)
    changed = {name: special[name] for name in ("status", "period", "plans", "started") if name in special}
    if {"plans", "started"} & set(changed):
        first = changed.get("plans", terms.plans)[0]
        changed["period"] = _period(first, changed.get("started", terms.started), today)
    metadata = {**terms.metadata, "case": special["case"]}
    terms = replace(terms, values=values, metadata=metadata, **changed)
    if "plans" in special and terms.plans[1].interval == "year":
        terms = replace(terms, values={**values, **_two_periods(terms)})
    return terms


def _two_periods(terms: Terms) -> dict[str, Any]:
    """The second item's period ends later: the term ends with the first."""
    items = subscription_body(terms)["items"]
    first, second = items["data"]
    end = period_after(epoch(terms.started), second["current_period_start"], "year", 1)
    return {"items": {**items, "data": [first, {**second, "current_period_end": end}]}}
