"""Workflow commands: the worst first, ten of a level, one line each, and what was left out is said."""

from __future__ import annotations

import pytest

from reconciler.changes import Kind, Listed
from reconciler.diagnostics import Diagnostic, Location, Severity, error
from reconciler.journal import ApplyReport, ChangeReport, OutcomeKind
from reconciler.plan import Verdict
from reconciler.views.github import diagnostics_github, plan_github
from tests.builders import a_change
from tests.views.cases import Case, a_plan, at, blocked, cancel_now, cases, key, real_names, timed, turn_off
from tests.views.outside_cases import unread

NAMES = real_names()


def lines(case: Case) -> list[str]:
    """The case's lines."""
    return plan_github(case.plan, case.verdict, case.names, report=case.report).splitlines()


@pytest.mark.parametrize("name", cases())
def test_every_line_is_a_command_the_cut_or_the_summary(name: str) -> None:
    case = cases()[name]
    printed = lines(case)
    if case.report is None:
        assert printed.pop().startswith("Renew within")
    *commands, summary = printed
    assert not summary.startswith("::")
    for level in ("error", "warning", "notice"):
        assert sum(line.startswith(f"::{level} ") for line in commands) <= 10
    levels = [line.split(" ")[0] for line in commands if line.startswith("::")]
    assert levels == sorted(levels, key=["::error", "::warning", "::notice"].index)
    beside = [line.split(" ")[0] for line in commands if not line.startswith("::")]
    assert set(beside) <= {"Annotated:", "Avoided:", "1", "2", "The"}


def test_what_was_left_out_is_said() -> None:
    plan = a_plan(
        *(cancel_now(f"contoso/a{number}") for number in range(25)), *(turn_off(f"contoso/b{n}") for n in range(11))
    )
    found = plan_github(plan, Verdict(plan.changes), NAMES).splitlines()
    assert found[-4] == (
        "Annotated: 10 of 25 warnings, 10 of 11 notices; GitHub shows no more in one step. "
        "The other formats hold them all."
    )


def test_a_place_is_asked_for_only_if_it_is_shown() -> None:
    asked = []

    class Place:
        file = "a.yaml"

        @property
        def location(self) -> Location:
            asked.append(self)
            return Location(self.file, 3, 1)

    plan = a_plan(*(turn_off(f"contoso/b{number:03}", place=Place()) for number in range(100)))
    plan_github(plan, Verdict(plan.changes), NAMES)
    assert len(asked) == 10


def test_an_annotation_says_what_follows_and_why_at_its_place() -> None:
    plan = a_plan(turn_off(), cancel_now(reason=None, product=""))
    assert plan_github(plan, Verdict(plan.changes), NAMES).splitlines() == [
        (
            "::warning file=specs/contoso/licences.yaml,line=31,col=13,title=cancel now%3A contoso/copilot-duplicate"
            "::users lose access at once; data deleted 21 Feb 2027; cannot be undone; window closes in 4 d"
            "%0Asaves 1692.00 EUR a year from 20 Nov 2027; "
            "refund 1673.45 EUR, prorated: 361 of 365 days left, rounded down; window closes 27 Nov 2026 00:00 UTC"
        ),
        (
            "::notice file=specs/contoso/licences.yaml,line=22,col=16,"
            "title=turn off%3A contoso/visio-plan-2 (Visio Plan 2)"
            "::last day 29 Nov 2026, then 30 days expired; saves 13.10 EUR a month; can be undone until then"
            "%0Aaccess ends 30 Dec 2026 00:00 UTC; data deleted 30 Mar 2027%0Awhy: team moved to another tool"
        ),
        "The first of these can no longer be undone as soon as it is applied.",
        "Plan: 1 to cancel now, 1 to turn off.",
        "Renew within 30 days, undecided: 0.",
    ]


def test_what_is_due_scheduled_and_elapsed_informs() -> None:
    plan = a_plan(**timed())
    found = plan_github(plan, Verdict(()), NAMES).splitlines()
    place = "::notice file=specs/contoso/licences.yaml,line=90,col=5,"
    assert found[:3] == [
        (
            f"{place}title=undecided%3A contoso/business-premium"
            "::renews 14 Dec 2026 for a year: 6180.00 EUR; owner it@contoso.example"
        ),
        f"{place}title=undecided%3A contoso/sentinel::renews 20 Dec 2026 for a year: 120.00 USD (last charge)",
        "::notice title=undecided%3A contoso/old-thing::renews 22 Dec 2026 for a year: not known",
    ]
    assert "title=scheduled for 1 Feb 2027%3A cancel at renewal contoso/power-bi::`cancel: at-renewal`%0A" in found[3]
    assert found[4].endswith("no change contoso/teams::`recurring: on`, which it will be already")
    assert found[5] == "::notice title=elapsed::what time did: 12 renewed, 1 expired, 1 disabled"
    assert found[-1] == "Renew within 30 days, undecided: 3, 6180.00 EUR, 120.00 USD and 1 not known."


