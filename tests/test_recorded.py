"""A pull request cannot loosen its own brakes: what is recorded, and which of declared and recorded holds."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model import Money
from reconciler.recorded import (
    amounts_text,
    as_recorded,
    from_recorded,
    lifecycles_moved,
    settings_moved,
    stricter,
    with_lifecycles,
)
from reconciler.settings import (
    DEFAULT_LIMITS,
    IN_MONEY,
    IN_NUMBERS,
    Amounts,
    Limit,
    LimitName,
    Override,
    Safety,
    ValueLimit,
)
from tests.builders import CLASSIC, a_lifecycle

ENDINGS, CANCELLED = LimitName.MAX_ENDINGS, LimitName.MAX_CANCELLED_VALUE
EUR, JPY = Money(500_000, "EUR"), Money(900, "JPY")
VISIO = Override(ENDINGS, "contoso/visio-*", 60, date(2026, 12, 31), "Visio retired")


def with_limit(limit: Limit, **fields: object) -> Safety:
    return Safety(limits={**DEFAULT_LIMITS, ENDINGS: limit}, **fields)  # type: ignore[arg-type]


DAYS = st.none() | st.integers(1, 366)
LIMITS = st.builds(Limit, st.integers(0, 200), st.integers(0, 100), st.integers(0, 20), DAYS)
AMOUNTS: st.SearchStrategy[Amounts] = st.dictionaries(
    st.sampled_from(["EUR", "JPY", "USD"]), st.integers(0, 10**12)
).map(lambda found: tuple(Money(minor, currency) for currency, minor in sorted(found.items())))
OVERRIDES = st.builds(
    Override,
    st.sampled_from(IN_NUMBERS),
    st.sampled_from(["*", "contoso/*", "contoso/visio-*"]),
    st.integers(0, 99),
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    st.sampled_from(["", "Visio retired", "\u00e9\u4e2d"]),
) | st.builds(
    Override,
    st.sampled_from(IN_MONEY),
    st.sampled_from(["*", "contoso/*"]),
    st.just(0),
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    st.just("r"),
    AMOUNTS,
)
BRAKES = st.builds(
    Safety,
    limits=st.fixed_dictionaries(dict.fromkeys(IN_NUMBERS, LIMITS)),
    allow_empty=st.booleans(),
    overrides=st.lists(OVERRIDES, max_size=4).map(tuple),
    caps=st.dictionaries(st.sampled_from(IN_NUMBERS), st.integers(0, 9), max_size=2),
    values=st.dictionaries(st.sampled_from(IN_MONEY), st.builds(ValueLimit, AMOUNTS, DAYS)),
    value_caps=st.dictionaries(st.sampled_from(IN_MONEY), AMOUNTS, max_size=1),
)


@given(BRAKES)
def test_what_is_recorded_reads_back_but_for_the_environment(safety: Safety) -> None:
    back = from_recorded(json.loads(json.dumps(as_recorded(safety))))
    assert (back.limits, back.allow_empty, back.caps) == (safety.limits, safety.allow_empty, {})
    assert (back.values, back.value_caps) == (safety.values, {})
    assert sorted(back.overrides, key=repr) == sorted(safety.overrides, key=repr)


def test_the_order_of_overrides_is_not_recorded() -> None:
    overrides = (
        VISIO,
        replace(VISIO, reason="another"),
        replace(VISIO, count=7),
        replace(VISIO, until=date(2026, 1, 1)),
    )
    recorded = [json.dumps(as_recorded(Safety(overrides=order))) for order in permutations(overrides)]
    assert len(set(recorded)) == 1


def test_what_an_earlier_version_recorded_is_still_read() -> None:
    recorded = {
        "limits": {"max-endings": {"count": 20, "percent": 10, "at_least": 5}},
        "allow_empty": False,
        "overrides": [
            {"limit": "max-endings", "match": "*", "count": 6, "until": "2026-12-31", "reason": "Visio retired"}
        ],
    }
    found = from_recorded(recorded)
    assert found.limits == {ENDINGS: Limit(20, 10, 5)}
    assert (found.values, found.overrides) == ({}, (replace(VISIO, match="*", count=6),))
    assert as_recorded(found) == recorded


def test_settings_without_money_and_days_are_recorded_as_ever() -> None:
    found = as_recorded(Safety(overrides=(VISIO,)))
    assert found.keys() == {"limits", "allow_empty", "overrides"}
    assert '"days"' not in json.dumps(found)
    assert '"amounts"' not in json.dumps(found)


def test_with_nothing_recorded_the_declared_brakes_hold() -> None:
    declared = with_limit(Limit(1, 2, 3), overrides=(VISIO,), allow_empty=True)
    assert stricter(declared, None) is declared


def test_recorded_limits_stand_beside_the_declared_ones_and_caps_are_the_environments() -> None:
    declared = with_limit(Limit(99, 99, 99), caps={ENDINGS: 3})
    before = with_limit(Limit(7, 8, 9))
    found = stricter(declared, as_recorded(before))
    assert (found.limits, found.caps) == (before.limits, {ENDINGS: 3})


def test_a_limit_in_money_holds_where_either_side_sets_it() -> None:
    limit = ValueLimit((EUR,), 30)
    caps = {CANCELLED: (JPY,)}
    set_here = Safety(values={CANCELLED: limit}, value_caps=caps)
    assert stricter(set_here, as_recorded(Safety())).values == {CANCELLED: limit}
    assert stricter(set_here, as_recorded(Safety())).value_caps == caps
    assert stricter(Safety(), as_recorded(set_here)).values == {CANCELLED: limit}
    assert stricter(Safety(), as_recorded(set_here)).value_caps == {}


@pytest.mark.parametrize(("declared", "recorded"), [(True, False), (False, True), (False, False), (True, True)])
def test_empty_specs_are_allowed_only_where_declared_and_recorded(declared: bool, recorded: bool) -> None:
    found = stricter(Safety(allow_empty=declared), as_recorded(Safety(allow_empty=recorded)))
    assert found.allow_empty is (declared and recorded)


@pytest.mark.parametrize(
    ("declared", "recorded", "holds"),
    [
        pytest.param((VISIO,), (VISIO,), (VISIO,), id="both"),
        pytest.param((VISIO,), (), (), id="declared only"),
        pytest.param((), (VISIO,), (), id="recorded only"),
        pytest.param((VISIO,), (replace(VISIO, match="*"),), (), id="another pattern"),
        pytest.param((VISIO,), (replace(VISIO, limit=LimitName.MAX_CHANGES),), (), id="another limit"),
        pytest.param((replace(VISIO, count=99),), (VISIO,), (VISIO,), id="more declared"),
        pytest.param((VISIO,), (replace(VISIO, count=99),), (VISIO,), id="more recorded"),
        pytest.param((replace(VISIO, until=date(2027, 12, 31)),), (VISIO,), (VISIO,), id="longer declared"),
        pytest.param((VISIO,), (replace(VISIO, until=date(2027, 12, 31)),), (VISIO,), id="longer recorded"),
        pytest.param((VISIO,), (replace(VISIO, reason="x"),), (VISIO,), id="another reason"),
    ],
)
def test_an_override_holds_as_far_as_it_is_declared_and_recorded(
    declared: tuple[Override, ...], recorded: tuple[Override, ...], holds: tuple[Override, ...]
) -> None:
    assert stricter(Safety(overrides=declared), as_recorded(Safety(overrides=recorded))).overrides == holds


@pytest.mark.parametrize(
    ("declared", "recorded", "holds"),
    [
        pytest.param((EUR,), (EUR,), (EUR,), id="the same"),
        pytest.param((EUR,), (Money(9, "EUR"),), (Money(9, "EUR"),), id="less recorded"),
        pytest.param((Money(9, "EUR"), JPY), (EUR, JPY), (Money(9, "EUR"), JPY), id="less declared"),
        pytest.param((EUR, JPY), (JPY,), (JPY,), id="a currency not recorded yet"),
        pytest.param((EUR,), (EUR, JPY), (EUR,), id="a currency taken out"),
        pytest.param((EUR,), (JPY,), (), id="no currency in common"),
    ],
)
def test_an_override_in_money_holds_as_far_as_both_name_an_amount(
    declared: Amounts, recorded: Amounts, holds: Amounts
) -> None:
    override = Override(CANCELLED, "*", 0, date(2026, 12, 31), "r")
    now, before = (Safety(overrides=(replace(override, amounts=amounts),)) for amounts in (declared, recorded))
    assert stricter(now, as_recorded(before)).overrides == (replace(override, amounts=holds),)


class TestHeadlines:
    def test_nothing_recorded_or_nothing_moved_is_no_headline(self) -> None:
        assert settings_moved(Safety(allow_empty=True), None) == ()
        assert settings_moved(Safety(overrides=(VISIO,)), as_recorded(Safety(overrides=(VISIO,)))) == ()
        assert settings_moved(Safety(caps={ENDINGS: 1}), as_recorded(Safety())) == ()

    def test_each_brake_that_moved_is_told_and_that_the_stricter_holds(self) -> None:
        declared = with_limit(Limit(60, 20, 5), allow_empty=True, overrides=(VISIO,))
        old = replace(VISIO, match="*/project-*", reason="Project retired")
        *moved, last = settings_moved(declared, as_recorded(Safety(overrides=(old,))))
        before, now = "{count: 20, percent: 10, at_least: 5}", "{count: 60, percent: 20, at_least: 5}"
        assert moved == [
            f"settings changed: safety.max_endings from {before} to {now}",
            "settings changed: safety.allow_empty from false to true",
            "settings changed: override removed: max_endings for */project-*, 60 until 2026-12-31 (Project retired)",
            "settings changed: override added: max_endings for contoso/visio-*, 60 until 2026-12-31 (Visio retired)",
        ]
        assert last == "until an apply that nothing refuses records them, the stricter of old and new settings holds"

    @pytest.mark.parametrize(
        ("before", "after", "words"),
        [
            pytest.param(
                ValueLimit((EUR, JPY), 30),
                None,
                "from {amounts: [5000.00 EUR, 900 JPY], per: 30d} to no limit",
                id="taken out",
            ),
            pytest.param(None, ValueLimit((EUR,)), "from no limit to {amounts: [5000.00 EUR]}", id="new"),
            pytest.param(
                ValueLimit((EUR,), 30),
                ValueLimit((EUR,)),
                "from {amounts: [5000.00 EUR], per: 30d} to {amounts: [5000.00 EUR]}",
                id="no days any more",
            ),
        ],
    )
    def test_a_limit_in_money_that_moved_is_told(
        self, before: ValueLimit | None, after: ValueLimit | None, words: str
    ) -> None:
        old, new = ({} if limit is None else {CANCELLED: limit} for limit in (before, after))
        moved, _ = settings_moved(Safety(values=new), as_recorded(Safety(values=old)))
        assert moved == f"settings changed: safety.max_cancelled_value {words}"

    def test_days_that_moved_are_told(self) -> None:
        moved, _ = settings_moved(with_limit(Limit(20, 10, 5)), as_recorded(with_limit(Limit(20, 10, 5, 30))))
        assert moved.endswith(
            "from {count: 20, percent: 10, at_least: 5, per: 30d} to {count: 20, percent: 10, at_least: 5}"
        )

    def test_an_override_in_money_tells_its_amounts(self) -> None:
        override = Override(CANCELLED, "contoso/*", 0, date(2026, 12, 31), "Visio retired", (EUR, JPY))
        (moved, _) = settings_moved(Safety(overrides=(override,)), as_recorded(Safety()))
        assert moved == (
            "settings changed: override added: max_cancelled_value for contoso/*, "
            "5000.00 EUR, 900 JPY until 2026-12-31 (Visio retired)"
        )

    @given(BRAKES, BRAKES)
    def test_whatever_moved_is_told_and_nothing_else(self, declared: Safety, recorded: Safety) -> None:
        assert settings_moved(declared, as_recorded(declared)) == ()
        ours, theirs = declared.overrides, recorded.overrides
        same = all(item in theirs for item in ours) and all(item in ours for item in theirs)
        of_ours, of_theirs = ((item.limits, item.values, item.allow_empty) for item in (declared, recorded))
        assert bool(settings_moved(declared, as_recorded(recorded))) is not (same and of_ours == of_theirs)

    def test_a_limit_that_was_not_recorded_yet_has_not_moved(self) -> None:
        recorded = as_recorded(Safety(limits={ENDINGS: DEFAULT_LIMITS[ENDINGS]}))
        assert settings_moved(Safety(), recorded) == ()


def test_amounts_read_as_people_write_them() -> None:
    assert amounts_text((EUR, JPY)) == "5000.00 EUR, 900 JPY"
    assert amounts_text(()) == ""


def test_an_account_that_lives_by_other_rules_is_a_headline() -> None:
    known = with_lifecycles(as_recorded(Safety()), {"contoso": CLASSIC, "fabrikam": CLASSIC})
    other = a_lifecycle(name="own", expired=0)
    assert lifecycles_moved({"contoso": CLASSIC, "fabrikam": CLASSIC}, known) == ()
    assert lifecycles_moved({"contoso": other, "new": other}, known) == (
        "settings changed: contoso lives by other rules than recorded (own); see what has elapsed",
    )


def test_a_store_that_was_told_of_no_rules_has_none_to_compare() -> None:
    assert lifecycles_moved({"contoso": CLASSIC}, None) == ()
    assert lifecycles_moved({"contoso": CLASSIC}, as_recorded(Safety())) == ()


def test_rules_are_no_brake_and_are_read_past() -> None:
    assert from_recorded(with_lifecycles(as_recorded(Safety()), {"contoso": CLASSIC})) == Safety()
