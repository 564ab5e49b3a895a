"""Nothing is proposed that the next plan would not do just so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.changes import Blocked, Change, Kind
from reconciler.counter.atoms import PAIR, pair_to
from reconciler.counter.editing import Unsafe
from reconciler.counter.proof import Proof, Reason, unedited
from reconciler.counter.replies import Answer, Candidate, Reply
from reconciler.counter.rewriting import Rewrite
from reconciler.desired import DesiredState
from reconciler.model import Status
from reconciler.plan import Bindings, Plan
from tests.builders import NOW, PLACE, a_change, a_key
from tests.counter.ledger import FACTS, FILE, HEAD, Ledger, answers, journaled, spec

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
    other = f"  another:\n{FACTS}"
    ledger = two_runs(spec(OFF) + other, spec(ON) + other)
    ledger.rows = {key: replace(row, status=Status.SUSPENDED) for key, row in ledger.rows.items()}
    ledger.texts[FILE] = f"{spec(ON)}{other}{OFF}"
    (reply,) = ledger.undo().replies
    assert (reply.why, reply.instead) == ("it is suspended", "settle what suspended it first")


def test_a_block_of_the_pair_is_no_reason_for_a_field() -> None:
    own, more = "    labels: {a: b}\n    protect: true\n", "defaults: {labels: {c: d}}\n"
    ledger = two_runs(spec(own), more + spec(own))
    ledger.texts[FILE] = more + spec(own + OFF)
    (reply,) = ledger.undo().replies
    assert (reply.answer, reply.why) == (Answer.NONE, "the next plan would not take it back")


def test_what_would_move_more_is_left_to_a_person() -> None:
    rules = 'rules: [{match: {owner: "a*"}, set: {recurring: off}}]\n'
    ledger = two_runs(spec("    owner: ada\n"), rules + spec("    owner: bob\n"))
    (reply,) = ledger.undo().replies
    assert (reply.answer, reply.why) == (
        Answer.NONE,
        "the next plan would then also move the recurring or cancellation of contoso/visio",
    )
    assert reply.instead == "if it is meant, write it by hand: `owner: ada`"


def test_what_would_keep_the_plan_from_something_is_left_to_a_person() -> None:
    ledger = two_runs(spec(f"{ON}    protect: true\n"), spec(f"{OFF}    protect: false\n"))
    (reply,) = ledger.undo().replies
    assert reply.why.startswith("the next plan would then hold back what it is to do: protected")
    assert reply.instead == "if it is meant, write it by hand: `protect: true`"


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


def test_an_error_that_the_spec_would_hold_is_told() -> None:
    ledger = two_runs(spec(""), spec("", facts=FACTS.replace("start", "billing: monthly, start")))
    ledger.texts[FILE] = spec(
        "    owner: it\n", facts=FACTS.replace("annual, start", "monthly, billing: monthly, start")
    )
    (reply,) = ledger.undo().replies
    assert (reply.answer, reply.why) == (
        Answer.NONE,
        "its spec would be wrong: a billing cycle longer than the term: billing annual, term monthly, for 'visio'",
    )
    assert reply.instead == "charge it once a term, or more often"


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


def a_candidate(name: str, matter: str = PAIR, kind: Kind = Kind.TURN_OFF, **more: object) -> Candidate:
    """One that is to turn a subscription on again."""
    change = a_change(kind, f"contoso/{name}")
    reply = Reply(journaled("run-1", change), change.key, Answer.PATCH, place=PLACE)
    return Candidate(reply, change.key, change.key, Rewrite(), {matter: pair_to(Kind.TURN_ON, "on", "none")}, **more)


def a_plan(*changes: Change, blocked: tuple[Blocked, ...] = ()) -> Plan:
    """A plan of these."""
    return Plan(NOW, Bindings("", "", None, 0), changes, blocked)


class TestForeignEffects:
    """What no spec that we know of brings about; the proof holds all the same."""

    def test_a_change_of_another_subscription_leaves_none(self) -> None:
        ours, others = a_change(Kind.TURN_ON, "contoso/a"), a_change(Kind.TURN_OFF, "contoso/z")
        proof = Proof(a_plan(), lambda candidates: (DesiredState(), a_plan(ours, others)))
        assert proof.settle([], [a_candidate("a")]) == []
        assert [reason.why for _, reason in proof.reasons] == [
            "the next plan would then also move the recurring or cancellation of contoso/z"
        ]

    def test_a_change_that_another_no_longer_makes_leaves_none(self) -> None:
        ours, others = a_change(Kind.TURN_ON, "contoso/a"), a_change(Kind.RENAME, "contoso/z")
        proof = Proof(a_plan(others), lambda candidates: (DesiredState(), a_plan(ours)))
        assert proof.settle([], [a_candidate("a")]) == []
        assert proof.reasons[0][1].why == "the next plan would then no longer move the name of contoso/z"

    def test_what_joins_what_is_settled_must_not_disturb_it(self) -> None:
        """Either alone is fine, both together are not."""

        def replan(candidates: object) -> tuple[DesiredState, Plan]:
            found = [a_change(Kind.TURN_ON, str(one.key)) for one in candidates]  # type: ignore[attr-defined]
            strange = [a_change(Kind.UPDATE, "contoso/z")] if len(found) > 1 else []
            return DesiredState(), a_plan(*found, *strange)

        first, second = a_candidate("a"), a_candidate("b")
        proof = Proof(a_plan(), replan)
        assert proof.settle([], [first, second]) == [first]
        assert [one for one, _ in proof.reasons] == [second]

    def test_one_that_breaks_what_is_settled_is_out(self) -> None:
        def replan(candidates: object) -> tuple[DesiredState, Plan]:
            last = list(candidates)[-1]  # type: ignore[call-overload]
            return DesiredState(), a_plan(a_change(Kind.TURN_ON, str(last.key)))

        first, second = a_candidate("a"), a_candidate("b")
        proof = Proof(a_plan(), replan)
        assert proof.settle([first], [second]) == []
        assert proof.reasons == [(second, Reason("the next plan would not take it back"))]

    def test_a_block_of_the_pair_is_the_pairs(self) -> None:
        update, pair = a_candidate("a", "seats", Kind.UPDATE), a_candidate("a")
        moves = (a_change(Kind.UPDATE, "contoso/a", after=update.expected), a_change(Kind.TURN_ON, "contoso/a"))
        bar = Blocked(a_key("contoso/a"), Kind.TURN_ON, "odd", "it is odd", "", PLACE)
        proof = Proof(a_plan(), lambda candidates: (DesiredState(), a_plan(*moves[: len(candidates)], blocked=(bar,))))
        assert proof.settle([], [update, pair]) == []
        assert [one for one, _ in proof.reasons] == [pair, update]

    def test_what_cannot_be_written_together_is_found_by_halves(self) -> None:
        def replan(candidates: object) -> tuple[DesiredState, Plan]:
            found = [a_change(Kind.TURN_ON, str(one.key)) for one in candidates]  # type: ignore[attr-defined]
            if len(found) > 1:
                raise Unsafe("it shares its line")
            return DesiredState(), a_plan(*found)

        first, second = a_candidate("a"), a_candidate("b")
        proof = Proof(a_plan(), replan)
        assert proof.settle([], [first, second]) == [first]
        assert proof.reasons == [(second, unedited(Unsafe("it shares its line")))]
