"""The pull-request comment: never too long, never cut within a row, and nothing in it but what we put there."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from reconciler.changes import Kind, Refusal
from reconciler.diagnostics import Location, error, warning
from reconciler.plan import Verdict
from reconciler.views.markdown import BUDGET, MARKER, failure_markdown, plan_markdown, preformatted
from tests.builders import a_change
from tests.views.cases import HOSTILE, Case, a_plan, blocked, cancel_now, cases, key, real_names, turn_off
from tests.views.outside_cases import unread

NAMES = real_names()
OURS = {
    "h3",
    "h4",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "strong",
    "code",
    "br",
    "details",
    "summary",
    "p",
    "ul",
}
OURS |= {"li", "blockquote", "span"}


class Tags(HTMLParser):
    """Every tag and attribute of a page, with a check that what opens also closes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def rendered(comment: str) -> Tags:
    """The comment as a host would render it."""
    return Tags(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(comment))


def of(case: Case) -> str:
    """The case as a comment."""
    return plan_markdown(case.plan, case.verdict, case.names, case.report)


@pytest.mark.parametrize("name", cases())
def test_a_comment_begins_with_its_marker_and_ends_with_the_summary(name: str) -> None:
    case = cases()[name]
    comment = of(case)
    assert comment.startswith(f"{MARKER}\n### Subscription")
    *_, summary, blank, due = ["", "", *comment.rstrip("\n").split("\n")]
    if case.report is not None:
        summary, due = due, "Renew within"
    assert due.startswith("Renew within")
    assert blank == ""
    assert summary.startswith("**")
    assert summary.endswith(".**")


@pytest.mark.parametrize("name", cases())
def test_a_comment_holds_only_our_own_markup(name: str) -> None:
    page = rendered(of(cases()[name]))
    assert page.tags <= OURS
    assert page.attributes == []
    assert page.open == []


def test_what_would_be_refused_comes_first() -> None:
    comment = of(cases()["refused"])
    assert comment.index("Would be refused") < comment.index("#### ")


def test_every_row_of_a_cut_comment_is_whole() -> None:
    comment = of(cases()["large"])
    assert len(comment.encode()) <= BUDGET
    assert len(comment.encode()) > BUDGET - 1000
    rows = [line for line in comment.split("\n") if line.startswith("| **")]
    assert {line.count(" | ") for line in rows} == {6}
    assert all(line.endswith(" |") for line in rows)
    assert comment.count("<details>") == comment.count("</details>") == 1
    turned = sum(line.startswith("| **turn off**") for line in rows)
    assert f"… and {2990 - turned:,} more; see the job's full output" in comment


@settings(max_examples=20)
@given(st.integers(0, 150), st.integers(0, 150), st.text(max_size=300), st.integers(0, 20))
def test_a_comment_is_never_too_long(turned: int, cancelled: int, text: str, refused: int) -> None:
    plan = a_plan(
        *(turn_off(f"contoso/a{number}", reason=text, product=text) for number in range(turned)),
        *(cancel_now(f"contoso/b{number}", reason=text * 9) for number in range(cancelled)),
        blocked=tuple(blocked(f"contoso/c{number}", hint=text * 9) for number in range(refused)),
        unmanaged=tuple(key(f"contoso/d{number}") for number in range(turned)),
        headlines=(text * 20,) * refused,
    )
    refusals = tuple(Refusal("max-endings", f"account-{number}", text * 20, text * 20) for number in range(refused))
    comment = plan_markdown(plan, Verdict((), refusals), NAMES)
    assert len(comment.encode()) <= BUDGET


def test_an_account_that_is_refused_is_marked_where_others_pass() -> None:
    comment = of(cases()["partly-refused"])
    assert comment.count("**turn off**<br>would be refused") == 6
    assert "**turn off** | <code>fabrikam/visio</code><br>Visio Plan 2 |" in comment


def test_a_report_tells_what_was_not_done_first() -> None:
    comment = of(cases()["stopped"])
    assert "### Subscriptions applied" in comment
    assert comment.index("**unknown**") < comment.index("**not tried**") < comment.index("**turned off**")


def test_new_records_are_a_count_per_account() -> None:
    plan = a_plan(*(a_change(Kind.REGISTER, f"contoso/n{number}") for number in range(1200)))
    assert "| register | <code>contoso</code> | 1,200 |" in plan_markdown(plan, Verdict(plan.changes), NAMES)


def test_a_failure_is_a_comment_too() -> None:
    found = [
        warning("b", "it begins with a byte order mark", Location("specs/b.yaml")),
        error("a", "unknown key", Location("specs/c.yaml", 14, 5), detail=f"'{HOSTILE}'", hint="did you mean `off`?"),
        error("c", "no settings"),
    ]
    comment = failure_markdown(found, "2 errors; nothing was done", "see `reconcile validate`")
    assert comment.startswith(MARKER)
    assert comment.index("unknown key") < comment.index("byte order mark")
    assert "did you mean <code>off</code>?" in comment
    assert rendered(comment).tags <= OURS
    assert failure_markdown((), "no store").endswith("\n\n**no store**\n")


@pytest.mark.parametrize("text", ["plain\n", "a\n```\nb", "`````", HOSTILE, "", "one\n\n"])
def test_a_text_stays_within_its_fence(text: str) -> None:
    page = rendered(f"{preformatted(text)}after\n")
    assert page.tags == {"pre", "code", "p"}
    assert page.open == []


def test_a_long_text_is_cut_by_lines_and_keeps_its_last() -> None:
    text = "\n".join(f"line {number} {'x' * 60}" for number in range(5000)) + "\nthe summary\n"
    shown = preformatted(text)
    assert len(shown.encode()) <= BUDGET
    assert shown.endswith("more; see the job's full output\nthe summary\n```\n")


def test_many_of_an_account_that_could_not_be_read_take_a_row() -> None:
    many = tuple(unread(f"fabrikam/s{number}") for number in range(3_000))
    lines = plan_markdown(a_plan(blocked=(*many, blocked())), Verdict(()), real_names()).splitlines()
    assert "#### Blocked (3,001)" in lines
    assert [line for line in lines if "fabrikam" in line] == [
        (
            "| update | <code>fabrikam</code> | 3,000 subscriptions; --format json has them all | "
            "<code>sign-in-failed</code><br>the secret has expired | "
            "renew it<br><code>specs/contoso/licences.yaml:5:5</code> |"
        )
    ]
    assert len([line for line in lines if "copilot-old" in line]) == 1
