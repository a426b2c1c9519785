"""An SSH client that obeys nothing: raw messages over a handshake of its own (RFC 4253, 8731).

Blocking, on purpose simple: an attempt is a few lines, and what the server does is what comes back.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG, SERVICE_REQUEST, SERVICE_ACCEPT, EXT_INFO = range(1, 8)
KEXINIT, NEWKEYS, ECDH_INIT, ECDH_REPLY = 20, 21, 30, 31
AUTH_REQUEST, AUTH_FAILURE, AUTH_SUCCESS, AUTH_BANNER, AUTH_PK_OK = 50, 51, 52, 53, 60
GLOBAL_REQUEST, REQUEST_SUCCESS, REQUEST_FAILURE = 80, 81, 82
CHANNEL_OPEN, CHANNEL_OPENED, CHANNEL_NOT_OPENED, WINDOW_ADJUST = 90, 91, 92, 93
CHANNEL_DATA, CHANNEL_EXTENDED, CHANNEL_EOF, CHANNEL_CLOSE = 94, 95, 96, 97
CHANNEL_REQUEST, CHANNEL_SUCCESS, CHANNEL_FAILURE = 98, 99, 100

SECONDS = 20.0
# The last for the host keys that a server announces.
_QUIET = frozenset({IGNORE, DEBUG, EXT_INFO, AUTH_BANNER, GLOBAL_REQUEST})


class ClosedError(Exception):
    """The server closed the connection; ``str`` is what it said, if anything."""


def u32(number: int) -> bytes:
    return struct.pack(">I", number & 0xFFFFFFFF)


def text(value: bytes) -> bytes:
    return u32(len(value)) + value


def mpint(value: bytes) -> bytes:
    value = value.lstrip(b"\0")
    return text(b"\0" + value if value and value[0] & 0x80 else value)


def take(data: bytes) -> tuple[bytes, bytes]:
    """A string off the front, and what follows."""
    size = int.from_bytes(data[:4], "big")
    return data[4 : 4 + size], data[4 + size :]


@dataclass
class Algorithms:
    """What a KEXINIT offers."""

    kex: Sequence[bytes] = (b"curve25519-sha256", b"ext-info-c", b"kex-strict-c-v00@openssh.com")
    host_key: Sequence[bytes] = (b"ssh-ed25519",)
    cipher: Sequence[bytes] = (b"aes128-gcm@openssh.com",)
    mac: Sequence[bytes] = (b"hmac-sha2-256-etm@openssh.com",)
    compression: Sequence[bytes] = (b"none",)


class Keys:
    """One direction's AES-GCM."""

    def __init__(self, key: bytes, iv: bytes) -> None:
        self._cipher = AESGCM(key)
        self._fixed, self._count = iv[:4], int.from_bytes(iv[4:12], "big")

    def nonce(self) -> bytes:
        nonce = self._fixed + self._count.to_bytes(8, "big")
        self._count = (self._count + 1) & 0xFFFFFFFFFFFFFFFF
        return nonce

    def seal(self, length: bytes, plain: bytes) -> bytes:
        return self._cipher.encrypt(self.nonce(), plain, length)

    def open(self, length: bytes, sealed: bytes) -> bytes:
        return self._cipher.decrypt(self.nonce(), sealed, length)


