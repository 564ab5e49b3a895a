"""Credentials that are expired, wrong, missing or somebody else's, and a role that is too weak: nothing is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.outside.world import Outside, barred, outcomes, told
from tests.cli.world import kinds

ALL = ("s1", "s2", "s3")
BARRED = {"sign-in-failed", "credentials-missing", "wrong-tenant", "role-too-weak"}


def _expire(place: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(place.house.variable(), place.house.expired)


def _mistake(place: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(place.house.variable(), place.house.wrong)


def _lose(place: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(place.house.endpoint)  # only loopback has a credential of its own
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")


def _elsewhere(place: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    place.account(place.house.others)


TROUBLES = [
    pytest.param(_expire, "sign-in-failed", id="expired"),
    pytest.param(_mistake, "sign-in-failed", id="wrong"),
    pytest.param(_lose, "credentials-missing", id="missing"),
    pytest.param(_elsewhere, "wrong-tenant", id="of another tenant"),
]


@pytest.mark.parametrize(("spoil", "code"), TROUBLES)
def test_without_the_right_credentials_nothing_is_planned_and_nothing_sent(
    place: Outside, monkeypatch: pytest.MonkeyPatch, spoil: object, code: str
) -> None:
    assert callable(spoil)
    place.end(1)
    with monkeypatch.context() as spoilt:
        spoil(place, spoilt)
        planned = place.plan("--detailed-exitcode")
        assert (planned.code, planned.document["changes"]) == (1, [])
        assert barred(planned.document) == [(name, code) for name in ALL]
        for block in planned.document["blocked"]:
            assert block["detail"], "what is known"
            assert block["hint"], "what to do"
        done = place.apply()
        ends = 3 if code == "wrong-tenant" else 1
        assert (done.code, outcomes(done.document), barred(done.document)) == (ends, [], barred(planned.document))
        asked = place.run("whoami")
        assert asked.code == ends
        assert code in asked.out
    assert (place.written, place.effects) == ([], [])
    place.account()
    assert place.apply().code == 0
    assert place.effects == ["s1"]
    place.converged()


@pytest.mark.parametrize(("spoil", "code"), TROUBLES[:1])
def test_the_trouble_of_one_account_stops_no_other(
    place: Outside, monkeypatch: pytest.MonkeyPatch, spoil: object, code: str
) -> None:
    assert callable(spoil)
    fields = f"provider: {place.house.provider}, {place.house.account}"
    place.world.write("reconcile.yaml", f"version: 1\naccounts:\n  cloud: {{{fields}}}\n  own: {{provider: ledger}}\n")
    place.world.specs(
        "spb:\n  facts: {product: SPB, term: annual, start: 2026-02-14}", file="specs/own.yaml", account="own"
    )
    place.end(1)
    spoil(place, monkeypatch)
    done = place.apply()
    assert (done.code, kinds(done.document)) == (5, [("own/spb", "register")])
    assert [found for _, found in barred(done.document)] == [code] * 3
    assert place.effects == []


def test_a_reader_can_plan_and_what_it_may_not_write_fails_clearly(
    place: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.adopt()
    place.end(1, 2)
    with monkeypatch.context() as weak:
        weak.setenv(place.house.variable(), place.house.reader)
        planned = place.plan()
        assert (planned.code, len(planned.document["changes"])) == (0, 2)
        done = place.apply()
        assert done.code == 1
        assert {(outcome, code) for _, _, outcome, code in outcomes(done.document)} <= {
            ("failed", "role-too-weak"),
            ("skipped", "role-too-weak"),
        }
        assert ("failed", "role-too-weak") in {found[2:] for found in outcomes(done.document)}
        assert any(word in told(done.document) for word in ("role", "permission")), "what to do"
    assert (place.effects, place.house.renews(1)) == ([], True)
    assert place.apply().code == 0
    assert sorted(place.effects) == ["s1", "s2"]
    place.converged()


def test_planning_never_touches_the_secret_of_who_may_write(
    place: Outside, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place.adopt()
    place.end(1)
    place.account(more=", plan_as: looker, apply_as: writer")
    held = tmp_path / "secret"
    monkeypatch.setenv(place.house.variable("looker"), place.house.reader)
    monkeypatch.setenv(f"{place.house.variable('writer')}_FILE", str(held))
    planned = place.plan()
    assert (planned.code, len(planned.document["changes"])) == (0, 1), "the file is not even there"
    done = place.apply()
    assert (done.code, [found[2:] for found in outcomes(done.document)]) == (1, [("failed", "unusable-secret")])
    assert place.house.variable("writer") in told(done.document)
    held.write_text(f"{place.house.expired}\n", encoding="utf-8")
    done = place.apply()
    assert (done.code, [found[2:] for found in outcomes(done.document)]) == (1, [("failed", "sign-in-failed")])
    assert place.written == []
    held.write_text(f"{place.house.owner}\n", encoding="utf-8")
    assert place.apply().code == 0
    assert place.effects == ["s1"]
    place.converged()


def test_whoami_says_who_it_is_with_each_sort_of_credentials(place: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    for credential, code in [(place.house.owner, 0), (place.house.reader, 0), (place.house.expired, 1)]:
        monkeypatch.setenv(place.house.variable(), credential)
        done = place.run("whoami", "--format", "json")
        assert (done.code, done.document["accounts"][0]["account"]) == (code, "cloud")
