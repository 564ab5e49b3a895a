"""`reconcile undo` at each billing system: what a run did goes back by the patch, and no other request is made."""

from __future__ import annotations

from tests.cli.outside.world import Outside
from tests.counter.patcher import patched

FILE = "specs/cloud.yaml"


def test_an_end_goes_back_before_it_comes(place: Outside) -> None:
    renews = dict.fromkeys((1, 2, 3), "recurring: on")
    place.declare(renews)
    assert place.apply().code == 0
    place.declare({**renews, 1: place.house.ending})
    assert place.apply().code == 0
    assert (place.house.renews(1), place.effects) == (False, ["s1"])
    done = place.run("undo", "last")
    assert done.code == 0, done.err
    text = (place.world.root / FILE).read_text(encoding="utf-8")
    place.world.write(FILE, patched({FILE: text}, done.out)[FILE])
    assert (place.effects, len(place.written)) == (["s1"], 1)
    assert place.apply().code == 0
    assert (place.house.renews(1), place.effects) == (True, ["s1", "s1"])
    place.converged()


def test_what_nothing_can_be_read_of_has_no_patch(place: Outside) -> None:
    place.declare({1: "recurring: on"})
    assert place.apply().code == 0
    place.end(1)
    assert place.apply().code == 0
    place.fault("drop-before-commit", "GET ", None)
    done = place.run("undo", "last", "--format", "json")
    (reply,) = done.document["changes"]
    assert (done.code, reply["answer"], done.document["patch"]) == (5, "none", "")
    assert reply["why"] == place.plan().document["blocked"][0]["detail"]
