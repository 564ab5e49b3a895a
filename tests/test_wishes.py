"""The table of wishes: every declared pair, from every state that a record can be in.

What is expected is written down in tables of its own, copied from the domain's page and not from the code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from reconciler.changes import Blocked, Kind
from reconciler.diagnostics import Location
from reconciler.model import Cancel, DesiredSubscription, Intent, Recurring, Status, StoredSubscription, Term
from reconciler.plan import Plan
from reconciler.policy import Extension, Lifecycle, Reactivation, SeatLimit, Since, Window
from reconciler.rulebook import Rulebook
from tests.builders import CLASSIC, NAME, NOW, PLACE, a_desired, a_lifecycle, a_stored
from tests.estates import a_rulebook, plan_of

# What each wish (recurring, cancel) asks of a record that renews, that ends with its term, that is cancelled at
# renewal, and of one that a provider calls cancelled although it says that it renews. A dot asks nothing; behind `>`
# stands what recurring is left at.
LIVE = """
wish             on/none       off/none      off/at-renewal  on/at-renewal
on -             .             turn-on>on    undo>on         undo>on
on none          .             turn-on>on    undo>on         undo>on
off -            turn-off>off  .             .               .
off none         turn-off>off  .             undo>off        undo>off
- none           .             .             undo>off        undo>on
- at-renewal     stop>off      stop>off      .               .
off at-renewal   stop>off      stop>off      .               .
- immediately    now>off       now>off       now>off         now>off
off immediately  now>off       now>off       now>off         now>off
"""

# The same wishes of a record that has ended by itself, and of one that was cancelled immediately.
ENDED = """
wish             expired      disabled    deleted     cancelled-immediately
own on -         reactivate   reactivate  !deleted    !cancelled-immediately
own on none      reactivate   reactivate  !deleted    !cancelled-immediately
on -             listed       listed      listed      listed
on none          listed       listed      listed      listed
own off -        .            .           .           .
own off none     .            .           .           !cancelled-immediately
own - none       .            .           .           !cancelled-immediately
off -            .            .           .           .
off none         .            .           .           .
- none           .            .           .           .
own - at-renewal     .        .           .           .
own off at-renewal   .        .           .           .
- at-renewal     .            .           .           .
off at-renewal   .            .           .           .
own - immediately    !past-cancellation-window  .  .  .
own off immediately  !past-cancellation-window  .  .  .
"""

KINDS = {
    "turn-on": Kind.TURN_ON,
    "turn-off": Kind.TURN_OFF,
    "undo": Kind.UNDO_CANCEL,
    "stop": Kind.CANCEL_AT_RENEWAL,
    "now": Kind.CANCEL_NOW,
}
LEFT = {"stop": "at-renewal", "now": "immediately"}
NO_INTENT = {"scheduled": "scheduled", "suspended": "suspended", "unknown": "status-unknown"}


def read(table: str) -> dict[tuple[str, str], str]:
    """Cells by the wish's words and the column's heading."""
    heading, *lines = table.strip().splitlines()
    columns = heading.split()[1:]
    cells: dict[tuple[str, str], str] = {}
    for line in lines:
        words = line.split()
        wish, values = words[: -len(columns)], words[-len(columns) :]
        cells |= {(" ".join(wish), column): value for column, value in zip(columns, values, strict=True)}
    return cells


LIVE_CELLS, ENDED_CELLS = read(LIVE), read(ENDED)
WISHES = sorted({wish for wish, _ in LIVE_CELLS})


@dataclass(frozen=True)
class Standing:
    """Where a record stands: every axis, whether its recorded term is over, and what guards it."""

    status: Status
    recurring: Recurring
    cancellation: Cancel
    over: bool
    protected: bool
    confirm: str
    ledger: bool = True
    """Time is ours to tell; of an outside provider's record it is not, and it stands as it was stored."""

    @property
    def row(self) -> StoredSubscription:
        """The record. What is scheduled starts in the future, unless its recorded term is over."""
        starts = 2027 if self.status is Status.SCHEDULED and not self.over else 2026 - self.over
        return a_stored(
            status=self.status,
            recurring=self.recurring,
            cancellation=self.cancellation,
            protected=self.protected,
            start=date(2026, 3, 1),
            anchor=date(starts, 3, 1),
            term=Term(datetime(starts, 3, 1, tzinfo=UTC), datetime(starts + 1, 3, 1, tzinfo=UTC)),
        )

    @property
    def status_now(self) -> str:
        """A start that has come makes it active; a term that ended long ago without a renewal has seen it deleted."""
        if self.status in (Status.DELETED, Status.SUSPENDED, Status.UNKNOWN) or not (self.over and self.ledger):
            return str(self.status)
        if self.status.ended or self.recurring is Recurring.OFF or self.cancellation is Cancel.IMMEDIATELY:
            return "deleted"
        return "active"

    @property
    def rulebook(self) -> Rulebook | None:
        """None: that of tests, for a ledger."""
        return None if self.ledger else Rulebook()

    @property
    def renewed(self) -> bool:
        """What is active and recurring is in a later term by now."""
        return self.ledger and self.over and self.status_now == "active" and self.recurring is Recurring.ON

    @property
    def confirmation(self) -> str | None:
        """The line in the spec: none, an old one, or the one for the term that holds now."""
        year = 2027 if self.status is Status.SCHEDULED and not self.over else 2026
        current = year - 1 if self.over and not self.renewed else year
        return {"missing": None, "spent": f"{NAME}@2024-03-01", "right": f"{NAME}@{current}-03-01"}[self.confirm]


