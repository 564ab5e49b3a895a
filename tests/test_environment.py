"""What the surroundings say: our variables, and who runs this."""

from __future__ import annotations

import os
import pwd
import socket
import traceback
from dataclasses import asdict
from pathlib import Path

import pytest

from reconciler.environment import KNOWN, LARGEST_SECRET, identities_of, read_environment
from reconciler.errors import InputError, UsageError
from reconciler.model import Money
from reconciler.settings import AccountSettings, LimitName


def test_nothing_set_means_nothing_said() -> None:
    found = read_environment({})
    assert (found.store, found.settings_file, found.lock_timeout, found.caps, found.ci_run) == (
        None,
        None,
        None,
        {},
        None,
    )
    assert (found.actor, found.host) == (pwd.getpwuid(os.getuid()).pw_name, socket.gethostname())


def test_a_user_that_nobody_named_is_told_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert read_environment({}).actor == f"uid {os.getuid()}"


def test_our_variables_are_taken_as_they_are() -> None:
    found = read_environment(
        {"RECONCILE_STORE": "sqlite:///x.db", "RECONCILE_CONFIG": "other.yaml", "RECONCILE_LOCK_TIMEOUT": "30s"}
    )
    assert (found.store, found.settings_file, found.lock_timeout) == ("sqlite:///x.db", "other.yaml", "30s")


@pytest.mark.parametrize("name", sorted(name for name in KNOWN if "_MAX_" not in name))
def test_an_empty_variable_is_one_that_is_not_set(name: str) -> None:
    assert read_environment({name: ""}) == read_environment({})


@pytest.mark.parametrize("name", sorted(name for name in KNOWN if "_MAX_" in name))
def test_an_empty_brake_is_not_one_that_is_lost_in_silence(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} is ''"):
        read_environment({name: ""})


def test_every_limit_has_its_ceiling() -> None:
    found = read_environment(
        {
            "RECONCILE_MAX_CHANGES": "10",
            "RECONCILE_MAX_ENDINGS": "0",
            "RECONCILE_MAX_CANCEL_NOW": "007",
            "RECONCILE_MAX_SPENDING": "999999999",
        }
    )
    assert found.caps == {
        LimitName.MAX_CHANGES: 10,
        LimitName.MAX_ENDINGS: 0,
        LimitName.MAX_CANCEL_NOW: 7,
        LimitName.MAX_SPENDING: 999_999_999,
    }


@pytest.mark.parametrize("text", ["-1", "1.5", "10%", "none", " 5", "\u0665", "\u00b2", "1" * 10, "1" * 5000])
def test_a_ceiling_that_is_no_number_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_environment({"RECONCILE_MAX_ENDINGS": text})
    assert (caught.value.code, caught.value.message) == ("bad-variable", f"RECONCILE_MAX_ENDINGS is {text!r}")
    assert caught.value.hint == "give the number of changes that may pass, such as 5"


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("5000.00 EUR", (Money(500_000, "EUR"),)),
        ("100000 JPY, 5000 EUR", (Money(500_000, "EUR"), Money(100_000, "JPY"))),
        (" 0 EUR ,1.5 KWD", (Money(0, "EUR"), Money(1_500, "KWD"))),
    ],
)
def test_a_ceiling_in_money_names_an_amount_for_each_currency(text: str, amounts: tuple[Money, ...]) -> None:
    found = read_environment({"RECONCILE_MAX_CANCELLED_VALUE": text, "RECONCILE_MAX_SPENT_VALUE": "1 CHF"})
    assert found.value_caps == {
        LimitName.MAX_CANCELLED_VALUE: amounts,
        LimitName.MAX_SPENT_VALUE: (Money(100, "CHF"),),
    }
    assert found.caps == {}


@pytest.mark.parametrize(
    "text",
    [
        *("5000", "EUR", "-5 EUR", "5.001 EUR", "5 eur", "5 XXX", "5 EUR, 6 EUR", "5 EUR,", "5 EUR; 6 JPY", "5EUR"),
        "1234567890123 EUR",
    ],
)
def test_a_ceiling_that_is_no_money_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_environment({"RECONCILE_MAX_SPENT_VALUE": text})
    assert (caught.value.code, caught.value.message) == ("bad-variable", f"RECONCILE_MAX_SPENT_VALUE is {text!r}")
    assert caught.value.hint == (
        "give an amount for each currency that may pass, once: such as 5000.00 EUR, 100000 JPY"
    )


