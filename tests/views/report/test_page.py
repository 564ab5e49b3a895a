"""The page: it needs nothing and runs nothing, escapes everything, and can be read by everybody."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from base64 import b64encode
from collections import Counter
from dataclasses import replace
from functools import cache
from hashlib import sha256
from itertools import pairwise

import pytest

from reconciler.changes import Kind
from reconciler.plan import Plan
from reconciler.views.escape import visible
from reconciler.views.report.page import prose, report_page
from reconciler.views.report.values import Report
from tests.builders import a_change
from tests.conftest import REPOSITORY
from tests.views.cases import HOSTILE
from tests.views.report import cases
from tests.views.report.cases import Sample, a_report
from tests.views.report.markup import Node, read_html
from tests.views.report.plans import BINDINGS, NOW

TAGS = frozenset(
    "html head meta title link style body a header h1 p nav ul li span main section h2 time strong code h3 figure "
    "figcaption svg g path rect text details summary div table caption thead tr th tbody td tfoot ol footer dl dt dd"
    .split()
)  # fmt: skip
ATTRIBUTES = frozenset(
    "lang charset http-equiv content name rel href class id aria-label aria-labelledby aria-describedby datetime "
    "viewbox role d x y width height preserveaspectratio scope tabindex".split()
)


@cache
def page(name: str) -> str:
    """The page of a case."""
    made: Report = getattr(cases, name)()
    return report_page(made)


@cache
def document(name: str) -> Node:
    """The same, read."""
    return read_html(page(name))


NAMES = pytest.mark.parametrize("name", ["full", "empty", "large"])


# Closed


@NAMES
def test_the_policy_lets_in_the_one_stylesheet_and_nothing_else(name: str) -> None:
    (style,) = document(name).all("style")
    (text,) = style.children
    assert isinstance(text, str)
    digest = b64encode(sha256(text.encode()).digest()).decode()
    policy = document(name).one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )


def test_the_policy_stands_before_all_that_it_governs() -> None:
    head = [node.tag for node in document("full").one("head").walk()][1:]
    assert head.index("meta") < min(head.index("style"), head.index("link"))
    metas = document("full").all("meta")
    assert [meta.attributes.get("http-equiv", "") for meta in metas[:2]] == ["", "Content-Security-Policy"]


@NAMES
def test_nothing_is_fetched_and_nothing_runs(name: str) -> None:
    assert {node.tag for node in document(name).walk()} - {""} <= TAGS
    attributes = {attribute for node in document(name).walk() for attribute in node.attributes}
    assert attributes <= ATTRIBUTES
    assert {node.attributes["href"][:1] for node in document(name).all("a")} == {"#"}
    assert [node.attributes["href"] for node in document(name).all("link")] == ["data:,"]
    assert not re.search(r"https?:|//|url\(|@import|javascript:", page(name).replace("sha256-", ""))


# Foreign text


def test_foreign_text_can_neither_format_nor_hide() -> None:
    found = document("hostile")
    assert {node.tag for node in found.walk()} - {""} <= TAGS
    assert {attribute for node in found.walk() for attribute in node.attributes} <= ATTRIBUTES
    classes = {name for node in found.walk() for name in node.attributes.get("class", "").split()}
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in classes)
    assert page("hostile").replace("\n", "").isprintable()


def test_foreign_text_is_still_there_to_be_read() -> None:
    # In a sentence of ours, what stands between backticks becomes code: there the backticks themselves are gone.
    spelled = visible(HOSTILE).split("`")
    whole = page("hostile")
    text = re.sub(r"</?code>|`", "", re.sub(r"<style>.*</style>", "", whole, flags=re.DOTALL))
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 50
    assert "".join(spelled).replace("<", "&lt;").replace(">", "&gt;") in text
    drawings = [node for svg in document("hostile").all("svg") for node in svg.all("title")]
    assert any("<script>alert(1)<" in node.text for node in drawings)  # an account ends before the first slash


def test_a_sentence_shows_what_is_between_backticks_as_code() -> None:
    assert prose("write `a < b`, then go") == "write <code>a &lt; b</code>, then go"


def test_a_lone_backtick_is_itself() -> None:
    assert prose("<b> ` \x07") == "&lt;b&gt; ` \\x07"


# Everybody can read it


@NAMES
def test_headings_go_down_one_level_at_a_time(name: str) -> None:
    levels = [int(node.tag[1]) for node in document(name).walk() if re.fullmatch(r"h\d", node.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@NAMES
def test_what_is_referred_to_is_there_once(name: str) -> None:
    identities = Counter(node.attributes["id"] for node in document(name).walk() if "id" in node.attributes)
    assert set(identities.values()) == {1}
    labels = ("aria-labelledby", "aria-describedby")
    named = {node.attributes[key] for node in document(name).walk() for key in labels if key in node.attributes}
    linked = {node.attributes["href"].removeprefix("#") for node in document(name).all("a")}
    assert named | linked <= set(identities)


@NAMES
def test_every_section_is_a_landmark_with_a_name(name: str) -> None:
    assert [len(document(name).all(tag)) for tag in ("header", "main", "footer", "nav")] == [1, 1, 1, 1]
    assert all("aria-labelledby" in node.attributes for node in document(name).all("section"))


@NAMES
def test_every_table_says_what_it_shows_and_what_each_cell_belongs_to(name: str) -> None:
    for table in document(name).all("table"):
        assert table.one("caption").text
        assert {node.attributes["scope"] for node in table.one("thead").all("th")} == {"col"}
        width = len(table.one("thead").all("th"))
        for row in [row for part in ("tbody", "tfoot") for node in table.all(part) for row in node.all("tr")]:
            assert row.one("th").attributes == {"scope": "row"}
            assert len(row.all("td")) == width - 1


@pytest.mark.parametrize("name", ["full", "large"])
def test_every_chart_has_a_name_a_summary_and_its_numbers_as_a_table(name: str) -> None:
    figures = document(name).all("figure")
    assert len(figures) == 4
    for figure in figures:
        assert figure.one("figcaption").text
        assert figure.one("details").one("table").one("tbody").all("tr")
        for svg in figure.all("svg"):
            assert svg.attributes["role"] == "img"
            (title,) = [node for node in svg.children if isinstance(node, Node) and node.tag == "title"]
            assert title.attributes["id"] == svg.attributes["aria-labelledby"]
            assert title.text == figure.one("caption").text
            assert svg.attributes["aria-describedby"] == figure.one("figcaption").attributes["id"]


def test_the_language_and_the_title_are_given() -> None:
    assert document("full").one("html").attributes == {"lang": "en"}
    assert document("full").one("head").one("title").text == "Subscription report, 23 Nov 2026"


# The same in, the same out


def test_the_same_report_is_the_same_page_in_any_process() -> None:
    code = (
        "from tests.views.report.cases import full; from reconciler.views.report.page import report_page; "
        "import sys; sys.stdout.buffer.write(report_page(full()).encode())"
    )
    made = [
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=REPOSITORY,
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert made == [page("full").encode()] * 2


# However large it is


def test_ten_thousand_subscriptions_are_under_two_megabytes() -> None:
    assert len(page("large").encode()) < 2_000_000


def test_a_text_that_nobody_would_read_to_its_end_is_shortened() -> None:
    endless = "x" * 60_000
    plan = Plan(NOW, BINDINGS, (a_change(reason=endless),), headlines=(endless,))
    made = report_page(a_report([Sample(f"{endless}/a", endless, NOW.date(), owner=endless)], plan))
    assert max(map(len, re.findall("x+", made))) == 399
    assert len(made) < len(page("empty")) + 60_000


def test_what_is_cut_is_counted() -> None:
    made = cases.large()
    undecided = [item for item in made.due if item.decided is None]
    said = [node.text for node in document("large").all("p", class_="missing")]
    assert f"and {len(undecided) - 25:,} more: reconcile due --within 90d" in said
    endings = sum(1 for change in made.plan.changes if change.kind is Kind.TURN_OFF)
    assert f"and {endings - 25:,} more: reconcile --dry-run" in said


# What it says


def test_where_it_comes_from_is_said() -> None:
    found = document("full").one("footer")
    said = dict(zip([node.text for node in found.all("dt")], [node.text for node in found.all("dd")], strict=True))
    assert said == {
        "As of": "23 Nov 2026 00:00 UTC",
        "Store": "0b9e4a54-2f6e-4a53-8f0c-2f1f4e0b7c11, serial 7",
        "Commit": "4f0c1a2b9d3e",
        "Settings": "reconcile.yaml, a7a7a7a7a7a7",
        "Specs": "5f5f5f5f5f5f",
        "Plan": cases.full().plan.fingerprint[:12],
    }


def test_a_report_of_a_part_says_of_which() -> None:
    narrowed = replace(BINDINGS, select=("contoso/*",), exclude=("contoso/x*",), paths=("specs/contoso",))
    found = read_html(report_page(a_report(plan=Plan(NOW, narrowed)))).one("footer")
    assert "Narrowed to contoso/*, not contoso/x*, specs/contoso" in found.text


def test_edits_that_are_not_committed_are_told() -> None:
    edited = replace(BINDINGS, commit="4f0c1a2b9d3e77aa+")
    text = read_html(report_page(a_report(plan=Plan(NOW, edited)))).one("footer").text
    assert "Commit 4f0c1a2b9d3e, with edits that are not committed" in text


def test_an_estate_without_anything_says_so() -> None:
    text = document("empty").text
    for said in (
        "Nothing renews within 90 days without a decision.",
        "No charge whose sum is known falls into the time until 31 May 2028.",
        "Until 31 May 2028 nothing renews and nothing ends.",
        "No changes. There is nothing to compare.",
        "No subscriptions are stored.",
        "Every price and every date that this page speaks of is known.",
        "Store none yet",
        "Commit not known",
    ):
        assert said in text


def test_what_must_be_known_first_comes_first() -> None:
    first = document("full").one("main").all("section")[0]
    assert first.text == (
        "Before anything else settings changed: max_endings count 20 -> 60 "
        "Would be refused by max-cancel-now (contoso): 1 immediate cancellation --allow max-cancel-now=contoso/*"
    )
    assert document("empty").one("main").all("section")[0].attributes["id"] == "decisions"


def test_charges_that_the_sums_lack_are_counted() -> None:
    missing = sum(cases.full().forecast.total.unknown)
    assert f"{missing} charges are missing from these sums: their prices are not known." in document("full").text
    assert "missing from these sums" not in document("empty").text


def test_charges_of_refused_changes_count_as_made_and_that_is_said() -> None:
    assert "an apply would refuse 1 of its changes now, and they count as made" in document("full").text
    assert "count as made" not in document("large").text
