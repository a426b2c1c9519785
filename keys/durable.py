"""Files that are whole and on the disk once they are there: after a power cut, too."""

from __future__ import annotations

import os
from pathlib import Path


def create(path: Path, content: bytes, mode: int) -> None:
    """A new file, flushed; its name is durable after :func:`flush_directory`.

    Raises:
        OSError: There is one already, or it can't be written.
    """
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW
    descriptor = os.open(path, flags, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def replace(path: Path, content: bytes, mode: int, *, new: bool = False) -> None:
    """Put a file in place at once and durably: readers see the former one or this one.

    Raises:
        OSError: It can't be written, or with ``new`` there is one; that one is as it was.
    """
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)  # of a process that was killed
    try:
        create(draft, content, mode)
        if new:
            os.link(draft, path)
            draft.unlink()
        else:
            draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    flush_directory(path.parent)


def flush_directory(directory: Path) -> None:
    """Make names in it durable.

    Raises:
        OSError: It can't be opened or flushed.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
