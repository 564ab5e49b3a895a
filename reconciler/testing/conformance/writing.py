"""What a provider's verbs do where nothing goes wrong: one effect each, read back as asked, and nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from reconciler.answers import Accepted, Done, Rejected
from reconciler.changes import Kind
from reconciler.errors import ProviderTrouble
from reconciler.noticing import reached
from reconciler.observed import BOTH_ENDS, ObservedSubscription
from reconciler.ports import Writer
from reconciler.testing.conformance.bench import Case, Who
from reconciler.testing.conformance.trial import (
    KINDS,
    STANDS,
    Trial,
    end_of,
    is_offered,
    must,
    number,
    offered,
    sent,
    shown,
)

_KINDS = [pytest.param(kind, id=kind.value) for kind in KINDS]
_GENTLE = [pytest.param(kind, id=kind.value) for kind in KINDS if kind is not Kind.CANCEL_NOW]
_LIVING = [pytest.param(case, id=case.value) for case in (Case.RENEWING, Case.OFF, Case.STOPPING, Case.SUSPENDED)]
THREADS = 8


class Writing:
    """Facts about orders that are answered."""

    @pytest.mark.parametrize("kind", _KINDS)
    def test_a_verb_does_what_it_says_or_is_barred_and_refused(self, trial: Trial, kind: Kind) -> None:
        """Offered: exactly one effect, on that subscription, and it reads back as asked. Barred: Rejected when it is
        sent all the same, and nothing is done.
        """
        id, other = trial.seed(STANDS[kind]), trial.seed(Case.RENEWING)
        writer = trial.writer()
        seen = trial.get(writer, id)
        if is_offered(kind, seen):
            self._does(trial, writer, kind, seen)
        elif kind in seen.capabilities.barred:
            answer = trial.send(writer, trial.order(kind, seen))
            must(isinstance(answer, Rejected), f"{kind} is barred, and sent all the same it answers {shown(answer)}")
            must(not trial.bench.effects(), f"{kind} is barred, and it did {trial.bench.effects()}")
        must(not trial.effects(other), "another subscription was changed as well")

    def _does(self, trial: Trial, writer: Writer, kind: Kind, seen: ObservedSubscription) -> None:
        change = trial.change(kind, seen)
        answer = trial.finish(writer, trial.send(writer, trial.order(kind, seen)))
        must(answer == Done(), f"{kind} ends with {shown(answer)}")
        done = trial.effects(seen.id)
        must(len(done) == 1, f"{kind} had {len(done)} effects: {done}")
        after = trial.get(writer, seen.id)
        held = f"status {after.status}, recurring {after.recurring}, cancellation {after.cancellation}"
        must(reached(change, after), f"after {kind} it shows {held}, and not {dict(change.after)}")

    @pytest.mark.parametrize("kind", _GENTLE)
    @pytest.mark.parametrize("case", _LIVING)
    def test_no_verb_but_cancel_now_ends_anything_before_its_term(self, trial: Trial, case: Case, kind: Kind) -> None:
        """Whatever it is sent for, and whatever it answers: it lives, and its term is the same."""
        id = trial.seed(case)
        writer = trial.writer()
        before = trial.get(writer, id)
        answer = trial.finish(writer, trial.send(writer, trial.order(kind, before)))
        after = trial.get(writer, id)
        must(not after.status.ended, f"{kind} answered {shown(answer)}, and it is {after.status} at once")
        must(after.term == before.term, f"{kind} moved its term from {before.term} to {after.term}")
        early = after.effective_at is not None and after.term is not None and after.effective_at < after.term.end
        must(not early, f"after {kind} it ends on {after.effective_at}, before its term does")
        must(len(trial.effects(id)) <= 1, f"{kind} had several effects: {trial.effects(id)}")

    @pytest.mark.parametrize("kind", _KINDS)
    def test_an_order_for_what_has_ended_is_answered_and_harmless(self, trial: Trial, kind: Kind) -> None:
        """Rejected where it is barred, unless it stands already: that may be Done. It is never raised."""
        id = trial.seed(Case.ENDED)
        writer = trial.writer()
        seen = trial.get(writer, id)
        answer = trial.finish(writer, trial.send(writer, trial.order(kind, seen)))
        if kind in seen.capabilities.barred:
            stands = reached(trial.change(kind, seen), seen) and answer == Done()
            said = f"{kind} is barred on what has ended, and answers {shown(answer)}"
            must(stands or isinstance(answer, Rejected), said)
            must(not trial.effects(id), f"{kind} is barred on what has ended, and did {trial.effects(id)}")
        must(len(trial.effects(id)) <= 1, f"{kind} had several effects: {trial.effects(id)}")

    def test_an_order_for_what_is_not_there_is_refused(self, trial: Trial) -> None:
        """Rejected, or ProviderTrouble where nothing was sent: it vanished between the look and the order."""
        writer = trial.writer()
        seen = trial.get(writer, trial.seed(Case.RENEWING))
        gone = _named(seen, trial.bench.absent)
        answer = sent(writer, trial.order(end_of(seen), gone))
        must(isinstance(answer, Rejected | ProviderTrouble), f"an order for what nobody has answers {shown(answer)}")
        must(not trial.bench.effects(), f"an order for what nobody has did {trial.bench.effects()}")

    def test_an_order_for_what_can_be_no_id_is_refused(self, trial: Trial) -> None:
        """Rejected, or ProviderTrouble where nothing was sent; no other path of the API is written to."""
        writer = trial.writer()
        seen = trial.get(writer, trial.seed(Case.RENEWING))
        for id in ("../x", "a/b", "", "a?b=c"):
            answer = sent(writer, trial.order(end_of(seen), _named(seen, id)))
            must(isinstance(answer, Rejected | ProviderTrouble), f"an order for {id!r} answers {shown(answer)}")
        must(not trial.bench.effects(), f"orders for what can be no id did {trial.bench.effects()}")

    @pytest.mark.parametrize("kind", _KINDS)
    def test_the_same_order_sent_twice_has_one_effect(self, trial: Trial, kind: Kind) -> None:
        """With its operation id, where the writer says that it is idempotent: after a crash it is sent again."""
        id = trial.seed(STANDS[kind])
        writer = trial.writer()
        if not writer.idempotent:
            pytest.skip("not offered: the writer says that a repeat may have a second effect")
        seen = trial.get(writer, id)
        if not is_offered(kind, seen):
            pytest.skip(f"not offered: {kind}")
        for _ in range(2):
            order = trial.order(kind, seen, number(4711))
            answer = trial.finish(writer, trial.send(writer, order))
            must(answer == Done(), f"{kind}, sent again with its operation id, answers {shown(answer)}")
        must(len(trial.effects(id)) == 1, f"sent twice, {kind} had {len(trial.effects(id))} effects")
        must(reached(trial.change(kind, seen), trial.get(writer, id)), f"sent twice, {kind} does not stand")

    def test_off_on_and_off_again_is_off(self, trial: Trial) -> None:
        """Three orders with three operation ids are three: a key made of the wish alone would replay the first."""
        id = trial.seed(Case.RENEWING)
        writer = trial.writer()
        end = end_of(trial.get(writer, id))
        back = Kind.UNDO_CANCEL if end is Kind.CANCEL_AT_RENEWAL else Kind.TURN_ON
        for kind in (end, back, end):
            seen = trial.get(writer, id)
            answer = trial.finish(writer, trial.send(writer, trial.order(kind, seen)))
            must(answer == Done(), f"{kind} ends with {shown(answer)}")
            must(reached(trial.change(kind, seen), trial.get(writer, id)), f"{kind} is done, and does not stand")
        must(len(trial.effects(id)) == 3, f"three orders had {len(trial.effects(id))} effects")

    def test_an_order_on_what_was_changed_meanwhile_is_refused(self, trial: Trial) -> None:
        """Rejected, where the provider shows revisions: somebody else was quicker, and the plan is no longer right."""
        id = trial.seed(Case.RENEWING)
        writer = trial.writer()
        seen = trial.get(writer, id)
        if seen.revision is None:
            pytest.skip("not offered: it shows no revision")
        offered(lambda: trial.bench.change_outside(id))
        answer = trial.send(writer, trial.order(end_of(seen), seen))
        must(isinstance(answer, Rejected), f"an order on an old revision answers {shown(answer)}")
        if isinstance(answer, Rejected):
            must(answer.code == "revision-moved", f"it is rejected as {answer.code}, and not as revision-moved")
        must(not trial.effects(id), f"an order on an old revision did {trial.effects(id)}")

    def test_what_was_accepted_is_told_by_its_token_to_another_writer(self, trial: Trial) -> None:
        """A token is all that is needed, in another process: the one that sent the order is closed."""
        for kind in KINDS:
            id = trial.seed(STANDS[kind])
            writer = trial.writer()
            seen = trial.get(writer, id)
            if not is_offered(kind, seen):
                continue
            answer = trial.send(writer, trial.order(kind, seen))
            if isinstance(answer, Accepted):
                writer.close()
                later = trial.writer()
                must(trial.finish(later, answer) == Done(), f"{kind}, asked for by its token, is not done")
                must(reached(trial.change(kind, seen), trial.get(later, id)), f"{kind} does not stand")
                return
        pytest.skip("not offered: every order is answered at once")

    def test_orders_of_several_threads_do_not_mix(self, trial: Trial) -> None:
        """One writer, eight threads: each order has its one effect on its own subscription."""
        ids = [trial.seed(Case.RENEWING) for _ in range(2 * THREADS)]
        writer = trial.writer()
        writer.check()
        kinds = {id: end_of(trial.get(writer, id)) for id in ids}
        with ThreadPoolExecutor(THREADS) as pool:
            answers = list(pool.map(lambda id: trial.carry_out(writer, kinds[id], id), ids))
        must(all(answer == Done() for answer in answers), f"among the answers: {max(map(shown, answers))}")
        wrong = [id for id in ids if len(trial.effects(id)) != 1]
        must(not wrong, f"{len(wrong)} of {len(ids)} had none or several effects")

    def test_reads_of_several_threads_do_not_mix(self, trial: Trial) -> None:
        """One reader, eight threads: each is answered what it asked for."""
        ids = [trial.seed(Case.RENEWING) for _ in range(3 * THREADS)]
        reader = trial.reader()
        reader.check()
        with ThreadPoolExecutor(THREADS) as pool:
            found = list(pool.map(reader.get, ids))
        must([seen and seen.id for seen in found] == ids, "a thread was answered another's subscription")

    def test_a_verb_that_is_no_way_to_end_is_told_by_the_capabilities(self, trial: Trial) -> None:
        """At least one way to end at term, no other verb among `ends`, and every obstacle with a code and words."""
        seen = trial.get(trial.writer(Who.WRITER), trial.seed(Case.RENEWING))
        held = seen.capabilities
        must(held.ends and held.ends <= BOTH_ENDS, f"`ends` is {sorted(held.ends)}")
        must(is_offered(end_of(seen), seen), "it renews, and nothing ends it")
        mute = [kind for kind, why in held.barred.items() if not (why.code and why.detail)]
        must(not mute, f"barred without a word why: {', '.join(sorted(mute))}")


def _named(seen: ObservedSubscription, id: str) -> ObservedSubscription:
    return replace(seen, id=id)
