"""The provider as the entry point names it: what it promises before anything is opened, and what opening refuses."""

from __future__ import annotations

import subprocess
import sys

import pytest

from reconciler.errors import ExtraMissing, SignInFailed, WrongTenant
from reconciler.ports import Provider
from reconciler.providers.microsoft import MicrosoftProvider
from tests.providers.microsoft.wire import an_opening


def test_loading_it_imports_no_sdk() -> None:
    heavy = "azure msal requests urllib3 cryptography"
    code = (
        "import sys; from reconciler.providers.microsoft import MicrosoftProvider; MicrosoftProvider();"
        f"print([name for name in '{heavy}'.split() if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_it_is_a_provider() -> None:
    provider: Provider = MicrosoftProvider()
    assert (provider.api_version, provider.name, provider.lifecycle) == (
        1,
        "microsoft",
        "microsoft-customer-agreement",
    )
    assert set(provider.options) == {"billing_account"}
    assert provider.required == ("tenant", "billing_account")
    assert provider.secrets == ("client_id", "client_secret", "certificate_file", "token")


def test_opening_asks_nobody() -> None:
    MicrosoftProvider().reader(an_opening("http://127.0.0.1:9")).close()
    MicrosoftProvider().writer(an_opening("http://127.0.0.1:9")).close()


@pytest.mark.parametrize("url", ["http://management.azure.com", "http://127.0.0.1.evil.example", "ftp://127.0.0.1.x"])
def test_plain_http_beyond_this_machine_is_refused(url: str) -> None:
    with pytest.raises(SignInFailed, match="https only"):
        MicrosoftProvider().reader(an_opening(url))


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "a b", "a?b", "a#b"], ids=repr)
def test_a_billing_account_that_is_no_id_is_refused(name: str) -> None:
    with pytest.raises(WrongTenant, match="no id of a billing account"):
        MicrosoftProvider().reader(an_opening("http://127.0.0.1:9", options={"billing_account": name}))


def test_a_missing_sdk_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "reconciler.providers.microsoft.api", raising=False)
    monkeypatch.delattr("reconciler.providers.microsoft.api", raising=False)
    monkeypatch.setitem(sys.modules, "azure.mgmt.billing", None)
    with pytest.raises(ExtraMissing) as missing:
        MicrosoftProvider().reader(an_opening("http://127.0.0.1:9"))
    assert missing.value.code == "extra-missing"
    assert missing.value.hint == "pip install 'subscription-reconciler[microsoft]'"
