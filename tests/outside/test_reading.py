"""Looking at outside accounts: pages, what is on none, trouble that stays where it is, and never absence by mistake."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from reconciler.answers import Pace
from reconciler.errors import (
    ExtraMissing,
    Interrupted,
    Malformed,
    ProviderTrouble,
    RoleTooWeak,
    SignInFailed,
    Throttled,
    Unreachable,
    WrongTenant,
)
from reconciler.observed import ObservedAccount, Obstacle, Page, Unreadable
from reconciler.outside import reading
from reconciler.outside.pacing import Pacers
from reconciler.outside.reading import Ask, observe_accounts
from tests.builders import NOW
from tests.outside.vendor import Hours, Vendor, account, shown

AWAY = Unreachable("unreachable", "no answer")
NOT_ALLOWED = RoleTooWeak("role-too-weak", "may not read", "ask for a role")


def ask(vendor: Vendor, *ids: str, name: str = "fabrikam", listing: bool = True, **fields: Any) -> Ask:
    return Ask(account(name, **fields), frozenset(ids), vendor.open, listing)


def look(vendor: Vendor, *ids: str, hours: Hours | None = None, **fields: Any) -> ObservedAccount:
    return observe_accounts([ask(vendor, *ids, **fields)], (hours or Hours()).timing())["fabrikam"]


def a_vendor(*ids: str, **fields: Any) -> Vendor:
    return Vendor({id: shown(id) for id in ids}, **fields)


class TestPages:
    def test_every_page_is_read_and_nothing_is_asked_twice(self) -> None:
        vendor = a_vendor(pages=[[shown("a"), shown("b")], [shown("c")], []])
        seen = look(vendor, "a", "c")
        assert (sorted(seen.subscriptions), seen.complete, seen.trouble) == (["a", "b", "c"], True, None)
        assert vendor.calls == ["observe None", "observe 1", "observe 2"]
        assert (seen.at, seen.fresh, vendor.opened, vendor.closed) == (NOW, True, 1, 1)

    def test_an_empty_list_is_an_empty_list(self) -> None:
        seen = look(a_vendor())
        assert (seen.subscriptions, seen.complete, seen.trouble) == ({}, True, None)

    def test_an_empty_list_proves_nothing_of_what_is_known(self) -> None:
        vendor = a_vendor("a", pages=[[]])
        seen = look(vendor, "a", "b")
        assert (sorted(seen.subscriptions), set(seen.absent)) == (["a"], {"b"})
        assert seen.of("b") is None

    def test_an_unreadable_one_is_a_value(self) -> None:
        why = Obstacle("unreadable", "no dates")
        seen = look(a_vendor(pages=[[shown("a"), Unreadable("b", why)]]), "a", "b")
        assert (sorted(seen.subscriptions), seen.unreadable) == (["a"], {"b": why})

    def test_twice_and_alike_is_once(self) -> None:
        assert look(a_vendor(pages=[[shown("a")], [shown("a")]])).unreadable == {}

    @pytest.mark.parametrize(
        "other",
        [
            pytest.param(shown("a", seats=9), id="with other values"),
            pytest.param(Unreadable("a", Obstacle("unreadable", "no dates")), id="once readable and once not"),
        ],
    )
    def test_twice_and_not_alike_is_unreadable(self, other: Any) -> None:
        seen = look(a_vendor(pages=[[shown("a"), shown("b")], [other], [shown("a")]]), "a")
        assert {id: why.code for id, why in seen.unreadable.items()} == {"a": "duplicate-id"}
        assert sorted(seen.subscriptions) == ["b"]

    def test_pages_in_a_circle_break_off_and_what_was_read_stays(self) -> None:
        vendor = a_vendor("c", pages=[Page((shown("a"),), "1"), Page((shown("b"),), "0"), Page((), "0")])
        seen = look(vendor, "a", "c", "d")
        assert (sorted(seen.subscriptions), set(seen.absent)) == (["a", "b", "c"], {"d"})
        assert not seen.complete
        assert seen.trouble is None
        assert seen.broken_off is not None
        assert (seen.broken_off.code, seen.broken_off.detail) == (
            "malformed-answer",
            "the pages of its list lead in a circle",
        )

    def test_a_list_without_an_end_breaks_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reading, "ITEMS", 5)
        vendor = a_vendor(pages=[[shown(f"{page}-{n}") for n in range(2)] for page in range(9)])
        seen = look(vendor)
        assert (len(seen.subscriptions), seen.complete) == (6, False)
        assert seen.broken_off is not None
        assert "does not end" in seen.broken_off.detail

    @pytest.mark.parametrize(
        "page",
        [
            pytest.param(Malformed("malformed-answer", "half a page"), id="half a page"),
            pytest.param(KeyError("hunter2"), id="a bug of the provider"),
            pytest.param(Page(("what",)), id="a page of something else"),  # type: ignore[arg-type]
        ],
    )
    def test_a_list_that_breaks_off_leaves_what_is_known_to_be_asked(self, page: Any) -> None:
        vendor = a_vendor("b", pages=[[shown("a")], page])
        seen = look(vendor, "a", "b")
        assert (sorted(seen.subscriptions), seen.complete) == (["a", "b"], False)

    def test_where_nothing_at_all_was_read_the_account_is_in_trouble(self) -> None:
        vendor = a_vendor(pages=[Malformed("malformed-answer", "no JSON")])
        vendor.plays["get a"] = [Malformed("malformed-answer", "no JSON")]
        seen = look(vendor, "a")
        assert seen.trouble == Obstacle("malformed-answer", "no JSON")

    def test_after_a_list_that_may_not_be_read_nothing_is_asked_one_by_one(self) -> None:
        vendor = a_vendor("a", "b", pages=[[shown("a")], NOT_ALLOWED])
        seen = look(vendor, "a", "b")
        assert vendor.called("get") == 0
        assert seen.unreadable == {"b": Obstacle("role-too-weak", "may not read", "ask for a role")}


class TestOneByOne:
    def test_without_a_list_only_what_is_known_is_asked(self) -> None:
        vendor = a_vendor("a", "b")
        seen = look(vendor, "a", "x", listing=False)
        assert (sorted(seen.subscriptions), set(seen.absent), seen.complete) == (["a"], {"x"}, False)
        assert vendor.calls == ["get a", "get x"]
        assert isinstance(seen.of("b"), Obstacle)

    def test_a_failed_read_is_unreadable_and_never_absent(self) -> None:
        vendor = a_vendor(plays={"get a": [NOT_ALLOWED], "get b": [RuntimeError("hunter2")], "get c": [17]})
        seen = look(vendor, "a", "b", "c", "d", listing=False)
        assert {id: why.code for id, why in seen.unreadable.items()} == {
            "a": "role-too-weak",
            "b": "provider-broken",
            "c": "provider-broken",
        }
        assert seen.absent == {"d"}
        assert "hunter2" not in repr(seen)
        assert "RuntimeError" in seen.unreadable["b"].detail

    def test_another_subscription_than_was_asked_for_is_no_answer(self) -> None:
        seen = look(a_vendor(plays={"get a": [shown("b")]}), "a", listing=False)
        assert (seen.unreadable["a"].code, seen.subscriptions) == ("malformed-answer", {})

    def test_what_has_stopped_answering_is_not_asked_for_ever(self) -> None:
        ids = [f"s{number}" for number in range(9)]
        vendor = a_vendor(plays={f"get {id}": [AWAY] * 9 for id in ids})
        seen = look(vendor, *ids, listing=False)
        assert vendor.called("get") == 3 * 4
        assert {why.code for why in seen.unreadable.values()} == {"unreachable"}
        assert len(seen.unreadable) == 9


class TestRetry:
    @pytest.mark.parametrize(("failures", "waits"), [(1, [0.375]), (3, [0.375, 0.5, 0.25, 0.5, 0.5, 0.5])])
    def test_no_answer_is_asked_for_again_ever_later(self, failures: int, waits: list[float]) -> None:
        hours = Hours()
        seen = look(a_vendor("a", plays={"observe": [AWAY] * failures}), hours=hours)
        assert (seen.complete, hours.waits) == (True, waits)

    def test_four_times_is_enough(self) -> None:
        vendor = a_vendor("a", plays={"observe": [AWAY] * 9})
        seen = look(vendor)
        assert (vendor.called("observe"), seen.trouble) == (4, Obstacle("unreachable", "no answer"))

    @pytest.mark.parametrize(
        ("said", "passed"), [(7.0, 7.0), (None, 1.0), (0.0, 0.25), (-5.0, 1.0)], ids=["7 s", "nothing", "0 s", "-5 s"]
    )
    def test_throttled_it_waits_as_long_as_is_said(self, said: float | None, passed: float) -> None:
        hours = Hours()
        busy = Throttled("rate-limited", "too many", retry_after=said)
        seen = look(a_vendor("a", plays={"observe": [busy]}), hours=hours)
        assert seen.complete
        assert hours.passed == pytest.approx(passed, abs=0.01)

    @pytest.mark.parametrize("said", [50.0, 3600.0, None, 0.0])
    def test_throttled_for_too_long_is_trouble(self, said: float | None) -> None:
        hours = Hours()
        vendor = a_vendor("a", plays={"observe": [Throttled("rate-limited", "too many", retry_after=said)] * 999})
        seen = look(vendor, "a", hours=hours)
        assert seen.trouble is not None
        assert (seen.trouble.code, hours.passed <= 120) == ("rate-limited", True)
        assert vendor.called("get") == 0

    @pytest.mark.parametrize("kind", [Malformed, SignInFailed, RoleTooWeak, WrongTenant])
    def test_what_asking_again_cannot_mend_is_asked_once(self, kind: type[ProviderTrouble]) -> None:
        vendor = a_vendor("a", plays={"observe": [kind("some-code", "no")]})
        assert look(vendor).trouble == Obstacle("some-code", "no")
        assert vendor.called("observe") == 1


class TestTrouble:
    @pytest.mark.parametrize("kind", [WrongTenant, SignInFailed, RoleTooWeak, Unreachable, ExtraMissing])
    def test_who_is_signed_in_is_checked_before_anything_is_asked(self, kind: type[ProviderTrouble]) -> None:
        vendor = a_vendor("a", plays={"check": [kind("some-code", "no", "do this")] * 4})
        seen = look(vendor, "a")
        assert (seen.trouble, seen.complete) == (Obstacle("some-code", "no", "do this"), False)
        assert (vendor.calls, vendor.closed) == ([], 1)

    @pytest.mark.parametrize(
        ("raised", "code"),
        [(ExtraMissing("extra-missing", "install it"), "extra-missing"), (OSError("hunter2"), "provider-broken")],
    )
    def test_an_account_that_cannot_be_opened_stops_no_other(self, raised: Exception, code: str) -> None:
        bad, good = a_vendor(plays={"open": [raised]}), a_vendor("a")
        asks = [
            ask(bad, name="one", shared="partner"),
            ask(good, name="two", shared="partner"),
            ask(a_vendor(plays={"open": [raised]}), name="three", shared="partner"),
        ]
        seen = observe_accounts(asks, Hours().timing())
        assert list(seen) == ["one", "two", "three"]
        assert [item.trouble and item.trouble.code for item in seen.values()] == [code, None, code]
        assert "hunter2" not in repr(seen)

    def test_what_closing_raises_changes_nothing(self) -> None:
        assert look(a_vendor("a", plays={"close": [OSError()]})).complete

    def test_a_pace_that_is_none_is_the_providers_bug(self) -> None:
        seen = look(a_vendor("a", pace=Pace(0, 1)))
        assert seen.trouble is not None
        assert seen.trouble.code == "provider-broken"


class TestMany:
    def test_no_account_is_no_work(self) -> None:
        assert observe_accounts([], Hours().timing()) == {}

    def test_progress_counts_accounts(self) -> None:
        told: list[tuple[int, int]] = []
        asks = [ask(a_vendor(), name=name) for name in ("one", "two")]
        observe_accounts(asks, Hours().timing(), progress=lambda done, total: told.append((done, total)))
        assert told == [(1, 2), (2, 2)]

    def test_accounts_of_a_group_share_a_pace_and_others_do_not(self) -> None:
        pace = Pace(reads=1, writes=1)

        def takes(*names: str, shared: str) -> float:
            hours = Hours()
            asks = [ask(a_vendor(pace=pace), name=name, shared=shared) for name in names]
            observe_accounts(asks, hours.timing())
            return hours.passed

        assert takes("one", "two", shared="") == pytest.approx(2, abs=0.01)
        assert takes("one", "two", shared="partner") == pytest.approx(3, abs=0.01)

    def test_a_later_write_keeps_the_pace_of_the_reads(self) -> None:
        hours = Hours()
        pacers = Pacers(hours.timing())
        observe_accounts([ask(a_vendor(pace=Pace(1, 1)))], hours.timing(), pacers=pacers)
        pacers.of("fabrikam", Pace(99, 99)).read(lambda: False, 120)
        assert hours.passed == pytest.approx(2, abs=0.01)

    def test_threads_do_it_as_one_does(self) -> None:
        asks = []
        for number in range(30):
            ids = [f"s{one}" for one in range(20)]
            asks.append(ask(a_vendor(*ids, pages=[[]]), *ids, "x", name=f"a{number}", shared=f"g{number % 3}"))
        seen = observe_accounts(asks, Hours().timing(ThreadPoolExecutor))
        assert [len(item.subscriptions) for item in seen.values()] == [20] * 30
        assert {item.absent for item in seen.values()} == {frozenset({"x"})}
        assert threading.active_count() == 1


class TestStop:
    @pytest.mark.parametrize("pool", [None, ThreadPoolExecutor], ids=["at once", "threads"])
    @pytest.mark.parametrize("after", [0, 1, 3, 7])
    def test_asked_to_stop_it_says_so_and_closes_what_it_opened(
        self, after: int, pool: Callable[[int], Any] | None
    ) -> None:
        vendor = a_vendor(pages=[[]])
        asks = [ask(vendor, *"abcdef", name=name, shared="partner") for name in ("one", "two", "three")]
        timing = Hours().timing(pool) if pool else Hours().timing()
        with pytest.raises(Interrupted):
            observe_accounts(asks, timing, lambda: len(vendor.calls) >= after)
        assert vendor.opened == vendor.closed
        assert len(vendor.calls) <= after + 4

    def test_interrupted_where_it_waits_for_the_others_they_stop_too(self) -> None:
        vendors = [a_vendor(pages=[[]]) for _ in "ab"]
        asks = [ask(one, *map(str, range(999)), name=f"v{number}") for number, one in enumerate(vendors)]
        asks.insert(0, ask(a_vendor(), name="first"))

        def interrupt(done: int, total: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            observe_accounts(asks, Hours().timing(ThreadPoolExecutor), progress=interrupt)
        assert all(one.opened == one.closed for one in vendors)

    def test_our_own_bug_is_raised_and_no_other_account_waits_for_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def bug(*given: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr("reconciler.outside.reading._Look._get", bug)
        with pytest.raises(ZeroDivisionError):
            look(a_vendor(pages=[[]]), "a", "b")
