"""Who may do what in the emulator of Microsoft.Billing: tokens, billing roles, and the bodies that list them.

The definitions' ids and names are those of a customer agreement's billing account; the lists have the documented
shapes, their permissions are this emulator's own choice among the documented verbs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.testing.emulators.ledger import Document
from reconciler.testing.emulators.microsoft_wire import ACCOUNTS, Refusal
from reconciler.testing.emulators.wire import EXPIRED, OWNER, READER, Request

_READS = ("Microsoft.Billing/billingAccounts/read", "Microsoft.Billing/billingAccounts/*/read")
_WRITES = (
    "Microsoft.Billing/billingAccounts/products/write",
    "Microsoft.Billing/billingAccounts/billingSubscriptions/write",
    "Microsoft.Billing/billingAccounts/billingSubscriptions/delete",
    "Microsoft.Billing/billingAccounts/billingSubscriptions/cancel/action",
)
ROLES: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "owner": ("50000000-aaaa-bbbb-cccc-100000000000", "Billing account owner", _READS + _WRITES),
    "contributor": ("50000000-aaaa-bbbb-cccc-100000000001", "Billing account contributor", _READS + _WRITES),
    "reader": ("50000000-aaaa-bbbb-cccc-100000000002", "Billing account reader", _READS),
}
"""Name of the role's definition, what people call it, and what it may do."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever a token stands for."""

    name: str
    role: str
    """One of `ROLES`."""
    id: str
    tenant: str | None = None
    """Sees the billing accounts of this tenant only; None: all."""

    @property
    def writes(self) -> bool:
        """Whether it may change anything."""
        return self.role != "reader"


PRINCIPALS: Mapping[str, Principal] = {
    OWNER: Principal("Sandbox Owner", "owner", "70000000-0000-0000-0000-000000000001"),
    READER: Principal("Sandbox Reader", "reader", "70000000-0000-0000-0000-000000000002"),
}


def principal(request: Request, principals: Mapping[str, Principal]) -> Principal:
    """Whose token came with a request; refuses one without a token, or with one that is expired or unknown."""
    if "authorization" not in request.headers:
        raise Refusal(401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
    token = request.bearer
    if token == EXPIRED:
        raise Refusal(401, "ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than now.")
    if token is None or token not in principals:
        raise Refusal(401, "InvalidAuthenticationToken", "The access token is invalid.")
    return principals[token]


def unauthorized(who: Principal, scope: str) -> Refusal:
    """That somebody may not do it, in ARM's words."""
    whom = f"The client '{who.name}' with object id '{who.id}'"
    return Refusal(403, "AuthorizationFailed", f"{whom} does not have authorization to do this over scope '{scope}'.")


def permissions(who: Principal) -> list[Document]:
    """What the caller may do, as `billingPermissions` lists it."""
    return [_permission(who.role)]


def definitions(account: str) -> list[Document]:
    """The role definitions of a billing account."""
    return [
        {
            "id": f"{ACCOUNTS}/{account}/billingRoleDefinitions/{id}",
            "name": id,
            "type": "Microsoft.Billing/billingAccounts/billingRoleDefinitions",
            "properties": {"description": name, "permissions": [_permission(role)], "roleName": name},
        }
        for role, (id, name, _) in ROLES.items()
    ]


def assignments(account: str, who: Mapping[str, Principal], tenant: str) -> list[Document]:
    """The role assignments of a billing account."""
    return [
        {
            "id": f"{ACCOUNTS}/{account}/billingRoleAssignments/{ROLES[one.role][0]}_{one.id}",
            "name": f"{ROLES[one.role][0]}_{one.id}",
            "type": "Microsoft.Billing/billingAccounts/billingRoleAssignments",
            "properties": {
                "createdOn": "2024-04-01T00:00:00.0000000Z",
                "principalDisplayName": one.name,
                "principalId": one.id,
                "principalTenantId": one.tenant or tenant,
                "principalType": "User",
                "provisioningState": "Succeeded",
                "roleDefinitionId": f"{ACCOUNTS}/{account}/billingRoleDefinitions/{ROLES[one.role][0]}",
                "scope": f"{ACCOUNTS}/{account}",
            },
        }
        for one in who.values()
    ]


def _permission(role: str) -> Document:
    return {"actions": list(ROLES[role][2]), "notActions": []}
