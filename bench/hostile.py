"""Files made to hurt: bombs, quadratic traps, absurd counts, and what they must come to."""

# ruff: noqa: E501 - a case is read as one line

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import zstandard

MIB = 2**20


class Case(NamedTuple):
    """A hostile file.

    Attributes:
        file: Its name.
        make: Its bytes in pieces, at a share of its full size.
        obstacles: One of these must be named; none for a file that is only large.
        patterns: A site's own rules to inspect it with.
    """

    file: str
    make: Callable[[float], Iterable[bytes]]
    obstacles: frozenset[str] = frozenset()
    patterns: tuple[dict[str, str], ...] = ()


def _lines(size: int) -> Iterator[bytes]:
    """The same line of text again and again: it packs to a thousandth."""
    for _ in range(max(size // MIB, 2)):
        yield b"a" * (MIB - 1) + b"\n"


def _gzip(scale: float) -> Iterator[bytes]:
    packer = zlib.compressobj(9, wbits=31)
    for piece in _lines(int(10_240 * MIB * scale)):
        yield packer.compress(piece)
    yield packer.flush()


def _bz2(scale: float) -> Iterator[bytes]:
    packer = bz2.BZ2Compressor()
    for piece in _lines(int(1_024 * MIB * scale)):
        yield packer.compress(piece)
    yield packer.flush()


def _xz(scale: float) -> Iterator[bytes]:
    packer = lzma.LZMACompressor(preset=0)
    for piece in _lines(int(2_048 * MIB * scale)):
        yield packer.compress(piece)
    yield packer.flush()


def _zstd(scale: float) -> Iterator[bytes]:
    packer = zstandard.ZstdCompressor(level=3).compressobj()
    for piece in _lines(int(4_096 * MIB * scale)):
        yield packer.compress(piece)
    yield packer.flush()


def _zipped(name: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return out.getvalue()


def _nested_zips(scale: float) -> Iterator[bytes]:
    data = b"nothing to see"
    for level in range(max(int(500 * scale), 8)):
        data = _zipped(f"{level}.zip", data)
    yield data


def _many_members(scale: float) -> Iterator[bytes]:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(int(1_500_000 * scale)):
            archive.writestr(f"{number}.txt", b"")
    yield out.getvalue()


def _many_in_tar(scale: float) -> Iterator[bytes]:
    head = tarfile.TarInfo("a.txt").tobuf(tarfile.USTAR_FORMAT)
    for _ in range(int(500_000 * scale)):
        yield head
    yield bytes(1024)


def _overlapping(scale: float) -> Iterator[bytes]:
    """Fifield's better zip bomb: many directory entries on one member."""
    packer = zlib.compressobj(9, wbits=-15)
    packed = packer.compress(bytes(int(20 * MIB * max(scale, 0.1)))) + packer.flush()
    local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 0, 0, len(packed), 20 * MIB, 1, 0)
    entry = struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 8, 0, 0, 0, len(packed),
                        20 * MIB, 1, 0, 0, 0, 0, 0, 0) + b"a"  # fmt: skip
    count = int(60_000 * scale)
    body, size = local + b"a" + packed, len(entry) * count
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, size, len(body), 0)
    yield body + entry * count + end


def _pdf(scale: float) -> Iterator[bytes]:
    packed = zlib.compress(bytes(int(1_024 * MIB * scale)), 9)
    yield b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids"
    yield b"[3 0 R]/Count 1>>\nendobj\n3 0 obj\n<</Type/Page/Parent 2 0 R/Contents 4 0 R>>\nendobj\n"
    yield b"4 0 obj\n<</Filter/FlateDecode/Length %d>>stream\n" % len(packed)
    yield packed + b"\nendstream\nendobj\ntrailer\n<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n"


def _pdf_objects(scale: float) -> Iterator[bytes]:
    yield b"%PDF-1.4\n"
    for number in range(int(500_000 * scale)):
        yield b"%d 0 obj\n<<>>\nendobj\n" % number
    yield b"trailer\n<</Root 1 0 R>>\n%%EOF\n"


def _png(scale: float) -> Iterator[bytes]:
    side = int(60_000 * scale**0.5)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(side // 8 + 1)) for _ in range(side)) + packer.flush()
    yield b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    yield chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _laughs(_: float) -> Iterator[bytes]:
    entities = "".join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "lol">' for n in range(10)
    )
    yield f'<?xml version="1.0"?><!DOCTYPE a [{entities}]><a>&l9;</a>'.encode()


def _outside(_: float) -> Iterator[bytes]:
    yield b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>'


def _repeated(
    head: bytes, piece: bytes, count: int, tail: bytes = b""
) -> Callable[[float], Iterator[bytes]]:
    def make(scale: float) -> Iterator[bytes]:
        yield head
        left = int(count * scale)
        while left > 0:
            some = min(left, 4096)
            yield piece * some
            left -= some
        yield tail

    return make


ISA = (
    b"ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260101*1200*^*00501*"
    b"000000001*0*P*:~GS*HC*S*R*20260101*1200*1*X*005010X222A1~ST*837*0001*005010X222A1~"
    b"BHT*0019*00*0123*20260101*1200*CH~HL*1**20*1~HL*2*1*22*0~CLM*A1*5***11:B:1*Y*A*Y*Y~"
)
END = b"SE*10000006*0001~GE*1*1~IEA*1*000000001~"