class SshClient:
    """One connection."""

    def __init__(self, port: int, version: bytes = b"SSH-2.0-hostile") -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._version = version
        self._server_version = b""
        self._buffer = bytearray()
        self._out: Keys | None = None
        self._in: Keys | None = None
        self._session = b""
        self.server_kexinit = b""
        self._early: list[bytes] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    # -- bytes and packets

    def raw(self, data: bytes) -> None:
        try:
            self.sock.sendall(data)
        except TimeoutError:
            raise
        except OSError:
            self._drain()

    def _drain(self) -> None:
        """What the server said before it closed."""
        while True:
            self.receive()

    def _more(self) -> None:
        try:
            data = self.sock.recv(262_144)
        except TimeoutError:
            raise
        except OSError:
            data = b""
        if not data:
            raise ClosedError("closed")
        self._buffer += data

    def _read(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._more()
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def framed(self, payload: bytes, *, padding: int | None = None) -> bytes:
        """The payload as a packet, sealed once there are keys."""
        block = 16 if self._out else 8
        if padding is None:
            padding = -(len(payload) + 1 + (0 if self._out else 4)) % block
            padding += block if padding < 4 else 0
        plain = bytes([padding]) + payload + os.urandom(padding)
        length = u32(len(plain))
        return length + (self._out.seal(length, plain) if self._out else plain)

    def send(self, *payloads: bytes) -> None:
        self.raw(b"".join(self.framed(payload) for payload in payloads))

    def receive(self, *, quietly: bool = True) -> bytes:
        """The next message; of those that say nothing only if not ``quietly``."""
        while True:
            payload = self._early.pop(0) if self._early else self._packet()
            kind = payload[0]
            if kind == DISCONNECT:
                code = int.from_bytes(payload[1:5], "big")
                reason, _ = take(payload[5:])
                raise ClosedError(f"closed: {code} {reason.decode()}")
            if kind == GLOBAL_REQUEST and take(payload[1:])[1][:1] == b"\1":
                self.send(bytes([REQUEST_FAILURE]))  # it asks whether we are still there
            if not (quietly and kind in _QUIET):
                return payload

    def _packet(self) -> bytes:
        length = self._read(4)
        size = int.from_bytes(length, "big")
        plain = self._in.open(length, self._read(size + 16)) if self._in else self._read(size)
        return plain[1 : len(plain) - plain[0]]

    def until(self, *kinds: int) -> bytes:
        """The next message of these kinds."""
        while (payload := self.receive())[0] not in kinds:
            pass
        return payload

    # -- the handshake

    def greet(self) -> None:
        self.raw(self._version + b"\r\n")
        while b"\n" not in self._buffer:
            self._more()
        line, _, rest = bytes(self._buffer).partition(b"\n")
        self._buffer[:] = rest
        self._server_version = line.rstrip(b"\r")

    def kexinit(self, offer: Algorithms | None = None, *, guess: bool = False) -> bytes:
        offer = offer or Algorithms()
        lists = [offer.kex, offer.host_key, *[offer.cipher] * 2, *[offer.mac] * 2]
        lists += [*[offer.compression] * 2, (), ()]
        names = b"".join(text(b",".join(names)) for names in lists)
        return bytes([KEXINIT]) + os.urandom(16) + names + bytes([guess]) + u32(0)

    def exchange(self, offer: Algorithms | None = None, before: Sequence[bytes] = ()) -> None:
        """A key exchange, with messages of the attacker's ``before`` its NEWKEYS."""
        mine = self.kexinit(offer)
        self.send(mine)
        self.finish_exchange(mine, before)

    def finish_exchange(self, mine: bytes, before: Sequence[bytes] = ()) -> None:
        secret = X25519PrivateKey.generate()
        public = secret.public_key().public_bytes_raw()
        self.server_kexinit = self._next_of_exchange(KEXINIT)
        self.send(bytes([ECDH_INIT]) + text(public))
        reply = self._next_of_exchange(ECDH_REPLY)
        host_key, rest = take(reply[1:])
        theirs, _ = take(rest)
        shared = mpint(secret.exchange(X25519PublicKey.from_public_bytes(theirs)))
        said = [self._version, self._server_version, mine, self.server_kexinit]
        parts = [text(part) for part in [*said, host_key, public, theirs]]
        digest = hashlib.sha256(b"".join(parts) + shared).digest()
        self._session = self._session or digest
        for message in before:
            self.send(message)
        self.send(bytes([NEWKEYS]))
        self._out = self._derived(shared + digest, b"C", b"A")
        self._next_of_exchange(NEWKEYS)
        self._in = self._derived(shared + digest, b"D", b"B")

    def _next_of_exchange(self, kind: int) -> bytes:
        """The next message of a key exchange; answers to earlier requests are kept for later."""
        kept = []
        while (payload := self.receive())[0] != kind:
            kept.append(payload)
        self._early += kept
        return payload

    def _derived(self, known: bytes, key: bytes, iv: bytes) -> Keys:
        made = [hashlib.sha256(known + letter + self._session).digest() for letter in (key, iv)]
        return Keys(made[0][:16], made[1][:12])

    # -- who and what

    def connected(self) -> SshClient:
        """Greeted and keyed."""
        self.greet()
        self.exchange()
        return self

    def service(self, name: bytes = b"ssh-userauth") -> None:
        self.send(bytes([SERVICE_REQUEST]) + text(name))
        self.until(SERVICE_ACCEPT)

    def auth(self, user: bytes, method: bytes, rest: bytes = b"") -> bytes:
        """An authentication request, unsent."""
        name = text(b"ssh-connection")
        return bytes([AUTH_REQUEST]) + text(user) + name + text(method) + rest

    def password(self, user: bytes, password: bytes) -> bytes:
        return self.auth(user, b"password", b"\0" + text(password))

    def log_in(self, user: bytes = b"clinic-bot", password: bytes = b"clinic-pw") -> SshClient:
        self.connected()
        self.service()
        self.send(self.password(user, password))
        assert self.until(AUTH_SUCCESS, AUTH_FAILURE)[0] == AUTH_SUCCESS
        return self

    def open_message(
        self, kind: bytes = b"session", number: int = 0, window: int = 1 << 21, rest: bytes = b""
    ) -> bytes:
        """A channel open, unsent."""
        return bytes([CHANNEL_OPEN]) + text(kind) + u32(number) + u32(window) + u32(32768) + rest

    def open(self, number: int = 0, window: int = 1 << 21) -> int:
        """A session channel; the server's number for it."""
        self.send(self.open_message(number=number, window=window))
        answer = self.until(CHANNEL_OPENED, CHANNEL_NOT_OPENED)
        assert answer[0] == CHANNEL_OPENED
        return int.from_bytes(answer[5:9], "big")

    def request(self, channel: int, kind: bytes, rest: bytes = b"", *, reply: bool = True) -> bytes:
        """A channel request, unsent."""
        return bytes([CHANNEL_REQUEST]) + u32(channel) + text(kind) + bytes([reply]) + rest

    def asked(self, channel: int, kind: bytes, rest: bytes = b"") -> bool:
        """Whether a channel request is granted."""
        self.send(self.request(channel, kind, rest))
        return self.until(CHANNEL_SUCCESS, CHANNEL_FAILURE)[0] == CHANNEL_SUCCESS

    def global_request(self, kind: bytes, rest: bytes = b"", *, reply: bool = True) -> bytes:
        return bytes([GLOBAL_REQUEST]) + text(kind) + bytes([reply]) + rest

    def alive(self) -> bool:
        """Whether the server still answers on this connection."""
        self.send(self.global_request(b"are-you-there@hostile"))
        return self.until(REQUEST_FAILURE)[0] == REQUEST_FAILURE

    def says(self) -> str:
        """What came of it, if the server should have closed: ``closed`` or ``open``."""
        with contextlib.suppress(TimeoutError):
            self.sock.settimeout(5)
            self._drain()
        return "open"
