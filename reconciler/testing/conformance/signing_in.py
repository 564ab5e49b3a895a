"""Who is signed in: what a provider says of good credentials, and which trouble it raises for each sort of bad ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from reconciler.answers import Identity, Rejected
from reconciler.changes import Kind
from reconciler.errors import RoleTooWeak, SignInFailed, WrongTenant
from reconciler.observed import ObservedSubscription
from reconciler.ports import Opening, Reader
from reconciler.testing.conformance.bench import Case, Who
from reconciler.testing.conformance.trial import KINDS, Trial, end_of, is_offered, must, sent, shown, troubled


class SigningIn:
    """Facts about `check`, `whoami`, and what a sign-in may do."""

    @pytest.mark.parametrize("who", [Who.WRITER, Who.READER], ids=str)
    def test_whoever_may_be_here_passes_the_check(self, trial: Trial, who: Who) -> None:
        """`check` raises nothing for the account's own tenant."""
        reader = trial.reader(who)
        try:
            reader.check()
        except Exception as error:
            raise AssertionError(f"the {who} was turned away: {type(error).__name__}: {error}") from error

    @pytest.mark.parametrize("ask", ["check", "observe", "get"])
    def test_credentials_that_expired_are_a_failed_sign_in(self, trial: Trial, ask: str) -> None:
        """SignInFailed, whatever is asked first: never a short list, and never None."""
        opening, id = trial.opening(Who.EXPIRED), trial.seed(Case.RENEWING)
        troubled(lambda: _asked(_opened(trial, opening), ask, id), SignInFailed, doing=f"{ask}, expired")

    def test_no_credentials_at_all_are_a_failed_sign_in(self, trial: Trial) -> None:
        """SignInFailed, at the latest from `check`; opening may say so already."""
        opening = trial.opening(Who.NOBODY)
        troubled(lambda: _opened(trial, opening).check(), SignInFailed, doing="without credentials")

    def test_somebody_of_another_tenant_is_turned_away_first(self, trial: Trial) -> None:
        """WrongTenant from `check`, or from opening: the account pins whose subscriptions these are."""
        opening = trial.opening(Who.STRANGER)
        troubled(lambda: _opened(trial, opening).check(), WrongTenant, doing="signed in at another tenant")

    def test_who_may_only_read_changes_nothing(self, trial: Trial) -> None:
        """Every verb that is offered is Rejected as role-too-weak, or raises RoleTooWeak; nothing is changed."""
        writer = trial.writer(Who.READER)
        seen = trial.get(writer, trial.seed(Case.RENEWING))
        for kind in (end_of(seen), Kind.CANCEL_NOW):
            if is_offered(kind, seen):
                answer = sent(writer, trial.order(kind, seen))
                refused = isinstance(answer, Rejected) and answer.code == "role-too-weak"
                said = f"{kind} by somebody who may only read: {shown(answer)}, where role-too-weak says what it is"
                must(refused or isinstance(answer, RoleTooWeak), said)
        must(not trial.bench.effects(), f"somebody who may only read changed something: {trial.bench.effects()}")

    def test_whoami_tells_somebody(self, trial: Trial) -> None:
        """A name, and the tenant where the vendor tells one."""
        told = trial.reader(Who.WRITER).whoami()
        must(isinstance(told, Identity), f"whoami answers {shown(told)}")
        must(told.name.strip(), "whoami answers nobody's name")

    def test_reading_changes_nothing(self, trial: Trial) -> None:
        """Check, every page, each one alone, whoami, even by somebody who may write: the vendor's ledger is empty."""
        ids = [trial.seed(Case.RENEWING) for _ in range(3)]
        reader = trial.reader(Who.WRITER)
        reader.check()
        cursor = reader.observe(None).cursor
        while cursor is not None:
            cursor = reader.observe(cursor).cursor
        for id in ids:
            reader.get(id)
        reader.whoami()
        must(not trial.bench.effects(), f"reading changed something: {trial.bench.effects()}")

    def test_what_is_offered_is_the_same_for_every_sign_in(self, trial: Trial) -> None:
        """What a reader says can be done is what a writer says: plans are made by the one, and applied by the other."""
        id = trial.seed(Case.RENEWING)
        one, other = trial.get(trial.reader(), id), trial.get(trial.writer(), id)
        same = all(is_offered(kind, one) == is_offered(kind, other) for kind in KINDS)
        must(same, f"planning is told {_offers(one)}, an apply {_offers(other)}")


def _opened(trial: Trial, opening: Opening) -> Reader:
    reader = trial.bench.provider.reader(opening)
    trial.opened.append(reader)
    return reader


def _asked(reader: Reader, ask: str, id: str) -> object:
    asks: Mapping[str, Callable[[], object]] = {
        "check": reader.check,
        "observe": lambda: reader.observe(None),
        "get": lambda: reader.get(id),
    }
    return asks[ask]()


def _offers(seen: ObservedSubscription) -> str:
    return ", ".join(kind for kind in KINDS if is_offered(kind, seen)) or "nothing"
