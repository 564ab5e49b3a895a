"""The garbage collector rests for a while, and is then as it was."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from reconciler.spec.collector import at_rest


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    yield
    gc.enable()


def test_it_is_off_within_and_on_again_behind() -> None:
    with at_rest():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_stays_off_where_it_was_off() -> None:
    gc.disable()
    with at_rest():
        assert not gc.isenabled()
    assert not gc.isenabled()


def test_it_is_on_again_after_an_exception() -> None:
    with pytest.raises(ValueError, match="within"), at_rest():
        raise ValueError("within")
    assert gc.isenabled()
