"""Providers that are wrong in one thing each, and what the suite says of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from reconciler.observed import ObservedSubscription
from reconciler.testing.conformance.trial import Trial
from tests.testing.conformance.acme import a_bench
from tests.testing.conformance.acme_provider import AcmeProvider, AcmeReader, AcmeWriter


@dataclass(frozen=True)
class Wrong:
    """One wrong provider: the fact that it breaks, and what is said of it."""

    test: str
    says: str
    """A regular expression, searched in the failure."""
    reading: Mapping[str, Any] = field(default_factory=dict)
    """Methods that are wrong in both halves."""
    writing: Mapping[str, Any] = field(default_factory=dict)
    """Methods that are wrong in the writing half."""
    words: Mapping[str, Any] = field(default_factory=dict)
    """What the provider says of itself."""
    given: Mapping[str, Any] = field(default_factory=dict)
    """Parameters of the test."""
    bench: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the bench that are others."""
    made: Callable[[], AcmeProvider] | None = None
    """How it is made, where replacing methods is not enough."""

    def __str__(self) -> str:
        return f"{self.test.removeprefix('test_').replace('_', ' ')}: {self.says}"

    def provider(self) -> AcmeProvider:
        if self.made is not None:
            return self.made()
        reader = type("Reader", (AcmeReader,), dict(self.reading))
        writer = type("Writer", (AcmeWriter,), {**self.reading, **self.writing})
        made = type("Provider", (AcmeProvider,), {"reader_type": reader, "writer_type": writer, **self.words})
        return made()  # type: ignore[no-any-return]  # made by `type`

    def is_caught(self, part: type, **fixtures: Any) -> None:
        """Fails, unless the suite does."""
        trial = Trial(a_bench(self.provider(), **self.bench))
        test = getattr(part(), self.test)
        with pytest.raises(AssertionError, match=self.says):
            test(trial, **self.given, **fixtures)
        trial.close()


def facts(part: type) -> set[str]:
    """The names of a part's tests."""
    return {name for name in vars(part) if name.startswith("test_")}


def unbroken(part: type, wrongs: list[Wrong]) -> set[str]:
    """Tests of a part that no wrong provider is caught by: nobody knows whether they can fail."""
    return facts(part) - {wrong.test for wrong in wrongs}


def sighted(self: AcmeReader, raw: Any) -> ObservedSubscription:
    """As the good provider shows one that can be read."""
    seen = AcmeReader.converted(self, raw)
    assert isinstance(seen, ObservedSubscription)
    return seen


def raising(error: Exception) -> Callable[..., Any]:
    """A method that raises it."""

    def method(self: Any, *given: Any) -> Any:
        raise error

    return method


def answering(value: Any) -> Callable[..., Any]:
    """A method that answers it."""
    return lambda self, *given: value
