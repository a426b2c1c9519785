"""Names and addresses of people whom the file's own fields don't name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Final, NamedTuple

from dlp.detect.reading import Reading
from dlp.model import Match
from dlp.names.filter import worth_reading
from dlp.names.judge import Judge
from dlp.names.model import NameModel, Probabilities
from dlp.names.spans import Scored, addresses, names
from dlp.names.wordpiece import Word

_PIECES: Final = 126
"""Of a window: long enough for any sentence that people write, short enough for attention."""
_OVERLAP: Final = 20
"""Words that two windows of one long sentence share: a name and what stands beside it."""
_FAINT: Final = 0.1
_MOST_KNOWN: Final = 20_000
_Key = bytes
_Known = tuple[tuple[int, int, tuple[float, ...]], ...]


class _Window(NamedTuple):
    key: _Key
    start: int
    words: list[Word]


class Strangers:
    """The model with what is around it; sentences met before cost nothing.

    What is kept of a sentence is a keyless digest and where in it the model saw something, never
    its text; at most 20,000 sentences.

    Args:
        model: The loaded model.
        sift: Ask the model only about sentences that may hold a name.
    """

    def __init__(self, model: NameModel, *, sift: bool = True) -> None:
        self._model, self._sift = model, sift
        self._known: dict[_Key, _Known] = {}
        #: Characters seen, and given to the model: what the filter spares.
        self.seen = self.read = 0

    def find(self, reading: Reading, check: Callable[[], None] = lambda: None) -> Iterator[Match]:
        """Names and addresses in one text, in no order. Linear; any text will do.

        Args:
            reading: The text.
            check: Called before every run of the model, some 3 ms apart; may raise to stop.
        """
        scored: dict[int, Scored] = {}
        for window in self._windows(reading):
            check()
            for start, end, chances in self._seen_in(window):
                word = Scored(window.start + start, window.start + end, chances)
                # Of two windows, the one that sees the word's neighbours is surer of it.
                if word.start not in scored or sum(scored[word.start].chances) < sum(chances):
                    scored[word.start] = word
        words = [scored[start] for start in sorted(scored)]
        if words:
            judge = Judge(reading)
            found = (judge.match(name) for name in names(reading.text, words))
            yield from (match for match in found if match is not None)
            yield from addresses(reading, words)

    def _seen_in(self, window: _Window) -> _Known:
        known = self._known.get(window.key)
        if known is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            rows = self._model.tag([piece for word in window.words for piece in word.pieces])
            known = self._known[window.key] = tuple(_faint(window, rows))
        return known

    def _windows(self, reading: Reading) -> Iterator[_Window]:
        self.seen += len(reading.text)
        cut = self._model.wordpiece.words
        if self._sift:
            places = [(s.start, s.end) for s in worth_reading(reading)]
        else:
            places = [(0, len(reading.text))]
        for start, end in places:
            self.read += end - start
            for words in _cut(cut(reading.text, start, end)):
                first, last = words[0].start, words[-1].end
                text = reading.text[first:last].encode("utf-8", "surrogatepass")
                yield _Window(blake2b(text, digest_size=16).digest(), first, words)


def _cut(words: list[Word]) -> Iterator[list[Word]]:
    """A sentence's words in windows of bounded size that overlap."""
    begin, pieces = 0, 0
    for index, word in enumerate(words):
        pieces += len(word.pieces)
        if pieces > _PIECES and index > begin:
            yield words[begin:index]
            # At least half of every window is new, however many pieces a word has.
            begin = max(index - _OVERLAP, (begin + index + 1) // 2)
            pieces = sum(len(w.pieces) for w in words[begin : index + 1])
    if words[begin:]:
        yield words[begin:]


def _faint(window: _Window, rows: Probabilities) -> Iterator[tuple[int, int, tuple[float, ...]]]:
    """The words that the model takes for something, each by the mean of its pieces."""
    place = 0
    # Most sentences hold nothing, which one look at the whole tells.
    loud = rows.sum(axis=1) if len(rows) else rows
    if not len(rows) or float(loud.max()) < _FAINT:
        return
    for start, end, pieces in window.words:
        mine = rows[place : place + len(pieces)]
        place += len(pieces)
        if not len(mine):
            return
        chances = tuple(float(c) for c in mine.mean(axis=0))
        if sum(chances) >= _FAINT:
            yield start - window.start, end - window.start, chances
