"""Who is signed in, which roles that gives, and what each may not do of what we do. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.answers import Identity, Role
from reconciler.providers.entra import Claims

Json = Mapping[str, object]
WRITES = ("turn recurring billing on or off", "cancel")
"""What we do beside reading."""
_MAY_WRITE = ("owner", "contributor")
"""Roles of a billing account, profile or section that may change subscriptions ("Cancel your subscription in the
Microsoft 365 admin center", 2024-09-10: owner or contributor of the billing account or of the billing profile)."""
_ANY = "/providers/microsoft.billing/billingaccounts/"


def identity(
    claims: Claims, accounts: Iterable[Json], given: Iterable[Json], known: Iterable[Json], notes: tuple[str, ...]
) -> Identity:
    """What the lists of billing accounts, role assignments and role definitions tell of who is signed in."""
    names = {_name(item).lower(): _told(item, "roleName") for item in known}
    roles = tuple(_role(item, names) for item in given if _is_of(item, claims))
    told = list(notes)
    if claims.name is None:
        told.append("the token does not tell whom it is for")
    if not roles and not any("roles" in note for note in notes):
        told.append("no role is given to it by itself; one that a group gives is not shown")
    return Identity(
        name=claims.name or "unknown",
        tenant=claims.tenant,
        places=tuple((_name(item), _told(item, "displayName") or "") for item in accounts),
        roles=roles,
        notes=tuple(told),
    )


def _is_of(assignment: Json, claims: Claims) -> bool:
    principal = _told(assignment, "principalId")
    return principal is not None and claims.object is not None and principal.lower() == claims.object.lower()


def _role(assignment: Json, names: Mapping[str, str | None]) -> Role:
    definition = (_told(assignment, "roleDefinitionId") or "").rpartition("/")[2].lower()
    name = names.get(definition) or f"role {definition}"
    scope = _told(assignment, "scope") or ""
    short = scope[len(_ANY) :] if scope.lower().startswith(_ANY) else scope
    return Role(name, short, () if any(word in name.lower() for word in _MAY_WRITE) else WRITES)


def _name(item: Json) -> str:
    name = item.get("name")
    return name if isinstance(name, str) else ""


def _told(item: Json, field: str) -> str | None:
    properties = item.get("properties")
    value = properties.get(field) if isinstance(properties, Mapping) else None
    return value if isinstance(value, str) and value else None
