"""The marks of a file's blocks: by them a file that has changed is read only where it did.

Pure. A mark is the digest of a block as it is written. The law: what comes of the marks and of the blocks that changed
is the sketch of the whole file. It holds since in a file that was cut no block says anything of another (see `blocks`),
and all else that a sketch depends on is either in the mark of the file's head or in what a keep is bound to.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from reconciler.gist import Asked
from reconciler.spec.sketch import SIZE, Sketch, Sort, sketched

if TYPE_CHECKING:  # start-up: only large estates are worth its patterns
    from reconciler.spec.blocks import Cut

_SORTS_AT_MOST: Final = 65_535


class Marks(NamedTuple):
    """What is kept of the blocks of one file, beside its sketch."""

    head: bytes
    """Mark of what stands before the subscriptions."""
    plain: bytes
    """Marks of the blocks whose names the sketch has, in its order."""
    odd: bytes
    """Those of the blocks that are to be read in full."""
    which: array[int]
    """For each name of the sketch the index into `sorts`."""
    sorts: tuple[Sort, ...]

    def packed(self) -> bytes:
        """The marks as bytes."""
        head = orjson.dumps([self.head.hex(), len(self.which), self.sorts], default=list)
        return b"%08x" % len(head) + head + self.which.tobytes() + self.plain + self.odd

    @classmethod
    def unpacked(cls, data: bytes) -> Marks:
        """The marks that such bytes hold; ValueError for others."""
        try:
            begin = 8 + int(data[:8], 16)
            head, count, sorts = orjson.loads(data[8:begin])
            plain = begin + count * array("H").itemsize
            odd = plain + count * SIZE
            made = cls(
                bytes.fromhex(head),
                data[plain:odd],
                data[odd:],
                array("H", data[begin:plain]),
                tuple(Sort(Asked(*asked), code, tuple(map(tuple, rules))) for asked, code, rules in sorts),
            )
        except (TypeError, AttributeError) as error:
            raise ValueError(str(error)) from error
        if len(made.plain) != count * SIZE or len(made.odd) % SIZE or max(made.which, default=0) >= len(sorts or "."):
            raise ValueError("marks whose parts do not fit")
        return made


def marks_of(cut: Cut, odd: Iterable[str], which: Sequence[int], sorts: Sequence[Sort]) -> Marks | None:
    """The marks of a file that was cut; None of one with more sorts of subscriptions than can be told."""
    if len(sorts) > _SORTS_AT_MOST:
        return None
    in_full = set(odd)
    plain: list[bytes] = []
    others: list[bytes] = []
    begun = blake2b(digest_size=SIZE).copy  # a copy is a third quicker than one made anew
    for row in cut.rows:
        made = begun()
        made.update(row[0].encode())
        (others if row[1] in in_full else plain).append(made.digest())
    return Marks(_head(cut.begins, cut.indent), b"".join(plain), b"".join(others), array("H", which), tuple(sorts))


def read_again(
    text: str, before: Sketch, marks: Marks, read: Callable[[str], tuple[Sketch, Marks | None] | None]
) -> tuple[Sketch, Marks] | None:
    """The sketch of a file that has changed; None where it is to be read as one that was not known.

    `read` makes the sketch of a file of blocks; it is handed the blocks that changed, below the head of this file.
    """
    from reconciler.spec.blocks import halves_of  # start-up, as above

    halves = halves_of(text)
    if halves is None or _head(halves[0], halves[2]) != marks.head:
        return None
    head, body, indent = halves
    blocks = _blocks(body, indent)
    known = _known(before, marks)
    fresh = [block for mark, block in blocks if mark not in known]
    if not blocks or 2 * len(fresh) > len(blocks):
        return None
    if fresh:
        found = read(f"{head}subscriptions:{''.join(fresh)}\n")
        if found is None or found[1] is None:
            return None
        known.update(_known(found[0], found[1]))
    return _together(before.account, [(mark, known.get(mark)) for mark, _ in blocks], marks.head)


_Block = tuple[str, bytes, Sort | None]
"""What a block came to when it was read: its name, its gist, and its sort; None: it is to be read in full."""


def _together(account: str, blocks: Sequence[tuple[bytes, _Block | None]], head: bytes) -> tuple[Sketch, Marks] | None:
    names: list[str] = []
    gists: list[bytes] = []
    odd: list[str] = []
    plain: list[bytes] = []
    others: list[bytes] = []
    numbers: dict[Sort, int] = {}
    which = array("H")
    for mark, block in blocks:
        if block is None:
            return None
        name, gist, sort = block
        if sort is None:
            odd.append(name)
            others.append(mark)
            continue
        if len(numbers) >= _SORTS_AT_MOST and sort not in numbers:
            return None
        names.append(name)
        gists.append(gist)
        plain.append(mark)
        which.append(numbers.setdefault(sort, len(numbers)))
    if len({*names, *odd}) < len(blocks):
        return None
    made = sketched(account, names, b"".join(gists), odd, which, list(numbers))
    return None if made is None else (made, Marks(head, b"".join(plain), b"".join(others), which, tuple(numbers)))


def _known(sketch: Sketch, marks: Marks) -> dict[bytes, _Block]:
    """By mark, the blocks of a file; none where the two do not fit."""
    names = sketch.names.split("\n") if sketch.names else []
    if len(marks.odd) != len(sketch.odd) * SIZE or len(marks.which) != len(names):
        return {}
    sorts = map(marks.sorts.__getitem__, marks.which)
    known: dict[bytes, _Block] = dict(
        zip(_each(marks.plain), zip(names, _each(sketch.gists), sorts, strict=True), strict=True)
    )
    known.update((mark, (name, b"", None)) for mark, name in zip(_each(marks.odd), sketch.odd, strict=True))
    return known


def _each(digests: bytes) -> list[bytes]:
    return [digests[at : at + SIZE] for at in range(0, len(digests), SIZE)]


def _blocks(body: str, indent: int) -> list[tuple[bytes, str]]:
    """The blocks as they are written, each behind its mark; none where something stands before the first."""
    from reconciler.spec.blocks import before_blanks, name_after  # start-up, as above

    starts = [before_blanks(body, found.start()) for found in name_after(indent).finditer(body)]
    if starts[:1] != [0]:  # a line of blanks alone tells no indent
        return []
    texts = [body[begin:end] for begin, end in pairwise((*starts, len(body)))]
    return [(_mark(text), text) for text in texts]


def _mark(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=SIZE).digest()


def _head(text: str, indent: int) -> bytes:
    return _mark(f"{indent} {text}")
