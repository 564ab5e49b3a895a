from __future__ import annotations

from typing import Any

import pytest

from reconciler.answers import Done, Identity
from reconciler.changes import INTENTS, Kind
from reconciler.errors import SignInFailed, Unreachable
from reconciler.observed import Obstacle
from reconciler.testing.conformance import Who
from reconciler.testing.conformance.signing_in import SigningIn
from tests.testing.conformance.acme_provider import AcmeReader, AcmeWriter
from tests.testing.conformance.broken import Wrong, answering, raising, unbroken

EXPIRED = "test_credentials_that_expired_are_a_failed_sign_in"
WEAK = "test_who_may_only_read_changes_nothing"
NOTHING = {"check": answering(None)}


def good_or_absent(self: Any, answer: Any) -> Any:
    return {} if answer.status == 401 else AcmeReader.good(self, answer)


def none_where_refused(self: Any, id: str) -> Any:
    return None if self.asked("/v1/account").status == 401 else AcmeReader.get(self, id)


def looking_by_writing(self: Any, cursor: str | None) -> Any:
    found = next(iter(AcmeReader.observe(self, None).items))
    self.send("POST", f"/v1/subscriptions/{found.id}/renew", idempotency_key="look")
    return AcmeReader.observe(self, cursor)


def weak_is_unsure(self: Any, answer: Any) -> Any:
    return self.lost("perhaps") if answer.status == 403 else AcmeWriter.told(self, answer)


def of_the_role(self: Any, raw: Any, status: Any) -> Any:
    """Barred for the writer alone."""
    is_writer = isinstance(self, AcmeWriter)
    return dict.fromkeys(INTENTS - {Kind.TURN_OFF}, Obstacle("suspended", "no")) if is_writer else {}


WRONGS = [
    Wrong(
        "test_whoever_may_be_here_passes_the_check",
        "turned away: SignInFailed",
        {"check": raising(SignInFailed("sign-in-failed", "no"))},
        given={"who": Who.READER},
    ),
    Wrong(EXPIRED, "check, expired: it answered None", NOTHING, given={"ask": "check"}),
    Wrong(
        EXPIRED,
        "raised Unreachable, where SignInFailed",
        {"good": raising(Unreachable("unreachable", "no"))},
        given={"ask": "observe"},
    ),
    Wrong(EXPIRED, "get, expired: it answered None", {"get": none_where_refused}, given={"ask": "get"}),
    Wrong(
        EXPIRED, "raised KeyError, which is no ProviderTrouble", {"good": raising(KeyError("id"))}, given={"ask": "get"}
    ),
    Wrong("test_no_credentials_at_all_are_a_failed_sign_in", "without credentials: it answered None", NOTHING),
    Wrong("test_somebody_of_another_tenant_is_turned_away_first", "it answered None", NOTHING),
    Wrong(WEAK, "may only read: Ambiguous", writing={"told": weak_is_unsure}),
    Wrong(WEAK, "may only read: Done", writing={"ordered": answering(Done())}),
    Wrong("test_whoami_tells_somebody", "nobody's name", {"whoami": answering(Identity(" "))}),
    Wrong("test_whoami_tells_somebody", "whoami answers None", {"whoami": answering(None)}),
    Wrong("test_reading_changes_nothing", "reading changed something", {"observe": looking_by_writing}),
    Wrong("test_what_is_offered_is_the_same_for_every_sign_in", "planning is told", {"barred": of_the_role}),
]


@pytest.mark.parametrize("wrong", WRONGS, ids=str)
def test_the_suite_catches_what_is_wrong(wrong: Wrong) -> None:
    wrong.is_caught(SigningIn)


def test_every_fact_can_fail() -> None:
    assert unbroken(SigningIn, WRONGS) == set()
