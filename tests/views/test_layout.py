"""The lines of items: common columns, and phrases that go on in a further line rather than past the edge."""

from __future__ import annotations

from datetime import date

import pytest

from reconciler.changes import Drift, Kind, Scheduled
from reconciler.events import EventKind
from reconciler.undoing import Undo
from reconciler.views.abridged import parted
from reconciler.views.layout import Layout, undo_lines, wrapped
from reconciler.views.paint import Line, paint, width
from reconciler.views.timeline import elapsed_rows
from reconciler.views.words import DONE, VERBS
from tests.builders import a_change
from tests.views.cases import NOW, TURNED_OFF, at, cancel_now, event, key, real_names, turn_off
from tests.views.outside_cases import DRIFT, FOLDED, a_pending, held, overdue, under_way

EDGE = 120


def shown(lines: list[Line]) -> list[str]:
    """The lines as they are printed."""
    return paint(lines, colour=False).splitlines()


@pytest.mark.parametrize(
    ("phrases", "mark", "lines"),
    [
        pytest.param([], "", [], id="nothing to say"),
        pytest.param([], "refused", ["      refused"], id="only a mark"),
        pytest.param(["a", "b"], "", ["      a; b"], id="in one line"),
        pytest.param(["a", "b"], "refused", ["      refused; a; b"], id="behind a mark"),
        pytest.param(
            ["x" * 60, "y" * 60, "z"], "", [f"      {'x' * 60};", f"        {'y' * 60}; z"], id="in two lines"
        ),
        pytest.param(["x" * 200, "y"], "", [f"      {'x' * 200};", "        y"], id="one that is too long sticks out"),
        pytest.param(
            ["x" * 95, "y"], "would be refused", [f"      would be refused; {'x' * 95};", "        y"], id="a mark"
        ),
    ],
)
def test_phrases_go_on_in_a_further_line(phrases: list[str], mark: str, lines: list[str]) -> None:
    assert shown(wrapped(phrases, mark=mark)) == lines


def test_no_line_of_several_phrases_goes_past_the_edge() -> None:
    for size in range(1, 60):
        lines = shown(wrapped(["x" * size] * 9))
        assert all(len(line) <= EDGE for line in lines)
        assert " ".join(line.strip() for line in lines) == "; ".join(["x" * size] * 9)


def test_a_wide_character_takes_its_two_columns() -> None:
    (first, second) = shown(wrapped(["\u6f22" * 40, "y" * 40]))
    assert (width(first), second.strip()) == (6 + 80 + 1, "y" * 40)


def test_what_time_did_stands_in_columns() -> None:
    events = [
        event("contoso/a", EventKind.EXPIRED, date(2026, 8, 1)),
        event("contoso/a-longer-name", EventKind.RENEWED, date(2026, 9, 1)),
    ]
    layout = Layout(real_names(), [], VERBS, NOW)
    assert shown(layout.elapsed(elapsed_rows(events))) == [
        "  contoso/a                expired 1 Aug 2026",
        "  contoso/a-longer-name    renewed 1 Sep 2026",
    ]


def test_a_dated_intent_says_when_what_and_why() -> None:
    item = Scheduled(
        key("contoso/visio"),
        date(2027, 3, 1),
        Kind.TURN_OFF,
        "`recurring: off`",
        at(7),
        "VISIOCLIENT",
        "moving",
        TURNED_OFF,
    )
    nothing = Scheduled(key("contoso/a"), date(2027, 11, 12), None, "it will be so already", at(8))
    layout = Layout(real_names(), [], VERBS, NOW)
    assert shown(layout.scheduled([item, nothing])) == [
        "  1 Mar 2027   turn off   contoso/visio    Visio Plan 2",
        "      `recurring: off`",
        "      last day 29 Nov 2026, then 30 days expired; saves 13.10 EUR a month; can be undone until then",
        "      access ends 30 Dec 2026 00:00 UTC; data deleted 30 Mar 2027",
        "      why: moving    specs/contoso/licences.yaml:7:5",
        "  12 Nov 2027  no change  contoso/a",
        "      it will be so already",
        "      why: specs/contoso/licences.yaml:8:5",
    ]


def undoing(_: object) -> Undo:
    """What a person does who wants it back."""
    return Undo(possible=True, how="write it")


def test_what_was_made_says_how_it_is_undone_instead_of_whether() -> None:
    change = turn_off()
    lines = shown(Layout(real_names(), parted([change]), DONE, NOW).changes(parted([change]), undoing=undoing))
    assert lines == [
        "- turned off    contoso/visio-plan-2    Visio Plan 2",
        "      last day 29 Nov 2026, then 30 days expired; saves 13.10 EUR a month",
        "      access ends 30 Dec 2026 00:00 UTC; data deleted 30 Mar 2027",
        "      undo: write it",
        "      why: team moved to another tool    specs/contoso/licences.yaml:22:16",
    ]


