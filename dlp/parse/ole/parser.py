"""A compound file to items: documents, slides, cells, messages, every stream's readable rest."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from typing import Final

import olefile

from dlp.budget import Meter
from dlp.content import Content, Item
from dlp.model import Carrier, NotReadableError, Obstacle, Passage, Uninspectable
from dlp.parse.office.runs import runs
from dlp.parse.office.sheets import laid_out
from dlp.parse.ole import biff, embedded, lzfu, slides, vba, word
from dlp.parse.ole.cells import cells
from dlp.parse.ole.designs import without_designs
from dlp.parse.ole.opening import encrypted, opened, paths, whole
from dlp.unpack.entry import Entry

_MACROS: Final = frozenset({"vba", "_vba_project", "_vba_project_cur", "macros"})
_PROPERTY: Final = re.compile(r"__substg1\.0_([0-9A-Fa-f]{4})(001[EeFf]|0102)")
_ATTACHED: Final = "3701"
_COMPRESSED_RTF: Final = "1009"
_ENCRYPTED_BIT: Final = 0x01
_FIB_FLAGS: Final = 11
_APPLICATION: Final = re.compile(
    r"(?:MS|Microsoft) ?(?:Office )?(?:Word|Excel|PowerPoint)[ \w.-]{0,20}|MSWordDoc|Biff[0-9]|"
    r"(?:Word|Excel|PowerPoint)\.\w{1,12}\.[0-9]{1,2}"
)
_SUMMARY_WRITERS: Final = (4, 8)
"""PIDSI_AUTHOR and PIDSI_LASTAUTHOR ([MS-OLEPS] 2.25.1)."""
_COMPANY_WRITERS: Final = (14, 15)
"""GKPIDDSI_MANAGER and GKPIDDSI_COMPANY ([MS-OSHARED] 2.3.3.2.2.1)."""
_FILES: Final = (b"PK\x03\x04", b"%PDF-", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
"""How a stream begins that is a file of its own."""


def parse(content: Content, meter: Meter) -> Iterator[Item]:
    """Everything readable in a compound file of at most 64 MiB.

    A document's text comes by its pieces, slides by their records, a workbook's cells typed by
    column, a message's text properties whole; attachments, objects and pictures are entries, and of
    everything else the runs of printable characters are read. Where a document's text can't be told
    from how it is stored, that is reported.

    Raises:
        NotReadableError: It is damaged, encrypted or too large, or the budget is spent.
    """
    data = whole(content.source, meter)
    yield from _File(data, opened(data), meter).items()


class _File:
    def __init__(self, data: bytes, ole: olefile.OleFileIO, meter: Meter) -> None:
        self._data, self._ole, self._meter = data, ole, meter
        self._entries = 0
        self._shown: set[str] = set()
        self._readers: dict[str, Callable[[bytes, str], Iterator[Item]]] = {
            "worddocument": self._document,
            "0table": self._table,
            "1table": self._table,
            "powerpoint document": self._slides,
            "pictures": self._pictures,
            "workbook": self._workbook,
            "book": self._workbook,
            "\x01ole10native": self._package,
            "\x05summaryinformation": self._summary,
            "\x05documentsummaryinformation": self._company,
            "\x01compobj": self._application,
        }

    def items(self) -> Iterator[Item]:
        """All of it."""
        found = paths(self._ole)
        names = {name.lower() for path in found for name in path}
        if "encryptedpackage" in names or "encryptedsummary" in names:
            raise encrypted()
        if "current user" in names and slides.is_encrypted(self._read("Current User") or b""):
            raise encrypted()
        if names & _MACROS:
            detail = "macros in an Office file; send it without macros"
            yield Uninspectable(Obstacle.ACTIVE_CONTENT, detail)
        failed = None
        if names & {"workbook", "book"}:
            try:
                yield from cells(self._data, self._meter, self._shown)
            except NotReadableError as error:
                failed = error
        for ordinal, path in enumerate(found, 1):
            self._meter.check_time()
            yield from self._stream(path, f"stream {ordinal}")
        if failed:
            raise failed

    def _read(self, *path: str) -> bytes | None:
        try:
            # A chain of sectors that goes in a circle is as long as it says it is.
            if self._ole.get_size(list(path)) > len(self._data):
                return None
            return bytes(self._ole.openstream(list(path)).read())
        except Exception:  # noqa: BLE001 - olefile checks little
            return None

    def _stream(self, path: list[str], where: str) -> Iterator[Item]:
        yield Passage(path[-1], f"{where} name", Carrier.NAME)
        data = self._read(*path)
        if data is None:
            yield Uninspectable(Obstacle.MALFORMED, "a stream of the OLE file is damaged", where)
            return
        prop = _PROPERTY.fullmatch(path[-1])
        if prop:
            yield from self._property(prop[1].upper(), prop[2].upper(), data, where)
            return
        yield from self._readers.get(path[-1].lower(), self._other)(data, where)

    def _other(self, data: bytes, where: str) -> Iterator[Item]:
        """A stream of no meaning to us: files, pictures and macros in it, and printable runs."""
        if data.startswith(_FILES):
            yield self._entry(data)
            return
        for ordinal, source in enumerate(vba.sources(data, self._meter), 1):
            yield Passage(source, f"{where} macro {ordinal}", Carrier.FREE_TEXT)
        for picture in embedded.pictures(data):
            yield self._entry(picture)
        yield from runs(io.BytesIO(data), self._meter, where)

    def _entry(self, data: bytes, name: str = "") -> Entry:
        self._entries += 1
        return Entry(self._entries, name, io.BytesIO(data), kind="attachment")

    def _document(self, data: bytes, where: str) -> Iterator[Item]:
        # [MS-DOC] 2.5.2 FibBase: fEncrypted.
        flags = data[_FIB_FLAGS : _FIB_FLAGS + 1]
        if flags and flags[0] & _ENCRYPTED_BIT:
            raise encrypted()
        table = self._read(word.table_name(data))
        found = word.pieces(data, table) if table else None
        if found is None:
            detail = "a Word document whose pieces of text can't be told; send DOCX"
            yield Uninspectable(Obstacle.NOT_READ, detail)
            yield from self._other(data, where)
            return
        self._meter.take(sum(piece.length for piece in found))
        yield from word.passages(data, found)
        yield from self._other(word.rest(data, found), where)

    def _table(self, data: bytes, where: str) -> Iterator[Item]:
        document = self._read("WordDocument") or b""
        yield from self._other(without_designs(document, data), where)

    def _slides(self, data: bytes, where: str) -> Iterator[Item]:
        ordinal, others, table = 0, [], slides.Cells()
        for atom in slides.atoms(data, self._meter):
            if atom is None:
                detail = "a PowerPoint document whose records break off; send PPTX"
                yield Uninspectable(Obstacle.NOT_READ, detail)
                yield from self._other(data, where)
                return
            table.take(atom)
            if atom.text is not None:
                ordinal += 1
                if atom.text.strip():
                    yield from table.passages(atom.text, f"slide text {ordinal}")
            elif atom.kind == slides.OBJECT:
                yield self._entry(embedded.inflated(atom, self._meter) or b"")
            else:
                others.append(atom.data)
        yield from self._other(b"\0\0\0".join(others), where)

    def _pictures(self, data: bytes, where: str) -> Iterator[Item]:
        for atom in slides.atoms(data, self._meter):
            metafile = embedded.inflated(atom, self._meter) if atom else None
            if metafile:
                yield from runs(io.BytesIO(metafile), self._meter, f"{where} drawing")
        yield from self._other(data, where)

    def _workbook(self, data: bytes, where: str) -> Iterator[Item]:
        """What no cell shows: names, comments, headers, strings that are left over."""
        for found in self._other(biff.apart(data), where):
            if not isinstance(found, Passage):
                yield found
            elif not self._is_shown(found.text):
                yield found._replace(text=laid_out(found.text))

    def _is_shown(self, text: str) -> bool:
        """Whether a run is a cell's text; its length or the next one's may look like a letter."""
        return any(each.strip() in self._shown for each in (text, text[1:], text[:-1], text[1:-1]))

    def _application(self, data: bytes, where: str) -> Iterator[Item]:
        """CompObjStream ([MS-OLEDS] 2.3.8): which program made it, and nothing else."""
        for found in runs(io.BytesIO(data), self._meter, where):
            if not _APPLICATION.fullmatch(found.text.strip()):
                yield found

    def _summary(self, data: bytes, where: str) -> Iterator[Item]:
        """Title, author and the like ([MS-OLEPS]), and a picture of the first page."""
        start, end = embedded.thumbnail(data)
        yield from map(self._entry, embedded.pictures(data[start:end]))
        # Pixels make letters, and letters make names: 500 of them in one empty presentation.
        named = embedded.without_writers(data, _SUMMARY_WRITERS)
        data = named[:start] + b"\0" + named[end:]
        yield from runs(io.BytesIO(data), self._meter, where)

    def _company(self, data: bytes, where: str) -> Iterator[Item]:
        """Categories, titles of parts and the like."""
        yield from self._other(embedded.without_writers(data, _COMPANY_WRITERS), where)

    def _package(self, data: bytes, where: str) -> Iterator[Item]:
        """A file that was put into a document ([MS-OLEDS] 2.3.6, OLENativeStream)."""
        found = embedded.packaged(data)
        if found:
            yield self._entry(found[1], found[0])
        yield from runs(io.BytesIO(data), self._meter, where)

    def _property(self, tag: str, kind: str, data: bytes, where: str) -> Iterator[Item]:
        """A variable-length property of a message ([MS-OXMSG] 2.1.3)."""
        if kind != "0102":
            text = data.decode("utf-16-le" if kind == "001F" else "cp1252", "replace")
            if text.strip("\0 \r\n\t"):
                yield Passage(text, f"property {tag} ({where})", Carrier.FREE_TEXT)
        elif tag == _ATTACHED:
            yield self._entry(data)
        elif tag == _COMPRESSED_RTF and data:
            yield self._entry(lzfu.unpacked(data, self._meter))
        else:
            yield from self._other(data, where)