def standings() -> Iterator[Standing]:
    """Every combination."""
    flags = (False, True)
    for axes in product(Status, Recurring, Cancel, flags, flags, ("missing", "spent", "right"), flags):
        yield Standing(*axes)


def wanted(wish: str, own: bool, standing: Standing) -> DesiredSubscription:
    recurring, cancel = wish.split()
    return a_desired(
        recurring=None if recurring == "-" else Recurring(recurring),
        cancel=None if cancel == "-" else Cancel(cancel),
        own=own,
        confirm=standing.confirmation,
    )


def expected(wish: str, own: bool, standing: Standing) -> str:
    """What the domain's page says of it."""
    ended = standing.status_now in ("expired", "disabled", "deleted")
    if ended or standing.cancellation is Cancel.IMMEDIATELY:
        column = standing.status_now
        if standing.cancellation is Cancel.IMMEDIATELY and "immediately" not in wish:
            column = "cancelled-immediately"
        elif not ended:
            column = "disabled"  # cancelled immediately, and its status is only yet to follow
        return ENDED_CELLS[f"own {wish}" if own else wish, column]
    cell = LIVE_CELLS[wish, f"{standing.recurring}/{standing.cancellation}"]
    if cell == ".":
        return cell
    if standing.status_now in NO_INTENT:
        return f"!{NO_INTENT[standing.status_now]}"
    if standing.over and standing.recurring is Recurring.OFF:
        return "!term-over"
    if standing.protected and cell.partition(">")[0] in ("turn-off", "stop", "now"):
        return "!protected"
    if cell.startswith("now") and standing.confirm != "right":
        return f"!confirmation-{standing.confirm}"
    return cell


def planned(wish: str, own: bool, standing: Standing) -> str:
    """What the plan says, in the words of the tables."""
    plan = plan_of(wanted(wish, own, standing), standing.row, rulebook=standing.rulebook)
    found = [f"!{item.code}" for item in plan.blocked] + ["listed" for _ in plan.ended] + ["."] * plan.unchanged
    for change in plan.changes:
        if change.kind is Kind.REACTIVATE:
            assert change.after == {"recurring": "on", "cancellation": "none", "status": "active"}
            found.append("reactivate")
            continue
        name = next(name for name, kind in KINDS.items() if kind is change.kind)
        assert change.after["cancellation"] == LEFT.get(name, "none")
        assert (change.before["recurring"], change.before["cancellation"]) == (
            standing.recurring.value,
            standing.cancellation.value,
        )
        found.append(f"{name}>{change.after['recurring']}")
    assert not plan.released
    assert not plan.unmanaged
    return " ".join(found)


CASES = [
    pytest.param(wish, own, id=f"{'own' if own else 'inherited'} {wish}")
    for wish, own in product(WISHES, (True, False))
    if own or "immediately" not in wish  # which is never inherited: a spec that tries does not resolve
]


