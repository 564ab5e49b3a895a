"""Lifecycles of one's own: what they take over, what they must say, and everything that can be wrong with them."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any, Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reconciler.desired import SpecText
from reconciler.diagnostics import Diagnostic, Diagnostics, Location
from reconciler.policy import Dated, Lifecycle, Window
from reconciler.settings import Settings
from reconciler.shipped import lifecycle_text
from reconciler.spec import load_settings
from reconciler.spec.lifecycles import read_lifecycles
from reconciler.spec.policies import MATTERS
from reconciler.spec.positions import Document
from reconciler.spec.schema import spec_schema
from reconciler.spec.trusted import SHIPPED
from reconciler.spec.validate import Checked
from tests.spec.reading import PROVIDERS, brief, parsed
from tests.spec.test_corpus import NO_YAML, as_json, changeable, in_flow

HEAD: Final = "version: 1\naccounts: {contoso: {lifecycle: mine}}\nlifecycles:\n"
"""Three lines; a policy named `mine` stands below."""
OWN_DAYS: Final = "expired: [{effective_from: 2020-01-01, days: 10, source: our contract}]"
SINCE_EVER: Final = "effective_from: 1970-01-01, source: our contract"
COMPLETE: Final = f"""\
  mine:
    summary: What our contract says.
    expired: [{{{SINCE_EVER}, days: 5}}]
    disabled: [{{{SINCE_EVER}, days: unknown}}]
    disabled_after_cancel_now: [{{{SINCE_EVER}, days: 0}}]
    deletion: [{{{SINCE_EVER}, days: 3650}}]
    window: [{{{SINCE_EVER}, length: 14d, since: start}}]
    seats: [{{{SINCE_EVER}, at_most: any}}]
    refund: [{{{SINCE_EVER}, rule: full}}]
    reactivation: [{{{SINCE_EVER}, expired: true, disabled: false, cancelled: unknown, same_id: unknown}}]
    extension: [{{{SINCE_EVER}, when_off: false}}]
"""
"""A policy that is like no other, in eleven lines."""


def load(text: str) -> tuple[Settings | None, tuple[Diagnostic, ...]]:
    """Settings, with the shipped policies at hand."""
    return load_settings(SpecText("reconcile.yaml", text), PROVIDERS, lifecycle_text)


def mine(text: str) -> Lifecycle:
    """The policy `mine` of settings without any finding."""
    settings, found = load(HEAD + text)
    assert brief(found) == []
    assert settings is not None
    return settings.lifecycles["mine"]


def findings(text: str) -> list[Diagnostic]:
    """What is wrong with settings; then there are none."""
    settings, found = load(text)
    assert settings is None
    return list(found)


def rules(dated: Dated[Any]) -> list[tuple[str, object]]:
    """Each rule's day and value."""
    return [(str(rule.effective_from), rule.value) for rule in dated.rules]


# What is read


def test_an_account_lives_by_its_named_lifecycle() -> None:
    settings, found = load("version: 1\naccounts: {contoso: {}, fabrikam: {lifecycle: plain}}\n")
    assert brief(found) == []
    assert settings is not None
    assert set(settings.lifecycles) == {"classic", "plain"}
    assert settings.lifecycles["plain"].expired.at(date(2026, 1, 1)) == 0


def test_only_files_that_are_asked_for_are_read() -> None:
    read = []

    def reading(name: str) -> SpecText:
        read.append(name)
        return lifecycle_text(name)

    text = (
        "version: 1\naccounts: {a: {lifecycle: plain}, b: {lifecycle: plain}, c: {lifecycle: mine}}\n"
        "lifecycles: {mine: {like: ours}, ours: {like: microsoft-trial}, unused: {like: microsoft-trial}}\n"
    )
    settings, found = load_settings(SpecText("reconcile.yaml", text), PROVIDERS, reading)
    assert brief(found) == []
    assert sorted(read) == ["microsoft-trial", "plain"]
    assert settings is not None
    assert set(settings.lifecycles) == {"plain", "mine"}


def test_a_policy_of_ones_own_says_all_of_it() -> None:
    policy = mine(COMPLETE)
    assert (policy.name, policy.summary) == ("mine", "What our contract says.")
    assert rules(policy.expired) == [("1970-01-01", 5)]
    assert rules(policy.disabled) == [("1970-01-01", None)]
    assert policy.expired.rules[0].source == "our contract"
    assert policy.side_effects == {}


