"""Orders and answers: what an order expects stands on what was read a moment ago."""

from __future__ import annotations

from reconciler.answers import Accepted, Ambiguous, Done, Order, Rejected
from reconciler.changes import Kind
from tests.builders import NOW, a_change, a_seen


def test_an_order_expects_the_revision_that_was_read() -> None:
    order = Order(a_change(Kind.TURN_OFF), a_seen(revision='"etag-7"'), "0" * 32, NOW)
    assert order.expected_revision == '"etag-7"'


def test_a_provider_without_revisions_expects_none() -> None:
    assert Order(a_change(Kind.TURN_OFF), a_seen(), "0" * 32, NOW).expected_revision is None


def test_answers_are_values_that_cannot_be_taken_for_each_other() -> None:
    answers = [Done(), Accepted("a"), Rejected("a", "a"), Ambiguous("a")]
    assert len(set(answers)) == len(answers)
    assert Accepted("a") == Accepted("a")
