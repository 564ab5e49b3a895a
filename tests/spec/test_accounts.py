"""Whose a file is: the account that it names, or that of the nearest `_account.yaml`."""

from __future__ import annotations

import pytest

from reconciler.settings import AccountSettings, Settings
from reconciler.spec.accounts import folders_above
from tests.spec.reading import ACCOUNTS, FACTS, brief, codes, load

SUB = f"subscriptions: {{a: {{id: x, {FACTS}}}}}\n"
PARTNER = Settings(
    accounts={"partner": AccountSettings("partner", "ledger", "microsoft-partner", "t0", "microsoft", "EUR")}
)


def file(account: str = "") -> str:
    """A file with one subscription, of this account if one is given."""
    return f"version: 1\n{f'account: {account}' if account else ''}\n{SUB}"


def account(name: str, **more: str) -> str:
    """An `_account.yaml`."""
    return f"version: 1\naccount: {name}\n" + "".join(f"{key}: {value}\n" for key, value in more.items())


def test_a_file_names_its_account() -> None:
    assert [str(key) for key in load({"specs/a.yaml": file("contoso")}).subscriptions] == ["contoso/a"]


def test_a_folder_has_an_account_for_all_files_below() -> None:
    found = load(
        {
            "specs/f/_account.yaml": account("fabrikam", like="contoso", tenant="0f8f…"),
            "specs/f/deep/er/a.yaml": file(),
            "specs/f/b.yaml": file("fabrikam").replace("{a:", "{b:").replace("id: x", "id: y"),
        }
    )
    assert not found.diagnostics
    assert sorted(str(key) for key in found.subscriptions) == ["fabrikam/a", "fabrikam/b"]
    assert found.accounts["fabrikam"] == AccountSettings("fabrikam", "ledger", "classic", "0f8f…", shared="contoso")
    assert set(found.accounts) == {"fabrikam", "contoso", "acme"}


def test_the_nearest_account_file_counts() -> None:
    found = load(
        {
            "specs/f/_account.yaml": account("fabrikam", like="contoso"),
            "specs/f/g/_account.yaml": account("globex", like="contoso"),
            "specs/f/g/a.yaml": file(),
        }
    )
    assert [str(key) for key in found.subscriptions] == ["globex/a"]


def test_an_account_shares_provider_lifecycle_catalogue_and_currency_and_never_the_tenant() -> None:
    found = load({"specs/f/_account.yaml": account("fabrikam", like="partner"), "specs/f/a.yaml": file()}, PARTNER)
    assert found.accounts["fabrikam"] == AccountSettings(
        "fabrikam", "ledger", "microsoft-partner", None, "microsoft", "EUR", shared="partner"
    )


@pytest.mark.parametrize("key", ["lifecycle", "currency", "catalogue", "provider"])
def test_an_account_of_a_folder_cannot_say_otherwise(key: str) -> None:
    text = account("fabrikam", like="partner", **{key: "plain"})
    found = load({"specs/f/_account.yaml": text, "specs/f/a.yaml": file()}, PARTNER)
    assert brief(found.diagnostics) == ["4:1 unknown-key"]


def test_like_may_be_left_out_where_there_is_just_one_account_to_be_like() -> None:
    assert not load({"specs/f/_account.yaml": account("fabrikam"), "specs/f/a.yaml": file()}, PARTNER).diagnostics
    found = load({"specs/f/_account.yaml": account("fabrikam"), "specs/f/a.yaml": file()})
    (finding,) = found.diagnostics
    assert (codes([finding]), finding.detail) == (["missing-key"], "'like'")
    assert "acme, contoso" in finding.hint


