"""Stripe as an outside provider: one account's subscriptions, read and changed with a key of that account.

Each method makes one request; a list or a read makes one more for product names that it has not met. Nothing here
retries, sleeps or keeps pace. The SDK is imported when an account is opened (start-up).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from reconciler.answers import Ambiguous, Answer, Done, Identity, Order, Pace, Rejected, Role
from reconciler.errors import ExtraMissing, Malformed, ProviderTrouble, SignInFailed, Throttled, WrongTenant
from reconciler.observed import ObservedSubscription, Page, Unreadable
from reconciler.ports import Opening, Reader, Writer
from reconciler.providers.stripe.convert import ENDED_BY_DATE, converted, products
from reconciler.providers.stripe.failures import (
    KEY_VARIABLES,
    Failed,
    Failure,
    answer,
    owner_told,
    told,
    trouble,
)
from reconciler.secret import Secret

if TYPE_CHECKING:
    from reconciler.providers.stripe.api import StripeApi

Json = Mapping[str, Any]

SANDBOX_KEY: Final = "sk_test_sandbox"
"""What the emulator takes: the key for a loopback endpoint where there is no other."""
_KEY: Final = re.compile(r"(?P<sort>sk|rk)_(?P<mode>live|test)_[A-Za-z0-9_]+")
_ID: Final = re.compile(r"[A-Za-z0-9_]{1,255}")
_PAGE: Final = 100
"""The most that Stripe lists at once."""
_OLDEST: Final = 16
"""The first major release of the SDK that this was tried with."""
_LIMITS: Final = "docs.stripe.com/rate-limits"
_SUBSCRIPTIONS: Final = "/v1/subscriptions"
_OPTIONS: Final = {
    "mode": "live or test: refuse a key of the other mode, which has the same account id",
    "prorate": "true or false (without it, false): credit what is left of the term when it is cancelled at once",
    "invoice_now": "true or false (without it, false): invoice what is open when it is cancelled at once",
}


class StripeProvider:
    """ports.Provider of Stripe."""

    api_version: int = 1
    name: str = "stripe"
    lifecycle: str = "plain"
    options: Mapping[str, str] = _OPTIONS
    required: tuple[str, ...] = ("tenant",)
    secrets: tuple[str, ...] = ("key",)

    def reader(self, opening: Opening) -> Reader:
        """The reading half; raises ExtraMissing without the SDK, SignInFailed without a key that may be used here."""
        return StripeReader(opening)

    def writer(self, opening: Opening) -> Writer:
        """Both halves, raising as `reader`."""
        return StripeWriter(opening)


class StripeReader:
    """ports.Reader of one Stripe account. Several threads may use it at once."""

    def __init__(self, opening: Opening) -> None:
        loaded = _loaded()
        self._account = opening.account
        self._loopback = loaded.is_loopback(opening.endpoint)
        key, self._sort, self._mode = _key(opening, loopback=self._loopback)
        self._names: dict[str, str] = {}
        self._api: StripeApi = loaded.StripeApi(
            key, opening.endpoint, loopback=self._loopback, threads=self.pace.threads
        )

    @property
    def pace(self) -> Pace:
        """25 requests a second of one sort; of a sandbox, 25 of all sorts together. Loopback publishes no limit."""
        if self._loopback:
            return Pace(1000.0, 1000.0, source="a loopback endpoint has none")
        return Pace(25.0, 25.0, source=_LIMITS) if self._mode == "live" else Pace(16.0, 8.0, source=_LIMITS)

    def check(self) -> None:
        """Raise WrongTenant unless the key belongs to the account that is pinned. Stripe may let a restricted key not
        ask whose it is: its refusal names the account all the same.
        """
        try:
            owner = _owner(self._api.get("/v1/account"))
        except Failed as error:
            named = owner_told(error.failure)
            if named is None:
                raise trouble(error.failure) from None
            owner = named
        if owner != self._account.tenant:
            raise WrongTenant(
                "wrong-tenant",
                f"the key belongs to {owner}, and {self._account.name} is pinned to {self._account.tenant}",
                f"{KEY_VARIABLES}; or mend `tenant` in the settings",
            )

    def observe(self, cursor: str | None) -> Page:
        """A hundred subscriptions of every status, the newest first; the cursor is the id of the last one."""
        after = {} if cursor is None else {"starting_after": cursor}
        body = self._get(_SUBSCRIPTIONS, status="all", limit=_PAGE, **after)
        raws = _listed(body)
        ids = [_id(raw) for raw in raws]
        more = body.get("has_more")
        if not isinstance(more, bool) or (more and not ids):
            raise _malformed("a list that does not say whether there is more of it")
        if len(set(ids)) < len(ids) or cursor in ids:
            raise _malformed("a list that shows one subscription twice")
        wholes = [self._whole(raw) for raw in raws]
        self._meet(wholes)
        items = tuple(converted(raw, id, self._names) for raw, id in zip(wholes, ids, strict=True))
        return Page(items, ids[-1] if more else None)

    def get(self, id: str) -> ObservedSubscription | None:
        """One subscription, ended ones too. What can be no id of Stripe's is not asked for: it has none of that id."""
        if not _ID.fullmatch(id):
            return None
        try:
            raw = self._api.get(f"{_SUBSCRIPTIONS}/{id}")
        except Failed as error:
            if error.failure.missing:
                return None
            raise trouble(error.failure) from None
        if self._checked(raw) != id:
            raise _malformed("another subscription than the one that was asked for")
        whole = self._whole(raw)
        self._meet([whole])
        found = converted(whole, id, self._names)
        if isinstance(found, Unreadable):
            raise Malformed(found.why.code, f"{id}: {found.why.detail}", found.why.hint)
        return found

    def whoami(self) -> Identity:
        """The account, and the sort of key. What a restricted key may do, Stripe does not tell."""
        sort = f"a {self._sort} key for {self._mode} mode"
        notes: tuple[str, ...] = ()
        if self._sort == "restricted":
            notes = ("what a restricted key may do cannot be asked; a refusal names the permission that it lacks",)
        try:
            body = self._api.get("/v1/account")
        except Failed as error:
            named = owner_told(error.failure)
            if named is None:
                raise trouble(error.failure) from None
            return Identity(sort, named, ((named, ""),), (Role(f"{self._sort} key", named),), notes)
        owner = _owner(body)
        return Identity(sort, owner, ((owner, _called(body)),), (Role(f"{self._sort} key", owner),), notes)

    def close(self) -> None:
        """Let go of connections."""
        self._api.close()

    def _get(self, path: str, **params: object) -> Json:
        try:
            return self._api.get(path, **params)
        except Failed as error:
            raise trouble(error.failure) from None

    def _checked(self, raw: Json) -> str:
        """Its id, once it is sure that it is a subscription of the key's own mode."""
        id = _id(raw)
        if raw.get("livemode") is not (self._mode == "live"):
            raise _malformed(f"a subscription that is not of the {self._mode} mode of the key")
        return id

    def _whole(self, raw: Json) -> Json:
        """It with all of its items: Stripe shows the first ones, and lists more than these apart."""
        self._checked(raw)
        held = raw.get("items")
        if not isinstance(held, Mapping) or held.get("has_more") is not True:
            return raw
        rest = self._get("/v1/subscription_items", subscription=raw["id"], limit=_PAGE)
        return {**raw, "items": rest}

    def _meet(self, raws: Iterable[Json]) -> None:
        """Learn the names of products not met before. They are for people: without permission to read them they are
        left out, and what has none is not asked for again.
        """
        new = sorted({product for raw in raws for product in products(raw)} - self._names.keys())
        for start in range(0, len(new), _PAGE):
            asked = new[start : start + _PAGE]
            found: dict[str, str] = {}
            try:
                for raw in _listed(self._get("/v1/products", ids=asked, limit=_PAGE)):
                    if isinstance(raw.get("id"), str) and isinstance(raw.get("name"), str):
                        found[raw["id"]] = raw["name"]
            except Throttled:
                raise
            except ProviderTrouble:
                found = {}
            self._names.update({product: found.get(product, "") for product in asked})