def test_texts_in_several_lines_are_one_line() -> None:
    policy = mine(COMPLETE.replace("What our contract says.", ">-\n      What our\n      contract says."))
    assert policy.summary == "What our contract says."


# Like another


def test_what_is_not_said_is_taken_over() -> None:
    policy = mine("  mine: {like: microsoft-partner}\n")
    partner = mine("  mine: {like: ours}\n  ours: {like: microsoft-partner, summary: Ours.}\n")
    for matter in (*MATTERS, "side_effects"):
        assert getattr(policy, matter) == getattr(partner, matter)
    assert policy.name == "mine"
    assert (policy.summary, partner.summary) == ("like microsoft-partner", "like ours")


def test_own_rules_hold_from_their_first_day_and_those_of_the_other_before_it() -> None:
    policy = mine(f"  mine:\n    like: classic\n    {OWN_DAYS}\n")
    assert rules(policy.expired) == [("1970-01-01", 30), ("2020-01-01", 10)]


def test_rules_of_the_other_that_begin_later_are_replaced_too() -> None:
    own = f"[{{{SINCE_EVER.replace('1970', '2025')}, when_off: false}}]"
    policy = mine(f"  mine:\n    like: microsoft-partner\n    extension: {own}\n")
    assert [day for day, _ in rules(policy.extension)] == ["1970-01-01", "2025-01-01"]
    assert len(policy.expired.rules) == 2


def test_own_rules_from_the_beginning_replace_a_whole_matter() -> None:
    policy = mine(f"  mine:\n    like: classic\n    window: [{{{SINCE_EVER}, length: any-time}}]\n")
    assert rules(policy.window) == [("1970-01-01", Window(None))]


def test_side_effects_are_taken_over_verb_by_verb() -> None:
    own = f"{{cancel-now: [{{{SINCE_EVER}, texts: [Ask Bob., 42]}}], undo-cancel: [{{{SINCE_EVER}, texts: []}}]}}"
    policy = mine(f"  mine:\n    like: classic\n    side_effects: {own}\n")
    assert rules(policy.side_effects["cancel-now"]) == [("1970-01-01", ("Ask Bob.", "42"))]
    assert rules(policy.side_effects["undo-cancel"]) == [("1970-01-01", ())]
    assert set(policy.side_effects) == {"turn-off-recurring", "cancel-at-renewal", "cancel-now", "undo-cancel"}


def test_rules_stand_in_any_order() -> None:
    own = "[{effective_from: 2024-01-01, days: 1, source: b}, {effective_from: 2020-01-01, days: 2, source: a}]"
    policy = mine(f"  mine:\n    like: classic\n    expired: {own}\n")
    assert rules(policy.expired) == [("1970-01-01", 30), ("2020-01-01", 2), ("2024-01-01", 1)]


def test_own_rules_may_be_for_younger_terms_alone() -> None:
    own = "[{effective_from: 2024-01-01, terms_from: 2023-06-01, days: 1, source: b}]"
    policy = mine(f"  mine:\n    like: classic\n    expired: {own}\n")
    assert policy.expired.at(date(2024, 5, 31), date(2023, 5, 31)) == 30
    assert policy.expired.at(date(2024, 6, 1), date(2023, 6, 1)) == 1


# What is wrong

EXTENDED = f"extension: [{{{SINCE_EVER}, when_off: true, surcharge_percent: 3, otherwise_percent: unknown}}]"
NEVER = f"window: [{{{SINCE_EVER}, length: never}}]"


def of_mine(line: str) -> str:
    """Settings with a policy like `classic`, and one line more; that is line 6."""
    return f"{HEAD}  mine:\n    like: classic\n    {line}\n"


