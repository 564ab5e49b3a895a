"""Remembered outputs: few, small, and each under its own key and binding only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.keep import folder as folders
from reconciler.keep import outcomes
from reconciler.keep.shelf import Keep
from tests.keep.shelves import AT, BINDING, known, saved, the, whole


def a_keep(folder: Path) -> Keep:
    """A keep of that folder."""
    return Keep.open(folder, BINDING)


def test_what_was_kept_is_found_under_its_key_and_binding_only(tmp_path: Path) -> None:
    assert a_keep(tmp_path).keep_outcome(b"one", b"1")
    assert a_keep(tmp_path).keep_outcome(b"two", b"")
    assert [a_keep(tmp_path).outcome(key) for key in (b"one", b"two", b"three")] == [b"1", b"", None]
    assert Keep.open(tmp_path, b"another").outcome(b"one") is None


def test_the_last_under_a_key_is_the_one(tmp_path: Path) -> None:
    assert a_keep(tmp_path).keep_outcome(b"one", b"old")
    assert a_keep(tmp_path).keep_outcome(b"one", b"new")
    assert a_keep(tmp_path).outcome(b"one") == b"new"


def test_no_byte_that_is_wrong_and_no_end_that_is_missing_gives_a_wrong_answer(tmp_path: Path) -> None:
    assert a_keep(tmp_path).keep_outcome(b"one", b"the outcome")
    path = the(tmp_path, "outcome-")
    good = path.read_bytes()
    for number in range(len(good)):
        for bad in (
            good[:number] + bytes([good[number] ^ 4]) + good[number + 1 :],
            good[:number],
            good + good[: number + 1],
        ):
            path.write_bytes(bad)
            assert a_keep(tmp_path).outcome(b"one") is None
    path.write_bytes(good)
    assert a_keep(tmp_path).outcome(b"one") == b"the outcome"


def test_the_file_of_another_key_is_not_believed(tmp_path: Path) -> None:
    assert a_keep(tmp_path).keep_outcome(b"one", b"1")
    one = the(tmp_path, "outcome-")
    assert a_keep(tmp_path).keep_outcome(b"two", b"2")
    (two,) = set(tmp_path.glob("outcome-*")) - {one}
    two.replace(one)
    assert [a_keep(tmp_path).outcome(key) for key in (b"one", b"two")] == [None, None]


def test_the_oldest_goes_where_there_are_too_many(tmp_path: Path) -> None:
    for number in range(outcomes.AT_MOST + 4):
        before = set(tmp_path.glob("outcome-*"))
        assert a_keep(tmp_path).keep_outcome(b"%d" % number, b"data")
        (made,) = set(tmp_path.glob("outcome-*")) - before
        os.utime(made, ns=(AT + number, AT + number))
    found = [number for number in range(outcomes.AT_MOST + 4) if a_keep(tmp_path).outcome(b"%d" % number)]
    assert found == list(range(4, outcomes.AT_MOST + 4))


def test_a_new_one_stays_though_all_others_are_of_the_future(tmp_path: Path) -> None:
    for number in range(outcomes.AT_MOST):
        assert a_keep(tmp_path).keep_outcome(b"%d" % number, b"data")
    for path in tmp_path.glob("outcome-*"):
        os.utime(path, ns=(2**62, 2**62))
    assert a_keep(tmp_path).keep_outcome(b"new", b"data")
    assert a_keep(tmp_path).outcome(b"new") == b"data"
    assert len(list(tmp_path.glob("outcome-*"))) == outcomes.AT_MOST


def test_a_megabyte_is_kept_and_no_more(tmp_path: Path) -> None:
    assert a_keep(tmp_path).keep_outcome(b"one", b"x" * outcomes.LARGEST)
    assert a_keep(tmp_path).outcome(b"one") == b"x" * outcomes.LARGEST
    assert not a_keep(tmp_path).keep_outcome(b"one", b"x" * (outcomes.LARGEST + 1))
    os.truncate(the(tmp_path, "outcome-"), 10 * 1024**3)
    assert a_keep(tmp_path).outcome(b"one") is None


def test_a_disk_that_is_full_or_in_use_is_a_no(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert a_keep(tmp_path).keep_outcome(b"one", b"old")
    with folders.locked(folders.opened(tmp_path)):
        assert not a_keep(tmp_path).keep_outcome(b"one", b"new")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    assert not a_keep(tmp_path).keep_outcome(b"one", b"new")
    assert a_keep(tmp_path).outcome(b"one") == b"old"


def test_saving_files_leaves_outcomes_and_keeping_outcomes_leaves_files(tmp_path: Path) -> None:
    keep = saved(tmp_path, {"a": b"one"})
    assert keep.keep_outcome(b"key", b"data")
    assert whole(tmp_path) == ({"a": b"one"}, b"settled")
    assert keep.save(known({"b": b"two"}), b"", AT)
    assert keep.outcome(b"key") == b"data"
