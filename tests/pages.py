"""The pages of the documentation as values: fenced blocks, headings, links and tables. Reads files, and judges nothing.

A block may be given a file's name behind its language. YAML that is wrong on purpose has a comment above it, which no
reader sees and which names the codes of its complaints: `<!-- finds: CODE … -->`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tests.conftest import REPOSITORY

_OPENING = re.compile(r"^(?P<fence>```)(?P<language>\w*)(?: +(?P<name>\S+))?$")
_FINDS = re.compile(r"^<!-- finds: (?P<codes>[a-z0-9 -]+) -->$")
_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_CODE = re.compile(r"`+[^`]*`+")
_RULER = re.compile(r"\|(?: *:?-+:? *\|)+")


@dataclass(frozen=True, slots=True)
class Fence:
    """One fenced block: its place, language, file name and text, and the codes of its complaints."""

    page: str
    line: int
    language: str
    name: str
    text: str
    finds: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def shown(self) -> str:
        """The block with its fences."""
        return f"```{' '.join(filter(None, (self.language, self.name)))}\n{self.text}```\n"


@cache
def pages() -> tuple[str, ...]:
    """Every page, relative to the repository."""
    found = (*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"))
    return tuple(sorted(path.relative_to(REPOSITORY).as_posix() for path in found))


@cache
def text_of(page: str) -> str:
    """A page's text."""
    return (REPOSITORY / page).read_text("utf-8")


@cache
def parts(page: str) -> tuple[str | Fence, ...]:
    """A page as its lines, with each fenced block as one part, those in comments too."""
    return tuple(_parts(page))


def _parts(page: str) -> Iterator[str | Fence]:
    finds: frozenset[str] = frozenset()
    lines = iter(enumerate(text_of(page).splitlines(), start=1))
    for number, line in lines:
        opening = _OPENING.match(line)
        if note := _FINDS.match(line):
            finds = frozenset(note["codes"].split())
        if not opening:
            yield line
            continue
        body = []
        for _, inner in lines:
            if inner == opening["fence"]:
                break
            body.append(f"{inner}\n")
        yield Fence(page, number, opening["language"], opening["name"] or "", "".join(body), finds)
        finds = frozenset()


def fences(page: str) -> list[Fence]:
    """The fenced blocks of a page."""
    return [part for part in parts(page) if isinstance(part, Fence)]


def blocks(language: str) -> list[Fence]:
    """Every block of that language, on any page."""
    return [fence for page in pages() for fence in fences(page) if fence.language == language]


def prose(page: str) -> str:
    """A page's text without its fenced blocks."""
    return "\n".join(part for part in parts(page) if isinstance(part, str))


def links(page: str) -> list[str]:
    """The targets of a page's links."""
    return [found["target"] for found in _LINK.finditer(_CODE.sub("``", prose(page)))]


@cache
def anchors(page: str) -> frozenset[str]:
    """What a link into a page may name: its headings, as Git hosts spell them."""
    return frozenset(re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title, _ in sections(page))


@cache
def sections(page: str) -> tuple[tuple[str, str], ...]:
    """Every heading of a page with the text below it, up to the next heading."""
    found: list[tuple[str, list[str]]] = []
    for line in prose(page).splitlines():
        if re.match(r"#{1,6} ", line):
            found.append((line.lstrip("#").strip(), []))
        elif found:
            found[-1][1].append(line)
    return tuple((title, "\n".join(lines)) for title, lines in found)


def section(page: str, title: str) -> str:
    """The text below the one heading of this title."""
    (text,) = [text for heading, text in sections(page) if heading == title]
    return text


def first_cells(text: str) -> list[str]:
    """The first cell of every table row in a text, headings aside."""
    lines = text.splitlines()
    following = [*lines[1:], ""]
    return [
        line.split("|")[1].strip()
        for line, below in zip(lines, following, strict=True)
        if line.startswith("|") and not _RULER.fullmatch(line) and not _RULER.fullmatch(below)
    ]
