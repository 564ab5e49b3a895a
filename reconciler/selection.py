"""Which subscriptions a run is about: `--select`, `--exclude` and PATH, as one pure predicate.

What is not selected is neither changed nor ever called unmanaged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import translate

from reconciler.diagnostics import Place
from reconciler.model import SubscriptionKey


def glob(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Whether a text matches one of the case-sensitive globs, as a whole; no pattern matches nothing."""
    compiled = [re.compile(translate(pattern)).match for pattern in patterns]
    return lambda text: any(match(text) is not None for match in compiled)


@dataclass(frozen=True, slots=True)
class Selection:
    """What to look at: everything, unless patterns or paths narrow it."""

    select: tuple[str, ...] = ()
    """Globs over `account/name`; none selects all."""
    exclude: tuple[str, ...] = ()
    """Globs that take out again."""
    paths: tuple[str, ...] = ()
    """Spec files and folders, shown as in diagnostics; none selects all."""

    @property
    def everything(self) -> bool:
        """Whether nothing narrows it."""
        return not (self.select or self.exclude or self.paths)

    def keys(self) -> Callable[[SubscriptionKey], bool]:
        """The predicate over keys alone, compiled once."""
        wanted, unwanted = glob(self.select), glob(self.exclude)
        if not (self.select or self.exclude):
            return lambda key: True
        return lambda key: (not self.select or wanted(str(key))) and not unwanted(str(key))

    def names(self) -> Callable[[str, str], bool]:
        """Whether some of these names of an account (a line each) may be selected; quick, and only a no is sure."""
        if not self.select:
            return lambda account, names: True
        asked = [(fnmatch_of(pattern.partition("/")[0]), _plainest(pattern)) for pattern in self.select]
        return lambda account, names: any(fits(account) and text in names for fits, text in asked)

    def holds(self, place: Place) -> bool:
        """Whether something declared at this place lies within the selected paths."""
        return self.holds_file(place.file)

    def holds_file(self, file: str) -> bool:
        """The same of everything that is declared in a file."""
        return not self.paths or any(within(file, path) for path in self.paths)


def fnmatch_of(pattern: str) -> Callable[[str], bool]:
    """Whether an account may be that of a key which this beginning of a pattern is for."""
    if any(sign in pattern for sign in _SIGNS):
        return lambda account: True
    return pattern.__eq__


def _plainest(pattern: str) -> str:
    """The longest text that every name which the pattern matches holds."""
    account, slash, name = pattern.partition("/")
    return max(re.split(_WILD, name), key=len) if slash and not any(sign in account for sign in _SIGNS) else ""


_SIGNS = "*?["
_WILD = r"\[.*\]|[*?\[]"

EVERYTHING = Selection()
"""Nothing narrowed."""


def within(file: str, path: str) -> bool:
    """Whether a file is that path or lies below it; both with `/`, as shown."""
    return path in ("", ".") or file == path or file.startswith(path.rstrip("/") + "/")
