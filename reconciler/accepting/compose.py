"""What is accepted, put together: what is said of each subscription, the files' new texts, and the same as a patch.

Pure: how the specs are loaded is handed in. Nothing is written that the proof does not bear out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.accepting.judging import Surroundings, said_of
from reconciler.accepting.proof import objection
from reconciler.accepting.replies import Answer, Candidate, Reply
from reconciler.counter.editing import Unsafe
from reconciler.counter.patch import Edit, edited, patch_of
from reconciler.counter.rewriting import Layout, rewritten
from reconciler.desired import DesiredState
from reconciler.model import SubscriptionKey
from reconciler.schedule import effective

Load = Callable[[Mapping[str, str]], DesiredState]
"""Every spec that is there, with other texts for some of its files."""
MARK = "\ufeff"
"""A byte order mark: the texts of specs lack it, and what is written must not."""


@dataclass(frozen=True, slots=True)
class Files:
    """The spec files as they stand."""

    texts: Mapping[str, str]
    """By the path as shown, without byte order marks."""
    marked: Collection[str] = ()
    """Those that begin with one."""
    shared: Collection[str] = ()
    """Those that are one file with another path: a text written there would be read twice."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What is said of each subscription, and what is to be written."""

    replies: tuple[Reply, ...]
    """In the order in which they were asked about."""
    files: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """By the path as shown: the whole text as it is, and as it is to be."""
    patch: str = ""
    """The same as a unified diff; empty where nothing is to be written."""


def acceptance(keys: Iterable[SubscriptionKey], around: Surroundings, files: Files, load: Load) -> Acceptance:
    """What is to be written for these subscriptions, each named once."""
    said = [said_of(key, around) for key in keys]
    desk = _Desk(around, files, load)
    asked = [one for one in said if isinstance(one, Candidate)]
    settled = desk.settle([], [one for one in asked if desk.editable(one)])
    edits = desk.edits(settled)
    marks = {origin: MARK if origin in files.marked else "" for origin in edits}
    moved = {origin: [_behind(len(marks[origin]), edit) for edit in found] for origin, found in edits.items()}
    was = {origin: marks[origin] + files.texts[origin] for origin in edits}
    return Acceptance(
        tuple(desk.reply(one) if isinstance(one, Candidate) else one for one in said),
        {origin: (was[origin], edited(was[origin], found)) for origin, found in sorted(moved.items())},
        patch_of({origin: (was[origin], found) for origin, found in moved.items()}),
    )


def _behind(more: int, edit: Edit) -> Edit:
    return Edit(edit.start + more, edit.end + more, edit.text)


@dataclass(slots=True)
class _Desk:
    """Where the specs are written as they would be."""

    around: Surroundings
    files: Files
    load: Load
    layouts: dict[str, Layout] = field(default_factory=dict)
    made: dict[SubscriptionKey, tuple[str, Edit]] = field(default_factory=dict)
    out: dict[SubscriptionKey, str] = field(default_factory=dict)
    """Why one cannot be written."""
    proved: DesiredState = field(default_factory=DesiredState)
    """How the specs are read with all in them that is settled: their lines are other ones then."""

    def editable(self, one: Candidate) -> bool:
        """Whether its text can be written; else why not is noted."""
        try:
            self.made[one.reply.key] = self._edit(one)
        except Unsafe as failure:
            self.out[one.reply.key] = f"its text cannot be edited without doubt: {failure}"
            return False
        return True

    def _edit(self, one: Candidate) -> tuple[str, Edit]:
        place = one.reply.place
        origin = "" if place is None else place.file
        if origin not in self.files.texts:
            raise Unsafe("its file is not at hand")
        if origin in self.files.shared:
            raise Unsafe("its file is read under another path, too")
        if origin not in self.layouts:
            self.layouts[origin] = Layout(self.files.texts[origin])
        layout = self.layouts[origin]
        cut = layout.cut(one.reply.key.name)
        return origin, Edit(cut.start, cut.end, rewritten(layout, cut, [one.rewrite]))

    def settle(self, base: list[Candidate], group: list[Candidate]) -> list[Candidate]:
        """Those of the group that can join what is settled already; of all others is noted why not."""
        why = self._objection([*base, *group]) if group else None
        if why is None:
            return group
        if len(group) == 1:
            self.out[group[0].reply.key] = why
            return []
        half = len(group) // 2
        left = self.settle(base, group[:half])
        return [*left, *self.settle([*base, *left], group[half:])]

    def _objection(self, written: Sequence[Candidate]) -> str | None:
        texts = {origin: edited(self.files.texts[origin], found) for origin, found in self.edits(written).items()}
        after = self.load(texts)
        why = objection(self.around.desired, after, written, self.around.today)
        if why is None:
            self.proved = after
        return why

    def edits(self, written: Iterable[Candidate]) -> dict[str, list[Edit]]:
        """What these change in each file."""
        found: dict[str, list[Edit]] = {}
        for one in written:
            origin, edit = self.made[one.reply.key]
            found.setdefault(origin, []).append(edit)
        return found

    def reply(self, one: Candidate) -> Reply:
        """What is said of it now that it was tried; what is written is shown where it will stand."""
        why = self.out.get(one.reply.key)
        if why is None:
            intent = effective(self.proved.subscriptions[one.reply.key], self.around.today).intent
            return one.reply if intent is None else replace(one.reply, place=intent.place)
        return _by_hand(one.reply, why)


def _by_hand(reply: Reply, why: str) -> Reply:
    said = " and ".join(f"`{line}`" for line in reply.lines)
    where = "" if reply.place is None else f" at {reply.place.location}"
    if reply.entry is not None:
        where = f"{where}, in the entry of {reply.entry.isoformat()} of its `schedule`"
    return replace(
        reply,
        answer=Answer.REFUSED,
        code="unsafe-edit",
        why=why,
        instead=f"write it by hand: {said}{where}",
        notes=(),
    )
