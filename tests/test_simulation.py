"""The simulation of workers holds: the arithmetic of limits, what a kill costs, and a judge who can find fault."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks.simulated import Cost, Setting, simulated
from tests.benchmarks.simulation import PACES, POINTS, Point, ahead, hours, repeated, row

PAGE = Path(__file__).parents[1] / "docs" / "scaling.md"
IDLE = Cost(worker=0.0, server=0.0, vendor=0.0, commit=0.0, turn=0.0, start=0.0)
"""Nothing but waiting for the provider."""
ALONE = Setting(400, cores=0, cost=IDLE)
KILLING = Setting(1200, workers=4, killed_every=3.0)


def test_one_worker_is_as_fast_as_its_requests_are() -> None:
    assert simulated(ALONE).steady == pytest.approx(2 / (3 * 0.02), rel=0.02)
    assert simulated(replace(ALONE, latency=0.2)).steady == pytest.approx(2 / (3 * 0.2), rel=0.02)


@pytest.mark.parametrize("workers", [2, 4, 8])
def test_below_the_limit_n_workers_are_n_times_as_fast(workers: int) -> None:
    one = simulated(ALONE).steady
    many = simulated(replace(ALONE, changes=400 * workers, workers=workers)).steady
    assert many / one == pytest.approx(workers, rel=0.02)


@pytest.mark.parametrize("workers", [4, 8, 16])
def test_beyond_the_limit_more_workers_change_nothing(workers: int) -> None:
    bound = replace(ALONE, changes=100 * workers, workers=workers, writes=50.0)
    assert simulated(bound).rate == pytest.approx(50.0, rel=0.05)


def test_two_reads_a_change_make_reads_the_limit_where_both_are_the_same() -> None:
    assert simulated(replace(ALONE, workers=4, reads=25.0, writes=25.0)).steady == pytest.approx(12.5, rel=0.05)


@pytest.mark.parametrize("provider", list(PACES))
def test_each_sign_in_adds_its_own_pace(provider: str) -> None:
    reads, writes = PACES[provider]
    pace = min(reads / 2, writes)
    assert ahead(provider, 1, 4).steady == pytest.approx(pace, rel=0.05)
    assert ahead(provider, 4, 16).steady == pytest.approx(4 * pace, rel=0.05)


def test_workers_at_one_sign_in_share_its_pace_while_the_others_rest() -> None:
    assert ahead("Stripe", 4, 4, in_turns=False).steady == pytest.approx(12.5, rel=0.1)
    assert ahead("Stripe", 4, 4).steady > 40


def test_the_processors_of_one_machine_are_a_limit_too() -> None:
    cost = replace(IDLE, worker=0.01)
    crowd = replace(ALONE, changes=1600, workers=8, cost=cost)
    assert simulated(replace(crowd, cores=2)).steady == pytest.approx(2 / 0.01, rel=0.05)
    assert simulated(replace(crowd, cores=2, others=1.0)).steady == pytest.approx(1 / 0.01, rel=0.05)
    assert simulated(crowd).steady > 220


def test_nothing_is_lost_and_nothing_doubled_while_workers_are_killed() -> None:
    found = simulated(KILLING)
    assert found.kills >= 3
    assert (found.effects, found.lost, found.doubled) == (1200, 0, 0)
    assert found.rate < simulated(replace(KILLING, killed_every=float("inf"))).rate


def test_the_judge_finds_what_is_sent_again_without_a_look() -> None:
    found = simulated(replace(KILLING, settles=False))
    assert found.doubled > 0
    assert found.lost == 0


def test_the_longer_a_shard_stays_with_the_dead_the_later_it_ends() -> None:
    soon, late = (simulated(replace(KILLING, recovery=seconds)) for seconds in (3.0, 40.0))
    assert late.seconds > soon.seconds + 15
    assert (late.lost, late.doubled) == (0, 0)


def test_the_same_seed_gives_the_same_figures() -> None:
    assert simulated(KILLING) == simulated(KILLING)
    assert simulated(KILLING, seed=1) != simulated(KILLING)


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.what)
def test_what_was_measured_comes_out_again(point: Point) -> None:
    found = simulated(point.setting)
    assert found.rate == pytest.approx(point.measured, rel=0.15)
    assert (found.lost, found.doubled) == (0, 0)


def test_hours_are_told_as_people_say_them() -> None:
    assert hours(1_000_000, 12.5) == "22.2 h"
    assert hours(10_000_000, 12.5) == "9.3 days"
    assert hours(100_000_000, 12.5) == "93 days"


def test_the_page_shows_what_the_simulation_prints() -> None:
    assert _between("simulation") == list(repeated())


def test_the_page_looks_ahead_as_the_simulation_does() -> None:
    quick = [row(name, 1, "4", ahead(name, 1, 4).steady) for name in PACES]
    assert set(quick) <= set(_between("ahead"))


def _between(name: str) -> list[str]:
    shown = re.search(rf"(?s)<!-- {name}: begin -->\n(.*?)\n<!-- {name}: end -->", PAGE.read_text("utf-8"))
    assert shown is not None
    return shown[1].splitlines()
