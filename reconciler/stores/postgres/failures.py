"""What PostgreSQL and its driver say went wrong, in our own errors: which code, what it means, what to do.

No other module of this package may let a `psycopg.Error` pass. No message quotes a password.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg

from reconciler.errors import StoreBusy, StoreCorrupt, StoreError, StoreUnwritable
from reconciler.stores.postgres.address import Address

RESTORE = "restore it from a backup of the database, or make a new one with `reconcile store import FILE`"
_LOST = frozenset({"57P01", "57P02", "57P03", "57P05", "25P03", "08000", "08001", "08003", "08004", "08006"})
"""The server ended the connection, or took none: it is shut down, starts, or somebody cut this one off."""
_REPEATABLE = frozenset({"40001", "40P01"})


@contextmanager
def told(address: Address, *, writing: bool = False) -> Iterator[None]:
    """Turns what goes wrong inside into a StoreError that names the store."""
    try:
        yield
    except psycopg.Error as error:
        raise of_psycopg(error, address, writing=writing) from None  # its text may quote what it was called with


def lost(error: psycopg.Error) -> bool:
    """Whether the connection is gone, and another may be had."""
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return error.sqlstate in _LOST


def passing(error: psycopg.Error, *, writing: bool) -> bool:
    """Whether the same transaction, begun anew, may go through: the connection is gone, somebody was in the way, or
    the server it was sent to is no longer the one that is written to.
    """
    return lost(error) or error.sqlstate in _REPEATABLE or (writing and error.sqlstate == "25006")


def of_psycopg(error: psycopg.Error, address: Address, *, writing: bool = False) -> StoreError:
    """Our error for one of the driver's."""
    name, said = address.name, address.scrubbed(str(error))
    match error.sqlstate or "":
        case "53300":
            hint = "wait, raise `max_connections`, or put PgBouncer in front of it"
            return StoreBusy("no-connection-left", f"{name}: the server has no connection left", hint)
        case "28P01" | "28000":
            hint = "check user and PGPASSWORD (or passfile, or service), and the server's pg_hba.conf"
            return StoreError("store-denied", f"{name}: the server does not let this user in: {said}", hint)
        case "3D000":
            hint = "check `store.url`; a database is created by its administrator: docs/postgres.md"
            return StoreError("no-database", f"{name}: there is no such database", hint)
        case "42501" if writing:
            hint = "apply as a user with the rights that docs/postgres.md lists; a dry run needs fewer"
            return StoreUnwritable("read-only-store", f"{name}: this user may not write to the store: {said}", hint)
        case "42501":
            hint = "grant it what docs/postgres.md lists for planners"
            return StoreError("unreadable-store", f"{name}: this user may not read the store: {said}", hint)
        case "25006":
            return read_only(address)
        case "53100" | "53200" | "54000":
            hint = "the store is as it was before; make room on the server, and run this again"
            return StoreUnwritable("disk-full", f"{name}: the server has no room left: {said}", hint)
        case "57014" | "55P03" | "40001" | "40P01" | "25P04":
            hint = "wait until it is done, or wait longer with --lock-timeout"
            return StoreBusy("store-busy", f"{name}: the store was busy for too long: {said}", hint)
        case "42P01" | "42703" | "3F000" | "XX001" | "XX002":
            return corrupt(address, said)
        case code if code.startswith("22"):
            return unstorable(address, said)
        case _:
            return unreachable(address, said) if lost(error) else failed(address, said)


def unreachable(address: Address, said: str) -> StoreError:
    """No answer, or none any more."""
    hint = "check that it runs and can be reached; what was being written is there whole or not at all: run this again"
    return StoreError("store-unreachable", f"{address.name}: the server cannot be reached: {said}", hint)


def read_only(address: Address) -> StoreUnwritable:
    """Servers answer, and none of them takes writes."""
    hint = "name the primary too, as host1,host2: the one that takes writes is found; a dry run needs none"
    return StoreUnwritable("read-only-store", f"{address.name}: no server of these takes writes (a standby?)", hint)


def lease_lost(address: Address) -> StoreError:
    """Another run was granted the lease since."""
    hint = "this run was held up for longer than its lease; what it had recorded stands: run it again"
    return StoreError("lease-lost", f"{address.name}: another run has the store by now; nothing was written", hint)


def shard_lost(address: Address) -> StoreError:
    """Another worker has the shard since, or it was taken back."""
    hint = "this worker was held up for longer than its shard was its own; nothing is to be done"
    return StoreError("lease-lost", f"{address.name}: another worker has the shard by now; nothing was written", hint)


def run_under_way(address: Address, shards: Mapping[str, int]) -> StoreBusy:
    """Workers have something of these runs left, each with so many shards: a copy would be carried on a second time."""
    run, count = next(iter(shards.items()))
    more = f", and {len(shards) - 1} more" if len(shards) > 1 else ""
    said = f"{address.name}: workers carry run {run} out ({count} shard{'s' if count > 1 else ''} left){more}"
    hint = f"let them end it, or close what none of them has: reconcile runs {run} --take-back; then run this again"
    return StoreBusy("run-under-way", said, hint)


def missing(address: Address) -> StoreError:
    """There is none, and none was to be made."""
    hint = "check `store.url` or --store; `reconcile` makes a new one, `reconcile store import FILE` restores one"
    return StoreError("no-store", f"{address.name}: there is no store", hint)


def exists(address: Address) -> StoreError:
    """There is a store, and it is not to be written over."""
    hint = "name another schema with ?schema=NAME, or drop this one first"
    return StoreError("store-exists", f"{address.name}: there is a store already", hint)


def newer(address: Address, found: str, known: str) -> StoreError:
    """A later release than this wrote it."""
    message = f"{address.name}: the store has schema version {found}; this reconcile knows up to {known}"
    return StoreError("newer-store", message, "upgrade reconcile; a store is never taken back to an older version")


def older(address: Address, found: str, known: str) -> StoreError:
    """An earlier release wrote it, and whoever only looks may not change it."""
    message = f"{address.name}: the store has schema version {found}, and this reconcile reads {known}"
    return StoreError(
        "older-store", message, "the next apply brings it up to date; until then look with the old release"
    )


def not_a_store(address: Address) -> StoreCorrupt:
    """Somebody else's tables stand in its place."""
    hint = "name another schema with ?schema=NAME, or another database"
    message = f"{address.name}: the schema {address.schema} holds tables, and no store of reconcile"
    return StoreCorrupt("not-a-store", message, hint)


def corrupt(address: Address, detail: str) -> StoreCorrupt:
    """Rows or tables are not as we write them."""
    return StoreCorrupt("store-corrupt", f"{address.name}: the store is damaged: {detail}", RESTORE)


def unstorable(address: Address, detail: str) -> StoreError:
    """A value that no database takes."""
    hint = "texts must be UTF-8, and numbers below 2^63; nothing of this was recorded"
    return StoreError("unstorable-value", f"{address.name}: a value cannot be stored: {detail}", hint)


def failed(address: Address, detail: str) -> StoreError:
    """Whatever has no better word."""
    return StoreError("store-failed", f"{address.name}: the store cannot be used: {detail}", "look at the server's log")
