"""What lies with others, as models: what is pending, how far accounts were looked at, tasks, and who is signed in."""

from __future__ import annotations

from reconciler.changes import Kind
from reconciler.documents.parts import Count, Day, Instant, Key, Part, Source, Value


class PendingPart(Part):
    """A change that was begun and is not done: a person has its task, or the provider still works on it."""

    subscription: Key
    """`account/name`."""
    kind: Kind
    """The verb."""
    product: str | None
    """The provider's own product code."""
    product_name: str | None
    """What to call it; the code itself where no name is known."""
    since: Day
    """The UTC day on which it was begun."""
    deadline: Day | None
    """The last UTC day on which it is of use; null where none is known."""
    overdue: bool
    """That day is over."""
    withdrawn: bool
    """The specs do not ask for it any more: an apply takes it back."""
    owner: str | None
    """Who is responsible for it."""
    detail: str
    """Who is to do what, or what is waited for."""
    hint: str
    """What to do."""
    source: Source
    """The spec value that asks for it, or asked."""


class SightingPart(Part):
    """How far one outside account was looked at for this plan."""

    account: str
    """Its name."""
    at: Instant | None
    """When it was last read, in real time; null: never."""
    fresh: bool
    """It was read in this run; else the plan is made of what was kept of an earlier one."""
    seen: Count
    """Subscriptions that its provider showed."""
    undeclared: Count
    """Those of them that no file declares and no record names."""
    trouble: str | None
    """Why it could not be read; null: it could."""


class TaskPart(Part):
    """One change that a person is to make where no API reaches."""

    subscription: Key
    """`account/name`."""
    kind: Kind
    """The verb."""
    external_id: str | None
    """The provider's own id."""
    product: str | None
    """The provider's own product code."""
    product_name: str | None
    """What to call it; the code itself where no name is known."""
    before: dict[str, Value]
    """Just what it moves, as it is stored."""
    after: dict[str, Value]
    """Just what it moves, as it will be."""
    steps: list[str]
    """The clicks, in order."""
    deadline: Day | None
    """The last UTC day on which it is of use; null where none is known."""
    overdue: bool
    """That day is over."""
    withdrawn: bool
    """The specs do not ask for it any more: an apply takes it back."""
    owner: str | None
    """Who is to do it."""
    reason: str | None
    """The spec's own words."""
    asked_at: Instant
    """When it was issued, in real time."""
    asked_by: str
    """Who applied."""
    commit: str | None
    """The commit that decided it."""
    run: str
    """The run that issued it."""
    source: Source | None
    """The spec value that asked for it, in that commit."""


class ObstaclePart(Part):
    """Why something cannot be read."""

    code: str
    """Stable; each has a page of its own."""
    detail: str
    """What is wrong."""
    hint: str
    """What to do; empty where nothing can be said."""


class SeenPlacePart(Part):
    """A billing account, a customer or the like that can be seen."""

    id: str
    """The provider's own id."""
    name: str
    """What people call it."""


class RolePart(Part):
    """One role of whoever is signed in, at one place."""

    name: str
    """The provider's word for it."""
    scope: str
    """Where it holds."""
    lacks: list[str]
    """What it may not do of what we do, in words."""


class IdentityPart(Part):
    """Who is signed in, as far as the provider tells."""

    name: str
    """A user, an application, or a key's own name; never the key."""
    tenant: str | None
    """The tenant; null where there is none, or it is not told."""
    places: list[SeenPlacePart]
    """What can be seen."""
    roles: list[RolePart]
    """What may be done there."""
    notes: list[str]
    """What cannot be told."""


class SignInPart(Part):
    """One outside account, and who is signed in there."""

    account: str
    """Its name."""
    provider: str
    """What `provider:` calls it."""
    pinned: str | None
    """The tenant that the settings name; null: none."""
    identity: IdentityPart | None
    """Who it is; null where that is not known."""
    trouble: ObstaclePart | None
    """Why it is not known, or not enough; null: nothing is wrong."""
