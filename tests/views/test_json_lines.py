"""JSON lines hold what the document holds, to the letter, and are made as they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from reconciler.changes import Change, Kind
from reconciler.diagnostics import Location, error
from reconciler.plan import Plan, Verdict
from reconciler.views.json import plan_json
from reconciler.views.json_lines import failure_json_lines, plan_json_lines
from tests.builders import a_change
from tests.views.cases import HOSTILE, NOW, Case, a_plan, cases, real_names, turn_off

SHOWN = [name for name, case in cases().items() if "json" in case.formats]


def lines(case: Case) -> Iterator[dict[str, Any]]:
    """A case's lines, read back."""
    command = "plan" if case.report is None else "apply"
    parts = plan_json_lines(case.plan, case.verdict, command=command, names=case.names, report=case.report)
    return map(orjson.loads, b"".join(parts).splitlines())


@pytest.mark.parametrize("name", SHOWN)
def test_put_together_again_they_are_the_document(name: str) -> None:
    case = cases()[name]
    command = "plan" if case.report is None else "apply"
    document = orjson.loads(plan_json(case.plan, case.verdict, command=command, names=case.names, report=case.report))
    head, *rest = lines(case)
    counts = head.pop("lines")
    assert (head.pop("line"), head.pop("error")) == ("head", None)
    found: dict[str, Any] = {**head, **{name: [] for name in counts}}
    for item in rest:
        name = item.pop("line")
        found[name].append(item["subscription"] if name == "unmanaged" else item)
    assert found == document
    assert {name: len(found[name]) for name in counts} == counts


def test_every_list_comes_in_the_order_in_which_the_head_counts_them() -> None:
    head, *rest = lines(cases()["everything-beside"])
    order = list(head["lines"])
    assert [order.index(item["line"]) for item in rest] == sorted(order.index(item["line"]) for item in rest)
    assert {item["line"] for item in rest} == {name for name, count in head["lines"].items() if count}


def test_nothing_is_made_before_it_is_asked_for() -> None:
    class Asked(Exception):
        """It was."""

    def names(account: str, code: str) -> str:
        raise Asked

    plan = a_plan(turn_off())
    parts = plan_json_lines(plan, Verdict(plan.changes), command="plan", names=names)
    assert orjson.loads(next(parts))["line"] == "head"
    with pytest.raises(Asked):
        next(parts)


def test_no_text_breaks_a_line_or_commands_a_terminal() -> None:
    parts = list(lines(cases()["hostile"]))
    raw = b"".join(plan_json_lines(cases()["hostile"].plan, Verdict(()), command="plan", names=real_names())).decode()
    assert raw.count("\n") == len(parts) - 1  # without the refusal
    assert all(char.isprintable() or char == "\n" for char in raw)
    assert "##[" not in raw
    assert any(item.get("reason") == HOSTILE for item in parts)


def test_a_name_that_is_no_text_is_spelled_out() -> None:
    broken = "caf\udce9.yaml"
    changes: tuple[Change, ...] = tuple(
        a_change(Kind.UPDATE, f"contoso/n{number}", place=Location(broken if number == 1 else "a.yaml"))
        for number in range(3)
    )
    plan: Plan = a_plan(*changes)
    raw = b"".join(plan_json_lines(plan, Verdict(changes), command="plan", names=real_names()))
    assert [orjson.loads(line).get("source", {}).get("file") for line in raw.splitlines()[1:]] == [
        "a.yaml",
        "caf\\udce9.yaml",
        "a.yaml",
    ]


def test_a_failure_is_a_head_and_its_findings() -> None:
    found = (error("unknown-key", "unknown key", Location("a.yaml", 3, 1)),)
    text = failure_json_lines("plan", found, NOW, "spec-errors", "1 error", "mend it")
    head, finding = map(orjson.loads, text.splitlines())
    assert head["error"] == {"code": "spec-errors", "message": "1 error", "hint": "mend it"}
    assert (head["line"], head["lines"], head["fingerprint"]) == ("head", {"diagnostics": 1}, None)
    assert (finding["line"], finding["code"]) == ("diagnostics", "unknown-key")
