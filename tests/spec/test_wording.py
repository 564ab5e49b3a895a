"""Every mistake says what is wrong and what to do about it, and names the word that was meant."""

from __future__ import annotations

import pytest

from reconciler.diagnostics import Diagnostic
from reconciler.spec.models import SpecsFile
from reconciler.spec.wording import known_keys
from tests.spec.reading import FACTS, load


def mistake(own: str, before: str = "") -> Diagnostic:
    """The one finding about a subscription of these own keys."""
    text = f"version: 1\naccount: contoso\n{before}subscriptions:\n  a: {{{FACTS}, {own}}}\n"
    (finding,) = load(text).diagnostics
    return finding


NOW = "when: immediately, reason: x"
OFF = "from: 2027-01-01, recurring: off"
LATE = "'2027-03-01T00:00Z'"
MANY = ", ".join(["{from: 2027-01-01, recurring: off}"] * 201)


@pytest.mark.parametrize(
    ("own", "code", "detail", "hint"),
    [
        ("recuring: on", "unknown-key", "'recuring'", "did you mean 'recurring'?"),
        ("Recurring: on", "unknown-key", "'Recurring'", "did you mean 'recurring'?"),
        ("seats: 5", "unknown-key", "'seats'", "what was bought stands under 'facts'"),
        ("xyz: 5", "unknown-key", "'xyz'", "known here: cancel, decided, facts, id, labels, owner, previously"),
        ("last_charge: 5 EUR", "unknown-key", "'last_charge'", "what was bought stands under 'facts'"),
        (
            "on_blocked: at-renewal",
            "unknown-key",
            "'on_blocked'",
            "within 'cancel': {when: immediately, on_blocked: …}",
        ),
        ("confirm: contoso/a@2026-01-01", "unknown-key", "'confirm'", "within 'cancel': {when: immediately, confirm"),
        ("cancel: {wen: none, when: none}", "unknown-key", "'wen'", "did you mean 'when'?"),
        ("recurring: On", "unknown-value", "'On' for 'recurring'", "did you mean 'on'?"),
        ("recurring: yes", "unknown-value", "'yes' for 'recurring'", "did you mean 'on'?"),
        ("recurring: enabled", "unknown-value", "'enabled' for 'recurring'", "did you mean 'on'?"),
        ("recurring: Disabled", "unknown-value", "'Disabled' for 'recurring'", "did you mean 'off'?"),
        ("recurring: no", "unknown-value", "'no' for 'recurring'", "did you mean 'off'?"),
        ("recurring: 'true'", "unknown-value", "'true' for 'recurring'", "did you mean 'on'?"),
        ("recurring: 1", "unknown-value", "'1' for 'recurring'", "did you mean 'on'?"),
        ("recurring: umanaged", "unknown-value", "'umanaged' for 'recurring'", "did you mean 'unmanaged'?"),
        ("recurring: whatever", "unknown-value", "'whatever' for 'recurring'", "write 'on', 'off' or 'unmanaged'"),
        ("recurring: [on]", "unknown-value", "for 'recurring'", "write 'on', 'off' or 'unmanaged'"),
        ("cancel: now", "unknown-value", "'now' for 'cancel'", "did you mean 'immediately'?"),
        ("cancel: at_renewal", "unknown-value", "'at_renewal' for 'cancel'", "did you mean 'at-renewal'?"),
        ("cancel: {when: imediately}", "unknown-value", "'imediately' for 'when'", "did you mean 'immediately'?"),
        ("cancel: true", "unknown-value", "'true' for 'cancel'", "write 'none', 'at-renewal'"),
        ("protect: yes", "wrong-type", "text for 'protect', which takes true or false", "did you mean true?"),
        ("protect: off", "wrong-type", "text for 'protect', which takes true or false", "did you mean false?"),
        ("protect: 1", "wrong-type", "a number for 'protect', which takes true or false", ""),
        ("owner: true", "wrong-type", "true or false for 'owner', which takes text", 'quote it: "true"'),
        ("owner: {a: b}", "wrong-type", "a mapping for 'owner', which takes text", ""),
        ("labels: [a]", "wrong-type", "a list for 'labels', which takes a mapping", ""),
        ("labels: {a: false}", "wrong-type", "true or false for 'a', which takes text", 'quote it: "false"'),
        ("owner: ''", "empty-text", "for 'owner'", "write something, or leave it out"),
        ("owner: '  '", "empty-text", "for 'owner'", "write something, or leave it out"),
        (f"owner: {'x' * 201}", "text-too-long", "more than 200 characters for 'owner'", ""),
        (f"labels: {{{'x' * 101}: a}}", "text-too-long", f"more than 100 characters for '{'x' * 101}'", ""),
        ("previously: My_Old Name", "bad-name", "'My_Old Name'", "how about 'my-old-name'?"),
        ("previously: --", "bad-name", "'--'", "a name is a-z, 0-9 and -"),
        ("previously: p\u0430rt", "bad-name", "'p\u0430rt'", "CYRILLIC SMALL LETTER A"),
        ("cancel: {when: none, confirm: yes}", "bad-confirm", "'yes'", "account/name@YYYY-MM-DD"),
        ("cancel: {reason: x}", "missing-key", "'when'", "add 'when'"),
        (f"cancel: {{{NOW}, on_blocked: none}}", "unknown-value", "'none' for 'on_blocked'", "write 'at-renewal'"),
        (f"cancel: {{{NOW}, on_blocked: renewal}}", "unknown-value", "'renewal' for 'on_blocked'", "'at-renewal'?"),
        (
            "cancel: {when: at-renewal, on_blocked: at-renewal}",
            "needless-on-blocked",
            "beside 'when: at-renewal'",
            "take it out, or write 'when: immediately'",
        ),
        ("schedule: []", "empty-schedule", "", "add an entry, or leave 'schedule' out"),
        (f"schedule: [{MANY}]", "schedule-too-long", "more than 200", "that a later one has replaced"),
        (f"schedule: {{{OFF}}}", "wrong-type", "a mapping for 'schedule', which takes a list", "begins with '- '"),
        ("schedule: off", "wrong-type", "text for 'schedule', which takes a list", ""),
        ("schedule: [off]", "wrong-type", "text for 'schedule', which takes a mapping", ""),
        (f"schedule: [{{{OFF}, until: x}}]", "unknown-key", "'until'", "known here: cancel, from, reason, recurring"),
        ("schedule: [{recurring: off}]", "missing-key", "'from'", "add 'from'"),
        ("schedule: [{from: 2027-01-01}]", "schedule-sets-nothing", "", "add 'recurring' or 'cancel'"),
        ("schedule: [{from: 2027-02-30, recurring: off}]", "bad-date", "'2027-02-30'", "YYYY-MM-DD"),
        ("schedule: [{from: 2027, recurring: off}]", "bad-date", "'2027'", "YYYY-MM-DD"),
        ("schedule: [{from: 2027-03-01T00:00Z, recurring: off}]", "bad-date", LATE, "write the day alone, 2027-03-01:"),
        ("schedule: [{from: 2027-01-01, recurring: yes}]", "unknown-value", "'yes' for 'recurring'", "mean 'on'?"),
        (
            "schedule: [{from: 2027-01-01, cancel: immediately}]",
            "not-schedulable",
            "'cancel: immediately'",
            "or schedule 'cancel: at-renewal'",
        ),
        (
            "schedule: [{from: 2027-01-01, cancel: unmanaged}]",
            "not-schedulable",
            "'cancel: unmanaged'",
            "take the older entries out",
        ),
        (
            "schedule: [{from: 2027-01-01, recurring: unmanaged}]",
            "not-schedulable",
            "'recurring: unmanaged'",
            "take the older entries out",
        ),
        (
            "schedule: [{from: 2027-01-01, cancel: {when: none}}]",
            "unknown-value",
            "for 'cancel'",
            "write 'none' or 'at-renewal'",
        ),
        (
            "schedule: [{from: 2027-01-01, recurring: on, cancel: at-renewal}]",
            "contradiction",
            "'recurring: on' beside 'cancel: at-renewal'",
            "take 'recurring: on' out",
        ),
        ("decided: {for: 2027-02-14}", "missing-key", "'by'", "add 'by'"),
        ("decided: {by: me}", "missing-key", "'for'", "add 'for'"),
        ("decided: {for: 2027-02-29, by: me}", "bad-date", "'2027-02-29'", "YYYY-MM-DD"),
        ("decided: {for: 2027-02-14, by: ' '}", "empty-text", "for 'by'", "write something"),
        ("decided: {for: 2027-02-14, by: me, nota: x}", "unknown-key", "'nota'", "did you mean 'note'?"),
        ("decided: true", "wrong-type", "true or false for 'decided', which takes a mapping", ""),
    ],
)
def test_a_mistake_is_told_with_its_way_out(own: str, code: str, detail: str, hint: str) -> None:
    finding = mistake(own)
    assert (finding.code, finding.detail) == (code, detail)
    assert hint in finding.hint


