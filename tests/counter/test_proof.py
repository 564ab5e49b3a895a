"""Nothing is proposed that the next plan would not do just so."""

from __future__ import annotations

import pytest

from reconciler.counter.replies import Answer
from tests.counter.ledger import FACTS, FILE, HEAD, Ledger, answers, spec

ON, OFF = "    recurring: on\n", "    recurring: off\n"


def two_runs(first: str, second: str) -> Ledger:
    """A ledger in which the second text was applied over the first."""
    ledger = Ledger()
    ledger.apply(first)
    ledger.apply(second)
    return ledger


def test_what_the_specs_ask_for_already_is_not_written_again() -> None:
    ledger = two_runs(spec(ON), spec(OFF))
    ledger.texts[FILE] = spec(ON)
    found = ledger.undo()
    assert (answers(found), found.patch, found.whole) == ([("turn-off-recurring", Answer.ASKED)], "", True)


def test_a_protection_stands_in_the_way_of_an_end() -> None:
    ledger = two_runs(spec(OFF), spec(ON))
    ledger.apply(spec(f"{ON}    protect: true\n"))
    (reply,) = ledger.undo("run-2").replies
    assert (reply.answer, reply.why) == (
        Answer.NONE,
        "it is protected, and protection refuses every ending change",
    )
    assert reply.instead == "once `protect: false` among its own keys is applied, undo this run once more"


def test_a_protection_of_the_same_run_is_lifted_first() -> None:
    ledger = two_runs(spec(OFF), spec(f"{ON}    protect: true\n"))
    assert answers(ledger.undo()) == [("update", Answer.PATCH), ("turn-on-recurring", Answer.NONE)]
    ledger.patch(ledger.undo("run-2"))
    ledger.apply()
    assert answers(ledger.undo("run-2")) == [("update", Answer.BACK), ("turn-on-recurring", Answer.PATCH)]
    ledger.patch(ledger.undo("run-2"))
    ledger.apply()
    assert (ledger.row().protected, ledger.row().recurring.value) == (False, "off")


def test_another_block_has_its_own_words() -> None:
    ledger = two_runs(spec(OFF), spec(ON))
    ledger.pass_by(days=-900)
    for key, row in ledger.rows.items():
        ledger.rows[key] = row.__class__(**{**_fields(row), "status": row.status.__class__("suspended")})
    (reply,) = ledger.undo().replies
    assert (reply.why, reply.instead) == ("it is suspended", "settle what suspended it first")


def _fields(row: object) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__dataclass_fields__}  # type: ignore[attr-defined]


def test_what_would_move_more_is_left_to_a_person() -> None:
    rules = 'rules: [{match: {owner: "a*"}, set: {recurring: off}}]\n'
    ledger = two_runs(spec("    owner: ada\n"), rules + spec("    owner: bob\n"))
    (reply,) = ledger.undo().replies
    assert (reply.answer, reply.why) == (
        Answer.NONE,
        "the next plan would then also move the recurring or cancellation of contoso/visio",
    )
    assert reply.instead == "if that is meant, write it by hand: `owner: ada`"


def test_what_would_keep_the_plan_from_something_is_left_to_a_person() -> None:
    ledger = two_runs(spec(f"{ON}    protect: true\n"), spec(f"{OFF}    protect: false\n"))
    (reply,) = ledger.undo().replies
    assert reply.why.startswith("the next plan would then hold back what it is to do: protected")
    assert reply.instead == "if that is meant, write it by hand: `protect: true`"


def test_what_the_plan_was_to_do_besides_it_still_does() -> None:
    ledger = two_runs(spec(f"{ON}    owner: a\n"), spec(f"{OFF}    owner: a\n"))
    ledger.texts[FILE] = spec(f"{OFF}    owner: b\n    labels: {{x: z}}\n") + f"  other:\n{FACTS}"
    ledger.patch(ledger.undo())
    plan = ledger.planned()[2]
    assert sorted(change.kind.value for change in plan.changes) == ["register", "turn-on-recurring", "update"]


def test_what_the_specs_wish_instead_meanwhile_gives_way() -> None:
    ledger = two_runs(spec(ON), spec(OFF))
    ledger.texts[FILE] = spec("    cancel: {when: at-renewal, reason: changed my mind}\n")
    ledger.patch(ledger.undo())
    assert ledger.texts[FILE] == spec(ON)


def test_one_that_cannot_go_back_hinders_no_other() -> None:
    names = [f"s{number}" for number in range(9)]
    texts = [
        "rules: [{match: {owner: a}, set: {recurring: off}}]\n" * second
        + HEAD
        + "".join(f"  {name}:\n{FACTS}    owner: {'b' if second or name != 's4' else 'a'}\n" for name in names)
        + "".join(f"  {name}-on:\n{FACTS}    recurring: {'off' if second else 'on'}\n" for name in names)
        for second in (False, True)
    ]
    found = two_runs(*texts).undo()
    assert {str(reply.key): reply.answer for reply in found.replies if reply.answer is not Answer.PATCH} == {
        "contoso/s4": Answer.NONE
    }
    assert len(found.replies) == 10


def test_errors_that_the_specs_would_hold_are_told_where_they_belong() -> None:
    ledger = two_runs(spec(""), spec("    previously: visio\n", "teams"))
    ledger.apply(f"{spec('', 'teams')}  visio:\n{FACTS}{ON}")
    ledger.apply(f"{spec('', 'teams')}  visio:\n{FACTS}{OFF}")
    ledger.texts["specs/more.yaml"] = ledger.texts.pop(FILE).replace("  teams:\n" + FACTS, "")
    ledger.texts[FILE] = spec("", "teams")
    (reply,) = ledger.undo("run-2").replies
    assert (reply.answer, reply.why[:24]) == (Answer.NONE, "its spec would be wrong:")
    assert answers(ledger.undo("last")) == [("turn-off-recurring", Answer.PATCH)]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_what_nobody_can_be_blamed_for_is_found_by_halves(count: int) -> None:
    """The error stands in a file of no candidate: the clash is told at the second of two names."""
    names = [f"s{number}" for number in range(count)]
    first = HEAD + "".join(f"  {name}:\n{FACTS}" for name in [*names, "a-old"])
    renamed = "  a-new:\n    previously: a-old\n" + FACTS
    second = HEAD + "".join(f"  {name}:\n{FACTS}{OFF}" for name in names) + renamed
    ledger = two_runs(first, second)
    ledger.texts["specs/z.yaml"] = f"{HEAD}  a-old:\n{FACTS}"
    ledger.texts[FILE] = second.replace("    previously: a-old\n", "")
    found = ledger.undo("run-2")
    said = {str(reply.key): reply.answer for reply in found.replies}
    assert said.pop("contoso/a-new") is Answer.NONE
    assert set(said.values()) == {Answer.PATCH}
