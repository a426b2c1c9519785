"""Readable places that know more than one string says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_ENDS: Final = re.compile(r"\r\n|\n|\r")


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
