"""An estate read in groups of files is what a whole load makes of it, and the text of no file need be kept for that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.desired import DesiredState, SpecText, SpecTexts
from reconciler.model import DesiredSubscription, SubscriptionKey
from reconciler.spec import load_specs
from reconciler.spec.groups import Groups, Library
from tests.spec.reading import ACCOUNTS, PROVIDERS, texts

DEFAULTS = """\
version: 1
defaults: {owner: it@contoso.example}
rules:
  - match: {product: SPB}
    set: {labels: {reviewed: "2026"}}
  - match: {product: NOBODY_HAS_IT}
    set: {labels: {reviewed: "never"}}
"""
FILE = """\
version: 1
account: contoso
subscriptions:
  NAME-1:
    facts: {product: SPB, term: annual, start: 2026-01-02}
  NAME-2:
    id: ID
    recurring: off
    reason: nobody uses it
    facts: {product: VISIOCLIENT, term: annual, start: 2026-02-03}
  NAME-3:
    reason: for nothing
    facts: {product: VISIOCLIENT, term: annual, start: 2026-02-03}
"""


def files(count: int) -> dict[str, str]:
    made = {f"specs/{at}.yaml": FILE.replace("NAME", f"name-{at}").replace("ID", f"id-{at}") for at in range(count)}
    return {"specs/_defaults.yaml": DEFAULTS, **made}


def read(given: SpecTexts, at_once: int) -> tuple[dict[SubscriptionKey, DesiredSubscription], DesiredState | None, int]:
    """The subscriptions of all groups, what was said of all of it, and how many groups there were."""
    known = {text.origin: text.text for text in given.files}
    around = tuple(text for text in given.files if text.origin.endswith("_defaults.yaml"))
    groups = Groups(SpecTexts(around, (), ""), ACCOUNTS, PROVIDERS, Library(known.__getitem__))
    found: dict[SubscriptionKey, DesiredSubscription] = {}
    count = 0
    for desired in groups.read([text for text in given.files if text not in around], at_once):
        assert desired.accounts == ACCOUNTS.accounts
        found |= desired.subscriptions
        count += 1
    return found, groups.whole("digest"), count


def shown(wanted: DesiredSubscription) -> object:
    places = {name: str(place.location) for name, place in wanted.fields.items()}
    pair = wanted.intent and (wanted.intent.recurring, wanted.intent.reason, str(wanted.intent.place.location))
    bare = replace(wanted, place=wanted.place.location, fields={}, intent=None)
    return bare, places, pair


@pytest.mark.parametrize(("at_once", "groups"), [(1, 7), (4, 4), (1_000, 1)])
def test_groups_together_are_the_whole(at_once: int, groups: int) -> None:
    given = texts(files(7))
    found, said, count = read(given, at_once)
    whole = load_specs(given, ACCOUNTS, PROVIDERS)
    assert list(map(shown, found.values())) == list(map(shown, whole.subscriptions.values()))
    assert said is not None
    assert [(str(use.place.location), use.matched, use.products) for use in said.rules] == [
        (str(use.place.location), use.matched, use.products) for use in whole.rules
    ]
    assert [(item.code, str(item.location)) for item in said.diagnostics] == [
        (item.code, str(item.location)) for item in whole.diagnostics
    ]
    assert said.digest == "digest"
    assert not said.subscriptions
    assert count == groups


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name-4-1:", "name-1-1:"),
        ("id: id-4", "id: id-1"),
        ("name-4-1:", "name-4-1:\n    previously: name-1-1"),
        ("term: annual", "term: yearly"),
    ],
    ids=["a name twice", "an id twice", "a former name still declared", "a mistake"],
)
def test_what_only_a_whole_load_can_tell_is_left_to_it(old: str, new: str) -> None:
    made = files(6)
    made["specs/4.yaml"] = made["specs/4.yaml"].replace(old, new, 1)
    found, said, _ = read(texts(made), 1)
    assert said is None
    assert load_specs(texts(made), ACCOUNTS, PROVIDERS).has_errors
    assert SubscriptionKey("contoso", "name-5-1") not in found or new != "term: yearly"


def test_a_mistake_above_the_files_leaves_nothing_to_read() -> None:
    made = files(2) | {"specs/_defaults.yaml": "version: 1\ndefaults: {owner: []}\n"}
    assert read(texts(made), 1) == ({}, None, 0)


def test_a_library_keeps_the_texts_of_a_few_files_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.spec.groups._NEAR", 2)
    asked: list[str] = []

    def text_of(file: str) -> str:
        asked.append(file)
        return FILE

    library = Library(text_of)
    for file in ("a", "b", "a", "c", "a", "b"):
        place = library.document(file).key("subscriptions", "NAME-2")
        assert (place.file, str(place.location)) == (file, f"{file}:6:3")
    assert asked == ["a", "b", "c", "b"]
    assert library.document("a") is library.document("a")


def test_of_large_texts_a_library_keeps_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.spec.groups._NEAR_TEXT", 2 * len(FILE))
    asked: list[str] = []

    def text_of(file: str) -> str:
        asked.append(file)
        return FILE * 3 if file == "large" else FILE

    library = Library(text_of)
    for file in ("a", "b", "a", "b", "large", "large", "b", "large"):
        library.near(file)
    assert asked == ["a", "b", "large", "b", "large"]


def test_a_document_that_holds_its_text_asks_nobody() -> None:
    document = Library({"a": "\n\n" + FILE}.__getitem__).document("a")
    document.take(FILE)
    assert document.key("subscriptions", "NAME-1").location.line == 4
    document.take("")
    assert document.key("subscriptions", "NAME-1").location.line == 6


def test_a_text_is_read_in_its_turn() -> None:
    left = iter([SpecText(name, text) for name, text in files(3).items() if not name.endswith("_defaults.yaml")])
    groups = Groups(SpecTexts((), (), ""), ACCOUNTS, PROVIDERS, Library(lambda file: ""))
    assert len(next(groups.read(left, 1)).subscriptions) == 3
    assert len(list(left)) == 2
