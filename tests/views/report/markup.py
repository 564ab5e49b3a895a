"""A page of HTML as a tree that tests can ask; strict where a browser would forgive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"meta", "link"})


@dataclass(slots=True)
class Node:
    """One element: its children are elements and texts."""

    tag: str
    attributes: dict[str, str]
    children: list[Node | str] = field(default_factory=list)

    def walk(self) -> Iterator[Node]:
        """This one and all below it, in the order of the document."""
        yield self
        for child in self.children:
            if isinstance(child, Node):
                yield from child.walk()

    def all(self, tag: str, **attributes: str) -> list[Node]:
        """Every element of that tag below this, with these attributes (`class_` for `class`: one class of several)."""
        return [node for node in self.walk() if node.tag == tag and node.has(attributes)]

    def one(self, tag: str, **attributes: str) -> Node:
        """The only such element."""
        (found,) = self.all(tag, **attributes)
        return found

    def has(self, attributes: dict[str, str]) -> bool:
        """Whether it has these attributes."""
        return all(
            value in self.attributes.get("class", "").split()
            if name == "class_"
            else self.attributes.get(name) == value
            for name, value in attributes.items()
        )

    @property
    def text(self) -> str:
        """All text in it, its blanks folded."""
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            else:
                # Blocks part words, and so do cells.
                yield from (" " * (child.tag not in ("code", "strong", "b")), *child._texts(), " ")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        assert len(node.attributes) == len(attrs), f"an attribute twice: {attrs}"
        self._open[-1].children.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)

    def finished(self) -> Node:
        assert self._open == [self.root], f"not closed: {[node.tag for node in self._open[1:]]}"
        return self.root


def read_html(text: str) -> Node:
    """The document; fails for an element that is not closed where it should be."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.finished()
