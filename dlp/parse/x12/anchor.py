"""Readable places by ordinals: ``837P ST#1 CLM#3 NTE#1-02``."""

from __future__ import annotations

from typing import NamedTuple


class Anchor(NamedTuple):
    """The part of a place that all segments of a loop share."""

    prefix: str
    top: bytes = b""
    top_ordinal: int = 0
    sub: bytes = b""
    sub_ordinal: int = 0


def place_of(
    anchor: Anchor, name: bytes, ordinal: int, part: tuple[int, int, int] = (0, 0, 0)
) -> str:
    """The readable place of a segment by its ordinal, or of an element (component, repetition)."""
    element, component, repetition = part
    words = [anchor.prefix]
    if name in (b"ISA", b"ST"):
        return f"{anchor.prefix}-{element:02}" if element else anchor.prefix
    if anchor.top and not (anchor.top == name and not anchor.sub):
        words.append(f"{anchor.top.decode()}#{anchor.top_ordinal}")
    elif anchor.top:
        ordinal = anchor.top_ordinal
    if anchor.sub and anchor.sub != name:
        words.append(f"{anchor.sub.decode()}#{anchor.sub_ordinal}")
    elif anchor.sub:
        ordinal = anchor.sub_ordinal
    last = f"{name.decode('ascii', 'replace')}#{ordinal}"
    if element:
        last += f"-{element:02}"
    if repetition:
        last += f"[{repetition + 1}]"
    if component:
        last += f"-{component}"
    return " ".join([*words, last])