@pytest.mark.parametrize(("wish", "own"), CASES)
def test_a_wish_gives_what_the_table_says_from_every_state(wish: str, own: bool) -> None:
    differing = {
        standing: (planned(wish, own, standing), expected(wish, own, standing))
        for standing in standings()
        if planned(wish, own, standing) != expected(wish, own, standing)
    }
    assert differing == {}


def test_the_tables_have_every_wish_there_is() -> None:
    pairs = {f"{recurring or '-'} {cancel or '-'}" for recurring in ("on", "off", "") for cancel in ("", *Cancel)}
    contradictions = {"on at-renewal", "on immediately"}
    assert set(WISHES) == pairs - contradictions - {"- -"}
    assert {wish.removeprefix("own ") for wish, _ in ENDED_CELLS} == set(WISHES)


@pytest.mark.parametrize("declared", [True, False])
def test_without_a_pair_nothing_is_ever_asked(declared: bool) -> None:
    for standing in standings():
        plan = plan_of(a_desired(), replace(standing.row, declared=declared), rulebook=standing.rulebook)
        live = standing.status_now not in ("expired", "disabled", "deleted")
        assert not plan.changes
        assert not plan.blocked
        assert len(plan.released) == (declared and live)
        assert plan.unchanged == (not (declared and live))


def barred(wish: str, standing: Standing, provider_status: str | None = None) -> Blocked:
    """The one block that a wish among the own keys meets."""
    row = replace(standing.row, provider_status=provider_status)
    (block,) = plan_of(wanted(wish, True, standing), row, rulebook=standing.rulebook).blocked
    return block


def a_standing(
    status: Status = Status.ACTIVE,
    recurring: Recurring = Recurring.ON,
    cancellation: Cancel = Cancel.NONE,
    over: bool = False,
    protected: bool = False,
    confirm: str = "right",
    ledger: bool = True,
) -> Standing:
    return Standing(status, recurring, cancellation, over, protected, confirm, ledger)


class TestEveryBlockSaysWhyAndWhatToDo:
    def test_scheduled(self) -> None:
        found = barred("off -", a_standing(Status.SCHEDULED))
        assert (found.kind, found.code) == (Kind.TURN_OFF, "scheduled")
        assert found.detail == "it starts on 2027-03-01, and takes no changes before"
        assert found.hint == "apply again on or after 2027-03-01"

    def test_suspended(self) -> None:
        found = barred("off -", a_standing(Status.SUSPENDED))
        assert (found.kind, found.code, found.detail) == (Kind.TURN_OFF, "suspended", "it is suspended")
        assert found.hint == "settle what suspended it first"

    def test_a_status_that_is_not_known(self) -> None:
        found = barred("off -", a_standing(Status.UNKNOWN))
        assert (found.code, found.detail) == ("status-unknown", "its status is not one we know")
        assert found.hint == "nothing is written to it until it is"

    def test_a_status_that_is_not_known_in_the_providers_word(self) -> None:
        found = barred("off -", a_standing(Status.UNKNOWN), provider_status="Paused")
        assert found.detail == "its status (Paused) is not one we know"

    def test_a_term_that_is_over(self) -> None:
        found = barred("on -", a_standing(recurring=Recurring.OFF, over=True, ledger=False))
        assert (found.kind, found.code) == (Kind.TURN_ON, "term-over")
        assert found.detail == "recurring is off and its last term ended 2026-03-01"
        assert "register a new purchase" in found.hint

    def test_protection(self) -> None:
        found = barred("off -", a_standing(protected=True))
        assert (found.kind, found.code) == (Kind.TURN_OFF, "protected")
        assert found.detail == "it is protected, and protection refuses every ending change"
        assert found.hint == "write `protect: false` among its own keys and apply that; a later run may then end it"

    def test_a_missing_confirmation_is_told_with_the_line_to_write(self) -> None:
        found = barred("- immediately", a_standing(confirm="missing"))
        assert (found.kind, found.code) == (Kind.CANCEL_NOW, "confirmation-missing")
        assert found.detail == "an immediate cancellation cannot be undone and needs a confirmation"
        line = "write `confirm: contoso/visio-plan-2@2026-03-01` beside `when: immediately`, both within `cancel: {…}`"
        assert line in found.hint

    def test_a_spent_confirmation_is_told_with_the_line_to_write(self) -> None:
        found = barred("- immediately", a_standing(confirm="spent"))
        assert (found.kind, found.code) == (Kind.CANCEL_NOW, "confirmation-spent")
        assert found.detail == "`confirm: contoso/visio-plan-2@2024-03-01` does not fit this name and term"
        assert found.hint == "if it is still meant, write `confirm: contoso/visio-plan-2@2026-03-01`"

    def test_a_cancellation_of_what_has_expired(self) -> None:
        found = barred("- immediately", a_standing(Status.EXPIRED))
        assert (found.kind, found.code) == (Kind.CANCEL_NOW, "past-cancellation-window")
        assert "there is nothing left to cancel early" in found.detail
        assert found.hint == "remove the block; it is disabled and deleted by itself"

    @pytest.mark.parametrize(("wish", "kind"), [("on -", Kind.REACTIVATE), ("- none", Kind.UNDO_CANCEL)])
    def test_a_wish_to_take_an_immediate_cancellation_back(self, wish: str, kind: Kind) -> None:
        found = barred(wish, a_standing(Status.DISABLED, Recurring.OFF, Cancel.IMMEDIATELY))
        assert (found.kind, found.code) == (kind, "cancelled-immediately")
        assert found.detail == "it was cancelled immediately, which cannot be undone"
        assert found.hint == "declare a new subscription under another name, or remove the keys"

    def test_a_wish_to_bring_back_what_is_deleted(self) -> None:
        found = barred("on -", a_standing(Status.DELETED, Recurring.OFF))
        assert (found.kind, found.code) == (Kind.REACTIVATE, "deleted")
        assert found.detail == "it is deleted, and nothing brings a deleted subscription back"
        assert found.hint == "declare a new subscription under another name, or remove the key"


