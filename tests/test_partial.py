"""A large estate looked at in part comes to the plan of the whole: cold, warm, and after whatever somebody edits."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.consequences import DueList
from reconciler.errors import ReconcilerError, SpecError
from reconciler.options import Options
from reconciler.plan import Plan
from reconciler.progress import Untold
from reconciler.reconcile import Pass
from reconciler.runtime import Runtime

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
WHOLE = 1 << 60
SETTINGS = """\
version: 1
accounts:
  contoso: {provider: ledger, lifecycle: LIFECYCLE}
  fabrikam: {provider: ledger}
  northwind: {provider: manual}
safety:
  max_changes: {count: 500}
  max_endings: {count: 500}
  max_spending: {count: 500}
"""
DEFAULTS = """\
version: 1
defaults: {owner: it@contoso.example, recurring: on}
"""
RULES = """\
version: 1
defaults: {labels: {region: north}}
rules:
  - match: {product: VISIOCLIENT}
    set: {labels: {reviewed: "2026"}}
  - match: {key: "*/sub-1*"}
    set: {reason: the budget of the first ten}
"""
PRODUCTS = ("SPB", "VISIOCLIENT", "POWER_BI_PRO")
TERMS = ("annual", "monthly", "triennial")


@dataclass
class Fixed:
    """A clock that stands still until it is told otherwise."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at


@dataclass
class Estate:
    """Some dozens of subscriptions in a few files, read whole or in part."""

    root: Path
    cache: Path
    clock: Fixed
    verify: bool = False

    def runtime(self, *, large: int, **options: Any) -> Runtime:
        environ = {"RECONCILE_CACHE": str(self.cache), "USER": "ada"}
        return Runtime(Options(directory=self.root, **options), environ, self.clock, large=large)

    def plan(self, *, large: int, **options: Any) -> Pass | tuple[object, ...]:
        """The pass, or what was said instead of one."""
        try:
            return self.runtime(large=large, **options).dry_run(commit=False)
        except SpecError as error:
            return tuple((item.code, item.detail, str(item.location)) for item in error.diagnostics)
        except ReconcilerError as error:
            return (error.code, error.message)

    def apply(self, *, large: int = WHOLE) -> None:
        self.runtime(large=large).apply(lambda found: True, lambda: False, Untold())

    def both_ways(self, **options: Any) -> Pass | tuple[object, ...]:
        """The plan of a part, which is the plan of the whole."""
        whole, part = self.plan(large=WHOLE, **options), self.plan(large=0, **options)
        if isinstance(whole, tuple) or isinstance(part, tuple):
            assert whole == part
            return part
        assert said(part) == said(whole)
        return part


def said(found: Pass) -> dict[str, object]:
    """All that a pass says, with every place as people see it."""
    told: dict[str, object] = {one.name: plain(getattr(found.plan, one.name)) for one in fields(Plan)}
    return told | {"fingerprint": found.plan.fingerprint, "verdict": plain(found.verdict)}


def plain(value: Any) -> object:
    """The same with places as texts."""
    if hasattr(value, "location") and hasattr(value, "file"):
        return str(value.location)
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, tuple | DueList) and not hasattr(value, "_fields"):
        return [plain(item) for item in value]
    return value


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    return an_estate(tmp_path)


def an_estate(tmp_path: Path) -> Estate:
    """Some dozens of subscriptions, and no store."""
    root = tmp_path / "repository"
    (root / "specs" / "north").mkdir(parents=True)
    (root / "reconcile.yaml").write_text(SETTINGS.replace("LIFECYCLE", "classic"))
    (root / "specs" / "_defaults.yaml").write_text(DEFAULTS)
    (root / "specs" / "north" / "_defaults.yaml").write_text(RULES)
    for number in range(6):
        folder = root / "specs" / ("north" if number % 2 else "")
        text = "".join(map(subscription, range(number * 8, number * 8 + 8)))
        account = "fabrikam" if number == 5 else "contoso"
        (folder / f"part-{number}.yaml").write_text(f"version: 1\naccount: {account}\nsubscriptions:\n{text}")
    (root / "specs" / "by-hand.yaml").write_text(
        "version: 1\naccount: northwind\nsubscriptions:\n"
        "  printers:\n    facts: {product: SPB, term: annual, start: 2026-03-01}\n"
    )
    return Estate(root, tmp_path / "cache", Fixed())


