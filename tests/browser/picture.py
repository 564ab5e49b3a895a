"""Takes the picture of a report that docs/report.md shows: a made-up estate, as Chromium draws it.

`python -m tests.browser.picture` writes docs/report.png. No test holds its bytes: fonts differ between machines.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import sync_playwright

from reconciler.views.report.page import report_page
from tests.browser.conftest import FLAGS
from tests.conftest import REPOSITORY
from tests.views.report.cases import full

PICTURE: Final = REPOSITORY / "docs" / "report.png"
_WIDTH, _HEIGHT, _SCALE = 1040, 1400, 0.75


def main() -> None:
    """Draw it anew."""
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "report.html"
        file.write_text(report_page(full()), "utf-8")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=[*FLAGS, *root])
        page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT}, device_scale_factor=_SCALE)
        page.goto(file.as_uri())
        page.screenshot(path=PICTURE, clip={"x": 0, "y": 0, "width": _WIDTH, "height": _HEIGHT})
        browser.close()


if __name__ == "__main__":
    main()
