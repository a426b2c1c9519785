"""The opener: a process that does one work on one OpenPGP message, and ends.

The work is ``open`` (with the gateway's key), ``signatures`` (find them in a message that is packed
as well, with the key) or ``verify`` (one of them, over what was opened, without the key).

It loads the key, confines itself as the scanner does, and only then hears of the message. Its
control socket carries :mod:`gateway.frames`:

- first what it runs under and the key's fingerprint, or why it can't work;
- then, to it, the message's first bytes and the sender's certificates; the message itself comes
  through a pipe, and the plaintext leaves through another;
- last its answer: ``opened`` (with the signer), ``fault`` or ``unverified``.

``opened`` means that the message was whole and unchanged, so what came out before it is nothing to
go by. It is said only once the message's pipe is at its end.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from gateway import sandbox
from gateway.frames import frame, receive_frame, send
from gateway.open_works import WORKS, Work
from keys.certificate import CertificateError
from keys.openpgp_open import MessageError, SignatureError

MEMORY: Final = 2**30
"""Bytes of address space for one message, beyond what the process has when it is ready."""
_FAILED: Final = 1
_PIECE: Final = 2**20


def main(argv: list[str]) -> int:
    """Do one work.

    Args:
        argv: Descriptors of the control socket, the message's pipe and the plaintext's pipe; the
            parent's process id; the work; the secret keys' paths, the one in use first.
    """
    control = socket.socket(fileno=int(argv[0]))
    source, output, parent = (int(word) for word in argv[1:4])
    sandbox.seclude()
    if not sandbox.die_with(parent):
        return _FAILED
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        try:
            work = WORKS[argv[4]]([Path(path).read_bytes() for path in argv[5:]])
            held = sandbox.confine_lone(MEMORY)
        except (OSError, CertificateError, sandbox.SandboxError) as error:
            send(control, frame({"refused": _sentence(error)}))
            return _FAILED
        if not sandbox.die_with(parent):
            return _FAILED
        send(control, frame({"confinement": asdict(held), "fingerprint": work.fingerprint}))
        job, _ = receive_frame(control)
        answer = _answer(work, job, source, output)
        send(control, frame(answer))
    return 0


def _answer(work: Work, job: dict[str, Any], source: int, output: int) -> dict[str, Any]:
    try:
        return {"opened": _done(work, job, source, output)}
    except MessageError as error:
        return {"fault": error.fault}
    except SignatureError as error:
        return {"unverified": error.signed, "packed": error.packed}
    finally:
        # A parent that still feeds sees a broken pipe, unless all of it was read.
        os.close(source)


def _done(work: Work, job: dict[str, Any], source: int, output: int) -> str:
    """The signer; both pipes are at their ends then, or the parent sees that they aren't."""
    try:
        signer = work.do(job, source, output)
    finally:
        os.close(output)
    while os.read(source, _PIECE):
        pass  # blanks after an armored message; the parent sees that it is nothing more
    return signer


def _sentence(error: Exception) -> str:
    """Why the key or the confinement is missing; an OSError's path is the site's business."""
    if isinstance(error, OSError):
        return f"the gateway's OpenPGP key can't be read: {error.strerror}"
    return str(error)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
