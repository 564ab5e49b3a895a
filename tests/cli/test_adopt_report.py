"""What an import from a provider says of itself, and its exit code, from what it decided and did."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.changes import Refusal
from reconciler.cli.adopt_report import adopt_code, adopt_renders
from reconciler.importing.from_provider import Adoption
from reconciler.journal import ApplyReport, ChangeReport, Freeze, OutcomeKind
from reconciler.model import Status
from reconciler.observed import Obstacle
from reconciler.plan import Verdict
from tests.builders import NOW, a_seen
from tests.importing.shops import ACCOUNTS, Shop

DONE, FAILED, SKIPPED = OutcomeKind.SUCCEEDED, OutcomeKind.FAILED, OutcomeKind.SKIPPED
REFUSED = (Refusal("frozen", "run", "frozen by ada", "reconcile thaw"),)
WHY = {"9": Obstacle("unreachable", "no answer came", "run again")}


def decided(barred: bool = False) -> Adoption:
    """An import of two that live, and perhaps of one that cannot be read."""
    return Shop([a_seen("1", display_name="One"), a_seen("2", display_name="Two")], WHY if barred else {}).prepare()


def report_of(found: Adoption, *outcomes: OutcomeKind, **fields: Any) -> ApplyReport:
    done = tuple(ChangeReport(change, outcome) for change, outcome in zip(found.plan.changes, outcomes, strict=False))
    return replace(ApplyReport("run-1", done), **fields)


def rendered(
    found: Adoption, report: ApplyReport | None = None, verdict: Verdict | None = None, format_name: str = "text"
) -> str:
    shown = adopt_renders(found, verdict or Verdict(found.plan.changes), report, ACCOUNTS["shop"])[format_name](False)
    assert isinstance(shown, str | bytes)
    return shown if isinstance(shown, str) else shown.decode()


@pytest.mark.parametrize(
    ("outcomes", "fields", "barred", "code"),
    [
        ((DONE, DONE), {}, False, 0),
        ((DONE, DONE), {}, True, 5),
        ((DONE, FAILED), {}, False, 5),
        ((FAILED, FAILED), {}, False, 1),
        ((DONE, SKIPPED), {"interrupted": True}, False, 130),
        ((DONE, SKIPPED), {"frozen": Freeze("audit", NOW, "ada")}, False, 3),
        ((), {"refused": REFUSED}, True, 3),
    ],
)
def test_the_exit_code_is_the_worst_of_what_happened(
    outcomes: tuple[OutcomeKind, ...], fields: dict[str, Any], barred: bool, code: int
) -> None:
    found = decided(barred)
    verdict = Verdict((), REFUSED) if "refused" in fields else Verdict(found.plan.changes)
    assert adopt_code(found, verdict, report_of(found, *outcomes, **fields), detailed=False) == code


def test_a_dry_run_ends_with_0_unless_more_is_asked() -> None:
    nothing = Shop([a_seen(status=Status.DELETED)]).prepare()
    refused, clear = Verdict((), REFUSED), Verdict(())
    assert adopt_code(decided(), refused, None, detailed=False) == 0
    codes = [adopt_code(found, verdict, None, detailed=True) for found, verdict in (
        (decided(), refused), (decided(), clear), (Shop(unreadable=WHY).prepare(), clear), (nothing, clear)
    )]  # fmt: skip
    assert codes == [3, 2, 2, 0]


def test_what_was_not_recorded_is_told_and_nothing_is_said_of_a_dry_run() -> None:
    found = decided()
    assert rendered(found, report_of(found, DONE, SKIPPED)).endswith(
        "Imported: 1 adopted, 1 not recorded. Nothing changed at stripe.\n"
    )


def test_what_was_refused_is_told_with_the_way_out_and_was_not_written() -> None:
    found = decided()
    text = rendered(found, ApplyReport(None, refused=REFUSED), Verdict((), REFUSED))
    assert text.startswith("Refused by frozen: frozen by ada\n  hint: reconcile thaw\nWould write specs/shop.yaml:\n")
    assert text.endswith("Refused: nothing was written.\n")


def test_of_very_many_the_first_are_named_and_the_document_has_all() -> None:
    shop = Shop([a_seen(f"{number:03}", display_name=f"Plan {number}") for number in range(25)])
    shop.unreadable = {f"u{number:03}": Obstacle("unreachable", "no answer") for number in range(25)}
    twins = [a_seen(f"t{number:03}") for number in range(25)]
    shop.seen = (*shop.seen, *twins)
    lines = "".join(f"  a{item.id}: {{id: {item.id}}}\n" for item in twins)
    shop.files["specs/twin.yaml"] = f"version: 1\naccount: twin\nsubscriptions:\n{lines}"
    found = shop.prepare()
    text = rendered(found)
    assert text.count("  and 5 more\n") == 3
    assert "Left out, for another account declares them:\n  t000    twin/at000\n" in text
    assert "    hint: " not in text
    assert text.endswith("Import: 25 to adopt, 25 left out, 25 not to be taken.\n")
    document = json.loads(rendered(found, format_name="json"))
    assert [len(document[name]) for name in ("subscriptions", "elsewhere", "not_taken")] == [25, 25, 25]
    assert document["elsewhere"][0] == {"external_id": "t000", "subscription": "twin/at000"}


def test_the_document_says_what_became_of_each() -> None:
    found = decided()
    document = json.loads(rendered(found, report_of(found, DONE, FAILED), format_name="json"))
    assert [(item["external_id"], item["outcome"]) for item in document["changes"]] == [
        ("1", "succeeded"),
        ("2", "failed"),
    ]
    assert (document["run"], document["dry_run"], document["account"]) == ("run-1", False, "shop")
    refused = json.loads(rendered(found, ApplyReport(None), Verdict((), REFUSED), "json"))
    assert "outcome" not in refused["changes"][0]
    assert refused["refused"][0]["limit"] == "frozen"


def test_hostile_names_reach_no_terminal_and_no_workflow() -> None:
    shop = Shop([a_seen("::error::\x1b[31m", display_name="::error::x\n##[x]\x1b[31m"), a_seen("2", product="\x9b31m")])
    for format_name in ("text", "github", "markdown"):
        text = rendered(shop.prepare(), format_name=format_name)
        assert not any(sign in text for sign in ("\x1b", "\x9b", "##["))
        assert not any(line.lstrip().startswith("::") for line in text.splitlines())
