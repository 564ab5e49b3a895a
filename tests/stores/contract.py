"""What every store promises, whatever is behind it: a store's own test module inherits `StoreContract`.

A test gets a `Place`: somewhere that a store can be made, opened, read and leased, as often as the test likes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.changes import Change, Kind, Risk
from reconciler.diagnostics import Location
from reconciler.errors import LeaseHeld, StoreError
from reconciler.journal import Entry, Freeze, FreezeEntry, HistoryEntry, Holder, Outcome, OutcomeKind, Run
from reconciler.model import Cancel, Money, Recurring, Status, StoredSubscription, SubscriptionKey, Term, TermLength
from reconciler.ports import Bookkeeping, Lease, StateReader, Store
from reconciler.stored import StoredState
from tests.builders import NOW, a_change, a_key, a_run, a_stored, an_entry

LINEAGE = "0b9e4a54-2f6e-4a53-8f0c-2f1f4e0b7c11"
LATER = NOW + timedelta(hours=1)

instants = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001 - the zone follows
days = st.dates(date(1990, 1, 1), date(2200, 1, 1))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
names = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=12)
amounts = st.builds(Money, st.integers(0, 10**16), st.sampled_from(["EUR", "JPY", "KWD"]))


@st.composite
def records(draw: st.DrawFn) -> StoredSubscription:
    """Any record that a store may be given."""
    start = draw(instants)
    return StoredSubscription(
        key=SubscriptionKey(draw(names), draw(names)),
        product=draw(texts),
        length=draw(st.sampled_from(TermLength)),
        billing=draw(st.sampled_from(TermLength)),
        start=draw(days),
        anchor=draw(days),
        term=Term(start, start + draw(st.timedeltas(timedelta(microseconds=1), timedelta(days=1100)))),
        status=draw(st.sampled_from(Status)),
        recurring=draw(st.sampled_from(Recurring)),
        cancellation=draw(st.sampled_from(Cancel)),
        requested_at=draw(st.none() | instants),
        effective_at=draw(st.none() | instants),
        id=draw(st.none() | texts),
        provider_status=draw(st.none() | texts),
        seats=draw(st.none() | st.integers(0, 10**6)),
        price=draw(st.none() | amounts),
        owner=draw(st.none() | texts),
        labels=draw(st.dictionaries(texts, texts, max_size=3)),
        protected=draw(st.booleans()),
        declared=draw(st.booleans()),
        extended=draw(st.booleans()),
        last_charge=draw(st.none() | amounts),
    )


class Place(Protocol):
    """Where a store can be. Everything that was opened is closed with the test."""

    def make(self, lineage: str = LINEAGE) -> Store:
        """A new store, open for writing."""
        ...

    def open(self) -> Store:
        """The store, open for writing."""
        ...

    def read(self) -> StateReader | None:
        """The store, open for reading, or None."""
        ...

    def lease(self) -> Lease:
        """Another run's way to ask for the lease, which does not wait."""
        ...


def recorded(place: Place, *entries: Entry, run: Run | None = None) -> Store:
    """A new store in which one run recorded these and ended."""
    store, run = place.make(), run or a_run()
    store.begin(run)
    store.record(run.id, entries, NOW)
    store.finish(run.id, LATER, Bookkeeping())
    return store


def seen(place: Place) -> StoredState:
    """What somebody else reads now."""
    reader = place.read()
    assert reader is not None
    with reader:
        return reader.snapshot()


def told(store: StateReader, key: str | None = None) -> list[tuple[str, str, OutcomeKind]]:
    """The history in short."""
    return [(one.subscription, one.kind, one.outcome) for one in store.history((key and a_key(key)) or None)]


def stored(row: StoredSubscription, prefix: str = "op", *, change: Change | None = None) -> Entry:
    """The entry of a registration that left this record."""
    change = change or a_change(Kind.REGISTER, str(row.key))
    return Entry(f"{prefix}:{row.key}", change, Outcome(SUCCEEDED, row))


