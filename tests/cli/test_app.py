"""The command tree: words find their command wherever options stand, and the help says what the commands say."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from reconciler.cli.app import COMMANDS, DEFAULT, _routed, commands, formats_in


@pytest.mark.parametrize(
    ("given", "routed"),
    [
        pytest.param([], [DEFAULT], id="no word at all is the main job"),
        pytest.param(["--dry-run"], [DEFAULT, "--dry-run"], id="an option alone is the main job"),
        pytest.param(["specs/a.yaml"], [DEFAULT, "specs/a.yaml"], id="a path is the main job"),
        pytest.param(["plan", "-o", "p"], ["plan", "-o", "p"], id="a command stays first"),
        pytest.param(["-C", "dir", "plan"], ["plan", "-C", "dir"], id="a shared option may stand before its command"),
        pytest.param(["-C", "plan", "x"], [DEFAULT, "-C", "plan", "x"], id="an option's value is no command"),
        pytest.param(
            ["--format=json", "status"], ["status", "--format=json"], id="a value behind = takes no further word"
        ),
        pytest.param(["--dry-run", "plan"], ["plan", "--dry-run"], id="a flag takes no value"),
        pytest.param(["--", "plan"], [DEFAULT, "--", "plan"], id="behind -- everything is a path"),
        pytest.param(["--help"], ["--help"], id="help of the whole"),
        pytest.param(["plan", "--help"], ["plan", "--help"], id="help of a command"),
        pytest.param(["--version"], ["--version"], id="the version"),
    ],
)
def test_the_command_is_found_among_the_words(given: list[str], routed: list[str]) -> None:
    assert _routed(given) == routed


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_the_whole_says_what_each_command_says(name: str) -> None:
    command = commands.get_command(click.Context(commands), name)
    assert command is not None
    assert command.help is not None
    assert command.help.splitlines()[0] == COMMANDS[name][1]


def test_a_word_that_is_no_command_has_none() -> None:
    assert commands.get_command(click.Context(commands), "destroy") is None


@pytest.mark.parametrize(
    ("arguments", "formats"),
    [
        pytest.param([], [("text", None)], id="text is the default"),
        pytest.param(["--format", "json"], [("json", None)], id="two words"),
        pytest.param(["--format=json"], [("json", None)], id="one word"),
        pytest.param(["--out", "json=a.json"], [("text", None), ("json", Path("a.json"))], id="a file beside stdout"),
        pytest.param(["--format", "csv", "--out=csv=a.csv"], [("csv", None), ("csv", Path("a.csv"))], id="a table"),
        pytest.param(["--out=x=a", "--format", "yaml"], [("text", None)], id="nonsense asks for nothing"),
    ],
)
def test_formats_are_known_even_where_the_command_line_is_wrong(
    arguments: list[str], formats: list[tuple[str, Path | None]]
) -> None:
    assert formats_in(arguments) == formats
