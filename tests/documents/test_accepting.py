"""The document of `accept` is as its published model says."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from reconciler.documents.accepting import AcceptDocument, schema
from reconciler.views.accepting import accepting_json
from reconciler.views.json import failure_json
from tests.builders import NOW
from tests.views.test_accepting import TOLD


def test_what_is_printed_is_valid_and_no_field_of_it_unknown() -> None:
    document = accepting_json(TOLD, as_of=NOW)
    found = json.loads(document)
    Draft202012Validator.check_schema(schema())
    Draft202012Validator(schema()).validate(found)
    assert found.keys() - schema()["properties"].keys() == set()
    assert found["subscriptions"][0].keys() == schema()["$defs"]["AcceptPart"]["properties"].keys()
    assert AcceptDocument.model_validate_json(document).others == 3


def test_so_is_a_failure() -> None:
    AcceptDocument.model_validate_json(failure_json("accept", (), None, "accept-what", "it is not said"))


def test_an_answer_that_there_is_not_is_refused() -> None:
    text = accepting_json(TOLD, as_of=NOW).replace(b'"answer": "none"', b'"answer": "maybe"')
    with pytest.raises(ValidationError):
        AcceptDocument.model_validate_json(text)
