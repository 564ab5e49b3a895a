"""A look at a large estate in part: when there is one, what is kept of it, and what an apply leaves of it.

That its plan is that of the whole is held in `test_partial`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler import comparing, partial, surveying
from reconciler import glance as glancing
from reconciler.balance import Balance
from reconciler.glance import Folder, Glance, glance, processes
from reconciler.keep.shelf import Keep
from reconciler.keep.tree import walk
from reconciler.ports import StateReader
from reconciler.progress import Untold
from reconciler.reconcile import Pass
from reconciler.runtime import NO_TEXTS
from tests.test_partial import Estate, age, edit, estate

__all__ = ["estate"]


def a_look(estate: Estate, reader: StateReader, prices: str = "", **fields: object) -> Glance | None:
    """One look at it."""
    root = estate.root / "specs"
    stamps = walk(root)
    assert stamps is not None
    folder = Folder(os.path.realpath(root), "specs", stamps, 1, estate.cache)
    inputs = estate.runtime(large=0).inputs(commit=False, texts=NO_TEXTS)
    return glance(replace(folder, **fields), inputs, prices, reader, Untold())  # type: ignore[arg-type]


def looking(estate: Estate, **fields: object) -> Glance:
    """The same where there must be something to see."""
    with estate.runtime(large=0).reading() as reader:
        assert reader is not None
        found = a_look(estate, reader, **fields)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_most_of_an_estate_is_settled_and_the_rest_is_handed_on(estate: Estate) -> None:
    estate.apply()
    found = looking(estate)
    counts = found.looked.stored.settled.counts
    assert set(counts) == {"contoso", "fabrikam"}
    assert sum(counts.values()) + len(found.looked.desired.subscriptions) >= 49
    assert len(found.looked.desired.subscriptions) < 25


def test_what_was_kept_serves_the_next_look(estate: Estate) -> None:
    estate.apply()
    age(estate.root)
    first = looking(estate)
    assert first.surveyor.keep.settled is None
    assert first.keep()
    second = looking(estate)
    assert second.surveyor.keep.settled is not None
    assert Balance.unpacked(second.surveyor.keep.settled).settled == first.balance.settled
    assert second.looked.stored.settled.counts == first.looked.stored.settled.counts


def test_other_prices_are_another_estate(estate: Estate) -> None:
    estate.apply()
    assert looking(estate).keep()
    assert looking(estate).surveyor.known
    assert looking(estate, prices="f00d").surveyor.keep.settled is None


def test_what_an_apply_changed_is_told_to_the_next_look(estate: Estate) -> None:
    estate.apply()
    estate.both_ways()
    edit(estate.root / "specs" / "part-0.yaml", "seats: 1,", "seats: 4,")
    age(estate.root)
    estate.apply(large=0)
    looked_at = []
    before = partial._Look._moved_on

    def seen(look: partial._Look, *words: object) -> object:
        found = before(look, *words)  # type: ignore[arg-type]
        looked_at.append(found is not None)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(partial._Look, "_moved_on", seen)
        found = estate.both_ways()
    assert looked_at == [True]
    assert isinstance(found, Pass)
    assert found.plan.changes == ()


def test_where_anything_is_odd_nothing_is_seen(estate: Estate) -> None:
    estate.apply()
    edit(estate.root / "specs" / "_defaults.yaml", "recurring: on", "recurring: maybe")
    with estate.runtime(large=0).reading() as reader:
        assert reader is not None
        assert a_look(estate, reader) is None


def test_without_a_place_nothing_is_kept(estate: Estate) -> None:
    estate.apply()
    assert not looking(estate, place=None).keep()
    assert Keep.open(estate.cache, b"").settled is None


def test_a_file_with_nothing_plain_in_it_counts_for_nothing(estate: Estate) -> None:
    dated = "schedule:\n      - {from: 2027-12-24, recurring: off}\n"
    facts = "facts: {product: SPB, term: annual, start: 2026-03-01}\n"
    (estate.root / "specs" / "odd.yaml").write_text(
        f"version: 1\naccount: contoso\nsubscriptions:\n  odd:\n    {dated}    {facts}"
    )
    estate.apply()
    for options in ({"select": ("contoso/*",)}, {"exclude": ("contoso/sub-3",)}, {"paths": ("specs/odd.yaml",)}):
        estate.both_ways(**options)


def _many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glancing, "processes", lambda: 2)
    monkeypatch.setattr(surveying, "ALONE", 0)
    monkeypatch.setattr(comparing, "_ALONE", 0)


def test_several_processes_see_what_one_sees(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    estate.apply()
    one = looking(estate, place=None)
    _many(monkeypatch)
    several = looking(estate, place=None)
    alone, together = one.looked, several.looked
    assert together.desired.subscriptions.keys() == alone.desired.subscriptions.keys()
    assert together.stored.subscriptions == alone.stored.subscriptions
    assert together.stored.settled.counts == alone.stored.settled.counts
    assert [due.key for due in together.stored.settled.due] == [due.key for due in alone.stored.settled.due]
    assert sorted(several.balance.rows) == sorted(one.balance.rows)
    assert several.balance.settled == one.balance.settled
    estate.both_ways()
    edit(estate.root / "specs" / "part-0.yaml", "seats: 1,", "seats: 4,")
    estate.both_ways()


@pytest.mark.parametrize("where", ["_made", "_portion"])
def test_where_one_of_them_dies_the_estate_is_read_whole(
    estate: Estate, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    estate.apply()
    _many(monkeypatch)
    me: int = os.getpid()
    owner = surveying.Surveyor if where == "_made" else comparing.Comparing
    work: Callable[..., object] = getattr(owner, where)

    def dying(*words: object, **more: object) -> object:
        if os.getpid() != me:
            os._exit(9)
        return work(*words, **more)

    monkeypatch.setattr(owner, where, dying)
    found = estate.both_ways()
    assert isinstance(found, Pass)
    assert found.stored.settled.counts == {}


def test_there_is_one_process_where_a_fork_may_not_be_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    assert processes() == 1
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 3, 4}, raising=False)
    assert processes() == 3


def test_a_cache_that_was_spoilt_anywhere_changes_no_plan_and_is_rebuilt(estate: Estate) -> None:
    estate.apply()
    age(estate.root)
    for spoil in (b"", b"{}", b"\xff" * 64):
        for beginning in ("index", "settled-", "slices-"):
            estate.both_ways()
            for file in _files(estate.cache, beginning):
                file.write_bytes(spoil)
            estate.both_ways(select=("contoso/*",))
            assert spoil not in [file.read_bytes() for file in _files(estate.cache, beginning)]


def _files(cache: Path, beginning: str) -> list[Path]:
    return [path for path in cache.iterdir() if path.name.startswith(beginning)]
