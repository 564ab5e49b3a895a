"""Options become values or usage errors, and what happened becomes one exit code."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime

import pytest

from reconciler.cli.session import Signals, parse_allow, parse_instant, parse_key, worst
from reconciler.errors import UsageError
from reconciler.model import SubscriptionKey
from reconciler.runtime import parse_duration
from reconciler.safety import Allow


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        pytest.param("2027-01-31", datetime(2027, 1, 31, tzinfo=UTC), id="a day is its first instant"),
        pytest.param("2027-01-31T12:30Z", datetime(2027, 1, 31, 12, 30, tzinfo=UTC), id="minutes"),
        pytest.param("2028-02-29T23:59:59Z", datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC), id="seconds on a leap day"),
    ],
)
def test_an_instant_is_read(text: str, instant: datetime) -> None:
    assert parse_instant(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2027-02-29",
        "2027-1-1",
        "2027-01-31T12:00",
        "2027-01-31T25:00Z",
        "0001-01-01",
        "9999-12-31",
        "\uff12\uff10\uff12\uff17-01-01",
    ],
)
def test_a_nonsense_instant_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_instant(text)
    assert (caught.value.code, caught.value.exit_code) == ("bad-instant", 64)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10s", 10), ("2m", 120), ("500ms", 0.5), ("3", 3), ("0", 0), ("1.5s", 1.5), ("1h", 3600), ("9999h", 86400)],
)
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "-1s", "1 s", "1d", "1..5s", "nan", "inf", "\uff11s"])
def test_a_nonsense_duration_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError, match="is no duration"):
        parse_duration(text)


def test_allow_takes_a_limit_with_or_without_a_pattern() -> None:
    assert parse_allow("max-endings") == Allow("max-endings")
    assert parse_allow("max-endings=contoso/visio=*") == Allow("max-endings", "contoso/visio=*")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("max-ending", "did you mean 'max-endings'?"),
        ("confirm", "known are: "),
        ("max-endings=", "write a pattern of keys behind the ="),
    ],
)
def test_what_cannot_be_allowed_is_wrong_usage(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_allow(text)
    assert caught.value.hint.startswith(hint)


def test_a_key_is_account_and_name() -> None:
    assert parse_key("contoso/visio-plan-2") == SubscriptionKey("contoso", "visio-plan-2")


@pytest.mark.parametrize("text", ["", "contoso", "/visio", "contoso/"])
def test_what_is_no_key_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError, match="is no subscription key"):
        parse_key(text)


@pytest.mark.parametrize(
    ("codes", "ends"),
    [
        ([], 0),
        ([5, 3], 3),
        ([5, 4, 1], 1),
        ([1, 6], 6),
        ([6, 64], 64),
        ([130, 70], 130),
        ([2, 5], 5),
    ],
)
def test_of_several_exit_codes_the_weightiest_holds(codes: list[int], ends: int) -> None:
    assert worst(codes) == ends


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_asks_to_stop_and_the_handlers_come_back(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with Signals() as signals:
        signals.finish_batches()
        assert not signals.asked()
        os.kill(os.getpid(), number)
        assert signals.asked()
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_before_anything_is_under_way_a_signal_ends_the_command(number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt), Signals():
        os.kill(os.getpid(), number)
