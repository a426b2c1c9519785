"""CDA in one pass: where in the document an element stands says whom it is about."""

from __future__ import annotations

import io
from collections.abc import Iterator

from dlp.budget import Meter
from dlp.content import Content, Item
from dlp.detect.checksums import npi
from dlp.model import Carrier, Category, Passage, Subject
from dlp.parse import contacts
from dlp.parse.base64s import unwrapped
from dlp.parse.ccda import roles
from dlp.parse.keyed import is_title, told
from dlp.parse.misplaced import has_ssn
from dlp.parse.narrative import Block
from dlp.parse.xmldoc import is_namespace, passage
from dlp.parse.xmlevents import Attribute, End, Start, Text, events
from dlp.parse.xmlpath import Path, is_designed
from dlp.unpack.entry import Entry


def parse(content: Content, meter: Meter) -> Iterator[Item]:
    """Everything in a document.

    Raises:
        NotReadableError: As :func:`dlp.parse.xmlevents.events` does.
    """
    yield from _Document().run(content, meter)


class _Document:
    def __init__(self) -> None:
        self._path = Path()
        self._subjects = [Subject.PERSON]
        self._labels = ["", ""]
        self._record = self._attachments = self._given = 0
        self._encoded = ""
        self._data: list[Text] = []
        self._block: Block | None = None

    def run(self, content: Content, meter: Meter) -> Iterator[Item]:
        for event in events(content.source, meter):
            if isinstance(event, Start):
                yield from self._start(event)
            elif isinstance(event, End):
                yield from self._end(event)
            else:
                yield from self._text(event)

    def _start(self, event: Start) -> Iterator[Item]:
        self._path.enter(event.local)
        for name in (event.name, *(a.name for a in event.attributes)):
            if not is_designed(name):
                yield Passage(name, f"{self._path.where()} odd name", Carrier.FREE_TEXT)
        self._subjects.append(self._subject(event.local))
        self._labels.append("")
        if event.local in ("name", "addr"):
            self._record += 1
            self._given = 0
        attributes = {a.name.rpartition(":")[2]: a for a in event.attributes}
        if attributes.get("representation", _NONE).text == "B64":
            self._encoded = event.local
        if self._block:
            yield from self._block.start(event.local)
        elif event.local == "text" and not self._encoded:
            self._block = Block(len(self._path.names), roles.NARRATIVE_INLINE)
        for attribute in event.attributes:
            yield from self._attribute(attribute, event.local, attributes)

    def _subject(self, local: str) -> Subject:
        if local in roles.PERSONS:
            return Subject.PERSON
        return Subject.PROVIDER if local in roles.STAFF else self._subjects[-1]

    def _end(self, event: End) -> Iterator[Item]:
        if self._block:
            yield from self._block.end(event.local, self._path)
            if len(self._path.names) == self._block.depth:
                self._block = None
        if event.local == self._encoded:
            yield from self._document()
            self._encoded = ""
        self._path.leave()
        self._subjects.pop()
        self._labels.pop()

    def _text(self, event: Text) -> Iterator[Item]:
        local = self._path.names[-1] if self._path.names else ""
        if event.kind:
            yield passage(event, f"{self._path.where()} {event.kind}".strip())
        elif self._encoded:
            self._data.append(event)
        elif self._block:
            self._block.add(event, self._path)
        elif not event.text.strip():
            return
        elif "name" in self._path.names[-2:] and (local == "name" or local in roles.NAMES):
            yield self._name(event, local)
        elif "addr" in self._path.names[-2:] and local in roles.ADDRESS:
            yield self._field(event, Category.ADDRESS, roles.ADDRESS[local])
        else:
            yield self._named(event, local) or passage(event, self._path.where())

    def _named(self, found: Text | Attribute, local: str) -> Passage | None:
        """A value that its observation's code names: ``displayName="SSN"``."""
        known = told(self._labels[-2], found.text.strip()) if local == "value" else None
        if known is None:
            return None
        where = self._path.where(found.name if isinstance(found, Attribute) else "")
        return passage(found, where)._replace(category=known.category, part=known.part)

    def _name(self, event: Text, local: str) -> Passage:
        """A part of a name; the first given name, and the others as middle names."""
        part = roles.NAMES.get(local, "full")
        if part == "first":
            self._given += 1
            part = "first" if self._given == 1 else "middle"
        return self._field(event, Category.NAME, part)

    def _document(self) -> Iterator[Item]:
        """What Base64 holds, whatever comments or tags stand between its pieces."""
        pieces, self._data = self._data, []
        data = unwrapped("".join(piece.text for piece in pieces))
        if data is None:
            yield from (passage(piece, self._path.where()) for piece in pieces)
            return
        if data:
            self._attachments += 1
            yield Entry(self._attachments, "", io.BytesIO(data), kind="attachment")

    def _attribute(
        self, found: Attribute, local: str, others: dict[str, Attribute]
    ) -> Iterator[Item]:
        name = found.name.rpartition(":")[2]
        if not found.text.strip() or is_namespace(found):
            return
        if name == "displayName" and local == "code" and is_title(found.text):
            self._labels[-2] = found.text.strip()
        if name == "extension" and local == "id":
            called = others.get("assigningAuthorityName", _NONE).text
            yield from self._id(found, others.get("root", _NONE).text, called)
        elif local == "telecom" and name == "value":
            yield from self._telecom(found)
        elif name == "value" and local in roles.DATES and roles.DATE.fullmatch(found.text):
            yield self._date(found, local)
        elif name == "code" and self._names_part(found, others):
            return
        elif name == "code" and (system := roles.system(found.text, others.get("codeSystem"))):
            part, category = roles.SYSTEMS[system]
            yield self._field(found, category, part, Carrier.CODED)
        elif not roles.fits(name, found.text):
            yield from self._other(found, name, local)

    def _names_part(self, found: Attribute, others: dict[str, Attribute]) -> bool:
        """Whether a code says what kind of document or section this is, in LOINC."""
        holder = self._path.names[-2] if len(self._path.names) > 1 else ""
        loinc = others.get("codeSystem", _NONE).text == roles.LOINC
        return (
            holder in ("ClinicalDocument", "section")
            and loinc
            and bool(roles.LOINC_CODE.fullmatch(found.text))
        )

    def _other(self, found: Attribute, name: str, local: str) -> Iterator[Item]:
        plain = name in ("value", "unit") and found.text.replace(".", "", 1).lstrip("-").isdigit()
        if not (plain and len(found.text) < 7):  # noqa: PLR2004 - no identifier is shorter
            yield self._named(found, local) or passage(found, self._path.where(name))

    def _id(self, found: Attribute, root: str, called: str) -> Iterator[Item]:
        if root == roles.NPI:
            if not npi(found.text.strip()):
                yield passage(found, self._path.where("extension"))
            return
        known = told(called, found.text.strip())
        category = roles.IDS.get(root) or (known.category if known else None)
        if category is None and root.startswith(roles.LICENCES):
            category = Category.LICENSE_NUMBER
        if category is None:
            of_patient = "patientRole" in self._path.names[-2:]
            category = Category.MEDICAL_RECORD_NUMBER if of_patient else Category.OTHER_ID
        whose = self._subjects[-1]
        staff = whose is Subject.PROVIDER and (has_ssn(found.text) or " " in found.text)
        if any(map(str.isdigit, found.text)) and not staff:
            yield self._field(found, category)
        else:
            yield passage(found, self._path.where("extension"))

    def _telecom(self, found: Attribute) -> Iterator[Item]:
        text = found.text.strip()
        category = next((c for start, c in roles.TELECOM if text.lower().startswith(start)), None)
        digits = sum(map(str.isdigit, text))
        if category is None and digits >= 7:  # noqa: PLR2004 - a telephone number's least
            category = Category.PHONE
        if category and contacts.fits(category, text):
            yield self._field(found, category)
        else:
            yield passage(found, self._path.where("value"))

    def _date(self, found: Attribute, local: str) -> Passage:
        births = {"birthTime": Category.BIRTH_DATE, "deceasedTime": Category.DEATH_DATE}
        if local in births:
            return self._field(found, births[local])
        return self._field(found, Category.SERVICE_DATE, "", Carrier.CODED)

    def _field(
        self, found: Text | Attribute, category: Category, part: str = "",
        carrier: Carrier = Carrier.IDENTIFIER_FIELD,
    ) -> Passage:  # fmt: skip
        where = self._path.where(found.name if isinstance(found, Attribute) else "")
        return Passage(
            found.text, where, carrier, category, self._subjects[-1], found.offset, found.length,
            record=self._record, part=part, spans=found.spans,
        )  # fmt: skip


_NONE = Attribute("", "", None, None, None)
