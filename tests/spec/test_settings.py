"""`reconcile.yaml`: what it says, what it leaves to defaults, and that no message of it shows a password."""

from __future__ import annotations

from datetime import date
from textwrap import dedent

import pytest

from reconciler.desired import SpecText
from reconciler.diagnostics import Diagnostic
from reconciler.settings import DEFAULT_LIMITS, AccountSettings, Limit, LimitName, Override, Settings
from reconciler.shipped import lifecycle_text
from reconciler.spec import load_settings
from reconciler.zones import Zones
from tests.pages import Fence, blocks
from tests.spec.reading import PROVIDERS, brief, codes

MINIMAL = "version: 1\naccounts: {contoso: {}}\n"


def load(text: str) -> tuple[Settings | None, tuple[Diagnostic, ...]]:
    """The settings of a text."""
    return load_settings(SpecText("reconcile.yaml", dedent(text)), PROVIDERS, lifecycle_text, Zones())


def settings(text: str) -> Settings:
    """The settings of a text without any finding."""
    found, diagnostics = load(text)
    assert brief(diagnostics) == []
    assert found is not None
    return found


def findings(text: str) -> list[str]:
    """What is wrong with a text; then there are no settings."""
    found, diagnostics = load(text)
    assert found is None
    return brief(diagnostics)


def test_what_is_not_given_has_its_default() -> None:
    found = settings(MINIMAL)
    assert list(found.lifecycles) == ["classic"]
    accounts = {"contoso": AccountSettings("contoso", "ledger", "classic", shared="contoso")}
    assert found == Settings(accounts=accounts, lifecycles=found.lifecycles)
    assert (found.prices, found.timezone) == (None, None)
    assert settings(MINIMAL).safety.limits == DEFAULT_LIMITS


def test_everything_that_is_given_counts() -> None:
    found = settings(
        """\
        version: 1
        specs: ./estate/specs/
        store: {url: "sqlite:////var/lib/reconcile/state.db", lineage: 0b9e4a54-2f6e-4a53-8f0c-2f1f4e0b7c11}
        prices: lists/2026.csv
        timezone: America/Argentina/Buenos_Aires
        accounts:
          contoso: {provider: stripe, lifecycle: plain, tenant: 0123, catalogue: none, currency: EUR}
          2024: {catalogue: microsoft}
        safety:
          max_endings: {count: 0}
          max_spending: {count: 1, percent: 2, at_least: 3}
          allow_empty: true
        overrides:
          - {limit: max_endings, match: "contoso/*", count: 60, until: 2026-12-31, reason: "Visio\\n retired"}
          - {limit: max_cancel_now, match: 12, count: 0, until: 2027-01-01, reason: 1}
        """.replace("./estate", "estate")
    )
    assert (found.specs, found.store_url) == ("estate/specs", "sqlite:////var/lib/reconcile/state.db")
    assert found.lineage == "0b9e4a54-2f6e-4a53-8f0c-2f1f4e0b7c11"
    assert found.accounts == {
        "contoso": AccountSettings("contoso", "stripe", "plain", "0123", "none", "EUR", shared="contoso"),
        "2024": AccountSettings("2024", catalogue="microsoft", shared="2024"),
    }
    assert (found.prices, found.timezone) == ("lists/2026.csv", "America/Argentina/Buenos_Aires")
    assert found.safety.limits[LimitName.MAX_ENDINGS] == Limit(0, 10, 5)
    assert found.safety.limits[LimitName.MAX_SPENDING] == Limit(1, 2, 3)
    assert found.safety.limits[LimitName.MAX_CHANGES] == DEFAULT_LIMITS[LimitName.MAX_CHANGES]
    assert found.safety.allow_empty
    assert found.safety.overrides == (
        Override(LimitName.MAX_ENDINGS, "contoso/*", 60, date(2026, 12, 31), "Visio retired"),
        Override(LimitName.MAX_CANCEL_NOW, "12", 0, date(2027, 1, 1), "1"),
    )


def test_accounts_and_overrides_know_where_they_stand() -> None:
    override = "{limit: max_endings, match: a, count: 1, until: 2026-12-31, reason: x}"
    found = settings(f"{MINIMAL}overrides:\n- {override}\n- {override}\n")
    place = found.accounts["contoso"].place
    assert place is not None
    assert str(place.location) == "reconcile.yaml:2:12"
    assert [str(item.place and item.place.location) for item in found.safety.overrides] == [
        "reconcile.yaml:4:3",
        "reconcile.yaml:5:3",
    ]


