"""The virtual tree as an SFTP server: each request resolved once, then asked of Intake or Mailbox.

Nothing here touches a file system. Refusals are :class:`~transports.ports.TransportError`; the
packet handler in :mod:`transports.sftp_session` turns them into SFTP statuses.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import cast

import asyncssh

from transports import sftp_views as views
from transports.names import is_temporary
from transports.observer import Observer
from transports.ports import (
    Intake,
    Mailbox,
    Parcel,
    Principal,
    Problem,
    TransportError,
)
from transports.returned import report
from transports.sequence import Room
from transports.sftp_catalogue import Catalogue
from transports.sftp_errors import denied
from transports.sftp_files import (
    IncomingFile,
    OpenFile,
    SealedFile,
    TextFile,
    readable,
    same_size,
    writable,
)
from transports.sftp_opening import WRITING, upload_for
from transports.tree import (
    Companion,
    Directory,
    InboxFile,
    Node,
    OutboxFile,
    ReceiptFile,
    ReturnedFile,
    canonical,
    not_found,
)


class VirtualServer(asyncssh.SFTPServer):
    """One SFTP session of one principal."""

    def __init__(
        self,
        channel: asyncssh.SSHServerChannel[bytes],
        who: Principal,
        intake: Intake,
        mailbox: Mailbox,
        observer: Observer,
        max_read: int,
        room: Room | None = None,
    ) -> None:
        super().__init__(channel)
        self.closing = False
        self.draining = False
        self._who = who
        self._intake = intake
        self._mailbox = mailbox
        self._observer = observer
        self._max_read = max_read
        self._room = room or Room()
        self._views = views.Views(who, intake, mailbox)
        self._open: dict[OpenFile, OutboxFile | None] = {}
        self._catalogue = Catalogue(who, self._views, self._open)

    @property
    def busy(self) -> bool:
        """Whether a file is open, or one is being closed whose answer the client waits for."""
        return bool(self._open) or self.closing

    def format_user(self, uid: int | None) -> str:  # noqa: ARG002 - asyncssh's signature
        """The owner column of ``ls -l``: never a user of this machine."""
        return self._who.account[:8]

    def format_group(self, gid: int | None) -> str:  # noqa: ARG002 - asyncssh's signature
        """The group column of ``ls -l``."""
        return self._who.partner[:8]

    # -- opening, reading, writing, closing

    async def open(
        self,
        path: bytes,
        pflags: int,
        attrs: asyncssh.SFTPAttrs,  # noqa: ARG002 - asyncssh's signature; modes mean nothing here
    ) -> OpenFile:
        """Open for writing (outbox) or for reading (everything else)."""
        if self.draining:
            raise TransportError(Problem.UNAVAILABLE, "the gateway is restarting; try again")
        node = self._catalogue.resolve(path, "open")
        if pflags & WRITING:
            return await self._open_for_writing(node, pflags)
        return await self._open_for_reading(node)

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        """Up to the limit of one read, however much is asked for."""
        return await readable(file_obj).read(offset, size)

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        """Take one write; awaiting it holds back the reading of the next request."""
        await writable(file_obj).write(offset, data)
        return len(data)

    async def close(self, file_obj: object) -> None:
        """Close on the client's request; asyncssh calls this for lost connections too.

        Only while :attr:`closing` is set, which the packet handler does around a close request,
        does an upload count as whole.
        """
        file = cast(OpenFile, file_obj)
        target = self._open.pop(file, None)
        if not isinstance(file, IncomingFile):
            await file.close(received=self.closing)
        elif not self.closing:
            await file.leave()
        else:
            await self._submit(file, target)

    async def leave(self) -> None:
        """The session ended: keep what is unfinished. Never submits."""
        self.closing = False
        for file in list(self._open):
            await self.close(file)

    async def _submit(self, file: IncomingFile, target: OutboxFile | None) -> None:
        try:
            submission = await file.finish()
        except TransportError:
            self._views.changed(file.route)
            raise
        if submission is not None and target is not None:
            self._views.add(submission)
        else:
            self._views.changed(file.route)

    async def _open_for_writing(self, node: Node, pflags: int) -> IncomingFile:
        if not isinstance(node, OutboxFile):
            raise denied("files can only be dropped into /outbox/<route>/")
        upload = await upload_for(
            self._intake, self._who, node, pflags, lambda: self._views.submitted(node.route)
        )
        submits = not is_temporary(node.name)
        append = bool(pflags & asyncssh.FXF_APPEND)
        file = IncomingFile(
            upload, node.route, submits=submits, append=append, room=self._room,
            observer=self._observer,
        )  # fmt: skip
        self._open[file] = node
        return file

    async def _open_for_reading(self, node: Node) -> OpenFile:
        file: SealedFile | TextFile
        match node:
            case InboxFile(name):
                entry = await self._views.inbox_entry(name)
                file = await self._open_entry(entry)
            case ReturnedFile(name):
                submission = (await self._views.returned()).get(name)
                if submission is None:
                    raise not_found()
                file = TextFile(report(submission), self._max_read)
            case ReceiptFile(name):
                file = TextFile(await self._receipt(name), self._max_read)
            case OutboxFile():
                await self._catalogue.attributes(node)
                raise denied("the outbox is write-only: what is dropped here can't be read back")
            case _:
                await self._catalogue.attributes(node)
                raise denied("this is a directory")
        self._open[file] = None
        return file

    async def _receipt(self, name: str) -> bytes:
        receipt = await self._views.receipt(name)
        if receipt is None:
            raise not_found()
        return await self._mailbox.receipt(self._who, receipt.transfer)

    async def _open_entry(self, entry: Parcel | Companion | None) -> SealedFile | TextFile:
        if entry is None:
            raise not_found()
        if isinstance(entry, Companion):
            return TextFile(entry.parcel.sealed_name, self._max_read)
        reading = await self._mailbox.open(self._who, entry.transfer)
        return SealedFile(reading, self._max_read, self._observer)

    # -- attributes and listings

    async def stat(self, path: bytes) -> asyncssh.SFTPAttrs:
        """Attributes of what a path names."""
        return await self._catalogue.attributes(self._catalogue.resolve(path, "stat"))

    async def lstat(self, path: bytes) -> asyncssh.SFTPAttrs:
        """As :meth:`stat`: there are no symbolic links."""
        return await self.stat(path)

    async def fstat(self, file_obj: object) -> asyncssh.SFTPAttrs:
        """Size of an open file; of an upload, what has been taken so far."""
        return views.of_upload(cast(OpenFile, file_obj).size)

    async def setstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        """Accept and ignore times and modes that clients set after a put."""
        node = self._catalogue.resolve(path, "setstat")
        if not isinstance(node, OutboxFile):
            raise denied("attributes can't be changed here")
        same_size(attrs, (await self._catalogue.attributes(node)).size)

    async def lsetstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        """As :meth:`setstat`."""
        await self.setstat(path, attrs)

    async def fsetstat(self, file_obj: object, attrs: asyncssh.SFTPAttrs) -> None:
        """As :meth:`setstat`, on an open upload."""
        same_size(attrs, writable(file_obj).size)

    def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        """The entries of a directory."""
        return self._entries(self._catalogue.resolve(path, "scandir"))

    async def realpath(self, path: bytes) -> bytes:
        """The absolute virtual path."""
        return canonical(path)

    async def _entries(self, node: Node) -> AsyncIterator[asyncssh.SFTPName]:
        if not isinstance(node, Directory):
            raise denied("this is not a directory")
        await self._catalogue.attributes(node)
        for name, attrs in await self._catalogue.listing(node):
            yield asyncssh.SFTPName(name.encode(), attrs=attrs)

    # -- changing names

    async def remove(self, path: bytes) -> None:
        """Forget an unfinished upload, or be done with a sealed file."""
        node = self._catalogue.resolve(path, "remove")
        match node:
            case OutboxFile():
                await self._discard(node)
            case InboxFile(name):
                await self._acknowledge(await self._views.inbox_entry(name))
            case _:
                await self._catalogue.attributes(node)
                raise denied("this can't be removed")

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Submit a file that was sent under a temporary name."""
        old = self._catalogue.resolve(oldpath, "rename")
        new = self._catalogue.resolve(newpath, "rename")
        if not isinstance(old, OutboxFile) or not isinstance(new, OutboxFile):
            raise denied("only files in /outbox/<route>/ can be renamed")
        if old.route != new.route:
            raise denied("a file can't be moved to another route; drop it there")
        if old in self._open.values():
            raise TransportError(Problem.BUSY, "the file is still open; close it first")
        if not is_temporary(old.name) or is_temporary(new.name):
            raise denied(
                "a rename submits a file: from a temporary name (.part, .filepart, .tmp, leading "
                "dot) to a final one; a submitted file keeps its name"
            )
        submission = await self._intake.submit(self._who, old.route, old.name, new.name)
        self._views.changed(old.route)
        self._views.add(submission)

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        """As :meth:`rename`: two submissions never overwrite each other."""
        await self.rename(oldpath, newpath)

    async def mkdir(
        self,
        path: bytes,
        attrs: asyncssh.SFTPAttrs,  # noqa: ARG002 - asyncssh's signature
    ) -> None:
        """Refused to all: the tree is given by the routes."""
        self._catalogue.resolve(path, "mkdir")

    async def rmdir(self, path: bytes) -> None:
        """Refused to all likewise."""
        self._catalogue.resolve(path, "rmdir")

    async def _discard(self, node: OutboxFile) -> None:
        await self._catalogue.attributes(node)
        try:
            upload = await self._intake.resume(self._who, node.route, node.name)
        except TransportError as error:
            if error.problem is not Problem.NOT_FOUND:
                raise
            raise denied("a submitted file can't be removed") from None
        await upload.discard()
        self._views.changed(node.route)

    async def _acknowledge(self, entry: Parcel | Companion | None) -> None:
        if entry is None:
            raise not_found()
        if isinstance(entry, Companion):
            raise denied("this goes with its file; remove that")
        await self._mailbox.acknowledge(self._who, entry.transfer)
        self._views.remove(entry)
