"""Signing and encryption for a recipient, in a process of its own, at constant memory.

Sequoia holds the interpreter's lock while it works, so it gets a process (see
``docs/decisions/0012-sealer-process.md``). Plaintext goes to it through a pipe and never touches
a disk. What comes out counts only if every byte went in and the process then said that it was
done; a file that can't be fed whole has its process killed before the pipe is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import io
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

from dlp.model import Source
from gateway.process_ports import SealedFile, SealError
from gateway.seal_child import SealChild
from keys.admission import refusals
from keys.segments import SegmentError

_PIECE: Final = 2**20
_PIPE_SIZE: Final = 2**20
_SLOWEST: Final = 2_000_000
_MAX_NAME: Final = 65_536

T = TypeVar("T")


class ProcessSealer:
    """Seals through one child process, which it starts when needed and replaces when it died.

    Files are sealed one at a time; a process that wants more at once makes more of these.
    (:class:`gateway.process_ports.Sealer`)

    Args:
        gateway_key: The gateway's OpenPGP secret key, on disk. Only the child reads it.
        seconds: Grace for a file, on top of a second for every 2 MB of it.
    """

    def __init__(self, gateway_key: Path, *, seconds: float = 60.0) -> None:
        self._gateway_key = gateway_key
        self._seconds = seconds
        self._child: SealChild | None = None
        self._turn = asyncio.Lock()

    @property
    def fingerprint(self) -> str:
        """Of the key it signs with; "" until the child runs."""
        return self._child.fingerprint if self._child else ""

    async def start(self) -> None:
        """Start the child now, so that an unusable key shows before there is a file to seal.

        Raises:
            SealError: If the key can't be used.
        """
        async with self._turn:
            await self._running()

    async def close(self) -> None:
        """Wait for the file under way, then end the child."""
        async with self._turn:
            child, self._child = self._child, None
            if child:
                await asyncio.to_thread(child.stop)

    async def seal(self, plaintext: Source, recipient: bytes, output: int) -> SealedFile:
        """Sign ``plaintext``, encrypt it for the certificate ``recipient``, flush it to ``output``.

        Reads ``plaintext`` on a thread, from its start to its end. ``output`` is a regular file
        open for writing; what it held is replaced. Cancelling kills the child.

        The certificate is judged anew each time, since Sequoia's binding would seal for one that
        has expired or was revoked since it was admitted.

        Raises:
            SealError: ``output`` then holds garbage for the caller to remove.
        """
        if broken := refusals(recipient, datetime.now(UTC)):
            raise SealError(f"the recipient's certificate can't be used: {broken[0].detail}")
        async with self._turn:
            child = await self._running()
            size = await asyncio.to_thread(_size, plaintext)
            limit = self._seconds + size / _SLOWEST
            return await self._on_thread(
                child, limit, lambda: _seal(child, plaintext, size, recipient, output)
            )

    async def seal_name(self, name: str, recipient: bytes) -> bytes:
        """The original name as a small signed OpenPGP message for ``recipient``: its UTF-8 bytes.

        Raises:
            SealError: Likewise, and for a name of more than 64 KiB.
        """
        data = name.encode("utf-8", "surrogateescape")
        if len(data) > _MAX_NAME:
            raise SealError(f"the name has more than {_MAX_NAME} bytes")
        output = os.memfd_create("sealed-name", os.MFD_CLOEXEC)
        try:
            sealed = await self.seal(io.BytesIO(data), recipient, output)
            return os.pread(output, sealed.size, 0)
        finally:
            os.close(output)

    async def _running(self) -> SealChild:
        """The child, ready for a job."""
        if self._child and self._child.alive:
            return self._child
        if self._child:
            self._child.stop()
            self._child = None
        # On the event loop's own thread, which outlives any pool's: see SealChild.start.
        child = SealChild.start(self._gateway_key)
        try:
            await self._on_thread(child, self._seconds, child.wait_ready)
        except BaseException:
            child.kill()
            child.stop()
            raise
        self._child = child
        return child

    async def _on_thread(self, child: SealChild, limit: float, work: Callable[[], T]) -> T:
        """Run ``work`` with ``child``; a cancelled, late or failed one leaves no live child.

        The thread has always ended when this returns, since it uses the caller's descriptors.
        """
        task = asyncio.create_task(asyncio.to_thread(work))
        try:
            async with asyncio.timeout(limit):
                return await asyncio.shield(task)
        except TimeoutError:
            raise SealError(f"not sealed within {limit:.0f} seconds") from None
        finally:
            if not task.done():
                child.kill()
                await asyncio.wait({task})
                task.exception()  # seen: what it raises is only that its child was killed


def _size(plaintext: Source) -> int:
    """Bytes of ``plaintext``; leaves it at its start."""
    try:
        size = plaintext.seek(0, os.SEEK_END)
        plaintext.seek(0)
    except Exception as error:  # noqa: BLE001 - a source may raise anything, and text may be PHI
        raise _unreadable(error) from None
    return size


def _seal(
    child: SealChild, plaintext: Source, size: int, recipient: bytes, output: int
) -> SealedFile:
    """Feed the child, hear its answer, hash and flush what it wrote."""
    source, feed = os.pipe()
    try:
        child.submit(recipient, source, output)
        os.close(source)
        source = -1
        _enlarge(feed)
        whole = _feed_or_kill(child, plaintext, size, feed)
    finally:
        os.close(feed)
        if source >= 0:
            os.close(source)
    child.answer()
    if not whole:
        # It stopped reading, yet says that all is well: nothing that it says is to be believed.
        child.kill()
        raise SealError("the sealer process didn't read the whole file")
    return _flushed(output)


def _feed_or_kill(child: SealChild, plaintext: Source, size: int, feed: int) -> bool:
    """Write it all; False if the child stopped reading. Kills the child for any other failure.

    The kill comes while ``feed`` is still open: closing it would look like the end of the file,
    and the child would sign what came so far.
    """
    try:
        return _feed(plaintext, size, feed)
    except BaseException:
        child.kill()
        raise


def _feed(plaintext: Source, size: int, feed: int) -> bool:
    fed = 0
    while piece := _piece(plaintext):
        fed += len(piece)
        if not _write(feed, piece):
            return False
    if fed != size:
        raise SealError(f"the staged payload gave {fed} bytes where it has {size}")
    return True


def _piece(plaintext: Source) -> bytes:
    try:
        return plaintext.read(_PIECE)
    except Exception as error:  # noqa: BLE001 - a source may raise anything, and text may be PHI
        raise _unreadable(error) from None


def _unreadable(error: Exception) -> SealError:
    known = isinstance(error, SegmentError | OSError)
    why = f"{type(error).__name__}: {error}" if known else type(error).__name__
    return SealError(f"the staged payload can't be read: {why}")


def _write(feed: int, piece: bytes) -> bool:
    left = memoryview(piece)
    try:
        while left:
            left = left[os.write(feed, left) :]
    except BrokenPipeError:
        return False
    return True


def _enlarge(pipe: int) -> None:
    """Fewer switches between the processes; a system may allow no more than the usual 64 KiB."""
    with contextlib.suppress(OSError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)


def _flushed(output: int) -> SealedFile:
    """Flush ``output`` to disk and hash it; it may be open for writing alone."""
    try:
        os.fsync(output)
        digest = hashlib.sha256()
        size = 0
        with open(f"/proc/self/fd/{output}", "rb", buffering=0) as sealed:  # noqa: PTH123 - a descriptor's name, no path
            while piece := sealed.read(_PIECE):
                digest.update(piece)
                size += len(piece)
    except OSError as error:
        raise SealError(f"the sealed file can't be flushed: {error.strerror}") from None
    return SealedFile(size, digest.hexdigest())
