"""Tests of the provider `microsoft`."""
