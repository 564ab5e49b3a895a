"""The world of one command: its settings, its specs as texts, its prices, its store, each built when first asked for.

With `runtime` the only module that names adapters; they are imported where they are used, for the sake of start-up
time. Decides nothing about subscriptions, and plans nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from functools import cached_property
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from reconciler.desired import SpecText, SpecTexts
from reconciler.diagnostics import Diagnostic, Location, error
from reconciler.environment import Environment, read_environment
from reconciler.errors import InputError, LeaseHeld, SpecError, StoreError, UsageError
from reconciler.options import Options, SystemClock, parse_duration
from reconciler.ports import Clock, StateReader, Store, StorePlace
from reconciler.reconcile import (
    Inputs,
)
from reconciler.registry import Registry, judge_variables
from reconciler.revision import Revision, revision_of
from reconciler.rulebook import PriceList
from reconciler.safety import Circumstances
from reconciler.selection import Selection
from reconciler.settings import Settings
from reconciler.stored import StoredState
from reconciler.zones import Zones, zone_of

if TYPE_CHECKING:
    from reconciler.moving import Copied


SETTINGS_FILE = "reconcile.yaml"
LOCK_TIMEOUT = 10.0
"""Seconds to wait for a busy store or a held lease, where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Session:
    """A store held for writing under its lease."""

    store: Store
    stored: StoredState


