"""Frames between a process and its parent: a length, then JSON; descriptors with the first byte.

Kept apart from what is in them, so that a process that needs little else starts fast.
"""

from __future__ import annotations

import array
import json
import os
import socket
import struct
from collections.abc import Mapping
from typing import Any, Final

HEAD: Final = struct.Struct("!I")
"""The length of what follows, in bytes."""


def frame(data: Mapping[str, Any]) -> bytes:
    """JSON with its length before it."""
    text = json.dumps(data).encode()
    return HEAD.pack(len(text)) + text


def receive(channel: socket.socket, size: int) -> tuple[bytes, list[int]]:
    """Up to ``size`` bytes, and the descriptors that came with them; b"" at the end."""
    room = socket.CMSG_SPACE(array.array("i").itemsize)
    data, ancillary, _flags, _address = channel.recvmsg(size, room, socket.MSG_CMSG_CLOEXEC)
    descriptors = array.array("i")
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(content[: len(content) // 4 * 4])
    return data, list(descriptors)


def receive_frame(channel: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """A whole frame, blocking.

    Raises:
        EOFError: The other side is gone.
    """
    head, descriptors = receive(channel, HEAD.size)
    head += _exactly(channel, HEAD.size - len(head))
    return json.loads(_exactly(channel, HEAD.unpack(head)[0])), descriptors


def _exactly(channel: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = channel.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return bytes(data)


def send(channel: socket.socket, data: bytes) -> None:
    """All of ``data``, blocking."""
    left = memoryview(data)
    while left:
        left = left[os.write(channel.fileno(), left) :]