def in_full(old: str, new: str) -> str:
    """Settings with a policy that is like no other, changed in one place."""
    assert old in COMPLETE
    return HEAD + COMPLETE.replace(old, new)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(
            "version: 1\naccounts: {a: {lifecycle: clasic}, b: {lifecycle: clasic}}\n",
            ["2:27 unknown-lifecycle", "2:51 unknown-lifecycle"],
            id="accounts that name none",
        ),
        pytest.param(HEAD + "  mine: {like: clasic}\n", ["4:16 unknown-lifecycle"], id="like none"),
        pytest.param(HEAD + "  mine: {like: mine}\n", ["4:16 lifecycle-circle"], id="like itself"),
        pytest.param(
            HEAD + "  mine: {like: b}\n  b: {like: c}\n  c: {like: b}\n", ["6:13 lifecycle-circle"], id="a circle"
        ),
        pytest.param(HEAD + "  mine: {like: A b}\n", ["4:16 bad-name"], id="like no name"),
        pytest.param(
            HEAD + "  mine: {like: broken}\n  broken: 5\n", ["5:11 wrong-type"], id="like one that is broken as a whole"
        ),
        pytest.param(
            HEAD + "  mine: {like: ours}\n  ours: {like: classic, expired: []}\n",
            ["5:34 lifecycle-gap"],
            id="like one with a mistake of its own",
        ),
        pytest.param(
            HEAD + "  mine: {like: none}\n  classic: {like: classic}\n",
            ["4:16 unknown-lifecycle", "5:3 reserved-lifecycle"],
            id="the name of one that ships",
        ),
        pytest.param(HEAD + "  mine: {}\n", ["4:3 lifecycle-gap"], id="nothing at all"),
        pytest.param(HEAD + "  mine: 7 days\n", ["4:9 wrong-type"], id="no mapping"),
        pytest.param(HEAD + "  - mine\n", ["4:3 wrong-type"], id="a list of lifecycles"),
        pytest.param(of_mine("expird: []"), ["6:5 unknown-key"], id="an unknown matter"),
        pytest.param(of_mine("side_effects: {cancel: []}"), ["6:20 unknown-key"], id="an unknown verb"),
        pytest.param(of_mine("expired: []"), ["6:14 lifecycle-gap"], id="a matter without a rule"),
        pytest.param(of_mine("side_effects: {cancel-now: []}"), ["6:32 lifecycle-gap"], id="a verb without a rule"),
        pytest.param(of_mine("expired: 10"), ["6:14 wrong-type"], id="a matter that is no list"),
        pytest.param(of_mine("expired: [10]"), ["6:15 wrong-type"], id="a rule that is no mapping"),
        pytest.param(
            in_full("expired: [{effective_from: 1970", "expired: [{effective_from: 2020"),
            ["6:15 lifecycle-gap"],
            id="rules that begin too late",
        ),
        pytest.param(
            in_full(
                f"expired: [{{{SINCE_EVER}", "expired: [{effective_from: 1970-01-01, terms_from: 2020-01-01, source: x"
            ),
            ["6:15 lifecycle-gap"],
            id="a first rule for younger terms alone",
        ),
        pytest.param(
            in_full(
                "extension: [",
                "side_effects: {reactivate: [{effective_from: 2020-01-01, source: x, texts: []}]}\n    extension: [",
            ),
            ["14:33 lifecycle-gap"],
            id="side effects that begin too late",
        ),
        pytest.param(
            of_mine(OWN_DAYS.replace(", source: our contract", "")), ["6:15 missing-key"], id="a rule without a source"
        ),
        pytest.param(of_mine(OWN_DAYS.replace("our contract", "' '")), ["6:62 empty-text"], id="an empty source"),
        pytest.param(of_mine(OWN_DAYS.replace("days: 10, ", "")), ["6:15 missing-key"], id="a rule without a value"),
        pytest.param(
            of_mine(OWN_DAYS.replace("effective_from: 2020-01-01, ", "")),
            ["6:15 missing-key"],
            id="a rule without a day",
        ),
        pytest.param(of_mine(OWN_DAYS.replace("2020-01-01", "2021-02-29")), ["6:32 bad-date"], id="a day that is none"),
        pytest.param(
            of_mine(OWN_DAYS.replace("2020-01-01", "1969-12-31")), ["6:32 bad-date"], id="a day before all days"
        ),
        pytest.param(
            of_mine(OWN_DAYS.replace("days", "terms_from: 2020-13-01, days")),
            ["6:56 bad-date"],
            id="terms from a day that is none",
        ),
        pytest.param(of_mine(OWN_DAYS.replace("10", "-1")), ["6:50 out-of-range"], id="days below nothing"),
        pytest.param(of_mine(OWN_DAYS.replace("10", "3651")), ["6:50 out-of-range"], id="more days than ten years"),
        pytest.param(of_mine(OWN_DAYS.replace("10", "unknwon")), ["6:50 unknown-value"], id="a misspelt unknown"),
        pytest.param(of_mine(OWN_DAYS.replace("10", "ten")), ["6:50 wrong-type"], id="a number in words"),
        pytest.param(of_mine(OWN_DAYS.replace("10", "1.5")), ["6:50 wrong-type"], id="half a day"),
        pytest.param(of_mine(OWN_DAYS.replace("10", "any")), ["6:50 wrong-type"], id="any days"),
        pytest.param(
            of_mine(f"expired: [{{{SINCE_EVER}, days: 1}}, {{{SINCE_EVER}, days: 1}}]"),
            ["6:93 lifecycle-contradiction"],
            id="two rules from one day",
        ),
        pytest.param(of_mine(f"window: [{{{SINCE_EVER}, length: 7}}]"), ["6:73 bad-window"], id="seven of nothing"),
        pytest.param(of_mine(f"window: [{{{SINCE_EVER}, length: 0d}}]"), ["6:73 bad-window"], id="a window of no days"),
        pytest.param(of_mine(f"window: [{{{SINCE_EVER}, length: 10000d}}]"), ["6:73 bad-window"], id="a huge window"),
        pytest.param(
            of_mine(f"window: [{{{SINCE_EVER}, length: any-time, since: start}}]"),
            ["6:73 lifecycle-contradiction"],
            id="a window at any time since the start",
        ),
        pytest.param(
            of_mine(f"window: [{{{SINCE_EVER}, length: 7d, since: renewal}}]"),
            ["6:84 unknown-value"],
            id="an odd since",
        ),
        pytest.param(of_mine(f"seats: [{{{SINCE_EVER}, at_most: 0}}]"), ["6:73 out-of-range"], id="no seat at most"),
        pytest.param(of_mine(f"seats: [{{{SINCE_EVER}, at_most: all}}]"), ["6:73 unknown-value"], id="all seats"),
        pytest.param(of_mine(f"refund: [{{{SINCE_EVER}, rule: half}}]"), ["6:71 unknown-value"], id="half a refund"),
        pytest.param(
            of_mine(f"reactivation: [{{{SINCE_EVER}, expired: yes, disabled: true, cancelled: true, same_id: true}}]"),
            ["6:80 wrong-type"],
            id="yes for true",
        ),
        pytest.param(
            of_mine(f"reactivation: [{{{SINCE_EVER}, expired: true}}]"), ["6:20 missing-key"] * 3, id="half a return"
        ),
        pytest.param(
            of_mine(f"extension: [{{{SINCE_EVER}, when_off: unknown, surcharge_percent: 3}}]"),
            ["6:17 lifecycle-gap"],
            id="an extension without one of its prices",
        ),
        pytest.param(
            of_mine(f"extension: [{{{SINCE_EVER}, when_off: true}}]"),
            ["6:17 lifecycle-gap"] * 2,
            id="an extension without prices",
        ),
        pytest.param(of_mine(EXTENDED), ["6:17 lifecycle-contradiction"], id="free days and an extension"),
        pytest.param(
            f"{HEAD}  mine:\n    like: microsoft-partner\n    {OWN_DAYS}\n",
            ["6:15 lifecycle-contradiction"],
            id="free days where the other has an extension",
        ),
        pytest.param(
            f"{HEAD}  mine:\n    like: microsoft-partner\n    expired: [{{effective_from: 2026-05-04, "
            "terms_from: 2027-01-01, days: 0, source: x}]\n",
            ["4:3 lifecycle-contradiction"],
            id="what made room for the other's extension is replaced",
        ),
        pytest.param(of_mine(NEVER), ["4:3 lifecycle-contradiction"], id="a refund where nothing can be cancelled"),
        pytest.param(
            in_full("length: 14d, since: start", "length: never"),
            ["12:14 lifecycle-contradiction"],
            id="a refund of one's own where nothing can be cancelled",
        ),
        pytest.param(
            of_mine(
                f"expired: [{{effective_from: x, days: -1, source: ''}}]\n    window: [{{{SINCE_EVER}, length: x}}]"
            ),
            ["6:41 out-of-range", "6:53 empty-text", "7:73 bad-window"],
            id="several at once",
        ),
        pytest.param(
            of_mine(f"{OWN_DAYS.replace('2020', 'x')}\n    seats: [{{{SINCE_EVER}, at_most: any}}]\n    expird: []"),
            ["6:32 bad-date", "8:5 unknown-key"],
            id="a date and a key",
        ),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(text: str, found: list[str]) -> None:
    assert brief(findings(text)) == found


