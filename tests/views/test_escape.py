"""What foreign text may do in each sink: nothing but be read."""

from __future__ import annotations

from html.parser import HTMLParser

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from reconciler.views.escape import (
    github_data,
    github_property,
    json_bytes,
    line_start,
    markdown,
    markdown_code,
    markdown_prose,
    terminal,
    visible,
)
from tests.views.cases import HOSTILE

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
"""Every code point, unpaired surrogates too."""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("Visio Plan 2", "Visio Plan 2", id="plain text stays"),
        pytest.param("Büro naïve 日本", "Büro naïve 日本", id="letters of any script stay"),
        pytest.param("a\x1b[31mb", "a\\x1b[31mb", id="an escape sequence is spelled out"),
        pytest.param("a\r\nb\tc", "a\\r\\nb\\tc", id="line ends and tabs are spelled out"),
        pytest.param("a\x9b1mb", "a\\x9b1mb", id="so is the one-character form of an escape sequence"),
        pytest.param("a\u202eb\u2066c", "a\\u202eb\\u2066c", id="bidi controls are spelled out"),
        pytest.param("a\u200bb\ufeffc\u3164d", "a\\u200bb\\ufeffc\\u3164d", id="what cannot be seen is spelled out"),
        pytest.param("a\u2028b", "a\\u2028b", id="a line separator is spelled out"),
        pytest.param("a\U000e0041b", "a\\U000e0041b", id="tag characters are spelled out"),
        pytest.param("a\udcffb", "a\\udcffb", id="a byte of a file name that is no text is spelled out"),
    ],
)
def test_what_could_hide_or_command_is_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("##[add-mask]x", "\\x23#[add-mask]x", id="GitHub"),
        pytest.param("x ##vso[task.setvariable]y", "x \\x23#vso[task.setvariable]y", id="Azure Pipelines"),
        pytest.param("###[x]", "#\\x23#[x]", id="with more signs"),
        pytest.param("## a heading [x]", "## a heading [x]", id="but not what is no command"),
    ],
)
def test_a_runner_finds_no_command_within_a_line(text: str, shown: str) -> None:
    assert terminal(text) == shown


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        pytest.param("::error::x", "\\x3a:error::x", id="at the very start"),
        pytest.param("  ::error::x", "  \\x3a:error::x", id="behind blanks"),
        pytest.param("why: ::error::x", "why: ::error::x", id="behind a word it is none"),
        pytest.param("", "", id="an empty line"),
    ],
)
def test_a_runner_finds_no_command_at_a_line_start(line: str, shown: str) -> None:
    assert line_start(line) == shown


@given(ANY_TEXT)
def test_a_terminal_gets_one_line_that_can_be_printed(text: str) -> None:
    shown = terminal(text)
    assert shown.isprintable()
    assert shown.encode().decode() == shown
    assert terminal(shown) == shown


class _Rendered(HTMLParser):
    """The tags and the text of rendered Markdown."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert attrs == []
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def _cell(markup: str) -> _Rendered:
    """The second cell of a table's row, rendered as CommonMark with tables and strike-through."""
    renderer = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    html = renderer.render(f"| a | b |\n| --- | --- |\n| x | {markup} |\n| last | row |\n")
    assert html.count("<tr>") == 3
    return _Rendered(html.split("<td>x</td>")[1].split("</td>")[0].split("<td>")[1])


_BREAKING = (
    HOSTILE,
    "\\|",
    "a|b",
    "`a",
    "**b** _c_ ~~d~~",
    "![i](u)",
    "<!-- x",
    "&lt;",
    "$a$ $$b$$",
    "www.x.y",
    "a@b.c",
    "GH-12",
)


@pytest.mark.parametrize("text", _BREAKING)
def test_markdown_shows_a_text_as_it_is(text: str) -> None:
    cell = _cell(markdown(text))
    assert cell.text.strip() == visible(text).strip()
    assert cell.tags <= {"span"}


@given(ANY_TEXT)
def test_markdown_shows_any_text_as_it_is(text: str) -> None:
    cell = _cell(markdown_code(text))
    assert cell.text.split() == visible(text).split()
    assert cell.tags <= {"span", "code"}


@pytest.mark.parametrize("sign", ["@everyone", "#1", "https://x", "www.x.y", "GH-12", "$x$"])
def test_markdown_leaves_no_text_that_github_would_link(sign: str) -> None:
    assert sign not in markdown(f"see {sign} there")
    assert _cell(markdown(sign)).text == sign


def test_what_stands_between_backticks_in_a_sentence_of_ours_is_code() -> None:
    assert markdown_prose("write `cancel: none` there") == "write <code>cancel: none</code> there"


def test_an_odd_backtick_makes_no_code() -> None:
    assert markdown_prose("a ` b") == "a &#96; b"


def test_no_text_is_no_code() -> None:
    assert markdown_code("") == ""


def test_the_message_of_a_workflow_command_is_one_line() -> None:
    assert github_data("100 %", "a\nb", "c\rd") == "100 %25%0Aa\\nb%0Ac\\rd"


def test_a_property_of_a_workflow_command_ends_where_we_say() -> None:
    assert github_property("a,file=b::c %0A") == "a%2Cfile=b%3A%3Ac %250A"


@given(st.lists(ANY_TEXT), ANY_TEXT)
def test_a_workflow_command_never_breaks_out(lines: list[str], title: str) -> None:
    command = f"::error title={github_property(title)}::{github_data(*lines)}"
    assert command.isprintable()
    assert command.count("::", 0, command.index("::", 2) + 2) == 2


@given(st.text())
def test_escaped_json_says_the_same(text: str) -> None:
    document = orjson.dumps([text, f"\\{text}", HOSTILE])
    escaped = json_bytes(document)
    assert orjson.loads(escaped) == orjson.loads(document)
    assert not any(char in escaped.decode() for char in "\x7f\x9b\u202e\u2028\ufeff")
    assert b"##[" not in escaped


def test_plain_json_is_left_alone() -> None:
    document = b'{"a": "Visio # 2"}'
    assert json_bytes(document) is document
