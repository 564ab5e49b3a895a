"""An outside account brought in: everything that lives, once, and a dry run of it that has nothing to do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.changes import Kind
from reconciler.errors import InputError, ProviderTrouble, ReconcilerError, Refused, SpecError, WrongTenant
from reconciler.importing import from_provider
from reconciler.importing.from_provider import usable
from reconciler.importing.names import mark_of, suffixed
from reconciler.importing.proof import WrittenWrongly
from reconciler.model import Cancel, Recurring, Status
from reconciler.observed import ObservedAccount, Obstacle
from tests.builders import NOW, a_key, a_seen, a_stored, an_open_intent
from tests.importing.shops import Shop, left, names

OFF = Recurring.OFF
WHY = Obstacle("unreachable", "no answer came", "run again later")


class TestWhatIsTaken:
    def test_what_lives_is_adopted_and_a_dry_run_has_nothing_to_do(self) -> None:
        shop = Shop([a_seen("1", product_name="Visio Plan 2"), a_seen("2", display_name="For Ada", recurring=OFF)])
        decided = shop.take()
        assert names(decided) == ["for-ada", "visio-plan-2"]
        assert [(change.kind, change.reason) for change in decided.plan.changes] == [
            (Kind.ADOPT, "import from stripe"),
            (Kind.ADOPT, "import from stripe"),
        ]
        plan = shop.dry_run()
        assert (left(plan), plan.unchanged, plan.drift, plan.elapsed) == ([], 2, (), ())
        assert (decided.remaining, decided.barred, dict(decided.ended)) == (0, {}, {})
        assert all(item.intent is None for item in shop.load().subscriptions.values())

    def test_what_has_ended_is_counted_and_left_out(self) -> None:
        ended = [a_seen(str(at), status=status) for at, status in enumerate([Status.DELETED, Status.EXPIRED] * 2)]
        decided = Shop([a_seen("9"), *ended]).prepare()
        assert len(decided.named) == 1
        assert decided.ended == {Status.DELETED: 2, Status.EXPIRED: 2}

    @pytest.mark.parametrize("status", [Status.SCHEDULED, Status.SUSPENDED, Status.UNKNOWN])
    def test_what_no_wish_could_move_is_taken_all_the_same(self, status: Status) -> None:
        shop = Shop([a_seen(status=status)])
        shop.take()
        assert left(shop.dry_run()) == []

    def test_where_only_ended_ones_are_there_is_nothing_to_write(self) -> None:
        decided = Shop([a_seen(status=Status.DELETED)]).prepare()
        assert (decided.files, decided.plan.changes) == ((), ())

    def test_the_same_again_writes_nothing(self) -> None:
        shop = Shop([a_seen()])
        shop.take()
        again = shop.take()
        assert (again.files, again.plan.changes, again.declared) == ((), (), 1)

    def test_what_was_declared_and_never_recorded_is_recorded_with_it(self) -> None:
        shop = Shop([a_seen("1"), a_seen("2")])
        first = shop.prepare()
        shop.files |= {item.file: item.text for item in first.files}  # and then somebody pulled the plug
        again = shop.take()
        assert (again.files, [change.kind for change in again.plan.changes]) == ((), [Kind.ADOPT] * 2)
        assert left(shop.dry_run()) == []

    def test_what_was_wished_before_is_left_to_do_and_told(self) -> None:
        shop = Shop([a_seen("1"), a_seen("2")])
        shop.files["specs/a.yaml"] = 'version: 1\naccount: shop\nsubscriptions: {a: {id: "1", recurring: off}}\n'
        decided = shop.take()
        assert [str(change.key) for change in decided.plan.changes] == ["shop/a", "shop/cfq7ttc0hd32"]
        assert {change.kind for change in decided.plan.changes} == {Kind.ADOPT}
        assert (decided.remaining, left(shop.dry_run())) == (1, ["shop/a"])

    def test_a_thousand_are_split_over_files(self) -> None:
        shop = Shop([a_seen(f"sub-{number}", display_name=f"Plan {number}") for number in range(1001)])
        decided = shop.take()
        assert [item.file for item in decided.files] == ["specs/shop.yaml", "specs/shop-2.yaml"]
        assert left(shop.dry_run()) == []


class TestWhatIsDeclaredAlready:
    def test_another_account_of_the_same_provider_counts(self) -> None:
        shop = Shop([a_seen("1"), a_seen("2")])
        shop.files["specs/t.yaml"] = 'version: 1\naccount: twin\nsubscriptions: {a: {id: "1"}}\n'
        decided = shop.prepare()
        assert decided.elsewhere == {"1": a_key("twin/a")}
        assert [seen.id for seen in decided.named.values()] == ["2"]

    def test_the_same_id_at_another_site_is_another_subscription(self) -> None:
        shop = Shop([a_seen("1")], account="site")
        shop.files["specs/o.yaml"] = 'version: 1\naccount: other\nsubscriptions: {a: {id: "1"}}\n'
        decided = shop.prepare()
        assert (decided.elsewhere, len(decided.named)) == ({}, 1)


class TestNames:
    def test_none_of_those_that_share_a_name_has_the_better_claim(self) -> None:
        shop = Shop([a_seen("1", product_name="Visio"), a_seen("2", product_name="Visio")])
        found = names(shop.prepare())
        assert len(set(found)) == 2
        assert all(name.startswith("visio-") for name in found)
        shop.seen = tuple(reversed(shop.seen))
        assert names(shop.prepare()) == found

    def test_no_name_is_taken_twice_whoever_bears_or_bore_it(self) -> None:
        shop = Shop([a_seen("1", product_name="Visio"), a_seen("2", product_name="Visio"), a_seen("9")])
        shop.files["specs/a.yaml"] = (
            'version: 1\naccount: shop\nsubscriptions: {visio: {id: "9", previously: visio-old}}\n'
        )
        one = replace(shop, seen=[a_seen("1", display_name="Visio old"), a_seen("9")])
        assert names(one.prepare()) == [suffixed("visio-old", mark_of("1")[:4])]
        assert "visio" not in names(shop.prepare())

    def test_a_record_that_stands_without_a_spec_gets_its_name_back(self) -> None:
        shop = Shop([a_seen("1", product_name="Visio", seats=7)])
        shop.stored = replace(
            shop.stored, subscriptions={a_key("shop/old-name"): a_stored("shop/old-name", id="1", seats=5)}
        )
        decided = shop.take()
        assert names(decided) == ["old-name"]
        assert (decided.plan.changes, len(decided.plan.elapsed)) == ((), 1)
        plan = shop.dry_run()
        assert (left(plan), plan.drift) == ([], ())

    def test_what_stands_above_the_file_is_recorded_of_such_a_record(self) -> None:
        shop = Shop([a_seen("1")], files={"specs/_defaults.yaml": "version: 1\ndefaults: {owner: ada}\n"})
        shop.stored = replace(shop.stored, subscriptions={a_key("shop/old"): a_stored("shop/old", id="1")})
        assert [change.kind for change in shop.take().plan.changes] == [Kind.UPDATE]
        assert left(shop.dry_run()) == []

    def test_a_record_that_is_claimed_by_another_declaration_is_told(self) -> None:
        shop = Shop([a_seen("1"), a_seen("2")])
        shop.stored = replace(shop.stored, subscriptions={a_key("shop/old"): a_stored("shop/old", id="1")})
        shop.files["specs/a.yaml"] = 'version: 1\naccount: shop\nsubscriptions: {new: {id: "2", previously: old}}\n'
        decided = shop.prepare()
        assert (names(decided), decided.barred["1"].code) == ([], "id-taken")

    def test_a_name_that_cannot_be_made_is_an_error(self) -> None:
        mark = mark_of("1")
        taken = ["visio", *(suffixed("visio", mark[:length]) for length in range(4, 65))]
        shop = Shop([a_seen("1", display_name="Visio")])
        shop.files["specs/a.yaml"] = "version: 1\naccount: shop\nsubscriptions:\n" + "".join(
            f"  {name}: {{id: x{at}}}\n" for at, name in enumerate(taken)
        )
        with pytest.raises(InputError, match="every name for 'visio' is taken") as caught:
            shop.prepare()
        assert caught.value.code == "no-free-name"


class TestWhatCannotBeTaken:
    def test_it_is_told_with_why_and_the_others_are_taken(self) -> None:
        shop = Shop([a_seen("1"), a_seen("2", term=None), a_seen("a\nb")], {"3": WHY})
        decided = shop.take()
        assert {id: why.code for id, why in decided.barred.items()} == {
            "2": "dates-unknown",
            "3": "unreachable",
            "a\nb": "unusable-id",
        }
        assert len(decided.named) == 1
        assert left(shop.dry_run()) == []
        (text,) = (item.text for item in decided.files)
        assert '# - "2": dates-unknown: ' in text
        assert '# - "a\\nb": unusable-id: ' in text

    @pytest.mark.parametrize(("token", "code"), [(None, "outcome-unknown"), ("t", "under-way")])
    def test_what_is_under_way_waits(self, token: str | None, code: str) -> None:
        shop = Shop([a_seen("1")])
        rows = {a_key("shop/old"): a_stored("shop/old", id="1")}
        intents = {a_key("shop/old"): an_open_intent("shop/old", token=token)}
        shop.stored = replace(shop.stored, subscriptions=rows, open_intents=intents)
        decided = shop.prepare()
        assert (decided.files, decided.barred["1"].code) == ((), code)


class TestInheritedPairs:
    def test_one_that_asks_for_something_else_is_taken_back_and_told(self) -> None:
        shop = Shop([a_seen("1", display_name="a"), a_seen("2", display_name="b", recurring=OFF)])
        shop.files["specs/_defaults.yaml"] = "version: 1\ndefaults: {recurring: off}\n"
        decided = shop.take()
        assert left(shop.dry_run()) == []
        (text,) = (item.text for item in decided.files)
        assert text.count("recurring: unmanaged  # specs/_defaults.yaml:2:23 asks for recurring: off; remove") == 1
        (told,) = decided.diagnostics
        assert (told.code, told.detail) == (
            "import-holds-back",
            "`recurring: off` against what its provider says of shop/a",
        )

    def test_a_rule_by_product_is_one_too(self) -> None:
        rules = "rules: [{match: {product: 'CFQ*'}, set: {cancel: at-renewal}}]"
        shop = Shop([a_seen()], files={"specs/_defaults.yaml": f"version: 1\n{rules}\n"})
        shop.take()
        assert (left(shop.dry_run()), "recurring: unmanaged" in shop.files["specs/shop.yaml"]) == ([], True)

    def test_one_that_would_undo_what_somebody_did_outside_is_taken_back_as_well(self) -> None:
        shop = Shop([a_seen("1")], files={"specs/_defaults.yaml": "version: 1\ndefaults: {recurring: off}\n"})
        row = a_stored("shop/old", id="1", recurring=OFF)
        shop.stored = replace(shop.stored, subscriptions={a_key("shop/old"): row})
        shop.take()
        assert left(shop.dry_run()) == []

    def test_what_is_held_elsewhere_in_the_account_is_none_of_its_business(self) -> None:
        shop = Shop([a_seen("1"), a_seen("2")])
        shop.files["specs/a.yaml"] = 'version: 1\naccount: shop\nsubscriptions: {a: {id: "1", recurring: off}}\n'
        row = a_stored("shop/a", id="1", recurring=OFF, declared=True)
        shop.stored = replace(shop.stored, subscriptions={a_key("shop/a"): row})
        decided = shop.take()
        assert (decided.remaining, left(shop.dry_run()), decided.diagnostics) == (1, ["shop/a"], ())

    def test_one_that_holds_already_stays(self) -> None:
        shop = Shop([a_seen("1", recurring=OFF)])
        shop.files["specs/_defaults.yaml"] = "version: 1\ndefaults: {recurring: off, owner: ada, protect: true}\n"
        decided = shop.take()
        assert (left(shop.dry_run()), decided.diagnostics) == ([], ())
        (row,) = shop.stored.subscriptions.values()
        assert (row.declared, row.owner, row.protected) == (True, "ada", True)


class TestWhatIsNotUsable:
    @pytest.mark.parametrize(
        ("known", "kind", "code", "said"),
        [
            (ObservedAccount("shop", NOW, trouble=WHY), ProviderTrouble, "unreachable", "shop: no answer came"),
            (
                ObservedAccount("shop", NOW, trouble=replace(WHY, code="wrong-tenant")),
                WrongTenant,
                "wrong-tenant",
                "shop: no answer came",
            ),
            (
                ObservedAccount("shop", NOW, {"1": a_seen("1")}, complete=False, broken_off=WHY),
                ProviderTrouble,
                "half-a-list",
                "the list of shop was not read to its end: no answer came; nothing was written",
            ),
            (
                ObservedAccount("shop", NOW, {"1": a_seen("1")}, complete=False),
                ProviderTrouble,
                "half-a-list",
                "the list of shop was not read to its end: nobody knows why; nothing was written",
            ),
            (ObservedAccount("shop", NOW), Refused, "empty-list", "shop lists no subscription at all"),
        ],
        ids=["trouble", "a wrong tenant", "half a list", "half a list for no reason", "an empty list"],
    )
    def test_from_less_than_all_no_estate_is_brought_in(
        self, known: ObservedAccount, kind: type[ReconcilerError], code: str, said: str
    ) -> None:
        with pytest.raises(kind, match=said) as caught:
            usable(known)
        assert caught.value.code == code
        assert caught.value.hint

    def test_unreadable_ones_alone_are_no_empty_list(self) -> None:
        decided = Shop(unreadable={"3": WHY}).prepare()
        assert (decided.files, list(decided.barred)) == ((), ["3"])


class TestProof:
    def test_specs_that_would_leave_something_to_do_are_our_bug(self, monkeypatch: pytest.MonkeyPatch) -> None:
        shop = Shop([a_seen()], files={"specs/_defaults.yaml": "version: 1\ndefaults: {recurring: off}\n"})
        monkeypatch.setattr(from_provider._Desk, "_wishes", lambda *_: {})
        with pytest.raises(WrittenWrongly, match="something would be left to do"):
            shop.prepare()

    def test_an_error_in_a_file_that_was_there_is_told_as_such(self) -> None:
        shop = Shop([a_seen()], files={"specs/new.yaml": "version: 1\naccount: shop\n"})
        with pytest.raises(SpecError):
            shop.prepare(out="specs/b.yaml")

    def test_a_file_is_never_written_over_one_that_is_there(self) -> None:
        shop = Shop([a_seen()], files={"specs/_defaults.yaml": "version: 1\ndefaults: {}\n"})
        with pytest.raises(InputError, match="exists already"):
            shop.prepare(out="specs/_defaults.yaml")

    _TEXTS = st.text(max_size=230) | st.sampled_from(["", "a: b", "# x", "on", "0x1", "\n---\n", "!!x", "*a", "\ud800"])

    @given(
        st.lists(
            st.builds(
                a_seen,
                id=_TEXTS,
                product=_TEXTS,
                product_name=_TEXTS,
                display_name=_TEXTS,
                provider_status=_TEXTS,
                recurring=st.sampled_from(Recurring),
                cancellation=st.sampled_from([Cancel.NONE, Cancel.AT_RENEWAL]),
                status=st.sampled_from(Status),
                notes=st.lists(_TEXTS, max_size=2).map(tuple),
            ),
            min_size=1,
            max_size=4,
            unique_by=lambda item: item.id,
        )
    )
    def test_whatever_a_provider_says_reads_back_and_asks_for_nothing(self, seen: list[object]) -> None:
        shop = Shop(seen)  # type: ignore[arg-type]
        decided = shop.take()
        plan = shop.dry_run()
        assert left(plan) == []
        living = [item for item in shop.seen if not item.status.ended]
        assert len(decided.named) + len(decided.barred) == len(living)
