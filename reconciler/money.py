"""Money of a record: what its billing periods and terms cost, when the next charge falls, what comes back.

Pure, and exact: integers in minor units, never a float. Each sum says where it comes from; none is ever guessed.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import assert_never

from reconciler.consequences import Amount, Basis, Refund
from reconciler.lifecycle import extends
from reconciler.model import Money, Recurring, StoredSubscription, TermLength, money_text
from reconciler.policy import Extension, Lifecycle, RefundRule
from reconciler.rulebook import Rulebook
from reconciler.terms import term_days

_DAY = timedelta(days=1)
MOST = 10**15
"""The most minor units that one sum may have: thousands of them still add up within the 64 bits that JSON's readers
and a database's integers have. A mistyped price must not become an answer, nor break one."""


def amount_of_cycle(row: StoredSubscription, rulebook: Rulebook) -> Amount:
    """What one billing period costs, all seats together; of a record in a paid extension, one month of that.

    By the declared price, else the price list, else the last charge. A record without seats counts as one.
    """
    return extension_amount(row, rulebook) if row.extended else _charge(row, rulebook)


def amount_of_term(row: StoredSubscription, rulebook: Rulebook) -> Amount:
    """The charges of one whole term, in the same way."""
    return whole_term(row, amount_of_cycle(row, rulebook))


def whole_term(row: StoredSubscription, cycle: Amount) -> Amount:
    """The charges of one whole term of the record, one of whose billing periods costs that."""
    times = cycles_of_term(row)
    if times == 1 or cycle.money is None:
        return cycle
    return _sum(cycle.money.minor * times, cycle.money.currency, cycle.basis, f"{cycle.detail} x {times}")


