"""A large estate read in groups of files: everything is read in full, and only one group's subscriptions are alive.

Pure. The law: the groups together are what a whole load makes of the same files. Where there is any mistake, or only a
whole load could tell whether there is one, the answer is None.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Final

from reconciler.desired import DesiredState, SpecText, SpecTexts
from reconciler.diagnostics import Location
from reconciler.model import SubscriptionKey
from reconciler.settings import AccountSettings, Settings
from reconciler.spec.collector import at_rest
from reconciler.spec.load import Chosen, Load
from reconciler.spec.positions import Document, SpecPlace
from reconciler.spec.resolve import Estate, whose_ids
from reconciler.spec.sketch import RuleCount

_NEAR: Final = 256
"""Files whose text is kept at most once places in them were asked for."""
_NEAR_TEXT: Final = 16 * 1024 * 1024
"""Characters of them at most, but for the last: with the places in it, a text takes up to a dozen times its room."""

NOTHING_CHOSEN: Final[Mapping[str, Chosen]] = {}
"""Every file is read whole."""


class Library:
    """Spec files of which no text is kept, but for the few in which a place was looked for last."""

    def __init__(self, text_of: Callable[[str], str]) -> None:
        self._text_of = text_of
        self._far: dict[str, FarDocument] = {}
        self._near: dict[str, Document] = {}
        self._held = 0

    def document(self, file: str) -> FarDocument:
        """The file of this path as shown, without its text; the same one each time."""
        found = self._far.get(file)
        if found is None:
            found = self._far[file] = FarDocument(file, self.near)
        return found

    def near(self, file: str) -> Document:
        """The same with its text, read anew unless it was asked for lately."""
        found = self._near.pop(file, None)
        if found is None:
            found = Document(file, self._text_of(file))
            self._held += len(found.text)
        self._near[file] = found
        while len(self._near) > 1 and (len(self._near) > _NEAR or self._held > _NEAR_TEXT):
            self._held -= len(self._near.pop(next(iter(self._near))).text)
        return found


class FarDocument(Document):
    """A document that may let go of its text: its places are found all the same."""

    __slots__ = ("_near_by",)

    def __init__(self, origin: str, near_by: Callable[[str], Document]) -> None:
        super().__init__(origin, "")
        self._near_by = near_by

    def locate(self, path: tuple[str | int, ...], key: bool) -> Location:
        """As the file stands when it is read."""
        return super().locate(path, key) if self.text else self._near_by(self.origin).locate(path, key)

    def take(self, text: str) -> None:
        """Hold this text, or none."""
        self.text = text
        self._blocks = self._root = None


class Groups:
    """The files of an estate on their way into desired states, below those that others depend on."""

    def __init__(self, around: SpecTexts, settings: Settings, providers: Container[str], library: Library) -> None:
        self._library = library
        self._load = Load(around, settings, providers)
        self._load.check_providers(providers)
        self._load.read_around()
        # Of each a number that two of them share once in a hundred million estates, and then it is read whole.
        self._keys, self._ids, self._formers = array("q"), array("q"), array("q")

    @property
    def accounts(self) -> Mapping[str, AccountSettings]:
        """Of the settings, and of every `_account.yaml`."""
        return self._load.accounts.known

    def read(
        self, texts: Iterable[SpecText], at_once: int, chosen: Mapping[str, Chosen] = NOTHING_CHOSEN
    ) -> Iterator[DesiredState]:
        """The files' subscriptions in their order, so many or some more at a time; none after the first mistake.

        Of a file in `chosen` just those, as `parts.Parts.desired` has them. A group is to be let go of before the next
        one is asked for.
        """
        left = iter(texts)
        while group := self._group(left, at_once, chosen):
            yield DesiredState(self._load.estate.subscriptions, self.accounts)
            for document in group:
                document.take("")
            self._load.estate = Estate(self._load.found, self._load.layers)

    def count(self, counts: Iterable[RuleCount]) -> None:
        """What rules matched of what is not read."""
        self._load.count(
            counts, lambda rule: SpecPlace(self._library.document(rule.origin), ("rules", rule.number), False)
        )

    def whole(self, digest: str) -> DesiredState | None:
        """What there is to say of all that was read, but for the subscriptions."""
        load = self._load
        load.accounts.check_complete()
        formers = set(self._formers)
        if load.found.has_errors or not formers.isdisjoint(self._keys):
            return None
        if any(map(_repeats, (self._keys, self._ids, self._formers))):
            return None
        return replace(load.desired(), digest=digest)

    def _group(self, texts: Iterator[SpecText], at_once: int, chosen: Mapping[str, Chosen]) -> list[FarDocument]:
        load, group, found = self._load, list[FarDocument](), len(self._load.found)
        if self._mistaken():
            return []
        with at_rest():
            for text in texts:
                document = self._library.document(text.origin)
                document.take(text.text)
                group.append(document)
                load.read_one(document, chosen.get(text.origin))
                if len(load.found) > found and self._mistaken():
                    return []
                found = len(load.found)
                if len(load.estate.subscriptions) >= at_once:
                    break
        self._remember()
        return group

    def _mistaken(self) -> bool:
        return self._load.found.has_errors

    def _remember(self) -> None:
        """What tells whether another group declares the same."""
        for key, wanted in self._load.estate.subscriptions.items():
            self._keys.append(hash(key))
            if wanted.id is not None:
                self._ids.append(hash((wanted.id, *whose_ids(self.accounts[key.account]))))
            if wanted.previously is not None:
                self._formers.append(hash(SubscriptionKey(key.account, wanted.previously)))


def _repeats(numbers: Iterable[int]) -> bool:
    return any(one == two for one, two in pairwise(sorted(numbers)))
