"""The SFTP listener: options, start and graceful stop."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncssh

from transports.limits import Slots
from transports.live import LiveSession
from transports.observer import NullObserver, Observer
from transports.ports import Authenticator, Intake, Mailbox
from transports.sftp_auth import Connection
from transports.sftp_guard import GuardedConnection
from transports.shares import Shares
from transports.ssh_certificate import SIGNATURES

# GCM alone: no CBC, and no chacha20-poly1305, which Terrapin (CVE-2023-48795) is about.
CIPHERS: Final = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
# Negotiated by name and unused with GCM; listed so that no weak one is ever offered.
MACS: Final = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com")
# Elliptic curves alone. Over finite fields an exchange costs the server 10 (group 14) to 140 times
# (group 18) what curve25519 does, for whoever connects (CVE-2002-20001), and cryptography is about
# to drop them.
_KEX: Final = (
    "mlkem768x25519-sha256", "sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com",
    "curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384", "ecdh-sha2-nistp521",
)  # fmt: skip
_POLL_SECONDS: Final = 0.05
_LEAVE_SECONDS: Final = 10.0
"""For disconnected sessions to put down what they hold."""


@dataclass(frozen=True, slots=True)
class SftpOptions:
    """How to listen.

    Attributes:
        host: Address to bind, unless ``sock`` is given.
        port: TCP port; 0 picks a free one.
        host_keys: Private key files, the one in use of each type before its next and old ones.
        sock: A bound or listening socket to use instead of ``host`` and ``port``.
        reuse_port: Let several processes bind the same port (``SO_REUSEPORT``).
        backlog: Connections that the kernel queues.
        max_connections: Connections at once, in this process.
        max_pending: Of these, how many may be unauthenticated.
        max_auth_tries: Failed logins in one connection.
        login_timeout: Seconds to log in.
        idle_timeout: Seconds without a request before the client is disconnected.
        max_read: Most bytes answered to one read request.
        banner: Software version in the SSH greeting.
    """

    host: str = "127.0.0.1"
    port: int = 0
    host_keys: Sequence[Path] = field(default_factory=tuple)
    sock: socket.socket | None = None
    reuse_port: bool = False
    backlog: int = 256
    max_connections: int = 500
    max_pending: int = 100
    max_auth_tries: int = 8
    login_timeout: float = 30.0
    idle_timeout: float = 600.0
    max_read: int = 256 * 1024
    banner: str = "Lazaretto"


class SftpService:
    """A running SFTP listener."""

    def __init__(
        self,
        options: SftpOptions,
        auth: Authenticator,
        intake: Intake,
        mailbox: Mailbox,
        observer: Observer,
        shares: Shares,
    ) -> None:
        self.options = options
        self.shares = shares
        self.auth = auth
        self.intake = intake
        self.mailbox = mailbox
        self.observer = observer
        self.draining = False
        self._connections: set[Connection] = set()
        self._sessions: set[asyncio.Task[None]] = set()
        self._all = Slots(options.max_connections)
        self._pending = Slots(options.max_pending)
        self._server: asyncio.Server | None = None
        self._ssh: asyncssh.SSHServerConnectionOptions

    @property
    def port(self) -> int:
        """The TCP port listened on."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server else 0

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: The address can't be bound, or a host key can't be read.
            asyncssh.KeyImportError: A host key is malformed.
        """
        # At lower levels asyncssh logs paths, which hold file names, which can hold PHI.
        asyncssh.set_log_level(logging.WARNING)
        asyncssh.set_sftp_log_level(logging.WARNING)
        await self.replace_host_keys(self.options.host_keys)
        loop = asyncio.get_running_loop()
        where: dict[str, Any] = {"host": self.options.host, "port": self.options.port}
        if self.options.sock is not None:
            where = {"sock": self.options.sock}
        elif self.options.reuse_port:
            where["reuse_port"] = True
        # Not asyncssh.listen: that makes connections of its own class.
        self._server = await loop.create_server(
            lambda: GuardedConnection(loop, self._ssh), backlog=self.options.backlog, **where
        )

    async def replace_host_keys(self, host_keys: Sequence[Path]) -> None:
        """Prove ourselves by other keys to clients from now on; sessions stay as they are.

        Of each type the first is used. All are announced after login (``hostkeys-00@openssh.com``),
        so that clients learn the next ones and know the old ones to be ours.

        Raises:
            OSError: A key can't be read; nothing was changed.
            asyncssh.KeyImportError: A key is malformed; likewise.
        """
        # Keys and not paths: asyncssh reads paths again at each login, when files may have moved.
        keys = [await asyncio.to_thread(asyncssh.read_private_key, path) for path in host_keys]
        options = await asyncssh.SSHServerConnectionOptions.construct(**self._ssh_options(keys))
        for pair in options.all_server_host_keys.values():
            if pair.algorithm == b"ssh-rsa":
                # Else asyncssh proves an announced key by SHA-1, which OpenSSH's clients disregard.
                pair.set_sig_algorithm(b"rsa-sha2-512")
        self._ssh = options

    async def stop(self, deadline: float = 30.0) -> None:
        """Stop accepting, let open files finish for ``deadline`` seconds, then suspend the rest."""
        self.draining = True
        if self._server:
            self._server.close()
        for connection in self._connections:
            connection.drain()
        await self._until(lambda: not any(c.busy for c in self._connections), deadline)
        for connection in list(self._connections):
            connection.end()
        if self._sessions:
            await asyncio.wait(self._sessions, timeout=_LEAVE_SECONDS)
        await self._until(lambda: not self._connections, deadline)

    def sessions(self) -> Sequence[LiveSession]:
        """The connections of those who are logged in."""
        return [connection for connection in self._connections if connection.logged_in]

    def admit(self, connection: Connection) -> bool:
        """A place for a new connection, or not."""
        if self.draining or not self._all.take():
            return False
        if not self._pending.take():
            self._all.release()
            return False
        self._connections.add(connection)
        return True

    def authenticated(self) -> None:
        """A connection is pending no more: it logged in or left."""
        self._pending.release()

    def dismiss(self, connection: Connection) -> None:
        """A connection is gone."""
        self._all.release()
        self._connections.discard(connection)

    def track(self, task: asyncio.Task[None]) -> None:
        """Remember a session until it has ended."""
        self._sessions.add(task)
        task.add_done_callback(self._sessions.discard)

    async def _until(self, done: Callable[[], bool], seconds: float) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not done() and loop.time() < end:  # noqa: ASYNC110 - asked a few times, at stop only
            await asyncio.sleep(_POLL_SECONDS)

    def _ssh_options(self, host_keys: Sequence[asyncssh.SSHKey]) -> dict[str, object]:
        known = {alg.decode() for alg in asyncssh.kex.get_kex_algs()}
        return {
            "server_factory": lambda: Connection(self),
            "server_host_keys": list(host_keys),
            "send_server_host_keys": True,
            "server_version": self.options.banner,
            "kex_algs": [name for name in _KEX if name in known],
            "encryption_algs": list(CIPHERS),
            "mac_algs": list(MACS),
            "compression_algs": None,
            "signature_algs": list(SIGNATURES),
            "login_timeout": self.options.login_timeout,
            "keepalive_interval": 30,
            "keepalive_count_max": 4,
            "gss_host": None,
            "x509_trusted_certs": None,
            "allow_pty": False,
            "line_editor": False,
            "agent_forwarding": False,
            "x11_forwarding": False,
            "allow_scp": False,
            "encoding": None,
        }


async def serve_sftp(
    options: SftpOptions,
    auth: Authenticator,
    intake: Intake,
    mailbox: Mailbox,
    *,
    observer: Observer | None = None,
    shares: Shares | None = None,
) -> SftpService:
    """Start an SFTP listener on the running event loop.

    ``shares`` may be shared with other listeners of the process.

    Raises:
        OSError: The address can't be bound, or a host key can't be read.
        asyncssh.KeyImportError: A host key is malformed.
    """
    service = SftpService(
        options, auth, intake, mailbox, observer or NullObserver(), shares or Shares()
    )
    await service.start()
    return service