@pytest.mark.parametrize("text", [EXTENDED, NEVER])
def test_a_contradiction_is_mended_where_its_hint_says(text: str) -> None:
    free = f"expired: [{{{SINCE_EVER}, days: 0}}]"
    nothing = f"refund: [{{{SINCE_EVER}, rule: none}}]"
    assert mine(f"  mine:\n    like: classic\n    {text}\n    {free}\n    {nothing}\n").name == "mine"


@pytest.mark.parametrize(
    "refunds",
    [
        pytest.param("[{effective_from: 1970-01-01, rule: prorated, source: x}]", id="the window came later"),
        pytest.param("[{effective_from: 2024-01-01, rule: full, source: x}]", id="there is a window within its time"),
    ],
)
def test_a_refund_is_fine_where_there_was_a_window(refunds: str) -> None:
    windows = (
        "[{effective_from: 2020-01-01, length: never, source: x}, {effective_from: 2025-01-01, length: 7d, source: x}]"
    )
    assert mine(f"  mine:\n    like: classic\n    window: {windows}\n    refund: {refunds}\n").name == "mine"


def test_a_refund_between_two_others_is_judged_by_its_own_time() -> None:
    windows = (
        "[{effective_from: 2020-01-01, length: never, source: x}, {effective_from: 2025-01-01, length: 7d, source: x}]"
    )
    refunds = (
        "[{effective_from: 1970-01-01, rule: none, source: x}, {effective_from: 2021-01-01, rule: full, source: x}, "
        "{effective_from: 2024-01-01, rule: none, source: x}]"
    )
    text = f"{HEAD}  mine:\n    like: classic\n    window: {windows}\n    refund: {refunds}\n"
    assert brief(findings(text)) == ["7:67 lifecycle-contradiction"]


