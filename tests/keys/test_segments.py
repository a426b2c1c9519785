"""What the segment cipher promises: equal bytes back from any place, and no forgery unnoticed."""

from __future__ import annotations

import io
import itertools
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.segments import (
    HEADER_SIZE,
    SEGMENT,
    TAG_SIZE,
    SegmentError,
    SegmentReader,
    SegmentWriter,
    ciphertext_size,
    plaintext_capacity,
    plaintext_size,
    read_prefix,
)

KEY = bytes(range(32))
AAD = b"t_0123456789"
FIRST = SEGMENT - HEADER_SIZE - TAG_SIZE
REST = SEGMENT - TAG_SIZE
PLAIN = os.urandom(FIRST + REST + 70_000)


def written(plaintext: bytes) -> bytes:
    writer = SegmentWriter(KEY, AAD)
    return writer.header() + writer.update(plaintext) + writer.finish()


CIPHER = written(PLAIN)


def opened(ciphertext: bytes, *, key: bytes = KEY, aad: bytes = AAD) -> SegmentReader:
    return SegmentReader(io.BytesIO(ciphertext), key, aad)


def flipped(data: bytes, place: int, bit: int = 0) -> bytes:
    out = bytearray(data)
    out[place] ^= 1 << bit
    return bytes(out)


@given(st.integers(0, 5 * SEGMENT))
def test_sizes_of_plaintext_and_ciphertext_are_inverse(size: int) -> None:
    assert plaintext_size(ciphertext_size(size)) == size


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 2 * SEGMENT), max_size=6))
def test_writing_in_pieces_writes_the_same_file_as_writing_at_once(cuts: list[int]) -> None:
    writer = SegmentWriter(KEY, AAD)
    at_once = SegmentWriter.resume(KEY, AAD, writer.header(), 0, b"")
    edges = [0, *sorted(min(cut, len(PLAIN)) for cut in cuts), len(PLAIN)]
    pieces = b"".join(writer.update(PLAIN[a:b]) for a, b in itertools.pairwise(edges))
    assert pieces + writer.finish() == at_once.update(PLAIN) + at_once.finish()


@pytest.mark.parametrize("size", [FIRST, FIRST + REST])
def test_a_full_segment_is_held_back_until_one_more_byte_comes(size: int) -> None:
    writer = SegmentWriter(KEY, AAD)
    before = writer.update(PLAIN[:size])
    assert len(writer.pending) == plaintext_capacity(writer.segments)
    assert len(before) + HEADER_SIZE == ciphertext_size(size) - len(writer.pending) - TAG_SIZE
    assert writer.update(b"x")
    assert writer.pending == b"x"


def test_the_writer_counts_what_it_took() -> None:
    writer = SegmentWriter(KEY, AAD)
    sizes = []
    for piece in (100, FIRST, REST, 1):
        writer.update(bytes(piece))
        sizes.append(writer.size)
    assert sizes == [100, 100 + FIRST, 100 + FIRST + REST, 101 + FIRST + REST]


def test_nothing_can_be_written_after_the_last_segment() -> None:
    writer = SegmentWriter(KEY, AAD)
    writer.finish()
    with pytest.raises(ValueError, match="finished"):
        writer.update(b"more")
    with pytest.raises(ValueError, match="finished"):
        writer.finish()


def test_two_files_under_one_key_share_no_bytes() -> None:
    assert written(b"same")[1:] != written(b"same")[1:]
    assert written(b"same")[HEADER_SIZE:] != written(b"same")[HEADER_SIZE:]


@pytest.mark.parametrize("cut", [0, 1, FIRST - 1, FIRST, FIRST + 1, FIRST + REST, len(PLAIN)])
def test_an_orderly_stop_and_resume_writes_a_whole_file(cut: int) -> None:
    first = SegmentWriter(KEY, AAD)
    head = first.header() + first.update(PLAIN[:cut])
    second = SegmentWriter.resume(KEY, AAD, first.header(), first.segments, first.pending)
    assert second.size == cut
    whole = head + second.update(PLAIN[cut:]) + second.finish()
    assert opened(whole).read() == PLAIN


def test_resuming_with_more_than_a_segment_held_back_is_refused() -> None:
    with pytest.raises(ValueError, match="held-back"):
        SegmentWriter.resume(KEY, AAD, written(b"")[:HEADER_SIZE], 0, bytes(FIRST + 1))


