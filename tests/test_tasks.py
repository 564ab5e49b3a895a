"""A task is what its token says, wherever that is read; a note says on what an outcome stands."""

from __future__ import annotations

from datetime import date

import pytest

from reconciler.tasks import (
    AGREEMENT,
    OPTIONS,
    Task,
    belied_by,
    confirmed_by,
    on_word_alone,
    said_done,
    task_of,
    token_of,
)

FULL = Task(("Open it.", "Save."), date(2027, 2, 28), "it@contoso.example", "ada", "c0ffee1", "moved")


@pytest.mark.parametrize("task", [FULL, Task(())], ids=["all said", "nothing but that there is one"])
def test_a_token_is_read_back_as_the_task_that_it_was_made_of(task: Task) -> None:
    assert task_of(token_of(task)) == task


@pytest.mark.parametrize("token", ["", "[]", "{}", "7", '{"steps": 7, "deadline": null}', '{"deadline": "x"}'])
def test_what_is_no_task_is_a_value_error(token: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        task_of(token)


def test_the_option_tells_every_agreement_there_is() -> None:
    assert OPTIONS[AGREEMENT] == (
        "manual: whose pages the steps of a task describe: portal, microsoft-customer-agreement, "
        "microsoft-online-services, microsoft-enterprise or reseller"
    )


def test_a_note_tells_a_word_from_what_an_export_showed() -> None:
    day = date(2026, 11, 23)
    assert said_done(day, None) == "done by hand on 2026-11-23"
    assert said_done(day, "TICKET-7") == "done by hand on 2026-11-23; evidence: TICKET-7"
    assert on_word_alone(said_done(day, "TICKET-7"))
    belied = belied_by("estate.csv", said_done(day, None))
    assert belied == "estate.csv shows it as it was before it was done by hand on 2026-11-23"
    assert not any(map(on_word_alone, (None, confirmed_by("estate.csv"), belied)))
