"""Readable places in XML: names with ordinals, and no name that may itself be somebody's data."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

_DESIGNED: Final = re.compile(r"[A-Za-z_][A-Za-z_.-]{0,39}[0-9]{0,3}")
_SHOWN: Final = 6
"""Elements shown of a path, the innermost ones."""


def is_designed(name: str) -> bool:
    """Whether an element's or attribute's name looks like a format's own."""
    return bool(_DESIGNED.fullmatch(name.rpartition(":")[2]))


class Path:
    """The elements open at a place of a document.

    Attributes:
        names: Theirs, the innermost last.
        serials: How many elements had begun with each of them, from 0 for the document.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.serials: list[int] = [0]
        self._begun = 0
        self._ordinals: list[int] = []
        self._children: list[Counter[str]] = [Counter()]

    def enter(self, local: str) -> None:
        """Go into an element."""
        self._children[-1][local] += 1
        self._ordinals.append(self._children[-1][local])
        self.names.append(local)
        self._begun += 1
        self.serials.append(self._begun)
        self._children.append(Counter())

    def leave(self) -> None:
        """Go out of the innermost one."""
        self.names.pop()
        self.serials.pop()
        self._ordinals.pop()
        self._children.pop()

    def where(self, attribute: str = "") -> str:
        """The place, such as ``patient/name[2]/given``."""
        shown = [
            (name if is_designed(name) else "element") + (f"[{ordinal}]" if ordinal > 1 else "")
            for name, ordinal in zip(self.names[-_SHOWN:], self._ordinals[-_SHOWN:], strict=True)
        ]
        end = f"@{attribute if is_designed(attribute) else 'attribute'}" if attribute else ""
        return "/".join(shown) + end
