"""The published schemas: complete, committed as the models make them, and written and checked by one command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from reconciler.schemas import main, schema_text, schemas, stale
from tests.conftest import REPOSITORY

NAMES = ["account", "defaults", "due", "forecast", "lifecycle", "plan-line", "plan", "settings", "specs", "what-if"]


def test_there_is_a_schema_for_every_kind_of_file_and_for_the_plan() -> None:
    assert sorted(schemas()) == [f"{name}.v1.schema.json" for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_every_schema_is_one_of_2020_12(name: str) -> None:
    schema = schemas()[f"{name}.v1.schema.json"]
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["description"]
    Draft202012Validator.check_schema(schema)


def test_the_committed_schemas_are_those_of_the_models() -> None:
    assert stale(REPOSITORY / "schemas") == []


def test_schemas_are_written_as_they_are_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "deep" / "schemas"
    assert main([str(folder)]) == 0
    assert main(["--check", str(folder)]) == 0
    assert capsys.readouterr() == ("", "")
    assert json.loads((folder / "specs.v1.schema.json").read_text("utf-8")) == schemas()["specs.v1.schema.json"]


def test_what_differs_is_named_and_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(tmp_path)])
    (tmp_path / "specs.v1.schema.json").write_text("{}\n")
    (tmp_path / "plan.v1.schema.json").unlink()
    (tmp_path / "old.v1.schema.json").write_text("{}\n")
    (tmp_path / "readme.md").write_text("nobody minds\n")
    assert main(["--check", str(tmp_path)]) == 1
    names = ["old", "plan", "specs"]
    assert capsys.readouterr().err == "".join(
        f"{tmp_path / name}.v1.schema.json is not what the models say: make schemas\n" for name in names
    )
    assert (tmp_path / "specs.v1.schema.json").read_text() == "{}\n"


def test_a_schemas_file_ends_with_a_line_break_and_keeps_its_letters() -> None:
    text = schema_text({"description": "größe"})
    assert text == '{\n  "description": "größe"\n}\n'


def test_the_module_is_a_command() -> None:
    words = [sys.executable, "-m", "reconciler.schemas", "--check", "schemas"]
    done = subprocess.run(words, capture_output=True, check=False, cwd=REPOSITORY, text=True)
    assert (done.returncode, done.stderr) == (0, "")
