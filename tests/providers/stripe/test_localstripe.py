"""The provider against a server that others wrote, localstripe: what both of us read in Stripe's documents alike.

It is under the GPL and runs as a process of its own, from an environment of its own, on loopback alone; nothing of it
is imported. It knows no prices, idempotency keys, accounts, schedules or terminal states: those are the emulator's.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import stripe

from reconciler.answers import Done
from reconciler.changes import Kind
from reconciler.model import Cancel, Money, Recurring, Status, TermLength
from reconciler.observed import ObservedSubscription
from reconciler.providers.stripe import provider
from reconciler.providers.stripe.provider import StripeWriter
from tests.conftest import IN_CI, require
from tests.providers.stripe.shapes import KEY, an_opening, an_order

PYTHON = os.environ.get("RECONCILER_TEST_LOCALSTRIPE", "")
"""The interpreter of the environment that localstripe is installed in."""

# Its own command listens on every address there is.
START = """
import socket
from aiohttp import web
from localstripe.server import app
held = socket.socket()
held.bind(("127.0.0.1", 0))
held.listen(128)
print(held.getsockname()[1], flush=True)
web.run_app(app, sock=held, print=None)
"""
HOW_MANY, PAGE = 13, 5
"""It takes its time with each: pages are made smaller than Stripe's own."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    require(PYTHON or "localstripe (RECONCILER_TEST_LOCALSTRIPE)", in_ci=IN_CI)
    room = tmp_path_factory.mktemp("localstripe")  # it keeps a pickle in the folder of temporary files, and reads it
    with subprocess.Popen(
        [str(Path(PYTHON)), "-c", START],
        cwd=room,
        env={**os.environ, "TMPDIR": str(room)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def ids(url: str) -> list[str]:
    """Subscriptions made through the SDK as it is."""
    client = stripe.StripeClient(KEY, base_addresses={"api": url}, max_network_retries=0)
    products = client.v1.products
    product = products.create({"name": "Visio", "type": "service"})
    plan = client.v1.plans.create(
        {"amount": 1500, "currency": "eur", "interval": "month", "product": product.id, "nickname": "monthly"}
    )
    customer = client.v1.customers.create({"name": "Contoso"})
    method = client.v1.payment_methods.create(
        {"type": "card", "card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "123"}}
    )
    client.v1.payment_methods.attach(method.id, {"customer": customer.id})
    client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})
    made = [
        client.v1.subscriptions.create({"customer": customer.id, "items": [{"plan": plan.id, "quantity": 3}]})
        for _ in range(HOW_MANY)
    ]
    return [item.id for item in made]


@pytest.fixture
def writer(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[StripeWriter]:
    monkeypatch.setattr(provider, "_PAGE", PAGE)
    opened = StripeWriter(an_opening(url))
    yield opened
    opened.close()


def now(writer: StripeWriter, id: str) -> ObservedSubscription:
    """It, as it is read now."""
    found = writer.get(id)
    assert found is not None
    return found


def test_what_it_shows_is_understood(writer: StripeWriter, ids: list[str]) -> None:
    seen = now(writer, ids[0])
    assert (seen.status, seen.provider_status) == (Status.ACTIVE, "active")
    assert (seen.recurring, seen.cancellation) == (Recurring.ON, Cancel.NONE)
    assert (seen.length, seen.seats, seen.price) == (TermLength.MONTHLY, 3, Money(1500, "EUR"))
    assert seen.product.startswith("prod_")
    assert seen.term is not None
    assert timedelta(days=28) <= seen.term.end - seen.term.start <= timedelta(days=31)


def test_every_one_is_on_some_page_once(writer: StripeWriter, ids: list[str]) -> None:
    found, cursor = [], None
    while True:
        page = writer.observe(cursor)
        found += [item.id for item in page.items]
        cursor = page.cursor
        if cursor is None:
            break
        assert len(page.items) == PAGE
    assert sorted(found) == sorted(ids)


def test_the_end_at_term_is_set_and_taken_back(writer: StripeWriter, ids: list[str]) -> None:
    id = ids[1]
    assert writer.cancel_at_renewal(an_order(Kind.CANCEL_AT_RENEWAL, now(writer, id), "1" * 32)) == Done()
    ending = now(writer, id)
    assert (ending.recurring, ending.cancellation) == (Recurring.OFF, Cancel.AT_RENEWAL)
    assert ending.term is not None
    assert ending.effective_at == ending.term.end
    assert writer.undo_cancel(an_order(Kind.UNDO_CANCEL, ending, "2" * 32)) == Done()
    assert now(writer, id).recurring is Recurring.ON
    assert writer.turn_off_recurring(an_order(Kind.TURN_OFF, now(writer, id), "3" * 32)) == Done()
    assert writer.turn_on_recurring(an_order(Kind.TURN_ON, now(writer, id), "4" * 32)) == Done()
    assert now(writer, id).cancellation is Cancel.NONE


def test_cancelling_at_once_ends_it_and_it_stays_on_the_list(writer: StripeWriter, ids: list[str]) -> None:
    id = ids[2]
    assert writer.cancel_now(an_order(Kind.CANCEL_NOW, now(writer, id))) == Done()
    ended = now(writer, id)
    assert (ended.status, ended.provider_status) == (Status.DELETED, "canceled")
    assert (ended.recurring, ended.cancellation) == (Recurring.OFF, Cancel.IMMEDIATELY)
    assert ended.effective_at is not None
    cursor: str | None = None
    statuses: dict[str, Status] = {}
    while len(statuses) < HOW_MANY:
        page = writer.observe(cursor)
        statuses |= {item.id: item.status for item in page.items if isinstance(item, ObservedSubscription)}
        cursor = page.cursor
    assert statuses[id] is Status.DELETED


def test_one_that_it_does_not_have_is_none(writer: StripeWriter) -> None:
    assert writer.get("sub_nobody") is None
