"""The brakes of `reconcile.yaml`: its `safety` and `overrides` blocks as models, and as the values that they declare.

Pure. Which limits hold in the end, `recorded` says, and what they let pass, `brakes`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, WithJsonSchema

from reconciler.diagnostics import Diagnostics, did_you_mean, error
from reconciler.model import Money, currencies, currency_digits, money_from_text
from reconciler.settings import (
    DEFAULT_LIMITS,
    IN_MONEY,
    IN_NUMBERS,
    Amounts,
    Limit,
    LimitName,
    Override,
    Safety,
    ValueLimit,
)
from reconciler.spec.characters import escaped
from reconciler.spec.facts import bad_date, day_from_text
from reconciler.spec.fields import Day, Price, Prose, Text
from reconciler.spec.models import Block
from reconciler.spec.positions import Document, Path, SpecPlace
from reconciler.spec.validate import Checked

DAYS_AT_MOST: Final = 366
_DAYS_PATTERN: Final = "^(?:[1-9][0-9]?|[12][0-9]{2}|3[0-5][0-9]|36[0-6])d$"

Many = Annotated[int, Field(ge=0, le=1_000_000_000)]
Days = Annotated[Text, WithJsonSchema({"type": "string", "pattern": _DAYS_PATTERN})]
AmountTexts = Annotated[list[Price], Field(json_schema_extra={"minItems": 1})]

# What `_Reader` says of one override, in the words of JSON Schema: money is excepted in money.
_OVERRIDE_MEASURES: Final[dict[str, Any]] = {
    "if": {"properties": {"limit": {"enum": [name.setting for name in IN_MONEY]}}},
    "then": {"required": ["amounts"], "properties": {"count": False}},
    "else": {"required": ["count"], "properties": {"amounts": False}},
}


class LimitBlock(Block):
    """A brake: the greater of `at_least` and the lesser of `count` and `percent` may pass."""

    count: Many | None = None
    """How many changes."""
    percent: Annotated[int, Field(ge=0, le=100)] | None = None
    """How many changes in a hundred subscriptions that have not ended."""
    at_least: Many | None = None
    """So many may pass however few subscriptions there are."""
    per: Days | None = None
    """It counts what was recorded in so many days before as well, such as 30d; not given: each run by itself."""


class ValueLimitBlock(Block):
    """A brake in money: so much may pass of each currency that it names, and nothing of any other."""

    amounts: AmountTexts
    """Such as [5000.00 EUR, 100000 JPY]: the charges of one whole term of every change that counts."""
    per: Days | None = None
    """It counts what was recorded in so many days before as well, such as 30d; not given: each run by itself."""


class SafetyBlock(Block):
    """The brakes, each per account and for the run. What is not given keeps its default."""

    max_changes: LimitBlock | None = None
    """Over all changes but registrations, adoptions, renames and updates."""
    max_endings: LimitBlock | None = None
    """Over changes after which a subscription ends."""
    max_cancel_now: LimitBlock | None = None
    """Over cancellations at once, which cannot be undone."""
    max_spending: LimitBlock | None = None
    """Over changes after which money is charged again."""
    max_cancelled_value: ValueLimitBlock | None = None
    """Over what is worth that ends; not given: no limit in money. A change of unknown value then does not pass."""
    max_spent_value: ValueLimitBlock | None = None
    """Over what is charged again; not given: no limit in money. A change of unknown value then does not pass."""
    allow_empty: bool = False
    """Whether a run, or an account, may find no subscription at all."""


class OverrideBlock(Block):
    """A reviewed exception: matching changes leave a limit's count until it expires, as far as it goes."""

    model_config = ConfigDict(json_schema_extra=_OVERRIDE_MEASURES)

    limit: Literal[
        "max_changes", "max_endings", "max_cancel_now", "max_spending", "max_cancelled_value", "max_spent_value"
    ]
    """Which brake."""
    match: Text
    """A glob over subscription keys."""
    count: Many | None = None
    """How many; if more match, none leaves the count. Of a limit that counts changes."""
    amounts: AmountTexts | None = None
    """How much, such as [20000.00 EUR]; if more matches, none leaves the count. Of a limit in money."""
    until: Day
    """The last day (UTC) on which it holds."""
    reason: Prose
    """Why."""


def read_safety(
    document: Document,
    result: Checked[Any],
    safety: SafetyBlock | None,
    overrides: Sequence[OverrideBlock] | None,
    found: Diagnostics,
) -> Safety:
    """The brakes that the file declares, with what is wrong in them found; the defaults where it says nothing."""
    reader = _Reader(document, result, found)
    block = safety or SafetyBlock()
    limits = {name: reader.limit(name, getattr(block, name.setting)) for name in IN_NUMBERS}
    values = {name: limit for name in IN_MONEY if (limit := reader.value_limit(name, getattr(block, name.setting)))}
    exceptions = tuple(reader.overrides(overrides or ()))
    return Safety(limits, block.allow_empty, exceptions, values=values)


