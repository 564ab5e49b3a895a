"""A list of subscriptions, page by page: whether it is whole, and where it goes on.

Pure. The documents show the whole list in one answer, with its count and a link to itself; the link to a next page and
the header that goes with it are those of every collection of Partner Center.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from reconciler.providers.partner_center.failures import malformed

TOKEN = "MS-ContinuationToken"  # noqa: S105  # the name of a header


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list is read on."""

    uri: str
    headers: Mapping[str, str] = field(default_factory=dict)
    before: int = 0
    """Subscriptions on the pages before."""
    total: int | None = None
    """How many there are in all, where the first page said so."""

    def cursor(self) -> str:
        """As text."""
        return orjson.dumps(asdict(self)).decode()


def first(path: str) -> Place:
    """The start of the list."""
    return Place(path)


def parsed(cursor: str) -> Place:
    """The place that a cursor of ours names."""
    try:
        return Place(**orjson.loads(cursor))
    except (orjson.JSONDecodeError, TypeError) as error:
        raise malformed("a list cannot be read on from a cursor that is none") from error


def page(fields: Mapping[str, Any], place: Place, path: str) -> tuple[list[Mapping[str, Any]], Place | None]:
    """What stands on it, and where the list goes on; Malformed for one that is not whole, repeats itself or leads
    elsewhere.
    """
    items, count = fields.get("items"), fields.get("totalCount")
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise malformed("a list has no items")
    if isinstance(count, bool) or not isinstance(count, int):
        raise malformed("a list does not say how many there are")
    following = _next(fields, path)
    total = place.total
    if place == first(path) and following is not None and count > len(items):
        total = count  # it counts all pages, and not this one
    seen, expected = (len(items), count) if total is None else (place.before + len(items), total)
    if seen > expected or (seen < expected and (following is None or total is None)):
        raise malformed(f"a list says that there are {expected}, and shows {seen}")
    if following is None:
        return items, None
    return items, Place(following.uri, following.headers, 0 if total is None else seen, total)


def _next(fields: Mapping[str, Any], path: str) -> Place | None:
    links = fields.get("links")
    link = links.get("next") if isinstance(links, Mapping) else None
    if link is None:
        return None
    uri = link.get("uri") if isinstance(link, Mapping) else None
    if not isinstance(uri, str):
        raise malformed("a list goes on, and does not say where")
    uri = uri.removeprefix("/v1") if uri.startswith("/v1/") else uri
    bare, _, query = uri.partition("?")
    if bare.lower() != path.lower() or not (query.isascii() and query.isprintable()) or " " in query:
        raise malformed("a list goes on elsewhere")
    headers = {
        entry["key"]: entry["value"]
        for entry in link.get("headers") or ()
        if isinstance(entry, Mapping) and entry.get("key") == TOKEN and _plain(entry.get("value"))
    }
    return Place(f"{path}?{query}" if query else path, headers)


def _plain(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isprintable()