@pytest.mark.parametrize(
    "url",
    [
        *("sqlite:///state.db", "sqlite:////abs/a:b@c.db", "sqlite:///.reconcile/state.db"),
        *("postgresql://db.example/estate", "postgresql://reconciler@db.example:5432/estate?sslmode=verify-full"),
    ],
)
def test_a_store_is_sqlite_or_postgresql(url: str) -> None:
    assert settings(f'{MINIMAL}store: {{url: "{url}"}}').store_url == url


@pytest.mark.parametrize(
    "url",
    [
        *("state.db", "sqlite://", "sqlite:///", "sqlite://state.db", "sqlite:///a?mode=ro", "mysql://db/estate"),
        *("postgres://db/x", "postgresql://", "", "5"),
    ],
)
def test_other_urls_are_refused(url: str) -> None:
    assert findings(f'{MINIMAL}store: {{url: "{url}"}}') == ["3:14 bad-store-url"]


SECRET = "hunter2"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://admin:{SECRET}@db.example/estate",
        f"postgresql://admin:{SECRET}/with#odd?signs@db.example/estate",
        f"postgresql://:{SECRET}@db.example",
        f"postgresql://db.example/estate?user=admin&password={SECRET}",
        f"postgresql://db.example/estate?sslpassword={SECRET}",
        f"mysql://admin:{SECRET}@db.example/estate",
    ],
)
def test_a_password_in_the_url_is_an_error_that_does_not_show_it(url: str) -> None:
    _, found = load(f'{MINIMAL}store: {{url: "{url}"}}')
    assert brief(found) == ["3:14 password-in-url"]
    assert SECRET not in repr([(item.summary, item.detail, item.hint) for item in found])


@pytest.mark.parametrize(
    "text",
    [
        f"{MINIMAL}store: postgresql://admin:{SECRET}@db.example/estate\n",
        f"{MINIMAL}store: {{url: [{SECRET}]}}\n",
        f"{MINIMAL}store: {{url: {{password: {SECRET}}}}}\n",
        f"{MINIMAL}store: {{url: sqlite:///a, password: {SECRET}}}\n",
        f"{MINIMAL}store: {{url: sqlite:///a, lineage: {SECRET}}}\n",
        f"{MINIMAL}store: {{url: '{SECRET}'\n",
        f"{MINIMAL}store: {{url: !!str {SECRET}}}\n",
        f"{MINIMAL}specs: '../{SECRET}'\n",
        f"{MINIMAL}specs: {'x' * 250}{SECRET}\n",
    ],
)
def test_no_message_shows_a_value_that_stands_in_the_wrong_place(text: str) -> None:
    _, found = load(text)
    assert found
    assert SECRET not in repr([(item.summary, item.detail, item.hint) for item in found])


@pytest.mark.parametrize("specs", ["../specs", "/etc", "a/../b", "..", ".", "./a", "a/./b", "a\\b", "a/.."])
def test_the_specs_are_in_a_folder_below(specs: str) -> None:
    assert findings(f"{MINIMAL}specs: '{specs}'\n") == ["3:8 bad-specs-folder"]


@pytest.mark.parametrize(
    "prices", ["../prices.csv", "/etc/prices.csv", "a/../b.csv", "..", ".", "./a.csv", "a\\b.csv", "lists/"]
)
def test_the_price_list_is_a_file_below(prices: str) -> None:
    assert findings(f"{MINIMAL}prices: '{prices}'\n") == ["3:9 bad-prices-file"]


@pytest.mark.parametrize("prices", ["prices.csv", "a/b.csv", ".prices", "a..b", "p", "Preise für 2026.csv"])
def test_a_price_list_may_be_named_freely(prices: str) -> None:
    assert settings(f"{MINIMAL}prices: '{prices}'\n").prices == prices


