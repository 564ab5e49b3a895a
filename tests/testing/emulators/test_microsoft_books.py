from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.testing.emulators.base import Request
from reconciler.testing.emulators.microsoft import MicrosoftEmulator, Seats
from tests.testing.emulators.toy import NOW

ACCOUNT = "1234567"
PATH = f"/providers/Microsoft.Billing/billingAccounts/{ACCOUNT}"
ASKED = {"api-version": "2024-04-01"}
HEADERS = {"authorization": "Bearer sandbox", "host": "127.0.0.1:1"}


def prepared(ledger: Path | None = None) -> MicrosoftEmulator:
    emulator = MicrosoftEmulator(ledger=ledger, now=NOW)
    if not emulator.table("accounts"):
        emulator.add_account(ACCOUNT)
        emulator.add_seats(ACCOUNT, Seats("s1", "One", NOW - timedelta(days=1), length="P1M"))
    return emulator


@pytest.mark.parametrize("name", ["contoso", "", "1 2", "guid:guid_2019-05-31"])
def test_an_account_has_the_name_of_one(name: str) -> None:
    with pytest.raises(ValueError, match="not the name of a billing account"):
        MicrosoftEmulator().add_account(name)


def test_a_product_goes_with_its_subscription_through_time() -> None:
    emulator = prepared()
    emulator.change(ACCOUNT, "s1", autoRenew="Off")
    product = emulator.table("products")[f"{ACCOUNT}/s1"]["properties"]
    assert product["autoRenew"] == "Off"
    emulator.change(ACCOUNT, "s1", autoRenew="On")
    emulator.advance(timedelta(days=35))
    product, subscription = (
        emulator.table(table)[f"{ACCOUNT}/s1"]["properties"] for table in ("products", "subscriptions")
    )
    assert product["endDate"] == subscription["termEndDate"]
    assert product["lastChargeDate"] == subscription["termStartDate"]
    assert product["lastChargeDate"].startswith("2026-12-22")
    assert emulator.effects == []


def test_a_subscription_without_a_product_lives_too() -> None:
    emulator = prepared()
    emulator.put("products", f"{ACCOUNT}/s1", None)
    emulator.advance(timedelta(days=35))
    assert dict(emulator.table("products")) == {}
    emulator.change(ACCOUNT, "s1", displayName="Alone")


def test_an_order_goes_on_after_the_emulator_itself_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "books.jsonl"
    emulator = prepared(path)
    delivery = emulator.answer(Request("DELETE", f"{PATH}/billingSubscriptions/s1", ASKED, HEADERS))
    assert delivery.response is not None
    where = delivery.response.headers["Location"].partition("127.0.0.1:1")[2].partition("?")[0]
    emulator.close()  # what a kill leaves is the same file: every line is on disk before its answer
    again = prepared(path)
    statuses = []
    for _ in range(2):
        polled = again.answer(Request("GET", where, ASKED, HEADERS)).response
        assert polled is not None
        statuses.append(polled.status)
    assert statuses == [202, 204]
    assert again.table("subscriptions")[f"{ACCOUNT}/s1"]["properties"]["status"] == "Disabled"
    assert [effect.verb for effect in again.effects] == ["DELETE billingSubscriptions"]
    again.close()


def test_an_order_for_what_vanished_ends_in_nothing() -> None:
    emulator = prepared()
    emulator.answer(Request("DELETE", f"{PATH}/billingSubscriptions/s1", ASKED, HEADERS))
    emulator.remove(ACCOUNT, "s1")
    emulator.advance(timedelta(minutes=2))
    assert [order["left"] for order in emulator.table("orders").values()] == [0]
