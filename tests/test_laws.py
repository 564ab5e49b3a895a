"""The laws of the domain as properties over generated estates: every state, wish, rename, correction and protection."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import product

from hypothesis import assume, given, note
from hypothesis import strategies as st

from reconciler.apply import Instruction, Served, execute
from reconciler.build import build_plan
from reconciler.changes import ENDING, INTENTS, SPENDING, Change, Kind
from reconciler.diagnostics import Location
from reconciler.effects import confirmation
from reconciler.elapsed import elapse
from reconciler.lifecycle import at
from reconciler.model import (
    Cancel,
    DesiredSubscription,
    Facts,
    Intent,
    Money,
    Recurring,
    Status,
    StoredSubscription,
    SubscriptionKey,
    TermLength,
)
from reconciler.plan import Bindings, Plan
from reconciler.policy import Extension, Lifecycle, Reactivation, SeatLimit, Window
from reconciler.ports import Bookkeeping
from reconciler.providers.ledger import LedgerProvider
from reconciler.rulebook import Rulebook
from reconciler.safety import COUNTED, Circumstances, review
from reconciler.selection import Selection
from reconciler.settings import IN_NUMBERS, Limit, LimitName, Safety
from reconciler.terms import midnight, term_at
from tests.builders import CLASSIC, a_desired, a_lifecycle, a_run, a_stored
from tests.estates import BINDINGS, Rows, a_desired_state, a_rulebook, a_stored_state, after
from tests.fakes import FixedClock, MemoryStore

ACCOUNTS = ("contoso", "fabrikam")
NAMES = ("a", "b", "c")
KEYS = [SubscriptionKey("contoso", name) for name in NAMES] + [SubscriptionKey("fabrikam", name) for name in "ab"]
PLACE = Location("specs/a.yaml", 3, 5)
PAIRS = [
    (recurring, cancel)
    for recurring in (None, *Recurring)
    for cancel in (None, *Cancel)
    if (recurring, cancel) not in {(None, None), (Recurring.ON, Cancel.AT_RENEWAL), (Recurring.ON, Cancel.IMMEDIATELY)}
]

# Every table below is drawn from at once: few draws make many estates in little time, and shrink well.
ANCHORS = [
    date(2019, 1, 31),
    date(2020, 2, 29),
    date(2023, 3, 1),
    date(2026, 11, 23),
    date(2026, 12, 31),
    date(2029, 5, 1),
]
INSTANTS = [
    datetime(2024, 2, 29, 12, tzinfo=UTC),
    datetime(2026, 11, 23, tzinfo=UTC),
    datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC),
    datetime(2028, 2, 28, 5, tzinfo=UTC),
]
FACTS = list(product(["SPB", "VISIO"], TermLength, ANCHORS))
LIFECYCLES = [
    CLASSIC,
    a_lifecycle(
        name="partner",
        disabled_after_cancel_now=0,
        window=Window(timedelta(days=7)),
        reactivation=Reactivation(expired=False, disabled=False, cancelled=False),
        extension=Extension(when_off=True),
    ),
    a_lifecycle(name="abrupt", expired=0, disabled=0, seats=SeatLimit(1)),
]
STANDINGS = list(
    product([Status.ACTIVE] * 10 + list(Status), Recurring, [Cancel.NONE] * 4 + list(Cancel), (False, True))
)
WRITTEN = [timedelta(days=days) for days in (0, 0, -31, -365, -800, 2)]
"""When a record was written down, seen from now; the last one by a clock that went ahead."""
DETAILS = list(
    product((None, 1, 2), (None, Money(1, "EUR"), Money(1, "JPY")), (None, "ada", "bob"), (None, {}, {"x": "1"}))
)
WISHES = list(product(PAIRS, ("none", "old", "fits", "fits"), (True, False)))
PROTECT = list(product((None, None, True, False), (True, False)))


@dataclass(frozen=True)
class Estate:
    """What is wished and what is stored, at an instant."""

    wanted: tuple[DesiredSubscription, ...]
    rows: Rows
    """As they stand at that instant."""
    now: datetime
    lifecycle: Lifecycle = CLASSIC

    @property
    def rulebook(self) -> Rulebook:
        return a_rulebook(*ACCOUNTS, lifecycle=self.lifecycle)

    def plan(self, rows: Rows | None = None, now: datetime | None = None, bindings: Bindings = BINDINGS) -> Plan:
        now = now or self.now
        stored, _ = elapse(
            a_stored_state(*(self.rows if rows is None else rows).values()), self.rulebook, now, lambda key: True
        )
        return build_plan(a_desired_state(*self.wanted), stored, now, bindings, self.rulebook)

    def applied(self, plan: Plan, rows: Rows | None = None) -> Rows:
        """The rows after all of a plan, its bookkeeping too."""
        left = after(plan.changes, self.rows if rows is None else rows, self.now)
        return {key: replace(row, declared=row.declared or key in plan.declared) for key, row in left.items()}

    def settled(self, rows: Rows) -> Rows:
        """The rows once there is nothing left to do."""
        for _ in range(3):
            rows = self.applied(self.plan(rows), rows)
        assert self.plan(rows).changes == ()
        return rows


@st.composite
def records(draw: st.DrawFn, key: SubscriptionKey, now: datetime) -> StoredSubscription:
    """A record in any state, written down at some time around now."""
    product_code, length, anchor = draw(st.sampled_from(FACTS))
    status, recurring, cancellation, declared = draw(st.sampled_from(STANDINGS))
    seats, price, owner, labels = draw(st.sampled_from(DETAILS))
    return StoredSubscription(
        key,
        product=product_code,
        length=length,
        billing=length,
        start=draw(st.sampled_from([anchor, anchor, ANCHORS[2]])),
        anchor=anchor,
        term=term_at(anchor, length, now + draw(st.sampled_from(WRITTEN))),
        status=status,
        recurring=recurring,
        cancellation=cancellation,
        id=draw(st.sampled_from([None, None, f"id of {key}"])),
        seats=seats,
        price=price,
        owner=owner,
        labels=labels or {},
        protected=draw(st.sampled_from([False, False, False, True])),
        declared=declared,
    )


def an_intent(draw: st.DrawFn, key: SubscriptionKey, row: StoredSubscription | None, now: datetime) -> Intent | None:
    """Any pair, and often the confirmation that fits."""
    wish = draw(st.sampled_from([None, *WISHES]))
    if wish is None:
        return None
    (recurring, cancel), confirmed, own = wish
    confirm = f"{key}@2020-01-01" if confirmed == "old" else None
    if confirmed == "fits" and row is not None:
        confirm = confirmation(replace(row, key=key))
    # Immediately is never inherited: a spec that tries does not resolve.
    return Intent(recurring, cancel, PLACE, "because", confirm, own or cancel is Cancel.IMMEDIATELY)


@st.composite
def declarations(
    draw: st.DrawFn, key: SubscriptionKey, row: StoredSubscription | None, now: datetime
) -> DesiredSubscription:
    """A declared subscription: often with the facts that its record has, often not."""
    product_code, length, start = draw(st.sampled_from(FACTS))
    if row is not None and draw(st.integers(0, 3)):
        product_code, length, start = row.product, row.length, row.start
    seats, price, owner, labels = draw(st.sampled_from(DETAILS))
    protect, protect_own = draw(st.sampled_from(PROTECT))
    return DesiredSubscription(
        key,
        PLACE,
        Facts(product_code, length, draw(st.sampled_from([None, TermLength.MONTHLY])), start, seats, price),
        an_intent(draw, key, row, now),
        owner=owner,
        labels=labels,
        protect=protect,
        protect_own=protect_own,
    )


ROLES = ("both", "both", "both", "stored", "declared", "renamed", "odd")
"""What a key is: stored, declared, declared and stored by a former name, or with a `previously` that may be wrong."""


@st.composite
def estates(draw: st.DrawFn) -> Estate:
    """Up to five subscriptions of two accounts: stored, declared, both, or under a former name."""
    now, lifecycle = draw(st.sampled_from(INSTANTS)), draw(st.sampled_from(LIFECYCLES))
    roles = {key: draw(st.sampled_from(ROLES)) for key in KEYS}
    rows: Rows = {}
    for key, role in roles.items():
        if role != "declared":
            name = SubscriptionKey(key.account, f"old-{key.name}") if role == "renamed" else key
            rows[name] = at(draw(records(name, now)), lifecycle, now)
    wanted = []
    for key, role in roles.items():
        if role == "stored":
            continue
        previously = f"old-{key.name}" if role == "renamed" else None
        if role == "odd":
            previously = draw(st.sampled_from([*NAMES, "old-a", "old-b", "zzz"]))
        row = rows.get(key) or rows.get(SubscriptionKey(key.account, previously or ""))
        item = draw(declarations(key, row, now))
        # The id of the record, or one of its own.
        found = draw(st.sampled_from([None, None, None, row.id if row else None, f"id of {key}"]))
        wanted.append(replace(item, previously=previously, id=found))
    # A spec that says one id twice does not resolve.
    taken = Counter((item.key.account, item.id) for item in wanted)
    once = (item if taken[item.key.account, item.id] == 1 else replace(item, id=None) for item in wanted)
    return Estate(tuple(once), rows, now, lifecycle)


def lifted(plan: Plan) -> set[SubscriptionKey]:
    """Whose protection this plan lifts: only for them does the next run find more to do."""
    return {change.key for change in plan.changes if change.after.get("protected") is False}


@given(estates())
def test_law_1_a_second_plan_holds_no_changes_but_what_protection_made_wait(estate: Estate) -> None:
    first = estate.plan()
    rows = estate.applied(first)
    second = estate.plan(rows)
    note(f"{first.changes}\n{second.changes}")
    assert {change.key for change in second.changes} <= lifted(first)
    assert {change.kind for change in second.changes} <= ENDING
    third = estate.plan(estate.applied(second, rows))
    assert third.changes == ()
    assert third.declared == frozenset()


@given(estates())
def test_law_1_what_is_blocked_stays_blocked_and_nothing_else_is(estate: Estate) -> None:
    first = estate.plan()
    second = estate.plan(estate.applied(first))
    before, then = (
        {(block.key, block.code) for block in plan.blocked if block.key not in lifted(first)}
        for plan in (first, second)
    )
    assert before == then


@given(estates(), st.integers(1, 6))
def test_law_1_in_batches_or_whole_the_rows_are_the_same(estate: Estate, batch: int) -> None:
    plan = estate.plan()
    expected = after(plan.changes, estate.rows, estate.now)
    for size in (batch, 10_000):
        store = MemoryStore(dict(estate.rows))
        run = replace(a_run(), as_of=estate.now)
        instruction = Instruction(run, plan.changes, Bookkeeping(), "lineage", 7, batch=size)
        served = Served(dict.fromkeys(ACCOUNTS, LedgerProvider()))
        report = execute(instruction, estate.rows, store, served, FixedClock(), lambda: False)
        assert store.rows == expected
        assert [item.change for item in report.changes] == list(plan.changes)


@given(estates(), st.data())
def test_law_1_a_run_that_is_cut_off_anywhere_ends_in_the_same_place(estate: Estate, data: st.DataObject) -> None:
    changes = estate.plan().changes
    done = changes[: data.draw(st.integers(0, len(changes)))]
    assert estate.settled(after(done, estate.rows, estate.now)) == estate.settled(estate.rows)


@given(estates())
def test_law_2_absence_is_never_intent(estate: Estate) -> None:
    plan = estate.plan()
    spoken_of = {item.key for item in estate.wanted} | {
        SubscriptionKey(item.key.account, item.previously) for item in estate.wanted if item.previously
    }
    left = estate.applied(plan)
    silent = {key: row for key, row in estate.rows.items() if key not in spoken_of}
    assert {key: left[key] for key in silent} == silent
    assert set(plan.unmanaged) == silent.keys()
    assert {change.key for change in plan.changes} <= {item.key for item in estate.wanted}
    released = {item.key for item in estate.wanted if item.intent is None}
    assert not [change for change in plan.changes if change.key in released and change.kind in INTENTS]
    assert {listed.key for listed in plan.released} <= released


@given(estates())
def test_laws_3_and_4_nothing_ends_now_but_what_was_confirmed_for_this_name_and_term(estate: Estate) -> None:
    wishes = {item.key: item.intent for item in estate.wanted}
    plan = estate.plan()
    ending = [change for change in plan.changes if change.kind is Kind.CANCEL_NOW]
    earlier = [change for change in plan.changes if change.kind not in INTENTS]
    rows = after(earlier, estate.rows, estate.now)
    for change in ending:
        intent, row = wishes[change.key], rows[change.key]
        assert intent is not None
        assert intent.cancel is Cancel.IMMEDIATELY
        assert intent.confirm == f"{change.key}@{row.term.start:%Y-%m-%d}"
        assert estate.now < row.term.end
    now_ended = {key for key, row in estate.applied(plan).items() if row.cancellation is Cancel.IMMEDIATELY}
    assert now_ended <= {change.key for change in ending} | {
        key for key, row in rows.items() if row.cancellation is Cancel.IMMEDIATELY
    }


@given(st.sampled_from(FACTS), st.sampled_from(INSTANTS), st.integers(0, 60))
def test_law_4_no_confirmation_fires_after_the_next_renewal(
    facts: tuple[str, TermLength, date], now: datetime, months: int
) -> None:
    product_code, length, anchor = facts
    row = a_stored(product=product_code, start=anchor, length=length, term=term_at(anchor, length, now))
    now = max(now, row.term.start)
    stated = Facts(product_code, length, None, anchor)
    wanted = a_desired(cancel=Cancel.IMMEDIATELY, confirm=confirmation(row), facts=stated)
    estate = Estate((wanted,), {row.key: row}, now)
    assert [change.kind for change in estate.plan().changes] == [Kind.CANCEL_NOW]
    later = estate.plan(now=row.term.end + timedelta(days=30 * months))
    assert (later.changes, [block.code for block in later.blocked]) == ((), ["confirmation-spent"])


@given(estates())
def test_law_5_every_wish_is_kept_blocked_listed_or_changed(estate: Estate) -> None:
    plan = estate.plan()
    told = {item.key for group in (plan.changes, plan.blocked, plan.released, plan.ended) for item in group}
    assert len(told) + plan.unchanged == len(estate.wanted)
    assert all(block.code and block.detail and block.hint for block in plan.blocked)


@given(estates())
def test_law_7_nothing_protected_ends_and_only_an_own_false_lifts_it(estate: Estate) -> None:
    plan = estate.plan()
    former = {
        change.key: SubscriptionKey(change.key.account, str(change.before["name"]))
        for change in plan.changes
        if change.kind is Kind.RENAME
    }
    for change in plan.changes:
        if change.kind in ENDING:
            assert not estate.rows[former.get(change.key, change.key)].protected
    assert lifted(plan) <= {item.key for item in estate.wanted if item.protect is False and item.protect_own}


@given(estates())
def test_changes_are_one_of_each_verb_in_order_one_intent_and_never_empty(estate: Estate) -> None:
    changes = estate.plan().changes
    assert list(changes) == sorted(changes, key=lambda change: (change.key, change.kind.rank))
    assert len({(change.key, change.kind) for change in changes}) == len(changes)
    intents_of = [change.key for change in changes if change.kind in INTENTS]
    assert len(intents_of) == len(set(intents_of))
    rows = estate.rows
    for change in changes:
        assert change.before != change.after
        left = after([change], rows, estate.now)
        assert left != rows
        rows = left


@given(estates(), st.randoms(use_true_random=False))
def test_the_order_of_what_is_read_does_not_matter(estate: Estate, shuffle: random.Random) -> None:
    wanted, rows = list(estate.wanted), list(estate.rows.items())
    shuffle.shuffle(wanted)
    shuffle.shuffle(rows)
    other = Estate(tuple(wanted), dict(rows), estate.now, estate.lifecycle)
    assert replace(other.plan(), diagnostics=()) == replace(estate.plan(), diagnostics=())
    assert other.plan().diagnostics == estate.plan().diagnostics


def told_otherwise(wanted: Iterable[DesiredSubscription]) -> tuple[DesiredSubscription, ...]:
    """The same wishes for other reasons, from other places."""
    place = Location("moved.yaml", 99, 99)
    return tuple(
        replace(
            item,
            place=place,
            fields={"owner": place, "product": place},
            intent=None if item.intent is None else replace(item.intent, place=place, reason="another"),
        )
        for item in wanted
    )


@given(estates())
def test_the_fingerprint_is_that_of_the_changes_alone(estate: Estate) -> None:
    plan = estate.plan()
    bindings = Bindings("other", "other", BINDINGS.store_lineage, 99, "c0ffee1")
    otherwise = replace(estate, wanted=told_otherwise(estate.wanted))
    assert otherwise.plan(None, None, bindings).fingerprint == plan.fingerprint
    # Another instant of the same day sees the same estate, unless a term or a start turns on it.
    morning = midnight(estate.now.date())
    assert estate.plan(now=morning).fingerprint == plan.fingerprint


@given(estates(), st.sampled_from(["before", "after"]), st.data())
def test_the_fingerprint_differs_for_any_other_value(estate: Estate, side: str, data: st.DataObject) -> None:
    plan = estate.plan()
    assume(plan.changes)
    number = data.draw(st.integers(0, len(plan.changes) - 1))
    change = plan.changes[number]
    values = dict(change.before if side == "before" else change.after)
    field = data.draw(st.sampled_from(sorted({*values, "extra"})))
    other: Change = replace(change, **{side: {**values, field: "another"}})  # type: ignore[arg-type]
    moved = replace(plan, changes=(*plan.changes[:number], other, *plan.changes[number + 1 :]))
    assert moved.fingerprint != plan.fingerprint
    assert replace(plan, changes=plan.changes[:number]).fingerprint != plan.fingerprint


PATTERNS = st.lists(st.sampled_from(["contoso/*", "*/a", "fabrikam/[ab]", "*"]), max_size=2).map(tuple)


@given(estates(), PATTERNS, PATTERNS)
def test_a_narrowed_plan_is_a_part_of_the_whole_one(
    estate: Estate, select: tuple[str, ...], exclude: tuple[str, ...]
) -> None:
    selection = Selection(select, exclude)
    desired, stored = a_desired_state(*estate.wanted), a_stored_state(*estate.rows.values())
    narrow = build_plan(desired, stored, estate.now, BINDINGS, estate.rulebook, selection)
    whole = estate.plan()
    chosen = selection.keys()
    assert narrow.changes == tuple(change for change in whole.changes if chosen(change.key))
    assert narrow.blocked == tuple(block for block in whole.blocked if chosen(block.key))
    assert narrow.unmanaged == tuple(key for key in whole.unmanaged if chosen(key))


LIMITS = st.fixed_dictionaries(
    dict.fromkeys(IN_NUMBERS, st.builds(Limit, st.integers(0, 6), st.sampled_from([0, 25, 50, 100]), st.integers(0, 2)))
)


@given(estates(), LIMITS)
def test_law_11_whatever_passes_is_within_every_limit(estate: Estate, limits: dict[LimitName, Limit]) -> None:
    desired, stored = a_desired_state(*estate.wanted), a_stored_state(*estate.rows.values())
    plan = estate.plan()
    verdict = review(plan, desired, stored, Circumstances(Safety(limits, allow_empty=True), estate.now))
    alive = [key.account for key, row in estate.rows.items() if not row.status.ended]
    for account in (None, *ACCOUNTS):
        passed = [change for change in verdict.allowed if account in (None, change.key.account)]
        size = len(alive) if account is None else alive.count(account)
        for name, limit in limits.items():
            assert sum(change.kind in COUNTED[name] for change in passed) <= limit.allowed(size)
    refused = {refusal.scope for refusal in verdict.refused}
    whole = [change for change in plan.changes if "run" not in refused and change.key.account not in refused]
    assert list(verdict.allowed) == whole
    assert verdict.clear or refused


@given(estates())
def test_law_11_spending_and_ending_are_told_by_what_they_leave(estate: Estate) -> None:
    rows = estate.rows
    for change in estate.plan().changes:
        left = after([change], rows, estate.now)
        if change.kind in ENDING:
            assert left[change.key].recurring is Recurring.OFF
        elif change.kind in SPENDING - {Kind.UNDO_CANCEL}:
            assert left[change.key].recurring is Recurring.ON
        elif change.kind in (Kind.CORRECT, Kind.UPDATE):
            assert left[change.key].recurring is rows[change.key].recurring
            assert left[change.key].cancellation is rows[change.key].cancellation
        rows = left
