"""Plays the ```console blocks of a Markdown page: each `$ command` in a folder of its own, its output put below it.

A page shows what a command printed, word for word; a line `...` stands for lines left out, and `[exit 3]` for an exit
code other than 0. What differs from run to run by nature is made steady here, and nothing else is: the clock stands
still, and run ids, the identities of new stores and the folder's own path are replaced by made-up ones.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[1]
CLOCK: Final = "2026-11-23T09:00:00Z"
"""The instant at which every command runs."""
ELLIPSIS: Final = "..."
_SECONDS: Final = 60

# The program as it is, but for its clock.
_PROGRAM: Final = f"""\
import sys

sys.path.insert(0, {str(REPOSITORY)!r})

from datetime import datetime

from reconciler import runtime
from reconciler.cli.entry import main

runtime.SystemClock.now = lambda self: datetime.fromisoformat({CLOCK!r})
main()
"""

_OPENING: Final = re.compile("(```+)console")
_PROMPT: Final = "$ "
_CONTINUED: Final = "> "
_RUN_ID: Final = re.compile(r"\b\d{8}T\d{6}Z-[0-9a-f]{8}\b")
_UUID: Final = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b")


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a page: its lines as shown, and those that it is said to print."""

    shown: tuple[str, ...]
    """With prompts: `$ ` before the first line, `> ` before those that continue it."""
    printed: tuple[str, ...]

    @property
    def line(self) -> str:
        """What bash is given."""
        return "\n".join(line[len(_PROMPT) :] for line in self.shown)

    @property
    def program(self) -> str:
        """The program that it runs; ValueError where it is more than one program with plain words."""
        words = shlex.shlex(self.line.replace("\\\n", " "), posix=True, punctuation_chars=True)
        words.whitespace_split = True
        found = list(words)
        if any(set(word) <= set("();<>|&") for word in found):
            raise ValueError(f"more than one plain command: {self.line}")
        return found[0]


class Shell:
    """A folder, and the surroundings that each command is run in: nothing of this machine but its programs."""

    def __init__(self, folder: Path, around: Path) -> None:
        """Commands run in `folder`; `around`, which must exist, gets the home directory and the program."""
        self.folder = folder
        self._known = _uuids_in(folder)
        self._names: dict[str, str] = {}
        self._numbers = {_RUN_ID: count(1), _UUID: count(1)}
        self.environment = surroundings(around)

    def run(self, line: str) -> tuple[str, ...]:
        """The lines that one command line prints, errors among them, and its exit code where it is not 0."""
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-c", line],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_SECONDS,
            check=False,
        )
        exit_code = [f"[exit {done.returncode}]"] if done.returncode else []
        return (*self._steady(done.stdout.decode("utf-8")).rstrip("\n").splitlines(), *exit_code)

    def _steady(self, text: str) -> str:
        text = text.replace(str(self.folder), f"/home/ada/{self.folder.name}")
        text = _RUN_ID.sub(lambda found: self._name(found[0], _RUN_ID, f"{found[0][:-8]}{{:08x}}"), text)
        return _UUID.sub(lambda found: self._name(found[0], _UUID, "00000000-0000-4000-8000-{:012x}"), text)

    def _name(self, found: str, kind: re.Pattern[str], pattern: str) -> str:
        if found in self._known:
            return found
        if found not in self._names:
            self._names[found] = pattern.format(next(self._numbers[kind]))
        return self._names[found]


def surroundings(around: Path) -> dict[str, str]:
    """An environment for commands: `reconcile` is this tree's, with a clock that stands; git's dates and author too."""
    bin_folder, home = around / "bin", around / "home"
    for folder in (bin_folder, home):
        folder.mkdir(exist_ok=True)
    program = around / "reconcile.py"
    program.write_text(_PROGRAM, encoding="utf-8")
    launcher = bin_folder / "reconcile"
    launcher.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(program))} "$@"\n')
    launcher.chmod(0o755)
    return {
        "PATH": os.pathsep.join(
            [str(bin_folder), str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
        ),
        "HOME": str(home),
        "USER": "ada",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        **_GIT,
    }


_GIT: Final[Mapping[str, str]] = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "init.defaultBranch",
    "GIT_CONFIG_VALUE_0": "main",
    "GIT_AUTHOR_NAME": "Ada Author",
    "GIT_AUTHOR_EMAIL": "ada@contoso.example",
    "GIT_AUTHOR_DATE": CLOCK,
    "GIT_COMMITTER_NAME": "Ada Author",
    "GIT_COMMITTER_EMAIL": "ada@contoso.example",
    "GIT_COMMITTER_DATE": CLOCK,
}


def _uuids_in(folder: Path) -> frozenset[str]:
    """Those that the files themselves hold: they are the page's own, and stay."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return frozenset(found for path in files for found in _UUID.findall(path.read_text("utf-8", "replace")))


def commands_of(page: str) -> list[Command]:
    """Every command of every ```console block, in order."""
    return [part for part in _parts(page.splitlines()) if isinstance(part, Command)]


def played(page: str, shell: Shell) -> str:
    """The page with what its commands print now; the same page where all is as it says."""
    lines: list[str] = []
    for part in _parts(page.splitlines()):
        if isinstance(part, str):
            lines.append(part)
            continue
        printed = shell.run(part.line)
        lines += [*part.shown, *(part.printed if agrees(part.printed, printed) else abridged(part.printed, printed))]
    return "".join(f"{line}\n" for line in lines)


def agrees(expected: Sequence[str], printed: Sequence[str]) -> bool:
    """Whether these lines are the expected ones; an expected `...` stands for one line or more."""
    pattern = "".join(r"(?:.*\n)+" if line == ELLIPSIS else f"{re.escape(line)}\n" for line in expected)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)) is not None


def abridged(expected: Sequence[str], printed: Sequence[str]) -> tuple[str, ...]:
    """The lines as a page that left some out would show them now: as many at the start and at the end as before."""
    first, last = (list(lines).index(ELLIPSIS) if ELLIPSIS in lines else None for lines in (expected, expected[::-1]))
    if first is None or last is None or first + last >= len(printed):
        return tuple(printed)
    return (*printed[:first], ELLIPSIS, *printed[len(printed) - last :])


def _parts(lines: Sequence[str]) -> Iterator[str | Command]:
    """A page as its lines, with each command and what it prints as one part."""
    fence, shown, printed = "", list[str](), list[str]()
    for line in lines:
        if fence and (line == fence or line.startswith(_PROMPT)):
            yield from _flushed(shown, printed)
            shown, printed = [], []
        if fence and line.startswith(_PROMPT):
            shown = [line]
        elif shown and not printed and shown[-1].endswith("\\") and line.startswith(_CONTINUED):
            shown.append(line)
        elif shown:
            printed.append(line)
        else:
            opening = _OPENING.fullmatch(line)
            fence = "" if line == fence else opening[1] if opening and not fence else fence
            yield line


def _flushed(shown: list[str], printed: list[str]) -> Iterator[str | Command]:
    """The command that was read so far, if any; blank lines below what it prints are the page's own."""
    filled = len(printed)
    while filled and not printed[filled - 1]:
        filled -= 1
    if shown:
        yield Command(tuple(shown), tuple(printed[:filled]))
    yield from printed[filled:]
