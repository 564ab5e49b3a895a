"""The suite as a whole: every fact of every part is in it, can fail, and costs nobody who does not ask for it.

That each part catches what is wrong, the tests of the parts show, in `conformance`.
"""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from typing import Any

import pytest

from reconciler.testing import conformance
from reconciler.testing.conformance import Bench, Case, Mishap, NotOffered, ProviderConformance, Requests, Who
from reconciler.testing.conformance.suite import Benched
from reconciler.testing.conformance.trial import Trial
from tests.testing.conformance.acme import AcmeBench, a_bench
from tests.testing.conformance.broken import facts

PARTS = [part for part in ProviderConformance.__mro__[1:-1] if part is not Benched]


def test_no_part_hides_a_fact_of_another() -> None:
    named = [name for part in (ProviderConformance, *PARTS) for name in facts(part)]
    assert len(named) == len(set(named)) > 60


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_every_part_is_shown_to_catch_what_is_wrong(part: type) -> None:
    name = part.__module__.rpartition(".")[2]
    shown: Any = import_module(f"tests.testing.conformance.test_{name}")
    assert facts(part) == {wrong.test for wrong in shown.WRONGS}


def test_every_fact_says_in_words_what_it_is() -> None:
    mute = [name for part in (ProviderConformance, *PARTS) for name in facts(part) if not getattr(part, name).__doc__]
    assert mute == []


def test_neither_the_emulators_nor_the_product_need_pytest() -> None:
    code = (
        "import reconciler.testing, reconciler.testing.emulators.stripe, reconciler.runtime, sys; "
        "sys.exit(sum(name.partition('.')[0] in ('pytest', '_pytest') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_an_author_needs_is_offered_in_one_place() -> None:
    assert {name for name in conformance.__all__ if not hasattr(conformance, name)} == set()


def test_a_class_without_a_bench_says_what_it_lacks() -> None:
    with pytest.raises(NotImplementedError, match="write a fixture `bench`"):
        ProviderConformance.bench.__wrapped__(ProviderConformance())  # type: ignore[attr-defined]  # of a fixture


class Scant(AcmeBench):
    """Leaves out what every vendor has."""

    def opening(self, who: Who) -> Any:
        if who is Who.EXPIRED:
            raise NotOffered("nobody expires")
        return super().opening(who)

    def seed(self, case: Case) -> str:
        if case is Case.UNKNOWN:
            raise NotOffered("all words are known")
        return super().seed(case)

    def meet(self, mishap: Mishap, requests: Requests, times: int | None = 1) -> None:
        if mishap is Mishap.DROP_AFTER_COMMIT:
            raise NotOffered("nothing is ever lost")
        super().meet(mishap, requests, times)


def test_a_bench_that_leaves_out_what_every_vendor_has_fails() -> None:
    whole = a_bench()
    scant = Scant(whole.emulator, whole.url, whole.provider, whole.account, whole.absent, whole.secrets)
    missing = "to sign in as expired, one that is of unknown status, drop-after-commit of a write"
    with pytest.raises(AssertionError, match=f"does not offer {missing}$"):
        ProviderConformance().test_the_bench_offers_what_every_vendor_has(Trial(scant))


def test_a_bench_of_emulators_is_a_bench() -> None:
    bench: Bench = a_bench()
    assert bench.provider.name == bench.account.provider
