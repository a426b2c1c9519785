"""HTML: what a browser shows, and what it doesn't."""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final
from urllib.parse import unquote_to_bytes

from dlp.budget import Meter
from dlp.content import Content, Item
from dlp.model import Carrier, Category, NotReadableError, Obstacle, Passage, Spans, Uninspectable
from dlp.parse.answers import is_answer
from dlp.parse.cells import Cells
from dlp.parse.keyed import told
from dlp.parse.markup import Fragment, Tag, fragments
from dlp.parse.slots import is_label
from dlp.streams import CHUNK
from dlp.unpack.entry import Entry

_LONGEST: Final = 32 * 2**20
"""Bytes of a document, held in memory."""
_CHARSET: Final = re.compile(rb"(?i)<meta[^>]{0,200}charset\s*=\s*[\"']?([A-Za-z0-9_-]{2,20})")
_SINGLE_BYTE: Final = re.compile(r"(?:iso-8859-|windows-125|cp125)[0-9]{1,2}|koi8-[ru]|macintosh")
"""Encodings a page may name; others of Python's aren't of the web, and some run away with bytes."""
_DATA: Final = re.compile(r"data:[\w/.+-]*(?:;[\w=.-]+)*?(;base64)?,(.*)", re.DOTALL)
_LAYOUT: Final = re.compile(
    r"attribute (?:class|style|id|width|height|border|bgcolor|color|align|valign|colspan|rowspan|"
    r"cellpadding|cellspacing|face|size|rel|lang|charset|http-equiv|type|media|target|xmlns.*)"
)
_DOCTYPE: Final = re.compile(
    r"(?i)\s*doctype\s+html(?:\s+public\s+\"-//W3C//DTD [\w. ]{3,40}//EN\")?"
    r"(?:\s+(?:system\s+)?\"(?:https?://www\.w3\.org/[\w./-]{1,80}|about:legacy-compat)\")?\s*"
)
_NAMESPACE: Final = re.compile(
    r"https?://(?:www\.w3\.org|schemas\.(?:microsoft|openxmlformats|xmlsoap)\.(?:com|org))/"
    r"(?!\S*[0-9-]{9})[\w./-]{0,80}"
)
_FONTS: Final = re.compile(r"(?i)(?<=font-family:)\s*([^;{}]{1,300})")
_FONT: Final = re.compile(r"[^,\"']+")
_LINKS: Final = frozenset({"attribute href", "attribute src", "attribute action"})
"""Where a plus sign in the query is a blank (WHATWG URL, 5.1)."""
_NAMING: Final = ("name", "id", "aria-label", "placeholder", "title", "itemprop", "property")
"""Attributes that say what an element's value is."""
_STYLES: Final = frozenset({"style", "attribute style", "comment"})
_PLAIN: Final = re.compile(r"[\s\w.:;,%#/\"'()!-]{0,200}")
_PIECE: Final = 100_000


def parse(content: Content, meter: Meter) -> Iterator[Item]:
    """All text of a document, shown or hidden; scripts are named as such besides.

    Raises:
        NotReadableError: ``too-large`` for more than 32 MiB, or a spent budget.
    """
    data = _read(content, meter)
    text, encoding = _decoded(data)
    places = _places(text, encoding)
    active: dict[str, None] = {}
    attachments, cells = 0, Cells()
    for index, found in enumerate(fragments(text), 1):
        meter.check_time()
        if isinstance(found, Tag):
            cells.tag(found.name)
            yield from _answers(found.attributes, index)
            for name, value in found.attributes:
                if inner := _embedded(value):
                    attachments += 1
                    yield Entry(attachments, "", io.BytesIO(inner), kind="attachment")
                active.update(dict.fromkeys(_active(found.name, name, value)))
            if found.name in ("script", "object", "embed", "applet"):
                active[f"<{found.name}>"] = None
        elif found.text.strip("\ufeff\t\r\n ") and not _is_layout(found):
            said = _passages(found, index, places)
            yield from said if found.kind else map(cells.passage, said)
    if active:
        named = ", ".join(sorted(active))
        yield Uninspectable(Obstacle.ACTIVE_CONTENT, f"HTML with active content ({named})")