@pytest.mark.parametrize("specs", ["specs", "a/b", "a..b", "...", ".specs", "a/.b", "specs/", "spécs of ours"])
def test_a_folder_may_be_named_freely(specs: str) -> None:
    assert settings(f"{MINIMAL}specs: '{specs}'\n").specs == specs.rstrip("/")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("", ["1:1 empty-file"], id="empty"),
        pytest.param("# later\n", ["1:1 empty-file"], id="a comment"),
        pytest.param("version: 1\n", ["1:1 no-accounts"], id="no accounts"),
        pytest.param("version: 1\naccounts: {}\n", ["2:1 no-accounts"], id="empty accounts"),
        pytest.param("version: 1\naccounts: {contoso: }\n", ["2:21 null-value"], id="an empty account"),
        pytest.param("version: 1\naccounts: {Contoso: {}}\n", ["2:12 bad-name"], id="a bad name"),
        pytest.param("accounts: {contoso: {}}\n", ["1:1 missing-key"], id="no version"),
        pytest.param("version: 3\nwhatever: x\n", ["1:10 unknown-version"], id="another version"),
        pytest.param(MINIMAL + "spec: x\n", ["3:1 unknown-key"], id="an unknown key"),
        pytest.param(
            "version: 1\naccounts: {a: {provider: legder, lifecycle: clasic, catalogue: ms}}\n",
            ["2:26 unknown-provider", "2:45 unknown-lifecycle", "2:64 unknown-value"],
            id="misspelt words",
        ),
        pytest.param("version: 1\naccounts: {a: {provider: [x]}}\n", ["2:26 wrong-type"], id="a list for a provider"),
        pytest.param(
            MINIMAL + "safety: {max_changes: {percent: 101, count: -1, at_least: x}}\n",
            ["3:33 out-of-range", "3:45 out-of-range", "3:59 wrong-type"],
            id="numbers out of range",
        ),
        pytest.param(
            MINIMAL + "safety: {allow_empty: yes, max_change: {}}\n", ["3:23 wrong-type", "3:28 unknown-key"], id="yes"
        ),
        pytest.param(
            MINIMAL + "store: {lineage: 0B9E4A54-2F6E-4A53-8F0C-2F1F4E0B7C11}\n", ["3:18 bad-lineage"], id="capitals"
        ),
        pytest.param(
            MINIMAL + "overrides:\n- {limit: max-endings, match: a, count: 1, until: 2026-12-31, reason: x}\n"
            "- {limit: max_endings, match: a, count: 1, until: 2026-02-30, reason: x}\n- {match: a}\n- x\n",
            ["4:11 unknown-value", "5:51 bad-date", *["6:3 missing-key"] * 3, "7:3 wrong-type"],
            id="broken overrides",
        ),
        pytest.param("a: [\n", ["1:5 yaml-syntax"], id="no YAML"),
        pytest.param("- a\n", ["1:1 wrong-type"], id="no mapping"),
        pytest.param(
            MINIMAL + "x: &a 1\ny: *a\n",
            ["3:1 unknown-key", "3:4 anchor", "4:1 unknown-key", "4:4 alias"],
            id="an anchor",
        ),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(text: str, found: list[str]) -> None:
    assert sorted(findings(text)) == sorted(found)


def test_errors_of_all_kinds_are_told_in_one_pass() -> None:
    text = f"""\
    version: 1
    specs: ../x
    accounts: {{contoso: {{provider: legder}}, acme: ~}}
    store: {{url: 'mysql://a:{SECRET}@b', lineagee: x}}
    overrides: [{{limit: max_endings, match: a, count: 1, until: tomorrow, reason: x}}]
    """
    found, diagnostics = load(text)
    assert found is None
    assert codes(diagnostics) == [
        "bad-specs-folder",
        "unknown-provider",
        "null-value",
        "password-in-url",
        "unknown-key",
        "bad-date",
    ]


@pytest.mark.parametrize(
    "lifecycle",
    [
        *("classic", "microsoft-customer-agreement", "microsoft-online-services", "microsoft-partner"),
        *("microsoft-enterprise-multi-year", "microsoft-trial", "plain"),
    ],
)
def test_every_lifecycle_that_is_shipped_has_its_name(lifecycle: str) -> None:
    found = settings(f"version: 1\naccounts: {{contoso: {{lifecycle: {lifecycle}}}}}\n")
    assert found.accounts["contoso"].lifecycle == lifecycle


def test_the_lifecycles_that_accounts_name_are_read_and_no_others() -> None:
    found = settings(
        """\
        version: 1
        accounts: {contoso: {}, fabrikam: {lifecycle: plain}, acme: {lifecycle: ours}}
        lifecycles:
          ours: {like: classic, summary: our own}
          unused: {like: microsoft-trial}
        """
    )
    assert sorted(found.lifecycles) == ["classic", "ours", "plain"]
    assert {name: policy.name for name, policy in found.lifecycles.items()} == {
        name: name for name in ("classic", "ours", "plain")
    }
    assert found.lifecycles["ours"].summary == "our own"
    assert found.lifecycles["ours"].expired == found.lifecycles["classic"].expired


