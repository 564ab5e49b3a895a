"""Stand-in until the real one lands (lead): reads a folder without its checks. Helper of the spec language: overwrite this file."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from reconciler.desired import SpecText, SpecTexts
from reconciler.diagnostics import Diagnostic
from reconciler.spec.characters import decoded


class DirectorySource:
    def __init__(self, root: Path, shown_as: str) -> None:
        self.root, self.shown_as = root, shown_as

    def read(self) -> SpecTexts:
        files, found, digest = [], [], sha256()
        for path in sorted(self.root.rglob("*.y*ml")):
            shown = f"{self.shown_as}/{path.relative_to(self.root).as_posix()}"
            data = path.read_bytes()
            text, notes = decoded(data, shown)
            found += notes
            digest.update(shown.encode() + b"\0" + sha256(data).digest())
            if text is not None:
                files.append(SpecText(shown, text))
        return SpecTexts(tuple(files), tuple(found), digest.hexdigest())


def read_settings(path: Path, shown_as: str) -> tuple[SpecText | None, tuple[Diagnostic, ...]]:
    text, notes = decoded(path.read_bytes(), shown_as)
    return (None if text is None else SpecText(shown_as, text)), notes
