"""Programs for processes of their own that die by SIGKILL in the middle of writing."""

from __future__ import annotations

PREPARE = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from reconciler.changes import Kind
from reconciler.journal import Outcome, OutcomeKind
from reconciler.stores.lease import FileLease
from reconciler.stores.sqlite import open_store
from tests.builders import NOW, a_change, a_run, a_stored, an_entry

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def updates(count):
    for number in range(count):
        key = f"contoso/s-{number:04d}"
        row = a_stored(key, owner="o" * 400)
        change = a_change(Kind.UPDATE, key)
        yield replace(an_entry(change, operation_id=f"update-{number}"), outcome=Outcome(OutcomeKind.SUCCEEDED, row))

path = Path(sys.argv[1])
"""

AT_COMMIT = f"""{PREPARE}
with FileLease(path, 0.0).hold(), open_store(path, 0.0) as store:
    store.begin(a_run("run-2"))
    # So small a cache that changed pages go to the file before the end: it is half written when the process dies.
    store._connection.execute("PRAGMA cache_size = 5")
    store._connection.set_trace_callback(lambda statement: die() if statement == "COMMIT" else None)
    store.record("run-2", list(updates(400)), NOW)
"""
"""Dies with a batch of 400 updates half in the file and a hot journal beside it."""

AFTER_STEPS = f"""{PREPARE}
with FileLease(path, 0.0).hold(), open_store(path, 0.0) as store:
    store.begin(a_run("run-2"))
    store._connection.execute("PRAGMA cache_size = 5")
    store._connection.set_progress_handler(die, int(sys.argv[2]))
    store.record("run-2", list(updates(400)), NOW)
"""
"""Dies after so many steps of SQLite's machine; ends well if there are fewer."""

WHILE_KEEPING = f"""{PREPARE}
from reconciler.observed import ObservedAccount
from tests.builders import a_seen
with FileLease(path, 0.0).hold(), open_store(path, 0.0) as store:
    store._connection.execute("PRAGMA cache_size = 5")
    store._connection.set_progress_handler(die, int(sys.argv[2]))
    found = {{f"id-{{number:04d}}": a_seen(f"id-{{number:04d}}", busy="b" * 400) for number in range(400)}}
    store.keep_observations([ObservedAccount("contoso", NOW, found), ObservedAccount("fabrikam", NOW)])
"""
"""Dies after so many steps of keeping 400 observations instead of those of before; ends well if there are fewer."""

WHILE_ACCEPTING = f"""{PREPARE}
with FileLease(path, 0.0).hold(), open_store(path, 0.0) as store:
    store._connection.execute("PRAGMA cache_size = 5")
    store._connection.set_progress_handler(die, int(sys.argv[2]))
    asked = [replace(entry, outcome=Outcome(OutcomeKind.ACCEPTED, token="t" * 400)) for entry in updates(400)]
    store.accept("run-2", asked, NOW)
"""
"""Dies after so many steps of accepting 400 updates; ends well if there are fewer."""

WHILE_MAKING = f"""{PREPARE}
with FileLease(path, 0.0).hold():
    import reconciler.stores.sqlite as sqlite
    migrate = sqlite.migrate
    def dying(connection, steps):
        migrate(connection, steps)
        die()
    sqlite.migrate = dying
    open_store(path, 0.0, create="never")
"""
"""Dies when the new store has its tables, and no name yet."""

WHILE_MIGRATING = f"""{PREPARE}
with FileLease(path, 0.0).hold():
    import reconciler.stores.sqlite as sqlite
    migrate = sqlite.migrate
    def dying(connection, steps):
        connection.set_progress_handler(die, int(sys.argv[2]))
        migrate(connection, steps)
        connection.set_progress_handler(None, 0)
    sqlite.migrate = dying
    open_store(path, 0.0).close()
"""
"""Dies after so many steps of a migration; ends well if there are fewer."""

HOLD = f"""{PREPARE}
with FileLease(path, 0.0).hold():
    print("ready", flush=True)
    sys.stdin.read()
"""
"""Holds the lease until its standard input is closed."""
