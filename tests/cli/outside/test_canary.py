"""A marker stands in every slot that holds a secret: it is in nothing that is printed, written, stored or logged."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import stripe
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from reconciler.testing.emulators.microsoft import MicrosoftEmulator, Principal
from tests.builders import NOW
from tests.cli.outside.world import Outside
from tests.cli.world import Done

MARK = "canarycanary"
SECRET = "canary" * 12
"""As long as real tokens are."""


@dataclass
class Canary:
    """Watches everything that leaves a command."""

    place: Outside
    logged: pytest.LogCaptureFixture
    temporary: Path
    credential: str
    printed: list[Done] = field(default_factory=list)

    def run(self, *words: str) -> Done:
        """Any command."""
        self.printed.append(self.place.run(*words))
        return self.printed[-1]

    def silent(self) -> None:
        """The marker is nowhere; what was watched is not nothing."""
        assert self.printed
        for done in self.printed:
            assert MARK not in done.out + done.err
        for folder in (self.place.world.root, self.temporary):
            for file in folder.rglob("*"):
                assert MARK not in file.name
                assert not file.is_file() or MARK.encode() not in file.read_bytes(), file
        formatter = logging.Formatter()
        for record in self.logged.records:
            assert MARK not in formatter.format(record) + repr(record.__dict__), record.name


@pytest.fixture
def canary(
    place: Outside, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Canary]:
    """The owner's credential is the marker, everything is logged, and reports of bugs are kept where we look."""
    caplog.set_level(logging.DEBUG)
    for name in ("azure", "msal", "urllib3", "requests", "stripe"):
        caplog.set_level(logging.DEBUG, logger=name)
    monkeypatch.setattr(stripe, "log", "debug")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    credential = f"sk_test_{SECRET}" if place.house.provider == "stripe" else SECRET
    emulator = place.house.emulator
    if isinstance(emulator, MicrosoftEmulator):
        emulator.principals[credential] = Principal("Owner", "owner", "70000000-0000-0000-0000-000000000003")
    monkeypatch.setattr("reconciler.testing.emulators.stripe_keys.OWNER", credential)
    monkeypatch.setattr("reconciler.testing.emulators.partner_center.OWNER", credential)
    watching = Canary(place, caplog, temporary, credential)
    yield watching
    watching.silent()


def _given(canary: Canary, monkeypatch: pytest.MonkeyPatch, *, by_file: bool) -> None:
    variable = canary.place.house.variable()
    if by_file:
        held = canary.temporary.parent / "held"
        held.write_text(f"{canary.credential}\n", encoding="utf-8")
        monkeypatch.setenv(f"{variable}_FILE", str(held))
    else:
        monkeypatch.setenv(variable, canary.credential)


@pytest.mark.parametrize("by_file", [False, True], ids=["in the environment", "in a file"])
def test_nothing_that_a_command_leaves_holds_a_secret(
    canary: Canary, monkeypatch: pytest.MonkeyPatch, by_file: bool
) -> None:
    _given(canary, monkeypatch, by_file=by_file)
    place = canary.place
    place.declare(count=2)
    codes = [canary.run("whoami", *words).code for words in ((), ("--format", "json"))]
    formats = ("text", "json", "markdown", "github")
    codes += [canary.run("--dry-run", "--format", name, "--out", f"{name}=plan.{name}").code for name in formats]
    codes.append(canary.run("plan", "-o", "plan.saved").code)
    codes.append(canary.run("apply", "plan.saved").code)
    place.declare({1: place.house.ending}, count=2)
    codes.append(canary.run("--format", "json", "--out", "markdown=applied.md").code)
    assert place.effects == ["s1"], "it was signed in with the marker"
    codes += [canary.run(*words).code for words in _LOOKING]
    assert set(codes) == {0}


_LOOKING = [
    ("history", "--format", "json"),
    ("show", "cloud/s1"),
    ("explain", "cloud/s1"),
    ("status", "--format", "json"),
    ("report", "-o", "report.html"),
    ("store", "export", "store.jsonl"),
    ("store", "check"),
    ("refresh",),
    ("forecast",),
    ("tasks",),
]


