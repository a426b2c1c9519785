"""The fields of one segment as items: names, addresses, ids, dates and codes by their data type."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from dlp.content import Item
from dlp.model import Carrier, Category, Passage
from dlp.parse.base64s import unwrapped
from dlp.parse.hl7v2.escapes import Delimiters, decoded, plain, prose
from dlp.parse.hl7v2.meaning import is_misplaced, is_person_date, meaning
from dlp.parse.hl7v2.table import AUTHORITIES, FIELDS, SYSTEMS, TYPES, Field
from dlp.parse.keyed import told
from dlp.parse.lines import Lines
from dlp.parse.misplaced import is_somebodys
from dlp.unpack.entry import Entry

_HARMLESS: Final = re.compile(rb"[A-Za-z]?|[0-9]{1,3}|\"\"")
"""A letter, a count, the explicit null: a name has two letters at least."""
_SEGMENT: Final = re.compile(rb"[A-Z][A-Z0-9]{2}")
_ENCODING_CHARACTERS: Final = re.compile(rb"[^A-Za-z0-9\s]{0,5}")
"""MSH-2: four, and from version 2.7 on the truncation character."""
_CODE: Final = re.compile(rb"[A-Za-z]{1,5}|(?=[^0-9]{0,9}[0-9])[A-Za-z0-9][A-Za-z0-9.\-+*/]{0,29}")
"""A code has a digit or is short; a longer word in its slot may be anybody's name."""
_FIELDS, _REPETITIONS = 10_000, 10_000
"""More than a segment and a field have: parts of one name share a record, repetitions don't."""
_HEADERS: Final = ("MSH", "FHS", "BHS")
_ENCAPSULATED: Final = ("ED", "RP")
_PROSE: Final = ("TX", "FT", "ST", "")
"""Types of observations (OBX-2) whose values may be lines of a report."""
_DATES: Final = ("TS", "DT", "DTM")


class Segment(NamedTuple):
    """One segment.

    Attributes:
        name: Three letters.
        raw: Its bytes.
        offset: The first one's place in the member.
        where: Its readable place.
        marks: The message's separators.
        ordinal: Of the segment in the file: parts of one name or address share it, and a document
            in it is the attachment of that number.
    """

    name: str
    raw: bytes
    offset: int
    where: str
    marks: Delimiters
    ordinal: int


class Piece(NamedTuple):
    """A part of a segment between separators."""

    raw: bytes
    offset: int
    where: str


class Line(NamedTuple):
    """A text that goes on in the segments that follow.

    Attributes:
        text: Which one: ``OBX``, ``NTE``, or the name of a site's own segment.
        passage: What the field says of it.
    """

    text: str
    passage: Passage


def items(segment: Segment) -> Iterator[Item | Line]:
    """Every field of a segment."""
    known = FIELDS.get(segment.name, {})
    fields = list(_pieces(Piece(segment.raw, segment.offset, segment.where), segment.marks.field))
    kind = fields[2].raw.decode("latin-1") if segment.name == "OBX" and len(fields) > 2 else ""  # noqa: PLR2004 - OBX-2
    yield from _head(fields, segment)
    for index, field in enumerate(fields):
        # MSH-1 is the separator itself, so what follows MSH-2 is one further than its index.
        number = index + (segment.name in _HEADERS)
        if index == 0 or (segment.name in _HEADERS and index == 1) or not field.raw:
            continue
        at = field._replace(where=f"{segment.where}-{number}")
        role = known.get(number)
        if segment.name == "OBX" and number == 5:  # noqa: PLR2004 - OBX-5, whose type OBX-2 says
            role = Field("ED" if kind in _ENCAPSULATED else _observed(kind))
        label = fields[3 if number == 5 else index - 1].raw  # noqa: PLR2004 - OBX-3 names OBX-5
        if (role is None or role.type == "TX") and (found := _labelled(at, label, segment)):
            yield found
        elif text := _continued(segment.name, number, kind):
            yield from (Line(text, line) for line in _repeated(at, segment.marks))
        else:
            yield from _field(at, role, segment.ordinal * _FIELDS + number, segment.marks)


