from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.errors import Malformed, ProviderTrouble, Throttled, Unreachable
from reconciler.observed import Page
from reconciler.testing.conformance import Mishap, Requests
from reconciler.testing.conformance.broken_reading import BrokenReading
from tests.testing.conformance.acme_provider import AcmeReader, Dropped
from tests.testing.conformance.broken import Wrong, answering, raising, unbroken

PAGE = "test_a_page_that_fails_is_no_short_page"
READ = "test_a_read_that_fails_is_not_absence"
AGAIN = "test_what_passes_is_asked_again_by_the_engine"
LEFT_OUT = "test_what_a_list_leaves_out_is_not_absent"


def empty_in_trouble(self: Any, cursor: str | None) -> Page:
    try:
        return AcmeReader.observe(self, cursor)
    except ProviderTrouble:
        return Page(())


def none_in_trouble(self: Any, id: str) -> Any:
    try:
        return AcmeReader.get(self, id)
    except ProviderTrouble:
        return None


def none_where_404(self: Any, id: str) -> Any:
    return None if self.asked(f"/v1/subscriptions/{id}").status == 404 else AcmeReader.get(self, id)


def none_that_was_not_listed(self: Any, id: str) -> Any:
    return AcmeReader.get(self, id) if id in getattr(self, "listed", {id}) else None


def listing(self: Any, cursor: str | None) -> Page:
    page = AcmeReader.observe(self, cursor)
    self.listed = {*getattr(self, "listed", set()), *(item.id for item in page.items)}
    return page


def stopping_at_a_known_cursor(self: Any, cursor: str | None) -> Page:
    page = AcmeReader.observe(self, cursor)
    return replace(page, cursor=None)


def first_of_a_page(self: Any, cursor: str | None) -> Page:
    page = AcmeReader.observe(self, cursor)
    return replace(page, items=(page.items[0], page.items[0])) if page.items else page


def in_milliseconds(self: Any, answer: Any) -> Throttled:
    return Throttled("rate-limited", "too much", "", float(answer.headers["Retry-After"]) * 1000)


def hopeless(self: Any, why: str) -> ProviderTrouble:
    return Malformed("malformed-answer", why)


def unbounded(self: Any, answer: Any) -> Any:
    return json.loads(answer.data())


def by_the_last_one(self: Any, cursor: str | None) -> Page:
    page = AcmeReader.observe(self, cursor)
    return replace(page, cursor=None if page.items[-1].id else page.cursor)


def never_empty(self: Any, cursor: str | None) -> Page:
    page = AcmeReader.observe(self, cursor)
    if not page.items:
        raise Unreachable("unreachable", "there must be something")
    return page


def blind(self: Any, answer: Any) -> Any:
    """Takes whatever is no JSON for an empty list."""
    try:
        return AcmeReader.parsed(self, answer)
    except Malformed:
        return {"items": [], "next": None}


WRONGS = [
    Wrong(
        PAGE,
        "throttle: it answered Page",
        {"observe": empty_in_trouble},
        given={"mishap": Mishap.THROTTLE, "kinds": (Throttled,)},
    ),
    Wrong(
        PAGE,
        "huge-body: it answered Page",
        {"parsed": unbounded},
        given={"mishap": Mishap.HUGE_BODY, "kinds": (Malformed,)},
    ),
    Wrong(
        PAGE,
        "raised Dropped, which is no ProviderTrouble",
        {"away": raising(Dropped())},
        given={"mishap": Mishap.DROP_BEFORE_COMMIT, "kinds": (Unreachable,)},
    ),
    Wrong(
        PAGE,
        "unavailable: it raised Malformed, where Unreachable",
        {"away": hopeless},
        given={"mishap": Mishap.UNAVAILABLE, "kinds": (Unreachable,)},
    ),
    Wrong(
        READ,
        "invalid-json: it answered None",
        {"get": none_in_trouble},
        given={"mishap": Mishap.INVALID_JSON, "kinds": (Malformed,)},
    ),
    Wrong(
        READ,
        "without a code or a message",
        {"away": answering(Unreachable("", ""))},
        given={"mishap": Mishap.UNAVAILABLE, "kinds": (Unreachable,)},
    ),
    Wrong(
        "test_a_throttled_read_says_when_to_come_back",
        "asks for 7 seconds, and retry_after is 7000.0",
        {"throttled": in_milliseconds},
        given={"requests": Requests.GET},
    ),
    Wrong(
        "test_a_throttled_read_says_when_to_come_back",
        "retry_after is None",
        {"throttled": answering(Throttled("rate-limited", "too much"))},
        given={"requests": Requests.LIST},
    ),
    Wrong("test_the_404_of_somebody_in_between_is_not_absence", "it answered None", {"get": none_where_404}),
    Wrong("test_an_empty_list_is_just_empty", "observe raised IndexError", {"observe": by_the_last_one}),
    Wrong("test_an_empty_list_is_just_empty", "observe raised Unreachable", {"observe": never_empty}),
    Wrong(
        LEFT_OUT,
        "4 of 4 are taken for absent",
        {"observe": listing, "get": none_that_was_not_listed},
        given={"mishap": Mishap.EMPTY_LIST},
    ),
    Wrong(
        LEFT_OUT,
        "2 of 4 are taken for absent",
        {"observe": listing, "get": none_that_was_not_listed},
        given={"mishap": Mishap.HALF_PAGE},
    ),
    Wrong(
        "test_a_list_that_leads_in_a_circle_ends",
        "taken for a whole one",
        {"observe": stopping_at_a_known_cursor},
    ),
    Wrong("test_one_that_is_shown_twice_is_one", "loses others", {"observe": first_of_a_page, "get": answering(None)}),
    Wrong(AGAIN, "it was given up", {"away": hopeless}, given={"mishap": Mishap.UNAVAILABLE}),
    Wrong(
        "test_trouble_with_the_list_is_one_accounts_trouble",
        "taken for a readable one",
        {"parsed": blind},
    ),
    Wrong("test_nobody_there_is_unreachable", "check, nobody there: it raised Malformed", {"away": hopeless}),
    Wrong("test_nobody_there_is_unreachable", "get, nobody there: it answered None", {"get": none_in_trouble}),
]


@pytest.mark.parametrize("wrong", WRONGS, ids=str)
def test_the_suite_catches_what_is_wrong(wrong: Wrong) -> None:
    wrong.is_caught(BrokenReading)


def test_every_fact_can_fail() -> None:
    assert unbroken(BrokenReading, WRONGS) == set()
