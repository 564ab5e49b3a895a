"""The patch: what it says, that its text is the standard's, and that the programs which read such patches take it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.counter.patch import Edit, edited, patch_of
from tests.counter.patcher import patched

TEN = "".join(f"{number}\n" for number in range(1, 11))


def at(text: str, piece: str, new: str) -> Edit:
    """The edit that puts something in the place of a piece."""
    start = text.index(piece)
    return Edit(start, start + len(piece), new)


def test_a_change_shows_three_lines_around_it() -> None:
    assert patch_of({"specs/a.yaml": (TEN, [at(TEN, "5", "five")])}) == (
        "--- a/specs/a.yaml\n+++ b/specs/a.yaml\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n"
    )


def test_neighbours_that_are_replaced_whole_do_not_run_into_one() -> None:
    text = "".join(f"{number}:\n  a: b\n  c: d\n  e: f\n  g: h\n" for number in range(9))
    size = len(text) // 9
    edits = [Edit(at, at + size, text[at : at + size].replace("d", "x")) for at in range(0, len(text), size)]
    assert patch_of({"a": (text, edits)}).count("\n-") == 9


def test_near_changes_share_a_hunk_and_far_ones_do_not() -> None:
    text = "".join(f"{number}.\n" for number in range(1, 31))
    near = patch_of({"a": (text, [at(text, "5.", "x"), at(text, "12.", "y")])})
    far = patch_of({"a": (text, [at(text, "5.", "x"), at(text, "13.", "y\nz")])})
    assert [line for line in near.splitlines() if line.startswith("@@")] == ["@@ -2,14 +2,14 @@"]
    assert [line for line in far.splitlines() if line.startswith("@@")] == ["@@ -2,7 +2,7 @@", "@@ -10,7 +10,8 @@"]


def test_files_stand_by_their_paths_and_those_without_a_change_are_left_out() -> None:
    files = {"b": ("x\n", [Edit(0, 1, "y")]), "c": ("x\n", [Edit(0, 1, "x")]), "a": ("x\n", [Edit(0, 1, "y")])}
    assert [line for line in patch_of(files).splitlines() if line.startswith("---")] == ["--- a/a", "--- a/b"]
    assert patch_of({"c": files["c"]}) == ""


def test_a_last_line_without_a_break_says_so() -> None:
    assert patch_of({"a": ("x\ny", [Edit(2, 3, "z")])}) == (
        "--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n x\n-y\n\\ No newline at end of file\n+z\n\\ No newline at end of file\n"
    )


def test_only_a_line_feed_ends_a_line() -> None:
    text = "a\u2028b\x85c\fd\re\r\nf\n"
    patch = patch_of({"a": (text, [at(text, "f", "g")])})
    assert patch.count("\n") == 6
    assert patched({"a": text}, patch) == {"a": text.replace("f", "g")}


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    """A text and some edits that do not overlap."""
    text = draw(st.text("ab\n\r é", min_size=1, max_size=80))
    marks = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = zip(marks[::2], marks[1::2], strict=False)
    return text, [Edit(start, end, draw(st.text("xy\n", max_size=4))) for start, end in pieces]


@given(edits())
def test_the_patch_leads_to_the_edited_text(case: tuple[str, list[Edit]]) -> None:
    text, made = case
    assert patched({"a b": text}, patch_of({"a b": (text, made)}))["a b"] == edited(text, made)


NAMES = ["a.yaml", "with space.yaml", "späße.yaml", 'a"b.yaml', "back\\slash.yaml", "folder of/x.yaml"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "program",
    [
        pytest.param(["git", "apply"], id="git", marks=pytest.mark.needs("git")),
        pytest.param(["patch", "-p1", "--binary"], id="patch", marks=pytest.mark.needs("patch")),
    ],
)
def test_the_programs_that_apply_patches_take_it(tmp_path: Path, program: list[str], name: str) -> None:
    text = TEN.replace("7\n", "7\r\n") + "11"
    made = [at(text, "2\n", ""), at(text, "7\r", "seven\r"), at(text, "11", "é")]
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(text.encode())
    patch = patch_of({name: (text, made)}).encode()
    done = subprocess.run(program, cwd=tmp_path, input=patch, capture_output=True, check=False)
    assert (done.returncode, file.read_bytes().decode()) == (0, edited(text, made)), done.stderr
