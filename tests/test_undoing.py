"""Each way of taking a change back: what to write, until when, what is left to do then; and where nothing helps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.changes import INTENTS, Change, JsonValue, Kind, Risk
from reconciler.consequences import Impact
from reconciler.effects import carried_out
from reconciler.impact import assess, risk
from reconciler.lifecycle import at
from reconciler.model import Cancel, DesiredSubscription, Recurring, Status, StoredSubscription
from reconciler.policy import Extension, Lifecycle, Reactivation
from reconciler.rulebook import Rulebook
from reconciler.undoing import Undo, undo_of, without_return
from reconciler.wishes import Move, decide
from tests.builders import CLASSIC, NAME, NOW, a_change, a_desired, a_lifecycle, a_stored

END = datetime(2027, 3, 1, tzinfo=UTC)
PENDING = {"recurring": "off", "cancellation": "at-renewal"}
OFF = {"recurring": "off", "cancellation": "none"}
ON = {"recurring": "on", "cancellation": "none"}
BACK = "after that `recurring: on` among its own keys brings it back, with a new term charged on that day"
NOTHING = "after that nothing brings it back"
NOBODY_KNOWS = "whether anything brings it back after that is not known"
NEW_TERM = "after that a new term has begun; `recurring: off` ends it with that term"


def a_row(before: dict[str, str]) -> StoredSubscription:
    """A record whose pair is that."""
    return a_stored(recurring=Recurring(before["recurring"]), cancellation=Cancel(before["cancellation"]))


def a_move(kind: Kind, before: dict[str, str], after: dict[str, str], policy: Lifecycle | None = CLASSIC) -> Change:
    """A change of the pair, with its impact."""
    change = a_change(kind, before=before, after=after, risk=risk(kind))
    row = a_row(before)
    book = Rulebook({} if policy is None else {"contoso": policy})
    impact = assess(change, row, carried_out(change, row, NOW), book, NOW)
    return a_change(kind, before=before, after=after, risk=risk(kind), impact=impact)


MOVES = [
    pytest.param(Kind.TURN_OFF, ON, OFF, {"recurring": "on"}, id="turned off"),
    pytest.param(Kind.TURN_ON, OFF, ON, {"recurring": "off"}, id="turned on"),
    pytest.param(Kind.CANCEL_AT_RENEWAL, ON, PENDING, {"recurring": "on"}, id="cancelled at renewal"),
    pytest.param(
        Kind.CANCEL_AT_RENEWAL,
        OFF,
        PENDING,
        {"recurring": "off", "cancel": "none"},
        id="cancelled at renewal what was off",
    ),
    pytest.param(Kind.UNDO_CANCEL, PENDING, ON, {"cancel": "at-renewal"}, id="cancellation undone"),
    pytest.param(Kind.UNDO_CANCEL, PENDING, OFF, {"cancel": "at-renewal"}, id="cancellation undone, and off"),
]


def a_wish(keys: dict[str, Any]) -> DesiredSubscription:
    """A spec with these own keys."""
    recurring, cancel = keys.get("recurring"), keys.get("cancel")
    return a_desired(
        recurring=None if recurring is None else Recurring(str(recurring)),
        cancel=None if cancel is None else Cancel(str(cancel)),
    )


class TestThePair:
    @pytest.mark.parametrize(("kind", "before", "after", "keys"), MOVES)
    def test_the_former_one_is_declared_again_until_the_term_ends(
        self, kind: Kind, before: dict[str, str], after: dict[str, str], keys: dict[str, str]
    ) -> None:
        undo = undo_of(a_move(kind, before, after), CLASSIC)
        words = " and ".join(f"`{name}: {value}`" for name, value in keys.items())
        assert (undo.possible, undo.keys, undo.until) == (True, keys, END)
        assert undo.how == f"write {words} among its own keys"

    @pytest.mark.parametrize("extension", [True, False, None])
    @pytest.mark.parametrize(("kind", "before", "after", "keys"), MOVES)
    def test_what_is_to_be_written_leads_back(
        self,
        kind: Kind,
        before: dict[str, str],
        after: dict[str, str],
        keys: dict[str, str],
        extension: bool | None,
    ) -> None:
        policy = a_lifecycle(extension=Extension(extension))
        change = a_move(kind, before, after, policy)
        undo = undo_of(change, policy)
        assert undo.until is not None
        # At the last instant, the wish that it names is planned, not blocked, and restores the former pair.
        last = undo.until - timedelta(seconds=1)
        row = at(carried_out(change, a_row(before), NOW), policy, last)
        intent = a_wish(dict(undo.keys)).intent
        assert intent is not None
        move = decide(intent, row, last, policy, protected=False)
        assert isinstance(move, Move)
        assert (move.recurring.value, move.cancellation.value) == (before["recurring"], before["cancellation"])

    def test_where_an_extension_would_follow_off_says_that_it_is_meant(self) -> None:
        policy = a_lifecycle(extension=Extension(when_off=True))
        undo = undo_of(a_move(Kind.TURN_ON, OFF, ON, policy), policy)
        assert undo.how == "write `recurring: off` and `cancel: none` among its own keys"

    def test_without_an_impact_no_instant_is_named(self) -> None:
        undo = undo_of(a_change(Kind.TURN_ON), CLASSIC)
        assert (undo.possible, undo.until, undo.keys) == (True, None, {"recurring": "off"})
        assert undo_of(a_change(Kind.TURN_OFF), CLASSIC).later == NOBODY_KNOWS


def back(expired: bool | None, disabled: bool | None, cancelled: bool | None) -> Reactivation:
    return Reactivation(expired, disabled, cancelled)


class TestAfterwards:
    @pytest.mark.parametrize(
        ("matters", "later", "until"),
        [
            pytest.param({}, BACK, "2027-06-29", id="from expired and disabled: until it is deleted"),
            pytest.param(
                {"reactivation": back(True, False, False)}, BACK, "2027-03-31", id="from expired alone: until that ends"
            ),
            pytest.param(
                {"reactivation": back(True, None, False)},
                BACK,
                "2027-03-31",
                id="from expired; from disabled, who knows",
            ),
            pytest.param({"reactivation": back(False, True, False)}, BACK, "2027-06-29", id="from disabled alone"),
            pytest.param({"reactivation": back(False, False, True)}, NOTHING, None, id="from neither"),
            pytest.param({"reactivation": back(None, False, True)}, NOBODY_KNOWS, None, id="nobody knows"),
            pytest.param({"reactivation": None}, NOBODY_KNOWS, None, id="no rule"),
            pytest.param(
                {"expired": 0, "reactivation": back(True, False, True)}, NOTHING, None, id="there is no expired stage"
            ),
            pytest.param({"expired": 0}, BACK, "2027-05-30", id="there is a disabled stage alone"),
            pytest.param(
                {"disabled": 0, "reactivation": back(False, True, True)}, NOTHING, None, id="there is no disabled stage"
            ),
            pytest.param({"expired": 0, "disabled": 0}, NOTHING, None, id="it is deleted at once"),
            pytest.param({"disabled": None}, BACK, None, id="nobody knows when it is deleted"),
            pytest.param({"extension": Extension(when_off=None)}, BACK, None, id="nobody knows what follows"),
            pytest.param(
                {"extension": Extension(when_off=True)},
                "after that `recurring: on` lets a whole term follow on the paid month that it is in by then",
                None,
                id="it is in a paid extension",
            ),
        ],
    )
    def test_what_was_turned_off_comes_back_as_its_policy_lets_it(
        self, matters: dict[str, Any], later: str, until: str | None
    ) -> None:
        policy = a_lifecycle(**matters)
        undo = undo_of(a_move(Kind.TURN_OFF, ON, OFF, policy), policy)
        assert (undo.later, undo.later_until and undo.later_until.isoformat()) == (later, until)

    @pytest.mark.parametrize(
        ("matters", "later", "until"),
        [
            pytest.param({"reactivation": back(False, False, True)}, BACK, "2027-05-30", id="until it is deleted"),
            pytest.param({"reactivation": back(True, True, False)}, NOTHING, None, id="not at all"),
            pytest.param({"reactivation": back(True, True, None)}, NOBODY_KNOWS, None, id="nobody knows"),
            pytest.param({"disabled": 0}, NOTHING, None, id="it is deleted at once"),
        ],
    )
    def test_what_was_cancelled_at_renewal_has_a_rule_of_its_own(
        self, matters: dict[str, Any], later: str, until: str | None
    ) -> None:
        policy = a_lifecycle(**matters)
        undo = undo_of(a_move(Kind.CANCEL_AT_RENEWAL, ON, PENDING, policy), policy)
        assert (undo.later, undo.later_until and undo.later_until.isoformat()) == (later, until)

    @pytest.mark.parametrize("kind", [Kind.TURN_ON, Kind.UNDO_CANCEL])
    def test_what_renewed_has_a_new_term(self, kind: Kind) -> None:
        before = OFF if kind is Kind.TURN_ON else PENDING
        undo = undo_of(a_move(kind, before, ON), CLASSIC)
        assert (undo.later, undo.later_until) == (NEW_TERM, None)

    def test_an_outside_provider_has_rules_that_nobody_told(self) -> None:
        undo = undo_of(a_move(Kind.TURN_OFF, ON, OFF, None), None)
        assert (undo.keys, undo.until, undo.later) == ({"recurring": "on"}, END, NOBODY_KNOWS)
        assert undo_of(a_move(Kind.TURN_ON, OFF, ON, None), None).keys == {"recurring": "off"}

    @given(
        st.sampled_from([0, 30]),
        st.sampled_from([0, 90]),
        st.booleans(),
        st.booleans(),
        st.integers(0, 200),
    )
    def test_it_comes_back_just_while_it_is_said_to(
        self, expired: int, disabled: int, from_expired: bool, from_disabled: bool, days: int
    ) -> None:
        policy = a_lifecycle(expired=expired, disabled=disabled, reactivation=back(from_expired, from_disabled, False))
        change = a_move(Kind.TURN_OFF, ON, OFF, policy)
        undo = undo_of(change, policy)
        then = END + timedelta(days=days)
        row = at(carried_out(change, a_row(ON), NOW), policy, then)
        assert row.status.ended
        intent = a_wish({"recurring": "on"}).intent
        assert intent is not None
        returns = isinstance(decide(intent, row, then, policy, protected=False), Move)
        said = undo.later == BACK and undo.later_until is not None and then.date() < undo.later_until
        # Where the disabled stage alone lets it back, it is not said that the expired one does not.
        assert returns == said or (row.status is Status.EXPIRED and not from_expired and from_disabled)


class TestBookkeeping:
    @pytest.mark.parametrize(
        ("kind", "before", "undo"),
        [
            pytest.param(
                Kind.UPDATE,
                {"seats": 25, "owner": "it@contoso.example"},
                Undo(
                    possible=True,
                    how="write the former `owner` among its own keys; write the former `seats` under its facts",
                    keys={"owner": "it@contoso.example"},
                    facts={"seats": 25},
                ),
                id="own keys and facts",
            ),
            pytest.param(
                Kind.UPDATE,
                {"protected": True, "labels": {}, "id": "a-1", "price": "20.60 EUR"},
                Undo(
                    possible=True,
                    how="write the former `protect`, `labels`, `id` among its own keys; "
                    "write the former `price` under its facts",
                    keys={"protect": True, "labels": {}, "id": "a-1"},
                    facts={"price": "20.60 EUR"},
                ),
                id="by the words of a spec, empty labels too",
            ),
            pytest.param(
                Kind.UPDATE,
                {"protected": False, "seats": None},
                Undo(
                    possible=False,
                    how="write the former `protect` among its own keys; "
                    "it had no `seats`, and no spec can say that again",
                    keys={"protect": False},
                    lost=("seats",),
                ),
                id="what had no value before",
            ),
            pytest.param(
                Kind.CORRECT,
                {"start": "2026-03-01", "term": "annual"},
                Undo(
                    possible=True,
                    how="write the former `start`, `term` under its facts",
                    facts={"start": "2026-03-01", "term": "annual"},
                ),
                id="facts that were corrected",
            ),
        ],
    )
    def test_the_former_values_are_declared_again(self, kind: Kind, before: dict[str, JsonValue], undo: Undo) -> None:
        assert undo_of(a_change(kind, before=before, after={}), CLASSIC) == undo

    def test_a_name_is_given_back(self) -> None:
        undo = undo_of(a_change(Kind.RENAME), CLASSIC)
        assert undo.keys == {"previously": "visio-plan-2"}
        assert undo.how == "give it its former name again, with `previously` naming this one"

    @pytest.mark.parametrize(
        ("protected", "lift"),
        [pytest.param({}, "", id="free"), pytest.param({"protected": True}, "lift its protection; ", id="protected")],
    )
    @pytest.mark.parametrize("kind", [Kind.REGISTER, Kind.ADOPT])
    def test_a_new_record_is_forgotten(self, kind: Kind, protected: dict[str, JsonValue], lift: str) -> None:
        undo = undo_of(a_change(kind, after=protected), CLASSIC)
        assert undo == Undo(possible=True, how=f"{lift}remove it from the specs, then `reconcile forget {NAME}`")


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (Kind.CANCEL_NOW, "a cancellation at once is final; what is bought anew is a subscription of its own"),
        (Kind.REACTIVATE, "a new term has begun; `recurring: off` ends it with that term"),
        (Kind.FORGET, "the record is dropped; what is declared again is registered anew, as its spec has it"),
    ],
)
def test_nothing_takes_back_what_is_irreversible(kind: Kind, why: str) -> None:
    assert undo_of(a_change(kind), CLASSIC) == Undo(possible=False, how=why)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("impact", [None, Impact(reversible_until=END)], ids=["bare", "with an impact"])
def test_every_kind_says_how_and_agrees_with_its_risk(kind: Kind, impact: Impact | None) -> None:
    undo = undo_of(a_change(kind, before={**a_change(kind).before}, impact=impact), CLASSIC)
    assert undo.how
    assert not undo.how.endswith(".")
    if kind is not Kind.UPDATE:  # this one had no seats before
        assert undo.possible == (risk(kind) is not Risk.IRREVERSIBLE)
    assert (undo.until is not None) == (impact is not None and kind in INTENTS and undo.possible)


def test_what_a_dated_intent_did_is_undone_in_its_entry_for_own_keys_are_void_beside_it() -> None:
    change = a_change(Kind.TURN_OFF, scheduled=True)
    assert undo_of(change, CLASSIC).how == "write `recurring: on` in the entry of its `schedule` that holds"
    assert undo_of(a_change(Kind.TURN_OFF), CLASSIC).how == "write `recurring: on` among its own keys"


def test_at_a_provider_that_brings_none_back_the_policy_does_not_either() -> None:
    assert NOTHING in str(undo_of(a_move(Kind.TURN_OFF, ON, OFF), without_return(CLASSIC)))
    assert NOTHING not in str(undo_of(a_move(Kind.TURN_OFF, ON, OFF), CLASSIC))