def test_how_to_undo_stands_alone_for_whom_the_plan_was_shown() -> None:
    changes = [turn_off(), cancel_now(), a_change(Kind.REGISTER, "contoso/new")]
    assert shown(Layout(real_names(), parted(changes), DONE, NOW).undone(parted(changes), undoing)) == [
        "! cancelled now    contoso/copilot-duplicate    Microsoft Copilot for Microsoft 365",
        "      undo: write it",
        "- turned off       contoso/visio-plan-2         Visio Plan 2",
        "      undo: write it",
    ]


def test_how_it_is_known_that_something_was_made_stands_with_it() -> None:
    change = turn_off()
    known = {(change.key, change.kind): "settled by reading"}
    layout = Layout(real_names(), parted([change]), DONE, NOW)
    assert "      note: settled by reading" in shown(layout.changes(parted([change]), undoing=undoing, noted=known))
    assert shown(layout.undone(parted([change]), undoing, known))[1:] == [
        "      note: settled by reading",
        "      undo: write it",
    ]


def test_what_a_provider_cannot_tell_apart_stands_under_its_change() -> None:
    change = turn_off("stripe-eu/board", instead_of=FOLDED)
    lines = shown(Layout(real_names(), parted([change]), VERBS, NOW).changes(parted([change])))
    assert lines[-2:] == [
        f"      note: {FOLDED}",
        "      why: team moved to another tool    specs/contoso/licences.yaml:22:16",
    ]


def test_what_is_pending_says_until_when_who_and_what_to_do() -> None:
    items = [a_pending(), overdue(), under_way(withdrawn=True)]
    assert shown(Layout(real_names(), [], VERBS, NOW, items).pending(items)) == [
        "> cancel now    kiosk/project    Visio Plan 2",
        "      overdue since 21 Nov 2026; begun 2 Nov 2026; owner it@contoso.example",
        "      turn-off-recurring by hand",
        "      hint: once it is done: reconcile done kiosk/project    specs/contoso/licences.yaml:22:5",
        "> turn off      contoso/teams",
        "      withdrawn; begun 2 Nov 2026",
        "      the provider took it on and works on it",
        "      hint: the next apply asks what became of it    specs/contoso/licences.yaml:22:5",
        "> turn off      kiosk/visio      Visio Plan 2",
        "      deadline 29 Nov 2026; begun 2 Nov 2026; owner it@contoso.example",
        "      turn-off-recurring by hand",
        "      hint: once it is done: reconcile done kiosk/visio    specs/contoso/licences.yaml:22:5",
    ]


def test_what_is_held_shows_the_change_and_both_ways_out() -> None:
    assert shown(Layout(real_names(), [], VERBS, NOW).held([held()])) == [
        "  contoso/teams    TEAMS1",
        "      changed outside (recurring on -> off); the specs would turn-on-recurring again",
        (
            "      hint: take it over: reconcile accept contoso/teams; "
            "or undo it: reconcile --correct-drift contoso/teams    specs/contoso/licences.yaml:51:5"
        ),
    ]


def test_drift_stands_in_a_line_for_each_subscription() -> None:
    assert shown(Layout(real_names(), [], VERBS, NOW).drift(DRIFT)) == [
        "  contoso/teams    recurring: stored on, live off; seats: stored 25, live 30",
        "  contoso/word     recurring: stored off, live on",
    ]


def test_of_very_many_the_first_are_shown_and_the_rest_is_counted() -> None:
    layout = Layout(real_names(), [], VERBS, NOW)
    more = "  … and 5 more: 5 in contoso; --format json has them all"
    keys = [f"contoso/{number:02}" for number in range(30)]
    found = (
        shown(layout.held([held(name) for name in keys])),
        shown(layout.drift([Drift(key(name), "recurring", "on", "off") for name in keys])),
        shown(Layout(real_names(), [], VERBS, NOW, [overdue()]).pending([overdue(name) for name in keys])),
    )
    assert [(lines[-1], len(lines)) for lines in found] == [(more, 76), (more, 26), (more, 101)]


def test_a_long_way_back_is_wrapped_too() -> None:
    lines = shown(undo_lines(Undo(possible=True, how=f"{'x' * 60}; {'y' * 60}")))
    assert lines == [f"      undo: {'x' * 60};", f"        {'y' * 60}"]
