"""Writes in file order, whatever order a client sends them in, within a bound.

The SFTP protocol addresses writes by offset (draft-ietf-secsh-filexfer-02 section 6.4); staging
encrypts a stream. Clients pipeline, and a few reorder within their window, so a little ahead of
order is buffered and anything else refused.
"""

from __future__ import annotations

from typing import Final

from transports.ports import Problem, TransportError

REORDER_BYTES: Final = 8 * 1024 * 1024
"""Most bytes buffered ahead of order, over all uploads of a connection; OpenSSH pipelines 64 writes
of up to 256 KiB, in order, so only a client that jumps about reaches this."""
PIECE_BYTES: Final = 256
"""What a buffered write costs besides its bytes: a client may send them one by one."""


class Room:
    """Memory for writes ahead of order, shared by all uploads of one connection.

    Args:
        limit: Bytes.
    """

    def __init__(self, limit: int = REORDER_BYTES) -> None:
        self.limit = limit
        self._taken = 0

    def take(self, size: int) -> bool:
        """Room for one write of ``size`` bytes; False if there is none."""
        if self._taken + size + PIECE_BYTES > self.limit:
            return False
        self._taken += size + PIECE_BYTES
        return True

    def give(self, size: int) -> None:
        """It is no longer kept."""
        self._taken -= size + PIECE_BYTES


class Sequencer:
    """Puts the writes of one upload in order.

    Args:
        start: Offset of the first byte expected: the size already there.
        append: The file was opened with ``APPEND``. Clients then either send true offsets
            (OpenSSH ``reput``) or count from 0 at each write (asyncssh, libssh).
        room: Where it may buffer.
    """

    def __init__(self, start: int, *, append: bool = False, room: Room | None = None) -> None:
        self._next = start
        self._append = append
        self._base = 0
        self._room = room or Room()
        self._ahead: dict[int, bytes] = {}
        self._buffered = 0

    @property
    def buffered(self) -> int:
        """Bytes that wait for an earlier write; not 0 at close means that a part is missing."""
        return self._buffered

    def forget(self) -> None:
        """Give back the memory of what waits; it stays missing."""
        for data in self._ahead.values():
            self._room.give(len(data))
        self._ahead.clear()

    def accept(self, offset: int, data: bytes) -> list[bytes]:
        """Take one write; the pieces that are now in order, to be written one after another.

        Raises:
            TransportError: ``NOT_SEQUENTIAL``: it rewrites earlier bytes or is too far ahead.
        """
        if not data:
            return []
        offset = self._place(offset)
        if offset < self._next or offset in self._ahead:
            raise not_sequential()
        if offset > self._next:
            self._keep(offset, data)
            return []
        return self._release(data)

    def _place(self, offset: int) -> int:
        if not self._append or offset == self._next:
            return offset
        if offset == 0:
            self._base = self._next
        return self._base + offset if self._base + offset == self._next else offset

    def _keep(self, offset: int, data: bytes) -> None:
        # So far ahead that what lies between can't be kept: no later write will fill the gap.
        if offset - self._next > self._room.limit or not self._room.take(len(data)):
            raise not_sequential()
        self._ahead[offset] = data
        self._buffered += len(data)

    def _release(self, data: bytes) -> list[bytes]:
        ready = [data]
        self._next += len(data)
        while (following := self._ahead.pop(self._next, None)) is not None:
            ready.append(following)
            self._next += len(following)
            self._buffered -= len(following)
            self._room.give(len(following))
        return ready


def not_sequential() -> TransportError:
    """The refusal of a write out of order, or of a close with a part missing."""
    return TransportError(
        Problem.NOT_SEQUENTIAL,
        "writes must be sequential: the file was not sent from its beginning (or from where its "
        "upload stopped) to its end; send it again whole",
    )
