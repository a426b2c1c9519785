"""Places in a text: readable ones that know more than one string says, and bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from dlp.model import Passage

_ENDS: Final = re.compile(r"\r\n|\n|\r")
_ENCODINGS: Final = ("utf-8", "latin-1", "utf-16-le")


@dataclass(frozen=True, slots=True)
class LinePlace:
    """A place in a text by line, for a passage of several lines.

    Attributes:
        first: The passage's first line, from 1.
        text: The passage's text.
    """

    first: int
    text: str

    def __call__(self) -> str:
        """Where the passage starts."""
        return f"line {self.first}"

    def at(self, start: int) -> str:
        """Where the character ``start`` of the passage stands."""
        return f"line {self.line(start)}"

    def line(self, start: int) -> int:
        """The line of the character ``start``, from 1."""
        return self.first + len(_ENDS.findall(self.text, 0, start))


def bytes_of(passage: Passage, start: int, end: int) -> tuple[int | None, int | None]:
    """The first byte and the number of bytes of some of a passage's characters.

    Those of the whole passage where characters don't map to bytes; None where nothing does.
    """
    text, offset, length = passage.text, passage.offset, passage.length
    if offset is None or length is None or (start == 0 and end == len(text)):
        return offset, length
    if passage.spans is not None:
        return passage.spans(start, end)
    if len(text) == length:
        return offset + start, end - start
    for encoding in _ENCODINGS:
        try:
            if len(text.encode(encoding)) == length:
                before = len(text[:start].encode(encoding))
                return offset + before, len(text[start:end].encode(encoding))
        except UnicodeEncodeError:
            continue
    return offset, length
