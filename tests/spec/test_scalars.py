"""Plain scalars by the YAML 1.2 core schema, and the texts that numbers keep."""

from __future__ import annotations

import math
from string import printable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.spec.scalars import BROKEN, LONG, MEMO_SIZE, FloatText, IntText, PlainScalars, core


@pytest.mark.parametrize("text", ["", "~", "null", "Null", "NULL"])
def test_null_has_five_spellings(text: str) -> None:
    assert core(text) is None


@pytest.mark.parametrize("text", ["true", "True", "TRUE"])
def test_true_has_three_spellings(text: str) -> None:
    assert core(text) is True


@pytest.mark.parametrize("text", ["false", "False", "FALSE"])
def test_false_has_three_spellings(text: str) -> None:
    assert core(text) is False


@pytest.mark.parametrize(
    "text",
    [
        *("on On off yes no NO y n nULL tRUE 1_000 22:22 0b11 2026-02-30 = - 0x 0o8 1e 1e+ . + -.".split()),
        *("+.nan .Infinity nan inf 0xG 1.2.3 ١٢ <<".split()),
        "1 2",
    ],
)
def test_what_only_older_schemas_or_nobody_knows_is_text(text: str) -> None:
    assert core(text) == text


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("-0", 0),
        ("+12", 12),
        ("-12", -12),
        ("0123", 123),
        ("0o17", 15),
        ("0xfF", 255),
        ("9" * 30, int("9" * 30)),
    ],
)
def test_a_whole_number_keeps_its_text(text: str, number: int) -> None:
    value = core(text)
    assert isinstance(value, IntText)
    assert (int(value), str(value), value.text) == (number, text, text)


@pytest.mark.parametrize(
    ("text", "number"),
    [("1.", 1.0), (".5", 0.5), ("-.5", -0.5), ("1e3", 1000.0), ("1.10", 1.1), ("+1.5E-2", 0.015), ("1e-999999", 0.0)],
)
def test_a_decimal_number_keeps_its_text(text: str, number: float) -> None:
    value = core(text)
    assert isinstance(value, FloatText)
    assert (float(value), str(value), value.text) == (number, text, text)


@pytest.mark.parametrize("text", [".inf", "-.Inf", "+.INF", ".nan", ".NaN", ".NAN", "1.0e+999999", "-1e400"])
def test_what_is_not_finite_is_broken(text: str) -> None:
    assert core(text) is BROKEN


@pytest.mark.parametrize("text", ["9" * 5_000, "-" + "9" * 5_000, "0x" + "f" * 5_000])
def test_a_number_too_long_for_python_stays_beyond_every_range_and_keeps_its_text(text: str) -> None:
    value = core(text)
    assert isinstance(value, IntText)
    assert abs(value) == 10**300
    assert (value < 0) == text.startswith("-")
    assert str(value) == text


@given(st.text(printable, max_size=12) | st.text("0123456789.eE+-xo_:infNaN", max_size=8))
def test_every_text_has_a_meaning_that_keeps_it(text: str) -> None:
    value = core(text)
    assert value is None or value is BROKEN or isinstance(value, bool) or str(value) == text
    assert not isinstance(value, float) or math.isfinite(value)


def test_the_memo_answers_as_the_schema_does_and_calls_null_broken() -> None:
    plain = PlainScalars()
    assert [plain[text] for text in ("~", "", ".inf", "12", "no", "true")] == [BROKEN, BROKEN, BROKEN, 12, "no", True]
    assert plain["12"] is plain["12"]


def test_the_memo_does_not_grow_for_ever() -> None:
    plain = PlainScalars()
    for number in range(MEMO_SIZE + 10):
        assert plain[f"id{number}"] == f"id{number}"
    assert len(plain) == MEMO_SIZE


def test_a_long_text_is_left_to_be_measured() -> None:
    plain = PlainScalars()
    assert plain["x" * (LONG + 1)] is BROKEN
    assert plain["x" * LONG] == "x" * LONG
    assert len(plain) == 1
