from __future__ import annotations

import http.client
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.testing.emulators.base import Delivery, Emulator, Request, Response
from reconciler.testing.emulators.faults import Fault
from reconciler.testing.emulators.limits import Bucket
from tests.testing.emulators.asking import asking
from tests.testing.emulators.toy import NOW, Toy

ONE = {"v": 1}


def note(emulator: Emulator, id: str = "a") -> Any:
    return emulator.table("notes").get(id)


def test_a_write_is_committed_with_one_effect() -> None:
    toy = Toy(now=NOW)
    with asking(toy, **{"Idempotency-Key": "k1"}) as client:
        assert client.ask("PUT", "/notes/a", ONE).body == {"id": "a", "v": 1}
    (effect,) = toy.effects
    assert (effect.at, effect.verb, effect.subscription, effect.values, effect.key) == (NOW, "PUT", "a", ONE, "k1")
    assert dict(toy.requests) == {"PUT": 1}
    assert list(toy.asked) == ["PUT /notes/a"]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        pytest.param(Fault("status"), 500, id="a 500"),
        pytest.param(Fault("status", value=503), 503, id="a status of its own"),
        pytest.param(Fault("throttle", value=7), 429, id="throttled"),
        pytest.param(Fault("busy"), 409, id="busy"),
    ],
)
def test_a_fault_before_the_commit_answers_and_changes_nothing(fault: Fault, status: int) -> None:
    toy = Toy()
    toy.faults.add(fault)
    with asking(toy) as client:
        answer = client.ask("PUT", "/notes/a", ONE)
        assert answer.status == status
        assert (note(toy), toy.effects) == (None, [])
        assert answer.headers.get("retry-after") == ("7" if status == 429 else None)
        assert client.ask("PUT", "/notes/a", ONE).status == 200
    assert len(toy.effects) == 1


def test_a_status_fault_may_bring_its_own_body_and_headers() -> None:
    toy = Toy()
    value = {"status": 418, "body": "<html>", "headers": {"Content-Type": "text/html"}}
    toy.faults.add(Fault("status", value=value), Fault("status", value={"status": 400, "body": {"a": 1}}))
    with asking(toy) as client:
        answer = client.ask("GET", "/notes")
        assert (answer.status, answer.data, answer.headers["content-type"]) == (418, b"<html>", "text/html")
        assert client.ask("GET", "/notes").body == {"a": 1}


@pytest.mark.parametrize("kind", ["drop-before-commit", "drop-after-commit"])
def test_a_dropped_connection_has_no_answer(kind: str) -> None:
    toy = Toy()
    toy.faults.add(Fault(kind))
    with asking(toy) as client:
        with pytest.raises(http.client.RemoteDisconnected):
            client.ask("PUT", "/notes/a", ONE)
        assert len(toy.effects) == (1 if kind == "drop-after-commit" else 0)
        assert (note(toy) is not None) == (kind == "drop-after-commit")


@pytest.mark.parametrize(("kind", "effects"), [("hang", 0), ("hang-after-commit", 1)])
def test_a_hang_lasts_until_the_client_gives_up(kind: str, effects: int) -> None:
    toy = Toy()
    toy.faults.add(Fault(kind, value=30))
    with asking(toy) as client:
        client.http.timeout = 0.1
        with pytest.raises(TimeoutError):
            client.ask("PUT", "/notes/a", ONE)
        assert len(toy.effects) == effects


def test_a_hang_lasts_no_longer_than_it_says() -> None:
    toy = Toy()
    toy.faults.add(Fault("hang", value=0.05))
    with asking(toy) as client, pytest.raises(http.client.RemoteDisconnected):
        client.ask("GET", "/notes")


def test_stopping_ends_a_hang() -> None:
    toy = Toy()
    toy.faults.add(Fault("hang", value=60))
    begun = time.monotonic()
    with asking(toy) as client:
        client.http.request("GET", "/notes")
        while not toy.asked:
            threading.Event().wait(0.005)
    assert time.monotonic() - begun < 5


def test_a_status_after_the_commit_hides_that_it_was_done() -> None:
    toy = Toy()
    toy.faults.add(Fault("status-after-commit"))
    with asking(toy) as client:
        assert client.ask("PUT", "/notes/a", ONE).status == 500
    assert note(toy) == {"id": "a", "v": 1}
    assert len(toy.effects) == 1


def test_a_reset_comes_in_the_middle_of_the_body() -> None:
    toy = Toy()
    toy.faults.add(Fault("reset-mid-body"))
    with asking(toy) as client, pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
        client.ask("PUT", "/notes/a", ONE)
    assert len(toy.effects) == 1


