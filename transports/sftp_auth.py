"""One SSH connection: who is there, and what the connection may do (one thing: SFTP sessions)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, cast

import asyncssh

from transports.limits import IdleTimer
from transports.ports import Principal
from transports.sequence import Room
from transports.sftp_guard import GuardedConnection
from transports.sftp_login import Challenge, Login
from transports.sftp_server import VirtualServer
from transports.sftp_session import SftpChannel
from transports.shares import ShareExceededError

if TYPE_CHECKING:
    from transports.sftp import SftpService

MAX_CHANNELS: Final = 8
"""Sessions in one connection; FileZilla and WinSCP use one, multiplexing OpenSSH a few."""
WIDE_CHANNELS: Final = 2
WINDOW: Final = 2 * 1024 * 1024
"""Bytes that may be on their way to a session, for the first :data:`WIDE_CHANNELS` of a connection;
as much again may wait for its turn."""
NARROW_WINDOW: Final = 256 * 1024
"""The same for further sessions."""

_ABORT_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


class Connection(asyncssh.SSHServer):
    """asyncssh's callbacks for one connection. Port, X11 and agent forwarding stay refused."""

    def __init__(self, service: SftpService) -> None:
        self._service = service
        self._options = service.options
        self._principal: Principal | None = None
        self.since = datetime.now(UTC)
        self._ending: asyncio.TimerHandle | None = None
        self._failures = 0
        self._channels: set[SftpChannel] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = Room()
        self._reason = "closed"
        self._admitted = self._pending = False

    # -- the connection

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Take a place, or turn the client away before it costs a key exchange."""
        self._conn = cast(GuardedConnection, conn)
        self._idle = IdleTimer(self._options.idle_timeout, self._expire)
        self._login = Login(
            self._conn, self._service.auth, failed=self._count_failure, observe=self._observe
        )
        self._service.observer.connection_opened("sftp")
        self._admitted = self._service.admit(self)
        self._pending = self._admitted
        if not self._admitted:
            self._reason = "limit"
            asyncio.get_running_loop().call_soon(conn.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the places back. Sessions end on their own and keep what is unfinished."""
        self._idle.stop()
        if self._ending:
            self._ending.cancel()
        self._conn.release()
        if exc is not None and self._reason == "closed":
            self._reason = "lost"
        if self._admitted:
            self._leave_pending()
            self._service.dismiss(self)
        if self._principal is not None:
            self._service.shares.leave(self._principal.account)
        self._service.observer.connection_closed("sftp", self._reason)

    def touch(self) -> None:
        """The client said something."""
        self._idle.touch()

    async def writable(self) -> None:
        """Wait until the socket takes more."""
        await self._conn.writable()

    def _expire(self) -> None:
        self._reason = "idle"
        self._conn.disconnect(asyncssh.DISC_BY_APPLICATION, "idle for too long")

    def _leave_pending(self) -> None:
        if self._pending:
            self._pending = False
            self._service.authenticated()

    # -- who is there

    def begin_auth(self, username: str) -> bool:
        """Authentication is needed, whoever it is."""
        self._login.begin(username)
        return True

    def password_auth_supported(self) -> bool:
        """As a first factor."""
        return not self._login.half

    def public_key_auth_supported(self) -> bool:
        """As a first factor."""
        return not self._login.half

    def kbdint_auth_supported(self) -> bool:
        """As a first factor (a password) and as the second."""
        return True

    async def validate_password(self, username: str, password: str) -> bool:
        """Ask the one judge."""
        return await self._login.password(username, password)

    def get_kbdint_challenge(self, username: str, lang: str, submethods: str) -> Challenge:  # noqa: ARG002 - asyncssh's signature
        """Ask for the password, or for the code of who proved a first factor."""
        return self._login.challenge()

    async def validate_kbdint_response(
        self, username: str, responses: Sequence[str]
    ) -> Challenge | bool:
        """Ask the one judge."""
        return await self._login.answer(username, list(responses))

    def auth_completed(self) -> None:
        """Bind the identity, once, for as long as what proved it is valid.

        Raises:
            asyncssh.PermissionDenied: Nobody was proven, or it was done already.
        """
        if self._principal is not None:
            raise asyncssh.PermissionDenied("authentication out of order")
        # Not now: between proof and end, codes are typed, and what was proven may be taken away.
        self.since = self._login.began
        principal = self._login.complete(str(self._conn.get_extra_info("username")))
        self._take_share(principal.account)
        self._principal = principal
        self._leave_pending()
        if self._principal.expires is not None:
            left = (self._principal.expires - datetime.now(UTC)).total_seconds()
            self._ending = asyncio.get_running_loop().call_later(max(left, 0), self._outlive)

    def _take_share(self, account: str) -> None:
        try:
            self._service.shares.enter(account)
        except ShareExceededError as error:
            self._reason = "limit"
            code = asyncssh.DISC_TOO_MANY_CONNECTIONS
            raise asyncssh.DisconnectError(code, str(error)) from None

    def _outlive(self) -> None:
        self._reason = "expired"
        self._conn.disconnect(asyncssh.DISC_BY_APPLICATION, "the certificate has expired")

    def _count_failure(self) -> None:
        self._failures += 1
        if self._failures >= self._options.max_auth_tries:
            raise asyncssh.DisconnectError(
                asyncssh.DISC_NO_MORE_AUTH_METHODS_AVAILABLE, "too many authentication failures"
            )

    def _observe(self, method: str, accepted: bool) -> None:
        self._service.observer.login("sftp", method, accepted=accepted)

    # -- its sessions

    @property
    def max_read(self) -> int:
        """Most bytes one read request gets."""
        return self._options.max_read

    @property
    def busy(self) -> bool:
        """Whether any session has a file open."""
        return any(channel.server and channel.server.busy for channel in self._channels)

    def session_requested(
        self,
    ) -> tuple[asyncssh.SSHServerChannel[bytes], SftpChannel] | bool:
        """A new session channel, within bounds."""
        if self._principal is None or len(self._channels) >= MAX_CHANNELS:
            return False
        window = WINDOW if len(self._channels) < WIDE_CHANNELS else NARROW_WINDOW
        channel = self._conn.create_server_channel(window=window)
        session = SftpChannel(self)
        self._channels.add(session)
        return channel, session

    def channel_closed(self, channel: SftpChannel) -> None:
        """A session channel ended."""
        self._channels.discard(channel)

    def make_server(self, channel: asyncssh.SSHServerChannel[bytes]) -> VirtualServer:
        """The virtual tree for this principal."""
        if self._principal is None:
            raise asyncssh.PermissionDenied("not authenticated")
        server = VirtualServer(
            channel, self._principal, self._service.intake, self._service.mailbox,
            self._service.observer, self._options.max_read, self._room,
        )  # fmt: skip
        server.draining = self._service.draining
        return server

    def serve(self, session: Coroutine[object, object, None]) -> None:
        """Run one SFTP session to its end, which may come after the connection's."""
        task = asyncio.get_running_loop().create_task(self._run(session))
        self._service.track(task)

    async def _run(self, session: Coroutine[object, object, None]) -> None:
        try:
            await session
        except (asyncssh.Error, OSError, EOFError):
            self._conn.abort()
        except Exception as error:  # noqa: BLE001 - one session's fault must not reach the others
            _log.error("sftp session failed: %s", type(error).__name__)
            self._conn.abort()

    def drain(self) -> None:
        """Open nothing new."""
        for channel in self._channels:
            if channel.server:
                channel.server.draining = True

    @property
    def logged_in(self) -> bool:
        """Whether somebody is."""
        return self._principal is not None

    @property
    def who(self) -> Principal:
        """Whose it is, once somebody is logged in."""
        if self._principal is None:
            raise asyncssh.PermissionDenied("not authenticated")
        return self._principal

    @property
    def address(self) -> str:
        """Where it comes from."""
        peer = self._conn.get_extra_info("peername")
        return str(peer[0]) if peer else ""

    def revoke(self) -> None:
        """Cut it off at once: who may not be there is not to get another word."""
        self._reason = "revoked"
        self._conn.disconnect(asyncssh.DISC_BY_APPLICATION, "access was revoked")
        # A client that doesn't read would keep the connection for as long as it likes.
        asyncio.get_running_loop().call_later(_ABORT_SECONDS, self._conn.abort)

    def end(self) -> None:
        """Disconnect; sessions keep what is unfinished."""
        self._conn.disconnect(asyncssh.DISC_BY_APPLICATION, "the gateway is stopping")
