"""How Partner Center (v1) spells things: dates, etags, errors, links and the bodies of what it shows.

Bodies follow the samples of its documentation. `scheduledActions` stands in none of them: its words are those that
clients of the API use ("Extended service terms", 2026). What is known of it by nobody is refused here.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson

from reconciler.terms import add_months, midnight
from reconciler.testing.emulators.ledger import Document
from reconciler.testing.emulators.wire import Response

SOURCE = "PartnerFD"
NO_END = "9999-12-10T00:00:00Z"
"""What stands for no end at all."""
MONTHS = {"P1M": 1, "P1Y": 12, "P3Y": 36}
TOKEN = "MS-ContinuationToken"  # noqa: S105  # the name of a header


class TurnedAway(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, number: int, description: str) -> None:
        super().__init__(description)
        self.response = error(status, number, description)


def error(status: int, number: int, description: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error's body: its code is a number, as text."""
    fields = {"code": str(number), "description": description, "data": [], "source": SOURCE}
    return Response(status, fields, headers or {})


def throttled(seconds: int) -> Response:
    """The gateway's own error, which looks like no other."""
    fields = {"statusCode": 429, "message": f"Rate limit is exceeded. Try again in {seconds} seconds."}
    return Response(429, fields, {"Retry-After": str(seconds)})


def stamp(moment: datetime) -> str:
    """As the samples write an instant: seven digits of a second."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06}0Z"


def moment(text: str) -> datetime:
    """From any date that it writes."""
    return datetime.fromisoformat(text).astimezone(UTC)


def etag(id: str, version: int) -> str:
    """One etag for each version of a subscription."""
    return base64.b64encode(orjson.dumps({"id": id, "version": version})).decode()


def modern(fields: Mapping[str, Any]) -> bool:
    """Whether it is of new commerce, software or the marketplace: its last day is shown whole."""
    return "productType" in fields


def end_of(fields: Mapping[str, Any]) -> datetime | None:
    """The first instant behind its term."""
    text = fields.get("commitmentEndDateTime") or fields["commitmentEndDate"]
    if text.startswith("9999"):
        return None
    return midnight(moment(text).date() + timedelta(days=1)) if modern(fields) else moment(text)


def term(start: datetime, months: int, *, inclusive: bool = True) -> dict[str, str]:
    """The dates of a term that begins then."""
    following = add_months(start.date(), months)
    if not inclusive:
        end = f"{following:%Y-%m-%d}T00:00:00Z"
        return {"effectiveStartDate": stamp(start), "commitmentEndDate": end, "commitmentEndDateTime": end}
    return {"effectiveStartDate": stamp(start), **until(following)}


def until(following: date) -> dict[str, str]:
    """The end of a term, by the first day behind it."""
    last = following - timedelta(days=1)
    return {"commitmentEndDate": f"{last}T00:00:00Z", "commitmentEndDateTime": f"{last}T23:59:59Z"}


def shown(customer: str, id: str, document: Document) -> Document:
    """A subscription as it is shown: its fields, a link to itself and its etag."""
    fields = dict(document["fields"])
    own = link(f"/customers/{customer}/subscriptions/{id}")
    fields["links"] = {**fields.get("links", {}), "self": own}
    fields["attributes"] = {"etag": etag(id, document["version"]), "objectType": "Subscription"}
    return fields


def link(uri: str, **headers: str) -> Document:
    """A link, with the headers that must go with it."""
    return {"uri": uri, "method": "GET", "headers": [{"key": key, "value": value} for key, value in headers.items()]}


def customer(id: str, name: str, relation: str = "reseller") -> Document:
    """A customer, with no more of it than anybody needs."""
    domain = f"{name.lower().replace(' ', '')}.example"
    return {
        "id": id,
        "companyProfile": {
            "tenantId": id,
            "domain": domain,
            "companyName": name,
            "attributes": {"objectType": "CustomerCompanyProfile"},
        },
        "relationshipToPartner": relation,
        "allowDelegatedAccess": True,
        "links": {"self": link(f"/customers/{id}")},
        "attributes": {"objectType": "Customer"},
    }
