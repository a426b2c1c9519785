"""ZIP members packed by bzip2, LZMA, XZ and Zstandard, whole and damaged."""

from __future__ import annotations

import bz2
import io
import lzma
import zipfile

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from dlp.budget import Budget, Meter
from dlp.model import NotReadableError, Obstacle
from dlp.unpack.zipmethods import METHODS, unpacked

TEXT = b"nothing to see here, " * 500


def _member(method: int, data: bytes) -> bytes:
    """As a ZIP holds it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("a", data)
        info = archive.getinfo("a")
    start = 30 + len("a")
    return out.getvalue()[start : start + info.compress_size]


PACKED = {
    12: bz2.compress(TEXT),
    14: _member(zipfile.ZIP_LZMA, TEXT),
    93: zstandard.compress(TEXT),
    95: lzma.compress(TEXT),
}


def content(method: int, packed: bytes) -> bytes:
    return b"".join(unpacked(method, io.BytesIO(packed), len(TEXT), Meter(Budget())))


def test_each_method_has_a_sample() -> None:
    assert set(PACKED) == METHODS


@pytest.mark.parametrize("method", PACKED)
def test_a_member_gives_back_its_content(method: int) -> None:
    assert content(method, PACKED[method]) == TEXT


@pytest.mark.parametrize("method", PACKED)
@pytest.mark.parametrize("cut", [True, False])
def test_a_member_cut_short_or_followed_by_more_is_malformed(method: int, *, cut: bool) -> None:
    packed = PACKED[method]
    with pytest.raises(NotReadableError) as caught:
        content(method, packed[: len(packed) // 2] if cut else packed + b"x")
    assert caught.value.obstacle is Obstacle.MALFORMED


def test_a_dictionary_of_four_gigabytes_is_too_large() -> None:
    head = PACKED[14][:5] + b"\xff\xff\xff\xff"
    with pytest.raises(NotReadableError) as caught:
        content(14, head + PACKED[14][9:])
    assert caught.value.obstacle is Obstacle.TOO_LARGE


@given(st.sampled_from(sorted(PACKED)), st.binary(max_size=300))
def test_any_bytes_give_content_or_the_one_error(method: int, data: bytes) -> None:
    try:
        content(method, data)
    except NotReadableError:
        return
