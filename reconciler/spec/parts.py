"""A large estate read in parts: what stands above the spec files, a sketch of each, and in full just what is asked for.

Pure. The law: what is read in part is what a whole load makes of the same subscriptions.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from reconciler.desired import DesiredState, SpecText, SpecTexts
from reconciler.diagnostics import Location
from reconciler.settings import AccountSettings, Settings
from reconciler.spec.collector import at_rest
from reconciler.spec.gists import Sketcher
from reconciler.spec.load import ACCOUNT_FILE, DEFAULTS_FILE, Chosen, Load
from reconciler.spec.models import SpecsFile
from reconciler.spec.parse import SWIFT_FROM, Parsed, parse
from reconciler.spec.positions import Document, SpecPlace
from reconciler.spec.resolve import SpecFile
from reconciler.spec.sketch import RuleCount, Sketch
from reconciler.spec.validate import Checked, checked

if TYPE_CHECKING:  # start-up: only large estates are worth its patterns
    from reconciler.spec.blocks import Cut, Cutter
    from reconciler.spec.groups import Groups, Library
    from reconciler.spec.marks import Marks

AROUND = (ACCOUNT_FILE, DEFAULTS_FILE)
"""Names of the files that others depend on: they are always read."""


class Parts:
    """The estate, by what stands above its spec files."""

    def __init__(self, around: SpecTexts, settings: Settings, providers: Container[str]) -> None:
        self._around = around
        self._settings = settings
        self._providers = providers
        self._known: dict[str, Checked[Any]] = {}
        self._load = self._new()
        self._load.read_around()
        self._sketcher = Sketcher()
        self._cutter: Cutter | None = None
        self._heads: dict[tuple[Any, ...], Checked[SpecsFile]] = {}

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong above the spec files: else read everything in full."""
        return not self._load.found.items

    @property
    def accounts(self) -> Mapping[str, AccountSettings]:
        """Of the settings, and of every `_account.yaml`."""
        return self._load.accounts.known

    def place(self, file: str, name: str, text_of: Callable[[str], str]) -> SpecPlace:
        """Where a subscription is declared, found once somebody asks."""
        return SpecPlace(LaterDocument(file, text_of), ("subscriptions", name), True)

    def sketch(self, text: SpecText) -> Sketch | None:
        """The sketch of one file; None where it is to be read in full."""
        found = self._sketch(text, self._cut(text.text))
        return None if found is None else found[0]

    def kept(self, text: SpecText, before: bytes = b"") -> bytes:
        """What is worth keeping of one file, as bytes: its sketch, and the marks of its blocks; none where it has none.

        `before`: what was kept of it the last time, below the same defaults. Of blocks that are as they were then
        nothing is read.
        """
        found = (self._again(text, before) if before else None) or self._sketch(text, self._cut(text.text))
        if found is None:
            return b""
        made, marks = found
        return made.packed() + (b"" if marks is None else marks.packed())

    def _again(self, text: SpecText, before: bytes) -> tuple[Sketch, Marks | None] | None:
        from reconciler.spec.marks import Marks, read_again  # start-up: only what changed of large estates

        def read(changed: str) -> tuple[Sketch, Marks | None] | None:
            cut = self._cutting().cut(changed)
            return None if cut is None else self._sketch(replace(text, text=changed), cut)

        try:
            sketch, rest = Sketch.beginning(before)
            marks = Marks.unpacked(rest) if rest else None
        except ValueError:  # what was kept makes no sense
            return None
        return None if marks is None else read_again(text.text, sketch, marks, read)

    def _sketch(self, text: SpecText, cut: Cut | None) -> tuple[Sketch, Marks | None] | None:
        load, document = self._load, Document(text.origin, text.text)
        subscriptions: Any = None
        if cut is not None:
            data: Any = cut.head
        else:
            parsed = parse(document, load.plain)
            data = parsed.data
            if parsed.diagnostics or not isinstance(data, dict):
                return None
            subscriptions = data.pop("subscriptions", None)
            if not isinstance(subscriptions, dict) or not subscriptions:
                return None
        result = self._head(document, data)
        if result.model is None or result.diagnostics:
            return None
        found = len(load.found.items)
        own = load.steps(document, result)
        account = load.accounts.of_file(document, result, result.model)
        rules = load.rules.pop(text.origin, [])
        if len(load.found.items) > found:
            del load.found.items[found:]
            return None
        file = SpecFile(document, result, account, load.folders.stack(document.folder).below(own))
        if cut is None:
            made, marks = self._sketcher.sketch(file, subscriptions, shared=not own), None
        else:
            made, marks = self._sketcher.sketch_cut(file, cut, self._cutting(), shared=not own)
        matched = 0 if made is None else sum(count.origin == text.origin for count in made.rules)
        # Only a whole load can say of a rule that it matches nothing.
        return (made, marks) if made is not None and matched == len(rules) else None

    def _cut(self, text: str) -> Cut | None:
        """The file in blocks, once there is so much that this pays."""
        return None if self._load.plain.read < SWIFT_FROM else self._cutting().cut(text)

    def _cutting(self) -> Cutter:
        if self._cutter is None:
            from reconciler.spec.blocks import Cutter  # only large estates are worth its patterns

            self._cutter = Cutter(self._load.plain)
        return self._cutter

    def desired(
        self,
        texts: Iterable[SpecText | None],
        chosen: Mapping[str, Chosen],
        counts: Iterable[RuleCount],
        digest: str,
        text_of: Callable[[str], str],
    ) -> DesiredState | None:
        """What these files declare, in path order; of those in `chosen`, which were read before without a complaint,
        just that. `counts` are those of every file with a sketch. None where a text is missing.

        `text_of` reads a file of which a place is asked for, by its path as shown.
        """
        with at_rest():
            load = self._new()
            load.check_providers(self._providers)
            try:
                load.read(chosen, _there(texts))
            except _MissingError:
                return None
            load.count(
                counts,
                lambda rule: SpecPlace(LaterDocument(rule.origin, text_of), ("rules", rule.number), False),
            )
            return replace(load.desired(), digest=digest)

    def groups(self, library: Library) -> Groups:
        """The same estate, to be read in groups."""
        from reconciler.spec.groups import Groups  # start-up: only where much of a large estate differs

        return Groups(self._around, self._settings, self._providers, library)

    def _new(self) -> Load:
        return Load(self._around, self._settings, self._providers, self._known)

    def _head(self, document: Document, data: dict[str, Any]) -> Checked[SpecsFile]:
        """All of the file but its subscriptions. Most files of an estate begin alike."""
        if any(isinstance(value, dict | list) for value in data.values()):
            return checked(document, Parsed(data), SpecsFile)
        begins = tuple((name, value.__class__, str(value)) for name, value in data.items())
        known = self._heads.get(begins)
        if known is None:
            known = self._heads[begins] = checked(document, Parsed(data), SpecsFile)
        return known


