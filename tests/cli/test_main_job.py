"""The main job from end to end: dry run, apply, nothing left to do, and a changed mind."""

from __future__ import annotations

from pathlib import Path

from tests.cli.world import World, codes, kinds

VISIO = """
visio:
  facts: {product: VISIOCLIENT, term: monthly, start: 2026-03-31}
"""


def _tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_without_a_store_everything_is_to_register_and_nothing_is_written(world: World) -> None:
    world.specs(VISIO)
    done = world.dry_run()
    assert done.code == 0
    assert kinds(done.document) == [("contoso/visio", "register")]
    assert done.document["bindings"]["store_lineage"] is None
    assert done.document["headlines"][0].startswith("new store")
    assert not world.store.parent.exists()


def test_an_apply_does_what_the_dry_run_said_and_a_second_has_nothing_to_do(world: World) -> None:
    world.specs(VISIO + "  recurring: off\n")
    said = world.dry_run().document
    done = world.apply("--format", "json")
    assert done.code == 0
    assert done.document["fingerprint"] == said["fingerprint"]
    assert [change["outcome"] for change in done.document["changes"]] == ["succeeded"]
    before = _tree(world.root)
    again = world.apply()
    assert (again.code, again.last) == (0, "No changes. 1 subscription matches its spec.")
    assert world.dry_run().document["changes"] == []
    assert {name: data for name, (data, _) in _tree(world.root).items() if name.endswith(".yaml")} == {
        name: data for name, (data, _) in before.items() if name.endswith(".yaml")
    }


def test_a_dry_run_leaves_every_byte_of_the_store_as_it_was(world: World) -> None:
    world.specs(VISIO)
    world.apply()
    world.specs(VISIO + "  recurring: off\n")
    before = _tree(world.root)
    assert kinds(world.dry_run().document) == [("contoso/visio", "turn-off-recurring")]
    for command in (("status",), ("history",), ("show", "contoso/visio"), ("explain", "contoso/visio"), ("plan",)):
        assert world.run(*command).code == 0
    assert _tree(world.root) == before


def test_a_mind_is_changed_by_an_edit(world: World) -> None:
    world.specs(VISIO + "  cancel: at-renewal\n  reason: not needed\n")
    world.apply()
    world.specs(VISIO + "  recurring: on\n")
    assert kinds(world.apply("--format", "json").document) == [("contoso/visio", "undo-cancel")]
    shown = world.run("status", "--format", "json").document["subscriptions"][0]
    assert (shown["recurring"], shown["cancellation"], shown["renews"]) == ("on", "none", "2026-11-30")


def test_an_immediate_cancellation_needs_the_line_that_the_dry_run_prints(world: World) -> None:
    first_days = "2026-11-03"  # of the term: the window is open
    world.specs(VISIO)
    world.apply(as_of=first_days)
    world.specs(VISIO + "  cancel: {when: immediately, reason: duplicate}\n")
    found = world.dry_run(as_of=first_days).document
    assert codes(found) == [("contoso/visio", "confirmation-missing")]
    assert "confirm: contoso/visio@2026-10-31" in found["blocked"][0]["hint"]
    assert world.apply(as_of=first_days).code == 5
    confirmed = "  cancel: {when: immediately, reason: duplicate, confirm: contoso/visio@2026-10-31}\n"
    world.specs(VISIO + confirmed)
    done = world.apply("--format", "json", as_of=first_days)
    assert (done.code, kinds(done.document)) == (0, [("contoso/visio", "cancel-now")])
    after = world.apply(as_of=first_days).out
    assert "No changes. 1 subscription matches its spec." in after


def test_a_removed_file_ends_nothing(world: World) -> None:
    world.specs(VISIO)
    world.specs(VISIO.replace("visio:", "other:"), file="specs/other.yaml")
    world.apply()
    (world.root / "specs/other.yaml").unlink()
    done = world.dry_run("--detailed-exitcode")
    assert (done.code, done.document["changes"], done.document["unmanaged"]) == (0, [], ["contoso/other"])


def test_any_spec_error_stops_the_whole_run_and_every_error_is_told(world: World) -> None:
    world.specs(VISIO)
    world.specs("teams:\n  recuring: off\n  recurring: yes\n", file="specs/b.yaml")
    done = world.apply(as_of=None)
    assert done.code == 1
    assert "specs/b.yaml:5:5: error: unknown key 'recuring'" in done.err
    assert "  hint: did you mean 'recurring'?" in done.err
    assert "specs/b.yaml:6:16: error:" in done.err
    assert not world.store.exists()


def test_a_saved_plan_is_applied_and_refused_once_it_is_stale(world: World) -> None:
    world.specs(VISIO)
    world.apply()
    world.specs(VISIO + "  recurring: off\n")
    plan = str(world.root / "plan.json")
    assert world.run("plan", "-o", plan).code == 0
    done = world.run("apply", plan, "--format", "json")
    assert (done.code, kinds(done.document)) == (0, [("contoso/visio", "turn-off-recurring")])
    assert world.run("apply", plan).code == 0, "all of it is done: less is fine"
    world.specs(VISIO + "  cancel: at-renewal\n")
    stale = world.run("apply", plan)
    assert stale.code == 4
    assert "stale" in stale.err


def test_a_saved_plan_keeps_its_selection(world: World) -> None:
    world.specs(VISIO + VISIO.replace("visio:", "teams:").strip("\n") + "\n")
    plan = str(world.root / "plan.json")
    assert world.run("plan", "-o", plan, "--select", "*/visio").code == 0
    done = world.run("apply", plan, "--format", "json")
    assert (done.code, kinds(done.document)) == (0, [("contoso/visio", "register")])


def test_endings_beyond_the_limit_are_refused_with_the_way_out(world: World) -> None:
    names = [f"s{number}" for number in range(8)]
    world.specs("".join(VISIO.replace("visio:", f"{name}:") for name in names))
    world.apply()
    world.specs("".join(VISIO.replace("visio:", f"{name}:") + "  recurring: off\n" for name in names))
    refused = world.dry_run("--detailed-exitcode")
    assert refused.code == 3
    assert refused.document["refused"][0]["limit"] == "max-endings"
    assert world.apply().code == 3
    assert world.dry_run().document["summary"]["turn-off-recurring"] == 8
    assert world.apply("--allow", "max-endings=contoso/*").code == 0


def test_a_wrong_option_is_wrong_usage_and_never_pending_changes(world: World) -> None:
    done = world.run("--dry-run", "--detailed-exitcoed")
    assert done.code == 64
    assert "--detailed-exitcode" in done.err
    assert world.run("--dry-run", "--format", "json", "--nonsense").document["error"]["code"] == "usage"
