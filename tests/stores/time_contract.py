"""What every store promises of time and money: a store's own test module inherits `TimeContract` beside the others.

What time did is journaled like changes, what a change came to is kept with it, and what limits count is found again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from reconciler.changes import Kind, Risk
from reconciler.consequences import Amount, Basis, Impact
from reconciler.events import Event, EventKind
from reconciler.journal import Entry, HistoryEntry, Outcome, OutcomeKind
from reconciler.model import Money, Recurring, Status, StoredSubscription
from reconciler.ports import Store
from reconciler.stored import RecentChange
from tests.builders import NOW, a_change, a_key, a_run, a_stored, an_entry
from tests.stores.contract import (
    FAILED,
    LATER,
    SUCCEEDED,
    UNKNOWN,
    Place,
    recorded,
    registered,
    renamed,
    told,
)


def happened(kind: EventKind, row: StoredSubscription, at: datetime = NOW, operation_id: str | None = None) -> Entry:
    """The entry of something that time did, which left this record in the end."""
    event = Event(row.key, kind, at, {"status": "before"}, {"status": str(row.status)}, row.product)
    return Entry(operation_id or f"op:{row.key}:{kind}:{at}", event, Outcome(SUCCEEDED, row))


def an_odd_event(outcome: Outcome) -> Entry:
    """The deletion of `a_stored` with any outcome."""
    return replace(happened(EventKind.DELETED, a_stored()), outcome=outcome)


def of_value(minor: int | None, *, currency: str = "EUR", until: datetime | None = None) -> Impact:
    """What follows from a change of that value."""
    money = None if minor is None else Money(minor, currency)
    return Impact(value=Amount(money, Basis.UNKNOWN if money is None else Basis.DECLARED), reversible_until=until)


class TimeContract:
    """Inherit, and give a `place` fixture."""

    # What time did

    def test_what_time_did_is_told_with_its_own_instant_and_was_decided_by_nobody(self, place: Place) -> None:
        row, at = a_stored("contoso/a", status=Status.EXPIRED), NOW - timedelta(days=40, microseconds=1)
        run = a_run(ci_run="https://ci.example/7", commit="c0ffee1", allowed=("max-endings",))
        store = recorded(place, registered("contoso/a"), happened(EventKind.EXPIRED, row, at), run=run)
        assert store.snapshot().subscriptions == {row.key: row}
        _, last = store.history()
        assert last == HistoryEntry(
            run="run-1",
            at=NOW,
            subscription="contoso/a",
            kind="expired",
            outcome=SUCCEEDED,
            before={"status": "before"},
            after={"status": "expired"},
            reason=None,
            error=None,
            actor="ada",
            ci_run="https://ci.example/7",
            commit=None,
            commit_author=None,
            source=None,
            as_of=NOW,
            allowed=("max-endings",),
            happened_at=at,
        )

    def test_events_and_a_change_of_one_record_in_one_batch_leave_what_the_last_one_left(self, place: Place) -> None:
        advanced = a_stored("contoso/a", extended=True, last_charge=Money(51500, "EUR"))
        ended = replace(advanced, recurring=Recurring.OFF)
        years = [NOW - timedelta(days=365 * number) for number in (3, 2, 1)]
        store = recorded(
            place,
            registered("contoso/a"),
            *(happened(EventKind.RENEWED, advanced, at) for at in years),
            Entry("op-2", a_change(Kind.TURN_OFF, "contoso/a"), Outcome(SUCCEEDED, ended)),
        )
        assert store.snapshot().subscriptions == {ended.key: ended}
        assert [kind for _, kind, _ in told(store, "contoso/a")] == ["register", *["renewed"] * 3, "turn-off-recurring"]
        assert [entry.happened_at for entry in store.history()] == [None, *years, None]

    @pytest.mark.parametrize("kind", EventKind)
    def test_everything_that_time_can_do_is_kept_and_recorded_once(self, place: Place, kind: EventKind) -> None:
        entry = happened(kind, a_stored("contoso/a", seats=7))
        store = recorded(place, registered("contoso/a"), entry)
        store.begin(a_run("run-2"))
        assert store.record("run-2", [replace(entry, outcome=Outcome(SUCCEEDED, a_stored("contoso/a")))], LATER) == 1
        assert told(store) == [("contoso/a", "register", SUCCEEDED), ("contoso/a", str(kind), SUCCEEDED)]
        assert store.snapshot().subscriptions[a_key("contoso/a")].seats == 7

    @pytest.mark.parametrize(
        "misuse",
        [
            pytest.param(
                lambda store: store.record("run-1", [an_odd_event(Outcome(SUCCEEDED, a_stored("contoso/b")))], NOW),
                id="an event that leaves another record",
            ),
            pytest.param(
                lambda store: store.record("run-1", [an_odd_event(Outcome(SUCCEEDED))], NOW),
                id="an event that leaves no record",
            ),
            pytest.param(
                lambda store: store.record("run-1", [an_odd_event(Outcome(FAILED, error="no"))], NOW),
                id="an event that failed",
            ),
            pytest.param(
                lambda store: store.record(
                    "run-1", [replace(an_odd_event(Outcome(SUCCEEDED, a_stored())), previous=a_key("contoso/a"))], NOW
                ),
                id="an event that renames",
            ),
            pytest.param(
                lambda store: store.intend("run-1", [an_odd_event(Outcome(SUCCEEDED, a_stored()))], NOW),
                id="an event that is intended",
            ),
        ],
    )
    def test_what_time_cannot_have_done_is_our_bug_and_writes_nothing(
        self, place: Place, misuse: Callable[[Store], object]
    ) -> None:
        store = recorded(place, registered("contoso/a"))
        before, history = store.snapshot(), told(store)
        with pytest.raises(RuntimeError):
            misuse(store)
        assert (store.snapshot(), told(store)) == (before, history)

    # What changes came to

    def test_what_a_change_came_to_is_kept_with_it(self, place: Place) -> None:
        until = NOW.replace(microsecond=5) + timedelta(days=30)
        impact = of_value(618000, until=until)
        change = a_change(key="contoso/a", risk=Risk.REVERSIBLE_UNTIL, impact=impact)
        store = recorded(place, registered("contoso/a"), an_entry(change))
        _, last = store.history()
        assert (last.risk, last.reversible_until, last.value) == (Risk.REVERSIBLE_UNTIL, until, Money(618000, "EUR"))

    @pytest.mark.parametrize("impact", [None, Impact(), of_value(None)], ids=["no impact", "no value", "no money"])
    def test_what_is_not_known_of_a_change_is_not_made_up(self, place: Place, impact: Impact | None) -> None:
        change = a_change(Kind.REGISTER, "contoso/a", risk=Risk.IRREVERSIBLE, impact=impact)
        (last,) = recorded(place, an_entry(change)).history()
        assert (last.risk, last.reversible_until, last.value) == (Risk.IRREVERSIBLE, None, None)

    def test_an_open_intent_knows_what_it_would_come_to(self, place: Place) -> None:
        store = place.make()
        store.begin(a_run())
        store.intend("run-1", [an_entry(a_change(impact=of_value(5)))], NOW)
        (entry,) = store.history()
        assert (entry.outcome, entry.value) == (OutcomeKind.INTENDED, Money(5, "EUR"))

    # Recent changes

    def test_recent_changes_are_those_that_a_limit_counts_with_value_and_allowance(self, place: Place) -> None:
        names = {kind: f"contoso/{kind}" for kind in Kind}
        entries = [an_entry(a_change(kind, name, impact=of_value(kind.rank))) for kind, name in names.items()]
        entries.append(happened(EventKind.DISABLED, a_stored("contoso/b")))
        allowed = ("max-endings=contoso/*", "empty")
        store = recorded(place, *entries, run=a_run(allowed=allowed))
        uncounted = {Kind.REGISTER, Kind.ADOPT, Kind.RENAME, Kind.UPDATE, Kind.FORGET}
        assert list(store.recent(NOW)) == [
            RecentChange(a_key(name), kind, NOW, Money(kind.rank, "EUR"), allowed)
            for kind, name in names.items()
            if kind not in uncounted
        ]

    def test_what_was_not_done_is_no_recent_change(self, place: Place) -> None:
        store = recorded(
            place,
            *(an_entry(a_change(key=f"contoso/{kind}"), kind=kind) for kind in (FAILED, UNKNOWN, OutcomeKind.SKIPPED)),
        )
        store.intend("run-1", [an_entry(a_change(key="contoso/open"))], NOW)
        assert list(store.recent(NOW - timedelta(days=9000))) == []

    def test_recent_counts_from_the_very_instant_on(self, place: Place) -> None:
        moments = [NOW + timedelta(microseconds=number) for number in (-1_000_001, -1, 0, 1, 999_999, 1_000_000)]
        store = place.make()
        store.begin(a_run())
        for number, at in enumerate(moments):
            store.record("run-1", [an_entry(a_change(key=f"contoso/s-{number}"))], at)
        for number, since in enumerate(moments):
            assert [one.at for one in store.recent(since)] == moments[number:]
            there = since.astimezone(timezone(timedelta(hours=-9, minutes=30)))
            assert list(store.recent(there)) == list(store.recent(since))
        assert list(store.recent(moments[-1] + timedelta(microseconds=1))) == []

    def test_recent_changes_keep_the_key_they_had_and_outlive_the_record(self, place: Place) -> None:
        store = recorded(
            place,
            registered("contoso/a"),
            an_entry(a_change(Kind.CANCEL_NOW, "contoso/a")),
            renamed("contoso/a", "contoso/b"),
            an_entry(a_change(Kind.FORGET, "contoso/b")),
        )
        assert list(store.recent(NOW)) == [RecentChange(a_key("contoso/a"), Kind.CANCEL_NOW, NOW, None, ())]