@pytest.mark.parametrize("header", [b"", b"\x28" * 39, b"\x29" + bytes(39), b"\x28" * 41])
def test_resuming_with_a_wrong_header_is_refused(header: bytes) -> None:
    with pytest.raises(SegmentError, match="header"):
        SegmentWriter.resume(KEY, AAD, header, 0, b"")


@pytest.mark.parametrize("key", [b"", bytes(16), bytes(33)])
def test_a_key_of_another_length_is_refused_without_being_shown(key: bytes) -> None:
    with pytest.raises(ValueError, match=f"has {len(key)}$"):
        SegmentWriter(key, AAD)


PLACES = st.one_of(
    st.integers(0, len(PLAIN) + 10),
    st.sampled_from([0, FIRST - 1, FIRST, FIRST + 1, FIRST + REST, len(PLAIN) - 1, len(PLAIN)]),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.one_of(st.integers(0, 5_000), st.integers(0, 3 * SEGMENT))),
        st.tuples(st.just("into"), st.integers(0, 5_000)),
        st.tuples(st.just("set"), PLACES),
        st.tuples(st.just("end"), st.integers(-len(PLAIN), 5)),
        st.tuples(st.just("all"), st.just(0)),
    ),
    max_size=12,
)


def take(stream: io.RawIOBase | io.BytesIO, step: tuple[str, int]) -> bytes | int | None:
    """One step against either stream, with what it gave."""
    kind, number = step
    if kind == "set":
        return stream.seek(number)
    if kind == "end":
        return stream.seek(number, os.SEEK_END)
    if kind == "into":
        buffer = bytearray(number)
        count = stream.readinto(buffer)
        return bytes(buffer[:count])
    return stream.read(number if kind == "read" else -1)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_it_reads_and_seeks_like_a_plain_file(steps: list[tuple[str, int]]) -> None:
    ours, plain = opened(CIPHER), io.BytesIO(PLAIN)
    for step in steps:
        assert take(ours, step) == take(plain, step)
        assert ours.tell() == plain.tell()


