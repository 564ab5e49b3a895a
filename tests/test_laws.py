"""The laws of the domain as properties over generated estates: every state, wish, rename, correction and protection."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import assume, given, note
from hypothesis import strategies as st

from reconciler.apply import Instruction, execute
from reconciler.build import build_plan
from reconciler.changes import ENDING, INTENTS, SPENDING, Change, Kind
from reconciler.diagnostics import Location
from reconciler.lifecycle import at, confirmation, midnight, term_at
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
from reconciler.ports import Bookkeeping
from reconciler.providers.ledger import LedgerProvider
from reconciler.safety import COUNTED, Circumstances, review
from reconciler.selection import Selection
from reconciler.settings import Limit, LimitName, Safety
from tests.builders import a_run
from tests.estates import BINDINGS, Rows, a_desired_state, a_stored_state, after
from tests.fakes import FixedClock, MemoryStore

ACCOUNTS = ("contoso", "fabrikam")
NAMES = ("a", "b", "c", "d")
PAIRS = [
    (recurring, cancel)
    for recurring in (None, *Recurring)
    for cancel in (None, *Cancel)
    if (recurring, cancel) not in {(None, None), (Recurring.ON, Cancel.AT_RENEWAL), (Recurring.ON, Cancel.IMMEDIATELY)}
]

DAYS = st.dates(date(2019, 1, 1), date(2032, 12, 31))
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive
LENGTHS = st.sampled_from(TermLength)
MONEY = st.builds(Money, st.integers(0, 3), st.sampled_from(["EUR", "JPY"]))
LABELS = st.dictionaries(st.sampled_from("xy"), st.sampled_from("12"), max_size=2)
SEATS = st.integers(1, 3)
OWNERS = st.sampled_from(["ada", "bob"])
PRODUCTS = st.sampled_from(["SPB", "VISIO"])


@dataclass(frozen=True)
class Estate:
    """What is wished and what is stored, at an instant."""

    wanted: tuple[DesiredSubscription, ...]
    rows: Rows
    now: datetime

    def plan(self, rows: Rows | None = None, now: datetime | None = None, bindings: Bindings = BINDINGS) -> Plan:
        stored = a_stored_state(*(self.rows if rows is None else rows).values())
        return build_plan(a_desired_state(*self.wanted), stored, now or self.now, bindings)

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
    length, anchor = draw(LENGTHS), draw(DAYS)
    written = draw(st.datetimes(datetime(2019, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
    term = term_at(anchor, length, min(written, now + timedelta(days=3)))
    return StoredSubscription(
        key,
        product=draw(PRODUCTS),
        length=length,
        billing=draw(LENGTHS),
        start=draw(st.one_of(st.just(anchor), DAYS)),
        anchor=anchor,
        term=term,
        status=draw(st.sampled_from([Status.ACTIVE, Status.ACTIVE, Status.ACTIVE, *Status])),
        recurring=draw(st.sampled_from(Recurring)),
        cancellation=draw(st.sampled_from([Cancel.NONE, Cancel.NONE, *Cancel])),
        seats=draw(st.none() | SEATS),
        price=draw(st.none() | MONEY),
        owner=draw(st.none() | OWNERS),
        labels=draw(LABELS),
        protected=draw(st.booleans()),
        declared=draw(st.booleans()),
    )


@st.composite
def intents(draw: st.DrawFn, key: SubscriptionKey, row: StoredSubscription | None, now: datetime) -> Intent | None:
    """Any pair, and now and then the confirmation that fits."""
    if draw(st.integers(0, 5)) == 0:
        return None
    recurring, cancel = draw(st.sampled_from(PAIRS))
    fitting = confirmation(replace(at(row, now), key=key)) if row is not None else None
    confirm = draw(st.sampled_from([None, f"{key}@2020-01-01", fitting, fitting, fitting]))
    own = cancel is Cancel.IMMEDIATELY or draw(st.booleans())
    return Intent(recurring, cancel, Location("specs/a.yaml", draw(st.integers(1, 9))), "because", confirm, own)


@st.composite
def declarations(
    draw: st.DrawFn, key: SubscriptionKey, previously: str | None, row: StoredSubscription | None, now: datetime
) -> DesiredSubscription:
    """A declared subscription: often as its record has it, often not."""
    kept = row is not None and draw(st.booleans())
    facts = Facts(
        product=row.product if row and kept else draw(PRODUCTS),
        term=row.length if row and kept else draw(LENGTHS),
        billing=draw(st.none() | LENGTHS),
        start=row.start if row and kept else draw(DAYS),
        seats=draw(st.none() | SEATS),
        price=draw(st.none() | MONEY),
    )
    return DesiredSubscription(
        key,
        Location(f"specs/{key.account}.yaml", draw(st.integers(1, 99))),
        facts,
        draw(intents(key, row, now)),
        previously=previously,
        owner=draw(st.none() | OWNERS),
        labels=draw(st.none() | LABELS),
        protect=draw(st.sampled_from([None, None, True, False])),
        protect_own=draw(st.booleans()),
    )


def with_ids(draw: st.DrawFn, items: list[SubscriptionKey]) -> dict[SubscriptionKey, str | None]:
    """Provider ids, each at most once."""
    ids = draw(st.lists(st.none() | st.sampled_from("pqrstuvw"), min_size=len(items), max_size=len(items)))
    return {key: None if ids.index(found) < number else found for number, (key, found) in enumerate(zip(items, ids))}  # noqa: B905


@st.composite
def estates(draw: st.DrawFn) -> Estate:
    """Two accounts with up to four subscriptions each, stored, declared, both, or under a former name."""
    now = draw(INSTANTS)
    keys = [SubscriptionKey(account, name) for account in ACCOUNTS for name in NAMES]
    stored = [key for key in keys if draw(st.booleans())]
    rows = {key: draw(records(key, now)) for key in stored}
    ids = with_ids(draw, stored)
    rows = {key: replace(row, id=ids[key]) for key, row in rows.items()}
    declared = [key for key in keys if draw(st.integers(0, 2))]
    wanted = []
    for key in declared:
        previously = draw(st.sampled_from([None, None, None, *NAMES, "zzz"]))
        row = rows.get(key) or rows.get(SubscriptionKey(key.account, previously or ""))
        wanted.append(draw(declarations(key, previously, row, now)))
    wished = with_ids(draw, declared)
    return Estate(tuple(replace(item, id=wished[item.key]) for item in wanted), rows, now)


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
def test_law_1_what_is_blocked_stays_blocked_with_the_same_words(estate: Estate) -> None:
    first = estate.plan()
    second = estate.plan(estate.applied(first))
    waiting = lifted(first)
    before, then = ([block for block in plan.blocked if block.key not in waiting] for plan in (first, second))
    assert [(block.key, block.code) for block in before] == [(block.key, block.code) for block in then]


@given(estates(), st.integers(1, 6))
def test_law_1_in_batches_or_whole_the_rows_are_the_same(estate: Estate, batch: int) -> None:
    plan = estate.plan()
    expected = after(plan.changes, estate.rows, estate.now)
    for size in (batch, 10_000):
        store = MemoryStore(dict(estate.rows))
        run = replace(a_run(), as_of=estate.now)
        instruction = Instruction(run, plan.changes, Bookkeeping(), "lineage", 7, batch=size)
        report = execute(
            instruction, estate.rows, store, dict.fromkeys(ACCOUNTS, LedgerProvider()), FixedClock(), lambda: False
        )
        assert store.rows == expected
        assert [item.change for item in report.changes] == list(plan.changes)


@given(estates(), st.data())
def test_law_1_a_run_that_is_cut_off_anywhere_ends_in_the_same_place(estate: Estate, data: st.DataObject) -> None:
    changes = estate.plan().changes
    done = changes[: data.draw(st.integers(0, len(changes)))]
    assert estate.settled(after(done, estate.rows, estate.now)) == estate.settled(estate.rows)


@given(estates())
def test_law_2_what_no_file_declares_is_left_as_it_is(estate: Estate) -> None:
    plan = estate.plan()
    spoken_of = {item.key for item in estate.wanted} | {
        SubscriptionKey(item.key.account, item.previously) for item in estate.wanted if item.previously
    }
    left = estate.applied(plan)
    silent = {key: row for key, row in estate.rows.items() if key not in spoken_of}
    assert {key: left[key] for key in silent} == silent
    assert set(plan.unmanaged) == silent.keys()
    assert {change.key for change in plan.changes} <= {item.key for item in estate.wanted}


@given(estates())
def test_law_2_without_a_pair_no_intent_changes(estate: Estate) -> None:
    released = {item.key for item in estate.wanted if item.intent is None}
    plan = estate.plan()
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
        intent, row = wishes[change.key], at(rows[change.key], estate.now)
        assert intent is not None
        assert intent.cancel is Cancel.IMMEDIATELY
        assert intent.confirm == f"{change.key}@{row.term.start:%Y-%m-%d}"
        assert row.term.start <= estate.now < row.term.end
    now_ended = {key for key, row in estate.applied(plan).items() if row.cancellation is Cancel.IMMEDIATELY}
    assert now_ended <= {change.key for change in ending} | {
        key for key, row in rows.items() if row.cancellation is Cancel.IMMEDIATELY
    }


@given(estates())
def test_law_4_no_confirmation_fires_after_the_next_renewal(estate: Estate) -> None:
    due = [change.key for change in estate.plan().changes if change.kind is Kind.CANCEL_NOW]
    assume(due)
    renewing = {key: row for key, row in estate.rows.items() if row.recurring is Recurring.ON}
    later = max((at(row, estate.now).term.end for row in renewing.values()), default=estate.now)
    fired = {change.key for change in estate.plan(renewing, later).changes if change.kind is Kind.CANCEL_NOW}
    assert not fired & set(due) & renewing.keys()


@given(estates())
def test_law_5_every_wish_is_kept_blocked_listed_or_changed(estate: Estate) -> None:
    plan = estate.plan()
    told = {item.key for group in (plan.changes, plan.blocked, plan.released, plan.ended) for item in group}
    assert len(told) + plan.unchanged == len(estate.wanted)
    assert all(block.code and block.detail and block.hint for block in plan.blocked)


@given(estates())
def test_law_7_no_protected_record_ends_in_the_run_that_finds_it_protected(estate: Estate) -> None:
    plan = estate.plan()
    former = {
        change.key: SubscriptionKey(change.key.account, str(change.before["name"]))
        for change in plan.changes
        if change.kind is Kind.RENAME
    }
    for change in plan.changes:
        if change.kind in ENDING:
            assert not estate.rows[former.get(change.key, change.key)].protected


@given(estates())
def test_law_7_only_an_own_protect_false_ever_lifts_a_protection(estate: Estate) -> None:
    freeing = {item.key for item in estate.wanted if item.protect is False and item.protect_own}
    assert lifted(estate.plan()) <= freeing


@given(estates())
def test_a_subscription_has_one_change_of_each_verb_in_order_and_one_intent(estate: Estate) -> None:
    changes = estate.plan().changes
    assert list(changes) == sorted(changes, key=lambda change: (change.key, change.kind.rank))
    assert len({(change.key, change.kind) for change in changes}) == len(changes)
    intents_of = [change.key for change in changes if change.kind in INTENTS]
    assert len(intents_of) == len(set(intents_of))


@given(estates())
def test_no_change_leaves_things_as_they_are(estate: Estate) -> None:
    rows = estate.rows
    for change in estate.plan().changes:
        assert change.before != change.after
        left = after([change], rows, estate.now)
        assert left != rows
        rows = left


@given(estates(), st.randoms(use_true_random=False))
def test_the_order_of_what_is_read_does_not_matter(estate: Estate, shuffle: random.Random) -> None:
    wanted, rows = list(estate.wanted), list(estate.rows.items())
    shuffle.shuffle(wanted)
    shuffle.shuffle(rows)
    other = Estate(tuple(wanted), dict(rows), estate.now)
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
    assert Estate(told_otherwise(estate.wanted), estate.rows, estate.now).plan(None, None, bindings).fingerprint == (
        plan.fingerprint
    )
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
    narrow, whole = build_plan(desired, stored, estate.now, BINDINGS, selection), estate.plan()
    chosen = selection.keys()
    assert narrow.changes == tuple(change for change in whole.changes if chosen(change.key))
    assert narrow.blocked == tuple(block for block in whole.blocked if chosen(block.key))
    assert narrow.unmanaged == tuple(key for key in whole.unmanaged if chosen(key))


LIMITS = st.fixed_dictionaries(
    dict.fromkeys(LimitName, st.builds(Limit, st.integers(0, 6), st.sampled_from([0, 25, 50, 100]), st.integers(0, 2)))
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
        elif change.kind is not Kind.REGISTER and change.kind is not Kind.RENAME:
            assert left[change.key].recurring is rows[change.key].recurring
            assert left[change.key].cancellation is rows[change.key].cancellation
        rows = left
