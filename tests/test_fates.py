"""What became of very many changes answers whatever is asked as the tuple of the same reports does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.changes import Change, Kind, Refusal, Trait, picked, traits_of
from reconciler.cli.rendering import pass_renders
from reconciler.fates import Fates, Walked, changes_done, changes_of, fates_of, fitting, having, outcomes_of
from reconciler.journal import ApplyReport, ChangeReport, OutcomeKind
from reconciler.packed import Packed, Run, Unpacking
from reconciler.plan import Plan, Verdict
from reconciler.spec.positions import Document
from tests.builders import a_change
from tests.views.crowds import a_crowd, a_report

KINDS = (Kind.REGISTER, Kind.TURN_OFF, Kind.UPDATE)

Told = tuple[str, Kind, OutcomeKind, str | None, str | None, str | None]
"""An account, what was to be done, and what became of it."""

told = st.lists(
    st.tuples(
        st.sampled_from(["contoso", "fabrikam"]),
        st.sampled_from(KINDS),
        st.sampled_from(OutcomeKind),
        st.sampled_from([None, "it is busy"]),
        st.sampled_from([None, "throttled"]),
        st.sampled_from([None, "read back"]),
    ),
    max_size=30,
)


def packed(changes: Sequence[Change]) -> Packed:
    return Packed([Run.of(changes)] if changes else [], Unpacking(lambda file: Document(file, "")))


def reports_of(
    items: Iterable[tuple[str, Kind, OutcomeKind, str | None, str | None, str | None]],
) -> list[ChangeReport]:
    ordered = sorted(items, key=lambda item: item[0])
    return [
        ChangeReport(a_change(kind, f"{account}/n{number:03}", product="SPB"), outcome, error, code, note)
        for number, (account, kind, outcome, error, code, note) in enumerate(ordered)
    ]


def fates(reports: Sequence[ChangeReport]) -> Fates:
    found = Fates(packed([report.change for report in reports]))
    found.extend(reports)
    return found


@given(told, st.sets(st.sampled_from(OutcomeKind)))
def test_they_answer_as_the_tuple_does(items: list[Told], outcomes: set[OutcomeKind]) -> None:
    plain = tuple(reports_of(items))
    found = fates(plain)
    some, some_plain = fitting(found, having(outcomes)), fitting(plain, having(outcomes))
    for one, two in ((found, plain), (some, some_plain)):
        assert (len(one), tuple(one), one[:]) == (len(two), two, two)
        assert tuple(changes_of(one)) == changes_of(two)
        assert len(changes_of(one)) == len(two)
        assert (outcomes_of(one), fates_of(one)) == (outcomes_of(two), fates_of(two))
        assert traits_of(changes_of(one)) == traits_of(changes_of(two))
        assert tuple(changes_done(one)) == changes_done(two)
        for kind in KINDS:
            fits = partial(_is, kind)
            of_kind = [picked(changes_of(each), fits) for each in (one, two)]
            again = [picked(each, lambda trait: trait.account == "contoso") for each in of_kind]
            for few, few_plain in (of_kind, again):
                assert (len(few), tuple(few), few[1:]) == (len(few_plain), tuple(few_plain), few_plain[1:])
                assert traits_of(few) == traits_of(few_plain)
    assert [found[number] for number in range(-len(plain), len(plain))] == [*plain, *plain]


def _is(kind: Kind, trait: Trait) -> bool:
    return trait.kind is kind


def test_of_changes_that_nothing_is_told_of_yet_there_is_no_report() -> None:
    reports = reports_of([("contoso", Kind.REGISTER, OutcomeKind.SUCCEEDED, None, None, None)] * 3)
    found = Fates(packed([report.change for report in reports]))
    found.append(reports[0])
    assert tuple(found) == tuple(reports[:1])
    assert tuple(changes_of(found)) == (reports[0].change,)
    assert changes_of(found)[-1] == reports[0].change
    with pytest.raises(IndexError):
        found[1]


def test_where_all_share_a_fate_their_changes_are_the_very_ones_of_the_plan() -> None:
    reports = reports_of([("contoso", Kind.REGISTER, OutcomeKind.SUCCEEDED, None, None, None)] * 3)
    changes = packed([report.change for report in reports])
    found = Fates(changes)
    found.extend(reports)
    assert changes_done(found) is changes


def test_reports_that_nobody_comes_to_are_not_made() -> None:
    reports = reports_of([("contoso", Kind.REGISTER, OutcomeKind.SKIPPED, None, None, None)] * 9)
    made: list[ChangeReport] = []

    class Counted(tuple[ChangeReport, ...]):
        __slots__ = ()

        def __iter__(self) -> Iterator[ChangeReport]:
            for number in range(len(self)):
                made.append(self[number])
                yield self[number]

    found = Walked([Counted(reports[:4]), Counted(reports[4:])])
    assert (len(found), found[2], len(made)) == (9, reports[2], 3)
    assert (found[1:6], len(made)) == (reports[1:6], 6)
    assert (found[-1], found[9:], tuple(found)) == (reports[-1], [], tuple(reports))
    with pytest.raises(IndexError):
        found[9]


def rendered(plan: Plan, verdict: Verdict, report: ApplyReport, *, brief: bool) -> dict[str, str | bytes]:
    shown: dict[str, str | bytes] = {}
    for name, render in pass_renders(plan, verdict, report, {}, brief=brief).items():
        found = render(False)
        shown[name] = found if isinstance(found, str | bytes) else b"".join(found)  # type: ignore[arg-type]
    return shown


@pytest.mark.parametrize("brief", [False, True], ids=["whole", "brief"])
@pytest.mark.parametrize("scopes", [(), ("t000", "t001"), ("run",)], ids=["all pass", "accounts refused", "refused"])
def test_every_view_says_the_same_of_them(scopes: tuple[str, ...], brief: bool) -> None:
    plan = a_crowd(600, 4, 12)
    refused = tuple(Refusal("max-endings", scope, "7 of 5", "allow it", 7, 5) for scope in scopes)
    allowed = tuple(change for change in plan.changes if not {"run", change.key.account} & set(scopes))
    report = replace(a_report(replace(plan, changes=allowed)), refused=refused)
    many = packed(plan.changes)
    passing = many.picked(lambda trait: not {"run", trait.account} & set(scopes))
    told = Fates(passing)
    told.extend(report.changes)
    found = rendered(replace(plan, changes=many), Verdict(passing, refused), replace(report, changes=told), brief=brief)
    assert found == rendered(plan, Verdict(allowed, refused), report, brief=brief)
