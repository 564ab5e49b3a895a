"""What an account gives its provider: options that it knows, all that it needs, nothing secret, and no endpoint."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from reconciler.desired import DesiredState, SpecText
from reconciler.diagnostics import Diagnostic
from reconciler.settings import AccountSettings, OnDrift, Settings
from reconciler.shipped import lifecycle_text
from reconciler.spec import load_settings
from reconciler.spec.options import BUILT_IN, missing_options, options_schema, outside
from tests.spec.reading import PROVIDERS, Traits, brief, codes, load

SECRETS = {
    "a live key of Stripe": "sk_live_51Habcdefgh",
    "a test key": "sk_test_51Habcdefgh",
    "a restricted key": "rk_live_51Habcdefgh",
    "a short restricted key": "rk_9",
    "a signing secret": "whsec_abcdef",
    "a JSON web token": "eyJ0eXAiOiJKV1Qi.eyJhdWQiOiJo.c2lnbmF0dXJl",
    "a header of one": "Bearer abcdef",
    "a private key": "-----BEGIN PRIVATE KEY----- MIIE",
    "a client secret of Entra": "abc8Q~abcdefghijklmnopqrstuvwxyz01234567",
}
SUBSCRIPTION = "subscriptions: {a: {id: x}}\n"


def read(accounts: str) -> tuple[Settings | None, tuple[Diagnostic, ...]]:
    """Settings with these accounts, the first of them on line 3."""
    text = f"version: 1\naccounts:\n{accounts}"
    return load_settings(SpecText("reconcile.yaml", text), PROVIDERS, lifecycle_text)


def account(text: str) -> AccountSettings:
    """The one account of settings without any finding."""
    settings, found = read(f"  a: {text}\n")
    assert brief(found) == []
    assert settings is not None
    return settings.accounts["a"]


def findings(text: str) -> list[Diagnostic]:
    """What is wrong with one account."""
    settings, found = read(f"  a: {text}\n")
    assert settings is None
    return list(found)


def estate(accounts: str, files: dict[str, str]) -> DesiredState:
    """Spec files below settings with these accounts."""
    settings, found = read(accounts)
    assert brief(found) == []
    assert settings is not None
    return load(files, settings)


def test_an_account_says_what_its_provider_needs_and_as_whom_it_is_read_and_written() -> None:
    found = account(
        "{provider: microsoft, tenant: t, options: {billing_account: 0123}, plan_as: reader, apply_as: w-2, "
        "on_drift: correct}"
    )
    assert found == AccountSettings(
        "a",
        "microsoft",
        "microsoft-customer-agreement",
        "t",
        options={"billing_account": "0123"},
        plan_as="reader",
        apply_as="w-2",
        on_drift=OnDrift.CORRECT,
        shared="a",
    )
    assert account("{provider: stripe}").on_drift is OnDrift.HOLD


@pytest.mark.parametrize(
    ("text", "lifecycle"),
    [
        pytest.param("{}", "classic", id="the ledger lives by classic"),
        pytest.param("{provider: manual}", "classic", id="and so do people's accounts"),
        pytest.param("{provider: microsoft}", "microsoft-customer-agreement", id="outside it is the provider's own"),
        pytest.param("{provider: partner-center}", "microsoft-partner", id="of each its own"),
        pytest.param("{provider: stripe}", "plain", id="and plain at Stripe"),
        pytest.param("{provider: microsoft, lifecycle: plain}", "plain", id="what is named counts"),
    ],
)
def test_an_account_that_names_no_lifecycle_has_its_providers(text: str, lifecycle: str) -> None:
    assert account(text).lifecycle == lifecycle


def test_a_provider_whose_lifecycle_is_not_there_is_told_at_its_account() -> None:
    assert brief(findings("{provider: site}")) == ["3:6 unknown-lifecycle"]


def test_bare_names_of_providers_say_nothing_of_their_options() -> None:
    text = SpecText("reconcile.yaml", "version: 1\naccounts: {a: {provider: microsoft, options: {x: y}}}\n")
    settings, found = load_settings(text, {"microsoft"})
    assert (settings is not None, found) == (True, ())
    assert outside("microsoft", {"microsoft"}) is None
    assert outside("nobody", PROVIDERS) is None


def test_a_misspelt_option_is_told_with_the_one_that_was_meant() -> None:
    (finding,) = findings("{provider: microsoft, options: {billing_acount: x}}")
    assert (brief([finding]), finding.detail) == (["3:38 unknown-option"], "'billing_acount'")
    assert finding.hint == "did you mean 'billing_account'?"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        pytest.param("{provider: partner-center, options: {qq: x}}", "partner_tenant, region", id="the known ones"),
        pytest.param("{provider: stripe, options: {qq: x}}", "stripe knows none", id="a provider without any"),
        pytest.param("{options: {billing_account: x}}", "ledger knows none", id="the ledger"),
        pytest.param("{provider: manual, options: {site: x}}", "known for manual: agreement", id="a person"),
    ],
)
def test_an_option_that_nobody_knows_is_told_those_there_are(text: str, hint: str) -> None:
    (finding,) = findings(text)
    assert finding.code == "unknown-option"
    assert hint in finding.hint


def test_the_agreement_of_peoples_accounts_is_one_that_there_is() -> None:
    assert account("{provider: manual, options: {agreement: reseller}}").options == {"agreement": "reseller"}
    (near,) = findings("{provider: manual, options: {agreement: microsoft-customer}}")
    assert (brief([near]), near.detail) == (["3:46 unknown-agreement"], "for a")
    assert near.hint == "did you mean 'microsoft-customer-agreement'?"
    (far,) = findings("{provider: manual, options: {agreement: 7}}")
    assert far.hint.startswith("known are: portal, ")
    (misspelt,) = findings("{provider: manual, options: {agrement: portal}}")
    assert misspelt.hint == "did you mean 'agreement'?"


def test_of_a_provider_that_there_is_not_no_option_is_judged() -> None:
    assert codes(findings("{provider: microsft, options: {x: y}}")) == ["unknown-provider"]


@pytest.mark.parametrize("value", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("key", ["options: {billing_account: '%s'}", "options: {'%s': x}", "tenant: '%s'"])
def test_a_secret_in_the_settings_is_an_error_that_does_not_show_it(key: str, value: str) -> None:
    found = findings(f"{{provider: microsoft, plan_as: reader, {key % value}}}")
    assert [item.code for item in found] == ["secret-in-settings"]
    assert value not in repr([(item.summary, item.detail, item.hint) for item in found])
    assert "RECONCILE_READER_…" in found[0].hint


@pytest.mark.parametrize(
    "name", ["password", "secret", "key", "token", "api_key", "client_secret", "access-token", "credentials"]
)
def test_an_option_that_can_only_be_a_secret_is_refused_whatever_it_says(name: str) -> None:
    (finding,) = findings(f"{{provider: partner-center, options: {{{name}: hunter2}}}}")
    assert finding.code == "secret-in-settings"
    assert "hunter2" not in finding.detail + finding.hint
    assert "RECONCILE_PARTNER_CENTER_…" in finding.hint


def test_where_to_ask_is_the_operators_to_say() -> None:
    for name in ("endpoint", "url", "host", "base_url", "authority"):
        (finding,) = findings(f"{{provider: partner-center, options: {{{name}: https://evil.example}}}}")
        assert finding.code == "endpoint-in-settings"
        assert finding.hint == "it is the operator's to say where to ask: RECONCILE_PARTNER_CENTER_ENDPOINT"


@pytest.mark.parametrize("name", ["Reader", "1st", "a_b", "sk_live_0123", "", "a b"])
@pytest.mark.parametrize("key", ["plan_as", "apply_as"])
def test_an_identity_is_a_plain_name_and_what_is_none_is_not_shown(key: str, name: str) -> None:
    (finding,) = findings(f"{{provider: stripe, {key}: '{name}'}}")
    assert finding.code == ("bad-identity" if name else "empty-text")
    assert not name or name not in finding.detail + finding.hint


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        pytest.param("billing_account", "it stands under 'options'", id="an option"),
        pytest.param("api_key", "comes from the environment", id="a secret"),
    ],
)
def test_what_stands_beside_the_options_is_told_where_it_belongs(key: str, hint: str) -> None:
    (finding,) = findings(f"{{provider: microsoft, {key}: x}}")
    assert finding.code == "unknown-key"
    assert hint in finding.hint


def test_an_account_without_what_its_provider_needs_is_told_at_its_name() -> None:
    (finding,) = estate(
        "  a: {provider: microsoft}\n", {"specs/a.yaml": f"version: 1\naccount: a\n{SUBSCRIPTION}"}
    ).diagnostics
    assert (str(finding.location), finding.code) == ("reconcile.yaml:3:3", "missing-option")
    assert finding.detail == "'tenant', 'billing_account' for a, by microsoft"
    assert "add them under options; 'billing_account' is which billing account" in finding.hint
    assert "or leave it to each _account.yaml that is like a" in finding.hint


def test_an_account_that_only_lends_its_settings_leaves_the_rest_to_those_of_folders() -> None:
    found = estate(
        "  partner: {provider: partner-center, options: {partner_tenant: p, region: eu}, plan_as: reader}\n",
        {
            "specs/f/_account.yaml": "version: 1\naccount: fabrikam\ntenant: f\noptions: {region: us}\n",
            "specs/f/a.yaml": f"version: 1\n{SUBSCRIPTION}",
        },
    )
    assert brief(found.diagnostics) == []
    assert found.accounts["fabrikam"] == AccountSettings(
        "fabrikam",
        "partner-center",
        "microsoft-partner",
        "f",
        options={"partner_tenant": "p", "region": "us"},
        plan_as="reader",
        shared="partner",
    )
    assert found.accounts["fabrikam"].group == found.accounts["partner"].group == "partner"


def test_a_lender_with_a_file_of_its_own_is_an_account_like_any_other() -> None:
    found = estate(
        "  partner: {provider: partner-center, options: {partner_tenant: p}}\n",
        {
            "specs/f/_account.yaml": "version: 1\naccount: fabrikam\ntenant: f\n",
            "specs/p.yaml": f"version: 1\naccount: partner\n{SUBSCRIPTION}",
        },
    )
    assert brief(found.diagnostics) == ["3:3 missing-option"]


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        pytest.param("", ["2:10 missing-option"], id="no tenant"),
        pytest.param("tenant: sk_live_0123\n", ["3:1 secret-in-settings"], id="a secret for a tenant"),
        pytest.param("tenant: []\n", ["3:9 wrong-type"], id="a broken tenant is not missing as well"),
        pytest.param("options: {tenant: f}\n", ["3:11 unknown-option"], id="a misspelt option"),
        pytest.param("tenant: f\noptions: {url: x}\n", ["4:11 endpoint-in-settings"], id="an endpoint"),
        pytest.param("tenant: f\noptions: []\n", ["4:10 wrong-type"], id="a list"),
        pytest.param("tenant: f\non_drift: correct\n", ["4:1 unknown-key"], id="it can loosen nothing"),
        pytest.param("tenant: f\nplan_as: other\n", ["4:1 unknown-key"], id="nor be read as somebody else"),
    ],
)
def test_the_account_of_a_folder_is_judged_as_strictly(text: str, stated: list[str]) -> None:
    found = estate(
        "  partner: {provider: partner-center, options: {partner_tenant: p}}\n",
        {
            "specs/f/_account.yaml": f"version: 1\naccount: fabrikam\n{text}",
            "specs/f/a.yaml": f"version: 1\n{SUBSCRIPTION}",
        },
    )
    assert brief(found.diagnostics) == stated


def test_an_empty_option_is_one_that_is_missing() -> None:
    known = Traits(options={"site": "which"}, required=("site", "tenant"))
    assert missing_options(AccountSettings("a", "x", options={"site": ""}), known) == ["site", "tenant"]
    assert missing_options(AccountSettings("a", "x", tenant="t", options={"site": "s"}), known) == []


@pytest.mark.parametrize(
    ("options", "taken"),
    [
        pytest.param({"billing_account": "x", "of_a_plugin": 5}, True, id="an installed provider may know others"),
        pytest.param({}, True, id="none"),
        pytest.param({"billing_account": "sk_live_0123"}, False, id="a secret"),
        pytest.param({"of_a_plugin": "sk_live_0123"}, False, id="a secret of a plugin"),
        pytest.param({"api_key": "x"}, False, id="the name of one"),
        pytest.param({"sk_live_0123": "x"}, False, id="a secret for a name"),
        pytest.param({"endpoint": "x"}, False, id="an endpoint"),
        pytest.param({"billing_account": ["x"]}, False, id="a list"),
        pytest.param([], False, id="no mapping"),
    ],
)
def test_an_editor_is_told_the_same(options: object, taken: bool) -> None:
    assert Draft202012Validator(options_schema()).is_valid(options) is taken


def test_an_editor_offers_the_options_of_the_built_in_providers() -> None:
    properties = options_schema()["properties"]
    assert {name: made["description"] for name, made in properties.items()} == BUILT_IN
