"""Stores: the only place of SQL and of database drivers. Each passes `tests/stores/contract.py`."""
