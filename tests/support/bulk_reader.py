"""A reader of a made-up format, in bulk or passage by passage: ``name::note`` lines.

The same file must give the same report either way, whatever fits in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice

from dlp.batch import Batch, Kind
from dlp.budget import Meter
from dlp.content import Content, Item
from dlp.model import Carrier, Category, Passage
from dlp.vocabulary import Vocabulary

NAMES = Kind(Carrier.IDENTIFIER_FIELD, Category.NAME)
BLOCK = 4


class People:
    """Names by the block."""

    def __init__(self, passages: list[Passage]) -> None:
        self._passages = passages

    @property
    def counts(self) -> Mapping[Kind, int]:
        return Counter({NAMES: len(self._passages)})

    @property
    def start(self) -> int:
        return self._passages[0].offset or 0

    @property
    def weight(self) -> int:
        return 20 * 2**20

    def first(self, kind: Kind, limit: int) -> Iterator[Passage]:
        assert kind == NAMES
        return islice(self._passages, limit)

    def likely(self, vocabulary: Vocabulary) -> Iterator[Passage]:
        return (passage for passage in self._passages if vocabulary.may_mean(passage))


def _lines(content: Content) -> Iterator[tuple[Passage, Passage | None]]:
    content.source.seek(0)
    offset = 0
    for number, line in enumerate(content.source.read().decode().splitlines(keepends=True), 1):
        name, _, note = line.rstrip("\n").partition("::")
        field = Passage(
            name, f"line {number}", Carrier.IDENTIFIER_FIELD, Category.NAME, offset=offset,
            length=len(name), record=number, part="full",
        )  # fmt: skip
        at = offset + len(name) + 2
        text = Passage(note, f"line {number} note", Carrier.FREE_TEXT, offset=at, length=len(note))
        yield field, text if note else None
        offset += len(line)


def slowly(content: Content, meter: Meter) -> Iterator[Item]:
    for field, note in _lines(content):
        yield field
        if note:
            yield note


def in_bulk(content: Content, meter: Meter) -> Iterator[Item]:
    block: list[Passage] = []
    for field, note in _lines(content):
        block.append(field)
        if note:
            yield note
        if len(block) == BLOCK:
            yield _batch(block)
            block = []
    if block:
        yield _batch(block)


def _batch(block: list[Passage]) -> Batch:
    return People(block)
