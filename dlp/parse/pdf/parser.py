"""A PDF to items: first its pages as they are read, then every object in it.

Text that a page shows is given once, with its page; the objects give what is left: annotations,
form values, bookmarks, properties, layers not shown, earlier versions, attachments.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject, StreamObject

from dlp.budget import Meter
from dlp.content import Content, Item
from dlp.model import NotReadableError, Obstacle, Uninspectable
from dlp.parse.image.strings import passages
from dlp.parse.pdf import marked, streams, values
from dlp.parse.pdf.baselines import Baselines, closed_up
from dlp.parse.pdf.objects import Found, Sweep
from dlp.parse.pdf.opening import opened
from dlp.streams import read_exactly, size_of
from dlp.unpack.entry import Entry

MOST_BYTES: Final = 128 * 2**20
"""A larger file is too large: pypdf needs all of it."""
MOST_PAGES: Final = 5_000


def parse(content: Content, meter: Meter) -> Iterator[Item]:
    """Everything readable in a PDF of at most :data:`MOST_BYTES`.

    Raises:
        NotReadableError: It is too large, encrypted, damaged, a bomb, or has too many objects.
    """
    size = size_of(content.source)
    if size > MOST_BYTES:
        raise NotReadableError(Obstacle.TOO_LARGE, f"a PDF of more than {MOST_BYTES // 2**20} MiB")
    meter.take(size)
    data = read_exactly(content.source, 0, size)
    yield from _Document(data, opened(data, meter), meter).items()


class _Document:
    def __init__(self, data: bytes, reader: PdfReader, meter: Meter) -> None:
        self._data, self._reader, self._meter = data, reader, meter
        self._shown: set[str] = set()
        self._resources: Any = None
        self._page: Any = None
        self._attached = 0
        self._contents: set[int] = set()
        self._glyph_tables: set[int] = set()
        self._unknown: list[tuple[int, Uninspectable]] = []

    def items(self) -> Iterator[Item]:
        """All of it."""
        yield from self._pages()
        sweep = Sweep(self._data, self._reader, self._meter)
        for found in sweep.objects():
            self._note_tables(found.value)
            for item in self._object(found):
                if isinstance(item, Uninspectable) and item.detail == streams.UNKNOWN:
                    # A font that names it as its own may come later.
                    self._unknown.append((found.number, item))
                else:
                    yield item
        yield from (item for number, item in self._unknown if number not in self._glyph_tables)
        yield from passages(sweep.gaps, "between objects")
        yield from self._trailing()

    def _note_tables(self, value: Any) -> None:  # noqa: ANN401
        """Which streams are a font's map from codes to glyphs (ISO 32000-2, 9.7.4)."""
        held = dict.get(value, "/CIDToGIDMap") if isinstance(value, DictionaryObject) else None
        if isinstance(held, IndirectObject):
            self._glyph_tables.add(held.idnum)

    def _pages(self) -> Iterator[Item]:
        number = 0
        try:
            for number, page in enumerate(self._reader.pages, 1):
                self._meter.check_time()
                self._page = self._page or page
                if number <= MOST_PAGES:
                    yield from self._text(number, page)
            if number > MOST_PAGES:
                detail = f"a PDF of over {MOST_PAGES} pages"
                yield Uninspectable(Obstacle.TOO_LARGE, detail, f"page {MOST_PAGES + 1}")
        except (NotReadableError, MemoryError):
            raise
        except Exception:  # noqa: BLE001 - pypdf raises of every kind on hostile bytes
            self._meter.check_time()
            where = f"page {number + 1}"
            yield Uninspectable(Obstacle.MALFORMED, "pages that can't be read", where)

    def _text(self, number: int, page: Any) -> Iterator[Item]:  # noqa: ANN401
        where = f"page {number}"
        level = Baselines()
        text = self._extracted(partial(page.extract_text, visitor_text=level.take))
        if text is None:
            yield Uninspectable(Obstacle.MALFORMED, "a page whose text can't be read", where)
            return
        self._contents.update(_references(page))
        self._shown.update(" ".join(line.split()) for line in text.splitlines())
        yield from passages(text, where)
        lines = [*map(closed_up, text.splitlines()), *level.lines()]
        fresh = [line for line in lines if line and " ".join(line.split()) not in self._shown]
        yield from passages("\n".join(fresh), f"{where} lines")

    def _extracted(self, extract: Any, *args: Any) -> str | None:  # noqa: ANN401
        try:
            return str(extract(*args))
        except (NotReadableError, MemoryError):
            raise
        except Exception:  # noqa: BLE001 - as in _pages
            self._meter.check_time()
            return None

    def _object(self, found: Found) -> Iterator[Item]:
        kept = "" if found.current else " (an earlier version or unused)"
        where = f"object {found.number}{kept}" if found.number else "trailer"
        if found.value is None:
            yield Uninspectable(Obstacle.MALFORMED, "an object that can't be parsed", where)
            return
        try:
            yield from values.items(found.value, where)
            if streams.unmapped(found.value):
                detail = "text in a font whose glyphs aren't mapped to letters was not read"
                yield Uninspectable(Obstacle.NOT_READ, detail, where)
            if isinstance(found.value, StreamObject):
                seen = found.current and found.number in self._contents
                yield from self._stream(found.value, where, is_shown=seen)
        except (NotReadableError, MemoryError):
            raise
        except Exception:  # noqa: BLE001 - as in _pages
            self._meter.check_time()
            yield Uninspectable(Obstacle.MALFORMED, "an object that can't be read", where)

    def _stream(self, stream: StreamObject, where: str, *, is_shown: bool) -> Iterator[Item]:
        if streams.is_image(stream):
            yield from streams.image(stream, where, self._meter)
            return
        data = streams.data_of(stream, self._meter)
        if data is None:
            yield Uninspectable(Obstacle.MALFORMED, "a stream that can't be unpacked", where)
        elif (is_shown or _draws(data)) and not streams.is_attachment(stream):
            yield from self._beside(data, where)
        elif streams.is_content(stream, data):
            yield from self._beside(data, where)
            yield from self._drawn(stream, where)
        elif not _GLYPH.match(data):
            for item in streams.other(stream, data, where):
                yield self._numbered(item)

    def _beside(self, data: bytes, where: str) -> Iterator[Item]:
        """What content holds that no page shows as text."""
        yield from streams.inline_images(data, where)
        said: list[str] = []
        for found in marked.lines(data, self._reader, self._meter, where):
            if not isinstance(found, str):
                yield found
            elif " ".join(found.split()) not in self._shown:
                said.append(found)
        yield from passages("\n".join(said), f"{where} marked content")

    def _numbered(self, item: Item) -> Item:
        if isinstance(item, Entry):
            self._attached += 1
            return Entry(self._attached, item.name, item.source, kind=item.kind)
        return item

    def _drawn(self, stream: StreamObject, where: str) -> Iterator[Item]:
        """Text that a stream draws, without the lines that a page has shown already."""
        if self._page is None:
            yield Uninspectable(Obstacle.MALFORMED, "content without any page", where)
            return
        if "/Resources" not in stream:
            # A page's content, or an earlier one's: the first page's fonts are likely its own.
            stream[NameObject("/Resources")] = self._fonts()
        text = self._extracted(self._page.extract_xform_text, stream)
        if text is None:
            yield Uninspectable(Obstacle.MALFORMED, "content whose text can't be read", where)
            return
        lines = [" ".join(line.split()) for line in text.splitlines()]
        fresh = [line for line in lines if line and line not in self._shown]
        self._shown.update(fresh)
        yield from passages("\n".join(fresh), where)

    def _fonts(self) -> Any:  # noqa: ANN401
        held = self._page.get("/Resources")
        held = held.get_object() if isinstance(held, IndirectObject) else held
        return held if isinstance(held, DictionaryObject) else DictionaryObject()

    def _trailing(self) -> Iterator[Item]:
        """What follows the last end mark: no reader shows it."""
        at = self._data.rfind(b"%%EOF")
        rest = self._data[at + 5 :] if at >= 0 else b""
        if rest.strip(b"\0\r\n\t "):
            yield Entry(self._attached + 1, "", io.BytesIO(rest), kind="trailing bytes")


