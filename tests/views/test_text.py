"""The plan and the report for people: the worst first, the summary last, each part only if there is any."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from reconciler.changes import Change, Kind
from reconciler.consequences import Impact
from reconciler.desired import RuleUse
from reconciler.diagnostics import Location, error, warning
from reconciler.journal import ApplyReport, ChangeReport, OutcomeKind
from reconciler.plan import Plan, Verdict
from reconciler.undoing import Undo
from reconciler.views.text import diagnostics_text, failure_text, note_text, plan_text, report_text
from tests.builders import a_change
from tests.views.cases import (
    BINDINGS,
    LINEAGE,
    REFUSALS,
    a_plan,
    at,
    blocked,
    cancel_now,
    cases,
    real_names,
    timed,
    turn_off,
)
from tests.views.outside_cases import unread

NAMES = real_names()


def shown(plan: Plan, **options: Any) -> str:
    """The plan with nothing refused."""
    return plan_text(plan, Verdict(plan.changes), NAMES, **options)


def test_the_example_of_the_contract() -> None:
    plan = a_plan(turn_off(), cancel_now(), unchanged=41)
    assert shown(plan) == (
        "! cancel now    contoso/copilot-duplicate    Microsoft Copilot for Microsoft 365\n"
        "      users lose access at once; data deleted 21 Feb 2027; cannot be undone; window closes in 4 d\n"
        "      saves 1692.00 EUR a year from 20 Nov 2027; "
        "refund 1673.45 EUR, prorated: 361 of 365 days left, rounded down;\n"
        "        window closes 27 Nov 2026 00:00 UTC\n"
        "      why: duplicate of copilot    specs/contoso/licences.yaml:31:13\n"
        "- turn off      contoso/visio-plan-2         Visio Plan 2\n"
        "      last day 29 Nov 2026, then 30 days expired; saves 13.10 EUR a month; can be undone until then\n"
        "      access ends 30 Dec 2026 00:00 UTC; data deleted 30 Mar 2027\n"
        "      why: team moved to another tool    specs/contoso/licences.yaml:22:16\n"
        "\n"
        "The first of these can no longer be undone as soon as it is applied.\n"
        "Plan: 1 to cancel now, 1 to turn off, 41 unchanged.\n"
        "Renew within 30 days, undecided: 0.\n"
    )


def test_an_empty_plan_is_its_summary_and_what_is_due() -> None:
    assert shown(a_plan(unchanged=45)) == (
        "No changes. 45 subscriptions match their specs.\nRenew within 30 days, undecided: 0.\n"
    )


def test_what_several_changes_do_beside_is_said_once() -> None:
    both = Impact(side_effects=("It is deleted.", "It stays"))
    one = Impact(side_effects=("It is deleted",))
    new = a_change(Kind.REGISTER, "contoso/new", impact=both)
    text = shown(a_plan(turn_off("contoso/a", impact=both), turn_off("contoso/b", impact=one), new))
    assert text.count("It is deleted.") == 1
    assert (
        "- turn off    contoso/a    Visio Plan 2\n"
        "      also: It stays.\n"
        "      why: team moved to another tool    specs/contoso/licences.yaml:22:16\n"
    ) in text
    assert "\n\nFor several of these\n  It is deleted.\n      contoso/a and contoso/b\nPlan: " in text


def test_a_report_says_it_of_what_was_made() -> None:
    impact = Impact(side_effects=("It is deleted.",))
    plan = a_plan(turn_off("contoso/a", impact=impact), turn_off("contoso/b", impact=impact))
    done = report(plan, OutcomeKind.SUCCEEDED, OutcomeKind.FAILED)
    text = report_text(plan, Verdict(plan.changes), done, NAMES)
    assert ("      also: It is deleted.\n" in text, "For several" in text) == (True, False)
    both = report(plan, OutcomeKind.SUCCEEDED, OutcomeKind.SUCCEEDED)
    assert "For several of these\n" in report_text(plan, Verdict(plan.changes), both, NAMES)
    assert "For several" not in report_text(plan, Verdict(plan.changes), both, NAMES, brief=True)


def test_a_report_of_new_records_names_no_command_to_undo_them() -> None:
    plan = a_plan(a_change(Kind.REGISTER, "contoso/new"))
    text = report_text(plan, Verdict(plan.changes), report(plan, OutcomeKind.SUCCEEDED), NAMES)
    assert "reconcile undo" not in text


def test_every_plan_ends_with_what_renews_undecided() -> None:
    for case in cases().values():
        last = plan_text(case.plan, case.verdict, case.names).splitlines()[-1]
        assert last.startswith(f"Renew within 30 days, undecided: {len(case.plan.due):,}")


def test_a_plan_that_can_always_be_undone_says_nothing_of_that() -> None:
    assert shown(a_plan(a_change(Kind.RENAME))).splitlines()[-2:] == [
        "Plan: 1 to rename.",
        "Renew within 30 days, undecided: 0.",
    ]


def test_colour_changes_no_word() -> None:
    for case in (case for name, case in cases().items() if name != "large"):
        plain = plan_text(case.plan, case.verdict, case.names)
        coloured = plan_text(case.plan, case.verdict, case.names, colour=True)
        assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
        assert ("\x1b[" in coloured, "\x1b[" in plain) == (True, False)


def test_the_parts_stand_in_the_order_of_the_contract() -> None:
    case = cases()["everything-beside"]
    text = plan_text(replace(case.plan, **timed()), Verdict((), REFUSALS), NAMES)
    heads = [
        "* settings",
        "Would be refused",
        "- turn off",
        "Avoided: 6180.00 EUR and 120.00 USD for one term of each; ",
        "The first of these can no longer be undone from 30 Nov 2026 00:00 UTC on.",
        "Blocked",
        "Held",
        "Released",
        "Ended",
        "Drift",
        "Elapsed",
        "Scheduled",
        "Unmanaged",
    ]
    places = [text.index(head) for head in [*heads, ": warning: ", "\nrule ", "\nPlan: ", "\nRenew within"]]
    assert places == sorted(places)


def test_what_lies_with_others_stands_in_its_order() -> None:
    case = cases()["outside"]
    text = plan_text(case.plan, case.verdict, NAMES)
    heads = ["+ adopt", "\nBlocked", "\nHeld", "\nPending", "\nDrift", "\nElapsed", "\nObserved", "\nPlan: "]
    places = [text.index(head) for head in heads]
    assert places == sorted(places)
    assert "\nDrift (2): changed outside, through no act of ours\n" in text
    assert re.search(r"\n\+ adopt +contoso +12 subscriptions\n", text)


def test_accounts_that_were_observed_just_now_take_one_line_above_the_summary() -> None:
    case = cases()["outside-fresh"]
    assert plan_text(case.plan, case.verdict, NAMES) == (
        "Observed 3 accounts just now.\n"
        "No changes. 45 subscriptions match their specs.\n"
        "Renew within 30 days, undecided: 0.\n"
    )


def test_what_was_begun_is_never_shown_as_done() -> None:
    case = cases()["outside-applied"]
    assert case.report is not None
    for brief in (False, True):
        text = report_text(case.plan, case.verdict, case.report, NAMES, brief=brief)
        assert "\nTasks issued (1): for a person to do, and not done yet: reconcile tasks\n> turn off" in text
        assert "\nUnder way (1): begun at the provider, and not done yet; " in text
        assert "      asked 3 times, for 40 s\n" in text
        assert "      busy: another change is under way at the provider\n" in text
        assert "      note: settled by reading: the answer was lost\n" in text
        done = text[: text.index("Tasks issued")]
        assert "kiosk" not in done
        assert "visio-plan-2" not in done
        assert "Nothing changed at a vendor" not in text.replace("Nothing changed at a vendor: shelf is a ledger.", "")


def test_thousands_of_accounts_take_a_few_lines() -> None:
    case = cases()["outside-many"]
    text = plan_text(case.plan, case.verdict, NAMES)
    observed = text[text.index("Observed") :].splitlines()
    assert observed[1].startswith("  790 accounts: could not be read: role-too-weak: it may not read customers; ")
    assert observed[12] == "  90 more accounts: 4,095 subscriptions are declared by no file"
    assert observed[13] == ("  10 accounts: never observed; customer-7000, customer-7001, customer-7002 and 7 more")
    assert observed[14] == "  7,000 accounts: observed before; the oldest 12 h ago (customer-6999)"
    assert observed[15] == "  100 other accounts: observed just now"
    assert len(text.splitlines()) < 300


def test_an_apply_says_refused_and_not_would_be() -> None:
    plan = a_plan(turn_off())
    text = plan_text(plan, Verdict((), REFUSALS[:1]), NAMES, applying=True)
    assert text.startswith("Refused (1)\nx max-endings")
    assert text.splitlines()[-2].endswith("; 1 refused.")
    assert "--allow max-endings='contoso/*'" in text


def test_registrations_are_a_count_and_their_places_are_not_asked_for() -> None:
    class Unasked:
        file = "specs/a.yaml"

        @property
        def location(self) -> Location:
            raise AssertionError

    many = (a_change(Kind.REGISTER, f"contoso/n{number}", place=Unasked()) for number in range(1200))
    assert shown(a_plan(*many)) == (
        "+ register    contoso    1,200 subscriptions\nPlan: 1,200 to register.\nRenew within 30 days, undecided: 0.\n"
    )


def test_a_change_of_which_nothing_more_is_known_has_two_lines() -> None:
    plan = a_plan(a_change(Kind.TURN_ON, reason="back in use"))
    assert shown(plan).splitlines()[:2] == [
        "+ turn on    contoso/visio-plan-2",
        "      why: back in use    specs/contoso.yaml:3:5",
    ]


def test_a_very_long_key_sticks_out_alone() -> None:
    long = f"contoso/{'n' * 100}"
    lines = shown(a_plan(turn_off(), turn_off(long))).splitlines()
    assert f"- turn off    {long}Visio" not in lines
    assert lines[0] == f"- turn off    {long}    Visio Plan 2"
    assert lines[4].index("Visio Plan 2") == 14 + 64 + 4


def test_a_refusal_and_a_block_without_a_hint_show_none() -> None:
    plan = a_plan(blocked=(blocked(hint=""),))
    refusal = REFUSALS[0].__class__("frozen", "run", "frozen by ada", "")
    text = plan_text(plan, Verdict((), (refusal,)), NAMES)
    assert "hint:" not in text
    assert "specs/contoso/licences.yaml:40:11" in text


def test_many_of_an_account_that_could_not_be_read_take_a_line() -> None:
    many = tuple(unread(f"fabrikam/s{number}") for number in range(3_000))
    lines = shown(a_plan(blocked=(*many, blocked()))).splitlines()
    assert lines[:-1] == [
        "Blocked (3,001): cannot be carried out as things stand",
        "x cancel now    contoso/copilot-old    Microsoft Copilot for Microsoft 365",
        *lines[2:4],
        "x update        fabrikam               3,000 subscriptions; --format json has them all",
        "      sign-in-failed: the secret has expired",
        "      hint: renew it    specs/contoso/licences.yaml:5:5",
        "",
        "No changes. 3,001 blocked.",
    ]


def test_a_rule_names_a_few_of_its_products() -> None:
    rules = (RuleUse(at(33), 2_000, ("SPB",), "set recurring off"), RuleUse(at(34), 1, ()))
    assert shown(a_plan(rules=rules)).splitlines()[:2] == [
        "rule specs/contoso/licences.yaml:33:5 set recurring off: 2,000 matched (Microsoft 365 Business Premium)",
        "rule specs/contoso/licences.yaml:34:5: 1 matched",
    ]


def report(plan: Plan, *outcomes: OutcomeKind, **fields: Any) -> ApplyReport:
    """What became of the plan's changes, in order."""
    changes = tuple(ChangeReport(*pair) for pair in zip(plan.changes, outcomes, strict=True))
    return ApplyReport("run-1", changes, ledger_accounts=("contoso",), **fields)


