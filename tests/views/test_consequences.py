"""What follows from a change, in words: the worst first, nothing guessed, nothing said twice."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from reconciler.changes import Kind, Risk, Scheduled
from reconciler.consequences import Amount, Basis, Charge, Impact, Refund, Totals
from reconciler.model import TermLength
from reconciler.views.consequences import (
    consequences,
    deletion_cell,
    first_irreversible_words,
    follows,
    money_words,
    note_words,
    notes_of,
    notes_of_change,
    refund_words,
    scheduled_consequences,
    sum_words,
    totals_words,
    undo_cell,
)
from tests.builders import a_change
from tests.views.cases import (
    CANCELLED,
    NO_PRICE,
    NOW,
    TURNED_OFF,
    at,
    cancel_now,
    declared,
    goes_on,
    key,
    money,
    one_of_each,
    turn_off,
)

MIDNIGHT = datetime(2026, 11, 30, tzinfo=UTC)
LISTED = Amount(money("13.10 EUR"), Basis.PRICE_LIST, "1 x 13.10 EUR")
LAST = Amount(money("13.10 EUR"), Basis.LAST_CHARGE)


def of(kind: Kind, impact: Impact | None, risk: Risk = Risk.REVERSIBLE_UNTIL, **fields: Any) -> str:
    """What follows from a change of that kind."""
    return follows(a_change(kind, impact=impact, risk=risk, **fields), NOW)


def test_turning_off_is_told_as_the_contract_does() -> None:
    found = consequences(turn_off(), NOW)
    assert "; ".join(found.main) == (
        "last day 29 Nov 2026, then 30 days expired; saves 13.10 EUR a month; can be undone until then"
    )
    assert "; ".join(found.more) == "access ends 30 Dec 2026 00:00 UTC; data deleted 30 Mar 2027"


def test_cancelling_now_is_told_as_the_contract_does() -> None:
    found = consequences(cancel_now(), NOW)
    assert "; ".join(found.main) == (
        "users lose access at once; data deleted 21 Feb 2027; cannot be undone; window closes in 4 d"
    )
    assert "; ".join(found.more) == (
        "saves 1692.00 EUR a year from 20 Nov 2027; refund 1673.45 EUR, prorated: 361 of 365 days left, rounded down; "
        "window closes 27 Nov 2026 00:00 UTC"
    )


@pytest.mark.parametrize(
    ("kind", "impact", "words"),
    [
        pytest.param(Kind.RENAME, None, "name visio -> visio-plan-2", id="nothing follows but what moves"),
        pytest.param(Kind.TURN_ON, None, "", id="nothing is known"),
        pytest.param(Kind.CANCEL_NOW, None, "users lose access at once", id="what the verb itself says"),
        pytest.param(
            Kind.TURN_OFF,
            Impact(last_day=date(2026, 11, 29), expired_days=1),
            "last day 29 Nov 2026, then 1 day expired",
            id="a single day of access left",
        ),
        pytest.param(
            Kind.CANCEL_AT_RENEWAL,
            Impact(last_day=date(2026, 11, 29), expired_days=0, access_ends=MIDNIGHT),
            "last day 29 Nov 2026, then users lose access",
            id="no expired stage: the instant is said already",
        ),
        pytest.param(
            Kind.TURN_OFF,
            Impact(last_day=date(2026, 11, 29), extension=declared("13.49 EUR")),
            "last day 29 Nov 2026, then a paid extension at 13.49 EUR a month",
            id="a paid extension",
        ),
        pytest.param(
            Kind.TURN_OFF,
            Impact(last_day=date(2026, 11, 29), extension=NO_PRICE),
            "last day 29 Nov 2026, then a paid extension at a price that is not known",
            id="a paid extension at an unknown price",
        ),
        pytest.param(
            Kind.TURN_ON,
            goes_on(declared("120.00 USD")),
            "renews 1 Mar 2027; costs 120.00 USD a year; can be undone until then",
            id="the day of the renewal is said once",
        ),
        pytest.param(
            Kind.UNDO_CANCEL,
            goes_on(declared("20.60 EUR"), declared("741.60 EUR"), per=TermLength.MONTHLY),
            "recurring goes on again; renews 1 Mar 2027; costs 20.60 EUR a month, 741.60 EUR a term; "
            "can be undone until then",
            id="a term of several charges",
        ),
        pytest.param(
            Kind.REACTIVATE,
            Impact(term_start=date(2026, 11, 23), term_end=date(2027, 11, 23), renews=date(2027, 11, 23)),
            "a new term starts: 23 Nov 2026 to 22 Nov 2027, then it renews",
            id="a new term that renews",
        ),
        pytest.param(Kind.REACTIVATE, None, "a new term starts", id="a new term of which nothing is known"),
        pytest.param(
            Kind.CORRECT,
            Impact(
                term_start=date(2026, 4, 1),
                term_end=date(2027, 4, 1),
                last_day=date(2027, 3, 31),
                value=declared("96.00 EUR"),
            ),
            "start 2026-03-01 -> 2026-04-01; last day 31 Mar 2027; term 1 Apr 2026 to 31 Mar 2027; "
            "a term costs 96.00 EUR",
            id="a corrected term that will be the last",
        ),
        pytest.param(
            Kind.CORRECT,
            Impact(value=NO_PRICE),
            "start 2026-03-01 -> 2026-04-01",
            id="no price is no news where no money moves",
        ),
        pytest.param(
            Kind.TURN_OFF,
            Impact(window_closes=NOW + timedelta(hours=3)),
            "can be cancelled at once until 23 Nov 2026 03:00 UTC",
            id="a window that is open beside",
        ),
        pytest.param(
            Kind.TURN_OFF,
            Impact(data_gone_by=date(2027, 5, 22)),
            "all data gone by 22 May 2027",
            id="only the last day of the data is known",
        ),
        pytest.param(
            Kind.CANCEL_AT_RENEWAL,
            Impact(data_deleted=date(2027, 2, 21), data_gone_by=date(2027, 5, 22)),
            "data deleted 21 Feb 2027; all data gone by 22 May 2027",
            id="data that lingers",
        ),
    ],
)
def test_consequences_are_told_as_far_as_they_are_known(kind: Kind, impact: Impact | None, words: str) -> None:
    assert of(kind, impact) == words


def test_recurring_that_stays_off_is_told() -> None:
    after = {"recurring": "off", "cancellation": "none"}
    assert of(Kind.UNDO_CANCEL, None, after=after) == "recurring stays off"


@pytest.mark.parametrize(
    ("risk", "until", "words", "cell"),
    [
        pytest.param(Risk.REVERSIBLE, MIDNIGHT, "", "at any time", id="at any time"),
        pytest.param(Risk.REVERSIBLE_UNTIL, None, "", "not known", id="the limit is not known"),
        pytest.param(
            Risk.REVERSIBLE_UNTIL,
            MIDNIGHT,
            "can be undone until 30 Nov 2026 00:00 UTC",
            "30 Nov 2026 00:00 UTC",
            id="until an instant",
        ),
        pytest.param(Risk.IRREVERSIBLE, None, "cannot be undone", "never", id="never"),
    ],
)
def test_whether_it_can_be_undone_is_told(risk: Risk, until: datetime | None, words: str, cell: str) -> None:
    impact = Impact(reversible_until=until)
    assert of(Kind.TURN_ON, impact, risk) == words
    assert undo_cell(risk, impact) == cell


def test_without_an_impact_a_limit_is_not_known() -> None:
    assert undo_cell(Risk.REVERSIBLE_UNTIL, None) == "not known"


def test_another_instant_than_the_one_just_named_is_told_in_full() -> None:
    impact = replace(TURNED_OFF, reversible_until=MIDNIGHT + timedelta(hours=1))
    assert "can be undone until 30 Nov 2026 01:00 UTC" in of(Kind.TURN_OFF, impact)


@pytest.mark.parametrize(
    ("offset", "name", "words"),
    [
        pytest.param(2, "EET", "access ends 30 Dec 2026 00:00 UTC (02:00 EET)", id="on the same day"),
        pytest.param(-5, "EST", "access ends 30 Dec 2026 00:00 UTC (29 Dec 2026 19:00 EST)", id="on another day"),
        pytest.param(0, "GMT", "access ends 30 Dec 2026 00:00 UTC", id="at the same hour"),
    ],
)
def test_the_end_of_access_is_told_in_the_zone_of_the_admin(offset: int, name: str, words: str) -> None:
    ends = datetime(2026, 12, 30, tzinfo=UTC)
    impact = replace(TURNED_OFF, access_ends_local=ends.astimezone(timezone(timedelta(hours=offset), name)))
    assert words in of(Kind.TURN_OFF, impact).split("; ")


def test_the_end_of_access_is_told_also_where_nothing_lies_between() -> None:
    local = MIDNIGHT.astimezone(timezone(timedelta(hours=2), "EET"))
    impact = Impact(last_day=date(2026, 11, 29), expired_days=0, access_ends=MIDNIGHT, access_ends_local=local)
    assert of(Kind.CANCEL_AT_RENEWAL, impact).endswith("; access ends 30 Nov 2026 00:00 UTC (02:00 EET)")


@pytest.mark.parametrize(
    ("left", "words"),
    [
        pytest.param(timedelta(days=4, hours=23), "window closes in 4 d", id="days"),
        pytest.param(timedelta(hours=23, minutes=59), "window closes in 23 h", id="hours"),
        pytest.param(timedelta(minutes=59, seconds=59), "window closes in 59 min", id="minutes"),
        pytest.param(timedelta(), "window closed", id="nothing"),
    ],
)
def test_no_more_time_is_promised_than_there_is(left: timedelta, words: str) -> None:
    change = cancel_now(impact=Impact(window_closes=NOW + left))
    assert consequences(change, NOW).main[-1] == words


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        pytest.param(declared("13.10 EUR", "1 x 13.10 EUR"), "13.10 EUR", id="a declared price needs no word"),
        pytest.param(LISTED, "13.10 EUR (price list)", id="by the price list"),
        pytest.param(LAST, "13.10 EUR (last charge)", id="by the last charge"),
        pytest.param(NO_PRICE, "not known", id="not known"),
        pytest.param(declared("1200 JPY"), "1200 JPY", id="a currency without decimals"),
    ],
)
def test_a_sum_says_where_it_comes_from(amount: Amount, words: str) -> None:
    assert sum_words(amount) == words


@pytest.mark.parametrize(
    ("kind", "impact", "words"),
    [
        pytest.param(
            Kind.TURN_OFF,
            Impact(charge=Charge(NO_PRICE, date(2027, 3, 1), TermLength.ANNUAL, incurred=False), value=NO_PRICE),
            ["savings not known"],
            id="savings",
        ),
        pytest.param(Kind.TURN_ON, goes_on(NO_PRICE), ["cost not known"], id="cost"),
        pytest.param(Kind.TURN_OFF, Impact(value=LISTED), ["saves 13.10 EUR (price list) a term"], id="no charge"),
        pytest.param(Kind.TURN_ON, Impact(value=NO_PRICE), ["cost not known"], id="no charge and no sum"),
        pytest.param(
            Kind.TURN_OFF,
            Impact(value=LISTED, extension=LISTED),
            ["avoids the renewal at 13.10 EUR (price list) a term"],
            id="a paid extension follows: that is no saving",
        ),
        pytest.param(
            Kind.TURN_OFF,
            Impact(
                charge=Charge(LISTED, date(2027, 3, 1), TermLength.ANNUAL, incurred=False),
                value=LISTED,
                unknown=("extension",),
            ),
            ["avoids the renewal at 13.10 EUR a year from 1 Mar 2027 (price list)"],
            id="whether a paid extension follows is not known: nothing is called a saving",
        ),
        pytest.param(
            Kind.TURN_OFF,
            Impact(value=NO_PRICE, extension=NO_PRICE),
            ["what the renewal costs is not known"],
            id="neither the renewal's price nor the extension's is known",
        ),
        pytest.param(
            Kind.UNDO_CANCEL,
            Impact(
                charge=Charge(LISTED, date(2027, 3, 1), TermLength.MONTHLY, incurred=True),
                value=LISTED,
                extension=LISTED,
            ),
            ["costs 13.10 EUR a month from 1 Mar 2027 (price list)"],
            id="going on into a paid extension costs",
        ),
        pytest.param(
            Kind.TURN_ON,
            Impact(charge=Charge(LAST, date(2027, 3, 1), TermLength.TRIENNIAL, incurred=True)),
            ["costs 13.10 EUR every 3 years from 1 Mar 2027 (last charge)"],
            id="a charge on a day that was not named",
        ),
        pytest.param(
            Kind.TURN_ON,
            goes_on(LISTED, NO_PRICE),
            ["costs 13.10 EUR a year (price list)"],
            id="a charge whose term is not known",
        ),
    ],
)
def test_what_it_saves_or_costs_is_told(kind: Kind, impact: Impact, words: list[str]) -> None:
    assert money_words(kind, impact) == words


@pytest.mark.parametrize(
    ("refund", "words"),
    [
        pytest.param(
            Refund(declared("4.50 EUR"), "prorated", "9 of 30 days left, rounded down"),
            "refund 4.50 EUR, prorated: 9 of 30 days left, rounded down",
            id="prorated",
        ),
        pytest.param(
            Refund(NO_PRICE, "prorated", "9 of 30 days left, rounded down"),
            "refund prorated, its sum not known: 9 of 30 days left, rounded down",
            id="prorated, of a sum that is not known",
        ),
        pytest.param(
            Refund(LISTED, "full", "the whole charge"), "refund 13.10 EUR (price list): the whole charge", id="in full"
        ),
        pytest.param(Refund(declared("0.00 EUR"), "none", "nothing is paid back"), "no refund", id="none"),
        pytest.param(Refund(NO_PRICE, "not-known"), "refund not known", id="a rule that is not known"),
    ],
)
def test_a_refund_says_by_which_rule_and_how_it_is_rounded(refund: Refund, words: str) -> None:
    assert refund_words(refund) == words


def test_what_is_not_known_is_named_once() -> None:
    impact = Impact(
        charge=Charge(NO_PRICE, MIDNIGHT.date(), TermLength.ANNUAL, incurred=False),
        unknown=("charge", "access_ends", "access_ends_local", "data_deleted", "weather_then"),
    )
    assert notes_of(impact) == [("not known", ("when users lose access", "when data is deleted", "weather then"))]


def test_every_field_that_may_not_be_known_has_words() -> None:
    told = {"term_start", "term_end", "renews", "instead_of", "unknown", "weighed"}
    for name in {item.name for item in fields(Impact)} - told:
        ((title, (words,)),) = notes_of(Impact(unknown=(name,)))
        assert (title, "_" in words) == ("not known", False)
        assert words != name.replace("_", " ")


def test_side_effects_and_what_it_stands_for_are_notes() -> None:
    impact = Impact(side_effects=("a", "b"), instead_of="an immediate cancellation", unknown=("refund",))
    assert notes_of(impact) == [
        ("also", ("a", "b")),
        ("not known", ("the refund",)),
        ("instead of", ("an immediate cancellation",)),
    ]


def test_side_effects_are_sentences_however_they_were_written() -> None:
    ((title, texts),) = notes_of(Impact(side_effects=("It ends.", "It stays")))
    assert note_words(title, texts) == "also: It ends. It stays."
    assert note_words("not known", ("a", "b")) == "not known: a; b"


def test_data_have_a_cell_of_their_own() -> None:
    assert deletion_cell(CANCELLED) == "21 Feb 2027"
    lingering = Impact(data_gone_by=date(2027, 5, 22))
    assert deletion_cell(replace(lingering, data_deleted=date(2027, 2, 21))) == "21 Feb 2027, all gone by 22 May 2027"
    assert deletion_cell(replace(lingering, unknown=("data_deleted",))) == "not known, all gone by 22 May 2027"
    assert deletion_cell(Impact(unknown=("data_deleted",))) == "not known"
    assert deletion_cell(Impact()) == deletion_cell(None) == ""


def test_of_what_was_made_the_window_and_undoing_are_left_out() -> None:
    made = consequences(cancel_now(), NOW).made
    assert made.main == ["users lose access at once", "data deleted 21 Feb 2027"]
    assert not any("window" in phrase for phrase in made.more)


def test_a_dated_intent_tells_what_will_follow() -> None:
    item = Scheduled(key("contoso/a"), date(2026, 11, 25), Kind.TURN_OFF, "`recurring: off`", at(3), impact=TURNED_OFF)
    assert scheduled_consequences(item, NOW) == consequences(turn_off(), NOW)
    assert scheduled_consequences(replace(item, kind=None), NOW).main == []
    assert scheduled_consequences(replace(item, impact=None), NOW).main == []


@pytest.mark.parametrize(
    ("totals", "words"),
    [
        pytest.param(Totals(), "", id="no money moves"),
        pytest.param(
            Totals({"USD": 12000, "EUR": 618000}, {"JPY": 1200}, {"EUR": 5}, 2),
            "Avoided: 6180.00 EUR and 120.00 USD for one term of each; incurred: 1200 JPY for one term of each; "
            "refunded: 0.05 EUR; 2 sums not known.",
            id="everything",
        ),
        pytest.param(Totals(unknown=1), "1 sum not known.", id="only what is not known"),
        pytest.param(Totals(refunded={"EUR": 5}), "Refunded: 0.05 EUR.", id="only a refund"),
    ],
)
def test_sums_are_told_in_one_sentence(totals: Totals, words: str) -> None:
    assert totals_words(totals) == words


def test_why_sums_are_not_known_is_told_once() -> None:
    refund = Refund(replace(NO_PRICE, detail="the refund rule is not known"), "not-known")
    changes = [
        turn_off(impact=Impact(value=NO_PRICE)),
        turn_off(impact=Impact(value=NO_PRICE)),
        cancel_now(impact=Impact(value=declared("1.00 EUR"), refund=refund)),
        a_change(Kind.CORRECT, impact=Impact(value=replace(NO_PRICE, detail="elsewhere"))),
        turn_off(impact=None),
    ]
    assert totals_words(Totals(unknown=3), changes) == (
        "3 sums not known: no price is declared, and there is no price list and the refund rule is not known."
    )


def test_the_point_of_no_return_is_told() -> None:
    assert first_irreversible_words(None, NOW) == ""
    assert first_irreversible_words(NOW, NOW) == (
        "The first of these can no longer be undone as soon as it is applied."
    )
    assert first_irreversible_words(MIDNIGHT, NOW) == (
        "The first of these can no longer be undone from 30 Nov 2026 00:00 UTC on."
    )


def test_no_phrase_of_any_verb_is_empty() -> None:
    for change in one_of_each():
        found = consequences(change, NOW)
        assert all([*found.main, *found.more, *(text for _, texts in found.notes for text in texts)])


def test_what_a_provider_cannot_tell_apart_is_a_note_behind_the_others() -> None:
    change = turn_off(instead_of="stripe cannot tell", impact=Impact(side_effects=("it is.",)))
    assert consequences(change, NOW).notes == (("also", ("it is",)), ("note", ("stripe cannot tell",)))
    assert notes_of_change(turn_off(instead_of="x", impact=None)) == [("note", ("x",))]
    assert notes_of_change(turn_off(impact=None)) == []
    found = consequences(turn_off(), NOW)
    assert found.noting(None) is found
    assert found.noting("settled by reading").notes == (("note", ("settled by reading",)),)


def test_why_a_sum_is_not_known_names_the_paid_extension() -> None:
    perhaps = turn_off(impact=Impact(value=LISTED, unknown=("extension",)))
    unpriced = turn_off(
        impact=Impact(value=LISTED, extension=Amount(None, Basis.UNKNOWN, "no price of a monthly plan"))
    )
    assert totals_words(Totals(unknown=2), [perhaps, unpriced]) == (
        "2 sums not known: whether a paid extension follows is not known and no price of a monthly plan."
    )
