"""From a file to everything in it: members read one inside the other, under one budget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from io import BytesIO
from typing import Final

from config.contracts import Contract
from dlp.batch import Batch
from dlp.budget import Meter
from dlp.content import Content, Noted, Site
from dlp.encoded import RUNS, Encoded, encoded
from dlp.identify import TEXT, Kind, identify
from dlp.model import Carrier, NotReadableError, Obstacle, Passage, Source, Uninspectable
from dlp.parse.x12.formats import HEALTH_CARE
from dlp.readers import is_container, reader
from dlp.streams import drain
from dlp.unpack.entry import Entry

_X12: Final = "x12/"
_ENCODED_UNKNOWN: Final = "encoded data that is neither text nor a known format"
_ENCODINGS: Final = 3
"""Encodings inside one another at the depth where no further container may be."""
_LONG: Final = 64
"""Characters of a field that is nobody's name or id any more."""
_PACKED: Final = (".gz", ".bz2", ".xz", ".zst", ".pgp", ".gpg", ".asc")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in a file's containers something stands.

    Attributes:
        member: Names joined with ``!``; may be PHI.
        place: Ordinals joined with ``!``.
        depth: Containers around it.
        attached: Whether a document is among those: then its format is an attachment's.
    """

    member: str = ""
    place: str = ""
    depth: int = 0
    attached: bool = False

    def inside(self, entry: Entry, *, of_document: bool = False) -> Spot:
        """The spot of one of the container's entries; 0 is the container itself."""
        if not entry.ordinal:
            return self
        ordinal = f"{entry.kind} {entry.ordinal}"
        name = entry.name or ordinal
        return Spot(
            f"{self.member}!{name}" if self.member else name,
            f"{self.place}!{ordinal}" if self.place else ordinal,
            self.depth + 1,
            self.attached or of_document,
        )

    def undone(self, ordinal: int, shown: str) -> Spot:
        """The spot of what a passage carries encoded; its format is an attachment's."""
        place = f"encoded text {ordinal}"
        return Spot(
            f"{self.member}!{shown}" if self.member else shown,
            f"{self.place}!{place}" if self.place else place,
            self.depth + 1,
            attached=True,
        )

    def trouble(self, error: NotReadableError) -> Uninspectable:
        """An error as a part of the report."""
        return Uninspectable(error.obstacle, error.detail, error.where, self.member, self.place)

    def crash(self, error: Exception) -> Uninspectable:
        """A reader's failure as a part of the report: its type alone, a message may quote."""
        if isinstance(error, MemoryError):
            return self.trouble(NotReadableError(Obstacle.OUT_OF_MEMORY, "not enough memory"))
        detail = f"the parser failed ({type(error).__name__}); please report it"
        return self.trouble(NotReadableError(Obstacle.CRASH, detail))


@dataclass(frozen=True, slots=True)
class Found:
    """Fields and text of a member, or around it: its name, a comment."""

    spot: Spot
    format: str
    item: Passage | Batch


@dataclass(frozen=True, slots=True)
class Named:
    """A member's format, known before it is read."""

    spot: Spot
    format: str


Event = Found | Named | Uninspectable


def accepts(contract: Contract, fmt: str, *, attached: bool = False) -> bool:
    """Whether a contract's formats include one, or its attachments' formats do."""
    patterns = contract.formats + (contract.attachments if attached else ())
    return any(fnmatchcase(fmt, pattern) for pattern in patterns)


def walk(
    source: Source,
    name: str,
    contract: Contract,
    meter: Meter,
    site: Site | None = None,
    noted: Noted | None = None,
) -> Iterator[Event]:
    """Everything in a file, in its order. A member's failure stops that member alone.

    Args:
        source: The file.
        name: Its name.
        contract: Whose formats may come.
        meter: What the whole walk may spend.
        site: What the site's rules say that readers must know.
        noted: Takes what readers learn of the whole file.

    Raises:
        NotReadableError: Only once the whole inspection's budget is spent.
        OSError: The source can't be read.
    """
    whole = _Walk(source, contract, meter, site or Site(), noted or Noted())
    yield from whole.found(Spot(), "", Passage(name, "file name", Carrier.NAME))
    yield from whole.member(source, name, Spot())


