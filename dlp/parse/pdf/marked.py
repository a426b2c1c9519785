"""Property lists of marked content (ISO 32000-2, 14.6.2): what a reader copies or says instead.

``/Span <</ActualText (...)>> BDC`` stands in the content itself, where no page shows it and no
object holds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pypdf import PdfReader
from pypdf.generic import DictionaryObject, read_object

from dlp.budget import Meter
from dlp.content import Item
from dlp.model import NotReadableError, Obstacle, Passage, Uninspectable
from dlp.parse.pdf import values
from dlp.parse.pdf.opening import Timed

_BARE: Final = re.compile(rb"<<\s{0,9}/MCID\s{1,9}\d{1,9}\s{0,9}>>")
"""Nearly all of them: a number that ties content to the document's structure."""
_LIST: Final = re.compile(rb"<<(?=[\s\0]*+(?:%[^\r\n]*+[\s\0]*+)*+/)")
_BOUNDS: Final = re.compile(rb"\((?:[^()\\]|\\.)*+\)|<<|>>", re.DOTALL)
_DEEPEST: Final = 64
"""How deep pypdf can go, and whether it says that it couldn't, hangs on the version of Python."""
_LARGEST: Final = 2**20
_COSTLY: Final = 4_096
_MOST_FAILED: Final = 2_000
"""Lists that can't be read, each after at most 4 KiB: pypdf goes on to the end of what it has."""


def lines(data: bytes, reader: PdfReader, meter: Meter, where: str) -> Iterator[str | Item]:
    """What the property lists in a content stream say, a text a value, and what is wrong in them.

    Raises:
        NotReadableError: ``timeout``.
    """
    if _is_too_deep(data):
        yield Uninspectable(Obstacle.MALFORMED, "marked content nested too deep", where)
        return
    end, failed = 0, 0
    for head in _LIST.finditer(data):
        if head.start() < end or _BARE.match(data, head.start()):
            continue
        meter.check_time()
        found, taken = _parsed(data, head.start(), reader, meter)
        if found is not None:
            end = head.start() + taken
            for item in values.items(found, where):
                yield item.text if isinstance(item, Passage) else item
            continue
        failed += 1
        if taken > _COSTLY or failed > _MOST_FAILED:
            yield Uninspectable(Obstacle.MALFORMED, "marked content that can't be read", where)
            return


def _is_too_deep(data: bytes) -> bool:
    depth = 0
    for found in _BOUNDS.finditer(data):
        depth = max(depth + {b"<<": 1, b">>": -1}.get(found[0], 0), 0)
        if depth > _DEEPEST:
            return True
    return False


def _parsed(
    data: bytes, at: int, reader: PdfReader, meter: Meter
) -> tuple[DictionaryObject | None, int]:
    """A dictionary, None where there is none, and how many bytes that took."""
    taken = 0
    for size in (_COSTLY, _LARGEST):
        source = Timed(data[at : at + size], meter)
        try:
            found = read_object(source, reader)
        except (NotReadableError, MemoryError):
            raise
        except Exception:  # noqa: BLE001 - pypdf raises of every kind on hostile bytes
            found = None
        taken = source.tell()
        # What ends with the window may go on behind it.
        if taken < size:
            return (found if isinstance(found, DictionaryObject) else None), taken
    return None, taken
