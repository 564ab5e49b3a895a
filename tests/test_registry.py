"""The providers there are: built in, and offered by installed packages; and how one is opened for an account."""

from __future__ import annotations

import importlib.metadata
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint
from typing import Any, ClassVar

import pytest

from reconciler import registry as module
from reconciler.environment import Environment, read_environment
from reconciler.errors import ExtraMissing, InputError, ProviderTrouble, ReconcilerError, UsageError, WrongTenant
from reconciler.ports import Opening
from reconciler.providers.ledger import LedgerProvider
from reconciler.providers.manual import ManualProvider
from reconciler.registry import BUILT_IN, GROUP, Registry, judge_variables, openings, reader_for, writer_for
from reconciler.settings import OURS, AccountSettings
from reconciler.spec.options import BUILT_IN as OPTIONS
from tests.conftest import REPOSITORY

CANARY = "canary-4711"


class Elsewhere:
    """A provider of another package."""

    api_version: Any = 1
    name = "elsewhere"
    lifecycle: Any = "plain"
    options: ClassVar[Any] = {"site": "which site"}
    required: Any = ("site",)
    secrets: Any = ("key",)
    opened: ClassVar[list[tuple[str, Opening]]] = []

    def reader(self, opening: Opening) -> Any:
        self.opened.append(("reader", opening))
        return "reader"

    def writer(self, opening: Opening) -> Any:
        self.opened.append(("writer", opening))
        return "writer"


class Rival(Elsewhere):
    """Another that claims a name that is taken."""


class Newer(Elsewhere):
    """Written for ports that are not there yet."""

    api_version = 2


class Older(Elsewhere):
    """Written for ports that are gone."""

    api_version = 0


class Unversioned(Elsewhere):
    """Says nothing of the ports."""

    api_version = "1"


class Misnamed(Elsewhere):
    """Goes by another name."""

    name = "other"


class Demanding(Elsewhere):
    """Requires what it has no option for."""

    required = ("site", "tenant", "region")


class Unspeakable(Elsewhere):
    """Has slots whose variables nobody could tell apart."""

    secrets = ("key", "key_file", "endpoint", "token")


class Hollow(Elsewhere):
    """Lacks what a provider has."""

    lifecycle = None
    options = ("site",)
    required = ["site"]  # noqa: RUF012 - a list is what is wrong with it
    reader = None  # type: ignore[assignment]  # and this as well


class Failing(Elsewhere):
    """Cannot even be made."""

    def __init__(self) -> None:
        raise KeyError(CANARY)


class Clumsy(Elsewhere):
    """Cannot be opened."""

    def reader(self, opening: Opening) -> Any:
        secret = opening.secret("key")
        raise ValueError(f"cannot use {secret.reveal() if secret else None}")

    def writer(self, opening: Opening) -> Any:
        raise WrongTenant("wrong-tenant", "not yours")


class Needy(Elsewhere):
    """Needs a library."""

    def reader(self, opening: Opening) -> Any:
        raise ModuleNotFoundError("No module named 'sdk'", name="sdk")


def offer(monkeypatch: pytest.MonkeyPatch, **claims: str) -> list[str]:
    """Installed packages that claim these names; answers the groups that were asked for."""
    asked: list[str] = []

    def entry_points(*, group: str) -> list[EntryPoint]:
        asked.append(group)
        return [
            EntryPoint(name.rstrip("_"), value if ":" in value else f"{__name__}:{value}", GROUP)
            for name, value in claims.items()
        ]

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    return asked


@pytest.fixture(autouse=True)
def nothing_opened() -> Iterator[None]:
    """Every test begins with nothing opened."""
    Elsewhere.opened.clear()
    yield
    Elsewhere.opened.clear()


def test_the_built_in_are_there_without_asking_the_installed_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = offer(monkeypatch)
    registry = Registry()
    assert all(name in registry for name in BUILT_IN)
    assert isinstance(registry.recorder("ledger"), LedgerProvider)
    assert registry.recorder("ledger") is registry.recorder("ledger")
    assert asked == []


@pytest.mark.parametrize("name", sorted(set(BUILT_IN) - OURS))
def test_each_built_in_provider_is_one_for_these_ports(name: str) -> None:
    provider = Registry().provider(name)
    assert (provider.name, provider.api_version) == (name, 1)
    for option in provider.options:
        assert OPTIONS[option].startswith(f"{name}: ")


def test_an_editor_offers_no_option_that_no_provider_has() -> None:
    registry = Registry()
    known = [option for name in sorted(set(BUILT_IN) - OURS) for option in registry.provider(name).options]
    assert sorted([*known, *ManualProvider.options]) == sorted(OPTIONS)


