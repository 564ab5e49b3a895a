"""Every format of every case as it stands on disk.

GOLDEN=rewrite writes what is printed now; the diff is reviewed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.diagnostics import Location, error, warning
from reconciler.views.github import diagnostics_github, plan_github
from reconciler.views.json import failure_json, plan_json
from reconciler.views.markdown import failure_markdown, plan_markdown
from reconciler.views.text import diagnostics_text, failure_text, plan_text, report_text
from tests.views.cases import NOW, Case, cases

GOLDEN = Path(__file__).parents[1] / "golden" / "views"
CASES = cases()


def check(path: Path, printed: bytes) -> None:
    """What was printed is what stands in the file."""
    if os.environ.get("GOLDEN") == "rewrite":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(printed)
    assert path.read_bytes().decode() == printed.decode()


def rendered(case: Case, form: str) -> bytes:
    """The case in a format."""
    plan, verdict, names, report = case.plan, case.verdict, case.names, case.report
    match form:
        case "txt" if report is not None:
            return report_text(plan, verdict, report, names).encode()
        case "txt":
            return plan_text(plan, verdict, names).encode()
        case "json":
            command = "plan" if report is None else "apply"
            return plan_json(plan, verdict, command=command, names=names, report=report)
        case "md":
            return plan_markdown(plan, verdict, names, report).encode()
        case _:
            return plan_github(plan, verdict, names, report=report).encode()


@pytest.mark.parametrize(("name", "form"), [(name, form) for name, case in CASES.items() for form in case.formats])
def test_a_plan_is_printed_as_its_golden_file_shows(name: str, form: str) -> None:
    check(GOLDEN / name / f"plan.{form}", rendered(CASES[name], form))


def test_the_golden_folder_holds_nothing_that_no_case_prints() -> None:
    expected = {GOLDEN / name / f"plan.{form}" for name, case in CASES.items() for form in case.formats}
    expected |= {GOLDEN / "failure" / f"plan.{form}" for form in ("txt", "json", "md", "github")}
    assert {path for path in GOLDEN.rglob("*") if path.is_file()} == expected


FOUND = (
    warning("bom", "the file begins with a byte order mark", Location("specs/fabrikam.yaml")),
    error(
        "unknown-key",
        "unknown key",
        Location("specs/contoso.yaml", 14, 5),
        detail="'recuring'",
        hint="did you mean 'recurring'?",
    ),
    error("no-settings", "there is no reconcile.yaml here", hint="reconcile init writes one"),
)
MESSAGE = "2 errors; nothing was done"


def test_a_failure_is_printed_as_its_golden_files_show() -> None:
    folder = GOLDEN / "failure"
    check(folder / "plan.txt", (diagnostics_text(FOUND) + failure_text(MESSAGE, "mend them")).encode())
    check(folder / "plan.json", failure_json("plan", FOUND, NOW, "spec-errors", MESSAGE, "mend them"))
    check(folder / "plan.md", failure_markdown(FOUND, MESSAGE, "mend them, and `reconcile validate`").encode())
    check(folder / "plan.github", diagnostics_github(FOUND).encode())