def subscription(number: int) -> str:
    product, term = PRODUCTS[number % 3], TERMS[number % 5 % 3]
    extra = (
        "",
        "    recurring: off\n",
        "    cancel: {when: at-renewal, reason: nobody uses it}\n",
        f"    labels: {{team: sales}}\n    id: 7f3a-{number}\n",
        "    recurring: off\n    cancel: none\n",
        "    protect: true\n",
        "    recurring: unmanaged\n",
    )[number % 7]
    seats = f", seats: {number}, price: {number}.50 EUR" if number % 2 else ""
    start = f"202{number % 5}-{number % 12 + 1:02d}-{number % 28 + 1:02d}"
    return f"  sub-{number}:\n{extra}    facts: {{product: {product}, term: {term}, start: {start}{seats}}}\n"


def test_a_cold_look_plans_what_a_whole_pass_plans(estate: Estate) -> None:
    estate.apply()
    estate.clock.at += timedelta(days=3)
    found = estate.both_ways()
    assert isinstance(found, Pass)
    assert found.stored.settled.counts


def test_a_warm_look_reads_only_what_has_changed(estate: Estate) -> None:
    estate.apply()
    estate.both_ways()
    edit(estate.root / "specs" / "part-0.yaml", "seats: 1,", "seats: 4,")
    found = estate.both_ways()
    assert isinstance(found, Pass)
    assert [str(change.kind) for change in found.plan.changes] == ["update"]
    assert len(found.desired.subscriptions) < 25


