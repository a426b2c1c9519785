"""The system calls under the payload store, one method each, so that a test can make them fail."""

from __future__ import annotations

import os
from pathlib import Path


class System:
    """The system calls that fail on a bad day; a simulator overrides them in tests."""

    def open(self, path: Path, flags: int) -> int:
        """:func:`os.open`, mode 0600."""
        return os.open(path, flags, 0o600)

    def write(self, fd: int, data: memoryview) -> int:
        """:func:`os.write`."""
        return os.write(fd, data)

    def fsync(self, fd: int) -> None:
        """:func:`os.fsync`."""
        os.fsync(fd)

    def rename(self, old: Path, new: Path) -> None:
        """:func:`os.replace`."""
        old.replace(new)

    def unlink(self, path: Path) -> None:
        """:func:`os.unlink`; a file that isn't there is no error."""
        path.unlink(missing_ok=True)

    def free(self, path: Path) -> int:
        """Bytes that this user may still write."""
        found = os.statvfs(path)
        return found.f_bavail * found.f_frsize
