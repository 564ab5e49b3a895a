"""Which schema a database has, and bringing it up to date, in one transaction that all others wait for.

alembic, and SQLAlchemy under it, are imported only where a step is to be taken: they cost more than all the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from pathlib import Path

from reconciler.stores.postgres import failures
from reconciler.stores.postgres.address import Address
from reconciler.stores.postgres.session import Session
from reconciler.stores.postgres.speaking import Connection

VERSIONS = ("0001",)
"""Every step that this release knows, in their order."""
STEPS = Path(__file__).parent / "versions"
TABLE = "reconcile_schema"
"""Says at which step the schema is; of no other program's name."""
_LOCK = 0x52434E4C
"""The transactions that migrate wait for each other by this number."""


class Found(Enum):
    """What stands where a store should be."""

    NOTHING = "nothing"
    BEHIND = "behind"
    CURRENT = "current"


def look(session: Session, versions: Sequence[str] = VERSIONS) -> tuple[Found, str]:
    """What there is, with its version; raises StoreError for a newer schema and for somebody else's."""
    address = session.address
    with failures.told(address), session.reading("SELECT 1") as (connection, _):
        return _judged(connection, address, versions)


def _judged(connection: Connection, address: Address, versions: Sequence[str]) -> tuple[Found, str]:
    statement = (
        "SELECT count(*), count(*) FILTER (WHERE relname = %s) FROM pg_catalog.pg_class"
        " WHERE relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = %s)"
    )
    row = connection.execute(statement, (TABLE, address.schema)).fetchone()
    tables, ours = row or (0, 0)
    if not tables:
        return Found.NOTHING, ""
    if not ours:
        raise failures.not_a_store(address)
    statement = f"SELECT version_num FROM {address.schema}.{TABLE}"  # noqa: S608 - checked to be a plain name
    said = connection.execute(statement.encode()).fetchall()
    if len(said) != 1:
        raise failures.corrupt(address, f"{TABLE} has {len(said)} rows")
    version = str(said[0][0])
    if version not in versions:
        raise failures.newer(address, version, versions[-1])
    return (Found.CURRENT if version == versions[-1] else Found.BEHIND), version


def prepare(
    session: Session, versions: Sequence[str] = VERSIONS, steps: Path = STEPS, *, fence: int | None = None
) -> None:
    """The schema as this release has it: made, brought up to date, or left as it is. All of it, or nothing.

    Of several that come at once, one does it and the others find it done. An older one is brought up to date only under
    the lease, whose number is `fence`: an apply of the older release must not find other tables in the middle.
    """
    found, _ = look(session, versions)
    if found is Found.CURRENT:
        return
    address = session.address
    with failures.told(address, writing=True):
        connection, _row = session.begin(f"SELECT pg_advisory_xact_lock({_LOCK})")
        session.roll_back()  # it can be written to, and nobody is at it now: SQLAlchemy begins its own transaction
        try:
            _migrate(connection, session, versions, steps, fence)
        except BaseException:
            session.drop()
            raise


def _migrate(connection: Connection, session: Session, versions: Sequence[str], steps: Path, fence: int | None) -> None:
    # Hundreds of milliseconds, once in the life of a schema version.
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from alembic.script import ScriptDirectory
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import StaticPool

    address = session.address
    connection.autocommit = False
    engine = create_engine("postgresql+psycopg://", creator=lambda: connection, poolclass=StaticPool)
    script = ScriptDirectory(str(steps), version_locations=[str(steps)])
    try:
        with engine.connect() as outer, outer.begin():
            for statement in session.preamble("", standing=session.limits.statement).split(";")[1:-1]:
                outer.exec_driver_sql(statement)
            outer.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            found, _version = _judged(connection, address, versions)  # somebody else may have done it meanwhile
            if found is Found.BEHIND:
                _hold(connection, address, fence)
            if found is Found.NOTHING:
                outer.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {address.schema}")
            if found is not Found.CURRENT:
                head = versions[-1]
                # The function that alembic's own commands hand in; it asks for the steps from `revision` on.
                known = {
                    "version_table": TABLE,
                    "version_table_schema": address.schema,
                    "fn": lambda revision, _context: script._upgrade_revs(head, revision),  # noqa: SLF001
                }
                context = MigrationContext.configure(outer, opts=known)
                with Operations.context(context):
                    context.run_migrations()
    except DBAPIError as error:
        raise error.orig or error from None
    finally:
        if not connection.closed:
            connection.autocommit = True


def _hold(connection: Connection, address: Address, fence: int | None) -> None:
    """Keep the lease until this transaction ends; StoreError where it is not ours. Its table never changes."""
    row = connection.execute(f"SELECT fence FROM {address.schema}.lease FOR SHARE".encode()).fetchone()  # noqa: S608 - as above
    if row is None or row[0] != fence:
        raise failures.lease_lost(address)
