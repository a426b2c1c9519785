"""What a JPEG 2000 codestream holds beside its pixels."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from dlp.budget import Budget, Meter
from dlp.parse.image.blocks import blocks
from dlp.parse.image.jpeg2000 import HEAD

_SECRET = b"Patient Zora Quillfeather"


def _stream() -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").save(out, "JPEG2000", no_jp2=True)
    return out.getvalue()


def _with_comment(data: bytes) -> bytes:
    at = data.index(b"\xff\x52")
    size = (len(_SECRET) + 4).to_bytes(2, "big")
    return data[:at] + b"\xff\x64" + size + b"\0\1" + _SECRET + data[at:]


@pytest.mark.parametrize(
    "data",
    [
        _with_comment(_stream()),
        _stream() + _SECRET,
        _stream()[:-2] + _SECRET + _stream()[-2:],
        _stream()[:-2] + _SECRET,
    ],
    ids=["comment", "behind", "before the end", "without an end"],
)
def test_text_comes_out(data: bytes) -> None:
    assert data.startswith(HEAD)
    assert any(_SECRET in b.data for b in blocks(data, "JPEG2000", Meter(Budget())))


@pytest.mark.parametrize("length", range(2, 120, 3))
def test_a_stream_cut_short_ends(length: int) -> None:
    assert list(blocks(_stream()[:length], "JPEG2000", Meter(Budget()))) is not None
