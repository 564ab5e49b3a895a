"""Measures looking at an outside estate against its goal of docs/performance.md: 1.3 times a bare loop over its pages.

Both sides run in this process, in turn, against the same emulator in a process of its own. The published limits are
set aside on our side: what is measured is our own work.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial

from reconciler.answers import Pace
from reconciler.environment import read_environment, variable
from reconciler.outside.pacing import Pacers
from reconciler.outside.reading import Ask, observe_accounts
from reconciler.outside.timing import Timing
from reconciler.registry import Registry, reader_for
from reconciler.settings import AccountSettings
from reconciler.testing.emulators.microsoft_estate import CONTOSO, TENANT
from reconciler.testing.emulators.partner_center_estate import PARTNER
from tests.benchmarks.vendors import Vendor, vendor

SIZE = 10_000
_FAST = Pace(reads=100_000.0, writes=100_000.0, threads=8)
_TIMING = Timing(lambda: datetime.now(UTC))


def observing(runs: int, size: int = SIZE) -> Iterator[str]:
    """A line of a table for each provider."""
    loops: Mapping[str, Mapping[str, Callable[[Vendor], int]]] = {
        "stripe": {"the SDK's own paging": _stripe_paging, "the SDK's raw requests": _stripe_raw},
        "microsoft": {"the SDK's own paging, both lists": _microsoft},
        "partner-center": {"urllib3 and json, both requests": _partner_center},
    }
    for name, bare in loops.items():
        with vendor(name, size) as found:
            accounts = _accounts(found)
            for what, loop in bare.items():
                yield _line(found, accounts, size, what, loop, runs)


def _line(
    found: Vendor, accounts: list[AccountSettings], size: int, what: str, loop: Callable[[Vendor], int], runs: int
) -> str:
    pairs = []
    for number in range(runs + 1):
        began = time.perf_counter()
        counted = loop(found)
        middle = time.perf_counter()
        seen = _observed(found, accounts)
        pair = (time.perf_counter() - middle, middle - began)
        if not counted == seen == size:
            raise SystemExit(f"{found.name}: {counted} and {seen} seen, of {size}")
        if number:  # the first round imports and connects
            pairs.append(pair)
    ours, bare = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    ratio = statistics.median(a / b for a, b in pairs)
    return f"| {size:,} at {found.name}, against {what} | 1.3 | {ratio:.2f} | {ours:.2f} s | {bare:.2f} s |"


def _accounts(found: Vendor) -> list[AccountSettings]:
    """Those that see the whole estate."""
    match found.name:
        case "stripe":
            return [AccountSettings("shop", "stripe", tenant=next(iter(found.table("account"))))]
        case "microsoft":
            options = {"billing_account": CONTOSO}
            return [AccountSettings("direct", "microsoft", tenant=TENANT, options=options)]
        case _:
            options = {"partner_tenant": PARTNER}
            return [
                AccountSettings(f"c{number}", found.name, tenant=id, options=options, shared="partner")
                for number, id in enumerate(found.table("customers"))
            ]


def _observed(found: Vendor, accounts: list[AccountSettings]) -> int:
    """How many the engine sees, with the real provider."""
    environment = read_environment({variable(found.name, "endpoint"): found.url})
    registry, pacers = Registry(), Pacers(_TIMING)
    pacers.of(accounts[0].group, _FAST)
    asks = [Ask(account, frozenset(), partial(reader_for, account, environment, registry)) for account in accounts]
    seen = observe_accounts(asks, _TIMING, pacers=pacers)
    troubles = [account.trouble for account in seen.values() if account.trouble is not None]
    if troubles:
        raise SystemExit(f"{found.name}: {troubles[0]}")
    return sum(len(account.subscriptions) for account in seen.values())


def _stripe_paging(found: Vendor) -> int:
    import stripe

    client = stripe.StripeClient("sk_test_sandbox", base_addresses={"api": found.url})
    listed = client.v1.subscriptions.list(params={"limit": 100, "status": "all"})
    return sum(1 for _ in listed.auto_paging_iter())


def _stripe_raw(found: Vendor) -> int:
    import stripe

    client = stripe.StripeClient("sk_test_sandbox", base_addresses={"api": found.url})
    count = 0
    after: dict[str, str] = {}
    while True:
        page = client.raw_request("get", "/v1/subscriptions", limit=100, status="all", **after).data
        count += len(page["data"])
        if not page["has_more"]:
            return count
        after = {"starting_after": page["data"][-1]["id"]}


def _microsoft(found: Vendor) -> int:
    from azure.core.credentials import AccessToken
    from azure.core.pipeline.policies import SansIOHTTPPolicy
    from azure.mgmt.billing import BillingManagementClient

    class Bearer(SansIOHTTPPolicy):  # type: ignore[type-arg]  # the SDK's own refuses a loopback address
        def on_request(self, request: object) -> None:
            request.http_request.headers["Authorization"] = "Bearer sandbox"  # type: ignore[attr-defined]

    class Nobody:
        def get_token(self, *scopes: str, **options: object) -> AccessToken:
            return AccessToken("sandbox", int(time.time()) + 3600)

    client = BillingManagementClient(Nobody(), "none", base_url=found.url, authentication_policy=Bearer())
    for _ in client.products.list_by_billing_account(CONTOSO, top=50, count=True):
        pass
    listed = client.billing_subscriptions.list_by_billing_account(CONTOSO, top=50, include_deleted=True, count=True)
    return sum(1 for _ in listed)


def _partner_center(found: Vendor) -> int:
    import json

    import urllib3

    pool = urllib3.connection_from_url(found.url)
    headers = {"Authorization": "Bearer sandbox"}
    count = 0
    for id in found.table("customers"):
        json.loads(pool.request("GET", f"/v1/customers/{id}", headers=headers).data)
        page = json.loads(pool.request("GET", f"/v1/customers/{id}/subscriptions", headers=headers).data)
        count += len(page["items"])
    return count