class _MissingError(Exception):
    """A text cannot be read any more."""


def _there(texts: Iterable[SpecText | None]) -> Iterator[SpecText]:
    for text in texts:
        if text is None:
            raise _MissingError
        yield text


class LaterDocument(Document):
    """A document whose text is read only once somebody asks for a place in it."""

    __slots__ = ("_text_of",)

    def __init__(self, origin: str, text_of: Callable[[str], str]) -> None:
        super().__init__(origin, "")
        self._text_of = text_of

    def locate(self, path: tuple[str | int, ...], key: bool) -> Location:
        """As it stands when it is read."""
        if not self.text:
            self.text = self._text_of(self.origin)
        return super().locate(path, key)


@dataclass(frozen=True, slots=True)
class Survey:
    """The spec files of an estate as far as they were read."""

    parts: Parts
    sketches: Mapping[str, Sketch | None]
    """By path as shown, in path order; None: to be read in full."""
    digest: str
    """Of the files' paths and bytes."""
    text_of: Callable[[str], SpecText | None]
    """Reads one file, by its path as shown; None where it is not any more what it was."""
    before: Mapping[str, Sketch | None] = field(default_factory=dict)
    """Of the files that are gone, or say something else than when `kept` was kept: what they said."""
    new: tuple[str, ...] = ()
    """The files that say something else, or were not there."""
    kept: bytes | None = None
    """What the last look came to."""
    in_blocks: Callable[[str], bool] = lambda file: False
    """Whether no subscription of a file, by its path as shown, says anything of another one, nor a line of another."""
