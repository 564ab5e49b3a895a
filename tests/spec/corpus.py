"""The corpus: files that are right, and files that are wrong with what is found in them stated beside them.

`tests/corpus/good` and `bad` hold single files in a folder for each kind. `bad-beyond-schema` holds small estates whose
errors no schema can see. A file's findings stand in its `.expected`: `line:column code`, one a line, in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reconciler.desired import SpecText, SpecTexts
from reconciler.diagnostics import Diagnostic
from reconciler.settings import AccountSettings, Settings
from reconciler.shipped import lifecycle_text
from reconciler.spec import load_settings, load_specs
from reconciler.zones import Zones
from tests.spec.reading import ACCOUNTS, PROVIDERS

CORPUS = Path(__file__).parents[1] / "corpus"
ORIGINS = {"specs": "specs/a.yaml", "account": "specs/_account.yaml", "defaults": "specs/_defaults.yaml"}
"""Where a single file of each kind is put."""
ONE_ACCOUNT = Settings(accounts={"contoso": AccountSettings("contoso")})
"""For a single account file, which may then leave `like` out."""


def single_files(quality: str) -> list[tuple[str, str]]:
    """Kind and name of every file that is `good` or `bad`."""
    return sorted((path.parent.name, path.stem) for path in (CORPUS / quality).glob("*/*.yaml"))


def text_of(quality: str, kind: str, name: str) -> str:
    """A file's text, line ends and all."""
    return (CORPUS / quality / kind / f"{name}.yaml").read_bytes().decode("utf-8")


def findings(kind: str, text: str) -> tuple[Diagnostic, ...]:
    """What the models and all that follows them find in one file by itself."""
    if kind == "settings":
        return load_settings(SpecText("reconcile.yaml", text), PROVIDERS, lifecycle_text, Zones())[1]
    settings = ONE_ACCOUNT if kind == "account" else ACCOUNTS
    return load_specs(SpecTexts((SpecText(ORIGINS[kind], text),), (), ""), settings, PROVIDERS).diagnostics


def expected(quality: str, kind: str, name: str) -> list[str]:
    """The findings that are stated beside a file."""
    return (CORPUS / quality / kind / f"{name}.expected").read_text("utf-8").split("\n")[:-1]


def estates() -> list[str]:
    """The names of the estates with errors beyond a schema."""
    return sorted(path.name for path in (CORPUS / "bad-beyond-schema").iterdir())


def estate(name: str) -> tuple[SpecTexts, list[str]]:
    """An estate's files, and the findings stated for it: `path:line:column code`."""
    root = CORPUS / "bad-beyond-schema" / name
    files = sorted((path.relative_to(root).as_posix(), path.read_bytes().decode()) for path in root.rglob("*.yaml"))
    stated = (root / "expected").read_text("utf-8").split("\n")[:-1]
    return SpecTexts(tuple(SpecText(path, text) for path, text in files), (), ""), stated


def shown(found: tuple[Diagnostic, ...]) -> Iterator[str]:
    """Findings as the corpus states them for an estate."""
    for item in found:
        yield f"{item.location} {item.code}"
