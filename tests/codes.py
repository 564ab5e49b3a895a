"""Every code of an error, a warning, a block or a refusal, found in the program's source.

Whatever reaches a parameter, a field or a variable called `code` is one, so that a new way to make an error is followed
without a list that somebody would have to keep.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

from reconciler.settings import LimitName
from tests.test_architecture import modules


@cache
def codes_in_source() -> frozenset[str]:
    """Every code that the program can print; one that is put together holds a `*`."""
    # What an emulator answers with are its vendor's codes.
    trees = [module.tree for module in modules("reconciler") if not module.name.startswith("reconciler.testing")]
    positions = code_positions(trees)
    found = {name.value for name in LimitName}
    for tree in trees:
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in positions:
                    given = [node.args[at] for at in positions[name] if at < len(node.args)]
                    given += [keyword.value for keyword in node.keywords if keyword.arg == "code"]
                    found.update(literal for argument in given for literal in literals(argument))
                case ast.Call(func=ast.Name("replace"), keywords=keywords):
                    found.update(text for item in keywords if item.arg == "code" for text in literals(item.value))
                case ast.Call(
                    func=ast.Attribute(value=ast.Call(func=ast.Name("super")), attr="__init__"), args=[code, *_]
                ):
                    found.update(literals(code))
                case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                    for target, value in zip(targets, values, strict=True):
                        if isinstance(target, ast.Name) and target.id == "code":
                            found.update(literals(value))
                case _:
                    pass
    return frozenset(found)


def literals(node: ast.expr) -> Iterator[str]:
    """The codes that an argument may be."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=one, orelse=other):
            yield from (*literals(one), *literals(other))
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in parts)
        case _:
            pass


def code_positions(trees: list[ast.Module]) -> dict[str, set[int]]:
    """By the name of a function or class: where among its arguments the code stands."""
    found: dict[str, set[int]] = {}
    bases: dict[str, set[str]] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                bases.setdefault(node.name, set()).update(base.id for base in node.bases if isinstance(base, ast.Name))
                _add_class(node, found)
            elif isinstance(node, ast.Module):
                for function in node.body:
                    if isinstance(function, ast.FunctionDef):
                        _add_function(function, function.name, 0, found)
    for _ in bases:  # as deep as a tree of classes can be
        for name, above in bases.items():
            inherited = [found[base] for base in above if base in found]
            if inherited:
                found.setdefault(name, set()).update(*inherited)
    return found


def _add_class(node: ast.ClassDef, found: dict[str, set[int]]) -> None:
    declared = [item.target for item in node.body if isinstance(item, ast.AnnAssign)]
    fields = [target.id for target in declared if isinstance(target, ast.Name)]
    word = "limit" if node.name == "Refusal" else "code"
    if word in fields:
        found.setdefault(node.name, set()).add(fields.index(word))
    for function in node.body:
        if isinstance(function, ast.FunctionDef):
            _add_function(function, node.name if function.name == "__init__" else function.name, 1, found)


def _add_function(function: ast.FunctionDef, name: str, bound: int, found: dict[str, set[int]]) -> None:
    arguments = [item.arg for item in function.args.args]
    if "code" in arguments:
        found.setdefault(name, set()).add(arguments.index("code") - bound)
