"""What an open SFTP handle stands for: a file coming in, a sealed file going out, or a text."""

from __future__ import annotations

import asyncssh

from transports.observer import Observer
from transports.ports import Reading, Submission, TransportError, Upload
from transports.sequence import Room, Sequencer, not_sequential
from transports.sftp_errors import denied

PROTOCOL = "sftp"


class IncomingFile:
    """An upload behind a handle.

    Only :meth:`finish`, which answers the client's own close request, submits. Everything else
    that ends it (a lost connection, a malformed packet, a stop of the server) is :meth:`leave`.
    """

    def __init__(
        self,
        upload: Upload,
        route: str,
        *,
        submits: bool,
        append: bool,
        room: Room,
        observer: Observer,
    ) -> None:
        self.route = route
        self._upload = upload
        self._submits = submits
        self._sequencer = Sequencer(upload.size, append=append, room=room)
        self._observer = observer
        self._failure: TransportError | None = None
        self._ended = False
        observer.upload_started(PROTOCOL, route)

    @property
    def size(self) -> int:
        """Bytes taken so far."""
        return self._upload.size

    async def write(self, offset: int, data: bytes) -> None:
        """Take one write request.

        Raises:
            TransportError: As :meth:`transports.ports.Upload.write`, or ``NOT_SEQUENTIAL``; every
                later write and the close then fail alike, so that the client can't miss it.
        """
        if self._failure:
            raise _again(self._failure)
        try:
            pieces = self._sequencer.accept(offset, data)
        except TransportError as error:
            self._failure = _again(error)
            self._sequencer.forget()
            raise
        for piece in pieces:
            await self._write(piece)

    async def finish(self) -> Submission | None:
        """The client closed the file: submit it, or keep it under its temporary name.

        Raises:
            TransportError: It isn't submitted; what is durable can be resumed.
        """
        if self._failure is None and self._sequencer.buffered:
            self._failure = not_sequential()
        if self._failure is not None:
            await self.leave()
            raise _again(self._failure)
        if not self._submits:
            await self.leave()
            return None
        return await self._commit()

    async def leave(self) -> None:
        """Keep what is there, to be resumed."""
        if not self._ended:
            self._end("suspended")
            await self._upload.suspend()

    async def _write(self, data: bytes) -> None:
        try:
            await self._upload.write(data)
        except TransportError as error:
            self._failure = _again(error)
            self._end("failed")
            raise

    async def _commit(self) -> Submission:
        try:
            submission = await self._upload.commit()
        except TransportError as error:
            self._failure = _again(error)
            self._end("failed")
            raise
        self._end("submitted")
        return submission

    def _end(self, outcome: str) -> None:
        if not self._ended:
            self._ended = True
            self._sequencer.forget()
            self._observer.upload_finished(PROTOCOL, self.route, self.size, outcome)


def _again(error: TransportError) -> TransportError:
    """The same refusal without where it came from.

    One kept and raised again would hold every frame it passed, with the bytes of every write.
    """
    return TransportError(error.problem, error.detail)


class SealedFile:
    """A sealed file behind a handle."""

    def __init__(self, reading: Reading, limit: int, observer: Observer) -> None:
        self._reading = reading
        self._limit = limit
        self._observer = observer
        self._sent = 0

    @property
    def size(self) -> int:
        """Bytes."""
        return self._reading.parcel.size

    async def read(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes, and never more than the limit: a client may ask for 4 GiB."""
        data = await self._reading.read(offset, min(size, self._limit))
        self._sent += len(data)
        return data

    async def close(self, *, received: bool) -> None:
        """Finish; a client that only vanished has not received it."""
        self._observer.download_finished(PROTOCOL, self._sent, complete=received)
        await self._reading.close(received=received)


class TextFile:
    """A small file made for this listing: a report, or a sealed name."""

    def __init__(self, content: bytes, limit: int) -> None:
        self._content = content
        self._limit = limit

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self._content)

    async def read(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes, capped as for sealed files."""
        return self._content[offset : offset + min(size, self._limit)]

    async def close(self, *, received: bool) -> None:
        """Nothing to finish."""


OpenFile = IncomingFile | SealedFile | TextFile


def readable(file: object) -> SealedFile | TextFile:
    """``file``, if it may be read.

    Raises:
        TransportError: ``FORBIDDEN`` for an upload.
    """
    if isinstance(file, SealedFile | TextFile):
        return file
    raise denied("the outbox is write-only: what is dropped here can't be read back")


def writable(file: object) -> IncomingFile:
    """``file``, if it may be written.

    Raises:
        TransportError: ``FORBIDDEN`` for anything but an upload.
    """
    if isinstance(file, IncomingFile):
        return file
    raise denied("this file is read-only; drop files into /outbox/<route>/")


def same_size(attrs: asyncssh.SFTPAttrs, size: int | None) -> None:
    """Check that new attributes leave a file its ``size``.

    Raises:
        TransportError: ``FORBIDDEN`` otherwise.
    """
    if attrs.size is not None and attrs.size != size:
        raise denied("a file can't be cut or stretched here; send it again whole")