def _mail(scale: float) -> Iterator[bytes]:
    count = int(2_000 * scale) + 20
    yield b"From: a@example.org\nSubject: b\nMIME-Version: 1.0\n"
    for level in range(count):
        yield b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (level, level)
    yield b"Content-Type: text/plain\n\nx\n"


def _wide(scale: float) -> Iterator[bytes]:
    cells = b",".join(b"c%d" % number for number in range(int(1_000_000 * scale)))
    yield cells + b"\n" + cells + b"\n"


CASES: dict[str, Case] = {
    "gzip, 10 GiB": Case("a.gz", _gzip, frozenset({"bomb", "too-large"})),
    "bzip2, 1 GiB": Case("a.bz2", _bz2, frozenset({"bomb", "too-large"})),
    "xz, 2 GiB": Case("a.xz", _xz, frozenset({"bomb", "too-large"})),
    "Zstandard, 4 GiB": Case("a.zst", _zstd, frozenset({"bomb", "too-large"})),
    "ZIP in ZIP, 500 deep": Case("a.zip", _nested_zips, frozenset({"too-deep"})),
    "ZIP, 1.5 million members": Case("a.zip", _many_members, frozenset({"too-many-entries", "too-large"})),
    "ZIP, overlapping members": Case("a.zip", _overlapping, frozenset({"malformed", "bomb", "too-many-entries"})),
    "tar, 500,000 members": Case("a.tar", _many_in_tar, frozenset({"too-many-entries"})),
    "PDF, 1 GiB in one stream": Case("a.pdf", _pdf, frozenset({"bomb", "too-large", "malformed"})),
    "PDF, 500,000 objects": Case("a.pdf", _pdf_objects),
    "PNG of 60,000 x 60,000": Case("a.png", _png, frozenset({"bomb", "too-large", "malformed"})),
    "XML, billion laughs": Case("a.xml", _laughs, frozenset({"malformed"})),
    "XML, external entity": Case("a.xml", _outside, frozenset({"malformed"})),
    "XML, a million deep": Case("a.xml", _repeated(b"<?xml version='1.0'?>", b"<a>", 1_000_000), frozenset({"too-deep"})),
    "XML, a million attributes": Case("a.xml", _repeated(b"<?xml version='1.0'?><a ", b"b='c' ", 1_000_000, b"/>"), frozenset({"malformed", "too-large"})),
    "JSON, a million deep": Case("a.json", _repeated(b'{"a":', b"[", 1_000_000), frozenset({"too-deep"})),
    "JSON, 32 MiB of escapes": Case("a.json", _repeated(b'{"a": "', b"\\u0041", 5_500_000, b'"}')),
    "HTML, five million <": Case("a.html", _repeated(b"<!DOCTYPE html><html>", b"<", 5_000_000)),
    "HTML, a million open tags": Case("a.html", _repeated(b"<!DOCTYPE html><html>", b"<b>", 1_000_000)),
    "RTF, five million {": Case("a.rtf", _repeated(b"{\\rtf1 ", b"{", 5_000_000)),
    "mail, 2,000 multiparts deep": Case("a.eml", _mail, frozenset({"too-deep", "too-many-entries", "malformed"})),
    "CSV, a million columns": Case("a.csv", _wide, frozenset({"too-large", "malformed"})),
    "CSV, one quote and 32 MiB": Case("a.csv", _repeated(b"a,b\n1,2\n3,4\n5,\"", b"x,y\n", 8_000_000)),
    "HL7, a million fields": Case("a.hl7", _repeated(b"MSH|^~\\&|A|B|C|D|20260101||ORU^R01|1|P|2.5\rZZZ", b"|a", 1_000_000, b"\r")),
    "HL7, a million escapes": Case("a.hl7", _repeated(b"MSH|^~\\&|A|B|C|D|20260101||ORU^R01|1|P|2.5\rNTE|1||", b"\\X41\\", 1_000_000, b"\r")),
    "X12, a million elements": Case("a.837", _repeated(ISA + b"NTE", b"*A", 1_000_000, b"~" + END), frozenset({"too-large"})),
    "X12, 10 million segments": Case("a.837", _repeated(ISA, b"LX*1~", 10_000_000, END)),
    "X12, 500,000 notes": Case("a.837", _repeated(ISA, b"NTE*ADD*PAID IN FULL~", 500_000, END)),
    "text, 32 MiB without a blank": Case("a.txt", _repeated(b"", b"abcdefgh", 4_000_000)),
    "text, 16 MiB of digits": Case("a.txt", _repeated(b"note ", b"4111-1111 ", 1_600_000)),
    "text, 8 MiB of @": Case("a.txt", _repeated(b"note ", b"a@b.c@", 1_400_000)),
    "text, 8 MiB of capitals": Case("a.txt", _repeated(b"note. ", b"John Smith Anna ", 500_000)),
    "text, Base64 in Base64": Case("a.txt", lambda _: [_wrapped()], frozenset({"too-deep"})),
    "a site's rule (a+)+$": Case(
        "a.txt", _repeated(b"note ", b"a", 4_000_000, b"!"),
        patterns=({"name": "r", "category": "other_id", "regex": "(a+)+b"},),
    ),
}  # fmt: skip


def _wrapped() -> bytes:
    data = b"SSN 536-22-8714 of somebody whom nobody knows, in a note."
    for _ in range(24):
        data = b"note: " + base64.b64encode(gzip.compress(data))
    return data
