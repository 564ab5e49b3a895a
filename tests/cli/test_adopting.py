"""`reconcile import --from-provider` at three billing systems: specs that ask nothing, and nothing is left to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli import adopting, new_specs
from reconciler.testing.emulators import sample_estate, serve
from tests.cli.outside.houses import COUNT, HOUSES
from tests.cli.outside.world import Outside, outside
from tests.cli.world import Done, World, kinds

BOOKS = """
version: 1
account: books
subscriptions: {a: {facts: {product: A, term: annual, start: 2026-01-01}}}
"""
WORDS = ("import", "--account", "cloud", "--from-provider")


def opened(
    provider: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Outside]:
    """An account there that no file declares anything of."""
    with outside(provider, tmp_path / "repository", capfd, monkeypatch) as made:
        (made.world.root / "specs/cloud.yaml").unlink()
        yield made


@pytest.fixture(params=sorted(HOUSES))
def place(
    request: pytest.FixtureRequest, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Outside]:
    """Each of the three billing systems in turn."""
    yield from opened(request.param, tmp_path, capfd, monkeypatch)


@pytest.fixture
def shop(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    """One of them, for what does not depend on which it is."""
    yield from opened("stripe", tmp_path, capfd, monkeypatch)


def taken(place: Outside, *words: str) -> Done:
    """An import that must go well."""
    done = place.run(*WORDS, *words)
    assert done.code == 0, done
    return done


def files_of(world: World) -> dict[str, bytes]:
    """Every file of the repository but locks, with its content."""
    found = (path for path in world.root.rglob("*") if path.is_file() and not path.name.endswith(".lock"))
    return {path.relative_to(world.root).as_posix(): path.read_bytes() for path in found}


def spec_of(place: Outside, file: str = "specs/cloud.yaml") -> str:
    """A new spec file's text."""
    return (place.world.root / file).read_text("utf-8")


class TestBringingAnEstateIn:
    def test_a_dry_run_after_it_has_nothing_to_do_and_the_provider_was_asked_for_no_change(
        self, place: Outside
    ) -> None:
        place.house.end(3)
        done = taken(place)
        assert done.out.startswith("Wrote specs/cloud.yaml:\n")
        assert "Left out, for they have ended: 1 " in done.out
        said = f"Nothing changed at {place.house.provider}, and a dry run has nothing to do there."
        assert done.last == f"Imported: 2 adopted, 1 left out. {said}"
        place.converged()
        plan = place.plan().document
        assert (plan["unmanaged"], plan["drift"], plan["released"], plan["summary"]["unchanged"]) == ([], [], [], 2)
        assert place.house.emulator.effects == []
        assert place.apply().document["changes"] == []
        assert place.apply().document["run"] is None

    def test_what_is_declared_afterwards_is_the_one_change(self, place: Outside) -> None:
        taken(place)
        id = place.house.id(2)
        file = place.world.root / "specs/cloud.yaml"
        file.write_text(spec_of(place).replace(f"    id: {id}\n", f"    id: {id}\n    {place.house.ending}\n"), "utf-8")
        (change,) = place.plan().document["changes"]
        assert (change["external_id"], change["before"]["recurring"]) == (id, "on")
        place.apply()
        assert set(place.effects) == {"s2"}
        place.converged()

    def test_a_dry_run_writes_nothing_and_says_the_same(self, place: Outside) -> None:
        before = files_of(place.world)
        done = taken(place, "--dry-run", "--format", "json")
        assert files_of(place.world) == before
        document = done.document
        assert (document["dry_run"], document["files"], document["run"]) == (True, ["specs/cloud.yaml"], None)
        assert kinds(document) == [(item["subscription"], "adopt") for item in document["subscriptions"]]
        assert place.run(*WORDS, "--dry-run", "--detailed-exitcode").code == 2
        assert place.run(*WORDS, "--dry-run").last == f"Import: {COUNT} to adopt."
        real = taken(place, "--format", "json").document
        assert [item["outcome"] for item in real["changes"]] == ["succeeded"] * COUNT
        assert real["subscriptions"] == document["subscriptions"]

    def test_the_same_again_finds_nothing_to_import(self, place: Outside) -> None:
        taken(place)
        before = spec_of(place)
        assert taken(place).last == f"Nothing to import: {COUNT} declared already."
        assert spec_of(place) == before
        assert place.run(*WORDS, "--dry-run", "--detailed-exitcode").code == 0

    def test_where_everything_has_ended_not_even_a_store_is_made(self, place: Outside) -> None:
        for number in range(1, COUNT + 1):
            place.house.end(number)
        assert taken(place).last == f"Nothing to import: {COUNT} left out."
        assert not place.world.store.exists()
        assert not (place.world.root / "specs/cloud.yaml").exists()

    def test_one_that_was_bought_since_is_added_in_a_file_of_its_own(self, place: Outside) -> None:
        place.declare(count=COUNT - 1)
        assert place.apply().code == 0
        done = taken(place)
        assert done.last.startswith(f"Imported: 1 adopted, {COUNT - 1} declared already.")
        assert place.house.id(COUNT) in spec_of(place, "specs/cloud-2.yaml")
        place.converged()

    def test_its_history_says_where_it_came_from(self, shop: Outside) -> None:
        taken(shop)
        entries = shop.run("history", "--format", "json").document["entries"]
        assert {(item["kind"], item["reason"]) for item in entries} == {("adopt", "import from stripe")}
        assert entries[0]["source"]["file"] == "specs/cloud.yaml"

    def test_what_was_seen_is_kept_for_plans_that_look_at_nothing(self, shop: Outside) -> None:
        taken(shop)
        requests = shop.house.emulator.requests
        plan = shop.plan("--refresh", "none", "--detailed-exitcode")
        assert (plan.code, shop.house.emulator.requests) == (0, requests)

    def test_a_wish_of_before_is_left_to_do_and_told(self, shop: Outside) -> None:
        shop.end(1)
        text = spec_of(shop).replace("s2:", "z:").partition("  s3:")[0]
        shop.world.write("specs/cloud.yaml", text)
        done = taken(shop)
        assert done.last.endswith("a dry run has 1 thing to do there that stood in the specs before.")
        assert [name for name, _ in kinds(shop.plan().document)] == ["cloud/s1"]

    def test_limits_do_not_count_what_is_adopted(self, shop: Outside) -> None:
        shop.world.write(
            "reconcile.yaml",
            f"version: 1\naccounts:\n  cloud: {{provider: stripe, {shop.house.account}}}\n"
            "safety: {max_changes: {count: 0, percent: 0, at_least: 0}}\n",
        )
        taken(shop)
        shop.converged()


