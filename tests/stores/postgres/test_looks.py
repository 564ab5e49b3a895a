"""Refreshes in a store: put with their looks, ended under the fence, told of, and in time forgotten."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from reconciler.errors import StoreCorrupt, StoreError
from reconciler.journal import OutcomeKind
from reconciler.looks import Look, Looked, TakenLook, looked, not_looked_at
from reconciler.observed import ObservedAccount, Obstacle
from reconciler.settings import AccountSettings, OnDrift
from reconciler.shards import Ticket
from reconciler.stores.postgres.looks import KEPT, looked_of, results, taken
from reconciler.stores.postgres.progress import progress
from reconciler.stores.postgres.shards import PostgresShards
from tests.builders import NOW, a_run, a_seen
from tests.stores.postgres.places import Room, place, server

__all__ = ["place", "server"]

BEGAN, LATER = NOW + timedelta(minutes=1), NOW + timedelta(minutes=2)
WHY = Obstacle("unreachable", "no answer", "run again")


def a_look(name: str = "shop", shared: str = "", ids: frozenset[str] = frozenset({"a", "ü\0"})) -> Look:
    options = {"billing_account": "1"}
    account = AccountSettings(
        name, provider="stripe", tenant="acct_1", options=options, shared=shared, on_drift=OnDrift.HOLD
    )
    return Look(account, ids, NOW)


def put(room: Room, *looks: Look, run: str = "look-1", apart: tuple[Looked, ...] = ()) -> list[Ticket]:
    store = room.make()
    with store.together():
        return PostgresShards(store).put_looks(a_run(id=run, command="refresh"), looks, apart)[0]


def took(book: PostgresShards, ticket: Ticket, lasts: float = 20.0) -> TakenLook:
    found = book.take(ticket.shard, "w-1", lasts)
    assert isinstance(found, TakenLook)
    return found


def found_in(name: str = "shop", at: int = 2, **fields: object) -> ObservedAccount:
    return ObservedAccount(name, NOW + timedelta(minutes=at), {"a": a_seen("a", seats=at)}, **fields)  # type: ignore[arg-type]


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(StoreError) as error:
        act()
    return error.value.code


def test_what_was_put_is_what_is_taken(place: Room) -> None:
    (ticket,) = put(place, a_look())
    assert ticket.lock == "look shop"
    assert took(place.book(), ticket) == TakenLook(ticket.shard, 1, a_look())


def test_the_accounts_of_each_sign_in_take_turns(place: Room) -> None:
    looks = [a_look("a1", "a"), a_look("a2", "a"), a_look("a3", "a"), a_look("b1", "b"), a_look("c1")]
    assert [ticket.lock.split()[1] for ticket in put(place, *looks)] == ["a1", "b1", "c1", "a2", "a3"]


def test_put_with_its_looks_or_not_at_all(place: Room) -> None:
    store = place.make()
    with suppress(ZeroDivisionError), store.together():
        PostgresShards(store).put_looks(a_run(), [a_look()], ())
        raise ZeroDivisionError
    assert (place.book().open_shards(), progress(store, None, 5)) == ([], [])


def test_the_last_look_ends_the_refresh(place: Room) -> None:
    first, second = put(place, a_look("a"), a_look("b"))
    book = place.book()
    assert book.open_shards("look-1") == [first.shard, second.shard]
    book.end_look(took(book, first), found_in("a"), BEGAN)
    assert progress(place.open(), "look-1", 1)[0].finished_at is None
    book.end_look(took(book, second), found_in("b", trouble=WHY), BEGAN)
    assert (book.open_shards(), book.take(first.shard, "w-2", 20.0)) == ([], None)
    (run,) = progress(place.open(), "look-1", 1)
    assert (run.command, run.of, run.total, run.done) == ("refresh", "account", 2, 2)
    assert run.finished_at is not None
    assert run.outcomes == {OutcomeKind.SUCCEEDED: 1, OutcomeKind.FAILED: 1}
    assert run.failures == (("b", "unreachable", "no answer"),)
    reader = place.open()
    assert results(reader, "look-1") == [
        looked(a_look(n), found_in(n, trouble=t)) for n, t in (("a", None), ("b", WHY))
    ]
    assert {*reader.observations()} == {"a"}


def test_one_that_was_never_to_be_asked_is_told_with_the_others(place: Room) -> None:
    wrong = not_looked_at(a_look("a"), WHY, NOW)
    (ticket,) = put(place, a_look("b"), apart=(wrong,))
    (run,) = progress(place.open(), "look-1", 1)
    assert (run.total, run.done, dict(run.shards)) == (2, 1, {"done": 1, "waiting": 1})
    book = place.book()
    book.end_look(took(book, ticket), found_in("b"), BEGAN)
    assert results(place.open(), "look-1")[0] == wrong


def test_whoever_lost_a_look_keeps_nothing_of_it(place: Room) -> None:
    (ticket,) = put(place, a_look())
    slow, quick = place.book(), place.book()
    first = took(slow, ticket, lasts=0.0)
    second = took(quick, ticket)
    assert second.fence == first.fence + 1
    assert refused(lambda: slow.end_look(first, found_in(at=9), BEGAN)) == "lease-lost"
    quick.end_look(second, found_in(), BEGAN)
    assert refused(lambda: slow.end_look(first, found_in(at=9), BEGAN)) == "lease-lost"
    assert refused(lambda: quick.end_look(second, found_in(at=9), BEGAN)) == "lease-lost"
    assert place.open().observations()["shop"].at == LATER


def test_a_look_that_comes_after_a_newer_one_leaves_that(place: Room) -> None:
    (ticket,) = put(place, a_look())
    book = place.book()
    late = took(book, ticket)
    newer = found_in(at=3)
    place.open().keep_observations([newer])
    book.end_look(late, found_in(at=2), BEGAN)
    kept = place.open().observations()["shop"]
    assert (kept.at, dict(kept.subscriptions)) == (newer.at, dict(newer.subscriptions))


def test_nothing_is_kept_of_an_account_that_is_another_by_now(place: Room) -> None:
    (ticket,) = put(place, a_look())
    book = place.book()
    place.session().connection().execute(b"INSERT INTO reconcile.accounts VALUES ('shop', 'microsoft', 't')")
    book.end_look(took(book, ticket), found_in(), BEGAN)
    (said,) = results(place.open(), "look-1")
    assert said.unread is not None
    assert (said.unread.code, said.seen, place.open().observations()) == ("wrong-account", 0, {})


def test_a_look_given_back_waits_for_another_worker(place: Room) -> None:
    (ticket,) = put(place, a_look())
    book = place.book()
    first = took(book, ticket)
    assert isinstance(place.book().take(ticket.shard, "w-2", 20.0), float)
    assert book.beat({ticket.shard: first.fence}, 20.0) == {ticket.shard}
    book.give_back(first, sent=False)
    assert took(place.book(), ticket).fence == first.fence + 1


def test_what_no_worker_has_is_taken_back(place: Room) -> None:
    tickets = put(place, a_look("a"), a_look("b"))
    book = place.book()
    held = took(book, tickets[0])
    assert book.withdraw("look-1", NOW) == (1, 1)
    assert book.take(tickets[1].shard, "w-2", 20.0) is None
    book.end_look(held, found_in("a"), BEGAN)
    (run,) = progress(place.open(), "look-1", 1)
    assert (dict(run.shards), run.under_way) == ({"done": 1, "withdrawn": 1}, False)


def test_a_later_refresh_takes_over_what_no_worker_has(place: Room) -> None:
    waiting, held = put(place, a_look("a"), a_look("b"))
    book = place.book()
    slow = took(book, held)
    asked = [a_look("c"), a_look("b"), a_look("a", ids=frozenset({"new"}))]
    tickets = put(place, *asked, run="look-2")
    assert [ticket.lock for ticket in tickets] == ["look c", "look b", "look a"]
    assert tickets[2].shard == waiting.shard  # where it was in the queue: it is not put off
    assert held.shard not in {ticket.shard for ticket in tickets}
    assert took(book, tickets[2]).look == asked[2]
    book.end_look(slow, found_in("b"), BEGAN)
    first, second = (progress(place.open(), f"look-{number}", 1)[0] for number in (1, 2))
    assert (dict(first.shards), first.under_way, first.total) == ({"done": 1, "withdrawn": 1}, False, 2)
    assert (dict(second.shards), second.total) == ({"waiting": 2, "working": 1}, 3)


def test_however_many_looks_at_an_account_wait_one_is_left(place: Room) -> None:
    (first,) = put(place, a_look())
    book = place.book()
    held = took(book, first)
    (second,) = put(place, a_look(), run="look-2")
    book.give_back(held, sent=False)
    assert book.open_shards() == [first.shard, second.shard]
    store = place.make()
    with store.together():
        (third,), left = PostgresShards(store).put_looks(a_run(id="look-3", command="refresh"), [a_look()], ())
    assert (third, left) == (first, {"look-1": 1, "look-2": 1})
    assert book.open_shards() == book.open_shards("look-3") == [first.shard]
    assert (book.take(second.shard, "w", 20.0), took(book, third).fence) == (None, held.fence + 2)


def test_planners_see_nothing_of_it(place: Room) -> None:
    (ticket,) = put(place, a_look())
    took(place.book(), ticket)
    stored = place.open().snapshot()
    assert (stored.open_intents, stored.unfinished, stored.last_run) == ({}, {}, None)


def test_of_those_that_are_over_the_newest_are_remembered(place: Room) -> None:
    (open_one,) = put(place, a_look(), run="look-0")
    book = place.book()
    for number in range(1, KEPT + 4):
        (ticket,) = put(place, a_look(str(number)), run=f"look-{number}")
        book.end_look(took(book, ticket), found_in(str(number)), BEGAN)
    found = {run.run for run in progress(place.open(), None, 100)}
    assert found == {"look-0", *(f"look-{number}" for number in range(3, KEPT + 4))}
    assert book.open_shards() == [open_one.shard]


@pytest.mark.parametrize(
    "said", [Looked("shop", "stripe", NOW), looked(a_look(), found_in(broken_off=WHY, complete=False))]
)
def test_what_is_said_of_an_account_is_read_back(place: Room, said: Looked) -> None:
    put(place, a_look("b"), apart=(said,))
    assert results(place.open(), "look-1") == [said]


def test_what_cannot_be_said_hides_nothing_else(place: Room) -> None:
    odd = {"\ud800": WHY, "b": Obstacle("unreadable", "\ud800"), "c": WHY}
    put(place, a_look("b"), apart=(looked(a_look(), found_in(unreadable=odd)),))
    (said,) = results(place.open(), "look-1")
    assert (sorted(said.unreadable), said.unreadable["c"]) == (["b", "c"], WHY)


def test_a_damaged_look_is_named(place: Room) -> None:
    (ticket,) = put(place, a_look())
    place.session().connection().execute(b"UPDATE reconcile.shards SET changes = '{}'")
    with pytest.raises(StoreCorrupt, match="a shard cannot be read"):
        place.book().take(ticket.shard, "w-1", 20.0)
    with pytest.raises(ValueError, match="cannot be read"):
        taken(1, 1, "[]")
    with pytest.raises(ValueError, match="cannot be read"):
        looked_of("{}")
