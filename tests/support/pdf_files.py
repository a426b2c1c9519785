"""PDF files for tests, written object by object."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"


def stream(data: bytes, head: bytes = b"", *, packed: bool = False) -> bytes:
    """A stream object."""
    if packed:
        data, head = zlib.compress(data), head + b"/Filter/FlateDecode"
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (head, len(data), data)


def shows(text: str, mode: int = 0) -> bytes:
    """Page content that shows a line; mode 3 is invisible."""
    return b"BT /F1 12 Tf %d Tr 72 700 Td (%s) Tj ET" % (mode, text.encode("latin-1"))


def pdf(
    content: bytes = b"",
    *,
    objects: Mapping[int, bytes] | None = None,
    catalog: bytes = b"",
    page: bytes = b"",
    resources: bytes = b"",
    trailer: bytes = b"",
) -> bytes:
    """One page, and objects from number 10 on."""
    numbered = {
        1: b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog,
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>%s>>%s>>" % (resources, page),
        4: stream(content, packed=True),
        5: FONT,
        **(objects or {}),
    }
    out, places = bytearray(b"%PDF-1.7\n"), {}
    for number, body in numbered.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    return bytes(out) + _end(places, len(out), trailer)


def appended(before: bytes, objects: Mapping[int, bytes]) -> bytes:
    """An incremental update (ISO 32000-2, 7.5.6): the old versions stay in the file."""
    last = before.rfind(b"startxref")
    previous = int(before[last + 9 :].split()[0])
    out, places = bytearray(before), {}
    for number, body in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    return bytes(out) + _end(places, len(out), b"/Prev %d" % previous)


def _end(places: Mapping[int, int], start: int, trailer: bytes) -> bytes:
    table = b"".join(b"%d 1\n%010d 00000 n \n" % each for each in sorted(places.items()))
    size = max(places) + 1
    head = b"xref\n0 1\n0000000000 65535 f \n" + table
    return head + b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (
        size, trailer, start,
    )  # fmt: skip
