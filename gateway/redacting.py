"""What is sealed instead of a file whose verdict was redact, and that it is what was inspected."""

from __future__ import annotations

import hashlib

from dlp.model import Source
from dlp.redact import Redacted, Redaction
from gateway.ports import Json
from gateway.process_ports import ScanError


class Digested:
    """A source read once from its start to its end, with the SHA-256 of what was read."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._digest = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes."""
        data = self._source.read(size)
        self._digest.update(data)
        return data

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move; whoever reads after that starts at the beginning."""
        self._digest = hashlib.sha256()
        return self._source.seek(offset, whence)

    def tell(self) -> int:
        """The position."""
        return self._source.tell()

    @property
    def sha256(self) -> str:
        """Hex digest of what was read since the last move."""
        return self._digest.hexdigest()


def sealable(source: Source, redaction: Redaction | None) -> Digested:
    """What to feed the sealer: the file, or the file with a redaction's edits made.

    Raises:
        ScanError: The edits don't fit the file.
    """
    if redaction is None:
        return Digested(source)
    try:
        return Digested(Redacted(source, redaction.edits))
    except ValueError:
        raise ScanError("the redaction doesn't fit the staged bytes") from None


def check_sealed(sealed: Digested, redaction: Redaction | None, sha256: str) -> None:
    """See that the bytes that were sealed are those that were inspected.

    Args:
        sealed: What was sealed.
        redaction: What was taken out of the file before.
        sha256: Of the file, hexadecimal.

    Raises:
        ScanError: They aren't.
    """
    expected = (redaction.after or redaction.report).sha256 if redaction else sha256
    if sealed.sha256 != expected:
        raise ScanError("the file that was sealed isn't the one that was inspected")


def facts(redaction: Redaction | None) -> dict[str, Json]:
    """What the log says of a redaction: how many places, and what the result hashes to."""
    if redaction is None:
        return {}
    after = redaction.after or redaction.report
    return {"redacted": {"places": len(redaction.edits), "sha256": after.sha256}}
