"""Saving: old or new after a crash at any step, one at a time, never more than half of it garbage, and no complaint."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from reconciler.keep import folder as folders
from reconciler.keep import saving
from reconciler.keep.index import Kept, Known
from reconciler.keep.shelf import Keep
from tests.conftest import REPOSITORY
from tests.keep.shelves import AT, BINDING, contents, kept, known, names, saved, the, whole

OLD = {"a.yaml": b"first" * 20, "b.yaml": b"second" * 20}
ADDED = {"c.yaml": b"third" * 10}
STEPS = ("open", "pwrite", "write", "replace", "unlink", "ftruncate", "mkdir", "listdir", "fstat")
"""Of `os`: all that a save does to a folder."""
ALL_THERE_IS = {".gitignore", "CACHEDIR.TAG", "index", "lock", "settled-", "slices-"}


class Killed(BaseException):
    """The process ends here; nothing may catch it."""


def append(folder: Path) -> bool:
    """Keeps on what there is, and one file more."""
    keep = Keep.open(folder, BINDING)
    return keep.save(kept(keep) | known(ADDED), b"new", AT + 1)


def compact(folder: Path) -> bool:
    """Lets go of all but one file, so that most of the slices are garbage."""
    keep = Keep.open(folder, BINDING)
    return keep.save({"a.yaml": kept(keep)["a.yaml"]} if keep.files else {}, b"new", AT + 1)


def replace_all(folder: Path) -> bool:
    """The first save under another binding."""
    return Keep.open(folder, b"another").save(known(ADDED), b"new", AT + 1)


def failing_at(step: int, failure: Callable[[], BaseException], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """From this step on every step fails, a write after half of its bytes; answers the list of steps tried."""
    done: list[str] = []

    def wrapped(name: str) -> Callable[..., object]:
        real: Callable[..., object] = getattr(os, name)

        def call(*args: object, **others: object) -> object:
            done.append(name)
            if len(done) > step:
                if name == "pwrite" and len(done) == step + 1:
                    number, data, offset = args
                    assert isinstance(data, memoryview)
                    real(number, data[: len(data) // 2], offset)
                raise failure()
            return real(*args, **others)

        return call

    for name in STEPS:
        monkeypatch.setattr(os, name, wrapped(name))
    return done


def steps_of(work: Callable[[Path], bool], folder: Path) -> int:
    """How many steps it takes."""
    with pytest.MonkeyPatch.context() as patch:
        done = failing_at(10**9, Killed, patch)
        assert work(folder)
    return len(done)


@pytest.mark.parametrize("work", [append, compact, replace_all])
@pytest.mark.parametrize("failure", [Killed, lambda: OSError(28, "No space left on device")], ids=["killed", "full"])
def test_a_failure_at_any_step_leaves_the_old_or_the_new(
    tmp_path: Path, work: Callable[[Path], bool], failure: Callable[[], BaseException]
) -> None:
    saved(tmp_path / "done", OLD)
    steps = steps_of(work, tmp_path / "done")
    old, new = (OLD, b"settled"), whole(tmp_path / "done")
    seen = set()
    for step in range(steps):
        folder = tmp_path / f"step-{step}"
        saved(folder, OLD)
        answer: bool | None = None
        with pytest.MonkeyPatch.context() as patch:
            failing_at(step, failure, patch)
            try:
                answer = work(folder)
            except Killed:
                answer = None
        found = whole(folder)
        assert found in (old, new), f"step {step}"
        assert answer is None or found == (new if answer else old), f"step {step}"
        seen.add(found == new)
        assert work(folder) or found == new, "a failure bars the way for later"
        assert whole(folder) == new
        assert Keep.open(folder, BINDING).save(known(OLD), b"", AT)
        assert names(folder) == ALL_THERE_IS, "something is left"
    assert seen == {True, False}


def test_a_first_save_that_fails_at_any_step_leaves_nothing_that_counts(tmp_path: Path) -> None:
    def first(folder: Path) -> bool:
        return Keep.open(folder, BINDING).save(known(OLD), b"settled", AT)

    for step in range(steps_of(first, tmp_path / "done" / "keep")):
        folder = tmp_path / f"step-{step}" / "keep"
        with pytest.MonkeyPatch.context() as patch:
            failing_at(step, Killed, patch)
            with suppress(Killed):
                first(folder)
        assert whole(folder) in (({}, None), (OLD, b"settled")), f"step {step}"
        assert first(folder)
        assert whole(folder) == (OLD, b"settled")


def test_what_is_new_is_appended_and_what_was_there_stays(tmp_path: Path) -> None:
    saved(tmp_path, OLD)
    before = the(tmp_path, "slices-")
    start = before.read_bytes()
    assert append(tmp_path)
    assert the(tmp_path, "slices-") == before
    assert before.read_bytes() == start + ADDED["c.yaml"]
    assert whole(tmp_path) == (OLD | ADDED, b"new")


def test_the_stamp_and_the_digest_of_a_kept_slice_may_be_new(tmp_path: Path) -> None:
    keep = saved(tmp_path, OLD)
    item = keep.files["a.yaml"]
    assert keep.save({"a.yaml": ((9, 9, 9, 9), b"n" * 32, item)}, b"", AT)
    now = Keep.open(tmp_path, BINDING).files["a.yaml"]
    assert (now.stamp, now.digest, keep.slice(now)) == ((9, 9, 9, 9), b"n" * 32, OLD["a.yaml"])


def test_never_is_more_than_half_of_it_garbage(tmp_path: Path) -> None:
    keep = saved(tmp_path, {f"{number}": bytes([number]) * 100 for number in range(10)})
    for turn in range(60):
        name = f"{turn % 10}"
        assert keep.save(kept(keep) | known({name: bytes([turn]) * (turn % 7) * 50}), b"s" * turn, AT)
        size = the(tmp_path, "slices-").stat().st_size
        assert size <= 2 * sum(item.length for item in keep.files.values())
        assert None not in contents(keep).values()
        assert names(tmp_path) == ALL_THERE_IS


def test_what_a_failed_save_appended_does_not_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep = saved(tmp_path, OLD)
    real = os.replace
    monkeypatch.setattr(os, "replace", lambda *_, **__: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert [append(tmp_path) for _ in range(5)] == [False] * 5
    assert the(tmp_path, "slices-").stat().st_size == sum(map(len, (OLD | ADDED).values()))
    monkeypatch.setattr(os, "replace", real)
    assert keep.save(kept(keep), b"", AT)
    assert the(tmp_path, "slices-").stat().st_size == sum(map(len, OLD.values()))


def test_a_damaged_slice_is_left_out_when_slices_are_moved(tmp_path: Path) -> None:
    keep = saved(tmp_path, OLD | {"z": b"z" * 2000})
    with the(tmp_path, "slices-").open("r+b") as file:
        file.write(b"x")
    assert keep.save({path: kept(keep)[path] for path in OLD}, b"", AT)
    assert contents(Keep.open(tmp_path, BINDING)) == {"b.yaml": OLD["b.yaml"]}


def test_a_slice_of_another_keep_is_left_out(tmp_path: Path) -> None:
    keep = saved(tmp_path, OLD)
    item = keep.files["a.yaml"]
    strange = {
        "beyond": item._replace(offset=10**6),
        "negative": item._replace(offset=-1),
        "over the end": item._replace(offset=200, length=100),
    }
    assert keep.save(kept(keep) | {path: (one.stamp, one.digest, one) for path, one in strange.items()}, b"", AT)
    assert contents(Keep.open(tmp_path, BINDING)) == OLD


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"../a": ((1, 1, 1, 1), b"d" * 32, b"")}, id="a path that leads up"),
        pytest.param({"a\0b": ((1, 1, 1, 1), b"d" * 32, b"")}, id="a path that is two"),
        pytest.param({"a": ((-1, 1, 1, 1), b"d" * 32, b"")}, id="a negative size"),
        pytest.param({"a": ((1, 2**70, 1, 1), b"d" * 32, b"")}, id="a time out of all bounds"),
        pytest.param({"a": ((1, 1, 1, 1), b"short", b"")}, id="a digest of another kind"),
        pytest.param({"a": ((1, 1, 1, 1), b"d" * 32, Kept((1, 1, 1, 1), b"", 0, -1, b""))}, id="a negative length"),
    ],
)
def test_what_is_nothing_of_a_file_is_not_saved_and_harms_nothing(tmp_path: Path, files: dict[str, Known]) -> None:
    keep = saved(tmp_path, OLD)
    assert not keep.save(kept(keep) | files, b"new", AT)
    assert whole(tmp_path) == (OLD, b"settled")
    assert names(tmp_path) == ALL_THERE_IS


def test_what_is_too_large_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "LARGEST_SLICE", 50)
    monkeypatch.setattr(saving, "LARGEST_SETTLED", 10)
    keep = Keep.open(tmp_path, BINDING)
    assert keep.save(known({"large": b"x" * 51, "fits": b"x" * 50}), b"s" * 10, AT)
    assert contents(keep).keys() == {"fits"}
    assert not keep.save(kept(keep), b"s" * 11, AT)
    assert keep.settled == b""  # nobody could tell what was settled by the file that is left out


def test_while_another_saves_nothing_is_saved(tmp_path: Path) -> None:
    saved(tmp_path, OLD)
    with folders.locked(folders.opened(tmp_path)):
        assert not append(tmp_path)
    assert whole(tmp_path) == (OLD, b"settled")
    assert append(tmp_path)


def test_what_another_saved_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    saved(tmp_path, OLD)
    mine, other = Keep.open(tmp_path, BINDING), Keep.open(tmp_path, BINDING)
    mine_first, others_first = kept(mine), kept(other)
    assert other.save(others_first | known(ADDED), b"other", AT)
    assert not mine.save(mine_first, b"mine", AT)
    assert whole(tmp_path) == (OLD | ADDED, b"other")


def test_who_reads_while_slices_are_moved_finds_them_or_nothing(tmp_path: Path) -> None:
    saved(tmp_path, OLD)
    begun, waiting = Keep.open(tmp_path, BINDING), Keep.open(tmp_path, BINDING)
    assert begun.slice(begun.files["a.yaml"]) == OLD["a.yaml"]
    assert list(waiting.files) == list(OLD)
    assert compact(tmp_path)
    assert contents(begun) == OLD
    assert contents(waiting) == dict.fromkeys(OLD)


SAVER = """
import sys
from pathlib import Path
from reconciler.keep.shelf import Keep
from tests.keep.shelves import AT, BINDING, kept, known
who = sys.argv[2]
done = 0
for turn in range(150):
    keep = Keep.open(Path(sys.argv[1]), BINDING)
    fresh = {f"{who}-{number}": f"{who} {turn} {number} ".encode() * (turn % 5 * 40) for number in range(turn % 4)}
    held = {} if turn % 10 == 9 else kept(keep)
    done += keep.save(held | known(fresh), f"{who} {turn}".encode(), AT)
