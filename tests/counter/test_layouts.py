"""However a file is laid out: what the patch proposes is just what the next apply does, and nothing else moves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random

from hypothesis import assume, event, given
from hypothesis import strategies as st

from reconciler.changes import Kind
from reconciler.counter.compose import CounterSpec
from reconciler.counter.editing import Unsafe
from reconciler.counter.fields import stored_values
from reconciler.counter.patch import Edit, edited
from reconciler.counter.replies import Answer
from reconciler.counter.rewriting import Layout, Rewrite, rewritten
from reconciler.model import StoredSubscription, SubscriptionKey
from reconciler.policy import Extension, Lifecycle
from reconciler.spec.outline import Items, Keys, Part, Word, at_path, outline, same
from tests.builders import CLASSIC, a_lifecycle
from tests.counter.layouts import Said, Writer, declared
from tests.counter.ledger import FILE, Ledger, loaded

NAMES = ("first", "second", "third")
DEFAULTS = ("", "", "defaults: {recurring: on}\n", "defaults: {labels: {label a: z}, owner: d@x}\n")
RULES = (
    "",
    "",
    'rules: [{match: {owner: "a@*"}, set: {recurring: off}}]\n',
    "rules: [{match: {labels: {label-b: no}}, set: {cancel: at-renewal}}]\n",
)
CHANCE = st.randoms(use_true_random=False)


@given(CHANCE, st.sampled_from([CLASSIC, a_lifecycle(extension=Extension(when_off=True))]))
def test_a_run_goes_back(chance: Random, lifecycle: Lifecycle) -> None:
    writer, ledger = Writer(chance), Ledger(lifecycle=lifecycle)
    more = writer.pick(DEFAULTS) + writer.pick(RULES)
    first = {name: declared(chance) for name in NAMES}
    second = {name: declared(chance) if writer.odds(2) else keys for name, keys in first.items()}
    if writer.odds(3):
        second["renamed"] = {**second.pop("first"), "previously": "first"}
    texts = [writer.file(subscriptions, more) for subscriptions in (first, second)]
    assume(not any(loaded({FILE: text}).has_errors for text in texts))
    ledger.apply(texts[0])
    before = dict(ledger.rows)
    ledger.apply(texts[1])
    assume(len(before) == len(NAMES) and any(entry.run == "run-2" for entry in ledger.history))
    found = ledger.undo("run-2")
    ledger.patch(found)
    keeps_its_layout(texts[1], ledger.texts[FILE], found)
    ledger.apply()
    goes_back(found, before, ledger.rows)


def keeps_its_layout(before: str, after: str, found: CounterSpec) -> None:
    """Breaks are as they were, notes on lines of their own stay, and so does whatever is not to go back."""
    assert after.count("\r\n") == (after.count("\n") if "\r\n" in before else 0)
    notes = re.findall(r"# note \d+\. alone", before)
    assert sorted(re.findall(r"# note \d+\. alone", after)) == sorted(notes)
    moved = {reply.key.name for reply in found.replies if reply.answer is Answer.PATCH}
    mine, its = (at_path(outline(text), ("subscriptions",)) for text in (before, after))
    assert isinstance(mine, Keys)
    assert its is not None
    for entry in mine.entries:
        if entry.key.value not in moved:
            there = at_path(its, (entry.key.value,))
            assert there is not None
            assert same(entry.value, there)


def goes_back(
    found: CounterSpec,
    before: Mapping[SubscriptionKey, StoredSubscription],
    after: Mapping[SubscriptionKey, StoredSubscription],
) -> None:
    """Whatever the patch was said to take back is as it was."""
    renamed = {reply.key.name for reply in found.replies if reply.entry.kind == Kind.RENAME}
    for reply in found.replies:
        event(f"{reply.entry.kind}: {reply.answer}")
        if reply.answer is not Answer.PATCH:
            continue
        former = SubscriptionKey("contoso", "first" if reply.key.name in renamed else reply.key.name)
        row = after.get(former) or after[reply.key]
        if reply.entry.kind in (Kind.UPDATE, Kind.CORRECT):
            mine, its = stored_values(before[former]), stored_values(row)
            assert {name: its[name] for name in reply.fields} == {name: mine[name] for name in reply.fields}
        elif reply.entry.kind == Kind.RENAME:
            assert (former in after, reply.key in after) == (True, False)
        else:
            was = before[former]
            assert (row.recurring, row.cancellation) == (was.recurring, was.cancellation)


REWRITES = st.builds(
    Rewrite,
    pair=st.sampled_from([{}, {"recurring": "on"}, {"recurring": "off", "cancel": "none"}, {"cancel": "at-renewal"}]),
    keys=st.sampled_from([{}, {"owner": "Sales, 1"}, {"protect": False, "id": "0123"}]),
    facts=st.sampled_from([{}, {"seats": 7}, {"start": "2026-05-05", "price": "1.00 CHF"}]),
    labels=st.sampled_from([None, {}, {"label a": "new, er"}, {"c": "d", "label-b": "x"}]),
    name=st.sampled_from([None, "other", "365"]),
)


@given(CHANCE, REWRITES)
def test_every_edit_says_what_it_should_and_leaves_all_else(chance: Random, rewrite: Rewrite) -> None:
    writer = Writer(chance)
    text = writer.file({name: declared(chance) for name in NAMES})
    layout = Layout(text)
    cut = layout.cut("second")
    try:
        inner = rewritten(layout, cut, [rewrite])
    except Unsafe as failure:
        event(f"refused: {failure}")
        return
    after = outline(edited(text, [Edit(cut.start, cut.end, inner)]))
    found = at_path(after, ("subscriptions", rewrite.name or "second"))
    was = at_path(outline(text), ("subscriptions", "second"))
    assert isinstance(found, Keys)
    assert isinstance(was, Keys)
    assert said(found) == wished(said(was), rewrite)
    for name in ("first", "third"):
        mine, its = at_path(outline(text), ("subscriptions", name)), at_path(after, ("subscriptions", name))
        assert mine is not None
        assert its is not None
        assert same(mine, its)


def said(part: Part) -> Said:
    """What a part says, as plain values."""
    match part:
        case Keys():
            return {entry.key.value: said(entry.value) for entry in part.entries}
        case Items():
            return [said(item) for item in part.items]
        case Word():
            return part.value


def wished(before: Said, rewrite: Rewrite) -> Said:
    """The same values after the rewrite, by a second and simpler way."""
    assert isinstance(before, dict)
    after = {**before, **{key: str(value).lower() if value is False else value for key, value in rewrite.keys.items()}}
    if rewrite.facts:
        after["facts"] = {**after["facts"], **{name: str(value) for name, value in rewrite.facts.items()}}
    if rewrite.labels is not None:
        after["labels"] = dict(rewrite.labels)
    if rewrite.pair:
        after = {key: value for key, value in after.items() if key not in ("recurring", "cancel", "reason")}
        after |= rewrite.pair
    return after
