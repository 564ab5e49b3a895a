"""What every store promises of outside accounts: a store's own test module inherits `OutsideContract` with the others.

What a provider accepted stays open, with its token; what was observed is kept, each account by itself, as it was seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.changes import Kind
from reconciler.diagnostics import Location
from reconciler.errors import StoreError
from reconciler.journal import Entry, OpenIntent, Outcome, OutcomeKind
from reconciler.observed import ObservedAccount, ObservedSubscription, Obstacle
from reconciler.ports import Bookkeeping, Store
from tests.builders import NOW, a_change, a_key, a_run, a_seen, a_stored, an_entry
from tests.stores.contract import (
    FAILED,
    LATER,
    SUCCEEDED,
    UNKNOWN,
    Place,
    names,
    recorded,
    registered,
    renamed,
    seen,
    told,
)
from tests.stores.time_contract import an_odd_event
from tests.test_observations import FULL, instants, observations, obstacles

ACCEPTED, INTENDED = OutcomeKind.ACCEPTED, OutcomeKind.INTENDED
LOCKED = Obstacle("busy", "locked", "wait")


def accepted(entry: Entry, token: str = "token-1", note: str | None = None) -> Entry:
    """The entry as its provider accepted it."""
    return replace(entry, outcome=Outcome(ACCEPTED, token=token, note=note))


def opened(place: Place, *entries: Entry) -> Store:
    """A new store with a run under way that intended these."""
    store = recorded(place, registered("contoso/a"), registered("contoso/b"))
    store.begin(a_run("run-2"))
    store.intend("run-2", entries, NOW)
    return store


def an_account(*found: ObservedSubscription, account: str = "contoso", **values: object) -> ObservedAccount:
    """An account with these on its pages, read NOW; any field of ObservedAccount by name."""
    whole = ObservedAccount(account, NOW, {one.id: one for one in found})
    return replace(whole, **values)  # type: ignore[arg-type]


def as_kept(account: ObservedAccount) -> ObservedAccount:
    """The account as it is answered later."""
    return replace(account, fresh=False)


@st.composite
def accounts(draw: st.DrawFn) -> ObservedAccount:
    """One account with anything in it."""
    ids = draw(st.lists(names, max_size=6, unique=True))
    first, second = sorted((draw(st.integers(0, len(ids))), draw(st.integers(0, len(ids)))))
    return ObservedAccount(
        account=draw(names),
        at=draw(instants),
        subscriptions={id: draw(observations(st.just(id))) for id in ids[:first]},
        unreadable={id: draw(obstacles) for id in ids[first:second]},
        absent=frozenset(ids[second:]),
    )


class OutsideContract:
    """Inherit, and give a `place` fixture."""

    # What was accepted

    def test_what_was_accepted_is_open_with_its_token_until_its_outcome_is_recorded(self, place: Place) -> None:
        entry = an_entry(a_change(key="contoso/a"))
        store = opened(place, entry)
        store.accept("run-2", [accepted(entry)], LATER)
        (intent,) = seen(place).open_intents.values()
        assert (intent.token, intent.run) == ("token-1", "run-2")
        assert store.record("run-2", [entry], LATER) == 2
        assert seen(place).open_intents == {}
        assert told(store, "contoso/a") == [
            ("contoso/a", "register", SUCCEEDED),
            ("contoso/a", "turn-off-recurring", SUCCEEDED),
        ]

    def test_accepting_moves_no_serial_and_no_record(self, place: Place) -> None:
        entry = an_entry(a_change(key="contoso/a"))
        store = opened(place, entry)
        before = store.snapshot()
        store.accept("run-2", [accepted(entry)], LATER)
        assert replace(store.snapshot(), open_intents=before.open_intents) == before

    def test_an_open_intent_says_all_that_is_needed_to_carry_it_on(self, place: Place) -> None:
        change = a_change(
            Kind.CANCEL_AT_RENEWAL,
            "contoso/a",
            external_id="6f0d",
            reason="not needed",
            place=Location("specs/contoso.yaml", 22, 16),
        )
        entry = an_entry(change, operation_id="op-1")
        store = opened(place, entry)
        store.accept("run-2", [accepted(entry, '{"steps":["ä"]}')], LATER)
        store.accept("run-2", [accepted(entry, '{"steps":["ö"]}')], LATER + timedelta(days=1))
        assert dict(store.snapshot().open_intents) == {
            a_key("contoso/a"): OpenIntent(
                operation_id="op-1",
                key=a_key("contoso/a"),
                kind=Kind.CANCEL_AT_RENEWAL,
                external_id="6f0d",
                before=change.before,
                after=change.after,
                reason="not needed",
                source=Location("specs/contoso.yaml", 22, 16),
                run="run-2",
                at=LATER,
                token='{"steps":["ö"]}',
                product="CFQ7TTC0HD32",
            )
        }

    def test_of_several_tokens_the_last_one_counts_and_the_same_is_told_once(self, place: Place) -> None:
        entry = an_entry(a_change(key="contoso/a"))
        store = opened(place, entry)
        for token in ("one", "one", "two", "two"):
            store.accept("run-2", [accepted(entry, token)], LATER)
        assert store.snapshot().open_intents[a_key("contoso/a")].token == "two"
        store.accept("run-2", [accepted(entry, "one"), accepted(entry, "one"), accepted(entry, "three")], LATER)
        assert store.snapshot().open_intents[a_key("contoso/a")].token == "three"

    def test_history_tells_what_is_open_by_one_line_and_what_is_over_by_its_outcome(self, place: Place) -> None:
        entry, other = an_entry(a_change(key="contoso/a")), an_entry(a_change(key="contoso/b"))
        store = opened(place, entry, other)
        begun = told(store)[:2]
        store.accept("run-2", [accepted(entry, "one", "seen by ada")], NOW)
        store.accept("run-2", [accepted(entry, "two", "seen by grace")], LATER)
        kind = str(entry.change.kind)
        assert told(store) == [*begun, ("contoso/b", kind, INTENDED), ("contoso/a", kind, ACCEPTED)]
        assert told(store, "contoso/a") == [begun[0], ("contoso/a", kind, ACCEPTED)]
        *_, last = store.history()
        assert (last.at, last.note) == (LATER, "seen by grace")
        store.record("run-2", [entry], LATER)
        assert told(store) == [*begun, ("contoso/b", kind, INTENDED), ("contoso/a", kind, SUCCEEDED)]

    def test_another_run_carries_on_what_was_accepted(self, place: Place) -> None:
        entry = an_entry(a_change(key="contoso/a"))
        store = opened(place, entry)
        store.accept("run-2", [accepted(entry)], NOW)
        store.finish("run-2", LATER, Bookkeeping())
        store.begin(a_run("run-3"))
        store.intend("run-3", [entry], NOW)
        assert len(store.snapshot().open_intents) == 1
        store.accept("run-3", [accepted(entry)], LATER)
        store.record("run-3", [entry], LATER)
        *_, last = store.history()
        assert (last.run, last.outcome) == ("run-3", SUCCEEDED)
        assert store.snapshot().open_intents == {}

    @pytest.mark.parametrize("kind", [FAILED, UNKNOWN, OutcomeKind.SKIPPED])
    def test_what_was_accepted_may_come_to_nothing_and_be_intended_anew(self, place: Place, kind: OutcomeKind) -> None:
        entry = an_entry(a_change(key="contoso/a"))
        store = opened(place, entry)
        store.accept("run-2", [accepted(entry)], NOW)
        lost = replace(entry, outcome=Outcome(kind, error="the provider took it back"))
        store.record("run-2", [lost], NOW)
        assert store.snapshot().open_intents == {}
        store.intend("run-2", [entry], NOW)
        (intent,) = store.snapshot().open_intents.values()
        assert intent.token is None
        store.accept("run-2", [accepted(entry)], LATER)
        store.record("run-2", [lost], LATER)
        assert store.snapshot().open_intents == {}
        assert [outcome for _, _, outcome in told(store, "contoso/a")] == [SUCCEEDED, kind, kind]

    def test_what_has_succeeded_is_not_accepted_any_more(self, place: Place) -> None:
        entry = an_entry(a_change(key="contoso/a"))
        store = opened(place, entry)
        store.record("run-2", [entry], NOW)
        before, history = store.snapshot(), told(store)
        store.accept("run-2", [accepted(entry)], LATER)
        assert (store.snapshot(), told(store)) == (before, history)

    def test_a_repeat_after_a_crash_is_told_once(self, place: Place) -> None:
        entry = an_entry(a_change(key="contoso/a"))
        store = opened(place, entry)
        for _ in range(2):
            store.intend("run-2", [entry], NOW)
            store.accept("run-2", [accepted(entry)], NOW)
        before = store.snapshot().open_intents
        for _ in range(2):
            store.record("run-2", [entry], LATER)
        assert len(before) == 1
        assert store.snapshot().serial == 2
        assert len(told(store, "contoso/a")) == 2

    def test_how_an_outcome_became_known_is_kept_with_it(self, place: Place) -> None:
        entry = an_entry(a_change(key="contoso/a"))
        store = opened(place, entry)
        settled = replace(entry, outcome=replace(entry.outcome, note="read back", token="spent"))
        store.record("run-2", [settled], LATER)
        assert [one.note for one in store.history()] == [None, None, "read back"]

    @pytest.mark.parametrize("text", ["", "a\0b", "'; DROP TABLE journal; --", "\x1b[31m", "ÄÖ 漢字 🙂", "\u202e"])
    def test_hostile_tokens_and_notes_are_kept_to_the_letter(self, place: Place, text: str) -> None:
        entry = an_entry(a_change(key="contoso/a"))
        store = opened(place, entry)
        store.accept("run-2", [accepted(entry, text, text)], LATER)
        assert store.snapshot().open_intents[a_key("contoso/a")].token == text
        *_, last = store.history()
        assert last.note == text

    def test_a_token_that_is_no_utf8_is_refused_and_the_intent_stays_open(self, place: Place) -> None:
        entry = an_entry(a_change(key="contoso/a"))
        store = opened(place, entry)
        with pytest.raises(StoreError) as refused:
            store.accept("run-2", [accepted(entry, "\udcff")], LATER)
        assert refused.value.code == "unstorable-value"
        assert store.snapshot().open_intents[a_key("contoso/a")].token is None

    @pytest.mark.parametrize(
        "misuse",
        [
            pytest.param(lambda store: store.accept("run-9", [], NOW), id="a run that has not begun"),
            pytest.param(
                lambda store: store.accept("run-2", [accepted(an_entry(a_change(key="contoso/b")))], NOW),
                id="what nobody intended",
            ),
            pytest.param(
                lambda store: store.accept("run-2", [an_entry(a_change(key="contoso/a"))], NOW), id="another outcome"
            ),
            pytest.param(
                lambda store: store.accept(
                    "run-2", [replace(an_entry(a_change(key="contoso/a")), outcome=Outcome(ACCEPTED))], NOW
                ),
                id="no token",
            ),
            pytest.param(
                lambda store: store.record("run-2", [accepted(an_entry(a_change(key="contoso/a")))], NOW),
                id="accepted as an outcome",
            ),
            pytest.param(
                lambda store: store.accept("run-2", [an_odd_event(Outcome(ACCEPTED, a_stored(), token="t"))], NOW),
                id="an event that was accepted",
            ),
            pytest.param(
                lambda store: store.keep_observations([an_account(subscriptions={"x": FULL})]),
                id="one observed as another",
            ),
        ],
    )
    def test_a_misuse_of_what_is_open_is_our_bug_and_writes_nothing(
        self, place: Place, misuse: Callable[[Store], object]
    ) -> None:
        store = opened(place, an_entry(a_change(key="contoso/a")))
        before, history = store.snapshot(), told(store)
        with pytest.raises(RuntimeError):
            misuse(store)
        assert (store.snapshot(), told(store), store.observations()) == (before, history, {})

    def test_what_failed_and_was_not_intended_again_cannot_be_accepted(self, place: Place) -> None:
        entry = an_entry(a_change(key="contoso/a"))
        store = opened(place, entry)
        store.record("run-2", [replace(entry, outcome=Outcome(FAILED, error="no"))], NOW)
        with pytest.raises(RuntimeError):
            store.accept("run-2", [accepted(entry)], LATER)

    # What is open, by record

    def test_of_several_open_intents_about_one_record_the_last_one_is_listed(self, place: Place) -> None:
        first = an_entry(a_change(Kind.TURN_OFF, "contoso/a"))
        last = an_entry(a_change(Kind.CANCEL_NOW, "contoso/a"))
        store = opened(place, first, an_entry(a_change(key="contoso/b")), last)
        store.accept("run-2", [accepted(first)], LATER)
        found = store.snapshot().open_intents
        assert [(str(key), one.kind, one.token) for key, one in found.items()] == [
            ("contoso/b", Kind.TURN_OFF, None),
            ("contoso/a", Kind.CANCEL_NOW, None),
        ]
        store.record("run-2", [last], LATER)
        assert store.snapshot().open_intents[a_key("contoso/a")].token == "token-1"

    def test_what_is_open_follows_its_record_through_renames(self, place: Place) -> None:
        entry = an_entry(a_change(key="contoso/a"))
        store = opened(place, entry)
        moves = [renamed("contoso/a", "contoso/c"), renamed("contoso/c", "contoso/d"), registered("contoso/a", "again")]
        store.record("run-2", moves, NOW)
        store.record("run-2", [an_entry(a_change(Kind.RENAME, "contoso/e"), kind=FAILED, previous="contoso/d")], NOW)
        ((key, intent),) = store.snapshot().open_intents.items()
        assert (str(key), str(intent.key)) == ("contoso/d", "contoso/d")

    def test_a_rename_from_before_the_intent_moves_it_nowhere(self, place: Place) -> None:
        store = recorded(place, registered("contoso/a"), renamed("contoso/a", "contoso/b"))
        store.record("run-1", [registered("contoso/a", "again")], NOW)
        store.intend("run-1", [an_entry(a_change(key="contoso/a"))], NOW)
        assert [*store.snapshot().open_intents] == [a_key("contoso/a")]

    def test_what_is_open_about_no_record_has_no_product(self, place: Place) -> None:
        store = opened(place, an_entry(a_change(Kind.FORGET, "contoso/none")))
        (intent,) = store.snapshot().open_intents.values()
        assert (str(intent.key), intent.product) == ("contoso/none", "")

    # What was observed

    def test_nothing_is_known_of_an_account_that_was_never_observed(self, place: Place) -> None:
        store = recorded(place, registered("contoso/a"))
        assert store.observations() == store.observations(["contoso"]) == store.observations([]) == {}

    # All examples share one store, on purpose, and both kinds of store this test.
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors])
    @given(found=st.lists(accounts(), max_size=3, unique_by=lambda account: account.account))
    def test_everything_observed_is_read_back_as_it_was_seen(self, place: Place, found: list[ObservedAccount]) -> None:
        with place.make() as store:
            store.keep_observations(found)
            after = store.observations([account.account for account in found])
            assert after == {account.account: as_kept(account) for account in found}
            assert {name: store.observations()[name] for name in after} == after

    def test_it_answers_later_what_it_answered_then(self, place: Place) -> None:
        store = place.make()
        account = an_account(FULL, unreadable={"locked": LOCKED}, absent=frozenset({"gone"}))
        store.keep_observations([account])
        later = store.observations()["contoso"]
        assert [later.of(id) for id in (FULL.id, "locked", "gone")] == [FULL, LOCKED, None]
        unseen = later.of("never-asked-for")
        assert isinstance(unseen, Obstacle)
        assert "reconcile refresh" in unseen.hint

    def test_an_id_that_is_told_in_two_ways_is_kept_as_it_was_answered(self, place: Place) -> None:
        store = place.make()
        odd = an_account(a_seen("a"), unreadable={"a": LOCKED, "b": LOCKED}, absent=frozenset({"a", "b", "c"}))
        store.keep_observations([odd])
        later = store.observations()["contoso"]
        assert [later.of(id) for id in "abc"] == [odd.of(id) for id in "abc"] == [a_seen("a"), LOCKED, None]

    def test_only_the_accounts_that_are_asked_for_are_answered_in_the_order_of_their_names(self, place: Place) -> None:
        store = place.make()
        many = [an_account(a_seen(f"id-{number}"), account=f"c-{number:04d}") for number in range(1100)]
        store.keep_observations(many[::-1])
        assert [*store.observations()] == [account.account for account in many]
        asked = ["c-0007", "c-0003", "c-0003", "none"]
        assert [*store.observations(asked)] == ["c-0003", "c-0007"]
        assert len(store.observations({account.account for account in many})) == 1100

    def test_a_complete_reading_replaces_all_that_was_kept_of_that_account_and_of_no_other(self, place: Place) -> None:
        store = place.make()
        other = an_account(a_seen("x"), account="adatum")
        first = an_account(a_seen("a"), unreadable={"b": LOCKED}, absent=frozenset({"c"}))
        store.keep_observations([other, first])
        second = an_account(a_seen("b"), at=LATER)
        store.keep_observations([second])
        assert store.observations() == {"adatum": as_kept(other), "contoso": as_kept(second)}

    def test_an_empty_account_is_known_to_be_empty(self, place: Place) -> None:
        store = place.make()
        store.keep_observations([an_account(a_seen("a"))])
        store.keep_observations([an_account(at=LATER)])
        assert store.observations() == {"contoso": as_kept(an_account(at=LATER))}

    def test_an_incomplete_reading_replaces_just_what_was_read_and_makes_nothing_younger(self, place: Place) -> None:
        store = place.make()
        store.keep_observations([an_account(a_seen("a"), a_seen("b"), a_seen("c"), a_seen("d"))])
        part = an_account(
            a_seen("a", seats=9), unreadable={"b": LOCKED}, absent=frozenset({"c", "e"}), at=LATER, complete=False
        )
        store.keep_observations([part])
        assert store.observations()["contoso"] == as_kept(
            an_account(
                a_seen("a", seats=9), a_seen("d"), unreadable={"b": LOCKED}, absent=frozenset({"c", "e"}), at=NOW
            )
        )

    def test_an_account_that_was_never_read_to_its_end_is_as_old_as_its_oldest_part(self, place: Place) -> None:
        store = place.make()
        moments = [NOW, NOW + timedelta(microseconds=500_000), NOW + timedelta(seconds=1)]
        for id, at in zip("abc", moments, strict=True):
            store.keep_observations([an_account(a_seen(id), at=at, complete=False)])
        found = store.observations()["contoso"]
        assert (found.at, found.complete, sorted(found.subscriptions)) == (NOW, False, ["a", "b", "c"])
        for id, oldest in zip("abc", [moments[1], moments[2], LATER], strict=True):
            store.keep_observations([an_account(a_seen(id), at=LATER, complete=False)])
            assert store.observations()["contoso"].at == oldest
        store.keep_observations([an_account(a_seen("a"), at=LATER)])
        assert store.observations()["contoso"] == as_kept(an_account(a_seen("a"), at=LATER))

    def test_an_incomplete_reading_of_nothing_says_that_it_was_tried(self, place: Place) -> None:
        store = place.make()
        store.keep_observations([an_account(complete=False)])
        assert store.observations() == {"contoso": as_kept(an_account(complete=False))}

    def test_what_was_read_after_a_look_began_is_left_as_it_is(self, place: Place) -> None:
        store, later = place.make(), NOW + timedelta(seconds=90)
        store.keep_observations([an_account(a_seen("a"), a_seen("b"), a_seen("old"))])
        store.keep_observations([an_account(a_seen("a", seats=9), at=later, complete=False)])
        began = NOW + timedelta(seconds=60, microseconds=5)
        store.keep_observations([an_account(a_seen("a"), a_seen("b"), a_seen("c"), at=LATER)], began)
        expected = an_account(a_seen("a", seats=9), a_seen("b"), a_seen("c"), at=later)
        assert store.observations()["contoso"] == as_kept(expected)
        store.keep_observations([an_account(a_seen("a"), a_seen("b", seats=2), at=LATER, complete=False)], began)
        expected = an_account(a_seen("a", seats=9), a_seen("b"), a_seen("c"), at=later)
        assert store.observations()["contoso"] == as_kept(expected)

    def test_a_look_that_comes_after_a_newer_one_changes_nothing(self, place: Place) -> None:
        store = place.make()
        newer = an_account(a_seen("a", seats=9), at=LATER)
        store.keep_observations([newer], LATER - timedelta(seconds=1))
        for complete in (True, False):
            older = an_account(a_seen("a"), a_seen("b"), at=LATER - timedelta(seconds=2), complete=complete)
            store.keep_observations([older], NOW)
            assert store.observations()["contoso"] == as_kept(newer)

    @pytest.mark.parametrize("complete", [True, False])
    def test_a_look_that_is_kept_twice_is_kept_once(self, place: Place, complete: bool) -> None:
        store = place.make()
        store.keep_observations([an_account(a_seen("a"), a_seen("old"))])
        look = an_account(a_seen("a", seats=9), at=LATER, complete=complete)
        store.keep_observations([look], LATER)
        once = store.observations()
        store.keep_observations([look], LATER)
        assert store.observations() == once

    @pytest.mark.parametrize(
        "useless",
        [
            pytest.param(an_account(a_seen("b"), at=LATER, trouble=LOCKED), id="one in trouble"),
            pytest.param(an_account(a_seen("b"), at=LATER, fresh=False), id="one that came from here"),
        ],
    )
    def test_what_was_not_read_leaves_what_is_kept(self, place: Place, useless: ObservedAccount) -> None:
        store = place.make()
        store.keep_observations([useless])
        assert store.observations() == {}
        store.keep_observations([an_account(a_seen("a"))])
        store.keep_observations([useless])
        assert store.observations() == {"contoso": as_kept(an_account(a_seen("a")))}

    def test_keeping_moves_no_serial_and_is_no_run(self, place: Place) -> None:
        store = recorded(place, registered("contoso/a"))
        before, history = store.snapshot(), told(store)
        store.keep_observations([an_account(FULL)])
        assert (store.snapshot(), told(store)) == (before, history)

    @pytest.mark.parametrize(
        "odd",
        [
            pytest.param(a_seen("b", display_name="\ud800"), id="a text that is no UTF-8"),
            pytest.param(a_seen("b", seats=1 << 63), id="a number over 64 bits"),
            pytest.param(a_seen("b", requested_at=NOW.replace(tzinfo=None)), id="an instant of no time zone"),
            pytest.param(a_seen("b", product=None), id="none for a text"),
        ],
    )
    def test_what_cannot_be_kept_of_one_blocks_that_one_alone(self, place: Place, odd: ObservedSubscription) -> None:
        store = place.make()
        store.keep_observations([an_account(a_seen("a"), odd)])
        found = store.observations()["contoso"]
        why = found.of("b")
        assert isinstance(why, Obstacle)
        assert (why.code, found.of("a")) == ("unreadable", a_seen("a"))
        assert "cannot be kept" in why.detail

    def test_a_reason_that_cannot_be_kept_is_still_a_reason(self, place: Place) -> None:
        store = place.make()
        store.keep_observations([an_account(unreadable={"a": Obstacle("x", "\ud800"), "b": LOCKED})])
        found = store.observations()["contoso"]
        assert isinstance(found.of("a"), Obstacle)
        assert found.of("b") == LOCKED

    def test_an_id_that_is_no_utf8_is_not_kept_and_hides_no_other(self, place: Place) -> None:
        store = place.make()
        store.keep_observations([an_account(a_seen("\ud800"), a_seen("a"), absent=frozenset({"\udcff"}))])
        assert store.observations() == {"contoso": as_kept(an_account(a_seen("a")))}

    @pytest.mark.parametrize("text", ["", "a\0b", "'; DROP TABLE observations; --", "\x1b[31m", "ÄÖ 漢字 🙂", "\u202e"])
    def test_hostile_texts_of_a_provider_are_kept_to_the_letter(self, place: Place, text: str) -> None:
        store = place.make()
        hostile = an_account(
            a_seen(text, product=text, provider_status=text, notes=(text,)), unreadable={"b": Obstacle(text, text)}
        )
        store.keep_observations([hostile])
        assert store.observations() == {"contoso": as_kept(hostile)}

    def test_all_of_it_is_kept_or_nothing(self, place: Place) -> None:
        store = place.make()
        store.keep_observations([an_account(a_seen("a"))])
        with pytest.raises(StoreError) as refused:
            store.keep_observations([an_account(a_seen("b"), at=LATER), an_account(account="\ud800")])
        assert refused.value.code == "unstorable-value"
        assert store.observations() == {"contoso": as_kept(an_account(a_seen("a")))}
