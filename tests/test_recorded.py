"""A pull request cannot loosen its own brakes: what is recorded, and which of declared and recorded holds."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.recorded import as_recorded, from_recorded, settings_moved, stricter
from reconciler.settings import DEFAULT_LIMITS, Limit, LimitName, Override, Safety

ENDINGS = LimitName.MAX_ENDINGS
VISIO = Override(ENDINGS, "contoso/visio-*", 60, date(2026, 12, 31), "Visio retired")


def with_limit(limit: Limit, **fields: object) -> Safety:
    return Safety(limits={**DEFAULT_LIMITS, ENDINGS: limit}, **fields)  # type: ignore[arg-type]


LIMITS = st.builds(Limit, st.integers(0, 200), st.integers(0, 100), st.integers(0, 20))
OVERRIDES = st.builds(
    Override,
    st.sampled_from(LimitName),
    st.sampled_from(["*", "contoso/*", "contoso/visio-*"]),
    st.integers(0, 99),
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    st.sampled_from(["", "Visio retired", "\u00e9\u4e2d"]),
)
BRAKES = st.builds(
    Safety,
    limits=st.fixed_dictionaries(dict.fromkeys(LimitName, LIMITS)),
    allow_empty=st.booleans(),
    overrides=st.lists(OVERRIDES, max_size=4).map(tuple),
    caps=st.dictionaries(st.sampled_from(LimitName), st.integers(0, 9), max_size=2),
)


@given(BRAKES)
def test_what_is_recorded_reads_back_but_for_the_environment(safety: Safety) -> None:
    back = from_recorded(json.loads(json.dumps(as_recorded(safety))))
    assert (back.limits, back.allow_empty, back.caps) == (safety.limits, safety.allow_empty, {})
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


def test_with_nothing_recorded_the_declared_brakes_hold() -> None:
    declared = with_limit(Limit(1, 2, 3), overrides=(VISIO,), allow_empty=True)
    assert stricter(declared, None) is declared


def test_recorded_limits_stand_beside_the_declared_ones_and_caps_are_the_environments() -> None:
    declared = with_limit(Limit(99, 99, 99), caps={ENDINGS: 3})
    before = with_limit(Limit(7, 8, 9))
    found = stricter(declared, as_recorded(before))
    assert (found.limits, found.caps) == (before.limits, {ENDINGS: 3})


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

    def test_a_limit_that_was_not_recorded_yet_has_not_moved(self) -> None:
        recorded = as_recorded(Safety(limits={ENDINGS: DEFAULT_LIMITS[ENDINGS]}))
        assert settings_moved(Safety(), recorded) == ()
