"""A counter-spec for people: what is said of each change, and the patch as it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.counter.compose import CounterSpec
from reconciler.counter.replies import Answer, Reply
from reconciler.views.counter import TITLES, counter_github, counter_markdown, counter_talk
from tests.counter.ledger import FACTS, FILE, HEAD, Ledger

HOSTILE = "\x1b[31m::set-output name=x::y|<b>@ada`#1\u202e"


def a_file(*own: str) -> str:
    """A file with these subscriptions."""
    return HEAD + "".join(f"  s{number}:\n{FACTS}{keys}" for number, keys in enumerate(own))


@pytest.fixture(name="found")
def a_counter_spec() -> CounterSpec:
    """One of each answer."""
    ledger = Ledger()
    ledger.apply(a_file("", "    recurring: on\n", "    owner: a\n", "    labels: {a: b}\n"))
    ledger.apply(
        a_file("    owner: b\n", "    recurring: off\n    reason: moved\n", "    owner: b\n", "    labels: {a: c}\n")
    )
    ledger.apply(
        a_file("    owner: b\n", "    recurring: off\n    reason: moved\n", "    owner: a\n", "    labels: {a: c}\n")
    )
    ledger.texts[FILE] = ledger.texts[FILE].replace("{a: c}", "{a: b}")
    return ledger.undo("run-2")


def many(found: CounterSpec, **more: object) -> CounterSpec:
    """The same many times over."""
    none = next(reply for reply in found.replies if reply.answer is Answer.NONE)
    return replace(found, replies=(none,) * 60, patch="", **more)  # type: ignore[arg-type]


def hostile(found: CounterSpec) -> CounterSpec:
    """The same with texts that would be obeyed somewhere."""

    def spoilt(reply: Reply) -> Reply:
        entry = replace(reply.entry, actor=HOSTILE)
        return replace(reply, entry=entry, why=HOSTILE, instead=HOSTILE, lines=(HOSTILE,))

    return replace(found, replies=tuple(map(spoilt, found.replies)), patch=f"{found.patch} ````{HOSTILE}\n")


def test_every_answer_is_told_with_what_to_do(found: CounterSpec) -> None:
    assert counter_talk(found) == (
        "Undo of run-2, 23 Nov 2026 12:00 UTC, by ada\n"
        "\n"
        "Taken back by the patch (1)\n"
        "  turned off         contoso/s1    specs/contoso.yaml:7:3\n"
        "      recurring: on, until 1 Mar 2027 00:00 UTC\n"
        "\n"
        "Asked for already: the next apply takes it back (1)\n"
        "  updated: labels    contoso/s3\n"
        "\n"
        "As before already (1)\n"
        "  updated: owner     contoso/s2\n"
        "      the run run-3 took it back\n"
        "\n"
        "Not taken back (1)\n"
        "  updated: owner     contoso/s0\n"
        "      it had none before, and no spec can say that again\n"
        "      take the key out: what is not declared stays as it is stored\n"
        "\n"
        "4 changes: 1 by the patch, 1 asked for already, 1 as before already, 1 not. Nothing is changed yet: "
        "`git apply` the patch, then `reconcile --dry-run`.\n"
    )


def test_without_a_patch_there_is_nothing_to_do(found: CounterSpec) -> None:
    assert counter_talk(many(found)).endswith("\n1 change: 60 not. There is nothing to patch.\n")


def test_what_time_did_is_told_in_numbers(found: CounterSpec) -> None:
    assert "What time did is never taken back: 2 events." in counter_talk(many(found, elapsed=2))
    said = "What time and others did is never taken back: 2 events."
    assert said in counter_talk(many(found, elapsed=2, outside=1))


def test_a_long_list_is_cut(found: CounterSpec) -> None:
    assert "  … and 10 more; --format json has them all" in counter_talk(many(found))
    assert counter_talk(many(found)).count("contoso/s0") == 50


def test_colour_is_only_for_terminals(found: CounterSpec) -> None:
    assert "\x1b[" not in counter_talk(found)
    assert "\x1b[32mTaken back" in counter_talk(found, colour=True)


def test_markdown_holds_the_patch_as_what_differs(found: CounterSpec) -> None:
    text = counter_markdown(found)
    assert text.startswith("### Undo of run-2, 23 Nov 2026 12:00 UTC, by ada\n")
    assert f"```diff\n{found.patch}```\n" in text
    assert all(f"#### {title} (1)" in text for title in TITLES.values())
    assert (
        "| turned off | <code>contoso/s1</code><br><code>specs/contoso.yaml:7:3</code> | <code>recurring: on</code>"
        in text
    )
    assert text.endswith("then <code>reconcile --dry-run</code>.**\n")
    assert "```" not in counter_markdown(many(found))


def test_a_job_log_gets_both(found: CounterSpec) -> None:
    assert counter_github(found) == f"{found.patch}\n{counter_talk(found)}"
    assert counter_github(many(found)) == counter_talk(many(found))


def test_nothing_in_it_is_obeyed(found: CounterSpec) -> None:
    spoilt = hostile(found)
    for text in (counter_talk(spoilt), counter_github(spoilt), counter_markdown(spoilt)):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert not any(line.lstrip().startswith("::") for line in counter_github(spoilt).splitlines())
    text = counter_markdown(spoilt)
    assert "`````diff\n" in text, "the fence is longer than any in the patch"
    assert "<b>" not in text.replace(text[text.index("`````") : text.rindex("`````")], "")


def test_a_comment_has_its_limit(found: CounterSpec) -> None:
    long = replace(found, patch="".join(f"+{number:060}\n" for number in range(3000)))
    assert len(counter_markdown(long).encode()) < 65_536
    assert "more; see the job's full output" in counter_markdown(long)
