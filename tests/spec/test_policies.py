"""The models of policies: they speak of what a lifecycle is made of, and tell mistyped words from mistyped numbers."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from pydantic import ValidationError

from reconciler.changes import INTENTS
from reconciler.policy import Lifecycle
from reconciler.spec import policies
from reconciler.spec.policies import MATTERS, LifecycleBlock, SideEffectsBlock


def test_a_policy_speaks_of_everything_that_a_lifecycle_is_made_of() -> None:
    assert {"name", "summary", *MATTERS, "side_effects"} == {field.name for field in fields(Lifecycle)}


def test_side_effects_are_those_of_changes_of_the_pair() -> None:
    verbs = {field.alias or name for name, field in SideEffectsBlock.model_fields.items()}
    assert verbs == {kind.value for kind in INTENTS}


@pytest.mark.parametrize(
    ("kind", "given", "problem"),
    [
        pytest.param(policies.DaysRule, {"days": "unknow"}, "literal_error", id="a word that is nearly unknown"),
        pytest.param(policies.DaysRule, {"days": "10"}, "int_type", id="a number as a text"),
        pytest.param(policies.DaysRule, {"days": True}, "int_type", id="true for a number"),
        pytest.param(policies.DaysRule, {"days": []}, "int_type", id="a list for a number"),
        pytest.param(policies.SeatsRule, {"at_most": "Any"}, "literal_error", id="a word that is nearly any"),
        pytest.param(policies.SeatsRule, {"at_most": "25"}, "int_type", id="seats as a text"),
        pytest.param(policies.ExtensionRule, {"when_off": "yes"}, "bool_type", id="yes"),
        pytest.param(policies.ExtensionRule, {"when_off": 1}, "bool_type", id="one for true"),
    ],
)
def test_a_mistake_is_told_as_what_was_meant(kind: Any, given: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError) as failure:
        kind.model_validate({"effective_from": "1970-01-01", "source": "x", **given})
    assert [error["type"] for error in failure.value.errors()] == [problem]


def test_the_schema_wants_all_of_a_policy_that_is_like_no_other() -> None:
    schema = LifecycleBlock.model_json_schema()
    assert schema["anyOf"] == [{"required": ["like"]}, {"required": list(MATTERS)}]