STRIPE = AccountSettings("shop", "stripe", tenant="acct_1")
DIRECT = AccountSettings("direct", "microsoft", plan_as="reader", apply_as="writer-2")
SLOTS = {"stripe": ("key",), "microsoft": ("client_id", "client_secret", "token"), "partner-center": ("token",)}
BUILT_IN = ("ledger", "manual", "microsoft", "partner-center", "stripe")


def judge(environ: dict[str, str], *accounts: AccountSettings) -> list[str]:
    """Judge variables once these accounts are known; answers the providers that were asked for their slots."""
    asked: list[str] = []

    def slots(provider: str) -> tuple[str, ...]:
        asked.append(provider)
        return SLOTS[provider]

    read_environment(environ).judge(accounts, slots, BUILT_IN)
    return asked


def test_a_misspelt_brake_is_not_lost_in_silence() -> None:
    with pytest.raises(UsageError) as caught:
        judge({"RECONCILE_MAX_ENDING": "5"}, AccountSettings("contoso"))
    assert caught.value.code == "unknown-variable"
    assert caught.value.message == "unknown environment variable RECONCILE_MAX_ENDING"
    assert caught.value.hint == "did you mean 'RECONCILE_MAX_ENDINGS'?"


def test_a_variable_like_none_of_ours_is_told_all_of_them() -> None:
    with pytest.raises(UsageError) as caught:
        judge({"RECONCILE_QQQQQQQQQQQQQQQQQQQQ": "", "PATH": "/bin"})
    assert caught.value.hint == f"known are: {', '.join(sorted(KNOWN))}"


@pytest.mark.parametrize(
    "name",
    [
        *("RECONCILE_STRIPE_KEY", "RECONCILE_STRIPE_KEY_FILE", "RECONCILE_STRIPE_ENDPOINT", "RECONCILE_STRIPE_SIGN_IN"),
        *("RECONCILE_READER_CLIENT_ID", "RECONCILE_WRITER_2_CLIENT_SECRET_FILE", "RECONCILE_MICROSOFT_ENDPOINT"),
        *("RECONCILE_MICROSOFT_TOKEN", "RECONCILE_PARTNER_CENTER_TOKEN", "RECONCILE_PARTNER_CENTER_ENDPOINT"),
    ],
)
def test_a_variable_of_a_provider_or_an_identity_means_something(name: str) -> None:
    judge({name: "x"}, STRIPE, DIRECT)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("RECONCILE_STRIPE_KEYS", "RECONCILE_STRIPE_KEY"),
        ("RECONCILE_STRIPE_CLIENT_ID", ""),
        ("RECONCILE_READER_KEY", ""),
        ("RECONCILE_RAEDER_CLIENT_SECRET", "RECONCILE_READER_CLIENT_SECRET"),
        ("RECONCILE_READER_ENDPOINT", ""),
        ("RECONCILE_LEDGER_ENDPOINT", ""),
        ("RECONCILE_MICROSOFT", ""),
    ],
)
def test_one_that_nothing_can_make_sense_of_is_wrong_usage(name: str, hint: str) -> None:
    with pytest.raises(UsageError, match=f"unknown environment variable {name}$") as caught:
        judge({name: "hunter2"}, STRIPE, DIRECT)
    assert hint in caught.value.hint
    assert "hunter2" not in caught.value.hint


def test_providers_are_asked_for_their_slots_only_where_there_is_something_to_judge() -> None:
    assert judge({"RECONCILE_STORE": "x"}, STRIPE, DIRECT) == []
    assert judge({"RECONCILE_PARTNER_CENTER_TOKEN": "x"}) == ["partner-center"]
    assert set(judge({"RECONCILE_STRIPE_KEY": "x"}, STRIPE, DIRECT)) == {"stripe", "microsoft"}