def test_a_lie_says_yes_and_does_nothing_but_book_keeping() -> None:
    toy = Toy()
    toy.put("notes", "a", {"id": "a", "v": 0})
    toy.faults.add(Fault("lie"))
    with asking(toy) as client:
        assert client.ask("PUT", "/notes/a", ONE).body == {"id": "a", "v": 1}
        assert client.ask("GET", "/notes/a").body == {"id": "a", "v": 0}
    assert toy.effects == []
    assert dict(toy.table("book")) == {"0": {"asked": "/notes/a"}}
    assert toy.lying is False


def test_delayed_reads_show_what_stood_some_requests_ago() -> None:
    toy = Toy()
    with asking(toy) as client:
        for value in (1, 2, 3):
            client.ask("PUT", "/notes/a", {"v": value})
        toy.faults.add(Fault("delayed-reads", value=0), Fault("delayed-reads"), Fault("delayed-reads", value=3))
        assert client.ask("GET", "/notes/a").body["v"] == 3
        assert client.ask("GET", "/notes/a").body["v"] == 3  # one request ago was a read
        assert client.ask("GET", "/notes/a").body["v"] == 2
        toy.faults.add(Fault("delayed-reads", value=5))
        assert client.ask("GET", "/notes/a").body["v"] == 1
        toy.faults.add(Fault("delayed-reads", value=100))
        assert client.ask("GET", "/notes/a").status == 404
        assert client.ask("GET", "/notes/a").body["v"] == 3
    assert len(toy.effects) == 3


def test_delayed_reads_may_be_told_in_seconds() -> None:
    toy = Toy()
    with asking(toy) as client:
        client.ask("PUT", "/notes/a", ONE)
        toy.faults.add(Fault("delayed-reads", value={"seconds": 60}), Fault("delayed-reads", value={"seconds": 0}))
        assert client.ask("GET", "/notes/a").status == 404
        assert client.ask("GET", "/notes/a").status == 200


def test_a_delayed_read_keeps_the_order_of_a_list() -> None:
    toy = Toy()
    with asking(toy) as client:
        for id in "abc":
            client.ask("PUT", f"/notes/{id}", ONE)
        client.ask("PUT", "/notes/a", {"v": 2})
        toy.faults.add(Fault("delayed-reads", value=1))
        assert [one["v"] for one in client.ask("GET", "/notes").body["value"]] == [1, 1, 1]
        assert [one["id"] for one in client.ask("GET", "/notes").body["value"]] == ["a", "b", "c"]


def test_a_write_is_never_delayed() -> None:
    toy = Toy()
    toy.faults.add(Fault("delayed-reads", times=None))
    with asking(toy) as client:
        assert client.ask("PUT", "/notes/a", ONE).status == 200
    assert toy.faults.met == []


@pytest.mark.parametrize(
    ("kind", "ids", "more"),
    [
        ("half-page", ["a"], "page=2"),
        ("duplicate-id", ["a", "b", "a"], "page=2"),
        ("empty-list", [], None),
        ("cursor-loop", ["a", "b"], "/notes?page=1"),
    ],
)
def test_a_list_is_bent(kind: str, ids: list[str], more: str | None) -> None:
    toy = Toy()
    for id in "ab":
        toy.put("notes", id, {"id": id})
    toy.faults.add(Fault(kind))
    with asking(toy) as client:
        body = client.ask("GET", "/notes", page=1).body
        assert [one["id"] for one in body["value"]] == ids
        assert (more in body["nextLink"]) if more else ("nextLink" not in body)
        assert len(client.ask("GET", "/notes").body["value"]) == 2


def test_a_body_is_cut_though_its_length_says_it_is_whole() -> None:
    toy = Toy()
    toy.faults.add(Fault("invalid-json"))
    with asking(toy) as client:
        answer = client.ask("GET", "/notes")
        assert (answer.status, int(answer.headers["content-length"])) == (200, len(answer.data))
        with pytest.raises(json.JSONDecodeError):
            _ = answer.body


def test_a_huge_body_is_as_long_as_it_says() -> None:
    toy = Toy()
    toy.faults.add(Fault("huge-body", value=100_000))
    with asking(toy) as client:
        answer = client.ask("GET", "/notes")
        assert len(answer.data) > 100_000
        assert answer.body["value"] == []


def test_a_mistake_of_the_emulator_is_told_and_leaves_nothing() -> None:
    toy = Toy()
    with asking(toy) as client:
        answer = client.ask("GET", "/broken")
    assert (answer.status, answer.body) == (500, {"emulator": "LookupError: a mistake of the emulator"})
    assert dict(toy.table("notes")) == {}