def _continued(name: str, number: int, kind: str) -> str:
    """Which text a field of free text may be a line of; "" for none."""
    if name == "OBX":
        return name if number == 5 and kind in _PROSE else ""  # noqa: PLR2004 - OBX-5
    if name == "NTE":
        return name if number == 3 else ""  # noqa: PLR2004 - NTE-3, comment
    return name if name.startswith("Z") else ""


def _head(fields: list[Piece], segment: Segment) -> Iterator[Passage]:
    """What stands in the place of a segment's name, or behind the encoding characters."""
    if not _SEGMENT.fullmatch(fields[0].raw):
        yield from _text(fields[0], segment.marks)
    if segment.name in _HEADERS and len(fields) > 1:
        declared = _ENCODING_CHARACTERS.match(fields[1].raw)
        end = declared.end() if declared else 0
        extra = Piece(fields[1].raw[end:], fields[1].offset + end, f"{segment.where}-2")
        yield from _text(extra, segment.marks)


def _labelled(value: Piece, label: bytes, segment: Segment) -> Passage | None:
    """A value named by the field before it, or an observation by its identifier: SSN in OBX-3."""
    found = decoded(value.raw, value.offset, segment.marks)
    names = [plain(part) for part in label.split(segment.marks.component)[:2]]
    known = next(filter(None, (told(name, found.text.strip()) for name in names)), None)
    if known is None:
        return None
    return Passage(
        found.text, value.where, Carrier.FREE_TEXT, known.category, offset=value.offset,
        length=len(value.raw), part=known.part, spans=found.spans,
    )  # fmt: skip


def _observed(kind: str) -> str:
    return {"CWE": "CE", "CNE": "CE", "CE": "CE", "XPN": "XPN", "PN": "XPN", "XAD": "XAD",
            "CX": "CX", "XCN": "XCN", "XTN": "XTN"}.get(kind, "TX")  # fmt: skip


def _pieces(piece: Piece, separator: bytes) -> Iterator[Piece]:
    offset = piece.offset
    for raw in piece.raw.split(separator) if separator else [piece.raw]:
        yield Piece(raw, offset, piece.where)
        offset += len(raw) + 1


