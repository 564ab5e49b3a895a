"""A stateful property: in whatever order people edit, apply, crash, tidy up, rename and protect, a small model agrees.

The model knows nothing of plans: it says what a record must be after an apply, in the fewest words. All below it is
real: YAML files, the whole engine, and an SQLite file.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from reconciler.changes import ENDING
from reconciler.journal import ApplyReport
from reconciler.progress import Untold
from reconciler.reconcile import Pass
from reconciler.runtime import Options, Runtime
from reconciler.stores.sqlite import SqliteStore

NOW = datetime(2026, 11, 23, tzinfo=UTC)
NAMES = ("a", "b", "c", "d")
PAIRS: tuple[tuple[str | None, str | None], ...] = (
    (None, None),
    ("on", None),
    ("on", "none"),
    ("off", None),
    ("off", "none"),
    (None, "none"),
    (None, "at-renewal"),
    ("off", "at-renewal"),
    (None, "immediately"),
)
_EDIT = st.tuples(st.sampled_from(PAIRS), st.sampled_from([None, None, None, True, False]))
_SETTINGS = """
version: 1
accounts: {contoso: {provider: ledger, lifecycle: plain}}
safety:
  max_changes: {count: 99, percent: 100, at_least: 99}
  max_endings: {count: 99, percent: 100, at_least: 99}
  max_cancel_now: {count: 99, percent: 100, at_least: 99}
  max_spending: {count: 99, percent: 100, at_least: 99}
  allow_empty: true
