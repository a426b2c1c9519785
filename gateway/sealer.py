"""Signing and encryption for a recipient, in a process of its own, at constant memory.

Sequoia holds the interpreter's lock while it works, so it gets a process (see
``docs/decisions/0012-sealer-process.md``). Plaintext goes to it through a pipe and never touches
a disk; what it becomes comes back through another, since the process may open no file. It counts
only if every byte went in and the process then said that it was done; a file that can't be fed
whole has its process killed before the pipe is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import io
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

import structlog

from dlp.model import Source
from gateway.process_ports import SealedFile, SealError
from gateway.pump import Pump
from gateway.sandbox import Confinement
from gateway.seal_child import COMMAND, SealChild
from gateway.staged_keys import Watch
from keys.admission import refusals
from keys.segments import SegmentError

_PIECE: Final = 2**20
_PIPE_SIZE: Final = 2**20
_START_SECONDS: Final = 30.0
_SLOWEST: Final = 2_000_000
_MAX_NAME: Final = 65_536

T = TypeVar("T")

log = structlog.get_logger()


class ProcessSealer:
    """Seals through one child process, which it starts when needed and replaces when it died.

    Files are sealed one at a time; a process that wants more at once makes more of these.
    (:class:`gateway.process_ports.Sealer`)

    Args:
        gateway_key: The gateway's OpenPGP secret key, on disk. Only the child reads it.
        seconds: Grace for a file, on top of a second for every 2 MB of it.
        strict: Seal nothing where files and system calls can't be fenced off.
        command: What to run as the sealer.
    """

    def __init__(
        self,
        gateway_key: Path,
        *,
        seconds: float = 60.0,
        strict: bool = False,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._gateway_key = gateway_key
        self._watch = Watch([gateway_key])
        self._seconds = seconds
        self._strict = strict
        self._command = tuple(command)
        self._child: SealChild | None = None
        self._turn = asyncio.Lock()

    @property
    def fingerprint(self) -> str:
        """Of the key it signs with; "" until the child runs."""
        return self._child.fingerprint if self._child else ""

    @property
    def confinement(self) -> Confinement | None:
        """What the running child is under."""
        return self._child.confinement if self._child else None

    async def start(self) -> None:
        """Start the child now, so that an unusable key shows before there is a file to seal.

        Raises:
            SealError: If the key can't be used, or the child can't be confined.
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
                child, limit, lambda: _seal(child, _Feed(plaintext, size), recipient, output, limit)
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
        if self._watch.changed() and self._child:
            former, self._child = self._child, None
            await asyncio.to_thread(former.stop)  # it has the former key
        if self._child and self._child.alive:
            return self._child
        if self._child:
            self._child.stop()
            self._child = None
        # On the event loop's own thread, which outlives any pool's: see SealChild.start.
        child = SealChild.start(self._command, self._gateway_key)
        try:
            await self._on_thread(child, _START_SECONDS, child.wait_ready)
            self._check_confined(child)
        except BaseException:
            child.kill()
            child.stop()
            raise
        self._child = child
        return child

    def _check_confined(self, child: SealChild) -> None:
        missing = child.confinement.missing("sealer") if child.confinement else ("nothing holds",)
        if missing and self._strict:
            raise SealError(f"the sealer can't be confined: {'; '.join(missing)}")
        if missing:
            log.warning("sealer not fully confined", problem="; ".join(missing))

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
    child: SealChild, feed: _Feed, recipient: bytes, output: int, seconds: float
) -> SealedFile:
    """Feed the child, write and hash what it makes, hear its answer, flush."""
    sink = _Sink(output)
    pump = _submit(child, recipient)
    try:
        whole = pump.run(feed.pieces(), sink.write, time.monotonic() + seconds)
    except BaseException:
        # While the pipe is still open: closing it would look like the end of the file, and the
        # child would sign what came so far.
        child.kill()
        raise
    finally:
        pump.close()
    child.answer()
    if not whole:
        # It stopped reading, yet says that all is well: nothing that it says is to be believed.
        child.kill()
        raise SealError("the sealer process didn't read the whole file")
    return sink.flushed()


def _submit(child: SealChild, recipient: bytes) -> Pump:
    """Our ends of the pipes that the child has got."""
    source, feed = os.pipe()
    drain, output = os.pipe()
    pump = Pump(feed, drain)
    try:
        for pipe in (feed, drain):
            _enlarge(pipe)
        child.submit(recipient, source, output)
    except BaseException:
        pump.close()
        raise
    finally:
        os.close(source)
        os.close(output)
    return pump


class _Feed:
    """Plaintext as it is fed; at its end it has given as many bytes as it is said to have."""

    def __init__(self, plaintext: Source, size: int) -> None:
        self._plaintext = plaintext
        self._size = size

    def pieces(self) -> Iterator[bytes]:
        """All of it.

        Raises:
            SealError: It can't be read, or is shorter.
        """
        fed = 0
        while piece := self._read():
            fed += len(piece)
            yield piece
        if fed != self._size:
            raise SealError(f"the staged payload gave {fed} bytes where it has {self._size}")

    def _read(self) -> bytes:
        try:
            return self._plaintext.read(_PIECE)
        except Exception as error:  # noqa: BLE001 - a source may raise anything, and text may be PHI
            raise _unreadable(error) from None


class _Sink:
    """The output file as it is written."""

    def __init__(self, output: int) -> None:
        self._output = output
        self._digest = hashlib.sha256()
        self._size = 0
        if stat.S_ISREG(os.fstat(output).st_mode):
            os.ftruncate(output, 0)
            os.lseek(output, 0, os.SEEK_SET)

    def write(self, piece: bytes) -> None:
        """Add a piece."""
        left = memoryview(piece)
        try:
            while left:
                left = left[os.write(self._output, left) :]
        except OSError as error:
            raise SealError(f"the sealed file can't be written: {error.strerror}") from None
        self._digest.update(piece)
        self._size += len(piece)

    def flushed(self) -> SealedFile:
        """Flush it to disk."""
        try:
            os.fsync(self._output)
        except OSError as error:
            raise SealError(f"the sealed file can't be flushed: {error.strerror}") from None
        return SealedFile(self._size, self._digest.hexdigest())


def _unreadable(error: Exception) -> SealError:
    known = isinstance(error, SegmentError | OSError)
    why = f"{type(error).__name__}: {error}" if known else type(error).__name__
    return SealError(f"the staged payload can't be read: {why}")


def _enlarge(pipe: int) -> None:
    """Fewer switches between the processes; a system may allow no more than the usual 64 KiB."""
    with contextlib.suppress(OSError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
