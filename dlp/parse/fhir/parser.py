"""FHIR JSON, one entry of a Bundle or one line of NDJSON at a time."""

from __future__ import annotations

from collections.abc import Iterator

from dlp.budget import Meter
from dlp.content import Content, Item
from dlp.parse.fhir.elements import Reading
from dlp.parse.jsontree import records


def parse(content: Content, meter: Meter) -> Iterator[Item]:
    """Every element of every resource, at the memory of the largest one.

    Raises:
        NotReadableError: As :func:`dlp.parse.jsontree.records` does.
    """
    reading = Reading()
    for record in records(content.source, meter, "entry"):
        meter.check_time()
        place = f"resource {record.ordinal} " if record.ordinal else ""
        yield from reading.record(record, place)
