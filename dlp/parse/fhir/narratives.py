"""Narratives in JSON: XHTML inside a string, as it is shown and with what it hides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dlp.model import Carrier, Passage, Spans
from dlp.parse.cells import Cells
from dlp.parse.jsonleaf import Leaf, places_of
from dlp.parse.markup import Fragment, fragments

STYLE: Final = re.compile(r"(?!.*[0-9]{4})[\s\w.:;,%#/()-]{0,200}", re.DOTALL)
"""What a class or a style says: no number long enough to be anybody's."""
_NAMESPACE: Final = "http://www.w3.org/1999/xhtml"


def narrative(leaf: Leaf, where: str) -> Iterator[Passage]:
    """XHTML: what is shown, and what attributes and comments hide."""
    text, places = places_of(leaf)
    cells = Cells()
    for index, found in enumerate(fragments(text), 1):
        if not isinstance(found, Fragment):
            cells.tag(found.name)
            continue
        if _is_layout(found):
            continue
        known = None if found.kind else cells.told(found.text)
        kind = f" {found.kind}" if found.kind else ""
        first, end = places[found.places[0]], places[found.places[-1]]
        yield Passage(
            found.text, f"{where} text {index}{kind}", Carrier.FREE_TEXT,
            known.category if known else None, part=known.part if known else "",
            offset=leaf.offset + first, length=end - first, spans=_spans(leaf, places, found),
        )  # fmt: skip


def _is_layout(found: Fragment) -> bool:
    if found.kind == "attribute xmlns":
        return found.text == _NAMESPACE
    return found.kind == "attribute class" and STYLE.fullmatch(found.text) is not None


def _spans(leaf: Leaf, places: list[int], found: Fragment) -> Spans:
    def spans(start: int, end: int) -> tuple[int, int]:
        first = places[found.places[start]]
        return leaf.offset + first, places[found.places[end]] - first

    return spans
