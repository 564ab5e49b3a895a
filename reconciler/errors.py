"""The whole error tree. Every expected failure is one of these; anything else that escapes is our bug.

    ReconcilerError            code, message, hint, and the exit code that the command line ends with
    |-- SpecError              1   the specs or the settings are wrong: carries every diagnostic found
    |-- InputError             1   a file handed in (CSV, plan, export) is wrong
    |-- UsageError            64   the command was called wrongly
    |-- Refused                3   safety, freeze, or a missing or other store forbids it
    |-- StalePlan              4   the saved plan no longer fits what is there
    |-- LeaseHeld              4   another run holds the store
    |-- Interrupted          130   asked to stop; what was begun was finished and recorded
    |-- ProviderTrouble        1   an outside provider could not be asked, or answered what nobody can use
    |   |-- Throttled          1   it has had too many requests, and may say when to come back
    |   |-- Unreachable        1   no answer, or one that says to try again later
    |   |-- SignInFailed       1   credentials that are missing, wrong or expired
    |   |-- RoleTooWeak        1   signed in, and not allowed to do this
    |   |-- WrongTenant        3   who is signed in is not who the account pins
    |   |-- Malformed          1   an answer that cannot be read as what it should be
    |   `-- ExtraMissing       1   a library that the provider needs is not installed
    `-- StoreError             1   the store cannot be used
        |-- StoreBusy          4   locked for longer than we may wait, or workers have a run of it
        |-- StoreCorrupt       1   it is damaged
        `-- StoreUnwritable    1   read-only, or the disk is full

Must not import anything of ours but the diagnostics.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.diagnostics import Diagnostic


class ReconcilerError(Exception):
    """An expected failure: says what is wrong and what to do, and never shows a traceback."""

    exit_code = 1

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


class SpecError(ReconcilerError):
    """The specs or settings hold errors; all of them, from one pass, are in `diagnostics`."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        count = sum(1 for item in diagnostics if item.severity.value == "error")
        super().__init__("spec-errors", f"{count} {'error' if count == 1 else 'errors'}; nothing was done")
        self.diagnostics = tuple(diagnostics)


class InputError(ReconcilerError):
    """A file that was handed in cannot be used as it is."""


class UsageError(ReconcilerError):
    """The command was called in a way that means nothing."""

    exit_code = 64


class Refused(ReconcilerError):
    """A brake holds: nothing of what was refused is written."""

    exit_code = 3


class StalePlan(ReconcilerError):
    """The saved plan does not fit any more; the message says what moved."""

    exit_code = 4


class LeaseHeld(ReconcilerError):
    """Another run is applying; the message says who, where and since when."""

    exit_code = 4


class Interrupted(ReconcilerError):
    """Asked to stop: the batch under way was finished and recorded."""

    exit_code = 130


class ProviderTrouble(ReconcilerError):
    """An outside provider cannot be read as things stand. It says nothing about what is there: never absence."""


class Throttled(ProviderTrouble):
    """Too many requests; nothing was done. `retry_after` is in seconds, None where the provider does not say."""

    def __init__(self, code: str, message: str, hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(code, message, hint)
        self.retry_after = retry_after


class Unreachable(ProviderTrouble):
    """No answer, or one that says to try again: a read may be repeated, a write may have happened."""


class SignInFailed(ProviderTrouble):
    """The credentials are missing, wrong or expired. The message never quotes one."""


class RoleTooWeak(ProviderTrouble):
    """Signed in, and not allowed: the hint names the role that is needed, where that is known."""


class WrongTenant(ProviderTrouble):
    """Who is signed in is not who the account of the settings pins: refused before anything else."""

    exit_code = 3


class Malformed(ProviderTrouble):
    """An answer that is not what the provider's documents say; repeating the question is of no use."""


class ExtraMissing(ProviderTrouble):
    """The provider needs a library that is not installed; the hint says what to install."""


class StoreError(ReconcilerError):
    """The store cannot be used: code and message say why."""


class StoreBusy(StoreError):
    """Another program kept the store locked for longer than `--lock-timeout`, or workers carry out a run of it."""

    exit_code = 4


class StoreCorrupt(StoreError):
    """The store is damaged or is not a store at all."""


class StoreUnwritable(StoreError):
    """The store could not be written: read-only, no permission, or no space left."""