def test_two_identities_never_share_a_variable_by_chance() -> None:
    one = AccountSettings("one", "site", plan_as="reader")
    other = AccountSettings("other", "site", plan_as="reader-api")
    environment = read_environment({"RECONCILE_READER_API_KEY": "x"})
    with pytest.raises(UsageError, match="RECONCILE_READER_API_KEY is of reader and of reader-api") as caught:
        environment.judge((one, other), lambda provider: ("api_key", "key"), BUILT_IN)
    assert caught.value.code == "ambiguous-variable"


CANARY = "canary-4711"


def test_a_secret_is_taken_as_it_is_and_shown_by_nothing() -> None:
    environment = read_environment({"RECONCILE_STRIPE_KEY": CANARY, "RECONCILE_STRIPE_ENDPOINT": f"https://{CANARY}"})
    found = environment.secret("stripe", "key")
    assert found is not None
    assert found.reveal() == CANARY
    assert CANARY not in f"{environment!r} {environment} {asdict(environment)}"


def test_an_empty_secret_is_one_that_is_not_set() -> None:
    environment = read_environment({"RECONCILE_STRIPE_KEY": "", "RECONCILE_STRIPE_ENDPOINT": ""})
    assert (environment.secret("stripe", "key"), environment.secret("stripe", "token")) == (None, None)
    assert (environment.endpoint("stripe"), environment.sign_in("stripe")) == (None, None)