def test_a_brief_report_shows_what_the_plan_did_not() -> None:
    plan = a_plan(turn_off(), cancel_now(), blocked=(blocked(),), headlines=("news",))
    done = report(plan, OutcomeKind.FAILED, OutcomeKind.SUCCEEDED)
    assert report_text(plan, Verdict(plan.changes), done, NAMES, brief=True) == (
        "- turned off       contoso/visio-plan-2         Visio Plan 2\n"
        "      undo: write `recurring: on` among its own keys, until 30 Nov 2026 00:00 UTC;\n"
        "        whether anything brings it back after that is not known\n"
        "To take it back, as a change of the specs: reconcile undo run-1\n"
        "\n"
        "Failed (1)\n"
        "x cancel now    contoso/copilot-duplicate    Microsoft Copilot for Microsoft 365\n"
        "\n"
        "Recorded: 1 turned off, 1 failed, 1 blocked. Nothing changed at a vendor: contoso is a ledger.\n"
    )


def test_a_brief_report_of_success_says_how_to_undo_it() -> None:
    plan = a_plan(turn_off(), a_change(Kind.REGISTER, "contoso/new"))
    done = report(plan, OutcomeKind.SUCCEEDED, OutcomeKind.SUCCEEDED)
    text = report_text(plan, Verdict(plan.changes), done, NAMES, undoing=a_way_back, brief=True)
    assert text == (
        "- turned off    contoso/visio-plan-2    Visio Plan 2\n"
        "      undo: write it again\n"
        "To take it back, as a change of the specs: reconcile undo run-1\n"
        "Recorded: 1 registered, 1 turned off. Nothing changed at a vendor: contoso is a ledger.\n"
    )


