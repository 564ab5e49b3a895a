"""One counter-spec, put together: what is said of each change of a run, and the patch that takes back what can be.

Pure: how the specs are loaded is handed in. Nothing is part of the patch that the proof does not bear out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.build import NOTHING_ABROAD, build_plan
from reconciler.counter.cases import Surroundings
from reconciler.counter.editing import Unsafe
from reconciler.counter.patch import Edit, edited, patch_of
from reconciler.counter.proof import Proof, Reason, unedited
from reconciler.counter.replies import Answer, Candidate, Reply
from reconciler.counter.rewriting import Layout, rewritten
from reconciler.counter.targets import replies
from reconciler.counter.trail import Trail
from reconciler.desired import DesiredState
from reconciler.model import StoredSubscription, SubscriptionKey
from reconciler.noticing import live_row
from reconciler.observed import Abroad, ObservedSubscription
from reconciler.plan import Plan
from reconciler.rulebook import Rulebook
from reconciler.stored import StoredState

Load = Callable[[Mapping[str, str]], DesiredState]
"""Every spec that is there, with other texts for some of its files."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand: specs, records and the plan between them, whole and as of one instant."""

    plan: Plan
    stored: StoredState
    """As it stands at the plan's instant."""
    desired: DesiredState
    rulebook: Rulebook
    texts: Mapping[str, str]
    """Of every spec file, by its path as shown."""
    marked: Collection[str] = ()
    """Files that begin with a byte order mark, which their texts lack."""
    abroad: Abroad = NOTHING_ABROAD
    """What outside accounts show; every plan is made with just that."""


@dataclass(frozen=True, slots=True)
class CounterSpec:
    """What is said of each change of a run, and the patch."""

    run: str
    replies: tuple[Reply, ...]
    patch: str = ""
    """A unified diff over the spec files; empty where nothing is to be written."""
    files: tuple[str, ...] = ()
    """The files that it changes."""
    elapsed: int = 0
    """How many things that time or others did the run recorded."""
    outside: int = 0
    """How many of these were done outside, by a provider or somebody there."""

    @property
    def whole(self) -> bool:
        """Whether every change goes back, has gone back, or is asked to."""
        return all(reply.answer is not Answer.NONE for reply in self.replies)


def counter_spec(found: Trail, standing: Standing, load: Load) -> CounterSpec:
    """The counter-spec of a run."""
    around = Surroundings(
        standing.plan.as_of,
        _rows(found, standing),
        standing.desired.subscriptions,
        standing.rulebook,
        standing.plan.elapsed,
    )
    said = [reply for trace in found.traces for reply in replies(trace, around)]
    desk = _Desk(standing, load)
    proof = Proof(standing.plan, desk.replan)
    asked = [one for one in said if isinstance(one, Candidate) and proof.holds(one)]
    tried = [one for one in said if isinstance(one, Candidate) and not proof.holds(one)]
    settled = proof.settle([], desk.editable(tried))
    reasons = {id(one): reason for one, reason in (*desk.unsafe, *proof.reasons)}
    edits = {origin: inner for origin, inner in desk.edits(settled).items() if inner}
    texts = {origin: ("\ufeff" if origin in standing.marked else "", standing.texts[origin]) for origin in edits}
    patch = patch_of({origin: _with_mark(*texts[origin], edits[origin]) for origin in edits})
    known = {id(one) for one in asked}
    answers = tuple(_reply(one, known, reasons) for one in said)
    return CounterSpec(found.run, answers, patch, tuple(sorted(edits)), found.elapsed, found.outside)


def _rows(found: Trail, standing: Standing) -> Mapping[SubscriptionKey, StoredSubscription]:
    """The records that the run is about, those of outside accounts as their provider shows them."""
    rows = {}
    for key in {trace.key for trace in found.traces if trace.key is not None}:
        row = standing.stored.subscriptions.get(key)
        if row is None:
            continue
        known = standing.abroad.observed.accounts.get(key.account)
        seen = None if known is None or row.id is None else known.of(row.id)
        rows[key] = live_row(key, seen, row) if isinstance(seen, ObservedSubscription) else row
    return rows


