"""What a command line said, as values."""

from __future__ import annotations

from datetime import UTC
from uuid import UUID

import pytest

from reconciler.errors import UsageError
from reconciler.options import Options, SystemClock, new_lineage, parse_duration
from reconciler.refresh import Mode


def test_nothing_said_looks_at_everything_and_corrects_nothing() -> None:
    options = Options()
    assert (options.refresh.mode, options.correct, options.select, options.allow) == (Mode.ALL, (), (), ())


def test_real_time_is_utc_and_has_no_finer_grain_than_a_second() -> None:
    now = SystemClock().now()
    assert (now.tzinfo, now.microsecond) == (UTC, 0)


def test_each_store_has_an_identity_of_its_own() -> None:
    assert UUID(new_lineage()) != UUID(new_lineage())


@pytest.mark.parametrize(("text", "seconds"), [("500ms", 0.5), ("10s", 10), ("2m", 120), ("6h", 21_600), ("3", 3)])
def test_a_duration_is_read_as_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


def test_no_duration_is_longer_than_a_day() -> None:
    assert parse_duration("1000h") == 86_400


@pytest.mark.parametrize("text", ["", "s", "-1s", "1.2.3s", "soon"])
def test_anything_else_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError):
        parse_duration(text)
