"""`reconcile refresh`: outside accounts looked at anew, kept, and told of; nothing is planned and no baseline moves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from reconciler.cli import refreshing
from reconciler.errors import Interrupted
from reconciler.observed import ObservedAccount
from reconciler.options import SystemClock
from reconciler.stores.sqlite import SqliteStore
from tests.cli.outside.houses import COUNT, HOUSES
from tests.cli.outside.world import Outside, outside
from tests.cli.world import Done, World


@pytest.fixture(params=sorted(HOUSES))
def place(
    request: pytest.FixtureRequest, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Outside]:
    """An account at each of the three billing systems in turn."""
    with outside(request.param, tmp_path / "repository", capfd, monkeypatch) as made:
        made.adopt()
        yield made


@pytest.fixture
def shop(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    """One of them, for what does not depend on which it is."""
    with outside("stripe", tmp_path / "repository", capfd, monkeypatch) as made:
        made.adopt()
        yield made


def refreshed(place: Outside, *words: str, code: int = 0) -> Done:
    """A refresh that ends with this code."""
    done = place.run("refresh", *words)
    assert done.code == code, done
    return done


def second(place: Outside, more: str) -> None:
    """Another account beside the first, with one subscription that nobody has."""
    account = f"provider: {place.house.provider}, "
    place.world.write(
        "reconcile.yaml",
        f"version: 1\naccounts:\n  cloud: {{{account}{place.house.account}}}\n  other: {{{account}{more}}}\n"
        "  books: {provider: ledger}\n",
    )
    place.world.write("specs/other.yaml", "version: 1\naccount: other\nsubscriptions: {x: {id: sub_1None}}\n")


class TestOneAccount:
    def test_what_it_shows_is_kept_for_plans_that_look_at_nothing(self, place: Outside) -> None:
        place.end(1)
        place.hours.wait(7200)
        place.house.turn(1, on=False)
        done = refreshed(place)
        assert done.out.splitlines()[0] == f"cloud    {COUNT} subscriptions; before: observed 2 h ago"
        assert done.last == f"Refreshed 1 of 1 account, {COUNT} subscriptions."
        requests = place.house.emulator.requests
        plan = place.plan("--refresh", "none").document
        assert place.house.emulator.requests == requests
        (sighting,) = plan["sightings"]
        assert (sighting["at"], sighting["fresh"]) == ("2026-11-23T14:00:00Z", False)
        assert {item["subscription"] for item in plan["drift"]} == {"cloud/s1"}

    def test_it_writes_no_history_and_moves_no_baseline(self, place: Outside) -> None:
        before = place.run("history", "--format", "json").document["entries"]
        place.house.turn(1, on=False)
        refreshed(place)
        refreshed(place)
        assert place.run("history", "--format", "json").document["entries"] == before
        drift = place.plan().document["drift"]
        assert {(item["subscription"], item["stored"]) for item in drift if item["field"] == "recurring"} == {
            ("cloud/s1", "on")
        }
        assert place.house.emulator.effects == []

    def test_the_document_says_the_same(self, place: Outside) -> None:
        place.declare(count=1)
        place.hours.wait(60)
        (account,) = refreshed(place, "--format", "json").document["accounts"]
        assert account == {
            "account": "cloud",
            "provider": place.house.provider,
            "observed_at": "2026-11-23T12:01:00Z",
            "observed_before": "2026-11-23T12:00:00Z",
            "complete": True,
            "seen": COUNT,
            "undeclared": 0,
            "unreadable": [],
            "trouble": None,
        }

    def test_what_no_file_declares_and_no_record_names_is_counted(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with outside("stripe", tmp_path / "new", capfd, monkeypatch) as place:
            place.declare(count=1)
            assert place.apply().code == 0
            done = refreshed(place)
        assert done.out.splitlines()[:2] == [
            f"cloud    {COUNT} subscriptions, {COUNT - 1} declared by no file; before: observed just now",
            "  to bring in what no file declares: reconcile import --account cloud --from-provider",
        ]

    def test_an_apply_keeps_what_it_looked_at_with_the_instant_of_the_look(
        self, place: Outside, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        place.end(1)
        began: list[datetime | None] = []
        keep = SqliteStore.keep_observations

        def keeping(store: SqliteStore, seen: Sequence[ObservedAccount], at: datetime | None = None) -> None:
            began.append(at)
            keep(store, seen, at)

        monkeypatch.setattr(SqliteStore, "keep_observations", keeping)
        place.apply()
        assert began[0] == place.hours.timing(SystemClock()).now()  # the others are of what it read back

    def test_what_is_listed_no_more_is_asked_for_by_its_id(self, shop: Outside) -> None:
        shop.house.vanish(2)
        shop.hours.wait(1)  # what was read within the second in which a look begins counts as newer
        refreshed(shop)
        (block,) = shop.plan("--refresh", "none").document["blocked"]
        assert (block["subscription"], block["code"]) == ("cloud/s2", "vanished")

    def test_a_freeze_does_not_keep_it_from_looking(self, shop: Outside) -> None:
        shop.run("freeze", "--reason", "audit")
        refreshed(shop)


class TestTrouble:
    @pytest.mark.parametrize(
        ("kind", "code"),
        [("invalid-json", "malformed-answer"), ("drop-before-commit", "unreachable"), ("status", None)],
    )
    def test_what_was_kept_before_stays(self, place: Outside, kind: str, code: str | None) -> None:
        place.fault(kind, times=None, value=500 if kind == "status" else None)
        place.hours.wait(60)
        done = refreshed(place, "--format", "json", code=1)
        (account,) = done.document["accounts"]
        assert account["trouble"]["code"] == (code or account["trouble"]["code"])
        assert (account["observed_at"], account["observed_before"]) == (None, "2026-11-23T12:00:00Z")
        plan = place.plan("--refresh", "none", "--detailed-exitcode")
        assert (plan.code, plan.document["sightings"][0]["at"]) == (0, "2026-11-23T12:00:00Z")

    def test_half_a_list_is_told_and_what_was_read_is_kept(self, shop: Outside) -> None:
        shop.fault("cursor-loop", shop.house.listing, times=None)
        done = refreshed(shop, code=1)
        assert "the list was not read to its end; before: observed just now" in done.out
        assert done.last == f"Refreshed 1 of 1 account, {COUNT} subscriptions, 1 in trouble."

    def test_one_accounts_trouble_stops_no_other(self, shop: Outside) -> None:
        second(shop, shop.house.others)
        done = refreshed(shop, code=3)
        assert done.out.splitlines()[0] == "other    could not be read; before: never observed"
        assert "  wrong-tenant: " in done.out
        assert f"cloud    {COUNT} subscriptions; before: observed just now" in done.out
        assert done.last == f"Refreshed 1 of 2 accounts, {COUNT} subscriptions, 1 in trouble."
        assert refreshed(shop, "--account", "cloud").last.startswith("Refreshed 1 of 1 account")

    def test_an_expired_sign_in_is_trouble_and_never_shown(
        self, place: Outside, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(place.house.variable(), place.house.expired)
        done = refreshed(place, code=1)
        assert place.house.expired not in done.out + done.err

    def test_an_account_that_is_stored_as_another_is_not_even_asked(self, shop: Outside) -> None:
        shop.account(shop.house.others)
        requests = shop.house.emulator.requests
        done = refreshed(shop, code=3)
        assert "wrong-account: it was recorded as stripe, tenant " in done.out
        assert shop.house.emulator.requests == requests

    def test_asked_to_stop_it_keeps_nothing(self, shop: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
        def stopped(*words: object) -> None:
            raise Interrupted("interrupted", "asked to stop")

        monkeypatch.setattr(refreshing, "look", stopped)
        refreshed(shop, code=130)


class TestWhatIsAsked:
    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (["--account", "clod"], "no-such-account"),
            (["--account", "books"], "not-outside"),
            (["--select", "x"], "not-narrowed"),
            (["--as-of", "2026-11-23"], "as-of-outside"),
        ],
    )
    def test_a_wrong_call_is_told(self, shop: Outside, words: list[str], told: str) -> None:
        second(shop, shop.house.account)
        shop.world.write("specs/other.yaml", "version: 1\naccount: other\nsubscriptions: {x: {id: sub_1None}}\n")
        assert refreshed(shop, *words, "--format", "json", code=64).document["error"]["code"] == told

    def test_without_outside_accounts_there_is_nothing_to_look_at(self, world: World) -> None:
        world.specs("a: {facts: {product: A, term: annual, start: 2026-01-01}}")
        done = world.run("refresh", as_of=None)
        assert (done.code, done.last) == (
            0,
            "Nothing to look at: no outside account declares or stores a subscription.",
        )
        assert not world.store.exists()

    def test_an_account_that_only_lends_its_settings_is_not_asked(self, shop: Outside) -> None:
        second(shop, f"{shop.house.account}, plan_as: nobody")
        (shop.world.root / "specs/other.yaml").unlink()
        assert refreshed(shop).last == f"Refreshed 1 of 1 account, {COUNT} subscriptions."

    def test_without_a_store_there_is_nowhere_to_keep_it(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with outside("stripe", tmp_path / "new", capfd, monkeypatch) as place:
            assert "there is no store at" in refreshed(place, code=1).err

    def test_of_many_accounts_those_in_trouble_are_all_named(self, shop: Outside) -> None:
        lines = [
            f"  shop-{number:02}: {{provider: stripe, {shop.house.account}, plan_as: seller}}" for number in range(22)
        ]
        lines += [f"  wrong: {{provider: stripe, {shop.house.others}}}"]
        account = f"  cloud: {{provider: stripe, {shop.house.account}}}"
        shop.world.write("reconcile.yaml", "\n".join(["version: 1", "accounts:", account, *lines]) + "\n")
        for name in ["wrong", *(f"shop-{number:02}" for number in range(22))]:
            shop.world.write(
                f"specs/{name}.yaml", f"version: 1\naccount: {name}\nsubscriptions: {{x: {{id: x{name}}}}}\n"
            )
        done = refreshed(shop, code=3)
        assert done.out.startswith("wrong    could not be read")
        assert "and 3 more accounts\n" in done.out
        assert len(refreshed(shop, "--format", "json", code=3).document["accounts"]) == 24
