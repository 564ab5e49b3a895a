"""Dated intents: which entry holds, what those to come will do, and which come too late."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from reconciler.changes import Kind
from reconciler.diagnostics import Location
from reconciler.model import (
    Cancel,
    DesiredSubscription,
    Facts,
    Intent,
    Recurring,
    ScheduledIntent,
    Status,
    Term,
    TermLength,
)
from reconciler.plan import Plan
from reconciler.policy import Extension
from reconciler.schedule import effective, in_force, pair_words, to_come
from tests.builders import NOW, PLACE, START, a_desired, a_lifecycle, a_stored
from tests.estates import a_rulebook, after, plan_of

OFF, ON = Recurring.OFF, Recurring.ON
ENTRY = Location("specs/contoso.yaml", 9, 14)
MONTHLY = TermLength.MONTHLY


def an_entry(
    day: str, recurring: Recurring | None = None, cancel: Cancel | None = None, reason: str | None = None
) -> ScheduledIntent:
    return ScheduledIntent(date.fromisoformat(day), Intent(recurring, cancel, ENTRY, reason))


def dated(*entries: ScheduledIntent, **fields: Any) -> DesiredSubscription:
    return a_desired(schedule=entries, **fields)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


PAST, TODAY, SOON = an_entry("2026-01-01", ON), an_entry("2026-11-23", OFF), an_entry("2026-11-24", ON)


class TestInForce:
    def test_the_latest_that_has_come_holds(self) -> None:
        wanted = dated(PAST, TODAY, SOON)
        assert in_force(wanted, date(2025, 12, 31)) is None
        assert in_force(wanted, date(2026, 1, 1)) is PAST
        assert in_force(wanted, date(2026, 11, 22)) is PAST
        assert in_force(wanted, date(2026, 11, 23)) is TODAY
        assert in_force(wanted, date(2030, 1, 1)) is SOON
        assert to_come(wanted, date(2026, 11, 22)) == (TODAY, SOON)

    def test_before_any_has_come_the_pair_is_the_declared_one(self) -> None:
        wanted = dated(SOON, recurring=OFF)
        assert effective(wanted, NOW.date()) is wanted
        assert effective(wanted, date(2026, 11, 24)).intent == SOON.intent

    def test_it_holds_from_the_first_instant_of_its_day_in_utc(self) -> None:
        wanted = dated(an_entry("2026-11-24", OFF))
        row = a_stored()
        assert not plan_of(wanted, row, datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC)).changes
        (change,) = plan_of(wanted, row, day("2026-11-24")).changes
        assert (change.kind, change.place, change.scheduled) == (Kind.TURN_OFF, ENTRY, True)
        (own,) = plan_of(a_desired(recurring=OFF), row).changes
        assert not own.scheduled

    def test_it_counts_as_an_own_key(self) -> None:
        (change,) = plan_of(dated(an_entry("2026-01-01", ON)), a_stored(status=Status.EXPIRED, recurring=OFF)).changes
        assert change.kind is Kind.REACTIVATE

    def test_a_new_record_starts_with_the_pair_that_holds(self) -> None:
        (change,) = plan_of(dated(an_entry("2026-01-01", OFF), recurring=ON)).changes
        assert (change.kind, change.after["recurring"]) == (Kind.REGISTER, "off")

    def test_past_entries_are_history_and_no_errors(self) -> None:
        plan = plan_of(dated(an_entry("2020-01-01", OFF), an_entry("2021-01-01", ON)), a_stored())
        assert (plan.changes, plan.blocked, plan.diagnostics, plan.scheduled) == ((), (), (), ())

    def test_one_that_has_entries_to_come_is_not_released(self) -> None:
        row = a_stored(declared=True)
        assert plan_of(a_desired(), row).released
        assert not plan_of(dated(an_entry("2027-01-01", OFF)), row).released


class TestShadowed:
    def test_an_own_key_beside_an_entry_that_has_come_is_a_warning(self) -> None:
        plan = plan_of(dated(TODAY, recurring=ON), a_stored())
        (found,) = plan.diagnostics
        assert (found.code, found.place) == ("shadowed-by-schedule", PLACE)
        assert "since 2026-11-23 the entry at specs/contoso.yaml:9:14 holds instead" in found.detail
        assert [change.kind for change in plan.changes] == [Kind.TURN_OFF]

    def test_neither_an_inherited_pair_nor_one_that_still_holds_is(self) -> None:
        assert not plan_of(dated(TODAY, recurring=ON, own=False), a_stored()).diagnostics
        assert not plan_of(dated(an_entry("2027-01-10", ON), recurring=ON), a_stored()).diagnostics


class TestToCome:
    def test_an_entry_is_scheduled_with_its_date_and_what_follows(self) -> None:
        (item,) = plan_of(dated(an_entry("2027-01-15", OFF, reason="not needed")), a_stored()).scheduled
        assert (item.on, item.kind, item.detail) == (date(2027, 1, 15), Kind.TURN_OFF, "recurring: off")
        assert (item.place, item.reason, item.product) == (ENTRY, "not needed", "CFQ7TTC0HD32")
        assert item.impact is not None
        assert item.impact.last_day == date(2027, 2, 28)

    def test_it_is_judged_on_what_the_plan_and_earlier_entries_leave(self) -> None:
        wanted = dated(an_entry("2027-01-01", OFF), an_entry("2027-01-15", ON), an_entry("2027-01-20", ON))
        assert [item.kind for item in plan_of(wanted, a_stored()).scheduled] == [Kind.TURN_OFF, Kind.TURN_ON, None]

    def test_what_will_be_so_already_says_that(self) -> None:
        (item,) = plan_of(dated(an_entry("2027-01-15", OFF), recurring=OFF), a_stored()).scheduled
        assert (item.kind, item.detail) == (None, "recurring: off: nothing is to change then")

    def test_what_would_be_blocked_says_why(self) -> None:
        (item,) = plan_of(dated(an_entry("2027-01-15", OFF)), a_stored(protected=True)).scheduled
        assert item.kind is None
        assert item.detail.startswith("recurring: off: it would be blocked, protected: it is protected")

    def test_what_has_ended_by_then_is_told(self) -> None:
        rows = a_stored(recurring=OFF)
        (item,) = plan_of(dated(an_entry("2029-01-15", cancel=Cancel.AT_RENEWAL)), rows).scheduled
        assert item.detail == "cancel: at-renewal: nothing is to change then"

    def test_an_entry_of_a_record_that_this_plan_registers_is_foreseen_too(self) -> None:
        plan = plan_of(dated(an_entry("2027-01-15", OFF)))
        assert [change.kind for change in plan.changes] == [Kind.REGISTER]
        assert [item.kind for item in plan.scheduled] == [Kind.TURN_OFF]

    def test_all_are_listed_by_day_and_key(self) -> None:
        wanted = [
            replace(dated(an_entry("2027-01-02", OFF)), key=a_stored("contoso/a").key),
            replace(dated(an_entry("2027-01-01", OFF), an_entry("2027-01-02", ON)), key=a_stored("contoso/b").key),
        ]
        found = plan_of(wanted, [a_stored("contoso/a"), a_stored("contoso/b")]).scheduled
        assert [(item.on.day, item.key.name) for item in found] == [(1, "b"), (2, "a"), (2, "b")]

    def test_an_extension_makes_an_undecided_end_a_block_on_that_day(self) -> None:
        rules = a_rulebook("contoso", lifecycle=a_lifecycle(extension=Extension(when_off=True)))
        (item,) = plan_of(dated(an_entry("2027-01-15", OFF)), a_stored(), rulebook=rules).scheduled
        assert "end-undecided" in item.detail

    def test_what_is_done_on_that_day_is_what_was_foreseen(self) -> None:
        wanted, row = dated(an_entry("2027-01-15", OFF)), a_stored()
        (item,) = plan_of(wanted, row).scheduled
        (change,) = plan_of(wanted, row, day("2027-01-15")).changes
        assert (item.kind, item.impact) == (change.kind, change.impact)
        assert after([change], {row.key: row}, day("2027-01-15"))[row.key].recurring is OFF


def late(plan: Plan) -> list[str]:
    return [item.detail.partition(": ")[2] for item in plan.diagnostics if item.code == "schedule-misses-renewal"]


class TestMissesRenewal:
    @pytest.mark.parametrize(
        ("entry", "expected"),
        [
            pytest.param("2027-02-26", [], id="days before it: in time"),
            pytest.param("2027-02-27", [], id="two days before it: in time"),
            pytest.param("2027-02-28", ["2027-02-28, 1 day before"], id="too close"),
            pytest.param("2027-03-01", ["2027-03-01, the same day"], id="on that day"),
            pytest.param("2027-03-02", ["2027-03-02, 1 day later"], id="a day too late"),
            pytest.param("2027-03-31", ["2027-03-31, 30 days later"], id="a month too late"),
            pytest.param("2027-04-01", [], id="long after it: the next one is meant"),
        ],
    )
    def test_an_end_that_comes_just_after_a_renewal_or_too_shortly_before_it(
        self, entry: str, expected: list[str]
    ) -> None:
        for ending in (an_entry(entry, OFF), an_entry(entry, cancel=Cancel.AT_RENEWAL)):
            found = late(plan_of(dated(ending), a_stored()))
            assert found == [f"it renews on 2027-03-01, and the entry is of {item}" for item in expected]

    def test_the_hint_names_a_day_that_is_in_time(self) -> None:
        (found,) = plan_of(dated(an_entry("2027-03-02", OFF)), a_stored()).diagnostics
        assert (found.code, found.place) == ("schedule-misses-renewal", ENTRY)
        assert found.hint == "to stop that renewal, date the entry 2027-02-27 or earlier"
        assert not late(plan_of(dated(an_entry("2027-02-27", OFF)), a_stored()))

    def test_a_renewal_that_is_history_is_not_missed(self) -> None:
        row = a_stored(start=date(2026, 11, 20), term=Term(day("2026-11-20"), day("2027-11-20")))
        wanted = dated(an_entry("2026-12-01", OFF), facts=Facts("CFQ7TTC0HD32", TermLength.ANNUAL, None, row.start))
        assert not late(plan_of(wanted, row))

    def test_a_month_is_judged_by_days(self) -> None:
        facts = Facts("CFQ7TTC0HD32", MONTHLY, None, START)
        row = a_stored(length=MONTHLY)
        assert late(plan_of(dated(an_entry("2026-12-03", OFF), facts=facts), row))
        assert not late(plan_of(dated(an_entry("2026-12-04", OFF), facts=facts), row))

    def test_what_goes_on_or_will_not_renew_misses_nothing(self) -> None:
        assert not late(plan_of(dated(an_entry("2027-03-02", ON)), a_stored()))
        assert not late(plan_of(dated(an_entry("2027-02-28", OFF)), a_stored(recurring=OFF)))
        assert not late(plan_of(dated(an_entry("2027-03-02", OFF)), a_stored(recurring=OFF)))


@pytest.mark.parametrize(
    ("intent", "words"),
    [
        ((OFF, None), "recurring: off"),
        ((None, Cancel.AT_RENEWAL), "cancel: at-renewal"),
        ((OFF, Cancel.NONE), "recurring: off, cancel: none"),
    ],
)
def test_a_pair_is_told_as_a_spec_writes_it(intent: tuple[Recurring | None, Cancel | None], words: str) -> None:
    assert pair_words(Intent(*intent, ENTRY)) == words
