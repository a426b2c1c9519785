"""Text that is written in other letters: Base64, hex, quoted-printable, escapes.

What is found is only undone here, once; the walk reads the result like any member, so that Base64
inside percent-encoding inside Base64 comes to light too. Ordinary long words, ids, UUIDs and
digests decode to noise and are none of this.

A *run* (Base64, hex) is one token that is nothing but encoded; escapes among readable characters
are :mod:`dlp.escapes`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import re2

from dlp.escapes import escaped
from dlp.signatures import BINARY, TEXTUAL
from dlp.textfiles import text_files

RUNS: Final = frozenset({"base64", "hex", "uuencode", "ascii85"})
"""Schemes that carry any bytes; the others give text alone, as UTF-8."""
_SURE_RUN: Final = 160
"""Characters from which a run that decodes to nothing known is held."""
# 20 characters without padding are 15 bytes; of random ones 3 in 10 million are all printable.
_RUN: Final = re2.compile(
    r"base64,[A-Za-z0-9+/_-]{4,}={0,2}|[A-Za-z0-9+/_-]{20,}={0,2}|[A-Za-z0-9+/_-]{10,}={1,2}"
)
_MARK: Final = "base64,"
_NEXT_LINE: Final = re.compile(
    r"[ \t]{0,8}\r?\n[ \t>]{0,8}([A-Za-z0-9+/_-]{1,1000}={0,2})(?=\s|\Z)"
)
_BLANK: Final = re.compile(r"[\s>]+")
_LINE: Final = re.compile(r"[^\s>]+")
_HEX: Final = re.compile(r"[0-9A-Fa-f]{20,}")
_DUMP: Final = re2.compile(r"(?:[0-9A-Fa-f]{2}[ :]){9,}[0-9A-Fa-f]{2}")
_BASE32: Final = re.compile(r"[A-Z2-7]{24,}={0,6}")
_URL_SAFE: Final = str.maketrans("-_", "+/")
_PRINTABLE: Final = bytes([9, 10, 12, 13, *range(32, 127)])
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_STRETCH: Final = re.compile(rb"[\t\n\r\x20-\x7e]{16,}")
_ODD_SHARE: Final = 0.15
"""Share of bytes beyond ASCII in Western text of a legacy encoding."""
_LETTER_SHARE: Final = 0.6
_LEAST_LETTERS: Final = 8
_TINY: Final = frozenset({"archive/compress", "executable"})
"""Signatures of two bytes, which one random token in 65,536 has: asked of long ones alone."""
_PACKED: Final = re.compile(rb"PK\x03\x04|\x1f\x8b\x08[\x00-\x1f]")


class Encoded(NamedTuple):
    """An encoded piece of a text.

    Attributes:
        start: First character.
        end: One past the last character.
        scheme: Such as ``base64``.
        data: The decoded bytes; None for what is surely encoded and decodes to nothing known.
    """

    start: int
    end: int
    scheme: str
    data: bytes | None


def encoded(text: str) -> Iterator[Encoded]:
    """What a text carries in other letters.

    Linear in the text; what is given is shorter than the text by each scheme.
    """
    if len(text) >= len(_MARK):
        yield from _runs(text)
        yield from _dumps(text)
    for start, end, scheme, data in text_files(text):
        if (found := data if _signed(data) else _readable(data)) is not None:
            yield Encoded(start, end, scheme, found)
    for piece in escaped(text):
        yield Encoded(*piece)


def _runs(text: str) -> Iterator[Encoded]:
    end = 0
    for found in _RUN.finditer(text):
        start, stop = found.span()
        if start < end:
            continue
        announced = text.startswith(_MARK, start)
        start += len(_MARK) * announced
        whole = _wrapped(text, start, stop)
        end = whole
        given = list(_decoded(_BLANK.sub("", text[start:whole]), announced=announced))
        for scheme, data in given:
            yield Encoded(start, whole, scheme, data)
        if whole > stop and not given:
            # Lines of words, one to a line, are no wrapped block: each on its own.
            for line in _LINE.finditer(text, start, whole):
                for scheme, data in _decoded(line.group(), announced=False):
                    yield Encoded(*line.span(), scheme, data)


def _dumps(text: str) -> Iterator[Encoded]:
    """Bytes in hexadecimal one by one, as a dump shows them."""
    for found in _DUMP.finditer(text):
        data = _readable(bytes.fromhex(found.group().replace(":", " ")))
        start, end = found.span()
        if data is not None:
            yield Encoded(start, end, "hex", data)


def _wrapped(text: str, start: int, end: int) -> int:
    """The end of a block of lines that begins with a run: all as long, the last may be shorter.

    Padding ends it: what follows is another's.
    """
    length = end - start
    while text[end - 1] != "=" and (found := _NEXT_LINE.match(text, end)):
        if len(found[1]) > length:
            break
        end = found.end()
        if len(found[1]) < length:
            break
    return end


def _decoded(run: str, *, announced: bool) -> Iterator[tuple[str, bytes | None]]:
    """What a run decodes to, by scheme."""
    digits = _HEX.search(run)
    if digits and len(digits.group()) >= len(run) - len("0x"):
        yield from _from_hex(digits.group())
        return
    bare = run.rstrip("=").translate(_URL_SAFE)
    data = _base64(bare)
    if announced or _signed(data):
        yield "base64", data
        return
    # A cut or a path before it ("/files/...") shifts the groups of four.
    for shift in range(4):
        if (text := _readable(_base64(bare[shift:]))) is not None:
            yield "base64", text
            return
    for shift in range(4):
        for found in _STRETCH.finditer(_base64(bare[shift:])):
            yield "base64", found.group()
    if _BASE32.fullmatch(run) and (text := _readable(_base32(run))) is not None:
        yield "base32", text
    if len(run) >= _SURE_RUN and _is_mixed(run):
        yield "base64", None


def _from_hex(digits: str) -> Iterator[tuple[str, bytes]]:
    for shift in (0, 1):
        data = binascii.unhexlify(digits[shift : shift + (len(digits) - shift) // 2 * 2])
        if (text := _readable(data)) is not None:
            yield "hex", text
        elif _signed(data):
            yield "hex", data


def _base64(bare: str) -> bytes:
    bare = bare[:-1] if len(bare) % 4 == 1 else bare
    return base64.b64decode(bare + "=" * (-len(bare) % 4))


def _base32(run: str) -> bytes:
    """What a run is in Base32 (RFC 4648, section 6), without a group that was cut."""
    bare = run.rstrip("=")
    bare = bare[: len(bare) - (len(bare) % 8 in (1, 3, 6))]
    return base64.b32decode(bare + "=" * (-len(bare) % 8))


def _is_mixed(run: str) -> bool:
    """Whether a run has digits and letters of both cases, as encoded data of any length does."""
    return any(map(str.isdigit, run)) and any(map(str.islower, run)) and any(map(str.isupper, run))


def _readable(data: bytes) -> bytes | None:
    """Decoded bytes as text that the reader of plain text takes; None for anything else."""
    if len(data) < 8:  # noqa: PLR2004 - shorter ones are words as often as not
        return None
    odd = len(data.translate(None, _PRINTABLE))
    if not odd:
        return data
    return _wide(data) or _beyond_ascii(data, odd)


def _wide(data: bytes) -> bytes | None:
    """UTF-16 of mostly Western text, with the byte order mark that it lacks."""
    whole = data[: len(data) // 2 * 2]
    for mark, zeros in ((b"\xff\xfe", 1), (b"\xfe\xff", 0)):
        enough = whole[zeros::2].count(0) > len(whole) // 2 * (1 - _ODD_SHARE)
        if enough and not whole[1 - zeros :: 2].count(0):
            return mark + whole
    return None


def _beyond_ascii(data: bytes, odd: int) -> bytes | None:
    """UTF-8 or, with few letters that aren't ASCII, Windows-1252."""
    # The first and the last character may be cut.
    text = data.strip(bytes(range(0x80, 0xC0))).decode("utf-8", "replace").strip("\ufffd")
    if _CONTROL.search(text):
        return None
    if "\ufffd" in text:
        return data if odd <= _ODD_SHARE * len(data) and _is_western(data) else None
    letters = sum(map(str.isalnum, text))
    return text.encode() if letters >= max(_LETTER_SHARE * len(text), _LEAST_LETTERS) else None


def _is_western(data: bytes) -> bool:
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return True


def _signed(data: bytes) -> bool:
    """Whether bytes begin as a file of a known format does."""
    if _PACKED.match(data):
        return True
    sign = next((sign for sign in (*BINARY, *TEXTUAL) if sign.pattern.match(data)), None)
    return sign is not None and (sign.format not in _TINY or len(data) * 4 >= _SURE_RUN * 3)
