"""What lies on the disk of an upload that isn't whole yet, and how it is gone on with.

Of the transfer ``t_…`` there may be:

- ``t_…``: whole segments; or ``t_….r1``, ``t_….r2``, …, the same encrypted anew (the last counts),
  each with its own wrapped data key in ``t_….rN.key``;
- ``….tail``: the plaintext that the writer held back at an orderly stop, sealed, with the number
  of segments before it;
- ``….used``: such a tail after somebody went on from it, ``….last``: after it was to be submitted,
  ``….check``: after somebody went on from it on trial, so that what is behind it doesn't count.

GCM must never encrypt two plaintexts under one key and nonce, and here the nonce is a segment's
number. So a file is gone on with in place only from a ``.tail``, which is renamed *before* the
first byte is written. In any other state the next segment may have been on the disk already with
other content: what is durable is then encrypted anew, under a fresh key (decision 0031).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from gateway import payload_keys
from gateway.partial import (
    CHECK,
    CLEAN,
    LAST,
    USED,
    NotOrderlyError,
    Partial,
    Tail,
    before,
    file_size,
)
from gateway.ports import Transfer
from gateway.sealed_blobs import is_made
from gateway.store.disk import Disk, MissingBlobError, StoreError
from keys.envelope import (
    UPLOAD_TAIL,
    EnvelopeError,
    KeyWrapper,
    new_data_key,
    open_small,
    seal_small,
)
from keys.kek import wrapping_key_id
from keys.segments import (
    SEGMENT,
    SegmentError,
    SegmentReader,
    SegmentWriter,
    read_prefix,
)

_PIECE: Final = 2**20
_COUNT: Final = 8
_SEALED: Final = 1 + 12 + 16
"""Bytes that :func:`keys.envelope.seal_small` adds."""


class Partials:
    """The unfinished uploads on a disk. Whoever calls owns the transfer; every method blocks.

    Every method raises :class:`gateway.store.disk.StoreError`, and those that need a key
    :class:`keys.envelope.EnvelopeError`.
    """

    def __init__(self, disk: Disk, keys: KeyWrapper) -> None:
        self._disk = disk
        self._keys = keys

    def find(self, transfer: Transfer) -> Partial:
        """The present blob of an unfinished transfer, and its key.

        Raises:
            MissingBlobError: There is none.
        """
        number = self._newest(transfer.id)
        if not number:
            wrapped = transfer.data_key
            blob = transfer.id
        else:
            blob = _again(transfer.id, number)
            wrapped = self._disk.get(f"{blob}.key")
        key = self._keys.unwrap(wrapped, payload_keys.context(transfer.id))
        return Partial(transfer.id, blob, key, wrapped)

    def wrapped(self, partial: Partial) -> bytes:
        """Its data key, wrapped by the key that wraps now: an old one may retire any moment."""
        if wrapping_key_id(partial.wrapped) == self._keys.key_id:
            return partial.wrapped
        return self._keys.wrap(partial.key, partial.context)

    def rewrap(self, transfer: Transfer) -> int:
        """Wrap the keys on the disk anew where an old key wrapped them; how many there were."""
        count = 0
        for name in self._disk.names(transfer.id):
            if not name.endswith(".key"):
                continue
            wrapped, context = self._disk.get(name), payload_keys.context(transfer.id)
            if wrapping_key_id(wrapped) != self._keys.key_id:
                self._disk.put(name, self._keys.wrap(self._keys.unwrap(wrapped, context), context))
                count += 1
        return count

    def size(self, transfer: Transfer) -> int:
        """Bytes of plaintext that are durable: where an upload would go on.

        Reads at most a segment; an upload under way counts by its whole segments.
        """
        with suppress(MissingBlobError):
            partial = self.find(transfer)
            clean = self._tail(partial, CLEAN)
            return clean.size if clean else self._unclean_size(partial)
        return 0

    def clean_size(self, transfer: Transfer) -> int | None:
        """Bytes of plaintext kept by an orderly stop; None if it broke off, and needs :meth:`take`.

        Raises:
            MissingBlobError: There is nothing.
        """
        tail = self._tail(self.find(transfer), CLEAN)
        return tail.size if tail else None

    def take(self, transfer: Transfer, mark: str) -> tuple[Partial, Tail]:
        """Make the upload ready to be gone on with, and mark it as no longer clean.

        Args:
            transfer: Owned by the caller.
            mark: :data:`USED` to go on, :data:`CHECK` to go on on trial, :data:`LAST` to submit it
                as it is.

        Raises:
            MissingBlobError: There is nothing.
            NotOrderlyError: It was to be submitted, and nobody said that it is whole.
        """
        partial = self.find(transfer)
        tail = self._tail(partial, CLEAN)
        if tail is None:
            if mark == LAST and not self._is_orderly(partial):
                raise NotOrderlyError
            partial, tail = self._anew(partial)
        # A crash may have left the mark of a trial that was kept: it must void nothing later.
        self._disk.remove(f"{partial.blob}.{CHECK}")
        self._disk.rename(f"{partial.blob}.{CLEAN}", f"{partial.blob}.{mark}")
        return partial, tail

    def put_back(self, partial: Partial) -> None:
        """End a trial that has written nothing: its tail is clean as before."""
        self._disk.rename(f"{partial.blob}.{CHECK}", f"{partial.blob}.{CLEAN}")

    def leave(self, partial: Partial, tail: Tail) -> None:
        """Keep the held-back plaintext of an orderly stop; the blob itself is flushed already."""
        self._put_tail(partial, tail)
        self._disk.remove(*(f"{partial.blob}.{mark}" for mark in (USED, LAST, CHECK)))

    def forget_past(self, partial: Partial) -> None:
        """The blob is finished and recorded: nothing of how it came to be is needed."""
        others = set(self._disk.names(partial.transfer)) - {partial.blob}
        # A worker may have begun to open or seal it meanwhile.
        self._disk.remove(*(name for name in others if not is_made(name)))

    def remove(self, transfer: str) -> None:
        """Remove everything of an upload that won't be."""
        self._disk.remove(*self._disk.names(transfer))

    def remove_keys(self, transfer: str) -> None:
        """Remove the keys beside an upload that has ended, however."""
        names = self._disk.names(transfer)
        self._disk.remove(*(name for name in names if name.endswith(".key")))

    def touched(self, transfer: str) -> float | None:
        """When anything of it was last written, in seconds since the epoch."""
        times = (self._disk.touched(name) for name in self._disk.names(transfer))
        return max((time for time in times if time is not None), default=None)

    def prefix(self, fd: int, partial: Partial, segments: int) -> Iterator[bytes]:
        """The plaintext of the first ``segments`` segments.

        Raises:
            SegmentError: One isn't authentic.
        """
        if segments:
            pieces = read_prefix(fd, partial.key, partial.context)
            for _, piece in zip(range(segments), pieces, strict=False):
                yield piece

    # -- clean or not

    def _newest(self, transfer: str) -> int:
        pattern = re.compile(rf"{re.escape(transfer)}(?:\.r(\d+))?")
        found = [match for name in self._disk.names(transfer) if (match := pattern.fullmatch(name))]
        if not found:
            raise MissingBlobError("there is no such payload")
        return max(int(match[1] or 0) for match in found)

    def _tail(self, partial: Partial, mark: str) -> Tail | None:
        """The tail under that mark, if it is sound and, if clean, fits the blob."""
        try:
            raw = self._disk.get(f"{partial.blob}.{mark}")
            count = raw[:_COUNT]
            # The count is part of the purpose: a tail opens behind its own segments alone.
            pending = open_small(partial.key, UPLOAD_TAIL + count, raw[_COUNT:])
        except (MissingBlobError, EnvelopeError):
            return None
        tail = Tail(int.from_bytes(count, "big"), pending)
        if mark == CLEAN and self._disk.size(partial.blob) != file_size(tail.segments):
            return None
        return tail

    def _put_tail(self, partial: Partial, tail: Tail) -> None:
        count = tail.segments.to_bytes(_COUNT, "big")
        sealed = seal_small(partial.key, UPLOAD_TAIL + count, tail.pending)
        self._disk.put(f"{partial.blob}.{CLEAN}", count + sealed)

    def _is_orderly(self, partial: Partial) -> bool:
        """Whether it was stopped in order once and nothing but its submission came after."""
        if self._tail(partial, LAST):
            return True
        fd = self._disk.open(partial.blob)
        try:
            return _finished(fd, partial) is not None
        finally:
            os.close(fd)

    def _unclean_size(self, partial: Partial) -> int:
        if tried := self._tail(partial, CHECK):
            return tried.size
        fd = self._disk.open(partial.blob)
        try:
            if reader := _finished(fd, partial):
                return reader.size
            segments = os.fstat(fd).st_size // SEGMENT
            held = self._held(partial, segments)
            return held.size if held else before(segments)
        finally:
            os.close(fd)

    def _held(self, partial: Partial, segments: int) -> Tail | None:
        """The tail that was gone on from, if no segment was written since."""
        tails = (self._tail(partial, mark) for mark in (USED, LAST))
        return next((tail for tail in tails if tail and tail.segments == segments), None)

    # -- encrypted anew

    def _anew(self, old: Partial) -> tuple[Partial, Tail]:
        """Encrypt what is durable under a fresh key, as if stopped in order; durable itself."""
        number = self._newest(old.transfer) + 1
        key = new_data_key()
        wrapped = self._keys.wrap(key, old.context)
        new = Partial(old.transfer, _again(old.transfer, number), key, wrapped)
        try:
            self._disk.put(f"{new.blob}.key", wrapped)
            tail = self._copy(old, new)
            self._put_tail(new, tail)
        except StoreError:
            # On a full disk half a copy would keep the space that the next try needs.
            with suppress(StoreError):
                self._disk.remove(*(f"{new.blob}.{end}" for end in ("draft", CLEAN, "key")))
            raise
        # Only this makes it the one that counts.
        self._disk.rename(f"{new.blob}.draft", new.blob)
        former = (old.blob, *(f"{old.blob}.{end}" for end in (USED, LAST, CHECK, CLEAN, "key")))
        self._disk.remove(*former)
        return new, tail

    def _copy(self, old: Partial, new: Partial) -> Tail:
        writer = SegmentWriter(new.key, new.context)
        source = self._disk.open(old.blob)
        draft = f"{new.blob}.draft"
        target = self._disk.replace(draft)
        try:
            self._disk.append(target, writer.header())
            tried = self._tail(old, CHECK)
            for piece in self._before(source, old, tried) if tried else self._durable(source, old):
                if segments := writer.update(piece):
                    self._disk.append(target, segments)
            self._disk.flush(target, draft)
        finally:
            os.close(source)
            os.close(target)
        return Tail(writer.segments, writer.pending)

    def _before(self, fd: int, partial: Partial, tail: Tail) -> Iterator[bytes]:
        """The plaintext up to the end of a tail, all of which was acknowledged."""
        size = 0
        with suppress(SegmentError):
            for piece in self.prefix(fd, partial, tail.segments):
                yield piece
                size += len(piece)
        if size != before(tail.segments):
            raise StoreError("an interrupted upload is damaged")
        yield tail.pending

    def _durable(self, fd: int, partial: Partial) -> Iterator[bytes]:
        """All authentic plaintext from the start on.

        A crash may leave a torn end, which is no attack. Nobody was told that it was durable.
        """
        reader = _finished(fd, partial)
        segments = 0
        with suppress(SegmentError):
            if reader:
                while piece := reader.read(_PIECE):
                    yield piece
                return
            for piece in read_prefix(fd, partial.key, partial.context):
                yield piece
                segments += 1
        if tail := self._held(partial, segments):
            yield tail.pending


def _finished(fd: int, partial: Partial) -> SegmentReader | None:
    """A reader, if the last segment was written: then only the record of it is missing."""
    try:
        return SegmentReader(fd, partial.key, partial.context)
    except SegmentError:
        return None


def _again(transfer: str, number: int) -> str:
    return f"{transfer}.r{number}"
