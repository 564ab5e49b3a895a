"""The house rules that no linter holds: sizes, purity, names, documentation, module state, mirrored tests.

Import rules are contracts in pyproject.toml; which modules are pure is read from there.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

MODULE_LINES, MODULE_LINES_AT_MOST = 400, 600
FUNCTION_LINES, FUNCTION_LINES_AT_MOST = 40, 60

LONG_MODULES: dict[str, str] = {
    "reconciler.spec.blocks": "why a block reads as the parser would have it is one argument",
    "reconciler.spec.gists": "the hot path of a large estate, whose steps are read together",
}
"""Modules over the 400 lines, each with the reason; one that is shorter again must leave the list."""
LONG_FUNCTIONS: dict[str, str] = {}
"""Functions over the 40 lines, likewise."""
MIRRORED_ELSEWHERE = {
    "reconciler.cli": "tests/cli",  # by what a command prints, leaves and answers, as its user sees it
}
"""Modules, or packages of them, without a test file each, and where they are tested."""

EFFECTS = frozenset(
    "asyncio concurrent getpass glob locale logging multiprocessing os platform random secrets select shutil signal "
    "socket sqlite3 subprocess tempfile threading time urllib uuid zoneinfo".split()
)
"""Modules that only serve to reach the world, its clock or its chance."""
EFFECT_NAMES = frozenset({"Path", "stdin", "stdout", "stderr", "argv", "exit"})
"""Of `pathlib` and `sys`, which are otherwise harmless."""
EFFECT_CALLS = frozenset({"__import__", "breakpoint", "eval", "exec", "input", "open", "print"})
EFFECT_METHODS = frozenset({"now", "utcnow", "today", "read_text", "read_bytes", "write_text", "write_bytes"})

BANNED_WORDS = frozenset(
    "action audit config delta helper manager manifest mutex operation resource sync util utility".split()
)
"""The glossary has another word for each; "operation" lives on in "operation id"."""
BANNED_ALONE = frozenset({"state"})
OTHERS_WORDS = frozenset({"model_config"})
"""Names that a library asks for."""

CONTAINERS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
CONTAINER_TYPES = frozenset({"list", "dict", "set", "bytearray", "deque", "defaultdict", "Counter", "OrderedDict"})
MUTATORS = frozenset(
    "add append appendleft clear discard extend insert pop popitem popleft remove setdefault update".split()
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One source file: its dotted name, its text and its tree."""

    name: str
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        """How long it is."""
        return len(self.text.splitlines())


def a_module(text: str, name: str = "reconciler.sample") -> Module:
    """A module made of this text."""
    return Module(name, text, ast.parse(text))


@cache
def modules(package: str) -> tuple[Module, ...]:
    """Every module below a folder of this repository."""
    found = []
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found.append(a_module(path.read_text("utf-8"), name))
    return tuple(found)


