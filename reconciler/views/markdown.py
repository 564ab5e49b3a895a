"""The plan as a pull-request comment: what would be refused first, tables by group, the summary last.

Pure values to text. It stays below what a comment may hold by leaving whole rows out, and says how many.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from reconciler.changes import Blocked, Change, Drift, Kind, Listed, Refusal
from reconciler.desired import RuleUse
from reconciler.diagnostics import Diagnostic, Place, Severity, in_order
from reconciler.journal import ApplyReport, ChangeReport, OutcomeKind
from reconciler.model import SubscriptionKey
from reconciler.plan import Plan, Verdict
from reconciler.views.budget import Block, block, fitted, size
from reconciler.views.escape import markdown, markdown_code, markdown_prose, visible
from reconciler.views.paint import shorten
from reconciler.views.words import (
    DONE,
    VERBS,
    Group,
    NameOf,
    follows,
    grouped,
    held_back,
    per_account,
    plan_summary,
    report_summary,
    sentence,
    value_words,
    worst_first,
)

MARKER = "<!-- reconcile-plan -->"
"""The comment's first line: by it a later run finds the comment to write over."""

BUDGET = 65_000
"""Bytes of UTF-8. GitHub takes 65,536 characters, and no character is less than a byte."""

_CELL = 300
_HINT = 1000
_RULE_PRODUCTS = 5
_OUTCOMES = {OutcomeKind.FAILED: "failed", OutcomeKind.SKIPPED: "not tried"}

_CHANGE_COLUMNS = ("change", "subscription", "product", "what follows", "why")
_COUNT_COLUMNS = ("change", "account", "subscriptions")

_FENCE = re.compile("`+")

_Item = TypeVar("_Item")


def plan_markdown(plan: Plan, verdict: Verdict, names: NameOf, report: ApplyReport | None = None) -> str:
    """The plan, or with a report the apply of it; below BUDGET whatever its size."""
    blocks = [*_headlines(plan), *_refused(verdict.refused, applying=report is not None)]
    if report is None:
        marked = dict.fromkeys(held_back(plan, verdict), "<br>would be refused")
        blocks += _changes(plan.changes, names, VERBS, marked)
        summary = plan_summary(plan, verdict)
    else:
        blocks += _unsuccessful(report.changes, names)
        blocks += _changes([item.change for item in report.changes if _succeeded(item)], names, DONE, {})
        summary = report_summary(plan, verdict, report)
    blocks += [*_blocked(plan.blocked, names), *_beside(plan, names), *_rules(plan.rules, names)]
    blocks += _found(plan.diagnostics, folded=True)
    return _document("Subscription plan" if report is None else "Subscriptions applied", blocks, summary)


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


def _document(title: str, blocks: Sequence[Block], summary: str) -> str:
    head = (MARKER, f"### {title}")
    last = ("", f"**{markdown_prose(shorten(summary, _HINT))}**")
    return "\n".join([*head, *fitted(blocks, BUDGET - size(*head, *last)), *last, ""])


def _cut(text: str) -> str:
    return shorten(text, _CELL)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _table(
    title: str, columns: Sequence[str], items: Sequence[_Item], row: Callable[[_Item], str], *, folded: bool = False
) -> list[Block]:
    """A titled table, or nothing at all for no items; folded, it opens on a click."""
    if not items:
        return []
    heading = (_row(*columns), _row(*("---" for _ in columns)))
    title = f"{title} ({len(items):,})"
    opening = f"<details><summary>{title}</summary>" if folded else f"#### {title}"
    tail = ("", "</details>") if folded else ()
    return [Block((opening, "", *heading), tail, len(items), lambda index: row(items[index]))]


def _headlines(plan: Plan) -> list[Block]:
    rows = [f"> - {markdown_prose(shorten(item, _HINT))}" for item in plan.headlines]
    return [block(["> [!IMPORTANT]"], rows)] if rows else []


def _refused(refused: Sequence[Refusal], *, applying: bool) -> list[Block]:
    title = "Refused" if applying else "Would be refused"
    rows = [_refusal(item) for item in worst_first(refused)]
    return [block(["> [!CAUTION]", f"> **{title}**", ">"], rows)] if rows else []


def _refusal(item: Refusal) -> str:
    hint = f"<br>{markdown_prose(shorten(item.hint, _HINT))}" if item.hint else ""
    detail = markdown_prose(shorten(item.detail, _HINT))
    return f"> - {markdown_code(item.limit)} ({markdown(_cut(item.scope))}): {detail}{hint}"


_Marked = Mapping[tuple[SubscriptionKey, Kind], str]


def _changes(changes: Sequence[Change], names: NameOf, verbs: Mapping[Kind, str], marked: _Marked) -> list[Block]:
    blocks = []
    for group, members in grouped(changes).items():
        if group is Group.NEW:
            counts = per_account(members)
            blocks += _table(group.value, _COUNT_COLUMNS, counts, lambda item: _count(verbs, *item))
        else:
            blocks += _table(group.value, _CHANGE_COLUMNS, members, lambda item: _change(item, names, verbs, marked))
    return blocks


