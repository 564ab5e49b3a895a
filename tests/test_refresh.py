"""Which outside accounts are looked at anew, and for what."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.changes import Kind
from reconciler.desired import DesiredState
from reconciler.observed import ObservedAccount
from reconciler.plan import Plan
from reconciler.refresh import FEW, Concern, Mode, Refresh, concerns, to_ask, touched
from reconciler.selection import Selection
from reconciler.settings import AccountSettings
from reconciler.stored import StoredState
from tests.builders import NOW, a_change, a_desired, a_stored
from tests.estates import BINDINGS, a_desired_state, a_stored_state

ACCOUNTS = {
    "cloud": AccountSettings("cloud", "stripe"),
    "other": AccountSettings("other", "microsoft"),
    "books": AccountSettings("books"),
}


def desired(*keys: str, **ids: str) -> DesiredState:
    wanted = [a_desired(key, id=ids.get(key.partition("/")[2], f"id-{key[-1]}")) for key in keys]
    return a_desired_state(*wanted, accounts=ACCOUNTS)


class TestConcerns:
    def test_a_whole_run_is_about_every_outside_account(self) -> None:
        stored = a_stored_state(a_stored("cloud/z", id="id-z"), a_stored("books/q", id="id-q"), a_stored("cloud/n"))
        found = concerns(desired("cloud/a", "books/b"), stored, Selection())
        assert found == {
            "cloud": Concern("cloud", frozenset({"id-a", "id-z"}), narrowed=False),
        }, "an account that only lends its settings has nothing to look at"

    def test_a_narrowed_one_about_what_is_selected(self) -> None:
        stored = a_stored_state(a_stored("cloud/a", id="id-a"), a_stored("cloud/b", id="id-b"))
        found = concerns(desired("cloud/a", "other/c"), stored, Selection(select=("cloud/a",)))
        assert found == {"cloud": Concern("cloud", frozenset({"id-a"}), narrowed=True)}

    def test_one_that_is_renamed_is_known_by_its_former_name(self) -> None:
        wanted = a_desired_state(a_desired("cloud/new", id="id-new", previously="old"), accounts=ACCOUNTS)
        stored = a_stored_state(a_stored("cloud/old", id="id-old"))
        assert concerns(wanted, stored, Selection(select=("cloud/new",)))["cloud"].ids == {"id-new", "id-old"}

    def test_paths_say_nothing_about_records(self) -> None:
        stored = a_stored_state(a_stored("other/z", id="id-z"))
        assert concerns(desired("cloud/a"), stored, Selection(paths=("specs/contoso.yaml",))).keys() == {"cloud"}

    def test_many_are_listed_all_the_same(self) -> None:
        keys = [f"cloud/{number:03}" for number in range(FEW + 1)]
        many = desired(*keys, **{key.partition("/")[2]: f"id-{key}" for key in keys})
        assert not concerns(many, StoredState(), Selection(select=("cloud/*",)))["cloud"].narrowed

    def test_a_ledger_alone_concerns_nobody(self) -> None:
        assert concerns(a_desired_state(a_desired()), StoredState(), Selection()) == {}

    def test_one_without_an_id_asks_for_nothing(self) -> None:
        wanted = a_desired_state(a_desired("cloud/a"), accounts=ACCOUNTS)
        assert concerns(wanted, StoredState(), Selection())["cloud"].ids == frozenset()


ABOUT = ("cloud", "other")
KEPT = {"cloud": ObservedAccount("cloud", NOW - timedelta(hours=7))}
PLAN = Plan(NOW, BINDINGS, changes=(a_change(Kind.TURN_OFF, "cloud/a"), a_change(Kind.TURN_OFF, "books/b")))


@pytest.mark.parametrize(
    ("refresh", "plan", "asked"),
    [
        (Refresh(), None, {"cloud", "other"}),
        (Refresh(Mode.NONE), None, set()),
        (Refresh(Mode.OLDER_THAN, timedelta(hours=6)), None, {"cloud", "other"}),
        (Refresh(Mode.OLDER_THAN, timedelta(hours=8)), None, {"other"}),
        (Refresh(Mode.CHANGED), PLAN, {"cloud", "other"}),
        (Refresh(Mode.CHANGED), None, {"other"}),
    ],
    ids=["all", "none", "older", "younger", "changed", "unchanged, or never seen"],
)
def test_what_is_asked(refresh: Refresh, plan: Plan | None, asked: set[str]) -> None:
    assert to_ask(refresh, ABOUT, KEPT, NOW, plan) == asked


def test_a_plan_touches_whatever_it_names() -> None:
    assert touched(PLAN) == {"cloud", "books"}
