"""Every expected failure has a code, a message, a hint and an exit code."""

from __future__ import annotations

import re

import pytest

from reconciler import errors
from reconciler.diagnostics import Diagnostic, error, warning
from reconciler.errors import (
    ExtraMissing,
    InputError,
    Interrupted,
    LeaseHeld,
    Malformed,
    ProviderTrouble,
    ReconcilerError,
    Refused,
    RoleTooWeak,
    SignInFailed,
    SpecError,
    StalePlan,
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreUnwritable,
    Throttled,
    Unreachable,
    UsageError,
    WrongTenant,
)

EXIT_CODES: dict[type[ReconcilerError], int] = {
    ReconcilerError: 1,
    SpecError: 1,
    InputError: 1,
    UsageError: 64,
    Refused: 3,
    StalePlan: 4,
    LeaseHeld: 4,
    Interrupted: 130,
    ProviderTrouble: 1,
    Throttled: 1,
    Unreachable: 1,
    SignInFailed: 1,
    RoleTooWeak: 1,
    WrongTenant: 3,
    Malformed: 1,
    ExtraMissing: 1,
    StoreError: 1,
    StoreBusy: 4,
    StoreCorrupt: 1,
    StoreUnwritable: 1,
}


def test_each_failure_ends_with_its_exit_code() -> None:
    assert {kind: kind.exit_code for kind in EXIT_CODES} == EXIT_CODES


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = dict(re.findall(r"[-+`]- ?-? ?(\w+) +(\d+) ", errors.__doc__ or ""))
    found = {
        name: str(kind.exit_code)
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, ReconcilerError) and kind is not ReconcilerError
    }
    assert drawn == found
    assert set(found) | {"ReconcilerError"} == {kind.__name__ for kind in EXIT_CODES}


def test_a_failure_carries_code_message_and_hint() -> None:
    failure = StoreBusy("store-busy", "another program has it", "try again")
    assert (failure.code, failure.message, failure.hint) == ("store-busy", "another program has it", "try again")
    assert str(failure) == "another program has it"
    assert isinstance(failure, StoreError)
    assert Refused("frozen", "it is").hint == ""


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ((error("a", "x"),), "1 error; nothing was done"),
        ((error("a", "x"), warning("b", "y"), error("c", "z")), "2 errors; nothing was done"),
    ],
)
def test_wrong_specs_carry_every_finding_and_count_the_errors(found: tuple[Diagnostic, ...], message: str) -> None:
    failure = SpecError(found)
    assert (failure.code, failure.message, failure.diagnostics) == ("spec-errors", message, found)
