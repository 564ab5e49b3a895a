"""Freezing, thawing, forgetting, and the store as a whole."""

from __future__ import annotations

import json
import sqlite3

import pytest

from reconciler.cli.session import apply_code
from reconciler.journal import OutcomeKind
from reconciler.progress import Untold
from reconciler.reconcile import Pass
from reconciler.runtime import Options, Runtime
from tests.cli.world import World, kinds

MONTHLY = """
visio:
  facts: {product: VISIOCLIENT, term: monthly, start: 2026-03-31}
"""
YEARLY = """
teams:
  facts: {product: SPB, term: annual, start: 2026-02-14}
"""


@pytest.fixture
def applied(world: World) -> World:
    """Two subscriptions, recorded."""
    world.specs(MONTHLY + YEARLY.lstrip("\n"))
    assert world.apply().code == 0
    return world


def test_while_frozen_nothing_is_applied_and_the_plan_says_why(applied: World) -> None:
    done = applied.run("freeze", "--reason", "year-end closing", as_of=None)
    assert done.code == 0
    assert done.last == "Frozen. To end it: reconcile thaw"
    applied.specs(MONTHLY + "  recurring: off\n" + YEARLY.lstrip("\n"))
    looked = applied.dry_run("--detailed-exitcode")
    assert (looked.code, looked.document["refused"][0]["limit"]) == (3, "frozen")
    assert "year-end closing" in looked.document["refused"][0]["detail"]
    refused = applied.apply()
    assert refused.code == 3
    assert applied.run("thaw", as_of=None).last == "Thawed. It was frozen for: year-end closing"
    assert applied.apply().code == 0


def test_a_freeze_says_what_renews_meanwhile(applied: World) -> None:
    done = applied.run("freeze", "--reason", "closing", "--until", "2099-01-01", "--format", "json", as_of=None)
    renews = done.document["renews"]
    assert {row["subscription"] for row in renews} == {"contoso/visio", "contoso/teams"}
    assert done.document["until"] == "2099-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param(["--reason", "x", "--until", "2020-01-01"], 64, id="an end that has passed"),
        pytest.param(["--reason", " "], 64, id="a reason that says nothing"),
        pytest.param([], 64, id="no reason"),
    ],
)
def test_a_freeze_that_means_nothing_is_wrong_usage(applied: World, words: list[str], code: int) -> None:
    assert applied.run("freeze", *words, as_of=None).code == code


def test_thawing_what_is_not_frozen_says_so(applied: World) -> None:
    assert applied.run("thaw", as_of=None).last == "Nothing was frozen."


def test_a_freeze_without_a_store_is_told(world: World) -> None:
    done = world.run("freeze", "--reason", "x", as_of=None)
    assert done.code == 1
    assert "there is no store" in done.err


def test_only_an_unmanaged_record_is_forgotten_and_its_history_stays(applied: World) -> None:
    declared = applied.run("forget", "contoso/visio", as_of=None)
    assert declared.code == 1
    assert "is declared at specs/contoso.yaml:4:3" in declared.err
    applied.specs(YEARLY)
    done = applied.run("forget", "contoso/visio", "--reason", "sold", as_of=None)
    assert done.code == 0
    assert [row["subscription"] for row in applied.run("status", "--format", "json").document["subscriptions"]] == [
        "contoso/teams"
    ]
    entries = applied.run("history", "contoso/visio", "--format", "json").document["entries"]
    assert [(entry["kind"], entry["reason"]) for entry in entries] == [("register", None), ("forget", "sold")]
    assert applied.run("forget", "contoso/visio", as_of=None).code == 1


def test_a_protected_record_is_not_forgotten(world: World) -> None:
    world.specs(MONTHLY + "  protect: true\n" + YEARLY.lstrip("\n"))
    world.apply()
    world.specs(YEARLY)
    done = world.run("forget", "contoso/visio", as_of=None)
    assert done.code == 5
    assert "contoso/visio is protected" in done.err


def test_nothing_is_forgotten_while_frozen(applied: World) -> None:
    applied.specs(YEARLY)
    applied.run("freeze", "--reason", "closing", as_of=None)
    assert applied.run("forget", "contoso/visio", as_of=None).code == 3