def test_an_ended_record_under_an_inherited_on_is_listed_with_the_way_back() -> None:
    (listed,) = plan_of(a_desired(recurring=Recurring.ON, own=False), a_stored(status=Status.EXPIRED)).ended
    assert listed.detail == "it is expired; an inherited `recurring: on` does not bring it back"
    assert listed.hint == "write `recurring: on` among its own keys to bring it back"


def test_a_block_stands_where_the_deciding_value_stands() -> None:
    place = Location("specs/_defaults.yaml", 4, 14)
    intent = Intent(Recurring.OFF, None, place, own=False)
    (block,) = plan_of(a_desired(intent=intent), a_stored(protected=True)).blocked
    assert block.place == place


EXTENDING = a_lifecycle(extension=Extension(when_off=True))
WEEK = a_lifecycle(window=Window(timedelta(days=7)))
NOW_ALONE: dict[str, Any] = {"cancel": Cancel.IMMEDIATELY, "confirm": f"{NAME}@2026-03-01", "reason": "a duplicate"}


def under(lifecycle: Lifecycle, wanted: DesiredSubscription, row: StoredSubscription, now: datetime = NOW) -> Plan:
    return plan_of(wanted, row, now, rulebook=a_rulebook("contoso", lifecycle=lifecycle))


def bar(lifecycle: Lifecycle, wanted: DesiredSubscription, row: StoredSubscription, now: datetime = NOW) -> Blocked:
    plan = under(lifecycle, wanted, row, now)
    (found,) = plan.blocked
    assert not plan.changes
    return found


