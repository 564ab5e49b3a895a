"""What a provider says of an order whose answer is wrong or missing: Ambiguous where it may have been carried out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from reconciler.answers import Accepted, Ambiguous, Answer, Done, Rejected
from reconciler.changes import Kind
from reconciler.errors import ProviderTrouble, Throttled
from reconciler.observed import ObservedSubscription
from reconciler.ports import Writer
from reconciler.testing.conformance.bench import RETRY_AFTER, Case, Mishap, Requests, Who
from reconciler.testing.conformance.broken_reading import REFUSED
from reconciler.testing.conformance.trial import Trial, end_of, is_offered, must, number, sent, shown

_LOST = [
    pytest.param(mishap, id=mishap.value)
    for mishap in (
        Mishap.DROP_BEFORE_COMMIT,
        Mishap.DROP_AFTER_COMMIT,
        Mishap.STATUS_AFTER_COMMIT,
        Mishap.RESET_MID_BODY,
        Mishap.INVALID_JSON,
        Mishap.UNAVAILABLE,
    )
]
_BODILESS = frozenset({Mishap.RESET_MID_BODY, Mishap.INVALID_JSON})
"""Where the vendor answers a write without a body, its status says it all."""


class BrokenWriting:
    """Facts about orders whose answer says nothing, or no."""

    @pytest.mark.parametrize("ending", ["with its term", "at once"])
    @pytest.mark.parametrize("mishap", _LOST)
    def test_an_order_without_an_answer_is_ambiguous(self, trial: Trial, mishap: Mishap, ending: str) -> None:
        """It may have been carried out, and nobody knows: neither Rejected, nor Done, nor raised."""
        writer, seen, kind = _ready(trial, ending)
        trial.meet(mishap, Requests.WRITE)
        answer = sent(writer, trial.order(kind, seen))
        unsure = isinstance(answer, Ambiguous)
        if mishap in _BODILESS:
            unsure = unsure or isinstance(answer, Done | Accepted)
        must(unsure, f"{kind} that meets {mishap}: {shown(answer)}, where Ambiguous says what it is")
        must(len(trial.effects(seen.id)) <= 1, f"one order had {len(trial.effects(seen.id))} effects")

    @pytest.mark.parametrize("mishap", _LOST)
    def test_an_order_is_sent_once(self, trial: Trial, mishap: Mishap) -> None:
        """Whatever it meets: the engine alone sends again, after it has looked; no library does so by itself."""
        writer, seen, kind = _ready(trial, "with its term")
        trial.meet(mishap, Requests.WRITE, 1)
        sent(writer, trial.order(kind, seen))
        done = mishap not in (Mishap.DROP_BEFORE_COMMIT, Mishap.UNAVAILABLE)
        effects = len(trial.effects(seen.id))
        must(effects == int(done), f"{kind} met {mishap} once, and {effects} were carried out: it was sent again")

    @pytest.mark.parametrize("mishap", [Mishap.DROP_BEFORE_COMMIT, Mishap.DROP_AFTER_COMMIT], ids=str)
    def test_an_order_that_was_lost_is_sent_again_without_harm(self, trial: Trial, mishap: Mishap) -> None:
        """With its operation id, where the writer says that it is idempotent: afterwards it was carried out once."""
        writer, seen, kind = _ready(trial, "with its term")
        if not writer.idempotent:
            pytest.skip("not offered: the writer says that a repeat may have a second effect")
        trial.meet(mishap, Requests.WRITE)
        sent(writer, trial.order(kind, seen, number(4711)))
        fresh = trial.get(writer, seen.id)
        answer = trial.finish(writer, trial.send(writer, trial.order(kind, fresh, number(4711))))
        must(answer == Done(), f"sent again, {kind} answers {shown(answer)}")
        must(len(trial.effects(seen.id)) == 1, f"it was carried out {len(trial.effects(seen.id))} times")

    def test_an_order_that_could_not_be_sent_is_not_ambiguous(self, trial: Trial) -> None:
        """The connection is refused: surely nothing was sent, so it is Rejected, or ProviderTrouble is raised."""
        _, seen, kind = _ready(trial, "with its term")
        writer = trial.writer_of(trial.elsewhere(trial.opening(Who.WRITER), REFUSED))
        answer = sent(writer, trial.order(kind, seen))
        must(isinstance(answer, Rejected | ProviderTrouble), f"{kind}, nobody there: {shown(answer)}")

    def test_a_throttled_order_says_when_to_come_back(self, trial: Trial) -> None:
        """Rejected as rate-limited, or Throttled raised, with the vendor's seconds; nothing was done."""
        writer, seen, kind = _ready(trial, "with its term")
        trial.meet(Mishap.THROTTLE, Requests.WRITE)
        answer = sent(writer, trial.order(kind, seen))
        limited = isinstance(answer, Throttled) or (isinstance(answer, Rejected) and answer.code == "rate-limited")
        must(limited, f"{kind}, throttled: {shown(answer)}")
        after = answer.retry_after if isinstance(answer, Throttled | Rejected) else None
        must(after == RETRY_AFTER, f"the vendor asks for {RETRY_AFTER} seconds, and retry_after is {after}")
        must(not trial.effects(seen.id), "it was throttled, and carried out")

    def test_an_order_for_what_is_locked_is_busy(self, trial: Trial) -> None:
        """Rejected as busy: it will pass by itself, and is left for later."""
        writer, seen, kind = _ready(trial, "with its term")
        trial.meet(Mishap.BUSY, Requests.WRITE)
        answer = sent(writer, trial.order(kind, seen))
        busy = isinstance(answer, Rejected) and answer.code == "busy"
        must(busy, f"{kind}, while something else is at work on it: {shown(answer)}")
        must(not trial.effects(seen.id), "it was refused as busy, and carried out")

    def test_expired_credentials_do_not_write(self, trial: Trial) -> None:
        """Rejected as sign-in-failed, or SignInFailed raised; nothing was done."""
        _, seen, kind = _ready(trial, "with its term")
        answer = sent(trial.writer(Who.EXPIRED), trial.order(kind, seen))
        failed = isinstance(answer, ProviderTrouble | Rejected) and answer.code == "sign-in-failed"
        must(failed, f"{kind} with expired credentials: {shown(answer)}")
        must(not trial.effects(seen.id), "expired credentials changed something")

    @pytest.mark.parametrize("token", ["", "{}", "null", "[1]", "x" * 4000, "../..", "\x00"])
    def test_a_token_that_is_none_is_answered(self, trial: Trial, token: str) -> None:
        """Not Done and not Accepted: nothing is known of it. The journal may have been tampered with."""
        answer = _polled(trial.writer(), token)
        must(not isinstance(answer, Done | Accepted), f"a token that is none answers {shown(answer)}")

    def test_a_token_leads_to_no_other_address(self, trial: Trial) -> None:
        """A token that names another host: nobody there is asked, least of all with our credentials."""
        with _listener() as (url, asked):
            for token in (url, f"{url}/poll", url.replace("http:", ""), f'{{"url": "{url}"}}'):
                answer = _polled(trial.writer(), token)
                must(not isinstance(answer, Done), f"a token of another host answers {shown(answer)}")
            must(not asked, f"a token led to another address: {asked}")


def _ready(trial: Trial, ending: str) -> tuple[Writer, ObservedSubscription, Kind]:
    """One that renews, who may write, and the verb that ends it so."""
    writer = trial.writer()
    writer.check()
    seen = trial.get(writer, trial.seed(Case.RENEWING))
    kind = end_of(seen) if ending == "with its term" else Kind.CANCEL_NOW
    if not is_offered(kind, seen):
        pytest.skip(f"not offered: {kind}")
    return writer, seen, kind


def _polled(writer: Writer, token: str) -> Answer | ProviderTrouble:
    try:
        return writer.poll(token)
    except ProviderTrouble as trouble:
        return trouble
    except Exception as error:
        raise AssertionError(f"poll raised {type(error).__name__} for {token[:40]!r}") from error


@contextmanager
def _listener() -> Iterator[tuple[str, list[str]]]:
    """Somebody on loopback who writes down each request, and answers that all is well."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def _one(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _one  # noqa: N815  the base class's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
