"""The page about lifecycles shows every rule of every policy that ships, with its source, and each that is not known.

GOLDEN=rewrite writes its tables anew from the files; read the diff before you commit it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest

from reconciler.model import Status
from reconciler.policy import Extension, Lifecycle, Reactivation, RefundRule, Rule, SeatLimit, Since, Window
from reconciler.spec.policies import MATTERS
from reconciler.spec.trusted import SHIPPED
from tests.conftest import REPOSITORY
from tests.pages import first_cells, section, text_of
from tests.test_docs import REWRITE
from tests.test_shipped import lifecycle

PAGE: Final = "docs/lifecycle.md"
PICTURE: Final = REPOSITORY / "docs" / "lifecycle.svg"
_BLOCK: Final = re.compile(r"(<!-- (?:policy|unknown) -->\n).*?(?=<!-- end -->)", re.DOTALL)

NOT_KNOWN: Final = "*not known*"


def in_words(value: object) -> str:
    """A rule's value as the page writes it."""
    match value:
        case None:
            return NOT_KNOWN
        case int():
            return f"{value} days"
        case Window(length, since):
            return _window(length, since)
        case SeatLimit(most):
            return "any number" if most is None else f"{most} at most"
        case RefundRule():
            return str(value)
        case Extension(when_off=False):
            return "none"
        case Reactivation(expired=False, disabled=False, cancelled=False):
            return "nothing can come back"
        case Reactivation() | Extension():
            return "; ".join(f"`{field.name}`: {_plainly(getattr(value, field.name))}" for field in fields(value))
        case tuple():
            return " ".join(map(str, value)) or "nothing"
        case _:
            raise AssertionError(value)


def _window(length: timedelta | None, since: Since) -> str:
    if not length:
        return "at any time" if length is None else "never"
    hours = length // timedelta(hours=1)
    lasting = f"{hours // 24} days" if hours > 72 else f"{hours} hours"
    return f"{lasting} from the {'very first start' if since is Since.START else 'start or renewal'}"


def _plainly(value: bool | int | None) -> str:
    if value is None:
        return NOT_KNOWN
    return str(value) if type(value) is int else "yes" if value else "no"


def rules_of(policy: Lifecycle) -> Iterator[tuple[str, str, Rule[Any]]]:
    """Every rule of a policy with the name of its matter, and since when it holds, in words."""
    dated = {f"`{matter}`": getattr(policy, matter) for matter in MATTERS}
    dated |= {f"side effects of `{verb}`": effects for verb, effects in policy.side_effects.items()}
    for matter, rules in dated.items():
        for rule in rules.rules:
            begins = "always" if len(rules.rules) == 1 else "at first"
            if rule is not rules.rules[0]:
                begins = f"from {rule.effective_from}"
            yield matter, begins if rule.terms_from is None else f"{begins}, terms from {rule.terms_from}", rule


def table(name: str) -> str:
    """A policy as a table."""
    policy = lifecycle(name)
    rows = [
        f"| {matter} | {holds} | {in_words(rule.value)} | {rule.source} |" for matter, holds, rule in rules_of(policy)
    ]
    return "\n".join(
        [f"{policy.summary}\n", "| matter | holds | what it says | source |", "|---|---|---|---|", *rows, ""]
    )


def unknowns() -> str:
    """Everything that is not known, policy by policy; of `plain` nothing could be."""
    lines = ["| policy | matter | what is not known |", "|---|---|---|"]
    for name in SHIPPED:
        for matter, holds, rule in rules_of(lifecycle(name)):
            said = in_words(rule.value)
            if NOT_KNOWN in said and name != "plain":
                open_parts = [part.split(":")[0] for part in said.split("; ") if NOT_KNOWN in part]
                what = "all of it" if said == NOT_KNOWN else ", ".join(open_parts)
                lines.append(f"| [{name}](#{name}) | {matter} | {what}, {holds} |")
    return "\n".join([*lines, ""])


def drawn_anew(text: str) -> str:
    """The page with its tables as the files have them now."""
    blocks = iter([*map(table, SHIPPED), unknowns()])
    return _BLOCK.sub(lambda block: block[1] + next(blocks), text)


def test_the_golden_tables_are_those_of_the_files() -> None:
    now = drawn_anew(text_of(PAGE))
    if REWRITE:
        (REPOSITORY / PAGE).write_text(now, "utf-8")
        return
    assert text_of(PAGE) == now, "write them anew: GOLDEN=rewrite"


@pytest.mark.parametrize("name", SHIPPED)
def test_every_policy_has_its_section(name: str) -> None:
    assert len(first_cells(section(PAGE, name))) == len(list(rules_of(lifecycle(name))))


def test_the_page_explains_every_matter_and_stage() -> None:
    matters = {f"`{matter}`" for matter in (*MATTERS, "side_effects")}
    assert set(first_cells(section(PAGE, "What a policy says"))) == matters
    stages = {f"`{status}`" for status in Status} - {"`suspended`", "`unknown`"}
    assert set(first_cells(section(PAGE, "The stages"))) == stages


def test_the_drawing_names_every_stage_and_reads_in_the_dark() -> None:
    drawing = PICTURE.read_text("utf-8")
    root = ET.fromstring(drawing)
    words = {text.text for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"scheduled", "active", "expired", "disabled", "deleted"} <= words
    assert [element.tag.rpartition("}")[2] for element in root][:2] == ["title", "desc"]
    light, dark = drawing.split("@media (prefers-color-scheme: dark)")
    coloured = re.compile(r"\.(\w+) \{ fill: #")
    assert set(coloured.findall(light)) <= set(coloured.findall(dark))
    assert not re.search(r"(?:href|src)=|https?://(?!www\.w3\.org/2000/svg)", drawing)
