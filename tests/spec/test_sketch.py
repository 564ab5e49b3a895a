"""Sketches: packed and unpacked without a loss; what is none is refused."""

from __future__ import annotations

import pytest

from reconciler.gist import Asked
from reconciler.spec.sketch import RuleCount, Sketch

SKETCH = Sketch(
    "contoso",
    "a\nb",
    b"0123456789abcdef" * 2,
    b"\x00\x01",
    (Asked(0, "on", None, True, None, False), Asked(8, None, "none", False, True, True)),
    ("c",),
    ("SPB", "VISIO"),
    (RuleCount("specs/_defaults.yaml", 1, (("SPB", 2), ("VISIO", 1)), "product *: recurring off"),),
)


@pytest.mark.parametrize("sketch", [SKETCH, SKETCH._replace(names="", gists=b"", which=b"", asked=(), rules=())])
def test_a_sketch_is_unpacked_as_it_was(sketch: Sketch) -> None:
    assert Sketch.unpacked(sketch.packed()) == sketch


def test_a_rule_has_matched_what_it_matched_of_every_product() -> None:
    assert SKETCH.rules[0].matched == 3


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no number",
        SKETCH.packed()[:20],
        SKETCH.packed()[:-1],
        SKETCH.packed() + b"x",
        SKETCH._replace(which=b"\x00\x02").packed(),
        b"00000002[]",
        b"0000000f[1,1,1,1,1,1]",
        b'00000015["a",1,[],[],[],[]]  ',
    ],
    ids=["nothing", "no number", "half", "short", "long", "no such asked", "no parts", "numbers", "no names"],
)
def test_what_is_no_sketch_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Sketch.unpacked(data)
