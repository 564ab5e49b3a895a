"""Records compared by one process or by several: what comes of it is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler import comparing
from reconciler.comparing import Compared, Comparing, Share
from reconciler.gist import Asked
from reconciler.model import StoredSubscription, Term
from reconciler.progress import Untold
from reconciler.renewals import Renewals
from reconciler.sift import Match, Sieve
from tests.builders import NOW, a_desired, a_key, a_stored
from tests.estates import a_rulebook
from tests.fakes import MemoryStore
from tests.sketches import a_sketch

BOOK = a_rulebook("contoso")
END = NOW + timedelta(days=5)
ROWS = (
    a_stored("contoso/a", id="1"),
    a_stored("contoso/b", owner="somebody"),
    a_stored("contoso/c", term=Term(NOW - timedelta(days=300), END)),
    a_stored("contoso/d", term=Term(NOW - timedelta(days=300), NOW)),
    a_stored("contoso/gone"),
)
FILES = {
    "a.yaml": a_sketch(a_desired("contoso/a", id="1"), a_desired("contoso/b", owner="ada")),
    "b.yaml": a_sketch("contoso/c", "contoso/d", "contoso/new"),
}


def one_after_the_other(tasks: Sequence[Callable[[], Iterable[bytes]]]) -> Iterator[tuple[int, bytes | None]]:
    """Every task, the last one first, by this process."""
    for number, task in reversed([*enumerate(tasks)]):
        for message in task():
            yield number, message
        yield number, None


def compared(store: MemoryStore, share: comparing.Shares | None) -> tuple[Sieve, Compared | None]:
    """What comes of comparing these files with a store."""
    sieve = Sieve(FILES, {})
    return sieve, Comparing(sieve, ["contoso"], BOOK, NOW, Untold()).run(store, share)


def a_store(*rows: StoredSubscription) -> MemoryStore:
    return MemoryStore({row.key: row for row in rows})


def test_several_find_what_one_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "_ALONE", 0)
    for rows in (ROWS, ROWS[1:], ROWS[:2], (*ROWS, a_stored("contoso/twin", id="1"))):
        alone, one = compared(a_store(*rows), None)
        together, several = compared(a_store(*rows), one_after_the_other)
        assert one is not None
        assert several is not None
        assert together.left() == alone.left()
        assert sorted(several.rows) == sorted(one.rows)
        assert several._replace(rows=one.rows) == one


def test_it_tells_what_is_settled_and_all_that_is_not() -> None:
    sieve, found = compared(a_store(*ROWS), None)
    assert found is not None
    assert (found.settled, sieve.left()) == ({"contoso": 2}, {"a.yaml": ["b"], "b.yaml": ["new"]})
    assert [match.key for match in found.moved] == [a_key("contoso/d")]
    assert sorted(found.rows) == [a_key("contoso/b"), a_key("contoso/gone")]
    assert found.renewing.counts == {"b.yaml": 1}
    assert (found.until, found.twins) == (END, False)


def test_two_records_of_one_id_are_told_where_the_specs_say_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = (*ROWS, replace(a_stored("contoso/twin"), id="1"))
    _, found = compared(a_store(*rows), None)
    assert found is not None
    assert found.twins
    monkeypatch.setitem(FILES, "a.yaml", a_sketch("contoso/a"))
    _, found = compared(a_store(*rows), None)
    assert found is not None
    assert not found.twins


def test_where_a_process_dies_there_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "_ALONE", 0)
    _, found = compared(a_store(*ROWS), lambda tasks: [*one_after_the_other(tasks)][:3])
    assert found is None


def test_a_store_that_one_process_reads_is_compared_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "_ALONE", 0)
    monkeypatch.setattr(MemoryStore, "another", lambda store: None)
    _, found = compared(a_store(*ROWS), lambda tasks: [])
    assert found is not None


def test_a_share_is_read_back_from_its_message() -> None:
    renewing = Renewals()
    renewing.add("a.yaml", [["contoso", "a", "SPB", "2026-12-01", "annual", None, None, "unknown", "why", None]])
    asked = Asked(4, "on", None, True, None, False)
    made = Share(
        renewing.sums.__class__({"contoso": 3}), [Match(a_key("contoso/m"), "a.yaml", asked)], [a_key("contoso/r")],
        renewing, b"\0\1\0",
    )  # fmt: skip
    assert Share.unpacked(made.packed()) == made
