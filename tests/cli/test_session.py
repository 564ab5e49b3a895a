"""Options become values or usage errors, and what happened becomes one exit code."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.changes import Blocked, Kind
from reconciler.cli.session import (
    Signals,
    apply_code,
    dry_run_code,
    parse_allow,
    parse_instant,
    parse_key,
    parse_refresh,
    worst,
)
from reconciler.desired import DesiredState
from reconciler.diagnostics import Location
from reconciler.errors import UsageError
from reconciler.journal import ApplyReport, ChangeReport, OutcomeKind
from reconciler.model import SubscriptionKey
from reconciler.observed import ObservedAccount, ObservedState, Obstacle
from reconciler.plan import Bindings, Plan, Verdict
from reconciler.reconcile import Pass
from reconciler.refresh import Mode, Refresh
from reconciler.runtime import parse_duration
from reconciler.safety import Allow
from reconciler.stored import StoredState
from tests.builders import NOW, a_change, a_key


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


@pytest.mark.parametrize(
    ("text", "refresh"),
    [
        (None, Refresh()),
        ("all", Refresh(Mode.ALL)),
        ("changed", Refresh(Mode.CHANGED)),
        ("none", Refresh(Mode.NONE)),
        ("older-than=6h", Refresh(Mode.OLDER_THAN, timedelta(hours=6))),
    ],
)
def test_what_to_look_at_anew_is_read(text: str | None, refresh: Refresh) -> None:
    assert parse_refresh(text) == refresh


@pytest.mark.parametrize("text", ["", "al", "older-than", "older-than=", "none=6h", "changed="])
def test_another_refresh_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_refresh(text)
    assert caught.value.code == "bad-refresh"


def test_an_age_that_is_no_duration_is_wrong_usage() -> None:
    with pytest.raises(UsageError) as caught:
        parse_refresh("older-than=soon")
    assert caught.value.code == "bad-duration"


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


def _pass(*blocked: str, troubles: tuple[str | None, ...] = ()) -> Pass:
    """A pass that blocks something for each of these codes, with an account for each trouble or none."""
    items = tuple(Blocked(a_key(), Kind.UPDATE, code, "", "", Location("")) for code in blocked)
    accounts = {
        f"a{index}": ObservedAccount(f"a{index}", NOW, trouble=None if code is None else Obstacle(code, "", ""))
        for index, code in enumerate(troubles)
    }
    plan = Plan(NOW, Bindings("", "", None, 0), blocked=items)
    return Pass(DesiredState(), StoredState(), plan, Verdict(()), observed=ObservedState(accounts))


def _report(*outcomes: OutcomeKind) -> ApplyReport:
    return ApplyReport("run-1", tuple(ChangeReport(a_change(), outcome) for outcome in outcomes))


@pytest.mark.parametrize(
    ("blocked", "outcomes", "ends"),
    [
        pytest.param((), (), 0, id="nothing to do"),
        pytest.param(("protected",), (), 5, id="blocked"),
        pytest.param(("outcome-unknown",), (), 6, id="nothing but what an earlier run left open"),
        pytest.param(("protected", "outcome-unknown"), (OutcomeKind.SUCCEEDED,), 6, id="the rest done"),
        pytest.param(("outcome-unknown",), (OutcomeKind.FAILED,), 6, id="the rest failed"),
        pytest.param((), (OutcomeKind.UNKNOWN,), 6, id="of this run"),
    ],
)
def test_an_apply_that_leaves_an_outcome_unknown_says_so(
    blocked: tuple[str, ...], outcomes: tuple[OutcomeKind, ...], ends: int
) -> None:
    assert apply_code(_pass(*blocked), _report(*outcomes)) == ends


WRONG, AWAY = "wrong-tenant", "unreachable"


@pytest.mark.parametrize(
    ("troubles", "outcomes", "ends"),
    [
        pytest.param((None, None), (), 0, id="all of them were read"),
        pytest.param((AWAY,), (), 1, id="the only one is away"),
        pytest.param((AWAY, "sign-in-failed"), (), 1, id="none could be read"),
        pytest.param((AWAY,), (OutcomeKind.SKIPPED,), 1, id="none could be read, and nothing was tried"),
        pytest.param((AWAY,), (OutcomeKind.FAILED,), 1, id="none could be read, and what was tried failed"),
        pytest.param((AWAY,), (OutcomeKind.SUCCEEDED,), 5, id="none could be read, and something of ours is done"),
        pytest.param((AWAY,), (OutcomeKind.ACCEPTED,), 5, id="none could be read, and a task is issued"),
        pytest.param((AWAY, None), (), 5, id="one of two is away"),
        pytest.param((WRONG,), (), 3, id="the only one is another tenant's"),
        pytest.param((WRONG, AWAY), (), 3, id="none could be read, one of them another tenant's"),
        pytest.param((WRONG, None), (OutcomeKind.SUCCEEDED,), 3, id="one of two is another tenant's"),
        pytest.param((WRONG, None), (OutcomeKind.FAILED,), 1, id="and nothing that was tried succeeded"),
    ],
)
def test_an_apply_whose_accounts_could_not_be_read_says_how_bad_that_is(
    troubles: tuple[str | None, ...], outcomes: tuple[OutcomeKind, ...], ends: int
) -> None:
    assert apply_code(_pass(troubles=troubles), _report(*outcomes)) == ends


@pytest.mark.parametrize("detailed", [False, True])
@pytest.mark.parametrize("trouble", [WRONG, AWAY])
def test_a_dry_run_of_an_account_that_could_not_be_read_is_none(trouble: str, *, detailed: bool) -> None:
    assert dry_run_code(_pass(troubles=(None, trouble)), detailed=detailed) == 1


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
