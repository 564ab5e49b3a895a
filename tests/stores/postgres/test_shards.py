"""The book of shards: one at a time works on each, and what an earlier one says is refused."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest

from reconciler.errors import StoreError
from reconciler.journal import Entry, Freeze, Outcome, OutcomeKind
from reconciler.model import SubscriptionKey
from reconciler.ports import Bookkeeping
from reconciler.shards import NOT_CARRIED_OUT, Piece, Shard, Taken, begun_anew, cut
from reconciler.stores.postgres import shards
from reconciler.stores.postgres.progress import progress
from reconciler.stores.postgres.shards import PostgresShards
from reconciler.stores.postgres.speaking import Spoken
from tests.builders import NOW, a_run, a_stored
from tests.dispatching.yard import a_piece, pieces
from tests.stores.postgres.places import Room, place, server

__all__ = ["place", "server"]


def put(place: Room, found: list[Piece], run: str = "run-1", kept: Bookkeeping | None = None) -> list[int]:
    store = place.make()
    store.begin(a_run(id=run))
    with store.together():
        tickets = PostgresShards(store).put(run, cut(found), kept or Bookkeeping())
    return [ticket.shard for ticket in tickets]


def taken(book: PostgresShards, shard: int, worker: str = "one", lasts: float = 20.0) -> Taken:
    found = book.take(shard, worker, lasts)
    assert isinstance(found, Taken)
    return found


def an_entry(piece: Piece, kind: OutcomeKind = OutcomeKind.INTENDED, error: str | None = None) -> Entry:
    row = a_stored(str(piece.change.key), id=piece.change.external_id) if kind is OutcomeKind.SUCCEEDED else None
    return Entry(piece.operation_id, piece.change, Outcome(kind, row, error))


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(StoreError) as found:
        act()
    return found.value.code


def test_what_was_put_is_what_is_taken(place: Room) -> None:
    (shard,) = put(place, pieces(3))
    found = taken(place.book(), shard)
    assert (found.run, found.fence, dict(found.over), dict(found.begun)) == ("run-1", 1, {}, {})
    for had, wanted in zip(found.pieces, pieces(3), strict=True):
        assert (had.account, had.operation_id, had.row) == (wanted.account, wanted.operation_id, wanted.row)
        assert (had.change.key, had.change.after) == (wanted.change.key, wanted.change.after)


def test_many_are_put_in_slices_so_that_the_server_waits_for_none_long(
    place: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "_AT_ONCE", 2)
    store, found = place.make(), [Shard(number, "cloud", (piece,)) for number, piece in enumerate(pieces(5))]
    store.begin(a_run())
    with store.together():
        tickets = PostgresShards(store).put("run-1", found, Bookkeeping())
    assert [ticket.lock for ticket in tickets] == [f"run-1 {number}" for number in range(5)]
    book = place.book()
    had = [taken(book, ticket.shard).pieces for ticket in tickets]
    assert [[one.operation_id for one in some] for some in had] == [[one.operation_id] for one in pieces(5)]


def test_one_at_a_time_has_a_shard_and_the_next_one_a_higher_fence(place: Room) -> None:
    (shard,) = put(place, pieces(1))
    book, other = place.book(), place.book()
    first = taken(book, shard)
    left = other.take(shard, "two", 20.0)
    assert isinstance(left, float)
    assert 10 < left <= 20
    book.give_back(first, sent=False)
    assert taken(other, shard, "two").fence == first.fence + 1


def test_whoever_lost_a_shard_can_write_nothing_of_it(place: Room) -> None:
    (shard,) = put(place, pieces(1))
    book, other = place.book(), place.book()
    first = taken(book, shard, lasts=0.0)
    second = taken(other, shard, "two")
    (piece,) = first.pieces
    writes: list[Callable[[], Any]] = [
        lambda: book.intend(first, [an_entry(piece)], NOW, 20.0),
        lambda: book.accept(first, [an_entry(piece)], NOW, 20.0),
        lambda: book.record(first, [an_entry(piece, OutcomeKind.SUCCEEDED)], NOW, 20.0),
        lambda: book.end(first, {}, NOW),
    ]
    assert [refused(write) for write in writes] == ["lease-lost"] * 4
    book.give_back(first, sent=True)
    assert book.beat({shard: first.fence}, 20.0) == frozenset()
    assert other.beat({shard: second.fence}, 20.0) == {shard}
    assert list(place.open().history()) == []


def test_what_is_written_keeps_the_shard(place: Room) -> None:
    (shard,) = put(place, pieces(1))
    book = place.book()
    first = taken(book, shard, lasts=0.0)
    book.intend(first, [an_entry(first.pieces[0])], NOW, 20.0)
    assert isinstance(place.book().take(shard, "two", 20.0), float)


def test_the_next_worker_finds_what_is_over_and_what_was_begun(place: Room) -> None:
    (shard,) = put(place, pieces(4))
    book = place.book()
    first = taken(book, shard)
    one, two, three, _ = first.pieces
    book.intend(first, [an_entry(one), an_entry(two), an_entry(three)], NOW, 20.0)
    book.record(first, [an_entry(one, OutcomeKind.SUCCEEDED)], NOW, 20.0)
    book.record(first, [an_entry(two, OutcomeKind.FAILED, "no")], NOW, 20.0)
    accepted = Entry(three.operation_id, three.change, Outcome(OutcomeKind.ACCEPTED, token="job-1"))
    book.accept(first, [accepted], NOW + timedelta(seconds=5), 20.0)
    book.give_back(first, sent=True)
    second = taken(book, shard, "two")
    assert second.over == {one.operation_id: OutcomeKind.SUCCEEDED, two.operation_id: OutcomeKind.FAILED}
    (begun,) = second.begun.values()
    assert (begun.operation_id, begun.token, begun.at) == (three.operation_id, "job-1", NOW + timedelta(seconds=5))
    assert second.quiet_for < 5


def test_what_was_surely_not_carried_out_is_tried_under_another_id(place: Room) -> None:
    (shard,) = put(place, pieces(1))
    book = place.book()
    ids = []
    for _ in range(7):
        found = taken(book, shard)
        (piece,) = found.pieces
        ids.append(piece.operation_id)
        if piece.operation_id not in found.over:
            book.intend(found, [an_entry(piece)], NOW, 20.0)
            book.record(found, [an_entry(piece, OutcomeKind.FAILED, NOT_CARRIED_OUT)], NOW, 20.0)
        book.give_back(found, sent=True)
    assert ids[1] == begun_anew(ids[0])
    assert (len(set(ids)), ids[5], ids[6]) == (5, ids[4], ids[4])


def test_nothing_is_intended_while_a_freeze_holds(place: Room) -> None:
    (shard,) = put(place, pieces(1))
    book = place.book()
    found = taken(book, shard)
    now = datetime.now(UTC)
    place.open().set_freeze(a_run(id="f", command="freeze"), Freeze("audit", now, "ada"))
    assert refused(lambda: book.intend(found, [an_entry(found.pieces[0])], now, 20.0)) == "frozen"
    freeze = book.freeze()
    assert freeze is not None
    assert freeze.reason == "audit"


def test_the_last_shard_finishes_the_run_with_what_it_is_to_leave(place: Room) -> None:
    found = [a_piece(number) for number in range(120)]
    key = SubscriptionKey("fabrikam", "s-00000")
    kept = Bookkeeping({"limits": 1}, {"fabrikam": ("floor", "t1")}, frozenset({key}), NOW)
    shards = put(place, found, kept=kept)
    assert len(shards) > 1
    book = place.book()
    over = []
    for shard in shards:
        assert place.open().snapshot().accounts == {}
        part = taken(book, shard)
        book.record(part, [an_entry(piece, OutcomeKind.SUCCEEDED) for piece in part.pieces], NOW, 20.0)
        over.append(book.end(part, {OutcomeKind.SUCCEEDED: len(part.pieces)}, NOW))
        assert book.take(shard, "two", 20.0) is None
    assert over == [*(False for _ in shards[1:]), True]
    stored = place.open().snapshot()
    assert (stored.accounts, stored.safety, stored.last_as_of) == ({"fabrikam": ("floor", "t1")}, {"limits": 1}, NOW)
    assert stored.subscriptions[key].declared
    assert (stored.unfinished, book.open_shards()) == ({}, [])


def test_two_that_end_at_once_wait_for_each_other_and_one_finishes_the_run(
    place: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, *others = put(place, pieces(120))
    books = [place.book(), place.book()]
    parts = [taken(book, shard) for book, shard in zip(books, (first, second), strict=True)]
    for shard in others:
        books[0].end(taken(books[0], shard), {}, NOW)
    both, finish = Barrier(2), shards._finish_if_over

    def at_once(spoken: Spoken, run: int, at: datetime) -> bool:
        both.wait(10)  # a transaction that had to be begun anew would wait here alone
        return finish(spoken, run, at)

    monkeypatch.setattr(shards, "_finish_if_over", at_once)
    with ThreadPoolExecutor(2) as pool:
        over = [pool.submit(book.end, part, {}, NOW) for book, part in zip(books, parts, strict=True)]
        assert sorted(one.result() for one in over) == [False, True]
    (run,) = progress(place.open(), "run-1", 1)
    assert run.finished_at == NOW


def test_a_run_with_workers_is_not_cut_off_and_no_other_run_carries_it_on(place: Room) -> None:
    (shard,) = put(place, pieces(1))
    store = place.open()
    assert store.snapshot().unfinished == {}
    store.begin(a_run(id="run-2"))
    store.finish("run-2", NOW, Bookkeeping(as_of=NOW))
    book = place.book()
    part = taken(book, shard)
    assert book.end(part, {OutcomeKind.SKIPPED: 1}, NOW)
    newest, first = progress(store, None, 5)
    assert (newest.run, first.run, first.finished_at) == ("run-2", "run-1", NOW)


def test_planners_see_what_is_open_of_it_and_which_run_has_it(place: Room) -> None:
    (shard,) = put(place, pieces(2))
    waiting = place.open().snapshot().open_intents
    assert {str(key) for key in waiting} == {"fabrikam/s-00000", "fabrikam/s-00001"}
    assert all(intent.queued and "it waits for a worker" in intent.why for intent in waiting.values())
    book = place.book()
    found = taken(book, shard, "ada-7:12")
    book.intend(found, [an_entry(found.pieces[0])], NOW, 20.0)
    book.record(found, [an_entry(found.pieces[0], OutcomeKind.SUCCEEDED)], NOW, 20.0)
    (left,) = place.open().some((), ("fabrikam",)).open_intents.values()
    assert (str(left.key), left.run, left.queued) == ("fabrikam/s-00001", "run-1", True)
    assert "worker ada-7:12 has it" in left.why


def test_what_no_worker_has_is_taken_back(place: Room) -> None:
    shards = put(place, pieces(120), kept=Bookkeeping({"limits": 1}))
    book = place.book()
    held = taken(book, shards[0])
    assert book.withdraw("run-1", NOW) == (len(shards) - 1, 1)
    assert all(book.take(shard, "two", 20.0) is None for shard in shards[1:])
    assert book.end(held, {OutcomeKind.SKIPPED: len(held.pieces)}, NOW)
    stored = place.open().snapshot()
    assert (stored.safety, stored.open_intents, stored.unfinished) == (None, {}, {})


def test_a_shard_of_a_dead_worker_is_taken_back_and_the_dead_one_refused(place: Room) -> None:
    (shard,) = put(place, pieces(1))
    book = place.book()
    dead = taken(book, shard, lasts=0.0)
    assert book.withdraw("run-1", NOW) == (1, 0)
    assert refused(lambda: book.intend(dead, [an_entry(dead.pieces[0])], NOW, 20.0)) == "lease-lost"


def test_put_with_its_run_or_not_at_all(place: Room) -> None:
    store = place.make()
    store.begin(a_run())
    with suppress(ZeroDivisionError), store.together():
        PostgresShards(store).put("run-1", cut(pieces(3)), Bookkeeping())
        raise ZeroDivisionError
    assert PostgresShards(store).open_shards() == []
    assert store.snapshot().unfinished == {"run-1": None}


def test_progress_counts_changes_by_outcome_and_names_what_failed(place: Room) -> None:
    (shard,) = put(place, pieces(3))
    book = place.book()
    found = taken(book, shard, "w-1")
    one, two, _ = found.pieces
    book.record(found, [an_entry(one, OutcomeKind.SUCCEEDED), an_entry(two, OutcomeKind.FAILED, "no")], NOW, 20.0)
    (run,) = progress(place.open(), "run-1", 1)
    assert (run.total, run.done, dict(run.shards), run.workers) == (3, 2, {"working": 1}, ("w-1",))
    assert run.outcomes == {OutcomeKind.SUCCEEDED: 1, OutcomeKind.FAILED: 1}
    assert run.failures == ((str(two.change.key), "turn-off-recurring", "no"),)
    assert run.rate > 0
    assert progress(place.open(), "nonesuch", 1) == []
