"""Places: cheap to make, and exact once somebody asks."""

from __future__ import annotations

from hypothesis import given

from reconciler.diagnostics import Location
from reconciler.spec.positions import Document
from tests.spec.reference import composed, documents, places

TEXT = "# a comment\na: 1\n? [x, y]\n: {deep: 1}\nb: &anchor [10, {c: *alias}, *alias]\na: 2\n*alias : 3\nd: *alias\n"


@given(documents())
def test_every_value_and_key_is_where_a_slow_reader_finds_it(text: str) -> None:
    document = Document("a.yaml", text)
    for path, is_key, line, column in places(composed(text)):
        place = document.key(*path) if is_key else document.at(*path)
        assert place.location == Location("a.yaml", line, column)


def test_of_a_key_that_comes_twice_the_first_one_counts() -> None:
    document = Document("a.yaml", TEXT)
    assert str(document.key("a").location) == "a.yaml:2:1"
    assert str(document.at("a").location) == "a.yaml:2:4"


def test_aliases_and_what_has_an_anchor_have_places_too() -> None:
    document = Document("a.yaml", TEXT)
    assert str(document.at("b").location) == "a.yaml:5:4"
    assert str(document.at("b", 0).location) == "a.yaml:5:13"
    assert str(document.at("b", 1, "c").location) == "a.yaml:5:21"
    assert str(document.at("b", 2).location) == "a.yaml:5:30"
    assert str(document.key("d").location) == "a.yaml:8:1"
    assert str(document.at("d").location) == "a.yaml:8:4"


def test_an_alias_under_a_key_that_is_no_text_has_the_place_of_what_is_around_it() -> None:
    document = Document("a.yaml", "x: 1\n? [a]\n: *b\ny: *c\n")
    assert str(document.at("", 0).location) == "a.yaml:1:1"
    assert str(document.at("y").location) == "a.yaml:4:4"


def test_what_is_not_there_is_where_the_nearest_thing_around_it_is() -> None:
    document = Document("a.yaml", TEXT)
    assert str(document.at("b", 1, "missing", "deeper").location) == "a.yaml:5:17"
    assert str(document.key("b", 9).location) == "a.yaml:5:4"
    assert str(document.at("a", 0).location) == "a.yaml:2:4"
    assert str(document.key("missing").location) == "a.yaml:2:1"


def test_of_a_broken_text_everything_before_the_break_has_its_place() -> None:
    document = Document("a.yaml", "a: 1\nb:\n  c: 2\n d: [")
    assert str(document.key("b", "c").location) == "a.yaml:3:3"


def test_an_empty_or_unreadable_text_is_its_own_beginning() -> None:
    assert str(Document("a.yaml", "").at("a").location) == "a.yaml:1:1"
    assert str(Document("a.yaml", "\ud800").at("a").location) == "a.yaml:1:1"


def test_a_second_document_has_no_places() -> None:
    assert str(Document("a.yaml", "a: 1\n---\nb: 2\n").at("b").location) == "a.yaml:1:1"


def test_a_place_knows_its_file_without_reading_it() -> None:
    document = Document("specs/contoso/a.yaml", TEXT)
    assert document.at("a").file == "specs/contoso/a.yaml"
    assert (document.folder, document.name) == ("specs/contoso", "a.yaml")
    assert (Document("a.yaml", "").folder, Document("a.yaml", "").name) == ("", "a.yaml")


def test_places_far_down_and_far_to_the_right_are_exact() -> None:
    document = Document("a.yaml", "\n" * 70_000 + "a: {" + " " * 70_000 + "b: 1}")
    assert str(document.at("a", "b").location) == "a.yaml:70001:70008"
