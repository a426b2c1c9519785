r"""Text that is written in other letters: Base64, hex, quoted-printable, escapes.

What is found is only undone here, once; the walk reads the result like any member, so that Base64
inside percent-encoding inside Base64 comes to light too. Ordinary long words, ids, UUIDs and
digests decode to noise and are none of this.

Two kinds differ in how they are told. A *run* (Base64, hex) is one token that is nothing but
encoded. An *escape* (``%41``, ``=41``, ``\x41``, ``\u0041``, ``&#65;``) stands among readable
characters, so it is given with what surrounds it, all of a passage's together.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import re2

from dlp.signatures import BINARY, TEXTUAL

RUNS: Final = frozenset({"base64", "hex"})
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
_HEX: Final = re.compile(r"[0-9A-Fa-f]{20,}")
_URL_SAFE: Final = str.maketrans("-_", "+/")
_PRINTABLE: Final = bytes([9, 10, 12, 13, *range(32, 127)])
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_STRETCH: Final = re.compile(rb"[\t\n\r\x20-\x7e]{16,}")
_ODD_SHARE: Final = 0.15
"""Share of bytes beyond ASCII in Western text of a legacy encoding."""
_LETTER_SHARE: Final = 0.6
_TINY: Final = frozenset({"archive/compress", "executable"})
"""Signatures of two bytes, which one random token in 65,536 has: asked of long ones alone."""
_PACKED: Final = re.compile(rb"PK\x03\x04|\x1f\x8b\x08[\x00-\x1f]")
_AROUND: Final = 60
"""Characters of context around an escape for a letter or digit, which a person has hidden."""
_WORD: Final = 200
_SPACE: Final = re.compile(r"\s")

_BYTES: Final = re.compile(r"[0-9A-Fa-f]{2}")
_FOUR: Final = re.compile(r"[0-9A-Fa-f]{4}")


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
    for scheme in _ESCAPES:
        if scheme.sign in text:
            yield from scheme.find(text)


def _runs(text: str) -> Iterator[Encoded]:
    end = 0
    for found in _RUN.finditer(text):
        start, stop = found.span()
        if start < end:
            continue
        announced = text.startswith(_MARK, start)
        start += len(_MARK) * announced
        whole = _wrapped(text, start, stop)
        given = list(_decoded(_BLANK.sub("", text[start:whole]), announced=announced))
        if whole > stop and not given:
            # Lines of words, one to a line, are no wrapped block: each on its own.
            whole, given = stop, list(_decoded(text[start:stop], announced=announced))
        end = whole
        for scheme, data in given:
            yield Encoded(start, whole, scheme, data)


def _wrapped(text: str, start: int, end: int) -> int:
    """The end of a block of lines that begins with a run: all as long, the last may be shorter."""
    length = end - start
    while found := _NEXT_LINE.match(text, end):
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
    return text.encode() if sum(map(str.isalnum, text)) >= _LETTER_SHARE * len(text) else None


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


def _as_text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _octets(found: str) -> str:
    return _as_text(bytes(int(pair, 16) for pair in _BYTES.findall(found)))


def _percents(found: str) -> str:
    if "%u" in found or "%U" in found:
        return _units(found)
    return _octets(found)


def _soft(found: str) -> str:
    """Quoted-printable: octets, and line breaks that are none (RFC 2045, section 6.7)."""
    return _octets(found) if _BYTES.search(found) else ""


def _units(found: str) -> str:
    """UTF-16 units in hex, surrogate pairs joined."""
    data = b"".join(bytes.fromhex(four) for four in _FOUR.findall(found))
    return data.decode("utf-16-be", "replace")


class _Escape(NamedTuple):
    """One way to write a character.

    Attributes:
        scheme: Its name.
        sign: A character that every escape has: looked for first.
        pattern: A group of neighbouring escapes.
        decode: Such a group to what it means.
        least: Characters of escapes in a text below which they are something else ("x=20").
    """

    scheme: str
    sign: str
    pattern: re.Pattern[str]
    decode: Callable[[str], str]
    least: int = 0

    def find(self, text: str) -> Iterator[Encoded]:
        """All escapes of a text with what is around them, as one piece."""
        places: list[tuple[int, int, str]] = []
        for found in self.pattern.finditer(text):
            meant = self.decode(found.group())
            places.append((*found.span(), _CONTROL.sub(" ", meant)))
        if sum(end - start for start, end, _ in places) < self.least or all(
            self._is_itself(text, place) for place in places
        ):
            return
        undone = "\n".join(_undone(text, places))
        if undone.strip():
            data = undone.encode("utf-8", "replace")
            yield Encoded(places[0][0], places[-1][1], self.scheme, data)

    @staticmethod
    def _is_itself(text: str, place: tuple[int, int, str]) -> bool:
        """Whether an escape means what it is, as an unknown entity does."""
        return text[place[0] : place[1]] == place[2]


def _undone(text: str, places: list[tuple[int, int, str]]) -> Iterator[str]:
    """Pieces of a text around its escapes, the escapes undone."""
    parts: list[str] = []
    at, until = 0, -1
    for start, end, meant in places:
        first, last = _reach(text, start, end, meant)
        if first > until:
            if parts:
                yield "".join((*parts, text[at:until]))
            parts, at = [], first
        parts += [text[at:start], meant]
        at, until = end, max(last, until)
    if parts:
        yield "".join((*parts, text[at:until]))


def _reach(text: str, start: int, end: int, meant: str) -> tuple[int, int]:
    """How far around an escape the text is taken along."""
    if any(map(str.isalnum, meant)):
        return max(start - _AROUND, 0), min(end + _AROUND, len(text))
    # "AT&amp;T" needs its word alone, or each such text would be looked at twice.
    before = text[max(start - _WORD, 0) : start]
    word = "" if before[-1:].isspace() else before.rsplit(None, 1)[-1:]
    space = _SPACE.search(text, end, end + _WORD)
    return start - sum(map(len, word)), space.start() if space else min(end + _WORD, len(text))


_ESCAPES: Final = (
    _Escape("percent", "%", re.compile(
        r"(?:%[0-9A-Fa-f]{2})+|(?:%[uU][0-9A-Fa-f]{4})+"
    ), _percents),
    _Escape("entity", "&", re.compile(
        r"(?:&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)+"
    ), html.unescape),
    _Escape("escape", "\\x", re.compile(r"(?:\\x[0-9A-Fa-f]{2})+"), _octets),
    _Escape("escape", "\\u", re.compile(r"(?:\\u\{?[0-9A-Fa-f]{4}\}?)+"), _units),
    _Escape("quoted-printable", "=", re.compile(r"(?:=[0-9A-Fa-f]{2})+|(?<!=)=\r?\n"), _soft,
        least=9),
)  # fmt: skip
