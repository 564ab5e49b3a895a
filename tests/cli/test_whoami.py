"""`reconcile whoami`: one account's trouble never stops another's, and the worst of them is the exit code."""

from __future__ import annotations

import importlib.metadata
from importlib.metadata import EntryPoint
from typing import Any, ClassVar

import pytest

from reconciler.answers import Identity, Pace, Role
from reconciler.errors import RoleTooWeak, SignInFailed, WrongTenant
from reconciler.observed import ObservedSubscription, Page
from reconciler.ports import Opening, Writer
from reconciler.registry import GROUP
from tests.cli.world import Done, World

CANARY = "canary-4711"
SETTINGS = """
version: 1
accounts:
  books: {provider: ledger}
  shop: {provider: site, tenant: t1, options: {site: one}}
"""


class SiteReader:
    """Signed in as whoever the key says, where its tenant is the account's."""

    pace = Pace(10, 10)
    closed: ClassVar[list[str]] = []

    def __init__(self, opening: Opening) -> None:
        self._account = opening.account
        self._key = opening.secret("key")

    def check(self) -> None:
        if self._key is None:
            raise SignInFailed("credentials-missing", "there is no key", "set RECONCILE_SITE_KEY")
        if self._account.tenant == "other":
            raise WrongTenant("wrong-tenant", "the key is of t1, and the account pins other", "use another key")
        if self._account.tenant == "weak":
            raise RoleTooWeak("role-too-weak", "may read nothing", "ask for more")

    def observe(self, cursor: str | None) -> Page:
        raise NotImplementedError

    def get(self, id: str) -> ObservedSubscription | None:
        raise NotImplementedError

    def whoami(self) -> Identity:
        if self._account.tenant == "broken":
            raise ValueError(self._key.reveal() if self._key else "")
        roles = (Role("clerk\x1b[31m", "everything", ("cancel",)),)
        return Identity("ada@contoso.example", "t1", (("one", "Site One"),), roles)

    def close(self) -> None:
        self.closed.append(self._account.name)


class Site:
    """A provider of an installed package."""

    api_version = 1
    name = "site"
    lifecycle = "plain"
    options: ClassVar[dict[str, str]] = {"site": "which site"}
    required = ("tenant", "site")
    secrets = ("key",)

    def reader(self, opening: Opening) -> SiteReader:
        return SiteReader(opening)

    def writer(self, opening: Opening) -> Writer:
        raise AssertionError("whoami must not open what writes")


