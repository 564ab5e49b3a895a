"""The list that people work off: the exact clicks, the overdue ones first, and nothing in it that is done."""

from __future__ import annotations

import csv
from datetime import date

import orjson

from reconciler.changes import Kind
from reconciler.views.budget import size
from reconciler.views.tasks import in_turn, task_phrases, tasks_csv, tasks_json, tasks_markdown, tasks_text
from tests.views.cases import HOSTILE, NOW, real_names
from tests.views.outside_cases import a_task

TODAY = NOW.date()
LATE = a_task("kiosk/project", deadline=date(2026, 11, 20), kind=Kind.CANCEL_NOW, product="")
BARE = a_task(
    "kiosk/word", withdrawn=True, deadline=None, owner=None, asked_by="", commit=None, reason=None, source=None
)
ROWS = (BARE, a_task(), LATE)


def test_the_overdue_ones_come_first_and_those_without_a_deadline_last() -> None:
    assert [str(row.intent.key) for row in in_turn(ROWS)] == ["kiosk/project", "kiosk/visio", "kiosk/word"]
    same = [a_task("kiosk/b"), a_task("kiosk/a")]
    assert [str(row.intent.key) for row in in_turn(same)] == ["kiosk/a", "kiosk/b"]


def test_a_task_is_overdue_only_after_its_last_day() -> None:
    assert not a_task(deadline=TODAY).overdue(TODAY)
    assert a_task(deadline=TODAY).overdue(date(2026, 11, 24))
    assert not a_task(deadline=None).overdue(TODAY)


def test_people_are_told_the_clicks_who_asked_and_why() -> None:
    assert tasks_text(ROWS, real_names(), today=TODAY) == (
        "! cancel now    kiosk/project\n"
        "      overdue since 21 Nov 2026; owner it@contoso.example; asked 2 Nov 2026 by ada; decided in 4f0c1a2b\n"
        "      1. Sign in at admin.microsoft.com\n"
        "      2. Open Billing > Your products\n"
        "      3. Set `Recurring billing` to Off\n"
        "      why: team moved to another tool    specs/contoso/licences.yaml:22:5\n"
        "\n"
        "- turn off      kiosk/visio      Visio Plan 2\n"
        "      deadline 29 Nov 2026; owner it@contoso.example; asked 2 Nov 2026 by ada; decided in 4f0c1a2b\n"
        "      1. Sign in at admin.microsoft.com\n"
        "      2. Open Billing > Your products\n"
        "      3. Set `Recurring billing` to Off\n"
        "      why: team moved to another tool    specs/contoso/licences.yaml:22:5\n"
        "\n"
        "- turn off      kiosk/word       Visio Plan 2\n"
        "      withdrawn: the specs do not ask for it any more; leave it, an apply takes it back; asked 2 Nov 2026\n"
        "      1. Sign in at admin.microsoft.com\n"
        "      2. Open Billing > Your products\n"
        "      3. Set `Recurring billing` to Off\n"
        "      why: not recorded\n"
        "\n"
        "3 tasks, 1 overdue. When one is done: reconcile done KEY --evidence TEXT\n"
    )


def test_no_task_is_said_to_be_none() -> None:
    assert tasks_text((), real_names(), today=TODAY) == "No tasks: nobody is asked to do anything by hand.\n"
    assert tasks_markdown((), real_names(), today=TODAY) == (
        "### Tasks\n\n**No tasks: nobody is asked to do anything by hand.**\n"
    )


def test_the_tasks_own_reason_goes_before_that_of_the_intent() -> None:
    assert a_task(why="by hand").reason == "by hand"
    assert a_task().reason == "team moved to another tool"


def test_markdown_has_boxes_to_check_with_the_clicks_below() -> None:
    lines = tasks_markdown(ROWS, real_names(), today=TODAY).splitlines()
    assert lines[2] == (
        "- [ ] **cancel now** <code>kiosk/project</code><br>**overdue since 21 Nov 2026**; "
        "owner it<span>@</span>contoso.example; asked 2 Nov 2026 by ada; decided in 4f0c1a2b<br>"
        "team moved to another tool<br><code>specs/contoso/licences.yaml:22:5</code>"
    )
    assert lines[3:6] == [
        "  1. Sign in at admin.microsoft.com",
        "  2. Open Billing &gt; Your products",
        "  3. Set <code>Recurring billing</code> to Off",
    ]
    assert lines[6].startswith("- [ ] **turn off** <code>kiosk/visio</code> Visio Plan 2<br>deadline 29 Nov 2026; ")
    assert sum(line.startswith("- [ ]") for line in lines) == 3
    assert "- [x]" not in "".join(lines)