def test_the_clock_stands_where_it_is_set_and_time_does_all_that_is_due() -> None:
    toy = Toy(now=NOW)
    toy.put("notes", "a", {"id": "a", "days": 3, "fades": (NOW + timedelta(days=1)).isoformat()})
    assert toy.advance(timedelta(days=2)) == NOW + timedelta(days=2)
    assert note(toy)["days"] == 1
    toy.clock = NOW + timedelta(days=400)
    assert (note(toy)["days"], note(toy)["fades"]) == (0, None)
    assert toy.effects == []
    toy.clock = None
    assert abs(toy.now() - datetime.now(UTC)) < timedelta(minutes=1)


def test_real_time_passes_with_the_requests() -> None:
    toy = Toy()
    with asking(toy) as client:
        toy.put("notes", "a", {"id": "a", "days": 1, "fades": datetime(2020, 1, 1, tzinfo=UTC).isoformat()})
        assert client.ask("GET", "/notes/a").body["days"] == 0


def test_a_document_that_was_put_again_is_not_moved_twice() -> None:
    toy = Toy(now=NOW)
    for days in (5, 9):
        toy.put("notes", "a", {"id": "a", "days": days, "fades": (NOW + timedelta(days=1)).isoformat()})
    toy.put("notes", "b", {"id": "b", "days": 1, "fades": (NOW + timedelta(days=1)).isoformat()})
    toy.put("notes", "b", None)
    toy.advance(timedelta(days=1))
    assert note(toy)["days"] == 8
    assert note(toy, "b") is None


def test_time_that_stands_still_is_told() -> None:
    class Stuck(Toy):
        def elapse(self, table: str, document: dict[str, Any]) -> dict[str, Any]:
            return dict(document)

    stuck = Stuck(now=NOW)
    stuck.put("notes", "a", {"id": "a", "fades": NOW.isoformat()})
    with pytest.raises(RuntimeError, match="time stands still for a"):
        stuck.advance(timedelta(days=1))


def test_limits_answer_429_with_the_seconds_to_wait() -> None:
    toy = Toy()
    toy.reading, toy.writing = Bucket(1, 0.5), Bucket(2, 100)
    with asking(toy) as client:
        assert client.ask("GET", "/notes").status == 200
        answer = client.ask("GET", "/notes")
        assert (answer.status, answer.headers["retry-after"]) == (429, "2")
        assert client.ask("PUT", "/notes/a", ONE).status == 200
    assert len(toy.effects) == 1


def test_latency_is_added_to_every_request() -> None:
    toy = Toy()
    toy.latency = 30
    with asking(toy) as client:
        begun = time.monotonic()
        client.ask("GET", "/notes")
        assert time.monotonic() - begun >= 0.03


def test_changes_that_belong_together_hold_together_or_not_at_all() -> None:
    toy = Toy()

    def half() -> None:
        with toy.changing():
            toy.put("notes", "a", {"id": "a"})
            with toy.changing():
                toy.put("notes", "b", {"id": "b"})
            raise LookupError

    def inner() -> None:
        with toy.changing():
            toy.put("notes", "a", {"id": "a"})
            half()

    for broken in (half, inner):
        with pytest.raises(LookupError):
            broken()
    assert dict(toy.table("notes")) == {}
    toy.put("notes", "a", {"id": "a", "v": 1})
    toy.edit("notes", "a", v=2)
    assert note(toy) == {"id": "a", "v": 2}
    assert toy.effects == []


def test_many_clients_at_once_have_one_effect_each() -> None:
    toy = Toy()
    with asking(toy) as client:

        def write(number: int) -> None:
            mine = http.client.HTTPConnection(client.url.removeprefix("http://"), timeout=10)
            for index in range(10):
                mine.request("PUT", f"/notes/{number}-{index}", b"{}")
                mine.getresponse().read()
            mine.close()

        threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(toy.effects) == len(toy.table("notes")) == toy.requests["PUT"] == 80


def test_it_answers_without_a_server_too(tmp_path: Path) -> None:
    toy = Toy(ledger=tmp_path / "toy.jsonl")
    toy.faults.add(Fault("hang", match="GET"))
    assert toy.answer(Request("GET", "/notes")) == Delivery(None)
    delivery = toy.answer(Request("PUT", "/notes/a", body=b"{}"))
    assert delivery.response is not None
    assert delivery.response.body == {"id": "a"}
    toy.close()


def test_the_base_leaves_answering_to_its_subclasses() -> None:
    class Bare(Emulator):
        NAME = "bare"

    with pytest.raises(NotImplementedError):
        Bare().handle(Request("GET", "/"))
    bare = Bare()
    assert bare.due("notes", {}) is None
    assert bare.elapse("notes", {"a": 1}) == {"a": 1}
    assert bare.trouble(503, "Wait.", {}) == Response(503, {"error": {"code": "503", "message": "Wait."}})
