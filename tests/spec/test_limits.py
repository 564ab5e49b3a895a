"""The brakes of `reconcile.yaml`: numbers, money and days as they are written, and every mistake in its place."""

from __future__ import annotations

from datetime import date

import pytest

from reconciler.model import Money
from reconciler.settings import DEFAULT_LIMITS, IN_MONEY, IN_NUMBERS, Limit, LimitName, Override, ValueLimit
from reconciler.spec.limits import DAYS_AT_MOST, SafetyBlock
from tests.spec.test_settings import MINIMAL, findings, load, settings

ENDINGS, CANCELLED, SPENT = LimitName.MAX_ENDINGS, LimitName.MAX_CANCELLED_VALUE, LimitName.MAX_SPENT_VALUE
EUR = Money(500_000, "EUR")


def test_what_is_not_given_has_its_default_and_no_limit_in_money_is_set() -> None:
    for text in ("", "safety: {}\n", "safety: {max_endings: {}}\n"):
        assert settings(MINIMAL + text).safety.limits == DEFAULT_LIMITS
        assert settings(MINIMAL + text).safety.values == {}


def test_every_limit_has_its_block() -> None:
    assert {name.setting for name in LimitName} == SafetyBlock.model_fields.keys() - {"allow_empty"}


def test_limits_in_money_name_an_amount_for_each_currency_and_may_count_over_days() -> None:
    found = settings(
        f"""{MINIMAL}
safety:
  max_cancelled_value: {{amounts: [100000 JPY, 5000.00 EUR], per: 30d}}
  max_spent_value: {{amounts: [0 EUR]}}
"""
    )
    assert found.safety.values == {
        CANCELLED: ValueLimit((EUR, Money(100_000, "JPY")), 30),
        SPENT: ValueLimit((Money(0, "EUR"),)),
    }


@pytest.mark.parametrize("name", IN_NUMBERS)
def test_every_limit_that_counts_changes_may_count_over_days(name: LimitName) -> None:
    found = settings(f"{MINIMAL}safety: {{{name.setting}: {{per: 7d}}}}\n").safety.limits[name]
    default = DEFAULT_LIMITS[name]
    assert found == Limit(default.count, default.percent, default.at_least, 7)


@pytest.mark.parametrize(("text", "days"), [("1d", 1), ("9d", 9), ("90d", 90), ("360d", 360), ("366d", DAYS_AT_MOST)])
@pytest.mark.parametrize("name", [ENDINGS, CANCELLED])
def test_days_go_from_one_to_a_leap_year(name: LimitName, text: str, days: int) -> None:
    amounts = "amounts: [1 EUR], " if name in IN_MONEY else ""
    safety = settings(f"{MINIMAL}safety: {{{name.setting}: {{{amounts}per: {text}}}}}\n").safety
    limit = safety.values[name] if name in IN_MONEY else safety.limits[name]
    assert limit.days == days


@pytest.mark.parametrize(
    "text",
    ["0d", "-1d", "367d", "1000d", "99999999999d", "30", "30 days", "30D", "P30D", "4w", "1.5d", "01d", "d", "x"],
)
def test_other_days_are_refused(text: str) -> None:
    _, (finding,) = load(f"{MINIMAL}safety: {{max_endings: {{per: {text}}}}}\n")
    assert str(finding.location) == "reconcile.yaml:3:29"
    assert (finding.code, finding.summary, finding.detail) == ("bad-per", "not a number of days", f"'{text}'")
    assert finding.hint == "write whole days from 1d to 366d, such as per: 30d"
    assert findings(f"{MINIMAL}safety: {{max_spent_value: {{amounts: [1 EUR], per: '{text}'}}}}\n") == ["3:51 bad-per"]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("-5.00 EUR", "how much may pass is never negative: 0 EUR lets nothing pass"),
        ("5.001 EUR", "write up to 12 digits, at most 2 decimals, and the currency: such as 5000 EUR"),
        ("5.1 JPY", "write up to 12 digits, no decimals, and the currency: such as 5000 JPY"),
        ("1234567890123 EUR", "write up to 12 digits, at most 2 decimals, and the currency: such as 5000 EUR"),
        ("5.000,00 EUR", "write up to 12 digits, at most 2 decimals, and the currency: such as 5000 EUR"),
        ("5000 eur", "did you mean 'EUR'?"),
        ("5000 EURO", "did you mean 'EUR'?"),
        ("EUR 5000", "write digits and a currency in use (ISO 4217), such as 5000.00 EUR"),
        ("5000", "write digits and a currency in use (ISO 4217), such as 5000.00 EUR"),
        ("5000 €", "write digits and a currency in use (ISO 4217), such as 5000.00 EUR"),
    ],
)
def test_an_amount_is_digits_and_a_currency_in_use(text: str, hint: str) -> None:
    _, (finding,) = load(f"{MINIMAL}safety: {{max_cancelled_value: {{amounts: ['1 CHF', '{text}']}}}}\n")
    assert str(finding.location) == "reconcile.yaml:3:51"
    assert (finding.code, finding.summary) == ("bad-amount", "not an amount of money")
    assert (finding.detail, finding.hint) == (f"'{text}'", hint)


