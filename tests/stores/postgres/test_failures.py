"""Each thing that a server may say has one code of ours, and what to do."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors

from reconciler.stores.postgres.address import address_of
from reconciler.stores.postgres.failures import lease_lost, lost, of_psycopg, older, passing, told

ADDRESS = address_of("postgresql://ada:hunter2@db.example/estate")


@pytest.mark.parametrize(
    ("error", "writing", "code"),
    [
        pytest.param(errors.TooManyConnections, False, "no-connection-left", id="no connection left"),
        pytest.param(errors.InvalidPassword, False, "store-denied", id="a wrong password"),
        pytest.param(errors.InvalidCatalogName, False, "no-database", id="no database"),
        pytest.param(errors.InsufficientPrivilege, True, "read-only-store", id="no right to write"),
        pytest.param(errors.InsufficientPrivilege, False, "unreadable-store", id="no right to read"),
        pytest.param(errors.ReadOnlySqlTransaction, True, "read-only-store", id="a standby"),
        pytest.param(errors.DiskFull, True, "disk-full", id="a full disk"),
        pytest.param(errors.QueryCanceled, False, "store-busy", id="a statement that took too long"),
        pytest.param(errors.LockNotAvailable, True, "store-busy", id="a lock that took too long"),
        pytest.param(errors.UndefinedTable, False, "store-corrupt", id="no table"),
        pytest.param(errors.NumericValueOutOfRange, True, "unstorable-value", id="too large a number"),
        pytest.param(errors.AdminShutdown, False, "store-unreachable", id="a shutdown"),
        pytest.param(psycopg.OperationalError, False, "store-unreachable", id="no answer"),
        pytest.param(errors.SyntaxError, False, "store-failed", id="whatever has no better word"),
    ],
)
def test_each_error_has_its_code(error: type[psycopg.Error], writing: bool, code: str) -> None:
    found = of_psycopg(error("with hunter2 in it"), ADDRESS, writing=writing)
    assert found.code == code
    assert found.hint
    assert "hunter2" not in found.message


def test_only_what_may_go_through_is_tried_again() -> None:
    assert lost(errors.CrashShutdown())
    assert passing(errors.DeadlockDetected(), writing=False)
    assert passing(errors.ReadOnlySqlTransaction(), writing=True)
    assert not passing(errors.ReadOnlySqlTransaction(), writing=False)
    assert not passing(errors.DiskFull(), writing=True)


def test_what_is_told_names_the_store() -> None:
    with pytest.raises(Exception, match=r"db\.example/estate") as found, told(ADDRESS):
        raise errors.DiskFull
    assert found.value.__suppress_context__
    assert (lease_lost(ADDRESS).code, older(ADDRESS, "1", "2").code) == ("lease-lost", "older-store")