@pytest.mark.parametrize(
    ("text", "secret"), [("s\n", "s"), ("s\r\n", "s"), (" s", " s"), ("a\nb\n", "a\nb"), ("gehäuse", "gehäuse")]
)
def test_a_file_holds_a_secret_without_the_line_end_behind_it(tmp_path: Path, text: str, secret: str) -> None:
    (tmp_path / "key").write_bytes(text.encode())
    environment = read_environment({"RECONCILE_PARTNER_CENTER_CLIENT_SECRET_FILE": str(tmp_path / "key")})
    found = environment.secret("partner-center", "client_secret")
    assert found is not None
    assert found.reveal() == secret


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(None, "cannot be read: No such file or directory", id="no such file"),
        pytest.param(b"", "is empty", id="nothing in it"),
        pytest.param(b"\n", "is empty", id="a line end alone"),
        pytest.param(b"\xff\xfe", "is no text", id="no text"),
        pytest.param(b"a\0b", "holds more, or other, than a secret", id="a NUL"),
        pytest.param(b"x" * (LARGEST_SECRET + 1), "holds more, or other, than a secret", id="too much"),
    ],
)
def test_a_file_that_holds_no_secret_is_told_by_its_variable_alone(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    file = tmp_path / CANARY
    if content is not None:
        file.write_bytes(content)
    environment = read_environment({"RECONCILE_STRIPE_KEY_FILE": str(file)})
    with pytest.raises(InputError) as caught:
        environment.secret("stripe", "key")
    assert (caught.value.code, caught.value.message) == (
        "unusable-secret",
        f"the file of RECONCILE_STRIPE_KEY_FILE {reason}",
    )
    assert CANARY not in caught.value.hint
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_the_largest_secret_is_taken(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"x" * LARGEST_SECRET)
    found = read_environment({"RECONCILE_A_B_FILE": str(tmp_path / "key")}).secret("a", "b")
    assert found is not None
    assert len(found.reveal()) == LARGEST_SECRET


@pytest.mark.parametrize("path", ["\0", "."])
def test_a_path_that_is_none_does_not_crash(path: str) -> None:
    with pytest.raises(InputError, match="the file of RECONCILE_A_B_FILE"):
        read_environment({"RECONCILE_A_B_FILE": path}).secret("a", "b")


def test_a_secret_that_is_given_twice_is_wrong_usage() -> None:
    environment = read_environment({"RECONCILE_A_B": "x", "RECONCILE_A_B_FILE": "y"})
    with pytest.raises(UsageError, match="both RECONCILE_A_B and RECONCILE_A_B_FILE are set") as caught:
        environment.secret("a", "b")
    assert caught.value.code == "given-twice"


@pytest.mark.parametrize(
    "text",
    [
        *("https://api.example", "https://api.example:8443", "https://api.example/v1", "http://127.0.0.1:8080"),
        *("http://localhost", "http://[::1]:1", "HTTP://LocalHost:65535", "https://10.0.0.1"),
    ],
)
def test_an_endpoint_is_https_or_this_machine(text: str) -> None:
    assert read_environment({"RECONCILE_PARTNER_CENTER_ENDPOINT": f"{text}/"}).endpoint("partner-center") == text


@pytest.mark.parametrize(
    "text",
    [
        *(
            "http://api.example",
            "http://127.0.0.2",
            "http://0.0.0.0",
            "http://localhost.evil.example",
            "ftp://localhost",
        ),
        *(
            "api.example",
            "https://",
            "https:///v1",
            "//localhost",
            "https://user@api.example",
            "https://u:p@api.example",
        ),
        *("https://api.example?a=b", "https://api.example#a", "https://api.example:0", "https://api.example:99999"),
        *(
            "https://api.example:x",
            "http://localhost\\@evil.example",
            "https://[::1",
            "https://a b",
            "https://ä.example",
        ),
        *("http://localhost\n.evil.example", "http://127.1", "http://[::ffff:127.0.0.1]", "javascript:alert(1)"),
    ],
)
def test_any_other_endpoint_is_wrong_usage_and_not_shown(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_environment({"RECONCILE_STRIPE_ENDPOINT": text}).endpoint("stripe")
    assert (caught.value.code, caught.value.message) == ("bad-endpoint", "RECONCILE_STRIPE_ENDPOINT is no endpoint")
    assert caught.value.hint == "write https://host, or http:// with 127.0.0.1, [::1] or localhost; no user, no ?, no #"


def test_a_person_signs_in_by_device_code_or_browser() -> None:
    for way in ("device-code", "browser"):
        assert read_environment({"RECONCILE_PARTNER_CENTER_SIGN_IN": way}).sign_in("partner-center") == way
    with pytest.raises(UsageError, match="RECONCILE_MICROSOFT_SIGN_IN is no way to sign in") as caught:
        read_environment({"RECONCILE_MICROSOFT_SIGN_IN": "password"}).sign_in("microsoft")
    assert (caught.value.code, caught.value.hint) == ("bad-variable", "write device-code or browser")


def test_an_account_is_read_and_written_as_whom_it_names() -> None:
    assert identities_of(DIRECT) == ("reader", "writer-2")
    assert identities_of(STRIPE) == ("stripe", "stripe")
    assert identities_of(AccountSettings("a", "stripe", plan_as="r")) == ("r", "r")
    assert identities_of(AccountSettings("a", "stripe", apply_as="w")) == ("stripe", "w")


@pytest.mark.parametrize(
    ("environ", "actor"),
    [
        ({"USER": "ada", "LOGNAME": "bob"}, "ada"),
        ({"LOGNAME": "bob"}, "bob"),
        ({"GITLAB_USER_LOGIN": "carl", "USER": "root"}, "carl"),
        ({"GITHUB_ACTOR": "dora", "USER": "runner"}, "dora"),
        ({"RECONCILE_ACTOR": "night run", "GITHUB_ACTOR": "dora"}, "night run"),
        ({"GITHUB_ACTOR": "", "USER": "ada"}, "ada"),
    ],
)
def test_who_applies_is_whom_the_ci_names_before_the_machine(environ: dict[str, str], actor: str) -> None:
    assert read_environment(environ).actor == actor


GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "contoso/licences",
    "GITHUB_RUN_ID": "42",
}


@pytest.mark.parametrize(
    ("environ", "ci_run"),
    [
        (GITHUB, "https://github.com/contoso/licences/actions/runs/42"),
        ({**GITHUB, "RECONCILE_CI_RUN": "run 7"}, "run 7"),
        ({**GITHUB, "GITHUB_ACTIONS": "false"}, None),
        (
            {"CI_JOB_URL": "https://gitlab.example/1", "BUILD_URL": "https://jenkins.example/2"},
            "https://gitlab.example/1",
        ),
        ({"BUILD_URL": "https://jenkins.example/2"}, "https://jenkins.example/2"),
        ({"CI_JOB_URL": "", "BUILD_URL": ""}, None),
    ],
)
def test_a_ci_run_is_known_by_its_link(environ: dict[str, str], ci_run: str | None) -> None:
    assert read_environment(environ).ci_run == ci_run
