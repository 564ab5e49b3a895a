"""The specs that an import writes: tidy, complete, and split where they grow long."""

from __future__ import annotations

from datetime import date

import pytest
import yaml

from reconciler.errors import InputError
from reconciler.importing.rows import ImportedRow
from reconciler.importing.write import Writing, file_names, spec_texts
from reconciler.model import Cancel, Money, Recurring, SubscriptionKey, TermLength
from tests.importing.files import a_row

PRODUCTS = {"VISIOCLIENT": "Visio Plan 2", "SPB": "Microsoft 365 Business Premium"}
FULL = a_row(
    "Büro Größe",
    product="SPB",
    term=TermLength.ANNUAL,
    start=date(2026, 2, 14),
    recurring=Recurring.OFF,
    cancel=Cancel.AT_RENEWAL,
    billing=TermLength.MONTHLY,
    seats=25,
    price=Money(2060, "EUR"),
    last_charge=Money(515, "JPY"),
    owner="it@contoso.example",
    id="0123",
    labels={"team": "sales", "on": "no # 1"},
)


def written(
    rows: dict[str, ImportedRow], held: dict[str, str] | None = None, declare: str = "", at_most: int = 1000
) -> tuple[str, ...]:
    keys = {SubscriptionKey("contoso", name): row for name, row in rows.items()}
    how = Writing("estate.csv", frozenset(declare.split()), "../x.json", PRODUCTS.get, at_most)
    return spec_texts(
        "contoso", keys, how, {SubscriptionKey("contoso", name): why for name, why in (held or {}).items()}
    )


def test_facts_are_declared_and_what_stands_is_a_comment() -> None:
    (text,) = written({"visio-plan-2": a_row(), "buro-grosse": FULL})
    assert text == (
        "# yaml-language-server: $schema=../x.json\n"
        "# Imported from estate.csv.\n"
        "# recurring and cancel are comments: they say what stood then, and ask for nothing.\n"
        "version: 1\n"
        "account: contoso\n"
        "subscriptions:\n"
        '  buro-grosse:  # "Büro Größe"\n'
        '    id: "0123"\n'
        "    facts:\n"
        "      product: SPB  # Microsoft 365 Business Premium\n"
        "      term: annual\n"
        "      billing: monthly\n"
        "      start: 2026-02-14\n"
        "      seats: 25\n"
        "      price: 20.60 EUR\n"
        "      last_charge: 515 JPY\n"
        "    # recurring: off\n"
        "    # cancel: at-renewal\n"
        "    owner: it@contoso.example\n"
        "    labels:\n"
        '      "on": "no # 1"\n'
        "      team: sales\n"
        "  visio-plan-2:\n"
        "    facts:\n"
        "      product: VISIOCLIENT  # Visio Plan 2\n"
        "      term: monthly\n"
        "      start: 2026-03-31\n"
    )


def test_what_is_declared_is_no_comment() -> None:
    (both,) = written({"a": FULL}, declare="recurring cancel")
    assert "    recurring: off\n    cancel: at-renewal\n" in both
    assert "are comments" not in both
    (one,) = written({"a": FULL}, declare="recurring")
    assert "    recurring: off\n    # cancel: at-renewal\n" in one
    assert "# cancel is a comment: it says what stood then, and asks for nothing.\n" in one


def test_an_inherited_pair_is_taken_back_with_the_reason() -> None:
    (text,) = written({"a": a_row(recurring=Recurring.ON)}, held={"a": "specs/_defaults.yaml:3:5 asks\nfor more"})
    assert "    recurring: unmanaged  # specs/_defaults.yaml:3:5 asks for more\n    # recurring: on\n" in text


def test_a_hostile_name_is_no_order_to_an_editor_and_no_yaml() -> None:
    (text,) = written(
        {"a": a_row("yaml-language-server: $schema=http://evil.example/x.json"), "b": a_row('x"\n- y: z')}
    )
    assert '  a:  # "yaml-language-server: $schema=' in text
    assert yaml.safe_load(text)["subscriptions"].keys() == {"a", "b"}


def test_without_a_schema_there_is_no_modeline() -> None:
    (text,) = spec_texts("contoso", {SubscriptionKey("contoso", "a"): a_row()}, Writing("x\ny.csv"), {})
    assert text.startswith("# Imported from x y.csv.\n")


def test_names_and_accounts_that_look_like_numbers_are_quoted() -> None:
    (text,) = spec_texts("365", {SubscriptionKey("365", "1e3"): a_row()}, Writing("x.csv"), {})
    assert '\naccount: "365"\n' in text
    assert '\n  "1e3":  # "Visio Plan 2"\n' in text


def test_a_long_estate_is_split_by_name() -> None:
    rows = {f"n-{number}": a_row() for number in range(5)}
    texts = written(rows, at_most=2)
    assert [list(yaml.safe_load(text)["subscriptions"]) for text in texts] == [["n-0", "n-1"], ["n-2", "n-3"], ["n-4"]]
    assert written(dict(reversed(rows.items())), at_most=2) == texts


def test_huge_cells_split_a_file_before_it_is_too_large_to_read() -> None:
    labels = {f"label-{number}": "\U000e0000" * 200 for number in range(400)}
    texts = written({f"n-{number}": a_row(labels=labels) for number in range(5)})
    assert len(texts) == 2
    assert all(len(text.encode()) < 16 * 1024 * 1024 for text in texts)


def test_free_file_names_are_taken_in_order() -> None:
    assert file_names("contoso", 2, (), "specs") == ("specs/contoso.yaml", "specs/contoso-2.yaml")
    there = {"specs/contoso.yaml", "specs/Contoso-3.yaml", "specs/other.yaml"}
    assert file_names("contoso", 3, there, "specs") == (
        "specs/contoso-2.yaml",
        "specs/contoso-4.yaml",
        "specs/contoso-5.yaml",
    )


def test_a_file_that_was_asked_for_is_numbered_where_one_is_not_enough() -> None:
    assert file_names("contoso", 1, (), "specs", "specs/a.b/new.yml") == ("specs/a.b/new.yml",)
    assert file_names("contoso", 3, (), "specs", "specs/new.yml") == (
        "specs/new.yml",
        "specs/new-2.yml",
        "specs/new-3.yml",
    )


@pytest.mark.parametrize("there", ["specs/new.yaml", "specs/NEW.yaml", "specs/new-2.yaml"])
def test_a_spec_is_never_overwritten(there: str) -> None:
    with pytest.raises(InputError, match="exists already") as raised:
        file_names("contoso", 2, {there}, "specs", "specs/new.yaml")
    assert raised.value.code == "spec-exists"
