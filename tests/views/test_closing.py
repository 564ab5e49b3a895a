"""What became of an apply in words: a record is no deed, and what was begun is not done."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from reconciler.changes import Kind
from reconciler.events import EventKind
from reconciler.journal import ApplyReport, ChangeReport, OutcomeKind
from reconciler.plan import Plan, Verdict
from reconciler.views.closing import TASK, UNDER_WAY, after, begun, error_words, noted, report_summary
from reconciler.views.github import plan_github
from reconciler.views.json import plan_json
from reconciler.views.markdown import plan_markdown
from reconciler.views.text import report_text
from tests.builders import a_change
from tests.views.cases import REFUSALS, a_plan, blocked, cancel_now, event, real_names, turn_off
from tests.views.outside_cases import EVENTS, a_pending, outside_cases, overdue, under_way


def clear(plan: Plan) -> Verdict:
    """Nothing is refused."""
    return Verdict(plan.changes)


def applied(plan: Plan, *kinds: OutcomeKind, ledgers: tuple[str, ...] = ("contoso",)) -> ApplyReport:
    """A report of the plan's first changes with these outcomes."""
    changes = tuple(ChangeReport(*pair) for pair in zip(plan.changes, kinds, strict=False))
    return ApplyReport("run-1", changes, ledger_accounts=ledgers)


DONE_ONE, FAILED, UNKNOWN = OutcomeKind.SUCCEEDED, OutcomeKind.FAILED, OutcomeKind.UNKNOWN


@pytest.mark.parametrize(
    ("kinds", "ledgers", "words"),
    [
        pytest.param(
            (DONE_ONE, DONE_ONE, DONE_ONE),
            ("contoso",),
            "Recorded: 2 registered, 1 turned off. Nothing changed at a vendor: contoso is a ledger.",
            id="the example of the contract",
        ),
        pytest.param(
            (DONE_ONE, DONE_ONE, DONE_ONE),
            (),
            "Applied: 1 turned off at contoso; recorded: 2 registered.",
            id="at a vendor, beside records",
        ),
        pytest.param(
            (OutcomeKind.SKIPPED, UNKNOWN, FAILED),
            ("contoso",),
            "Nothing was written: 1 failed, 1 unknown, 1 not tried.",
            id="nothing succeeded",
        ),
        pytest.param(
            (OutcomeKind.INTENDED, DONE_ONE), (), "Recorded: 1 registered, 1 unknown, 1 refused.", id="cut off"
        ),
    ],
)
def test_the_summary_of_an_apply(kinds: tuple[OutcomeKind, ...], ledgers: tuple[str, ...], words: str) -> None:
    plan = a_plan(a_change(Kind.REGISTER, "contoso/a"), a_change(Kind.REGISTER, "contoso/b"), turn_off("contoso/c"))
    verdict = Verdict(plan.changes[: len(kinds)])
    assert report_summary(plan, verdict, applied(plan, *kinds, ledgers=ledgers)) == words


@pytest.mark.parametrize(
    ("plan", "refused", "words"),
    [
        pytest.param(
            a_plan(unchanged=45), False, "No changes. 45 subscriptions match their specs.", id="nothing to do"
        ),
        pytest.param(
            a_plan(turn_off(), blocked=(blocked(),)),
            True,
            "Refused: nothing was written; 1 refused, 1 blocked.",
            id="all of it refused",
        ),
        pytest.param(a_plan(turn_off()), False, "Nothing was written.", id="nothing tried"),
    ],
)
def test_the_summary_of_an_apply_that_wrote_nothing(plan: Plan, refused: bool, words: str) -> None:
    verdict = Verdict((), REFUSALS) if refused else clear(plan)
    assert report_summary(plan, verdict, ApplyReport(None)) == words


PASSED = tuple(event("contoso/a", EventKind.RENEWED, date(2026, month, 1)) for month in range(1, 4))


