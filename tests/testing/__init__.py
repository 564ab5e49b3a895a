"""Tests of what ships for providers: the emulators, and the kit."""
