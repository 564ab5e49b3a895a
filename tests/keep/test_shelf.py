"""A keep answers what was saved, or nothing: whatever becomes of its files."""

from __future__ import annotations

import os
import random
import shutil
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.keep.index import LARGEST_SETTLED, Generation, Kept, check_of, encode
from reconciler.keep.shelf import Keep
from tests.keep.shelves import AT, BINDING, contents, kept, known, saved, the, whole

FILES: dict[str, bytes | None] = {"a.yaml": b"first", "b/c.yaml": b"", "b/d.yaml": b"third slice"}
NOTHING: tuple[dict[str, bytes | None], bytes | None] = ({}, None)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a small keep."""
    saved(tmp_path / "keep", {path: data or b"" for path, data in FILES.items()})
    return tmp_path / "keep"


def is_true(answer: tuple[dict[str, bytes | None], bytes | None]) -> bool:
    """Whether it is what was kept, or less."""
    files, settled = answer
    return (
        settled in (None, b"settled")
        and files.keys() in (set(), FILES.keys())
        and all(data in (None, FILES[path]) for path, data in files.items())
    )


@given(st.dictionaries(st.text("abc", min_size=1), st.binary(max_size=50), max_size=6), st.binary(max_size=50))
def test_what_was_saved_is_there_when_it_is_opened(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], settled: bytes
) -> None:
    folder = tmp_path_factory.mktemp("keep")
    keep = saved(folder, files, settled)
    assert contents(keep) == files
    assert keep.settled == settled
    assert keep.written_at == AT
    assert keep.stamps == {path: item.stamp for path, item in keep.files.items()}
    shutil.rmtree(folder)


def test_an_object_knows_what_it_saved_itself(tmp_path: Path) -> None:
    keep = Keep.open(tmp_path / "keep", BINDING)
    assert (contents(keep), keep.settled, keep.written_at) == ({}, None, 0)
    assert keep.save(known({"a": b"one"}), b"1", AT)
    assert keep.save(kept(keep) | known({"b": b"two"}), b"2", AT + 1)
    assert (contents(keep), keep.settled, keep.written_at) == ({"a": b"one", "b": b"two"}, b"2", AT + 1)


def test_without_a_folder_there_is_nothing_and_nothing_is_kept() -> None:
    keep = Keep.open(None, BINDING)
    assert (dict(keep.files), keep.stamps, keep.settled, keep.written_at) == ({}, {}, None, 0)
    assert not keep.save(known({"a": b"one"}), b"", AT)
    assert not keep.keep_outcome(b"key", b"data")
    assert keep.outcome(b"key") is None
    assert keep.slice(Kept((1, 1, 1, 1), b"d" * 32, 0, 0, check_of(b""))) is None


def test_another_binding_finds_nothing_and_may_take_the_place(place: Path) -> None:
    other = Keep.open(place, b"another version")
    item = Keep.open(place, BINDING).files["a.yaml"]
    assert (dict(other.files), other.settled, other.slice(item)) == ({}, None, None)
    assert other.save(known({"x": b"new"}), b"", AT)
    assert whole(place) == NOTHING
    assert contents(Keep.open(place, b"another version")) == {"x": b"new"}


def test_its_files_are_made_ready_once(place: Path) -> None:
    keep = Keep.open(place, BINDING)
    before = keep.files
    assert keep.files is before
    assert keep.save({"a.yaml": kept(keep)["a.yaml"]}, b"", AT)
    assert list(keep.files) == ["a.yaml"]
    assert list(before) == list(FILES), "what was asked for before stays as it was"


def test_only_the_bytes_asked_for_are_read(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep = Keep.open(place, BINDING)
    item = keep.files["b/d.yaml"]
    asked: list[tuple[int, int]] = []
    real = os.pread

    def noted(number: int, length: int, offset: int) -> bytes:
        asked.append((offset, length))
        return real(number, length, offset)

    monkeypatch.setattr(os, "pread", noted)
    assert keep.slice(item) == b"third slice"
    assert asked == [(5, 11)]


@pytest.mark.parametrize("beginning", ["index", "slices-", "settled-"])
def test_no_byte_that_is_wrong_and_no_end_that_is_missing_gives_a_wrong_answer(place: Path, beginning: str) -> None:
    path = the(place, beginning)
    good = path.read_bytes()
    lost = 0
    for number in range(len(good)):
        for bad in (good[:number] + bytes([good[number] ^ 1 << number % 8]) + good[number + 1 :], good[:number]):
            path.write_bytes(bad)
            answer = whole(place)
            assert is_true(answer)
            lost += answer != (FILES, b"settled")
    assert lost == 2 * len(good), "damage passed unseen"
    path.write_bytes(good)
    assert whole(place) == (FILES, b"settled")


@given(st.sampled_from(["index", "slices-", "settled-"]), st.binary(max_size=600), st.integers(0, 600), st.booleans())
def test_no_bytes_in_any_place_give_a_wrong_answer(
    tmp_path_factory: pytest.TempPathFactory, beginning: str, data: bytes, at: int, instead: bool
) -> None:
    folder = tmp_path_factory.mktemp("keep")
    saved(folder, {path: data or b"" for path, data in FILES.items()})
    path = the(folder, beginning)
    good = path.read_bytes()
    path.write_bytes(data if instead else good[:at] + data + good[at:])
    assert is_true(whole(folder))
    assert saved(folder, {"new": b"new"}).slice(Keep.open(folder, BINDING).files["new"]) == b"new"
    shutil.rmtree(folder)


def test_files_that_change_places_are_not_believed(place: Path) -> None:
    slices, settled = the(place, "slices-"), the(place, "settled-")
    slices.rename(place / "between")
    settled.rename(slices)
    (place / "between").rename(settled)
    files, state = whole(place)
    assert state is None
    assert {path for path, data in files.items() if data is not None} <= {"b/c.yaml"}  # of no bytes, none are wrong


def loosen(path: Path) -> None:
    """Anybody may write to it."""
    path.chmod(0o666)


def relink(path: Path) -> None:
    """The same bytes behind a link."""
    path.rename(path.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent / "elsewhere")


def hollow(path: Path) -> None:
    """Ten gigabytes of nothing behind it."""
    os.truncate(path, 10 * 1024**3)


def pipe(path: Path) -> None:
    """A FIFO."""
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("spoil", [loosen, relink, hollow, pipe, Path.unlink])
@pytest.mark.parametrize(
    ("beginning", "left"),
    [("index", NOTHING), ("settled-", (FILES, None)), ("slices-", (dict.fromkeys(FILES), b"settled"))],
)
def test_a_file_that_is_not_as_we_leave_it_is_as_if_not_there(
    place: Path, beginning: str, left: tuple[dict[str, bytes | None], bytes | None], spoil: Callable[[Path], None]
) -> None:
    spoil(the(place, beginning))
    tracemalloc.start()
    try:
        answer = whole(place)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    assert is_true(answer)
    more_is_harmless = spoil is hollow and beginning != "index"
    assert answer == ((FILES, b"settled") if more_is_harmless else left)
    keep = Keep.open(place, BINDING)
    again = keep.save(kept(keep) | known({"new": b"new"}), b"2", AT)
    assert again or spoil is relink or spoil is pipe, "it does not heal"
    assert not again or contents(Keep.open(place, BINDING))["new"] == b"new"


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda folder: folder.chmod(0o777), id="anybody may write to it"),
        pytest.param(lambda folder: folder.chmod(0o770), id="the group may write to it"),
        pytest.param(relink, id="a link"),
    ],
)
def test_a_folder_that_is_not_ours_alone_is_neither_read_nor_written(
    place: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(place)
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    keep = Keep.open(place, BINDING)
    assert (dict(keep.files), keep.settled) == ({}, None)
    assert not keep.save(known({"a": b"one"}), b"", AT)
    assert not keep.keep_outcome(b"key", b"data")
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before


def test_what_somebody_else_owns_is_neither_read_nor_written(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: place.stat().st_uid + 1)
    assert whole(place) == NOTHING
    assert not Keep.open(place, BINDING).save(known({"a": b"one"}), b"", AT)


@pytest.mark.parametrize(
    ("offset", "length"),
    [(0, 12), (12, 5), (16, 1), (17, 0), (2**63, 1), (2**64 - 1, 1), (0, 2**32 - 1), (-1, 1), (0, -1), (-5, 2**64)],
)
def test_a_slice_beyond_what_there_is_is_not_read(place: Path, offset: int, length: int) -> None:
    keep = Keep.open(place, BINDING)
    assert keep.slice(keep.files["a.yaml"]._replace(offset=offset, length=length)) is None


@pytest.mark.parametrize("length", [LARGEST_SETTLED + 1, LARGEST_SETTLED, 2**64 - 1])
def test_lengths_that_lie_under_a_good_check_set_nothing_aside(place: Path, length: int) -> None:
    keep = Keep.open(place, BINDING)
    generation = Generation(
        bytes.fromhex(the(place, "slices-").name[7:]),
        2**64 - 1,
        bytes.fromhex(the(place, "settled-").name[8:]),
        length,
        b"s" * 16,
        AT,
    )
    huge = {path: item._replace(length=2**32 - 1).record() for path, item in keep.files.items()}
    (place / "index").write_bytes(encode(generation, keep._binding, huge))
    tracemalloc.start()
    try:
        assert whole(place) == (dict.fromkeys(FILES), None)
        huge = {path: item._replace(length=60_000_000).record() for path, item in keep.files.items()}
        (place / "index").write_bytes(encode(generation, keep._binding, huge))
        assert whole(place) == (dict.fromkeys(FILES), None)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_what_cannot_be_read_is_as_if_not_there(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    keep = Keep.open(place, BINDING)
    item = keep.files["a.yaml"]
    monkeypatch.setattr(os, "pread", broken)
    assert (keep.slice(item), keep.settled) == (None, None)
    assert whole(place) == NOTHING


def every_edit(seed: int) -> Iterator[bytes]:
    """A few hundred bytes of chance, the same every time."""
    chance = random.Random(seed)
    for _ in range(100):
        yield chance.randbytes(chance.randrange(300))


def test_an_index_of_chance_behind_a_good_beginning_is_nothing(place: Path) -> None:
    head = (place / "index").read_bytes()[:141]
    for data in every_edit(5):
        (place / "index").write_bytes(head + data)
        assert whole(place) == NOTHING
