"""A store place on this machine: an SQLite file, with its lock beside it.

What is heavy (SQLite itself, orjson) is imported by what needs it, for the sake of start-up time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.errors import StoreError

if TYPE_CHECKING:
    from reconciler.diagnostics import Diagnostic
    from reconciler.stores.lease import FileLease
    from reconciler.stores.reader import SqliteReader
    from reconciler.stores.sqlite import SqliteStore


class SqlitePlace:
    """A StorePlace."""

    def __init__(self, path: Path, lock_timeout: float) -> None:
        self.path = path
        self._lock_timeout = lock_timeout

    @property
    def file(self) -> str:
        """The file."""
        return str(self.path)

    @property
    def name(self) -> str:
        """The file."""
        return str(self.path)

    def there(self) -> bool:
        """Whether anything stands where the store should; what cannot be looked at is an error, never absence."""
        try:
            self.path.lstat()
        except FileNotFoundError:
            return False
        except OSError as error:
            hint = "look at the rights of its folder, and at the path"
            message = f"the store {self.path} cannot be read: {error.strerror}"
            raise StoreError("unreadable-store", message, hint) from error
        return True

    def reader(self) -> SqliteReader | None:
        """The store, read-only by construction; None where there is none yet."""
        if not self.there():
            return None
        from reconciler.stores.reader import open_reader

        return open_reader(self.path, self._lock_timeout)

    def store(self) -> SqliteStore | None:
        """The store for writing, under a lease that is held; None where there is none."""
        from reconciler.stores.sqlite import open_store

        return open_store(self.path, self._lock_timeout) if self.there() else None

    def create(self, lineage: str) -> SqliteStore:
        """A store where none is yet, to be called under the lease."""
        from reconciler.stores.sqlite import open_store

        return open_store(self.path, self._lock_timeout, create=lineage)

    def lease(self, timeout: float) -> FileLease:
        """The kernel's lock on the file beside the store."""
        from reconciler.stores.lease import FileLease

        return FileLease(self.path, timeout)

    def check(self, pinned: str | None) -> list[Diagnostic]:
        """Everything that is wrong with the store; writes nothing."""
        from reconciler.stores.check import check_store

        return check_store(self.path, self._lock_timeout, pinned)

    def export(self) -> Iterator[bytes]:
        """The whole store as deterministic JSON lines; until the last one is taken, no writer can commit."""
        from reconciler.stores.export import export_lines

        reader = self.reader()
        if reader is None:
            raise StoreError("no-store", f"there is no store at {self.path}", "the first apply creates it")
        with reader:
            yield from export_lines(reader)

    def take_in(self, lines: Iterable[bytes], digest: str | None = None) -> None:
        """A store made of exported lines, where none is yet: all of it, or nothing. To be called under the lease."""
        from reconciler.stores.export import import_store, same_lines

        import_store(self.path, lines, self._lock_timeout, None if digest is None else same_lines(digest))