class StripeWriter(StripeReader):
    """ports.Writer of one Stripe account."""

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        self._prorate = _flag(opening, "prorate")
        self._invoice_now = _flag(opening, "invoice_now")

    @property
    def idempotent(self) -> bool:
        """A POST sent again has its key, which Stripe keeps for a day; a second DELETE finds nothing to cancel."""
        return True

    @property
    def settles_within(self) -> float:
        """A read shows at once what was answered; an order without an answer may still be at work for a while."""
        return 30.0

    def turn_on_recurring(self, order: Order) -> Answer:
        """As undo_cancel: what does not end renews."""
        return self._undo(order)

    def turn_off_recurring(self, order: Order) -> Answer:
        """As cancel_at_renewal: Stripe has one way to end at term."""
        return self._set(order, cancel_at_period_end=True)

    def cancel_at_renewal(self, order: Order) -> Answer:
        """POST cancel_at_period_end=true."""
        return self._set(order, cancel_at_period_end=True)

    def undo_cancel(self, order: Order) -> Answer:
        """POST cancel_at_period_end=false; of an end by date, that date taken out."""
        return self._undo(order)

    def cancel_now(self, order: Order) -> Answer:
        """DELETE, with what becomes of the money always said. Of one that is cancelled already Stripe says that there
        is none: then it is read, which is a second request.
        """
        id = order.seen.id
        if not _ID.fullmatch(id):
            return _no_id(id)
        try:
            raw = self._api.delete(f"{_SUBSCRIPTIONS}/{id}", invoice_now=self._invoice_now, prorate=self._prorate)
        except Failed as error:
            return self._gone(id, error.failure) if error.failure.missing else _answered(error.failure)
        return _done(raw, id)

    def reactivate(self, order: Order) -> Answer:
        """Never: an ended subscription stays ended."""
        return Rejected(
            "terminal", "Stripe brings no ended subscription back", "declare a new subscription under another name"
        )

    def poll(self, token: str) -> Answer:
        """Stripe carries out at once, and hands out no token."""
        return Rejected("unsupported", "Stripe gives no token to ask about", "look at the subscription itself")

    def _undo(self, order: Order) -> Answer:
        if ENDED_BY_DATE in order.seen.notes:
            return self._set(order, cancel_at="")
        return self._set(order, cancel_at_period_end=False)

    def _set(self, order: Order, **params: object) -> Answer:
        id = order.seen.id
        if not _ID.fullmatch(id):
            return _no_id(id)
        try:
            raw = self._api.post(f"{_SUBSCRIPTIONS}/{id}", f"reconcile-{order.operation_id}", **params)
        except Failed as error:
            return _answered(error.failure)
        return _done(raw, id)

    def _gone(self, id: str, refused: Failure) -> Answer:
        """What a 404 to a cancellation means: nothing to cancel any more, or nothing there at all."""
        try:
            raw = self._api.get(f"{_SUBSCRIPTIONS}/{id}")
        except Failed as error:
            return answer(refused) if error.failure.missing else Ambiguous("Stripe did not find it, nor show it")
        if raw.get("id") == id and raw.get("status") == "canceled":
            return Done()
        return Ambiguous(f"Stripe did not find it to cancel, and shows it as {told(str(raw.get('status')), 40)}")


