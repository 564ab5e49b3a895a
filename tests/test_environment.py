"""What the surroundings say: our variables, and who runs this."""

from __future__ import annotations

import os
import pwd
import socket

import pytest

from reconciler.environment import KNOWN, read_environment
from reconciler.errors import UsageError
from reconciler.model import Money
from reconciler.settings import LimitName


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


def test_a_misspelt_brake_is_not_lost_in_silence() -> None:
    with pytest.raises(UsageError) as caught:
        read_environment({"RECONCILE_MAX_ENDING": "5"})
    assert caught.value.code == "unknown-variable"
    assert caught.value.message == "unknown environment variable RECONCILE_MAX_ENDING"
    assert caught.value.hint == "did you mean 'RECONCILE_MAX_ENDINGS'?"


def test_a_variable_like_none_of_ours_is_told_all_of_them() -> None:
    with pytest.raises(UsageError) as caught:
        read_environment({"RECONCILE_QQQQQQQQQQQQQQQQQQQQ": "x", "PATH": "/bin"})
    assert caught.value.hint == f"known are: {', '.join(sorted(KNOWN))}"


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