def test_a_currency_twice_names_both_places() -> None:
    _, (finding,) = load(f"{MINIMAL}safety: {{max_cancelled_value: {{amounts: [1 EUR, 2 JPY, 3 EUR]}}}}\n")
    assert str(finding.location) == "reconcile.yaml:3:56"
    assert (finding.code, finding.summary) == ("duplicate-currency", "a currency twice")
    assert finding.detail == "EUR, first at reconcile.yaml:3:42"
    assert finding.hint == "keep one amount for each currency"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("max_cancelled_value: {amounts: []}", ["3:41 no-amounts"], id="no amount"),
        pytest.param("max_cancelled_value: {per: 30d}", ["3:31 missing-key"], id="no amounts"),
        pytest.param("max_cancelled_value: {}", ["3:31 missing-key"], id="nothing"),
        pytest.param("max_cancelled_value: 5000.00 EUR", ["3:31 wrong-type"], id="an amount alone"),
        pytest.param("max_cancelled_value: {amounts: 5000.00 EUR}", ["3:41 wrong-type"], id="no list"),
        pytest.param("max_cancelled_value: {amounts: [1 EUR, true]}", ["3:49 wrong-type"], id="an amount that is none"),
        pytest.param("max_cancelled_value: {amounts: [~, 1 EUR]}", ["3:42 null-value"], id="no value"),
        pytest.param("max_cancelled_value: {amounts: [1 EUR], count: 5}", ["3:50 unknown-key"], id="a count of money"),
        pytest.param("max_endings: {amounts: [1 EUR]}", ["3:24 unknown-key"], id="an amount of changes"),
        pytest.param("max_endings: {per: [30d]}", ["3:29 wrong-type"], id="days in a list"),
        pytest.param("max_endings: {per: ~}", ["3:29 null-value"], id="days without a value"),
        pytest.param(
            "max_spent_value: {amounts: [x, 5 EUR, -5 EUR, 6 EUR], per: 0d}, max_endings: {per: 9}",
            ["3:38 bad-amount", "3:48 bad-amount", "3:56 duplicate-currency", "3:69 bad-per", "3:93 bad-per"],
            id="all of it in one pass",
        ),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(text: str, found: list[str]) -> None:
    assert sorted(findings(f"{MINIMAL}safety: {{{text}}}\n")) == sorted(found)


def override(text: str) -> str:
    """Settings with one override; the rest of it is right."""
    return f"{MINIMAL}overrides:\n- {{match: '*', until: 2026-12-31, reason: r, {text}}}\n"


def test_an_override_of_a_limit_in_money_says_how_much() -> None:
    (found,) = settings(override("limit: max_spent_value, amounts: [900 JPY, 5000 EUR]")).safety.overrides
    assert found == Override(SPENT, "*", 0, date(2026, 12, 31), "r", (EUR, Money(900, "JPY")))
    assert str(found.place and found.place.location) == "reconcile.yaml:4:3"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("limit: max_spent_value", ["4:3 missing-key"], id="money without amounts"),
        pytest.param("limit: max_endings", ["4:3 missing-key"], id="changes without a count"),
        pytest.param("limit: max_spent_value, count: 5", ["4:70 override-measure"], id="a count of money"),
        pytest.param("limit: max_endings, amounts: [5 EUR]", ["4:66 override-measure"], id="amounts of changes"),
        pytest.param(
            "limit: max_endings, count: 5, amounts: [5 EUR]", ["4:76 override-measure"], id="both, for changes"
        ),
        pytest.param(
            "limit: max_spent_value, count: 5, amounts: [5 EUR]", ["4:70 override-measure"], id="both, for money"
        ),
        pytest.param("limit: max_spent_value, amounts: []", ["4:79 no-amounts"], id="no amount"),
        pytest.param(
            "limit: max_spent_value, amounts: [1 EUR, 2 EUR, 0.1 JPY]",
            ["4:87 duplicate-currency", "4:94 bad-amount"],
            id="bad amounts",
        ),
        pytest.param("limit: max_spent_value, amounts: [1 EUR, {}]", ["4:87 wrong-type"], id="an amount that is none"),
    ],
)
def test_an_override_is_in_its_limits_own_measure(text: str, found: list[str]) -> None:
    assert findings(override(text)) == found


def test_what_an_override_takes_is_told() -> None:
    _, (money,) = load(override("limit: max_cancelled_value, count: 5"))
    _, (changes,) = load(override("limit: max_changes, amounts: [1 EUR]"))
    assert (money.detail, money.hint) == (
        "'count' for max_cancelled_value",
        "a limit in money takes amounts: [5000.00 EUR]",
    )
    assert (changes.detail, changes.hint) == ("'amounts' for max_changes", "this limit takes count: 5")
    assert money.summary == "an override in the wrong measure"


def test_an_override_without_an_end_and_in_the_wrong_measure_is_told_both() -> None:
    text = f"{MINIMAL}overrides:\n- {{match: '*', until: never, reason: r, limit: max_endings, amounts: [1 EUR]}}\n"
    assert findings(text) == ["4:23 bad-date", "4:61 override-measure"]
