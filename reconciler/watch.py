"""Repeated passes, level-based: an event only wakes a comparison of content, and every pass is a whole one.

Knows no file watcher and no clock of its own: ticks, content and time are handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

RETRIED = frozenset({1, 4, 6, 70})
"""Exit codes of a pass that may go better by itself; a refusal or a block waits for new specs, or the period."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When to look again; all in seconds."""

    period: float = 300.0
    """A whole pass at least this often, whatever was or was not noticed."""
    look: float = 30.0
    """Compare the content at least this often: some file systems tell no events."""
    first_retry: float = 5.0
    longest_retry: float = 300.0

    def retry_after(self, failures: int) -> float:
        """How long to wait after that many failures in a row: doubling, up to the longest."""
        return min(self.first_retry * 2.0 ** min(failures - 1, 32), self.longest_retry, self.period)


def watch(
    ticks: Iterable[bool],
    content: Callable[[], str],
    once: Callable[[], int],
    schedule: Schedule,
    monotonic: Callable[[], float],
) -> int:
    """Run `once` at the start, whenever the content changed, after a failure with back-off, and on the period.

    `ticks` yields True where something moved on disk, False now and then otherwise, and ends when asked to stop.
    Answers how many passes there were.
    """
    seen: str | None = None
    due = look_at = monotonic()
    failures = passes = 0
    for moved in ticks:
        now = monotonic()
        if not moved and now < due and now < look_at:
            continue
        fresh, look_at = content(), now + schedule.look
        if fresh == seen and now < due:
            continue
        # Noted before the pass: an edit that comes while it runs differs from this, and wakes the next one.
        seen = fresh
        code = once()
        passes += 1
        failures = failures + 1 if code in RETRIED else 0
        due = monotonic() + (schedule.retry_after(failures) if failures else schedule.period)
    return passes
