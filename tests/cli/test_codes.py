"""Every way to go wrong on the command line ends with its own code and no traceback; and every code has a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.world import World
from tests.codes import codes_in_source

SPEC = """
visio:
  facts: {product: VISIOCLIENT, term: monthly, start: 2026-03-31}
"""
CSV = "name,product,term,start\nTeams,SPB,annual,2026-02-14\n"

WRONG = [
    ("already-there", 1, "init"),
    ("as-of-before-last", 1, "--as-of 2026-11-01 --select contoso/new"),
    ("bad-account", 64, "init --account Über"),
    ("bad-allow", 64, "--dry-run --allow everything"),
    ("bad-duration", 64, "--dry-run --lock-timeout soon"),
    ("bad-instant", 64, "--dry-run --as-of yesterday"),
    ("bad-key", 64, "show contoso"),
    ("bad-period", 64, "watch --period 1ms"),
    ("bad-store-url", 64, "--dry-run --store state.db"),
    ("cannot-write", 1, "--dry-run --out json=/nowhere/plan.json"),
    ("cannot-write", 1, "--out json=/nowhere/report.json"),
    ("cannot-write", 1, "schema -o {root}/reconcile.yaml"),
    ("freeze-over", 64, "freeze --reason x --until 2001-01-01"),
    ("narrowed-apply", 64, "apply plan.json --select x"),
    ("narrowed-import", 64, "import {root}/estate.csv --account contoso --select x"),
    ("no-csv-file", 1, "import {root}/nothing.csv --account contoso"),
    ("csv-errors", 1, "import {root}/broken.csv --account contoso"),
    ("no-export-file", 1, "store import {root}/nothing.jsonl"),
    ("no-plan-file", 1, "apply {root}/nothing.json"),
    ("no-reason", 64, "freeze --reason="),
    ("no-schema-named", 64, "schema --check {root}/reconcile.yaml"),
    ("no-settings", 1, "--dry-run --config other.yaml"),
    ("no-spec-name", 64, "import {root}/estate.csv --account contoso -o {root}/specs/x.txt"),
    ("no-such-account", 64, "import {root}/estate.csv --account nobody"),
    ("no-such-file", 1, "schema plan --check {root}/nothing.json"),
    ("no-such-path", 64, "--dry-run {root}/specs/nothing"),
    ("no-such-schema", 64, "schema nothing"),
    ("not-declared", 1, "explain contoso/nothing"),
    ("not-json", 1, "schema plan --check {root}/reconcile.yaml"),
    ("not-narrowed", 64, "freeze --reason x --select contoso/*"),
    ("not-narrowed", 64, "store check --exclude contoso/*"),
    ("not-stored", 1, "forget contoso/nothing"),
    ("not-stored", 1, "history contoso/nothing"),
    ("not-stored", 1, "show contoso/nothing"),
    ("not-stored", 64, "status contoso/nothing"),
    ("nothing-selected", 64, "--dry-run --select nothing/*"),
    ("nothing-selected", 64, "status --select nothing/*"),
    ("path-outside", 64, "--dry-run {root}/reconcile.yaml"),
    ("plan-file-cut", 1, "apply {root}/cut.json"),
    ("stale-plan", 4, "apply {root}/stale.json"),
    ("still-declared", 1, "forget contoso/visio"),
    ("unknown-command", 64, "staus"),
    ("usage", 64, "--dry-run --nonsense"),
    ("usage", 64, "store"),
    ("usage", 64, "freeze"),
]


@pytest.mark.parametrize(("code", "ends", "words"), WRONG, ids=[f"{code}: {words}" for code, _, words in WRONG])
def test_each_slip_has_its_code_and_changes_nothing(world: World, code: str, ends: int, words: str) -> None:
    world.specs(SPEC)
    world.apply()
    world.run("plan", "-o", str(world.root / "plan.json"))
    world.specs(SPEC + "new:\n  facts: {product: SPB, term: annual, start: 2026-02-14}\n")
    world.run("plan", "-o", str(world.root / "stale.json"))
    (world.root / "cut.json").write_bytes((world.root / "stale.json").read_bytes()[:-40])
    world.specs(SPEC + "new:\n  facts: {product: SPB, term: annual, start: 2026-02-15}\n")
    world.write("estate.csv", CSV)
    world.write("broken.csv", "name,product\n")
    before = world.store.read_bytes()
    done = world.run(*words.format(root=world.root).split(), "--format", "json", as_of=None)
    assert (done.document["error"]["code"], done.code) == (code, ends)
    assert world.store.read_bytes() == before


def test_a_plan_that_nobody_agreed_to_is_not_applied(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.specs(SPEC)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.prompt", lambda *words, **more: "y")
    done = world.run("--no-color")
    assert (done.code, "nothing was applied" in done.err) == (3, True), "not-approved: only yes applies"
    monkeypatch.setattr("click.prompt", lambda *words, **more: " yes ")
    assert world.run("--no-color").code == 0


def test_an_import_into_an_account_that_a_provider_keeps_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.specs(SPEC)
    world.write("estate.csv", CSV)
    world.write(
        "reconcile.yaml",
        "version: 1\naccounts:\n  contoso: {provider: ledger}\n  cloud: {provider: stripe, tenant: acct_1}\n",
    )
    done = world.run("import", str(world.root / "estate.csv"), "--account", "cloud", "--format", "json")
    assert (done.document["error"]["code"], done.code) == ("not-a-ledger", 64)


def test_a_file_that_came_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    from reconciler.cli.output import write_file
    from reconciler.errors import InputError

    (tmp_path / "a").write_text("mine")
    with pytest.raises(InputError) as caught:
        write_file(tmp_path / "a", "yours", exclusive=True)
    assert (caught.value.code, (tmp_path / "a").read_text()) == ("file-exists", "mine")


def test_every_code_stands_in_a_test() -> None:
    folder = Path(__file__).resolve().parents[1]
    texts = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.suffix in (".py", ".yaml"))
    missing = sorted(code for code in codes_in_source() if "*" not in code and code not in texts)
    assert missing == []