@pytest.mark.parametrize("kind", ["drop-before-commit", "invalid-json", "echo", "refused"])
def test_no_trouble_tells_a_secret(canary: Canary, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    _given(canary, monkeypatch, by_file=False)
    canary.place.end(1)
    said = {"code": "Wrong", "description": f"Bearer {canary.credential}", "message": f"no: {canary.credential}"}
    echo = {"status": 401 if kind == "refused" else 500, "body": {**said, "error": said}}
    bent = "status" if kind in ("echo", "refused") else kind
    canary.place.fault(bent, "", None, echo if bent == "status" else None)
    assert [canary.run(*words).code for words in ((), ("--dry-run",), ("whoami",), ("refresh",))] == [1, 1, 1, 1]
    canary.place.house.emulator.faults.clear()
    canary.place.fault(bent, canary.place.house.writing, None, echo if bent == "status" else None)
    assert canary.run().code in (0, 5, 6)
    canary.run("history")


def test_no_failing_sign_in_tells_a_secret(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    others = f"{canary.credential}X"
    monkeypatch.setenv(canary.place.house.variable(), others)
    assert [canary.run(*words).code for words in ((), ("--dry-run", "--format", "json"), ("whoami",))] == [1, 1, 1]
    assert "sign-in-failed" in canary.printed[0].out


@pytest.mark.parametrize("place", ["stripe"], indirect=True)
@pytest.mark.parametrize(
    "variables",
    [
        pytest.param({"RECONCILE_STRIPE_KEZ": SECRET}, id="a misspelt name"),
        pytest.param({"RECONCILE_STRIPE_KEY": SECRET}, id="no key at all"),
        pytest.param({"RECONCILE_STRIPE_KEY": f"sk_test_{SECRET}\nX"}, id="a line end within"),
        pytest.param({"RECONCILE_STRIPE_KEY_FILE": SECRET}, id="the secret where its file should be named"),
        pytest.param({"RECONCILE_STRIPE_KEY": SECRET, "RECONCILE_STRIPE_KEY_FILE": SECRET}, id="given twice"),
        pytest.param({"RECONCILE_STRIPE_ENDPOINT": f"https://me:{SECRET}@localhost:1"}, id="in an address"),
        pytest.param({"RECONCILE_STRIPE_SIGN_IN": SECRET}, id="as a way to sign in"),
        pytest.param({"RECONCILE_LOCK_TIMEOUT": "1s", "RECONCILE_CLOUD_KEY": SECRET}, id="of an unknown identity"),
    ],
)
def test_a_secret_in_the_wrong_place_is_not_quoted(
    canary: Canary, monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str]
) -> None:
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    for words in ((), ("--dry-run", "--format", "json"), ("whoami",)):
        assert canary.run(*words).code in (1, 3, 5, 64)


@pytest.mark.parametrize("place", ["microsoft", "partner-center"], indirect=True)
@pytest.mark.parametrize("text", [f"{SECRET}\nX", f"{SECRET}\r\nEvil: yes", f"{SECRET}\u20ac"])
def test_a_token_that_no_header_can_hold_is_not_quoted(
    canary: Canary, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv(canary.place.house.variable(), text)
    assert [canary.run(*words).code for words in ((), ("--dry-run",), ("whoami",))] == [1, 1, 1]
    assert all("give the token alone, on one line" in done.out for done in canary.printed)


def _certificate(folder: Path) -> Path:
    """A certificate with its key, with the marker before it and in its name."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW + timedelta(days=900))
    signed = made.sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / f"{SECRET}.pem"
    file.write_bytes(f"# {SECRET}\n".encode() + private + signed.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.mark.parametrize("place", ["microsoft", "partner-center"], indirect=True)
@pytest.mark.parametrize("how", ["client_secret", "certificate_file", "token", "AZURE_CLIENT_SECRET"])
def test_no_slot_of_a_real_sign_in_is_told(
    canary: Canary, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    identity = canary.place.house.provider.upper().replace("-", "_")
    monkeypatch.delenv(canary.place.house.endpoint)
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", "https://localhost:1")  # nobody is there
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # the default chain tries again by itself
    if how.startswith("AZURE"):
        for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID"):
            monkeypatch.setenv(name, "20000000-0000-0000-0000-000000000001")
        monkeypatch.setenv(how, SECRET)
    else:
        held = str(_certificate(tmp_path)) if how == "certificate_file" else SECRET
        monkeypatch.setenv(f"RECONCILE_{identity}_CLIENT_ID", f"id-{SECRET}")
        monkeypatch.setenv(f"RECONCILE_{identity}_{how.upper()}", held)
    assert [canary.run(*words).code for words in ((), ("--dry-run",), ("whoami",))] == [1, 1, 1]
    codes = {"token": "sign-in-failed", "AZURE_CLIENT_SECRET": "credentials-missing"}
    assert f"{codes.get(how, 'unreachable')}: " in canary.printed[0].out


def test_a_bug_and_its_report_tell_no_secret(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    _given(canary, monkeypatch, by_file=False)
    canary.place.adopt()
    canary.place.end(1)
    for name in _BROKEN:
        with monkeypatch.context() as broken:
            broken.setattr(name, _fails)
            assert canary.run().code == 70
    assert len(list(canary.temporary.glob("reconcile-bug-*.log"))) == len(_BROKEN)


_BROKEN = (
    "reconciler.runtime.Runtime.inputs",
    "reconciler.services.Services.eyes",
    "reconciler.observing.observe_accounts",
    "reconciler.reconcile.review",
    "reconciler.services.Services.served",
    "reconciler.services.carry_out",
)
"""Functions and methods that hold much of a command, the environment included."""


def _fails(*arguments: object, **named: object) -> None:
    held = (arguments, named)
    raise RuntimeError(f"{held!r:.100000}")


@pytest.mark.parametrize("place", ["stripe"], indirect=True)
def test_what_a_provider_raises_with_a_secret_in_it_is_told_by_its_class_alone(
    canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    _given(canary, monkeypatch, by_file=False)
    canary.place.end(1)
    raising: Callable[..., object] = _raising(canary.credential)
    for name in ("StripeProvider.reader", "StripeReader.observe", "StripeReader.get", "StripeWriter._set"):
        with monkeypatch.context() as broken:
            broken.setattr(f"reconciler.providers.stripe.provider.{name}", raising)
            assert canary.run().code in (0, 1, 5, 6)
            canary.run("whoami")
    canary.run("history")


def _raising(text: str) -> Callable[..., object]:
    def raises(*arguments: object, **named: object) -> object:
        raise ValueError(f"bad value: {text}")

    return raises
