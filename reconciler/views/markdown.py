"""The plan as a pull-request comment: what would be refused first, tables by group, the summary last.

Pure values to text. It stays below what a comment may hold by leaving whole rows out, and says how many.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from reconciler.changes import Blocked, Refusal
from reconciler.desired import RuleUse
from reconciler.diagnostics import Diagnostic, Severity, in_order
from reconciler.fates import Walked, changes_done, fitting, having
from reconciler.journal import ApplyReport, ChangeReport, OutcomeKind
from reconciler.plan import Plan, Verdict
from reconciler.views.budget import Block, block, fitted, size
from reconciler.views.cells import LONG, cut, key_cell, product_cell, row, table, with_place
from reconciler.views.closing import ABOUT_BEGUN, after, begun, error_words, noted, report_summary
from reconciler.views.escape import markdown, markdown_code, markdown_prose, visible
from reconciler.views.markdown_changes import Tables, due_blocks, elapsed_blocks, scheduled_blocks, sums_block
from reconciler.views.markdown_outside import drift_blocks, listed_row, outside_blocks
from reconciler.views.outside import Crowd, blocked_rows
from reconciler.views.paint import shorten
from reconciler.views.timeline import due_sentence
from reconciler.views.undo_words import Undoing, by_no_policy
from reconciler.views.words import (
    DONE,
    VERBS,
    NameOf,
    marking,
    plan_summary,
    sentence,
    unmarked,
    worst_first,
)

MARKER = "<!-- reconcile-plan -->"
"""The comment's first line: by it a later run finds the comment to write over."""

BUDGET = 65_000
"""Bytes of UTF-8. GitHub takes 65,536 characters, and no character is less than a byte."""

_RULE_PRODUCTS = 5
_OUTCOMES = {OutcomeKind.FAILED: "failed", OutcomeKind.SKIPPED: "not tried"}
_NOT_DONE = ({OutcomeKind.FAILED}, {OutcomeKind.UNKNOWN, OutcomeKind.INTENDED}, {OutcomeKind.SKIPPED})

_FENCE = re.compile("`+")


def plan_markdown(
    plan: Plan,
    verdict: Verdict,
    names: NameOf,
    report: ApplyReport | None = None,
    undoing: Undoing = by_no_policy,
) -> str:
    """The plan, or with a report the apply of it; below BUDGET whatever its size."""
    plan = after(plan, report)
    blocks = [*_headlines(plan), *_refused(verdict.refused, applying=report is not None)]
    if report is None:
        marked = marking(plan, verdict, "<br>would be refused")
        blocks += [*Tables(names, VERBS, plan.as_of, marked).blocks(plan.changes), *sums_block(plan)]
        blocks += due_blocks(plan.due, names)
    else:
        blocks += [*_unsuccessful(report.changes, names), *_begun(report, names)]
        blocks += Tables(names, DONE, plan.as_of, unmarked, undoing, noted(report)).blocks(changes_done(report.changes))
    blocks += [*_blocked(plan.blocked, names), *outside_blocks(plan, names)]
    blocks += [*scheduled_blocks(plan, names), *_beside(plan, names)]
    blocks += [*elapsed_blocks(plan.elapsed if report is None else report.elapsed), *_rules(plan.rules, names)]
    blocks += _found(plan.diagnostics, folded=True)
    if report is None:
        return _document("Subscription plan", blocks, plan_summary(plan, verdict), due_sentence(plan.due))
    return _document("Subscriptions applied", blocks, report_summary(plan, verdict, report))


def failure_markdown(diagnostics: Iterable[Diagnostic], message: str, hint: str = "") -> str:
    """Why there is no plan: every finding in a table, errors first."""
    advice = [block([markdown_prose(hint)])] if hint else []
    return _document("Subscription plan: it could not be made", [*advice, *_found(diagnostics, folded=False)], message)


def preformatted(text: str) -> str:
    """A text as it is, in a fence that nothing in it can close; below BUDGET, its last line never left out."""
    *lines, last = [visible(line) for line in text.rstrip("\n").split("\n")]
    longest = max((len(run) for run in _FENCE.findall(text)), default=2)
    fence = "`" * max(3, longest + 1)
    shown = fitted([block([], lines)], BUDGET - size(fence, last, fence)) if lines else []
    return "\n".join([fence, *shown[1:], last, fence, ""])


def _document(title: str, blocks: Sequence[Block], summary: str, *after: str) -> str:
    head = (MARKER, f"### {title}")
    last = ["", f"**{markdown_prose(shorten(summary, LONG))}**"]
    for line in after:
        last += ["", markdown_prose(shorten(line, LONG))]
    return "\n".join([*head, *fitted(blocks, BUDGET - size(*head, *last)), *last, ""])


def _headlines(plan: Plan) -> list[Block]:
    rows = [f"> - {markdown_prose(shorten(item, LONG))}" for item in plan.headlines]
    return [block(["> [!IMPORTANT]"], rows)] if rows else []


