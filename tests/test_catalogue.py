"""Names for product codes, and the hint for a code that is none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.catalogue import Catalogue, Names
from reconciler.desired import DesiredState
from reconciler.diagnostics import Location, Severity
from reconciler.model import DesiredSubscription, Facts
from reconciler.observed import ObservedAccount
from reconciler.settings import AccountSettings
from tests.builders import NOW, PLACE, a_desired, a_seen

MICROSOFT = AccountSettings("contoso", catalogue="microsoft")
NAMELESS = AccountSettings("fabrikam", catalogue="none")
DEFAULT = AccountSettings("northwind")


def names_for(*accounts: AccountSettings) -> Names:
    """The names on these accounts."""
    return Catalogue().names_for({account.name: account for account in accounts})


def desired(*subscriptions: DesiredSubscription) -> DesiredState:
    """Specs of these subscriptions, with the three accounts."""
    accounts = {account.name: account for account in (MICROSOFT, NAMELESS, DEFAULT)}
    return DesiredState(subscriptions={item.key: item for item in subscriptions}, accounts=accounts)


def of_product(key: str, code: str | None, line: int = 7) -> DesiredSubscription:
    """A subscription of this product, declared on that line."""
    return a_desired(key, facts=Facts(code), fields={"product": Location("specs/contoso.yaml", line, 14)})


@pytest.mark.parametrize(
    ("code", "name"),
    [
        pytest.param("SPB", "Microsoft 365 Business Premium", id="a code"),
        pytest.param("MCOPSTN5", "Skype for Business PSTN Domestic Calling (120 Minutes)", id="the first of two names"),
        pytest.param("O365_w/o\xa0Teams\xa0Bundle_M3", "Microsoft 365 E3 EEA (no Teams)", id="an odd code"),
        pytest.param("spb", None, id="other capitals are another code"),
        pytest.param("CFQ7TTC0HD32", None, id="an unknown code"),
    ],
)
def test_a_code_has_its_name(code: str, name: str | None) -> None:
    assert Catalogue().name(code) == name


@pytest.mark.parametrize(
    ("code", "near"),
    [
        pytest.param("spb", "SPB", id="other capitals"),
        pytest.param("VISOCLIENT", "VISIOCLIENT", id="a letter is missing"),
        pytest.param("PROJECT-PREMIUM", "PROJECTPREMIUM", id="a sign too many"),
        pytest.param("qqqqqqqq", None, id="nothing is near"),
    ],
)
def test_the_nearest_code_is_what_was_most_likely_meant(code: str, near: str | None) -> None:
    assert Catalogue().nearest(code) == near


def test_names_are_shown_unless_an_account_goes_without() -> None:
    names = names_for(MICROSOFT, NAMELESS, DEFAULT)
    shown = [names(account, "VISIOCLIENT") for account in ("contoso", "fabrikam", "northwind", "unheard-of", "")]
    assert shown == ["Visio Plan 2", "VISIOCLIENT", "Visio Plan 2", "Visio Plan 2", "Visio Plan 2"]


def test_a_name_that_its_provider_shows_goes_before_the_tables() -> None:
    accounts = {"cloud": AccountSettings("cloud", "microsoft"), "other": AccountSettings("other", "microsoft")}
    seen = {"1": a_seen("1", product="SPB", product_name="What we call it"), "2": a_seen("2", product="NONE")}
    names = Catalogue().names_for(accounts, {"cloud": ObservedAccount("cloud", NOW, seen)})
    assert (names("cloud", "SPB"), names("other", "SPB")) == ("What we call it", Catalogue().name("SPB"))
    assert names("cloud", "NONE") == "NONE"


def test_an_unknown_code_is_shown_as_it_is() -> None:
    assert names_for(MICROSOFT)("contoso", "VISOCLIENT") == "VISOCLIENT"


def test_a_rule_shows_codes_where_every_account_goes_without_names() -> None:
    assert names_for(NAMELESS)("", "VISIOCLIENT") == "VISIOCLIENT"
    assert names_for()("", "VISIOCLIENT") == "Visio Plan 2"


def test_an_unknown_code_is_a_warning_where_it_stands_with_the_nearest_one() -> None:
    (found,) = Catalogue().unknown_codes(desired(of_product("contoso/visio", "VISOCLIENT")))
    assert (found.severity, found.code, found.detail) == (Severity.WARNING, "unknown-product", "'VISOCLIENT'")
    assert found.hint == "did you mean 'VISIOCLIENT' (Visio Plan 2)?"
    assert found.location == Location("specs/contoso.yaml", 7, 14)


def test_an_unknown_code_that_is_near_to_none_says_where_to_look() -> None:
    (found,) = Catalogue().unknown_codes(desired(of_product("contoso/visio", "qqqqqqqq")))
    assert "catalogue: none" in found.hint


def test_a_product_without_a_known_place_is_told_at_its_subscription() -> None:
    (found,) = Catalogue().unknown_codes(desired(a_desired("contoso/visio", facts=Facts("nonsense"))))
    assert found.location == PLACE


@pytest.mark.parametrize(
    "subscription",
    [
        pytest.param(of_product("contoso/visio", "VISIOCLIENT"), id="a known code"),
        pytest.param(of_product("contoso/visio", None), id="no product is declared"),
        pytest.param(of_product("northwind/visio", "VISOCLIENT"), id="an account that names no catalogue"),
        pytest.param(of_product("fabrikam/visio", "VISOCLIENT"), id="an account without one"),
        pytest.param(of_product("unheard-of/visio", "VISOCLIENT"), id="an account that nobody declares"),
    ],
)
def test_no_warning_where_no_catalogue_was_asked_for_or_all_is_well(subscription: DesiredSubscription) -> None:
    assert Catalogue().unknown_codes(desired(subscription)) == ()


def test_a_value_that_many_inherit_is_told_once() -> None:
    place = Location("specs/_defaults.yaml", 3, 10)
    inherited = [a_desired(f"contoso/n{n}", facts=Facts("nonsense"), fields={"product": place}) for n in range(3)]
    found = Catalogue().unknown_codes(desired(*inherited, of_product("contoso/own", "nonsense", 9)))
    assert [item.location for item in found] == [place, Location("specs/contoso.yaml", 9, 14)]


def test_thousands_of_unknown_codes_are_told_with_the_first_hints_only() -> None:
    many = [of_product(f"contoso/n{number}", f"zz-{number}-zz", number) for number in range(1, 131)]
    found = Catalogue().unknown_codes(desired(*many))
    assert [bool(item.hint) for item in found] == [True] * 100 + [False] * 30


def test_the_table_is_read_when_the_first_name_is_asked_for(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    names = Catalogue(table).names_for({})
    table.write_text('display_name,string_id,sku_id\n"A, with a comma",A1,0\n', "utf-8")
    assert names("contoso", "A1") == "A, with a comma"


def test_importing_it_reads_nothing() -> None:
    code = (
        "import sys, builtins\n"
        "seen = []\n"
        "sys.addaudithook(lambda event, args: seen.append(str(args[0])) if event == 'open' else None)\n"
        "from reconciler.catalogue import Catalogue\n"
        "names = Catalogue().names_for({})\n"
        "assert not any(name.endswith('.csv') for name in seen), seen\n"
        "assert 'csv' not in sys.modules and 'difflib' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