@dataclass
class World:
    """One command's settings, specs and store, each built when first asked for: a command pays for what it uses."""

    options: Options
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    """Secrets stand in it as they are: it is no part of what a report of a bug may show."""
    clock: Clock = field(default_factory=SystemClock)

    @cached_property
    def environment(self) -> Environment:
        """Our variables and who runs this."""
        return read_environment(self.environ)

    @cached_property
    def registry(self) -> Registry:
        """The providers there are."""
        return Registry()

    @cached_property
    def settings_path(self) -> Path:
        """Where the settings are, checked to exist."""
        name = self.options.settings_file or self.environment.settings_file or SETTINGS_FILE
        path = Path(os.path.abspath(self.options.directory / name))
        if not os.path.lexists(path):
            raise InputError(
                "no-settings",
                f"there is no {name} in {os.path.abspath(self.options.directory)}",
                "run this at the root of the repository, name it with -C DIR, or start one: reconcile init",
            )
        return path

    @property
    def root(self) -> Path:
        """The folder of the settings; every shown path is relative to it."""
        return self.settings_path.parent

    @cached_property
    def _loaded(self) -> tuple[Settings, str, tuple[Diagnostic, ...]]:
        from reconciler.shipped import lifecycle_text
        from reconciler.sources import read_settings
        from reconciler.spec import load_settings  # pydantic and yaml: only once there is something to read

        text, found = read_settings(self.settings_path, self.settings_path.name)
        settings, more = (None, ()) if text is None else load_settings(text, self.registry, lifecycle_text, Zones())
        diagnostics = (*found, *more)
        if settings is None or text is None:
            raise SpecError(diagnostics)
        judge_variables(self.environment, settings.accounts.values(), self.registry)
        safety = replace(settings.safety, caps=self.environment.caps, value_caps=self.environment.value_caps)
        digest = sha256(text.text.encode()).hexdigest()
        return replace(settings, safety=safety), digest, diagnostics

    @property
    def settings(self) -> Settings:
        """`reconcile.yaml`, checked, with the environment's caps; raises SpecError."""
        return self._loaded[0]

    @cached_property
    def texts(self) -> SpecTexts:
        """Every spec file, with what was found while reading the settings and the price list."""
        from reconciler.sources import DirectorySource

        found = DirectorySource(self._specs_folder, str(PurePosixPath(self.settings.specs))).read()
        return replace(found, diagnostics=(*self._loaded[2], *self._priced[1], *found.diagnostics))

    @property
    def _specs_folder(self) -> Path:
        folder = self.root / self.settings.specs
        if not Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(self.root)):
            summary, hint = "the specs are a link out of the repository", "put the files themselves there"
            raise SpecError([error("link-outside", summary, Location(self.settings.specs), hint=hint)])
        return folder

    def other_specs(self, folder: Path) -> SpecTexts:
        """Every spec file of another folder, such as another checkout's; a relative one counts from `directory`."""
        from reconciler.sources import DirectorySource  # start-up: only a comparison needs a second folder

        path = Path(os.path.abspath(self.options.directory / folder))
        found = DirectorySource(path, folder.as_posix()).read() if path.is_dir() else None
        if found is None or not (found.files or found.diagnostics):
            raise UsageError("no-such-path", f"there are no specs in {folder}", "name a folder of spec files")
        return found

    @cached_property
    def revision(self) -> Revision | None:
        """The commit the specs stand at, where there is one."""
        return revision_of(self.root, (self.settings.specs, self.settings_path.name))

    @property
    def lock_timeout(self) -> float:
        """Seconds to wait for the store and its lease."""
        if self.options.lock_timeout is not None:
            return self.options.lock_timeout
        text = self.environment.lock_timeout
        return LOCK_TIMEOUT if text is None else parse_duration(text)

    @cached_property
    def place(self) -> StorePlace:
        """Where the store is kept, as the command line, the environment or the settings say."""
        return self.place_of(self.options.store or self.environment.store or self.settings.store_url)

    def place_of(self, url: str) -> StorePlace:
        """The place that a URL names; a relative path counts from the settings' folder."""
        if url.startswith("postgresql://"):
            return self._on_server(url)
        if not url.startswith("sqlite:///") or url == "sqlite:///":
            shown = "what was given" if "@" in url else repr(url)  # a password may stand before it
            hint = "write sqlite:///relative/path or sqlite:////absolute/path"
            raise UsageError("bad-store-url", f"{shown} is no store", hint)
        path = unquote(url.removeprefix("sqlite:///"))
        if "\0" in path:
            raise UsageError("bad-store-url", "the store's URL holds a NUL", "no file can have such a name")
        from reconciler.stores.sqlite_place import SqlitePlace

        return SqlitePlace(Path(os.path.abspath(self.root / path)), self.lock_timeout)

    def _on_server(self, url: str) -> StorePlace:
        try:
            from reconciler.stores.postgres.place import PostgresPlace
        except ImportError as error:
            hint = "pip install 'subscription-reconciler[postgres]'"
            raise StoreError("extra-missing", "a store on PostgreSQL needs psycopg", hint) from error
        return PostgresPlace(url, self.lock_timeout)

    def inputs(self, *, commit: bool, texts: SpecTexts | None = None) -> Inputs:
        """What a pass starts from; `commit` asks git as well. `texts`: those instead of what is in the folder."""
        return Inputs(
            settings=self.settings,
            settings_digest=self._loaded[1],
            texts=self.texts if texts is None else texts,
            circumstances=Circumstances(
                self.settings.safety, self.clock.now(), self.options.allow, self.settings.lineage
            ),
            providers=self.registry,
            selection=Selection(self.options.select, self.options.exclude, self._shown_paths()),
            as_of=self.options.as_of,
            commit=self.revision.commit if commit and self.revision else None,
            prices=self.prices,
            zone=self.zone,
            correct=self.options.correct,
        )

    @cached_property
    def _price_text(self) -> tuple[SpecText | None, tuple[Diagnostic, ...]]:
        """The price list as it stands on disk; nothing at all where the settings name none."""
        from reconciler.sources import read_settings

        name = self.settings.prices
        if name is None:
            return None, ()
        if not Path(os.path.realpath(self.root / name)).is_relative_to(os.path.realpath(self.root)):
            summary, hint = "the price list is a link out of the repository", "put the file itself there"
            return None, (error("link-outside", summary, Location(name), hint=hint),)
        text, found = read_settings(self.root / name, name)
        # Spreadsheets write a byte order mark before CSV; only specs have no use for one.
        return text, tuple(item for item in found if item.code != "byte-order-mark")

    @property
    def price_digest(self) -> str:
        """Of the price list's text; empty where there is none."""
        text = self._price_text[0]
        return "" if text is None else sha256(text.text.encode()).hexdigest()

    @cached_property
    def _priced(self) -> tuple[PriceList, tuple[Diagnostic, ...]]:
        text, found = self._price_text
        if text is None:
            return PriceList(), found
        from reconciler.importing.price_list import read_prices  # start-up: few settings name one

        prices, more = read_prices(text)
        return prices or PriceList(), (*found, *more)

    @property
    def prices(self) -> PriceList:
        """The price list that the settings name. What is wrong in it is told with the specs (see `texts`)."""
        return self._priced[0]

    @cached_property
    def zone(self) -> tzinfo | None:
        """The admin's time zone, where the settings name one."""
        if self.settings.timezone is None:
            return None
        return zone_of(self.settings.timezone)

    def _shown_paths(self) -> tuple[str, ...]:
        if self.options.shown_paths is not None:
            return self.options.shown_paths
        specs = os.path.abspath(self.root / self.settings.specs)
        shown = []
        for path in self.options.paths:
            absolute = os.path.abspath(self.options.directory / path)
            if not Path(absolute).exists():
                raise UsageError("no-such-path", f"there is no {path}", "name a spec file or a folder of them")
            if absolute != specs and not absolute.startswith(specs + os.sep):
                raise UsageError(
                    "path-outside", f"{path} is outside the specs", f"the specs are in {self.settings.specs}/"
                )
            shown.append(PurePosixPath(os.path.relpath(absolute, self.root)).as_posix())
        return tuple(shown)

    @contextmanager
    def reading(self) -> Iterator[StateReader | None]:
        """The store, read-only by construction; None where there is none yet."""
        reader = self.place.reader()
        if reader is None:
            yield None
            return
        with reader:
            yield reader

    @contextmanager
    def looking(self) -> Iterator[StateReader | None]:
        """The same for people who only look: a pinned store that is not there must not pass for an empty estate."""
        with self.reading() as reader:
            pinned = self.settings.lineage
            if pinned is not None and reader is None:
                hint = "restore it: reconcile store import FILE"
                raise StoreError("no-store", f"the pinned store {pinned} is not at {self.place.name}", hint)
            if reader is not None and pinned is not None:  # only then is the store read once more
                self._check_pinned(reader.snapshot())
            yield reader

    def _check_pinned(self, stored: StoredState) -> None:
        pinned = self.settings.lineage
        if pinned is not None and stored.lineage != pinned:
            raise StoreError(
                "other-store",
                f"the settings pin the store {pinned}, this one is {stored.lineage}",
                "point `store.url` at the pinned store",
            )

    def _store_there(self) -> bool:
        """Whether anything stands where the store should; what cannot be looked at is an error, never absence."""
        return self.place.there()

    @contextmanager
    def leased(self, timeout: float | None = None) -> Iterator[None]:
        """The exclusive right to write to the store; `timeout` instead of the usual one."""
        with self.place.lease(self.lock_timeout if timeout is None else timeout).hold():
            yield

    @contextmanager
    def reading_or_writing(self) -> Iterator[Store | None]:
        """The store for writing, under a lease that is held already; None where there is none."""
        store = self.place.store()
        if store is None:
            yield None
            return
        with store:
            yield store

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A store that must exist, for a command that writes: under the lease, checked to be the pinned one."""
        self._check_there()
        with self.leased(), self._session() as session:
            yield session

    @contextmanager
    def writing_beside(self) -> Iterator[Session]:
        """The same, also while a run holds the lease: for single rows that a run looks at between its batches."""
        self._check_there()
        with ExitStack() as held:
            with suppress(LeaseHeld):
                held.enter_context(self.leased(0.0))
            yield held.enter_context(self._session())

    def new_store(self, lineage: str) -> Store:
        """A store where none is yet; to be called under the lease, and closed."""
        return self.place.create(lineage)

    def exported(self) -> bytes:
        """The whole store as deterministic JSON lines."""
        self._check_there()
        return b"".join(self.place.export())

    def taken_in(self, lines: Iterable[bytes]) -> StoredState:
        """A store made of exported lines, where none is yet."""
        with self.leased():
            self.place.take_in(lines)
            with self.reading() as reader:
                return StoredState(exists=False) if reader is None else reader.snapshot()

    def examined(self) -> list[Diagnostic]:
        """Everything that is wrong with the store; writes nothing."""
        return self.place.check(self.settings.lineage)

    def copied(self, source: str, target: str) -> Copied:
        """The store at one URL made anew at another, to the byte of its export; the source stays as it is.

        Nobody else writes to either meanwhile. Nothing is at the target until all of it is, read back and compared.
        """
        from reconciler.moving import copy_store

        return copy_store(self.place_of(source), self.place_of(target), self.lock_timeout)

    def _check_there(self) -> None:
        """Before the lease, whose lock file would stand beside a mistyped path for good."""
        if not self._store_there():
            raise StoreError("no-store", f"there is no store at {self.place.name}", "the first apply creates it")

    @contextmanager
    def _session(self) -> Iterator[Session]:
        with self.reading_or_writing() as store:
            if store is None:
                raise StoreError("no-store", f"there is no store at {self.place.name}", "the first apply creates it")
            stored = store.snapshot()
            self._check_pinned(stored)
            yield Session(store, stored)
