"""FHIR, one entry of a Bundle or one line of NDJSON at a time."""

from __future__ import annotations

from collections.abc import Iterator

from dlp.budget import Meter
from dlp.content import Content, Item
from dlp.model import Passage
from dlp.parse.fhir.elements import Reading
from dlp.parse.fhir.xmltree import resources
from dlp.parse.jsontree import Record, records


def parse(content: Content, meter: Meter) -> Iterator[Item]:
    """Every element of every resource of JSON or NDJSON, at the memory of the largest one.

    Raises:
        NotReadableError: As :func:`dlp.parse.jsontree.records` does.
    """
    yield from _read(records(content.source, meter, "entry"), meter)


def parse_xml(content: Content, meter: Meter) -> Iterator[Item]:
    """The same of XML (R4 section 2.6.1), and all text besides that FHIR's XML has no place for.

    Raises:
        NotReadableError: As :func:`dlp.parse.xmlevents.events` does.
    """
    yield from _read(resources(content.source, meter), meter)


def _read(found: Iterator[Record] | Iterator[Record | Passage], meter: Meter) -> Iterator[Item]:
    reading = Reading()
    for record in found:
        meter.check_time()
        if isinstance(record, Passage):
            yield record
            continue
        place = f"resource {record.ordinal} " if record.ordinal else ""
        yield from reading.record(record, place)