def _loaded() -> Any:
    """The module of the SDK."""
    hint = "pip install 'subscription-reconciler[stripe]'"
    try:
        from reconciler.providers.stripe import api
    except ImportError as error:
        detail = f"the provider stripe needs the stripe SDK: {error.name or 'stripe'} is not installed"
        raise ExtraMissing("extra-missing", detail, hint) from None
    if int(api.SDK_VERSION.partition(".")[0]) < _OLDEST:
        detail = f"the provider stripe needs the stripe SDK from {_OLDEST} on, and {api.SDK_VERSION} is installed"
        raise ExtraMissing("extra-missing", detail, hint)
    return api


def _key(opening: Opening, *, loopback: bool) -> tuple[Secret, str, str]:
    """The key, what sort it is and its mode. Nothing was sent yet: a key that does not fit the account never is."""
    key = opening.secret("key") or (Secret(SANDBOX_KEY) if loopback else None)
    account = opening.account
    if key is None:
        raise SignInFailed("credentials-missing", f"there is no key for {account.name}", KEY_VARIABLES)
    found = _KEY.fullmatch(key.reveal())
    if found is None:
        hint = f"a secret key begins with sk_live_ or sk_test_, a restricted one with rk_; {KEY_VARIABLES}"
        raise SignInFailed("sign-in-failed", f"what is given for {account.name} is no secret key of Stripe's", hint)
    mode, pinned = found["mode"], account.options.get("mode", found["mode"])
    if pinned not in ("live", "test"):
        raise _bad_option(opening, "mode", "live or test")
    if mode != pinned:
        detail = f"the key is for {mode} mode, and {account.name} is pinned to {pinned} mode"
        raise WrongTenant("wrong-tenant", detail, f"{KEY_VARIABLES}; or mend `mode` in the settings")
    if loopback and mode == "live":
        detail = f"the key for {account.name} is a live one, and the endpoint is this machine itself"
        raise WrongTenant("wrong-tenant", detail, "unset RECONCILE_STRIPE_ENDPOINT, or use a test key")
    return key, "secret" if found["sort"] == "sk" else "restricted", mode


