"""The world of command-line tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.world import SETTINGS, World


@pytest.fixture
def world(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> World:
    """A repository with settings and no specs yet."""
    made = World(tmp_path / "repository", capfd)
    made.write("reconcile.yaml", SETTINGS)
    (made.root / "specs").mkdir()
    return made
