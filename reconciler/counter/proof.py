"""The proof of a counter-spec: the specs as they would be are loaded and planned, and the two plans compared.

Pure: loading and planning are handed in. What the plan would not do just so is no part of the patch, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.changes import INTENTS, Kind
from reconciler.counter.atoms import NAME, PAIR, Atom, Bar, atoms, bars
from reconciler.counter.editing import Unsafe
from reconciler.counter.replies import Candidate
from reconciler.desired import DesiredState
from reconciler.diagnostics import Diagnostic, Severity
from reconciler.model import SubscriptionKey
from reconciler.plan import Plan
from reconciler.spec.positions import SpecPlace

Replan = Callable[[Sequence[Candidate]], tuple[DesiredState, Plan | None]]
"""The specs with these candidates written into them, and the plan that follows; without one where they hold errors.

Unsafe where they cannot be written."""

_LIFT_FIRST = "once `protect: false` among its own keys is applied, undo this run once more"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a candidate is no part of the patch."""

    why: str
    instead: str = ""
    by_hand: bool = False
    """It could be written all the same, by somebody who means what comes with it."""


def unedited(failure: Unsafe) -> Reason:
    """Why there is no text that could be planned."""
    return Reason(f"its text cannot be edited without doubt: {failure}", by_hand=True)


@dataclass(slots=True)
class Objections:
    """What comparing the plans has brought out."""

    refused: dict[SubscriptionKey, dict[str, Reason]] = field(default_factory=dict)
    """By the subscription and what of it was to move."""
    loose: Reason | None = None
    """Something is wrong, and nobody knows which candidate brings it about."""

    def refuse(self, candidate: Candidate, reason: Reason) -> None:
        """The first reason counts."""
        for matter in candidate.expected:
            self.refused.setdefault(candidate.key, {}).setdefault(matter, reason)

    def of(self, candidate: Candidate) -> Reason | None:
        """Why this one is out."""
        found = self.refused.get(candidate.key, {})
        return next((found[matter] for matter in candidate.expected if matter in found), None)


