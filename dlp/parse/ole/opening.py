"""Opening a compound file with olefile, whose own errors are many."""

from __future__ import annotations

import io
from typing import Final

import olefile

from dlp.budget import Meter
from dlp.model import NotReadableError, Obstacle, Source
from dlp.streams import read_exactly

MOST_BYTES: Final = 64 * 2**20
"""A larger file is too large: olefile and xlrd need all of it."""


def whole(source: Source, meter: Meter) -> bytes:
    """All bytes, charged.

    Raises:
        NotReadableError: Over :data:`MOST_BYTES`, or the budget is spent.
    """
    data = read_exactly(source, 0, MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        detail = f"an OLE file of more than {MOST_BYTES // 2**20} MiB"
        raise NotReadableError(Obstacle.TOO_LARGE, detail)
    meter.take(len(data))
    return data


def opened(data: bytes) -> olefile.OleFileIO:
    """The compound file.

    Raises:
        NotReadableError: It is damaged.
    """
    try:
        return olefile.OleFileIO(io.BytesIO(data))
    except Exception:  # noqa: BLE001 - struct, index, recursion: olefile checks little
        raise NotReadableError(Obstacle.MALFORMED, "the OLE file is damaged") from None


def paths(ole: olefile.OleFileIO) -> list[list[str]]:
    """Every stream's path.

    Raises:
        NotReadableError: The directory is damaged: it may go round in circles.
    """
    try:
        found: list[list[str]] = ole.listdir()
    except Exception:  # noqa: BLE001 - as above
        raise NotReadableError(Obstacle.MALFORMED, "the OLE file's directory is damaged") from None
    return found


def encrypted() -> NotReadableError:
    """What is said of a file with a password."""
    detail = "an encrypted Office file can't be opened here; send it without a password"
    return NotReadableError(Obstacle.ENCRYPTED, detail)
