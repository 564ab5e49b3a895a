"""Tests of the store on PostgreSQL, on real servers that they start themselves."""
