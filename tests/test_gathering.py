"""Plans of parts are put together as one pass; the laws stand where the parts come from."""

from __future__ import annotations

from pathlib import Path

from reconciler.desired import DesiredState
from reconciler.gathering import Gathering
from reconciler.reconcile import picture, plan_pass, read_specs
from reconciler.runtime import Runtime
from reconciler.spec.groups import Library
from tests.test_first import told
from tests.test_partial import WHOLE, Estate, an_estate


def gathering(estate: Estate, runtime: Runtime) -> tuple[Gathering, DesiredState]:
    inputs = runtime.inputs(commit=False)
    desired = read_specs(inputs)
    library = Library(lambda file: (estate.root / file).read_text())
    return Gathering(inputs, picture(inputs, None), desired.accounts, library, located=False), desired


def halves(desired: DesiredState) -> list[DesiredState]:
    items = list(desired.subscriptions.items())
    return [DesiredState(dict(some), desired.accounts) for some in (items[:20], items[20:])]


def test_two_halves_come_to_the_pass_over_both(tmp_path: Path) -> None:
    estate = an_estate(tmp_path)
    runtime = estate.runtime(large=WHOLE)
    found, desired = gathering(estate, runtime)
    found.run((half, found.stored) for half in halves(desired))
    made = found.made(desired)
    assert made is not None
    assert told(made) == told(plan_pass(runtime.inputs(commit=False), desired, found.stored))


def test_a_run_about_nothing_is_none(tmp_path: Path) -> None:
    estate = an_estate(tmp_path)
    found, desired = gathering(estate, estate.runtime(large=WHOLE, select=("nobody/*",)))
    found.run((half, found.stored) for half in halves(desired))
    assert found.made(desired) is None
