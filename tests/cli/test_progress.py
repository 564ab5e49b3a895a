"""Progress: one line that is written over on a terminal, one line in a log, nothing for short work."""

from __future__ import annotations

import errno
import io
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.cli.app import Given
from reconciler.cli.progress import LONG, Logged, Shown, far, progress_of, progress_on, time_words

WIPED = "\r\x1b[K"


@dataclass
class Clock:
    """Goes on when told."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """A stderr that is a terminal."""

    def isatty(self) -> bool:
        return True


class Gone(io.StringIO):
    """A stderr that nobody reads any more."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


class Ascii(io.StringIO):
    """A stderr in a locale without our signs."""

    def write(self, text: str) -> int:
        text.encode("ascii")
        return super().write(text)


def given(*, quiet: bool = False) -> Given:
    """The shared options, none of them given but this."""
    return Given(
        directory=Path(), settings_file=None, store=None, as_of=None, select=(), exclude=(), allow=(),
        lock_timeout=None, format="text", out=(), detailed_exitcode=False, no_color=False, quiet=quiet,
    )  # fmt: skip


class TestATerminal:
    def test_a_long_phase_is_there_at_once(self) -> None:
        stream = Terminal()
        Shown(stream, Clock()).phase("Reading", 10_000, "files")
        assert stream.getvalue() == f"{WIPED}Reading 10,000 files …"

    def test_it_says_how_far_how_quickly_and_how_long(self) -> None:
        stream, clock = Terminal(), Clock()
        shown = Shown(stream, clock)
        shown.phase("Reading", 10_000, "files")
        clock.now = 2.0
        shown.advance(2_000)
        assert stream.getvalue().split(WIPED)[-1] == "Reading 2,000 of 10,000 files, 1,000 a second, 8 s left"

    def test_it_is_drawn_some_times_a_second_at_most(self) -> None:
        stream, clock = Terminal(), Clock()
        shown = Shown(stream, clock)
        shown.phase("Reading", 10_000, "files")
        for step in range(1, 2_001):
            clock.now = step / 1_000
            shown.advance()
        assert stream.getvalue().count(WIPED) <= 1 + 2 * 5

    def test_short_work_shows_nothing(self) -> None:
        stream, clock = Terminal(), Clock()
        shown = Shown(stream, clock)
        shown.phase("Applying", LONG - 1)
        clock.now = 0.9
        shown.advance(LONG - 1)
        shown.done()
        assert stream.getvalue() == ""

    def test_slow_work_is_shown_once_it_is_worth_a_look(self) -> None:
        stream, clock = Terminal(), Clock()
        shown = Shown(stream, clock)
        shown.phase("Looking", 8, "accounts")
        clock.now = 4.0
        shown.advance()
        assert stream.getvalue() == f"{WIPED}Looking 1 of 8 accounts, 28 s left"

    def test_it_leaves_nothing_behind(self) -> None:
        stream = Terminal()
        shown = Shown(stream, Clock())
        shown.phase("Reading", 10_000)
        shown.phase("Planning", 10_000)
        shown.done()
        shown.done()
        assert stream.getvalue() == f"{WIPED}Reading 10,000 …{WIPED}{WIPED}Planning 10,000 …{WIPED}"

    def test_what_is_told_when_a_phase_is_over_is_not_drawn(self) -> None:
        stream, clock = Terminal(), Clock()
        shown = Shown(stream, clock)
        shown.phase("Reading", 3)
        shown.done()
        clock.now = 60.0
        shown.advance()
        assert stream.getvalue() == ""

    def test_a_line_is_never_longer_than_the_terminal(self) -> None:
        stream = Terminal()
        Shown(stream, Clock()).phase("x" * 500, LONG)
        assert len(stream.getvalue()) == len(WIPED) + 79


class TestALog:
    def test_a_long_run_says_so_once(self) -> None:
        stream = io.StringIO()
        logged = Logged(stream)
        logged.phase("Looking for files", 4)
        logged.phase("Reading", 10_000, "files")
        logged.advance(10_000)
        logged.phase("Applying", 100_000, "changes")
        logged.done()
        assert stream.getvalue() == "Reading 10,000 files …\n"

    def test_a_locale_without_our_signs_is_told_in_its_own(self) -> None:
        stream = Ascii()
        Logged(stream).phase("Reading", LONG, "files")
        assert stream.getvalue() == "Reading 2,000 files ...\n"

    def test_that_nobody_listens_ends_no_work(self) -> None:
        stream = Gone()
        Logged(stream).phase("Reading", LONG, "files")
        assert stream.getvalue() == ""


class TestACommand:
    @pytest.fixture(autouse=True)
    def _a_plain_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TERM", "xterm")

    @pytest.mark.parametrize(
        ("stream", "quiet", "term", "printed"),
        [
            pytest.param(Terminal, False, "xterm", f"{WIPED}Reading 2,000 files …{WIPED}", id="a terminal"),
            pytest.param(Terminal, False, "dumb", "Reading 2,000 files …\n", id="a terminal that only types"),
            pytest.param(io.StringIO, False, "xterm", "Reading 2,000 files …\n", id="a pipe"),
            pytest.param(Terminal, True, "xterm", "", id="quiet on a terminal"),
            pytest.param(io.StringIO, True, "xterm", "", id="quiet in a pipe"),
        ],
    )
    def test_who_sees_what(
        self, monkeypatch: pytest.MonkeyPatch, stream: type[io.StringIO], quiet: bool, term: str, printed: str
    ) -> None:
        error = stream()
        monkeypatch.setattr("sys.stderr", error)
        monkeypatch.setenv("TERM", term)
        with progress_of(given(quiet=quiet), Clock()) as progress:
            progress.phase("Reading", LONG, "files")
        assert error.getvalue() == printed

    def test_without_a_stderr_nothing_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stderr", None)
        with progress_of(given()) as progress:
            progress.phase("Reading", LONG)
            progress.advance()

    def test_an_apply_tells_how_much_is_done_of_how_much(self, monkeypatch: pytest.MonkeyPatch) -> None:
        error = io.StringIO()
        monkeypatch.setattr("sys.stderr", error)
        with progress_on(given(), unit="changes") as tell:
            tell(500, LONG)
            tell(LONG, LONG)
        assert error.getvalue() == "Applying 2,000 changes …\n"

    def test_what_goes_wrong_meanwhile_is_told_on_a_line_of_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        error = Terminal()
        monkeypatch.setattr("sys.stderr", error)

        def work() -> None:
            with progress_of(given(), Clock()) as progress:
                progress.phase("Reading", LONG)
                raise ValueError("wrong")

        with pytest.raises(ValueError, match="wrong"):
            work()
        assert error.getvalue().endswith(WIPED)


@pytest.mark.parametrize(
    ("behind", "total", "seconds", "words"),
    [
        pytest.param(0, 9, 5.0, "Reading 9 files …", id="nothing yet"),
        pytest.param(3, 9, 0.4, "Reading 3 of 9 files", id="too early to tell"),
        pytest.param(9, 9, 3.0, "Reading 9 of 9 files, 3 a second, 0 s left", id="all of it"),
        pytest.param(12, 9, 3.0, "Reading 9 of 9 files, 4 a second, 0 s left", id="more than was thought"),
    ],
)
def test_how_far(behind: int, total: int, seconds: float, words: str) -> None:
    assert far("Reading", behind, total, "files", seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 s"), (59.4, "59 s"), (60, "1 min 00 s"), (125, "2 min 05 s"), (4_800, "1 h 20 min")],
)
def test_how_long(seconds: float, words: str) -> None:
    assert time_words(seconds) == words
