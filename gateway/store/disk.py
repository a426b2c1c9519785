"""Payloads on a local disk: the one place that writes, flushes, renames and removes them.

A blob is ``blobs/<xx>/<name>``, mode 0600. Names are transfer ids with a suffix of our own, never
a client's. What is written here is ciphertext; nothing here knows a key.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gateway.store.system import System

_NAME: Final = re.compile(r"[a-z0-9_]{4,40}(\.[a-z0-9]{1,12}){0,3}")
_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_CLAIMS: Final = ".claims"


class StoreError(Exception):
    """The payload store can't do it; the sentence says why and names no path."""


class NoSpaceError(StoreError):
    """The disk is full, or less is free than the reserve."""


class FlushError(StoreError):
    """Bytes that were written may not be on the disk, and never will be: they count as lost.

    After a failed fsync the kernel may drop the pages and call the next fsync a success, so that
    trying again proves nothing.
    """


class MissingBlobError(StoreError):
    """There is no such blob."""


class Disk:
    """The payload store. Safe for threads and processes; every method blocks.

    Args:
        root: The directory of the blobs; it must be there.
        reserve: Free bytes below which no new work is taken.
        system: The system calls.
    """

    def __init__(self, root: Path, reserve: int = 0, system: System | None = None) -> None:
        self._root = root
        self._reserve = reserve
        self._system = system or System()
        self._rooted: set[Path] = set()

    def check_space(self) -> None:
        """Refuse new work while less than the reserve is free.

        Raises:
            NoSpaceError: Less is.
            StoreError: The store can't be reached.
        """
        if self._free() < self._reserve:
            raise NoSpaceError("the gateway is short of disk space; try again later")

    def check_room(self, size: int) -> None:
        """Refuse to go on with work that has no room; it may use the reserve, which is for it.

        Raises:
            NoSpaceError: Less than ``size`` bytes are free.
            StoreError: The store can't be reached.
        """
        if self._free() < size:
            raise NoSpaceError("the gateway's disk is full; try again later")

    def create(self, name: str) -> int:
        """A new, empty blob: a descriptor to append to and read from.

        The directory is not flushed yet; :meth:`flush` does it.

        Raises:
            StoreError: There is one already, or it can't be made.
        """
        path = self._path(name)
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            return self._system.open(path, _NEW)
        except OSError as error:
            raise _explained(error) from None

    def replace(self, name: str) -> int:
        """As :meth:`create`; what a former try left under that name is removed first."""
        self.remove(name)
        return self.create(name)

    def reopen(self, name: str) -> int:
        """A descriptor to append to an existing blob and read from it.

        Raises:
            MissingBlobError: There is none.
            StoreError: It can't be opened.
        """
        return self._open(name, os.O_RDWR | os.O_APPEND)

    def open(self, name: str) -> int:
        """A descriptor to read an existing blob.

        Raises:
            MissingBlobError: There is none.
            StoreError: It can't be opened.
        """
        return self._open(name, os.O_RDONLY)

    def append(self, fd: int, data: bytes) -> None:
        """Write it all.

        Raises:
            NoSpaceError: Only some of it was written.
            StoreError: Likewise, for another reason.
        """
        left = memoryview(data)
        try:
            while left:
                left = left[self._system.write(fd, left) :]
        except OSError as error:
            raise _explained(error) from None

    def flush(self, fd: int, name: str) -> None:
        """Make the blob durable: its content, then its name.

        Raises:
            FlushError: What was written counts as lost.
        """
        self._fsync(fd)
        self._flush_directories(self._path(name))

    def put(self, name: str, data: bytes) -> None:
        """A small blob, whole and durable or not there at all; one of that name is replaced.

        Raises:
            StoreError: It isn't there, or the former one still is.
        """
        draft = f"{name}.new"
        fd = self.replace(draft)
        try:
            self.append(fd, data)
            self._fsync(fd)
        except StoreError:
            self.remove(draft)
            raise
        finally:
            os.close(fd)
        self.rename(draft, name)

    def get(self, name: str, limit: int = 2**22) -> bytes:
        """The content of a small blob.

        Raises:
            MissingBlobError: There is none.
            StoreError: It can't be read, or has over ``limit`` bytes.
        """
        fd = self.open(name)
        with os.fdopen(fd, "rb") as blob:
            try:
                data = blob.read(limit + 1)
            except OSError as error:
                raise _explained(error) from None
        if len(data) > limit:
            raise StoreError("a blob that should be small is not")
        return data

    def rename(self, old: str, new: str) -> None:
        """Give a blob another name, durably.

        Raises:
            MissingBlobError: There is no such blob.
            StoreError: It can't be renamed.
        """
        try:
            self._system.rename(self._path(old), self._path(new))
        except OSError as error:
            raise _explained(error) from None
        self._flush_directories(self._path(new))

    def remove(self, *names: str) -> None:
        """Remove blobs; those that aren't there are no error.

        Raises:
            StoreError: One can't be removed.
        """
        for name in names:
            try:
                self._system.unlink(self._path(name))
            except OSError as error:
                raise _explained(error) from None

    def size(self, name: str) -> int | None:
        """Bytes of a blob, or None if there is none.

        Raises:
            StoreError: The store can't be reached.
        """
        try:
            found = self._path(name).stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _explained(error) from None
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def touched(self, name: str) -> float | None:
        """When a blob was last written, in seconds since the epoch; None if there is none."""
        try:
            return self._path(name).stat().st_mtime
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _explained(error) from None

    def names(self, stem: str) -> list[str]:
        """The blobs named ``stem`` or ``stem.*``, sorted.

        Raises:
            StoreError: The store can't be reached.
        """
        directory = self._path(stem).parent
        try:
            return sorted(
                entry
                for entry in os.listdir(directory)  # noqa: PTH208 - names, not paths
                if entry == stem or entry.startswith(f"{stem}.")
            )
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _explained(error) from None

    def stems(self) -> Iterator[str]:
        """What the blobs belong to, a directory at a time: names up to the first dot, once each.

        Raises:
            StoreError: The store can't be reached.
        """
        try:
            for directory in sorted(self._root.iterdir()):
                if directory.is_dir():
                    names = os.listdir(directory)  # noqa: PTH208 - names, not paths
                    ours = (name for name in names if _NAME.fullmatch(name))
                    yield from sorted({name.partition(".")[0] for name in ours})
        except OSError as error:
            raise _explained(error) from None

    @property
    def claims(self) -> Path:
        """The file whose byte ranges stand for transfers (:mod:`gateway.claims`)."""
        return self._root / _CLAIMS

    def _free(self) -> int:
        try:
            return self._system.free(self._root)
        except OSError as error:
            raise _explained(error) from None

    def _open(self, name: str, flags: int) -> int:
        try:
            return self._system.open(self._path(name), flags | _CAREFUL)
        except OSError as error:
            raise _explained(error) from None

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError("not the name of a blob")
        # The last characters of an id are random; the first ones are its time.
        return self._root / name.partition(".")[0][-2:] / name

    def _flush_directories(self, path: Path) -> None:
        """The directory of a blob; and once, since it may be new, the directory above it."""
        self._flush_directory(path.parent)
        if path.parent not in self._rooted:
            self._flush_directory(self._root)
            self._rooted.add(path.parent)

    def _flush_directory(self, directory: Path) -> None:
        try:
            fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise FlushError(f"the payload store can't be flushed: {error.strerror}") from None
        try:
            self._fsync(fd)
        finally:
            os.close(fd)

    def _fsync(self, fd: int) -> None:
        try:
            self._system.fsync(fd)
        except OSError as error:
            # ENOSPC can come this late too, from file systems that allocate on writing back.
            raise FlushError(f"the payload store can't be flushed: {error.strerror}") from None


_CAREFUL: Final = os.O_CLOEXEC | os.O_NOFOLLOW
_NEW: Final = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND | _CAREFUL


def _explained(error: OSError) -> StoreError:
    if error.errno in _SPACE:
        return NoSpaceError("the gateway's disk is full; try again later")
    if error.errno == errno.ENOENT:
        return MissingBlobError("there is no such payload")
    return StoreError(f"the payload store can't be used: {error.strerror or type(error).__name__}")
