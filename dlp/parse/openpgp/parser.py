"""Armored and binary OpenPGP data as items (RFC 9580 sections 6 and 7).

What is between, before and behind armored blocks is text like any other, and so are their headers.
The text of a cleartext-signed message is a member of its own, of whatever format it is.
"""

from __future__ import annotations

import binascii
import io
import re
from collections.abc import Generator, Iterator
from typing import Final

from dlp.budget import Meter
from dlp.content import Content, Item
from dlp.model import NotReadableError, Obstacle, Uninspectable
from dlp.parse.eml.said import text
from dlp.parse.openpgp.packets import packets
from dlp.streams import CHUNK
from dlp.unpack.entry import Entry, fault

_LARGEST: Final = 64 * 2**20
"""Bytes, held in memory."""
_BEGIN: Final = re.compile(rb"^-----BEGIN PGP ([A-Z0-9 ,/]{1,40})-----[ \t]*\r?\n", re.MULTILINE)
_END: Final = re.compile(rb"^-----END PGP [A-Z0-9 ,/]{1,40}-----[ \t]*(?:\r?\n|\Z)", re.MULTILINE)
_DASHES: Final = re.compile(rb"^-----", re.MULTILINE)
_LINE_END: Final = re.compile(rb"\r?\n\Z")
_ESCAPED: Final = re.compile(rb"^- ", re.MULTILINE)
_WHITE: Final = bytes(range(33))
_CHECKSUM: Final = re.compile(rb"=[A-Za-z0-9+/]{4}\s*\Z")
_SIGNED: Final = b"SIGNED MESSAGE"

_Place = Generator[Item, None, int]
"""Gives items, and returns where it stopped."""


def parse(content: Content, meter: Meter) -> Iterator[Item]:
    """Everything in a signature, a certificate or a cleartext-signed text.

    Held in memory, at most 64 MiB.

    Raises:
        NotReadableError: ``too-large`` for more, or a spent budget.
    """
    data = _read(content, meter)
    if _BEGIN.search(data):
        yield from _armored(data, meter)
    elif data[:1] < b"\x80":
        yield fault("an OpenPGP block without its first line")
        yield from text(data, 0, len(data), "text", meter)
    else:
        yield from packets(data, "", meter)


def _read(content: Content, meter: Meter) -> bytes:
    content.source.seek(0)
    parts, size = [], 0
    while data := content.source.read(CHUNK):
        meter.take(len(data))
        size += len(data)
        if size > _LARGEST:
            raise NotReadableError(Obstacle.TOO_LARGE, f"more than {_LARGEST} bytes of OpenPGP")
        parts.append(data)
    return b"".join(parts)


class _Endings:
    """Last lines of blocks, each looked for once: many blocks may lack theirs."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._found = _END.search(data)

    def after(self, at: int) -> re.Match[bytes] | None:
        """The first at or behind a place; places only grow."""
        while self._found and self._found.start() < at:
            self._found = _END.search(self._data, max(at, self._found.end()))
        return self._found


def _armored(data: bytes, meter: Meter) -> Iterator[Item]:
    at = ordinal = 0
    endings = _Endings(data)
    while found := _BEGIN.search(data, at):
        meter.check_time()
        ordinal += 1
        yield from text(data, at, found.start(), f"before block {ordinal}", meter)
        place = f"block {ordinal} "
        if found[1] == _SIGNED:
            at = yield from _signed(data, found.end(), ordinal, meter)
        else:
            at = yield from _block(data, found.end(), place, endings, meter)
    yield from text(data, at, len(data), "after the last block", meter)


def _signed(data: bytes, start: int, ordinal: int, meter: Meter) -> _Place:
    """The text of a cleartext-signed message, up to its signature (section 7)."""
    first = yield from _headers(data, start, f"block {ordinal} ", meter)
    found = _DASHES.search(data, first)
    end = found.start() if found else len(data)
    if not _BEGIN.match(data, end):
        yield fault("a signed text without its signature", f"block {ordinal}")
    # The line end before the signature belongs to that.
    shown = _ESCAPED.sub(b"", _LINE_END.sub(b"", data[first:end]))
    yield Entry(ordinal, "", io.BytesIO(shown), kind="signed text")
    return end


def _block(data: bytes, start: int, place: str, endings: _Endings, meter: Meter) -> _Place:
    """The packets of an armored block (section 6.2)."""
    first = yield from _headers(data, start, place, meter)
    ending = endings.after(first)
    following = _BEGIN.search(data, first)
    end = ending.start() if ending else len(data)
    if ending is None or (following and following.start() < end):
        yield fault("an armored block without its last line", place.strip())
        end = min(end, following.start() if following else end)
    raw = _CHECKSUM.sub(b"", data[first:end])
    try:
        inside = binascii.a2b_base64(raw.translate(None, _WHITE), strict_mode=True)
    except binascii.Error:
        yield fault("an armored block that isn't Base64", place.strip())
        yield from text(data, first, end, f"{place}text", meter)
    else:
        yield from packets(inside, place, meter)
    return ending.end() if ending and end == ending.start() else end


def _headers(data: bytes, start: int, place: str, meter: Meter) -> _Place:
    """The lines up to the first blank one, if they are headers at all."""
    at = start
    while at < len(data):
        stop = data.find(b"\n", at) + 1 or len(data)
        line = data[at:stop].strip()
        if not line:
            yield from text(data, start, at, f"{place}headers", meter)
            return stop
        if b":" not in line:
            break
        at = stop
    yield Uninspectable(Obstacle.MALFORMED, "an armored block without a blank line", place.strip())
    yield from text(data, start, at, f"{place}headers", meter)
    return at
