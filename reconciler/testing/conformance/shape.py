"""What a provider is before anybody is asked anything: its words, its two halves, and what loading it costs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from math import isfinite

from reconciler.answers import Pace
from reconciler.errors import ReconcilerError
from reconciler.ports import Reader
from reconciler.registry import check_provider
from reconciler.spec.options import missing_options
from reconciler.spec.trusted import SHIPPED
from reconciler.testing.conformance.bench import Who
from reconciler.testing.conformance.trial import Trial, must

VERBS = (
    "turn_on_recurring",
    "turn_off_recurring",
    "cancel_at_renewal",
    "undo_cancel",
    "cancel_now",
    "reactivate",
)
"""The methods that write."""
_READS = ("check", "observe", "get", "whoami", "close")

# What a provider may lean on is loaded first; what is new after it is what loading the provider brought.
_LOADING = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
import reconciler.ports, reconciler.registry, reconciler.terms, orjson
known = set(sys.modules)
from importlib import import_module
getattr(import_module(sys.argv[2]), sys.argv[3])()
print(json.dumps(sorted({name.partition(".")[0] for name in set(sys.modules) - known})))
"""


class Shape:
    """Facts about a provider as it is loaded and opened."""

    def test_it_is_a_provider_of_these_ports(self, trial: Trial) -> None:
        """Name, version, options, required ones, slots and both openings are as `ports.Provider` has them."""
        provider = trial.bench.provider
        try:
            check_provider(trial.bench.account.provider, provider)
        except ReconcilerError as error:
            raise AssertionError(error.message) from error
        unexplained = [name for name, meaning in provider.options.items() if not str(meaning).strip()]
        must(not unexplained, f"options without a meaning: {', '.join(unexplained)}")

    def test_its_lifecycle_is_one_that_ships(self, trial: Trial) -> None:
        """What follows the end of a term can be looked up."""
        name = trial.bench.provider.lifecycle
        must(name in SHIPPED, f"no lifecycle that ships is called {name}; there are: {', '.join(sorted(SHIPPED))}")

    def test_the_account_of_the_bench_is_one_that_settings_can_have(self, trial: Trial) -> None:
        """Its provider's name, all that is required, and no option that the provider does not know."""
        account, provider = trial.bench.account, trial.bench.provider
        must(account.provider == provider.name, f"the account names {account.provider}, and not {provider.name}")
        must(account.outside, f"{account.provider} is a provider of the product's own")
        missing = missing_options(account, provider)
        must(not missing, f"the account lacks what the provider requires: {', '.join(missing)}")
        unknown = sorted(set(account.options) - set(provider.options))
        must(not unknown, f"the account has options that the provider does not know: {', '.join(unknown)}")

    def test_loading_it_imports_no_library(self, trial: Trial) -> None:
        """A fresh interpreter that makes the provider has loaded nothing but it, the product and Python itself."""
        made = type(trial.bench.provider)
        own = made.__module__.partition(".")[0]
        words = [sys.executable, "-c", _LOADING, json.dumps(sys.path), made.__module__, made.__qualname__]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
        must(done.returncode == 0, f"{made.__qualname__}() cannot be made without words: {done.stderr[-500:]}")
        brought = set(json.loads(done.stdout)) - set(sys.stdlib_module_names) - {own, "reconciler"}
        said = f"loading it imports {', '.join(sorted(brought))}: import that where an account is opened"
        must(not brought, said)

    def test_what_planning_gets_can_read_and_has_no_verb(self, trial: Trial) -> None:
        """The reading half has no method that writes: a plan cannot change anything, whoever is signed in."""
        reader = trial.reader()
        _must_have(reader, _READS, "the reading half")
        verbs = [verb for verb in VERBS if hasattr(reader, verb)]
        must(not verbs, f"what `reader` opens can write: it has {', '.join(verbs)}")

    def test_what_an_apply_gets_has_every_verb(self, trial: Trial) -> None:
        """The writing half has all methods, and says whether a repeat is harmless and when a read shows the truth."""
        writer = trial.writer()
        _must_have(writer, (*_READS, *VERBS, "poll"), "the writing half")
        must(isinstance(writer.idempotent, bool), "`idempotent` is neither True nor False")
        seconds = writer.settles_within
        must(isfinite(seconds) and 0 <= seconds <= 3600, f"`settles_within` is {seconds!r}: seconds, from 0 to an hour")

    def test_its_pace_is_one_that_can_be_kept(self, trial: Trial) -> None:
        """Rates above nothing, threads, and where the limits are published."""
        for half in (trial.reader(), trial.writer()):
            pace = half.pace
            must(isinstance(pace, Pace), f"`pace` is {pace!r}")
            rates = (pace.reads, pace.writes)
            must(all(isfinite(rate) and rate > 0 for rate in rates), f"its pace is {rates} requests a second")
            must(1 <= pace.threads <= 64, f"its pace allows {pace.threads} threads; 1 to 64 are of use")
            must(pace.burst >= 0, f"its pace has a burst of {pace.burst}")
            must(pace.source.strip(), "its pace does not say where the limits are published")

    def test_opening_it_asks_nobody(self, trial: Trial) -> None:
        """Both halves open at an address where nobody answers: what cannot be reached is told when it is asked."""
        opening = trial.elsewhere(trial.opening(Who.WRITER), "http://127.0.0.1:9")
        for name in ("reader", "writer"):
            try:
                trial.opened.append(getattr(trial.bench.provider, name)(opening))
            except Exception as error:
                said = f"opened where nobody answers, `{name}` raised {type(error).__name__}"
                raise AssertionError(f"{said}: it must ask nobody yet") from error

    def test_closing_it_twice_does_no_harm(self, trial: Trial) -> None:
        """The engine closes what it opened, also where something went wrong before."""
        for half in (trial.reader(), trial.writer()):
            half.close()
            try:
                half.close()
            except Exception as error:
                raise AssertionError(f"closed once more, it raised {type(error).__name__}") from error


def _must_have(half: Reader, methods: tuple[str, ...], what: str) -> None:
    kinds: Mapping[str, object] = {name: getattr(half, name, None) for name in methods}
    lacking = [name for name, method in kinds.items() if not callable(method)]
    must(not lacking, f"{what} lacks {', '.join(lacking)}")