def test_markdown_fits_into_a_comment_and_counts_what_does_not() -> None:
    many = [a_task(f"kiosk/task-{number:04}") for number in range(2000)]
    text = tasks_markdown(many, real_names(), today=TODAY)
    assert size(text) <= 65_000
    assert "more; see the job's full output" in text
    assert text.endswith("**2,000 tasks. When one is done: reconcile done KEY --evidence TEXT**\n")


def test_a_spreadsheet_has_a_row_for_each_task() -> None:
    found = list(csv.DictReader(tasks_csv(ROWS, real_names(), today=TODAY)))
    assert [row["subscription"] for row in found] == ["kiosk/project", "kiosk/visio", "kiosk/word"]
    assert found[0] == {
        "subscription": "kiosk/project",
        "change": "cancel-now",
        "product": "",
        "product_name": "",
        "id": "visio-1",
        "deadline": "2026-11-20",
        "overdue": "true",
        "withdrawn": "false",
        "owner": "it@contoso.example",
        "reason": "team moved to another tool",
        "asked_on": "2026-11-02",
        "asked_by": "ada",
        "commit": "4f0c1a2b",
        "steps": "1. Sign in at admin.microsoft.com 2. Open Billing > Your products 3. Set `Recurring billing` to Off",
    }
    assert (found[2]["deadline"], found[2]["withdrawn"], found[2]["commit"]) == ("", "true", "")


def test_the_document_has_all_there_is() -> None:
    document = orjson.loads(tasks_json(ROWS, real_names(), as_of=NOW))
    assert (document["command"], document["as_of"]) == ("tasks", "2026-11-23T00:00:00Z")
    late, task, bare = document["tasks"]
    assert task == {
        "subscription": "kiosk/visio",
        "kind": "turn-off-recurring",
        "external_id": "visio-1",
        "product": "VISIOCLIENT",
        "product_name": "Visio Plan 2",
        "before": {"recurring": "on"},
        "after": {"recurring": "off"},
        "steps": ["Sign in at admin.microsoft.com", "Open Billing > Your products", "Set `Recurring billing` to Off"],
        "deadline": "2026-11-29",
        "overdue": False,
        "withdrawn": False,
        "owner": "it@contoso.example",
        "reason": "team moved to another tool",
        "asked_at": "2026-11-02T08:30:00Z",
        "asked_by": "ada",
        "commit": "4f0c1a2b",
        "run": "run-1",
        "source": {"file": "specs/contoso/licences.yaml", "line": 22, "column": 5},
    }
    assert (late["overdue"], late["product_name"], late["deadline"]) == (True, None, "2026-11-20")
    assert (bare["withdrawn"], bare["deadline"], bare["source"], bare["owner"]) == (True, None, None, None)


def test_nothing_that_a_task_says_can_format_hide_or_command() -> None:
    row = a_task(steps=(HOSTILE, "::error::x"), owner=HOSTILE, asked_by=HOSTILE, commit=HOSTILE, why=HOSTILE)
    for text in (tasks_text([row], real_names(), today=TODAY), tasks_markdown([row], real_names(), today=TODAY)):
        assert not any(char in text for char in "\x1b\x07\u202e\u200b")
        assert "##[" not in text
        assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    marked = tasks_markdown([row], real_names(), today=TODAY)
    assert "<script>" not in marked
    assert "@everyone" not in marked
    assert "](https" not in marked
    formula = a_task(owner="=HYPERLINK(1)")
    assert "'=HYPERLINK(1)" in "".join(tasks_csv([formula], real_names(), today=TODAY))


def test_a_long_line_of_phrases_goes_on_in_the_next() -> None:
    row = a_task(asked_by="the nightly run of the billing team's own pipeline", owner="licences@contoso.example")
    assert len("; ".join(task_phrases(row, TODAY))) > 114
    lines = tasks_text([row], real_names(), today=TODAY).splitlines()
    assert lines[1].endswith(";")
    assert lines[2].startswith("        ")
