"""The command tree and the options that every command shares. Loads a command's module only when it is called.

Must stay light: `--help` and `--version` import nothing but Click and this.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler import __version__

if TYPE_CHECKING:
    from reconciler.diagnostics import Diagnostic

FORMATS = ("text", "json", "markdown", "github")
TABULAR = (*FORMATS, "csv")
"""Of a command whose result is a table."""
LINED = (*FORMATS, "jsonl")
"""Of a command whose result is a plan, or the apply of one."""

COMMANDS = {
    "plan": ("reconciling:plan", "The dry run, saved for review: apply PLAN then does just that."),
    "apply": ("reconciling:apply", "Apply a saved plan; less than it is fine, more never."),
    "validate": ("reconciling:validate", "Check the specs alone: no store, no network."),
    "status": ("inspecting:status", "The estate at a glance."),
    "show": ("inspecting:show", "One subscription with its history."),
    "explain": ("inspecting:explain", "Where each effective value of a subscription comes from."),
    "history": ("inspecting:history", "Who decided and who applied what, when and why."),
    "undo": ("undoing:undo", "The counter-spec of a run, as a patch over the specs."),
    "accept": ("accepting:accept", "Take what was changed outside over into the specs."),
    "due": ("future:due", "What renews soon, and nobody has decided it."),
    "forecast": ("future:forecast", "What is ahead: renewals, ends, deletions, and the cash by month."),
    "what-if": ("future:what_if", "One subscription turned on, off, cancelled at renewal or now, side by side."),
    "calendar": ("future:calendar", "Renewals, ends and closing windows as an iCalendar file."),
    "report": ("reporting:report", "The estate, its cost, its renewals and the plan on one HTML page, with charts."),
    "import": ("importing:import_csv", "Bring an existing estate in, from CSV or its provider, and write its specs."),
    "tasks": ("tasks:tasks", "What people are asked to do by hand, overdue first."),
    "done": ("tasks:done", "Record that tasks are done, or that they could not be."),
    "refresh": ("refreshing:refresh", "Look at outside accounts anew, and keep what they show."),
    "whoami": ("whoami:whoami", "Who is signed in at each outside account, and what they may not do."),
    "sandbox": ("sandbox:sandbox", "A billing system on this machine to try against, with a sample estate."),
    "freeze": ("operating:freeze", "Apply nothing until thawed."),
    "thaw": ("operating:thaw", "End a freeze."),
    "forget": ("operating:forget", "Drop our record of an unmanaged subscription."),
    "worker": ("working:worker", "Carry out what --distributed has handed over."),
    "runs": ("working:runs", "Runs, and how far workers are with them."),
    "watch": ("watching:watch", "Reconcile again whenever the specs change, and on a period."),
    "store": ("storing:store", "Export, import and check the store."),
    "init": ("authoring:init", "Scaffold a repository and pin its store."),
    "schema": ("authoring:schema", "Print the JSON Schemas of every file format."),
}
"""Each command's module and function, and its line in `reconcile --help` (tested to be the command's own)."""

_WITH_COMMANDS = ("store",)
"""Of these, the ones with commands of their own: their second word is found likewise."""

DEFAULT = "run"
"""The hidden command behind `reconcile [PATH…]`."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a command ended without its result."""

    code: str
    message: str
    hint: str
    exit_code: int
    diagnostics: tuple[Diagnostic, ...] = ()
    command: str = "plan"
    """As its JSON document names it."""


@dataclass(frozen=True, slots=True)
class Given:
    """The options that every command shares, as given."""

    directory: Path
    settings_file: str | None
    store: str | None
    as_of: str | None
    select: tuple[str, ...]
    exclude: tuple[str, ...]
    allow: tuple[str, ...]
    lock_timeout: str | None
    format: str
    out: tuple[tuple[str, Path], ...]
    detailed_exitcode: bool
    no_color: bool
    quiet: bool
    refresh: str | None = None
    correct_drift: tuple[str, ...] = ()
    verify_content: bool = False


