"""Compressed files and archives besides ZIP and gzip: read whole, or named."""

from __future__ import annotations

import bz2
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable

import py7zr
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from config.contracts import Contract
from dlp.budget import Budget, Meter
from dlp.identify import identify
from dlp.model import Category, NotReadableError, Obstacle, Passage
from dlp.unpack import CONTAINERS, Entry, tars
from tests.support.inspecting import Inspected

WORDS = b"nothing to see here\nat all\n" * 40
LEAK = b"the note says SSN 536-22-8714\n"


def tarred(*members: tuple[str, bytes], fmt: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=fmt) as archive:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size, member.uname = len(data), "jo"
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def sevened(data: bytes, password: str | None = None) -> bytes:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", password=password) as archive:
        archive.writestr(data, "a.txt")
    return out.getvalue()


def tar_of(data: bytes) -> bytes:
    return tarred(("a.txt", data))


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "archive/bzip2": bz2.compress,
    "archive/xz": lzma.compress,
    "archive/zstd": zstandard.compress,
    "archive/tar": tar_of,
    "archive/7z": sevened,
}
PACKED = {fmt: pack(WORDS) for fmt, pack in PACKERS.items()}
STREAMS = ["archive/bzip2", "archive/xz", "archive/zstd"]


def unpacked(fmt: str, data: bytes, budget: Budget | None = None) -> list[tuple[Entry, bytes]]:
    meter = Meter(budget or Budget())
    return [
        (entry, b"".join(iter(lambda s=entry.source: s.read(4096), b"")) if entry.source else b"")  # type: ignore[misc] # a default binds the loop's value
        for entry in CONTAINERS[fmt](io.BytesIO(data), meter, 1)
    ]


def contents(fmt: str, data: bytes) -> list[bytes]:
    return [content for entry, content in unpacked(fmt, data) if entry.source]


@pytest.mark.parametrize("fmt", PACKERS)
def test_what_was_packed_comes_out(fmt: str) -> None:
    assert contents(fmt, PACKERS[fmt](WORDS)) == [WORDS]


@pytest.mark.parametrize("fmt", PACKERS)
def test_a_leak_in_any_container_is_found_with_its_place(fmt: str, inspected: Inspected) -> None:
    report, _ = inspected(PACKERS[fmt](LEAK))
    assert report.format == fmt
    [found] = report.findings
    assert (found.category, found.member_place) == (Category.SSN, "entry 1")


def test_containers_are_read_in_one_another(inspected: Inspected) -> None:
    data = LEAK
    for fmt in ("archive/tar", "archive/zstd", "archive/7z", "archive/xz", "archive/bzip2"):
        data = PACKERS[fmt](data)
    report, _ = inspected(data)
    assert [f.member_place for f in report.findings] == ["entry 1!entry 1!entry 1!entry 1!entry 1"]


@pytest.mark.parametrize("fmt", STREAMS)
def test_streams_one_after_the_other_are_one_content(fmt: str) -> None:
    pack = PACKERS[fmt]
    assert contents(fmt, pack(WORDS) + pack(LEAK)) == [WORDS + LEAK]


@pytest.mark.parametrize("fmt", STREAMS)
def test_bytes_after_a_stream_are_named(fmt: str) -> None:
    with pytest.raises(NotReadableError, match="after its end"):
        unpacked(fmt, PACKERS[fmt](WORDS) + b"SSN 536-22-8714")


