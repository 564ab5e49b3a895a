"""What lies with others in a comment: pending and held before what is only listed, and many in a few lines."""

from __future__ import annotations

from reconciler.changes import Listed
from reconciler.views.budget import Block
from reconciler.views.markdown import plan_markdown
from reconciler.views.markdown_outside import drift_blocks, listed_row, outside_blocks
from tests.views.cases import NOW, a_plan, at, cases, key, real_names
from tests.views.outside_cases import DRIFT, outside_plan, seen


def lines(blocks: list[Block]) -> list[str]:
    """Every line of the blocks, none left out."""
    return [
        line
        for block in blocks
        for line in (*block.head, *(block.row(index) for index in range(block.count)), *block.tail)
    ]


def test_what_waits_for_somebody_is_not_folded_away() -> None:
    found = lines(outside_blocks(outside_plan(), real_names()))
    assert [line for line in found if line.startswith("####")] == [
        "#### Held: changed outside, a person decides (2)",
        "#### Pending: begun and not done; 1 overdue (4)",
        "#### Observed",
    ]
    assert not any("details" in line for line in found)


def test_what_is_overdue_comes_first_and_stands_out() -> None:
    found = lines(outside_blocks(outside_plan(), real_names()))
    rows = [line for line in found if "begun 2 Nov 2026" in line]
    assert rows[0] == (
        "| cancel now | <code>kiosk/project</code><br>Visio Plan 2 | **overdue since 21 Nov 2026**<br>"
        "begun 2 Nov 2026<br>owner it<span>@</span>contoso.example | turn-off-recurring by hand | "
        "once it is done: reconcile done kiosk/project<br><code>specs/contoso/licences.yaml:22:5</code> |"
    )
    assert not any("**" in row for row in rows[1:])


def test_trouble_with_an_account_stands_out() -> None:
    found = lines(outside_blocks(outside_plan(), real_names()))
    assert found[found.index("#### Observed") + 2 :] == [
        "- **<code>fabrikam</code>**: could not be read: sign-in-failed: the secret has expired; last observed 2 d ago",
        (
            "- <code>stripe-us</code>: 12 subscriptions are declared by no file: "
            "reconcile import --account stripe-us --from-provider"
        ),
        "- <code>stripe-eu</code>: observed 6 h ago",
        "- <code>1 other account</code>: observed just now",
    ]


def test_accounts_as_of_now_take_a_line_and_none_takes_nothing() -> None:
    assert lines(outside_blocks(a_plan(sightings=(seen("a"),)), real_names())) == ["Observed 1 account just now."]
    assert outside_blocks(a_plan(), real_names()) == []


def test_drift_has_a_row_for_each_subscription_and_is_folded() -> None:
    assert lines(drift_blocks(DRIFT))[4:] == [
        "| <code>contoso/teams</code> | recurring: stored on, live off<br>seats: stored 25, live 30 |",
        "| <code>contoso/word</code> | recurring: stored off, live on |",
        "",
        "</details>",
    ]
    assert drift_blocks(()) == []


def test_a_listed_subscription_says_what_is_and_what_changes_it() -> None:
    item = Listed(key("contoso/teams"), "`recurring` went off", "accept it", at(3), "TEAMS1")
    assert listed_row(item, real_names()) == (
        "| <code>contoso/teams</code> | TEAMS1 | <code>recurring</code> went off | "
        "accept it<br><code>specs/contoso/licences.yaml:3:5</code> |"
    )


def test_what_was_begun_is_not_done_yet_in_a_comment() -> None:
    case = cases()["outside-applied"]
    comment = plan_markdown(case.plan, case.verdict, case.names, case.report)
    assert "#### Not done (1)" in comment
    assert (
        "| **failed** | turn off | <code>contoso/visio-plan-3</code> | Visio Plan 2 | busy: another change" in comment
    )
    assert "#### Not done yet: task issued (1)" in comment
    assert "#### Not done yet: under way (1)" in comment
    assert "| turn off | <code>contoso/visio-plan-2</code> | Visio Plan 2 | asked 3 times, for 40 s |" in comment
    assert "- note: settled by reading: the answer was lost (<code>contoso/copilot-duplicate</code>)" in comment
    assert comment.count("kiosk/visio") == 1
    assert "what time and others did" in comment


def test_thousands_of_accounts_take_a_few_rows() -> None:
    case = cases()["outside-many"]
    comment = plan_markdown(case.plan, case.verdict, case.names)
    assert "- <code>7,000 accounts</code>: observed before; the oldest 12 h ago (customer-6999)" in comment
    assert len(comment.encode()) <= 65_000
    assert case.plan.as_of == NOW
