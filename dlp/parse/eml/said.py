"""Headers and text of a mail as passages."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from dlp.budget import Meter
from dlp.content import Content
from dlp.model import (
    Carrier,
    Category,
    NotReadableError,
    Passage,
    Subject,
    Uninspectable,
    Where,
)  # fmt: skip
from dlp.parse import text as plain
from dlp.parse.eml import machines, staff
from dlp.parse.eml.headers import Field, value
from dlp.parse.keyed import told
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


def header(
    found: Field, ordinal: int, place: str, domains: Collection[str] = ()
) -> Iterator[Passage]:
    """A header field, its parameters decoded besides.

    Args:
        found: The field.
        ordinal: Of the field, from 1.
        place: Of the part.
        domains: The site's own, whose mailboxes are staff's.
    """
    shown = found.name in _SHOWN
    where = f"{place}header {found.name.title() if shown else ordinal}"
    if found.name and not shown and not machines.is_systems(found.name):
        # X-Patient-Name and the like.
        yield Passage(found.name, f"{where} name", Carrier.FREE_TEXT)
        meant = told(found.name.removeprefix("x-"), found.text.strip())
        if meant:
            yield Passage(
                found.text.strip(), where, Carrier.FREE_TEXT, meant.category, part=meant.part
            )
    if not found.text.strip():
        return
    known = staff.told(found.name, machines.without(found.name, found.text), domains)
    for name in known.names:
        yield Passage(
            name, where, Carrier.IDENTIFIER_FIELD, Category.NAME, Subject.PROVIDER, part="full"
        )
    kept = known.rest
    if not kept.strip():
        return
    if kept == found.text and found.plain:
        yield Passage(
            found.text, where, Carrier.FREE_TEXT, offset=found.offset, length=found.length
        )
    else:
        yield Passage(kept, where, Carrier.FREE_TEXT)
    if found.name.startswith("content-") and "*" in found.text:
        for parameter in value(found.text).parameters.values():
            yield Passage(parameter, f"{where} parameter", Carrier.FREE_TEXT)