_GLYPH: Final = re.compile(rb"[\s\d.+-]{3,200}d[01]\s")
"""One letter of a Type 3 font (ISO 32000-2, 9.6.4), drawn or as an image; its code is read."""
_OPERATORS: Final = frozenset(
    b"q Q cm w J j M d ri i gs m l c v y h re S s f F f* B B* b b* n W W* CS cs SC SCN sc scn G g "
    b"RG rg K k sh Do MP DP BMC BDC EMC BX EX BT ET d0 d1 BI ID EI".split()
)


def _references(page: DictionaryObject) -> Iterator[int]:
    """The object numbers of a page's content."""
    held = dict.get(page, "/Contents")
    if isinstance(held, IndirectObject):
        yield held.idnum
        held = held.get_object()
    if isinstance(held, ArrayObject):
        parts = list.__iter__(held)
        yield from (part.idnum for part in parts if isinstance(part, IndirectObject))


def _draws(data: bytes) -> bool:
    """Whether bytes are drawing operators without text: most words are numbers or operators.

    Numbers alone draw nothing: they are somebody's list.
    """
    words = data[:4096].split()[:200]
    acts = sum(word in _OPERATORS for word in words)
    known = acts + sum(word.strip(b"+-.0123456789") == b"" for word in words)
    return acts > 0 and known * 4 >= len(words) * 3 and b"(" not in data
