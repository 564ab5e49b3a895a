"""Keys and values as YAML, as the text around them has it: in braces or not, and in the quotes of what they replace.

Pure text work.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.importing.scalars import quoted, scalar
from reconciler.spec.outline import Keys, Part, Word

Steps = tuple[str | int, ...]
"""A path within a subscription: `()` for its own keys."""
Value = str | int | bool | Mapping[str, str | int]

LABELS = "labels"
_FREE = frozenset({"id", "owner", "product"})
"""Keys whose values are anybody's texts, as are labels; all others are words, numbers, days and sums of ours."""
_IN_BRACES = frozenset(",[]{}")


def line_of(key: str, value: Value) -> str:
    """A key with its value as somebody would write them, on one line."""
    return f"{key}: {spelled(key, value, (), flow=False, quote='')}"


def spelled_key(key: str, path: Steps, *, flow: bool, quote: str) -> str:
    """A key among those at a path."""
    if not path or path[-1] != LABELS:
        return f'"{key}"' if quote else key
    return _free(key, flow=flow, quote=quote)


def spelled(key: str, value: Value, path: Steps, *, flow: bool, quote: str) -> str:
    """The value of a key at a path, on one line."""
    if isinstance(value, Mapping):
        inner: Steps = (*path, key)
        parts = (
            f"{spelled_key(name, inner, flow=True, quote=quote)}: {spelled(name, item, inner, flow=True, quote=quote)}"
            for name, item in value.items()
        )
        return f"{{{', '.join(parts)}}}"
    if isinstance(value, bool | int):
        return _bare(value)
    if key in _FREE or (path and path[-1] == LABELS):
        return _free(value, flow=flow, quote=quote)
    return f"{quote}{value}{quote}"


def _free(text: str, *, flow: bool, quote: str) -> str:
    if quote == "'" and text.isprintable() and "'" not in text:
        return f"'{text}'"
    if quote or (flow and not _IN_BRACES.isdisjoint(text)):
        return quoted(text)
    return scalar(text)


def says(part: Part, value: Value) -> bool:
    """Whether a part of a text says just this."""
    if isinstance(value, Mapping):
        if not isinstance(part, Keys) or {entry.key.value for entry in part.entries} != value.keys():
            return False
        return all(says(entry.value, value[entry.key.value]) for entry in part.entries)
    if not isinstance(part, Word):
        return False
    if isinstance(value, bool | int):
        return part.value == _bare(value) and not part.quote and not part.block
    return part.value == value


def _bare(value: bool | int) -> str:
    return str(value).lower()
