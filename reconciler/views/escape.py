"""One escaper for each sink, so that a name or a reason can neither hide, nor format, nor command.

Pure text to text. Whoever puts foreign text into an output calls the sink's function here; no view escapes by itself.
"""

from __future__ import annotations

import re

# Runners of GitHub Actions and Azure Pipelines take `##[…]` and `##vso[…]` as commands wherever they stand in a line of
# the log (actions/runner, ActionCommand.TryParse); others do alike.
_LOG_COMMAND = re.compile(r"##(?=\w*\[)")

# Letters and marks by Unicode's classes, and yet nothing to see.
_BLANK = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0")

# References of Markdown hosts that work without any markup: bare URLs and issue numbers.
_LINK = re.compile(r":(?=//)|(?<=www)\.|(?<=\bgh)-(?=\d)", re.IGNORECASE)

# Character references cannot open markup, nor end a table cell. GitHub looks for mentions, issues and formulas in
# the text that is left when all that is done: there, only an element around the sign parts it from what follows, and
# unlike a zero-width space it leaves nothing behind in what people copy.
_MARKDOWN = str.maketrans(
    {char: f"&#{ord(char)};" for char in "\\`*_[]|~"}
    | {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
    | {char: f"<span>{char}</span>" for char in "@#$"}
)

# What JSON allows raw in a string and a terminal or a log obeys, or hides.
_JSON = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|#(?=#\\w*\\[)")


def visible(text: str) -> str:
    r"""Control, bidi, invisible and unpaired characters spelled out (`\n`, `\x1b`, `\u202e`)."""
    if text.isprintable() and (text.isascii() or _BLANK.isdisjoint(text)):
        return text
    return "".join(char if char.isprintable() and char not in _BLANK else _spelled(char) for char in text)


def _spelled(char: str) -> str:
    return char.encode("unicode_escape").decode()


def is_plain(text: str) -> bool:
    """Whether `terminal` leaves the text as it is, for a text of ASCII alone."""
    return text.isascii() and text.isprintable() and "##" not in text


def terminal(text: str) -> str:
    """For a terminal or a log: on one line, nothing hidden, and no command to a CI runner within the line."""
    text = visible(text)
    return _LOG_COMMAND.sub(r"\\x23#", text) if "##" in text else text


def line_start(line: str) -> str:
    """A whole line that no runner takes for a command: GitHub reads `::…::` also behind leading blanks."""
    body = line.lstrip()
    return f"{line[: len(line) - len(body)]}\\x3a{body[1:]}" if body.startswith("::") else line


def markdown(text: str) -> str:
    """For Markdown, inside a line (a table cell, or behind words of ours): plain text, no link, no mention, no HTML."""
    return _LINK.sub(r"<span>\g<0></span>", visible(text).translate(_MARKDOWN))


def markdown_code(text: str) -> str:
    """The same in a code element, which holds what a backtick fence cannot."""
    return f"<code>{markdown(text)}</code>" if text else ""


def markdown_prose(text: str) -> str:
    """A sentence of ours with values in it: what stands between two backticks becomes code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return markdown(text)
    return "".join(markdown_code(part) if index % 2 else markdown(part) for index, part in enumerate(parts))


def github_data(*lines: str) -> str:
    """The message of a workflow command, in lines of ours."""
    return "%0A".join(terminal(line).replace("%", "%25") for line in lines)


def github_property(text: str) -> str:
    """A property's value in a workflow command."""
    return terminal(text).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")


def spreadsheet(text: str) -> str:
    """For a cell of a CSV file: on one line, and no formula to a program that opens it (OWASP, CSV injection)."""
    text = visible(text)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def json_bytes(document: bytes) -> bytes:
    """The same JSON document, with what a terminal or a log could obey written as escapes."""
    if document.isascii() and b"##" not in document and b"\x7f" not in document:
        return document
    return _JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", document.decode()).encode()
