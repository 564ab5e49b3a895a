"""The equal work: so many items of the same names and values, each hundredth of which is changed. Files, and no peer.

An item is a subscription for us, a resource for Terraform, a record for octoDNS. One number of each is changed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from itertools import zip_longest
from pathlib import Path

EACH = 100
"""Each hundredth is changed: one in every file, the hardest for whoever skips files that stayed as they were."""
PER_FILE = 100
BEFORE, AFTER = 25, 26
"""The number that an item holds, and the one that a changed item is to hold."""

Write = Callable[[str, int], str]
"""An item's text in somebody's language, from its name and its number."""


def wanted(size: int, *, changed: bool) -> Iterator[tuple[str, int]]:
    """Every item's name and number, in the order of the names."""
    for number in range(size):
        yield f"s{number:07}", AFTER if changed and number % EACH == 0 else BEFORE


def changes(size: int) -> int:
    """How many items are changed."""
    return -(-size // EACH)


def differing(found: Iterable[tuple[str, int]], size: int, *, changed: bool) -> str | None:
    """The first item that is missing, too many or another than it must be, in words; the order does not count."""
    for have, want in zip_longest(sorted(found), wanted(size, changed=changed)):
        if have != want:
            return f"it holds {have}, and must hold {want}"
    return None


def write_files(folder: Path, head: str, item: Write, size: int, *, changed: bool) -> None:
    """The items declared in YAML files of a hundred, in a folder that then holds nothing else."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    items = [item(name, number) for name, number in wanted(size, changed=changed)]
    for first in range(0, size, PER_FILE):
        text = head + "".join(items[first : first + PER_FILE])
        (folder / f"part-{first // PER_FILE:05}.yaml").write_text(text, "utf-8")
