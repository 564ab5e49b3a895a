"""Rules: what they match on, how they are counted, and how they read in one line."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.desired import DesiredState
from reconciler.diagnostics import Severity
from reconciler.spec.match import Globs
from tests.spec.reading import brief, codes, load

TEXT = """\
version: 1
account: contoso
defaults: {owner: it@contoso.example, labels: {site: riga}, facts: {term: annual, start: 2026-01-01, product: SPB}}
subscriptions:
  visio-1: {facts: {product: VISIOCLIENT}, labels: {team: sales}}
  visio-2: {facts: {product: VISIO_PLAN2}, owner: me@contoso.example}
  project: {facts: {product: 0123}}
  plain: {}
"""


def matched(match: str, text: str = TEXT) -> tuple[list[str], DesiredState]:
    """The names that a rule with this match is for; what it sets is a label of its own."""
    found = load(f"{text}rules:\n- {{match: {match}, set: {{labels: {{hit: x}}}}}}\n")
    hit = [key.name for key, wanted in found.subscriptions.items() if "hit" in (wanted.labels or {})]
    return hit, found


@pytest.mark.parametrize(
    ("match", "names"),
    [
        pytest.param("{product: VISIO*}", ["visio-1", "visio-2"], id="a product"),
        pytest.param("{product: [VISIOCLIENT, '01?3']}", ["visio-1", "project"], id="a list is or"),
        pytest.param("{product: 0123}", ["project"], id="a code that looks like a number"),
        pytest.param("{product: visio*}", [], id="globs are case-sensitive"),
        pytest.param("{product: SPB}", ["plain"], id="a product by defaults"),
        pytest.param("{product: VISIO*, labels: {team: sales}}", ["visio-1"], id="keys are and"),
        pytest.param("{labels: {team: '*'}}", ["visio-1"], id="a label that must be there"),
        pytest.param("{labels: {site: riga, team: [x, sa*]}}", ["visio-1"], id="labels are and, own and by defaults"),
        pytest.param("{owner: it@*}", ["visio-1", "project", "plain"], id="an owner by defaults"),
        pytest.param("{owner: '[lm]e@*'}", ["visio-2"], id="an own owner, by a set of letters"),
        pytest.param("{key: contoso/visio-*}", ["visio-1", "visio-2"], id="a key"),
        pytest.param("{key: '*/p*'}", ["project", "plain"], id="a key in any account"),
        pytest.param("{account: contoso, key: '*-2'}", ["visio-2"], id="an account"),
        pytest.param("{account: [acme, fabrikam]}", [], id="another account"),
        pytest.param("{key: 'contoso/plain|visio'}", [], id="a glob is no regular expression"),
    ],
)
def test_a_rule_matches_own_keys_and_defaults(match: str, names: list[str]) -> None:
    hit, found = matched(match)
    assert hit == names
    assert [rule.matched for rule in found.rules] == [len(names)]
    assert codes(found.diagnostics) == ([] if names else ["rule-matches-nothing"])


def test_a_rule_never_matches_what_another_rule_set() -> None:
    rules = "rules:\n- {match: {key: '*'}, set: {owner: boss, labels: {team: all}}}\n"
    for match in ("{owner: boss}", "{labels: {team: all}}"):
        found = load(f"{TEXT}{rules}- {{match: {match}, set: {{protect: true}}}}\n")
        assert [rule.matched for rule in found.rules] == [4, 0]


def test_what_is_not_stated_matches_no_glob() -> None:
    text = "version: 1\naccount: acme\nsubscriptions: {a: {id: x}}\n"
    for match in ("{product: '*'}", "{owner: '*'}", "{labels: {a: '*'}}"):
        assert matched(match, text)[0] == []


def test_a_rule_is_counted_with_the_products_among_what_it_matched() -> None:
    _, found = matched("{key: '*'}")
    (rule,) = found.rules
    assert (rule.matched, rule.products) == (4, ("0123", "SPB", "VISIOCLIENT", "VISIO_PLAN2"))
    assert str(rule.place.location) == "specs/contoso/a.yaml:10:3"


def test_a_rule_that_matches_nothing_is_a_warning_where_it_stands() -> None:
    _, found = matched("{product: TYPO}")
    (finding,) = found.diagnostics
    assert (finding.severity, brief([finding])) == (Severity.WARNING, ["10:3 rule-matches-nothing"])
    assert finding.detail == "product TYPO: label hit x"


def test_while_there_are_errors_no_rule_is_said_to_match_nothing() -> None:
    _, found = matched("{product: TYPO}", TEXT + "  Bad: {}\n")
    assert codes(found.diagnostics) == ["bad-name"]


def test_rules_are_listed_by_file_and_then_in_their_order() -> None:
    rules = "rules: [{match: {key: '*'}, set: {owner: %s}}, {match: {key: '*'}, set: {owner: %s}}]\n"
    found = load(
        {
            "specs/z.yaml": "version: 1\naccount: acme\nsubscriptions: {z: {id: x}}\n" + rules % ("a", "b"),
            "specs/_defaults.yaml": "version: 1\n" + rules % ("c", "d"),
        }
    )
    assert [rule.summary for rule in found.rules] == [f"key *: owner {name}" for name in "cdab"]


def test_a_rule_reads_in_one_line() -> None:
    text = """\
