"""The plan on the page: the words of every other view, the worst first, cut lists counted, and what is not known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.changes import Blocked, Drift, Kind, Listed, Refusal
from reconciler.consequences import Totals
from reconciler.diagnostics import Location, error, warning
from reconciler.events import Event, EventKind
from reconciler.plan import Plan, Verdict
from reconciler.views.consequences import consequences, totals_words
from reconciler.views.report.planned import PlanPart, cut, not_known, plan_part
from reconciler.views.report.sums import grouped
from reconciler.views.report.values import Planned, Subject
from reconciler.views.words import plan_summary
from tests.builders import PLACE, a_change, a_key
from tests.views.outside_cases import FOLDED, a_pending, outside_plan, unread
from tests.views.report.cases import a_report, empty, full, large
from tests.views.report.plans import BINDINGS, NOW, a_plan


def part(**fields: object) -> PlanPart:
    """The part of a plan with just these fields."""
    return plan_part(a_report((), Plan(NOW, BINDINGS, **fields)))  # type: ignore[arg-type]


def shown(found: PlanPart) -> dict[str, Planned]:
    """Every change that is shown, by its key."""
    return {item.subject.key: item for group in found.parts for item in group.changes.shown}


def test_changes_stand_in_groups_with_the_worst_first() -> None:
    found = plan_part(full())
    assert [(group.title, group.changes.count) for group in found.parts] == [
        ("Cannot be undone", 1),
        ("Ends", 2),
        ("Other changes", 1),
    ]
    assert [item.tone for item in shown(found).values()] == ["grave", "ending", "ending", "calm"]


def test_a_change_says_what_follows_in_the_words_of_every_other_view() -> None:
    plan = a_plan()
    found = shown(plan_part(full()))
    for change in plan.changes:
        if change.kind is Kind.REGISTER:
            continue
        item, words = found[str(change.key)], consequences(change, NOW)
        assert item.main == tuple(map(grouped, words.main))
        assert item.more == tuple(map(grouped, words.more))
        assert [title for title, _ in item.notes] == [title for title, _ in words.notes]
        assert (item.reason, item.place) == (change.reason or "", str(change.place))


def test_the_summary_and_the_sums_are_the_plans_own() -> None:
    report = full()
    found = plan_part(report)
    assert found.summary == plan_summary(report.plan, report.verdict)
    assert found.totals[0] == grouped(totals_words(report.plan.totals, report.plan.changes))
    assert "Avoided: 4,136.30 EUR for one term of each; refunded: 101.16 EUR; 1 sum not known" in found.totals[0]
    assert found.totals[1:] == ("The first of these can no longer be undone as soon as it is applied.",)
    assert part().totals == ()


def test_new_records_are_only_counted_by_account() -> None:
    found = plan_part(full())
    assert found.new is not None
    assert found.new.shown == (("register", "northwind", "2"),)
    assert part().new is None


def test_what_a_limit_holds_back_is_marked_where_others_pass() -> None:
    assert {key: item.held_back for key, item in shown(plan_part(full())).items()} == {
        "contoso/copilot-duplicate": True,
        "contoso/project-plan-3": False,
        "contoso/visio-plan-2": False,
        "fabrikam/f3": False,
    }


def test_refusals_say_the_way_out_the_worst_first() -> None:
    refused = (
        Refusal("max-changes", "run", "3 changes", "split them", 3, 2),
        Refusal("frozen", "run", "frozen since", "to end it: reconcile thaw"),
    )
    report = a_report((), Plan(NOW, BINDINGS), verdict=Verdict((), refused))
    assert [(brake.limit, brake.hint) for brake in plan_part(report).brakes] == [
        ("frozen", "to end it: reconcile thaw"),
        ("max-changes", "split them"),
    ]


def test_a_blocked_wish_says_why_and_what_to_do() -> None:
    (item,) = plan_part(full()).blocked.shown
    assert item == Planned(
        "cancel now",
        "calm",
        Subject("contoso/copilot", "Microsoft Copilot for Microsoft 365"),
        main=("the window closed 8 Dec 2025 00:00 UTC",),
        notes=(("what to do", "write `cancel: at-renewal`; it then ends on 30 Nov 2026"),),
        reason="past-cancellation-window",
        place="specs/contoso/licences.yaml:44:11",
    )
    hintless = Blocked(a_key(), Kind.TURN_OFF, "protected", "it is protected", "", PLACE)
    assert part(blocked=(hintless,)).blocked.shown[0].notes == ()


def test_a_dated_intent_says_its_day_and_what_follows_then() -> None:
    (item,) = plan_part(full()).scheduled.shown
    assert (item.verb, item.reason) == ("from 15 Jan 2027", "budget for 2027")
    assert item.main[0] == "recurring off"
    assert "last day 30 Jan 2027" in item.main
    assert any("6,768.00 EUR" in phrase for phrase in (*item.main, *item.more))


def test_what_time_did_stands_with_the_latest_first() -> None:
    assert [(item.day, item.subject.key, item.what) for item in plan_part(full()).elapsed.shown] == [
        ("2026-10-30", "northwind/old-visio", "it expired"),
        ("2026-02-14", "contoso/business-premium", "it was renewed"),
    ]


def test_everything_that_time_does_has_words() -> None:
    events = tuple(Event(a_key(), kind, NOW, {}, {}) for kind in EventKind)
    assert len({item.what for item in part(elapsed=events).elapsed.shown}) == len(EventKind)


def test_what_is_left_as_it_is_stands_in_lists_of_its_own() -> None:
    listed = (Listed(a_key(), "it is so", "do this", PLACE, "SPB"),)
    found = part(
        held=listed,
        released=listed,
        ended=listed,
        drift=(Drift(a_key(), "labels", {"a": "b"}, {}),),
        unmanaged=(a_key("contoso/b"), a_key("contoso/a")),
    )
    assert [item.title for item in found.beside] == ["Held", "Released", "Ended", "Drift", "Unmanaged"]
    assert [item.items.shown for item in found.beside[2:]] == [
        ((Subject("contoso/visio-plan-2", "Microsoft 365 Business Premium"), "it is so", "do this"),),
        ((Subject("contoso/visio-plan-2", ""), "labels: stored a=b, live none", ""),),
        ((Subject("contoso/a", ""), "", ""), (Subject("contoso/b", ""), "", "")),
    ]
    assert part().beside == ()


def test_what_is_pending_stands_by_itself_and_overdue_ones_are_grave() -> None:
    found = plan_part(a_report((), outside_plan()))
    late, *others = found.pending.shown
    assert (late.verb, late.tone, late.subject) == ("cancel now", "grave", Subject("kiosk/project", "Visio Plan 2"))
    assert late.main == ("overdue since 21 Nov 2026", "begun 2 Nov 2026", "owner it@contoso.example")
    assert late.more == ("turn-off-recurring by hand",)
    assert late.notes == (("what to do", "once it is done: reconcile done kiosk/project"),)
    assert [item.tone for item in others] == ["calm"] * 3
    assert found.summary.endswith("2 held, 4 pending (1 overdue).")
    assert plan_part(a_report((), Plan(NOW, BINDINGS, pending=(a_pending(hint=""),)))).pending.shown[0].notes == ()


def test_how_far_accounts_were_looked_at_is_told_and_what_could_not_be_read_is_not_known() -> None:
    report = a_report((), outside_plan())
    (seen,) = (item for item in plan_part(report).beside if item.title == "Observed")
    assert [about.key for about, _, _ in seen.items.shown] == ["fabrikam", "stripe-us", "stripe-eu", "1 other account"]
    assert seen.items.shown[0][1].endswith("the secret has expired; last observed 2 d ago")
    (unread,) = (item for item in not_known(report) if item.title == "Accounts")
    assert unread.keys.shown == ("fabrikam",)
    assert not [item for item in not_known(a_report((), Plan(NOW, BINDINGS))) if item.title == "Accounts"]


def test_what_others_did_is_told_as_theirs() -> None:
    found = plan_part(a_report((), outside_plan()))
    assert found.elapsed_title == "What time and others did"
    assert {item.subject.key: item.what for item in found.elapsed.shown} == {
        "contoso/excel": "recurring on -> off, seats 5 -> 6, changed outside",
        "stripe-eu/board": "its provider suspended it",
        "stripe-eu/desk": "its provider took the suspension back",
    }
    assert part().elapsed_title == "What time did"


def test_what_a_provider_cannot_tell_apart_is_a_note() -> None:
    board = shown(plan_part(a_report((), outside_plan())))["stripe-eu/board"]
    assert board.notes == (("note", FOLDED),)


def test_findings_stand_with_the_worst_first() -> None:
    at = Location("specs/a.yaml", 3, 5)
    found = part(
        diagnostics=(warning("w", "something is odd", at, hint="look"), error("e", "it is wrong", detail="'x'"))
    )
    assert found.findings.shown == (
        ("error", "", "it is wrong 'x'", ""),
        ("warning", "specs/a.yaml:3:5", "something is odd", "look"),
    )


def test_a_list_is_cut_after_the_first_and_the_rest_is_counted() -> None:
    found = cut(range(60), 25, str)
    assert (len(found.shown), found.missing, found.command) == (25, 35, "reconcile --dry-run")
    assert cut(range(25), 25, str).missing == 0


def test_a_large_plan_is_cut_in_every_group() -> None:
    report = large(2_000)
    found = plan_part(report)
    assert [len(group.changes.shown) for group in found.parts] == [25, 25]
    assert sum(group.changes.count for group in found.parts) == len(report.plan.changes) == 1_000


# Not known


def test_what_is_not_known_is_said_with_the_subscriptions_that_it_is_about() -> None:
    assert [(item.title, item.keys.shown) for item in not_known(full())] == [
        ("Prices", ("contoso/teams-rooms",)),
        ("Sums of the plan", ()),
        ("Consequences", ("contoso/project-plan-3",)),
    ]
    assert not_known(empty()) == []


def test_a_future_that_is_not_known_is_said() -> None:
    report = full()
    report = replace(report, forecast=replace(report.forecast, unforeseen=(a_key("contoso/a"),)))
    assert ("Futures", ("contoso/a",)) in [(item.title, item.keys.shown) for item in not_known(report)]


@pytest.mark.parametrize(
    ("name", "title"), [("unpriced_extensions", "Prices of extensions"), ("perhaps_extended", "Extensions")]
)
def test_what_extensions_leave_open_is_said(name: str, title: str) -> None:
    report = empty()
    left_open: dict[str, Any] = {name: (a_key("contoso/a"),)}
    report = replace(report, forecast=replace(report.forecast, **left_open))
    assert [(item.title, item.keys.shown) for item in not_known(report)] == [(title, ("contoso/a",))]


def test_one_change_is_not_called_many() -> None:
    one, two = (not_known(a_report((), Plan(NOW, BINDINGS, totals=Totals(unknown=count))))[0].about for count in (1, 2))
    assert (one, two) == (
        "1 change of the plan moves money whose sum is not known.",
        "2 changes of the plan move money whose sum is not known.",
    )


def test_changes_without_an_impact_leave_nothing_open() -> None:
    assert not_known(a_report((), Plan(NOW, BINDINGS, (a_change(),)))) == []


def test_many_of_an_account_that_could_not_be_read_are_one_entry() -> None:
    many = tuple(unread(f"fabrikam/s{number}") for number in range(3_000))
    found = part(blocked=(*many, unread("contoso/one", detail="it is away")))
    said = "3,000 subscriptions; --format json has them all"
    assert (found.blocked_count, found.blocked.missing) == (3_001, 0)
    assert [item.subject for item in found.blocked.shown] == [Subject("contoso/one", ""), Subject("fabrikam", said)]
    assert (found.blocked.shown[1].verb, found.blocked.shown[1].reason) == ("update", "sign-in-failed")
