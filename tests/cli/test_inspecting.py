"""Looking without touching, starting a repository, and the schemas."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from reconciler.cli.entry import run
from tests.cli.world import SETTINGS, World

SPEC = """
visio:
  facts: {product: VISIOCLIENT, term: monthly, start: 2026-03-31, seats: 2, price: 13.10 EUR}
  recurring: off
  reason: team moved
"""
SUMMARY = "1 subscription: 1 active; 26.20 EUR for one term of each."


@pytest.fixture
def applied(world: World) -> World:
    """One subscription, recorded."""
    world.specs(SPEC)
    assert world.apply().code == 0
    return world


def test_status_shows_the_estate_with_names_and_next_steps(applied: World) -> None:
    done = applied.run("status")
    assert done.code == 0
    for word in ("contoso/visio", "Visio Plan 2", "active", "off", "ends 29 Nov 2026", "26.20 EUR /mo"):
        assert word in done.out
    assert done.last == SUMMARY


def test_status_without_a_store_shows_nothing(world: World) -> None:
    world.specs(SPEC)
    assert world.run("status").last == "No subscriptions are stored."


def test_status_of_a_key_that_is_not_stored_is_wrong_usage(applied: World) -> None:
    done = applied.run("status", "contoso/visoi")
    assert (done.code, "contoso/visoi is not stored" in done.err) == (64, True)


def test_broken_specs_hide_nothing_that_is_stored(applied: World) -> None:
    applied.write("specs/broken.yaml", "version: [1\n")
    done = applied.run("status", "--format", "json")
    assert (done.code, len(done.document["subscriptions"])) == (0, 1)
    assert "the specs have errors" in done.err


def test_show_tells_of_one_subscription_and_its_history(applied: World) -> None:
    done = applied.run("show", "contoso/visio", "--format", "json")
    assert done.document["subscription"]["subscription"] == "contoso/visio"
    assert [entry["kind"] for entry in done.document["entries"]] == ["register"]
    assert "declared at specs/contoso.yaml:4:3" in applied.run("show", "contoso/visio").out


@pytest.mark.parametrize(
    ("key", "said"),
    [
        pytest.param("contoso/nothing", "neither stored nor declared", id="unknown"),
        pytest.param("contoso/teams", "is declared at specs/more.yaml:4:3 and not recorded yet", id="not applied yet"),
    ],
)
def test_show_says_why_there_is_nothing_to_show(applied: World, key: str, said: str) -> None:
    applied.specs(SPEC.replace("visio:", "teams:"), file="specs/more.yaml")
    done = applied.run("show", key)
    assert (done.code, said in done.err) == (1, True)


def test_explain_shows_the_layers_of_a_value(applied: World) -> None:
    applied.write("specs/_defaults.yaml", "version: 1\ndefaults: {recurring: on, owner: it@contoso.example}\n")
    done = applied.run("explain", "contoso/visio")
    assert done.code == 0
    assert "specs/_defaults.yaml:2:23" in done.out
    assert "specs/contoso.yaml:6:16" in done.out
    assert applied.run("explain", "contoso/nothing").code == 1


def test_explain_tells_which_entry_of_a_schedule_is_in_force_at_the_instant(world: World) -> None:
    world.write(
        "specs/contoso.yaml",
        "version: 1\naccount: contoso\nsubscriptions:\n  visio:\n"
        "    facts: {product: VISIOCLIENT, term: annual, start: 2026-06-10}\n    recurring: on\n"
        "    schedule: [{from: 2027-03-01, cancel: none}, {from: 2026-12-01, recurring: off}]\n",
    )
    for as_of, layers in {
        "2026-11-30": ["own keys"],
        "2026-12-01": ["own keys", "schedule"],
        "2027-03-01": ["own keys", "schedule"],
    }.items():
        fields = world.run("explain", "contoso/visio", "--format", "json", as_of=as_of).document["fields"]
        said = {field["field"]: field["layers"] for field in fields}
        assert [layer["layer"] for layer in said["recurring + cancel"]] == layers
        assert [layer["holds"] for layer in said["recurring + cancel"]][-1]
        in_force = [layer["value"]["from"] for layer in said["schedule"] if layer["holds"]]
        assert in_force == ([] if as_of < "2026-12-01" else [as_of])


def test_history_tells_who_decided_and_who_applied(applied: World) -> None:
    entry = applied.run("history", "--format", "json").document["entries"][0]
    assert (entry["subscription"], entry["kind"], entry["outcome"]) == ("contoso/visio", "register", "succeeded")
    assert entry["reason"] == "team moved"
    assert entry["source"] == {"file": "specs/contoso.yaml", "line": 4, "column": 3}
    assert entry["actor"]


def test_the_whole_history_tells_of_freezes_and_that_of_one_subscription_does_not(applied: World) -> None:
    assert applied.run("freeze", "--reason", "year end", as_of=None).code == 0
    assert applied.run("thaw", as_of=None).code == 0
    freezes = applied.run("history", "--format", "json").document["freezes"]
    assert [(item["kind"], item["reason"]) for item in freezes] == [("freeze", "year end"), ("thaw", "year end")]
    text = applied.run("history").out
    assert "frozen\n      why: year end\n" in text
    assert "thawed" in text
    for narrowed in (("contoso/visio",), ("--select", "contoso/*"), ("--exclude", "contoso/teams")):
        assert applied.run("history", *narrowed, "--format", "json").document["freezes"] == []


def test_history_without_a_store_is_empty(world: World) -> None:
    assert world.run("history", "--format", "json").document["entries"] == []


@pytest.mark.parametrize("format_name", ["text", "json", "markdown", "github"])
@pytest.mark.parametrize(
    "words", [["status"], ["show", "contoso/visio"], ["explain", "contoso/visio"], ["history"], ["validate"]]
)
def test_every_view_speaks_every_format(applied: World, words: list[str], format_name: str) -> None:
    done = applied.run(*words, "--format", format_name)
    assert done.code == 0
    assert "contoso/visio" in done.out or "1 subscription" in done.out
    if format_name == "json":
        assert done.document["format_version"] == "1.2"


def test_several_outputs_come_at_once(applied: World) -> None:
    files = {name: applied.root / f"plan.{name}" for name in ("json", "markdown", "github", "text")}
    words = [word for name, file in files.items() for word in ("--out", f"{name}={file}")]
    done = applied.run("--dry-run", *words)
    assert "No changes. 1 subscription matches its spec.\n" in done.out
    assert json.loads(files["json"].read_bytes())["command"] == "plan"
    assert files["text"].read_text() == done.out
    assert files["markdown"].read_text().startswith("<!-- reconcile-plan -->")


def test_an_output_that_cannot_be_written_is_told(applied: World) -> None:
    done = applied.run("--dry-run", "--out", "json=/nowhere/plan.json")
    assert (done.code, "could not be written" in done.err) == (1, True)


def test_init_starts_a_repository_that_works_as_it_stands(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "new"
    root.mkdir()
    fresh = World(root, capfd)
    assert fresh.run("init", "--account", "bakery", as_of=None).code == 0
    looked = fresh.dry_run("--detailed-exitcode")
    assert (looked.code, looked.document["refused"][0]["limit"]) == (3, "new-store")
    assert fresh.apply("--allow", "new-store").code == 0
    assert fresh.apply().last == "No changes. 1 subscription matches its spec."
    again = fresh.run("init", as_of=None)
    assert (again.code, "never overwritten" in again.err) == (1, True)


def test_init_leaves_files_that_are_there(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".gitignore").write_text("mine\n")
    fresh = World(tmp_path, capfd)
    assert "Left as they are: .gitignore" in fresh.run("init", as_of=None).out
    assert (tmp_path / ".gitignore").read_text() == "mine\n"


def test_init_takes_no_nonsense_account(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert World(tmp_path, capfd).run("init", "--account", "Our Bakery", as_of=None).code == 64


def test_the_schemas_are_printed_and_judge_documents(applied: World) -> None:
    assert "specs\tspecs.v1.schema.json" in applied.run("schema", as_of=None).out
    printed = json.loads(applied.run("schema", "specs", as_of=None).out)
    assert printed["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    plan = applied.root / "plan.json"
    applied.run("plan", "-o", str(plan))
    assert applied.run("schema", "plan", "--check", str(plan), as_of=None).last == "As its schema says."
    plan.write_text(plan.read_text().replace('"changes": []', '"changes": 7'))
    wrong = applied.run("schema", "plan", "--check", str(plan), as_of=None)
    assert (wrong.code, "$.changes" in wrong.out) == (1, True)
    told = applied.run("schema", "plan", "--check", str(plan), "--format", "json", as_of=None).document
    assert {item["code"] for item in told["diagnostics"]} == {"schema-mismatch"}
    folder = applied.root / "out"
    assert applied.run("schema", "-o", str(folder), as_of=None).code == 0
    assert json.loads((folder / "specs.v1.schema.json").read_text()) == printed


@pytest.mark.parametrize("words", [["schema", "nothing"], ["schema", "--check", "x"]])
def test_a_schema_that_is_not_there_is_wrong_usage(applied: World, words: list[str]) -> None:
    assert applied.run(*words, as_of=None).code == 64


def test_a_folder_without_settings_says_what_to_do(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["-C", str(tmp_path)]) == 1
    assert (
        "hint: run this at the root of the repository, name it with -C DIR, or start one: reconcile init"
        in capfd.readouterr().err
    )


def test_no_account_is_called_as_the_whole_run_is(world: World) -> None:
    world.write("reconcile.yaml", "version: 1\naccounts:\n  run: {provider: ledger}\n")
    world.specs(SPEC, account="run")
    done = world.dry_run()
    assert [item["code"] for item in done.document["diagnostics"]] == ["reserved-account"]
    assert done.document["diagnostics"][0]["source"] == {"file": "reconcile.yaml", "line": 3, "column": 3}


def test_a_pinned_store_that_is_not_there_does_not_pass_for_an_empty_estate(world: World) -> None:
    world.write("reconcile.yaml", SETTINGS + "store: {lineage: 0b9e4a54-2f6e-4a53-8f0c-2f1f4e0b7c11}\n")
    world.specs(SPEC)
    for command in ("status", "history"):
        done = world.run(command, "--format", "json")
        assert (done.document["error"]["code"], done.code) == ("no-store", 1)
    assert world.apply("--allow", "new-store").code == 0
    world.write("reconcile.yaml", SETTINGS + "store: {lineage: 11111111-2f6e-4a53-8f0c-2f1f4e0b7c11}\n")
    assert world.run("status", "--format", "json").document["error"]["code"] == "other-store"
    assert world.run("store", "check", as_of=None).last == "This is another store than the settings pin."


def test_an_output_that_is_a_pipe_or_a_link_is_written_to_and_stays_one(applied: World) -> None:
    real, link = applied.root / "real.json", applied.root / "link.json"
    real.write_text("old")
    link.symlink_to(real)
    assert applied.run("--dry-run", "--out", f"json={link}").code == 0
    assert link.is_symlink()
    assert json.loads(real.read_bytes())["command"] == "plan"
    assert applied.run("--dry-run", "--out", "json=/dev/null").code == 0
    assert Path("/dev/null").is_char_device()


def test_paths_count_from_the_folder_that_is_named(applied: World) -> None:
    assert applied.run("plan", "-o", "here.json", "--out", "markdown=here.md").code == 0
    assert (applied.root / "here.json").exists()
    assert (applied.root / "here.md").exists()
    assert applied.run("apply", "here.json").code == 0
    assert applied.run("store", "export", "here.jsonl", as_of=None).code == 0
    assert (applied.root / "here.jsonl").exists()


def test_a_reader_that_has_gone_changes_no_exit_code(world: World) -> None:
    world.specs(SPEC)
    words = [sys.executable, "-m", "reconciler", "-C", str(world.root), "--as-of", "2026-11-23"]
    done = subprocess.run(["bash", "-c", 'set -o pipefail; "$@" | true', "-", *words], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert world.run("status").last == SUMMARY


def test_a_bug_says_so_in_the_format_that_was_asked_for(applied: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*words: object, **more: object) -> None:
        raise RuntimeError("a broken promise")

    monkeypatch.setattr("reconciler.runtime.plan_pass", broken)
    monkeypatch.setattr(tempfile, "tempdir", str(applied.root))
    done = applied.run("--dry-run", "--format", "json")
    assert (done.document["error"]["code"], done.code) == ("bug", 70)
    (log,) = applied.root.glob("reconcile-bug-*.log")
    assert "a broken promise" in log.read_text()


@pytest.mark.parametrize(
    ("redirected", "code"),
    [(">&-", 0), (">/dev/full", 1), ("2>&-", 0), (">/dev/full 2>/dev/full", 1)],
    ids=["stdout closed", "stdout full", "stderr closed", "both full"],
)
def test_an_output_that_takes_nothing_is_no_bug(world: World, redirected: str, code: int) -> None:
    world.specs(SPEC)
    words = f"{sys.executable} -m reconciler -C {world.root} --as-of 2026-11-23 {redirected}"
    done = subprocess.run(["bash", "-c", words], capture_output=True, check=False)
    assert (done.returncode, b"bug" in done.stderr) == (code, False), "cannot-print where it is full"
    assert world.run("status").last == SUMMARY
