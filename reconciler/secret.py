"""A secret that does not show itself: not in a repr, a log, a traceback, or JSON.

Values only; where secrets come from is the environment's to know.
"""

from __future__ import annotations


class Secret:
    """A text that only `reveal` hands out; it is handed to an SDK or a header, and to nothing that is written."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)