@pytest.mark.parametrize(
    ("facts", "code", "detail", "hint"),
    [
        ("{seats: '25'}", "wrong-type", "text for 'seats', which takes a whole number", "without quotes"),
        ("{seats: 25.0}", "wrong-type", "a number for 'seats', which takes a whole number", ""),
        ("{seats: many}", "wrong-type", "text for 'seats', which takes a whole number", "digits alone"),
        ("{seats: -1}", "out-of-range", "for 'seats', which is at least 0", ""),
        ("{seats: 10000001}", "out-of-range", "for 'seats', which is at most 10000000", ""),
        (f"{{seats: {'9' * 5000}}}", "out-of-range", "for 'seats', which is at most 10000000", ""),
        ("{term: yearly}", "unknown-value", "'yearly' for 'term'", "did you mean 'annual'?"),
        ("{billing: P1M}", "unknown-value", "'P1M' for 'billing'", "did you mean 'monthly'?"),
        ("{term: 1}", "unknown-value", "'1' for 'term'", "write 'monthly', 'annual' or 'triennial'"),
        ("[SPB]", "wrong-type", "a list for 'facts', which takes a mapping", ""),
    ],
)
def test_a_mistake_in_facts_is_told_with_its_way_out(facts: str, code: str, detail: str, hint: str) -> None:
    finding = mistake("owner: x", f"defaults: {{facts: {facts}}}\n")
    assert (finding.code, finding.detail) == (code, detail)
    assert hint in finding.hint


