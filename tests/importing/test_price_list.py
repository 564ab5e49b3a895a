"""A price list: what it says, and that everything wrong with it is found in one pass, each with its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.desired import SpecText
from reconciler.diagnostics import Diagnostic
from reconciler.importing import price_list
from reconciler.importing.price_list import read_prices
from reconciler.model import Money, TermLength, currencies, currency_digits, money_text
from reconciler.rulebook import PriceList
from tests.pages import blocks

MONTHLY, ANNUAL, TRIENNIAL = TermLength
FILE = "prices.csv"
HEADER = "product,term,currency,price"
ROW = "SPB,annual,EUR,240.00"


def read(text: str) -> tuple[PriceList | None, tuple[Diagnostic, ...]]:
    return read_prices(SpecText(FILE, text))


def prices(text: str) -> PriceList:
    """The prices of a text without any finding."""
    found, diagnostics = read(text)
    assert diagnostics == ()
    assert found is not None
    return found


def found_in(text: str) -> tuple[Diagnostic, ...]:
    """What is wrong with a text; then there are no prices."""
    found, diagnostics = read(text)
    assert found is None
    return diagnostics


def brief(text: str) -> list[str]:
    return [f"{str(item.location).removeprefix(FILE + ':')} {item.code}" for item in found_in(text)]


def test_a_price_is_for_a_product_a_term_a_billing_cycle_and_a_currency() -> None:
    found = prices(
        "product,term,billing,currency,price\n"
        "SPB,annual,monthly,EUR,20.60\nSPB,annual,annual,EUR,240\nSPB,annual,monthly,JPY,3300\nSPB,monthly,,EUR,24.7\n"
    )
    assert found.prices == {
        ("SPB", ANNUAL, MONTHLY, "EUR"): Money(2060, "EUR"),
        ("SPB", ANNUAL, ANNUAL, "EUR"): Money(24000, "EUR"),
        ("SPB", ANNUAL, MONTHLY, "JPY"): Money(3300, "JPY"),
        ("SPB", MONTHLY, MONTHLY, "EUR"): Money(2470, "EUR"),
    }
    assert found.origin == FILE


def test_the_list_of_the_page_is_one() -> None:
    (fence,) = [fence for fence in blocks("csv") if fence.name == "prices.csv"]
    assert len(prices(fence.text).prices) == 3


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{HEADER}\n{ROW}\n", id="as usual"),
        pytest.param(f"\ufeff{HEADER}\n{ROW}\n", id="a byte order mark"),
        pytest.param(f"{HEADER}\r\n{ROW}\r\n", id="CRLF"),
        pytest.param(f"{HEADER}\n{ROW}", id="no line end at the end"),
        pytest.param(f"\n{HEADER}\n\n{ROW}\n,,,\n", id="blank lines and lines of commas"),
        pytest.param('"price","currency",term,product\n"240.00","EUR",P1Y,"SPB"\n', id="quoted, in another order"),
        pytest.param(f"{HEADER},billing\n{ROW},\n", id="an empty billing cycle is the term's length"),
        pytest.param(f"{HEADER},billing\n{ROW}, annual \n", id="blanks around a cell"),
    ],
)
def test_a_usual_list_is_read(text: str) -> None:
    assert prices(text).prices == {("SPB", ANNUAL, ANNUAL, "EUR"): Money(24000, "EUR")}


def test_the_list_is_asked_by_what_was_bought() -> None:
    found = prices(f"{HEADER}\n{ROW}\nVISIO,triennial,CHF,900\n")
    assert found.price("SPB", ANNUAL, ANNUAL, "EUR") == Money(24000, "EUR")
    assert found.price("VISIO", TRIENNIAL, TRIENNIAL, None) == Money(90000, "CHF")
    assert found.price("SPB", ANNUAL, MONTHLY, "EUR") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", ["1:1 csv-empty"], id="nothing"),
        pytest.param("\ufeff \n,,\n", ["1:1 csv-empty"], id="nothing but blanks"),
        pytest.param(f"\n{HEADER}\n,,,\n", ["2:1 csv-no-rows"], id="a header alone"),
        pytest.param('"product\n', ["1:1 csv-quotes"], id="a header that is never closed"),
        pytest.param(f"{HEADER}\n{ROW}".replace(",", ";"), ["1:1 csv-delimiter"], id="semicolons"),
        pytest.param(
            f"{HEADER},Product,,price\n{ROW},,,\n",
            ["1:29 csv-unknown-column", "1:37 csv-unknown-column", "1:38 csv-duplicate-column"],
            id="a header that is none, one without a name, one twice",
        ),
        pytest.param(
            "product,amount\nSPB,5\n",
            ["1:1 csv-missing-column", "1:1 csv-missing-column", "1:1 csv-missing-column", "1:9 csv-unknown-column"],
            id="columns are missing",
        ),
        pytest.param(
            f"{HEADER},billing\n,yearly,eur,-1,weekly\n",
            [
                *("2:1 csv-missing-value", "2:2 csv-bad-term", "2:9 csv-bad-currency", "2:13 csv-bad-price"),
                "2:16 csv-bad-term",
            ],
            id="every cell of a row",
        ),
        pytest.param(f"{HEADER}\nSPB,,EUR,5\n", ["2:5 csv-missing-value"], id="no term"),
        pytest.param(f"{HEADER}\nSPB,annual,,5\n", ["2:12 csv-missing-value"], id="no currency"),
        pytest.param(f"{HEADER}\nSPB,annual,EUR, \n", ["2:16 csv-missing-value"], id="no price"),
        pytest.param(f'{HEADER}\n"S\nB",annual,EUR,5\n', ["2:1 csv-line-break"], id="a line break in a product"),
        pytest.param(f"{HEADER}\n{'x' * 201},annual,EUR,5\n", ["2:1 csv-cell-too-long"], id="a product without end"),
        pytest.param(f"{HEADER}\nSPB,annual,EUR\n{ROW},x\n", ["2:1 csv-ragged-row", "3:1 csv-ragged-row"], id="ragged"),
        pytest.param(f'{HEADER}\nSPB,annual,EUR,"5"x\n', ["2:1 csv-quotes"], id="something behind a quote"),
        pytest.param(f'{HEADER}\n{ROW}\nSPB,annual,EUR,"5\n', ["3:1 csv-quotes"], id="a quote that is never closed"),
        pytest.param(
            f"{HEADER},billing\nSPB,monthly,EUR,5,annual\n", ["2:19 csv-billing-too-long"], id="billing beyond a term"
        ),
        pytest.param(
            f"{HEADER}\nS\u200bB,annual,EUR,5\n", ["2:2 csv-forbidden-character"], id="a sign that nobody sees"
        ),
        pytest.param(
            f"{HEADER}\nSPB,annual,EUR,5\rSPB,annual,CHF,5\n",
            ["2:17 csv-forbidden-character"],
            id="a carriage return alone",
        ),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(text: str, expected: list[str]) -> None:
    assert brief(text) == expected


@pytest.mark.parametrize(
    ("price", "currency", "hint"),
    [
        ("-5.00", "EUR", "a price is not negative; a credit does not belong into a price list"),
        ("(5.00)", "EUR", "a price is not negative; a credit does not belong into a price list"),
        ("5.001", "EUR", "EUR has 2 decimals"),
        ("5.1", "JPY", "JPY has 0 decimals"),
        ("5.1234", "KWD", "KWD has 3 decimals"),
        ("5.00 EUR", "EUR", "write the number alone, 5.00: the currency has its own column"),
        ('"1,020.60"', "EUR", "write it like 1020.60: a decimal point, and no thousands separators"),
        ("1234567890123", "EUR", "write up to 12 digits, and decimals behind a point: such as 20.60"),
        ("5.", "EUR", "write up to 12 digits, and decimals behind a point: such as 20.60"),
        ("free", "EUR", "write up to 12 digits, and decimals behind a point: such as 20.60"),
        ("\u0665", "EUR", "write up to 12 digits, and decimals behind a point: such as 20.60"),
        ("1e3", "EUR", "write up to 12 digits, and decimals behind a point: such as 20.60"),
        ("5.123456", "XXX", "write up to 12 digits, and decimals behind a point: such as 20.60"),
    ],
)
def test_a_price_is_a_number_with_the_currencys_decimals(price: str, currency: str, hint: str) -> None:
    found = [item for item in found_in(f"{HEADER}\nSPB,annual,{currency},{price}\n") if item.code == "csv-bad-price"]
    assert [item.hint for item in found] == [hint]
    assert found[0].detail == f"price '{price.strip(chr(34))}'"


@pytest.mark.parametrize(
    ("currency", "hint"),
    [
        ("eur", "did you mean 'EUR'?"),
        ("EURO", "did you mean 'EUR'?"),
        ("€", "write its three letters (ISO 4217), such as EUR"),
    ],
)
def test_a_currency_is_one_in_use_and_a_price_in_another_is_not_judged(currency: str, hint: str) -> None:
    (finding,) = found_in(f"{HEADER}\nSPB,annual,{currency},5.0001\n")
    assert (finding.code, finding.hint) == ("csv-bad-currency", hint)
    assert (finding.summary, finding.detail) == ("not a currency in use", f"currency '{currency}'")


def test_two_prices_for_the_same_name_both_lines() -> None:
    text = f"{HEADER},billing\n{ROW},\nVISIO,annual,EUR,5,\n{ROW.replace('240', '250')},annual\n"
    (finding,) = found_in(text)
    assert str(finding.location) == "prices.csv:4:16"
    assert (finding.code, finding.summary) == ("csv-price-clash", "two prices for the same")
    assert finding.detail == "'SPB', annual, billed annual, EUR: 240.00 EUR and 250.00 EUR in lines 2 and 4"
    assert finding.hint == "keep the one that holds"


def test_a_row_that_says_the_very_same_is_told_before_somebody_mends_one_of_the_two() -> None:
    (finding,) = found_in(f"{HEADER}\n{ROW}\n{ROW.replace('240.00', '240')}\n")
    assert (str(finding.location), finding.code) == ("prices.csv:3:1", "csv-duplicate-row")
    assert (finding.detail, finding.hint) == ("lines 2 and 3", "remove one of them")


def test_a_row_with_a_mistake_is_not_taken_for_another_one() -> None:
    assert brief(f"{HEADER},billing\n{ROW},annual\n{ROW},daily\n") == ["3:23 csv-bad-term"]
    assert brief(f"{HEADER},billing\n{ROW},annual\nSPB,annual,EUR,250,triennial\n") == ["3:20 csv-billing-too-long"]


def test_all_errors_are_told_in_one_pass_in_file_order() -> None:
    text = f"{HEADER}\nSPB,anual,EUR,1\nSPB,annual,EUR\nSPB,annual,DM,1\n{ROW}\n{ROW}\nSPB,annual,EUR,1.234\n"
    assert brief(text) == [
        *("2:5 csv-bad-term", "3:1 csv-ragged-row", "4:12 csv-bad-currency"),
        *("6:1 csv-duplicate-row", "7:16 csv-bad-price"),
    ]


def test_a_list_beyond_all_measure_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(price_list, "ROWS_AT_MOST", 2)
    rows = "".join(f"P{number},annual,EUR,5\n" for number in range(4))
    assert brief(f"{HEADER}\n{rows}") == ["4:1 csv-too-many-rows"]
    monkeypatch.setattr(price_list, "BYTES_AT_MOST", 60)
    assert brief(f"{HEADER}\n{rows}") == ["1:1 csv-too-large"]
    assert len(prices(f"{HEADER}\n{ROW}\n").prices) == 1


def test_of_a_list_of_nothing_but_errors_no_more_is_told_than_anybody_reads() -> None:
    found = found_in(f"{HEADER}\n" + "SPB,annual,EUR,x\n" * 1_500)
    assert (len(found), found[-1].code) == (1_001, "csv-more-errors")


KEYS = st.tuples(
    st.sampled_from(["SPB", "CFQ7TTC0HD32", "x,y", 'q"', "ä ö"]),
    st.sampled_from(TermLength),
    st.sampled_from(TermLength),
    st.sampled_from(currencies()),
).filter(lambda key: key[2].months <= key[1].months)


@given(st.dictionaries(KEYS, st.integers(0, 10**10), min_size=1, max_size=8), st.permutations(price_list.COLUMNS))
def test_what_is_written_is_read(
    wanted: dict[tuple[str, TermLength, TermLength, str], int], columns: list[str]
) -> None:
    lines = [",".join(columns)]
    for (product, term, billing, currency), minor in wanted.items():
        amount = money_text(Money(minor, currency)).partition(" ")[0]
        quoted = '"' + product.replace('"', '""') + '"'
        row = {"product": quoted, "term": term, "billing": billing, "currency": currency, "price": amount}
        lines.append(",".join(row[column] for column in columns))
        assert len(amount.partition(".")[2]) == currency_digits(currency)
    found = prices("\r\n".join(lines))
    assert found.prices == {key: Money(minor, key[3]) for key, minor in wanted.items()}
