"""Each policy that ships and each ending verb: what follows, worked out by hand."""

from __future__ import annotations

from functools import cache

import pytest

from reconciler.changes import Kind
from reconciler.diagnostics import Diagnostics, Location
from reconciler.policy import Lifecycle
from reconciler.shipped import lifecycle_text
from reconciler.spec.lifecycles import read_lifecycles
from reconciler.spec.positions import Document
from reconciler.spec.trusted import SHIPPED
from reconciler.spec.validate import Checked
from tests.impacts import (
    EXTENDED,
    a_book,
    a_row,
    assessed,
)


@cache
def shipped(name: str) -> Lifecycle:
    """A policy that ships."""
    found = Diagnostics()
    settings = Document("reconcile.yaml", "")
    read = read_lifecycles([(name, Location("reconcile.yaml"))], {}, lifecycle_text, settings, Checked(None), found)
    assert list(found) == []
    return read[name]


# Verb and policy; last day, access ends, data deleted, gone by, a month of an extension, refund, window, what is not
# known. A year from 1 March 2026, 25 seats at 20.60 EUR a month, on 23 November 2026 at 12:00.
VERBS = {"off": Kind.TURN_OFF, "renewal": Kind.CANCEL_AT_RENEWAL, "now": Kind.CANCEL_NOW}
UNKNOWN = {
    "-": (),
    "end": ("extension", "expired_days", "access_ends", "data_deleted"),
    "D": ("data_deleted",),
    "G": ("data_gone_by",),
    "W": ("window_closes",),
}
TABLE = """
off     classic                         2027-02-28 2027-03-31 2027-06-29 2027-09-27 -   -         -          -
off     microsoft-customer-agreement    2027-02-28 -          -          -          -   -         -          end
off     microsoft-online-services       2027-02-28 2027-03-31 2027-06-29 2027-09-27 -   -         -          -
off     microsoft-partner               2027-02-28 -          -          -          EST -         -          -
off     microsoft-enterprise-multi-year 2027-02-28 2027-05-30 2027-08-28 2027-11-26 -   -         -          -
off     microsoft-trial                 2027-02-28 2027-03-31 2027-03-31 -          -   -         -          -
off     plain                           2027-02-28 2027-03-01 -          -          -   -         -          D G
renewal classic                         2027-02-28 2027-03-01 2027-05-30 2027-08-28 -   -         -          -
renewal microsoft-customer-agreement    2027-02-28 2027-03-01 2027-05-30 2027-08-28 -   -         -          -
renewal microsoft-online-services       2027-02-28 2027-03-01 2027-05-30 2027-08-28 -   -         -          -
renewal microsoft-partner               2027-02-28 2027-03-01 2027-05-30 -          -   -         -          -
renewal microsoft-enterprise-multi-year 2027-02-28 2027-03-01 2027-05-30 2027-08-28 -   -         -          -
renewal microsoft-trial                 2027-02-28 2027-03-01 2027-03-01 -          -   -         -          -
renewal plain                           2027-02-28 2027-03-01 -          -          -   -         -          D G
now     classic                         2026-11-23 2026-11-23 2027-02-21 2027-05-22 -   prorated  2026-03-08 -
now     microsoft-customer-agreement    2026-11-23 2026-11-23 2027-02-21 2027-05-22 -   prorated  2026-03-08 -
now     microsoft-online-services       2026-11-23 2026-11-23 2027-02-21 2027-05-22 -   prorated  -          -
now     microsoft-partner               2026-11-23 2026-11-23 2026-11-23 2026-11-30 -   prorated  2026-03-08 -
now     microsoft-enterprise-multi-year 2026-11-23 2026-11-23 -          2027-05-22 -   not-known -          D W
now     microsoft-trial                 2026-11-23 2026-11-23 -          -          -   none      -          D W
now     plain                           2026-11-23 2026-11-23 -          -          -   not-known -          D G W
"""
ROWS = [line.split() for line in TABLE.split("\n") if line]


@pytest.mark.parametrize("row", ROWS, ids=[" by ".join(row[:2]) for row in ROWS])
def test_each_policy_that_ships_has_its_consequences(row: list[str]) -> None:
    found = assessed(VERBS[row[0]], a_row(), a_book(shipped(row[1])))
    window = found.window_closes and found.window_closes.date()
    access = found.access_ends and found.access_ends.date()
    dates = [found.last_day, access, found.data_deleted, found.data_gone_by]
    assert [str(value or "-") for value in dates] == row[2:6]
    assert found.extension == (EXTENDED if row[6] == "EST" else None)
    assert (found.refund.rule if found.refund else "-") == row[7]
    assert str(window or "-") == row[8]
    assert found.unknown == tuple(name for word in row[9:] for name in UNKNOWN[word])


@pytest.mark.parametrize("verb", VERBS)
def test_the_table_leaves_no_policy_out(verb: str) -> None:
    assert sorted(row[1] for row in ROWS if row[0] == verb) == sorted(SHIPPED)