def test_a_window_that_is_shut_for_younger_terms_alone_leaves_older_ones_their_refund() -> None:
    windows = "[{effective_from: 2020-01-01, terms_from: 2020-01-01, length: never, source: x}]"
    assert mine(f"  mine:\n    like: classic\n    window: {windows}\n").name == "mine"


def test_hints_say_what_to_write() -> None:
    (gap,) = findings(HEAD + "  mine: {summary: x}\n")
    assert "'expired', 'disabled', 'disabled_after_cancel_now', 'deletion', 'window'" in gap.detail
    assert gap.hint == "add rules, 'unknown' where nobody knows; or take them over with 'like'"
    (misspelt,) = findings(of_mine(OWN_DAYS.replace("10", "Unknown")))
    assert misspelt.hint == "did you mean 'unknown'?"
    (near,) = findings("version: 1\naccounts: {a: {lifecycle: microsoft-partners}}\n")
    assert (near.detail, near.hint) == ("'microsoft-partners'", "did you mean 'microsoft-partner'?")


def test_a_circle_is_shown_as_it_goes_round() -> None:
    (circle,) = findings(HEAD + "  mine: {like: b}\n  b: {like: c}\n  c: {like: b}\n")
    assert circle.detail == "b is like c is like b"


def test_a_name_far_from_all_is_told_which_there_are() -> None:
    (unknown,) = findings("version: 1\naccounts: {a: {lifecycle: zzz}}\nlifecycles: {ours: {like: plain}}\n")
    assert unknown.hint.startswith("known are: classic, microsoft-customer-agreement")
    assert unknown.hint.endswith("plain, ours")


# Files that ship


def of_file(text: str) -> tuple[dict[str, Lifecycle], list[str]]:
    """What is read of a file that would ship as `plain`, and what is wrong with it."""
    found = Diagnostics()
    settings = Document("reconcile.yaml", "")
    named = [("plain", Location("reconcile.yaml"))]
    read = read_lifecycles(named, {}, lambda name: SpecText(f"{name}.yaml", text), settings, Checked(None), found)
    return read, [f"{item.location} {item.code}" for item in found]


