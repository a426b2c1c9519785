"""Opening a PDF with pypdf, under limits: no child processes, no temporary files, bounded work."""

from __future__ import annotations

import io
import logging
from typing import Final

from pypdf import PasswordType, PdfReader
from pypdf._configuration import overwrite_configuration

from dlp.budget import Meter
from dlp.model import NotReadableError, Obstacle

MOST_INFLATED: Final = 64 * 2**20
"""Bytes that one stream may unpack to."""
_CHECK_EVERY: Final = 256

# It logs what it finds wrong, values included.
logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)


class Timed(io.BytesIO):
    """A file in memory that stops whoever reads it when the inspection's time is up."""

    def __init__(self, data: bytes, meter: Meter) -> None:
        super().__init__(data)
        self._meter, self._reads = meter, 0

    def read(self, size: int | None = -1, /) -> bytes:
        """As :meth:`io.BytesIO.read`.

        Raises:
            NotReadableError: ``timeout``.
        """
        self._reads += 1
        if self._reads % _CHECK_EVERY == 0:
            self._meter.check_time()
        return super().read(size)


def opened(data: bytes, meter: Meter) -> PdfReader:
    """A reader, decrypted with the empty password where one opens the file.

    Raises:
        NotReadableError: ``encrypted``, ``malformed``.
    """
    overwrite_configuration(
        # It would start a program and write the image to a temporary file.
        jbig2dec_binary=None,
        array_based_stream_maximum_output_length=MOST_INFLATED,
        lzw_maximum_output_length=MOST_INFLATED,
        run_length_maximum_output_length=MOST_INFLATED,
        zlib_maximum_output_length=MOST_INFLATED,
        brotli_maximum_output_length=MOST_INFLATED,
    )
    try:
        reader = PdfReader(Timed(data, meter), strict=False)
        locked = reader.is_encrypted and reader.decrypt("") is PasswordType.NOT_DECRYPTED
    except (NotReadableError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - pypdf raises of every kind on hostile bytes
        meter.check_time()
        if type(error).__name__ in ("DependencyError", "FileNotDecryptedError"):
            raise _encrypted() from None
        raise NotReadableError(Obstacle.MALFORMED, "a PDF that can't be opened") from None
    if locked:
        raise _encrypted()
    return reader


def _encrypted() -> NotReadableError:
    return NotReadableError(Obstacle.ENCRYPTED, "a PDF that needs a password; send it without one")
