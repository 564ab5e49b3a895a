"""Which subscriptions a run is about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.diagnostics import Location
from reconciler.model import SubscriptionKey
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


@pytest.mark.parametrize("selection", [EVERYTHING, Selection(exclude=("*",)), Selection(paths=("x.yaml",))])
def test_without_a_pattern_to_select_by_every_name_may_be_selected(selection: Selection) -> None:
    assert selection.names()("contoso", "a\nb")
    assert selection.names()("contoso", "")


@pytest.mark.parametrize(
    ("pattern", "account", "names", "may"),
    [
        pytest.param("contoso/visio", "contoso", "a\nvisio\nb", True, id="the name itself"),
        pytest.param("contoso/visio", "contoso", "a\nb", False, id="another name"),
        pytest.param("contoso/visio", "fabrikam", "visio", False, id="another account"),
        pytest.param("contoso/visio", "contoso", "a-visio-2", True, id="a part of a name is no sure no"),
        pytest.param("contoso/*", "contoso", "a", True, id="all of an account"),
        pytest.param("contoso/*", "fabrikam", "a", False, id="all of another"),
        pytest.param("*/sub-1*", "fabrikam", "sub-12", True, id="a name in any account"),
        pytest.param("*visio", "contoso", "a", True, id="a star passes the slash"),
        pytest.param("contoso", "contoso", "a", True, id="no slash at all: only a no is sure"),
        pytest.param("contoso/[ab]-long-*", "contoso", "a-long-1", True, id="what stands behind a set"),
        pytest.param("contoso/[ab]-long-*", "contoso", "a-short-1", False, id="no name has it"),
        pytest.param("contoso/[]]x", "contoso", "]x", True, id="a bracket in a set"),
        pytest.param("contoso/[a", "contoso", "[a", True, id="a bracket that is no set"),
        pytest.param("CONTOSO/a", "contoso", "a", False, id="capitals count"),
    ],
)
def test_a_file_that_can_hold_no_selected_name_is_passed_by(pattern: str, account: str, names: str, may: bool) -> None:
    assert Selection(select=(pattern,)).names()(account, names) is may
    assert Selection(select=("nobody/none", pattern)).names()(account, names) is may


@given(
    pattern=st.text("ab/-*?[]!", max_size=8),
    account=st.text("ab-", min_size=1, max_size=3),
    found=st.lists(st.text("ab-[]!", min_size=1, max_size=4), min_size=1, max_size=3),
)
def test_no_name_that_is_selected_is_ever_passed_by(pattern: str, account: str, found: list[str]) -> None:
    selection = Selection(select=(pattern,))
    if any(map(selection.keys(), (SubscriptionKey(account, name) for name in found))):
        assert selection.names()(account, "\n".join(found))


def test_a_file_is_held_as_its_places_are() -> None:
    narrowed = Selection(paths=("specs/north", "specs/a.yaml"))
    for file, held in [("specs/north/b.yaml", True), ("specs/a.yaml", True), ("specs/b.yaml", False)]:
        assert narrowed.holds_file(file) is narrowed.holds(Location(file, 1, 1)) is held
        assert EVERYTHING.holds_file(file)
