"""The index as bytes: what was encoded comes back, and nothing else comes of any bytes."""

from __future__ import annotations

import struct
import tracemalloc
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.keep import index
from reconciler.keep.index import (
    Files,
    Generation,
    Index,
    Kept,
    check_of,
    decode,
    digest_in,
    encode,
    lengths_in,
    promised,
)

BINDING = b"b" * 32
GENERATION = Generation(b"12345678", 1_000, b"abcdefgh", 70, b"s" * 16, -5)
KEPT = Kept((1, 2, 3, 4), b"d" * 32, 10, 20, b"c" * 16)
_HEADER = struct.Struct("<8s16s32s8s8sQ16sQqQQ")

UNSIGNED, SIGNED = st.integers(0, 2**64 - 1), st.integers(-(2**63), 2**63 - 1)
PARTS = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=5).filter(lambda part: part[0] != ".")
PATHS = st.lists(PARTS, min_size=1, max_size=3).map("/".join)
KEPTS = st.builds(
    Kept,
    st.tuples(UNSIGNED, SIGNED, SIGNED, UNSIGNED),
    st.binary(min_size=32, max_size=32),
    UNSIGNED,
    st.integers(0, 2**32 - 1),
    st.binary(min_size=16, max_size=16),
)


def encoded(**files: Kept) -> bytes:
    """The bytes of an index of these files."""
    return encode(GENERATION, BINDING, {path: kept.record() for path, kept in files.items()})


def decoded(data: bytes) -> Index:
    """The index of good bytes."""
    found = decode(data, BINDING)
    assert found is not None
    return found


def forged(data: bytes, *, count: int | None = None, names: int | None = None, tail: bytes | None = None) -> bytes:
    """The bytes with another header or other names, and a check that fits them: damage cannot make such."""
    fields = list(_HEADER.unpack_from(data))
    body = data[_HEADER.size :]
    if tail is not None:
        body = body[: -fields[10]] + tail
        fields[10] = len(tail)
    fields[9], fields[10] = (fields[9] if count is None else count), (fields[10] if names is None else names)
    rest = _HEADER.pack(*fields)[24:] + body
    return data[:8] + sha256(rest).digest()[:16] + rest


@given(st.dictionaries(PATHS, KEPTS, max_size=8))
def test_what_was_encoded_comes_back(files: dict[str, Kept]) -> None:
    data = encode(GENERATION, BINDING, {path: kept.record() for path, kept in files.items()})
    found = decoded(data)
    assert promised(data[: index.HEAD]) == len(data)
    assert found.generation == GENERATION
    assert dict(Files(found)) == files
    assert {path: Kept.of(record) for path, record in Files(found).records().items()} == files
    assert [digest_in(record) for record in Files(found).records().values()] == [kept.digest for kept in files.values()]
    assert lengths_in(Files(found).records().values()) == sum(kept.length for kept in files.values())
    assert found.stamps == {path: kept.stamp for path, kept in files.items()}
    assert len(Files(found)) == len(files)


def test_what_is_not_known_is_a_key_error() -> None:
    files = Files(decoded(encoded(a=KEPT)))
    assert files["a"] == KEPT
    assert "b" not in files
    with pytest.raises(KeyError):
        files["b"]


@pytest.mark.parametrize(
    "path", ["", "/a", "a/", "a//b", "../a", "a/../b", "a/..", "..", "./a", "a/./b", ".a", "a\0b", "a\0.b"]
)
def test_a_path_that_leads_anywhere_but_down_is_neither_written_nor_believed(path: str) -> None:
    with pytest.raises(ValueError, match="not what an index can hold"):
        encoded(**{"good": KEPT, path: KEPT})
    good = encoded(**{"good": KEPT, "x" * (len(path) or 1): KEPT})
    assert decode(forged(good), BINDING) is not None
    assert decode(forged(good, tail=b"good\0" + path.encode()), BINDING) is None


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param(KEPT._replace(offset=-1), id="a negative offset"),
        pytest.param(KEPT._replace(length=2**32), id="four gigabytes"),
        pytest.param(KEPT._replace(stamp=(1, 2**63, 3, 4)), id="a time out of all bounds"),
    ],
)
def test_what_is_out_of_all_bounds_is_not_written(kept: Kept) -> None:
    with pytest.raises(struct.error):
        kept.record()


def test_an_index_over_its_limit_is_neither_written_nor_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(a=KEPT)
    monkeypatch.setattr(index, "LARGEST", len(data) - 1)
    assert promised(data) == 0
    with pytest.raises(ValueError, match="not what"):
        encoded(a=KEPT, b=KEPT)


def test_duplicates_are_not_believed() -> None:
    good = encoded(a=KEPT, b=KEPT)
    assert decode(forged(good, tail=b"a\0a"), BINDING) is None


@pytest.mark.parametrize("tail", [b"a", b"a\0b\0c", b"\xff\0b", b"a\0b\0"])
def test_names_that_do_not_fit_are_not_believed(tail: bytes) -> None:
    good = encoded(a=KEPT, b=KEPT)
    assert decode(forged(good, tail=tail), BINDING) is None


@pytest.mark.parametrize("count", [0, 1, 3, 2**31, 2**63, 2**64 - 1])
@pytest.mark.parametrize("names", [None, 0, 2**32, 2**64 - 1])
def test_lengths_that_lie_are_not_believed_and_cost_nothing(count: int, names: int | None) -> None:
    data = forged(encoded(a=KEPT, b=KEPT), count=count, names=names)
    tracemalloc.start()
    try:
        assert decode(data, BINDING) is None
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_another_binding_is_not_believed() -> None:
    assert decode(encoded(a=KEPT), b"c" * 32) is None


@given(st.binary(max_size=400))
def test_bytes_of_chance_are_no_index(data: bytes) -> None:
    assert decode(data, BINDING) is None
    assert decode(b"RECKEEP\x02" + data, BINDING) is None
    assert promised(data) == 0


def test_a_check_is_of_all_its_parts_together() -> None:
    assert check_of(b"ab", b"c") == check_of(b"abc") != check_of(b"abd")
    assert len(check_of()) == 16
