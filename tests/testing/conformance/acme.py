"""Acme, a vendor that is not there: an emulator with everything that a vendor may have, and a bench over it.

Its provider is in `acme_provider`, and speaks to it without a socket.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any, ClassVar

from reconciler.settings import AccountSettings
from reconciler.testing.conformance import Case, EmulatorBench, Requests, Who
from reconciler.testing.emulators.base import EXPIRED, OWNER, READER, Document, Emulator, Request, Response
from tests.builders import NOW
from tests.testing.conformance.acme_provider import URL, AcmeProvider, Wire

PAGE = 40
START, END = NOW - timedelta(days=10), NOW + timedelta(days=20)
SETTINGS = AccountSettings("shop", "acme", "plain", tenant="acme-1", options={"region": "north"})


class AcmeEmulator(Emulator):
    """Subscriptions with a revision, four switches, and an end at once that takes a job."""

    NAME: ClassVar[str] = "acme"
    ITEMS: ClassVar[str] = "items"
    RECORDS: ClassVar[frozenset[str]] = frozenset({"subscriptions"})

    def handle(self, request: Request) -> Response:
        """One request."""
        if request.bearer not in (OWNER, READER):
            return self.trouble(401, "Who are you?", {})
        if request.bearer == READER and not request.reads:
            return self.trouble(403, "You may only read.", {})
        match request.method, request.path.removeprefix("/v1/").split("/"):
            case "GET", ["account"]:
                return Response(200, {"id": "acme-1"})
            case "GET", ["subscriptions"]:
                return self._list(request)
            case "GET", ["subscriptions", id]:
                found = self.table("subscriptions").get(id)
                return Response(200, found) if found else self._none()
            case "GET", ["jobs", id]:
                return self._job(id)
            case "POST", ["subscriptions", id, verb]:
                return self._write(request, id, verb)
            case _:
                return self.trouble(404, "No such path.", {})

    def _none(self) -> Response:
        return Response(404, {"error": {"code": "no-such-subscription"}})

    def _list(self, request: Request) -> Response:
        found = list(self.table("subscriptions").values())
        start = int(request.query.get("after", "0"))
        more = str(start + PAGE) if start + PAGE < len(found) else None
        return Response(200, {"items": found[start : start + PAGE], "next": more})

    def looped(self, request: Request, body: Document) -> Document:
        """With a cursor that leads back to it."""
        return {**body, "next": request.query.get("after", "0")}

    def emptied(self, body: Document) -> Document:
        """Without items or a cursor."""
        return {"items": [], "next": None}

    def _write(self, request: Request, id: str, verb: str) -> Response:
        found = self.table("subscriptions").get(id)
        key = request.headers.get("idempotency-key", "")
        if found is None:
            return self._none()
        if key in self.table("keys"):
            return Response(*self.table("keys")[key]["answer"])
        if request.headers.get("if-match", found["version"]) != found["version"]:
            return self.trouble(412, "It has moved.", {})
        if found.get("locked"):
            return self.busy(request)
        answer = self._carried_out(found, verb, key)
        if answer.status < 300:
            self.put("keys", key, {"answer": [answer.status, answer.body]})
        return answer

    def _carried_out(self, found: Document, verb: str, key: str) -> Response:
        id = found["id"]
        changes: Mapping[str, Mapping[str, Any]] = {
            "renew": {"renews": True},
            "lapse": {"renews": False},
            "stop": {"renews": False, "stops": True},
            "unstop": {"renews": True, "stops": False},
        }
        over = found["status"] != "live"
        if verb == "revive" and over:
            return self._changed(found, verb, key, status="live", renews=True, stops=False, ended_now=False)
        if over or verb not in (*changes, "end"):
            return self.trouble(409 if over else 404, "It is over." if over else "No such verb.", {})
        if verb != "end":
            return self._changed(found, verb, key, **changes[verb])
        self.effect(verb, id, {}, key)
        job = str(len(self.table("jobs")) + 1)
        self.put("jobs", job, {"of": id, "left": 2, "lie": self.lying})
        self.put("subscriptions", id, {**found, "locked": True})
        return Response(202, {"job": job})

    def _changed(self, found: Document, verb: str, key: str, **values: Any) -> Response:
        self.effect(verb, found["id"], values, key)
        fresh = {**found, **values, "version": f"v{int(found['version'][1:]) + 1}"}
        self.put("subscriptions", found["id"], fresh)
        return Response(200, fresh)

    def _job(self, id: str) -> Response:
        job = self.table("jobs").get(id)
        if job is None:
            return self.trouble(404, "No such job.", {})
        if job["left"] > 0:
            self.put("jobs", id, {**job, "left": job["left"] - 1})
            return Response(200, {"done": False})
        found = self.table("subscriptions")[job["of"]]
        if found.get("locked"):
            gone = {} if job["lie"] else {"status": "over", "renews": False, "ended_now": True}
            self.put("subscriptions", job["of"], {**found, "locked": False, **gone})
        return Response(200, {"done": True})

    def due(self, table: str, document: Document) -> datetime | None:
        """The end of its term."""
        living = table == "subscriptions" and document["status"] == "live"
        return datetime.fromisoformat(document["end"]) if living and "T" in str(document["end"]) else None

    def elapse(self, table: str, document: Document) -> Document:
        """It renews, or it is over."""
        if not document["renews"]:
            return {**document, "status": "over"}
        end = datetime.fromisoformat(document["end"])
        return {**document, "start": end.isoformat(), "end": (end + timedelta(days=30)).isoformat()}


@dataclass
class AcmeBench(EmulatorBench):
    """Subscriptions of thirty days, ten days old."""

    PATTERNS: ClassVar[Mapping[Requests, str]] = {
        Requests.LIST: r"^GET /v1/subscriptions(\?|$)",
        Requests.GET: r"^GET /v1/subscriptions/",
        Requests.WRITE: r"^POST ",
    }

    def __post_init__(self) -> None:
        self._numbers = count(1)

    def seed(self, case: Case) -> str:
        id = f"acme-{next(self._numbers):05}"
        standing: Mapping[Case, Mapping[str, Any]] = {
            Case.RENEWING: {},
            Case.OFF: {"renews": False},
            Case.STOPPING: {"renews": False, "stops": True},
            Case.ENDED: {"status": "over", "renews": False},
            Case.SUSPENDED: {"status": "held"},
            Case.BUSY: {"locked": True},
            Case.ELSEWHERE: {"owner": "somebody"},
            Case.UNKNOWN: {"status": "hibernating"},
            Case.UNREADABLE: {"renews": "perhaps"},
        }
        plain = {"id": id, "plan": "basic", "status": "live", "renews": True, "stops": False, "version": "v1"}
        dates = {"start": START.isoformat(), "end": END.isoformat()}
        self.emulator.put("subscriptions", id, {**plain, **dates, **standing[case]})
        return id

    def change_outside(self, id: str) -> None:
        found = self.emulator.table("subscriptions")[id]
        self.emulator.edit("subscriptions", id, version=f"v{int(found['version'][1:]) + 1}", plan="other")


def a_bench(provider: AcmeProvider | None = None, **fields: Any) -> AcmeBench:
    """A bench for that provider, or for the good one."""
    emulator = AcmeEmulator(now=NOW)
    provider = provider or AcmeProvider()
    provider.wire = Wire(emulator.answer)
    tokens = ((Who.WRITER, OWNER), (Who.READER, READER), (Who.EXPIRED, EXPIRED), (Who.NOBODY, ""))
    secrets = {who: {"token": token} if token else {} for who, token in tokens}
    values: dict[str, Any] = {
        "account": SETTINGS,
        "absent": "acme-99999",
        "secrets": secrets,
        "pinned_elsewhere": replace(SETTINGS, tenant="acme-2"),
    }
    return AcmeBench(emulator, URL, provider, **(values | fields))
