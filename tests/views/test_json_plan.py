"""The values of a plan's document: every list by its name and number, item by item; a long document in parts."""

from __future__ import annotations

import orjson
import pytest

from reconciler.plan import Verdict
from reconciler.views.json import plan_json, plan_json_parts
from reconciler.views.json_plan import PlanValues
from reconciler.views.undo_words import by_no_policy
from tests.views.cases import REFUSALS, a_plan, cases, real_names, turn_off


@pytest.mark.parametrize("name", [name for name, case in cases().items() if "json" in case.formats])
def test_every_list_has_as_many_items_as_it_says(name: str) -> None:
    case = cases()[name]
    document = PlanValues(case.plan, case.verdict, case.names, case.report, by_no_policy)
    found = {name: (count, len(list(items))) for name, count, items in document.lists()}
    assert all(said == there for said, there in found.values())
    shared = found.keys() & document.fields()["summary"].keys()
    pending = {"pending"} if case.report is not None else set()
    assert all(document.fields()["summary"][name] == found[name][0] for name in shared - pending)


@pytest.mark.parametrize("pretty", [True, False])
@pytest.mark.parametrize("count", [0, 1, 64, 65, 200])
def test_a_document_in_parts_is_the_document(count: int, pretty: bool) -> None:
    plan = a_plan(*(turn_off(f"contoso/n{number:03}", reason="in\ntwo lines") for number in range(count)))
    verdict = Verdict(plan.changes)
    whole = plan_json(plan, verdict, command="plan", names=real_names(), pretty=pretty)
    option = orjson.OPT_APPEND_NEWLINE | (orjson.OPT_INDENT_2 if pretty else 0)
    assert whole == orjson.dumps(orjson.loads(whole), option=option)
    assert len(orjson.loads(whole)["changes"]) == count


def test_no_part_holds_more_than_some_of_the_changes() -> None:
    plan = a_plan(*(turn_off(f"contoso/n{number:04}") for number in range(1_000)))
    parts = list(plan_json_parts(plan, Verdict(plan.changes), command="plan", names=real_names()))
    assert max(map(len, parts)) * 10 < sum(map(len, parts))


def test_what_no_brake_passed_names_the_brake_of_its_account() -> None:
    case = cases()["recorded"]
    assert case.report is not None
    nothing = type(case.report)("run-1", ())
    document = PlanValues(case.plan, Verdict((), REFUSALS[:1]), case.names, nothing, by_no_policy)
    changes = next(iter(document.lists()))[2]
    errors = {str(item["subscription"]).split("/")[0]: item["error"] for item in changes if isinstance(item, dict)}
    assert errors == {"contoso": "refused: max-endings", "fabrikam": "not applied"}
