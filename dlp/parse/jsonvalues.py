"""JSON leaves as passages."""

from __future__ import annotations

import re
from typing import Final

from dlp.model import Carrier, Category, Passage, Subject
from dlp.parse.jsonleaf import Leaf, text_of

_KEY: Final = re.compile(r"[A-Za-z_$@#][A-Za-z_$@#.:/-]{0,39}")
"""A key that somebody who designs a format writes; any other may hold what it should label."""
_FEW_DIGITS: Final = re.compile(r"[A-Za-z_]{1,30}[0-9]{0,3}")
_LONG_NUMBER: Final = re.compile(rb"-?[0-9.]{7,}")


def passage(
    leaf: Leaf,
    where: str,
    category: Category | None = None,
    *,
    carrier: Carrier = Carrier.FREE_TEXT,
    subject: Subject = Subject.PERSON,
    record: int = 0,
    part: str = "",
) -> Passage:
    """A leaf's text with its place in bytes."""
    found, said = text_of(leaf), leaf.said
    offset, length = (said.offset, said.length) if said else (leaf.offset, len(leaf.raw))
    return Passage(
        found.text, where, carrier, category, subject, offset, length,
        record=record, part=part, spans=found.spans,
    )  # fmt: skip


def is_designed(key: str) -> bool:
    """Whether a key looks like a format's own and not like somebody's data."""
    return bool(_KEY.fullmatch(key) or _FEW_DIGITS.fullmatch(key))


def is_telling(leaf: Leaf) -> bool:
    """Whether an unquoted value is long enough to identify anybody."""
    return bool(_LONG_NUMBER.match(leaf.raw))
