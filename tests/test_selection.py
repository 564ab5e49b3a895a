"""Which subscriptions a run is about."""

from __future__ import annotations

import pytest

from reconciler.diagnostics import Location
from reconciler.selection import EVERYTHING, Selection, glob, within
from tests.builders import a_key


@pytest.mark.parametrize(
    ("patterns", "text", "matches"),
    [
        pytest.param([], "contoso/a", False, id="no pattern"),
        pytest.param(["contoso/a"], "contoso/a", True, id="the text itself"),
        pytest.param(["contoso/*"], "contoso/a", True, id="a star"),
        pytest.param(["*"], "contoso/a", True, id="a star passes the slash"),
        pytest.param(["contoso"], "contoso/a", False, id="the whole text is meant"),
        pytest.param(["Contoso/*"], "contoso/a", False, id="capitals count"),
        pytest.param(["x", "contoso/?"], "contoso/a", True, id="one of several"),
        pytest.param(["contoso/[ab]"], "contoso/a", True, id="a set"),
        pytest.param(["contoso/[!ab]"], "contoso/a", False, id="not of a set"),
        pytest.param(["contoso.a"], "contoso/a", False, id="a point is a point"),
        pytest.param(["contoso/a"], "contoso/a\n", False, id="no line more"),
        pytest.param([""], "contoso/a", False, id="an empty pattern"),
    ],
)
def test_a_glob_matches_the_whole_text(patterns: list[str], text: str, matches: bool) -> None:
    assert glob(patterns)(text) is matches


KEYS = [a_key(text) for text in ("contoso/a", "contoso/visio", "fabrikam/a", "fabrikam/visio")]


@pytest.mark.parametrize(
    ("selection", "chosen"),
    [
        pytest.param(EVERYTHING, "contoso/a contoso/visio fabrikam/a fabrikam/visio", id="everything"),
        pytest.param(Selection(select=("contoso/*",)), "contoso/a contoso/visio", id="selected"),
        pytest.param(Selection(exclude=("*/visio",)), "contoso/a fabrikam/a", id="excluded"),
        pytest.param(Selection(("contoso/*",), ("*/visio",)), "contoso/a", id="selected but for the excluded"),
        pytest.param(Selection(select=("contoso/a", "*/visio")), "contoso/a contoso/visio fabrikam/visio", id="either"),
        pytest.param(
            Selection(paths=("x.yaml",)), "contoso/a contoso/visio fabrikam/a fabrikam/visio", id="paths say no keys"
        ),
    ],
)
def test_patterns_choose_keys(selection: Selection, chosen: str) -> None:
    assert " ".join(map(str, filter(selection.keys(), KEYS))) == chosen


@pytest.mark.parametrize("narrowed", [Selection(select=("*",)), Selection(exclude=("x",)), Selection(paths=(".",))])
def test_only_an_empty_selection_is_everything(narrowed: Selection) -> None:
    assert EVERYTHING.everything
    assert not narrowed.everything


@pytest.mark.parametrize(
    ("file", "path", "lies"),
    [
        ("specs/contoso/a.yaml", "specs/contoso/a.yaml", True),
        ("specs/contoso/a.yaml", "specs/contoso", True),
        ("specs/contoso/a.yaml", "specs/contoso/", True),
        ("specs/contoso/a.yaml", "specs", True),
        ("specs/contoso/a.yaml", ".", True),
        ("specs/contoso/a.yaml", "", True),
        ("specs/contoso-2/a.yaml", "specs/contoso", False),
        ("specs/contoso/a.yaml", "contoso", False),
        ("specs/a.yaml", "specs/a.yam", False),
    ],
)
def test_a_file_lies_within_a_folder_above_it(file: str, path: str, lies: bool) -> None:
    assert within(file, path) is lies
    assert Selection(paths=("other", path)).holds(Location(file, 3, 4)) is lies


def test_without_paths_every_place_is_held() -> None:
    assert EVERYTHING.holds(Location("anywhere.yaml"))