def test_a_store_that_one_process_reads_is_looked_at_in_part_all_the_same(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    estate.apply()
    monkeypatch.setattr("reconciler.stores.reader.SqliteReader.another", lambda self: None)
    monkeypatch.setattr("reconciler.comparing._ALONE", 0)
    monkeypatch.setattr("reconciler.glance.processes", lambda: 2)
    found = estate.both_ways()
    assert isinstance(found, Pass)
    assert found.stored.settled.counts


def test_two_processes_that_share_the_records_come_to_the_same(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    estate.apply()
    monkeypatch.setattr("reconciler.comparing._ALONE", 0)
    monkeypatch.setattr("reconciler.glance.processes", lambda: 2)
    found = estate.both_ways()
    assert isinstance(found, Pass)
    assert found.stored.settled.counts


def test_time_alone_changes_a_plan_as_it_does_a_whole_one(estate: Estate) -> None:
    estate.apply()
    for days in (0, 1, 20, 31, 45, 400):
        estate.clock.at = NOW + timedelta(days=days)
        estate.both_ways()


@pytest.mark.parametrize(
    "options",
    [
        {"select": ("contoso/sub-1*",)},
        {"select": ("contoso/sub-12", "fabrikam/*")},
        {"exclude": ("*/sub-2*",)},
        {"paths": ("specs/north",)},
        {"paths": ("specs/part-0.yaml",), "select": ("*5",)},
        {"select": ("nobody/*",)},
        {"as_of": NOW + timedelta(days=60)},
    ],
    ids=str,
)
def test_a_narrowed_or_dated_look_says_the_same(estate: Estate, options: dict[str, Any]) -> None:
    estate.apply()
    for _ in range(2):
        estate.both_ways(**options)
    edit(estate.root / "specs" / "north" / "part-1.yaml", "term: annual", "term: monthly")
    estate.both_ways(**options)


def edit(path: Path, old: str, new: str) -> None:
    """A text put in the place of another, which must be there."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def _cut(root: Path, chance: random.Random) -> None:
    path, lines = some_file(root, chance)
    starts = [at for at, line in enumerate(lines) if line.startswith("  sub-")]
    if starts:
        at = chance.choice(starts)
        end = next((one for one in starts if one > at), len(lines))
        path.write_text("".join(lines[:at] + lines[end:]))


def _copied(root: Path, chance: random.Random) -> None:
    _, lines = some_file(root, chance)
    other, _ = some_file(root, chance)
    starts = [at for at, line in enumerate(lines) if line.startswith("  sub-")]
    if starts:
        at = chance.choice(starts)
        end = next((one for one in starts if one > at), len(lines))
        other.write_text(other.read_text() + "".join(lines[at:end]))


def _reworded(root: Path, chance: random.Random) -> None:
    path, _ = some_file(root, chance)
    swaps = (
        ("recurring: off", "recurring: on"), ("term: annual", "term: monthly"), ("protect: true", "protect: false"),
        ("seats: ", "seats: 1"), ("cancel: none", "cancel: at-renewal"), ("team: sales", "team: 12"),
        ("product: SPB", "product: NO_SUCH"), ("start: 2021", "start: 2023"),
        ("    labels:", "    owner: b@x.example\n    labels:"),
        ("id: 7f3a-3", "id: 7f3a-10"), ("recurring: unmanaged", "recurring: off\n    cancel: none"),
        ("    protect: true", "    schedule:\n      - {from: 2026-12-24, recurring: off}\n    protect: true"),
        ("    protect: true", "    schedule:\n    - from: 2026-12-24\n      recurring: off\n    protect: true"),
        ("    facts:", "    decided: {for: 2027-01-02, by: ada}\n    facts:"),
        ("  sub-1:", "  sub-100:\n    previously: sub-1"), ("  sub-20:", "  sub-200:\n    previously: sub-2"),
        ("cancel: {when: at-renewal, reason: nobody uses it}", "cancel: {when: immediately, reason: gone}"),
    )  # fmt: skip
    old, new = chance.choice(swaps)
    path.write_text(path.read_text().replace(old, new, 1))


def _above(root: Path, chance: random.Random) -> None:
    path = root / "specs" / "north" / "_defaults.yaml"
    old, new = chance.choice(
        [
            ("region: north", "region: south"),
            ("VISIOCLIENT", "POWER_BI_PRO"),
            ('"*/sub-1*"', '"*/sub-3*"'),
            ("2026", "2027"),
        ]
    )
    path.write_text(path.read_text().replace(old, new, 1))


def _gone(root: Path, chance: random.Random) -> None:
    path, _ = some_file(root, chance)
    if chance.random() < 0.5:
        path.unlink()
    else:
        path.rename(path.with_name(f"moved-{path.name}"))


def _broken(root: Path, chance: random.Random) -> None:
    path, _ = some_file(root, chance)
    path.write_text(
        path.read_text() + chance.choice(["  - odd\n", "  sub-9: {facts: {start: 2026-02-30}}\n", "x: 1\n"])
    )


def _emptied(root: Path, chance: random.Random) -> None:
    path, _ = some_file(root, chance)
    head, _, rest = path.read_text().partition("subscriptions:\n")
    more = chance.choice(["  ", "  \n", "", f"  \n{rest}", f"  \n x: 1\n{rest}", f"  \n\t\n{rest}", f"\n \n{rest}"])
    path.write_text(f"{head}subscriptions:\n{more}")


def _rules_of_its_own(root: Path, chance: random.Random) -> None:
    path, _ = some_file(root, chance)
    path.write_text(
        path.read_text() + "rules:\n  - match: {product: [SPB, VISIOCLIENT]}\n    set: {labels: {own: rule}}\n"
    )


EDITS: tuple[Callable[[Path, random.Random], None], ...] = (
    _reworded, _reworded, _reworded, _reworded, _cut, _copied, _above, _gone, _broken, _emptied,
    _rules_of_its_own,
)  # fmt: skip


def some_file(root: Path, chance: random.Random) -> tuple[Path, list[str]]:
    """One of the files with subscriptions, and its lines."""
    paths = sorted(path for path in (root / "specs").rglob("*.yaml") if not path.name.startswith("_"))
    path = chance.choice(paths)
    return path, path.read_text().splitlines(keepends=True)


@pytest.mark.parametrize("lifecycle", ["classic", "microsoft-customer-agreement"])
@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_edited_the_part_says_what_the_whole_says(
    estate: Estate, seed: int, lifecycle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    if seed % 2:  # as large estates are read: in blocks
        monkeypatch.setattr("reconciler.spec.parts.SWIFT_FROM", 0)
    (estate.root / "reconcile.yaml").write_text(SETTINGS.replace("LIFECYCLE", lifecycle))
    estate.apply()
    estate.both_ways()
    for _ in range(12):
        before = {path: path.read_bytes() for path in (estate.root / "specs").rglob("*.yaml")}
        chance.choice(EDITS)(estate.root, chance)
        age(estate.root)
        found = estate.both_ways()
        if isinstance(found, tuple) and chance.random() < 0.9:
            restore(estate.root, before)
        elif chance.random() < 0.3 and isinstance(found, Pass):
            estate.apply(large=chance.choice((0, WHOLE)))
            estate.both_ways()
        if chance.random() < 0.2:
            estate.clock.at += timedelta(days=chance.choice((1, 9, 40)))


def restore(root: Path, before: dict[Path, bytes]) -> None:
    """The specs as they were."""
    for path in list((root / "specs").rglob("*.yaml")):
        path.unlink()
    for path, data in before.items():
        path.write_bytes(data)


def age(root: Path) -> None:
    """Make every file look an hour old: else none that was just written would be believed to be as it was."""
    for path in (root / "specs").rglob("*.yaml"):
        status = path.stat()
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns - 3_600_000_000_000))
