"""The sealer: a process that holds the gateway's OpenPGP signing key and does one thing.

It loads the key, confines itself as the opener does, and takes jobs one after the other from the
socket that its parent gave it:

- job: 4 bytes, the length of the recipient's certificate (big-endian); then the certificate; with
  the first byte come two descriptors, the pipes of the plaintext and of what becomes of it;
- answer: 1 byte (0 done, 1 failed) and 2 bytes, the length of a text; then the text.

The first answer, before any job, says that it is ready (JSON: the key's fingerprint and what it
runs under) or why not.

A pipe that closes looks like the end of the file, whether the file was whole or its feeder died.
So "done" here means only that what came was sealed: the parent, who alone knows that all of it
was fed, kills this process *before* it closes the pipe of a file that it couldn't feed whole.
"""

from __future__ import annotations

import array
import contextlib
import json
import os
import socket
import struct
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from gateway import sandbox

if TYPE_CHECKING:
    from pysequoia import PySigner

JOB: Final = struct.Struct("!I")
ANSWER: Final = struct.Struct("!BH")
DONE: Final = 0
FAILED: Final = 1
MAX_CERTIFICATE: Final = 2**20
_MAX_SENTENCE: Final = 300
_DESCRIPTORS: Final = 2
MEMORY: Final = 2**29
"""Bytes of address space beyond what the process has when it is ready; it takes some 20 MB."""


def main(argv: list[str]) -> int:
    """Serve jobs until the parent closes its end.

    Args:
        argv: The socket's descriptor, the parent's process id, the secret key's path.
    """
    control = socket.socket(fileno=int(argv[0]))
    parent = int(argv[1])
    sandbox.seclude()
    if not sandbox.die_with(parent):
        return 1
    try:
        signer, fingerprint = _load(argv[2])
        held = sandbox.confine_lone(MEMORY)
    except sandbox.SandboxError as error:
        _answer(control, FAILED, str(error))
        return 1
    except (OSError, RuntimeError, ImportError) as error:
        _answer(control, FAILED, f"can't use the gateway's OpenPGP key: {_sentence(error)}")
        return 1
    if not sandbox.die_with(parent):
        return 1
    _answer(control, DONE, json.dumps({"fingerprint": fingerprint, "confinement": asdict(held)}))
    while job := _receive(control):
        _answer(control, *_seal(signer, *job))
    return 0


def _load(path: str) -> tuple[PySigner, str]:
    """The signer and its fingerprint; imported here, so that a broken library is reported."""
    from pysequoia import Tsk  # noqa: PLC0415 - likewise

    key = Tsk.from_file(path)
    return key.signer(), key.extract_certificate().fingerprint


def _seal(signer: PySigner, recipient: bytes, source: int, output: int) -> tuple[int, str]:
    """One job; closes its descriptors, so that a parent still feeding sees a broken pipe."""
    from pysequoia import Cert, encrypt_file  # noqa: PLC0415 - loaded already by _load()

    try:
        certificate = Cert.from_bytes(recipient)
        encrypt_file(
            f"/proc/self/fd/{source}",
            f"/proc/self/fd/{output}",
            [certificate],
            signer,
            armor=False,
        )
    except (OSError, RuntimeError) as error:
        return FAILED, _sentence(error)
    finally:
        os.close(source)
        os.close(output)
    return DONE, ""


def _receive(control: socket.socket) -> tuple[bytes, int, int] | None:
    """The next job, or None when the parent closed its end."""
    data, descriptors = _receive_with_descriptors(control)
    if not data or len(descriptors) != _DESCRIPTORS:
        return None
    (size,) = JOB.unpack(data + _exactly(control, JOB.size - len(data)))
    if size > MAX_CERTIFICATE:
        return None
    return _exactly(control, size), descriptors[0], descriptors[1]


def _receive_with_descriptors(control: socket.socket) -> tuple[bytes, list[int]]:
    descriptors = array.array("i")
    room = socket.CMSG_SPACE(_DESCRIPTORS * descriptors.itemsize)
    data, ancillary, _flags, _address = control.recvmsg(JOB.size, room, socket.MSG_CMSG_CLOEXEC)
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(content[: len(content) // 4 * 4])
    return data, list(descriptors)


def _exactly(control: socket.socket, size: int) -> bytes:
    """``size`` bytes; fewer only if the parent died, which ends this process too."""
    data = bytearray()
    while len(data) < size and (part := control.recv(size - len(data))):
        data += part
    return bytes(data)


def _sentence(error: Exception) -> str:
    """What went wrong and why, in one line of ASCII, without the stack trace that may follow."""
    said = str(error).partition("Stack backtrace:")[0].replace("Caused by:", "")
    line = ": ".join(part.strip() for part in said.splitlines() if part.strip())
    return (line or type(error).__name__).encode("ascii", "replace").decode("ascii")[:_MAX_SENTENCE]


def _answer(control: socket.socket, status: int, sentence: str) -> None:
    text = sentence.encode("ascii", "replace")
    with contextlib.suppress(BrokenPipeError):  # the parent is gone, and so are we
        control.sendall(ANSWER.pack(status, len(text)) + text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
