"""Spec files are written over whole, only as they were read, and all or none of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.replacing import replace_texts
from reconciler.errors import InputError

FILES = {"a.yaml": ("a: 1\r\n", "a: 2\r\n"), "b.yaml": ("b: é\n", "b: ü\n"), "c.yaml": ("c", "d")}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, (was, _) in FILES.items():
        (tmp_path / name).write_bytes(was.encode())
    return tmp_path


def standing(root: Path) -> dict[str, str]:
    """Every file that is there, and nothing beside them."""
    return {path.name: path.read_bytes().decode() for path in root.iterdir()}


def test_all_are_written_and_nothing_is_left_beside_them(root: Path) -> None:
    (root / "a.yaml").chmod(0o600)
    replace_texts(root, FILES)
    assert standing(root) == {name: text for name, (_, text) in FILES.items()}
    assert (root / "a.yaml").stat().st_mode & 0o777 == 0o600


def test_one_that_is_not_as_it_was_read_keeps_all_from_being_written(root: Path) -> None:
    (root / "c.yaml").write_text("other")
    before = standing(root)
    with pytest.raises(InputError, match=r"c\.yaml was changed meanwhile") as caught:
        replace_texts(root, FILES)
    assert (caught.value.code, standing(root)) == ("file-changed", before)


def test_one_that_is_gone_likewise(root: Path) -> None:
    (root / "c.yaml").unlink()
    before = standing(root)
    with pytest.raises(InputError) as caught:
        replace_texts(root, FILES)
    assert (caught.value.code, standing(root)) == ("cannot-write", before)


def broken(monkeypatch: pytest.MonkeyPatch, error: BaseException, *, meanwhile: Any = lambda: None) -> None:
    """The third move into place fails."""
    moves = []
    move = Path.replace

    def moved(path: Path, target: Path) -> Path:
        moves.append(path)
        if len(moves) == 3:
            meanwhile()
            raise error
        return move(path, target)

    monkeypatch.setattr(Path, "replace", moved)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_cuts_it_off_leaves_all_as_before(
    root: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    before = standing(root)
    broken(monkeypatch, error)
    with pytest.raises((InputError, KeyboardInterrupt)):
        replace_texts(root, FILES)
    assert standing(root) == before


def test_what_somebody_wrote_meanwhile_is_theirs(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, OSError(28, "No space left"), meanwhile=lambda: (root / "a.yaml").write_text("theirs"))
    with pytest.raises(InputError, match="could not be written: No space left"):
        replace_texts(root, FILES)
    assert standing(root) == {"a.yaml": "theirs", "b.yaml": "b: é\n", "c.yaml": "c"}


def test_a_folder_that_takes_no_files_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open

    def denied(path: Path, mode: str = "r", *words: Any) -> Any:
        if mode == "xb":
            raise PermissionError(13, "Permission denied")
        return opened(path, mode, *words)

    before = standing(root)
    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(InputError) as caught:
        replace_texts(root, {"a.yaml": FILES["a.yaml"]})
    monkeypatch.undo()
    assert (caught.value.code, standing(root)) == ("cannot-write", before)
