"""The vendor's error codes in ours: every row of the table that an update or a read can meet."""

from __future__ import annotations

import pytest

from reconciler.answers import Ambiguous, Rejected
from reconciler.providers.partner_center import codes
from reconciler.providers.partner_center.api import Reply
from reconciler.providers.partner_center.failures import answer
from tests.providers.partner_center.partner import published

ROWS = [(status, number) for status, number in published("error-codes")]
REFUSALS = [row for row in ROWS if row[0] < 500 and row[0] != 408]

EXPECTED = {
    "sign-in-failed": "400 800001 900309 900329 900421",
    "role-too-weak": "2032 20002 60003 800039 900123 900124 900149 900150 900308",
    "not-found": "1000 20003 800021 800037",
    "revision-moved": "2055 800036",
    "terminal": "2011 900277 900279",
    "suspended": "800012 800091",
    "busy": "800014 800073 800074 800082 900278 900280",
    "past-cancellation-window": "900117 900213 900214 900257",
    "managed-elsewhere": "27009 800075 900115 900321",
    "unsupported": "2006 800019 800040 800042 800061 800063 800077 800081 800093 800096 900127 900141 900263",
    "too-many-updates": "900311",
}
MEANINGS = [(number, code) for code, numbers in EXPECTED.items() for number in numbers.split()]


@pytest.mark.parametrize(("number", "code"), MEANINGS)
def test_each_row_of_the_table_has_its_meaning(number: str, code: str) -> None:
    means = codes.BY_NUMBER[number]
    assert means.code == code
    assert means.means
    assert means.hint


def test_no_row_is_without_a_test() -> None:
    assert set(codes.BY_NUMBER) == {number for number, _ in MEANINGS}


def test_every_row_but_the_announced_one_is_published() -> None:
    assert set(codes.BY_NUMBER) - {number for _, number in ROWS} == {"900421"}


@pytest.mark.parametrize(("status", "number"), REFUSALS)
def test_a_published_refusal_is_surely_not_carried_out(status: int, number: str) -> None:
    told = answer(Reply(status, {"code": number, "description": "No", "data": [], "source": "PartnerFD"}), "")
    assert isinstance(told, Rejected)
    assert told.code == codes.BY_NUMBER[number].code
    assert f"code {number}: No" in told.detail


@pytest.mark.parametrize(("status", "number"), [row for row in ROWS if row not in REFUSALS])
def test_a_published_failure_of_the_service_is_ambiguous(status: int, number: str) -> None:
    assert isinstance(answer(Reply(status, {"code": number, "description": "Oh", "source": "x"}), ""), Ambiguous)


def test_what_passes_by_itself_soon_may_be_sent_again() -> None:
    again = {number for number, means in codes.BY_NUMBER.items() if means.retry_after is not None}
    assert again == {"800014", "800082"}


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "sign-in-failed"),
        (403, "role-too-weak"),
        (409, "busy"),
        (412, "revision-moved"),
        (400, "provider-refused"),
    ],
)
@pytest.mark.parametrize("number", [None, "999999"])
def test_an_unknown_code_means_what_its_status_says(status: int, code: str, number: str | None) -> None:
    assert codes.ruling(status, number).code == code