class TestTheVendorsRules:
    def test_a_window_that_closed_is_told_with_its_date_and_the_way_left(self) -> None:
        found = bar(WEEK, a_desired(**NOW_ALONE), a_stored())
        assert (found.kind, found.code) == (Kind.CANCEL_NOW, "past-cancellation-window")
        assert found.detail == "the cancellation window of this term closed 2026-03-08T00:00:00Z"
        assert found.hint == (
            "write `cancel: at-renewal` instead: its last day is then 2027-02-28; "
            "the window opens again with the renewal on 2027-03-01"
        )

    def test_it_closes_at_that_very_instant(self) -> None:
        closes = datetime(2026, 3, 8, tzinfo=UTC)
        assert under(WEEK, a_desired(**NOW_ALONE), a_stored(), closes - timedelta(seconds=1)).changes
        assert bar(WEEK, a_desired(**NOW_ALONE), a_stored(), closes).code == "past-cancellation-window"

    def test_it_opens_again_with_a_renewal_and_not_for_what_will_not_renew(self) -> None:
        wanted = a_desired(cancel=Cancel.IMMEDIATELY, confirm=f"{NAME}@2027-03-01", reason="a duplicate")
        assert under(WEEK, wanted, a_stored(), datetime(2027, 3, 2, tzinfo=UTC)).changes
        off = bar(WEEK, a_desired(**NOW_ALONE), a_stored(recurring=Recurring.OFF))
        assert "opens again" not in off.hint

    def test_a_window_of_the_first_term_alone_never_opens_again(self) -> None:
        first = a_lifecycle(window=Window(timedelta(days=7), Since.START))
        wanted = a_desired(cancel=Cancel.IMMEDIATELY, confirm=f"{NAME}@2027-03-01", reason="a duplicate")
        found = bar(first, wanted, a_stored(), datetime(2027, 3, 2, tzinfo=UTC))
        assert "opens again" not in found.hint

    def test_a_channel_can_know_no_cancellation_within_a_term(self) -> None:
        found = bar(a_lifecycle(name="strict", window=Window(timedelta(0))), a_desired(**NOW_ALONE), a_stored())
        assert found.detail == "the strict rules know no cancellation within a term"
        assert "opens again" not in found.hint

    def test_too_many_seats_are_told_with_both_numbers(self) -> None:
        seats = a_lifecycle(seats=SeatLimit(25))
        found = bar(seats, a_desired(**NOW_ALONE), a_stored(seats=26))
        assert (found.kind, found.code) == (Kind.CANCEL_NOW, "too-many-seats")
        assert found.detail == "it has 26 seats, and at most 25 can be cancelled at once"
        assert found.hint.startswith("reduce its seats at the vendor first, or write `cancel: at-renewal`")
        assert under(seats, a_desired(**NOW_ALONE), a_stored(seats=25)).changes

    def test_what_is_not_known_bars_nothing(self) -> None:
        unknown = a_lifecycle(window=None, seats=None, reactivation=None, extension=None)
        assert under(unknown, a_desired(**NOW_ALONE), a_stored(seats=900)).changes
        assert under(unknown, a_desired(recurring=Recurring.OFF), a_stored()).changes
        assert under(unknown, a_desired(recurring=Recurring.ON), a_stored(status=Status.EXPIRED)).changes

    def test_rules_bar_before_a_confirmation_is_asked_for(self) -> None:
        unconfirmed = a_desired(cancel=Cancel.IMMEDIATELY, reason="a duplicate")
        assert bar(WEEK, unconfirmed, a_stored()).code == "past-cancellation-window"
        assert bar(WEEK, unconfirmed, a_stored(protected=True)).code == "protected"

    @pytest.mark.parametrize(
        ("reactivation", "fields", "barred"),
        [
            pytest.param((False, True, True), {"status": Status.EXPIRED}, True, id="expired, barred"),
            pytest.param((True, False, False), {"status": Status.EXPIRED}, False, id="expired, let"),
            pytest.param((True, False, True), {"status": Status.DISABLED}, True, id="disabled, barred"),
            pytest.param((False, True, False), {"status": Status.DISABLED}, False, id="disabled, let"),
            pytest.param(
                (True, True, False),
                {"status": Status.DISABLED, "cancellation": Cancel.AT_RENEWAL},
                True,
                id="cancelled at renewal, barred",
            ),
            pytest.param(
                (False, False, True),
                {"status": Status.DISABLED, "cancellation": Cancel.AT_RENEWAL},
                False,
                id="cancelled at renewal, let",
            ),
        ],
    )
    def test_a_policy_may_forbid_to_bring_back(
        self, reactivation: tuple[bool, bool, bool], fields: dict[str, Any], barred: bool
    ) -> None:
        rules = a_lifecycle(name="partner", reactivation=Reactivation(*reactivation))
        row = a_stored(recurring=Recurring.OFF, **fields)
        plan = under(rules, a_desired(recurring=Recurring.ON), row)
        assert [item.code for item in plan.blocked] == (["reactivation-barred"] if barred else [])
        assert [item.kind for item in plan.changes] == ([] if barred else [Kind.REACTIVATE])