def _read(content: Content, meter: Meter) -> bytes:
    content.source.seek(0)
    parts, size = [], 0
    while data := content.source.read(CHUNK):
        meter.take(len(data))
        size += len(data)
        if size > _LONGEST:
            raise NotReadableError(
                Obstacle.TOO_LARGE, f"an HTML file of more than {_LONGEST} bytes"
            )
        parts.append(data)
    return b"".join(parts)


def _decoded(data: bytes) -> tuple[str, str]:
    """The text, and the encoding that its bytes are in."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16-le" if data.startswith(b"\xff") else "utf-16-be"
        return data.decode(encoding, "replace"), encoding
    named = _CHARSET.search(data[:4096])
    told = named[1].decode().lower() if named else ""
    for encoding in ("utf-8", told if _SINGLE_BYTE.fullmatch(told) else "cp1252"):
        try:
            return data.decode(encoding), encoding
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("latin-1"), "latin-1"


def _places(text: str, encoding: str) -> Sequence[int] | None:
    """The byte of each character; None where it is the same number."""
    if text.isascii() and not encoding.startswith("utf-16"):
        return None
    if encoding not in ("utf-8", "utf-16-le", "utf-16-be"):
        return None
    return list(accumulate((len(c.encode(encoding, "replace")) for c in text), initial=0))


def _is_layout(found: Fragment) -> bool:
    if found.kind.startswith("attribute xmlns") and _NAMESPACE.fullmatch(found.text):
        return True
    if found.kind == "comment" and _DOCTYPE.fullmatch(found.text):
        return True
    return bool(_LAYOUT.fullmatch(found.kind) and _PLAIN.fullmatch(found.text)) and not any(
        map(str.isdigit, found.text[7:])
    )


def _without_fonts(named: re.Match[str]) -> str:
    """A list of fonts blanked out, in its length, so that every other character keeps its byte."""
    return _FONT.sub(lambda font: " " * len(font[0]) if _is_font(font[0]) else font[0], named[0])


def _is_font(text: str) -> bool:
    return not text.strip() or is_label(text.strip())


def _passages(found: Fragment, index: int, places: Sequence[int] | None) -> Iterator[Passage]:
    where = f"text {index}{' ' + found.kind if found.kind else ''}"
    text = _FONTS.sub(_without_fonts, found.text) if found.kind in _STYLES else found.text
    if found.kind in _LINKS:
        address, mark, query = text.partition("?")
        text = f"{address}{mark}{query.replace('+', ' ')}"
    for start in range(0, len(found.text), _PIECE):
        end = min(start + _PIECE, len(found.text))
        spans = _spans(found, start, places)
        offset, length = spans(0, end - start)
        yield Passage(
            text[start:end], where, Carrier.FREE_TEXT, offset=offset, length=length,
            spans=spans,
        )  # fmt: skip


def _spans(found: Fragment, base: int, places: Sequence[int] | None) -> Spans:
    def byte(place: int) -> int:
        return places[place] if places is not None else place

    def spans(start: int, end: int) -> tuple[int, int]:
        first = byte(found.places[base + start])
        return first, byte(found.places[base + end]) - first

    return spans


def _answers(attributes: Sequence[tuple[str, str]], index: int) -> Iterator[Passage]:
    """What a form's field holds, and a script's attributes, by what they are called."""
    named = dict(attributes)
    for name, value in attributes:
        keys = [name[5:]] if name.startswith("data-") else []
        if name in ("value", "content"):
            keys = [named[key] for key in _NAMING if key in named]
        known = next(filter(None, (told(key, value.strip()) for key in keys)), None)
        if known and (known.category is not Category.NAME or is_answer(known.part, value)):
            yield Passage(
                value, f"text {index} attribute {name}", Carrier.FREE_TEXT, known.category,
                part=known.part,
            )  # fmt: skip


def _active(tag: str, name: str, value: str) -> Iterator[str]:
    if re.fullmatch(r"on[a-z]{3,30}", name):
        yield f"{name} handler"
    if re.match(r"\s*(?:javascript|vbscript):", value, re.IGNORECASE):
        yield f"script in {tag if tag.isalpha() else 'a tag'}"


def _embedded(value: str) -> bytes | None:
    """What a data: URI carries (RFC 2397)."""
    found = _DATA.match(value.strip())
    if not found:
        return None
    try:
        raw = unquote_to_bytes(found[2])
        return base64.b64decode(raw) if found[1] else raw
    except (ValueError, binascii.Error):
        return found[2].encode()
