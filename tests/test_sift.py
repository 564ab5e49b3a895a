"""What a plan must look at: records against gists, and what is left of either."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.gist import ID, digest, line_of
from reconciler.model import Cancel, Money, Recurring, Status, StoredSubscription, Term
from reconciler.sift import MOVED, SIZE, Sieve, key_of
from tests.builders import NOW, a_desired, a_key, a_stored
from tests.fakes import MemoryStore
from tests.sketches import HORIZON, a_sketch, lines_of, sifted

SOON = Term(NOW - timedelta(days=360), NOW + timedelta(days=5))


def test_a_record_that_is_as_it_is_asked_for_is_settled() -> None:
    found = sifted(a_sketch("contoso/a", "contoso/b"), a_stored("contoso/a"), a_stored("contoso/b"))
    assert found.settled == {"contoso": 2}
    assert (found.moved, found.renewing, found.rows) == ([], [], [])


def test_a_record_that_is_not_is_looked_at_and_so_is_what_declares_it() -> None:
    sketch = a_sketch(a_desired("contoso/a", owner="ada"), "contoso/b")
    sieve = Sieve({"a.yaml": sketch}, {})
    found = sieve.sift(lines_of(a_stored("contoso/a", owner="bob"), a_stored("contoso/b")))
    assert (found.rows, found.settled) == ([a_key("contoso/a")], {"contoso": 1})
    assert sieve.left() == {"a.yaml": ["a"]}


def test_a_record_that_nobody_declares_and_a_declaration_without_a_record_are_both_left() -> None:
    sketch = a_sketch("contoso/new")
    sieve = Sieve({"a.yaml": sketch}, {})
    assert sieve.sift(lines_of(a_stored("contoso/old"))).rows == [a_key("contoso/old")]
    assert sieve.left() == {"a.yaml": ["new"]}


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"status": Status.EXPIRED}, id="it has ended"),
        pytest.param({"extended": True}, id="it is in a paid extension"),
        pytest.param({"cancellation": Cancel.IMMEDIATELY}, id="it was cancelled at once"),
        pytest.param({"term": Term(NOW - timedelta(days=365), NOW)}, id="its term is over"),
    ],
)
def test_what_time_may_have_moved_is_looked_at_though_it_matches(fields: dict[str, Any]) -> None:
    found = sifted(a_sketch("contoso/a"), a_stored("contoso/a", **fields))
    assert [(match.key, match.file) for match in found.moved] == [(a_key("contoso/a"), "a.yaml")]
    assert (found.settled, found.rows) == ({}, [])


def test_a_settled_record_that_renews_soon_is_told_with_its_end() -> None:
    (item,) = sifted(a_sketch("contoso/a"), row := a_stored("contoso/a", term=SOON)).renewing
    assert (item.file, item.line, item.end) == ("a.yaml", line_of(row), SOON.end.isoformat())


def test_what_asks_in_a_certain_way_is_looked_at_in_the_accounts_that_are_named() -> None:
    wanted = a_desired("contoso/a", recurring=Recurring.OFF)
    sketch = a_sketch(wanted)
    row = a_stored("contoso/a", recurring=Recurring.OFF, declared=True)
    for account, looked_at in [("contoso", True), ("fabrikam", False)]:
        found = Sieve({"a.yaml": sketch}, {account: frozenset(sketch.asked)}).sift(lines_of(row))
        assert (bool(found.moved), found.settled["contoso"]) == (looked_at, int(not looked_at))


def test_the_same_name_in_two_accounts_is_two_subscriptions() -> None:
    sketches = {"a.yaml": a_sketch("contoso/a"), "b.yaml": a_sketch("fabrikam/a", account="fabrikam")}
    sieve = Sieve(sketches, {})
    assert not sieve.doubled
    assert sieve.sift(lines_of(a_stored("fabrikam/a"))).settled == {"fabrikam": 1}
    assert sieve.left() == {"a.yaml": ["a"]}


def test_what_is_declared_twice_is_told_apart_from_what_is_not() -> None:
    assert Sieve({"a.yaml": a_sketch("contoso/a"), "b.yaml": a_sketch("contoso/a")}, {}).doubled
    assert not Sieve({"a.yaml": a_sketch("contoso/a"), "b.yaml": a_sketch("contoso/b")}, {}).doubled


def test_whether_some_subscription_says_its_id_is_known() -> None:
    assert not Sieve({"a.yaml": a_sketch("contoso/a")}, {}).ids
    sieve = Sieve({"a.yaml": a_sketch(a_desired("contoso/a", id="7f3a"))}, {})
    assert sieve.ids
    assert sieve.sift(lines_of(a_stored("contoso/a", id="7f3b"))).rows


def test_a_key_that_is_hashed_as_another_is_known_by_its_gist() -> None:
    asked = a_sketch("contoso/a").asked
    assert asked[0].unsaid & ID
    wrong = a_sketch("contoso/a")._replace(gists=digest("another line"))
    assert sifted(wrong, a_stored("contoso/a")).rows == [a_key("contoso/a")]


def spoken(sieve: Sieve, *names: str) -> list[tuple[str, str]]:
    """The lines of these records, in this order, as the sieve asks for them."""
    stores = [MemoryStore({a_key(name): a_stored(name)}) for name in names]
    return [line for store in stores for line in store.lines(["contoso"], NOW, HORIZON, (None, None), sieve.silence)]


@pytest.mark.parametrize(("near", "strays"), [(0, 0), (0, 3), (32, 0), (32, 2), (1024, 20)])
@pytest.mark.parametrize("seed", range(4))
def test_records_are_found_in_whatever_order_they_come(
    near: int, strays: int, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.sift._NEAR", near)
    monkeypatch.setattr("reconciler.sift._STRAYS", strays)
    random = Random(seed)
    names = [f"contoso/s{number:02d}" for number in range(24)]
    declared, stored = random.sample(names, 18), random.sample(names, 18)
    sieve = Sieve({"a.yaml": a_sketch(*declared[:7]), "b.yaml": a_sketch(*declared[7:])}, {})
    found = sieve.sift(spoken(sieve, *stored))
    assert found.settled == {"contoso": len({*declared} & {*stored})}
    assert sorted(map(str, found.rows)) == sorted({*stored} - {*declared})
    left = sieve.left()
    assert sorted(f"contoso/{name}" for file in left.values() for name in file) == sorted({*declared} - {*stored})


@pytest.mark.parametrize("near", [0, 1024])
def test_the_end_of_one_gist_and_the_beginning_of_the_next_are_none(near: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.sift._NEAR", near)
    gist = a_sketch("contoso/x").gists
    between = b"." * 8 + gist + b"." * 8
    for gists, rows in [(between, 1), (between + gist, 0)]:
        names = [f"contoso/s{number}" for number in range(len(gists) // SIZE)]
        sieve = Sieve({"a.yaml": a_sketch(*names)._replace(gists=gists)}, {})
        assert len(sieve.sift(spoken(sieve, "contoso/x")).rows) == rows


def test_a_file_without_a_plain_subscription_hides_no_other() -> None:
    sketches = {"a.yaml": a_sketch(odd=("odd",)), "b.yaml": a_sketch("contoso/b")}
    sieve = Sieve(sketches, {})
    assert (len(sieve), sieve.left()) == (1, {"b.yaml": ["b"]})


@given(st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)), st.data())
def test_several_that_share_the_records_find_what_one_finds(
    declared: set[int], stored: set[int], other: set[int], data: st.DataObject
) -> None:
    halves: list[list[StoredSubscription]] = [[], []]
    for number in sorted(stored):
        row = a_stored(f"contoso/s{number}", owner="bob" if number in other else None)
        halves[data.draw(st.integers(0, 1))].append(row)
    wanted = [a_desired(f"contoso/s{number}", owner="bob" if number % 3 else None) for number in sorted(declared)]
    sketches = {"a.yaml": a_sketch(*wanted[::2]), "b.yaml": a_sketch(*wanted[1::2])}
    alone, together = Sieve(sketches, {}), Sieve(sketches, {})
    whole = alone.sift(lines_of(*halves[0], *halves[1]))
    parts = [Sieve(sketches, {}).sift(lines_of(*half)) for half in halves]
    for part in parts:
        together.remove(part.matched)
    assert sorted(parts[0].rows + parts[1].rows) == sorted(whole.rows)
    assert parts[0].settled + parts[1].settled == whole.settled
    assert together.left() == alone.left()


def test_lines_that_hold_no_key_of_ours_are_records_nobody_declares() -> None:
    found = Sieve({"a.yaml": a_sketch("contoso/a")}, {}).sift([(MOVED, "fabrikam/x\x1fSPB"), ("", "odd")])
    assert [str(key) for key in found.rows] == ["fabrikam/x", "odd/"]


@pytest.mark.parametrize("text", ["contoso/a", "contoso/a/b", "contoso/"])
def test_a_key_is_read_back_from_its_text(text: str) -> None:
    assert str(key_of(text)) == text
    assert key_of(text).account == "contoso"


def test_the_same_declared_in_two_ways_is_told_once_records_were_compared() -> None:
    files = {
        "a.yaml": a_sketch("contoso/a", "contoso/b"),
        "b.yaml": a_sketch(a_desired("contoso/a", owner="ada"), "contoso/c"),
        "c.yaml": a_sketch(a_desired("fabrikam/a", owner="ada"), account="fabrikam"),
    }
    for rows in ([], [a_stored("contoso/a")], [a_stored("contoso/a", owner="ada")], [a_stored("contoso/c")]):
        sieve = Sieve(files, {})
        sieve.sift(lines_of(*rows))
        assert sieve.doubled
    alike = Sieve({"a.yaml": files["a.yaml"], "c.yaml": files["c.yaml"]}, {})
    alike.sift(lines_of(a_stored("contoso/b")))
    assert not alike.doubled


@pytest.mark.parametrize("together", [1, 2, 20_000])
def test_a_record_that_says_what_the_specs_leave_unsaid_matches(together: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.sift._TOGETHER", together)
    said = a_desired("contoso/said", id="7f3a", owner="ada", labels={"team": "sales"}, recurring=Recurring.ON)
    sketch = a_sketch(said, a_desired("contoso/unsaid"), a_desired("contoso/off", recurring=Recurring.OFF))
    rows = [
        a_stored("contoso/said", id="7f3a", owner="ada", labels={"team": "sales"}, declared=True),
        a_stored("contoso/unsaid", id="7f3b", owner="bob", labels={"a": "b"}, seats=9, price=Money(3, "EUR")),
        a_stored("contoso/off", recurring=Recurring.OFF, declared=True, protected=True, last_charge=Money(3, "EUR")),
    ]
    sieve = Sieve({"a.yaml": sketch, "b.yaml": a_sketch("fabrikam/x", account="fabrikam")}, {})
    found = MemoryStore({row.key: row for row in rows}).lines(["contoso"], NOW, HORIZON, (None, None), sieve.silence)
    assert sieve.sift(found).settled == {"contoso": 3}
    changed = [replace(rows[0], id="7f3c"), replace(rows[1], product="VISIO"), replace(rows[2], declared=False)]
    for row in changed:
        sieve = Sieve({"a.yaml": sketch}, {})
        lines = MemoryStore({row.key: row}).lines(["contoso"], NOW, HORIZON, (None, None), sieve.silence)
        assert sieve.sift(lines).rows == [row.key]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=9))
def test_the_middle_is_one_of_what_is_declared(counts: list[int]) -> None:
    names = [[f"contoso/s-{at:02}-{number}" for number in range(count)] for at, count in enumerate(counts)]
    every = sorted(name for file in names for name in file)
    sieve = Sieve({f"{at}.yaml": a_sketch(*file) for at, file in enumerate(names)}, {})
    assert str(sieve.middle) == every[len(every) // 2]
