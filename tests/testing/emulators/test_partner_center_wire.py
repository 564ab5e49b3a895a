"""How Partner Center spells things."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.testing.emulators import partner_center_wire as wire

PUBLISHED = Path(__file__).resolve().parents[2] / "data" / "partner-center"


def test_an_etag_is_made_as_the_published_ones() -> None:
    attributes = json.loads((PUBLISHED / "get-azure.json").read_text("utf-8"))["attributes"]
    told = json.loads(base64.b64decode(attributes["etag"]))
    assert wire.etag(told["id"], told["version"]) == attributes["etag"]
    assert wire.etag(told["id"], told["version"] + 1) != attributes["etag"]


def test_an_instant_is_written_with_seven_digits_and_read_again() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC)
    assert wire.stamp(moment) == "2026-01-02T03:04:05.6789000Z"
    assert wire.moment(wire.stamp(moment)) == moment


@pytest.mark.parametrize(
    ("inclusive", "end"),
    [(True, ("2026-02-27T00:00:00Z", "2026-02-27T23:59:59Z")), (False, ("2026-02-28T00:00:00Z",) * 2)],
)
def test_a_term_ends_on_its_last_day_or_at_an_instant(inclusive: bool, end: tuple[str, str]) -> None:
    dates = wire.term(datetime(2026, 1, 31, 9, tzinfo=UTC), 1, inclusive=inclusive)
    assert (dates["commitmentEndDate"], dates["commitmentEndDateTime"]) == end
    fields = dates | ({"productType": {"id": "OnlineServicesNCE"}} if inclusive else {})
    assert wire.end_of(fields) == datetime(2026, 2, 28, tzinfo=UTC)


def test_what_never_ends_has_no_end() -> None:
    assert wire.end_of({"commitmentEndDate": wire.NO_END}) is None


def test_an_error_carries_its_number_as_text() -> None:
    answer = wire.TurnedAway(400, 2055, "Etag is no longer valid").response
    expected = {"code": "2055", "description": "Etag is no longer valid", "data": [], "source": "PartnerFD"}
    assert (answer.status, answer.body) == (400, expected)


def test_links_carry_the_headers_that_go_with_them() -> None:
    link = wire.link("/x", **{wire.TOKEN: "t"})
    assert link == {"uri": "/x", "method": "GET", "headers": [{"key": wire.TOKEN, "value": "t"}]}
