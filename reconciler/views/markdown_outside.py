"""What lies with others, for a pull-request comment: held, pending, drift, and how far accounts were looked at.

Pure values to blocks of Markdown; `markdown` puts them into a comment.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.changes import Drift, Listed, Pending
from reconciler.plan import Plan
from reconciler.views.budget import Block, block
from reconciler.views.cells import LONG, cut, key_cell, phrases, product_cell, row, stacked, table, with_place
from reconciler.views.escape import markdown, markdown_code, markdown_prose
from reconciler.views.outside import (
    Drifted,
    drift_rows,
    fresh_words,
    pending_about,
    pending_first,
    pending_phrases,
    seen_rows,
)
from reconciler.views.paint import shorten
from reconciler.views.words import VERBS, NameOf


def outside_blocks(plan: Plan, names: NameOf) -> list[Block]:
    """What a person decides about, what is under way with others, and how old what is known is."""
    return [*_held(plan, names), *_pending(plan, names), *_seen(plan)]


def _held(plan: Plan, names: NameOf) -> list[Block]:
    columns = ("subscription", "product", "what is held back", "what to do")
    ordered = sorted(plan.held, key=lambda item: item.key)
    return table("Held: changed outside, a person decides", columns, ordered, lambda item: listed_row(item, names))


def listed_row(item: Listed, names: NameOf) -> str:
    """A subscription that is left as it is: why, and what changes that."""
    return row(
        key_cell(item.key),
        product_cell(item.key, item.product, names),
        markdown_prose(cut(item.detail)),
        with_place(markdown_prose(shorten(item.hint, LONG)), item.place),
    )


def _pending(plan: Plan, names: NameOf) -> list[Block]:
    columns = ("change", "subscription", "when", "what is waited for", "what to do")
    title = f"Pending: {pending_about(plan.pending)}"
    return table(title, columns, pending_first(plan.pending), lambda item: _pending_row(item, names))


def _pending_row(item: Pending, names: NameOf) -> str:
    first, *others = pending_phrases(item)
    late = f"**{markdown(cut(first))}**" if item.overdue else markdown(cut(first))
    return row(
        VERBS[item.kind],
        stacked(key_cell(item.key), product_cell(item.key, item.product, names)),
        stacked(late, phrases(others)),
        markdown_prose(cut(item.detail)),
        with_place(markdown_prose(shorten(item.hint, LONG)), item.place),
    )


def drift_blocks(drift: Iterable[Drift]) -> list[Block]:
    """What somebody changed outside, a row for each subscription."""
    columns = ("subscription", "what differs")
    return table("Drift: changed outside", columns, drift_rows(drift), _drifted, folded=True)


def _drifted(item: Drifted) -> str:
    return row(key_cell(item.key), phrases(item.phrases))


def _seen(plan: Plan) -> list[Block]:
    """A line for each account that there is something to say about, and one for all that are as of now."""
    rows = [_sighted(item.who, item.phrases, trouble=item.trouble) for item in seen_rows(plan.sightings, plan.as_of)]
    fresh = fresh_words(plan.sightings)
    if not rows:
        return [block([markdown(fresh)])] if fresh else []
    return [block(["#### Observed", ""], rows)]


def _sighted(who: str, said: Iterable[str], *, trouble: bool) -> str:
    name = f"**{markdown_code(cut(who))}**" if trouble else markdown_code(cut(who))
    return f"- {name}: {'; '.join(markdown(cut(text)) for text in said)}"
