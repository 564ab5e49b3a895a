"""An export is the whole store in bytes that never vary; only an unchanged one is taken back, and only as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest

from reconciler.changes import Kind, Risk
from reconciler.errors import InputError, StoreError, StoreUnwritable
from reconciler.events import EventKind
from reconciler.journal import Freeze, Holder, OutcomeKind
from reconciler.model import Money
from reconciler.ports import Bookkeeping
from reconciler.stores.check import check_store
from reconciler.stores.export import ImportSummary, export_lines, import_store
from tests.builders import NOW, a_change, a_run, a_stored, an_entry
from tests.stores.contract import (
    LATER,
    LINEAGE,
    recorded,
    registered,
    renamed,
    seen,
    stored,
    told,
)
from tests.stores.outside_contract import LOCKED, accepted, an_account
from tests.stores.places import DATA, SqlitePlace, place, written_by
from tests.stores.test_migrations import small_files
from tests.stores.time_contract import happened, of_value
from tests.test_observations import FULL

__all__ = ["place"]


@pytest.fixture
def full(tmp_path: Path) -> Iterator[SqlitePlace]:
    """A store with something in every table and of every form."""
    found = SqlitePlace(tmp_path / "full" / "state.db")
    hostile = a_stored("adatum/x", owner="\x1b[31m\n\u2028'\"", labels={"b": "2", "a": "ä"}, seats=3, protected=True)
    with recorded(found, registered("contoso/a"), stored(hostile), run=a_run(allowed=("max-endings=x",))) as store:
        extended = happened(EventKind.EXTENDED, replace(hostile, extended=True, last_charge=Money(51500, "EUR")))
        store.record("run-1", [renamed("contoso/a", "contoso/b"), extended], NOW)
        valued = a_change(key="contoso/b", risk=Risk.REVERSIBLE_UNTIL, impact=of_value(618000, until=LATER))
        store.intend("run-1", [an_entry(valued)], NOW)
        store.begin(a_run("cut-off", as_of=LATER))
        store.record("cut-off", [an_entry(a_change(Kind.CANCEL_NOW, "contoso/b"), kind=OutcomeKind.FAILED)], LATER)
        store.begin(a_run("run-3"))
        safety = {"limits": {"max-endings": {"count": 20}}, "overrides": []}
        store.finish("run-3", LATER, Bookkeeping(safety, {"contoso": ("ledger", None), "adatum": ("partner", "0f8f")}))
        store.set_freeze(a_run("freeze"), Freeze("year end", NOW, "ada", LATER))
        store.accept("run-3", [accepted(an_entry(valued), '{"steps":[]}', "asked of ada")], LATER)
        seen_now = an_account(FULL, unreadable={"locked": LOCKED}, absent=frozenset({"gone"}))
        store.keep_observations([seen_now, an_account(account="adatum", complete=False)])
        store.describe_holder(Holder(1, "here", NOW, "ada"))
    yield found
    found.close()


def exported(place: SqlitePlace) -> list[bytes]:
    """All lines."""
    reader = place.read()
    assert reader is not None
    with reader:
        return list(export_lines(reader))


def refused(path: Path, lines: Iterable[bytes]) -> InputError:
    """Why these lines are not taken; and nothing was left."""
    with pytest.raises(InputError) as found:
        import_store(path, lines, 0.0)
    assert not path.parent.exists() or list(path.parent.iterdir()) == []
    assert found.value.hint
    return found.value


def forged(lines: list[bytes], number: int, change: Callable[[dict[str, Any]], object]) -> list[bytes]:
    """The lines with one changed, and a checksum that fits again."""
    values = orjson.loads(lines[number])
    change(values)
    body = [*lines[:-1]]
    body[number] = orjson.dumps(values, option=orjson.OPT_SORT_KEYS) + b"\n"
    return sealed(body)


def sealed(body: list[bytes]) -> list[bytes]:
    """The lines with a last one that fits them."""
    end = {"lines": len(body), "sha256": sha256(b"".join(body)).hexdigest()}
    return [*body, orjson.dumps(end, option=orjson.OPT_SORT_KEYS) + b"\n"]


def test_an_export_that_was_taken_back_exports_the_same_bytes(full: SqlitePlace, place: SqlitePlace) -> None:
    lines = exported(full)
    assert import_store(place.path, lines, 0.0) == ImportSummary(LINEAGE, 3, 2, 4, 7)
    assert exported(place) == lines
    assert seen(place) == seen(full)
    assert told(place.open()) == told(full.open())
    assert place.open().observations() == full.open().observations()
    assert check_store(place.path, 0.0) == []
    assert place.path.stat().st_mode & 0o777 == 0o600


def test_an_export_begins_with_a_header_and_ends_with_the_digest_of_all_before_it(full: SqlitePlace) -> None:
    *body, end = exported(full)
    counts = {
        "store": 1,
        "accounts": 2,
        "subscriptions": 2,
        "runs": 4,
        "journal": 7,
        "sightings": 2,
        "observations": 3,
    }
    assert orjson.loads(body[0]) == {
        "format": "reconcile-store",
        "format_version": 3,
        "lineage": LINEAGE,
        "serial": 3,
        "counts": counts,
    }
    assert orjson.loads(end) == {"lines": len(body), "sha256": sha256(b"".join(body)).hexdigest()}
    found = [orjson.loads(line)["table"] for line in body[1:]]
    assert found == [name for name, count in counts.items() for _ in range(count)]


def test_every_line_is_one_line_of_json_with_sorted_keys(full: SqlitePlace) -> None:
    for line in exported(full):
        assert line.count(b"\n") == 1
        keys = list(orjson.loads(line))
        assert all(one < other for one, other in pairwise(keys))


def test_the_same_story_makes_the_same_export_whatever_the_file_went_through(
    full: SqlitePlace, place: SqlitePlace
) -> None:
    lines = exported(full)
    store = full.open()
    store.describe_holder(None)
    store._connection.execute("VACUUM")
    assert exported(full) == lines


@pytest.mark.parametrize(("version", "entries"), [(1, 9), (2, 12)])
def test_an_export_of_an_earlier_version_is_taken_back_as_a_migration_would_take_its_store(
    tmp_path: Path, place: SqlitePlace, version: int, entries: int
) -> None:
    lines = (DATA / f"v{version}.jsonl").read_bytes().splitlines(keepends=True)
    assert import_store(place.path, lines, 0.0) == ImportSummary(LINEAGE, 3, 3, 5, entries)
    assert check_store(place.path, 0.0, LINEAGE) == []
    migrated = written_by(version, SqlitePlace(tmp_path / "migrated" / "state.db"))
    migrated.open().close()
    assert exported(place) == exported(migrated)
    assert orjson.loads(exported(place)[0])["format_version"] == 3
    migrated.close()


@pytest.mark.parametrize(
    ("version", "number", "change", "why"),
    [
        pytest.param(1, 4, {"extended": False}, "wrong keys: extended", id="a column of the second in the first"),
        pytest.param(2, 12, {"token": None}, "wrong keys: token", id="a column of the third in the second"),
        pytest.param(2, 23, {"table": "sightings"}, "no table, or not in its place", id="a table of the third"),
    ],
)
def test_an_export_of_an_earlier_version_has_nothing_of_a_later_one(
    place: SqlitePlace, version: int, number: int, change: dict[str, object], why: str
) -> None:
    lines = (DATA / f"v{version}.jsonl").read_bytes().splitlines(keepends=True)
    found = refused(place.path, forged(lines, number, lambda line: line.update(change)))
    assert found.message.endswith(why)


def test_an_empty_store_can_be_exported_and_taken_back(tmp_path: Path, place: SqlitePlace) -> None:
    place.make()
    lines = exported(place)
    assert import_store(tmp_path / "again.db", lines, 0.0) == ImportSummary(LINEAGE, 0, 0, 0, 0)


def test_an_imported_store_can_be_written_to(full: SqlitePlace, place: SqlitePlace) -> None:
    import_store(place.path, exported(full), 0.0)
    store = place.open()
    store.begin(a_run("run-4"))
    assert store.record("run-4", [an_entry(a_change(key="contoso/b"))], LATER) == 4
    store.finish("run-4", LATER, Bookkeeping())
    assert seen(place).unfinished == {}
    assert seen(place).open_intents == {}
    assert check_store(place.path, 0.0) == []


def test_a_store_is_never_written_over(full: SqlitePlace, place: SqlitePlace) -> None:
    recorded(place, registered("contoso/mine")).close()
    with pytest.raises(StoreError) as found:
        import_store(place.path, exported(full), 0.0)
    assert found.value.code == "store-exists"
    assert list(map(str, seen(place).subscriptions)) == ["contoso/mine"]


def test_a_store_that_appears_meanwhile_is_not_written_over(full: SqlitePlace, place: SqlitePlace) -> None:
    other = SqlitePlace(place.path.with_name("other.db"))
    other.make("another").close()

    def lines() -> Iterator[bytes]:
        yield from exported(full)
        other.path.rename(place.path)

    with pytest.raises(StoreError) as found:
        import_store(place.path, lines(), 0.0)
    assert found.value.code == "store-exists"
    assert seen(place).lineage == "another"


@pytest.mark.parametrize("cut", ["between two lines", "in a line", "before the last newline", "in the header"])
def test_an_export_that_is_cut_short_is_refused(full: SqlitePlace, place: SqlitePlace, cut: str) -> None:
    lines = exported(full)
    short = {
        "between two lines": lines[:-1],
        "in a line": [*lines[:7], lines[7][:-20]],
        "before the last newline": [*lines[:-1], lines[-1][:-1]],
        "in the header": [lines[0][:-2]],
    }[cut]
    expected = "not-an-export" if cut == "in the header" else "export-cut-short"
    found = refused(place.path, short)
    assert found.code == expected
    assert found.message.startswith(f"line {len(short)}: ")


def test_an_export_cut_at_any_byte_is_refused(full: SqlitePlace, place: SqlitePlace) -> None:
    whole = b"".join(exported(full))
    for length in range(0, len(whole), 97):
        found = refused(place.path, whole[:length].splitlines(keepends=True))
        assert found.code in ("not-an-export", "export-cut-short")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        pytest.param(b"", "not-an-export", id="an empty line"),
        pytest.param(b"\x1f\x8b\x08\x00", "not-an-export", id="a packed file"),
        pytest.param(b"name,product\n", "not-an-export", id="a table"),
        pytest.param(b"[1]\n", "not-an-export", id="other json"),
        pytest.param(b'{"format_version":"1.0","command":"plan"}\n', "not-an-export", id="a plan"),
        pytest.param(b'{"format":"reconcile-store","format_version":4,"x":1}\n', "newer-export", id="a newer one"),
        pytest.param(b'{"format":"reconcile-store","format_version":1}\n', "export-edited", id="half a header"),
        pytest.param(b'{"format":"reconcile-store","format_version":"1"}\n', "export-edited", id="an odd version"),
        pytest.param(b'{"format":"reconcile-store","format_version":0}\n', "export-edited", id="a version before all"),
    ],
)
def test_a_file_that_is_no_export_of_ours_is_refused_at_its_first_line(
    place: SqlitePlace, line: bytes, code: str
) -> None:
    found = refused(place.path, [line])
    assert found.code == code
    assert found.message.startswith("line 1: ")


def test_no_lines_at_all_are_no_export(place: SqlitePlace) -> None:
    assert refused(place.path, []).code == "not-an-export"


def test_an_export_that_cannot_be_read_on_is_refused(full: SqlitePlace, place: SqlitePlace) -> None:
    def lines() -> Iterator[bytes]:
        yield exported(full)[0]
        raise OSError(5, "Input/output error")

    assert refused(place.path, lines()).code == "unreadable-export"


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda lines: lines[:5] + lines[6:], id="a line left out"),
        pytest.param(lambda lines: [*lines[:6], lines[5], *lines[6:]], id="a line twice"),
        pytest.param(lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]], id="two lines swapped"),
        pytest.param(lambda lines: [*lines, lines[-1]], id="something behind the end"),
        pytest.param(lambda lines: [line.replace(b'"ada"', b'"eve"') for line in lines], id="a name changed"),
        pytest.param(lambda lines: [line.replace(b"\n", b"\r\n") for line in lines], id="other line ends"),
        pytest.param(lambda lines: [line.replace(b'":', b'": ') for line in lines], id="printed prettily"),
        pytest.param(lambda lines: [*lines[:3], b"\n", *lines[3:]], id="an empty line"),
        pytest.param(lambda lines: [*lines[:3], b"not json\n", *lines[3:]], id="no json"),
    ],
)
def test_an_edited_export_is_refused(
    full: SqlitePlace, place: SqlitePlace, edit: Callable[[list[bytes]], list[bytes]]
) -> None:
    assert refused(place.path, edit(exported(full))).code == "export-edited"


@pytest.mark.parametrize(
    ("number", "change"),
    [
        pytest.param(0, lambda line: line.update(lineage="other"), id="another lineage in the header"),
        pytest.param(0, lambda line: line.update(serial=9), id="another serial in the header"),
        pytest.param(0, lambda line: line["counts"].update(journal=4), id="another count in the header"),
        pytest.param(1, lambda line: line.update(serial=9), id="a serial that the journal does not reach"),
        pytest.param(1, lambda line: line.update(table="accounts"), id="a row of another table"),
        pytest.param(1, lambda line: line.update(table="holder"), id="a table that is not exported"),
        pytest.param(1, lambda line: line.pop("table"), id="no table"),
        pytest.param(4, lambda line: line.update(status="aktiv"), id="an unknown word"),
        pytest.param(4, lambda line: line.update(term_end="2026-01-01T00:00:00Z"), id="a term that ends too early"),
        pytest.param(4, lambda line: line.update(labels=[]), id="labels that are none"),
        pytest.param(4, lambda line: line.update(owner="a\0b"), id="a record with a NUL"),
        pytest.param(4, lambda line: line.update(price_minor=5), id="a price without a currency"),
        pytest.param(4, lambda line: line.update(last_charge_minor=None), id="a charge without an amount"),
        pytest.param(4, lambda line: line.update(extended=1), id="a number for a flag"),
        pytest.param(4, lambda line: line.pop("extended"), id="a column too few"),
        pytest.param(4, lambda line: line.update(name="unheard-of"), id="a record that no change made"),
        pytest.param(6, lambda line: line.update(number=2), id="one number for two runs"),
        pytest.param(10, lambda line: line.update(run=77), id="an entry of no run"),
        pytest.param(11, lambda line: line.update(serial=None), id="an outcome without a serial"),
        pytest.param(11, lambda line: line.update(serial=1 << 63), id="a number over 64 bits"),
        pytest.param(13, lambda line: line.update(happened_at=None), id="an event that never happened"),
        pytest.param(14, lambda line: line.update(value_currency=None), id="a value without a currency"),
        pytest.param(14, lambda line: line.update(risk="high"), id="an unknown risk"),
        pytest.param(15, lambda line: line.update(closes=1), id="an outcome that closes another"),
        pytest.param(15, lambda line: line.update(token="t"), id="an outcome with a token"),
        pytest.param(16, lambda line: line.update(token=None), id="accepted without a token"),
        pytest.param(16, lambda line: line.update(operation_id="x"), id="accepted, and never intended"),
        pytest.param(16, lambda line: line.update(serial=3), id="accepted with a serial"),
        pytest.param(17, lambda line: line.update(at="2026-11-23"), id="an account seen on a day"),
        pytest.param(18, lambda line: line.update(complete=1), id="a number for a whole reading"),
        pytest.param(18, lambda line: line.update(account="other"), id="a subscription of an account never seen"),
        pytest.param(19, lambda line: line["shown"].update(colour="red"), id="something seen that nobody knows"),
        pytest.param(19, lambda line: line["shown"].update(id="other"), id="one seen as another"),
        pytest.param(19, lambda line: line.update(obstacle=line["shown"]), id="seen and unreadable"),
        pytest.param(21, lambda line: line.update(obstacle={}), id="an obstacle that says nothing"),
        pytest.param(15, lambda line: line.update(happened_at="2026-11-23T00:00:00Z"), id="a change of time's doing"),
        pytest.param(0, lambda line: line.update(format_version=1), id="a version that had other columns"),
    ],
)
def test_a_forged_export_that_does_not_hold_together_is_refused(
    full: SqlitePlace, place: SqlitePlace, number: int, change: Callable[[dict[str, Any]], object]
) -> None:
    assert refused(place.path, forged(exported(full), number, change)).code == "export-edited"


def test_an_export_without_its_store_row_is_refused(full: SqlitePlace, place: SqlitePlace) -> None:
    header, _, *rest = exported(full)[:-1]
    values = orjson.loads(header)
    values["counts"]["store"] = 0
    assert refused(place.path, sealed([orjson.dumps(values, option=orjson.OPT_SORT_KEYS) + b"\n", *rest])).message


def test_the_place_of_an_edit_is_told(full: SqlitePlace, place: SqlitePlace) -> None:
    lines = exported(full)
    lines[4] = lines[4].replace(b'"annual"', b'"yearly"')
    found = refused(place.path, lines)
    assert "line 5: " in found.message
    assert "yearly" in found.message


def test_a_record_with_a_nul_is_told_with_its_line_and_column(full: SqlitePlace, place: SqlitePlace) -> None:
    found = refused(place.path, forged(exported(full), 4, lambda line: line.update(product="SPB\0", owner="ada")))
    assert found.message.endswith("line 5: the export was changed since it was written: product holds a NUL")


def test_without_room_nothing_is_put_in_place(full: SqlitePlace, place: SqlitePlace) -> None:
    lines = exported(full)
    with small_files(8192), pytest.raises(StoreUnwritable) as found:
        import_store(place.path, lines, 0.0)
    assert found.value.code == "disk-full"
    assert list(place.path.parent.iterdir()) == []


def test_a_damaged_row_is_not_exported(full: SqlitePlace) -> None:
    store = full.open()
    store._connection.execute("UPDATE journal SET kind = 'explode' WHERE number = 2")
    with pytest.raises(StoreError, match="journal 2: kind cannot be 'explode'"):
        exported(full)


def test_an_export_that_is_not_taken_to_its_end_keeps_nobody_out(full: SqlitePlace) -> None:
    reader = full.read()
    assert reader is not None
    lines = export_lines(reader)
    next(lines)
    del lines
    full.open().set_freeze(a_run("thaw"), None)
