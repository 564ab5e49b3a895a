"""The list parameters of Microsoft.Billing: which are known, which values they take, and what they choose.

Of `filter` and `orderBy` the API documents the names alone; this reads `properties/NAME eq 'VALUE'`, joined by `and`,
and `properties/NAME [asc|desc]`, and refuses the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from reconciler.testing.emulators.ledger import Document
from reconciler.testing.emulators.microsoft_wire import Refusal
from reconciler.testing.emulators.wire import Request

PAGE = 50
"""The maximum of `top`."""
COMMON = frozenset({"api-version", "filter", "orderBy", "top", "skip", "count", "search"})
SUBSCRIPTIONS = COMMON | {"includeDeleted", "includeTenantSubscriptions", "includeFailed", "expand"}
ACCOUNTS = frozenset(
    "api-version includeAll includeAllWithoutBillingProfiles includeDeleted includePendingAgreement includeResellee "
    "legalOwnerTID legalOwnerOID filter expand top skip search".split()
)
ROLES = frozenset({"api-version", "filter", "top", "skip"})
_CLAUSE = re.compile(r"(?:properties/)?(\w+)\s+eq\s+'((?:[^']|'')*)'(\s+and\s+)?")
_ORDER = re.compile(r"\s*(?:properties/)?(\w+)(?:\s+(asc|desc))?\s*")


def check(request: Request, known: frozenset[str]) -> None:
    """Refuses parameters that the call does not have."""
    for name in request.query:
        if name not in known:
            raise Refusal(400, "InvalidParameter", f"The query parameter '{name}' is not supported.", name)


def page_of(request: Request) -> tuple[int, int]:
    """`skip` and `top`."""
    top, skip = _number(request, "top", PAGE), _number(request, "skip", 0)
    if not 1 <= top <= PAGE:
        raise Refusal(400, "InvalidParameter", f"The maximum supported value for top is {PAGE}.", "top")
    return skip, top


def flag(request: Request, name: str) -> bool:
    """A boolean parameter, false where it is not given."""
    text = request.query.get(name, "false").lower()
    if text not in ("true", "false"):
        raise Refusal(400, "InvalidParameter", f"The value of '{name}' is not a boolean.", name)
    return text == "true"


def chosen(request: Request, documents: Iterable[Document]) -> list[Document]:
    """What `filter`, `search` and `orderBy` leave of a list."""
    found = list(documents)
    for name, value in _clauses(request.query.get("filter", "")):
        found = [document for document in found if str(_field(document, name)) == value]
    if words := request.query.get("search", "").casefold():
        found = [document for document in found if words in str(_field(document, "displayName")).casefold()]
    if order := request.query.get("orderBy"):
        read = _ORDER.fullmatch(order)
        if read is None:
            raise Refusal(400, "InvalidParameter", "The value of 'orderBy' is not supported.", "orderBy")
        found.sort(key=lambda document: str(_field(document, read[1])), reverse=read[2] == "desc")
    return found


def body(request: Request, found: list[Document]) -> dict[str, Any]:
    """One page of a list, with the link to the next."""
    skip, top = page_of(request)
    answer: dict[str, Any] = {"value": found[skip : skip + top]}
    if flag(request, "count"):
        answer["totalCount"] = len(found)
    if skip + top < len(found):
        answer["nextLink"] = f"{request.origin}{request.path}?{urlencode(_next(request.query, skip + top, top))}"
    return answer


def _next(query: Mapping[str, str], skip: int, top: int) -> dict[str, str]:
    return {**query, "top": str(top), "skip": str(skip)}


def _number(request: Request, name: str, default: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()):
        raise Refusal(400, "InvalidParameter", f"The value of '{name}' is not a number.", name)
    return int(text)


def _clauses(text: str) -> list[tuple[str, str]]:
    clauses: list[tuple[str, str]] = []
    rest = text.strip()
    while rest:
        read = _CLAUSE.match(rest)
        if read is None or (read[3] and read.end() == len(rest)) or not (read[3] or read.end() == len(rest)):
            raise Refusal(400, "InvalidParameter", "The value of 'filter' is not supported.", "filter")
        clauses.append((read[1], read[2].replace("''", "'")))
        rest = rest[read.end() :]
    return clauses


def _field(document: Document, name: str) -> Any:
    return document.get(name) if name in ("name", "id") else document["properties"].get(name, "")
