"""What can be done, by agreement, kind of product, and window: each row names what the documents say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconciler.changes import INTENTS, Kind
from reconciler.providers.microsoft.capabilities import RENEWAL, Standing, capabilities
from reconciler.providers.microsoft.words import UNRENEWED, Agreement

UNTIL = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
OURS = Standing(
    agreement=Agreement.CUSTOMER,
    category="SeatBased",
    renews=True,
    resold=None,
    transferred=False,
    product=True,
    cancellation="Allowed",
    cancel_now_until=UNTIL,
)


def barred(standing: Standing) -> dict[Kind, str]:
    """Which verbs are barred, and by which code."""
    return {kind: obstacle.code for kind, obstacle in capabilities(standing).barred.items()}


def test_a_seat_subscription_of_a_customer_agreement_can_do_all_but_come_back() -> None:
    assert barred(OURS) == {Kind.REACTIVATE: "unsupported"}


def test_recurring_off_is_the_only_end_that_can_be_told_apart() -> None:
    assert capabilities(OURS).ends == {Kind.TURN_OFF}


def test_a_partner_agreement_is_not_switched_here() -> None:
    assert barred(replace(OURS, agreement=Agreement.PARTNER)) == dict.fromkeys(
        RENEWAL | {Kind.REACTIVATE}, "unsupported"
    )


@pytest.mark.parametrize("agreement", [Agreement.ENTERPRISE, Agreement.ONLINE_SERVICES, Agreement.OTHER])
def test_other_agreements_have_no_call_and_a_person_does_it(agreement: Agreement) -> None:
    standing = replace(OURS, agreement=agreement)
    assert barred(standing) == dict.fromkeys(INTENTS, "unsupported")
    assert all("provider: manual" in obstacle.hint for obstacle in capabilities(standing).barred.values())


@pytest.mark.parametrize("category", sorted(UNRENEWED))
def test_what_no_term_renews_is_not_ours(category: str) -> None:
    assert barred(replace(OURS, category=category)) == dict.fromkeys(INTENTS, "unsupported")


@pytest.mark.parametrize("category", ["SeatBased", "SaaS", "Software", "AzureSupport", "Other", None])
def test_what_a_term_renews_is_ours(category: str | None) -> None:
    assert barred(replace(OURS, category=category)) == {Kind.REACTIVATE: "unsupported"}


def test_what_shows_no_renewal_is_not_ours() -> None:
    assert barred(replace(OURS, renews=False, category=None)) == dict.fromkeys(INTENTS, "unsupported")


def test_what_somebody_else_sold_is_theirs_to_change() -> None:
    standing = replace(OURS, resold="Fabrikam")
    assert barred(standing) == dict.fromkeys(INTENTS, "managed-elsewhere")
    assert "Fabrikam" in capabilities(standing).barred[Kind.TURN_OFF].detail


def test_what_was_transferred_is_changed_where_it_went() -> None:
    assert barred(replace(OURS, transferred=True)) == dict.fromkeys(INTENTS, "managed-elsewhere")


def test_without_its_product_it_can_only_be_cancelled_at_once() -> None:
    assert barred(replace(OURS, product=False)) == dict.fromkeys(RENEWAL | {Kind.REACTIVATE}, "unsupported")


def test_where_products_were_not_listed_the_call_itself_will_tell() -> None:
    assert barred(replace(OURS, product=None)) == {Kind.REACTIVATE: "unsupported"}


@pytest.mark.parametrize(
    ("cancellation", "until", "code"),
    [
        ("Allowed", UNTIL, None),
        ("Allowed", None, None),
        (None, UNTIL, None),
        ("NotAllowed", UNTIL, "past-cancellation-window"),
        ("NotAllowed", None, "past-cancellation-window"),
        (None, None, "unsupported"),
        ("Perhaps", None, "unsupported"),
    ],
    ids=[
        "allowed until a date",
        "allowed",
        "a date alone, as the published example has it",
        "not allowed since a date",
        "not allowed",
        "nothing said",
        "a word that no document has",
    ],
)
def test_the_window_is_what_the_system_overrides_say(
    cancellation: str | None, until: datetime | None, code: str | None
) -> None:
    standing = replace(OURS, cancellation=cancellation, cancel_now_until=until)
    assert barred(standing).get(Kind.CANCEL_NOW) == code


def test_a_closed_window_says_since_when_and_what_to_do() -> None:
    found = capabilities(replace(OURS, cancellation="NotAllowed")).barred[Kind.CANCEL_NOW]
    assert "2026-11-28 09:30 UTC" in found.detail
    assert "at-renewal" in found.hint
