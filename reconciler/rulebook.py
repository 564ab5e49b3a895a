"""What time and money are judged by in one run: each account's lifecycle, its currency, the price list, the zone.

Frozen values, handed to planning; reading them is the work of the spec package and the runtime.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo

from reconciler.model import Money, TermLength
from reconciler.policy import Lifecycle


@dataclass(frozen=True, slots=True)
class PriceList:
    """Prices for each seat and billing period, as the file that the settings name has them."""

    prices: Mapping[tuple[str, TermLength, TermLength, str], Money] = field(default_factory=dict)
    """By product, term, billing cycle and currency."""
    origin: str = ""
    """The file, as shown to people."""
    products: frozenset[str] = field(init=False, repr=False, compare=False)
    """Every product that has a price, for whichever term and in whichever currency."""
    _offers: Mapping[tuple[str, TermLength, TermLength], tuple[Money, ...]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Index the list once: an estate asks it thousands of times."""
        offers: dict[tuple[str, TermLength, TermLength], tuple[Money, ...]] = {}
        for (product, length, billing, _), money in self.prices.items():
            offer = product, length, billing
            offers[offer] = (*offers.get(offer, ()), money)
        object.__setattr__(self, "_offers", offers)
        object.__setattr__(self, "products", frozenset(product for product, _, _ in offers))

    def price(self, product: str, length: TermLength, billing: TermLength, currency: str | None) -> Money | None:
        """The price in that currency; with None, in the only one that is listed, if there is just one."""
        if currency is not None:
            return self.prices.get((product, length, billing, currency))
        offers = self.offers(product, length, billing)
        return offers[0] if len(offers) == 1 else None

    def offers(self, product: str, length: TermLength, billing: TermLength) -> tuple[Money, ...]:
        """The price in every currency in which it is listed, in the order of the list."""
        return self._offers.get((product, length, billing), ())


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The rules of one run, by account."""

    lifecycles: Mapping[str, Lifecycle] = field(default_factory=dict)
    """By account: what follows the end of a term, for consequences and forecasts."""
    currencies: Mapping[str, str] = field(default_factory=dict)
    prices: PriceList = PriceList()
    zone: tzinfo | None = None
    """The admin's; None: UTC alone."""
    outside: frozenset[str] = frozenset()
    """Accounts that live in their provider's time, and by what it refuses: nothing here moves or bars them."""

    def ruling(self, account: str) -> Lifecycle | None:
        """The policy that moves an account's records and bars wishes; None: that is its provider's to tell."""
        return None if account in self.outside else self.lifecycles.get(account)
