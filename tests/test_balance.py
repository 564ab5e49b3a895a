"""A balance: moved on by what was edited it is the one that would be weighed anew; as bytes it says the same."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.balance import Balance
from reconciler.model import Facts, Money, StoredSubscription, SubscriptionKey, TermLength
from reconciler.renewals import Renewer
from reconciler.sift import Sieve
from reconciler.spec.sketch import Sketch
from tests.builders import NOW, a_desired, a_key, a_stored
from tests.estates import LINEAGE, a_rulebook
from tests.sketches import HORIZON, a_count, a_sketch, lines_of

BOOK = a_rulebook("contoso")
RENEWER = Renewer(NOW, HORIZON, BOOK)
Files = dict[str, Sketch]
DAY = timedelta(days=1)
SOON = Facts("CFQ7TTC0HD32", TermLength.ANNUAL, None, date(2025, 11, 28))
"""Of what renews five days from now."""


def a_soon(key: str, **fields: Any) -> StoredSubscription:
    """A record with these facts."""
    return a_stored(key, start=SOON.start, **fields)


def weighed(files: Files, *rows: StoredSubscription) -> Balance:
    """A balance made of everything."""
    made = Balance(LINEAGE, 7, NOW, None)
    sieve = Sieve(files, {})
    found = sieve.sift(lines_of(*rows))
    for file, sketch in files.items():
        made.count(sketch, 1)
        if sketch.odd:
            made.odd[file] = list(sketch.odd)
    made.left, made.moved, made.rows = sieve.left(), found.moved, found.rows
    made.settled += found.settled
    for file in files:
        items = [RENEWER.renewal(item.line, item.end) for item in found.renewing if item.file == file]
        made.renewing.add(file, [item for item in items if item is not None])
    return made


def moved_on(balance: Balance, before: Files, now: Files) -> Balance:
    """The same balance, told of every file that says something else."""
    for file in {*before, *now}:
        old, new = before.get(file), now.get(file)
        if old != new:
            balance.move(file, old, new, there=file in now)
    return balance


def looked_at(balance: Balance) -> tuple[set[SubscriptionKey], set[tuple[str, str]]]:
    """The records and the declarations that a plan looks at."""
    records = {*balance.rows, *(match.key for match in balance.moved)}
    names = {(file, name) for found in (balance.left, balance.odd) for file in found for name in found[file]}
    return records, names | {(match.file, match.key.name) for match in balance.moved}


def due_in(balance: Balance) -> dict[str, list[str]]:
    """By file, whose renewals are counted."""
    return {file: sorted(item[1] for item in balance.renewing.items(file)) for file in balance.renewing.files}


class TestMovingOn:
    FILES: Files = {  # noqa: RUF012 - a table
        "a.yaml": a_sketch("contoso/a", "contoso/b", rules=[a_count(0, SPB=2)]),
        "b.yaml": a_sketch("contoso/c", odd=("odd",), rules=[a_count(0, SPB=1), a_count(1, VISIO=1)]),
    }
    ROWS = (a_stored("contoso/a"), a_stored("contoso/b"), a_stored("contoso/c"), a_stored("contoso/nobody"))

    def moved(self, **now: Sketch | None) -> Balance:
        """The balance after these files changed; None: it is gone."""
        after = {**self.FILES, **{f"{name}.yaml": sketch for name, sketch in now.items()}}
        return moved_on(
            weighed(self.FILES, *self.ROWS),
            self.FILES,
            {file: item for file, item in after.items() if item is not None},
        )

    def test_nothing_changes_where_nothing_was_edited(self) -> None:
        assert moved_on(weighed(self.FILES, *self.ROWS), self.FILES, self.FILES) == weighed(self.FILES, *self.ROWS)

    def test_only_what_a_file_says_anew_is_looked_at(self) -> None:
        found = self.moved(a=a_sketch("contoso/a", a_desired("contoso/b", owner="ada"), rules=[a_count(0, SPB=2)]))
        assert found.left == {"a.yaml": ["b"]}
        assert found.rows == [a_key("contoso/nobody"), a_key("contoso/b")]
        assert +found.settled == {"contoso": 2}

    def test_a_file_that_is_gone_leaves_its_records_to_be_looked_at(self) -> None:
        found = self.moved(b=None)
        assert found.rows == [a_key("contoso/nobody"), a_key("contoso/c")]
        assert (found.left, found.odd, +found.settled) == ({}, {}, {"contoso": 2})
        assert list(found.rules) == [("specs/_defaults.yaml", 0)]

    def test_a_new_file_is_looked_at_whole(self) -> None:
        found = self.moved(new=a_sketch("contoso/x", "contoso/y", odd=("z",)))
        assert (found.left, found.odd) == ({"new.yaml": ["x", "y"]}, {"b.yaml": ["odd"], "new.yaml": ["z"]})

    def test_a_file_without_a_sketch_is_to_be_read_in_full(self) -> None:
        found = weighed(self.FILES, *self.ROWS)
        found.move("odd.yaml", None, None)
        assert found.full == ["odd.yaml"]
        assert found.left == {}

    def test_counts_of_rules_follow_and_what_matches_nothing_is_no_count(self) -> None:
        found = self.moved(a=a_sketch("contoso/a", rules=[a_count(0, SPB=1)]), b=a_sketch("contoso/c"))
        assert {place: dict(+counts) for place, (counts, _) in found.rules.items()} == {
            ("specs/_defaults.yaml", 0): {"SPB": 1}
        }

    def test_what_time_may_have_moved_is_told_of_once(self) -> None:
        rows = (a_stored("contoso/a", extended=True), *self.ROWS[1:])
        found = weighed(self.FILES, *rows)
        assert [match.key.name for match in found.moved] == ["a"]
        moved_on(found, self.FILES, {"b.yaml": self.FILES["b.yaml"]})
        assert found.moved == []
        assert sorted(key.name for key in found.rows) == ["a", "b", "nobody"]
        assert +found.settled == {"contoso": 1}

    def test_what_was_left_before_is_no_record(self) -> None:
        files = {"a.yaml": a_sketch("contoso/new", "contoso/a")}
        found = moved_on(weighed(files, *self.ROWS[:1]), files, {})
        assert (found.rows, +found.settled, found.left) == ([a_key("contoso/a")], {}, {})

    def test_what_moves_to_another_file_is_looked_at_in_both(self) -> None:
        found = self.moved(a=a_sketch("contoso/a"), b=a_sketch("contoso/c", "contoso/b", odd=("odd",)))
        assert found.left == {"b.yaml": ["b"]}
        assert a_key("contoso/b") in found.rows

    def test_a_renewal_goes_with_its_declaration(self) -> None:
        wanted = [a_desired(key, facts=SOON) for key in ("contoso/a", "contoso/b")]
        files = {"a.yaml": a_sketch(*wanted)}
        before = weighed(files, *(a_soon(str(item.key)) for item in wanted))
        assert due_in(before) == {"a.yaml": ["a", "b"]}
        found = moved_on(before, files, {"a.yaml": a_sketch(wanted[1])})
        assert due_in(found) == {"a.yaml": ["b"]}
        assert found.renewing.unknown == 1


OWNERS = (None, "ada", "bob")
estates = st.dictionaries(
    st.integers(0, 9), st.tuples(st.sampled_from(["a.yaml", "b.yaml", "c.yaml"]), st.sampled_from(OWNERS)), max_size=10
)


def files_of(estate: dict[int, tuple[str, str | None]]) -> Files:
    """Each subscription in its file, with its owner; every third is odd."""
    files: Files = {}
    for file in sorted({file for file, _ in estate.values()}):
        here = {number: owner for number, (other, owner) in sorted(estate.items()) if other == file}
        files[file] = a_sketch(
            *(a_desired(f"contoso/s{number}", owner=owner) for number, owner in here.items() if number % 3),
            odd=[f"s{number}" for number in here if not number % 3],
            rules=[a_count(0, **{f"P{len(here)}": len(here)})],
        )
    return files


@given(
    before=estates,
    edits=st.lists(estates, min_size=1, max_size=3),
    stored=st.dictionaries(st.integers(0, 9), st.sampled_from(OWNERS)),
)
def test_moved_on_it_looks_at_no_less_than_one_weighed_anew(
    before: dict[int, Any], edits: list[dict[int, Any]], stored: dict[int, str | None]
) -> None:
    rows = [a_stored(f"contoso/s{number}", owner=owner, extended=number == 4) for number, owner in stored.items()]
    files = files_of(before)
    balance = weighed(files, *rows)
    for edit in edits:
        after = files_of(edit)
        balance = Balance.unpacked(moved_on(balance, files, after).packed())
        files = after
    anew = weighed(files, *rows)
    records, names = looked_at(balance)
    assert records >= looked_at(anew)[0]
    assert names >= looked_at(anew)[1]
    assert len(records) == len(balance.rows) + len(balance.moved)
    assert balance.settled.total() + len(records) == len(rows)
    assert balance.odd == anew.odd
    assert {place: +counts for place, (counts, _) in balance.rules.items()} == {
        place: +counts for place, (counts, _) in anew.rules.items()
    }


class TestHolding:
    BALANCE = Balance(LINEAGE, 7, NOW, NOW + DAY)

    @pytest.mark.parametrize(
        ("branch", "serial", "at", "holds"),
        [
            (LINEAGE, 7, NOW, True),
            (LINEAGE, 7, NOW + DAY - timedelta(microseconds=1), True),
            (LINEAGE, 7, NOW + DAY, False),
            (LINEAGE, 7, NOW - timedelta(microseconds=1), False),
            (LINEAGE, 8, NOW, False),
            (LINEAGE, 6, NOW, False),
            ("another", 7, NOW, False),
            ("", 7, NOW, False),
        ],
        ids=str,
    )
    def test_it_stands_for_one_state_until_time_moves_something(
        self, branch: str, serial: int, at: Any, holds: bool
    ) -> None:
        assert self.BALANCE.holds(branch, serial, at) is holds

    def test_where_time_moves_nothing_it_stands_for_good(self) -> None:
        assert Balance(LINEAGE, 7, NOW, None).holds(LINEAGE, 7, NOW + 9999 * DAY)


def a_full() -> Balance:
    """A balance with something in each of its parts."""
    wanted = a_desired("contoso/a", facts=SOON)
    files = {"a.yaml": a_sketch(wanted, "contoso/new", odd=("odd",), rules=[a_count(3, SPB=2)])}
    rows = [a_soon("contoso/a", seats=10**6, price=Money(10**9, "EUR")), a_stored("contoso/nobody")]
    found = weighed(files, *rows)
    found.move("full.yaml", None, None)
    found.until = NOW + DAY
    moved = weighed(
        {"m.yaml": a_sketch(a_desired("contoso/m", id="7f3a"))}, a_stored("contoso/m", id="7f3a", extended=True)
    )
    found.moved += moved.moved
    return found


def test_as_bytes_it_says_the_same() -> None:
    found = a_full()
    assert all([found.settled, found.renewing.files, found.moved, found.rows, found.left, found.odd, found.rules])
    again = Balance.unpacked(found.packed())
    assert again == found
    assert again.moved[0].asked == found.moved[0].asked
    assert again.packed() == found.packed()


def test_a_sum_of_more_than_64_bits_is_kept() -> None:
    found = a_full()
    (item,) = found.renewing.items("a.yaml")
    found.renewing.more("a.yaml", [[item[0], f"s{number}", *item[2:]] for number in range(20_000)])
    assert found.renewing.sums["EUR"] > 1 << 64
    assert Balance.unpacked(found.packed()) == found


def framed(head: bytes) -> bytes:
    """These bytes as the head of a balance."""
    return b"%08x" % len(head) + head


KNOWN: dict[str, Any] = orjson.loads(Balance(LINEAGE, 7, NOW, None).packed()[8:])
ODD: tuple[tuple[str, Any], ...] = (
    ("head", []), ("head", None), ("head", ["x", 7, 5, None]), ("head", ["x", 7, "yesterday", None]),
    ("head", ["x", 7, "2026-11-23T12:00:00Z", 5]), ("settled", 5), ("renewing", 5), ("renewing", [1, 2, 3]),
    ("renewing", [{}, {}, [], {}, 0]), ("renewing", [{}, {}, {"EUR": "many"}, {}, 0]), ("moved", 5), ("moved", [[]]),
    ("moved", [["a", "b", "c", [1]]]), ("moved", [["a", "b", "c", None]]), ("rows", [["a"]]), ("rows", None),
    ("rules", [[]]), ("rules", [["a", 0, 5, "x"]]), ("rules", {"a": 1}),
)  # fmt: skip
HOSTILE = {
    "nothing": b"",
    "no length": b"{}",
    **{repr(data): framed(data) for data in (b"", b"\xff\xfe", b"[]", b"{}", b"null", b"7", b'"head"', b"[" * 5000)},
    **{f"without {one}": framed(orjson.dumps({name: KNOWN[name] for name in KNOWN if name != one})) for one in KNOWN},
    **{f"{name}: {odd}": framed(orjson.dumps(KNOWN | {name: odd})) for name, odd in ODD},
    "more than it has renewals": framed(orjson.dumps(KNOWN)) + b"x",
    "renewals of no length": framed(orjson.dumps(KNOWN | {"renewing": [{"a": 0}, {}, {}, {}, 0]})),
}


@pytest.mark.parametrize("data", [pytest.param(data, id=name[:50]) for name, data in HOSTILE.items()])
def test_what_is_no_balance_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of orjson, of a date, or ours
        Balance.unpacked(data)


def test_half_a_balance_is_refused_wherever_it_was_cut() -> None:
    whole = a_full().packed()
    for end in range(0, len(whole), 7):
        with pytest.raises(ValueError):  # noqa: PT011 - as above
            Balance.unpacked(whole[:end])


def test_what_two_sketches_say_alike_stays_by_gist_and_way_of_asking() -> None:
    before, now = a_sketch("contoso/a", "contoso/b"), a_sketch("contoso/b", a_desired("contoso/a", owner="ada"))
    found = Balance(LINEAGE, 7, NOW, None)
    found.move("a.yaml", before, now)
    assert (found.rows, found.left) == ([a_key("contoso/a")], {"a.yaml": ["a"]})
    found.move("a.yaml", now, now._replace(asked=tuple(asked._replace(own=True) for asked in now.asked)))
    assert found.left == {"a.yaml": ["b", "a"]}
