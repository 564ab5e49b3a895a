"""Measurements, run by `make bench`; never part of the test suite, because no test asserts a time."""
