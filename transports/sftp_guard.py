"""What asyncssh leaves a client free to do, bounded: one SSH connection under guard.

asyncssh answers whatever comes, and buffers what can't be sent or judged yet. Here a client that
doesn't read isn't read from, one that sends what RFC 4253 section 7.1 forbids during a key
exchange is disconnected, and so is one that asks for too many key exchanges or logins. It reaches
into asyncssh where that has no hook; ``tests/hostile`` fails if a release moves what is used here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

import asyncssh
from asyncssh.connection import SSHServerConnection
from asyncssh.constants import (
    MSG_GLOBAL_REQUEST,
    MSG_KEX_LAST,
    MSG_KEXINIT,
    MSG_REQUEST_FAILURE,
    MSG_USERAUTH_REQUEST,
)
from asyncssh.packet import SSHPacket
from asyncssh.stream import SSHServerStreamSession

MAX_EARLY_PACKET: Final = 36_000
"""Longest packet taken from a stranger, bytes: RFC 4253 section 6.1 asks for 35,000."""
MAX_INPUT: Final = 128 * 1024
"""Bytes received and not looked at yet, while an earlier message is being judged."""
TURN: Final = 128
"""Steps (two a message) before other connections have their turn."""
MAX_EARLY_BACKLOG: Final = 64 * 1024
"""Bytes of answers that a stranger hasn't read, beyond which nothing more is read from it."""
MAX_BACKLOG: Final = 1024 * 1024
"""The same once it has logged in."""
MAX_DEFERRED: Final = 256
"""Answers waiting for the end of a key exchange."""
MAX_PIECES: Final = 8192
"""Pieces of channel data that wait: one costs 100 bytes, however short it is."""
MAX_LOGINS: Final = 32
"""Authentication requests of one connection, also those it doesn't wait for an answer to."""
REKEYS: Final = 32
"""Key exchanges at once; one more may follow every :data:`REKEY_SECONDS`."""
REKEY_SECONDS: Final = 1.0

SERVED_REQUESTS: Final = frozenset({"shell", "exec", "subsystem"})
"""Channel requests looked at; an environment, for one, would be kept without bound."""

SERVED_GLOBALS: Final = frozenset({b"hostkeys-prove-00@openssh.com"})
"""Global requests looked at; asyncssh answers these without waiting for anything."""

_Handler = Callable[[Any, int, int, SSHPacket], Awaitable[None] | None]


class NarrowChannel(asyncssh.SSHServerChannel[bytes]):
    """A session channel: no environment, terminal, signals, agent or X11."""

    def process_packet(self, pkttype: int, pktid: int, packet: SSHPacket) -> bool | Awaitable[None]:
        """Take a message, if this is the time for one."""
        cast(GuardedConnection, self._conn).check_order(pkttype)
        return super().process_packet(pkttype, pktid, packet)

    def _accept_data(self, data: bytes, datatype: asyncssh.DataType = None) -> None:
        super()._accept_data(data, datatype)
        session = cast(SSHServerStreamSession[bytes] | None, self._session)
        waiting = len(self._recv_buf) + (len(session._recv_buf[None]) if session else 0)  # noqa: SLF001 - no hook
        if waiting > MAX_PIECES:
            raise asyncssh.ProtocolError("too many small pieces of data")

    def _service_next_request(self) -> None:
        if self._request_queue[0][0] in SERVED_REQUESTS:
            super()._service_next_request()
        else:
            self._report_response(False)