PLAIN: Final = lifecycle_text("plain").text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("", ["plain.yaml:1:1 empty-file"], id="empty"),
        pytest.param("version: [\n", ["plain.yaml:1:11 yaml-syntax"], id="no YAML"),
        pytest.param("- version\n", ["plain.yaml:1:1 wrong-type"], id="no mapping"),
        pytest.param("version: 2\nsummary: x\n", ["plain.yaml:1:10 unknown-version"], id="a version to come"),
        pytest.param(
            "version: 1\nsummary: x\nexpired: []\n",
            ["plain.yaml:1:1 lifecycle-gap", "plain.yaml:3:10 lifecycle-gap"],
            id="hardly anything",
        ),
        pytest.param(
            PLAIN.replace("version: 1\n", "version: 1\nlike: classic\n"), ["plain.yaml:4:1 unknown-key"], id="like"
        ),
        pytest.param(
            PLAIN.replace("refund:", "refunds:"),
            ["plain.yaml:31:1 unknown-key"],
            id="a matter by another name",
        ),
    ],
)
def test_a_file_is_judged_as_strictly(text: str, found: list[str]) -> None:
    read, told = of_file(text)
    assert read == {}
    assert told == found


def test_a_file_without_mistakes_is_read() -> None:
    read, told = of_file(PLAIN)
    assert told == []
    assert read["plain"].window.rules[0].value is None


def test_a_broken_file_is_told_of_once_however_often_it_is_named() -> None:
    text = "version: 1\naccounts: {a: {}, b: {}}\nlifecycles: {mine: {like: classic}}\n"
    _, found = load_settings(SpecText("r.yaml", text), PROVIDERS, lambda name: SpecText(f"{name}.yaml", "a: ["))
    assert [f"{item.location} {item.code}" for item in found] == ["classic.yaml:1:5 yaml-syntax"]


# The models and the published schema

SCHEMA: Final = Draft202012Validator(spec_schema("lifecycle"), format_checker=Draft202012Validator.FORMAT_CHECKER)
BETWEEN_RULES: Final = frozenset({"two rules", "begins on", "says nothing of terms", "is extended", "can be cancelled"})
"""Words of complaints about rules of one file that contradict each other, or leave a time open: beyond a schema."""
SCALARS: Final = [
    *("unknown", "any", "any-time", "never", "7d", "72h", "0d", "7", "0", "-1", "25", "3650", "3651", "1.5", "true"),
    *(
        "false",
        "yes",
        "''",
        "' '",
        "x",
        "~",
        "prorated",
        "none",
        "start",
        "start-or-renewal",
        "1970-01-01",
        "2026-02-30",
    ),
    *("2025-04-01", "1969-12-31", "[]", "[x]", "{}", "[{}]", "{a: b}", "{effective_from: 1970-01-01, source: x}"),
    *("[{effective_from: 1970-01-01, source: x, days: 3}]", "[{effective_from: 1970-01-01, source: x, texts: [y]}]"),
    *('"a\\u202eb"', '"a\\u0007b"', "1e3", "0x10"),
]
KEYS: Final = [
    *"version summary like days length since at_most rule when_off surcharge_percent otherwise_percent texts".split(),
    *"source effective_from terms_from cancel-now reactivate same_id side_effects Bad".split(),
    *MATTERS,
]


def change(node: Any, random: Random) -> None:
    """One value somewhere within is replaced, taken out or added."""
    at = random.choice(list(node)) if isinstance(node, dict) else random.randrange(len(node))
    if isinstance(node[at], dict | list) and node[at] and random.random() < 0.7:
        change(node[at], random)
    elif isinstance(node, list) or random.random() < 0.5:
        node[at] = random.choice(SCALARS)
    elif random.random() < 0.4:
        del node[at]
    else:
        node[random.choice(KEYS)] = random.choice(SCALARS)


@given(st.sampled_from(SHIPPED), st.randoms(use_true_random=False), st.integers(1, 3))
def test_models_and_schema_agree_on_files_with_changes(name: str, random: Random, changes: int) -> None:
    value = changeable(parsed(lifecycle_text(name).text).data)
    for _ in range(changes):
        change(value, random)
    text = in_flow(value)
    found = Diagnostics()
    named = [("plain", Location("r"))]
    read_lifecycles(named, {}, lambda _: SpecText("f", text), Document("r", ""), Checked(None), found)
    assume(not NO_YAML & {item.code for item in found})
    within = [item for item in found if not any(words in item.detail for words in BETWEEN_RULES)]
    assert bool(within) == bool([*SCHEMA.iter_errors(as_json(parsed(text).data))]), (text, within)


def test_a_window_counts_hours_and_days() -> None:
    own = f"[{{{SINCE_EVER}, length: 36h}}]"
    assert rules(mine(f"  mine:\n    like: classic\n    window: {own}\n").window)[0][1] == Window(timedelta(hours=36))