class TestTheFallbackChosenBeforehand:
    wanted = a_desired(
        intent=Intent(None, Cancel.IMMEDIATELY, PLACE, "a duplicate", None, on_blocked=Cancel.AT_RENEWAL)
    )

    def test_where_the_rules_bar_it_it_ends_with_the_term(self) -> None:
        (change,) = under(WEEK, self.wanted, a_stored()).changes
        assert (change.kind, change.after["cancellation"]) == (Kind.CANCEL_AT_RENEWAL, "at-renewal")
        assert change.impact is not None
        assert change.impact.instead_of == (
            "cancel now: past-cancellation-window: the cancellation window of this term closed 2026-03-08T00:00:00Z"
        )

    def test_once_it_will_end_nothing_is_left_to_do(self) -> None:
        pending = a_stored(recurring=Recurring.OFF, cancellation=Cancel.AT_RENEWAL)
        plan = under(WEEK, self.wanted, pending)
        assert (plan.changes, plan.blocked, plan.unchanged) == ((), (), 1)

    def test_it_replaces_no_confirmation_and_no_protection(self) -> None:
        assert bar(CLASSIC, self.wanted, a_stored()).code == "confirmation-missing"
        assert bar(WEEK, self.wanted, a_stored(protected=True)).code == "protected"


class TestAnEndThatIsNotDecided:
    def test_off_alone_must_say_how_it_ends(self) -> None:
        found = bar(EXTENDING, a_desired(recurring=Recurring.OFF), a_stored())
        assert (found.kind, found.code) == (Kind.TURN_OFF, "end-undecided")
        assert "paid extension" in found.detail
        assert found.hint == (
            "write `cancel: at-renewal` to stop then, or `cancel: none` to accept the extension at its price "
            "(its price is not known)"
        )

    def test_so_must_what_is_off_already(self) -> None:
        assert bar(EXTENDING, a_desired(recurring=Recurring.OFF), a_stored(recurring=Recurring.OFF)).code == (
            "end-undecided"
        )

    def test_a_new_record_too(self) -> None:
        plan = plan_of(a_desired(recurring=Recurring.OFF), rulebook=a_rulebook("contoso", lifecycle=EXTENDING))
        assert [(item.kind, item.code) for item in plan.blocked] == [(Kind.REGISTER, "end-undecided")]
        assert not plan.changes

    @pytest.mark.parametrize(
        ("cancel", "kind"), [(Cancel.NONE, Kind.TURN_OFF), (Cancel.AT_RENEWAL, Kind.CANCEL_AT_RENEWAL)]
    )
    def test_either_word_decides_it(self, cancel: Cancel, kind: Kind) -> None:
        plan = under(EXTENDING, a_desired(recurring=Recurring.OFF, cancel=cancel), a_stored())
        assert [item.kind for item in plan.changes] == [kind]
        assert not plan.blocked

    def test_a_pending_cancellation_has_decided_it(self) -> None:
        pending = a_stored(recurring=Recurring.OFF, cancellation=Cancel.AT_RENEWAL)
        assert under(EXTENDING, a_desired(recurring=Recurring.OFF), pending).unchanged == 1

    def test_a_paid_extension_can_be_cancelled_at_once_at_any_time(self) -> None:
        rules = a_lifecycle(extension=Extension(when_off=True), window=Window(timedelta(days=7)))
        wanted = a_desired(cancel=Cancel.IMMEDIATELY, confirm=f"{NAME}@2027-03-01", reason="enough")
        extended = under(rules, wanted, a_stored(recurring=Recurring.OFF), datetime(2027, 3, 20, tzinfo=UTC))
        assert [item.kind for item in extended.changes] == [Kind.CANCEL_NOW]


def test_cancelled_at_once_where_nothing_is_kept_it_is_deleted() -> None:
    (change,) = under(a_lifecycle(disabled_after_cancel_now=0), a_desired(**NOW_ALONE), a_stored()).changes
    assert change.after["status"] == "deleted"
