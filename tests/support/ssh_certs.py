"""OpenSSH user certificates as CAs make them, and as no CA should."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

import asyncssh

HOUR = 3600
FOREVER = 2**64 - 1


def packed(data: bytes | str) -> bytes:
    raw = data.encode() if isinstance(data, str) else data
    return len(raw).to_bytes(4, "big") + raw


def option(name: str, value: str | None) -> tuple[bytes, bytes]:
    return packed(name), packed(b"" if value is None else packed(value))


@dataclass(frozen=True)
class Wanted:
    """What a certificate shall say."""

    principals: Sequence[str] = ("clinic-bot",)
    serial: int = 7
    key_id: str = "ci@clinic"
    kind: int = 1
    begins: int = -HOUR
    ends: int | None = HOUR
    options: Sequence[tuple[bytes, bytes]] = ()
    algorithm: str = ""
    tail: bytes = b""


def certify(ca: asyncssh.SSHKey, key: asyncssh.SSHKey, wanted: Wanted = Wanted()) -> bytes:
    """A certificate's wire format, put together here so that it may be wrong."""
    blob = key.public_data
    size = int.from_bytes(blob[:4], "big")
    name, fields = blob[4 : 4 + size].decode(), blob[4 + size :]
    now = int(time.time())
    body = b"".join(
        (
            packed(f"{name.removesuffix('@openssh.com')}-cert-v01@openssh.com"),
            packed(os.urandom(32)),
            fields,
            wanted.serial.to_bytes(8, "big"),
            wanted.kind.to_bytes(4, "big"),
            packed(wanted.key_id),
            packed(b"".join(packed(name) for name in wanted.principals)),
            (now + wanted.begins).to_bytes(8, "big"),
            (FOREVER if wanted.ends is None else now + wanted.ends).to_bytes(8, "big"),
            packed(b"".join(name + value for name, value in wanted.options)),
            packed(b"".join(option("permit-pty", None))),
            packed(b""),
            packed(ca.public_data),
        )
    )
    algorithm = wanted.algorithm or ca.sig_algorithms[0].decode()
    return body + packed(ca.sign(body, algorithm.encode())) + wanted.tail


def as_line(blob: bytes) -> bytes:
    """The form of a ``-cert.pub`` file."""
    size = int.from_bytes(blob[:4], "big")
    return blob[4 : 4 + size] + b" " + base64.b64encode(blob) + b"\n"
