"""Faults that are switched on in an emulator: which requests they meet, how often, and what they do to an answer.

What a fault does before or after a commit, `base` puts in order; how an answer is bent, stands here.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KINDS: Mapping[str, str] = {
    "status": "answers with a status of its own; nothing is committed",
    "throttle": "answers 429 with Retry-After; nothing is committed",
    "busy": "answers as the vendor does while something else is at work on the object; nothing is committed",
    "drop-before-commit": "closes the connection without an answer; nothing is committed",
    "hang": "answers nothing until the client gives up or the seconds are over; nothing is committed",
    "lie": "answers as if it were done; nothing is committed",
    "drop-after-commit": "commits, then closes the connection without an answer",
    "hang-after-commit": "commits, then answers nothing until the client gives up or the seconds are over",
    "status-after-commit": "commits, then answers with a status of its own",
    "reset-mid-body": "commits, then resets the connection in the middle of the answer's body",
    "delayed-reads": "reads show what stood some requests or seconds ago",
    "half-page": "a list leaves out the second half of its items, and goes on as if it had not",
    "cursor-loop": "a list's cursor leads to the same page again",
    "duplicate-id": "a list shows its first item twice",
    "empty-list": "a list is empty, and says that it is at its end",
    "invalid-json": "the body is cut in the middle, with a length and a status as if it were whole",
    "huge-body": "the body goes on for very long",
}
"""Every kind of fault, and what it does."""

VALUES: Mapping[str, str] = {
    "status": "the status (500), or {status, body, headers}",
    "status-after-commit": "the status (500), or {status, body, headers}",
    "throttle": "the seconds of Retry-After (1)",
    "hang": "the seconds at most (30)",
    "hang-after-commit": "the seconds at most (30)",
    "delayed-reads": "so many requests ago (1), or {seconds: S}",
    "huge-body": "its size in bytes (64 MiB)",
}
"""What `value` means, and its default; the other kinds take none."""

HANG_AT_MOST = 60.0
"""Seconds."""
HUGE = 64 * 1024 * 1024
HUGE_AT_MOST = 256 * 1024 * 1024


class WrongFault(ValueError):
    """A fault that does not exist, or whose fields make no sense."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: what it does, to which requests, how often."""

    kind: str
    """One of `KINDS`."""
    match: str = ""
    """A regular expression that is searched in `METHOD /path?query`; empty: every request. `delayed-reads` only ever
    meets GET, the ones that bend a list only meet lists."""
    times: int | None = 1
    """How many requests it meets; None: all."""
    value: Any = None
    """See `VALUES`."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise WrongFault(f"no fault is called {self.kind!r}; there are: {', '.join(KINDS)}")
        if self.times is not None and self.times < 1:
            raise WrongFault("times is at least 1, or null for always")
        if self.value is not None and self.kind not in VALUES:
            raise WrongFault(f"{self.kind} takes no value")
        try:
            re.compile(self.match)
        except re.error as error:
            raise WrongFault(f"match is no regular expression: {error}") from error
        self._check_value()

    def _check_value(self) -> None:
        answers = self.kind in ("status", "status-after-commit")
        fields = self.value if isinstance(self.value, Mapping) else None
        if fields is None and self.value is not None and _number(self.value) is None:
            raise WrongFault(f"value of {self.kind}: {VALUES[self.kind]}")
        if fields is not None and answers:
            if set(fields) - {"status", "body", "headers"} or not isinstance(fields.get("status"), int):
                raise WrongFault(f"value of {self.kind}: {VALUES[self.kind]}")
        elif fields is not None and (self.kind != "delayed-reads" or set(fields) != {"seconds"}):
            raise WrongFault(f"value of {self.kind}: {VALUES[self.kind]}")

    @property
    def seconds(self) -> float:
        """How long a hang lasts at most."""
        return min(_number(self.value) or 30.0, HANG_AT_MOST)

    @property
    def size(self) -> int:
        """How long a huge body is."""
        return min(int(_number(self.value) or HUGE), HUGE_AT_MOST)

    @property
    def status(self) -> int:
        """The status that it answers with."""
        named = self.value["status"] if isinstance(self.value, Mapping) else self.value
        return int(_number(named) or 500)

    @classmethod
    def of(cls, fields: object) -> Fault:
        """From JSON; raises WrongFault."""
        if not isinstance(fields, Mapping) or "kind" not in fields:
            raise WrongFault("a fault is an object with a kind")
        if unknown := set(fields) - {"kind", "match", "times", "value"}:
            raise WrongFault(f"a fault has no {', '.join(sorted(map(str, unknown)))}")
        match, times = fields.get("match", ""), fields.get("times", 1)
        if not isinstance(match, str) or isinstance(times, bool) or not isinstance(times, int | None):
            raise WrongFault("match is a text; times is a number, or null for always")
        return cls(fields["kind"], match, times, fields.get("value"))

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {"kind": self.kind, "match": self.match, "times": self.times, "value": self.value}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 else None


class Faults:
    """The faults that are switched on, in order; safe for threads. The first that matches a request meets it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: list[tuple[Fault, int | None]] = []
        self.met: list[tuple[str, str]] = []
        """Kind and request of each one that was met, in order."""

    def add(self, *faults: Fault) -> None:
        """Switches them on, behind those that are on already."""
        with self._lock:
            self._left.extend((fault, fault.times) for fault in faults)

    def clear(self) -> None:
        """Switches all of them off."""
        with self._lock:
            self._left.clear()

    def on(self) -> list[Fault]:
        """Those that are switched on still, with the times that are left."""
        with self._lock:
            return [Fault(fault.kind, fault.match, left, fault.value) for fault, left in self._left]

    def take(self, request: str, *, read: bool) -> Fault | None:
        """The fault that meets a request (`METHOD /path?query`), used up by one time."""
        with self._lock:
            for index, (fault, left) in enumerate(self._left):
                if (fault.kind == "delayed-reads" and not read) or not re.search(fault.match, request):
                    continue
                if left == 1:
                    del self._left[index]
                elif left is not None:
                    self._left[index] = (fault, left - 1)
                self.met.append((fault.kind, request))
                return fault
        return None
