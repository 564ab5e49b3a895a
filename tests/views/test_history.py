"""The journal for people."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from reconciler.diagnostics import Location
from reconciler.journal import HistoryEntry, OutcomeKind
from reconciler.views.history import history_text, verb_of
from tests.views.cases import HOSTILE, NOW

TURNED_OFF = HistoryEntry(
    run="run-2",
    at=NOW,
    subscription="contoso/visio-plan-2",
    kind="turn-off-recurring",
    outcome=OutcomeKind.SUCCEEDED,
    before={"recurring": "on", "cancellation": "none"},
    after={"recurring": "off", "cancellation": "none"},
    reason="team moved to another tool",
    error=None,
    actor="runner",
    ci_run="https://ci.example/7",
    commit="4f0c1a2b",
    commit_author="Ada Author <ada@contoso.example>",
    source=Location("specs/contoso.yaml", 22, 16),
)
REGISTERED = replace(
    TURNED_OFF, run="run-1", kind="register", before={}, after={"product": "SPB"}, reason=None, ci_run=None, commit=None
)


def test_each_entry_says_what_when_why_who_decided_and_who_applied() -> None:
    assert history_text([REGISTERED, TURNED_OFF]) == (
        "2026-11-23 00:00:00Z  registered    contoso/visio-plan-2    succeeded\n"
        "      why: specs/contoso.yaml:22:16\n"
        "      applied by runner; run run-1\n"
        "2026-11-23 00:00:00Z  turned off    contoso/visio-plan-2    succeeded\n"
        "      recurring on -> off\n"
        "      why: team moved to another tool    specs/contoso.yaml:22:16\n"
        "      decided in 4f0c1a2b by Ada Author <ada@contoso.example>; applied by runner; run run-2, https://ci.example/7\n"
        "\n"
        "2 changes in 2 runs.\n"
    )


def test_what_failed_says_what_was_to_be_done_and_why_it_was_not() -> None:
    failed = replace(TURNED_OFF, outcome=OutcomeKind.FAILED, error="no such date", source=None, commit_author=None)
    assert history_text([failed]).splitlines()[0].split("  ")[1] == "turn off"
    assert (
        "      error: no such date\n      why: team moved to another tool\n      decided in 4f0c1a2b; "
        in history_text([failed])
    )


def test_an_entry_without_a_cause_says_who_did_it() -> None:
    forgotten = replace(REGISTERED, kind="forget", source=None)
    assert history_text([forgotten]) == (
        "2026-11-23 00:00:00Z  forgotten    contoso/visio-plan-2    succeeded\n"
        "      applied by runner; run run-1\n"
        "\n"
        "1 change in 1 run.\n"
    )
    assert "applied by" not in history_text([replace(forgotten, actor="")])


def test_a_verb_of_a_later_version_stands_as_journaled() -> None:
    assert verb_of(replace(TURNED_OFF, kind="resize")) == "resize"


def test_nothing_applied_is_said() -> None:
    assert history_text([]) == "Nothing has been applied yet.\n"


def test_foreign_text_stays_on_its_line() -> None:
    text = history_text([replace(TURNED_OFF, reason=HOSTILE, actor=HOSTILE, after={"owner": HOSTILE})])
    assert len(text.splitlines()) == 6
    assert text.replace("\n", "").isprintable()


def test_an_instant_of_its_own_is_told_and_the_usual_one_is_not() -> None:
    usual = replace(TURNED_OFF, as_of=TURNED_OFF.at)
    assert "as of" not in history_text([usual])
    assert "as of 2030-01-01 00:00:00Z" in history_text([replace(TURNED_OFF, as_of=datetime(2030, 1, 1, tzinfo=UTC))])


def test_what_a_run_was_allowed_is_told() -> None:
    assert "with --allow max-endings=contoso/*" in history_text(
        [replace(TURNED_OFF, allowed=("max-endings=contoso/*",))]
    )