def _refused(refused: Sequence[Refusal], *, applying: bool) -> list[Block]:
    title = "Refused" if applying else "Would be refused"
    rows = [_refusal(item) for item in worst_first(refused)]
    return [block(["> [!CAUTION]", f"> **{title}**", ">"], rows)] if rows else []


def _refusal(item: Refusal) -> str:
    hint = f"<br>{markdown_prose(shorten(item.hint, LONG))}" if item.hint else ""
    detail = markdown_prose(shorten(item.detail, LONG))
    return f"> - {markdown_code(item.limit)} ({markdown(cut(item.scope))}): {detail}{hint}"


def _unsuccessful(changes: Sequence[ChangeReport], names: NameOf) -> list[Block]:
    """What failed first, then what may have happened, then what was not tried."""
    left = Walked([fitting(changes, having(outcomes)) for outcomes in _NOT_DONE])
    columns = ("outcome", "change", "subscription", "product", "error")
    return table("Not done", columns, left, lambda item: _not_done(item, names))


def _not_done(item: ChangeReport, names: NameOf) -> str:
    change = item.change
    return row(
        f"**{_OUTCOMES.get(item.outcome, 'unknown')}**",
        VERBS[change.kind],
        key_cell(change.key),
        product_cell(change.key, change.product, names),
        markdown(cut(error_words(item))),
    )


def _begun(report: ApplyReport, names: NameOf) -> list[Block]:
    """What a person or a provider has now: none of it is done."""
    blocks = []
    for word, items in begun(report).items():
        columns = ("change", "subscription", "product", ABOUT_BEGUN[word])
        blocks += table(f"Not done yet: {word}", columns, items, lambda item: _begun_row(item, names))
    return blocks


def _begun_row(item: ChangeReport, names: NameOf) -> str:
    change = item.change
    product = product_cell(change.key, change.product, names)
    return row(VERBS[change.kind], key_cell(change.key), product, markdown(cut(item.note or "")))


def _blocked(blocked: Iterable[Blocked], names: NameOf) -> list[Block]:
    items = list(blocked)
    columns = ("wish", "subscription", "product", "why not", "what to do")
    return table("Blocked", columns, blocked_rows(items), lambda item: _blockedrow(item, names), count=len(items))


def _blockedrow(listed: Blocked | Crowd, names: NameOf) -> str:
    item = listed.first if isinstance(listed, Crowd) else listed
    if isinstance(listed, Crowd):
        cells = (listed.verbs(VERBS), key_cell(listed.where), markdown(listed.many))
    else:
        cells = (VERBS[item.kind], key_cell(item.key), product_cell(item.key, item.product, names))
    return row(
        *cells,
        f"{markdown_code(item.code)}<br>{markdown_prose(cut(item.detail))}",
        with_place(markdown_prose(shorten(item.hint, LONG)), item.place),
    )


def _beside(plan: Plan, names: NameOf) -> list[Block]:
    """What is left as it is: each folded, each only if there is any."""
    columns = ("subscription", "product", "what happens", "how to change it")
    lists = (
        ("Released: left as they are", plan.released),
        ("Ended: no change is made", plan.ended),
    )
    blocks = []
    for title, items in lists:
        ordered = sorted(items, key=lambda item: item.key)
        blocks += table(title, columns, ordered, lambda item: listed_row(item, names), folded=True)
    blocks += drift_blocks(plan.drift)
    unmanaged = sorted(plan.unmanaged)
    return blocks + table(
        "Unmanaged: declared in no file", ("subscription",), unmanaged, lambda key: row(key_cell(key)), folded=True
    )


def _rules(rules: Sequence[RuleUse], names: NameOf) -> list[Block]:
    columns = ("rule", "what it says", "matched", "products")
    return table("Rules", columns, rules, lambda rule: _rule(rule, names), folded=True)


def _rule(rule: RuleUse, names: NameOf) -> str:
    shown = [markdown(cut(names("", code))) for code in rule.products[:_RULE_PRODUCTS]]
    more = ["…"] if len(rule.products) > _RULE_PRODUCTS else []
    return row(with_place("", rule.place), markdown(cut(rule.summary)), f"{rule.matched:,}", ", ".join([*shown, *more]))


def _found(diagnostics: Iterable[Diagnostic], *, folded: bool) -> list[Block]:
    """Findings, errors first; folded where they are beside the point."""
    ordered = sorted(in_order(diagnostics), key=lambda item: list(Severity).index(item.severity))
    return table("Findings", ("", "where", "what", "what to do"), ordered, _finding, folded=folded)


def _finding(item: Diagnostic) -> str:
    return row(
        item.severity.value,
        "" if item.place is None else with_place("", item.place),
        markdown_prose(cut(sentence(item))),
        markdown_prose(shorten(item.hint, LONG)),
    )
