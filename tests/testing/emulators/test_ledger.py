from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.testing.emulators.ledger import Effect, Ledger, WrongLedger
from tests.testing.emulators.toy import NOW, Toy

EFFECT = Effect(NOW, "PATCH products", "s1", {"autoRenew": "Off"}, "k")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


def filled(path: Path | None) -> Ledger:
    ledger = Ledger("toy", path)
    ledger.put("notes", "a", {"v": 1})
    ledger.put("notes", "b", {"v": 1})
    ledger.commit(1)
    ledger.put("notes", "a", {"v": 2})
    ledger.put("notes", "b", None)
    ledger.effect(EFFECT)
    ledger.commit(2)
    return ledger


def test_what_was_committed_stands_when_it_is_opened_again(path: Path) -> None:
    filled(path).close()
    again = Ledger("toy", path)
    assert (again.tables, again.effects) == ({"notes": {"a": {"v": 2}}}, [EFFECT])
    again.put("notes", "c", {"v": 3})
    again.commit()
    again.close()
    assert Ledger("toy", path).tables["notes"] == {"a": {"v": 2}, "c": {"v": 3}}


def test_a_commit_of_nothing_writes_nothing(path: Path) -> None:
    ledger = Ledger("toy", path)
    assert ledger.commit() is False
    assert len(path.read_text().splitlines()) == 1
    ledger.close()


def test_a_line_that_was_being_written_is_no_line(path: Path) -> None:
    filled(path).close()
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"put": [["notes", "z"')
    ledger = Ledger("toy", path)
    assert "z" not in ledger.tables["notes"]
    assert path.read_bytes() == whole
    ledger.close()


def test_a_header_that_was_being_written_is_written_anew(path: Path) -> None:
    path.write_bytes(b'{"emul')
    ledger = Ledger("toy", path)
    assert json.loads(path.read_text()) == {"emulator": "toy", "version": 1}
    ledger.close()


@pytest.mark.parametrize("text", ['{"emulator": "other", "version": 1}\n', "notes\n", "[]\n{}\n"])
def test_another_file_is_refused_and_left_as_it_is(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(WrongLedger, match="it is no ledger of the emulator toy"):
        Ledger("toy", path)
    assert path.read_text() == text


@pytest.mark.parametrize("line", ["{", "[]", '{"put": [["a"]], "effects": []}', '{"put": [], "effects": [{}]}'])
def test_a_damaged_line_is_told(path: Path, line: str) -> None:
    filled(path).close()
    path.write_bytes(path.read_bytes() + line.encode() + b"\n")
    with pytest.raises(WrongLedger, match="it is damaged"):
        Ledger("toy", path)


def test_two_processes_cannot_hold_it(path: Path) -> None:
    ledger = Ledger("toy", path)
    with pytest.raises(WrongLedger, match="another process holds it"):
        Ledger("toy", path)
    ledger.close()
    Ledger("toy", path).close()


def test_what_is_taken_back_was_never_there() -> None:
    ledger = filled(None)
    ledger.put("notes", "a", {"v": 3})
    ledger.put("notes", "c", {"v": 3})
    ledger.put("book", "1", {"kept": True})
    ledger.effect(EFFECT)
    ledger.roll_back(frozenset({"book"}))
    ledger.commit()
    assert ledger.tables == {"notes": {"a": {"v": 2}}, "book": {"1": {"kept": True}}}
    assert ledger.effects == [EFFECT]


def test_the_past_can_be_looked_at() -> None:
    ledger = filled(None)
    with ledger.as_of(request=1):
        assert ledger.tables["notes"] == {"a": {"v": 1}, "b": {"v": 1}}
        ledger.put("notes", "x", {"v": 0})
    assert ledger.tables["notes"] == {"a": {"v": 2}}
    with ledger.as_of(request=0):
        assert ledger.tables["notes"] == {}
    with ledger.as_of(moment=0.0):
        assert ledger.tables["notes"] == {}
    assert ledger.tables["notes"] == {"a": {"v": 2}}


def test_the_clock_is_kept(path: Path) -> None:
    later = NOW + timedelta(days=3)
    toy = Toy(ledger=path, now=NOW)
    toy.clock = later
    toy.close()
    again = Toy(ledger=path, now=NOW)
    assert again.clock == later
    again.clock = None
    again.close()
    free = Toy(ledger=path)
    assert free.clock is None
    assert free.now() - datetime.now(UTC) < timedelta(minutes=1)
    free.close()


def test_time_goes_on_for_what_was_replayed(path: Path) -> None:
    toy = Toy(ledger=path, now=NOW)
    toy.put("notes", "a", {"id": "a", "days": 2, "fades": (NOW + timedelta(days=1)).isoformat()})
    toy.close()
    again = Toy(ledger=path, now=NOW)
    again.advance(timedelta(days=1))
    assert again.table("notes")["a"]["days"] == 1
    again.close()
