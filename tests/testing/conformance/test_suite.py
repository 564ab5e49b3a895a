"""A provider that is right in everything passes, with nothing skipped."""

from __future__ import annotations

import pytest

from reconciler.testing.conformance import ProviderConformance
from tests.testing.conformance.acme import AcmeBench, a_bench


class TestAcme(ProviderConformance):
    @pytest.fixture
    def bench(self) -> AcmeBench:
        return a_bench()
