"""The example of the language's own page, as it is printed there: its values, and where each of them stands."""

from __future__ import annotations

from datetime import date

from reconciler.desired import DesiredState, SpecText, SpecTexts
from reconciler.model import Cancel, Facts, Money, Recurring, TermLength
from reconciler.settings import AccountSettings, Limit, LimitName, Override, Settings
from reconciler.spec import load_settings, load_specs
from tests.spec.corpus import CORPUS
from tests.spec.reading import PROVIDERS, key, load

PATH = "specs/contoso/licences.yaml"
MONTHLY, ANNUAL = TermLength.MONTHLY, TermLength.ANNUAL


def settings() -> Settings:
    """The page's `reconcile.yaml`."""
    text = (CORPUS / "page" / "reconcile.yaml").read_text("utf-8")
    found, diagnostics = load_settings(SpecText("reconcile.yaml", text), PROVIDERS)
    assert diagnostics == ()
    assert found is not None
    return found


def state() -> DesiredState:
    """The page's specs."""
    text = (CORPUS / "page" / "licences.yaml").read_text("utf-8")
    found = load_specs(SpecTexts((SpecText(PATH, text),), (), ""), settings(), PROVIDERS)
    assert found.diagnostics == ()
    return found


def test_the_settings_say_what_the_page_says() -> None:
    found = settings()
    assert (found.specs, found.store_url) == ("specs", "sqlite:///.reconcile/state.db")
    assert found.lineage == "0b9e4a54-2f6e-4a53-8f0c-2f1f4e0b7c11"
    assert found.accounts == {"contoso": AccountSettings("contoso", "ledger", "classic", shared="contoso")}
    assert found.safety.limits == {
        LimitName.MAX_CHANGES: Limit(100, 30, 10),
        LimitName.MAX_ENDINGS: Limit(20, 10, 5),
        LimitName.MAX_CANCEL_NOW: Limit(2, 5, 1),
        LimitName.MAX_SPENDING: Limit(20, 10, 5),
    }
    assert found.safety.overrides == (
        Override(LimitName.MAX_ENDINGS, "contoso/visio-*", 60, date(2026, 12, 31), "Visio retired"),
    )
    assert not found.safety.allow_empty


def test_the_specs_say_what_the_page_says() -> None:
    found = state()
    assert {str(name): wanted.facts for name, wanted in found.subscriptions.items()} == {
        "contoso/business-premium": Facts("SPB", ANNUAL, MONTHLY, date(2026, 2, 14), 25, Money(2060, "EUR")),
        "contoso/visio-plan-2": Facts("VISIOCLIENT", MONTHLY, None, date(2026, 3, 31)),
        "contoso/project-plan-3": Facts("PROJECTPREMIUM", ANNUAL, None, date(2026, 5, 1)),
        "contoso/copilot-duplicate": Facts("Microsoft_365_Copilot", ANNUAL, None, date(2026, 11, 20)),
    }
    intents = {name.name: wanted.intent for name, wanted in found.subscriptions.items()}
    assert {
        name: intent and (intent.recurring, intent.cancel, intent.reason, intent.confirm, intent.own)
        for name, intent in intents.items()
    } == {
        "business-premium": (Recurring.ON, None, None, None, False),
        "visio-plan-2": (Recurring.OFF, None, "team moved to another tool", None, True),
        "project-plan-3": (None, Cancel.AT_RENEWAL, None, None, True),
        "copilot-duplicate": (
            *(None, Cancel.IMMEDIATELY, "duplicate of copilot", "contoso/copilot-duplicate@2026-11-20"),
            True,
        ),
    }


def test_the_other_fields_say_what_the_page_says() -> None:
    wanted = state().subscriptions
    first, visio = wanted[key("contoso/business-premium")], wanted[key("contoso/visio-plan-2")]
    assert (first.owner, first.labels, first.protect, first.protect_own) == (
        *("it@contoso.example", {"team": "sales"}, True),
        True,
    )
    assert (visio.owner, visio.labels, visio.protect) == ("licensing@contoso.example", None, None)
    assert visio.id == "6f0d6c1e-7a1b-4d8e-9a53-0c3f1f1b2a10"
    assert wanted[key("contoso/project-plan-3")].previously == "project"


def test_the_deciding_values_stand_where_plans_cite_them() -> None:
    places = {
        name.name: wanted.intent.place.location for name, wanted in state().subscriptions.items() if wanted.intent
    }
    assert {name: str(place) for name, place in places.items()} == {
        "business-premium": f"{PATH}:7:14",
        "visio-plan-2": f"{PATH}:22:16",
        "project-plan-3": f"{PATH}:27:13",
        "copilot-duplicate": f"{PATH}:31:13",
    }


def test_the_names_stand_where_they_are_written() -> None:
    places = {name.name: str(wanted.place.location) for name, wanted in state().subscriptions.items()}
    assert places["business-premium"] == f"{PATH}:9:3"
    assert places["copilot-duplicate"] == f"{PATH}:28:3"


def test_the_rule_matched_what_the_page_means() -> None:
    (rule,) = state().rules
    assert (rule.matched, rule.products) == (2, ("PROJECTPREMIUM", "VISIOCLIENT"))
    assert rule.summary == "product VISIO*, PROJECT*: recurring off, owner licensing@contoso.example"
    assert str(rule.place.location) == f"{PATH}:35:5"


def test_the_account_file_of_the_page_loads() -> None:
    shared = Settings(accounts={"partner": AccountSettings("partner"), "contoso": AccountSettings("contoso")})
    text = "{version: 1, account: fabrikam, like: partner, tenant: 0f8f…}\n"
    found = load({"specs/fabrikam/_account.yaml": text}, shared)
    assert found.diagnostics == ()
    assert found.accounts["fabrikam"] == AccountSettings("fabrikam", tenant="0f8f…", shared="partner")
