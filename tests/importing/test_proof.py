"""Specs that do not say what the rows say are caught before anything is stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from reconciler.desired import DesiredState
from reconciler.diagnostics import Location, error, warning
from reconciler.errors import SpecError
from reconciler.importing.proof import WrittenWrongly, prove
from reconciler.importing.rows import ImportedRow
from reconciler.model import Cancel, DesiredSubscription, Facts, Money, Recurring, TermLength
from tests.builders import a_desired, a_key
from tests.importing.files import a_row

FILES = {"specs/contoso.yaml"}
KEY = a_key("contoso/visio")
ROW = a_row(
    billing=TermLength.MONTHLY,
    seats=5,
    price=Money(1, "EUR"),
    last_charge=Money(5, "EUR"),
    owner="me",
    id="7",
    labels={"a": "b"},
    recurring=Recurring.OFF,
    cancel=Cancel.NONE,
)
FACTS = Facts(
    *("VISIOCLIENT", TermLength.MONTHLY, TermLength.MONTHLY, date(2026, 3, 31), 5, Money(1, "EUR")), Money(5, "EUR")
)
SPEC = a_desired(str(KEY), facts=FACTS, owner="me", id="7", labels={"a": "b", "inherited": "c"})
BOTH = frozenset({"recurring", "cancel"})


def check(
    *specs: DesiredSubscription, row: ImportedRow = ROW, declare: frozenset[str] = frozenset(), held: bool = False
) -> None:
    loaded = DesiredState({item.key: item for item in specs})
    prove(loaded, {KEY: row}, FILES, declare, {KEY} if held else set())


def test_what_says_the_same_passes() -> None:
    check(SPEC)
    inherited = a_desired(
        str(KEY), facts=FACTS, owner="inherited", labels={"x": "y"}, recurring=Recurring.ON, own=False
    )
    check(inherited, row=a_row())
    elsewhere = a_desired("contoso/other", place=Location("specs/other.yaml"))
    check(SPEC, elsewhere)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"facts": replace(FACTS, product="OTHER")}, "product was written as 'VISIOCLIENT' and read as 'OTHER'"),
        ({"facts": replace(FACTS, term=TermLength.ANNUAL)}, "term was written"),
        ({"facts": replace(FACTS, start=date(2026, 4, 1))}, "start was written"),
        ({"facts": replace(FACTS, billing=None)}, "billing was written"),
        ({"facts": replace(FACTS, seats=6)}, "seats was written"),
        ({"facts": replace(FACTS, price=Money(1, "USD"))}, "price was written"),
        ({"facts": replace(FACTS, last_charge=None)}, "last_charge was written"),
        ({"owner": "you"}, "owner was written"),
        ({"id": "8"}, "id was written"),
        ({"labels": {"a": "c"}}, "label a was written as 'b' and read as 'c'"),
        ({"labels": None}, "label a was written as 'b' and read as None"),
        ({"place": Location("specs/other.yaml")}, "was not found again"),
    ],
)
def test_a_value_that_reads_otherwise_is_our_bug(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(WrittenWrongly, match=words):
        check(replace(SPEC, **changed))


def test_an_id_that_was_never_written_is_our_bug() -> None:
    with pytest.raises(WrittenWrongly, match="an id was read that was never written"):
        check(SPEC, row=replace(ROW, id=None))


def test_a_subscription_more_or_less_is_our_bug() -> None:
    with pytest.raises(WrittenWrongly, match=r"contoso/visio, of estate\.csv:2:1, was not found again"):
        check()
    with pytest.raises(WrittenWrongly, match="contoso/more is in no row"):
        check(SPEC, a_desired("contoso/more"))


@pytest.mark.parametrize(
    ("declare", "held", "own"),
    [
        pytest.param(BOTH, False, (Recurring.OFF, Cancel.NONE), id="both declared"),
        pytest.param(frozenset({"recurring"}), False, (Recurring.OFF, None), id="recurring declared"),
        pytest.param(frozenset({"cancel"}), False, (None, Cancel.NONE), id="cancel declared"),
        pytest.param(frozenset(), False, (None, None), id="nothing declared"),
        pytest.param(frozenset(), True, (None, None), id="an inherited pair taken back"),
    ],
)
def test_just_the_declared_pair_is_read_back(
    declare: frozenset[str], held: bool, own: tuple[Recurring | None, Cancel | None]
) -> None:
    for pair in ((Recurring.OFF, Cancel.NONE), (Recurring.OFF, None), (None, Cancel.NONE), (None, None)):
        fields: dict[str, Any] = {"facts": FACTS, "owner": "me", "id": "7", "labels": {"a": "b"}}
        spec = a_desired(str(KEY), recurring=pair[0], cancel=pair[1], **fields)
        if pair == own:
            check(spec, declare=declare, held=held)
        else:
            with pytest.raises(WrittenWrongly, match="recurring and cancel were written as"):
                check(spec, declare=declare, held=held)


def test_an_error_in_what_was_written_is_our_bug_and_elsewhere_it_is_the_specs() -> None:
    ours = error("x", "summary", Location("specs/contoso.yaml", 3), detail="detail")
    theirs = error("y", "summary", Location("specs/_defaults.yaml", 3))
    with pytest.raises(WrittenWrongly, match=r"specs/contoso\.yaml:3:1: summary detail"):
        prove(DesiredState(diagnostics=(ours,)), {}, FILES, BOTH, ())
    for placed in (theirs, replace(theirs, place=None)):
        with pytest.raises(SpecError) as raised:
            prove(DesiredState(diagnostics=(ours, placed)), {}, FILES, BOTH, ())
        assert raised.value.diagnostics == (placed,)
    prove(DesiredState(diagnostics=(warning("z", "summary", Location("specs/contoso.yaml")),)), {}, FILES, BOTH, ())