def test_it_reads_from_a_descriptor_and_leaves_its_offset_alone(tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_bytes(CIPHER)
    fd = os.open(path, os.O_RDONLY)
    try:
        reader = SegmentReader(fd, KEY, AAD, size=len(PLAIN))
        reader.seek(FIRST - 3)
        assert reader.read(6) == PLAIN[FIRST - 3 : FIRST + 3]
        assert os.lseek(fd, 0, os.SEEK_CUR) == 0
        reader.close()
        assert os.fstat(fd).st_size == len(CIPHER), "the descriptor stays the caller's"
    finally:
        os.close(fd)


def test_an_archive_opens_in_place() -> None:
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w") as archive:
        archive.writestr("big", PLAIN)
        archive.writestr("small", b"found")
    with zipfile.ZipFile(opened(written(plain.getvalue()))) as archive:
        assert archive.read("small") == b"found"
        assert archive.read("big") == PLAIN


def test_a_buffered_reader_may_wrap_it() -> None:
    with io.BufferedReader(opened(written(b"one\ntwo\n"))) as lines:
        assert list(lines) == [b"one\n", b"two\n"]


class _Dribble(io.BytesIO):
    """A raw file that gives fewer bytes than were asked for, as it may."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size, 10_007) if size and size > 0 else size)


def test_short_reads_of_the_raw_file_are_no_truncation() -> None:
    assert SegmentReader(_Dribble(CIPHER), KEY, AAD).read() == PLAIN


REGIONS = {
    "header length": 0,
    "salt": 5,
    "nonce prefix": 36,
    "first segment": 1_000,
    "first tag": SEGMENT - 1,
    "middle segment": SEGMENT + 5,
    "middle tag": 2 * SEGMENT - 5,
    "last segment": 2 * SEGMENT + 5,
    "last tag": len(CIPHER) - 1,
}


@pytest.mark.parametrize("bit", [0, 7])
@pytest.mark.parametrize("place", REGIONS.values(), ids=list(REGIONS))
def test_a_flipped_bit_anywhere_is_noticed(place: int, bit: int) -> None:
    with pytest.raises(SegmentError):
        opened(flipped(CIPHER, place, bit)).read()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, len(CIPHER) - 1), st.integers(0, 7))
def test_a_flipped_bit_at_any_place_is_noticed(place: int, bit: int) -> None:
    with pytest.raises(SegmentError):
        opened(flipped(CIPHER, place, bit)).read()


EDGES = [
    0,
    1,
    HEADER_SIZE,
    HEADER_SIZE + TAG_SIZE - 1,
    HEADER_SIZE + TAG_SIZE,
    SEGMENT - 1,
    SEGMENT,
    SEGMENT + 1,
    SEGMENT + TAG_SIZE,
    2 * SEGMENT,
    2 * SEGMENT + TAG_SIZE,
    len(CIPHER) - 1,
]


@pytest.mark.parametrize("size", EDGES)
def test_truncation_is_noticed_on_opening_before_any_byte_is_given(size: int) -> None:
    with pytest.raises(SegmentError):
        opened(CIPHER[:size])


@pytest.mark.parametrize("extra", [b"\0", bytes(TAG_SIZE), bytes(SEGMENT), CIPHER[SEGMENT:]])
def test_appended_bytes_are_noticed_on_opening(extra: bytes) -> None:
    with pytest.raises(SegmentError):
        opened(CIPHER + extra)


def test_swapped_segments_are_noticed() -> None:
    cipher = written(bytes(4 * SEGMENT))
    one, two = cipher[SEGMENT : 2 * SEGMENT], cipher[2 * SEGMENT : 3 * SEGMENT]
    swapped = cipher[:SEGMENT] + two + one + cipher[3 * SEGMENT :]
    with pytest.raises(SegmentError, match="segment 1"):
        opened(swapped).read()


def test_a_segment_of_another_file_under_the_same_key_is_noticed() -> None:
    other = written(PLAIN)
    mixed = CIPHER[:SEGMENT] + other[SEGMENT : 2 * SEGMENT] + CIPHER[2 * SEGMENT :]
    with pytest.raises(SegmentError, match="segment 1"):
        opened(mixed).read()


@pytest.mark.parametrize(("key", "aad"), [(bytes(32), AAD), (KEY, b"t_other")])
def test_another_key_or_transfer_opens_nothing(key: bytes, aad: bytes) -> None:
    with pytest.raises(SegmentError):
        opened(CIPHER, key=key, aad=aad)


def test_a_size_that_differs_from_the_record_is_refused() -> None:
    with pytest.raises(SegmentError, match="on record"):
        SegmentReader(io.BytesIO(CIPHER), KEY, AAD, size=len(PLAIN) - 1)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_segment_error_and_nothing_else(data: bytes) -> None:
    with pytest.raises(SegmentError):
        opened(data)


def test_a_closed_reader_reads_nothing_and_keeps_nothing() -> None:
    reader = opened(CIPHER)
    reader.close()
    reader.close()
    for use in (reader.read, reader.tell, lambda: reader.seek(0)):
        with pytest.raises(ValueError, match="closed"):
            use()
    assert not reader._cache


@pytest.mark.parametrize(("offset", "whence"), [(-1, 0), (-1, 1), (-len(PLAIN) - 1, 2), (0, 3)])
def test_impossible_seeks_are_refused(offset: int, whence: int) -> None:
    with pytest.raises(ValueError, match=r"before the start|whence"):
        opened(CIPHER).seek(offset, whence)


def test_an_unfinished_file_gives_its_whole_segments() -> None:
    writer = SegmentWriter(KEY, AAD)
    unfinished = writer.header() + writer.update(PLAIN)
    torn = unfinished + b"half a segment that power loss left"
    assert b"".join(read_prefix(io.BytesIO(torn), KEY, AAD)) == PLAIN[: FIRST + REST]


def test_a_finished_but_uncommitted_file_gives_its_whole_segments() -> None:
    whole = written(PLAIN[: FIRST + REST])
    assert b"".join(read_prefix(io.BytesIO(whole), KEY, AAD)) == PLAIN[: FIRST + REST]


def test_the_prefix_stops_where_the_caller_stops_before_what_power_loss_left() -> None:
    torn = CIPHER[:SEGMENT] + bytes(SEGMENT)
    pieces = read_prefix(io.BytesIO(torn), KEY, AAD)
    assert next(pieces) == PLAIN[:FIRST]
    with pytest.raises(SegmentError, match="segment 1"):
        next(pieces)


def test_a_prefix_without_a_header_is_refused() -> None:
    with pytest.raises(SegmentError, match="header"):
        list(read_prefix(io.BytesIO(b"\x28"), KEY, AAD))


def test_errors_and_reprs_show_neither_key_nor_content(
    encrypted: Callable[[bytes], bytes],
) -> None:
    writer = SegmentWriter(b"K" * 32, AAD)
    writer.update(b"JOHN SMITH")
    with pytest.raises(SegmentError) as caught:
        opened(encrypted(b"JOHN SMITH"), key=b"K" * 32)
    assert not any(word in f"{writer!r} {caught.value!r}" for word in ("KKK", "JOHN"))
