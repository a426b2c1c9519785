"""The X12 parser: a member's bytes to items, in one pass at constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dlp.budget import Meter
from dlp.content import Content, Item
from dlp.parse.x12.bulk import (
    CodeBook,
    Stretch,
    shipped,
)
from dlp.parse.x12.formats import identify
from dlp.parse.x12.framing import (
    Binary,
    Block,
    Framer,
    Opening,
    Segments,
)
from dlp.parse.x12.reader import Reader

_HEAD: Final = 64 * 2**10


def parse(
    content: Content,
    meter: Meter,
    *,
    met: set[str] | None = None,
) -> Iterator[Item]:
    """What an X12 member holds: what is to be looked at, and fields by the thousand.

    Claims (837) are taken in bulk, megabytes at a time; everything else, and every segment of a
    claim that has more to say than its position does, comes as passages in the order of the file.
    Both ways give the same findings as :func:`parse_slowly`.

    Args:
        content: Its source is read from its start. Its site's protected codes must be those that
            the detectors know: bulk fields are counted by their labels.
        meter: Charged with every byte.
        met: Takes the format of each transaction set (``x12/837P``; ``x12/TA1`` where there are
            only acknowledgements of interchanges), for a caller that judges
            them itself. Without it a member whose sets differ from what :func:`identify` says of
            it is not readable: otherwise an 835 could hide behind an 837.

    Raises:
        NotReadableError: ``malformed`` when envelopes are damaged, the file is cut short or a
            segment has no end; ``unsupported-type`` for sets that aren't of health care and for a
            mix of sets. What stands before the damage, and all where only the mix is at fault,
            comes first.
    """
    book = CodeBook(
        content.site.protected or shipped(), asks_names=content.site.not_phi is not None
    )
    return _read(content, meter, met, book)


def parse_slowly(content: Content, meter: Meter, *, met: set[str] | None = None) -> Iterator[Item]:
    """As :func:`parse`, each field as a passage: what the bulk path is measured against."""
    return _read(content, meter, met, None)


def _read(
    content: Content, meter: Meter, met: set[str] | None, book: CodeBook | None
) -> Iterator[Item]:
    source = content.source
    source.seek(0)
    announced = identify(source.read(_HEAD))
    reader = Reader(
        announced, met, book, source if content.lasting else None, content.noted.interchanges
    )
    for frame in Framer(source, meter):
        if isinstance(frame, Block):
            for item in reader.block(frame):
                if isinstance(item, Stretch):
                    content.noted.states.update(item.states)
                yield item
            continue
        if isinstance(frame, Segments):
            yield from reader.segments(frame)
            continue
        if isinstance(frame, Opening):
            reader.open(frame)
        elif isinstance(frame, Binary):
            yield reader.binary(frame)
        else:
            reader.outside(frame)
        yield from reader.take()
    reader.finish()