"""


@dataclass
class Wish:
    """What a spec says of one name."""

    pair: tuple[str | None, str | None] = (None, None)
    protect: bool | None = None
    previously: str | None = None

    def text(self, name: str) -> str:
        """As YAML."""
        recurring, cancel = self.pair
        lines = [f"  {name}:", "    facts: {product: SPB, term: annual, start: 2026-02-14}"]
        lines += [f"    recurring: {recurring}"] if recurring else []
        confirm = f", reason: r, confirm: contoso/{name}@2026-02-14" if cancel == "immediately" else ""
        lines += [f"    cancel: {{when: {cancel}{confirm}}}"] if cancel else []
        lines += [f"    protect: {str(self.protect).lower()}"] if self.protect is not None else []
        lines += [f"    previously: {self.previously}"] if self.previously else []
        return "\n".join(lines) + "\n"


@dataclass
class Record:
    """What must be stored of one name."""

    recurring: str = "on"
    cancellation: str = "none"
    protected: bool = False

    @property
    def over(self) -> bool:
        """Nothing moves it any more: nobody here reactivates what was cancelled immediately."""
        return self.cancellation == "immediately"


@dataclass
class Model:
    """The records, and what an apply makes of them."""

    records: dict[str, Record] = field(default_factory=dict)

    def apply(self, wishes: dict[str, Wish]) -> None:
        """Every wish in its turn."""
        for name, wish in wishes.items():
            former = wish.previously
            if former in self.records:
                if name in self.records:
                    continue
                self.records[name] = self.records.pop(former)
            if name in self.records:
                self._move(self.records[name], wish)
            elif wish.pair[1] != "immediately":
                self.records[name] = self._registered(wish)

    @staticmethod
    def _registered(wish: Wish) -> Record:
        recurring, cancel = wish.pair
        at_renewal = cancel == "at-renewal"
        return Record(
            "off" if recurring == "off" or at_renewal else "on",
            "at-renewal" if at_renewal else "none",
            bool(wish.protect),
        )

    @staticmethod
    def _move(record: Record, wish: Wish) -> None:
        held = record.protected or wish.protect is True
        if wish.protect is not None:
            record.protected = wish.protect
        after = Model._after(record, wish.pair)
        ends = after.cancellation != "none" and after != record
        ends = ends or (after.recurring, record.recurring, record.cancellation) == ("off", "on", "none")
        if not (held and ends):
            record.recurring, record.cancellation = after.recurring, after.cancellation

    @staticmethod
    def _after(record: Record, pair: tuple[str | None, str | None]) -> Record:
        """The pair that this wish asks for, protection aside."""
        now = Record(record.recurring, record.cancellation, record.protected)
        if record.over or pair == (None, None):
            return now
        recurring, cancel = pair
        if cancel in ("at-renewal", "immediately"):
            return Record("off", cancel, record.protected)
        if recurring == "on":
            return Record("on", "none", record.protected)
        if cancel == "none":
            now.cancellation = "none"
        if recurring == "off":
            now.recurring = "off"
        return now


class _Crash(BaseException):
    """The process dies here."""


class _Clock:
    def now(self) -> datetime:
        return NOW


class Estate(RuleBasedStateMachine):
    """People and their mishaps."""

    @initialize()
    def start(self) -> None:
        """A repository without a spec."""
        # In memory where there is such a folder: hundreds of durable commits would wait for a disk.
        memory = Path("/dev/shm")
        self.root = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
        (self.root / "specs").mkdir()
        (self.root / "reconcile.yaml").write_text(_SETTINGS, encoding="utf-8")
        self.wishes = {name: Wish() for name in NAMES[:3]}
        self.model = Model()
        self.apply()

    def teardown(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self.root, ignore_errors=True)

    @rule(edits=st.dictionaries(st.sampled_from(NAMES), _EDIT, min_size=1))
    def edit(self, edits: dict[str, tuple[tuple[str | None, str | None], bool | None]]) -> None:
        """Write specs, or change them."""
        for name, (pair, protect) in edits.items():
            if any(wish.previously == name for wish in self.wishes.values()):
                continue  # a spec error: a name cannot be declared and have been renamed away
            previously = self.wishes[name].previously if name in self.wishes else None
            self.wishes[name] = Wish(pair, protect, previously)

    @rule(edits=st.dictionaries(st.sampled_from(NAMES), _EDIT, min_size=1))
    def edit_and_apply(self, edits: dict[str, tuple[tuple[str | None, str | None], bool | None]]) -> None:
        """The usual day."""
        self.edit(edits)
        self.apply()

    @precondition(lambda self: self.wishes)
    @rule(data=st.data())
    def tidy_up(self, data: st.DataObject) -> None:
        """Remove a spec: nothing ends because of it."""
        del self.wishes[data.draw(st.sampled_from(sorted(self.wishes)))]

    @precondition(lambda self: self.wishes and len(self.wishes) < len(NAMES))
    @rule(data=st.data())
    def rename(self, data: st.DataObject) -> None:
        """Give a declared subscription another name."""
        old = data.draw(st.sampled_from(sorted(self.wishes)))
        new = data.draw(st.sampled_from(sorted(set(NAMES) - self.wishes.keys())))
        if any(wish.previously in (old, new) for wish in self.wishes.values()):
            return  # two former names for one record are a spec error
        wish = self.wishes.pop(old)
        self.wishes[new] = Wish(wish.pair, wish.protect, old)

    @rule()
    def apply(self) -> None:
        """The main job."""
        self._write()
        self._run()
        self.model.apply(dict(sorted(self.wishes.items())))

    @rule(committed=st.booleans())
    def crash(self, committed: bool) -> None:
        """An apply dies before or behind the commit of its batch."""
        self._write()
        inner = SqliteStore.record

        def record(store: SqliteStore, *words: object) -> int:
            if committed:
                inner(store, *words)  # type: ignore[arg-type]  # handed on as they come
            raise _Crash

        SqliteStore.record = record  # type: ignore[method-assign,assignment]
        try:
            self._run()
        except _Crash:
            changed = committed
        else:
            changed = True  # nothing was to be recorded, so nothing died
        finally:
            SqliteStore.record = inner  # type: ignore[method-assign]
        if changed:
            self.model.apply(dict(sorted(self.wishes.items())))

    @invariant()
    def the_store_is_as_the_model_says(self) -> None:
        """Always, also right after a crash."""
        with self._runtime().reading() as reader:
            rows = {} if reader is None else reader.snapshot().subscriptions
        stored = {
            key.name: Record(row.recurring.value, row.cancellation.value, row.protected) for key, row in rows.items()
        }
        assert stored == self.model.records

    @rule()
    def plan_after_apply_is_empty(self) -> None:
        """Plan, apply, plan: nothing is left but what a lifted protection makes wait for a later run."""
        self.apply()
        found = self._runtime().dry_run(commit=False)
        waiting = {name for name, wish in self.wishes.items() if wish.protect is False}
        assert all(change.kind in ENDING and change.key.name in waiting for change in found.plan.changes)
        self.apply()
        assert self._runtime().dry_run(commit=False).plan.changes == ()

    def _write(self) -> None:
        file = self.root / "specs" / "contoso.yaml"
        text = "".join(wish.text(name) for name, wish in sorted(self.wishes.items()))
        if text:
            file.write_text(f"version: 1\naccount: contoso\nsubscriptions:\n{text}", encoding="utf-8")
        else:
            file.unlink(missing_ok=True)

    def _runtime(self) -> Runtime:
        return Runtime(Options(directory=self.root), environ={}, clock=_Clock())

    def _run(self) -> tuple[Pass, ApplyReport | None]:
        return self._runtime().apply(lambda found: True, lambda: False, Untold())


Estate.TestCase.settings = hypothesis_settings(max_examples=25, stateful_step_count=18, deadline=None)
TestEstate = Estate.TestCase
