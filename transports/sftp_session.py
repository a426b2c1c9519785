"""One SSH session channel: the SFTP subsystem or a polite refusal, with back-pressure both ways.

This is the one module that reaches into asyncssh's SFTP packet handler, for what its public
interface can't do (asyncssh 2.24.1, read in full):

- It closes open files through the same method when the client asks and when the client vanishes.
  Here a file counts as closed by the client only inside the handler of a close request, so if
  asyncssh changes, nothing is submitted rather than half a file.
- It never waits for its answers to drain, so a client that asks and doesn't read grows the server
  without bound. Here the next request is read only once the answers have left.
- It accepts packets of 4 MiB and offers extensions that make no sense here.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, cast

import asyncssh
from asyncssh.packet import PacketDecodeError, SSHPacket
from asyncssh.sftp import SFTPServerHandler
from asyncssh.stream import SSHServerStreamSession

from transports.ports import TransportError
from transports.sftp_errors import to_sftp
from transports.sftp_server import VirtualServer

if TYPE_CHECKING:
    from transports.sftp_auth import Connection

MAX_PACKET: Final = 256 * 1024 + 1024
"""Longest SFTP packet taken, as OpenSSH's own server (256 KiB of data and its header)."""
MAX_HANDLES: Final = 128
"""Open files and directories per session; clients use one or two."""
SFTP_VERSION: Final = 3

_REFUSAL = "This server speaks SFTP only: no shell, no commands, no scp. Use an SFTP client.\n"
_log = logging.getLogger(__name__)

_Packet = Callable[[SFTPServerHandler, SSHPacket], Awaitable[Any]]

_ORIGINAL: Final = SFTPServerHandler._packet_handlers  # noqa: SLF001 - the table we narrow
_OPENING: Final = frozenset({asyncssh.FXP_OPEN, asyncssh.FXP_OPENDIR})
_SERVED: Final = (
    asyncssh.FXP_OPEN, asyncssh.FXP_CLOSE, asyncssh.FXP_READ, asyncssh.FXP_WRITE,
    asyncssh.FXP_LSTAT, asyncssh.FXP_FSTAT, asyncssh.FXP_SETSTAT, asyncssh.FXP_FSETSTAT,
    asyncssh.FXP_OPENDIR, asyncssh.FXP_READDIR, asyncssh.FXP_REMOVE, asyncssh.FXP_MKDIR,
    asyncssh.FXP_RMDIR, asyncssh.FXP_REALPATH, asyncssh.FXP_STAT, asyncssh.FXP_RENAME,
    b"posix-rename@openssh.com", b"lsetstat@openssh.com", b"limits@openssh.com",
)  # fmt: skip
"""Requests answered. Links, locks, copy-data, sparse ranges and statvfs are "not supported"."""


def _guarded(kind: int | bytes, handle: _Packet) -> _Packet:
    """``handle`` with our refusals in SFTP's words and no foreign exception shown to a client."""

    async def handler(self: SFTPServerHandler, packet: SSHPacket) -> Any:  # noqa: ANN401 - asyncssh's
        session = cast(PacketHandler, self)
        try:
            if kind in _OPENING:
                session.check_handles()
            session.server.closing = kind == asyncssh.FXP_CLOSE
            return await handle(self, packet)
        except TransportError as error:
            raise to_sftp(error) from None
        except (asyncssh.SFTPError, PacketDecodeError):
            raise
        except Exception as error:  # noqa: BLE001 - asyncssh would send str(error) to the client
            _log.error("sftp request failed: %s", type(error).__name__)
            raise asyncssh.SFTPFailure("internal error; nothing was submitted") from None
        finally:
            session.server.closing = False

    return handler


class PacketHandler(SFTPServerHandler):
    """asyncssh's SFTP packet handler, narrowed."""

    _extensions = [  # noqa: RUF012 - overrides a class attribute of asyncssh
        (b"posix-rename@openssh.com", b"1"),
        (b"lsetstat@openssh.com", b"1"),
        (b"limits@openssh.com", b"1"),
    ]
    _packet_handlers = {  # noqa: RUF012 - likewise
        kind: _guarded(kind, cast(_Packet, _ORIGINAL[kind])) for kind in _SERVED
    }

    def __init__(
        self,
        server: VirtualServer,
        session: SftpChannel,
        reader: asyncssh.SSHReader[bytes],
        writer: asyncssh.SSHWriter[bytes],
    ) -> None:
        super().__init__(server, reader, writer, SFTP_VERSION)
        self.server = server
        self._session = session

    def check_handles(self) -> None:
        """Refuse to open more than a client needs.

        Raises:
            SFTPFailure: Too many are open.
        """
        if len(self._file_handles) + len(self._dir_handles) >= MAX_HANDLES:
            raise asyncssh.SFTPFailure(f"over {MAX_HANDLES} files are open; close some")

    async def recv_packet(self) -> SSHPacket:
        """The next request, once the answers to the earlier ones have left."""
        await self._session.drained()
        reader = self._reader
        if reader is None:
            raise EOFError
        length = int.from_bytes(await reader.readexactly(4), "big")
        if length > MAX_PACKET:
            raise PacketDecodeError("packet too long")
        return SSHPacket(await reader.readexactly(length))

    async def _process_limits(self, packet: SSHPacket) -> asyncssh.SFTPLimits:
        packet.check_end()
        size = self._session.max_read
        return asyncssh.SFTPLimits(MAX_PACKET, size, MAX_PACKET - 1024, MAX_HANDLES)

    _packet_handlers[b"limits@openssh.com"] = _guarded(
        b"limits@openssh.com", cast(_Packet, _process_limits)
    )


class SftpChannel(SSHServerStreamSession[bytes]):
    """A session channel that serves SFTP and tells everything else why not."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(None)
        self._connection = connection
        self.server: VirtualServer | None = None

    @property
    def max_read(self) -> int:
        """Most bytes one read request gets."""
        return self._connection.max_read

    def shell_requested(self) -> bool:
        """Accept, to say why not."""
        return True

    def exec_requested(self, command: str) -> bool:  # noqa: ARG002 - asyncssh's signature
        """Accept, to say why not; the command is not looked at."""
        return True

    def subsystem_requested(self, subsystem: str) -> bool:
        """SFTP alone."""
        return subsystem == "sftp"

    def session_started(self) -> None:
        """Serve SFTP, or say that only that is served and exit with status 1."""
        channel = cast("asyncssh.SSHServerChannel[bytes]", self._chan)
        channel.set_encoding(None)
        self._encoding = None
        if channel.get_subsystem() == "sftp":
            self._connection.serve(self._serve(channel))
        else:
            channel.write_stderr(_REFUSAL.encode())
            channel.exit(1)

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        """Note that the client is alive."""
        self._connection.touch()
        super().data_received(data, datatype)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the channel's place back."""
        self._connection.channel_closed(self)
        super().connection_lost(exc)

    async def drained(self) -> None:
        """Wait until the answers have left this process.

        Raises:
            asyncssh.Error: The connection is lost.
        """
        await self.drain(None)
        await self._connection.writable()

    async def _serve(self, channel: asyncssh.SSHServerChannel[bytes]) -> None:
        server = self.server = self._connection.make_server(channel)
        reader = asyncssh.SSHReader[bytes](self, channel)
        writer = asyncssh.SSHWriter[bytes](self, channel)
        try:
            await PacketHandler(server, self, reader, writer).run()
        finally:
            await server.leave()
