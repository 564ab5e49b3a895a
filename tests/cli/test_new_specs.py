"""The new files of an import: where they belong, what they could meet, and that nothing half done stays behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.cli.new_specs import NewSpecs
from reconciler.errors import InputError, UsageError
from reconciler.importing.proof import WrittenWrongly
from reconciler.importing.write import WrittenSpec
from reconciler.reconcile import read_specs
from reconciler.runtime import Options, Runtime
from tests.cli.world import World

TEXT = "version: 1\naccount: contoso\nsubscriptions: {a: {facts: {product: A, term: annual, start: 2026-01-01}}}\n"


def specs_of(world: World, account: str = "contoso") -> NewSpecs:
    """As an import makes them."""
    runtime = Runtime(Options(directory=world.root))
    inputs = runtime.inputs(commit=False)
    return NewSpecs(runtime, inputs, read_specs(inputs).accounts[account])


def anew(world: World) -> Runtime:
    return Runtime(Options(directory=world.root))


def test_they_belong_at_the_root_of_the_specs_or_in_the_folder_of_the_account(world: World) -> None:
    world.write("specs/customers/fabrikam/_account.yaml", "version: 1\naccount: fabrikam\n")
    assert specs_of(world).folder == "specs"
    found = specs_of(world, "fabrikam")
    assert found.folder == "specs/customers/fabrikam"
    assert found.schema(None) == "../../../schemas/specs.v1.schema.json"
    assert found.schema("specs/a/b.yaml") == "../../schemas/specs.v1.schema.json"


@pytest.mark.parametrize(
    ("name", "code"),
    [("../a.yaml", "path-outside"), ("specs/a.txt", "no-spec-name"), ("specs/_a.yaml", "no-spec-name")],
)
def test_a_file_that_no_run_would_read_is_wrong_usage(world: World, name: str, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        specs_of(world).shown(world.root, Path(name))
    assert caught.value.code == code
    assert specs_of(world).shown(world.root / "specs", Path("x/a.yml")) == "specs/x/a.yml"


def test_every_file_counts_that_a_new_one_could_meet(world: World) -> None:
    world.write("specs/notes.txt", "read by nobody\n")
    world.write("specs/new/b.txt", "nor this\n")
    found = specs_of(world)
    assert found.existing("specs/new/a.yaml") == {"specs/notes.txt", "specs/new", "specs/new/b.txt"}
    assert found.existing("specs/none/a.yaml") == {"specs/notes.txt", "specs/new"}


def test_what_is_loaded_is_everything_with_the_new_files(world: World) -> None:
    world.specs("b: {facts: {product: A, term: annual, start: 2026-01-01}}")
    loaded = specs_of(world).load([WrittenSpec("specs/a.yaml", TEXT)])
    assert sorted(map(str, loaded.subscriptions)) == ["contoso/a", "contoso/b"]


def test_they_stay_where_all_goes_well(world: World) -> None:
    with specs_of(world).written([WrittenSpec("specs/x/a.yaml", TEXT)], lambda: anew(world)):
        pass
    assert (world.root / "specs/x/a.yaml").read_text("utf-8") == TEXT


def test_without_any_nothing_is_read_again(world: World) -> None:
    with specs_of(world).written([], lambda: pytest.fail("read")):
        pass


def test_where_anything_fails_none_stays(world: World) -> None:
    files = [WrittenSpec("specs/a.yaml", TEXT), WrittenSpec("specs/b.yaml", TEXT.replace("{a:", "{b:"))]
    with pytest.raises(KeyboardInterrupt), specs_of(world).written(files, lambda: anew(world)):
        raise KeyboardInterrupt
    world.write("specs/b.yaml", "# somebody was faster\n")
    with pytest.raises(InputError), specs_of_broken(world).written(files, lambda: anew(world)):
        pytest.fail("went on")
    assert [path.name for path in (world.root / "specs").iterdir()] == ["b.yaml"]


def specs_of_broken(world: World) -> NewSpecs:
    """The same, where a spec that is there has errors."""
    runtime = anew(world)
    return NewSpecs(runtime, runtime.inputs(commit=False), runtime.settings.accounts["contoso"])


def test_one_that_is_read_otherwise_is_our_bug(world: World) -> None:
    hidden = WrittenSpec("specs/.a.yaml", TEXT)  # no run reads it
    with (
        pytest.raises(WrittenWrongly, match=r"specs/\.a\.yaml is not read"),
        specs_of(world).written([hidden], lambda: anew(world)),
    ):
        pytest.fail("went on")
    assert list((world.root / "specs").iterdir()) == []
