"""Schedules and decisions: by day, each day once, each with the place that plans cite, and nothing else."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model import Cancel, Decision, DesiredSubscription, Intent, Recurring
from reconciler.spec.models import ENTRIES_AT_MOST
from tests.spec.reading import FACTS, brief, codes, load, only, word_at

ON, OFF = Recurring.ON, Recurring.OFF


def spec(own: str) -> str:
    """A file with one subscription of these own keys."""
    return f"version: 1\naccount: contoso\nsubscriptions:\n  a:\n    {FACTS}\n    {own}\n"


def scheduled(*entries: str) -> str:
    """A subscription with these entries, each on a line of its own from the seventh on."""
    return spec("schedule:" + "".join(f"\n    - {{{entry}}}" for entry in entries))


def pairs(wanted: DesiredSubscription) -> list[tuple[str, Recurring | None, Cancel | None, str | None]]:
    """Day, pair and reason of each entry."""
    return [
        (str(entry.day), entry.intent.recurring, entry.intent.cancel, entry.intent.reason) for entry in wanted.schedule
    ]


@pytest.mark.parametrize(
    ("entry", "recurring", "cancel"),
    [
        pytest.param("recurring: on", ON, None, id="on"),
        pytest.param("recurring: true", ON, None, id="true is on"),
        pytest.param("recurring: 'off'", OFF, None, id="off in quotes"),
        pytest.param("recurring: false", OFF, None, id="false is off"),
        pytest.param("cancel: none", None, Cancel.NONE, id="no cancellation"),
        pytest.param("cancel: at-renewal", None, Cancel.AT_RENEWAL, id="a cancellation"),
        pytest.param("recurring: on, cancel: none", ON, Cancel.NONE, id="on, and none is undone"),
        pytest.param("recurring: off, cancel: none", OFF, Cancel.NONE, id="off without a cancellation"),
        pytest.param("recurring: off, cancel: at-renewal", OFF, Cancel.AT_RENEWAL, id="off and cancelled"),
    ],
)
def test_an_entry_sets_the_pair_as_own_keys_would(entry: str, recurring: Recurring, cancel: Cancel) -> None:
    wanted = only(scheduled(f"from: 2027-03-01, {entry}"))
    assert pairs(wanted) == [("2027-03-01", recurring, cancel, None)]
    assert wanted.schedule[0].intent.own
    assert wanted.intent is None


def test_entries_are_ordered_by_day_whatever_order_they_are_written_in() -> None:
    wanted = only(
        scheduled(
            "from: 2028-01-01, recurring: on",
            "from: 2020-02-29, recurring: off, reason: 'long\n\n      over'",
            "from: 2027-03-01, cancel: at-renewal",
        )
    )
    assert pairs(wanted) == [
        ("2020-02-29", OFF, None, "long over"),
        ("2027-03-01", None, Cancel.AT_RENEWAL, None),
        ("2028-01-01", ON, None, None),
    ]


def test_what_nobody_schedules_or_decides_is_nothing() -> None:
    wanted = only(spec("owner: me"))
    assert (wanted.schedule, wanted.decided) == ((), None)
    assert "schedule" not in wanted.fields
    assert "decided" not in wanted.fields


def test_an_entry_stands_where_its_deciding_value_stands() -> None:
    text = scheduled(
        "from: 2027-01-01, recurring: off",
        "from: 2027-02-01, cancel: at-renewal",
        "from: 2027-03-01, recurring: off, cancel: none",
        "from: 2027-04-01, recurring: off, cancel: at-renewal",
    )
    places = [entry.intent.place.location for entry in only(text).schedule]
    assert [(place.line, word_at(text, place)) for place in places] == [
        (7, "off"),
        (8, "at-renewal"),
        (9, "off"),
        (10, "at-renewal"),
    ]


def test_a_schedule_stands_beside_own_keys_and_takes_nothing_from_them() -> None:
    own = "recurring: on\n    reason: stays\n    schedule: [{from: 2027-03-01, recurring: off}]"
    wanted = only(spec(own))
    assert wanted.intent is not None
    assert (wanted.intent.recurring, wanted.intent.reason) == (ON, "stays")
    assert pairs(wanted) == [("2027-03-01", OFF, None, None)]


def test_fields_know_where_schedule_and_decision_stand() -> None:
    text = spec("schedule: [{from: 2027-03-01, recurring: off}]\n    decided: {for: 2027-02-14, by: me}")
    fields = only(text).fields
    assert {name: (place.location.line, place.location.column) for name, place in fields.items()} == {
        "product": (5, 22),
        "term": (5, 33),
        "start": (5, 48),
        "schedule": (6, 15),
        "decided": (7, 14),
    }


def test_two_entries_for_one_day_are_told_with_both_places() -> None:
    found = load(
        scheduled(
            "from: 2027-03-01, recurring: off", "from: 2027-04-01, recurring: on", "from: 2027-03-01, recurring: off"
        )
    )
    (finding,) = found.diagnostics
    assert brief([finding]) == ["9:14 schedule-clash"]
    assert finding.detail == "'2027-03-01', first at specs/contoso/a.yaml:7:14"
    assert "keep one of them" in finding.hint


def test_every_mistake_of_a_schedule_is_told_in_one_pass() -> None:
    found = load(
        scheduled(
            "from: 2027-03-01, recurring: on, cancel: at-renewal",
            "from: 2027-02-30, recurring: on, cancel: at-renewal",
            "from: 2027-03-01, recurring: on, cancel: at-renewal",
            "from: 2027-05-32, cancel: immediately",
            "from: 2027-06-01, recuring: off",
            "from: 2027-07-01, reason: for nothing",
            "recurring: off",
            "from: 2027-03-01",
        )
    )
    assert brief(found.diagnostics) == [
        "7:49 contradiction",
        "8:14 bad-date",
        "8:49 contradiction",
        "9:14 schedule-clash",
        "9:49 contradiction",
        "10:14 bad-date",
        "10:34 not-schedulable",
        "11:26 unknown-key",
        "12:7 schedule-sets-nothing",
        "13:7 missing-key",
        "14:7 schedule-sets-nothing",
        "14:14 schedule-clash",
    ]


def test_a_broken_entry_is_left_out_and_the_others_stay() -> None:
    text = scheduled(
        "from: 2027-03-01, recurring: maybe", "from: 2027-04-01, recurring: off", "from: 2027-05-01, cancel: [none]"
    )
    found = load(text)
    assert brief(found.diagnostics) == ["7:37 unknown-value", "9:34 unknown-value"]
    (wanted,) = found.subscriptions.values()
    assert pairs(wanted) == [("2027-04-01", OFF, None, None)]


def test_a_subscription_called_like_a_key_of_ours_has_its_schedule_too() -> None:
    text = scheduled("from: 2027-03-01, recurring: maybe", "from: 2027-04-01, recurring: off")
    for name in ("schedule", "rules", "overrides"):
        found = load(text.replace("  a:\n", f"  {name}:\n"))
        assert brief(found.diagnostics) == ["7:37 unknown-value"]


def test_entries_that_are_over_are_no_errors() -> None:
    assert len(only(scheduled("from: 1970-01-01, recurring: off", "from: 1999-12-31, recurring: on")).schedule) == 2


@pytest.mark.parametrize(
    ("count", "expected"),
    [(ENTRIES_AT_MOST, []), (ENTRIES_AT_MOST + 1, ["6:15 schedule-too-long"])],
    ids=["all that there may be", "one more"],
)
def test_a_schedule_has_room_for_a_long_history_and_no_more(count: int, expected: list[str]) -> None:
    days = (date(2020, 1, 1).toordinal() + number for number in range(count))
    entries = ", ".join(f"{{from: {date.fromordinal(day)}, recurring: off}}" for day in days)
    assert brief(load(spec(f"schedule: [{entries}]")).diagnostics) == expected


@pytest.mark.parametrize(
    "block", ["schedule: [{from: 2027-01-01, recurring: off}]", "decided: {for: 2027-01-01, by: x}"]
)
@pytest.mark.parametrize("where", ["defaults: {BLOCK}", "rules: [{match: {key: '*'}, set: {BLOCK}}]"])
@pytest.mark.parametrize("file", ["specs/contoso/a.yaml", "specs/_defaults.yaml"])
def test_neither_can_be_inherited(block: str, where: str, file: str) -> None:
    files = {"specs/contoso/a.yaml": spec("owner: me")}
    files[file] = files.get(file, "version: 1\n") + where.replace("BLOCK", block) + "\n"
    (finding,) = load(files).diagnostics
    key = block.partition(":")[0]
    assert (finding.code, finding.detail) == (
        "not-inheritable",
        f"'{key}' in {'a rule' if 'rules' in where else 'defaults'}",
    )
    assert finding.hint == "write it under the subscription itself"
    assert word_at(files[file], finding.location) == f"{key}:"


def test_a_decision_says_for_when_and_by_whom() -> None:
    text = spec("decided: {for: 2027-02-14, by: finance@contoso.example, note: 'two\n\n      lines'}")
    decided = only(text).decided
    assert decided is not None
    assert decided == Decision(date(2027, 2, 14), "finance@contoso.example", "two lines", decided.place)
    assert word_at(text, decided.place.location) == "2027-02-14"
    short = only(spec("decided: {for: 2027-02-14, by: 0123}")).decided
    assert short is not None
    assert (short.by, short.note) == ("0123", None)


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        pytest.param("{for: 2027-02-29, by: x}", ["6:20 bad-date"], id="a day that there is not"),
        pytest.param("{for: 2027-02-14 00:00, by: x}", ["6:20 bad-date"], id="a day with a time"),
        pytest.param("{for: ~, by: x}", ["6:20 null-value"], id="no day at all"),
        pytest.param("{for: 2027-02-14, by: ''}", ["6:36 empty-text"], id="by nobody"),
        pytest.param("{for: 2027-02-14, by: [x]}", ["6:36 wrong-type"], id="by a list"),
        pytest.param("{for: 2027-02-14}", ["6:14 missing-key"], id="nobody named"),
        pytest.param("{by: x}", ["6:14 missing-key"], id="no renewal named"),
        pytest.param("{}", ["6:14 missing-key", "6:14 missing-key"], id="nothing said"),
        pytest.param("yes", ["6:14 wrong-type"], id="a word"),
        pytest.param("{for: 2027-02-14, by: x, until: y}", ["6:39 unknown-key"], id="a key that there is not"),
    ],
)
def test_a_decision_that_is_none_is_told_of(block: str, expected: list[str]) -> None:
    found = load(spec(f"decided: {block}"))
    assert brief(found.diagnostics) == expected
    (wanted,) = found.subscriptions.values()
    assert (wanted.decided is None) == (expected[0] != "6:39 unknown-key")


def test_a_reason_for_a_schedule_alone_is_told_where_to_stand() -> None:
    found = load(spec("reason: x\n    schedule: [{from: 2027-03-01, recurring: off}]"))
    (finding,) = found.diagnostics
    assert finding.code == "unused-reason"
    assert "an entry of the schedule has a 'reason' of its own" in finding.hint


ENTRIES = st.lists(
    st.tuples(st.dates(date(2026, 1, 1), date(2026, 1, 12)), st.sampled_from(["recurring: on", "cancel: at-renewal"])),
    min_size=1,
    max_size=12,
)


@given(ENTRIES)
def test_a_schedule_is_sorted_and_every_second_entry_for_a_day_is_a_clash(entries: list[tuple[date, str]]) -> None:
    found = load(scheduled(*(f"from: {day}, {pair}" for day, pair in entries)))
    first: dict[date, str] = {}
    clashing = []
    for line, (day, _) in enumerate(entries, 7):
        if first.setdefault(day, f"specs/contoso/a.yaml:{line}:14") != f"specs/contoso/a.yaml:{line}:14":
            clashing.append((f"{line}:14 schedule-clash", f"'{day}', first at {first[day]}"))
    assert [(brief([item])[0], item.detail) for item in found.diagnostics] == clashing
    (wanted,) = found.subscriptions.values()
    assert [entry.day for entry in wanted.schedule] == sorted(first)
    by_day = dict(reversed(entries))
    for entry in wanted.schedule:
        assert (entry.intent.recurring is ON) == (by_day[entry.day] == "recurring: on")


@given(st.permutations(range(6)))
def test_the_order_of_entries_means_nothing(order: list[int]) -> None:
    entries = [f"from: 2027-0{number + 1}-15, recurring: {'on' if number % 2 else 'off'}" for number in range(6)]
    assert pairs(only(scheduled(*(entries[number] for number in order)))) == pairs(only(scheduled(*entries)))


# What is done where an end at once is barred


def fallback(cancel: str) -> Intent:
    """The pair of a cancellation."""
    intent = only(spec(f"cancel: {{when: immediately, reason: x{cancel}}}")).intent
    assert intent is not None
    return intent


def test_the_way_out_of_a_barred_end_is_chosen_in_writing() -> None:
    assert fallback(", on_blocked: at-renewal").on_blocked is Cancel.AT_RENEWAL
    assert fallback("").on_blocked is None


@pytest.mark.parametrize("when", ["none", "at-renewal", "unmanaged"])
def test_what_cannot_be_barred_has_no_way_out(when: str) -> None:
    text = spec(f"cancel: {{when: {when}, on_blocked: at-renewal}}")
    (finding,) = load(text).diagnostics
    assert (finding.code, finding.detail) == ("needless-on-blocked", f"beside 'when: {when}'")
    assert brief([finding]) == [f"6:{34 + len(when)} needless-on-blocked"]


@pytest.mark.parametrize("where", ["defaults: {BLOCK}", "rules: [{match: {key: '*'}, set: {BLOCK}}]"])
def test_a_way_out_cannot_be_inherited(where: str) -> None:
    block = "cancel: {when: at-renewal, on_blocked: at-renewal}"
    found = load(spec("owner: me") + where.replace("BLOCK", block) + "\n").diagnostics
    assert codes(found) == ["not-inheritable"]
    assert found[0].detail.startswith("'on_blocked' in ")
