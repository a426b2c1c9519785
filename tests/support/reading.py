"""How tests run one reader over bytes."""

from __future__ import annotations

import io

from dlp.budget import Budget, Meter
from dlp.content import Content, Item, Reader
from dlp.model import NotReadableError, Obstacle, Passage, Uninspectable
from dlp.unpack.entry import Entry


def read(parse: Reader, data: bytes, budget: Budget | None = None) -> list[Item]:
    """Everything that a reader gives."""
    return list(parse(Content(io.BytesIO(data), "", "x/y"), Meter(budget or Budget())))


def texts(items: list[Item]) -> str:
    """All text, a passage a line."""
    return "\n".join(item.text for item in items if isinstance(item, Passage))


def obstacles(items: list[Item]) -> set[Obstacle]:
    """What stopped the reader."""
    return {item.obstacle for item in items if isinstance(item, Uninspectable)}


def entries(items: list[Item]) -> list[bytes]:
    """The members' content."""
    return [
        item.source.read() for item in items if isinstance(item, Entry) and item.source is not None
    ]


def survives(parse: Reader, data: bytes) -> bool:
    """Whether bytes give items or the one error that readers raise."""
    try:
        return bool(read(parse, data, Budget(seconds=20))) or True
    except NotReadableError:
        return True
