"""Who decided: the commit that the specs were read at, and its author, as git tells.

An adapter: runs git, reads only. No git, no repository or no commit is no error: there is then nothing to tell.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit: its full hash, with a `+` behind it where the specs held uncommitted edits, and its author."""

    commit: str
    author: str


def revision_of(root: Path, paths: Sequence[str]) -> Revision | None:
    """The commit checked out at `root`, and whether `paths` (relative to it) differ from it."""
    told = _git(root, "log", "-1", "--no-show-signature", "--format=%H%x00%an <%ae>")
    if not told:
        return None
    commit, _, author = told.strip().partition("\0")
    edited = _git(root, "status", "--porcelain", "--untracked-files=all", "--", *paths)
    # A status that cannot be had is treated as edited: the journal must not claim more than is known.
    return Revision(commit if edited == "" else f"{commit}+", author)


def _git(root: Path, *arguments: str) -> str | None:
    command = ["git", "-C", str(root), "--no-optional-locks", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
