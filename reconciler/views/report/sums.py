"""Sums as the page writes them: exact, each currency apart, thousands set apart, and `not known` where they are not.

Pure values to words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from reconciler.consequences import Amount, Basis
from reconciler.model import Money, currency_digits, money_text

_SUM = re.compile(r"(?<![\w.,])(\d{4,})(?=(?:\.\d+)? ([A-Z]{3})\b)")
_BASES = {Basis.PRICE_LIST: "by the price list", Basis.LAST_CHARGE: "as last charged"}


def grouped(text: str) -> str:
    """A text of ours with the thousands of its sums set apart: `24,720.00 EUR`."""

    def apart(found: re.Match[str]) -> str:
        return found[1] if currency_digits(found[2]) is None else f"{int(found[1]):,}"

    return _SUM.sub(apart, text)


def money(minor: int, currency: str) -> str:
    """A sum as people write it, to the currency's last digit; what comes back has a minus."""
    return f"{'-' if minor < 0 else ''}{grouped(money_text(Money(abs(minor), currency)))}"


def sums(minor: Mapping[str, int]) -> tuple[str, ...]:
    """Sums by currency, in the order of their codes."""
    return tuple(money(units, currency) for currency, units in sorted(minor.items()))


def total_of(amounts: Iterable[Amount]) -> tuple[tuple[str, ...], int]:
    """What amounts come to, by currency, and how many of them are not known."""
    minor: Counter[str] = Counter()
    unknown = 0
    for amount in amounts:
        if amount.money is None:
            unknown += 1
        else:
            minor[amount.money.currency] += amount.money.minor
    return sums(minor), unknown


def in_sum(amounts: Iterable[Amount]) -> str:
    """The same in one line."""
    known, unknown = total_of(amounts)
    return ", ".join([*known, *([f"{unknown:,} not known"] if unknown else [])])


def amount_words(amount: Amount) -> str:
    """One sum; `not known` where it is not."""
    return "not known" if amount.money is None else money(amount.money.minor, amount.money.currency)


def basis_words(amount: Amount) -> str:
    """How it was worked out, and from what; or why it is not known."""
    return ", ".join(filter(None, (grouped(amount.detail), _BASES.get(amount.basis, ""))))
