"""How a change that was made can be taken back, in words: what to write, until when, and what is left after that.

Pure values to words, not escaped: that is for the view, which knows its sink.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from reconciler.changes import Change
from reconciler.views.words import day, moment

if TYPE_CHECKING:  # start-up: only what was done is taken back
    from reconciler.undoing import Undo

Undoing = Callable[[Change], "Undo"]
"""How a change is taken back; by `undoing.undo_of` with the policy of its account."""


def by_no_policy(change: Change) -> Undo:
    """How a change is taken back where nobody has told us its account's policy."""
    from reconciler.undoing import undo_of  # start-up, as above

    return undo_of(change, None)


def undo_phrases(undo: Undo) -> list[str]:
    """What to do and until when, then what is left to do afterwards; or why nothing takes it back."""
    until = "" if undo.until is None else f", until {moment(undo.until)}"
    found = [f"{_HOW[undo.possible, bool(undo.keys or undo.facts)]}{undo.how}{until}"]
    if undo.later:
        before = "" if undo.later_until is None else f" (before {day(undo.later_until)})"
        found.append(f"{undo.later}{before}")
    return found


_HOW = {(True, True): "", (True, False): "", (False, True): "only in part: ", (False, False): "not possible: "}


def undo_command(run: str | None) -> str:
    """The command that writes all of it as a change of the specs; an empty text without a run."""
    return f"To take it back, as a change of the specs: reconcile undo {run}" if run else ""
