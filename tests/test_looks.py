"""What a refresh says of an account."""

from __future__ import annotations

from reconciler.looks import Look, another, looked, not_looked_at
from reconciler.model import Status
from reconciler.observed import ObservedAccount, Obstacle
from reconciler.settings import AccountSettings
from tests.builders import NOW, a_seen

STRIPE = AccountSettings("shop", provider="stripe", tenant="acct_1")
LOOK = Look(STRIPE, frozenset({"a", "gone"}), NOW)
WHY = Obstacle("unreachable", "no answer", "run again")


def test_what_is_counted_has_not_ended_and_is_known_to_nobody() -> None:
    seen = {id: a_seen(id) for id in ("a", "b", "c")} | {"d": a_seen("d", status=Status.DELETED)}
    said = looked(LOOK, ObservedAccount("shop", NOW, seen, {"e": WHY}))
    assert (said.account, said.provider, said.before, said.complete) == ("shop", "stripe", NOW, True)
    assert (said.seen, said.undeclared, said.unreadable, said.trouble) == (4, 2, {"e": WHY}, None)


def test_trouble_is_what_kept_it_from_being_read_or_read_to_its_end() -> None:
    assert looked(LOOK, ObservedAccount("shop", NOW, broken_off=WHY, complete=False)).trouble == WHY
    said = not_looked_at(LOOK, WHY, NOW)
    assert (said.trouble, said.unread, said.broken_off, said.seen) == (WHY, WHY, None, 0)


def test_an_account_is_another_one_where_it_was_recorded_so() -> None:
    assert another(STRIPE, {}) is None
    assert another(STRIPE, {"shop": ("stripe", STRIPE.pin), "other": ("microsoft", None)}) is None
    why = another(STRIPE, {"shop": ("microsoft", None)})
    assert why is not None
    assert (why.code, "microsoft, tenant none" in why.detail) == ("wrong-account", True)