def a_way_back(_: Change) -> Undo:
    """What a person does who wants it back."""
    return Undo(possible=True, how="write it again")


def test_a_report_says_of_each_change_how_it_is_undone() -> None:
    plan = a_plan(turn_off(), cancel_now())
    done = report(plan, OutcomeKind.SUCCEEDED, OutcomeKind.FAILED)
    text = report_text(plan, Verdict(plan.changes), done, NAMES, undoing=a_way_back)
    assert text.count("undo: write it again\n") == 1
    assert "can be undone" not in text


def test_a_report_without_a_run_names_no_command() -> None:
    plan = a_plan(turn_off())
    done = replace(report(plan, OutcomeKind.SUCCEEDED), run=None)
    assert "reconcile undo" not in report_text(plan, Verdict(plan.changes), done, NAMES)


def test_a_report_tells_what_time_did_only_if_it_was_recorded() -> None:
    plan = a_plan(unchanged=3, **timed())
    told = report_text(plan, Verdict(()), ApplyReport("run-1", elapsed=plan.elapsed), NAMES)
    silent = report_text(plan, Verdict(()), ApplyReport(None), NAMES)
    assert ("Elapsed (14)" in told, "Elapsed" in silent) == (True, False)
    assert told.endswith("No changes. 3 subscriptions match their specs, 14 events of time recorded.\n")


