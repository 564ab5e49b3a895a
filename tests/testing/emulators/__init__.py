"""Tests of the emulators; what the others need to know of them stands in `asking` and `toy`."""