@pytest.mark.parametrize(
    ("plan", "verdict", "kinds", "words"),
    [
        pytest.param(
            a_plan(turn_off()),
            None,
            (DONE_ONE,),
            "Recorded: 1 turned off, 3 events of time recorded. Nothing changed at a vendor: contoso is a ledger.",
            id="beside a change",
        ),
        pytest.param(
            a_plan(turn_off()),
            None,
            (FAILED,),
            "Recorded: 1 failed, 3 events of time recorded.",
            id="where no change succeeded",
        ),
        pytest.param(
            a_plan(unchanged=45),
            None,
            (),
            "No changes. 45 subscriptions match their specs, 3 events of time recorded.",
            id="where there was no change",
        ),
        pytest.param(
            a_plan(turn_off()),
            Verdict((), REFUSALS),
            (),
            "Refused: no change was made; 1 refused, 3 events of time recorded.",
            id="where all changes were refused",
        ),
        pytest.param(
            a_plan(turn_off()), None, (), "No change was made, 3 events of time recorded.", id="where none was tried"
        ),
    ],
)
def test_what_time_did_is_counted(
    plan: Plan, verdict: Verdict | None, kinds: tuple[OutcomeKind, ...], words: str
) -> None:
    report = replace(applied(plan, *kinds), elapsed=PASSED)
    assert report_summary(plan, verdict or clear(plan), report) == words


def test_one_event_is_no_plural() -> None:
    report = ApplyReport("run-1", elapsed=PASSED[:1])
    assert report_summary(a_plan(unchanged=2), Verdict(()), report).endswith(", 1 event of time recorded.")


def test_many_ledgers_are_named_in_part() -> None:
    plan = a_plan(*(turn_off(f"{account}/x") for account in "abcde"))
    report = applied(plan, *[DONE_ONE] * 5, ledgers=tuple("abcde"))
    assert report_summary(plan, clear(plan), report).endswith(
        "Nothing changed at a vendor: a, b and 3 more are ledgers."
    )


ACCEPTED = OutcomeKind.ACCEPTED
AT_KIOSK = (turn_off("kiosk/a"), turn_off("kiosk/b"))


@pytest.mark.parametrize(
    ("plan", "kinds", "words"),
    [
        pytest.param(
            a_plan(cancel_now(), turn_off("contoso/x"), turn_off("contoso/y")),
            (DONE_ONE,) * 3,
            "Applied: 1 cancelled now, 2 turned off at contoso.",
            id="all of it at one provider",
        ),
        pytest.param(
            a_plan(*(turn_off(f"{account}/x") for account in "abcd")),
            (DONE_ONE,) * 4,
            "Applied: 4 turned off at a, b and 2 more.",
            id="at many",
        ),
        pytest.param(
            a_plan(a_change(Kind.ADOPT, "contoso/a"), a_change(Kind.RENAME, "contoso/b")),
            (DONE_ONE,) * 2,
            "Recorded: 1 adopted, 1 renamed.",
            id="only records of what a provider keeps",
        ),
        pytest.param(
            a_plan(turn_off("contoso/x"), turn_off("shelf/x"), a_change(Kind.REGISTER, "shelf/y")),
            (DONE_ONE,) * 3,
            "Applied: 1 turned off at contoso; recorded: 1 registered, 1 turned off. "
            "Nothing changed at a vendor: shelf is a ledger.",
            id="at a provider and in a ledger",
        ),
        pytest.param(
            a_plan(turn_off("contoso/x"), turn_off("contoso/y"), turn_off("shelf/x"), blocked=(blocked(),)),
            (DONE_ONE, UNKNOWN, DONE_ONE),
            "Applied: 1 turned off at contoso; recorded: 1 turned off; 1 unknown, 1 blocked. "
            "Nothing changed at a vendor: shelf is a ledger.",
            id="what is not done is called neither",
        ),
        pytest.param(a_plan(*AT_KIOSK), (ACCEPTED,) * 2, "2 tasks issued: reconcile tasks.", id="tasks alone"),
        pytest.param(
            a_plan(*AT_KIOSK, blocked=(blocked(),), pending=(overdue(), a_pending())),
            (ACCEPTED,) * 2,
            "2 tasks issued: reconcile tasks; 1 blocked, 2 pending (1 overdue).",
            id="tasks beside what is no change",
        ),
        pytest.param(
            a_plan(turn_off("contoso/x"), turn_off("contoso/y"), turn_off("kiosk/a")),
            (DONE_ONE, FAILED, ACCEPTED),
            "Applied: 1 turned off at contoso, 1 failed. 1 task issued: reconcile tasks.",
            id="tasks beside deeds",
        ),
        pytest.param(
            a_plan(turn_off("contoso/x"), turn_off("contoso/y")),
            (ACCEPTED, UNKNOWN),
            "Begun: 1 under way, 1 unknown.",
            id="under way at a provider",
        ),
        pytest.param(
            a_plan(turn_off("contoso/x"), turn_off("kiosk/a")),
            (ACCEPTED, ACCEPTED),
            "Begun: 1 under way. 1 task issued: reconcile tasks.",
            id="under way and issued",
        ),
        pytest.param(
            a_plan(a_change(Kind.UPDATE, "kiosk/a"), turn_off("kiosk/b")),
            (DONE_ONE, ACCEPTED),
            "Recorded: 1 updated. 1 task issued: reconcile tasks.",
            id="a person's account with a record of ours",
        ),
    ],
)
def test_what_was_begun_is_told_apart_from_what_is_done(plan: Plan, kinds: tuple[OutcomeKind, ...], words: str) -> None:
    report = replace(applied(plan, *kinds, ledgers=("shelf",)), manual_accounts=("kiosk",))
    assert report_summary(plan, clear(plan), report) == words


