from __future__ import annotations

from collections import Counter

from reconciler.catalogue import Catalogue
from reconciler.testing.emulators.microsoft_estate import CONTOSO, FABRIKAM, NORTHWIND, sample_estate
from tests.testing.emulators.toy import NOW


def test_it_has_so_many_subscriptions_with_one_of_each_special_case() -> None:
    emulator = sample_estate(50, 1, now=NOW)
    mine = [body["properties"] for id, body in emulator.table("subscriptions").items() if id.startswith(CONTOSO)]
    assert len(mine) == 50
    assert {"Active", "Suspended", "Expired", "Disabled", "Cancelled", "Deleted", "Warned", "Expiring"} == {
        one["status"] for one in mine
    }
    assert Counter(one["operationStatus"] for one in mine) == {"None": 49, "LockedForUpdate": 1}
    assert {one["autoRenew"] for one in mine} == {"On", "Off"}
    assert {one["termDuration"] for one in mine} == {"P1M", "P1Y", "P3Y"}
    assert {one["systemOverrides"]["cancellation"] for one in mine} == {"Allowed", "NotAllowed"}


def test_time_has_nothing_to_do_at_once() -> None:
    """The estate is laid out as it stands now: no request finds it other than it was made."""
    emulator = sample_estate(300, 2, now=NOW)
    before = dict(emulator.table("subscriptions"))
    emulator.clock = NOW
    assert [id for id, body in emulator.table("subscriptions").items() if before[id] != body] == []


def test_the_accounts_are_of_three_agreements() -> None:
    accounts = sample_estate(3, 1, now=NOW).table("accounts")
    assert {name: body["properties"]["agreementType"] for name, body in accounts.items()} == {
        CONTOSO: "MicrosoftCustomerAgreement",
        FABRIKAM: "MicrosoftOnlineServicesProgram",
        NORTHWIND: "EnterpriseAgreement",
    }


def test_the_products_are_real_ones() -> None:
    names = set(Catalogue()._names.values())
    bodies = [body["properties"] for id, body in sample_estate(40, 1, now=NOW).table("products").items()]
    assert all(body["skuDescription"] in names for body in bodies)
    assert all(body["productTypeId"].startswith("CFQ7TTC0") for body in bodies)
