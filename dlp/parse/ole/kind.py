"""Which application a compound file belongs to, told by its streams."""

from __future__ import annotations

from typing import Final

from dlp.budget import Budget, Meter
from dlp.model import NotReadableError, Source
from dlp.parse.ole.opening import opened, paths, whole

_STREAMS: Final = (
    ("encryptedpackage", "office/encrypted"),
    ("worddocument", "office/doc"),
    ("workbook", "office/xls"),
    ("book", "office/xls"),
    ("powerpoint document", "office/ppt"),
    ("__properties_version1.0", "outlook/msg"),
)


def kind(source: Source) -> str | None:
    """``office/doc``, ``office/xls``, ``office/ppt``, ``outlook/msg`` or ``office/encrypted``.

    None for any other compound file, a damaged one included. Leaves the source at its start.
    """
    try:
        names = {path[-1].lower() for path in paths(opened(whole(source, Meter(Budget()))))}
    except NotReadableError:
        return None
    finally:
        source.seek(0)
    return next((fmt for name, fmt in _STREAMS if name in names), None)