def test_people_and_the_ledger_keep_our_own_records(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry()
    assert registry.desk("manual").name == "manual"
    for name in OURS:
        assert registry.recorder(name).name == name
        with pytest.raises(KeyError):
            registry.provider(name)
    with pytest.raises(KeyError):
        registry.recorder("stripe")


def test_the_built_in_are_registered_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"][GROUP] == BUILT_IN
    assert project["name"] == module.DISTRIBUTION
    offer(monkeypatch, **BUILT_IN)
    assert list(Registry()) == sorted(BUILT_IN)


def test_a_missing_library_names_an_extra_that_there_is() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(BUILT_IN) - OURS <= set(project["optional-dependencies"])


def test_a_package_adds_a_provider_and_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = offer(monkeypatch, elsewhere="Elsewhere", ledger=BUILT_IN["ledger"], elsewhere_="Elsewhere")
    registry = Registry()
    assert isinstance(registry.provider("elsewhere"), Elsewhere)
    assert registry.provider("elsewhere") is registry.provider("elsewhere")
    assert "elsewhere" in registry
    assert "nowhere" not in registry
    assert 7 not in registry
    assert list(registry) == sorted(["elsewhere", *BUILT_IN])
    assert asked == [GROUP]


def test_a_provider_that_no_account_names_is_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, elsewhere="Elsewhere", broken="no.such.module:Provider")
    registry = Registry()
    registry.check_claims()
    assert "broken" in list(registry)
    assert registry.provider("elsewhere").name == "elsewhere"


@pytest.mark.parametrize(
    "claims",
    [{"stripe": "Rival"}, {"ledger": "Rival"}, {"elsewhere": "Elsewhere", "elsewhere_": "Rival"}],
    ids=["built in", "ours", "each other's"],
)
def test_two_claims_on_one_name_are_refused(monkeypatch: pytest.MonkeyPatch, claims: dict[str, str]) -> None:
    offer(monkeypatch, **claims)
    with pytest.raises(ReconcilerError, match="two installed packages offer a provider named") as caught:
        Registry().check_claims()
    assert (caught.value.code, caught.value.hint) == ("provider-claimed-twice", "remove one of them")
    assert f"{__name__}:Rival" in caught.value.message


@pytest.mark.parametrize(
    ("claim", "code", "words"),
    [
        pytest.param("Newer", "provider-too-new", "version 2 of the ports; these are 1", id="too new"),
        pytest.param("Older", "provider-too-old", "version 0 of the ports; these are 1", id="too old"),
        pytest.param("Unversioned", "provider-broken", "says no api_version", id="no version"),
        pytest.param("Misnamed", "provider-broken", "calls itself other", id="another name"),
        pytest.param("Demanding", "provider-broken", "none of its options: region", id="requires what is no option"),
        pytest.param("Unspeakable", "provider-broken", "cannot name: endpoint, key", id="slots that clash"),
        pytest.param("Hollow", "provider-broken", "no proper lifecycle, reader, options, required", id="hollow"),
        pytest.param("Missing", "provider-broken", "cannot be loaded: AttributeError", id="no such class"),
        pytest.param("no.such:X", "provider-broken", "cannot be loaded: ModuleNotFoundError", id="no such module"),
        pytest.param("Failing", "provider-broken", "cannot be loaded: KeyError", id="it cannot be made"),
    ],
)
def test_a_provider_that_cannot_be_used_is_an_expected_failure(
    monkeypatch: pytest.MonkeyPatch, claim: str, code: str, words: str
) -> None:
    offer(monkeypatch, elsewhere=claim)
    registry = Registry()
    with pytest.raises(ReconcilerError) as caught:
        registry.provider("elsewhere")
    assert (caught.value.code, words in caught.value.message) == (code, True), caught.value.message
    assert CANARY not in caught.value.message


def test_a_built_in_whose_module_lacks_a_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUILT_IN", {**BUILT_IN, "stripe": "no_such_library:StripeProvider"})
    with pytest.raises(ExtraMissing) as caught:
        Registry().provider("stripe")
    assert (caught.value.code, caught.value.hint) == (
        "extra-missing",
        "pip install 'subscription-reconciler[stripe]'",
    )


def test_a_built_in_whose_module_is_not_there_is_our_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUILT_IN", {**BUILT_IN, "stripe": "reconciler.no_such_module:StripeProvider"})
    with pytest.raises(ModuleNotFoundError):
        Registry().provider("stripe")