version: 1
account: contoso
subscriptions: {a: {facts: {product: A, term: annual, start: 2026-01-01}}}
rules:
- match: {owner: o, labels: {team: [x, y]}, product: [A, B*], account: c, key: k}
  set: {protect: true, reason: r, labels: {a: b}, owner: o, cancel: {when: none}, recurring: false}
- match: {key: a}
  set: {recurring: true, cancel: none}
"""
    matching = "key k and account c and product A, B* and label team x, y and owner o"
    assert [rule.summary for rule in load(text).rules] == [
        f"{matching}: recurring off, cancel none, owner o, label a b, protect true, reason r",
        "key a: recurring on, cancel none",
    ]


@pytest.mark.parametrize(
    ("rule", "findings"),
    [
        pytest.param("{match: {}, set: {owner: x}}", ["10:11 empty-match"], id="nothing to match"),
        pytest.param("{match: {key: '*'}, set: {}}", ["10:28 empty-set"], id="nothing to set"),
        pytest.param("{match: {}, set: {}}", ["10:11 empty-match", "10:20 empty-set"], id="nothing at all"),
        pytest.param("{match: {key: []}, set: {owner: x}}", ["10:17 empty-match"], id="an empty list"),
        pytest.param("{match: {labels: {}}, set: {owner: x}}", ["10:20 empty-match"], id="no labels"),
        pytest.param("{match: {key: ''}, set: {owner: x}}", ["10:17 empty-text"], id="an empty glob"),
        pytest.param("{match: {products: A}, set: {owner: x}}", ["10:12 unknown-key"], id="an unknown key"),
        pytest.param("{match: {key: {a: b}}, set: {owner: x}}", ["10:17 wrong-type"], id="a mapping for a glob"),
        pytest.param("{match: {key: [[a]]}, set: {owner: x}}", ["10:18 wrong-type"], id="a list for a glob"),
        pytest.param(
            "{match: {key: *VISIO}, set: {owner: x}}", ["10:17 alias"], id="a glob that YAML takes for an alias"
        ),
    ],
)
def test_a_rule_that_says_too_little_is_an_error(rule: str, findings: list[str]) -> None:
    assert brief(load(f"{TEXT}rules:\n- {rule}\n").diagnostics) == findings


@given(st.text("ab*?[]!-/\\", max_size=8), st.text("abAB/-]", max_size=8))
def test_globs_match_as_fnmatch_does(glob: str, text: str) -> None:
    globs = Globs([glob, "never-so"])
    assert globs.matches(text) == globs.matches(text) == globs.matches_key(text) == fnmatchcase(text, glob)


def test_a_glob_of_many_stars_takes_no_exponential_time() -> None:
    assert not Globs("*a" * 60 + "b").matches("a" * 180)