class _OutFile(click.ParamType[Any]):
    """FORMAT=FILE, with one of these formats."""

    name = "FORMAT=FILE"

    def __init__(self, formats: tuple[str, ...]) -> None:
        self.formats = formats

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Path]:
        if isinstance(value, tuple):
            return value
        format_name, separator, file = str(value).partition("=")
        if format_name not in self.formats or not separator or not file:
            self.fail(f"{value!r} is not FORMAT=FILE with a format of {', '.join(self.formats)}", param, ctx)
        return format_name, Path(file)


_KNOWN = {*TABULAR, *LINED}
_FOLDER = click.Path(path_type=Path)
_AS_OF = "Plan and record as of this UTC day or instant: 2027-01-31[T…Z]."
_SELECT = "Only keys that match account/name; repeatable."
_REFRESH = "What to look at anew at outside providers: all, changed, none or older-than=6h."
_CORRECT = "Undo what was changed outside of these; repeatable."
_Option = Callable[[Callable[..., Any]], Callable[..., Any]]


def _options(formats: tuple[str, ...]) -> tuple[_Option, ...]:
    """The shared options of a command that has these formats."""
    return (
        click.option("-C", "directory", metavar="DIR", type=_FOLDER, default=Path(), help="Run as if started in DIR."),
        click.option("--config", "settings_file", metavar="FILE", help="The settings, instead of reconcile.yaml."),
        click.option("--store", metavar="URL", help="The store, instead of the settings' store.url."),
        click.option("--as-of", metavar="INSTANT", help=_AS_OF),
        click.option("--select", metavar="PATTERN", multiple=True, help=_SELECT),
        click.option("--exclude", metavar="PATTERN", multiple=True, help="Not the keys that match; repeatable."),
        click.option("--allow", metavar="LIMIT[=PATTERN]", multiple=True, help="What matches is not counted."),
        click.option("--refresh", metavar="WHAT", help=_REFRESH),
        click.option("--correct-drift", metavar="PATTERN", multiple=True, help=_CORRECT),
        click.option("--verify-content", is_flag=True, help="Look into every file, however it looks from outside."),
        click.option("--lock-timeout", metavar="TIME", help="How long to wait for a busy store (10s)."),
        click.option("--format", type=click.Choice(formats), default="text", help="What stdout gets."),
        click.option(
            "--out", metavar="FORMAT=FILE", type=_OutFile(formats), multiple=True, help="Also write a file; repeatable."
        ),
        click.option("--detailed-exitcode", is_flag=True, help="On a dry run: 2 if pending, 3 if refused."),
        click.option("--no-color", is_flag=True, help="Plain text, on a terminal too."),
        click.option("-q", "--quiet", is_flag=True, help="No talk on stderr but errors."),
    )


