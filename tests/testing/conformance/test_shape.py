from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.answers import Pace
from reconciler.testing.conformance.shape import Shape
from tests.testing.conformance.acme import SETTINGS
from tests.testing.conformance.acme_provider import AcmeReader
from tests.testing.conformance.broken import Wrong, unbroken
from tests.testing.conformance.heavy import HeavyProvider, WordyProvider

PACE = "test_its_pace_is_one_that_can_be_kept"
VERBS = "test_what_an_apply_gets_has_every_verb"
PORTS = "test_it_is_a_provider_of_these_ports"
NO_VERB = "test_what_planning_gets_can_read_and_has_no_verb"
ACCOUNT = "test_the_account_of_the_bench_is_one_that_settings_can_have"
LIGHT = "test_loading_it_imports_no_library"
PLAIN = Pace(1.0, 1.0, source="acme.example")


def closed_once(self: Any) -> None:
    if vars(self).setdefault("closed", False):
        raise RuntimeError("closed already")
    self.closed = True


def asking_at_once(self: Any, opening: Any, wire: Any) -> None:
    AcmeReader.__init__(self, opening, wire)
    self.check()


WRONGS = [
    Wrong(PORTS, "version 2 of the ports", words={"api_version": 2}),
    Wrong(PORTS, "calls itself emca", words={"name": "emca"}),
    Wrong(PORTS, "no proper secrets", words={"secrets": ["token"]}),
    Wrong(PORTS, "without a meaning: region", words={"options": {"region": " "}}),
    Wrong("test_its_lifecycle_is_one_that_ships", "called eternal", words={"lifecycle": "eternal"}),
    Wrong(ACCOUNT, "lacks what the provider requires: zone", words={"required": ("tenant", "zone")}),
    Wrong(ACCOUNT, "does not know: region", words={"options": {}, "required": ()}),
    Wrong(ACCOUNT, "names stripe, and not acme", bench={"account": replace(SETTINGS, provider="stripe")}),
    Wrong(
        ACCOUNT,
        "of the product's own",
        words={"name": "manual"},
        bench={"account": replace(SETTINGS, provider="manual")},
    ),
    Wrong(LIGHT, "imports urllib3", made=HeavyProvider),
    Wrong(LIGHT, "cannot be made without words", made=lambda: WordyProvider("some")),
    Wrong(NO_VERB, "it has cancel_now", reading={"cancel_now": print}),
    Wrong(NO_VERB, "lacks whoami", reading={"whoami": None}),
    Wrong(VERBS, "lacks poll", writing={"poll": None}),
    Wrong(VERBS, "`idempotent` is neither", writing={"idempotent": "yes"}),
    Wrong(VERBS, "`settles_within` is inf", writing={"settles_within": float("inf")}),
    Wrong(PACE, r"is \(0.0, 1.0\) requests", reading={"pace": replace(PLAIN, reads=0.0)}),
    Wrong(PACE, "allows 0 threads", reading={"pace": replace(PLAIN, threads=0)}),
    Wrong(PACE, "where the limits are published", reading={"pace": replace(PLAIN, source="")}),
    Wrong(PACE, "burst of -1", reading={"pace": replace(PLAIN, burst=-1)}),
    Wrong(PACE, "`pace` is 5", reading={"pace": 5}),
    Wrong("test_opening_it_asks_nobody", "must ask nobody yet", reading={"__init__": asking_at_once}),
    Wrong("test_closing_it_twice_does_no_harm", "raised RuntimeError", reading={"close": closed_once}),
]


@pytest.mark.parametrize("wrong", WRONGS, ids=str)
def test_the_suite_catches_what_is_wrong(wrong: Wrong) -> None:
    wrong.is_caught(Shape)


def test_every_fact_can_fail() -> None:
    assert unbroken(Shape, WRONGS) == set()
