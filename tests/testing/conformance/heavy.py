"""A provider that imports a library when it is loaded, and one that cannot be made without words."""

from __future__ import annotations

import urllib3

from tests.testing.conformance.acme_provider import AcmeProvider


class HeavyProvider(AcmeProvider):
    """Brings urllib3 along."""

    client = urllib3


class WordyProvider(AcmeProvider):
    """Wants to be told something."""

    def __init__(self, words: str) -> None:
        self.words = words
