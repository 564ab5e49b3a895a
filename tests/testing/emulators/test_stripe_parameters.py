from __future__ import annotations

import pytest

from reconciler.testing.emulators import stripe_parameters as parameters
from reconciler.testing.emulators.stripe_wire import Refusal
from reconciler.testing.emulators.wire import Request

FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


def posted(body: str) -> Request:
    return Request("POST", "/", headers=FORM, body=body.encode())


def test_names_say_how_values_are_nested() -> None:
    values = parameters.read(
        posted("metadata[a]=1&metadata[b]=&items[0][id]=x&expand[]=p&expand[]=q"), parameters.UPDATE
    )
    assert values == {"metadata": {"a": "1", "b": ""}, "items": {"0": {"id": "x"}}, "expand": {"0": "p", "1": "q"}}
    assert list(parameters.many(values, "expand")) == ["p", "q"]


def test_a_query_counts_where_there_is_no_body_and_with_a_delete() -> None:
    pairs = (("limit", "3"),)
    assert parameters.read(Request("GET", "/", pairs=pairs, body=b"x"), parameters.LIST) == {"limit": "3"}
    assert parameters.read(Request("POST", "/", pairs=pairs), parameters.LIST) == {}
    request = Request("DELETE", "/", pairs=(("prorate", "true"),), headers=FORM, body=b"invoice_now=true")
    assert parameters.read(request, parameters.CANCEL) == {"prorate": "true", "invoice_now": "true"}


@pytest.mark.parametrize(
    ("body", "status"),
    [("a=1", 400), ("[a]=1", 400), ("A=1", 400), ("metadata[a=1", 400), ("metadata[]x=1", 400), ("trial_end=now", 501)],
)
def test_what_it_does_not_know_is_refused(body: str, status: int) -> None:
    with pytest.raises(Refusal) as caught:
        parameters.read(posted(body), parameters.UPDATE, parameters.UPDATE_UNDONE)
    assert caught.value.response.status == status


def test_values_are_read_as_what_they_are() -> None:
    values = {"yes": "true", "no": "false", "count": "-12", "word": "a", "group": {"in": "x"}, "unset": ""}
    assert (parameters.flag(values, "yes"), parameters.flag(values, "no"), parameters.flag(values, "not")) == (
        True,
        False,
        None,
    )
    assert (parameters.number(values, "count"), parameters.number(values, "not")) == (-12, None)
    assert parameters.choice(values, "word", ("a", "b")) == "a"
    assert parameters.group(values, "group", frozenset({"in"})) == {"in": "x"}
    assert parameters.group(values, "unset", frozenset()) is None
    assert parameters.limit({}) == 10


def test_the_names_of_an_update_are_the_sdks() -> None:
    """What is acted on and what is refused together are what the SDK can send, no more and no less."""
    from stripe.params import SubscriptionUpdateParams  # an SDK: loaded where it is needed

    sdk = set(SubscriptionUpdateParams.__optional_keys__) | set(SubscriptionUpdateParams.__required_keys__)
    options = {
        "api_key",
        "idempotency_key",
        "stripe_version",
        "stripe_account",
        "stripe_context",
        "max_network_retries",
    }
    assert sdk - options - {"content_type", "headers"} == parameters.UPDATE | parameters.UPDATE_UNDONE
