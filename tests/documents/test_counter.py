"""The schema of `undo`: every document that we print is valid by it, and no field of one unknown to it."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from reconciler.counter.compose import CounterSpec
from reconciler.documents.counter import CounterDocument, schema
from reconciler.views.counter_json import counter_json
from reconciler.views.json import failure_json
from tests.builders import NOW
from tests.counter.ledger import Ledger, spec


@pytest.fixture(name="found")
def a_counter_spec() -> CounterSpec:
    """A change with a patch, and a field without one."""
    ledger = Ledger()
    ledger.apply(spec("    recurring: on\n"))
    ledger.apply(spec("    recurring: off\n    owner: a\n"))
    return ledger.undo()


def test_what_is_printed_is_valid_and_no_field_of_it_unknown(found: CounterSpec) -> None:
    document = json.loads(counter_json(found, as_of=NOW))
    Draft202012Validator.check_schema(schema())
    Draft202012Validator(schema()).validate(document)
    assert document.keys() - schema()["properties"].keys() == set()
    assert document["changes"][0].keys() == schema()["$defs"]["CounterPart"]["properties"].keys()
    CounterDocument.model_validate_json(counter_json(found, as_of=NOW))


def test_a_failure_is_a_document_of_the_same_kind() -> None:
    text = failure_json("undo", (), None, "no-such-run", "no run is called so")
    found = CounterDocument.model_validate_json(text)
    assert (found.run, found.changes) == (None, [])


def test_another_answer_is_no_answer(found: CounterSpec) -> None:
    text = counter_json(found, as_of=NOW).replace(b'"answer": "none"', b'"answer": "maybe"')
    with pytest.raises(ValidationError):
        CounterDocument.model_validate_json(text)
