"""Stripe's two halves against a server that says what each test needs: pins, pages, reads, each verb, each refusal."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from reconciler.answers import Ambiguous, Answer, Done, Order, Rejected
from reconciler.changes import Kind
from reconciler.errors import (
    ExtraMissing,
    Malformed,
    ProviderTrouble,
    ReconcilerError,
    RoleTooWeak,
    SignInFailed,
    Throttled,
    Unreachable,
    WrongTenant,
)
from reconciler.model import Recurring
from reconciler.observed import ObservedSubscription, Unreadable
from reconciler.ports import Opening, Provider, Reader, Writer
from reconciler.providers.stripe import StripeProvider, api
from reconciler.providers.stripe.convert import ENDED_BY_DATE
from reconciler.providers.stripe.provider import SANDBOX_KEY, StripeReader, StripeWriter
from reconciler.testing.emulators.base import Response
from reconciler.testing.emulators.faults import Fault
from tests.conftest import REPOSITORY
from tests.providers.stripe.shapes import (
    END,
    ID,
    KEY,
    OWNER,
    PRODUCT,
    a_subscription,
    an_item,
    an_opening,
    an_order,
    seconds,
    shown,
)
from tests.providers.stripe.stub import a_list, missing, refused, the_products, told

OTHER = "sub_2"
NOT_ALLOWED = (
    "The provided key 'rk_test_***Gd' does not have the required permissions for this endpoint on account '{}'."
)
NAMES = the_products((PRODUCT, "T-shirt"))

Verb = Callable[[StripeWriter, Order], Answer]
BY_POST: dict[Kind, Verb] = {
    Kind.TURN_ON: StripeWriter.turn_on_recurring,
    Kind.TURN_OFF: StripeWriter.turn_off_recurring,
    Kind.CANCEL_AT_RENEWAL: StripeWriter.cancel_at_renewal,
    Kind.UNDO_CANCEL: StripeWriter.undo_cancel,
}


def a_reader(url: str, key: str = KEY, **options: str) -> StripeReader:
    return StripeReader(an_opening(url, key, **options))


def a_writer(url: str, **options: str) -> StripeWriter:
    return StripeWriter(an_opening(url, **options))


def an_account(id: str = OWNER, **fields: Any) -> dict[str, Any]:
    return {"object": "account", "id": id, **fields}


def ordered(kind: Kind, **fields: Any) -> Order:
    return an_order(kind, shown(a_subscription(**fields)))


# Opening


def test_it_is_a_provider() -> None:
    provider: Provider = StripeProvider()
    assert (provider.name, provider.lifecycle, provider.api_version) == ("stripe", "plain", 1)
    assert (provider.required, provider.secrets) == (("tenant",), ("key",))
    assert set(provider.options) == {"mode", "prorate", "invoice_now"}
    reader: Reader = provider.reader(an_opening("http://127.0.0.1:9"))
    writer: Writer = provider.writer(an_opening("http://127.0.0.1:9"))
    reader.close()
    writer.close()


def test_loading_it_imports_no_sdk() -> None:
    code = "import sys, reconciler.providers.stripe; print({'stripe', 'requests', 'urllib3'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("missing_one", ["stripe", "requests"])
def test_without_the_sdk_it_says_what_to_install(missing_one: str) -> None:
    code = (
        f"import sys; sys.modules[{missing_one!r}] = None\n"
        "from tests.providers.stripe.shapes import an_opening\n"
        "from reconciler.errors import ExtraMissing\n"
        "from reconciler.providers.stripe import StripeProvider\n"
        "try: StripeProvider().reader(an_opening(None))\n"
        "except ExtraMissing as error: print(error.code, error.message, error.hint)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=REPOSITORY, text=True)
    assert done.stdout.startswith(f"extra-missing the provider stripe needs the stripe SDK: {missing_one} is not")
    assert "pip install 'subscription-reconciler[stripe]'" in done.stdout


def test_no_half_of_it_opens_without_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("reconciler.providers.stripe.api")
    monkeypatch.setitem(sys.modules, "reconciler.providers.stripe.api", None)
    for half in (StripeProvider().reader, StripeProvider().writer):
        with pytest.raises(ExtraMissing):
            half(an_opening(None))


def test_an_sdk_that_is_too_old_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "SDK_VERSION", "15.9.0")
    with pytest.raises(ExtraMissing, match=r"15\.9\.0"):
        StripeProvider().writer(an_opening(None))


@pytest.mark.parametrize("key", ["pk_live_abc", "sk_org_live_abc", "sk_live", "sk_live_a b", "sk_live_abc\n", "x", ""])
def test_what_is_no_secret_key_is_never_sent_nor_told(key: str) -> None:
    with pytest.raises(SignInFailed) as failed:
        a_reader("http://127.0.0.1:9", key)
    assert failed.value.code == "sign-in-failed"
    assert "abc" not in failed.value.message + failed.value.hint


def test_no_key_is_told_by_the_name_of_its_variable() -> None:
    with pytest.raises(SignInFailed) as failed:
        StripeReader(an_opening(None, None))
    assert failed.value.code == "credentials-missing"
    assert "RECONCILE_STRIPE_KEY" in failed.value.hint


def test_a_loopback_endpoint_without_a_key_takes_the_sandboxs() -> None:
    with told(an_account()) as (stub, url):
        StripeReader(an_opening(url, None)).check()
    assert stub.last.headers["authorization"] == f"Bearer {SANDBOX_KEY}"


def test_a_live_key_never_goes_to_this_machine() -> None:
    with told() as (stub, url), pytest.raises(WrongTenant):
        a_reader(url, "sk_live_abc")
    assert stub.sent == []


@pytest.mark.parametrize(("key", "mode"), [("sk_test_abc", "live"), ("rk_live_abc", "test")])
def test_a_key_of_the_other_mode_is_refused(key: str, mode: str) -> None:
    with pytest.raises(WrongTenant) as failed:
        StripeReader(an_opening(None, key, mode=mode))
    assert (failed.value.code, failed.value.exit_code) == ("wrong-tenant", 3)


@pytest.mark.parametrize(
    "options", [{"mode": "prod"}, {"prorate": "yes"}, {"invoice_now": "True"}, {"prorate": ""}], ids=str
)
def test_an_option_that_means_nothing_is_refused(options: dict[str, str]) -> None:
    with pytest.raises(ProviderTrouble) as failed:
        a_writer("http://127.0.0.1:9", **options)
    assert failed.value.code == "bad-option"


@pytest.mark.parametrize(
    ("endpoint", "key", "pace"),
    [
        pytest.param(None, "sk_live_abc", (25.0, 25.0), id="live"),
        pytest.param(None, "sk_test_abc", (16.0, 8.0), id="test"),
        pytest.param("http://127.0.0.1:9", "sk_test_abc", (1000.0, 1000.0), id="loopback"),
    ],
)
def test_the_pace_is_that_of_the_keys_mode(endpoint: str | None, key: str, pace: tuple[float, float]) -> None:
    found = StripeReader(an_opening(endpoint, key)).pace
    assert (found.reads, found.writes) == pace
    assert found.source


# Whose key it is


def test_the_account_that_is_pinned_passes() -> None:
    with told(an_account()) as (stub, url):
        a_reader(url).check()
    assert [request.path for request in stub.sent] == ["/v1/account"]


def test_another_account_is_refused() -> None:
    with told(an_account("acct_else")) as (_, url), pytest.raises(WrongTenant) as failed:
        a_reader(url).check()
    assert "acct_else" in failed.value.message
    assert OWNER in failed.value.message


def test_a_restricted_key_is_known_by_its_refusal() -> None:
    with told(refused(403, message=NOT_ALLOWED.format(OWNER))) as (_, url):
        a_reader(url, "rk_test_abc").check()
    with told(refused(403, message=NOT_ALLOWED.format("acct_else"))) as (_, url), pytest.raises(WrongTenant):
        a_reader(url, "rk_test_abc").check()
    with told(refused(403, message="No.")) as (_, url), pytest.raises(RoleTooWeak):
        a_reader(url, "rk_test_abc").check()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refused(401, message="Invalid API Key provided"), SignInFailed),
        (refused(429), Throttled),
        (refused(500), Unreachable),
        (Response(200, {"object": "account"}), Malformed),
        (Response(200, {"object": "account", "id": 5}), Malformed),
    ],
)
def test_what_is_not_known_of_the_account_passes_nothing(answer: Response, kind: type[ReconcilerError]) -> None:
    with told(answer) as (_, url), pytest.raises(kind):
        a_reader(url).check()


def test_whoami_tells_the_account_and_the_sort_of_key() -> None:
    body = an_account(business_profile={"name": None}, settings={"dashboard": {"display_name": "Shop"}})
    with told(body) as (_, url):
        who = a_reader(url).whoami()
    assert (who.name, who.tenant, who.places) == ("a secret key for test mode", OWNER, ((OWNER, "Shop"),))
    assert [role.name for role in who.roles] == ["secret key"]
    assert who.notes == ()


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({}, ""),
        ({"business_profile": {"name": "Shop"}, "settings": None}, "Shop"),
        ({"business_profile": {"name": 5}, "settings": {"dashboard": None}}, ""),
    ],
)
def test_an_account_may_have_no_name(fields: dict[str, Any], name: str) -> None:
    with told(an_account(**fields)) as (_, url):
        assert a_reader(url).whoami().places == ((OWNER, name),)


def test_whoami_of_a_restricted_key_says_what_is_not_known() -> None:
    with told(refused(403, message=NOT_ALLOWED.format(OWNER))) as (_, url):
        who = a_reader(url, "rk_test_abc").whoami()
    assert (who.name, who.tenant, len(who.notes)) == ("a restricted key for test mode", OWNER, 1)
    with told(refused(401)) as (_, url), pytest.raises(SignInFailed):
        a_reader(url).whoami()


# Reading


def test_a_page_is_a_hundred_of_every_status() -> None:
    with told(a_list(a_subscription(), a_subscription(id=OTHER), more=True), NAMES) as (stub, url):
        page = a_reader(url).observe(None)
    assert dict(stub.sent[0].query) == {"status": "all", "limit": "100"}
    assert [item.id for item in page.items] == [ID, OTHER]
    assert page.cursor == OTHER
    assert [item.product_name for item in page.items if isinstance(item, ObservedSubscription)] == ["T-shirt"] * 2


def test_the_cursor_is_the_last_id_and_names_are_asked_once() -> None:
    with told(a_list(a_subscription(), more=True), NAMES, a_list(a_subscription(id=OTHER))) as (stub, url):
        reader = a_reader(url)
        page = reader.observe(reader.observe(None).cursor)
    assert stub.last.query["starting_after"] == ID
    assert page.cursor is None
    assert [request.path for request in stub.sent] == ["/v1/subscriptions", "/v1/products", "/v1/subscriptions"]
    assert dict(stub.sent[1].pairs) == {"ids[0]": PRODUCT, "limit": "100"}


def test_an_empty_account_is_an_empty_page() -> None:
    with told(a_list()) as (stub, url):
        assert a_reader(url).observe(None).items == ()
    assert len(stub.sent) == 1


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"object": "list", "data": []}, id="no word whether there is more"),
        pytest.param({"object": "list", "data": [], "has_more": True}, id="more, and nothing to go on from"),
        pytest.param({"object": "list", "has_more": False}, id="no data"),
        pytest.param({"object": "list", "data": {}, "has_more": False}, id="data that is no list"),
        pytest.param({"object": "subscription", "data": [], "has_more": False}, id="no list"),
        pytest.param(a_list({"object": "customer", "id": "cus_1"}), id="customers"),
        pytest.param(a_list({"object": "subscription", "id": 5}), id="an id that is a number"),
        pytest.param(a_list({"object": "subscription", "id": "a/b"}), id="an id that is a path"),
        pytest.param({"object": "list", "data": ["sub_1"], "has_more": False}, id="ids alone"),
        pytest.param(a_list(a_subscription(), a_subscription()), id="one twice"),
        pytest.param(a_list(a_subscription(livemode=True)), id="one of the other mode"),
        pytest.param(a_list(a_subscription(livemode=None)), id="one of no mode"),
    ],
)
def test_a_list_that_is_not_sound_is_no_page(body: dict[str, Any]) -> None:
    with told(body) as (_, url), pytest.raises(Malformed):
        a_reader(url).observe(None)


def test_a_cursor_that_leads_back_is_found() -> None:
    with told(a_list(a_subscription(id=OTHER), a_subscription(), more=True)) as (_, url), pytest.raises(Malformed):
        a_reader(url).observe(ID)


def test_one_that_cannot_be_read_hides_no_other() -> None:
    with told(a_list(a_subscription(status=None), a_subscription(id=OTHER)), NAMES) as (_, url):
        broken, sound = a_reader(url).observe(None).items
    assert isinstance(broken, Unreadable)
    assert (broken.id, sound.id) == (ID, OTHER)


def test_names_are_left_out_where_the_key_may_not_read_them() -> None:
    page = a_list(a_subscription())
    with told(page, refused(403), a_subscription()) as (stub, url):
        reader = a_reader(url)
        (found,) = reader.observe(None).items
        reader.get(ID)
    assert isinstance(found, ObservedSubscription)
    assert found.product_name == ""
    assert len(stub.sent) == 3  # not asked for again


def test_too_many_requests_for_names_is_too_many_requests() -> None:
    with told(a_list(a_subscription()), refused(429)) as (_, url), pytest.raises(Throttled):
        a_reader(url).observe(None)


def test_odd_products_have_no_name() -> None:
    odd = a_list({"id": PRODUCT, "name": None}, {"id": 5, "name": "five"})
    with told(a_list(a_subscription()), odd) as (_, url):
        (found,) = a_reader(url).observe(None).items
    assert isinstance(found, ObservedSubscription)
    assert found.product_name == ""


def test_more_products_than_stripe_lists_at_once_are_asked_for_in_turn() -> None:
    raws = [a_subscription(an_item({"product": f"prod_{n:03}"}), id=f"sub_{n}") for n in range(101)]
    with told(a_list(*raws), the_products(), the_products()) as (stub, url):
        a_reader(url).observe(None)
    assert [len(request.pairs) - 1 for request in stub.sent[1:]] == [100, 1]


def test_items_beyond_the_first_are_read_apart() -> None:
    raw = a_subscription()
    raw["items"]["has_more"] = True
    rest = a_list(an_item(), an_item({"product": "prod_B"}), url="/v1/subscription_items")
    with told(raw, rest, the_products()) as (stub, url):
        found = a_reader(url).get(ID)
    assert found is not None
    assert found.product == f"{PRODUCT}+prod_B"
    assert dict(stub.sent[1].query) == {"subscription": ID, "limit": "100"}


def test_one_is_read_by_its_id() -> None:
    with told(a_subscription(), NAMES) as (stub, url):
        found = a_reader(url).get(ID)
    assert found is not None
    assert (found.id, found.recurring, found.product_name) == (ID, Recurring.ON, "T-shirt")
    assert stub.sent[0].path == f"/v1/subscriptions/{ID}"


def test_only_stripe_says_that_there_is_none() -> None:
    with told(missing(ID)) as (_, url):
        assert a_reader(url).get(ID) is None
    with told(Response(404, b"<html>not here</html>")) as (_, url), pytest.raises(Malformed):
        a_reader(url).get(ID)


@pytest.mark.parametrize("id", ["", "..", "a/b", "sub_1?x=1", "sub 1", "ä", "s" * 256])
def test_what_can_be_no_id_is_not_asked_for(id: str) -> None:
    with told() as (stub, url):
        assert a_reader(url).get(id) is None
        order = an_order(Kind.CANCEL_NOW, replace(shown(a_subscription()), id=id))
        for verb in (*BY_POST.values(), StripeWriter.cancel_now):
            answer = verb(a_writer(url), order)
            assert isinstance(answer, Rejected)
            assert answer.code == "not-found"
    assert stub.sent == []


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(a_subscription(id=OTHER), id="another one"),
        pytest.param({"object": "customer", "id": ID}, id="something else"),
        pytest.param(a_subscription(status=None), id="one that cannot be read"),
    ],
)
def test_an_answer_that_is_not_what_was_asked_for_is_malformed(body: dict[str, Any]) -> None:
    with told(body, NAMES) as (_, url), pytest.raises(Malformed):
        a_reader(url).get(ID)


@pytest.mark.parametrize(("status", "kind"), [(401, SignInFailed), (403, RoleTooWeak), (429, Throttled)])
def test_a_read_that_is_refused_says_why(status: int, kind: type[ReconcilerError]) -> None:
    with told(refused(status)) as (_, url), pytest.raises(kind):
        a_reader(url).get(ID)
    with told(refused(status)) as (_, url), pytest.raises(kind):
        a_reader(url).observe(None)


# Writing


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        (Kind.TURN_ON, {"cancel_at_period_end": "false"}),
        (Kind.TURN_OFF, {"cancel_at_period_end": "true"}),
        (Kind.CANCEL_AT_RENEWAL, {"cancel_at_period_end": "true"}),
        (Kind.UNDO_CANCEL, {"cancel_at_period_end": "false"}),
    ],
)
def test_each_end_at_term_is_the_flag_and_nothing_else(kind: Kind, form: dict[str, str]) -> None:
    with told(a_subscription()) as (stub, url):
        answer = BY_POST[kind](a_writer(url), ordered(kind))
    assert answer == Done()
    assert (stub.last.method, stub.last.path, stub.form) == ("POST", f"/v1/subscriptions/{ID}", form)
    assert stub.last.headers["idempotency-key"] == f"reconcile-{'ab' * 16}"
    assert len(stub.sent) == 1


@pytest.mark.parametrize("kind", [Kind.TURN_ON, Kind.UNDO_CANCEL])
def test_an_end_by_date_is_taken_back_as_a_date(kind: Kind) -> None:
    order = ordered(kind, cancel_at=seconds(END))
    assert ENDED_BY_DATE in order.seen.notes
    with told(a_subscription()) as (stub, url):
        BY_POST[kind](a_writer(url), order)
    assert stub.form == {"cancel_at": ""}


@pytest.mark.parametrize(
    ("options", "query"),
    [
        ({}, {"invoice_now": "false", "prorate": "false"}),
        ({"prorate": "true"}, {"invoice_now": "false", "prorate": "true"}),
        ({"prorate": "false", "invoice_now": "true"}, {"invoice_now": "true", "prorate": "false"}),
    ],
)
def test_cancelling_at_once_always_says_what_becomes_of_the_money(
    options: dict[str, str], query: dict[str, str]
) -> None:
    with told(a_subscription(status="canceled")) as (stub, url):
        assert a_writer(url, **options).cancel_now(ordered(Kind.CANCEL_NOW)) == Done()
    assert (stub.last.method, dict(stub.last.query)) == ("DELETE", query)


@pytest.mark.parametrize(
    ("shown_then", "kind", "code"),
    [
        pytest.param(a_subscription(status="canceled"), Done, "", id="cancelled already"),
        pytest.param(missing(ID), Rejected, "not-found", id="not there at all"),
        pytest.param(a_subscription(), Ambiguous, "", id="still active"),
        pytest.param(a_subscription(id=OTHER, status="canceled"), Ambiguous, "", id="another one"),
        pytest.param(refused(500), Ambiguous, "", id="no word"),
    ],
)
def test_none_to_cancel_is_looked_at(shown_then: Any, kind: type, code: str) -> None:
    with told(missing(ID), shown_then) as (stub, url):
        answer = a_writer(url).cancel_now(ordered(Kind.CANCEL_NOW))
    assert type(answer) is kind
    assert getattr(answer, "code", "") == code
    assert [request.method for request in stub.sent] == ["DELETE", "GET"]


@pytest.mark.parametrize("kind", [*BY_POST, Kind.CANCEL_NOW])
@pytest.mark.parametrize(
    ("answer", "expected", "code"),
    [
        pytest.param(refused(400), Rejected, "provider-refused", id="refused"),
        pytest.param(refused(401), Rejected, "sign-in-failed", id="the key expired"),
        pytest.param(refused(403), Rejected, "role-too-weak", id="the key may not"),
        pytest.param(refused(429), Rejected, "rate-limited", id="too many"),
        pytest.param(refused(402, "card_error"), Ambiguous, "", id="a payment failed"),
        pytest.param(refused(500, "api_error", Idempotent_Replayed="true"), Ambiguous, "", id="a stored failure"),
        pytest.param(Response(503, b"<html>"), Ambiguous, "", id="a gateway"),
        pytest.param(Response(404, b"<html>"), Ambiguous, "", id="none, says a gateway"),
        pytest.param(Response(200, b"{"), Ambiguous, "", id="no JSON"),
        pytest.param(Response(200, {"object": "list"}), Ambiguous, "", id="something else"),
        pytest.param(Response(200, {"object": "subscription", "id": OTHER}), Ambiguous, "", id="another one"),
    ],
)
def test_every_verb_tells_refused_from_not_sure(kind: Kind, answer: Response, expected: type, code: str) -> None:
    verb = BY_POST.get(kind, StripeWriter.cancel_now)
    with told(answer) as (stub, url):
        found = verb(a_writer(url), ordered(kind))
    assert type(found) is expected
    assert getattr(found, "code", "") == code
    assert len(stub.sent) == 1


@pytest.mark.parametrize("kind", [*BY_POST, Kind.CANCEL_NOW])
@pytest.mark.parametrize("fault", ["drop-before-commit", "drop-after-commit", "reset-mid-body", "huge-body"])
def test_every_verb_is_not_sure_without_an_answer(kind: Kind, fault: str) -> None:
    verb = BY_POST.get(kind, StripeWriter.cancel_now)
    with told(a_subscription()) as (stub, url):
        stub.faults.add(Fault(fault, match="POST|DELETE"))
        assert isinstance(verb(a_writer(url), ordered(kind)), Ambiguous)


@pytest.mark.parametrize("kind", [*BY_POST, Kind.CANCEL_NOW])
def test_what_was_never_sent_is_raised(kind: Kind) -> None:
    verb = BY_POST.get(kind, StripeWriter.cancel_now)
    with told() as (_, url):
        pass
    with pytest.raises(Unreachable):
        verb(a_writer(url), ordered(kind))


def test_an_ended_one_stays_ended() -> None:
    with told() as (stub, url):
        answer = a_writer(url).reactivate(ordered(Kind.REACTIVATE, status="canceled"))
    assert isinstance(answer, Rejected)
    assert (answer.code, stub.sent) == ("terminal", [])


def test_there_is_nothing_to_poll() -> None:
    answer = a_writer("http://127.0.0.1:9").poll("token")
    assert isinstance(answer, Rejected)
    assert answer.code == "unsupported"


def test_what_it_promises_of_repeats() -> None:
    writer = a_writer("http://127.0.0.1:9")
    assert writer.idempotent is True
    assert writer.settles_within == 30.0


def test_no_trouble_quotes_the_key() -> None:
    echo = f"Invalid API Key provided: {KEY}"
    with told(refused(401, message=echo), refused(401, message=echo)) as (_, url):
        with pytest.raises(SignInFailed) as failed:
            a_reader(url).check()
        answer = a_writer(url).undo_cancel(ordered(Kind.UNDO_CANCEL))
    assert isinstance(answer, Rejected)
    for text in (failed.value.message, failed.value.hint, repr(failed.value), answer.detail, repr(a_reader(url))):
        assert KEY[8:] not in text


def test_an_opening_shows_no_key() -> None:
    opening: Opening = an_opening(None)
    assert KEY not in repr(opening.secret("key"))