class TestWhereItIsWritten:
    def test_a_customers_specs_go_into_the_folder_of_its_account(self, shop: Outside) -> None:
        shop.world.write("reconcile.yaml", "version: 1\naccounts:\n  all: {provider: stripe}\n")
        tenant = shop.house.account.partition(" ")[2]
        shop.world.write(
            "specs/customers/cloud/_account.yaml", f"version: 1\naccount: cloud\nlike: all\ntenant: {tenant}\n"
        )
        taken(shop)
        text = spec_of(shop, "specs/customers/cloud/cloud.yaml")
        assert text.startswith("# yaml-language-server: $schema=../../../schemas/specs.v1.schema.json\n")
        shop.converged()

    def test_a_file_of_ones_own(self, shop: Outside) -> None:
        taken(shop, "-o", str(shop.world.root / "specs/new/mine.yaml"))
        assert "$schema=../../schemas/" in spec_of(shop, "specs/new/mine.yaml")
        shop.converged()

    def test_defaults_that_ask_for_something_are_held_off(self, shop: Outside) -> None:
        shop.world.write("specs/_defaults.yaml", "version: 1\ndefaults: {recurring: off, owner: ada}\n")
        done = taken(shop)
        assert "specs/_defaults.yaml:2:23: warning: an inherited pair does not fit" in done.out
        assert spec_of(shop).count("recurring: unmanaged") == COUNT
        shop.converged()


