"""Work shared out to processes: their messages as they come, and what becomes of one that dies."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import count

import pytest

from reconciler.sharing import shared_out


def by_task(messages: Iterable[tuple[int, bytes | None]]) -> dict[int, list[bytes | None]]:
    """The messages of each."""
    found: dict[int, list[bytes | None]] = {}
    for number, message in messages:
        found.setdefault(number, []).append(message)
    return found


def say(*words: bytes) -> Iterator[bytes]:
    yield from words


def own_id() -> Iterator[bytes]:
    yield str(os.getpid()).encode()


def die(by: signal.Signals) -> Iterator[bytes]:
    yield b"one word"
    os.kill(os.getpid(), by)
    yield b"never said"


def fail() -> Iterator[bytes]:
    yield b"one word"
    os.close(2)  # nobody is to read the traceback
    raise RuntimeError("a bug of ours")


def without_end() -> Iterator[bytes]:
    return (str(number).encode() for number in count(1))


def left_behind() -> list[object]:
    """Processes that are still there."""
    return list(multiprocessing.active_children())


def test_each_message_comes_with_the_number_of_its_task_in_order() -> None:
    found = by_task(shared_out([partial(say, b"a", b"b"), partial(say), partial(say, b"c" * 200_000)]))
    assert found == {0: [b"a", b"b", None], 1: [None], 2: [b"c" * 200_000, None]}
    assert left_behind() == []


def test_without_a_task_there_is_no_message() -> None:
    assert list(shared_out([])) == []


def test_each_task_has_a_process_of_its_own() -> None:
    found = by_task(shared_out([own_id, own_id]))
    ids = {message for messages in found.values() for message in messages if message is not None}
    assert len(ids | {str(os.getpid()).encode()}) == 3


@pytest.mark.parametrize(
    "dies",
    [
        pytest.param(partial(die, signal.SIGKILL), id="killed, as for want of memory"),
        pytest.param(partial(die, signal.SIGTERM), id="told to end"),
        pytest.param(fail, id="an error of its own"),
    ],
)
def test_a_task_whose_process_dies_is_never_done_and_the_others_are(dies: Callable[[], Iterator[bytes]]) -> None:
    found = by_task(shared_out([dies, partial(say, b"a", b"b")]))
    assert found == {0: [b"one word"], 1: [b"a", b"b", None]}
    assert left_behind() == []


def test_whoever_stops_listening_ends_all_of_them() -> None:
    messages = shared_out([without_end, without_end])
    assert next(iter(messages))[1] == b"1"
    messages.close()  # type: ignore[attr-defined]  # a generator, of which only the iterator is promised
    assert left_behind() == []


def test_an_interrupt_is_for_whoever_asked() -> None:
    def interrupted() -> Iterator[bytes]:
        os.kill(os.getpid(), signal.SIGINT)
        yield b"still there"

    assert by_task(shared_out([interrupted])) == {0: [b"still there", None]}


def test_what_was_made_before_is_seen_and_what_is_made_there_is_not() -> None:
    seen = ["before"]

    def look() -> Iterator[bytes]:
        seen.append("there")
        yield " ".join(seen).encode()

    assert by_task(shared_out([look]))[0][0] == b"before there"
    assert seen == ["before"]


def test_the_collector_is_as_it_was() -> None:
    frozen = gc.get_freeze_count()
    list(shared_out([own_id]))
    assert gc.isenabled()
    assert gc.get_freeze_count() <= frozen
