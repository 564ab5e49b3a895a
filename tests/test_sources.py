"""The folder of specs: what is read, in which order, and what of all that a folder can hold is refused, and how."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from reconciler import sources
from reconciler.desired import SpecTexts
from reconciler.sources import MAX_BYTES, DirectorySource, read_settings


def write(root: Path, *paths: str, text: str = "version: 1\n") -> None:
    """These files below a root, all with this text."""
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())


def read(root: Path) -> SpecTexts:
    """What the folder holds, shown as `specs`."""
    return DirectorySource(root, "specs").read()


def findings(found: SpecTexts) -> list[str]:
    """Every finding as `place code`."""
    return [f"{item.location} {item.code}" for item in found.diagnostics]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of specs with one good file."""
    write(tmp_path / "specs", "good.yaml")
    return tmp_path / "specs"


def test_files_of_both_suffixes_are_read_in_path_order(root: Path) -> None:
    write(root, "b/z.yml", "b/a.yaml", "a.yaml", "b-c/x.yaml", "b.yaml", "_defaults.yaml", "b/_account.yaml")
    found = read(root)
    assert [file.origin for file in found.files] == [
        "specs/_defaults.yaml",
        "specs/a.yaml",
        "specs/b-c/x.yaml",
        "specs/b.yaml",
        "specs/b/_account.yaml",
        "specs/b/a.yaml",
        "specs/b/z.yml",
        "specs/good.yaml",
    ]
    assert {file.text for file in found.files} == {"version: 1\n"}
    assert findings(found) == []


def test_dot_names_and_files_of_other_kinds_are_passed_by(root: Path) -> None:
    write(
        root, ".hidden.yaml", ".git/a.yaml", "readme.md", "_notes.txt", "a.yaml.bak", "b.YAMLS", "yaml", "sub/.x/a.yaml"
    )
    (root / "..data").symlink_to("/", target_is_directory=True)
    os.mkfifo(root / "pipe")
    (root / "nowhere").symlink_to("missing")
    found = read(root)
    assert [file.origin for file in found.files] == ["specs/good.yaml"]
    assert findings(found) == []


def test_a_spec_is_one_in_capitals_too(root: Path) -> None:
    write(root, "a.YAML", "b.Yml")
    assert [file.origin for file in read(root).files] == ["specs/a.YAML", "specs/b.Yml", "specs/good.yaml"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("_default.yaml", "did you mean '_defaults'?"),
        ("_accounts.yml", "did you mean '_account'?"),
        ("_x.yaml", "only _account.yaml and _defaults.yaml"),
    ],
)
def test_another_name_with_an_underscore_is_refused(root: Path, name: str, hint: str) -> None:
    write(root, f"sub/{name}")
    found = read(root)
    assert findings(found) == [f"specs/sub/{name}:1:1 reserved-name"]
    assert hint in found.diagnostics[0].hint


def test_a_folder_with_an_underscore_is_refused_and_not_entered(root: Path) -> None:
    write(root, "_drafts/a.yaml", "_defaults.yaml/a.yaml")
    assert findings(read(root)) == ["specs/_defaults.yaml:1:1 reserved-name", "specs/_drafts:1:1 reserved-name"]


def a_pipe(path: Path) -> None:
    """A FIFO, which would block whoever opens it for reading."""
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    """A folder with a file in it."""
    write(path, "inner.yaml")


def a_socket(path: Path) -> None:
    """A Unix socket, bound by a short name: such paths are limited."""
    with socket.socket(socket.AF_UNIX) as made:
        before = Path.cwd()
        os.chdir(path.parent)
        try:
            made.bind(path.name)
        finally:
            os.chdir(before)


def a_link_to(target: str) -> Callable[[Path], None]:
    """A symbolic link."""
    return lambda path: path.symlink_to(target)


def a_large_file(path: Path) -> None:
    """A sparse file of ten gigabytes."""
    with path.open("wb") as file:
        file.truncate(10 * 1024**3)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        pytest.param(a_pipe, "not-a-file", id="a FIFO"),
        pytest.param(a_folder, "not-a-file", id="a folder"),
        pytest.param(a_socket, "not-a-file", id="a socket"),
        pytest.param(a_link_to("/dev/zero"), "link-outside", id="a link to a device"),
        pytest.param(a_link_to("/etc/passwd"), "link-outside", id="a link out of the tree"),
        pytest.param(a_link_to("../outside.yaml"), "link-outside", id="a relative link out of the tree"),
        pytest.param(a_link_to("../../missing/x.yaml"), "link-outside", id="a link to nothing outside"),
        pytest.param(a_link_to("missing.yaml"), "broken-link", id="a link to nothing"),
        pytest.param(a_link_to("bad.yaml"), "broken-link", id="a link to itself"),
        pytest.param(a_link_to("."), "linked-folder", id="a link to its own folder"),
        pytest.param(a_link_to("/"), "linked-folder", id="a link to another folder"),
        pytest.param(a_large_file, "file-too-large", id="ten gigabytes"),
    ],
)
def test_what_is_no_plain_file_is_one_finding_and_hides_no_other(
    root: Path, make: Callable[[Path], None], code: str
) -> None:
    write(root.parent, "outside.yaml")
    make(root / "bad.yaml")
    found = read(root)
    assert findings(found) == [f"specs/bad.yaml:1:1 {code}"]
    assert [file.origin for file in found.files] == ["specs/good.yaml"]


