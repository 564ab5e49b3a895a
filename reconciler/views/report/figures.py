"""What stands on the page beside charts and plan: the numbers at the top, what must be decided, and what is next.

Pure values to values. Sums are the forecast's and the plan's own; here they are only added up, written and cut.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

from reconciler.consequences import Amount, Due
from reconciler.forecast import Forecast, Occasion, Occurrence
from reconciler.model import Status, SubscriptionKey, TermLength
from reconciler.views.report.sums import amount_words, basis_words, in_sum, sums, total_of
from reconciler.views.report.values import DUE_DAYS, Cut, Figure, Renewal, Report, Step, Subject, Table
from reconciler.views.words import NameOf, beside_words, counted, day

MOST_SUMS = 4
"""Lines of sums that a tile has room for."""
MOST_DUE = 25
FEW_DUE = 10
"""So many can be read without a table of their owners."""
MOST_OWNERS = 8
MOST_AHEAD = 15

_TERMS = {TermLength.MONTHLY: "a month", TermLength.ANNUAL: "a year", TermLength.TRIENNIAL: "3 years"}


def subject(key: SubscriptionKey, product: str, names: NameOf) -> Subject:
    """A subscription by its key and its product's name."""
    return Subject(str(key), names(key.account, product) if product else "")


def figures(report: Report) -> list[Figure]:
    """The four numbers at the top."""
    plan, ahead = report.plan, report.forecast
    undecided = [item for item in report.due if item.decided is None]
    states = Counter(row.status for row in report.stored)
    stages = ", ".join(f"{states[status]:,} {status}" for status in Status if states[status])
    cash = _few(sums(ahead.total.sums())) or ("none",)
    changes = counted(len(plan.changes), "change")
    missing = counted(sum(ahead.total.unknown), "charge")
    until = (f"until {day(ahead.until)}", *([f"{missing} not known"] if any(ahead.total.unknown) else []))
    beside = beside_words(plan)
    if plan.scheduled:
        beside.append(f"{len(plan.scheduled):,} scheduled")
    return [
        Figure("Renewals to decide", (f"{len(undecided):,}",), _due_detail(undecided), "decisions"),
        Figure("Charges ahead", cash, until, "cost"),
        Figure("Current plan", (changes,), (", ".join(beside) or "nothing blocked",), "plan"),
        Figure("Subscriptions", (f"{len(report.stored):,}",), (stages or "none is stored",), "estate"),
    ]


def _due_detail(undecided: Sequence[Due]) -> tuple[str, ...]:
    known, unknown = total_of(item.amount for item in undecided)
    return (f"within {DUE_DAYS} days", *_few(known), *([f"{unknown:,} not known"] if unknown else []))


def _few(lines: tuple[str, ...]) -> tuple[str, ...]:
    """No more lines than a tile has room for."""
    more = len(lines) - MOST_SUMS
    return lines if more <= 0 else (*lines[:MOST_SUMS], f"and {more:,} more")


def renewals(report: Report) -> Cut[Renewal]:
    """The next renewals that nobody has decided, the nearest first."""
    undecided = [item for item in report.due if item.decided is None]
    today = report.plan.as_of.date()
    shown = tuple(_renewal(item, today, report.names) for item in undecided[:MOST_DUE])
    return Cut(shown, len(undecided) - len(shown), f"reconcile due --within {DUE_DAYS}d")


def _renewal(item: Due, today: date, names: NameOf) -> Renewal:
    return Renewal(
        subject=subject(item.key, item.product, names),
        on=day(item.on),
        day=item.on.isoformat(),
        left=_left((item.on - today).days),
        amount=amount_words(item.amount),
        basis=basis_words(item.amount),
        term=_TERMS[item.length],
        owner=item.owner or "",
        unmanaged=not item.managed,
    )


def _left(days: int) -> str:
    return "tomorrow" if days == 1 else f"in {days:,} days"


def by_owner(report: Report) -> Table | None:
    """Who has how much to decide, the most renewals first; None for one owner, or for few renewals."""
    mine: dict[str, list[Amount]] = {}
    for item in report.due:
        if item.decided is None:
            mine.setdefault(item.owner or "", []).append(item.amount)
    if len(mine) < 2 or sum(map(len, mine.values())) <= FEW_DUE:
        return None
    ordered = sorted(mine, key=lambda owner: (-len(mine[owner]), owner))
    rows = [(owner or "without an owner", f"{len(mine[owner]):,}", in_sum(mine[owner])) for owner in ordered]
    rest = [amount for owner in ordered[MOST_OWNERS:] for amount in mine[owner]]
    if rest:
        owners = counted(len(ordered) - MOST_OWNERS, "other owner")
        rows = [*rows[:MOST_OWNERS], (owners, f"{len(rest):,}", in_sum(rest))]
    return Table("Who has to decide", ("owner", "renewals", "commits to"), tuple(rows))


_STEPS = {
    Occasion.STARTS: "starts",
    Occasion.RENEWS: "renews",
    Occasion.EXTENDED: "goes on in a paid extension",
    Occasion.ENDS: "ends",
    Occasion.DISABLED: "users lose access",
    Occasion.DELETED: "data deleted",
}


def steps_ahead(report: Report) -> Cut[Step]:
    """What is ahead one by one, the nearest first."""
    ahead = report.forecast
    found = [item for item in ahead.occurrences if lasting(item, ahead)]
    shown = tuple(_step(item, ahead, report.names) for item in found[:MOST_AHEAD])
    return Cut(shown, len(found) - len(shown), f"reconcile forecast --until {ahead.until}")


def _step(item: Occurrence, ahead: Forecast, names: NameOf) -> Step:
    about = ahead.subjects[item.key]
    amount = amount_words(about.amount) if item.occasion is Occasion.RENEWS else ""
    named = subject(item.key, about.product, names)
    return Step(named, day(item.on), item.on.isoformat(), _STEPS[item.occasion], amount)


def lasting(item: Occurrence, ahead: Forecast) -> bool:
    """Not the next of a monthly term's renewals: there is one each month."""
    return item.occasion is not Occasion.RENEWS or ahead.subjects[item.key].length is not TermLength.MONTHLY
