"""How a change that was made can be taken back, in words."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from reconciler.undoing import Undo
from reconciler.views.undo_words import by_no_policy, undo_command, undo_phrases
from tests.views.cases import cancel_now, one_of_each, turn_off

UNTIL = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("undo", "phrases"),
    [
        pytest.param(Undo(possible=True, how="write it"), ["write it"], id="at any time"),
        pytest.param(
            Undo(
                possible=True,
                how="write it",
                until=UNTIL,
                keys={"recurring": "on"},
                later="after that write more",
                later_until=date(2027, 3, 30),
            ),
            ["write it, until 30 Nov 2026 00:00 UTC", "after that write more (before 30 Mar 2027)"],
            id="for some time, and afterwards otherwise",
        ),
        pytest.param(
            Undo(possible=True, how="write it", later="after that who knows"),
            ["write it", "after that who knows"],
            id="afterwards without a date",
        ),
        pytest.param(Undo(possible=False, how="it is final"), ["not possible: it is final"], id="not at all"),
        pytest.param(
            Undo(possible=False, how="write it", facts={"seats": 3}), ["only in part: write it"], id="facts alone"
        ),
        pytest.param(
            Undo(possible=False, how="write it", keys={"owner": "it"}), ["only in part: write it"], id="keys alone"
        ),
    ],
)
def test_how_it_is_undone_is_told(undo: Undo, phrases: list[str]) -> None:
    assert undo_phrases(undo) == phrases


def test_without_a_policy_what_comes_after_the_term_is_not_known() -> None:
    assert undo_phrases(by_no_policy(turn_off())) == [
        "write `recurring: on` among its own keys, until 30 Nov 2026 00:00 UTC",
        "whether anything brings it back after that is not known",
    ]
    assert undo_phrases(by_no_policy(cancel_now()))[0].startswith("not possible: ")


def test_every_verb_can_be_asked() -> None:
    assert all(undo_phrases(by_no_policy(change)) for change in one_of_each())


def test_the_command_names_the_run() -> None:
    assert undo_command("run-1").endswith("reconcile undo run-1")
    assert undo_command(None) == ""
