"""Which view renders which format: a plan as one document, or as the same in lines; why there is none, in lines too."""

from __future__ import annotations

import orjson

from reconciler.cli.app import Failure
from reconciler.cli.output import Rendered
from reconciler.cli.rendering import failure_render, pass_renders
from reconciler.diagnostics import Location, error
from reconciler.settings import AccountSettings
from tests.views.cases import cases


def whole(rendered: Rendered) -> bytes:
    """All its parts."""
    assert not isinstance(rendered, str | bytes)
    return b"".join(part.encode() if isinstance(part, str) else part for part in rendered)


def test_an_apply_is_rendered_as_a_document_and_in_lines_part_by_part() -> None:
    case = cases()["recorded"]
    renders = pass_renders(case.plan, case.verdict, case.report, {"contoso": AccountSettings("contoso")})
    document = orjson.loads(whole(renders["json"](False)))
    head, *lines = map(orjson.loads, whole(renders["jsonl"](False)).splitlines())
    assert (document["command"], head["command"]) == ("apply", "apply")
    assert len(document["changes"]) == sum(line["line"] == "changes" for line in lines)
    assert head["fingerprint"] == document["fingerprint"]


def test_a_failure_in_lines_names_its_code_and_every_finding() -> None:
    found = (error("unknown-key", "unknown key", Location("a.yaml", 3, 1)),)
    failure = Failure("spec-errors", "1 error", "mend it", 1, found, "plan")
    head, *findings = map(orjson.loads, failure_render("jsonl", failure, found).splitlines())
    assert (head["line"], head["error"]["code"]) == ("head", "spec-errors")
    assert [finding["code"] for finding in findings] == ["unknown-key"]