@pytest.fixture(autouse=True)
def site(monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider is installed, and its key is in the environment."""
    SiteReader.closed.clear()
    claims = [EntryPoint("site", f"{__name__}:Site", GROUP)]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: claims)
    monkeypatch.setenv("RECONCILE_SITE_KEY", CANARY)


def asked(world: World, settings: str, *words: str) -> Done:
    """What whoami says for these settings; whatever it says, no secret is in it."""
    world.write("reconcile.yaml", settings)
    done = world.run("whoami", *words)
    assert CANARY not in done.out + done.err
    return done


def told(document: dict[str, Any]) -> dict[str, str | None]:
    """Each account with the code of its trouble."""
    return {item["account"]: (item["trouble"] or {}).get("code") for item in document["accounts"]}


def test_each_account_says_who_is_signed_in_and_what_they_may_not_do(world: World) -> None:
    done = asked(world, SETTINGS)
    assert done.code == 0
    for words in ("ada@contoso.example", "t1, as the settings say", "Site One (one)", "may not cancel", "books"):
        assert words in done.out
    assert "\x1b" not in done.out
    assert SiteReader.closed == ["shop"]


def test_the_document_says_the_same_to_machines(world: World) -> None:
    done = asked(world, SETTINGS, "--format", "json")
    books, shop = done.document["accounts"]
    assert (books["account"], books["identity"], books["trouble"]) == ("books", None, None)
    assert (shop["provider"], shop["pinned"], shop["identity"]["name"]) == ("site", "t1", "ada@contoso.example")
    assert shop["identity"]["roles"][0]["lacks"] == ["cancel"]


def test_one_accounts_trouble_stops_no_other_and_a_mismatch_has_its_own_exit_code(world: World) -> None:
    more = "".join(
        f"  {name}: {{provider: site, tenant: {name}, options: {{site: one}}}}\n"
        for name in ("other", "broken", "weak")
    )
    done = asked(world, SETTINGS + more, "--format", "json")
    assert told(done.document) == {
        "books": None,
        "broken": "provider-broken",
        "other": "wrong-tenant",
        "shop": None,
        "weak": "role-too-weak",
    }
    assert done.code == 1
    known = {item["account"] for item in done.document["accounts"] if item["identity"]}
    assert known == {"shop", "other", "weak"}, "who is signed in is known, and that it is not who it should be"
    done = asked(world, SETTINGS + more, "--account", "other", "--account", "shop", "--format", "json")
    assert (done.code, set(told(done.document))) == (3, {"other", "shop"})


def test_without_credentials_it_says_what_to_set(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECONCILE_SITE_KEY")
    done = asked(world, SETTINGS)
    assert done.code == 1
    assert "credentials-missing: there is no key" in done.out
    assert "set RECONCILE_SITE_KEY" in done.out


def test_a_secret_file_that_cannot_be_read_is_the_trouble_of_its_account(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RECONCILE_SITE_KEY")
    monkeypatch.setenv("RECONCILE_SITE_KEY_FILE", f"/nowhere/{CANARY}")
    done = asked(world, SETTINGS, "--format", "json")
    assert (done.code, told(done.document)) == (1, {"books": None, "shop": "unusable-secret"})


def test_accounts_that_share_a_sign_in_and_pin_the_same_are_asked_once(world: World) -> None:
    for folder, tenant in (("f", "t1"), ("g", "t2"), ("h", "t1")):
        world.write(f"specs/{folder}/_account.yaml", f"version: 1\naccount: {folder}\nlike: shop\ntenant: {tenant}\n")
    done = asked(world, SETTINGS, "--format", "json")
    assert list(told(done.document)) == ["books", "f", "g"]
    done = asked(world, SETTINGS, "--account", "shop", "--format", "json")
    assert list(told(done.document)) == ["f", "g"]
    done = asked(world, SETTINGS, "--account", "g", "--format", "json")
    assert list(told(done.document)) == ["g"]


def test_an_account_that_only_lends_its_settings_is_not_asked(world: World) -> None:
    settings = SETTINGS.replace("tenant: t1, ", "")
    done = asked(world, settings, "--format", "json")
    assert (done.code, told(done.document)) == (1, {"books": None, "shop": "missing-option"})
    world.write("specs/f/_account.yaml", "version: 1\naccount: fabrikam\nlike: shop\ntenant: t1\n")
    done = asked(world, settings, "--format", "json")
    assert (done.code, told(done.document)) == (0, {"books": None, "fabrikam": None})


def test_a_broken_account_file_is_told_where_it_stands_and_a_broken_spec_file_is_no_matter(world: World) -> None:
    world.write("specs/x.yaml", "version: 1\naccount: books\nsubscriptions: [\n")
    assert asked(world, SETTINGS).code == 0
    world.write("specs/f/_account.yaml", "version: 1\naccount: fabrikam\nlike: shop\ntenant: t1\noptions: {sight: x}\n")
    done = asked(world, SETTINGS)
    assert done.code == 1
    assert "specs/f/_account.yaml:5:11" in done.err
    assert "unknown option" in done.err


def test_an_account_that_there_is_not_is_wrong_usage(world: World) -> None:
    done = asked(world, SETTINGS, "--account", "shopp", "--format", "json")
    assert (done.code, done.document["error"]["code"]) == (64, "no-such-account")
    assert "did you mean 'shop'" in done.document["error"]["hint"]


def test_two_claims_on_a_name_are_refused_though_no_account_names_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = [EntryPoint("stripe", f"{__name__}:Site", GROUP)]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: claims)
    done = asked(world, "version: 1\naccounts: {books: {}}\n", "--format", "json")
    assert (done.code, done.document["error"]["code"]) == (1, "provider-claimed-twice")


def test_a_variable_that_no_account_has_a_slot_for_is_an_error(world: World) -> None:
    done = asked(world, "version: 1\naccounts: {books: {}}\n")
    assert (done.code, "unknown environment variable RECONCILE_SITE_KEY" in done.err) == (64, True)


def test_a_ledger_alone_needs_no_sign_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECONCILE_SITE_KEY")
    done = asked(world, "version: 1\naccounts: {books: {}, hand: {provider: manual}}\n")
    assert done.code == 0
    assert done.out.count("needs no sign-in") == 2


@pytest.mark.parametrize("format_name", ["markdown", "github"])
def test_the_other_formats_have_the_text(world: World, format_name: str) -> None:
    done = asked(world, SETTINGS, "--format", format_name)
    assert (done.code, "ada@contoso.example" in done.out) == (0, True)
