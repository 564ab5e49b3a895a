"""`reconcile import` from the outside: a CSV in, specs and records out, and nothing left to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.cli import importing, new_specs
from tests.cli.world import World

ESTATE = """\
name,product,term,start,recurring,cancel,id,seats
Visio Plan 2,VISIOCLIENT,monthly,2026-03-31,off,,6f0d6c1e-7a1b-4d8e-9a53-0c3f1f1b2a10,5
Visio Plan 2,VISIOCLIENT,monthly,2026-03-31,on,,a1b2c3d4-7a1b-4d8e-9a53-0c3f1f1b2a10,7
Büro Größe,SPB,annual,2026-02-14,off,at-renewal,,
"""


@pytest.fixture
def estate(world: World) -> World:
    """A repository with an export in it."""
    world.write("estate.csv", ESTATE)
    return world


def files_of(world: World) -> dict[str, bytes]:
    """Every file of the repository but locks, with its content."""
    found = (path for path in world.root.rglob("*") if path.is_file() and not path.name.endswith(".lock"))
    return {path.relative_to(world.root).as_posix(): path.read_bytes() for path in found}


def test_an_estate_is_brought_in_and_nothing_is_left_to_do(estate: World) -> None:
    done = estate.run("import", "estate.csv", "--account", "contoso")
    assert (done.code, done.err) == (0, "")
    assert done.last == "Imported: 3 registered. Nothing changed at a vendor: contoso is a ledger."
    assert "contoso/visio-plan-2-6f0d    Visio Plan 2    estate.csv:2:1" in done.out
    text = (estate.root / "specs/contoso.yaml").read_text(encoding="utf-8")
    assert text.startswith(
        "# yaml-language-server: $schema=../schemas/specs.v1.schema.json\n# Imported from estate.csv.\n"
    )
    assert "product: VISIOCLIENT  # Visio Plan 2\n" in text
    after = estate.dry_run("--detailed-exitcode").document
    assert (after["changes"], after["blocked"], after["unmanaged"], after["released"]) == ([], [], [], [])
    assert after["summary"]["unchanged"] == 3
    status = {item["subscription"]: item for item in estate.run("status", "--format", "json").document["subscriptions"]}
    assert status["contoso/visio-plan-2-6f0d"]["recurring"] == "off"
    assert status["contoso/buro-grosse"]["cancellation"] == "at-renewal"


def test_the_history_says_that_an_import_of_this_file_and_line_did_it(estate: World) -> None:
    estate.run("import", "estate.csv", "--account", "contoso")
    entries = estate.run("history", "contoso/buro-grosse", "--format", "json").document["entries"]
    assert [(item["kind"], item["reason"]) for item in entries] == [("register", "import of estate.csv")]
    assert entries[0]["source"] == {"file": "estate.csv", "line": 4, "column": 1}


def test_a_dry_run_writes_nothing_at_all(estate: World) -> None:
    before = files_of(estate)
    done = estate.run("import", "estate.csv", "--account", "contoso", "--dry-run", "--format", "json")
    assert done.code == 0
    assert files_of(estate) == before
    document = done.document
    assert (document["dry_run"], document["files"]) == (True, ["specs/contoso.yaml"])
    assert [item["kind"] for item in document["changes"]] == ["register"] * 3
    assert document["rows"][0] == {
        "subscription": "contoso/buro-grosse",
        "name": "Büro Größe",
        "new": True,
        "source": {"file": "estate.csv", "line": 4, "column": 1},
    }
    detailed = estate.run("import", "estate.csv", "--account", "contoso", "--dry-run", "--detailed-exitcode")
    assert detailed.code == 2
    assert detailed.last == "Import: 3 to register."


def test_a_second_import_shows_what_differs_and_takes_it_with_update(estate: World) -> None:
    estate.run("import", "estate.csv", "--account", "contoso")
    specs = files_of(estate)["specs/contoso.yaml"]
    newer = ESTATE.replace(",5\n", ",6\n").replace(",on,", ",off,").rpartition("Büro")[0]
    estate.write("newer.csv", newer + "Copilot,Microsoft_365_Copilot,annual,2026-05-01,,,,\n")
    shown = estate.run("import", "newer.csv", "--account", "contoso", "--dry-run")
    assert "contoso/visio-plan-2-6f0d    update: seats 5 -> 6    newer.csv:2:1" in shown.out
    assert "contoso/visio-plan-2-a1b2    turn off: last day" in shown.out
    assert "Recorded, and in no row; left as they are:\n  contoso/buro-grosse\n" in shown.out
    assert "specs/contoso.yaml:" in shown.out
    assert shown.last == "Import: 1 to register, 2 differing, 1 in no row."
    taken = estate.run("import", "newer.csv", "--account", "contoso", "--update")
    assert taken.code == 0
    assert taken.last.startswith("Imported: 1 registered, 1 turned off, 1 updated, 1 in no row.")
    assert files_of(estate)["specs/contoso.yaml"] == specs
    assert (estate.root / "specs/contoso-2.yaml").exists()
    again = estate.run("import", "newer.csv", "--account", "contoso", "--update")
    assert again.last == "Nothing to import: 1 in no row, 3 unchanged."


def test_without_update_a_difference_is_only_shown(estate: World) -> None:
    estate.run("import", "estate.csv", "--account", "contoso")
    estate.write("estate.csv", ESTATE.replace(",5\n", ",6\n"))
    done = estate.run("import", "estate.csv", "--account", "contoso")
    assert done.code == 0
    assert done.last == "Nothing to import: 1 differing, 2 unchanged."
    assert "hint: to record that as well: --update" in done.out


def test_what_a_record_does_not_let_happen_is_told_with_exit_5(estate: World) -> None:
    estate.write("specs/_defaults.yaml", "version: 1\ndefaults: {protect: true}\n")
    estate.run("import", "estate.csv", "--account", "contoso")
    estate.write("estate.csv", ESTATE.replace(",on,", ",off,"))
    done = estate.run("import", "estate.csv", "--account", "contoso", "--update")
    assert done.code == 5
    assert "contoso/visio-plan-2-a1b2    turn off (protected): it is protected" in done.out


def test_endings_that_an_export_reports_count_against_the_limits(world: World) -> None:
    rows = "".join(f"Visio {number},A,annual,2026-03-01,on\n" for number in range(8))
    world.write("estate.csv", f"name,product,term,start,recurring\n{rows}")
    world.run("import", "estate.csv", "--account", "contoso")
    world.write("estate.csv", f"name,product,term,start,recurring\n{rows}".replace(",on\n", ",off\n"))
    before = files_of(world)
    refused = world.run("import", "estate.csv", "--account", "contoso", "--update")
    assert (refused.code, refused.last) == (3, "Refused: nothing was written.")
    assert "--allow max-endings" in refused.out
    assert files_of(world) == before
    shown = world.run("import", "estate.csv", "--account", "contoso", "--update", "--dry-run", "--detailed-exitcode")
    assert (shown.code, shown.last) == (3, "Would be refused: nothing would be written.")
    allowed = world.run("import", "estate.csv", "--account", "contoso", "--update", "--allow", "max-endings")
    assert allowed.code == 0


def test_nothing_is_imported_while_frozen(estate: World) -> None:
    estate.run("import", "estate.csv", "--account", "contoso")
    estate.run("freeze", "--reason", "audit")
    estate.write("more.csv", "name,product,term,start\nCopilot,C,annual,2026-05-01\n")
    before = files_of(estate)
    done = estate.run("import", "more.csv", "--account", "contoso")
    assert done.code == 3
    assert files_of(estate) == before


def test_every_error_of_the_file_is_told_and_nothing_written(world: World) -> None:
    world.write("bad.csv", "name,product,term,start\nVisio,A,yearly,01/02/2026\nVisio,A\n")
    before = files_of(world)
    done = world.run("import", "bad.csv", "--account", "contoso")
    assert done.code == 1
    assert done.err.splitlines() == [
        "bad.csv:2:9: error: not a length that is known: term 'yearly'",
        "  hint: write monthly, annual or triennial (or P1M, P1Y, P3Y)",
        "bad.csv:2:16: error: not a day as YYYY-MM-DD: start '01/02/2026'",
        "  hint: it may be 2026-02-01 or 2026-01-02: write the one that is meant",
        "bad.csv:3:1: error: a row of another length than the header: 2 cells, the header has 4",
        "  hint: a cell that holds a comma is quoted; a cell that holds nothing keeps its comma",
        "3 errors; nothing was imported.",
    ]
    assert files_of(world) == before


def test_other_headers_declarations_and_a_file_of_ones_own(estate: World) -> None:
    estate.write("theirs.csv", "Subscription,Product,Term,Start,Auto,Cost\nVisio,A,P1M,2026-03-31,off,1\n")
    maps = ["Subscription=name", "Product=product", "Term=term", "Start=start", "Auto=recurring", "Cost="]
    words = [word for item in maps for word in ("--map", item)]
    out = estate.root / "specs/new/visio.yaml"
    done = estate.run("import", "theirs.csv", "--account", "contoso", *words, "--declare", "recurring", "-o", str(out))
    assert done.code == 0
    text = out.read_text(encoding="utf-8")
    assert "    recurring: off\n" in text
    assert "$schema=../../schemas/specs.v1.schema.json\n" in text
    assert estate.dry_run().document["changes"] == []


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--account", "contso"], 64, "there is no account 'contso'"),
        (["--account", "contoso", "--map", "x"], 64, "--map takes THEIR=OURS"),
        (["--account", "contoso", "--select", "x"], 64, "an import takes the whole file"),
        (["--account", "contoso", "-o", "elsewhere.yaml"], 64, "is outside the specs"),
        (["--account", "contoso", "-o", "specs/_defaults.yaml"], 64, "would not be read as a spec"),
        (["--account", "contoso", "-o", "specs/new.txt"], 64, "would not be read as a spec"),
        (["--account", "contoso", "-o", "specs/there.yaml"], 1, "specs/there.yaml exists already"),
        ([], 64, "Missing option '--account'"),
    ],
)
def test_a_wrong_call_writes_nothing(estate: World, words: list[str], code: int, message: str) -> None:
    estate.specs("a: {facts: {product: A, term: annual, start: 2026-01-01}}", file="specs/there.yaml")
    before = files_of(estate)
    words = [str(estate.root / word) if word.endswith((".yaml", ".txt")) else word for word in words]
    done = estate.run("import", "estate.csv", *words)
    assert done.code == code
    assert message in done.err
    assert files_of(estate) == before


def test_a_file_that_is_not_there_is_an_error(world: World) -> None:
    done = world.run("import", "none.csv", "--account", "contoso")
    assert done.code == 1
    assert "none.csv could not be read: No such file or directory" in done.err


def test_the_specs_of_a_folders_account_go_into_that_folder(estate: World) -> None:
    estate.write("specs/customers/fabrikam/_account.yaml", "version: 1\naccount: fabrikam\n")
    estate.run("import", "estate.csv", "--account", "fabrikam")
    assert (estate.root / "specs/customers/fabrikam/fabrikam.yaml").exists()
    assert estate.dry_run().document["changes"] == []


def test_a_file_in_another_accounts_folder_is_refused_and_not_left_behind(estate: World) -> None:
    estate.write("specs/fabrikam/_account.yaml", "version: 1\naccount: fabrikam\n")
    before = files_of(estate)
    done = estate.run("import", "estate.csv", "--account", "contoso", "-o", str(estate.root / "specs/fabrikam/x.yaml"))
    assert done.code == 1
    assert "two accounts for one file" in done.err
    assert files_of(estate) == before


def test_specs_with_errors_are_not_imported_into(estate: World) -> None:
    estate.write("specs/bad.yaml", "version: 1\naccount: contoso\nsubscriptions: {a: {recuring: on}}\n")
    done = estate.run("import", "estate.csv", "--account", "contoso")
    assert done.code == 1
    assert "unknown key 'recuring'" in done.err


def test_an_instant_before_the_last_run_is_refused(estate: World) -> None:
    estate.run("import", "estate.csv", "--account", "contoso")
    done = estate.run("import", "estate.csv", "--account", "contoso", as_of="2026-11-22")
    assert done.code == 1
    assert "--as-of lies before the last recorded run" in done.err


def test_a_folder_that_cannot_be_made_stops_it_before_anything_is_recorded(estate: World) -> None:
    estate.write("specs/folder", "a file\n")
    before = files_of(estate)
    done = estate.run("import", "estate.csv", "--account", "contoso", "-o", str(estate.root / "specs/folder/x.yaml"))
    assert done.code == 1
    assert "could not be made" in done.err
    assert files_of(estate) == before


def test_specs_that_read_back_otherwise_are_our_bug_and_not_left_behind(
    estate: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def spoiled(path: Path, text: str, *, exclusive: bool) -> None:
        path.write_text(text.replace("seats: 5", "seats: 6"), encoding="utf-8")

    monkeypatch.setattr(new_specs, "write_file", spoiled)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = files_of(estate)
    done = estate.run("import", "estate.csv", "--account", "contoso")
    assert done.code == 70
    assert "specs/contoso.yaml is not read as it was written" in done.err
    assert files_of(estate) == before


def test_an_import_cut_off_after_its_specs_is_carried_on(estate: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*words: object, **more: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(importing, "execute", killed)
        assert estate.run("import", "estate.csv", "--account", "contoso").code == 130
    assert (estate.root / "specs/contoso.yaml").exists()
    done = estate.run("import", "estate.csv", "--account", "contoso")
    assert done.last.startswith("Imported: 3 registered.")
    assert [path.name for path in (estate.root / "specs").iterdir()] == ["contoso.yaml"]
    assert estate.dry_run().document["changes"] == []


def test_a_long_estate_is_shown_in_part_and_split(world: World) -> None:
    rows = "".join(f"Visio {number:04},A,annual,2026-03-01\n" for number in range(1001))
    world.write("estate.csv", f"name,product,term,start\n{rows}")
    done = world.run("import", "estate.csv", "--account", "contoso")
    assert done.out.startswith("Wrote specs/contoso.yaml and specs/contoso-2.yaml:\n")
    assert "  and 981 more\n" in done.out
    world.write("estate.csv", "name,product,term,start\nVisio 0000,A,annual,2026-03-01\n")
    done = world.run("import", "estate.csv", "--account", "contoso")
    assert "  and 980 more\n" in done.out
    assert done.last == "Nothing to import: 1,000 in no row, 1 unchanged."


def test_a_new_stores_lineage_is_told_once(estate: World) -> None:
    done = estate.run("import", "estate.csv", "--account", "contoso")
    assert "Created a new store. Pin it under `store` in reconcile.yaml" in done.out
    assert "Created a new store" not in estate.run("import", "estate.csv", "--account", "contoso").out


def test_a_pinned_store_that_is_missing_refuses(estate: World) -> None:
    lineage = "0b9e4a54-2f6e-4a53-8f0c-2f1f4e0b7c11"
    estate.write(
        "reconcile.yaml", f"version: 1\nstore: {{lineage: {lineage}}}\naccounts: {{contoso: {{provider: ledger}}}}\n"
    )
    refused = estate.run("import", "estate.csv", "--account", "contoso")
    assert refused.code == 3
    assert not (estate.root / "specs/contoso.yaml").exists()
    created = estate.run("import", "estate.csv", "--account", "contoso", "--allow", "new-store", "--format", "json")
    assert created.document["store_lineage"] == lineage


def test_hostile_names_reach_no_terminal(world: World) -> None:
    world.write(
        "estate.csv", 'name,product,term,start\n"::error::x",A,annual,2026-03-01\n"a##[x]",B,annual,2026-03-01\n'
    )
    done = world.run("import", "estate.csv", "--account", "contoso")
    assert done.code == 0
    assert "##[" not in done.out
    assert not any(line.lstrip().startswith("::") for line in done.out.splitlines())