def test_an_account_may_name_a_declared_lifecycle_or_one_that_ships_and_no_other() -> None:
    text = "version: 1\naccounts: {a: {lifecycle: ours}, b: {lifecycle: our}}\nlifecycles: {ours: {like: plain}}\n"
    _, (finding,) = load(text)
    assert (brief([finding]), finding.hint) == (["2:49 unknown-lifecycle"], "did you mean 'ours'?")


def test_a_lifecycle_with_mistakes_is_told_once_and_its_accounts_are_not() -> None:
    text = "version: 1\naccounts: {a: {lifecycle: ours}}\nlifecycles: {ours: {like: plain, expired: 30}}\n"
    assert findings(text) == ["3:43 wrong-type"]


def test_without_the_package_no_lifecycle_is_judged() -> None:
    text = "version: 1\naccounts: {a: {lifecycle: ours}}\ntimezone: Nowhere\n"
    found, diagnostics = load_settings(SpecText("reconcile.yaml", text), PROVIDERS)
    assert diagnostics == ()
    assert found is not None
    assert (found.lifecycles, found.timezone) == ({}, "Nowhere")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Europe/Berln", "did you mean 'Europe/Berlin'?"),
        ("europe/berlin", "did you mean 'Europe/Berlin'?"),
        ("Berlin", "did you mean 'Europe/Berlin'?"),
        ("New York", "did you mean 'America/New_York'?"),
        ("localtime", "name one of the IANA database, such as Europe/Berlin"),
        ("+02:00", "name one of the IANA database, such as Europe/Berlin"),
        ("2", "name one of the IANA database, such as Europe/Berlin"),
        ("../../etc/passwd", "name one of the IANA database, such as Europe/Berlin"),
    ],
)
def test_a_time_zone_is_one_of_the_database(name: str, hint: str) -> None:
    _, (finding,) = load(f"{MINIMAL}timezone: {name}\n")
    assert brief([finding]) == ["3:11 unknown-timezone"]
    assert (finding.summary, finding.detail, finding.hint) == ("unknown time zone", f"'{name}'", hint)


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "Asia/Kolkata", "Etc/GMT+5"])
def test_a_time_zone_that_there_is_is_taken(name: str) -> None:
    assert settings(f"{MINIMAL}timezone: {name}\n").timezone == name


def test_zones_that_cannot_be_listed_give_the_general_hint() -> None:
    class Nowhere:
        def __contains__(self, name: object) -> bool:
            return False

    text = SpecText("r.yaml", f"{MINIMAL}timezone: Berlin\n")
    _, (finding,) = load_settings(text, PROVIDERS, lifecycle_text, Nowhere())
    assert finding.hint == "name one of the IANA database, such as Europe/Berlin"


@pytest.mark.parametrize(
    ("currency", "hint"),
    [
        ("eur", "did you mean 'EUR'?"),
        ("EURO", "did you mean 'EUR'?"),
        ("DM", "name a currency in use (ISO 4217), such as EUR"),
        ("978", "name a currency in use (ISO 4217), such as EUR"),
    ],
)
def test_a_currency_is_one_in_use(currency: str, hint: str) -> None:
    _, (finding,) = load(f"version: 1\naccounts: {{contoso: {{currency: {currency}}}}}\n")
    assert brief([finding]) == ["2:32 unknown-currency"]
    assert (finding.summary, finding.detail) == ("unknown currency", f"'{currency}'")
    assert finding.hint == hint


@pytest.mark.parametrize("fence", [fence for fence in blocks("yaml") if fence.page == "docs/settings.md"], ids=str)
def test_what_the_page_of_settings_shows_is_read_with_all_that_it_names(fence: Fence) -> None:
    text = fence.text if fence.text.startswith(("version", "#")) else f"version: 1\n{fence.text}"
    found = settings(text)
    assert {account.lifecycle for account in found.accounts.values()} == set(found.lifecycles)


def test_near_misses_are_named() -> None:
    _, found = load("version: 1\naccounts: {a: {lifecycle: microsoft-partners, provider: Ledger}}\nstor: {}\n")
    hints = {item.code: item.hint for item in found}
    assert hints == {
        "unknown-lifecycle": "did you mean 'microsoft-partner'?",
        "unknown-provider": "did you mean 'ledger'?",
        "unknown-key": "did you mean 'store'?",
    }


def test_providers_that_cannot_be_listed_give_no_hint() -> None:
    class Anything:
        def __contains__(self, name: object) -> bool:
            return name == "ledger"

    _, (finding,) = load_settings(SpecText("r.yaml", "version: 1\naccounts: {a: {provider: x}}\n"), Anything())
    assert (finding.code, finding.hint) == ("unknown-provider", "")
