"""What an answer that is no success means, and how little of it is told."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.answers import Ambiguous, Rejected
from reconciler.errors import Malformed, ProviderTrouble, RoleTooWeak, SignInFailed, Throttled, Unreachable
from reconciler.providers.microsoft.failures import (
    Lost,
    NotSent,
    Reply,
    quoted,
    read_trouble,
    read_unanswered,
    seconds,
    write_refused,
)


@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        (301, Malformed),
        (400, Malformed),
        (401, SignInFailed),
        (403, RoleTooWeak),
        (404, Malformed),
        (408, Unreachable),
        (429, Throttled),
        (500, Unreachable),
        (503, Unreachable),
    ],
)
def test_a_status_of_a_read_is_trouble_of_its_kind(status: int, trouble: type[ProviderTrouble]) -> None:
    told = read_trouble(Reply(status), "listing products")
    assert type(told) is trouble
    assert told.message == f"listing products: Microsoft answered {status}"
    assert told.hint


@pytest.mark.parametrize("error", [NotSent("why"), Lost("why")], ids=["not sent", "lost"])
def test_a_read_without_an_answer_may_be_repeated_either_way(error: NotSent | Lost) -> None:
    assert isinstance(read_unanswered(error, "listing"), Unreachable)


@pytest.mark.parametrize("status", [300, 307, 408, 500, 502, 503, 504, 599])
def test_a_write_is_ambiguous_unless_the_service_refused_it(status: int) -> None:
    assert isinstance(write_refused(Reply(status)), Ambiguous)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 412, 415, 422, 423, 429, 451])
def test_an_answer_of_the_400s_is_a_refusal(status: int) -> None:
    assert isinstance(write_refused(Reply(status)), Rejected)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 412])
def test_a_refusal_that_stays_one_is_not_tried_again(status: int) -> None:
    refused = write_refused(Reply(status, {"retry-after": "5"}))
    assert isinstance(refused, Rejected)
    assert refused.retry_after is None


@pytest.mark.parametrize("status", [409, 423, 429])
def test_a_refusal_that_passes_says_when(status: int) -> None:
    first, second = write_refused(Reply(status)), write_refused(Reply(status, {"retry-after": "0"}))
    assert isinstance(first, Rejected)
    assert isinstance(second, Rejected)
    assert (first.retry_after, second.retry_after) == (30.0, 0.0)


@pytest.mark.parametrize(
    ("value", "date", "wait"),
    [
        ("10", None, 10.0),
        (" 57 ", None, 57.0),
        ("0.5", None, 0.5),
        ("-3", None, None),
        ("soon", None, None),
        ("", None, None),
        (None, None, None),
        ("9" * 12, None, None),
        ("Mon, 23 Nov 2026 12:00:30 GMT", "Mon, 23 Nov 2026 12:00:00 GMT", 30.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", "Mon, 23 Nov 2026 12:00:00 GMT", 0.0),
        ("Mon, 23 Nov 2026 12:00:30 -0000", "Mon, 23 Nov 2026 12:00:00 GMT", 30.0),
        ("Mon, 23 Nov 2026 12:00:30 GMT", None, None),
        ("Mon, 23 Nov 2026 12:00:30 GMT", "yesterday", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, date: str | None, wait: float | None) -> None:
    assert seconds(value, date) == wait


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"error": {"code": "Conflict", "message": "It is locked."}}, "409 (Conflict: It is locked.)"),
        ({"error": {"code": "Conflict"}}, "409 (Conflict)"),
        ({"error": {"message": "No."}}, "409 (No.)"),
        ({"error": {"code": 3, "message": []}}, "409"),
        ({"error": "no"}, "409"),
        ([], "409"),
        (None, "409"),
        ("text", "409"),
    ],
    ids=repr,
)
def test_of_an_error_body_code_and_message_are_told(body: Any, told: str) -> None:
    assert Reply(409, {}, body).told == told


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words", "plain words"),
        ("a\x1b[31m\u202eb\nc", "a [31m b c"),
        ("key " + "x" * 39, "key " + "x" * 39),
        ("Bearer " + "x" * 40 + " end", "Bearer … end"),
        ("sig=" + "Ab1%2F" * 10, "…"),
        ("é ü", "é ü"),
        ("word " * 100, ("word " * 32)[:159] + "…"),
    ],
)
def test_a_vendors_text_is_short_and_holds_no_token(text: str, shown: str) -> None:
    assert quoted(text) == shown
