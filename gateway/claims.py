"""One owner at a time for an unfinished upload, over all processes, without files of its own.

Each upload is one byte in a file that stays empty, locked with an open file description lock
(fcntl(2), ``F_OFD_SETLK``). Such a lock ends with the process that has it, however that ended,
and it doesn't care which blobs are renamed or removed meanwhile.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import struct
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_FLOCK: Final = struct.Struct("hhqqi4x")
"""``struct flock`` of 64-bit Linux: type, whence, start, length, pid."""


class Claim:
    """Sole right to work on one transfer's unfinished upload; released by :meth:`release`."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    @classmethod
    def take(cls, file: Path, transfer: str) -> Self | None:
        """Take it, or None if somebody has it.

        Raises:
            OSError: The file can't be opened or locked.
        """
        fd = os.open(file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        # 62 bits of a hash: two uploads that collide would only wait for each other.
        place = int.from_bytes(hashlib.sha256(transfer.encode()).digest()[:8], "big") >> 2
        try:
            fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, place, 1, 0))
        except (BlockingIOError, PermissionError):
            os.close(fd)
            return None
        except BaseException:
            os.close(fd)
            raise
        return cls(fd)

    def release(self) -> None:
        """Give it up; again is no error."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
