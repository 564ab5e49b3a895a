"""Every word of the published documents has a meaning of its own, and no other word is taken for one of them."""

from __future__ import annotations

import pytest

from reconciler.model import Status, TermLength
from reconciler.providers.microsoft.words import (
    Agreement,
    Reason,
    Word,
    agreement_of,
    length_of,
    reasons_of,
    status_of,
)
from tests.providers.microsoft.published import enum

STAGES = {
    "Other": Status.UNKNOWN,
    "Unknown": Status.UNKNOWN,
    "Active": Status.ACTIVE,
    "Disabled": Status.DISABLED,
    "Deleted": Status.DELETED,
    "Warned": Status.SUSPENDED,
    "Expiring": Status.ACTIVE,
    "Expired": Status.EXPIRED,
    "AutoRenew": Status.ACTIVE,
    "Cancelled": Status.DISABLED,
    "Suspended": Status.SUSPENDED,
    "Failed": Status.UNKNOWN,
}


def test_the_statuses_are_those_of_the_published_document() -> None:
    published = enum("billingSubscription", "BillingSubscriptionProperties", "status")
    assert set(published) == {word.value for word in Word} == set(STAGES)


@pytest.mark.parametrize("word", STAGES)
def test_a_status_means_a_stage(word: str) -> None:
    assert status_of(word, ()) is STAGES[word]


@pytest.mark.parametrize("word", ["active", "Enabled", "", None, 3, "Active "], ids=repr)
def test_a_status_that_no_document_has_is_unknown(word: object) -> None:
    assert status_of(word, ()) is Status.UNKNOWN


@pytest.mark.parametrize("word", ["Suspended", "Warned"])
@pytest.mark.parametrize(
    ("reasons", "stage"),
    [
        ((Reason.CANCELLED,), Status.DISABLED),
        ((Reason.EXPIRED,), Status.DISABLED),
        ((Reason.PAST_DUE,), Status.SUSPENDED),
        ((Reason.PAST_DUE, Reason.EXPIRED), Status.DISABLED),
        ((), Status.SUSPENDED),
    ],
    ids=["cancelled", "expired", "past due", "past due until it expired", "no reason"],
)
def test_a_suspension_is_an_end_only_by_its_reasons(word: str, reasons: tuple[Reason, ...], stage: Status) -> None:
    assert status_of(word, reasons) is stage


def test_a_reason_never_ends_what_is_active() -> None:
    assert status_of("Active", (Reason.CANCELLED,)) is Status.ACTIVE


def test_the_reasons_are_those_of_the_published_document() -> None:
    published = enum("billingSubscription", "BillingSubscriptionStatusDetails", "reason")
    assert set(published) == {reason.value for reason in Reason}


def test_reasons_are_named_once_and_none_is_no_reason() -> None:
    assert reasons_of(["None", "PastDue", "PastDue", "Expired"]) == (Reason.PAST_DUE, Reason.EXPIRED)


def test_a_reason_that_no_document_has_is_another_one() -> None:
    assert reasons_of(["Vogons", 3]) == (Reason.OTHER,)
    assert Reason.OTHER.in_words == "for a reason that is not told"


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason not in {Reason.NONE, Reason.OTHER}])
def test_every_known_reason_is_told_in_words(reason: Reason) -> None:
    assert reason.in_words != Reason.OTHER.in_words


@pytest.mark.parametrize("agreement", list(Agreement))
def test_an_agreement_is_read(agreement: Agreement) -> None:
    assert agreement_of(agreement.value) is agreement


@pytest.mark.parametrize("word", ["MicrosoftSpaceAgreement", "", None], ids=repr)
def test_an_agreement_that_no_document_has_is_other(word: object) -> None:
    assert agreement_of(word) is Agreement.OTHER


@pytest.mark.parametrize(
    ("duration", "length"),
    [
        ("P1M", TermLength.MONTHLY),
        ("P1Y", TermLength.ANNUAL),
        ("P12M", TermLength.ANNUAL),
        ("P3Y", TermLength.TRIENNIAL),
        ("P36M", TermLength.TRIENNIAL),
        ("P3M", None),
        ("P5Y", None),
        ("p1m", None),
        (None, None),
        (12, None),
    ],
)
def test_a_duration_is_a_length_where_we_have_a_word_for_it(duration: object, length: TermLength | None) -> None:
    assert length_of(duration) is length