def test_what_an_apply_settled_is_not_called_pending_any_more() -> None:
    waiting, settled = under_way("contoso/a"), under_way("contoso/b")
    plan = a_plan(pending=(waiting, settled))
    report = ApplyReport("run-1", (ChangeReport(turn_off("contoso/b"), DONE_ONE),))
    assert after(plan, report).pending == (waiting,)
    assert after(plan, None) is plan
    assert report_summary(plan, Verdict(()), report) == "Applied: 1 turned off at contoso, 1 pending."
    for text in (
        report_text(plan, Verdict(()), report, real_names()),
        plan_markdown(plan, Verdict(()), real_names(), report),
        plan_github(plan, Verdict(()), real_names(), report=report),
        plan_json(plan, Verdict(()), command="apply", names=real_names(), report=report).decode(),
    ):
        assert "contoso/a" in text
        assert not any("pending" in line.lower() and "contoso/b" in line for line in text.splitlines())


def test_what_others_did_is_no_event_of_time() -> None:
    report = ApplyReport("run-1", elapsed=EVENTS)
    assert report_summary(a_plan(unchanged=2), Verdict(()), report).endswith(", 3 events recorded.")


def test_what_is_accepted_is_a_task_or_under_way() -> None:
    report = outside_cases()["outside-applied"].report
    assert report is not None
    found = {word: [str(item.change.key) for item in items] for word, items in begun(report).items()}
    assert found == {TASK: ["kiosk/visio"], UNDER_WAY: ["contoso/visio-plan-2"]}
    assert begun(ApplyReport("run-1")) == {}


def test_only_what_was_done_is_noted_as_done() -> None:
    report = outside_cases()["outside-applied"].report
    assert report is not None
    assert {str(key): note for (key, _), note in noted(report).items()} == {
        "contoso/copilot-duplicate": "settled by reading: the answer was lost"
    }


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param({}, "", id="nothing is known"),
        pytest.param({"error": "no"}, "no", id="an error of ours"),
        pytest.param({"error": "no", "code": "busy"}, "busy: no", id="an error at a provider"),
        pytest.param({"code": "busy"}, "busy", id="a code alone"),
        pytest.param({"error": "no", "note": "by reading"}, "no; by reading", id="with how it is known"),
        pytest.param({"note": "settled by reading"}, "settled by reading", id="only how it is known"),
    ],
)
def test_an_error_is_told_with_its_code_and_how_it_is_known(fields: dict[str, str], words: str) -> None:
    assert error_words(ChangeReport(turn_off(), OutcomeKind.FAILED, **fields)) == words
