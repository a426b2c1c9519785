"""One stream of a PDF: content, image, attachment, metadata, font or unknown."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any, Final

from pypdf.generic import ArrayObject, DictionaryObject, StreamObject

from dlp import ocr
from dlp.budget import Meter
from dlp.content import Item
from dlp.model import NotReadableError, Obstacle, Uninspectable
from dlp.parse.image.parser import MOST_PIXELS, read_pixels, surfaces
from dlp.parse.image.strings import decoded, passages, text_of, xml_text
from dlp.unpack.entry import Entry

UNKNOWN: Final = "a stream of a kind that isn't known here"
_SHOWS_TEXT: Final = re.compile(rb"(?<![A-Za-z])T[jJ](?![A-Za-z])|[)>]\s{0,8}['\"]")
_INLINE: Final = re.compile(rb"(?<![A-Za-z])BI\s[^\0]{0,400}?\sID\s")
_PROGRAM: Final = re.compile(rb"%!PS-AdobeFont|%!FontType|\x00\x01\x00\x00|true|OTTO|\x01\x00\x04")
_PICTURE_FILTERS: Final = frozenset({"/DCTDecode", "/DCT"})


def raw_filters(stream: DictionaryObject) -> list[str]:
    """The names of a stream's filters."""
    found = stream.get("/Filter")
    found = found.get_object() if found is not None else None
    several = found if isinstance(found, ArrayObject) else [found] if found is not None else []
    return [str(each) for each in several]


def data_of(stream: StreamObject, meter: Meter) -> bytes | None:
    """A stream's content, None where it can't be unpacked.

    Raises:
        NotReadableError: ``bomb``, or a spent budget.
    """
    try:
        data = stream.get_data()
    except (NotReadableError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - pypdf raises of every kind on hostile bytes
        meter.check_time()
        if type(error).__name__ == "LimitReachedError":
            raise NotReadableError(Obstacle.BOMB, "a stream that unpacks to too much") from None
        return None
    meter.take(len(data))
    return data


def is_content(stream: StreamObject, data: bytes) -> bool:
    """Whether a stream may draw text: page content, form, pattern, glyph."""
    drawn = stream.get("/Subtype") == "/Form" or "/PatternType" in stream
    return drawn or (b"BT" in data and bool(_SHOWS_TEXT.search(data)))


def is_image(stream: StreamObject) -> bool:
    """Whether a stream is an image XObject."""
    return stream.get("/Subtype") == "/Image"


def image(stream: StreamObject, where: str, meter: Meter) -> Iterator[Item]:
    """An image: as a JPEG with all around it, else its pixels."""
    width, height = (_integer(stream, key) for key in ("/Width", "/Height"))
    if width * height > MOST_PIXELS:
        yield Uninspectable(Obstacle.BOMB, "an image of too many pixels", where)
    elif raw_filters(stream)[-1:] and raw_filters(stream)[-1] in _PICTURE_FILTERS:
        yield from _jpeg(stream, where, meter)
    elif min(width, height) < ocr.SMALLEST:
        return
    elif reason := ocr.available():
        detail = f"text in images was not read: {reason}"
        yield Uninspectable(Obstacle.NOT_READ, detail, where)
    else:
        yield from _pixels(stream, where, meter)


def _integer(stream: DictionaryObject, key: str) -> int:
    try:
        return int(stream.get(key, 0))
    except (TypeError, ValueError, RecursionError):
        return MOST_PIXELS + 1


def _jpeg(stream: StreamObject, where: str, meter: Meter) -> Iterator[Item]:
    data: bytes = stream._data  # noqa: SLF001 - the JPEG itself, not its pixels
    try:
        if len(raw_filters(stream)) > 1:
            # Whatever is around the JPEG is unpacked, and that looked at as it is.
            yield from _pixels(stream, where, meter)
        else:
            yield from surfaces(data, f"{where} ", meter)
    except NotReadableError as error:
        if error.obstacle in (Obstacle.TIMEOUT, Obstacle.TOO_LARGE):
            raise
        yield Uninspectable(error.obstacle, error.detail, where)


def _pixels(stream: StreamObject, where: str, meter: Meter) -> Iterator[Item]:
    try:
        picture = stream.decode_as_image()
    except (NotReadableError, MemoryError):
        raise
    except Exception:  # noqa: BLE001 - as in data_of
        meter.check_time()
        picture = None
    if picture is None:
        yield Uninspectable(Obstacle.NOT_READ, "an image in a coding that isn't read here", where)
        return
    yield from read_pixels(picture, where, meter)


def is_attachment(stream: StreamObject) -> bool:
    """Whether a stream says that it is an attached file (ISO 32000-2, 7.11.4)."""
    return stream.get("/Type") == "/EmbeddedFile"


def inline_images(data: bytes, where: str) -> Iterator[Item]:
    """Images inside page content, which aren't decoded."""
    if _INLINE.search(data):
        yield Uninspectable(Obstacle.NOT_READ, "text in inline images was not read", where)


def other(stream: StreamObject, data: bytes, where: str) -> Iterator[Item]:
    """Any other stream: what is known to hold no text is left, the rest is read or reported."""
    kind = str(stream.get("/Type", ""))
    if kind == "/EmbeddedFile":
        yield Entry(1, "", io.BytesIO(data), kind="attachment")
    elif kind in ("/XRef", "/ObjStm") or _is_table(stream, data):
        return
    elif data.lstrip()[:1] == b"<":
        yield from passages(xml_text(data), f"{where} XML")
    elif decoded(data) is not None:
        yield from passages(text_of(data), where)
    elif data:
        yield from passages(text_of(data), where)
        yield Uninspectable(Obstacle.NOT_READ, UNKNOWN, where)


def _is_table(stream: StreamObject, data: bytes) -> bool:
    """Fonts, character maps, colour profiles, functions and drawing without text."""
    if data[36:40] == b"acsp" or b"begincmap" in data[:4096] or "/FunctionType" in stream:
        return True
    if "/ShadingType" in stream or "/Length1" in stream or _PROGRAM.match(data):
        return True
    return str(stream.get("/Subtype", "")) in ("/Type1C", "/CIDFontType0C", "/OpenType")


def unmapped(font: Any) -> bool:  # noqa: ANN401 - any object
    """Whether a font's codes can't be told as letters: its text is shapes alone."""
    if not isinstance(font, DictionaryObject) or font.get("/Type") != "/Font":
        return False
    if "/ToUnicode" in font or str(font.get("/Subtype")) not in _CODED:
        return False
    encoding = font.get("/Encoding")
    encoding = encoding.get_object() if encoding is not None else None
    if str(font.get("/Subtype")) == "/Type0":
        return str(encoding) in ("/Identity-H", "/Identity-V") or isinstance(encoding, StreamObject)
    differences = encoding.get("/Differences", ()) if isinstance(encoding, DictionaryObject) else ()
    names = [str(name) for name in differences if isinstance(name, str)]
    return len(names) > 0 and sum(_is_bare(name) for name in names) * 2 > len(names)


_CODED: Final = frozenset({"/Type0", "/Type1", "/Type3", "/TrueType"})
_BARE: Final = re.compile(r"/(?:[A-Za-z]{1,3}|glyph|cid|index)?\d{1,6}")


def _is_bare(name: str) -> bool:
    """A glyph name that is a number: it says nothing of its letter."""
    return bool(_BARE.fullmatch(name)) and not name.startswith("/uni")