def cycles_of_term(row: StoredSubscription) -> int:
    """How often one whole term is charged; a paid extension's terms are months, charged once each."""
    return 1 if row.extended else max(1, row.length.months // row.billing.months)


def extension_amount(row: StoredSubscription, rulebook: Rulebook) -> Amount:
    """What a month of the paid extension costs that the record is in, or that recurring off alone leads it into.

    The price of the monthly plan and the policy's surcharge on it. A product that the price list has, but under no
    monthly plan, costs its own price by the month and the policy's other surcharge. Rounded up to whole minor units.
    """
    lifecycle = rulebook.lifecycles.get(row.key.account)
    leads_on = None if lifecycle is None else extends(row, lifecycle)
    if lifecycle is None or leads_on is None:
        return _not_known("whether a paid extension follows is not known")
    if not leads_on:
        return _not_known("no paid extension follows")
    rule = _extension(row, lifecycle)
    monthly = TermLength.MONTHLY
    if row.length is monthly:
        # Within an extension the last charge may hold the surcharge already.
        return _with_surcharge(_charge(row, rulebook, with_last=not row.extended), 1, rule.surcharge_percent)
    price = rulebook.prices.price(row.product, monthly, monthly, rulebook.currencies.get(row.key.account))
    if price is not None:
        return _with_surcharge(_of_seats(row, price, Basis.PRICE_LIST), 1, rule.surcharge_percent)
    if row.product not in rulebook.prices.products or rulebook.prices.offers(row.product, monthly, monthly):
        return _not_known(f"no price of a monthly plan: {_unlisted(row, rulebook, monthly, monthly)}")
    return _with_surcharge(_charge(row, rulebook, with_last=False), row.billing.months, rule.otherwise_percent)


def cycle_at(row: StoredSubscription, day: date) -> tuple[date, date]:
    """The billing cycle of the current term that holds the day: its first day, and that of the next cycle.

    Counted from the anchor, with sticky month ends. Before the term it is the first cycle, after it the last one.
    """
    start, end = row.term.start.date(), row.term.end.date()
    if row.extended:
        return start, end
    first, following = term_days(row.anchor, row.billing, min(max(day, start), end - _DAY))
    return max(first, start), min(following, end)


def next_charge_day(row: StoredSubscription, day: date) -> date | None:
    """The first day after this one on which a billing cycle begins, as far as the record by itself goes on.

    None where its last cycle has begun: a paid extension is not looked at.
    """
    start, end = row.term.start.date(), row.term.end.date()
    if day < start:
        return start
    following = cycle_at(row, day)[1]
    return following if following < end or row.recurring is Recurring.ON else None


def prorated(minor: int, days_left: int, days: int) -> int:
    """The part of a charge that so many of its days are worth, rounded down: never more is promised than is paid."""
    return minor * days_left // days


def refund_of(row: StoredSubscription, rule: RefundRule | None, day: date, rulebook: Rulebook) -> Refund:
    """What comes back after a cancellation on that day, by the rule, of the charge of the billing cycle it falls in.

    The day itself counts as used.
    """
    if rule is None:
        return Refund(_not_known("the refund rule is not known"), "not-known")
    charge = amount_of_cycle(row, rulebook)
    match rule:
        case RefundRule.FULL:
            return Refund(charge, rule.value, "the whole charge of the paid billing cycle")
        case RefundRule.NONE:
            nothing = charge.money and Money(0, charge.money.currency)
            return Refund(Amount(nothing, charge.basis, charge.detail), rule.value, "nothing is paid back")
        case RefundRule.PRORATED:
            first, following = cycle_at(row, day)
            days = (following - first).days
            left = min(max((following - day).days - 1, 0), days)
            words = f"{left} of {days} days left, rounded down"
            if charge.money is None:
                return Refund(charge, rule.value, words)
            part = Money(prorated(charge.money.minor, left, days), charge.money.currency)
            return Refund(Amount(part, charge.basis, f"{charge.detail} x {left} / {days}"), rule.value, words)
        case _:  # pragma: no cover - mypy proves it unreachable
            assert_never(rule)


def _charge(row: StoredSubscription, rulebook: Rulebook, *, with_last: bool = True) -> Amount:
    """What one billing period of the record's own plan costs."""
    if row.price is not None:
        return _of_seats(row, row.price, Basis.DECLARED)
    currency = rulebook.currencies.get(row.key.account)
    price = rulebook.prices.price(row.product, row.length, row.billing, currency)
    if price is not None:
        return _of_seats(row, price, Basis.PRICE_LIST)
    if row.last_charge is None or not with_last:
        return _not_known(f"no price is declared, and {_unlisted(row, rulebook, row.length, row.billing)}")
    return Amount(row.last_charge, Basis.LAST_CHARGE, money_text(row.last_charge))


def _of_seats(row: StoredSubscription, price: Money, basis: Basis) -> Amount:
    seats = 1 if row.seats is None else row.seats
    return _sum(seats * price.minor, price.currency, basis, f"{seats} x {money_text(price)}")


def _sum(minor: int, currency: str, basis: Basis, detail: str) -> Amount:
    """The amount, or that it is not known: no real sum is that large, and what reads our numbers counts no further."""
    if minor > MOST:
        return _not_known(f"{detail} is more than can be counted: check seats and price")
    return Amount(Money(minor, currency), basis, detail)


def _with_surcharge(charge: Amount, months: int, percent: int | None) -> Amount:
    """A month of what is charged for so many, and so many per cent more."""
    if charge.money is None:
        return charge
    if percent is None:
        return _not_known("the surcharge of the paid extension is not known")
    minor = -(-charge.money.minor * (100 + percent) // (100 * months))
    detail = f"{charge.detail}{f' / {months}' if months > 1 else ''} + {percent} %, rounded up"
    return _sum(minor, charge.money.currency, charge.basis, detail)


def _extension(row: StoredSubscription, lifecycle: Lifecycle) -> Extension:
    """The rule of the extension that is known to follow, or to be under way since some earlier term."""
    start = row.term.start.date()
    rule = lifecycle.extension.at(start) if row.extended else lifecycle.extension.at(row.term.end.date(), start)
    return rule or Extension(when_off=True)


def _unlisted(row: StoredSubscription, rulebook: Rulebook, length: TermLength, billing: TermLength) -> str:
    prices = rulebook.prices
    if not prices.prices:
        return "there is no price list"
    name, plan = prices.origin or "the price list", f"{row.product}, {length} billed {billing}"
    if rulebook.currencies.get(row.key.account) is None and prices.offers(row.product, length, billing):
        return f"{name} has several of {plan}: the account names no currency"
    currency = rulebook.currencies.get(row.key.account)
    return f"{name} has none of {plan}{f' in {currency}' if currency else ''}"


def _not_known(why: str) -> Amount:
    return Amount(None, Basis.UNKNOWN, why)
