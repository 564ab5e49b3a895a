"""`reconcile undo RUN` as its user has it: apply, undo, take the patch, apply again, and the record is as before."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.cli.world import World
from tests.counter.patcher import patched

FACTS = "  facts: {product: SPB, term: annual, start: 2026-02-14, seats: 25, price: 20.60 EUR}\n"
LATER = "2026-11-24"
FILE = "specs/contoso.yaml"


def specs(world: World, own: str, *, name: str = "premium", facts: str = FACTS, more: str = "") -> None:
    """One subscription with these own keys."""
    world.specs(f"{name}:\n{facts}{own}", more=more)


def record(world: World, name: str = "premium", as_of: str = LATER) -> dict[str, Any]:
    """A record as it stands, and nothing of how and when it came to."""
    document = world.run("show", f"contoso/{name}", "--format", "json", as_of=as_of).document
    found: dict[str, Any] = document["subscription"]
    return {key: value for key, value in found.items() if key not in ("source", "requested_at")}


def taken(world: World, patch: str) -> None:
    """Apply the patch with git, in a folder that is no repository."""
    subprocess.run(["git", "apply"], cwd=world.root, input=patch.encode(), check=True)


def run_ids(world: World) -> list[str]:
    """Every run of the journal, oldest first."""
    entries = world.run("history", "--format", "json").document["entries"]
    return list(dict.fromkeys(entry["run"] for entry in entries))


WAYS = [
    pytest.param("  recurring: on\n", "  recurring: off\n  reason: moved\n", id="turn-off-recurring"),
    pytest.param("  recurring: off\n", "  recurring: on\n", id="turn-on-recurring"),
    pytest.param("  recurring: on\n", "  cancel:\n    when: at-renewal\n    reason: gone\n", id="cancel-at-renewal"),
    pytest.param("  recurring: off\n", "  recurring: off\n  cancel: at-renewal\n", id="cancel-at-renewal, once off"),
    pytest.param("  cancel: at-renewal\n", "  recurring: on\n", id="undo-cancel"),
    pytest.param("  cancel: at-renewal\n", "  recurring: off\n  cancel: none\n", id="undo-cancel, and off"),
    pytest.param("  owner: a@b\n", "  owner: c@d  # new\n  protect: true\n  labels: {x: 'y'}\n", id="update"),
    pytest.param("  labels: {a: b}\n", "  labels:\n    a: c\n    # d\n    e: f\n", id="update of labels"),
    pytest.param("  protect: true\n", "  protect: false\n", id="update that lifted a protection"),
    pytest.param(
        "",
        "  schedule:\n  - from: 2026-11-01\n    recurring: off\n    reason: planned\n",
        id="turn-off-recurring by the schedule",
    ),
]  # fmt: skip


@pytest.mark.needs("git")
@pytest.mark.parametrize(("first", "second"), WAYS)
def test_each_way_of_undo(world: World, first: str, second: str) -> None:
    specs(world, first)
    world.apply()
    before = record(world)
    specs(world, second)
    assert world.apply().code == 0
    assert record(world) != before
    done = world.run("undo", "last", as_of=LATER)
    assert done.code == 0, done.err
    taken(world, done.out)
    assert world.apply(as_of=LATER).code == 0
    assert record(world) == before
    assert world.apply(as_of=LATER).last == "No changes. 1 subscription matches its spec."


@pytest.mark.needs("git")
@pytest.mark.parametrize(
    "second",
    [
        pytest.param(FACTS.replace("25", "30").replace("20.60", "21.00"), id="update of facts"),
        pytest.param(FACTS.replace("SPB", "'0123'"), id="correct of the product"),
        pytest.param(FACTS.replace("02-14", "05-31"), id="correct of the start"),
        pytest.param(FACTS.replace("annual", "monthly"), id="correct of the term"),
        pytest.param(FACTS.replace("annual", "annual, billing: monthly"), id="correct of the billing"),
    ],
)
def test_facts_go_back(world: World, second: str) -> None:
    specs(world, "")
    world.apply()
    before = record(world)
    specs(world, "", facts=second)
    world.apply()
    assert record(world) != before
    done = world.run("undo", "last", as_of=LATER)
    taken(world, done.out)
    world.apply(as_of=LATER)
    assert (done.code, record(world)) == (0, before)


@pytest.mark.needs("git")
def test_a_rename_goes_back_with_its_history(world: World) -> None:
    specs(world, "  owner: it\n")
    world.apply()
    before = record(world)
    specs(world, "  previously: premium\n  owner: it\n", name="business")
    world.apply()
    taken(world, world.run("undo", "last").out)
    assert "previously: business" in (world.root / FILE).read_text()
    world.apply(as_of=LATER)
    assert record(world) == before
    entries = world.run("history", "contoso/premium", "--format", "json").document["entries"]
    assert [entry["kind"] for entry in entries] == ["register", "rename", "rename"]


@pytest.mark.needs("git")
def test_what_a_rule_did_goes_back_by_own_keys(world: World) -> None:
    specs(world, "")
    world.apply()
    before = record(world)
    specs(world, "", more="rules:\n- match: {product: SPB}\n  set: {cancel: at-renewal, reason: all of them}\n")
    world.apply()
    taken(world, world.run("undo", "last").out)
    world.apply(as_of=LATER)
    assert record(world) == before


@pytest.mark.needs("git")
def test_a_file_of_windows_keeps_its_breaks_and_its_mark(world: World) -> None:
    for word in ("on", "off"):
        specs(world, f"  recurring: {word}")
        file = world.root / FILE
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().rstrip(b"\n").replace(b"\n", b"\r\n"))
        world.apply()
    before = (world.root / FILE).read_bytes()
    taken(world, world.run("undo", "last").out)
    assert (world.root / FILE).read_bytes() == before.replace(b"off", b"on")


def test_a_cancellation_at_once_cannot_be_taken_back(world: World) -> None:
    start = FACTS.replace("2026-02-14", "2026-11-20")
    specs(world, "", facts=start)
    world.apply()
    at_once = "  cancel: {when: immediately, reason: twice, confirm: contoso/premium@2026-11-20}\n"
    specs(world, at_once, facts=start)
    assert world.apply("--allow", "max-cancel-now").code == 0
    done = world.run("undo", "last")
    assert (done.code, done.out) == (5, "")
    assert "a cancellation at once is final; what is bought anew is a subscription of its own" in done.err


def test_a_reactivation_cannot_be_taken_back(world: World) -> None:
    specs(world, "  recurring: off\n")
    world.apply()
    specs(world, "  recurring: on\n")
    world.apply(as_of="2027-02-20")
    done = world.run("undo", "last", as_of="2027-02-21")
    assert (done.code, done.out) == (5, "")
    assert "a new term has begun; `recurring: off` ends it with that term" in done.err


def test_a_registration_goes_by_its_name(world: World) -> None:
    specs(world, "")
    world.apply()
    done = world.run("undo", "last")
    assert (done.code, done.out) == (5, "")
    assert "remove it from the specs, then `reconcile forget contoso/premium`" in done.err
    (world.root / FILE).write_text("version: 1\naccount: contoso\nsubscriptions: {}\n")
    specs(world, "", name="other")
    world.run("forget", "contoso/premium")
    registered = run_ids(world)[0]
    assert world.run("undo", registered).code == 0
    assert "registered anew" in world.run("undo", "last").err


@pytest.fixture
def changed(world: World) -> World:
    """One subscription turned off, and another updated in part."""
    world.specs(f"premium:\n{FACTS}  recurring: on\nvisio:\n{FACTS}  owner: a\n")
    world.apply()
    world.specs(f"premium:\n{FACTS}  recurring: off\nvisio:\n{FACTS}  owner: b\n  labels: {{c: d}}\n  protect: true\n")
    assert world.apply().code == 0
    return world


def test_without_a_patch_for_everything_the_rest_is_printed(world: World) -> None:
    specs(world, "  recurring: on\n")
    world.apply()
    specs(world, "  recurring: off\n  owner: a\n")
    world.apply()
    done = world.run("undo", "last")
    assert done.code == 5
    assert "+    recurring: on" in done.out
    assert "it had none before, and no spec can say that again" in done.err


def test_undo_writes_nothing(changed: World) -> None:
    before = changed.store.read_bytes(), (changed.root / FILE).read_bytes()
    changed.run("undo", "last")
    assert (changed.store.read_bytes(), (changed.root / FILE).read_bytes()) == before


def test_a_document_needs_no_talk(changed: World) -> None:
    done = changed.run("undo", "last", "--format", "json")
    assert (done.code, done.err, done.document["command"]) == (0, "", "undo")
    assert [item["answer"] for item in done.document["changes"]] == ["patch", "patch"]


def test_the_patch_is_all_that_stdout_gets(changed: World) -> None:
    done = changed.run("undo", "last")
    assert (done.code, done.out[:28]) == (0, "--- a/specs/contoso.yaml\n+++")
    assert done.err.startswith("Undo of ")
    assert changed.run("undo", "last", "--quiet").err == ""
    text = patched({FILE: (changed.root / FILE).read_text()}, done.out)[FILE]
    assert "recurring: on" in text


def test_a_run_is_named_by_its_id_or_its_beginning(changed: World) -> None:
    run = run_ids(changed)[1]
    outs = {changed.run("undo", name).out for name in ("last", run, run[:-1])}
    assert len(outs) == 1
    done = changed.run("undo", run[:4], "--format", "json")
    assert (done.code, done.document["error"]["code"]) == (64, "ambiguous-run")


def test_a_patch_that_was_taken_is_asked_for_and_then_back(changed: World) -> None:
    run = run_ids(changed)[1]
    changed.write(FILE, patched({FILE: (changed.root / FILE).read_text()}, changed.run("undo", run).out)[FILE])
    done = changed.run("undo", run)
    assert (done.code, done.out) == (0, "")
    assert "Asked for already: the next apply takes it back (2)" in done.err
    changed.apply(as_of=LATER)
    done = changed.run("undo", run, as_of=LATER)
    assert (done.code, done.out) == (0, "")
    assert "As before already (2)" in done.err


def test_another_run_since_is_the_one_to_be_undone(changed: World) -> None:
    run = run_ids(changed)[1]
    text = (changed.root / FILE).read_text()
    changed.write(FILE, text.replace("recurring: off", "cancel: at-renewal"))
    changed.apply(as_of=LATER)
    done = changed.run("undo", run, as_of=LATER)
    assert done.code == 5
    assert f"reconcile undo {run_ids(changed)[2]}" in done.err


def test_some_of_a_run_can_go_back(changed: World) -> None:
    done = changed.run("undo", "last", "--select", "contoso/vis*")
    assert (done.code, "recurring: on" in done.out, "owner: a" in done.out) == (0, False, True)
    done = changed.run("undo", "last", "--exclude", "contoso/*", "--format", "json")
    assert (done.code, done.document["error"]["code"]) == (64, "nothing-selected")


@pytest.mark.parametrize(
    ("name", "code", "ends"),
    [("2031", "no-such-run", 1), ("", "no-such-run", 1), ("20", "ambiguous-run", 64)],
)
def test_a_run_that_is_not_there_is_told(changed: World, name: str, code: str, ends: int) -> None:
    done = changed.run("undo", name, "--format", "json")
    assert (done.document["error"]["code"], done.code) == (code, ends)


def test_a_run_that_changed_nothing_is_told(changed: World) -> None:
    changed.apply(as_of="2027-02-20")
    run = run_ids(changed)[2]
    done = changed.run("undo", run, "--format", "json", as_of="2027-02-20")
    assert (done.document["error"]["code"], done.code) == ("nothing-to-undo", 1)
    assert "recorded only what time had done" in done.document["error"]["message"]
    assert changed.run("undo", "last", as_of="2027-02-20").code == 5, "an apply since has told that it ended"


def test_a_freeze_is_no_change_of_a_subscription(changed: World) -> None:
    changed.run("freeze", "--reason", "x", as_of=None)
    (freeze,) = changed.run("history", "--format", "json").document["freezes"]
    done = changed.run("undo", freeze["run"], "--format", "json")
    assert (done.code, done.document["error"]["code"]) == (1, "nothing-to-undo")
    assert done.document["error"]["hint"].startswith("reconcile thaw ends a freeze")
    assert changed.run("undo", run_ids(changed)[1]).code == 0, "nothing is applied while frozen, and all can be read"


def test_without_a_store_there_is_nothing_to_undo(world: World) -> None:
    specs(world, "")
    done = world.run("undo", "last", "--format", "json")
    assert (done.code, done.document["error"]["code"]) == (1, "no-store")


def test_specs_with_errors_are_mended_first(changed: World) -> None:
    changed.write("specs/broken.yaml", "version: [1\n")
    assert changed.run("undo", "last").code == 1


def test_a_run_must_be_named(world: World) -> None:
    assert world.run("undo").code == 64


def test_every_format_comes_at_once(changed: World) -> None:
    files = {name: changed.root / f"undo.{name}" for name in ("text", "json", "markdown", "github")}
    words = [word for name, file in files.items() for word in ("--out", f"{name}={file}")]
    done = changed.run("undo", "last", *words)
    assert files["text"].read_text() == done.out
    assert json.loads(files["json"].read_bytes())["patch"] == done.out
    assert f"```diff\n{done.out}```\n" in files["markdown"].read_text()
    assert files["github"].read_text().startswith("--- a/specs/contoso.yaml\n")