def _count(verbs: Mapping[Kind, str], kind: Kind, account: str, count: int) -> str:
    return _row(verbs[kind], _key(account), f"{count:,}")


def _change(change: Change, names: NameOf, verbs: Mapping[Kind, str], marked: _Marked) -> str:
    return _row(
        f"**{verbs[change.kind]}**{marked.get((change.key, change.kind), '')}",
        _key(change.key),
        _product(change.key, change.product, names),
        markdown(_cut(follows(change))),
        _with_place(markdown(_cut(change.reason or "")), change.place),
    )


def _key(key: SubscriptionKey | str) -> str:
    return markdown_code(_cut(str(key)))


def _product(key: SubscriptionKey, code: str, names: NameOf) -> str:
    return markdown(_cut(names(key.account, code))) if code else ""


def _with_place(cell: str, place: Place) -> str:
    at = markdown_code(_cut(str(place.location)))
    return f"{cell}<br>{at}" if cell else at


def _succeeded(item: ChangeReport) -> bool:
    return item.outcome is OutcomeKind.SUCCEEDED


def _unsuccessful(changes: Iterable[ChangeReport], names: NameOf) -> list[Block]:
    """What failed first, then what may have happened, then what was not tried."""
    order = {OutcomeKind.FAILED: 0, OutcomeKind.SKIPPED: 2}
    left = sorted((item for item in changes if not _succeeded(item)), key=lambda item: order.get(item.outcome, 1))
    columns = ("outcome", "change", "subscription", "product", "error")
    return _table("Not done", columns, left, lambda item: _not_done(item, names))


def _not_done(item: ChangeReport, names: NameOf) -> str:
    change = item.change
    return _row(
        f"**{_OUTCOMES.get(item.outcome, 'unknown')}**",
        VERBS[change.kind],
        _key(change.key),
        _product(change.key, change.product, names),
        markdown(_cut(item.error or "")),
    )


def _blocked(blocked: Iterable[Blocked], names: NameOf) -> list[Block]:
    ordered = sorted(blocked, key=lambda item: (item.key, item.kind.rank))
    columns = ("wish", "subscription", "product", "why not", "what to do")
    return _table("Blocked", columns, ordered, lambda item: _blocked_row(item, names))


def _blocked_row(item: Blocked, names: NameOf) -> str:
    return _row(
        VERBS[item.kind],
        _key(item.key),
        _product(item.key, item.product, names),
        f"{markdown_code(item.code)}<br>{markdown_prose(_cut(item.detail))}",
        _with_place(markdown_prose(shorten(item.hint, _HINT)), item.place),
    )


def _beside(plan: Plan, names: NameOf) -> list[Block]:
    """What is left as it is: each folded, each only if there is any."""
    columns = ("subscription", "product", "what happens", "how to change it")
    lists = (
        ("Held: changed outside, a person decides", plan.held),
        ("Released: left as they are", plan.released),
        ("Ended: no change is made", plan.ended),
    )
    blocks = []
    for title, items in lists:
        ordered = sorted(items, key=lambda item: item.key)
        blocks += _table(title, columns, ordered, lambda item: _listed(item, names), folded=True)
    drift = sorted(plan.drift, key=lambda item: (item.key, item.field))
    blocks += _table("Drift", ("subscription", "field", "stored", "observed"), drift, _drift, folded=True)
    unmanaged = sorted(plan.unmanaged)
    return blocks + _table(
        "Unmanaged: declared in no file", ("subscription",), unmanaged, lambda key: _row(_key(key)), folded=True
    )


def _listed(item: Listed, names: NameOf) -> str:
    return _row(
        _key(item.key),
        _product(item.key, item.product, names),
        markdown_prose(_cut(item.detail)),
        _with_place(markdown_prose(shorten(item.hint, _HINT)), item.place),
    )


def _drift(item: Drift) -> str:
    values = (markdown(_cut(value_words(value))) for value in (item.stored, item.observed))
    return _row(_key(item.key), markdown(_cut(item.field)), *values)


def _rules(rules: Sequence[RuleUse], names: NameOf) -> list[Block]:
    columns = ("rule", "what it says", "matched", "products")
    return _table("Rules", columns, rules, lambda rule: _rule(rule, names), folded=True)


def _rule(rule: RuleUse, names: NameOf) -> str:
    shown = [markdown(_cut(names("", code))) for code in rule.products[:_RULE_PRODUCTS]]
    more = ["…"] if len(rule.products) > _RULE_PRODUCTS else []
    return _row(
        _with_place("", rule.place), markdown(_cut(rule.summary)), f"{rule.matched:,}", ", ".join([*shown, *more])
    )


def _found(diagnostics: Iterable[Diagnostic], *, folded: bool) -> list[Block]:
    """Findings, errors first; folded where they are beside the point."""
    ordered = sorted(in_order(diagnostics), key=lambda item: list(Severity).index(item.severity))
    return _table("Findings", ("", "where", "what", "what to do"), ordered, _finding, folded=folded)


def _finding(item: Diagnostic) -> str:
    return _row(
        item.severity.value,
        "" if item.place is None else _with_place("", item.place),
        markdown_prose(_cut(sentence(item))),
        markdown_prose(shorten(item.hint, _HINT)),
    )
