"""A list is whole or it is none: its count, its next page, and nothing that leads elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.errors import Malformed
from reconciler.providers.partner_center.paging import TOKEN, Place, first, page, parsed
from tests.providers.partner_center.partner import published

PATH = "/customers/x/subscriptions"


def a_list(*ids: str, count: int | None = None, uri: object = None, token: object = None) -> dict[str, Any]:
    headers = [{"key": TOKEN, "value": token}, {"key": "X-Other", "value": "no"}, "nonsense"] if token else []
    links = {"self": {"uri": PATH}} | ({"next": {"uri": uri, "headers": headers}} if uri is not None else {})
    total = len(ids) if count is None else count
    return {"totalCount": total, "items": [{"id": id} for id in ids], "links": links}


def test_the_published_list_is_one_page() -> None:
    fields = published("list-software")
    items, following = page(fields, first(PATH), PATH)
    assert (items, following) == (fields["items"], None)


def test_an_empty_list_is_a_list() -> None:
    assert page(a_list(), first(PATH), PATH) == ([], None)


def test_a_list_goes_on_where_its_link_leads_with_the_token_alone() -> None:
    _, place = page(a_list("a", "b", count=3, uri=f"/v1{PATH}?page=2", token="t"), first(PATH), PATH)
    assert place == Place(f"{PATH}?page=2", {TOKEN: "t"}, 2, 3)
    assert place is not None
    again = parsed(place.cursor())
    assert again == place
    assert page(a_list("c", count=3), again, PATH)[1] is None


def test_pages_that_each_count_themselves_are_followed_too() -> None:
    _, place = page(a_list("a", "b", uri=PATH, token="t"), first(PATH), PATH)
    assert place == Place(PATH, {TOKEN: "t"})
    assert place is not None
    assert page(a_list("c"), place, PATH)[1] is None


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        pytest.param({}, None, id="no list at all"),
        pytest.param({"items": {}, "totalCount": 0}, None, id="items that are no list"),
        pytest.param({"items": ["a"], "totalCount": 1}, None, id="items that are no subscriptions"),
        pytest.param({"items": []}, None, id="no count"),
        pytest.param({"items": [], "totalCount": False}, None, id="a count that is none"),
        pytest.param(a_list("a", count=2), None, id="half a page"),
        pytest.param(a_list("a", "a", count=1), None, id="more than it says"),
        pytest.param(a_list("a", "b", count=1, uri=PATH), None, id="a first page with more than it says"),
        pytest.param(a_list("c", count=4), Place(PATH, {}, 2, 4), id="a last page with less than was said"),
        pytest.param(a_list("a", "b", count=3, uri=PATH), Place(PATH, {}, 2, 3), id="pages that go round"),
        pytest.param(a_list("a", count=2), Place(PATH, {TOKEN: "t"}), id="half a later page"),
        pytest.param(a_list("a", uri=5), None, id="a next page without an address"),
        pytest.param(a_list("a", uri="https://elsewhere.example/"), None, id="a next page elsewhere"),
        pytest.param(a_list("a", uri="/customers/y/subscriptions"), None, id="another customer's page"),
        pytest.param(a_list("a", uri=f"{PATH}?a b"), None, id="a query with a blank"),
    ],
)
def test_a_list_that_is_not_whole_is_malformed(fields: dict[str, Any], place: Place | None) -> None:
    with pytest.raises(Malformed):
        page(fields, place or first(PATH), PATH)


def test_a_link_that_is_no_object_is_malformed() -> None:
    with pytest.raises(Malformed):
        page({**a_list("a"), "links": {"next": "x"}}, first(PATH), PATH)


def test_a_token_that_is_no_header_is_left_out() -> None:
    _, place = page(a_list("a", uri=PATH, token="t\r\nX: y"), first(PATH), PATH)
    assert place == Place(PATH)


@pytest.mark.parametrize("cursor", ["", "{}", "[]", '{"uri": "x", "more": 1}'])
def test_a_cursor_that_is_none_of_ours_is_malformed(cursor: str) -> None:
    with pytest.raises(Malformed):
        parsed(cursor)