def shared(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command every shared option; its function gets them as one `Given`."""
    return _gathering(function, FORMATS)


def tabular(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a command whose result is a table: it has CSV too, which all others refuse as wrong usage."""
    return _gathering(function, TABULAR)


def lined(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a plan or an apply: it has a line of JSON for each item too."""
    return _gathering(function, LINED)


def _gathering(function: Callable[..., Any], formats: tuple[str, ...]) -> Callable[..., Any]:
    names = Given.__dataclass_fields__

    @functools.wraps(function)
    def gathered(**values: Any) -> Any:
        given = Given(**{name: values.pop(name) for name in names})
        given = replace(given, out=tuple((name, given.directory / file) for name, file in given.out))
        return function(given, **values)

    command: Callable[..., Any] = gathered
    for option in reversed(_options(formats)):
        command = option(command)
    return command


class Commands(click.Group):
    """Finds the command among the words wherever the shared options stand; without one it is `reconcile [PATH…]`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All of them, in the order in which the help shows them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, its module loaded now; None for a word that is none."""
        place, _ = COMMANDS.get(cmd_name, ("running:run", "")) if cmd_name in (*COMMANDS, DEFAULT) else ("", "")
        if not place:
            return None
        module, _, name = place.partition(":")
        command = getattr(import_module(f"reconciler.cli.{module}"), name)
        assert isinstance(command, click.Command)  # noqa: S101 - a test loads every entry of the table
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command's name first, wherever it stands."""
        return super().parse_args(ctx, _routed(args))

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Both ways to call it."""
        formatter.write_usage("reconcile", "[OPTIONS] [PATH]...")
        formatter.write_usage("reconcile", "[OPTIONS] COMMAND ...", prefix="       ")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options of the main job, and the commands by the table, without loading one."""
        options = [record for record in (param.get_help_record(ctx) for param in _documented()) if record is not None]
        with formatter.section("Options"):
            formatter.write_dl([*options, ("--version", "Show the version."), ("--help", "Show this message.")])
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@functools.cache
def _documented() -> list[click.Parameter]:
    """The options of `reconcile` itself, without loading its module: the shared ones and its own two."""

    @click.command()
    @own
    @lined
    def documented(given: Given) -> None:
        """Carries the options, and is never called."""

    return list(documented.params)


def distributable(function: Callable[..., Any], what: str = "outside accounts' changes") -> Callable[..., Any]:
    """The options of what workers can carry out."""
    function = click.option("--wait", is_flag=True, help="With --distributed: stay until the workers are done.")(
        function
    )
    return click.option("--distributed", is_flag=True, help=f"Hand {what} to workers.")(function)


def own(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of `reconcile [PATH…]` alone."""
    function = distributable(function)
    function = click.option("--yes", is_flag=True, help="On a terminal, do not ask before applying.")(function)
    return click.option("--dry-run", is_flag=True, help="Report what would be done, and write nothing.")(function)


def _routed(args: Sequence[str]) -> list[str]:
    """The words with the command's name first; `--help` and `--version` stay the group's where no command is named."""
    position = _first_word(args)
    if position is not None and args[position] in COMMANDS:
        name, left = args[position], [*args[:position], *args[position + 1 :]]
        second = _first_word(left) if name in _WITH_COMMANDS else None
        return [name, *left] if second is None else [name, left[second], *left[:second], *left[second + 1 :]]
    ahead = args if position is None else args[:position]
    if any(item in ("--help", "--version") for item in ahead):
        return ["--help" if "--help" in ahead else "--version"]
    return [DEFAULT, *args]


def _first_word(args: Sequence[str]) -> int | None:
    """Where the first word stands that is neither an option nor an option's value."""
    takes_value = {name for param in _documented() if not getattr(param, "is_flag", False) for name in param.opts}
    skip = False
    for position, item in enumerate(args):
        if skip:
            skip = False
        elif item == "--":
            return None
        elif item.startswith("-") and item != "-":
            skip = item in takes_value
        else:
            return position
    return None


def formats_in(arguments: Sequence[str]) -> list[tuple[str, Path | None]]:
    """Every output that was asked for, read loosely: it must be known even where the command line is wrong."""
    words = [
        word
        for item in arguments
        for word in (item.split("=", 1) if item.startswith(("--format=", "--out=")) else [item])
    ]
    found: list[tuple[str, Path | None]] = []
    for option, value in pairwise(words):
        if option == "--format" and value in _KNOWN:
            found.append((value, None))
        name, separator, file = value.partition("=")
        if option == "--out" and name in _KNOWN and separator and file:
            found.append((name, Path(file)))
    return found if any(file is None for _, file in found) else [("text", None), *found]


def command_in(arguments: Sequence[str]) -> str:
    """The command as its JSON document names it, read as loosely."""
    routed = _routed(arguments)
    if routed[0] != DEFAULT:
        second = [word for word in routed[1:2] if routed[0] == "store" and not word.startswith("-")]
        return "-".join([routed[0], *second])
    return "plan" if "--dry-run" in routed else "apply"


@click.group(cls=Commands, name="reconcile")
@click.version_option(__version__, prog_name="reconcile", message="%(prog)s %(version)s")
def commands() -> None:
    """Subscriptions as code: compare the specs with what is stored, and apply just the differences.

    Without a command: read the specs, plan, review, apply and report. PATH narrows it to files or folders of the specs.
    """
