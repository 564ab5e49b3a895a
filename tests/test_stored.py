"""What the store holds, as planning sees it."""

from __future__ import annotations

from reconciler.stored import NOTHING_SETTLED, Settled, StoredState


def test_a_branch_is_another_one_for_each_lineage_and_each_last_run() -> None:
    found = {
        StoredState(lineage=lineage, last_run=run).branch for lineage in ("a", "b", None) for run in ("1", "2", None)
    }
    assert len(found) == 9


def test_which_run_was_last_is_no_part_of_what_is_stored() -> None:
    assert StoredState(lineage="a", last_run="1") == StoredState(lineage="a", last_run="2")


def test_unless_told_nothing_is_settled() -> None:
    assert StoredState().settled == NOTHING_SETTLED == Settled({}, {}, ())
