"""The reading half: who is signed in, what the billing account holds, one subscription. One request a call.

Auto-renewal hangs on products, so these are listed first; which one renews a subscription is told by its id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from reconciler.answers import Identity, Pace
from reconciler.errors import Malformed, ProviderTrouble, RoleTooWeak, SignInFailed, WrongTenant
from reconciler.observed import ObservedSubscription, Page, Unreadable
from reconciler.providers.entra import Claims, TokenSource, claims_of
from reconciler.providers.microsoft import convert
from reconciler.providers.microsoft.failures import Lost, NotSent, Reply, read_trouble, read_unanswered
from reconciler.providers.microsoft.roles import identity
from reconciler.providers.microsoft.words import Agreement
from reconciler.settings import AccountSettings

if TYPE_CHECKING:
    from reconciler.providers.microsoft.api import Billing

T = TypeVar("T")

PACE = Pace(
    reads=25.0,
    writes=10.0,
    threads=8,
    source=(
        "learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling: at tenant scope 25 "
        "reads and 10 writes a second, over 250 and 200 that may come at once; limits of Microsoft.Billing's own are "
        "not published"
    ),
)
_PRODUCTS, _SUBSCRIPTIONS = "products", "billingSubscriptions"
_WHOLE = {"top": "50", "count": "true"}
_LISTED = {_PRODUCTS: _WHOLE, _SUBSCRIPTIONS: {**_WHOLE, "includeDeleted": "true"}}
"""What the lists are asked for: pages as large as they may be, how many there are in all, so that a page that lost some
is told, and ended subscriptions, which else do not show."""


_WITH_PRODUCTS = frozenset({Agreement.CUSTOMER, Agreement.PARTNER})
"""The agreements under which products can be listed."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the lists we are; as text, it is the cursor."""

    what: str
    link: str = ""

    def __str__(self) -> str:
        return f"{self.what} {self.link}".rstrip()


