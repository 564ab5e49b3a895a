"""What goes over the wire to Stripe and what comes back: once, bounded, and never with the key where it can be read."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import stripe

from reconciler.providers.stripe import api
from reconciler.providers.stripe.api import StripeApi, is_loopback
from reconciler.providers.stripe.failures import Failed, Failure
from reconciler.secret import Secret
from reconciler.testing.emulators.base import Response
from reconciler.testing.emulators.faults import Fault
from tests.providers.stripe.shapes import ID, KEY, a_subscription
from tests.providers.stripe.stub import refused, told

PATH = f"/v1/subscriptions/{ID}"


def opened(url: str) -> StripeApi:
    return StripeApi(Secret(KEY), url, loopback=True, threads=4)


def failure(link: StripeApi, method: str = "get") -> Failure:
    """What a request that fails says."""
    with pytest.raises(Failed) as failed:
        link.post(PATH, "k") if method == "post" else link.get(PATH)
    return failed.value.failure


@pytest.fixture
def a_closed_port() -> Iterator[str]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, and not listening
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def test_a_get_is_sent_as_the_documents_say() -> None:
    with told(a_subscription()) as (stub, url):
        assert opened(url).get(PATH, expand=["customer"], limit=5)["id"] == ID
    assert (stub.last.method, stub.last.path) == ("GET", PATH)
    assert dict(stub.last.pairs) == {"expand[0]": "customer", "limit": "5"}
    assert stub.last.headers["authorization"] == f"Bearer {KEY}"
    assert stub.last.headers["stripe-version"] == api.VERSION
    assert "idempotency-key" not in stub.last.headers


def test_the_version_is_the_one_that_we_read_whatever_the_sdk_is_made_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stripe._api_version._ApiVersion.CURRENT", "2099-01-01.later")
    with told({"a": 1}) as (stub, url):
        opened(url).get(PATH)
    assert stub.last.headers["stripe-version"] == "2026-10-28.endive"


def test_a_post_carries_our_idempotency_key_and_a_form() -> None:
    with told(a_subscription()) as (stub, url):
        opened(url).post(PATH, "reconcile-1", cancel_at_period_end=True)
    assert stub.last.headers["idempotency-key"] == "reconcile-1"
    assert stub.last.headers["content-type"] == "application/x-www-form-urlencoded"
    assert stub.form == {"cancel_at_period_end": "true"}


def test_a_delete_carries_no_idempotency_key_at_all() -> None:
    with told(a_subscription(status="canceled")) as (stub, url):
        opened(url).delete(PATH, prorate=False, invoice_now=False)
    assert (stub.last.method, dict(stub.last.query)) == ("DELETE", {"prorate": "false", "invoice_now": "false"})
    assert "idempotency-key" not in stub.last.headers


@pytest.mark.parametrize("status", [409, 429, 500, 503])
def test_nothing_is_sent_twice(status: int) -> None:
    with told(refused(status, Stripe_Should_Retry="true"), a_subscription()) as (stub, url):
        assert failure(opened(url), "post").status == status
    assert len(stub.sent) == 1


def test_a_dropped_connection_is_not_tried_again() -> None:
    with told(a_subscription(), a_subscription()) as (stub, url):
        stub.faults.add(Fault("drop-after-commit"))
        found = failure(opened(url), "post")
    assert (found.status, found.sent, len(stub.sent)) == (None, True, 1)


def test_an_error_is_read_whole() -> None:
    answer = refused(
        409, "idempotency_error", "in_use", "Busy.",
        Retry_After="2.5", Stripe_Should_Retry="false", Idempotent_Replayed="true",
    )  # fmt: skip
    with told(answer) as (_, url):
        found = failure(opened(url))
    expected = Failure(409, True, "idempotency_error", "in_use", "Busy.", 2.5, again=False, replayed=True)
    assert found == expected


@pytest.mark.parametrize("after", ["Wed, 21 Oct 2026 07:28:00 GMT", "-1", "nan", "inf", "9" * 400, ""])
def test_a_retry_after_that_is_no_short_time_is_none(after: str) -> None:
    with told(refused(429, Retry_After=after)) as (_, url):
        assert failure(opened(url)).retry_after is None


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>busy</html>",
        b'"text"',
        b"[]",
        b"{}",
        b'{"error": "invalid_grant"}',
        b'{"error": null}',
        b"[" * 99999,
    ],
)
def test_an_error_in_another_form_keeps_its_status(body: bytes) -> None:
    with told(Response(503, body)) as (_, url):
        assert failure(opened(url)) == Failure(503)


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", "no JSON", id="empty"),
        pytest.param(b'{"id": "su', "no JSON", id="cut"),
        pytest.param(b"\xff\xfe{}", "no JSON", id="no UTF-8"),
        pytest.param(b"[" * 99999, "no JSON", id="too deep"),
        pytest.param(b"[]", "no object", id="a list"),
        pytest.param(b"null", "no object", id="nothing"),
    ],
)
def test_an_answer_that_is_no_object_is_a_failure_of_its_own(body: bytes, reason: str) -> None:
    with told(Response(200, body)) as (_, url):
        assert failure(opened(url)) == Failure(200, reason=reason)


def test_an_answer_has_a_size_that_it_may_not_pass() -> None:
    with told(a_subscription()) as (stub, url):
        stub.faults.add(Fault("huge-body"))
        assert failure(opened(url)) == Failure(200, reason="the answer is too large")


def test_half_an_answer_is_none() -> None:
    with told(a_subscription()) as (stub, url):
        stub.faults.add(Fault("reset-mid-body"))
        found = failure(opened(url), "post")
    assert (found.status, found.sent, found.reason) == (None, True, "the connection broke")


def test_silence_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "READ_SECONDS", 0.05)
    with told() as (stub, url):
        stub.faults.add(Fault("hang"))
        found = failure(opened(url), "post")
    assert (found.status, found.sent, found.reason) == (None, True, "no answer in time")


def test_an_answer_that_trickles_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "WHOLE_SECONDS", -1.0)
    with told(a_subscription()) as (_, url):
        assert failure(opened(url)) == Failure(None, reason="the answer takes too long")


def test_a_connection_that_was_never_made_sent_nothing(a_closed_port: str) -> None:
    found = failure(opened(a_closed_port), "post")
    assert (found.status, found.sent, found.reason) == (None, False, "no connection")


def test_a_redirect_is_not_followed() -> None:
    with told(a_subscription()) as (away, elsewhere), told(Response(302, b"", {"Location": elsewhere})) as (_, url):
        assert failure(opened(url)).status == 302
    assert away.sent == []


def test_a_line_of_netrc_does_not_replace_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with told(a_subscription()) as (stub, url):
        StripeApi(Secret(KEY), url, loopback=False, threads=1).get(PATH)
    assert stub.last.headers["authorization"] == f"Bearer {KEY}"


def test_a_proxy_of_the_environment_never_sees_what_is_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with told() as (proxy, proxy_url), told(a_subscription(), a_subscription()) as (_, url):
        monkeypatch.setenv("HTTP_PROXY", proxy_url)
        monkeypatch.setenv("http_proxy", proxy_url)
        opened(url).get(PATH)
        assert proxy.sent == []
        with pytest.raises(Failed):
            StripeApi(Secret(KEY), url, loopback=False, threads=1).get(PATH)
        assert len(proxy.sent) == 1


def test_cookies_are_not_kept() -> None:
    with told(Response(200, {"a": 1}, {"Set-Cookie": "track=me"}), {"a": 1}) as (stub, url):
        link = opened(url)
        link.get(PATH)
        link.get(PATH)
    assert "cookie" not in stub.last.headers


def test_threads_share_connections() -> None:
    with told(*({"n": n} for n in range(40))) as (stub, url):
        link = opened(url)
        threads = [threading.Thread(target=lambda: [link.get(PATH) for _ in range(10)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        link.close()
    assert len(stub.sent) == 40


def test_no_log_holds_the_key_whatever_a_server_echoes(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    echo = refused(401, message=f"Invalid API Key provided: {KEY}", Stripe_Notice=f"use {KEY}", Request_Id=f"req_{KEY}")
    with told({"echo": KEY, "id": ID}, echo) as (_, url):
        link = opened(url)
        assert link.get(PATH)["echo"] == "***"
        found = failure(link)
    assert KEY not in repr(found)
    assert caplog.records  # the SDK does log
    assert KEY not in caplog.text


def test_a_notice_of_stripes_is_no_warning() -> None:
    with told(Response(200, {"a": 1}, {"Stripe-Notice": "upgrade"})) as (_, url):
        assert opened(url).get(PATH) == {"a": 1}  # warnings are errors here


def test_nothing_is_told_of_this_machine_nor_written_to_it() -> None:
    with told({"a": 1}, {"a": 1}) as (stub, url):
        link = opened(url)
        link.get(PATH)
        link.get(PATH)
    assert "x-stripe-client-telemetry" not in stub.last.headers
    about = stub.last.headers["x-stripe-client-user-agent"]
    assert "telemetry_id" not in about
    assert "platform" not in about
    assert not (Path(os.environ["HOME"]) / ".config" / "stripe").exists()
    assert stripe.enable_telemetry is False


def test_the_sdks_own_settings_are_left_alone() -> None:
    with told({"a": 1}) as (_, url):
        opened(url).get(PATH)
    assert (stripe.api_key, stripe.default_http_client, stripe.api_base) == (None, None, "https://api.stripe.com")


def test_the_sdks_debug_output_holds_no_key() -> None:
    code = (
        "import sys; from reconciler.providers.stripe.api import StripeApi; from reconciler.secret import Secret\n"
        f"StripeApi(Secret({KEY!r}), sys.argv[1], loopback=True, threads=1).get('/v1/account')"
    )
    with told({"echo": KEY}) as (_, url):
        done = subprocess.run(
            [sys.executable, "-c", code, url],
            capture_output=True, check=True, text=True, env={**os.environ, "STRIPE_LOG": "debug"},
        )  # fmt: skip
    assert "Request to Stripe api" in done.stderr
    assert KEY not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("endpoint", "answer"),
    [
        ("http://127.0.0.1:8080", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:8080", True),
        ("http://localhost:1", True),
        ("https://api.stripe.com", False),
        ("https://localhost.example", False),
        ("http://10.0.0.1", False),
        (None, False),
    ],
)
def test_loopback_is_this_machine(endpoint: str | None, answer: bool) -> None:
    assert is_loopback(endpoint) is answer
