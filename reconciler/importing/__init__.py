"""Brings an existing estate in from CSV: rows, their names, the specs that declare them, and what to record.

Pure: bytes, texts and values are handed in and out. Must not open a file, ask the clock or speak to a store.
"""
