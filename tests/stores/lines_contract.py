"""What every store promises of looks that read just a part of it: its own test module inherits `LinesContract` too.

A million records are compared as lines where they lie, so whatever a record may hold its line is that of `gist`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.gist import (
    CANCELLATION,
    ID,
    LABELS,
    LAST_CHARGE,
    OWNER,
    PRICE,
    PROTECTED,
    RECURRING,
    SEATS,
    line_of,
    said,
)
from reconciler.model import Cancel, Money, Recurring, Status, StoredSubscription, SubscriptionKey, Term, TermLength
from reconciler.ports import StateReader
from reconciler.sift import MOVED
from reconciler.stored import Silence
from tests.builders import NOW, a_change, a_key, a_run, a_stored, an_entry
from tests.stores.contract import Place, recorded, records, registered, seen, stored

HORIZON = NOW + timedelta(days=30)
without_nul = records().filter(lambda row: "\0" not in f"{row.product}{row.owner}{row.id}")
"""Some store ends a text of a line at a NUL, which no spec can say."""
INSTANT = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)


def reading(place: Place) -> StateReader:
    """The store, open for reading."""
    found = place.read()
    assert found is not None
    return found


def holding(place: Place, *rows: StoredSubscription) -> StateReader:
    """A store with these records, open for reading."""
    recorded(place, *map(stored, rows))
    return reading(place)


def flags(
    place: Place, rows: Iterable[StoredSubscription], now: datetime = NOW, horizon: datetime = HORIZON
) -> dict[str, str]:
    """By name: the flag of each record."""
    found = holding(place, *rows).lines(["contoso"], now, horizon)
    return {line.partition("\x1f")[0].partition("/")[2]: flag for flag, line in found}


def ending(name: str, end: datetime, **fields: Any) -> StoredSubscription:
    """A record whose term ends then."""
    return a_stored(f"contoso/{name}", term=Term(end - timedelta(days=365), end), **fields)


def keys(lines: Iterable[tuple[str, str]]) -> list[str]:
    """The keys of lines, sorted."""
    return sorted(line.partition("\x1f")[0] for _, line in lines)


class LinesContract:
    """Inherit, and give a `place` fixture."""

    # Lines

    # All examples share one store, on purpose, and both kinds of store this test.
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors])
    @given(found=st.lists(without_nul, unique_by=lambda record: record.key, min_size=1, max_size=5))
    def test_a_line_is_that_of_its_record(self, place: Place, found: list[StoredSubscription]) -> None:
        with known if (known := place.read()) else place.make() as one:
            run = a_run(f"run-{one.snapshot().serial}")
        with place.open() as store:
            store.begin(run)
            store.record(run.id, [stored(row, run.id) for row in found], NOW)
            accounts = {row.key.account for row in found}
            lines = {line for _, line in store.lines(accounts, NOW, HORIZON)}
        assert {line_of(row) for row in found} <= lines

    SPOKEN = sum((OWNER, LABELS, PROTECTED, RECURRING, CANCELLATION, SEATS, PRICE, LAST_CHARGE, ID))

    # As above.
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors])
    @given(records().filter(lambda row: row.product.isprintable() and f"{row.owner}{row.id}".isprintable()), st.data())
    def test_a_line_leaves_out_what_it_is_to_be_silent_of(
        self, place: Place, row: StoredSubscription, data: st.DataObject
    ) -> None:
        with known if (known := place.read()) else place.make() as one:
            run = a_run(f"run-{one.snapshot().serial}")
        always, sometimes = data.draw(st.integers(0, self.SPOKEN)), data.draw(st.integers(0, self.SPOKEN))
        silence = Silence(always & self.SPOKEN, sometimes & self.SPOKEN & ~always)
        with place.open() as store:
            store.begin(run)
            store.record(run.id, [stored(row, run.id)], NOW)
            found = [*store.lines([row.key.account], NOW, HORIZON, (row.key, None), silence)]
            ((flag, line),) = [each for each in found if each[1].startswith(f"{row.key}\x1f")]
        assert line == (line_of(row) if flag else said(line_of(row), silence))

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "%s %d %%",
            "it's; DROP TABLE store; --",
            'a "quoted" \\ word',
            "?",
            "ÄÖ 漢字 🙂 \u202e",
            "\x1b[31m",
            "a\nb",
        ],
    )
    def test_hostile_texts_are_in_the_line_to_the_letter(self, place: Place, text: str) -> None:
        row = a_stored("contoso/a", owner=text, product=text, labels={text: text, "a": ""}, id=text)
        assert [*holding(place, row).lines(["contoso"], NOW, HORIZON)] == [("", line_of(row))]

    @pytest.mark.parametrize("text", ["a\x1ab", "\x1a0", "a\x1fb", "\x1e"])
    def test_a_text_that_no_spec_can_say_is_in_no_line_that_one_could_mean(self, place: Place, text: str) -> None:
        row = a_stored("contoso/a", owner=text)
        ((_, line),) = holding(place, row).lines(["contoso"], NOW, HORIZON)
        assert line == line_of(row)

    @pytest.mark.parametrize(
        "fields",
        [
            {"price": Money(0, "JPY"), "last_charge": Money(10**16, "KWD"), "seats": 0},
            {"labels": {"b": "2", "a": "1", "ä": "{}"}},
            {"labels": {}},
            {"owner": "ada", "id": "7f3a", "protected": True, "declared": True},
            {"length": TermLength.TRIENNIAL, "billing": TermLength.MONTHLY},
            {"recurring": Recurring.OFF, "cancellation": Cancel.AT_RENEWAL},
        ],
        ids=str,
    )
    def test_whatever_a_record_has_or_lacks_is_in_its_line(self, place: Place, fields: dict[str, Any]) -> None:
        row = a_stored("contoso/a", **fields)
        assert [line for _, line in holding(place, row).lines(["contoso"], NOW, HORIZON)] == [line_of(row)]

    def test_only_the_accounts_that_are_asked_for_have_lines(self, place: Place) -> None:
        reader = holding(place, a_stored("contoso/a"), a_stored("fabrikam/a"), a_stored("adatum/a"))
        assert keys(reader.lines(["fabrikam", "adatum", "nobody"], NOW, HORIZON)) == ["adatum/a", "fabrikam/a"]
        assert keys(reader.lines([], NOW, HORIZON)) == []

    def test_lines_that_nobody_reads_to_the_end_keep_no_writer_out(self, place: Place) -> None:
        store = recorded(place, *(registered(f"contoso/s{number}") for number in range(9)))
        with reading(place) as reader:
            lines = iter(reader.lines(["contoso"], NOW, HORIZON))
            next(lines)
            lines.close()  # type: ignore[attr-defined]  # a generator, of which only the iterator is promised
            store.record("run-1", [registered("contoso/new")], NOW)
            assert len(keys(reader.lines(["contoso"], NOW, HORIZON))) == 10

    # Portions

    NAMES = ("adatum/z", "contoso/a", "contoso/a-1", "contoso/a1", "contoso/b", "contoso/b-1", "fabrikam/0")

    def test_two_halves_are_the_whole_in_the_order_of_the_code_points(self, place: Place) -> None:
        reader = holding(place, *map(a_stored, self.NAMES))
        accounts = ["adatum", "contoso", "fabrikam"]
        for at, name in enumerate(self.NAMES):
            key = a_key(name)
            assert keys(reader.lines(accounts, NOW, HORIZON, (None, key))) == [*self.NAMES[:at]]
            assert keys(reader.lines(accounts, NOW, HORIZON, (key, None))) == [*self.NAMES[at:]]
            assert keys(reader.lines(accounts, NOW, HORIZON, (key, key))) == []
        assert keys(reader.lines(accounts, NOW, HORIZON, (a_key("contoso/a0"), a_key("contoso/b-")))) == [
            "contoso/a1",
            "contoso/b",
        ]

    def test_portions_are_taken_of_the_accounts_that_are_asked_for(self, place: Place) -> None:
        reader = holding(place, *map(a_stored, self.NAMES))
        within = (a_key("contoso/b"), None)
        assert keys(reader.lines(["contoso"], NOW, HORIZON, within)) == ["contoso/b", "contoso/b-1"]

    def test_whether_there_is_any_record_is_told(self, place: Place) -> None:
        place.make()
        assert reading(place).empty()
        store = place.open()
        store.begin(a_run())
        store.record("run-1", [registered("contoso/a")], NOW)
        assert not store.empty()

    def test_another_reader_sees_the_same_or_there_is_none(self, place: Place) -> None:
        reader = holding(place, a_stored("contoso/a"))
        other = reader.another()
        if other is not None:
            with other:
                assert other is not reader
                assert other.snapshot() == reader.snapshot()
        assert reader.snapshot().serial == 1

    # Flags

    def test_what_ends_by_now_may_have_moved_to_the_very_instant(self, place: Place) -> None:
        ends = {"long-ago": NOW - timedelta(days=99), "before": NOW - INSTANT, "now": NOW}
        assert flags(place, (ending(name, end) for name, end in ends.items())) == dict.fromkeys(ends, MOVED)

    @pytest.mark.parametrize("fraction", [timedelta(0), INSTANT, timedelta(milliseconds=500), SECOND - INSTANT])
    def test_no_end_up_to_now_is_ever_taken_for_rest_whatever_the_parts_of_a_second(
        self, place: Place, fraction: timedelta
    ) -> None:
        now = NOW + fraction
        steps = (-SECOND, -timedelta(milliseconds=300), -INSTANT, timedelta(0))
        rows = [ending(f"s{number}", now + step) for number, step in enumerate(steps)]
        assert set(flags(place, rows, now).values()) == {MOVED}

    @pytest.mark.parametrize("fraction", [timedelta(0), INSTANT, timedelta(milliseconds=500), SECOND - INSTANT])
    def test_what_renews_by_the_horizon_is_told_with_its_end_to_the_very_instant(
        self, place: Place, fraction: timedelta
    ) -> None:
        now, horizon = NOW + fraction, HORIZON + fraction
        ends = [now + 2 * SECOND, now + timedelta(days=3, microseconds=7), horizon - INSTANT, horizon]
        found = flags(place, (ending(f"s{number}", end) for number, end in enumerate(ends)), now, horizon)
        assert [datetime.fromisoformat(found[f"s{number}"]) for number in range(len(ends))] == ends

    def test_what_is_at_rest_has_no_flag(self, place: Place) -> None:
        rows = [
            ending("later", HORIZON + 2 * SECOND),
            ending("off", HORIZON, recurring=Recurring.OFF),
            ending("monthly", HORIZON, length=TermLength.MONTHLY),
            ending("cancelled", HORIZON, recurring=Recurring.OFF, cancellation=Cancel.AT_RENEWAL),
        ]
        assert flags(place, rows) == dict.fromkeys(("later", "off", "monthly", "cancelled"), "")

    @pytest.mark.parametrize(
        "fields",
        [
            *({"status": status} for status in Status if status is not Status.ACTIVE),
            {"extended": True},
            {"cancellation": Cancel.IMMEDIATELY},
        ],
        ids=str,
    )
    def test_what_is_no_plain_active_record_is_to_be_looked_at(self, place: Place, fields: dict[str, Any]) -> None:
        assert flags(place, [ending("a", HORIZON + SECOND * 9, **fields)]) == {"a": MOVED}

    # Some of it

    def test_some_records_are_read_with_all_around_them(self, place: Place) -> None:
        reader = holding(place, *(a_stored(name, id=f"id-{at}") for at, name in enumerate(self.NAMES)))
        whole = reader.snapshot()
        asked = [a_key(name) for name in ("contoso/b", "contoso/a", "contoso/none", "nobody/a")]
        found = reader.some(asked, ["adatum", "contoso", "fabrikam"])
        assert [str(key) for key in found.subscriptions] == ["contoso/a", "contoso/b"]
        assert replace(found, subscriptions=whole.subscriptions) == whole
        assert all(whole.subscriptions[key] == row for key, row in found.subscriptions.items())

    @pytest.mark.parametrize(
        ("asked", "settled", "ids", "found"),
        [
            pytest.param([], ["adatum", "contoso", "fabrikam"], [], [], id="none"),
            pytest.param([], [], [], [*NAMES], id="no account is settled"),
            pytest.param([], ["contoso"], [], ["adatum/z", "fabrikam/0"], id="of all other accounts"),
            pytest.param(["contoso/a"], ["contoso", "fabrikam"], [], ["adatum/z", "contoso/a"], id="keys beside them"),
            pytest.param(
                [], ["adatum", "contoso", "fabrikam"], ["id-6", "id-1", "x"], ["contoso/a", "fabrikam/0"], id="by id"
            ),
            pytest.param(["contoso/a"], ["adatum", "contoso", "fabrikam"], ["id-1"], ["contoso/a"], id="by both, once"),
        ],
    )
    def test_what_is_asked_for_is_read_in_the_order_of_the_keys(
        self, place: Place, asked: list[str], settled: list[str], ids: list[str], found: list[str]
    ) -> None:
        reader = holding(place, *(a_stored(name, id=f"id-{at}") for at, name in enumerate(self.NAMES)))
        there = reader.some([a_key(name) for name in asked], settled, ids).subscriptions
        assert [str(key) for key in there] == found

    def test_more_keys_are_asked_for_than_a_statement_takes_values(self, place: Place) -> None:
        reader = holding(place, a_stored("contoso/s-7"))
        asked = [SubscriptionKey("contoso", f"s-{number}") for number in range(70_000)]
        assert [str(key) for key in reader.some(asked, ["contoso"]).subscriptions] == ["contoso/s-7"]

    @pytest.mark.parametrize("name", ["it's", 'a"b', "%s", "[]", "ä"])
    def test_a_hostile_name_or_id_is_found(self, place: Place, name: str) -> None:
        row = replace(a_stored(id=name), key=SubscriptionKey("contoso", name))
        reader = holding(place, row)
        assert reader.some([row.key], ["contoso"]).subscriptions == {row.key: row}
        assert reader.some([], ["contoso"], [name]).subscriptions == {row.key: row}

    def test_open_intents_are_seen_whichever_records_are_asked_for(self, place: Place) -> None:
        store = recorded(place, registered("contoso/a"))
        store.intend("run-1", [an_entry(a_change(key="contoso/a"))], NOW)
        assert [*reading(place).some([], ["contoso"]).open_intents] == [a_key("contoso/a")]

    # When something moves, and whose ids are alike

    def test_the_next_end_after_each_instant_is_that_of_the_first_term_to_end(self, place: Place) -> None:
        ends = [NOW - SECOND, NOW, NOW + timedelta(days=3), HORIZON]
        reader = holding(place, *(ending(f"s{number}", end) for number, end in enumerate(ends)))
        assert reader.next_ends(NOW, NOW - timedelta(days=1), HORIZON, HORIZON - INSTANT) == (
            NOW + timedelta(days=3),
            NOW - SECOND,
            None,
            HORIZON,
        )

    @pytest.mark.parametrize("after", [NOW, NOW + INSTANT, NOW + timedelta(milliseconds=500)], ids=str)
    @pytest.mark.parametrize("later", [INSTANT, timedelta(milliseconds=300), SECOND - INSTANT, SECOND], ids=str)
    def test_no_end_that_is_still_to_come_is_passed_by(self, place: Place, after: datetime, later: timedelta) -> None:
        end = after + later
        reader = holding(place, ending("a", end), ending("b", end + timedelta(days=1)))
        assert reader.next_ends(after) == (end,)

    def test_without_records_nothing_ends_and_nothing_is_alike(self, place: Place) -> None:
        place.make()
        reader = reading(place)
        assert reader.next_ends(NOW, HORIZON) == (None, None)
        assert not reader.has_twins()
        assert [*reader.lines(["contoso"], NOW, HORIZON)] == []

    @pytest.mark.parametrize(
        ("ids", "alike"),
        [
            ((None, None), False),
            (("7f3a", "7f3b"), False),
            (("7f3a", "7F3A"), False),
            (("7f3a", None), False),
            (("7f3a", "7f3a"), True),
            (("", ""), True),
        ],
        ids=str,
    )
    def test_two_records_of_one_id_are_told(
        self, place: Place, ids: tuple[str | None, str | None], alike: bool
    ) -> None:
        reader = holding(place, a_stored("contoso/a", id=ids[0]), a_stored("fabrikam/a", id=ids[1]))
        assert reader.has_twins() is alike

    def test_what_another_process_wrote_meanwhile_is_seen(self, place: Place) -> None:
        store = recorded(place, registered("contoso/a"))
        with reading(place) as reader:
            assert reader.some([], []).serial == 1
            store.record("run-1", [registered("contoso/b")], NOW)
            found = reader.some([], [])
            assert (found.serial, len(found.subscriptions)) == (2, 2)
            assert found == seen(place)

    def test_which_run_began_last_is_told_whatever_is_asked_for(self, place: Place) -> None:
        store = place.make()
        assert store.some([], []).last_run == store.snapshot().last_run
        told = {store.snapshot().branch}
        for number in (1, 2):
            store.begin(a_run(f"run-{number}"))
            told |= {store.snapshot().branch, store.some([], ["contoso"]).branch}
            assert len(told) == number + 1
