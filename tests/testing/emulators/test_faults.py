from __future__ import annotations

from typing import Any

import pytest

from reconciler.testing.emulators.faults import HANG_AT_MOST, HUGE_AT_MOST, KINDS, VALUES, Fault, Faults, WrongFault


def test_the_first_fault_that_matches_meets_a_request_and_is_used_up() -> None:
    faults = Faults()
    faults.add(Fault("busy", "^GET /b"), Fault("throttle", "a$", times=2), Fault("lie", times=None))
    asked = ["PUT /a", "GET /a", "PUT /a", "GET /b"]
    assert [fault.kind for fault in (faults.take(line, read=False) for line in asked) if fault] == [
        "throttle",
        "throttle",
        "lie",
        "busy",
    ]
    assert [fault.kind for fault in faults.on()] == ["lie"]
    assert faults.met[0] == ("throttle", "PUT /a")
    faults.clear()
    assert faults.take("PUT /a", read=False) is None


def test_what_is_left_of_a_fault_is_shown() -> None:
    faults = Faults()
    faults.add(Fault("throttle", times=3, value=2))
    faults.take("GET /", read=True)
    assert [fault.shown() for fault in faults.on()] == [{"kind": "throttle", "match": "", "times": 2, "value": 2}]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_goes_to_json_and_back(kind: str) -> None:
    fault = Fault(kind, "^GET", None, 1 if kind in VALUES else None)
    assert Fault.of(fault.shown()) == fault


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param([], "an object with a kind", id="no object"),
        pytest.param({}, "an object with a kind", id="no kind"),
        pytest.param({"kind": "fire"}, "no fault is called 'fire'", id="an unknown kind"),
        pytest.param({"kind": "lie", "often": 1}, "a fault has no often", id="an unknown field"),
        pytest.param({"kind": "lie", "times": 0}, "at least 1", id="never"),
        pytest.param({"kind": "lie", "times": "2"}, "times is a number", id="a text for times"),
        pytest.param({"kind": "lie", "times": True}, "times is a number", id="a boolean for times"),
        pytest.param({"kind": "lie", "match": 1}, "match is a text", id="a number for match"),
        pytest.param({"kind": "lie", "match": "("}, "no regular expression", id="a broken expression"),
        pytest.param({"kind": "lie", "value": 1}, "takes no value", id="a value that it does not take"),
        pytest.param({"kind": "hang", "value": "long"}, "the seconds at most", id="seconds in words"),
        pytest.param({"kind": "hang", "value": {"seconds": 1}}, "the seconds at most", id="seconds in an object"),
        pytest.param({"kind": "status", "value": {"code": 1}}, "{status, body, headers}", id="a field of no status"),
        pytest.param({"kind": "status", "value": {"body": 1}}, "{status, body, headers}", id="a body without a status"),
        pytest.param({"kind": "delayed-reads", "value": {"minutes": 1}}, "{seconds: S}", id="minutes"),
        pytest.param({"kind": "throttle", "value": -1}, "Retry-After", id="time that runs back"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(fields: Any, message: str) -> None:
    with pytest.raises(WrongFault) as caught:
        Fault.of(fields)
    assert message in str(caught.value)


def test_no_fault_goes_on_for_ever() -> None:
    assert Fault("hang", value=9999).seconds == HANG_AT_MOST
    assert Fault("hang").seconds == 30
    assert Fault("huge-body", value=10**12).size == HUGE_AT_MOST
    assert Fault("huge-body").size == 64 * 1024 * 1024
    assert (Fault("status").status, Fault("status", value={"status": 502}).status) == (500, 502)
