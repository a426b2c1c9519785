"""Packets come out as they were written; other bytes are one kind of error."""

from __future__ import annotations

import base64
import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.openpgp_stream import StreamError, at_most, binary, packets, parted, unpacked, written

_BODIES = st.lists(st.tuples(st.integers(1, 15), st.binary(max_size=9000)), max_size=4)


class Dribble(io.BytesIO):
    """Gives a few bytes at a time, as a pipe may."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 0, 7) if size and size > 0 else size)


def read(data: bytes) -> list[tuple[int, bytes]]:
    return [(tag, at_most(body, 2**20)) for tag, body in packets(Dribble(data))]


def in_parts(tag: int, body: bytes) -> bytes:
    """With partial lengths of 512 bytes (section 4.2.1.4)."""
    out = bytearray([0xC0 | tag])
    while len(body) > 512:
        out += bytes([0xE9]) + body[:512]
        body = body[512:]
    return bytes(out) + b"\xff" + len(body).to_bytes(4, "big") + body


def in_the_old_format(tag: int, body: bytes) -> bytes:
    return bytes([0x80 | tag << 2 | 2]) + len(body).to_bytes(4, "big") + body


def short(tag: int, body: bytes) -> bytes:
    """With one octet of length or two."""
    size = len(body)
    length = bytes([size]) if size < 192 else (size - 192 + (192 << 8)).to_bytes(2, "big")
    return bytes([0xC0 | tag]) + length + body if size < 8384 else written(tag, body)


@pytest.mark.parametrize("write", [written, in_parts, in_the_old_format, short])
@given(given_=_BODIES)
def test_packets_come_out_as_they_were_written(
    write: type[object], given_: list[tuple[int, bytes]]
) -> None:
    data = b"".join(write(tag, body) for tag, body in given_)  # type: ignore[call-arg, misc]
    assert read(data) == given_


def test_a_packet_without_a_length_goes_to_the_end() -> None:
    assert read(bytes([0x80 | 8 << 2 | 3]) + b"all the rest") == [(8, b"all the rest")]


@given(given_=_BODIES)
def test_a_packet_that_is_not_read_is_passed_over(given_: list[tuple[int, bytes]]) -> None:
    data = b"".join(written(tag, body) for tag, body in given_)
    assert [tag for tag, _ in packets(io.BytesIO(data))] == [tag for tag, _ in given_]
    assert list(parted(data)) == [written(tag, body) for tag, body in given_]


@pytest.mark.parametrize("window", [(1, -15), (2, 15)])
@given(content=st.binary(max_size=300_000))
def test_what_is_packed_comes_out(window: tuple[int, int], content: bytes) -> None:
    packer = zlib.compressobj(wbits=window[1])
    body = bytes([window[0]]) + packer.compress(content) + packer.flush()
    assert at_most(unpacked(Dribble(body)), 2**20) == content


@pytest.mark.parametrize("tail", [b"\0", b"x" * 70_000])
def test_what_follows_the_packed_stream_is_passed_over(tail: bytes) -> None:
    assert at_most(unpacked(io.BytesIO(b"\x02" + zlib.compress(b"words") + tail)), 99) == b"words"


def test_little_is_held_of_what_becomes_much() -> None:
    body = b"\x02" + zlib.compress(bytes(2**26))
    assert len(unpacked(io.BytesIO(body)).read(2**26)) < 2**17


@pytest.mark.parametrize("algorithm", [0, 3, 200])
def test_another_way_of_packing_is_an_error(algorithm: int) -> None:
    with pytest.raises(StreamError, match="another way"):
        unpacked(io.BytesIO(bytes([algorithm]) + b"BZh9"))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@given(content=st.binary(min_size=1, max_size=9000))
def test_armor_comes_off(end: str, content: bytes) -> None:
    lines = base64.encodebytes(content).decode().splitlines()
    text = ["-----BEGIN PGP MESSAGE-----", "Comment: a word", "", *lines, "=abcd", "-----END"]
    assert at_most(binary(Dribble(end.join(text).encode())), 2**20) == content


@given(data=st.binary(max_size=600), armor=st.booleans())
def test_any_bytes_are_packets_or_one_error(data: bytes, armor: bool) -> None:
    head = b"-----BEGIN PGP MESSAGE-----\n\n" if armor else b""
    try:
        for tag, body in packets(binary(io.BytesIO(head + data))):
            if tag == 8:
                at_most(unpacked(body), 2**16)
    except StreamError:
        pass
