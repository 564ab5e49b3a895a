"""How a plan is cut for workers."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from reconciler.changes import Kind
from reconciler.journal import OutcomeKind
from reconciler.settings import AccountSettings
from reconciler.shards import LARGEST, SMALLEST, Piece, Progress, begun_anew, cut
from tests.builders import NOW, a_change, a_stored


def a_piece(number: int, account: str = "fabrikam", kind: Kind = Kind.TURN_OFF, shared: str = "") -> Piece:
    key = f"{account}/s-{number}"
    change = a_change(kind, key, external_id=f"id-{number}")
    where = AccountSettings(account, provider="vendor", shared=shared)
    return Piece(where, change, f"{number:032x}", a_stored(key, id=f"id-{number}"))


@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["fabrikam", "litware"])), max_size=200),
)
def test_all_changes_of_a_subscription_are_in_one_shard_and_in_order(given_: list[tuple[int, str]]) -> None:
    pieces = [a_piece(number, account) for number, account in given_]
    shards = cut(pieces)
    where: dict[str, set[int]] = defaultdict(set)
    for shard in shards:
        for piece in shard.pieces:
            where[piece.subject].add(shard.number)
            assert piece.account.group == shard.group
    assert all(len(found) == 1 for found in where.values())
    for subject in where:
        wanted = [id(piece) for piece in pieces if piece.subject == subject]
        assert [id(piece) for shard in shards for piece in shard.pieces if piece.subject == subject] == wanted
    assert sum(len(shard.pieces) for shard in shards) == len(pieces)
    assert [shard.number for shard in shards] == list(range(len(shards)))


def test_a_large_plan_has_shards_of_fifty_to_two_hundred_changes() -> None:
    for count in (50, 199, 1000, 20_000):
        sizes = [len(shard.pieces) for shard in cut([a_piece(number) for number in range(count)])]
        assert min(sizes) >= SMALLEST * 0.4
        assert max(sizes) <= LARGEST * 1.4
        assert SMALLEST <= sum(sizes) / len(sizes) <= LARGEST * 1.05


def test_the_same_plan_is_cut_in_the_same_way() -> None:
    pieces = [a_piece(number) for number in range(300)]
    assert cut(pieces) == cut(list(pieces))


def test_accounts_that_share_a_sign_in_share_shards() -> None:
    (shard,) = cut([a_piece(1, "one", shared="main"), a_piece(2, "two", shared="main")])
    assert shard.group == "main"
    assert len(cut([a_piece(1, "one"), a_piece(2, "two")])) == 2


def test_sign_ins_take_turns_so_that_workers_do_not_all_wait_for_one() -> None:
    pieces = [a_piece(number, account) for account in ("one", "two") for number in range(400)]
    groups = [shard.group for shard in cut(pieces)]
    assert len(groups) > 3
    assert groups[0] != groups[1] != groups[2]
    assert [shard.number for shard in cut(pieces)] == list(range(len(groups)))


def test_nothing_is_cut_into_nothing() -> None:
    assert cut([]) == []


def test_another_attempt_has_another_id_that_is_always_the_same() -> None:
    first = f"{7:08x}{1:024x}"
    again = begun_anew(first)
    assert (len(again), again[:8], again != first, again) == (32, first[:8], True, begun_anew(first))
    assert begun_anew(again) not in (first, again)


def test_the_time_left_is_told_by_the_rate_so_far() -> None:
    run = Progress("r", "apply", "ada", NOW, None, 30, {"working": 1}, 30, {OutcomeKind.SUCCEEDED: 10}, ("w",), 4.0)
    assert (run.done, run.under_way, run.seconds_left) == (10, True, 5.0)
    over = Progress("r", "apply", "ada", NOW, NOW, 30, {"done": 1}, 30, {OutcomeKind.SUCCEEDED: 30}, (), 4.0)
    assert (over.under_way, over.seconds_left) == (False, None)
