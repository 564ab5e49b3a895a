"""The documentation holds: commands print what pages show, YAML is read, links lead somewhere, lists are complete.

GOLDEN=rewrite writes the pages and the picture anew from what is printed now; read the diff before you commit it.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import tomllib
from collections.abc import Iterator
from difflib import unified_diff
from functools import reduce
from pathlib import Path
from typing import Final

import pytest
from pydantic import BaseModel

from reconciler.cli.app import COMMANDS
from reconciler.cli.entry import run
from reconciler.cli.session import PRIORITY
from reconciler.desired import SpecText, SpecTexts
from reconciler.diagnostics import Diagnostic
from reconciler.documents import HistoryDocument, PlanDocument, StatusDocument
from reconciler.environment import KNOWN
from reconciler.future_documents import DueDocument, ForecastDocument, WhatIfDocument
from reconciler.registry import Registry
from reconciler.settings import AccountSettings, Settings
from reconciler.spec import load_settings, load_specs
from tests.codes import codes_in_source
from tests.conftest import REPOSITORY
from tests.console import ELLIPSIS, Shell, commands_of, played
from tests.pages import (
    Fence,
    anchors,
    blocks,
    fences,
    first_cells,
    links,
    pages,
    parts,
    prose,
    section,
    sections,
    text_of,
)
from tests.picture import PICTURE, drawn
from tests.test_architecture import BANNED_WORDS

REWRITE: Final = os.environ.get("GOLDEN") == "rewrite"
STANDARDS: Final = frozenset(
    {"docs.stripe.com", "github.com", "keepachangelog.com", "no-color.org", "semver.org", "www.sqlite.org", "yaml.org"}
)
"""The only hosts that a page may link to."""


# Commands


def stories() -> list[str]:
    """The pages that show commands with what they print."""
    return [page for page in pages() if any(fence.language == "console" for fence in fences(page))]


def replayed(page: str, folder: Path) -> str:
    """The page with what its commands print now, in a folder that holds the files it shows, as it shows them."""
    repository, around = folder / "subscriptions", folder / "around"
    repository.mkdir()
    around.mkdir()
    shell = None
    lines: list[str] = []
    for part in parts(page):
        if isinstance(part, str):
            lines.append(f"{part}\n")
        elif part.language == "console":
            shell = shell or Shell(repository, around)  # only now: what the files say is not made steady
            lines.append(played(part.shown, shell))
        else:
            lines.append(part.shown)
            _put(repository / part.name, part)
    return "".join(lines)


def _put(file: Path, fence: Fence) -> None:
    if fence.name:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(fence.text, "utf-8")


@pytest.mark.needs("bash")
@pytest.mark.parametrize("page", stories())
def test_a_page_shows_what_its_golden_commands_print(page: str, tmp_path: Path) -> None:
    now = replayed(page, tmp_path)
    if REWRITE:
        (REPOSITORY / page).write_text(now, "utf-8")
        return
    differing = list(unified_diff(text_of(page).splitlines(), now.splitlines(), page, "as printed now", lineterm=""))
    if differing:
        pytest.fail("\n".join(differing), pytrace=False)


@pytest.mark.parametrize("fence", blocks("console"), ids=str)
def test_every_console_block_holds_a_command(fence: Fence) -> None:
    assert commands_of(fence.shown)


def test_the_quick_start_is_one_of_the_pages_that_are_tried() -> None:
    assert {"README.md", "docs/quick-start.md", "docs/importing.md", "docs/store.md"} <= set(stories())


def test_every_make_target_that_a_page_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text("utf-8"), re.MULTILINE))
    code = [text for page in pages() for text in re.findall(r"`([^`]+)`", prose(page))]
    code += [fence.text for language in ("sh", "") for fence in blocks(language)]
    named = {name for text in code for name in re.findall(r"^make ([a-z]+)", text, re.MULTILINE)}
    assert {"bench", "picture", "run", "test"} <= named
    assert named <= targets


# YAML and JSON

SETTINGS: Final = Settings(accounts={name: AccountSettings(name) for name in ("contoso", "fabrikam")})
PROVIDERS: Final = Registry()
OF_SETTINGS: Final = frozenset({"accounts", "store", "safety", "overrides", "specs"})
OF_DEFAULTS: Final = frozenset({"version", "defaults", "rules"})


def keys_of(text: str) -> list[str]:
    """The keys at the top of a YAML block."""
    return re.findall(r"^([\w-]+):", text, re.MULTILINE)


def complaints(fence: Fence) -> tuple[Diagnostic, ...]:
    """What reading the block finds; a fragment is put into the file that it is a fragment of."""
    keys, text = frozenset(keys_of(fence.text)), fence.text
    head = "" if "version" in keys else "version: 1\n"
    if keys & OF_SETTINGS:
        more = "" if "accounts" in keys else "accounts: {contoso: {provider: ledger}}\n"
        return load_settings(SpecText("reconcile.yaml", head + more + text), PROVIDERS)[1]
    if keys <= OF_DEFAULTS:
        name, text = "specs/_defaults.yaml", head + text
    elif "subscriptions" in keys:
        name, text = "specs/contoso.yaml", head + text
    elif "account" in keys:
        name, text = "specs/fabrikam/_account.yaml", head + text
    else:
        own = "".join(f"    {line}\n" for line in text.splitlines())
        facts = "" if "facts" in keys else "    facts: {product: SPB, term: annual, start: 2026-02-14}\n"
        name = "specs/contoso.yaml"
        text = f"{head}account: contoso\nsubscriptions:\n  copilot-duplicate:\n{facts}{own}"
    accounts = SETTINGS.accounts
    if name.endswith("_account.yaml"):  # it makes the account that the others are in
        accounts = {"contoso": accounts["contoso"]}
    texts = SpecTexts((SpecText(fence.name or name, text),), (), "")
    found = load_specs(texts, Settings(accounts=accounts), PROVIDERS).diagnostics
    unmatched = name.endswith("_defaults.yaml")  # nothing stands below it here that its rules could match
    return tuple(item for item in found if not (unmatched and item.code == "rule-matches-nothing"))


def specs() -> list[Fence]:
    """Every YAML block but those of other programs, which are named after their files."""
    return [fence for fence in blocks("yaml") if not fence.name.startswith(".")]


@pytest.mark.parametrize("fence", specs(), ids=str)
def test_every_yaml_block_is_read_as_its_page_says(fence: Fence) -> None:
    assert {item.code for item in complaints(fence)} == fence.finds, complaints(fence)


def test_the_pages_hold_yaml_of_every_kind() -> None:
    assert {"docs/spec-language.md", "docs/settings.md", "docs/writing-rules.md"} <= {fence.page for fence in specs()}
    assert {code for fence in specs() for code in fence.finds} >= {"alias", "contradiction", "unknown-key"}


DOCUMENTS: Final[dict[str, type[BaseModel]]] = {
    "plan": PlanDocument,
    "apply": PlanDocument,
    "status": StatusDocument,
    "history": HistoryDocument,
    "forecast": ForecastDocument,
    "due": DueDocument,
    "what-if": WhatIfDocument,
}


def documents() -> list[str]:
    """Each JSON document that a page shows a command print."""
    found = []
    for fence in blocks("console"):
        for command in commands_of(fence.shown):
            printed = "\n".join(line for line in command.printed if not line.startswith("[exit "))
            if "--format json" in command.line and ELLIPSIS not in command.printed:
                found.append(printed)
    return found


def test_every_document_that_a_page_shows_is_one() -> None:
    found = documents()
    assert found
    for text in found:
        command = json.loads(text)["command"]
        if command in DOCUMENTS:
            DOCUMENTS[command].model_validate_json(text)


# Links


@pytest.mark.parametrize("page", pages())
def test_every_link_leads_somewhere(page: str) -> None:
    for target in links(page):
        host = re.match(r"https?://([^/]+)", target)
        if host:
            assert host[1] in STANDARDS, target
            continue
        path, _, anchor = target.partition("#")
        file = (REPOSITORY / page).parent / path if path else REPOSITORY / page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file.resolve().relative_to(REPOSITORY).as_posix()), target


def test_the_readme_leads_to_every_page() -> None:
    assert {page for page in pages() if page.startswith("docs/")} <= set(links("README.md"))


# The command line

PAGE: Final = "docs/command-line.md"
SHARED: Final = "Options that every command takes"
OF_STORE: Final = ("export", "import", "copy", "check")
COMMAND_LINES: Final = (
    (),
    *((name,) for name in COMMANDS if name != "store"),
    *(("store", name) for name in OF_STORE),
)


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> dict[tuple[str, ...], str]:
    """What `--help` says of each command."""
    found = {}
    for words in COMMAND_LINES:
        assert run([*words, "--help"]) == 0
        found[words] = capsys.readouterr().out
    return found


def options_in(text: str) -> set[str]:
    """The options that a text speaks of."""
    return set(re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", text))


def options_of(help_text: str) -> set[str]:
    """The options that a help text lists; what is said about them may name others."""
    found = set()
    for line in help_text.partition("Options:")[2].partition("Commands:")[0].splitlines():
        if line.startswith("  -"):
            found |= options_in(re.split(r"\s{2,}", line.strip())[0])
    return found


def titles(help_text: str) -> list[str]:
    """A command as its section is to be called: its usage lines without what all have in common."""
    usage = help_text.partition("\n\n")[0].removeprefix("Usage:")
    return [f"`{' '.join(line.replace('[OPTIONS]', '').split())}`" for line in usage.splitlines()]


def test_the_page_names_every_option_of_every_command_and_no_other(told: dict[tuple[str, ...], str]) -> None:
    shared = {"--help", *set.intersection(*map(options_of, told.values()))}
    assert options_in(" ".join(first_cells(section(PAGE, SHARED)))) == shared | {"--version"}
    for words, text in told.items():
        documented = options_in(" ".join(first_cells(section(PAGE, titles(text)[0]))))
        assert documented == options_of(text) - shared - {"--version"}, words


def test_the_page_names_no_command_that_there_is_not(told: dict[tuple[str, ...], str]) -> None:
    known = {title for text in told.values() for title in titles(text)}
    assert {title for title, _ in sections(PAGE) if title.startswith("`reconcile")} <= known


def test_a_page_names_no_option_that_there_is_not(told: dict[tuple[str, ...], str]) -> None:
    known = {option for text in told.values() for option in options_of(text)}
    for page in pages():
        if page != "CONTRIBUTING.md":  # it speaks of other programs' options
            spoken = " ".join(re.findall(r"`([^`\n]*reconcile[^`\n]*|--[^`\n]*)`", prose(page)))
            assert {option for option in options_in(spoken) if option.startswith("--")} <= known, page


def test_the_page_lists_the_exit_codes_in_their_order() -> None:
    text = section(PAGE, "Exit codes")
    assert set(first_cells(text)) == {f"`{code}`" for code in PRIORITY}
    assert ", ".join(map(str, PRIORITY)) in text


def test_the_page_of_settings_names_every_environment_variable() -> None:
    assert set(re.findall(r"RECONCILE_[A-Z_]+[A-Z]", section("docs/settings.md", "Environment variables"))) == KNOWN


# Codes

ERRORS: Final = "docs/errors.md"


def codes_on_page() -> list[str]:
    """The codes that have an entry."""
    return [title.strip("`") for title, _ in sections(ERRORS) if title.startswith("`")]


def test_every_code_has_an_entry_and_every_entry_a_code() -> None:
    written, documented = codes_in_source(), codes_on_page()
    assert len(set(documented)) == len(documented)
    patterns = [re.compile(re.escape(code).replace(r"\*", "[a-z-]+")) for code in written if "*" in code]
    plain = {code for code in written if "*" not in code}
    assert plain - set(documented) == set()
    left = set(documented) - plain
    assert {code for code in left if not any(pattern.fullmatch(code) for pattern in patterns)} == set()


def test_every_entry_says_what_to_do() -> None:
    assert [title for title, text in sections(ERRORS) if title.startswith("`") and len(text.split()) < 4] == []


@pytest.mark.parametrize(
    "code",
    ["csv-duplicate-row", "duplicate-key", "lease-held", "link-outside", "max-endings", "protected", "spec-errors"],
)
def test_codes_are_found_however_they_are_written(code: str) -> None:
    assert code in codes_in_source()


# The house

ARCHITECTURE: Final = "docs/architecture.md"


def test_the_tree_of_the_architecture_page_is_the_tree() -> None:
    (tree,) = [fence for fence in fences(ARCHITECTURE) if fence.name == "tree"]
    shown = set(files_of_tree(tree.text))
    package = REPOSITORY / "reconciler"
    there = {path.relative_to(package).as_posix() for path in package.rglob("*.py")}
    assert {name for name in there if not name.endswith("__init__.py") and name != "__main__.py"} == shown


def files_of_tree(text: str) -> Iterator[str]:
    """The files in a drawing of folders, each line with one name."""
    folders: list[tuple[int, str]] = []
    for line in text.splitlines():
        name = line.split()[0] if line.split() else ""
        depth = len(line) - len(line.lstrip())
        folders = [(at, folder) for at, folder in folders if at < depth]
        if name.endswith("/"):
            folders.append((depth, name))
        elif name.endswith(".py"):
            yield "".join(folder for _, folder in folders[1:]) + name


def test_the_layers_of_the_architecture_page_are_the_layers() -> None:
    contracts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract["id"] == "layers"]
    (shown,) = [fence for fence in fences(ARCHITECTURE) if fence.name == "layers"]
    assert shown.text.splitlines() == layers


@pytest.mark.parametrize("page", pages())
def test_every_function_that_a_page_names_exists(page: str) -> None:
    for name in re.findall(r"`((?:\w+\.)+\w+)\(\)`", text_of(page)):
        assert callable(resolved(name)), name


def resolved(name: str) -> object:
    """What a dotted name below the package stands for."""
    *around, last = name.split(".")
    for cut in range(len(around), 0, -1):
        try:
            module = importlib.import_module(".".join(["reconciler", *around[:cut]]))
        except ModuleNotFoundError:
            continue
        return reduce(getattr, [*around[cut:], last], module)
    raise AssertionError(f"no module holds {name}")


def test_the_life_of_a_spec_names_real_functions() -> None:
    assert len(re.findall(r"`((?:\w+\.)+\w+)\(\)`", text_of("docs/life-of-a-spec.md"))) > 10


def test_the_glossary_names_every_word_that_names_avoid() -> None:
    avoided = section("docs/glossary.md", "Words that we avoid")
    assert {word for word in BANNED_WORDS if not re.search(rf"\b{word}", avoided)} == set()


# The picture


def test_the_golden_picture_is_the_one_that_is_drawn_today() -> None:
    now = drawn()
    if REWRITE:
        PICTURE.write_text(now, "utf-8")
    assert PICTURE.read_text("utf-8") == now, "draw it anew: make picture"
