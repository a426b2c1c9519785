"""Property lists of marked content (ISO 32000-2, 14.6.2): what a reader copies or says instead.

``/Span <</ActualText (...)>> BDC`` stands in the content itself, where no page shows it and no
object holds it.
"""

from __future__ import annotations

from collections.abc import Iterator

from pypdf import PdfReader
from pypdf.generic import DictionaryObject, PdfObject, read_object

from dlp.budget import Meter
from dlp.content import Item
from dlp.model import NotReadableError, Passage
from dlp.parse.pdf import values
from dlp.parse.pdf.opening import Timed


def lines(data: bytes, reader: PdfReader, meter: Meter, where: str) -> Iterator[str | Item]:
    """What the property lists in a content stream say, a text a value, and what is wrong in them.

    Raises:
        NotReadableError: ``timeout``.
    """
    for found in _lists(data, reader, meter):
        for item in values.items(found, where):
            yield item.text if isinstance(item, Passage) else item


def _lists(data: bytes, reader: PdfReader, meter: Meter) -> Iterator[PdfObject]:
    """Every dictionary: only property lists are written so in content."""
    source, at = Timed(data, meter), -1
    while (at := data.find(b"<<", max(at, 0))) >= 0:
        meter.check_time()
        source.seek(at)
        try:
            found = read_object(source, reader)
        except (NotReadableError, MemoryError):
            raise
        except Exception:  # noqa: BLE001 - pypdf raises of every kind on hostile bytes
            found = None
        if isinstance(found, DictionaryObject):
            yield found
            at = max(source.tell(), at + 2)
        else:
            at += 2