print(done)
"""


def test_many_that_save_at_once_corrupt_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "keep"
    command = [sys.executable, "-c", SAVER, str(folder)]
    savers = [
        subprocess.Popen([*command, who], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) for who in ("one", "two")
    ]
    looks = 0
    while any(saver.poll() is None for saver in savers):
        contents(Keep.open(folder, BINDING))  # which fails where a slice is another's
        looks += 1
    done = [int(saver.communicate()[0]) for saver in savers]
    assert [saver.returncode for saver in savers] == [0, 0]
    assert looks > 0
    assert sum(done) > 10, "each got in the other's way too often to tell"
    assert names(folder) == ALL_THERE_IS
    keep = Keep.open(folder, BINDING)
    assert None not in contents(keep).values()
    assert keep.settled in (
        b"one 149",
        b"two 149",
        *(f"{who} {turn}".encode() for who in ("one", "two") for turn in range(149)),
    )


@pytest.mark.parametrize("blocked", ["file", "file/below"])
def test_where_no_folder_can_be_nothing_is_saved(tmp_path: Path, blocked: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    keep = Keep.open(tmp_path / blocked, BINDING)
    assert not keep.save(known(OLD), b"", AT)
    assert not keep.keep_outcome(b"key", b"data")
    assert dict(keep.files) == {}


def test_a_folder_that_holds_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "index").write_bytes(b"of a library")
    assert not Keep.open(tmp_path, BINDING).save(known(OLD), b"", AT)
    assert [path.name for path in tmp_path.iterdir()] == ["index"]
