"""The embedded store passes the contract of every store; what is its own follows."""

from __future__ import annotations

from tests.stores.contract import StoreContract
from tests.stores.places import place

__all__ = ["place"]


class TestSqlite(StoreContract):
    """The contract."""
