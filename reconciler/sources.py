"""Where specs come from: a folder of files, read without following a link out of it, and without waiting on anything.

What cannot be read is a located finding and hides no other file. Must not know what a file says.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from io import FileIO
from pathlib import Path
from typing import Final

from reconciler.desired import SpecText, SpecTexts
from reconciler.diagnostics import Diagnostic, Location, did_you_mean, error
from reconciler.spec.characters import UNSAFE_IN_NAMES, decoded, escaped

MAX_BYTES: Final = 16 * 1024 * 1024
"""Of one file."""
SUFFIXES: Final = (".yaml", ".yml")
RESERVED: Final = ("_account.yaml", "_defaults.yaml")
"""The only names that may begin with an underscore; the spec language gives each its meaning."""

# Some systems lack a flag, or need one more; what a flag would prevent is then still refused by `fstat`.
_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)


class _Unreadable(Exception):
    """One file cannot be read; says why."""

    def __init__(self, code: str, summary: str, detail: str = "", hint: str = "") -> None:
        super().__init__(summary)
        self.code = code
        self.summary = summary
        self.detail = detail
        self.hint = hint

    def at(self, shown: str) -> Diagnostic:
        """The finding, at the file's beginning."""
        return error(self.code, self.summary, Location(shown), detail=self.detail, hint=self.hint)


@dataclass(frozen=True, slots=True)
class DirectorySource:
    """A folder of spec files: every `*.yaml` and `*.yml` in it and in its folders, but for names with a dot first."""

    root: Path
    shown_as: str
    """The folder's path as people know it; all shown paths begin with it."""

    def read(self) -> SpecTexts:
        """All files in path order; one that cannot be read is a finding, and is not part of the digest."""
        found: list[Diagnostic] = []
        files: list[tuple[str, bytes, str]] = []
        root = os.path.realpath(self.root)
        for relative, path in _walk(root, self.shown_as, found):
            shown = f"{self.shown_as}/{relative}"
            try:
                data = _read(path, root)
            except _Unreadable as failure:
                found.append(failure.at(shown))
                continue
            text, findings = decoded(data, shown)
            found += findings
            if text is not None:
                files.append((relative, sha256(data).digest(), text))
        files.sort()
        digest = digest_of((relative, digest) for relative, digest, _ in files)
        texts = tuple(SpecText(f"{self.shown_as}/{relative}", text) for relative, _, text in files)
        return SpecTexts(texts, tuple(found), digest)


def read_one(root: str, relative: str, shown_as: str) -> tuple[bytes, SpecText | None, tuple[Diagnostic, ...]]:
    """One spec file below a root that is no link itself: its bytes' SHA-256, its text, and what is to be said of it."""
    shown = f"{shown_as}/{relative}"
    try:
        data = _read(f"{root}/{relative}", root)
    except _Unreadable as failure:
        return b"", None, (failure.at(shown),)
    text, found = decoded(data, shown)
    return sha256(data).digest(), None if text is None else SpecText(shown, text), found


def digest_of(files: Iterable[tuple[str, bytes]]) -> str:
    """The digest of a whole folder: relative paths in their order, each with its bytes' SHA-256."""
    return sha256(b"".join(b"%s\0%s" % (relative.encode(), digest) for relative, digest in files)).hexdigest()


def read_settings(path: Path, shown_as: str) -> tuple[SpecText | None, tuple[Diagnostic, ...]]:
    """One file by the same rules; a link may lead to a file in the same folder or below it."""
    try:
        text, found = decoded(_read(str(path), os.path.realpath(path.parent)), shown_as)
    except _Unreadable as failure:
        return None, (failure.at(shown_as),)
    return (None if text is None else SpecText(shown_as, text)), found


def _walk(root: str, shown_as: str, found: list[Diagnostic]) -> Iterator[tuple[str, str]]:
    """Every spec file below the root, as its relative path and its path; whatever else is wrong is found."""
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(f"{root}/{folder}") as entries:
                names = sorted(entries, key=lambda entry: entry.name)
        except OSError as failure:
            shown = f"{shown_as}/{folder}".rstrip("/")
            found.append(_no_folder(failure, is_root=not folder).at(shown))
            continue
        for entry in names:
            relative = f"{folder}/{entry.name}" if folder else entry.name
            try:
                kind = _kind(entry)
            except (_Unreadable, OSError) as failure:
                reason = failure if isinstance(failure, _Unreadable) else _denied(failure)
                found.append(reason.at(f"{shown_as}/{escaped(relative)}"))
                continue
            if kind == "folder":
                folders.append(relative)
            elif kind == "file":
                yield relative, entry.path


