"""Applies a unified diff as its standard says and nothing more: a second opinion on what we print."""

from __future__ import annotations

import re
from collections.abc import Mapping

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@\n")


def patched(files: Mapping[str, str], patch: str) -> dict[str, str]:
    """The files as the patch leaves them; AssertionError where it does not fit them exactly."""
    found = dict(files)
    lines = [f"{line}\n" for line in patch.split("\n")[:-1]]
    at = 0
    while at < len(lines):
        assert lines[at].startswith("--- a/"), lines[at]
        assert lines[at + 1].startswith("+++ b/"), lines[at + 1]
        path = lines[at][len("--- a/") :].rstrip("\n\t")
        assert lines[at + 1][len("+++ b/") :].rstrip("\n\t") == path
        found[path], at = _patched_file(files[path], lines, at + 2)
    return found


def _patched_file(text: str, lines: list[str], at: int) -> tuple[str, int]:
    source, made, taken = _split(text), list[str](), 0
    while at < len(lines) and (hunk := _HUNK.fullmatch(lines[at])):
        old, new = _count(hunk[2]), _count(hunk[4])
        begin = int(hunk[1]) - (1 if old else 0)
        made += source[taken:begin]
        taken = begin
        assert len(made) == int(hunk[3]) - (1 if new else 0)
        at += 1
        while old or new:
            sign, line = lines[at][0], lines[at][1:]
            at += 1
            if at < len(lines) and lines[at].startswith("\\"):
                line, at = line[:-1], at + 1
            if sign != "+":
                assert source[taken] == line
                taken, old = taken + 1, old - 1
            if sign != "-":
                made.append(line)
                new -= 1
    return "".join([*made, *source[taken:]]), at


def _count(text: str | None) -> int:
    return 1 if text is None else int(text)


def _split(text: str) -> list[str]:
    parts = text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
