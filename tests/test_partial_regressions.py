"""What a look in part once said otherwise than a whole pass would, each in the least estate that shows it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler import surveying
from reconciler.keep import saving
from reconciler.reconcile import Pass
from reconciler.runtime import Runtime
from reconciler.stores.sqlite import SqliteReader
from tests.test_partial import Estate, Fixed, age

SETTINGS = """\
version: 1
accounts:
  contoso: {provider: ledger}
  fabrikam: {provider: ledger}
"""
OWNED = "    owner: ada@contoso.example\n"
X1 = "    id: X1\n"


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    root = tmp_path / "repository"
    (root / "specs").mkdir(parents=True)
    (root / "reconcile.yaml").write_text(SETTINGS)
    return Estate(root, tmp_path / "cache", Fixed())


def put(estate: Estate, **files: str | None) -> None:
    """These spec files as if they were old; None: no file."""
    for name, text in files.items():
        path = estate.root / "specs" / f"{name}.yaml"
        if text is None:
            path.unlink()
        else:
            path.write_text(text)
    age(estate.root)
    estate.clock.at += timedelta(minutes=1)


def specs(account: str, *blocks: str) -> str:
    return f"version: 1\naccount: {account}\nsubscriptions:\n{''.join(blocks)}"


def plainly(name: str, more: str = "") -> str:
    return f"  {name}:\n{more}    facts: {{product: SPB, term: annual, start: 2026-03-01}}\n"


def many(letter: str, owned: int | None = None) -> str:
    return specs("contoso", *(plainly(f"{letter}{number}", OWNED if number == owned else "") for number in range(6)))


@pytest.mark.parametrize("more", ["", "    schedule: [{from: 2030-01-01, recurring: off}]\n"], ids=["plain", "odd"])
def test_what_an_apply_in_part_registered_is_not_lost_with_its_file(estate: Estate, more: str) -> None:
    put(estate, a=many("a"))
    estate.apply()
    put(estate, b=specs("contoso", plainly("new", more)))
    estate.apply(large=0)
    put(estate, b=None)
    found = estate.both_ways()
    assert isinstance(found, Pass)
    assert list(map(str, found.plan.unmanaged)) == ["contoso/new"]


def test_after_an_apply_in_part_the_next_look_is_one_in_part(estate: Estate) -> None:
    put(estate, a=many("a"))
    estate.apply()
    put(estate, b=many("b"))
    estate.apply(large=0)
    found = estate.both_ways()
    assert isinstance(found, Pass)
    assert found.stored.settled.counts == {"contoso": 6}  # and what is new is looked at once more
    found = estate.both_ways()
    assert isinstance(found, Pass)
    assert found.stored.settled.counts == {"contoso": 12}


def test_an_id_that_another_account_has_too_is_still_taken(estate: Estate) -> None:
    put(estate, a=specs("contoso", plainly("a", X1)), f=specs("fabrikam", plainly("other")))
    estate.apply()
    put(estate, a=specs("contoso", plainly("a"), plainly("b")), f=specs("fabrikam", plainly("f", X1)))
    estate.apply()
    put(estate, f=specs("fabrikam", plainly("f")))
    estate.both_ways()
    put(estate, a=specs("contoso", plainly("a")), b=specs("contoso", plainly("b", X1)))
    put(estate, f=specs("fabrikam", plainly("f", OWNED)))
    found = estate.both_ways()
    assert isinstance(found, Pass)
    assert [item.code for item in found.plan.blocked] == ["id-taken"]


def test_a_store_that_went_another_way_is_looked_at_anew(estate: Estate) -> None:
    put(estate, a=many("a"), b=many("b"))
    estate.apply()
    (store,) = estate.root.rglob("*.db")
    first = store.read_bytes()
    put(estate, a=many("a", owned=1))
    estate.apply()
    other = store.read_bytes()
    store.write_bytes(first)
    put(estate, a=many("a", owned=2))
    estate.apply(large=0)
    estate.both_ways()
    store.write_bytes(other)  # as many runs, and other records
    found = estate.both_ways()
    assert isinstance(found, Pass)
    assert [str(change.key) for change in found.plan.changes] == ["contoso/a2"]


def _removed(path: Path) -> None:
    path.unlink()


def _emptied_of_some(path: Path) -> None:
    path.write_text(specs("contoso", plainly("b0")))


@pytest.mark.parametrize("meanwhile", [_removed, _emptied_of_some])
def test_what_a_file_said_that_changed_while_it_was_read_is_not_settled(
    estate: Estate, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[Path], None]
) -> None:
    put(estate, a=many("a"), b=many("b"))
    estate.apply()
    read = surveying.Surveyor._note

    def note(self: surveying.Surveyor, made: dict[str, surveying.Made]) -> None:
        meanwhile(estate.root / "specs" / "b.yaml")
        read(self, made)

    with monkeypatch.context() as patched:
        patched.setattr(surveying.Surveyor, "_note", note)
        assert isinstance(estate.plan(large=0), Pass)
    found = estate.both_ways()
    assert isinstance(found, Pass)
    assert found.plan.unmanaged


def test_what_is_too_large_to_keep_is_not_settled_for_good(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    put(estate, a=specs("contoso", plainly("a")), b=many("b"))
    estate.apply()
    monkeypatch.setattr(saving, "LARGEST_SLICE", 250)
    assert isinstance(estate.plan(large=0), Pass)
    put(estate, b=None)
    found = estate.both_ways()
    assert isinstance(found, Pass)
    assert len(found.plan.unmanaged) == 6


def test_a_narrowed_look_counts_right_after_many_applies(estate: Estate) -> None:
    put(estate, **{f"f{number}": many(f"f{number}-") for number in range(5)})
    estate.apply()
    for turn in range(12):  # so that what is kept is written anew at times, and found at another place by then
        owned = {f"f{number}": many(f"f{number}-", owned=turn % 6) for number in range(turn % 4)}
        put(estate, **owned)
        estate.apply(large=0)
        estate.both_ways(select=("*-1", "*-2"))


def at_rest(estate: Estate) -> tuple[Runtime, Pass]:
    """A dry run of an estate with nothing to do."""
    runtime = estate.runtime(large=0)
    return runtime, runtime.dry_run(commit=False)


def nanoseconds(instant: datetime) -> int:
    return int(instant.timestamp()) * 1_000_000_000


def test_what_is_said_of_specs_behind_a_link_is_said_of_the_link(estate: Estate) -> None:
    put(estate, a=many("a"))
    estate.apply()
    (estate.root / "specs").rename(estate.root / "first")
    (estate.root / "specs").symlink_to("first")
    runtime, found = at_rest(estate)
    scene = runtime.scene(found)
    assert scene is not None
    assert scene[0] == str(estate.root / "specs")


def test_that_the_clock_is_behind_is_said_again_no_longer_than_it_is(estate: Estate) -> None:
    put(estate, a=many("a"))
    ahead = estate.clock.at + timedelta(hours=2)
    estate.clock.at = ahead
    estate.apply()
    estate.clock.at -= timedelta(hours=1)
    runtime, found = at_rest(estate)
    assert [item.code for item in found.plan.diagnostics] == ["clock-behind"]
    assert runtime.rests_until(found) == nanoseconds(ahead)


def test_what_was_said_before_midnight_is_not_said_after_it(estate: Estate) -> None:
    put(estate, a=many("a"))
    estate.apply()
    midnight = datetime(2026, 11, 24, tzinfo=UTC)
    estate.clock.at = midnight - timedelta(seconds=1)
    runtime, found = at_rest(estate)
    estate.clock.at = midnight + timedelta(seconds=1)  # the run took a while
    assert runtime.rests_until(found) == nanoseconds(midnight)


@pytest.mark.parametrize("more", ["", "    schedule: [{from: 2030-01-01, recurring: off}]\n"], ids=["plain", "odd"])
def test_an_id_that_another_record_of_the_account_has_too_is_taken(estate: Estate, more: str) -> None:
    put(estate, a=specs("contoso", plainly("a"), plainly("b")), c=specs("contoso", plainly("c")))
    estate.apply()
    (store,) = estate.root.rglob("*.db")
    with closing(sqlite3.connect(store)) as connection, connection:  # no run of ours would make such twins
        connection.execute("UPDATE subscriptions SET id = 'X1' WHERE name IN ('a', 'c')")
    estate.both_ways()
    put(estate, a=specs("contoso", plainly("a", X1 + more), plainly("b")))
    for _ in range(2):
        found = estate.both_ways()
        assert isinstance(found, Pass)
        assert [item.code for item in found.plan.blocked] == ["id-taken"]
    put(estate, a=specs("contoso", plainly("a"), plainly("b", OWNED)))
    estate.both_ways()


def test_whether_two_records_have_one_id_is_asked_once(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    has_twins = SqliteReader.has_twins

    def counted(self: SqliteReader) -> bool:
        asked.append(has_twins(self))
        return asked[-1]

    monkeypatch.setattr(SqliteReader, "has_twins", counted)
    put(estate, a=specs("contoso", plainly("a"), plainly("b")), c=specs("contoso", plainly("c")))
    estate.apply()
    estate.both_ways()
    assert asked == []
    put(estate, a=specs("contoso", plainly("a", X1), plainly("b")))
    estate.apply(large=0)
    for owned in ("", OWNED, ""):
        put(estate, a=specs("contoso", plainly("a", X1 + owned), plainly("b")))
        estate.both_ways()
    assert asked == [False]
