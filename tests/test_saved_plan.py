"""A saved plan: read back whole, refused in every other condition, and compared with what holds now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.changes import Kind
from reconciler.diagnostics import error
from reconciler.errors import InputError
from reconciler.plan import Bindings, Plan, Verdict
from reconciler.saved_plan import is_subset, read_saved_plan, what_moved
from reconciler.views.json import failure_json, history_json, plan_json
from reconciler.views.status_json import status_json
from tests.builders import a_change
from tests.views.cases import BINDINGS, LINEAGE, NOW, a_plan, cancel_now, cases, one_of_each, real_names, turn_off

FILE = "plan.json"


def saved(plan: Plan) -> bytes:
    """The plan as it is saved."""
    return plan_json(plan, Verdict(plan.changes), command="plan", names=real_names())


PLAN = a_plan(*one_of_each(), bindings=replace(BINDINGS, select=("contoso/*",), exclude=("*/x",), paths=("specs/a",)))
BYTES = saved(PLAN)


def code_of(data: bytes) -> str:
    """The code with which these bytes are refused."""
    with pytest.raises(InputError) as raised:
        read_saved_plan(data, FILE)
    assert raised.value.message.startswith(f"{FILE}: ")
    assert raised.value.hint
    return raised.value.code


def edited(edit: Callable[[dict[str, Any]], object]) -> bytes:
    """The saved plan after an edit of its document."""
    document = orjson.loads(BYTES)
    edit(document)
    return orjson.dumps(document)


def as_of_1_0(data: bytes) -> bytes:
    """The plan as the first version of the format had it."""
    left_out = ("totals", "first_irreversible", "scheduled", "due")
    document = {name: value for name, value in orjson.loads(data).items() if name not in left_out}
    for change in document["changes"]:
        change["impact"] = {"until": "2026-11-30", "loses_access": True, "term_start": "2026-04-01"}
    found: bytes = orjson.dumps({**document, "format_version": "1.0"})
    return found


def test_what_it_undoes_is_read_back() -> None:
    made = replace(PLAN, bindings=replace(PLAN.bindings, correct=("contoso/*",)))
    assert read_saved_plan(saved(made), FILE).correct == ("contoso/*",)


def test_a_plan_that_was_saved_before_drift_was_known_undoes_none() -> None:
    before = edited(lambda document: document["bindings"].pop("correct"))
    assert read_saved_plan(before, FILE).correct == ()


def test_what_follows_is_no_part_of_what_was_approved() -> None:
    assert {change.impact for change in read_saved_plan(BYTES, FILE).changes} == {None}


def test_what_was_saved_is_read_back() -> None:
    found = read_saved_plan(BYTES, FILE)
    assert (found.lineage, found.specs_digest, found.settings_digest, found.serial) == (
        LINEAGE,
        PLAN.bindings.specs_digest,
        PLAN.bindings.settings_digest,
        7,
    )
    assert (found.select, found.exclude, found.paths) == (("contoso/*",), ("*/x",), ("specs/a",))
    assert (found.as_of, found.fingerprint) == (NOW, PLAN.fingerprint)
    assert [(item.key, item.kind, item.before, item.after) for item in found.changes] == [
        (item.key, item.kind, item.before, item.after) for item in PLAN.changes
    ]
    assert [item.place.location for item in found.changes] == [item.place.location for item in PLAN.changes]
    assert is_subset(PLAN, found)
    assert what_moved(PLAN, found) == []


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda data: b"\xef\xbb\xbf" + data, id="a byte order mark before it"),
        pytest.param(lambda data: data.rstrip(b"\n"), id="its last line end is gone"),
        pytest.param(lambda data: data.replace(b"\n", b"\r\n"), id="with the line ends of Windows"),
        pytest.param(lambda data: data.replace(b'"1.2"', b'"1.9"'), id="from a later minor version"),
        pytest.param(as_of_1_0, id="from the first minor version"),
        pytest.param(lambda data: data.replace(b"13.10 EUR", b"99.99 EUR"), id="another sum, which is not approved"),
        pytest.param(lambda data: data.replace(b'"line": 22', b'"line": 23'), id="a line moved, which is not approved"),
    ],
)
def test_a_plan_that_says_the_same_is_taken(change: Callable[[bytes], bytes]) -> None:
    assert change(BYTES) != BYTES
    assert read_saved_plan(change(BYTES), FILE).fingerprint == PLAN.fingerprint


def test_an_empty_plan_may_be_saved() -> None:
    found = read_saved_plan(saved(a_plan(bindings=replace(BINDINGS, store_lineage=None))), FILE)
    assert (found.changes, found.lineage) == ((), None)


def of_change(field: str, value: object) -> Callable[[dict[str, Any]], object]:
    """Sets a field of the first change."""
    return lambda document: document["changes"][0].__setitem__(field, value)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"", "plan-file-cut", id="an empty file"),
        pytest.param(b" \n", "plan-file-cut", id="only blanks"),
        pytest.param(BYTES[: len(BYTES) // 2], "plan-file-cut", id="cut short"),
        pytest.param(BYTES.rstrip()[:-1], "plan-file-cut", id="the last brace is missing"),
        pytest.param(b'{"a": "\xc3', "plan-file-cut", id="cut within a character"),
        pytest.param(BYTES + b"}", "not-a-plan", id="something behind it"),
        pytest.param(b'{"a": "\xff\xff"}', "not-a-plan", id="not UTF-8"),
        pytest.param(BYTES.decode().encode("utf-16"), "not-a-plan", id="UTF-16, as some shells redirect"),
        pytest.param(b"version: 1\n", "not-a-plan", id="YAML"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00", "not-a-plan", id="a picture"),
        pytest.param(b"[" * 100_000, "not-a-plan", id="nested beyond measure"),
        pytest.param(b"[1]", "not-a-plan", id="JSON that is no object"),
        pytest.param(b"{}", "not-a-plan", id="an object that is no document"),
        pytest.param(b'{"format_version": 1, "command": "plan"}', "not-a-plan", id="a version that is a number"),
        pytest.param(b'{"format_version": "1.0"}', "not-a-plan", id="a document of no command"),
        pytest.param(b"".join(status_json([], as_of=NOW)), "not-a-plan", id="the document of status"),
        pytest.param(history_json([], as_of=NOW), "not-a-plan", id="the document of history"),
        pytest.param(edited(lambda found: found.update(command="apply")), "not-a-plan", id="the document of an apply"),
        pytest.param(edited(lambda found: found.update(format_version="2.0")), "plan-file-newer", id="a newer format"),
        pytest.param(
            b'{"format_version": "%d.0", "command": "x"}' % 10**30, "plan-file-newer", id="a much newer format"
        ),
        pytest.param(edited(lambda found: found.update(format_version="0.9")), "plan-file-wrong", id="an older format"),
        pytest.param(
            failure_json("plan", [error("a", "b")], NOW, "spec-errors", "1 error", "mend it"),
            "plan-file-failed",
            id="a plan that failed",
        ),
        pytest.param(edited(lambda found: found.update(bindings=None)), "plan-file-failed", id="a plan of nothing"),
        pytest.param(edited(of_change("kind", "turn-on-recurring")), "plan-file-edited", id="another verb"),
        pytest.param(edited(of_change("subscription", "contoso/x")), "plan-file-edited", id="another subscription"),
        pytest.param(edited(of_change("external_id", "x")), "plan-file-edited", id="another id"),
        pytest.param(edited(of_change("after", {})), "plan-file-edited", id="another outcome"),
        pytest.param(
            BYTES.replace(b'"seats": 30', b'"seats": %d' % 10**30), "plan-file-edited", id="a number beyond measure"
        ),
        pytest.param(edited(lambda found: found["changes"].pop()), "plan-file-edited", id="a change taken out"),
        pytest.param(edited(lambda found: found["changes"].reverse()), "plan-file-edited", id="another order"),
        pytest.param(
            edited(lambda found: found["bindings"].update(store_lineage="x")), "plan-file-edited", id="another store"
        ),
        pytest.param(edited(lambda found: found.update(fingerprint="0" * 64)), "plan-file-edited", id="no such print"),
        pytest.param(edited(lambda found: found.update(changes=3)), "plan-file-wrong", id="a wrong type"),
        pytest.param(edited(of_change("kind", "explode")), "plan-file-wrong", id="a verb that there is not"),
        pytest.param(edited(lambda found: found.pop("diagnostics")), "plan-file-wrong", id="a field is missing"),
        pytest.param(
            edited(lambda found: found.update(as_of="2026-02-30T00:00:00Z")), "plan-file-wrong", id="a day there is not"
        ),
    ],
)
def test_a_file_that_is_not_the_plan_as_saved_is_refused(data: bytes, code: str) -> None:
    assert code_of(data) == code


def test_a_wrong_value_is_named_by_its_place() -> None:
    with pytest.raises(InputError, match=r"^plan\.json: the plan is not as we write it at changes\[0\]\.kind: "):
        read_saved_plan(edited(of_change("kind", "explode")), FILE)


@given(st.data())
def test_a_plan_cut_anywhere_is_refused(data: st.DataObject) -> None:
    end = data.draw(st.integers(0, len(BYTES.rstrip()) - 1))
    assert code_of(BYTES[:end]) == "plan-file-cut"


@given(st.binary(max_size=80))
def test_any_bytes_are_refused_and_nothing_worse(data: bytes) -> None:
    assert code_of(data) in {"plan-file-cut", "not-a-plan"}


NOW_PLAN = a_plan(turn_off(), cancel_now())
SAVED = read_saved_plan(saved(NOW_PLAN), FILE)


def test_less_than_was_approved_is_a_subset() -> None:
    less = a_plan(turn_off())
    assert is_subset(less, SAVED)
    assert what_moved(less, SAVED) == []


_DIFFERS = "contoso/visio-plan-2: turn-off-recurring differs:"


@pytest.mark.parametrize(
    ("plan", "moved"),
    [
        pytest.param(
            a_plan(turn_off(), turn_off("contoso/teams")),
            ["contoso/teams: turn-off-recurring is new: the saved plan does not hold it"],
            id="a change is new",
        ),
        pytest.param(
            a_plan(turn_off(before={"recurring": "on", "cancellation": "at-renewal"})),
            [f"{_DIFFERS} cancellation at-renewal, and none in the saved plan"],
            id="a change starts from elsewhere",
        ),
        pytest.param(
            a_plan(turn_off(before={"recurring": "on", "cancellation": "none", "term_end": "2027-03-01"})),
            [f"{_DIFFERS} its term ends 2027-03-01 now, and nothing in the saved plan"],
            id="its term has renewed",
        ),
        pytest.param(
            a_plan(turn_off(external_id="x")),
            ["contoso/visio-plan-2: turn-off-recurring is of another id: x, and None in the saved plan"],
            id="a change is of another id",
        ),
    ],
)
def test_more_or_other_than_was_approved_is_named(plan: Plan, moved: list[str]) -> None:
    assert not is_subset(plan, SAVED)
    assert what_moved(plan, SAVED) == moved


def test_a_change_that_moves_nothing_is_named_too() -> None:
    approved = read_saved_plan(saved(a_plan(a_change(Kind.FORGET, before={}, after={}))), FILE)
    (moved,) = what_moved(a_plan(a_change(Kind.FORGET)), approved)
    assert "forget differs: product CFQ7TTC0HD32, and nothing in the saved plan" in moved


def test_many_differences_are_counted() -> None:
    many = a_plan(*(turn_off(f"contoso/n{number:02}") for number in range(25)))
    moved = what_moved(many, SAVED)
    assert (len(moved), moved[-1]) == (11, "15 more changes are new or differ")


@pytest.mark.parametrize(
    ("bindings", "sentence"),
    [
        pytest.param(
            {"store_lineage": "other"},
            f"the store is another: it is other, the plan was made for {LINEAGE}",
            id="store",
        ),
        pytest.param(
            {"store_lineage": None},
            f"the store is another: it is not there, the plan was made for {LINEAGE}",
            id="no store",
        ),
        pytest.param({"specs_digest": "x"}, "the specs have changed since the plan was made", id="specs"),
    ],
)
def test_another_store_and_other_specs_are_named(bindings: dict[str, Any], sentence: str) -> None:
    moved = replace(NOW_PLAN, bindings=replace(BINDINGS, **bindings))
    assert what_moved(moved, SAVED) == [sentence]


def test_another_serial_commit_or_settings_do_not_matter() -> None:
    bindings = Bindings(BINDINGS.specs_digest, "other", LINEAGE, 99, "other")
    assert what_moved(replace(NOW_PLAN, bindings=bindings), SAVED) == []


def test_a_plan_made_before_there_was_a_store_fits_only_the_one_its_own_run_created() -> None:
    before = replace(NOW_PLAN, bindings=replace(BINDINGS, store_lineage=None))
    approved = read_saved_plan(saved(before), FILE)
    assert what_moved(NOW_PLAN, approved) == [
        f"the store is another: it is {LINEAGE}, the plan was made for none, before one was created"
    ]
    assert what_moved(NOW_PLAN, approved, resuming=True) == []
    assert what_moved(replace(NOW_PLAN, bindings=replace(BINDINGS, store_lineage="x")), SAVED, resuming=True) != []


@pytest.mark.parametrize("name", ["empty", "example", "every-kind", "everything-beside", "hostile", "first-run"])
def test_every_kind_of_plan_survives_being_saved(name: str) -> None:
    plan = cases()[name].plan
    assert what_moved(plan, read_saved_plan(saved(plan), FILE)) == []
