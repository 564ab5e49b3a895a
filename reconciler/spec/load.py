"""Spec files to the desired state: reads every file in its turn, and collects everything found on the way.

Pure. One bad file hides nothing of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from contextlib import nullcontext
from itertools import chain
from typing import Any, Final, NamedTuple, TypeVar

from pydantic import BaseModel

from reconciler.desired import DesiredState, RuleUse, SpecText, SpecTexts
from reconciler.diagnostics import Diagnostic, Diagnostics, Location, Place, Severity, error, in_order
from reconciler.settings import Settings
from reconciler.spec.accounts import Accounts, unknown_provider
from reconciler.spec.collector import at_rest
from reconciler.spec.excerpt import excerpt
from reconciler.spec.facts import FactReader
from reconciler.spec.layers import LayerKind, LayerReader
from reconciler.spec.match import CompiledRule, compiled_rules, rule_id
from reconciler.spec.models import AccountFile, DefaultsFile, SpecsFile
from reconciler.spec.parse import Parsed, parse
from reconciler.spec.positions import Document
from reconciler.spec.resolve import Estate, SpecFile
from reconciler.spec.scalars import PlainScalars
from reconciler.spec.sketch import RuleCount
from reconciler.spec.stacks import Folders, Step, uncounted
from reconciler.spec.validate import Checked, checked

ACCOUNT_FILE: Final = "_account.yaml"
DEFAULTS_FILE: Final = "_defaults.yaml"

ModelT = TypeVar("ModelT", bound=BaseModel)


def load_specs(texts: SpecTexts, settings: Settings, providers: Container[str]) -> DesiredState:
    """Everything that these files declare, with every error and warning in them and of their source; raises for none.

    With an error among the diagnostics, the subscriptions are what could be made out: plan nothing from them. Where
    `providers` are bare names, nothing is known of what the outside ones ask of their accounts, and nothing judged.
    """
    with at_rest():
        load = Load(texts, settings, providers)
        load.check_providers(providers)
        load.read()
        return load.desired()


def empty_file(document: Document, *, of_subscriptions: bool) -> Diagnostic:
    """The complaint about a file in which nothing stands."""
    place = Location(document.origin)
    if of_subscriptions:
        return _no_subscriptions(place)
    return error("empty-file", "an empty file", place, hint="write 'version: 1' and what it is for, or remove the file")


def _no_subscriptions(place: Place) -> Diagnostic:
    hint = "declare a subscription under 'subscriptions', or remove the file"
    return error("no-subscriptions", "a file with no subscription", place, hint=hint)


class Chosen(NamedTuple):
    """The subscriptions of one file that are to be resolved; the others are as good as not there."""

    odd: frozenset[str]
    """Those that its sketch says nothing of."""
    plain: frozenset[str]
    """Of those that are counted in its sketch."""
    in_blocks: bool = False
    """None of them says anything of another one, and each line the whole of its value."""

    @property
    def names(self) -> frozenset[str]:
        """All of them."""
        return self.odd | self.plain


class Load:
    """One load under way."""

    def __init__(
        self,
        texts: SpecTexts,
        settings: Settings,
        providers: Container[str],
        known: dict[str, Checked[Any]] | None = None,
    ) -> None:
        self.texts = texts
        self.known = {} if known is None else known
        """By path, what the files that others depend on were read as by an earlier load of the same texts."""
        self.found = Diagnostics(list(texts.diagnostics))
        self.plain = PlainScalars()
        self.layers = LayerReader(self.found, FactReader(self.found))
        self.accounts = Accounts(settings, self.found, providers)
        self.folders = Folders()
        self.estate = Estate(self.found, self.layers)
        self.rules: dict[str, list[CompiledRule]] = {}
        self.uses: dict[tuple[str, int], RuleUse] = {}
        """Of rules that stand in files that are not read."""

    def check_providers(self, providers: Container[str]) -> None:
        """Complain about accounts that nothing can serve."""
        for account in self.accounts.settings.accounts.values():
            unknown_provider(account.provider, account.place, providers, self.found)

    def read(self, chosen: Mapping[str, Chosen] | None = None, more: Iterable[SpecText] = ()) -> None:
        """Read every file: first those that others depend on, `more` last. Of those in `chosen` just these
        subscriptions; where it can be told apart, the rest of such a text is let go at once.
        """
        for document in chain(self.read_around(), (Document(text.origin, text.text) for text in more)):
            self.read_one(document, (chosen or {}).get(document.origin))
        self.accounts.check_complete()
        self.estate.check_renames()

    def read_around(self) -> list[Document]:
        """Read the files that others depend on; the others are handed back."""
        self._note_unread()
        others = []
        for text in sorted(self.texts.files, key=lambda text: text.origin):
            document = Document(text.origin, text.text)
            if document.name == ACCOUNT_FILE:
                self.accounts.add(document, self._known(document, AccountFile))
            elif document.name == DEFAULTS_FILE:
                self._defaults_file(document)
            else:
                others.append(document)
        return others

    def count(self, counts: Iterable[RuleCount], place_of: Callable[[RuleCount], Place]) -> None:
        """What rules matched in files that were not read; some of the rules stand in such files themselves."""
        known = {rule_id(rule): rule for rules in self.rules.values() for rule in rules}
        for item in counts:
            rule = known.get((item.origin, item.number))
            codes = tuple(code for code, _ in item.products)
            if rule is None:
                self.uses[item.origin, item.number] = RuleUse(place_of(item), item.matched, codes, item.summary)
            else:
                rule.matched += item.matched
                rule.products.update(codes)

    def _note_unread(self) -> None:
        """A file that its source could not hand over is broken, not absent."""
        for item in self.texts.diagnostics:
            if item.severity is Severity.ERROR and item.place is not None:
                folder, _, name = item.place.file.rpartition("/")
                if name == ACCOUNT_FILE:
                    self.accounts.broken(folder)
                elif name == DEFAULTS_FILE:
                    self.folders.broken(folder)

    def _known(self, document: Document, model: type[ModelT]) -> Checked[ModelT]:
        result: Checked[ModelT] | None = self.known.get(document.origin)
        if result is None:
            before = len(self.found.items)
            result = self._checked(document, model)
            if len(self.found.items) == before:  # else it is to be told of again
                self.known[document.origin] = result
        return result

    def _checked(
        self, document: Document, model: type[ModelT], chosen: frozenset[str] | None = None
    ) -> Checked[ModelT]:
        """The file's model. What was found in it is taken over, and an empty file is told of."""
        parsed = parse(document, self.plain)
        if chosen is not None:
            parsed = _narrowed(parsed, chosen)
        if parsed.data is None:
            self.found.extend(parsed.diagnostics)
            if not parsed.unread:
                self.found.add(empty_file(document, of_subscriptions=model is SpecsFile))
            return Checked(None)
        result = checked(document, parsed, model)
        self.found.extend(result.diagnostics)
        return result

    def steps(self, document: Document, result: Checked[SpecsFile] | Checked[DefaultsFile]) -> tuple[Step, ...]:
        """The layers of a file: its defaults, then its rules in their order."""
        model = result.model
        if model is None:
            return ()
        self.layers.broken = result.broken
        of_folder = isinstance(model, DefaultsFile)
        steps: list[Step] = []
        if model.defaults is not None:
            kind = LayerKind.FOLDER_DEFAULTS if of_folder else LayerKind.FILE_DEFAULTS
            steps.append(self.layers.defaults(model.defaults, kind, document))
        kind = LayerKind.FOLDER_RULE if of_folder else LayerKind.FILE_RULE
        rules = compiled_rules(model.rules, kind, document, result, self.layers)
        if rules:
            self.rules[document.origin] = rules
        return (*steps, *rules)

    def _defaults_file(self, document: Document) -> None:
        result = self._known(document, DefaultsFile)
        if result.model is None or result.broken:
            self.folders.broken(document.folder)
        self.folders.add(document.folder, self.steps(document, result))

    def read_one(self, document: Document, chosen: Chosen | None) -> None:
        """Read all of a file, or just these subscriptions, and then no more of its text than needs be."""
        self.read_file(document if chosen is None else _short(document, chosen), chosen)

    def read_file(self, document: Document, chosen: Chosen | None = None) -> None:
        """Read one file of subscriptions, once all that others depend on are read."""
        result = self._checked(document, SpecsFile, None if chosen is None else chosen.names)
        model = result.model
        if model is None:
            return
        if not model.subscriptions and not result.broken:
            self.found.add(_no_subscriptions(document.at("subscriptions")))
        stack = self.folders.stack(document.folder).below(self.steps(document, result))
        file = SpecFile(document, result, self.accounts.of_file(document, result, model), stack)
        for name, block in model.subscriptions.items():
            counted = chosen is not None and name in chosen.plain
            with uncounted(stack) if counted else nullcontext():
                self.estate.resolve(file, name, block)

    def desired(self) -> DesiredState:
        """What was read, as a value."""
        rules = [rule for origin in sorted(self.rules) for rule in self.rules[origin]]
        uses = self.uses | {rule_id(rule): rule.use for rule in rules}
        if not self.found.has_errors:  # else what it was to match may stand in what could not be read
            self.found.extend(rule.unused for rule in rules if not rule.matched)
        return DesiredState(
            self.estate.subscriptions,
            self.accounts.known,
            tuple(uses[place] for place in sorted(uses)),
            self.texts.digest,
            tuple(in_order(self.found.items)),
        )


def _short(document: Document, wanted: Chosen) -> Document:
    return excerpt(document.origin, document.text, wanted.names, plain=wanted.in_blocks) or document


def _narrowed(parsed: Parsed, chosen: frozenset[str]) -> Parsed:
    """The same file with just these subscriptions. It was found to be without a mistake before."""
    data = parsed.data
    blocks = data.get("subscriptions") if isinstance(data, dict) else None
    if isinstance(data, dict) and isinstance(blocks, dict):
        data["subscriptions"] = {name: block for name, block in blocks.items() if name in chosen}
    return parsed
