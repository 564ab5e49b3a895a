"""The reading half against the emulator: whose account it is, every page, one subscription, every fault of a read."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from reconciler.answers import Role
from reconciler.changes import INTENTS, Kind
from reconciler.errors import (
    Malformed,
    ProviderTrouble,
    RoleTooWeak,
    SignInFailed,
    Throttled,
    Unreachable,
    WrongTenant,
)
from reconciler.model import Money, Recurring, Status
from reconciler.observed import ObservedSubscription, Unreadable
from reconciler.providers.entra import Claims
from reconciler.providers.microsoft import api
from reconciler.testing.emulators.microsoft_estate import CONTOSO, FABRIKAM, FABRIKAM_TENANT, NORTHWIND, sample_estate
from reconciler.testing.emulators.microsoft_roles import Principal
from reconciler.testing.emulators.server import serve
from tests.providers.microsoft.wire import ACCOUNT, NOW, TENANT, Wire, a_wire, an_id, everything

ROOT = "/providers/Microsoft.Billing/billingAccounts"


@pytest.fixture
def wire() -> Iterator[Wire]:
    """One account with one subscription."""
    with a_wire() as made:
        yield made


def test_the_right_tenant_and_billing_account_are_let_through(wire: Wire) -> None:
    wire.reader().check()
    assert wire.emulator.requests == {"GET": 1}


@pytest.mark.parametrize("tenant", ["20000000-0000-0000-0000-00000000000f", "fabrikam"])
def test_a_billing_account_of_another_tenant_is_refused(wire: Wire, tenant: str) -> None:
    with pytest.raises(WrongTenant) as refused:
        wire.reader(tenant=tenant).check()
    assert (refused.value.code, refused.value.exit_code) == ("wrong-tenant", 3)
    assert TENANT in refused.value.message


def test_a_mismatch_refuses_before_anything_else_is_asked(wire: Wire) -> None:
    with pytest.raises(WrongTenant):
        wire.reader(tenant="fabrikam").observe(None)
    assert [line.partition("?")[0] for line in wire.emulator.asked] == [f"GET {ROOT}/{ACCOUNT.replace(':', '%3A')}"]


def test_who_signed_in_at_another_tenant_is_refused_before_any_question(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = wire.reader()
    monkeypatch.setattr(reader, "_claims", lambda: Claims("20000000-0000-0000-0000-00000000000f"))
    with pytest.raises(WrongTenant, match="signed in at tenant"):
        reader.check()
    assert not wire.emulator.asked


def test_a_tenant_in_other_letters_is_the_same(wire: Wire) -> None:
    wire.reader(tenant=TENANT.upper()).check()


def test_a_billing_account_that_is_not_there_is_refused(wire: Wire) -> None:
    with pytest.raises(WrongTenant, match="no such billing account"):
        wire.reader(options={"billing_account": "12345"}).check()


def test_another_billing_account_in_the_answer_is_refused(wire: Wire) -> None:
    body = {"name": "other", "properties": {"primaryBillingTenantId": TENANT}}
    wire.fault("status", value={"status": 200, "body": body})
    with pytest.raises(WrongTenant, match="another billing account answered"):
        wire.reader().check()


def test_an_older_agreement_that_shows_no_tenant_is_let_through(wire: Wire) -> None:
    wire.fault("status", value={"status": 200, "body": {"name": ACCOUNT, "properties": {}}})
    wire.reader().check()


def test_a_billing_account_without_read_access_is_told(wire: Wire) -> None:
    body = {"name": ACCOUNT, "properties": {"hasReadAccess": False}}
    wire.fault("status", value={"status": 200, "body": body})
    with pytest.raises(RoleTooWeak):
        wire.reader().check()


@pytest.mark.parametrize("token", ["sandbox-expired", "made-up"])
def test_a_token_that_is_not_taken_is_told_and_not_quoted(wire: Wire, token: str) -> None:
    with pytest.raises(SignInFailed) as refused:
        wire.reader(token).check()
    assert refused.value.code == "sign-in-failed"
    assert token not in refused.value.message + refused.value.hint


def test_a_billing_account_of_others_is_a_role_too_weak(wire: Wire) -> None:
    wire.emulator.principals["stranger"] = Principal("Stranger", "owner", "x", tenant="elsewhere")
    with pytest.raises(RoleTooWeak):
        wire.reader("stranger").check()


def test_every_page_is_read_and_products_come_first() -> None:
    with a_wire(120) as wire:
        reader = wire.reader()
        items = everything(reader)
        assert [item.id for item in items] == [an_id(number) for number in range(1, 121)]
        assert len(wire.emulator.asked) == 1 + 3 + 3
        assert "products?" in wire.emulator.asked[1]
        assert "includeDeleted=true" in wire.emulator.asked[4]


def test_a_subscription_shows_what_its_product_cost(wire: Wire) -> None:
    reader = wire.reader()
    [item] = everything(reader)
    assert isinstance(item, ObservedSubscription)
    assert item.last_charge == Money(6000, "USD")
    assert reader.get(an_id()) == item


def test_without_the_list_one_subscription_is_one_request(wire: Wire) -> None:
    reader = wire.reader()
    reader.check()
    seen = reader.get(an_id())
    assert seen is not None
    assert (seen.recurring, seen.status, seen.last_charge) == (Recurring.ON, Status.ACTIVE, None)
    assert wire.emulator.requests == {"GET": 2}


def test_ended_subscriptions_show_in_the_list(wire: Wire) -> None:
    wire.emulator.change(ACCOUNT, an_id(), status="Deleted")
    [item] = everything(wire.reader())
    assert isinstance(item, ObservedSubscription)
    assert item.status is Status.DELETED


def test_a_subscription_without_a_product_of_its_id_cannot_be_switched(wire: Wire) -> None:
    wire.emulator.put("products", f"{ACCOUNT}/{an_id()}", None)
    [item] = everything(wire.reader())
    assert isinstance(item, ObservedSubscription)
    assert item.capabilities.barred[Kind.TURN_OFF].code == "unsupported"
    assert Kind.CANCEL_NOW not in item.capabilities.barred


def test_one_subscription_that_cannot_be_read_hides_no_other() -> None:
    with a_wire(3) as wire:
        wire.emulator.change(ACCOUNT, an_id(2), autoRenew="Perhaps")
        items = everything(wire.reader())
        assert [isinstance(item, Unreadable) for item in items] == [False, True, False]


def test_an_unreadable_subscription_is_no_absence(wire: Wire) -> None:
    wire.emulator.change(ACCOUNT, an_id(), autoRenew="Perhaps")
    with pytest.raises(Malformed) as refused:
        wire.reader().get(an_id())
    assert refused.value.code == "unreadable"


def test_an_id_that_the_provider_does_not_have_is_none(wire: Wire) -> None:
    assert wire.reader().get(an_id(7)) is None


@pytest.mark.parametrize("id", ["..", "../products", "a/b", "a?b", "", "a b", "%2e%2e", "é", "x" * 300], ids=repr)
def test_what_is_no_id_is_never_asked_for(wire: Wire, id: str) -> None:
    reader = wire.reader()
    reader.check()
    before = len(wire.emulator.asked)
    assert reader.get(id) is None
    assert len(wire.emulator.asked) == before


def test_an_id_in_other_letters_is_answered_by_the_same(wire: Wire) -> None:
    name = "AAAAAAAA-0000-0000-0000-000000000001"
    raw = dict(wire.emulator.table("subscriptions")[f"{ACCOUNT}/{an_id()}"]) | {"name": name}
    reader = wire.reader()
    reader.check()
    wire.fault("status", value={"status": 200, "body": raw})
    seen = reader.get(name.lower())
    assert seen is not None
    assert seen.id == name.lower()


def test_another_subscription_in_the_answer_is_malformed(wire: Wire) -> None:
    raw = dict(wire.emulator.table("subscriptions")[f"{ACCOUNT}/{an_id()}"])
    reader = wire.reader()
    reader.check()
    wire.fault("status", value={"status": 200, "body": raw})
    with pytest.raises(Malformed, match="another subscription answered"):
        reader.get(an_id(2))


def test_a_404_that_is_not_the_providers_own_is_no_absence(wire: Wire) -> None:
    reader = wire.reader()
    reader.check()
    wire.fault("status", value={"status": 404, "body": "<html>not here</html>"})
    with pytest.raises(Malformed):
        reader.get(an_id())


# Faults


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize(
    ("kind", "value", "trouble"),
    [
        ("status", 500, Unreachable),
        ("status", 503, Unreachable),
        ("status", 408, Unreachable),
        ("status", 400, Malformed),
        ("status", {"status": 302, "headers": {"Location": "http://127.0.0.1:1/"}}, Malformed),
        ("status", {"status": 200, "body": "[]"}, Malformed),
        ("status", {"status": 200, "body": "{}"}, Malformed),
        ("status", {"status": 200, "body": {"value": None}}, Malformed),
        ("status", {"status": 200, "body": {"value": [3]}}, Malformed),
        ("status", {"status": 200, "body": {"value": [{"properties": {}}]}}, Malformed),
        ("status", {"status": 200, "body": "[" * 100_000}, Malformed),
        ("status", {"status": 204}, Malformed),
        ("throttle", 17, Throttled),
        ("drop-before-commit", None, Unreachable),
        ("drop-after-commit", None, Unreachable),
        ("reset-mid-body", None, Unreachable),
        ("invalid-json", None, Malformed),
        ("half-page", None, Malformed),
    ],
    ids=lambda value: str(getattr(value, "__name__", value))[:40],
)
@pytest.mark.parametrize("what", ["products", "billingSubscriptions"])
def test_a_page_that_is_none_is_trouble_and_never_a_short_list(
    kind: str, value: Any, trouble: type[ProviderTrouble], what: str
) -> None:
    with a_wire(4) as wire:
        wire.fault(kind, f"GET .*/{what}", times=None, value=value)
        with pytest.raises(trouble) as told:
            everything(wire.reader())
        assert "127.0.0.1" not in told.value.message
        assert len(wire.emulator.faults.met) == 1, "the SDK asked again by itself"


def test_throttling_tells_when_to_come_back(wire: Wire) -> None:
    wire.fault("throttle", value=17)
    with pytest.raises(Throttled) as told:
        wire.reader().check()
    assert (told.value.code, told.value.retry_after) == ("rate-limited", 17.0)


def test_a_huge_body_is_not_read_to_its_end(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "LARGEST", 1_000_000)
    wire.fault("huge-body", "GET .*billingSubscriptions", value=4_000_000)
    reader = wire.reader()
    reader.check()
    with pytest.raises(Unreachable, match="64 MiB"):
        reader.get(an_id())


def test_a_body_that_never_ends_is_given_up(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = wire.reader()
    reader.check()
    monkeypatch.setattr(api, "LONGEST", -1.0)
    with pytest.raises(Unreachable, match="longer than two minutes"):
        reader.get(an_id())


def test_a_server_that_says_nothing_is_given_up(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "READ", 0.2)
    wire.fault("hang", value=20)
    with pytest.raises(Unreachable):
        wire.reader().check()


def test_nobody_at_the_address_is_told() -> None:
    with a_wire() as gone:
        pass
    with pytest.raises(Unreachable, match="cannot be reached"):
        gone.reader().check()


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/providers/Microsoft.Billing/x",
        "//evil.example/providers/Microsoft.Billing/x",
        "http://127.0.0.1:1/providers/Microsoft.Billing/x",
        "https://127.0.0.1/providers/Microsoft.Billing/x",
        "http://user:pw@HOST/providers/Microsoft.Billing/x",
        "http://HOST@evil.example/providers/Microsoft.Billing/x",
        "http://HOST/elsewhere",
        "http://HOST/providers/Microsoft.Billing/../../subscriptions/x",
        "http://HOST/providers/Microsoft.Billing/a b",
        "http://HOST:99999/providers/Microsoft.Billing/x",
        "javascript:alert(1)",
        17,
    ],
    ids=repr,
)
def test_a_next_page_at_another_address_is_not_followed(wire: Wire, link: Any) -> None:
    host = wire.url.removeprefix("http://")
    told = link.replace("HOST", host) if isinstance(link, str) else link
    reader = wire.reader()
    reader.check()
    wire.fault("status", value={"status": 200, "body": {"value": [], "nextLink": told}})
    with pytest.raises(Malformed, match="another address"):
        reader.observe(None)
    assert len(wire.emulator.asked) == 2


@pytest.mark.parametrize(
    "cursor",
    ["", "invoices", "products x", "products /elsewhere", "products //evil.example/providers/Microsoft.Billing/"],
)
def test_a_cursor_that_is_none_of_ours_is_not_followed(wire: Wire, cursor: str) -> None:
    reader = wire.reader()
    reader.check()
    with pytest.raises(Malformed, match="cursor"):
        reader.observe(cursor)
    assert len(wire.emulator.asked) == 1


def test_a_cursor_loop_shows_in_the_cursor() -> None:
    with a_wire(60) as wire:
        wire.fault("cursor-loop", "GET .*/products", times=None)
        reader = wire.reader()
        first = reader.observe(None).cursor
        assert first is not None
        assert reader.observe(first).cursor == first


def test_a_cursor_is_good_in_another_reader() -> None:
    with a_wire(120) as wire:
        cursor = wire.reader().observe(None).cursor
        assert cursor is not None
        later = wire.reader()
        found: list[Any] = []
        while cursor is not None:
            page = later.observe(cursor)
            found += page.items
            cursor = page.cursor
        assert len(found) == 120


def test_an_empty_list_that_says_how_many_there_are_is_none(wire: Wire) -> None:
    wire.fault("empty-list", "GET .*/billingSubscriptions")
    with pytest.raises(Malformed, match="ended after 0 of 1"):
        everything(wire.reader())


def test_an_account_without_subscriptions_is_an_empty_list() -> None:
    with a_wire(0) as wire:
        assert everything(wire.reader()) == []


def test_a_list_without_a_total_is_taken_as_it_is(wire: Wire) -> None:
    wire.fault("status", "GET .*/billingSubscriptions", value={"status": 200, "body": {"value": []}})
    assert everything(wire.reader()) == []


# Agreements


@pytest.mark.parametrize("agreement", ["MicrosoftOnlineServicesProgram", "EnterpriseAgreement", "Other", "New"])
def test_an_agreement_without_calls_for_it_bars_everything(agreement: str) -> None:
    with a_wire() as wire:
        account = wire.emulator.table("accounts")[ACCOUNT]
        properties = {**account["properties"], "agreementType": agreement}
        wire.emulator.put("accounts", ACCOUNT, {**account, "properties": properties})
        [item] = everything(wire.reader())
        assert isinstance(item, ObservedSubscription)
        assert set(item.capabilities.barred) == INTENTS
        assert {barred.code for barred in item.capabilities.barred.values()} == {"unsupported"}
        assert all("provider: manual" in barred.hint for barred in item.capabilities.barred.values())
        assert not any("products" in line for line in wire.emulator.asked)


def test_the_sample_estate_reads_in_all_its_accounts() -> None:
    emulator = sample_estate(60, now=NOW)
    with serve(emulator) as url:
        wire = Wire(emulator, url)
        contoso = everything(wire.reader(options={"billing_account": CONTOSO}))
        fabrikam = everything(wire.reader(options={"billing_account": FABRIKAM}, tenant=FABRIKAM_TENANT))
        northwind = everything(wire.reader(options={"billing_account": NORTHWIND}))
        for opened in wire.opened:
            opened.close()
    assert (len(contoso), len(fabrikam), len(northwind)) == (60, 1, 1)
    statuses = {item.status for item in contoso if isinstance(item, ObservedSubscription)}
    assert statuses == {Status.ACTIVE, Status.SUSPENDED, Status.EXPIRED, Status.DISABLED, Status.DELETED}
    assert not any(isinstance(item, Unreadable) for item in contoso)


# Who is signed in


def test_whoami_tells_accounts_and_what_each_role_may_not_do(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = wire.reader("sandbox-reader")
    monkeypatch.setattr(reader, "_claims", lambda: _claims("70000000-0000-0000-0000-000000000002"))
    who = reader.whoami()
    assert (who.name, who.tenant) == ("ada@contoso.example", TENANT)
    assert who.places == ((ACCOUNT, "Contoso"),)
    lacks = ("turn recurring billing on or off", "cancel")
    assert who.roles == (Role("Billing account reader", ACCOUNT, lacks),)
    assert who.notes == ()


def test_an_owner_lacks_nothing(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = wire.reader()
    monkeypatch.setattr(reader, "_claims", lambda: _claims("70000000-0000-0000-0000-000000000001"))
    assert reader.whoami().roles == (Role("Billing account owner", ACCOUNT),)


def test_whoami_says_what_it_cannot_tell(wire: Wire) -> None:
    wire.fault("status", "billingRoleAssignments", value=403)
    who = wire.reader().whoami()
    assert who.name == "unknown"
    assert who.roles == ()
    assert any("which roles were given cannot be told" in note for note in who.notes)
    assert "the token does not tell whom it is for" in who.notes


def test_whoami_with_an_expired_token_is_a_failure(wire: Wire) -> None:
    with pytest.raises(SignInFailed):
        wire.reader("sandbox-expired").whoami()


def _claims(principal: str) -> Any:
    return Claims(TENANT, "ada@contoso.example", principal)


# What is sent


def test_our_questions_are_those_of_the_sdk(wire: Wire) -> None:
    reader = wire.reader()
    everything(reader)
    reader.get(an_id())
    asked = list(wire.emulator.asked)
    wire.emulator.asked.clear()
    client = reader._billing._client
    client.billing_accounts.get(ACCOUNT)
    list(client.products.list_by_billing_account(ACCOUNT, top=50, count=True))
    list(client.billing_subscriptions.list_by_billing_account(ACCOUNT, top=50, count=True, include_deleted=True))
    client.billing_subscriptions.get(ACCOUNT, an_id())
    assert [_sorted(line) for line in asked] == [_sorted(line) for line in wire.emulator.asked]


def _sorted(line: str) -> tuple[str, list[str]]:
    path, _, query = line.partition("?")
    # The SDK leaves the colon of a billing account's name as it is; both are the same path.
    shown = query.replace("includeTenantSubscriptions=false&", "").split("&")
    return path.replace("%3A", ":"), sorted(part for part in shown if not part.startswith("includeFailed="))


def test_no_token_is_ever_logged(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    wire.emulator.principals["canary-5f1d"] = Principal("Canary", "owner", "x")
    with caplog.at_level(logging.DEBUG):
        reader = wire.reader("canary-5f1d")
        everything(reader)
        wire.fault("status", value=403)
        with pytest.raises(RoleTooWeak):
            reader.check()
    assert caplog.records, "the libraries below log something at DEBUG"
    assert "canary-5f1d" not in caplog.text
    assert "canary-5f1d" not in repr(reader) + repr(vars(reader))


def test_the_pace_is_the_published_one(wire: Wire) -> None:
    pace = wire.reader().pace
    assert (pace.reads, pace.writes, pace.threads) == (25.0, 10.0, 8)
    assert "request-limits-and-throttling" in pace.source


def test_a_window_that_the_provider_shows_is_kept() -> None:
    with a_wire(start=NOW - timedelta(days=3)) as wire:
        [item] = everything(wire.reader())
        assert isinstance(item, ObservedSubscription)
        assert item.cancel_now_until == NOW + timedelta(days=4)
