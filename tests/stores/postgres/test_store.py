"""The store on PostgreSQL passes the contract of every store; what is its own about writing follows."""

from __future__ import annotations

from tests.stores.contract import StoreContract
from tests.stores.lines_contract import LinesContract
from tests.stores.outside_contract import OutsideContract
from tests.stores.postgres.places import place, server
from tests.stores.time_contract import TimeContract

__all__ = ["place", "server"]


class TestPostgres(StoreContract, TimeContract, OutsideContract, LinesContract):
    """The contracts."""