def _with_mark(mark: str, text: str, edits: Sequence[Edit]) -> tuple[str, Sequence[Edit]]:
    more = len(mark)
    return mark + text, [Edit(edit.start + more, edit.end + more, edit.text) for edit in edits]


def _reply(one: Reply | Candidate, asked: Collection[int], reasons: Mapping[int, Reason]) -> Reply:
    if isinstance(one, Reply):
        return one
    if id(one) in asked:
        return replace(one.reply, answer=Answer.ASKED)
    reason = reasons.get(id(one))
    if reason is None:
        return one.reply
    lines = " and ".join(f"`{line}`" for line in one.reply.lines)
    instead = f"if it is meant, write it by hand: {lines}" if reason.by_hand else reason.instead
    return replace(one.reply, answer=Answer.NONE, why=reason.why, instead=instead)


@dataclass(slots=True)
class _Desk:
    """Where the specs are written as they would be."""

    standing: Standing
    load: Load
    layouts: dict[str, Layout] = field(default_factory=dict)
    made: dict[tuple[int, ...], Edit] = field(default_factory=dict)
    """By the candidates, which live as long as this: the same ones are asked for again and again."""
    unsafe: list[tuple[Candidate, Reason]] = field(default_factory=list)
    """What no text can be written for."""

    def editable(self, candidates: Iterable[Candidate]) -> list[Candidate]:
        """Those whose texts can be written, with all others of their subscription."""
        good: list[Candidate] = []
        for group in _by_subscription(candidates):
            kept: list[Candidate] = []
            for one in group:
                try:
                    self._edit([*kept, one])
                    kept.append(one)
                except Unsafe as failure:
                    self.unsafe.append((one, unedited(failure)))
            good += kept
        return good

    def replan(self, candidates: Sequence[Candidate]) -> tuple[DesiredState, Plan | None]:
        """The specs with these in them, and the plan that follows where they hold no error."""
        standing, plan = self.standing, self.standing.plan
        texts = {origin: edited(standing.texts[origin], edits) for origin, edits in self.edits(candidates).items()}
        desired = self.load(texts)
        if desired.has_errors:
            return desired, None
        instant, rules = plan.as_of, standing.rulebook
        made = build_plan(desired, standing.stored, instant, plan.bindings, rules, abroad=standing.abroad)
        return desired, made

    def edits(self, candidates: Iterable[Candidate]) -> dict[str, list[Edit]]:
        """What these change in each file."""
        found: dict[str, list[Edit]] = {}
        for group in _by_subscription(candidates):
            origin, edit = self._edit(group)
            if edit.text != self.standing.texts[origin][edit.start : edit.end]:
                found.setdefault(origin, []).append(edit)
        return found

    def _edit(self, group: Sequence[Candidate]) -> tuple[str, Edit]:
        """One subscription's text as its candidates leave it; Unsafe where that cannot be written."""
        first = group[0]
        place = first.reply.place
        origin = "" if place is None else place.file
        if origin not in self.standing.texts:
            raise Unsafe("its file is not at hand")
        known = tuple(map(id, group))
        if known not in self.made:
            if origin not in self.layouts:
                self.layouts[origin] = Layout(self.standing.texts[origin])
            layout = self.layouts[origin]
            cut = layout.cut(first.key.name)
            self.made[known] = Edit(cut.start, cut.end, rewritten(layout, cut, [one.rewrite for one in group]))
        return origin, self.made[known]


def _by_subscription(candidates: Iterable[Candidate]) -> list[list[Candidate]]:
    found: dict[SubscriptionKey, list[Candidate]] = {}
    for one in candidates:
        found.setdefault(one.key, []).append(one)
    return list(found.values())
