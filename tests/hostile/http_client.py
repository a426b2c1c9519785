"""HTTP/1.1 as raw bytes, and what the server makes of them."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import Self

SECONDS = 10.0
AUTH = b"Authorization: Bearer clinic-token\r\n"
HOST = b"Host: edge.example\r\n"


@dataclass
class Answer:
    """One response.

    Attributes:
        status: Its code.
        headers: Name in lower case to value.
        body: Its bytes.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class HttpClient:
    """One connection."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def send(self, data: bytes) -> None:
        """Bytes; a server that closed already is no error here."""
        try:
            self.sock.sendall(data)
        except TimeoutError:
            raise
        except OSError:
            return

    def _more(self) -> bool:
        try:
            data = self.sock.recv(262_144)
        except TimeoutError:
            raise
        except OSError:
            data = b""
        self._buffer += data
        return bool(data)

    def answer(self, *, head_only: bool = False) -> Answer | None:
        """The next response, None if the connection closes instead."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                return None
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = [line.split(": ", 1) for line in lines]
        headers = {name.lower(): value for name, value in pairs}
        status = int(first.split(" ")[1])
        if head_only or status in (100, 204, 304):
            return Answer(status, headers)
        size = int(headers["content-length"])
        while len(self._buffer) < size:
            assert self._more()
        body, self._buffer = self._buffer[:size], self._buffer[size:]
        return Answer(status, headers, body)

    def said(self, *, head_only: bool = False) -> str:
        """Every status until the connection closes: ``400 closed``, or ``200 open``."""
        words: list[str] = []
        try:
            while (answer := self.answer(head_only=head_only)) is not None:
                words.append(str(answer.status))
                ends = answer.status == 100 or answer.headers.get("connection") == "close"
                self.sock.settimeout(5.0 if ends else 0.2)
        except TimeoutError:
            return " ".join([*words, "open"])
        return " ".join([*words, "closed"])


def request(
    method: bytes = b"GET",
    target: bytes = b"/v1/routes",
    headers: bytes = b"",
    body: bytes = b"",
    *,
    host: bytes = HOST,
    version: bytes = b"HTTP/1.1",
    auth: bytes = AUTH,
) -> bytes:
    """A request of which every part may be wrong."""
    line = method + b" " + target + b" " + version + b"\r\n"
    return line + host + auth + headers + b"\r\n" + body