def registered(key: str, operation_id: str | None = None) -> Entry:
    """The entry of a registration that succeeded."""
    return an_entry(a_change(Kind.REGISTER, key), operation_id=operation_id)


def renamed(before: str, after: str, operation_id: str | None = None) -> Entry:
    """The entry of a rename that succeeded."""
    names = {"before": {"name": a_key(before).name}, "after": {"name": a_key(after).name}}
    return an_entry(a_change(Kind.RENAME, after, **names), previous=before, operation_id=operation_id)


SUCCEEDED, FAILED, UNKNOWN = OutcomeKind.SUCCEEDED, OutcomeKind.FAILED, OutcomeKind.UNKNOWN


class StoreContract:
    """Inherit, and give a `place` fixture."""

    def test_there_is_no_store_before_one_is_made(self, place: Place) -> None:
        assert place.read() is None
        with pytest.raises(StoreError) as refused:
            place.open()
        assert refused.value.code == "no-store"

    def test_a_new_store_is_empty_and_has_the_lineage_it_was_given(self, place: Place) -> None:
        assert place.make().snapshot() == StoredState(lineage=LINEAGE)
        assert place.open().snapshot() == seen(place) == StoredState(lineage=LINEAGE)

    # All examples share one store, on purpose, and both kinds of store this test.
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors])
    @given(found=st.lists(records(), unique_by=lambda record: record.key, max_size=5))
    def test_every_record_is_read_back_as_it_was_written(self, place: Place, found: list[StoredSubscription]) -> None:
        with known if (known := place.read()) else place.make() as one:
            run = a_run(f"run-{one.snapshot().serial}")
        with place.open() as store:
            store.begin(run)
            store.record(run.id, [stored(row, run.id) for row in found], NOW)
            after = store.snapshot().subscriptions
        assert {row.key: after[row.key] for row in found} == {row.key: row for row in found}

    def test_records_come_in_the_order_of_their_keys(self, place: Place) -> None:
        keys = ["contoso/b", "contoso/a-1", "adatum/z", "contoso/a"]
        store = recorded(place, *map(registered, keys))
        assert [str(key) for key in store.snapshot().subscriptions] == sorted(keys)

    def test_instants_of_another_time_zone_are_kept_as_the_same_instant_in_utc(self, place: Place) -> None:
        there = timezone(timedelta(hours=12, minutes=45))
        row = a_stored(requested_at=NOW.astimezone(there))
        store = recorded(place, stored(row))
        (back,) = store.snapshot().subscriptions.values()
        assert back == row
        assert back.requested_at is not None
        assert back.requested_at.tzinfo is UTC

    def test_the_serial_moves_by_one_with_each_recording(self, place: Place) -> None:
        store = recorded(place, registered("contoso/a"), registered("contoso/b"))
        assert store.snapshot().serial == 1
        assert store.record("run-1", [an_entry(a_change(Kind.TURN_OFF, "contoso/a"))], LATER) == 2
        assert seen(place).serial == 2

    @pytest.mark.parametrize("kind", [FAILED, UNKNOWN, OutcomeKind.SKIPPED])
    def test_what_did_not_succeed_is_journaled_and_changes_no_record(self, place: Place, kind: OutcomeKind) -> None:
        store = recorded(place, registered("contoso/a"))
        before = store.snapshot().subscriptions
        assert store.record("run-1", [an_entry(a_change(key="contoso/a"), kind=kind, error="no answer")], LATER) == 2
        assert store.snapshot().subscriptions == before
        *_, last = store.history()
        assert (last.outcome, last.error) == (kind, "no answer")

    def test_a_forgotten_record_is_gone_and_its_history_stays(self, place: Place) -> None:
        store = recorded(place, registered("contoso/a"), registered("contoso/b"))
        store.record("run-1", [an_entry(a_change(Kind.FORGET, "contoso/a"))], LATER)
        assert list(store.snapshot().subscriptions) == [a_key("contoso/b")]
        assert told(store, "contoso/a") == [
            ("contoso/a", "register", SUCCEEDED),
            ("contoso/a", "forget", SUCCEEDED),
        ]

    def test_a_forget_that_failed_forgets_nothing(self, place: Place) -> None:
        store = recorded(place, registered("contoso/a"))
        store.record("run-1", [an_entry(a_change(Kind.FORGET, "contoso/a"), kind=FAILED)], LATER)
        assert list(store.snapshot().subscriptions) == [a_key("contoso/a")]

    def test_all_changes_of_one_record_in_one_batch_leave_what_the_last_one_left(self, place: Place) -> None:
        moved = replace(a_stored("contoso/new"), seats=9)
        ended = replace(moved, recurring=Recurring.OFF)
        store = recorded(
            place,
            registered("contoso/old"),
            renamed("contoso/old", "contoso/new"),
            Entry("op-2", a_change(Kind.UPDATE, "contoso/new"), Outcome(SUCCEEDED, moved)),
            Entry("op-3", a_change(Kind.TURN_OFF, "contoso/new"), Outcome(SUCCEEDED, ended)),
        )
        assert store.snapshot().subscriptions == {ended.key: ended}

    def test_names_can_move_up_in_one_batch(self, place: Place) -> None:
        store = recorded(place, registered("contoso/a"), registered("contoso/b"))
        store.record("run-1", [renamed("contoso/b", "contoso/c"), renamed("contoso/a", "contoso/b")], LATER)
        assert [key.name for key in store.snapshot().subscriptions] == ["b", "c"]

    # History

    def test_history_is_told_oldest_first_with_who_decided_and_who_applied_apart(self, place: Place) -> None:
        change = a_change(reason="not needed", place=Location("specs/contoso.yaml", 22, 16))
        store = recorded(
            place,
            registered("contoso/visio-plan-2"),
            an_entry(change),
            run=a_run(ci_run="https://ci.example/7", commit="c0ffee1+"),
        )
        _, last = store.history()
        assert last == HistoryEntry(
            run="run-1",
            at=NOW,
            subscription="contoso/visio-plan-2",
            kind="turn-off-recurring",
            outcome=SUCCEEDED,
            before={"recurring": "on", "cancellation": "none"},
            after={"recurring": "off", "cancellation": "none"},
            reason="not needed",
            error=None,
            actor="ada",
            ci_run="https://ci.example/7",
            commit="c0ffee1+",
            commit_author="Grace Hopper <grace@example.com>",
            source=Location("specs/contoso.yaml", 22, 16),
            as_of=NOW,
            risk=Risk.REVERSIBLE,
        )

    def test_a_long_history_is_told_whole(self, place: Place) -> None:
        entries = [registered(f"contoso/s-{number:04d}") for number in range(1001)]
        entries += [an_entry(a_change(Kind.UPDATE, "contoso/s-0000"), operation_id=f"op-{n}") for n in range(1001)]
        store = recorded(place, *entries)
        assert [line[0] for line in told(store)] == [str(entry.change.key) for entry in entries]
        assert len(told(store, "contoso/s-0000")) == 1002

    def test_history_of_a_key_includes_the_names_it_had_before(self, place: Place) -> None:
        store = recorded(
            place,
            registered("contoso/a"),
            registered("contoso/other"),
            renamed("contoso/a", "contoso/b"),
            renamed("contoso/b", "contoso/c"),
        )
        assert told(store, "contoso/c") == [
            ("contoso/a", "register", SUCCEEDED),
            ("contoso/b", "rename", SUCCEEDED),
            ("contoso/c", "rename", SUCCEEDED),
        ]

    def test_history_of_a_name_that_was_given_up_ends_with_its_new_name(self, place: Place) -> None:
        store = recorded(place, registered("contoso/a"), renamed("contoso/a", "contoso/b"))
        expected = [("contoso/a", "register", SUCCEEDED), ("contoso/b", "rename", SUCCEEDED)]
        assert told(store, "contoso/a") == told(store, "contoso/b") == expected

    def test_history_of_a_name_used_again_is_not_mixed_with_its_first_life(self, place: Place) -> None:
        store = recorded(
            place,
            registered("contoso/a", "op-1"),
            renamed("contoso/a", "contoso/b"),
            registered("contoso/a", "op-2"),
            an_entry(a_change(Kind.UPDATE, "contoso/a")),
        )
        assert told(store, "contoso/a") == [("contoso/a", "register", SUCCEEDED), ("contoso/a", "update", SUCCEEDED)]
        assert told(store, "contoso/b") == [("contoso/a", "register", SUCCEEDED), ("contoso/b", "rename", SUCCEEDED)]

    def test_history_follows_a_rename_there_and_back(self, place: Place) -> None:
        store = recorded(
            place,
            registered("contoso/a"),
            renamed("contoso/a", "contoso/b", "op-1"),
            renamed("contoso/b", "contoso/a", "op-2"),
        )
        assert [kind for _, kind, _ in told(store, "contoso/a")] == ["register", "rename", "rename"]

    def test_a_rename_that_failed_joins_no_histories(self, place: Place) -> None:
        change = a_change(Kind.RENAME, "contoso/b")
        store = recorded(place, registered("contoso/a"), an_entry(change, kind=FAILED, previous="contoso/a"))
        assert told(store, "contoso/a") == [("contoso/a", "register", SUCCEEDED)]
        assert told(store, "contoso/b") == [("contoso/b", "rename", FAILED)]

    def test_an_unknown_key_has_no_history(self, place: Place) -> None:
        assert told(recorded(place, registered("contoso/a")), "contoso/b") == []

    # A repeat after a crash

    def test_what_was_recorded_is_not_recorded_twice(self, place: Place) -> None:
        entries = [registered("contoso/a"), an_entry(a_change(key="contoso/b"), kind=FAILED, error="no")]
        store = recorded(place, *entries)
        before, history = store.snapshot(), told(store)
        assert store.record("run-1", entries, LATER) == before.serial
        assert (store.snapshot(), told(store)) == (before, history)

    def test_one_entry_given_twice_is_recorded_once(self, place: Place) -> None:
        assert len(told(recorded(place, registered("contoso/a"), registered("contoso/a")))) == 1

    def test_a_success_is_not_repeated_by_another_run_either(self, place: Place) -> None:
        first = an_entry(a_change(Kind.UPDATE, "contoso/a"), operation_id="op-1")
        store = recorded(place, registered("contoso/a"), first)
        store.begin(a_run("run-2"))
        other = replace(first, outcome=Outcome(SUCCEEDED, a_stored("contoso/a", seats=99)))
        assert store.record("run-2", [other], LATER) == 1
        assert store.snapshot().subscriptions[a_key("contoso/a")].seats == 7

    def test_what_failed_can_succeed_in_another_run(self, place: Place) -> None:
        store = recorded(place, an_entry(a_change(Kind.REGISTER, "contoso/a"), operation_id="op-1", kind=FAILED))
        store.begin(a_run("run-2"))
        assert store.record("run-2", [registered("contoso/a", "op-1")], LATER) == 2
        assert [outcome for _, _, outcome in told(store)] == [FAILED, SUCCEEDED]

    def test_a_run_that_begins_twice_is_one_run(self, place: Place) -> None:
        store = recorded(place, registered("contoso/a"))
        store.begin(a_run(actor="somebody else"))
        assert [entry.actor for entry in store.history()] == ["ada"]
        assert store.snapshot().unfinished == {}

    # Intents

    def test_an_open_intent_is_listed_until_its_outcome_is_recorded(self, place: Place) -> None:
        store, entry = place.make(), an_entry(a_change(key="contoso/a"))
        store.begin(a_run())
        store.intend("run-1", [entry], NOW)
        assert [*seen(place).open_intents] == [a_key("contoso/a")]
        assert told(store) == [("contoso/a", "turn-off-recurring", OutcomeKind.INTENDED)]
        assert store.record("run-1", [entry], LATER) == 1
        assert seen(place).open_intents == {}
        assert told(store) == [("contoso/a", "turn-off-recurring", SUCCEEDED)]

    def test_an_intent_moves_no_serial_and_no_record(self, place: Place) -> None:
        store = recorded(place, registered("contoso/a"))
        before = store.snapshot()
        store.intend("run-1", [an_entry(a_change(key="contoso/a"))], NOW)
        after = store.snapshot()
        assert [*after.open_intents] == [a_key("contoso/a")]
        assert replace(after, open_intents={}) == before

    def test_an_intent_of_a_run_that_was_cut_off_is_carried_on_by_the_next(self, place: Place) -> None:
        store, entry = place.make(), an_entry(a_change(key="contoso/a"))
        store.begin(a_run())
        store.intend("run-1", [entry, entry], NOW)
        store.begin(a_run("run-2"))
        store.intend("run-2", [entry], NOW)
        assert len(told(store)) == 1
        store.record("run-2", [entry], LATER)
        assert [(one.run, one.outcome) for one in store.history()] == [("run-2", SUCCEEDED)]

    def test_what_failed_can_be_intended_again_and_what_succeeded_cannot(self, place: Place) -> None:
        store, entry = place.make(), an_entry(a_change(key="contoso/a"))
        store.begin(a_run())
        store.record("run-1", [replace(entry, outcome=Outcome(FAILED, error="no"))], NOW)
        store.intend("run-1", [entry], NOW)
        assert [*store.snapshot().open_intents] == [a_key("contoso/a")]
        store.record("run-1", [entry], LATER)
        store.intend("run-1", [entry], NOW)
        assert store.snapshot().open_intents == {}
        assert [outcome for _, _, outcome in told(store)] == [FAILED, SUCCEEDED]

    def test_intents_are_journaled_at_the_instant_that_is_handed_in(self, place: Place) -> None:
        store = place.make()
        store.begin(a_run())
        store.intend("run-1", [an_entry()], NOW)
        (entry,) = store.history()
        assert entry.at == NOW

    # Runs

    def test_a_run_that_never_ended_is_listed_and_carried_on_by_the_next_that_ends(self, place: Place) -> None:
        store = place.make()
        store.begin(a_run("cut-off", fingerprint="f00d"))
        store.record("cut-off", [registered("contoso/a")], NOW)
        assert seen(place).unfinished == {"cut-off": "f00d"}
        store.begin(a_run("run-2"))
        assert seen(place).unfinished == {"cut-off": "f00d", "run-2": None}
        store.finish("run-2", LATER, Bookkeeping())
        assert seen(place).unfinished == {}

    def test_a_run_that_began_later_is_not_ended_by_an_earlier_one(self, place: Place) -> None:
        store = place.make()
        for name in ("run-1", "run-2"):
            store.begin(a_run(name))
        store.finish("run-1", LATER, Bookkeeping())
        assert store.snapshot().unfinished == {"run-2": None}

    def test_the_latest_instant_of_what_was_recorded_never_goes_back(self, place: Place) -> None:
        store = place.make()
        assert store.snapshot().last_as_of is None
        for number, as_of in enumerate([NOW, LATER, NOW]):
            store.begin(a_run(f"run-{number}", as_of=as_of))
            store.record(f"run-{number}", [registered(f"contoso/s-{number}")], NOW)
        assert store.snapshot().last_as_of == LATER
        store.finish("run-2", LATER, Bookkeeping(as_of=NOW))
        assert store.snapshot().last_as_of == LATER
        store.finish("run-2", LATER, Bookkeeping(as_of=LATER + timedelta(days=1)))
        assert store.snapshot().last_as_of == LATER + timedelta(days=1)

    def test_what_a_finished_run_leaves_is_kept(self, place: Place) -> None:
        store = recorded(place, registered("contoso/a"), registered("contoso/b"))
        safety = {"limits": {"max-endings": {"count": 20}}, "allow_empty": False}
        declared = frozenset({a_key("contoso/b"), a_key("contoso/no-record")})
        accounts = {"contoso": ("ledger", None), "fabrikam": ("partner", "0f8f")}
        store.begin(a_run("run-2"))
        store.finish("run-2", LATER, Bookkeeping(safety, accounts, declared))
        after = seen(place)
        assert (after.safety, dict(after.accounts)) == (safety, accounts)
        assert [(key.name, row.declared) for key, row in after.subscriptions.items()] == [("a", False), ("b", True)]

    def test_what_is_not_given_stays_as_it_was_recorded(self, place: Place) -> None:
        store = recorded(place, registered("contoso/a"))
        first = Bookkeeping({"allow_empty": False}, {"contoso": ("ledger", None)}, frozenset({a_key("contoso/a")}))
        store.finish("run-1", LATER, first)
        before = store.snapshot()
        store.finish("run-1", LATER, Bookkeeping())
        assert store.snapshot() == before

    def test_an_account_stays_what_it_was_when_it_was_recorded(self, place: Place) -> None:
        store = place.make()
        store.begin(a_run())
        for provider, tenant in [("ledger", None), ("partner", "0f8f"), ("ledger", "1a1a"), ("ledger", "2b2b")]:
            store.finish("run-1", LATER, Bookkeeping(accounts={"contoso": (provider, tenant)}))
        assert store.snapshot().accounts == {"contoso": ("ledger", "1a1a")}

    def test_a_run_that_never_began_and_leaves_nothing_leaves_no_trace(self, place: Place) -> None:
        store = recorded(place, registered("contoso/a"))
        before = store.snapshot()
        store.finish("never-begun", LATER, Bookkeeping())
        assert store.snapshot() == before

    @pytest.mark.parametrize(
        "misuse",
        [
            pytest.param(lambda store: store.record("run-9", [an_entry()], NOW), id="a run that has not begun"),
            pytest.param(lambda store: store.finish("run-9", NOW, Bookkeeping(as_of=NOW)), id="an end without begin"),
            pytest.param(
                lambda store: store.record("run-1", [an_entry(kind=OutcomeKind.INTENDED)], NOW), id="an intent recorded"
            ),
            pytest.param(
                lambda store: store.record("run-1", [an_entry(), an_entry(kind=FAILED)], NOW), id="two outcomes of one"
            ),
            pytest.param(
                lambda store: store.record("run-1", [replace(an_entry(), outcome=Outcome(SUCCEEDED))], NOW),
                id="a success that leaves no record",
            ),
            pytest.param(
                lambda store: store.record("run-1", [replace(an_entry(), previous=a_key("adatum/a"))], NOW),
                id="a rename out of another account",
            ),
        ],
    )
    def test_a_misuse_is_our_bug_and_writes_nothing(self, place: Place, misuse: Callable[[Store], object]) -> None:
        store = recorded(place, registered("contoso/a"))
        before, history = store.snapshot(), told(store)
        with pytest.raises(RuntimeError):
            misuse(store)
        assert (store.snapshot(), told(store)) == (before, history)

    # All or nothing

    @pytest.mark.parametrize(
        "fields",
        [
            pytest.param({"seats": 1 << 63}, id="a number over 64 bits"),
            pytest.param({"owner": "\ud800"}, id="a text that is no UTF-8"),
            pytest.param({"labels": {"team": "\udcff"}}, id="a label that is no UTF-8"),
        ],
    )
    def test_a_value_that_cannot_be_stored_leaves_nothing_of_its_batch(
        self, place: Place, fields: dict[str, object]
    ) -> None:
        store = recorded(place, registered("contoso/a"))
        before, history = store.snapshot(), told(store)
        bad = stored(a_stored("contoso/c", **fields))
        with pytest.raises(StoreError) as refused:
            store.record("run-1", [registered("contoso/b"), bad], LATER)
        assert refused.value.code == "unstorable-value"
        assert (store.snapshot(), told(store)) == (before, history)

    def test_odd_bytes_of_the_environment_do_not_stop_a_run(self, place: Place) -> None:
        store = recorded(place, registered("contoso/a"), run=a_run(actor="j\udcfcrgen", allowed=("x\udcff",)))
        assert [entry.actor for entry in store.history()] == ["j?rgen"]

    @pytest.mark.parametrize("text", ["", "a\0b", "'; DROP TABLE journal; --", "\x1b[31m", "ÄÖ 漢字 🙂", "\u202e"])
    def test_hostile_texts_are_kept_to_the_letter(self, place: Place, text: str) -> None:
        row = a_stored("contoso/a", owner=text, product=text, labels={text: text})
        store = recorded(place, stored(row, change=a_change(Kind.REGISTER, "contoso/a", reason=text)))
        assert store.snapshot().subscriptions[row.key] == row
        assert [entry.reason for entry in store.history()] == [text]

    # Freeze, holder, lease

    @pytest.mark.parametrize("until", [None, LATER], ids=["until thawed", "until an instant"])
    def test_a_freeze_holds_for_everybody_until_it_is_thawed(self, place: Place, until: datetime | None) -> None:
        store, freeze = place.make(), Freeze("year end", NOW, "ada", until)
        assert store.freeze() is None
        store.set_freeze(a_run("freeze-1", command="freeze"), freeze)
        assert store.freeze() == seen(place).freeze == freeze
        store.set_freeze(a_run("thaw-1", command="thaw"), None)
        assert store.freeze() is seen(place).freeze is None

    def test_every_freeze_and_thaw_is_told_oldest_first_with_who_and_why(self, place: Place) -> None:
        store = recorded(place, registered("contoso/a"))
        freeze = Freeze("year end", NOW, "ada")
        store.set_freeze(a_run("freeze-1", command="freeze", reason="year end", ci_run="ci/7"), freeze)
        store.set_freeze(a_run("thaw-1", command="thaw", reason="year end", started_at=LATER, actor="grace"), None)
        store.set_freeze(a_run("freeze-2", command="freeze", started_at=LATER), freeze)
        assert list(store.freezes()) == [
            FreezeEntry("freeze-1", NOW, "freeze", "year end", "ada", "ci/7"),
            FreezeEntry("thaw-1", LATER, "thaw", "year end", "grace"),
            FreezeEntry("freeze-2", LATER, "freeze", None, "ada"),
        ]

    def test_a_freeze_of_another_process_is_seen_at_once(self, place: Place) -> None:
        store = place.make()
        assert store.freeze() is None
        place.open().set_freeze(a_run(), Freeze("now", NOW, "grace"))
        assert store.freeze() == Freeze("now", NOW, "grace")

    def test_a_freeze_is_a_run_that_ended_and_carries_nothing_on(self, place: Place) -> None:
        store = place.make()
        store.begin(a_run("cut-off"))
        store.set_freeze(a_run("freeze-1"), Freeze("wait", NOW, "ada"))
        assert store.snapshot().unfinished == {"cut-off": None}

    def test_only_one_run_holds_the_lease(self, place: Place) -> None:
        place.make()
        with place.lease().hold():
            with pytest.raises(LeaseHeld) as refused, place.lease().hold():
                pass
            assert refused.value.code == "lease-held"
            assert refused.value.exit_code == 4
        with place.lease().hold():
            pass

    def test_who_holds_the_lease_is_told(self, place: Place) -> None:
        store = place.make()
        with place.lease().hold():
            store.describe_holder(Holder(os.getpid(), "build-7", NOW, "ada", "https://ci.example/7"))
            with pytest.raises(
                LeaseHeld, match=rf"ada, pid {os.getpid()} on build-7, https://ci.example/7, since 2026"
            ):
                place.lease().hold().__enter__()
            store.describe_holder(None)
            with pytest.raises(LeaseHeld, match=rf"unknown, pid {os.getpid()}$"):
                place.lease().hold().__enter__()
