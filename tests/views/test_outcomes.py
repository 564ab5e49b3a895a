"""What an apply did not do: by name where there is little of it, summed up and with its reasons where there is much."""

from __future__ import annotations

from reconciler.changes import Kind
from reconciler.journal import ApplyReport, ChangeReport, OutcomeKind
from reconciler.plan import Verdict
from reconciler.views.abridged import MANY, WHOLE, parted
from reconciler.views.layout import Layout
from reconciler.views.outcomes import held_back, not_done
from reconciler.views.paint import paint
from reconciler.views.words import VERBS
from tests.builders import a_change
from tests.views.cases import NOW, a_plan, cancel_now, real_names, turn_off


def reported(outcome: OutcomeKind, count: int, **fields: str) -> ApplyReport:
    """So many with that outcome, one of them an immediate cancellation."""
    changes = [turn_off(f"contoso/n{number:05}") for number in range(count - 1)]
    reports = [ChangeReport(change, outcome, **fields) for change in changes]
    return ApplyReport("run-1", (*reports, ChangeReport(cancel_now("z/last"), outcome, **fields)))


def shown(report: ApplyReport) -> list[str]:
    """Its only section as it is printed."""
    (section,) = not_done(report)
    layout = Layout(real_names(), parted([turn_off()]), VERBS, NOW)
    return paint(section.lines(layout), colour=False).splitlines()


def test_of_very_many_failures_the_reasons_are_counted_and_the_worst_are_named() -> None:
    lines = shown(reported(OutcomeKind.FAILED, MANY + 1, error="it is busy", code="throttled"))
    assert lines[0] == "Failed (201)"
    assert [line.split()[1:4] for line in lines[1:3]] == [["cancel", "now", "1"], ["turn", "off", "200"]]
    assert lines[3] == "      201 x throttled: it is busy"
    assert "z/last" in lines[4]
    assert lines[-1] == "  … and 181 more"


def test_few_failures_are_all_named() -> None:
    assert len(shown(reported(OutcomeKind.FAILED, MANY, error="it is busy"))) == 1 + 2 * MANY


def test_what_may_have_happened_is_named_far_longer() -> None:
    assert len(shown(reported(OutcomeKind.UNKNOWN, WHOLE))) == 1 + WHOLE
    lines = shown(reported(OutcomeKind.UNKNOWN, WHOLE + 5))
    assert lines[-1] == "  … and 5 more"
    assert len(lines) == 1 + 2 + WHOLE + 1


def test_very_many_reasons_are_cut_too() -> None:
    reports = tuple(
        ChangeReport(turn_off(f"contoso/n{number}"), OutcomeKind.FAILED, f"reason {number}") for number in range(300)
    )
    lines = shown(ApplyReport("run-1", reports))
    assert lines[2:8] == [
        *(f"      1 x reason {number}" for number in (0, 1, 10, 100, 101)),
        "  … and 295 more reasons",
    ]


def test_refused_records_in_very_many_accounts_are_cut() -> None:
    new = [a_change(Kind.REGISTER, f"t{number:03}/a") for number in range(MANY + 1)]
    plan = a_plan(*new, turn_off("zzz/last"))
    layout = Layout(real_names(), parted(plan.changes), VERBS, NOW)
    (section,) = held_back(plan, Verdict(()), layout)
    lines = paint(section.lines(layout), colour=False).splitlines()
    assert lines[0] == "Not applied, as refused (202)"
    assert "zzz/last" in lines[1]
    assert lines[-1] == "  … and 181 more accounts"
    assert section.shortened
    assert held_back(plan, Verdict(plan.changes), layout) == []