def test_the_store_goes_out_and_comes_back_the_same(applied: World) -> None:
    out = applied.root / "export.jsonl"
    assert applied.run("store", "export", str(out), as_of=None).code == 0
    applied.store.unlink()
    assert applied.run("store", "import", str(out), as_of=None).code == 0
    again = applied.root / "again.jsonl"
    applied.run("store", "export", str(again), as_of=None)
    assert again.read_bytes() == out.read_bytes()
    assert applied.dry_run().document["changes"] == []
    refused = applied.run("store", "import", str(out), as_of=None)
    assert refused.code == 1


def test_an_export_that_was_cut_or_edited_is_refused_and_leaves_nothing(applied: World) -> None:
    out = applied.root / "export.jsonl"
    applied.run("store", "export", str(out), as_of=None)
    whole = out.read_bytes()
    applied.store.unlink()
    for broken in (whole[: len(whole) // 2], whole.replace(b"VISIOCLIENT", b"VISIOCLIENX"), b"", b"[]\n", b"\xff\xfe"):
        out.write_bytes(broken)
        done = applied.run("store", "import", str(out), as_of=None)
        assert done.code == 1
        assert "bug" not in done.err
        assert not applied.store.exists()


def test_a_sound_store_is_called_sound_and_a_damaged_one_is_not(applied: World) -> None:
    assert applied.run("store", "check", as_of=None).last == "The store is sound."
    data = bytearray(applied.store.read_bytes())
    data[len(data) // 2 :] = b"\xaa" * (len(data) - len(data) // 2)
    applied.store.write_bytes(bytes(data))
    done = applied.run("store", "check", as_of=None)
    assert done.code == 1
    assert "bug" not in done.err


def test_a_wal_store_is_refused_with_the_command_that_converts_it(applied: World) -> None:
    with sqlite3.connect(applied.store) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    for done in (applied.dry_run(), applied.run("--format", "json")):
        assert done.code == 1
        assert done.document["error"]["code"] == "wal-store"
        assert "PRAGMA journal_mode=DELETE" in done.document["error"]["hint"]


def test_a_pinned_store_that_is_missing_or_another_is_refused(applied: World) -> None:
    lineage = json.loads(applied.run("--dry-run", "--format", "json").out)["bindings"]["store_lineage"]
    settings = "version: 1\nstore: {lineage: %s}\naccounts:\n  contoso: {provider: ledger}\n"
    applied.write("reconcile.yaml", settings % lineage)
    assert applied.apply().code == 0
    kept = applied.store.read_bytes()
    applied.store.unlink()
    looked = applied.dry_run("--detailed-exitcode")
    assert (looked.code, looked.document["refused"][0]["limit"], len(kinds(looked.document))) == (3, "new-store", 2)
    assert applied.apply().code == 3
    assert not applied.store.exists()
    assert applied.apply("--allow", "new-store").code == 0
    assert applied.dry_run().document["bindings"]["store_lineage"] == lineage
    applied.store.write_bytes(kept)
    applied.write("reconcile.yaml", settings % "0b9e4a54-2f6e-4a53-8f0c-2f1f4e0b7c11")
    other = applied.dry_run("--detailed-exitcode")
    assert (other.code, other.document["refused"][0]["limit"]) == (3, "other-store")
    assert applied.run("freeze", "--reason", "x", as_of=None).code == 1


def test_an_instant_before_the_last_recorded_one_is_not_applied(applied: World) -> None:
    applied.specs(MONTHLY + "  recurring: off\n")
    done = applied.apply(as_of="2026-11-22")
    assert done.code == 1
    assert "--as-of lies before the last recorded run" in done.err


def test_a_clock_behind_the_last_run_is_a_warning(applied: World) -> None:
    applied.specs(MONTHLY + "  recurring: off\n" + YEARLY.lstrip("\n"))
    assert applied.apply(as_of="2999-01-01").code == 0
    assert [item["code"] for item in applied.dry_run(as_of=None).document["diagnostics"]] == ["clock-behind"]


def test_a_freeze_stops_a_run_that_is_under_way(applied: World) -> None:
    applied.specs(MONTHLY + "  recurring: off\n" + YEARLY.lstrip("\n"))
    runtime = Runtime(Options(directory=applied.root), environ={})

    def freeze_meanwhile(found: Pass) -> bool:
        assert found.plan.changes
        return applied.run("freeze", "--reason", "wrong file merged", as_of=None).code == 0

    found, report = runtime.apply(freeze_meanwhile, lambda: False, Untold())
    assert report is not None
    assert [item.outcome for item in report.changes] == [OutcomeKind.SKIPPED]
    assert report.frozen is not None
    assert report.frozen.reason == "wrong file merged"
    assert apply_code(found, report) == 3
    applied.run("thaw", as_of=None)
    assert len(applied.dry_run().document["changes"]) == 1


def test_the_export_of_another_store_is_not_taken_in_under_a_pin(applied: World) -> None:
    applied.run("store", "export", "export.jsonl", as_of=None)
    applied.store.unlink()
    settings = (
        "version: 1\nstore: {lineage: 0b9e4a54-2f6e-4a53-8f0c-2f1f4e0b7c11}\naccounts: {contoso: {provider: ledger}}\n"
    )
    applied.write("reconcile.yaml", settings)
    done = applied.run("store", "import", "export.jsonl", "--format", "json", as_of=None)
    assert (done.document["error"]["code"], done.code) == ("other-store", 1)
    assert not applied.store.exists()


def test_an_account_that_is_not_selected_is_not_judged(world: World) -> None:
    world.write(
        "reconcile.yaml", "version: 1\naccounts:\n  contoso: {provider: ledger}\n  fabrikam: {provider: ledger}\n"
    )
    world.specs(MONTHLY)
    world.specs(YEARLY, file="specs/fabrikam.yaml", account="fabrikam")
    world.apply()
    (world.root / "specs/fabrikam.yaml").unlink()
    assert world.dry_run("--detailed-exitcode").code == 3
    assert world.dry_run("--detailed-exitcode", "--select", "contoso/*").code == 0
    assert world.dry_run("--detailed-exitcode", str(world.root / "specs/contoso.yaml")).code == 0
    assert world.dry_run("--detailed-exitcode", "--allow", "empty=fabrikam/*").code == 0


def test_a_narrowed_run_does_not_record_looser_brakes(world: World) -> None:
    names = [f"s{number}" for number in range(12)]
    world.specs("".join(MONTHLY.replace("visio:", f"{name}:") for name in names))
    world.apply()
    loose = "{count: 1000, percent: 100, at_least: 1000}"
    safety = f"safety: {{max_endings: {loose}, max_changes: {loose}}}\n"
    world.write("reconcile.yaml", f"version: 1\naccounts: {{contoso: {{provider: ledger}}}}\n{safety}")
    world.specs("".join(MONTHLY.replace("visio:", f"{name}:") + "  recurring: off\n" for name in names))
    assert world.apply().code == 3
    assert world.apply("--select", "contoso/s1").code == 0
    refused = world.apply("--format", "json")
    assert (refused.code, refused.document["refused"][0]["limit"]) == (3, "max-endings")


@pytest.mark.parametrize(
    "place", ["sqlite:///reconcile.yaml/state.db", f"sqlite:///{'x' * 300}", "sqlite:///loop/state.db"]
)
def test_a_store_that_cannot_be_looked_at_is_not_absent(applied: World, place: str) -> None:
    (applied.root / "loop").symlink_to("loop")
    for command in (["--dry-run"], ["status"], ["history"], ["--yes"]):
        done = applied.run(*command, "--store", place, "--format", "json", as_of=None)
        assert done.code == 1, command
        assert done.document["error"]["code"] in {"unreadable-store", "read-only-store"}


def test_specs_that_are_a_link_out_of_the_repository_are_refused(applied: World) -> None:
    outside = applied.root.parent / "outside"
    (applied.root / "specs").rename(outside)
    (applied.root / "specs").symlink_to(outside)
    done = applied.run("--dry-run", "--format", "json")
    assert [item["code"] for item in done.document["diagnostics"]] == ["link-outside"]
    outside.rename(applied.root / "elsewhere")
    (applied.root / "specs").unlink()
    (applied.root / "specs").symlink_to("elsewhere")
    assert applied.dry_run().code == 0, "a link within the repository is fine"


def test_a_plan_file_without_an_end_is_refused(applied: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.cli.reconciling._PLAN_AT_MOST", 1000)
    done = applied.run("apply", "/dev/zero", "--format", "json")
    assert (done.document["error"]["code"], done.code) == ("not-a-plan", 1)