class MicrosoftReader:
    """ports.Reader for one billing account."""

    pace = PACE

    def __init__(self, settings: AccountSettings, billing: Billing, tokens: TokenSource) -> None:
        self._settings = settings
        self._billing = billing
        self._tokens = tokens
        self._account = settings.options["billing_account"]
        self._known: convert.BillingAccount | None = None
        self._products: dict[str, convert.Product] = {}
        self._listed = False
        """Every product is known."""
        self._behind: dict[_Place, int] = {}
        """How many items of its list lie before a place. Not in the cursor: one that comes twice must show as such."""

    def check(self) -> None:
        """As ports.Reader says: the tenant of the token, where it tells one, and then the billing account."""
        tenant = self._settings.tenant
        signed_in = self._claims().tenant
        if tenant is not None and signed_in is not None and signed_in.lower() != tenant.lower():
            raise self._elsewhere(f"signed in at tenant {signed_in}, not at {tenant}")
        self._known = known = self._read_account()
        if known.name.lower() != self._account.lower():
            raise self._elsewhere("another billing account answered than the one that was asked")
        if tenant is not None and known.tenant is not None and known.tenant.lower() != tenant.lower():
            raise self._elsewhere(f"the billing account belongs to tenant {known.tenant}, not to {tenant}")
        if not known.readable:
            detail = f"account {self._settings.name}: who is signed in may not read the billing account"
            raise RoleTooWeak("role-too-weak", detail, "it takes at least the role reader on the billing account")

    def observe(self, cursor: str | None) -> Page:
        """As ports.Reader says: first the pages of products, which hold no subscription, then those of these."""
        agreement = self._agreement()
        if cursor is None:
            self._listed, self._products, self._behind = False, {}, {}
            place = _Place(_PRODUCTS if agreement in _WITH_PRODUCTS else _SUBSCRIPTIONS)
        else:
            place = self._place(cursor)
        raws, following = self._page(place)
        if place.what == _SUBSCRIPTIONS:
            items = tuple(self._subscription(raw, agreement) for raw in raws)
            return Page(items, None if following is None else str(following))
        for raw in raws:
            product = self._converted(convert.product, raw)
            self._products[product.name.lower()] = product
        self._listed = following is None
        return Page((), str(following or _Place(_SUBSCRIPTIONS)))

    def get(self, id: str) -> ObservedSubscription | None:
        """As ports.Reader says."""
        from reconciler.providers.microsoft.api import is_id  # with the SDK, which is there by now

        doing = f"asking for the subscription {id}"
        if not is_id(id):
            return None
        reply = self._asked(lambda: self._billing.subscription(self._account, id), doing)
        if reply.status == 404 and reply.error_code is not None:
            return None
        body = self._body(reply, doing)
        seen = self._subscription(body, self._agreement())
        if seen.id.lower() != id.lower():
            raise self._malformed(f"{doing}: another subscription answered")
        if isinstance(seen, Unreadable):
            raise Malformed(seen.why.code, f"{doing}: {seen.why.detail}", seen.why.hint)
        return replace(seen, id=id)  # the same in other letters

    def whoami(self) -> Identity:
        """As ports.Reader says: three questions; what is not answered becomes a note."""
        notes: list[str] = []
        accounts = self._answers(self._billing.accounts, "which billing accounts there are", notes)
        given = self._answers(lambda: self._listing("billingRoleAssignments"), "which roles were given", notes)
        known = self._answers(lambda: self._listing("billingRoleDefinitions"), "what the roles are called", notes)
        return identity(self._claims(), accounts, given, known, tuple(notes))

    def close(self) -> None:
        """As ports.Reader says."""
        self._billing.close()

    def _claims(self) -> Claims:
        return claims_of(self._tokens.token(self._billing.scope))

    def _agreement(self) -> Agreement:
        if self._known is None:
            self.check()
        assert self._known is not None  # noqa: S101  # check sets it, or raises
        return self._known.agreement

    def _read_account(self) -> convert.BillingAccount:
        doing = f"account {self._settings.name}: reading the billing account"
        reply = self._asked(lambda: self._billing.account(self._account), doing)
        if reply.status == 404:
            raise self._elsewhere("there is no such billing account for who is signed in")
        return self._converted(convert.billing_account, self._body(reply, doing))

    def _place(self, cursor: str) -> _Place:
        what, _, link = cursor.partition(" ")
        if what in _LISTED and (not link or self._billing.within(link) == link):
            return _Place(what, link)
        raise self._malformed("the cursor of a list is none of ours")

    def _page(self, place: _Place) -> tuple[list[convert.Json], _Place | None]:
        """The raw items of a page, and where the next one is. A list that ends before it is whole is no list."""
        doing = f"listing {place.what}"
        link = place.link
        reply = self._asked(lambda: self._billing.follow(link) if link else self._listing(place.what), doing)
        body = self._body(reply, doing)
        items, link_on, total = body.get("value"), body.get("nextLink"), body.get("totalCount")
        if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
            raise self._malformed(f"{doing}: the page has no list of items")
        behind = self._behind.get(place, None if place.link else 0)
        read = None if behind is None else behind + len(items)
        if not link_on:
            if isinstance(total, int) and read is not None and read < total:
                raise self._malformed(f"{doing}: the list ended after {read} of {total}")
            return items, None
        following = self._billing.within(link_on)
        if following is None:
            raise self._malformed(f"{doing}: the next page would be at another address; it was not followed")
        there = _Place(place.what, following)
        if read is not None:
            self._behind[there] = read
        return items, there

    def _listing(self, what: str) -> Reply:
        return self._billing.listing(self._account, what, **_LISTED.get(what, {}))

    def _subscription(self, raw: convert.Json, agreement: Agreement) -> ObservedSubscription | Unreadable:
        products = self._products if self._listed else None
        try:
            return convert.subscription(raw, agreement, products)
        except convert.Unconvertible as error:
            raise self._malformed(str(error)) from None

    def _converted(self, made: Callable[[convert.Json], T], raw: convert.Json) -> T:
        try:
            return made(raw)
        except convert.Unconvertible as error:
            raise self._malformed(str(error)) from None

    def _asked(self, ask: Callable[[], Reply], doing: str) -> Reply:
        try:
            return ask()
        except (NotSent, Lost) as error:
            raise read_unanswered(error, doing) from None

    def _body(self, reply: Reply, doing: str) -> convert.Json:
        if reply.status != 200:
            raise read_trouble(reply, doing)
        if not isinstance(reply.body, Mapping):
            raise self._malformed(f"{doing}: the answer is no JSON object")
        return reply.body

    def _answers(self, ask: Callable[[], Reply], about: str, notes: list[str]) -> list[convert.Json]:
        """The items of a list; trouble of this question alone is a note."""
        try:
            body = self._body(self._asked(ask, about), about)
        except SignInFailed:
            raise
        except ProviderTrouble as trouble:
            notes.append(f"{about} cannot be told: {trouble.message.removeprefix(about + ': ')}")
            return []
        items = body.get("value")
        return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []

    def _elsewhere(self, what: str) -> WrongTenant:
        hint = "check `tenant` and `billing_account` in the settings, and who is signed in: reconcile whoami"
        return WrongTenant("wrong-tenant", f"account {self._settings.name}: {what}", hint)

    @staticmethod
    def _malformed(what: str) -> Malformed:
        return Malformed("malformed-answer", what, "run again; if it stays so, report it with the version of this tool")