def test_a_linked_folder_is_refused_whatever_its_name(root: Path) -> None:
    write(root.parent, "elsewhere/a.yaml")
    (root / "inside").symlink_to("../elsewhere", target_is_directory=True)
    assert findings(read(root)) == ["specs/inside:1:1 linked-folder"]


def test_a_device_is_refused_without_being_opened(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    monkeypatch.setattr(sources, "FileIO", opened.append)
    real = os.lstat
    monkeypatch.setattr(os, "lstat", lambda path: real("/dev/null" if str(path).endswith("good.yaml") else path))
    assert findings(read(root)) == ["specs/good.yaml:1:1 not-a-file"]
    assert opened == []


def test_what_turns_into_something_else_just_before_it_is_opened_is_refused(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def swapped(path: str, flags: int) -> int:
        Path(path).unlink()
        os.mkfifo(path)
        return real(path, flags)

    monkeypatch.setattr(os, "open", swapped)
    found = read(root)
    assert findings(found) == ["specs/good.yaml:1:1 not-a-file"]
    assert found.diagnostics[0].detail == "it is a named pipe"


def test_a_link_that_appears_just_before_it_is_opened_is_not_followed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def swapped(path: str, flags: int) -> int:
        Path(path).unlink()
        Path(path).symlink_to("/etc/passwd")
        return real(path, flags)

    monkeypatch.setattr(os, "open", swapped)
    assert findings(read(root)) == ["specs/good.yaml:1:1 unreadable"]


def test_mounted_volumes_of_links_within_the_tree_are_read(root: Path) -> None:
    write(root, "..2026_11_23/a.yaml")
    (root / "..data").symlink_to("..2026_11_23", target_is_directory=True)
    (root / "a.yaml").symlink_to("..data/a.yaml")
    found = read(root)
    assert [file.origin for file in found.files] == ["specs/a.yaml", "specs/good.yaml"]
    assert findings(found) == []


def test_the_root_itself_may_be_a_link(root: Path) -> None:
    (root.parent / "linked").symlink_to("specs", target_is_directory=True)
    assert len(read(root.parent / "linked").files) == 1


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"a\x1b[2J.yaml", "a\\x1b[2J.yaml"),
        (b"a\nb.yaml", "a\\x0ab.yaml"),
        (b"a\xff.yaml", "a\\xff.yaml"),
        ("a\u202eb.yaml".encode(), "a\\u202eb.yaml"),
        ("a\u200bb.yml".encode(), "a\\u200bb.yml"),
    ],
)
def test_an_unsafe_file_name_is_refused_and_shown_escaped(root: Path, name: bytes, shown: str) -> None:
    (root / os.fsdecode(name)).touch()
    assert findings(read(root)) == [f"specs/{shown}:1:1 bad-file-name"]


def test_an_unsafe_folder_name_is_refused_with_all_that_is_in_it(root: Path) -> None:
    write(root, "a\x07/b.yaml", "größe & co/ä.yaml")
    found = read(root)
    assert findings(found) == ["specs/a\\x07:1:1 bad-file-name"]
    assert [file.origin for file in found.files] == ["specs/good.yaml", "specs/größe & co/ä.yaml"]


def test_bytes_that_are_no_text_are_findings_of_their_own(root: Path) -> None:
    (root / "a.yaml").write_bytes(b"a: 1\nb: \xff\n")
    (root / "b.yaml").write_bytes("\ufeffversion: 1\n".encode())
    found = read(root)
    assert findings(found) == ["specs/a.yaml:2:4 encoding", "specs/b.yaml:1:1 byte-order-mark"]
    assert [file.text for file in found.files if file.origin == "specs/b.yaml"] == ["version: 1\n"]


def test_a_file_that_may_not_be_read_is_a_finding(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: str, flags: int) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    found = read(root)
    assert findings(found) == ["specs/good.yaml:1:1 unreadable"]
    assert (found.diagnostics[0].detail, found.diagnostics[0].hint) == ("permission denied", "look at its permissions")