@pytest.mark.parametrize("version", ["2", "'1'", "one"])
def test_another_version_says_which_one_is_read(version: str) -> None:
    (finding,) = load(f"version: {version}\n").diagnostics
    assert "version: 1" in finding.hint


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ((), ["account", "defaults", "rules", "subscriptions", "version"]),
        (("subscriptions", "a", "facts"), ["billing", "last_charge", "price", "product", "seats", "start", "term"]),
        (("subscriptions", "a", "cancel"), ["confirm", "on_blocked", "reason", "when"]),
        (("subscriptions", "a", "schedule", 0), ["cancel", "from", "reason", "recurring"]),
        (("subscriptions", "a", "schedule", 0, "from"), []),
        (("subscriptions", "a", "decided"), ["by", "for", "note"]),
        (("defaults", "cancel"), ["reason", "when"]),
        (("rules", 0), ["match", "set"]),
        (("rules", 0, "match"), ["account", "key", "labels", "owner", "product"]),
        (("subscriptions", "a", "labels"), []),
        (("nowhere", 5), []),
    ],
)
def test_the_keys_that_may_stand_somewhere_are_known(path: tuple[str | int, ...], keys: list[str]) -> None:
    assert known_keys(SpecsFile, path) == keys


def test_no_message_quotes_what_could_reach_a_terminal() -> None:
    found = load(
        'version: 1\naccount: "a\\u202e\\e[2J"\nsubscriptions: {"b\\e[2J": {"\\u202e": 1, recurring: "\\e[2J"}}\n'
    )
    words = "".join(item.summary + item.detail + item.hint for item in found.diagnostics)
    assert found.diagnostics
    assert "\x1b" not in words
    assert "\u202e" not in words
