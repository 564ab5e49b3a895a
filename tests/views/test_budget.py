"""Blocks that share a limited room: whole rows, a few of each, and never more than there is room for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.views.budget import Block, block, fitted, size


def rows(name: str, count: int) -> Block:
    """A block of short rows."""
    return Block((f"# {name}",), ("--",), count, lambda index: f"{name} {index}")


def test_what_fits_is_shown_whole() -> None:
    assert fitted([block(["head"], ["a", "b"]), rows("c", 1)], 1000) == ["", "head", "a", "b", "", "# c", "c 0", "--"]


def test_every_block_shows_a_few_rows_before_the_first_shows_more() -> None:
    lines = fitted([rows("a", 900), rows("b", 900)], 200)
    shown = {name: sum(line.startswith(f"{name} ") for line in lines) for name in "ab"}
    assert shown["b"] >= 5
    assert shown["a"] > shown["b"]
    assert f"… and {900 - shown['a']} more; see the job's full output" in lines


def test_a_row_that_is_too_long_leaves_room_for_the_other_blocks() -> None:
    lines = fitted([block(["head"], ["x" * 500, "y"]), rows("b", 2)], 300)
    assert "… and 2 more; see the job's full output" in lines
    assert "b 1" in lines


def test_rows_that_are_not_shown_are_not_made() -> None:
    made = []

    def row(index: int) -> str:
        made.append(index)
        return "x" * 50

    fitted([Block((), (), 1_000_000, row)], 500)
    assert len(made) < 20


@given(st.lists(st.lists(st.text(max_size=20), max_size=9), max_size=4), st.integers(0, 2000))
def test_the_room_is_kept(texts: list[list[str]], spare: int) -> None:
    blocks = [block(["head"], [text.replace("\n", " ") for text in rows]) for rows in texts]
    room = sum(item.frame for item in blocks) + spare
    lines = fitted(blocks, room)
    assert size(*lines) <= room
    missing = sum(int(line.split()[2].replace(",", "")) for line in lines if line.endswith("see the job's full output"))
    assert len(lines) >= sum(map(len, texts)) - missing
