"""A slow and plain reader of YAML for comparison: PyYAML's own composer, values and positions from its nodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from hypothesis import strategies as st

from reconciler.spec.positions import Path
from reconciler.spec.scalars import core

_WORDS = st.text("abcxyz-_ äß🎉'\"#:,[]{}&*!|>%@`0123456789.\\\n", max_size=8)
_PLAIN = "on off true False 12 0123 0x1F 1.50 1e3 -7 2026-02-30 no SPB it@contoso.example 20.60".split()


class Styled(str):
    """A text with the style in which it is written: plain, in quotes, or as a block."""

    __slots__ = ("style",)
    style: str | None

    @classmethod
    def written(cls, text: str, style: str | None) -> Styled:
        """The text in this style."""
        made = cls(text)
        made.style = style
        return made


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        """Write every value out, also one that comes twice."""
        return True


_Dumper.add_representer(
    Styled, lambda dumper, data: yaml.ScalarNode("tag:yaml.org,2002:str", str(data), style=data.style)
)
# Without resolvers a plain text stays plain, whatever it could be taken for.
_Dumper.yaml_implicit_resolvers = {}


def values() -> st.SearchStrategy[Any]:
    """Documents of mappings, lists, quoted texts and plain scalars."""
    quoted = st.builds(Styled.written, _WORDS, st.sampled_from(["'", '"', "|", ">"]))
    plain = st.builds(Styled.written, st.sampled_from(_PLAIN), st.none())
    keys = st.builds(Styled.written, _WORDS, st.sampled_from(["'", '"'])) | plain
    return st.recursive(
        quoted | plain, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4)
    )


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Their texts, in every style that PyYAML can write."""
    value = {Styled.written("root", None): draw(values()), Styled.written("next", '"'): draw(values())}
    text = yaml.dump(
        value,
        Dumper=_Dumper,
        default_flow_style=draw(st.sampled_from([None, True, False])),
        allow_unicode=draw(st.booleans()),
        indent=draw(st.sampled_from([2, 4, 7])),
        width=draw(st.sampled_from([10, 40, 1000])),
        explicit_start=draw(st.booleans()),
        sort_keys=False,
    )
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


def composed(text: str) -> yaml.Node:
    """The document's nodes."""
    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    assert node is not None
    return node


def value_of(node: yaml.Node) -> Any:
    """What a node says; None for null."""
    if isinstance(node, yaml.MappingNode):
        return {key.value: value_of(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [value_of(item) for item in node.value]
    assert isinstance(node, yaml.ScalarNode)
    return node.value if node.style else core(node.value)


def places(node: yaml.Node, path: Path = ()) -> Iterator[tuple[Path, bool, int, int]]:
    """Every path with the line and column of its value, and of its key where it has one (then with True)."""
    yield path, False, node.start_mark.line + 1, node.start_mark.column + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, key.value), True, key.start_mark.line + 1, key.start_mark.column + 1
            yield from places(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from places(item, (*path, index))
