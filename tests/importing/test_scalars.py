"""Cells as YAML: plain where it is safe, and never able to break out of their line."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.importing.scalars import comment, quoted, scalar
from reconciler.spec.scalars import core


@pytest.mark.parametrize(
    "text",
    [
        *("SPB", "it@contoso.example", "O365_w/o Teams Bundle_M3", "6f0d6c1e-7a1b-4d8e-9a53-0c3f1f1b2a10", "20.60 EUR"),
        *(
            "Büro",
            "Privacy — risk",
            "a:b",
            "a#b",
            "365-e3",
            "_x",
            "sub_1Nx",
            "x,y",
            "a'b",
            'a"b',
            "/x",
            "$x",
            "(x)",
            "+x",
        ),
    ],
)
def test_what_every_reader_takes_for_the_text_stays_plain(text: str) -> None:
    assert scalar(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "~",
            "null",
            "true",
            "False",
            "no",
            "On",
            "y",
            "N",
            "0123",
            "1_000",
            "22:22",
            "1e3",
            "0x1f",
            "0o7",
            "-1",
            "+1",
        ),
        *(".5", ".inf", "-.INF", ".nan", "2026-01-31", "2026-1-1 10:00", "a: b", "a #b", "a:", " a", "a "),
        *(
            "*x",
            "&x",
            "!x",
            "%x",
            "@x",
            "`x",
            "|",
            ">",
            "- x",
            "-x",
            "? x",
            "[x]",
            "{x}",
            "#x",
            "'x'",
            '"x"',
            ",x",
            "=",
            "<<",
        ),
        *("---", "...", "a\nb", "a\tb", "\x1b[2J", "a\u00a0b", "\u202ex", "\ufeffx", "\U000e0001", "\ufffe"),
    ],
)
def test_what_a_reader_could_take_for_something_else_is_quoted(text: str) -> None:
    written = scalar(text)
    assert written.startswith('"')
    assert written.isprintable()
    assert yaml.safe_load(written) == text


def test_escapes_are_the_shortest() -> None:
    assert quoted('"\\\n\t\r\0\x1b\u2028\U000e0001é') == r'"\"\\\n\t\r\0\x1B\u2028\U000E0001é"'


ANY = st.text(st.characters(exclude_categories=["Cs"]))
TRICKY = st.text(st.sampled_from("0123456789.eExob_+-:TZ nutrlafsyo#'\"[]{}&*!|>%@`,?=<~"), max_size=8)


@given(ANY | TRICKY)
@example("\x85")
def test_a_text_comes_back_as_itself_as_value_and_as_key(text: str) -> None:
    written = scalar(text)
    assert "\n" not in written
    assert yaml.safe_load(f"a:\n  key: {written}\n  {quoted('next')}: 1\n") == {"a": {"key": text, "next": 1}}
    assert yaml.safe_load(f"{written}: 1\n") == {text: 1}
    if not written.startswith('"'):
        assert core(text) == text


@given(ANY)
@example("x\n- injected: true")
@example("a\u2028b\x85c\rd")
def test_a_comment_stays_in_its_line(text: str) -> None:
    line = comment(text)
    assert line.startswith("# ")
    assert line.isprintable()
    assert len(line) <= 102
    assert yaml.safe_load(f"a: 1  {line}\nb: 2\n") == {"a": 1, "b": 2}


def test_a_comment_is_visible_and_short() -> None:
    assert comment("a\tb\n\u202ec") == "# a b ?c"
    assert comment("x" * 101) == f"# {'x' * 99}…"
