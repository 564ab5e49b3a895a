"""The reading half, against the emulator: who is asked for what, and what is refused before anything else."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler.errors import Malformed, ProviderTrouble, RoleTooWeak, SignInFailed, Throttled, Unreachable, WrongTenant
from reconciler.model import Status
from reconciler.observed import ObservedSubscription, Unreadable
from reconciler.providers.partner_center.provider import PartnerCenterProvider
from reconciler.testing.emulators import sample_estate
from reconciler.testing.emulators.faults import Fault
from reconciler.testing.emulators.partner_center_estate import PARTNER, seats
from reconciler.testing.emulators.server import serve
from tests.builders import NOW
from tests.providers.partner_center.partner import ID, TENANT, Customer, a_customer, an_opening

OTHER = "00000000-1111-4222-8333-444444444444"


@pytest.fixture
def customer() -> Iterator[Customer]:
    with a_customer() as found:
        yield found


def a_token(**claims: str) -> str:
    """What looks like a token made for somebody."""
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJ.{body}.sig"


def test_it_says_what_it_is() -> None:
    provider = PartnerCenterProvider()
    assert (provider.api_version, provider.name, provider.lifecycle) == (1, "partner-center", "microsoft-partner")
    assert provider.required == ("tenant", "partner_tenant")
    assert set(provider.required) - {"tenant"} <= set(provider.options)
    assert set(provider.secrets) == {"client_id", "client_secret", "certificate_file", "token"}


def test_the_customer_that_is_pinned_is_let_pass(customer: Customer) -> None:
    customer.reader().check()
    assert list(customer.emulator.asked) == [f"GET /v1/customers/{TENANT}"]


def test_a_customer_of_somebody_else_is_refused(customer: Customer) -> None:
    with pytest.raises(WrongTenant) as caught:
        customer.reader(tenant=OTHER).check()
    assert (caught.value.code, caught.value.exit_code) == ("wrong-tenant", 3)


def test_an_answer_about_another_customer_is_refused(customer: Customer) -> None:
    customer.emulator.put("customers", TENANT, {**customer.emulator.table("customers")[TENANT], "id": OTHER})
    with pytest.raises(WrongTenant):
        customer.reader().check()


@pytest.mark.parametrize("relation", ["advisor", "none", "microsoft_support"])
def test_a_customer_that_it_does_not_sell_to_is_refused(customer: Customer, relation: str) -> None:
    customer.emulator.edit("customers", TENANT, relationshipToPartner=relation)
    with pytest.raises(RoleTooWeak) as caught:
        customer.reader().check()
    assert caught.value.code == "role-too-weak"
    assert customer.reader().whoami().roles[0].lacks == ("turn recurring on or off", "cancel")


@pytest.mark.parametrize(("tenant", "partner", "passes"), [(PARTNER, PARTNER, True), (OTHER, "fabrikam.example", True)])
def test_a_token_of_the_partner_is_let_pass(customer: Customer, tenant: str, partner: str, passes: bool) -> None:
    with pytest.raises(SignInFailed):  # by the emulator: it got past our own pin
        customer.reader(token=a_token(tid=tenant), partner=partner).check()


def test_a_token_of_another_tenant_is_refused_before_anything_is_asked(customer: Customer) -> None:
    with pytest.raises(WrongTenant) as caught:
        customer.reader(token=a_token(tid=OTHER)).check()
    assert OTHER in caught.value.message
    assert not customer.emulator.asked


@pytest.mark.parametrize("tenant", ["", "contoso.example", "..", None])
def test_a_tenant_that_is_no_id_is_refused(customer: Customer, tenant: str | None) -> None:
    with pytest.raises(WrongTenant) as caught:
        customer.reader(tenant=tenant)
    assert caught.value.code == "wrong-tenant"


@pytest.mark.parametrize("token", ["sandbox-expired", "nonsense"])
def test_credentials_that_are_not_taken_are_told_without_them(customer: Customer, token: str) -> None:
    for ask in (customer.reader(token=token).check, lambda: customer.reader(token=token).observe(None)):
        with pytest.raises(SignInFailed) as caught:
            ask()
        assert caught.value.code == "sign-in-failed"
        assert token not in caught.value.message + caught.value.hint


def test_whoami_says_who_signed_in_and_how_the_customer_stands(customer: Customer) -> None:
    identity = customer.reader().whoami()
    assert (identity.name, identity.tenant) == ("unnamed", PARTNER)
    assert identity.places == ((TENANT, "Contoso"),)
    assert [(role.name, role.lacks) for role in identity.roles] == [("reseller", ())]
    assert "Admin agent" in identity.notes[0]


def test_a_subscription_is_read_by_its_id(customer: Customer) -> None:
    found = customer.reader().get(ID)
    assert found is not None
    assert (found.id, found.status) == (ID, Status.ACTIVE)
    assert found.revision == customer.fields()["attributes"]["etag"]


def test_one_that_the_customer_does_not_have_is_none(customer: Customer) -> None:
    assert customer.reader().get(OTHER) is None


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, {"code": "1000", "description": "Not found"}), (404, "<html>no such page</html>"), (410, {"code": "20003"})],
)
def test_nothing_less_than_the_vendors_own_word_is_absence(customer: Customer, status: int, body: object) -> None:
    customer.emulator.faults.add(Fault("status", value={"status": status, "body": body}))
    with pytest.raises(ProviderTrouble):
        customer.reader().get(ID)


@pytest.mark.parametrize("id", ["..", "a/b", "?", "%2e%2e"])
def test_an_id_leads_nowhere_else(customer: Customer, id: str) -> None:
    try:
        found = customer.reader().get(id)
    except ProviderTrouble:
        found = None
    assert found is None


def test_one_that_cannot_be_read_is_malformed_when_it_is_asked_for(customer: Customer) -> None:
    customer.emulator.alter(ID, quantity=-1)
    with pytest.raises(Malformed) as caught:
        customer.reader().get(ID)
    assert "quantity" in caught.value.message


def test_a_list_shows_everything_the_ended_too_and_one_that_cannot_be_read(customer: Customer) -> None:
    customer.emulator.add(TENANT, {"id": OTHER, **seats(NOW, status="deleted")})
    customer.emulator.alter(ID, quantity=-1)
    page = customer.reader().observe(None)
    assert page.cursor is None
    broken, gone = page.items
    assert isinstance(broken, Unreadable)
    assert isinstance(gone, ObservedSubscription)
    assert gone.status is Status.DELETED


def test_pages_are_followed_to_the_last() -> None:
    emulator = sample_estate("partner-center", 10, now=NOW)
    (tenant,) = emulator.table("customers")
    emulator.page_size = 4  # type: ignore[attr-defined]
    with serve(emulator) as url:
        reader = PartnerCenterProvider(now=lambda: NOW).reader(an_opening(url, tenant))
        ids, cursor, pages = [], None, 0
        while pages == 0 or cursor is not None:
            page = reader.observe(cursor)
            ids += [item.id for item in page.items]
            cursor, pages = page.cursor, pages + 1
    assert (pages, sorted(ids)) == (3, sorted(emulator.table("subscriptions")))


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("half-page", Malformed),
        ("duplicate-id", Malformed),
        ("invalid-json", Malformed),
        ("reset-mid-body", Unreachable),
        ("drop-before-commit", Unreachable),
        ("hang", Unreachable),
        ("throttle", Throttled),
        ("busy", ProviderTrouble),
        ("status", Unreachable),
    ],
)
def test_a_fault_is_never_absence(kind: str, error: type[ProviderTrouble]) -> None:
    # Long enough that a busy machine is no fault; only one that hangs is waited for.
    with a_customer(read_seconds=1.0 if kind == "hang" else 30.0) as customer:
        customer.emulator.add(TENANT, {"id": OTHER, **seats(NOW)})
        reader = customer.reader()
        customer.emulator.faults.add(Fault(kind))
        with pytest.raises(error) as caught:
            reader.observe(None)
        assert caught.value.hint
        assert len(reader.observe(None).items) == 2
        assert customer.emulator.requests["GET"] == 2


def test_a_list_that_leads_in_a_circle_is_malformed_or_the_same_cursor_again(customer: Customer) -> None:
    customer.emulator.faults.add(Fault("cursor-loop", times=None))
    reader = customer.reader()
    first = reader.observe(None)
    again = reader.observe(first.cursor)
    assert first.cursor == again.cursor


def test_an_empty_list_is_told_as_it_is(customer: Customer) -> None:
    customer.emulator.faults.add(Fault("empty-list"))
    page = customer.reader().observe(None)
    assert (page.items, page.cursor) == ((), None)


def test_a_list_of_subscriptions_without_ids_is_malformed(customer: Customer) -> None:
    customer.emulator.faults.add(Fault("status", value={"status": 200, "body": {"totalCount": 1, "items": [{}]}}))
    with pytest.raises(Malformed):
        customer.reader().observe(None)


def test_an_answer_about_another_subscription_is_malformed(customer: Customer) -> None:
    body = {**customer.fields(), "id": OTHER}
    customer.emulator.faults.add(Fault("status", value={"status": 200, "body": body}))
    with pytest.raises(Malformed):
        customer.reader().get(ID)


def test_delayed_reads_show_what_stood(customer: Customer) -> None:
    reader = customer.reader()
    before = reader.get(ID)
    customer.emulator.alter(ID, autoRenewEnabled=False)
    customer.emulator.faults.add(Fault("delayed-reads"))
    assert reader.get(ID) == before
    assert reader.get(ID) != before


def test_thousands_of_customers_share_one_sign_in_and_its_connections(customer: Customer) -> None:
    opened = [customer.reader() for _ in range(50)]
    assert len({id(reader._link) for reader in opened}) == 1
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda reader: reader.check(), opened))
    assert customer.emulator.requests["GET"] == 50
    link = opened[0]._link
    assert link._pool.num_connections <= 8


def test_another_identity_or_partner_has_its_own_sign_in(customer: Customer) -> None:
    readers = [
        customer.reader(),
        customer.reader(plan_as="reader"),
        customer.reader(partner=OTHER),
        customer.writer(plan_as="reader", apply_as="writer"),
    ]
    assert len({id(reader._link) for reader in readers}) == len(readers)
    assert customer.writer(plan_as="reader")._link is readers[1]._link


def test_the_last_who_closes_closes_the_connections(customer: Customer) -> None:
    one, other = customer.reader(), customer.reader()
    one.close()
    one.close()
    other.check()
    other.close()
    assert not customer.provider._links
    assert customer.provider._users == Counter()
    customer.reader().check()


def test_the_pace_keeps_below_the_published_limit(customer: Customer) -> None:
    for pace in (customer.reader().pace, customer.writer().pace):
        assert "500 requests a minute" in pace.source
    assert customer.reader().pace.reads * 60 <= 500
    written = customer.writer().pace
    assert (written.reads + written.writes) * 60 <= 500
