"""`accept`: what somebody changed outside, taken over into the specs. Looks at providers; the store is only read."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import click

from reconciler.accepting.compose import Acceptance, Files, acceptance
from reconciler.accepting.judging import WRONG_ACCOUNT, Surroundings
from reconciler.accepting.replies import Answer
from reconciler.cli.app import Given, shared
from reconciler.cli.output import emit, say
from reconciler.cli.replacing import replace_texts
from reconciler.cli.session import named_account, parse_key, runtime_for, whole
from reconciler.desired import DesiredState, SpecText
from reconciler.diagnostics import did_you_mean
from reconciler.errors import InputError, UsageError
from reconciler.identity import Records
from reconciler.model import SubscriptionKey
from reconciler.reconcile import Inputs, Pass, declared, instant_of, picture, plan_pass, read_specs
from reconciler.runtime import Runtime
from reconciler.selection import Selection
from reconciler.stored import StoredState
from reconciler.views.accepting import Told

if TYPE_CHECKING:
    from reconciler.accepting.compose import Load
    from reconciler.cli.output import Render

EXIT_NONE, EXIT_ANOTHERS, EXIT_IN_PART = 1, 3, 5
"""Nothing of what was to be accepted is; an account is another one than was recorded; a part of it is."""


@click.command()
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@click.option("--account", metavar="ACCOUNT", help="Everything of this account that was changed outside.")
@click.option("--all", "everything", is_flag=True, help="Everything that was changed outside.")
@click.option("--patch", is_flag=True, help="Print what would be written as a patch, and write nothing.")
@shared
def accept(given: Given, keys: tuple[str, ...], account: str | None, everything: bool, patch: bool) -> int:
    """Take what was changed outside over into the specs."""
    whole(given)
    if [bool(keys), account is not None, everything].count(True) != 1:
        hint = "name one KEY or more, or an account, or everything: reconcile accept KEY… | --account A | --all"
        raise UsageError("accept-what", "it is not said what to accept", hint)
    asked = tuple(dict.fromkeys(map(parse_key, keys)))
    runtime = runtime_for(given)
    inputs = runtime.inputs(commit=False)
    desired = read_specs(inputs)
    if account is not None:
        named_account(account, desired.accounts)
    with runtime.looking() as reader:
        stored = picture(inputs, reader)
        _check_known(asked, desired, stored)
        wanted = asked or _declared_outside(account, desired)
        inputs = replace(inputs, selection=_selection(asked, account))
        observed = runtime.observed(inputs, desired, stored, reader)
    found = Acceptance(())
    if wanted:
        found = _accepted(inputs, runtime, plan_pass(inputs, desired, stored, observed), wanted)
    told = _told(found, len(wanted), each=bool(asked), patch=patch)
    if not patch:
        replace_texts(runtime.root, found.files)
    _tell(given, told, instant_of(inputs, stored))
    return _code(told)


def _check_known(keys: Sequence[SubscriptionKey], desired: DesiredState, stored: StoredState) -> None:
    """A key of nothing at all is a slip of the pen."""
    for key in keys:
        if key not in desired.subscriptions and key not in stored.subscriptions:
            near = did_you_mean(str(key), map(str, desired.subscriptions))
            message = f"{key} is neither declared nor stored"
            raise InputError("not-declared", message, near or "reconcile status lists what is stored")


def _declared_outside(account: str | None, desired: DesiredState) -> tuple[SubscriptionKey, ...]:
    """Everything that an outside account declares, or just this one does."""
    outside = {name for name, item in desired.accounts.items() if item.outside and account in (None, name)}
    return tuple(sorted(key for key in desired.subscriptions if key.account in outside))


def _selection(keys: Sequence[SubscriptionKey], account: str | None) -> Selection:
    """What is looked at: no more than what is asked about."""
    return Selection(tuple(map(str, keys)) if account is None else (f"{account}/*",))


def _accepted(inputs: Inputs, runtime: Runtime, passed: Pass, keys: Sequence[SubscriptionKey]) -> Acceptance:
    desired, stored = passed.desired, passed.stored
    around = Surroundings(passed.plan.as_of, desired, stored, passed.observed, Records(desired, stored))
    return acceptance(keys, around, _files(inputs, runtime), _loading(inputs))


def _files(inputs: Inputs, runtime: Runtime) -> Files:
    texts = {file.origin: file.text for file in inputs.texts.files}
    marks = (item for item in inputs.texts.diagnostics if item.code == "byte-order-mark" and item.place is not None)
    marked = frozenset(item.place.file for item in marks if item.place is not None)
    real = {origin: os.path.realpath(runtime.root / origin) for origin in texts}
    counts = Counter(real.values())
    return Files(texts, marked, frozenset(origin for origin, path in real.items() if counts[path] > 1))


def _loading(inputs: Inputs) -> Load:
    """Every spec with other texts for some files."""

    def load(texts: Mapping[str, str]) -> DesiredState:
        files = tuple(SpecText(file.origin, texts.get(file.origin, file.text)) for file in inputs.texts.files)
        return declared(replace(inputs, texts=replace(inputs.texts, files=files)))

    return load


def _told(found: Acceptance, wanted: int, *, each: bool, patch: bool) -> Told:
    """What is told: of a whole account not all that is as it was."""
    replies = tuple(reply for reply in found.replies if each or reply.answer is not Answer.NONE or reply.drift)
    return Told(replies, wanted - len(replies), tuple(found.files), found.patch, written=not patch)


def _tell(given: Given, told: Told, as_of: datetime) -> None:
    emit(given, accepting_renders(told, as_of))
    if given.format == "text" and not told.written:
        from reconciler.views.accepting import accepting_text  # start-up: only once there is something to say

        say(given, accepting_text(told).rstrip("\n"))


def _code(told: Told) -> int:
    if any(reply.code == WRONG_ACCOUNT for reply in told.replies):
        return EXIT_ANOTHERS
    answers = {reply.answer for reply in told.replies}
    if Answer.REFUSED not in answers:
        return 0
    return EXIT_IN_PART if Answer.WRITE in answers else EXIT_NONE


def accepting_renders(told: Told, as_of: datetime) -> dict[str, Render]:
    """The patch where just that is asked for, and what is said of each subscription."""

    def text(colour: bool) -> str | Iterator[str]:
        from reconciler.views.accepting import accepting_text

        if told.written:
            return accepting_text(told, colour=colour)
        return iter([told.patch] if told.patch else [])  # without one nothing is printed: an empty line is no patch

    def markdown(colour: bool) -> str:
        from reconciler.views.accepting import accepting_log
        from reconciler.views.markdown import preformatted

        return preformatted(accepting_log(told))

    def github(colour: bool) -> str:
        from reconciler.views.accepting import accepting_log

        return accepting_log(told)

    def machine(colour: bool) -> bytes:
        from reconciler.views.accepting import accepting_json

        return accepting_json(told, as_of=as_of)

    return {"text": text, "json": machine, "markdown": markdown, "github": github}
