"""The document of `undo` holds what a program needs."""

from __future__ import annotations

import json

import pytest

from reconciler.counter.compose import CounterSpec
from reconciler.diagnostics import Location, warning
from reconciler.views.counter_json import counter_json
from tests.builders import NOW
from tests.counter.ledger import Ledger, spec

FOUND = (warning("unused-reason", "a reason for nothing", Location("a.yaml", 3, 1)),)


@pytest.fixture(name="found")
def a_counter_spec() -> CounterSpec:
    """A change with a patch, and a field without one."""
    ledger = Ledger()
    ledger.apply(spec("    recurring: on\n"))
    ledger.apply(spec("    recurring: off\n    owner: a\n"))
    return ledger.undo()


def test_the_document_says_what_the_patch_does_and_what_not(found: CounterSpec) -> None:
    document = json.loads(counter_json(found, as_of=NOW, diagnostics=FOUND))
    assert (document["command"], document["run"], document["actor"]) == ("undo", "run-2", "ada")
    assert (document["patch"], document["files"], document["events"]) == (found.patch, ["specs/contoso.yaml"], 0)
    update, pair = document["changes"]
    assert (update["kind"], update["fields"], update["answer"], update["until"]) == ("update", ["owner"], "none", None)
    assert update["why"] == "it had none before, and no spec can say that again"
    assert pair == {
        "subscription": "contoso/visio",
        "kind": "turn-off-recurring",
        "fields": [],
        "before": {"recurring": "on", "cancellation": "none", "term_end": "2027-03-01"},
        "after": {"recurring": "off", "cancellation": "none"},
        "answer": "patch",
        "lines": ["recurring: on"],
        "until": "2027-03-01T00:00:00Z",
        "why": "",
        "instead": "",
        "source": {"file": "specs/contoso.yaml", "line": 4, "column": 3},
    }
    assert [item["code"] for item in document["diagnostics"]] == ["unused-reason"]
