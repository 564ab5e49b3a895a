"""Pacing: the rate kept to 5 %, bursts bounded, a group held back as a whole, and no thread left behind."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.answers import Pace
from reconciler.errors import Interrupted, Throttled
from reconciler.outside.pacing import Pacer, Pacers, burst_of, rate_limited
from reconciler.outside.timing import never
from tests.outside.vendor import Hours


def pacer(hours: Hours, **fields: float) -> Pacer:
    return Pacer(Pace(**({"reads": 100.0, "writes": 10.0} | fields)), hours.timing())  # type: ignore[arg-type]


def turns(hours: Hours, turn: Callable[[Callable[[], bool], float], float], count: int) -> list[float]:
    """When each of so many turns came, asked for without a pause."""
    found = []
    for _ in range(count):
        turn(never, 120.0)
        found.append(hours.passed)
    return found


@given(rate=st.floats(0.05, 500), count=st.integers(40, 400))
def test_writes_keep_within_five_percent_of_their_rate(rate: float, count: int) -> None:
    hours = Hours()
    times = turns(hours, pacer(hours, writes=rate).write, count)
    # After the first burst the rate is what counts: neither more, nor needlessly less.
    rest = count - burst_of(rate)
    assert rest / rate * 0.95 <= times[-1] <= rest / rate * 1.05 + 0.002
    span = max(1.0, 20 / rate)
    for number, begin in enumerate(times):
        within = sum(1 for time in times[number:] if time < begin + span)
        assert within <= span * rate * 1.05 + burst_of(rate) + 1


@pytest.mark.parametrize(("rate", "burst"), [(0.1, 1), (8.3, 1), (20, 1), (21, 2), (100, 5), (1000, 50)])
def test_few_go_at_once_after_a_rest(rate: float, burst: int) -> None:
    assert burst_of(rate) == burst
    hours = Hours(passed=3600)
    assert turns(hours, pacer(hours, writes=rate).write, burst) == [3600] * burst
    assert turns(hours, pacer(hours, writes=rate).write, burst + 1)[-1] > 3600


def test_reads_may_go_at_once_where_the_published_limit_is_a_bucket() -> None:
    hours = Hours()
    read = pacer(hours, reads=25, burst=250).read
    assert turns(hours, read, 251)[249:] == [0.0, pytest.approx(0.04, abs=0.002)]


def test_reads_and_writes_wait_apart() -> None:
    hours = Hours()
    one = pacer(hours, writes=0.1)
    one.write(never, 120)
    assert turns(hours, one.read, 5) == [0.0] * 5


def test_held_back_nobody_of_the_group_asks() -> None:
    hours = Hours()
    one = pacer(hours)
    one.hold(30)
    one.hold(10)
    assert one.read(never, 120) == pytest.approx(30)
    assert hours.passed == pytest.approx(30)
    assert one.write(never, 120) == 0


def test_held_back_for_longer_than_a_question_is_worth_it_is_not_asked_at_all() -> None:
    hours = Hours()
    one = pacer(hours)
    one.hold(3600)
    with pytest.raises(Throttled, match="left alone for 3600 s more") as caught:
        one.read(never, 120)
    assert (caught.value.code, hours.passed) == ("rate-limited", 0)


def test_held_back_again_and_again_the_waits_add_up() -> None:
    hours = Hours()
    one = pacer(hours)
    one.hold(80)

    def again() -> bool:
        if 79 < hours.passed < 80:
            one.hold(81)
        return False

    with pytest.raises(Throttled):
        one.read(again, 120)


@pytest.mark.parametrize("held", [0, 30], ids=["before its turn", "while it is held back"])
def test_asked_to_stop_nobody_waits(held: float) -> None:
    hours = Hours()
    one = pacer(hours)
    one.hold(held)
    with pytest.raises(Interrupted):
        one.read(lambda: not held or hours.passed > 2, 120)
    assert hours.passed < 3


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan")])
def test_a_pace_of_nothing_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="is none"):
        pacer(Hours(), writes=rate)


def test_a_rate_of_one_in_hours_is_kept() -> None:
    hours = Hours()
    assert turns(hours, pacer(hours, writes=1 / 7200).write, 2)[1] == pytest.approx(7200, rel=0.01)


def test_a_group_has_one_pacer_and_the_first_pace_holds() -> None:
    pacers = Pacers(Hours().timing())
    first = pacers.of("contoso", Pace(1, 1))
    assert pacers.of("contoso", Pace(9, 9)) is first
    assert pacers.of("fabrikam", Pace(9, 9)) is not first


def test_no_thread_is_left_behind() -> None:
    before = threading.active_count()
    turns(hours := Hours(), pacer(hours).read, 3)
    assert threading.active_count() == before


def test_many_threads_share_one_rate() -> None:
    hours = Hours()
    one = pacer(hours, writes=50)
    threads = [threading.Thread(target=turns, args=(hours, one.write, 25)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert hours.passed == pytest.approx(200 / 50, rel=0.05)


def test_what_is_told_of_too_many_requests_says_how_long() -> None:
    assert rate_limited(130.2).message == "it has had too many requests, and asks to be left alone for 131 s more"
