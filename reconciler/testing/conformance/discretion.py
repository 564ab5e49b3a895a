"""No secret shows: not in what is raised, answered, logged, printed, or in what an object says of itself."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

import pytest

from reconciler.answers import Accepted
from reconciler.changes import Kind
from reconciler.errors import ProviderTrouble
from reconciler.ports import Opening, Reader, Writer
from reconciler.secret import Secret
from reconciler.testing.conformance.bench import Case, Mishap, Requests, Who
from reconciler.testing.conformance.broken_reading import REFUSED
from reconciler.testing.conformance.trial import Trial, end_of, is_offered, must, sent

MARK = "canary4711canary"
SHORTEST = 6
"""Characters of a secret that can be told from any other word."""


class Discretion:
    """Facts about what leaves the provider."""

    def test_a_wrong_secret_shows_nowhere(
        self, trial: Trial, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """A mark in every slot: signing in fails, and no message, log record, output or repr holds the mark."""
        slots = trial.bench.provider.secrets
        secrets = {slot: Secret(trial.bench.marked(slot, MARK)) for slot in slots}
        with caplog.at_level(logging.DEBUG):
            told = Told()
            opening = replace(trial.opening(Who.WRITER), secret=secrets.get)
            self._everything(trial, opening, told)
        self._judge(told, caplog, capfd, [MARK])

    @pytest.mark.parametrize("trouble", ["none", "invalid-json", "unavailable", "drop-after-commit"])
    def test_the_right_secret_shows_nowhere(
        self, trial: Trial, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], trouble: str
    ) -> None:
        """The same with secrets that are taken, where all goes well and where everything goes wrong."""
        opening = trial.opening(Who.WRITER)
        given = [secret.reveal() for slot in trial.bench.provider.secrets if (secret := opening.secret(slot))]
        needles = [text for text in given if len(text) >= SHORTEST]
        if not needles:
            pytest.skip("not offered: the emulator's secrets are none that could be told from other words")
        with caplog.at_level(logging.DEBUG):
            told = Told()
            if trouble != "none":
                for requests in (Requests.LIST, Requests.GET, Requests.WRITE):
                    trial.meet(Mishap(trouble), requests, 2)
            self._everything(trial, opening, told)
            self._everything(trial, trial.elsewhere(opening, REFUSED), told)
        self._judge(told, caplog, capfd, needles)

    def _everything(self, trial: Trial, opening: Opening, told: Told) -> None:
        """All that can be asked, each whatever became of the others."""
        id = trial.bench.seed(Case.RENEWING)
        provider = trial.bench.provider
        halves: list[Reader] = []
        for half in (provider.reader, provider.writer):
            told.of(partial(_open, half, opening, halves))
        trial.opened += halves
        for reader in halves:
            told.texts += [repr(reader), str(reader)]
            told.of(reader.check)
            told.of(partial(reader.observe, None))
            told.of(partial(reader.get, id))
            told.of(partial(reader.get, "../secret"))
            told.of(reader.whoami)
        for writer in halves[1:]:
            self._written(trial, writer, told)  # type: ignore[arg-type]  # the second half that was opened

    def _written(self, trial: Trial, writer: Writer, told: Told) -> None:
        """Both ways to end one, each on another, as a trustworthy reader sees it."""
        for which in (end_of, lambda seen: Kind.CANCEL_NOW):
            seen = None
            with suppress(ProviderTrouble):
                seen = trial.reader(Who.WRITER).get(trial.bench.seed(Case.RENEWING))
            kind = None if seen is None else which(seen)
            if seen is not None and kind is not None and is_offered(kind, seen):
                answer = sent(writer, trial.order(kind, seen))
                told.texts += [repr(answer), *(told.words(answer) if isinstance(answer, ProviderTrouble) else ())]
                if isinstance(answer, Accepted):
                    told.texts.append(answer.token)
                    told.of(partial(writer.poll, answer.token))
        told.of(partial(writer.poll, "no token"))

    def _judge(
        self,
        told: Told,
        caplog: pytest.LogCaptureFixture,
        capfd: pytest.CaptureFixture[str],
        needles: list[str],
    ) -> None:
        out, err = capfd.readouterr()
        records = [f"{record.name}: {record.getMessage()} {record.args!r}" for record in caplog.records]
        places = {"an answer, an error or a repr": told.texts, "a log record": records, "the output": [out, err]}
        for place, texts in places.items():
            shows = [text for text in texts if any(needle in text for needle in needles)]
            must(not shows, f"{place} shows a secret" + "".join(f": {_cut(text, needles)}" for text in shows[:1]))


@dataclass
class Told:
    """All that was said."""

    texts: list[str] = field(default_factory=list)

    def of(self, ask: Callable[[], object]) -> None:
        """What comes of asking, whatever that is."""
        try:
            self.texts.append(repr(ask()))
        except Exception as error:  # noqa: BLE001  what it may raise is another test's
            self.texts += self.words(error)

    def words(self, error: BaseException) -> Iterator[str]:
        """An error, and what it was raised from: a traceback shows all of them."""
        yield "".join(traceback.format_exception(error))
        known: BaseException | None = error
        while known is not None:
            yield f"{known!r} {known.args!r} {getattr(known, 'hint', '')}"
            known = known.__cause__ or known.__context__


def _open(half: Callable[[Opening], Reader], opening: Opening, halves: list[Reader]) -> None:
    halves.append(half(opening))


def _cut(text: str, needles: list[str]) -> str:
    """What stands around it, without it."""
    for needle in needles:
        text = text.replace(needle, "[SECRET]")
    at = text.find("[SECRET]")
    return text[max(0, at - 80) : at + 80]
