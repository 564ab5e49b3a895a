"""Who is signed in, and what each role may not do."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.answers import Role
from reconciler.providers.entra import Claims
from reconciler.providers.microsoft.roles import WRITES, identity

ADA = Claims("t1", "ada@contoso.example", "ADA-ID")
SCOPE = "/providers/Microsoft.Billing/billingAccounts/a1"


def given(role: str, principal: str = "ada-id", scope: str = SCOPE) -> Any:
    """A role assignment."""
    properties = {
        "principalId": principal,
        "roleDefinitionId": f"{SCOPE}/billingRoleDefinitions/{role}",
        "scope": scope,
    }
    return {"name": "x", "properties": properties}


def known(role: str, name: str) -> Any:
    """A role definition."""
    return {"name": role, "properties": {"roleName": name}}


@pytest.mark.parametrize(
    ("name", "lacks"),
    [
        ("Billing account owner", ()),
        ("Billing account contributor", ()),
        ("Billing account reader", WRITES),
        ("Invoice manager", WRITES),
        ("Azure subscription creator", WRITES),
    ],
)
def test_a_role_lacks_what_its_name_does_not_give(name: str, lacks: tuple[str, ...]) -> None:
    who = identity(ADA, [], [given("R1")], [known("r1", name)], ())
    assert who.roles == (Role(name, "a1", lacks),)


def test_roles_of_others_are_not_its_own() -> None:
    who = identity(ADA, [], [given("r1", "bob-id"), {"properties": {}}, {}], [], ())
    assert who.roles == ()
    assert who.notes == ("no role is given to it by itself; one that a group gives is not shown",)


def test_a_role_without_a_name_is_told_by_its_id_and_lacks_everything() -> None:
    who = identity(ADA, [], [given("r9", scope=f"{SCOPE}/billingProfiles/p1")], [], ())
    assert who.roles == (Role("role r9", "a1/billingProfiles/p1", WRITES),)


def test_a_scope_elsewhere_is_told_whole() -> None:
    assert identity(ADA, [], [given("r1", scope="/other")], [], ()).roles[0].scope == "/other"


def test_billing_accounts_are_places() -> None:
    accounts: list[Any] = [{"name": "a1", "properties": {"displayName": "Contoso"}}, {"name": "a2"}, {}]
    assert identity(ADA, accounts, [], [], ()).places == (("a1", "Contoso"), ("a2", ""), ("", ""))


def test_a_token_that_tells_nothing_has_no_roles() -> None:
    who = identity(Claims(), [], [given("r1")], [], ("which roles were given cannot be told: 403",))
    assert (who.name, who.tenant, who.roles) == ("unknown", None, ())
    assert len(who.notes) == 2
