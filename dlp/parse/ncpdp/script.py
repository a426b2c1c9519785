"""NCPDP SCRIPT as XML: prescriptions and what is written about them, element by element."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dlp.budget import Meter
from dlp.content import Content, Item
from dlp.detect.checksums import npi
from dlp.model import Carrier, Category, Passage, Subject
from dlp.parse.ncpdp import script_roles as roles
from dlp.parse.xmldoc import is_namespace, passage
from dlp.parse.xmlevents import End, Start, Text, events
from dlp.parse.xmlpath import Path, is_designed

_OPENS: Final = frozenset({"Name", "CardHolderName", "Address", "FormerName", "Pharmacist"})
"""Elements whose children are one person's name or one address."""
_TOWARDS: Final = 3
"""Elements around a value that say what it is."""


def parse(content: Content, meter: Meter) -> Iterator[Item]:
    """Everything in a message.

    Raises:
        NotReadableError: As :func:`dlp.parse.xmlevents.events` does.
    """
    yield from _Message().run(content, meter)


class _Message:
    def __init__(self) -> None:
        self._path = Path()
        self._subjects = [Subject.PERSON]
        self._records = [0]
        self._count = 0

    def run(self, content: Content, meter: Meter) -> Iterator[Item]:
        for event in events(content.source, meter):
            if isinstance(event, Start):
                yield from self._start(event)
            elif isinstance(event, End):
                self._path.leave()
                self._subjects.pop()
                self._records.pop()
            elif event.kind:
                yield passage(event, f"{self._path.where()} {event.kind}".strip())
            elif event.text.strip():
                yield from self._text(event)

    def _start(self, event: Start) -> Iterator[Passage]:
        self._path.enter(event.local)
        self._subjects.append(self._subject(event.local))
        self._count += event.local in _OPENS
        self._records.append(self._count if event.local in _OPENS else self._records[-1])
        for name in (event.name, *(a.name for a in event.attributes)):
            if not is_designed(name):
                yield Passage(name, f"{self._path.where()} odd name", Carrier.FREE_TEXT)
        for attribute in event.attributes:
            plain = is_namespace(attribute) or roles.PLAIN.fullmatch(attribute.text)
            if not plain and attribute.text.strip():
                yield passage(attribute, self._path.where(attribute.name))

    def _subject(self, local: str) -> Subject:
        if local in roles.PERSONS:
            return Subject.PERSON
        return Subject.PROVIDER if local in roles.STAFF else self._subjects[-1]

    def _text(self, event: Text) -> Iterator[Passage]:
        text = event.text.strip()
        found = self._role(text)
        if found is not None:
            yield self._field(event, *found)
        elif self._path.names[-1] == "NPI" and npi(text):
            return
        elif not roles.PLAIN.fullmatch(text):
            yield passage(event, self._path.where())

    def _role(self, text: str) -> tuple[Category, str, Carrier] | None:
        """What an element's text is by the standard; None for text, and for what doesn't fit."""
        local, around = self._path.names[-1], self._path.names[-_TOWARDS - 1 : -1]
        category, part = self._named(local, around)
        if category is not None:
            fits = roles.fits(category, part, text)
            return (category, part, Carrier.IDENTIFIER_FIELD) if fits else None
        # The header's time is the message's, as its numbers are.
        if roles.DATE.fullmatch(text) and local != "SentTime":
            return Category.SERVICE_DATE, "", Carrier.CODED
        if local == "Code":
            for name in reversed(around):
                system, kind = roles.CODES.get(name, ("", Category.OTHER_ID))
                if system and roles.CODE_SHAPES[system].fullmatch(text):
                    return kind, system, Carrier.CODED
        return None

    @staticmethod
    def _named(local: str, around: list[str]) -> tuple[Category | None, str]:
        if local in roles.NAMES:
            return Category.NAME, roles.NAMES[local]
        if local in roles.ADDRESS:
            return Category.ADDRESS, roles.ADDRESS[local]
        if "DateOfBirth" in (local, *around[-1:]):
            return Category.BIRTH_DATE, ""
        if local == "Number":
            kinds = (roles.NUMBERS[name] for name in around if name in roles.NUMBERS)
            return next(kinds, Category.PHONE), ""
        return roles.IDS.get(local), ""

    def _field(self, event: Text, category: Category, part: str, carrier: Carrier) -> Passage:
        return Passage(
            event.text, self._path.where(), carrier, category, self._subjects[-1], event.offset,
            event.length, record=self._records[-1], part=part, spans=event.spans,
        )  # fmt: skip
