"""Parsed values to models, with every error of a file told in our own words, once, at its place.

Pure. A file with errors is judged on: what is wrong is taken out, so that errors of later steps show in the same pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from reconciler.diagnostics import Diagnostic
from reconciler.spec.dialect import MOST_ERRORS, too_many_errors
from reconciler.spec.fields import LONG, SHORT
from reconciler.spec.parse import Parsed, Value
from reconciler.spec.positions import Document, Path
from reconciler.spec.wording import Mistake, told

ModelT = TypeVar("ModelT", bound=BaseModel)

_ROUNDS: Final = 5
"""How often a file is tried again. Each round takes out all that the last one found; one is nearly always enough."""

_INERT: Final[dict[tuple[str | int, int], Value]] = {
    ("rules", 1): {"match": {"key": "-"}, "set": {"protect": True}},
    ("overrides", 1): {"limit": "max_changes", "match": "-", "count": 0, "until": "9000-01-01", "reason": "-"},
    ("schedule", 3): {"from": "9000-01-01", "recurring": "off"},
}
"""What stands in for a broken item of these lists, by their key and how deep they stand: the others keep their
indexes, and no half of a rule is applied."""
_KEY_BY_KEY: Final = ("schedule", 3)
"""Of this list an item goes on being judged without the one key that is wrong, as long as that key may be left out."""


@dataclass(frozen=True, slots=True)
class Checked(Generic[ModelT]):
    """A file's model, what was found in it, and which paths say something that nobody can rely on."""

    model: ModelT | None
    """None where nothing of it can be used."""
    diagnostics: tuple[Diagnostic, ...] = ()
    broken: frozenset[Path] = field(default_factory=frozenset)

    def is_broken(self, *path: str | int) -> bool:
        """Whether this value, or one around it, was complained about."""
        return bool(self.broken) and any(path[:length] in self.broken for length in range(1, len(path) + 1))


def checked(document: Document, parsed: Parsed, model: type[ModelT]) -> Checked[ModelT]:
    """The model of what was parsed. The file must hold something; whether it may be empty, its reader says."""
    try:
        return Checked(model.model_validate(parsed.data), parsed.diagnostics, parsed.broken)
    except ValidationError as failure:
        return _salvaged(document, parsed, model, failure)


def _salvaged(document: Document, parsed: Parsed, model: type[ModelT], failure: ValidationError) -> Checked[ModelT]:
    data: Any = parsed.data
    found: list[Diagnostic] = list(parsed.diagnostics)
    broken = set(parsed.broken)
    for _ in range(_ROUNDS):
        mistakes = _mistakes(data, failure)
        if any(mistake.path == ("version",) for mistake in mistakes):
            mistakes = [mistake for mistake in mistakes if mistake.path == ("version",)]
        new = [
            mistake
            for mistake in mistakes[:MOST_ERRORS]
            if mistake.path not in (parsed.bad_keys if mistake.is_key else broken)
        ]
        found += [told(document, model, mistake) for mistake in new]
        if len(mistakes) > MOST_ERRORS:
            found.append(too_many_errors(document.at()))
            break
        broken |= {mistake.path for mistake in mistakes}
        if not all(_taken_out(data, mistake, broken) for mistake in mistakes):
            break
        try:
            return Checked(model.model_validate(data), tuple(found), frozenset(broken))
        except ValidationError as again:
            failure = again
    return Checked(None, tuple(found), frozenset(broken))


def _mistakes(data: Any, failure: ValidationError) -> list[Mistake]:
    """One mistake for each path: of a union's complaints the one that names what is allowed."""
    found: dict[Path, Mistake] = {}
    for error in failure.errors(include_url=False):
        path, is_key = _path(data, error["loc"])
        missing = str(error["loc"][-1]) if error["type"] == "missing" else None
        if missing is not None:
            path = (*path, missing)
        if path not in found or error["type"] == "literal_error":
            is_key = is_key or error["type"] == "extra_forbidden"
            found[path] = Mistake(path, error["type"], error["input"], error.get("ctx", {}), is_key, missing)
    return list(found.values())


def _path(data: Any, steps: tuple[str | int, ...]) -> tuple[Path, bool]:
    """Pydantic's path without the names of union members, and whether it is about the key that it ends with."""
    path: list[str | int] = []
    for step in steps:
        if step == "[key]":
            return tuple(path), True
        within = isinstance(data, dict) and step in data and step not in (SHORT, LONG)
        if within or (isinstance(data, list) and isinstance(step, int) and step < len(data)):
            path.append(step)
            data = data[step]
    return tuple(path), False


def _taken_out(data: Any, mistake: Mistake, broken: set[Path]) -> bool:
    """Take a mistake out of the data; False where nothing can be saved then."""
    path = mistake.path
    if not path or path == ("version",):
        return mistake.missing is not None and _supplied(data)
    index = next((at for at, step in enumerate(path) if isinstance(step, int)), None)
    if index is not None:
        of_list = (path[index - 1], index)
        if of_list not in _INERT:
            path = path[:index]  # without the whole list
            broken.add(path)
        elif of_list != _KEY_BY_KEY or mistake.missing is not None or len(path) == index + 1:
            path = path[: index + 1]
            broken.add(path)
            if (around := _around(data, path)) is not None:
                around[path[-1]] = _INERT[of_list]
            return True
    elif mistake.missing is not None:
        path = path[:-1]  # without what it lacks, the whole block says nothing
        broken.add(path)
        if not path:
            return False
    if (around := _around(data, path)) is not None:
        around.pop(path[-1], None)
    return True


def _around(data: Any, path: Path) -> Any:
    """What holds the end of this path; None where it has gone already, with something around it."""
    for step in path[:-1]:
        if isinstance(step, str) and step not in data:
            return None
        data = data[step]
    return data


def _supplied(data: Any) -> bool:
    """A file that only forgot its version is read as one of this version."""
    data["version"] = 1
    return True
