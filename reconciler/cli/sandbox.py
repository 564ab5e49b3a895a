"""`reconcile sandbox`: a billing system on this machine, to try everything against without an account or a bill."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event
from types import FrameType

import click

from reconciler.cli.app import Given, shared
from reconciler.cli.output import emit, say
from reconciler.cli.rendering import note_renders
from reconciler.environment import variable
from reconciler.errors import InputError, UsageError
from reconciler.testing.emulators import EMULATORS, SIZE, Emulator, sample_estate, serve
from reconciler.testing.emulators.ledger import WrongLedger

_ACCOUNT = "sandbox"
"""What the account is called in the settings that it prints."""


@click.command()
@click.argument("name", type=click.Choice(list(EMULATORS)))
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Instead of any free one.")
@click.option(
    "--size", type=click.IntRange(1, 200_000), default=SIZE, show_default=True, help="How many subscriptions."
)
@click.option(
    "--ledger", metavar="FILE", type=click.Path(path_type=Path), help="Keep what happens there, for the next time."
)
@shared
def sandbox(given: Given, name: str, port: int, size: int, ledger: Path | None) -> int:
    """A billing system on this machine to try against, with a sample estate."""
    gc.enable()  # off for a command that soon ends; this one does not
    with _asked_to_stop() as stop:
        emulator = _estate(name, size, None if ledger is None else given.directory / ledger)
        try:
            with serve(emulator, port=port) as url:
                _tell(given, name, url, _account(name, emulator))
                stop.wait()
        except OSError as error:
            emulator.close()
            reason = error.strerror or str(error)
            raise UsageError("cannot-serve", f"port {port} cannot be used: {reason}", "leave --port out") from error
    say(given, "Stopped.")
    return 0


def _tell(given: Given, name: str, url: str, account: Sequence[str]) -> None:
    """What to export, what to write into reconcile.yaml, and what to do next."""
    endpoint = variable(name, "endpoint")
    settings = [
        "version: 1",
        "accounts:",
        f"  {_ACCOUNT}:",
        f"    provider: {name}",
        *(f"    {line}" for line in account),
    ]
    following = [
        "reconcile whoami",
        f"reconcile import --account {_ACCOUNT} --from-provider -o specs/{_ACCOUNT}.yaml",
        "reconcile --dry-run",
    ]
    lines = [
        f"# A sandbox of {name} at {url}, for this machine alone. Nothing that you do to it costs anything.",
        "# Put this into another terminal, in an empty folder:",
        f"export {endpoint}={url}",
        "cat > reconcile.yaml <<'END'",
        *settings,
        "END",
        "mkdir -p specs",
        *following,
        f"# It fails as you tell it: {url}/_control/faults. Ctrl-C ends it.",
    ]
    fields = {
        "sandbox": name,
        "url": url,
        "environment": {endpoint: url},
        "settings": "\n".join(settings) + "\n",
        "next": following,
    }
    emit(given, note_renders("sandbox", lines, fields))


def _account(name: str, emulator: Emulator) -> list[str]:
    """What the settings of an account say to find the estate, the provider aside, as lines of YAML."""
    match name:
        case "microsoft":
            id, tenant = next(
                (id, account["properties"]["primaryBillingTenantId"])
                for id, account in emulator.table("accounts").items()
                if account["properties"]["agreementType"] == "MicrosoftCustomerAgreement"
            )
            return [f"tenant: {tenant}", "options:", f'  billing_account: "{id}"']
        case "partner-center":
            from reconciler.testing.emulators.partner_center_estate import PARTNER  # start-up: of this one alone

            customer = next(iter(emulator.table("customers")))
            return [f"tenant: {customer}", "options:", f"  partner_tenant: {PARTNER}"]
        case _:
            return [f"tenant: {next(iter(emulator.table('account')))}"]


@contextmanager
def _asked_to_stop() -> Iterator[Event]:
    """Set by Ctrl-C and SIGTERM."""
    stop = Event()
    before = {number: signal.signal(number, partial(_ask, stop)) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ask(stop: Event, number: int, frame: FrameType | None) -> None:
    stop.set()


def _estate(name: str, size: int, ledger: Path | None) -> Emulator:
    try:
        return sample_estate(name, size, ledger=ledger)
    except WrongLedger as error:
        raise InputError("wrong-ledger", str(error), "name another file, or a new one") from error
    except OSError as error:
        hint = "check the folder and its rights"
        raise InputError("cannot-write", f"{ledger} could not be written: {error.strerror}", hint) from error
