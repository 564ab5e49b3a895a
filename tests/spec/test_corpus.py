"""The models and the published schemas judge the corpus alike, and every stated finding is the one that is told."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reconciler.diagnostics import Severity
from reconciler.spec import load_specs
from reconciler.spec.scalars import Broken
from reconciler.spec.schema import FILES, spec_schema
from tests.spec.corpus import estate, estates, expected, findings, shown, single_files, text_of
from tests.spec.reading import ACCOUNTS, PROVIDERS, brief, parsed

VALIDATORS = {
    kind: Draft202012Validator(spec_schema(kind), format_checker=Draft202012Validator.FORMAT_CHECKER) for kind in FILES
}


def judged(kind: str, text: str) -> list[str]:
    """What a schema finds in a file, as an editor that knows YAML 1.2 would put it to it."""
    instance = as_json(parsed(text).data)
    return [error.message for error in VALIDATORS[kind].iter_errors(instance)]


def as_json(value: Any) -> Any:
    """The values with null where there is none."""
    if isinstance(value, dict):
        return {key: as_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_json(inner) for inner in value]
    return None if isinstance(value, Broken) else value


@pytest.mark.parametrize(("kind", "name"), single_files("good"))
def test_models_and_schema_find_nothing_in_a_good_file(kind: str, name: str) -> None:
    text = text_of("good", kind, name)
    assert [item for item in findings(kind, text) if item.severity is Severity.ERROR] == []
    assert judged(kind, text) == []


@pytest.mark.parametrize(("kind", "name"), single_files("bad"))
def test_models_and_schema_both_refuse_a_bad_file(kind: str, name: str) -> None:
    text = text_of("bad", kind, name)
    stated = expected("bad", kind, name)
    assert stated
    assert brief(findings(kind, text)) == stated
    assert judged(kind, text)


@pytest.mark.parametrize("name", estates())
def test_what_no_schema_can_see_is_found_all_the_same(name: str) -> None:
    files, stated = estate(name)
    assert stated
    assert list(shown(load_specs(files, ACCOUNTS, PROVIDERS).diagnostics)) == stated


def test_the_corpus_is_there() -> None:
    assert len(single_files("good")) >= 20
    assert len(single_files("bad")) >= 100
    assert len(estates()) >= 20
