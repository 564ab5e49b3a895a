"""The table of wishes: every declared pair, from every state that a record can be in.

What is expected is written down in tables of its own, copied from the domain's page and not from the code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import product

import pytest

from reconciler.changes import Blocked, Kind
from reconciler.diagnostics import Location
from reconciler.model import Cancel, DesiredSubscription, Intent, Recurring, Status, StoredSubscription, Term
from tests.builders import NAME, a_desired, a_stored
from tests.estates import plan_of

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
        """A start that has come makes it active."""
        return "active" if self.status is Status.SCHEDULED and self.over else str(self.status)

    @property
    def renewed(self) -> bool:
        """What is active and recurring is in a later term by now."""
        return self.over and self.status_now == "active" and self.recurring is Recurring.ON

    @property
    def confirmation(self) -> str | None:
        """The line in the spec: none, an old one, or the one for the term that holds now."""
        year = 2027 if self.status is Status.SCHEDULED and not self.over else 2026
        current = year - 1 if self.over and not self.renewed else year
        return {"missing": None, "spent": f"{NAME}@2024-03-01", "right": f"{NAME}@{current}-03-01"}[self.confirm]


def standings() -> Iterator[Standing]:
    """Every combination."""
    flags = (False, True)
    for axes in product(Status, Recurring, Cancel, flags, flags, ("missing", "spent", "right")):
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
    plan = plan_of(wanted(wish, own, standing), standing.row)
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
        plan = plan_of(a_desired(), replace(standing.row, declared=declared))
        live = standing.status_now not in ("expired", "disabled", "deleted")
        assert not plan.changes
        assert not plan.blocked
        assert len(plan.released) == (declared and live)
        assert plan.unchanged == (not (declared and live))


def barred(wish: str, standing: Standing, provider_status: str | None = None) -> Blocked:
    """The one block that a wish among the own keys meets."""
    (block,) = plan_of(wanted(wish, True, standing), replace(standing.row, provider_status=provider_status)).blocked
    return block


def a_standing(
    status: Status = Status.ACTIVE,
    recurring: Recurring = Recurring.ON,
    cancellation: Cancel = Cancel.NONE,
    over: bool = False,
    protected: bool = False,
    confirm: str = "right",
) -> Standing:
    return Standing(status, recurring, cancellation, over, protected, confirm)


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
        found = barred("on -", a_standing(recurring=Recurring.OFF, over=True))
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
        assert "write `confirm: contoso/visio-plan-2@2026-03-01` beside `when: immediately`" in found.hint

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
