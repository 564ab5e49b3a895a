"""What Microsoft.Billing answers, in our words: billing subscriptions, products, billing accounts.

Pure, and made for answers that may hold anything. Nothing is computed that was not said; what cannot be read makes
one subscription unreadable, and no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal

from reconciler.model import Cancel, Money, Recurring, Status, Term, TermLength, currency_digits
from reconciler.observed import ObservedSubscription, Obstacle, Unreadable
from reconciler.providers.microsoft.capabilities import Standing, capabilities
from reconciler.providers.microsoft.words import (
    UNRENEWED,
    Agreement,
    Reason,
    Word,
    agreement_of,
    length_of,
    reasons_of,
    status_of,
)

Json = Mapping[str, object]
NO_PRODUCT = "unknown"
"""The product code of a subscription that shows none."""
_A = {TermLength.MONTHLY: "a monthly", TermLength.ANNUAL: "an annual", TermLength.TRIENNIAL: "a triennial"}
_EARLIEST = 1900
"""A year before it is a filler, such as 0001-01-01, and no date."""


@dataclass(frozen=True, slots=True)
class BillingAccount:
    """A billing account, as far as it says who it belongs to and what can be done in it."""

    name: str
    agreement: Agreement
    agreement_word: str
    """Verbatim."""
    tenant: str | None
    """`primaryBillingTenantId`: older agreements do not show it."""
    display_name: str = ""
    readable: bool = True


@dataclass(frozen=True, slots=True)
class Product:
    """A product: what carries auto-renewal, and what it cost last."""

    name: str
    code: str
    last_charge: Money | None = None


class Unconvertible(ValueError):
    """An answer that is not what the documents say; the message says what is wrong in it, and quotes nothing."""


def billing_account(raw: Json) -> BillingAccount:
    """A billing account; raises Unconvertible without a name."""
    told = _mapping(raw.get("properties"))
    word = _text(told.get("agreementType")) or ""
    return BillingAccount(
        name=_name(raw),
        agreement=agreement_of(word),
        agreement_word=word,
        tenant=_text(told.get("primaryBillingTenantId")),
        display_name=_text(told.get("displayName")) or "",
        readable=told.get("hasReadAccess") is not False,
    )


def product(raw: Json) -> Product:
    """A product; raises Unconvertible without a name."""
    told = _mapping(raw.get("properties"))
    return Product(_name(raw), product_code(told), _money(told.get("lastCharge")))


def product_code(told: Json) -> str:
    """The billing system's own codes as one: `CFQ7TTC0LF8S:0001`, or what there is of `productTypeId:skuId`; an older
    agreement has `offerId` (`MS-AZR-0017P`) alone.
    """
    kind, sku = _text(told.get("productTypeId")), _text(told.get("skuId"))
    if kind is not None:
        return kind if sku is None else f"{kind}:{sku}"
    return _text(told.get("offerId")) or NO_PRODUCT


def subscription(
    raw: Json, agreement: Agreement, products: Mapping[str, Product] | None
) -> ObservedSubscription | Unreadable:
    """One billing subscription. `products` by lower-case name, None where they were not asked for. Raises Unconvertible
    without a name: nobody could say what it is that cannot be read.
    """
    name = _name(raw)
    told = raw.get("properties")
    try:
        if not isinstance(told, Mapping):
            raise Unconvertible("it has no properties")
        return _subscription(name, told, agreement, products)
    except Unconvertible as error:
        hint = "look at it in the admin center; an apply leaves it alone meanwhile"
        return Unreadable(name, Obstacle("unreadable", f"Microsoft shows it incompletely: {error}", hint))


@dataclass(frozen=True, slots=True)
class _Life:
    """The stage of a subscription, and what follows it."""

    word: str
    status: Status
    reasons: tuple[Reason, ...]
    term: Term | None
    renews: Recurring | None
    """None: it shows no renewal, and has none."""
    cancelled_at: datetime | None

    @property
    def cancelled(self) -> bool:
        """It ended because somebody cancelled it."""
        return self.status.ended and (self.word == Word.CANCELLED or Reason.CANCELLED in self.reasons)


def _life(told: Json) -> _Life:
    details = [_mapping(item) for item in _items(told.get("suspensionReasonDetails"))]
    reasons = reasons_of([*_items(told.get("suspensionReasons")), *(item.get("reason") for item in details)])
    word = _text(told.get("status")) or ""
    status = status_of(word, reasons)
    term = _term(told)
    return _Life(word, status, reasons, term, _renews(told, status, term), _cancelled_at(details))


def _subscription(
    name: str, told: Json, agreement: Agreement, products: Mapping[str, Product] | None
) -> ObservedSubscription:
    life = _life(told)
    mine = None if products is None else products.get(name.lower())
    standing = _standing(told, life, agreement, None if products is None else mine is not None)
    billing = length_of(told.get("billingFrequency"))
    seen = ObservedSubscription(
        id=name,
        product=product_code(told),
        status=life.status,
        provider_status=life.word,
        recurring=Recurring.OFF if life.status.ended else life.renews or Recurring.ON,
        cancellation=Cancel.IMMEDIATELY if life.cancelled else Cancel.NONE,
        term=life.term,
        length=length_of(told.get("termDuration")),
        billing=billing,
        started=_day(told.get("purchaseDate")),
        product_name=_text(told.get("skuDescription")) or _text(told.get("productType")) or "",
        display_name=_text(told.get("displayName")) or "",
        seats=_count(told.get("quantity")),
        # What a product calls its last charge is that of the last month.
        last_charge=mine.last_charge if mine is not None and billing is TermLength.MONTHLY else None,
        effective_at=life.cancelled_at if life.cancelled else None,
        cancel_now_until=standing.cancel_now_until,
        busy=_busy(told),
        capabilities=capabilities(standing),
    )
    return replace(seen, notes=tuple(_notes(told, seen, life)))


def _standing(told: Json, life: _Life, agreement: Agreement, product: bool | None) -> Standing:
    overrides = _mapping(told.get("systemOverrides"))
    return Standing(
        agreement=agreement,
        category=_text(told.get("productCategory")),
        renews=life.renews is not None or life.status.ended,
        resold=_reseller(told, agreement),
        transferred=Reason.TRANSFERRED in life.reasons,
        product=product,
        cancellation=_text(overrides.get("cancellation")),
        cancel_now_until=_instant(overrides.get("cancellationAllowedEndDate")),
    )


def _renews(told: Json, status: Status, term: Term | None) -> Recurring | None:
    """What auto-renewal stands at; None where there is nothing to renew. An ended one may still say On: it means
    nothing there.
    """
    match told.get("autoRenew"):
        case "On":
            return Recurring.ON
        case "Off":
            return Recurring.OFF
        case None if term is None or status.ended or told.get("productCategory") in UNRENEWED:
            return None
        case None:
            raise Unconvertible("it has a term, and no `autoRenew`")
        case _:
            raise Unconvertible("its `autoRenew` is neither On nor Off")


def _term(told: Json) -> Term | None:
    start, end = _instant(told.get("termStartDate")), _instant(told.get("termEndDate"))
    if start is None or end is None:
        return None
    if end <= start:
        raise Unconvertible("its term ends before it starts")
    return Term(start, end)


def _reseller(told: Json, agreement: Agreement) -> str | None:
    """Whoever sold it; under a Partner Agreement we are the seller, and resellers are our own."""
    reseller = _mapping(told.get("reseller"))
    if agreement is Agreement.PARTNER or not (reseller.get("resellerId") or reseller.get("description")):
        return None
    return _text(reseller.get("description")) or f"the partner {_text(reseller.get('resellerId'))}"


def _busy(told: Json) -> str | None:
    if told.get("operationStatus") == "LockedForUpdate":
        return "Microsoft has locked it while it works on another change"
    if told.get("provisioningState") in {"New", "Pending", "Provisioning"}:
        return "Microsoft is still setting it up"
    return None


def _cancelled_at(details: Iterable[Json]) -> datetime | None:
    found = (_instant(item.get("effectiveDate")) for item in details if item.get("reason") == Reason.CANCELLED)
    return next((instant for instant in found if instant is not None), None)


def _notes(told: Json, seen: ObservedSubscription, life: _Life) -> Iterable[str]:
    for reason in life.reasons:
        yield f"suspended because {reason.in_words}"
    if seen.status.ended and life.renews is Recurring.ON:
        yield "Microsoft still shows auto-renewal as On, which means nothing once it has ended"
    duration = _text(told.get("termDuration"))
    if duration is not None and seen.length is None:
        yield f"its term is {duration}, which has no name here"
    if seen.term is None and seen.recurring is Recurring.ON and life.renews is not None:
        yield "Microsoft shows no dates of its term"
    if seen.recurring is Recurring.ON and not seen.status.ended:
        yield from _next_term(_mapping(told.get("renewalTermDetails")), seen)


def _next_term(following: Json, seen: ObservedSubscription) -> Iterable[str]:
    """What is arranged for the next term and differs from this one: turning recurring billing off drops it."""
    quantity = _count(following.get("quantity"))
    if quantity is not None and quantity != seen.seats:
        yield f"renews with {quantity} seats"
    if following.get("productTypeId") is not None and product_code(following) != seen.product:
        yield f"renews as {product_code(following)}"
    length = length_of(following.get("termDuration"))
    if length is not None and length is not seen.length:
        yield f"renews for {_A[length]} term"


def _name(raw: Json) -> str:
    name = raw.get("name")
    if not (isinstance(name, str) and name):
        raise Unconvertible("something in the answer has no name")
    return name


def _mapping(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}


def _items(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _instant(value: object) -> datetime | None:
    """A date as the service writes it, in UTC, also with seven digits of a second; the seventh is cut off."""
    if not isinstance(value, str) or not value:
        return None
    whole, point, rest = value.partition(".")
    if point:
        digits = len(rest) - len(rest.lstrip("0123456789"))
        value = f"{whole}.{rest[: min(digits, 6)].ljust(6, '0')}{rest[digits:]}"
    try:
        read = datetime.fromisoformat(value)
        read = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unconvertible("one of its dates is none") from None
    return read if read.year >= _EARLIEST else None


def _day(value: object) -> date | None:
    instant = _instant(value)
    return None if instant is None else instant.date()


def _money(value: object) -> Money | None:
    told = _mapping(value)
    currency, amount = _text(told.get("currency")), told.get("value")
    digits = None if currency is None else currency_digits(currency)
    if currency is None or digits is None or isinstance(amount, bool) or not isinstance(amount, (int, float)):
        return None
    minor = Decimal(str(amount)).scaleb(digits)
    if not minor.is_finite() or minor < 0 or minor != minor.to_integral_value():
        return None
    return Money(int(minor), currency)
