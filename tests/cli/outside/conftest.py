"""The three billing systems, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.outside.houses import HOUSES
from tests.cli.outside.world import Outside, outside


@pytest.fixture(params=sorted(HOUSES))
def place(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Outside]:
    """An account at each of them in turn."""
    with outside(request.param, tmp_path / "repository", capfd, monkeypatch) as made:
        yield made