class TestRefusals:
    @pytest.mark.parametrize(
        ("words", "code", "said"),
        [
            (["--account", "clod", "--from-provider"], 64, "no-such-account"),
            (["--account", "books", "--from-provider"], 64, "not-outside"),
            ([*WORDS[1:], "--select", "x"], 64, "narrowed-import"),
            ([*WORDS[1:], "--as-of", "2026-11-23"], 64, "as-of-outside"),
            ([*WORDS[1:], "estate.csv"], 64, "no-file-needed"),
            ([*WORDS[1:], "--update"], 64, "no-file-needed"),
            ([*WORDS[1:], "-o", "elsewhere.yaml"], 64, "path-outside"),
            ([*WORDS[1:], "-o", "specs/there.yaml"], 1, "spec-exists"),
            (["--account", "books"], 64, "no-file-named"),
        ],
    )
    def test_a_wrong_call_writes_nothing(self, shop: Outside, words: list[str], code: int, said: str) -> None:
        account = f"{{provider: stripe, {shop.house.account}}}"
        shop.world.write("reconcile.yaml", f"version: 1\naccounts: {{cloud: {account}, books: {{provider: ledger}}}}\n")
        shop.world.write("specs/there.yaml", BOOKS)
        before = files_of(shop.world)
        words = [str(shop.world.root / word) if word.endswith(".yaml") else word for word in words]
        done = shop.run("import", *words, "--format", "json")
        assert (done.code, done.document["error"]["code"]) == (code, said), done
        assert files_of(shop.world) == before

    @pytest.mark.parametrize(
        ("kind", "answers"),
        [
            # A list that tells how long it is cannot be cut short without a word.
            ("empty-list", {(3, "empty-list"), (1, "malformed-answer")}),
            ("invalid-json", {(1, "malformed-answer")}),
            ("drop-before-commit", {(1, "unreachable")}),
            ("cursor-loop", {(1, "half-a-list")}),
        ],
    )
    def test_from_less_than_all_nothing_is_written(
        self, place: Outside, kind: str, answers: set[tuple[int, str]]
    ) -> None:
        place.fault(kind, place.house.listing, times=None)
        before = files_of(place.world)
        for words in (WORDS, (*WORDS, "--dry-run")):
            done = place.run(*words, "--format", "json")
            assert (done.code, done.document["error"]["code"]) in answers, done
        assert files_of(place.world) == before

    def test_who_is_not_who_the_account_pins_is_refused_before_anything_else(self, place: Outside) -> None:
        place.account(place.house.others)
        done = place.run(*WORDS)
        assert done.code == 3, done
        assert not (place.world.root / "specs/cloud.yaml").exists()
        assert not place.world.store.exists()

    def test_a_sign_in_that_has_expired_is_told(self, place: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(place.house.variable(), place.house.expired)
        done = place.run(*WORDS)
        assert (done.code, place.house.expired in done.out + done.err) == (1, False), done
        assert not place.world.store.exists()

    def test_another_account_under_a_name_that_is_stored_is_refused(self, shop: Outside) -> None:
        taken(shop)
        (shop.world.root / "specs/cloud.yaml").unlink()
        with sqlite3.connect(shop.world.store) as store:
            store.execute("UPDATE accounts SET tenant = 'acct_1SomebodyElse'")
        store.close()
        done = shop.run(*WORDS)
        assert (done.code, done.last) == (3, "Refused: nothing was written.")
        assert "Refused by wrong-account: cloud was recorded as stripe, tenant" in done.out
        assert not (shop.world.root / "specs/cloud.yaml").exists()

    def test_a_freeze_holds_for_an_import_too(self, shop: Outside) -> None:
        taken(shop)
        shop.run("freeze", "--reason", "audit")
        (shop.world.root / "specs/cloud.yaml").unlink()
        done = shop.run(*WORDS)
        assert (done.code, "Refused by frozen" in done.out) == (3, True)
        assert not (shop.world.root / "specs/cloud.yaml").exists()
        assert shop.run(*WORDS, "--dry-run").last == "Would be refused: nothing would be written."


class TestWhatCutsItOff:
    def test_records_whose_file_was_lost_get_their_names_back(self, shop: Outside) -> None:
        shop.adopt()
        (shop.world.root / "specs/cloud.yaml").unlink()
        done = taken(shop)
        assert "cloud/s1" in done.out
        said = "Nothing changed at stripe, and a dry run has nothing to do there."
        assert done.last == f"Imported: {COUNT} declared again. {said}"
        shop.converged()

    def test_cut_off_after_its_specs_it_is_carried_on(self, shop: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
        def killed(*words: object, **more: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(adopting, "execute", killed)
            assert shop.run(*WORDS).code == 130
        assert (shop.world.root / "specs/cloud.yaml").exists()
        done = taken(shop)
        assert done.last.startswith(f"Imported: {COUNT} adopted, {COUNT} declared already.")
        shop.converged()

    def test_specs_that_read_back_otherwise_are_our_bug_and_not_left_behind(
        self, shop: Outside, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        def spoiled(path: Path, text: str, *, exclusive: bool) -> None:
            path.write_text(text.replace("# recurring: on", "recurring: off"), encoding="utf-8")

        monkeypatch.setattr(new_specs, "write_file", spoiled)
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        before = files_of(shop.world)
        done = shop.run(*WORDS)
        assert (done.code, "is not read as it was written" in done.err) == (70, True)
        assert files_of(shop.world) == before

    def test_a_store_that_cannot_be_made_leaves_no_file_behind(self, shop: Outside) -> None:
        before = files_of(shop.world)
        done = shop.run(*WORDS, "--store", "sqlite:///reconcile.yaml/state.db")
        assert done.code == 1
        assert files_of(shop.world) == before


class TestSampleEstates:
    """With one of each special case, as the sandbox has them."""

    @pytest.mark.parametrize("provider", sorted(HOUSES))
    def test_every_special_case_is_taken_or_told(
        self, world: World, provider: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        document = self.brought_in(world, provider, 40, monkeypatch)
        named, left_out = document["subscriptions"], sum(document["ended"].values())
        assert len(named) > 8
        assert document["declared"] == 0
        assert len({item["subscription"] for item in named}) == len(named)
        assert len(named) + left_out + len(document["not_taken"]) in (10, 40)

    def test_a_thousand_subscriptions(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        document = self.brought_in(world, "stripe", 1000, monkeypatch)
        assert len(document["subscriptions"]) == 998

    def brought_in(self, world: World, provider: str, size: int, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        """The document of an import after which a dry run has nothing to do."""
        from reconciler.cli.sandbox import _account

        emulator = sample_estate(provider, size)
        with serve(emulator) as url:
            monkeypatch.setenv(HOUSES[provider]().endpoint, url)
            account = "".join(f"    {line}\n" for line in _account(provider, emulator))
            world.write("reconcile.yaml", f"version: 1\naccounts:\n  cloud:\n    provider: {provider}\n{account}")
            done = world.run(*WORDS, "--format", "json", as_of=None)
            assert done.code in (0, 5), done
            plan = world.dry_run("--detailed-exitcode", as_of=None)
            assert (plan.code, plan.document["changes"], plan.document["blocked"]) == (0, [], [])
        assert (done.code == 5) is bool(done.document["not_taken"])
        return done.document
