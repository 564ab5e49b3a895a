"""Edits of a file as a unified diff that `git apply` and `patch -p1` take.

Pure. Lines end with a line feed and nothing else, as those programs have it; a carriage return is part of its line.
Only what is edited is compared: whole files of ten thousand subscriptions would take minutes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

CONTEXT = 3
"""Lines that are shown around a change."""
_ESCAPES = {'"': '\\"', "\\": "\\\\"}
_NO_BREAK = "\\ No newline at end of file\n"


class Edit(NamedTuple):
    """A piece of a text, by its characters, and what stands there afterwards."""

    start: int
    end: int
    text: str


class _Block(NamedTuple):
    """Neighbouring lines that differ: where they begin, how they were, and how they will be."""

    line: int
    old: Sequence[str]
    new: Sequence[str]


def edited(text: str, edits: Sequence[Edit]) -> str:
    """The text as the edits leave it; none may overlap another."""
    parts: list[str] = []
    at = 0
    for edit in sorted(edits):
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])


def patch_of(files: Mapping[str, tuple[str, Sequence[Edit]]]) -> str:
    """The patch that makes these edits, by path; empty where nothing would differ."""
    return "".join("".join(_file(path, *files[path])) for path in sorted(files))


def _file(path: str, text: str, edits: Sequence[Edit]) -> Iterator[str]:
    lines = _lines(text)
    hunks = list(_hunks(list(_blocks(text, edits))))
    if hunks:
        yield f"--- {_name(f'a/{path}')}\n+++ {_name(f'b/{path}')}\n"
    moved = 0
    for hunk in hunks:
        first = max(hunk[0].line - CONTEXT, 0)
        last = min(hunk[-1].line + len(hunk[-1].old) + CONTEXT, len(lines))
        more = sum(len(block.new) - len(block.old) for block in hunk)
        yield f"@@ -{_span(first, last - first)} +{_span(first + moved, last - first + more)} @@\n"
        yield from _body(lines, hunk, first, last)
        moved += more


def _span(first: int, count: int) -> str:
    """A range of lines, counted from 1; of no lines, the one before them."""
    start = first + 1 if count else first
    return f"{start}" if count == 1 else f"{start},{count}"


def _body(lines: Sequence[str], hunk: Sequence[_Block], first: int, last: int) -> Iterator[str]:
    at = first
    for block in hunk:
        yield from (_marked(" ", line) for line in lines[at : block.line])
        yield from (_marked("-", line) for line in block.old)
        yield from (_marked("+", line) for line in block.new)
        at = block.line + len(block.old)
    yield from (_marked(" ", line) for line in lines[at:last])


def _marked(sign: str, line: str) -> str:
    return f"{sign}{line}" if line.endswith("\n") else f"{sign}{line}\n{_NO_BREAK}"


def _hunks(blocks: Sequence[_Block]) -> Iterator[list[_Block]]:
    """Blocks so near to each other that the lines around them meet."""
    hunk: list[_Block] = []
    for block in blocks:
        if hunk and block.line - (hunk[-1].line + len(hunk[-1].old)) > 2 * CONTEXT:
            yield hunk
            hunk = []
        hunk.append(block)
    if hunk:
        yield hunk


def _blocks(text: str, edits: Sequence[Edit]) -> Iterator[_Block]:
    """What differs, line by line, within the lines that the edits touch."""
    from difflib import SequenceMatcher  # start-up: only here texts are compared

    line = at = 0
    for start, end, inner in _whole_lines(text, edits):
        line += text.count("\n", at, start)
        at = start
        old, new = _lines(text[start:end]), _lines(edited(text[start:end], inner))
        for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if tag != "equal":
                yield _Block(line + i1, old[i1:i2], new[j1:j2])


def _whole_lines(text: str, edits: Sequence[Edit]) -> Iterator[tuple[int, int, list[Edit]]]:
    """Pieces of whole lines, each with the edits in it, counted from its start."""
    piece: tuple[int, int, list[Edit]] | None = None
    for edit in (_narrowed(text, edit) for edit in sorted(edits)):
        start = text.rfind("\n", 0, edit.start) + 1
        # To the end of the line behind it: what is taken out may be the end of a line.
        end = text.find("\n", edit.end) + 1 or len(text)
        if piece is not None and start < piece[1]:
            start, inner = piece[0], piece[2]
            end = max(end, piece[1])
        else:
            if piece is not None:
                yield piece
            inner = []
        inner.append(Edit(edit.start - start, edit.end - start, edit.text))
        piece = (start, end, inner)
    if piece is not None:
        yield piece


def _narrowed(text: str, edit: Edit) -> Edit:
    """The same edit without what it leaves as it is at its ends: neighbours must not run into one long piece."""
    old, new = text[edit.start : edit.end], edit.text
    ahead = _alike(old, new)
    behind = _alike(old[ahead:][::-1], new[ahead:][::-1])
    return Edit(edit.start + ahead, edit.end - behind, new[ahead : len(new) - behind])


def _alike(one: str, other: str) -> int:
    """How many characters both begin with."""
    return next(
        (at for at, (left, right) in enumerate(zip(one, other, strict=False)) if left != right),
        min(len(one), len(other)),
    )


def _lines(text: str) -> list[str]:
    parts = text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _name(path: str) -> str:
    """A path as a patch has it: quoted where it holds what would end it, and ended where it holds a space."""
    if any(sign in path for sign in _ESCAPES):
        return f'"{"".join(_ESCAPES.get(sign, sign) for sign in path)}"'
    return f"{path}\t" if " " in path else path
