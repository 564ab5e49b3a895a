"""The smallest emulator: notes that can be listed, read and written, and that fade with time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from reconciler.testing.emulators.base import Document, Emulator, Request, Response

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Toy(Emulator):
    """`PUT /notes/ID` writes, `GET /notes` lists, `GET /notes/ID` reads; a note with `days` is gone after them."""

    NAME: ClassVar[str] = "toy"
    RECORDS: ClassVar[frozenset[str]] = frozenset({"notes"})

    def handle(self, request: Request) -> Response:
        """Answers one request."""
        id = request.path.removeprefix("/notes").lstrip("/")
        if request.method == "PUT":
            values = json.loads(request.body)
            self.put("notes", id, {"id": id, **values})
            self.put("book", str(len(self.table("book"))), {"asked": request.path})
            self.effect("PUT", id, values, request.headers.get("idempotency-key"))
            return Response(200, self.table("notes")[id])
        if request.path == "/broken":
            self.put("notes", "broken", {"id": "broken"})
            raise LookupError("a mistake of the emulator")
        if id:
            found = self.table("notes").get(id)
            return Response(200, found) if found else Response(404, {"error": {"code": "NotFound"}})
        return Response(
            200, {"value": list(self.table("notes").values()), "nextLink": f"{request.origin}/notes?page=2"}
        )

    def due(self, table: str, document: Document) -> datetime | None:
        """Notes fade in steps of a day."""
        return datetime.fromisoformat(document["fades"]) if document.get("fades") else None

    def elapse(self, table: str, document: Document) -> Document:
        """One step."""
        left = document["days"] - 1
        fades = datetime.fromisoformat(document["fades"]) + timedelta(days=1)
        return {**document, "days": left, "fades": fades.isoformat() if left else None}