@dataclass(frozen=True, slots=True)
class _Reader:
    """One file's brakes, on their way from blocks to values."""

    document: Document
    result: Checked[Any]
    found: Diagnostics

    def limit(self, name: LimitName, block: LimitBlock | None) -> Limit:
        default = DEFAULT_LIMITS[name]
        if block is None:
            return default
        return Limit(
            default.count if block.count is None else block.count,
            default.percent if block.percent is None else block.percent,
            default.at_least if block.at_least is None else block.at_least,
            self._days(block.per, ("safety", name.setting, "per")),
        )

    def value_limit(self, name: LimitName, block: ValueLimitBlock | None) -> ValueLimit | None:
        if block is None:
            return None
        days = self._days(block.per, ("safety", name.setting, "per"))
        return ValueLimit(self._amounts(block.amounts, ("safety", name.setting, "amounts")), days)

    def overrides(self, blocks: Sequence[OverrideBlock]) -> Iterator[Override]:
        for index, block in enumerate(blocks):
            if self.result.is_broken("overrides", index):
                continue
            until = day_from_text(block.until)
            if until is None:
                self.found.add(bad_date(self.document.at("overrides", index, "until"), block.until))
            limit = LimitName(block.limit.replace("_", "-"))
            amounts = self._measured(limit, block, index)
            if until is not None and amounts is not None:
                reason = " ".join(block.reason.split())
                place = self.document.at("overrides", index)
                yield Override(limit, block.match, block.count or 0, until, reason, amounts, place)

    def _measured(self, limit: LimitName, block: OverrideBlock, index: int) -> Amounts | None:
        """The amounts of a limit in money, none of one that counts; None where the override says it in the other."""
        right, wrong = ("amounts", "count") if limit in IN_MONEY else ("count", "amounts")
        if getattr(block, wrong) is not None:
            place = self.document.key("overrides", index, wrong)
            hint = "a limit in money takes amounts: [5000.00 EUR]" if limit in IN_MONEY else "this limit takes count: 5"
            detail = f"'{wrong}' for {limit.setting}"
            self.found.add(
                error("override-measure", "an override in the wrong measure", place, detail=detail, hint=hint)
            )
            return None
        if getattr(block, right) is None:
            place = self.document.at("overrides", index)
            self.found.add(error("missing-key", "missing key", place, detail=f"'{right}'", hint=f"add '{right}'"))
            return None
        return self._amounts(block.amounts, ("overrides", index, "amounts")) if block.amounts is not None else ()

    def _days(self, text: str | None, path: Path) -> int | None:
        if text is None:
            return None
        if not re.search(_DAYS_PATTERN, text):
            hint = f"write whole days from 1d to {DAYS_AT_MOST}d, such as per: 30d"
            detail = f"'{escaped(text[:40])}'"
            place = self.document.at(*path)
            self.found.add(error("bad-per", "not a number of days", place, detail=detail, hint=hint))
            return None
        return int(text[:-1])

    def _amounts(self, texts: Sequence[str], path: Path) -> Amounts:
        if not texts:
            hint = "name an amount for each currency that may pass, such as [5000.00 EUR]"
            self.found.add(error("no-amounts", "no amount is given", self.document.at(*path), hint=hint))
        read: dict[str, Money] = {}
        places: dict[str, SpecPlace] = {}
        for index, text in enumerate(texts):
            place = self.document.at(*path, index)
            money = money_from_text(text)
            if money is None:
                detail = f"'{escaped(text[:40])}'"
                hint = _amount_hint(text)
                self.found.add(error("bad-amount", "not an amount of money", place, detail=detail, hint=hint))
            elif money.currency in read:
                detail = f"{money.currency}, first at {places[money.currency].location}"
                hint = "keep one amount for each currency"
                self.found.add(error("duplicate-currency", "a currency twice", place, detail=detail, hint=hint))
            else:
                read[money.currency], places[money.currency] = money, place
        return tuple(money for _, money in sorted(read.items()))


def _amount_hint(text: str) -> str:
    number, _, currency = text.rpartition(" ")
    digits = currency_digits(currency)
    if digits is None:
        near = did_you_mean(currency.upper(), currencies()) if currency.isalpha() else ""
        return near or "write digits and a currency in use (ISO 4217), such as 5000.00 EUR"
    if number.startswith("-"):
        return f"how much may pass is never negative: 0 {currency} lets nothing pass"
    decimals = f"at most {digits} decimals" if digits else "no decimals"
    return f"write up to 12 digits, {decimals}, and the currency: such as 5000 {currency}"
