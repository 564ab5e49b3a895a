"""What a plan looks at: all that the run is about, or what is kept of an earlier look, as `--refresh` says."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.desired import DesiredState, SpecTexts
from reconciler.errors import SignInFailed
from reconciler.model import Recurring
from reconciler.observed import ObservedAccount, ObservedState
from reconciler.observing import Eyes, observe
from reconciler.outside.pacing import Pacers
from reconciler.reconcile import Inputs
from reconciler.refresh import Mode, Refresh
from reconciler.safety import Circumstances
from reconciler.selection import EVERYTHING, Selection
from reconciler.settings import AccountSettings, Safety, Settings
from reconciler.stored import StoredState
from tests.builders import NOW, a_desired, a_stored
from tests.estates import a_desired_state, a_stored_state
from tests.outside.vendor import Hours, Vendor, shown

ACCOUNTS = {
    "cloud": AccountSettings("cloud", "stripe", "plain"),
    "other": AccountSettings("other", "microsoft", "plain"),
    "books": AccountSettings("books"),
}
DESIRED = a_desired_state(
    a_desired("cloud/a", id="s1"), a_desired("other/b", id="s2", recurring=Recurring.OFF), accounts=ACCOUNTS
)
STORED = a_stored_state(a_stored("cloud/a", id="s1"), a_stored("other/b", id="s2"))


class World:
    """Two vendors, and what was kept of them."""

    def __init__(self, kept: dict[str, ObservedAccount] | None = None) -> None:
        self.vendors = {"cloud": Vendor({"s1": shown("s1")}), "other": Vendor({"s2": shown("s2")})}
        self.kept = kept or {}
        self.asked_for_kept = 0

    def _kept(self) -> dict[str, ObservedAccount]:
        self.asked_for_kept += 1
        return self.kept

    def look(
        self,
        refresh: Refresh | None = None,
        desired: DesiredState = DESIRED,
        stored: StoredState = STORED,
        selection: Selection = EVERYTHING,
    ) -> ObservedState:
        timing = Hours().timing()
        eyes = Eyes(lambda account: self.vendors[account.name].open(), timing, Pacers(timing))
        circumstances = Circumstances(Safety(), NOW)
        texts = SpecTexts((), (), "")
        inputs = Inputs(Settings(accounts=ACCOUNTS), "digest", texts, circumstances, ACCOUNTS, selection)
        return observe(inputs, desired, stored, self._kept, eyes, refresh or Refresh())

    @property
    def opened(self) -> list[str]:
        return [name for name, vendor in self.vendors.items() if vendor.opened]


def kept(account: str, age: timedelta = timedelta(), **fields: object) -> ObservedAccount:
    id = "s1" if account == "cloud" else "s2"
    return ObservedAccount(account, NOW - age, {id: shown(id, **fields)}, fresh=False)


BOTH = {"cloud": kept("cloud"), "other": kept("other", timedelta(hours=7))}


def test_a_whole_run_looks_at_every_outside_account() -> None:
    world = World(BOTH)
    seen = world.look()
    assert (world.opened, world.asked_for_kept) == (["cloud", "other"], 0)
    assert all(item.fresh for item in seen.accounts.values())
    assert seen.accounts["cloud"].of("s1") == shown("s1")


def test_a_ledger_alone_is_nothing_to_look_at() -> None:
    world = World()
    desired = a_desired_state(a_desired("books/a"), accounts=ACCOUNTS)
    assert world.look(desired=desired, stored=a_stored_state()) == ObservedState()
    assert (world.opened, world.asked_for_kept) == ([], 0)


def test_none_takes_what_is_kept_with_its_age() -> None:
    world = World(BOTH)
    seen = world.look(Refresh(Mode.NONE))
    assert (world.opened, seen.accounts) == ([], BOTH)


def test_of_what_was_never_seen_nothing_is_known() -> None:
    assert World().look(Refresh(Mode.NONE)) == ObservedState()


@pytest.mark.parametrize(("hours", "opened"), [(6, ["other"]), (8, [])])
def test_older_than_looks_at_what_is_older(hours: int, opened: list[str]) -> None:
    world = World(BOTH)
    world.look(Refresh(Mode.OLDER_THAN, timedelta(hours=hours)))
    assert world.opened == opened


def test_changed_looks_where_the_kept_picture_leaves_something_to_do() -> None:
    world = World(BOTH)
    seen = world.look(Refresh(Mode.CHANGED))
    assert (world.opened, seen.accounts["cloud"].fresh, seen.accounts["other"].fresh) == (["other"], False, True)


def test_changed_looks_at_what_was_never_seen() -> None:
    world = World({"other": kept("other", recurring=Recurring.OFF)})
    world.look(Refresh(Mode.CHANGED), stored=a_stored_state(a_stored("other/b", id="s2", recurring=Recurring.OFF)))
    assert world.opened == ["cloud"]


def test_a_narrowed_run_asks_for_each_and_lists_nothing() -> None:
    world = World()
    seen = world.look(selection=Selection(select=("cloud/a",)))
    assert world.opened == ["cloud"]
    assert [call for call in world.vendors["cloud"].calls if call.startswith("observe")] == []
    assert not seen.accounts["cloud"].complete


def test_one_accounts_trouble_is_its_own() -> None:
    world = World()
    world.vendors["cloud"].plays["check"] = [SignInFailed("sign-in-failed", "expired")]
    seen = world.look()
    assert seen.accounts["cloud"].trouble is not None
    assert seen.accounts["other"].trouble is None