@pytest.mark.parametrize(
    ("files", "finding", "hint"),
    [
        pytest.param({"specs/a.yaml": file()}, "1:1 missing-account", "_account.yaml", id="none at all"),
        pytest.param({"specs/a.yaml": file("contosso")}, "2:10 unknown-account", "'contoso'", id="a misspelt one"),
        pytest.param(
            {"specs/a.yaml": file("zzz")}, "2:10 unknown-account", "reconcile.yaml", id="one that nobody knows"
        ),
        pytest.param(
            {"specs/f/_account.yaml": account("fabrikam", like="contoso"), "specs/a.yaml": file("fabrikam")},
            "2:10 unknown-account",
            "specs/f/_account.yaml",
            id="one of another folder",
        ),
        pytest.param(
            {"specs/f/_account.yaml": account("fabrikam", like="contoso"), "specs/f/a.yaml": file("contoso")},
            "2:10 account-mismatch",
            "move the file",
            id="another one than its folder's",
        ),
        pytest.param(
            {"specs/f/_account.yaml": account("fab", like="cont")}, "3:7 unknown-account", "", id="like a wrong one"
        ),
        pytest.param(
            {
                "specs/f/_account.yaml": account("fab", like="fabrikam"),
                "specs/g/_account.yaml": account("fabrikam", like="acme"),
            },
            "3:7 unknown-account",
            "of reconcile.yaml",
            id="like another folder's",
        ),
        pytest.param(
            {"specs/f/_account.yaml": account("contoso", like="acme")},
            "2:10 duplicate-account",
            "once",
            id="known already",
        ),
        pytest.param(
            {"specs/f/_account.yaml": account("f", like="acme"), "specs/g/_account.yaml": account("f", like="acme")},
            "2:10 duplicate-account",
            "once",
            id="two of one name",
        ),
    ],
)
def test_an_account_that_cannot_be_told_is_an_error(files: dict[str, str], finding: str, hint: str) -> None:
    found = load(files).diagnostics
    assert brief(found) == [finding]
    assert hint in found[0].hint


def test_both_places_of_a_duplicate_account_are_told() -> None:
    files = {"specs/f/_account.yaml": account("f", like="acme"), "specs/g/_account.yaml": account("f", like="acme")}
    (finding,) = load(files).diagnostics
    assert finding.detail == "'f', first at specs/f/_account.yaml:2:10"


@pytest.mark.parametrize(
    "text",
    [
        *("", "a: [", "version: 1\n", "version: 2\n", "version: 1\naccount: Bad\n", "version: 1\naccount: contoso\n"),
        *("version: 1\naccount: fab\nlike: nobody\n", "version: 1\naccount: fab\nlike: ~\n"),
    ],
)
def test_below_a_broken_account_file_no_file_complains_again(text: str) -> None:
    found = load({"specs/f/_account.yaml": text, "specs/f/a.yaml": file(), "specs/f/b.yaml": file("fab")})
    assert len(found.diagnostics) == 1
    assert found.diagnostics[0].place is not None
    assert found.diagnostics[0].place.file == "specs/f/_account.yaml"


def test_a_broken_account_of_a_file_is_not_missing_as_well() -> None:
    assert codes(load({"specs/a.yaml": file("Bad")}).diagnostics) == ["bad-name"]


def test_an_account_that_nothing_serves_is_an_error() -> None:
    settings = Settings(accounts={"contoso": AccountSettings("contoso", "legder")})
    (finding,) = load({"specs/a.yaml": file("contoso")}, settings).diagnostics
    assert (finding.code, finding.hint) == ("unknown-provider", "did you mean 'ledger'?")


def test_the_folders_above_a_folder_end_at_the_top() -> None:
    assert folders_above("a/b") == ["a/b", "a", ""]
    assert folders_above("") == [""]


def test_settings_without_accounts_know_none() -> None:
    assert codes(load({"specs/a.yaml": file("contoso")}, Settings()).diagnostics) == ["unknown-account"]
    assert codes(load({"specs/_account.yaml": account("f")}, Settings()).diagnostics) == ["missing-key"]
    assert ACCOUNTS.accounts
