"""SFTP requests as raw packets (draft-ietf-secsh-filexfer-02), well formed or not."""

from __future__ import annotations

from tests.hostile.ssh_client import (
    CHANNEL_CLOSE,
    CHANNEL_DATA,
    CHANNEL_EOF,
    WINDOW_ADJUST,
    ClosedError,
    SshClient,
    take,
    text,
    u32,
)

INIT, VERSION, OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT, SETSTAT, FSETSTAT = range(1, 11)
OPENDIR, READDIR, REMOVE, MKDIR, RMDIR, REALPATH, STAT, RENAME, READLINK, SYMLINK = range(11, 21)
LINK, BLOCK, UNBLOCK = 21, 22, 23
STATUS, HANDLE, DATA, NAME, ATTRS, EXTENDED = 101, 102, 103, 104, 105, 200

STATUSES = (
    "ok", "eof", "no-such-file", "permission-denied", "failure", "bad-message", "no-connection",
    "connection-lost", "unsupported",
)  # fmt: skip
KINDS = {HANDLE: "handle", DATA: "data", NAME: "names", ATTRS: "attributes", 201: "reply"}

READING, WRITING, CREATING = 1, 2 | 8 | 16, 2 | 8


def u64(number: int) -> bytes:
    return (number & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "big")


def packet(kind: int, number: int, body: bytes = b"") -> bytes:
    content = bytes([kind]) + u32(number) + body
    return u32(len(content)) + content


def opening(path: bytes, flags: int = WRITING) -> bytes:
    return text(path) + u32(flags) + u32(0)


class SftpClient:
    """One session over one channel."""

    def __init__(
        self, ssh: SshClient, *, number: int = 0, window: int = 1 << 21, begin: bool = True
    ) -> None:
        self.ssh = ssh
        self._mine = number
        self.channel = ssh.open(number, window)
        assert ssh.asked(self.channel, b"subsystem", text(b"sftp"))
        self._room = 1 << 21
        self._got = bytearray()
        self._number = 0
        self.number = 0
        if begin:
            self.raw(u32(5) + bytes([INIT]) + u32(3))
            assert self.answer()[0] == VERSION

    def raw(self, data: bytes, piece: int = 32_000) -> None:
        """Bytes on the channel, as the server's window allows."""
        while data:
            while self._room <= 0:
                self._take()
            part, data = data[: min(piece, self._room)], data[min(piece, self._room) :]
            self._room -= len(part)
            self.ssh.send(bytes([CHANNEL_DATA]) + u32(self.channel) + text(part))

    def _take(self) -> None:
        message = self.ssh.receive()
        if message[0] == WINDOW_ADJUST:
            self._room += int.from_bytes(message[5:9], "big")
        elif message[0] == CHANNEL_DATA:
            data, _ = take(message[5:])
            self._got += data
            self.ssh.send(bytes([WINDOW_ADJUST]) + u32(self.channel) + u32(len(data)))
        elif message[0] in (CHANNEL_EOF, CHANNEL_CLOSE):
            raise ClosedError("closed: the channel")

    def answer(self) -> tuple[int, bytes]:
        """Kind and body (after the request's number) of the next answer."""
        while len(self._got) < 4 or len(self._got) < 4 + int.from_bytes(self._got[:4], "big"):
            self._take()
        size = int.from_bytes(self._got[:4], "big")
        body = bytes(self._got[4 : 4 + size])
        del self._got[: 4 + size]
        self.number = int.from_bytes(body[1:5], "big")
        return body[0], body[5:]

    def send(self, kind: int, body: bytes = b"") -> None:
        self._number += 1
        self.raw(packet(kind, self._number, body))

    def ask(self, kind: int, body: bytes = b"") -> tuple[int, bytes]:
        self.send(kind, body)
        return self.answer()

    def word(self, kind: int, body: bytes = b"") -> str:
        """What the server says to a request, in a word."""
        return said(*self.ask(kind, body))

    def opened(self, path: bytes, flags: int = WRITING) -> bytes:
        """A handle, in wire form."""
        kind, body = self.ask(OPEN, opening(path, flags))
        assert kind == HANDLE, said(kind, body)
        return text(take(body)[0])

    def put(self, path: bytes, data: bytes) -> None:
        """An honest upload."""
        handle = self.opened(path)
        assert self.word(WRITE, handle + u64(0) + text(data)) == "ok"
        assert self.word(CLOSE, handle) == "ok"

    def names(self, path: bytes) -> list[bytes]:
        """An honest listing."""
        kind, body = self.ask(OPENDIR, text(path))
        assert kind == HANDLE
        handle, listed = text(take(body)[0]), []
        while True:
            kind, body = self.ask(READDIR, handle)
            if kind != NAME:
                break
            count, rest = int.from_bytes(body[:4], "big"), body[4:]
            for _ in range(count):
                name, rest = take(rest)
                _, rest = take(rest)
                flags, rest = int.from_bytes(rest[:4], "big"), rest[4:]
                rest = rest[
                    sum(size for bit, size in ((1, 8), (2, 8), (4, 4), (8, 8)) if flags & bit) :
                ]
                listed.append(name)
        assert self.word(CLOSE, handle) == "ok"
        return listed


def said(kind: int, body: bytes) -> str:
    """An answer in a word: a status by its name, anything else by its kind."""
    if kind != STATUS:
        return KINDS.get(kind, str(kind))
    code = int.from_bytes(body[:4], "big")
    return STATUSES[code] if code < len(STATUSES) else str(code)


def sentence(body: bytes) -> str:
    """The sentence of a status."""
    return take(body[4:])[0].decode()