@cache
def pure() -> frozenset[str]:
    """The names right below the package that are pure: views, and all that the layers put below the ports."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["id"] == "layers")
    below = layers[layers.index("ports") :]
    return frozenset(re.findall(r"\w+", " ".join(below))) | {"views"}


def functions(module: Module) -> Iterator[tuple[str, Function]]:
    """Every function of a module, those in classes and in functions too, with its dotted name."""

    def walk(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Function | ast.ClassDef):
                name = f"{prefix}.{child.name}"
                if not isinstance(child, ast.ClassDef):
                    yield name, child
                yield from walk(child, name)
            else:
                yield from walk(child, prefix)

    return walk(module.tree, module.name)


def length(function: Function) -> int:
    """A function's lines, without its decorators."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def impure(module: Module) -> Iterator[str]:
    """What reaches outside: imports of effects, and calls that need no import."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Import(names=names):
                yield from (f"import {item.name}" for item in names if item.name.partition(".")[0] in EFFECTS)
            case ast.ImportFrom(module=str(source)) if source.partition(".")[0] in EFFECTS:
                yield f"from {source} import"
            case ast.ImportFrom(module="sys" | "pathlib", names=names):
                yield from (f"import {item.name}" for item in names if item.name in EFFECT_NAMES)
            case ast.Attribute(value=ast.Name(id="sys" | "pathlib"), attr=name) if name in EFFECT_NAMES:
                yield f"{name} of a module"
            case ast.Call(func=ast.Name(id=name)) if name in EFFECT_CALLS:
                yield f"{name}()"
            case ast.Call(func=ast.Attribute(attr=name)) if name in EFFECT_METHODS:
                yield f".{name}()"
            case _:
                pass


def undocumented(module: Module) -> Iterator[str]:
    """The module itself, and public classes, functions and methods, that have no docstring."""

    def walk(node: ast.Module | ast.ClassDef | Function, name: str) -> Iterator[str]:
        if not ast.get_docstring(node):
            yield name
        if not isinstance(node, Function):
            for child in node.body:
                if isinstance(child, Function | ast.ClassDef) and not child.name.startswith("_"):
                    yield from walk(child, f"{name}.{child.name}")

    return walk(module.tree, module.name)


def names_given(module: Module) -> Iterator[str]:
    """Every identifier that a module itself gives to something, its own name included."""
    yield from module.name.split(".")
    for node in ast.walk(module.tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.alias(asname=str(name)):
                yield name
            case _:
                pass


def ill_named(module: Module) -> Iterator[str]:
    """Identifiers that use a word for which the glossary has another."""
    for name in sorted(set(names_given(module)) - OTHERS_WORDS):
        words = [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]
        followed_by_id = {word for word, then in pairwise([*words, ""]) if then in ("id", "ids")}
        singular = {word.removesuffix("s") for word in words} | set(words)
        if singular & BANNED_WORDS - (followed_by_id & {"operation"}) or "_".join(words) in BANNED_ALONE:
            yield name


def module_state(module: Module) -> Iterator[str]:
    """What a module could remember from one call to the next: `global`, and containers that are not constants."""
    held = set(_containers(module))
    yield from (
        f"{name} is no constant" for name in sorted(held) if not name.lstrip("_").isupper() and name != "__all__"
    )
    for node in ast.walk(module.tree):
        match node:
            case ast.Global(names=names):
                yield f"global {', '.join(names)}"
            case (
                ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del())
                | ast.AugAssign(target=ast.Name(id=name))
            ) if name in held:
                yield f"{name} is changed"
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if name in held:
                if method in MUTATORS:
                    yield f"{name} is changed"
            case _:
                pass


def _containers(module: Module) -> Iterator[str]:
    for node in module.tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        made = isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in CONTAINER_TYPES
        if made or isinstance(value, CONTAINERS):
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def unexplained_late_imports(module: Module) -> Iterator[str]:
    """Imports inside functions without a word why: on their line, the line before, or in the module's docstring."""
    if "start-up" in (ast.get_docstring(module.tree) or ""):
        return
    lines = module.text.splitlines()
    inside = [node for _, function in functions(module) for node in ast.walk(function)]
    late = {node.lineno for node in inside if isinstance(node, ast.Import | ast.ImportFrom)}
    for line in sorted(late):
        first = line
        while first - 1 in late:
            first -= 1
        if not any("#" in text for text in lines[max(0, first - 2) : line]):
            yield f"line {line}"


def untested(module: Module) -> bool:
    """Whether a module that does something has no test file where its twin would stand."""
    if not any(_does_something(function) for _, function in functions(module)):
        return False
    *folders, name = module.name.split(".")[1:] or ["init"]
    home, stem = ROOT.joinpath("tests", *folders), name.strip("_")
    return not ((home / f"test_{stem}.py").exists() or list(home.glob(f"test_{stem}_*.py")) or (home / stem).is_dir())


def _does_something(function: Function) -> bool:
    """Not the body of a Protocol's method: a docstring, dots."""
    return not all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in function.body)


Rule = Callable[[Module], Iterator[str]]


def hold(rule: Rule, among: tuple[Module, ...]) -> None:
    """Fails with every breach of a rule, and the module that each is in."""
    breaches = [f"{module.name}: {found}" for module in among for found in rule(module)]
    assert not breaches, "\n".join(breaches)


def test_no_module_is_over_the_hard_budget() -> None:
    everything = modules("reconciler") + modules("tests")
    assert {module.name: module.lines for module in everything if module.lines > MODULE_LINES_AT_MOST} == {}


def test_the_long_modules_are_the_listed_ones() -> None:
    long = {module.name for module in modules("reconciler") if module.lines > MODULE_LINES}
    assert long == set(LONG_MODULES)


def test_no_function_is_over_the_hard_budget() -> None:
    everything = modules("reconciler") + modules("tests")
    sizes = {name: length(function) for module in everything for name, function in functions(module)}
    assert {name: size for name, size in sizes.items() if size > FUNCTION_LINES_AT_MOST} == {}


