"""Containers as one reader among the others."""

from __future__ import annotations

from collections.abc import Iterator

from dlp.budget import Meter
from dlp.content import Content, Item
from dlp.unpack import CONTAINERS


def read(content: Content, meter: Meter) -> Iterator[Item]:
    """The members of a container.

    Raises:
        NotReadableError: As its opener says.
    """
    yield from CONTAINERS[content.format](content.source, meter, content.depth + 1)
