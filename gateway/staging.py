"""Bytes on their way to the disk: encrypted before they touch it, durable before anybody says OK.

An upload costs about 3 MiB of memory whatever its size: the segment cipher holds back one segment
(only the byte after it shows that it wasn't the last), and makes one more of it.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from gateway import payload_keys
from gateway.partial import CHECK, LAST, USED, NotOrderlyError, Partial, Tail, file_size
from gateway.partials import Partials
from gateway.ports import Transfer
from gateway.running_digests import RunningDigests
from gateway.store.disk import Disk, StoreError
from keys.envelope import KeyWrapper, new_data_key
from keys.segments import HEADER_SIZE, SEGMENT, SegmentError, SegmentWriter

__all__ = ["CHECK", "LAST", "USED", "NotOrderlyError", "StagedBytes", "Staging", "StagingFile"]


@dataclass(frozen=True, slots=True)
class StagedBytes:
    """What is whole and durable.

    Attributes:
        blob: Its name in the store.
        wrapped: Its data key, wrapped.
        key: Its data key.
        size: Bytes of plaintext.
        sha256: Hex digest of the plaintext.
    """

    blob: str
    wrapped: bytes
    key: bytes = field(repr=False)
    size: int
    sha256: str


class StagingFile:
    """One upload's blob. Every method blocks; one caller at a time.

    After an error it takes nothing more: what was flushed before can be gone on with.
    """

    def __init__(
        self,
        disk: Disk,
        partials: Partials,
        partial: Partial,
        fd: int,
        writer: SegmentWriter,
        digests: RunningDigests,
    ) -> None:
        self._disk = disk
        self._partials = partials
        self._digests = digests
        self._partial = partial
        self._fd = fd
        self._writer = writer
        self._digest = hashlib.sha256()
        self._new = writer.segments == 0 and os.fstat(fd).st_size == 0
        self._appended = False

    @property
    def key(self) -> bytes:
        """Its data key."""
        return self._partial.key

    @property
    def wrapped(self) -> bytes:
        """Its data key, wrapped: anew, if the key that wrapped it was rotated meanwhile."""
        return self._partials.wrapped(self._partial)

    @property
    def blob(self) -> str:
        """Its name in the store."""
        return self._partial.blob

    @property
    def size(self) -> int:
        """Bytes of plaintext taken."""
        return self._writer.size

    def recall(self, tail: Tail) -> None:
        """Hash what is there already, unless this process remembers how far it had come."""
        if known := self._digests.of(self.blob, tail.size):
            self._digest = known
            return
        for piece in self._partials.prefix(self._fd, self._partial, tail.segments):
            self._digest.update(piece)
        self._digest.update(tail.pending)

    def write(self, data: bytes) -> None:
        """Take the next bytes; whole segments go to the disk at once.

        Raises:
            StoreError: They don't; the file is closed.
        """
        self._digest.update(data)
        self._append(self._writer.update(data))

    def finish(self) -> StagedBytes:
        """Write the last segment and make everything durable; closes the file.

        Raises:
            FlushError: The upload is lost.
            StoreError: It isn't durable.
        """
        size = self._writer.size
        self._append(self._writer.finish(), last=True)
        try:
            self._disk.flush(self._fd, self.blob)
        finally:
            self.close()
        return StagedBytes(self.blob, self.wrapped, self.key, size, self._digest.hexdigest())

    def suspend(self) -> None:
        """Stop in order, durably, to be gone on with; closes the file.

        Raises:
            FlushError: The upload is lost.
            StoreError: What was durable before is all there is.
        """
        self._append(b"", last=True)
        try:
            self._disk.flush(self._fd, self.blob)
            self._partials.leave(self._partial, Tail(self._writer.segments, self._writer.pending))
            self._digests.keep(self.blob, self._writer.size, self._digest)
        finally:
            self.close()

    def retract(self) -> None:
        """Forget what came since it was gone on with on trial (:data:`CHECK`); closes the file.

        Nothing needs to be written: what is behind the mark doesn't count. If nothing was, the
        next one needn't encrypt anew.
        """
        fd = self._fd
        self.close()
        if fd >= 0 and not self._appended:
            with suppress(StoreError):
                self._partials.put_back(self._partial)

    def forget_past(self) -> None:
        """The ledger has it: remove what only going on with it would need."""
        with suppress(StoreError):  # leftovers hold nothing that the blob doesn't
            self._partials.forget_past(self._partial)

    def close(self) -> None:
        """Let go of the descriptor; again is no error."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _append(self, segments: bytes, *, last: bool = False) -> None:
        if self._fd < 0:
            raise StoreError("the upload broke off; send the file again or resume it")
        if not segments and not (last and self._new):
            return
        data = self._writer.header() + segments if self._new else segments
        self._appended = True
        try:
            self._disk.append(self._fd, data)
        except StoreError:
            self._give_up()
            raise
        self._new = False

    def _give_up(self) -> None:
        """Cut off the torn segment: it is of no use, and a full disk needs the space.

        The file is no longer clean, so nobody will write that segment's nonce again.
        """
        whole = os.fstat(self._fd).st_size // SEGMENT
        with suppress(OSError):
            os.ftruncate(self._fd, file_size(whole) if whole else 0)
        self.close()


class Staging:
    """Makes staging files, new ones and such as go on. Every method blocks.

    Args:
        disk: Where payloads are.
        keys: Wraps data keys.
    """

    def __init__(self, disk: Disk, keys: KeyWrapper) -> None:
        self._disk = disk
        self._keys = keys
        self._digests = RunningDigests()
        self.partials: Final = Partials(disk, keys)

    def create(self, transfer: str) -> StagingFile:
        """A new file under a fresh data key.

        Raises:
            NoSpaceError: Less is free than the reserve.
            StoreError: It can't be made.
            EnvelopeError: The data key can't be wrapped.
        """
        self._disk.check_space()
        key = new_data_key()
        context = payload_keys.context(transfer)
        partial = Partial(transfer, transfer, key, self._keys.wrap(key, context))
        fd = self._disk.create(transfer)
        return self._file(partial, fd, SegmentWriter(key, context))

    def resume(self, transfer: Transfer, mark: str = USED) -> StagingFile:
        """Go on with what is durable; the caller owns the transfer.

        Args:
            transfer: In ``receiving``.
            mark: :data:`USED`, :data:`CHECK` if what is added may have to be retracted, or
                :data:`LAST` if nothing will be added.

        Raises:
            MissingBlobError: Nothing is.
            NoSpaceError: Less is free than the reserve.
            NotOrderlyError: With :data:`LAST`: nobody said that it is whole.
            StoreError: It can't be read, or written anew.
            EnvelopeError: Its data key can't be opened.
        """
        if mark != LAST:  # what is only to be finished needs next to nothing
            self._disk.check_space()
        partial, tail = self.partials.take(transfer, mark)
        fd = self._disk.reopen(partial.blob)
        try:
            header = os.pread(fd, HEADER_SIZE, 0)
            writer = SegmentWriter.resume(
                partial.key, partial.context, header, tail.segments, tail.pending
            )
            file = self._file(partial, fd, writer)
            file.recall(tail)
        except SegmentError as error:
            os.close(fd)
            raise StoreError(f"an interrupted upload is damaged: {error}") from None
        except BaseException:
            os.close(fd)
            raise
        return file

    def _file(self, partial: Partial, fd: int, writer: SegmentWriter) -> StagingFile:
        return StagingFile(self._disk, self.partials, partial, fd, writer, self._digests)
