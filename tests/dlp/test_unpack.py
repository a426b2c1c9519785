"""Archives: what can be read in one way is read, everything else is named and held."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator

import pytest
import pyzipper
from hypothesis import given, settings
from hypothesis import strategies as st

from config.contracts import Contract
from dlp.budget import Budget, Meter
from dlp.identify import identify
from dlp.model import Carrier, NotReadableError, Obstacle, Passage, Report, Source
from dlp.streams import Unpacked, Window, read_exactly
from dlp.unpack import CONTAINERS, gzips, zips
from dlp.walk import Found, Spot, walk
from tests.support.inspecting import Inspected

WORDS = b"nothing to see here\nat all\n"
EVERYTHING = Contract(contract="everything", formats=("*",))


def zipped(
    *members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED, comment: bytes = b""
) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, method)
        archive.comment = comment
    return out.getvalue()


def leaves(data: bytes, budget: Budget | None = None) -> list[tuple[str, str, bytes]]:
    """Member, place and content of everything that is no container."""
    return list(_leaves(io.BytesIO(data), Spot(), Meter(budget or Budget())))


def _leaves(source: Source, spot: Spot, meter: Meter) -> Iterator[tuple[str, str, bytes]]:
    fmt = identify(source, "x").format
    if fmt not in CONTAINERS:
        yield spot.member, spot.place, b"".join(iter(lambda: source.read(2**16), b""))
        return
    for entry in CONTAINERS[fmt](source, meter, spot.depth + 1):
        if entry.source is not None:
            yield from _leaves(entry.source, spot.inside(entry), meter)


def obstacles(report: Report) -> set[Obstacle]:
    return {trouble.obstacle for trouble in report.uninspectable}


def details(report: Report) -> str:
    return "; ".join(trouble.detail for trouble in report.uninspectable)


_NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=20)


@settings(max_examples=60, deadline=None)
@given(
    members=st.dictionaries(
        _NAMES.filter(lambda name: not name.endswith("/")), st.binary(min_size=1, max_size=3000)
    ),
    method=st.sampled_from(
        [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
    ),
)
def test_any_zip_gives_back_its_members(members: dict[str, bytes], method: int) -> None:
    source = io.BytesIO(zipped(*members.items(), method=method))
    read = {}
    for entry in zips.entries(source, Meter(Budget(entries=10_000)), 1):
        assert entry.source is not None
        read[entry.name] = entry.source.read()
    assert read == {zipfile.ZipInfo(name).filename: data for name, data in members.items()}


@settings(max_examples=40, deadline=None)
@given(pieces=st.lists(st.binary(max_size=3000), min_size=1, max_size=4))
def test_any_gzip_gives_back_its_content(pieces: list[bytes]) -> None:
    source = io.BytesIO(b"".join(map(gzip.compress, pieces)))
    entry = next(gzips.entries(source, Meter(Budget()), 1))
    assert entry.source is not None
    assert entry.source.read() == b"".join(pieces)


@settings(max_examples=60, deadline=None)
@given(
    data=st.binary(max_size=300),
    moves=st.lists(st.tuples(st.integers(-50, 350), st.integers(0, 2), st.integers(0, 99))),
)
def test_views_seek_as_a_file_does(data: bytes, moves: list[tuple[int, int, int]]) -> None:
    views: list[Source] = [
        Window(io.BytesIO(b"head" + data + b"tail"), 4, len(data)),
        Unpacked(lambda: (data[i : i + 7] for i in range(0, len(data), 7)), Meter(Budget())),
    ]
    for offset, whence, size in moves:
        model = io.BytesIO(data)
        target = max(offset, 0)
        if whence == 2:
            target = len(data)
        model.seek(target)
        expected = model.read(size)
        for view in views:
            view.seek(target if whence != 2 else 0, whence if whence == 2 else 0)
            got = b""
            while len(got) < size and (more := view.read(size - len(got))):
                got += more
            assert got == expected


def test_nested_archives_are_walked_with_names_and_ordinals() -> None:
    inner = zipped(("deep.txt", WORDS))
    data = zipped(("a.txt", WORDS), ("in.zip", inner), ("g.gz", gzip.compress(WORDS)))
    assert leaves(data) == [
        ("a.txt", "entry 1", WORDS),
        ("in.zip!deep.txt", "entry 2!entry 1", WORDS),
        ("g.gz!entry 1", "entry 3!entry 1", WORDS),
    ]


def test_a_large_archive_in_a_compressed_member_is_read_without_holding_it() -> None:
    noise = bytes(zlib.crc32(i.to_bytes(4, "big")) & 0xFF for i in range(2**16)) * 160
    inner = zipped(("big.bin", noise), ("small.txt", WORDS), method=zipfile.ZIP_STORED)
    assert len(inner) > zips._HELD_IN_MEMORY
    data = zipped(("in.zip", inner))
    budget = Budget(ratio=100_000)
    found = [(place, len(content)) for _, place, content in leaves(data, budget)]
    assert ("entry 1!entry 2", len(WORDS)) in found


def test_streamed_members_with_sizes_behind_them_are_read() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: object) -> int:
            raise io.UnsupportedOperation

    out = Pipe()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", WORDS)
        archive.writestr("b.txt", WORDS)
    assert [content for _, _, content in leaves(out.getvalue())] == [WORDS, WORDS]


def test_names_and_comments_are_looked_at() -> None:
    data = zipped(("who.txt", WORDS), comment=b"about whom")
    packed = io.BytesIO()
    with gzip.GzipFile("inner name.txt", "wb", fileobj=packed) as file:
        file.write(WORDS)
    events = [
        *walk(io.BytesIO(data), "outer", EVERYTHING, Meter(Budget())),
        *walk(io.BytesIO(packed.getvalue()), "outer", EVERYTHING, Meter(Budget())),
    ]
    items = [event.item for event in events if isinstance(event, Found)]
    texts = {(item.text, item.carrier) for item in items if isinstance(item, Passage)}
    assert texts >= {
        ("outer", Carrier.NAME),
        ("who.txt", Carrier.NAME),
        ("about whom", Carrier.FREE_TEXT),
        ("inner name.txt", Carrier.NAME),
    }


def _flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _encrypted(encryption: int | None) -> bytes:
    out = io.BytesIO()
    with pyzipper.AESZipFile(out, "w", encryption=encryption) as archive:
        archive.setpassword(b"secret")
        archive.writestr("a.txt", WORDS)
    return out.getvalue()


def _traditional() -> bytes:
    data = bytearray(zipped(("a.txt", WORDS)))
    data[6] |= 1
    data[data.find(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def _twice() -> bytes:
    one = zipped(("a.txt", WORDS), ("b.txt", b"other words\nthan these\n"))
    return one.replace(b"b.txt", b"a.txt")


def _gap() -> bytes:
    data = zipped(("a.txt", WORDS))
    start = data.find(b"PK\x01\x02")
    end = data.find(b"PK\x05\x06")
    hidden = b"hidden bytes"
    fields = bytearray(data[end:])
    struct.pack_into("<L", fields, 16, start + len(hidden))
    return data[:start] + hidden + data[start:end] + bytes(fields)


def _overlap() -> bytes:
    data = zipped(("a.txt", WORDS))
    start, end = data.find(b"PK\x01\x02"), data.find(b"PK\x05\x06")
    record = data[start:end]
    fields = bytearray(data[end:])
    struct.pack_into("<HHL", fields, 8, 2, 2, 2 * len(record))
    return data[:end] + record + bytes(fields)


@pytest.mark.parametrize(
    ("make", "obstacle", "said"),
    [
        (lambda: _encrypted(pyzipper.WZ_AES), Obstacle.ENCRYPTED, "encrypted"),
        (_traditional, Obstacle.ENCRYPTED, "encrypted"),
        (lambda: zipped(("a", b"")), Obstacle.EMPTY, "no bytes"),
        (lambda: zipped(("a", WORDS)) + b"tail", Obstacle.MALFORMED, "after its end"),
        (lambda: zipped(("a", WORDS))[:-30], Obstacle.MALFORMED, "cut short"),
        (lambda: zipped(("../a", WORDS)), Obstacle.MALFORMED, ".."),
        (lambda: zipped(("/etc/a", WORDS)), Obstacle.MALFORMED, "absolute"),
        (lambda: zipped(("C:\\a", WORDS)), Obstacle.MALFORMED, "absolute"),
        (lambda: zipped(("a\nb", WORDS)), Obstacle.MALFORMED, "control"),
        (lambda: zipped(("exe\u202etxt.a", WORDS)), Obstacle.MALFORMED, "control"),
        (lambda: zipped(("abcde", WORDS)).replace(b"abcde", b"abcdX", 1), Obstacle.MALFORMED, "differ"),  # noqa: E501 - likewise
        (lambda: _flip(zipped(("a.txt", WORDS), method=0), 40), Obstacle.MALFORMED, "checksum"),
        (_twice, Obstacle.MALFORMED, "twice"),
        (_gap, Obstacle.MALFORMED, "no member"),
        (_overlap, Obstacle.BOMB, "overlap"),
        (lambda: zipped(("z", bytes(3 * 2**20))), Obstacle.BOMB, "times its size"),
        (lambda: gzip.compress(b"words\n" * 2**19), Obstacle.BOMB, "times its size"),
        (lambda: gzip.compress(WORDS) + b"tail", Obstacle.MALFORMED, "after its end"),
        (lambda: gzip.compress(WORDS)[:-3], Obstacle.MALFORMED, "cut short"),
        (lambda: _flip(gzip.compress(WORDS), -5), Obstacle.MALFORMED, "checksum"),
    ],
)  # fmt: skip
def test_flaws_are_named_and_held(
    inspected: Inspected, make: Callable[[], bytes], obstacle: Obstacle, said: str
) -> None:
    report, verdict = inspected(make())
    assert obstacle in obstacles(report)
    assert said in details(report)
    assert verdict.action == "hold"


def test_data_in_front_of_an_archive_is_held(inspected: Inspected) -> None:
    data = zipped(("first.txt", WORDS))
    _, verdict = inspected(data[: data.find(b"PK\x01\x02")] + zipped(("second.txt", WORDS)))
    assert verdict.action == "hold"


def test_archives_nested_too_deep_are_held(inspected: Inspected) -> None:
    data = WORDS
    for _ in range(7):
        data = zipped(("in", data))
    report, verdict = inspected(data)
    assert obstacles(report) == {Obstacle.TOO_DEEP}
    assert verdict.action == "hold"


def test_an_archive_within_the_depth_is_walked_to_its_end(inspected: Inspected) -> None:
    data = b"SSN 219-09-8765\nand words\n"
    for _ in range(5):
        data = zipped(("in", data))
    _, verdict = inspected(data)
    assert verdict.reasons[0].startswith("entry 1!entry 1!entry 1!entry 1!entry 1: ")


def test_too_many_members_stop_the_inspection(inspected: Inspected) -> None:
    data = zipped(*((f"{i}.txt", WORDS) for i in range(30)))
    report, verdict = inspected(data, budget=Budget(entries=20))
    assert Obstacle.TOO_MANY_ENTRIES in obstacles(report)
    assert verdict.action == "hold"


def test_members_of_nested_archives_count_together(inspected: Inspected) -> None:
    inner = zipped(*((f"{i}.txt", WORDS) for i in range(6)))
    data = zipped(*((f"{i}.zip", inner) for i in range(6)))
    report, _ = inspected(data, budget=Budget(entries=20))
    assert Obstacle.TOO_MANY_ENTRIES in obstacles(report)


def test_a_lying_size_does_not_hide_the_rest(inspected: Inspected) -> None:
    data = zipped(("a.txt", WORDS * 10), method=zipfile.ZIP_STORED)
    short = data.replace(struct.pack("<L", len(WORDS) * 10), struct.pack("<L", len(WORDS)))
    assert inspected(short)[1].action == "hold"


def test_one_bad_member_does_not_hide_a_leak_in_another(inspected: Inspected) -> None:
    data = zipped(("a.pdf", b"%PDF-1.4 x"), ("b.txt", b"SSN 219-09-8765\nin here\n"))
    _, verdict = inspected(data)
    assert [reason.split(":")[0] for reason in verdict.reasons] == ["entry 1", "entry 2"]


def test_an_office_file_is_named_as_one(inspected: Inspected) -> None:
    report, _ = inspected(zipped(("[Content_Types].xml", b"<x/>"), method=zipfile.ZIP_STORED))
    assert report.format == "office/ooxml"
    assert obstacles(report) == {Obstacle.UNSUPPORTED_TYPE}


@settings(max_examples=80, deadline=None)
@given(cut=st.integers(0, 200), more=st.binary(max_size=30))
def test_no_damage_makes_the_reader_raise_anything_else(cut: int, more: bytes) -> None:
    data = zipped(("a.txt", WORDS), ("b.txt", WORDS))
    damaged = data[:cut] + more + data[cut + len(more) :]
    try:
        for entry in zips.entries(io.BytesIO(damaged), Meter(Budget()), 1):
            if entry.source is not None:
                entry.source.read()
    except NotReadableError:
        pass


def _with_wide_end(lie: int = 0) -> bytes:
    """As ``zip -`` writes into a pipe: ZIP64 end records beside a plain one that has room."""
    data = zipped(("a.txt", WORDS))
    end = data.find(b"PK\x05\x06")
    count, length, start = struct.unpack_from("<HLL", data, end + 10)
    wide = struct.pack(
        "<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count + lie, count + lie, length, start
    )
    return data[:end] + wide + struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1) + data[end:]


def test_an_archive_with_both_kinds_of_end_is_read() -> None:
    assert leaves(_with_wide_end()) == [("a.txt", "entry 1", WORDS)]


def test_two_ends_that_differ_are_held(inspected: Inspected) -> None:
    report, verdict = inspected(_with_wide_end(lie=1))
    assert "two ends that differ" in details(report)
    assert verdict.action == "hold"


def test_an_offset_beyond_any_file_is_past_its_end() -> None:
    assert read_exactly(io.BytesIO(b"abc"), 2**64 - 1, 4) == b""


def test_a_directory_with_an_empty_deflate_stream_is_one(inspected: Inspected) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        folder = zipfile.ZipInfo("docs/")
        folder.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(folder, b"")
        archive.writestr("docs/a.txt", WORDS)
    assert not inspected(out.getvalue())[0].uninspectable


@pytest.mark.parametrize(
    "name", ["in/236-45-6789.txt", "236-45-6789/scan.txt", "MRN 7741983/a.txt"]
)
def test_a_number_in_a_folders_path_is_found(inspected: Inspected, name: str) -> None:
    report, _ = inspected(zipped((name, WORDS)))
    assert [finding.where for finding in report.findings] == ["member name"]