def test_what_was_made_says_how_it_is_undone() -> None:
    plan = a_plan(turn_off())
    report = ApplyReport("run-1", (ChangeReport(plan.changes[0], OutcomeKind.SUCCEEDED),))
    found = plan_github(plan, Verdict(plan.changes), NAMES, report=report)
    assert "%0Aundo: write `recurring: on` among its own keys, until 30 Nov 2026 00:00 UTC; whether" in found
    assert "can be undone" not in found
    assert "Renew within" not in found


def test_an_annotation_without_a_message_says_its_title() -> None:
    plan = a_plan(a_change(Kind.UPDATE, before={}, after={}))
    assert "title=update%3A contoso/visio-plan-2::update: contoso/visio-plan-2" in plan_github(plan, Verdict(()), NAMES)


def test_what_cannot_be_read_and_what_is_overdue_warn_first() -> None:
    case = cases()["outside"]
    found = plan_github(case.plan, case.verdict, case.names).splitlines()
    warnings = [line.split("title=")[1] for line in found if line.startswith("::warning")]
    assert warnings[0] == (
        "not observed%3A fabrikam::could not be read: sign-in-failed: the secret has expired%0Alast observed 2 d ago"
    )
    assert warnings[1].startswith("overdue%3A cancel now kiosk/project::overdue since 21 Nov 2026; begun 2 Nov 2026; ")
    assert [text.partition("%3A")[0] for text in warnings[2:]] == ["blocked", "held", "held"]
    (seen,) = (line for line in found if "title=observed" in line)
    assert seen.startswith("::notice title=observed::stripe-us: 12 subscriptions are declared by no file: ")
    assert sum("title=pending%3A" in line for line in found) == 3


def test_an_estate_that_was_observed_just_now_needs_no_annotation() -> None:
    case = cases()["outside-fresh"]
    assert "observed" not in plan_github(case.plan, case.verdict, case.names).lower()


def test_what_was_begun_informs_and_is_not_among_what_was_done() -> None:
    case = cases()["outside-applied"]
    found = plan_github(case.plan, case.verdict, case.names, report=case.report).splitlines()
    told = [line.split("title=")[1] for line in found if "title=" in line]
    assert "task issued%3A turn off kiosk/visio::for a person to do, and not done yet: reconcile tasks" in told
    assert any(text.startswith("under way%3A turn off contoso/visio-plan-2::begun at the provider") for text in told)
    assert not any(text.startswith(("turned off%3A kiosk", "turned off%3A contoso/visio-plan-2")) for text in told)
    assert any("failed%3A turn off contoso/visio-plan-3::busy: another change" in text for text in told)
    assert any("note: settled by reading: the answer was lost" in text for text in told)


def test_many_of_an_account_that_could_not_be_read_are_one_warning() -> None:
    many = tuple(unread(f"fabrikam/s{number}") for number in range(3_000))
    found = plan_github(a_plan(blocked=(*many, blocked(hint=""))), Verdict(()), NAMES).splitlines()
    assert len([line for line in found if line.startswith("::")]) == 2
    assert found[1] == (
        "::warning file=specs/contoso/licences.yaml,line=5,col=5,title=blocked%3A update fabrikam%3A "
        "3%2C000 subscriptions; --format json has them all::sign-in-failed: the secret has expired%0Ahint: renew it"
    )


def test_blocked_and_held_warn() -> None:
    held = Listed(key("contoso/teams"), "turned off outside", "", at(5))
    found = plan_github(a_plan(blocked=(blocked(hint=""),), held=(held,)), Verdict(()), NAMES).splitlines()
    assert [line.split("title=")[1] for line in found[:2]] == [
        (
            "blocked%3A cancel now contoso/copilot-old::"
            "confirmation-missing: an immediate cancellation cannot be undone and needs a confirmation"
        ),
        "held%3A contoso/teams::turned off outside",
    ]


def test_findings_have_the_level_of_their_severity() -> None:
    found = [Diagnostic(severity, severity.value, "odd") for severity in Severity]
    assert (
        diagnostics_github(found)
        == "::error title=error::odd\n::warning title=warning::odd\n::notice title=note::odd\n"
    )
    assert diagnostics_github([]) == ""


def test_more_errors_than_github_shows_are_counted() -> None:
    found = diagnostics_github([error("a", "b", at(number)) for number in range(1, 13)]).splitlines()
    assert (len(found), found[-1].startswith("Annotated: 10 of 12 errors;")) == (11, True)


def test_a_file_name_cannot_end_its_property() -> None:
    (line,) = diagnostics_github([error("a", "b", Location("specs/a,line=9::b%0A.yaml", 3, 1))]).splitlines()
    assert line == "::error file=specs/a%2Cline=9%3A%3Ab%250A.yaml,line=3,col=1,title=a::b"
