"""Plans of parts, put together, are the plan of the whole; see also tests/test_first.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from reconciler.build import Built
from reconciler.changes import Blocked, Drift, Kind, Listed, Pending, Scheduled
from reconciler.consequences import Amount, Basis, Due, Totals
from reconciler.diagnostics import Diagnostic, Location, warning
from reconciler.events import Event, EventKind
from reconciler.gathered import Gathered
from reconciler.model import Decision, Money, SubscriptionKey, TermLength
from reconciler.packed import Unpacking
from reconciler.plan import Bindings, Plan
from reconciler.spec.positions import Document, SpecPlace
from tests.builders import a_change, a_stored

NOW = datetime(2026, 11, 1, tzinfo=UTC)
EMPTY = Plan(NOW, Bindings("", "", None, 0))
FILE = Document("specs/a.yaml", "subscriptions:\n  a: {}\n")
AT = Location("specs/a.yaml")


def key(name: str) -> SubscriptionKey:
    return SubscriptionKey("contoso", name)


def gathered(*plans: Plan, noted: tuple[tuple[SubscriptionKey, Diagnostic], ...] = ()) -> Gathered:
    found = Gathered(Unpacking(lambda file: FILE))
    for plan in plans:
        found.take(Built(plan, list(noted), []))
    return found


def of(name: str, day: int, *, overdue: bool) -> Plan:
    """A plan of one subscription with an item of every list."""
    listed, change = Listed(key(name), "", "", AT), replace(a_change(), key=key(name), place=AT)
    return replace(
        EMPTY,
        changes=(change,),
        blocked=(Blocked(key(name), Kind.UPDATE, "code", "", "", AT),),
        held=(listed,),
        released=(listed,),
        ended=(listed,),
        drift=(Drift(key(name), "seats", 1, 2),),
        elapsed=(Event(key(name), EventKind.RENEWED, NOW, {}, {}),),
        scheduled=(Scheduled(key(name), date(2026, 12, day), None, "", AT),),
        pending=(Pending(key(name), Kind.UPDATE, date(2026, 1, 1), "", "", AT, overdue=overdue),),
        totals=Totals({"EUR": day}, {"USD": day}, {}, 1),
        unmanaged=(key(name),),
        unchanged=2,
        declared=frozenset({key(name)}),
        settled={key(name): a_stored()},
    )


def test_every_list_is_in_the_order_that_one_plan_has() -> None:
    found = gathered(of("b", 3, overdue=False), of("a", 9, overdue=True)).plan(EMPTY)
    names = ("changes", "blocked", "held", "released", "ended", "drift", "elapsed")
    for name in names:
        assert [item.key.name for item in getattr(found, name)] == ["a", "b"], name
    assert [item.key.name for item in found.scheduled] == ["b", "a"]
    assert [item.key.name for item in found.pending] == ["a", "b"]
    assert found.unmanaged == (key("a"), key("b"))
    assert found.declared == {key("a"), key("b")}
    assert list(found.settled) == [key("a"), key("b")]
    assert found.totals == Totals({"EUR": 12}, {"USD": 12}, {}, 2)
    assert found.unchanged == 4


def due(name: str, day: int, **fields: object) -> Due:
    amount = Amount(Money(100, "EUR"), Basis.DECLARED, "1 x 1.00 EUR")
    made = Due(key(name), "SPB", date(2026, 11, day), TermLength.ANNUAL, amount, "ada", True,
               SpecPlace(FILE, ("subscriptions", name), True))  # fmt: skip
    return replace(made, **fields)  # type: ignore[arg-type]


def located(item: Due) -> Due:
    return replace(item, place=item.place and item.place.location)


def test_renewals_come_by_day_whatever_they_can_be_kept_as() -> None:
    decided = Decision(date(2026, 11, 2), "ada", None, AT)
    items = (
        due("a", 9),
        due("b", 3),
        due("c", 4, place=AT),
        due("d", 2, decided=decided),
        due("e", 1, amount=Amount(Money(2**65, "EUR"), Basis.DECLARED)),
        due("f", 5, amount=Amount(None, Basis.UNKNOWN, "no price")),
        due("g", 6, managed=False, place=None),
    )
    found = gathered(replace(EMPTY, due=items[:2]), replace(EMPTY, due=items[2:])).plan(EMPTY)
    assert [located(item) for item in found.due] == [located(item) for item in sorted(items, key=lambda item: item.on)]
    assert len(found.due) == 7


def test_findings_come_by_key() -> None:
    one, two = warning("one", "one"), warning("two", "two")
    found = gathered(EMPTY, noted=((key("b"), one), (key("a"), two)))
    found.idle.append(one)
    assert found.diagnostics == (two, one, one)
