"""Which view renders which result in which format. Decides nothing: it hands values on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.catalogue import Catalogue
from reconciler.changes import Change
from reconciler.cli.output import TERMINAL
from reconciler.desired import DesiredState
from reconciler.diagnostics import Diagnostic
from reconciler.journal import ApplyReport, FreezeEntry, HistoryEntry
from reconciler.observed import ObservedAccount, never_returns
from reconciler.plan import Plan, Verdict
from reconciler.policy import Lifecycle
from reconciler.settings import AccountSettings

if TYPE_CHECKING:
    from reconciler.cli.app import Failure
    from reconciler.cli.output import Render
    from reconciler.spec import Explanation
    from reconciler.undoing import Undo
    from reconciler.views.show import Shown
    from reconciler.views.status import StatusRow
    from reconciler.views.status_table import Asked
    from reconciler.views.undo_words import Undoing
    from reconciler.views.whoami import WhoamiEntry
    from reconciler.views.words import NameOf


def pass_renders(
    plan: Plan,
    verdict: Verdict,
    report: ApplyReport | None,
    accounts: Mapping[str, AccountSettings],
    lifecycles: Mapping[str, Lifecycle] | None = None,
    *,
    observed: Mapping[str, ObservedAccount] | None = None,
    brief: bool = False,
) -> dict[str, Render]:
    """A plan, or with a report the apply of it, by the policy of each account; `brief`: the plan was just shown."""
    names, undoing = Catalogue().names_for(accounts, observed), _undoing(lifecycles or {}, observed or {})

    def text(colour: bool) -> str:
        from reconciler.views.text import plan_text, report_text

        if report is None:
            return plan_text(plan, verdict, names, colour=colour)
        return report_text(plan, verdict, report, names, undoing=undoing, brief=brief, colour=colour)

    def markdown(colour: bool) -> str:
        from reconciler.views.markdown import plan_markdown

        return plan_markdown(plan, verdict, names, report, undoing)

    def github(colour: bool) -> str:
        from reconciler.views.github import plan_github

        return plan_github(plan, verdict, names, report=report, undoing=undoing)

    machines = _machines(plan, verdict, names, report, undoing)
    return {"text": text, **machines, "markdown": markdown, "github": github}


def _machines(
    plan: Plan, verdict: Verdict, names: NameOf, report: ApplyReport | None, undoing: Undoing
) -> dict[str, Render]:
    """The same for machines: one document, or a line for each item."""
    command = "plan" if report is None else "apply"

    def document(colour: bool) -> Iterator[bytes]:
        from reconciler.views.json import plan_json_parts

        return plan_json_parts(plan, verdict, command=command, names=names, report=report, undoing=undoing)

    def lines(colour: bool) -> Iterator[bytes]:
        from reconciler.views.json_lines import plan_json_lines

        return plan_json_lines(plan, verdict, command=command, names=names, report=report, undoing=undoing)

    return {"json": document, "jsonl": lines}


def _undoing(lifecycles: Mapping[str, Lifecycle], observed: Mapping[str, ObservedAccount]) -> Callable[[Change], Undo]:
    """How a change is taken back by the policy of its account, and as far as its provider can."""

    def undoing(change: Change) -> Undo:
        from reconciler.undoing import undo_of, without_return

        lifecycle, account = lifecycles.get(change.key.account), observed.get(change.key.account)
        seen = None if account is None else account.subscriptions.get(change.external_id or "")
        if lifecycle is not None and seen is not None and never_returns(seen):
            lifecycle = without_return(lifecycle)
        return undo_of(change, lifecycle)

    return undoing


def validation_renders(desired: DesiredState) -> dict[str, Render]:
    """Specs without an error: the warnings, and how much was checked."""
    count = len(desired.subscriptions)
    summary = f"Valid. {count:,} {'subscription' if count == 1 else 'subscriptions'} declared."
    return findings_renders("validate", desired.diagnostics, summary)


def findings_renders(command: str, findings: Sequence[Diagnostic], summary: str) -> dict[str, Render]:
    """Findings and a summary line."""

    def text(colour: bool) -> str:
        from reconciler.views.text import diagnostics_text

        return f"{diagnostics_text(findings, colour=colour)}{summary}"

    def github(colour: bool) -> str:
        from reconciler.views.github import diagnostics_github

        return f"{diagnostics_github(findings)}{summary}"

    def machine(colour: bool) -> bytes:
        from reconciler.views.json import note_json

        return note_json(command, {"message": summary}, findings)

    return {**_prose(text), "github": github, "json": machine}


def failure_render(format_name: str, failure: Failure, findings: Sequence[Diagnostic]) -> bytes:
    """Why a command ended without its result, in any format."""
    from reconciler.views.text import diagnostics_text, failure_text

    def text() -> str:
        if not failure.diagnostics:
            return failure_text(failure.message, failure.hint)
        return f"{diagnostics_text(findings)}{failure.message[0].upper()}{failure.message[1:]}."

    match format_name:
        case "json":
            from reconciler.views.json import failure_json

            return failure_json(failure.command, failure.diagnostics, None, failure.code, failure.message, failure.hint)
        case "jsonl":
            from reconciler.views.json_lines import failure_json_lines

            told = (failure.code, failure.message, failure.hint)
            return failure_json_lines(failure.command, failure.diagnostics, None, *told)
        case "markdown":
            from reconciler.views.markdown import failure_markdown

            rendered = failure_markdown(failure.diagnostics, failure.message, failure.hint)
            return rendered.encode("utf-8", "backslashreplace")
        case "github":
            from reconciler.views.github import diagnostics_github

            return diagnostics_github(findings).encode("utf-8", "backslashreplace")
        case _:
            return text().encode("utf-8", "backslashreplace")


def note_renders(command: str, lines: Sequence[str], fields: Mapping[str, object]) -> dict[str, Render]:
    """What a small command did: lines for people, fields for machines."""

    def text(colour: bool) -> str:
        from reconciler.views.text import note_text

        return note_text(lines, colour=colour)

    def machine(colour: bool) -> bytes:
        from reconciler.views.json import note_json

        return note_json(command, fields)

    return {**_prose(text), "json": machine}


def status_renders(rows: Sequence[StatusRow], asked: Asked, *, as_of: datetime, room: int) -> dict[str, Render]:
    """The estate, in the order given; `room` is what a terminal has."""

    def text(colour: bool) -> Iterator[str]:
        from reconciler.views.status_table import status_text

        return status_text(rows, asked, colour=colour)

    def fitted(colour: bool) -> Iterator[str]:
        from reconciler.views.status_table import status_text

        return status_text(rows, asked, room=room, colour=colour)

    def markdown(colour: bool) -> str:
        from reconciler.views.status_table import status_markdown

        return status_markdown(rows, asked)

    def table(colour: bool) -> Iterator[str]:
        from reconciler.views.status_table import status_csv

        return status_csv(rows, asked)

    def machine(colour: bool) -> Iterator[bytes]:
        from reconciler.views.status_json import status_json

        return status_json(rows, as_of=as_of)

    formats: dict[str, Render] = {"text": text, TERMINAL: fitted, "github": text}
    return {**formats, "markdown": markdown, "csv": table, "json": machine}


def show_renders(found: Shown, entries: Sequence[HistoryEntry], *, as_of: datetime) -> dict[str, Render]:
    """One subscription with its history."""

    def text(colour: bool) -> str:
        from reconciler.views.show import show_text

        return show_text(found, entries, now=as_of, colour=colour)

    def machine(colour: bool) -> bytes:
        from reconciler.views.status_json import show_json

        return show_json(found, entries, as_of=as_of)

    return {**_prose(text), "json": machine}


def history_renders(
    entries: Sequence[HistoryEntry], freezes: Sequence[FreezeEntry] = (), *, as_of: datetime
) -> dict[str, Render]:
    """The journal, with freezes and thaws among its entries."""

    def text(colour: bool) -> str:
        from reconciler.views.history import history_text

        return history_text(entries, freezes=freezes, colour=colour)

    def machine(colour: bool) -> bytes:
        from reconciler.views.json import history_json

        return history_json(entries, freezes=freezes, as_of=as_of)

    return {**_prose(text), "json": machine}


def explain_renders(explanation: Explanation, *, as_of: datetime) -> dict[str, Render]:
    """Where a subscription's values come from."""

    def text(colour: bool) -> str:
        from reconciler.views.show import explain_text

        return explain_text(explanation, colour=colour)

    def machine(colour: bool) -> bytes:
        from reconciler.views.json import explain_json

        return explain_json(explanation, as_of=as_of)

    return {**_prose(text), "json": machine}


def whoami_renders(entries: Sequence[WhoamiEntry], *, as_of: datetime) -> dict[str, Render]:
    """Who is signed in at each account, or why that is not known."""

    def text(colour: bool) -> str:
        from reconciler.views.whoami import whoami_text

        return whoami_text(entries, colour=colour)

    def machine(colour: bool) -> bytes:
        from reconciler.views.whoami import whoami_json

        return whoami_json(entries, as_of=as_of)

    return {**_prose(text), "json": machine}


def _prose(text: Callable[[bool], str]) -> dict[str, Render]:
    """A text for people in the formats that have no shape of their own for it."""

    def markdown(colour: bool) -> str:
        from reconciler.views.markdown import preformatted

        return preformatted(text(False))

    return {"text": text, "markdown": markdown, "github": lambda colour: text(False)}
