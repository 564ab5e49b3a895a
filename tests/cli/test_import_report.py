"""What an import says of itself, and its exit code, from what it decided and did."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from reconciler.changes import Change, Kind, Refusal
from reconciler.cli.import_report import import_code, import_renders
from reconciler.importing.estate import Import
from reconciler.journal import ApplyReport, ChangeReport, Freeze, OutcomeKind
from reconciler.model import Recurring
from reconciler.plan import Verdict
from tests.builders import NOW
from tests.importing.estates import Estate
from tests.importing.files import a_row

REFUSED = (Refusal("max-endings", "contoso", "7 of 5", "--allow max-endings", 7, 5),)


def decided(protect: bool = False) -> Import:
    """An import of one new row, and of one that says otherwise than its record."""
    defaults = "version: 1\ndefaults: {protect: true}\n" if protect else "version: 1\ndefaults: {}\n"
    estate = Estate({"specs/_defaults.yaml": defaults})
    estate.take([a_row(id="7")])
    return estate.prepare([a_row(id="7", recurring=Recurring.OFF), a_row("Project", id="8")], update=True)


def report_of(found: Import, *outcomes: OutcomeKind, **fields: object) -> ApplyReport:
    changes: Sequence[Change] = found.plan.changes
    done = tuple(ChangeReport(change, outcome) for change, outcome in zip(changes, outcomes, strict=False))
    return replace(ApplyReport("run-1", done), **fields)  # type: ignore[arg-type]


DONE, FAILED, SKIPPED = OutcomeKind.SUCCEEDED, OutcomeKind.FAILED, OutcomeKind.SKIPPED


@pytest.mark.parametrize(
    ("outcomes", "fields", "code"),
    [
        ((DONE, DONE), {}, 0),
        ((DONE, FAILED), {}, 5),
        ((FAILED, FAILED), {}, 1),
        ((DONE, SKIPPED), {"interrupted": True}, 130),
        ((DONE, SKIPPED), {"frozen": Freeze("audit", NOW, "ada")}, 3),
        ((), {"refused": REFUSED}, 3),
    ],
)
def test_the_exit_code_is_the_worst_of_what_happened(
    outcomes: tuple[OutcomeKind, ...], fields: dict[str, object], code: int
) -> None:
    found = decided()
    assert [change.kind for change in found.plan.changes] == [Kind.REGISTER, Kind.TURN_OFF]
    verdict = Verdict((), REFUSED) if "refused" in fields else Verdict(found.plan.changes)
    assert import_code(found, verdict, report_of(found, *outcomes, **fields), detailed=False) == code


@pytest.mark.parametrize(
    ("refused", "detailed", "code"), [((), False, 0), ((), True, 2), (REFUSED, False, 0), (REFUSED, True, 3)]
)
def test_a_dry_run_has_its_own_codes(refused: tuple[Refusal, ...], detailed: bool, code: int) -> None:
    assert import_code(decided(), Verdict((), refused), None, detailed=detailed) == code


def test_a_dry_run_with_nothing_to_do_is_0() -> None:
    estate = Estate()
    estate.take([a_row()])
    again = estate.prepare([a_row()])
    assert import_code(again, Verdict(()), None, detailed=True) == 0
    assert import_renders(again, Verdict(()), None, "contoso", update=False)["text"](False) == (
        "Nothing to import: 1 unchanged.\n"
    )


def test_what_was_not_recorded_is_counted() -> None:
    found = decided()
    text = import_renders(found, Verdict(found.plan.changes), report_of(found, DONE, FAILED), "contoso", update=True)[
        "text"
    ](False)
    assert str(text).splitlines()[-1] == (
        "Imported: 1 registered, 1 not recorded. Nothing changed at a vendor: contoso is a ledger."
    )


def test_machines_get_what_is_blocked_and_what_came_of_each_change() -> None:
    found = decided(protect=True)
    renders = import_renders(found, Verdict(found.plan.changes), report_of(found, DONE), "contoso", update=True)
    printed = renders["json"](False)
    assert isinstance(printed, bytes)
    document = json.loads(printed)
    assert [(item["subscription"], item["code"]) for item in document["blocked"]] == [
        ("contoso/visio-plan-2", "protected")
    ]
    assert [(item["subscription"], item["outcome"]) for item in document["changes"]] == [
        ("contoso/project", "succeeded")
    ]
    assert import_code(found, Verdict(found.plan.changes), report_of(found, DONE), detailed=False) == 5