def _field(field: Piece, role: Field | None, record: int, marks: Delimiters) -> Iterator[Item]:
    if role is None or role.type == "TX":
        lines = Lines()
        for line in _repeated(field, marks):
            yield from lines.add(line)
        yield from lines.end()
        return
    for number, at in enumerate(_repetitions(field, marks), 1):
        if role.type == "ED":
            yield from _document(at, record // _FIELDS, marks)
        else:
            yield from _typed(at, role, record * _REPETITIONS + number, marks)


def _repetitions(field: Piece, marks: Delimiters) -> Iterator[Piece]:
    repetitions = list(_pieces(field, marks.repetition))
    for number, piece in enumerate(repetitions, 1):
        where = f"{field.where}[{number}]" if len(repetitions) > 1 else field.where
        yield piece._replace(where=where)


def _repeated(field: Piece, marks: Delimiters) -> Iterator[Passage]:
    """Free text of each repetition."""
    for piece in _repetitions(field, marks):
        yield from _text(piece, marks)


def _text(piece: Piece, marks: Delimiters) -> Iterator[Passage]:
    """Free text, as if without components: a name in a field that nobody defined is seen whole."""
    if _HARMLESS.fullmatch(piece.raw.strip()):
        return
    found = prose(piece.raw, piece.offset, marks)
    yield Passage(
        found.text, piece.where, Carrier.FREE_TEXT, offset=piece.offset, length=len(piece.raw),
        spans=found.spans,
    )  # fmt: skip


def _typed(piece: Piece, role: Field, record: int, marks: Delimiters) -> Iterator[Item]:
    parts = list(_pieces(piece, marks.component))
    if role.type == "CE":
        yield from _coded(parts, role, marks)
        return
    if role.type == "CX":
        role = role._replace(category=_kind_of(parts) or role.category)
    for number, part in enumerate(parts, 1):
        at = part._replace(where=f"{piece.where}.{number}" if len(parts) > 1 else piece.where)
        yield from _component(at, number, role, record, marks)


def _kind_of(parts: list[Piece]) -> Category | None:
    """What an identifier is by its type (CX.5), else by who assigned it (CX.4)."""
    said = [plain(part.raw).upper() for part in parts[3:5]]
    if len(said) > 1 and said[1] in TYPES:
        return TYPES[said[1]]
    return Category.SSN if said and AUTHORITIES & set(re.split("[&^]", said[0])) else None


def _component(
    piece: Piece, number: int, role: Field, record: int, marks: Delimiters
) -> Iterator[Item]:
    category, part, fits = meaning(piece.raw, number, role)
    if not piece.raw.strip() or piece.raw == b'""':
        return
    if category is None or not fits or is_misplaced(piece.raw, role):
        yield from _text(piece, marks)
        return
    if marks.subcomponent and marks.subcomponent in piece.raw:
        # The family name proper comes first (FN.1), the street line likewise (SAD.1).
        piece, *others = _pieces(piece, marks.subcomponent)
        for other in others:
            yield from _text(other, marks)
    found = decoded(piece.raw, piece.offset, marks)
    carrier = Carrier.CODED if role.type == "TS" and not is_person_date(role) else (
        Carrier.IDENTIFIER_FIELD
    )  # fmt: skip
    yield Passage(
        found.text, piece.where, carrier, category, role.subject, piece.offset, len(piece.raw),
        record=record, part=part, spans=found.spans,
    )  # fmt: skip


def _coded(parts: list[Piece], role: Field, marks: Delimiters) -> Iterator[Passage]:
    """A coded value and its translation: CE.1 to 3 and CE.4 to 6; the texts are free."""
    for number, part in enumerate(parts, 1):
        at = part._replace(where=f"{part.where}.{number}" if len(parts) > 1 else part.where)
        found = _code(parts, number, role) if number in (1, 4) else None
        if found:
            yield Passage(
                plain(part.raw), at.where, Carrier.CODED, found[1], role.subject,
                at.offset, len(part.raw), part=found[0],
            )  # fmt: skip
        elif number not in (3, 6) or not _is_code(part.raw):
            yield from _text(at, marks)


def _is_code(raw: bytes) -> bool:
    return bool(_CODE.fullmatch(raw)) and not is_somebodys(plain(raw))


def _code(parts: list[Piece], number: int, role: Field) -> tuple[str, Category] | None:
    """Code system and category of a code; None for what no system or field vouches for."""
    if not _is_code(parts[number - 1].raw):
        return None
    system = parts[number + 1].raw if len(parts) > number + 1 else b""
    if known := SYSTEMS.get(plain(system).upper()):
        return known
    return ("", role.category) if role.category else None


def _document(piece: Piece, ordinal: int, marks: Delimiters) -> Iterator[Item]:
    """Encapsulated data (ED): source, type, subtype, encoding, data."""
    parts = list(_pieces(piece, marks.component))
    for number, part in enumerate(parts, 1):
        at = part._replace(where=f"{piece.where}.{number}")
        coding = parts[3].raw.upper() if len(parts) > 3 else b""  # noqa: PLR2004 - ED.4
        data = _data(part, coding, marks) if number == 5 else None  # noqa: PLR2004 - ED.5
        if data:
            yield Entry(ordinal, "", io.BytesIO(data), kind="attachment")
        else:
            yield from _text(at, marks)


def _data(part: Piece, coding: bytes, marks: Delimiters) -> bytes | None:
    """The data of ED.5; None if it isn't encoded as ED.4 says, so that it is read as text."""
    written = decoded(part.raw, part.offset, marks).text
    if coding == b"BASE64":
        return unwrapped(written)
    try:
        return bytes.fromhex(written) if coding == b"HEX" else None
    except ValueError:
        return None