@pytest.mark.parametrize("fmt", PACKERS)
def test_a_container_cut_short_is_named(fmt: str) -> None:
    data = PACKERS[fmt](WORDS)
    # A tar of one member ends in blocks of NULs, which nobody would miss.
    with pytest.raises(NotReadableError) as caught:
        unpacked(fmt, data[: min(len(data) // 2, 900)])
    assert caught.value.obstacle is Obstacle.MALFORMED


@pytest.mark.parametrize("fmt", [*STREAMS, "archive/7z"])
def test_a_bomb_is_named_before_it_goes_off(fmt: str) -> None:
    with pytest.raises(NotReadableError) as caught:
        unpacked(fmt, PACKERS[fmt](bytes(2**26)))
    assert caught.value.obstacle is Obstacle.BOMB


def test_an_encrypted_7z_archive_is_named() -> None:
    with pytest.raises(NotReadableError) as caught:
        unpacked("archive/7z", sevened(LEAK, "secret"))
    assert caught.value.obstacle is Obstacle.ENCRYPTED


def test_a_skippable_frame_is_read() -> None:
    frame = (0x184D2A53).to_bytes(4, "little") + (8).to_bytes(4, "little") + b"Jo Smith"
    found = unpacked("archive/zstd", zstandard.compress(WORDS) + frame)
    assert [text.text for entry, _ in found for text in entry.texts] == ["Jo Smith"]


@pytest.mark.parametrize("fmt", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_kind_of_tar_gives_names_and_owners(fmt: int) -> None:
    name = "d/" * 30 + "n" * 60
    [(entry, content)] = unpacked("archive/tar", tarred((name, WORDS), fmt=fmt))
    assert (entry.name, content) == (name, WORDS)
    assert "jo" in [text.text for text in entry.texts]


def test_links_in_a_tar_are_faults_and_their_targets_are_read() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo("a")
        member.type, member.linkname = tarfile.SYMTYPE, "/home/jo smith"
        archive.addfile(member)
    [(entry, _)] = unpacked("archive/tar", out.getvalue())
    assert [text.text for text in entry.texts] == ["/home/jo smith"]
    assert "it is a symbolic link" in [fault.detail for fault in entry.faults]


_KINDS = [(tarfile.SYMTYPE, "it is a symbolic link"), (tarfile.LNKTYPE, "it is a hard link")]
_TARGETS = [("v1", True), ("lib/x.so.1", True), ("/etc/passwd", False), ("../up", False),
            ("a/../../b", False), ("C:x", False), ("..\\up", False), ("", False)]  # fmt: skip


@pytest.mark.parametrize(("kind", "detail"), _KINDS)
@pytest.mark.parametrize(("target", "is_below"), _TARGETS)
def test_a_link_in_a_tar_may_lead_below_its_own_place(
    kind: bytes, detail: str, target: str, *, is_below: bool
) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo("a")
        member.type, member.linkname = kind, target
        archive.addfile(member)
    [(entry, _)] = unpacked("archive/tar", out.getvalue())
    assert [fault.detail for fault in entry.faults] == ([] if is_below else [detail])


@pytest.mark.parametrize(("target", "is_below"), [*_TARGETS, ("d/" * 3_000, False)])
def test_a_link_in_a_zip_may_lead_below_its_own_place(target: str, *, is_below: bool) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("a")
        info.create_system, info.external_attr = 3, 0o120777 << 16
        archive.writestr(info, target)
    [(entry, content)] = unpacked("archive/zip", out.getvalue())
    assert content == target.encode()
    assert [fault.detail for fault in entry.faults] == (
        [] if is_below else ["it is a symbolic link"]
    )


def test_bytes_behind_a_tars_end_are_a_fault() -> None:
    found = unpacked("archive/tar", tar_of(WORDS) + b"SSN 536-22-8714")
    assert "the tar archive has bytes after its end" in [
        fault.detail for entry, _ in found for fault in entry.faults
    ]


def test_text_in_a_tars_padding_is_read() -> None:
    data = bytearray(tarred(("a.txt", b"x"), fmt=tarfile.USTAR_FORMAT))
    data[513:521] = b"Jo Smith"
    [(entry, _)] = unpacked("archive/tar", bytes(data))
    assert "Jo Smith" in [t.text.strip("\0 ") for t in entry.texts if isinstance(t, Passage)]


def test_a_contract_that_names_no_tar_holds_one(inspected: Inspected) -> None:
    chosen = Contract(contract="c", formats=("text/plain",))
    report, _ = inspected(tar_of(WORDS), chosen)
    assert [t.obstacle for t in report.uninspectable] == [Obstacle.NOT_IN_CONTRACT]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(PACKERS)), st.data())
def test_damaged_containers_are_read_or_named(fmt: str, data: st.DataObject) -> None:
    packed = bytearray(PACKED[fmt])
    for _ in range(data.draw(st.integers(0, 3))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    packed += data.draw(st.binary(max_size=20))
    try:
        unpacked(fmt, bytes(packed[: data.draw(st.integers(0, len(packed)))]))
    except NotReadableError:
        return


def said(data: bytes) -> str:
    """Everything that a tar gives besides its members' content."""
    found = unpacked("archive/tar", data)
    return " ".join([e.name for e, _ in found] + [t.text for e, _ in found for t in e.texts])


def rechecked(header: bytearray) -> bytes:
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


@pytest.mark.parametrize("place", [20, 180, 280, 310, 500])
def test_text_behind_a_tar_headers_fields_is_read(place: int) -> None:
    data = bytearray(tarred(("a.txt", b"x"), fmt=tarfile.USTAR_FORMAT))
    data[place : place + 8] = b"Jo Smith"
    assert "Jo Smith" in said(rechecked(data[:512]) + bytes(data[512:]))


def pax(*records: bytes) -> bytes:
    data = b"".join(records)
    member = tarfile.TarInfo("h")
    member.type, member.size = tarfile.XHDTYPE, len(data)
    return member.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % 512)


def record(key: bytes, value: bytes) -> bytes:
    rest = b" " + key + b"=" + value + b"\n"
    length = len(rest) + 2
    return str(length + (length > 99)).encode() + rest


@pytest.mark.parametrize("key", [b"comment", b"mtime", b"VENDOR.note", b"path"])
def test_text_in_a_pax_header_without_its_member_is_read(key: bytes) -> None:
    assert "Jo Smith" in said(pax(record(key, b"Jo Smith")) + bytes(1024))


def test_the_first_of_two_names_is_read_and_both_are_a_fault() -> None:
    header = pax(record(b"path", b"Jo Smith"), record(b"path", b"other"))
    data = header + tarred(("a.txt", b"x"), fmt=tarfile.USTAR_FORMAT)
    assert "Jo Smith" in said(data)
    [(entry, _)] = unpacked("archive/tar", data)
    assert "it has two names that differ" in [fault.detail for fault in entry.faults]


def test_a_pax_header_of_many_records_takes_linear_time() -> None:
    unpacked("archive/tar", pax(*[b"6 a=b\n"] * 150_000) + bytes(1024))


def test_bytes_after_a_7z_archive_are_named() -> None:
    with pytest.raises(NotReadableError, match="after its end"):
        unpacked("archive/7z", PACKED["archive/7z"] + b"SSN 536-22-8714")


def test_two_members_of_one_name_in_a_7z_are_a_fault() -> None:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w") as archive:
        archive.writestr(WORDS, "a")
        archive.writestr(LEAK, "a")
    found = unpacked("archive/7z", out.getvalue())
    assert all(entry.faults for entry, _ in found)


def test_a_tar_from_before_posix_is_read() -> None:
    header = bytearray(tarfile.TarInfo("note.txt").tobuf(tarfile.USTAR_FORMAT))
    header[124:136] = b"%011o\0" % 5
    header[257:265] = bytes(8)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    data = bytes(header) + b"hello".ljust(512, b"\0") + bytes(1024)
    assert identify(io.BytesIO(data), "a").format == "archive/tar"
    names = [entry.name for entry in tars.entries(io.BytesIO(data), Meter(Budget()), 1)]
    assert names == ["note.txt"]


def _rewritten(data: bytes, at: int, text: bytes) -> bytes:
    """An archive whose first header has a text at a place, its checksum right."""
    header = bytearray(data[:512])
    header[at : at + len(text)] = text
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + data[512:]


@pytest.mark.parametrize(
    ("fmt", "at"),
    [(tarfile.GNU_FORMAT, 345), (tarfile.GNU_FORMAT, 136), (tarfile.USTAR_FORMAT, 136)],
)
def test_text_in_a_headers_room_for_numbers_is_read(
    inspected: Inspected, fmt: int, at: int
) -> None:
    data = _rewritten(tarred(("a.txt", WORDS), fmt=fmt), at, b"536-22-8714\0")
    assert Category.SSN in {f.category for f in inspected(data)[0].findings}


@pytest.mark.parametrize("fmt", [tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT])
def test_an_ordinary_header_says_no_more_than_its_names(inspected: Inspected, fmt: int) -> None:
    assert inspected(tarred(("a.txt", WORDS), fmt=fmt))[1].action == "release"