@pytest.mark.parametrize(
    ("lineage", "said"),
    [
        pytest.param(None, f"  lineage: {LINEAGE}\n", id="an unpinned store: the line to pin"),
        pytest.param(LINEAGE, f"Created the store {LINEAGE}.\n", id="a pinned one: that it was created"),
    ],
)
def test_a_store_that_was_created_is_told(lineage: str | None, said: str) -> None:
    plan = a_plan(turn_off(), bindings=BINDINGS.__class__("a", "b", lineage, 0))
    done = report(plan, OutcomeKind.SUCCEEDED, created_store=True, lineage=LINEAGE)
    assert said in report_text(plan, Verdict(plan.changes), done, NAMES)


def test_findings_are_told_by_place_with_their_hints() -> None:
    found = [
        warning("b", "later", Location("specs/b.yaml", 1, 1)),
        error(
            "a", "unknown key", Location("specs/a.yaml", 14, 5), detail="'recuring'", hint="did you mean 'recurring'?"
        ),
        error("c", "no place"),
    ]
    assert diagnostics_text(found) == (
        "error: no place\n"
        "specs/a.yaml:14:5: error: unknown key 'recuring'\n"
        "  hint: did you mean 'recurring'?\n"
        "specs/b.yaml:1:1: warning: later\n"
    )
    assert diagnostics_text([]) == ""


def test_a_failure_is_told_with_its_hint() -> None:
    assert failure_text("no store", "make one") == "error: no store\n  hint: make one\n"
    assert failure_text("no store") == "error: no store\n"


def test_a_note_is_its_lines() -> None:
    assert note_text(["frozen", "since now"]) == "frozen\nsince now\n"
    assert note_text(["one"], colour=True) == "\x1b[1mone\x1b[0m\n"
    assert note_text([]) == ""


def test_refused_registrations_are_told_as_a_count() -> None:
    plan = a_plan(turn_off("fabrikam/a"), a_change(Kind.REGISTER, "contoso/a"), a_change(Kind.REGISTER, "contoso/b"))
    verdict = Verdict(tuple(item for item in plan.changes if item.key.account == "fabrikam"), REFUSALS[:1])
    done = ApplyReport("run-1", (ChangeReport(verdict.allowed[0], OutcomeKind.SUCCEEDED),))
    text = report_text(plan, verdict, done, NAMES)
    assert "Not applied, as refused (2)\nx register    contoso       2 subscriptions\n" in text
