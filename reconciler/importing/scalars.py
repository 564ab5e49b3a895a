"""Texts as YAML scalars and comments that no cell can break out of, and that every reader takes for the same text.

Pure text work: no YAML library is needed to write, and the proof that it reads back is made with the reader itself.
"""

from __future__ import annotations

import re

# What YAML 1.2 or the older 1.1 (which many tools still read) takes for something other than text.
_NO_TEXT = re.compile(
    r"""~|null|true|false|yes|no|on|off|y|n            # words, in any case
    |[-+]?\.(inf|nan)
    |[-+]?0[box][0-9a-f_]+                             # other bases
    |[-+]?[0-9][0-9_]*(\.[0-9_]*)?(e[-+]?[0-9]+)?      # numbers
    |[-+]?\.[0-9_]+(e[-+]?[0-9]+)?
    |[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?      # base sixty
    |[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?        # dates
    """,
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
_INDICATORS = frozenset("-?:,[]{}#&*!|>'\"%@`=<.~")
"""Signs that begin something in YAML, or that are best not met at the beginning of a text."""
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}


def scalar(text: str) -> str:
    """The text as one line of YAML: plain where every reader takes it for just this text, else double-quoted."""
    return text if _plain(text) else quoted(text)


def _plain(text: str) -> bool:
    if not text or text[0] in _INDICATORS or text[0] == " " or text[-1] in " :" or not text.isprintable():
        return False
    return ": " not in text and " #" not in text and _NO_TEXT.fullmatch(text) is None


def quoted(text: str) -> str:
    """The text in double quotes, with everything escaped that is not plainly visible."""
    return f'"{"".join(_ESCAPES.get(sign) or (sign if sign.isprintable() else _escaped(sign)) for sign in text)}"'


def _escaped(sign: str) -> str:
    if sign <= "\xff":
        return f"\\x{ord(sign):02X}"
    return f"\\u{ord(sign):04X}" if sign <= "\uffff" else f"\\U{ord(sign):08X}"


def comment(text: str) -> str:
    """The text behind `# `: in one line, visible, and not long."""
    line = " ".join("".join(sign if sign.isprintable() or sign.isspace() else "?" for sign in text).split())
    return "# " + (line if len(line) <= _COMMENT else line[: _COMMENT - 1] + "…")


_COMMENT = 100
