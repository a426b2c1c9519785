"""Mail: every header, every text, every attachment, and what stands between the parts.

Own walk over the MIME structure instead of the standard library's, whose parser recurses without
bound and hides what it can't place. Where two mail programs would see different content, the
mail is held besides being read.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

from dlp.budget import Meter
from dlp.content import Content, Item
from dlp.model import NotReadableError, Obstacle, Uninspectable
from dlp.parse.eml.body import IDENTITY, body
from dlp.parse.eml.headers import Value, decoded, fields, value, western
from dlp.parse.eml.said import header, text
from dlp.parse.eml.uu import files
from dlp.streams import CHUNK
from dlp.unpack.entry import Entry

_LARGEST: Final = 64 * 2**20
"""Bytes of a mail or mailbox, held in memory."""
_DEEPEST: Final = 32
"""Multiparts and messages inside one another."""
_MOST: Final = 10_000
"""Parts and header fields, each."""
_MBOX: Final = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\r\n]{3,400}\r?\n")
_STRUCTURE: Final = ("content-type", "content-transfer-encoding", "content-disposition")
_AS_TEXT: Final = frozenset(
    {"message/delivery-status", "message/disposition-notification", "text/rfc822-headers",
     "message/feedback-report", "message/external-body"}
)  # fmt: skip
_NOT_WHOLE: Final = {
    "message/partial": "a piece of a split message",
    "message/external-body": "a part whose content lies elsewhere",
    "application/ms-tnef": "a TNEF attachment (winmail.dat)",
    "application/vnd.ms-tnef": "a TNEF attachment (winmail.dat)",
}
_MARKUP: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?i:<!doctype html|<html|<head|<body|<table|<div|<p>)"
)


def parse(content: Content, meter: Meter) -> Iterator[Item]:
    """Everything in a mail, or in every mail of a mailbox (mbox).

    Held in memory, at most 64 MiB.

    Raises:
        NotReadableError: ``too-large`` for more, or a spent budget.
    """
    mail = _Mail(_read(content, meter), meter, content.site.staff_domains)
    starts = [(found.start(), found.end()) for found in _MBOX.finditer(mail.data)]
    if not starts or starts[0][0]:
        yield from mail.part(_Region(0, len(mail.data)))
        return
    ends = [start for start, _ in starts[1:]] + [len(mail.data)]
    for ordinal, ((start, first), end) in enumerate(zip(starts, ends, strict=True), 1):
        place = f"message {ordinal} "
        yield from text(mail.data, start, first, f"{place}first line", meter)
        yield from mail.part(_Region(first, end, place))


def _read(content: Content, meter: Meter) -> bytes:
    content.source.seek(0)
    parts, size = [], 0
    while data := content.source.read(CHUNK):
        meter.take(len(data))
        size += len(data)
        if size > _LARGEST:
            raise NotReadableError(Obstacle.TOO_LARGE, f"a mail of more than {_LARGEST} bytes")
        parts.append(data)
    return b"".join(parts)


@dataclass(frozen=True, slots=True)
class _Region:
    """A part's bytes.

    Attributes:
        start: First byte of its headers.
        end: One past its last byte.
        place: Of the part, with a space behind it, "" for the mail itself.
        depth: Parts around it.
        digest: Whether it is a message unless it says otherwise (RFC 2046, section 5.1.5).
    """

    start: int
    end: int
    place: str = ""
    depth: int = 0
    digest: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """A part whose headers are read."""

    region: _Region
    body: int
    kind: Value
    encoding: str
    disposition: Value

    @property
    def name(self) -> str:
        """The file name, "" for none."""
        return self.disposition.parameters.get("filename") or self.kind.parameters.get("name", "")

    @property
    def place(self) -> str:
        """Of the part, as a word for people."""
        return self.region.place.strip() or "mail"


@dataclass(slots=True)
class _Mail:
    data: bytes
    meter: Meter
    domains: Collection[str] = ()
    parts: int = 0
    attachments: int = 0
    seen: set[str] = field(default_factory=set)

    def part(self, region: _Region) -> Iterator[Item]:
        """A part: its headers, then its content by its type."""
        self.meter.check_time()
        self.parts += 1
        if region.depth > _DEEPEST:
            raise NotReadableError(Obstacle.TOO_DEEP, f"MIME parts nested deeper than {_DEEPEST}")
        if self.parts > _MOST:
            raise NotReadableError(Obstacle.TOO_MANY_ENTRIES, f"more than {_MOST} MIME parts")
        told: dict[str, str] = {}
        start = region.end
        for number, found in enumerate(fields(self.data, region.start, region.end), 1):
            if number > _MOST:
                raise NotReadableError(Obstacle.TOO_LARGE, f"more than {_MOST} header fields")
            if found.name == "end" and not found.length:
                start = found.offset
                break
            yield from header(found, number, region.place, self.domains)
            if found.name in _STRUCTURE and told.setdefault(found.name, found.text) != found.text:
                yield _flaw(f"two different {found.name} headers", region)
            elif not found.name:
                yield _flaw("a line among the headers that is none", region)
        kind, encoding, disposition = (told.get(name, "") for name in _STRUCTURE)
        default = "message/rfc822" if region.digest else "text/plain"
        part = _Part(
            region, start, value(kind or default), value(encoding).main, value(disposition)
        )
        if part.kind.doubled or part.disposition.doubled:
            yield _flaw("a header parameter that is given twice", region)
        yield from self._content(part)

    def _content(self, part: _Part) -> Iterator[Item]:
        kind = part.kind.main
        if kind.startswith("multipart/"):
            yield from self._multipart(part)
        elif kind in ("message/rfc822", "message/global", "message/news") and (
            part.encoding in IDENTITY
        ):
            region = part.region
            place = f"{region.place}message "
            yield from self.part(_Region(part.body, region.end, place, region.depth + 1))
        else:
            yield from self._leaf(part)

    def _multipart(self, part: _Part) -> Iterator[Item]:
        """The parts between the boundaries, and the text before and after (RFC 2046, 5.1)."""
        region = part.region
        if part.kind.main == "multipart/encrypted":
            yield Uninspectable(Obstacle.ENCRYPTED, "an encrypted mail", part.place)
        if part.encoding not in IDENTITY:
            yield _flaw("a multipart with a transfer encoding", region)
        boundary = part.kind.parameters.get("boundary", "").rstrip()
        marks = list(self._marks(part.body, region.end, boundary)) if boundary else []
        if not marks:
            yield _flaw("a multipart without its boundary", region)
            yield from self._leaf(part)
            return
        yield from text(self.data, part.body, marks[0][0], f"{region.place}preamble", self.meter)
        after = marks[-1][1]
        for index, (_, first, closing) in enumerate(marks):
            if closing:
                after = first
                break
            end = marks[index + 1][0] if index + 1 < len(marks) else region.end
            after = end
            digest = part.kind.main == "multipart/digest"
            place = f"{region.place}part {index + 1} "
            yield from self.part(_Region(first, end, place, region.depth + 1, digest))
        else:
            yield _flaw("a multipart without its end", region)
        yield from text(self.data, after, region.end, f"{region.place}epilogue", self.meter)

    def _marks(self, start: int, end: int, boundary: str) -> Iterator[tuple[int, int, bool]]:
        """Delimiter lines: where the content before ends, where that after begins, if closing."""
        mark = b"--" + boundary.encode("utf-8", "replace")
        at = self.data.find(mark, start, end)
        while at >= 0:
            stop = self.data.find(b"\n", at, end) + 1 or end
            rest = self.data[at + len(mark) : min(stop, at + len(mark) + 100)].rstrip()
            if (at == start or self.data[at - 1 : at] == b"\n") and rest in (b"", b"--"):
                before = at - 1 - (self.data[at - 2 : at - 1] == b"\r") if at > start else at
                yield max(before, start), stop, bool(rest)
            at = self.data.find(mark, stop, end)

    def _leaf(self, part: _Part) -> Iterator[Item]:
        """A part without parts."""
        kind, region = part.kind.main, part.region
        tnef = "winmail.dat" in part.name.lower() and "application/ms-tnef"
        if detail := _NOT_WHOLE.get(tnef or kind):
            yield Uninspectable(Obstacle.UNSUPPORTED_TYPE, detail, part.place)
            if tnef or kind not in _AS_TEXT:
                return
        raw = self.data[part.body : region.end]
        content = body(raw, part.encoding)
        if content.flaw:
            yield _flaw(content.flaw, region)
            yield from self._text(part, raw, region.place)
        shown = part.disposition.main != "attachment" and not part.name
        if kind in _AS_TEXT or (shown and kind in ("text/plain", "text/enriched", "")):
            yield from self._text(part, content.data, region.place)
        elif content.data.strip() or part.name:
            yield from self._attached(part, content.data)

    def _text(self, part: _Part, data: bytes, place: str) -> Iterator[Item]:
        """A text, and the files that it carries in its lines."""
        plain = self._unicode(part, data)
        where = f"{place}text"
        if data != plain:
            yield from self._pieces(plain, 0, len(plain), where, at=False)
            return
        own = part.encoding in IDENTITY
        if own:
            yield from self._pieces(self.data, part.body, part.region.end, where, at=True)
        else:
            yield from self._pieces(data, 0, len(data), where, at=False)

    def _pieces(self, data: bytes, start: int, end: int, where: str, *, at: bool) -> Iterator[Item]:
        for found in files(data, start, end):
            yield from text(data, start, found.start, where, self.meter, at=at)
            yield self._entry(found.name, found.data)
            start = found.end
        yield from text(data, start, end, where, self.meter, at=at)

    def _unicode(self, part: _Part, data: bytes) -> bytes:
        """A text in UTF-8; the bytes themselves if they are that, or of no known encoding."""
        charset = part.kind.parameters.get("charset", "")
        read = decoded(data, charset) if charset else None
        if read is None:
            return data if western(data).encode() == data else western(data).encode()
        return read.encode("utf-8", "replace")

    def _attached(self, part: _Part, data: bytes) -> Iterator[Item]:
        if part.kind.main.startswith("text/"):
            data = self._unicode(part, data)
        if part.kind.main == "text/html" and not _MARKUP.match(data):
            # A fragment is shown as a page all the same.
            data = b"<html>\n" + data
        yield self._entry(part.name, data)

    def _entry(self, name: str, data: bytes) -> Entry:
        self.attachments += 1
        return Entry(self.attachments, name, io.BytesIO(data), kind="attachment")


def _flaw(detail: str, region: _Region) -> Uninspectable:
    return Uninspectable(Obstacle.MALFORMED, detail, region.place.strip())
