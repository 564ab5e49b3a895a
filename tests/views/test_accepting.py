"""What `accept` tells: each subscription once, what is written and where, what is left and why, and a count."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from reconciler.accepting.replies import Answer, Reply
from reconciler.changes import Drift
from reconciler.diagnostics import Location
from reconciler.views.accepting import Told, accepting_json, accepting_log, accepting_text
from tests.builders import NOW, a_key
from tests.views.cases import HOSTILE

VISIO = a_key("shop/visio")
DRIFT = (Drift(VISIO, "recurring", "on", "off"), Drift(VISIO, "seats", None, 9))
WRITTEN = Reply(
    VISIO, Answer.WRITE, DRIFT, ("recurring: off", "cancel: none"), Location("specs/a.yaml", 4, 3), None, NOW,
    notes=("it goes over",),
)  # fmt: skip
NOTHING = Reply(a_key("shop/other"), Answer.NONE, why="nothing of it was changed")
REFUSED = Reply(a_key("shop/gone"), Answer.REFUSED, code="vanished", why="it is gone", instead="look there")
TOLD = Told((WRITTEN, NOTHING, REFUSED), 3, ("specs/a.yaml",), "--- a/specs/a.yaml\n+++ b\n", written=True)

TEXT = """\
Accepted into the specs (1)
  shop/visio    recurring on -> off, seats none -> 9 outside
      `recurring: off` and `cancel: none`    specs/a.yaml:4:3
      it goes over

Nothing to accept (1)
  shop/other
      nothing of it was changed

Not accepted (1)
  shop/gone
      vanished: it is gone
      hint: look there

"""


def test_each_is_told_once_in_its_group() -> None:
    said = "1 subscription accepted into 1 file, 1 not accepted, 4 with nothing to accept."
    assert accepting_text(TOLD) == f"{TEXT}{said} No provider was written to; look at it: reconcile --dry-run\n"


def test_beside_a_patch_nothing_is_said_to_be_written() -> None:
    found = accepting_text(replace(TOLD, written=False))
    assert found.startswith("Accepted by the patch (1)\n")
    assert found.endswith("Nothing is written yet: `git apply` it, then `reconcile --dry-run`.\n")


@pytest.mark.parametrize(
    ("told", "summary"),
    [
        (Told(()), "Nothing was accepted."),
        (Told((REFUSED,)), "Nothing was accepted: 1 not accepted."),
        (Told((), 2), "Nothing was accepted: 2 with nothing to accept."),
    ],
    ids=["nothing at all", "refused", "nothing changed"],
)
def test_where_nothing_is_accepted_the_last_line_says_so(told: Told, summary: str) -> None:
    assert accepting_text(told).rstrip("\n").rpartition("\n")[2] == summary


def test_an_entry_of_a_schedule_is_named() -> None:
    text = accepting_text(Told((replace(WRITTEN, entry=date(2026, 1, 5), place=None),), written=True))
    assert "`recurring: off` and `cancel: none` in the entry of 2026-01-05 of its `schedule`\n" in text


def test_of_many_the_first_are_told() -> None:
    text = accepting_text(Told((NOTHING,) * 60))
    assert (text.count("nothing of it was changed"), "… and 10 more" in text) == (50, True)


def test_the_log_of_a_job_has_the_patch_above_each_line_harmless() -> None:
    hostile = replace(TOLD, patch="+ ::error::x\n##[group]y\n", written=False)
    lines = accepting_log(hostile).split("\n")
    assert lines[:3] == ["+ ::error::x", "\\x23#[group]y", ""]
    assert accepting_log(TOLD) == accepting_text(TOLD), "what is written is no patch any more"


def test_nothing_hostile_reaches_a_terminal() -> None:
    text = accepting_text(Told((replace(REFUSED, why=HOSTILE, instead=HOSTILE),)))
    assert all(char.isprintable() or char == "\n" for char in text)


def test_the_document_has_it_all() -> None:
    document = json.loads(accepting_json(TOLD, as_of=NOW))
    assert (document["command"], document["written"], document["others"]) == ("accept", True, 3)
    first, second, third = document["subscriptions"]
    assert first["drift"][1] == {"field": "seats", "stored": None, "observed": 9}
    assert (first["lines"], first["source"]["line"], first["code"]) == (["recurring: off", "cancel: none"], 4, None)
    assert (second["answer"], second["seen"], second["source"]) == ("none", None, None)
    assert (third["code"], third["why"], third["instead"]) == ("vanished", "it is gone", "look there")
