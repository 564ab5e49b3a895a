"""The sample estate: several customers, every special case, and the same each time."""

from __future__ import annotations

from collections import Counter

import pytest

from reconciler.observed import ObservedSubscription
from reconciler.providers.partner_center import convert
from reconciler.testing.emulators import sample_estate
from reconciler.testing.emulators.partner_center import PartnerCenterEmulator
from reconciler.testing.emulators.partner_center_estate import customers
from tests.builders import NOW


def an_estate(size: int, seed: int = 1) -> PartnerCenterEmulator:
    emulator = sample_estate("partner-center", size, seed, now=NOW)
    assert isinstance(emulator, PartnerCenterEmulator)
    return emulator


@pytest.mark.parametrize(("size", "count"), [(1, 1), (10, 1), (11, 2), (95, 10)])
def test_it_has_so_many_subscriptions_over_several_customers(size: int, count: int) -> None:
    emulator = an_estate(size)
    assert (len(emulator.table("subscriptions")), len(emulator.table("customers"))) == (size, count)
    names = [each["companyProfile"]["companyName"] for each in emulator.table("customers").values()]
    assert len(set(names)) == count


def test_it_is_the_same_each_time_and_another_for_another_seed() -> None:
    assert list(customers(40, 1, NOW)) == list(customers(40, 1, NOW)) != list(customers(40, 2, NOW))


def test_it_holds_every_special_case() -> None:
    emulator = an_estate(40)
    seen = [convert.subscription(emulator.shown(id), NOW) for id in emulator.table("subscriptions")]
    found = [item for item in seen if isinstance(item, ObservedSubscription)]
    assert len(found) == 40
    statuses = Counter(item.status.value for item in found)
    assert {"active", "suspended", "deleted", "expired"} <= statuses.keys()
    assert {item.cancellation.value for item in found} == {"none", "at-renewal"}
    notes = " ".join(note for item in found for note in item.notes)
    for words in ("paid extended service term", "a trial", "changes are scheduled"):
        assert words in notes
    assert sum(item.term is None for item in found) == 1
    assert not any(item.busy for item in found)