class GuardedConnection(SSHServerConnection):
    """A server's side of one SSH connection."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, options: asyncssh.SSHServerConnectionOptions
    ) -> None:
        super().__init__(loop, options)
        self._max_recv_pktlen = MAX_EARLY_PACKET
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._keyed = asyncio.Event()
        self._held = self._more = False
        self._logins = 0
        self._rekeys = float(REKEYS)
        self._rekeyed = loop.time()

    # -- flow

    def pause_writing(self) -> None:
        """The client doesn't read as fast as it is answered."""
        self._flowing.clear()

    def resume_writing(self) -> None:
        """It caught up."""
        self._flowing.set()
        self._balance()

    async def writable(self) -> None:
        """Wait until answers leave: the socket takes more and no key exchange holds them back."""
        await self._flowing.wait()
        if self._transport is not None:
            await self._keyed.wait()

    def release(self) -> None:
        """The connection is gone: nobody shall wait for it."""
        self._flowing.set()
        self._keyed.set()

    def _recv_data(self) -> None:
        """Take what was received: as asyncssh does, but in turns, so that others get theirs."""
        self._reset_keepalive_timer()
        try:
            steps = TURN
            while steps and self._transport and self._inpbuf and self._recv_handler():
                steps -= 1
        except asyncssh.DisconnectError as error:
            self._send_disconnect(error.code, error.reason, error.lang)
            self._force_close(error)
        except Exception:  # noqa: BLE001 - asyncssh closes the connection on whatever it is
            self.internal_error()
        else:
            if not steps and not self._more:
                self._more = True
                self._loop.call_soon(self._next_turn)
        self._balance()

    def _next_turn(self) -> None:
        self._more = False
        # Once it is gone, its timer would be wound up for nobody, and again each time it went off.
        if self._transport is not None:
            self._recv_data()

    def _balance(self) -> None:
        """Read on, or don't."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        limit = MAX_BACKLOG if self._auth_complete else MAX_EARLY_BACKLOG
        hold = (
            self._more
            or len(self._inpbuf) > MAX_INPUT
            or (not self._flowing.is_set() and transport.get_write_buffer_size() > limit)
        )
        if hold and not self._held:
            transport.pause_reading()
        elif self._held and not hold:
            transport.resume_reading()
        self._held = hold

    # -- order

    def process_packet(self, pkttype: int, pktid: int, packet: SSHPacket) -> bool | Awaitable[None]:
        """Take a message, if this is the time for one."""
        self.check_order(pkttype)
        return super().process_packet(pkttype, pktid, packet)

    def check_order(self, pkttype: int) -> None:
        """Return if a message of this type may come now.

        Raises:
            ProtocolError: The client is in the middle of a key exchange, and this is not of it;
                or it leaves one unfinished and asks on.
        """
        if pkttype > MSG_KEX_LAST and self._kex is not None:
            raise asyncssh.ProtocolError("message during a key exchange")
        if len(self._deferred_packets) > MAX_DEFERRED:
            raise asyncssh.ProtocolError("key exchange not answered")

    def _send_kexinit(self) -> None:
        self._keyed.clear()
        super()._send_kexinit()

    def _send_deferred_packets(self) -> None:
        super()._send_deferred_packets()
        if self._kex_complete:
            self._keyed.set()

    def _count_exchange(self) -> None:
        now = self._loop.time()
        passed, self._rekeyed = now - self._rekeyed, now
        self._rekeys = min(REKEYS, self._rekeys + passed / REKEY_SECONDS) - 1
        if self._rekeys < 0 or (self._session_id and not self._auth_complete):
            raise asyncssh.ProtocolError("too many key exchanges")

    def _count_login(self) -> None:
        self._logins += not self._auth_complete
        if self._logins > MAX_LOGINS:
            raise asyncssh.ProtocolError("too many authentication requests")
        if not self._auth_in_progress and not self._auth_complete:
            raise asyncssh.ProtocolError("authentication request without the service")

    # -- requests and channels

    def refuse_global(self, packet: SSHPacket) -> bool:
        """Answer a global request that isn't served, at once.

        asyncssh answers a forwarding in a task and queues what comes meanwhile, without bound.
        """
        name, asked = packet.get_string(), packet.get_boolean()
        if name in SERVED_GLOBALS:
            return False
        if not name.isascii():
            raise asyncssh.ProtocolError("invalid global request")
        if asked:
            self.send_packet(MSG_REQUEST_FAILURE)
        return True

    def create_server_channel(
        self,
        encoding: str | None = "",  # noqa: ARG002 - asyncssh's signature; bytes alone are spoken
        errors: str = "",
        window: int = 0,
        max_pktsize: int = 0,
    ) -> asyncssh.SSHServerChannel[bytes]:
        """A session channel that takes little."""
        window, max_pktsize = window or self._window, max_pktsize or self._max_pktsize
        self._update_recv_pktlen(max_pktsize)
        return NarrowChannel(
            self, self._loop, self._allow_pty, self._line_editor, self._line_echo,
            self._line_history, self._max_line_length, None, errors, window, max_pktsize,
        )  # fmt: skip


def _counted(handle: _Handler, count: Callable[[GuardedConnection], None]) -> _Handler:
    def handler(
        self: GuardedConnection, pkttype: int, pktid: int, packet: SSHPacket
    ) -> Awaitable[None] | None:
        count(self)
        return handle(self, pkttype, pktid, packet)

    return handler


def _global_request(
    self: GuardedConnection, pkttype: int, pktid: int, packet: SSHPacket
) -> Awaitable[None] | None:
    if self.refuse_global(SSHPacket(packet.get_remaining_payload())):
        return None
    return _TABLE[MSG_GLOBAL_REQUEST](self, pkttype, pktid, packet)


_TABLE: Final = SSHServerConnection._packet_handlers  # noqa: SLF001 - the table we narrow
GuardedConnection._packet_handlers = {  # noqa: SLF001 - likewise
    **_TABLE,
    MSG_GLOBAL_REQUEST: _global_request,
    MSG_KEXINIT: _counted(_TABLE[MSG_KEXINIT], GuardedConnection._count_exchange),  # noqa: SLF001 - ours
    MSG_USERAUTH_REQUEST: _counted(_TABLE[MSG_USERAUTH_REQUEST], GuardedConnection._count_login),  # noqa: SLF001 - ours
}
