"""The first plan of a large estate, made in groups of a few subscriptions, is the plan of the whole."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.rendering import pass_renders
from reconciler.model import SubscriptionKey
from reconciler.packed import Packed
from reconciler.progress import Untold
from reconciler.reconcile import Pass
from tests.test_partial import EDITS, SETTINGS, WHOLE, Estate, an_estate, edit, restore, said

FORMATS = ("text", "json", "jsonl", "markdown", "github")


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    return an_estate(tmp_path)


def in_groups(estate: Estate, size: int, **options: Any) -> Pass | None:
    """The plan made in groups of so many subscriptions; None: it was made in one go, or not at all."""
    runtime = estate.runtime(large=0, **options)
    runtime.in_groups, runtime.group = 0, size
    with runtime.reading() as reader:
        first = runtime._first(reader, commit=False, progress=Untold())
        return None if first is None else first[1]


def rendered(planned: Pass) -> dict[str, bytes]:
    """Every view of it."""
    renders = pass_renders(planned.plan, planned.verdict, None, planned.desired.accounts, planned.rulebook.lifecycles)
    shown = {}
    for name in FORMATS:
        found = renders[name](False)
        parts: Iterable[str | bytes] = [found] if isinstance(found, str | bytes) else found
        shown[name] = b"".join(part if isinstance(part, bytes) else part.encode() for part in parts)
    return shown


def compared(estate: Estate, size: int, **options: Any) -> Pass | None:
    """The plan in groups, which says what the whole says; None where there is none."""
    found, whole = in_groups(estate, size, **options), estate.plan(large=WHOLE, **options)
    if found is None or not isinstance(whole, Pass):
        assert found is None or isinstance(whole, Pass)
        return None
    assert isinstance(found.plan.changes, Packed)
    assert told(found) == told(whole)
    assert rendered(found) == rendered(whole)
    return found


def told(found: Pass) -> dict[str, object]:
    """All that a pass says; packed changes as the values that they are."""
    plan = replace(found.plan, changes=tuple(found.plan.changes))
    verdict = replace(found.verdict, allowed=tuple(found.verdict.allowed))
    return said(replace(found, plan=plan, verdict=verdict)) | {"fingerprint": found.plan.fingerprint}


@pytest.mark.parametrize("size", [1, 3, 9, 1_000])
def test_groups_of_any_size_come_to_the_plan_of_the_whole(estate: Estate, size: int) -> None:
    assert compared(estate, size) is not None


@pytest.mark.parametrize(
    "options",
    [
        {"select": ("contoso/sub-1*",)},
        {"select": ("contoso/sub-12", "fabrikam/*")},
        {"exclude": ("*/sub-2*",)},
        {"paths": ("specs/north",)},
    ],
    ids=str,
)
def test_a_narrowed_first_plan_says_the_same(estate: Estate, options: dict[str, Any]) -> None:
    assert compared(estate, 3, **options) is not None


def test_a_selection_of_nothing_is_told_by_a_whole_pass(estate: Estate) -> None:
    assert in_groups(estate, 3, select=("nobody/*",)) is None


def test_a_store_without_a_record_makes_no_difference(estate: Estate) -> None:
    runtime = estate.runtime(large=WHOLE)
    runtime.new_store("0b9a3f2e-6c3e-4f3f-9d0e-0f3a3f0b9a3f").close()
    found = compared(estate, 3)
    assert found is not None
    assert found.stored.exists


def test_where_something_is_recorded_there_is_no_first_plan(estate: Estate) -> None:
    estate.apply()
    assert in_groups(estate, 3) is None


def test_an_outside_account_is_planned_whole(estate: Estate) -> None:
    edit(estate.root / "reconcile.yaml", "{provider: manual}", "{provider: stripe, tenant: acct_1}")
    assert in_groups(estate, 3) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  sub-1:", "  sub-9:"),
        ("  sub-1:", "  sub-1:\n    previously: sub-9"),
        ("  sub-1:", "  sub-1:\n    previously: sub-1"),
        ("id: 7f3a-3", "id: 7f3a-10"),
        ("start: 2021", "start: 20x1"),
    ],
    ids=["a name twice", "a former name still declared", "renamed to itself", "an id twice", "no date"],
)
def test_a_mistake_is_told_by_a_whole_pass(estate: Estate, old: str, new: str) -> None:
    edit(estate.root / "specs" / "part-0.yaml", old, new)
    assert in_groups(estate, 3) is None
    assert isinstance(estate.plan(large=0), tuple)


def test_a_former_name_claimed_in_two_groups_is_told_by_a_whole_pass(estate: Estate) -> None:
    edit(estate.root / "specs" / "part-0.yaml", "  sub-1:", "  sub-1:\n    previously: gone")
    assert compared(estate, 3) is not None
    edit(estate.root / "specs" / "north" / "part-1.yaml", "  sub-9:", "  sub-9:\n    previously: gone")
    assert in_groups(estate, 3) is None


def test_a_file_that_cannot_be_read_is_told_by_a_whole_pass(estate: Estate) -> None:
    (estate.root / "specs" / "part-0.yaml").write_bytes(b"version: 1\n\xff")
    assert in_groups(estate, 3) is None
    (estate.root / "specs" / "part-0.yaml").unlink()
    (estate.root / "specs" / "_defaults.yaml").write_bytes(b"\xff")
    assert in_groups(estate, 3) is None


def test_names_that_lie_across_the_files_stand_in_their_order(estate: Estate) -> None:
    text = (estate.root / "specs" / "part-0.yaml").read_text()
    for number in range(4):
        renamed = text.replace("  sub-", f"  mixed-{number}-").replace("7f3a-", f"9a{number}-")
        lines = "".join(f"{line}\n" for line in renamed.splitlines())
        (estate.root / "specs" / f"mixed-{number}.yaml").write_text(lines.replace(f"mixed-{number}-", "m-", 1))
        edit(estate.root / "specs" / f"mixed-{number}.yaml", "  m-0:", f"  zz-{9 - number}:")
    found = compared(estate, 1)
    assert found is not None
    keys = [change.key for change in found.plan.changes]
    assert keys == sorted(keys)
    assert SubscriptionKey("contoso", "zz-6") in keys


@pytest.mark.parametrize("lifecycle", ["classic", "microsoft-customer-agreement"])
@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_edited_groups_say_what_the_whole_says(
    estate: Estate, seed: int, lifecycle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    (estate.root / "reconcile.yaml").write_text(SETTINGS.replace("LIFECYCLE", lifecycle))
    for _ in range(12):
        before = {path: path.read_bytes() for path in (estate.root / "specs").rglob("*.yaml")}
        chance.choice(EDITS)(estate.root, chance)
        if compared(estate, chance.choice((1, 3, 20))) is None:
            restore(estate.root, before)


def test_the_command_says_the_same_either_way(estate: Estate) -> None:
    whole = estate.plan(large=WHOLE)
    runtime = estate.runtime(large=0)
    runtime.in_groups, runtime.group = 0, 3
    found = runtime.dry_run(commit=False)
    assert isinstance(whole, Pass)
    assert rendered(found) == rendered(whole)
