"""Tables for whoever decides: when it ends, what it costs, until when it can be undone; and what time brings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.changes import Change, Kind, Risk
from reconciler.consequences import Impact
from reconciler.undoing import Undo
from reconciler.views.budget import Block
from reconciler.views.markdown_changes import Tables, due_blocks, elapsed_blocks, scheduled_blocks, sums_block
from reconciler.views.words import DONE, VERBS, unmarked
from tests.builders import a_change
from tests.views.cases import NOW, a_plan, cancel_now, one_of_each, real_names, timed, turn_off

NAMES = real_names()
PLANNED = Tables(NAMES, VERBS, NOW, unmarked)
PLACE = "<code>specs/contoso/licences.yaml:22:16</code>"


def undoing(_: Change) -> Undo:
    """What a person does who wants it back."""
    return Undo(possible=True, how="write `recurring: on`", later="then nothing")


def lines(blocks: Sequence[Block]) -> list[str]:
    """All that the blocks hold."""
    return [line for block in blocks for line in (*block.head, *map(block.row, range(block.count)), *block.tail)]


def rows(blocks: Sequence[Block]) -> list[list[str]]:
    """The cells of every row, headings included."""
    return [line[2:-2].split(" | ") for line in lines(blocks) if line.startswith("| ") and "---" not in line]


def test_what_a_manager_asks_has_a_column_each() -> None:
    heading, row = rows(PLANNED.blocks([turn_off()]))
    assert dict(zip(heading, row, strict=True)) == {
        "change": "**turn off**",
        "subscription": "<code>contoso/visio-plan-2</code><br>Visio Plan 2",
        "when": "last day 29 Nov 2026, then 30 days expired<br>access ends 30 Dec 2026 00:00 UTC",
        "money": "saves 13.10 EUR a month",
        "data deleted": "30 Mar 2027",
        "can be undone until": "30 Nov 2026 00:00 UTC",
        "why": f"team moved to another tool<br>{PLACE}",
    }


def test_of_what_was_made_the_way_back_has_the_column() -> None:
    heading, row = rows(Tables(NAMES, DONE, NOW, unmarked, undoing).blocks([turn_off()]))
    found = dict(zip(heading, row, strict=True))
    assert found["how to undo it"] == "write <code>recurring: on</code><br>then nothing"
    assert (found["change"], "can be undone until" in found) == ("**turned off**", False)


def test_bookkeeping_has_what_changes() -> None:
    heading, row = rows(PLANNED.blocks([a_change(Kind.UPDATE, before={"seats": 1}, after={"seats": 2})]))
    assert heading == ["change", "subscription", "what changes", "why"]
    assert row[2] == "seats 1 -&gt; 2"
    heading, row = rows(Tables(NAMES, DONE, NOW, unmarked, undoing).blocks([a_change(Kind.UPDATE)]))
    assert (heading[3], row[3]) == ("how to undo it", "write <code>recurring: on</code><br>then nothing")


def test_every_row_has_the_cells_of_its_heading() -> None:
    for tables in (PLANNED, replace(PLANNED, undoing=undoing)):
        for block in tables.blocks(one_of_each()):
            if block.head[-1].startswith("| "):
                assert {line.count(" | ") for line in lines([block]) if line.startswith("| ")} == {
                    block.head[-1].count(" | ")
                }


def test_what_is_not_known_is_said_in_its_cell() -> None:
    impact = Impact(unknown=("data_deleted",))
    row = rows(PLANNED.blocks([turn_off(impact=impact)]))[1]
    assert row[4:6] == ["not known", "not known"]
    assert rows(PLANNED.blocks([turn_off(impact=None, risk=Risk.REVERSIBLE)]))[1][4:6] == ["", "at any time"]
    assert rows(PLANNED.blocks([cancel_now()]))[1][5] == "never"


def test_a_note_is_said_once_for_all_that_it_holds_for() -> None:
    impact = Impact(side_effects=("A | b.", "c"))
    changes = [turn_off(f"contoso/a{number}", impact=impact) for number in range(5)]
    found = lines(PLANNED.blocks([*changes, cancel_now(impact=Impact(unknown=("refund", "data_deleted")))]))
    keys = "(<code>contoso/a0</code>, <code>contoso/a1</code>, <code>contoso/a2</code> and 2 more)"
    assert found[found.index("#### Notes") :] == [
        "#### Notes",
        "",
        f"- A &#124; b. {keys}",
        f"- c. {keys}",
        "- not known: the refund; when data is deleted (<code>contoso/copilot-duplicate</code>)",
    ]
    assert lines(PLANNED.blocks([turn_off()]))[-1].startswith("| **turn off**")


def test_the_sums_stand_below_the_changes() -> None:
    (line,) = lines(sums_block(a_plan(turn_off(), **timed())))
    assert line.startswith("Avoided: 6180.00 EUR and 120.00 USD for one term of each; ")
    assert line.endswith("<br>The first of these can no longer be undone from 30 Nov 2026 00:00 UTC on.")
    assert sums_block(a_plan()) == []


def test_what_time_did_is_folded() -> None:
    found = lines(elapsed_blocks(timed()["elapsed"]))
    assert found[0] == "<details><summary>Elapsed: 12 renewed, 1 expired, 1 disabled (3)</summary>"
    assert "| <code>contoso/exchange</code> | renewed 11 times, last 1 Nov 2026 |" in found
    assert elapsed_blocks(()) == []


def test_dated_intents_have_a_table() -> None:
    heading, first, second = rows(scheduled_blocks(a_plan(**timed()), NAMES))
    assert heading[:3] == ["on", "change", "subscription"]
    assert first[:4] == [
        "1 Feb 2027",
        "cancel at renewal",
        "<code>contoso/power-bi</code><br>Power BI Pro",
        "<code>cancel: at-renewal</code>",
    ]
    assert first[4].split("<br>")[0] == "last day 13 Feb 2027, then users lose access"
    assert first[4].split("<br>")[-1].startswith("instead of: ")
    assert second[1:5] == [
        "no change",
        "<code>contoso/teams</code>",
        "<code>recurring: on</code>, which it will be already",
        "",
    ]


def test_renewals_that_nobody_decided_have_a_table() -> None:
    assert rows(due_blocks(timed()["due"], NAMES))[1:] == [
        [
            "14 Dec 2026",
            "<code>contoso/business-premium</code><br>Microsoft 365 Business Premium",
            "a year",
            "6180.00 EUR",
            "it<span>@</span>contoso.example",
            "<code>specs/contoso/licences.yaml:90:5</code>",
        ],
        [
            "20 Dec 2026",
            "<code>contoso/sentinel</code><br>Microsoft 365 Business Premium",
            "a year",
            "120.00 USD (last charge)",
            "",
            "<code>specs/contoso/licences.yaml:90:5</code>",
        ],
        [
            "22 Dec 2026",
            "<code>contoso/old-thing</code><br>Microsoft 365 Business Premium",
            "a year",
            "not known",
            "",
            "no",
        ],
    ]
