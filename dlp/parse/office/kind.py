"""Which Office application a ZIP archive belongs to, told by its members."""

from __future__ import annotations

from typing import Final

from dlp.budget import Budget, Meter
from dlp.model import NotReadableError, Source
from dlp.unpack.zipdirectory import read_directory

_FOLDERS: Final = {b"word/": "office/docx", b"xl/": "office/xlsx", b"ppt/": "office/pptx"}


def kind(source: Source) -> str | None:
    """``office/docx``, ``office/xlsx`` or ``office/pptx`` for an OPC package of that kind.

    Templates, macro-enabled and strict variants are named as their family is; what they carry
    besides is reported by the reader. None for any other archive, also one that can't be listed.
    Leaves the source at its start.
    """
    try:
        records = read_directory(source, Meter(Budget(seconds=20)), 1).records
    except NotReadableError:
        return None
    finally:
        source.seek(0)
    names = [record.name.lower() for record in records]
    if b"[content_types].xml" not in names:
        return None
    found = {fmt for folder, fmt in _FOLDERS.items() if any(n.startswith(folder) for n in names)}
    # A package of two applications is read the same way; its name goes by the first.
    return min(found, default=None)