class _Walk:
    def __init__(
        self, file: Source, contract: Contract, meter: Meter, site: Site, noted: Noted
    ) -> None:
        self._noted = noted
        self._file, self._contract, self._meter, self._site = file, contract, meter, site
        self._encoded = 0

    def member(self, source: Source, name: str, spot: Spot) -> Iterator[Event]:
        """One member: named, then read if it may come and can be read."""
        try:
            kind = identify(source, name)
            yield Named(spot, kind.format)
            _admit(kind, self._contract, attached=spot.attached)
        except NotReadableError as error:
            yield spot.trouble(error)
            return
        lasting = source is self._file
        content = Content(source, name, kind.format, spot.depth, self._site, lasting, self._noted)
        yield from self._read(content, spot)

    def _read(self, content: Content, spot: Spot) -> Iterator[Event]:
        try:
            yield from self._items(content, spot)
            if not is_container(content.format):
                drain(content.source, self._meter)
        except NotReadableError as error:
            if is_spent(self._meter):
                raise
            yield spot.trouble(error)
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - any reader may crash on hostile bytes
            yield spot.crash(error)
        for fmt in sorted(content.met):
            try:
                admit(fmt, self._contract, attached=spot.attached)
            except NotReadableError as error:
                yield spot.trouble(error)

    def _items(self, content: Content, spot: Spot) -> Iterator[Event]:
        if is_container(content.format) and spot.depth >= self._meter.budget.depth:
            detail = f"containers nested deeper than {self._meter.budget.depth}"
            raise NotReadableError(Obstacle.TOO_DEEP, detail)
        for item in reader(content.format)(content, self._meter):
            if isinstance(item, Entry):
                document = not is_container(content.format)
                yield from self._entry(item, content, spot.inside(item, of_document=document))
            elif isinstance(item, Uninspectable):
                yield replace(item, member=spot.member, member_place=spot.place)
            else:
                yield from self.found(spot, content.format, item)

    def found(self, spot: Spot, fmt: str, item: Passage | Batch) -> Iterator[Event]:
        """Fields or text, and what the text carries in Base64 and other letters."""
        yield Found(spot, fmt, item)
        if isinstance(item, Passage) and _is_open(item):
            for piece in encoded(item.text):
                self._encoded += 1
                yield from self._undone(piece, item, spot, fmt)

    def _undone(self, piece: Encoded, around: Passage, spot: Spot, fmt: str) -> Iterator[Event]:
        """One encoded piece of a passage, as a member of its own; text is what it stands in."""
        where = around.where if isinstance(around.where, str) else around.where()
        if piece.data is None:
            yield spot.trouble(NotReadableError(Obstacle.UNKNOWN_TYPE, _ENCODED_UNKNOWN, where))
            return
        inside = spot.undone(self._encoded, f"{where} ({piece.scheme})")
        if inside.depth > self._meter.budget.depth + _ENCODINGS:
            detail = f"encodings nested deeper than {_ENCODINGS}"
            yield spot.trouble(NotReadableError(Obstacle.TOO_DEEP, detail, where))
            return
        source = BytesIO(piece.data)
        if piece.scheme not in RUNS or identify(source, "").format == TEXT:
            # Text shorter than the text it stands in: no format that a contract is asked about.
            for event in self._read(Content(source, "", TEXT, inside.depth), inside):
                yield replace(event, format=fmt) if isinstance(event, Found) else event
            return
        self._meter.enter(min(inside.depth, self._meter.budget.depth))
        yield from self.member(source, "", inside)

    def _entry(self, entry: Entry, around: Content, spot: Spot) -> Iterator[Event]:
        """One member of what ``around`` is."""
        if not is_container(around.format) and entry.ordinal:
            # Containers count their members themselves, before they unpack the next.
            self._meter.enter(spot.depth)
        if entry.name:
            name = Passage(entry.name, "member name", Carrier.NAME)
            yield from self.found(spot, around.format, name)
        for text in entry.texts:
            yield from self.found(spot, around.format, text)
        for fault in entry.faults:
            yield replace(fault, member=spot.member, member_place=spot.place)
        if entry.source is not None:
            yield from self.member(entry.source, entry.name or _unpacked(around.name), spot)


def _is_open(passage: Passage) -> bool:
    """Whether a passage is read for what its text may hold besides what its place says."""
    if passage.carrier is Carrier.FREE_TEXT:
        return passage.category is None
    return passage.carrier is Carrier.NAME or bool(passage.fault) or len(passage.text) > _LONG


def _unpacked(name: str) -> str:
    """What a compressed file without a name of its own inside holds: ``a.csv`` of ``a.csv.gz``."""
    return next((name.removesuffix(end) for end in _PACKED if name.endswith(end)), name)


def _admit(kind: Kind, contract: Contract, *, attached: bool) -> None:
    """Go on only with a format that we read and the contract names.

    Raises:
        NotReadableError: With the named verdict.
    """
    kind.check()
    x12 = kind.format.removeprefix(_X12) if kind.format.startswith(_X12) else ""
    if x12 and x12 not in HEALTH_CARE and x12 != "unknown":
        raise NotReadableError(
            Obstacle.UNSUPPORTED_TYPE, f"X12 {x12} is not a health care transaction set"
        )
    # A damaged interchange is named by what is wrong with it, which its parser says.
    if x12 != "unknown":
        admit(kind.format, contract, attached=attached)


def admit(fmt: str, contract: Contract, *, attached: bool) -> None:
    """Go on only with a format that the contract names.

    Raises:
        NotReadableError: ``format-not-in-contract``.
    """
    if not accepts(contract, fmt, attached=attached):
        raise NotReadableError(
            Obstacle.NOT_IN_CONTRACT, f"{fmt} is not a format of the contract {contract.contract}"
        )


def is_spent(meter: Meter) -> bool:
    """Whether the whole inspection has to stop, and not only one member's."""
    if meter.spent_bytes > meter.budget.bytes or meter.spent_entries > meter.budget.entries:
        return True
    try:
        meter.check_time()
    except NotReadableError:
        return True
    return False
