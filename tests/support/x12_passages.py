"""What the X12 walker makes of bytes."""

from __future__ import annotations

import io
from collections.abc import Iterator

from dlp.budget import Budget, Meter
from dlp.content import Content
from dlp.model import Passage
from dlp.parse import x12


def slow_passages(data: bytes) -> Iterator[Passage]:
    """Each field as a passage, without the attachments.

    Raises:
        NotReadableError: As the reader does.
    """
    for item in x12.parse_slowly(Content(io.BytesIO(data), "", "x12"), Meter(Budget())):
        if isinstance(item, Passage):
            yield item
