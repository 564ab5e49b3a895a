from __future__ import annotations

import logging
import sys
from typing import Any

import pytest

from reconciler.answers import Accepted, Ambiguous
from reconciler.errors import SignInFailed
from reconciler.testing.conformance.discretion import MARK, Discretion, Told
from reconciler.testing.conformance.trial import Trial
from tests.testing.conformance.acme import a_bench
from tests.testing.conformance.acme_provider import AcmeReader, AcmeWriter
from tests.testing.conformance.broken import Wrong, unbroken

MARKED = "test_a_wrong_secret_shows_nowhere"
RIGHT = "test_the_right_secret_shows_nowhere"
SAFE = {"trouble": "none"}


def quoting(self: Any, answer: Any) -> Any:
    if answer.status == 401:
        raise SignInFailed("sign-in-failed", f"Acme does not take {self.token().reveal()}")
    return AcmeReader.good(self, answer)


def from_cause(self: Any, answer: Any) -> Any:
    if answer.status == 401:
        try:
            raise ValueError(self.token().reveal())
        except ValueError as error:
            raise SignInFailed("sign-in-failed", "Acme does not take the token") from error
    return AcmeReader.good(self, answer)


def logging_it(self: Any, *given: Any, **headers: Any) -> Any:
    logging.getLogger("acme").debug("sent with %s", self.token().reveal())
    return AcmeReader.send(self, *given, **headers)


def printing_it(self: Any, *given: Any, **headers: Any) -> Any:
    sys.stderr.write(f"Authorization: {self.token().reveal()}\n")
    return AcmeReader.send(self, *given, **headers)


def shown(self: Any) -> str:
    return f"AcmeReader({self.token().reveal()})"


def in_the_token(self: Any, answer: Any) -> Any:
    told = AcmeWriter.succeeded(self, answer)
    return Accepted(f"{told.token} {self.token().reveal()}") if isinstance(told, Accepted) else told


def in_the_answer(self: Any, why: str) -> Any:
    return Ambiguous(f"{why} to {self.token().reveal()}")


WRONGS = [
    Wrong(MARKED, r"(?s)an answer, an error or a repr shows a secret: .*does not take \[SECRET\]", {"good": quoting}),
    Wrong(MARKED, "(?s)an error or a repr shows a secret: .*ValueError", {"good": from_cause}),
    Wrong(MARKED, "a log record shows a secret", {"send": logging_it}),
    Wrong(RIGHT, "the output shows a secret", {"send": printing_it}, given=SAFE),
    Wrong(RIGHT, r"repr shows a secret: AcmeReader\(\[SECRET\]", {"__repr__": shown}, given=SAFE),
    Wrong(RIGHT, "an answer, an error or a repr", writing={"succeeded": in_the_token}, given=SAFE),
    Wrong(RIGHT, "no answer came to", writing={"lost": in_the_answer}, given={"trouble": "drop-after-commit"}),
]


@pytest.mark.parametrize("wrong", WRONGS, ids=str)
def test_the_suite_catches_what_is_wrong(
    wrong: Wrong, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    wrong.is_caught(Discretion, caplog=caplog, capfd=capfd)


def test_every_fact_can_fail() -> None:
    assert unbroken(Discretion, WRONGS) == set()


def test_secrets_that_are_no_secrets_are_not_looked_for(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    bench = a_bench()
    bench.secrets = {who: dict.fromkeys(given, "abc") for who, given in bench.secrets.items()}
    with pytest.raises(pytest.skip.Exception, match="none that could be told from other words"):
        Discretion().test_the_right_secret_shows_nowhere(Trial(bench), caplog, capfd, "none")


def test_what_was_raised_from_something_is_told_with_it() -> None:
    told = Told()

    def ask() -> None:
        try:
            raise KeyError(MARK)
        except KeyError as error:
            raise ValueError("outside") from error

    told.of(ask)
    assert any(MARK in text for text in told.texts)
    assert any("outside" in text for text in told.texts)