def test_a_file_that_vanishes_is_a_finding(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(path: str, flags: int) -> int:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(os, "open", gone)
    assert findings(read(root)) == ["specs/good.yaml:1:1 unreadable"]


def test_a_folder_that_may_not_be_listed_is_a_finding(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root, "closed/a.yaml")
    real = os.scandir

    def denied(path: str) -> object:
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", denied)
    found = read(root)
    assert findings(found) == ["specs/closed:1:1 unreadable"]
    assert len(found.files) == 1


def test_an_entry_that_cannot_be_examined_is_a_finding(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "x.yaml").symlink_to("good.yaml")

    def denied(self: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_dir", denied)
    assert findings(read(root)) == ["specs/x.yaml:1:1 unreadable"]


def test_a_file_that_grows_while_it_is_read_is_read_whole_or_refused(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "good.yaml").write_bytes(b"a" * 200_000)
    assert len(read(root).files[0].text) == 200_000
    monkeypatch.setattr(sources, "MAX_BYTES", 100)
    monkeypatch.setattr(os, "fstat", lambda descriptor: os.stat_result((0o100644, *[0] * 5, 5, *[0] * 3)))
    assert findings(read(root)) == ["specs/good.yaml:1:1 file-too-large"]


def test_a_file_of_just_the_size_is_read_and_one_more_byte_is_not(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_BYTES == 16 * 1024 * 1024
    monkeypatch.setattr(sources, "MAX_BYTES", 11)
    assert findings(read(root)) == []
    monkeypatch.setattr(sources, "MAX_BYTES", 10)
    assert findings(read(root)) == ["specs/good.yaml:1:1 file-too-large"]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    found = read(tmp_path / "specs")
    assert (findings(found), found.files) == (["specs:1:1 no-specs-folder"], ())


def test_a_root_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "specs")
    assert findings(read(tmp_path / "specs")) == ["specs:1:1 no-specs-folder"]


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert (found.files, found.diagnostics) == ((), ())


def test_the_digest_is_of_paths_and_bytes(root: Path) -> None:
    write(root, "b/a.yaml", text="version: 1 \n")
    inner = [("b/a.yaml", b"version: 1 \n"), ("good.yaml", b"version: 1\n")]
    expected = sha256(b"".join(path.encode() + b"\0" + sha256(data).digest() for path, data in inner)).hexdigest()
    assert read(root).digest == expected
    assert DirectorySource(root, "elsewhere/specs").read().digest == expected


@pytest.mark.parametrize("change", ["bytes", "name", "more", "less"])
def test_every_change_changes_the_digest(root: Path, change: str) -> None:
    write(root, "b.yaml")
    before = read(root).digest
    match change:
        case "bytes":
            write(root, "b.yaml", text="version: 1 \n")
        case "name":
            (root / "b.yaml").rename(root / "c.yaml")
        case "more":
            write(root, "c.yaml", text="")
        case _:
            (root / "b.yaml").unlink()
    assert read(root).digest != before


def test_the_digest_does_not_depend_on_when_and_how_the_files_were_made(root: Path) -> None:
    write(root, "b.yaml", "a.yaml")
    before = read(root).digest
    copy = root.parent / "copy"
    shutil.copytree(root, copy)
    os.utime(copy / "a.yaml", (0, 0))
    assert read(copy).digest == before


def test_settings_are_read_by_the_same_rules(tmp_path: Path) -> None:
    write(tmp_path, "reconcile.yaml", "real.yaml")
    text, found = read_settings(tmp_path / "reconcile.yaml", "reconcile.yaml")
    assert text is not None
    assert (text.origin, text.text, found) == ("reconcile.yaml", "version: 1\n", ())
    (tmp_path / "linked.yaml").symlink_to("real.yaml")
    assert read_settings(tmp_path / "linked.yaml", "linked.yaml")[0] is not None


@pytest.mark.parametrize(
    ("make", "code"),
    [
        pytest.param(lambda path: None, "unreadable", id="nothing"),
        pytest.param(a_pipe, "not-a-file", id="a FIFO"),
        pytest.param(a_folder, "not-a-file", id="a folder"),
        pytest.param(a_link_to("/etc/passwd"), "link-outside", id="a link out of its folder"),
        pytest.param(a_link_to("reconcile.yaml"), "broken-link", id="a link to itself"),
        pytest.param(lambda path: path.write_bytes(b"\xff"), "encoding", id="no UTF-8"),
    ],
)
def test_settings_that_cannot_be_read_are_one_finding(
    tmp_path: Path, make: Callable[[Path], object], code: str
) -> None:
    make(tmp_path / "reconcile.yaml")
    text, found = read_settings(tmp_path / "reconcile.yaml", "reconcile.yaml")
    assert text is None
    assert [f"{item.location} {item.code}" for item in found] == [f"reconcile.yaml:1:1 {code}"]