def _flag(opening: Opening, option: str) -> bool:
    text = opening.account.options.get(option, "false")
    if text not in ("true", "false"):
        raise _bad_option(opening, option, "true or false")
    return text == "true"


def _bad_option(opening: Opening, option: str, values: str) -> ProviderTrouble:
    detail = f"option {option} of {opening.account.name} is {told(opening.account.options[option], 40)!r}"
    return ProviderTrouble("bad-option", detail, f"write {values}")


def _malformed(what: str) -> Malformed:
    hint = "run again; if it stays so and an endpoint of your own is set, look there first"
    return Malformed("malformed-answer", f"Stripe answered with {what}", hint)


def _listed(body: Json) -> list[Json]:
    items = body.get("data")
    if body.get("object") != "list" or not isinstance(items, list):
        raise _malformed("something else than a list")
    if not all(isinstance(item, Mapping) for item in items):
        raise _malformed("a list of something else")
    return items


def _id(raw: Json) -> str:
    id = raw.get("id")
    if raw.get("object") != "subscription" or not isinstance(id, str) or not _ID.fullmatch(id):
        raise _malformed("something else than a subscription")
    return id


def _owner(body: Json) -> str:
    id = body.get("id")
    if not isinstance(id, str) or not id:
        raise _malformed("an account without an id")
    return told(id, 255)


def _called(body: Json) -> str:
    """What people call the account, as far as the key may see."""
    holders = (body.get("business_profile"), (body.get("settings") or {}).get("dashboard"))
    names = [
        holder.get(field)
        for holder, field in zip(holders, ("name", "display_name"), strict=True)
        if isinstance(holder, Mapping)
    ]
    return next((told(name, 100) for name in names if isinstance(name, str) and name), "")


def _no_id(id: str) -> Rejected:
    return Rejected("not-found", f"{told(id, 60)!r} is no id of a subscription at Stripe", "check `id` in the spec")


def _answered(failure: Failure) -> Answer:
    """A write that brought no usable answer; raises Unreachable where surely nothing was sent."""
    if not failure.sent:
        raise trouble(failure) from None
    return answer(failure)


def _done(raw: Json, id: str) -> Answer:
    if raw.get("object") != "subscription" or raw.get("id") != id:
        return Ambiguous("Stripe answered with something else than the subscription")
    return Done()
