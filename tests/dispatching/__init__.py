"""Tests of who hands shards to workers, and of the workers themselves."""
