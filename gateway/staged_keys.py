"""A gateway key's three stages on the disk: the next one, the one in use, and the old one.

``rotate`` makes the next key, which others can already meet; ``switch`` puts it in use and keeps
the former one as old; ``retire`` removes the old one. Every step is a rename or a link, so that
there is a key in use at each moment, and one that was killed half-way is gone on with.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from keys import durable
from keys.key_file import exclusive

SECRET: Final = 0o600
PUBLIC: Final = 0o644
_ENDINGS: Final = (".pgp", ".asc", ".key", ".pub", ".crt")


class RotationError(Exception):
    """A step that doesn't fit the stage; the sentence says which would."""


def next_of(path: Path) -> Path:
    """Where the next key of that file is."""
    return _staged(path, "next")


def old_of(path: Path) -> Path:
    """Where the old key of that file is."""
    return _staged(path, "old")


def present(path: Path) -> Iterator[Path]:
    """The key in use, then the next and the old one where there are."""
    yield path
    yield from (other for other in (next_of(path), old_of(path)) if other.exists())


def put_next(files: Mapping[Path, tuple[bytes, int]], *, what: str, then: str = "switch") -> None:
    """Write the next key's files: path of the one in use to content and mode.

    Raises:
        RotationError: There is a next key already.
        OSError: They can't be written.
    """
    check_none_waits(list(files), what=what, then=then)
    for path, (content, mode) in files.items():
        durable.replace(next_of(path), content, mode)


def check_none_waits(paths: Sequence[Path], *, what: str, then: str = "switch") -> None:
    """See that the next key may be made.

    Raises:
        RotationError: There is one already, or still an old one.
    """
    ready = [next_of(path).exists() for path in paths]
    old = any(old_of(path).exists() for path in paths)
    # Some of its files alone are of a command that was killed: they are written again.
    if all(ready) or (any(ready) and old):
        raise RotationError(f"there is a next key already: 'lazaretto key {what} {then}'")
    if old:
        raise RotationError(f"there is still an old key: 'lazaretto key {what} retire' first")


def switch(files: Sequence[Path], *, what: str) -> None:
    """Put the next key in use, and keep the former one as old.

    Raises:
        RotationError: There is no next key, or only a part of one.
        OSError: It can't be done; doing it again goes on.
    """
    waiting = [path for path in files if next_of(path).exists()]
    if not waiting:
        raise RotationError(f"there is no next key: 'lazaretto key {what} rotate' makes one")
    if any(path not in waiting and not old_of(path).exists() for path in files):
        # A secret put in use beside the former public half would sign what nobody can verify.
        raise RotationError(f"the next key is incomplete: 'lazaretto key {what} rotate' again")
    for path in waiting:
        if not old_of(path).exists():
            os.link(path, old_of(path))
        next_of(path).replace(path)
        durable.flush_directory(path.parent)


def retire(files: Sequence[Path], *, what: str) -> None:
    """Remove the old key.

    Raises:
        RotationError: There is none.
        OSError: It can't be removed.
    """
    old = [old_of(path) for path in files if old_of(path).exists()]
    if not old:
        raise RotationError(f"there is no old key of {what} to remove")
    for path in old:
        path.unlink()
        durable.flush_directory(path.parent)


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Be the only one who changes keys in it: two at once would make a pair of halves.

    Raises:
        OSError: It can't be opened.
    """
    turn = exclusive(directory)
    try:
        yield
    finally:
        os.close(turn)


class Watch:
    """Whether any of some files was replaced, appeared or went since it was last asked."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = [each for path in paths for each in (path, next_of(path), old_of(path))]
        self._seen = self._look()

    def changed(self) -> bool:
        """Ask; the answer is yes once for every change."""
        former, self._seen = self._seen, self._look()
        return former != self._seen

    def _look(self) -> list[tuple[int, int, int] | None]:
        return [_stamp(path) for path in self._paths]


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _staged(path: Path, stage: str) -> Path:
    if path.suffix in _ENDINGS:
        return path.with_name(f"{path.stem}.{stage}{path.suffix}")
    return path.with_name(f"{path.name}.{stage}")
