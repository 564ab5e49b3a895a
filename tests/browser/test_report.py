"""The report in a real browser: nothing overflows, nothing is loaded or run, everybody can read it, also on paper."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page

from reconciler.views.report.page import report_page
from tests.views.report import cases

pytestmark = pytest.mark.needs("chromium")

Scheme = Literal["light", "dark"]

PHONE, TABLET, DESKTOP = 360, 768, 1280
SHOWN = {PHONE: "narrow", TABLET: "medium", DESKTOP: "wide"}
"""Which drawing of a chart fits which screen."""

WATCH = """
window.violated = [];
document.addEventListener("securitypolicyviolation", event => window.violated.push(event.violatedDirective));
"""
OUTSIDE = """() => [...document.querySelectorAll("body *")]
  .filter(node => !node.closest(".scroll, .skip, .unseen"))
  .filter(node => { const box = node.getBoundingClientRect(); return box.right > innerWidth + 0.5 || box.left < -0.5 })
  .map(node => `${node.tagName}.${node.getAttribute("class")}: ${node.textContent.slice(0, 40)}`)
"""
SEEN = "nodes => nodes.filter(node => node.checkVisibility()).map(node => node.getAttribute('class'))"
UNSEEN = "nodes => nodes.filter(node => !node.checkVisibility()).length"
FILL = "node => getComputedStyle(node).fill"


@dataclass(slots=True)
class Opened:
    """A page, with everything that it did while it was open."""

    page: Page
    asked_for: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @property
    def violated(self) -> list[str]:
        """The directives of the policy that something broke."""
        found: list[str] = self.page.evaluate("window.violated")
        return found


@contextmanager
def opened(browser: Browser, file: Path, width: int = DESKTOP, scheme: Scheme = "light") -> Iterator[Opened]:
    """The file in a fresh window of that width."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
    context.add_init_script(WATCH)
    found = Opened(context.new_page())
    found.page.on("request", lambda request: found.asked_for.append(request.url))
    found.page.on("console", lambda message: found.said.append(message.text))
    found.page.on("pageerror", lambda error: found.said.append(str(error)))
    found.page.goto(file.as_uri())
    yield found
    context.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages of all cases, as files."""
    folder = tmp_path_factory.mktemp("reports")
    made = {"full": cases.full(), "empty": cases.empty(), "large": cases.large(1_000), "hostile": cases.hostile()}
    for name, report in made.items():
        (folder / f"{name}.html").write_text(report_page(report), "utf-8")
    return {name: folder / f"{name}.html" for name in made}


EVERYWHERE = [
    *(("full", width, scheme) for width in SHOWN for scheme in ("light", "dark")),
    ("large", PHONE, "light"),
    ("large", DESKTOP, "dark"),
    ("hostile", PHONE, "light"),
    ("empty", TABLET, "dark"),
]


@pytest.mark.parametrize(("name", "width", "scheme"), EVERYWHERE)
def test_a_report_is_sound(browser: Browser, pages: dict[str, Path], name: str, width: int, scheme: Scheme) -> None:
    with opened(browser, pages[name], width, scheme) as found:
        assert found.page.evaluate("document.documentElement.scrollWidth") == width
        assert found.page.evaluate(OUTSIDE) == []
        assert name == "large" or barriers(found.page) == []  # its many rows are alike, and axe looks at each
        assert found.asked_for == [pages[name].as_uri()]
        assert found.said == found.violated == []


def barriers(page: Page) -> list[str]:
    """What axe finds, with the first element that it is about; what is folded is looked at, too."""
    page.evaluate("document.querySelectorAll('details').forEach(node => node.open = true)")
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [f"{item['impact']} {item['id']}: {item['nodes'][0]['html']}" for item in found]


@pytest.mark.parametrize(("width", "size"), SHOWN.items())
def test_each_screen_gets_the_drawing_that_fits_it(
    browser: Browser, pages: dict[str, Path], width: int, size: str
) -> None:
    with opened(browser, pages["full"], width) as found:
        shown = found.page.eval_on_selector_all(".drawing", SEEN)
        assert shown == [f"drawing {size}"] * 3 + ["drawing band"]


def test_charts_have_their_own_colours_by_day_and_by_night(browser: Browser, pages: dict[str, Path]) -> None:
    fills = []
    for scheme in ("light", "dark"):
        with opened(browser, pages["full"], scheme=scheme) as found:
            fills.append([found.page.eval_on_selector(f".wide .tone-{n} rect", FILL) for n in (0, 1)])
    assert len({fill for pair in fills for fill in pair}) == 4
    assert "rgb(0, 0, 0)" not in {fill for pair in fills for fill in pair}


def test_on_paper_every_table_is_unfolded_and_the_colours_are_those_of_the_day(
    browser: Browser, pages: dict[str, Path]
) -> None:
    with opened(browser, pages["full"], scheme="dark") as found:
        assert found.page.eval_on_selector_all("details table", UNSEEN) == 4
        found.page.emulate_media(media="print")
        assert found.page.eval_on_selector_all("details table", UNSEEN) == 0
        assert found.page.eval_on_selector_all(".drawing", SEEN) == ["drawing medium"] * 3 + ["drawing band"]
        paper = found.page.evaluate("getComputedStyle(document.querySelector('section')).backgroundColor")
        assert paper == "rgb(255, 255, 255)"
        assert len(found.page.pdf(format="A4")) > 20_000


def test_the_first_key_leads_past_the_top(browser: Browser, pages: dict[str, Path]) -> None:
    with opened(browser, pages["full"]) as found:
        found.page.keyboard.press("Tab")
        assert found.page.evaluate("document.activeElement.textContent") == "Skip to the report"
        assert found.page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0


def test_what_would_be_wrong_is_noticed(browser: Browser, tmp_path: Path) -> None:
    # Each check above must be able to fail.
    wrong = tmp_path / "wrong.html"
    text = report_page(cases.empty())
    inside = "<script>1</script><img src='https://tracker.example/x'><p style='color: red'>x</p><textarea cols=400>"
    wrong.write_text(text.replace('<main id="main">', f'<main id="main">{inside}</textarea>'), "utf-8")
    with opened(browser, wrong) as found:
        assert sorted(set(found.violated)) == ["img-src", "script-src-elem", "style-src-attr"]
        assert found.said
        assert found.page.evaluate("document.documentElement.scrollWidth") > DESKTOP
        assert any("TEXTAREA" in said for said in found.page.evaluate(OUTSIDE))
        assert any("image-alt" in said for said in barriers(found.page))
