from __future__ import annotations

from typing import Any

import pytest

from tests.testing.emulators.asking import asking
from tests.testing.emulators.toy import NOW, Toy


def test_faults_are_switched_on_shown_and_switched_off() -> None:
    toy = Toy()
    with asking(toy) as client:
        answer = client.control("POST", "faults", {"kind": "throttle", "match": "^PUT", "value": 3})
        assert answer.body["faults"] == [{"kind": "throttle", "match": "^PUT", "times": 1, "value": 3}]
        assert client.ask("PUT", "/notes/a", {}).headers["retry-after"] == "3"
        assert client.control("GET", "faults").body == {
            "faults": [],
            "met": [{"kind": "throttle", "request": "PUT /notes/a"}],
        }
        client.control("POST", "faults", [{"kind": "lie", "times": None}, {"kind": "busy"}])
        assert len(client.control("GET", "faults").body["faults"]) == 2
        assert client.control("DELETE", "faults").body["faults"] == []


def test_no_fault_meets_the_control_endpoints_and_they_are_not_counted() -> None:
    toy = Toy()
    with asking(toy) as client:
        client.control("POST", "faults", {"kind": "status", "times": None})
        assert client.control("GET", "effects").status == 200
        assert client.ask("GET", "/notes").status == 500
        assert client.control("GET", "requests").body == {"requests": {"GET": 1}, "asked": ["GET /notes"]}


def test_the_clock_is_set_moved_and_let_go() -> None:
    toy = Toy(now=NOW)
    with asking(toy) as client:
        assert client.control("GET", "clock").body == {"now": "2026-11-23T12:00:00+00:00", "set": True}
        assert client.control("POST", "clock", {"now": "2027-01-01"}).body["now"] == "2027-01-01T00:00:00+00:00"
        assert client.control("POST", "clock", {"advance": 3600}).body["now"] == "2027-01-01T01:00:00+00:00"
        moved = client.control("POST", "clock", {"now": "2027-01-01T02:00:00+02:00"})
        assert moved.body["now"] == "2027-01-01T00:00:00+00:00"
        assert client.control("DELETE", "clock").body["set"] is False


def test_latency_is_set() -> None:
    toy = Toy()
    with asking(toy) as client:
        assert client.control("POST", "latency", {"ms": 1.5}).body == {"ms": 1.5}
        assert toy.latency == 1.5
        assert client.control("DELETE", "latency").body == {"ms": 0.0}


def test_documents_and_effects_are_shown() -> None:
    toy = Toy(now=NOW)
    with asking(toy) as client:
        client.ask("PUT", "/notes/a", {"v": 1})
        assert client.control("GET", "effects").body == {
            "effects": [
                {"at": NOW.isoformat(), "verb": "PUT", "subscription": "a", "values": {"v": 1}, "key": None},
            ]
        }
        assert client.control("GET", "state").body["tables"]["notes"] == {"a": {"id": "a", "v": 1}}
        assert client.ask("GET", "/_control/state", table="book").body == {
            "tables": {"book": {"0": {"asked": "/notes/a"}}}
        }
        assert client.ask("GET", "/_control/state", table="none").body == {"tables": {"none": {}}}


@pytest.mark.parametrize(
    ("method", "name", "body", "status", "message"),
    [
        pytest.param("GET", "fire", None, 404, "/_control/faults", id="an unknown name"),
        pytest.param("POST", "effects", {}, 405, "only be read", id="effects written"),
        pytest.param("PUT", "faults", {}, 405, "GET, POST or DELETE", id="a method that it does not have"),
        pytest.param("POST", "faults", b"{", 400, "not JSON", id="no JSON"),
        pytest.param("POST", "faults", {"kind": "fire"}, 400, "no fault is called", id="an unknown fault"),
        pytest.param("POST", "clock", {"now": "soon"}, 400, "no date and time", id="no date"),
        pytest.param("POST", "clock", {"now": "2027-01-01", "then": 1}, 400, "advance", id="too many fields"),
        pytest.param("POST", "clock", {"advance": True}, 400, "advance", id="no seconds"),
        pytest.param("POST", "clock", {"advance": 1e18}, 400, "", id="the end of time"),
        pytest.param("POST", "latency", {"ms": -1}, 400, "0 to 10000", id="time that runs back"),
        pytest.param("POST", "latency", {"ms": 1e9}, 400, "0 to 10000", id="days"),
        pytest.param("POST", "latency", [], 400, "0 to 10000", id="a list"),
    ],
)
def test_what_makes_no_sense_is_refused(method: str, name: str, body: Any, status: int, message: str) -> None:
    with asking(Toy()) as client:
        answer = client.control(method, name, body)
        assert answer.status == status
        assert message in answer.body["error"]