def _no_folder(failure: OSError, *, is_root: bool) -> _Unreadable:
    if isinstance(failure, FileNotFoundError) and is_root:
        hint = "make the folder, or name the right one as 'specs' in reconcile.yaml"
        return _Unreadable("no-specs-folder", "there is no such folder", hint=hint)
    if isinstance(failure, NotADirectoryError):
        return _Unreadable("no-specs-folder", "this is no folder", hint="'specs' in reconcile.yaml names a folder")
    return _denied(failure)


def _denied(failure: OSError) -> _Unreadable:
    detail = (failure.strerror or "unknown reason").lower()
    hint = "is the name right?" if isinstance(failure, FileNotFoundError) else "look at its permissions"
    return _Unreadable("unreadable", "this cannot be read", detail, hint)


def _kind(entry: os.DirEntry[str]) -> str:
    """`folder` or `file` for what is to be read, empty for what is none of ours; raises _Unreadable."""
    name = entry.name
    if name.startswith("."):
        return ""
    is_file = name.lower().endswith(SUFFIXES)
    is_folder = entry.is_dir(follow_symlinks=False)
    is_linked_folder = entry.is_symlink() and Path(entry.path).is_dir()
    if not (is_file or is_folder or is_linked_folder):
        return ""
    if UNSAFE_IN_NAMES.search(name):
        raise _Unreadable("bad-file-name", "an unsafe character in a file name", hint="rename it with plain letters")
    if name.startswith("_") and (name not in RESERVED or is_folder):
        near = did_you_mean(name.partition(".")[0], [reserved.partition(".")[0] for reserved in RESERVED])
        hint = f"{near} only {' and '.join(RESERVED)} may begin with an underscore".lstrip()
        raise _Unreadable("reserved-name", "a name that begins with an underscore", f"'{name}'", hint)
    if is_linked_folder:
        hint = "put the files themselves there; a link to a single file within the folder is fine"
        raise _Unreadable("linked-folder", "a link to a folder", hint=hint)
    if is_folder and is_file:
        raise _not_a_file("a folder")
    return "folder" if is_folder else "file"


def _read(path: str, root: str) -> bytes:
    """A regular file's bytes, following only a link that stays within the root; raises _Unreadable."""
    try:
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode):
            path = _target(path, root)
            mode = os.lstat(path).st_mode
        _require_regular(mode)  # before it is opened: to open a device can be a deed
        with FileIO(os.open(path, _FLAGS)) as file:
            status = os.fstat(file.fileno())
            _require_regular(status.st_mode)
            if status.st_size > MAX_BYTES:
                raise _too_large()
            return _bytes(file, status.st_size)
    except OSError as failure:
        raise _denied(failure) from None


def _bytes(file: FileIO, size: int) -> bytes:
    """All of an open file that was this large a moment ago; a file that grows meanwhile is not read without end."""
    parts: list[bytes] = []
    left = MAX_BYTES + 1
    wanted = size + 1
    while left and (part := file.read(min(wanted, left))):
        parts.append(part)
        left -= len(part)
        wanted = 1 << 16
    if not left:
        raise _too_large()
    return b"".join(parts)


def _target(path: str, root: str) -> str:
    target = os.path.realpath(path)
    hint = "put the file itself there: what is read must be what was reviewed"
    if os.path.commonpath([root, target]) != root:
        raise _Unreadable("link-outside", "a link out of the folder", hint=hint)
    if Path(target).is_symlink() or not os.path.lexists(target):  # it leads back to itself, or to nothing
        raise _Unreadable("broken-link", "a link that leads nowhere", hint=hint)
    return target


def _require_regular(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise _not_a_file(_KINDS.get(stat.S_IFMT(mode), "something else"))


_KINDS: Final = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFLNK: "a link",
}


def _not_a_file(what: str) -> _Unreadable:
    return _Unreadable("not-a-file", "this is no regular file", f"it is {what}", "remove it, or rename it")


def _too_large() -> _Unreadable:
    return _Unreadable("file-too-large", "the file is too large", f"more than {MAX_BYTES} bytes", "split the file")
