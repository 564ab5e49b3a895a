"""Which characters may stand in a spec file, a file name or a value, and bytes to text by those rules.

Pure: bytes and texts are handed in. Knows nothing of YAML, so that every source of specs can share it.
"""

from __future__ import annotations

import re

from reconciler.diagnostics import Diagnostic, Location, error, warning

_CONTROLS = "\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff"
_BIDI = "\u202a-\u202e\u2066-\u2069"
# Marks, joiners and fillers that leave no trace on a screen: two names that look alike must be alike.
_INVISIBLE = "\u00ad\u061c\u180e\u200b-\u200f\u2060-\u2065\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"

UNSAFE_IN_NAMES = re.compile(f"[{_CONTROLS}{_BIDI}{_INVISIBLE}]")
"""What no name, id, code, label or owner may hold."""
UNSAFE_IN_TEXT = re.compile(f"[{_CONTROLS}{_BIDI}]".replace("\x00-\x1f", "\x00-\x08\x0b-\x1f"))
"""What no free text may hold; a line break and a tab may stand in one."""

_BAD_CONTROL = re.compile(f"[{_CONTROLS}]".replace("\x00-\x1f", "\x00-\x08\x0b\x0c\x0e-\x1f"))
_BAD_BIDI = re.compile(f"[{_BIDI}]")
_BREAK = re.compile("\r\n|\r|\n")
_FINE_ASCII = bytes([9, 10, 13, *range(32, 127)])


def escaped(text: str) -> str:
    """The text with every unsafe character shown as its escape, so that it can stand in a message."""
    return UNSAFE_IN_NAMES.sub(lambda found: _escape(found[0]), text)


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"  # how Python carries a byte of a file name that is no UTF-8
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def located(text: str, index: int, file: str) -> Location:
    """The place of the character at this index; lines break where YAML breaks them."""
    breaks = list(_BREAK.finditer(text, 0, index))
    start = breaks[-1].end() if breaks else 0
    return Location(file, len(breaks) + 1, index - start + 1)


def decoded(data: bytes, file: str) -> tuple[str | None, tuple[Diagnostic, ...]]:
    """The text of a file's bytes, without a byte order mark; None with located errors where it is no clean UTF-8."""
    if data.isascii() and not data.translate(None, _FINE_ASCII):
        return data.decode("ascii"), ()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as failure:
        return None, (_encoding(data, failure.start, file),)
    notes: list[Diagnostic] = []
    if text.startswith("\ufeff"):
        text = text[1:]
        notes.append(
            warning(
                "byte-order-mark",
                "the file begins with a byte order mark",
                Location(file),
                hint="save it as UTF-8 without BOM",
            )
        )
    notes += _found(
        text, file, _BAD_CONTROL, "control-character", "a control character stands in the file", "remove it"
    )
    notes += _found(
        text,
        file,
        _BAD_BIDI,
        "bidi-control",
        "a character that reorders text on the screen stands in the file",
        "remove it: what a reviewer sees must be what is read",
    )
    return (text if all(note.code == "byte-order-mark" for note in notes) else None), tuple(notes)


def _encoding(data: bytes, start: int, file: str) -> Diagnostic:
    before = data[:start].decode("utf-8")
    hint = "save the file as UTF-8"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or "\0" in before:
        hint = "this looks like UTF-16; " + hint
    detail = f"byte 0x{data[start]:02x} at offset {start}"
    return error("encoding", "the file is not UTF-8", located(before, len(before), file), detail=detail, hint=hint)


def _found(text: str, file: str, pattern: re.Pattern[str], code: str, summary: str, hint: str) -> list[Diagnostic]:
    """One finding for the first of its kind, with the number of the others: a binary file holds thousands."""
    indexes = [found.start() for found in pattern.finditer(text)]
    if not indexes:
        return []
    more = f", and {len(indexes) - 1} more" if len(indexes) > 1 else ""
    first = indexes[0]
    offset = len(text[:first].encode("utf-8", "surrogatepass"))
    detail = f"U+{ord(text[first]):04X} at byte offset {offset}{more}"
    return [error(code, summary, located(text, first, file), detail=detail, hint=hint)]