ACCOUNT = AccountSettings("a", "elsewhere", options={"site": "x"}, plan_as="reader", apply_as="writer")


def an_environment(**more: str) -> Environment:
    """Secrets of both identities."""
    return read_environment(
        {"RECONCILE_READER_KEY": "of the reader", "RECONCILE_WRITER_KEY": "of the writer"}
        | {f"RECONCILE_{name}": value for name, value in more.items()}
    )


class Watched(Mapping[str, Any]):
    """The variables of an environment; notes which are looked up."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values_, self.asked = values, set[str]()

    def __getitem__(self, name: str) -> Any:
        self.asked.add(name)
        return self.values_[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)


@pytest.mark.parametrize(
    ("writing", "mine", "others"),
    [(False, "of the reader", "WRITER"), (True, "of the writer", "READER")],
    ids=["planning", "applying"],
)
def test_each_half_gets_the_secrets_of_its_identity_and_touches_no_other(writing: bool, mine: str, others: str) -> None:
    variables = Watched(an_environment().others)
    found = openings(ACCOUNT, Environment(others=variables), writing=writing)
    secret = found.secret("key")
    assert secret is not None
    assert secret.reveal() == mine
    assert not [name for name in variables.asked if others in name]
    assert mine not in repr(found)


def test_an_opening_says_where_to_ask_and_how_a_person_signs_in() -> None:
    environment = an_environment(ELSEWHERE_ENDPOINT="https://x.example/", ELSEWHERE_SIGN_IN="browser")
    found = openings(ACCOUNT, environment, writing=False)
    assert (found.account, found.endpoint, found.sign_in) == (ACCOUNT, "https://x.example", "browser")
    assert openings(ACCOUNT, an_environment(), writing=True).endpoint is None


def test_planning_opens_the_reading_half_and_an_apply_both(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, elsewhere="Elsewhere")
    registry, environment = Registry(), an_environment()
    assert str(reader_for(ACCOUNT, environment, registry)) == "reader"
    assert str(writer_for(ACCOUNT, environment, registry)) == "writer"
    keys = [(half, secret.reveal()) for half, given in Elsewhere.opened if (secret := given.secret("key"))]
    assert keys == [("reader", "of the reader"), ("writer", "of the writer")]


def test_an_account_that_lacks_an_option_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, elsewhere="Elsewhere")
    with pytest.raises(InputError, match="missing option: 'site' for a, by elsewhere") as caught:
        reader_for(AccountSettings("a", "elsewhere"), an_environment(), Registry())
    assert (caught.value.code, caught.value.hint) == ("missing-option", "add it under options; 'site' is which site")
    assert Elsewhere.opened == []


def test_what_a_provider_raises_when_it_is_opened_is_its_own_trouble_and_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    offer(monkeypatch, elsewhere="Clumsy")
    registry, environment = Registry(), read_environment({"RECONCILE_READER_KEY": CANARY})
    with pytest.raises(ProviderTrouble) as caught:
        reader_for(ACCOUNT, environment, registry)
    assert caught.value.code == "provider-broken"
    assert caught.value.message == "the provider elsewhere failed with ValueError when it was opened"
    assert CANARY not in f"{caught.value.message}{caught.value.hint}"
    assert caught.value.__suppress_context__
    with pytest.raises(WrongTenant, match="not yours"):
        writer_for(ACCOUNT, environment, registry)


def test_a_provider_without_its_library_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, elsewhere="Needy")
    with pytest.raises(ExtraMissing) as caught:
        reader_for(ACCOUNT, an_environment(), Registry())
    assert caught.value.hint == "install the package that offers it with all that it needs"


def test_variables_are_judged_by_the_slots_of_the_providers(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, elsewhere="Elsewhere")
    judge_variables(an_environment(STRIPE_KEY="x", PARTNER_CENTER_ENDPOINT="y"), [ACCOUNT], Registry())
    with pytest.raises(UsageError, match="unknown environment variable RECONCILE_WRITER_KEYS") as caught:
        judge_variables(an_environment(WRITER_KEYS="x"), [ACCOUNT], Registry())
    assert caught.value.hint == "did you mean 'RECONCILE_WRITER_KEY'?"


def test_where_no_provider_has_a_variable_none_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry()
    monkeypatch.setattr(Registry, "_load", lambda self, name: pytest.fail(f"{name} is loaded"))
    judge_variables(read_environment({"RECONCILE_STORE": "x"}), [AccountSettings("a", "stripe")], registry)
