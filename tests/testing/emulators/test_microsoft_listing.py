from __future__ import annotations

from typing import Any

import pytest

from reconciler.testing.emulators import microsoft_listing as listing
from reconciler.testing.emulators.microsoft_wire import Refusal
from reconciler.testing.emulators.wire import Request


def asked(**query: str) -> Request:
    return Request("GET", "/list", query, {"host": "127.0.0.1:1"})


def documents() -> list[dict[str, Any]]:
    rows = (("a", "Sales", "Active"), ("b", "O'Hara and sons", "Active"), ("c", "Legal", "Expired"))
    return [{"name": name, "properties": {"displayName": words, "status": status}} for name, words, status in rows]


def names(**query: str) -> str:
    return "".join(one["name"] for one in listing.chosen(asked(**query), documents()))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param({}, "abc", id="everything"),
        pytest.param({"filter": "properties/status eq 'Active'"}, "ab", id="by a property"),
        pytest.param({"filter": "status eq 'Active' and name eq 'b'"}, "b", id="by two"),
        pytest.param({"filter": "displayName eq 'O''Hara and sons'"}, "b", id="a quote in quotes"),
        pytest.param({"filter": "colour eq 'red'"}, "", id="by one that none has"),
        pytest.param({"search": "LEG"}, "c", id="by a word"),
        pytest.param({"orderBy": "properties/displayName"}, "cba", id="in order"),
        pytest.param({"orderBy": "displayName desc"}, "abc", id="in the other order"),
    ],
)
def test_a_list_is_narrowed_and_ordered(query: dict[str, str], found: str) -> None:
    assert names(**query) == found


@pytest.mark.parametrize(
    "query",
    [
        {"filter": "status ne 'Active'"},
        {"filter": "status eq Active"},
        {"filter": "status eq 'Active' and "},
        {"filter": "status eq 'Active' or name eq 'b'"},
        {"filter": "status eq 'Active'and name eq 'b'"},
        {"orderBy": "a, b"},
        {"orderBy": "displayName up"},
    ],
)
def test_what_it_cannot_read_it_refuses(query: dict[str, str]) -> None:
    with pytest.raises(Refusal, match="is not supported"):
        names(**query)


@pytest.mark.parametrize("query", [{"top": "0"}, {"top": "51"}, {"top": "ten"}, {"skip": "-1"}, {"top": "²"}])
def test_pages_have_their_limits(query: dict[str, str]) -> None:
    with pytest.raises(Refusal):
        listing.body(asked(**query), [])


def test_a_page_links_to_the_next_with_all_parameters() -> None:
    body = listing.body(asked(top="2", search="a", count="true"), documents())
    assert body["totalCount"] == 3
    assert body["nextLink"] == "http://127.0.0.1:1/list?top=2&search=a&count=true&skip=2"
    assert "nextLink" not in listing.body(asked(top="2", skip="2"), documents())


def test_flags_are_true_or_false() -> None:
    assert listing.flag(asked(count="True"), "count") is True
    assert listing.flag(asked(), "count") is False
    with pytest.raises(Refusal, match="not a boolean"):
        listing.flag(asked(count="1"), "count")


def test_unknown_parameters_are_refused() -> None:
    with pytest.raises(Refusal, match="'page' is not supported"):
        listing.check(asked(page="1"), listing.COMMON)
