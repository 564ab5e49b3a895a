"""One question: what is asked again, what is not, and what a provider may raise without it being our crash."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.answers import Pace
from reconciler.errors import Interrupted, ProviderTrouble, Unreachable
from reconciler.observed import Obstacle
from reconciler.outside.asking import Asker, anything, broken, nonsense, obstacle
from reconciler.outside.pacing import Pacer
from reconciler.outside.timing import never
from tests.outside.test_reading import a_vendor, look
from tests.outside.vendor import FAST, Hours, Vendor, shown


def asker(hours: Hours, stop: object = never, pace: Pace = FAST) -> Asker:
    timing = hours.timing()
    return Asker(Pacer(pace, timing), timing, stop)  # type: ignore[arg-type]


def test_one_is_read_as_it_is() -> None:
    vendor = Vendor({"a": shown("a")})
    assert asker(Hours()).get(vendor, "a") == shown("a")
    assert asker(Hours()).get(vendor, "b") is None


@pytest.mark.parametrize("field", ["product", "provider_status"])
def test_what_no_record_can_hold_is_unreadable_whichever_way_it_is_asked_for(field: str) -> None:
    odd = replace(shown("a"), **{field: "x\0y"})  # type: ignore[arg-type]
    seen = asker(Hours()).get(Vendor({"a": odd}), "a")
    assert seen == Obstacle("malformed-answer", f"its {field.replace('_', ' ')} holds a NUL", seen.hint)  # type: ignore[union-attr]
    listed = look(a_vendor(pages=[[odd, shown("b")]]))
    assert (dict(listed.unreadable), list(listed.subscriptions)) == ({"a": seen}, ["b"])


def test_asked_to_stop_a_question_is_not_asked_again() -> None:
    hours = Hours()
    vendor = Vendor(plays={"get a": [Unreachable("unreachable", "no answer")] * 3})
    with pytest.raises(Interrupted):
        asker(hours, lambda: vendor.called("get") == 2).get(vendor, "a")
    assert vendor.called("get") == 2


def test_what_was_begun_is_asked_to_the_end() -> None:
    vendor = Vendor({"a": shown("a")}, plays={"get a": [Unreachable("unreachable", "no answer")] * 3})
    assert asker(Hours(), lambda: True).finishing().get(vendor, "a") == shown("a")


def test_no_more_requests_are_under_way_than_there_are_threads() -> None:
    one = asker(Hours(), pace=Pace(100, 100, threads=2))
    free: list[bool] = []

    def question() -> int:
        first, second = one.pacer.slot.acquire(blocking=False), one.pacer.slot.acquire(blocking=False)
        free.extend([first, second])
        one.pacer.slot.release()
        return 1

    assert one.read(question, anything, "asked") == 1
    assert free == [True, False]


def test_of_what_a_provider_raises_only_the_class_is_named() -> None:
    trouble = broken(RuntimeError("token hunter2"), "asked for its list")
    assert (trouble.code, trouble.message) == (
        "provider-broken",
        "the provider failed with RuntimeError asked for its list",
    )

    def question() -> None:
        raise RuntimeError("hunter2")

    with pytest.raises(ProviderTrouble) as caught:
        asker(Hours()).read(question, anything, "asked")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_an_answer_that_does_not_fit_is_the_providers_bug() -> None:
    with pytest.raises(ProviderTrouble, match="answered str asked"):
        asker(Hours()).read(lambda: "hunter2", lambda answer: False, "asked")
    assert obstacle(nonsense([], "asked")) == Obstacle(
        "provider-broken",
        "the provider answered list asked",
        "this is a bug of the provider: report it with the version of it",
    )
