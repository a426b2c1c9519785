"""What the second look needs of the first: the open text and the batches, while they fit."""

from __future__ import annotations

from typing import Final, NamedTuple

from dlp.batch import Batch
from dlp.model import Passage
from dlp.parse.lines import LinesPlace
from dlp.vocabulary import Vocabulary
from dlp.walk import Spot

_OVERHEAD: Final = 512
"""Bytes that a kept passage costs besides its text, and each line that is a field of its own."""
_BATCH_BYTES: Final = 72 * 2**20
"""Bytes of batches kept; beyond them the file is read again for the people it may speak of."""
_MOST_WORDS: Final = 500_000
"""Words, ids and days of open text that people are compared with, some 100 bytes each."""


class Open(NamedTuple):
    """An open passage kept for the second look."""

    order: int
    spot: Spot
    format: str
    passage: Passage


class Kept:
    """Open passages and batches of one file.

    Args:
        text_bytes: Bytes of open text kept at most, as in :class:`~dlp.budget.Budget`.

    Attributes:
        open: The open passages, all of them if ``has_all_text``.
        batches: The batches, all of them if ``has_all_batches``.
        has_all_text: Whether the second look can do without reading the file again.
        has_all_batches: The same for learning whom the file is about.
        met_batch: Whether there was any batch.
    """

    def __init__(self, text_bytes: int) -> None:
        self.open: list[Open] = []
        self.batches: list[Batch] = []
        self.has_all_text = self.has_all_batches = True
        self.met_batch = False
        self._text_left, self._batch_left = text_bytes, _BATCH_BYTES
        self._words = Vocabulary()

    def add_text(self, item: Open) -> None:
        """Keep an open passage, or only its words once there are too many."""
        if not self.has_all_text:
            self._note(item)
            return
        self._text_left -= _weight(item.passage)
        self.open.append(item)
        if self._text_left < 0:
            self.has_all_text = False
            for kept in self.open:
                self._note(kept)
            self.open.clear()

    def _note(self, item: Open) -> None:
        if not self.is_saturated:
            self._words.add(item.passage.text)

    @property
    def is_saturated(self) -> bool:
        """Whether there was more open text than people can be compared with."""
        return len(self._words) > _MOST_WORDS

    def add_batch(self, batch: Batch) -> None:
        """Keep a batch, or only know that there are too many."""
        self.met_batch = True
        self._batch_left -= batch.weight
        if self._batch_left < 0:
            self.has_all_batches = False
            self.batches.clear()
        elif self.has_all_batches:
            self.batches.append(batch)

    def vocabulary(self) -> Vocabulary:
        """Everything the open text may say; made from what is kept."""
        for item in self.open:
            self._note(item)
        return self._words


def _weight(passage: Passage) -> int:
    """About how many bytes a kept passage costs."""
    lines = len(passage.where.lines) if isinstance(passage.where, LinesPlace) else 1
    return len(passage.text) + _OVERHEAD * lines
