"""The whole suite as one class, and what no bench may leave out: without it, everything could be skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from reconciler.testing.conformance.bench import Bench, Case, Mishap, NotOffered, Requests, Who
from reconciler.testing.conformance.broken_reading import BrokenReading
from reconciler.testing.conformance.broken_writing import BrokenWriting
from reconciler.testing.conformance.discretion import Discretion
from reconciler.testing.conformance.driven import Driven
from reconciler.testing.conformance.reading import Reading
from reconciler.testing.conformance.shape import Shape
from reconciler.testing.conformance.signing_in import SigningIn
from reconciler.testing.conformance.trial import Trial, must
from reconciler.testing.conformance.writing import Writing

_SIGN_INS = (Who.WRITER, Who.EXPIRED)
_CASES = (Case.RENEWING, Case.ENDED, Case.UNKNOWN, Case.UNREADABLE)
_READS = (Mishap.THROTTLE, Mishap.UNAVAILABLE, Mishap.DROP_BEFORE_COMMIT, Mishap.INVALID_JSON)
_WRITES = (Mishap.DROP_BEFORE_COMMIT, Mishap.DROP_AFTER_COMMIT, Mishap.STATUS_AFTER_COMMIT, Mishap.LIE)


class Benched:
    """The fixtures that every part of the suite asks for."""

    @pytest.fixture
    def bench(self) -> Iterator[Bench]:
        """The provider beside an emulator of its vendor: whoever derives says which."""
        raise NotImplementedError("write a fixture `bench` that yields a Bench")

    @pytest.fixture
    def trial(self, bench: Bench) -> Iterator[Trial]:
        """The bench, and what a test opens at it, which is closed again."""
        trial = Trial(bench)
        yield trial
        trial.close()


class ProviderConformance(
    Shape, SigningIn, Reading, BrokenReading, Writing, BrokenWriting, Driven, Discretion, Benched
):
    """Every fact that the product relies on. Derive a class from it whose name begins with Test, with a fixture
    `bench` that yields a fresh `Bench`.
    """

    def test_the_bench_offers_what_every_vendor_has(self, trial: Trial) -> None:
        """Some sign-ins, cases and mishaps no bench can do without: they are what the other tests are made of."""
        bench = trial.bench
        asks: dict[str, Callable[[], object]] = {
            f"to sign in as {who}": partial(bench.opening, who) for who in _SIGN_INS
        }
        asks |= {f"one that is {case}": partial(bench.seed, case) for case in _CASES}
        for requests, mishaps in ((Requests.LIST, _READS), (Requests.GET, _READS), (Requests.WRITE, _WRITES)):
            asks |= {f"{mishap} of a {requests}": partial(bench.meet, mishap, requests) for mishap in mishaps}
        missing = [what for what, ask in asks.items() if not _has(ask)]
        must(not missing, f"the bench does not offer {', '.join(missing)}")


def _has(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except NotOffered:
        return False
    return True
