"""One question to a provider: in its turn, tried again where that can help, and never raising what is not ours.

Must not send a write: what may be done twice is decided where a change is made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from reconciler.errors import ProviderTrouble, Throttled, Unreachable
from reconciler.observed import ObservedSubscription, Obstacle
from reconciler.outside.pacing import Pacer, interrupted, rate_limited
from reconciler.outside.timing import Timing, growing, never, sensible
from reconciler.ports import Reader

TRIES = 4
"""So often is a question asked that gets no answer."""
FIRST_WAIT, LONGEST_WAIT = 0.5, 8.0
PATIENCE = 120.0
"""Seconds that one question, or one order, is held back in total, before it counts as trouble."""
SOONEST = 0.25
"""Seconds; a provider that says `at once` while it turns us away is not believed."""

T = TypeVar("T")


def broken(error: Exception, doing: str) -> ProviderTrouble:
    """What a provider raised that it must not. Its text may hold anything, secrets too: only the class is named."""
    said = f"the provider failed with {type(error).__name__} {doing}"
    return ProviderTrouble("provider-broken", said, "this is a bug of the provider: report it with the version of it")


def nonsense(answer: object, doing: str) -> ProviderTrouble:
    """An answer that the port does not know."""
    said = f"the provider answered {type(answer).__name__} {doing}"
    return ProviderTrouble("provider-broken", said, "this is a bug of the provider: report it with the version of it")


def obstacle(trouble: ProviderTrouble) -> Obstacle:
    """Trouble as a value."""
    return Obstacle(trouble.code, trouble.message, trouble.hint)


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks in the turns of one group. `stop` is asked in every wait, from any thread."""

    pacer: Pacer
    timing: Timing
    stop: Callable[[], bool]

    def finishing(self) -> Asker:
        """The same for what was begun and is to be finished, stop or no stop."""
        return replace(self, stop=never)

    def read(self, question: Callable[[], T], fits: Callable[[T], bool], doing: str) -> T:
        """The answer to what can be asked twice. Raises ProviderTrouble, also where it does not fit, and Interrupted.

        No answer: asked up to four times. Throttled: the whole group is held back for as long as it says, up to 120 s
        for one question.
        """
        patience, throttled, unanswered = PATIENCE, 0, 0
        while True:
            patience -= self.pacer.read(self.stop, patience)
            try:
                with self.pacer.slot:
                    answer = question()
            except Throttled as trouble:
                rest = self.hold(trouble.retry_after, throttled)
                throttled += 1
                if rest > patience:
                    raise rate_limited(rest) from None
            except Unreachable:
                unanswered += 1
                if unanswered == TRIES:
                    raise
                self._back_off(unanswered - 1)
            except ProviderTrouble:
                raise
            except Exception as error:  # noqa: BLE001 - whatever a provider raises is its trouble, and not our crash
                raise broken(error, doing) from None
            else:
                if fits(answer):
                    return answer
                raise nonsense(answer, doing)

    def get(self, reader: Reader, id: str) -> ObservedSubscription | Obstacle | None:
        """One subscription; why it cannot be read is a value. Raises Interrupted."""
        try:
            seen = self.read(lambda: reader.get(id), _one_or_none, "asked for one subscription")
        except ProviderTrouble as trouble:
            return obstacle(trouble)
        if seen is not None and seen.id != id:
            said = "asked for one subscription, the provider answered with another"
            return Obstacle("malformed-answer", said, "run again; if it stays so, report it to the provider")
        return seen and legible(seen)

    def hold(self, seconds: float | None, before: int) -> float:
        """Hold the group back as the provider asks, or ever longer where it does not say; how many seconds."""
        said = sensible(seconds)
        rest = growing(1.0, 30.0, before) if said is None else max(said, SOONEST)
        self.pacer.hold(rest)
        return rest

    def _back_off(self, before: int) -> None:
        rest = growing(FIRST_WAIT, LONGEST_WAIT, before) * (0.5 + self.timing.chance() / 2)
        if not self.timing.pause(rest, self.stop):
            raise interrupted()


def legible(seen: ObservedSubscription) -> ObservedSubscription | Obstacle:
    """The same; an obstacle where what a record would keep of it holds a NUL, which no spec can say."""
    for name in ("id", "product", "provider_status"):
        if "\0" in str(getattr(seen, name)):
            said = f"its {name.replace('_', ' ')} holds a NUL"
            return Obstacle("malformed-answer", said, "report it to the provider")
    return seen


def anything(answer: object) -> bool:
    """Fits every answer: for a question that is answered by not raising."""
    return True


def _one_or_none(answer: object) -> bool:
    return answer is None or isinstance(answer, ObservedSubscription)
