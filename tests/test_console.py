"""The player of console transcripts: it must notice whatever differs, and nothing that differs by nature."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.console import CLOCK, Command, Shell, abridged, agrees, commands_of, played

PAGE = """\
# A page

```console
$ printf 'one\\n\\ntwo\\n\\n'
one

two

$ echo \\
> further
further
$ echo so; exit 3
so
[exit 3]
```

```yaml
$ not: a command
```
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    for name in ("bakery", "around"):
        (tmp_path / name).mkdir()
    (tmp_path / "bakery" / "known.txt").write_text("11111111-1111-4111-8111-111111111111")
    return Shell(tmp_path / "bakery", tmp_path / "around")


def test_a_page_that_says_what_is_printed_stays_as_it_is(shell: Shell) -> None:
    assert played(PAGE, shell) == PAGE


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        pytest.param("two\n", "three\n", id="another line"),
        pytest.param("one\n\ntwo", "one\ntwo", id="a blank line less"),
        pytest.param("[exit 3]\n", "", id="the exit code left out"),
        pytest.param("[exit 3]\n", "[exit 4]\n", id="another exit code"),
        pytest.param("further\n$ echo", "$ echo", id="nothing printed"),
        pytest.param("so\n", "so \n", id="a blank at the end of a line"),
    ],
)
def test_a_page_that_says_otherwise_is_put_right(shell: Shell, right: str, wrong: str) -> None:
    assert PAGE.count(right) == 1
    assert played(PAGE.replace(right, wrong), shell) == PAGE


def test_commands_are_found_in_console_blocks_alone() -> None:
    assert commands_of(PAGE) == [
        Command(("$ printf 'one\\n\\ntwo\\n\\n'",), ("one", "", "two")),
        Command(("$ echo \\", "> further"), ("further",)),
        Command(("$ echo so; exit 3",), ("so", "[exit 3]")),
    ]


def test_a_longer_fence_can_hold_a_fence() -> None:
    page = "````console\n$ cat page.md\n```\n````\n"
    assert commands_of(page) == [Command(("$ cat page.md",), ("```",))]


@pytest.mark.parametrize(
    ("line", "program"),
    [
        pytest.param("$ reconcile --select 'a|b;*' && x", None, id="two commands"),
        pytest.param("$ cat a | sort", None, id="a pipe"),
        pytest.param("$ cat a > b", None, id="a redirection"),
        pytest.param("$ cat $(ls)", None, id="a substitution"),
        pytest.param("$ reconcile --select 'a|b;*'", "reconcile", id="signs in quotes"),
    ],
)
def test_a_plain_command_is_told_from_a_script(line: str, program: str | None) -> None:
    command = Command((line,), ())
    if program is None:
        with pytest.raises(ValueError, match="more than one plain command"):
            _ = command.program
    else:
        assert command.program == program


@pytest.mark.parametrize(
    ("expected", "printed", "holds"),
    [
        pytest.param(("a", "..."), ("a", "b", "c"), True, id="the rest left out"),
        pytest.param(("...", "c"), ("a", "b", "c"), True, id="the start left out"),
        pytest.param(("a", "...", "c"), ("a", "", "c"), True, id="a blank line left out"),
        pytest.param(("a", "...", "c"), ("a", "c"), False, id="nothing was there to leave out"),
        pytest.param(("a", "..."), ("b", "c"), False, id="the line before differs"),
        pytest.param(("a.c",), ("abc",), False, id="no line is a pattern"),
    ],
)
def test_three_dots_stand_for_lines_left_out(expected: tuple[str, ...], printed: tuple[str, ...], holds: bool) -> None:
    assert agrees(expected, printed) is holds


@pytest.mark.parametrize(
    ("expected", "shown"),
    [
        pytest.param(("x", "...", "x"), ("a", "...", "d"), id="as much as before at both ends"),
        pytest.param(("x", "x"), ("a", "b", "c", "d"), id="nothing was left out before"),
        pytest.param(("x", "x", "...", "x", "x"), ("a", "b", "c", "d"), id="nothing is left to leave out"),
    ],
)
def test_a_page_put_right_leaves_out_what_it_left_out(expected: tuple[str, ...], shown: tuple[str, ...]) -> None:
    assert abridged(expected, ("a", "b", "c", "d")) == shown


def test_what_differs_by_nature_is_made_steady(shell: Shell) -> None:
    new, other = "22222222-2222-4222-8222-222222222222", "33333333-3333-4333-9333-333333333333"
    assert shell.run("pwd") == ("/home/ada/bakery",)
    assert shell.run("echo 20261123T090000Z-0badcafe") == ("20261123T090000Z-00000001",)
    assert shell.run(f"echo {new}; echo {other}; echo {new}") == (
        "00000000-0000-4000-8000-000000000001",
        "00000000-0000-4000-8000-000000000002",
        "00000000-0000-4000-8000-000000000001",
    )
    assert shell.run("cat known.txt") == ("11111111-1111-4111-8111-111111111111",)


def test_the_program_is_this_one_and_its_clock_stands(shell: Shell) -> None:
    (shell.folder / "reconcile.yaml").write_text("version: 1\naccounts:\n  bakery: {provider: ledger}\n")
    (shell.folder / "specs").mkdir()
    (shell.folder / "specs" / "till.yaml").write_text(
        "version: 1\naccount: bakery\nsubscriptions:\n"
        "  till: {facts: {product: till, term: monthly, start: 2026-01-31}, recurring: on}\n"
    )
    printed = shell.run("reconcile --dry-run --format json")
    assert f'"as_of": "{CLOCK}"' in "".join(printed)


def test_nothing_of_the_machines_settings_reaches_a_command(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILE_MAX_ENDINGS", "0")
    assert not [line for line in shell.run("env") if line.startswith(("RECONCILE_", "GITHUB_", "CI="))]
    assert shell.run("ls -A ~") == ()
