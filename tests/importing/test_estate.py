"""A whole import, decided: nothing is left to do after it, and a second one finds everything again."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date, datetime, timedelta
from io import StringIO

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from reconciler.changes import Change, Kind
from reconciler.effects import carried_out
from reconciler.errors import InputError, SpecError
from reconciler.importing import estate as module
from reconciler.importing.proof import WrittenWrongly
from reconciler.importing.read import read_csv
from reconciler.importing.rows import COLUMNS, ImportedRow
from reconciler.importing.write import spec_texts
from reconciler.model import Cancel, Recurring, Status, StoredSubscription
from reconciler.spec.characters import UNSAFE_IN_NAMES
from tests.builders import NOW, a_key
from tests.importing.estates import Estate, named
from tests.importing.files import FILE, a_row

DEFAULTS = "version: 1\ndefaults:\n  owner: default@contoso.example\n  labels: {from: defaults}\n"


def test_new_rows_are_declared_registered_and_then_nothing_is_left_to_do() -> None:
    estate = Estate()
    rows = [a_row(id="7", recurring=Recurring.OFF), a_row(id="8", cancel=Cancel.AT_RENEWAL), a_row("Project", seats=5)]
    decided = estate.take(rows)
    assert [item.file for item in decided.files] == ["specs/contoso.yaml"]
    assert [change.kind for change in decided.plan.changes] == [Kind.REGISTER] * 3
    assert set(named(decided)) == {"visio-plan-2-7902", "visio-plan-2-2c62", "project"}
    stored = estate.stored.subscriptions
    assert stored[a_key("contoso/visio-plan-2-7902")].recurring is Recurring.OFF
    assert stored[a_key("contoso/visio-plan-2-2c62")].cancellation is Cancel.AT_RENEWAL
    plan = estate.plan()
    assert (plan.changes, plan.blocked, plan.released, plan.unmanaged, plan.unchanged) == ((), (), (), (), 3)


def test_the_same_import_again_finds_everything_and_writes_nothing() -> None:
    estate = Estate()
    rows = [a_row(id="7"), a_row(id="8"), a_row(seats=1), a_row(seats=2), a_row("Project")]
    first = estate.take(rows)
    again = estate.prepare(rows[::-1], update=True)
    assert (again.files, again.plan.changes, again.differing, again.gone) == ((), (), (), ())
    assert named(again) == named(first)


def test_a_cut_off_import_is_carried_on() -> None:
    estate = Estate()
    rows = [a_row(recurring=Recurring.OFF), a_row("Project")]
    decided = estate.prepare(rows)
    estate.files |= {item.file: item.text for item in decided.files}  # and then the machine died
    again = estate.take(rows)
    assert again.files == ()
    assert again.plan.changes == decided.plan.changes
    assert estate.plan().changes == ()


def test_a_newer_export_shows_what_differs_and_takes_it_only_on_request() -> None:
    estate = Estate()
    estate.take([a_row(id="7", seats=5), a_row("Project", id="8"), a_row("Copilot", id="9")])
    newer = [a_row(id="7", seats=6), a_row("Project", id="8", recurring=Recurring.OFF), a_row("Power BI", id="10")]
    shown = estate.prepare(newer)
    assert [(str(item.key), item.kind) for item in shown.differing] == [
        ("contoso/project", Kind.TURN_OFF),
        ("contoso/visio-plan-2", Kind.UPDATE),
    ]
    assert [(str(item.key), item.kind) for item in shown.plan.changes] == [("contoso/power-bi", Kind.REGISTER)]
    assert [str(key) for key in shown.gone] == ["contoso/copilot"]
    assert [item.file for item in shown.files] == ["specs/contoso-2.yaml"]
    assert [item.code for item in shown.diagnostics] == ["import-overruled"]
    estate.take(newer, update=True)
    records = {key.name: row for key, row in estate.stored.subscriptions.items()}
    assert records["visio-plan-2"].seats == 6
    assert records["project"].recurring is Recurring.OFF
    assert records["copilot"].status is Status.ACTIVE
    assert estate.prepare(newer, update=True).plan.changes == ()


def test_what_is_declared_is_not_released_later() -> None:
    estate = Estate()
    estate.take([a_row(recurring=Recurring.OFF)], "recurring")
    assert "    recurring: off\n" in estate.files["specs/contoso.yaml"]
    assert estate.plan().unchanged == 1
    estate.files["specs/contoso.yaml"] = estate.files["specs/contoso.yaml"].replace("    recurring: off\n", "")
    assert len(estate.plan().released) == 1


def test_defaults_are_recorded_with_the_rows_so_that_nothing_is_left_to_do() -> None:
    estate = Estate({"specs/_defaults.yaml": DEFAULTS})
    estate.take([a_row(), a_row("Project", owner="me", labels={"from": "file", "a": "b"})])
    records = {key.name: row for key, row in estate.stored.subscriptions.items()}
    assert (records["visio-plan-2"].owner, records["visio-plan-2"].labels) == (
        "default@contoso.example",
        {"from": "defaults"},
    )
    assert (records["project"].owner, records["project"].labels) == ("me", {"from": "file", "a": "b"})
    assert estate.plan().changes == ()


def test_an_inherited_pair_that_does_not_fit_is_taken_back_and_told() -> None:
    estate = Estate({"specs/_defaults.yaml": DEFAULTS + "  recurring: on\n"})
    decided = estate.take(
        [
            a_row(recurring=Recurring.OFF),
            a_row("B", recurring=Recurring.OFF),
            a_row("C"),
            a_row("D", cancel=Cancel.NONE),
        ]
    )
    (text,) = estate.files.keys() - {"specs/_defaults.yaml"}
    assert estate.files[text].count("recurring: unmanaged  # specs/_defaults.yaml:5:14 asks for recurring: on") == 2
    (warned,) = decided.diagnostics
    assert (warned.code, str(warned.location)) == ("import-holds-back", "specs/_defaults.yaml:5:14")
    assert warned.detail == "`recurring: on` against what the file says of contoso/b and 1 more"
    plan = estate.plan()
    assert (plan.changes, plan.blocked, plan.unchanged) == ((), (), 4)


def test_an_inherited_pair_on_a_start_to_come_is_taken_back_too() -> None:
    estate = Estate({"specs/_defaults.yaml": DEFAULTS + "  cancel: at-renewal\n"})
    decided = estate.take([a_row(start=date(2027, 1, 1), recurring=Recurring.ON)])
    assert "`cancel: at-renewal`" in decided.diagnostics[0].detail
    assert estate.plan().blocked == ()


def test_new_names_avoid_those_that_are_declared_stored_and_former() -> None:
    spec = (
        "version: 1\naccount: contoso\nsubscriptions:\n"
        "  visio-plan-2: {facts: {product: OTHER, term: monthly, start: 2026-01-01}}\n"
        "  b: {previously: project, facts: {product: OTHER, term: monthly, start: 2026-01-01}}\n"
    )
    other = spec.replace("contoso", "fabrikam").replace("visio-plan-2", "copilot")
    estate = Estate({"specs/own.yaml": spec, "specs/other.yaml": other})
    decided = estate.prepare([a_row(id="7"), a_row("Project", id="8"), a_row("Copilot", id="9")])
    assert set(named(decided)) == {"visio-plan-2-7902", "project-2c62", "copilot"}


def test_a_long_estate_goes_into_numbered_files() -> None:
    estate = Estate({"specs/contoso.yaml": "version: 1\n"})
    estate.files.clear()
    rows = [a_row(f"Visio {number}") for number in range(5)]
    assert [item.file for item in estate.prepare(rows, at_most=2).files] == [
        "specs/contoso.yaml",
        "specs/contoso-2.yaml",
        "specs/contoso-3.yaml",
    ]


def test_a_file_that_is_there_is_never_written() -> None:
    estate = Estate()
    estate.take([a_row()])
    with pytest.raises(InputError, match=r"specs/contoso\.yaml exists already"):
        estate.prepare([a_row("Project", product="PROJECT")], out="specs/contoso.yaml")


def test_unclear_rows_stop_the_import() -> None:
    estate = Estate()
    estate.take([a_row()])
    with pytest.raises(SpecError) as raised:
        estate.prepare([a_row("Other name")])
    assert [item.code for item in raised.value.diagnostics] == ["import-unclear-row"]


def test_an_error_that_a_row_brings_out_in_another_file_is_told_there() -> None:
    estate = Estate({"specs/_defaults.yaml": "version: 1\ndefaults: {facts: {billing: annual}}\n"})
    with pytest.raises(SpecError) as raised:
        estate.prepare([a_row()])
    assert str(raised.value.diagnostics[0].location).startswith("specs/_defaults.yaml:2:")


def test_a_spec_that_would_leave_something_to_do_is_our_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrongly(change: Change, row: StoredSubscription | None, now: datetime) -> StoredSubscription:
        return replace(carried_out(change, row, now), seats=99)

    monkeypatch.setattr(module, "carried_out", wrongly)
    with pytest.raises(WrittenWrongly, match="contoso/visio-plan-2: update would be left to do after the import"):
        Estate().prepare([a_row(seats=5)])


def test_a_spec_that_does_not_take_its_inherited_pair_back_is_our_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "spec_texts", lambda account, rows, how, held: spec_texts(account, rows, how, {}))
    monkeypatch.setattr(module, "prove", lambda *ignored: None)
    estate = Estate({"specs/_defaults.yaml": DEFAULTS + "  recurring: on\n"})
    with pytest.raises(WrittenWrongly, match="contoso/visio-plan-2 does not take back the pair"):
        estate.prepare([a_row(recurring=Recurring.OFF)])


def _clean(text: str) -> str:
    return UNSAFE_IN_NAMES.sub("", text).strip()


TEXT = st.text(max_size=12).map(_clean) | st.sampled_from(
    [
        "no",
        "0123",
        "1e3",
        "2026-01-31",
        "*x",
        "a: b",
        "x # y",
        "{}",
        "'",
        '"',
        "~",
        "null",
        "!!str x",
        "- a",
        "=1+1",
        "𐀀",
    ]
)
SOME = TEXT.map(lambda text: text or "x")
DAYS = st.dates(date(1970, 1, 1), NOW.date() + timedelta(days=800)).map(date.isoformat)
PAIRS = st.sampled_from(
    [
        ("", ""),
        ("on", ""),
        ("off", ""),
        ("true", "none"),
        ("false", "none"),
        ("off", "at-renewal"),
        ("", "at-renewal"),
        ("", "none"),
    ]
)
LABELS = st.dictionaries(
    SOME.map(lambda text: text.translate({ord(";"): "x", ord("="): "x"})),
    TEXT.map(lambda text: text.replace(";", "x")),
    max_size=3,
).map(lambda labels: ";".join(f"{name}={value}" for name, value in labels.items()))


@st.composite
def a_line(draw: st.DrawFn) -> dict[str, str]:
    recurring, cancel = draw(PAIRS)
    term = draw(st.sampled_from(["monthly", "annual", "triennial"]))
    return {
        "name": draw(st.sampled_from(["Visio", "visio ", "Büro", "東京"]) | SOME),
        "product": draw(st.sampled_from(["SPB", "VISIOCLIENT"]) | SOME),
        "term": term,
        "start": draw(DAYS),
        "recurring": recurring,
        "cancel": cancel,
        "billing": draw(st.sampled_from(["", "monthly", term])),
        "seats": draw(st.sampled_from(["", "0", "25", "10000000"])),
        "price": draw(st.sampled_from(["", "0 EUR", "20.6 EUR", "1234 JPY", "0.001 KWD"])),
        "last_charge": draw(st.sampled_from(["", "0 EUR", "515.5 EUR", "1234 JPY"])),
        "owner": draw(TEXT),
        "id": draw(st.just("") | st.uuids().map(str) | SOME),
        "labels": draw(LABELS),
    }


def _identity(line: dict[str, str]) -> object:
    return line["id"] or tuple(" ".join(value.split()) for value in line.values())


LINES = st.lists(a_line(), min_size=1, max_size=6, unique_by=_identity)
BESIDE = st.sampled_from(
    [
        {},
        {"specs/_defaults.yaml": DEFAULTS},
        {"specs/_defaults.yaml": DEFAULTS + "  recurring: on\n  protect: true\n"},
        {"specs/_defaults.yaml": DEFAULTS + "  recurring: off\n"},
        {"specs/_defaults.yaml": DEFAULTS + "  cancel: at-renewal\n"},
        {
            "specs/_defaults.yaml": DEFAULTS
            + 'rules:\n  - {match: {product: "S*"}, set: {recurring: off, cancel: none}}\n'
        },
    ]
)
DECLARE = st.sampled_from(["", "recurring", "cancel", "recurring cancel"])


def rows_from(lines: list[dict[str, str]]) -> tuple[ImportedRow, ...]:
    out = StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerows(lines)
    rows, found = read_csv(out.getvalue().encode(), FILE, {})
    assert [item for item in found if item.code != "csv-duplicate-row"] == []
    return rows


@settings(max_examples=60, deadline=None)
@given(LINES, BESIDE, DECLARE)
def test_after_any_import_nothing_is_left_to_do_and_a_second_finds_everything(
    lines: list[dict[str, str]], beside: dict[str, str], declare: str
) -> None:
    rows = rows_from(lines)
    estate = Estate(dict(beside))
    first = estate.take(rows, declare)
    plan = estate.plan()
    assert (plan.changes, plan.blocked, plan.released, plan.unmanaged, plan.ended) == ((), (), (), (), ())
    assert plan.unchanged == len(estate.stored.subscriptions) == len(rows)
    again = estate.prepare(rows[::-1], declare, update=True)
    assert (again.files, again.plan.changes, again.gone) == ((), (), ())
    assert named(again) == named(first)


EDITABLE = ("start", "recurring", "cancel", "seats", "price", "last_charge", "owner", "labels", "product")


@settings(max_examples=60, deadline=None)
@given(LINES, LINES, st.data())
def test_a_newer_export_once_taken_differs_no_more(
    older: list[dict[str, str]], others: list[dict[str, str]], data: st.DataObject
) -> None:
    estate = Estate()
    estate.take(rows_from(older))
    edits = st.sets(st.sampled_from(EDITABLE), max_size=3).map(
        lambda names: names | {"recurring", "cancel"} if names & {"recurring", "cancel"} else names
    )
    newer = [
        {**line, **{name: other[name] for name in data.draw(edits)}} for line, other in zip(older, others, strict=False)
    ]
    rows = rows_from(newer)
    try:
        taken = estate.take(rows, update=True)
    except SpecError:
        reject()  # rows that a person must tell apart
    again = estate.prepare(rows, update=True)
    assert (again.files, again.plan.changes) == ((), ())
    assert {item.key for item in again.plan.blocked} <= {item.key for item in taken.plan.blocked}
