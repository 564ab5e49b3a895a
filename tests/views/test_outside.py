"""What lies with others, in words: trouble first, ages as of the plan, and thousands of accounts in a few lines."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from reconciler.changes import Blocked, Drift, Kind, Sighting
from reconciler.views.outside import (
    MOST_NAMED,
    Crowd,
    Drifted,
    Seen,
    age_words,
    blocked_rows,
    drift_rows,
    first_named,
    fresh_words,
    observed_words,
    pending_about,
    pending_first,
    pending_phrases,
    rest_words,
    seen_rows,
)
from reconciler.views.words import VERBS, day
from tests.views.cases import NOW, key
from tests.views.outside_cases import DRIFT, SIGHTINGS, a_pending, overdue, seen, under_way, unread


def test_each_account_is_told_in_a_line_with_trouble_first() -> None:
    assert seen_rows(SIGHTINGS, NOW) == [
        Seen(
            "fabrikam",
            ("could not be read: sign-in-failed: the secret has expired", "last observed 2 d ago"),
            trouble=True,
        ),
        Seen(
            "stripe-us",
            ("12 subscriptions are declared by no file: reconcile import --account stripe-us --from-provider",),
        ),
        Seen("stripe-eu", ("observed 6 h ago",)),
        Seen("1 other account", ("observed just now",)),
    ]
    assert fresh_words(SIGHTINGS) == ""


@pytest.mark.parametrize(
    ("sightings", "words"),
    [
        pytest.param((), "", id="no account is outside"),
        pytest.param((seen("a"),), "Observed 1 account just now.", id="one"),
        pytest.param(tuple(seen(name) for name in "abc"), "Observed 3 accounts just now.", id="several"),
        pytest.param((seen("a"), seen("b", 6)), "", id="not all of them"),
    ],
)
def test_what_is_as_of_now_takes_one_short_line_at_most(sightings: tuple[Sighting, ...], words: str) -> None:
    assert fresh_words(sightings) == words
    if words:
        assert seen_rows(sightings, NOW) == []


@pytest.mark.parametrize(
    ("sighting", "phrases"),
    [
        pytest.param(seen("a", at=None, fresh=False), ("never observed",), id="never"),
        pytest.param(seen("a", trouble="x", at=None), ("could not be read: x",), id="trouble, and nothing known"),
        pytest.param(
            seen("a", 3, undeclared=1),
            (
                "observed 3 h ago",
                "1 subscription is declared by no file: reconcile import --account a --from-provider",
            ),
            id="kept from before, and undeclared",
        ),
    ],
)
def test_all_that_is_to_be_said_of_an_account_stands_in_its_line(sighting: Sighting, phrases: tuple[str, ...]) -> None:
    assert [row.phrases for row in seen_rows([sighting], NOW)] == [phrases]


def test_accounts_that_share_a_trouble_share_a_line() -> None:
    rows = seen_rows(
        [*(seen(f"c-{number}", trouble="expired") for number in range(8000)), seen("x", trouble="no")], NOW
    )
    assert rows == [
        Seen("8,000 accounts", ("could not be read: expired", "c-0, c-1, c-10 and 7,997 more"), trouble=True),
        Seen("x", ("could not be read: no",), trouble=True),
    ]


def test_of_many_troubles_the_first_are_named() -> None:
    rows = seen_rows([seen(f"c-{number:02}", trouble=f"trouble {number}") for number in range(30)], NOW)
    assert [row.who for row in rows[:10]] == [f"c-{number:02}" for number in range(10)]
    assert rows[10:] == [Seen("20 more accounts", ("could not be read",), trouble=True)]


def test_many_that_were_observed_before_are_counted_with_the_oldest_age() -> None:
    before = [seen(f"c-{hours}", hours) for hours in range(1, 8)]
    assert seen_rows(before, NOW) == [Seen("7 accounts", ("observed before", "the oldest 7 h ago (c-7)"))]
    never = [seen(f"n-{number}", at=None, fresh=False) for number in range(6)]
    assert seen_rows(never, NOW) == [Seen("6 accounts", ("never observed", "n-0, n-1, n-2 and 3 more"))]
    assert [row.who for row in seen_rows([*before, *never], NOW)] == ["6 accounts", "7 accounts"]


def test_of_many_with_undeclared_ones_those_with_the_most_are_named() -> None:
    rows = seen_rows([seen(f"c-{number:02}", undeclared=number) for number in range(1, 21)], NOW)
    assert [row.who for row in rows] == [*(f"c-{number:02}" for number in range(20, 10, -1)), "10 more accounts"]
    assert rows[-1].phrases == ("55 subscriptions are declared by no file",)
    stale = [seen(f"c-{number:02}", number, undeclared=30 - number) for number in range(1, 12)]
    assert seen_rows(stale, NOW)[-1].phrases == (
        "19 subscriptions are declared by no file",
        "the oldest 11 h ago (c-11)",
    )


@pytest.mark.parametrize(
    ("age", "words"),
    [
        pytest.param(timedelta(), "just now", id="now"),
        pytest.param(timedelta(seconds=59.9), "just now", id="less than a minute"),
        pytest.param(timedelta(seconds=-30), "just now", id="a clock that is a little behind"),
        pytest.param(timedelta(minutes=1), "1 min ago", id="a minute"),
        pytest.param(timedelta(minutes=59, seconds=59), "59 min ago", id="nearly an hour"),
        pytest.param(timedelta(hours=6, minutes=59), "6 h ago", id="hours"),
        pytest.param(timedelta(days=1), "1 d ago", id="a day"),
        pytest.param(timedelta(days=1200, hours=3), "1,200 d ago", id="years"),
    ],
)
def test_ages_are_whole_and_never_more_than_there_is(age: timedelta, words: str) -> None:
    assert age_words(age) == words


def test_what_was_observed_after_the_instant_of_a_plan_is_told_by_its_own() -> None:
    assert observed_words(NOW + timedelta(hours=1), NOW) == "observed 23 Nov 2026 01:00 UTC"
    assert observed_words(NOW + timedelta(seconds=30), NOW) == "observed just now"
    assert observed_words(None, NOW) == "never observed"


def test_drift_is_grouped_by_subscription() -> None:
    assert drift_rows(DRIFT) == [
        Drifted(key("contoso/teams"), ("recurring: stored on, live off", "seats: stored 25, live 30")),
        Drifted(key("contoso/word"), ("recurring: stored off, live on",)),
    ]
    assert drift_rows([Drift(key("a/b"), "term_end", None, "2027-01-01")])[0].phrases == (
        "term_end: stored none, live 2027-01-01",
    )


def test_what_is_overdue_comes_first_and_is_so_since_the_day_after_its_last() -> None:
    found = pending_first([a_pending(), under_way(), overdue()])
    assert [str(item.key) for item in found] == ["kiosk/project", "contoso/teams", "kiosk/visio"]
    assert pending_phrases(found[0]) == ["overdue since 21 Nov 2026", "begun 2 Nov 2026", "owner it@contoso.example"]
    assert pending_phrases(found[1]) == ["begun 2 Nov 2026"]
    assert pending_phrases(found[2])[0] == f"deadline {day(date(2026, 11, 29))}"
    assert pending_phrases(a_pending(withdrawn=True))[1] == "withdrawn"
    assert pending_phrases(overdue(deadline=None))[0] == "overdue"


def test_pending_is_never_called_done() -> None:
    assert pending_about([a_pending()]) == "begun and not done"
    assert pending_about([a_pending(), overdue()]) == "begun and not done; 1 overdue"


def test_of_very_many_the_rest_is_counted_by_account() -> None:
    keys = [key(f"{account}/{number}") for account in "abcdef" for number in range(10)]
    assert len(first_named(keys)) == MOST_NAMED
    assert rest_words(keys) == "… and 35 more: 10 in d, 10 in e, 10 in f and 5 in c; --format json has them all"
    scattered = [key(f"customer-{number}/teams") for number in range(60)]
    assert rest_words(scattered) == "… and 35 more: in 35 accounts; --format json has them all"
    assert (first_named(keys[:25]), rest_words(keys[:25])) == (keys[:25], "")


def told(*blocked: Blocked) -> list[str | tuple[str, str, str]]:
    """Each row: a key, or of many alike their verbs, where they are, and how many."""
    return [
        (row.verbs(VERBS), row.where, row.many) if isinstance(row, Crowd) else str(row.key)
        for row in blocked_rows(blocked)
    ]


def test_many_of_an_account_that_could_not_be_read_are_one_row() -> None:
    kinds = (Kind.UPDATE, Kind.ADOPT)
    many = [unread(f"fabrikam/s{number}", kind=kinds[number % 2]) for number in range(6)]
    other = unread("contoso/s1", code="not-found", kind=Kind.ADOPT)
    counted = ("adopt, update", "fabrikam", "6 subscriptions; --format json has them all")
    assert told(*reversed(many), unread("northwind/s1"), other) == ["contoso/s1", counted, "northwind/s1"]
    assert told(*many[:5]) == [f"fabrikam/s{number}" for number in range(5)], "few are named"


@pytest.mark.parametrize(
    "fields", [{"code": "unreachable"}, {"detail": "it is away"}, {"hint": "wait"}], ids=["code", "detail", "hint"]
)
def test_what_is_not_said_of_all_in_the_same_words_is_said_of_each(fields: dict[str, str]) -> None:
    alike = [unread(f"fabrikam/s{number}") for number in range(5)]
    assert told(*alike, unread("fabrikam/s5", **fields)) == [f"fabrikam/s{number}" for number in range(6)]


def test_what_is_wished_for_is_always_named() -> None:
    wishes = [unread(f"fabrikam/s{number}", kind=Kind.CANCEL_NOW) for number in range(9)]
    assert told(*wishes) == [f"fabrikam/s{number}" for number in range(9)]


def test_very_many_accounts_that_could_not_be_read_are_one_row() -> None:
    few = [unread(f"customer-{account}/s{number}") for account in range(5) for number in range(2)]
    assert len(told(*few)) == 10
    more = [unread(f"customer-{account}/s{number}") for account in range(1_200) for number in range(2)]
    counted = ("update", "1,200 accounts", "2,400 subscriptions; --format json has them all")
    assert told(*more) == [counted]
    (row,) = blocked_rows(more)
    assert isinstance(row, Crowd)
    assert row.place == more[0].place
