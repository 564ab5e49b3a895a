"""The journal's values: when a freeze holds, and who holds a lease."""

from __future__ import annotations

from datetime import timedelta

from reconciler.journal import Freeze, Holder
from tests.builders import NOW


def test_a_freeze_without_an_end_holds_until_thawed() -> None:
    assert Freeze("migration", NOW, "ada").holds(NOW + timedelta(days=36_500))


def test_a_freeze_with_an_end_holds_until_just_before_it() -> None:
    freeze = Freeze("migration", NOW, "ada", NOW + timedelta(hours=1))
    assert freeze.holds(NOW + timedelta(minutes=59, seconds=59))
    assert not freeze.holds(NOW + timedelta(hours=1))


def test_a_holder_is_named_with_process_machine_and_since_when() -> None:
    assert str(Holder(4711, "build-7", NOW, "ada")) == "ada, pid 4711 on build-7, since 2026-11-23T12:00:00Z"


def test_a_holder_in_ci_is_named_with_its_run() -> None:
    said = str(Holder(4711, "build-7", NOW, "ada", "https://ci.example/42"))
    assert said == "ada, pid 4711 on build-7, https://ci.example/42, since 2026-11-23T12:00:00Z"
