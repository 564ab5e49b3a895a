"""A block in pieces is taken apart as the same block parsed."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.spec.apart import Looks, labels_of, plan_of, taken_apart
from reconciler.spec.blocks import Cutter
from reconciler.spec.scalars import PlainScalars
from tests.spec.test_blocks import FILE, HEAD, file

NONE = Looks(product=False, owner=False, labels=False)
ALL = Looks(product=True, owner=True, labels=True)


@given(st.integers(0, 2**48))
def test_each_value_is_where_the_plan_says(seed: int) -> None:
    cutter = Cutter(PlainScalars())
    cut = cutter.cut(file(Random(seed), 0.03))
    for form, row in () if cut is None else zip(cut.forms, cut.rows, strict=True):
        plan, own = plan_of(form, NONE), taken_apart(cutter.block(form, row))
        assert (plan is None) is (own is None)
        if plan is None or own is None:
            continue
        values: dict[str, Any] = {
            "start": own.start, "seats": own.seats, "price": own.price, "last_charge": own.charge, "id": own.number,
            "product": own.product, "owner": own.owner,
        }  # fmt: skip
        for name, value in values.items():
            at = getattr(plan, name)
            assert at is None or row[at] == str(value)
        assert labels_of(form, row) == own.labels


def test_two_blocks_that_agree_in_what_is_set_apart_have_one_shape() -> None:
    cutter = Cutter(PlainScalars())
    texts = [FILE, FILE.replace("annual", "monthly"), FILE.replace("12", "3").replace("20.60", "3")]
    found = []
    for text in texts:
        cut = cutter.cut(text)
        assert cut is not None
        form, row = cut.forms[0], cut.rows[0]
        plan, own = plan_of(form, NONE), taken_apart(cutter.block(form, row))
        assert plan is not None
        assert own is not None
        found.append((plan.key(row), own.shape))
    assert found[0] == found[2]
    assert found[0][0] != found[1][0]
    assert found[0][1] != found[1][1]


def test_what_rules_look_at_is_set_apart() -> None:
    cut = Cutter(PlainScalars()).cut(
        HEAD + "  a:\n    owner: b@x.y\n    labels: {team: c}\n    facts: {product: SPB}\n"
    )
    assert cut is not None
    (form,), (row,) = cut.forms, cut.rows
    none, every = plan_of(form, NONE), plan_of(form, ALL)
    assert none is not None
    assert every is not None
    assert none.key(row) is None
    assert every.key(row) == ("SPB", "b@x.y", "c")


def test_a_value_of_another_kind_is_set_apart() -> None:
    text = HEAD + "  a:\n    id: 12\n    facts: {start: 2021, seats: many, price: 3}\n"
    cut = Cutter(PlainScalars()).cut(text)
    assert cut is not None
    plan = plan_of(cut.forms[0], NONE)
    assert plan is not None
    assert plan.key(cut.rows[0]) == ("12", "2021", "many", "3")
    assert (plan.id, plan.start, plan.seats, plan.price) == (None, None, None, None)


def test_a_block_without_values_has_no_labels() -> None:
    cut = Cutter(PlainScalars()).cut(HEAD + "  a:\n    recurring: on\n")
    assert cut is not None
    assert labels_of(cut.forms[0], cut.rows[0]) is None
