"""The new spec files of an import: where they belong, how all specs read with them, and putting them in place.

Creates files, and never opens one that is there. Decides nothing about subscriptions.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from reconciler.cli.output import make_folder, write_file
from reconciler.desired import DesiredState, SpecText
from reconciler.errors import UsageError
from reconciler.importing.proof import WrittenWrongly
from reconciler.importing.write import WrittenSpec
from reconciler.reconcile import Inputs
from reconciler.runtime import Runtime
from reconciler.settings import AccountSettings
from reconciler.spec import load_specs

_SCHEMA = "schemas/specs.v1.schema.json"
"""Where a repository keeps the schema that editors are pointed to, relative to its root."""


@dataclass(frozen=True, slots=True)
class NewSpecs:
    """The place of one account's new files in one repository."""

    runtime: Runtime
    inputs: Inputs
    account: AccountSettings

    def shown(self, directory: Path, output: Path) -> str:
        """The file asked for as specs are shown; raises UsageError for one that would not be read as a spec."""
        path = Path(os.path.abspath(directory / output))
        specs = Path(os.path.abspath(self.runtime.root / self.runtime.settings.specs))
        if not path.is_relative_to(specs):
            raise UsageError(
                "path-outside", f"{output} is outside the specs", f"the specs are in {self.runtime.settings.specs}/"
            )
        if path.suffix not in (".yaml", ".yml") or path.name.startswith(("_", ".")):
            raise UsageError("no-spec-name", f"{output} would not be read as a spec", "name it like contoso.yaml")
        return path.relative_to(self.runtime.root).as_posix()

    @property
    def folder(self) -> str:
        """Where the account's new specs belong: below its `_account.yaml`, else at the root of the specs."""
        place = self.account.place
        if place is not None and place.file.rpartition("/")[2] == "_account.yaml":
            return place.file.rpartition("/")[0]
        return PurePosixPath(self.runtime.settings.specs).as_posix()

    def schema(self, out: str | None) -> str:
        """The specs' schema, relative to the new files, for editors."""
        return PurePosixPath(os.path.relpath(_SCHEMA, self._folder_of(out))).as_posix()

    def existing(self, out: str | None) -> set[str]:
        """Every file that a new one could meet, whether it is read as a spec or not."""
        found = {text.origin for text in self.inputs.texts.files}
        for folder in {self.folder, self._folder_of(out)}:
            with suppress(FileNotFoundError, NotADirectoryError):
                found |= {f"{folder}/{path.name}" for path in (self.runtime.root / folder).iterdir()}
        return found

    def _folder_of(self, out: str | None) -> str:
        """The folder of the file that was asked for, if one was."""
        return (out or "").rpartition("/")[0] or self.folder

    def load(self, new: Sequence[WrittenSpec]) -> DesiredState:
        """Every spec that is there together with these new files."""
        texts = self.inputs.texts
        files = (*texts.files, *(SpecText(item.file, item.text) for item in new))
        ordered = replace(texts, files=tuple(sorted(files, key=lambda text: text.origin)))
        return load_specs(ordered, self.inputs.settings, self.runtime.registry)

    @contextmanager
    def written(self, files: Sequence[WrittenSpec], anew: Callable[[], Runtime]) -> Iterator[None]:
        """Puts the new files in place and reads them back; if that or the block fails, none of them stays behind."""
        made: list[Path] = []
        try:
            for item in files:
                path = self.runtime.root / item.file
                make_folder(path.parent)
                write_file(path, item.text, exclusive=True)
                made.append(path)
            if files:
                _check(files, anew())
            yield
        except BaseException:
            for path in made:
                with suppress(OSError):
                    path.unlink()
            raise


def _check(files: Sequence[WrittenSpec], anew: Runtime) -> None:
    """What every later run will read is what was proved."""
    found = {text.origin: text.text for text in anew.texts.files}
    for item in files:
        if found.get(item.file) != item.text:
            raise WrittenWrongly(f"{item.file} is not read as it was written")
