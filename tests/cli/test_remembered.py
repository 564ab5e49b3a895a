"""What a dry run said is believed only as long as a whole run would say it: every input that counts, one by one."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import time_ns

import pytest

from reconciler.cli import remembered
from reconciler.cli.app import Given
from reconciler.cli.remembered import Answer, Question, Scene
from reconciler.keep.tree import walk

HOUR = 3_600_000_000_000
SAID = "Nothing to do: ÄÖ 🙂\nRenew within 30 days: 1.\n"


@dataclass
class Case:
    """A repository whose dry run was remembered, and how it is asked next."""

    root: Path
    given: Given
    environ: dict[str, str]
    paths: tuple[str, ...] = ()
    colour: bool = False
    now: int = 0
    prices: str = ""
    noted: list[str] = field(default_factory=list)

    @property
    def scene(self) -> Scene:
        """What the run looks at."""
        return Scene(str(self.root / "specs"), str(self.root / "state.db"), self.prices)

    def question(self) -> Question | None:
        """As it is asked now."""
        return Question.of(self.given, self.paths, self.environ, colour=self.colour)

    def remember(self, text: str = SAID, code: int = 0, until: int | None = None) -> bool:
        """Keep that."""
        asked, stamps = self.question(), walk(self.root / "specs")
        assert asked is not None
        return asked.remember(self.scene, stamps or {}, text, code, time_ns() + HOUR if until is None else until)

    def answer(self) -> Answer | None:
        """What is said again."""
        asked = self.question()
        return None if asked is None else asked.answer(self.now or time_ns())

    def outcome(self) -> Path:
        """The file that it is kept in."""
        (found,) = self.root.parent.glob("cache/outcome-*")
        return found


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    root = tmp_path / "repository"
    (root / "specs" / "north").mkdir(parents=True)
    for name in ("reconcile.yaml", "specs/a.yaml", "specs/north/b.yaml", "state.db", "prices.csv"):
        (root / name).write_text(f"# {name}\n")
    # As if all of it had been written long ago: times of a change cannot be set back.
    monkeypatch.setattr(remembered, "RACY", -HOUR)
    given = Given(root, None, None, None, (), (), (), None, "text", (), False, False, False)
    return Case(root, given, {"RECONCILE_CACHE": str(tmp_path / "cache")}, prices=str(root / "prices.csv"))


def test_what_was_said_is_said_again_to_the_byte(case: Case) -> None:
    assert case.answer() is None
    assert case.remember(SAID, 3)
    assert case.answer() == case.answer() == Answer(SAID, 3)


def _given(**fields: object) -> Callable[[Case], None]:
    def change(case: Case) -> None:
        case.given = replace(case.given, **fields)  # type: ignore[arg-type]

    return change


def _environ(name: str, value: str) -> Callable[[Case], None]:
    def change(case: Case) -> None:
        case.environ[name] = value

    return change


def _write(name: str, text: str = "other\n") -> Callable[[Case], None]:
    def change(case: Case) -> None:
        (case.root / name).write_text(text)

    return change


def _rewrite(name: str) -> Callable[[Case], None]:
    """Another text of the same size, and no time of a change to give it away but the one that nobody can set."""

    def change(case: Case) -> None:
        path = case.root / name
        status = path.stat()
        path.write_text(path.read_text().replace("#", "%"))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    return change


def _attribute(name: str, value: object) -> Callable[[Case], None]:
    def change(case: Case) -> None:
        setattr(case, name, value)

    return change


def _gone(name: str) -> Callable[[Case], None]:
    return lambda case: (case.root / name).unlink()


def _moved(case: Case) -> None:
    (case.root / "specs" / "a.yaml").rename(case.root / "specs" / "z.yaml")


def _link_elsewhere(case: Case) -> None:
    (case.root / "specs").rename(case.root / "specs-before")
    (case.root / "specs-now").mkdir()
    (case.root / "specs-now" / "a.yaml").write_text("other\n")
    (case.root / "specs").symlink_to("specs-now", target_is_directory=True)


CHANGES: dict[str, Callable[[Case], None]] = {
    "a byte of the settings": _write("reconcile.yaml", "# reconcile.yamL\n"),
    "other settings": _given(settings_file="other.yaml"),
    "another store": _given(store="sqlite:///other.db"),
    "another instant": _given(as_of="2026-11-23"),
    "a selection": _given(select=("contoso/*",)),
    "an exclusion": _given(exclude=("contoso/*",)),
    "an allowance": _given(allow=("max-endings",)),
    "another exit code asked for": _given(detailed_exitcode=True),
    "no colour asked for": _given(no_color=True),
    "drift to be corrected": _given(correct_drift=("*",)),
    "another look outside": _given(refresh="all"),
    "a path": _attribute("paths", ("specs/a.yaml",)),
    "colour": _attribute("colour", True),
    "a variable of ours": _environ("RECONCILE_MAX_CHANGES", "5"),
    "a spec file": _write("specs/a.yaml"),
    "a spec file that looks alike": _rewrite("specs/north/b.yaml"),
    "a new spec file": _write("specs/north/c.yaml"),
    "a spec file that is gone": _gone("specs/north/b.yaml"),
    "a spec file by another name": _moved,
    "a link for the specs": _link_elsewhere,
    "an odd name among the specs": _write("specs/_odd.yaml"),
    "the store": _write("state.db"),
    "a store that looks alike": _rewrite("state.db"),
    "no store": _gone("state.db"),
    "a journal beside the store": _write("state.db-journal", ""),
    "a log beside the store": _write("state.db-wal", ""),
    "the price list": _write("prices.csv"),
    "a price list that looks alike": _rewrite("prices.csv"),
    "no price list": _gone("prices.csv"),
    "no settings": _gone("reconcile.yaml"),
    "time": _attribute("now", time_ns() + 2 * HOUR),
    "a clock that was set back": _attribute("now", time_ns() - 2 * HOUR),
    "no cache": _environ("RECONCILE_CACHE", "off"),
}


@pytest.mark.parametrize("change", [pytest.param(change, id=name) for name, change in CHANGES.items()])
def test_it_is_not_said_again_where_something_that_counts_has_changed(
    case: Case, change: Callable[[Case], None]
) -> None:
    (case.root / "other.yaml").write_text("# reconcile.yaml\n")
    assert case.remember()
    assert case.answer() == Answer(SAID, 0)
    change(case)
    assert case.answer() is None


def test_another_program_says_nothing_that_this_one_said(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    assert case.remember()
    monkeypatch.setattr(remembered, "program", lambda: b"another program")
    assert case.answer() is None
    monkeypatch.undo()
    assert case.answer() == Answer(SAID, 0)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_environ("LANG", "de_DE.UTF-8"), id="a variable of others"),
        pytest.param(_write("notes.txt"), id="a file beside"),
        pytest.param(_write("specs/.hidden.yaml"), id="a hidden file among the specs"),
        pytest.param(_write("specs/readme.md"), id="no spec file"),
    ],
)
def test_what_counts_for_nothing_changes_nothing(case: Case, change: Callable[[Case], None]) -> None:
    assert case.remember()
    change(case)
    assert case.answer() == Answer(SAID, 0)


def test_a_link_to_the_price_list_is_followed(case: Case) -> None:
    (case.root / "linked.csv").symlink_to("prices.csv")
    case.prices = str(case.root / "linked.csv")
    assert case.remember()
    _rewrite("prices.csv")(case)
    assert case.answer() is None


def test_it_is_believed_until_the_instant_and_not_at_it(case: Case) -> None:
    until = time_ns() + HOUR
    assert case.remember(until=until)
    case.now = until - 1
    assert case.answer() == Answer(SAID, 0)
    case.now = until
    assert case.answer() is None


@pytest.mark.parametrize("name", ["specs/a.yaml", "state.db", "prices.csv", "reconcile.yaml"])
def test_what_was_written_just_before_the_run_is_not_believed(
    case: Case, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(remembered, "RACY", 2_000_000_000)
    soon = time_ns() + 10 * HOUR
    monkeypatch.setattr(remembered, "time_ns", lambda: soon)
    assert case.remember(until=soon + HOUR)
    os.utime(case.root / name, ns=(soon, soon - 1_999_999_999))
    assert not case.remember(until=soon + HOUR)
    os.utime(case.root / name, ns=(soon, soon - 2_000_000_001))
    assert case.remember(until=soon + HOUR)


def test_what_looks_otherwise_than_the_run_saw_it_is_not_believed(case: Case) -> None:
    asked, stamps = case.question(), walk(case.root / "specs")
    assert asked is not None
    assert stamps is not None
    _write("specs/a.yaml")(case)  # after the walk, and while the run was at work
    assert not asked.remember(case.scene, stamps, SAID, 0, time_ns() + HOUR)
    assert case.answer() is None


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(_write("state.db-journal", ""), id="a store that is written to"),
        pytest.param(_gone("state.db"), id="no store"),
        pytest.param(_write("specs/_odd.yaml"), id="an odd name"),
        pytest.param(_attribute("prices", "no such file"), id="no price list"),
        pytest.param(_attribute("prices", "two\nlines"), id="a path of two lines"),
        pytest.param(lambda case: os.utime(case.root / "specs" / "a.yaml", ns=(0, -HOUR)), id="a time before 1970"),
    ],
)
def test_nothing_is_kept_where_anything_is_odd(case: Case, spoil: Callable[[Case], None]) -> None:
    spoil(case)
    assert not case.remember()


def test_without_settings_or_cache_there_is_no_question(case: Case) -> None:
    case.environ["RECONCILE_CACHE"] = str(case.root / "within")
    assert case.question() is None
    case.environ["RECONCILE_CACHE"] = ""
    assert case.question() is None


def _hostile(case: Case, *lines: str, text: bytes = b"said") -> None:
    """Put that in place of what was said, as somebody could who can write our files."""
    asked = case.question()
    assert asked is not None
    assert asked.keep.keep_outcome(asked.key, "\n".join(lines).encode() + b"\0" + text)


@pytest.mark.parametrize(
    ("at", "line"),
    [
        (5, "yesterday"),
        (6, ""),
        (7, "zero"),
        (0, "x" * 5000),
        (1, ""),
        (2, "\udcff".encode("utf-8", "replace").decode()),
    ],
    ids=str,
)
def test_an_answer_that_makes_no_sense_is_none(case: Case, at: int, line: str) -> None:
    assert case.remember()
    data = case.outcome().read_bytes()
    head = data[data.index(str(case.root / "specs").encode()) :].partition(b"\0")[0]
    lines = head.decode().split("\n")
    _hostile(case, *lines)
    assert case.answer() == Answer("said", 0)
    lines[at] = line
    _hostile(case, *lines)
    assert case.answer() is None


@pytest.mark.parametrize("lines", [[], ["one"], ["x"] * 7, ["x"] * 9], ids=len)
def test_an_answer_of_other_lines_is_none(case: Case, lines: list[str]) -> None:
    _hostile(case, *lines)
    assert case.answer() is None


def test_a_text_that_is_no_text_is_none(case: Case) -> None:
    assert case.remember()
    data = case.outcome().read_bytes()
    lines = data[data.index(str(case.root / "specs").encode()) :].partition(b"\0")[0].decode().split("\n")
    _hostile(case, *lines, text=b"\xff\xfe")
    assert case.answer() is None


def test_a_file_that_was_damaged_anywhere_is_as_if_not_there(case: Case) -> None:
    assert case.remember()
    path = case.outcome()
    whole = path.read_bytes()
    for at in range(0, len(whole), 9):
        path.write_bytes(whole[:at])
        assert case.answer() is None
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert case.answer() is None
    path.write_bytes(whole)
    assert case.answer() == Answer(SAID, 0)


def test_odd_bytes_are_said_again_as_they_were_printed(case: Case) -> None:
    assert case.remember("by j\udcfcrgen\n")
    assert case.answer() == Answer("by j\\udcfcrgen\n", 0)
