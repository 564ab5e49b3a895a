"""One counter-spec, put together."""

from __future__ import annotations

from reconciler.counter.compose import Standing, counter_spec
from reconciler.counter.replies import Answer
from reconciler.counter.trail import trail
from tests.counter.ledger import FACTS, FILE, HEAD, Ledger, answers, loaded, spec

ON, OFF = "    recurring: on\n", "    recurring: off\n"


def test_many_subscriptions_of_many_files_go_back_together() -> None:
    ledger = Ledger()
    for state in ("on", "off"):
        for file in "ab":
            body = "".join(f"  {file}{n}:\n{FACTS}    recurring: {state}\n" for n in range(20))
            ledger.texts[f"specs/{file}.yaml"] = HEAD + body
        ledger.apply()
    found = ledger.undo()
    assert (len(found.replies), found.files, found.whole) == (40, ("specs/a.yaml", "specs/b.yaml"), True)
    ledger.patch(found)
    assert not any("off" in text for text in ledger.texts.values())


def test_a_patch_does_nothing_by_itself() -> None:
    ledger = Ledger()
    ledger.apply(spec(ON))
    ledger.apply(spec(OFF))
    texts, rows = dict(ledger.texts), dict(ledger.rows)
    assert ledger.undo().patch
    assert (ledger.texts, ledger.rows) == (texts, rows)


def test_a_byte_order_mark_is_part_of_the_first_line() -> None:
    facts = "{product: SPB, term: annual, start: 2026-03-01}"
    ledger = Ledger()
    for word in ("on", "off"):
        ledger.apply(f"version: 1\naccount: contoso\nsubscriptions: {{visio: {{facts: {facts}, recurring: {word}}}}}\n")
    desired, stored, plan = ledger.planned()
    standing = Standing(plan, stored, desired, ledger.rulebook, ledger.texts, [FILE])
    found = counter_spec(trail(ledger.history, "run-2"), standing, loaded)
    assert "\n \ufeffversion: 1\n account: contoso\n-subscriptions: {" in found.patch


def test_what_cannot_be_edited_without_doubt_is_to_be_written_by_hand() -> None:
    ledger = Ledger()
    ledger.apply(spec(f"{ON}    owner: a\n"))
    hard = spec("    ? owner\n    : b\n", facts="    ? facts\n    : {product: SPB, term: annual, start: 2026-03-01}\n")
    ledger.apply(f"defaults: {{recurring: off}}\n{hard}")
    found = ledger.undo()
    assert answers(found) == [("update", Answer.PATCH), ("turn-off-recurring", Answer.NONE)]
    assert found.replies[1].why == "its text cannot be edited without doubt: its keys do not begin their lines"
    assert found.replies[1].instead == "if it is meant, write it by hand: `recurring: on`"
    assert "-    : b\n+    : a\n" in found.patch


def test_a_file_that_is_not_at_hand_is_told() -> None:
    ledger = Ledger()
    ledger.apply(spec(ON))
    ledger.apply(spec(OFF))
    desired, stored, plan = ledger.planned()
    standing = Standing(plan, stored, desired, ledger.rulebook, {})
    found = counter_spec(trail(ledger.history, "run-2"), standing, loaded)
    (reply,) = found.replies
    assert (reply.answer, found.patch) == (Answer.NONE, "")
    assert reply.why == "its text cannot be edited without doubt: its file is not at hand"
    assert reply.instead == "if it is meant, write it by hand: `recurring: on`"


def test_what_time_did_is_counted() -> None:
    ledger = Ledger()
    ledger.apply(spec("    owner: a\n"))
    ledger.pass_by(days=120)
    ledger.apply(spec("    owner: b\n"))
    assert ledger.undo().elapsed == 1
