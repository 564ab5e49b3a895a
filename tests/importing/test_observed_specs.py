"""The specs of an outside account as texts: what a person reads, and nothing that asks for anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.desired import DesiredState
from reconciler.importing.observed_specs import Heading, declarable, prove, spec_texts, standing
from reconciler.importing.proof import WrittenWrongly
from reconciler.model import Cancel, Facts, Recurring, Status, Term
from reconciler.observed import ObservedSubscription, Obstacle
from tests.builders import NOW, a_desired, a_key, a_seen
from tests.estates import a_desired_state

HEADING = Heading("shop", "stripe", NOW, "../schema.json", {}, {})
FILE = "specs/contoso.yaml"


def text_of(heading: Heading = HEADING, held: str | None = None, **fields: Any) -> str:
    """The file of one subscription, below the head where nothing is asked of that."""
    key = a_key("shop/visio")
    (text,) = spec_texts(heading, {key: a_seen(**fields)}, {} if held is None else {key: held})
    return text if heading is not HEADING else text.partition("subscriptions:\n")[2]


def test_a_file_says_where_it_comes_from_and_how_everything_stood() -> None:
    heading = replace(
        HEADING,
        ended={Status.DELETED: 1200, Status.DISABLED: 2},
        barred={"sub\n9": Obstacle("unreadable", "its # price: has no currency")},
    )
    seen: dict[str, Any] = {
        "product": "P-1",
        "product_name": "Visio Plan 2",
        "display_name": "Ada's",
        "notes": ("paused",),
    }
    assert text_of(heading, **seen) == (
        "# yaml-language-server: $schema=../schema.json\n"
        "# Brought in from stripe, as it stood at 2026-11-23T12:00:00Z.\n"
        "# Comments say what stood then, and ask for nothing: whoever declares a value manages it.\n"
        "# Left out, for they have ended: 1,200 deleted, 2 disabled.\n"
        "# Left out, for they could not be taken:\n"
        '# - "sub\\n9": unreadable: its # price: has no currency\n'
        "version: 1\n"
        "account: shop\n"
        "subscriptions:\n"
        '  visio:  # "Ada\'s"\n'
        "    id: sub-1\n"
        "    facts:\n"
        '      product: P-1  # "Visio Plan 2"\n'
        "    # recurring: on\n"
        "    # active; annual term from 2026-03-01; renews 2027-03-01\n"
        "    # its provider says: paused\n"
    )


def test_of_very_many_that_could_not_be_taken_some_are_named() -> None:
    barred = {f"sub-{number:04}": Obstacle("unreadable", "x") for number in range(1050)}
    text = text_of(replace(HEADING, barred=barred))
    assert text.count("# - ") == 50
    assert "# and 1,000 more\n" in text


def test_a_pair_that_is_taken_back_is_the_only_value_beside_id_and_product() -> None:
    text = text_of(held="specs/_defaults.yaml:3:5 asks for cancel: at-renewal; remove this line to let it")
    assert "    recurring: unmanaged  # specs/_defaults.yaml:3:5 asks for cancel: at-renewal; remove" in text


@pytest.mark.parametrize(
    ("fields", "lines"),
    [
        ({"product": "", "product_name": ""}, ["    id: sub-1", "    # recurring: on"]),
        ({"product": "a\nb"}, ["    id: sub-1", '    # product: "a\\nb"', "    # recurring: on"]),
        ({"product": "", "product_name": "Plan"}, ["    id: sub-1", '    # product: "Plan"', "    # recurring: on"]),
        ({"product": "P", "product_name": "P"}, ["    id: sub-1", "    facts:", "      product: P"]),
        ({"id": "0123", "product": "on"}, ['    id: "0123"', "    facts:", '      product: "on"']),
    ],
    ids=["no product", "a product no spec can hold", "a bare name", "a name like its code", "texts like values"],
)
def test_a_product_is_a_fact_where_a_spec_can_hold_it(fields: dict[str, Any], lines: list[str]) -> None:
    assert text_of(**fields).splitlines()[1 : 1 + len(lines)] == lines


@pytest.mark.parametrize("name", ["visio", "Plan", ""])
def test_a_name_that_says_nothing_new_is_not_repeated(name: str) -> None:
    assert text_of(display_name=name, product_name="Plan").startswith("  visio:\n")


def test_a_name_cannot_break_out_of_its_comment_nor_command_an_editor() -> None:
    text = text_of(display_name="x\n    recurring: off\n# yaml-language-server: $schema=http://evil.example")
    assert text.startswith('  visio:  # "x\\n recurring: off\\n# yaml-language-server: ')
    assert text.count("\n") == text_of().count("\n")


TERM = Term(datetime(2026, 3, 1, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (a_seen(provider_status="active"), "active; annual term from 2026-03-01; renews 2027-03-01"),
        (a_seen(provider_status=""), "active; annual term from 2026-03-01; renews 2027-03-01"),
        (
            a_seen(provider_status="past_due", length=None, recurring=Recurring.OFF),
            'active ("past_due"); term from 2026-03-01; last day 2027-02-28',
        ),
        (a_seen(cancellation=Cancel.AT_RENEWAL), "active; annual term from 2026-03-01; last day 2027-02-28"),
        (a_seen(status=Status.SUSPENDED, provider_status="Suspended", term=None), "suspended"),
    ],
    ids=["its own word", "no word", "off, and a length without a word", "cancelled", "no term"],
)
def test_its_standing_in_words(seen: ObservedSubscription, words: str) -> None:
    assert standing(seen) == words


def test_a_cancellation_that_stands_is_a_comment_too() -> None:
    assert "    # recurring: off\n    # cancel: at-renewal\n" in text_of(
        recurring=Recurring.OFF, cancellation=Cancel.AT_RENEWAL
    )


@pytest.mark.parametrize(
    ("text", "fits"),
    [("x", True), ("x" * 200, True), ("x" * 201, False), ("", False), (" \u00a0", False), ("a\u200bb", False)],
)
def test_what_a_spec_may_hold(text: str, fits: bool) -> None:
    assert declarable(text) is fits


class TestProof:
    """Specs that were read otherwise than they were written are our bug."""

    def prove(self, desired: DesiredState, seen: ObservedSubscription, *, held: bool = False) -> None:
        key = a_key()
        prove(desired, {key: seen}, [FILE], [key] if held else [])

    def test_what_was_written_and_read_alike_passes(self) -> None:
        self.prove(a_desired_state(a_desired(id="sub-1")), a_seen())
        self.prove(a_desired_state(a_desired(id="sub-1", facts=Facts("inherited"))), a_seen(product="a\nb"))
        inherited = a_desired(id="sub-1", recurring=Recurring.ON, own=False)
        self.prove(a_desired_state(inherited), a_seen())

    @pytest.mark.parametrize(
        ("desired", "held", "said"),
        [
            (a_desired_state(), False, "contoso/visio-plan-2 was written or read alone"),
            (a_desired_state(a_desired(id="other")), False, "id was written as 'sub-1' and read as 'other'"),
            (a_desired_state(a_desired(id="sub-1", facts=Facts("X"))), False, "product was written as"),
            (a_desired_state(a_desired(id="sub-1", recurring=Recurring.ON)), False, "as if it asked for something"),
            (a_desired_state(a_desired(id="sub-1", previously="x")), False, "as if it asked for something"),
            (
                a_desired_state(a_desired(id="sub-1", recurring=Recurring.ON, own=False)),
                True,
                "as if it asked for something",
            ),
        ],
        ids=["nothing", "another id", "another product", "a pair", "a former name", "a pair that was taken back"],
    )
    def test_any_difference_is_told(self, desired: DesiredState, held: bool, said: str) -> None:
        with pytest.raises(WrittenWrongly, match=said):
            self.prove(desired, a_seen(), held=held)
