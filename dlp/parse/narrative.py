"""The narrative block: runs of text joined to what a reader sees as one line."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from dlp.model import Carrier, Passage, Spans
from dlp.parse.cells import Cells
from dlp.parse.xmlevents import Text
from dlp.parse.xmlpath import Path


class Block:
    """An element that is shown to people: a CDA section's ``text``, a FHIR resource's ``div``.

    Args:
        depth: Elements open including it.
        inline: Elements that don't end a line of text.
    """

    def __init__(self, depth: int, inline: Collection[str]) -> None:
        self.depth, self._inline = depth, inline
        self._runs: list[Text] = []
        self._where = ""
        self._cells = Cells()

    def start(self, local: str) -> Iterator[Passage]:
        """An element begins: unless it is an inline one the line has ended."""
        if local not in self._inline:
            yield from self._line()
        elif local == "br" and self._runs:
            self._runs.append(line_end(self._runs[-1]))
        self._cells.start(local)

    def end(self, local: str, path: Path) -> Iterator[Passage]:
        """An element ends, and with it the line unless it is an inline one."""
        if local not in self._inline or len(path.names) == self.depth:
            yield from self._line()
        self._cells.end(local)

    def add(self, event: Text, path: Path) -> None:
        """A run of text."""
        if not self._runs:
            self._where = path.where()
        self._runs.append(event)

    def _line(self) -> Iterator[Passage]:
        yield from map(self._cells.passage, self._plain_line())

    def _plain_line(self) -> Iterator[Passage]:
        runs, self._runs = self._runs, []
        if any(run.text.strip() for run in runs):
            yield joined(runs, self._where)


def joined(runs: list[Text], where: str) -> Passage:
    """What runs of text make together; a place over several has the tags between them."""
    text = "".join(run.text for run in runs)
    first, last = runs[0], runs[-1]
    if first.offset is None or last.offset is None or last.length is None:
        return Passage(text, where, Carrier.FREE_TEXT)
    end = last.offset + last.length
    spans = first.spans if len(runs) == 1 else _joined(runs)
    return Passage(
        text, where, Carrier.FREE_TEXT, offset=first.offset, length=end - first.offset,
        spans=spans,
    )  # fmt: skip


def line_end(before: Text) -> Text:
    """A line's end behind a run, at no byte of its own."""
    if before.offset is None or before.length is None:
        return Text("\n", None, None, None)
    at = before.offset + before.length
    return Text("\n", at, 0, lambda _start, _end: (at, 0))


def _joined(runs: list[Text]) -> Spans:
    """From characters of the joined text to bytes, with the tags between in what spans runs."""
    starts, total = [], 0
    for run in runs:
        starts.append(total)
        total += len(run.text)

    def at(place: int, *, last: bool) -> int:
        """The first byte of a character, or one past its last."""
        index = max(i for i, start in enumerate(starts) if start <= place)
        run, inside = runs[index], place - starts[index]
        offset = run.offset or 0
        if run.spans:
            first, length = run.spans(inside, inside + 1)
            return first + length if last else first
        before = len(run.text[: inside + last].encode())
        return offset + before

    def spans(start: int, end: int) -> tuple[int, int]:
        first = at(start, last=False) if start < total else at(total - 1, last=True)
        return first, (at(end - 1, last=True) - first if end > start else 0)

    return spans
