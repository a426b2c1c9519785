"""Writing the segment cipher's format, a segment at a time; :mod:`keys.segments` describes it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Self

from keys.segment_format import HEADER_SIZE, SEGMENT, TAG_SIZE, SegmentCipher, plaintext_capacity

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_Stopped = tuple[bytes, int, bytes]


def _new_header() -> bytes:
    """Length, random salt, random nonce prefix."""
    return bytes([HEADER_SIZE]) + os.urandom(HEADER_SIZE - 1)


class SegmentWriter:
    """Turns plaintext into the file's bytes, a segment at a time; does no I/O.

    Write :meth:`header`, then whatever :meth:`update` returns, then what :meth:`finish` returns.
    At most one segment's worth of plaintext is held back, since only the byte after a full
    segment shows that it wasn't the last. Make one writer per file and key: a second file under
    the same data key has another salt and is safe as well, but the design gives each its own.
    """

    __slots__ = ("_cipher", "_finished", "_header", "_pending", "_segments")

    def __init__(self, key: bytes, aad: bytes, *, _stopped: _Stopped | None = None) -> None:
        header, segments, pending = _stopped or (_new_header(), 0, b"")
        self._cipher = SegmentCipher(key, aad, header)
        self._header = header
        self._segments = segments
        self._pending = bytearray(pending)
        self._finished = False
        if len(pending) > plaintext_capacity(segments):
            raise ValueError("more held-back plaintext than a segment takes")

    @classmethod
    def resume(cls, key: bytes, aad: bytes, header: bytes, segments: int, pending: bytes) -> Self:
        """Go on with an unfinished file that has ``segments`` whole segments.

        GCM breaks when one (key, nonce) pair encrypts two different plaintexts, and here the nonce
        is the segment's index. So this is safe **only after an orderly stop**: the writer before
        handed out exactly ``segments`` segments, all of them are in the file, and ``pending`` is
        the :attr:`pending` that it held back, unencrypted under this key till now.

        It is **not safe after a crash**, and not after a failed or short write: segment
        ``segments`` (or more) may have reached the disk, a snapshot or a backup with other
        plaintext than what the client sends now. Then never use this key and header again:
        decrypt what is durable with :func:`read_prefix` and encrypt it anew with
        ``SegmentWriter(new_key, aad)`` into a new file.

        Raises:
            SegmentError: If ``header`` isn't one of this format.
            ValueError: If ``key`` or ``pending`` has an impossible length.
        """
        return cls(key, aad, _stopped=(header, segments, pending))

    def __repr__(self) -> str:
        """State without content: a traceback or log may show it."""
        return f"<SegmentWriter segments={self._segments} pending={len(self._pending)}>"

    def header(self) -> bytes:
        """The file's first 40 bytes; no secret."""
        return self._header

    @property
    def segments(self) -> int:
        """Whole segments handed out so far."""
        return self._segments

    @property
    def pending(self) -> bytes:
        """Plaintext held back; keep it only encrypted (:func:`keys.envelope.seal_small`)."""
        return bytes(self._pending)

    @property
    def size(self) -> int:
        """Bytes of plaintext taken so far, the held-back ones included."""
        done = self._segments * (SEGMENT - TAG_SIZE) - (HEADER_SIZE if self._segments else 0)
        return done + len(self._pending)

    def update(self, data: ReadableBuffer) -> bytes:
        """Take plaintext; return the ciphertext of every segment that is now surely not the last.

        Raises:
            ValueError: After :meth:`finish`.
            SegmentError: Past 2**32 segments (4 PiB).
        """
        self._check_open()
        self._pending += data
        out: list[bytes] = []
        while len(self._pending) > (room := plaintext_capacity(self._segments)):
            # A view spares copying each megabyte; it must be let go before the array can shrink.
            with memoryview(self._pending) as whole, whole[:room] as full:
                out.append(self._cipher.encrypt(self._segments, False, full))
            del self._pending[:room]
            self._segments += 1
        return out[0] if len(out) == 1 else b"".join(out)

    def finish(self) -> bytes:
        """The last segment, which may hold no plaintext.

        Raises:
            ValueError: When called again.
        """
        self._check_open()
        self._finished = True
        last = self._cipher.encrypt(self._segments, True, bytes(self._pending))
        self._pending.clear()
        self._segments += 1
        return last

    def _check_open(self) -> None:
        if self._finished:
            raise ValueError("the file is finished: nothing more may be written")
