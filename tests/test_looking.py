"""One turn of a worker at a look: what it began with, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest

from reconciler.errors import Interrupted, StoreError
from reconciler.looking import look_at
from reconciler.looks import Look, TakenLook
from reconciler.observed import ObservedAccount
from reconciler.queueing import ShardBook
from reconciler.settings import AccountSettings
from tests.builders import NOW

TAKEN = TakenLook(7, 2, Look(AccountSettings("shop", provider="stripe"), frozenset()))
FOUND = ObservedAccount("shop", NOW + timedelta(seconds=90))


@dataclass
class Book:
    """Writes down what is said to it."""

    lost: bool = False
    log: list[Any] = field(default_factory=list)

    def end_look(self, *words: Any) -> None:
        if self.lost:
            raise StoreError("lease-lost", "another worker has it", "")
        self.log.append(words)

    def give_back(self, taken: TakenLook, *, sent: bool) -> None:
        self.log.append(("back", taken, sent))


def turn(book: Book, *, halted: bool = False) -> float | None:
    def see(look: Look, stop: Callable[[], bool]) -> ObservedAccount:
        assert look == TAKEN.look
        if stop():
            raise Interrupted("interrupted", "asked to stop")
        return FOUND

    return look_at(TAKEN, cast("ShardBook", book), see, lambda: halted, lambda: NOW)


def test_what_was_seen_is_kept_with_when_the_look_began() -> None:
    book = Book()
    assert turn(book) is None
    assert book.log == [(TAKEN, FOUND, NOW - timedelta(microseconds=1))]


def test_one_that_is_to_stop_gives_the_look_back_and_keeps_nothing() -> None:
    book = Book()
    assert turn(book, halted=True) == 0.0
    assert book.log == [("back", TAKEN, False)]


def test_one_that_has_lost_the_look_is_refused() -> None:
    with pytest.raises(StoreError) as refused:
        turn(Book(lost=True))
    assert refused.value.code == "lease-lost"
