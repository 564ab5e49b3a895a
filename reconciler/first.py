"""The first plan of a large estate, of which nothing is recorded yet: made group by group of its files.

Imported only where an estate is large. Where it answers None the estate is read whole, with the same result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from reconciler.desired import SpecText, SpecTexts
from reconciler.gathering import AT_ONCE, Gathering
from reconciler.glance import Folder
from reconciler.progress import Progress
from reconciler.reconcile import Inputs, Pass
from reconciler.settings import LEDGER
from reconciler.sources import digest_of, read_one
from reconciler.spec.groups import Groups, Library
from reconciler.spec.parts import AROUND
from reconciler.stored import StoredState


@dataclass(slots=True)
class _Files:
    """The spec files of a folder, read one by one."""

    folder: Folder
    digests: dict[str, bytes] = field(default_factory=dict)
    _odd: bool = False

    def odd(self) -> bool:
        """Whether something is to be said of one of them: that is for a whole pass."""
        return self._odd

    def texts(self, *, around: bool) -> Iterator[SpecText]:
        """Those that others depend on, or the others, in path order."""
        for relative in sorted(self.folder.stamps):
            if (relative.rpartition("/")[2] in AROUND) is not around:
                continue
            self.digests[relative], text, found = read_one(self.folder.root, relative, self.folder.shown_as)
            if text is None or found:
                self._odd = True
                return
            yield text

    def text_of(self, shown: str) -> str:
        """One file's text once more; empty where it says something else by now."""
        relative = shown[len(self.folder.shown_as) + 1 :]
        digest, text, _ = read_one(self.folder.root, relative, self.folder.shown_as)
        return text.text if text is not None and digest == self.digests.get(relative) else ""

    @property
    def digest(self) -> str:
        """Of all of them."""
        return digest_of(sorted(self.digests.items()))


def first_plan(
    folder: Folder, inputs: Inputs, stored: StoredState, progress: Progress, at_once: int = AT_ONCE
) -> Pass | None:
    """The pass over an estate of which nothing is recorded. The inputs hold no texts.

    Of what is to be applied (`folder.whole`), the changes hold all that will be written of them: by then a file may
    say something else.
    """
    files = _Files(folder)
    around = SpecTexts(tuple(files.texts(around=True)), (), "")
    library = Library(files.text_of)
    groups = Groups(around, inputs.settings, inputs.providers, library)
    accounts, dated = groups.accounts.values(), folder.whole and inputs.as_of is not None
    # Which of its accounts may not be written to at another instant than now, a whole pass tells.
    if files.odd() or any(account.outside or (dated and account.provider != LEDGER) for account in accounts):
        return None
    progress.phase("Planning", len(folder.stamps) - len(around.files), "files")
    found = Gathering(inputs, stored, groups.accounts, library, located=folder.whole)
    found.run((desired, stored) for desired in groups.read(_told(files.texts(around=False), progress), at_once))
    desired = groups.whole(files.digest)
    if desired is None or files.odd():
        return None
    progress.done()
    return found.made(desired)


def _told(texts: Iterable[SpecText], progress: Progress) -> Iterator[SpecText]:
    for text in texts:
        yield text
        progress.advance()
