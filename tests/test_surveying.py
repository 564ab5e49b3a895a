"""A survey of spec files: what is read, what is kept of an earlier run, and when there is none."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import time_ns
from typing import Any

import pytest

from reconciler import surveying
from reconciler.desired import SpecText
from reconciler.keep.shelf import Keep
from reconciler.keep.tree import walk
from reconciler.settings import AccountSettings, Settings
from reconciler.sources import DirectorySource, read_one
from reconciler.spec.parts import Parts, Survey
from reconciler.surveying import Surveyor

SETTINGS = Settings(accounts={name: AccountSettings(name) for name in ("contoso", "fabrikam")})
HOUR = 3_600_000_000_000


class Told:
    """Progress that counts what is read."""

    def __init__(self) -> None:
        self.phases: list[tuple[str, int]] = []
        self.count = 0

    def phase(self, name: str, total: int, unit: str = "") -> None:
        self.phases.append((name, total))

    def advance(self, count: int = 1) -> None:
        self.count += count

    def done(self) -> None:
        pass


@dataclass
class Folder:
    """Spec files that look an hour old, and the keep beside them."""

    root: Path
    place: Path
    told: list[Told] = field(default_factory=list)

    def write(self, file: str, *names: str, text: str | None = None, aged: bool = True) -> None:
        """A file that declares these, or that has this text."""
        listed = "".join(f"  {name}: {{facts: {{product: SPB, term: annual, start: 2026-03-01}}}}\n" for name in names)
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or f"version: 1\naccount: contoso\nsubscriptions:\n{listed}")
        if aged:
            self.age(file)

    def age(self, file: str) -> None:
        """Make the file look an hour old."""
        os.utime(self.root / file, ns=(1, time_ns() - HOUR))

    def surveyor(self, **fields: Any) -> Surveyor:
        """Whoever surveys it next."""
        self.told.append(Told())
        made: dict[str, Any] = {"place": self.place, "progress": self.told[-1], "binding": b"program"} | fields
        return Surveyor(str(self.root), "specs", SETTINGS, frozenset({"ledger"}), **made)

    def survey(self, **fields: Any) -> tuple[Survey, Surveyor]:
        """What it finds."""
        surveyor = self.surveyor(**fields)
        stamps = walk(self.root)
        assert stamps is not None
        # As if the clock of the files stood still for an hour: else all that is new would be read anew.
        found = surveyor.survey(stamps, time_ns() + HOUR)
        assert found is not None
        return found, surveyor

    def kept(self, settled: bytes = b"settled") -> None:
        """Survey it and keep that."""
        assert self.survey()[1].save(settled)

    @property
    def read(self) -> int:
        """How many files the last one read."""
        return self.told[-1].count


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path / "specs", tmp_path / "cache")
    made.write("_defaults.yaml", text="version: 1\ndefaults: {owner: ada}\n")
    for name in ("a", "b", "north/c"):
        made.write(f"{name}.yaml", f"{name[-1]}-1", f"{name[-1]}-2")
    return made


def names(survey: Survey) -> dict[str, list[str] | None]:
    """By file: the names in its sketch."""
    return {file: None if sketch is None else sketch.names.split("\n") for file, sketch in survey.sketches.items()}


ALL = {"specs/a.yaml": ["a-1", "a-2"], "specs/b.yaml": ["b-1", "b-2"], "specs/north/c.yaml": ["c-1", "c-2"]}


def test_a_cold_survey_reads_every_file(folder: Folder) -> None:
    found, _ = folder.survey()
    assert names(found) == ALL
    assert (found.kept, found.before, found.new) == (None, {}, ())
    assert (folder.read, folder.told[-1].phases) == (3, [("Reading", 3)])


def test_its_digest_is_that_of_a_whole_load(folder: Folder) -> None:
    whole = DirectorySource(folder.root, "specs").read().digest
    assert folder.survey()[0].digest == whole
    folder.kept()
    assert folder.survey()[0].digest == whole


def test_a_warm_survey_reads_what_has_changed(folder: Folder) -> None:
    folder.kept(b"what was settled")
    found, _ = folder.survey()
    assert (names(found), folder.read) == (ALL, 0)
    assert (found.kept, found.before, found.new) == (b"what was settled", {}, ())
    folder.write("b.yaml", "b-9")
    found, _ = folder.survey()
    assert names(found) == {**ALL, "specs/b.yaml": ["b-9"]}
    assert folder.read == 1
    assert found.new == ("specs/b.yaml",)
    assert {file: sketch.names for file, sketch in found.before.items() if sketch} == {"specs/b.yaml": "b-1\nb-2"}


def test_what_is_gone_is_told_with_what_it_said(folder: Folder) -> None:
    folder.kept()
    (folder.root / "a.yaml").rename(folder.root / "z.yaml")
    found, _ = folder.survey()
    assert [*found.before] == ["specs/a.yaml"]
    assert found.new == ("specs/z.yaml",)
    assert "specs/a.yaml" not in found.sketches
    assert found.sketches.get("specs/a.yaml") is None


def test_what_was_saved_of_a_warm_survey_serves_the_next(folder: Folder) -> None:
    folder.kept()
    folder.write("b.yaml", "b-9")
    folder.kept()
    (folder.root / "a.yaml").unlink()
    folder.kept()
    found, _ = folder.survey()
    assert names(found) == {"specs/b.yaml": ["b-9"], "specs/north/c.yaml": ["c-1", "c-2"]}
    assert folder.read == 0


def _same_look(folder: Folder, file: str) -> None:
    """Another text that looks from outside as the one before; what the kernel says of the change is racy."""
    path = folder.root / file
    status = path.stat()
    path.write_text(path.read_text().replace("a-1", "a-7"))
    os.utime(path, ns=(1, status.st_mtime_ns))


def test_a_file_that_only_its_ctime_gives_away_is_read(folder: Folder) -> None:
    folder.kept()
    _same_look(folder, "a.yaml")
    assert names(folder.survey()[0])["specs/a.yaml"] == ["a-7", "a-2"]


def test_a_file_that_was_touched_and_says_the_same_is_not_made_anew(folder: Folder) -> None:
    folder.kept()
    folder.write("a.yaml", "a-1", "a-2")
    found, _ = folder.survey()
    assert (folder.read, found.new, names(found)) == (0, (), ALL)


def test_what_changed_just_before_the_last_walk_is_looked_into(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    surveyor = folder.surveyor()
    stamps = walk(folder.root)
    assert stamps is not None
    assert surveyor.survey(stamps, time_ns()) is not None
    assert surveyor.save(b"settled")
    looked: list[str] = []

    def looking(root: str, relative: str, shown_as: str) -> object:
        looked.append(relative)
        return read_one(root, relative, shown_as)

    monkeypatch.setattr(surveying, "read_one", looking)
    folder.survey()
    assert sorted(looked) == ["_defaults.yaml", "a.yaml", "b.yaml", "north/c.yaml"]


def test_on_demand_every_file_is_looked_into(folder: Folder) -> None:
    folder.kept()
    before = Keep.open(folder.place, b"")
    assert before.written_at == 0  # of another binding
    surveyor = folder.surveyor(verify=True)
    stamps = walk(folder.root)
    assert stamps is not None
    _same_look(folder, "a.yaml")
    found = surveyor.survey(stamps, time_ns())  # with the stamps of before
    assert found is not None
    assert names(found)["specs/a.yaml"] == ["a-7", "a-2"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda folder: {"binding": b"another program"}, id="another binding"),
        pytest.param(
            lambda folder: folder.write("_defaults.yaml", text="version: 1\ndefaults: {owner: bob}\n") or {},
            id="other defaults",
        ),
        pytest.param(
            lambda folder: folder.write("north/_defaults.yaml", text="version: 1\ndefaults: {owner: bob}\n") or {},
            id="new defaults",
        ),
        pytest.param(lambda folder: {"place": None}, id="no keep"),
        pytest.param(lambda folder: {"place": folder.place / "none"}, id="an empty keep"),
    ],
)
def test_all_is_read_anew_where_what_it_depends_on_has_changed(
    folder: Folder, change: Callable[[Folder], dict[str, Any]]
) -> None:
    folder.kept()
    found, _ = folder.survey(**change(folder))
    assert (folder.read, found.kept, found.before, found.new) == (3, None, {}, tuple(found.new))
    assert names(found) == ALL


def test_without_a_place_nothing_is_kept(folder: Folder) -> None:
    assert not folder.survey(place=None)[1].save(b"settled")
    assert not folder.place.exists()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("_defaults.yaml", "version: 1\nnonsense: 1\n"),
        ("_defaults.yaml", "version: 1\ndefaults: {owner: \x00}\n"),
        ("_account.yaml", "version: 1\naccount: [\n"),
        ("north/_defaults.yaml", "\ufeffversion: 1\n"),
    ],
)
def test_where_something_is_wrong_above_there_is_no_survey(folder: Folder, file: str, text: str) -> None:
    folder.write(file, text=text)
    stamps = walk(folder.root)
    assert stamps is not None
    assert folder.surveyor().survey(stamps, time_ns()) is None


@pytest.mark.parametrize("text", ["version: 1\n- odd\n", "x: 1\n", "subscriptions: {}\n", "\ufeffversion: 1\n"])
def test_a_file_with_something_to_tell_has_no_sketch_and_hides_no_other(folder: Folder, text: str) -> None:
    folder.write("b.yaml", text=text)
    for _ in range(2):
        assert names(folder.survey()[0]) == {**ALL, "specs/b.yaml": None}
        folder.kept()


def test_a_file_that_is_gone_by_now_has_no_sketch(folder: Folder) -> None:
    stamps = walk(folder.root)
    (folder.root / "b.yaml").unlink()
    assert stamps is not None
    surveyor = folder.surveyor()
    found = surveyor.survey(stamps, time_ns())
    assert found is not None
    assert names(found) == {**ALL, "specs/b.yaml": None}
    assert "b.yaml" not in surveyor.known


def test_a_text_is_read_again_only_as_it_was(folder: Folder) -> None:
    folder.kept()
    found, _ = folder.survey()
    text = found.text_of("specs/a.yaml")
    assert text is not None
    assert text.text == (folder.root / "a.yaml").read_text()
    folder.write("a.yaml", "other")
    assert found.text_of("specs/a.yaml") is None
    assert found.text_of("specs/none.yaml") is None


def test_what_moved_while_it_was_read_is_read_again_and_nothing_is_settled_by_it(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    surveyor = folder.surveyor()
    monkeypatch.setattr(Surveyor, "_stands", lambda self, relative: relative != "b.yaml")
    stamps = walk(folder.root)
    assert stamps is not None
    assert surveyor.survey(stamps, time_ns() + HOUR) is not None
    assert surveyor.save(b"settled, b.yaml included")
    monkeypatch.undo()
    found, _ = folder.survey()
    assert (names(found), folder.read) == (ALL, 1)
    assert not found.kept


def damaged(folder: Folder) -> None:
    """Every slice of the keep."""
    (slices,) = folder.place.glob("slices-*")
    slices.write_bytes(bytes(len(slices.read_bytes())))


def test_a_slice_that_was_damaged_is_made_anew_and_kept(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.kept()
    damaged(folder)
    found, surveyor = folder.survey()
    assert (names(found), names(found), folder.read) == (ALL, ALL, 0)
    assert surveyor.save(b"settled anew")
    monkeypatch.setattr(Surveyor, "_made", None)  # it is not needed any more
    found, _ = folder.survey()
    assert (names(found), found.kept) == (ALL, b"settled anew")


def test_a_damaged_slice_of_a_file_that_moved_meanwhile_is_read_in_full(folder: Folder) -> None:
    folder.kept()
    damaged(folder)
    found, surveyor = folder.survey()
    folder.write("a.yaml", "a-3")
    assert names(found) == {**ALL, "specs/a.yaml": None}
    assert surveyor.save(b"settled")
    assert names(folder.survey()[0]) == {**ALL, "specs/a.yaml": ["a-3"]}


def test_what_a_file_said_in_a_damaged_slice_is_not_known(folder: Folder) -> None:
    folder.kept()
    damaged(folder)
    folder.write("a.yaml", "a-3")
    found, _ = folder.survey()
    assert found.before == {"specs/a.yaml": None}
    assert names(found) == {**ALL, "specs/a.yaml": ["a-3"]}


class TestShared:
    @pytest.fixture(autouse=True)
    def _by_two(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(surveying, "ALONE", 0)
        monkeypatch.setattr(surveying, "_TOGETHER", 2)

    def test_several_processes_find_what_one_finds(self, folder: Folder) -> None:
        for number in range(9):
            folder.write(f"many/{number}.yaml", f"s-{number}")
        folder.write("odd.yaml", text="x: 1\n")
        alone, _ = folder.survey()
        together, surveyor = folder.survey(processes=2)
        assert names(together) == names(alone)
        assert dict(together.sketches) == dict(alone.sketches)
        assert (together.digest, folder.read) == (alone.digest, 13)
        assert surveyor.save(b"settled")
        assert dict(folder.survey()[0].sketches) == dict(alone.sketches)

    def test_files_known_before_are_too_little_work_to_share_sooner_than_new_ones(
        self, folder: Folder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def shared(*_: object) -> Any:
            raise AssertionError("two processes")

        folder.kept()
        size = sum(path.stat().st_size for path in folder.root.glob("*.yaml"))
        monkeypatch.setattr(surveying, "ALONE", size // 4)
        monkeypatch.setattr(Surveyor, "_shared", shared)
        for path in folder.root.glob("[a-z].yaml"):
            path.write_bytes(path.read_bytes() + b"# changed\n")
        folder.survey(processes=2)
        with pytest.raises(AssertionError, match="two processes"):
            folder.survey(processes=2, whole=True)

    def test_where_one_of_them_dies_everything_is_read_in_full(
        self, folder: Folder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        me, made = os.getpid(), Surveyor._made

        def dies(self: Surveyor, parts: Any, relative: str) -> Any:
            if os.getpid() != me and relative == "b.yaml":
                os._exit(9)
            return made(self, parts, relative)

        monkeypatch.setattr(Surveyor, "_made", dies)
        stamps = walk(folder.root)
        assert stamps is not None
        assert folder.surveyor(processes=2).survey(stamps, time_ns()) is None


def test_a_survey_is_of_paths_as_people_know_them(folder: Folder) -> None:
    surveyor = replace(folder.surveyor(), shown_as="deep/er")
    stamps = walk(folder.root)
    assert stamps is not None
    found = surveyor.survey(stamps, time_ns())
    assert found is not None
    assert [*found.sketches] == ["deep/er/a.yaml", "deep/er/b.yaml", "deep/er/north/c.yaml"]
    assert len(found.sketches) == 3


def test_what_is_applied_does_not_rest_on_the_marks_of_blocks(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not folder.survey()[0].in_blocks("specs/a.yaml")
    monkeypatch.setattr("reconciler.spec.parts.SWIFT_FROM", 0)
    folder.write("odd.yaml", text="version: 1\naccount: contoso\nsubscriptions: {a: &a {protect: true}, b: *a}\n")
    for _ in range(2):
        found, surveyor = folder.survey()
        assert [file for file in found.sketches if found.in_blocks(file)] == list(ALL)
        assert surveyor.save(b"settled")
    assert not folder.survey(whole=True)[0].in_blocks("specs/a.yaml")


def test_what_is_applied_is_read_without_the_marks_of_blocks(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.kept()
    handed: list[bytes] = []

    def kept(self: Parts, text: SpecText, before: bytes = b"") -> bytes:
        handed.append(before)
        return b""

    monkeypatch.setattr(Parts, "kept", kept)
    folder.write("a.yaml", "a-9")
    folder.survey()
    folder.survey(whole=True)
    assert [bool(before) for before in handed] == [True, False]
