"""Headers and text of a mail as passages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dlp.budget import Meter
from dlp.content import Content
from dlp.encoded import encoded
from dlp.model import Carrier, NotReadableError, Passage, Uninspectable, Where
from dlp.parse import text as plain
from dlp.parse.eml.headers import Field, value
from dlp.parse.place import LinePlace
from dlp.parse.terms import terms
from dlp.streams import Window

_SHOWN: Final = terms(
    "from to cc bcc subject date sender reply-to received return-path message-id in-reply-to "
    "references comments keywords mime-version content-type content-transfer-encoding "
    "content-disposition content-id content-description delivered-to x-mailer user-agent "
    "dkim-signature thread-topic thread-index importance list-id"
)
"""Fields that a place names; another's name may itself be somebody's data."""
_MACHINE: Final = frozenset({"message-id", "in-reply-to", "references", "content-id"})
_SEALS: Final = re.compile(
    r"dkim-signature|domainkey-signature|arc-seal|arc-message-signature|x-google-dkim-signature|"
    r"x-gm-message-state|x-ms-exchange-[\w-]+|x-microsoft-antispam[\w-]*"
)
_SEAL_MOST: Final = 16_384
"""Characters of a field of signatures; longer ones could carry a file."""
_BOUNDARY: Final = re.compile(
    r"(?i)(;\s*boundary=)(?:\"(?:=+\d{19}==|-*=_Part_[\d.]+_[\d.]+|[-_=]*_?NextPart_[\w.]{1,60}|"
    r"[0-9a-f]{20,40}|_\d{3}_[\w-]{1,90}_|Apple-Mail[=_-]+[0-9A-F-]{36})\"|[0-9a-f]{20,40})"
)
"""Boundaries as mail programs make them, of random digits that could look like a card's."""
_FIXED_NAME: Final = re.compile(
    r"(?i)(;\s*(?:file)?name=)\"?(?:smime\.p7[msc]|winmail\.dat)\"?(?=\s*(?:;|\Z))"
)
"""The names that every program gives to S/MIME's and TNEF's parts."""
_MEDIA_TYPE: Final = re.compile(
    r"(?i)\A\s*(?:text|multipart|application|image|audio|video|message|font|model)/"
    r"[a-z][a-z0-9.+-]{0,80}(?=\s*(?:;|\Z))"
)
_TOKEN_OF_MACHINES: Final = re.compile(
    r"(?i)(?<=;)\s*(?:charset=\"?[a-z0-9_:-]{1,20}\"?|format=\"?(?:flowed|fixed)\"?|"
    r"delsp=\"?(?:yes|no)\"?|method=\"?(?:request|reply|cancel|publish)\"?|"
    r"(?:type|protocol)=\"?[a-z]{4,11}/[a-z][a-z.+-]{0,40}\"?|micalg=\"?[a-z0-9-]{3,10}\"?|"
    r"report-type=\"?[a-z-]{1,30}\"?)(?=\s*(?:;|\Z))"
)
"""Parameters whose values standards fix: the model takes "charset" for somebody."""
_RELAY: Final = re.compile(r"\[(?:IPv6:)?[0-9A-Fa-f.:]{3,39}\]|(?<=ip=)[0-9A-Fa-f.:]{3,39}")
_TRACE: Final = re.compile(
    r"received|x-received|received-spf|(?:x-)?(?:arc-)?authentication-results(?:-original)?"
)
"""Fields of the servers that a mail went through: their addresses are nobody's (RFC 5321, 4.4)."""


@dataclass(frozen=True, slots=True)
class _Inside:
    """A line of a part."""

    part: str
    lines: LinePlace

    def __call__(self) -> str:
        """Where the passage starts."""
        return f"{self.part} {self.lines()}"

    def at(self, start: int) -> str:
        """Where a character of it stands."""
        return f"{self.part} {self.lines.at(start)}"


def text(
    data: bytes, start: int, end: int, part: str, meter: Meter, *, at: bool = True
) -> Iterator[Passage | Uninspectable]:
    """A piece of a mail as plain text; what isn't text is a fault of this piece alone.

    Args:
        data: The mail, or a decoded part.
        start: First byte of the piece.
        end: One past its last.
        part: Its place.
        meter: Checked for time; the bytes are charged already.
        at: Whether ``data`` is the mail, so that byte places mean something.

    Raises:
        NotReadableError: Only a spent budget.
    """
    if not data[start:end].strip():
        return
    source = Window(_Bytes(data), start, end - start)
    own = Meter(meter.budget, started=meter.started)
    try:
        for found in plain.parse(Content(source, "", "text/plain"), own):
            place: Where = found.where
            if isinstance(place, LinePlace):
                place = _Inside(part, place)
            offset = None if found.offset is None or not at else found.offset + start
            yield found._replace(where=place, offset=offset, length=found.length if at else None)
    except NotReadableError as error:
        meter.check_time()
        yield Uninspectable(error.obstacle, error.detail, part)


class _Bytes:
    """Bytes as a source, without the copy that :class:`io.BytesIO` makes of a part of them."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes."""
        end = len(self._data) if size < 0 else self._at + size
        piece = self._data[self._at : end]
        self._at += len(piece)
        return piece

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move as :meth:`io.IOBase.seek` does."""
        self._at = max(offset + (0, self._at, len(self._data))[whence], 0)
        return self._at

    def tell(self) -> int:
        """The position."""
        return self._at


def header(found: Field, ordinal: int, place: str) -> Iterator[Passage]:
    """A header field, its parameters decoded besides."""
    shown = found.name in _SHOWN
    where = f"{place}header {found.name.title() if shown else ordinal}"
    if found.name and not shown:
        # X-Patient-Name and the like.
        yield Passage(found.name, f"{where} name", Carrier.FREE_TEXT)
    if not found.text.strip():
        return
    kept = _without_noise(found)
    if kept == found.text and found.plain:
        yield Passage(
            found.text, where, Carrier.FREE_TEXT, offset=found.offset, length=found.length
        )
    else:
        yield Passage(kept, where, Carrier.FREE_TEXT)
    if found.name.startswith("content-") and "*" in found.text:
        for parameter in value(found.text).parameters.values():
            yield Passage(parameter, f"{where} parameter", Carrier.FREE_TEXT)


def _without_noise(found: Field) -> str:
    """A field's text without what machines put there and no person can mean."""
    if found.name in _MACHINE:
        # <random@host> is no address of anybody; its words are read.
        return re.sub(r"[<>@]", " ", found.text)
    if found.name in ("content-type", "content-disposition"):
        text = _FIXED_NAME.sub(r"\1", _BOUNDARY.sub(r"\1", found.text))
        return _TOKEN_OF_MACHINES.sub("", _MEDIA_TYPE.sub("", text))
    if _TRACE.fullmatch(found.name):
        return _RELAY.sub("[]", found.text)
    if _SEALS.fullmatch(found.name) and len(found.text) <= _SEAL_MOST:
        text, at, parts = found.text, 0, []
        for piece in encoded(text):
            if piece.data is None and piece.start >= at:
                parts.append(text[at : piece.start])
                at = piece.end
        return "".join((*parts, text[at:]))
    return found.text