@dataclass(slots=True)
class Proof:
    """Finds out which candidates together do just what they should."""

    now: Plan
    """The plan of the specs as they are."""
    replan: Replan
    reasons: list[tuple[Candidate, Reason]] = field(default_factory=list)
    """What was left out, and why."""
    held: dict[Atom, object] = field(init=False)
    """What the plan moves already."""

    def __post_init__(self) -> None:
        """Take the plan apart, once."""
        self.held = atoms(self.now)

    def holds(self, candidate: Candidate) -> bool:
        """Whether the plan takes it back already, with the specs as they are."""
        return all(self.held.get((candidate.target, matter)) == value for matter, value in candidate.expected.items())

    def settle(self, base: list[Candidate], group: list[Candidate]) -> list[Candidate]:
        """Those of the group that can join what is settled already; for all others a reason is noted."""
        while group:
            objections = self._judge([*base, *group])
            out = [(candidate, reason) for candidate in group if (reason := objections.of(candidate)) is not None]
            if out:
                self.reasons += out
                group = [candidate for candidate in group if objections.of(candidate) is None]
                continue
            loose = objections.loose or next((r for one in base if (r := objections.of(one)) is not None), None)
            if loose is None:
                return group
            keys = sorted({candidate.key for candidate in group})
            if len(keys) == 1:
                self.reasons += [(candidate, loose) for candidate in group]
                return []
            first = frozenset(keys[: len(keys) // 2])
            left = self.settle(base, [candidate for candidate in group if candidate.key in first])
            right = self.settle([*base, *left], [candidate for candidate in group if candidate.key not in first])
            return [*left, *right]
        return []

    def _judge(self, candidates: Sequence[Candidate]) -> Objections:
        try:
            desired, plan = self.replan(candidates)
        except Unsafe as failure:
            return Objections(loose=unedited(failure))
        if plan is None:
            return _of_errors(desired, candidates)
        return _Comparison(self.now, plan, candidates).objections()


def _of_errors(desired: DesiredState, candidates: Sequence[Candidate]) -> Objections:
    objections = Objections()
    errors = [item for item in desired.diagnostics if item.severity is Severity.ERROR]
    for item in errors:
        candidate = next((one for one in candidates if _stands_in(item, one)), None)
        if candidate is not None:
            objections.refuse(_widest(candidates, candidate.key), _error_reason(item))
    if not objections.refused:
        objections.loose = _error_reason(errors[0])
    return objections


def _stands_in(item: Diagnostic, candidate: Candidate) -> bool:
    place, own = item.place, candidate.reply.place
    if not isinstance(place, SpecPlace) or own is None or place.file != own.file:
        return False
    return place.path[:2] in (("subscriptions", candidate.key.name), ("subscriptions", candidate.target.name))


def _error_reason(item: Diagnostic) -> Reason:
    detail = f": {item.detail}" if item.detail else ""
    return Reason(f"its spec would be wrong: {item.summary}{detail}", item.hint)


def _widest(candidates: Iterable[Candidate], key: SubscriptionKey) -> Candidate:
    """Of one subscription's candidates the one that can move the most: a name and facts decide which rules hold."""
    return min((one for one in candidates if one.key == key), key=lambda one: Kind(one.reply.entry.kind).rank)


class _Comparison:
    """Two plans, and what was to come of the one by the candidates."""

    def __init__(self, before: Plan, after: Plan, candidates: Sequence[Candidate]) -> None:
        self.candidates = candidates
        self.names = {one.key: one.key for one in candidates} | {
            one.key: one.target for one in candidates if one.target != one.key
        }
        self.former = {target: key for key, target in self.names.items()}
        self.found = atoms(after)
        self.expected: dict[Atom, object] = {
            (self.names[one.key], matter): value for one in candidates for matter, value in one.expected.items()
        }
        kept = {(self.names.get(key, key), matter): value for (key, matter), value in atoms(before).items()}
        self.due = kept | self.expected
        self.bars = bars(after)
        self.barred: dict[SubscriptionKey, dict[str, tuple[Kind, str, str]]] = {}
        for (key, code), why in self.bars.items():
            self.barred.setdefault(key, {})[code] = why
        self.old_bars = {(self.names.get(key, key), code) for key, code in bars(before)}

    def objections(self) -> Objections:
        """What differs from what is due, by whom it comes as far as that can be told."""
        objections = Objections()
        for one in self.candidates:
            key = self.names[one.key]
            if any(self.found.get((key, matter)) != value for matter, value in one.expected.items()):
                objections.refuse(one, self._barred(one) or Reason("the next plan would not take it back"))
        for bar, (kind, detail, _) in self.bars.items():
            if bar not in self.old_bars:
                why = f"the next plan would then hold back what it is to do: {bar[1]}: {detail}"
                self._blame(objections, bar, Reason(why, by_hand=True), kind)
        for atom in sorted(self.found.keys() | self.due.keys()):
            if self.found.get(atom) != self.due.get(atom) and atom not in self.expected:
                self._blame(objections, atom, Reason(_beside(atom, self.found), by_hand=True))
        return objections

    def _barred(self, one: Candidate) -> Reason | None:
        """Why the plan holds it back."""
        for code, (kind, detail, hint) in self.barred.get(self.names[one.key], {}).items():
            if (PAIR in one.expected) >= (kind in INTENTS):
                return Reason(detail, _LIFT_FIRST if code == "protected" else hint)
        return None

    def _blame(self, objections: Objections, thing: Atom | Bar, reason: Reason, kind: Kind | None = None) -> None:
        key = self.former.get(thing[0])
        if key is None:
            objections.loose = objections.loose or reason
            return
        one = _widest(self.candidates, key)
        if kind in INTENTS:
            one = next((item for item in self.candidates if item.key == key and PAIR in item.expected), one)
        objections.refuse(one, reason)


def _beside(atom: Atom, found: Mapping[Atom, object]) -> str:
    key, matter = atom
    what = {PAIR: "recurring or cancellation", NAME: "name"}.get(matter, matter)
    word = "also" if atom in found else "no longer"
    return f"the next plan would then {word} move the {what} of {key}"