def test_the_long_functions_are_the_listed_ones() -> None:
    sizes = {name: length(function) for module in modules("reconciler") for name, function in functions(module)}
    assert {name for name, size in sizes.items() if size > FUNCTION_LINES} == set(LONG_FUNCTIONS)


def test_core_vocabulary_and_views_have_no_effects() -> None:
    core = tuple(module for module in modules("reconciler") if set(module.name.split(".")[1:2]) & pure())
    assert {"reconciler.plan", "reconciler.spec", "reconciler.views"} <= {module.name for module in core}
    hold(impure, core)


def test_every_module_and_everything_public_is_documented() -> None:
    hold(undocumented, modules("reconciler"))


def test_names_are_the_words_of_the_glossary() -> None:
    hold(ill_named, modules("reconciler"))


def test_modules_hold_no_state() -> None:
    hold(module_state, modules("reconciler"))


def test_late_imports_say_why() -> None:
    speaking = {module.name for module in modules("reconciler") if "start-up" in (ast.get_docstring(module.tree) or "")}
    hold(unexplained_late_imports, tuple(m for m in modules("reconciler") if m.name.rpartition(".")[0] not in speaking))


def test_tests_mirror_the_modules() -> None:
    missing = {module.name for module in modules("reconciler") if untested(module)}
    elsewhere = {name for name in missing for home in MIRRORED_ELSEWHERE if f"{name}.".startswith(f"{home}.")}
    assert missing == elsewhere, "\n".join(sorted(missing - elsewhere))


@pytest.mark.parametrize(("home", "tests"), MIRRORED_ELSEWHERE.items())
def test_what_is_tested_elsewhere_is_tested_there(home: str, tests: str) -> None:
    assert list(ROOT.joinpath(tests).glob("test_*.py"))
    assert any(untested(module) for module in modules("reconciler") if f"{module.name}.".startswith(f"{home}."))


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        pytest.param(impure, "import os.path", id="an effect imported"),
        pytest.param(impure, "from pathlib import Path", id="a path that can be opened"),
        pytest.param(impure, "import sys\nsys.stdout.write('')", id="standard output written"),
        pytest.param(impure, "print(1)", id="a print"),
        pytest.param(impure, "from datetime import datetime, UTC\ndatetime.now(UTC)", id="the clock read"),
        pytest.param(undocumented, "x = 1", id="a module without a word"),
        pytest.param(
            undocumented, '"""It is."""\nclass A:\n    """It is."""\n    def b(self): ...', id="a bare method"
        ),
        pytest.param(ill_named, "class SyncManager: ...", id="a class named manager"),
        pytest.param(ill_named, "def load(config): ...", id="an argument named config"),
        pytest.param(ill_named, "state = 1", id="a bare state"),
        pytest.param(ill_named, "operations = 1", id="operations without an id"),
        pytest.param(module_state, "seen = []", id="a list that is no constant"),
        pytest.param(module_state, "SEEN: set[str] = set()\ndef f():\n    SEEN.add('a')", id="a constant that grows"),
        pytest.param(module_state, "SEEN = {}\ndef f():\n    SEEN['a'] = 1", id="a constant that is written to"),
        pytest.param(module_state, "count = 0\ndef f():\n    global count\n    count += 1", id="a global"),
        pytest.param(unexplained_late_imports, "def f():\n    import json", id="a late import without a word"),
    ],
)
def test_each_rule_finds_what_it_forbids(rule: Rule, text: str) -> None:
    assert list(rule(a_module(text)))


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        pytest.param(impure, "from datetime import timedelta\ntimedelta(days=1)", id="a span of time"),
        pytest.param(undocumented, '"""It is."""\ndef _f(): ...', id="a private function without a word"),
        pytest.param(ill_named, "operation_id = stored_state = timedelta = 1", id="words that only look banned"),
        pytest.param(module_state, "RANKS = {kind: 1 for kind in 'ab'}", id="a table"),
        pytest.param(
            unexplained_late_imports, "def f():\n    # start-up\n    import a\n    import b", id="one word for two"
        ),
    ],
)
def test_each_rule_lets_pass_what_is_right(rule: Rule, text: str) -> None:
    assert not list(rule(a_module(text)))


def test_a_long_function_is_measured() -> None:
    (_, function), *_ = functions(a_module("@cache\ndef f():\n" + "    pass\n" * 60))
    assert length(function) == 61
